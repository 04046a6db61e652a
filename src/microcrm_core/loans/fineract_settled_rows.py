"""Rows of Apache Fineract's progressive model, of which only what changed is settled.

`fineract_rows.settle` brings all rows up to date. That is right and slow: a payment
changes one row, and most of the others come out as they were. `SettledRows` remembers
what each row handed to the next, its balance and the interest that it left over. It
settles a changed row and goes on only while these differ. The amounts are the same as
those of `settle`, whatever the order of calls.

Rate factors are computed once for each span of days and rate.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.loans.fineract_numbers import FINERACT_NUMBERS
    >>> from microcrm_core.loans.fineract_rows import new_rows
    >>> from microcrm_core.loans.fineract_settled_rows import SettledRows
    >>> dates = [dt.date(2024, month, 1) for month in range(1, 4)]
    >>> settled = SettledRows(rows=new_rows(dates), numbers=FINERACT_NUMBERS)
    >>> settled.settle()
    >>> settled.is_settled_to(1)
    True
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Self, TypeAlias

import attrs

from microcrm_core.loans.fineract_factors import FactorRule
from microcrm_core.loans.fineract_numbers import ZERO, FineractNumbers
from microcrm_core.loans.fineract_rows import (
    Rates,
    Row,
    copy_rows,
    settle_row,
    slice_interest,
)

__all__ = ["FactorTable", "RowSums", "SettledRows"]

_FactorKey: TypeAlias = "tuple[dt.date, dt.date, dt.date, dt.date | None, Decimal]"
_NOTHING: Final = -1


@attrs.define(eq=False)
class FactorTable:
    """Rate factors of one loan, each computed once.

    Attributes:
        rule: How they are computed.

    Example:
        See `microcrm_core.loans.fineract_settled_rows`.
    """

    rule: FactorRule
    _units: dict[tuple[dt.date, dt.date], Decimal] = attrs.field(
        factory=dict[tuple[dt.date, dt.date], Decimal]
    )
    _known: dict[_FactorKey, Decimal] = attrs.field(factory=dict[_FactorKey, Decimal])

    def set(self, rows: Sequence[Row], rates: Rates, *, has_levels: bool) -> None:
        """Set rate and factors of every slice of *rows*.

        Args:
            rows: The rows.
            rates: Yearly rates, the latest first.
            has_levels: Whether the factors for level installments are wanted too.
        """
        for row in rows:
            for part in row.slices:
                on = part.start_on
                part.rate = next(rate for from_on, rate in rates if from_on <= on)
                part.factor_to_due = self._to_due(row, on, part.rate)
                if has_levels:
                    days = (on, part.end_on)
                    part.factor = self._of_days(row, days, part.rate)

    def _period_units(self, row: Row) -> Decimal:
        period = (row.start_on, row.due_on)
        found = self._units.get(period)
        if found is None:
            found = self.rule.units(period) if self.rule.counts_units else ZERO
            self._units[period] = found
        return found

    def _to_due(self, row: Row, on: dt.date, rate: Decimal) -> Decimal:
        key = (row.start_on, row.due_on, on, None, rate)
        found = self._known.get(key)
        if found is None:
            period, units = (row.start_on, row.due_on), self._period_units(row)
            found = self.rule.for_interest(rate, period, on, units)
            self._known[key] = found
        return found

    def _of_days(
        self, row: Row, days: tuple[dt.date, dt.date], rate: Decimal
    ) -> Decimal:
        units, rule = self._period_units(row), self.rule
        if days[1] == row.due_on and units in (ZERO, rule.frequency.count):
            # Both factors are one where the period counts as many units as agreed.
            return self._to_due(row, days[0], rate)
        key = (row.start_on, row.due_on, *days, rate)
        found = self._known.get(key)
        if found is None:
            found = rule.for_level(rate, (row.start_on, row.due_on), days)
            self._known[key] = found
        return found


@attrs.define(kw_only=True)
class RowSums:
    """What all rows of a loan come to.

    Attributes:
        lent_minor: What was paid out.
        credited_minor: Principal that was charged back.
        credited_interest_minor: Interest that was charged back.
        paid_minor: Principal that was paid.
        last_payout_on: The last day on which something was paid out.
        is_drawn: Whether a row asks for interest of later ones.

    Example:
        See `microcrm_core.loans.fineract_settled_rows`.
    """

    lent_minor: int = 0
    credited_minor: int = 0
    credited_interest_minor: int = 0
    paid_minor: int = 0
    last_payout_on: dt.date = dt.date.min
    is_drawn: bool = False

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """Return the sums of *rows*."""
        sums = cls()
        for row in rows:
            sums.paid_minor += row.paid_principal_minor
            if row.drawn_interest_minor or row.is_interest_drawn:
                sums.is_drawn = True
            for part in row.slices:
                sums.lent_minor += part.disbursed_minor
                sums.credited_minor += part.credited_principal_minor
                sums.credited_interest_minor += part.credited_interest_minor
                if part.disbursed_minor:
                    sums.last_payout_on = max(sums.last_payout_on, part.end_on)
        return sums

    @property
    def open_minor(self) -> int:
        """Principal that is not paid."""
        return self.lent_minor + self.credited_minor - self.paid_minor


@attrs.define(eq=False, kw_only=True)
class SettledRows:
    """The rows of one loan and what is known of them.

    Attributes:
        rows: The installment periods, in order.
        numbers: The digits of the computation.
        changed: Indices of rows that were settled since somebody cleared this.

    Example:
        See `microcrm_core.loans.fineract_settled_rows`.
    """

    rows: list[Row]
    numbers: FineractNumbers
    changed: set[int] = attrs.field(factory=set[int])
    # What a row handed to the next one: its balance, and interest that it left over.
    _balances: list[int] = attrs.field(init=False)
    _lefts: list[int] = attrs.field(init=False)
    # Rows to settle, whether or not what they are handed has changed.
    _touched: set[int] = attrs.field(init=False)
    _due_on: list[dt.date] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start with nothing known."""
        self._due_on = [row.due_on for row in self.rows]
        self.forget()

    def forget(self) -> None:
        """Take it that any row may have changed."""
        count = len(self.rows)
        self._balances = [_NOTHING] * count
        self._lefts = [_NOTHING] * count
        self._touched = set(range(count))
        self.changed.update(self._touched)

    def touch(self, index: int) -> None:
        """Take it that this row has changed."""
        self._touched.add(index)

    def copy(self) -> SettledRows:
        """Return rows that can be changed on their own, with what is known of them."""
        made = SettledRows(rows=copy_rows(self.rows), numbers=self.numbers)
        made._balances = list(self._balances)
        made._lefts = list(self._lefts)
        made._touched = set(self._touched)
        return made

    def is_settled_to(self, index: int) -> bool:
        """Return whether this row and the ones before it are up to date."""
        return not self._touched or min(self._touched) > index

    def index_at(self, on: dt.date) -> int | None:
        """Return the row in which a change on *on* is made.

        A due date belongs to the row that ends on it; the first row has its first day.
        """
        index = bisect_left(self._due_on, on)
        if index == len(self.rows):
            return None
        start_on = self.rows[index].start_on
        return index if start_on < on or (index == 0 and start_on == on) else None

    def index_due(self, due_on: dt.date) -> int | None:
        """Return the row that is due on a day."""
        index = bisect_left(self._due_on, due_on)
        is_found = index < len(self.rows) and self._due_on[index] == due_on
        return index if is_found else None

    def settle(self) -> None:
        """Bring balances, interest and due amounts up to date."""
        rows, numbers, count = self.rows, self.numbers, len(self.rows)
        while self._touched:
            index = min(self._touched)
            before = rows[index - 1] if index else None
            balance_minor = 0 if before is None else before.closing_minor
            if index:
                self._balances[index - 1] = balance_minor
            while index < count:
                row = rows[index]
                is_touched = index in self._touched
                self._touched.discard(index)
                _set_interest(row, balance_minor, numbers, is_changed=is_touched)
                settle_row(row, before, numbers)
                self.changed.add(index)
                balance_minor, left_minor = row.closing_minor, row.left_interest_minor
                if (
                    balance_minor == self._balances[index]
                    and left_minor == self._lefts[index]
                ):
                    break
                self._balances[index] = balance_minor
                self._lefts[index] = left_minor
                before = row
                index += 1

    def settle_amounts(self, index: int) -> None:
        """Bring due amounts up to date from a row on; balances wait for `settle`."""
        rows = self.rows
        before = rows[index - 1] if index else None
        for place in range(index, len(rows)):
            row = rows[place]
            settle_row(row, before, self.numbers)
            self.changed.add(place)
            if row.closing_minor != self._balances[place] and place + 1 < len(rows):
                self._touched.add(place + 1)
            if row.left_interest_minor == self._lefts[place]:
                return
            self._lefts[place] = row.left_interest_minor
            before = row


def _set_interest(
    row: Row, balance_minor: int, numbers: FineractNumbers, *, is_changed: bool
) -> None:
    for part in row.slices:
        opening_minor = balance_minor if balance_minor > 0 else 0
        if is_changed or part.balance_minor != opening_minor:
            part.balance_minor = opening_minor
            part.interest = slice_interest(part, row.due_on, numbers)
        balance_minor = opening_minor + part.disbursed_minor + part.corrected_minor
