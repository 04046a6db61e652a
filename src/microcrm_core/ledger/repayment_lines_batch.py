"""Amounts of many loans end to end, so that one search settles all installments.

The installments of a loan lie end to end on a line, and so do its repayments. Where
money goes to the oldest installment first, a repayment settles what ends where it lies.
All loans lie one after the other on one long line of whole numbers.

Example:
    >>> import numpy as np
    >>> from microcrm_core.ledger.repayment_lines_batch import AmountLine, reached_by
    >>> due = AmountLine.of(np.array([2, 1]), np.array([50, 50, 70]))
    >>> paid = AmountLine.of(np.array([2, 0]), np.array([60, 40]))
    >>> reached_by(due, paid).tolist()
    [0, 1, -1]
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Int64s

__all__ = ["AmountLine", "reached_by"]

_LINE_MAX: Final = 2**61


@attrs.frozen(eq=False)
class AmountLine:
    """Amounts of many loans, end to end within each loan.

    Attributes:
        begin: Where the amounts of each loan begin, and where the last ones end; shape
            (loans + 1,).
        lengths: The amounts, none below zero; shape (amounts,).
        reached: Sum of the amounts of the loan up to and with each; shape (amounts,).
        total: Sum of all amounts of each loan, below 2**62; shape (loans,).

    Example:
        See `microcrm_core.ledger.repayment_lines_batch`.
    """

    begin: Int64s
    lengths: Int64s
    reached: Int64s
    total: Int64s

    @classmethod
    def of(cls, counts: Int64s, lengths: Int64s) -> AmountLine:
        """Return the line of amounts of which each loan has so many."""
        begin = np.zeros(counts.size + 1, np.int64)
        np.cumsum(counts, out=begin[1:])
        # The running sum over all loans may wrap around; the difference of two of
        # its values is right again, because the sum of one loan fits.
        running = np.zeros(lengths.size + 1, np.int64)
        np.cumsum(lengths, out=running[1:])
        before = running[begin[:-1]]
        reached = running[1:] - np.repeat(before, counts)
        return cls(begin, lengths, reached, running[begin[1:]] - before)

    def sums(self, values: Int64s) -> Int64s:
        """Return the sum by loan of values that lie like the amounts."""
        running = np.zeros(values.size + 1, np.int64)
        np.cumsum(values, out=running[1:])
        sums: Int64s = running[self.begin[1:]] - running[self.begin[:-1]]
        return sums


def reached_by(due: AmountLine, paid: AmountLine) -> Int64s:
    """Return the position of the repayment that reached each amount due; -1: none.

    Args:
        due: What is due, by loan.
        paid: What was paid on the same loans.

    Example:
        See `microcrm_core.ledger.repayment_lines_batch`.
    """
    found = np.full(due.lengths.size, -1, np.int64)
    room = np.maximum(due.total, paid.total) + 1
    for first, last in _spans(room):
        dues = slice(int(due.begin[first]), int(due.begin[last]))
        pays = slice(int(paid.begin[first]), int(paid.begin[last]))
        # Each loan has its own stretch of the line, longer than all that it holds.
        base = np.cumsum(room[first:last]) - room[first:last]
        due_counts = np.diff(due.begin[first : last + 1])
        due_at = due.reached[dues] + np.repeat(base, due_counts)
        paid_counts = np.diff(paid.begin[first : last + 1])
        paid_at = paid.reached[pays] + np.repeat(base, paid_counts)
        row = np.searchsorted(paid_at, due_at, side="left") + pays.start
        is_reached = row < np.repeat(paid.begin[first + 1 : last + 1], due_counts)
        found[dues] = np.where(is_reached, row, -1)
    return found


def _spans(room: Int64s) -> Iterator[tuple[int, int]]:
    # Nearly always one span: a sum of 2**61 minor units is a large portfolio.
    span = np.floor(np.cumsum(room.astype(np.float64)) / _LINE_MAX)
    cuts = np.flatnonzero(np.diff(span)) + 1
    edges = [0, *cuts.tolist(), room.size]
    return pairwise(edges)
