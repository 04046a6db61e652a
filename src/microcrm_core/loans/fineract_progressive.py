"""The progressive loan model of Apache Fineract, as a value that events change.

The model starts empty, with the dates of its installments. Each event makes a new one:
money is paid out, the rate changes, interest pauses, principal or interest is paid or
charged back. Events are applied in the order of their value dates, whatever the day on
which they became known; so a schedule is a fold over its events.

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
    >>> from microcrm_core.loans.fineract_events import Disburse
    >>> from microcrm_core.loans.fineract_factors import FactorRule
    >>> from microcrm_core.loans.fineract_progressive import ProgressiveModel
    >>> dates = [dt.date(2024, month, 1) for month in range(1, 8)]
    >>> model = ProgressiveModel.of(
    ...     dates,
    ...     rate=Decimal("0.07"),
    ...     factors=FactorRule(
    ...         day_count=SplitDayCount(
    ...             days_in_year=DaysInYear.DAYS_360, days_in_month=DaysInMonth.DAYS_30
    ...         ),
    ...         frequency=Frequency.MONTHLY,
    ...         start_on=dates[0],
    ...     ),
    ... ).after(Disburse(dates[0], 10_000))
    >>> [row.installment_minor for row in model.rows]
    [1701, 1701, 1701, 1701, 1701, 1700]
    >>> [row.interest_minor for row in model.rows]
    [58, 49, 39, 29, 20, 10]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from functools import partial

import attrs

from microcrm_core.errors import InvalidValueError
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
from microcrm_core.loans.fineract_rows import (
    Rates,
    Row,
    Slice,
    change_balance,
    copy_rows,
    new_rows,
    pause_row,
    row_of_change,
    set_factors,
    settle,
    slice_interest,
)

__all__ = ["ProgressiveModel"]

_DAY = dt.timedelta(days=1)


@attrs.frozen(kw_only=True, eq=False)
class ProgressiveModel:
    """The installments of one loan after some events.

    Attributes:
        rows: The installment periods, in order; they are not to be changed.
        rates: Yearly rates, the latest first.
        factors: How rate factors are computed.
        level: How the level installment is rounded and smoothed.

    Example:
        See `microcrm_core.loans.fineract_progressive`.
    """

    rows: tuple[Row, ...]
    rates: Rates
    factors: FactorRule
    level: LevelRule

    @classmethod
    def of(
        cls,
        dates: Sequence[dt.date],
        *,
        rate: Decimal,
        factors: FactorRule,
        level: LevelRule | None = None,
    ) -> ProgressiveModel:
        """Return the model of a loan of which nothing is paid out yet.

        Args:
            dates: The first day of the loan and every due date.
            rate: Yearly rate.
            factors: How rate factors are computed.
            level: How the level installment is rounded; None: to the minor unit.
        """
        return cls(
            rows=tuple(new_rows(dates)),
            rates=((dt.date.min, rate),),
            factors=factors,
            level=level or LevelRule(numbers=factors.numbers),
        )

    def after(self, *events: ModelEvent) -> ProgressiveModel:
        """Return the model after *events*, in the order given.

        Raises:
            InvalidValueError: An event lies outside the dates of the loan.
        """
        change = _Change(copy_rows(self.rows), self.rates, self.factors, self.level)
        for event in events:
            change.apply(event)
        return attrs.evolve(self, rows=tuple(change.rows), rates=change.rates)

    def interest_to(self, due_on: dt.date, on: dt.date) -> int:
        """Return the interest that the row due on *due_on* has borne up to *on*."""
        return _row_due(self._cut_at(on).rows, due_on).accrued_minor

    def due_on(self, due_on: dt.date, on: dt.date) -> tuple[int, int]:
        """Return principal and interest of the row due on *due_on*, if paid on *on*."""
        change = self._cut_at(on)
        row = _row_due(change.rows, due_on)
        open_count = sum(not row.is_paid for row in change.rows)
        if open_count > 1 and on <= row.start_on:
            row.installment_minor = row.level_minor
            settle(change.rows, self.factors.numbers, with_balances=False)
        return row.principal_minor, row.interest_minor

    def _cut_at(self, on: dt.date) -> _Change:
        # As if the loan stood still from *on* on: no later day bears interest.
        change = _Change(copy_rows(self.rows), self.rates, self.factors, self.level)
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
    raise InvalidValueError("due_on", "must be the due date of an installment", due_on)


@attrs.define(eq=False)
class _Change:
    """A model in the hands of an event."""

    rows: list[Row]
    rates: Rates
    factors: FactorRule
    level: LevelRule

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
        copy = _Change(copy_rows(self.rows), self.rates, self.factors, self.level)
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
            rule = f"must be from {self.rows[0].start_on} to {self.rows[-1].due_on}"
            raise InvalidValueError("on", rule, on)
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
