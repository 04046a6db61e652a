"""European annual percentage rates, intervals, rounding and assumptions, exactly."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Final

from microcrm_core.loans.cash_flows import CashFlow, CreditFlows, FlowKind
from microcrm_core.loans.eu_assumptions import (
    EuAssumption,
    RateStage,
    assumed_duration_months,
    assumed_rates,
)
from microcrm_core.loans.eu_intervals import EuPeriod, count_eu_interval
from microcrm_core.loans.flow_times import FlowTimes
from microcrm_core.loans.rate_disclosure import round_percent
from microcrm_core.loans.rate_measures import RateMeasure, TimeFactor
from microcrm_core.loans.rate_solving import SolvedRate, solve_rate
from microcrm_core.money import Currency, Money
from microcrm_core.rates import Rate
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

_EURO: Final = Currency.of("EUR")
# What is read of a case; prose is not, nor the dates that its times come from.
_PROSE: Final = frozenset({"description", "note", "dates"})
_INPUTS: Final[dict[str, frozenset[str]]] = {
    "aprc": frozenset({"flows", "measure", "year_basis", "periods_per_year"}),
    "interval": frozenset({"from", "to", "period"}),
    "rounding": frozenset({"value_percent", "decimals"}),
}
_EXPECTED: Final[dict[str, frozenset[str]]] = {
    "aprc": frozenset({"aprc_percent", "aprc_percent_unrounded", "decimals"}),
    "interval": frozenset({"periods", "days", "year_days", "years"}),
    "rounding": frozenset({"rounded_percent"}),
}
_ZERO_ON: Final = dt.date(2000, 1, 1)


def check(case: Record, _document: Record) -> Outcome:
    """Check one case of the family `eu_aprc`."""
    kind = text_at(case, "kind")
    checker = _CHECKERS.get(kind)
    if checker is None:
        raise NotSupportedError(f"kind {kind}")
    inputs, wanted = record_at(case, "inputs"), record_at(case, "expected")
    if kind in _INPUTS:
        require_known(inputs, _PROSE | _INPUTS[kind], kind)
        require_known(wanted, _EXPECTED[kind], f"{kind} expected")
    return checker(inputs, wanted)


def _aprc(inputs: Record, wanted: Record) -> Outcome:
    records = [_record(item) for item in items_at(inputs, "flows")]
    years = [fraction_at(record, "t_years") for record in records]
    credit = CreditFlows(_flow(record) for record in records)
    # The flows are given in order of time and share one day here, so they keep it.
    decimals = whole_at(wanted, "decimals")
    solved = _solved(inputs, credit, years, decimals)
    unrounded = text_at(wanted, "aprc_percent_unrounded")
    return compared(
        {
            "aprc_percent": text_at(wanted, "aprc_percent"),
            "aprc_percent_unrounded": unrounded,
        },
        {
            "aprc_percent": str(solved.disclosed_percent),
            "aprc_percent_unrounded": _unrounded(solved.rate, unrounded),
        },
    )


def _solved(
    inputs: Record, credit: CreditFlows, years: list[Fraction], decimals: int
) -> SolvedRate:
    measure, basis = text_at(inputs, "measure"), text_at(inputs, "year_basis")
    if measure == "effective_annual":
        times = FlowTimes.of_years(years, basis)
        return solve_rate(credit, RateMeasure.EU_APRC, times=times, decimals=decimals)
    if measure != "nominal_from_periodic":
        raise NotSupportedError(f"measure {measure}")
    per_year = Fraction(whole_at(inputs, "periods_per_year"))
    times = FlowTimes(
        factors=tuple(TimeFactor.of(year * per_year) for year in years),
        per_year=per_year,
        basis=basis,
    )
    # The rate of a period times the periods is a nominal rate.
    return solve_rate(credit, RateMeasure.REG_Z_NOMINAL, times=times, decimals=decimals)


def _flow(record: Record) -> CashFlow:
    require_known(record, ("amount", "t_years"), "a flow")
    signed = Money.of(Decimal(text_at(record, "amount")), _EURO)
    kind = FlowKind.REPAYMENT if signed.is_negative else FlowKind.ADVANCE
    return CashFlow(_ZERO_ON, abs(signed), kind)


def _interval(inputs: Record, wanted: Record) -> Outcome:
    interval = count_eu_interval(
        date_at(inputs, "from"),
        date_at(inputs, "to"),
        known_word(EuPeriod, text_at(inputs, "period"), "period"),
    )
    years = text_at(wanted, "years")
    decimals = len(years.partition(".")[2])
    return compared(
        {
            "periods": whole_at(wanted, "periods"),
            "days": whole_at(wanted, "days"),
            "year_days": wanted.get("year_days"),
            "years": years,
        },
        {
            "periods": interval.periods,
            "days": interval.days,
            "year_days": interval.year_days,
            "years": str(round_percent(interval.years, decimals)),
        },
    )


def _rounding(inputs: Record, wanted: Record) -> Outcome:
    rounded = round_percent(
        text_at(inputs, "value_percent"), whole_at(inputs, "decimals")
    )
    expected = text_at(wanted, "rounded_percent")
    return compared({"rounded_percent": expected}, {"rounded_percent": str(rounded)})


def _assumption(inputs: Record, wanted: Record) -> Outcome:
    if "rule" in inputs:
        raise NotSupportedError("an assumption whose input is prose")
    expected: dict[str, object] = {}
    found: dict[str, object] = {}
    if "assumed_months" in wanted or "drawn" in wanted:
        is_overdraft = _is_overdraft(inputs)
        if "assumed_months" in wanted:
            expected["assumed_months"] = whole_at(wanted, "assumed_months")
            months = assumed_duration_months(is_overdraft=is_overdraft)
            found["assumed_months"] = months
        if "drawn" in wanted:
            if not is_overdraft:
                raise NotSupportedError("what is drawn of other than an overdraft")
            drawn = _words_of(text_at(wanted, "drawn"))
            expected["drawn"] = drawn
            found["drawn"] = drawn & _drawn(EuAssumption.OVERDRAFT_DURATION)
    elif "assumed_rate_percent" in wanted or "rates_percent" in wanted:
        rates = assumed_rates(_stages(inputs), is_open_end=flag_at(inputs, "open_end"))
        percents = tuple(str(_percent(rate)) for rate in rates)
        if "rates_percent" in wanted:
            expected["rates_percent"] = tuple(
                str(item) for item in items_at(wanted, "rates_percent")
            )
            found["rates_percent"] = percents
        if "assumed_rate_percent" in wanted:
            if len(set(percents)) > 1:
                raise NotSupportedError("one assumed rate of several stages")
            expected["assumed_rate_percent"] = text_at(wanted, "assumed_rate_percent")
            found["assumed_rate_percent"] = percents[0]
    if set(wanted) - set(expected):
        raise NotSupportedError(f"assumption of {', '.join(sorted(wanted))}")
    return compared(expected, found)


_OVERDRAFTS: Final = frozenset({"overdraft", "overdraft facility"})
_OPEN_ENDS: Final = frozenset(
    {
        "credit card", "open-end credit", "open-end credit other than an overdraft",
        "open-end credit other than overdraft", "other open-end credit",
        "other open-end", "revolving credit", "credit line",
    }
)  # fmt: skip


def _is_overdraft(inputs: Record) -> bool:
    require_known(inputs, ("product", "duration_known"), "an assumption")
    product = " ".join(text_at(inputs, "product").lower().replace("_", " ").split())
    if flag_at(inputs, "duration_known"):
        raise NotSupportedError("an assumption on a known duration")
    if product in _OVERDRAFTS:
        return True
    if product in _OPEN_ENDS or product.replace("open end", "open-end") in _OPEN_ENDS:
        return False
    raise NotSupportedError(f"the assumed duration of {product}")


# Wordings of a case, for what the text of the library says.
_DRAWN: Final = {
    "all is drawn": ("full amount", "in full", "fully", "total amount", "all"),
    "for the whole duration": ("whole duration", "for the whole duration"),
}


def _words_of(text: str) -> frozenset[str]:
    meant: set[str] = set()
    for part in text.lower().replace(" and ", ", ").replace(";", ",").split(","):
        word = " ".join(part.split())
        texts = [ours for ours, known in _DRAWN.items() if word in known]
        if not texts:
            raise NotSupportedError(f"drawn: {text}")
        meant.update(texts)
    return frozenset(meant)


def _drawn(assumption: EuAssumption) -> frozenset[str]:
    return frozenset(text for text in _DRAWN if text in assumption.text)


_FIXED: Final = re.compile(
    r"(intro_|introductory_|initial_|fixed_|standard_)?rate"
    r"(_year_\d+|_stage_\d+|_later)?_percent"
)
_MARGIN: Final = re.compile(r"margin(_year_\d+|_stage_\d+|_later)?_percent")


def _stages(inputs: Record) -> list[RateStage]:
    stages: list[RateStage] = []
    for key in inputs:
        if key in {"open_end", "reference_rate_percent"}:
            continue
        if _MARGIN.fullmatch(key):
            indicator = _rate(inputs, "reference_rate_percent")
            stages.append(RateStage(indicator=indicator, margin=_rate(inputs, key)))
        elif _FIXED.fullmatch(key):
            stages.append(RateStage(fixed=_rate(inputs, key)))
        else:
            raise NotSupportedError(f"an assumption on {key}")
    return stages


def _rate(inputs: Record, key: str) -> Rate:
    return Rate.of_percent(text_at(inputs, key))


def _percent(rate: Rate) -> Decimal:
    percent = (rate.annual * 100).normalize()
    return Decimal(f"{percent:f}")


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


_CHECKERS: Final[dict[str, Callable[[Record, Record], Outcome]]] = {
    "aprc": _aprc,
    "interval": _interval,
    "rounding": _rounding,
    "assumption": _assumption,
}
