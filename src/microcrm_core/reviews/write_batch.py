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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from microcrm_core.batch import UNKNOWN, Int64s, require_rows
from microcrm_core.customers import CustomerKind, Direction
from microcrm_core.loans.columns_batch import Ids
from microcrm_core.money import Currency
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
)
from microcrm_core.reviews.whole_files import whole_file

__all__ = ["write_portfolio"]

FieldWriter: TypeAlias = Callable[[slice], Bytes]
"""Gives the bytes of one column in some rows, of shape (rows, width)."""

Index: TypeAlias = npt.NDArray[np.signedinteger[Any]]

_BLOCK_ROWS: Final = 100_000
_EPOCH: Final = np.datetime64(0, "D")
_DAY_MIN: Final = int((np.datetime64(DAY_MIN) - _EPOCH).astype(np.int64))
_DAY_MAX: Final = int((np.datetime64(DAY_MAX) - _EPOCH).astype(np.int64))
_BEGINNING: Final = int((np.datetime64(KNOWN_FROM_BEGINNING) - _EPOCH).astype(np.int64))
_CALENDAR: Final = np.arange(_DAY_MIN, _DAY_MAX + 1).astype("datetime64[D]")
# One more entry, so that -1 finds nothing.
_DAYS: Final[Ids] = np.append(_CALENDAR.astype("S10"), b"")
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
    for table, writers in (
        (CUSTOMERS, _customers(portfolio)),
        (TRANSACTIONS, _transactions(portfolio)),
        (LOANS, _loans(portfolio)),
        (REPAYMENTS, _repayments(portfolio)),
    ):
        with whole_file(target / table.file) as stream:
            stream.write(",".join(writers).encode() + b"\n")
            for lines in _lines(writers, portfolio.counts()[table.name]):
                stream.write(lines)


def _customers(portfolio: Portfolio) -> dict[str, FieldWriter]:
    customers = portfolio.customers
    known_day = np.where(
        customers.known_day == _BEGINNING, UNKNOWN, customers.known_day
    )
    return {
        "customer_id": _ids(customers.ids),
        "kind": _choices(tuple(CustomerKind), customers.kind_index),
        "currency": _choices(customers.currencies, customers.currency_index),
        "industry": _choices(customers.industries, customers.industry_index),
        "region": _choices(customers.regions, customers.region_index),
        "birthday": _days("birthday", customers.birthday_day),
        "channel": _choices(customers.channels, customers.channel_index),
        "referred_by": _ids(customers.referred_by),
        "known_on": _days("known_on", known_day),
    }


def _transactions(portfolio: Portfolio) -> dict[str, FieldWriter]:
    transactions, customers = portfolio.transactions, portfolio.customers
    owner, amount_minor = transactions.customer_index, transactions.amount_minor
    digits = _exponents(customers.currencies, customers.currency_index)
    direction = (amount_minor < 0).astype(np.int8)
    return {
        "transaction_id": _ids(transactions.ids),
        "customer_id": _ids(customers.ids, owner),
        "booked_on": _days("booked_on", transactions.booked_day),
        "direction": _choices(tuple(Direction), direction),
        "amount": lambda rows: _decimals(
            np.abs(amount_minor[rows]), digits[owner[rows]]
        ),
        "balance_after": lambda rows: _decimals(
            transactions.balance_minor[rows], digits[owner[rows]]
        ),
        "sequence": _whole_numbers(transactions.sequence),
        "known_on": _days(
            "known_on", transactions.known_day, otherwise=transactions.booked_day
        ),
    }


def _loans(portfolio: Portfolio) -> dict[str, FieldWriter]:
    loans, customers = portfolio.loans, portfolio.customers
    digits = _exponents(loans.currencies, loans.currency_index)
    is_requested = loans.requested_day != UNKNOWN
    return {
        "loan_id": _ids(loans.ids),
        "customer_id": _ids(customers.ids, loans.customer_index),
        "currency": _choices(loans.currencies, loans.currency_index),
        "principal": lambda rows: _decimals(loans.principal_minor[rows], digits[rows]),
        "annual_rate": lambda rows: _without_end_zeros(
            _decimals(loans.annual_ppm[rows], _PPM_DIGITS)
        ),
        "installment_count": _whole_numbers(loans.installment_count),
        "frequency": _choices(loans.frequencies, loans.frequency_index),
        "first_due_on": _days("first_due_on", loans.first_due_day),
        "requested_on": _days("requested_on", loans.requested_day),
        "disbursed_on": _days("disbursed_on", loans.disbursed_day),
        "planned_on": _days(
            "planned_on", np.where(is_requested, loans.planned_day, UNKNOWN)
        ),
        "known_on": _days(
            "known_on",
            loans.known_day,
            otherwise=np.where(is_requested, loans.requested_day, loans.disbursed_day),
        ),
    }


