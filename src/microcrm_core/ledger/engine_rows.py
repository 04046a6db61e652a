"""What engines of interest do alike to the rows of a book.

An engine knows what an installment asks for. How a row is made, cut short or joined to
another one, so that nothing that was paid or charged is lost, is the same for all.

Example:
    >>> from microcrm_core.ledger.engine_rows import share_by_days
    >>> from microcrm_core.loans.fineract_numbers import FINERACT_NUMBERS
    >>> share_by_days(3100, 10, 31, FINERACT_NUMBERS)
    1000
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TypeAlias

import attrs

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.charging import drop_installment_charges
from microcrm_core.ledger.happenings import Charged
from microcrm_core.ledger.row_accounts import RowAccount, RowKind
from microcrm_core.loans import LoanTerms
from microcrm_core.loans.fineract_numbers import FineractNumbers

__all__ = [
    "InterestBorne",
    "accelerate",
    "borne_by_days",
    "late_row",
    "open_rows",
    "paid_out_terms",
    "row_for_credit",
    "share_by_days",
    "stop_interest",
]

InterestBorne: TypeAlias = Callable[[RowAccount], int]
"""What the period of a row has borne by the day, what was paid of it included."""

_OF_LOAN = (Bucket.PRINCIPAL, Bucket.INTEREST)
_CHARGES = (Bucket.FEES, Bucket.PENALTIES)


def paid_out_terms(book: LedgerBook) -> LoanTerms:
    """Return the terms with the day on which money was really paid out first.

    Where it is another day than planned, so may be those of tranches: they are left
    out, since events tell what is paid out.

    Raises:
        InvalidValueError: That is on the first due date or after it.

    Example:
        See `microcrm_core.ledger.model_engine`.
    """
    if book.terms.disbursed_on == book.first_on:
        return book.terms
    return attrs.evolve(book.terms, disbursed_on=book.first_on, tranches=())


def open_rows(
    book: LedgerBook,
    dates: Sequence[dt.date],
    kind: RowKind = RowKind.REGULAR,
) -> list[RowAccount]:
    """Add empty rows from each date to the next, the last of which is maturity.

    Example:
        See `microcrm_core.ledger.model_engine`.
    """
    made = [
        RowAccount(from_on=from_on, due_on=due_on, kind=kind)
        for from_on, due_on in pairwise(dates)
    ]
    book.rows += made
    book.maturity_on = dates[-1]
    book.sort_rows()
    return made


def late_row(book: LedgerBook, on: dt.date) -> RowAccount:
    """Return the row for principal that is paid out after the last due date.

    There is one such row; the latest amount in it says when it is due.

    Example:
        See `microcrm_core.ledger.model_engine`.
    """
    for row in book.rows:
        if row.kind is RowKind.ADDITIONAL:
            row.due_on = max(row.due_on, on)
            book.sort_rows()
            return row
    row = RowAccount(from_on=on, due_on=on, kind=RowKind.ADDITIONAL)
    book.rows.append(row)
    book.sort_rows()
    return row


def row_for_credit(book: LedgerBook, on: dt.date) -> RowAccount | None:
    """Return the row that asks for what is owed again on a day: the next one due.

    On the last due date it is the last row; None: no row is left.

    Example:
        See `microcrm_core.ledger.model_engine`.
    """
    last: RowAccount | None = None
    for row in book.regular_rows():
        if row.due_on > on:
            return row
        last = row
    return last if last is not None and last.due_on == on else None


def share_by_days(
    amount_minor: int, days: int, of_days: int, numbers: FineractNumbers
) -> int:
    """Return the share of an amount that so many days of its period have.

    Example:
        See `microcrm_core.ledger.engine_rows`.
    """
    if of_days <= 0 or days >= of_days:
        return amount_minor
    one = numbers.divide(Decimal(amount_minor), Decimal(of_days))
    return numbers.minor(numbers.multiply(one, Decimal(max(days, 0))))


def borne_by_days(row: RowAccount, on: dt.date, numbers: FineractNumbers) -> int:
    """Return what a row of fixed amounts has borne by a day.

    What is settled counts in full, what is open by its share of the days.

    Example:
        See `microcrm_core.ledger.engine_rows`.
    """
    open_minor = row.open_in(Bucket.INTEREST)
    settled_minor = row.charged[Bucket.INTEREST] - open_minor
    days, of_days = (on - row.from_on).days, (row.due_on - row.from_on).days
    return settled_minor + share_by_days(open_minor, days, of_days, numbers)


def stop_interest(book: LedgerBook, on: dt.date, borne: InterestBorne) -> None:
    """Let no interest accrue after a day; installments repay principal instead.

    What that is too much for the principal lent is taken from the last rows.

    Example:
        See `microcrm_core.ledger.model_engine`.
    """
    rows = list(book.regular_rows())
    lent_minor = _repaid_minor(rows)
    for row in rows:
        interest_minor = row.charged[Bucket.INTEREST]
        if row.from_on <= on < row.due_on:
            kept_minor = max(borne(row), _settled_minor(row, Bucket.INTEREST))
            # Principal that is paid stays asked for.
            most_minor = interest_minor + row.open_in(Bucket.PRINCIPAL)
            kept_minor = min(kept_minor, most_minor)
        elif row.from_on > on and row.open_minor:
            kept_minor = _settled_minor(row, Bucket.INTEREST)
        else:
            continue
        row.charged[Bucket.INTEREST] = kept_minor
        row.charged[Bucket.PRINCIPAL] += interest_minor - kept_minor
        row.restamp(on)
    excess_minor = _repaid_minor(rows) - lent_minor
    for row in reversed(rows):
        if row.kind is RowKind.ADDITIONAL or not row.open_minor:
            continue
        # What was paid stays asked for.
        least_minor = 0 if excess_minor < 0 else row.open_in(Bucket.PRINCIPAL)
        taken_minor = min(excess_minor, least_minor)
        row.charged[Bucket.PRINCIPAL] -= taken_minor
        excess_minor -= taken_minor
        row.restamp(on)


def _repaid_minor(rows: Iterable[RowAccount]) -> int:
    return sum(
        row.charged[Bucket.PRINCIPAL] - row.credited_minor
        for row in rows
        if row.kind is not RowKind.ADDITIONAL
    )


def _settled_minor(row: RowAccount, bucket: Bucket) -> int:
    return row.paid[bucket] + row.waived[bucket]


def accelerate(book: LedgerBook, on: dt.date, borne: InterestBorne) -> None:
    """Let all principal be due on a day, and none bear interest after it.

    The running row ends on the day and takes the principal of the later ones, which
    vanish with their interest, and with charges that came with every installment; what
    was paid of these stays paid. Other fees and penalties of theirs fall due after it,
    with the latest charge.

    Example:
        See `microcrm_core.ledger.model_engine`.
    """
    to_come = [row for row in book.regular_rows() if row.due_on >= on]
    if on >= book.maturity_on or not to_come:
        return
    # On the day on which new rows begin, the first of them is the running one.
    running = next((row for row in to_come if row.from_on < on), to_come[0])
    later = [row for row in book.rows if row.due_on > on and row is not running]
    settled_minor = _settled_minor(running, Bucket.INTEREST)
    running.charged[Bucket.INTEREST] = max(borne(running), settled_minor)
    running.due_on = on
    charges = RowAccount(from_on=on, due_on=on, kind=RowKind.ADDITIONAL)
    for row in later:
        drop_installment_charges(book, row)
        _join(running, charges, row)
        _rename(book, row, running, charges)
    gone = set(later)
    book.rows = [row for row in book.rows if row not in gone]
    book.maturity_on = on
    running.restamp(on)
    if any(charges.charged):
        charges.due_on = max(on, _last_charge_on(book, on))
        charges.restamp(on)
        book.rows.append(charges)
    book.sort_rows()


def _join(running: RowAccount, charges: RowAccount, row: RowAccount) -> None:
    for bucket in Bucket:
        into = charges if bucket in _CHARGES else running
        charged_minor = row.charged[bucket]
        if bucket is Bucket.INTEREST:
            charged_minor = _settled_minor(row, bucket)
        into.charged[bucket] += charged_minor
        into.paid[bucket] += row.paid[bucket]
        into.waived[bucket] += row.waived[bucket]
    running.paid_early_minor += row.paid_early_minor
    running.paid_late_minor += row.paid_late_minor
    running.credited_minor += row.credited_minor


def _rename(
    book: LedgerBook, gone: RowAccount, running: RowAccount, charges: RowAccount
) -> None:
    for posting in book.postings.values():
        for place, (row, bucket, amount_minor, state) in enumerate(posting.parts):
            if row is gone:
                into = charges if bucket in _CHARGES else running
                posting.parts[place] = into, bucket, amount_minor, state
    for asked in book.charges.values():
        for one in asked:
            if one.row is gone:
                one.row = charges


def _last_charge_on(book: LedgerBook, on: dt.date) -> dt.date:
    due_on = [
        event.what.due_on
        for event in book.events
        if isinstance(event.what, Charged) and event.id in book.charges
    ]
    return max((day for day in due_on if day is not None), default=on)
