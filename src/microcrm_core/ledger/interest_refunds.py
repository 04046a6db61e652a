"""A merchant's refund gives back the interest that its principal has borne.

Goods that were bought on credit go back, and the merchant refunds their price. Some
lenders then act as if that much had never been lent, and give back the interest on it:
a repayment of its own, right after the refund and on its day.

How much is the difference between two loans that never were. In both, refunds are left
out and as much is repaid on the days on which it was lent, each disbursement up to its
amount: once the refunds before this one, once this one too. What interest they have
borne by the day differs by what is given back. So several refunds together give back
what one would, and a repayment that becomes known later changes it.

Example:
    >>> from microcrm_core.ids import EventId
    >>> from microcrm_core.ledger.interest_refunds import interest_refund_id
    >>> interest_refund_id(EventId("event-1"))
    'event-1/interest-refund'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import attrs

from microcrm_core.ids import EventId
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.happenings import (
    ChargedBack,
    Disbursed,
    Repaid,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import LedgerPolicy
from microcrm_core.ledger.paying import pay
from microcrm_core.ledger.repayment_kinds import RepaymentKind
from microcrm_core.money import Money

__all__ = ["Fold", "gives_interest_back", "interest_refund_id", "refund_interest"]

Fold: TypeAlias = Callable[
    [LedgerBook, Sequence[LedgerEvent], LedgerPolicy, dt.date], LedgerBook
]
"""Replays other events, by another policy and to a day, on the terms of a book."""


def interest_refund_id(event_id: EventId) -> EventId:
    """Return the id of the interest refund that a refund brought.

    Example:
        See `microcrm_core.ledger.interest_refunds`.
    """
    return EventId(f"{event_id}/interest-refund")


def gives_interest_back(policy: LedgerPolicy, event: LedgerEvent) -> bool:
    """Return whether an event is a refund that gives back interest, by the policy.

    Example:
        See `microcrm_core.ledger.interest_refunds`.
    """
    what = event.what
    return isinstance(what, Repaid) and what.kind in policy.interest_refund_kinds


def refund_interest(book: LedgerBook, event: LedgerEvent, fold: Fold) -> None:
    """Give back the interest that the principal of a refund has borne by its day.

    Called right after the refund itself. It gets a posting of its own, and pays in the
    order of interest refunds. Where no interest was borne there is none, nor where the
    loan was given up.

    Args:
        book: The loan.
        event: The refund.
        fold: How other events are replayed.

    Example:
        See `microcrm_core.ledger.interest_refunds`.
    """
    if book.is_written_off:
        return
    before: list[LedgerEvent] = []
    refunded_minor = 0
    refund_ids: set[EventId] = set()
    for one in book.events:
        if one is event:
            break
        if gives_interest_back(book.policy, one):
            refunded_minor += _amount_minor(one)
            refund_ids.add(one.id)
        elif isinstance(one.what, ChargedBack) and one.what.repayment_id in refund_ids:
            refunded_minor -= one.what.amount.minor
        else:
            before.append(one)
    without = _borne_minor(book, event, before, refunded_minor, fold)
    refunded_minor += _amount_minor(event)
    amount_minor = without - _borne_minor(book, event, before, refunded_minor, fold)
    if amount_minor > 0:
        order = book.policy.order_of(RepaymentKind.INTEREST_REFUND)
        pay(book, interest_refund_id(event.id), amount_minor, event.value_on, order)


def _amount_minor(event: LedgerEvent) -> int:
    assert isinstance(event.what, Repaid)  # the caller has looked
    return event.what.amount.minor


def _borne_minor(
    book: LedgerBook,
    event: LedgerEvent,
    before: Sequence[LedgerEvent],
    repaid_minor: int,
    fold: Fold,
) -> int:
    """Return the interest borne by the day, had that been repaid when it was lent."""
    policy = attrs.evolve(book.policy, interest_refund_kinds=frozenset())
    events = tuple(_with_repayments(before, repaid_minor))
    other = fold(book, events, policy, event.value_on)
    # What is paid in all, less what was lent: some interest may have become principal.
    borne_minor = sum(other.engine.payoff(other, event.value_on)) - other.lent_minor
    for row in other.rows:
        borne_minor += row.paid[Bucket.PRINCIPAL] + row.paid[Bucket.INTEREST]
        borne_minor -= row.credited_minor
    return borne_minor


def _with_repayments(
    events: Sequence[LedgerEvent], repaid_minor: int
) -> Iterator[LedgerEvent]:
    """Yield the events, and repayments of what was just lent up to a sum."""
    for event in events:
        yield event
        what = event.what
        if isinstance(what, Disbursed) and repaid_minor > 0:
            part_minor = min(repaid_minor, what.amount.minor)
            repaid_minor -= part_minor
            yield attrs.evolve(
                event,
                id=EventId(f"{event.id}/refunded"),
                what=Repaid(amount=Money(part_minor, what.amount.currency)),
            )
