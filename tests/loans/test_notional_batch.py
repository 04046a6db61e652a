"""Odd first periods in columns, held against dates that are stepped one by one."""

from __future__ import annotations

import calendar
import datetime as dt
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.dates import Frequency, RollRule, roll_date
from microcrm_core.loans.notional_batch import calendar_months, notional_counts
from tests.loans.loan_cases import ROLLS

EPOCH = dt.date(1970, 1, 1)
FREQUENCIES = (
    Frequency.MONTHLY,
    Frequency.QUARTERLY,
    Frequency.of("P5M"),
    Frequency.SEMIMONTHLY,
    Frequency.WEEKLY,
    Frequency.BIWEEKLY,
    Frequency.of("P10D"),
)
# Early due days, so that two in one month never meet.
FIRST_DUE = st.dates(dt.date(1999, 1, 1), dt.date(2033, 1, 1))


def days_of(*dates: dt.date) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([(on - EPOCH).days for on in dates], np.int64)


def stepped(
    start_on: dt.date, first_due_on: dt.date, frequency: Frequency, roll: RollRule
) -> Fraction:
    """Count back from the first due date, as the definition says."""
    whole, upper_on = 0, first_due_on
    while True:
        lower_on = roll_date(first_due_on, frequency, -1 - whole, roll)
        if lower_on <= start_on:
            days = (upper_on - lower_on).days
            return whole + Fraction((upper_on - start_on).days, days)
        whole, upper_on = whole + 1, lower_on


def fractions(
    start_on: dt.date, first_due_on: dt.date, frequency: Frequency, roll: RollRule
) -> Fraction:
    numerator, denominator = notional_counts(
        days_of(start_on), days_of(first_due_on), frequency, roll
    )
    return Fraction(int(numerator[0]), int(denominator[0]))


@given(
    first_due_on=FIRST_DUE,
    gap_days=st.integers(1, 200),
    frequency=st.sampled_from(FREQUENCIES),
    roll=st.sampled_from(ROLLS),
)
def test_first_periods_are_as_many_regular_ones_as_are_stepped_back(
    first_due_on: dt.date, gap_days: int, frequency: Frequency, roll: RollRule
) -> None:
    if frequency == Frequency.SEMIMONTHLY:
        # The two days of a month stay apart whatever the rule.
        first_due_on = first_due_on.replace(day=min(first_due_on.day, 27))
    start_on = first_due_on - dt.timedelta(days=gap_days)

    assert fractions(start_on, first_due_on, frequency, roll) == stepped(
        start_on, first_due_on, frequency, roll
    )


@pytest.mark.parametrize(
    ("start_on", "first_due_on", "frequency", "expected"),
    [
        # A month and 17 of the 31 days from 15 December to 15 January.
        ("2024-12-29", "2025-02-15", Frequency.MONTHLY, 1 + Fraction(17, 31)),
        # Just a month, and a day more or less than that.
        ("2025-01-15", "2025-02-15", Frequency.MONTHLY, Fraction(1)),
        ("2025-01-14", "2025-02-15", Frequency.MONTHLY, 1 + Fraction(1, 31)),
        ("2025-01-16", "2025-02-15", Frequency.MONTHLY, Fraction(30, 31)),
        # From 28 February, where the 31st falls, to 31 March: a month.
        ("2025-02-28", "2025-03-31", Frequency.MONTHLY, Fraction(1)),
        # One day of the quarter from 15 November.
        ("2025-02-14", "2025-02-15", Frequency.QUARTERLY, Fraction(1, 92)),
        # Half months: 15 and 30 January; ten of the 15 days between them.
        ("2025-01-20", "2025-01-30", Frequency.SEMIMONTHLY, Fraction(2, 3)),
        # 17 days in weeks, and in steps of ten days.
        ("2025-01-01", "2025-01-18", Frequency.WEEKLY, Fraction(17, 7)),
        ("2025-01-01", "2025-01-18", Frequency.BIWEEKLY, Fraction(17, 14)),
        ("2025-01-01", "2025-01-18", Frequency.of("P10D"), Fraction(17, 10)),
    ],
)
def test_first_periods_on_paper(
    start_on: str, first_due_on: str, frequency: Frequency, expected: Fraction
) -> None:
    dates = dt.date.fromisoformat(start_on), dt.date.fromisoformat(first_due_on)

    assert fractions(*dates, frequency, RollRule.DAY_OF_MONTH) == expected


def test_each_loan_counts_by_itself() -> None:
    first_due = days_of(*[dt.date(2025, 6, 15)] * 4)
    start = days_of(
        dt.date(2025, 5, 16),
        dt.date(2025, 5, 15),
        dt.date(2025, 3, 14),
        dt.date(2025, 6, 14),
    )

    numerator, denominator = notional_counts(
        start, first_due, Frequency.MONTHLY, RollRule.DAY_OF_MONTH
    )

    found = [
        Fraction(*map(int, pair)) for pair in zip(numerator, denominator, strict=True)
    ]
    # 15 February has 28 days to 15 March; 15 May has 31 to 15 June.
    assert found == [
        Fraction(30, 31),
        Fraction(1),
        3 + Fraction(1, 28),
        Fraction(1, 31),
    ]


@pytest.mark.parametrize("frequency", [Frequency.MONTHLY, Frequency.WEEKLY])
def test_no_loans_have_no_periods(frequency: Frequency) -> None:
    empty = np.zeros(0, np.int64)

    for counted in (
        notional_counts(empty, empty, frequency, RollRule.DAY_OF_MONTH),
        calendar_months(empty, empty),
    ):
        assert [part.size for part in counted] == [0, 0]


# Calendar months.


def later(on: dt.date, months: int) -> dt.date:
    year, month = divmod(12 * on.year + on.month - 1 + months, 12)
    length = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(on.day, length))


@given(start_on=FIRST_DUE, gap_days=st.integers(0, 900))
def test_months_are_those_that_can_be_stepped(start_on: dt.date, gap_days: int) -> None:
    end_on = start_on + dt.timedelta(days=gap_days)
    whole = 0
    while later(start_on, whole + 1) <= end_on:
        whole += 1
    last_on, next_on = later(start_on, whole), later(start_on, whole + 1)
    expected = whole + Fraction((end_on - last_on).days, (next_on - last_on).days)

    numerator, denominator = calendar_months(days_of(start_on), days_of(end_on))

    assert Fraction(int(numerator[0]), int(denominator[0])) == expected
    # So many days has the month in which odd days fall.
    assert denominator.tolist() == [(next_on - last_on).days]


@pytest.mark.parametrize(
    ("start_on", "end_on", "expected"),
    [
        ("2025-01-31", "2025-02-28", Fraction(1)),
        ("2025-01-31", "2025-02-27", Fraction(27, 28)),
        ("2025-01-31", "2025-03-30", 1 + Fraction(30, 31)),
        ("2025-01-31", "2025-03-31", Fraction(2)),
        ("2024-02-29", "2025-02-28", Fraction(12)),
        ("2025-01-15", "2025-01-15", Fraction(0)),
    ],
)
def test_months_near_their_ends_on_paper(
    start_on: str, end_on: str, expected: Fraction
) -> None:
    numerator, denominator = calendar_months(
        days_of(dt.date.fromisoformat(start_on)), days_of(dt.date.fromisoformat(end_on))
    )

    assert Fraction(int(numerator[0]), int(denominator[0])) == expected
