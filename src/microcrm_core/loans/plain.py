"""The most common schedule, computed the short way.

Equal installments without grace, fees or tranches, counted by plain days: most loans
of a micro-lender are of this kind, so they get their own arithmetic in whole numbers.
A float guesses the level amount and one pass over the periods proves it. What does
not fit is left to `exact_rows`, which every result here must equal.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.loans.plain import plain_columns
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> due_day, principal_minor, interest_minor, _ = plain_columns(terms, STRICT)
    >>> principal_minor, interest_minor
    ((32619, 33416, 33965), (2038, 1241, 692))
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Sequence
from functools import cache
from math import ceil
from operator import sub
from typing import Final, TypeAlias

from microcrm_core.dates import (
    DayCount,
    Frequency,
    FrequencyUnit,
    RollRule,
    due_dates,
)
from microcrm_core.loans.conventions import (
    Accrual,
    Arithmetic,
    Remainder,
    ScheduleConventions,
    ShortPeriod,
    SplitDayCount,
)
from microcrm_core.loans.plans import EQUAL_INSTALLMENTS
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.loans.terms import LoanTerms
from microcrm_core.rounding import Rounding

__all__ = [
    "PlainColumns",
    "actual_year_days",
    "days_of_months",
    "end_rows",
    "level_rows",
    "plain_columns",
    "series_dates",
]

Column: TypeAlias = "tuple[int, ...]"
PlainColumns: TypeAlias = "tuple[Column, Column, Column, Column]"
"""Due days, principal, interest and outstanding principal, one for each installment."""

_ACTUAL_YEAR_DAYS: Final = (
    (DayCount.ACT_365F, 365),
    (DayCount.ACT_360, 360),
    (DayCount.ACT_364, 364),
)
_THIRTY_360: Final = (
    DayCount.THIRTY_360_BOND,
    DayCount.THIRTY_360_US,
    DayCount.THIRTY_E_360,
)
# Looking a member up costs as much as comparing it.
_EXACT: Final = Arithmetic.EXACT
_ACT_365F: Final = DayCount.ACT_365F
_LAST: Final = Remainder.LAST
_DAILY: Final = Accrual.DAILY
_BY_DAYS: Final = ShortPeriod.BY_DAYS
_HALF_EVEN: Final = Rounding.HALF_EVEN
_ROUNDINGS: Final = (Rounding.HALF_EVEN, Rounding.HALF_UP)
_MONTH: Final = FrequencyUnit.MONTH
_DAY_OF_MONTH: Final = RollRule.DAY_OF_MONTH
_FIRST_YEAR: Final = 1900
_END_YEAR: Final = 2200
_MONTHS: Final = 12 * (_END_YEAR - _FIRST_YEAR)
_END_DAY: Final = dt.date.max.toordinal() - EPOCH_ORDINAL + 1
# From the 28th on February has its own rules in every kind of 30/360.
_PLAIN_360_DAY_MAX: Final = 27
_TRIES_MAX: Final = 4
_FLOAT_MAX: Final = 2**53


def plain_columns(
    terms: LoanTerms, conventions: ScheduleConventions
) -> PlainColumns | None:
    """Return the columns of a schedule of the most common kind; None: another kind.

    None also where the level amount is not found at once, or the terms allow no
    schedule: the general way then finds it, or says why not.

    Example:
        See `microcrm_core.loans.plain`.
    """
    if not _is_plain(terms, conventions):
        return None
    dates = _dates(terms, conventions)
    if dates is None:
        return None
    due_day, period_days, year_days, longest, is_even = dates
    rate, unit = terms.nominal_rate.annual_fraction.as_integer_ratio()
    unit *= year_days
    principal_minor = terms.principal.minor
    level = _guess_minor(principal_minor, period_days, rate / unit, is_even=is_even)
    most = rate * longest
    # A tie needs an even unit, half of which divides balance x days x rate.
    has_ties = conventions.rounding is _HALF_EVEN and not unit & 1
    enough: PlainColumns | None = None
    too_small = -1
    for _ in range(_TRIES_MAX):
        principals, interests, after = level_rows(
            principal_minor, level, period_days, rate, unit, has_ties
        )
        balance = after[-1]
        if balance > 0:
            if enough is not None:
                return enough
            too_small = level
            level += 1
            continue
        # Below zero is what the last row pays too much.
        after[-1] = 0
        principals[-1] += balance
        if principals[-1] <= 0:
            end_rows(principals, interests, after)
        # The balance only falls if the first row and the longest period are covered.
        is_covered = principals[0] >= 0 and principal_minor * most < level * unit
        if not is_covered and min(principals) < 0:
            return None
        enough = due_day, tuple(principals), tuple(interests), tuple(after)
        # With one unit less each row would leave at least one unit more to pay.
        if -balance < len(due_day) or level - 1 == too_small:
            return enough
        level -= 1
    return None


def level_rows(
    balance: int,
    level: int,
    period_days: Sequence[int],
    rate: int,
    unit: int,
    has_ties: bool,
) -> tuple[list[int], list[int], list[int]]:
    """Return principal, interest and balance of rows that all pay the level amount.

    Half a unit more and the floor is the quotient rounded half up; on a tie an odd
    one is one too large.

    Args:
        balance: What is owed at the start.
        level: What each row pays; the last balance may be below zero.
        period_days: Interest of a period is balance x days x rate / unit.
        rate: As that says.
        unit: As that says.
        has_ties: Whether a tie goes to the even number; else it goes up.

    Example:
        >>> from microcrm_core.loans.plain import level_rows
        >>> level_rows(1000, 334, (0, 0, 0), 0, 365, True)
        ([334, 334, 334], [0, 0, 0], [666, 332, -2])
    """
    half = unit // 2
    principals: list[int] = []
    interests: list[int] = []
    after: list[int] = []
    if not has_ties:
        for days in period_days:
            interest = (balance * days * rate + half) // unit
            interests.append(interest)
            principal = level - interest
            principals.append(principal)
            balance -= principal
            after.append(balance)
        return principals, interests, after
    for days in period_days:
        scaled = balance * days * rate + half
        interest = scaled // unit
        if interest & 1 and interest * unit == scaled:
            interest -= 1
        interests.append(interest)
        principal = level - interest
        principals.append(principal)
        balance -= principal
        after.append(balance)
    return principals, interests, after


def end_rows(principals: list[int], interests: list[int], after: list[int]) -> None:
    """Let nothing be paid after a row before the last has paid all that is left.

    Example:
        >>> from microcrm_core.loans.plain import end_rows
        >>> principals, interests, after = [5, 5, -2], [0, 0, 0], [3, -2, 0]
        >>> end_rows(principals, interests, after)
        >>> principals, after
        ([5, 3, 0], [3, 0, 0])
    """
    end = next(row for row, left in enumerate(after) if left <= 0)
    empty = [0] * (len(after) - end - 1)
    principals[end] += after[end]
    principals[end + 1 :] = interests[end + 1 :] = after[end + 1 :] = empty
    after[end] = 0


def _guess_minor(
    principal_minor: int, period_days: Column, daily: float, *, is_even: bool
) -> int:
    """Return the level amount without any rounding, as a float has it."""
    annuity = 0.0
    if is_even and daily:
        # All periods but the first are alike, so the sum has a closed form.
        later = period_days[-1] * daily
        annuity = (1.0 - (1.0 + later) ** (1 - len(period_days))) / later
        annuity = (annuity + 1.0) / (1.0 + period_days[0] * daily)
    else:
        for days in reversed(period_days):
            annuity = (annuity + 1.0) / (1.0 + days * daily)
    if principal_minor < _FLOAT_MAX:
        return ceil(principal_minor / annuity)
    numerator, denominator = annuity.as_integer_ratio()
    return -(-principal_minor * denominator // numerator)


def _is_plain(terms: LoanTerms, conventions: ScheduleConventions) -> bool:
    return (
        (terms.plan is EQUAL_INSTALLMENTS or terms.plan == EQUAL_INSTALLMENTS)
        and conventions.arithmetic is _EXACT
        and conventions.remainder is _LAST
        and conventions.installment_multiple == 1
        and conventions.business_days is None
        and conventions.accrual is _DAILY
        and conventions.short_period is _BY_DAYS
        and conventions.rounding in _ROUNDINGS
        and not terms.due_on
        and terms.last_due_on is None
        and not terms.tranches
        and not terms.rate_changes
        and not terms.interest_pauses
    )


_Dates: TypeAlias = "tuple[Column, Column, int, int, bool]"


def _dates(terms: LoanTerms, conventions: ScheduleConventions) -> _Dates | None:
    """Return due days, the days of periods and of a year, and how they are spread.

    That is the most days of a period after the first, and whether these are alike.
    """
    frequency, first_on = terms.frequency, terms.first_due_on
    step = frequency.count
    if frequency.unit is not _MONTH:
        return _dates_by_days(terms, conventions)
    roll = conventions.roll
    if roll is not _DAY_OF_MONTH and roll != _DAY_OF_MONTH:
        return None
    first = 12 * (first_on.year - _FIRST_YEAR) + first_on.month - 1
    last = first + (terms.installment_count - 1) * step
    if first < 0 or last >= _MONTHS:
        return None
    due_days, gaps = days_of_months(first_on.day)
    due_day = due_days[first : last + 1 : step]
    day_count = conventions.day_count
    if day_count is _ACT_365F:
        year_days = 365
    elif day_count in _THIRTY_360:
        return _dates_360(terms, due_day)
    else:
        year_days = actual_year_days(day_count)
        if year_days == 0:
            return None
    first_days = first_on.toordinal() - terms.disbursed_on.toordinal()
    if step == 1 and first and gaps[first - 1] == first_days:
        # Most loans are paid out a month before the first due date.
        period_days = gaps[first - 1 : last]
    else:
        later = gaps[first:last] if step == 1 else map(sub, due_day[1:], due_day)
        period_days = (first_days, *later)
    return due_day, period_days, year_days, 31 * step, False


def _dates_360(terms: LoanTerms, due_day: Column) -> _Dates | None:
    first_on, disbursed_on = terms.first_due_on, terms.disbursed_on
    if first_on.day > _PLAIN_360_DAY_MAX or disbursed_on.day > _PLAIN_360_DAY_MAX:
        return None
    months = 12 * (first_on.year - disbursed_on.year)
    months += first_on.month - disbursed_on.month
    odd_days = first_on.day - disbursed_on.day
    step = terms.frequency.count
    later = [step] * (terms.installment_count - 1)
    if odd_days == 0:
        # Whole months of twelve say the same in smaller numbers.
        return due_day, (months, *later), 12, step, True
    first_days = 30 * months + odd_days
    return due_day, (first_days, *[30 * step] * len(later)), 360, 30 * step, True


def _dates_by_days(terms: LoanTerms, conventions: ScheduleConventions) -> _Dates | None:
    frequency, first_on = terms.frequency, terms.first_due_on
    year_days = actual_year_days(conventions.day_count)
    if frequency.unit is FrequencyUnit.SEMIMONTH or year_days == 0:
        return None
    step = frequency.count * (7 if frequency.unit is FrequencyUnit.WEEK else 1)
    first = first_on.toordinal() - EPOCH_ORDINAL
    later_count = terms.installment_count - 1
    end = first + later_count * step + 1
    if end > _END_DAY:
        return None
    first_days = (first_on - terms.disbursed_on).days
    due_day = tuple(range(first, end, step))
    return due_day, (first_days, *[step] * later_count), year_days, step, True


def actual_year_days(day_count: DayCount | SplitDayCount) -> int:
    """Return the days of the year by which actual days are divided; 0: they are not.

    Example:
        >>> from microcrm_core.dates import DayCount
        >>> from microcrm_core.loans.plain import actual_year_days
        >>> [actual_year_days(DayCount(name)) for name in ("ACT/360", "30E/360")]
        [360, 0]
    """
    for known, year_days in _ACTUAL_YEAR_DAYS:
        if day_count is known:
            return year_days
    return 0


@cache
def days_of_months(due_day: int) -> tuple[Column, Column]:
    """Return the due day of every month of three centuries, and the days between.

    The first month is January 1900; a short month has its last day instead.

    Example:
        >>> from microcrm_core.loans.plain import days_of_months
        >>> days_of_months(31)[1][:3]
        (28, 31, 30)
    """
    days = tuple(
        dt.date(year, month, min(due_day, monthrange(year, month)[1])).toordinal()
        - EPOCH_ORDINAL
        for year in range(_FIRST_YEAR, _END_YEAR)
        for month in range(1, 13)
    )
    return days, tuple(map(sub, days[1:], days))


def series_dates(
    first_on: dt.date, frequency: Frequency, count: int, roll: RollRule
) -> tuple[dt.date, ...]:
    """Return the dates of a series, months on one day in a quick way.

    Raises:
        InvalidValueError: A date would leave the calendar.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import Frequency, RollRule
        >>> from microcrm_core.loans.plain import series_dates
        >>> first_on, monthly = dt.date(2025, 1, 31), Frequency.MONTHLY
        >>> dates = series_dates(first_on, monthly, 2, RollRule.DAY_OF_MONTH)
        >>> [str(on) for on in dates]
        ['2025-01-31', '2025-02-28']
    """
    step = frequency.count
    month = 12 * (first_on.year - _FIRST_YEAR) + first_on.month - 1
    end = month + count * step
    is_quick = frequency.unit is _MONTH and roll == _DAY_OF_MONTH
    if not is_quick or month < 0 or end > _MONTHS:
        return due_dates(first_on, frequency, count, roll)
    days, _ = days_of_months(first_on.day)
    return tuple(
        [dt.date.fromordinal(day + EPOCH_ORDINAL) for day in days[month:end:step]]
    )
