"""The account of each installment while a loan is replayed.

An account holds four amounts for each of four things: what was asked for, what was
paid, what was waived; by bucket. `replaying` keeps the accounts of one loan in order;
nobody else sees them, since they change while events are applied.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.ledger.allocation_orders import Bucket
    >>> from microcrm_core.ledger.row_accounts import RowAccount
    >>> january, february = dt.date(2025, 1, 15), dt.date(2025, 2, 15)
    >>> row = RowAccount.of(january, february, [900, 100, 0, 0])
    >>> row.pay(Bucket.INTEREST, 150, dt.date(2025, 2, 10)), row.open_minor
    (100, 900)
    >>> row.paid_early_minor
    100
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Final, Self

import attrs

from microcrm_core.ledger.allocation_orders import Bucket

__all__ = ["RowAccount", "RowKind"]

_NOTHING: Final = [0, 0, 0, 0]


class RowKind(StrEnum):
    """Where a row comes from.

    Attributes:
        REGULAR: The schedule.
        DOWN_PAYMENT: A down payment that a disbursement asks for.
        ADDITIONAL: Something that fell due after the last due date.
        RE_AGED: An event that put what is owed on new installments.

    Example:
        >>> from microcrm_core.ledger.row_accounts import RowKind
        >>> RowKind.RE_AGED.value
        're_aged'
    """

    REGULAR = "regular"
    DOWN_PAYMENT = "down_payment"
    ADDITIONAL = "additional"
    RE_AGED = "re_aged"


# Also by position, because a replay makes many of them.
@attrs.define(eq=False)
class RowAccount:
    """What one installment asks for, and what became of it.

    Attributes:
        from_on: Its period runs from the close of this day,
        due_on: to the close of this one, on which paying is on time.
        kind: Where it comes from.
        charged: What is asked for in minor units, by `Bucket`; so are the next two.
        paid: What was paid.
        waived: What is no longer asked for.
        paid_early_minor: Paid before the due date.
        paid_late_minor: Paid after the due date.
        credited_minor: Principal that was charged back, a part of what is charged.
        settled_on: On which day nothing was left; None: something is.

    Example:
        See `microcrm_core.ledger.row_accounts`.
    """

    from_on: dt.date
    due_on: dt.date
    kind: RowKind = RowKind.REGULAR
    charged: list[int] = attrs.field(factory=_NOTHING.copy)
    paid: list[int] = attrs.field(factory=_NOTHING.copy)
    waived: list[int] = attrs.field(factory=_NOTHING.copy)
    paid_early_minor: int = 0
    paid_late_minor: int = 0
    credited_minor: int = 0
    settled_on: dt.date | None = None

    @classmethod
    def of(
        cls,
        from_on: dt.date,
        due_on: dt.date,
        charged: list[int],
        kind: RowKind = RowKind.REGULAR,
    ) -> Self:
        """Return an account of which nothing is paid."""
        return cls(from_on=from_on, due_on=due_on, kind=kind, charged=charged)

    @property
    def open_minor(self) -> int:
        """What is left to pay, all buckets together."""
        return sum(self.charged) - sum(self.paid) - sum(self.waived)

    def open_in(self, bucket: Bucket) -> int:
        """Return what is left to pay in one bucket."""
        return self.charged[bucket] - self.paid[bucket] - self.waived[bucket]

    def pay(self, bucket: Bucket, amount_minor: int, on: dt.date) -> int:
        """Pay up to *amount_minor* in one bucket; return how much was taken."""
        charged, paid = self.charged, self.paid
        taken = charged[bucket] - paid[bucket] - self.waived[bucket]
        if amount_minor < taken:
            taken = amount_minor
        # A payment of nothing settles nothing.
        if taken <= 0:
            return 0
        paid[bucket] += taken
        self.note_paid(taken, on)
        return taken

    def note_paid(self, taken_minor: int, on: dt.date) -> None:
        """Note when something was paid, and whether that settled the row."""
        due_on = self.due_on
        if on < due_on:
            self.paid_early_minor += taken_minor
        elif on > due_on:
            self.paid_late_minor += taken_minor
        is_settled = self.charged == self.paid or (
            self.waived != _NOTHING and not self.open_minor
        )
        self.settled_on = on if is_settled else None

    def waive(self, bucket: Bucket, amount_minor: int, on: dt.date) -> int:
        """Ask for up to *amount_minor* less in one bucket; return how much."""
        taken = min(max(self.open_in(bucket), 0), amount_minor)
        self.waived[bucket] += taken
        self.restamp(on)
        return taken

    def restamp(self, on: dt.date) -> None:
        """Note that something else than a payment settled the row, or opened it."""
        if sum(self.charged) - sum(self.paid) - sum(self.waived):
            self.settled_on = None
        elif self.settled_on is None:
            self.settled_on = on
