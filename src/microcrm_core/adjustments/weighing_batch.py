"""How days compare for many customers at once: the twin of `weighing`.

The balances of each day of the month are sorted once. Holding a month out then takes
it from the sorted sums and sorts nothing again.

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

from typing import Final

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.adjustments.due_day_policy import (
    DAYS_MAX,
    DueDayPolicy,
    LowMeasure,
)
from microcrm_core.batch import (
    UNKNOWN,
    Bools,
    Int64s,
    divide_half_even_rows,
    divide_rows,
    require_rows,
)
from microcrm_core.errors import InvalidValueError
from microcrm_core.rounding import Rounding

__all__ = ["WeighingColumns", "weigh_many"]

_PPM: Final = 1_000_000
_MONTH_DAYS_MAX: Final = 31
_INT64_MAX: Final = 2**63 - 1


@attrs.frozen(kw_only=True, eq=False)
class WeighingColumns:
    """Weighings, one row a customer; twin of `DueDayWeighing`.

    Rows with fewer than two months say nothing: only `months` holds there.

    Attributes:
        months: Number of months compared.
        best_day: First day in the declared order.
        low_balance_minor_by_day: Low balance, rounded half even, (customers, 28).
        shortfall_count_by_day: Months that fell short, (customers, 28).
        current_shortfall_count: The same on the current due day; `UNKNOWN` without.
        held_out_shortfall_count: Months that fell short on the day that the other
            months pick.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments.weighing_batch import WeighingColumns
        >>> attrs.fields(WeighingColumns)[1].name
        'best_day'
    """

    months: Int64s
    best_day: Int64s
    low_balance_minor_by_day: Int64s
    shortfall_count_by_day: Int64s
    current_shortfall_count: Int64s
    held_out_shortfall_count: Int64s


def weigh_many(
    balance_minor: Int64s,
    month_days: Int64s,
    needed_minor: Int64s,
    current_due_day: Int64s,
    policy: DueDayPolicy,
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

    Shapes:
        (customers, months, 31); (months,); (customers,); (customers,). Memory grows to
        some four times the first, so pass thousands of customers and not millions.

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
    is_given = current_due_day != UNKNOWN
    in_range = (current_due_day >= 1) & (current_due_day <= _MONTH_DAYS_MAX)
    rule = f"must be 1 to {_MONTH_DAYS_MAX} or UNKNOWN"
    require_rows(~is_given | in_range, current_due_day, "current_due_day", rule)
    months = _used_months(balance_minor, month_days, policy)
    low_counts = _low_counts(months.count, policy)
    low = _low(months, low_counts, policy)
    is_short = months.by_month < needed_minor[:, None]
    is_short &= months.is_used.T[:, :, None]
    short_count = is_short.sum(axis=0, dtype=np.int64)
    is_short_now = _is_short_on_current(
        balance_minor, month_days, needed_minor, current_due_day
    )
    current_count = (is_short_now & months.is_used).sum(axis=1, dtype=np.int64)
    is_mean = policy.measure is LowMeasure.TAIL_MEAN
    divisors = np.maximum(low_counts, 1)[:, None] if is_mean else 1
    return WeighingColumns(
        months=months.count,
        best_day=_best_days(low, short_count, current_due_day, policy),
        low_balance_minor_by_day=divide_half_even_rows(low, divisors),
        shortfall_count_by_day=short_count,
        current_shortfall_count=np.where(is_given, current_count, UNKNOWN),
        held_out_shortfall_count=_held_out(
            months, is_short, short_count, current_due_day, policy
        ),
    )


@attrs.frozen(kw_only=True, eq=False)
class _Months:
    """The months of a chunk, those that count sorted by balance.

    Attributes:
        count: Months that count, (rows,).
        is_used: Whether a month counts, (rows, months).
        by_month: Balances of the days 1 to 28, (months, rows, 28).
        sorted: The same from the lowest to the highest, months that do not count
            last.
        sums: Running sums of `sorted`, a zero first, (months + 1, rows, 28).
    """

    count: Int64s
    is_used: Bools
    by_month: Int64s
    sorted: Int64s
    sums: Int64s


def _used_months(
    balance_minor: Int64s, month_days: Int64s, policy: DueDayPolicy
) -> _Months:
    is_day = np.arange(_MONTH_DAYS_MAX) < month_days[:, None]
    is_known = ((balance_minor != UNKNOWN) | ~is_day).all(axis=2)
    if policy.months_max is None:
        is_used = is_known
    else:
        # How many known months follow, this one included.
        from_end = np.cumsum(is_known[:, ::-1], axis=1)[:, ::-1]
        is_used = is_known & (from_end <= policy.months_max)
    count = is_used.sum(axis=1, dtype=np.int64)
    by_month = np.ascontiguousarray(balance_minor[:, :, :DAYS_MAX].swapaxes(0, 1))
    _require_sums_fit(by_month, is_used, count, policy)
    masked = np.where(is_used.T[:, :, None], by_month, _INT64_MAX)
    masked.sort(axis=0)
    sums = np.zeros((masked.shape[0] + 1, *masked.shape[1:]), np.int64)
    # Beyond the months that count, sums wrap around and are never read.
    np.cumsum(masked, axis=0, out=sums[1:])
    return _Months(
        count=count, is_used=is_used, by_month=by_month, sorted=masked, sums=sums
    )


def _require_sums_fit(
    by_month: Int64s, is_used: Bools, count: Int64s, policy: DueDayPolicy
) -> None:
    # One sum goes one month beyond the low ones, when a month is held out.
    terms = np.minimum(_low_counts(count, policy) + 1, np.maximum(count, 1))
    bound = _INT64_MAX // np.maximum(terms, 1)
    used = is_used.T[:, :, None]
    highest: Int64s = by_month.max(axis=(0, 2), initial=0, where=used)
    lowest: Int64s = by_month.min(axis=(0, 2), initial=0, where=used)
    is_valid = (highest <= bound) & (lowest >= -bound)
    rule = "must fit int64 when the low ones are added up; use recommend_due_day"
    extreme: Int64s = np.where(highest > bound, highest, lowest)
    require_rows(is_valid, extreme, "balance_minor", rule)


def _low_counts(count: Int64s, policy: DueDayPolicy) -> Int64s:
    return divide_rows(count * policy.quantile_ppm, _PPM, Rounding.CEILING)


def _at(stack: Int64s, position: Int64s) -> Int64s:
    # The layer of each row, for all of its days.
    safe = np.clip(position, 0, stack.shape[0] - 1)
    return stack[safe, np.arange(position.size)]


def _low(months: _Months, low_counts: Int64s, policy: DueDayPolicy) -> Int64s:
    if months.sorted.shape[0] == 0:
        return np.zeros((months.count.size, DAYS_MAX), np.int64)
    if policy.measure is LowMeasure.QUANTILE:
        return _at(months.sorted, low_counts - 1)
    return _at(months.sums, low_counts)


def _held_out(
    months: _Months,
    is_short: Bools,
    short_count: Int64s,
    current_due_day: Int64s,
    policy: DueDayPolicy,
) -> Int64s:
    fallen = np.zeros(months.count.size, np.int64)
    if months.sorted.shape[0] == 0:
        return fallen
    low_counts = _low_counts(np.maximum(months.count - 1, 0), policy)
    last_low = _at(months.sorted, low_counts - 1)
    if policy.measure is LowMeasure.QUANTILE:
        without, with_next = last_low, _at(months.sorted, low_counts)
    else:
        without, with_next = (
            _at(months.sums, low_counts),
            _at(months.sums, low_counts + 1),
        )
    rows = np.arange(months.count.size)
    for month, balances in enumerate(months.by_month):
        # A month among the low ones leaves its place to the next one.
        is_low = balances <= last_low
        taken_out = balances if policy.measure is LowMeasure.TAIL_MEAN else 0
        low = np.where(is_low, with_next - taken_out, without)
        counts = short_count - is_short[month]
        picked = _best_days(low, counts, current_due_day, policy)
        # Months that do not count are never short.
        fallen += is_short[month, rows, picked - 1]
    return fallen


def _best_days(
    low: Int64s, short_count: Int64s, current_due_day: Int64s, policy: DueDayPolicy
) -> Int64s:
    allowed = slice(policy.day_min - 1, policy.day_max)
    low, counts = low[:, allowed], short_count[:, allowed]
    is_best = low == low.max(axis=1)[:, None]
    counts = np.where(is_best, counts, _INT64_MAX)
    is_best &= counts == counts.min(axis=1)[:, None]
    best_day = np.argmax(is_best, axis=1) + policy.day_min
    in_range = (current_due_day >= policy.day_min) & (current_due_day <= policy.day_max)
    position = np.where(in_range, current_due_day - policy.day_min, 0)
    is_current_best = in_range & is_best[np.arange(position.size), position]
    return np.where(is_current_best, current_due_day, best_day).astype(np.int64)


def _is_short_on_current(
    balance_minor: Int64s,
    month_days: Int64s,
    needed_minor: Int64s,
    current_due_day: Int64s,
) -> Bools:
    given = np.clip(current_due_day, 1, _MONTH_DAYS_MAX)
    on_day = np.minimum(given[:, None], month_days[None, :]) - 1
    balances = np.take_along_axis(balance_minor, on_day[:, :, None], axis=2)[:, :, 0]
    return np.asarray(balances < needed_minor[:, None], np.bool_)


def _check_shapes(
    balance_minor: npt.NDArray[np.integer],
    month_days: npt.NDArray[np.integer],
    needed_minor: npt.NDArray[np.integer],
    current_due_day: npt.NDArray[np.integer],
) -> None:
    customer_count = needed_minor.size
    wanted = (customer_count, month_days.size, _MONTH_DAYS_MAX)
    if balance_minor.shape != wanted:
        raise InvalidValueError(
            "balance_minor", f"must have shape {wanted}", balance_minor.shape
        )
    if current_due_day.shape != (customer_count,):
        rule = f"must have one row for each of the {customer_count} customers"
        raise InvalidValueError("current_due_day", rule, current_due_day.shape)
