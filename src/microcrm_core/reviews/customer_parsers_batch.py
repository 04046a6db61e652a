"""Customers and their transactions, from plain fields many at once or row by row.

Example:
    >>> from microcrm_core.reviews.customer_parsers_batch import CustomerParser
    >>> CustomerParser().table.file
    'customers.csv'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

import numpy as np

from microcrm_core.batch import UNKNOWN, Bools
from microcrm_core.customers import CustomerKind, Direction
from microcrm_core.customers.columns_batch import CustomerColumns, TransactionColumns
from microcrm_core.loans.columns_batch import Ids
from microcrm_core.money import Currency
from microcrm_core.reviews.parsing_batch import (
    EPOCH_ORDINAL,
    Columns,
    FieldsOf,
    Owners,
    RowColumns,
    Vocabulary,
    day_column,
    day_number,
    given_fields,
    id_column,
    known_customers,
)
from microcrm_core.reviews.rejections import Fault
from microcrm_core.reviews.row_values import Row, text_value
from microcrm_core.reviews.rows import (
    KnownCustomers,
    parse_customer,
    parse_transaction,
)
from microcrm_core.reviews.schema import (
    CUSTOMERS,
    KNOWN_FROM_BEGINNING,
    SEQUENCE_MAX,
    TRANSACTIONS,
    Table,
)

__all__ = ["CustomerParser", "TransactionParser"]

_BEGINNING: Final = KNOWN_FROM_BEGINNING.toordinal() - EPOCH_ORDINAL
_KINDS: Final = tuple(kind.value.encode() for kind in CustomerKind)
_DIRECTIONS: Final = tuple(direction.value.encode() for direction in Direction)
_OUT: Final = tuple(Direction).index(Direction.OUT)


class CustomerParser:
    """Parses `customers.csv`.

    Example:
        >>> from microcrm_core.reviews.customer_parsers_batch import CustomerParser
        >>> row = {"customer_id": "c-1", "kind": "sole_trader", "currency": "EUR"}
        >>> CustomerParser().parse_row(row)["kind_index"]
        1
    """

    table: ClassVar[Table] = CUSTOMERS
    dtypes: ClassVar[Mapping[str, str]] = {
        "ids": "S",
        "kind_index": "i8",
        "currency_index": "i8",
        "industry_index": "i8",
        "region_index": "i8",
        "birthday_day": "i8",
        "channel_index": "i8",
        "referred_by": "S",
        "known_day": "i8",
    }

    def __init__(self) -> None:
        self._currencies = Vocabulary(Currency.of, str)
        self._texts = {
            name: Vocabulary(_clean_text, str)
            for name in ("industry", "region", "channel")
        }

    def parse_plain(self, fields_of: FieldsOf) -> tuple[Columns, Bools]:
        """See `TableParser`."""
        ids, is_good = id_column(fields_of, "customer_id")
        kind = given_fields(fields_of, "kind").choices(_KINDS)
        currency, is_currency = self._currencies.positions(
            given_fields(fields_of, "currency")
        )
        is_good &= (kind >= 0) & is_currency & (currency >= 0)
        columns: Columns = {"ids": ids, "kind_index": kind, "currency_index": currency}
        for name, vocabulary in self._texts.items():
            fields = fields_of(name)
            index = np.full(ids.size, -1, np.int64)
            if fields is not None:
                index, is_text = vocabulary.positions(fields)
                is_good &= is_text
            columns[f"{name}_index"] = index
        birthday, is_day = day_column(fields_of, "birthday", UNKNOWN, ids.size)
        known, is_known = day_column(fields_of, "known_on", _BEGINNING, ids.size)
        referrer: Ids = np.zeros(ids.size, "S1")
        fields = fields_of("referred_by")
        if fields is not None:
            referrer, is_id = fields.ids()
            is_good &= is_id & (referrer != ids)
        columns |= {
            "birthday_day": birthday,
            "referred_by": referrer,
            "known_day": known,
        }
        return columns, is_good & is_day & is_known

    def parse_row(self, row: Row) -> RowColumns | Fault:
        """See `TableParser`."""
        customer = parse_customer(row)
        if isinstance(customer, Fault):
            return customer
        birthday = customer.birthday
        return {
            "ids": customer.id.encode(),
            "kind_index": _KINDS.index(customer.kind.value.encode()),
            "currency_index": self._currencies.position(customer.currency),
            "industry_index": self._texts["industry"].position(customer.industry),
            "region_index": self._texts["region"].position(customer.region),
            "birthday_day": UNKNOWN if birthday is None else day_number(birthday),
            "channel_index": self._texts["channel"].position(customer.channel),
            "referred_by": (customer.referred_by or "").encode(),
            "known_day": day_number(customer.known_on),
        }

    def finish(self, columns: Columns) -> CustomerColumns:
        """Return the table of all columns."""
        currencies, currency_index = self._currencies.finish(columns["currency_index"])
        texts = {
            name: vocabulary.finish(columns[f"{name}_index"])
            for name, vocabulary in self._texts.items()
        }
        return CustomerColumns(
            ids=columns["ids"],
            kind_index=columns["kind_index"],
            currency_index=currency_index,
            currencies=currencies,
            industries=texts["industry"][0],
            industry_index=texts["industry"][1],
            regions=texts["region"][0],
            region_index=texts["region"][1],
            channels=texts["channel"][0],
            channel_index=texts["channel"][1],
            birthday_day=columns["birthday_day"],
            referred_by=columns["referred_by"],
            known_day=columns["known_day"],
        )


class TransactionParser:
    """Parses `transactions.csv`, given the customers.

    Example:
        See `files_batch.read_portfolio`.
    """

    table: ClassVar[Table] = TRANSACTIONS
    dtypes: ClassVar[Mapping[str, str]] = {
        "ids": "S",
        "customer_index": "i4",
        "booked_day": "i4",
        "sequence": "i4",
        "amount_minor": "i8",
        "balance_minor": "i8",
        "known_day": "i4",
    }

    def __init__(self, customers: Owners) -> None:
        self._customers = customers
        self._known: KnownCustomers | None = None

    def parse_plain(self, fields_of: FieldsOf) -> tuple[Columns, Bools]:
        """See `TableParser`."""
        customers = self._customers
        ids, is_good = id_column(fields_of, "transaction_id")
        customer, is_customer = customers.find(given_fields(fields_of, "customer_id"))
        booked, is_day = given_fields(fields_of, "booked_on").days()
        direction = given_fields(fields_of, "direction").choices(_DIRECTIONS)
        amount, is_amount = customers.amounts(
            given_fields(fields_of, "amount"), customer
        )
        is_good &= is_customer & is_day & (direction >= 0) & is_amount & (amount > 0)
        balance = np.full(ids.size, UNKNOWN, np.int64)
        fields = fields_of("balance_after")
        if fields is not None:
            stated, is_stated = customers.amounts(fields, customer)
            balance[is_stated] = stated[is_stated]
            is_good &= is_stated | fields.is_empty
        sequence = np.zeros(ids.size, np.int64)
        fields = fields_of("sequence")
        if fields is not None:
            stated, is_stated = fields.whole_numbers(least=0, most=SEQUENCE_MAX)
            sequence[is_stated] = stated[is_stated]
            is_good &= is_stated | fields.is_empty
        fields = fields_of("currency")
        if fields is not None:
            is_good &= customers.has_currency(fields, customer) | fields.is_empty
        known, is_known = day_column(fields_of, "known_on", booked, ids.size)
        columns: Columns = {
            "ids": ids,
            "customer_index": customer,
            "booked_day": booked,
            "sequence": sequence,
            "amount_minor": np.where(direction == _OUT, -amount, amount),
            "balance_minor": balance,
            "known_day": known,
        }
        return columns, is_good & is_known

    def parse_row(self, row: Row) -> RowColumns | Fault:
        """See `TableParser`."""
        if self._known is None:
            self._known = known_customers(self._customers)
        transaction = parse_transaction(row, self._known)
        if isinstance(transaction, Fault):
            return transaction
        balance = transaction.balance_after
        return {
            "ids": transaction.id.encode(),
            "customer_index": self._customers.positions[transaction.customer_id],
            "booked_day": day_number(transaction.booked_on),
            "sequence": transaction.sequence,
            "amount_minor": transaction.signed_minor,
            "balance_minor": UNKNOWN if balance is None else balance.minor,
            "known_day": day_number(transaction.known_on),
        }

    def finish(self, columns: Columns) -> TransactionColumns:
        """Return the table of all columns."""
        return TransactionColumns(**columns)


def _clean_text(text: str) -> str:
    text_value({"text": text}, "text")
    return text
