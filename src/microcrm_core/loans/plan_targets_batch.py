"""What rows are asked for so that the last one is no larger, for many loans.

The level amount is the smallest multiple that leaves the last row no larger than its
own amount; equal parts of principal are found likewise. Twin of `level`.

Example:
    >>> import numpy as np
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.loans.plan_targets_batch import equal_parts
    >>> equal_parts(np.array([1000]), 3, STRICT).tolist()
    [334]
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s
from microcrm_core.loans.conventions import Remainder, ScheduleConventions
from microcrm_core.loans.lines_batch import LIMIT, InterestLines
from microcrm_core.loans.row_weights_batch import RowWeights
from microcrm_core.loans.search_batch import smallest_enough

__all__ = ["LevelLines", "equal_parts"]

_NEVER: Final = -1


def equal_parts(
    whole_minor: Int64s,
    count: int,
    conventions: ScheduleConventions,
    least_last_minor: Int64s | None = None,
) -> Int64s:
    """Return the equal parts of some amounts; twin of `level.equal_part`.

    Args:
        whole_minor: What all rows pay together.
        count: How many rows there are.
        conventions: Multiple of the parts, and who takes the remainder.
        least_last_minor: What the last row pays even if nothing is left; None: zero.

    Example:
        See `microcrm_core.loans.plan_targets_batch`.
    """
    multiple = conventions.installment_multiple
    step = count * multiple
    floor = whole_minor // step * multiple
    if conventions.remainder is Remainder.FIRST:
        return floor
    ceiling = -(-whole_minor // step) * multiple
    if conventions.remainder is Remainder.LAST:
        return ceiling
    least = np.zeros_like(whole_minor) if least_last_minor is None else least_last_minor

    def distance(part: Int64s) -> Int64s:
        last = np.maximum(whole_minor - (count - 1) * part, least)
        return np.asarray(np.abs(last - part), np.int64)

    return np.where(distance(floor) <= distance(ceiling), floor, ceiling)


@attrs.frozen(kw_only=True, eq=False)
class LevelLines:
    """The level amounts of some loans, and what their rows are asked for.

    Attributes:
        balance_minor: Principal at the start; shape (loans,).
        balloon_minor: Principal that is left to the last row.
        limit_minor: Largest balances whose interest can be computed.
        interest: Interest of each period.
        weights: The size of installments against the others.
        first_paid: Position of the first row that repays principal.
        capitalized_count: First rows whose interest is added to the debt.
        conventions: Rounding, multiples, and who takes the remainder.
        is_carried: Whether interest above an installment waits; else it is added to
            the debt.
        level: Level amounts in multiples, once they are solved.
        first_minor: What the first row that repays pays, where it takes the remainder.
        first_row: Position of that row; `-1`: there is none.
        is_solved: Where the level is proved.

    Example:
        See `plan_kernel_batch`.
    """

    balance_minor: Int64s
    balloon_minor: Int64s
    limit_minor: Int64s
    interest: InterestLines
    weights: RowWeights
    first_paid: int
    capitalized_count: int
    conventions: ScheduleConventions
    is_carried: bool
    level: Int64s = attrs.Factory(
        lambda self: np.zeros_like(self.balance_minor), takes_self=True
    )
    first_minor: Int64s | None = None
    first_row: Int64s | None = None
    is_solved: Bools = attrs.Factory(
        lambda self: np.ones(self.balance_minor.size, np.bool_), takes_self=True
    )

    def solved(self) -> LevelLines:
        """Return the same with levels that are found and proved."""
        cap = np.full_like(self.balance_minor, self.weights.level_max(self._multiple))
        guess = np.clip(self._guess(), 0, cap)

        def is_enough(rows: Int64s, level: Int64s) -> Bools:
            excess, is_over = self._take(rows)._excess(level)
            return np.asarray((excess <= 0) & ~is_over)

        level = smallest_enough(
            is_enough, low=np.full_like(cap, -1), high=cap, guess=guess
        )
        excess, is_over = self._excess(level)
        below, is_below_over = self._excess(level - 1)
        # Where a balance was cut to the limit, an excess is still one.
        is_solved = (excess <= 0) & ~is_over & ((below > 0) | (level == 0))
        if self.conventions.remainder is Remainder.SMOOTHED:
            is_solved &= ~is_below_over | (level == 0)
            is_smaller = (level > 0) & (np.abs(below) <= np.abs(excess))
            level = level - is_smaller
        found = attrs.evolve(self, level=level, is_solved=is_solved)
        if self.conventions.remainder is Remainder.FIRST:
            return found._with_first(-excess)
        return found

    def amount(self, row: int) -> Int64s:
        """Return what a row is asked for, the remainder included."""
        return self._amount(row, self.level, self.first_minor)

    def usual_amount(self, row: int) -> Int64s:
        """Return what a row is asked for if it takes no remainder."""
        return self._amount(row, self.level, None)

    def is_remainder_row(self, row: int) -> Bools | None:
        """Return whether a row takes the remainder; None: none ever does."""
        return None if self.first_row is None else np.asarray(self.first_row == row)

    @property
    def _multiple(self) -> int:
        return self.conventions.installment_multiple

    @property
    def _last(self) -> int:
        return len(self.interest.weights) - 1

    def _take(self, rows: Int64s) -> LevelLines:
        if rows.size == self.balance_minor.size:
            return self
        return attrs.evolve(
            self,
            balance_minor=self.balance_minor[rows],
            balloon_minor=self.balloon_minor[rows],
            limit_minor=self.limit_minor[rows],
            interest=self.interest.take(rows),
            weights=self.weights.take(rows),
            level=self.level[rows],
            first_row=None if self.first_row is None else self.first_row[rows],
            is_solved=self.is_solved[rows],
        )

    def _with_first(self, spare_minor: Int64s) -> LevelLines:
        """Let the first row that repays take what equal amounts leave over."""
        first_row = self._first_weighted()
        first_row = np.where(first_row == self._last, _NEVER, first_row)
        multiple = self.conventions.currency_multiple
        own_minor = np.zeros_like(self.level)
        for row in range(self.first_paid, self._last):
            amount = self._amount(row, self.level, None)
            np.copyto(own_minor, amount, where=first_row == row)
        found = attrs.evolve(self, first_row=first_row)
        own = own_minor // multiple
        guess = np.clip((own_minor - spare_minor) // multiple, 0, own)

        def is_enough(rows: Int64s, units: Int64s) -> Bools:
            part = found._take(rows)
            excess, is_over = part._excess(part.level, units * multiple)
            return np.asarray((excess <= 0) & ~is_over)

        units = smallest_enough(
            is_enough, low=np.full_like(own, -1), high=own, guess=guess
        )
        below, _ = found._excess(self.level, (units - 1) * multiple)
        is_proved = (below > 0) | (units == 0) | (first_row == _NEVER)
        return attrs.evolve(
            found,
            first_minor=units * multiple,
            is_solved=self.is_solved & is_proved,
        )

    def _first_weighted(self) -> Int64s:
        first_row = np.full_like(self.level, self._last)
        for row in reversed(range(self.first_paid, self._last + 1)):
            first_row[~np.asarray(self.weights.is_zero(row)) & (first_row >= 0)] = row
        return first_row

    def _amount(self, row: int, level: Int64s, first_minor: Int64s | None) -> Int64s:
        conventions = self.conventions
        amount = self.weights.amount(row, level, self._multiple, conventions.rounding)
        if first_minor is not None and self.first_row is not None:
            amount = np.where(self.first_row == row, first_minor, amount)
        return amount

    def _excess(
        self, level: Int64s, first_minor: Int64s | None = None
    ) -> tuple[Int64s, Bools]:
        """Return by how much the last row is above its amount, the balloon apart.

        The second array says where a balance was cut to the limit; the excess is then
        a lower bound.
        """
        balance, carried = self.balance_minor, np.zeros_like(level)
        is_over = np.zeros(level.size, np.bool_)
        interest = np.empty_like(balance)
        for row in range(self._last):
            self.interest.write(balance, row, out=interest)
            if row < self.first_paid:
                if row < self.capitalized_count:
                    balance = balance + interest
            else:
                amount = self._amount(row, level, first_minor)
                owed = carried + interest
                above = np.maximum(balance - self.balloon_minor, 0)
                paid = np.minimum(np.maximum(amount - owed, 0), above)
                unpaid = np.maximum(owed - amount, 0)
                balance = balance - paid
                if self.is_carried:
                    carried = unpaid
                else:
                    balance = balance + unpaid
            is_high = (balance > self.limit_minor) | (carried > self.limit_minor)
            if is_high.any():
                is_over |= is_high
                balance = np.minimum(balance, self.limit_minor)
                carried = np.minimum(carried, self.limit_minor)
        self.interest.write(balance, self._last, out=interest)
        amount = self._amount(self._last, level, first_minor)
        excess = balance + carried + interest - self.balloon_minor - amount
        return excess, is_over

    def _guess(self) -> Int64s:
        size = self.balance_minor.size
        discount, annuity = np.ones(size), np.zeros(size)
        for row in range(self._last + 1):
            if row >= self.first_paid or row < self.capitalized_count:
                discount /= self.interest.growth(row)
            if row >= self.first_paid:
                weight = self.weights.numerators[row]
                annuity += discount * weight / self.weights.denominators[row]
        owed = self.balance_minor - discount * self.balloon_minor
        # Weights may be so small that nothing is left of the sum.
        level = owed / np.maximum(annuity, 1e-9) / self._multiple
        return np.ceil(np.minimum(level, float(LIMIT // 4))).astype(np.int64)
