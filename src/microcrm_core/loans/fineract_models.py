"""What the engines of Apache Fineract are given: terms and conventions in their words.

The engines know dates, minor units and decimals. A schedule and a ledger both start
from the same empty model, so that the rows of a loan on which nothing happened are its
schedule. What an engine does not know is refused by `fineract_limits`.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import FINERACT
    >>> from microcrm_core.loans.fineract_models import empty_model
    >>> terms = LoanTerms(
    ...     principal=Money.of("100.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.07"),
    ...     installment_count=6,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2024, 1, 1),
    ...     first_due_on=dt.date(2024, 2, 1),
    ... )
    >>> len(empty_model(terms, FINERACT).rows)
    6
"""

from __future__ import annotations

from microcrm_core.dates import due_dates
from microcrm_core.loans.conventions import (
    Remainder,
    ScheduleConventions,
    ShortPeriod,
    SplitDayCount,
)
from microcrm_core.loans.fineract_cumulative import CumulativeRule
from microcrm_core.loans.fineract_factors import FactorRule
from microcrm_core.loans.fineract_level import LevelRule
from microcrm_core.loans.fineract_numbers import FineractNumbers
from microcrm_core.loans.fineract_progressive import ProgressiveModel
from microcrm_core.loans.methods import EqualPrincipal, FlatInterest, InterestOnly
from microcrm_core.loans.periods import ScheduleDates
from microcrm_core.loans.terms import LoanTerms
from microcrm_core.rounding import round_to_multiple

__all__ = ["cumulative_rule", "down_payment_minor", "empty_model"]


def empty_model(terms: LoanTerms, conventions: ScheduleConventions) -> ProgressiveModel:
    """Return the progressive model of a loan of which nothing is paid out yet.

    Raises:
        InvalidValueError: A date would leave the calendar.
        ScheduleError: Two dates are in the wrong order.

    Example:
        See `microcrm_core.loans.fineract_models`.
    """
    assert isinstance(conventions.day_count, SplitDayCount)  # conventions require it
    numbers = FineractNumbers(rounding=conventions.rounding)
    dates = ScheduleDates.of(terms, conventions).bounds_on
    grace_count = terms.plan.grace.principal_count
    if isinstance(terms.plan.method, InterestOnly):
        grace_count = terms.installment_count - 1
    is_smoothed = conventions.remainder is Remainder.SMOOTHED
    return ProgressiveModel.of(
        dates,
        rate=numbers.of_fraction(terms.nominal_rate.annual_fraction),
        factors=FactorRule(
            day_count=conventions.day_count,
            frequency=terms.frequency,
            start_on=dates[0],
            has_interest_on_disbursement_day=(
                conventions.has_interest_on_disbursement_day
            ),
            numbers=numbers,
        ),
        level=LevelRule(
            numbers=numbers,
            installment_multiple=conventions.installment_multiple,
            unit_minor=10**terms.principal.currency.exponent,
            grace_count=grace_count,
            is_smoothed=is_smoothed and not _is_moved(terms, conventions),
        ),
    )


def _is_moved(terms: LoanTerms, conventions: ScheduleConventions) -> bool:
    # Dates that are given one by one were moved, unless they are what the disbursement
    # and the frequency give anyway.
    if not terms.due_on:
        return False
    regular_on = due_dates(
        terms.disbursed_on,
        terms.frequency,
        terms.installment_count + 1,
        conventions.roll,
    )
    return regular_on[1:] != terms.due_on


def cumulative_rule(
    terms: LoanTerms, conventions: ScheduleConventions
) -> CumulativeRule:
    """Return how the cumulative engine computes the rows of a loan.

    Example:
        See `microcrm_core.loans.fineract_models`.
    """
    assert isinstance(conventions.day_count, SplitDayCount)  # conventions require it
    method = terms.plan.method
    return CumulativeRule(
        day_count=conventions.day_count,
        frequency=terms.frequency,
        accrual=conventions.accrual,
        is_partial_counted=conventions.short_period is ShortPeriod.BY_DAYS,
        is_flat=isinstance(method, FlatInterest),
        is_equal_principal=isinstance(method, EqualPrincipal),
        installment_multiple=conventions.installment_multiple,
        grace_count=terms.plan.grace.principal_count,
        numbers=FineractNumbers(rounding=conventions.rounding),
    )


def down_payment_minor(
    terms: LoanTerms, conventions: ScheduleConventions, disbursed_minor: int
) -> int:
    """Return which part of a disbursement is due on the same day.

    Example:
        See `microcrm_core.loans.fineract_models`.
    """
    portion = terms.plan.down_payment
    if portion is None or portion.share is None:
        return 0
    numbers = FineractNumbers(rounding=conventions.rounding)
    part_minor = numbers.share_minor(disbursed_minor, portion.share)
    # The product's multiple is for installments; the engine rounds a down payment to
    # it as well.
    return round_to_multiple(
        part_minor, conventions.installment_multiple, conventions.rounding
    )
