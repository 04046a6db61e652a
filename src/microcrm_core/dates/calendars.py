"""On which days business is done.

A `BusinessCalendar` knows the weekend, the holidays, and the weekend days that are
worked to make up for a holiday, as in China. It also knows for which years its
holidays are complete: asking about another year is an error, not a guess. How a due
date moves when it falls on a closed day is `microcrm_core.dates.business_days`.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.dates import BusinessCalendar
    >>> golden_week = BusinessCalendar(
    ...     name="CN 2023, October",
    ...     holidays=[dt.date(2023, 10, day) for day in range(2, 7)],
    ...     working_days=[dt.date(2023, 10, 7), dt.date(2023, 10, 8)],
    ... )
    >>> golden_week.next_business_day(dt.date(2023, 10, 1))
    datetime.date(2023, 10, 7)
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterable
from enum import StrEnum
from importlib import import_module
from typing import Final, Protocol

import attrs

from microcrm_core.checks import day, name_text_field, whole_number
from microcrm_core.errors import InvalidValueError, MissingExtraError

__all__ = ["BusinessCalendar", "Weekday"]

CLOSED_DAYS_MAX: Final = 366
"""How far a search for a business day goes before it is given up."""


class Weekday(StrEnum):
    """A day of the week.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import Weekday
        >>> Weekday.of(dt.date(2024, 2, 29))
        <Weekday.THURSDAY: 'thursday'>
    """

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @classmethod
    def of(cls, on: dt.date) -> Weekday:
        """Return the weekday of *on*."""
        return _WEEKDAYS[on.weekday()]


_WEEKDAYS: Final = tuple(Weekday)
_LAST_ORDINAL: Final = dt.date.max.toordinal()


def _weekend(value: Iterable[object]) -> frozenset[Weekday]:
    return frozenset(_weekday(item) for item in value)


def _weekday(value: object) -> Weekday:
    try:
        return Weekday(str(value))
    except ValueError:
        known = ", ".join(Weekday)
        raise InvalidValueError("weekend", f"must hold {known}", value) from None


def _holidays(value: Iterable[dt.date]) -> frozenset[dt.date]:
    return frozenset(day("holidays", on) for on in value)


def _working_days(value: Iterable[dt.date]) -> frozenset[dt.date]:
    return frozenset(day("working_days", on) for on in value)


def _ordinals(days: Iterable[dt.date]) -> tuple[int, ...]:
    return tuple(sorted(on.toordinal() for on in days))


def _year_field(
    _instance: object, attribute: attrs.Attribute[int | None], value: int | None
) -> None:
    if value is not None:
        whole_number(attribute.name, value, at_least=dt.MINYEAR, at_most=dt.MAXYEAR)


@attrs.frozen(kw_only=True)
class BusinessCalendar:
    """Which days are open for business.

    Two calendars with the same name that are open on the same days are equal: a
    holiday on a weekend day closes nothing and a working day on a weekday opens
    nothing, so neither is kept.

    Attributes:
        name: What people call it; part of stored conventions.
        weekend: Weekdays that are closed; Saturday and Sunday unless given.
        holidays: Closed days that are no weekend days.
        working_days: Weekend days that are open, to make up for a holiday.
        year_min: First year for which the holidays are complete; None: no limit.
        year_max: Last such year; None: no limit.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import BusinessCalendar
        >>> calendar = BusinessCalendar(name="shop", holidays=[dt.date(2024, 5, 1)])
        >>> calendar.is_business_day(dt.date(2024, 5, 1))
        False
    """

    name: str = attrs.field(validator=name_text_field)
    weekend: frozenset[Weekday] = attrs.field(
        default=frozenset({Weekday.SATURDAY, Weekday.SUNDAY}), converter=_weekend
    )
    holidays: frozenset[dt.date] = attrs.field(default=frozenset(), converter=_holidays)
    working_days: frozenset[dt.date] = attrs.field(
        default=frozenset(), converter=_working_days
    )
    year_min: int | None = attrs.field(default=None, validator=_year_field)
    year_max: int | None = attrs.field(default=None, validator=_year_field)
    _holiday_ordinals: tuple[int, ...] = attrs.field(init=False, eq=False, repr=False)
    _working_ordinals: tuple[int, ...] = attrs.field(init=False, eq=False, repr=False)
    # Number of open weekdays among the first n days of a week that starts on Monday.
    _open_in_week: tuple[int, ...] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check the fields together and drop days that change nothing."""
        both = self.holidays & self.working_days
        if both:
            rule = "must not be holidays as well"
            raise InvalidValueError("working_days", rule, min(both))
        if (
            self.year_min is not None
            and self.year_max is not None
            and self.year_min > self.year_max
        ):
            raise InvalidValueError(
                "year_min", f"must not be after year_max {self.year_max}", self.year_min
            )
        holidays = frozenset(d for d in self.holidays if not self._is_weekend(d))
        working_days = frozenset(d for d in self.working_days if self._is_weekend(d))
        counts = [0]
        for weekday in _WEEKDAYS:
            counts.append(counts[-1] + (weekday not in self.weekend))
        # attrs' own way of setting a derived field of a frozen class.
        set_field = object.__setattr__
        set_field(self, "holidays", holidays)
        set_field(self, "working_days", working_days)
        set_field(self, "_holiday_ordinals", _ordinals(holidays))
        set_field(self, "_working_ordinals", _ordinals(working_days))
        set_field(self, "_open_in_week", tuple(counts))

    @classmethod
    def from_holidays(
        cls,
        country: str,
        years: Iterable[int],
        *,
        subdivision: str | None = None,
        name: str | None = None,
    ) -> BusinessCalendar:
        """Return the public calendar of a country, from the `holidays` package.

        Make-up working days are open, and a country whose weekend has changed gets
        the weekend of each year. The calendar covers *years* only. Some governments
        announce holidays year by year; for a year not yet announced the package
        lists only what follows from a rule, so load the calendar again later.

        Args:
            country: ISO 3166-1 code of two letters, such as `CN`.
            years: The years to cover, without a gap.
            subdivision: Code of a province or state as the package knows it; None:
                the holidays of the whole country.
            name: Name of the calendar; None: the codes.

        Raises:
            MissingExtraError: The extra `holidays` is not installed.
            InvalidValueError: The package does not know the country or subdivision,
                or *years* is empty or has a gap.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core.dates import BusinessCalendar
            >>> china = BusinessCalendar.from_holidays("CN", [2023])
            >>> china.is_business_day(dt.date(2023, 10, 7))  # a Saturday
            True
        """
        try:
            source = import_module("holidays")
        except ImportError:
            feature = "BusinessCalendar.from_holidays"
            raise MissingExtraError("holidays", feature=feature) from None
        year_min, year_max = _year_bounds(years)
        # A holiday may be observed in the year before or after its own.
        wanted = range(max(year_min - 1, 1), min(year_max + 1, dt.MAXYEAR) + 1)
        try:
            table: _HolidayTable = source.country_holidays(
                country, subdiv=subdivision, years=wanted, expand=False
            )
        except NotImplementedError:
            shown = country if subdivision is None else f"{country}-{subdivision}"
            rule = "must be a country or subdivision that the package holidays knows"
            raise InvalidValueError("country", rule, shown) from None
        days = _days_of_years(year_min, year_max)
        open_days = {on for on in days if table.is_working_day(on)}
        codes = country if subdivision is None else f"{country}-{subdivision}"
        return cls(
            name=codes if name is None else name,
            weekend=frozenset(_WEEKDAYS[number] for number in table.weekend),
            holidays=(on for on in days if on not in open_days),
            working_days=open_days,
            year_min=year_min,
            year_max=year_max,
        )

    def to_plain(self) -> object:
        """Return what stands for it in canonical JSON: its days in order."""
        return {
            "name": self.name,
            "weekend": [day.value for day in Weekday if day in self.weekend],
            "holidays": sorted(self.holidays),
            "working_days": sorted(self.working_days),
            "year_min": self.year_min,
            "year_max": self.year_max,
        }

    def is_business_day(self, on: dt.date) -> bool:
        """Return whether *on* is open.

        Raises:
            InvalidValueError: *on* is outside the covered years.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core.dates import BusinessCalendar
            >>> BusinessCalendar(name="plain").is_business_day(dt.date(2024, 6, 1))
            False
        """
        day("on", on)
        self._require_covered(on)
        return self._is_open(on)

    def next_business_day(self, on: dt.date) -> dt.date:
        """Return the first business day after *on*.

        Raises:
            InvalidValueError: It is outside the covered years, or more than 366 days
                away.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core.dates import BusinessCalendar
            >>> plain = BusinessCalendar(name="plain")
            >>> plain.next_business_day(dt.date(2024, 5, 31))
            datetime.date(2024, 6, 3)
        """
        return self._first_open(on, step_days=1)

    def previous_business_day(self, on: dt.date) -> dt.date:
        """Return the last business day before *on*.

        Raises:
            InvalidValueError: As `next_business_day`.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core.dates import BusinessCalendar
            >>> plain = BusinessCalendar(name="plain")
            >>> plain.previous_business_day(dt.date(2024, 6, 2))
            datetime.date(2024, 5, 31)
        """
        return self._first_open(on, step_days=-1)

    def count_business_days(self, start_on: dt.date, end_on: dt.date) -> int:
        """Return the number of business days from *start_on*, before *end_on*.

        The start is included, the end is not. The time does not depend on the length
        of the range.

        Raises:
            InvalidValueError: The start is after the end, or a day of the range is
                outside the covered years.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core.dates import BusinessCalendar
            >>> plain = BusinessCalendar(name="plain")
            >>> plain.count_business_days(dt.date(2024, 6, 3), dt.date(2024, 6, 10))
            5
        """
        day("start_on", start_on)
        day("end_on", end_on)
        if start_on > end_on:
            rule = f"must not be after end_on {end_on.isoformat()}"
            raise InvalidValueError("start_on", rule, start_on)
        if start_on == end_on:
            return 0
        self._require_covered(start_on)
        self._require_covered(end_on - dt.timedelta(days=1))
        return self._open_before(end_on) - self._open_before(start_on)

    def join(self, other: BusinessCalendar) -> BusinessCalendar:
        """Return the calendar that is closed where either is closed.

        The usual meaning: a payment needs both places to be open. It covers the
        years that both cover.

        Raises:
            InvalidValueError: The two cover no year together.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core.dates import BusinessCalendar
            >>> here = BusinessCalendar(name="here", holidays=[dt.date(2024, 5, 1)])
            >>> there = BusinessCalendar(name="there", holidays=[dt.date(2024, 5, 2)])
            >>> both = there.join(here)
            >>> both.name, both.next_business_day(dt.date(2024, 4, 30))
            ('here+there', datetime.date(2024, 5, 3))
        """
        return self._joined(other, sign="+", weekend=self.weekend | other.weekend)

    def join_open(self, other: BusinessCalendar) -> BusinessCalendar:
        """Return the calendar that is open where either is open.

        For a service that one of two places can give. It covers the years that both
        cover.

        Raises:
            InvalidValueError: The two cover no year together.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core.dates import BusinessCalendar
            >>> here = BusinessCalendar(name="here", holidays=[dt.date(2024, 5, 1)])
            >>> there = BusinessCalendar(name="there", weekend=["friday"])
            >>> here.join_open(there).next_business_day(dt.date(2024, 4, 30))
            datetime.date(2024, 5, 1)
        """
        return self._joined(other, sign="|", weekend=self.weekend & other.weekend)

    def _is_weekend(self, on: dt.date) -> bool:
        return _WEEKDAYS[on.weekday()] in self.weekend

    def _require_covered(self, on: dt.date) -> None:
        is_early = self.year_min is not None and on.year < self.year_min
        is_late = self.year_max is not None and on.year > self.year_max
        if is_early or is_late:
            first = "the start" if self.year_min is None else self.year_min
            last = "the end" if self.year_max is None else self.year_max
            rule = f"must be in the years of calendar {self.name!r}, {first} to {last}"
            raise InvalidValueError("date", rule, on, hint="load more years")

    def _is_open(self, on: dt.date) -> bool:
        if self._is_weekend(on):
            return on in self.working_days
        return on not in self.holidays

    def _first_open(self, on: dt.date, *, step_days: int) -> dt.date:
        ordinal = day("on", on).toordinal()
        for distance in range(1, CLOSED_DAYS_MAX + 1):
            number = ordinal + step_days * distance
            if not 1 <= number <= _LAST_ORDINAL:
                break
            candidate = dt.date.fromordinal(number)
            if self.is_business_day(candidate):
                return candidate
        side = "after" if step_days > 0 else "before"
        rule = f"must have a business day at most {CLOSED_DAYS_MAX} days {side} it"
        raise InvalidValueError("date", rule, on)

    def _open_before(self, on: dt.date) -> int:
        ordinal = on.toordinal()
        # Day 1 of the calendar, 1 January of year 1, is a Monday.
        weeks, rest = divmod(ordinal - 1, 7)
        count = weeks * self._open_in_week[7] + self._open_in_week[rest]
        count -= bisect_left(self._holiday_ordinals, ordinal)
        return count + bisect_left(self._working_ordinals, ordinal)

    def _joined(
        self, other: BusinessCalendar, *, sign: str, weekend: frozenset[Weekday]
    ) -> BusinessCalendar:
        year_mins = [y for y in (self.year_min, other.year_min) if y is not None]
        year_maxs = [y for y in (self.year_max, other.year_max) if y is not None]
        year_min = max(year_mins, default=None)
        year_max = min(year_maxs, default=None)
        # A day that neither calendar names follows from the joined weekend.
        named = self.holidays | other.holidays | self.working_days | other.working_days
        is_open = all if sign == "+" else any
        open_days = {
            on for on in named if is_open((self._is_open(on), other._is_open(on)))
        }
        names = {*self.name.split(sign), *other.name.split(sign)}
        return BusinessCalendar(
            name=sign.join(sorted(names)),
            weekend=weekend,
            holidays=named - open_days,
            working_days=open_days,
            year_min=year_min,
            year_max=year_max,
        )


class _HolidayTable(Protocol):
    """What we use of the tables of the `holidays` package."""

    weekend: set[int]

    def is_working_day(self, key: dt.date, /) -> bool: ...


def _year_bounds(years: Iterable[int]) -> tuple[int, int]:
    wanted = sorted({whole_number("years", year, at_least=1) for year in years})
    if not wanted or wanted[-1] - wanted[0] != len(wanted) - 1:
        raise InvalidValueError("years", "must be whole years without a gap", wanted)
    if wanted[-1] > dt.MAXYEAR:
        raise InvalidValueError("years", f"must be {dt.MAXYEAR} or less", wanted[-1])
    return wanted[0], wanted[-1]


def _days_of_years(year_min: int, year_max: int) -> list[dt.date]:
    first = dt.date(year_min, 1, 1).toordinal()
    last = dt.date(year_max, 12, 31).toordinal()
    return [dt.date.fromordinal(number) for number in range(first, last + 1)]
