"""The rhythm of payments: which day of the month, which unit-period, how counted."""

from __future__ import annotations

import datetime as dt
import random
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.dates import Frequency, RollRule, due_dates, month_end
from microcrm_core.loans.flow_times import reg_z_times
from microcrm_core.loans.payment_series import (
    choose_unit_period,
    count_series,
    intervals_between,
    series_due_day,
)
from microcrm_core.loans.unit_periods import UnitPeriod, count_unit_periods
from tests.loans.credit_cases import advance, credit, repayment

MONTH = UnitPeriod(1, "month")
SEMIMONTH = UnitPeriod(1, "semimonth")
FORTNIGHT = UnitPeriod(2, "week")


def days_of(*texts: str) -> list[dt.date]:
    return [dt.date.fromisoformat(text) for text in texts]


def series(first: str, count: int, due_day: int) -> list[dt.date]:
    """A monthly series whose day may be missing in some months."""
    roll = RollRule(kind=RollRule.DAY_OF_MONTH.kind, day=due_day)
    return list(due_dates(dt.date.fromisoformat(first), Frequency.MONTHLY, count, roll))


@pytest.mark.parametrize(
    ("paid_on", "due_day"),
    [
        # 12 CFR 1026, Appendix J (b)(3)(iv): last day to last day, and the last day of
        # February for a 29th or 30th.
        (["2025-01-31", "2025-02-28", "2025-03-31"], 31),
        (["2025-01-30", "2025-02-28", "2025-03-30"], 30),
        (["2025-01-29", "2025-02-28", "2025-03-29"], 29),
        (["2024-01-30", "2024-02-29", "2024-03-30"], 30),
        # Only last days, shorter ones too: a series on the last day.
        (["2025-04-30", "2025-06-30"], 31),
        (["2024-02-29", "2025-02-28"], 31),
        # Not the last day of a leap February.
        (["2023-02-28", "2024-02-28"], 28),
        # The last day of a short month is not a day up to the 28th.
        (["2025-01-15", "2025-02-15", "2025-02-28"], 15),
        # One payment was moved to the next or the last business day, or agreed apart.
        (["2025-01-31", "2025-03-03", "2025-03-31"], 31),
        (["2025-01-31", "2025-02-28", "2025-03-28", "2025-04-30"], 31),
        (["2025-01-30", "2025-02-28", "2025-03-30", "2025-04-28"], 30),
        (["2025-01-29", "2025-02-28", "2025-03-29", "2025-05-05"], 29),
        # Half of them are enough, the larger day on a tie; fewer are not.
        (["2025-01-31", "2025-03-31", "2025-05-09", "2025-06-11"], 31),
        (["2025-01-12", "2025-02-12", "2025-03-31", "2025-04-30"], 31),
        (["2025-01-31", "2025-03-31", "2025-05-09", "2025-06-11", "2025-07-13"], None),
        # Not a series: one payment, none, or each on a day of its own.
        (["2025-01-31"], None),
        ([], None),
        (["2025-04-01", "2025-04-16"], None),
    ],
)
def test_the_day_of_a_series_is_that_of_most_payments(
    paid_on: list[str], due_day: int | None
) -> None:
    assert series_due_day(days_of(*paid_on)) == due_day


@given(
    first=st.dates(dt.date(1990, 1, 1), dt.date(2090, 12, 1)),
    due_day=st.integers(29, 31),
    count=st.integers(7, 60),
    at=st.integers(0, 59),
    moved=st.integers(-3, 5),
)
def test_one_moved_payment_does_not_hide_the_day_of_a_series(
    first: dt.date, due_day: int, count: int, at: int, moved: int
) -> None:
    # Seven months in a row hold four long ones at least, so the day is no tie.
    first = first.replace(day=min(due_day, month_end(first).day))
    paid_on = series(first.isoformat(), count, due_day)
    at %= count
    paid_on[at] += dt.timedelta(days=moved)

    assert series_due_day(paid_on) == due_day
    assert choose_unit_period(intervals_between(paid_on, due_day=due_day)) == MONTH


