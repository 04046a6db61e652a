"""A lender gives up hope for a loan, or ends its contract.

*Charging off* takes the loan as a loss in the books of the lender: the customer still
owes it, and what is paid is allocated as before. What becomes of interest is data of
the policy. *Terminating* ends the contract: all that is left is due on the day, and no
more interest accrues. Both state what was open by bucket, and pay nothing.

Example:
    >>> from microcrm_core.ledger.closing import charged_off, terminated
    >>> charged_off.__name__, terminated.__name__
    ('charged_off', 'terminated')
"""

from __future__ import annotations

from typing import assert_never

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook, Posting
from microcrm_core.ledger.charging import renew_installment_charges
from microcrm_core.ledger.happenings import ChargedOff, Terminated
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import ChargeOffInterest

__all__ = ["charged_off", "terminated"]


def charged_off(book: LedgerBook, event: LedgerEvent) -> None:
    """Take what is open as a loss; it is still asked for.

    Interest stays as scheduled, ends, or ends with all that is left due on the day, as
    the policy says. A loan that owes nothing cannot become a loss: then nothing
    happens. Once charged off, a loan stays so, and a second charge-off states nothing.

    Example:
        See `microcrm_core.ledger.closing`.
    """
    assert isinstance(event.what, ChargedOff)  # as the table of handlers says
    if book.is_charged_off or book.open_minor == 0:
        book.postings[event.id] = Posting(amount_minor=0)
        return
    kind = book.policy.charge_off_interest
    if kind is ChargeOffInterest.KEPT:
        pass
    elif kind is ChargeOffInterest.ENDED:
        book.engine.end_interest(book, event.value_on, is_due_now=False)
    elif kind is ChargeOffInterest.ACCELERATED:
        _fall_due(book, event)
    else:
        assert_never(kind)
    _renew_charges(book, event)
    posting = _open_amounts(book)
    book.postings[event.id] = posting
    book.is_charged_off = posting.amount_minor > 0


def terminated(book: LedgerBook, event: LedgerEvent) -> None:
    """End the contract: all that is left is due on the day, without later interest.

    After the last due date everything is due as it is. A contract ends once; ending it
    again states nothing.

    Example:
        See `microcrm_core.ledger.closing`.
    """
    assert isinstance(event.what, Terminated)  # as the table of handlers says
    if book.is_terminated:
        book.postings[event.id] = Posting(amount_minor=0)
        return
    if book.open_minor:
        _fall_due(book, event)
        _renew_charges(book, event)
    book.postings[event.id] = _open_amounts(book)
    book.is_terminated = True


def _fall_due(book: LedgerBook, event: LedgerEvent) -> None:
    if event.value_on < book.maturity_on:
        book.engine.end_interest(book, event.value_on, is_due_now=True)


def _renew_charges(book: LedgerBook, event: LedgerEvent) -> None:
    # Where interest is worked out day by day, charges on it are not: they were fixed.
    if book.per_installment and not book.policy.is_recalculating:
        renew_installment_charges(book, event.value_on)


def _open_amounts(book: LedgerBook) -> Posting:
    parts = [sum(row.open_in(bucket) for row in book.rows) for bucket in Bucket]
    return Posting(amount_minor=sum(parts), parts_minor=parts)
