"""Days of periods in whole numbers are those of the day counts."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microcrm_core.dates import DayCount, year_fraction
from microcrm_core.loans.plain_days import plain_days, plain_year_days
from microcrm_core.loans.portions import EPOCH_ORDINAL

_PLAIN: Final = (
    DayCount.ACT_360,
    DayCount.ACT_364,
    DayCount.ACT_365F,
    DayCount.THIRTY_360_BOND,
    DayCount.THIRTY_360_US,
    DayCount.THIRTY_E_360,
)
_DATES: Final = st.dates(dt.date(1999, 1, 1), dt.date(2030, 12, 31))


@given(start_on=_DATES, days=st.integers(0, 800))
@example(start_on=dt.date(2023, 2, 28), days=365)
@example(start_on=dt.date(2024, 2, 28), days=1)
@example(start_on=dt.date(2024, 2, 29), days=366)
@example(start_on=dt.date(2024, 1, 30), days=1)
@example(start_on=dt.date(2024, 1, 31), days=60)
def test_days_over_the_year_are_the_fraction_of_the_day_count(
    start_on: dt.date, days: int
) -> None:
    start = start_on.toordinal() - EPOCH_ORDINAL
    end_on = start_on + dt.timedelta(days=days)

    for day_count in _PLAIN:
        counted = plain_days(day_count)(start, start + days)
        assert Fraction(counted, plain_year_days(day_count)) == year_fraction(
            day_count, start_on, end_on
        )


@pytest.mark.parametrize("day_count", sorted(set(DayCount) - set(_PLAIN)))
def test_other_day_counts_have_no_year_of_one_length(day_count: DayCount) -> None:
    assert plain_year_days(day_count) == 0
