from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.dates import (
    AdjustedDate,
    BusinessCalendar,
    BusinessDayRule,
    Frequency,
    Weekday,
    adjust_date,
    advance_business_days,
    advance_date,
    due_dates,
    keep_both_dates,
)
from microcrm_core.errors import InvalidValueError

R = BusinessDayRule
PLAIN = BusinessCalendar(name="plain")
DAYS = st.dates(dt.date(2023, 1, 1), dt.date(2025, 12, 31))
CALENDARS = st.builds(
    BusinessCalendar,
    name=st.just("drawn"),
    weekend=st.frozensets(st.sampled_from(list(Weekday)), max_size=4),
    holidays=st.frozensets(DAYS, max_size=30),
)
# QuantLib's test-suite, calendar of South Africa, the holidays of 2015 that matter.
SOUTH_AFRICA = BusinessCalendar(
    name="ZA 2015",
    holidays=[
        dt.date(2015, 1, 1),
        dt.date(2015, 4, 3),
        dt.date(2015, 4, 6),
        dt.date(2015, 4, 27),
        dt.date(2015, 5, 1),
    ],
)

# OpenGamma Strata, BusinessDayConventionTest, with Saturdays and Sundays closed.
STRATA = [
    (R.NO_ADJUST, "2014-07-12", "2014-07-12"),
    (R.FOLLOWING, "2014-07-12", "2014-07-14"),
    (R.FOLLOWING, "2014-08-31", "2014-09-01"),
    (R.MODIFIED_FOLLOWING, "2014-07-12", "2014-07-14"),
    (R.MODIFIED_FOLLOWING, "2014-08-31", "2014-08-29"),
    (R.HALF_MONTH_MODIFIED_FOLLOWING, "2014-07-12", "2014-07-14"),
    (R.HALF_MONTH_MODIFIED_FOLLOWING, "2014-08-30", "2014-08-29"),
    (R.HALF_MONTH_MODIFIED_FOLLOWING, "2014-11-15", "2014-11-14"),
    (R.HALF_MONTH_MODIFIED_FOLLOWING, "2014-11-16", "2014-11-17"),
    (R.PRECEDING, "2014-07-13", "2014-07-11"),
    (R.PRECEDING, "2014-11-01", "2014-10-31"),
    (R.MODIFIED_PRECEDING, "2014-07-13", "2014-07-11"),
    (R.MODIFIED_PRECEDING, "2014-11-01", "2014-11-03"),
    (R.NEAREST_SUNDAY_MONDAY, "2014-07-12", "2014-07-11"),
    (R.NEAREST_SUNDAY_MONDAY, "2014-07-13", "2014-07-14"),
]


@pytest.mark.parametrize(("rule", "on", "expected"), STRATA)
def test_a_weekend_day_moves_as_strata_says(
    rule: BusinessDayRule, on: str, expected: str
) -> None:
    moved_on = adjust_date(dt.date.fromisoformat(on), rule, PLAIN)

    assert moved_on == dt.date.fromisoformat(expected)


def test_the_two_meanings_of_nearest_differ_on_a_friday_and_a_sunday() -> None:
    # Strata looks only at the weekday, QuantLib counts the days.
    friday, sunday = dt.date(2014, 7, 11), dt.date(2014, 7, 13)
    no_friday = BusinessCalendar(name="x", holidays=[friday, dt.date(2014, 7, 10)])
    no_monday = BusinessCalendar(
        name="y", holidays=[dt.date(2014, 7, 14), dt.date(2014, 7, 15)]
    )

    assert adjust_date(sunday, R.NEAREST_SUNDAY_MONDAY, no_monday) == dt.date(
        2014, 7, 16
    )
    assert adjust_date(sunday, R.NEAREST_TRUE, no_monday) == friday
    assert adjust_date(friday, R.NEAREST_SUNDAY_MONDAY, no_friday) == dt.date(
        2014, 7, 9
    )
    assert adjust_date(dt.date(2014, 7, 12), R.NEAREST_TRUE, no_friday) == dt.date(
        2014, 7, 14
    )


def test_a_tie_between_two_nearest_days_goes_forward() -> None:
    # QuantLib, rule for Nearest: 14 July 2014 between open days on both sides.
    monday = dt.date(2014, 7, 15)
    calendar = BusinessCalendar(name="x", holidays=[monday])

    assert adjust_date(monday, R.NEAREST_TRUE, calendar) == dt.date(2014, 7, 16)


def test_a_month_that_is_closed_to_its_end_turns_round() -> None:
    # Under the modified rules even a far turn is better than another month.
    closed = [dt.date(2024, 2, number) for number in range(2, 30)]
    calendar = BusinessCalendar(name="x", holidays=closed)

    assert adjust_date(dt.date(2024, 2, 20), R.MODIFIED_FOLLOWING, calendar) == dt.date(
        2024, 2, 1
    )
    assert adjust_date(dt.date(2024, 2, 20), R.FOLLOWING, calendar) == dt.date(
        2024, 3, 1
    )


# QuantLib's test-suite, South Africa 2015.
ADVANCES = [
    ("2015-01-31", Frequency.MONTHLY, 1, R.FOLLOWING, True, "2015-02-27"),
    ("2015-01-31", Frequency.MONTHLY, 1, R.FOLLOWING, False, "2015-03-02"),
    ("2015-01-31", Frequency.MONTHLY, 1, R.MODIFIED_FOLLOWING, False, "2015-02-27"),
    ("2015-03-01", Frequency.MONTHLY, -1, R.MODIFIED_PRECEDING, False, "2015-02-02"),
    ("2015-02-27", Frequency.MONTHLY, 1, R.NO_ADJUST, True, "2015-03-27"),
    ("2015-02-28", Frequency.MONTHLY, 1, R.NO_ADJUST, True, "2015-03-31"),
    (
        "2015-03-21",
        Frequency.WEEKLY,
        1,
        R.HALF_MONTH_MODIFIED_FOLLOWING,
        False,
        "2015-03-30",
    ),
    ("2015-04-16", Frequency.MONTHLY, 1, R.NEAREST_TRUE, False, "2015-05-15"),
    ("2015-04-02", Frequency.MONTHLY, 1, R.NEAREST_TRUE, False, "2015-05-04"),
]


