"""Many dates moved off closed days at once; twin of `business_days.adjust_date`.

Dates are days since 1970-01-01. One table over the range of the column holds, for
every day, the nearest open day on either side; a row is then a look-up.

Example:
    >>> import numpy as np
    >>> from microcrm_core.dates import BusinessCalendar, BusinessDayRule
    >>> from microcrm_core.dates.business_days_batch import adjust_dates
    >>> days = np.array(["2014-08-30", "2014-08-29"], "M8[D]").astype(np.int64)
    >>> plain = BusinessCalendar(name="plain")
    >>> adjusted = adjust_dates(days, BusinessDayRule.FOLLOWING, plain)
    >>> adjusted.astype("M8[D]").astype(str).tolist()
    ['2014-09-01', '2014-08-29']
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import UNKNOWN, Bools, Int64s, require_rows
from microcrm_core.dates.business_days import HALF_MONTH_DAY, BusinessDayRule
from microcrm_core.dates.calendars import CLOSED_DAYS_MAX, BusinessCalendar, Weekday
from microcrm_core.errors import InvalidValueError

__all__ = ["adjust_dates", "are_adjustable"]

_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_FIRST_DAY: Final = dt.date.min.toordinal() - _EPOCH
_LAST_DAY: Final = dt.date.max.toordinal() - _EPOCH
# 1970-01-01 was a Thursday, the weekday of index 3.
_EPOCH_WEEKDAY: Final = 3
_SUNDAY_MONDAY: Final = (6, 0)


def adjust_dates(
    days: Int64s, rule: BusinessDayRule, calendar: BusinessCalendar
) -> Int64s:
    """Return the business days to which *rule* moves *days*.

    Equal to `adjust_date` on every row, or refused. A row that is `UNKNOWN` stays so.

    Shapes:
        *days* has the shape (rows,), which is the shape of the result.

    Units:
        Days since 1970-01-01.

    Raises:
        InvalidValueError: The rule is unknown, or for some row `adjust_date` would
            raise.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.dates import BusinessCalendar, BusinessDayRule
        >>> from microcrm_core.dates.business_days_batch import adjust_dates
        >>> plain = BusinessCalendar(name="plain")
        >>> rule = BusinessDayRule.FOLLOWING
        >>> adjust_dates(np.array([2, 3, 4]), rule, plain).tolist()
        [4, 4, 4]
    """
    try:
        rule = BusinessDayRule(rule)
    except ValueError:
        known = ", ".join(BusinessDayRule)
        raise InvalidValueError("rule", f"must be one of {known}", rule) from None
    is_known = days != UNKNOWN
    is_date = ~is_known | ((days >= _FIRST_DAY) & (days <= _LAST_DAY))
    require_rows(is_date, days, "days", "must be in the years 1 to 9999")
    known_days: Int64s = days[is_known]
    if rule is BusinessDayRule.NO_ADJUST or known_days.size == 0:
        return days.astype(np.int64)
    table = _Table.of(known_days, calendar)
    target, is_found = table.moved(known_days, rule)
    is_valid = np.ones(days.shape, np.bool_)
    is_valid[is_known] = is_found
    rule_text = f"must have a business day near in the years of {calendar.name!r}"
    require_rows(is_valid, days, "days", rule_text)
    adjusted = days.astype(np.int64)
    adjusted[is_known] = target
    return adjusted


def are_adjustable(
    days: Int64s, rule: BusinessDayRule, calendar: BusinessCalendar
) -> Bools:
    """Return for which rows `adjust_dates` gives a day instead of an error.

    Shapes:
        *days* has the shape (rows,), which is the shape of the result.

    Units:
        Days since 1970-01-01, in the years 1 to 9999.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.dates import BusinessCalendar, BusinessDayRule
        >>> from microcrm_core.dates.business_days_batch import are_adjustable
        >>> early = BusinessCalendar(name="early", year_max=1970)
        >>> rule = BusinessDayRule.FOLLOWING
        >>> are_adjustable(np.array([2, 400]), rule, early).tolist()
        [True, False]
    """
    if rule is BusinessDayRule.NO_ADJUST or days.size == 0:
        return np.ones(days.shape, np.bool_)
    return _Table.of(days, calendar).moved(days, rule)[1]


@attrs.frozen(kw_only=True, eq=False)
class _Table:
    """For every day of a range, what a search from it meets first.

    A search stops at an open day, or at an edge: a day outside the calendar's years,
    which makes the row invalid. Both ends of the table are edges.

    Attributes:
        first_day: The day of the first entry.
        next_stop: First stop on or after each day.
        previous_stop: Last stop on or before each day.
        is_open: Whether each day is a business day.
    """

    first_day: int
    next_stop: Int64s
    previous_stop: Int64s
    is_open: Bools

    @classmethod
    def of(cls, days: Int64s, calendar: BusinessCalendar) -> _Table:
        covered_first, covered_last = _covered_days(calendar)
        reach = CLOSED_DAYS_MAX + 1
        first_day = max(int(days.min()) - reach, covered_first - 1)
        last_day = min(int(days.max()) + reach, covered_last + 1)
        # A column that lies outside the years altogether still gets its edges.
        first_day = min(first_day, int(days.min()))
        last_day = max(last_day, int(days.max()))
        numbers = np.arange(first_day, last_day + 1, dtype=np.int64)
        weekend = [weekday in calendar.weekend for weekday in Weekday]
        is_open: Bools = ~np.array(weekend)[(numbers + _EPOCH_WEEKDAY) % 7]
        is_open[_positions(calendar.holidays, first_day, numbers.size)] = False
        is_open[_positions(calendar.working_days, first_day, numbers.size)] = True
        is_edge = (numbers < covered_first) | (numbers > covered_last)
        is_edge[[0, -1]] |= ~is_open[[0, -1]]
        is_open &= ~is_edge
        is_stop = is_open | is_edge
        ahead = np.where(is_stop, numbers, last_day)
        behind = np.where(is_stop, numbers, first_day)
        next_stop: Int64s = np.minimum.accumulate(ahead[::-1])[::-1]
        return cls(
            first_day=first_day,
            next_stop=next_stop,
            previous_stop=np.maximum.accumulate(behind),
            is_open=is_open,
        )

    def moved(self, days: Int64s, rule: BusinessDayRule) -> tuple[Int64s, Bools]:
        """Return where *rule* moves each day, and whether that is a business day."""
        ahead = self.next_stop[days - self.first_day]
        behind = self.previous_stop[days - self.first_day]
        target = np.where(_goes_ahead(days, ahead, behind, rule), ahead, behind)
        distance = np.abs(target - days)
        is_found: Bools = self.is_open[target - self.first_day]
        return target, is_found & (distance <= CLOSED_DAYS_MAX)


def _goes_ahead(
    days: Int64s, ahead: Int64s, behind: Int64s, rule: BusinessDayRule
) -> Bools:
    month_start, month_last = _month_bounds(days)
    # A business day is its own stop on both sides, so either side gives it back.
    is_ahead: Bools = np.ones(days.shape, np.bool_)
    match rule:
        case BusinessDayRule.FOLLOWING | BusinessDayRule.NO_ADJUST:
            pass
        case BusinessDayRule.PRECEDING:
            is_ahead = ~is_ahead
        case BusinessDayRule.MODIFIED_FOLLOWING:
            is_ahead = ahead <= month_last
        case BusinessDayRule.HALF_MONTH_MODIFIED_FOLLOWING:
            half = month_start + HALF_MONTH_DAY - 1
            is_ahead = ahead <= np.where(days <= half, half, month_last)
        case BusinessDayRule.MODIFIED_PRECEDING:
            is_ahead = behind < month_start
        case BusinessDayRule.NEAREST_SUNDAY_MONDAY:
            is_ahead = np.isin((days + _EPOCH_WEEKDAY) % 7, _SUNDAY_MONDAY)
        case BusinessDayRule.NEAREST_TRUE:
            is_ahead = ahead - days <= days - behind
    return is_ahead


def _month_bounds(days: Int64s) -> tuple[Int64s, Int64s]:
    months = days.astype("M8[D]").astype("M8[M]")
    month_start: Int64s = months.astype("M8[D]").astype(np.int64)
    next_month = months + np.timedelta64(1, "M")
    month_last: Int64s = next_month.astype("M8[D]").astype(np.int64) - 1
    return month_start, month_last


def _covered_days(calendar: BusinessCalendar) -> tuple[int, int]:
    first, last = _FIRST_DAY, _LAST_DAY
    if calendar.year_min is not None:
        first = dt.date(calendar.year_min, 1, 1).toordinal() - _EPOCH
    if calendar.year_max is not None:
        last = dt.date(calendar.year_max, 12, 31).toordinal() - _EPOCH
    return first, last


def _positions(dates: Iterable[dt.date], first_day: int, size: int) -> Int64s:
    ordinals = np.array([on.toordinal() for on in dates], dtype=np.int64)
    positions = ordinals - _EPOCH - first_day
    inside: Int64s = positions[(positions >= 0) & (positions < size)]
    return inside
