"""The rows of many schedules, one loan after the other, as columns.

The form in which repayments are allocated and portfolios reviewed: `offsets` says where
the rows of each loan begin. Read `batch` for what makes them.

Example:
    >>> import numpy as np
    >>> from microcrm_core.loans.schedule_columns_batch import ScheduleColumns
    >>> schedules = ScheduleColumns(
    ...     offsets=np.array([0, 2]),
    ...     due_day=np.array([20_031, 20_059]),
    ...     principal_minor=np.array([500, 500]),
    ...     interest_minor=np.array([10, 5]),
    ...     outstanding_minor=np.array([500, 0]),
    ...     level_minor=np.array([510]),
    ... )
    >>> schedules.total_minor.tolist(), schedules.fees_minor.tolist()
    ([510, 505], [0, 0])
    >>> schedules.total_interest_minor.tolist()
    [15]
"""

from __future__ import annotations

import attrs
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from microcrm_core.batch import Bools, Int64s
from microcrm_core.loans.chunk_streams_batch import ScheduleChunk
from microcrm_core.loans.column_checks_batch import position_in
from microcrm_core.loans.layout_batch import TermColumns
from microcrm_core.loans.plan_amounts_batch import has_capitalized, has_fees

__all__ = ["ColumnsInOrder", "ScheduleColumns"]


@attrs.frozen(kw_only=True, eq=False)
class ScheduleColumns:
    """The rows of many schedules, one loan after the other.

    Attributes:
        offsets: Where each loan's rows begin, and at the end their number; shape
            (loans + 1,).
        due_day: Last day on which paying is on time; shape (rows,), as all but the
            level.
        principal_minor: Principal part.
        interest_minor: Interest part.
        outstanding_minor: Principal that is left after the row.
        level_minor: What a usual installment comes to, as `Schedule.level_installment`
            says; shape (loans,).
        fees_minor: Fees that are due with the row. Where no plan has any, one zero
            that stands for all, which takes no memory; so with the next two.
        capitalized_minor: Interest that is added to the debt on that day.
        is_down_payment: Whether the row is a down payment.

    Example:
        See `build_schedules`.
    """

    offsets: Int64s
    due_day: Int64s
    principal_minor: Int64s
    interest_minor: Int64s
    outstanding_minor: Int64s
    level_minor: Int64s
    fees_minor: Int64s = attrs.Factory(
        lambda self: _zeros(self.due_day.size), takes_self=True
    )
    capitalized_minor: Int64s = attrs.Factory(
        lambda self: _zeros(self.due_day.size), takes_self=True
    )
    is_down_payment: Bools = attrs.Factory(
        lambda self: np.broadcast_to(np.False_, self.due_day.shape), takes_self=True
    )

    def __len__(self) -> int:
        """Return the number of loans."""
        return int(self.level_minor.size)

    @property
    def total_minor(self) -> Int64s:
        """Principal, interest and fees of each row."""
        total = self.principal_minor + self.interest_minor
        if self.fees_minor.strides != (0,):
            total += self.fees_minor
        return total

    @property
    def total_interest_minor(self) -> Int64s:
        """All interest of each loan; twin of `Schedule.total_interest`.

        Paid in installments or added to the debt; shape (loans,).
        """
        total = self._loan_sums(self.interest_minor)
        if self.capitalized_minor.strides != (0,):
            total += self._loan_sums(self.capitalized_minor)
        return total

    @property
    def loan_index(self) -> Int64s:
        """Position of the loan of each row."""
        loans = np.arange(len(self), dtype=np.int64)
        return np.repeat(loans, np.diff(self.offsets))

    def rows(self, loan: int) -> slice:
        """Return where the rows of the loan at this position stand.

        Raises:
            InvalidValueError: There is no such loan.
        """
        loan = position_in("loan", loan, len(self))
        return slice(int(self.offsets[loan]), int(self.offsets[loan + 1]))

    def _loan_sums(self, column: Int64s) -> Int64s:
        sums = np.zeros(column.size + 1, np.int64)
        np.cumsum(column, out=sums[1:])
        return np.diff(sums[self.offsets])


def _zeros(size: int) -> Int64s:
    return np.broadcast_to(np.int64(0), (size,))


@attrs.frozen(kw_only=True, eq=False)
class ColumnsInOrder:
    """Columns that chunks are put into, one loan after the other.

    Attributes:
        offsets: Where each loan's rows begin, and at the end their number.
        lines: The columns by name.
        is_down_payment: Whether a row is a down payment; None: no row is.
        level_minor: Level installment of each loan.
        refusal: `Refusal` of each loan.

    Example:
        See `batch.build_schedules`.
    """

    offsets: Int64s
    lines: dict[str, Int64s]
    is_down_payment: Bools | None
    level_minor: Int64s
    refusal: Int64s

    @classmethod
    def of(cls, terms: TermColumns) -> ColumnsInOrder:
        """Return columns for the schedules of some loans, not yet filled."""
        offsets = np.zeros(len(terms) + 1, np.int64)
        counts = terms.installment_count
        downs = np.array([plan.down_payment is not None for plan in terms.plans])
        if downs.any():
            counts = counts + downs[terms.plan_index]
        np.cumsum(counts, out=offsets[1:])
        names = ["due_day", "principal_minor", "interest_minor", "outstanding_minor"]
        names += ["fees_minor"] * any(map(has_fees, terms.plans))
        names += ["capitalized_minor"] * any(map(has_capitalized, terms.plans))
        size = int(offsets[-1])
        return cls(
            offsets=offsets,
            lines={name: np.empty(size, np.int64) for name in names},
            is_down_payment=np.empty(size, np.bool_) if downs.any() else None,
            level_minor=np.empty(len(terms), np.int64),
            refusal=np.zeros(len(terms), np.int64),
        )

    def put(self, chunk: ScheduleChunk) -> None:
        """Write the schedules of a chunk."""
        self.level_minor[chunk.rows] = chunk.level_minor
        self.refusal[chunk.rows] = chunk.refusal
        first = self.offsets[chunk.rows]
        width = len(chunk.total_minor)
        for name, column in self.lines.items():
            # A window on the rows of one loan; whole rows are copied at once.
            window = sliding_window_view(column, width, writeable=True)
            window[first] = getattr(chunk, name).T
        if self.is_down_payment is not None:
            window = sliding_window_view(self.is_down_payment, width, writeable=True)
            window[first] = chunk.is_down_payment.T

    def schedules(self) -> ScheduleColumns:
        """Return the columns."""
        made = ScheduleColumns(
            offsets=self.offsets,
            due_day=self.lines["due_day"],
            principal_minor=self.lines["principal_minor"],
            interest_minor=self.lines["interest_minor"],
            outstanding_minor=self.lines["outstanding_minor"],
            level_minor=self.level_minor,
        )
        fees = self.lines.get("fees_minor", made.fees_minor)
        capitalized = self.lines.get("capitalized_minor", made.capitalized_minor)
        is_down_payment = self.is_down_payment
        if is_down_payment is None:
            is_down_payment = made.is_down_payment
        return attrs.evolve(
            made,
            fees_minor=fees,
            capitalized_minor=capitalized,
            is_down_payment=is_down_payment,
        )
