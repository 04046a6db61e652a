r"""Reading portfolio folders: four CSV files become a `Portfolio`, bad rows a list.

A file is read in chunks. Plain records are parsed many at once, every other one by the
scalar functions of `rows`; both give the same. A bad row never costs another one. Only
a file as a whole can be refused: when its header lacks a column that must be there.
`write_batch.write_portfolio` is the way back.

Example:
    >>> import tempfile
    >>> from pathlib import Path
    >>> from microcrm_core.reviews.files_batch import read_portfolio
    >>> text = "customer_id,kind,currency\nc-1,sole_trader,EUR\nc-2,firm,EUR\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "customers.csv").write_text(text)
    ...     reading = read_portfolio(folder)
    >>> reading.portfolio
    Portfolio(customers=1, transactions=0, loans=0, repayments=0)
    >>> print(reading.rejected[0].file, reading.rejected[0].line)
    customers.csv 3
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import attrs
import numpy as np

from microcrm_core.batch import Int64s
from microcrm_core.errors import InvalidValueError
from microcrm_core.html import html_table
from microcrm_core.reviews.customer_parsers_batch import (
    CustomerParser,
    TransactionParser,
)
from microcrm_core.reviews.ids_batch import narrow_ids, repeated_rows
from microcrm_core.reviews.loan_parsers_batch import LoanParser, RepaymentParser
from microcrm_core.reviews.parsing_batch import (
    Columns,
    Owners,
    RowColumns,
    TableParser,
)
from microcrm_core.reviews.portfolio_batch import Portfolio
from microcrm_core.reviews.records_batch import (
    CHUNK_BYTES,
    ByteSource,
    Chunk,
    OtherRecord,
    cut_record,
    read_chunks,
)
from microcrm_core.reviews.rejections import Fault, RejectedRow
from microcrm_core.reviews.schema import (
    CUSTOMERS,
    LOANS,
    RECORD_BYTES_MAX,
    REPAYMENTS,
    TABLES,
    Table,
)
from microcrm_core.reviews.values_batch import Fields

__all__ = [
    "PortfolioReading",
    "Progress",
    "TableSource",
    "read_portfolio",
    "read_tables",
]

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called now and then with the file, the bytes read of it, and its size."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_ROWS_SHOWN: Final = 20
_PARQUET_READER: Final = "microcrm_core.frames.parquet"


@attrs.frozen(kw_only=True, eq=False)
class TableSource:
    """One table as CSV, whatever it was before.

    Attributes:
        name: How rejected rows call it: the file, or the table if it was none.
        stream: The CSV, header first.
        size: Its bytes, for progress; 0: not known.

    Example:
        >>> import io
        >>> from microcrm_core.reviews.files_batch import TableSource
        >>> TableSource(name="loans.csv", stream=io.BytesIO(b"")).size
        0
    """

    name: str
    stream: ByteSource
    size: int = 0


@attrs.frozen(kw_only=True, eq=False, repr=False)
class PortfolioReading:
    """What reading gave: the good rows, the bad rows, and what was not looked at.

    Attributes:
        portfolio: The good rows.
        rejected: The bad rows, in the order of the tables, then of the lines.
        ignored_columns: For each file the columns that the library does not know.
        lines: For the tables loans and repayments the line of each good row, so that a
            row can still be set apart later with its place.
        names: How each table is called in rejected rows.

    Example:
        See `read_portfolio`.
    """

    portfolio: Portfolio
    rejected: tuple[RejectedRow, ...]
    ignored_columns: Mapping[str, tuple[str, ...]]
    lines: Mapping[str, Int64s]
    names: Mapping[str, str]

    def __repr__(self) -> str:
        """Return the counts; the rejected rows are many."""
        rejected = f"rejected={len(self.rejected)}"
        return f"PortfolioReading({self.portfolio!r}, {rejected})"

    def _repr_html_(self) -> str:
        rows = [(one.file, one.line, one.column, one.text()) for one in self.rejected]
        caption = f"{self.portfolio!r}; {len(rows)} rows rejected"
        shown = rows[:_ROWS_SHOWN]
        return html_table(("file", "line", "column", "reason"), shown, caption=caption)


def read_portfolio(
    folder: str | os.PathLike[str],
    *,
    progress: Progress | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> PortfolioReading:
    """Return the portfolio in *folder*, and the rows that are left out of it.

    Reads `customers.csv`, `transactions.csv`, `loans.csv` and `repayments.csv`; all
    but the first may be absent. Where one is, a `.parquet` file of that name is read
    instead, with the extra `arrow`. The columns are described in
    `docs/reference/portfolio-files.md`.

    Args:
        folder: Where the files are.
        progress: Told how far the reading is.
        chunk_bytes: How much is parsed at once. The result does not depend on it.

    Raises:
        InvalidValueError: There are no customers, or a file lacks a column that must
            be there, names one twice, or has no header.
        MissingExtraError: A Parquet file needs the extra.
        OSError: A file cannot be read.

    Example:
        >>> import tempfile
        >>> from microcrm_core.reviews.files_batch import read_portfolio
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     try:
        ...         read_portfolio(folder)
        ...     except ValueError as error:
        ...         print(str(error).partition(",")[0])
        folder must hold customers.csv or customers.parquet
    """
    with ExitStack() as stack:
        sources: dict[str, TableSource] = {}
        for table in TABLES:
            source = _source(Path(folder), table, stack)
            if source is not None:
                sources[table.name] = source
        if CUSTOMERS.name not in sources:
            rule = f"must hold {CUSTOMERS.file} or {CUSTOMERS.parquet_file}"
            raise InvalidValueError("folder", rule, Path(folder).name)
        return read_tables(sources, progress=progress, chunk_bytes=chunk_bytes)


def read_tables(
    sources: Mapping[str, TableSource],
    *,
    progress: Progress | None = None,
    chunk_bytes: int = CHUNK_BYTES,
) -> PortfolioReading:
    """Return the portfolio that the tables make; see `read_portfolio`.

    Args:
        sources: By the name of the table; those left out are empty.
        progress: Told how far the reading is.
        chunk_bytes: How much is parsed at once.

    Raises:
        InvalidValueError: As `read_portfolio`.

    Example:
        >>> from microcrm_core.reviews.files_batch import read_tables
        >>> read_tables({}).portfolio.customer_count
        0
    """
    reader = _Reader(sources, progress, chunk_bytes)
    customer_parser = CustomerParser()
    customers = customer_parser.finish(reader.read(customer_parser))
    known_customers = Owners(
        ids=customers.ids,
        currency_index=customers.currency_index,
        currencies=customers.currencies,
        rejected=reader.rejected_ids,
        file=reader.name_of(CUSTOMERS),
    )
    transaction_parser = TransactionParser(known_customers)
    transactions = transaction_parser.finish(reader.read(transaction_parser))
    loan_parser = LoanParser(known_customers)
    loans = loan_parser.finish(reader.read(loan_parser))
    known_loans = Owners(
        ids=loans.ids,
        currency_index=loans.currency_index,
        currencies=loans.currencies,
        rejected=reader.rejected_ids,
        file=reader.name_of(LOANS),
    )
    repayment_parser = RepaymentParser(known_loans, loans.disbursed_day)
    repayments = repayment_parser.finish(reader.read(repayment_parser))
    return PortfolioReading(
        portfolio=Portfolio(
            customers=customers,
            transactions=transactions,
            loans=loans,
            repayments=repayments,
        ),
        rejected=tuple(reader.rejected),
        ignored_columns=MappingProxyType(reader.ignored_columns),
        lines=MappingProxyType(reader.lines),
        names=MappingProxyType({one.name: reader.name_of(one) for one in TABLES}),
    )


def _source(folder: Path, table: Table, stack: ExitStack) -> TableSource | None:
    path = folder / table.file
    if path.exists():
        stream = stack.enter_context(path.open("rb"))
        return TableSource(name=path.name, stream=stream, size=path.stat().st_size)
    path = folder / table.parquet_file
    if not path.exists():
        return None
    # By name, because an edge is loaded only by those who need it.
    source: TableSource = import_module(_PARQUET_READER).parquet_source(path)
    return source


class _Reader:
    """Reads one table after the other and keeps what is wrong with them."""

    def __init__(
        self,
        sources: Mapping[str, TableSource],
        progress: Progress | None,
        chunk_bytes: int,
    ) -> None:
        self._sources = sources
        self._progress = progress
        self._chunk_bytes = chunk_bytes
        self.rejected: list[RejectedRow] = []
        self.rejected_ids: dict[str, int] = {}
        self.ignored_columns: dict[str, tuple[str, ...]] = {}
        self.lines: dict[str, Int64s] = {}

    def name_of(self, table: Table) -> str:
        source = self._sources.get(table.name)
        return table.file if source is None else source.name

    def read(self, parser: TableParser) -> Columns:
        """Return the columns of all good rows of a table, in the order of the lines."""
        table, name = parser.table, self.name_of(parser.table)
        gathered = _Gathered(parser.dtypes)
        source = self._sources.get(table.name)
        if source is not None:
            self._read_source(source, parser, gathered)
        columns, line = gathered.joined()
        rejected = gathered.rejected
        rows, first_rows = repeated_rows(columns["ids"])
        ids: list[bytes] = columns["ids"][rows].tolist()
        lines, first_lines = line[rows].tolist(), line[first_rows].tolist()
        for one, at, first in zip(ids, lines, first_lines, strict=True):
            params: dict[str, str | int] = {"id": one.decode(), "line": first}
            fault = Fault(table.id_column, "id_repeated", params)
            rejected.append(RejectedRow.of(fault, file=name, line=at))
        if rows.size:
            kept = np.ones(line.size, np.bool_)
            kept[rows] = False
            columns = {name: column[kept] for name, column in columns.items()}
            line = line[kept]
        if table in (LOANS, REPAYMENTS):
            self.lines[table.name] = line
        columns["ids"] = narrow_ids(columns["ids"])
        rejected.sort(key=lambda row: row.line)
        self.rejected += rejected
        self.rejected_ids = gathered.rejected_ids
        return columns

    def _read_source(
        self, source: TableSource, parser: TableParser, gathered: _Gathered
    ) -> None:
        names, line, rest = _read_header(source, parser.table)
        known = parser.table.columns
        ignored = tuple(name for name in names if name not in known)
        if ignored:
            self.ignored_columns[source.name] = ignored
        done = 0
        for chunk in read_chunks(
            rest,
            field_count=len(names),
            first_line=line,
            chunk_bytes=self._chunk_bytes,
        ):
            _parse_chunk(chunk, names, parser, gathered, file=source.name)
            done += len(chunk.text)
            if self._progress is not None:
                self._progress(source.name, min(done, source.size or done), source.size)


class _Gathered:
    """Columns chunk by chunk, and the rows rejected on the way."""

    def __init__(self, dtypes: Mapping[str, str]) -> None:
        self._dtypes = dtypes
        self._parts: dict[str, list[Any]] = {name: [] for name in ("line", *dtypes)}
        self.rejected: list[RejectedRow] = []
        self.rejected_ids: dict[str, int] = {}

    def add(
        self,
        columns: Columns,
        line: Int64s,
        rows: list[tuple[int, RowColumns]],
    ) -> None:
        """Add plain records and single rows, in the order of their lines."""
        parts: Columns = {"line": line}
        for name, dtype in self._dtypes.items():
            # Ids keep their width; days of many rows need no more than 32 bits.
            column = columns[name]
            parts[name] = column if dtype == "S" else column.astype(dtype, copy=False)
        if rows:
            order = np.argsort(
                np.concatenate([line, np.array([one[0] for one in rows])]),
                kind="stable",
            )
            for name, part in parts.items():
                single = [one[0] if name == "line" else one[1][name] for one in rows]
                added = np.array(single, dtype=self._dtypes.get(name, "i8"))
                parts[name] = np.concatenate([part, added])[order]
        for name, part in parts.items():
            self._parts[name].append(part)

    def joined(self) -> tuple[Columns, Int64s]:
        """Return everything added as whole columns; the parts are let go."""
        columns: Columns = {}
        for name, parts in self._parts.items():
            empty = np.zeros(0, self._dtypes.get(name, "i8"))
            columns[name] = np.concatenate([empty, *parts])
            parts.clear()
        line: Int64s = columns.pop("line")
        return columns, line


def _parse_chunk(
    chunk: Chunk,
    names: tuple[str, ...],
    parser: TableParser,
    gathered: _Gathered,
    *,
    file: str,
) -> None:
    known = set(parser.table.columns)
    places = {name: at for at, name in enumerate(names) if name in known}

    def fields_of(column: str) -> Fields | None:
        at = places.get(column)
        if at is None:
            return None
        begin = np.ascontiguousarray(chunk.begin[:, at])
        return Fields(chunk.data, begin, np.ascontiguousarray(chunk.end[:, at]))

    columns, is_good = parser.parse_plain(fields_of)
    others = list(chunk.others)
    for record in np.flatnonzero(~is_good).tolist():
        fields = tuple(chunk.field(record, at) for at in range(len(names)))
        others.append(OtherRecord(int(chunk.line[record]), fields))
    others.sort(key=lambda one: one.line)
    rows: list[tuple[int, RowColumns]] = []
    for other in others:
        parsed = _parse_other(other, names, places, parser, gathered.rejected_ids)
        if isinstance(parsed, Fault):
            row = RejectedRow.of(parsed, file=file, line=other.line)
            gathered.rejected.append(row)
        else:
            rows.append((other.line, parsed))
    if not is_good.all():
        columns = {name: column[is_good] for name, column in columns.items()}
    gathered.add(columns, chunk.line[is_good], rows)


def _parse_other(
    other: OtherRecord,
    names: tuple[str, ...],
    places: Mapping[str, int],
    parser: TableParser,
    rejected_ids: dict[str, int],
) -> RowColumns | Fault:
    if other.code is not None:
        params = {"bytes_max": RECORD_BYTES_MAX}
        return Fault(None, other.code, params)
    if len(other.fields) != len(names):
        params = {"expected": len(names), "found": len(other.fields)}
        return Fault(None, "row_field_count", params)
    texts: list[str] = []
    for name, field in zip(names, other.fields, strict=True):
        try:
            texts.append(field.decode())
        except UnicodeDecodeError:
            return Fault(name, "row_not_utf8")
    row = {name: texts[at] for name, at in places.items()}
    parsed = parser.parse_row(row)
    if isinstance(parsed, Fault):
        rejected_ids.setdefault(row[parser.table.id_column], other.line)
    return parsed


class _Rest:
    """What stands after the header: some bytes read already, then the stream."""

    def __init__(self, head: bytes, stream: ByteSource) -> None:
        self._head = head
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        if not self._head:
            return self._stream.read(size)
        head, self._head = self._head[:size], self._head[size:]
        return head


def _read_header(
    source: TableSource, table: Table
) -> tuple[tuple[str, ...], int, _Rest]:
    # Returns the names, the line after the header, and the rest of the stream.
    head = source.stream.read(RECORD_BYTES_MAX).removeprefix(_BYTE_ORDER_MARK)
    if not head.strip():
        rule = "must begin with a line of column names"
        raise InvalidValueError(source.name, rule, "an empty file")
    if b"\n" not in head:
        head += b"\n"
    cut = cut_record(head, 0)
    try:
        if cut is None:
            raise UnicodeError
        names = tuple(field.decode() for field in cut[0])
    except UnicodeError:
        rule = "must begin with a line of column names in UTF-8"
        raise InvalidValueError(source.name, rule, "another first line") from None
    for name in table.required:
        if name not in names:
            found = ", ".join(names)
            raise InvalidValueError(source.name, f"must have a column {name}", found)
    for name in table.columns:
        if names.count(name) > 1:
            rule = f"must have one column {name}"
            raise InvalidValueError(source.name, rule, names.count(name))
    after = cut[1]
    return names, head.count(b"\n", 0, after) + 1, _Rest(head[after:], source.stream)
