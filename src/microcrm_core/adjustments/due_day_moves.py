"""Where due dates go that are to fall on another day of the month or of the week.

The first date that moves goes to the new day, later, earlier, or whichever is nearer;
the later ones follow as a series from there. So a due date of January 31 that is moved
to day 15 and later back comes out on January 31, and February on its last day. Dates
that were agreed one by one are no series: each of them moves by itself.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Frequency
    >>> from microcrm_core.adjustments import ChangeDueDay
    >>> from microcrm_core.adjustments.due_day_moves import moved_dates
    >>> dates = (dt.date(2025, 2, 15), dt.date(2025, 3, 15), dt.date(2025, 4, 15))
    >>> to_the_end = ChangeDueDay(day=31)
    >>> earliest_on = dt.date(2025, 2, 2)
    >>> moved = moved_dates(dates, to_the_end, Frequency.MONTHLY, earliest_on)
    >>> [str(on) for on in moved]
    ['2025-02-28', '2025-03-31', '2025-04-30']
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from microcrm_core.adjustments.requests import ChangeDueDay, MoveDirection
from microcrm_core.dates import (
    Frequency,
    FrequencyUnit,
    RollRule,
    add_months,
    month_end,
    roll_date,
)

__all__ = ["fits_cycle", "is_series", "moved_dates"]

_WEEK_DAYS: Final = 7
_HALF_MONTH_DAYS: Final = 15
# A month may lack the last three days, or pass them on to the first of the next.
_SLACK: Final = dt.timedelta(days=3)
_BY_MONTHS: Final = (FrequencyUnit.MONTH, FrequencyUnit.SEMIMONTH)


def fits_cycle(request: ChangeDueDay, frequency: Frequency) -> bool:
    """Return whether due dates of a cycle keep to such a day.

    Months and half months keep to a day of the month, weeks and days in sevens to a
    weekday.

    Example:
        >>> from microcrm_core import Frequency
        >>> from microcrm_core.adjustments import ChangeDueDay
        >>> from microcrm_core.adjustments.due_day_moves import fits_cycle
        >>> friday = ChangeDueDay(weekday=5)
        >>> [fits_cycle(friday, Frequency.of(text)) for text in ("P14D", "daily")]
        [True, False]
    """
    unit = frequency.unit
    if request.day is not None:
        return unit in _BY_MONTHS
    is_whole = unit is FrequencyUnit.DAY and frequency.count % _WEEK_DAYS == 0
    return unit is FrequencyUnit.WEEK or is_whole


def is_series(dates: Sequence[dt.date], frequency: Frequency) -> bool:
    """Return whether dates follow each other by the frequency, short months apart.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Frequency
        >>> from microcrm_core.adjustments.due_day_moves import is_series
        >>> short = [dt.date(2025, 1, 31), dt.date(2025, 2, 28), dt.date(2025, 3, 31)]
        >>> is_series(short, Frequency.MONTHLY)
        True
        >>> is_series([dt.date(2025, 1, 31), dt.date(2025, 7, 1)], Frequency.MONTHLY)
        False
    """
    slack = _SLACK if frequency.unit in _BY_MONTHS else dt.timedelta()
    return all(
        abs(on - roll_date(dates[0], frequency, index)) <= slack
        for index, on in enumerate(dates)
    )


def moved_dates(
    dates: Sequence[dt.date],
    request: ChangeDueDay,
    frequency: Frequency,
    earliest_on: dt.date,
) -> tuple[dt.date, ...]:
    """Return where due dates go; the first one may come before *earliest_on*.

    Where the nearer day would be too early, the nearest one that is not is taken.

    Args:
        dates: Due dates to come that move, rising, at least one.
        request: The day, and which way the first date moves; it fits the frequency.
        frequency: How far the dates are apart by agreement.
        earliest_on: The first day on which the first of them may be.

    Raises:
        InvalidValueError: A date would leave the calendar.

    Example:
        See `microcrm_core.adjustments.due_day_moves`.
    """
    first_on = _moved(dates[0], request, frequency, earliest_on)
    if not is_series(dates, frequency):
        later = [_moved(on, request, frequency, earliest_on) for on in dates[1:]]
        return first_on, *later
    # Of half months the other day is the one that the rolling of dates gives.
    roll = RollRule(day=request.day)
    return tuple(
        roll_date(first_on, frequency, index, roll) for index in range(len(dates))
    )


def _moved(
    on: dt.date, request: ChangeDueDay, frequency: Frequency, earliest_on: dt.date
) -> dt.date:
    """Return the day nearest to a date in the direction that is asked for."""
    earlier_on, later_on = _neighbors(on, request, frequency)
    match request.direction:
        case MoveDirection.LATER:
            return later_on
        case MoveDirection.EARLIER:
            return earlier_on
        case MoveDirection.NEAREST:
            is_later = later_on - on <= on - earlier_on or earlier_on < earliest_on
            return later_on if is_later else earlier_on


def _neighbors(
    on: dt.date, request: ChangeDueDay, frequency: Frequency
) -> tuple[dt.date, dt.date]:
    """Return the last such day up to a date, and the first one from it on."""
    if request.weekday is not None:
        ahead = dt.timedelta(days=(request.weekday - on.isoweekday()) % _WEEK_DAYS)
        later_on = on + ahead
        return later_on - dt.timedelta(days=_WEEK_DAYS if ahead else 0), later_on
    assert request.day is not None  # as the request says
    days = {request.day}
    if frequency.unit is FrequencyUnit.SEMIMONTH:
        is_early = request.day <= _HALF_MONTH_DAYS
        days.add(request.day + (_HALF_MONTH_DAYS if is_early else -_HALF_MONTH_DAYS))
    around = [add_months(on.replace(day=1), months) for months in (-1, 0, 1)]
    found = [_day_of_month(month_on, day) for month_on in around for day in days]
    return max(one for one in found if one <= on), min(
        one for one in found if one >= on
    )


def _day_of_month(month_on: dt.date, day: int) -> dt.date:
    return month_on.replace(day=min(day, month_end(month_on).day))
