"""How much of a year lies between two dates.

Lenders and markets count days in different ways, and the interest on the same loan
differs by the way. A `DayCount` names the way; `year_fraction` gives the exact
fraction of a year. Some ways cannot be told from two dates: they need the schedule,
the end of the contract or a calendar, say so in `DayCount.needs`, and are refused
without it.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.dates import DayCount, year_fraction
    >>> start_on, end_on = dt.date(2024, 1, 31), dt.date(2024, 2, 29)
    >>> year_fraction(DayCount.ACT_365F, start_on, end_on)
    Fraction(29, 365)
    >>> year_fraction(DayCount.THIRTY_360_BOND, start_on, end_on)
    Fraction(29, 360)
    >>> year_fraction(
    ...     DayCount.THIRTY_E_360_ISDA, start_on, end_on, termination_on=end_on
    ... )
    Fraction(29, 360)
"""

from __future__ import annotations

import datetime as dt
from calendar import isleap
from collections.abc import Callable, Iterable
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeAlias

import attrs

from microcrm_core.checks import day, whole_number
from microcrm_core.dates.calendars import BusinessCalendar
from microcrm_core.dates.rolling import add_months, month_end
from microcrm_core.errors import InvalidValueError

__all__ = ["DayCount", "count_days", "year_fraction"]

Period: TypeAlias = tuple[dt.date, dt.date]


class DayCount(StrEnum):
    """A convention for counting days and the length of the year.

    The text is the stored form.

    Source:
        2006 ISDA Definitions, section 4.16; ICMA rule 251; the annex on day counts
        of the French banking federation's master agreement (AFB).

    Example:
        >>> from microcrm_core.dates import DayCount
        >>> DayCount("ACT/360") is DayCount.ACT_360
        True
    """

    THIRTY_360_BOND = "30/360"
    """Bond basis, ISDA 4.16(f)."""
    THIRTY_360_US = "30/360 US"
    """Bond basis after the end of February is made a 30th."""
    THIRTY_E_360 = "30E/360"
    """Eurobond basis, ISDA 4.16(g)."""
    THIRTY_E_360_ISDA = "30E/360 ISDA"
    """Every month end is a 30th, but the last February, ISDA 4.16(h)."""
    ACT_360 = "ACT/360"
    """Actual days over 360, ISDA 4.16(e)."""
    ACT_364 = "ACT/364"
    """Actual days over 364: 52 weeks are one year."""
    ACT_365F = "ACT/365F"
    """Actual days over 365, ISDA 4.16(d)."""
    ACT_ACT_ISDA = "ACT/ACT ISDA"
    """Days of leap years over 366, the others over 365, ISDA 4.16(b)."""
    ACT_ACT_ICMA = "ACT/ACT ICMA"
    """Each regular period is an equal part of the year, ISDA 4.16(c)."""
    ACT_ACT_AFB = "ACT/ACT AFB"
    """Whole years counted back from the end, the rest over 365 or 366."""
    ACT_365L = "ACT/365L"
    """Actual days over 366 if the coupon period has to do with a leap year."""
    NL_365 = "NL/365"
    """Actual days without any 29 February, over 365."""
    BUS_252 = "BUS/252"
    """Business days over 252."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The arguments of `year_fraction` without which this convention is refused.

        Example:
            >>> from microcrm_core.dates import DayCount
            >>> DayCount.ACT_365L.needs, DayCount.ACT_360.needs
            (('frequency', 'period_end_on'), ())
        """
        return _CONVENTIONS[self].needs


