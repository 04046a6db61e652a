"""Schedules of any number of loans in memory of one size.

Loans are taken in blocks, grouped within each, and computed chunk by chunk into the
same columns. Read `batch.iter_schedules` for what users call.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s
from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.buffers_batch import ScheduleBuffers
from microcrm_core.loans.calendar_tables_batch import CalendarTables
from microcrm_core.loans.chunks_batch import ChunkWork, chunk_spans
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.conventions import ScheduleConventions
from microcrm_core.loans.layout_batch import ScheduleGroup, ScheduleLayout, TermColumns
from microcrm_core.loans.lines_batch import Scratch
from microcrm_core.loans.money_lines_batch import MoneyLines
from microcrm_core.loans.plan_amounts_batch import has_capitalized, has_fees
from microcrm_core.loans.plans import RepaymentPlan
from microcrm_core.loans.refusals_batch import Refusal

__all__ = ["ScheduleChunk", "chunk_stream"]

_BLOCK_LOANS: Final = 196_608


@attrs.frozen(kw_only=True, eq=False)
class ScheduleChunk:
    """The schedules of some loans of one plan, frequency and length.

    Matrices have a line for each row of a schedule and a column for each loan.

    Attributes:
        plan: How these loans are paid back.
        frequency: Time from one due day to the next.
        installment_count: Number of installments.
        rows: Positions of the loans; shape (loans,), as the next two.
        level_minor: What a usual installment comes to, without fees.
        refusal: Why a loan has no schedule; see `refusals_batch.Refusal`.
        principal_minor: Principal parts; shape (rows, loans), as all others.
        interest_minor: Interest parts.
        outstanding_minor: Principal that is left after each row.
        total_minor: What each row comes to, fees included.
        fees_minor: Fees; zeros that take no memory where the plan has none.
        capitalized_minor: Interest that is added to the debt; likewise.
        is_down_payment: Whether the row is a down payment.
        due_day: Due days; None: they were not asked for.

    Example:
        See `batch.iter_schedules`.
    """

    plan: RepaymentPlan
    frequency: Frequency
    installment_count: int
    rows: Int64s
    level_minor: Int64s
    refusal: Int64s
    principal_minor: Int64s
    interest_minor: Int64s
    outstanding_minor: Int64s
    total_minor: Int64s
    fees_minor: Int64s
    capitalized_minor: Int64s
    is_down_payment: Bools
    due_day: Int64s | None

    @property
    def is_scheduled(self) -> Bools:
        """Whether each loan has a schedule."""
        return np.asarray(self.refusal == Refusal.NONE)

    @property
    def total_interest_minor(self) -> Int64s:
        """All interest of each loan; twin of `Schedule.total_interest`.

        Paid in installments or added to the debt; shape (loans,).
        """
        interest_minor: Int64s = self.interest_minor.sum(axis=0)
        if self.capitalized_minor.strides != (0, 0):
            interest_minor += self.capitalized_minor.sum(axis=0)
        return interest_minor


def chunk_stream(
    loans: LoanColumns | TermColumns,
    conventions: ScheduleConventions,
    *,
    rows: Int64s | None = None,
    buffers: ScheduleBuffers,
    block_loans: int = _BLOCK_LOANS,
) -> Iterator[ScheduleChunk]:
    """Return the schedules chunk by chunk, each in the same columns.

    Args:
        loans: The loans.
        conventions: How schedules are computed.
        rows: Positions of the loans that are asked for; None: all.
        buffers: Columns to write into.
        block_loans: How many loans are grouped at a time; more memory, larger chunks.

    Raises:
        InvalidValueError: A schedule has more rows than the buffers have values.

    Example:
        See `batch.iter_schedules`.
    """
    buffers = _completed(buffers, loans.plans)
    scratch, memory = Scratch.of_size(ChunkWork.loans_max()), ChunkWork.new_memory()
    loan_count = len(loans) if rows is None else rows.size
    for first in range(0, loan_count, block_loans):
        block: Int64s | slice = slice(first, min(first + block_loans, loan_count))
        if rows is not None:
            block = rows[block]
        # In a function of its own, so that one block is gone before the next is taken.
        yield from _block(loans, conventions, block, buffers, scratch, memory)


def _block(
    loans: LoanColumns | TermColumns,
    conventions: ScheduleConventions,
    block: Int64s | slice,
    buffers: ScheduleBuffers,
    scratch: Scratch,
    memory: Int64s,
) -> Iterator[ScheduleChunk]:
    terms = _taken(loans, block)
    layout = ScheduleLayout.of(terms)
    work = ChunkWork(
        terms=terms,
        ordered=layout.ordered(terms),
        conventions=conventions,
        tables=CalendarTables.of(terms, layout, conventions.roll.kind),
        scratch=scratch,
        memory=memory,
    )
    for span in chunk_spans(layout, conventions, value_max=buffers.size):
        group = span.group
        if group.row_count > buffers.size:
            rule = f"must have {group.row_count} values or more"
            raise InvalidValueError("buffers", rule, buffers.size)
        chosen = span.rows(layout)
        lines, due_day = buffers.lines_from_start(group, span.loan_count)
        money = work.write(span, chosen, lines, due_day)
        yield _chunk(
            group,
            rows=chosen + block.start if isinstance(block, slice) else block[chosen],
            level_minor=money.level_minor,
            refusal=money.refusal,
            lines=lines,
            due_day=due_day,
        )


def _taken(loans: LoanColumns | TermColumns, rows: Int64s | slice) -> TermColumns:
    if isinstance(loans, LoanColumns):
        return TermColumns.of(loans, rows)
    return loans.take(rows)


def _completed(
    buffers: ScheduleBuffers, plans: tuple[RepaymentPlan, ...]
) -> ScheduleBuffers:
    """Return the buffers, with own columns for what a plan has and they have not."""
    fees, capitalized = buffers.fees_minor, buffers.capitalized_minor
    if fees is None and any(map(has_fees, plans)):
        fees = np.empty(buffers.size, np.int64)
    if capitalized is None and any(map(has_capitalized, plans)):
        capitalized = np.empty(buffers.size, np.int64)
    return attrs.evolve(buffers, fees_minor=fees, capitalized_minor=capitalized)


def _chunk(
    group: ScheduleGroup,
    *,
    rows: Int64s,
    level_minor: Int64s,
    refusal: Int64s,
    lines: MoneyLines,
    due_day: Int64s | None,
) -> ScheduleChunk:
    shape = lines.total_minor.shape
    zeros = np.broadcast_to(np.int64(0), shape)
    fees, capitalized = lines.fees_minor, lines.capitalized_minor
    is_down_payment = np.zeros((shape[0], 1), np.bool_)
    is_down_payment[0] = group.plan.down_payment is not None
    return ScheduleChunk(
        plan=group.plan,
        frequency=group.frequency,
        installment_count=group.installment_count,
        rows=rows,
        level_minor=level_minor,
        refusal=refusal,
        principal_minor=lines.principal_minor,
        interest_minor=lines.interest_minor,
        outstanding_minor=lines.outstanding_minor,
        total_minor=lines.total_minor,
        fees_minor=zeros if fees is None else fees,
        capitalized_minor=zeros if capitalized is None else capitalized,
        is_down_payment=np.broadcast_to(is_down_payment, shape),
        due_day=due_day,
    )
