"""Unit periods, as the examples of Appendix J count them."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.dates import Frequency, RollRule, due_dates
from microcrm_core.loans.payment_series import (
    choose_unit_period,
    count_series,
    intervals_between,
    series_due_day,
)
from microcrm_core.loans.unit_periods import (
    UnitPeriod,
    UnitPeriodUnit,
    count_unit_periods,
    whole_months,
)

MONTH = UnitPeriod(1, UnitPeriodUnit.MONTH)
YEAR = UnitPeriod(1, UnitPeriodUnit.YEAR)
SEMIMONTH = UnitPeriod(1, UnitPeriodUnit.SEMIMONTH)


def unit_period(text: str) -> UnitPeriod:
    count, unit = text.split()
    return UnitPeriod(int(count), UnitPeriodUnit(unit))


@pytest.mark.parametrize(
    ("unit", "start", "end", "count"),
    [
        # 12 CFR 1026, Appendix J, examples (c)(1)(iii) to (v), (c)(3)(ii), (c)(4)(ii),
        # (c)(5)(iii) and (c)(7)(i).
        ("1 semimonth", "1978-02-23", "1978-03-01", "0 + 6/15"),
        ("3 month", "1978-05-23", "1978-10-01", "1 + 39/90"),
        ("1 week", "1978-03-20", "1978-04-21", "4 + 4/7"),
        ("2 week", "1978-04-03", "1978-04-11", "0 + 8/14"),
        ("2 month", "1978-01-10", "1978-03-01", "0 + 52/60"),
        ("1 year", "1978-01-17", "1979-07-17", "1 + 6/12"),
        ("1 month", "1979-04-10", "1979-09-18", "5 + 8/30"),
        # By the rule: 29 February to 29 March is one month whatever the year.
        ("1 month", "2020-02-29", "2020-03-29", "1 + 0/30"),
        ("1 year", "2023-10-26", "2023-11-30", "0 + 35/365"),
        ("1 day", "2025-01-01", "2025-01-11", "10 + 0/1"),
    ],
)
def test_unit_periods_are_counted_back_from_the_later_day(
    unit: str, start: str, end: str, count: str
) -> None:
    found = count_unit_periods(
        dt.date.fromisoformat(start), dt.date.fromisoformat(end), unit_period(unit)
    )

    assert str(found) == count


@pytest.mark.parametrize(
    ("start", "end", "due_day", "count"),
    [
        ("2026-01-31", "2026-02-28", 31, "1 + 0/30"),
        ("2026-01-31", "2026-02-28", None, "0 + 28/30"),
        # The last day of February stands in for the 29th and 30th.
        ("2026-01-30", "2026-02-28", 30, "1 + 0/30"),
        ("2026-01-29", "2026-03-29", 29, "2 + 0/30"),
        # Back to 31 January, and 21 days before it.
        ("2026-01-10", "2026-02-28", 31, "1 + 21/30"),
        # A day outside the series keeps its own day of the month.
        ("2026-01-10", "2026-03-10", 31, "2 + 0/30"),
    ],
)
def test_a_month_end_series_is_counted_month_end_to_month_end(
    start: str, end: str, due_day: int | None, count: str
) -> None:
    found = count_unit_periods(
        dt.date.fromisoformat(start),
        dt.date.fromisoformat(end),
        MONTH,
        due_day=due_day,
    )

    assert str(found) == count


def test_semimonths_after_the_first_payment_are_whole() -> None:
    paid_on = due_dates(dt.date(1978, 3, 1), Frequency.SEMIMONTHLY, 24)

    counts = count_series(dt.date(1978, 2, 23), paid_on, SEMIMONTH)

    assert [count.whole for count in counts] == list(range(24))
    assert {count.odd_fraction for count in counts} == {Fraction(6, 15)}


def test_half_a_month_may_have_twelve_days() -> None:
    # From the 16th to the end of February in a common year.
    roll = RollRule.of("end_of_month")
    paid_on = due_dates(dt.date(2025, 1, 31), Frequency.SEMIMONTHLY, 6, roll)
    assert [on.day for on in paid_on] == [31, 15, 28, 15, 31, 15]
    paid_on = (paid_on[0], dt.date(2025, 2, 16), *paid_on[2:])

    counts = count_series(dt.date(2025, 1, 25), paid_on, SEMIMONTH)

    assert [count.whole for count in counts] == list(range(6))
    assert {count.odd_fraction for count in counts} == {Fraction(6, 15)}


def test_a_day_outside_the_series_is_not_counted_as_one_of_it() -> None:
    # Ten days after the end of January are no month, though the series is at month end.
    start_on, other_on = dt.date(2026, 1, 31), dt.date(2026, 2, 10)

    assert whole_months(start_on, other_on, 31) is None
    assert whole_months(start_on, dt.date(2026, 2, 28), 31) == 1
    assert intervals_between([start_on, other_on], due_day=31) == {
        unit_period("10 day"): 1
    }


def test_a_later_start_than_end_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="must not be after to_on 2025-01-01"):
        count_unit_periods(dt.date(2025, 1, 2), dt.date(2025, 1, 1), MONTH)


@pytest.mark.parametrize("text", ["13 month", "12 month", "53 week", "2 semimonth"])
def test_no_unit_period_is_longer_than_a_year(text: str) -> None:
    with pytest.raises(InvalidValueError, match="count must be"):
        unit_period(text)


@pytest.mark.parametrize(
    ("intervals", "chosen"),
    [
        # 12 CFR 1026, Appendix J (b)(4).
        ({"49 day": 1, "1 month": 23}, "1 month"),
        ({"1 month": 6, "3 month": 6}, "1 month"),
        ({"14 day": 2, "4 week": 5}, "4 weeks"),
        ({"6 month": 1}, "term of 6 months"),
        ({"255 day": 1}, "term of 255 days"),
        ({"6 week": 1}, "term of 42 days"),
        ({"1 year": 1}, "1 year"),
        # No common period: the average, and the shorter if halfway.
        ({"1 month": 1, "2 month": 1, "3 month": 1}, "2 months"),
        ({"9 day": 1, "12 day": 1}, "1 week"),
        ({"10 day": 1, "12 day": 1}, "2 weeks"),
        ({"14 day": 1, "15 day": 1}, "2 weeks"),
    ],
)
def test_the_common_period_that_occurs_most_is_chosen(
    intervals: dict[str, int], chosen: str
) -> None:
    given_ = {unit_period(text): times for text, times in intervals.items()}

    assert str(choose_unit_period(given_)) == chosen


def test_no_interval_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="intervals must not be empty"):
        choose_unit_period({})


@pytest.mark.parametrize(
    ("frequency", "roll", "first", "name"),
    [
        (Frequency.WEEKLY, "day_of_month", "2023-02-01", "1 week"),
        (Frequency.FOUR_WEEKLY, "day_of_month", "2023-02-01", "4 weeks"),
        (Frequency.SEMIMONTHLY, "day_of_month", "2023-01-01", "1 semimonth"),
        (Frequency.SEMIMONTHLY, "end_of_month", "2023-01-31", "1 semimonth"),
        (Frequency.MONTHLY, "day_of_month", "2023-01-31", "1 month"),
        (Frequency.MONTHLY, "end_of_month", "2023-02-28", "1 month"),
        (Frequency.MONTHLY, "day_of_month", "2023-01-29", "1 month"),
        (Frequency.QUARTERLY, "day_of_month", "2023-01-30", "3 months"),
        (Frequency.YEARLY, "day_of_month", "2024-02-29", "1 year"),
        (Frequency.of("P10D"), "day_of_month", "2023-02-01", "10 days"),
        (Frequency.DAILY, "day_of_month", "2023-02-01", "1 day"),
    ],
)
def test_the_rhythm_of_a_series_is_read_from_its_days(
    frequency: Frequency, roll: str, first: str, name: str
) -> None:
    days = due_dates(dt.date.fromisoformat(first), frequency, 14, RollRule.of(roll))

    intervals = intervals_between(days, due_day=series_due_day(days))

    assert str(choose_unit_period(intervals)) == name
    assert str(UnitPeriod.of_frequency(frequency)) == name


@given(
    start=st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1)),
    days=st.integers(0, 3_000),
    unit=st.sampled_from(
        ["1 day", "1 week", "2 week", "1 month", "3 month", "1 year", "1 semimonth"]
    ),
)
def test_a_count_is_close_to_the_days_between(
    start: dt.date, days: int, unit: str
) -> None:
    chosen = unit_period(unit)

    count = count_unit_periods(start, start + dt.timedelta(days=days), chosen)

    years = float(count.total / chosen.per_year)
    assert 0 <= count.odd_fraction <= 1
    assert abs(years * 365.25 - days) <= 0.011 * days + 4


@given(
    start=st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1)),
    days=st.integers(0, 3_000),
    weeks=st.integers(1, 500),
)
def test_moving_both_days_by_weeks_moves_nothing_where_days_are_counted(
    start: dt.date, days: int, weeks: int
) -> None:
    end, moved = start + dt.timedelta(days=days), dt.timedelta(weeks=weeks)
    week = UnitPeriod(2, UnitPeriodUnit.WEEK)

    assert count_unit_periods(start, end, week) == count_unit_periods(
        start + moved, end + moved, week
    )
