from __future__ import annotations

import datetime as dt
from fractions import Fraction
from itertools import pairwise
from typing import TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.dates import (
    BusinessCalendar,
    DayCount,
    Frequency,
    add_months,
    count_days,
    notional_periods,
    year_fraction,
)
from microcrm_core.errors import InvalidValueError

PLAIN = BusinessCalendar(name="plain")
DAYS = st.dates(dt.date(1995, 1, 1), dt.date(2045, 12, 31))
HORIZON_ON = dt.date(2046, 2, 28)


class Context(TypedDict):
    termination_on: dt.date
    reference_periods: list[tuple[dt.date, dt.date]]
    frequency: int
    period_end_on: dt.date
    calendar: BusinessCalendar


YEARS = [(dt.date(y, 1, 1), dt.date(y + 1, 1, 1)) for y in range(1994, 2048)]


def context() -> Context:
    """Return everything that any convention may need, fixed for all dates."""
    return {
        "termination_on": HORIZON_ON,
        "reference_periods": YEARS,
        "frequency": 1,
        "period_end_on": HORIZON_ON,
        "calendar": PLAIN,
    }


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# ISDA, memo on the actual/actual day count fraction, 1999 edition: the five
# examples, each under the three actual/actual conventions.
ISDA_MEMO = [
    # A semiannual bond; the period crosses the end of 2003.
    (DayCount.ACT_ACT_ISDA, "2003-11-01", "2004-05-01", "61/365+121/366"),
    (DayCount.ACT_ACT_AFB, "2003-11-01", "2004-05-01", "182/366"),
    # A short first period, then a whole year.
    (DayCount.ACT_ACT_ISDA, "1999-02-01", "1999-07-01", "150/365"),
    (DayCount.ACT_ACT_AFB, "1999-02-01", "1999-07-01", "150/365"),
    (DayCount.ACT_ACT_ISDA, "1999-07-01", "2000-07-01", "184/365+182/366"),
    (DayCount.ACT_ACT_AFB, "1999-07-01", "2000-07-01", "1"),
    # A long first period, then a regular one.
    (DayCount.ACT_ACT_ISDA, "2002-08-15", "2003-07-15", "334/365"),
    (DayCount.ACT_ACT_AFB, "2002-08-15", "2003-07-15", "334/365"),
    (DayCount.ACT_ACT_ISDA, "2003-07-15", "2004-01-15", "170/365+14/366"),
    (DayCount.ACT_ACT_AFB, "2003-07-15", "2004-01-15", "184/365"),
    # A short final period.
    (DayCount.ACT_ACT_ISDA, "1999-07-30", "2000-01-30", "155/365+29/366"),
    (DayCount.ACT_ACT_AFB, "1999-07-30", "2000-01-30", "184/365"),
    (DayCount.ACT_ACT_ISDA, "2000-01-30", "2000-06-30", "152/366"),
    (DayCount.ACT_ACT_AFB, "2000-01-30", "2000-06-30", "152/366"),
    # A long final period.
    (DayCount.ACT_ACT_ISDA, "1999-11-30", "2000-04-30", "32/365+120/366"),
    (DayCount.ACT_ACT_AFB, "1999-11-30", "2000-04-30", "152/366"),
]


@pytest.mark.parametrize(("day_count", "start", "end", "terms"), ISDA_MEMO)
def test_actual_actual_gives_the_figures_of_the_isda_memo(
    day_count: DayCount, start: str, end: str, terms: str
) -> None:
    expected = sum((Fraction(term) for term in terms.split("+")), Fraction(0))

    assert year_fraction(day_count, day(start), day(end)) == expected


# The same memo; the notional periods are the ones that it draws.
ICMA_MEMO = [
    ("2003-11-01", "2004-05-01", "2003-11-01 2004-05-01", 2, "1/2"),
    ("1999-02-01", "1999-07-01", "1998-07-01 1999-07-01", 1, "150/365"),
    ("2002-08-15", "2003-07-15", "2002-07-15 2003-01-15 2003-07-15", 2, "337/368"),
    ("2000-01-30", "2000-06-30", "2000-01-30 2000-07-30", 2, "152/364"),
    ("1999-11-30", "2000-04-30", "1999-11-30 2000-02-29 2000-05-31", 4, "153/368"),
]


