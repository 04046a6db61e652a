from __future__ import annotations

import datetime as dt
from fractions import Fraction

import attrs
import pytest

from microcrm_core import InvalidValueError, Money, ScheduleError
from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    DayCount,
    Frequency,
)
from microcrm_core.loans import (
    STRICT,
    Accrual,
    BusinessDays,
    Collision,
    DaysInMonth,
    DaysInYear,
    InterestDate,
    InterestPause,
    LeapRule,
    LoanTerms,
    RateChange,
    ScheduleConventions,
    ShortPeriod,
    SplitDayCount,
    Tranche,
)
from microcrm_core.loans.periods import InterestPeriod, interest_periods
from microcrm_core.loans.portions import payouts
from microcrm_core.rates import Rate
from tests.loans.loan_cases import EUR, make_terms

WEEKENDS = BusinessCalendar(name="weekends")
PER_PERIOD = attrs.evolve(STRICT, accrual=Accrual.PER_PERIOD)
DISBURSED_ON = dt.date(2025, 1, 15)


def periods_of(
    terms: LoanTerms, rules: ScheduleConventions
) -> tuple[InterestPeriod, ...]:
    return interest_periods(terms, rules, payouts(terms, rules))


def first_fraction(
    disbursed_on: dt.date,
    first_due_on: dt.date,
    rules: ScheduleConventions,
    *,
    frequency: Frequency = Frequency.MONTHLY,
    count: int = 1,
) -> Fraction:
    """Return what part of a year the first period is."""
    terms = make_terms(
        installment_count=count,
        frequency=frequency,
        disbursed_on=disbursed_on,
        first_due_on=first_due_on,
    )
    return periods_of(terms, rules)[0].fraction


def counted(day_count: DayCount) -> ScheduleConventions:
    return attrs.evolve(STRICT, day_count=day_count)


def split(
    year: DaysInYear, month: DaysInMonth, leap_rule: LeapRule = LeapRule.EVERY_DAY
) -> ScheduleConventions:
    day_count = SplitDayCount(
        days_in_year=year, days_in_month=month, leap_rule=leap_rule
    )
    return attrs.evolve(STRICT, day_count=day_count)


ACTUAL = split(DaysInYear.ACTUAL, DaysInMonth.ACTUAL)
SPLIT_360_30 = split(DaysInYear.DAYS_360, DaysInMonth.DAYS_30)


def test_a_regular_month_is_a_twelfth_of_a_year_by_periods() -> None:
    on = dt.date(2024, 2, 15)

    assert first_fraction(dt.date(2024, 1, 15), on, PER_PERIOD) == Fraction(1, 12)


def test_odd_days_count_by_the_notional_period_they_lie_in() -> None:
    # From 5 January to the notional start on 15 January: 10 of the 31 days from
    # 15 December; then one month.
    fraction = first_fraction(dt.date(2025, 1, 5), dt.date(2025, 2, 15), PER_PERIOD)

    assert fraction == (1 + Fraction(10, 31)) / 12


@pytest.mark.parametrize(
    ("short_period", "by_periods", "by_days"),
    [
        (ShortPeriod.BY_DAYS, Fraction(21, 31) / 12, Fraction(21, 365)),
        (ShortPeriod.WHOLE_PERIOD, Fraction(1, 12), Fraction(31, 365)),
        (ShortPeriod.INTEREST_FREE, Fraction(0), Fraction(0)),
    ],
)
def test_a_short_first_period_bears_what_the_conventions_say(
    short_period: ShortPeriod, by_periods: Fraction, by_days: Fraction
) -> None:
    # 25 January to 15 February: 21 of the 31 days from 15 January.
    days = dt.date(2025, 1, 25), dt.date(2025, 2, 15)

    per_period = attrs.evolve(PER_PERIOD, short_period=short_period)
    assert first_fraction(*days, per_period) == by_periods
    daily = attrs.evolve(STRICT, short_period=short_period)
    assert first_fraction(*days, daily) == by_days


def test_a_last_period_is_measured_forward_from_its_own_start() -> None:
    # 15 March to 25 April: one month, then 10 of the 30 days from 15 April.
    terms = make_terms(installment_count=3)
    terms = attrs.evolve(terms, last_due_on=dt.date(2025, 4, 25))

    *_, last = periods_of(terms, PER_PERIOD)

    assert last.fraction == (1 + Fraction(10, 30)) / 12


