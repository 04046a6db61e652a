"""The columns of one table, from plain fields many at once and from rows one by one.

For each table a parser knows three things: how plain records become columns and which
of them are good, how one row becomes a value (`rows`), and how such values become the
same columns. A plain record that is not surely good goes to the second way, so that
both ways agree.

Example:
    >>> from microcrm_core.reviews.tables_batch import CustomerParser
    >>> CustomerParser().table.file
    'customers.csv'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.batch import UNKNOWN, Bools, Floats, Int64s
from microcrm_core.customers import CustomerKind, Direction
from microcrm_core.customers.columns_batch import CustomerColumns, TransactionColumns
from microcrm_core.dates import Frequency
from microcrm_core.errors import MicrocrmError
from microcrm_core.loans.columns_batch import Ids, LoanColumns, RepaymentColumns
from microcrm_core.money import Currency
from microcrm_core.reviews.ids_batch import IdIndex
from microcrm_core.reviews.rejections import Fault
from microcrm_core.reviews.row_values import Row, frequency_value, text_value
from microcrm_core.reviews.rows import (
    KnownCustomers,
    KnownLoan,
    KnownLoans,
    is_too_long,
    longest_period_days,
    parse_customer,
    parse_loan,
    parse_repayment,
    parse_transaction,
)
from microcrm_core.reviews.schema import (
    AMOUNT_MINOR_MAX,
    ANNUAL_RATE_MAX,
    CUSTOMERS,
    ID_BYTES_MAX,
    INSTALLMENT_COUNT_MAX,
    KNOWN_FROM_BEGINNING,
    LOAN_NUMERATOR_MAX,
    LOANS,
    REPAYMENTS,
    SEQUENCE_MAX,
    TRANSACTIONS,
    Table,
)
from microcrm_core.reviews.values_batch import Fields

__all__ = [
    "Columns",
    "CustomerParser",
    "LoanParser",
    "Owners",
    "RepaymentParser",
    "RowColumns",
    "TableParser",
    "TransactionParser",
    "Vocabulary",
    "known_customers",
]

RowColumns: TypeAlias = Mapping[str, int | bytes]
"""The same columns of one row."""

Columns: TypeAlias = dict[str, npt.NDArray[Any]]
"""Arrays by the name of the column in the attrs class of the table."""

FieldsOf: TypeAlias = Callable[[str], Fields | None]
"""The fields of a column, None if the file lacks it."""

T = TypeVar("T")

_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_BEGINNING: Final = KNOWN_FROM_BEGINNING.toordinal() - _EPOCH
_KINDS: Final = tuple(kind.value.encode() for kind in CustomerKind)
_DIRECTIONS: Final = tuple(direction.value.encode() for direction in Direction)
_OUT: Final = tuple(Direction).index(Direction.OUT)
_PPM_DIGITS: Final = 6


class Vocabulary(Generic[T]):
    """The different values of a column, and their positions.

    Example:
        >>> from microcrm_core.reviews.tables_batch import Vocabulary
        >>> regions = Vocabulary(lambda text: text, str)
        >>> regions.position("south"), regions.position("north"), regions.position(None)
        (0, 1, -1)
        >>> import numpy as np
        >>> regions.finish(np.array([0, 1, -1]))[0]
        ('north', 'south')
    """

    def __init__(self, parse: Callable[[str], T], sort_key: Callable[[T], str]) -> None:
        self._parse = parse
        self._sort_key = sort_key
        self._positions: dict[T, int] = {}

    @property
    def values(self) -> tuple[T, ...]:
        """The values in the order of their positions."""
        return tuple(self._positions)

    def position(self, value: T | None) -> int:
        """Return the position of a value; new ones go to the end, None is at -1."""
        if value is None:
            return -1
        return self._positions.setdefault(value, len(self._positions))

    def positions(self, fields: Fields) -> tuple[Int64s, Bools]:
        """Return the position of each plain field, and which are good or empty."""
        is_text = fields.end - fields.begin <= ID_BYTES_MAX
        distinct, inverse = np.unique(fields.texts(), return_inverse=True)
        position = np.full(distinct.size, -1, np.int64)
        is_known = distinct == b""
        # A text that is only the beginning of a longer one must not come in.
        occurs = np.bincount(inverse[is_text], minlength=distinct.size) > 0
        for index in np.flatnonzero(occurs & ~is_known).tolist():
            text = distinct[index].decode()
            try:
                position[index] = self.position(self._parse(text))
            except MicrocrmError:
                continue
            is_known[index] = True
        return position[inverse], is_text & is_known[inverse]

    def finish(self, index: Int64s) -> tuple[tuple[T, ...], Int64s]:
        """Return the values that occur, sorted by text, and the positions in them."""
        used = np.unique(index[index >= 0]).tolist()
        values = list(self._positions)
        order = sorted(used, key=lambda at: self._sort_key(values[at]))
        # One more entry, so that -1 stays -1.
        moved = np.full(len(values) + 1, -1, np.int64)
        moved[order] = np.arange(len(order))
        return tuple(values[at] for at in order), moved[index]


class TableParser(Protocol):
    """How one table is parsed.

    Example:
        >>> from microcrm_core.reviews.tables_batch import CustomerParser
        >>> parser = CustomerParser()
        >>> parser.parse_row({"customer_id": "", "kind": "", "currency": ""}).code
        'value_missing'
    """

    @property
    def table(self) -> Table:
        """The table."""
        ...

    @property
    def dtypes(self) -> Mapping[str, str]:
        """The type of each column that the ways of parsing give."""
        ...

    def parse_plain(self, fields_of: FieldsOf) -> tuple[Columns, Bools]:
        """Return the columns of plain records, and which of them are surely good."""
        ...

    def parse_row(self, row: Row) -> RowColumns | Fault:
        """Return the same columns of one row, or its fault."""
        ...


class CustomerParser:
    """Parses `customers.csv`.

    Example:
        >>> from microcrm_core.reviews.tables_batch import CustomerParser
        >>> row = {"customer_id": "c-1", "kind": "sole_trader", "currency": "EUR"}
        >>> CustomerParser().parse_row(row)["kind_index"]
        1
    """

    table: Final = CUSTOMERS
    dtypes: Final[Mapping[str, str]] = {
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
        ids, is_good = _ids(fields_of, "customer_id")
        kind = _given(fields_of, "kind").choices(_KINDS)
        currency, is_currency = self._currencies.positions(
            _given(fields_of, "currency")
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
        birthday, is_day = _days(fields_of, "birthday", UNKNOWN, ids.size)
        known, is_known = _days(fields_of, "known_on", _BEGINNING, ids.size)
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
            "birthday_day": UNKNOWN if birthday is None else _day(birthday),
            "channel_index": self._texts["channel"].position(customer.channel),
            "referred_by": (customer.referred_by or "").encode(),
            "known_day": _day(customer.known_on),
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


@attrs.frozen(kw_only=True, eq=False, slots=False)
class Owners:
    """The good rows that later tables refer to, and the lines of the rejected ones.

    Attributes:
        ids: Id of each good row.
        currency_index: Its currency, a position in `currencies`.
        currencies: The currencies that occur.
        rejected: Line of each rejected id that no good row has.
        file: Where these lines are.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.reviews.tables_batch import Owners
        >>> owners = Owners(
        ...     ids=np.array([b"c-1"]),
        ...     currency_index=np.array([0]),
        ...     currencies=(),
        ...     rejected={},
        ...     file="customers.csv",
        ... )
        >>> owners.positions
        {'c-1': 0}
    """

    ids: Ids
    currency_index: Int64s
    currencies: tuple[Currency, ...]
    rejected: Mapping[str, int]
    file: str

    @cached_property
    def index(self) -> IdIndex:
        """Finds many ids at once."""
        return IdIndex.of(self.ids)

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """The position of each id; made when the first single row asks."""
        return {one.decode(): row for row, one in enumerate(self.ids.tolist())}

    def currency_of(self, row: int) -> Currency:
        """Return the currency of one good row."""
        return self.currencies[int(self.currency_index[row])]

    def find(self, fields: Fields) -> tuple[Int64s, Bools]:
        """Return the position of each plain id, 0 where it has none, and which have."""
        ids, is_id = fields.ids()
        position = self.index.find(ids)
        is_id &= position >= 0
        return np.where(is_id, position, 0), is_id

    def amounts(self, fields: Fields, owner: Int64s) -> tuple[Int64s, Bools]:
        """Return plain amounts in minor units of the owners' currencies."""
        if self.ids.size == 0:
            return np.zeros(owner.size, np.int64), np.zeros(owner.size, np.bool_)
        exponents = np.array([one.exponent for one in self.currencies], dtype=np.int64)
        if len(set(exponents.tolist())) == 1:
            return fields.decimals(int(exponents[0]), most=AMOUNT_MINOR_MAX)
        digits = exponents[self.currency_index[owner]]
        return fields.decimals(digits, most=AMOUNT_MINOR_MAX)

    def has_currency(self, fields: Fields, owner: Int64s) -> Bools:
        """Return whether each plain code is that of the owner's currency."""
        if self.ids.size == 0:
            return np.zeros(owner.size, np.bool_)
        codes = tuple(currency.code.encode() for currency in self.currencies)
        is_same: Bools = fields.choices(codes) == self.currency_index[owner]
        return is_same


