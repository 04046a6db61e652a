"""Intervals: how European and British law count the time of a credit.

The annual percentage rate of charge puts every payment at a distance in years from the
first drawdown. A distance of whole years, months or weeks counts as such: a month is a
twelfth, a week a 52nd. What does not come out whole is whole periods, counted back from
the payment, and the days before them over the 365 or 366 days of a year. The frequency
of the payments says whether years, months or weeks are counted; they are not mixed.

Source:
    Directive 2008/48/EC, Annex I part I remarks (b) and (c), as amended by 2011/90/EU;
    Directive (EU) 2023/2225, Annex III; SWD(2012) 128, section 4.1.1.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.loans.eu_intervals import EuPeriod, count_eu_interval
    >>> start_on, paid_on = dt.date(2012, 1, 12), dt.date(2012, 3, 15)
    >>> interval = count_eu_interval(start_on, paid_on, EuPeriod.MONTH)
    >>> str(interval), round(float(interval.years), 10)
    ('2/12 + 3/365', 0.1748858447)
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Final

import attrs

from microcrm_core.checks import day
from microcrm_core.dates import add_months
from microcrm_core.errors import InvalidValueError

__all__ = [
    "EQUAL_MONTH_DAYS",
    "EuInterval",
    "EuPeriod",
    "choose_eu_period",
    "count_eu_interval",
]

EQUAL_MONTH_DAYS: Final = Fraction("30.41666")
"""Days that remark (c) presumes an equal month to have; twelve are not quite 365."""

_YEAR_MONTHS: Final = 12
_WEEK_DAYS: Final = 7


class EuPeriod(StrEnum):
    """The period that intervals are counted in.

    Example:
        >>> from microcrm_core.loans.eu_intervals import EuPeriod
        >>> EuPeriod.WEEK.per_year
        52
    """

    YEAR = "year"
    MONTH = "month"
    WEEK = "week"

    @property
    def per_year(self) -> int:
        """How many make a year."""
        return _PER_YEAR[self]


_PER_YEAR: Final = {
    EuPeriod.YEAR: 1,
    EuPeriod.MONTH: _YEAR_MONTHS,
    EuPeriod.WEEK: 52,
}


@attrs.frozen(kw_only=True)
class EuInterval:
    """The distance of a payment from the first drawdown.

    Attributes:
        period: What is counted.
        periods: Whole periods, counted back from the payment.
        days: Days before them, the first day excluded and the last included.
        year_days: Days of the year that ends on the last of these days; None if there
            are no days.

    Example:
        >>> from microcrm_core.loans.eu_intervals import EuInterval, EuPeriod
        >>> interval = EuInterval(
        ...     period=EuPeriod.MONTH, periods=5, days=0, year_days=None
        ... )
        >>> interval.years
        Fraction(5, 12)
    """

    period: EuPeriod
    periods: int
    days: int
    year_days: int | None

    @property
    def years(self) -> Fraction:
        """The distance in years, exact."""
        whole = Fraction(self.periods, self.period.per_year)
        return whole if self.year_days is None else whole + self._odd

    @property
    def _odd(self) -> Fraction:
        assert self.year_days is not None  # asked for only where there are days
        return Fraction(self.days, self.year_days)

    def __str__(self) -> str:
        """Return both parts as the rule writes them."""
        whole = f"{self.periods}/{self.period.per_year}"
        return whole if self.year_days is None else f"{whole} + {self._odd_text}"

    @property
    def _odd_text(self) -> str:
        return f"{self.days}/{self.year_days}"


def count_eu_interval(from_on: dt.date, to_on: dt.date, period: EuPeriod) -> EuInterval:
    """Return the interval from *from_on* to *to_on* in periods and days.

    A day that a month lacks becomes its last day, so that 31 January to 28 February is
    a month. The days are divided by the days of the year counted back from the last
    of them to the same day a year before.

    Args:
        from_on: The first drawdown.
        to_on: The payment, from which whole periods are counted back.
        period: Year, month or week, as the frequency of the payments suggests.

    Raises:
        InvalidValueError: *from_on* is after *to_on*.

    Source:
        Directive 2008/48/EC, Annex I part I remark (c); SWD(2012) 128, section 4.1.1.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.eu_intervals import EuPeriod, count_eu_interval
        >>> start_on, paid_on = dt.date(2013, 2, 25), dt.date(2013, 3, 28)
        >>> str(count_eu_interval(start_on, paid_on, EuPeriod.MONTH))
        '1/12 + 3/366'
    """
    day("from_on", from_on)
    day("to_on", to_on)
    if from_on > to_on:
        rule = f"must not be after to_on {to_on.isoformat()}"
        raise InvalidValueError("from_on", rule, from_on)
    periods, days_to_on = _counted_back(from_on, to_on, EuPeriod(period))
    days = (days_to_on - from_on).days
    year_days = (days_to_on - add_months(days_to_on, -_YEAR_MONTHS)).days
    return EuInterval(
        period=EuPeriod(period),
        periods=periods,
        days=days,
        year_days=year_days if days else None,
    )


def choose_eu_period(days: Sequence[dt.date]) -> EuPeriod:
    """Return the period in which the intervals of a credit are counted.

    If every payment is whole years from the first drawdown it is the year, else the
    month or the week if that holds for them. Otherwise the gaps between payments tell
    the frequency: the period that is whole for most of them, and the month where none
    is. On a tie the longer period is taken.

    Args:
        days: Different days of drawdowns and payments in rising order, the first
            drawdown first.

    Source:
        SWD(2012) 128, section 4.1.1: the period follows the frequency of drawdowns
        and payments. What to do without a frequency is a house rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.eu_intervals import choose_eu_period
        >>> days = [dt.date(2025, 3, number) for number in (1, 10, 17, 24)]
        >>> choose_eu_period(days).value
        'week'
    """
    first_on = days[0]
    for period in EuPeriod:
        if all(_is_whole(first_on, on, period) for on in days[1:]):
            return period
    gaps: Counter[EuPeriod] = Counter()
    for before_on, after_on in pairwise(days):
        gaps.update(one for one in EuPeriod if _is_whole(before_on, after_on, one))
    # The longest of those that are whole most often; `max` takes the first.
    period = max(EuPeriod, key=lambda one: gaps[one])
    return period if gaps[period] else EuPeriod.MONTH


def _is_whole(from_on: dt.date, to_on: dt.date, period: EuPeriod) -> bool:
    return _counted_back(from_on, to_on, period)[1] == from_on


def _counted_back(
    from_on: dt.date, to_on: dt.date, period: EuPeriod
) -> tuple[int, dt.date]:
    # Whole periods, and the day that they lead back to.
    if period is EuPeriod.WEEK:
        weeks, days = divmod((to_on - from_on).days, _WEEK_DAYS)
        return weeks, from_on + dt.timedelta(days=days)
    months = _YEAR_MONTHS * (to_on.year - from_on.year) + to_on.month - from_on.month
    step = _YEAR_MONTHS if period is EuPeriod.YEAR else 1
    months -= months % step
    if add_months(from_on, months) == to_on:
        return months // step, from_on
    if add_months(to_on, -months) < from_on:
        months -= step
    return months // step, add_months(to_on, -months)
