"""Odd first periods of many loans, measured in regular ones.

A loan that is paid out between two due dates has a short or long first period. It is
measured against the notional periods, which would have been there before the first due
day. Twin of that part of `period_fractions`.

Example:
    >>> import numpy as np
    >>> from microcrm_core.dates import Frequency, RollRule
    >>> from microcrm_core.loans.notional_batch import notional_counts
    >>> numerator, denominator = notional_counts(
    ...     np.array([-47]), np.array([30]), Frequency.MONTHLY, RollRule.DAY_OF_MONTH
    ... )
    >>> numerator.tolist(), denominator.tolist()
    ([75], [30])
"""

from __future__ import annotations

import numpy as np

from microcrm_core.batch import Int64s
from microcrm_core.dates import Frequency, FrequencyUnit, RollRule
from microcrm_core.loans.due_days_batch import months_and_doms, series_days

__all__ = ["calendar_months", "notional_counts"]


def notional_counts(
    start_day: Int64s, first_due_day: Int64s, frequency: Frequency, roll: RollRule
) -> tuple[Int64s, Int64s]:
    """Return how many regular periods the first ones come to, as exact fractions.

    Whole periods are counted back from the first due day; odd days count over the days
    of the notional period that they lie in.

    Args:
        start_day: Days from which interest runs.
        first_due_day: Later days, on which the first periods end.
        frequency: Length of a regular period.
        roll: How days roll from month to month.

    Shapes:
        All arrays are (loans,).

    Example:
        See `microcrm_core.loans.notional_batch`.
    """
    if frequency.unit in (FrequencyUnit.DAY, FrequencyUnit.WEEK):
        step_days = first_due_day - series_days(first_due_day, frequency, -1, roll)
        return first_due_day - start_day, step_days
    numerator = np.zeros_like(start_day)
    denominator = np.ones_like(start_day)
    rows = np.arange(start_day.size)
    upper_day = first_due_day
    whole = 0
    # Every step is at least a day back, so this ends.
    while rows.size:
        lower_day = series_days(first_due_day[rows], frequency, -1 - whole, roll)
        is_reached = lower_day <= start_day[rows]
        done = rows[is_reached]
        days = (upper_day - lower_day)[is_reached]
        odd_days = upper_day[is_reached] - start_day[done]
        numerator[done] = whole * days + odd_days
        denominator[done] = days
        rows, upper_day = rows[~is_reached], lower_day[~is_reached]
        whole += 1
    return numerator, denominator


def calendar_months(start_day: Int64s, end_day: Int64s) -> tuple[Int64s, Int64s]:
    """Return how many months lie between two days, as exact fractions.

    Whole calendar months are counted from the start; the days that are left count
    over the days of the month that begins there.

    Shapes:
        All arrays are (loans,).

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.notional_batch import calendar_months
        >>> numerator, denominator = calendar_months(np.array([0]), np.array([45]))
        >>> numerator.tolist(), denominator.tolist()
        ([42], [28])
    """
    if start_day.size == 0:
        return start_day, end_day
    start_month, dom = months_and_doms(start_day)
    end_month, _ = months_and_doms(end_day)
    months = end_month - start_month
    months = months - (_later(start_month, months, dom) > end_day)
    last_day = _later(start_month, months, dom)
    month_days = _later(start_month, months + 1, dom) - last_day
    return months * month_days + end_day - last_day, month_days


def _later(month: Int64s, months: Int64s, dom: Int64s) -> Int64s:
    """Return the same day so many months later, or the last day of that month."""
    start = (month + months).astype("M8[M]")
    first_day = start.astype("M8[D]").astype(np.int64)
    next_day = (start + np.timedelta64(1, "M")).astype("M8[D]").astype(np.int64)
    return np.asarray(np.minimum(first_day + dom, next_day) - 1, np.int64)