@pytest.mark.parametrize("due_day", [29, 30, 31])
def test_the_other_payments_of_a_series_with_a_moved_one_stay_whole_months(
    due_day: int,
) -> None:
    start_on = dt.date(2025, 1, due_day)
    paid_on = series(f"2025-01-{due_day}", 13, due_day)[1:]
    assert paid_on[0] == dt.date(2025, 2, 28)
    paid_on[5] += dt.timedelta(days=4)
    flows = credit(
        advance(start_on, 120_000), *(repayment(on, 11_000) for on in paid_on)
    )

    times = reg_z_times(flows)

    assert times.basis == "unit-period of 1 month"
    odd = {position: one.odd for position, one in enumerate(times.factors) if one.odd}
    # The sixth is four days late: by its own day, so many days before it.
    assert list(odd) == [6]
    assert [one.whole for one in times.factors[:6]] == list(range(6))
    assert [one.whole for one in times.factors[7:]] == list(range(7, 13))


def test_advances_on_the_last_days_of_months_are_whole_months_apart() -> None:
    # Appendix J (b)(3)(iv) speaks of payments or advances.
    flows = credit(
        advance("2025-01-31", 10_000),
        advance("2025-02-28", 10_000),
        advance("2025-04-30", 10_000),
        repayment("2025-05-15", 16_000),
        repayment("2025-06-15", 16_000),
    )

    times = reg_z_times(flows)

    assert [str(one) for one in times.factors[:3]] == ["0", "1", "3"]
    # A single advance has no series, and the day of the payments is not its own.
    alone = credit(
        advance("2025-01-31", 100),
        advance("2025-02-28", 100),
        repayment("2025-03-31", 110),
        repayment("2025-04-30", 110),
    )
    assert [str(one) for one in reg_z_times(alone).factors] == ["0", "1", "2", "3"]


def test_a_payment_between_advances_does_not_make_a_rhythm_of_its_own() -> None:
    # Appendix J (b)(3)(i): a period lies between advances or between payments. The
    # advances are 14 days apart and the payments a month, so the month is common.
    flows = credit(
        advance("2025-01-01", 50_000),
        advance("2025-01-15", 50_000),
        repayment("2025-02-01", 35_000),
        repayment("2025-03-01", 35_000),
        repayment("2025-04-01", 35_000),
    )

    assert reg_z_times(flows).basis == "unit-period of 1 month"


@pytest.mark.parametrize(
    ("start_on", "paid_on", "counts"),
    [
        # 12 CFR 1026, Appendix J, example (c)(1)(iii): 6/15 to the first, and one
        # semimonth more for each of the others; here with the first two alone.
        ("1978-02-23", ["1978-03-01", "1978-03-16"], ["0 + 6/15", "1 + 6/15"]),
        ("1978-02-23", ["1978-03-01", "1978-03-15"], ["0 + 6/15", "1 + 6/15"]),
        ("2025-01-10", ["2025-01-15", "2025-01-31"], ["0 + 5/15", "1 + 5/15"]),
        ("2025-01-10", ["2025-01-16", "2025-02-01"], ["0 + 6/15", "1 + 6/15"]),
        ("2025-01-10", ["2025-01-15", "2025-02-01"], ["0 + 5/15", "1 + 5/15"]),
        ("2025-02-10", ["2025-02-16", "2025-02-28"], ["0 + 6/15", "1 + 6/15"]),
        ("2025-02-20", ["2025-02-28", "2025-03-15"], ["0 + 8/15", "1 + 8/15"]),
        ("2024-02-20", ["2024-02-29", "2024-03-15"], ["0 + 9/15", "1 + 9/15"]),
        ("2025-12-20", ["2025-12-31", "2026-01-15"], ["0 + 11/15", "1 + 11/15"]),
        # By the rule of (b)(5)(iii) where they are not half a month apart: days over
        # 15, and 30 days for a full month.
        ("2025-03-01", ["2025-03-08", "2025-03-21"], ["0 + 7/15", "1 + 5/15"]),
        ("2025-03-01", ["2025-03-08", "2025-03-25"], ["0 + 7/15", "1 + 9/15"]),
        ("2025-03-01", ["2025-03-08", "2025-05-08"], ["0 + 7/15", "4 + 7/15"]),
    ],
)
def test_two_payments_half_a_month_apart_are_one_semimonth_apart(
    start_on: str, paid_on: list[str], counts: list[str]
) -> None:
    found = count_series(dt.date.fromisoformat(start_on), days_of(*paid_on), SEMIMONTH)

    assert [str(one) for one in found] == counts


