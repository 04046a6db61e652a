"""Which row of a day comes last, for many days at once.

Rows of one day are ordered by (sequence, id). Only the last one matters, because its
balance is the day's; so nothing is sorted. The rows that could be last are narrowed
down: to the highest sequence, then to the highest first eight bytes of the id, the
next eight, until one row of each day is left. Most days are settled at once.

Example:
    >>> import numpy as np
    >>> from microcrm_core.customers.last_rows_batch import last_rows
    >>> sequence = np.array([0, 0, 1, 0], np.int32)
    >>> ids = np.array([b"t-1", b"t-2", b"t-3", b"t-4"])
    >>> last_rows(sequence, ids, np.arange(4), np.array([0, 2])).tolist()
    [1, 2]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from microcrm_core.batch import Int64s
from microcrm_core.customers.columns_batch import Int32s
from microcrm_core.loans.columns_batch import Ids

__all__ = ["last_rows"]

_WORD: Final = 8


def last_rows(sequence: Int32s, ids: Ids, rows: Int64s, starts: Int64s) -> Int64s:
    """Return the last row by (sequence, id) of each run of rows.

    Ids are compared byte by byte, which for UTF-8 is the order of code points, the
    one of Python's text. Where two rows share both, either may be taken.

    Args:
        sequence: Of every row.
        ids: Of every row.
        rows: Positions of the rows, run after run.
        starts: Where each run begins; strictly ascending, the first one 0.

    Shapes:
        (all rows,); (all rows,); (rows,); (runs,), which is that of the result.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.customers.last_rows_batch import last_rows
        >>> ids = np.array(["z".encode(), "ä".encode()])
        >>> same = np.zeros(2, np.int32)
        >>> last_rows(same, ids, np.arange(2), np.array([0])).tolist(), "z" < "ä"
        ([1], True)
    """
    lengths = np.diff(starts, append=rows.size)
    last = starts.copy()
    is_open = lengths > 1
    run = np.repeat(np.flatnonzero(is_open), lengths[is_open])
    place = np.flatnonzero(np.repeat(is_open, lengths))
    rows_open = rows[place]
    for keys in _keys(sequence, ids):
        if place.size == 0:
            break
        run, place, rows_open = _narrowed(keys(rows_open), run, place, rows_open, last)
    # What is left shares sequence and id: any will do, and the first of each is taken.
    if place.size:
        last[run[::-1]] = place[::-1]
    return rows[last]


class _Sequences:
    def __init__(self, sequence: Int32s) -> None:
        self._sequence = sequence

    def __call__(self, rows: Int64s) -> npt.NDArray[Any]:
        return self._sequence[rows]


class _Words:
    """Eight bytes of each id as a number that sorts as they do."""

    def __init__(self, ids: Ids, first_byte: int) -> None:
        self._bytes = ids.view(np.uint8).reshape(ids.size, ids.dtype.itemsize)
        self._slice = slice(first_byte, first_byte + _WORD)

    def __call__(self, rows: Int64s) -> npt.NDArray[Any]:
        found = self._bytes[rows, self._slice]
        padded = np.zeros((rows.size, _WORD), np.uint8)
        padded[:, : found.shape[1]] = found
        return padded.view(">u8")[:, 0].astype(np.uint64)


def _keys(sequence: Int32s, ids: Ids) -> Iterator[_Sequences | _Words]:
    yield _Sequences(sequence)
    in_place = np.ascontiguousarray(ids)
    for first_byte in range(0, ids.dtype.itemsize, _WORD):
        yield _Words(in_place, first_byte)


def _narrowed(
    keys: npt.NDArray[Any], run: Int64s, place: Int64s, rows: Int64s, last: Int64s
) -> tuple[Int64s, Int64s, Int64s]:
    """Keep the rows with the highest key of their run; write down those alone."""
    begins = np.flatnonzero(np.diff(run, prepend=-1))
    highest = np.maximum.reduceat(keys, begins)
    is_highest = keys == np.repeat(highest, np.diff(begins, append=run.size))
    run, place, rows = run[is_highest], place[is_highest], rows[is_highest]
    begins = np.flatnonzero(np.diff(run, prepend=-1))
    lengths = np.diff(begins, append=run.size)
    is_alone = lengths == 1
    last[run[begins[is_alone]]] = place[begins[is_alone]]
    still_open = np.repeat(~is_alone, lengths)
    return run[still_open], place[still_open], rows[still_open]
