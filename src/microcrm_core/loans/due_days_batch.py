"""Due days of many loans at once, for the batch twin of schedules.

Twins of `dates.due_dates` and `dates.roll_date`, in days since 1970-01-01. A matrix
has one line for each installment and one column for each loan, so that a step from
installment to installment reads whole lines.

Example:
    >>> import numpy as np
    >>> from microcrm_core.dates import Frequency, RollRule
    >>> from microcrm_core.loans.due_days_batch import due_days
    >>> first = np.array(["2025-01-31"], "M8[D]").astype(np.int64)
    >>> days = due_days(first, Frequency.MONTHLY, 3, RollRule.DAY_OF_MONTH)
    >>> days[:, 0].astype("M8[D]").astype(str).tolist()
    ['2025-01-31', '2025-02-28', '2025-03-31']
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s, require_rows
from microcrm_core.dates import (
    Frequency,
    FrequencyUnit,
    RollKind,
    RollRule,
)
from microcrm_core.loans.month_grid_batch import (
    GRID_WIDTH,
    DayTable,
    MonthGrid,
    month_of,
    month_start,
)

__all__ = [
    "are_possible",
    "due_days",
    "due_doms",
    "has_late_dom",
    "months_and_doms",
    "series_days",
]

_DAY_MAX: Final = dt.date.max.toordinal() - dt.date(1970, 1, 1).toordinal()
_MONTH_MAX: Final = 12 * (dt.MAXYEAR - 1970) + 11
_LAST_DAY: Final = 31
_SEMIMONTH_GAP_DAYS: Final = 15
_SHORTEST_MONTH_DAYS: Final = 28
_PART: Final = 16_384
_IN_CALENDAR: Final = "must leave all due days within the years 1 to 9999"


def due_days(
    first_due_day: Int64s,
    frequency: Frequency,
    count: int,
    roll: RollRule,
    *,
    out: Int64s | None = None,
) -> Int64s:
    """Return the due days of many loans; twin of `dates.due_dates`.

    Args:
        first_due_day: Days since 1970-01-01, as agreed.
        frequency: Time from one due day to the next.
        count: How many due days.
        roll: On which day of a month a due day falls.
        out: Matrix to write into and to return; None: a new one.

    Shapes:
        *first_due_day* is (loans,); the result is (count, loans).

    Raises:
        InvalidValueError: For some row `due_dates` would raise; or, twice a month,
            the due days come within a month of the end of the calendar.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.dates import Frequency, RollRule
        >>> from microcrm_core.loans.due_days_batch import due_days
        >>> due_days(np.array([0]), Frequency.BIWEEKLY, 3, RollRule.DAY_OF_MONTH).T
        array([[ 0, 14, 28]])
    """
    days = np.empty((count, first_due_day.size), np.int64) if out is None else out
    if first_due_day.size == 0:
        return days
    if frequency.unit is FrequencyUnit.MONTH:
        _write_month_days(first_due_day, frequency.count, roll, days)
        return days
    if frequency.unit is FrequencyUnit.SEMIMONTH:
        days[:] = _semimonth_days(first_due_day, count, roll)
        return days
    step_days = frequency.count * (7 if frequency.unit is FrequencyUnit.WEEK else 1)
    require_rows(
        first_due_day <= _DAY_MAX - (count - 1) * step_days,
        first_due_day,
        "first_due_day",
        _IN_CALENDAR,
    )
    for number, line in enumerate(days):
        np.add(first_due_day, number * step_days, out=line)
    return days


def series_days(
    first_due_day: Int64s, frequency: Frequency, index: int, roll: RollRule
) -> Int64s:
    """Return the days *index* periods after the first due day; twin of `roll_date`.

    Args:
        first_due_day: Days since 1970-01-01, as agreed.
        frequency: Time from one day to the next.
        index: How many periods later; below zero: before.
        roll: On which day of a month a day falls.

    Shapes:
        *first_due_day* is (loans,), which is the shape of the result. A day before
        the first of the calendar is given all the same.

    Raises:
        InvalidValueError: Twice a month, the two days fall together in some month.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.dates import Frequency, RollRule
        >>> from microcrm_core.loans.due_days_batch import series_days
        >>> day = np.array([30])
        >>> series_days(day, Frequency.MONTHLY, -1, RollRule.DAY_OF_MONTH).tolist()
        [-1]
    """
    if index == 0 or first_due_day.size == 0:
        return first_due_day
    if frequency.unit is FrequencyUnit.SEMIMONTH:
        return _Semimonths.of(first_due_day, roll, abs(index)).day(index)
    if frequency.unit is not FrequencyUnit.MONTH:
        step_days = frequency.count * (7 if frequency.unit is FrequencyUnit.WEEK else 1)
        return first_due_day + step_days * index
    month, dom = months_and_doms(first_due_day)
    month = month + frequency.count * index
    grid = MonthGrid.between(int(month.min()), int(month.max()), roll.kind)
    return grid.days[grid.index(month, due_doms(dom, roll))]


def has_late_dom(days: Int64s) -> Bools:
    """Return which days come after the 28th, so that some month lacks them.

    Shapes:
        *days* is (rows,), which is the shape of the result.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.due_days_batch import has_late_dom
        >>> has_late_dom(np.array([27, 28, 31])).tolist()
        [False, True, False]
    """
    if days.size == 0:
        return np.zeros(0, np.bool_)
    first, last = int(days.min()), int(days.max())
    if last - first >= days.size:
        return np.asarray(_doms(days) > _SHORTEST_MONTH_DAYS)
    table = _doms(np.arange(first, last + 1, dtype=np.int64)) > _SHORTEST_MONTH_DAYS
    is_late = np.empty(days.size, np.bool_)
    # In parts whose places among the days of the table take little memory.
    for start in range(0, days.size, _PART):
        part = slice(start, start + _PART)
        np.take(table, days[part] - first, out=is_late[part], mode="clip")
    return is_late


def _doms(days: Int64s) -> Int64s:
    return days - month_start(month_of(days)) + 1


def _write_month_days(
    first_due_day: Int64s, step_months: int, roll: RollRule, out: Int64s
) -> None:
    month, dom = months_and_doms(first_due_day)
    due_dom = due_doms(dom, roll)
    last_step = (len(out) - 1) * step_months
    require_rows(
        month <= _MONTH_MAX - last_step, first_due_day, "first_due_day", _IN_CALENDAR
    )
    first, last = int(month.min()), int(month.max())
    grid = MonthGrid.between(first, last + last_step, roll.kind)
    index = grid.index(month, due_dom)
    # The first due date is agreed, whatever day the rule would give.
    out[0] = first_due_day
    for number in range(1, len(out)):
        # Each installment reads the same grid from another place on.
        later = grid.days[GRID_WIDTH * step_months * number :]
        np.take(later, index, out=out[number], mode="clip")
    require_rows(out[-1] <= _DAY_MAX, first_due_day, "first_due_day", _IN_CALENDAR)


def months_and_doms(
    day: Int64s, table: DayTable | None = None
) -> tuple[Int64s, Int64s]:
    """Return the months since 1970-01 and the days of the month, from 1, of days.

    Args:
        day: Days since 1970-01-01.
        table: A table that covers them; None: there is none.

    Shapes:
        *day* is (rows,), not empty; so are the results.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.due_days_batch import months_and_doms
        >>> [part.tolist() for part in months_and_doms(np.array([0, 31, 32]))]
        [[0, 1, 1], [1, 1, 2]]
    """
    first, last = int(day.min()), int(day.max())
    if table is None and last - first < day.size:
        table = DayTable.covering(day)
    if table is None:
        month = month_of(day)
        return month, day - month_start(month) + 1
    index = day - table.first_day
    return table.month[index], table.dom[index]


def due_doms(dom: Int64s, roll: RollRule) -> Int64s:
    """Return the day of the month that a rule asks for, from that of the first one.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.dates import RollRule
        >>> from microcrm_core.loans.due_days_batch import due_doms
        >>> due_doms(np.array([28]), RollRule.END_OF_MONTH).tolist()
        [31]
    """
    if roll.kind is RollKind.END_OF_MONTH:
        return np.full_like(dom, _LAST_DAY)
    return dom if roll.day is None else np.full_like(dom, roll.day)


def are_possible(
    first_due_day: Int64s, frequency: Frequency, count: int, roll: RollRule
) -> Bools:
    """Return for which rows `due_days` gives days instead of an error.

    Shapes:
        *first_due_day* is (loans,), which is the shape of the result.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.dates import Frequency, RollRule
        >>> from microcrm_core.loans.due_days_batch import are_possible
        >>> first = np.array([0, 2_932_896])
        >>> are_possible(first, Frequency.DAILY, 2, RollRule.DAY_OF_MONTH).tolist()
        [True, False]
    """
    if frequency.unit is FrequencyUnit.SEMIMONTH:
        month = month_of(first_due_day)
        low, high = _semimonth_doms(first_due_day, month, roll)
        is_apart = _are_apart(low, high, roll)
        return np.asarray(is_apart & (month <= _MONTH_MAX - count // 2 - 1))
    span = (count - 1) * frequency.count
    if frequency.unit is not FrequencyUnit.MONTH:
        span_days = span * (7 if frequency.unit is FrequencyUnit.WEEK else 1)
        return np.asarray(first_due_day <= _DAY_MAX - span_days)
    if span * _LAST_DAY < _DAY_MAX - int(first_due_day.max(initial=0)):
        return np.ones(first_due_day.size, np.bool_)
    month = month_of(first_due_day)
    # The first of the month after the last one of the calendar is none of its days.
    is_spilling = roll.kind is RollKind.NEXT_MONTH_FIRST
    return np.asarray(month <= _MONTH_MAX - span - (is_spilling and count > 1))


def _semimonth_days(first_due_day: Int64s, count: int, roll: RollRule) -> Int64s:
    month = month_of(first_due_day)
    require_rows(
        month <= _MONTH_MAX - count // 2 - 1,
        first_due_day,
        "first_due_day",
        "must leave all due days a month within the years 1 to 9999",
    )
    slots = _Semimonths.of(first_due_day, roll, count)
    days = slots.day(np.arange(count, dtype=np.int64)[:, None])
    days[0] = first_due_day
    return days


@attrs.frozen(kw_only=True, eq=False)
class _Semimonths:
    """Two days in each month, numbered through; where each loan stands in them."""

    grid: MonthGrid
    low: Int64s
    high: Int64s
    number: Int64s

    @classmethod
    def of(cls, first_due_day: Int64s, roll: RollRule, reach: int) -> _Semimonths:
        month = month_of(first_due_day)
        low, high = _semimonth_doms(first_due_day, month, roll)
        require_rows(
            _are_apart(low, high, roll),
            high,
            "second_day",
            "must stay apart from the due day in every month",
        )
        reach_months = reach // 2 + 1
        slots = cls(
            grid=MonthGrid.between(
                int(month.min()) - 1 - reach_months,
                int(month.max()) + reach_months,
                roll.kind,
            ),
            low=low,
            high=high,
            number=2 * month + 1,
        )
        # The first due day stands for the last slot that is not after it.
        for _ in range(2):
            is_after = slots.day(0) > first_due_day
            slots = attrs.evolve(slots, number=slots.number - is_after)
        return slots

    def day(self, index: int | Int64s) -> Int64s:
        number = self.number + index
        dom = np.where(number % 2 == 0, self.low, self.high)
        return self.grid.days[self.grid.index(number // 2, dom)]


def _semimonth_doms(
    first_due_day: Int64s, month: Int64s, roll: RollRule
) -> tuple[Int64s, Int64s]:
    due_dom = due_doms(first_due_day - month_start(month) + 1, roll)
    if roll.second_day is not None:
        second_dom = np.full_like(due_dom, roll.second_day)
    elif roll.kind is RollKind.END_OF_MONTH:
        second_dom = np.full_like(due_dom, _SEMIMONTH_GAP_DAYS)
    else:
        is_early = due_dom <= _SEMIMONTH_GAP_DAYS
        second_dom = due_dom + np.where(is_early, 1, -1) * _SEMIMONTH_GAP_DAYS
    return np.minimum(due_dom, second_dom), np.maximum(due_dom, second_dom)


def _are_apart(low: Int64s, high: Int64s, roll: RollRule) -> Bools:
    is_apart = (low != high) & (low < _SHORTEST_MONTH_DAYS)
    if roll.kind is RollKind.NEXT_MONTH_FIRST:
        is_apart &= (high <= _SHORTEST_MONTH_DAYS) | (low != 1)
    return np.asarray(is_apart)
