"""The rows of Apache Fineract's progressive model, and what is due in each.

A row is an installment period. It is cut into slices wherever its balance, its rate or
a pause changes. Each slice bears interest on its balance; the row rounds the sum once.
What the installment cannot take is left to the next row.

The rows are working objects: a `fineract_sessions.FineractSession` changes them in
place, and a `fineract_progressive.ProgressiveModel` lets one change fresh copies only.

Quirks that are kept on purpose, each with the words that the documentation uses:

- **Way of the interest**: a slice's interest is its balance times the factor *to the
  due date*, divided by the days to it, times the days of the slice, with a rounding
  to digits after each step. The factor of the slice itself is not used.
- **Interest moves on**: interest above the installment is not lost. It adds to the next
  row, rounded.
- **Stale balances**: the balances of rows after a changed installment are brought up to
  date only by the next event.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.loans.fineract_rows import new_rows
    >>> rows = new_rows((dt.date(2024, 1, 1), dt.date(2024, 2, 1)))
    >>> len(rows), rows[0].is_paid
    (1, True)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TypeAlias

import attrs

from microcrm_core.loans.fineract_numbers import ZERO, FineractNumbers

__all__ = [
    "Rates",
    "Row",
    "Slice",
    "change_row",
    "copy_rows",
    "new_rows",
    "pause_row",
    "row_of_change",
    "settle",
    "settle_row",
    "slice_interest",
]

Rates: TypeAlias = "tuple[tuple[dt.date, Decimal], ...]"
"""Yearly rates by the day from whose close they hold, the latest first.

