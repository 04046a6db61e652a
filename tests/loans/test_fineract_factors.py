from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans import LeapRule, SplitDayCount
from microcrm_core.loans.fineract_factors import FactorRule, Span
from tests.loans.fineract_cases import (
    SEVEN_PERCENT,
    TWELVE_DIGITS,
    all_day_counts,
    all_start_dates,
    month_dates,
    split,
)

JANUARY = (dt.date(2024, 1, 1), dt.date(2024, 2, 1))


def rule_of(
    day_count: SplitDayCount,
    frequency: Frequency = Frequency.MONTHLY,
    start_on: dt.date = dt.date(2024, 1, 1),
    *,
    has_interest_on_disbursement_day: bool = False,
) -> FactorRule:
    return FactorRule(
        day_count=day_count,
        frequency=frequency,
        start_on=start_on,
        has_interest_on_disbursement_day=has_interest_on_disbursement_day,
        numbers=TWELVE_DIGITS,
    )


# Rate factors that the test ProgressiveEMICalculatorTest of Apache Fineract expects
# (commit 3f359bb3), which keeps 12 digits.
@pytest.mark.parametrize(
    ("rule", "rate", "period", "factor"),
    [
        (rule_of(split()), "0.07", JANUARY, "0.005833333333"),
        (rule_of(split()), "0.04", JANUARY, "0.003333333333"),
        (rule_of(split()), "0.094822", JANUARY, "0.007901833333"),
        (rule_of(split("365", "actual")), "0.15678", JANUARY, "0.013315561644"),
        (
            rule_of(split("365", "actual")),
            "0.15678",
            (dt.date(2024, 2, 1), dt.date(2024, 3, 1)),
            "0.012456493151",
        ),
        (
            rule_of(split("364", "actual"), Frequency.BIWEEKLY),
            "0.094822",
            (dt.date(2024, 1, 1), dt.date(2024, 1, 15)),
            "0.003647000000",
        ),
        (
            rule_of(split("360", "actual"), Frequency.of("P15D")),
            "0.094822",
            (dt.date(2024, 1, 1), dt.date(2024, 1, 16)),
            "0.003950916667",
        ),
    ],
)
def test_the_factor_of_a_period_is_the_one_that_the_peer_expects(
    rule: FactorRule, rate: str, period: Span, factor: str
) -> None:
    assert rule.for_level(Decimal(rate), period, period) == Decimal(factor)
    assert rule.for_interest(Decimal(rate), period, period[0]) == Decimal(factor)


def test_days_of_a_period_of_thirty_take_their_share_of_it() -> None:
    rule = rule_of(split())
    days = (dt.date(2024, 1, 1), dt.date(2024, 1, 15))

    # 14 of 31 days, from the same test of the peer.
    assert rule.for_level(SEVEN_PERCENT, JANUARY, days) == Decimal("0.002634408602")


@pytest.mark.parametrize(
    ("period", "units"),
    [
        ((dt.date(2024, 1, 1), dt.date(2024, 3, 1)), Fraction(2)),
        ((dt.date(2024, 2, 1), dt.date(2024, 4, 15)), 2 + Fraction(14, 30)),
        ((dt.date(2024, 4, 15), dt.date(2024, 5, 15)), Fraction(1)),
        ((dt.date(2024, 1, 10), dt.date(2024, 1, 20)), Fraction(10, 31)),
    ],
)
def test_a_moved_date_makes_interest_count_units_and_the_level_none(
    period: Span, units: Fraction
) -> None:
    rule = rule_of(split())

    found = rule.units(period)

    assert abs(Fraction(found) - units) < Fraction(1, 10**11)
    assert rule.for_level(SEVEN_PERCENT, period, period) == Decimal("0.005833333333")
    expected = Fraction(7, 100) * Fraction(30, 360) * units
    interest = rule.for_interest(SEVEN_PERCENT, period, period[0])
    assert abs(Fraction(interest) - expected) < Fraction(1, 10**11)


@given(start_on=all_start_dates(), count=st.integers(1, 30))
def test_every_period_of_a_regular_loan_counts_one_month(
    start_on: dt.date, count: int
) -> None:
    dates = month_dates(start_on, count)
    rule = rule_of(split(), start_on=start_on)

    for period in pairwise(dates):
        assert rule.units(period) == 1


@pytest.mark.parametrize("step", ["P1W", "P3W", "P10D", "P1D"])
def test_weeks_and_days_count_their_number(step: str) -> None:
    frequency = Frequency.of(step)
    rule = rule_of(split(), frequency)
    days = frequency.count * (7 if step.endswith("W") else 1)
    period = (dt.date(2024, 1, 1), dt.date(2024, 1, 1) + dt.timedelta(days))

    assert rule.units(period) == frequency.count
    found = rule.for_interest(SEVEN_PERCENT, period, period[0])
    assert abs(Fraction(found) - Fraction(7 * days, 36_000)) < Fraction(1, 10**12)


