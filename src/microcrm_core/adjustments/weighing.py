"""How the days of the month, or of the week, compare over past balances.

Each full month gives every day from 1 to 28 one end-of-day balance (up to 31, where
the policy advises month ends), each full week every weekday. A day's *low balance* is
what its lowest months leave (`DueDayPolicy.measure`); its *shortfalls* are the months
that leave less than is needed. Days are ordered by the highest low balance, then the
fewest shortfalls, then the current due day, then the earliest day.

A short history is mixed with the pattern of its segment, where one is given: the low
balance of a day is then the mean of its own, as many times as there are months, and of
what the pattern puts on that day, as often as months are missing.

The best day of the past looks better than it is, because it was picked for its past. So
each month is also held out once: the other months pick a day, and that day is judged
in the month held out. The method is leave-one-out cross-validation: M. Stone, Journal
of the Royal Statistical Society B 36 (1974). `due_day` turns a weighing into advice;
`weighing_batch` is the twin.

Example:
    >>> from microcrm_core.adjustments import DUE_DAY_BASIC, BalanceMonth
    >>> from microcrm_core.adjustments import weigh_due_days
    >>> paid_on_10th = (0,) * 9 + (900,) * 21
    >>> months = [BalanceMonth(2024, month, paid_on_10th) for month in (4, 6, 9)]
    >>> weighing = weigh_due_days(months, 500, None, DUE_DAY_BASIC)
    >>> weighing.best_day, weighing.shortfall_count_by_day[:10]
    (10, (3, 3, 3, 3, 3, 3, 3, 3, 3, 0))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from microcrm_core.adjustments.balances import (
    WEEK_DAYS,
    BalanceMonth,
    BalanceWeek,
    known_months,
)
from microcrm_core.adjustments.comparing import (
    DayRule,
    DueDayWeighing,
    day_positions,
    weigh_columns,
)
from microcrm_core.adjustments.due_day_policy import DueDayPolicy
from microcrm_core.adjustments.segment_patterns import MONTH_DAYS, SegmentPattern
from microcrm_core.checks import whole_number
from microcrm_core.errors import InvalidValueError

__all__ = [
    "MONTH_WEEKS",
    "BalanceMonth",
    "DueDayWeighing",
    "check_current_due_day",
    "check_pattern",
    "known_months",
    "weigh_due_days",
    "weigh_weekdays",
]

MONTH_WEEKS: Final = 4
"""Weeks that count like one month of a policy."""


def weigh_due_days(
    months: Sequence[BalanceMonth],
    needed_minor: int,
    current_due_day: int | None,
    policy: DueDayPolicy,
    *,
    pattern: SegmentPattern | None = None,
) -> DueDayWeighing:
    """Return how the days of the month compare over these months.

    Args:
        months: Two or more; all are used.
        needed_minor: A balance below it is a shortfall.
        current_due_day: Preferred among days that are otherwise equal; None without.
        policy: Measure, share of low months and days that may be advised.
        pattern: Of the customer's segment; None without.

    Raises:
        InvalidValueError: There are fewer than two months, an argument is no
            whole number in its bounds, or the pattern is one of weekdays.

    Example:
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC, BalanceMonth
        >>> from microcrm_core.adjustments import weigh_due_days
        >>> months = [BalanceMonth(2024, 4, (3,) * 19 + (8,) * 11)] * 2
        >>> weigh_due_days(months, 5, None, DUE_DAY_BASIC).best_day
        20
    """
    if len(months) < 2:
        raise InvalidValueError("months", "must be 2 or more", len(months))
    whole_number("needed_minor", needed_minor)
    check_current_due_day(current_due_day)
    check_pattern(pattern, MONTH_DAYS)
    on_current = None
    if current_due_day is not None:
        on_current = [month.on_day(current_due_day) for month in months]
    return weigh_columns(
        [
            [month.on_day(day_number) for month in months]
            for day_number in range(1, policy.day_count + 1)
        ],
        needed_minor,
        on_current,
        DayRule(
            policy=policy,
            day_min=policy.day_min,
            day_max=policy.day_max,
            current=current_due_day,
            months_full=policy.pattern_months,
            positions=day_positions(pattern, policy.day_count),
        ),
    )


def weigh_weekdays(
    weeks: Sequence[BalanceWeek],
    needed_minor: int,
    current_weekday: int | None,
    policy: DueDayPolicy,
    *,
    pattern: SegmentPattern | None = None,
) -> DueDayWeighing:
    """Return how the weekdays compare over these weeks.

    Four weeks count like a month of the policy; its days of the month do not matter.

    Args:
        weeks: Two or more; all are used.
        needed_minor: A balance below it is a shortfall.
        current_weekday: 1 for Monday to 7 for Sunday; None without.
        policy: Measure and share of low weeks.
        pattern: Of the customer's segment; None without.

    Raises:
        InvalidValueError: There are fewer than two weeks, an argument is no whole
            number in its bounds, or the pattern is one of days of the month.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC, BalanceWeek
        >>> from microcrm_core.adjustments import weigh_weekdays
        >>> week = BalanceWeek(dt.date(2025, 3, 3), (0, 0, 0, 0, 9, 0, 0))
        >>> weigh_weekdays([week] * 3, 5, None, DUE_DAY_BASIC).best_day
        5
    """
    if len(weeks) < 2:
        raise InvalidValueError("weeks", "must be 2 or more", len(weeks))
    whole_number("needed_minor", needed_minor)
    check_pattern(pattern, WEEK_DAYS)
    on_current = None
    if current_weekday is not None:
        whole_number("current_weekday", current_weekday, at_least=1, at_most=WEEK_DAYS)
        on_current = [week.minor[current_weekday - 1] for week in weeks]
    return weigh_columns(
        [[week.minor[index] for week in weeks] for index in range(WEEK_DAYS)],
        needed_minor,
        on_current,
        DayRule(
            policy=policy,
            day_min=1,
            day_max=WEEK_DAYS,
            current=current_weekday,
            months_full=policy.pattern_months * MONTH_WEEKS,
            positions=day_positions(pattern, WEEK_DAYS),
        ),
    )


def check_current_due_day(current_due_day: int | None) -> None:
    """Refuse a current due day that is neither None nor 1 to 31.

    Raises:
        InvalidValueError: It is anything else.

    Example:
        >>> from microcrm_core.adjustments.weighing import check_current_due_day
        >>> check_current_due_day(31)
    """
    if current_due_day is not None:
        whole_number("current_due_day", current_due_day, at_least=1, at_most=MONTH_DAYS)


def check_pattern(pattern: SegmentPattern | None, day_count: int) -> None:
    """Refuse a pattern of the other cycle.

    Raises:
        InvalidValueError: It has another number of days.

    Example:
        >>> from microcrm_core.adjustments.weighing import check_pattern
        >>> check_pattern(None, 31)
    """
    if pattern is not None and pattern.day_count != day_count:
        raise InvalidValueError(
            "pattern", f"must have {day_count} days", pattern.day_count
        )
