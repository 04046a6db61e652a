"""The rows of the most common loan while it is replayed: columns of whole numbers.

Equal installments that are paid out at once, and that no payment changes: then a row is
a few whole numbers, and a repayment takes what is open in the rows as they fall due.
`PlainColumns` keeps what rows ask for and what of it is open; what was paid follows.

What does not fit is left to a `LedgerBook`, which every result here must equal.

Example:
    >>> from microcrm_core.ledger.plain_columns import PlainColumns
    >>> from microcrm_core.ledger import FEES_INTEREST_PRINCIPAL
    >>> columns = PlainColumns(start_day=0, due=[31, 59])
    >>> columns.ask(0, 10, [500, 500], [20, 10])
    True
    >>> posting = columns.pay(530, 31, FEES_INTEREST_PRINCIPAL)
    >>> posting.credit_minor, posting.parts_minor, columns.left
    (0, [500, 30, 0, 0], [0, 500])
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

import attrs

from microcrm_core.ledger.allocation_orders import AllocationOrder, Bucket, DueState

__all__ = ["PlainCharge", "PlainColumns", "PlainPosting"]

# Looking a member up costs as much as comparing it.
_PAST_DUE: Final = DueState.PAST_DUE
_DUE: Final = DueState.DUE
_IN_ADVANCE: Final = DueState.IN_ADVANCE
_BUCKETS: Final = tuple(Bucket)


# By position, because a replay makes many of them.
@attrs.define(eq=False)
class PlainPosting:
    """What one event came to; `books.Posting` says more.

    Attributes:
        amount_minor: Its amount.
        parts_minor: What of it was principal, interest, fees and penalties.
        credit_minor: What of it became credit.
        parts: Where it went: row, bucket, amount and due state.

    Example:
        See `microcrm_core.ledger.plain_columns`.
    """

    amount_minor: int
    parts_minor: list[int]
    credit_minor: int
    parts: list[tuple[int | None, Bucket, int, DueState]]


# By position, as `PlainPosting`.
@attrs.define(eq=False)
class PlainCharge:
    """What one charge asks for in its row.

    Attributes:
        row: The row.
        bucket: Fees or penalties, as a whole number.
        amount_minor: How much; what was waived of it is a part of it.
        due: The day on which the charge itself is due.
        waived_minor: How much of it is no longer asked for.

    Example:
        See `microcrm_core.ledger.plain_replays`.
    """

    row: int
    bucket: int
    amount_minor: int
    due: int
    waived_minor: int = 0


class PlainColumns:
    """What rows ask for, and what of it is open.

    Days are counted from 1970-01-01; columns by bucket are in the order of `Bucket`.

    Args:
        start_day: From the close of this day the first period runs.
        due: Due days.

    Example:
        See `microcrm_core.ledger.plain_columns`.
    """

    def __init__(self, start_day: int, due: list[int]) -> None:
        """Begin with rows that ask for nothing."""
        count = len(due)
        self.start_day, self.due = start_day, due
        self.charged = [[0] * count for _ in _BUCKETS]
        self.open = [[0] * count for _ in _BUCKETS]
        self.waived = [[0] * count for _ in _BUCKETS]
        self.left = [0] * count
        self.paid_early = [0] * count
        self.paid_late = [0] * count
        self.settled: list[int | None] = [None] * count
        # The first row of which something may be open, and the row after the last one
        # of which something was paid.
        self._first = 0
        self._end = 0

    def ask(
        self, first: int, day: int, principals: list[int], interests: list[int]
    ) -> bool:
        """Let rows from some row on ask for principal and interest.

        Return whether they are rows of this kind: each repays something, and asks for
        no less than was paid of it.

        Args:
            first: The first of these rows.
            day: On which day they change.
            principals: Principal of each.
            interests: Interest of each.
        """
        if min(principals) <= 0:
            return False
        end = max(first, self._end)
        for row in range(first, end):
            wanted = principals[row - first], interests[row - first]
            if not self._ask_paid(row, day, wanted):
                return False
        rest = principals[end - first :]
        self.charged[0][end:], self.open[0][end:] = rest, rest
        rest = interests[end - first :]
        self.charged[1][end:], self.open[1][end:] = rest, rest
        columns = [column[end:] for column in self.open]
        self.left[end:] = [a + b + c + d for a, b, c, d in zip(*columns, strict=True)]
        self._first = min(self._first, first)
        return True

    def _ask_paid(self, row: int, day: int, wanted: tuple[int, int]) -> bool:
        """Let a row ask for amounts of which something may be paid already."""
        has_changed = False
        for bucket, amount_minor in enumerate(wanted):
            change_minor = amount_minor - self.charged[bucket][row]
            if change_minor:
                has_changed = True
                self.charged[bucket][row] = amount_minor
                self.open[bucket][row] += change_minor
                self.left[row] += change_minor
                if self.open[bucket][row] < 0:
                    return False
        if has_changed:
            self.stamp(row, day)
        return True

    def stamp(self, row: int, day: int) -> None:
        """Note that something else than a payment settled a row, or opened it."""
        if self.left[row]:
            self.settled[row] = None
            self._first = min(self._first, row)
        elif self.settled[row] is None:
            self.settled[row] = day

    def add(self, row: int, bucket: int, amount_minor: int, day: int) -> None:
        """Let a row ask for more in one bucket, or for less."""
        self.charged[bucket][row] += amount_minor
        self.open[bucket][row] += amount_minor
        left_minor = self.left[row] + amount_minor
        self.left[row] = left_minor
        if left_minor and row >= self._first:
            self.settled[row] = None
        else:
            self.stamp(row, day)

    def waive(self, row: int, bucket: int, most_minor: int, day: int) -> int:
        """Ask for up to so much less in one bucket; return how much."""
        taken_minor = min(self.open[bucket][row], most_minor)
        self.waived[bucket][row] += taken_minor
        self.open[bucket][row] -= taken_minor
        self.left[row] -= taken_minor
        self.stamp(row, day)
        return taken_minor

    def row_of(self, day: int) -> int | None:
        """Return the row in whose period something is due; None: it is after all."""
        row = bisect_left(self.due, day)
        return row if row < len(self.due) else None

    def pay(self, amount_minor: int, day: int, order: AllocationOrder) -> PlainPosting:
        """Pay rows as they fall due; what no row takes is credit.

        As `waterfall.allocate` for an order that is oldest first.
        """
        past_due, due_now, in_advance = order.indexes
        open_columns, left, due = self.open, self.left, self.due
        sums = [0, 0, 0, 0]
        parts: list[tuple[int | None, Bucket, int, DueState]] = []
        rest = amount_minor
        row, count = self._first, len(due)
        while rest and row < count:
            row_left = left[row]
            if not row_left:
                row += 1
                continue
            due_day = due[row]
            if due_day < day:
                state, buckets = _PAST_DUE, past_due
            elif due_day > day:
                state, buckets = _IN_ADVANCE, in_advance
            else:
                state, buckets = _DUE, due_now
            before = rest
            for bucket in buckets:
                column = open_columns[bucket]
                taken = column[row]
                if not taken:
                    continue
                if taken > rest:
                    taken = rest
                column[row] -= taken
                rest -= taken
                sums[bucket] += taken
                parts.append((row, _BUCKETS[bucket], taken, state))
                if not rest:
                    break
            taken = before - rest
            left[row] = row_left - taken
            if due_day > day:
                self.paid_early[row] += taken
            elif due_day < day:
                self.paid_late[row] += taken
            if row >= self._end:
                self._end = row + 1
            if taken == row_left:
                self.settled[row] = day
                row += 1
        self._first = row
        return PlainPosting(amount_minor, sums, rest, parts)

    def paid(self) -> tuple[tuple[int, ...], ...]:
        """Return what was paid, by bucket."""
        return tuple(
            tuple([a - b - c for a, b, c in zip(asked, open_, waived, strict=True)])
            for asked, open_, waived in zip(
                self.charged, self.open, self.waived, strict=True
            )
        )
