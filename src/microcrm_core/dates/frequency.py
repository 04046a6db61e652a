"""How often installments fall due.

A `Frequency` is a whole count of one unit: every month, every two weeks, every ten
days, twice a month. On which days they fall is said by `microcrm_core.dates.rolling`.

Example:
    >>> from microcrm_core.dates import Frequency
    >>> str(Frequency.of("P2W")), Frequency.MONTHLY.periods_per_year
    ('biweekly', Fraction(12, 1))
"""

from __future__ import annotations

import re
from enum import StrEnum
from fractions import Fraction
from typing import ClassVar, Final

import attrs

from microcrm_core.checks import whole_number_field
from microcrm_core.errors import InvalidValueError

__all__ = ["Frequency", "FrequencyUnit"]

_PERIOD_TEXT: Final = re.compile(r"P(\d{1,5})([DWMY])")


class FrequencyUnit(StrEnum):
    """The unit that a frequency counts.

    Example:
        >>> from microcrm_core.dates import Frequency, FrequencyUnit
        >>> Frequency.of("biweekly").unit is FrequencyUnit.WEEK
        True
    """

    DAY = "day"
    WEEK = "week"
    SEMIMONTH = "semimonth"
    MONTH = "month"


def _unit(value: object) -> FrequencyUnit:
    try:
        return FrequencyUnit(str(value))
    except ValueError:
        known = ", ".join(FrequencyUnit)
        raise InvalidValueError("unit", f"must be one of {known}", value) from None


@attrs.frozen
class Frequency:
    """The time from one due date to the next: a count and a unit.

    Attributes:
        count: How many units; 1 or more. A semimonth is never multiplied.
        unit: Day, week, semimonth or month. A year is 12 months.

    Example:
        >>> from microcrm_core.dates import Frequency
        >>> Frequency.of("quarterly")
        Frequency(count=3, unit=<FrequencyUnit.MONTH: 'month'>)
        >>> str(Frequency(10, "day")), Frequency.of("P2W") == Frequency.BIWEEKLY
        ('P10D', True)
    """

    DAILY: ClassVar[Frequency]
    WEEKLY: ClassVar[Frequency]
    BIWEEKLY: ClassVar[Frequency]
    FOUR_WEEKLY: ClassVar[Frequency]
    SEMIMONTHLY: ClassVar[Frequency]
    MONTHLY: ClassVar[Frequency]
    QUARTERLY: ClassVar[Frequency]
    SEMIANNUAL: ClassVar[Frequency]
    YEARLY: ClassVar[Frequency]

    count: int = attrs.field(validator=whole_number_field(at_least=1, at_most=99_999))
    unit: FrequencyUnit = attrs.field(converter=_unit)

    def __attrs_post_init__(self) -> None:
        """Refuse a multiple of half a month."""
        if self.unit is FrequencyUnit.SEMIMONTH and self.count != 1:
            raise InvalidValueError(
                "count",
                "must be 1 for semimonths",
                self.count,
                hint="two semimonths are a month",
            )

    @classmethod
    def of(cls, text: str) -> Frequency:
        """Return the frequency that *text* names.

        The words are daily, weekly, biweekly, four_weekly, semimonthly, monthly,
        quarterly, semiannual and yearly; every other frequency is written as an
        ISO 8601 period of one unit, such as `P10D` or `P2M`.

        Raises:
            InvalidValueError: *text* is neither.

        Example:
            >>> from microcrm_core.dates import Frequency
            >>> Frequency.of("P1Y") == Frequency.of("yearly") == Frequency.YEARLY
            True
        """
        if text in _BY_NAME:
            return _BY_NAME[text]
        # By `str`, so that what is no text at all is refused like any other.
        found = _PERIOD_TEXT.fullmatch(str(text))
        if found is None or int(found[1]) == 0:
            names = ", ".join(_BY_NAME)
            rule = f"must be one of {names}, or a period such as P10D or P2M"
            raise InvalidValueError("frequency", rule, text)
        count, letter = int(found[1]), found[2]
        if letter == "Y":
            return cls(12 * count, FrequencyUnit.MONTH)
        return cls(count, _BY_LETTER[letter])

    @classmethod
    def _hint_for(cls, value: object) -> str:
        # What `kind_field` says where the text of a frequency is given.
        text = str(value)
        if text.lower() in _BY_NAME:
            return f"use Frequency.{text.upper()}"
        if _PERIOD_TEXT.fullmatch(text):
            return f'use Frequency.of("{text}")'
        return "use Frequency.MONTHLY or its like"

    @property
    def periods_per_year(self) -> Fraction:
        """How many periods make a nominal year.

        A nominal year has 365 days, 52 weeks, 24 semimonths or 12 months, whatever
        the calendar says. Rates are quoted with it; interest is counted with a
        `DayCount`.

        Source:
            12 CFR 1026, Appendix J (b)(5): unit-periods in a year.

        Example:
            >>> from microcrm_core.dates import Frequency
            >>> Frequency.BIWEEKLY.periods_per_year
            Fraction(26, 1)
            >>> Frequency.of("P5M").periods_per_year
            Fraction(12, 5)
        """
        return Fraction(_UNITS_PER_YEAR[self.unit], self.count)

    def __str__(self) -> str:
        """Return the stored form, which `of` reads."""
        return _NAMES.get(self) or f"P{self.count}{_LETTERS[self.unit]}"


_UNITS_PER_YEAR: Final = {
    FrequencyUnit.DAY: 365,
    FrequencyUnit.WEEK: 52,
    FrequencyUnit.SEMIMONTH: 24,
    FrequencyUnit.MONTH: 12,
}
_LETTERS: Final = {
    FrequencyUnit.DAY: "D",
    FrequencyUnit.WEEK: "W",
    FrequencyUnit.MONTH: "M",
}
_BY_LETTER: Final = {letter: unit for unit, letter in _LETTERS.items()}

Frequency.DAILY = Frequency(1, FrequencyUnit.DAY)
Frequency.WEEKLY = Frequency(1, FrequencyUnit.WEEK)
Frequency.BIWEEKLY = Frequency(2, FrequencyUnit.WEEK)
Frequency.FOUR_WEEKLY = Frequency(4, FrequencyUnit.WEEK)
Frequency.SEMIMONTHLY = Frequency(1, FrequencyUnit.SEMIMONTH)
Frequency.MONTHLY = Frequency(1, FrequencyUnit.MONTH)
Frequency.QUARTERLY = Frequency(3, FrequencyUnit.MONTH)
Frequency.SEMIANNUAL = Frequency(6, FrequencyUnit.MONTH)
Frequency.YEARLY = Frequency(12, FrequencyUnit.MONTH)

_BY_NAME: Final = {
    "daily": Frequency.DAILY,
    "weekly": Frequency.WEEKLY,
    "biweekly": Frequency.BIWEEKLY,
    "four_weekly": Frequency.FOUR_WEEKLY,
    "semimonthly": Frequency.SEMIMONTHLY,
    "monthly": Frequency.MONTHLY,
    "quarterly": Frequency.QUARTERLY,
    "semiannual": Frequency.SEMIANNUAL,
    "yearly": Frequency.YEARLY,
}
_NAMES: Final = {frequency: name for name, frequency in _BY_NAME.items()}
