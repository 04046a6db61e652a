"""Times in columns are those of the scalar, flow by flow, on what sits at an edge."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Final

import numpy as np
import pytest

from microcrm_core import InvalidValueError, Money
from microcrm_core.dates import DayCount
from microcrm_core.loans.cash_flows import CashFlow, CreditFlows, FlowKind
from microcrm_core.loans.eu_intervals import EuPeriod
from microcrm_core.loans.flow_times import FlowTimes, day_times, eu_times, reg_z_times
from microcrm_core.loans.flow_times_batch import (
    day_times_rows,
    eu_times_rows,
    reg_z_times_rows,
)
from microcrm_core.loans.rate_columns_batch import FlowColumns, TimedFlowColumns
from microcrm_core.loans.unit_periods import UnitPeriod
from tests.loans.credit_cases import DOLLAR, advance, charge, credit, repayment

UNITS: Final = [
    UnitPeriod(1, "day"),
    UnitPeriod(10, "day"),
    UnitPeriod(1, "week"),
    UnitPeriod(4, "week"),
    UnitPeriod(1, "month"),
    UnitPeriod(2, "month"),
    UnitPeriod(11, "month"),
    UnitPeriod(1, "year"),
]
Rows = Callable[[FlowColumns], TimedFlowColumns]
Scalar = Callable[[CreditFlows], FlowTimes]


def reg_z_way(unit: UnitPeriod, due_day: int | None = None) -> tuple[Rows, Scalar]:
    return (
        lambda flows: reg_z_times_rows(flows, unit, due_day=due_day),
        lambda flows: reg_z_times(flows, unit_period=unit, due_day=due_day),
    )


def eu_way(period: EuPeriod) -> tuple[Rows, Scalar]:
    return (
        lambda flows: eu_times_rows(flows, period),
        lambda flows: eu_times(flows, period=period),
    )


WAYS: Final[dict[str, tuple[Rows, Scalar]]] = {
    **{f"reg_z {unit}": reg_z_way(unit) for unit in UNITS},
    **{f"reg_z day {day}": reg_z_way(UNITS[4], day) for day in (1, 28, 29, 30, 31)},
    "reg_z year day 31": reg_z_way(UNITS[-1], 31),
    **{f"eu {period}": eu_way(period) for period in EuPeriod},
    "days": (day_times_rows, day_times),
    "days 360": (
        lambda flows: day_times_rows(flows, DayCount.ACT_360),
        lambda flows: day_times(flows, DayCount.ACT_360),
    ),
    "days 364": (
        lambda flows: day_times_rows(flows, DayCount.ACT_364),
        lambda flows: day_times(flows, DayCount.ACT_364),
    ),
}


def paid(start: str, *texts: str) -> CreditFlows:
    return credit(advance(start, 100_000), *(repayment(on, 9_000) for on in texts))


def refund(on: str, minor: int) -> CashFlow:
    return CashFlow(dt.date.fromisoformat(on), Money(minor, DOLLAR), FlowKind.REFUND)


EDGES: Final = [
    # The day of a series: 29 to 31, with one payment moved, with half of them, with
    # ties between days, with fewer than half, with two payments and with one.
    paid("2025-01-31", "2025-02-28", "2025-03-31", "2025-05-05", "2025-05-31"),
    paid("2025-01-30", "2025-02-28", "2025-03-28", "2025-04-30", "2025-05-30"),
    paid("2025-01-29", "2025-02-28", "2025-03-29", "2025-04-29", "2025-06-02"),
    paid("2024-01-29", "2024-02-29", "2024-03-29", "2025-02-28"),
    paid("2025-01-31", "2025-02-28", "2025-03-28", "2025-04-30"),
    paid("2025-01-31", "2025-02-28", "2025-03-28"),
    paid("2025-01-30", "2025-02-28", "2025-03-30", "2025-04-30", "2025-05-31"),
    paid("2025-01-10", "2025-02-28", "2025-03-31", "2025-04-12", "2025-05-12"),
    paid("2025-01-10", "2025-02-28", "2025-04-30", "2025-05-12", "2025-06-12"),
    paid("2025-01-10", "2025-02-28", "2025-04-30", "2025-05-12", "2025-06-14",
         "2025-07-16"),
    paid("2025-01-31", "2025-02-28", "2025-04-30"),
    paid("2025-01-31", "2025-02-28"),
    paid("2023-02-28", "2024-02-28", "2025-02-28"),
    paid("2023-02-28", "2024-02-29", "2025-02-28"),
    # The same day twice is one payment; a payment of nothing is none.
    credit(
        advance("2025-01-31", 100), repayment("2025-02-28", 50),
        repayment("2025-02-28", 5), repayment("2025-04-30", 60),
    ),
    credit(
        advance("2025-01-31", 100), repayment("2025-02-28", 50),
        repayment("2025-04-30", 0), repayment("2025-05-01", 60),
    ),
    # Advances have a series of their own; refunds have none; charges follow payments.
    credit(
        advance("2025-01-31", 100), advance("2025-02-28", 100),
        repayment("2025-04-30", 150), charge("2025-04-30", 5), refund("2025-06-30", 1),
        repayment("2025-05-31", 60),
    ),
    credit(
        advance("2025-01-30", 100), advance("2025-02-28", 100),
        advance("2025-03-30", 0), repayment("2025-04-30", 250),
    ),
    credit(advance("2025-01-30", 100), charge("2025-02-28", 50),
           charge("2025-03-30", 60)),
    # Flows of zero before the zero point, advances and payments before each other.
    credit(
        repayment("2025-01-05", 0), advance("2025-01-07", 0), charge("2025-01-09", 0),
        advance("2025-01-31", 100), repayment("2025-02-28", 120),
    ),
    credit(
        repayment("2024-11-30", 10), advance("2025-01-31", 0),
        advance("2025-02-28", 100), repayment("2025-03-31", 120),
    ),
    credit(refund("2024-12-31", 10), advance("2025-02-28", 90),
           repayment("2025-03-31", 99)),
    # Nothing at all, one day, a year and a day, leap days, far apart.
    credit(advance("2025-01-05", 0), repayment("2025-03-05", 0)),
    credit(advance("2025-01-05", 100), repayment("2025-01-05", 100)),
    paid("2024-02-29", "2025-02-28", "2025-03-01", "2028-02-29"),
    paid("2023-03-01", "2024-02-29", "2024-03-01", "2025-03-02"),
    paid("1900-01-31", "1900-02-28", "2000-02-29", "2199-12-31"),
    paid("2025-01-01", "2025-01-31", "2025-03-02", "2025-12-31"),
]  # fmt: skip


def assert_twins(way: str, flows: list[CreditFlows]) -> None:
    rows, scalar = WAYS[way]
    found = rows(FlowColumns.of(flows))
    odd = np.zeros(found.whole.size) if found.odd is None else found.odd
    totals = ((found.whole + odd) / found.per_year).tolist()
    expected = [year for one in flows for year in scalar(one).years]
    at = [(number, flow) for number, one in enumerate(flows) for flow in one.flows]
    for total, year, place in zip(totals, expected, at, strict=True):
        assert abs(total - float(year)) < 1e-12, place
    # Odd days are simple in America, so there they must be apart as in the scalar.
    if way.startswith("reg_z"):
        factors = [factor for one in flows for factor in scalar(one).factors]
        assert found.whole.tolist() == [factor.whole for factor in factors]
        np.testing.assert_allclose(
            odd, [float(factor.odd) for factor in factors], rtol=0, atol=1e-15
        )


@pytest.mark.parametrize("way", WAYS)
def test_times_of_constructed_edges_equal_the_scalar(way: str) -> None:
    assert_twins(way, EDGES)


@pytest.mark.parametrize("way", WAYS)
def test_times_near_the_ends_of_months_equal_the_scalar(way: str) -> None:
    chance = random.Random(f"month ends {way}")
    drawn: list[CreditFlows] = []
    for _ in range(150):
        start = dt.date(chance.randint(2019, 2025), chance.randint(1, 12), 1)
        start -= dt.timedelta(days=chance.randint(1, 4))
        flows = [advance(start, 1_000)]
        on = start
        for _ in range(chance.randint(1, 8)):
            # A month on, then back to the end of the month before or near it.
            on = (on + dt.timedelta(days=35)).replace(day=1)
            on -= dt.timedelta(days=chance.choice([1, 1, 1, 1, 2, 3, 4]))
            kind = chance.choice([repayment] * 6 + [advance])
            flows.append(kind(on, chance.choice([0, 100, 100, 100, 100])))
        flows.append(repayment(on + dt.timedelta(days=chance.randint(0, 40)), 1_000))
        drawn.append(CreditFlows(flows))

    assert_twins(way, drawn)


def test_credits_of_different_lengths_keep_their_own_rows() -> None:
    # Each credit between others that would change it, were a row taken for another.
    for way in WAYS:
        for one in EDGES:
            assert_twins(way, [EDGES[0], one, EDGES[-1], one])


def test_a_credit_without_flows_has_no_times_and_shifts_no_other() -> None:
    columns = FlowColumns(
        offsets=[0, 0, 2, 2],
        day=[20_000, 20_031],
        amount_minor=[100, 110],
        kind_index=[0, 1],
    )

    for timed in (
        reg_z_times_rows(columns, UNITS[4]),
        day_times_rows(columns),
    ):
        assert timed.offsets.tolist() == [0, 0, 2, 2]
        assert timed.whole.size == 2
    with pytest.raises(InvalidValueError, match="must hold an advance in every"):
        eu_times_rows(columns, EuPeriod.MONTH)


def test_a_credit_without_an_advance_is_refused_wherever_it_is() -> None:
    for kinds in ([1, 1, 0, 1], [0, 1, 1, 1]):
        columns = FlowColumns(
            offsets=[0, 2, 4],
            day=[0, 31, 0, 31],
            amount_minor=[100, 110, 100, 110],
            kind_index=kinds,
        )
        with pytest.raises(InvalidValueError, match="must hold an advance in every"):
            eu_times_rows(columns, EuPeriod.MONTH)


def test_no_odd_parts_at_all_are_none() -> None:
    columns = FlowColumns.of([paid("2025-01-10", "2025-02-10", "2025-03-10")])

    assert reg_z_times_rows(columns, UNITS[4]).odd is None
    assert eu_times_rows(columns, EuPeriod.MONTH).odd is None
    assert reg_z_times_rows(columns, UNITS[3]).odd is not None


@pytest.mark.parametrize(
    "unit", [UnitPeriod(1, "semimonth"), UnitPeriod(6, "month", is_term=True)]
)
def test_a_unit_period_that_columns_do_not_know_is_refused(unit: UnitPeriod) -> None:
    columns = FlowColumns.of([EDGES[0]])

    with pytest.raises(InvalidValueError, match=r"unit_period .*use solve_rate"):
        reg_z_times_rows(columns, unit)


def test_a_day_count_that_columns_do_not_know_is_refused() -> None:
    columns = FlowColumns.of([EDGES[0]])

    with pytest.raises(InvalidValueError, match="day_count must be one of ACT/360"):
        day_times_rows(columns, DayCount.ACT_ACT_ISDA)
