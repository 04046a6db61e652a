"""What can happen to a loan in Apache Fineract's progressive model.

Each event has a value date, `on`: the day from whose close it counts. On which day it
became known does not matter. `fineract_progressive` applies them.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.loans.fineract_events import Disburse, PauseInterest
    >>> events = [
    ...     PauseInterest(dt.date(2024, 2, 5), dt.date(2024, 2, 10)),
    ...     Disburse(dt.date(2024, 1, 1), 10_000),
    ... ]
    >>> [event.on.isoformat() for event in sorted(events, key=lambda event: event.on)]
    ['2024-01-01', '2024-02-05']
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TypeAlias

import attrs

from microcrm_core.checks import day_field, whole_number_field
from microcrm_core.errors import InvalidValueError

__all__ = [
    "ChangeRate",
    "CorrectBalance",
    "CreditInterest",
    "CreditPrincipal",
    "Disburse",
    "ModelEvent",
    "PauseInterest",
    "PayInterest",
    "PayPrincipal",
]


def _rate_field(
    _instance: object, attribute: attrs.Attribute[Decimal], value: object
) -> None:
    rule = "must be a finite Decimal, not negative; 0.24 is 24 % a year"
    if not isinstance(value, Decimal) or not value.is_finite() or value < 0:
        raise InvalidValueError(attribute.name, rule, value)


@attrs.frozen
class Disburse:
    """Principal is paid out.

    Attributes:
        on: The day.
        amount_minor: What is paid out, in minor units; not negative.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date = attrs.field(validator=day_field)
    amount_minor: int = attrs.field(validator=whole_number_field(at_least=0))


@attrs.frozen
class ChangeRate:
    """A new yearly rate bears interest from this day on.

    Attributes:
        on: The day.
        rate: The new rate; 0.24 is 24 % a year. Not negative.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date = attrs.field(validator=day_field)
    rate: Decimal = attrs.field(validator=_rate_field)


@attrs.frozen
class PauseInterest:
    """No interest for the days from *on* to *last_on*, both included.

    Attributes:
        on: First day without interest.
        last_on: Last day without interest; not before `on`.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date = attrs.field(validator=day_field)
    last_on: dt.date = attrs.field(validator=day_field)

    def __attrs_post_init__(self) -> None:
        """Refuse a pause without a day."""
        if self.last_on < self.on:
            rule = f"must not be before on {self.on}"
            raise InvalidValueError("last_on", rule, self.last_on)


@attrs.frozen
class PayPrincipal:
    """Principal is paid for the installment that is due on *due_on*.

    Attributes:
        on: The day of the payment.
        due_on: Due date of the installment.
        amount_minor: What is paid, in minor units; not negative.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date = attrs.field(validator=day_field)
    due_on: dt.date = attrs.field(validator=day_field)
    amount_minor: int = attrs.field(validator=whole_number_field(at_least=0))


@attrs.frozen
class PayInterest:
    """Interest is paid for the installment that is due on *due_on*.

    Attributes:
        on: The day of the payment.
        due_on: Due date of the installment.
        amount_minor: What is paid, in minor units; not negative.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date = attrs.field(validator=day_field)
    due_on: dt.date = attrs.field(validator=day_field)
    amount_minor: int = attrs.field(validator=whole_number_field(at_least=0))


@attrs.frozen
class CreditPrincipal:
    """Principal is charged back: it is owed again.

    Attributes:
        on: The day.
        amount_minor: What is owed again, in minor units; not negative.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date = attrs.field(validator=day_field)
    amount_minor: int = attrs.field(validator=whole_number_field(at_least=0))


@attrs.frozen
class CreditInterest:
    """Interest is charged back: it is owed again and bears none itself.

    Attributes:
        on: The day.
        amount_minor: What is owed again, in minor units; not negative.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date = attrs.field(validator=day_field)
    amount_minor: int = attrs.field(validator=whole_number_field(at_least=0))


@attrs.frozen
class CorrectBalance:
    """The balance that bears interest changes, with no amount due for it.

    Attributes:
        on: The day.
        amount_minor: The change, in minor units; below zero it falls.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date = attrs.field(validator=day_field)
    amount_minor: int = attrs.field(validator=whole_number_field())


ModelEvent: TypeAlias = (
    Disburse
    | ChangeRate
    | PauseInterest
    | PayPrincipal
    | PayInterest
    | CreditPrincipal
    | CreditInterest
    | CorrectBalance
)
"""What can happen to a model; `on` is its value date."""