def year_fraction(
    day_count: DayCount,
    start_on: dt.date,
    end_on: dt.date,
    *,
    termination_on: dt.date | None = None,
    reference_periods: Iterable[Period] | None = None,
    frequency: int | None = None,
    period_end_on: dt.date | None = None,
    calendar: BusinessCalendar | None = None,
    is_signed: bool = False,
) -> Fraction:
    """Return the exact fraction of a year from *start_on* to *end_on*.

    The start is included, the end is not. What a convention does not need may be
    given and changes nothing, so that a loan can hand over all it knows.

    Args:
        day_count: The convention.
        start_on: First day that counts.
        end_on: First day that no longer counts.
        termination_on: Last day of the contract; None: not given.
        reference_periods: Regular periods in order, each from the end of the one
            before, that cover start and end; `notional_periods` makes them for a
            short or long first or last period. None: not given.
        frequency: Regular periods a year; None: not given.
        period_end_on: End of the interest period that the days lie in; None: not
            given.
        calendar: Which days are business days; None: not given.
        is_signed: Whether a start after the end is counted from the end and made
            negative. Such dates are refused otherwise.

    Raises:
        InvalidValueError: The start is after the end, something that the convention
            needs is missing, or the reference periods do not fit.

    Source:
        2006 ISDA Definitions, section 4.16; each convention cites its clause.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import DayCount, year_fraction
        >>> start_on, end_on = dt.date(2003, 11, 1), dt.date(2004, 5, 1)
        >>> year_fraction(
        ...     DayCount.ACT_ACT_ICMA,
        ...     start_on,
        ...     end_on,
        ...     reference_periods=[(start_on, end_on)],
        ...     frequency=2,
        ... )
        Fraction(1, 2)
    """
    span = _Span(
        termination_on=termination_on,
        reference_periods=reference_periods,
        frequency=frequency,
        period_end_on=period_end_on,
        calendar=calendar,
    )
    convention = _checked(day_count, span)
    first_on, last_on, sign = _ordered(start_on, end_on, is_signed=is_signed)
    if first_on == last_on:
        return Fraction(0)
    return sign * convention.fraction(first_on, last_on, span)


def count_days(
    day_count: DayCount,
    start_on: dt.date,
    end_on: dt.date,
    *,
    termination_on: dt.date | None = None,
    calendar: BusinessCalendar | None = None,
    is_signed: bool = False,
) -> int:
    """Return the days that the convention counts from *start_on* to *end_on*.

    Days of 30-day months, actual days, actual days without any 29 February, or
    business days: the numerator, where the convention has one.

    Args:
        day_count: The convention.
        start_on: First day that counts.
        end_on: First day that no longer counts.
        termination_on: As in `year_fraction`.
        calendar: As in `year_fraction`.
        is_signed: As in `year_fraction`.

    Raises:
        InvalidValueError: The start is after the end, or *termination_on* or
            *calendar* is needed and missing.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import DayCount, count_days
        >>> count_days(DayCount.NL_365, dt.date(2024, 2, 28), dt.date(2024, 3, 1))
        1
    """
    span = _Span(termination_on=termination_on, calendar=calendar)
    convention = _checked(day_count, span, only=("termination_on", "calendar"))
    first_on, last_on, sign = _ordered(start_on, end_on, is_signed=is_signed)
    return sign * convention.days(first_on, last_on, span)


@attrs.frozen(kw_only=True)
class _Span:
    """What a convention may know besides the two dates."""

    termination_on: dt.date | None = None
    reference_periods: Iterable[Period] | None = None
    frequency: int | None = None
    period_end_on: dt.date | None = None
    calendar: BusinessCalendar | None = None


_Days: TypeAlias = Callable[[dt.date, dt.date, _Span], int]
_Fraction: TypeAlias = Callable[[dt.date, dt.date, _Span], Fraction]


@attrs.frozen(kw_only=True)
class _Convention:
    """How one day count works: its days, its fraction, its needs."""

    days: _Days
    fraction: _Fraction
    needs: tuple[str, ...] = ()


def _checked(
    day_count: DayCount, span: _Span, only: tuple[str, ...] | None = None
) -> _Convention:
    convention = _CONVENTIONS.get(day_count)
    if convention is None:
        rule = f"must be one of {', '.join(DayCount)}"
        raise InvalidValueError("day_count", rule, day_count)
    for name in convention.needs:
        if getattr(span, name) is None and (only is None or name in only):
            raise InvalidValueError(name, f"must be given for {day_count}", None)
    return convention