@pytest.mark.parametrize(("start", "end", "edges", "frequency", "expected"), ICMA_MEMO)
def test_icma_sums_over_the_notional_periods_of_the_isda_memo(
    start: str, end: str, edges: str, frequency: int, expected: str
) -> None:
    days = [day(text) for text in edges.split()]

    fraction = year_fraction(
        DayCount.ACT_ACT_ICMA,
        day(start),
        day(end),
        reference_periods=pairwise(days),
        frequency=frequency,
    )

    assert fraction == Fraction(expected)


# ISDA's 30/360 example workbook: days under bond basis, Eurobond basis, and
# 30E/360 ISDA with a far termination; US: the bond rules after the February rule.
THIRTY_DAYS = [
    ("2006-08-20", "2007-02-20", 180, 180, 180, 180),
    ("2006-08-31", "2007-02-28", 178, 178, 178, 180),
    ("2007-02-28", "2007-08-31", 183, 180, 182, 180),
    ("2007-08-31", "2008-02-29", 179, 179, 179, 180),
    ("2008-02-29", "2008-08-31", 182, 180, 181, 180),
    ("2008-02-28", "2008-08-31", 183, 183, 182, 182),
    ("2006-01-31", "2006-02-28", 28, 28, 28, 30),
    ("2006-02-28", "2006-03-03", 5, 3, 5, 3),
    ("2006-09-30", "2006-10-31", 30, 30, 30, 30),
    ("2007-02-28", "2008-02-29", 361, 360, 361, 360),
]


@pytest.mark.parametrize(
    ("start", "end", "bond", "us", "euro", "isda"), THIRTY_DAYS, ids=str
)
def test_thirty_day_months_give_the_days_of_isdas_workbook(
    start: str, end: str, bond: int, us: int, euro: int, isda: int
) -> None:
    dates = day(start), day(end)
    far_on = dt.date(2020, 1, 1)

    assert count_days(DayCount.THIRTY_360_BOND, *dates) == bond
    assert count_days(DayCount.THIRTY_360_US, *dates) == us
    assert count_days(DayCount.THIRTY_E_360, *dates) == euro
    found = count_days(DayCount.THIRTY_E_360_ISDA, *dates, termination_on=far_on)
    assert found == isda


def test_the_last_february_of_a_contract_keeps_its_days() -> None:
    # OpenGamma Strata, DayCountTest: the same dates, at maturity and before.
    dates = dt.date(2011, 2, 28), dt.date(2012, 2, 29)
    isda = DayCount.THIRTY_E_360_ISDA

    assert year_fraction(isda, *dates, termination_on=dates[1]) == Fraction(359, 360)
    assert year_fraction(isda, *dates, termination_on=dt.date(2020, 1, 1)) == 1


# OpenGamma Strata, DayCountTest. AFB: a 29 February at the start counts, at the
# end it does not; years are subtracted from the end, also from a 29 February.
AFB_FEBRUARY = [
    ("1994-02-10", "1997-06-30", 3 + Fraction(140, 365)),
    ("2004-02-29", "2008-02-28", 3 + Fraction(365, 366)),
    ("2004-02-29", "2008-02-29", Fraction(4)),
    ("2004-02-28", "2008-02-28", Fraction(4)),
    ("2011-12-28", "2012-02-29", Fraction(63, 365)),
    ("2011-12-28", "2012-03-01", Fraction(64, 366)),
]


@pytest.mark.parametrize(("start", "end", "expected"), AFB_FEBRUARY)
def test_afb_counts_whole_years_back_from_the_end(
    start: str, end: str, expected: Fraction
) -> None:
    assert year_fraction(DayCount.ACT_ACT_AFB, day(start), day(end)) == expected


