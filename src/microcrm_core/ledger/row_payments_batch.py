"""Events applied to the rows of many loans, all loans at once.

Every loan takes its events in their order, and all loans take a step together: one
step is an event that is begun, or the next row that a payment pays. So the number of
steps is that of the busiest loan, its events and the rows that its payments touch, and
a step costs as much as there are loans with something left to do. `replays_batch` says
which events count, and makes a state of what comes out.

Credit is used as in `charging.reallocate_credit`: a charge that comes while the
customer has credit is paid by the repayments that brought it, oldest first, each on its
own day. All else is paid then, so that nothing but the charge is open.

Example:
    See `microcrm_core.ledger.replays_batch`.
"""

from __future__ import annotations

from typing import Final, Self

import attrs
import numpy as np

from microcrm_core.batch import UNKNOWN, Bools, Int64s
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.happenings import (
    Charged,
    ChargedOff,
    ChargeWaived,
    CreditRefunded,
    Renewed,
    Repaid,
    WrittenOff,
)
from microcrm_core.ledger.log_columns_batch import EVENT_KINDS
from microcrm_core.loans.column_checks_batch import DAY_MIN

__all__ = ["LiveEvents", "RowLedger"]

_REPAID: Final = EVENT_KINDS.index(Repaid)
_RENEWED: Final = EVENT_KINDS.index(Renewed)
_REFUNDED: Final = EVENT_KINDS.index(CreditRefunded)
_CHARGED: Final = EVENT_KINDS.index(Charged)
_WAIVED: Final = EVENT_KINDS.index(ChargeWaived)
_WRITTEN_OFF: Final = EVENT_KINDS.index(WrittenOff)
_CHARGED_OFF: Final = EVENT_KINDS.index(ChargedOff)


@attrs.frozen(kw_only=True, eq=False)
class LiveEvents:
    """The events that count but disbursements, grouped by loan and in order.

    Attributes:
        offsets: Where those of each loan begin, and where the last ones end; shape
            (loans + 1,).
        day: Value day of each; shape (events,), as are the others.
        kind: Position in `EVENT_KINDS`.
        amount_minor: What was paid in, refunded or charged.
        bucket: Bucket of a charge.
        row: Position of the row that asks for a charge.
        due_day: Day on which a charge is due.
        target: Position of the charge that is waived.

    Example:
        See `microcrm_core.ledger.replays_batch`.
    """

    offsets: Int64s
    day: Int64s
    kind: Int64s
    amount_minor: Int64s
    bucket: Int64s
    row: Int64s
    due_day: Int64s
    target: Int64s