class TransactionParser:
    """Parses `transactions.csv`, given the customers.

    Example:
        See `files_batch.read_portfolio`.
    """

    table: Final = TRANSACTIONS
    dtypes: Final[Mapping[str, str]] = {
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
        ids, is_good = _ids(fields_of, "transaction_id")
        customer, is_customer = customers.find(_given(fields_of, "customer_id"))
        booked, is_day = _given(fields_of, "booked_on").days()
        direction = _given(fields_of, "direction").choices(_DIRECTIONS)
        amount, is_amount = customers.amounts(_given(fields_of, "amount"), customer)
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
        known, is_known = _days(fields_of, "known_on", booked, ids.size)
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
            "booked_day": _day(transaction.booked_on),
            "sequence": transaction.sequence,
            "amount_minor": transaction.signed_minor,
            "balance_minor": UNKNOWN if balance is None else balance.minor,
            "known_day": _day(transaction.known_on),
        }

    def finish(self, columns: Columns) -> TransactionColumns:
        """Return the table of all columns."""
        return TransactionColumns(**columns)


class LoanParser:
    """Parses `loans.csv`, given the customers.

    Example:
        See `files_batch.read_portfolio`.
    """

    table: Final = LOANS
    dtypes: Final[Mapping[str, str]] = {
        "ids": "S",
        "customer_index": "i8",
        "currency_index": "i8",
        "principal_minor": "i8",
        "annual_ppm": "i8",
        "installment_count": "i8",
        "frequency_index": "i8",
        "requested_day": "i8",
        "disbursed_day": "i8",
        "first_due_day": "i8",
        "known_day": "i8",
        "planned_day": "i8",
    }

    def __init__(self, customers: Owners) -> None:
        self._customers = customers
        self._known: KnownCustomers | None = None
        self._frequencies = Vocabulary(_frequency, str)

    def parse_plain(self, fields_of: FieldsOf) -> tuple[Columns, Bools]:
        """See `TableParser`; open requests are left to `parse_row`."""
        customers = self._customers
        ids, is_good = _ids(fields_of, "loan_id")
        customer, is_customer = customers.find(_given(fields_of, "customer_id"))
        is_good &= is_customer
        is_good &= customers.has_currency(_given(fields_of, "currency"), customer)
        principal, is_amount = customers.amounts(
            _given(fields_of, "principal"), customer
        )
        is_good &= is_amount & (principal > 0)
        annual_ppm, is_rate = _given(fields_of, "annual_rate").decimals(
            _PPM_DIGITS, most=ANNUAL_RATE_MAX * 10**_PPM_DIGITS
        )
        count, is_count = _given(fields_of, "installment_count").whole_numbers(
            least=1, most=INSTALLMENT_COUNT_MAX
        )
        is_good &= is_rate & (annual_ppm >= 0) & is_count
        frequency, is_frequency = self._frequencies.positions(
            _given(fields_of, "frequency")
        )
        is_good &= is_frequency & (frequency >= 0)
        first_due, is_day = _given(fields_of, "first_due_on").days()
        requested, is_requested = _days(fields_of, "requested_on", UNKNOWN, ids.size)
        disbursed, is_disbursed = _days(fields_of, "disbursed_on", UNKNOWN, ids.size)
        _, is_planned = _days(fields_of, "planned_on", UNKNOWN, ids.size)
        is_good &= is_day & is_requested & is_disbursed & is_planned
        is_good &= (disbursed != UNKNOWN) & (first_due > disbursed)
        otherwise = np.where(requested != UNKNOWN, requested, disbursed)
        known, is_known = _days(fields_of, "known_on", otherwise, ids.size)
        is_good &= is_known
        is_good[is_good] = self._are_fitting(
            frequency[is_good],
            count[is_good],
            principal[is_good].astype(np.float64) * annual_ppm[is_good],
            (first_due - disbursed)[is_good],
        )
        columns: Columns = {
            "ids": ids,
            "customer_index": customer,
            "currency_index": customers.currency_index[customer]
            if customers.ids.size
            else customer,
            "principal_minor": principal,
            "annual_ppm": annual_ppm,
            "installment_count": count,
            "frequency_index": frequency,
            "requested_day": requested,
            "disbursed_day": disbursed,
            "first_due_day": first_due,
            "known_day": known,
            "planned_day": disbursed,
        }
        return columns, is_good

    def parse_row(self, row: Row) -> RowColumns | Fault:
        """See `TableParser`."""
        if self._known is None:
            self._known = known_customers(self._customers)
        loan = parse_loan(row, self._known)
        if isinstance(loan, Fault):
            return loan
        terms, requested_on = loan.terms, loan.requested_on
        owner = self._customers.positions[loan.customer_id]
        planned_day = _day(terms.disbursed_on)
        return {
            "ids": loan.id.encode(),
            "customer_index": owner,
            "currency_index": int(self._customers.currency_index[owner]),
            "principal_minor": terms.principal.minor,
            "annual_ppm": terms.nominal_rate.annual_ppm,
            "installment_count": terms.installment_count,
            "frequency_index": self._frequencies.position(terms.frequency),
            "requested_day": UNKNOWN if requested_on is None else _day(requested_on),
            "disbursed_day": planned_day if loan.is_disbursed else UNKNOWN,
            "first_due_day": _day(terms.first_due_on),
            "known_day": _day(loan.known_on),
            "planned_day": planned_day,
        }

    def finish(self, columns: Columns) -> LoanColumns:
        """Return the table of all columns."""
        frequencies, frequency_index = self._frequencies.finish(
            columns["frequency_index"]
        )
        return LoanColumns(
            **{**columns, "frequency_index": frequency_index},
            currencies=self._customers.currencies,
            frequencies=frequencies,
        )

    def _are_fitting(
        self,
        frequency_index: Int64s,
        installment_count: Int64s,
        yearly_interest: Floats,
        first_period_days: Int64s,
    ) -> Bools:
        # Well below the bound in floats is surely below it; the rest is for `rows`.
        frequencies = self._frequencies.values
        longest = np.array([longest_period_days(one) for one in frequencies], np.int64)
        count_max = np.array([_count_max(one) for one in frequencies], np.int64)
        days = first_period_days
        if frequency_index.size:
            days = np.maximum(days, longest[frequency_index])
            is_fitting = installment_count <= count_max[frequency_index]
            is_fitting &= yearly_interest * days < LOAN_NUMERATOR_MAX / 2
            return np.asarray(is_fitting, np.bool_)
        return np.ones(0, np.bool_)