@pytest.mark.parametrize(
    ("first", "second", "is_half"),
    [
        # In a month of 30 days, 14 to 16 days are half of it; so the months count as
        # equal, whatever days they have.
        ("2025-06-01", "2025-06-14", False),
        ("2025-06-01", "2025-06-15", True),
        ("2025-06-01", "2025-06-17", True),
        ("2025-06-01", "2025-06-18", False),
        ("2025-06-15", "2025-06-29", True),
        ("2025-07-20", "2025-08-03", False),
        ("2025-07-20", "2025-08-04", True),
        ("2025-07-20", "2025-08-06", True),
        ("2025-07-20", "2025-08-07", False),
        ("2025-02-13", "2025-02-28", True),
        ("2025-02-17", "2025-02-28", True),
        ("2025-02-18", "2025-02-28", False),
        ("2025-02-27", "2025-03-12", False),
        ("2025-02-28", "2025-03-12", True),
        ("2025-02-28", "2025-03-17", True),
        ("2025-02-28", "2025-03-18", False),
        ("2025-06-01", "2025-07-16", False),
        ("2025-06-01", "2026-06-16", False),
    ],
)
def test_half_a_month_is_half_of_thirty_days_give_or_take_one(
    first: str, second: str, is_half: bool
) -> None:
    start_on = dt.date(2025, 1, 7)

    one, other = count_series(start_on, days_of(first, second), SEMIMONTH)

    alone = count_unit_periods(start_on, dt.date.fromisoformat(second), SEMIMONTH)
    expected = one.total + 1 if is_half else alone.total
    assert other.total == expected


def test_of_three_payments_the_calendar_says_which_are_half_a_month_apart() -> None:
    # 14 days apart each, and no two of them a month: two weeks, not half a month.
    paid_on = days_of("2025-03-03", "2025-03-17", "2025-03-31")

    found = count_series(dt.date(2025, 3, 3), paid_on, SEMIMONTH)

    assert [one.total for one in found] == [0, Fraction(14, 15), Fraction(28, 15)]


def test_the_first_and_fifteenth_of_each_month_are_semimonths() -> None:
    # From the 15th to the first there may be 17 days.
    days = [
        dt.date(2025, month, day) for month in range(1, 13) for day in (1, 15)
    ]  # fmt: skip
    assert {(b - a).days for a, b in pairwise(days)} >= {14, 16, 17}

    assert intervals_between(days) == {SEMIMONTH: 23}
    counts = count_series(dt.date(2024, 12, 27), days, SEMIMONTH)
    assert [one.total - counts[0].total for one in counts] == list(range(24))


def test_a_semimonth_beside_an_odd_payment_is_still_half_of_a_month() -> None:
    # 31 January to 15 February is half of the month from 15 January, though none of
    # the month to 4 March, which was moved there.
    days = days_of("2025-01-15", "2025-01-31", "2025-02-15", "2025-03-04")

    assert intervals_between(days) == {SEMIMONTH: 2, UnitPeriod(17, "day"): 1}


def test_two_weeks_in_february_are_not_taken_for_half_of_it() -> None:
    # 8 February to 8 March and 22 February to 22 March are whole months.
    days = [dt.date(2025, 1, 25) + dt.timedelta(weeks=2 * n) for n in range(5)]

    assert intervals_between(days) == {FORTNIGHT: 4}
    assert intervals_between(days_of("2025-02-01", "2025-02-15", "2025-03-01")) == {
        FORTNIGHT: 2
    }
    # One more semimonth than two weeks decides.
    assert intervals_between(days_of("2025-03-01", "2025-03-15", "2025-04-01")) == {
        SEMIMONTH: 2
    }


@pytest.mark.parametrize(
    ("days", "intervals"),
    [
        (["2024-02-29", "2025-02-28"], {"1 year": 1}),
        (["2024-02-29", "2027-02-28"], {"1 year": 1}),
        (["2025-01-10", "2026-01-09"], {"52 weeks": 1}),
        (["2025-01-10", "2026-01-11"], {"1 year": 1}),
        (["2024-01-10", "2025-01-09"], {"1 year": 1}),
        (["2023-12-31", "2024-12-30"], {"1 year": 1}),
        (["2025-01-10", "2025-12-10"], {"11 months": 1}),
        (["2025-01-10", "2025-01-11"], {"1 day": 1}),
        (["2025-01-10", "2025-12-09"], {"333 days": 1}),
        ([], {}),
        (["2025-01-10"], {}),
    ],
)
def test_an_interval_is_a_year_months_weeks_or_days(
    days: list[str], intervals: dict[str, int]
) -> None:
    found = intervals_between(days_of(*days))

    assert {str(one): times for one, times in found.items()} == intervals


