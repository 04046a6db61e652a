"""Rows of Apache Fineract's progressive model as of a day, as if the loan stood still.

What a row asks for if it is paid on a day, and what it has borne by then, is what it
would be if no later day bore interest. That can be found by cutting all rows there, or,
where only rows that have not begun take the difference, from a few of them.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.loans.fineract_rows import new_rows
    >>> from microcrm_core.loans.fineract_standing import cut_rows
    >>> rows = new_rows([dt.date(2024, month, 1) for month in range(1, 4)])
    >>> cut_rows(rows, 0, dt.date(2024, 1, 20))
    >>> rows[0].slices[0].end_on.day, rows[1].slices
    (20, [])
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from microcrm_core.loans.fineract_numbers import ZERO, FineractNumbers
from microcrm_core.loans.fineract_rows import (
    Rates,
    Row,
    Slice,
    copy_rows,
    row_of_change,
    settle,
    settle_row,
    slice_interest,
)
from microcrm_core.loans.fineract_settled_rows import FactorTable

__all__ = ["cut_rows", "draw_interest", "standing_row"]


def cut_rows(rows: Sequence[Row], current: int | None, on: dt.date) -> None:
    """Let no day after *on* be a part of any row.

    Args:
        rows: The rows, which are changed.
        current: The row in which the day lies; None: it is before the first one.
        on: The day.

    Example:
        See `microcrm_core.loans.fineract_standing`.
    """
    following = -1 if current is None else current + 1
    for index, row in enumerate(rows):
        if row.due_on <= on:
            continue
        if index == current:
            _cut_row_at(row, on, is_first=index == 0)
        elif index == following and (
            row.slices[0].credited_principal_minor
            or row.slices[0].credited_interest_minor
        ):
            del row.slices[1:]
            row.slices[0].end_on = row.slices[0].start_on
        else:
            row.slices.clear()


def standing_row(
    rows: Sequence[Row],
    index: int,
    on: dt.date,
    *,
    current: int,
    lent_minor: int,
    is_asked: bool,
    numbers: FineractNumbers,
) -> Row | None:
    """Return a row as of a day, where only rows that have not begun ask for less.

    None: it would reach further, so that the whole loan must be cut.

    Args:
        rows: The rows; nothing is charged back in them, or drawn.
        index: Which row.
        on: The day.
        current: The row in which the day lies.
        lent_minor: What was paid out in all of them.
        is_asked: Whether a row that has not begun asks for its level amount.
        numbers: The digits of the computation.

    Example:
        See `microcrm_core.loans.fineract_sessions`.
    """
    made: list[Row] = []
    before = earlier = rows[current - 1] if current else None
    for place in range(current, max(index, current) + 1):
        row = _row_to(rows[place], on, numbers, is_begun=place == current)
        settle_row(row, before, numbers)
        made.append(row)
        earlier, before = before, row
    open_count = _open_beside(rows, current, made, lent_minor)
    if open_count is None:
        return None
    if index < current:
        return rows[index]
    row = made[-1]
    if is_asked and on <= row.start_on and open_count + (not row.is_paid) > 1:
        row.installment_minor = row.level_minor
        settle_row(row, earlier, numbers)
    return row


def _open_beside(
    rows: Sequence[Row], current: int, made: Sequence[Row], lent_minor: int
) -> int | None:
    """Return how many rows but the last made stay open if the loan stands still.

    Rows that have not begun bear nothing then, and the last ones ask for less. None:
    that would reach rows that have begun.
    """
    begun, later = (*rows[:current], *made), rows[current + len(made) :]
    if made[-1].left_interest_minor:
        return None
    excess_minor = -lent_minor
    for row in begun:
        excess_minor -= row.interest_minor - row.installment_minor
    for row in later:
        excess_minor -= row.paid_interest_minor - row.installment_minor
    open_count = sum(not row.is_paid for row in begun[:-1])
    for row in reversed(later):
        unpaid_minor = row.installment_minor - row.paid_minor
        if unpaid_minor < 0:
            return None
        open_count += unpaid_minor > 0 and unpaid_minor > excess_minor
        excess_minor -= min(max(excess_minor, 0), unpaid_minor)
    return None if excess_minor > 0 else open_count


def _row_to(row: Row, on: dt.date, numbers: FineractNumbers, *, is_begun: bool) -> Row:
    """Return a row up to a day, or one that has not begun by then."""
    if not is_begun:
        slices: list[Slice] = []
    elif row.due_on <= on:
        slices = row.slices
    else:
        slices = [part.copy() for part in row.slices]
    made = Row(
        row.start_on,
        row.due_on,
        slices,
        row.level_minor,
        row.installment_minor,
        row.paid_principal_minor,
        row.paid_interest_minor,
    )
    if slices and row.due_on > on:
        is_first = row.slices[0].start_on == on
        _cut_row_at(made, on, is_first=is_first)
        part = made.slices[-1]
        part.interest = slice_interest(part, row.due_on, numbers)
    return made


def _cut_row_at(row: Row, on: dt.date, *, is_first: bool) -> None:
    place = 0
    for index, part in enumerate(row.slices):
        is_start = is_first and index == 0 and part.start_on == on
        if is_start or part.start_on < on <= part.end_on:
            place = index
    part = row.slices[place]
    part.end_on = on
    if place + 1 < len(row.slices):
        later = row.slices[place + 1]
        part.credited_principal_minor += later.credited_principal_minor
        part.credited_interest_minor += later.credited_interest_minor
    del row.slices[place + 1 :]


def draw_interest(
    rows: Sequence[Row],
    last: Row,
    till_on: dt.date,
    *,
    table: FactorTable,
    rates: Rates,
) -> None:
    """Let the last unpaid row ask for interest that accrued in paid rows after it.

    Interest there cannot wait for its own row, which is paid. It counts up to a day.

    Args:
        rows: All rows.
        last: The last unpaid row.
        till_on: The day.
        table: Rate factors.
        rates: Yearly rates, the latest first.

    Example:
        See `microcrm_core.loans.fineract_sessions`.
    """
    # Standing still at a day takes interest away and adds none.
    if not any(row.left_interest_minor for row in rows if row.due_on > last.due_on):
        return
    cut = copy_rows(rows)
    numbers = table.rule.numbers
    current = row_of_change(cut, till_on)
    if current is not None:
        row = cut[current]
        for part in reversed(row.slices):
            is_start = current == 0 and part.start_on == till_on
            if is_start or part.start_on < till_on <= part.end_on:
                part.end_on = till_on
                break
    table.set(cut, rates, has_levels=False)
    for row in cut:
        for part in row.slices:
            if till_on < part.end_on:
                part.factor_to_due = ZERO
            part.interest = slice_interest(part, row.due_on, numbers)
    settle(cut, numbers, with_balances=False)
    for row in reversed(cut):
        if row.due_on <= last.due_on:
            return
        if row.left_interest_minor > 0:
            last.drawn_interest_minor = row.left_interest_minor
            for later in rows:
                later.is_interest_drawn = later.due_on > last.due_on
            settle(rows, numbers, with_balances=False)
            return
