"""Regulation Z: annual percentage rates, unit-periods and tolerances, exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from microcrm_core.dates import Frequency, RollRule, due_dates
from microcrm_core.loans.cash_flows import CashFlow, CreditFlows, FlowKind
from microcrm_core.loans.flow_times import FlowTimes, reg_z_times
from microcrm_core.loans.payment_series import choose_unit_period
from microcrm_core.loans.rate_disclosure import (
    Irregularities,
    is_accurate,
    round_percent,
)
from microcrm_core.loans.rate_measures import RateMeasure, TimeFactor
from microcrm_core.loans.rate_solving import solve_rate
from microcrm_core.loans.unit_periods import (
    UnitPeriod,
    UnitPeriodUnit,
    count_unit_periods,
)
from microcrm_core.money import Currency, Money
from tests.golden.outcomes import NotSupportedError, Outcome, compared
from tests.golden.reading import (
    Json,
    MalformedError,
    Record,
    date_at,
    flag_at,
    fraction_at,
    items_at,
    record_at,
    text_at,
    whole_at,
)

__all__ = ["check"]

_DOLLAR: Final = Currency.of("USD")
_LAST_DAY: Final = 31
_YEAR_MONTHS: Final = 12
_YEAR_DAYS: Final = 365
# So many of these are a year or more, and count as one.
_YEAR_OF: Final = {"day": 365, "week": 53, "semimonth": 24, "month": 12, "year": 1}
_UNROUNDED_DECIMALS: Final = 6


def check(case: Record, _document: Record) -> Outcome:
    """Check one case of the family `regz_apr`."""
    kind = text_at(case, "kind")
    inputs, wanted = record_at(case, "inputs"), record_at(case, "expected")
    if kind == "apr":
        return _apr(inputs, wanted)
    if kind == "unit_period":
        return _unit_period_count(inputs, wanted)
    if kind == "choose_unit_period":
        return _chosen(inputs, wanted)
    if kind == "tolerance":
        return _tolerance(inputs, wanted)
    if kind == "irregular_flag":
        return _irregular(inputs, wanted)
    raise NotSupportedError(f"kind {kind}")


def _apr(inputs: Record, wanted: Record) -> Outcome:
    advances = [_record(item) for item in items_at(inputs, "advances")]
    lines = [_record(item) for item in items_at(inputs, "payments")]
    flows: list[CashFlow] = []
    firsts: list[CashFlow] = []
    for advance in advances:
        flows.append(
            CashFlow(date_at(advance, "date"), _money(advance), FlowKind.ADVANCE)
        )
    starts = list(flows)
    for line in lines:
        paid = _payments(line)
        firsts.append(paid[0])
        flows += paid
    credit = CreditFlows(flows)
    times = _times(inputs, credit, lines)
    decimals = whole_at(wanted, "decimals")
    solved = solve_rate(
        credit, RateMeasure.REG_Z_NOMINAL, times=times, decimals=decimals
    )
    by_flow = dict(zip(credit.flows, times.factors, strict=True))
    expected: dict[str, object] = {
        "unit_periods_per_year": fraction_at(inputs, "unit_periods_per_year"),
        "apr_percent": text_at(wanted, "apr_percent"),
        "apr_percent_unrounded": text_at(wanted, "apr_percent_unrounded"),
        "payment_time_factors": _factors(wanted, "payment_time_factors"),
    }
    found: dict[str, object] = {
        "unit_periods_per_year": times.per_year,
        "apr_percent": str(solved.disclosed_percent),
        "apr_percent_unrounded": _unrounded(solved.rate),
        "payment_time_factors": tuple(by_flow[flow] for flow in firsts),
        "advance_time_factors": tuple(by_flow[flow] for flow in starts),
    }
    if "advance_time_factors" in wanted:
        expected["advance_time_factors"] = _factors(wanted, "advance_time_factors")
    return compared(expected, found)


def _times(inputs: Record, credit: CreditFlows, lines: list[Record]) -> FlowTimes:
    given = record_at(inputs, "unit_period")
    is_last_day = any(flag_at(line, "last_day_of_month") for line in lines)
    due_day = _LAST_DAY if is_last_day else None
    if text_at(given, "unit") != "term":
        return reg_z_times(credit, unit_period=_unit_period(given), due_day=due_day)
    times = reg_z_times(credit, due_day=due_day)
    per_year = fraction_at(inputs, "unit_periods_per_year")
    days = (credit.flows[-1].on - credit.flows[0].on).days
    if times.per_year != per_year == Fraction(365, days):
        # The allowed alternative for a term of whole months.
        term = UnitPeriod(days, UnitPeriodUnit.DAY, is_term=True)
        return reg_z_times(credit, unit_period=term)
    return times


def _payments(line: Record) -> list[CashFlow]:
    count, first_on = whole_at(line, "count"), date_at(line, "first_date")
    is_last_day = flag_at(line, "last_day_of_month")
    roll = RollRule.END_OF_MONTH if is_last_day else RollRule.DAY_OF_MONTH
    frequency = _frequency(record_at(line, "every")) if count > 1 else Frequency.MONTHLY
    paid_on = due_dates(first_on, frequency, count, roll)
    return [CashFlow(on, _money(line), FlowKind.REPAYMENT) for on in paid_on]


def _frequency(every: Record) -> Frequency:
    unit, count = text_at(every, "unit"), whole_at(every, "n")
    if unit == "year":
        return Frequency(12 * count, "month")
    return Frequency(count, unit)


def _unit_period_count(inputs: Record, wanted: Record) -> Outcome:
    count = count_unit_periods(
        date_at(inputs, "from"),
        date_at(inputs, "to"),
        _unit_period(record_at(inputs, "unit_period")),
        due_day=_LAST_DAY if flag_at(inputs, "last_day_of_month") else None,
    )
    return compared(
        {
            "full": whole_at(wanted, "full"),
            "fraction": fraction_at(wanted, "fraction"),
        },
        {"full": count.whole, "fraction": count.odd_fraction},
    )


def _chosen(inputs: Record, wanted: Record) -> Outcome:
    intervals: dict[UnitPeriod, int] = {}
    for item in items_at(inputs, "intervals"):
        interval = _record(item)
        unit_period = _interval(interval)
        times = whole_at(interval, "count")
        intervals[unit_period] = intervals.get(unit_period, 0) + times
    chosen = choose_unit_period(intervals)
    expected = record_at(wanted, "unit_period")
    if text_at(expected, "unit") != "term":
        return compared(
            {"unit_period": _unit_period(expected)}, {"unit_period": chosen}
        )
    parts: dict[str, object] = {"is_term": True}
    # A term of exactly a year is a year, and twelve months.
    is_year = chosen.unit is UnitPeriodUnit.YEAR
    found: dict[str, object] = {
        "is_term": chosen.is_term or is_year,
        "per_year": chosen.per_year,
    }
    if "per_year" in expected:
        parts["per_year"] = fraction_at(expected, "per_year")
    for unit in ("month", "day"):
        if f"{unit}s" in expected:
            parts[f"{unit}s"] = whole_at(expected, f"{unit}s")
            found[f"{unit}s"] = chosen.count if chosen.unit == unit else None
            if is_year:
                found[f"{unit}s"] = {"month": _YEAR_MONTHS, "day": _YEAR_DAYS}[unit]
    return compared(parts, found)


def _tolerance(inputs: Record, wanted: Record) -> Outcome:
    found = is_accurate(
        text_at(inputs, "disclosed_apr_percent"),
        text_at(inputs, "actual_apr_percent"),
        is_irregular=flag_at(inputs, "irregular"),
    )
    return compared({"accurate": flag_at(wanted, "accurate")}, {"accurate": found})


def _irregular(inputs: Record, wanted: Record) -> Outcome:
    found = Irregularities(
        has_several_advances=flag_at(inputs, "multiple_advances"),
        has_odd_first_period=flag_at(inputs, "irregular_first_period"),
        has_odd_first_payment=flag_at(inputs, "irregular_first_payment"),
        has_odd_final_payment=flag_at(inputs, "irregular_final_payment"),
        has_other_odd_periods=flag_at(inputs, "other_irregular_periods"),
        has_other_odd_amounts=flag_at(inputs, "other_irregular_amounts"),
    )
    return compared(
        {
            "irregular": flag_at(wanted, "irregular"),
            "tolerance_points": text_at(wanted, "tolerance_points"),
        },
        {
            "irregular": found.is_irregular,
            "tolerance_points": str(found.tolerance_points),
        },
    )


def _unit_period(given: Record) -> UnitPeriod:
    unit, count = text_at(given, "unit"), whole_at(given, "n")
    if (unit, count) == ("month", 12):
        return UnitPeriod(1, UnitPeriodUnit.YEAR)
    return UnitPeriod(count, UnitPeriodUnit(unit))


def _interval(given: Record) -> UnitPeriod:
    unit, count = text_at(given, "unit"), whole_at(given, "n")
    if unit in _YEAR_OF and count >= _YEAR_OF[unit]:
        return UnitPeriod(1, UnitPeriodUnit.YEAR)
    return _unit_period(given)


def _factors(wanted: Record, key: str) -> tuple[TimeFactor, ...]:
    records = [_record(item) for item in items_at(wanted, key)]
    return tuple(
        TimeFactor(whole_at(record, "t"), fraction_at(record, "f"))
        for record in records
    )


def _money(record: Record) -> Money:
    return Money.of(Decimal(text_at(record, "amount")), _DOLLAR)


def _unrounded(rate: float | None) -> str:
    if rate is None:
        return "none"
    percent = 100.0 * rate
    return str(round_percent(percent, _UNROUNDED_DECIMALS, tolerance=1e-9))


def _record(item: Json) -> Record:
    if not isinstance(item, dict):
        raise MalformedError(f"must be an object, got {item!r}")
    return item
