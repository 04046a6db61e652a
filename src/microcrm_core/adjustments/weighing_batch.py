"""How days compare for many customers at once: the twin of `weighing`.

`comparing_batch` does the work, for days of the month and for weekdays.

Example:
    >>> import numpy as np
    >>> from microcrm_core.adjustments import DUE_DAY_BASIC
    >>> from microcrm_core.adjustments.weighing_batch import weigh_many
    >>> paid_on_10th = [0] * 9 + [900] * 22
    >>> weighing = weigh_many(
    ...     np.array([[paid_on_10th] * 3]),
    ...     np.array([30, 30, 30]),
    ...     np.array([500]),
    ...     np.array([5]),
    ...     DUE_DAY_BASIC,
    ... )
    >>> weighing.best_day.tolist(), weighing.current_shortfall_count.tolist()
    ([10], [3])
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from microcrm_core.adjustments.balances import WEEK_DAYS
from microcrm_core.adjustments.comparing_batch import (
    Cycle,
    CycleRule,
    WeighingColumns,
    weigh_cycles,
)
from microcrm_core.adjustments.due_day_policy import DueDayPolicy
from microcrm_core.adjustments.segment_patterns import MONTH_DAYS
from microcrm_core.batch import UNKNOWN, Int64s, require_rows
from microcrm_core.errors import InvalidValueError

__all__ = ["WeighingColumns", "weigh_many", "weigh_weeks_many"]


def weigh_many(
    balance_minor: Int64s,
    month_days: Int64s,
    needed_minor: Int64s,
    current_due_day: Int64s,
    policy: DueDayPolicy,
    *,
    positions: Int64s | None = None,
) -> WeighingColumns:
    """Return how the days compare for many customers; twin of `weigh_due_days`.

    A month in which some day is `UNKNOWN` is left out, and of the rest the latest
    `months_max` are used.

    Args:
        balance_minor: End-of-day balances; `UNKNOWN` where not known. Days that a
            month does not have are ignored.
        month_days: Length of each month.
        needed_minor: A balance below it is a shortfall.
        current_due_day: 1 to 31, or `UNKNOWN`.
        policy: Measure, share of low months, months and days.
        positions: What the segment pattern says of each day, its mean taken off (see
            `segment_patterns_batch`); rows of zeros without a pattern. None: nobody
            has one.

    Shapes:
        (customers, months, 31); (months,); (customers,); (customers,);
        (customers, days). Memory grows to some four times the first, so pass thousands
        of customers and not millions.

    Raises:
        InvalidValueError: Shapes do not agree, a current due day is out of range, or
            the low balances of a row do not fit int64 when added up.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC
        >>> from microcrm_core.adjustments.weighing_batch import weigh_many
        >>> from microcrm_core.batch import UNKNOWN
        >>> weighing = weigh_many(
        ...     np.full((1, 3, 31), 700),
        ...     np.array([31, 30, 31]),
        ...     np.array([500]),
        ...     np.array([UNKNOWN]),
        ...     DUE_DAY_BASIC,
        ... )
        >>> weighing.best_day.tolist()
        [1]
    """
    _check_shapes(balance_minor, month_days, needed_minor, current_due_day)
    _check_current(current_due_day, "current_due_day", MONTH_DAYS)
    is_day = np.arange(MONTH_DAYS) < month_days[:, None]
    is_known = ((balance_minor != UNKNOWN) | ~is_day).all(axis=2)
    day_count = policy.day_count
    by_day = balance_minor[:, :, :day_count]
    if day_count > month_days.min(initial=day_count):
        last = np.minimum(np.arange(day_count), month_days[:, None] - 1)
        by_day = np.take_along_axis(balance_minor, last[None], axis=2)
    given = np.clip(current_due_day, 1, MONTH_DAYS)
    on_day = np.minimum(given[:, None], month_days[None, :]) - 1
    return weigh_cycles(
        by_day,
        is_known,
        np.take_along_axis(balance_minor, on_day[:, :, None], axis=2)[:, :, 0],
        needed_minor,
        current_due_day,
        CycleRule(
            policy=policy,
            cycle=Cycle.of_months(policy),
            months_max=policy.months_max,
            positions=positions,
        ),
    )


def weigh_weeks_many(
    balance_minor: Int64s,
    needed_minor: Int64s,
    current_weekday: Int64s,
    policy: DueDayPolicy,
    *,
    positions: Int64s | None = None,
) -> WeighingColumns:
    """Return how the weekdays compare for many customers; twin of `weigh_weekdays`.

    A week in which some day is `UNKNOWN` is left out.

    Args:
        balance_minor: End-of-day balances from Monday on; `UNKNOWN` where not known.
        needed_minor: A balance below it is a shortfall.
        current_weekday: 1 for Monday to 7 for Sunday, or `UNKNOWN`.
        policy: Measure and share of low weeks.
        positions: As in `weigh_many`.

    Shapes:
        (customers, weeks, 7); (customers,); (customers,); (customers, 7).

    Raises:
        InvalidValueError: Shapes do not agree, a weekday is out of range, or the low
            balances of a row do not fit int64 when added up.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC
        >>> from microcrm_core.adjustments.weighing_batch import weigh_weeks_many
        >>> weighing = weigh_weeks_many(
        ...     np.array([[[0, 0, 0, 0, 9, 0, 0]] * 3]),
        ...     np.array([5]),
        ...     np.array([1]),
        ...     DUE_DAY_BASIC,
        ... )
        >>> weighing.best_day.tolist()
        [5]
    """
    customer_count = needed_minor.size
    wanted = (customer_count, balance_minor.shape[1], WEEK_DAYS)
    if balance_minor.shape != wanted:
        raise InvalidValueError(
            "balance_minor", f"must have shape {wanted}", balance_minor.shape
        )
    if current_weekday.shape != (customer_count,):
        rule = f"must have one row for each of the {customer_count} customers"
        raise InvalidValueError("current_weekday", rule, current_weekday.shape)
    _check_current(current_weekday, "current_weekday", WEEK_DAYS)
    given = np.clip(current_weekday, 1, WEEK_DAYS)[:, None, None] - 1
    return weigh_cycles(
        balance_minor,
        (balance_minor != UNKNOWN).all(axis=2),
        np.take_along_axis(balance_minor, given, axis=2)[:, :, 0],
        needed_minor,
        current_weekday,
        CycleRule(
            policy=policy,
            cycle=Cycle.of_weeks(policy),
            months_max=None,
            positions=positions,
        ),
    )


def _check_current(current: Int64s, name: str, day_count: int) -> None:
    in_range = (current >= 1) & (current <= day_count)
    rule = f"must be 1 to {day_count} or UNKNOWN"
    require_rows((current == UNKNOWN) | in_range, current, name, rule)


def _check_shapes(
    balance_minor: npt.NDArray[np.integer],
    month_days: npt.NDArray[np.integer],
    needed_minor: npt.NDArray[np.integer],
    current_due_day: npt.NDArray[np.integer],
) -> None:
    customer_count = needed_minor.size
    wanted = (customer_count, month_days.size, MONTH_DAYS)
    if balance_minor.shape != wanted:
        raise InvalidValueError(
            "balance_minor", f"must have shape {wanted}", balance_minor.shape
        )
    if current_due_day.shape != (customer_count,):
        rule = f"must have one row for each of the {customer_count} customers"
        raise InvalidValueError("current_due_day", rule, current_due_day.shape)
