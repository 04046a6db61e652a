"""Due days and day counts of many loans at once, for the batch twin of schedules.

Twins of `dates.due_dates` and of the numerators of `dates.year_fraction`, in whole
days since 1970-01-01. A matrix has one line for each installment and one column
for each loan, so that a step from installment to installment reads whole lines.

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
    DayCount,
    Frequency,
    FrequencyUnit,
    RollKind,
    RollRule,
)
from microcrm_core.errors import InvalidValueError

__all__ = ["YEAR_DAYS", "count_period_days", "due_days"]

YEAR_DAYS: Final = {
    DayCount.THIRTY_360_BOND: 360,
    DayCount.THIRTY_360_US: 360,
    DayCount.THIRTY_E_360: 360,
    DayCount.ACT_360: 360,
    DayCount.ACT_364: 364,
    DayCount.ACT_365F: 365,
    DayCount.NL_365: 365,
}
"""The day counts that columns can hold, and the days of their year."""

_ACTUAL: Final = (DayCount.ACT_360, DayCount.ACT_364, DayCount.ACT_365F)
_DAY_MAX: Final = dt.date.max.toordinal() - dt.date(1970, 1, 1).toordinal()
_MONTH_MAX: Final = 12 * (dt.MAXYEAR - 1970) + 11
_LAST_DAY: Final = 31
_FEBRUARY: Final = 1
_SEMIMONTH_GAP_DAYS: Final = 15
_SHORTEST_MONTH_DAYS: Final = 28
_IN_CALENDAR: Final = "must leave all due days within the years 1 to 9999"


def due_days(
    first_due_day: Int64s, frequency: Frequency, count: int, roll: RollRule
) -> Int64s:
    """Return the due days of many loans; twin of `dates.due_dates`.

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
    if frequency.unit is FrequencyUnit.MONTH:
        return _month_days(first_due_day, frequency.count, count, roll)
    if frequency.unit is FrequencyUnit.SEMIMONTH:
        return _semimonth_days(first_due_day, count, roll)
    step_days = frequency.count * (7 if frequency.unit is FrequencyUnit.WEEK else 1)
    require_rows(
        first_due_day <= _DAY_MAX - (count - 1) * step_days,
        first_due_day,
        "first_due_day",
        _IN_CALENDAR,
    )
    return first_due_day + step_days * np.arange(count, dtype=np.int64)[:, None]


def count_period_days(day_count: DayCount, bound_day: Int64s) -> Int64s:
    """Return the days that *day_count* counts in each period; twin of `count_days`.

    Over `YEAR_DAYS[day_count]` they are the exact fraction of a year.

    Args:
        day_count: One of `YEAR_DAYS`; the others have no whole numerator.
        bound_day: The days between periods, in order; each ends the period before it
            and begins the one after it.

    Shapes:
        *bound_day* is (periods + 1, loans); the result is (periods, loans).

    Raises:
        InvalidValueError: *day_count* is none of `YEAR_DAYS`.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.dates import DayCount
        >>> from microcrm_core.loans.due_days_batch import count_period_days
        >>> days = np.array([["2024-01-31"], ["2024-02-29"]], "M8[D]").astype(np.int64)
        >>> count_period_days(DayCount.THIRTY_360_BOND, days).tolist()
        [[29]]
    """
    if day_count not in YEAR_DAYS:
        rule = f"must be one of {', '.join(YEAR_DAYS)} in columns"
        raise InvalidValueError(
            "day_count", rule, str(day_count), hint="use build_schedule for each loan"
        )
    if bound_day.size == 0 or day_count in _ACTUAL:
        return np.diff(bound_day, axis=0)
    if day_count is DayCount.NL_365:
        return np.diff(bound_day - _leap_days_up_to(bound_day), axis=0)
    return _thirty_days(day_count, _Civil.of(bound_day))


def _thirty_days(day_count: DayCount, bound: _Civil) -> Int64s:
    months = np.diff(bound.month, axis=0)
    dom, capped_dom = bound.dom, np.minimum(bound.dom, 30)
    start_dom, end_dom = capped_dom[:-1], capped_dom[1:]
    if day_count is not DayCount.THIRTY_E_360:
        # A 31st is the 30th only after a period that began on the 30th or 31st.
        end_dom = np.where(start_dom < 30, dom[1:], end_dom)
    if day_count is DayCount.THIRTY_360_US:
        is_start = bound.is_february_end[:-1]
        is_end = is_start & (bound.is_february_end[1:] | (dom[1:] == _LAST_DAY))
        start_dom = np.where(is_start, 30, start_dom)
        end_dom = np.where(is_end, 30, end_dom)
    return 30 * months + end_dom - start_dom


@attrs.frozen(eq=False)
class _Civil:
    """Days as months since 1970-01 and days of the month."""

    month: Int64s
    dom: Int64s
    is_february_end: Bools

    @classmethod
    def of(cls, day: Int64s) -> _Civil:
        first, last = int(day.min()), int(day.max())
        if last - first >= day.size:
            return cls._computed(day)
        # Looking days up is many times faster than taking each apart.
        table = cls._computed(np.arange(first, last + 1, dtype=np.int64))
        index = day - first
        return cls(table.month[index], table.dom[index], table.is_february_end[index])

    @classmethod
    def _computed(cls, day: Int64s) -> _Civil:
        month = _month(day)
        is_february_end = (month % 12 == _FEBRUARY) & (_month(day + 1) != month)
        return cls(month, day - _month_start(month) + 1, is_february_end)


