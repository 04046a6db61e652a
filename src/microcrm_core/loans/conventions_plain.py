"""Schedule conventions as plain JSON values, and back, with their calendar.

Strict: what is read can at worst be refused, with the path to the fault. The parts that
have a default in `ScheduleConventions` may be left out when reading; when writing,
every part is there.

Example:
    >>> from microcrm_core.loans import FINERACT
    >>> from microcrm_core.loans.conventions_plain import conventions_to_plain
    >>> conventions_to_plain(FINERACT)["day_count"]
    {'days_in_year': '360', 'days_in_month': '30', 'leap_rule': 'every_day'}
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Final

from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    DayCount,
    RollRule,
    Weekday,
)
from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.loans.conventions import (
    Accrual,
    Arithmetic,
    BusinessDays,
    Collision,
    DaysInMonth,
    DaysInYear,
    InterestDate,
    LeapRule,
    Remainder,
    ScheduleConventions,
    ShortPeriod,
    SplitDayCount,
)
from microcrm_core.loans.plain_values import (
    is_plain_object,
    plain_flag,
    plain_items,
    plain_whole,
)
from microcrm_core.rounding import Rounding
from microcrm_core.rules.plain import (
    Plain,
    faults_below,
    plain_choice,
    plain_day,
    plain_mapping,
    plain_text,
)

__all__ = [
    "calendar_from_plain",
    "calendar_to_plain",
    "conventions_from_plain",
    "conventions_to_plain",
]

_NEEDED: Final = ("id", "day_count", "rounding", "roll")
_OPTIONAL: Final = (
    "arithmetic", "accrual", "short_period", "currency_multiple",
    "installment_multiple", "remainder", "business_days",
    "has_interest_on_disbursement_day",
)  # fmt: skip


def conventions_to_plain(conventions: ScheduleConventions) -> Plain:
    """Return *conventions* as a JSON object with every part.

    Example:
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.conventions_plain import conventions_to_plain
        >>> conventions_to_plain(STRICT)["day_count"]
        'ACT/365F'
    """
    days = conventions.business_days
    return {
        "id": conventions.id,
        "day_count": _day_count_to_plain(conventions.day_count),
        "rounding": conventions.rounding.value,
        "roll": str(conventions.roll),
        "arithmetic": conventions.arithmetic.value,
        "accrual": conventions.accrual.value,
        "short_period": conventions.short_period.value,
        "currency_multiple": conventions.currency_multiple,
        "installment_multiple": conventions.installment_multiple,
        "remainder": conventions.remainder.value,
        "business_days": None
        if days is None
        else {
            "rule": days.rule.value,
            "calendar": calendar_to_plain(days.calendar),
            "interest_to": days.interest_to.value,
            "collision": days.collision.value,
        },
        "has_interest_on_disbursement_day": (
            conventions.has_interest_on_disbursement_day
        ),
    }


def conventions_from_plain(
    plain: object, *, path: str = "conventions"
) -> ScheduleConventions:
    """Return the conventions that a JSON object stands for.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape, or no valid conventions come of it; the
            error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.conventions_plain import conventions_from_plain
        >>> conventions_from_plain(
        ...     {
        ...         "id": "strict",
        ...         "day_count": "ACT/365F",
        ...         "rounding": "half_even",
        ...         "roll": "day_of_month",
        ...     }
        ... ) == STRICT
        True
    """
    parts = plain_mapping(plain, path, needed=_NEEDED, optional=_OPTIONAL)
    arithmetic = parts.get("arithmetic", Arithmetic.EXACT.value)
    accrual = parts.get("accrual", Accrual.DAILY.value)
    short_period = parts.get("short_period", ShortPeriod.BY_DAYS.value)
    remainder = parts.get("remainder", Remainder.LAST.value)
    on_first_day = parts.get("has_interest_on_disbursement_day", False)
    days = parts.get("business_days")
    with faults_below(path):
        return ScheduleConventions(
            id=plain_text(parts["id"], f"{path}.id"),
            day_count=_day_count(parts["day_count"], f"{path}.day_count"),
            rounding=plain_choice(Rounding, parts["rounding"], f"{path}.rounding"),
            roll=_roll(parts["roll"], f"{path}.roll"),
            arithmetic=plain_choice(Arithmetic, arithmetic, f"{path}.arithmetic"),
            accrual=plain_choice(Accrual, accrual, f"{path}.accrual"),
            short_period=plain_choice(
                ShortPeriod, short_period, f"{path}.short_period"
            ),
            currency_multiple=_multiple(parts, "currency_multiple", path),
            installment_multiple=_multiple(parts, "installment_multiple", path),
            remainder=plain_choice(Remainder, remainder, f"{path}.remainder"),
            business_days=None
            if days is None
            else _business_days(days, f"{path}.business_days"),
            has_interest_on_disbursement_day=plain_flag(
                on_first_day, f"{path}.has_interest_on_disbursement_day"
            ),
        )


def calendar_to_plain(calendar: BusinessCalendar) -> Plain:
    """Return *calendar* as a JSON object, its days in order.

    Example:
        >>> from microcrm_core.dates import BusinessCalendar
        >>> from microcrm_core.loans.conventions_plain import calendar_to_plain
        >>> calendar_to_plain(BusinessCalendar(name="plain"))["weekend"]
        ['saturday', 'sunday']
    """
    return {
        "name": calendar.name,
        "weekend": [day.value for day in Weekday if day in calendar.weekend],
        "holidays": _days_to_plain(calendar.holidays),
        "working_days": _days_to_plain(calendar.working_days),
        "year_min": calendar.year_min,
        "year_max": calendar.year_max,
    }


def calendar_from_plain(plain: object, *, path: str = "calendar") -> BusinessCalendar:
    """Return the calendar that a JSON object stands for.

    `name` and `weekend` must be there; nothing else is closed or open by default.

    Raises:
        PolicyError: It has another shape, or no valid calendar comes of it; the
            error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.loans.conventions_plain import calendar_from_plain
        >>> calendar_from_plain({"name": "open", "weekend": []}).holidays
        frozenset()
    """
    parts = plain_mapping(
        plain,
        path,
        needed=("name", "weekend"),
        optional=("holidays", "working_days", "year_min", "year_max"),
    )
    where = f"{path}.weekend"
    weekend = plain_items(parts["weekend"], where, at_most=len(Weekday))
    year_min, year_max = parts.get("year_min"), parts.get("year_max")
    with faults_below(path):
        return BusinessCalendar(
            name=plain_text(parts["name"], f"{path}.name"),
            weekend=[
                plain_choice(Weekday, day, f"{where}[{i}]")
                for i, day in enumerate(weekend)
            ],
            holidays=_days(parts.get("holidays", ()), f"{path}.holidays"),
            working_days=_days(parts.get("working_days", ()), f"{path}.working_days"),
            year_min=None
            if year_min is None
            else plain_whole(year_min, f"{path}.year_min"),
            year_max=None
            if year_max is None
            else plain_whole(year_max, f"{path}.year_max"),
        )


def _day_count_to_plain(day_count: DayCount | SplitDayCount) -> object:
    if isinstance(day_count, DayCount):
        return day_count.value
    return {
        "days_in_year": day_count.days_in_year.value,
        "days_in_month": day_count.days_in_month.value,
        "leap_rule": day_count.leap_rule.value,
    }


def _day_count(plain: object, path: str) -> DayCount | SplitDayCount:
    if not is_plain_object(plain):
        return plain_choice(DayCount, plain, path)
    parts = plain_mapping(
        plain, path, needed=("days_in_year", "days_in_month"), optional=("leap_rule",)
    )
    leap_rule = parts.get("leap_rule", LeapRule.EVERY_DAY.value)
    return SplitDayCount(
        days_in_year=plain_choice(
            DaysInYear, parts["days_in_year"], f"{path}.days_in_year"
        ),
        days_in_month=plain_choice(
            DaysInMonth, parts["days_in_month"], f"{path}.days_in_month"
        ),
        leap_rule=plain_choice(LeapRule, leap_rule, f"{path}.leap_rule"),
    )


def _business_days(plain: object, path: str) -> BusinessDays:
    parts = plain_mapping(
        plain, path, needed=("rule", "calendar", "interest_to", "collision")
    )
    return BusinessDays(
        rule=plain_choice(BusinessDayRule, parts["rule"], f"{path}.rule"),
        calendar=calendar_from_plain(parts["calendar"], path=f"{path}.calendar"),
        interest_to=plain_choice(
            InterestDate, parts["interest_to"], f"{path}.interest_to"
        ),
        collision=plain_choice(Collision, parts["collision"], f"{path}.collision"),
    )


def _roll(plain: object, path: str) -> RollRule:
    text = plain_text(plain, path)
    try:
        return RollRule.of(text)
    except InvalidValueError as error:
        # The day and the kind of the rule are parts of one text here.
        where = path if error.field == "roll" else f"{path}.{error.field}"
        raise PolicyError(where, error.rule, error.value, hint=error.hint) from None


def _multiple(parts: Mapping[str, object], name: str, path: str) -> int:
    return plain_whole(parts.get(name, 1), f"{path}.{name}", at_least=1)


def _days_to_plain(days: Iterable[dt.date]) -> list[str]:
    return [day.isoformat() for day in sorted(days)]


def _days(plain: object, path: str) -> list[dt.date]:
    items = plain_items(plain, path)
    return [plain_day(item, f"{path}[{i}]") for i, item in enumerate(items)]
