"""Events: one envelope, two times, one canonical text."""

from __future__ import annotations

import copy
import datetime as dt
import json
import pickle
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.events import Event, events_known
from microcrm_core.ids import EventId

JANUARY = dt.date(2025, 1, 31)
FRIDAY = dt.datetime(2025, 1, 31, 18, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def event_of(**changes: Any) -> Event:
    parts: dict[str, Any] = {
        "type": "loan.repaid",
        "stream_id": "loan-7",
        "value_on": JANUARY,
        "recorded_at": FRIDAY,
        "idempotency_key": "bank-4711",
        "payload": {"amount_minor": 10_000},
    }
    return Event.of(**{**parts, **changes})


payloads = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=4,
)
# Few days and hours, so that ties are common.
events = st.builds(
    lambda day, hour, key, payload: event_of(
        value_on=JANUARY + day * DAY,
        recorded_at=FRIDAY + dt.timedelta(hours=hour),
        idempotency_key=f"k{key}",
        payload=payload,
    ),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(0, 9),
    payloads,
)


@given(events)
def test_an_event_survives_its_text(event: Event) -> None:
    again = Event.from_json(event.to_json())
    assert again == event
    assert hash(again) == hash(event)
    assert again.to_json() == event.to_json()


@given(events)
def test_an_event_travels_between_processes(event: Event) -> None:
    assert pickle.loads(pickle.dumps(event)) == event
    assert copy.deepcopy(event) == event


def test_the_text_is_the_canonical_json_of_all_fields() -> None:
    event = Event(
        id=EventId("e-1"),
        type="loan.repaid",
        stream_id="loan-7",
        value_on=JANUARY,
        recorded_at=FRIDAY,
        idempotency_key="k",
        payload={"b": 2, "a": [1, None]},
    )
    assert event.to_json() == (
        '{"id":"e-1","idempotency_key":"k","payload":{"a":[1,null],"b":2},'
        '"recorded_at":"2025-01-31T18:00:00+00:00","schema_version":1,'
        '"stream_id":"loan-7","type":"loan.repaid","value_on":"2025-01-31"}'
    )


def test_the_id_depends_on_the_request_and_on_nothing_else() -> None:
    event = event_of()
    same = event_of(
        value_on=JANUARY + DAY, recorded_at=FRIDAY + DAY, payload={}, schema_version=2
    )
    assert same.id == event.id
    for changes in (
        {"type": "loan.disbursed"},
        {"stream_id": "loan-8"},
        {"idempotency_key": "bank-4712"},
    ):
        assert event_of(**changes).id != event.id


def test_one_moment_in_two_zones_is_one_event() -> None:
    shanghai = dt.timezone(dt.timedelta(hours=8))
    event = event_of(recorded_at=FRIDAY.astimezone(shanghai))
    assert event == event_of()
    assert event.recorded_at.tzinfo is dt.UTC
    assert event.to_json() == event_of().to_json()


def test_a_payload_cannot_be_changed_from_outside_or_inside() -> None:
    inner = [1]
    given_payload = {"list": inner, "map": {"a": inner}}
    event = event_of(payload=given_payload)
    text = event.to_json()
    inner.append(2)
    given_payload["more"] = [3]
    assert event.to_json() == text
    assert event.payload["list"] == (1,)
    with pytest.raises(TypeError):
        event.payload["more"] = 1  # type: ignore[index]  # on purpose
    nested: Any = event.payload["map"]
    with pytest.raises(TypeError):
        nested["a"] = 1


def test_dates_and_decimals_in_a_payload_become_their_exact_text() -> None:
    event = event_of(payload={"on": JANUARY, "rate": Decimal("0.240")})
    assert dict(event.payload) == {"on": "2025-01-31", "rate": "0.24"}


@pytest.mark.parametrize("payload", [{"x": 1.5}, {1: 2}, [1], "text", {"x": object()}])
def test_a_payload_without_one_exact_text_is_refused(payload: object) -> None:
    with pytest.raises(InvalidValueError, match=r"^payload"):
        event_of(payload=payload)


def test_an_error_names_the_place_in_the_payload() -> None:
    with pytest.raises(InvalidValueError) as caught:
        event_of(payload={"rows": [{"amount": 0.1}]})
    assert caught.value.field == "payload.rows[0].amount"


