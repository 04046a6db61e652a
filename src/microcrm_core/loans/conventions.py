"""How a lender turns terms into dates and amounts: conventions as policy data.

Two lenders with the same terms differ by cents, because one counts days by the calendar
and the other months of thirty, one rounds ties to even and the other up, one lets
the last installment take the rest and the other the first. Each such choice is a field
of `ScheduleConventions`. No function of this library has default conventions: the
caller names a preset or states his own. Read `schedule` next.

Example:
    >>> from microcrm_core.loans import STRICT
    >>> str(STRICT.day_count), str(STRICT.rounding), str(STRICT.roll)
    ('ACT/365F', 'half_even', 'day_of_month')
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import attrs

from microcrm_core.checks import kind_field, name_text_field, whole_number_field
from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    DayCount,
    RollRule,
)
from microcrm_core.errors import InvalidValueError
from microcrm_core.rounding import Rounding

__all__ = [
    "FINERACT",
    "FINERACT_CUMULATIVE",
    "STRICT",
    "STRICT_30_360",
    "Accrual",
    "Arithmetic",
    "BusinessDays",
    "Collision",
    "DaysInMonth",
    "DaysInYear",
    "InterestDate",
    "LeapRule",
    "Remainder",
    "ScheduleConventions",
    "ShortPeriod",
    "SplitDayCount",
    "require_conventions",
]


class Arithmetic(StrEnum):
    """With which numbers a schedule is computed.

    Attributes:
        EXACT: Exact fractions, rounded once where an amount is made.
        FINERACT_PROGRESSIVE: Decimals of 19 digits in the order of operations of the
            progressive loan engine of Apache Fineract; see `fineract_progressive`.
        FINERACT_CUMULATIVE: The same for its older, cumulative engine; see
            `fineract_cumulative`.

    Example:
        >>> from microcrm_core.loans import Arithmetic
        >>> Arithmetic("exact") is Arithmetic.EXACT
        True
    """

    EXACT = "exact"
    FINERACT_PROGRESSIVE = "fineract_progressive"
    FINERACT_CUMULATIVE = "fineract_cumulative"


class DaysInYear(StrEnum):
    """How many days a year has when interest is counted.

    Example:
        >>> from microcrm_core.loans import DaysInYear
        >>> DaysInYear("365").days, DaysInYear.ACTUAL.days
        (365, None)
    """

    DAYS_360 = "360"
    DAYS_364 = "364"
    DAYS_365 = "365"
    ACTUAL = "actual"

    @property
    def days(self) -> int | None:
        """The days; None: 365 or 366 by the calendar."""
        return None if self is DaysInYear.ACTUAL else int(self.value)


class DaysInMonth(StrEnum):
    """How many days a month has when interest is counted.

    Example:
        >>> from microcrm_core.loans import DaysInMonth
        >>> DaysInMonth("30") is DaysInMonth.DAYS_30
        True
    """

    DAYS_30 = "30"
    ACTUAL = "actual"


class LeapRule(StrEnum):
    """When a year of actual length has 366 days.

    Attributes:
        EVERY_DAY: For every day of a leap year.
        FEB_29_PERIOD_ONLY: Only in a period that contains 29 February.

    Example:
        >>> from microcrm_core.loans import LeapRule
        >>> LeapRule("every_day") is LeapRule.EVERY_DAY
        True
    """

    EVERY_DAY = "every_day"
    FEB_29_PERIOD_ONLY = "feb_29_period_only"


@attrs.frozen(kw_only=True)
class SplitDayCount:
    """A day count that is set in two parts, as core banking systems do.

    With months of actual length, interest runs by days over the days of the year. With
    months of 30 days, a period of whole months or weeks counts 30 or 7 days for each,
    whatever the calendar says, and a part of it counts by its share of the days.

    Attributes:
        days_in_year: Days of the year.
        days_in_month: Days of a month.
        leap_rule: When an actual year has 366 days.

    Raises:
        InvalidValueError: A field is of the wrong kind.

    Source:
        The settings "days in year" and "days in month" of Apache Fineract.

    Example:
        >>> from microcrm_core.loans import DaysInMonth, DaysInYear, SplitDayCount
        >>> str(
        ...     SplitDayCount(
        ...         days_in_year=DaysInYear.DAYS_360, days_in_month=DaysInMonth.DAYS_30
        ...     )
        ... )
        '360/30'
    """

    days_in_year: DaysInYear = attrs.field(validator=kind_field(DaysInYear))
    days_in_month: DaysInMonth = attrs.field(validator=kind_field(DaysInMonth))
    leap_rule: LeapRule = attrs.field(
        default=LeapRule.EVERY_DAY, validator=kind_field(LeapRule)
    )

    def __str__(self) -> str:
        """Return the days of the year and of the month."""
        return f"{self.days_in_year}/{self.days_in_month}"


class Accrual(StrEnum):
    """What interest is counted by.

    Attributes:
        DAILY: By days, as the day count says.
        PER_PERIOD: Every period counts as the same part of a year, a month as a twelfth
            and a week as 1/52; only a part of a period is counted by days.

    Example:
        >>> from microcrm_core.loans import Accrual
        >>> Accrual("daily") is Accrual.DAILY
        True
    """

    DAILY = "daily"
    PER_PERIOD = "per_period"


class ShortPeriod(StrEnum):
    """What a first period bears that is shorter than the others.

    Attributes:
        BY_DAYS: Interest for its days.
        WHOLE_PERIOD: Interest as if it were a whole period.
        INTEREST_FREE: No interest.

    Example:
        >>> from microcrm_core.loans import ShortPeriod
        >>> ShortPeriod("by_days") is ShortPeriod.BY_DAYS
        True
    """

    BY_DAYS = "by_days"
    WHOLE_PERIOD = "whole_period"
    INTEREST_FREE = "interest_free"


class Remainder(StrEnum):
    """Which installment takes what equal amounts leave over.

    Attributes:
        LAST: The last; the others are equal, and it is no larger than they are.
        FIRST: The first; the others are equal.
        SMOOTHED: The last, but the amount of the others is the one that leaves it as
            close to them as can be, be it larger or smaller.

    Example:
        >>> from microcrm_core.loans import Remainder
        >>> Remainder("last") is Remainder.LAST
        True
    """

    LAST = "last"
    FIRST = "first"
    SMOOTHED = "smoothed"


class InterestDate(StrEnum):
    """To which date interest runs where a due date was moved to a business day.

    Example:
        >>> from microcrm_core.loans import InterestDate
        >>> InterestDate("original") is InterestDate.ORIGINAL
        True
    """

    ORIGINAL = "original"
    MOVED = "moved"


class Collision(StrEnum):
    """What happens to installments whose moved due dates fall on one day.

    Attributes:
        KEPT: Both are due that day.
        MERGED: They become one installment.

    Example:
        >>> from microcrm_core.loans import Collision
        >>> Collision("kept") is Collision.KEPT
        True
    """

    KEPT = "kept"
    MERGED = "merged"


@attrs.frozen(kw_only=True)
class BusinessDays:
    """How due dates keep to business days.

    Attributes:
        rule: Where a due date goes that is no business day.
        calendar: Which days are business days.
        interest_to: To which of the two dates interest runs.
        collision: What happens where two due dates meet.

    Raises:
        InvalidValueError: A field is of the wrong kind.

    Example:
        >>> from microcrm_core.dates import BusinessCalendar, BusinessDayRule
        >>> from microcrm_core.loans import BusinessDays, Collision, InterestDate
        >>> BusinessDays(
        ...     rule=BusinessDayRule.FOLLOWING,
        ...     calendar=BusinessCalendar(name="weekends"),
        ...     interest_to=InterestDate.ORIGINAL,
        ...     collision=Collision.KEPT,
        ... ).rule.value
        'following'
    """

    rule: BusinessDayRule = attrs.field(validator=kind_field(BusinessDayRule))
    calendar: BusinessCalendar = attrs.field(validator=kind_field(BusinessCalendar))
    interest_to: InterestDate = attrs.field(validator=kind_field(InterestDate))
    collision: Collision = attrs.field(validator=kind_field(Collision))


@attrs.frozen(kw_only=True)
class ScheduleConventions:
    """How a lender turns terms into dates and amounts: policy data.

    Attributes:
        id: Name under which decisions and tests refer to them.
        day_count: How much of a year lies between two dates.
        rounding: Where the interest of a period is rounded to whole minor units.
        roll: On which day of a month a due date falls.
        arithmetic: With which numbers amounts are computed.
        accrual: Whether interest is counted by days or by periods.
        short_period: What a short first period bears.
        currency_multiple: Every rounded amount is a multiple of so many minor units.
        installment_multiple: The equal amounts are multiples of so many minor units;
            the installment that takes the remainder need not be.
        remainder: Which installment takes what equal amounts leave over.
        business_days: How due dates keep to business days; None: they do not.
        has_interest_on_disbursement_day: Whether the first day bears interest and the
            day of payment does not, instead of the other way round. It decides to
            which year a day belongs, and where a pause or a new rate begins.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import attrs
        >>> from microcrm_core.dates import DayCount
        >>> from microcrm_core.loans import STRICT
        >>> lender = attrs.evolve(STRICT, id="ours", day_count=DayCount.ACT_360)
        >>> lender.id
        'ours'
    """

    id: str = attrs.field(validator=name_text_field)
    day_count: DayCount | SplitDayCount = attrs.field(
        validator=kind_field(DayCount, SplitDayCount)
    )
    rounding: Rounding = attrs.field(validator=kind_field(Rounding))
    roll: RollRule = attrs.field(validator=kind_field(RollRule))
    arithmetic: Arithmetic = attrs.field(
        default=Arithmetic.EXACT, validator=kind_field(Arithmetic)
    )
    accrual: Accrual = attrs.field(default=Accrual.DAILY, validator=kind_field(Accrual))
    short_period: ShortPeriod = attrs.field(
        default=ShortPeriod.BY_DAYS, validator=kind_field(ShortPeriod)
    )
    currency_multiple: int = attrs.field(
        default=1, validator=whole_number_field(at_least=1)
    )
    installment_multiple: int = attrs.field(
        default=1, validator=whole_number_field(at_least=1)
    )
    remainder: Remainder = attrs.field(
        default=Remainder.LAST, validator=kind_field(Remainder)
    )
    business_days: BusinessDays | None = attrs.field(
        default=None, validator=kind_field(BusinessDays, type(None))
    )
    has_interest_on_disbursement_day: bool = attrs.field(
        default=False, validator=kind_field(bool)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse multiples that exclude each other, and unknown pairs."""
        if self.installment_multiple % self.currency_multiple:
            rule = f"must be a multiple of currency_multiple {self.currency_multiple}"
            raise InvalidValueError(
                "installment_multiple", rule, self.installment_multiple
            )
        is_exact = self.arithmetic is Arithmetic.EXACT
        if not is_exact and not isinstance(self.day_count, SplitDayCount):
            rule = f"must be a SplitDayCount for {self.arithmetic}"
            raise InvalidValueError("day_count", rule, self.day_count.value)


