from __future__ import annotations

import attrs
import numpy as np
import pytest

from microcrm_core.errors import InvalidValueError
from microcrm_core.reviews.portfolio_batch import Portfolio, RowGroups
from tests.reviews.folders import GOOD
from tests.reviews.test_files_batch import read


@pytest.fixture(name="portfolio")
def _portfolio() -> Portfolio:
    return read(GOOD).portfolio


def scalars(portfolio: Portfolio) -> Portfolio:
    """Return the portfolio of the scalar values of every customer."""
    records = [portfolio.customer_scalars(row) for row in range(3)]
    return Portfolio.from_scalars(
        customers=[record[0] for record in records],
        transactions=[one for record in records for one in record[1]],
        loans=[one for record in records for one in record[2]],
        repayments=[one for record in records for one in record[3]],
    )


def test_a_customer_comes_with_their_own_rows_only(portfolio: Portfolio) -> None:
    customer, transactions, loans, repayments = portfolio.customer_scalars(0)

    assert customer.id == "c-1"
    assert [one.id for one in transactions] == ["t-1", "t-2"]
    assert [one.id for one in loans] == ["l-1"]
    assert [one.id for one in repayments] == ["r-1", "r-2"]


def test_columns_to_scalars_and_back_loses_nothing(portfolio: Portfolio) -> None:
    assert scalars(portfolio).equals(portfolio)


def test_some_customers_keep_their_rows_in_the_order_asked_for(
    portfolio: Portfolio,
) -> None:
    taken = portfolio.take_customers([2, 0])

    assert taken.customers.ids.tolist() == [b"c-3", b"c-1"]
    assert taken.counts() == {
        "customers": 2, "transactions": 2, "loans": 3, "repayments": 2,
    }  # fmt: skip
    assert taken.customer_scalars(1) == portfolio.customer_scalars(0)
    assert taken.customer_scalars(0) == portfolio.customer_scalars(2)


def test_a_change_of_one_value_is_a_difference(portfolio: Portfolio) -> None:
    other = attrs.evolve(portfolio.transactions, sequence=np.array([0, 1, 5], np.int32))

    assert not portfolio.equals(attrs.evolve(portfolio, transactions=other))
    regions = attrs.evolve(portfolio.customers, regions=("north", "west"))
    assert not portfolio.equals(attrs.evolve(portfolio, customers=regions))


@pytest.mark.parametrize("rows", [[3], [-1], [0, 0]])
def test_rows_that_are_none_or_stand_twice_are_refused(
    portfolio: Portfolio, rows: list[int]
) -> None:
    with pytest.raises(InvalidValueError, match="rows must"):
        portfolio.take_customers(rows)


def test_a_customer_is_found_by_id(portfolio: Portfolio) -> None:
    assert portfolio.customer_row("c-2") == 1
    with pytest.raises(InvalidValueError, match="must be in the portfolio"):
        portfolio.customer_row("c-9")
    with pytest.raises(InvalidValueError, match="less than the 3 customers"):
        portfolio.customer_scalars(3)


def test_scalars_that_contradict_each_other_are_refused(portfolio: Portfolio) -> None:
    customer, transactions, loans, repayments = portfolio.customer_scalars(0)
    other = portfolio.customer_scalars(1)[0]
    early = attrs.evolve(
        repayments[0], paid_on=loans[0].terms.disbursed_on.replace(day=1)
    )

    with pytest.raises(InvalidValueError, match="customer_id must not stand twice"):
        Portfolio.from_scalars(customers=[customer, customer])
    with pytest.raises(InvalidValueError, match="transaction_id must not stand twice"):
        Portfolio.from_scalars(
            customers=[customer], transactions=[*transactions, transactions[0]]
        )
    with pytest.raises(InvalidValueError, match="loan in the currency of its customer"):
        Portfolio.from_scalars(
            customers=[other],
            loans=[attrs.evolve(loans[0], customer_id=other.id)],
        )
    with pytest.raises(InvalidValueError, match="on or after the day of the disb"):
        Portfolio.from_scalars(customers=[customer], loans=loans, repayments=[early])


def test_groups_hold_every_row_once() -> None:
    groups = RowGroups.of(np.array([2, 0, 2, 2]), group_count=4)

    assert [groups.rows(group).tolist() for group in range(4)] == [
        [1], [], [0, 2, 3], [],
    ]  # fmt: skip


def test_only_counts_are_shown(portfolio: Portfolio) -> None:
    shown = "Portfolio(customers=3, transactions=3, loans=4, repayments=3)"

    assert repr(portfolio) == shown
    assert "c-1" not in portfolio._repr_html_()