@pytest.mark.parametrize(
    ("on", "frequency", "count", "rule", "kept", "expected"), ADVANCES
)
def test_a_date_moves_by_periods_and_is_adjusted_after(
    on: str,
    frequency: Frequency,
    count: int,
    rule: BusinessDayRule,
    kept: bool,
    expected: str,
) -> None:
    moved_on = advance_date(
        dt.date.fromisoformat(on),
        frequency,
        count,
        rule,
        SOUTH_AFRICA,
        is_month_end_kept=kept,
    )

    assert moved_on == dt.date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(4, "2015-02-09"), (-2, "2015-01-30"), (0, "2015-02-03")],
)
def test_business_days_are_counted_after_the_date(count: int, expected: str) -> None:
    # QuantLib's test-suite, South Africa 2015.
    moved_on = advance_business_days(dt.date(2015, 2, 3), count, SOUTH_AFRICA)

    assert moved_on == dt.date.fromisoformat(expected)


@given(on=DAYS, count=st.integers(1, 60), calendar=CALENDARS)
def test_going_back_returns_to_a_business_day(
    on: dt.date, count: int, calendar: BusinessCalendar
) -> None:
    start_on = adjust_date(on, R.FOLLOWING, calendar)

    end_on = advance_business_days(start_on, count, calendar)

    assert advance_business_days(end_on, -count, calendar) == start_on
    assert calendar.count_business_days(start_on, end_on) == count


@pytest.mark.parametrize(
    "rule", [rule for rule in R if rule is not R.NO_ADJUST], ids=str
)
@given(on=DAYS, calendar=CALENDARS)
def test_an_adjusted_date_is_open_and_stays(
    rule: BusinessDayRule, on: dt.date, calendar: BusinessCalendar
) -> None:
    moved_on = adjust_date(on, rule, calendar)

    assert calendar.is_business_day(moved_on)
    assert adjust_date(moved_on, rule, calendar) == moved_on
    assert moved_on == on or not calendar.is_business_day(on)


@given(on=DAYS, calendar=CALENDARS)
def test_every_rule_chooses_the_following_or_the_preceding_day(
    on: dt.date, calendar: BusinessCalendar
) -> None:
    after = adjust_date(on, R.FOLLOWING, calendar)
    before = adjust_date(on, R.PRECEDING, calendar)
    assert before <= on <= after

    is_same_month = (after.year, after.month) == (on.year, on.month)
    modified = adjust_date(on, R.MODIFIED_FOLLOWING, calendar)
    assert modified == (after if is_same_month else before)
    is_same_half = is_same_month and (on.day <= 15) == (after.day <= 15)
    half = adjust_date(on, R.HALF_MONTH_MODIFIED_FOLLOWING, calendar)
    assert half == (after if is_same_half else before)
    is_same_month = (before.year, before.month) == (on.year, on.month)
    modified = adjust_date(on, R.MODIFIED_PRECEDING, calendar)
    assert modified == (before if is_same_month else after)
    nearest = adjust_date(on, R.NEAREST_TRUE, calendar)
    assert nearest == (after if after - on <= on - before else before)


def test_both_dates_are_kept_and_the_series_runs_on_the_unadjusted_ones() -> None:
    dates = due_dates(dt.date(2014, 8, 31), Frequency.MONTHLY, 3)

    pairs = keep_both_dates(dates, R.MODIFIED_FOLLOWING, PLAIN)

    assert pairs == (
        AdjustedDate(dt.date(2014, 8, 31), dt.date(2014, 8, 29)),
        AdjustedDate(dt.date(2014, 9, 30), dt.date(2014, 9, 30)),
        AdjustedDate(dt.date(2014, 10, 31), dt.date(2014, 10, 31)),
    )
    assert [pair.moved_days for pair in pairs] == [-2, 0, 0]


def test_a_modified_rule_needs_no_calendar_of_the_next_year() -> None:
    # 31 December 2022 was a Saturday; whatever 2023 holds, the rule turns round.
    calendar = BusinessCalendar(name="2022", year_min=2022, year_max=2022)
    last_on = dt.date(2022, 12, 31)

    friday = dt.date(2022, 12, 30)
    assert adjust_date(last_on, R.MODIFIED_FOLLOWING, calendar) == friday
    with pytest.raises(InvalidValueError, match="must be in the years of calendar"):
        adjust_date(last_on, R.FOLLOWING, calendar)


@pytest.mark.parametrize(
    "rule", [rule for rule in R if rule is not R.NO_ADJUST], ids=str
)
def test_a_calendar_that_never_opens_is_refused(rule: BusinessDayRule) -> None:
    closed = BusinessCalendar(name="closed", weekend=list(Weekday))

    with pytest.raises(InvalidValueError, match="business day at most 366 days"):
        adjust_date(dt.date(2024, 5, 17), rule, closed)


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="rule must be one of no_adjust"):
        adjust_date(
            dt.date(2024, 5, 17),
            "nearest",  # type: ignore[arg-type]  # it has two meanings
            PLAIN,
        )


def test_a_step_of_business_days_is_bounded() -> None:
    with pytest.raises(InvalidValueError, match="count must be 100000 or less"):
        advance_business_days(dt.date(2024, 5, 17), 100_001, PLAIN)
