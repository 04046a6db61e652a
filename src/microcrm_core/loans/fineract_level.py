"""The level installment of Apache Fineract, who takes the rest, and smoothing.

Quirks that are kept on purpose, each with the words that the documentation uses:

- **Nested sums**: the level installment is the product of all growth factors times the
  balance, divided by one plus the nested products of the later ones. Algebra says that
  it equals the annuity formula; the digits that are lost do not.
- **Last takes the difference**: the last unpaid installment is what was paid out and
  all interest, less all other installments. So it may be larger than the others.
- **Smoothing**: if it differs from the one before by more cents than half the number of
  installments, rounded down, the level amount moves by the difference divided by that
  number, and what comes of it is kept if the difference is smaller; at most three
  times. A *cent* is a hundredth of the currency unit, whatever its minor unit is.
  Where due dates were moved one by one, nothing is smoothed.
- **Nothing paid is paid**: a row of zero with nothing paid counts as paid. A loan so
  small that its level amount rounds to zero is due in its last row.

Two things are not kept. An installment that is too small for its interest leaves the
rest to the next row; where the last one is too small as well, the engine's formula may
leave interest over, and here the last one takes all of it. And where the level amount
of a few minor units rounds to zero after a further disbursement, the last installment
above zero may be due before that disbursement; the difference then goes to the last
row of the loan, so that nobody repays what is not yet paid out.

Example:
    >>> from microcrm_core.loans.fineract_numbers import FINERACT_NUMBERS
    >>> from microcrm_core.loans.fineract_level import LevelRule
    >>> LevelRule(numbers=FINERACT_NUMBERS, installment_multiple=100).rounded(8505)
    8500
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, TypeAlias

import attrs

from microcrm_core.checks import kind_field, whole_number_field
from microcrm_core.loans.fineract_numbers import ONE, FineractNumbers
from microcrm_core.loans.fineract_rows import Row, copy_rows, settle
from microcrm_core.rounding import round_to_multiple

__all__ = ["LevelRule", "close_last", "last_unpaid", "set_levels", "smooth"]

_SMOOTHINGS_MAX: Final = 3

DrawInterest: TypeAlias = Callable[[Sequence[Row], Row], None]
"""Lets the last unpaid row ask for the interest of paid rows after it."""


@attrs.frozen(kw_only=True)
class LevelRule:
    """How the level installment is rounded and smoothed.

    Attributes:
        numbers: The digits of the computation.
        installment_multiple: It is a multiple of so many minor units.
        unit_minor: Minor units of one unit of the currency.
        grace_count: First installments that repay no principal.
        is_smoothed: Whether the level amount moves towards the last installment.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        See `microcrm_core.loans.fineract_level`.
    """

    numbers: FineractNumbers = attrs.field(validator=kind_field(FineractNumbers))
    installment_multiple: int = attrs.field(
        default=1, validator=whole_number_field(at_least=1)
    )
    unit_minor: int = attrs.field(default=100, validator=whole_number_field(at_least=1))
    grace_count: int = attrs.field(default=0, validator=whole_number_field(at_least=0))
    is_smoothed: bool = attrs.field(default=True, validator=kind_field(bool))

    def rounded(self, amount_minor: int) -> int:
        """Return the amount as a multiple; itself where that would be zero."""
        if self.installment_multiple == 1:
            return amount_minor
        rounding = self.numbers.rounding
        rounded = round_to_multiple(amount_minor, self.installment_multiple, rounding)
        return rounded or amount_minor

    def amount_minor(self, rows: Sequence[Row], balance_minor: int) -> int:
        """Return the level installment that repays the balance in *rows*."""
        numbers = self.numbers
        product, nested = ONE, ONE
        for index, row in enumerate(rows):
            growth = ONE
            for part in row.slices:
                growth = numbers.add(growth, part.factor)
            product = numbers.multiply(product, growth)
            if index > 0:
                nested = numbers.add_rounded(ONE, numbers.multiply(nested, growth))
        amount = numbers.multiply(product, Decimal(balance_minor))
        return self.rounded(numbers.minor(numbers.divide(amount, nested)))


def set_levels(rows: Sequence[Row], first: int, rule: LevelRule) -> None:
    """Set level installments from the row *first* on, the ones of grace included.

    Example:
        See `microcrm_core.loans.fineract_level`.
    """
    _set_level(rows, first, rule)
    if not rule.grace_count:
        return
    for row in rows:
        row.is_grace = False
    for row in rows[: min(first, rule.grace_count)]:
        row.is_grace = row.principal_minor == 0
    for row in rows[first : rule.grace_count]:
        row.is_grace = True
    from_on = rows[first].start_on

    def pay_interest(row: Row) -> bool:
        is_new = row.is_grace and row.start_on >= from_on
        if is_new:
            row.level_minor = row.installment_minor = row.accrued_minor
        return is_new

    settle(rows, rule.numbers, adjust=pay_interest)
    if rule.grace_count < len(rows):
        _set_level(rows, max(first, rule.grace_count), rule)


def _set_level(rows: Sequence[Row], first: int, rule: LevelRule) -> None:
    balance_minor = rows[first].disbursed_minor
    if first > 0:
        balance_minor += rows[first - 1].closing_minor
    level_minor = rule.amount_minor(rows[first:], balance_minor)
    for row in rows[first:]:
        if level_minor >= row.paid_minor:
            row.level_minor = row.installment_minor = level_minor
    settle(rows, rule.numbers, with_balances=False)


def close_last(rows: Sequence[Row], rule: LevelRule, draw: DrawInterest) -> None:
    """Let the last unpaid row take the difference between the whole and the parts.

    Example:
        See `microcrm_core.loans.fineract_level`.
    """
    _cap_installments(rows, rule)
    index = last_unpaid(rows)
    while index is not None:
        last = rows[index]
        _draw_nothing(rows, last, rule)
        last.installment_minor += _difference_minor(rows, last)
        least_minor = last.paid_minor - last.credited_minor
        is_enough = last.installment_minor >= least_minor
        if not is_enough:
            last.installment_minor = least_minor
        settle(rows, rule.numbers, with_balances=False, first=index)
        if is_enough:
            draw(rows, last)
            return
        # Others ask for more than there is, so that an earlier row asks for less.
        index = _last_unpaid(rows, index)


def last_unpaid(rows: Sequence[Row]) -> int | None:
    """Return the index of the row that takes the difference; None: all are paid.

    Example:
        See `microcrm_core.loans.fineract_level`.
    """
    index = _last_unpaid(rows, len(rows))
    if index is not None and _is_before_payout(rows, index):
        return len(rows) - 1
    return index


def _draw_nothing(rows: Sequence[Row], last: Row, rule: LevelRule) -> None:
    # Rows that were paid with drawn interest keep it.
    is_drawn = last.drawn_interest_minor > 0
    last.drawn_interest_minor = 0
    for row in rows:
        is_drawn = is_drawn or row.is_interest_drawn
        row.is_interest_drawn = False
    if is_drawn:
        settle(rows, rule.numbers, with_balances=False)


def _difference_minor(rows: Sequence[Row], last: Row) -> int:
    difference_minor = 0
    if last is rows[-1] and not last.paid_principal_minor:
        # Its own installment may not cover what other rows left over; nobody else will.
        difference_minor = last.accrued_minor - last.interest_minor
    for row in rows:
        difference_minor += row.interest_minor - row.asked_minor
        for part in row.slices:
            difference_minor += part.disbursed_minor + part.credited_principal_minor
    return difference_minor


def _cap_installments(rows: Sequence[Row], rule: LevelRule) -> None:
    # Principal that was paid at the end of the loan leaves less for the rows before.
    open_minor = 0
    for row in rows:
        open_minor -= row.paid_principal_minor
        for part in row.slices:
            open_minor += part.disbursed_minor + part.credited_principal_minor

    def cap(row: Row) -> bool:
        excess_minor = row.open_principal_minor - open_minor
        if excess_minor <= 0:
            return False
        least_minor = max(0, row.paid_minor - row.credited_minor)
        row.installment_minor = max(least_minor, row.installment_minor - excess_minor)
        return True

    settle(rows, rule.numbers, with_balances=False, adjust=cap)


def _last_unpaid(rows: Sequence[Row], end: int) -> int | None:
    for index in range(end - 1, -1, -1):
        if not rows[index].is_paid:
            return index
    if end < len(rows) or any(row.paid_principal_minor for row in rows):
        return None
    last = rows[-1]
    return end - 1 if last.slices and last.closing_minor > 0 else None


def _is_before_payout(rows: Sequence[Row], index: int) -> bool:
    # Nobody can repay what is not yet paid out: a payout on a due date comes after
    # its installment. Rows that were really paid stay as they are.
    if any(row.paid_minor for row in rows[index + 1 :]):
        return False
    due_on = rows[index].due_on
    return any(
        part.disbursed_minor and part.end_on >= due_on
        for row in rows[index:]
        for part in row.slices
    )


def smooth(
    rows: Sequence[Row], first: int, rule: LevelRule, draw: DrawInterest
) -> None:
    """Move the level amount until the last installment is close to it.

    Example:
        See `microcrm_core.loans.fineract_level`.
    """
    tried: list[Row] | None = None
    for _ in range(_SMOOTHINGS_MAX if rule.is_smoothed else 0):
        level_minor, difference_minor = _last_step(rows[first:])
        if not _is_far(rows[first:], difference_minor, rule):
            return
        skipped = sum(
            row.is_grace or level_minor < row.paid_minor for row in rows[first:]
        )
        count = max(1, len(rows) - first - skipped)
        step_minor = rule.numbers.divided_minor(difference_minor, count)
        moved_minor = rule.rounded(level_minor + step_minor)
        if moved_minor == level_minor:
            return
        if tried is None:
            tried = copy_rows(rows)
        for row in tried[first:]:
            if not row.is_grace and moved_minor >= row.paid_minor:
                row.level_minor = row.installment_minor = moved_minor
        settle(tried, rule.numbers)
        close_last(tried, rule, draw)
        if abs(_last_step(tried)[1]) >= abs(difference_minor):
            return
        for row, moved in zip(rows[first:], tried[first:], strict=True):
            if not row.is_grace:
                row.level_minor = row.installment_minor = moved.installment_minor
        settle(rows, rule.numbers)


def _last_step(rows: Sequence[Row]) -> tuple[int, int]:
    # The last two unpaid rows in a row: the amount before, and how far the last is.
    for before, last in zip(reversed(rows[:-1]), reversed(rows), strict=False):
        is_open = not (before.is_paid or last.is_paid)
        if is_open and not (before.is_grace or last.is_grace):
            step_minor = last.installment_minor - before.installment_minor
            return before.installment_minor, step_minor
    return rows[0].installment_minor, 0


def _is_far(rows: Sequence[Row], difference_minor: int, rule: LevelRule) -> bool:
    graces = sum(row.is_grace for row in rows)
    half = (len(rows) - graces) // 2
    # The engine multiplies the amount by 100 and compares with so many whole units.
    return half > 0 and abs(difference_minor) * 100 > half * rule.unit_minor
