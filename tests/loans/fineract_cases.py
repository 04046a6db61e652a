"""Loans for the tests of Apache Fineract's arithmetic, and its rules in fractions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from microcrm_core.dates import Frequency, RollKind, RollRule, due_dates
from microcrm_core.loans import DaysInMonth, DaysInYear, LeapRule, SplitDayCount
from microcrm_core.loans.fineract_factors import FactorRule
from microcrm_core.loans.fineract_level import LevelRule
from microcrm_core.loans.fineract_numbers import FINERACT_NUMBERS, FineractNumbers
from microcrm_core.loans.fineract_progressive import ProgressiveModel

__all__ = [
    "SEVEN_PERCENT",
    "all_day_counts",
    "all_start_dates",
    "exact_level",
    "exact_slice_interest",
    "make_model",
    "month_dates",
    "split",
]

SEVEN_PERCENT = Decimal("0.07")
TWELVE_DIGITS = FineractNumbers(12)


def split(
    days_in_year: str = "360",
    days_in_month: str = "30",
    leap_rule: LeapRule = LeapRule.EVERY_DAY,
) -> SplitDayCount:
    return SplitDayCount(
        days_in_year=DaysInYear(days_in_year),
        days_in_month=DaysInMonth(days_in_month),
        leap_rule=leap_rule,
    )


def month_dates(start_on: dt.date, count: int) -> list[dt.date]:
    """Return the first day and *count* monthly due dates, counted from that day."""
    roll = RollRule(kind=RollKind.DAY_OF_MONTH, day=start_on.day)
    return list(due_dates(start_on, Frequency.MONTHLY, count + 1, roll))


def make_model(
    dates: Sequence[dt.date],
    rate: Decimal = SEVEN_PERCENT,
    day_count: SplitDayCount | None = None,
    numbers: FineractNumbers = FINERACT_NUMBERS,
    *,
    multiple: int = 1,
    is_smoothed: bool = True,
) -> ProgressiveModel:
    return ProgressiveModel.of(
        dates,
        rate=rate,
        factors=FactorRule(
            day_count=day_count or split(),
            frequency=Frequency.MONTHLY,
            start_on=dates[0],
            numbers=numbers,
        ),
        level=LevelRule(
            numbers=numbers, installment_multiple=multiple, is_smoothed=is_smoothed
        ),
    )


def all_start_dates() -> st.SearchStrategy[dt.date]:
    return st.dates(dt.date(1999, 1, 1), dt.date(2030, 12, 31))


def all_day_counts() -> st.SearchStrategy[SplitDayCount]:
    return st.builds(
        SplitDayCount,
        days_in_year=st.sampled_from(DaysInYear),
        days_in_month=st.sampled_from(DaysInMonth),
        leap_rule=st.sampled_from(LeapRule),
    )


def exact_level(balance_minor: int, factors: Sequence[Fraction]) -> Fraction:
    """Return the installment that repays a balance: by discounting, in fractions."""
    discount, annuity = Fraction(1), Fraction(0)
    for factor in factors:
        discount /= 1 + factor
        annuity += discount
    return balance_minor / annuity


def exact_slice_interest(
    balance_minor: int, factor_to_due: Decimal, days: int, days_to_due: int
) -> Fraction:
    """Return the interest of a slice without any rounding after its factor."""
    return balance_minor * Fraction(factor_to_due) * days / days_to_due