@attrs.define(kw_only=True, eq=False)
class RowLedger:
    """The accounts of many rows while events are applied to them.

    Attributes:
        order: Which bucket of a row a payment pays first, second …; each by `DueState`.
        row_begin: Where the rows of each loan begin; shape (loans,), as the next.
        row_end: Where they end.
        is_additional: Whether a row takes charges due after the last due day; shape
            (rows,).
        due_day: Due day of each row; that of an additional row grows with its charges.
        open_minor: What is left to pay; shape (4, rows), by `Bucket`, as the next two.
        charged_minor: What was asked for.
        waived_minor: What is no longer asked for.
        settled_day: Day on which nothing was left; `UNKNOWN`: something is.
        paid_early_minor: What was paid before the due day.
        paid_late_minor: What was paid after the due day.
        parts_minor: What each event gave to each bucket; shape (4, events).
        event_credit_minor: What of each event is credit; below zero where it used
            credit; shape (events,), as the next two.
        event_recovered_minor: What of each event paid for what was given up.
        is_over: Whether more was refunded than there was credit.
        credit_minor: Credit of each loan; shape (loans,), as the next two.
        recovered_minor: What was paid for what was given up.
        is_written_off: Whether nothing is asked for any more.

    Example:
        See `microcrm_core.ledger.replays_batch`.
    """

    order: tuple[tuple[Bucket, ...], ...]
    row_begin: Int64s
    row_end: Int64s
    is_additional: Bools
    due_day: Int64s
    open_minor: Int64s
    charged_minor: Int64s
    waived_minor: Int64s
    settled_day: Int64s
    paid_early_minor: Int64s
    paid_late_minor: Int64s
    parts_minor: Int64s
    event_credit_minor: Int64s
    event_recovered_minor: Int64s
    is_over: Bools
    credit_minor: Int64s
    recovered_minor: Int64s
    is_written_off: Bools
    _events: LiveEvents = attrs.field(alias="events")
    # Of each loan: its event, what is left of that, and the row that comes next.
    _event: Int64s = attrs.field(alias="event")
    _left_minor: Int64s = attrs.field(alias="left_minor")
    _row: Int64s = attrs.field(alias="row")
    # And the first event that may have credit left, what was given up, and whether the
    # loan is a loss already.
    _lender: Int64s = attrs.field(alias="lender")
    _given_up_minor: Int64s = attrs.field(alias="given_up_minor")
    _is_charged_off: Bools = attrs.field(alias="is_charged_off")
    _waived_of_event: Int64s = attrs.field(alias="waived_of_event")

    @classmethod
    def of(
        cls,
        orders: tuple[tuple[Bucket, ...], ...],
        *,
        row_begin: Int64s,
        row_end: Int64s,
        is_additional: Bools,
        due_day: Int64s,
        charged_minor: Int64s,
        events: LiveEvents,
    ) -> Self:
        """Return accounts in which nothing is paid.

        Args:
            orders: In which order a payment pays the buckets of a row, by `DueState`.
            row_begin: Where the rows of each loan begin.
            row_end: Where they end.
            is_additional: Whether a row takes charges due after the last due day.
            due_day: Due day of each row; it may be changed.
            charged_minor: What schedules ask for; it may be changed.
            events: What is to happen.
        """
        # Rows that can ask for nothing in a bucket are not looked at there.
        is_asked: Bools = np.asarray(charged_minor.any(axis=1))
        is_asked[np.unique(events.bucket[events.kind == _CHARGED])] = True
        row_count, event_count = due_day.size, events.day.size
        loan_count = row_begin.size
        return cls(
            order=tuple(
                buckets
                for buckets in zip(*orders, strict=True)
                if is_asked[[*buckets]].any()
            ),
            row_begin=row_begin,
            row_end=row_end,
            is_additional=is_additional,
            due_day=due_day,
            open_minor=charged_minor.copy(),
            charged_minor=charged_minor,
            waived_minor=np.zeros((len(Bucket), row_count), np.int64),
            settled_day=np.full(row_count, UNKNOWN, np.int64),
            paid_early_minor=np.zeros(row_count, np.int64),
            paid_late_minor=np.zeros(row_count, np.int64),
            parts_minor=np.zeros((len(Bucket), event_count), np.int64),
            event_credit_minor=np.zeros(event_count, np.int64),
            event_recovered_minor=np.zeros(event_count, np.int64),
            is_over=np.zeros(event_count, np.bool_),
            credit_minor=np.zeros(loan_count, np.int64),
            recovered_minor=np.zeros(loan_count, np.int64),
            is_written_off=np.zeros(loan_count, np.bool_),
            events=events,
            event=events.offsets[:-1].copy(),
            left_minor=np.zeros(loan_count, np.int64),
            row=row_begin.copy(),
            lender=events.offsets[:-1].copy(),
            given_up_minor=np.zeros(loan_count, np.int64),
            is_charged_off=np.zeros(loan_count, np.bool_),
            waived_of_event=np.zeros(event_count, np.int64),
        )

    def apply_all(self) -> None:
        """Apply all events to the rows of their loans."""
        end = self._events.offsets[1:]
        starting = np.flatnonzero(self._event < end)
        paying = lending = np.zeros(0, np.int64)
        while starting.size or paying.size or lending.size:
            begun_paying, begun_lending, done = self._begin(starting)
            paying = np.concatenate((paying, begun_paying))
            lending = np.concatenate((lending, begun_lending))
            is_paid, is_lent = self._pay_once(paying), self._lend_once(lending)
            done = np.concatenate((done, paying[is_paid], lending[is_lent]))
            paying, lending = paying[~is_paid], lending[~is_lent]
            self._event[done] += 1
            starting = done[self._event[done] < end[done]]
            # Neighbors in memory are read together.
            starting.sort()

    def _begin(self, loans: Int64s) -> tuple[Int64s, Int64s, Int64s]:
        """Begin an event of each loan.

        Return which loans have money left to pay with, which have credit that is to pay
        a charge, and which are done with the event.
        """
        event = self._event[loans]
        kind = self._events.kind[event]
        is_paying = (kind == _REPAID) | (kind == _RENEWED)
        paying = loans[is_paying]
        self._left_minor[paying] = self._events.amount_minor[event[is_paying]]
        if is_paying.all():
            return paying, loans[:0], loans[:0]
        charged = loans[kind == _CHARGED]
        is_lending = self._charge(charged)
        for each, apply in (
            (_REFUNDED, self._refund),
            (_WAIVED, self._waive),
            (_WRITTEN_OFF, self._write_off),
            (_CHARGED_OFF, self._charge_off),
        ):
            chosen = loans[kind == each]
            if chosen.size:
                apply(chosen)
        is_done = ~is_paying
        lending = charged[is_lending]
        is_done[np.searchsorted(loans, lending)] = False
        return paying, lending, loans[is_done]

    # Payments.

    def _pay_once(self, loans: Int64s) -> Bools:
        """Pay the next row of loans with money left; return which have none now."""
        is_over: Bools = self._row[loans] == self.row_end[loans]
        if not is_over.any():
            return self._pay_row(loans)
        self._overpay(loans[is_over])
        is_paid = is_over
        is_paid[~is_over] = self._pay_row(loans[~is_over])
        return is_paid

    def _pay_row(self, loans: Int64s) -> Bools:
        row, before = self._row[loans], self._left_minor[loans]
        event, left = self._event[loans], before
        day = self._events.day[event]
        open_minor = np.zeros(loans.size, np.int64)
        # One line of all buckets, so that each loan may pay another one.
        all_open, all_parts = self.open_minor.reshape(-1), self.parts_minor.reshape(-1)
        for buckets in self.order:
            bucket = self._bucket(buckets, row, day)
            place = row + bucket * self.due_day.size
            asked = all_open[place]
            taken = np.minimum(asked, left)
            asked -= taken
            left = left - taken
            open_minor += asked
            all_open[place] = asked
            all_parts[event + bucket * self._events.day.size] += taken
        self._note_paid(row, before - left, day, open_minor)
        self._left_minor[loans] = left
        self._row[loans] = row + (open_minor == 0)
        is_paid: Bools = left == 0
        return is_paid

    def _bucket(
        self, buckets: tuple[Bucket, ...], row: Int64s, day: Int64s
    ) -> Int64s | int:
        """Return which of the buckets, by due state, is paid in each row on a day."""
        past_due, due, in_advance = (int(bucket) for bucket in buckets)
        if past_due == due == in_advance:
            return due
        due_day = self.due_day[row]
        chosen = np.where(due_day < day, past_due, in_advance)
        return np.where(due_day == day, due, chosen)

    def _overpay(self, loans: Int64s) -> None:
        """Keep what is left as credit, because no row is."""
        left = self._left_minor[loans]
        self.event_credit_minor[self._event[loans]] = left
        self.credit_minor[loans] += left
        self._left_minor[loans] = 0
        self._recover(loans[self.is_written_off[loans]])

    def _note_paid(
        self, row: Int64s, taken: Int64s, day: Int64s, open_minor: Int64s
    ) -> None:
        """Note in rows that something was paid, and what is open after it."""
        # A payment of nothing settles nothing.
        settled = np.where(open_minor == 0, day, UNKNOWN)
        settled = np.where(taken > 0, settled, self.settled_day[row])
        self.settled_day[row] = settled
        due = self.due_day[row]
        self.paid_early_minor[row] += np.where(day < due, taken, 0)
        self.paid_late_minor[row] += np.where(day > due, taken, 0)

    # Charges, and credit that pays them.

    def _charge(self, loans: Int64s) -> Bools:
        """Ask for charges; return which loans have credit to pay them."""
        event, events = self._event[loans], self._events
        row, bucket = events.row[event], events.bucket[event]
        amount, due = events.amount_minor[event], events.due_day[event]
        is_lost = self.is_written_off[loans]
        given_up = np.where(is_lost, amount, 0)
        self.charged_minor[bucket, row] += amount
        self.open_minor[bucket, row] += amount - given_up
        self.waived_minor[bucket, row] += given_up
        self.parts_minor[bucket, event] = amount
        # What is given up is not asked for from the day on which the charge counts.
        effective = np.minimum(events.day[event], due)
        self.settled_day[row] = np.where(is_lost, effective, UNKNOWN)
        latest = np.where(self.is_additional[row], due, DAY_MIN)
        self.due_day[row] = np.maximum(self.due_day[row], latest)
        next_row = self._row[loans]
        self._row[loans] = np.where(is_lost, next_row, np.minimum(next_row, row))
        self._given_up_minor[loans] += given_up
        self._recover(loans[is_lost])
        is_lending: Bools = (self.credit_minor[loans] > 0) & ~is_lost
        self._left_minor[loans] = np.where(is_lending, amount, 0)
        return is_lending

    def _lend_once(self, loans: Int64s) -> Bools:
        """Let the oldest credit of loans pay their charge; return which are done."""
        lender, charge = self._lender[loans], self._event[loans]
        row, bucket = self._events.row[charge], self._events.bucket[charge]
        held = np.maximum(self.event_credit_minor[lender], 0)
        # What was refunded is no longer there, though a repayment brought it.
        held = np.minimum(held, self.credit_minor[loans])
        lent = np.minimum(self._left_minor[loans], held)
        left = self._left_minor[loans] - lent
        self.event_credit_minor[lender] -= lent
        self.credit_minor[loans] -= lent
        self.open_minor[bucket, row] -= lent
        self.parts_minor[bucket, lender] += lent
        self._note_paid(row, lent, self._events.day[lender], left)
        is_done: Bools = (left == 0) | (self.credit_minor[loans] == 0)
        self._left_minor[loans] = np.where(is_done, 0, left)
        # One that has credit left may lend it to the next charge.
        self._lender[loans] += self.event_credit_minor[lender] <= 0
        return is_done

    def _refund(self, loans: Int64s) -> None:
        """Pay credit back."""
        event = self._event[loans]
        amount, held = self._events.amount_minor[event], self.credit_minor[loans]
        self.is_over[event] = amount > held
        self.credit_minor[loans] = held - np.minimum(amount, held)
        self.event_credit_minor[event] = -amount

    # What is no longer asked for.

    def _waive(self, loans: Int64s) -> None:
        """Ask no longer for what is left of charges."""
        event = self._event[loans]
        charge = self._events.target[event]
        row, bucket = self._events.row[charge], self._events.bucket[charge]
        most = self._events.amount_minor[charge] - self._waived_of_event[charge]
        waived = np.minimum(self.open_minor[bucket, row], most)
        self._waived_of_event[charge] += waived
        self.open_minor[bucket, row] -= waived
        self.waived_minor[bucket, row] += waived
        self.parts_minor[bucket, event] = waived
        is_settled = self.open_minor[:, row].sum(axis=0) == 0
        is_settled &= self.settled_day[row] == UNKNOWN
        self.settled_day[row[is_settled]] = self._events.day[event[is_settled]]

    def _write_off(self, loans: Int64s) -> None:
        """Ask for nothing any more; a loan that owes nothing stays as it is."""
        rows, begins = self._rows_of(loans)
        event = self._event[loans]
        waived = self.open_minor[:, rows]
        parts = np.add.reduceat(waived, begins, axis=1)
        self.parts_minor[:, event] = parts
        self.waived_minor[:, rows] += waived
        self.open_minor[:, rows] = 0
        counts = self.row_end[loans] - self.row_begin[loans]
        day = np.repeat(self._events.day[event], counts)
        is_settled: Bools = np.asarray(waived.any(axis=0))
        self.settled_day[rows[is_settled]] = day[is_settled]
        self._row[loans] = self.row_end[loans]
        given_up: Int64s = np.asarray(parts.sum(axis=0))
        self._given_up_minor[loans] += given_up
        self.is_written_off[loans] |= given_up > 0

    def _recover(self, loans: Int64s) -> None:
        """Turn credit into what is recovered, as far as something was given up."""
        if loans.size:
            event = self._event[loans]
            left = self._given_up_minor[loans] - self.recovered_minor[loans]
            used = np.minimum(self.credit_minor[loans], left)
            self.credit_minor[loans] -= used
            self.recovered_minor[loans] += used
            self.event_credit_minor[event] -= used
            self.event_recovered_minor[event] += used

    def _charge_off(self, loans: Int64s) -> None:
        """State what is open when a loan becomes a loss, once."""
        loans = loans[~self._is_charged_off[loans]]
        if loans.size:
            rows, begins = self._rows_of(loans)
            parts = np.add.reduceat(self.open_minor[:, rows], begins, axis=1)
            self.parts_minor[:, self._event[loans]] = parts
            self._is_charged_off[loans] = parts.any(axis=0)

    def _rows_of(self, loans: Int64s) -> tuple[Int64s, Int64s]:
        """Return all rows of loans, and where those of each begin among them."""
        counts = self.row_end[loans] - self.row_begin[loans]
        begins = np.cumsum(counts) - counts
        shift = np.repeat(self.row_begin[loans] - begins, counts)
        return np.arange(shift.size) + shift, begins
