"""Schedules of a few thousand loans at a time, written into memory that is given.

Loans of one plan, frequency and length make a group, and a group is worked on in
chunks that stay in the processor's cache. Nothing here loops over loans. Read `batch`
for what users call.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Int64s
from microcrm_core.loans.calendar_tables_batch import CalendarTables
from microcrm_core.loans.chunk_weights_batch import chunk_weights
from microcrm_core.loans.conventions import Remainder, ScheduleConventions
from microcrm_core.loans.fees import FeeTiming
from microcrm_core.loans.held_conventions_batch import has_even_periods
from microcrm_core.loans.kernel_batch import LevelKernel
from microcrm_core.loans.layout_batch import (
    OrderedTerms,
    ScheduleGroup,
    ScheduleLayout,
    TermColumns,
)
from microcrm_core.loans.lines_batch import InterestLines, Scratch
from microcrm_core.loans.methods import EqualInstallments, Seasonal
from microcrm_core.loans.money_lines_batch import MoneyLines
from microcrm_core.loans.plan_amounts_batch import PlanAmounts, Portions
from microcrm_core.loans.plan_kernel_batch import BY_LEVEL, PlanKernel
from microcrm_core.loans.plans import NO_GRACE, RepaymentPlan, UnpaidInterest
from microcrm_core.loans.refusals_batch import Refusal
from microcrm_core.loans.row_weights_batch import RowWeights, fine_weight
from microcrm_core.loans.terms import INSTALLMENT_COUNT_MAX
from microcrm_core.loans.weights_batch import WeightQuestion

__all__ = ["ChunkSpan", "ChunkWork", "chunk_spans", "is_plain"]

_LOANS_MAX: Final = 49_152
_LOANS_MIN: Final = 64
_CELLS_MAX: Final = 131_072
# A narrow chunk has at least some loans, however long they run.
_MEMORY_SIZE: Final = max(_CELLS_MAX, _LOANS_MIN * (INSTALLMENT_COUNT_MAX + 1))


@attrs.frozen(kw_only=True)
class ChunkSpan:
    """Some loans of a group.

    Attributes:
        group: Where they belong.
        start: Position of the first loan in the group.
        end: Position after the last.
        is_late: Whether some due day is after the 28th.

    Example:
        See `chunk_spans`.
    """

    group: ScheduleGroup
    start: int
    end: int
    is_late: bool

    @property
    def loan_count(self) -> int:
        """Number of loans."""
        return self.end - self.start

    @property
    def places(self) -> slice:
        """Where the loans are in the order of the layout."""
        first = self.group.loan_start
        return slice(first + self.start, first + self.end)

    def rows(self, layout: ScheduleLayout) -> Int64s:
        """Return the positions of the loans."""
        return layout.loans[self.places]


def chunk_spans(
    layout: ScheduleLayout,
    conventions: ScheduleConventions,
    *,
    value_max: int | None = None,
) -> Iterator[ChunkSpan]:
    """Return the chunks of all groups, in order.

    Args:
        layout: The groups.
        conventions: How schedules are computed.
        value_max: The most values of one column that a chunk may have; None: as many
            as are best.

    Example:
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.chunks_batch import chunk_spans
        >>> from microcrm_core.loans.columns_batch import LoanColumns
        >>> from microcrm_core.loans.layout_batch import ScheduleLayout
        >>> layout = ScheduleLayout.of(LoanColumns.from_loans([], {}))
        >>> list(chunk_spans(layout, STRICT))
        []
    """
    for group in layout.groups:
        late = group.late_start - group.loan_start
        for first, last, is_late in ((0, late, False), (late, group.loan_count, True)):
            size = _LOANS_MAX
            if not has_even_periods(group.frequency, conventions, is_late=is_late):
                size = max(_LOANS_MIN, min(size, _CELLS_MAX // group.row_count))
            if value_max is not None:
                size = max(1, min(size, value_max // group.row_count))
            # Chunks of one size, so that none is too small to be worth its while.
            parts = -(-(last - first) // size)
            for part in range(parts):
                start = first + (last - first) * part // parts
                end = first + (last - first) * (part + 1) // parts
                yield ChunkSpan(group=group, start=start, end=end, is_late=is_late)


def is_plain(plan: RepaymentPlan, conventions: ScheduleConventions) -> bool:
    """Return whether schedules are equal installments and nothing else.

    Example:
        >>> from microcrm_core.loans import EQUAL_INSTALLMENTS, STRICT
        >>> from microcrm_core.loans.chunks_batch import is_plain
        >>> is_plain(EQUAL_INSTALLMENTS, STRICT)
        True
    """
    # A sum paid upfront is in no row, but its currency must be that of the loan.
    has_fees = any(
        fee.timing is not FeeTiming.UPFRONT or fee.portion.amount is not None
        for fee in plan.fees
    )
    is_simple = plan.balloon is None and plan.down_payment is None and not has_fees
    return (
        isinstance(plan.method, EqualInstallments)
        and plan.grace == NO_GRACE
        and is_simple
        and plan.unpaid_interest is UnpaidInterest.REFUSED
        and conventions.remainder is Remainder.LAST
        and conventions.installment_multiple == 1
    )


@attrs.frozen(kw_only=True, eq=False)
class ChunkMoney:
    """What is known of some schedules besides their rows.

    Attributes:
        level_minor: What a usual installment comes to; shape (loans,).
        refusal: `Refusal` of each loan; shape (loans,).

    Example:
        See `ChunkWork`.
    """

    level_minor: Int64s
    refusal: Int64s


@attrs.frozen(kw_only=True, eq=False)
class ChunkWork:
    """Computes chunks, one after the other, in the same memory.

    Attributes:
        terms: The loans.
        conventions: How schedules are computed.
        tables: What is known of the calendar around the loans' days.
        ordered: `ScheduleLayout.ordered` of the loans.
        scratch: Memory for the widest chunk.
        memory: Memory for weights of every period.

    Example:
        See `batch`.
    """

    terms: TermColumns
    conventions: ScheduleConventions
    tables: CalendarTables
    ordered: OrderedTerms
    scratch: Scratch = attrs.field(factory=lambda: Scratch.of_size(_LOANS_MAX))
    memory: Int64s = attrs.field(factory=lambda: np.empty(_MEMORY_SIZE, np.int64))

    @staticmethod
    def loans_max() -> int:
        """Return the most loans of a chunk."""
        return _LOANS_MAX

    @staticmethod
    def new_memory() -> Int64s:
        """Return memory for the weights of any chunk."""
        return np.empty(_MEMORY_SIZE, np.int64)

    def write(
        self,
        span: ChunkSpan,
        rows: Int64s,
        out: MoneyLines,
        due_day: Int64s | None = None,
    ) -> ChunkMoney:
        """Write the schedules of the loans of a chunk and say which are refused.

        Args:
            span: The chunk.
            rows: Positions of its loans.
            out: Matrices of shape (rows of a schedule, loans).
            due_day: Such a matrix for due days; None: they are not asked for.
        """
        group = span.group
        plan = group.plan
        read, places = self.ordered, span.places
        principal_minor = read.principal_minor[places]
        planned_day = read.planned_day[places]
        due_part = due_day
        if due_day is not None and plan.down_payment is not None:
            due_day[0] = planned_day
            due_part = due_day[1:]
        asked = WeightQuestion(
            annual_ppm=read.annual_ppm[places],
            planned_day=planned_day,
            first_due_day=read.first_due_day[places],
            frequency=group.frequency,
            count=group.installment_count,
            interest_free_count=plan.grace.interest_free_count,
            conventions=self.conventions,
            has_series=isinstance(plan.method, Seasonal),
            is_late=span.is_late,
            tables=self.tables,
            memory=self.memory,
        )
        weights, without_days = chunk_weights(asked, due_day=due_part)
        interest = InterestLines(
            weights=weights.weights,
            largest=weights.largest,
            unit=weights.unit,
            first_unit=weights.first_unit,
            rounding=self.conventions.rounding,
            multiple=self.conventions.currency_multiple,
            scratch=self.scratch,
        )
        if is_plain(plan, self.conventions):
            money = self._plain(principal_minor, interest, out)
        else:
            money = self._planned(group, rows, interest, weights.series_day, out)
        for reason, is_without in without_days.items():
            money.refusal[is_without] = reason
        if weights.is_ordered is not None:
            is_first = (money.refusal == 0) | (money.refusal > Refusal.DATES)
            money.refusal[~weights.is_ordered & is_first] = Refusal.DATES
        return money

    def _planned(
        self,
        group: ScheduleGroup,
        rows: Int64s,
        interest: InterestLines,
        series_day: Int64s | None,
        out: MoneyLines,
    ) -> ChunkMoney:
        method, count = group.plan.method, group.installment_count
        if isinstance(method, BY_LEVEL) and fine_weight(method, count) is not None:
            _, portions = self._amounts(group, rows)
            portions.refuse(np.ones(rows.size, np.bool_), Refusal.FINE_WEIGHTS)
            levels = np.zeros(rows.size, np.int64)
            return ChunkMoney(level_minor=levels, refusal=portions.refusal)
        weights = RowWeights.of(method, count, series_day)
        money = self._plan_rows(group, rows, interest, weights, out)
        large = np.flatnonzero(money.refusal == Refusal.TOO_LARGE)
        if large.size:
            # In wide arithmetic they may fit.
            lines = out.of_same_kind(large.size)
            part = self._plan_rows(
                group,
                rows[large],
                interest.take(large, is_wide=True),
                weights.take(large),
                lines,
            )
            money.refusal[large] = part.refusal
            money.level_minor[large] = part.level_minor
            out.put(large, lines)
        if isinstance(method, Seasonal):
            is_without = np.asarray(weights.is_zero(count - 1))
            money.refusal[is_without] = Refusal.MONTH_WEIGHTS
        return money

    def _plan_rows(
        self,
        group: ScheduleGroup,
        rows: Int64s,
        interest: InterestLines,
        weights: RowWeights,
        out: MoneyLines,
    ) -> ChunkMoney:
        plan = group.plan
        amounts, portions = self._amounts(group, rows)
        kernel = PlanKernel(
            plan=plan,
            conventions=self.conventions,
            amounts=amounts,
            portions=portions,
            interest=interest,
            weights=weights,
        )
        if plan.down_payment is not None:
            out.write_down_payment(amounts.down_minor, amounts.base_minor)
        level_minor = kernel.write(out)
        return ChunkMoney(level_minor=level_minor, refusal=portions.refusal)

    def _amounts(
        self, group: ScheduleGroup, rows: Int64s
    ) -> tuple[PlanAmounts, Portions]:
        """Return what is fixed for each loan, and what keeps refusals."""
        terms = self.terms
        portions = Portions(
            conventions=self.conventions,
            currency_index=terms.currency_index[rows],
            currencies=terms.currencies,
        )
        amounts = PlanAmounts.of(
            group.plan, group.installment_count, terms.principal_minor[rows], portions
        )
        return amounts, portions

    def _plain(
        self, principal_minor: Int64s, interest: InterestLines, out: MoneyLines
    ) -> ChunkMoney:
        kernel = LevelKernel(principal_minor=principal_minor, interest=interest)
        is_fitting = kernel.is_fitting
        refusal = np.zeros(principal_minor.size, np.int64)
        if not is_fitting.all():
            # Nothing is lent to those that do not fit, until the others are done.
            small = np.where(is_fitting, kernel.principal_minor, 0)
            kernel = LevelKernel(
                principal_minor=small,
                interest=interest,
                limit_minor=kernel.limit_minor,
            )
        level_minor, is_covered = kernel.write(out)
        refusal[~is_covered] = Refusal.NOT_COVERED
        large = np.flatnonzero(~is_fitting)
        if large.size:
            part = LevelKernel(
                principal_minor=principal_minor[large],
                interest=interest.take(large, is_wide=True),
            )
            refusal[large] = np.where(part.is_fitting, 0, Refusal.TOO_LARGE)
            found = np.flatnonzero(part.is_fitting)
            if found.size:
                lines = MoneyLines.of_shape(len(out.total_minor), found.size)
                levels, is_covered = part.take(found).write(lines)
                level_minor[large[found]] = levels
                refusal[large[found[~is_covered]]] = Refusal.NOT_COVERED
                out.put(large[found], lines)
        out.first_totals(level_minor)
        return ChunkMoney(level_minor=level_minor, refusal=refusal)
