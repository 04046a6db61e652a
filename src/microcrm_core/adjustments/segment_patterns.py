"""Segment patterns: how the balance of a kind of customers moves through a month.

Traders of a market are full after market day, teachers after payday. A pattern says
where in the range of a month (or week) each day's balance lies on average: 0 is the
lowest balance of the month, 1,000,000 the highest. It holds sums and a count, so
patterns of parts of a segment merge to that of the whole, in whichever order.

A new customer's own few months say little; `DueDayPolicy.pattern_months` says how far
the pattern of the segment helps out.

Example:
    >>> from microcrm_core.adjustments import BalanceMonth, SegmentPattern
    >>> month = BalanceMonth(2025, 2, (0,) * 9 + (800,) * 19)
    >>> pattern = SegmentPattern.of_months([month])
    >>> pattern.position_ppm(9), pattern.position_ppm(10)
    (0, 1000000)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from microcrm_core.adjustments.balances import WEEK_DAYS, BalanceMonth, BalanceWeek
from microcrm_core.checks import tuple_field, whole_number, whole_number_field
from microcrm_core.errors import InvalidValueError
from microcrm_core.rounding import Rounding, divide
from microcrm_core.rules.plain import Plain, faults_below, plain_list, plain_mapping

__all__ = [
    "MONTH_DAYS",
    "SegmentPattern",
    "centered_positions",
    "segment_pattern_from_plain",
    "segment_pattern_to_plain",
]

MONTH_DAYS: Final = 31
"""Days of the longest month."""

_PPM: Final = 1_000_000
_COUNT_MAX: Final = 2**40


@attrs.frozen(kw_only=True)
class SegmentPattern:
    """Where in the range of a month or week each day's balance lies on average.

    Attributes:
        count: Months (or weeks) of customers that it is made of. Those in which the
            balance never moved say nothing and are not counted.
        position_sum_ppm_by_day: Sums of positions: 31 days of the month, where a day
            that a month lacks has the position of its last day, or 7 weekdays.

    Raises:
        InvalidValueError: There are neither 31 nor 7 sums, or one is no whole number
            from 0 to count × 1,000,000.

    Example:
        >>> from microcrm_core.adjustments import SegmentPattern
        >>> half = SegmentPattern(count=2, position_sum_ppm_by_day=(1_000_000,) * 7)
        >>> half.position_ppm(1)
        500000
    """

    count: int = attrs.field(
        validator=whole_number_field(at_least=0, at_most=_COUNT_MAX)
    )
    position_sum_ppm_by_day: tuple[int, ...] = attrs.field(validator=tuple_field(int))

    def __attrs_post_init__(self) -> None:
        """Check the sums."""
        sums = self.position_sum_ppm_by_day
        if len(sums) not in (MONTH_DAYS, WEEK_DAYS):
            raise InvalidValueError(
                "position_sum_ppm_by_day", "must have 31 or 7 sums", len(sums)
            )
        for value in sums:
            whole_number(
                "position_sum_ppm_by_day",
                value,
                at_least=0,
                at_most=self.count * _PPM,
            )

    @classmethod
    def of_months(cls, months: Iterable[BalanceMonth]) -> SegmentPattern:
        """Return the pattern of months, of one customer or of many.

        Example:
            >>> from microcrm_core.adjustments import SegmentPattern
            >>> SegmentPattern.of_months([]).count
            0
        """
        days = range(1, MONTH_DAYS + 1)
        return cls._of(
            MONTH_DAYS, ([month.on_day(one) for one in days] for month in months)
        )

    @classmethod
    def of_weeks(cls, weeks: Iterable[BalanceWeek]) -> SegmentPattern:
        """Return the pattern of weeks, of one customer or of many.

        Example:
            >>> from microcrm_core.adjustments import SegmentPattern
            >>> SegmentPattern.of_weeks([]).position_sum_ppm_by_day
            (0, 0, 0, 0, 0, 0, 0)
        """
        return cls._of(WEEK_DAYS, (week.minor for week in weeks))

    @classmethod
    def _of(cls, day_count: int, rows: Iterable[Sequence[int]]) -> SegmentPattern:
        count, sums = 0, [0] * day_count
        for row in rows:
            low, high = min(row), max(row)
            if low == high:
                continue
            count += 1
            for index, minor in enumerate(row):
                part = (minor - low) * _PPM
                sums[index] += divide(part, high - low, Rounding.HALF_EVEN)
        return cls(count=count, position_sum_ppm_by_day=tuple(sums))

    @property
    def day_count(self) -> int:
        """31 for days of the month, 7 for weekdays."""
        return len(self.position_sum_ppm_by_day)

    def position_ppm(self, day_number: int) -> int:
        """Return the mean position of a day, rounded half even; 0 of nothing.

        Args:
            day_number: Day of the month, or 1 for Monday to 7 for Sunday.

        Raises:
            InvalidValueError: There is no such day.
        """
        whole_number("day_number", day_number, at_least=1, at_most=self.day_count)
        if self.count == 0:
            return 0
        position_sum = self.position_sum_ppm_by_day[day_number - 1]
        return divide(position_sum, self.count, Rounding.HALF_EVEN)

    def merged(self, other: SegmentPattern) -> SegmentPattern:
        """Return the pattern of both parts; the order does not matter.

        Raises:
            InvalidValueError: One is of months and the other of weeks.

        Example:
            >>> from microcrm_core.adjustments import SegmentPattern
            >>> empty = SegmentPattern.of_weeks([])
            >>> empty.merged(empty) == empty
            True
        """
        if other.day_count != self.day_count:
            raise InvalidValueError(
                "other", f"must have {self.day_count} days", other.day_count
            )
        pairs = zip(
            self.position_sum_ppm_by_day, other.position_sum_ppm_by_day, strict=True
        )
        return SegmentPattern(
            count=self.count + other.count,
            position_sum_ppm_by_day=tuple(one + another for one, another in pairs),
        )


def segment_pattern_to_plain(pattern: SegmentPattern) -> Plain:
    """Return *pattern* as a JSON object: 31 sums are of months, 7 of weeks.

    Example:
        >>> from microcrm_core.adjustments import SegmentPattern
        >>> from microcrm_core.adjustments import segment_pattern_to_plain
        >>> segment_pattern_to_plain(SegmentPattern.of_weeks([]))
        {'count': 0, 'position_sum_ppm_by_day': [0, 0, 0, 0, 0, 0, 0]}
    """
    return {
        "count": pattern.count,
        "position_sum_ppm_by_day": list(pattern.position_sum_ppm_by_day),
    }


def segment_pattern_from_plain(
    plain: object, *, path: str = "pattern"
) -> SegmentPattern:
    """Return the pattern that a JSON object stands for.

    Both keys must be there and no key else.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape, a float, or no valid pattern comes of it;
            the error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.adjustments import segment_pattern_from_plain
        >>> plain = {"count": 1, "position_sum_ppm_by_day": [0, 0, 0, 0, 700, 0, 0]}
        >>> segment_pattern_from_plain(plain).position_ppm(5)
        700
    """
    parts = plain_mapping(plain, path, needed=("count", "position_sum_ppm_by_day"))
    sums_path = f"{path}.position_sum_ppm_by_day"
    sums = plain_list(parts["position_sum_ppm_by_day"], sums_path)
    with faults_below(path):
        return SegmentPattern(
            count=whole_number("count", parts["count"]),
            position_sum_ppm_by_day=tuple(
                whole_number(f"position_sum_ppm_by_day[{index}]", value)
                for index, value in enumerate(sums)
            ),
        )


def centered_positions(pattern: SegmentPattern, day_count: int) -> tuple[int, ...]:
    """Return the mean position of the first days, less their mean; zeros of nothing.

    Example:
        >>> from microcrm_core.adjustments import SegmentPattern
        >>> from microcrm_core.adjustments.segment_patterns import centered_positions
        >>> sums = (0, 0, 0, 0, 0, 0, 700)
        >>> centered_positions(SegmentPattern(count=1, position_sum_ppm_by_day=sums), 7)
        (-100, -100, -100, -100, -100, -100, 600)
    """
    positions = [pattern.position_ppm(one) for one in range(1, day_count + 1)]
    mean = divide(sum(positions), day_count, Rounding.HALF_EVEN)
    return tuple(position - mean for position in positions)
