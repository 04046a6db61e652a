"""What the parsers of all tables share: vocabularies, owners, plain columns.

A table is parsed in two ways: plain records many at once, and rows one by one by the
scalar parser of `rows`. A plain record that is not surely good goes to the second way,
so that both ways agree. The parsers are in `customer_parsers_batch` and
`loan_parsers_batch`.

Example:
    >>> from microcrm_core.reviews.parsing_batch import day_number
    >>> import datetime as dt
    >>> day_number(dt.date(1970, 1, 2))
    1
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar, Final, Generic, Protocol, TypeAlias, TypeVar

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.batch import Bools, Int64s
from microcrm_core.errors import MicrocrmError
from microcrm_core.loans.columns_batch import Ids
from microcrm_core.money import Currency
from microcrm_core.reviews.ids_batch import IdIndex
from microcrm_core.reviews.rejections import Fault
from microcrm_core.reviews.row_values import Row
from microcrm_core.reviews.rows import KnownCustomers
from microcrm_core.reviews.schema import AMOUNT_MINOR_MAX, ID_BYTES_MAX, Table
from microcrm_core.reviews.values_batch import Fields

__all__ = [
    "EPOCH_ORDINAL",
    "Columns",
    "FieldsOf",
    "Owners",
    "RowColumns",
    "TableParser",
    "Vocabulary",
    "day_column",
    "day_number",
    "given_fields",
    "id_column",
    "known_customers",
]

RowColumns: TypeAlias = Mapping[str, int | bytes]
"""The same columns of one row."""

Columns: TypeAlias = dict[str, npt.NDArray[Any]]
"""Arrays by the name of the column in the attrs class of the table."""

FieldsOf: TypeAlias = Callable[[str], Fields | None]
"""The fields of a column, None if the file lacks it."""

T = TypeVar("T")

EPOCH_ORDINAL: Final = dt.date(1970, 1, 1).toordinal()


class Vocabulary(Generic[T]):
    """The different values of a column, and their positions.

    Example:
        >>> from microcrm_core.reviews.parsing_batch import Vocabulary
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
        used: list[int] = np.unique(index[index >= 0]).tolist()
        values = list(self._positions)
        order = sorted(used, key=lambda at: self._sort_key(values[at]))
        # One more entry, so that -1 stays -1.
        moved = np.full(len(values) + 1, -1, np.int64)
        moved[order] = np.arange(len(order))
        return tuple(values[at] for at in order), moved[index]


class TableParser(Protocol):
    """How one table is parsed.

    Attributes:
        table: The table.
        dtypes: The type of each column that both ways of parsing give.

    Example:
        >>> from microcrm_core.reviews.customer_parsers_batch import CustomerParser
        >>> parser = CustomerParser()
        >>> parser.parse_row({"customer_id": "", "kind": "", "currency": ""}).code
        'value_missing'
    """

    table: ClassVar[Table]
    dtypes: ClassVar[Mapping[str, str]]

    def parse_plain(self, fields_of: FieldsOf) -> tuple[Columns, Bools]:
        """Return the columns of plain records, and which of them are surely good."""
        ...

    def parse_row(self, row: Row) -> RowColumns | Fault:
        """Return the same columns of one row, or its fault."""
        ...


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
        >>> from microcrm_core.reviews.parsing_batch import Owners
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


def known_customers(customers: Owners) -> KnownCustomers:
    """Return what `rows` must know of the customers."""
    return KnownCustomers(
        currencies={
            one: customers.currency_of(row) for one, row in customers.positions.items()
        },
        rejected=customers.rejected,
        file=customers.file,
    )


def given_fields(fields_of: FieldsOf, column: str) -> Fields:
    """Return the fields of a column that the header was checked to name."""
    fields = fields_of(column)
    assert fields is not None  # the header was checked to name it
    return fields


def id_column(fields_of: FieldsOf, column: str) -> tuple[Ids, Bools]:
    """Return the ids of a column, and which are surely good and given."""
    fields = given_fields(fields_of, column)
    ids, is_id = fields.ids()
    return ids, is_id & ~fields.is_empty


def day_column(
    fields_of: FieldsOf, column: str, otherwise: Int64s | int, count: int
) -> tuple[Int64s, Bools]:
    """Return the days of a column, *otherwise* where none is given, and the good."""
    fields = fields_of(column)
    if fields is None:
        days = np.broadcast_to(np.asarray(otherwise, np.int64), (count,))
        return days, np.ones(count, np.bool_)
    day, is_day = fields.days()
    is_empty = fields.is_empty
    return np.where(is_empty, otherwise, day), is_day | is_empty


def day_number(on: dt.date) -> int:
    """Return days since 1970-01-01."""
    return on.toordinal() - EPOCH_ORDINAL
