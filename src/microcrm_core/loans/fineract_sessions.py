"""The progressive loan model of Apache Fineract in the hands of its events.

A session holds the rows of one loan and changes them in place, event by event; a ledger
that applies a hundred of them copies nothing, and of the rows only those are settled
that an event reaches. `fineract_progressive` has the same model as a value.

Quirks that are kept on purpose, each with the words that the documentation uses
(further ones are named in `fineract_factors`, `fineract_rows` and `fineract_level`):

- **As if nothing had been paid**: a further disbursement sets the level installment
  anew from the row in which it falls, on a copy without payments.
- **Due date belongs to the next**: a disbursement, and a rate that becomes valid, on a
  due date set the level installment of the rows after it.
- **Rate from the close before**: a new rate holds from the close of the day before its
  first day, and cuts the row there even if the rate is the same.
- **Pause keeps installments**: during a pause no interest accrues, but installments
  stay as they are; the last one shrinks. The days count in later level installments.
- **Payment corrects a balance**: principal that is paid lowers the balance on the day
  of payment, or on the due date of its row where it came late. Only the last unpaid
  row changes for it.
- **Early and in full**: a later row that is paid before it starts is set to what was
  paid for it.

Example:
    >>> import datetime as dt
    >>> from decimal import Decimal
    >>> from microcrm_core.dates import Frequency
    >>> from microcrm_core.loans import DaysInMonth, DaysInYear, SplitDayCount
    >>> from microcrm_core.loans.fineract_events import Disburse, PayPrincipal
    >>> from microcrm_core.loans.fineract_factors import FactorRule
    >>> from microcrm_core.loans.fineract_level import LevelRule
    >>> from microcrm_core.loans.fineract_numbers import FINERACT_NUMBERS
    >>> from microcrm_core.loans.fineract_rows import new_rows
    >>> from microcrm_core.loans.fineract_sessions import FineractSession
    >>> dates = [dt.date(2024, month, 1) for month in range(1, 8)]
    >>> session = FineractSession(
    ...     rows=new_rows(dates),
    ...     rates=((dt.date.min, Decimal("0.07")),),
    ...     factors=FactorRule(
    ...         day_count=SplitDayCount(
    ...             days_in_year=DaysInYear.DAYS_360, days_in_month=DaysInMonth.DAYS_30
    ...         ),
    ...         frequency=Frequency.MONTHLY,
    ...         start_on=dates[0],
    ...     ),
    ...     level=LevelRule(numbers=FINERACT_NUMBERS),
    ... )
    >>> session.apply(Disburse(dates[0], 10_000))
    >>> session.due_on(dates[1], dt.date(2024, 1, 15))
    (1675, 26)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial

import attrs

from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.fineract_events import (
    ChangeRate,
    CorrectBalance,
    CreditInterest,
    CreditPrincipal,
    Disburse,
    ModelEvent,
    PauseInterest,
    PayInterest,
    PayPrincipal,
)
from microcrm_core.loans.fineract_factors import FactorRule
from microcrm_core.loans.fineract_level import (
    LevelRule,
    close_last,
    last_unpaid,
    set_levels,
    smooth,
)
from microcrm_core.loans.fineract_rows import (
    Rates,
    Row,
    Slice,
    change_row,
    pause_row,
    settle,
)
from microcrm_core.loans.fineract_settled_rows import FactorTable, RowSums, SettledRows
from microcrm_core.loans.fineract_standing import (
    cut_rows,
    draw_interest,
    standing_row,
)

__all__ = ["FineractSession"]

_DAY = dt.timedelta(days=1)


@attrs.define(eq=False)
class FineractSession:
    """The rows of one loan, changed by one event after another.

    Attributes:
        rows: The installment periods, in order; only the session changes them.
        rates: Yearly rates, the latest first.
        factors: How rate factors are computed.
        level: How the level installment is rounded and smoothed.

    Example:
        See `microcrm_core.loans.fineract_sessions`.
    """

    rows: list[Row]
    rates: Rates
    factors: FactorRule
    level: LevelRule
    _settled: SettledRows = attrs.field(init=False)
    _table: FactorTable = attrs.field(init=False)
    _sums: RowSums = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start from rows of which nothing is known."""
        self._settled = SettledRows(rows=self.rows, numbers=self.factors.numbers)
        self._table = FactorTable(self.factors)
        self._forget()

    def copy(self) -> FineractSession:
        """Return a session that can be changed on its own."""
        made = FineractSession.__new__(FineractSession)
        made._settled = self._settled.copy()
        made.rows = made._settled.rows
        made.rates, made.factors, made.level = self.rates, self.factors, self.level
        made._table = self._table
        made._sums = attrs.evolve(self._sums)
        return made

    def apply(self, *events: ModelEvent) -> None:
        """Let events happen in the order given, after the ones before them.

        Raises:
            InvalidValueError: One lies outside the dates of the loan.
        """
        for number, event in enumerate(events, start=1):
            if isinstance(event, CorrectBalance):
                later = events[number] if number < len(events) else None
                is_taken_back = isinstance(later, CorrectBalance)
                self._correct(event, is_settled_later=is_taken_back)
            elif isinstance(event, PayPrincipal):
                self._pay_principal(event)
            elif isinstance(event, PayInterest):
                self._pay_interest(event)
            elif isinstance(event, CreditPrincipal):
                self._credit(event.on, event.amount_minor, 0)
            elif isinstance(event, CreditInterest):
                self._credit(event.on, 0, event.amount_minor)
            elif isinstance(event, Disburse):
                self._disburse(event)
            elif isinstance(event, ChangeRate):
                self._change_rate(event)
            else:
                self._pause(event)

    def set_levels(self, levels_minor: Sequence[int]) -> None:
        """Let each row ask for so much; the last unpaid one takes the difference.

        Raises:
            ValueError: There are more or fewer amounts than rows.
        """
        for row, level_minor in zip(self.rows, levels_minor, strict=True):
            row.level_minor = row.installment_minor = level_minor
        self._settle_anew()
        self._close(self.rows[0].due_on)

    def take_changed(self) -> list[int]:
        """Return which rows may have changed since the last call, in order."""
        changed = sorted(self._settled.changed)
        self._settled.changed.clear()
        return changed

    def interest_to(self, due_on: dt.date, on: dt.date) -> int:
        """Return the interest that the row due on *due_on* has borne up to *on*."""
        index = self._index_due(due_on)
        seen = self._standing_at(index, on, is_asked=False)
        if seen is not None:
            return seen.accrued_minor
        return self._cut_at(on).rows[index].accrued_minor

    @property
    def given_minor(self) -> int:
        """Principal that was paid out or charged back, which rows ask for."""
        return self._sums.lent_minor + self._sums.credited_minor

    def due_on(self, due_on: dt.date, on: dt.date) -> tuple[int, int]:
        """Return principal and interest of the row due on *due_on*, if paid on *on*."""
        index = self._index_due(due_on)
        row = self._standing_at(index, on, is_asked=True)
        if row is None:
            change = self._cut_at(on)
            row = change.rows[index]
            open_count = sum(not each.is_paid for each in change.rows)
            if open_count > 1 and on <= row.start_on:
                row.installment_minor = row.level_minor
                settle(change.rows, self.factors.numbers, with_balances=False)
        return row.principal_minor, row.interest_minor

    # Events.

    def _disburse(self, event: Disburse) -> None:
        is_first = all(row.installment_minor == 0 for row in self.rows)
        index = self._change(event.on, disbursed_minor=event.amount_minor)
        first = self._first_level(index, event.on)
        if is_first:
            self._set_levels(first)
            return
        self._table.set(self.rows[first:], self.rates, has_levels=True)
        self._settle_anew()
        copy = self.copy()
        for row in copy.rows:
            row.paid_principal_minor = row.paid_interest_minor = 0
            row.drawn_interest_minor = 0
            for part in row.slices:
                part.corrected_minor = 0
        copy._settle_anew()
        copy._set_levels(first)
        for row, fresh in zip(self.rows[first:], copy.rows[first:], strict=True):
            row.level_minor = fresh.level_minor
            row.installment_minor = fresh.installment_minor
            row.is_grace = fresh.is_grace
        self._settle_anew()
        self._close(self.rows[first].due_on)

    def _change_rate(self, event: ChangeRate) -> None:
        from_on = event.on - _DAY
        self._require_within(from_on)
        rates = ((from_on, event.rate), *self.rates)
        self.rates = tuple(sorted(rates, key=lambda rate: rate[0], reverse=True))
        index = self._change(from_on)
        self._set_levels(self._first_level(index, from_on))

    def _pause(self, event: PauseInterest) -> None:
        first: int | None = None
        for index, row in enumerate(self.rows):
            if row.start_on < event.last_on and event.on <= row.due_on:
                pause_row(row, event.on, event.last_on)
                first = index if first is None else first
        if first is None:
            return
        self._table.set(self.rows[first:], self.rates, has_levels=True)
        self._settle_anew()
        self._close(self.rows[first].start_on)

    def _pay_interest(self, event: PayInterest) -> None:
        index = self._index_due(event.due_on)
        self.rows[index].paid_interest_minor += event.amount_minor
        self._settled.touch(index)
        self._settled.settle()
        self._close(event.on)

    def _pay_principal(self, event: PayPrincipal) -> None:
        if event.amount_minor == 0:
            return
        index = self._index_due(event.due_on)
        row = self.rows[index]
        on = min(event.on, event.due_on)
        self._require_within(on)
        row.paid_principal_minor += event.amount_minor
        self._sums.paid_minor += event.amount_minor
        self._settled.touch(index)
        self._settle_at(self._change(on, by_minor=-event.amount_minor), on)
        is_early = event.on < row.start_on
        if is_early and sum(not each.is_paid for each in self.rows) > 1:
            asked_minor = row.level_minor + row.credited_minor
            if row.paid_minor > row.asked_minor or row.paid_minor == asked_minor:
                row.installment_minor = row.paid_minor - row.credited_minor
                self._settled.settle_amounts(index)
        self._close(on)

    def _credit(self, on: dt.date, principal_minor: int, interest_minor: int) -> None:
        index = self._change(on, by_minor=principal_minor)
        place, part = self._slice_from(on)
        part.credited_principal_minor += principal_minor
        part.credited_interest_minor += interest_minor
        self._sums.credited_minor += principal_minor
        self._sums.credited_interest_minor += interest_minor
        self._settled.touch(place)
        self._settle_at(index, on)

    def _correct(self, event: CorrectBalance, *, is_settled_later: bool) -> None:
        index = self._change(event.on, by_minor=event.amount_minor)
        # A balance that is higher for a while lets only the last row ask for more, so
        # that what comes of it is the same if another correction follows at once.
        if is_settled_later and event.amount_minor > 0 and self._is_last_open():
            self._table.set([self.rows[index]], self.rates, has_levels=True)
            self._settled.touch(index)
            return
        self._settle_at(index, event.on)

    # What events have in common.

    def _index_due(self, due_on: dt.date) -> int:
        index = self._settled.index_due(due_on)
        if index is None:
            rule = "must be the due date of an installment"
            raise InvalidValueError("due_on", rule, due_on)
        return index

    def _require_within(self, on: dt.date) -> int:
        index = self._settled.index_at(on)
        if index is None:
            rule = f"must be from {self.rows[0].start_on} to {self.rows[-1].due_on}"
            raise InvalidValueError("on", rule, on)
        return index

    def _change(
        self, on: dt.date, *, disbursed_minor: int = 0, by_minor: int = 0
    ) -> int:
        index = self._require_within(on)
        row = self.rows[index]
        change_row(
            row,
            on,
            is_last=index + 1 == len(self.rows),
            disbursed_minor=disbursed_minor,
            by_minor=by_minor,
        )
        if disbursed_minor:
            self._sums.lent_minor += disbursed_minor
            self._sums.last_payout_on = max(self._sums.last_payout_on, on)
        return index

    def _slice_from(self, on: dt.date) -> tuple[int, Slice]:
        # A change has cut the rows here, so that some slice starts on the day.
        found = [
            (index, part)
            for index, row in enumerate(self.rows)
            for part in row.slices
            if part.start_on == on
        ]
        return found[-1]

    def _settle_at(self, index: int, on: dt.date) -> None:
        self._table.set([self.rows[index]], self.rates, has_levels=True)
        self._settled.touch(index)
        self._settled.settle()
        self._close(on)

    def _settle_anew(self) -> None:
        self._settled.forget()
        self._settled.settle()

    def _forget(self) -> None:
        """Take it that any row may have changed in any way."""
        self._settled.forget()
        self._sums = RowSums.of(self.rows)

    def _first_level(self, index: int, on: dt.date) -> int:
        is_due_date = self.rows[index].due_on == on
        return index + 1 if is_due_date and index + 1 < len(self.rows) else index

    def _set_levels(self, first: int) -> None:
        self._table.set(self.rows[first:], self.rates, has_levels=True)
        self._settle_anew()
        set_levels(self.rows, first, self.level)
        self._settle_anew()
        till_on = self.rows[first].due_on
        self._close(till_on)
        smooth(self.rows, first, self.level, partial(self._draw, till_on))
        self._forget()

    # The last unpaid row takes the difference between the whole and the parts.

    def _close(self, till_on: dt.date) -> None:
        is_plain = not self._sums.is_drawn and not self._is_capped()
        index = last_unpaid(self.rows) if is_plain else None
        if index is None or not self._close_at(index, till_on):
            close_last(self.rows, self.level, partial(self._draw, till_on))
            self._forget()

    def _is_capped(self) -> bool:
        """Return whether a row asks for more principal than there is."""
        most_minor = self._sums.open_minor
        for row in self.rows:
            if row.principal_minor - row.paid_principal_minor > most_minor:
                return True
        return False

    def _is_last_open(self) -> bool:
        last = self.rows[-1]
        is_known = not self._sums.is_drawn and self._settled.is_settled_to(
            len(self.rows)
        )
        is_untouched = is_known and not self._sums.is_drawn and not last.paid_minor
        return is_untouched and last_unpaid(self.rows) == len(self.rows) - 1

    def _close_at(self, index: int, till_on: dt.date) -> bool:
        """Let a row take the difference; return whether that was enough."""
        rows, last = self.rows, self.rows[index]
        difference_minor = self._sums.lent_minor - self._sums.credited_interest_minor
        for row in rows:
            difference_minor += row.interest_minor - row.installment_minor
        if index + 1 == len(rows) and not last.paid_principal_minor:
            # Nobody after it takes what its own installment does not cover.
            difference_minor += last.accrued_minor - last.interest_minor
        installment_minor = last.installment_minor + difference_minor
        if installment_minor < last.paid_minor - last.credited_minor:
            return False
        if difference_minor:
            last.installment_minor = installment_minor
            self._settled.settle_amounts(index)
        if any(row.left_interest_minor for row in rows[index + 1 :]):
            self._draw(till_on, rows, last)
            self._forget()
        return True

    def _draw(self, till_on: dt.date, rows: Sequence[Row], last: Row) -> None:
        draw_interest(rows, last, till_on, table=self._table, rates=self.rates)

    # The loan as if it stood still from a day on.

    def _cut_at(self, on: dt.date) -> FineractSession:
        change = self.copy()
        if on < self.rows[-1].due_on:
            cut_rows(change.rows, self._settled.index_at(on), on)
            self._table.set(change.rows, self.rates, has_levels=False)
            change._forget()
            change._settled.settle()
            change._close(on)
        return change

    def _standing_at(self, index: int, on: dt.date, *, is_asked: bool) -> Row | None:
        """Return a row as of a day; None: the whole loan must be cut for that."""
        if on >= self.rows[-1].due_on:
            return self.rows[index]
        current = self._settled.index_at(on)
        if current is None or not self._can_stand(max(index, current), on):
            return None
        return standing_row(
            self.rows,
            index,
            on,
            current=current,
            lent_minor=self._sums.lent_minor,
            is_asked=is_asked,
            numbers=self.factors.numbers,
        )

    def _can_stand(self, index: int, on: dt.date) -> bool:
        """Return whether nothing is odd that a cut might change in earlier rows."""
        is_plain = not (
            self._sums.is_drawn
            or self._sums.credited_minor
            or self._sums.credited_interest_minor
            or on < self._sums.last_payout_on
        )
        if not is_plain or not self._settled.is_settled_to(index):
            return False
        last = last_unpaid(self.rows)
        if last is None or last <= index or self.rows[last].paid_interest_minor:
            return False
        most_minor = self._sums.open_minor
        for row in self.rows:
            if row.installment_minor - row.paid_principal_minor > most_minor:
                return False
        return True
