"""Interest of periods before any rounding, as it happens and as it is foreseen.

What happens includes pauses and all that changes on the way. What is foreseen when a
level amount is made is less: no later tranche or rate, and never a pause, so that a
pause makes the last installment smaller and leaves the others as they are.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT, InterestPause
    >>> from microcrm_core.loans.period_interest import foreseen_growth, interest_of
    >>> from microcrm_core.loans.periods import interest_periods
    >>> from microcrm_core.loans.portions import payouts
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.365"),
    ...     installment_count=1,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ...     interest_pauses=(InterestPause(dt.date(2025, 2, 1), dt.date(2025, 2, 11)),),
    ... )
    >>> [period] = interest_periods(terms, STRICT, payouts(terms, STRICT))
    >>> interest_of((period,), 100_000)
    Fraction(2100, 1)
    >>> foreseen_growth(period)
    (31, 0, 1000)
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import Final

from microcrm_core.loans.level import Growth
from microcrm_core.loans.periods import InterestPeriod

__all__ = ["foreseen_growth", "interest_of"]

_ZERO: Final = Fraction(0)


def interest_of(periods: tuple[InterestPeriod, ...], start_minor: int) -> Fraction:
    """Return the interest of periods without a payment between them, exactly.

    Args:
        periods: One after the other.
        start_minor: What bears interest at the start of the first.

    Example:
        See `microcrm_core.loans.period_interest`.
    """
    exact, balance = _ZERO, start_minor
    for number, period in enumerate(periods):
        balance += period.opening_minor if number else 0
        for part in period.slices:
            balance += part.paid_out_minor
            exact += balance * part.annual_rate * part.fraction
    return exact


def foreseen_growth(period: InterestPeriod, rate: Fraction | None = None) -> Growth:
    """Return the interest of a period as it is foreseen, pauses apart.

    Args:
        period: The period.
        rate: Yearly rate that holds all through a later period; None: what changes
            inside the period is known.

    Example:
        See `microcrm_core.loans.period_interest`.
    """
    if rate is not None:
        slope = _ZERO if period.is_interest_free else rate * period.fraction
        return slope.numerator, 0, slope.denominator
    slope = constant = _ZERO
    paid_out_minor = 0
    for part in period.slices:
        paid_out_minor += part.paid_out_minor
        growth = part.agreed_rate * part.fraction
        slope += growth
        constant += paid_out_minor * growth
    unit = lcm(slope.denominator, constant.denominator)
    return int(slope * unit), int(constant * unit), unit
