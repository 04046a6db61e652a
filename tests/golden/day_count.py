"""Year fractions, compared exactly."""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import Final

from microcrm_core.dates import BusinessCalendar, DayCount, count_days, year_fraction
from tests.golden.outcomes import NotSupportedError, Outcome, compared
from tests.golden.reading import (
    MalformedError,
    Record,
    date_at,
    date_of,
    dates_at,
    fraction_at,
    items_at,
    record_at,
    text_at,
    whole_at,
)

__all__ = ["check"]

# Spellings that the market uses for the stored texts, as `_plain` writes them.
_ALIASES: Final = {
    "30/360BOND": DayCount.THIRTY_360_BOND,
    "30/360BONDBASIS": DayCount.THIRTY_360_BOND,
    "30A/360": DayCount.THIRTY_360_BOND,
    "30U/360": DayCount.THIRTY_360_US,
    "EUROBONDBASIS": DayCount.THIRTY_E_360,
    "ACT/365": DayCount.ACT_365F,
    "ACT/365FIXED": DayCount.ACT_365F,
    "ACT/ACTISMA": DayCount.ACT_ACT_ICMA,
    "ACT/ACTEURO": DayCount.ACT_ACT_AFB,
    "ACT/365ACTUAL": DayCount.ACT_365L,
    "365/365NL": DayCount.NL_365,
    "NL365": DayCount.NL_365,
    "BUSINESS/252": DayCount.BUS_252,
}


def check(case: Record, _document: Record) -> Outcome:
    """Check one case of the family `day_count`."""
    kind = text_at(case, "kind")
    if kind != "year_fraction":
        raise NotSupportedError(f"kind {kind}")
    inputs, wanted = record_at(case, "inputs"), record_at(case, "expected")
    found_fraction = _year_fraction(inputs)
    expected: dict[str, object] = {}
    found: dict[str, object] = {"as_fraction": found_fraction}
    if "as_fraction" in wanted:
        expected["as_fraction"] = fraction_at(wanted, "as_fraction")
    if "days" in wanted:
        expected["days"] = whole_at(wanted, "days")
        found["days"] = _days(inputs)
    if "year_fraction" in wanted:
        text = text_at(wanted, "year_fraction")
        expected["year_fraction"] = text
        found["year_fraction"] = _decimal_text(found_fraction, like=text)
    return compared(expected, found)


def _convention(inputs: Record) -> DayCount:
    text = text_at(inputs, "convention")
    known = {_plain(day_count): day_count for day_count in DayCount} | _ALIASES
    try:
        return known[_plain(text)]
    except KeyError:
        raise NotSupportedError(f"day count {text}") from None


def _plain(text: str) -> str:
    letters = re.sub(r"[\s()_-]", "", text.upper())
    return letters.replace("ACTUAL", "ACT")


def _year_fraction(inputs: Record) -> Fraction:
    start_on, end_on = date_at(inputs, "start"), date_at(inputs, "end")
    has = {name for name, value in inputs.items() if value is not None}
    return year_fraction(
        _convention(inputs),
        start_on,
        end_on,
        termination_on=(
            date_at(inputs, "termination_date") if "termination_date" in has else None
        ),
        reference_periods=_periods(inputs) if "reference_periods" in has else None,
        frequency=whole_at(inputs, "frequency") if "frequency" in has else None,
        period_end_on=date_at(inputs, "period_end") if "period_end" in has else None,
        calendar=_calendar(inputs),
        is_signed=start_on > end_on,
    )


def _days(inputs: Record) -> int:
    start_on, end_on = date_at(inputs, "start"), date_at(inputs, "end")
    has_end = inputs.get("termination_date") is not None
    return count_days(
        _convention(inputs),
        start_on,
        end_on,
        termination_on=date_at(inputs, "termination_date") if has_end else None,
        calendar=_calendar(inputs),
        is_signed=start_on > end_on,
    )


def _periods(inputs: Record) -> list[tuple[dt.date, dt.date]]:
    periods = []
    for item in items_at(inputs, "reference_periods"):
        if not isinstance(item, list) or len(item) != 2:
            raise MalformedError(f"reference_periods must hold pairs, got {item!r}")
        start, end = (date_of(value, "reference_periods") for value in item)
        periods.append((start, end))
    return periods


def _calendar(inputs: Record) -> BusinessCalendar | None:
    for key in ("weekday_holidays", "holidays"):
        if inputs.get(key) is not None:
            return BusinessCalendar(name="golden", holidays=dates_at(inputs, key))
    return None


def _decimal_text(value: Fraction, *, like: str) -> str:
    decimals = len(like.partition(".")[2])
    with localcontext(prec=60):
        exact = Decimal(value.numerator) / value.denominator
        step = Decimal(1).scaleb(-decimals)
        return f"{exact.quantize(step, rounding=ROUND_HALF_EVEN):f}"
