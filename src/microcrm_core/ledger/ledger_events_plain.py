"""Ledger events as the common envelope and as JSON, and back.

The log of a system keeps `Event`s: one envelope for all that happens, with a payload of
JSON values. The payload of a ledger event holds the fields of what happened: amounts as
whole minor units with their currency, days as ISO text, rates and shares as exact text.

Reading is strict. A type, a field or a version of the payload's shape that this library
does not know is refused by name, since to leave it out could change what is owed.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Money
    >>> from microcrm_core.ids import LoanId
    >>> from microcrm_core.ledger import LedgerEvent, Repaid
    >>> from microcrm_core.ledger.ledger_events_plain import (
    ...     ledger_event_from_event, ledger_event_to_event
    ... )
    >>> paid = LedgerEvent.of(
    ...     Repaid(amount=Money.of("100.00", Currency.of("EUR"))),
    ...     loan_id=LoanId("loan-7"),
    ...     value_on=dt.date(2025, 1, 31),
    ...     recorded_at=dt.datetime(2025, 2, 3, 9, tzinfo=dt.UTC),
    ...     idempotency_key="bank-4711",
    ... )
    >>> event = ledger_event_to_event(paid)
    >>> event.type, dict(event.payload["amount"]), event.payload["kind"]
    ('loan.repaid', {'currency': 'EUR', 'minor': 10000}, 'repayment')
    >>> ledger_event_from_event(event) == paid
    True
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

import attrs

from microcrm_core.errors import InvalidValueError, LedgerError, PolicyError
from microcrm_core.events import Event
from microcrm_core.ids import LoanId
from microcrm_core.ledger.happenings import (
    HAPPENINGS,
    ChargeBase,
    ChargeKind,
    Happening,
    ReAgedInterest,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.repayment_kinds import RepaymentKind
from microcrm_core.loans.fees import Portion
from microcrm_core.loans.methods import RepaymentMethod
from microcrm_core.loans.plain_values import (
    fraction_text,
    money_from_plain,
    money_to_plain,
    plain_flag,
    plain_fraction,
    plain_items,
    plain_rate,
    plain_whole,
    rate_text,
)
from microcrm_core.loans.plans_plain import method_from_plain, method_to_plain
from microcrm_core.loans.terms_plain import plain_frequency
from microcrm_core.rules.plain import (
    Plain,
    faults_below,
    plain_choice,
    plain_day,
    plain_mapping,
    plain_text,
)

__all__ = [
    "LEDGER_SCHEMA_VERSION",
    "happening_from_plain",
    "happening_to_plain",
    "ledger_event_from_event",
    "ledger_event_from_json",
    "ledger_event_to_event",
    "ledger_event_to_json",
]

LEDGER_SCHEMA_VERSION: Final = 1
"""Version of the shape of every payload."""

E = TypeVar("E", bound=StrEnum)


@attrs.frozen
class _Codec:
    """How the value of one field is written, and read back."""

    write: Callable[[Any], object]
    read: Callable[[object, str], object]


def _portion_to_plain(portion: Portion) -> Plain:
    if portion.share is not None:
        return {"share": fraction_text(portion.share)}
    assert portion.amount is not None  # one of the two is given
    return {"amount": money_to_plain(portion.amount)}


def _portion(plain: object, path: str) -> Portion:
    parts = plain_mapping(plain, path, needed=(), optional=("share", "amount"))
    if len(parts) != 1:
        raise PolicyError(path, "must be a share or an amount", sorted(parts))
    with faults_below(path):
        if "share" in parts:
            return Portion(share=plain_fraction(parts["share"], f"{path}.share"))
        return Portion(amount=money_from_plain(parts["amount"], f"{path}.amount"))


def _optional_day(value: object, path: str) -> dt.date | None:
    return None if value is None else plain_day(value, path)


def _days_to_plain(days: tuple[dt.date, ...]) -> list[str]:
    return [on.isoformat() for on in days]


def _days(value: object, path: str) -> tuple[dt.date, ...]:
    items = plain_items(value, path)
    return tuple(plain_day(item, f"{path}[{i}]") for i, item in enumerate(items))


def _method_to_plain(method: RepaymentMethod | None) -> Plain | None:
    return None if method is None else method_to_plain(method)


def _optional_method(value: object, path: str) -> RepaymentMethod | None:
    return None if value is None else method_from_plain(value, path=path)


def _choice(kind: type[E]) -> _Codec:
    def read(value: object, path: str) -> E:
        return plain_choice(kind, value, path)

    return _Codec(str, read)


def _itself(value: object) -> object:
    return value


_MONEY: Final = _Codec(money_to_plain, money_from_plain)
_DAY: Final = _Codec(dt.date.isoformat, plain_day)
_TEXT: Final = _Codec(str, plain_text)
_WHOLE: Final = _Codec(_itself, plain_whole)
# By the name of the field, which means the same in every happening.
_CODECS: Final[Mapping[str, _Codec]] = {
    "added_count": _WHOLE,
    "amount": _MONEY,
    "base": _choice(ChargeBase),
    "charge_id": _TEXT,
    "count": _WHOLE,
    "due_on": _Codec(lambda on: None if on is None else on.isoformat(), _optional_day),
    "event_id": _TEXT,
    "frequency": _Codec(str, plain_frequency),
    "from_on": _DAY,
    "installment_count": _WHOLE,
    "interest": _choice(ReAgedInterest),
    "is_down_payment_taken": _Codec(_itself, plain_flag),
    "last_on": _DAY,
    "method": _Codec(_method_to_plain, _optional_method),
    "new_loan_id": _TEXT,
    "nominal_rate": _Codec(rate_text, plain_rate),
    "portion": _Codec(_portion_to_plain, _portion),
    "repayment_id": _TEXT,
    "start_on": _DAY,
    "to_on": _DAY,
}
# Two things of one name, by the type of the event: what a repayment came for and what a
# charge is for; when a charge is due and when all installments are.
_OWN: Final[Mapping[tuple[str, str], _Codec]] = {
    ("loan.repaid", "kind"): _choice(RepaymentKind),
    ("loan.charged", "kind"): _choice(ChargeKind),
    ("loan.replanned", "due_on"): _Codec(_days_to_plain, _days),
}


def happening_to_plain(what: Happening) -> Plain:
    """Return the fields of what happened as a JSON object, every one of them.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import DueDateChanged
        >>> from microcrm_core.ledger.ledger_events_plain import happening_to_plain
        >>> happening_to_plain(
        ...     DueDateChanged(dt.date(2025, 3, 1), dt.date(2025, 3, 15))
        ... )
        {'from_on': '2025-03-01', 'to_on': '2025-03-15'}
    """
    codecs = _codecs(next(name for name, kind in _KNOWN if kind is type(what)))
    return {name: codec.write(getattr(what, name)) for name, codec in codecs.items()}


def happening_from_plain(
    type: str, plain: object, *, path: str = "payload"
) -> Happening:
    """Return what happened by its type and its fields.

    Fields that have a default may be left out.

    Args:
        type: What happened, as the log names it.
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: The type or a field is unknown, a field is missing or has another
            shape, or breaks its rule; the error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.ledger.ledger_events_plain import happening_from_plain
        >>> happening_from_plain("loan.repaid", {"amount_minor": 500})
        Traceback (most recent call last):
        ...
        microcrm_core.errors.PolicyError: payload.amount must be given, got None
    """
    if type not in HAPPENINGS:
        known = ", ".join(HAPPENINGS)
        raise PolicyError("type", f"must be one of {known}", type)
    codecs = _codecs(type)
    fields = {field.name: field for field in attrs.fields(HAPPENINGS[type])}
    needed = [name for name in codecs if fields[name].default is attrs.NOTHING]
    optional = [name for name in codecs if name not in needed]
    parts = plain_mapping(plain, path, needed=needed, optional=optional)
    values: dict[str, Any] = {
        name: codecs[name].read(value, f"{path}.{name}")
        for name, value in parts.items()
    }
    with faults_below(path):
        return HAPPENINGS[type](**values)


def ledger_event_to_event(event: LedgerEvent) -> Event:
    """Return the event in the common envelope, with the same id.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import (
        ...     LedgerEvent,
        ...     Repaid,
        ...     ledger_event_to_event,
        ... )
        >>> paid = LedgerEvent.of(
        ...     Repaid(amount=Money.of("100.00", Currency.of("EUR"))),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=dt.date(2025, 1, 31),
        ...     recorded_at=dt.datetime(2025, 2, 3, 9, tzinfo=dt.UTC),
        ...     idempotency_key="bank-4711",
        ... )
        >>> ledger_event_to_event(paid).stream_id
        'loan-7'
    """
    return Event(
        id=event.id,
        type=event.type,
        schema_version=LEDGER_SCHEMA_VERSION,
        stream_id=event.loan_id,
        value_on=event.value_on,
        recorded_at=event.recorded_at,
        idempotency_key=event.idempotency_key,
        payload=happening_to_plain(event.what),
    )


def ledger_event_from_event(event: Event) -> LedgerEvent:
    """Return the ledger event that an event of the log stands for.

    Raises:
        LedgerError: Its type, its version or a field is unknown, a field is missing,
            or breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import (
        ...     LedgerEvent,
        ...     Repaid,
        ...     ledger_event_from_event,
        ...     ledger_event_to_event,
        ... )
        >>> paid = LedgerEvent.of(
        ...     Repaid(amount=Money.of("100.00", Currency.of("EUR"))),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=dt.date(2025, 1, 31),
        ...     recorded_at=dt.datetime(2025, 2, 3, 9, tzinfo=dt.UTC),
        ...     idempotency_key="bank-4711",
        ... )
        >>> ledger_event_from_event(ledger_event_to_event(paid)) == paid
        True
    """
    try:
        if event.type in HAPPENINGS and event.schema_version != LEDGER_SCHEMA_VERSION:
            rule = f"must be {LEDGER_SCHEMA_VERSION} for {event.type}"
            raise InvalidValueError("schema_version", rule, event.schema_version)
        what = happening_from_plain(event.type, event.payload)
    except InvalidValueError as error:
        raise LedgerError(
            event.id, error.field, error.rule, error.value, hint=error.hint
        ) from None
    return LedgerEvent(
        id=event.id,
        loan_id=LoanId(event.stream_id),
        value_on=event.value_on,
        recorded_at=event.recorded_at,
        idempotency_key=event.idempotency_key,
        what=what,
    )


def ledger_event_to_json(event: LedgerEvent) -> str:
    """Return the canonical JSON of the event in the common envelope.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import ChargedOff, LedgerEvent
        >>> from microcrm_core.ledger.ledger_events_plain import (
        ...     ledger_event_from_json, ledger_event_to_json
        ... )
        >>> event = LedgerEvent.of(
        ...     ChargedOff(),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=dt.date(2025, 1, 31),
        ...     recorded_at=dt.datetime(2025, 2, 3, 9, tzinfo=dt.UTC),
        ...     idempotency_key="board-3",
        ... )
        >>> ledger_event_from_json(ledger_event_to_json(event)) == event
        True
    """
    return ledger_event_to_event(event).to_json()


def ledger_event_from_json(text: str) -> LedgerEvent:
    """Return the event that `ledger_event_to_json` wrote.

    Raises:
        LedgerError: Its type, its version or a field of its payload is unknown, or a
            field is missing or breaks its rule.
        InvalidValueError: *text* is no JSON object, or a field of the envelope is
            missing, unknown or breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import (
        ...     LedgerEvent,
        ...     Repaid,
        ...     ledger_event_from_json,
        ...     ledger_event_to_json,
        ... )
        >>> paid = LedgerEvent.of(
        ...     Repaid(amount=Money.of("100.00", Currency.of("EUR"))),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=dt.date(2025, 1, 31),
        ...     recorded_at=dt.datetime(2025, 2, 3, 9, tzinfo=dt.UTC),
        ...     idempotency_key="bank-4711",
        ... )
        >>> ledger_event_from_json(ledger_event_to_json(paid)) == paid
        True
    """
    return ledger_event_from_event(Event.from_json(text))


def _codecs(type: str) -> dict[str, _Codec]:
    """Return how the fields of one type are written and read, in their order."""
    return {
        field.name: _OWN.get((type, field.name)) or _CODECS[field.name]
        for field in attrs.fields(HAPPENINGS[type])
    }


_KNOWN: Final = tuple(HAPPENINGS.items())