def test_agreed_dates_make_every_period_regular() -> None:
    due_on = (dt.date(2025, 2, 1), dt.date(2025, 3, 20), dt.date(2025, 6, 1))
    terms = attrs.evolve(
        make_terms(installment_count=3, first_due_on=due_on[0]), due_on=due_on
    )

    fractions = [period.fraction for period in periods_of(terms, PER_PERIOD)]

    assert fractions == [Fraction(1, 12)] * 3


def test_a_long_first_period_counts_notional_periods_under_icma() -> None:
    # ISDA, memo on the actual/actual day count fraction (1999): 15 August 2002 to
    # 15 July 2003 is 181/(181 x 2) + 153/(184 x 2) of a year, half-yearly.
    fraction = first_fraction(
        dt.date(2002, 8, 15),
        dt.date(2003, 7, 15),
        counted(DayCount.ACT_ACT_ICMA),
        frequency=Frequency.SEMIANNUAL,
    )

    assert fraction == Fraction(181, 181 * 2) + Fraction(153, 184 * 2)


def test_a_short_first_period_counts_its_share_under_icma() -> None:
    # The same memo: 1 February 1999 to 1 July 1999 is 150/365 of a year, yearly.
    fraction = first_fraction(
        dt.date(1999, 2, 1),
        dt.date(1999, 7, 1),
        counted(DayCount.ACT_ACT_ICMA),
        frequency=Frequency.YEARLY,
    )

    assert fraction == Fraction(150, 365)


def test_the_last_february_counts_its_days_under_30e_360_isda() -> None:
    # 2006 ISDA Definitions 4.16(h): the last day of February is a 30th unless it is
    # the day on which the contract ends.
    terms = make_terms(
        installment_count=2,
        disbursed_on=dt.date(2024, 12, 31),
        first_due_on=dt.date(2025, 1, 31),
    )
    rules = counted(DayCount.THIRTY_E_360_ISDA)

    assert [part.fraction for part in periods_of(terms, rules)] == [
        Fraction(30, 360),
        Fraction(28, 360),
    ]
    longer = attrs.evolve(terms, installment_count=3)
    assert periods_of(longer, rules)[1].fraction == Fraction(30, 360)


def test_act_365l_looks_at_the_end_of_the_period() -> None:
    rules = counted(DayCount.ACT_365L)
    days = dt.date(2023, 12, 15), dt.date(2024, 1, 15)

    assert first_fraction(*days, rules) == Fraction(31, 366)
    yearly = dt.date(2023, 3, 1), dt.date(2024, 2, 28)
    assert first_fraction(*yearly, rules, frequency=Frequency.YEARLY) == Fraction(
        364, 365
    )


def test_business_days_over_252_need_a_calendar() -> None:
    # Wednesday, 15 January 2025, to Saturday, 15 February: 23 working days.
    rules = counted(DayCount.BUS_252)
    days = dt.date(2025, 1, 15), dt.date(2025, 2, 15)
    business_days = BusinessDays(
        rule=BusinessDayRule.NO_ADJUST,
        calendar=WEEKENDS,
        interest_to=InterestDate.ORIGINAL,
        collision=Collision.KEPT,
    )

    with pytest.raises(InvalidValueError, match="must be given for BUS/252") as error:
        first_fraction(*days, rules)
    assert error.value.field == "business_days"
    assert error.value.value is None
    with_calendar = attrs.evolve(rules, business_days=business_days)
    assert first_fraction(*days, with_calendar) == Fraction(23, 252)


def test_months_of_thirty_days_count_whole_months_and_the_rest_of_one() -> None:
    # The rule of Apache Fineract: 1 February to 15 April is 2 + 14/30 months.
    terms = make_terms(
        installment_count=1,
        disbursed_on=dt.date(2024, 2, 1),
        first_due_on=dt.date(2024, 4, 15),
    )

    [period] = periods_of(terms, SPLIT_360_30)

    assert period.fraction == (2 + Fraction(14, 30)) * Fraction(30, 360)


def test_months_of_thirty_days_ignore_the_lengths_of_months() -> None:
    # From the 31st on, February is one month like the others.
    terms = make_terms(
        installment_count=3,
        disbursed_on=dt.date(2024, 12, 31),
        first_due_on=dt.date(2025, 1, 31),
    )

    fractions = [period.fraction for period in periods_of(terms, SPLIT_360_30)]

    assert fractions == [Fraction(1, 12)] * 3


