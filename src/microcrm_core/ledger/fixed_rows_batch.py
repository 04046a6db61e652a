"""The rows of many loans as their schedules make them, for a replay in columns.

Where neither early nor late payments change interest, what an installment asks for is
known when the money is paid out. `FixedRows` holds that; charges are added by events.

Example:
    >>> import numpy as np
    >>> from microcrm_core.ledger.fixed_rows_batch import FixedRows
    >>> rows = FixedRows(
    ...     offsets=np.array([0, 2]),
    ...     due_day=np.array([20_031, 20_059]),
    ...     principal_minor=np.array([500, 500]),
    ...     interest_minor=np.array([20, 10]),
    ...     fees_minor=np.array([0, 0]),
    ...     is_down_payment=np.array([False, False]),
    ...     disbursed_day=np.array([20_000]),
    ...     lent_minor=np.array([1_000]),
    ... )
    >>> len(rows), rows.loan_index.tolist()
    (1, [0, 0])
"""

from __future__ import annotations

from typing import Final, Self

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s, require_rows
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.loans.column_checks_batch import (
    DAY_MAX,
    DAY_MIN,
    require_columns,
    require_range,
)
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.schedule_columns_batch import ScheduleColumns

__all__ = ["SUM_MAX", "FixedRows", "require_sums"]

SUM_MAX: Final = 2**62
"""What amounts of one loan add up to stays below it."""

_ROWS: Final = ("due_day", "principal_minor", "interest_minor", "fees_minor")
_LOANS: Final = ("disbursed_day", "lent_minor")


