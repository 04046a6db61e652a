"""JSON Schemas say what is written, and what the readers read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import Frequency, Money, PolicyError, Rate
from microcrm_core.adjustments import (
    ADJUSTMENTS_LENIENT,
    AdjustmentKind,
    AdjustmentPolicy,
    AdjustmentRequest,
    ChangeDueDay,
    ChangeFrequency,
    ChangeRate,
    ExtendTerm,
    PaymentHoliday,
    Prepay,
    ReAmortize,
    SeasonalPlan,
    ShiftDueDates,
    adjustment_policy_from_plain,
    adjustment_policy_to_plain,
    adjustment_request_from_plain,
    adjustment_request_to_plain,
    json_schema_of_adjustment_policy,
    json_schema_of_adjustment_request,
    kind_of,
)
from tests.adjustments.request_cases import any_request, policies
from tests.adjustments.test_requests import DAY, EURO, RE_AGED, RENEWAL
from tests.loans.plain_cases import leaves, objects, part, replaced

# The reference implementation of the standard.
jsonschema: Any = pytest.importorskip("jsonschema")

SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "request": json_schema_of_adjustment_request,
    "policy": json_schema_of_adjustment_policy,
}
VALIDATORS: dict[str, Any] = {
    name: jsonschema.Draft202012Validator(
        schema(), format_checker=jsonschema.FormatChecker(["date"])
    )
    for name, schema in SCHEMAS.items()
}
REQUESTS: tuple[AdjustmentRequest, ...] = (
    ChangeDueDay(day=15, from_on=DAY),
    ChangeDueDay(weekday=5),
    ShiftDueDates(-3, DAY),
    PaymentHoliday(count=2, from_on=DAY),
    ExtendTerm(3),
    Prepay(Money.of("100.00", EURO)),
    Prepay(),
    ChangeRate(Rate.per_year("0.18"), DAY),
    RE_AGED,
    ReAmortize(),
    ChangeFrequency(frequency=Frequency.WEEKLY, first_due_on=DAY, installment_count=9),
    SeasonalPlan((0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0)),
    RENEWAL,
)
FORMS: list[tuple[str, Any]] = [
    *[("request", adjustment_request_to_plain(one)) for one in REQUESTS],
    ("policy", adjustment_policy_to_plain(ADJUSTMENTS_LENIENT)),
]
WRONG: tuple[object, ...] = (None, True, 0, -1, 1.5, "", " x", "x\n", [], {}, 10**30)


def keeps(name: str, plain: object) -> bool:
    return bool(VALIDATORS[name].is_valid(json.loads(json.dumps(plain))))


def reads(name: str, plain: object) -> bool:
    """Return whether the reader takes *plain*."""
    try:
        if name == "request":
            adjustment_request_from_plain(plain)
        else:
            adjustment_policy_from_plain(plain)
    except PolicyError:
        return False
    return True


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one_of_the_draft(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name]())
    # It is plain JSON, and a caller who changes a copy changes nothing else.
    assert json.loads(json.dumps(SCHEMAS[name]())) == SCHEMAS[name]()
    SCHEMAS[name]()["$defs"].clear()
    assert SCHEMAS[name]()["$defs"]


def test_every_kind_of_request_has_a_definition_of_its_name() -> None:
    defined = SCHEMAS["request"]()["$defs"]

    assert {kind.value for kind in AdjustmentKind} <= set(defined)
    assert set(defined["adjustment_request"]["anyOf"][0]) == {"$ref"}


def test_the_schema_of_a_policy_knows_every_kind() -> None:
    policy = SCHEMAS["policy"]()["$defs"]["adjustment_policy"]

    rules = policy["properties"]["rules"]["properties"]
    assert list(rules) == [kind.value for kind in AdjustmentKind]


@given(request=any_request)
def test_every_request_that_is_written_keeps_the_schema(
    request: AdjustmentRequest,
) -> None:
    assert keeps("request", adjustment_request_to_plain(request))


@settings(max_examples=25)
@given(policy=policies())
def test_every_policy_that_is_written_keeps_the_schema(
    policy: AdjustmentPolicy,
) -> None:
    assert keeps("policy", adjustment_policy_to_plain(policy))


@pytest.mark.parametrize(
    ("name", "full"), FORMS, ids=[form.get("kind", name) for name, form in FORMS]
)
def test_keys_are_those_of_the_reader(name: str, full: Any) -> None:
    assert keeps(name, full)
    for _, keys in objects(full, "x"):
        inner = part(full, keys)
        more = replaced(full, keys, {**inner, "surprise": 1})
        assert not keeps(name, more)
        assert not reads(name, more)
        for key in inner:
            left = {one: value for one, value in inner.items() if one != key}
            less = replaced(full, keys, left)
            assert keeps(name, less) is reads(name, less), (keys, key)


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_value_that_the_reader_takes_keeps_the_schema(wrong: object) -> None:
    for name, full in FORMS:
        for where, keys in leaves(full, "x"):
            changed = replaced(full, keys, wrong)
            if reads(name, changed):
                assert keeps(name, changed), where


@settings(max_examples=60)
@given(data=st.data(), form=st.sampled_from(FORMS))
def test_whatever_the_reader_takes_keeps_the_schema(
    data: st.DataObject, form: tuple[str, Any]
) -> None:
    # Values of the form change places, so that many are right somewhere else.
    name, full = form
    places = [keys for _, keys in leaves(full, "x")]
    plain = full
    for _ in range(data.draw(st.integers(1, 3))):
        value = part(full, data.draw(st.sampled_from(places)))
        plain = replaced(plain, data.draw(st.sampled_from(places)), value)
    if reads(name, plain):
        assert keeps(name, plain)


HIDDEN = {"forbearance": "never", "may_lower_days_past_due": True}


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("request", {"kind": "change_due_day"}),
        ("request", {"kind": "change_due_day", "day": 1, "weekday": 1}),
        ("request", {"kind": "change_due_day", "day": None, "weekday": None}),
        ("request", {"kind": "change_due_day", "day": 32}),
        ("request", {"kind": "shift_due_dates", "days": 0}),
        ("request", {"kind": "shift_due_dates", "days": 36_501}),
        ("request", {"kind": "extend_term", "added_count": -1201}),
        ("request", {"kind": "prepay", "effect": "nothing"}),
        ("request", {"kind": "prepay", "amount": None, "effect": "nothing"}),
        ("request", {"kind": "prepay", "amount": {"currency": "EUR", "minor": 0}}),
        ("request", {"kind": "change_rate", "nominal_rate": 0.24}),
        ("request", {"kind": "seasonal_plan", "month_weights": ["1"] * 11}),
        ("request", {"kind": "change_frequency", "frequency": "often"}),
        ("request", {"kind": "forgive"}),
        ("policy", FORMS[-1][1] | {"rules": {"re_age": HIDDEN}}),
        ("policy", FORMS[-1][1] | {"rules": {"renew": {"yearly_max": 0}}}),
        ("policy", FORMS[-1][1] | {"valid_days": 367}),
        ("policy", FORMS[-1][1] | {"difficulty_days": 0}),
    ],
)
def test_what_can_be_said_in_a_schema_is_refused_by_both(
    name: str, plain: object
) -> None:
    assert not reads(name, plain)
    assert not keeps(name, plain)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("request", {"kind": "change_due_day", "weekday": 7, "day": None}),
        ("request", {"kind": "prepay", "effect": None}),
        ("policy", FORMS[-1][1] | {"rules": {"prepay": HIDDEN}}),
        ("policy", FORMS[-1][1] | {"rules": {}, "yearly_max": None}),
    ],
)
def test_what_is_right_is_taken_by_both(name: str, plain: object) -> None:
    assert reads(name, plain)
    assert keeps(name, plain)


@pytest.mark.parametrize("kind", AdjustmentKind)
def test_parts_belong_to_their_kind(kind: AdjustmentKind) -> None:
    for request in REQUESTS:
        plain = {**adjustment_request_to_plain(request), "kind": kind.value}
        assert keeps("request", plain) is reads("request", plain), kind_of(request)