def test_days_that_do_not_rise_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="days must rise: 2025-01-02 comes"):
        intervals_between(days_of("2025-01-02", "2025-01-02"))
    with pytest.raises(InvalidValueError, match="days must rise"):
        intervals_between(days_of("2025-01-02", "2025-01-01"))


def test_an_interval_that_occurs_less_than_once_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="intervals must be 1 or more"):
        choose_unit_period({MONTH: 0})


@pytest.mark.parametrize(
    ("intervals", "chosen"),
    [
        # Seven days are a week, wherever they come from.
        ({"7 day": 1, "1 week": 1}, "1 week"),
        ({"14 day": 1}, "term of 14 days"),
        ({"364 day": 1}, "term of 364 days"),
        ({"365 day": 1}, "1 year"),
        ({"11 month": 1}, "term of 11 months"),
        # The shorter on a tie of common periods, also where it comes last.
        ({"1 month": 2, "4 week": 2}, "4 weeks"),
        ({"4 week": 2, "1 month": 2}, "4 weeks"),
        ({"1 month": 3, "4 week": 2}, "1 month"),
        # A year and a month: the average is 197.5 days, nearest to 28 weeks.
        ({"1 year": 1, "1 month": 1}, "28 weeks"),
        # Halfway between 6 and 7 months, and 28 weeks are nearer: 195 days.
        ({"6 month": 1, "7 month": 1}, "28 weeks"),
        ({"1 day": 1, "2 day": 1}, "1 day"),
        ({"6 day": 1, "8 day": 1}, "1 week"),
        ({"29 day": 1, "31 day": 1}, "1 month"),
        ({"51 week": 1, "52 week": 1}, "51 weeks"),
        ({"363 day": 1, "365 day": 1}, "52 weeks"),
        ({"15 day": 1, "16 day": 1}, "1 semimonth"),
    ],
)
def test_common_periods_and_averages_are_chosen_by_their_length(
    intervals: dict[str, int], chosen: str
) -> None:
    given_: dict[UnitPeriod, int] = {}
    for text, times in intervals.items():
        count, unit = text.split()
        given_[UnitPeriod(int(count), unit)] = times

    assert str(choose_unit_period(given_)) == chosen


@given(
    start=st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1)),
    second_day=st.integers(15, 17),
    count=st.integers(3, 48),
    before=st.integers(0, 40),
)
def test_a_semimonthly_series_is_one_semimonth_a_payment(
    start: dt.date, second_day: int, count: int, before: int
) -> None:
    first = start.replace(day=1)
    paid_on = [first.replace(day=day) for day in (1, second_day)]
    while len(paid_on) < count:
        after = month_end(paid_on[-1]) + dt.timedelta(days=1)
        paid_on += [after, after.replace(day=second_day)]
    paid_on = paid_on[:count]

    counts = count_series(first - dt.timedelta(days=before), paid_on, SEMIMONTH)

    assert [one.total - counts[0].total for one in counts] == list(range(count))


@given(
    start=st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1)),
    years=st.integers(1, 10),
    count=st.integers(1, 40),
    day=st.integers(1, 28),
)
def test_moving_a_monthly_series_by_years_moves_no_count(
    start: dt.date, years: int, count: int, day: int
) -> None:
    # Months are equal, so the year of a month does not matter up to the 28th; the
    # odd days before do where they cross the end of a February.
    start = start.replace(month=3, day=day)
    first = (start + dt.timedelta(days=33)).replace(day=day)
    paid_on = due_dates(first, Frequency.MONTHLY, count)

    def moved(on: dt.date) -> dt.date:
        return on.replace(year=on.year + years)

    here = count_series(start, paid_on, MONTH)
    there = count_series(moved(start), [moved(on) for on in paid_on], MONTH)

    assert here == there
    assert [one.total for one in here] == [here[0].whole + n for n in range(count)]


def test_the_order_of_the_days_does_not_matter_for_their_day_of_the_month() -> None:
    chance = random.Random(31)
    for _ in range(50):
        paid_on = series("2025-01-31", chance.randint(2, 20), 31)
        expected = series_due_day(paid_on)
        chance.shuffle(paid_on)
        assert series_due_day(paid_on) == expected == 31