# OpenGamma Strata, DayCountTest: frequency, period end, days of the year.
ACTUAL_365L = [
    ("2011-12-28", "2012-02-28", 1, "2012-02-28", 365),
    ("2011-12-28", "2012-02-28", 1, "2012-02-29", 366),
    ("2011-12-28", "2012-02-29", 1, "2012-03-01", 366),
    ("2012-02-29", "2013-02-28", 1, "2013-02-28", 365),
    ("2011-12-28", "2012-02-28", 2, "2012-02-28", 366),
    ("2010-12-28", "2011-02-28", 2, "2011-03-01", 365),
]


@pytest.mark.parametrize(
    ("start", "end", "frequency", "period_end", "year_days"), ACTUAL_365L
)
def test_actual_365l_looks_at_the_period_for_its_year(
    start: str, end: str, frequency: int, period_end: str, year_days: int
) -> None:
    start_on, end_on = day(start), day(end)

    fraction = year_fraction(
        DayCount.ACT_365L,
        start_on,
        end_on,
        frequency=frequency,
        period_end_on=day(period_end),
    )

    assert fraction == Fraction((end_on - start_on).days, year_days)


# OpenGamma Strata, DayCountTest: a leap day counts with the date that it ends on.
@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2011-12-28", "2012-02-28", 62),
        ("2011-12-28", "2012-02-29", 62),
        ("2011-12-28", "2012-03-01", 63),
        ("2012-02-28", "2012-03-28", 28),
        ("2012-02-29", "2012-03-28", 28),
        ("2011-12-28", "2016-03-01", 1523),
    ],
)
def test_no_leap_year_leaves_out_every_29_february(
    start: str, end: str, days: int
) -> None:
    fraction = year_fraction(DayCount.NL_365, day(start), day(end))

    assert fraction == Fraction(days, 365)


def test_business_days_over_252_count_the_start_and_not_the_end() -> None:
    # QuantLib's Brazilian settlement calendar, 17 March to 15 May 2006.
    holidays = [day("2006-04-14"), day("2006-04-21"), day("2006-05-01")]
    calendar = BusinessCalendar(name="BR 2006, spring", holidays=holidays)
    dates = day("2006-03-17"), day("2006-05-15")

    assert year_fraction(DayCount.BUS_252, *dates, calendar=calendar) == Fraction(
        38, 252
    )


# By definition of each convention, from 1 January 2024 to 1 April 2024.
@pytest.mark.parametrize(
    ("day_count", "expected"),
    [
        (DayCount.ACT_360, Fraction(91, 360)),
        (DayCount.ACT_364, Fraction(1, 4)),
        (DayCount.ACT_365F, Fraction(91, 365)),
    ],
)
def test_actual_days_are_divided_by_a_fixed_year(
    day_count: DayCount, expected: Fraction
) -> None:
    dates = dt.date(2024, 1, 1), dt.date(2024, 4, 1)

    assert year_fraction(day_count, *dates) == expected


def test_the_stored_texts_are_never_renamed() -> None:
    assert [day_count.value for day_count in DayCount] == [
        "30/360",
        "30/360 US",
        "30E/360",
        "30E/360 ISDA",
        "ACT/360",
        "ACT/364",
        "ACT/365F",
        "ACT/ACT ISDA",
        "ACT/ACT ICMA",
        "ACT/ACT AFB",
        "ACT/365L",
        "NL/365",
        "BUS/252",
    ]


@pytest.mark.parametrize("day_count", DayCount)
@given(on=DAYS)
def test_the_same_date_twice_is_no_time(day_count: DayCount, on: dt.date) -> None:
    assert year_fraction(day_count, on, on, **context()) == 0
    assert count_days(day_count, on, on, termination_on=HORIZON_ON, calendar=PLAIN) == 0


@pytest.mark.parametrize("day_count", DayCount)
@given(dates=st.tuples(DAYS, DAYS).filter(lambda pair: pair[0] != pair[1]))
def test_a_start_after_the_end_is_refused_unless_the_sign_is_asked_for(
    day_count: DayCount, dates: tuple[dt.date, dt.date]
) -> None:
    early_on, late_on = sorted(dates)

    with pytest.raises(InvalidValueError, match="start_on must not be after end_on"):
        year_fraction(day_count, late_on, early_on, **context())
    forward = year_fraction(day_count, early_on, late_on, **context())
    backward = year_fraction(day_count, late_on, early_on, **context(), is_signed=True)
    assert backward == -forward