def test_an_event_may_have_nothing_more_to_say() -> None:
    assert dict(event_of(payload=None).payload) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", ""),
        ("type", "Loan.Repaid"),
        ("type", "loan..repaid"),
        ("type", "loan.repaid\n"),
        ("type", "loan repaid"),
        ("stream_id", ""),
        ("idempotency_key", " k"),
        ("schema_version", 0),
        ("schema_version", True),
        ("value_on", FRIDAY),
        ("recorded_at", FRIDAY.replace(tzinfo=None)),
        ("recorded_at", JANUARY),
    ],
)
def test_a_field_that_breaks_its_rule_is_refused_by_name(
    field: str, value: object
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        event_of(**{field: value})
    assert caught.value.field == field


# Reading


def changed_text(**changes: object) -> str:
    return json.dumps({**json.loads(event_of().to_json()), **changes})


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{", "must be JSON text"),
        ("[]", "must be a JSON object"),
        ("{}", "must have id"),
        (changed_text(colour="red"), "must have no unknown field"),
        (changed_text(value_on="31.1.2025"), "must be ISO 8601 text"),
        (changed_text(recorded_at="noon"), "must be ISO 8601 text"),
        (changed_text(recorded_at="2025-01-31T18:00:00"), "with a time zone"),
        (changed_text(payload={"x": 1.5}), "must hold whole numbers only"),
        (changed_text(payload={"x": float("nan")}), "must hold whole numbers only"),
        (changed_text(payload=[]), "must be a mapping"),
        (changed_text(schema_version="1"), "must be a whole number"),
    ],
)
def test_a_text_that_no_event_wrote_is_refused(text: str, rule: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Event.from_json(text)
    assert rule in caught.value.rule


# Order and knowledge


def test_replay_goes_by_day_then_by_when_we_knew_then_by_id() -> None:
    first = event_of(value_on=JANUARY - DAY, recorded_at=FRIDAY + DAY)
    second = event_of(idempotency_key="z")
    third = event_of(recorded_at=FRIDAY + DAY)
    tied = sorted([event_of(idempotency_key=str(n)) for n in range(5)], key=by_id)
    assert known([third, second, first]) == (first, second, third)
    assert known(tied[::-1]) == tuple(tied)


def by_id(event: Event) -> str:
    return event.id


def known(some: list[Event]) -> tuple[Event, ...]:
    return events_known(some, as_of=JANUARY + 9 * DAY, known_at=FRIDAY + 9 * DAY)


@given(
    st.lists(events, max_size=8, unique_by=by_id), st.integers(0, 2), st.integers(0, 2)
)
def test_arrival_order_and_later_facts_change_nothing(
    some: list[Event], day: int, hour: int
) -> None:
    as_of, known_at = JANUARY + day * DAY, FRIDAY + dt.timedelta(hours=hour)
    found = events_known(some, as_of=as_of, known_at=known_at)
    later = [
        attrs.evolve(
            e,
            id=EventId(f"later-{e.id}"),
            recorded_at=known_at + dt.timedelta.resolution,
        )
        for e in some
    ]
    mixed = [*later, *reversed(some)]
    assert events_known(mixed, as_of=as_of, known_at=known_at) == found
    assert set(found) == {
        e for e in some if e.value_on <= as_of and e.recorded_at <= known_at
    }
    assert all(e.is_known(as_of=as_of, known_at=known_at) for e in found)


def test_both_bounds_of_knowledge_are_inclusive() -> None:
    event = event_of()
    moment = dt.timedelta.resolution
    assert event.is_known(as_of=JANUARY, known_at=FRIDAY)
    assert not event.is_known(as_of=JANUARY - DAY, known_at=FRIDAY)
    assert not event.is_known(as_of=JANUARY, known_at=FRIDAY - moment)
    assert events_known([event], as_of=JANUARY, known_at=FRIDAY) == (event,)
    assert events_known([event], as_of=JANUARY - DAY, known_at=FRIDAY) == ()
    assert events_known([event], as_of=JANUARY, known_at=FRIDAY - moment) == ()


def test_knowledge_is_asked_for_at_a_moment_with_a_zone() -> None:
    naive = FRIDAY.replace(tzinfo=None)
    with pytest.raises(InvalidValueError, match=r"^known_at must"):
        events_known([], as_of=JANUARY, known_at=naive)
    with pytest.raises(InvalidValueError, match=r"^as_of must"):
        events_known([], as_of=FRIDAY, known_at=FRIDAY)
    with pytest.raises(InvalidValueError, match=r"^known_at must"):
        event_of().is_known(as_of=JANUARY, known_at=naive)
