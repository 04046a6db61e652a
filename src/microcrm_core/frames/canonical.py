r"""Typed columns as the text of a portfolio file, so that there is one parser.

A frame may hold a day as a date, a moment or text, an amount as a whole number, a
Decimal, a float or text. Each value gets the one text that stands for it in a file, and
the text is parsed as any file is. A value that has none gets a text that is refused.

Example:
    >>> import datetime as dt
    >>> from decimal import Decimal
    >>> from microcrm_core.frames.canonical import canonical_text
    >>> [canonical_text(value) for value in (None, 12.0, 0.1, Decimal("1E+2"))]
    ['', '12', '0.1', '100']
    >>> canonical_text(dt.datetime(2025, 3, 14)), canonical_text(float("nan"))
    ('2025-03-14', '')
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from typing import Final

__all__ = ["CanonicalStream", "canonical_text"]

_PLAIN_KINDS: Final = frozenset({str, int, dt.date, type(None)})
_MISSING_KINDS: Final = frozenset({"NAType", "NaTType"})
# Refused wherever it stands in a known column, and no line end.
_CONTROL: Final = "\x0b"


def canonical_text(value: object) -> str:
    """Return the text that stands for *value* in a portfolio file.

    Empty for None and for the missing values of pandas and numpy; ISO for days, also
    those that are moments at midnight without a zone; digits without an exponent for
    numbers, floats by their shortest form; for anything else what `str` gives.

    Example:
        >>> from microcrm_core.frames.canonical import canonical_text
        >>> canonical_text(1e-5), canonical_text(2500)
        ('0.00001', '2500')
    """
    if value is None or type(value).__name__ in _MISSING_KINDS:
        return ""
    if isinstance(value, Enum):
        return canonical_text(value.value)
    if isinstance(value, str | bool):
        return str(value)
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    if isinstance(value, dt.datetime):
        is_day = value.time() == dt.time() and value.tzinfo is None
        return value.date().isoformat() if is_day else value.isoformat()
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if isinstance(value, Real):
        # By text, because that is the shortest form of a float of any width.
        return _decimal_text(Decimal(str(value)))
    return str(value)


class CanonicalStream:
    r"""A table as CSV, made block by block while it is read.

    Args:
        names: Columns of the table.
        blocks: Some rows at a time: for each name the values, or None for a column
            that is not looked at and stays empty.

    Example:
        >>> from microcrm_core.frames.canonical import CanonicalStream
        >>> stream = CanonicalStream(["loan_id", "note"], [[["l-1", "l,2"], None]])
        >>> b"".join(iter(lambda: stream.read(1), b""))
        b'loan_id,note\nl-1,\n"l,2",\n'
    """

    def __init__(
        self,
        names: Sequence[str],
        blocks: Iterable[Sequence[Sequence[object] | None]],
    ) -> None:
        self._texts = self._encoded(names, blocks)

    def read(self, _size: int, /) -> bytes:
        """Return the next block, however long; nothing at the end."""
        return next(self._texts, b"")

    @staticmethod
    def _encoded(
        names: Sequence[str],
        blocks: Iterable[Sequence[Sequence[object] | None]],
    ) -> Iterator[bytes]:
        yield _csv([[_one_line(name)] for name in names])
        for columns in blocks:
            row_count = max((len(one) for one in columns if one is not None), default=0)
            if row_count:
                empty = [""] * row_count
                yield _csv(
                    [empty if one is None else _plain_column(one) for one in columns]
                )


def _plain_column(values: Sequence[object]) -> Sequence[object]:
    # csv writes text, whole numbers, dates and None as they must be.
    if {type(value) for value in values} <= _PLAIN_KINDS:
        return values
    return [canonical_text(value) for value in values]


def _csv(columns: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(zip(*columns, strict=True))
    if text.getvalue().count("\n") != len(columns[0]):
        # A row must stay a line, so that the number of a line tells the row.
        one_line = [[_one_line(value) for value in column] for column in columns]
        return _csv(one_line)
    return text.getvalue().encode(errors="surrogatepass")


def _one_line(value: object) -> str:
    return canonical_text(value).replace("\n", _CONTROL)


def _decimal_text(value: Decimal) -> str:
    if value.is_nan():
        return ""
    if not value.is_finite():
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
