"""Unit periods: how United States law counts the time of a credit.

Regulation Z measures time in unit-periods: a day, a week, half a month, a month, a year
or, for a credit of one advance and one payment, its whole term. Full unit-periods
compound; what is left over, the odd days, bears simple interest. `count_unit_periods`
counts between two days; `payment_series` picks the unit-period of a credit.

Source:
    12 CFR 1026 (Regulation Z), Appendix J, paragraphs (b)(2) to (b)(5).

Example:
    >>> import datetime as dt
    >>> from microcrm_core.loans.unit_periods import UnitPeriod, count_unit_periods
    >>> month = UnitPeriod(1, "month")
    >>> count = count_unit_periods(dt.date(1979, 4, 10), dt.date(1979, 6, 12), month)
    >>> str(count), count.total
    ('2 + 2/30', Fraction(31, 15))
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.checks import day, kind_field, whole_number, whole_number_field
from microcrm_core.dates import Frequency, FrequencyUnit, add_months, month_end
from microcrm_core.errors import InvalidValueError

__all__ = [
    "UnitPeriod",
    "UnitPeriodCount",
    "UnitPeriodUnit",
    "count_unit_periods",
    "whole_months",
]

_MONTH_DAYS: Final = 30
_SEMIMONTH_DAYS: Final = 15
_YEAR_DAYS: Final = 365
_YEAR_WEEKS: Final = 52
_YEAR_MONTHS: Final = 12
_LAST_DAY: Final = 31


class UnitPeriodUnit(StrEnum):
    """What a unit-period is made of.

    Example:
        >>> from microcrm_core.loans.unit_periods import UnitPeriod, UnitPeriodUnit
        >>> UnitPeriod(2, "week").unit is UnitPeriodUnit.WEEK
        True
    """

    DAY = "day"
    WEEK = "week"
    SEMIMONTH = "semimonth"
    MONTH = "month"
    YEAR = "year"


def _unit(value: object) -> UnitPeriodUnit:
    try:
        return UnitPeriodUnit(str(value))
    except ValueError:
        known = ", ".join(UnitPeriodUnit)
        raise InvalidValueError("unit", f"must be one of {known}", value) from None


_COUNT_MAX: Final = {
    UnitPeriodUnit.DAY: _YEAR_DAYS,
    UnitPeriodUnit.WEEK: _YEAR_WEEKS,
    UnitPeriodUnit.SEMIMONTH: 1,
    UnitPeriodUnit.MONTH: _YEAR_MONTHS - 1,
    UnitPeriodUnit.YEAR: 1,
}
_PER_YEAR: Final = {
    UnitPeriodUnit.DAY: _YEAR_DAYS,
    UnitPeriodUnit.WEEK: _YEAR_WEEKS,
    UnitPeriodUnit.SEMIMONTH: 24,
    UnitPeriodUnit.MONTH: _YEAR_MONTHS,
    UnitPeriodUnit.YEAR: 1,
}
# How long an interval counts where intervals are compared or averaged.
_LENGTH_DAYS: Final = {
    UnitPeriodUnit.DAY: 1,
    UnitPeriodUnit.WEEK: 7,
    UnitPeriodUnit.SEMIMONTH: _SEMIMONTH_DAYS,
    UnitPeriodUnit.MONTH: _MONTH_DAYS,
    UnitPeriodUnit.YEAR: _YEAR_DAYS,
}


@attrs.frozen
class UnitPeriod:
    """The unit in which the time of one credit is counted.

    The regulation knows days, semimonths, years, and multiples of a week or a month up
    to a year. Multiples of a day are taken as well, for loans that are repaid every
    ten days; there are 365 days in a year for them as for a single day.

    Attributes:
        count: How many units: 1 for a semimonth and a year, up to 11 months, 52 weeks
            or 365 days. Twelve months are a year.
        unit: Day, week, semimonth, month or year.
        is_term: Whether it is the whole term of a credit with one advance and one
            payment; then the unit is a month or a day.

    Raises:
        InvalidValueError: The count does not fit the unit.

    Source:
        12 CFR 1026, Appendix J (b)(2)(iii), (b)(4), (b)(5).

    Example:
        >>> from microcrm_core.loans.unit_periods import UnitPeriod
        >>> UnitPeriod(2, "week").per_year
        Fraction(26, 1)
        >>> str(UnitPeriod(6, "month", is_term=True))
        'term of 6 months'
    """

    count: int = attrs.field(validator=whole_number_field(at_least=1))
    unit: UnitPeriodUnit = attrs.field(converter=_unit)
    is_term: bool = attrs.field(default=False, kw_only=True, validator=kind_field(bool))

    def __attrs_post_init__(self) -> None:
        """Refuse what is longer than a year."""
        most = _COUNT_MAX[self.unit]
        if self.count > most:
            rule = f"must be {most} or less for the unit {self.unit}"
            hint = "12 months are 1 year" if self.count == _YEAR_MONTHS else None
            raise InvalidValueError("count", rule, self.count, hint=hint)
        if self.is_term and self.unit not in {UnitPeriodUnit.DAY, UnitPeriodUnit.MONTH}:
            raise InvalidValueError(
                "unit", "must be day or month for a term", self.unit
            )

    @classmethod
    def of_frequency(cls, frequency: Frequency) -> UnitPeriod:
        """Return the unit-period of payments that fall due so often.

        Raises:
            InvalidValueError: They fall due less than once a year.

        Example:
            >>> from microcrm_core.dates import Frequency
            >>> from microcrm_core.loans.unit_periods import UnitPeriod
            >>> str(UnitPeriod.of_frequency(Frequency.QUARTERLY))
            '3 months'
        """
        count, unit = frequency.count, frequency.unit
        if unit is FrequencyUnit.MONTH and count == _YEAR_MONTHS:
            return cls(1, UnitPeriodUnit.YEAR)
        if unit is FrequencyUnit.DAY and count % 7 == 0:
            return cls(count // 7, UnitPeriodUnit.WEEK)
        return cls(count, UnitPeriodUnit(unit.value))

    @property
    def per_year(self) -> Fraction:
        """How many make a year."""
        return Fraction(_PER_YEAR[self.unit], self.count)

    @property
    def length_days(self) -> int:
        """Days that it counts for where lengths are compared: 30 for each month."""
        return self.count * _LENGTH_DAYS[self.unit]

    def to_plain(self) -> object:
        """Return what stands for it in canonical JSON."""
        return {"count": self.count, "unit": self.unit.value, "is_term": self.is_term}

    def __str__(self) -> str:
        """Return it in words."""
        words = f"{self.count} {self.unit}{'s' if self.count > 1 else ''}"
        return f"term of {words}" if self.is_term else words


_YEAR: Final = UnitPeriod(1, UnitPeriodUnit.YEAR)


@attrs.frozen
class UnitPeriodCount:
    """Full unit-periods and what is left over.

    Attributes:
        whole: Full unit-periods; they compound.
        odd: What is left, in units of `divisor` to the unit-period: days, or months of
            a year; it bears simple interest.
        divisor: How many of them the rule takes for one unit-period.

    Example:
        >>> from microcrm_core.loans.unit_periods import UnitPeriodCount
        >>> str(UnitPeriodCount(0, 52, 60))
        '0 + 52/60'
    """

    whole: int
    odd: int
    divisor: int

    @property
    def odd_fraction(self) -> Fraction:
        """The fraction of a unit-period that is left."""
        return Fraction(self.odd, self.divisor)

    @property
    def total(self) -> Fraction:
        """Full unit-periods and the fraction together."""
        return self.whole + self.odd_fraction

    def __str__(self) -> str:
        """Return both parts, the fraction as the rule writes it."""
        return f"{self.whole} + {self.odd}/{self.divisor}"


def count_unit_periods(
    from_on: dt.date,
    to_on: dt.date,
    unit_period: UnitPeriod,
    *,
    due_day: int | None = None,
) -> UnitPeriodCount:
    """Return the unit-periods from *from_on* to *to_on*, counted back from the later.

    Months: full months back, then the days before them over 30. Semimonths and several
    months: 30 days for each full month back and the days before them, divided by 15 or
    by 30 a month. Days and weeks: actual days. A year: full years back; what is left is
    months over 12 if it is whole months, else days over 365. A term is one unit-period.

    Args:
        from_on: The earlier day.
        to_on: The later day, on which the counting begins.
        unit_period: What is counted.
        due_day: Day of the month of a series of payments; 31 for one on the last day of
            each month. The last day of February stands in for the 29th and 30th. It
            counts where *to_on* is a day of the series. None: the day of *to_on*.

    Raises:
        InvalidValueError: *from_on* is after *to_on*, or *due_day* is not 1 to 31.

    Source:
        12 CFR 1026, Appendix J (b)(2)(iv) and (b)(5).

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.unit_periods import UnitPeriod, count_unit_periods
        >>> start_on, paid_on = dt.date(2026, 1, 31), dt.date(2026, 2, 28)
        >>> month = UnitPeriod(1, "month")
        >>> str(count_unit_periods(start_on, paid_on, month))
        '0 + 28/30'
        >>> str(count_unit_periods(start_on, paid_on, month, due_day=31))
        '1 + 0/30'
    """
    day("from_on", from_on)
    day("to_on", to_on)
    if due_day is not None:
        whole_number("due_day", due_day, at_least=1, at_most=_LAST_DAY)
    if from_on > to_on:
        rule = f"must not be after to_on {to_on.isoformat()}"
        raise InvalidValueError("from_on", rule, from_on)
    unit, count = unit_period.unit, unit_period.count
    if unit_period.is_term:
        return UnitPeriodCount(1 if from_on < to_on else 0, 0, 1)
    if unit in {UnitPeriodUnit.DAY, UnitPeriodUnit.WEEK}:
        divisor = unit_period.length_days
        whole, odd = divmod((to_on - from_on).days, divisor)
        return UnitPeriodCount(whole, odd, divisor)
    due_day = due_day if _is_in_series(to_on, due_day) else None
    months, odd = _months_back(from_on, to_on, due_day)
    if unit is UnitPeriodUnit.MONTH and count == 1:
        return UnitPeriodCount(months, odd, _MONTH_DAYS)
    if unit is UnitPeriodUnit.YEAR:
        years, months = divmod(months, _YEAR_MONTHS)
        if odd == 0:
            return UnitPeriodCount(years, months, _YEAR_MONTHS)
        rest_to_on = _back(to_on, _YEAR_MONTHS * years, due_day)
        return UnitPeriodCount(years, (rest_to_on - from_on).days, _YEAR_DAYS)
    divisor = unit_period.length_days
    whole, odd = divmod(_MONTH_DAYS * months + odd, divisor)
    return UnitPeriodCount(whole, odd, divisor)


def whole_months(from_on: dt.date, to_on: dt.date, due_day: int | None) -> int | None:
    """Return the months from *from_on* to *to_on* if they are whole, else None.

    They are counted back as by `count_unit_periods`, or forward, where the last day of
    a month stands in for a day that it lacks. As there, *due_day* counts only where
    *to_on* is a day of the series.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.unit_periods import whole_months
        >>> whole_months(dt.date(2025, 1, 30), dt.date(2025, 2, 28), None)
        1
    """
    series_day = due_day if _is_in_series(to_on, due_day) else None
    months, odd = _months_back(from_on, to_on, series_day)
    if odd == 0 and months > 0:
        return months
    # Forward as well: the last day of February stands in for a 29th or 30th.
    months = _YEAR_MONTHS * (to_on.year - from_on.year) + to_on.month - from_on.month
    is_whole = months > 0 and add_months(from_on, months) == to_on
    return months if is_whole else None


def _is_in_series(on: dt.date, due_day: int | None) -> bool:
    if due_day is None:
        return False
    return on.day == due_day or (on.day < due_day and on == month_end(on))


def _back(on: dt.date, months: int, due_day: int | None) -> dt.date:
    if months == 0:
        return on
    earlier = add_months(on.replace(day=1), -months)
    last = month_end(earlier)
    return last.replace(day=min(due_day or on.day, last.day))


def _months_back(
    from_on: dt.date, to_on: dt.date, due_day: int | None
) -> tuple[int, int]:
    # Full months back from the later day, and the days before them.
    months = _YEAR_MONTHS * (to_on.year - from_on.year) + to_on.month - from_on.month
    start_on = _back(to_on, months, due_day)
    if start_on < from_on and months > 0:
        months -= 1
        start_on = _back(to_on, months, due_day)
    return months, (start_on - from_on).days
