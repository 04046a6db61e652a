"""What fees and penalties do to a book.

A charge is asked for in the row in whose period it is due; one that is due after the
last row gets an additional row. Charges that come with every installment are set anew
when installments change. What is waived is no longer asked for, and stays in view.

A charge counts from the day on which it was made, or from its due date where that is
earlier. One that comes while the customer has credit is paid from it: the repayments
that had brought the credit, oldest first, pay it in their own order.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.ledger.charging import charged_on
    >>> march, april = dt.date(2025, 3, 1), dt.date(2025, 4, 1)
    >>> charged_on(april, march) == march, charged_on(april, None) == april
    (True, True)
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Collection
from itertools import chain
from operator import attrgetter
from typing import Final

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import ChargePart, LedgerBook, Posting
from microcrm_core.ledger.happenings import (
    ChargeBase,
    Charged,
    ChargeKind,
    ChargeWaived,
    Disbursed,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.row_accounts import RowAccount, RowKind
from microcrm_core.ledger.waterfall import allocate
from microcrm_core.ledger.write_offs import give_up_open
from microcrm_core.loans.portions import portion_minor

__all__ = [
    "additional_row",
    "charge_waived",
    "charged",
    "charged_on",
    "drop_installment_charges",
    "place_charges",
    "reallocate_credit",
    "renew_installment_charges",
]

_due_on: Final = attrgetter("due_on")
# Looking a member up costs as much as comparing it.
_FEE: Final = ChargeKind.FEE
_FEES: Final = Bucket.FEES
_PENALTIES: Final = Bucket.PENALTIES
_DOWN_PAYMENT: Final = RowKind.DOWN_PAYMENT


def charged_on(value_on: dt.date, due_on: dt.date | None) -> dt.date:
    """Return the day from which a charge counts.

    Example:
        See `microcrm_core.ledger.charging`.
    """
    return value_on if due_on is None or value_on <= due_on else due_on


def charged(book: LedgerBook, event: LedgerEvent) -> None:
    """Ask for a fee or a penalty; a share is rounded once.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    what = event.what
    assert isinstance(what, Charged)  # as the table of handlers says
    bucket = _FEES if what.kind is _FEE else _PENALTIES
    on = charged_on(event.value_on, what.due_on)
    parts: list[ChargePart] = []
    book.charges[event.id] = parts
    if what.due_on is None:
        book.per_installment.append(event)
        renew_installment_charges(book, on)
        amount_minor = sum([part.amount_minor for part in parts])
    else:
        amount_minor = _amount_minor(book, what)
        # A share may come to nothing, and then no row is needed for it.
        if amount_minor:
            row = _row_for(book, what.due_on)
            row.charged[bucket] += amount_minor
            row.restamp(on)
            parts.append(ChargePart(row, bucket, amount_minor, 0, what.due_on))
    parts_minor = [0, 0, 0, 0]
    parts_minor[bucket] = amount_minor
    posting = Posting(amount_minor, parts_minor)
    book.postings[event.id] = posting
    if book.is_written_off:
        give_up_open(book, posting, on)
    elif book.credit_minor:
        reallocate_credit(book)


def charge_waived(book: LedgerBook, event: LedgerEvent) -> None:
    """Ask no longer for what is left of a charge, nor for it in later installments.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    what = event.what
    assert isinstance(what, ChargeWaived)  # as the table of handlers says
    posting = Posting(amount_minor=0)
    for part in book.charges[what.charge_id]:
        left_minor = part.amount_minor - part.waived_minor
        waived_minor = part.row.waive(part.bucket, left_minor, event.value_on)
        part.waived_minor += waived_minor
        posting.parts_minor[part.bucket] += waived_minor
    posting.amount_minor = sum(posting.parts_minor)
    book.postings[event.id] = posting
    book.per_installment[:] = [
        charge for charge in book.per_installment if charge.id != what.charge_id
    ]


def renew_installment_charges(
    book: LedgerBook, on: dt.date, after_on: dt.date | None = None
) -> None:
    """Set charges that come with every installment, as installments are now.

    A row that is settled keeps what it was charged. Down payments and additional rows
    are not charged.

    Args:
        book: The loan.
        on: The day on which they change.
        after_on: Only rows due after this day change; None: all may.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    for event in book.per_installment:
        what = event.what
        assert isinstance(what, Charged)  # nothing else is put there
        bucket = _FEES if what.kind is _FEE else _PENALTIES
        parts = book.charges[event.id]
        known = {part.row: part for part in parts}
        for row in book.rows:
            if row.kind in (RowKind.DOWN_PAYMENT, RowKind.ADDITIONAL):
                continue
            if after_on is not None and row.due_on <= after_on:
                continue
            part = known.get(row)
            if part is None:
                part = ChargePart(row=row, bucket=bucket, amount_minor=0)
                parts.append(part)
            elif not row.open_minor:
                continue
            amount_minor = _portion_minor(book, what, [row])
            # What was paid or waived of it cannot be taken back.
            least_minor = part.amount_minor - max(row.open_in(bucket), 0)
            amount_minor = max(amount_minor, least_minor)
            row.charged[bucket] += amount_minor - part.amount_minor
            part.amount_minor = amount_minor
            row.restamp(on)


