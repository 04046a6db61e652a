"""Business-day adjustment and due-date rolling, compared exactly."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    Frequency,
    FrequencyUnit,
    RollRule,
    add_months,
    adjust_date,
    advance_business_days,
    advance_date,
    due_dates,
    keep_both_dates,
    roll_date,
)
from microcrm_core.errors import InvalidValueError
from tests.golden.outcomes import NotSupportedError, Outcome, compared
from tests.golden.reading import (
    MalformedError,
    Record,
    date_at,
    dates_at,
    flag_at,
    items_at,
    record_at,
    text_at,
    whole_at,
)

__all__ = ["check"]

_RULES: Final = {rule.value: rule for rule in BusinessDayRule} | {
    "none": BusinessDayRule.NO_ADJUST,
    "unadjusted": BusinessDayRule.NO_ADJUST,
    "no_adjustment": BusinessDayRule.NO_ADJUST,
    "nearest_sunday_monday": BusinessDayRule.NEAREST_SUNDAY_MONDAY,
    "true_nearest": BusinessDayRule.NEAREST_TRUE,
}
_ROLLS: Final = {
    "none": "day_of_month",
    "anchor_day": "day_of_month",
    "eom": "end_of_month",
    "month_end": "end_of_month",
    "last_day": "end_of_month",
    "first_of_next_month": "next_month_first",
}
_UNITS: Final = {
    "day": Frequency(1, FrequencyUnit.DAY),
    "week": Frequency(1, FrequencyUnit.WEEK),
    "month": Frequency(1, FrequencyUnit.MONTH),
    "year": Frequency(12, FrequencyUnit.MONTH),
}
_CHAINED: Final = "add one month to the previous date"

Found = dict[str, object]


def check(case: Record, _document: Record) -> Outcome:
    """Check one case of the family `business_days`."""
    kind = text_at(case, "kind")
    inputs, wanted = record_at(case, "inputs"), record_at(case, "expected")
    if kind == "pitfall":
        return _check_pitfall(inputs, wanted)
    if kind not in _KINDS:
        raise NotSupportedError(f"kind {kind}")
    return compared(_expected(wanted), _KINDS[kind](inputs))


def _expected(wanted: Record) -> dict[str, object]:
    expected: dict[str, object] = {}
    if "date" in wanted:
        expected["date"] = date_at(wanted, "date")
    for key in ("dates", "unadjusted"):
        if key in wanted:
            expected[key] = dates_at(wanted, key)
    return expected


def _adjusted(inputs: Record) -> Found:
    on = date_at(inputs, "date")
    return {"date": adjust_date(on, _rule(inputs), _calendar(inputs)), "unadjusted": on}


def _advanced(inputs: Record) -> Found:
    on, count = date_at(inputs, "date"), whole_at(inputs, "count")
    rule, calendar = _rule(inputs), _calendar(inputs)
    unit = _named(text_at(inputs, "unit")).removesuffix("s")
    if unit == "business_day":
        moved_on = advance_business_days(on, count, calendar)
        return {"date": moved_on if count else adjust_date(on, rule, calendar)}
    if unit not in _UNITS:
        raise NotSupportedError(f"unit {unit}")
    return {
        "date": advance_date(
            on,
            _UNITS[unit],
            count,
            rule,
            calendar,
            is_month_end_kept=flag_at(inputs, "end_of_month"),
        )
    }


def _rolled(inputs: Record) -> Found:
    frequency, sign = _frequency(inputs)
    return {"date": roll_date(date_at(inputs, "date"), frequency, sign, _roll(inputs))}


def _scheduled(inputs: Record) -> Found:
    frequency, sign = _frequency(inputs)
    first_on, count = date_at(inputs, "first"), whole_at(inputs, "count")
    roll = _roll(inputs)
    if sign > 0:
        dates = due_dates(first_on, frequency, count, roll)
    else:
        dates = tuple(roll_date(first_on, frequency, -i, roll) for i in range(count))
    pairs = keep_both_dates(dates, _rule(inputs), _calendar(inputs))
    return {
        "dates": tuple(pair.adjusted_on for pair in pairs),
        "unadjusted": tuple(pair.unadjusted_on for pair in pairs),
    }


_KINDS: Final[dict[str, Callable[[Record], Found]]] = {
    "adjust": _adjusted,
    "advance": _advanced,
    "roll_next": _rolled,
    "roll_schedule": _scheduled,
}


def _check_pitfall(inputs: Record, wanted: Record) -> Outcome:
    """Check that the right way is ours and that the wrong way is another."""
    found = _KINDS[_shape(inputs)](inputs)
    expected = _expected(_with_prefix(wanted, "right_"))
    if "method" in inputs and text_at(inputs, "method") == _CHAINED:
        found["chained"] = _chained(inputs)
        expected["chained"] = dates_at(wanted, "wrong_dates")
    for name, value in _expected(_with_prefix(wanted, "wrong_")).items():
        expected[f"{name} is wrong"] = True
        found[f"{name} is wrong"] = found[name] != value
    return compared(expected, found)


def _shape(inputs: Record) -> str:
    if "first" in inputs:
        return "roll_schedule"
    if "unit" in inputs:
        return "advance"
    return "adjust" if "convention" in inputs else "roll_next"


def _with_prefix(wanted: Record, prefix: str) -> Record:
    return {
        key.removeprefix(prefix): value
        for key, value in wanted.items()
        if key.startswith(prefix)
    }


def _chained(inputs: Record) -> tuple[dt.date, ...]:
    dates = [date_at(inputs, "first")]
    for _ in range(whole_at(inputs, "count") - 1):
        dates.append(add_months(dates[-1], 1))
    return tuple(dates)


def _named(text: str) -> str:
    return text.strip().lower().replace(" ", "_").replace("-", "_")


def _rule(inputs: Record) -> BusinessDayRule:
    if inputs.get("convention") is None:
        return BusinessDayRule.NO_ADJUST
    name = _named(text_at(inputs, "convention"))
    if name not in _RULES:
        raise NotSupportedError(f"business-day rule {name}")
    return _RULES[name]


def _roll(inputs: Record) -> RollRule:
    if inputs.get("roll") is None:
        return RollRule.DAY_OF_MONTH
    name = _named(text_at(inputs, "roll"))
    try:
        return RollRule.of(_ROLLS.get(name, name))
    except InvalidValueError:
        raise NotSupportedError(f"roll {name}") from None


def _frequency(inputs: Record) -> tuple[Frequency, int]:
    """Return the frequency, and 1 or -1 for the direction."""
    for unit, frequency in _UNITS.items():
        key = f"{unit}s"
        if key in inputs:
            count = whole_at(inputs, key)
            if count == 0:
                raise MalformedError(f"{key} must not be 0")
            multiple = Frequency(abs(count) * frequency.count, frequency.unit)
            return multiple, 1 if count > 0 else -1
    raise MalformedError("months is missing")


def _calendar(inputs: Record) -> BusinessCalendar:
    weekend = items_at(inputs, "weekend", default=["saturday", "sunday"])
    return BusinessCalendar(
        name="golden",
        weekend=[str(name).lower() for name in weekend],
        holidays=dates_at(inputs, "holidays", default=[]),
        working_days=dates_at(inputs, "working_weekend_days", default=[]),
    )
