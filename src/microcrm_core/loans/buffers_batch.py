"""Columns of the caller's that schedules are written into.

Memory that is asked for anew costs more than the amounts that go into it. So a caller
who works through many loans keeps a set of columns and hands it over again and again.
A plan without fees, or without interest that is added to the debt, has zeros there.

Example:
    >>> from microcrm_core.loans.buffers_batch import ScheduleBuffers
    >>> buffers = ScheduleBuffers.of_size(3, with_fees=True)
    >>> buffers.size, buffers.fees_minor.size, buffers.due_day
    (3, 3, None)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import attrs
import numpy as np

from microcrm_core.batch import Int64s
from microcrm_core.checks import whole_number
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.layout_batch import ScheduleGroup
from microcrm_core.loans.money_lines_batch import MoneyLines
from microcrm_core.loans.plan_amounts_batch import has_capitalized, has_fees
from microcrm_core.loans.plans import RepaymentPlan

__all__ = ["ScheduleBuffers"]


@attrs.frozen(kw_only=True, eq=False)
class ScheduleBuffers:
    """Columns that schedules are written into, and that may be used again.

    Attributes:
        principal_minor: Principal parts; int64 of shape (values,), as all.
        interest_minor: Interest parts.
        outstanding_minor: Principal that is left after each row.
        total_minor: What each row comes to, fees included.
        due_day: Due days; None: they are not asked for.
        fees_minor: Fees; None: no plan has any.
        capitalized_minor: Interest that is added to the debt; None: no plan does so.

    Raises:
        InvalidValueError: A column is no int64 array, cannot be written, or shares
            memory with another; or they differ in length.

    Example:
        >>> from microcrm_core.loans.buffers_batch import ScheduleBuffers
        >>> ScheduleBuffers.of_size(1000, with_due_days=True).due_day.size
        1000
    """

    principal_minor: Int64s
    interest_minor: Int64s
    outstanding_minor: Int64s
    total_minor: Int64s
    due_day: Int64s | None = None
    fees_minor: Int64s | None = None
    capitalized_minor: Int64s | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse columns of different kinds, and those that would be overwritten."""
        checked: dict[str, Int64s] = {}
        for field in attrs.fields(type(self)):
            column: Int64s | None = getattr(self, field.name)
            if column is None and field.default is None:
                continue
            is_array = isinstance(column, np.ndarray)
            if column is None or not is_array or column.dtype != np.int64:
                rule = "must be an int64 array"
                raise InvalidValueError(field.name, rule, type(column).__name__)
            if column.shape != (self.size,) or not column.flags.c_contiguous:
                rule = f"must be contiguous, of shape ({self.size},)"
                raise InvalidValueError(field.name, rule, column.shape)
            if not column.flags.writeable:
                raise InvalidValueError(field.name, "must be writeable", "read-only")
            for name, other in checked.items():
                # Contiguous arrays whose bounds overlap share values.
                if np.may_share_memory(column, other):
                    rule = f"must share no memory with {name}"
                    raise InvalidValueError(field.name, rule, "an array that does")
            checked[field.name] = column

    @classmethod
    def of_size(
        cls,
        size: int,
        *,
        with_due_days: bool = False,
        with_fees: bool = False,
        with_capitalized: bool = False,
    ) -> Self:
        """Return columns of *size* values, not yet filled.

        Raises:
            InvalidValueError: *size* is no whole number, or below zero.
        """
        whole_number("size", size, at_least=0)

        def column(*, is_wanted: bool) -> Int64s | None:
            return np.empty(size, np.int64) if is_wanted else None

        return cls(
            principal_minor=np.empty(size, np.int64),
            interest_minor=np.empty(size, np.int64),
            outstanding_minor=np.empty(size, np.int64),
            total_minor=np.empty(size, np.int64),
            due_day=column(is_wanted=with_due_days),
            fees_minor=column(is_wanted=with_fees),
            capitalized_minor=column(is_wanted=with_capitalized),
        )

    @property
    def size(self) -> int:
        """How many values each column has."""
        return int(self.principal_minor.size)

    def lines_of(
        self, group: ScheduleGroup, start: int, end: int
    ) -> tuple[MoneyLines, Int64s | None]:
        """Return the matrices of some loans of a group, in the order of a layout."""

        def matrix(column: Int64s) -> Int64s:
            return group.matrix(column)[:, start:end]

        return self._lines(group.plan, matrix)

    def lines_from_start(
        self, group: ScheduleGroup, loan_count: int
    ) -> tuple[MoneyLines, Int64s | None]:
        """Return matrices for as many loans of a group, from the first value on."""
        shape = (group.row_count, loan_count)

        def matrix(column: Int64s) -> Int64s:
            return column[: shape[0] * shape[1]].reshape(shape)

        return self._lines(group.plan, matrix)

    def _lines(
        self, plan: RepaymentPlan, matrix: Callable[[Int64s], Int64s]
    ) -> tuple[MoneyLines, Int64s | None]:
        fees, capitalized = self.fees_minor, self.capitalized_minor
        if fees is not None and not has_fees(plan):
            matrix(fees)[:] = 0
            fees = None
        if capitalized is not None and not has_capitalized(plan):
            matrix(capitalized)[:] = 0
            capitalized = None
        lines = MoneyLines(
            principal_minor=matrix(self.principal_minor),
            interest_minor=matrix(self.interest_minor),
            outstanding_minor=matrix(self.outstanding_minor),
            total_minor=matrix(self.total_minor),
            fees_minor=None if fees is None else matrix(fees),
            capitalized_minor=None if capitalized is None else matrix(capitalized),
        )
        return lines, None if self.due_day is None else matrix(self.due_day)
