"""Plain-text tables, for those who print a value instead of showing it in a notebook.

Example:
    >>> from microcrm_core.loans.table_texts import text_table
    >>> print(text_table(("product", "fits"), [("market", "yes"), ("harvest", "no")]))
    product  fits
    market   yes
    harvest  no
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["text_table"]


def text_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return headings and rows as lines of text, every column as wide as it must be.

    Example:
        >>> from microcrm_core.loans.table_texts import text_table
        >>> text_table(("a", "b"), [("cc", "")]).splitlines()
        ['a   b', 'cc']
    """
    cells = [tuple(headings), *(tuple(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)
