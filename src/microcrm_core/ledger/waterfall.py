"""Where a repayment goes: the waterfall over the rows of a book.

Money flows through the places of an `AllocationOrder`, one after the other, until it is
spent. *Horizontal*: within a due state the oldest row is finished before the next one
gets anything. *Vertical*: within a place one bucket is finished in all rows. Money for
what is not due yet goes to the next row, the last, the running one, or evenly to all.

Rows of which something is open are paid, down payments among them. Before interest or
principal of a row that is not due yet is paid, and after any is paid, the engine is
asked: an early payment may change what the row, or later ones, ask for. Where the
policy says that no payment changes interest, it need not be. What a row asks for only
because of the payment may belong to a place that is passed, so money that is left goes
round again, from the first place on, until a round in which no row takes any.

Example:
    >>> from microcrm_core.ledger.waterfall import shares
    >>> from microcrm_core.rounding import Rounding
    >>> shares(1000, 3, Rounding.HALF_EVEN)
    [333, 333, 334]
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Final

import attrs

from microcrm_core.ids import EventId
from microcrm_core.ledger.allocation_orders import (
    AllocationOrder,
    Bucket,
    DueState,
    InAdvance,
    Processing,
)
from microcrm_core.ledger.books import ChargePart, LedgerBook, Posting
from microcrm_core.ledger.ledger_policies import ChargesInAdvance
from microcrm_core.ledger.row_accounts import RowAccount
from microcrm_core.rounding import Rounding, divide

__all__ = ["allocate", "due_state", "shares"]

_due_on: Final = attrgetter("due_on")
# Looking a member up costs as much as comparing it.
_PAST_DUE: Final = DueState.PAST_DUE
_DUE: Final = DueState.DUE
_IN_ADVANCE: Final = DueState.IN_ADVANCE
_AS_ORDERED: Final = ChargesInAdvance.AS_ORDERED
_PRINCIPAL: Final = Bucket.PRINCIPAL
_INTEREST: Final = Bucket.INTEREST
_NOTHING: Final = [0, 0, 0, 0]
_CHARGES: Final = (Bucket.FEES, Bucket.PENALTIES)
_BUCKETS: Final = tuple(Bucket)


def allocate(
    book: LedgerBook,
    event_id: EventId,
    amount_minor: int,
    on: dt.date,
    order: AllocationOrder,
) -> int:
    """Pay *amount_minor* into the rows of a book; return what no row took.

    The parts are added to the posting of the event, which must be there.

    Args:
        book: The loan.
        event_id: The event that pays.
        amount_minor: How much there is; zero or more.
        on: The day of the payment: what is due before it is past due.
        order: In which order it pays.

    Example:
        See `microcrm_core.ledger.paying`.
    """
    posting = book.postings[event_id]
    is_as_ordered = book.policy.charges_in_advance is _AS_ORDERED
    if order.is_oldest_first and is_as_ordered:
        pay = _pay_oldest_first if book.policy.is_recalculating else _pay_fixed_rows
        return pay(book, posting, amount_minor, on, order)
    flow = _Flow(book, posting, on, order, amount_minor, amount_minor)
    before_minor = -1
    while flow.left_minor and flow.left_minor != before_minor:
        before_minor = flow.left_minor
        for state, buckets in order.steps:
            if flow.left_minor:
                flow.pay_state(state, buckets)
    return flow.left_minor


def due_state(due_on: dt.date, on: dt.date) -> DueState:
    """Return how a due date lies to a day.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger.waterfall import due_state
        >>> due_state(dt.date(2025, 2, 15), dt.date(2025, 2, 14)).value
        'in_advance'
    """
    if due_on > on:
        return _IN_ADVANCE
    return _DUE if due_on == on else _PAST_DUE


def shares(amount_minor: int, count: int, rounding: Rounding) -> list[int]:
    """Return *count* shares of an amount: equal ones, and the last takes the rest.

    A share is rounded once; rounded down where the last would otherwise be below zero.

    Example:
        >>> from microcrm_core.ledger.waterfall import shares
        >>> from microcrm_core.rounding import Rounding
        >>> shares(2, 4, Rounding.HALF_UP)
        [0, 0, 0, 2]
    """
    share = divide(amount_minor, count, rounding)
    last = amount_minor - share * (count - 1)
    if last < 0:
        share = amount_minor // count
        last = amount_minor - share * (count - 1)
    return [*[share] * (count - 1), last]


def _pay_fixed_rows(
    book: LedgerBook,
    posting: Posting,
    amount_minor: int,
    on: dt.date,
    order: AllocationOrder,
) -> int:
    """Pay rows as they fall due, where no payment changes what they ask for.

    The general way, written out for what nearly every lender does: it is where a replay
    spends its time.
    """
    left_minor = amount_minor
    if left_minor <= 0:
        return left_minor
    parts, sums = posting.parts, posting.parts_minor
    # Whole numbers, because indexing with a member takes twice as long.
    past_due, due, in_advance = order.indexes
    for row in book.rows:
        charged, paid = row.charged, row.paid
        # Most rows before the day are settled, and this says so fastest.
        if charged == paid:
            continue
        due_on, waived = row.due_on, row.waived
        if due_on < on:
            state, indexes = _PAST_DUE, past_due
        elif due_on > on:
            state, indexes = _IN_ADVANCE, in_advance
        else:
            state, indexes = _DUE, due
        before_minor = left_minor
        for index in indexes:
            taken_minor = charged[index] - paid[index] - waived[index]
            if taken_minor <= 0:
                continue
            if taken_minor > left_minor:
                taken_minor = left_minor
            paid[index] += taken_minor
            left_minor -= taken_minor
            sums[index] += taken_minor
            parts.append((row, _BUCKETS[index], taken_minor, state))
            if not left_minor:
                break
        if left_minor != before_minor:
            row.note_paid(before_minor - left_minor, on)
            if not left_minor:
                return 0
    return left_minor


def _pay_oldest_first(
    book: LedgerBook,
    posting: Posting,
    amount_minor: int,
    on: dt.date,
    order: AllocationOrder,
) -> int:
    """Pay rows as they fall due, which is the order of their due states.

    The general way, written out for the order that nearly every lender has: it is where
    a replay spends its time.
    """
    left_minor = amount_minor
    engine, parts, sums = book.engine, posting.parts, posting.parts_minor
    # These steps are in the order of the due states.
    (_, past_due), (_, due), (_, in_advance) = order.steps
    for row in book.rows:
        # Most rows before the day are settled, and this says so fastest.
        if row.charged == row.paid:
            continue
        if row.waived != _NOTHING and not row.open_minor:
            continue
        due_on = row.due_on
        is_early = due_on > on
        if is_early:
            state, buckets = _IN_ADVANCE, in_advance
        elif due_on == on:
            state, buckets = _DUE, due
        else:
            state, buckets = _PAST_DUE, past_due
        for bucket in buckets:
            is_of_loan = bucket is _PRINCIPAL or bucket is _INTEREST
            if is_early and is_of_loan:
                engine.before_payment(book, row, on, amount_minor)
            if row.charged[bucket] <= row.paid[bucket]:
                continue
            taken_minor = row.pay(bucket, left_minor, on)
            if not taken_minor:
                continue
            left_minor -= taken_minor
            sums[bucket] += taken_minor
            parts.append((row, bucket, taken_minor, state))
            if is_of_loan:
                engine.after_payment(book, row, bucket, taken_minor, on)
            if not left_minor:
                return 0
        if row.charged != row.paid:
            flow = _Flow(book, posting, on, order, amount_minor, left_minor)
            flow.finish(row, state, buckets)
            left_minor = flow.left_minor
            if not left_minor:
                return 0
    return left_minor


@attrs.define
class _Flow:
    """One repayment on its way through the rows."""

    book: LedgerBook
    posting: Posting
    on: dt.date
    order: AllocationOrder
    whole_minor: int
    left_minor: int

    def pay_state(self, state: DueState, buckets: Sequence[Bucket]) -> None:
        """Pay the rows of one due state."""
        rows = self.book.rows
        if state is DueState.PAST_DUE:
            targets = rows[: bisect_left(rows, self.on, key=_due_on)]
        elif state is DueState.DUE:
            first = bisect_left(rows, self.on, key=_due_on)
            targets = rows[first : bisect_right(rows, self.on, key=_due_on)]
        else:
            targets = rows[bisect_right(rows, self.on, key=_due_on) :]
            if self.order.in_advance is InAdvance.SPREAD:
                self.pay_evenly(targets, state, buckets)
                return
            if self.order.in_advance is not InAdvance.NEXT:
                targets = self.last_first(targets)
        self.pay_in_turn(targets, state, buckets)

    def last_first(self, rows: list[RowAccount]) -> list[RowAccount]:
        """Return rows from the last backward; the running one first, if so ordered."""
        running: list[RowAccount] = []
        if self.order.in_advance is InAdvance.CURRENT_OR_LAST:
            running = [row for row in rows if self.is_running(row)][:1]
        return [*running, *(row for row in reversed(rows) if row not in running)]

    def is_running(self, row: RowAccount) -> bool:
        """Return whether the day lies in the period of a row that is not due yet."""
        is_first = row.from_on == self.on == self.book.first_on
        return row.from_on < self.on or is_first

    def pay_in_turn(
        self, rows: Iterable[RowAccount], state: DueState, buckets: Sequence[Bucket]
    ) -> None:
        """Finish one row before the next one gets anything."""
        for row in rows:
            self.finish(row, state, buckets)
            if not self.left_minor:
                return

    def finish(
        self, row: RowAccount, state: DueState, buckets: Sequence[Bucket]
    ) -> None:
        """Pay a row until nothing of it is open, or nothing can be paid."""
        # Being paid may make the engine ask for more.
        while row.charged != row.paid and row.open_minor:
            if not self.pay_row(row, state, buckets) or not self.left_minor:
                return

    def pay_evenly(
        self, rows: Sequence[RowAccount], state: DueState, buckets: Sequence[Bucket]
    ) -> None:
        """Give each row the same share of what is left, bucket by bucket."""
        is_vertical = self.order.processing is Processing.VERTICAL
        before_minor = -1
        while self.left_minor and self.left_minor != before_minor:
            before_minor = self.left_minor
            targets = [
                row
                for row in rows
                if (row.open_in(buckets[0]) if is_vertical else row.open_minor)
            ]
            if not targets:
                return
            for bucket in buckets:
                rounding = self.book.conventions.rounding
                parts = shares(self.left_minor, len(targets), rounding)
                for row, part_minor in zip(targets, parts, strict=True):
                    self.pay_bucket(row, state, bucket, part_minor)
        # What is too little to be shared, among rows that take nothing, is not lost.
        self.pay_in_turn(rows, state, buckets)

    def pay_row(
        self, row: RowAccount, state: DueState, buckets: Sequence[Bucket]
    ) -> int:
        """Pay the buckets of one row in order; return how much they took."""
        before_minor = self.left_minor
        is_early = state is _IN_ADVANCE
        if is_early and self.book.policy.charges_in_advance is not _AS_ORDERED:
            self.pay_due_charges(row, buckets)
        for bucket in buckets:
            if self.left_minor:
                self.pay_bucket(row, state, bucket, self.left_minor)
        return before_minor - self.left_minor

    def pay_due_charges(self, row: RowAccount, buckets: Sequence[Bucket]) -> None:
        """Pay charges of a row that is not due as far as charges are due by the day."""
        choice = self.book.policy.charges_in_advance
        has_principal = choice is ChargesInAdvance.DUE_ONLY_THEN_PRINCIPAL
        for bucket in buckets:
            most_minor = 0
            if bucket in _CHARGES:
                most_minor = min(self.charges_due_minor(bucket), self.left_minor)
            elif bucket is Bucket.PRINCIPAL and has_principal:
                most_minor = self.left_minor
            if most_minor:
                self.pay_bucket(row, _IN_ADVANCE, bucket, most_minor)

    def charges_due_minor(self, bucket: Bucket) -> int:
        """Return what charges that are due by the day, and not paid, came to."""
        return sum(
            part.amount_minor - part.waived_minor
            for part in self.charge_parts()
            if part.bucket is bucket
            and part.due_on is not None
            and part.due_on <= self.on
            and part.row.open_in(bucket) > 0
        )

    def charge_parts(self) -> Iterator[ChargePart]:
        """Yield what every charge asks for in every row."""
        return (part for parts in self.book.charges.values() for part in parts)

    def pay_bucket(
        self, row: RowAccount, state: DueState, bucket: Bucket, most_minor: int
    ) -> None:
        """Pay up to so much into one bucket of a row."""
        book, on = self.book, self.on
        is_of_loan = bucket is _PRINCIPAL or bucket is _INTEREST
        if is_of_loan and state is _IN_ADVANCE:
            book.engine.before_payment(book, row, on, self.whole_minor)
        # A payment of nothing must not settle a row.
        if most_minor <= 0 or row.charged[bucket] <= row.paid[bucket]:
            return
        taken_minor = row.pay(bucket, most_minor, on)
        if not taken_minor:
            return
        self.left_minor -= taken_minor
        posting = self.posting
        posting.parts_minor[bucket] += taken_minor
        posting.parts.append((row, bucket, taken_minor, state))
        if is_of_loan:
            book.engine.after_payment(book, row, bucket, taken_minor, on)