STRICT: Final = ScheduleConventions(
    id="strict",
    day_count=DayCount.ACT_365F,
    rounding=Rounding.HALF_EVEN,
    roll=RollRule.DAY_OF_MONTH,
)
"""Clean conventions without history: ACT/365F, half even, day of month kept."""

STRICT_30_360: Final = ScheduleConventions(
    id="strict_30_360",
    day_count=DayCount.THIRTY_360_BOND,
    rounding=Rounding.HALF_EVEN,
    roll=RollRule.DAY_OF_MONTH,
)
"""As `STRICT`, with months of thirty days: the same interest in every month."""

FINERACT: Final = ScheduleConventions(
    id="fineract",
    day_count=SplitDayCount(
        days_in_year=DaysInYear.DAYS_360, days_in_month=DaysInMonth.DAYS_30
    ),
    rounding=Rounding.HALF_EVEN,
    roll=RollRule.DAY_OF_MONTH,
    arithmetic=Arithmetic.FINERACT_PROGRESSIVE,
    remainder=Remainder.SMOOTHED,
)
"""The progressive loan engine of Apache Fineract, to the cent, with 360/30 days.

Other products of that engine are changed copies: `attrs.evolve(FINERACT, id=...,
day_count=...)`.
"""

FINERACT_CUMULATIVE: Final = ScheduleConventions(
    id="fineract_cumulative",
    day_count=SplitDayCount(
        days_in_year=DaysInYear.ACTUAL, days_in_month=DaysInMonth.ACTUAL
    ),
    rounding=Rounding.HALF_EVEN,
    roll=RollRule.DAY_OF_MONTH,
    arithmetic=Arithmetic.FINERACT_CUMULATIVE,
    accrual=Accrual.PER_PERIOD,
)
"""The older, cumulative loan engine of Apache Fineract, to the cent."""


def require_conventions(conventions: object) -> None:
    """Refuse what is no `ScheduleConventions`, by name.

    Raises:
        InvalidValueError: It is something else, as the name of a preset.

    Example:
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.conventions import require_conventions
        >>> require_conventions(STRICT)
    """
    if not isinstance(conventions, ScheduleConventions):
        hint = "a preset such as microcrm_core.STRICT, without quotation marks"
        rule = "must be ScheduleConventions"
        raise InvalidValueError("conventions", rule, conventions, hint=hint)