def drop_installment_charges(book: LedgerBook, row: RowAccount) -> None:
    """Take charges that come with every installment off a row that goes away.

    What was paid of them stays charged.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    for event in book.per_installment:
        for part in book.charges[event.id]:
            if part.row is row:
                open_minor = max(row.open_in(part.bucket), 0)
                dropped_minor = min(part.amount_minor, open_minor)
                row.charged[part.bucket] -= dropped_minor
                part.amount_minor -= dropped_minor


def place_charges(book: LedgerBook, gone: Collection[RowAccount], on: dt.date) -> None:
    """Put charges with due dates of their own into the rows that are now due by then.

    Called where rows that are due after a day got other dates. A charge of which
    something was paid or waived stays where it is.

    Args:
        book: The loan; its rows are in order.
        gone: Rows that are no longer in it.
        on: The day.

    Example:
        See `microcrm_core.ledger.replanned_rows`.
    """
    if not book.charges:
        return
    rows = [row for row in book.rows if row.kind is RowKind.REGULAR]
    for part in chain.from_iterable(book.charges.values()):
        due_on, before, bucket = part.due_on, part.row, part.bucket
        if due_on is None or (before.due_on <= on and before not in gone):
            continue
        if part.waived_minor or before.open_in(bucket) < part.amount_minor:
            continue
        index = bisect_left(rows, due_on, key=_due_on)
        row = rows[index] if index < len(rows) else additional_row(book, due_on)
        if row is before:
            continue
        part.row = row
        for account, change_minor in (
            (before, -part.amount_minor),
            (part.row, part.amount_minor),
        ):
            account.charged[bucket] += change_minor
            account.restamp(on)


def additional_row(book: LedgerBook, due_on: dt.date) -> RowAccount:
    """Return the row for what falls due after the last due date, due by that day.

    There is one; what is due later moves its due date.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    for row in book.rows:
        if row.kind is RowKind.ADDITIONAL:
            if due_on > row.due_on:
                row.due_on = due_on
                book.sort_rows()
            return row
    from_on = book.rows[-1].due_on if book.rows else book.first_on
    row = RowAccount.of(from_on, due_on, [0, 0, 0, 0], RowKind.ADDITIONAL)
    book.rows.append(row)
    book.sort_rows()
    return row


def reallocate_credit(book: LedgerBook) -> None:
    """Let repayments that had brought credit pay what is owed now, oldest first.

    Each pays in its own order and on its own day, until one has something left.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    for event_id, posting in list(book.postings.items()):
        order, on = posting.order, posting.on
        if order is None or on is None or posting.credit_minor <= 0:
            continue
        most_minor = min(book.credit_minor, posting.credit_minor)
        if most_minor <= 0:
            return
        left_minor = allocate(book, event_id, most_minor, on, order)
        posting.credit_minor -= most_minor - left_minor
        book.credit_minor -= most_minor - left_minor
        if left_minor:
            return


def _row_for(book: LedgerBook, due_on: dt.date) -> RowAccount:
    """Return the row in whose period a charge is due."""
    rows = book.rows
    for index in range(bisect_left(rows, due_on, key=_due_on), len(rows)):
        if rows[index].kind is not _DOWN_PAYMENT:
            return rows[index]
    return additional_row(book, due_on)


def _amount_minor(book: LedgerBook, what: Charged) -> int:
    if what.portion.amount is not None:
        return what.portion.amount.minor
    return _portion_minor(book, what, list(book.regular_rows()))


def _portion_minor(book: LedgerBook, what: Charged, rows: list[RowAccount]) -> int:
    """Return a portion of some rows, or of the loan where its rows are all given."""
    base_minor = 0
    if what.base is not ChargeBase.INTEREST:
        base_minor += _principal_minor(book, what, rows)
    if what.base is not ChargeBase.PRINCIPAL:
        base_minor += sum(row.charged[Bucket.INTEREST] for row in rows)
    return portion_minor(what.portion, base_minor, book.terms, book.conventions)


def _principal_minor(book: LedgerBook, what: Charged, rows: list[RowAccount]) -> int:
    if what.due_on is None:
        return sum(row.charged[Bucket.PRINCIPAL] for row in rows)
    paid_out = [
        event.what.amount.minor
        for event in book.events
        if isinstance(event.what, Disbursed)
    ]
    return sum(paid_out) if paid_out else book.terms.principal.minor
