"""Calendar facts that all chunks of one call share, computed once.

Example:
    >>> from microcrm_core.loans.calendar_tables_batch import CalendarTables
    >>> CalendarTables.empty().grid is None
    True
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Self

import attrs
import numpy as np

from microcrm_core.batch import Int64s
from microcrm_core.dates import FrequencyUnit, RollKind
from microcrm_core.loans.layout_batch import ScheduleGroup, ScheduleLayout, TermColumns
from microcrm_core.loans.month_grid_batch import GRID_WIDTH, DayTable, MonthGrid

__all__ = ["CalendarTables"]

_GRID_MAX: Final = 2**19


@attrs.frozen(kw_only=True, eq=False)
class CalendarTables:
    """The days of a range taken apart, and the days on which months fall due.

    Attributes:
        days: Covers first due days and the days from which interest runs; None: the
            range is too long.
        grid: Covers all due days of monthly loans; None: there are none, or the
            range is too long.

    Example:
        See `microcrm_core.loans.calendar_tables_batch`.
    """

    days: DayTable | None
    grid: MonthGrid | None
    _period_days: dict[int, Int64s] = attrs.field(factory=dict[int, Int64s])

    @classmethod
    def empty(cls) -> Self:
        """Return no tables, so that everything is computed."""
        return cls(days=None, grid=None)

    @classmethod
    def of(cls, terms: TermColumns, layout: ScheduleLayout, kind: RollKind) -> Self:
        """Return the tables for some loans."""
        days = DayTable.covering(terms.planned_day, terms.first_due_day)
        grid = None
        if days is not None:
            first = int(days.month[terms.first_due_day.min() - days.first_day])
            last = int(days.month[terms.first_due_day.max() - days.first_day])
            last += max(map(_span_months, layout.groups), default=0)
            if (last - first + 1) * GRID_WIDTH <= _GRID_MAX:
                grid = MonthGrid.between(first, last, kind)
        return cls(days=days, grid=grid)

    def period_days(
        self, step_months: int, count: Callable[[Int64s], Int64s]
    ) -> Int64s | None:
        """Return what a day count finds between due days some months apart.

        Args:
            step_months: How many months lie between two due days.
            count: Counts the days between the two lines of a matrix.

        Returns:
            A table that is read like the grid, with the place where a period begins;
            None: there is no grid.
        """
        if self.grid is None:
            return None
        if step_months not in self._period_days:
            days, step = self.grid.days, GRID_WIDTH * step_months
            ends = days[step:]
            bounds = np.stack([days[: ends.size], ends])
            self._period_days[step_months] = count(bounds)[0]
        return self._period_days[step_months]


def _span_months(group: ScheduleGroup) -> int:
    if group.frequency.unit is not FrequencyUnit.MONTH:
        return 0
    return group.frequency.count * group.installment_count