@pytest.mark.parametrize("day_count", DayCount)
@given(dates=st.tuples(DAYS, DAYS, DAYS))
def test_a_later_end_is_never_less_time(
    day_count: DayCount, dates: tuple[dt.date, dt.date, dt.date]
) -> None:
    start_on, middle_on, end_on = sorted(dates)

    shorter = year_fraction(day_count, start_on, middle_on, **context())
    longer = year_fraction(day_count, start_on, end_on, **context())
    assert 0 <= shorter <= longer


@pytest.mark.parametrize("day_count", DayCount)
@given(start_on=DAYS, length=st.integers(0, 800))
def test_one_more_day_is_never_less_time(
    day_count: DayCount, start_on: dt.date, length: int
) -> None:
    """The steps at month ends, which far dates hardly ever meet."""
    end_on = min(start_on + dt.timedelta(days=length), dt.date(2045, 12, 30))
    start_on = min(start_on, end_on)
    next_on = end_on + dt.timedelta(days=1)

    shorter = year_fraction(day_count, start_on, end_on, **context())
    assert shorter <= year_fraction(day_count, start_on, next_on, **context())


ADDITIVE = sorted(
    # The bond rules look at both dates at once; AFB and 365L choose one year length.
    set(DayCount)
    - {
        DayCount.THIRTY_360_BOND,
        DayCount.THIRTY_360_US,
        DayCount.ACT_ACT_AFB,
        DayCount.ACT_365L,
    }
)


@pytest.mark.parametrize("day_count", ADDITIVE)
@given(dates=st.tuples(DAYS, DAYS, DAYS))
def test_two_parts_add_up_to_the_whole(
    day_count: DayCount, dates: tuple[dt.date, dt.date, dt.date]
) -> None:
    start_on, middle_on, end_on = sorted(dates)

    parts = year_fraction(day_count, start_on, middle_on, **context())
    parts += year_fraction(day_count, middle_on, end_on, **context())
    assert parts == year_fraction(day_count, start_on, end_on, **context())


# How far a calendar year may be from one: by days of the year over the
# denominator; a 29 February is two 30-day-month days before the 1 March.
YEAR_BOUNDS = {
    DayCount.THIRTY_360_BOND: Fraction(1, 360),
    DayCount.THIRTY_360_US: Fraction(2, 360),
    DayCount.THIRTY_E_360: Fraction(1, 360),
    DayCount.THIRTY_E_360_ISDA: Fraction(2, 360),
    DayCount.ACT_360: Fraction(6, 360),
    DayCount.ACT_364: Fraction(2, 364),
    DayCount.ACT_365F: Fraction(1, 365),
    DayCount.ACT_ACT_ISDA: Fraction(1, 365),
    DayCount.ACT_ACT_ICMA: Fraction(1, 365),
    DayCount.ACT_ACT_AFB: Fraction(1, 366),
    DayCount.ACT_365L: Fraction(1, 365),
    DayCount.NL_365: Fraction(0),
    DayCount.BUS_252: Fraction(10, 252),
}


@pytest.mark.parametrize("day_count", DayCount)
@given(start_on=DAYS.filter(lambda on: on.year < 2045))
def test_a_calendar_year_is_about_one(day_count: DayCount, start_on: dt.date) -> None:
    end_on = add_months(start_on, 12)

    whole = year_fraction(day_count, start_on, end_on, **context())
    assert abs(whole - 1) <= YEAR_BOUNDS[day_count]


