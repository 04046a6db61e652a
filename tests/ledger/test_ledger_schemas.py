"""JSON Schemas say what is written, and what the readers read."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, MicrocrmError, PolicyError
from microcrm_core.ledger import (
    HAPPENINGS,
    Happening,
    LedgerPolicy,
    LoanState,
    ledger_event_from_json,
    ledger_event_to_json,
    ledger_policy_from_plain,
    ledger_policy_to_plain,
)
from microcrm_core.ledger.schemas import (
    json_schema_of_ledger_event,
    json_schema_of_ledger_policy,
    json_schema_of_loan_state,
)
from tests.ledger.free_loans import Case, day, fee, repaid
from tests.ledger.ledger_cases import LENT_ON, Scene, policies, scenes
from tests.ledger.test_ledger_events_plain import PAID, WHATS, made
from tests.ledger.test_ledger_policies_plain import FULL as FULL_POLICY
from tests.loans.plain_cases import leaves, objects, part, replaced

# The reference implementation of the standard.
jsonschema: Any = pytest.importorskip("jsonschema")

SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "event": json_schema_of_ledger_event,
    "policy": json_schema_of_ledger_policy,
    "state": json_schema_of_loan_state,
}
VALIDATORS: dict[str, Any] = {
    name: jsonschema.Draft202012Validator(
        schema(), format_checker=jsonschema.FormatChecker(["date"])
    )
    for name, schema in SCHEMAS.items()
}
# One for each type, since to try all of them takes long.
OF_TYPE: dict[str, Any] = {
    type_: jsonschema.Draft202012Validator(
        {**json_schema_of_ledger_event(), "$ref": f"#/$defs/{type_}"}
    )
    for type_ in HAPPENINGS
}
EVENT: Any = json.loads(ledger_event_to_json(PAID))
POLICY: Any = json.loads(json.dumps(ledger_policy_to_plain(FULL_POLICY)))
WRONG: tuple[object, ...] = (None, True, 0, -1, 1.5, "", " x", "x\n", [], {}, 10**30)


def keeps(name: str, plain: object) -> bool:
    return bool(VALIDATORS[name].is_valid(plain))


def is_event(plain: object) -> bool:
    """Return whether the reader takes *plain*."""
    try:
        ledger_event_from_json(json.dumps(plain))
    except InvalidValueError:
        return False
    return True


def is_policy(plain: object) -> bool:
    """Return whether the reader takes *plain*."""
    try:
        ledger_policy_from_plain(plain)
    except PolicyError:
        return False
    return True


READERS: dict[str, tuple[Callable[[object], bool], Any]] = {
    "event": (is_event, EVENT),
    "policy": (is_policy, POLICY),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one_of_the_draft(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name]())
    # It is plain JSON, and a caller who changes a copy changes nothing else.
    assert json.loads(json.dumps(SCHEMAS[name]())) == SCHEMAS[name]()
    SCHEMAS[name]()["$defs"].clear()
    assert SCHEMAS[name]()["$defs"]


def test_every_type_of_event_has_a_definition_of_its_name() -> None:
    assert set(HAPPENINGS) <= set(SCHEMAS["event"]()["$defs"])


@given(what=WHATS)
def test_every_event_that_is_written_keeps_the_schema(what: Happening) -> None:
    assert keeps("event", json.loads(ledger_event_to_json(made(what))))


@given(what=WHATS)
def test_keys_may_be_left_out_where_the_reader_says_so(what: Happening) -> None:
    plain = json.loads(ledger_event_to_json(made(what)))
    of_type = OF_TYPE[plain["type"]]

    for _, keys in objects(plain, "x"):
        inner = part(plain, keys)
        for name in inner:
            left = {key: value for key, value in inner.items() if key != name}
            less = replaced(plain, keys, left)
            assert of_type.is_valid(less) is is_event(less), (keys, name)
        assert not of_type.is_valid(replaced(plain, keys, {**inner, "surprise": 1}))


@given(policy=policies())
def test_every_policy_that_is_written_keeps_the_schema(policy: LedgerPolicy) -> None:
    assert keeps("policy", json.loads(json.dumps(ledger_policy_to_plain(policy))))


@pytest.mark.parametrize("name", READERS)
def test_keys_of_the_whole_form_are_those_of_the_reader(name: str) -> None:
    reads, full = READERS[name]
    assert keeps(name, full)
    for _, keys in objects(full, "x"):
        inner = part(full, keys)
        more = replaced(full, keys, {**inner, "surprise": 1})
        assert not keeps(name, more)
        assert not reads(more)
        for key in inner:
            left = {one: value for one, value in inner.items() if one != key}
            less = replaced(full, keys, left)
            assert keeps(name, less) is reads(less), (keys, key)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_value_that_the_reader_takes_keeps_the_schema(
    name: str, wrong: object
) -> None:
    reads, full = READERS[name]
    for where, keys in leaves(full, "x"):
        changed = replaced(full, keys, wrong)
        if reads(changed):
            assert keeps(name, changed), where


@settings(max_examples=60)
@given(data=st.data(), name=st.sampled_from(sorted(READERS)))
def test_whatever_the_reader_takes_keeps_the_schema(
    data: st.DataObject, name: str
) -> None:
    # Values of the form change places, so that many are right somewhere else.
    reads, full = READERS[name]
    places = [keys for _, keys in leaves(full, "x")]
    plain = full
    for _ in range(data.draw(st.integers(1, 3))):
        value = part(full, data.draw(st.sampled_from(places)))
        plain = replaced(plain, data.draw(st.sampled_from(places)), value)
    if reads(plain):
        assert keeps(name, plain)


@pytest.mark.parametrize("type_", HAPPENINGS)
def test_a_payload_belongs_to_its_type(type_: str) -> None:
    plain = {**EVENT, "type": type_}

    assert keeps("event", plain) is is_event(plain)


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("2025-02-03T09:30:00+00:00", True),
        ("2025-02-03T09:30:00.000001Z", True),
        ("2025-02-03T09:30:00", False),
        ("2025-02-03", False),
        ("2025-02-03T09:30:00Z\n", False),
    ],
)
def test_a_moment_has_a_zone_in_both(text: str, *, is_right: bool) -> None:
    plain = {**EVENT, "recorded_at": text}

    assert keeps("event", plain) is is_right
    assert is_event(plain) is is_right


@settings(max_examples=40)
@given(scene=scenes(), days=st.integers(0, 220))
def test_every_state_that_is_written_keeps_the_schema(scene: Scene, days: int) -> None:
    try:
        state = scene.state(LENT_ON + dt.timedelta(days=days))
    except MicrocrmError:
        return
    assert keeps("state", json.loads(state.to_json()))


def full_state() -> LoanState:
    """Return a state with something in every part."""
    case = Case.lent()
    case.add(fee("10.00", day(2, 1)), day(1, 10))
    case.add(repaid("330.00"), day(2, 5))
    return case.state(day(2, 10))


def test_a_state_with_another_key_or_without_one_is_none() -> None:
    full = json.loads(full_state().to_json())
    assert keeps("state", full)
    for _, keys in objects(full, "x"):
        # One of many alike is enough; terms and conventions have tests of their own.
        if {"terms", "conventions"} & {*keys} or any(
            isinstance(key, int) and key for key in keys
        ):
            continue
        inner = part(full, keys)
        assert not keeps("state", replaced(full, keys, {**inner, "surprise": 1}))
        for name in inner:
            left = {key: value for key, value in inner.items() if key != name}
            assert not keeps("state", replaced(full, keys, left)), (keys, name)
