"""Which conventions columns can hold, and what they mean for the periods of a loan.

Columns count interest in whole numbers over a constant. Where the fractions of a year
are none, the conventions are refused by name, with the way out.

Example:
    >>> from microcrm_core.loans import FINERACT
    >>> from microcrm_core.loans.held_conventions_batch import require_held
    >>> require_held(FINERACT)
    Traceback (most recent call last):
    ...
    microcrm_core.errors.InvalidValueError: arithmetic must be exact in columns, got
    'fineract_progressive'; use build_schedule for each loan
"""

from __future__ import annotations

from typing import Final

from microcrm_core.dates import DayCount, Frequency, FrequencyUnit, RollKind
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.conventions import (
    Accrual,
    Arithmetic,
    DaysInMonth,
    InterestDate,
    ScheduleConventions,
    SplitDayCount,
    require_conventions,
)
from microcrm_core.loans.day_counts_batch import YEAR_UNITS

__all__ = [
    "MULTIPLE_MAX",
    "has_even_periods",
    "has_notional_periods",
    "is_interest_moved",
    "require_held",
]

_ACTUAL: Final = (DayCount.ACT_360, DayCount.ACT_364, DayCount.ACT_365F)
# Not 30/360 US, which makes a 30th of 28 February in some years.
_THIRTY: Final = (DayCount.THIRTY_360_BOND, DayCount.THIRTY_E_360)
MULTIPLE_MAX: Final = 2**31
"""Amounts in columns are multiples of so many minor units or fewer."""

_SINGLY: Final = "use build_schedule for each loan"


def require_held(conventions: ScheduleConventions) -> None:
    """Refuse conventions that columns cannot hold, by name.

    Raises:
        InvalidValueError: They are no `ScheduleConventions`; the arithmetic is not
            exact; a multiple is above `MULTIPLE_MAX`; or fractions of a year are no
            whole numbers over a constant: ACT/ACT AFB, BUS/252, months of 30 days
            in years of actual length, and ACT/ACT ICMA or months of 30 days with
            interest to the moved date.

    Example:
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.held_conventions_batch import require_held
        >>> require_held(STRICT)
    """
    require_conventions(conventions)
    if conventions.arithmetic is not Arithmetic.EXACT:
        rule = "must be exact in columns"
        found = conventions.arithmetic.value
        raise InvalidValueError("arithmetic", rule, found, hint=_SINGLY)
    for name in ("currency_multiple", "installment_multiple"):
        multiple: int = getattr(conventions, name)
        if multiple > MULTIPLE_MAX:
            rule = f"must be {MULTIPLE_MAX} or less in columns"
            raise InvalidValueError(name, rule, multiple, hint=_SINGLY)
    if conventions.accrual is Accrual.PER_PERIOD:
        return
    day_count = conventions.day_count
    if isinstance(day_count, SplitDayCount):
        is_thirty = day_count.days_in_month is DaysInMonth.DAYS_30
        if is_thirty and day_count.days_in_year.days is None:
            rule = "must have months or years of a fixed length, not of both kinds"
            found = str(day_count)
            raise InvalidValueError("day_count", rule, found, hint=_SINGLY)
    else:
        is_thirty = day_count is DayCount.ACT_ACT_ICMA
        if not is_thirty and day_count not in YEAR_UNITS:
            known = ", ".join((*YEAR_UNITS, DayCount.ACT_ACT_ICMA))
            rule = f"must be one of {known} in columns"
            raise InvalidValueError("day_count", rule, day_count.value, hint=_SINGLY)
    if is_thirty and is_interest_moved(conventions):
        rule = f"must be original in columns for {day_count}"
        found = InterestDate.MOVED.value
        raise InvalidValueError("interest_to", rule, found, hint=_SINGLY)


def has_even_periods(
    frequency: Frequency, conventions: ScheduleConventions, *, is_late: bool
) -> bool:
    """Return whether the periods after the first bear the same interest on a unit.

    Args:
        frequency: Time from one due day to the next.
        conventions: How days are moved and counted.
        is_late: Whether loans fall due after the 28th, which some month lacks.

    Example:
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loans import STRICT, STRICT_30_360
        >>> from microcrm_core.loans.held_conventions_batch import has_even_periods
        >>> has_even_periods(Frequency.MONTHLY, STRICT_30_360, is_late=False)
        True
        >>> has_even_periods(Frequency.MONTHLY, STRICT, is_late=False)
        False
    """
    if has_notional_periods(conventions):
        return True
    if is_interest_moved(conventions):
        return False
    day_count = conventions.day_count
    if isinstance(day_count, SplitDayCount):
        is_actual = day_count.days_in_year.days is not None
        is_thirty = False
    else:
        is_actual, is_thirty = day_count in _ACTUAL, day_count in _THIRTY
    if frequency.unit is FrequencyUnit.MONTH:
        roll = conventions.roll
        keeps_day = roll.kind is not RollKind.END_OF_MONTH and roll.day is None
        return is_thirty and keeps_day and not is_late
    return is_actual and frequency.unit is not FrequencyUnit.SEMIMONTH


def has_notional_periods(conventions: ScheduleConventions) -> bool:
    """Return whether every regular period is the same part of a year by definition.

    Example:
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.held_conventions_batch import has_notional_periods
        >>> has_notional_periods(STRICT)
        False
    """
    if conventions.accrual is Accrual.PER_PERIOD:
        return True
    day_count = conventions.day_count
    if isinstance(day_count, SplitDayCount):
        return day_count.days_in_month is DaysInMonth.DAYS_30
    return day_count is DayCount.ACT_ACT_ICMA


def is_interest_moved(conventions: ScheduleConventions) -> bool:
    """Return whether interest runs to due dates that were moved to business days.

    Example:
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.held_conventions_batch import is_interest_moved
        >>> is_interest_moved(STRICT)
        False
    """
    business_days = conventions.business_days
    return business_days is not None and business_days.interest_to is InterestDate.MOVED
