from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.errors import InvalidValueError
from microcrm_core.reviews.files_batch import read_portfolio
from microcrm_core.reviews.write_batch import write_portfolio
from tests.reviews.folders import GOOD, slow_reading, write_folder
from tests.reviews.test_files_batch import read, table_bytes


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    portfolio = read(GOOD).portfolio
    write_portfolio(portfolio, tmp_path / "new" / "folder")
    reading = read_portfolio(tmp_path / "new" / "folder")

    assert reading.rejected == ()
    assert reading.portfolio.equals(portfolio)
    assert len(list((tmp_path / "new" / "folder").iterdir())) == 4


@given(
    customers=table_bytes("customers"),
    transactions=table_bytes("transactions"),
    loans=table_bytes("loans"),
    repayments=table_bytes("repayments"),
)
def test_any_portfolio_survives_writing_and_reading(
    tmp_path_factory: pytest.TempPathFactory,
    customers: bytes,
    transactions: bytes,
    loans: bytes,
    repayments: bytes,
) -> None:
    portfolio, _ = slow_reading(
        {
            "customers": customers,
            "transactions": transactions,
            "loans": loans,
            "repayments": repayments,
        }
    )
    folder = tmp_path_factory.mktemp("portfolio")
    write_portfolio(portfolio, folder)
    reading = read_portfolio(folder)

    assert reading.rejected == ()
    assert reading.portfolio.equals(portfolio)


def test_the_canonical_form_is_short_and_plain(tmp_path: Path) -> None:
    write_portfolio(read(GOOD).portfolio, tmp_path)

    assert (tmp_path / "transactions.csv").read_text() == (
        "transaction_id,customer_id,booked_on,direction,amount,balance_after,sequence,"
        "known_on\n"
        "t-1,c-1,2024-03-01,in,100.00,350.25,0,\n"
        "t-2,c-1,2024-03-01,out,12.50,-7.00,1,2024-03-04\n"
        "t-3,c-2,2024-03-02,in,40000,,0,\n"
    )
    assert "0.1825" in (tmp_path / "loans.csv").read_text()


def test_a_day_that_no_file_can_state_is_refused_and_the_old_file_stays(
    tmp_path: Path,
) -> None:
    portfolio = read(GOOD).portfolio
    write_folder(tmp_path, {"transactions": "old"})
    late = attrs.evolve(
        portfolio.transactions, booked_day=np.full(3, 100_000, np.int32)
    )

    with pytest.raises(InvalidValueError, match="booked_on must be from 1900-01-01"):
        write_portfolio(attrs.evolve(portfolio, transactions=late), tmp_path)
    assert (tmp_path / "transactions.csv").read_text() == "old"
    assert not list(tmp_path.glob(".*"))


@given(minor=st.integers(-(10**15), 10**15).filter(bool))
def test_every_amount_survives(
    tmp_path_factory: pytest.TempPathFactory, minor: int
) -> None:
    portfolio = read(GOOD).portfolio
    changed = attrs.evolve(
        portfolio.transactions,
        amount_minor=np.full(3, minor),
        balance_minor=np.full(3, -minor),
    )
    portfolio = attrs.evolve(portfolio, transactions=changed)
    folder = tmp_path_factory.mktemp("portfolio")
    write_portfolio(portfolio, folder)

    assert read_portfolio(folder).portfolio.equals(portfolio)
