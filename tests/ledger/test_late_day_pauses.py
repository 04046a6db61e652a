from __future__ import annotations

import datetime as dt

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import LoanId
from microcrm_core.ledger.happenings import (
    DelinquencyPaused,
    DelinquencyResumed,
    Happening,
    WrittenOff,
)
from microcrm_core.ledger.late_day_pauses import (
    DelinquencyPause,
    delinquency_pauses,
    paused_days,
)
from microcrm_core.ledger.ledger_events import LedgerEvent


def march(day: int) -> dt.date:
    return dt.date(2025, 3, day)


def event(what: Happening, on: dt.date, key: str) -> LedgerEvent:
    return LedgerEvent.of(
        what,
        loan_id=LoanId("loan-7"),
        value_on=on,
        recorded_at=dt.datetime(2025, 3, 1, tzinfo=dt.UTC),
        idempotency_key=key,
    )


days = st.integers(1, 28).map(march)
pauses = st.builds(lambda a, b: DelinquencyPause(min(a, b), max(a, b)), days, days)


def test_a_pause_counts_from_its_day_and_not_on_the_day_on_which_it_ends() -> None:
    pause = DelinquencyPause(march(10), march(20))

    counted = [paused_days([pause], march(day)) for day in (10, 11, 19, 20, 21)]

    assert counted == [0, 1, 9, 10, 10]


def test_a_resumption_ends_the_pause_that_runs_on_its_day() -> None:
    events = [
        event(DelinquencyResumed(), march(12), "resume"),
        event(DelinquencyPaused(march(20)), march(10), "pause"),
    ]

    assert delinquency_pauses(events) == (DelinquencyPause(march(10), march(12)),)


@pytest.mark.parametrize("on", [march(9), march(20), march(25)])
def test_a_resumption_outside_of_a_pause_changes_nothing(on: dt.date) -> None:
    events = [
        event(DelinquencyPaused(march(20)), march(10), "pause"),
        event(DelinquencyResumed(), on, "resume"),
    ]

    assert delinquency_pauses(events) == (DelinquencyPause(march(10), march(20)),)


def test_a_pause_after_a_resumption_runs_again() -> None:
    events = [
        event(DelinquencyPaused(march(20)), march(10), "first"),
        event(DelinquencyResumed(), march(12), "resume"),
        event(DelinquencyPaused(march(20)), march(15), "second"),
    ]

    assert paused_days(delinquency_pauses(events), march(31)) == 2 + 5


def test_a_pause_that_is_resumed_on_its_first_day_never_was() -> None:
    first = event(DelinquencyPaused(march(20)), march(10), "pause")
    resumed = attrs.evolve(
        event(DelinquencyResumed(), march(10), "resume"),
        recorded_at=first.recorded_at + dt.timedelta(hours=1),
    )

    assert delinquency_pauses([resumed, first]) == ()


def test_a_pause_whose_last_day_lies_behind_is_empty() -> None:
    assert (
        delinquency_pauses([event(DelinquencyPaused(march(5)), march(10), "p")]) == ()
    )


def test_a_pause_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="until_on must not be before"):
        DelinquencyPause(march(2), march(1))


@given(drawn=st.lists(pauses, max_size=4), on=days)
def test_a_day_in_several_pauses_counts_once(
    drawn: list[DelinquencyPause], on: dt.date
) -> None:
    covered = {
        day
        for day in range(1, on.day)
        if any(one.from_on <= march(day) < one.until_on for one in drawn)
    }

    assert paused_days(drawn, on) == len(covered)


@given(
    drawn=st.lists(
        st.tuples(days, st.one_of(days.map(DelinquencyPaused), st.just(None))),
        max_size=5,
    ).flatmap(lambda items: st.tuples(st.just(items), st.permutations(items))),
)
def test_the_order_of_arrival_never_matters(
    drawn: tuple[
        list[tuple[dt.date, DelinquencyPaused | None]],
        list[tuple[dt.date, DelinquencyPaused | None]],
    ],
) -> None:
    def found(
        items: list[tuple[dt.date, DelinquencyPaused | None]],
    ) -> tuple[DelinquencyPause, ...]:
        return delinquency_pauses(
            event(what or DelinquencyResumed(), on, f"{on}{what}") for on, what in items
        )

    assert found(drawn[0]) == found(drawn[1])


def test_other_events_are_passed_over() -> None:
    assert delinquency_pauses([event(WrittenOff(), march(10), "gone")]) == ()
