"""Transactions: money that came into or left a customer's account.

They come from a bank statement, a wallet or a till, and are the evidence of what a
customer earns and spends. They are not repayments: those are booked at the lender
(`loans.repayments`). `cash_flow` sums transactions up.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Money
    >>> from microcrm_core.customers import Direction, Transaction
    >>> sale = Transaction(
    ...     id="t-1",
    ...     customer_id="c-1",
    ...     booked_on=dt.date(2024, 3, 1),
    ...     direction=Direction.IN,
    ...     amount=Money.of("25.00", Currency.of("EUR")),
    ... )
    >>> sale.signed_minor, sale.known_on.isoformat()
    (2500, '2024-03-01')
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

import attrs

from microcrm_core.checks import day_field, name_text_field, whole_number_field
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ids import CustomerId, TransactionId
from microcrm_core.money import Money

__all__ = ["Direction", "Transaction"]


class Direction(StrEnum):
    """Whether money came to the customer or left.

    Example:
        >>> from microcrm_core.customers import Direction
        >>> Direction("out") is Direction.OUT
        True
    """

    IN = "in"
    OUT = "out"


def _direction_field(
    _instance: object, _attribute: attrs.Attribute[Any], value: object
) -> None:
    if not isinstance(value, Direction):
        raise InvalidValueError(
            "direction", "must be a Direction", value, hint="use Direction(text)"
        )


def _amount_field(
    _instance: object, _attribute: attrs.Attribute[Any], value: object
) -> None:
    if not isinstance(value, Money):
        raise InvalidValueError("amount", "must be Money", value)
    if not value.is_positive:
        raise InvalidValueError(
            "amount",
            "must be above zero",
            str(value),
            hint="say with direction which way the money went",
        )


def _balance_field(
    _instance: object, _attribute: attrs.Attribute[Any], value: object
) -> None:
    if value is not None and not isinstance(value, Money):
        raise InvalidValueError("balance_after", "must be Money or None", value)


def _same_day(transaction: Transaction) -> dt.date:
    return transaction.booked_on


@attrs.frozen(kw_only=True)
class Transaction:
    """One movement of money on a customer's account.

    Attributes:
        id: Unique among the customer's transactions.
        customer_id: Whose account it is.
        booked_on: Day of the movement.
        direction: To the customer, or away.
        amount: How much; above zero.
        balance_after: Balance of the account right after the movement, below zero
            when overdrawn; None: the source does not say.
        sequence: Place within the day, 0 or more. Rows of one day are ordered by
            (sequence, id), so a source without an order may leave it at 0.
        known_on: Day on which the lender came to know it; *booked_on* where it is
            not given.

    Raises:
        InvalidValueError: A field breaks its rule.
        CurrencyMismatchError: The balance is in another currency than the amount.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.customers import Direction, Transaction
        >>> Transaction(
        ...     id="t-2",
        ...     customer_id="c-1",
        ...     booked_on=dt.date(2024, 3, 1),
        ...     direction=Direction.OUT,
        ...     amount=Money.of("10.00", Currency.of("EUR")),
        ... ).signed_minor
        -1000
    """

    id: TransactionId = attrs.field(validator=name_text_field)
    customer_id: CustomerId = attrs.field(validator=name_text_field)
    booked_on: dt.date = attrs.field(validator=day_field)
    direction: Direction = attrs.field(validator=_direction_field)
    amount: Money = attrs.field(validator=_amount_field)
    balance_after: Money | None = attrs.field(default=None, validator=_balance_field)
    sequence: int = attrs.field(default=0, validator=whole_number_field(at_least=0))
    known_on: dt.date = attrs.field(
        default=attrs.Factory(_same_day, takes_self=True),
        validator=day_field,
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a balance in another currency than the amount."""
        balance, currency = self.balance_after, self.amount.currency
        if balance is not None and balance.currency != currency:
            raise CurrencyMismatchError(
                "balance_after", f"must be in {currency.code}", balance.currency.code
            )

    @property
    def signed_minor(self) -> int:
        """The amount in minor units, below zero when money left."""
        is_in = self.direction is Direction.IN
        return self.amount.minor if is_in else -self.amount.minor

    def is_known_as_of(self, as_of: dt.date) -> bool:
        """Return whether it was booked, and known, by that day."""
        return self.booked_on <= as_of and self.known_on <= as_of
