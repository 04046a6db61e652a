"""What it means for a book that the lender gave a loan up.

A *write-off* gives up all that is open, for good: the loan stays written off whatever
comes later, until the write-off itself is reversed. What later events would ask for is
given up at once, and no new money is lent.

Money that still comes in pays no row. Up to what was given up it is a *recovery*, which
accounting shows as income and not as a repayment of the loan; what is above all that
was given up is the customer's credit. So to the last unit: what came in after a
write-off is what is recovered and what is credit.

Source:
    Apache Fineract keeps a loan in the same state when a recovery is paid, and leaves
    its schedule alone; it refuses more than what was written off, which is credit here.

Example:
    >>> from microcrm_core.ledger.write_offs import written_off
    >>> written_off.__name__
    'written_off'
"""

from __future__ import annotations

import datetime as dt

from microcrm_core.errors import LedgerError
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook, Posting
from microcrm_core.ledger.happenings import ChargedBack, WrittenOff
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.row_accounts import RowAccount, RowKind

__all__ = [
    "give_up_open",
    "give_up_paid_out",
    "recover",
    "require_not_written_off",
    "take_back_recovery",
    "written_off",
]


def written_off(book: LedgerBook, event: LedgerEvent) -> None:
    """Ask for nothing any more: all that is open in any row is waived.

    A loan that owes nothing has nothing to give up, and stays as it is.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    assert isinstance(event.what, WrittenOff)  # as the table of handlers says
    posting = Posting(amount_minor=0)
    book.postings[event.id] = posting
    if not book.open_minor:
        return
    posting.parts_minor[:] = _waive_open(book, event.value_on)
    posting.amount_minor = sum(posting.parts_minor)
    book.is_written_off = book.is_terminated = True


def require_not_written_off(book: LedgerBook, event: LedgerEvent) -> None:
    """Refuse to lend by a loan that was given up.

    Raises:
        LedgerError: The loan was written off before the event.

    Example:
        See `microcrm_core.ledger.paying`.
    """
    if book.is_written_off:
        raise LedgerError(
            event.id,
            "value_on",
            f"must not be after the loan was written off, {event.type}",
            event.value_on,
            hint="reverse the write-off first, or lend by another loan",
        )


def recover(book: LedgerBook, posting: Posting, amount_minor: int) -> None:
    """Count money that comes in as recovered, and as credit what is above that.

    Args:
        book: The loan, which was given up.
        posting: That of the event that brings the money.
        amount_minor: How much it brings.

    Example:
        See `microcrm_core.ledger.paying`.
    """
    posting.credit_minor += amount_minor
    book.credit_minor += amount_minor
    _use_credit(book, posting)


def give_up_open(book: LedgerBook, posting: Posting, on: dt.date) -> None:
    """Give up what an event made rows ask for; credit pays as much as it has.

    Args:
        book: The loan, which was given up.
        posting: That of the event.
        on: The day of the event.

    Example:
        See `microcrm_core.ledger.charging`.
    """
    _waive_open(book, on)
    _use_credit(book, posting)


def give_up_paid_out(
    book: LedgerBook, posting: Posting, amount_minor: int, on: dt.date
) -> None:
    """Give up principal that went out again after the loan was given up.

    The last row tells of it: it is charged there and waived at once.

    Args:
        book: The loan, which was given up.
        posting: That of the event that paid it out.
        amount_minor: How much went out.
        on: The day of the event.

    Example:
        See `microcrm_core.ledger.paying`.
    """
    if not amount_minor:
        return
    row = _last_row(book)
    row.charged[Bucket.PRINCIPAL] += amount_minor
    row.credited_minor += amount_minor
    posting.parts_minor[Bucket.PRINCIPAL] += amount_minor
    give_up_open(book, posting, on)


def take_back_recovery(book: LedgerBook, event: LedgerEvent) -> None:
    """Let money that came in go out again: it is recovered no longer.

    Of a repayment from after the write-off, credit goes first and then what was
    recovered. What an earlier repayment had paid is given up as well.

    Example:
        See `microcrm_core.ledger.crediting`.
    """
    what = event.what
    assert isinstance(what, ChargedBack)  # as the table of handlers says
    left_minor = what.amount.minor
    posting = Posting(amount_minor=left_minor)
    if not book.postings[what.repayment_id].parts:
        posting.credit_minor = -min(left_minor, book.credit_minor)
        left_minor += posting.credit_minor
        posting.recovered_minor = -min(left_minor, book.recovered_minor)
        left_minor += posting.recovered_minor
        book.credit_minor += posting.credit_minor
        book.recovered_minor += posting.recovered_minor
    book.postings[event.id] = posting
    give_up_paid_out(book, posting, left_minor, event.value_on)


def _waive_open(book: LedgerBook, on: dt.date) -> list[int]:
    parts_minor = [0, 0, 0, 0]
    for row in book.rows:
        for bucket in Bucket:
            open_minor = row.open_in(bucket)
            if open_minor > 0:
                parts_minor[bucket] += row.waive(bucket, open_minor, on)
    book.written_off_minor += sum(parts_minor)
    return parts_minor


def _use_credit(book: LedgerBook, posting: Posting) -> None:
    """Turn credit into what is recovered, as far as something is given up."""
    used_minor = min(book.credit_minor, book.written_off_minor - book.recovered_minor)
    book.credit_minor -= used_minor
    book.recovered_minor += used_minor
    posting.credit_minor -= used_minor
    posting.recovered_minor += used_minor


def _last_row(book: LedgerBook) -> RowAccount:
    rows = [row for row in book.rows if row.kind is not RowKind.DOWN_PAYMENT]
    return (rows or book.rows)[-1]
