"""The log of a loan of which only plain records are kept.

Many systems keep loans and repayments, and no log of events. Then the log follows: what
was agreed was paid out on its days, and each repayment is an event of its own, with its
id. Events that are kept are taken as they are, so a loan can have some of both.

Records have days and no moments: what became known on a day is recorded at its end, in
UTC; a disbursement at the beginning of its day, and always before anything else.

Example:
    See `loan_log`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from microcrm_core.checks import day
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import RepaymentId
from microcrm_core.ledger.happenings import (
    Disbursed,
    Repaid,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.repayment_kinds import RepaymentKind
from microcrm_core.loans.repayments import Repayment
from microcrm_core.loans.terms import Loan

__all__ = ["end_of_day", "loan_log"]

_FIRST: Final = dt.time(tzinfo=dt.UTC)
_LEAST: Final = dt.datetime.min.replace(tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_LAST: Final = dt.time.max.replace(tzinfo=dt.UTC)
_KIND: Final = RepaymentKind.REPAYMENT
_set: Final = object.__setattr__


def end_of_day(on: dt.date) -> dt.datetime:
    """Return the last moment of a day, UTC: `known_at` for what is known by its end.

    Raises:
        InvalidValueError: *on* is no date.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import end_of_day
        >>> end_of_day(dt.date(2025, 1, 31)).isoformat()
        '2025-01-31T23:59:59.999999+00:00'
    """
    return dt.datetime.combine(day("on", on), _LAST)


def loan_log(
    loan: Loan, records: Iterable[Repayment | LedgerEvent]
) -> tuple[LedgerEvent, ...]:
    """Return the log of a loan, made of what was recorded of it.

    A repayment becomes a `Repaid` with the id of the repayment. Where no event tells of
    a disbursement and the loan is disbursed, its disbursements are those of the terms;
    they were known when the loan was, or before the first record that was known then.

    Args:
        loan: What was agreed, and whether it was paid out.
        records: Repayments and events of this loan, in any order; each repayment once.

    Raises:
        InvalidValueError: A record is of another kind or of another loan, or a
            repayment is given twice.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate, Repayment
        >>> from microcrm_core.ids import CustomerId, LoanId, RepaymentId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, loan_log, replay
        >>> from microcrm_core.loans import Loan
        >>> euro = Currency.of("EUR")
        >>> loan = Loan(
        ...     id=LoanId("loan-1"),
        ...     customer_id=CustomerId("c-1"),
        ...     terms=LoanTerms(
        ...         principal=Money(1000, euro),
        ...         nominal_rate=Rate.per_year(0),
        ...         installment_count=2,
        ...         frequency=Frequency.MONTHLY,
        ...         disbursed_on=dt.date(2025, 1, 15),
        ...         first_due_on=dt.date(2025, 2, 15),
        ...     ),
        ...     requested_on=None,
        ...     is_disbursed=True,
        ...     known_on=dt.date(2025, 1, 15),
        ... )
        >>> repayment = Repayment(
        ...     id=RepaymentId("r-1"),
        ...     loan_id=LoanId("loan-1"),
        ...     paid_on=dt.date(2025, 2, 14),
        ...     amount=Money(700, euro),
        ...     known_on=dt.date(2025, 2, 14),
        ... )
        >>> log = loan_log(loan, [repayment])
        >>> [event.type for event in log]
        ['loan.disbursed', 'loan.repaid']
        >>> state = replay(
        ...     loan.terms,
        ...     log,
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ...     as_of=dt.date(2025, 3, 20),
        ... )
        >>> str(state.overdue.total), state.days_past_due
        ('EUR 3.00', 5)
    """
    events: list[LedgerEvent] = []
    repayment_ids: set[RepaymentId] = set()
    for record in records:
        event = _event(record)
        if event.loan_id != loan.id:
            rule = f"of record {event.id!r} must be {loan.id!r}"
            raise InvalidValueError("loan_id", rule, event.loan_id)
        events.append(event)
        if event is record:
            continue
        if record.id in repayment_ids:
            raise InvalidValueError("id", "must be given once", record.id)
        repayment_ids.add(RepaymentId(record.id))
    if loan.is_disbursed and not any(type(one.what) is Disbursed for one in events):
        events[:0] = _disbursed(loan, _known_at(loan, events))
    return tuple(events)


def _event(record: object) -> LedgerEvent:
    if isinstance(record, Repayment):
        return _repaid(record)
    if not isinstance(record, LedgerEvent):
        raise InvalidValueError("records", "must be Repayments or LedgerEvents", record)
    return record


def _repaid(repayment: Repayment) -> LedgerEvent:
    # Reviews make millions of these, of records that are checked already; setting the
    # fields at once takes a third of the time.
    what = object.__new__(Repaid)
    _set(what, "amount", repayment.amount)
    _set(what, "kind", _KIND)
    event = object.__new__(LedgerEvent)
    _set(event, "id", repayment.id)
    _set(event, "loan_id", repayment.loan_id)
    _set(event, "value_on", repayment.paid_on)
    _set(event, "recorded_at", dt.datetime.combine(repayment.known_on, _LAST))
    _set(event, "idempotency_key", repayment.id)
    _set(event, "what", what)
    return event


def _known_at(loan: Loan, events: list[LedgerEvent]) -> dt.datetime:
    """Return when a disbursement was known: with the loan, and before other events."""
    known_at = dt.datetime.combine(loan.known_on, _FIRST)
    earliest_at = min((event.recorded_at for event in events), default=None)
    if earliest_at is None or known_at < earliest_at:
        return known_at
    return max(earliest_at, _LEAST + _MICROSECOND) - _MICROSECOND


def _disbursed(loan: Loan, known_at: dt.datetime) -> list[LedgerEvent]:
    return [
        LedgerEvent.of(
            Disbursed(amount=amount),
            loan_id=loan.id,
            value_on=on,
            recorded_at=known_at,
            idempotency_key=f"disbursement-{number}",
        )
        for number, (on, amount) in enumerate(loan.terms.disbursements, start=1)
    ]
