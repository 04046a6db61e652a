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


@given(
    pairs=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1),
    above_minor=st.integers(-50, 50),
)
def test_what_rows_before_have_too_much_or_too_little_is_made_up_for(
    pairs: list[tuple[int, int]], above_minor: int
) -> None:
    wanted = [want for want, _ in pairs]
    least = [kept for _, kept in pairs]

    amounts = lowered_elsewhere(wanted, least, above_minor=above_minor)

    assert all(amount >= kept for amount, kept in zip(amounts, least, strict=True))
    assert sum(amounts) == max(sum(wanted) - above_minor, sum(least))


def test_rows_that_stay_ask_for_what_they_did_and_later_ones_make_up_for_it() -> None:
    rows = made(3)
    for row, interest_minor in zip(rows, (7, 5, 5), strict=True):
        row.ask(Bucket.PRINCIPAL, 10)
        row.ask(Bucket.INTEREST, interest_minor)
        row.ask(Bucket.FEES, 1)

    wanted = RunColumns(
        principal_minor=(10, 10, 10), interest_minor=(6, 6, 6), fees_minor=(1, 1, 1)
    )
    write_columns(rows, wanted, DAY, kept_count=1)

    assert [row.asked for row in rows] == [[10, 7, 1, 0], [10, 5, 1, 0], [10, 6, 1, 0]]
    assert rows[0].account.charged == [10, 7, 1, 0]


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