def _repayments(portfolio: Portfolio) -> dict[str, FieldWriter]:
    repayments, loans = portfolio.repayments, portfolio.loans
    currency_index = loans.currency_index[repayments.loan_index]
    digits = _exponents(loans.currencies, currency_index)
    return {
        "repayment_id": _ids(repayments.ids),
        "loan_id": _ids(loans.ids, repayments.loan_index),
        "paid_on": _days("paid_on", repayments.paid_day),
        "amount": lambda rows: _decimals(repayments.amount_minor[rows], digits[rows]),
        "currency": _choices(loans.currencies, currency_index),
        "known_on": _days(
            "known_on", repayments.known_day, otherwise=repayments.paid_day
        ),
    }


def _lines(writers: dict[str, FieldWriter], row_count: int) -> Iterator[bytes]:
    for first in range(0, row_count, _BLOCK_ROWS):
        rows = slice(first, min(first + _BLOCK_ROWS, row_count))
        comma = np.full((rows.stop - first, 1), _COMMA, np.uint8)
        parts: list[Bytes] = []
        for write in writers.values():
            parts += [write(rows), comma]
        parts[-1] = np.full_like(comma, _NEWLINE)
        block = np.concatenate(parts, axis=1)
        yield block[block != 0].tobytes()


def _ids(ids: Ids, index: Index | None = None) -> FieldWriter:
    # An id with a comma or a quote in it must stand in quotes.
    taken = ids
    if ids.size and np.isin(_byte_rows(ids), (_COMMA, _QUOTE)).any():
        taken = np.array([_quoted(one) for one in ids.tolist()], dtype=np.bytes_)
    return lambda rows: _byte_rows(taken[rows if index is None else index[rows]])


def _choices(choices: Sequence[object], index: Index) -> FieldWriter:
    # One more entry, so that -1 finds nothing.
    texts = [_quoted(str(one).encode()) for one in choices]
    table: Ids = np.array([*texts, b""], dtype=np.bytes_)
    return lambda rows: _byte_rows(table[index[rows]])


def _days(field: str, day: Index, *, otherwise: Index | None = None) -> FieldWriter:
    # A day that is that of *otherwise* is what a reader takes for nothing.
    def write(rows: slice) -> Bytes:
        given = day[rows].astype(np.int64)
        is_given = given != UNKNOWN
        if otherwise is not None:
            is_given &= given != otherwise[rows]
        is_valid = ~is_given | ((given >= _DAY_MIN) & (given <= _DAY_MAX))
        require_rows(is_valid, is_valid, field, f"must be from {DAY_MIN} to {DAY_MAX}")
        return _byte_rows(_DAYS[np.where(is_given, given - _DAY_MIN, -1)])

    return write


def _whole_numbers(column: Index) -> FieldWriter:
    return lambda rows: _decimals(column[rows].astype(np.int64), 0)


def _decimals(number: Int64s, digits: Int64s | int) -> Bytes:
    # Right-aligned: sign, whole digits, point, digits after it; zeros for nothing.
    if not isinstance(digits, int):
        different = np.unique(digits).tolist()
        if len(different) != 1:
            return _mixed_decimals(number, digits, different)
        digits = int(different[0])
    is_given = number != UNKNOWN
    rest = np.abs(np.where(is_given, number, 0))
    width = max(len(str(int(rest.max(initial=0)))), digits + 1)
    text = np.zeros((number.size, 1 + width + (digits > 0)), np.uint8)
    at = text.shape[1] - 1
    for place in range(width):
        if digits and place == digits:
            text[:, at] = _POINT
            at -= 1
        # Leading zeros are left out but for the one before the point.
        is_shown = (rest > 0) | (place <= digits)
        rest, digit = np.divmod(rest, 10)
        text[:, at] = np.where(is_shown, digit + _ZERO, 0)
        at -= 1
    text[:, 0] = np.where(number < 0, _MINUS, 0)
    text[~is_given] = 0
    return text


def _mixed_decimals(number: Int64s, digits: Int64s, different: list[int]) -> Bytes:
    parts = {one: _decimals(number[digits == one], one) for one in different}
    width = max((part.shape[1] for part in parts.values()), default=1)
    text = np.zeros((number.size, width), np.uint8)
    for one, part in parts.items():
        text[digits == one, : part.shape[1]] = part
    return text


def _without_end_zeros(text: Bytes) -> Bytes:
    is_end = np.ones(text.shape[0], np.bool_)
    for column in range(1, _PPM_DIGITS + 1):
        is_end &= text[:, -column] == _ZERO
        text[is_end, -column] = 0
    text[is_end, -_PPM_DIGITS - 1] = 0
    return text


def _exponents(currencies: tuple[Currency, ...], index: Int64s) -> Int64s:
    exponents = np.array([currency.exponent for currency in currencies], dtype=np.int64)
    return exponents[index]


def _byte_rows(texts: Ids) -> Bytes:
    width = texts.dtype.itemsize
    return np.ascontiguousarray(texts).view(np.uint8).reshape(texts.size, width)


def _quoted(text: bytes) -> bytes:
    if b"," not in text and b'"' not in text:
        return text
    return b'"' + text.replace(b'"', b'""') + b'"'
