"""What can happen to a loan, one small value for each kind.

A happening says what took place; on which day it is true, and when the lender learned
of it, is said by the `LedgerEvent` that wraps it. Nothing here knows arithmetic: what a
happening does to a loan is a matter of its terms, conventions and `LedgerPolicy`.

Money that moves is in `money_happenings`, what changes the agreement in
`term_happenings`; here are the ends of a loan, pauses of late days, reversals, and the
table of all.

Example:
    >>> from microcrm_core.ledger import HAPPENINGS
    >>> HAPPENINGS["loan.repaid"].__name__
    'Repaid'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from microcrm_core.checks import day_field, name_text_field
from microcrm_core.ids import EventId
from microcrm_core.ledger.money_happenings import (
    ChargeBase,
    Charged,
    ChargedBack,
    ChargeKind,
    ChargeWaived,
    CreditRefunded,
    Disbursed,
    IncomeCapitalized,
    Renewed,
    Repaid,
)
from microcrm_core.ledger.term_happenings import (
    ArrearsCapitalized,
    DueDateChanged,
    HolidayGranted,
    InterestPaused,
    RateChanged,
    ReAged,
    ReAgedInterest,
    ReAmortized,
    Replanned,
    TermChanged,
)

__all__ = [
    "HAPPENINGS",
    "ArrearsCapitalized",
    "ChargeBase",
    "ChargeKind",
    "ChargeWaived",
    "Charged",
    "ChargedBack",
    "ChargedOff",
    "CreditRefunded",
    "DelinquencyPaused",
    "DelinquencyResumed",
    "Disbursed",
    "DueDateChanged",
    "Happening",
    "HolidayGranted",
    "IncomeCapitalized",
    "InterestPaused",
    "RateChanged",
    "ReAged",
    "ReAgedInterest",
    "ReAmortized",
    "Renewed",
    "Repaid",
    "Replanned",
    "Reversed",
    "TermChanged",
    "Terminated",
    "WrittenOff",
]


@attrs.frozen
class WrittenOff:
    """The lender gave up what was left; nothing is asked for any more.

    Example:
        >>> from microcrm_core.ledger import WrittenOff
        >>> WrittenOff() == WrittenOff()
        True
    """


@attrs.frozen
class ChargedOff:
    """The lender took the loan as a loss, and still asks for it.

    Example:
        >>> from microcrm_core.ledger import ChargedOff
        >>> ChargedOff() == ChargedOff()
        True
    """


@attrs.frozen
class Terminated:
    """The contract was ended: all that is left became due.

    Example:
        >>> from microcrm_core.ledger import Terminated
        >>> Terminated() == Terminated()
        True
    """


@attrs.frozen
class DelinquencyPaused:
    """Days do not count as late from the event's day on, up to *last_on*.

    Attributes:
        last_on: The pause ends at the start of this day.

    Raises:
        InvalidValueError: It is no date.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import DelinquencyPaused
        >>> DelinquencyPaused(dt.date(2025, 4, 1)).last_on.month
        4
    """

    last_on: dt.date = attrs.field(validator=day_field)


@attrs.frozen
class DelinquencyResumed:
    """A pause of late days ended early, on the event's day.

    Example:
        >>> from microcrm_core.ledger import DelinquencyResumed
        >>> DelinquencyResumed() == DelinquencyResumed()
        True
    """


@attrs.frozen
class Reversed:
    """An event never was: it is left out, and all after it is worked out again.

    Attributes:
        event_id: The event that is left out.

    Raises:
        InvalidValueError: It is no id.

    Example:
        >>> from microcrm_core.ids import EventId
        >>> from microcrm_core.ledger import Reversed
        >>> Reversed(EventId("event-1")).event_id
        'event-1'
    """

    event_id: EventId = attrs.field(validator=name_text_field)


Happening: TypeAlias = (
    Disbursed
    | Repaid
    | Charged
    | ChargeWaived
    | RateChanged
    | DueDateChanged
    | HolidayGranted
    | InterestPaused
    | TermChanged
    | Replanned
    | ReAged
    | ReAmortized
    | ArrearsCapitalized
    | CreditRefunded
    | ChargedBack
    | WrittenOff
    | ChargedOff
    | Terminated
    | IncomeCapitalized
    | DelinquencyPaused
    | DelinquencyResumed
    | Renewed
    | Reversed
)
"""What can happen to a loan."""

HAPPENINGS: Final[Mapping[str, type[Happening]]] = MappingProxyType(
    {
        "loan.disbursed": Disbursed,
        "loan.repaid": Repaid,
        "loan.charged": Charged,
        "loan.charge_waived": ChargeWaived,
        "loan.rate_changed": RateChanged,
        "loan.due_date_changed": DueDateChanged,
        "loan.holiday_granted": HolidayGranted,
        "loan.interest_paused": InterestPaused,
        "loan.term_changed": TermChanged,
        "loan.replanned": Replanned,
        "loan.re_aged": ReAged,
        "loan.re_amortized": ReAmortized,
        "loan.arrears_capitalized": ArrearsCapitalized,
        "loan.credit_refunded": CreditRefunded,
        "loan.charged_back": ChargedBack,
        "loan.written_off": WrittenOff,
        "loan.charged_off": ChargedOff,
        "loan.terminated": Terminated,
        "loan.income_capitalized": IncomeCapitalized,
        "loan.delinquency_paused": DelinquencyPaused,
        "loan.delinquency_resumed": DelinquencyResumed,
        "loan.renewed": Renewed,
        "loan.reversed": Reversed,
    }
)
"""The type of an event by its name in the log; stored for ever, so never renamed."""
