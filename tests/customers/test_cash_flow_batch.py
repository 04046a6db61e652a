from __future__ import annotations

import datetime as dt
from calendar import monthrange

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.batch import UNKNOWN
from microcrm_core.customers import (
    CashFlowSummary,
    Customer,
    CustomerKind,
    Transaction,
    day_sums_batch,
)
from microcrm_core.customers.cash_flow_batch import DayBalances
from microcrm_core.customers.columns_batch import CustomerColumns, TransactionColumns
from microcrm_core.ids import CustomerId
from tests.customers.strategies import AS_OF_DAYS, EURO, transactions

EPOCH = dt.date(1970, 1, 1)
CUSTOMERS = CustomerColumns.from_customers(
    Customer(
        id=CustomerId(f"c-{number}"),
        kind=CustomerKind.SOLE_TRADER,
        currency=EURO,
        known_on=dt.date(2023, 1, 1),
    )
    for number in range(3)
)


def number(on: dt.date) -> int:
    return (on - EPOCH).days


@st.composite
def portfolios(draw: st.DrawFn) -> list[Transaction]:
    """Transactions of up to three customers, sorted or not."""
    rows = [
        one
        for customer in range(3)
        for one in draw(transactions(f"c-{customer}", max_size=12))
    ]
    if draw(st.booleans()):
        return sorted(rows, key=lambda one: (one.customer_id, one.booked_on))
    return draw(st.permutations(rows))


def day_balances(rows: list[Transaction], as_of: dt.date) -> DayBalances:
    columns = TransactionColumns.from_transactions(rows, CUSTOMERS)
    return DayBalances.of(columns, customer_count=3, as_of_day=number(as_of))


def summary(rows: list[Transaction], customer: int, as_of: dt.date) -> CashFlowSummary:
    own = [one for one in rows if one.customer_id == f"c-{customer}"]
    return CashFlowSummary.of(EURO, own, as_of=as_of)


def column(value: int | None) -> int:
    return UNKNOWN if value is None else value


@given(rows=portfolios(), as_of=st.sampled_from(AS_OF_DAYS))
def test_buckets_equal_those_of_the_summary_on_every_day(
    rows: list[Transaction], as_of: dt.date
) -> None:
    found = day_balances(rows, as_of)

    for customer in range(3):
        own = slice(int(found.offsets[customer]), int(found.offsets[customer + 1]))
        expected = summary(rows, customer, as_of)
        assert found.day[own].tolist() == [number(on) for on in expected.days]
        buckets = expected.days.values()
        assert found.inflow_minor[own].tolist() == [b.inflow_minor for b in buckets]
        assert found.outflow_minor[own].tolist() == [b.outflow_minor for b in buckets]
        assert found.balance_minor[own].tolist() == [
            column(expected.end_of_day_balances(on, on + dt.timedelta(days=1))[0])
            for on in expected.days
        ]


@given(rows=portfolios(), as_of=st.sampled_from(AS_OF_DAYS), months=st.integers(1, 5))
def test_balances_by_day_of_the_month_equal_those_of_the_summary(
    rows: list[Transaction], as_of: dt.date, months: int
) -> None:
    chosen = np.array([2, 0, 1, 0])

    found = day_balances(rows, as_of).balances_on_days(chosen, months=months)

    assert found.balance_minor.shape == (4, months, 31)
    for row, customer in enumerate(chosen.tolist()):
        one = summary(rows, customer, as_of)
        full = one.full_months(as_of, months_max=months)
        assert found.full_month_count[row] == len(full)
        for month, start_day in enumerate(found.month_start_day.tolist()):
            start_on = EPOCH + dt.timedelta(days=start_day)
            length = monthrange(start_on.year, start_on.month)[1]
            assert found.month_days[month] == length
            end_on = start_on + dt.timedelta(days=length)
            balances = (
                [column(b) for b in one.end_of_day_balances(start_on, end_on)]
                if start_on in full
                else []
            )
            expected = balances + [UNKNOWN] * (31 - len(balances))
            assert found.balance_minor[row, month].tolist() == expected


