"""The progressive model worked out from scratch after every event.

Nothing is remembered and nothing is left out: all rows are settled after each change,
and what a row asks for on a day is found by cutting a copy of the whole loan there. It
is slow and plain, which is what a session that remembers is compared with.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from functools import partial

import attrs

from microcrm_core.loans.fineract_events import (
    ChangeRate,
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
    set_levels,
    smooth,
)
from microcrm_core.loans.fineract_numbers import ZERO
from microcrm_core.loans.fineract_progressive import ProgressiveModel
from microcrm_core.loans.fineract_rows import (
    Rates,
    Row,
    Slice,
    change_row,
    copy_rows,
    pause_row,
    row_of_change,
    settle,
    slice_interest,
)

__all__ = ["PlainModel"]

_DAY = dt.timedelta(days=1)


@attrs.define(eq=False)
class PlainModel:
    """The rows of a loan, all of them settled after each event."""

    rows: list[Row]
    rates: Rates
    factors: FactorRule
    level: LevelRule

    @classmethod
    def of(cls, model: ProgressiveModel) -> PlainModel:
        """Return a copy of an empty model."""
        return cls(copy_rows(model.rows), model.rates, model.factors, model.level)

    def copy(self) -> PlainModel:
        return PlainModel(copy_rows(self.rows), self.rates, self.factors, self.level)

    def interest_to(self, due_on: dt.date, on: dt.date) -> int:
        return _row_due(self._cut_at(on).rows, due_on).accrued_minor

    def due_on(self, due_on: dt.date, on: dt.date) -> tuple[int, int]:
        change = self._cut_at(on)
        row = _row_due(change.rows, due_on)
        open_count = sum(not row.is_paid for row in change.rows)
        if open_count > 1 and on <= row.start_on:
            row.installment_minor = row.level_minor
            settle(change.rows, self.factors.numbers, with_balances=False)
        return row.principal_minor, row.interest_minor

    def apply(self, event: ModelEvent) -> None:
        if isinstance(event, Disburse):
            self._disburse(event)
        elif isinstance(event, ChangeRate):
            self._change_rate(event)
        elif isinstance(event, PauseInterest):
            self._pause(event)
        elif isinstance(event, PayPrincipal):
            self._pay_principal(event)
        elif isinstance(event, PayInterest):
            self._pay_interest(event)
        elif isinstance(event, CreditPrincipal):
            self._credit(event.on, event.amount_minor, 0)
        elif isinstance(event, CreditInterest):
            self._credit(event.on, 0, event.amount_minor)
        else:
            self._correct(event.on, event.amount_minor)

    def close(self, till_on: dt.date) -> None:
        close_last(self.rows, self.level, partial(self._draw, till_on))

    def _disburse(self, event: Disburse) -> None:
        is_first = all(row.installment_minor == 0 for row in self.rows)
        index = self._change(event.on, disbursed_minor=event.amount_minor)
        first = self._first_level(index, event.on)
        if is_first:
            self._set_levels(first)
            return
        set_factors(self.rows[first:], self.factors, self.rates)
        settle(self.rows, self.factors.numbers)
        copy = self.copy()
        for row in copy.rows:
            row.paid_principal_minor = row.paid_interest_minor = 0
            row.drawn_interest_minor = 0
            for part in row.slices:
                part.corrected_minor = 0
        settle(copy.rows, self.factors.numbers)
        copy._set_levels(first)
        for row, fresh in zip(self.rows[first:], copy.rows[first:], strict=True):
            row.level_minor = fresh.level_minor
            row.installment_minor = fresh.installment_minor
            row.is_grace = fresh.is_grace
        settle(self.rows, self.factors.numbers)
        self.close(self.rows[first].due_on)

    def _change_rate(self, event: ChangeRate) -> None:
        from_on = event.on - _DAY
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
        set_factors(self.rows[first:], self.factors, self.rates)
        settle(self.rows, self.factors.numbers)
        self.close(self.rows[first].start_on)

    def _pay_interest(self, event: PayInterest) -> None:
        row = _row_due(self.rows, event.due_on)
        row.paid_interest_minor += event.amount_minor
        settle(self.rows, self.factors.numbers)
        self.close(event.on)

    def _pay_principal(self, event: PayPrincipal) -> None:
        if event.amount_minor == 0:
            return
        row = _row_due(self.rows, event.due_on)
        row.paid_principal_minor += event.amount_minor
        on = min(event.on, event.due_on)
        self._correct(on, -event.amount_minor)
        is_early = event.on < row.start_on
        if is_early and sum(not row.is_paid for row in self.rows) > 1:
            asked_minor = row.level_minor + row.credited_minor
            if row.paid_minor > row.asked_minor or row.paid_minor == asked_minor:
                row.installment_minor = row.paid_minor - row.credited_minor
                settle(self.rows, self.factors.numbers, with_balances=False)
        self.close(on)

    def _credit(self, on: dt.date, principal_minor: int, interest_minor: int) -> None:
        index = self._change(on, by_minor=principal_minor)
        part = self._slice_from(on)
        part.credited_principal_minor += principal_minor
        part.credited_interest_minor += interest_minor
        self._settle_at(index, on)

    def _correct(self, on: dt.date, amount_minor: int) -> None:
        self._settle_at(self._change(on, by_minor=amount_minor), on)

    def _settle_at(self, index: int, on: dt.date) -> None:
        row = self.rows[index]
        set_factors([row], self.factors, self.rates)
        settle(self.rows, self.factors.numbers)
        self.close(on)

    def _slice_from(self, on: dt.date) -> Slice:
        # A change has cut the rows here, so that some slice starts on the day.
        found = [
            part for row in self.rows for part in row.slices if part.start_on == on
        ]
        return found[-1]

    def _change(
        self, on: dt.date, *, disbursed_minor: int = 0, by_minor: int = 0
    ) -> int:
        index = change_balance(
            self.rows, on, disbursed_minor=disbursed_minor, by_minor=by_minor
        )
        if index is None:
            raise LookupError(on)
        return index

    def _first_level(self, index: int, on: dt.date) -> int:
        is_due_date = self.rows[index].due_on == on
        return index + 1 if is_due_date and index + 1 < len(self.rows) else index

    def _set_levels(self, first: int) -> None:
        numbers = self.factors.numbers
        set_factors(self.rows[first:], self.factors, self.rates)
        settle(self.rows, numbers)
        set_levels(self.rows, first, self.level)
        settle(self.rows, numbers)
        till_on = self.rows[first].due_on
        self.close(till_on)
        smooth(self.rows, first, self.level, partial(self._draw, till_on))

    def _draw(self, till_on: dt.date, rows: Sequence[Row], last: Row) -> None:
        # Interest that accrued in rows after the last unpaid one cannot wait for its
        # own row, which is paid: the last unpaid row asks for it.
        # Standing still at a day takes interest away and adds none.
        if not any(row.left_interest_minor for row in rows if row.due_on > last.due_on):
            return
        cut = copy_rows(rows)
        numbers = self.factors.numbers
        current = row_of_change(cut, till_on)
        if current is not None:
            row = cut[current]
            for part in reversed(row.slices):
                is_start = current == 0 and part.start_on == till_on
                if is_start or part.start_on < till_on <= part.end_on:
                    part.end_on = till_on
                    break
        set_factors(cut, self.factors, self.rates)
        for row in cut:
            for part in row.slices:
                if till_on < part.end_on:
                    part.factor_to_due = ZERO
                part.interest = slice_interest(part, row.due_on, numbers)
        settle(cut, numbers, with_balances=False)
        for row in reversed(cut):
            if row.due_on <= last.due_on:
                return
            if row.left_interest_minor > 0:
                last.drawn_interest_minor = row.left_interest_minor
                for later in rows:
                    later.is_interest_drawn = later.due_on > last.due_on
                settle(rows, numbers, with_balances=False)
                return

    def _cut_at(self, on: dt.date) -> PlainModel:
        # As if the loan stood still from *on* on: no later day bears interest.
        change = self.copy()
        if on >= self.rows[-1].due_on:
            return change
        current = row_of_change(change.rows, on)
        for index, row in enumerate(change.rows):
            if row.due_on <= on:
                continue
            if index == current:
                _cut_row_at(row, on, is_first=index == 0)
            elif index == (-1 if current is None else current + 1) and (
                row.slices[0].credited_principal_minor
                or row.slices[0].credited_interest_minor
            ):
                del row.slices[1:]
                row.slices[0].end_on = row.slices[0].start_on
            else:
                row.slices.clear()
        set_factors(change.rows, self.factors, self.rates)
        settle(change.rows, self.factors.numbers)
        change.close(on)
        return change


def _cut_row_at(row: Row, on: dt.date, *, is_first: bool) -> None:
    place = 0
    for index, part in enumerate(row.slices):
        is_start = is_first and index == 0 and part.start_on == on
        if is_start or part.start_on < on <= part.end_on:
            place = index
    part = row.slices[place]
    part.end_on = on
    if place + 1 < len(row.slices):
        later = row.slices[place + 1]
        part.credited_principal_minor += later.credited_principal_minor
        part.credited_interest_minor += later.credited_interest_minor
    del row.slices[place + 1 :]


def _row_due(rows: Sequence[Row], due_on: dt.date) -> Row:
    for row in rows:
        if row.due_on == due_on:
            return row
    raise LookupError(due_on)


def set_factors(rows: Sequence[Row], rule: FactorRule, rates: Rates) -> None:
    """Set rate and factors of every slice of *rows*."""
    for row in rows:
        period = (row.start_on, row.due_on)
        units = rule.units(period) if rule.counts_units else ZERO
        # Both factors are one where the period counts as many units as agreed.
        is_regular = not rule.counts_units or units == rule.frequency.count
        for part in row.slices:
            rate = part.rate = _rate_at(rates, part.start_on)
            to_due = rule.for_interest(rate, period, part.start_on, units)
            part.factor_to_due = to_due
            if is_regular and part.end_on == row.due_on:
                part.factor = to_due
            else:
                days = (part.start_on, part.end_on)
                part.factor = rule.for_level(rate, period, days)


def _rate_at(rates: Rates, on: dt.date) -> Decimal:
    return next(rate for from_on, rate in rates if from_on <= on)


def change_balance(
    rows: Sequence[Row], on: dt.date, *, disbursed_minor: int = 0, by_minor: int = 0
) -> int | None:
    """Cut a row at *on* and change its balance there; return the row's index."""
    index = row_of_change(rows, on)
    if index is None:
        return None
    change_row(
        rows[index],
        on,
        is_last=index + 1 == len(rows),
        disbursed_minor=disbursed_minor,
        by_minor=by_minor,
    )
    return index
