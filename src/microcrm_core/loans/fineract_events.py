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


@attrs.frozen
class Disburse:
    """Principal is paid out.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date
    amount_minor: int


@attrs.frozen
class ChangeRate:
    """A new yearly rate bears interest from this day on.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date
    rate: Decimal


@attrs.frozen
class PauseInterest:
    """No interest for the days from *on* to *last_on*, both included.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date
    last_on: dt.date


@attrs.frozen
class PayPrincipal:
    """Principal is paid for the installment that is due on *due_on*.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date
    due_on: dt.date
    amount_minor: int


@attrs.frozen
class PayInterest:
    """Interest is paid for the installment that is due on *due_on*.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date
    due_on: dt.date
    amount_minor: int


@attrs.frozen
class CreditPrincipal:
    """Principal is charged back: it is owed again.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date
    amount_minor: int


@attrs.frozen
class CreditInterest:
    """Interest is charged back: it is owed again and bears none itself.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date
    amount_minor: int


@attrs.frozen
class CorrectBalance:
    """The balance that bears interest changes, with no amount due for it.

    Example:
        See `microcrm_core.loans.fineract_events`.
    """

    on: dt.date
    amount_minor: int


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
