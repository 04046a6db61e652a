"""JSON Schemas say what the readers read: no key more, no key less."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import Currency, PolicyError, canonical_json
from microcrm_core.loans import (
    STRICT,
    RepaymentPlan,
    Weighted,
    build_schedule,
)
from microcrm_core.loans.conventions_plain import (
    conventions_from_plain,
    conventions_to_plain,
)
from microcrm_core.loans.methods import METHOD_KINDS
from microcrm_core.loans.plans_plain import plan_from_plain, plan_to_plain
from microcrm_core.loans.schedules_plain import schedule_from_plain, schedule_to_plain
from microcrm_core.loans.schemas import (
    json_schema_of_conventions,
    json_schema_of_plan,
    json_schema_of_schedule,
    json_schema_of_terms,
)
from microcrm_core.loans.terms_plain import terms_from_plain, terms_to_plain
from tests.loans import plain_cases as drawn
from tests.loans.loan_cases import make_terms
from tests.loans.plain_cases import leaves, objects, part, replaced
from tests.loans.test_conventions_plain import FULL as FULL_CONVENTIONS
from tests.loans.test_plans_plain import FULL as FULL_PLAN
from tests.loans.test_schedules_plain import full as full_schedule
from tests.loans.test_terms_plain import FULL as FULL_TERMS

# The reference implementation of the standard.
jsonschema: Any = pytest.importorskip("jsonschema")


class Form(NamedTuple):
    """A form with its schema, its reader, and an example with every part."""

    schema: Callable[[], dict[str, Any]]
    read: Callable[[object], object]
    full: Any


FORMS = {
    "plan": Form(json_schema_of_plan, plan_from_plain, FULL_PLAN),
    "terms": Form(json_schema_of_terms, terms_from_plain, FULL_TERMS),
    "conventions": Form(
        json_schema_of_conventions, conventions_from_plain, FULL_CONVENTIONS
    ),
    "schedule": Form(json_schema_of_schedule, schedule_from_plain, full_schedule()),
}
METHODS: list[dict[str, Any]] = [
    {"kind": "equal_installments"},
    {"kind": "equal_principal"},
    {"kind": "interest_only"},
    {"kind": "bullet", "is_compounded": True},
    {"kind": "flat_interest"},
    {"kind": "graduated", "step_share": "1/3", "step_count": 2},
    {"kind": "weighted", "weights": ["1", "0.5"]},
    {"kind": "seasonal", "month_weights": ["1"] * 12},
    {"kind": "custom_principal", "amounts": [{"currency": "EUR", "minor": 5}]},
    {"kind": "custom_installments", "amounts": [{"currency": "EUR", "minor": 5}]},
]
MISSING = ("must be given", "must be a share or an amount")
# What may stand in a leaf by mistake.
WRONG: tuple[object, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    "",
    " x",
    "x\n",
    "01/0",
    "2025-13-01",
    [],
    {},
    10**30,
)


def keeps(form: Form, plain: object) -> bool:
    """Return whether the schema takes *plain*."""
    validator = jsonschema.Draft202012Validator(
        form.schema(), format_checker=jsonschema.FormatChecker(["date"])
    )
    return bool(validator.is_valid(plain))


def refusing_rule(form: Form, plain: object) -> str | None:
    """Return the rule by which the reader refuses *plain*; None: it takes it."""
    try:
        form.read(plain)
    except PolicyError as error:
        return error.rule
    return None


def is_read(form: Form, plain: object) -> bool:
    """Return whether the reader takes *plain*."""
    return refusing_rule(form, plain) is None


def written(value: dict[str, object]) -> Any:
    return json.loads(canonical_json(value))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_schema_is_one_of_the_draft_and_takes_the_whole_form(form: Form) -> None:
    jsonschema.Draft202012Validator.check_schema(form.schema())
    assert keeps(form, form.full)
    assert is_read(form, form.full)
    # It is plain JSON, and a caller who changes a copy changes nothing else.
    assert json.loads(json.dumps(form.schema())) == form.schema()
    form.schema()["$defs"].clear()
    assert form.schema()["$defs"]


@given(one=drawn.plans())
def test_every_plan_that_is_written_keeps_its_schema(one: RepaymentPlan) -> None:
    assert keeps(FORMS["plan"], written(plan_to_plain(one)))


@given(one=drawn.terms())
def test_all_terms_that_are_written_keep_their_schema(one: Any) -> None:
    assert keeps(FORMS["terms"], written(terms_to_plain(one)))


@given(one=drawn.conventions())
def test_all_conventions_that_are_written_keep_their_schema(one: Any) -> None:
    assert keeps(FORMS["conventions"], written(conventions_to_plain(one)))


@pytest.mark.parametrize("currency", [Currency.of("JPY"), Currency.custom("PTS", 0)])
def test_a_schedule_that_is_written_keeps_its_schema(currency: Currency) -> None:
    terms = make_terms(100_000, 240_000, 3)
    principal = attrs.evolve(terms.principal, currency=currency)
    plan = RepaymentPlan(method=Weighted((1, "0.5", 1)))
    terms = attrs.evolve(terms, principal=principal, plan=plan)
    plain = written(schedule_to_plain(build_schedule(terms, STRICT)))
    assert keeps(FORMS["schedule"], plain)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_key_may_be_left_out_or_added_where_the_reader_says_so(form: Form) -> None:
    for _, keys in objects(form.full, "x"):
        inner = part(form.full, keys)
        more = replaced(form.full, keys, {**inner, "surprise": 1})
        assert not keeps(form, more)
        assert not is_read(form, more)
        for name in inner:
            left = {key: value for key, value in inner.items() if key != name}
            less = replaced(form.full, keys, left)
            # Without a part the others may contradict each other, which is no matter
            # of keys: interest put off without a count, say.
            is_missing = refusing_rule(form, less) in MISSING
            assert keeps(form, less) is not is_missing, (keys, name)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method["kind"])
def test_every_method_has_the_keys_of_its_kind(method: dict[str, Any]) -> None:
    form = Form(json_schema_of_plan, plan_from_plain, {"method": method})
    assert keeps(form, form.full)
    assert not keeps(form, {"method": {**method, "surprise": 1}})
    for name in method:
        less = {"method": {key: method[key] for key in method if key != name}}
        assert keeps(form, less) is is_read(form, less)
    swapped = [{"method": {**method, "kind": kind}} for kind in METHOD_KINDS]
    for plain in swapped:
        assert keeps(form, plain) is is_read(form, plain)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_value_that_the_reader_takes_keeps_the_schema(
    form: Form, wrong: object
) -> None:
    for where, keys in leaves(form.full, "x"):
        changed = replaced(form.full, keys, wrong)
        if is_read(form, changed):
            assert keeps(form, changed), where


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("wrong", [1.5, [], {}, "", " x", "x\n"], ids=repr)
def test_a_value_of_another_type_keeps_neither(form: Form, wrong: object) -> None:
    for where, keys in leaves(form.full, "x"):
        changed = replaced(form.full, keys, wrong)
        assert not keeps(form, changed), where
        assert not is_read(form, changed), where


@settings(max_examples=60)
@given(data=st.data(), name=st.sampled_from(sorted(FORMS)))
def test_whatever_the_reader_takes_keeps_the_schema(
    data: st.DataObject, name: str
) -> None:
    # Values of the form change places, so that many are right somewhere else.
    form = FORMS[name]
    places = [keys for _, keys in leaves(form.full, "x")]
    plain = form.full
    for _ in range(data.draw(st.integers(1, 3))):
        value = part(form.full, data.draw(st.sampled_from(places)))
        plain = replaced(plain, data.draw(st.sampled_from(places)), value)
    if is_read(form, plain):
        assert keeps(form, plain)


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("0.24", True),
        ("+0.24", True),
        ("1/3", True),
        ("-0", True),
        ("007", True),
        ("1/03", True),
        ("1/0", False),
        ("1/00", False),
        ("0.24\n", False),
        (".5", False),
        ("5.", False),
        ("1e3", False),
        ("24%", False),
        ("1,000", False),
        ("٣", False),
    ],
)
def test_rates_are_the_same_texts_in_both(text: str, is_right: bool) -> None:
    plain = {**FULL_TERMS, "nominal_rate": text}
    assert keeps(FORMS["terms"], plain) is is_right
    # A weight is the same kind of text, and is not bounded above.
    weighted = {"method": {"kind": "weighted", "weights": [text, "1"]}}
    assert keeps(FORMS["plan"], weighted) is is_right
    assert is_read(FORMS["plan"], weighted) is is_right


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("0.03", True),
        ("+0.5", True),
        ("007/1000", True),
        ("1", True),
        ("01.00", True),
        ("1/3", True),
        ("3", False),
        ("1.01", False),
        ("10", False),
        ("0", False),
        ("0.00", False),
        ("0/3", False),
        ("-0.5", False),
        ("-1/3", False),
    ],
)
def test_a_share_is_at_most_all_of_it_in_both(text: str, is_right: bool) -> None:
    portion = {"share": text}
    fee = {"name": "file", "timing": "upfront", "portion": portion}
    plain = {"method": {"kind": "equal_installments"}, "fees": [fee]}
    assert keeps(FORMS["plan"], plain) is is_right
    assert is_read(FORMS["plan"], plain) is is_right


def test_a_percentage_in_json_is_told_to_be_a_share() -> None:
    fee = {"name": "file", "timing": "upfront", "portion": {"share": "3"}}
    with pytest.raises(PolicyError) as error:
        plan_from_plain({"method": {"kind": "equal_installments"}, "fees": [fee]})
    assert str(error.value) == (
        "plan.fees[0].portion.share must be above zero and at most 1, got '3'; "
        "3 % is 0.03"
    )


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31", "2024-02-29"])
def test_every_day_of_the_calendar_is_a_day_in_both(text: str) -> None:
    for part_name in ("holidays", "working_days"):
        keys = ("business_days", "calendar", part_name)
        plain = replaced(FULL_CONVENTIONS, keys, [text])
        plain = replaced(plain, ("business_days", "calendar", "year_min"), None)
        plain = replaced(plain, ("business_days", "calendar", "year_max"), None)
        assert keeps(FORMS["conventions"], plain)
        assert is_read(FORMS["conventions"], plain)


@pytest.mark.parametrize(
    "text",
    ["0000-01-01", "2025-02-30", "2025-1-1", "20250101", "2025-01-01\n", "2025-W01-1"],
)
def test_what_is_no_day_is_none_in_both(text: str) -> None:
    plain = replaced(FULL_TERMS, ("disbursed_on",), text)
    assert not keeps(FORMS["terms"], plain)
    assert not is_read(FORMS["terms"], plain)


@pytest.mark.parametrize(
    ("keys", "texts"),
    [
        (
            ("roll",),
            ("day_5", "day_31_and_5", "end_of_month_and_15", "next_month_first_30"),
        ),
        (("roll",), ("day_32", "day_0", "day_05", "day", "end_of_month_3", "day_5\n")),
    ],
    ids=["right", "wrong"],
)
def test_rolls_are_the_same_texts_in_both(
    keys: tuple[str, ...], texts: tuple[str, ...]
) -> None:
    for text in texts:
        plain = replaced(FULL_CONVENTIONS, keys, text)
        form = FORMS["conventions"]
        assert keeps(form, plain) is is_read(form, plain), text


@pytest.mark.parametrize(
    "text",
    ["monthly", "P2W", "P99999D", "P0D", "P100000D", "P1H", "fortnightly", "P1M\n"],
)
def test_frequencies_are_the_same_texts_in_both(text: str) -> None:
    # Without later dates, so that only the text can be wrong.
    plain = {**FULL_TERMS, "frequency": text}
    assert keeps(FORMS["terms"], plain) is is_read(FORMS["terms"], plain)


@pytest.mark.parametrize("code", ["EUR", "XAU", "EUX", "eur", "", "POINTS"])
def test_currencies_are_the_same_in_both(code: str) -> None:
    for currency in (code, {"code": code, "exponent": 2}):
        plain = {"method": METHODS[-1], "balloon": None}
        changed: Any = replaced(plain, ("method", "amounts", 0, "currency"), currency)
        assert keeps(FORMS["plan"], changed) is is_read(FORMS["plan"], changed)
