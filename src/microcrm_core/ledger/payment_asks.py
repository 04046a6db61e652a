"""What rows ask for of one early payment, by exact fractions.

One who pays before a due date owes interest up to some day, and what an installment has
above that is principal. A payment changes what later rows ask for; that counts once it
is over. While it is on its way each row asks for what it did when the payment began, so
that the order in which money reaches the rows changes no amount.

Example:
    See `microcrm_core.ledger.exact_engine`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Self

import attrs

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.scheduled_rows import ScheduledRows

__all__ = ["PaymentAsks"]


@attrs.define(kw_only=True)
class PaymentAsks:
    """What rows ask for of a payment, from its start to its end.

    Attributes:
        on: The day of the payment.
        principal_minor: Of each row, the most that it asks for in principal: its
            installment less the interest up to some day.
        interest_minor: Of each row, the interest up to that day.
        left_minor: Principal of rows that are not due, less what was paid of it.

    Example:
        See `microcrm_core.ledger.exact_engine`.
    """

    on: dt.date
    principal_minor: Sequence[int]
    interest_minor: Sequence[int]
    left_minor: int

    @classmethod
    def of(cls, scheduled: ScheduledRows, on: dt.date, day: int) -> Self:
        """Return what rows ask for when a payment begins.

        Args:
            scheduled: The rows.
            on: The day of the payment.
            day: Up to which day interest is owed, in days since 1970-01-01.
        """
        today, regular = scheduled.columns_to(day), scheduled.as_scheduled()
        pairs = zip(regular.principal_minor, today.principal_minor, strict=True)
        # What one row has paid above what it would ask for now, others ask less for.
        left_minor = sum(
            today.principal_minor[place] - row.least(Bucket.PRINCIPAL)
            for place, row in enumerate(scheduled.rows)
            if row.account.due_on > on
        )
        return cls(
            on=on,
            principal_minor=[max(pair) for pair in pairs],
            interest_minor=today.interest_minor,
            left_minor=max(left_minor, 0),
        )
