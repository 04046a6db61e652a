"""Days, amounts, whole numbers and choices of many fields, parsed from bytes at once.

Eight digits are one 64-bit word, and a few multiplications turn it into a number. Each
function tells for every field whether it is in the common form; only then is the value
right, and then it is that of `row_values`. All other fields are for the scalar parser.

Source:
    D. Lemire, Quickly parsing eight digits, for the word arithmetic.

Example:
    >>> import numpy as np
    >>> from microcrm_core.reviews.values_batch import Fields
    >>> fields = Fields.of([b"2025-03-14", b"2025-02-30"])
    >>> day, is_day = fields.days()
    >>> is_day.tolist(), str(np.datetime64(int(day[0]), "D"))
    ([True, False], '2025-03-14')
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.batch import UNKNOWN, Bools, Int64s
from microcrm_core.loans.columns_batch import Ids
from microcrm_core.reviews.records_batch import PADDING, Bytes
from microcrm_core.reviews.schema import DAY_MAX, DAY_MIN, ID_BYTES_MAX

__all__ = ["Fields", "Words", "word_matrix"]

Words: TypeAlias = npt.NDArray[np.uint64]

_WORD_BYTES: Final = 8
_DIGITS_MAX: Final = 16
_INT64_DIGITS: Final = 18
_POINT_DIGITS_MAX: Final = 8
_MINUS, _POINT, _SPACE = 45, 46, 32
# Masks of a little-endian word: its first n bytes, and its last n bytes.
_FIRST: Final = np.array(
    [(1 << 8 * n) - 1 for n in range(_WORD_BYTES + 1)], dtype=np.uint64
)
_LAST: Final = ~_FIRST[::-1]
_HIGH_BITS: Final = np.uint64(0x8080808080808080)
_ZEROS: Final = np.uint64(0x3030303030303030)
_TENS: Final = np.array([10**n for n in range(_INT64_DIGITS + 1)], dtype=np.int64)
_YEAR_SLOTS, _MONTH_SLOTS = 512, 32


def _day_table() -> Int64s:
    # Day since 1970 by year, month and day; UNKNOWN where the calendar has none.
    epoch = dt.date(1970, 1, 1).toordinal()
    first, last = DAY_MIN.toordinal() - epoch, DAY_MAX.toordinal() - epoch
    days = np.arange(first, last + 1, dtype=np.int64).astype("M8[D]")
    months = days.astype("M8[M]")
    year = days.astype("M8[Y]").astype(np.int64) + 1970 - DAY_MIN.year
    month = months.astype(np.int64) % 12 + 1
    day_of_month = (days - months.astype("M8[D]")).astype(np.int64) + 1
    table = np.full((int(year[-1]) + 1) * _YEAR_SLOTS, UNKNOWN, np.int64)
    slots = year * _YEAR_SLOTS + month * _MONTH_SLOTS + day_of_month
    table[slots] = days.astype("M8[D]").astype(np.int64)
    return table


_DAYS: Final = _day_table()


@attrs.frozen(eq=False)
class Fields:
    """One column of plain fields: where each begins and ends in the padded bytes.

    Attributes:
        data: The bytes, with `PADDING` spare ones before and after.
        begin: Where each field begins.
        end: Where it ends.

    Example:
        >>> from microcrm_core.reviews.values_batch import Fields
        >>> Fields.of([b"", b"7"]).is_empty.tolist()
        [True, False]
    """

    data: Bytes
    begin: Int64s
    end: Int64s

    @classmethod
    def of(cls, texts: Sequence[bytes]) -> Fields:
        """Return the fields of some texts, for examples and tests."""
        sizes = np.array([len(text) for text in texts], dtype=np.int64)
        end = np.cumsum(sizes) + PADDING
        padding = b"\0" * PADDING
        joined = padding + b"".join(texts) + padding
        return cls(np.frombuffer(joined, np.uint8), end - sizes, end)

    @property
    def is_empty(self) -> Bools:
        """Whether each field is empty."""
        return np.asarray(self.end == self.begin)

    def take(self, rows: Int64s | Bools) -> Fields:
        """Return some of the fields."""
        return Fields(self.data, self.begin[rows], self.end[rows])

    def days(self) -> tuple[Int64s, Bools]:
        """Return the days that stand there as YYYY-MM-DD.

        Example:
            >>> from microcrm_core.reviews.values_batch import Fields
            >>> Fields.of([b"1970-01-02"]).days()[0].tolist()
            [1]
        """
        head = self._words(self.begin)
        tail = self._words(self.begin + 2)
        dash = np.uint64(0x2D)
        is_day = self.end - self.begin == 10
        is_day &= (head >> np.uint64(32)) & np.uint64(0xFF) == dash
        is_day &= head >> np.uint64(56) == dash
        # YYYY from the first word; MM and DD from the one that begins two later.
        digits = head & np.uint64(0xFFFFFFFF)
        digits |= (tail & np.uint64(0xFFFF_0000_0000_0000)) | (
            (tail << np.uint64(8)) & np.uint64(0x0000_FFFF_0000_0000)
        )
        is_day &= _is_digits(digits)
        number = _eight_digits(digits)
        year, rest = np.divmod(number, 10_000)
        month, day_of_month = np.divmod(rest, 100)
        is_day &= (year >= DAY_MIN.year) & (year <= DAY_MAX.year)
        is_day &= (month < _YEAR_SLOTS // _MONTH_SLOTS) & (day_of_month < _MONTH_SLOTS)
        slot = (year - DAY_MIN.year) * _YEAR_SLOTS + month * _MONTH_SLOTS + day_of_month
        day = _DAYS[np.where(is_day, slot, 0)]
        return day, is_day & (day != UNKNOWN)

    def whole_numbers(self, *, least: int, most: int) -> tuple[Int64s, Bools]:
        """Return the whole numbers that stand there, within inclusive bounds.

        Example:
            >>> from microcrm_core.reviews.values_batch import Fields
            >>> number, is_number = Fields.of([b"12", b"13"]).whole_numbers(
            ...     least=0, most=12
            ... )
            >>> number.tolist(), is_number.tolist()
            ([12, 13], [True, False])
        """
        number, is_number = self._digits(self.begin, self.end)
        return number, is_number & (number >= least) & (number <= most)

    def decimals(self, digits: Int64s | int, *, most: int) -> tuple[Int64s, Bools]:
        """Return the plain decimals that stand there times 10**digits.

        Args:
            digits: Digits after the point, 0 to 8, for every row or for all.
            most: Largest result, without its sign.

        Example:
            >>> from microcrm_core.reviews.values_batch import Fields
            >>> fields = Fields.of([b"12.5", b"-3", b"0.125", b"7.5000"])
            >>> number, is_number = fields.decimals(2, most=10_000)
            >>> number.tolist(), is_number.tolist()
            ([1250, -300, 12, 750], [True, True, False, True])
        """
        is_below = self.data[self.begin] == _MINUS
        begin = self.begin + is_below
        point = self._digits_after_point(begin)
        whole_end = self.end - point - (point > 0)
        whole, is_number = self._digits(begin, whole_end)
        is_number &= whole_end - begin + digits <= _INT64_DIGITS
        scale = _TENS[digits]
        value: Int64s = np.where(is_number, whole, 0) * scale
        rows = np.flatnonzero(point > 0)
        if rows.size:
            part = self.take(rows)
            rest, is_rest = part._digits(part.end - point[rows], part.end)
            # Digits that do not fit must be zeros.
            part_scale = scale if isinstance(digits, int) else scale[rows]
            scaled, left = np.divmod(rest * part_scale, _TENS[point[rows]])
            value[rows] += scaled
            is_number[rows] &= is_rest & (left == 0)
        is_number &= value <= most
        return np.where(is_below, -value, value), is_number

    def choices(self, choices: Sequence[bytes]) -> Int64s:
        """Return the position of each field in *choices*, -1 where it is none.

        Example:
            >>> from microcrm_core.reviews.values_batch import Fields
            >>> Fields.of([b"out", b"in", b"In"]).choices((b"in", b"out")).tolist()
            [1, 0, -1]
        """
        position = np.full(self.begin.size, -1, np.int64)
        width = max(len(choice) for choice in choices)
        size = self.end - self.begin
        words = self._field_words(-(-width // _WORD_BYTES))
        wanted = word_matrix(np.array(choices, dtype=f"S{width}"))
        for index, choice in enumerate(choices):
            is_it = size == len(choice)
            for column in range(words.shape[1]):
                is_it &= words[:, column] == wanted[index, column]
            position[is_it] = index
        return position

    def texts(self) -> Ids:
        """Return the first 64 bytes of each field, as bytes of one width.

        The width is a whole number of words.

        Example:
            >>> from microcrm_core.reviews.values_batch import Fields
            >>> Fields.of([b"c-1", b""]).texts().tolist()
            [b'c-1', b'']
        """
        longest = min(int((self.end - self.begin).max(initial=1)), ID_BYTES_MAX)
        words = self._field_words(max(1, -(-longest // _WORD_BYTES)))
        text: Ids = words.view(f"S{_WORD_BYTES * words.shape[1]}").reshape(-1)
        return text

    def ids(self) -> tuple[Ids, Bools]:
        """Return the fields as bytes, and which are surely ids, or empty.

        Ids beyond ASCII are left to the scalar parser, which knows all spaces.

        Example:
            >>> from microcrm_core.reviews.values_batch import Fields
            >>> ids, is_id = Fields.of([b"c-1", b" c", b""]).ids()
            >>> ids.tolist(), is_id.tolist()
            ([b'c-1', b' c', b''], [True, False, True])
        """
        ids = self.texts()
        size = self.end - self.begin
        is_id = size <= ID_BYTES_MAX
        is_id &= (self.data[self.begin] != _SPACE) | (size == 0)
        is_id &= (self.data[self.end - 1] != _SPACE) | (size == 0)
        for column in word_matrix(ids).T:
            is_id &= column & _HIGH_BITS == 0
        return ids, is_id

    def _words(self, at: Int64s) -> Words:
        # Bytes may begin anywhere, which the type S8 allows and an integer does not.
        windows = np.ndarray(
            self.data.size - _WORD_BYTES + 1, "S8", self.data, strides=(1,)
        )
        return windows[at].view("<u8")

    def _field_words(self, count: int) -> Words:
        # The bytes of each field from its first one, zeros after its last.
        width = count * _WORD_BYTES
        windows = np.ndarray(
            self.data.size - width + 1, f"S{width}", self.data, strides=(1,)
        )
        words = windows[self.begin].view("<u8").reshape(-1, count)
        size = self.end - self.begin
        for column in range(count):
            kept = np.clip(size - column * _WORD_BYTES, 0, _WORD_BYTES)
            words[:, column] &= _FIRST[kept]
        return words

    def _digits(self, begin: Int64s, end: Int64s) -> tuple[Int64s, Bools]:
        # 1 to 16 digits, read as two words that end where the field ends.
        size = end - begin
        is_number = (size >= 1) & (size <= _DIGITS_MAX)
        low = _padded(self._words(end - 8), np.clip(size, 0, _WORD_BYTES))
        is_number &= _is_digits(low)
        number = _eight_digits(low)
        if size.max(initial=0) > _WORD_BYTES:
            high = self._words(end - 16)
            high = _padded(high, np.clip(size - _WORD_BYTES, 0, _WORD_BYTES))
            is_number &= _is_digits(high)
            number += _eight_digits(high) * 10**_WORD_BYTES
        return number, is_number

    def _digits_after_point(self, begin: Int64s) -> Int64s:
        size = self.end - begin
        point = np.zeros(begin.size, np.int64)
        for count in range(1, _POINT_DIGITS_MAX + 1):
            is_here = (self.data[self.end - count - 1] == _POINT) & (size > count + 1)
            point[is_here] = count
        return point


def word_matrix(ids: Ids) -> Words:
    """Return the bytes of each id as words, of shape (ids, words).

    Example:
        >>> import numpy as np
        >>> from microcrm_core.reviews.values_batch import word_matrix
        >>> word_matrix(np.array([b"a", b"abcdefghi"])).shape
        (2, 2)
    """
    count = max(1, -(-ids.dtype.itemsize // _WORD_BYTES))
    wide = ids.astype(f"S{count * _WORD_BYTES}", copy=False)
    return np.ascontiguousarray(wide).view("<u8").reshape(-1, count)


def _padded(word: Words, size: Int64s) -> Words:
    # Keeps the last *size* bytes and puts the digit zero before them.
    kept = _LAST[size]
    return (word & kept) | (_ZEROS & ~kept)


def _is_digits(word: Words) -> Bools:
    # A byte from "0" to "9" stays below 0x80 in both sums; any other does not.
    above = word + np.uint64(0x4646464646464646)
    below = word - _ZEROS
    is_digits: Bools = ((above | below | word) & _HIGH_BITS) == 0
    return is_digits


def _eight_digits(word: Words) -> Int64s:
    # Pairs, then fours, then all eight: each step joins neighbors.
    pairs = (word & np.uint64(0x0F0F0F0F0F0F0F0F)) * np.uint64(2561) >> np.uint64(8)
    fours = (pairs & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)
    fours >>= np.uint64(16)
    number = (fours & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)
    return (number >> np.uint64(32)).astype(np.int64)
