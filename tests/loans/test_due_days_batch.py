from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.batch import Int64s
from microcrm_core.dates import (
    DayCount,
    Frequency,
    RollRule,
    count_days,
    due_dates,
    year_fraction,
)
from microcrm_core.loans.due_days_batch import YEAR_DAYS, count_period_days, due_days
from tests.loans.loan_cases import COLUMN_DAY_COUNTS, FREQUENCIES, ROLLS

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


@pytest.mark.parametrize("day_count", COLUMN_DAY_COUNTS, ids=str)
def test_period_days_equal_those_of_each_row(day_count: DayCount) -> None:
    starts = MONTH_ENDS
    for gap_days in (1, 2, 28, 29, 30, 31, 59, 365, 366, 1461):
        ends = [on + dt.timedelta(days=gap_days) for on in starts]
        counted = count_period_days(
            day_count, np.stack([days_of(starts), days_of(ends)])
        )
        for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
            assert counted[0, row] == count_days(day_count, start, end)
            fraction = year_fraction(day_count, start, end)
            assert fraction * YEAR_DAYS[day_count] == counted[0, row]


@given(
    days=st.lists(st.integers(-20_000, 60_000), min_size=2, max_size=200),
    day_count=st.sampled_from(COLUMN_DAY_COUNTS),
)
def test_period_days_equal_those_of_random_rows(
    days: list[int], day_count: DayCount
) -> None:
    bounds = np.sort(np.array(days, np.int64))

    counted = count_period_days(day_count, bounds[:, None])

    dates = dates_of(bounds)
    assert counted[:, 0].tolist() == [
        count_days(day_count, start, end) for start, end in pairwise(dates)
    ]


@pytest.mark.parametrize(
    "day_count", [one for one in DayCount if one not in COLUMN_DAY_COUNTS]
)
def test_day_counts_without_a_whole_numerator_are_refused_by_name(
    day_count: DayCount,
) -> None:
    with pytest.raises(InvalidValueError, match="in columns") as error:
        count_period_days(day_count, np.zeros((2, 1), np.int64))

    assert error.value.value == day_count
