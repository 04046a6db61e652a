"""Solving: the rate of a credit under a named measure, with its working.

`solve_rate` takes the flows of a credit and a `RateMeasure` and returns a `SolvedRate`:
the rate, how exact it is, when each flow was counted to happen, which charges were
counted and which were not. That there is no rate, or more than one, is a result and not
an error: a credit whose payments come before its advances can have two.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
    >>> from microcrm_core.loans.rate_measures import RateMeasure
    >>> from microcrm_core.loans.rate_solving import solve_rate
    >>> from microcrm_core.money import Currency, Money
    >>> euro = Currency.of("EUR")
    >>> flows = CreditFlows(
    ...     [
    ...         CashFlow(dt.date(1994, 1, 1), Money.of("1000", euro), "advance"),
    ...         CashFlow(dt.date(1995, 1, 1), Money.of("600", euro), "repayment"),
    ...         CashFlow(dt.date(1996, 1, 1), Money.of("600", euro), "repayment"),
    ...     ]
    ... )
    >>> solved = solve_rate(flows, RateMeasure.EU_APRC)
    >>> str(solved.disclosed_percent), round(solved.rate, 7)
    ('13.1', 0.1306624)
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from math import exp, expm1, log1p
from typing import Final

import attrs

from microcrm_core.checks import whole_number
from microcrm_core.decisions import canonical_json
from microcrm_core.errors import InvalidValueError
from microcrm_core.html import html_table
from microcrm_core.loans.cash_flows import CreditFlows, FlowDirection
from microcrm_core.loans.eu_assumptions import EuAssumption
from microcrm_core.loans.flow_times import FlowTimes, times_of_measure
from microcrm_core.loans.rate_disclosure import round_percent
from microcrm_core.loans.rate_measures import RateMeasure, RateOutcome, TimeFactor
from microcrm_core.loans.rate_roots import (
    Equation,
    find_roots,
    find_simple_rate,
    simple_balance,
)
from microcrm_core.rounding import Rounding

__all__ = ["RATE_TOLERANCE", "SolvedRate", "solve_rate"]

RATE_TOLERANCE: Final = 1e-10
"""A solved rate is right within this share of one plus its size."""

_FLOWS_FROM: Final = {
    "LoanTerms": "use flows_of_schedule(build_schedule(terms, conventions))",
    "Schedule": "use flows_of_schedule(schedule)",
}
_HEADINGS: Final = (
    "on", "kind", "name", "to borrower", "from borrower", "time",
)  # fmt: skip


@attrs.frozen(kw_only=True)
class SolvedRate:
    """What a credit costs a year under one measure, and how that was found.

    Attributes:
        measure: What was measured.
        flows: What was counted, and the charges that were not.
        times: When each flow happens under the measure.
        assumptions: What was assumed about terms that are not known.
        outcome: Whether there is exactly one rate.
        rate: The rate a year, as a fraction: 0.24 is 24 %. None unless it was found.
        rates: Every rate that was found, in rising order; several if there is no
            unique one.
        residual_share: What is left over at the rate, as a share of the largest amount:
            the discounted amounts added up, or for a simple rate the debt after the
            last flow. None without a rate.
        decimals: Decimals of `disclosed_percent`.
        disclosed_percent: The rate in percent as it is shown. None without a rate.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
        >>> from microcrm_core.loans.rate_measures import RateMeasure
        >>> from microcrm_core.loans.rate_solving import solve_rate
        >>> from microcrm_core.money import Currency, Money
        >>> dollar = Currency.of("USD")
        >>> flows = CreditFlows(
        ...     [
        ...         CashFlow(dt.date(2025, 1, 15), Money(100_000, dollar), "advance"),
        ...         CashFlow(dt.date(2025, 7, 15), Money(104_400, dollar), "repayment"),
        ...     ]
        ... )
        >>> print(solve_rate(flows, RateMeasure.REG_Z_NOMINAL))
        reg_z_nominal: found 8.80 %
        12 CFR 1026.22 and Appendix J (2011), actuarial method
        time: unit-period of term of 6 months, 2 a year
        included charges: none; excluded charges: none
                on       kind  name  to borrower  from borrower  time  value USD
        2025-01-15    advance            1000.00                    0    1000.00
        2025-07-15  repayment                           1044.00     1   -1000.00
    """

    measure: RateMeasure
    flows: CreditFlows
    times: FlowTimes
    assumptions: tuple[EuAssumption, ...]
    outcome: RateOutcome
    rate: float | None
    rates: tuple[float, ...]
    residual_share: float | None
    decimals: int
    disclosed_percent: Decimal | None

    @property
    def tolerance(self) -> float | None:
        """How far off the rate may be; None without a rate."""
        return None if self.rate is None else RATE_TOLERANCE * (1 + abs(self.rate))

    @property
    def rounding(self) -> Rounding:
        """How the percentage that is shown was rounded."""
        return Rounding.HALF_UP

    @property
    def rule_version(self) -> str:
        """The rule that was followed."""
        return self.measure.rule_version

    @property
    def included_charges(self) -> tuple[str, ...]:
        """The names of the charges that count."""
        return self.flows.included_charges

    @property
    def excluded_charges(self) -> tuple[str, ...]:
        """The names of the charges that do not count."""
        return self.flows.excluded_charges

    def to_columns(self) -> dict[str, list[object]]:
        """Return the working by name, one value a flow, for a data frame or a file.

        The names are on, kind, name, to_borrower, from_borrower, time and either
        value, the amount discounted to the first flow at the rate, or for a simple rate
        outstanding, the principal before the flow. Amounts are decimals; the last
        column holds floats in whole units of the currency, None without a rate.
        """
        last = "outstanding" if self._is_simple else "value"
        columns: dict[str, list[object]] = {
            name: []
            for name in ("on", "kind", "name", "to_borrower", "from_borrower", "time")
        }
        for flow, factor in zip(self.flows.flows, self.times.factors, strict=True):
            is_received = flow.direction is FlowDirection.TO_BORROWER
            columns["on"].append(flow.on)
            columns["kind"].append(flow.kind.value)
            columns["name"].append(flow.name)
            columns["to_borrower"].append(flow.amount.amount if is_received else None)
            columns["from_borrower"].append(None if is_received else flow.amount.amount)
            columns["time"].append(str(factor))
        columns[last] = [*self._worked]
        return columns

    def to_plain(self) -> object:
        """Return what stands for it in canonical JSON.

        Floats are written as text that reads back to the same float.
        """
        return {
            "measure": self.measure.value,
            "rule_version": self.rule_version,
            "flows": self.flows.to_plain(),
            "times": self.times.to_plain(),
            "assumptions": [one.value for one in self.assumptions],
            "outcome": self.outcome.value,
            "rate": None if self.rate is None else repr(self.rate),
            "rates": [repr(one) for one in self.rates],
            "decimals": self.decimals,
            "disclosed_percent": _text(self.disclosed_percent),
        }

    def to_json(self) -> str:
        """Return the canonical JSON of the result and all that it rests on."""
        return canonical_json(self)

    def __str__(self) -> str:
        """Return the rate and its working as a plain-text table."""
        cells = [self._headings, *self._rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        table = ("  ".join(map(str.rjust, row, widths)).rstrip() for row in cells)
        return "\n".join((self._title, *self._notes, *table))

    def _repr_html_(self) -> str:
        # Notebooks call this name.
        caption = ". ".join((self._title, *self._notes))
        return html_table(self._headings, self._rows, caption=caption)

    @property
    def _is_simple(self) -> bool:
        return self.measure is RateMeasure.SIMPLE_ANNUAL

    @property
    def _title(self) -> str:
        if self.disclosed_percent is not None:
            return f"{self.measure}: found {self.disclosed_percent} %"
        several = ", ".join(f"{100 * rate:.{self.decimals}f} %" for rate in self.rates)
        return f"{self.measure}: {self.outcome}" + (f" ({several})" if several else "")

    @property
    def _notes(self) -> list[str]:
        included = ", ".join(self.included_charges) or "none"
        excluded = ", ".join(self.excluded_charges) or "none"
        notes = [
            self.rule_version,
            f"time: {self.times.basis}, {self.times.per_year} a year",
            f"included charges: {included}; excluded charges: {excluded}",
        ]
        notes += [f"assumed ({one.clause}): {one.text}" for one in self.assumptions]
        return notes

    @property
    def _headings(self) -> tuple[str, ...]:
        last = "outstanding" if self._is_simple else "value"
        return (*_HEADINGS, f"{last} {self.flows.currency.code}")

    @property
    def _rows(self) -> list[tuple[str, ...]]:
        places = self.flows.currency.exponent
        *columns, worked = self.to_columns().values()
        shown = [[_text(value) or "" for value in column] for column in columns]
        last = [
            f"{value:.{places}f}" if isinstance(value, float) else ""
            for value in worked
        ]
        return list(zip(*shown, last, strict=True))

    @property
    def _worked(self) -> list[float | None]:
        rate, flows = self.rate, self.flows.flows
        if rate is None:
            return [None] * len(flows)
        signed = [flow.signed_minor for flow in flows]
        unit = 10**self.flows.currency.exponent
        if self._is_simple:
            years = tuple(float(year) for year in self.times.years)
            amounts = tuple(minor / unit for minor in signed)
            return [*simple_balance(amounts, years, rate)[1]]
        first = self.times.factors[0]
        return [
            minor / unit * _discount(self.measure, self.times, rate, first, factor)
            for minor, factor in zip(signed, self.times.factors, strict=True)
        ]


def solve_rate(
    flows: CreditFlows,
    measure: RateMeasure,
    *,
    times: FlowTimes | None = None,
    decimals: int | None = None,
    assumptions: Iterable[EuAssumption] = (),
) -> SolvedRate:
    """Return what a credit costs a year under *measure*.

    A rate that compounds is searched from -99.9999 % to growth of 1e300 a year, a
    nominal one in the same range a unit-period, a simple one from -99.9999 % over the
    longest gap between flows. If the borrower first receives and then only pays, at
    most one rate exists. Otherwise the whole range is searched by bounds that leave out
    no root; see `rate_roots`.

    Args:
        flows: What is counted, and what is not.
        measure: What is measured.
        times: When each flow happens; None: counted by the rule of the measure. A
            caller who knows the unit-period, the day count or the times themselves
            makes them with `flow_times`.
        decimals: Decimals of the percentage that is shown, at least 1 for the EU; None:
            as usual under the measure.
        assumptions: What was assumed about terms that are not known; shown in the
            result.

    Raises:
        InvalidValueError: An argument is of another kind, the measure is unknown,
            *times* is not one factor for each flow, or *decimals* is out of range.
        ConvergenceError: The bound on steps was reached.

    Source:
        12 CFR 1026, Appendix J (b)(8); Directive 2008/48/EC, Annex I part I.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
        >>> from microcrm_core.loans.rate_measures import RateMeasure
        >>> from microcrm_core.loans.rate_solving import solve_rate
        >>> from microcrm_core.money import Currency, Money
        >>> pound = Currency.of("GBP")
        >>> deposit_first = CreditFlows(
        ...     [
        ...         CashFlow(dt.date(2025, 1, 1), Money(10_000, pound), "repayment"),
        ...         CashFlow(dt.date(2026, 1, 1), Money(23_000, pound), "advance"),
        ...         CashFlow(dt.date(2027, 1, 1), Money(13_200, pound), "repayment"),
        ...     ]
        ... )
        >>> solved = solve_rate(deposit_first, RateMeasure.EU_APRC)
        >>> solved.outcome.value, [round(rate, 9) for rate in solved.rates]
        ('no_unique_rate', [0.1, 0.2])
    """
    measure = _measure(measure)
    _require_kinds(flows, times)
    if times is None:
        times = times_of_measure(flows, measure)
    if len(times.factors) != len(flows.flows):
        rule = f"must have {len(flows.flows)} factors, one for each flow"
        raise InvalidValueError("times", rule, len(times.factors))
    least = 1 if measure is RateMeasure.EU_APRC else 0
    decimals = measure.decimals if decimals is None else decimals
    whole_number("decimals", decimals, at_least=least, at_most=20)
    outcome, rates, residual = (
        _simple(flows, times)
        if measure is RateMeasure.SIMPLE_ANNUAL
        else _compound(flows, times, measure)
    )
    rate = rates[0] if outcome is RateOutcome.FOUND else None
    shown = None
    if rate is not None:
        slack = 100 * RATE_TOLERANCE * (1 + abs(rate))
        shown = round_percent(100.0 * rate, decimals, tolerance=slack)
    return SolvedRate(
        measure=measure,
        flows=flows,
        times=times,
        assumptions=tuple(_assumption(one) for one in assumptions),
        outcome=outcome,
        rate=rate,
        rates=rates,
        residual_share=residual if rate is not None else None,
        decimals=decimals,
        disclosed_percent=shown,
    )


def _measure(value: object) -> RateMeasure:
    try:
        return RateMeasure(str(value))
    except ValueError:
        known = ", ".join(RateMeasure)
        raise InvalidValueError("measure", f"must be one of {known}", value) from None


def _assumption(value: object) -> EuAssumption:
    try:
        return EuAssumption(str(value))
    except ValueError:
        rule = f"must be among {', '.join(EuAssumption)}"
        raise InvalidValueError("assumptions", rule, value) from None


def _require_kinds(flows: object, times: object) -> None:
    if not isinstance(flows, CreditFlows):
        # By name: who has flows needs no schedules loaded.
        hint = _FLOWS_FROM.get(type(flows).__name__, "use CreditFlows(...)")
        raise InvalidValueError("flows", "must be CreditFlows", flows, hint=hint)
    if times is not None and not isinstance(times, FlowTimes):
        hint = "use a function of flow_times, such as reg_z_times"
        raise InvalidValueError("times", "must be FlowTimes or None", times, hint=hint)


_Solved = tuple[RateOutcome, tuple[float, ...], float | None]


def _netted(
    flows: CreditFlows, times: FlowTimes
) -> tuple[list[tuple[TimeFactor, int]], int]:
    # Amounts of one time together, without zeros, in order; and the largest of them.
    net: dict[TimeFactor, int] = {}
    for flow, factor in zip(flows.flows, times.factors, strict=True):
        # An odd part of a whole period is the next whole period under every measure.
        at = TimeFactor.of(factor.total)
        net[at] = net.get(at, 0) + flow.signed_minor
    rows = sorted(
        ((factor, minor) for factor, minor in net.items() if minor),
        key=lambda row: row[0].total,
    )
    return rows, max((abs(minor) for _, minor in rows), default=1)


def _compound(flows: CreditFlows, times: FlowTimes, measure: RateMeasure) -> _Solved:
    rows, scale = _netted(flows, times)
    if not rows:
        return RateOutcome.NO_UNIQUE_RATE, (), None
    is_simple_odd = measure is RateMeasure.REG_Z_NOMINAL
    equation = Equation(
        # The quotient of whole numbers of any size, so that no amount overflows.
        amounts=tuple(minor / scale for _, minor in rows),
        wholes=tuple(
            float(factor.whole if is_simple_odd else factor.total) for factor, _ in rows
        ),
        odds=tuple(float(factor.odd) if is_simple_odd else 0.0 for factor, _ in rows),
    )
    share = 1.0 / float(times.per_year) if measure.is_compound else 1.0
    found = find_roots(equation, share=share)
    roots = found.roots
    is_free = sum(minor for _, minor in rows) == 0
    if is_free and roots:
        # The root at zero is known exactly; the others are not near it.
        nearest = min(roots, key=abs)
        roots = tuple(0.0 if root == nearest else root for root in roots)
    rates = tuple(_yearly(root, measure, times.per_year) for root in roots)
    if not roots:
        return RateOutcome.NO_RATE, (), None
    if not found.is_unique:
        return RateOutcome.NO_UNIQUE_RATE, rates, None
    return RateOutcome.FOUND, rates, equation.value(roots[0])


def _yearly(root: float, measure: RateMeasure, per_year: Fraction) -> float:
    if measure.is_compound:
        return expm1(root * float(per_year))
    return expm1(root) * float(per_year)


def _simple(flows: CreditFlows, times: FlowTimes) -> _Solved:
    rows, scale = _netted(flows, times)
    if not rows:
        return RateOutcome.NO_UNIQUE_RATE, (), None
    amounts = tuple(minor / scale for _, minor in rows)
    years = tuple(float(factor.total / times.per_year) for factor, _ in rows)
    is_free = sum(minor for _, minor in rows) == 0
    has_principal = any(one > 0.0 for one in simple_balance(amounts, years, 0.0)[1])
    if not has_principal:
        outcome = RateOutcome.NO_UNIQUE_RATE if is_free else RateOutcome.NO_RATE
        return outcome, (), None
    rate = 0.0 if is_free else find_simple_rate(amounts, years)
    if rate is None:
        return RateOutcome.NO_RATE, (), None
    left = simple_balance(amounts, years, rate)[0]
    return RateOutcome.FOUND, (rate,), left


def _discount(
    measure: RateMeasure,
    times: FlowTimes,
    rate: float,
    first: TimeFactor,
    factor: TimeFactor,
) -> float:
    per_year = float(times.per_year)
    if measure.is_compound:
        years = float(factor.total - first.total) / per_year
        return exp(-log1p(rate) * years)
    period_rate = rate / per_year
    growth_log = log1p(period_rate)
    odd = (1 + float(factor.odd) * period_rate) / (1 + float(first.odd) * period_rate)
    return exp(-growth_log * (factor.whole - first.whole)) / odd


def _text(value: object) -> str | None:
    return None if value is None else str(value)
