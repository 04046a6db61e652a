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


def text_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    is_right_aligned: bool = False,
) -> str:
    """Return headings and rows as lines of text, every column as wide as it must be.

    Args:
        headings: One for each column.
        rows: Their texts, one for each column.
        is_right_aligned: Whether columns end at the same place, as numbers should.

    Example:
        >>> from microcrm_core.loans.table_texts import text_table
        >>> text_table(("a", "b"), [("cc", "")]).splitlines()
        ['a   b', 'cc']
    """
    cells = [tuple(headings), *(tuple(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    pad = str.rjust if is_right_aligned else str.ljust
    return "\n".join("  ".join(map(pad, row, widths)).rstrip() for row in cells)