def _ordered(
    start_on: dt.date, end_on: dt.date, *, is_signed: bool
) -> tuple[dt.date, dt.date, int]:
    day("start_on", start_on)
    day("end_on", end_on)
    if start_on <= end_on:
        return start_on, end_on, 1
    if not is_signed:
        rule = f"must not be after end_on {end_on.isoformat()}"
        raise InvalidValueError("start_on", rule, start_on)
    return end_on, start_on, -1


def _given(field: str, value: dt.date | None) -> dt.date:
    # `_checked` has refused a missing value; this also refuses a wrong type.
    return day(field, value)


def _actual_days(start_on: dt.date, end_on: dt.date, _span: _Span) -> int:
    return (end_on - start_on).days


def _days_360(start_on: dt.date, start_day: int, end_on: dt.date, end_day: int) -> int:
    months = 12 * (end_on.year - start_on.year) + end_on.month - start_on.month
    return 30 * months + end_day - start_day


def _bond_days(start_on: dt.date, end_on: dt.date, _span: _Span) -> int:
    start_day = min(start_on.day, 30)
    end_day = 30 if end_on.day == 31 and start_day == 30 else end_on.day
    return _days_360(start_on, start_day, end_on, end_day)


def _us_days(start_on: dt.date, end_on: dt.date, span: _Span) -> int:
    if not _is_february_end(start_on):
        return _bond_days(start_on, end_on, span)
    is_month_end = end_on.day == 31 or _is_february_end(end_on)
    return _days_360(start_on, 30, end_on, 30 if is_month_end else end_on.day)


def _eurobond_days(start_on: dt.date, end_on: dt.date, _span: _Span) -> int:
    return _days_360(start_on, min(start_on.day, 30), end_on, min(end_on.day, 30))


def _eurobond_isda_days(start_on: dt.date, end_on: dt.date, span: _Span) -> int:
    termination_on = _given("termination_on", span.termination_on)

    def thirtieth(on: dt.date) -> int:
        is_last_february = on == termination_on and on.month == 2
        if on == month_end(on) and not is_last_february:
            return 30
        return on.day

    return _days_360(start_on, thirtieth(start_on), end_on, thirtieth(end_on))


def _no_leap_days(start_on: dt.date, end_on: dt.date, _span: _Span) -> int:
    # A leap day counts with the date it ends on: after the start, up to the end.
    leap_days = _leap_days_up_to(end_on) - _leap_days_up_to(start_on)
    return (end_on - start_on).days - leap_days


def _business_days(start_on: dt.date, end_on: dt.date, span: _Span) -> int:
    if not isinstance(span.calendar, BusinessCalendar):
        rule = "must be a BusinessCalendar"
        raise InvalidValueError("calendar", rule, span.calendar)
    return span.calendar.count_business_days(start_on, end_on)


def _over(days: _Days, year_days: int, needs: tuple[str, ...] = ()) -> _Convention:
    def fraction(start_on: dt.date, end_on: dt.date, span: _Span) -> Fraction:
        return Fraction(days(start_on, end_on, span), year_days)

    return _Convention(days=days, fraction=fraction, needs=needs)


def _actual_isda(start_on: dt.date, end_on: dt.date, _span: _Span) -> Fraction:
    days = (end_on - start_on).days
    leap_year_days = _leap_year_days_before(end_on) - _leap_year_days_before(start_on)
    return Fraction(leap_year_days, 366) + Fraction(days - leap_year_days, 365)


def _actual_icma(start_on: dt.date, end_on: dt.date, span: _Span) -> Fraction:
    frequency = whole_number("frequency", span.frequency, at_least=1)
    total = Fraction(0)
    covered_days = 0
    last_on: dt.date | None = None
    for period_start_on, period_end_on in span.reference_periods or ():
        _require_period(period_start_on, period_end_on, last_on)
        last_on = period_end_on
        days = (min(end_on, period_end_on) - max(start_on, period_start_on)).days
        if days > 0:
            period_days = (period_end_on - period_start_on).days
            total += Fraction(days, period_days * frequency)
            covered_days += days
    if covered_days != (end_on - start_on).days:
        rule = f"must cover {start_on.isoformat()} to {end_on.isoformat()}"
        found = f"{covered_days} days covered"
        raise InvalidValueError("reference_periods", rule, found)
    return total


