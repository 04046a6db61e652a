"""The events that a quote would bring into the log, before and after it is accepted.

Their ids follow from the log on which the quote rests and from their place in it, and
from nothing else. So the quote is replayed with the very events that an acceptance
records, and two acceptances on one log can never both count: the ledger refuses two
events of one id.

Example:
    >>> from microcrm_core.adjustments.quoted_events import quoted_event_id
    >>> from microcrm_core.ids import LoanId
    >>> quoted_event_id(LoanId("loan-7"), "9f86d0", 1)[:6]
    'event-'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from microcrm_core.adjustments.planned_changes import PlannedChange
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import EventId, LoanId, derived_id
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.loan_accounts import LoanAccount
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.logs import effective_on

__all__ = ["next_due_on", "quoted_event_id", "quoted_events", "require_recorded_after"]

_STEP: Final = dt.timedelta(microseconds=1)


def quoted_event_id(loan_id: LoanId, basis: str, number: int) -> EventId:
    """Return the id of an event of a quote.

    Args:
        loan_id: The loan.
        basis: Digest of the account on which the quote rests.
        number: Place of the event in the quote, from 1.

    Example:
        See `microcrm_core.adjustments.quoted_events`.
    """
    key = f"{basis}/{number}"
    return EventId(derived_id("event", "loan.adjusted", loan_id, key))


def quoted_events(
    loan_id: LoanId,
    basis: str,
    changes: Sequence[PlannedChange],
    *,
    recorded_at: dt.datetime,
    idempotency_key: str,
) -> tuple[LedgerEvent, ...]:
    """Return the events of a quote, recorded a microsecond apart in their order.

    Args:
        loan_id: The loan.
        basis: Digest of the account on which the quote rests.
        changes: What happens.
        recorded_at: When the first of them is recorded.
        idempotency_key: Names the acceptance; the events number it from 1.

    Raises:
        InvalidValueError: An argument breaks its rule.

    Example:
        See `microcrm_core.adjustments.quoted_events`.
    """
    return tuple(
        LedgerEvent(
            id=quoted_event_id(loan_id, basis, number),
            loan_id=loan_id,
            value_on=change.value_on,
            recorded_at=recorded_at + _STEP * (number - 1),
            idempotency_key=f"{idempotency_key}/{number}",
            what=change.what,
        )
        for number, change in enumerate(changes, start=1)
    )


def next_due_on(state: LoanState) -> dt.date | None:
    """Return the next day on which something of a loan falls due; None: there is none.

    On that day a quote that was made before it no longer holds.

    Args:
        state: The loan on the day of the quote.

    Example:
        See `microcrm_core.adjustments.quoted_events`.
    """
    due_on = [row.due_on for row in state.rows if row.charged_minor]
    return min((on for on in due_on if on > state.as_of), default=None)


def require_recorded_after(
    account: LoanAccount, changes: Sequence[PlannedChange], recorded_at: dt.datetime
) -> None:
    """Refuse a moment at which changes would come before something of their days.

    Raises:
        InvalidValueError: The log has something of one of these days that was recorded
            at the moment or later.

    Example:
        See `microcrm_core.adjustments.quoted_events`.
    """
    days = {change.value_on for change in changes}
    others = [one.recorded_at for one in account.events if effective_on(one) in days]
    if others and recorded_at <= max(others):
        latest = max(others).isoformat()
        rule = f"must be after all that the log has on the day, up to {latest}"
        raise InvalidValueError("recorded_at", rule, recorded_at)
