"""What is settled stays asked for, and the rows together ask for what is owed."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.exact_runs import RunColumns
from microcrm_core.ledger.managed_rows import (
    ManagedRow,
    lowered_elsewhere,
    write_columns,
)
from microcrm_core.ledger.row_accounts import RowAccount

DAY = dt.date(2025, 2, 15)


@given(
    pairs=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1),
)
def test_each_amount_is_at_least_what_is_settled(pairs: list[tuple[int, int]]) -> None:
    wanted = [want for want, _ in pairs]
    least = [kept for _, kept in pairs]

    amounts = lowered_elsewhere(wanted, least)

    assert all(amount >= kept >= 0 for amount, kept in zip(amounts, least, strict=True))
    assert sum(amounts) == max(sum(wanted), sum(least))


def made(count: int) -> list[ManagedRow]:
    return [
        ManagedRow(account=RowAccount(from_on=DAY, due_on=DAY), ends_on=DAY)
        for _ in range(count)
    ]


def columns(principal: int, interest: int, fees: int) -> RunColumns:
    return RunColumns(
        principal_minor=(principal,), interest_minor=(interest,), fees_minor=(fees,)
    )


def test_what_events_add_is_left_alone() -> None:
    [row] = rows = made(1)
    row.account.charged[Bucket.INTEREST] = 7

    write_columns(rows, columns(100, 10, 0), DAY)
    write_columns(rows, columns(90, 20, 3), DAY)

    assert row.account.charged == [90, 27, 3, 0]
    assert row.asked == [90, 20, 3, 0]


def test_a_row_that_asks_for_nothing_any_more_is_settled_and_opens_again() -> None:
    [row] = rows = made(1)

    write_columns(rows, columns(100, 0, 0), DAY)
    row.account.pay(Bucket.PRINCIPAL, 60, DAY)
    write_columns(rows, columns(60, 0, 0), DAY)
    assert row.account.settled_on == DAY

    write_columns(rows, columns(70, 0, 0), DAY)
    assert row.account.settled_on is None
