"""Parquet files of a portfolio folder, read in place of CSV.

Needs the extra `arrow`. The rows go through the same text and the same parser as
those of any frame; `files_batch.read_portfolio` is what calls this.

Example:
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pyarrow, pyarrow.parquet
    >>> from microcrm_core.reviews.files_batch import read_portfolio
    >>> table = pyarrow.table(
    ...     {"customer_id": ["c-1"], "kind": ["sole_trader"], "currency": ["EUR"]}
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pyarrow.parquet.write_table(table, Path(folder, "customers.parquet"))
    ...     read_portfolio(folder).portfolio
    Portfolio(customers=1, transactions=0, loans=0, repayments=0)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from microcrm_core.errors import MissingExtraError
from microcrm_core.frames.canonical import CanonicalStream
from microcrm_core.reviews.files_batch import TableSource
from microcrm_core.reviews.schema import TABLES

__all__ = ["parquet_source"]

_BLOCK_ROWS: Final = 50_000
_SHORT_FLOATS: Final = frozenset({"float", "halffloat"})


def parquet_source(path: Path) -> TableSource:
    """Return the table in a Parquet file named like one of the portfolio.

    Raises:
        MissingExtraError: pyarrow is not installed.
        OSError: The file cannot be read.

    Example:
        >>> from pathlib import Path
        >>> from microcrm_core.frames.parquet import parquet_source
        >>> try:
        ...     parquet_source(Path("loans.parquet"))
        ... except OSError:
        ...     print("no such file")
        no such file
    """
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise MissingExtraError("arrow", feature=f"reading {path.name}") from None
    file: Any = ParquetFile(path)  # pyarrow has no types
    known = next(table.columns for table in TABLES if table.parquet_file == path.name)
    names: list[str] = file.schema_arrow.names
    return TableSource(
        name=path.name, stream=CanonicalStream(names, _blocks(file, names, known))
    )


def _blocks(
    file: Any, names: Sequence[str], known: Sequence[str]
) -> Iterator[Sequence[Sequence[object] | None]]:
    with file:
        for batch in file.iter_batches(batch_size=_BLOCK_ROWS):
            yield [
                _values(batch.column(at)) if name in known else None
                for at, name in enumerate(names)
            ]


def _values(column: Any) -> Sequence[object]:
    if str(column.type) in _SHORT_FLOATS:
        # Its shortest form has fewer digits than that of the wider float.
        return list(column.to_numpy(zero_copy_only=False))
    values: list[object] = column.to_pylist()
    return values
