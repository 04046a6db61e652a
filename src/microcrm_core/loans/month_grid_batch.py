"""Months and days of the month for a range of days, looked up instead of computed.

Taking a day apart into month and day of the month costs many times what a look-up in a
table costs. A `DayTable` holds both for every day of a range. A `MonthGrid` goes the
other way: for every month, and every day of the month that may be due, it holds the
day on which an installment then falls. From one installment to the next a loan stays
in its column of the grid and goes down by some months.

Example:
    >>> import numpy as np
    >>> from microcrm_core.dates import RollKind
    >>> from microcrm_core.loans.month_grid_batch import MonthGrid
    >>> grid = MonthGrid.between(0, 2, RollKind.DAY_OF_MONTH)
    >>> index = grid.index(np.array([0]), np.array([31]))
    >>> [int(grid.days[index + 31 * later][0]) for later in range(3)]
    [30, 58, 89]
"""

from __future__ import annotations

from typing import Final, Self

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s
from microcrm_core.dates import RollKind

__all__ = ["GRID_WIDTH", "DayTable", "MonthGrid", "month_of", "month_start"]

GRID_WIDTH: Final = 31
"""Days of the month in a grid; a step of one month is so many places."""

_THIRTY: Final = 30
_TABLE_DAYS_MAX: Final = 2**17


def month_of(day: Int64s) -> Int64s:
    """Return the months, counted since 1970-01, of days since 1970-01-01.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.month_grid_batch import month_of
        >>> month_of(np.array([-1, 0, 31])).tolist()
        [-1, 0, 1]
    """
    month: Int64s = day.astype("M8[D]").astype("M8[M]").astype(np.int64)
    return month


def month_start(month: Int64s) -> Int64s:
    """Return the first days of months.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.month_grid_batch import month_start
        >>> month_start(np.array([0, 1])).tolist()
        [0, 31]
    """
    start: Int64s = month.astype("M8[M]").astype("M8[D]").astype(np.int64)
    return start


@attrs.frozen(kw_only=True, eq=False)
class DayTable:
    """Month and day of the month of every day of a range.

    Attributes:
        first_day: The first day of the range.
        month: Months since 1970-01; shape (days,), as the others.
        dom: Days of the month, from 1.
        is_month_end: Whether it is the last day of its month.
        thirtieths: Thirty days for each month, and the day of the month.
        capped_thirtieths: The same, a 31st counting as a 30th.
        is_31st: Whether it is a 31st.
        is_late: Whether it is a 30th or 31st.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.month_grid_batch import DayTable
        >>> DayTable.covering(np.array([0, 400])).dom[30:32].tolist()
        [31, 1]
    """

    first_day: int
    month: Int64s
    dom: Int64s
    is_month_end: Bools
    thirtieths: Int64s
    capped_thirtieths: Int64s
    is_31st: Bools
    is_late: Bools

    @classmethod
    def covering(cls, *columns: Int64s) -> Self | None:
        """Return a table of all days of some columns; None: it would be too large."""
        filled = [column for column in columns if column.size]
        if not filled:
            return None
        first = min(int(column.min()) for column in filled)
        last = max(int(column.max()) for column in filled)
        if last - first >= _TABLE_DAYS_MAX:
            return None
        return cls.of(np.arange(first, last + 1, dtype=np.int64))

    @classmethod
    def of(cls, day: Int64s) -> Self:
        """Return month and day of the month of each of some days, whatever they are."""
        month = month_of(day)
        dom = day - month_start(month) + 1
        return cls(
            first_day=int(day.flat[0]) if day.size else 0,
            month=month,
            dom=dom,
            is_month_end=np.asarray(month_of(day + 1) != month),
            thirtieths=30 * month + dom,
            capped_thirtieths=30 * month + np.minimum(dom, 30),
            is_31st=np.asarray(dom > _THIRTY),
            is_late=np.asarray(dom >= _THIRTY),
        )

    def holds(self, day: Int64s) -> bool:
        """Return whether the table covers all these days."""
        last_day = self.first_day + self.month.size - 1
        is_inside = self.first_day <= int(day.min(initial=last_day))
        return is_inside and int(day.max(initial=self.first_day)) <= last_day

    def look_up(self, day: Int64s) -> DayTable:
        """Return the same for days that the table covers."""
        index = day - self.first_day
        return DayTable(
            first_day=self.first_day,
            month=self.month[index],
            dom=self.dom[index],
            is_month_end=self.is_month_end[index],
            thirtieths=self.thirtieths[index],
            capped_thirtieths=self.capped_thirtieths[index],
            is_31st=self.is_31st[index],
            is_late=self.is_late[index],
        )


@attrs.frozen(kw_only=True, eq=False)
class MonthGrid:
    """The day on which an installment falls, by month and by its day of the month.

    Attributes:
        first_month: Month of the first line, counted since 1970-01.
        days: The days of all months, end to end; shape (months × 31,).

    Example:
        See `microcrm_core.loans.month_grid_batch`.
    """

    first_month: int
    days: Int64s

    @classmethod
    def between(cls, first_month: int, last_month: int, kind: RollKind) -> Self:
        """Return the grid of all months from the first to the last."""
        start = month_start(np.arange(first_month, last_month + 2, dtype=np.int64))
        length = np.diff(start)[:, None]
        dom = np.arange(GRID_WIDTH, dtype=np.int64)
        # One day after the last is the first of the next month.
        last = length if kind is RollKind.NEXT_MONTH_FIRST else length - 1
        days: Int64s = start[:-1, None] + np.minimum(dom, last)
        return cls(first_month=first_month, days=days.reshape(-1))

    def index(self, month: Int64s, due_dom: Int64s) -> Int64s:
        """Return the places of some months and days of the month."""
        index = month - self.first_month
        index *= GRID_WIDTH
        index += due_dom
        index -= 1
        return index
