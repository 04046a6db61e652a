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
from tests.golden.known import known_word, require_known
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

# What is read of a case; prose that explains it is not.
_PROSE: Final = frozenset({"description", "note"})
_INPUTS: Final[dict[str, frozenset[str]]] = {
    "apr": frozenset(
        {"advances", "payments", "unit_period", "unit_periods_per_year"}
    ),
    "unit_period": frozenset({"from", "to", "unit_period", "last_day_of_month"}),
    "choose_unit_period": frozenset({"intervals"}),
    "tolerance": frozenset(
        {"actual_apr_percent", "disclosed_apr_percent", "irregular"}
    ),
    "irregular_flag": frozenset(
        {
            "multiple_advances", "irregular_first_period", "irregular_first_payment",
            "irregular_final_payment", "other_irregular_periods",
            "other_irregular_amounts",
        }
    ),
}  # fmt: skip
_EXPECTED: Final[dict[str, frozenset[str]]] = {
    "apr": frozenset(
        {
            "apr_percent", "apr_percent_unrounded", "decimals", "payment_time_factors",
            "advance_time_factors",
        }
    ),
    "unit_period": frozenset({"full", "fraction"}),
    "choose_unit_period": frozenset({"unit_period"}),
    "tolerance": frozenset({"accurate"}),
    "irregular_flag": frozenset({"irregular", "tolerance_points"}),
}  # fmt: skip
_UNIT_PERIOD: Final = ("unit", "n", "count", "months", "days", "per_year")
_LINE: Final = frozenset(
    {"amount", "count", "first_date", "every", "last_day_of_month"}
)


def check(case: Record, _document: Record) -> Outcome:
    """Check one case of the family `regz_apr`."""
    kind = text_at(case, "kind")
    if kind not in _INPUTS:
        raise NotSupportedError(f"kind {kind}")
    inputs, wanted = record_at(case, "inputs"), record_at(case, "expected")
    require_known(inputs, _PROSE | _INPUTS[kind], kind)
    require_known(wanted, _EXPECTED[kind], f"{kind} expected")
    if kind == "apr":
        return _apr(inputs, wanted)
    if kind == "unit_period":
        return _unit_period_count(inputs, wanted)
    if kind == "choose_unit_period":
        return _chosen(inputs, wanted)
    if kind == "tolerance":
        return _tolerance(inputs, wanted)
    return _irregular(inputs, wanted)


def _apr(inputs: Record, wanted: Record) -> Outcome:
    advances = [_record(item) for item in items_at(inputs, "advances")]
    lines = [_record(item) for item in items_at(inputs, "payments")]
    flows: list[CashFlow] = []
    firsts: list[CashFlow] = []
    for advance in advances:
        require_known(advance, ("amount", "date"), "an advance")
        flows.append(
            CashFlow(date_at(advance, "date"), _money(advance), FlowKind.ADVANCE)
        )
    starts = list(flows)
    for line in lines:
        require_known(line, _LINE, "a payment")
        paid = _payments(line)
        firsts.append(paid[0])
        flows += paid
    credit = CreditFlows(flows)
    unrounded = text_at(wanted, "apr_percent_unrounded")
    times = _times(inputs, credit, lines)
    decimals = whole_at(wanted, "decimals")
    solved = solve_rate(
        credit, RateMeasure.REG_Z_NOMINAL, times=times, decimals=decimals
    )
    by_flow = dict(zip(credit.flows, times.factors, strict=True))
    expected: dict[str, object] = {
        "unit_periods_per_year": fraction_at(inputs, "unit_periods_per_year"),
        "apr_percent": text_at(wanted, "apr_percent"),
        "apr_percent_unrounded": unrounded,
        "payment_time_factors": _factors(wanted, "payment_time_factors"),
    }
    found: dict[str, object] = {
        "unit_periods_per_year": times.per_year,
        "apr_percent": str(solved.disclosed_percent),
        "apr_percent_unrounded": _unrounded(solved.rate, unrounded),
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
    require_known(every, ("unit", "n"), "a frequency")
    count = whole_at(every, "n")
    unit = known_word(UnitPeriodUnit, text_at(every, "unit"), "payments every")
    if unit is UnitPeriodUnit.YEAR:
        return Frequency(_YEAR_MONTHS * count, "month")
    return Frequency(count, unit.value)


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
    require_known(expected, _UNIT_PERIOD, "a term")
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
    require_known(given, _UNIT_PERIOD, "a unit-period")
    unit, count = text_at(given, "unit"), whole_at(given, "n")
    if (unit, count) == ("month", 12):
        return UnitPeriod(1, UnitPeriodUnit.YEAR)
    return UnitPeriod(count, known_word(UnitPeriodUnit, unit, "unit-period of a"))


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


def _unrounded(rate: float | None, wanted: str) -> str:
    if rate is None:
        return "none"
    # To as many digits as the case prints.
    decimals = len(wanted.partition(".")[2])
    return str(round_percent(100.0 * rate, decimals, tolerance=1e-9))


def _record(item: Json) -> Record:
    if not isinstance(item, dict):
        raise MalformedError(f"must be an object, got {item!r}")
    return item