@given(start_on=DAYS, end_on=DAYS, anchor_on=DAYS)
def test_icma_agrees_with_any_split_of_its_notional_periods(
    start_on: dt.date, end_on: dt.date, anchor_on: dt.date
) -> None:
    """Every regular period is the same part of a year, so n of them are n parts."""
    start_on, end_on = sorted((start_on, end_on + dt.timedelta(days=1)))
    if start_on == end_on:
        return
    periods = notional_periods(
        start_on, end_on, anchor_on=anchor_on, frequency=Frequency.QUARTERLY
    )

    whole = year_fraction(
        DayCount.ACT_ACT_ICMA,
        periods[0][0],
        periods[-1][1],
        reference_periods=periods,
        frequency=4,
    )

    assert whole == Fraction(len(periods), 4)


@pytest.mark.parametrize("day_count", DayCount)
def test_what_a_convention_needs_is_asked_for_by_name(day_count: DayCount) -> None:
    given_all = dict(context())
    for name in day_count.needs:
        given_rest = {key: value for key, value in given_all.items() if key != name}
        with pytest.raises(InvalidValueError, match=f"{name} must be given") as raised:
            year_fraction(
                day_count,
                dt.date(2024, 1, 1),
                dt.date(2024, 7, 1),
                **given_rest,  # type: ignore[arg-type]  # one key is left out
            )
        assert raised.value.field == name


def test_only_four_conventions_need_more_than_dates() -> None:
    needy = {day_count for day_count in DayCount if day_count.needs}

    assert needy == {
        DayCount.THIRTY_E_360_ISDA,
        DayCount.ACT_ACT_ICMA,
        DayCount.ACT_365L,
        DayCount.BUS_252,
    }


@pytest.mark.parametrize(
    ("edges", "rule"),
    [
        ([("2024-01-01", "2024-03-01")], "must cover"),
        ([("2024-01-01", "2024-03-01"), ("2024-04-01", "2024-08-01")], "must each"),
        ([("2024-01-01", "2024-05-01"), ("2024-04-01", "2024-08-01")], "must each"),
        ([("2024-08-01", "2024-01-01")], "must each end after"),
        ([], "must cover"),
    ],
)
def test_reference_periods_that_do_not_fit_are_refused(
    edges: list[tuple[str, str]], rule: str
) -> None:
    periods = [(day(start), day(end)) for start, end in edges]

    with pytest.raises(InvalidValueError, match=rule):
        year_fraction(
            DayCount.ACT_ACT_ICMA,
            dt.date(2024, 1, 1),
            dt.date(2024, 7, 1),
            reference_periods=periods,
            frequency=2,
        )


def test_a_period_that_ends_before_the_days_do_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="period_end_on must not be before"):
        year_fraction(
            DayCount.ACT_365L,
            dt.date(2024, 1, 1),
            dt.date(2024, 7, 1),
            frequency=1,
            period_end_on=dt.date(2024, 6, 30),
        )


@pytest.mark.parametrize("frequency", [0, -1, True, 2.0])
def test_a_frequency_is_a_whole_number_of_periods(frequency: int) -> None:
    with pytest.raises(InvalidValueError, match="frequency must be"):
        year_fraction(
            DayCount.ACT_365L,
            dt.date(2024, 1, 1),
            dt.date(2024, 7, 1),
            frequency=frequency,
            period_end_on=dt.date(2024, 7, 1),
        )


def test_a_moment_is_no_date() -> None:
    noon = dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)

    with pytest.raises(InvalidValueError, match="start_on must be a date"):
        year_fraction(DayCount.ACT_360, noon, dt.date(2024, 7, 1))


def test_a_set_of_holidays_is_no_calendar() -> None:
    with pytest.raises(InvalidValueError, match="calendar must be a BusinessCalendar"):
        year_fraction(
            DayCount.BUS_252,
            dt.date(2024, 1, 1),
            dt.date(2024, 7, 1),
            calendar={dt.date(2024, 5, 1)},  # type: ignore[arg-type]  # a likely slip
        )


def test_an_unknown_convention_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="day_count must be one of 30/360,"):
        year_fraction(
            "ACT/366",  # type: ignore[arg-type]  # what a file might hold
            dt.date(2024, 1, 1),
            dt.date(2024, 7, 1),
        )
