"""The twin of due-day advice, row by row, with constructed ties."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, InvalidValueError, Money
from microcrm_core.adjustments import (
    DUE_DAY_BASIC,
    DueDayConfidence,
    DueDayPolicy,
    LowMeasure,
    recommend_due_day,
)
from microcrm_core.adjustments.due_day_batch import (
    DueDayColumns,
    DueDayOutcome,
    recommend_due_days,
)
from microcrm_core.adjustments.weighing_batch import weigh_many
from microcrm_core.batch import UNKNOWN, Int64s
from microcrm_core.customers import CashFlowSummary, Direction, Transaction
from microcrm_core.customers.cash_flow_batch import DayBalances
from microcrm_core.customers.columns_batch import TransactionColumns
from microcrm_core.ids import CustomerId, TransactionId

EURO = Currency.of("EUR")
EPOCH = dt.date(1970, 1, 1)
AS_OF = dt.date(2025, 6, 30)
START = dt.date(2025, 1, 1)
HALF_YEAR = (AS_OF - START).days

# One customer: balance by day since START (None: the row states none), then the
# installment and the current due day.
Rows = list[tuple[int, int | None]]
Case = tuple[Rows, int, int | None]

# Two or three different balances and needs: most days tie on most measures.
case = st.tuples(
    st.lists(
        st.tuples(
            st.integers(0, HALF_YEAR), st.none() | st.sampled_from([-2, 0, 2, 3])
        ),
        max_size=25,
    ),
    st.integers(1, 3),
    st.none() | st.integers(1, 31),
)
policies = st.builds(
    lambda measure, quantile_ppm, months_max, days, gain_min: attrs.evolve(
        DUE_DAY_BASIC,
        measure=measure,
        quantile_ppm=quantile_ppm,
        months_min=2,
        months_max=months_max,
        day_min=min(days),
        day_max=max(days),
        shortfall_gain_min=gain_min,
        months_medium=3,
        months_high=5,
    ),
    st.sampled_from(list(LowMeasure)),
    st.sampled_from([1, 100_000, 333_333, 500_000, 1_000_000]),
    st.none() | st.integers(2, 6),
    st.tuples(st.integers(1, 28), st.integers(1, 28)),
    st.integers(0, 2),
)


def transactions_of(rows: Rows, *, name: str = "t") -> list[Transaction]:
    return [
        Transaction(
            id=TransactionId(f"{name}-{index}"),
            customer_id=CustomerId("c"),
            booked_on=START + dt.timedelta(days=days),
            direction=Direction.IN,
            amount=Money(1, EURO),
            balance_after=None if balance is None else Money(balance, EURO),
            sequence=index,
        )
        for index, (days, balance) in enumerate(rows)
    ]


def day_balances(histories: Sequence[list[Transaction]]) -> DayBalances:
    rows = [
        (customer, index, transaction)
        for customer, history in enumerate(histories)
        for index, transaction in enumerate(history)
    ]
    booked = [(row.booked_on - EPOCH).days for _, _, row in rows]
    columns = TransactionColumns(
        ids=np.array([f"{c}-{row.id}".encode() for c, _, row in rows], "S64"),
        customer_index=np.array([customer for customer, _, _ in rows], np.int32),
        booked_day=np.array(booked, np.int32),
        sequence=np.array([row.sequence for _, _, row in rows], np.int32),
        amount_minor=np.array([row.amount.minor for _, _, row in rows], np.int64),
        balance_minor=np.array(
            [
                UNKNOWN if row.balance_after is None else row.balance_after.minor
                for _, _, row in rows
            ],
            np.int64,
        ),
        known_day=np.array(booked, np.int32),
    )
    return DayBalances.of(
        columns, customer_count=len(histories), as_of_day=(AS_OF - EPOCH).days
    )


def column(values: Sequence[int | None]) -> Int64s:
    return np.array([UNKNOWN if v is None else v for v in values], np.int64)


def check_cases(cases: Sequence[Case], policy: DueDayPolicy) -> DueDayColumns:
    histories = [transactions_of(rows) for rows, _, _ in cases]
    columns = recommend_due_days(
        day_balances(histories),
        column([installment for _, installment, _ in cases]),
        column([current for _, _, current in cases]),
        policy,
    )
    for i, (_, installment, current) in enumerate(cases):
        summary = CashFlowSummary.of(EURO, histories[i])
        decision = recommend_due_day(
            summary, Money(installment, EURO), current, policy, AS_OF
        )
        advice = decision.outcome
        outcome = tuple(DueDayOutcome)[int(columns.outcome_index[i])]
        assert outcome.value == decision.reasons[0].code
        for name in (
            "due_day",
            "current_due_day",
            "months",
            "current_shortfall_count",
            "held_out_shortfall_count",
            "expected_shortfall_change_ppm",
        ):
            assert [getattr(columns, name)[i]] == [*column([getattr(advice, name)])]
        assert columns.needed_minor[i] == advice.needed.minor
        for name in ("low_balance_minor_by_day", "shortfall_count_by_day"):
            expected = getattr(advice, name) or (UNKNOWN,) * 28
            assert tuple(getattr(columns, name)[i].tolist()) == expected
        levels = tuple(DueDayConfidence)
        assert columns.confidence_index[i] == (
            -1 if advice.confidence is None else levels.index(advice.confidence)
        )
    return columns


@given(cases=st.lists(case, min_size=1, max_size=8), policy=policies)
def test_batch_equals_scalar_on_every_row(
    cases: list[Case], policy: DueDayPolicy
) -> None:
    check_cases(cases, policy)


def test_every_kind_of_tie_is_settled_as_the_scalar_does() -> None:
    flat: Rows = [(0, 2)]
    # Rich from the 10th to the 19th of every month, so those days tie.
    paid: Rows = [
        ((dt.date(2025, month, day) - START).days, balance)
        for month in range(1, 7)
        for day, balance in ((1, 0), (10, 9), (20, 0))
    ]
    # Days 5 and 15 have one lowest balance, and other numbers of shortfalls.
    counted: Rows = [
        ((dt.date(2025, month, day) - START).days, balance)
        for month in range(1, 7)
        for day, balance in ((5, 2), (6, 0), (15, 2 if month < 3 else 3), (16, 0))
    ]
    currents = (None, 1, 5, 10, 12, 15, 19, 20, 28, 29, 31)
    cases: list[Case] = [
        (rows, installment, current)
        for rows in (flat, paid, counted, [])
        for installment in (1, 2, 3, 9, 10)
        for current in currents
    ]

    columns = check_cases(cases, attrs.evolve(DUE_DAY_BASIC, months_max=6))

    assert set(columns.outcome_index.tolist()) == set(range(len(DueDayOutcome)))


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cases: list[Case] = [
        ([(day, balance) for day in range(0, 150, 7 + balance)], 2, 1 + balance)
        for balance in range(10)
    ]
    whole = check_cases(cases, DUE_DAY_BASIC)
    monkeypatch.setattr("microcrm_core.adjustments.due_day_batch._CHUNK", 3)
    parts = check_cases(cases, DUE_DAY_BASIC)

    for field in attrs.fields(DueDayColumns):
        assert np.array_equal(getattr(whole, field.name), getattr(parts, field.name))


def test_no_customers_give_columns_without_rows() -> None:
    columns = check_cases([], DUE_DAY_BASIC)

    assert columns.due_day.shape == (0,)
    assert columns.low_balance_minor_by_day.shape == (0, 28)


def test_a_customer_without_an_installment_gets_no_advice() -> None:
    days = day_balances([transactions_of([(0, 5)])] * 2)

    columns = recommend_due_days(
        days, column([None, 4]), column([7, None]), DUE_DAY_BASIC
    )

    assert columns.outcome_index.tolist()[0] == -1
    assert columns.due_day.tolist() == [UNKNOWN, 1]
    assert columns.needed_minor.tolist() == [UNKNOWN, 4]


def test_bad_rows_are_counted_and_shown() -> None:
    days = day_balances([transactions_of([(0, 5)])] * 2)

    with pytest.raises(InvalidValueError, match="1 of 2 rows: installment_minor"):
        recommend_due_days(days, column([1, 0]), column([1, 1]), DUE_DAY_BASIC)
    with pytest.raises(InvalidValueError, match="1 of 2 rows: current_due_day"):
        recommend_due_days(days, column([1, 1]), column([32, 1]), DUE_DAY_BASIC)
    with pytest.raises(InvalidValueError, match="must have one row"):
        recommend_due_days(days, column([1]), column([1]), DUE_DAY_BASIC)


def test_balances_whose_sum_would_wrap_are_refused() -> None:
    balance_minor = np.full((2, 6, 31), 5)
    balance_minor[1] = 2**62

    with pytest.raises(InvalidValueError, match="1 of 2 rows: balance_minor must fit"):
        weigh_many(
            balance_minor,
            np.full(6, 30),
            np.ones(2, np.int64),
            np.ones(2, np.int64),
            DUE_DAY_BASIC,
        )
