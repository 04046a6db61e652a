"""How the days of the month compare over a customer's past balances.

Each full month gives every day from 1 to 28 one end-of-day balance. A day's *low
balance* is what its lowest months leave (`DueDayPolicy.measure`); its *shortfalls* are
the months that leave less than is needed. Days are ordered by the highest low balance,
then the fewest shortfalls, then the current due day, then the earliest day.

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

import datetime as dt
from calendar import monthrange
from collections.abc import Sequence
from typing import Final

import attrs

from microcrm_core.adjustments.due_day_policy import (
    DAYS_MAX,
    DueDayPolicy,
    LowMeasure,
)
from microcrm_core.checks import whole_number
from microcrm_core.customers import CashFlowSummary
from microcrm_core.errors import InvalidValueError
from microcrm_core.rounding import Rounding, divide

__all__ = [
    "BalanceMonth",
    "DueDayWeighing",
    "check_current_due_day",
    "known_months",
    "weigh_due_days",
]

_MONTH_DAYS_MAX: Final = 31


@attrs.frozen
class BalanceMonth:
    """The end-of-day balances of one full calendar month.

    Attributes:
        year: Of the month.
        month: 1 to 12.
        minor: One balance a day, in minor units, the 1st first.

    Raises:
        InvalidValueError: There are fewer or more balances than days.

    Example:
        >>> from microcrm_core.adjustments import BalanceMonth
        >>> BalanceMonth(2025, 2, (5,) * 27 + (9,)).on_day(31)
        9
    """

    year: int
    month: int
    minor: tuple[int, ...]

    def __attrs_post_init__(self) -> None:
        """Refuse a month with a day too few or too many."""
        day_count = monthrange(self.year, self.month)[1]
        if len(self.minor) != day_count:
            rule = f"must have the {day_count} days of {self.year}-{self.month:02}"
            raise InvalidValueError("minor", rule, len(self.minor))

    def on_day(self, day_of_month: int) -> int:
        """Return the balance of that day, or of the month's last day before it."""
        return self.minor[min(day_of_month, len(self.minor)) - 1]


@attrs.frozen(kw_only=True)
class DueDayWeighing:
    """How the days of the month compare, before anything is advised.

    Attributes:
        months: Number of months compared.
        best_day: First day in the declared order.
        low_balance_minor_by_day: Low balance of the days 1 to 28, rounded half even;
            the order compares it unrounded.
        shortfall_count_by_day: Months that fell short on each of these days.
        current_shortfall_count: The same on the current due day; None without one.
        held_out_shortfall_count: Months that fell short on the day that the other
            months pick.

    Example:
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC, BalanceMonth
        >>> from microcrm_core.adjustments import weigh_due_days
        >>> months = [BalanceMonth(2024, 4, (7,) * 30)] * 3
        >>> weigh_due_days(months, 5, None, DUE_DAY_BASIC).low_balance_minor_by_day[0]
        7
    """

    months: int
    best_day: int
    low_balance_minor_by_day: tuple[int, ...]
    shortfall_count_by_day: tuple[int, ...]
    current_shortfall_count: int | None
    held_out_shortfall_count: int


def known_months(
    summary: CashFlowSummary, as_of: dt.date, *, months_max: int | None = None
) -> tuple[BalanceMonth, ...]:
    """Return the balances of the full months in which all are known, in order.

    Args:
        summary: Says what a full month is, and when a balance is known.
        as_of: Months end on or before it.
        months_max: Only the latest so many full months; None: all.

    Raises:
        InvalidValueError: *as_of* is no date, or *months_max* is less than 1.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.adjustments import known_months
        >>> from microcrm_core.customers import CashFlowSummary
        >>> summary = CashFlowSummary(currency=Currency.of("EUR"))
        >>> known_months(summary, dt.date(2025, 1, 31))
        ()
    """
    starts = summary.full_months(as_of, months_max=months_max)
    if not starts:
        return ()
    end_on = starts[-1] + dt.timedelta(days=_length(starts[-1]))
    balances = summary.end_of_day_balances(starts[0], end_on)
    months: list[BalanceMonth] = []
    at = 0
    for start in starts:
        of_month = balances[at : at + _length(start)]
        at += len(of_month)
        known = tuple(balance for balance in of_month if balance is not None)
        if len(known) == len(of_month):
            months.append(BalanceMonth(start.year, start.month, known))
    return tuple(months)


def weigh_due_days(
    months: Sequence[BalanceMonth],
    needed_minor: int,
    current_due_day: int | None,
    policy: DueDayPolicy,
) -> DueDayWeighing:
    """Return how the days of the month compare over these months.

    Args:
        months: Two or more; all are used.
        needed_minor: A balance below it is a shortfall.
        current_due_day: Preferred among days that are otherwise equal; None without.
        policy: Measure, share of low months and days that may be advised.

    Raises:
        InvalidValueError: There are fewer than two months, or an argument is no
            whole number in its bounds.

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
    columns = [
        [month.minor[day_index] for month in months] for day_index in range(DAYS_MAX)
    ]
    best_day = _best_day(columns, needed_minor, current_due_day, policy)
    held_out_shortfall_count = 0
    for out in range(len(months)):
        others = [column[:out] + column[out + 1 :] for column in columns]
        picked = _best_day(others, needed_minor, current_due_day, policy)
        held_out_shortfall_count += columns[picked - 1][out] < needed_minor
    current_shortfall_count = None
    if current_due_day is not None:
        on_current = [month.on_day(current_due_day) for month in months]
        current_shortfall_count = _shortfall_count(on_current, needed_minor)
    return DueDayWeighing(
        months=len(months),
        best_day=best_day,
        low_balance_minor_by_day=tuple(
            divide(*_low(column, policy), Rounding.HALF_EVEN) for column in columns
        ),
        shortfall_count_by_day=tuple(
            _shortfall_count(column, needed_minor) for column in columns
        ),
        current_shortfall_count=current_shortfall_count,
        held_out_shortfall_count=held_out_shortfall_count,
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
        whole_number(
            "current_due_day", current_due_day, at_least=1, at_most=_MONTH_DAYS_MAX
        )


def _length(month_start: dt.date) -> int:
    return monthrange(month_start.year, month_start.month)[1]


def _best_day(
    columns: Sequence[Sequence[int]],
    needed_minor: int,
    current_due_day: int | None,
    policy: DueDayPolicy,
) -> int:
    def order(day_of_month: int) -> tuple[int, int, bool, int]:
        column = columns[day_of_month - 1]
        # All days have the same number of months, so the sums compare like means.
        low, _ = _low(column, policy)
        is_other = day_of_month != current_due_day
        return -low, _shortfall_count(column, needed_minor), is_other, day_of_month

    return min(range(policy.day_min, policy.day_max + 1), key=order)


def _low(column: Sequence[int], policy: DueDayPolicy) -> tuple[int, int]:
    # The low balance as numerator and denominator.
    low_count = policy.low_count(len(column))
    lowest = sorted(column)[:low_count]
    if policy.measure is LowMeasure.QUANTILE:
        return lowest[-1], 1
    return sum(lowest), low_count


def _shortfall_count(column: Sequence[int], needed_minor: int) -> int:
    return sum(balance < needed_minor for balance in column)