class RepaymentParser:
    """Parses `repayments.csv`, given the loans.

    Example:
        See `files_batch.read_portfolio`.
    """

    table: Final = REPAYMENTS
    dtypes: Final[Mapping[str, str]] = {
        "ids": "S",
        "loan_index": "i8",
        "paid_day": "i8",
        "amount_minor": "i8",
        "known_day": "i8",
    }

    def __init__(self, loans: Owners, disbursed_day: Int64s) -> None:
        self._loans = loans
        self._disbursed_day = disbursed_day
        self._known: KnownLoans | None = None

    def parse_plain(self, fields_of: FieldsOf) -> tuple[Columns, Bools]:
        """See `TableParser`."""
        ids, is_good = _ids(fields_of, "repayment_id")
        loan, is_loan = self._loans.find(_given(fields_of, "loan_id"))
        paid, is_day = _given(fields_of, "paid_on").days()
        amount, is_amount = self._loans.amounts(_given(fields_of, "amount"), loan)
        is_good &= is_loan & is_day & is_amount & (amount > 0)
        is_good &= self._loans.has_currency(_given(fields_of, "currency"), loan)
        if self._disbursed_day.size:
            disbursed = self._disbursed_day[loan]
            is_good &= (disbursed != UNKNOWN) & (paid >= disbursed)
        known, is_known = _days(fields_of, "known_on", paid, ids.size)
        columns: Columns = {
            "ids": ids,
            "loan_index": loan,
            "paid_day": paid,
            "amount_minor": amount,
            "known_day": known,
        }
        return columns, is_good & is_known

    def parse_row(self, row: Row) -> RowColumns | Fault:
        """See `TableParser`."""
        if self._known is None:
            self._known = self._known_loans()
        repayment = parse_repayment(row, self._known)
        if isinstance(repayment, Fault):
            return repayment
        return {
            "ids": repayment.id.encode(),
            "loan_index": self._loans.positions[repayment.loan_id],
            "paid_day": _day(repayment.paid_on),
            "amount_minor": repayment.amount.minor,
            "known_day": _day(repayment.known_on),
        }

    def finish(self, columns: Columns) -> RepaymentColumns:
        """Return the table of all columns."""
        return RepaymentColumns(**columns)

    def _known_loans(self) -> KnownLoans:
        loans = self._loans
        days = self._disbursed_day.tolist()
        return KnownLoans(
            loans={
                loan_id: KnownLoan(
                    currency=loans.currency_of(row),
                    disbursed_on=None
                    if days[row] == UNKNOWN
                    else dt.date.fromordinal(days[row] + _EPOCH),
                )
                for loan_id, row in loans.positions.items()
            },
            rejected=loans.rejected,
            file=loans.file,
        )


