"""What each due day costs each loan in fit, from the low balances or the shortfalls.

`smoothing_batch` takes such costs. Both come from the columns of `due_day_batch`: the
one in minor units of the customer's currency, the other in months that fell short.

Example:
    >>> import numpy as np
    >>> from microcrm_core.adjustments.fit_costs_batch import costs_from_shortfalls
    >>> costs_from_shortfalls(np.full((1, 28), 3), np.array([5])).shape
    (1, 31)
"""

from __future__ import annotations

from typing import Final

import numpy as np

from microcrm_core.adjustments.collection_capacity import CollectionCycle
from microcrm_core.adjustments.due_day_policy import DAYS_MAX
from microcrm_core.batch import UNKNOWN, Bools, Int64s, require_rows
from microcrm_core.errors import InvalidValueError

__all__ = ["costs_from_low_balances", "costs_from_shortfalls"]

_MONTH_DAYS: Final = CollectionCycle.MONTH.day_count


def costs_from_low_balances(
    low_balance_minor_by_day: Int64s, current_day: Int64s
) -> Int64s:
    """Return how far each day's low balance is below that of the best day.

    A loan without advice keeps its current day: every other day is closed to it.
    Without a current day it may have any day, at no cost.

    Args:
        low_balance_minor_by_day: As in `DueDayColumns`; rows of `UNKNOWN`: no advice.
        current_day: Due day now, 1 to 31; `UNKNOWN` for a new loan.

    Shapes:
        (loans, days) with 28 to 31 days; (loans,). The result is (loans, 31), days
        that are not given `UNKNOWN`.

    Raises:
        InvalidValueError: Shapes do not agree.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments.fit_costs_batch import (
        ...     costs_from_low_balances,
        ... )
        >>> low = np.full((1, 28), 200)
        >>> low[0, 9] = 900
        >>> costs_from_low_balances(low, np.array([5]))[0, 8:10].tolist()
        [700, 0]
    """
    is_known = low_balance_minor_by_day != UNKNOWN
    low = np.where(is_known, low_balance_minor_by_day, 0)
    return _costs(low.max(axis=1, keepdims=True) - low, is_known, current_day)


def costs_from_shortfalls(
    shortfall_count_by_day: Int64s, current_day: Int64s
) -> Int64s:
    """Return how many more months fell short on each day than on the best day.

    Loans without advice as in `costs_from_low_balances`.

    Args:
        shortfall_count_by_day: As in `DueDayColumns`; rows of `UNKNOWN`: no advice.
        current_day: Due day now, 1 to 31; `UNKNOWN` for a new loan.

    Shapes:
        (loans, days) with 28 to 31 days; (loans,). The result is (loans, 31), days
        that are not given `UNKNOWN`.

    Raises:
        InvalidValueError: Shapes do not agree.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments.fit_costs_batch import costs_from_shortfalls
        >>> counts = np.full((1, 28), 6)
        >>> counts[0, 9:] = 1
        >>> costs_from_shortfalls(counts, np.array([5]))[0, 8:10].tolist()
        [5, 0]
    """
    is_known = shortfall_count_by_day != UNKNOWN
    counts = np.where(is_known, shortfall_count_by_day, 0)
    return _costs(counts - counts.min(axis=1, keepdims=True), is_known, current_day)


def _costs(cost: Int64s, is_known: Bools, current_day: Int64s) -> Int64s:
    has_rows = current_day.ndim == 1 and cost.shape[0] == current_day.size
    if not has_rows or not DAYS_MAX <= cost.shape[1] <= _MONTH_DAYS:
        rule = f"must have {current_day.size} rows of {DAYS_MAX} to {_MONTH_DAYS} days"
        raise InvalidValueError("by day", rule, cost.shape)
    rule = f"must be 1 to {_MONTH_DAYS} or UNKNOWN"
    is_given = current_day != UNKNOWN
    in_range = (current_day >= 1) & (current_day <= _MONTH_DAYS)
    require_rows(~is_given | in_range, current_day, "current_day", rule)
    costs = np.full((current_day.size, _MONTH_DAYS), UNKNOWN)
    has_advice: Bools = np.asarray(is_known.all(axis=1), np.bool_)
    is_any = has_advice | ~is_given
    costs[is_any, : cost.shape[1]] = np.where(has_advice[:, None], cost, 0)[is_any]
    stays = np.flatnonzero(~is_any)
    costs[stays, current_day[stays] - 1] = 0
    return costs
