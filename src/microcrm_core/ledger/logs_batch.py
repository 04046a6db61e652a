"""Reading the logs of many loans into columns; twin of `logs` for whole portfolios.

What columns cannot hold is refused by the name of the event: anything that changes due
dates, rates or interest, charges that are shares or come with every installment, and
pauses of delinquency. `replay` takes the loans of these.

Example:
    See `read_logs`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NoReturn

from microcrm_core.batch import UNKNOWN, Int64s
from microcrm_core.errors import InvalidValueError, LedgerError
from microcrm_core.ids import EventId, LoanId
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.happenings import (
    Charged,
    ChargeKind,
    ChargeWaived,
    CreditRefunded,
    Disbursed,
    Happening,
    Renewed,
    Repaid,
    Reversed,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.log_checks import require_repeated
from microcrm_core.ledger.log_columns_batch import (
    EVENT_KINDS,
    EventColumns,
    recorded_us,
)
from microcrm_core.ledger.logs import effective_on
from microcrm_core.loans.column_checks_batch import day_array, id_array, int64_array
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.money import Currency, Money

__all__ = ["read_logs"]


def read_logs(events: Iterable[LedgerEvent], loans: LoanColumns) -> EventColumns:
    """Return the columns of the logs of *loans*; twin of `read_log`.

    A request that came twice counts once. What counts as of a day, and what was known
    by a moment, is left to the replay: columns are read once for all days.

    Args:
        events: The events of all loans, in any order; whole logs, so that what an event
            names is among them.
        loans: The table of loans that `loan_index` is to point into.

    Raises:
        LedgerError: An event belongs to none of the loans, holds what columns cannot
            hold, is in another currency than its loan, has the id or key of another
            one, or names none of its loan.
        InvalidValueError: An id is longer than 64 bytes, or an amount exceeds int64.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.ids import CustomerId, LoanId
        >>> from microcrm_core.ledger import Disbursed, LedgerEvent
        >>> from microcrm_core.ledger.logs_batch import read_logs
        >>> from microcrm_core.loans import Loan
        >>> from microcrm_core.loans.columns_batch import LoanColumns
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.24"),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> loan = Loan(
        ...     id=LoanId("loan-7"),
        ...     customer_id=CustomerId("c-1"),
        ...     terms=terms,
        ...     requested_on=None,
        ...     is_disbursed=True,
        ...     known_on=terms.disbursed_on,
        ... )
        >>> lent = LedgerEvent.of(
        ...     Disbursed(amount=terms.principal),
        ...     loan_id=loan.id,
        ...     value_on=terms.disbursed_on,
        ...     recorded_at=dt.datetime(2025, 1, 15, tzinfo=dt.UTC),
        ...     idempotency_key="lent",
        ... )
        >>> loans = LoanColumns.from_loans([loan], {CustomerId("c-1"): 0})
        >>> read_logs([lent, lent], loans).amount_minor.tolist()
        [100000]
    """
    positions = {id_.decode(): row for row, id_ in enumerate(loans.ids.tolist())}
    currency_rows: list[int] = loans.currency_index.tolist()
    currencies = [loans.currencies[row] for row in currency_rows]
    given = list(events)
    for event in given:
        _require_held(event)
        position = positions.get(event.loan_id)
        if position is None:
            rule = "must be that of one of the loans"
            raise LedgerError(event.id, "loan_id", rule, event.loan_id)
        _require_currency(event, currencies[position])
    kept, other_ids = _once_each(given)
    kept.sort(key=lambda event: (positions[event.loan_id], *_place(event)))
    places = {(event.loan_id, event.id): row for row, event in enumerate(kept)}
    return EventColumns(
        ids=id_array(event.id for event in kept),
        loan_index=int64_array(
            "loan_index", (positions[event.loan_id] for event in kept)
        ),
        value_day=day_array(event.value_on for event in kept),
        recorded_us=int64_array(
            "recorded_us", (recorded_us(event.recorded_at) for event in kept)
        ),
        kind_index=int64_array(
            "kind_index", (EVENT_KINDS.index(type(event.what)) for event in kept)
        ),
        amount_minor=_known_array("amount_minor", map(_amount_minor, kept)),
        target_index=_known_array(
            "target_index", (_target(event, places, other_ids) for event in kept)
        ),
        bucket_index=_known_array("bucket_index", map(_bucket_index, kept)),
        due_day=day_array(
            event.what.due_on if isinstance(event.what, Charged) else None
            for event in kept
        ),
    )


def _place(event: LedgerEvent) -> tuple[dt.date, dt.datetime, bool, str]:
    is_after = not isinstance(event.what, Disbursed)
    return effective_on(event), event.recorded_at, is_after, event.id


def _require_held(event: object) -> None:
    if not isinstance(event, LedgerEvent):
        hint = "use LedgerEvent.of(...)"
        raise InvalidValueError("events", "must be LedgerEvents", event, hint=hint)
    what = event.what
    if type(what) not in EVENT_KINDS:
        _refuse(event, "type", event.type)
    if isinstance(what, Charged) and what.due_on is None:
        _refuse(event, "due_on", "with every installment")
    if isinstance(what, Charged) and what.portion.amount is None:
        _refuse(event, "portion", str(what.portion.share))


def _refuse(event: LedgerEvent, field: str, value: str) -> NoReturn:
    rule = f"of loan {event.loan_id!r} must not be given in columns"
    raise LedgerError(event.id, field, rule, value, hint="use replay for this loan")


def _require_currency(event: LedgerEvent, currency: Currency) -> None:
    amount = _amount(event)
    if amount is not None and amount.currency != currency:
        rule = f"must be in {currency.code}"
        raise LedgerError(event.id, "amount", rule, str(amount))


def _amount(event: LedgerEvent) -> Money | None:
    what = event.what
    if isinstance(what, Charged):
        return what.portion.amount
    if isinstance(what, Disbursed | Repaid | Renewed | CreditRefunded):
        return what.amount
    return None


def _known_array(field: str, values: Iterable[int | None]) -> Int64s:
    """Return whole numbers as int64; None becomes `UNKNOWN`."""
    given = list(values)
    column = int64_array(field, (0 if value is None else value for value in given))
    column[[value is None for value in given]] = UNKNOWN
    return column


def _amount_minor(event: LedgerEvent) -> int | None:
    amount = _amount(event)
    return None if amount is None else amount.minor


def _bucket_index(event: LedgerEvent) -> int | None:
    what = event.what
    if not isinstance(what, Charged):
        return None
    return Bucket.FEES if what.kind is ChargeKind.FEE else Bucket.PENALTIES


def _target(
    event: LedgerEvent,
    places: Mapping[tuple[LoanId, EventId], int],
    other_ids: Mapping[tuple[LoanId, EventId], EventId],
) -> int | None:
    """Return the row of the event that an event names, by the id that was kept."""
    named_id = _named_id(event)
    if named_id is None:
        return None
    kept_id = other_ids.get((event.loan_id, named_id), named_id)
    place = places.get((event.loan_id, kept_id))
    if place is None:
        rule = "must name an event of the log of its loan"
        raise LedgerError(event.id, "event_id", rule, named_id)
    return place


def _named_id(event: LedgerEvent) -> EventId | None:
    what = event.what
    if isinstance(what, ChargeWaived):
        return what.charge_id
    return what.event_id if isinstance(what, Reversed) else None


def _once_each(
    events: list[LedgerEvent],
) -> tuple[list[LedgerEvent], dict[tuple[LoanId, EventId], EventId]]:
    """Return each event once, and the ids of repeated ones with the kept id."""
    by_id: dict[tuple[LoanId, EventId], LedgerEvent] = {}
    by_key: dict[tuple[LoanId, type[Happening], str], LedgerEvent] = {}
    kept: list[LedgerEvent] = []
    other_ids: dict[tuple[LoanId, EventId], EventId] = {}
    # The first that was recorded is the event; the others repeat it.
    for event in sorted(events, key=lambda event: (event.recorded_at, event.id)):
        id_key = event.loan_id, event.id
        request = event.loan_id, type(event.what), event.idempotency_key
        first = by_id.get(id_key) or by_key.get(request)
        if first is None:
            by_id[id_key] = by_key[request] = event
            kept.append(event)
            continue
        require_repeated(event, first)
        if event.id != first.id:
            other_ids[id_key] = first.id
    return kept, other_ids
