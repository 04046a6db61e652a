"""Customers and transactions as columns: one array a field, one row each.

The form in which a whole portfolio is judged at once. A row becomes the `Customer`
or the `Transaction` that it stands for when someone asks. Ids are fixed-width
UTF-8 bytes; days are days since 1970-01-01; what is not known is `UNKNOWN`, a text
that is not given has the position -1.

Example:
    >>> from microcrm_core.customers.columns_batch import CustomerColumns
    >>> len(CustomerColumns.from_customers([]))
    0
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.batch import UNKNOWN, Bools, Int64s, require_rows
from microcrm_core.customers.customer import Customer, CustomerKind
from microcrm_core.customers.transactions import Direction, Transaction
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ids import CustomerId, TransactionId
from microcrm_core.loans.columns_batch import ID_BYTES_MAX, Ids
from microcrm_core.money import Currency, Money

__all__ = ["CustomerColumns", "Int32s", "TransactionColumns"]

Int32s: TypeAlias = npt.NDArray[np.int32]

_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_DAY_MIN: Final = dt.date.min.toordinal() - _EPOCH
_DAY_MAX: Final = dt.date.max.toordinal() - _EPOCH
_SEQUENCE_MAX: Final = 2**31 - 1
_KINDS: Final = tuple(CustomerKind)


@attrs.frozen(kw_only=True, eq=False)
class CustomerColumns:
    """Many customers; every array is int64 and of shape (customers,), but the ids.

    Ids are taken to be distinct; who makes columns sees to it.

    Attributes:
        ids: Customer ids as bytes, at most 64 each.
        kind_index: Position in `tuple(CustomerKind)`.
        currency_index: Position in `currencies`.
        currencies: The currencies that occur.
        industry_index: Position in `industries`; -1: not given.
        industries: The industries that occur.
        region_index: Position in `regions`; -1: not given.
        regions: The regions that occur.
        channel_index: Position in `channels`; -1: not given.
        channels: The channels that occur.
        birthday_day: Personal data, so never shown; `UNKNOWN`: not given.
        referred_by: Id of the customer who brought this one, as bytes; empty: nobody,
            or not known.
        known_day: Day on which the lender came to know the customer.

    Raises:
        InvalidValueError: A column has the wrong type or length, or a row breaks a
            rule of `Customer`; the error names the first such row.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.customers import Customer, CustomerKind
        >>> from microcrm_core.customers.columns_batch import CustomerColumns
        >>> customer = Customer(
        ...     id="c-1",
        ...     kind=CustomerKind.SOLE_TRADER,
        ...     currency=Currency.of("EUR"),
        ...     known_on=dt.date(1970, 1, 2),
        ... )
        >>> columns = CustomerColumns.from_customers([customer])
        >>> columns.kind_index.tolist(), columns.known_day.tolist()
        ([1], [1])
        >>> columns.row(0) == customer
        True
    """

    ids: Ids
    kind_index: Int64s
    currency_index: Int64s
    currencies: tuple[Currency, ...]
    industry_index: Int64s
    industries: tuple[str, ...]
    region_index: Int64s
    regions: tuple[str, ...]
    channel_index: Int64s
    channels: tuple[str, ...]
    birthday_day: Int64s = attrs.field(repr=False)
    referred_by: Ids
    known_day: Int64s

    def __attrs_post_init__(self) -> None:
        """Refuse columns whose rows are no customers."""
        _require_ids("ids", self.ids)
        require_rows(np.asarray(self.ids != b""), self.ids, "ids", "must not be empty")
        _require_ids("referred_by", self.referred_by)
        _require_length("referred_by", self.referred_by, self.ids.size)
        for name in _CUSTOMER_COLUMNS:
            _require_array(name, getattr(self, name), np.int64, self.ids.size)
        _require_range("kind_index", self.kind_index, 0, len(_KINDS) - 1)
        choices = len(self.currencies)
        _require_range("currency_index", self.currency_index, 0, choices - 1)
        for name, texts in (
            ("industry_index", self.industries),
            ("region_index", self.regions),
            ("channel_index", self.channels),
        ):
            _require_range(name, getattr(self, name), -1, len(texts) - 1)
        _require_range("known_day", self.known_day, _DAY_MIN, _DAY_MAX)
        # A birthday must not stand in an error, so only that it is bad is said.
        is_day = (self.birthday_day >= _DAY_MIN) & (self.birthday_day <= _DAY_MAX)
        is_valid = is_day | (self.birthday_day == UNKNOWN)
        require_rows(is_valid, is_valid, "birthday_day", "must be a day or UNKNOWN")
        require_rows(
            np.asarray(self.referred_by != self.ids),
            self.ids,
            "referred_by",
            "must be another customer",
        )

    def __len__(self) -> int:
        """Return the number of customers."""
        return int(self.ids.size)

    @classmethod
    def from_customers(cls, customers: Iterable[Customer]) -> CustomerColumns:
        """Return the columns of *customers*, in their order.

        Raises:
            InvalidValueError: An id is longer than 64 bytes or holds a zero byte.
        """
        given = tuple(customers)
        currencies = tuple(dict.fromkeys(customer.currency for customer in given))
        industries = _vocabulary(customer.industry for customer in given)
        regions = _vocabulary(customer.region for customer in given)
        channels = _vocabulary(customer.channel for customer in given)
        return cls(
            ids=_ids(customer.id for customer in given),
            kind_index=_positions(_KINDS, (customer.kind for customer in given)),
            currency_index=_positions(
                currencies, (customer.currency for customer in given)
            ),
            currencies=currencies,
            industry_index=_positions(
                industries, (customer.industry for customer in given)
            ),
            industries=industries,
            region_index=_positions(regions, (customer.region for customer in given)),
            regions=regions,
            channel_index=_positions(
                channels, (customer.channel for customer in given)
            ),
            channels=channels,
            birthday_day=_days(customer.birthday for customer in given),
            referred_by=_ids(customer.referred_by or "" for customer in given),
            known_day=_days(customer.known_on for customer in given),
        )

    def row(self, row: int) -> Customer:
        """Return the customer of one row, counted from 0."""
        birthday_day = int(self.birthday_day[row])
        referred_by = self.referred_by[row].decode()
        return Customer(
            id=CustomerId(self.ids[row].decode()),
            kind=_KINDS[int(self.kind_index[row])],
            currency=self.currencies[int(self.currency_index[row])],
            industry=_text(self.industries, self.industry_index[row]),
            region=_text(self.regions, self.region_index[row]),
            birthday=None if birthday_day == UNKNOWN else _date(birthday_day),
            channel=_text(self.channels, self.channel_index[row]),
            referred_by=CustomerId(referred_by) if referred_by else None,
            known_on=_date(self.known_day[row]),
        )

    def take(self, rows: Int64s | Bools) -> CustomerColumns:
        """Return the customers of these rows, chosen by position or by a mask."""
        names = (*_CUSTOMER_COLUMNS, "ids", "referred_by")
        return attrs.evolve(self, **{name: getattr(self, name)[rows] for name in names})


@attrs.frozen(kw_only=True, eq=False)
class TransactionColumns:
    """Many transactions, in any order; arrays are of shape (transactions,).

    Positions, days and sequences are int32 and amounts int64, because there may be
    many millions of rows. Ids are taken to be distinct within a customer. Amounts
    are in the customer's currency.

    Attributes:
        ids: Transaction ids as bytes, at most 64 each.
        customer_index: Position of the customer in `CustomerColumns`; int32.
        booked_day: Day of the movement; int32.
        sequence: Place within the day, 0 or more; int32.
        amount_minor: Above zero: money in; below zero: money out; never zero.
        balance_minor: Balance right after the movement; `UNKNOWN`: not stated.
        known_day: Day on which the lender came to know it; int32.

    Raises:
        InvalidValueError: A column has the wrong type or length, or a row breaks a
            rule of `Transaction`; the error names the first such row.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.batch import UNKNOWN
        >>> from microcrm_core.customers.columns_batch import TransactionColumns
        >>> transactions = TransactionColumns(
        ...     ids=np.array([b"t-1", b"t-2"]),
        ...     customer_index=np.array([0, 0], np.int32),
        ...     booked_day=np.array([20_000, 20_001], np.int32),
        ...     sequence=np.array([0, 0], np.int32),
        ...     amount_minor=np.array([2_500, -900]),
        ...     balance_minor=np.array([3_000, UNKNOWN]),
        ...     known_day=np.array([20_000, 20_001], np.int32),
        ... )
        >>> len(transactions)
        2
    """

    ids: Ids
    customer_index: Int32s
    booked_day: Int32s
    sequence: Int32s
    amount_minor: Int64s
    balance_minor: Int64s
    known_day: Int32s

    def __attrs_post_init__(self) -> None:
        """Refuse columns whose rows are no transactions."""
        _require_ids("ids", self.ids)
        require_rows(np.asarray(self.ids != b""), self.ids, "ids", "must not be empty")
        for name, dtype in _TRANSACTION_COLUMNS.items():
            _require_array(name, getattr(self, name), dtype, self.ids.size)
        _require_range("customer_index", self.customer_index, 0, 2**31 - 1)
        _require_range("sequence", self.sequence, 0, _SEQUENCE_MAX)
        for name in ("booked_day", "known_day"):
            _require_range(name, getattr(self, name), _DAY_MIN, _DAY_MAX)
        # The least int64 has no absolute value.
        is_amount = (self.amount_minor != 0) & (self.amount_minor != UNKNOWN)
        require_rows(is_amount, self.amount_minor, "amount_minor", "must not be zero")

    def __len__(self) -> int:
        """Return the number of transactions."""
        return int(self.ids.size)

    @classmethod
    def from_transactions(
        cls, transactions: Iterable[Transaction], customers: CustomerColumns
    ) -> TransactionColumns:
        """Return the columns of *transactions* of *customers*, in their order.

        Raises:
            InvalidValueError: A transaction is of none of the customers, an id is
                longer than 64 bytes, or a number leaves its column.
            CurrencyMismatchError: A transaction is in another currency than its
                customer.
        """
        given = tuple(transactions)
        position = {one.decode(): row for row, one in enumerate(customers.ids)}
        for transaction in given:
            _require_owner(transaction, position, customers)
        balances = [
            None if t.balance_after is None else t.balance_after.minor for t in given
        ]
        sequences = _int64s("sequence", (t.sequence for t in given))
        _require_range("sequence", sequences, 0, _SEQUENCE_MAX)
        return cls(
            ids=_ids(transaction.id for transaction in given),
            customer_index=np.array(
                [position[t.customer_id] for t in given], dtype=np.int32
            ),
            booked_day=_days(t.booked_on for t in given).astype(np.int32),
            sequence=sequences.astype(np.int32),
            amount_minor=_int64s("amount", (t.signed_minor for t in given)),
            balance_minor=_int64s("balance_after", balances),
            known_day=_days(t.known_on for t in given).astype(np.int32),
        )

    def row(self, row: int, *, customers: CustomerColumns) -> Transaction:
        """Return the transaction of one row.

        Args:
            row: Position, from 0.
            customers: The table that `customer_index` points into.
        """
        owner = int(self.customer_index[row])
        currency = customers.currencies[int(customers.currency_index[owner])]
        signed_minor = int(self.amount_minor[row])
        balance_minor = int(self.balance_minor[row])
        return Transaction(
            id=TransactionId(self.ids[row].decode()),
            customer_id=CustomerId(customers.ids[owner].decode()),
            booked_on=_date(self.booked_day[row]),
            direction=Direction.IN if signed_minor > 0 else Direction.OUT,
            amount=Money(abs(signed_minor), currency),
            balance_after=(
                None if balance_minor == UNKNOWN else Money(balance_minor, currency)
            ),
            sequence=int(self.sequence[row]),
            known_on=_date(self.known_day[row]),
        )

    def take(self, rows: Int64s | Bools) -> TransactionColumns:
        """Return the transactions of these rows, chosen by position or by a mask."""
        names = (*_TRANSACTION_COLUMNS, "ids")
        return attrs.evolve(self, **{name: getattr(self, name)[rows] for name in names})


_CUSTOMER_COLUMNS: Final = (
    "kind_index",
    "currency_index",
    "industry_index",
    "region_index",
    "channel_index",
    "birthday_day",
    "known_day",
)
_TRANSACTION_COLUMNS: Final[dict[str, type[np.signedinteger[Any]]]] = {
    "customer_index": np.int32,
    "booked_day": np.int32,
    "sequence": np.int32,
    "amount_minor": np.int64,
    "balance_minor": np.int64,
    "known_day": np.int32,
}


def _require_owner(
    transaction: Transaction, position: dict[str, int], customers: CustomerColumns
) -> None:
    row = position.get(transaction.customer_id)
    if row is None:
        rule = "must be one of the customers"
        raise InvalidValueError("customer_id", rule, transaction.customer_id)
    currency = customers.currencies[int(customers.currency_index[row])]
    if transaction.amount.currency != currency:
        raise CurrencyMismatchError(
            "amount",
            f"of transaction {transaction.id!r} must be in {currency.code}",
            transaction.amount.currency.code,
        )


def _require_ids(field: str, ids: Any) -> None:
    if not _is_array(ids) or ids.ndim != 1 or ids.dtype.kind != "S":
        rule = "must be a one-dimensional array of bytes"
        raise InvalidValueError(field, rule, _kind_of(ids))
    if ids.dtype.itemsize > ID_BYTES_MAX:
        rule = f"must be {ID_BYTES_MAX} bytes wide or less"
        raise InvalidValueError(field, rule, ids.dtype.itemsize)


def _require_array(
    field: str, column: Any, dtype: type[np.signedinteger[Any]], row_count: int
) -> None:
    if not _is_array(column) or column.dtype != dtype:
        rule = f"must be an {dtype.__name__} array"
        raise InvalidValueError(field, rule, _kind_of(column))
    _require_length(field, column, row_count)


def _require_length(
    field: str, column: npt.NDArray[np.generic], row_count: int
) -> None:
    if column.shape != (row_count,):
        rule = f"must have the shape ({row_count},), like ids"
        raise InvalidValueError(field, rule, column.shape)


def _is_array(column: Any) -> bool:
    # Its own function, so that a checker does not narrow to an array of unknowns.
    return isinstance(column, np.ndarray)


def _kind_of(column: Any) -> str:
    name = type(column).__name__
    dtype = getattr(column, "dtype", None)
    return name if dtype is None else f"{name} of {dtype} and shape {column.shape}"


def _require_range(
    field: str, column: npt.NDArray[np.signedinteger[Any]], least: int, most: int
) -> None:
    if column.size == 0 or (column.min() >= least and column.max() <= most):
        return
    is_valid = np.asarray((column >= least) & (column <= most))
    require_rows(is_valid, column, field, f"must be from {least} to {most}")


def _ids(ids: Iterable[str]) -> Ids:
    encoded = [one.encode() for one in ids]
    for one in encoded:
        # numpy drops zero bytes at the end of a value.
        if len(one) > ID_BYTES_MAX or b"\0" in one:
            rule = f"must be {ID_BYTES_MAX} bytes of UTF-8 or less, none of them zero"
            raise InvalidValueError("id", rule, one.decode())
    return np.array(encoded, dtype=np.bytes_)


def _vocabulary(texts: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text is not None))


def _positions(choices: Sequence[object], chosen: Iterable[object]) -> Int64s:
    position = {choice: index for index, choice in enumerate(choices)}
    return np.array([position.get(one, -1) for one in chosen], dtype=np.int64)


def _text(choices: tuple[str, ...], position: Any) -> str | None:
    return None if position < 0 else choices[int(position)]


def _int64s(field: str, values: Iterable[int | None]) -> Int64s:
    whole = list(values)
    for value in whole:
        # The least int64 is UNKNOWN, so it is no amount.
        if value is not None and not -(2**63) < value < 2**63:
            raise InvalidValueError(field, "must fit int64", value)
    known = [UNKNOWN if value is None else value for value in whole]
    return np.array(known, dtype=np.int64)


def _days(dates: Iterable[dt.date | None]) -> Int64s:
    days = (UNKNOWN if on is None else on.toordinal() - _EPOCH for on in dates)
    return np.array(list(days), dtype=np.int64)


def _date(day: Any) -> dt.date:
    return dt.date.fromordinal(int(day) + _EPOCH)