@attrs.frozen(kw_only=True, eq=False)
class FixedRows:
    """What the schedules of many loans ask for, whenever it is paid.

    Attributes:
        offsets: Where the rows of each loan begin, and where the last ones end; every
            loan has some; shape (loans + 1,).
        due_day: Last day on which paying is on time, in order within a loan; shape
            (rows,), as are the next four.
        principal_minor: Principal; not negative, as are the next two.
        interest_minor: Interest.
        fees_minor: Fees of the plan.
        is_down_payment: Whether the row is a down payment; charges go to other rows.
        disbursed_day: Day on which each loan is paid out as agreed; shape (loans,).
        lent_minor: What is then paid out, down payment included; shape (loans,).

    Raises:
        InvalidValueError: A column has the wrong type or length, offsets or due days do
            not rise, or an amount or a day is out of bounds.

    Example:
        See `microcrm_core.ledger.fixed_rows_batch`.
    """

    offsets: Int64s
    due_day: Int64s
    principal_minor: Int64s
    interest_minor: Int64s
    fees_minor: Int64s
    is_down_payment: Bools
    disbursed_day: Int64s
    lent_minor: Int64s

    def __attrs_post_init__(self) -> None:
        """Refuse columns that do not describe loans."""
        row_count = self.due_day.size
        require_columns(self, ("offsets",), self.offsets.size, like="itself")
        require_columns(self, _ROWS, row_count, like="due_day")
        steps = np.diff(self.offsets)
        is_whole = self.offsets.size > 0 and self.offsets[0] == 0
        if not is_whole or self.offsets[-1] != row_count or (steps < 1).any():
            rule = f"must rise from 0 to {row_count}, the number of rows"
            raise InvalidValueError("offsets", rule, self.offsets.tolist()[:4])
        require_columns(self, _LOANS, len(self), like="the loans of offsets")
        is_down = self.is_down_payment
        if is_down.dtype != np.bool_ or is_down.shape != (row_count,):
            rule = f"must be a bool array of shape ({row_count},), like due_day"
            found = f"{is_down.dtype} {is_down.shape}"
            raise InvalidValueError("is_down_payment", rule, found)
        for name in _ROWS[1:]:
            require_range(name, getattr(self, name), 0, None)
        require_range("lent_minor", self.lent_minor, 1, None)
        for name in ("due_day", "disbursed_day"):
            require_range(name, getattr(self, name), DAY_MIN, DAY_MAX)
        is_next = np.ones(row_count, np.bool_)
        is_next[1:] = np.diff(self.due_day) >= 0
        is_next[self.offsets[:-1]] = True
        rule = "must not be before that of the row before it"
        require_rows(is_next, self.due_day, "due_day", rule)

    @classmethod
    def of(cls, loans: LoanColumns, schedules: ScheduleColumns) -> Self:
        """Return the rows of loans that are paid out as agreed.

        Args:
            loans: What was agreed; an open request counts as paid out when planned.
            schedules: The schedules of the same loans, in the same order.

        Raises:
            InvalidValueError: There is not one schedule for each loan.
        """
        if len(loans) != len(schedules):
            rule = f"must be those of {len(loans)} loans"
            raise InvalidValueError("schedules", rule, len(schedules))
        return cls(
            offsets=schedules.offsets,
            due_day=schedules.due_day,
            principal_minor=schedules.principal_minor,
            interest_minor=schedules.interest_minor,
            fees_minor=schedules.fees_minor,
            is_down_payment=schedules.is_down_payment,
            disbursed_day=loans.start_day,
            lent_minor=loans.principal_minor,
        )

    def __len__(self) -> int:
        """Return the number of loans."""
        return max(int(self.offsets.size) - 1, 0)

    @property
    def counts(self) -> Int64s:
        """How many rows each loan has; shape (loans,)."""
        return np.diff(self.offsets)

    @property
    def loan_index(self) -> Int64s:
        """Position of the loan of each row."""
        return self.per_row(np.arange(len(self)))

    @property
    def total_minor(self) -> Int64s:
        """All that each row asks for."""
        total_minor = self.principal_minor + self.interest_minor
        if not _is_one_zero(self.fees_minor):
            total_minor += self.fees_minor
        return total_minor

    def charged_minor(self, bucket: Bucket) -> Int64s:
        """Return what each row asks for in one bucket; of penalties, nothing."""
        columns = self.principal_minor, self.interest_minor, self.fees_minor
        if bucket < len(columns):
            return columns[bucket]
        return np.broadcast_to(np.int64(0), self.due_day.shape)

    def per_row(self, values: Int64s) -> Int64s:
        """Return for each row the value of its loan."""
        return np.repeat(values, self.counts)

    def require_sums(self) -> None:
        """Refuse loans whose rows together ask for 2**62 minor units or more.

        Raises:
            InvalidValueError: There is such a loan.
        """
        columns = self.principal_minor, self.interest_minor, self.fees_minor
        most = sum(int(column.max(initial=0)) for column in columns)
        if most * int(self.counts.max(initial=0)) < SUM_MAX:
            return
        # Floats are off by less than the room between 2**62 and what int64 holds.
        asked = np.zeros(self.due_day.size)
        for column in columns:
            asked += column
        sums = np.bincount(self.loan_index, asked, minlength=len(self))
        rule = "must add up to less than 2**62 a loan"
        require_rows(sums < SUM_MAX, sums, "rows", rule)


def require_sums(
    field: str, loan_index: Int64s, amount_minor: Int64s, loan_count: int
) -> None:
    """Refuse amounts that add up to 2**62 minor units or more on one of the loans.

    Raises:
        InvalidValueError: There is such a loan.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.ledger.fixed_rows_batch import require_sums
        >>> require_sums("amount_minor", np.array([0, 0]), np.array([2**60] * 2), 1)
    """
    most = int(amount_minor.max(initial=0))
    if most * amount_minor.size < SUM_MAX:
        return
    # Floats are off by less than the room between 2**62 and what int64 holds.
    sums = np.bincount(loan_index, amount_minor, minlength=loan_count)
    rule = "must add up to less than 2**62 a loan"
    require_rows(sums < SUM_MAX, sums, field, rule)


def _is_one_zero(column: Int64s) -> bool:
    """Return whether one zero stands for all, as where no plan has any fees."""
    return column.strides == (0,) and not column[:1].any()
