"""On which days installments fall due: a first date, and how it rolls on.

A `RollRule` says on which day of a month a due date falls, and what happens in a month
that lacks the day. Every date of a series is computed from the first one: a customer
who pays on the 31st pays on 28 February and again on 31 March. Business days come
later, see `microcrm_core.dates.business_days`.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.dates import Frequency, due_dates
    >>> dates = due_dates(dt.date(2023, 1, 31), Frequency.MONTHLY, 3)
    >>> [day.isoformat() for day in dates]
    ['2023-01-31', '2023-02-28', '2023-03-31']
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from enum import StrEnum
from typing import ClassVar, Final

import attrs

from microcrm_core.checks import day, whole_number
from microcrm_core.dates.frequency import Frequency, FrequencyUnit
from microcrm_core.errors import InvalidValueError

__all__ = [
    "RollKind",
    "RollRule",
    "add_months",
    "due_dates",
    "month_end",
    "roll_date",
]

_SEMIMONTH_GAP_DAYS: Final = 15
_SHORTEST_MONTH_DAYS: Final = 28
_LAST_DAY: Final = 31
_MONTH_DAYS_MIN: Final = 28
_LAST_ORDINAL: Final = dt.date.max.toordinal()


class RollKind(StrEnum):
    """What a due date does in a month that lacks its day.

    Example:
        >>> from microcrm_core.dates import RollKind
        >>> RollKind("day_of_month") is RollKind.DAY_OF_MONTH
        True
    """

    DAY_OF_MONTH = "day_of_month"
    """Fall on the last day of that month, and come back to the day later."""
    END_OF_MONTH = "end_of_month"
    """Fall on the last day of every month."""
    NEXT_MONTH_FIRST = "next_month_first"
    """Fall on the first day of the month after, and come back to the day later."""


def _kind(value: object) -> RollKind:
    try:
        return RollKind(str(value))
    except ValueError:
        known = ", ".join(RollKind)
        raise InvalidValueError("kind", f"must be one of {known}", value) from None


def _due_day_field(
    _instance: object, attribute: attrs.Attribute[int | None], value: int | None
) -> None:
    if value is not None:
        whole_number(attribute.name, value, at_least=1, at_most=_LAST_DAY)


@attrs.frozen(kw_only=True)
class RollRule:
    """How due dates roll from month to month; part of what is agreed.

    A loan that first falls due on 28 February may mean the 28th, the 31st or the
    month end. The dates alone cannot tell, so the rule is stored with the loan.
    Days and weeks are counted exactly and need no rule.

    Attributes:
        kind: What happens in a month that lacks the day.
        day: Due day of the month, 1 to 31; None: the day of the first due date.
        second_day: The other due day of a semimonthly series; None: 15 days after
            the due day if that is the 15th or earlier, else 15 days before it
            (1 and 16, 15 and 30, 16 and 31), and the 15th beside a month end.

    Example:
        >>> from microcrm_core.dates import RollRule
        >>> str(RollRule.of("day_31"))
        'day_31'
        >>> str(RollRule(kind="next_month_first", day=30))
        'next_month_first_30'
    """

    DAY_OF_MONTH: ClassVar[RollRule]
    END_OF_MONTH: ClassVar[RollRule]
    NEXT_MONTH_FIRST: ClassVar[RollRule]

    kind: RollKind = attrs.field(default=RollKind.DAY_OF_MONTH, converter=_kind)
    day: int | None = attrs.field(default=None, validator=_due_day_field)
    second_day: int | None = attrs.field(default=None, validator=_due_day_field)

    def __attrs_post_init__(self) -> None:
        """Refuse a due day that the month end overrules."""
        if self.kind is RollKind.END_OF_MONTH and self.day is not None:
            raise InvalidValueError("day", "must be None for end_of_month", self.day)

    @classmethod
    def of(cls, text: str) -> RollRule:
        """Return the rule whose stored form is *text*.

        That is a kind, or `day_N`, or `next_month_first_N`, each followed by
        `_and_N` where the second due day of a semimonthly series is given.

        Raises:
            InvalidValueError: *text* is no such form.

        Example:
            >>> from microcrm_core.dates import RollRule
            >>> RollRule.of("day_5_and_20").second_day
            20
        """
        found = _ROLL_TEXT.fullmatch(text)
        if found is None:
            rule = "must be a kind of roll, day_N or next_month_first_N"
            raise InvalidValueError("roll", rule, text)
        name = found["prefix"] or found["kind"]
        return cls(
            kind=RollKind.DAY_OF_MONTH if name == "day" else RollKind(name),
            day=int(found["day"]) if found["day"] else None,
            second_day=int(found["second"]) if found["second"] else None,
        )

    def __str__(self) -> str:
        """Return the stored form, which `of` reads."""
        name = self.kind.value
        if self.day is not None:
            first = "day" if self.kind is RollKind.DAY_OF_MONTH else name
            name = f"{first}_{self.day}"
        return name if self.second_day is None else f"{name}_and_{self.second_day}"


_ROLL_TEXT: Final = re.compile(
    r"(?:(?P<prefix>day|next_month_first)_(?P<day>[1-9]\d?)"
    r"|(?P<kind>day_of_month|end_of_month|next_month_first))"
    r"(?:_and_(?P<second>[1-9]\d?))?"
)

RollRule.DAY_OF_MONTH = RollRule()
RollRule.END_OF_MONTH = RollRule(kind=RollKind.END_OF_MONTH)
RollRule.NEXT_MONTH_FIRST = RollRule(kind=RollKind.NEXT_MONTH_FIRST)


def due_dates(
    first_due_on: dt.date,
    frequency: Frequency,
    count: int,
    roll: RollRule = RollRule.DAY_OF_MONTH,
) -> tuple[dt.date, ...]:
    """Return *count* due dates, the first one as agreed.

    Each is computed from *first_due_on*, so that a short month does not move the
    dates after it. They are not adjusted to business days.

    Raises:
        InvalidValueError: *count* is negative, a date would leave the calendar, or
            the two days of a semimonthly series fall together in some month.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import Frequency, RollRule, due_dates
        >>> dates = due_dates(
        ...     dt.date(2023, 1, 31), Frequency.MONTHLY, 4, RollRule.NEXT_MONTH_FIRST
        ... )
        >>> [day.isoformat() for day in dates]
        ['2023-01-31', '2023-03-01', '2023-03-31', '2023-05-01']
    """
    whole_number("count", count, at_least=0)
    if count < 2 or frequency.unit is FrequencyUnit.SEMIMONTH:
        return tuple(
            roll_date(first_due_on, frequency, index, roll) for index in range(count)
        )
    day("anchor_on", first_due_on)
    # What all dates of a series share is looked at once.
    if frequency.unit is FrequencyUnit.MONTH:
        first, step = _month_number(first_due_on), frequency.count
        due_day, kind = _due_day(first_due_on, roll), roll.kind
        months = range(first + step, first + count * step, step)
        later = [_day_in_month(month, due_day, kind) for month in months]
        return (first_due_on, *later)
    step_days = frequency.count * (7 if frequency.unit is FrequencyUnit.WEEK else 1)
    first_day = first_due_on.toordinal()
    days = range(first_day, first_day + count * step_days, step_days)
    if days[-1] > _LAST_ORDINAL:
        index = (_LAST_ORDINAL - first_day) // step_days + 1
        raise InvalidValueError("index", _IN_CALENDAR, index)
    return tuple(map(dt.date.fromordinal, days))


def roll_date(
    anchor_on: dt.date,
    frequency: Frequency,
    index: int,
    roll: RollRule = RollRule.DAY_OF_MONTH,
) -> dt.date:
    """Return the date *index* periods after *anchor_on*.

    Index 0 is the anchor itself, whatever its day: a first due date is agreed, not
    computed. A negative index counts back. The anchor's own calendar month is month
    zero.

    Raises:
        InvalidValueError: The date would leave the years 1 to 9999, or the two days
            of a semimonthly series fall together in some month.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import Frequency, RollRule, roll_date
        >>> roll_date(dt.date(2023, 2, 28), Frequency.MONTHLY, 1, RollRule.of("day_31"))
        datetime.date(2023, 3, 31)
        >>> roll_date(dt.date(2023, 3, 1), Frequency.SEMIMONTHLY, 1)
        datetime.date(2023, 3, 16)
    """
    day("anchor_on", anchor_on)
    whole_number("index", index)
    if index == 0:
        return anchor_on
    steps = index * frequency.count
    if frequency.unit is FrequencyUnit.SEMIMONTH:
        return _semimonth_date(anchor_on, index, roll)
    if frequency.unit is FrequencyUnit.MONTH:
        month = _month_number(anchor_on) + steps
        return _day_in_month(month, _due_day(anchor_on, roll), roll.kind)
    step_days = 7 if frequency.unit is FrequencyUnit.WEEK else 1
    try:
        return anchor_on + dt.timedelta(days=steps * step_days)
    except OverflowError:
        raise InvalidValueError("index", _IN_CALENDAR, index) from None


def add_months(on: dt.date, months: int) -> dt.date:
    """Return the same day *months* later, or the month's last day if it is shorter.

    To build a series use `due_dates`: adding a month again and again loses the 31st.

    Raises:
        InvalidValueError: The date would leave the years 1 to 9999.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import add_months
        >>> add_months(dt.date(2024, 1, 31), 1), add_months(dt.date(2024, 2, 29), -12)
        (datetime.date(2024, 2, 29), datetime.date(2023, 2, 28))
    """
    day("on", on)
    whole_number("months", months)
    return _day_in_month(_month_number(on) + months, on.day, RollKind.DAY_OF_MONTH)


def month_end(on: dt.date) -> dt.date:
    """Return the last day of the month of *on*.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import month_end
        >>> month_end(dt.date(2024, 2, 10))
        datetime.date(2024, 2, 29)
    """
    return on.replace(day=monthrange(on.year, on.month)[1])


_IN_CALENDAR: Final = "must stay within the years 1 to 9999"


def _month_number(on: dt.date) -> int:
    return 12 * on.year + on.month - 1


def _due_day(anchor_on: dt.date, roll: RollRule) -> int:
    if roll.kind is RollKind.END_OF_MONTH:
        return _LAST_DAY
    return anchor_on.day if roll.day is None else roll.day


def _day_in_month(month_number: int, due_day: int, kind: RollKind) -> dt.date:
    year, month0 = divmod(month_number, 12)
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        raise InvalidValueError("index", _IN_CALENDAR, f"year {year}")
    # Looking up how long a month is takes longest, and every month has these days.
    if due_day <= _MONTH_DAYS_MIN:
        return dt.date(year, month0 + 1, due_day)
    month_days = monthrange(year, month0 + 1)[1]
    if due_day <= month_days:
        return dt.date(year, month0 + 1, due_day)
    if kind is RollKind.NEXT_MONTH_FIRST:
        return _day_in_month(month_number + 1, 1, kind)
    return dt.date(year, month0 + 1, month_days)


def _semimonth_date(anchor_on: dt.date, index: int, roll: RollRule) -> dt.date:
    days = _semimonth_days(anchor_on, roll)

    def slot(number: int) -> dt.date:
        month, position = divmod(number, 2)
        return _day_in_month(month, days[position], roll.kind)

    # The anchor stands for the last slot that is not after it: one of its own
    # month, or the second one of the month before.
    number = 2 * _month_number(anchor_on) + 1
    while slot(number) > anchor_on:
        number -= 1
    return slot(number + index)


def _semimonth_days(anchor_on: dt.date, roll: RollRule) -> tuple[int, int]:
    due_day = _due_day(anchor_on, roll)
    second_day = roll.second_day
    if second_day is None:
        is_early = due_day <= _SEMIMONTH_GAP_DAYS
        gap_days = _SEMIMONTH_GAP_DAYS if is_early else -_SEMIMONTH_GAP_DAYS
        second_day = due_day + gap_days
        if roll.kind is RollKind.END_OF_MONTH:
            second_day = _SEMIMONTH_GAP_DAYS
    low, high = sorted((due_day, second_day))
    is_missing_at_times = high > _SHORTEST_MONTH_DAYS
    may_spill = is_missing_at_times and roll.kind is RollKind.NEXT_MONTH_FIRST
    if low == high or low >= _SHORTEST_MONTH_DAYS or (may_spill and low == 1):
        rule = "must stay apart from the due day in every month"
        raise InvalidValueError("second_day", rule, second_day)
    return low, high
