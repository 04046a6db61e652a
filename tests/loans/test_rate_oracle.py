"""Rates against a solver of 40 digits that shares nothing with the library.

Times are counted here day by day and month by month, the equation is written as the
rule writes it, and the rate is found by halving. A compliance officer would do the
same with a long piece of paper.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from math import lcm
from typing import Final

import numpy as np
import pytest

from microcrm_core.loans.cash_flows import CashFlow, CreditFlows, FlowKind
from microcrm_core.loans.eu_intervals import EuPeriod
from microcrm_core.loans.flow_times import FlowTimes, day_times, eu_times, reg_z_times
from microcrm_core.loans.rate_columns_batch import FlowColumns, TimedFlowColumns
from microcrm_core.loans.rate_measures import RateMeasure, RateOutcome, TimeFactor
from microcrm_core.loans.rate_solving import RATE_TOLERANCE, solve_rate
from microcrm_core.loans.rates_batch import solve_rates
from microcrm_core.loans.unit_periods import UnitPeriod
from microcrm_core.money import Money
from tests.loans.credit_cases import DOLLAR, advance, charge, credit, repayment

REG_Z, EU, COMPOUND, SIMPLE = RateMeasure
MONTH: Final = UnitPeriod(1, "month")
DIGITS: Final = 40
CREDITS: Final = 120

Flows = list[tuple[dt.date, int]]
"""Days in order, and minor units: above zero to the borrower."""
Value = Callable[[Flows, Decimal], Decimal]


def month_before(on: dt.date, months: int, month_day: int) -> dt.date:
    """Step back month by month; a day that a month lacks is its last."""
    year, month = on.year, on.month
    for _ in range(months):
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    for day in range(month_day, 27, -1):
        try:
            return dt.date(year, month, day)
        except ValueError:
            continue
    return dt.date(year, month, month_day)


def months_and_days(start: dt.date, end: dt.date) -> tuple[int, dt.date]:
    """Full months back from the end, and the day that they lead to."""
    months, on = 0, end
    while (earlier := month_before(end, months + 1, end.day)) >= start:
        months, on = months + 1, earlier
    return months, on


def reg_z_value(flows: Flows, rate: Decimal) -> Decimal:
    """Appendix J (b)(8): odd days over 30 at simple interest, twelve months a year."""
    period_rate, total = rate / 12, Decimal(0)
    for on, minor in flows:
        months, left_on = months_and_days(flows[0][0], on)
        odd = Decimal((left_on - flows[0][0]).days) / 30
        total += minor / (1 + odd * period_rate) / (1 + period_rate) ** months
    return total


def eu_value(flows: Flows, rate: Decimal) -> Decimal:
    """Annex I: twelfths, and days over the year that ends with them."""
    # A share of a year that every twelfth, 365th and 366th is whole of.
    parts = 12 * 365 * 366
    discount = (-(1 + rate).ln() / parts).exp()
    total = Decimal(0)
    for on, minor in flows:
        months, left_on = months_and_days(flows[0][0], on)
        days = (left_on - flows[0][0]).days
        year = (left_on - month_before(left_on, 12, left_on.day)).days
        total += minor * discount ** (months * parts // 12 + days * parts // year)
    return total


def compound_value(flows: Flows, rate: Decimal) -> Decimal:
    """Actual days over 365."""
    discount = (-(1 + rate).ln() / 365).exp()
    start = flows[0][0]
    terms = (minor * discount ** (on - start).days for on, minor in flows)
    return sum(terms, Decimal(0))


def simple_value(flows: Flows, rate: Decimal) -> Decimal:
    """What is over after the last payment: charges first, and none on charges."""
    principal = charges = Decimal(0)
    before = flows[0][0]
    for on, minor in flows:
        charges += max(principal, Decimal(0)) * rate * (on - before).days / 365
        before = on
        if charges < 0:
            principal, charges = principal + charges, Decimal(0)
        if minor < 0:
            paid = min(charges, Decimal(-minor))
            charges, principal = charges - paid, principal + minor + paid
        else:
            principal += minor
    return principal + charges


VALUES: Final[dict[RateMeasure, Value]] = {
    REG_Z: reg_z_value,
    EU: eu_value,
    COMPOUND: compound_value,
    SIMPLE: simple_value,
}


def halved(value: Value, flows: Flows, low: Decimal) -> Decimal:
    """The rate at which the value changes its sign, between *low* and any height."""
    with localcontext(prec=DIGITS):
        is_above = value(flows, low) > 0
        high = Decimal(1)
        while (value(flows, high) > 0) == is_above:
            low, high = high, 16 * high
        while high - low > Decimal("1e-16") * (1 + abs(low)):
            middle = (low + high) / 2
            if (value(flows, middle) > 0) == is_above:
                low = middle
            else:
                high = middle
        return (low + high) / 2


def random_flows(chance: random.Random, *, with_month_ends: bool) -> CreditFlows:
    """A credit that is first paid out, in one part or two, and then repaid."""
    start = dt.date(chance.randint(1960, 2080), chance.randint(1, 12), 1)
    start += dt.timedelta(days=chance.randint(0, 27))
    minor = chance.choice([100, 54_321, 10**6, 10**9 + 7, 10**12])
    flows = [advance(start, minor)]
    if chance.random() < 0.5:
        flows.append(charge(start, chance.randint(0, minor // 8)))
    first = start + dt.timedelta(days=chance.randint(1, 70))
    if chance.random() < 0.3:
        later = start + dt.timedelta(days=chance.randint(0, (first - start).days))
        later -= dt.timedelta(days=0 if with_month_ends or later.day < 28 else 4)
        flows.append(advance(later, chance.randint(1, minor)))
    count = chance.randint(1, 18)
    share = minor * chance.choice([0.4, 0.8, 1.0, 1.05, 1.3, 2.0, 9.0]) / count
    on = first
    for _ in range(count):
        if not with_month_ends and (on + dt.timedelta(days=1)).month != on.month:
            on += dt.timedelta(days=1)
        flows.append(repayment(on, max(1, int(share * chance.uniform(0.5, 1.5)))))
        if chance.random() < 0.2:
            flows.append(charge(on, chance.randint(0, int(share / 4) + 1)))
        on += dt.timedelta(days=chance.choice([1, 7, 14, 30, 31, 31, 61, 100]))
    return CreditFlows(flows)


def summed(flows: CreditFlows) -> Flows:
    days: dict[dt.date, int] = {}
    for flow in flows.flows:
        days[flow.on] = days.get(flow.on, 0) + flow.signed_minor
    return sorted(days.items())


@pytest.mark.parametrize("measure", RateMeasure)
def test_rates_of_random_credits_are_those_of_a_solver_of_40_digits(
    measure: RateMeasure,
) -> None:
    chance = random.Random(f"oracle {measure}")
    # Series on the last days of months are counted in the tests of `payment_series`.
    with_month_ends = measure is not REG_Z
    drawn = [
        random_flows(chance, with_month_ends=with_month_ends) for _ in range(CREDITS)
    ]
    batch = solve_rates(
        FlowColumns.of(drawn), measure, unit_period=MONTH, eu_period=EuPeriod.MONTH
    )
    found_count = 0
    for row, flows in enumerate(drawn):
        times = {
            REG_Z: lambda one: reg_z_times(one, unit_period=MONTH),
            EU: lambda one: eu_times(one, period=EuPeriod.MONTH),
        }.get(measure, day_times)(flows)
        scalar = solve_rate(flows, measure, times=times)
        assert batch.outcome(row) is scalar.outcome
        if scalar.outcome is not RateOutcome.FOUND:
            continue
        found_count += 1
        assert scalar.rate is not None
        with localcontext(prec=DIGITS):
            gaps = [(b - a).days for (a, _), (b, _) in pairwise(summed(flows))]
            low = {
                REG_Z: -12 * Decimal("0.999999"),
                SIMPLE: -Decimal("0.999999") * 365 / max([*gaps, 1]),
            }.get(measure, -Decimal("0.999999"))
        exact = float(halved(VALUES[measure], summed(flows), low))
        allowed = RATE_TOLERANCE * (1 + abs(exact))
        assert abs(scalar.rate - exact) <= allowed, (row, flows)
        assert abs(float(batch.rate[row]) - exact) <= allowed, (row, flows)
    assert found_count > 0.9 * CREDITS


def with_roots(growths: list[Fraction], sign: int) -> list[int]:
    """Whole amounts, one a year, whose equation has these growths of a year alone."""
    terms = [Fraction(sign)]
    for growth in growths:
        # Times (1 - growth * discount), which is zero where the discount is its share.
        longer = [*terms, Fraction(0)]
        for place, term in enumerate(terms):
            longer[place + 1] -= growth * term
        terms = longer
    scale = lcm(*(term.denominator for term in terms))
    return [int(term * scale) for term in terms]


def yearly(signed: list[int]) -> CreditFlows:
    kinds = {True: FlowKind.ADVANCE, False: FlowKind.REPAYMENT}
    flows: list[CashFlow] = []
    for year, minor in enumerate(signed):
        amount = Money(abs(minor), DOLLAR)
        flows.append(CashFlow(dt.date(2001 + year, 1, 1), amount, kinds[minor > 0]))
    return CreditFlows(flows)


@pytest.mark.parametrize("sign", [1, -1])
def test_every_root_that_was_built_in_is_found_and_no_other(sign: int) -> None:
    chance = random.Random(f"roots {sign}")
    drawn: list[tuple[list[Fraction], CreditFlows]] = []
    for _ in range(CREDITS):
        parts = chance.sample(range(-90, 900), chance.randint(1, 4))
        growths = sorted(1 + Fraction(part, 100) for part in parts)
        drawn.append((growths, yearly(with_roots(growths, sign))))
    batch = solve_rates(
        FlowColumns.of(flows for _, flows in drawn), EU, eu_period=EuPeriod.YEAR
    )
    for row, (growths, flows) in enumerate(drawn):
        times = eu_times(flows, period=EuPeriod.YEAR)
        found = solve_rate(flows, EU, times=times)
        expected = [float(growth - 1) for growth in growths]
        assert found.rates == pytest.approx(expected, rel=1e-8, abs=1e-8)
        is_one = len(growths) == 1
        assert found.outcome is (
            RateOutcome.FOUND if is_one else RateOutcome.NO_UNIQUE_RATE
        )
        assert batch.outcome(row) is found.outcome
        if is_one:
            assert batch.rate[row] == pytest.approx(expected[0], rel=1e-12, abs=1e-12)


def test_one_root_behind_several_changes_of_sign_is_found() -> None:
    # (1 - g d) times a polynomial without a root: (1 - d + d²) times a constant.
    chance = random.Random("one root")
    drawn: list[tuple[Fraction, CreditFlows]] = []
    for _ in range(CREDITS):
        growth = 1 + Fraction(chance.choice([0, *range(-90, 900)]), 100)
        scaled = with_roots([growth], chance.choice([1, -1]))
        first, second = scaled[0], scaled[1]
        signed = [first, second - first, first - second, second]
        drawn.append((growth, yearly(signed)))
    batch = solve_rates(
        FlowColumns.of(flows for _, flows in drawn), EU, eu_period=EuPeriod.YEAR
    )
    for row, (growth, flows) in enumerate(drawn):
        found = solve_rate(flows, EU, times=eu_times(flows, period=EuPeriod.YEAR))
        assert found.outcome is RateOutcome.FOUND, (growth, found.rates)
        assert found.rate == pytest.approx(float(growth - 1), rel=1e-12, abs=1e-12)
        assert batch.outcome(row) is RateOutcome.FOUND
        assert batch.rate[row] == pytest.approx(found.rate, rel=1e-12, abs=1e-12)
        if growth == 1:
            assert found.rate == batch.rate[row] == 0.0


# A growth of a year of 1e-6 exactly, of 1e300, and what lies a little beyond; the
# other measures in their own unit. One advance, and one repayment after some periods.
BOUNDS: Final = [
    # measure, paid out, repaid, whole periods, periods a year, is found
    (EU, 10**6, 1, 1, 1, True),
    (EU, 10**6 + 1_000, 1, 1, 1, False),
    (EU, 10**12, 1, 2, 1, True),
    (EU, 1, 10**3, 1, 100, True),
    (EU, 1, 10**12, 4, 100, True),
    (EU, 1, 10**15, 5, 100, True),
    (EU, 1, 10**15 + 10**12, 5, 100, False),
    (COMPOUND, 10**6, 1, 365, 365, True),
    (COMPOUND, 1_001_000, 1, 365, 365, False),
    (REG_Z, 10**6, 1, 1, 12, True),
    (REG_Z, 10**12, 1, 2, 12, True),
    (REG_Z, 1_001_000, 1, 1, 12, False),
    (SIMPLE, 10**6, 1, 1, 1, True),
    (SIMPLE, 10**6, 1, 7, 3, True),
    (SIMPLE, 3 * 10**6, 3, 31, 365, True),
    (SIMPLE, 1_001_000, 1, 1, 1, False),
]


@pytest.mark.parametrize(
    ("measure", "paid_out", "repaid", "whole", "per_year", "is_found"), BOUNDS
)
def test_a_rate_at_the_bound_is_found_and_one_beyond_it_is_not(
    measure: RateMeasure,
    paid_out: int,
    repaid: int,
    whole: int,
    per_year: int,
    is_found: bool,
) -> None:
    flows = credit(advance("2025-01-01", paid_out), repayment("2026-01-01", repaid))
    times = FlowTimes(
        factors=(TimeFactor(0), TimeFactor(whole)),
        per_year=Fraction(per_year),
        basis="given",
    )
    scalar = solve_rate(flows, measure, times=times)
    columns = TimedFlowColumns(
        offsets=[0, 2],
        whole=[0, whole],
        amount_minor=[paid_out, repaid],
        kind_index=[0, 1],
        per_year=per_year,
    )
    batch = solve_rates(columns, measure)
    expected = RateOutcome.FOUND if is_found else RateOutcome.NO_RATE
    assert scalar.outcome is expected
    assert batch.outcome(0) is expected
    if scalar.rate is not None:
        assert batch.rate[0] == pytest.approx(scalar.rate, rel=1e-9)
    else:
        assert np.isnan(batch.rate[0])
