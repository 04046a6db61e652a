r"""Where the records and fields of a CSV file begin and end, found in whole chunks.

A line is plain if it is UTF-8 without control characters or odd quotes and has as
many fields as the header: nearly every line is. Its fields are told by positions alone.
Every other record is cut out by itself, for the scalar parser.

The form is RFC 4180: a field with a comma, a quote or a line end stands in quotes, a
quote in it twice. A record whose quotes do not fit is one bad line; reading goes on at
the next line, so a stray quote loses one row and not the rest of the file.

Example:
    >>> import io
    >>> from microcrm_core.reviews.records_batch import read_chunks
    >>> stream = io.BytesIO(b'a-1,7\r\n"a,2",8\n')
    >>> chunk = next(read_chunks(stream, field_count=2, first_line=2))
    >>> chunk.line.tolist(), chunk.field(0, 0)
    ([2], b'a-1')
    >>> chunk.others
    [OtherRecord(line=3, fields=(b'a,2', b'8'), code=None)]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Protocol, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.batch import Bools, Int64s
from microcrm_core.reviews.schema import ID_BYTES_MAX, RECORD_BYTES_MAX

__all__ = [
    "CHUNK_BYTES",
    "PADDING",
    "ByteSource",
    "Bytes",
    "Chunk",
    "OtherRecord",
    "cut_record",
    "read_chunks",
]

Bytes: TypeAlias = npt.NDArray[np.uint8]

CHUNK_BYTES: Final = 8 * 2**20
"""How much of a file is parsed at once, unless the caller says otherwise."""

PADDING: Final = ID_BYTES_MAX
"""Spare bytes before and after the text of a chunk, so that windows stay inside."""

_NEWLINE, _RETURN, _QUOTE, _COMMA, _TILDE, _DELETE = 10, 13, 34, 44, 126, 127
# So many lines of a chunk may break UTF-8 before all beyond ASCII are looked at singly.
_BROKEN_LINES_MAX: Final = 16
# All bytes that end something or are not plain lie outside "-" to "~".
_LOWEST_PLAIN: Final = _COMMA + 1
_FIELD: Final = re.compile(rb'(?:"((?:[^"]++|"")*+)"|([^",\n]*?))(,|\r?\n)')


class ByteSource(Protocol):
    """What a table is read from: a binary file, or anything that reads like one.

    Example:
        >>> import io
        >>> from microcrm_core.reviews.records_batch import ByteSource
        >>> source: ByteSource = io.BytesIO(b"loan_id")
        >>> source.read(4)
        b'loan'
    """

    def read(self, size: int, /) -> bytes:
        """Return up to *size* bytes; nothing only at the end."""
        ...


@attrs.frozen
class OtherRecord:
    """A record that is not plain.

    Attributes:
        line: Line on which it begins.
        fields: What stands in each field, without its quotes; empty if that cannot
            be told.
        code: Rule that the record breaks as a whole, or None.

    Example:
        See `Chunk`.
    """

    line: int
    fields: tuple[bytes, ...]
    code: str | None = None


@attrs.frozen(kw_only=True, eq=False)
class Chunk:
    r"""Some lines of a file, cut into fields.

    Attributes:
        text: The bytes, without the padding of `data`.
        data: The same bytes with `PADDING` zeros before and after them.
        line: Line number of each plain record.
        begin: Where each field begins in `data`, of shape (records, fields).
        end: Where it ends.
        others: The records that are not plain, in order.

    Example:
        >>> import io
        >>> from microcrm_core.reviews.records_batch import read_chunks
        >>> stream = io.BytesIO(b"a-1,7\n\nb-2\n")
        >>> chunk = next(read_chunks(stream, field_count=2, first_line=2))
        >>> chunk.record_count, chunk.others
        (1, [OtherRecord(line=4, fields=(b'b-2',), code=None)])
    """

    text: bytes
    data: Bytes
    line: Int64s
    begin: Int64s
    end: Int64s
    others: list[OtherRecord]

    @property
    def record_count(self) -> int:
        """Number of plain records."""
        return int(self.line.size)

    def field(self, record: int, column: int) -> bytes:
        """Return the bytes of one field of a plain record."""
        begin = int(self.begin[record, column]) - PADDING
        return self.text[begin : int(self.end[record, column]) - PADDING]


def read_chunks(
    stream: ByteSource,
    *,
    field_count: int,
    first_line: int,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[Chunk]:
    r"""Yield the records that *stream* still holds; empty lines are left out.

    Args:
        stream: Binary, placed at the beginning of a line.
        field_count: How many fields a plain record has.
        first_line: Number of that line.
        chunk_bytes: How much to read at once; no record depends on it.

    Example:
        >>> import io
        >>> from microcrm_core.reviews.records_batch import read_chunks
        >>> stream = io.BytesIO(b"1,2\n3,4\n5,6")
        >>> chunks = read_chunks(stream, field_count=2, first_line=1, chunk_bytes=5)
        >>> [chunk.line.tolist() for chunk in chunks]
        [[1], [2], [3]]
    """
    rest, line = b"", first_line
    while True:
        more = stream.read(chunk_bytes)
        text = rest + more
        if more:
            text = _without_long_tail(stream, text, chunk_bytes)
        elif text and not text.endswith(b"\n"):
            text += b"\n"
        chunk, used = _split(text, line, field_count, is_last=not more)
        if chunk.record_count or chunk.others:
            yield chunk
        if not more:
            return
        line += text.count(b"\n", 0, used)
        rest = text[used:]


def cut_record(text: bytes, begin: int) -> tuple[tuple[bytes, ...], int] | None:
    r"""Return the fields of the record that begins there, and where the next begins.

    None if its quotes do not fit, if it is longer than `RECORD_BYTES_MAX`, or if the
    text ends before it does.

    Example:
        >>> from microcrm_core.reviews.records_batch import cut_record
        >>> cut_record(b'"a ""b"" c",2\nnext', 0)
        ((b'a "b" c', b'2'), 14)
        >>> cut_record(b'stray " quote\n', 0) is None
        True
    """
    fields: list[bytes] = []
    at, limit = begin, begin + RECORD_BYTES_MAX
    while True:
        found = _FIELD.match(text, at, limit)
        if found is None:
            return None
        quoted, bare, delimiter = found.groups()
        fields.append(bare if quoted is None else quoted.replace(b'""', b'"'))
        at = found.end()
        if delimiter != b",":
            return tuple(fields), at


def _without_long_tail(stream: ByteSource, text: bytes, chunk_bytes: int) -> bytes:
    # A file without line ends must not fill the memory: of a line that is too long
    # anyway, only its head is kept.
    while b"\n" not in text[-RECORD_BYTES_MAX - 1 :] and len(text) > RECORD_BYTES_MAX:
        head = text[: text.rfind(b"\n") + 1 + RECORD_BYTES_MAX]
        more = stream.read(chunk_bytes)
        if not more:
            return head
        cut = more.find(b"\n")
        if cut >= 0:
            return head + more[cut:]
        text = head
    return text


def _split(
    text: bytes, first_line: int, field_count: int, *, is_last: bool
) -> tuple[Chunk, int]:
    used = text.rfind(b"\n") + 1
    data = np.zeros(used + 2 * PADDING, np.uint8)
    data[PADDING : PADDING + used] = np.frombuffer(text, np.uint8, used)
    lines = _Lines.of(data, used, text)
    is_plain = lines.is_clean & (lines.field_counts == field_count)
    is_plain &= lines.length <= RECORD_BYTES_MAX
    begin, end = lines.fields(is_plain, field_count)
    is_unquoted, begin, end = _without_quotes(data, lines, is_plain, begin, end)
    rows = np.flatnonzero(is_plain)
    is_plain[rows[~is_unquoted]] = False

    others, spans, stop = _cut_others(
        text, lines, is_plain, first_line, is_last=is_last
    )
    for first, last in spans:
        is_plain[first:last] = False
    is_plain[stop:] = False
    keep = is_plain[rows] & is_unquoted
    if not keep.all():
        rows, begin, end = rows[keep], begin[keep], end[keep]
    if stop < lines.count:
        used = int(lines.begin[stop]) - PADDING
    chunk = Chunk(
        text=text,
        data=data,
        line=rows + first_line,
        begin=begin,
        end=end,
        others=others,
    )
    return chunk, used


@attrs.frozen(kw_only=True, eq=False)
class _Lines:
    # The lines of a chunk; positions are those in its padded data.
    begin: Int64s
    end: Int64s
    has_return: Bools
    is_clean: Bools
    quote_counts: Int64s
    field_counts: Int64s
    marks: Int64s

    @classmethod
    def of(cls, data: Bytes, size: int, text: bytes) -> _Lines:
        span = data[PADDING : PADDING + size]
        # Below "-" the subtraction wraps to large numbers: one comparison finds both.
        odd = np.flatnonzero((span - _LOWEST_PLAIN) > _TILDE - _LOWEST_PLAIN) + PADDING
        kind = data[odd]
        is_newline = kind == _NEWLINE
        is_mark = is_newline | (kind == _COMMA)
        marks = odd[is_mark]
        ends_at = np.flatnonzero(is_newline[is_mark])
        newlines = marks[ends_at]
        begin = np.concatenate([[PADDING], newlines[:-1] + 1])[: newlines.size]
        has_return = (data[newlines - 1] == _RETURN) & (newlines > begin)
        is_clean = newlines - has_return > begin
        other, kind = odd[~is_mark], kind[~is_mark]
        is_quote = kind == _QUOTE
        is_control = (kind < 32) | (kind == _DELETE)
        is_control &= ~((kind == _RETURN) & (data[other + 1] == _NEWLINE))
        is_clean[np.searchsorted(newlines, other[is_control])] = False
        is_beyond = kind > _DELETE
        if is_beyond.any():
            broken = _broken_places(text, size)
            at = other[is_beyond] if broken is None else np.array(broken, np.int64)
            is_clean[np.searchsorted(newlines, at)] = False
        quoted_lines = np.searchsorted(newlines, other[is_quote])
        return cls(
            begin=begin,
            end=newlines - has_return,
            has_return=has_return,
            is_clean=is_clean,
            quote_counts=np.bincount(quoted_lines, minlength=newlines.size),
            field_counts=np.diff(ends_at, prepend=-1),
            marks=marks,
        )

    @property
    def count(self) -> int:
        return int(self.begin.size)

    @property
    def length(self) -> Int64s:
        return self.end - self.begin + self.has_return + 1

    def fields(self, is_taken: Bools, field_count: int) -> tuple[Int64s, Int64s]:
        marks = self.marks
        if not is_taken.all():
            marks = marks[np.repeat(is_taken, self.field_counts)]
        end = marks.reshape(-1, field_count)
        begin = np.empty_like(end)
        begin[:, 0] = self.begin[is_taken]
        begin[:, 1:] = end[:, :-1] + 1
        if self.has_return.any():
            end = end.copy()
            end[:, -1] -= self.has_return[is_taken]
        return begin, end


def _without_quotes(
    data: Bytes, lines: _Lines, is_plain: Bools, begin: Int64s, end: Int64s
) -> tuple[Bools, Int64s, Int64s]:
    # Quotes around whole fields that hold neither quote nor comma only move the
    # bounds; a line with any other quote is not plain.
    quotes = lines.quote_counts[is_plain]
    rows = np.flatnonzero(quotes)
    is_fitting = np.ones(quotes.size, np.bool_)
    if rows.size == 0:
        return is_fitting, begin, end
    inner_begin, inner_end = begin[rows], end[rows]
    is_quoted = (inner_end - inner_begin) >= 2
    is_quoted &= (data[inner_begin] == _QUOTE) & (data[inner_end - 1] == _QUOTE)
    is_fitting[rows] = 2 * is_quoted.sum(axis=1) == quotes[rows]
    begin, end = begin.copy(), end.copy()
    begin[rows] += is_quoted
    end[rows] -= is_quoted
    return is_fitting, begin, end


def _broken_places(text: bytes, size: int) -> list[int] | None:
    # One place in each line that is no UTF-8; None if there are too many.
    places: list[int] = []
    begin = 0
    while len(places) < _BROKEN_LINES_MAX:
        try:
            text[begin:size].decode()
        except UnicodeDecodeError as error:
            places.append(begin + error.start + PADDING)
            begin = text.index(b"\n", begin + error.start) + 1
        else:
            return places
    return None


def _cut_others(
    text: bytes, lines: _Lines, is_plain: Bools, first_line: int, *, is_last: bool
) -> tuple[list[OtherRecord], list[tuple[int, int]], int]:
    # Returns the records, the lines that records over several lines cover, and the
    # first line that must wait for more text.
    others: list[OtherRecord] = []
    spans: list[tuple[int, int]] = []
    next_line = 0
    rows = np.flatnonzero(~is_plain & (lines.end > lines.begin))
    begins = (lines.begin[rows] - PADDING).tolist()
    ends = (lines.end[rows] - PADDING).tolist()
    afters = (lines.begin + lines.length - PADDING)[rows].tolist()
    is_quoted = (lines.quote_counts[rows] > 0).tolist()
    for row, line in enumerate(rows.tolist()):
        if line < next_line:
            continue
        begin, number = begins[row], first_line + line
        if afters[row] - begin > RECORD_BYTES_MAX:
            others.append(OtherRecord(number, (), "row_too_long"))
            continue
        if not is_quoted[row]:
            fields = tuple(text[begin : ends[row]].split(b","))
            others.append(OtherRecord(number, fields))
            continue
        cut = cut_record(text, begin)
        if cut is None:
            if not is_last and len(text) - begin < RECORD_BYTES_MAX:
                return others, spans, line
            others.append(OtherRecord(number, (), "row_quotes"))
            continue
        fields, after = cut
        others.append(OtherRecord(number, fields))
        if after != afters[row]:
            next_line = int(np.searchsorted(lines.begin, after + PADDING))
            spans.append((line, next_line))
    return others, spans, lines.count
