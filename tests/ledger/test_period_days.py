"""The days of interest periods, and in which of them a payment moves principal."""

from __future__ import annotations

import datetime as dt

import pytest

from microcrm_core.ledger.period_days import PeriodDays
from microcrm_core.loans import STRICT
from microcrm_core.loans.periods import ScheduleDates
from microcrm_core.loans.portions import EPOCH_ORDINAL
from tests.ledger.exact_cases import LENT_ON, TERMS, day

# From 15 January 2025 to 15 February, 15 March and 15 April.
DAYS = PeriodDays.of(ScheduleDates.of(TERMS, STRICT), STRICT)


def number(on: dt.date) -> int:
    """Return the days from 1970-01-01 to a day."""
    return on.toordinal() - EPOCH_ORDINAL


@pytest.mark.parametrize(
    ("on", "period"),
    [
        (LENT_ON, 0),
        (day(2, 14), 0),
        (day(2, 15), 1),
        (day(4, 14), 2),
        (day(4, 15), None),
    ],
)
def test_a_day_on_which_two_periods_meet_begins_the_later_one(
    on: dt.date, period: int | None
) -> None:
    assert DAYS.period_of(number(on)) == period


def test_principal_that_is_paid_on_a_due_date_moves_at_the_opening() -> None:
    move = DAYS.early_move(day(2, 15), 2, 500)

    assert move is not None
    assert (move.period, move.is_opening, move.day) == (1, True, number(day(2, 15)))
    assert (move.place, move.is_last, move.amount_minor) == (2, True, -500)


def test_principal_may_bear_interest_to_the_end_of_its_period() -> None:
    move = DAYS.early_move(day(2, 20), 1, 500, is_to_due_date=True)

    assert move is not None
    assert (move.day, move.is_opening, move.is_last) == (
        number(day(3, 15)),
        False,
        False,
    )


def test_what_is_paid_when_the_interest_of_its_row_has_ended_moves_nothing() -> None:
    assert DAYS.early_move(day(2, 15), 0, 500) is None
    assert DAYS.early_move(day(4, 15), 2, 500) is None


def test_what_is_owed_again_moves_the_other_way() -> None:
    move = DAYS.again_move(day(2, 20), 1, 500)

    assert move is not None
    assert move.amount_minor == 500
