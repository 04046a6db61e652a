"""The days of periods where a day count has whole days over a year of one length.

Actual days over 360, 364 or 365, and the kinds of 30/360 that no last day changes: then
interest is a balance times whole days times a rate, and needs no fraction. Days are
counted from 1970-01-01.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.dates import DayCount
    >>> from microcrm_core.loans.plain_days import plain_days, plain_year_days
    >>> from microcrm_core.loans.portions import EPOCH_ORDINAL
    >>> start, end = [
    ...     dt.date(2025, month, 28).toordinal() - EPOCH_ORDINAL for month in (2, 3)
    ... ]
    >>> for name in ("ACT/360", "30/360", "30/360 US", "30E/360 ISDA"):
    ...     day_count = DayCount(name)
    ...     print(plain_year_days(day_count), plain_days(day_count)(start, end))
    360 28
    360 30
    360 28
    0 28
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final, TypeAlias

from microcrm_core.dates import DayCount
from microcrm_core.loans.conventions import SplitDayCount
from microcrm_core.loans.plain import actual_year_days
from microcrm_core.loans.portions import EPOCH_ORDINAL

__all__ = ["plain_days", "plain_year_days"]

_Days: TypeAlias = Callable[[int, int], int]

_DAY: Final = dt.timedelta(days=1)
_FEBRUARY: Final = 2


def plain_year_days(day_count: DayCount | SplitDayCount) -> int:
    """Return the days of the year that days are over; 0: it is of another kind.

    Example:
        See `microcrm_core.loans.plain_days`.
    """
    return actual_year_days(day_count) or (360 if day_count in _THIRTY_360 else 0)


def plain_days(day_count: DayCount | SplitDayCount) -> _Days:
    """Return what counts days from the close of one day to that of another.

    Example:
        See `microcrm_core.loans.plain_days`.
    """
    for known, days in _THIRTY_360.items():
        if day_count is known:
            return days
    return _actual_days


def _actual_days(start: int, end: int) -> int:
    return end - start


def _bond_days(start: int, end: int) -> int:
    start_on, end_on = _date(start), _date(end)
    start_day = min(start_on.day, 30)
    end_day = 30 if end_on.day == 31 and start_day == 30 else end_on.day
    return _days_360(start_on, end_on) + end_day - start_day


def _us_days(start: int, end: int) -> int:
    start_on, end_on = _date(start), _date(end)
    if not _is_february_end(start_on):
        return _bond_days(start, end)
    is_month_end = end_on.day == 31 or _is_february_end(end_on)
    return _days_360(start_on, end_on) + (30 if is_month_end else end_on.day) - 30


def _eurobond_days(start: int, end: int) -> int:
    start_on, end_on = _date(start), _date(end)
    return _days_360(start_on, end_on) + min(end_on.day, 30) - min(start_on.day, 30)


_THIRTY_360: Final[dict[DayCount | SplitDayCount, _Days]] = {
    DayCount.THIRTY_360_BOND: _bond_days,
    DayCount.THIRTY_360_US: _us_days,
    DayCount.THIRTY_E_360: _eurobond_days,
}


def _date(day: int) -> dt.date:
    return dt.date.fromordinal(day + EPOCH_ORDINAL)


def _days_360(start_on: dt.date, end_on: dt.date) -> int:
    """Return the days between two months, of thirty days each."""
    return 360 * (end_on.year - start_on.year) + 30 * (end_on.month - start_on.month)


def _is_february_end(on: dt.date) -> bool:
    return on.month == _FEBRUARY and (on + _DAY).month != _FEBRUARY
