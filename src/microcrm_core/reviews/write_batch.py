"""Writing portfolio folders in the canonical form, many rows at once.

Each field of a block of rows becomes a matrix of bytes in which a zero stands for
nothing; side by side they are the lines once the zeros are dropped. What is written
here `files_batch.read_portfolio` reads back as an equal portfolio.

Example:
    >>> import tempfile
    >>> from microcrm_core.reviews.files_batch import read_portfolio
    >>> from microcrm_core.reviews.portfolio_batch import Portfolio
    >>> from microcrm_core.reviews.write_batch import write_portfolio
    >>> empty = Portfolio.from_scalars(customers=[])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_portfolio(empty, folder)
    ...     read_portfolio(folder).portfolio.equals(empty)
    True
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from microcrm_core.batch import UNKNOWN, Int64s, require_rows
from microcrm_core.customers import CustomerKind
from microcrm_core.loans.columns_batch import Ids
from microcrm_core.reviews.portfolio_batch import Portfolio
from microcrm_core.reviews.records_batch import Bytes
from microcrm_core.reviews.schema import (
    CUSTOMERS,
    DAY_MAX,
    DAY_MIN,
    KNOWN_FROM_BEGINNING,
    LOANS,
    REPAYMENTS,
    TRANSACTIONS,
    Table,
)
from microcrm_core.reviews.whole_files import whole_file

__all__ = ["write_portfolio"]

Rows: TypeAlias = slice
FieldWriter: TypeAlias = Callable[[Rows], Bytes]

_BLOCK_ROWS: Final = 100_000
_EPOCH: Final = np.datetime64(0, "D")
_DAY_MIN: Final = int((np.datetime64(DAY_MIN) - _EPOCH).astype(np.int64))
_DAY_MAX: Final = int((np.datetime64(DAY_MAX) - _EPOCH).astype(np.int64))
_BEGINNING: Final = int((np.datetime64(KNOWN_FROM_BEGINNING) - _EPOCH).astype(np.int64))
_PPM_DIGITS: Final = 6
_COMMA, _NEWLINE, _QUOTE, _MINUS, _POINT, _ZERO = 44, 10, 34, 45, 46, 48


def write_portfolio(portfolio: Portfolio, folder: str | os.PathLike[str]) -> None:
    """Write the four files of *portfolio* into *folder*, which is made if need be.

    Each file appears whole or not at all, and replaces an older one.

    Raises:
        InvalidValueError: A day lies outside the years of the files, 1900 to 2200.
        OSError: The folder cannot be written to.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from microcrm_core.reviews.portfolio_batch import Portfolio
        >>> from microcrm_core.reviews.write_batch import write_portfolio
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_portfolio(Portfolio.from_scalars(customers=[]), folder)
        ...     Path(folder, "repayments.csv").read_text().strip()
        'repayment_id,loan_id,paid_on,amount,currency,known_on'
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    _write(target, CUSTOMERS, portfolio.customers.ids.size, _customers(portfolio))
    _write(
        target, TRANSACTIONS, portfolio.transactions.ids.size, _transactions(portfolio)
    )
    _write(target, LOANS, portfolio.loans.ids.size, _loans(portfolio))
    _write(target, REPAYMENTS, portfolio.repayments.ids.size, _repayments(portfolio))


def _customers(portfolio: Portfolio) -> Mapping[str, FieldWriter]:
    customers = portfolio.customers
    codes = [currency.code for currency in customers.currencies]
    known_day = np.where(
        customers.known_day == _BEGINNING, UNKNOWN, customers.known_day
    )
    return {
        "customer_id": _ids(customers.ids),
        "kind": _choice(list(CustomerKind), customers.kind_index),
        "currency": _choice(codes, customers.currency_index),
        "industry": _choice(customers.industries, customers.industry_index),
        "region": _choice(customers.regions, customers.region_index),
        "birthday": _days("birthday", customers.birthday_day, is_private=True),
        "channel": _choice(customers.channels, customers.channel_index),
        "referred_by": _ids(customers.referred_by),
        "known_on": _days("known_on", known_day),
    }


def _transactions(portfolio: Portfolio) -> Mapping[str, FieldWriter]:
    transactions, customers = portfolio.transactions, portfolio.customers
    owner = transactions.customer_index
    exponents = np.array([one.exponent for one in customers.currencies], np.int64)
    digits = exponents[customers.currency_index]
    codes = [currency.code for currency in customers.currencies]
    amount = transactions.amount_minor

    def of_owner(column: Int64s) -> Callable[[Rows], Int64s]:
        return lambda rows: column[owner[rows]]

    return {
        "transaction_id": _ids(transactions.ids),
        "customer_id": _ids_of(customers.ids, owner),
        "booked_on": _days("booked_on", transactions.booked_day),
        "direction": lambda rows: _text_rows(["in", "out"], (amount[rows] < 0) * 1),
        "amount": lambda rows: _decimals(
            np.abs(amount[rows]), digits[owner[rows]]
        ),
        "balance_after": lambda rows: _decimals(
            transactions.balance_minor[rows], digits[owner[rows]]
        ),
        "sequence": lambda rows: _decimals(
            transactions.sequence[rows].astype(np.int64), np.zeros(1, np.int64)
        ),
        "currency": lambda rows: _text_rows(
            codes, customers.currency_index[owner[rows]]
        ),
        "known_on": _known(transactions.known_day, transactions.booked_day),
    }