@given(rows=portfolios(), as_of=st.sampled_from(AS_OF_DAYS))
def test_chosen_days_are_columns_of_all_days(
    rows: list[Transaction], as_of: dt.date
) -> None:
    account, chosen = day_balances(rows, as_of), np.array([29, 1, 31])

    every = account.balances_on_days(np.arange(3), months=4)
    some = account.balances_on_days(np.arange(3), months=4, days=chosen)

    assert (some.balance_minor == every.balance_minor[:, :, chosen - 1]).all()


@given(rows=portfolios(), as_of=st.sampled_from(AS_OF_DAYS))
def test_blocks_of_rows_and_of_customers_give_the_same(
    rows: list[Transaction], as_of: dt.date
) -> None:
    """Blocks only bound memory; every size must give the same buckets."""
    whole = day_balances(rows, as_of)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(day_sums_batch, "_BLOCK_ROWS", 1)
        by_customer = day_balances(rows, as_of)

    for field in attrs.fields(DayBalances):
        found = np.asarray(getattr(by_customer, field.name))
        assert found.tolist() == np.asarray(getattr(whole, field.name)).tolist()


def test_an_empty_part_of_a_portfolio_has_no_buckets() -> None:
    nothing = day_balances([], dt.date(2024, 2, 29))

    assert nothing.part(1, 1).customer_count == 0
    found = nothing.balances_on_days(np.arange(3), months=2)
    assert (found.balance_minor == UNKNOWN).all()
    assert found.full_month_count.tolist() == [0, 0, 0]


def test_sums_and_balances_that_leave_int64_are_refused() -> None:
    large = TransactionColumns(
        ids=np.array([b"a", b"b"]),
        customer_index=np.array([0, 0], np.int32),
        booked_day=np.array([1, 1], np.int32),
        sequence=np.array([0, 1], np.int32),
        amount_minor=np.array([2**62, 2**62]),
        balance_minor=np.array([UNKNOWN, UNKNOWN]),
        known_day=np.array([1, 1], np.int32),
    )
    with pytest.raises(InvalidValueError, match="amount_minor must add up to a sum"):
        DayBalances.of(large, customer_count=1, as_of_day=1)

    later = attrs.evolve(
        large,
        booked_day=np.array([1, 2], np.int32),
        balance_minor=np.array([2**62, UNKNOWN]),
    )
    with pytest.raises(InvalidValueError, match="balance_minor must add up to a sum"):
        DayBalances.of(later, customer_count=1, as_of_day=2)
    # On the day before, nothing is out of bounds.
    assert DayBalances.of(later, customer_count=1, as_of_day=1).day.tolist() == [1]


def test_large_amounts_of_many_customers_do_not_disturb_each_other() -> None:
    count = 8
    large = TransactionColumns(
        ids=np.array([b"a"] * count * 2),
        customer_index=np.repeat(np.arange(count), 2).astype(np.int32),
        booked_day=np.tile([1, 2], count).astype(np.int32),
        sequence=np.zeros(count * 2, np.int32),
        amount_minor=np.full(count * 2, 2**62 - 1),
        balance_minor=np.tile([2**62, UNKNOWN], count),
        known_day=np.ones(count * 2, np.int32),
    )

    found = DayBalances.of(large, customer_count=count, as_of_day=2)

    assert found.balance_minor.tolist() == [2**62, 2**63 - 1] * count


def test_positions_out_of_range_are_refused() -> None:
    account = day_balances([], dt.date(2024, 2, 29))
    with pytest.raises(InvalidValueError, match="rows must be 0 to 2"):
        account.balances_on_days(np.array([3]), months=1)
    with pytest.raises(InvalidValueError, match="days must be 1 to 31"):
        account.balances_on_days(np.array([0]), months=1, days=np.array([0]))
    with pytest.raises(InvalidValueError, match="months must be 1 or more"):
        account.balances_on_days(np.array([0]), months=0)
    one = TransactionColumns(
        ids=np.array([b"a"]),
        customer_index=np.array([3], np.int32),
        booked_day=np.array([1], np.int32),
        sequence=np.array([0], np.int32),
        amount_minor=np.array([1]),
        balance_minor=np.array([UNKNOWN]),
        known_day=np.array([1], np.int32),
    )
    with pytest.raises(InvalidValueError, match="customer_index must be less than"):
        DayBalances.of(one, customer_count=3, as_of_day=1)
