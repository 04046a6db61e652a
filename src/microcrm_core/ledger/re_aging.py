"""What is owed is put on other installments: re-aging, re-amortizing, capitalizing.

*Re-aging* empties the old installments of principal and makes new ones from a day on.
*Re-amortizing* keeps the due dates: what is overdue is spread over the installments
that are still to come. *Capitalizing arrears* makes overdue interest, fees and
penalties a part of the principal. Charges stay where they are in the first two.

Where interest is borne, the engine of the loan does it, since only it knows what later
days cost; so does the engine of exact arithmetic in any case. Other loans without
interest are worked out here, in whole minor units.

Example:
    >>> from microcrm_core.ledger.re_aging import equal_parts
    >>> from microcrm_core.rounding import Rounding
    >>> equal_parts(1000, 3, 1, Rounding.HALF_EVEN)
    [333, 333, 334]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import attrs

from microcrm_core.dates import due_dates
from microcrm_core.errors import LedgerError
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook, Posting
from microcrm_core.ledger.happenings import (
    ArrearsCapitalized,
    ReAged,
    ReAgedInterest,
    ReAmortized,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.rate_events import bears_interest
from microcrm_core.ledger.row_accounts import RowAccount, RowKind
from microcrm_core.loans.conventions import Arithmetic
from microcrm_core.rounding import Rounding, divide, round_to_multiple

__all__ = ["arrears_capitalized", "equal_parts", "re_aged", "re_amortized"]

_CAPITALIZED: Final = (Bucket.INTEREST, Bucket.FEES, Bucket.PENALTIES)


def re_aged(book: LedgerBook, event: LedgerEvent) -> None:
    """Put unpaid principal on new installments.

    Where nothing is owed, the loan stays as it is. The day of the event may lie after
    the last due date. Without interest the new installments are equal, rounded to the
    multiple of the conventions, and the last one takes what is left.

    Raises:
        LedgerError: The first new installment is not due after the day of the event.

    Example:
        See `microcrm_core.ledger.re_aging`.
    """
    what = event.what
    assert isinstance(what, ReAged)  # as the table of handlers says
    on = event.value_on
    if what.start_on <= on:
        rule = f"must be after the day of the event, {on}"
        raise LedgerError(event.id, "start_on", rule, what.start_on)
    if book.open_minor == 0:
        book.postings[event.id] = Posting(amount_minor=0)
        return
    roll = attrs.evolve(book.conventions.roll, day=None, second_day=None)
    due_on = due_dates(what.start_on, what.frequency, what.installment_count, roll)
    if _is_of_engine(book):
        _ask_engine(book, event, due_on, what.interest)
        return
    taken_minor = sum(_take_principal(row, on) for row in book.rows)
    _post_principal(book, event, taken_minor)
    if taken_minor:
        _add_rows(book, on, due_on, taken_minor)


def re_amortized(book: LedgerBook, event: LedgerEvent) -> None:
    """Spread what is due and unpaid over the installments that are still to come.

    Where nothing is owed, the loan stays as it is. Without interest each of the
    installments gets an equal part, rounded to the multiple of the conventions, and the
    last one takes what is left.

    Raises:
        LedgerError: No installment is due after the day of the event.

    Example:
        See `microcrm_core.ledger.re_aging`.
    """
    what = event.what
    assert isinstance(what, ReAmortized)  # as the table of handlers says
    on = event.value_on
    if book.open_minor == 0:
        book.postings[event.id] = Posting(amount_minor=0)
        return
    to_come = _rows_to_come(book, event)
    if _is_of_engine(book):
        # A row that keeps only charges may be due on the same day as one that came by
        # an earlier event.
        due_on = sorted({row.due_on for row in to_come})
        _ask_engine(book, event, due_on, what.interest)
        return
    taken_minor = sum(_take_principal(row, on) for row in book.rows if row.due_on <= on)
    _post_principal(book, event, taken_minor)
    parts = equal_parts(
        taken_minor,
        len(to_come),
        book.conventions.installment_multiple,
        book.conventions.rounding,
    )
    for row, part_minor in zip(to_come, parts, strict=True):
        row.charged[Bucket.PRINCIPAL] += part_minor
        row.restamp(on)


def arrears_capitalized(book: LedgerBook, event: LedgerEvent) -> None:
    """Make interest, fees and penalties that are overdue a part of the principal.

    Overdue is what an installment asks for that was due before the day of the event.
    Overdue principal stays overdue; how the new principal is spread is the engine's.

    Raises:
        LedgerError: Something is overdue, and no installment is due after the day.

    Example:
        See `microcrm_core.ledger.re_aging`.
    """
    assert isinstance(event.what, ArrearsCapitalized)  # as the table of handlers says
    on = event.value_on
    posting = Posting(amount_minor=0)
    for row in book.rows:
        open_minor = [row.open_in(bucket) for bucket in _CAPITALIZED]
        # What asked for nothing before the day was not settled on it.
        if row.due_on >= on or not any(open_minor):
            continue
        for bucket, moved_minor in zip(_CAPITALIZED, open_minor, strict=True):
            row.charged[bucket] -= moved_minor
            posting.parts_minor[bucket] += moved_minor
        row.restamp(on)
    posting.amount_minor = sum(posting.parts_minor)
    book.postings[event.id] = posting
    if posting.amount_minor:
        _rows_to_come(book, event)
        book.lent_minor += posting.amount_minor
        book.engine.capitalize(book, on, posting.amount_minor)


def equal_parts(
    amount_minor: int, count: int, multiple: int, rounding: Rounding
) -> list[int]:
    """Return *count* equal multiples that make up an amount; the last takes the rest.

    Where rounding up would leave less than nothing to the last one, the parts are
    rounded down.

    Args:
        amount_minor: What is spread; zero or more.
        count: Over how many; 1 or more.
        multiple: Of how many minor units a part is a multiple.
        rounding: How a part is rounded, to minor units and then to the multiple.

    Example:
        >>> from microcrm_core.ledger.re_aging import equal_parts
        >>> from microcrm_core.rounding import Rounding
        >>> equal_parts(100_000, 3, 100, Rounding.HALF_EVEN)
        [33300, 33300, 33400]
        >>> equal_parts(250, 4, 100, Rounding.HALF_UP)
        [0, 0, 0, 250]
    """
    part = divide(amount_minor, count, rounding)
    if multiple > 1:
        part = round_to_multiple(part, multiple, rounding)
    if part * (count - 1) > amount_minor:
        part = amount_minor // count // multiple * multiple
    return [*[part] * (count - 1), amount_minor - part * (count - 1)]


def _is_of_engine(book: LedgerBook) -> bool:
    # Exact arithmetic works out rows anew at each payment, so it must know of new ones.
    is_exact = book.conventions.arithmetic is Arithmetic.EXACT
    return is_exact or bears_interest(book.terms, book.events)


def _ask_engine(
    book: LedgerBook,
    event: LedgerEvent,
    due_on: Sequence[dt.date],
    interest: ReAgedInterest,
) -> None:
    principal_minor, interest_minor = book.engine.re_age(
        book, event.value_on, due_on, interest
    )
    book.postings[event.id] = Posting(
        amount_minor=principal_minor + interest_minor,
        parts_minor=[principal_minor, interest_minor, 0, 0],
    )


def _take_principal(row: RowAccount, on: dt.date) -> int:
    """Ask for no more principal in a row than was paid; return what was taken."""
    taken_minor = row.open_in(Bucket.PRINCIPAL)
    if taken_minor:
        row.charged[Bucket.PRINCIPAL] -= taken_minor
        row.restamp(on)
    return taken_minor


def _post_principal(book: LedgerBook, event: LedgerEvent, amount_minor: int) -> None:
    book.postings[event.id] = Posting(
        amount_minor=amount_minor, parts_minor=[amount_minor, 0, 0, 0]
    )


def _add_rows(
    book: LedgerBook, on: dt.date, due_on: Sequence[dt.date], amount_minor: int
) -> None:
    parts = equal_parts(
        amount_minor,
        len(due_on),
        book.conventions.installment_multiple,
        book.conventions.rounding,
    )
    from_on = max((row.due_on for row in book.regular_rows()), default=book.first_on)
    for day, part_minor in zip(due_on, parts, strict=True):
        row = RowAccount.of(from_on, day, [part_minor, 0, 0, 0], RowKind.RE_AGED)
        row.restamp(on)
        book.rows.append(row)
        from_on = day
    book.sort_rows()
    book.maturity_on = max(book.maturity_on, due_on[-1])


def _rows_to_come(book: LedgerBook, event: LedgerEvent) -> list[RowAccount]:
    """Return the rows due after the day of the event that can take principal."""
    on = event.value_on
    found = [
        row
        for row in book.rows
        if row.due_on > on and row.kind in (RowKind.REGULAR, RowKind.RE_AGED)
    ]
    if not found:
        rule = f"must be before the last due date {book.maturity_on}"
        hint = "re-age the loan instead, or change its term first"
        raise LedgerError(event.id, "value_on", rule, on, hint=hint)
    return found
