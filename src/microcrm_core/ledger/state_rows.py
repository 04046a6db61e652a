"""What a loan's state is read by: its rows, amounts by bucket, what is due next.

Example:
    >>> from microcrm_core import Currency
    >>> from microcrm_core.ledger.state_rows import BucketAmounts
    >>> amounts = BucketAmounts.of((90000, 2000, 500, 0), Currency.of("EUR"))
    >>> str(amounts.interest), str(amounts.total)
    ('EUR 20.00', 'EUR 925.00')
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Self

import attrs

from microcrm_core.currencies import Currency
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.row_accounts import RowKind
from microcrm_core.money import Money

__all__ = ["BucketAmounts", "LoanStateRow", "NextDue"]


@attrs.frozen(kw_only=True)
class BucketAmounts:
    """An amount by bucket.

    Attributes:
        principal: Principal.
        interest: Interest.
        fees: Fees.
        penalties: Penalties.

    Example:
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger import BucketAmounts
        >>> owed = BucketAmounts.of((90000, 2000, 500, 0), Currency.of("EUR"))
        >>> str(owed.principal), str(owed.total)
        ('EUR 900.00', 'EUR 925.00')
    """

    principal: Money
    interest: Money
    fees: Money
    penalties: Money

    @classmethod
    def of(cls, minor: Sequence[int], currency: Currency) -> Self:
        """Return amounts in minor units, in the order of `Bucket`."""
        principal, interest, fees, penalties = (Money(one, currency) for one in minor)
        return cls(
            principal=principal, interest=interest, fees=fees, penalties=penalties
        )

    @property
    def total(self) -> Money:
        """All buckets together."""
        return self.principal + self.interest + self.fees + self.penalties

    def amount_in(self, bucket: Bucket) -> Money:
        """Return the amount of one bucket."""
        return (self.principal, self.interest, self.fees, self.penalties)[bucket]


@attrs.frozen
class NextDue:
    """What is due next.

    Attributes:
        due_on: The day.
        amount: What is not paid of all that is due that day.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ledger.state_rows import NextDue
        >>> due = NextDue(dt.date(2025, 2, 15), Money(500, Currency.of("EUR")))
        >>> str(due.amount)
        'EUR 5.00'
    """

    due_on: dt.date
    amount: Money


@attrs.frozen(kw_only=True)
class LoanStateRow:
    """One row of a loan's schedule as it stands.

    Amounts are whole minor units of `currency`; tuples are in the order of `Bucket`.

    Attributes:
        number: Position in the schedule, from 1.
        currency: Decides how many digits are minor.
        from_on: Its period runs from the close of this day.
        due_on: Last day on which paying it is on time.
        kind: Where it comes from.
        charged: What was asked for, by bucket.
        paid: What was paid, by bucket.
        waived: What is no longer asked for, by bucket.
        paid_early_minor: What was paid before the due date.
        paid_late_minor: What was paid after the due date.
        credited_minor: Principal that was owed anew, a part of what was charged.
        settled_on: On which day nothing was left; None: something is.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger.allocation_orders import Bucket
        >>> from microcrm_core.ledger.row_accounts import RowKind
        >>> from microcrm_core.ledger.state_rows import LoanStateRow
        >>> row = LoanStateRow(
        ...     number=1,
        ...     currency=Currency.of("EUR"),
        ...     from_on=dt.date(2025, 1, 15),
        ...     due_on=dt.date(2025, 2, 15),
        ...     kind=RowKind.REGULAR,
        ...     charged=(9000, 1000, 0, 0),
        ...     paid=(0, 700, 0, 0),
        ...     waived=(0, 0, 0, 0),
        ...     paid_early_minor=700,
        ...     paid_late_minor=0,
        ...     credited_minor=0,
        ...     settled_on=None,
        ... )
        >>> row.open_in(Bucket.INTEREST), row.open_minor, str(row.outstanding)
        (300, 9300, 'EUR 93.00')
    """

    number: int
    currency: Currency
    from_on: dt.date
    due_on: dt.date
    kind: RowKind
    charged: tuple[int, ...]
    paid: tuple[int, ...]
    waived: tuple[int, ...]
    paid_early_minor: int
    paid_late_minor: int
    credited_minor: int
    settled_on: dt.date | None

    @property
    def principal_minor(self) -> int:
        """Principal that was asked for."""
        return self.charged[Bucket.PRINCIPAL]

    @property
    def interest_minor(self) -> int:
        """Interest that was asked for."""
        return self.charged[Bucket.INTEREST]

    @property
    def fees_minor(self) -> int:
        """Fees that were asked for."""
        return self.charged[Bucket.FEES]

    @property
    def penalties_minor(self) -> int:
        """Penalties that were asked for."""
        return self.charged[Bucket.PENALTIES]

    @property
    def charged_minor(self) -> int:
        """All that was asked for."""
        return sum(self.charged)

    @property
    def paid_minor(self) -> int:
        """All that was paid."""
        return sum(self.paid)

    @property
    def waived_minor(self) -> int:
        """All that is no longer asked for."""
        return sum(self.waived)

    @property
    def open_minor(self) -> int:
        """All that is left to pay."""
        return self.charged_minor - self.paid_minor - self.waived_minor

    @property
    def outstanding(self) -> Money:
        """All that is left to pay."""
        return Money(self.open_minor, self.currency)

    def open_in(self, bucket: Bucket, /) -> int:
        """Return what is left to pay in one bucket, in minor units."""
        return self.charged[bucket] - self.paid[bucket] - self.waived[bucket]
