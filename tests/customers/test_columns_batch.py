from __future__ import annotations

import datetime as dt

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.batch import UNKNOWN
from microcrm_core.customers import Customer, CustomerKind, Transaction
from microcrm_core.customers.columns_batch import CustomerColumns, TransactionColumns
from microcrm_core.ids import CustomerId
from microcrm_core.loans import Loan, Repayment
from tests.customers.strategies import EURO, records, transactions

CUSTOMER = Customer(
    id=CustomerId("c-1"),
    kind=CustomerKind.SOLE_TRADER,
    currency=EURO,
    birthday=dt.date(1990, 2, 28),
    known_on=dt.date(2023, 1, 1),
)
CUSTOMERS = CustomerColumns.from_customers([CUSTOMER])


@given(drawn=st.lists(records(), max_size=3))
def test_customers_come_back_from_their_columns(
    drawn: list[tuple[Customer, list[Transaction], list[Loan], list[Repayment]]],
) -> None:
    given_customers = [
        attrs.evolve(one[0], id=CustomerId(f"c-{row + 1}é"))
        for row, one in enumerate(drawn)
    ]

    columns = CustomerColumns.from_customers(given_customers)

    assert [columns.row(row) for row in range(len(columns))] == given_customers


@given(rows=transactions())
def test_transactions_come_back_from_their_columns(rows: list[Transaction]) -> None:
    columns = TransactionColumns.from_transactions(rows, CUSTOMERS)

    found = [columns.row(row, customers=CUSTOMERS) for row in range(len(columns))]
    assert found == rows


@given(rows=transactions(), data=st.data())
def test_rows_are_taken_by_position_and_by_mask(
    rows: list[Transaction], data: st.DataObject
) -> None:
    columns = TransactionColumns.from_transactions(rows, CUSTOMERS)
    mask = np.array([data.draw(st.booleans()) for _ in rows], np.bool_)

    by_mask = columns.take(mask)
    by_position = columns.take(np.flatnonzero(mask))

    expected = [one for one, is_taken in zip(rows, mask, strict=True) if is_taken]
    for taken in (by_mask, by_position):
        found = [taken.row(row, customers=CUSTOMERS) for row in range(len(taken))]
        assert found == expected


def test_customers_are_taken_by_position() -> None:
    second = attrs.evolve(CUSTOMER, id=CustomerId("c-2"), industry="food")
    columns = CustomerColumns.from_customers([CUSTOMER, second])

    assert columns.take(np.array([1])).row(0) == second


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ("kind_index", np.array([3])),
        ("kind_index", np.array([0], np.int32)),
        ("currency_index", np.array([1])),
        ("industry_index", np.array([0])),
        ("known_day", np.array([UNKNOWN])),
        ("known_day", np.array([0, 0])),
        ("birthday_day", np.array([2**40])),
        ("referred_by", np.array([b"c-1"])),
        ("referred_by", np.array([b"", b""])),
        ("ids", np.array(["c-1"])),
        ("ids", np.array([b"c" * 65])),
        ("ids", np.array([b""])),
    ],
)
def test_columns_that_hold_no_customers_are_refused(
    field: str, column: np.ndarray[tuple[int], np.dtype[np.generic]]
) -> None:
    with pytest.raises(InvalidValueError) as refused:
        attrs.evolve(CUSTOMERS, **{field: column})  # type: ignore[arg-type] # wrong on purpose

    assert refused.value.field == field


def test_a_birthday_shows_neither_in_a_column_nor_in_an_error() -> None:
    birthday_day = int(CUSTOMERS.birthday_day[0])
    assert str(birthday_day) not in repr(CUSTOMERS)

    with pytest.raises(InvalidValueError) as refused:
        attrs.evolve(CUSTOMERS, birthday_day=np.array([123_456_789]))
    assert "123456789" not in str(refused.value)


TRANSACTIONS = TransactionColumns(
    ids=np.array([b"t-1"]),
    customer_index=np.array([0], np.int32),
    booked_day=np.array([20_000], np.int32),
    sequence=np.array([0], np.int32),
    amount_minor=np.array([5]),
    balance_minor=np.array([UNKNOWN]),
    known_day=np.array([20_000], np.int32),
)


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ("customer_index", np.array([-1], np.int32)),
        ("customer_index", np.array([0])),
        ("sequence", np.array([-1], np.int32)),
        ("booked_day", np.array([3_000_000], np.int32)),
        ("known_day", np.array([-800_000], np.int32)),
        ("amount_minor", np.array([0])),
        ("amount_minor", np.array([UNKNOWN])),
        ("amount_minor", np.array([5.0])),
        ("balance_minor", np.array([1, 2])),
        ("ids", np.array([[b"t-1"]])),
    ],
)
def test_columns_that_hold_no_transactions_are_refused(
    field: str, column: np.ndarray[tuple[int], np.dtype[np.generic]]
) -> None:
    with pytest.raises(InvalidValueError) as refused:
        attrs.evolve(TRANSACTIONS, **{field: column})  # type: ignore[arg-type] # wrong on purpose

    assert refused.value.field == field


def test_the_first_bad_row_is_named() -> None:
    two = TRANSACTIONS.take(np.array([0, 0]))
    with pytest.raises(InvalidValueError, match=r"1 of 2 rows: .* first at row 1"):
        attrs.evolve(two, sequence=np.array([0, -1], np.int32))


def test_a_scalar_that_fits_no_column_is_refused() -> None:
    one = TRANSACTIONS.row(0, customers=CUSTOMERS)

    def columns(changed: Transaction) -> TransactionColumns:
        return TransactionColumns.from_transactions([changed], CUSTOMERS)

    with pytest.raises(InvalidValueError, match="amount must fit int64"):
        columns(attrs.evolve(one, amount=Money(2**63, EURO)))
    # The least int64 stands for "not stated", so it can be no balance.
    with pytest.raises(InvalidValueError, match="balance_after must fit int64"):
        columns(attrs.evolve(one, balance_after=Money(UNKNOWN, EURO)))
    with pytest.raises(InvalidValueError, match="sequence"):
        columns(attrs.evolve(one, sequence=2**31))
    with pytest.raises(InvalidValueError, match="customer_id must be one of"):
        columns(attrs.evolve(one, customer_id=CustomerId("c-9")))
    with pytest.raises(CurrencyMismatchError, match="must be in EUR"):
        columns(attrs.evolve(one, amount=Money(1, Currency.of("CZK"))))
    long = attrs.evolve(CUSTOMER, id=CustomerId("é" * 33))
    with pytest.raises(InvalidValueError, match="64 bytes"):
        CustomerColumns.from_customers([long])