The last one holds from the first day of the calendar.
"""


@attrs.define(eq=False)
class Slice:
    """Days of a row with one balance and one rate.

    Attributes:
        start_on: The slice runs from the close of this day,
        end_on: to the close of this one.
        rate: Yearly rate.
        factor: Rate factor of its days, for the level installment.
        factor_to_due: Rate factor from `start_on` to the due date, for its interest.
        balance_minor: What bears interest.
        interest: Interest in minor units, before rounding.
        disbursed_minor: Paid out at its end.
        corrected_minor: Other change of the balance at its end.
        credited_principal_minor: Principal that was charged back at its start.
        credited_interest_minor: Interest that was charged back at its start.
        is_paused: Whether it bears no interest.

    Example:
        See `microcrm_core.loans.fineract_rows`.
    """

    start_on: dt.date
    end_on: dt.date
    rate: Decimal = ZERO
    factor: Decimal = ZERO
    factor_to_due: Decimal = ZERO
    balance_minor: int = 0
    interest: Decimal = ZERO
    disbursed_minor: int = 0
    corrected_minor: int = 0
    credited_principal_minor: int = 0
    credited_interest_minor: int = 0
    is_paused: bool = False

    @property
    def closing_minor(self) -> int:
        """The balance after what happens at the end of the slice."""
        return self.balance_minor + self.disbursed_minor + self.corrected_minor

    def copy(self) -> Slice:
        """Return a slice that can be changed on its own."""
        return Slice(
            self.start_on,
            self.end_on,
            self.rate,
            self.factor,
            self.factor_to_due,
            self.balance_minor,
            self.interest,
            self.disbursed_minor,
            self.corrected_minor,
            self.credited_principal_minor,
            self.credited_interest_minor,
            self.is_paused,
        )


@attrs.define(eq=False)
class Row:
    """An installment period.

    Attributes:
        start_on: It runs from the close of this day,
        due_on: to the close of this one, on which the installment is due.
        slices: Its parts, in order, without gaps.
        level_minor: The installment as it was set with the others alike.
        installment_minor: The installment itself.
        paid_principal_minor: Principal that was paid for this row.
        paid_interest_minor: Interest that was paid for this row.
        drawn_interest_minor: Interest of later rows that this row asks for.
        is_interest_drawn: Whether an earlier row asks for the interest of this one.
        is_grace: Whether the installment repays no principal by agreement.
        accrued_minor: Interest of the row with what earlier rows left over, rounded.
        interest_minor: Interest that is due.
        principal_minor: Principal that is due.
        left_interest_minor: Interest that is left to the next row.

    Example:
        See `microcrm_core.loans.fineract_rows`.
    """

    start_on: dt.date
    due_on: dt.date
    slices: list[Slice]
    level_minor: int = 0
    installment_minor: int = 0
    paid_principal_minor: int = 0
    paid_interest_minor: int = 0
    drawn_interest_minor: int = 0
    is_interest_drawn: bool = False
    is_grace: bool = False
    accrued_minor: int = 0
    interest_minor: int = 0
    principal_minor: int = 0
    left_interest_minor: int = 0

    @property
    def credited_minor(self) -> int:
        """Principal and interest that were charged back in this row."""
        total = 0
        for part in self.slices:
            total += part.credited_principal_minor + part.credited_interest_minor
        return total

    @property
    def asked_minor(self) -> int:
        """The installment with what it takes beside its level amount."""
        return self.installment_minor + self.credited_minor + self.drawn_interest_minor

    @property
    def paid_minor(self) -> int:
        """All that was paid for this row."""
        return self.paid_principal_minor + self.paid_interest_minor

    @property
    def is_paid(self) -> bool:
        """Whether exactly the installment was paid."""
        return self.asked_minor == self.paid_minor

    @property
    def open_principal_minor(self) -> int:
        """Principal that is due and not yet paid."""
        return max(0, self.principal_minor - self.paid_principal_minor)

    @property
    def disbursed_minor(self) -> int:
        """What was paid out within the row."""
        total = 0
        for part in self.slices:
            total += part.disbursed_minor
        return total

    @property
    def closing_minor(self) -> int:
        """Principal that is left after the installment."""
        if not self.slices:
            return 0
        last = self.slices[-1]
        left = last.closing_minor + self.paid_principal_minor - self.principal_minor
        return max(0, left)

    def copy(self) -> Row:
        """Return a row that can be changed on its own."""
        return Row(
            self.start_on,
            self.due_on,
            [part.copy() for part in self.slices],
            self.level_minor,
            self.installment_minor,
            self.paid_principal_minor,
            self.paid_interest_minor,
            self.drawn_interest_minor,
            self.is_interest_drawn,
            self.is_grace,
            self.accrued_minor,
            self.interest_minor,
            self.principal_minor,
            self.left_interest_minor,
        )


def new_rows(dates: Sequence[dt.date]) -> list[Row]:
    """Return empty rows from each date to the next.

    Example:
        See `microcrm_core.loans.fineract_rows`.
    """
    return [
        Row(start_on, due_on, [Slice(start_on, due_on)])
        for start_on, due_on in pairwise(dates)
    ]


def copy_rows(rows: Sequence[Row]) -> list[Row]:
    """Return rows that can be changed on their own.

    Example:
        See `microcrm_core.loans.fineract_rows`.
    """
    return [row.copy() for row in rows]


def settle(
    rows: Sequence[Row],
    numbers: FineractNumbers,
    *,
    with_balances: bool = True,
    first: int = 0,
    adjust: Callable[[Row], bool] | None = None,
) -> None:
    """Bring interest and due amounts up to date, in order.

    Args:
        rows: All rows of the loan.
        numbers: The digits of the computation.
        with_balances: Whether the balances are brought up to date as well.
        first: Index of the first row that is not up to date.
        adjust: Called with each row once it is up to date; returns whether it has
            changed the installment.

    Example:
        See `microcrm_core.loans.fineract_rows`.
    """
    before = rows[first - 1] if first > 0 else None
    for row in rows[first:]:
        if with_balances:
            balance_minor = 0 if before is None else before.closing_minor
            for part in row.slices:
                part.balance_minor = max(0, balance_minor)
                part.interest = slice_interest(part, row.due_on, numbers)
                balance_minor = part.closing_minor
        settle_row(row, before, numbers)
        if adjust is not None and adjust(row):
            settle_row(row, before, numbers)
        before = row


def slice_interest(part: Slice, due_on: dt.date, numbers: FineractNumbers) -> Decimal:
    """Return the interest of a slice before rounding, in minor units.

    Example:
        See `microcrm_core.loans.fineract_rows`.
    """
    credited = part.credited_interest_minor
    if part.is_paused or not part.factor_to_due or not part.balance_minor:
        return Decimal(credited) if credited else ZERO
    days_to_due = (due_on - part.start_on).days
    interest = numbers.multiply(Decimal(part.balance_minor), part.factor_to_due)
    interest = numbers.divide(interest, Decimal(days_to_due))
    days = (part.end_on - part.start_on).days
    interest = numbers.multiply(interest, Decimal(days))
    if credited:
        interest = numbers.add_rounded(Decimal(credited), interest)
    return max(ZERO, interest)


def settle_row(row: Row, before: Row | None, numbers: FineractNumbers) -> None:
    """Bring the due amounts of a row up to date with the interest of its slices.

    Example:
        See `microcrm_core.loans.fineract_rows`.
    """
    # This is called more often than anything else, so properties are spelled out.
    slices, paid_minor = row.slices, row.paid_principal_minor
    accrued_minor = row.drawn_interest_minor
    asked_minor = row.installment_minor + accrued_minor
    for part in slices:
        asked_minor += part.credited_principal_minor + part.credited_interest_minor
    if slices and not row.is_interest_drawn:
        total = slices[0].interest
        for part in slices[1:]:
            if part.interest:
                total = numbers.add(total, part.interest)
        accrued_minor += numbers.minor(total)
    if before is not None:
        accrued_minor += before.left_interest_minor
    interest_minor = min(accrued_minor, asked_minor)
    if paid_minor > max(0, asked_minor - accrued_minor):
        # More principal was paid than the interest leaves room for, early.
        interest_minor = row.paid_interest_minor
    interest_minor = max(interest_minor, row.paid_interest_minor)
    row.accrued_minor = accrued_minor
    row.interest_minor = interest_minor
    row.principal_minor = max(0, asked_minor - interest_minor, paid_minor)
    row.left_interest_minor = max(0, accrued_minor - interest_minor)


def row_of_change(rows: Sequence[Row], on: dt.date) -> int | None:
    """Return the index of the row in which a change on *on* is made.

    A due date belongs to the row that ends on it; the first row has its first day too.

    Example:
        See `microcrm_core.loans.fineract_rows`.
    """
    for index, row in enumerate(rows):
        is_after = row.start_on < on or (index == 0 and row.start_on == on)
        if is_after and on <= row.due_on:
            return index
    return None


def change_row(
    row: Row,
    on: dt.date,
    *,
    is_last: bool,
    disbursed_minor: int = 0,
    by_minor: int = 0,
) -> None:
    """Cut the row in which *on* lies and change its balance there.

    Example:
        See `microcrm_core.loans.fineract_rows`.
    """
    part = _slice_ending(row, on, is_last=is_last)
    if part is None:
        part = _cut(row, on)
    part.disbursed_minor += disbursed_minor
    part.corrected_minor += by_minor


def _slice_ending(row: Row, on: dt.date, *, is_last: bool) -> Slice | None:
    # What happens on the last due date gets a slice of no days, so that it bears none.
    if is_last and on == row.due_on:
        last = row.slices[-1]
        return last if last.start_on == last.end_on else None
    for part in row.slices:
        if part.end_on == on:
            return part
    return None


def _cut(row: Row, on: dt.date) -> Slice:
    place = 0
    for index, part in enumerate(row.slices):
        if part.start_on < on <= part.end_on:
            place = index
    part = row.slices[place]
    rest = Slice(on, part.end_on, is_paused=part.is_paused)
    part.end_on = on
    row.slices.insert(place + 1, rest)
    return part


def pause_row(row: Row, start_on: dt.date, end_on: dt.date) -> None:
    """Let the days of *row* from *start_on* to *end_on*, both included, bear nothing.

    Quirk **First day of a period**: where the pause begins on the first day that the
    row bears interest for, that day still bears it.

    Example:
        See `microcrm_core.loans.fineract_rows`.
    """
    from_on = start_on - dt.timedelta(days=1)
    if from_on == row.start_on:
        from_on = start_on
    from_on = max(from_on, row.start_on)
    to_on = min(end_on, row.due_on)
    if from_on >= to_on:
        return
    for on in (from_on, to_on):
        if all(on not in (part.start_on, part.end_on) for part in row.slices):
            _cut(row, on)
    kept: list[Slice] = []
    paused: Slice | None = None
    for part in row.slices:
        is_inside = from_on <= part.start_on and part.end_on <= to_on
        if not is_inside or part.start_on == part.end_on:
            kept.append(part)
        elif paused is None:
            paused = part
            part.is_paused = True
            kept.append(part)
        else:
            _join(paused, part)
    row.slices = kept


def _join(part: Slice, later: Slice) -> None:
    part.end_on = later.end_on
    part.disbursed_minor += later.disbursed_minor
    part.corrected_minor += later.corrected_minor
    part.credited_principal_minor += later.credited_principal_minor
    part.credited_interest_minor += later.credited_interest_minor
