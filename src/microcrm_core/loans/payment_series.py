"""Payment series: which unit-period a credit has, and how its payments are counted.

The days of a credit show its rhythm: monthly, twice a month, every two weeks. United
States law takes the interval that occurs most often as the unit-period.
`intervals_between` reads the intervals, `choose_unit_period` picks one, and
`count_series` counts payments in it. `flow_times.reg_z_times` puts them together.

Source:
    12 CFR 1026 (Regulation Z), Appendix J, paragraphs (b)(2) to (b)(5).

Example:
    >>> import datetime as dt
    >>> from microcrm_core.loans.payment_series import (
    ...     choose_unit_period,
    ...     intervals_between,
    ... )
    >>> days = [dt.date(2025, month, 5) for month in (1, 2, 3, 6)]
    >>> str(choose_unit_period(intervals_between(days)))
    '1 month'
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

import attrs

from microcrm_core.checks import whole_number
from microcrm_core.dates import month_end
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.unit_periods import (
    UnitPeriod,
    UnitPeriodCount,
    UnitPeriodUnit,
    count_unit_periods,
    whole_months,
)

__all__ = [
    "choose_unit_period",
    "count_series",
    "intervals_between",
    "series_due_day",
]

_YEAR_DAYS: Final = 365
_YEAR_WEEKS: Final = 52
_YEAR_MONTHS: Final = 12
_MONTH_DAYS: Final = 30
_LAST_DAY: Final = 31
_FORTNIGHT_DAYS: Final = 14
_SEMIMONTH: Final = UnitPeriod(1, UnitPeriodUnit.SEMIMONTH)
_YEAR: Final = UnitPeriod(1, UnitPeriodUnit.YEAR)

_STANDARD_INTERVALS: Final = (
    UnitPeriod(1, UnitPeriodUnit.DAY),
    _SEMIMONTH,
    *(UnitPeriod(count, UnitPeriodUnit.MONTH) for count in range(1, _YEAR_MONTHS)),
    *(UnitPeriod(count, UnitPeriodUnit.WEEK) for count in range(1, _YEAR_WEEKS + 1)),
    _YEAR,
)


def intervals_between(
    days: Sequence[dt.date], *, due_day: int | None = None
) -> dict[UnitPeriod, int]:
    """Return how often each interval occurs between days in rising order.

    An interval is whole months if the calendar says so, else a semimonth if it is one
    of two that make a month, else whole weeks, else days. An interval of a year or more
    is a year. Two weeks can be half of a short February: where no more intervals are
    semimonths than two weeks, the rhythm is two weeks.

    Args:
        days: Different days of advances and payments, in rising order.
        due_day: As in `count_unit_periods`.

    Raises:
        InvalidValueError: The days do not rise.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.payment_series import intervals_between
        >>> days = [dt.date(2025, 3, month_day) for month_day in (1, 8, 15, 20)]
        >>> [(str(one), times) for one, times in intervals_between(days).items()]
        [('1 week', 2), ('5 days', 1)]
    """
    for before_on, after_on in pairwise(days):
        if before_on >= after_on:
            rule = f"must rise: {before_on.isoformat()} comes before"
            raise InvalidValueError("days", rule, after_on)
    positions = range(len(days) - 1)
    halves = frozenset(one for one in positions if _is_semimonth(days, one, due_day))
    gaps = [(after_on - before_on).days for before_on, after_on in pairwise(days)]
    if len(halves) <= gaps.count(_FORTNIGHT_DAYS):
        halves = frozenset[int]()
    return dict(
        Counter(
            _SEMIMONTH
            if one in halves
            else _interval(days[one], days[one + 1], due_day)
            for one in positions
        )
    )


def series_due_day(paid_on: Sequence[dt.date]) -> int | None:
    """Return the day of the month of a series of payments, or None if it has none.

    It is the day on which most of them fall, where the last day of a month counts as
    every day that the month lacks; on a tie the larger, so that a series on the last
    days of months is one on the 31st. It must be the day of two payments or more and
    of at least half of them; the others are odd payments, which were moved or agreed
    apart, and keep their own day.

    Args:
        paid_on: Different days of payments, in any order.

    Source:
        12 CFR 1026, Appendix J (b)(3)(iv): months of a series on the last days run
        from last day to last day, and the last day of February stands in for the 29th
        and 30th. How many payments make a series is a house rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.payment_series import series_due_day
        >>> series_due_day([dt.date(2025, 1, 30), dt.date(2025, 2, 28)])
        30
        >>> series_due_day([dt.date(2025, 4, 30), dt.date(2025, 5, 31)])
        31
        >>> days = [(1, 31), (2, 28), (4, 7), (4, 30)]  # one payment was moved
        >>> series_due_day([dt.date(2025, month, day) for month, day in days])
        31
        >>> series_due_day([dt.date(2025, 4, 1), dt.date(2025, 4, 16)]) is None
        True
    """
    counts: Counter[int] = Counter()
    for on in paid_on:
        counts.update(range(on.day, _last_day_of(on) + 1))
    if not counts:
        return None
    due_day = max(counts, key=lambda one: (counts[one], one))
    is_series = counts[due_day] >= max(2, len(paid_on) / 2)
    return due_day if is_series else None


def choose_unit_period(intervals: Mapping[UnitPeriod, int]) -> UnitPeriod:
    """Return the unit-period of a credit whose intervals occur so often.

    It is the common period, one that occurs more than once, that occurs most often; on
    a tie the shorter. Without a common period it is the average interval, rounded to
    the nearest standard one, the shorter if halfway. A single interval is that of one
    advance and one payment: the term itself, at most a year.

    An average is taken with 30 days a month; where a week and a month multiple are
    equally near and equally long, it is the months.

    Args:
        intervals: How often each interval occurs, one or more times.

    Raises:
        InvalidValueError: There is no interval, or one occurs less than once.

    Source:
        12 CFR 1026, Appendix J (b)(3) and (b)(4).

    Example:
        >>> from microcrm_core.loans.payment_series import choose_unit_period
        >>> from microcrm_core.loans.unit_periods import UnitPeriod
        >>> month, quarter = UnitPeriod(1, "month"), UnitPeriod(3, "month")
        >>> str(choose_unit_period({month: 6, quarter: 6}))
        '1 month'
        >>> str(choose_unit_period({UnitPeriod(6, "month"): 1}))
        'term of 6 months'
    """
    counts: Counter[UnitPeriod] = Counter()
    for interval, times in intervals.items():
        counts[_standard(interval)] += whole_number("intervals", times, at_least=1)
    total = counts.total()
    if total == 0:
        raise InvalidValueError("intervals", "must not be empty", {})
    if total == 1:
        return _term(next(iter(counts)))
    common = [interval for interval, times in counts.items() if times > 1]
    if common:
        return min(common, key=lambda one: (-counts[one], one.length_days))
    lengths = sum(one.length_days * times for one, times in counts.items())
    average_days = Fraction(lengths, total)
    return min(
        _STANDARD_INTERVALS,
        key=lambda one: (abs(one.length_days - average_days), one.length_days),
    )


def count_series(
    from_on: dt.date,
    paid_on: Sequence[dt.date],
    unit_period: UnitPeriod,
    *,
    due_day: int | None = None,
) -> tuple[UnitPeriodCount, ...]:
    """Return the unit-periods from *from_on* to each day of a series of payments.

    Each is counted as by `count_unit_periods`, but for semimonths: there the first
    payment is counted, and a payment half a month after the one before is one
    unit-period later, whatever the days between. Half a month is one of two intervals
    that make a month; of two payments alone, it is 14 to 16 days of a month of 30.

    Args:
        from_on: The earlier day.
        paid_on: Different days of payments in rising order.
        unit_period: What is counted.
        due_day: As in `count_unit_periods`.

    Raises:
        InvalidValueError: As in `count_unit_periods`.

    Source:
        12 CFR 1026, Appendix J (b)(5) and example (c)(1)(iii).

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.payment_series import count_series
        >>> from microcrm_core.loans.unit_periods import UnitPeriod
        >>> paid_on = [dt.date(2025, 1, 15), dt.date(2025, 1, 31), dt.date(2025, 2, 15)]
        >>> start_on, unit_period = dt.date(2025, 1, 10), UnitPeriod(1, "semimonth")
        >>> [str(one) for one in count_series(start_on, paid_on, unit_period)]
        ['0 + 5/15', '1 + 5/15', '2 + 5/15']
    """
    counts: list[UnitPeriodCount] = []
    for position, on in enumerate(paid_on):
        if (
            unit_period.unit is UnitPeriodUnit.SEMIMONTH
            and counts
            and (
                _is_semimonth(paid_on, position - 1, due_day)
                or (len(paid_on) == 2 and _is_half_month(*paid_on))
            )
        ):
            before = counts[-1]
            counts.append(attrs.evolve(before, whole=before.whole + 1))
        else:
            counts.append(count_unit_periods(from_on, on, unit_period, due_day=due_day))
    return tuple(counts)


def _interval(from_on: dt.date, to_on: dt.date, due_day: int | None) -> UnitPeriod:
    months = whole_months(from_on, to_on, due_day)
    if months is not None:
        return (
            _YEAR
            if months >= _YEAR_MONTHS
            else UnitPeriod(months, UnitPeriodUnit.MONTH)
        )
    days = (to_on - from_on).days
    return _YEAR if days >= _YEAR_DAYS else _standard(UnitPeriod(days, "day"))


def _is_semimonth(days: Sequence[dt.date], position: int, due_day: int | None) -> bool:
    # An interval of half a month is one of two that together make a month.
    if not _is_half_month(days[position], days[position + 1]):
        return False
    pairs = [
        (days[first], days[first + 2])
        for first in (position - 1, position)
        if first >= 0 and first + 2 < len(days)
    ]
    return any(whole_months(*pair, due_day) == 1 for pair in pairs)


def _is_half_month(from_on: dt.date, to_on: dt.date) -> bool:
    # Either day may stand for a later one that its month lacks: 15 and 28 February.
    from_days = range(from_on.day, _last_day_of(from_on) + 1)
    to_days = range(to_on.day, _last_day_of(to_on) + 1)
    months = _YEAR_MONTHS * (to_on.year - from_on.year) + to_on.month - from_on.month
    half = _MONTH_DAYS // 2
    return any(
        abs(_MONTH_DAYS * months + to_day - from_day - half) <= 1
        for from_day in from_days
        for to_day in to_days
    )


def _last_day_of(on: dt.date) -> int:
    return _LAST_DAY if on == month_end(on) else on.day


def _standard(interval: UnitPeriod) -> UnitPeriod:
    if interval.unit is UnitPeriodUnit.DAY and interval.count % 7 == 0:
        return UnitPeriod(interval.count // 7, UnitPeriodUnit.WEEK)
    return interval


def _term(interval: UnitPeriod) -> UnitPeriod:
    if interval.unit is UnitPeriodUnit.MONTH:
        return attrs.evolve(interval, is_term=True)
    days = interval.length_days
    if interval.unit is UnitPeriodUnit.YEAR or days >= _YEAR_DAYS:
        return _YEAR
    return UnitPeriod(days, UnitPeriodUnit.DAY, is_term=True)
