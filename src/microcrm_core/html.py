"""The one HTML renderer: headings and rows become a table that a notebook shows.

Every text is escaped, so that no value can bring markup with it.

Example:
    >>> from microcrm_core.html import html_table
    >>> html_table(["tier"], [["<b>"]])
    '<table><thead><tr><th>tier</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from microcrm_core.errors import InvalidValueError

__all__ = ["html_table"]


def html_table(
    headings: Sequence[object],
    rows: Iterable[Sequence[object]],
    *,
    caption: object = None,
    footer: Sequence[object] | None = None,
) -> str:
    """Return an HTML table with the text of each value, escaped.

    None becomes an empty cell. Whole numbers and decimals are the caller's to format;
    a value is shown as `str` shows it.

    Args:
        headings: One for each column.
        rows: As many values in each as there are headings.
        caption: Text above the table; None for no caption.
        footer: A last row, such as totals; None for no footer.

    Raises:
        InvalidValueError: A row or the footer is longer or shorter than the headings.

    Example:
        >>> from microcrm_core.html import html_table
        >>> table = html_table(["due", "total"], [[1, "10.00"]], footer=["", "10.00"])
        >>> table.count("<td>")
        4
    """
    parts = ["<table>"]
    if caption is not None:
        parts.append(f"<caption>{_text(caption)}</caption>")
    parts.append(f"<thead>{_row(headings, 'th')}</thead><tbody>")
    for row in rows:
        _require_width(row, headings)
        parts.append(_row(row, "td"))
    parts.append("</tbody>")
    if footer is not None:
        _require_width(footer, headings)
        parts.append(f"<tfoot>{_row(footer, 'td')}</tfoot>")
    parts.append("</table>")
    return "".join(parts)


def _row(values: Sequence[object], tag: str) -> str:
    cells = "".join(f"<{tag}>{_text(value)}</{tag}>" for value in values)
    return f"<tr>{cells}</tr>"


def _text(value: object) -> str:
    return "" if value is None else escape(str(value))


def _require_width(row: Sequence[object], headings: Sequence[object]) -> None:
    if len(row) != len(headings):
        rule = f"must have {len(headings)} values, one for each heading"
        raise InvalidValueError("row", rule, len(row))
