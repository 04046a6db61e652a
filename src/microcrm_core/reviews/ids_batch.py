"""Ids of many rows at once: where one stands, and which stand twice.

Ids are compared by a 64-bit hash first and by their bytes after it, so that a
collision costs time and never a wrong answer.

Example:
    >>> import numpy as np
    >>> from microcrm_core.reviews.ids_batch import IdIndex
    >>> index = IdIndex.of(np.array([b"c-1", b"c-2"]))
    >>> index.find(np.array([b"c-2", b"c-9"])).tolist()
    [1, -1]
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Int64s
from microcrm_core.loans.columns_batch import Ids
from microcrm_core.reviews.values_batch import Words, word_matrix

__all__ = ["IdIndex", "narrow_ids", "repeated_rows"]

# Odd numbers without pattern: the fraction of the golden ratio and of other roots.
_FACTORS: Final = (
    0x9E3779B97F4A7C15,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0xD6E8FEB86659FD93,
    0xA0761D6478BD642F,
    0xE7037ED1A0B428DB,
    0x8EBC6AF09C88C6E3,
    0x589965CC75374CC3,
)
_MIX: Final = np.uint64(0xFF51AFD7ED558CCD)
_SHIFT: Final = np.uint64(32)


@attrs.frozen(eq=False)
class IdIndex:
    """Finds the rows of ids that are all different.

    Attributes:
        words: The bytes of each id.
        hashes: Their hashes, sorted.
        order: The row of each hash.
        run: Most ids that share one hash; nearly always 1.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.reviews.ids_batch import IdIndex
        >>> IdIndex.of(np.array([b"a", b"b"])).find(np.array([b"b"])).tolist()
        [1]
    """

    words: Words
    hashes: Words
    order: Int64s
    run: int

    @classmethod
    def of(cls, ids: Ids) -> IdIndex:
        """Return the index of *ids*."""
        words = word_matrix(ids)
        hashes = _hashes(words)
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        begins = np.flatnonzero(np.diff(hashes, prepend=~hashes[:1]))
        run = int(np.diff(begins, append=hashes.size).max(initial=0))
        return cls(words, hashes, order.astype(np.int64), run)

    def find(self, ids: Ids) -> Int64s:
        """Return the row of each id, -1 where it has none."""
        row = np.full(ids.size, -1, np.int64)
        if self.order.size == 0:
            return row
        words = word_matrix(ids)
        hashes = _hashes(words)
        # Rows of one owner often follow each other: look a hash up once a run.
        is_new = np.ones(hashes.size, np.bool_)
        np.not_equal(hashes[1:], hashes[:-1], out=is_new[1:])
        looked_up = np.searchsorted(self.hashes, hashes[is_new])
        first = looked_up[np.cumsum(is_new) - 1]
        for step in range(self.run):
            at = np.minimum(first + step, self.order.size - 1)
            candidate = self.order[at]
            is_it = self._is_same(words, candidate)
            row[is_it] = candidate[is_it]
        return row

    def _is_same(self, words: Words, row: Int64s) -> np.ndarray[tuple[int], np.dtype]:
        is_same = np.ones(row.size, np.bool_)
        for column in range(max(words.shape[1], self.words.shape[1])):
            mine = self.words[row, column] if column < self.words.shape[1] else 0
            theirs = words[:, column] if column < words.shape[1] else 0
            is_same &= mine == theirs
        return is_same


def repeated_rows(ids: Ids) -> tuple[Int64s, Int64s]:
    """Return the rows whose id stands before them, and the row where it stands first.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.reviews.ids_batch import repeated_rows
        >>> rows, first = repeated_rows(np.array([b"a", b"b", b"a", b"a"]))
        >>> rows.tolist(), first.tolist()
        ([2, 3], [0, 0])
    """
    hashes = _hashes(word_matrix(ids))
    ordered = np.sort(hashes)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    repeats: list[tuple[int, int]] = []
    if twice.size:
        at = np.minimum(np.searchsorted(twice, hashes), twice.size - 1)
        first: dict[bytes, int] = {}
        for row in np.flatnonzero(twice[at] == hashes).tolist():
            earlier = first.setdefault(ids[row], row)
            if earlier != row:
                repeats.append((row, earlier))
    pairs = np.array(repeats, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def narrow_ids(ids: Ids) -> Ids:
    """Return the ids in the narrowest fixed width that holds them.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.reviews.ids_batch import narrow_ids
        >>> narrow_ids(np.array([b"a", b"bc"], dtype="S16")).dtype.itemsize
        2
    """
    words = word_matrix(ids)
    used = np.bitwise_or.reduce(words, axis=0) if ids.size else np.zeros(1, np.uint64)
    width = max(1, len(used.astype("<u8").tobytes().rstrip(b"\0")))
    narrow: Ids = ids.astype(f"S{width}", copy=False)
    return narrow


def _hashes(words: Words) -> Words:
    # Zero words add nothing, so an id has one hash in every width.
    total = np.zeros(words.shape[0], np.uint64)
    for column in range(words.shape[1]):
        mixed = words[:, column] * np.uint64(_FACTORS[column])
        mixed ^= mixed >> _SHIFT
        mixed *= _MIX
        mixed ^= mixed >> _SHIFT
        total += mixed
    return total
