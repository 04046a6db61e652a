"""What is owed is put on new installments that bear interest, or share it evenly.

*Level*: what is unpaid of principal bears interest from the last due date that has
passed, in new level installments. Interest that was due by then waits for the first of
them, and bears none itself; the level amount covers it too. *Evenly*: principal and
interest are divided by the number of installments, and no more interest accrues.

Installments that are replaced keep what was paid for them, and their charges.

Example:
    >>> from microcrm_core.ledger.model_re_aging import even_parts
    >>> from microcrm_core.loans.fineract_numbers import FINERACT_NUMBERS
    >>> even_parts(71, 6, FINERACT_NUMBERS)
    [12, 12, 12, 12, 12, 11]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.engine_rows import InterestBorne, open_rows
from microcrm_core.ledger.model_rows import ModelRows
from microcrm_core.ledger.row_accounts import RowAccount, RowKind
from microcrm_core.loans.fineract_events import (
    ChangeRate,
    CreditInterest,
    Disburse,
    ModelEvent,
    PauseInterest,
)
from microcrm_core.loans.fineract_numbers import FineractNumbers
from microcrm_core.loans.fineract_rows import new_rows
from microcrm_core.loans.fineract_sessions import FineractSession

__all__ = ["even_parts", "re_age_evenly", "re_age_level"]

_DAY = dt.timedelta(days=1)


def re_age_level(
    book: LedgerBook,
    on: dt.date,
    due_on: Sequence[dt.date],
    before: ModelRows,
    pauses: Sequence[PauseInterest],
) -> tuple[tuple[int, int], ModelRows]:
    """Put what is owed on new level installments.

    Args:
        book: The loan.
        on: The day on which that is done.
        due_on: When they are due.
        before: The model as it was.
        pauses: Days without interest, of which some may be still to come.

    Returns:
        Principal and interest that were put there, and the new model.

    Example:
        See `microcrm_core.ledger.model_engine`.
    """
    old = [row for row in book.rows if row.kind is not RowKind.DOWN_PAYMENT]
    from_on = max(
        (row.due_on for row in old if row.due_on <= on), default=book.first_on
    )
    principal_minor = sum(row.open_in(Bucket.PRINCIPAL) for row in book.rows)
    waiting_minor = sum(
        row.open_in(Bucket.INTEREST) for row in book.rows if row.due_on <= on
    )
    for row in list(book.rows):
        _empty(book, row, on, is_kept=row.due_on <= on)
    dates = [from_on, *due_on]
    later = _later_events(before.session, pauses, from_on, dates[-1])
    whole, session = _fresh(before.session, dates), _fresh(before.session, dates)
    for each, lent_minor in (
        (whole, principal_minor + waiting_minor),
        (session, principal_minor),
    ):
        each.apply(Disburse(from_on, lent_minor))
        for event in later:
            each.apply(event)
    if waiting_minor:
        session.apply(CreditInterest(from_on, waiting_minor))
    levels = [row.level_minor for row in whole.rows]
    session.set_levels([levels[0] - waiting_minor, *levels[1:]])
    accounts = open_rows(book, dates, RowKind.RE_AGED)
    owed_minor = (principal_minor, waiting_minor)
    return owed_minor, ModelRows(session, accounts, before.to_come)


def re_age_evenly(
    book: LedgerBook,
    on: dt.date,
    due_on: Sequence[dt.date],
    borne: InterestBorne,
    numbers: FineractNumbers,
    *,
    is_in_full: bool,
) -> tuple[int, int]:
    """Put equal parts of principal and interest on new installments.

    Args:
        book: The loan.
        on: The day on which that is done; the running installment ends on it.
        due_on: When they are due.
        borne: What the period of a row has borne by the day.
        numbers: The digits of the computation.
        is_in_full: Whether interest that has not accrued yet is put there too.

    Example:
        See `microcrm_core.ledger.model_engine`.
    """
    principal_minor = sum(row.open_in(Bucket.PRINCIPAL) for row in book.rows)
    interest_minor = 0
    for row in book.rows:
        settled_minor = row.paid[Bucket.INTEREST] + row.waived[Bucket.INTEREST]
        if is_in_full or row.due_on <= on:
            interest_minor += row.open_in(Bucket.INTEREST)
        elif row.from_on < on:
            interest_minor += max(0, borne(row) - settled_minor)
    for row in list(book.rows):
        is_running = row.from_on < on < row.due_on
        _empty(book, row, on, is_kept=is_running or row.due_on <= on)
        if is_running:
            row.due_on = on
    book.sort_rows()
    rows = open_rows(book, [on, *due_on], RowKind.RE_AGED)
    count = len(rows)
    principal_parts = even_parts(principal_minor, count, numbers)
    interest_parts = even_parts(interest_minor, count, numbers)
    for row, principal, interest in zip(
        rows, principal_parts, interest_parts, strict=True
    ):
        row.charged[Bucket.PRINCIPAL] = principal
        row.charged[Bucket.INTEREST] = interest
        row.restamp(on)
    return principal_minor, interest_minor


def even_parts(amount_minor: int, count: int, numbers: FineractNumbers) -> list[int]:
    """Return equal parts of an amount, of which the last one takes what is left.

    Example:
        See `microcrm_core.ledger.model_re_aging`.
    """
    part_minor = numbers.divided_minor(amount_minor, count)
    if part_minor * (count - 1) > amount_minor:
        part_minor = amount_minor // count
    return [*[part_minor] * (count - 1), amount_minor - part_minor * (count - 1)]


def _empty(book: LedgerBook, row: RowAccount, on: dt.date, *, is_kept: bool) -> None:
    """Ask for no more principal and interest; drop a row that then holds nothing."""
    before = list(row.charged)
    for bucket in (Bucket.PRINCIPAL, Bucket.INTEREST):
        row.charged[bucket] = row.paid[bucket] + row.waived[bucket]
    # What asked for nothing before the day was not settled on it.
    if row.charged != before:
        row.restamp(on)
    if not is_kept and not any(row.charged) and not row.credited_minor:
        book.rows.remove(row)


def _fresh(before: FineractSession, dates: Sequence[dt.date]) -> FineractSession:
    rate = next(rate for from_on, rate in before.rates if from_on <= dates[0])
    rates = ((dt.date.min, rate),)
    return FineractSession(new_rows(dates), rates, before.factors, before.level)


def _later_events(
    before: FineractSession,
    pauses: Iterable[PauseInterest],
    from_on: dt.date,
    to_on: dt.date,
) -> list[ModelEvent]:
    """Return rates and pauses that hold in the periods of the new installments."""
    later: list[ModelEvent] = [
        ChangeRate(rate_on + _DAY, rate)
        for rate_on, rate in before.rates
        if from_on < rate_on <= to_on
    ]
    later += [
        PauseInterest(max(pause.on, from_on + _DAY), pause.last_on)
        for pause in pauses
        if pause.last_on > from_on
    ]
    return sorted(later, key=lambda event: event.on)
