from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.dates import Frequency, RollRule, notional_periods
from microcrm_core.errors import InvalidValueError

DAYS = st.dates(dt.date(1995, 1, 1), dt.date(2015, 12, 31))


def test_a_long_first_period_counts_back_from_the_first_regular_date() -> None:
    # OpenGamma Strata, DayCountTest: long initial stub, end of month.
    periods = notional_periods(
        dt.date(2011, 10, 1),
        dt.date(2012, 1, 12),
        anchor_on=dt.date(2012, 2, 29),
        frequency=Frequency.QUARTERLY,
        roll=RollRule.END_OF_MONTH,
    )

    assert periods == (
        (dt.date(2011, 8, 31), dt.date(2011, 11, 30)),
        (dt.date(2011, 11, 30), dt.date(2012, 2, 29)),
    )


def test_a_long_final_period_counts_on_from_the_last_regular_date() -> None:
    # OpenGamma Strata, DayCountTest: long final stub.
    periods = notional_periods(
        dt.date(2012, 2, 29),
        dt.date(2012, 6, 1),
        anchor_on=dt.date(2012, 2, 29),
        frequency=Frequency.QUARTERLY,
    )

    assert periods == (
        (dt.date(2012, 2, 29), dt.date(2012, 5, 29)),
        (dt.date(2012, 5, 29), dt.date(2012, 8, 29)),
    )


@given(
    dates=st.tuples(DAYS, DAYS).filter(lambda pair: pair[0] != pair[1]),
    anchor_on=DAYS,
    frequency=st.sampled_from(
        [
            Frequency.BIWEEKLY,
            Frequency.SEMIMONTHLY,
            Frequency.MONTHLY,
            Frequency.YEARLY,
        ]
    ),
)
def test_the_periods_cover_the_days_tightly_and_meet_at_the_anchor(
    dates: tuple[dt.date, dt.date], anchor_on: dt.date, frequency: Frequency
) -> None:
    start_on, end_on = sorted(dates)

    periods = notional_periods(
        start_on, end_on, anchor_on=anchor_on, frequency=frequency
    )

    edges = [start for start, _ in periods] + [periods[-1][1]]
    assert [end for _, end in periods] == edges[1:]
    assert periods[0][0] <= start_on < periods[0][1]
    assert periods[-1][0] < end_on <= periods[-1][1]
    assert anchor_on in edges or not edges[0] < anchor_on < edges[-1]


def test_an_empty_range_has_no_periods_to_cover_it() -> None:
    with pytest.raises(InvalidValueError, match="start_on must be before end_on"):
        notional_periods(
            dt.date(2024, 1, 1),
            dt.date(2024, 1, 1),
            anchor_on=dt.date(2024, 1, 1),
            frequency=Frequency.MONTHLY,
        )
