"""Where a date goes that falls on a closed day.

Due dates roll first and are adjusted after: `microcrm_core.dates.frequency` makes the
dates of the series, a `BusinessDayRule` moves each to a business day. Keep both, as
`AdjustedDate` does: interest normally runs on the dates before adjustment, and the
next date is never computed from an adjusted one.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.dates import BusinessCalendar, BusinessDayRule, adjust_date
    >>> plain = BusinessCalendar(name="plain")
    >>> adjust_date(dt.date(2014, 8, 30), BusinessDayRule.MODIFIED_FOLLOWING, plain)
    datetime.date(2014, 8, 29)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import attrs

from microcrm_core.checks import day, day_field, whole_number
from microcrm_core.dates.calendars import CLOSED_DAYS_MAX, BusinessCalendar, Weekday
from microcrm_core.dates.frequency import Frequency, FrequencyUnit
from microcrm_core.dates.rolling import month_end, roll_date
from microcrm_core.errors import InvalidValueError

__all__ = [
    "AdjustedDate",
    "BusinessDayRule",
    "adjust_date",
    "advance_business_days",
    "advance_date",
    "keep_both_dates",
]

HALF_MONTH_DAY: Final = 15
"""The last day of the first half of every month."""
BUSINESS_DAYS_MAX: Final = 100_000
"""How many business days one step may count."""


class BusinessDayRule(StrEnum):
    """How a date moves off a closed day. A business day never moves.

    The text is the stored form. "Nearest" has two meanings in the market, so
    neither has the plain name.

    Source:
        2006 ISDA Definitions, section 4.12, for following, modified following and
        preceding; the others are named after the OpenGamma Strata and QuantLib rules.

    Example:
        >>> from microcrm_core.dates import BusinessDayRule
        >>> BusinessDayRule("following") is BusinessDayRule.FOLLOWING
        True
    """

    NO_ADJUST = "no_adjust"
    """Stay, even on a closed day."""
    FOLLOWING = "following"
    """The next business day."""
    MODIFIED_FOLLOWING = "modified_following"
    """The next business day of the same month, else the one before."""
    HALF_MONTH_MODIFIED_FOLLOWING = "half_month_modified_following"
    """The same, and the 15th is not crossed either."""
    PRECEDING = "preceding"
    """The business day before."""
    MODIFIED_PRECEDING = "modified_preceding"
    """The business day before in the same month, else the next one."""
    NEAREST_SUNDAY_MONDAY = "nearest_sunday_monday_rule"
    """The next business day from a Sunday or Monday, else the one before."""
    NEAREST_TRUE = "nearest_true"
    """The business day fewer days away, the next one on a tie."""


@attrs.frozen
class AdjustedDate:
    """A date before and after adjustment.

    Attributes:
        unadjusted_on: The date of the series; interest normally runs on it.
        adjusted_on: The business day on which something happens.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import AdjustedDate
        >>> AdjustedDate(dt.date(2014, 8, 31), dt.date(2014, 9, 1)).moved_days
        1
    """

    unadjusted_on: dt.date = attrs.field(validator=day_field)
    adjusted_on: dt.date = attrs.field(validator=day_field)

    @property
    def moved_days(self) -> int:
        """Days from the unadjusted to the adjusted date; negative if it moved back."""
        return (self.adjusted_on - self.unadjusted_on).days


def adjust_date(
    on: dt.date, rule: BusinessDayRule, calendar: BusinessCalendar
) -> dt.date:
    """Return the business day to which *rule* moves *on*.

    Raises:
        InvalidValueError: The rule is unknown, a day that decides is outside the
            years of the calendar, or no business day is at most 366 days away.

    Source:
        See `BusinessDayRule`.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import BusinessCalendar, BusinessDayRule
        >>> from microcrm_core.dates import adjust_date
        >>> plain = BusinessCalendar(name="plain")
        >>> adjust_date(dt.date(2014, 11, 15), BusinessDayRule.PRECEDING, plain)
        datetime.date(2014, 11, 14)
    """
    day("on", on)
    rule = _known_rule(rule)
    if rule is BusinessDayRule.NO_ADJUST or calendar.is_business_day(on):
        return on
    match rule:
        case BusinessDayRule.FOLLOWING:
            return calendar.next_business_day(on)
        case BusinessDayRule.PRECEDING:
            return calendar.previous_business_day(on)
        case BusinessDayRule.MODIFIED_FOLLOWING:
            return _following_up_to(on, month_end(on), calendar)
        case BusinessDayRule.HALF_MONTH_MODIFIED_FOLLOWING:
            is_first_half = on.day <= HALF_MONTH_DAY
            limit_on = on.replace(day=HALF_MONTH_DAY) if is_first_half else None
            return _following_up_to(on, limit_on or month_end(on), calendar)
        case BusinessDayRule.MODIFIED_PRECEDING:
            return _preceding_down_to(on, on.replace(day=1), calendar)
        case BusinessDayRule.NEAREST_SUNDAY_MONDAY:
            if Weekday.of(on) in (Weekday.SUNDAY, Weekday.MONDAY):
                return calendar.next_business_day(on)
            return calendar.previous_business_day(on)
        case BusinessDayRule.NEAREST_TRUE:
            return _nearest(on, calendar)


def keep_both_dates(
    dates: Iterable[dt.date], rule: BusinessDayRule, calendar: BusinessCalendar
) -> tuple[AdjustedDate, ...]:
    """Return each date with the business day to which *rule* moves it, in order.

    Raises:
        InvalidValueError: As `adjust_date`.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import BusinessCalendar, BusinessDayRule
        >>> from microcrm_core.dates import Frequency, due_dates, keep_both_dates
        >>> dates = due_dates(dt.date(2014, 8, 31), Frequency.MONTHLY, 3)
        >>> plain = BusinessCalendar(name="plain")
        >>> pairs = keep_both_dates(dates, BusinessDayRule.FOLLOWING, plain)
        >>> [pair.adjusted_on.isoformat() for pair in pairs]
        ['2014-09-01', '2014-09-30', '2014-10-31']
    """
    return tuple(AdjustedDate(on, adjust_date(on, rule, calendar)) for on in dates)


def advance_business_days(
    on: dt.date, count: int, calendar: BusinessCalendar
) -> dt.date:
    """Return the business day that is *count* business days after *on*.

    A negative count goes back. A count of 0 gives *on* itself, open or not: adjust
    it where that matters.

    Raises:
        InvalidValueError: A day on the way is outside the years of the calendar, or
            *count* is beyond 100,000.

    Source:
        Service clocks: 15 working days after Friday 26 September 2025 in China end on
        23 October, with the make-up working days of that autumn.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import BusinessCalendar, advance_business_days
        >>> plain = BusinessCalendar(name="plain")
        >>> advance_business_days(dt.date(2024, 5, 31), 2, plain)
        datetime.date(2024, 6, 4)
    """
    day("on", on)
    whole_number("count", count, at_least=-BUSINESS_DAYS_MAX, at_most=BUSINESS_DAYS_MAX)
    for _ in range(abs(count)):
        if count > 0:
            on = calendar.next_business_day(on)
        else:
            on = calendar.previous_business_day(on)
    return on


def advance_date(
    on: dt.date,
    frequency: Frequency,
    count: int,
    rule: BusinessDayRule,
    calendar: BusinessCalendar,
    *,
    is_month_end_kept: bool = False,
) -> dt.date:
    """Return *on* moved by *count* periods of *frequency*, then adjusted.

    With *is_month_end_kept*, whole months lead from the last business day of a month
    to the last business day of another; under `no_adjust`, from the last day to the
    last day. A count of 0 only adjusts.

    Args:
        on: The date to move.
        frequency: Length of a period.
        count: How many periods; negative goes back.
        rule: How the moved date is adjusted.
        calendar: Which days are business days.
        is_month_end_kept: Whether a month end stays one; matters to months only.

    Raises:
        InvalidValueError: As `roll_date` and `adjust_date`.

    Source:
        The end-of-month flag as QuantLib's calendars define it.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import BusinessCalendar, BusinessDayRule
        >>> from microcrm_core.dates import Frequency, advance_date
        >>> advance_date(
        ...     dt.date(2015, 1, 30),
        ...     Frequency.MONTHLY,
        ...     1,
        ...     BusinessDayRule.FOLLOWING,
        ...     BusinessCalendar(name="plain"),
        ...     is_month_end_kept=True,
        ... )
        datetime.date(2015, 2, 27)
    """
    moved_on = roll_date(on, frequency, count)
    if is_month_end_kept and count and frequency.unit is FrequencyUnit.MONTH:
        if rule == BusinessDayRule.NO_ADJUST:
            return month_end(moved_on) if on == month_end(on) else moved_on
        if on >= _last_business_day(on, calendar):
            return _last_business_day(moved_on, calendar)
    return adjust_date(moved_on, rule, calendar)


def _known_rule(rule: BusinessDayRule) -> BusinessDayRule:
    try:
        return BusinessDayRule(rule)
    except ValueError:
        known = ", ".join(BusinessDayRule)
        raise InvalidValueError("rule", f"must be one of {known}", rule) from None


def _following_up_to(
    on: dt.date, limit_on: dt.date, calendar: BusinessCalendar
) -> dt.date:
    for distance in range(1, (limit_on - on).days + 1):
        candidate = on + dt.timedelta(days=distance)
        if calendar.is_business_day(candidate):
            return candidate
    return calendar.previous_business_day(on)


def _preceding_down_to(
    on: dt.date, limit_on: dt.date, calendar: BusinessCalendar
) -> dt.date:
    for distance in range(1, (on - limit_on).days + 1):
        candidate = on - dt.timedelta(days=distance)
        if calendar.is_business_day(candidate):
            return candidate
    return calendar.next_business_day(on)


def _nearest(on: dt.date, calendar: BusinessCalendar) -> dt.date:
    ordinal = on.toordinal()
    for distance in range(1, CLOSED_DAYS_MAX + 1):
        # Forward first, so that a tie goes forward.
        for number in (ordinal + distance, ordinal - distance):
            if not 1 <= number <= dt.date.max.toordinal():
                raise InvalidValueError("on", "must not be at the calendar's edge", on)
            candidate = dt.date.fromordinal(number)
            if calendar.is_business_day(candidate):
                return candidate
    rule = f"must have a business day at most {CLOSED_DAYS_MAX} days away"
    raise InvalidValueError("on", rule, on)


def _last_business_day(on: dt.date, calendar: BusinessCalendar) -> dt.date:
    return adjust_date(month_end(on), BusinessDayRule.PRECEDING, calendar)
