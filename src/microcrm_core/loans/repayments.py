"""Repayments: what the customer paid on a loan, as most systems keep it.

A repayment is a record and nothing more. What it pays is worked out by the ledger: its
`loan_log` makes the log of a loan of such records, its `replay` the state of the loan.
`columns_batch.RepaymentColumns` holds many.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs

from microcrm_core.checks import day_field, name_text_field
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import LoanId, RepaymentId
from microcrm_core.money import Money

__all__ = ["Repayment"]


def _above_zero(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, Money) or not value.is_positive:
        rule = "must be a Money above zero"
        is_money = isinstance(value, Money)
        hint = None if is_money else 'use Money.of("500.00", Currency.of("EUR"))'
        raise InvalidValueError("amount", rule, value, hint=hint)


@attrs.frozen(kw_only=True)
class Repayment:
    """Money that the customer actually paid on a loan.

    Attributes:
        id: Identity of the repayment.
        loan_id: The loan that it repays.
        paid_on: Day of the payment.
        amount: What was paid; above zero.
        known_on: Day on which the lender came to know it.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ids import LoanId, RepaymentId
        >>> from microcrm_core.loans import Repayment
        >>> repayment = Repayment(
        ...     id=RepaymentId("r-1"),
        ...     loan_id=LoanId("loan-1"),
        ...     paid_on=dt.date(2025, 2, 14),
        ...     amount=Money.of("113.45", Currency.of("EUR")),
        ...     known_on=dt.date(2025, 2, 17),
        ... )
        >>> repayment.is_known_as_of(dt.date(2025, 2, 16))
        False
    """

    id: RepaymentId = attrs.field(validator=name_text_field)
    loan_id: LoanId = attrs.field(validator=name_text_field)
    paid_on: dt.date = attrs.field(validator=day_field)
    amount: Money = attrs.field(validator=_above_zero)
    known_on: dt.date = attrs.field(validator=day_field)

    def is_known_as_of(self, as_of: dt.date) -> bool:
        """Return whether it was paid, and known, by that day."""
        return self.paid_on <= as_of and self.known_on <= as_of
