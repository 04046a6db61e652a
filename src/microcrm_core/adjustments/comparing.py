"""How days compare over balances: one row of balances for each day, of any cycle.

`weighing` hands over the days of the month or the weekdays; `weighing_batch` is the
twin.

Example:
    >>> from microcrm_core.adjustments.comparing import DueDayWeighing
    >>> DueDayWeighing.__name__
    'DueDayWeighing'
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from microcrm_core.adjustments.due_day_policy import DueDayPolicy, LowMeasure
from microcrm_core.adjustments.segment_patterns import (
    SegmentPattern,
    centered_positions,
)
from microcrm_core.rounding import Rounding, divide

__all__ = ["DayRule", "DueDayWeighing", "day_positions", "weigh_columns"]

_PPM: Final = 1_000_000


@attrs.frozen(kw_only=True)
class DueDayWeighing:
    """How the days of the month, or of the week, compare; nothing is advised yet.

    Attributes:
        months: Number of months compared; of weeks, for weekdays.
        pattern_weight: As how many months the segment pattern counted.
        best_day: First day in the declared order.
        low_balance_minor_by_day: Low balance of the days 1 to 28 (or `day_max`, or 7),
            mixed with the pattern, rounded half even; the order compares it unrounded.
        shortfall_count_by_day: Months that fell short on each of these days.
        current_shortfall_count: The same on the current due day; None without one.
        held_out_shortfall_count: Months that fell short on the day that the other
            months pick.
        avoided_count: Months that fell short on the current due day and not on the day
            that the others pick; None without a current one.
        caused_count: Months that did the opposite; None without a current one.

    Example:
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC, BalanceMonth
        >>> from microcrm_core.adjustments import weigh_due_days
        >>> months = [BalanceMonth(2024, 4, (7,) * 30)] * 3
        >>> weigh_due_days(months, 5, None, DUE_DAY_BASIC).low_balance_minor_by_day[0]
        7
    """

    months: int
    pattern_weight: int
    best_day: int
    low_balance_minor_by_day: tuple[int, ...]
    shortfall_count_by_day: tuple[int, ...]
    current_shortfall_count: int | None
    held_out_shortfall_count: int
    avoided_count: int | None
    caused_count: int | None


def day_positions(pattern: SegmentPattern | None, day_count: int) -> tuple[int, ...]:
    """Return what a pattern says of each day; empty where it says nothing.

    Example:
        >>> from microcrm_core.adjustments.comparing import day_positions
        >>> day_positions(None, 28)
        ()
    """
    if pattern is None or pattern.count == 0:
        return ()
    positions = centered_positions(pattern, day_count)
    return positions if any(positions) else ()


@attrs.frozen(kw_only=True)
class DayRule:
    """How the days of one customer are put in order.

    Attributes:
        policy: Says how low balances are measured.
        day_min: First day that may be picked.
        day_max: Last day that may be picked.
        current: Preferred among equals; None without.
        months_full: Months from which a pattern counts no more.
        positions: Of the pattern by day, less their mean; empty without a pattern.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments.comparing import DayRule
        >>> attrs.fields(DayRule)[0].name
        'policy'
    """

    policy: DueDayPolicy
    day_min: int
    day_max: int
    current: int | None
    months_full: int
    positions: tuple[int, ...]

    def weight(self, months: int) -> int:
        """Return as how many months the pattern counts beside so many."""
        return max(0, self.months_full - months) if self.positions else 0

    def shifts(self, range_sum_minor: int, months: int) -> list[int]:
        """Return what the pattern puts on each day, around the middle."""
        return [
            divide(range_sum_minor * position, months * _PPM, Rounding.HALF_EVEN)
            for position in self.positions
        ]


def weigh_columns(
    columns: Sequence[list[int]],
    needed_minor: int,
    on_current: Sequence[int] | None,
    rule: DayRule,
) -> DueDayWeighing:
    """Return how days compare: the first in the order, and each month held out.

    Args:
        columns: Balances of each day, one a month.
        needed_minor: A balance below it is a shortfall.
        on_current: Balances on the current due day; None without.
        rule: How the days are put in order.

    Example:
        See `weigh_due_days`.
    """
    count = len(columns[0])
    policy = rule.policy
    days = [
        _Day.of(
            column,
            needed_minor,
            low_count=policy.low_count(count),
            low_count_without_one=policy.low_count(count - 1),
            is_quantile=policy.measure is LowMeasure.QUANTILE,
        )
        for column in columns
    ]
    ranges = _ranges(columns) if rule.positions else []
    lows = _mixed(
        [one.low_minor for one in days],
        days[0].low_divisor,
        ranges,
        rule,
        months=count,
    )
    best_day = _best_day(days, lows, None, rule)
    held_out = avoided = caused = 0
    for out in range(count):
        without = _mixed(
            [one.low_without_minor[out] for one in days],
            days[0].low_divisor_without,
            ranges[:out] + ranges[out + 1 :],
            rule,
            months=count - 1,
        )
        picked = _best_day(days, without, out, rule)
        is_short = days[picked - 1].minor[out] < needed_minor
        held_out += is_short
        if on_current is not None:
            is_short_now = on_current[out] < needed_minor
            avoided += is_short_now and not is_short
            caused += is_short and not is_short_now
    has_current = on_current is not None
    return DueDayWeighing(
        months=count,
        pattern_weight=rule.weight(count),
        best_day=best_day,
        low_balance_minor_by_day=_shown(days, lows, rule.weight(count)),
        shortfall_count_by_day=tuple(one.shortfall_count for one in days),
        current_shortfall_count=(
            None if on_current is None else _shortfall_count(on_current, needed_minor)
        ),
        held_out_shortfall_count=held_out,
        avoided_count=avoided if has_current else None,
        caused_count=caused if has_current else None,
    )


def _ranges(columns: Sequence[Sequence[int]]) -> list[int]:
    rows = list(zip(*columns, strict=True))
    return [max(row) - min(row) for row in rows]


def _mixed(
    lows: list[int],
    divisor: int,
    ranges: Sequence[int],
    rule: DayRule,
    *,
    months: int,
) -> list[int]:
    """Return what orders the days: the low sums, mixed with the pattern."""
    weight = rule.weight(months)
    if weight == 0:
        return lows
    shifts = rule.shifts(sum(ranges), months)
    # Times months and divisor, so that nothing but the shift is rounded.
    return [
        months * low + weight * divisor * shift
        for low, shift in zip(lows, shifts, strict=True)
    ]


def _shown(days: Sequence[_Day], lows: Sequence[int], weight: int) -> tuple[int, ...]:
    divisor = days[0].low_divisor
    if weight == 0:
        return tuple(divide(low, divisor, Rounding.HALF_EVEN) for low in lows)
    # The pattern moves around the customer's own level, which no order depends on.
    count = len(days[0].minor)
    own_sum = sum(one.low_minor for one in days)
    level = divide(own_sum, divisor * len(days), Rounding.HALF_EVEN)
    added = weight * divisor * level
    whole = divisor * (count + weight)
    return tuple(divide(low + added, whole, Rounding.HALF_EVEN) for low in lows)


# Without frozen's cost: there are 28 for every customer.
@attrs.define(kw_only=True)
class _Day:
    """The balances of one day of the month, and how low they are.

    Attributes:
        minor: The balance in each month.
        needed_minor: A balance below it is a shortfall.
        shortfall_count: In how many months it is.
        low_minor: The low balance of all months: a quantile, or a sum of low ones.
        low_divisor: How many balances that is the sum of.
        low_divisor_without: The same with one month less.
        low_without_minor: The low balance of all months but one, for each one.
    """

    minor: list[int]
    needed_minor: int
    shortfall_count: int
    low_minor: int
    low_divisor: int
    low_divisor_without: int
    low_without_minor: list[int]

    @classmethod
    def of(
        cls,
        minor: list[int],
        needed_minor: int,
        *,
        low_count: int,
        low_count_without_one: int,
        is_quantile: bool,
    ) -> _Day:
        ordered = sorted(minor)
        low_minor = ordered[low_count - 1] if is_quantile else sum(ordered[:low_count])
        return cls(
            minor=minor,
            needed_minor=needed_minor,
            shortfall_count=_shortfall_count(minor, needed_minor),
            low_minor=low_minor,
            low_divisor=1 if is_quantile else low_count,
            low_divisor_without=1 if is_quantile else low_count_without_one,
            low_without_minor=_lows_without_one(
                minor, ordered, low_count_without_one, is_quantile=is_quantile
            ),
        )

    def shortfalls(self, out: int | None) -> int:
        """Return the number of shortfalls, of all months or without one."""
        if out is None:
            return self.shortfall_count
        return self.shortfall_count - (self.minor[out] < self.needed_minor)


def _lows_without_one(
    minor: Sequence[int], ordered: Sequence[int], low_count: int, *, is_quantile: bool
) -> list[int]:
    """Return the low balance without each month: sorted once, and not for each."""
    # What is left out is low itself, and the next one takes its place, or it is not.
    highest, next_minor = ordered[low_count - 1], ordered[low_count]
    if is_quantile:
        return [highest if left_out > highest else next_minor for left_out in minor]
    low_minor = sum(ordered[:low_count])
    return [
        low_minor if left_out > highest else low_minor - left_out + next_minor
        for left_out in minor
    ]


def _best_day(
    days: Sequence[_Day], lows: Sequence[int], out: int | None, rule: DayRule
) -> int:
    """Return the best day, of all months or without one."""
    # All days have the same number of months, so the sums compare like means.
    allowed = lows[rule.day_min - 1 : rule.day_max]
    highest = max(allowed)

    def order(day_number: int) -> tuple[int, bool, int]:
        is_other = day_number != rule.current
        return days[day_number - 1].shortfalls(out), is_other, day_number

    # The other measures decide only among the days of the highest low balance.
    candidates = enumerate(allowed, start=rule.day_min)
    return min((day for day, low in candidates if low == highest), key=order)


def _shortfall_count(column: Sequence[int], needed_minor: int) -> int:
    return sum(balance < needed_minor for balance in column)
