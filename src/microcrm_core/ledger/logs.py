"""The log of a loan: which of its events count, and in which order.

A log is whatever a system kept: events in any order, repeated deliveries among them,
some known only later than others. Reading it keeps what was known at a moment and is
true by a day, takes out what was reversed, and puts the rest in the one order of
replay. So the order of arrival never matters.

What has a meaning is given it: a request that came twice counts once. What has none is
refused with a `LedgerError` that names the event.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Money
    >>> from microcrm_core.ids import LoanId
    >>> from microcrm_core.ledger import Disbursed, LedgerEvent, Repaid, Reversed
    >>> from microcrm_core.ledger.logs import read_log
    >>> amount = Money.of("100.00", Currency.of("EUR"))
    >>> def event(what, day, key):
    ...     return LedgerEvent.of(
    ...         what,
    ...         loan_id=LoanId("loan-7"),
    ...         value_on=dt.date(2025, 1, day),
    ...         recorded_at=dt.datetime(2025, 2, day, tzinfo=dt.UTC),
    ...         idempotency_key=key,
    ...     )
    >>> lent = event(Disbursed(amount=amount), 1, "lent")
    >>> paid = event(Repaid(amount=amount), 9, "paid")
    >>> bounced = event(Reversed(paid.id), 12, "bounced")
    >>> log = [bounced, paid, lent]
    >>> [each.type for each in read_log(log, as_of=dt.date(2025, 1, 11))]
    ['loan.disbursed', 'loan.repaid']
    >>> [each.type for each in read_log(log, as_of=dt.date(2025, 1, 12))]
    ['loan.disbursed']
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import attrs

from microcrm_core.checks import day, utc_instant
from microcrm_core.currencies import Currency
from microcrm_core.errors import InvalidValueError, LedgerError
from microcrm_core.ids import EventId
from microcrm_core.ledger.happenings import (
    Charged,
    ChargedBack,
    ChargeWaived,
    Disbursed,
    InterestPaused,
    RateChanged,
    Reversed,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.log_checks import (
    down_payment_id,
    require_one_loan,
    require_order,
    require_repeated,
)

__all__ = [
    "LogReading",
    "down_payment_id",
    "effective_on",
    "read_log",
    "read_whole_log",
]

_Keyed: TypeAlias = "tuple[dt.date, bool, dt.datetime, bool, str, LedgerEvent]"

# On one day, a new rate and a pause of interest come before all else. Once agreed they
# are in the schedule before they begin, so they count whatever the day of the state.
_FIRST_OF_DAY: Final = frozenset({RateChanged, InterestPaused})


@attrs.frozen
class LogReading:
    """What a log comes to as of a day, as far as known at a moment.

    Attributes:
        live: The events that count, in order of replay.
        reversed_events: Those that never were, in the same order.

    Example:
        See `microcrm_core.ledger.logs`.
    """

    live: tuple[LedgerEvent, ...]
    reversed_events: tuple[LedgerEvent, ...]


def effective_on(event: LedgerEvent) -> dt.date:
    """Return the day from which an event counts.

    It is the day on which it is true; for a charge, its due date where that is earlier.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import ChargedOff, LedgerEvent
        >>> from microcrm_core.ledger.logs import effective_on
        >>> event = LedgerEvent.of(
        ...     ChargedOff(),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=dt.date(2025, 1, 31),
        ...     recorded_at=dt.datetime(2025, 2, 3, 9, tzinfo=dt.UTC),
        ...     idempotency_key="board-3",
        ... )
        >>> effective_on(event).isoformat()
        '2025-01-31'
    """
    what = event.what
    if type(what) is Charged and what.due_on is not None:
        return min(what.due_on, event.value_on)
    return event.value_on


def read_log(
    events: Iterable[LedgerEvent],
    *,
    as_of: dt.date,
    known_at: dt.datetime | None = None,
    currency: Currency | None = None,
) -> tuple[LedgerEvent, ...]:
    """Return the events of one loan that count, in order of replay.

    The order is that of the days from which they count; on one day new rates and pauses
    of interest come first, then what was known first; ids decide ties. New rates and
    pauses that are still to come count as soon as they are known: the schedule as it
    stands shows them.

    Args:
        events: In any order.
        as_of: Last day that counts, inclusive, but for rates and pauses to come.
        known_at: Last moment of recording that counts, inclusive; None: all is known.
        currency: Of the loan; None: that of the first amount.

    Raises:
        LedgerError: The events that are known contradict each other.
        InvalidValueError: An argument is of another kind.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import (
        ...     Disbursed,
        ...     LedgerEvent,
        ...     Repaid,
        ...     read_log,
        ... )
        >>> paid = LedgerEvent.of(
        ...     Repaid(amount=Money.of("100.00", Currency.of("EUR"))),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=dt.date(2025, 1, 31),
        ...     recorded_at=dt.datetime(2025, 2, 3, 9, tzinfo=dt.UTC),
        ...     idempotency_key="bank-4711",
        ... )
        >>> lent = LedgerEvent.of(
        ...     Disbursed(amount=Money.of("900.00", Currency.of("EUR"))),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=dt.date(2025, 1, 1),
        ...     recorded_at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
        ...     idempotency_key="lent",
        ... )
        >>> counted = read_log([paid, lent, paid], as_of=dt.date(2025, 1, 31))
        >>> [event.type for event in counted]
        ['loan.disbursed', 'loan.repaid']
    """
    reading = read_whole_log(events, as_of=as_of, known_at=known_at, currency=currency)
    return reading.live


def read_whole_log(
    events: Iterable[LedgerEvent],
    *,
    as_of: dt.date,
    known_at: dt.datetime | None = None,
    currency: Currency | None = None,
) -> LogReading:
    """Return the events that count and those that were reversed; see `read_log`.

    Raises:
        LedgerError: The events that are known contradict each other.
        InvalidValueError: An argument is of another kind.

    Example:
        See `microcrm_core.ledger.logs`.
    """
    day("as_of", as_of)
    known = _known(events, known_at)
    if not known:
        return LogReading((), ())
    by_id, other_ids = _once_each(known)
    require_one_loan(by_id, currency)
    reversal_of = _reversals(by_id, other_ids)
    # Each with its place in the order; ids differ, so events are never compared.
    live: list[_Keyed] = []
    gone: list[_Keyed] = []
    for event in by_id.values():
        kind = type(event.what)
        is_to_come = event.value_on > as_of and kind not in _FIRST_OF_DAY
        if is_to_come or kind is Reversed:
            continue
        on = event.value_on if kind is not Charged else effective_on(event)
        is_later = kind not in _FIRST_OF_DAY
        # What was paid out comes before what was recorded at the same moment: files
        # of banks and of older systems stamp all their rows alike.
        is_after = kind is not Disbursed
        keyed = on, is_later, event.recorded_at, is_after, event.id, event
        reversal = reversal_of.get(event.id) if reversal_of else None
        is_live = reversal is None or reversal.value_on > as_of
        (live if is_live else gone).append(keyed)
    live.sort()
    gone.sort()
    counted = tuple([keyed[-1] for keyed in live])
    if other_ids:
        counted = tuple([_naming_kept(event, other_ids) for event in counted])
    require_order(counted)
    return LogReading(counted, tuple([keyed[-1] for keyed in gone]))


def _known(
    events: Iterable[LedgerEvent], known_at: dt.datetime | None
) -> list[LedgerEvent]:
    known = list(events)
    for event in known:
        if type(event) is not LedgerEvent:
            _require_event(event)
    if known_at is None:
        return known
    moment = utc_instant("known_at", known_at)
    return [event for event in known if event.recorded_at <= moment]


def _require_event(event: object) -> None:
    if not isinstance(event, LedgerEvent):
        hint = "use LedgerEvent.of(...)"
        raise InvalidValueError("events", "must be LedgerEvents", event, hint=hint)


def _once_each(
    known: list[LedgerEvent],
) -> tuple[dict[EventId, LedgerEvent], Mapping[EventId, EventId]]:
    """Return each event once, by id, and the ids of repeated ones with the kept id."""
    by_id = {event.id: event for event in known}
    by_key = {(type(event.what), event.idempotency_key): event for event in known}
    if len(by_id) == len(by_key) == len(known):
        return by_id, {}
    by_id.clear()
    by_key.clear()
    other_ids: dict[EventId, EventId] = {}
    # The first that was recorded is the event; the others repeat it.
    for event in sorted(known, key=_known_first):
        key = type(event.what), event.idempotency_key
        first = by_id.get(event.id) or by_key.get(key)
        if first is None:
            by_id[event.id] = by_key[key] = event
            continue
        require_repeated(event, first)
        if event.id != first.id:
            other_ids[event.id] = first.id
    return by_id, other_ids


def _reversals(
    by_id: Mapping[EventId, LedgerEvent], other_ids: Mapping[EventId, EventId]
) -> dict[EventId, LedgerEvent]:
    """Return the reversal of each event that has one."""
    made: dict[EventId, LedgerEvent] = {}
    reversals = [event for event in by_id.values() if type(event.what) is Reversed]
    for reversal in sorted(reversals, key=_known_first):
        assert isinstance(reversal.what, Reversed)  # nothing else was collected
        named_id = reversal.what.event_id
        target_id = other_ids.get(named_id, named_id)
        rule, hint = "", None
        if target_id not in by_id:
            rule, hint = "must name an event of the log", "was it recorded later?"
        elif type(by_id[target_id].what) is Reversed:
            rule, hint = "must not name a reversal", "record the event anew instead"
        elif target_id in made:
            rule = f"must not name what {made[target_id].id!r} has reversed"
        if rule:
            raise LedgerError(reversal.id, "event_id", rule, named_id, hint=hint)
        made[target_id] = reversal
    return made


def _naming_kept(
    event: LedgerEvent, other_ids: Mapping[EventId, EventId]
) -> LedgerEvent:
    """Return the event, naming what it names by the id that was kept."""
    what = event.what
    if isinstance(what, ChargeWaived) and what.charge_id in other_ids:
        kept = ChargeWaived(other_ids[what.charge_id])
        return attrs.evolve(event, what=kept)
    if isinstance(what, ChargedBack) and what.repayment_id in other_ids:
        paid_id = other_ids[what.repayment_id]
        return attrs.evolve(event, what=attrs.evolve(what, repayment_id=paid_id))
    return event


def _known_first(event: LedgerEvent) -> tuple[dt.datetime, str]:
    return event.recorded_at, event.id
