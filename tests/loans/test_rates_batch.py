"""Many rates at once: the same outcome and the same rate as the scalar, row by row."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.dates import DayCount, Frequency, add_months
from microcrm_core.loans.cash_flows import CashFlow, CreditFlows, FlowKind
from microcrm_core.loans.eu_intervals import EuPeriod
from microcrm_core.loans.flow_times import (
    FlowTimes,
    day_times,
    eu_times,
    reg_z_times,
)
from microcrm_core.loans.flow_times_batch import (
    day_times_rows,
    eu_times_rows,
    reg_z_times_rows,
)
from microcrm_core.loans.rate_columns_batch import (
    FlowColumns,
    LevelFlowColumns,
    RateColumns,
    TimedFlowColumns,
)
from microcrm_core.loans.rate_measures import RateMeasure, RateOutcome, TimeFactor
from microcrm_core.loans.rate_solving import RATE_TOLERANCE, solve_rate
from microcrm_core.loans.rates_batch import solve_rates
from microcrm_core.loans.unit_periods import UnitPeriod, UnitPeriodUnit
from microcrm_core.money import Money
from tests.loans.credit_cases import (
    DOLLAR,
    advance,
    charge,
    credit,
    credits,
    level,
    repayment,
)

REG_Z, EU, COMPOUND, SIMPLE = RateMeasure
DAY = UnitPeriod(1, UnitPeriodUnit.DAY)
WEEK = UnitPeriod(1, UnitPeriodUnit.WEEK)
MONTH = UnitPeriod(1, UnitPeriodUnit.MONTH)
QUARTER = UnitPeriod(3, UnitPeriodUnit.MONTH)
YEAR = UnitPeriod(1, UnitPeriodUnit.YEAR)

Timed = Callable[[CreditFlows], FlowTimes]
Batch = Callable[[FlowColumns], RateColumns]

Way = tuple[RateMeasure, Timed, Batch]


def reg_z_way(unit: UnitPeriod) -> Way:
    return (
        REG_Z,
        lambda flows: reg_z_times(flows, unit_period=unit),
        lambda flows: solve_rates(flows, REG_Z, unit_period=unit),
    )


def eu_way(period: EuPeriod) -> Way:
    return (
        EU,
        lambda flows: eu_times(flows, period=period),
        lambda flows: solve_rates(flows, EU, eu_period=period),
    )


WAYS: Final[dict[str, Way]] = {
    **{f"reg_z {unit}": reg_z_way(unit) for unit in (DAY, WEEK, MONTH, QUARTER, YEAR)},
    **{f"eu {period}": eu_way(period) for period in EuPeriod},
    "compound": (COMPOUND, day_times, lambda flows: solve_rates(flows, COMPOUND)),
    "compound 360": (
        COMPOUND,
        lambda flows: day_times(flows, DayCount.ACT_360),
        lambda flows: solve_rates(flows, COMPOUND, day_count=DayCount.ACT_360),
    ),
    "simple": (SIMPLE, day_times, lambda flows: solve_rates(flows, SIMPLE)),
}


def assert_twins(flows: Sequence[CreditFlows], way: str) -> None:
    measure, timed, batch = WAYS[way]
    found = batch(FlowColumns.of(flows))

    scalars = [solve_rate(one, measure, times=timed(one)) for one in flows]
    assert [found.outcome(row) for row in range(len(found))] == [
        scalar.outcome for scalar in scalars
    ]
    for rate, scalar in zip(found.rate.tolist(), scalars, strict=True):
        if scalar.rate is None:
            assert np.isnan(rate)
        else:
            assert abs(rate - scalar.rate) <= 2 * RATE_TOLERANCE * (
                1 + abs(scalar.rate)
            )


def random_credit(chance: random.Random) -> CreditFlows:
    """A credit of any shape: tranches, deposits, refunds, holes, tiny and huge."""
    start_on = dt.date(chance.randint(1990, 2030), chance.randint(1, 12), 1)
    start_on += dt.timedelta(days=chance.choice([0, 9, 27, 28, 29, 30]))
    minor = chance.choice([1, 100, 10**5, 10**7, 10**12])
    flows = [advance(start_on, minor)]
    if chance.random() < 0.3:
        flows.append(charge(start_on, minor // chance.randint(2, 50)))
    if chance.random() < 0.15:
        later_on = start_on + dt.timedelta(days=chance.randint(1, 100))
        flows.append(advance(later_on, minor // 2))
    if chance.random() < 0.1:
        earlier_on = start_on - dt.timedelta(days=chance.randint(1, 100))
        flows.append(repayment(earlier_on, minor // 9))
    count = chance.randint(1, 40)
    usual = int(minor / count * chance.choice([0.1, 0.5, 1, 1.02, 1.2, 1.5, 3, 20]))
    first_on = start_on + dt.timedelta(days=chance.randint(1, 45))
    rhythm = chance.choice(["month", "month", "week", "day"])
    for number in range(count):
        on = (
            add_months(first_on, number)
            if rhythm == "month"
            else first_on + dt.timedelta(days=number * (7 if rhythm == "week" else 1))
        )
        paid = usual if chance.random() < 0.9 else chance.randint(0, 2 * usual)
        flows.append(repayment(on, paid))
    if chance.random() < 0.05:
        amount = Money(chance.randint(0, minor), DOLLAR)
        refund_on = flows[-1].on + dt.timedelta(days=chance.randint(0, 50))
        flows.append(CashFlow(refund_on, amount, FlowKind.REFUND))
    return CreditFlows(flows)


@pytest.mark.parametrize("way", WAYS)
def test_batch_equals_scalar_on_credits_of_any_shape(way: str) -> None:
    chance = random.Random(20_250_101)

    assert_twins([random_credit(chance) for _ in range(120)], way)


EDGES: Final = (
    # Costs nothing, is given away, pays almost nothing back, pays far too much.
    level(10_002, "2025-01-01", 3_334, "2025-02-11", 3),
    level(100_000, "2025-01-01", 7_000, "2025-02-01", 12),
    credit(advance("2025-01-01", 10**12), repayment("2026-01-01", 1)),
    credit(advance("2025-01-01", 1), repayment("2025-01-02", 10**12)),
    level(100_000, "2025-01-01", 90_000, "2025-01-02", 30, Frequency.DAILY),
    # One cent, one minor unit more, long terms.
    credit(advance("2025-01-01", 1), repayment("2025-07-01", 1)),
    level(10**12, "1900-01-01", 10**12 // 600 + 1, "1900-02-01", 600),
    level(100_000, "2025-01-01", 3_000, "2025-02-01", 600),
    # All on one day: everything cancels, or does not.
    credit(advance("2025-01-01", 100), repayment("2025-01-01", 100)),
    credit(advance("2025-01-01", 100), repayment("2025-01-01", 110)),
    credit(advance("2025-01-01", 0), repayment("2025-02-01", 0)),
    credit(advance("2025-01-01", 0), repayment("2025-02-01", 5)),
    # The borrower pays first; two rates, a double rate, no rate, one rate after all.
    credit(repayment("2025-01-01", 100), advance("2025-06-01", 110)),
    *(
        credit(
            *(
                (advance if minor > 0 else repayment)(
                    f"{2025 + year}-01-01", abs(minor)
                )
                for year, minor in enumerate(signed)
            )
        )
        for signed in (
            (-10_000, 23_000, -13_200),
            (-10_000, 22_000, -12_100),
            (-10_000, 15_000, -10_000),
            (10_000, -6_000, 1_000, -6_600),
            (100_000, -460_000, 685_000, -330_000),
            (10_000, -20_000, 10_000),
        )
    ),
    # Payments of a day come together; a zero flow between; the end of February.
    credit(
        advance("2024-01-31", 10_000),
        repayment("2024-02-29", 3_000),
        repayment("2024-02-29", 400),
        repayment("2024-03-15", 0),
        repayment("2024-03-31", 3_400),
        repayment("2024-04-30", 3_400),
    ),
    credit(
        advance("2024-01-30", 10_000),
        charge("2024-02-10", 50),
        repayment("2024-02-29", 3_400),
        repayment("2024-03-30", 3_400),
        repayment("2024-04-30", 3_400),
    ),
)


@pytest.mark.parametrize("way", WAYS)
def test_batch_equals_scalar_on_constructed_edges(way: str) -> None:
    assert_twins(EDGES, way)


@pytest.mark.parametrize("way", ["reg_z 1 month", "eu month", "compound", "simple"])
@settings(max_examples=15, deadline=None)
@given(flows=st.lists(credits(), min_size=1, max_size=8))
def test_batch_equals_scalar_on_ordinary_credits(
    way: str, flows: list[CreditFlows]
) -> None:
    assert_twins(flows, way)


def years_of(flows: Sequence[CreditFlows], timed: Timed) -> list[float]:
    return [float(year) for one in flows for year in timed(one).years]


@settings(max_examples=30, deadline=None)
@given(flows=st.lists(credits(), min_size=1, max_size=5), data=st.data())
def test_times_equal_the_scalar_times(
    flows: list[CreditFlows], data: st.DataObject
) -> None:
    columns = FlowColumns.of(flows)
    unit = data.draw(st.sampled_from([DAY, WEEK, MONTH, QUARTER, YEAR]))
    period = data.draw(st.sampled_from(EuPeriod))
    pairs = [
        (
            reg_z_times_rows(columns, unit),
            lambda one: reg_z_times(one, unit_period=unit),
        ),
        (eu_times_rows(columns, period), lambda one: eu_times(one, period=period)),
        (day_times_rows(columns), day_times),
    ]
    for timed, scalar in pairs:
        odd = np.zeros(timed.whole.size) if timed.odd is None else timed.odd
        years = (timed.whole + odd) / timed.per_year
        expected = years_of(flows, scalar)
        np.testing.assert_allclose(years, expected, rtol=0, atol=1e-12)


def level_scalar(
    principal: int,
    installment: int,
    count: int,
    first: TimeFactor,
    measure: RateMeasure,
) -> tuple[RateOutcome, float | None]:
    on = dt.date(2025, 1, 1)
    flows = credit(
        advance(on, principal), *(repayment(on, installment) for _ in range(count))
    )
    factors = [TimeFactor(first.whole + number, first.odd) for number in range(count)]
    times = FlowTimes(
        factors=(TimeFactor(0), *factors), per_year=Fraction(12), basis="months"
    )
    solved = solve_rate(flows, measure, times=times)
    return solved.outcome, solved.rate


LEVELS: Final = (
    (100_000, 3_361, 36),
    (100_000, 9_000, 12),
    (12_000, 1_000, 12),
    (12_001, 1_000, 12),
    (11_999, 1_000, 12),
    (10**15, 10**15 // 12 + 1, 12),
    (10**12, 10**12 // 600 + 1, 600),
    (100, 110, 1),
    (100, 100, 1),
    (100, 1, 1),
    (10**12, 1, 1),
    (1, 10**12, 1),
    (100_000, 90_000, 48),
    (100_000, 1_000, 600),
    (100_000, 20, 12),
    (100_000, 50_000, 3),
)


@pytest.mark.parametrize("measure", RateMeasure)
@pytest.mark.parametrize(
    "first",
    [
        None,
        TimeFactor(1, Fraction(16, 30)),
        TimeFactor(0, Fraction(1, 2)),
        TimeFactor(3),
    ],
)
def test_level_flows_equal_the_scalar(
    measure: RateMeasure, first: TimeFactor | None
) -> None:
    if measure is SIMPLE and first is not None:
        return
    principal, installment, count = np.array(LEVELS, dtype=np.int64).T
    loans = LevelFlowColumns(
        principal_minor=principal,
        installment_minor=installment,
        installment_count=count,
        per_year=12,
        first_whole=None if first is None else np.full(len(LEVELS), first.whole),
        first_odd=None if first is None else np.full(len(LEVELS), float(first.odd)),
    )

    found = solve_rates(loans, measure)

    for row, (rate, one) in enumerate(zip(found.rate.tolist(), LEVELS, strict=True)):
        outcome, scalar = level_scalar(*one, first or TimeFactor(1), measure)
        assert found.outcome(row) is outcome, one
        if scalar is not None:
            assert abs(rate - scalar) <= 2 * RATE_TOLERANCE * (1 + abs(scalar)), one


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(1, 10**12), st.integers(1, 600), st.integers(300, 60_000)
        ),
        min_size=1,
        max_size=20,
    )
)
def test_level_flows_of_any_price_equal_the_scalar(
    rows: list[tuple[int, int, int]],
) -> None:
    # The third part is the installment in thousandths of an equal share.
    loans = [
        (minor, max(1, minor * share // (1_000 * count)), count)
        for minor, count, share in rows
    ]
    principal, installment, count = np.array(loans, dtype=np.int64).T
    columns = LevelFlowColumns(
        principal_minor=principal,
        installment_minor=installment,
        installment_count=count,
        per_year=12,
    )

    found = solve_rates(columns, REG_Z)

    for row, one in enumerate(loans):
        outcome, scalar = level_scalar(*one, TimeFactor(1), REG_Z)
        assert found.outcome(row) is outcome
        if scalar is not None:
            rate = float(found.rate[row])
            assert abs(rate - scalar) <= 2 * RATE_TOLERANCE * (1 + abs(scalar))


def test_a_level_loan_that_costs_nothing_has_the_rate_zero_exactly() -> None:
    loans = LevelFlowColumns(
        principal_minor=[12_000], installment_minor=[1_000], installment_count=[12],
        per_year=12,
    )  # fmt: skip

    assert solve_rates(loans, REG_Z).rate.tolist() == [0.0]


def test_no_credits_give_no_rates() -> None:
    nothing = FlowColumns.of([])

    assert len(solve_rates(nothing, COMPOUND)) == 0
    assert len(solve_rates(nothing, EU, eu_period=EuPeriod.MONTH)) == 0
    assert len(solve_rates(nothing, REG_Z, unit_period=MONTH)) == 0


def test_more_flows_than_fit_a_block_are_solved_alike() -> None:
    one = level(100_000, "2025-01-01", 9_000, "2025-02-01", 12)
    dear = level(100_000, "2025-01-01", 9_500, "2025-02-01", 12)
    few = solve_rates(FlowColumns.of([one, dear]), COMPOUND)
    columns = FlowColumns.of([one, dear])
    many = FlowColumns(
        offsets=np.arange(12_001) * 13,
        day=np.tile(columns.day, 6_000),
        amount_minor=np.tile(columns.amount_minor, 6_000),
        kind_index=np.tile(columns.kind_index, 6_000),
    )

    rates = solve_rates(many, COMPOUND).rate

    assert rates[::2].tolist() == pytest.approx([few.rate[0]] * 6_000, rel=1e-14)
    assert rates[1::2].tolist() == pytest.approx([few.rate[1]] * 6_000, rel=1e-14)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offsets": [0, 1]}, "offsets must rise from 0 to the number of flows, 2"),
        ({"offsets": [0, 2, 1, 2]}, "offsets must rise"),
        ({"day": [1]}, "day must have 2 values"),
        ({"day": [5, 4]}, "1 of 2 rows: day must not fall within a credit"),
        ({"amount_minor": [1, -1]}, "1 of 2 rows: amount_minor must not be negative"),
        ({"kind_index": [0, 9]}, "kind_index must be a position in FLOW_KINDS"),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    change: dict[str, list[int]], message: str
) -> None:
    columns = {
        "offsets": [0, 2], "day": [0, 31], "amount_minor": [10, 11],
        "kind_index": [0, 1],
    }  # fmt: skip

    with pytest.raises(InvalidValueError, match=message):
        FlowColumns(**(columns | change))


def test_what_is_not_built_in_columns_is_refused_by_name() -> None:
    columns = FlowColumns.of([EDGES[0]])
    semimonth = UnitPeriod(1, UnitPeriodUnit.SEMIMONTH)
    term = UnitPeriod(6, UnitPeriodUnit.MONTH, is_term=True)
    loans = LevelFlowColumns(
        principal_minor=[100], installment_minor=[60], installment_count=[2],
        per_year=12, first_whole=[2],
    )  # fmt: skip

    with pytest.raises(InvalidValueError, match="unit_period must be named"):
        solve_rates(columns, REG_Z)
    with pytest.raises(InvalidValueError, match="eu_period must be named"):
        solve_rates(columns, EU)
    for unit in (semimonth, term):
        with pytest.raises(InvalidValueError, match="must be days, weeks, months"):
            solve_rates(columns, REG_Z, unit_period=unit)
    with pytest.raises(InvalidValueError, match="day_count must be one of ACT/360"):
        solve_rates(columns, COMPOUND, day_count=DayCount.THIRTY_360_BOND)
    with pytest.raises(InvalidValueError, match="must not be simple_annual for level"):
        solve_rates(loans, SIMPLE)


def test_amounts_whose_sum_would_leave_int64_are_refused() -> None:
    columns = FlowColumns.of(
        [credit(advance("2025-01-01", 2**62), repayment("2026-01-01", 2**62))]
    )

    with pytest.raises(InvalidValueError, match="must add up to less than 2"):
        solve_rates(columns, COMPOUND)


def test_columns_give_a_credit_back() -> None:
    one = level(100_000, "2025-01-01", 9_000, "2025-02-01", 12)

    assert FlowColumns.of([one]).credit(0, DOLLAR) == one


def test_rates_agree_with_pyxirr() -> None:
    pyxirr = pytest.importorskip("pyxirr")
    amounts = [-1_000.0, *[float(100 + 7 * number) for number in range(12)]]
    flows = TimedFlowColumns(
        offsets=[0, 13],
        whole=np.arange(13),
        amount_minor=np.abs(amounts).astype(np.int64),
        kind_index=[0] + [1] * 12,
        per_year=1,
    )

    found = solve_rates(flows, EU).rate[0]

    assert found == pytest.approx(pyxirr.irr(amounts), abs=1e-10)


def test_rates_agree_with_numpy_financial() -> None:
    numpy_financial = pytest.importorskip("numpy_financial")
    loans = LevelFlowColumns(
        principal_minor=[100_000], installment_minor=[3_361], installment_count=[36],
        per_year=12,
    )  # fmt: skip

    found = solve_rates(loans, REG_Z).rate[0] / 12

    expected = numpy_financial.rate(36, -3_361, 100_000, 0)
    assert found == pytest.approx(expected, abs=1e-10)
