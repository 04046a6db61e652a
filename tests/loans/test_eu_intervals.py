"""European intervals and assumptions, as the Commission's guidance works them."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.dates import Frequency, due_dates, month_end
from microcrm_core.loans.eu_assumptions import (
    EuAssumption,
    RateStage,
    assumed_duration_months,
    assumed_rates,
    shortest_first_interval,
)
from microcrm_core.loans.eu_intervals import (
    EQUAL_MONTH_DAYS,
    EuPeriod,
    choose_eu_period,
    count_eu_interval,
)
from microcrm_core.rates import Rate


@pytest.mark.parametrize(
    ("start", "end", "period", "text"),
    [
        # SWD(2012) 128, section 4.1.1.
        ("2012-01-12", "2012-02-15", "month", "1/12 + 3/365"),
        ("2013-01-12", "2013-03-15", "month", "2/12 + 3/366"),
        ("2012-01-12", "2014-02-15", "year", "2/1 + 34/365"),
        ("2013-02-26", "2013-03-29", "month", "1/12 + 2/366"),
        ("2012-02-26", "2012-03-29", "month", "1/12 + 3/366"),
        # By remark (c): whole periods are never days.
        ("2013-01-31", "2013-02-28", "month", "1/12"),
        ("2013-01-29", "2013-02-28", "month", "1/12"),
        ("2013-02-28", "2013-03-31", "month", "1/12"),
        ("2020-02-29", "2021-02-28", "year", "1/1"),
        ("2013-01-01", "2013-01-15", "week", "2/52"),
        ("2013-01-01", "2013-01-16", "week", "2/52 + 1/366"),
        ("2013-01-01", "2013-01-01", "month", "0/12"),
    ],
)
def test_whole_periods_are_counted_back_and_days_over_a_year(
    start: str, end: str, period: str, text: str
) -> None:
    interval = count_eu_interval(
        dt.date.fromisoformat(start), dt.date.fromisoformat(end), EuPeriod(period)
    )

    assert str(interval) == text


@pytest.mark.parametrize(
    ("frequency", "first", "period"),
    [
        (Frequency.MONTHLY, "2025-02-10", EuPeriod.MONTH),
        (Frequency.MONTHLY, "2025-02-17", EuPeriod.MONTH),
        (Frequency.BIWEEKLY, "2025-01-24", EuPeriod.WEEK),
        (Frequency.WEEKLY, "2025-01-20", EuPeriod.WEEK),
        (Frequency.YEARLY, "2026-01-10", EuPeriod.YEAR),
        (Frequency.YEARLY, "2026-03-01", EuPeriod.YEAR),
        (Frequency.DAILY, "2025-01-11", EuPeriod.MONTH),
    ],
)
def test_the_period_follows_the_frequency_of_the_payments(
    frequency: Frequency, first: str, period: EuPeriod
) -> None:
    start_on = dt.date(2025, 1, 10)
    count = 5 if frequency is Frequency.DAILY else 10
    paid_on = due_dates(dt.date.fromisoformat(first), frequency, count)

    assert choose_eu_period([start_on, *paid_on]) is period


def test_twelve_equal_months_are_nearly_a_year() -> None:
    # Remark (c) gives the figure cut after five decimals.
    assert 365 - Fraction("0.0001") < 12 * EQUAL_MONTH_DAYS < 365


@given(
    start=st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1)),
    days=st.integers(0, 4_000),
    period=st.sampled_from(EuPeriod),
)
def test_an_interval_is_close_to_the_days_between(
    start: dt.date, days: int, period: EuPeriod
) -> None:
    years = count_eu_interval(start, start + dt.timedelta(days=days), period).years

    assert abs(float(years) * 365.25 - days) <= 0.004 * days + 4


def test_a_payment_before_the_start_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="from_on must not be after"):
        count_eu_interval(dt.date(2025, 1, 2), dt.date(2025, 1, 1), EuPeriod.WEEK)


YEAR = [dt.date(2025, 1, 1) + dt.timedelta(days=number) for number in range(365)]


def first_of_next_month(on: dt.date) -> dt.date:
    return month_end(on) + dt.timedelta(days=1)


def test_a_payment_on_every_first_leaves_one_day_at_the_shortest() -> None:
    # SWD(2012) 128, section 4.2.5, first example of assumption (f)(ii).
    drawn_on, paid_on = shortest_first_interval(first_of_next_month, YEAR)

    assert (paid_on - drawn_on).days == 1
    assert drawn_on == month_end(drawn_on)


def test_a_payment_that_skips_late_drawdowns_leaves_the_fifteenth_of_february() -> None:
    # The second: up to the 15th the next month's first, after it the one after.
    def first_paid_on(on: dt.date) -> dt.date:
        following = first_of_next_month(on)
        return following if on.day <= 15 else first_of_next_month(following)

    drawn_on, paid_on = shortest_first_interval(first_paid_on, YEAR)

    assert drawn_on == dt.date(2025, 2, 15)
    assert (paid_on - drawn_on).days == 14


def test_a_payment_on_the_day_of_its_drawdown_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="must be after the drawdown"):
        shortest_first_interval(lambda on: on, YEAR)
    with pytest.raises(InvalidValueError, match="drawn_on must not be empty"):
        shortest_first_interval(first_of_next_month, [])


def percent(text: str) -> Rate:
    return Rate.of_percent(text)


def test_an_introductory_rate_is_ignored_only_where_the_end_is_open() -> None:
    # SWD(2012) 128, section 4.2.8: 1 % at first, then 2.1 % plus 1 %.
    stages = [
        RateStage(fixed=percent("1")),
        RateStage(indicator=percent("2.1"), margin=percent("1")),
    ]

    assert assumed_rates(stages, is_open_end=True) == (percent("3.1"),) * 2
    assert assumed_rates(stages, is_open_end=False) == (percent("1"), percent("3.1"))


def test_a_stage_is_fixed_or_follows_an_indicator() -> None:
    with pytest.raises(InvalidValueError, match="fixed must stand alone"):
        RateStage()
    with pytest.raises(InvalidValueError, match="fixed must stand alone"):
        RateStage(fixed=percent("1"), margin=percent("1"))
    with pytest.raises(InvalidValueError, match="fixed must stand alone"):
        RateStage(indicator=percent("1"))


def test_a_stage_may_be_free_of_interest() -> None:
    assert RateStage(fixed=percent("0")).rate == percent("0")


def test_an_overdraft_lasts_three_months_and_other_open_credit_a_year() -> None:
    # Annex I part II (d) and (e).
    assert assumed_duration_months(is_overdraft=True) == 3
    assert assumed_duration_months(is_overdraft=False) == 12


def test_every_assumption_says_its_clause_and_what_it_assumes() -> None:
    assert [one.clause for one in EuAssumption] == [
        "a", "b", "c", "d", "e", "f (i)", "f (ii)", "g", "h", "i", "j",
    ]  # fmt: skip
    assert all(one.text for one in EuAssumption)
