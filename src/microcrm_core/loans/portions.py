"""What portions of a loan come to: down payments, a balloon, fees.

A share is rounded once, as the conventions say; a fixed sum is taken as agreed. The
schedule engines and `Schedule` ask here, so that they cannot differ.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT, EqualInstallments, Portion
    >>> from microcrm_core.loans import RepaymentPlan
    >>> from microcrm_core.loans.portions import payouts
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ...     plan=RepaymentPlan(
    ...         method=EqualInstallments(), down_payment=Portion.of_share("0.25")
    ...     ),
    ... )
    >>> [(part.amount_minor, part.down_minor) for part in payouts(terms, STRICT)]
    [(100000, 25000)]
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs

from microcrm_core.errors import ScheduleError
from microcrm_core.loans.conventions import ScheduleConventions
from microcrm_core.loans.fees import FeeTiming, Portion
from microcrm_core.loans.terms import LoanTerms
from microcrm_core.money import Money

__all__ = [
    "EPOCH_ORDINAL",
    "Payout",
    "balloon_minor",
    "fees_at_start_minor",
    "payouts",
    "portion_minor",
]

EPOCH_ORDINAL: Final = dt.date(1970, 1, 1).toordinal()
"""Days are counted from 1970-01-01; `date.toordinal` counts from the year 1."""


@attrs.frozen(kw_only=True)
class Payout:
    """Principal that is paid out on one day.

    Attributes:
        day: The day, in days since 1970-01-01.
        amount_minor: What is paid out.
        down_minor: What of it is due the same day as the down payment.

    Example:
        See `microcrm_core.loans.portions`.
    """

    day: int
    amount_minor: int
    down_minor: int

    @property
    def net_minor(self) -> int:
        """What of it bears interest."""
        return self.amount_minor - self.down_minor


def payouts(terms: LoanTerms, conventions: ScheduleConventions) -> tuple[Payout, ...]:
    """Return what is paid out when, the first disbursement first.

    Raises:
        ScheduleError: A down payment takes all that is paid out.
        CurrencyMismatchError: The down payment is in another currency than the loan.

    Example:
        See `microcrm_core.loans.portions`.
    """
    made: list[Payout] = []
    portion = terms.plan.down_payment
    for on, amount in terms.disbursements:
        down_minor = 0
        if portion is not None:
            down_minor = portion_minor(portion, amount.minor, terms, conventions)
        if down_minor >= amount.minor:
            raise ScheduleError(
                "plan.down_payment",
                f"must be less than the disbursement of {on}, {amount}",
                str(Money(down_minor, amount.currency)),
                hint="lower the down payment",
            )
        made.append(
            Payout(
                day=on.toordinal() - EPOCH_ORDINAL,
                amount_minor=amount.minor,
                down_minor=down_minor,
            )
        )
    return tuple(made)


def portion_minor(
    portion: Portion,
    base_minor: int,
    terms: LoanTerms,
    conventions: ScheduleConventions,
) -> int:
    """Return a portion of an amount of this loan.

    A share is rounded to the currency multiple; a fixed sum is as agreed.

    Raises:
        CurrencyMismatchError: The fixed sum is in another currency than the loan.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.loans import STRICT, Portion
        >>> from microcrm_core.loans.portions import portion_minor
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.24"),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> portion_minor(Portion.of_share("0.3"), 95, terms, STRICT)
        28
    """
    return portion.minor_of(
        Money(base_minor, terms.principal.currency),
        conventions.rounding,
        currency_multiple=conventions.currency_multiple,
    )


def balloon_minor(terms: LoanTerms, conventions: ScheduleConventions) -> int:
    """Return the principal that is left to the last installment on top of its own.

    Raises:
        CurrencyMismatchError: The balloon is in another currency than the loan.

    Example:
        See `portion_minor`.
    """
    balloon = terms.plan.balloon
    if balloon is None:
        return 0
    return portion_minor(balloon, terms.principal.minor, terms, conventions)


def fees_at_start_minor(
    terms: LoanTerms, conventions: ScheduleConventions, timing: FeeTiming
) -> int:
    """Return all fees of one timing together: upfront ones, or financed ones.

    Raises:
        CurrencyMismatchError: A fee is in another currency than the loan.

    Example:
        See `portion_minor`.
    """
    return sum(
        portion_minor(fee.portion, terms.principal.minor, terms, conventions)
        for fee in terms.plan.fees
        if fee.timing is timing
    )
