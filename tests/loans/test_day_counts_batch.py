from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.batch import Int64s
from microcrm_core.dates import DayCount, year_fraction
from microcrm_core.loans.day_counts_batch import YEAR_UNITS, count_period_days
from microcrm_core.loans.month_grid_batch import DayTable

EPOCH = dt.date(1970, 1, 1)
# Where day counts differ: month ends, leap days, centuries.
STARTS = [
    dt.date(year, month, day)
    for year in (1900, 2000, 2023, 2024, 2100)
    for month, day in (
        (1, 1),
        (1, 28),
        (1, 30),
        (1, 31),
        (2, 27),
        (2, 28),
        (3, 1),
        (4, 30),
        (12, 31),
    )
] + [dt.date(2000, 2, 29), dt.date(2024, 2, 29)]
GAPS = (1, 2, 28, 29, 30, 31, 59, 365, 366, 1461)


def days_of(dates: list[dt.date]) -> Int64s:
    return np.array([(on - EPOCH).days for on in dates], np.int64)


def fraction_units(
    day_count: DayCount, dates: list[dt.date], *, is_yearly: bool = False
) -> list[int]:
    """Return the scalar fractions of a year, as multiples of the constant."""
    units = []
    for start, end in pairwise(dates):
        fraction = year_fraction(
            day_count,
            start,
            end,
            termination_on=dates[-1],
            frequency=1 if is_yearly else 12,
            period_end_on=end,
        )
        unit = fraction * YEAR_UNITS[day_count]
        assert unit.denominator == 1
        units.append(int(unit))
    return units


@pytest.mark.parametrize("is_yearly", [False, True])
@pytest.mark.parametrize("day_count", YEAR_UNITS, ids=str)
def test_period_days_equal_the_scalar_fractions_of_each_row(
    day_count: DayCount, *, is_yearly: bool
) -> None:
    for gap_days in GAPS:
        ends = [on + dt.timedelta(days=gap_days) for on in STARTS]
        bounds = np.stack([days_of(STARTS), days_of(ends)])

        counted = count_period_days(day_count, bounds, is_yearly=is_yearly)

        for row, (start, end) in enumerate(zip(STARTS, ends, strict=True)):
            expected = fraction_units(day_count, [start, end], is_yearly=is_yearly)
            assert [counted[0, row]] == expected


@given(
    days=st.lists(
        st.integers(-20_000, 60_000), min_size=2, max_size=60, unique=True
    ).map(sorted),
    day_count=st.sampled_from(sorted(YEAR_UNITS)),
    has_table=st.booleans(),
)
def test_period_days_equal_those_of_random_rows(
    days: list[int], day_count: DayCount, *, has_table: bool
) -> None:
    bounds = np.array(days, np.int64)
    table = DayTable.covering(bounds) if has_table else None

    counted = count_period_days(day_count, bounds[:, None], table=table)

    dates = [EPOCH + dt.timedelta(days=day) for day in days]
    assert counted[:, 0].tolist() == fraction_units(day_count, dates)


@pytest.mark.parametrize(
    "day_count", [one for one in DayCount if one not in YEAR_UNITS]
)
def test_day_counts_without_a_whole_numerator_are_refused_by_name(
    day_count: DayCount,
) -> None:
    with pytest.raises(InvalidValueError, match="in columns") as error:
        count_period_days(day_count, np.zeros((2, 1), np.int64))

    assert error.value.value == day_count