@pytest.mark.parametrize(
    ("frequency", "first_due_on", "days"),
    [
        (Frequency.WEEKLY, dt.date(2025, 1, 22), 7),
        (Frequency.BIWEEKLY, dt.date(2025, 1, 25), 10),
        (Frequency.of("P10D"), dt.date(2025, 1, 25), 10),
        (Frequency.SEMIMONTHLY, dt.date(2025, 1, 30), 15),
    ],
)
def test_other_units_count_their_own_days_over_360(
    frequency: Frequency, first_due_on: dt.date, days: int
) -> None:
    terms = make_terms(
        installment_count=1, frequency=frequency, first_due_on=first_due_on
    )

    [period] = periods_of(terms, SPLIT_360_30)

    assert period.fraction == Fraction(days, 360)


def test_a_year_of_actual_length_is_split_at_new_year() -> None:
    # The day of payment counts: 30 days of 2023 (365) and 31 of 2024 (366).
    days = dt.date(2023, 12, 1), dt.date(2024, 1, 31)
    first_day_counts = attrs.evolve(ACTUAL, has_interest_on_disbursement_day=True)

    by_last_day = Fraction(30, 365) + Fraction(31, 366)
    assert first_fraction(*days, ACTUAL) == by_last_day
    by_first_day = Fraction(31, 365) + Fraction(30, 366)
    assert first_fraction(*days, first_day_counts) == by_first_day


def test_a_leap_year_counts_only_with_its_leap_day_if_so_agreed() -> None:
    rules = split(DaysInYear.ACTUAL, DaysInMonth.ACTUAL, LeapRule.FEB_29_PERIOD_ONLY)

    january = dt.date(2024, 1, 1), dt.date(2024, 1, 31)
    assert first_fraction(*january, rules) == Fraction(30, 365)
    february = dt.date(2024, 2, 1), dt.date(2024, 3, 1)
    assert first_fraction(*february, rules) == Fraction(29, 366)
    to_leap_day = dt.date(2024, 2, 1), dt.date(2024, 2, 29)
    assert first_fraction(*to_leap_day, rules) == Fraction(28, 366)
    from_leap_day = dt.date(2024, 2, 29), dt.date(2024, 3, 29)
    assert first_fraction(*from_leap_day, rules) == Fraction(29, 365)


@pytest.mark.parametrize("is_first_day", [False, True])
@pytest.mark.parametrize(
    "day_count",
    [*DayCount, ACTUAL.day_count, SPLIT_360_30.day_count],
    ids=str,
)
@pytest.mark.parametrize("accrual", Accrual)
def test_slices_add_up_to_their_period(
    day_count: DayCount | SplitDayCount, accrual: Accrual, *, is_first_day: bool
) -> None:
    business_days = BusinessDays(
        rule=BusinessDayRule.FOLLOWING,
        calendar=WEEKENDS,
        interest_to=InterestDate.MOVED,
        collision=Collision.KEPT,
    )
    rules = attrs.evolve(
        STRICT,
        day_count=day_count,
        accrual=accrual,
        business_days=business_days,
        has_interest_on_disbursement_day=is_first_day,
    )
    plain = make_terms(
        installment_count=6,
        disbursed_on=dt.date(2023, 11, 3),
        first_due_on=dt.date(2023, 12, 31),
    )
    cut = attrs.evolve(
        plain,
        rate_changes=(RateChange(from_on=dt.date(2024, 2, 20), nominal_rate=_half()),),
        interest_pauses=(InterestPause(dt.date(2024, 1, 10), dt.date(2024, 3, 5)),),
        tranches=(_tranche(dt.date(2023, 12, 12)),),
    )

    whole, parts = periods_of(plain, rules), periods_of(cut, rules)

    assert sum(len(period.slices) for period in parts) > len(whole)
    for before, after in zip(whole, parts, strict=True):
        assert after.fraction == before.fraction > 0
        assert sum(part.fraction for part in after.slices) == before.fraction
        assert min(part.fraction for part in after.slices) >= 0


def test_changes_begin_on_their_first_day() -> None:
    # Interest runs from close to close: the day of 1 February ends with its close, so
    # a change for that day begins at the close of 31 January.
    terms = attrs.evolve(
        make_terms(installment_count=1),
        rate_changes=(RateChange(from_on=dt.date(2025, 2, 1), nominal_rate=_half()),),
    )
    first_day = attrs.evolve(STRICT, has_interest_on_disbursement_day=True)

    def days(rules: ScheduleConventions) -> list[int]:
        [period] = periods_of(terms, rules)
        return [part.days for part in period.slices]

    assert days(STRICT) == [16, 15]
    assert days(first_day) == [17, 14]


def test_a_pause_of_some_days_bears_nothing_on_exactly_these() -> None:
    pause = InterestPause(dt.date(2025, 1, 20), dt.date(2025, 1, 23))
    terms = attrs.evolve(make_terms(installment_count=1), interest_pauses=(pause,))

    [period] = periods_of(terms, STRICT)

    paused = [part for part in period.slices if part.annual_rate == 0]
    assert [part.days for part in paused] == [pause.days] == [3]
    assert [part.agreed_rate for part in paused] == [Fraction(24, 100)]