def _require_period(
    start_on: dt.date, end_on: dt.date, last_on: dt.date | None
) -> None:
    day("reference_periods", start_on)
    day("reference_periods", end_on)
    if start_on >= end_on:
        rule = f"must each end after their start {start_on.isoformat()}"
        raise InvalidValueError("reference_periods", rule, end_on)
    if last_on is not None and start_on != last_on:
        rule = f"must each start where the one before ends, {last_on.isoformat()}"
        raise InvalidValueError("reference_periods", rule, start_on)


def _actual_afb(start_on: dt.date, end_on: dt.date, _span: _Span) -> Fraction:
    years = end_on.year - start_on.year
    rest_end_on = add_months(end_on, -12 * years)
    if rest_end_on < start_on:
        years -= 1
        rest_end_on = add_months(end_on, -12 * years)
    # The rest holds a 29 February if one lies from its start, before its end.
    has_leap_day = _leap_days_before(rest_end_on) > _leap_days_before(start_on)
    days = (rest_end_on - start_on).days
    return years + Fraction(days, 366 if has_leap_day else 365)


def _actual_365l(start_on: dt.date, end_on: dt.date, span: _Span) -> Fraction:
    frequency = whole_number("frequency", span.frequency, at_least=1)
    period_end_on = _given("period_end_on", span.period_end_on)
    if period_end_on < end_on:
        rule = f"must not be before end_on {end_on.isoformat()}"
        raise InvalidValueError("period_end_on", rule, period_end_on)
    if frequency == 1:
        is_long = _leap_days_up_to(period_end_on) > _leap_days_up_to(start_on)
    else:
        is_long = isleap(period_end_on.year)
    return Fraction((end_on - start_on).days, 366 if is_long else 365)


def _is_february_end(on: dt.date) -> bool:
    return on.month == 2 and on == month_end(on)


def _leap_years_before(year: int) -> int:
    years = year - 1
    return years // 4 - years // 100 + years // 400


def _leap_days_before(on: dt.date) -> int:
    is_passed = isleap(on.year) and (on.month, on.day) > (2, 29)
    return _leap_years_before(on.year) + is_passed


def _leap_days_up_to(on: dt.date) -> int:
    return _leap_days_before(on) + ((on.month, on.day) == (2, 29))


def _leap_year_days_before(on: dt.date) -> int:
    days = 366 * _leap_years_before(on.year)
    if isleap(on.year):
        days += (on - dt.date(on.year, 1, 1)).days
    return days


_CONVENTIONS: Final = {
    DayCount.THIRTY_360_BOND: _over(_bond_days, 360),
    DayCount.THIRTY_360_US: _over(_us_days, 360),
    DayCount.THIRTY_E_360: _over(_eurobond_days, 360),
    DayCount.THIRTY_E_360_ISDA: _over(_eurobond_isda_days, 360, ("termination_on",)),
    DayCount.ACT_360: _over(_actual_days, 360),
    DayCount.ACT_364: _over(_actual_days, 364),
    DayCount.ACT_365F: _over(_actual_days, 365),
    DayCount.ACT_ACT_ISDA: _Convention(days=_actual_days, fraction=_actual_isda),
    DayCount.ACT_ACT_ICMA: _Convention(
        days=_actual_days,
        fraction=_actual_icma,
        needs=("reference_periods", "frequency"),
    ),
    DayCount.ACT_ACT_AFB: _Convention(days=_actual_days, fraction=_actual_afb),
    DayCount.ACT_365L: _Convention(
        days=_actual_days,
        fraction=_actual_365l,
        needs=("frequency", "period_end_on"),
    ),
    DayCount.NL_365: _over(_no_leap_days, 365),
    DayCount.BUS_252: _over(_business_days, 252, ("calendar",)),
}
