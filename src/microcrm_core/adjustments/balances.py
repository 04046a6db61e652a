"""Balances by month and by week, as a due day meets them.

A due day is judged by what the account held when the installment was asked for. So
the loan's own repayments go back: a balance that is low because the installment was
paid is no sign of a bad day. They go back only within their month (or week), for what
was repaid in earlier ones is gone on whichever day it was due.

Where a due date moves off closed days, the balance counts that was there on the day
to which it moves.

Example:
    >>> from microcrm_core.adjustments import BalanceMonth
    >>> month = BalanceMonth(2025, 2, (900,) * 11 + (400,) * 17)
    >>> month.with_added_back({12: 500}).minor == (900,) * 28
    True
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final

import attrs

from microcrm_core.checks import day, day_field, kind_field
from microcrm_core.customers import CashFlowSummary
from microcrm_core.dates import BusinessCalendar, BusinessDayRule, adjust_date
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.money import Money

__all__ = [
    "WEEK_DAYS",
    "BalanceMonth",
    "BalanceWeek",
    "OwnRepayment",
    "check_own_repayments",
    "known_months",
    "known_weeks",
    "months_as_met",
    "weeks_as_met",
]

WEEK_DAYS: Final = 7
"""Days of a week; the first is Monday."""


@attrs.frozen
class OwnRepayment:
    """What the loan itself took from the account on a day.

    Attributes:
        paid_on: The day.
        amount: Above zero.

    Raises:
        InvalidValueError: A part is of another kind, or the amount is not above zero.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.adjustments import OwnRepayment
        >>> paid = OwnRepayment(dt.date(2025, 2, 12), Money(500, Currency.of("EUR")))
        >>> paid.amount.minor
        500
    """

    paid_on: dt.date = attrs.field(validator=day_field)
    amount: Money = attrs.field(validator=kind_field(Money))

    def __attrs_post_init__(self) -> None:
        """Refuse an amount that took nothing."""
        if not self.amount.is_positive:
            raise InvalidValueError("amount", "must be above zero", str(self.amount))


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

    def with_added_back(self, minor_by_day: Mapping[int, int]) -> BalanceMonth:
        """Return the month as if nothing had been taken on these days of it.

        Each amount goes back from its day to the end of the month.
        """
        return attrs.evolve(self, minor=_added_back(self.minor, minor_by_day))

    def on_business_days(
        self, rule: BusinessDayRule, calendar: BusinessCalendar
    ) -> BalanceMonth:
        """Return the balances that a due date of each day meets where it moves to.

        A date that would leave the month meets the first or the last day of it.

        Raises:
            InvalidValueError: The calendar does not cover the month.
        """
        first_on = dt.date(self.year, self.month, 1)
        last = len(self.minor) - 1
        met: list[int] = []
        for index in range(len(self.minor)):
            on = first_on + dt.timedelta(days=index)
            moved = (adjust_date(on, rule, calendar) - first_on).days
            met.append(self.minor[min(max(moved, 0), last)])
        return attrs.evolve(self, minor=tuple(met))


@attrs.frozen
class BalanceWeek:
    """The end-of-day balances of one full week.

    Attributes:
        monday_on: Its Monday.
        minor: Seven balances, in minor units, that of Monday first.

    Raises:
        InvalidValueError: It does not begin on a Monday, or has not seven balances.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.adjustments import BalanceWeek
        >>> BalanceWeek(dt.date(2025, 3, 3), (0, 0, 0, 0, 9, 9, 9)).minor[4]
        9
    """

    monday_on: dt.date = attrs.field(validator=day_field)
    minor: tuple[int, ...]

    def __attrs_post_init__(self) -> None:
        """Refuse what is no week."""
        if self.monday_on.weekday() != 0:
            raise InvalidValueError("monday_on", "must be a Monday", self.monday_on)
        if len(self.minor) != WEEK_DAYS:
            raise InvalidValueError("minor", "must have 7 balances", len(self.minor))

    def with_added_back(self, minor_by_day: Mapping[int, int]) -> BalanceWeek:
        """Return the week as if nothing had been taken on these days, 1 for Monday."""
        return attrs.evolve(self, minor=_added_back(self.minor, minor_by_day))


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


def known_weeks(
    summary: CashFlowSummary, as_of: dt.date, *, weeks_max: int
) -> tuple[BalanceWeek, ...]:
    """Return the balances of the latest full weeks in which all are known, in order.

    A full week begins on a Monday and ends on or before the day asked about.

    Args:
        summary: Says when a balance is known.
        as_of: Weeks end on or before it.
        weeks_max: How many of the latest weeks are looked at; 1 or more.

    Raises:
        InvalidValueError: *as_of* is no date.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.adjustments import known_weeks
        >>> from microcrm_core.customers import CashFlowSummary
        >>> summary = CashFlowSummary(currency=Currency.of("EUR"))
        >>> known_weeks(summary, dt.date(2025, 3, 9), weeks_max=12)
        ()
    """
    day("as_of", as_of)
    # Ordinal 1 is a Monday; the week of the day after the day is not over.
    end = (as_of.toordinal() // WEEK_DAYS) * WEEK_DAYS + 1
    first_on = next(iter(summary.days), None)
    if first_on is None:
        return ()
    since = first_on.toordinal() - first_on.weekday()
    first = max(1, since, end - weeks_max * WEEK_DAYS)
    if end <= first:
        return ()
    balances = summary.end_of_day_balances(
        dt.date.fromordinal(first), dt.date.fromordinal(end)
    )
    weeks: list[BalanceWeek] = []
    for at in range(0, len(balances), WEEK_DAYS):
        of_week = balances[at : at + WEEK_DAYS]
        known = tuple(balance for balance in of_week if balance is not None)
        if len(known) == WEEK_DAYS:
            weeks.append(BalanceWeek(dt.date.fromordinal(first + at), known))
    return tuple(weeks)


def months_as_met(
    months: Sequence[BalanceMonth],
    own_repayments: Iterable[OwnRepayment],
    calendar: BusinessCalendar | None,
    rule: BusinessDayRule,
) -> tuple[BalanceMonth, ...]:
    """Return the months with the loan's own repayments back, as due dates meet them.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.adjustments import BalanceMonth, OwnRepayment
        >>> from microcrm_core.adjustments.balances import months_as_met
        >>> from microcrm_core.dates import BusinessDayRule
        >>> paid = OwnRepayment(dt.date(2025, 2, 2), Money(5, Currency.of("EUR")))
        >>> month = BalanceMonth(2025, 2, (9, 4) + (4,) * 26)
        >>> met = months_as_met([month], [paid], None, BusinessDayRule.NO_ADJUST)
        >>> met[0].minor[:3]
        (9, 9, 9)
    """
    back: dict[tuple[int, int], dict[int, int]] = {}
    for one in own_repayments:
        on, minor = one.paid_on, one.amount.minor
        by_day = back.setdefault((on.year, on.month), {})
        by_day[on.day] = by_day.get(on.day, 0) + minor
    met: list[BalanceMonth] = []
    for month in months:
        by_day = back.get((month.year, month.month), {})
        with_back = month.with_added_back(by_day) if by_day else month
        met.append(
            with_back
            if calendar is None
            else with_back.on_business_days(rule, calendar)
        )
    return tuple(met)


def weeks_as_met(
    weeks: Sequence[BalanceWeek], own_repayments: Iterable[OwnRepayment]
) -> tuple[BalanceWeek, ...]:
    """Return the weeks with the loan's own repayments back.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.adjustments import BalanceWeek, OwnRepayment
        >>> from microcrm_core.adjustments.balances import weeks_as_met
        >>> paid = OwnRepayment(dt.date(2025, 3, 4), Money(5, Currency.of("EUR")))
        >>> week = BalanceWeek(dt.date(2025, 3, 3), (9, 4, 4, 4, 4, 4, 4))
        >>> weeks_as_met([week], [paid])[0].minor
        (9, 9, 9, 9, 9, 9, 9)
    """
    back: dict[dt.date, dict[int, int]] = {}
    for one in own_repayments:
        index = one.paid_on.weekday()
        by_day = back.setdefault(one.paid_on - dt.timedelta(days=index), {})
        by_day[index + 1] = by_day.get(index + 1, 0) + one.amount.minor
    return tuple(week.with_added_back(back.get(week.monday_on, {})) for week in weeks)


def check_own_repayments(
    own_repayments: Iterable[OwnRepayment], summary: CashFlowSummary
) -> None:
    """Refuse repayments in another currency than the account's.

    Raises:
        CurrencyMismatchError: One of them is.

    Example:
        >>> from microcrm_core import Currency
        >>> from microcrm_core.adjustments.balances import check_own_repayments
        >>> from microcrm_core.customers import CashFlowSummary
        >>> check_own_repayments([], CashFlowSummary(currency=Currency.of("EUR")))
    """
    for one in own_repayments:
        if one.amount.currency != summary.currency:
            raise CurrencyMismatchError(
                "own_repayments",
                f"must be in {summary.currency}",
                one.amount.currency.code,
            )


def _added_back(
    minor: Sequence[int], minor_by_day: Mapping[int, int]
) -> tuple[int, ...]:
    back = accumulate(minor_by_day.get(index, 0) for index in range(1, len(minor) + 1))
    return tuple(balance + added for balance, added in zip(minor, back, strict=True))


def _length(month_start: dt.date) -> int:
    return monthrange(month_start.year, month_start.month)[1]
