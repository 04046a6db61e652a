"""Segment patterns of many customers at once: the twin of `segment_patterns`.

Example:
    >>> import numpy as np
    >>> from microcrm_core.adjustments import SegmentPattern
    >>> from microcrm_core.adjustments.segment_patterns_batch import PatternColumns
    >>> columns = PatternColumns(
    ...     patterns=(SegmentPattern.of_months([]),), segment_index=np.array([0])
    ... )
    >>> columns.positions(28).any()
    np.False_
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs
import numpy as np

from microcrm_core.adjustments.balances import WEEK_DAYS
from microcrm_core.adjustments.balances_batch import balances_by_week, week_starts
from microcrm_core.adjustments.segment_patterns import (
    MONTH_DAYS,
    SegmentPattern,
    centered_positions,
)
from microcrm_core.batch import (
    UNKNOWN,
    Bools,
    Int64s,
    divide_half_even_rows,
    require_rows,
)
from microcrm_core.checks import whole_number
from microcrm_core.customers.cash_flow_batch import DayBalances
from microcrm_core.errors import InvalidValueError

__all__ = ["PatternColumns", "segment_patterns", "weekly_segment_patterns"]

_PPM: Final = 1_000_000
_CHUNK: Final = 4096
_RANGE_MAX: Final = (2**63 - 1) // _PPM


@attrs.frozen(kw_only=True, eq=False)
class PatternColumns:
    """Which pattern each customer has.

    Attributes:
        patterns: One a segment, all of one cycle.
        segment_index: Position of each customer's pattern; `UNKNOWN`: none.

    Raises:
        InvalidValueError: A position is out of range.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments.segment_patterns_batch import PatternColumns
        >>> attrs.fields(PatternColumns)[0].name
        'patterns'
    """

    patterns: tuple[SegmentPattern, ...]
    segment_index: Int64s

    def __attrs_post_init__(self) -> None:
        """Check the positions."""
        _require_segments(self.segment_index, len(self.patterns))

    def positions(self, day_count: int) -> Int64s:
        """Return what the pattern says of the first days; zeros without one.

        Shapes:
            (customers, days).
        """
        table = np.zeros((len(self.patterns) + 1, day_count), np.int64)
        for row, pattern in enumerate(self.patterns):
            table[row] = centered_positions(pattern, day_count)
        has_none = self.segment_index == UNKNOWN
        return table[np.where(has_none, len(self.patterns), self.segment_index)]

    def require_days(self, day_count: int) -> None:
        """Refuse patterns of the other cycle.

        Raises:
            InvalidValueError: One has another number of days.
        """
        for pattern in self.patterns:
            if pattern.day_count != day_count:
                raise InvalidValueError(
                    "pattern", f"must have {day_count} days", pattern.day_count
                )


def segment_patterns(
    day_balances: DayBalances,
    segment_index: Int64s,
    *,
    segment_count: int,
    months: int,
) -> tuple[SegmentPattern, ...]:
    """Return the pattern of each segment; twin of `SegmentPattern.of_months`.

    Args:
        day_balances: What is known of every customer's account.
        segment_index: Segment of each customer; `UNKNOWN`: in none.
        segment_count: How many segments there are.
        months: How many of the latest full months count; 1 or more.

    Shapes:
        (customers,).

    Raises:
        InvalidValueError: A segment is out of range, or the balances of a month lie
            more than 9,223,372,036,854 apart.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments.segment_patterns_batch import (
        ...     segment_patterns
        ... )
        >>> from microcrm_core.customers.cash_flow_batch import DayBalances
        >>> paid_on_10th = DayBalances(
        ...     as_of_day=30,
        ...     offsets=np.array([0, 2]),
        ...     day=np.array([0, 9], np.int32),
        ...     inflow_minor=np.array([1, 9]),
        ...     outflow_minor=np.array([0, 0]),
        ...     balance_minor=np.array([1, 10]),
        ... )
        >>> found = segment_patterns(
        ...     paid_on_10th, np.array([0]), segment_count=1, months=1
        ... )
        >>> found[0].position_ppm(9), found[0].position_ppm(10)
        (0, 1000000)
    """
    _require_owners(day_balances, segment_index, segment_count)
    sums = _PositionSums.of(segment_count, MONTH_DAYS)
    for chunk in _chunks(segment_index.size):
        rows: Int64s = np.arange(chunk.start, chunk.stop, dtype=np.int64)
        rows = rows[segment_index[rows] != UNKNOWN]
        found = day_balances.balances_on_days(rows, months=months)
        last = np.minimum(np.arange(MONTH_DAYS), found.month_days[:, None] - 1)
        balances = np.take_along_axis(found.balance_minor, last[None], axis=2)
        sums.add(balances, segment_index[rows])
    return sums.patterns()


def weekly_segment_patterns(
    day_balances: DayBalances,
    segment_index: Int64s,
    *,
    segment_count: int,
    weeks: int,
) -> tuple[SegmentPattern, ...]:
    """Return the pattern of each segment by weekday; twin of `SegmentPattern.of_weeks`.

    Args:
        day_balances: What is known of every customer's account.
        segment_index: Segment of each customer; `UNKNOWN`: in none.
        segment_count: How many segments there are.
        weeks: How many of the latest full weeks count; 1 or more.

    Shapes:
        (customers,).

    Raises:
        InvalidValueError: A segment is out of range, *weeks* is less than 1, or the
            balances of a week lie more than 9,223,372,036,854 apart.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments.segment_patterns_batch import (
        ...     weekly_segment_patterns
        ... )
        >>> from microcrm_core.customers.cash_flow_batch import DayBalances
        >>> full_on_friday = DayBalances(
        ...     as_of_day=10,
        ...     offsets=np.array([0, 2]),
        ...     day=np.array([4, 8], np.int32),
        ...     inflow_minor=np.array([1, 9]),
        ...     outflow_minor=np.array([0, 0]),
        ...     balance_minor=np.array([1, 10]),
        ... )
        >>> found = weekly_segment_patterns(
        ...     full_on_friday, np.array([0]), segment_count=1, weeks=4
        ... )
        >>> found[0].count, found[0].position_ppm(4), found[0].position_ppm(5)
        (1, 0, 1000000)
    """
    whole_number("weeks", weeks, at_least=1)
    _require_owners(day_balances, segment_index, segment_count)
    mondays = week_starts(day_balances, weeks_max=weeks)
    sums = _PositionSums.of(segment_count, WEEK_DAYS)
    for chunk in _chunks(segment_index.size):
        owner = segment_index[chunk]
        is_in = owner != UNKNOWN
        balances = balances_by_week(day_balances, chunk, mondays)
        sums.add(balances[is_in], owner[is_in])
    return sums.patterns()


def _chunks(size: int) -> Iterator[slice]:
    for start in range(0, size, _CHUNK):
        yield slice(start, min(start + _CHUNK, size))


@attrs.frozen(eq=False)
class _PositionSums:
    """The sums of the patterns while chunks of customers are added to them.

    Attributes:
        counts: Cycles of each segment.
        sums: Their positions added up, (segments, days).
    """

    counts: Int64s
    sums: Int64s

    @classmethod
    def of(cls, segment_count: int, day_count: int) -> _PositionSums:
        """Return the sums of nothing."""
        return cls(
            np.zeros(segment_count, np.int64),
            np.zeros((segment_count, day_count), np.int64),
        )

    def add(self, balances: Int64s, segments: Int64s) -> None:
        """Add what is known in full of (customers, cycles, days)."""
        is_known: Bools = (balances != UNKNOWN).all(axis=2)
        owner = np.broadcast_to(segments[:, None], is_known.shape)[is_known]
        cycles = balances[is_known]
        low, high = cycles.min(axis=1), cycles.max(axis=1)
        # Floats tell apart what int64 could not even subtract.
        is_near = high.astype(np.float64) - low.astype(np.float64) <= _RANGE_MAX
        rule = f"must lie at most {_RANGE_MAX} apart in a month or week"
        require_rows(is_near, high, "balance_minor", rule)
        moves = high > low
        low, spread = low[moves, None], (high - low)[moves, None]
        positions = divide_half_even_rows((cycles[moves] - low) * _PPM, spread)
        np.add.at(self.counts, owner[moves], 1)
        np.add.at(self.sums, owner[moves], positions)

    def patterns(self) -> tuple[SegmentPattern, ...]:
        """Return the pattern of each segment."""
        return tuple(
            SegmentPattern(count=count, position_sum_ppm_by_day=tuple(row))
            for count, row in zip(self.counts.tolist(), self.sums.tolist(), strict=True)
        )


def _require_owners(
    day_balances: DayBalances, segment_index: Int64s, segment_count: int
) -> None:
    _require_segments(segment_index, segment_count)
    if segment_index.shape != (day_balances.customer_count,):
        rule = f"must have one row for each of the {day_balances.customer_count}"
        raise InvalidValueError("segment_index", rule, segment_index.shape)


def _require_segments(segment_index: Int64s, segment_count: int) -> None:
    is_none = segment_index == UNKNOWN
    in_range = (segment_index >= 0) & (segment_index < segment_count)
    rule = f"must be 0 to {segment_count - 1} or UNKNOWN"
    require_rows(is_none | in_range, segment_index, "segment_index", rule)
