"""The amount that equal installments come to, defined by a property.

A formula with powers gives a level installment that no minor unit can hold, and two
programs round it in two ways. Here the amount is defined by what it does: it is the
smallest multiple that leaves the last installment no larger than the others. So it
can be checked by computing the schedule twice, and nothing is left to chance. The
same holds for installments in fixed proportions and for equal parts of principal.

Example:
    >>> from microcrm_core.loans.level import smallest
    >>> smallest(lambda value: value * value >= 200, guess=10)
    15
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import inf
from typing import Final, TypeAlias

import attrs

from microcrm_core.loans.conventions import Remainder, ScheduleConventions
from microcrm_core.rounding import divide

__all__ = [
    "Growth",
    "LevelProblem",
    "LevelRow",
    "LevelTargets",
    "equal_part",
    "smallest",
]

Growth: TypeAlias = "tuple[int, int, int]"
"""Interest as (a, b, c): balance × a / c, and b / c for what is paid out later."""

_ONE: Final = Fraction(1)


def smallest(is_enough: Callable[[int], bool], guess: int) -> int:
    """Return the smallest whole number from zero on that is enough.

    Every number above one that is enough must be enough too, and some number must
    be. The search walks away from the guess in growing steps and then halves, so a
    good guess is proved by two questions.

    Example:
        See `microcrm_core.loans.level`.
    """
    # All up to `low` are not enough, `high` is.
    low, high = -1, max(guess, 0)
    step = 1
    if is_enough(high):
        while high - step > low and is_enough(high - step):
            high, step = high - step, 2 * step
        low = max(low, high - step)
    else:
        while True:
            low, high, step = high, high + step, 2 * step
            if is_enough(high):
                break
    while high - low > 1:
        middle = (low + high) // 2
        if is_enough(middle):
            high = middle
        else:
            low = middle
    return high


def equal_part(
    whole_minor: int,
    count: int,
    *,
    conventions: ScheduleConventions,
    least_last_minor: int = 0,
) -> int:
    """Return the equal part of an amount in so many rows, before any remainder.

    Args:
        whole_minor: What all rows pay together.
        count: How many rows there are.
        conventions: Multiple of the parts, and who takes the remainder.
        least_last_minor: What the last row pays even if nothing is left.

    Example:
        >>> import attrs
        >>> from microcrm_core.loans import STRICT, Remainder
        >>> from microcrm_core.loans.level import equal_part
        >>> first = attrs.evolve(STRICT, remainder=Remainder.FIRST)
        >>> equal_part(1000, 3, conventions=STRICT)
        334
        >>> equal_part(1000, 3, conventions=first)
        333
    """
    multiple = conventions.installment_multiple
    floor_minor = whole_minor // (count * multiple) * multiple
    ceiling_minor = -(-whole_minor // (count * multiple)) * multiple
    if conventions.remainder is Remainder.FIRST:
        return floor_minor
    if conventions.remainder is Remainder.LAST:
        return ceiling_minor

    def distance(part_minor: int) -> int:
        last_minor = whole_minor - (count - 1) * part_minor
        return abs(max(last_minor, least_last_minor) - part_minor)

    is_floor = distance(floor_minor) <= distance(ceiling_minor)
    return floor_minor if is_floor else ceiling_minor


@attrs.frozen(kw_only=True)
class LevelRow:
    """One row as it is foreseen when the level amount is made.

    Attributes:
        growth: Its interest, before rounding.
        paid_out_minor: What of a tranche is paid out in its period.
        weight: Its size against the others; None: it repays no principal.
        is_capitalized: Whether its interest is added to the debt instead of paid.

    Example:
        See `LevelProblem`.
    """

    growth: Growth
    paid_out_minor: int
    weight: Fraction | None
    is_capitalized: bool


@attrs.frozen(kw_only=True)
class LevelTargets:
    """What rows are to pay.

    Attributes:
        amounts: Of each row, principal and interest together; None: interest only.
        equal_minor: What each would pay if there were no remainder.
        remainder_row: Position of the row that takes the remainder, where it is the
            first; None: the last takes it.
        level_minor: What a row of weight one pays, of which the others are parts.

    Example:
        See `LevelProblem`.
    """

    amounts: tuple[int | None, ...]
    equal_minor: tuple[int | None, ...]
    remainder_row: int | None
    level_minor: int


@attrs.frozen(kw_only=True)
class LevelProblem:
    """Rows whose amounts are to be made, from some row to the last.

    Attributes:
        balance_minor: Principal at the start.
        carried_minor: Interest that waits to be paid.
        balloon_minor: Principal that is left to the last row on top of its own.
        rows: The rows; the last one pays all that is left.
        conventions: Rounding, multiples, and who takes the remainder.
        is_carried: Whether interest above an installment waits; else it is added
            to the debt.

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.level import LevelProblem, LevelRow
        >>> row = LevelRow(
        ...     growth=(0, 0, 1),
        ...     paid_out_minor=0,
        ...     weight=Fraction(1),
        ...     is_capitalized=False,
        ... )
        >>> problem = LevelProblem(
        ...     balance_minor=1000,
        ...     carried_minor=0,
        ...     balloon_minor=0,
        ...     rows=(row, row, row),
        ...     conventions=STRICT,
        ...     is_carried=False,
        ... )
        >>> problem.targets().amounts
        (334, 334, 334)
    """

    balance_minor: int
    carried_minor: int
    balloon_minor: int
    rows: tuple[LevelRow, ...]
    conventions: ScheduleConventions
    is_carried: bool

    def targets(self) -> LevelTargets:
        """Return what the rows are to pay, with the remainder where the first has it.

        The last amount is what the last row may come to, the balloon apart.
        """
        multiple = self.conventions.installment_multiple

        def is_enough(level: int) -> bool:
            return self._excess_minor(self._amounts(level * multiple)) <= 0

        level = smallest(is_enough, -(-self._guess_minor() // multiple))
        amounts = self._amounts(level * multiple)
        if self.conventions.remainder is Remainder.SMOOTHED and level > 0:
            smaller = self._amounts((level - 1) * multiple)
            above_minor = self._excess_minor(smaller)
            if abs(above_minor) <= abs(self._excess_minor(amounts)):
                level, amounts = level - 1, smaller
        first = next(
            (row for row, amount in enumerate(self.rows) if amount.weight), None
        )
        is_first = self.conventions.remainder is Remainder.FIRST
        if not is_first or first is None or first == len(self.rows) - 1:
            equal_minor = tuple(amounts)
            return LevelTargets(
                amounts=equal_minor,
                equal_minor=equal_minor,
                remainder_row=None,
                level_minor=level * multiple,
            )
        return LevelTargets(
            amounts=tuple(self._first_takes(amounts, first)),
            equal_minor=tuple(amounts),
            remainder_row=first,
            level_minor=level * multiple,
        )

    def _first_takes(self, amounts: list[int | None], first: int) -> list[int | None]:
        multiple = self.conventions.currency_multiple

        def with_first(units: int) -> list[int | None]:
            return [*amounts[:first], units * multiple, *amounts[first + 1 :]]

        def is_enough(units: int) -> bool:
            return self._excess_minor(with_first(units)) <= 0

        own_minor = amounts[first]
        assert own_minor is not None  # the row has a weight
        spare_minor = -self._excess_minor(amounts)
        return with_first(smallest(is_enough, (own_minor - spare_minor) // multiple))

    def _amounts(self, level_minor: int) -> list[int | None]:
        multiple = self.conventions.installment_multiple
        rounding = self.conventions.rounding
        amounts: list[int | None] = []
        for row in self.rows:
            weight = row.weight
            if weight is None or weight == _ONE:
                # The level is a multiple already.
                amounts.append(None if weight is None else level_minor)
                continue
            numerator = weight.numerator * level_minor
            denominator = weight.denominator * multiple
            amounts.append(divide(numerator, denominator, rounding) * multiple)
        return amounts

    def _excess_minor(self, amounts: list[int | None]) -> int:
        """Return by how much the last row is above its amount, the balloon apart."""
        balance, carried = self.balance_minor, self.carried_minor
        balloon, rounding = self.balloon_minor, self.conventions.rounding
        multiple = self.conventions.currency_multiple
        last = len(self.rows) - 1
        for number, (row, amount) in enumerate(zip(self.rows, amounts, strict=True)):
            slope, constant, unit = row.growth
            interest = divide(balance * slope + constant, unit * multiple, rounding)
            interest *= multiple
            balance += row.paid_out_minor
            if number == last:
                assert amount is not None  # the last row has a weight
                return balance + carried + interest - balloon - amount
            if amount is None:
                balance += interest if row.is_capitalized else 0
                continue
            owed = carried + interest
            carried = 0
            if amount >= owed:
                balance -= min(amount - owed, max(balance - balloon, 0))
            elif self.is_carried:
                carried = owed - amount
            else:
                balance += owed - amount
        raise AssertionError("there is a last row")

    def _guess_minor(self) -> int:
        # A float says where to look first; whole numbers decide.
        discount, annuity = 1.0, 0.0
        owed = Fraction(self.balance_minor + self.carried_minor)
        for row in self.rows:
            slope, _, unit = row.growth
            owed += Fraction(discount) * row.paid_out_minor
            if row.weight is not None or row.is_capitalized:
                discount /= 1.0 + slope / unit
            if row.weight is not None:
                annuity += discount * _float(row.weight)
        owed -= Fraction(discount) * self.balloon_minor
        is_finite = 0.0 < annuity < inf
        return int(owed / Fraction(annuity)) + 1 if is_finite else int(owed)


def _float(weight: Fraction) -> float:
    try:
        return float(weight)
    except OverflowError:
        return inf