def _month(day: Int64s) -> Int64s:
    month: Int64s = day.astype("M8[D]").astype("M8[M]").astype(np.int64)
    return month


def _month_start(month: Int64s) -> Int64s:
    start: Int64s = month.astype("M8[M]").astype("M8[D]").astype(np.int64)
    return start


@attrs.frozen(eq=False)
class _Months:
    """The first day and the length of each month of a range."""

    first: int
    start: Int64s
    length: Int64s

    @classmethod
    def between(cls, first: int, last: int) -> _Months:
        start = _month_start(np.arange(first, last + 2, dtype=np.int64))
        return cls(first, start[:-1], np.diff(start))

    def day(self, month: Int64s, due_dom: Int64s, kind: RollKind) -> Int64s:
        index = month - self.first
        length = self.length[index]
        if kind is RollKind.NEXT_MONTH_FIRST:
            # One day after the last is the first of the next month.
            return self.start[index] + np.minimum(due_dom - 1, length)
        return self.start[index] + np.minimum(due_dom, length) - 1


def _month_days(
    first_due_day: Int64s, step_months: int, count: int, roll: RollRule
) -> Int64s:
    if first_due_day.size == 0:
        return np.empty((count, 0), np.int64)
    month = _month(first_due_day)
    due_dom = _due_dom(first_due_day - _month_start(month) + 1, roll)
    require_rows(
        month <= _MONTH_MAX - (count - 1) * step_months,
        first_due_day,
        "first_due_day",
        _IN_CALENDAR,
    )
    last = int(month.max()) + (count - 1) * step_months
    months = _Months.between(int(month.min()), last)
    steps = step_months * np.arange(count, dtype=np.int64)[:, None]
    days = months.day(month + steps, due_dom, roll.kind)
    # The first due date is agreed, whatever day the rule would give.
    days[0] = first_due_day
    require_rows(days[-1] <= _DAY_MAX, first_due_day, "first_due_day", _IN_CALENDAR)
    return days


def _due_dom(dom: Int64s, roll: RollRule) -> Int64s:
    if roll.kind is RollKind.END_OF_MONTH:
        return np.full_like(dom, _LAST_DAY)
    return dom if roll.day is None else np.full_like(dom, roll.day)


def _semimonth_days(first_due_day: Int64s, count: int, roll: RollRule) -> Int64s:
    if first_due_day.size == 0:
        return np.empty((count, 0), np.int64)
    month = _month(first_due_day)
    low, high = _semimonth_doms(first_due_day, month, roll)
    require_rows(
        month <= _MONTH_MAX - count // 2 - 1,
        first_due_day,
        "first_due_day",
        "must leave all due days a month within the years 1 to 9999",
    )
    first = int(month.min()) - 1
    months = _Months.between(first, int(month.max()) + count // 2 + 1)

    def slot(number: Int64s) -> Int64s:
        dom = np.where(number % 2 == 0, low, high)
        return months.day(number // 2, dom, roll.kind)

    # The first due day stands for the last slot that is not after it.
    number = 2 * month + 1
    for _ in range(2):
        number = number - (slot(number) > first_due_day)
    days = slot(number + np.arange(count, dtype=np.int64)[:, None])
    days[0] = first_due_day
    return days


def _semimonth_doms(
    first_due_day: Int64s, month: Int64s, roll: RollRule
) -> tuple[Int64s, Int64s]:
    due_dom = _due_dom(first_due_day - _month_start(month) + 1, roll)
    if roll.second_day is not None:
        second_dom = np.full_like(due_dom, roll.second_day)
    elif roll.kind is RollKind.END_OF_MONTH:
        second_dom = np.full_like(due_dom, _SEMIMONTH_GAP_DAYS)
    else:
        is_early = due_dom <= _SEMIMONTH_GAP_DAYS
        second_dom = due_dom + np.where(is_early, 1, -1) * _SEMIMONTH_GAP_DAYS
    low, high = np.minimum(due_dom, second_dom), np.maximum(due_dom, second_dom)
    is_apart = (low != high) & (low < _SHORTEST_MONTH_DAYS)
    if roll.kind is RollKind.NEXT_MONTH_FIRST:
        is_apart &= (high <= _SHORTEST_MONTH_DAYS) | (low != 1)
    require_rows(
        is_apart,
        second_dom,
        "second_day",
        "must stay apart from the due day in every month",
    )
    return low, high


def _leap_days_up_to(day: Int64s) -> Int64s:
    ends = np.array([day.min(), day.max()])
    first_year, last_year = (_month(ends) // 12).tolist()
    february = 12 * np.arange(first_year, last_year + 1, dtype=np.int64) + _FEBRUARY
    march_start = _month_start(february + 1)
    is_leap = march_start - _month_start(february) > _SHORTEST_MONTH_DAYS
    return np.searchsorted(march_start[is_leap] - 1, day, side="right")
