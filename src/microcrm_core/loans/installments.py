"""One row of a schedule, for those who go through it row by row.

A `Schedule` holds columns and makes rows when asked. A row holds the same whole
numbers, and gives dates and `Money` when they are read.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT, build_schedule
    >>> terms = LoanTerms(
    ...     principal=Money.of("10.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year(0),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 14),
    ...     first_due_on=dt.date(2025, 2, 14),
    ... )
    >>> first, *_ = build_schedule(terms, STRICT).installments
    >>> str(first.due_on), str(first.total)
    ('2025-02-14', 'EUR 3.34')
"""

from __future__ import annotations

import datetime as dt

import attrs

from microcrm_core.currencies import Currency
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.money import Money

__all__ = ["Installment"]


# By position and without slots, because a frozen class is then made twice as fast.
@attrs.frozen(slots=False)
class Installment:
    """One scheduled payment.

    Amounts are whole minor units of `currency`; the properties give them as `Money`.

    Attributes:
        number: Position in the schedule, from 1.
        due_day: Last day on which paying it is on time, in days since 1970-01-01;
            `due_on` gives the date.
        currency: Decides how many digits are minor.
        principal_minor: Part that pays the principal back.
        interest_minor: Part that pays for the time since the due date before.
        fees_minor: Fees that are due with it.
        outstanding_minor: Principal that is left once it is paid.
        is_down_payment: Whether it is the down payment of a disbursement.

    Example:
        >>> from microcrm_core import Currency
        >>> from microcrm_core.loans import Installment
        >>> installment = Installment(
        ...     number=1,
        ...     due_day=20_134,
        ...     currency=Currency.of("EUR"),
        ...     principal_minor=8000,
        ...     interest_minor=2000,
        ...     fees_minor=150,
        ...     outstanding_minor=92000,
        ...     is_down_payment=False,
        ... )
        >>> str(installment.due_on), str(installment.principal), str(installment.total)
        ('2025-02-15', 'EUR 80.00', 'EUR 101.50')
    """

    number: int
    due_day: int
    currency: Currency
    principal_minor: int
    interest_minor: int
    fees_minor: int
    outstanding_minor: int
    is_down_payment: bool

    @property
    def due_on(self) -> dt.date:
        """Last day on which paying it is on time."""
        return dt.date.fromordinal(self.due_day + EPOCH_ORDINAL)

    @property
    def total_minor(self) -> int:
        """What the customer pays: principal, interest and fees."""
        return self.principal_minor + self.interest_minor + self.fees_minor

    @property
    def principal(self) -> Money:
        """Part that pays the principal back."""
        return Money(self.principal_minor, self.currency)

    @property
    def interest(self) -> Money:
        """Part that pays for the time since the due date before."""
        return Money(self.interest_minor, self.currency)

    @property
    def fees(self) -> Money:
        """Fees that are due with it."""
        return Money(self.fees_minor, self.currency)

    @property
    def total(self) -> Money:
        """What the customer pays: principal, interest and fees."""
        return Money(self.total_minor, self.currency)

    @property
    def outstanding(self) -> Money:
        """Principal that is left once it is paid."""
        return Money(self.outstanding_minor, self.currency)
