"""Day counts of many periods at once: whole days over a constant.

Twin of the numerators of `dates.year_fraction`. A day count has a place here if every
fraction of a year is a whole number over one constant: days over 360, say, or days of
leap years times 365 and of other years times 366, over 365 × 366.

Example:
    >>> import numpy as np
    >>> from microcrm_core.dates import DayCount
    >>> from microcrm_core.loans.day_counts_batch import YEAR_UNITS, count_period_days
    >>> days = np.array([["2024-01-31"], ["2024-02-29"]], "M8[D]").astype(np.int64)
    >>> count_period_days(DayCount.ACT_ACT_ISDA, days).tolist()
    [[10585]]
    >>> YEAR_UNITS[DayCount.ACT_ACT_ISDA]
    133590
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Int64s
from microcrm_core.dates import DayCount
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.conventions import LeapRule
from microcrm_core.loans.month_grid_batch import DayTable, month_of, month_start

__all__ = ["MIXED_YEAR_UNIT", "YEAR_UNITS", "actual_year_days", "count_period_days"]

MIXED_YEAR_UNIT: Final = 365 * 366
"""The constant under days that are counted over 365 or over 366."""

YEAR_UNITS: Final = {
    DayCount.THIRTY_360_BOND: 360,
    DayCount.THIRTY_360_US: 360,
    DayCount.THIRTY_E_360: 360,
    DayCount.THIRTY_E_360_ISDA: 360,
    DayCount.ACT_360: 360,
    DayCount.ACT_364: 364,
    DayCount.ACT_365F: 365,
    DayCount.NL_365: 365,
    DayCount.ACT_ACT_ISDA: MIXED_YEAR_UNIT,
    DayCount.ACT_365L: MIXED_YEAR_UNIT,
}
"""The day counts that columns can hold, and the constant under their numerators."""

_ACTUAL: Final = (DayCount.ACT_360, DayCount.ACT_364, DayCount.ACT_365F)
_LAST_DAY: Final = 31
_FEBRUARY: Final = 1
_SHORT_FEBRUARY_DAYS: Final = 28
_YEAR_DAYS: Final = 365


def count_period_days(
    day_count: DayCount,
    bound_day: Int64s,
    *,
    is_yearly: bool = False,
    table: DayTable | None = None,
) -> Int64s:
    """Return the days that *day_count* counts in each period; twin of `count_days`.

    Over `YEAR_UNITS[day_count]` they are the exact fraction of a year; where that is
    `MIXED_YEAR_UNIT`, a day counts 365 or 366.

    Args:
        day_count: One of `YEAR_UNITS`; the others have no whole numerator.
        bound_day: The days between periods, in order; each ends the period before it
            and begins the one after it, and the last one ends the loan.
        is_yearly: Whether a regular period is a year or longer, as ACT/365L asks.
        table: A table that covers these days; None: there is none.

    Shapes:
        *bound_day* is (periods + 1, loans); the result is (periods, loans).

    Raises:
        InvalidValueError: *day_count* is none of `YEAR_UNITS`.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.dates import DayCount
        >>> from microcrm_core.loans.day_counts_batch import count_period_days
        >>> days = np.array([["2024-01-31"], ["2024-02-29"]], "M8[D]").astype(np.int64)
        >>> count_period_days(DayCount.THIRTY_360_BOND, days).tolist()
        [[29]]
    """
    if day_count not in YEAR_UNITS:
        rule = f"must be one of {', '.join(YEAR_UNITS)} in columns"
        raise InvalidValueError(
            "day_count", rule, str(day_count), hint="use build_schedule for each loan"
        )
    if bound_day.size == 0 or day_count in _ACTUAL:
        return np.diff(bound_day, axis=0)
    if day_count is DayCount.NL_365:
        return np.diff(bound_day - _Leaps.around(bound_day).days_to(bound_day), axis=0)
    if day_count is DayCount.ACT_ACT_ISDA:
        return actual_year_days(bound_day, shift_days=0, leap_rule=LeapRule.EVERY_DAY)
    if day_count is DayCount.ACT_365L:
        return _days_365l(bound_day, is_yearly=is_yearly)
    if day_count is DayCount.THIRTY_360_BOND and table is not None:
        return _bond_days(bound_day, table)
    return _thirty_days(day_count, bound_day, _taken_apart(bound_day, table))


def actual_year_days(
    bound_day: Int64s, *, shift_days: int, leap_rule: LeapRule
) -> Int64s:
    """Return the days of each period, each over the days of its own year.

    Over `MIXED_YEAR_UNIT` they are the exact fraction of a year.

    Args:
        bound_day: As in `count_period_days`.
        shift_days: 1 if a period has the day that it ends on and not the one that it
            begins on; 0 the other way round.
        leap_rule: In which periods a year has 366 days.

    Shapes:
        As in `count_period_days`.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans import LeapRule
        >>> from microcrm_core.loans.day_counts_batch import actual_year_days
        >>> days = np.array([["2023-12-31"], ["2024-01-01"]], "M8[D]").astype(np.int64)
        >>> rule = LeapRule.EVERY_DAY
        >>> actual_year_days(days, shift_days=1, leap_rule=rule).tolist()
        [[365]]
    """
    leaps = _Leaps.around(bound_day)
    days = np.diff(bound_day, axis=0)
    # Days of leap years count 365 instead of 366.
    counted: Int64s = days * (_YEAR_DAYS + 1)
    short = np.diff(leaps.year_days_before(bound_day + shift_days), axis=0)
    if leap_rule is LeapRule.FEB_29_PERIOD_ONLY:
        short = np.where(np.diff(leaps.days_to(bound_day), axis=0) > 0, short, 0)
    counted -= short
    return counted


def _days_365l(bound_day: Int64s, *, is_yearly: bool) -> Int64s:
    leaps = _Leaps.around(bound_day)
    if is_yearly:
        is_long = np.diff(leaps.days_to(bound_day), axis=0) > 0
    else:
        end_day = bound_day[1:]
        is_long = leaps.year_days_before(end_day + 1) > leaps.year_days_before(end_day)
    year_days = np.where(is_long, _YEAR_DAYS, _YEAR_DAYS + 1)
    return np.asarray(np.diff(bound_day, axis=0) * year_days, np.int64)


def _taken_apart(day: Int64s, table: DayTable | None) -> DayTable:
    if table is None and int(day.max()) - int(day.min()) < day.size:
        table = DayTable.covering(day)
    return DayTable.of(day) if table is None else table.look_up(day)


def _bond_days(bound_day: Int64s, table: DayTable) -> Int64s:
    """Return what `_thirty_days` does for the bond basis, with fewer look-ups."""
    index = bound_day - table.first_day
    start, end = index[:-1], index[1:]
    # All are in range, which allows to read them without a look at each.
    days: Int64s = table.thirtieths.take(end, mode="clip")
    days -= table.capped_thirtieths.take(start, mode="clip")
    is_31st = table.is_31st.take(end, mode="clip")
    if is_31st.any():
        days -= is_31st & table.is_late.take(start, mode="clip")
    return days


def _thirty_days(day_count: DayCount, bound_day: Int64s, bound: DayTable) -> Int64s:
    months = np.diff(bound.month, axis=0)
    if day_count is DayCount.THIRTY_E_360_ISDA:
        # Every month end is a 30th, but not the end of the loan in February.
        is_february_end = bound.is_month_end & (bound.month % 12 == _FEBRUARY)
        is_last = is_february_end & (bound_day == bound_day[-1])
        dom = np.where(bound.is_month_end & ~is_last, 30, bound.dom)
        return np.asarray(30 * months + np.diff(dom, axis=0), np.int64)
    dom, capped_dom = bound.dom, np.minimum(bound.dom, 30)
    start_dom, end_dom = capped_dom[:-1], capped_dom[1:]
    if day_count is not DayCount.THIRTY_E_360:
        # A 31st is the 30th only after a period that began on the 30th or 31st.
        end_dom = np.where(start_dom < 30, dom[1:], end_dom)
    if day_count is DayCount.THIRTY_360_US:
        is_february_end = bound.is_month_end & (bound.month % 12 == _FEBRUARY)
        is_start = is_february_end[:-1]
        is_end = is_start & (is_february_end[1:] | (dom[1:] == _LAST_DAY))
        start_dom = np.where(is_start, 30, start_dom)
        end_dom = np.where(is_end, 30, end_dom)
    return 30 * months + end_dom - start_dom


@attrs.frozen(kw_only=True, eq=False)
class _Leaps:
    """The leap years of a range of days: their days, and their 29 February.

    Attributes:
        leap_day: Every 29 February, in order.
        year_start: First day of each of these years.
        year_end: First day after each.
    """

    leap_day: Int64s
    year_start: Int64s
    year_end: Int64s

    @classmethod
    def around(cls, day: Int64s) -> _Leaps:
        ends = np.array([day.min(), day.max()])
        first_year, last_year = (month_of(ends) // 12).tolist()
        year = 12 * np.arange(first_year - 1, last_year + 2, dtype=np.int64)
        march_start = month_start(year + 2)
        is_leap = march_start - month_start(year + 1) > _SHORT_FEBRUARY_DAYS
        return cls(
            leap_day=march_start[is_leap] - 1,
            year_start=month_start(year)[is_leap],
            year_end=month_start(year + 12)[is_leap],
        )

    def days_to(self, day: Int64s) -> Int64s:
        """Return how many 29 February there are up to and with each day."""
        return np.searchsorted(self.leap_day, day, side="right").astype(np.int64)

    def year_days_before(self, day: Int64s) -> Int64s:
        """Return how many days of leap years there are before each day."""
        if self.year_start.size == 0:
            return np.zeros_like(day)
        begun = np.searchsorted(self.year_start, day, side="right")
        lengths = np.concatenate([[0], np.cumsum(self.year_end - self.year_start)])
        latest = np.maximum(begun - 1, 0)
        of_latest = np.minimum(day, self.year_end[latest]) - self.year_start[latest]
        days = lengths[latest] + of_latest
        return np.asarray(np.where(begun > 0, days, 0), np.int64)