@pytest.mark.parametrize(
    ("interest_to", "days"),
    [(InterestDate.ORIGINAL, [31, 28]), (InterestDate.MOVED, [33, 28])],
)
def test_interest_runs_to_the_date_that_the_conventions_name(
    interest_to: InterestDate, days: list[int]
) -> None:
    # 15 February and 15 March 2025 are Saturdays.
    business_days = BusinessDays(
        rule=BusinessDayRule.FOLLOWING,
        calendar=WEEKENDS,
        interest_to=interest_to,
        collision=Collision.KEPT,
    )
    terms = make_terms(installment_count=2)

    periods = periods_of(terms, attrs.evolve(STRICT, business_days=business_days))

    assert [period.end_day - period.start_day for period in periods] == days
    assert [period.due_day - period.unadjusted_day for period in periods] == [2, 2]


def test_a_tranche_after_the_last_due_date_is_refused() -> None:
    terms = make_terms(installment_count=2)
    terms = attrs.evolve(terms, tranches=(_tranche(dt.date(2025, 3, 15)),))

    text = r"^tranches\[0\].disbursed_on must be before 2025-03-15, .*got 2025-03-15;"
    with pytest.raises(ScheduleError, match=text):
        periods_of(terms, STRICT)


def test_a_last_due_date_stays_after_the_one_before() -> None:
    terms = make_terms(installment_count=3)
    terms = attrs.evolve(terms, last_due_on=dt.date(2025, 3, 15))

    with pytest.raises(ScheduleError, match="last_due_on must be after 2025-03-15"):
        periods_of(terms, STRICT)


def test_a_due_date_moved_before_the_disbursement_is_refused() -> None:
    # Sunday, 16 February 2025, moves back to Friday the 14th.
    terms = make_terms(
        disbursed_on=dt.date(2025, 2, 14), first_due_on=dt.date(2025, 2, 16)
    )
    business_days = BusinessDays(
        rule=BusinessDayRule.PRECEDING,
        calendar=WEEKENDS,
        interest_to=InterestDate.ORIGINAL,
        collision=Collision.KEPT,
    )

    with pytest.raises(ScheduleError, match="disbursed_on 2025-02-14 when moved"):
        periods_of(terms, attrs.evolve(STRICT, business_days=business_days))


def _half() -> Rate:
    return Rate.per_year("0.12")


def _tranche(on: dt.date) -> Tranche:
    return Tranche(disbursed_on=on, amount=Money(100, EUR))


def test_agreed_dates_are_their_own_notional_periods_under_icma() -> None:
    due_on = (dt.date(2025, 3, 1), dt.date(2025, 4, 20))
    terms = attrs.evolve(
        make_terms(installment_count=2, first_due_on=due_on[0]), due_on=due_on
    )

    fractions = [
        period.fraction for period in periods_of(terms, counted(DayCount.ACT_ACT_ICMA))
    ]

    assert fractions == [Fraction(1, 12)] * 2


def test_a_short_first_period_may_count_as_a_whole_one_of_thirty_days() -> None:
    rules = attrs.evolve(SPLIT_360_30, short_period=ShortPeriod.WHOLE_PERIOD)

    fraction = first_fraction(dt.date(2025, 1, 25), dt.date(2025, 2, 15), rules)

    assert fraction == Fraction(1, 12)


def test_a_fixed_length_is_no_regular_last_period() -> None:
    # 15 March to 30 April: one month and 15 of the 30 days to 15 May.
    terms = attrs.evolve(
        make_terms(installment_count=3), last_due_on=dt.date(2025, 4, 30)
    )

    *_, last = periods_of(terms, SPLIT_360_30)

    assert last.fraction == (1 + Fraction(15, 30)) / 12


def test_a_collision_leaves_a_period_without_days() -> None:
    # Saturday and Sunday, 18 and 19 January 2025, both move to Monday.
    terms = make_terms(
        installment_count=4,
        frequency=Frequency.DAILY,
        first_due_on=dt.date(2025, 1, 17),
    )
    business_days = BusinessDays(
        rule=BusinessDayRule.FOLLOWING,
        calendar=WEEKENDS,
        interest_to=InterestDate.MOVED,
        collision=Collision.KEPT,
    )

    periods = periods_of(terms, attrs.evolve(STRICT, business_days=business_days))

    assert [period.fraction * 365 for period in periods] == [2, 3, 0, 0]
