"""How days compare for many customers at once: the twin of `comparing`.

The balances of each day are sorted once. Holding a month out then takes it from the
sorted sums and sorts nothing again.

Example:
    >>> from microcrm_core.adjustments import DUE_DAY_BASIC
    >>> from microcrm_core.adjustments.comparing_batch import Cycle
    >>> Cycle.of_weeks(DUE_DAY_BASIC).day_count
    7
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.adjustments.balances import WEEK_DAYS
from microcrm_core.adjustments.due_day_policy import DueDayPolicy, LowMeasure
from microcrm_core.adjustments.weighing import MONTH_WEEKS
from microcrm_core.batch import (
    UNKNOWN,
    Bools,
    Int64s,
    divide_half_even_rows,
    divide_rows,
    require_rows,
)
from microcrm_core.rounding import Rounding

__all__ = ["Cycle", "CycleRule", "WeighingColumns", "weigh_cycles"]

_PPM: Final = 1_000_000
_INT64_MAX: Final = 2**63 - 1


@attrs.frozen(kw_only=True)
class Cycle:
    """Which days are compared.

    Attributes:
        day_count: How many of them.
        day_min: First that may be picked.
        day_max: Last that may be picked.
        months_full: Months (or weeks) from which a pattern counts no more.

    Example:
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC
        >>> from microcrm_core.adjustments.comparing_batch import Cycle
        >>> Cycle.of_months(DUE_DAY_BASIC).day_count
        28
    """

    day_count: int
    day_min: int
    day_max: int
    months_full: int

    @classmethod
    def of_months(cls, policy: DueDayPolicy) -> Cycle:
        """Return the days of the month that a policy compares."""
        return cls(
            day_count=policy.day_count,
            day_min=policy.day_min,
            day_max=policy.day_max,
            months_full=policy.pattern_months,
        )

    @classmethod
    def of_weeks(cls, policy: DueDayPolicy) -> Cycle:
        """Return the weekdays."""
        return cls(
            day_count=WEEK_DAYS,
            day_min=1,
            day_max=WEEK_DAYS,
            months_full=policy.pattern_months * MONTH_WEEKS,
        )

    def weights(self, months: Int64s, has_pattern: Bools) -> Int64s:
        """Return as how many months the pattern of each row counts."""
        return np.where(has_pattern, np.maximum(self.months_full - months, 0), 0)


@attrs.frozen(kw_only=True, eq=False)
class WeighingColumns:
    """Weighings, one row a customer; twin of `DueDayWeighing`.

    Rows with fewer than two months say nothing: only `months` holds there.

    Attributes:
        months: Number of months (or weeks) compared.
        pattern_weight: As how many months the segment pattern counted.
        best_day: First day in the declared order.
        low_balance_minor_by_day: Low balance, rounded half even, (customers, days):
            28, `day_max` of the policy, or 7.
        shortfall_count_by_day: Months that fell short, (customers, days).
        current_shortfall_count: The same on the current due day; `UNKNOWN` without.
        held_out_shortfall_count: Months that fell short on the day that the other
            months pick.
        avoided_count: Months that fell short on the current due day and not on the day
            that the others pick; `UNKNOWN` without a current one.
        caused_count: Months that did the opposite.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments.comparing_batch import WeighingColumns
        >>> attrs.fields(WeighingColumns)[2].name
        'best_day'
    """

    months: Int64s
    pattern_weight: Int64s
    best_day: Int64s
    low_balance_minor_by_day: Int64s
    shortfall_count_by_day: Int64s
    current_shortfall_count: Int64s
    held_out_shortfall_count: Int64s
    avoided_count: Int64s
    caused_count: Int64s


@attrs.frozen(kw_only=True, eq=False)
class CycleRule:
    """How the days of a chunk are put in order.

    Attributes:
        policy: Says how low balances are measured.
        cycle: Which days are compared.
        months_max: Only the latest so many; None: all.
        positions: Of the patterns, (rows, days); None: nobody has one.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments.comparing_batch import CycleRule
        >>> attrs.fields(CycleRule)[0].name
        'policy'
    """

    policy: DueDayPolicy
    cycle: Cycle
    months_max: int | None
    positions: Int64s | None

    @property
    def is_mean(self) -> bool:
        """Whether low balances are sums of several."""
        return self.policy.measure is LowMeasure.TAIL_MEAN

    def low_counts(self, count: Int64s) -> Int64s:
        """Return how many of so many months are low."""
        return divide_rows(count * self.policy.quantile_ppm, _PPM, Rounding.CEILING)

    def divisors(self, count: Int64s) -> Int64s:
        """Return how many balances a low sum has, (rows,); at least 1."""
        counts = self.low_counts(count) if self.is_mean else np.ones_like(count)
        return np.maximum(counts, 1)

    def weights(self, count: Int64s) -> Int64s:
        """Return as how many months the pattern of each row counts."""
        if self.positions is None:
            return np.zeros_like(count)
        has_pattern: Bools = np.asarray(self.positions.any(axis=1), np.bool_)
        return self.cycle.weights(count, has_pattern)

    def mixed(self, low: Int64s, count: Int64s, range_sums: Int64s) -> Int64s:
        """Return what orders the days: the low sums, mixed with the pattern."""
        weights = self.weights(count)
        is_mixed = weights > 0
        if self.positions is None or not is_mixed.any():
            return low
        rows = np.flatnonzero(is_mixed)
        # One month or more, or else nothing is read of the row.
        months = np.maximum(count[rows], 1)[:, None]
        shifts = divide_half_even_rows(
            range_sums[rows, None] * self.positions[rows], months * _PPM
        )
        factor = (weights * self.divisors(count))[rows, None]
        mixed = low.copy()
        mixed[rows] = months * low[rows] + factor * shifts
        return mixed


def weigh_cycles(
    by_day: Int64s,
    is_known: Bools,
    on_current: Int64s,
    needed_minor: Int64s,
    current: Int64s,
    rule: CycleRule,
) -> WeighingColumns:
    """Return how days compare for many customers; twin of `comparing.weigh_columns`.

    Args:
        by_day: Balances.
        is_known: Whether a month may count.
        on_current: Balances on the current due day.
        needed_minor: A balance below it is a shortfall.
        current: Day on which it falls now; `UNKNOWN` without.
        rule: How the days are put in order.

    Shapes:
        (rows, months, days); (rows, months); (rows, months); (rows,); (rows,).

    Raises:
        InvalidValueError: The low balances of a row do not fit int64 when added up.

    Example:
        See `weighing_batch.weigh_many`.
    """
    months = _used_months(by_day, is_known, rule)
    low = rule.mixed(_low(months, rule), months.count, months.range_sums)
    is_short = months.by_month < needed_minor[:, None]
    is_short &= months.is_used.T[:, :, None]
    short_count = is_short.sum(axis=0, dtype=np.int64)
    is_short_now = (on_current < needed_minor[:, None]) & months.is_used
    is_given = current != UNKNOWN
    held_out = _held_out(months, is_short, short_count, current, rule)
    avoided = is_short_now.T & ~held_out
    caused = held_out & ~is_short_now.T

    def counted(is_month: Bools) -> Int64s:
        count = is_month.sum(axis=0, dtype=np.int64)
        return np.where(is_given, count, UNKNOWN)

    return WeighingColumns(
        months=months.count,
        pattern_weight=rule.weights(months.count),
        best_day=_best_days(low, short_count, current, rule.cycle),
        low_balance_minor_by_day=_shown(months, low, rule),
        shortfall_count_by_day=short_count,
        current_shortfall_count=counted(is_short_now.T),
        held_out_shortfall_count=held_out.sum(axis=0, dtype=np.int64),
        avoided_count=counted(avoided),
        caused_count=counted(caused),
    )


def _shown(months: _Months, low: Int64s, rule: CycleRule) -> Int64s:
    divisors = rule.divisors(months.count)[:, None]
    weights = rule.weights(months.count)[:, None]
    if not weights.any():
        return divide_half_even_rows(low, divisors)
    own_sum = _low(months, rule).sum(axis=1, dtype=np.int64)[:, None]
    level = divide_half_even_rows(own_sum, divisors * rule.cycle.day_count)
    count = np.maximum(months.count, 1)[:, None]
    whole = np.where(weights > 0, divisors * (count + weights), divisors)
    return divide_half_even_rows(low + weights * divisors * level, whole)


@attrs.frozen(kw_only=True, eq=False)
class _Months:
    """The months of a chunk, those that count sorted by balance.

    Attributes:
        count: Months that count, (rows,).
        is_used: Whether a month counts, (rows, months).
        by_month: Balances of the days compared, (months, rows, days).
        sorted: The same from the lowest to the highest, months that do not count
            last.
        sums: Running sums of `sorted`, a zero first, (months + 1, rows, days).
        ranges: Highest less lowest balance of a month, (months, rows); zero where
            it does not count or nobody has a pattern.
    """

    count: Int64s
    is_used: Bools
    by_month: Int64s
    sorted: Int64s
    sums: Int64s
    ranges: Int64s

    @property
    def range_sums(self) -> Int64s:
        """Sums of `ranges`, (rows,)."""
        sums: Int64s = self.ranges.sum(axis=0, dtype=np.int64)
        return sums


def _used_months(by_day: Int64s, is_known: Bools, rule: CycleRule) -> _Months:
    if rule.months_max is None:
        is_used = is_known
    else:
        # How many known months follow, this one included.
        from_end = np.cumsum(is_known[:, ::-1], axis=1)[:, ::-1]
        is_used = is_known & (from_end <= rule.months_max)
    count = is_used.sum(axis=1, dtype=np.int64)
    by_month = np.ascontiguousarray(by_day.swapaxes(0, 1))
    _require_sums_fit(by_month, is_used, count, rule)
    used = is_used.T[:, :, None]
    masked = np.where(used, by_month, _INT64_MAX)
    masked.sort(axis=0)
    sums = np.zeros((masked.shape[0] + 1, *masked.shape[1:]), np.int64)
    # Beyond the months that count, sums wrap around and are never read.
    np.cumsum(masked, axis=0, out=sums[1:])
    ranges = np.zeros(by_month.shape[:2], np.int64)
    if rule.positions is not None:
        known = np.where(used, by_month, 0)
        ranges = known.max(axis=2) - known.min(axis=2)
    return _Months(
        count=count,
        is_used=is_used,
        by_month=by_month,
        sorted=masked,
        sums=sums,
        ranges=ranges,
    )


def _require_sums_fit(
    by_month: Int64s, is_used: Bools, count: Int64s, rule: CycleRule
) -> None:
    # One sum goes one month beyond the low ones, when a month is held out.
    months = np.maximum(count, 1)
    terms = np.minimum(rule.low_counts(count) + 1, months)
    if rule.positions is not None:
        # Months times the low sum, and the pattern within the range of the months;
        # the sum over the days that makes the level; the ranges times positions.
        every_row: Bools = np.full(count.shape, True)
        weights = rule.cycle.weights(count - 1, every_row)
        mixed = terms * (months + 3 * weights)
        level = terms * rule.cycle.day_count
        terms = np.maximum(np.maximum(mixed, level), 2 * months * _PPM)
    bound = _INT64_MAX // np.maximum(terms, 1)
    used = is_used.T[:, :, None]
    highest: Int64s = by_month.max(axis=(0, 2), initial=0, where=used)
    lowest: Int64s = by_month.min(axis=(0, 2), initial=0, where=used)
    is_valid = (highest <= bound) & (lowest >= -bound)
    text = "must fit int64 when the low ones are added up; use recommend_due_day"
    extreme: Int64s = np.where(highest > bound, highest, lowest)
    require_rows(is_valid, extreme, "balance_minor", text)


def _at(stack: Int64s, position: Int64s) -> Int64s:
    # The layer of each row, for all of its days.
    safe = np.clip(position, 0, stack.shape[0] - 1)
    return stack[safe, np.arange(position.size)]


def _low(months: _Months, rule: CycleRule) -> Int64s:
    low_counts = rule.low_counts(months.count)
    if months.sorted.shape[0] == 0:
        return np.zeros((months.count.size, rule.cycle.day_count), np.int64)
    if not rule.is_mean:
        return _at(months.sorted, low_counts - 1)
    return _at(months.sums, low_counts)


def _held_out(
    months: _Months,
    is_short: Bools,
    short_count: Int64s,
    current: Int64s,
    rule: CycleRule,
) -> Bools:
    """Return which months fell short on the day the others pick, (months, rows)."""
    fallen = np.zeros(months.by_month.shape[:2], np.bool_)
    if months.sorted.shape[0] == 0:
        return fallen
    count = np.maximum(months.count - 1, 0)
    low_counts = rule.low_counts(count)
    last_low = _at(months.sorted, low_counts - 1)
    if rule.is_mean:
        without = _at(months.sums, low_counts)
        with_next = _at(months.sums, low_counts + 1)
    else:
        without, with_next = last_low, _at(months.sorted, low_counts)
    range_sums = months.range_sums
    rows = np.arange(months.count.size)
    for month, balances in enumerate(months.by_month):
        # A month among the low ones leaves its place to the next one.
        is_low = balances <= last_low
        taken_out = balances if rule.is_mean else 0
        low = np.where(is_low, with_next - taken_out, without)
        low = rule.mixed(low, count, range_sums - months.ranges[month])
        counts = short_count - is_short[month]
        picked = _best_days(low, counts, current, rule.cycle)
        # Months that do not count are never short.
        fallen[month] = is_short[month, rows, picked - 1]
    return fallen


def _best_days(
    low: Int64s, short_count: Int64s, current: Int64s, cycle: Cycle
) -> Int64s:
    allowed = slice(cycle.day_min - 1, cycle.day_max)
    low, counts = low[:, allowed], short_count[:, allowed]
    is_best = low == low.max(axis=1)[:, None]
    counts = np.where(is_best, counts, _INT64_MAX)
    is_best &= counts == counts.min(axis=1)[:, None]
    best_day = np.argmax(is_best, axis=1) + cycle.day_min
    in_range = (current >= cycle.day_min) & (current <= cycle.day_max)
    position = np.where(in_range, current - cycle.day_min, 0)
    is_current_best = in_range & is_best[np.arange(position.size), position]
    return np.where(is_current_best, current, best_day).astype(np.int64)
