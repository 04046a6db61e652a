"""Terms and conventions of every kind of date, day count and rule, for the laws."""

from __future__ import annotations

import datetime as dt
from itertools import accumulate

import attrs
from hypothesis import strategies as st

from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    DayCount,
    Frequency,
    FrequencyUnit,
    RollRule,
)
from microcrm_core.loans import (
    Accrual,
    BusinessDays,
    Collision,
    DaysInMonth,
    DaysInYear,
    InterestDate,
    LeapRule,
    LoanTerms,
    Remainder,
    ScheduleConventions,
    ShortPeriod,
    SplitDayCount,
)
from microcrm_core.rounding import Rounding
from tests.loans.loan_cases import make_terms
from tests.loans.time_oracle import ORACLE_DAY_COUNTS, regular_on, series_on

WEEKENDS = BusinessCalendar(name="weekends")
# Three closed days beside weekends bring neighboring dates together more often.
HOLIDAYS = BusinessCalendar(
    name="holidays",
    holidays=[
        dt.date(year, month, day)
        for year in range(2010, 2050)
        for month, day in ((1, 1), (5, 1), (12, 31))
    ],
)
FREQUENCIES = (
    Frequency.MONTHLY,
    Frequency.MONTHLY,
    Frequency.WEEKLY,
    Frequency.DAILY,
    Frequency.SEMIMONTHLY,
    Frequency.of("P10D"),
    Frequency.of("P2M"),
    Frequency.YEARLY,
)
ROLLS = (
    RollRule.DAY_OF_MONTH,
    RollRule.END_OF_MONTH,
    RollRule.NEXT_MONTH_FIRST,
    RollRule.of("day_31"),
)
DAYS = st.dates(dt.date(2019, 1, 1), dt.date(2028, 12, 31))


def split_day_counts() -> st.SearchStrategy[SplitDayCount]:
    """Draw a day count that is set in two parts."""
    return st.builds(
        SplitDayCount,
        days_in_year=st.sampled_from(DaysInYear),
        days_in_month=st.sampled_from(DaysInMonth),
        leap_rule=st.sampled_from(LeapRule),
    )


def business_days(
    calendar: BusinessCalendar = HOLIDAYS,
) -> st.SearchStrategy[BusinessDays]:
    """Draw how due dates keep to business days."""
    return st.builds(
        BusinessDays,
        rule=st.sampled_from(BusinessDayRule),
        calendar=st.just(calendar),
        interest_to=st.sampled_from(InterestDate),
        collision=st.sampled_from(Collision),
    )


@st.composite
def any_rules(draw: st.DrawFn) -> ScheduleConventions:
    """Draw exact conventions of every kind that the oracle of time knows."""
    day_counts = st.sampled_from(ORACLE_DAY_COUNTS)
    day_count = draw(st.one_of(day_counts, split_day_counts()))
    moves = draw(st.one_of(st.none(), business_days()))
    if day_count is DayCount.BUS_252 and moves is None:
        moves = draw(business_days())
    multiple = draw(st.sampled_from((1, 1, 5)))
    return ScheduleConventions(
        id="any",
        day_count=day_count,
        rounding=draw(st.sampled_from(Rounding)),
        roll=draw(st.sampled_from(ROLLS)),
        accrual=draw(st.sampled_from((Accrual.DAILY, *Accrual))),
        short_period=draw(st.sampled_from(ShortPeriod)),
        currency_multiple=multiple,
        installment_multiple=multiple * draw(st.sampled_from((1, 1, 7))),
        remainder=draw(st.sampled_from(Remainder)),
        business_days=moves,
        has_interest_on_disbursement_day=draw(st.booleans()),
    )


@st.composite
def any_terms(draw: st.DrawFn, rules: ScheduleConventions) -> LoanTerms:
    """Draw terms of up to 6 installments with dates of every kind."""
    frequency = draw(st.sampled_from(FREQUENCIES))
    first_on = draw(DAYS)
    if draw(st.booleans()):
        # Around the end of a month is where dates go wrong.
        first_on = first_on.replace(day=28) + dt.timedelta(days=draw(st.integers(0, 3)))
    terms = make_terms(
        principal_minor=draw(st.one_of(st.integers(1, 300), st.integers(1, 10**7))),
        annual_ppm=draw(st.integers(0, 900_000)),
        installment_count=draw(st.integers(1, _count_max(frequency))),
        frequency=frequency,
        disbursed_on=first_on - dt.timedelta(days=1),
        first_due_on=first_on,
    )
    terms = attrs.evolve(terms, disbursed_on=draw(_starts(terms, rules)))
    kind = draw(st.sampled_from(("regular", "regular", "agreed", "fixed length")))
    gaps = st.integers(1, 60)
    if kind == "agreed":
        later = st.lists(
            gaps,
            min_size=terms.installment_count - 1,
            max_size=terms.installment_count - 1,
        )
        agreed = tuple(
            first_on + dt.timedelta(days=days)
            for days in accumulate(draw(later), initial=0)
        )
        return attrs.evolve(terms, due_on=agreed)
    if kind == "fixed length":
        dates = [first_on, *series_on(terms, rules)]
        is_one = terms.installment_count == 1
        regular = (dates[-1] - dates[-2]).days
        days = draw(st.one_of(gaps, st.just(max(regular, 1))))
        last_on = dates[-2] + dt.timedelta(days=days - is_one)
        return attrs.evolve(terms, last_due_on=last_on)
    return terms


def _count_max(frequency: Frequency) -> int:
    # The oracle counts single days.
    return 2 if frequency == Frequency.YEARLY else 6


@st.composite
def _starts(draw: st.DrawFn, terms: LoanTerms, rules: ScheduleConventions) -> dt.date:
    # A regular first period, or one of up to two and a half.
    notional_on = regular_on(terms, rules, -1)
    if draw(st.booleans()):
        return notional_on
    days = (terms.first_due_on - notional_on).days
    gap_days = draw(st.integers(1, max(2, days * 5 // 2)))
    return terms.first_due_on - dt.timedelta(days=gap_days)


def is_counted_in_days(frequency: Frequency) -> bool:
    """Return whether whole weeks can be added to a series without changing it."""
    return frequency.unit in (FrequencyUnit.DAY, FrequencyUnit.WEEK)
