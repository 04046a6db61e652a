"""A portfolio from frames: whatever table library the caller has, one set of rules.

Each frame is read as the file of its table would be: the same columns, the same rules,
the same list of rejected rows. The frames themselves are not changed.

Example:
    >>> import polars
    >>> from microcrm_core.frames import portfolio_from_frames
    >>> customers = polars.DataFrame(
    ...     {"customer_id": ["c-1"], "kind": ["sole_trader"], "currency": ["EUR"]}
    ... )
    >>> portfolio_from_frames(customers=customers).portfolio
    Portfolio(customers=1, transactions=0, loans=0, repayments=0)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from microcrm_core.errors import MissingExtraError
from microcrm_core.frames.canonical import CanonicalStream
from microcrm_core.reviews.files_batch import (
    PortfolioReading,
    Progress,
    TableSource,
    read_tables,
)
from microcrm_core.reviews.schema import (
    CUSTOMERS,
    LOANS,
    REPAYMENTS,
    TRANSACTIONS,
    Table,
)

if TYPE_CHECKING:
    import narwhals as nw
    from narwhals.typing import IntoFrame

__all__ = ["portfolio_from_frames"]

_BLOCK_ROWS: Final = 50_000


def portfolio_from_frames(
    *,
    customers: IntoFrame,
    transactions: IntoFrame | None = None,
    loans: IntoFrame | None = None,
    repayments: IntoFrame | None = None,
    progress: Progress | None = None,
) -> PortfolioReading:
    """Return the portfolio that the frames make, and the rows that are left out of it.

    Columns and rules are those of the files, see `docs/reference/portfolio-files.md`.
    A missing value of the frame is a value not given. Days may be dates, moments at
    midnight or text; numbers may be of any type, but a float is taken by its
    shortest form, so amounts in floats are as good as their source.

    Args:
        customers: Any frame that narwhals knows: pandas, polars, pyarrow and others.
        transactions: The same; None: there are none.
        loans: The same; None: there are none.
        repayments: The same; None: there are none.
        progress: Told how far the reading is.

    Returns:
        As `read_portfolio`. The `line` of a rejected row is the row's position,
        counted from 2 as below a header; `file` is the name of the table.

    Raises:
        InvalidValueError: A frame lacks a column that must be there.
        MissingExtraError: narwhals is not installed.

    Example:
        >>> import pandas
        >>> from microcrm_core.frames import portfolio_from_frames
        >>> customers = pandas.DataFrame({"customer_id": ["a", "b"]})
        >>> customers["kind"] = "sole_trader"
        >>> customers["currency"] = ["EUR", None]
        >>> reading = portfolio_from_frames(customers=customers)
        >>> print(reading.rejected[0])
        customers line 3, currency: must be given
    """
    given = {
        CUSTOMERS: customers,
        TRANSACTIONS: transactions,
        LOANS: loans,
        REPAYMENTS: repayments,
    }
    sources = {
        table.name: _source(table, frame)
        for table, frame in given.items()
        if frame is not None
    }
    return read_tables(sources, progress=progress)


def _source(table: Table, frame: IntoFrame) -> TableSource:
    try:
        import narwhals as nw
    except ImportError:
        raise MissingExtraError("frames", feature="portfolio_from_frames") from None
    known = nw.from_native(frame)
    eager = known.collect() if isinstance(known, nw.LazyFrame) else known
    names = [str(name) for name in eager.columns]
    return TableSource(
        name=table.name, stream=CanonicalStream(names, _blocks(table, eager))
    )


def _blocks(
    table: Table, frame: nw.DataFrame[Any]
) -> Iterator[Sequence[Sequence[object] | None]]:
    known = table.columns
    for first in range(0, len(frame), _BLOCK_ROWS):
        block = frame[first : first + _BLOCK_ROWS]
        yield [
            _values(block[name]) if str(name) in known else None
            for name in block.columns
        ]


def _values(column: nw.Series[Any]) -> list[object]:
    import narwhals as nw

    if column.dtype == nw.Float32:
        # Its shortest form has fewer digits than that of the wider float.
        return list(column.to_numpy())
    return column.to_list()
