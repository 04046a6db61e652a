"""The regular periods around an odd first or last one.

A loan that is disbursed between two due dates has a short or long first period.
ACT/ACT ICMA measures such a period against the regular periods that would have been
there, the notional ones. Read `microcrm_core.dates.day_count` next.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.dates import Frequency, notional_periods
    >>> notional_periods(
    ...     dt.date(1999, 2, 1),
    ...     dt.date(1999, 7, 1),
    ...     anchor_on=dt.date(1999, 7, 1),
    ...     frequency=Frequency.YEARLY,
    ... )
    ((datetime.date(1998, 7, 1), datetime.date(1999, 7, 1)),)
"""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from microcrm_core.checks import day
from microcrm_core.dates.frequency import Frequency
from microcrm_core.dates.rolling import RollRule, roll_date
from microcrm_core.errors import InvalidValueError

__all__ = ["notional_periods"]


def notional_periods(
    start_on: dt.date,
    end_on: dt.date,
    *,
    anchor_on: dt.date,
    frequency: Frequency,
    roll: RollRule = RollRule.DAY_OF_MONTH,
) -> tuple[tuple[dt.date, dt.date], ...]:
    """Return the regular periods that cover *start_on* to *end_on*, in order.

    Each ends where the next begins; the first may begin before the start, the last
    may end after the end. For an odd first period the anchor is its end, for an odd
    last period its start.

    Args:
        start_on: First day to cover.
        end_on: First day that need not be covered; after the start.
        anchor_on: A date on which regular periods meet.
        frequency: Length of a regular period.
        roll: How the dates roll from the anchor.

    Raises:
        InvalidValueError: The start is not before the end, or a period would leave
            the calendar.

    Source:
        ISDA, "EMU and market conventions: recent developments" (1998) and its memo on
        the actual/actual day count fraction (1999): long first period of 15 August
        2002 to 15 July 2003.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import DayCount, Frequency
        >>> from microcrm_core.dates import notional_periods, year_fraction
        >>> start_on, end_on = dt.date(2002, 8, 15), dt.date(2003, 7, 15)
        >>> periods = notional_periods(
        ...     start_on, end_on, anchor_on=end_on, frequency=Frequency.SEMIANNUAL
        ... )
        >>> year_fraction(
        ...     DayCount.ACT_ACT_ICMA,
        ...     start_on,
        ...     end_on,
        ...     reference_periods=periods,
        ...     frequency=2,
        ... )
        Fraction(337, 368)
    """
    day("start_on", start_on)
    day("end_on", end_on)
    day("anchor_on", anchor_on)
    if start_on >= end_on:
        rule = f"must be before end_on {end_on.isoformat()}"
        raise InvalidValueError("start_on", rule, start_on)
    # Every step is at least a day, and `roll_date` refuses to leave the calendar.
    index = 0
    while roll_date(anchor_on, frequency, index, roll) > start_on:
        index -= 1
    while roll_date(anchor_on, frequency, index + 1, roll) <= start_on:
        index += 1
    edges = [roll_date(anchor_on, frequency, index, roll)]
    while edges[-1] < end_on:
        index += 1
        edges.append(roll_date(anchor_on, frequency, index, roll))
    return tuple(pairwise(edges))
