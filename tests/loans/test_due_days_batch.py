from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.batch import Int64s
from microcrm_core.dates import Frequency, RollRule, due_dates, roll_date
from microcrm_core.loans.due_days_batch import (
    are_possible,
    due_days,
    has_late_dom,
    series_days,
)
from tests.loans.loan_cases import FREQUENCIES, ROLLS

ALL_ROLLS = [
    *ROLLS,
    RollRule.of("day_31"),
    RollRule.of("day_5_and_20"),
    RollRule.of("next_month_first_30"),
    RollRule.of("end_of_month_and_10"),
]
# Where calendars go wrong: month ends, leap days, centuries.
MONTH_ENDS = [
    dt.date(year, month, day)
    for year in (1900, 2000, 2023, 2024, 2100)
    for month, day in (
        (1, 1),
        (1, 15),
        (1, 16),
        (1, 28),
        (1, 29),
        (1, 30),
        (1, 31),
        (2, 27),
        (2, 28),
        (3, 1),
        (4, 30),
        (12, 31),
    )
] + [dt.date(2000, 2, 29), dt.date(2024, 2, 29)]


def days_of(dates: list[dt.date]) -> Int64s:
    epoch = dt.date(1970, 1, 1)
    return np.array([(on - epoch).days for on in dates], np.int64)


def dates_of(days: Int64s) -> list[dt.date]:
    return [dt.date(1970, 1, 1) + dt.timedelta(days=day) for day in days.tolist()]


@pytest.mark.parametrize("roll", ALL_ROLLS, ids=str)
@pytest.mark.parametrize("frequency", FREQUENCIES, ids=str)
def test_due_days_equal_the_due_dates_of_each_row(
    frequency: Frequency, roll: RollRule
) -> None:
    kept, expected = [], []
    for first_on in MONTH_ENDS:
        try:
            expected.append(due_dates(first_on, frequency, 30, roll))
        except InvalidValueError:
            # The batch twin refuses the row too.
            with pytest.raises(InvalidValueError):
                due_days(days_of([first_on]), frequency, 30, roll)
            continue
        kept.append(first_on)

    days = due_days(days_of(kept), frequency, 30, roll)

    for column, dates in enumerate(expected):
        assert dates_of(days[:, column]) == list(dates)


@given(
    first=st.lists(st.dates(dt.date(1, 2, 1), dt.date(9000, 1, 1)), min_size=1),
    frequency=st.sampled_from(FREQUENCIES),
    count=st.integers(1, 40),
)
def test_due_days_equal_due_dates_anywhere_in_the_calendar(
    first: list[dt.date], frequency: Frequency, count: int
) -> None:
    days = due_days(days_of(first), frequency, count, RollRule.DAY_OF_MONTH)

    for column, first_on in enumerate(first):
        expected = due_dates(first_on, frequency, count, RollRule.DAY_OF_MONTH)
        assert dates_of(days[:, column]) == list(expected)


@pytest.mark.parametrize("frequency", FREQUENCIES, ids=str)
def test_due_days_outside_the_calendar_are_refused_by_row(frequency: Frequency) -> None:
    first = days_of([dt.date(2025, 1, 1), dt.date(9999, 12, 31)])

    with pytest.raises(InvalidValueError, match="9999") as error:
        due_days(first, frequency, 3, RollRule.DAY_OF_MONTH)

    assert error.value.row == 1


@pytest.mark.parametrize("roll", ALL_ROLLS, ids=str)
@pytest.mark.parametrize("frequency", FREQUENCIES, ids=str)
@pytest.mark.parametrize("index", [-25, -2, -1, 0, 1, 13])
def test_days_of_a_series_equal_rolled_dates_both_ways(
    frequency: Frequency, roll: RollRule, index: int
) -> None:
    kept, expected = [], []
    for first_on in MONTH_ENDS:
        try:
            expected.append(roll_date(first_on, frequency, index, roll))
        except InvalidValueError:
            continue
        kept.append(first_on)

    days = series_days(days_of(kept), frequency, index, roll)

    assert dates_of(days) == expected


@pytest.mark.parametrize("frequency", FREQUENCIES, ids=str)
def test_due_days_are_possible_where_they_are_not_refused(
    frequency: Frequency,
) -> None:
    first = [dt.date(9999, 12, day) for day in (1, 15, 31)]
    first += [dt.date(2025, 1, 31), dt.date(9997, 3, 1)]

    is_possible = are_possible(days_of(first), frequency, 3, RollRule.DAY_OF_MONTH)

    for first_on, is_fine in zip(first, is_possible.tolist(), strict=True):
        if is_fine:
            due_days(days_of([first_on]), frequency, 3, RollRule.DAY_OF_MONTH)
        else:
            with pytest.raises(InvalidValueError):
                due_days(days_of([first_on]), frequency, 3, RollRule.DAY_OF_MONTH)
    assert 0 < is_possible.sum() < len(first)


def test_due_days_are_written_into_a_matrix_that_is_given() -> None:
    first = days_of([dt.date(2025, 1, 31), dt.date(2025, 2, 1)])
    for frequency in FREQUENCIES:
        memory = np.zeros((5, 2), np.int64)
        days = due_days(first, frequency, 5, RollRule.DAY_OF_MONTH, out=memory)
        assert days is memory
        expected = due_days(first, frequency, 5, RollRule.DAY_OF_MONTH)
        assert (memory == expected).all()


def test_late_days_are_those_after_the_28th() -> None:
    expected = [on.day > 28 for on in MONTH_ENDS]

    assert has_late_dom(days_of(MONTH_ENDS)).tolist() == expected
    # With days close together a table is looked up.
    days = [dt.date(2024, 1, 20) + dt.timedelta(days=day) for day in range(60)]
    assert has_late_dom(days_of(days)).tolist() == [on.day > 28 for on in days]