def test_an_actual_year_is_split_at_its_end() -> None:
    period = (dt.date(2023, 12, 13), dt.date(2024, 1, 13))
    last_day = rule_of(split("actual", "actual"), start_on=period[0])
    first_day = rule_of(
        split("actual", "actual"),
        start_on=period[0],
        has_interest_on_disbursement_day=True,
    )

    rate = Decimal("0.0999")
    by_last = Fraction(last_day.for_interest(rate, period, period[0]))
    by_first = Fraction(first_day.for_interest(rate, period, period[0]))

    # 18 days of 2023 and 13 of 2024, or 19 and 12.
    year = Fraction(999, 10_000)
    exact = year * (Fraction(18, 365) + Fraction(13, 366))
    assert abs(by_last - exact) < Fraction(1, 10**12)
    exact = year * (Fraction(19, 365) + Fraction(12, 366))
    assert abs(by_first - exact) < Fraction(1, 10**12)


def test_the_split_at_new_year_holds_for_months_of_thirty_too() -> None:
    period = (dt.date(2023, 12, 13), dt.date(2024, 1, 13))

    by_thirty = rule_of(split("actual", "30"), start_on=period[0])
    by_days = rule_of(split("actual", "actual"), start_on=period[0])

    assert by_thirty.for_interest(SEVEN_PERCENT, period, period[0]) == (
        by_days.for_interest(SEVEN_PERCENT, period, period[0])
    )


def test_the_year_is_the_one_in_which_the_days_begin() -> None:
    rule = rule_of(split("actual", "actual"))
    period = (dt.date(2024, 12, 31), dt.date(2024, 12, 31) + dt.timedelta(30))

    # The 30 days are all in 2025, but the border is 31 December.
    found = rule.for_interest(SEVEN_PERCENT, period, period[0])

    assert abs(Fraction(found) - Fraction(7 * 30, 36_500)) < Fraction(1, 10**12)


def test_only_a_period_with_the_leap_day_has_a_year_of_366() -> None:
    rule = rule_of(split("actual", "actual", LeapRule.FEB_29_PERIOD_ONLY))
    february = (dt.date(2024, 2, 1), dt.date(2024, 3, 1))
    march = (dt.date(2024, 2, 29), dt.date(2024, 3, 29))

    with_leap_day = rule.for_interest(SEVEN_PERCENT, february, february[0])
    without = rule.for_interest(SEVEN_PERCENT, march, march[0])

    assert abs(Fraction(with_leap_day) - Fraction(7 * 29, 36_600)) < Fraction(1, 10**12)
    assert abs(Fraction(without) - Fraction(7 * 29, 36_500)) < Fraction(1, 10**12)


def test_without_the_leap_day_new_year_splits_nothing() -> None:
    rule = rule_of(split("actual", "actual", LeapRule.FEB_29_PERIOD_ONLY))
    period = (dt.date(2024, 12, 13), dt.date(2025, 1, 13))

    found = rule.for_interest(SEVEN_PERCENT, period, period[0])

    assert abs(Fraction(found) - Fraction(7 * 31, 36_500)) < Fraction(1, 10**12)


@given(
    day_count=all_day_counts(),
    start_on=all_start_dates(),
    rate=st.decimals("0", "4", places=6),
)
def test_no_rate_costs_nothing_and_a_higher_rate_no_less(
    day_count: SplitDayCount, start_on: dt.date, rate: Decimal
) -> None:
    first_on, due_on = month_dates(start_on, 1)
    rule = rule_of(day_count, start_on=start_on)
    period = (first_on, due_on)

    assert rule.for_interest(Decimal(0), period, first_on) == 0
    lower = rule.for_interest(rate, period, first_on)
    assert lower <= rule.for_interest(rate + Decimal("0.01"), period, first_on)
    assert rule.for_interest(rate, (first_on, first_on), first_on) == 0


def test_half_months_are_refused_by_name() -> None:
    with pytest.raises(InvalidValueError, match="frequency"):
        rule_of(split(), Frequency.SEMIMONTHLY)


def test_a_period_counts_units_unless_its_days_are_split_at_new_year() -> None:
    period = (dt.date(2024, 12, 14), dt.date(2025, 1, 14))
    by_months = rule_of(split("actual", "30"), start_on=period[0])
    by_days = rule_of(split("actual", "actual"), start_on=period[0])

    # From 5 January on, all days are of one year.
    assert by_months.counted(period, period[0]) is None
    assert by_months.counted(period, dt.date(2025, 1, 5)) == 1
    assert rule_of(split(), start_on=period[0]).counted(period, period[0]) == 1
    assert by_days.counted(period, dt.date(2025, 1, 5)) is None


def test_where_counting_begins_decides_what_a_period_counts() -> None:
    # 28 February to 31 March is a month of a loan of 31 December. Of one of the 28th
    # it is a month to 28 March, and three of the 31 days to 28 April.
    period = (dt.date(2025, 2, 28), dt.date(2025, 3, 31))
    regular = rule_of(split(), start_on=dt.date(2024, 12, 31))
    other = rule_of(split(), start_on=dt.date(2024, 12, 28))

    assert regular.counted(period, period[0]) == 1
    # Three thirty-firsts to twelve digits.
    assert other.counted(period, period[0]) == Decimal("1.0967741935484")