def known_customers(customers: Owners) -> KnownCustomers:
    """Return what `rows` must know of the customers."""
    return KnownCustomers(
        currencies={
            one: customers.currency_of(row) for one, row in customers.positions.items()
        },
        rejected=customers.rejected,
        file=customers.file,
    )


def _frequency(text: str) -> Frequency:
    return frequency_value({"frequency": text}, "frequency")


def _clean_text(text: str) -> str:
    text_value({"text": text}, "text")
    return text


def _count_max(frequency: Frequency) -> int:
    counts = range(INSTALLMENT_COUNT_MAX, 0, -1)
    return next((count for count in counts if not is_too_long(frequency, count)), 0)


def _given(fields_of: FieldsOf, column: str) -> Fields:
    fields = fields_of(column)
    assert fields is not None  # the header was checked to name it
    return fields


def _ids(fields_of: FieldsOf, column: str) -> tuple[Ids, Bools]:
    fields = _given(fields_of, column)
    ids, is_id = fields.ids()
    return ids, is_id & ~fields.is_empty


def _days(
    fields_of: FieldsOf, column: str, otherwise: Int64s | int, count: int
) -> tuple[Int64s, Bools]:
    fields = fields_of(column)
    if fields is None:
        days = np.broadcast_to(np.asarray(otherwise, np.int64), (count,))
        return days, np.ones(count, np.bool_)
    day, is_day = fields.days()
    is_empty = fields.is_empty
    return np.where(is_empty, otherwise, day), is_day | is_empty


def _day(on: dt.date) -> int:
    return on.toordinal() - _EPOCH
