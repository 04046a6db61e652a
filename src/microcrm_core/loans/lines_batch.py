"""The interest of whole lines of loans, rounded once, in memory that is used again.

A schedule in columns goes from installment to installment, and at each computes one
line: the interest of a period for some thousand loans. Every amount is a whole number;
the division is exact, and ties are found by the rest. Arrays are written in place, so
that a line stays in the processor's cache. Users call `batch.build_schedules`.

Example:
    >>> import numpy as np
    >>> from microcrm_core.loans.lines_batch import InterestLines, Scratch
    >>> from microcrm_core.rounding import Rounding
    >>> interest = InterestLines(
    ...     weights=(np.array([240_000 * 30]),),
    ...     unit=360_000_000,
    ...     rounding=Rounding.HALF_EVEN,
    ...     scratch=Scratch.of_size(1),
    ... )
    >>> out = np.zeros(1, np.int64)
    >>> interest.write(np.array([100_025]), 0, out=out)
    >>> out.tolist()
    [2000]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Self

import attrs
import numpy as np

from microcrm_core.batch import Bools, Floats, Int64s
from microcrm_core.rounding import Rounding, divide

__all__ = ["LIMIT", "InterestLines", "Scratch", "annuities"]

LIMIT: Final = 2**62
"""No product of a schedule in columns is larger."""

_BALANCE_MAX: Final = 2**60
_BALANCE_BITS: Final = 61
# Wide arithmetic works in pieces of a balance whose products stay within it.
_WIDE_BITS: Final = 61
_WIDE_MAX: Final = 2**57
_EXPONENT_MAX: Final = 700.0
# Below it, one minus a power has no digits left; a guess may be wrong.
_RATE_MIN: Final = 1e-9
# What one unit at the end is worth at the start; floats divide by no less.
_DISCOUNT_MIN: Final = 2.0**-900


@attrs.frozen(kw_only=True, eq=False)
class Scratch:
    """Lines to compute in, used again for every line.

    Attributes:
        numerator: Whole numbers; shape (size,), as all.
        rest: Whole numbers.
        floats: Floats.
        floats_2: Floats.
        flags: Truth values.

    Example:
        >>> from microcrm_core.loans.lines_batch import Scratch
        >>> Scratch.of_size(3).rest.size
        3
    """

    numerator: Int64s
    rest: Int64s
    floats: Floats
    floats_2: Floats
    flags: Bools

    @classmethod
    def of_size(cls, size: int) -> Self:
        """Return lines for *size* loans or fewer."""
        return cls(
            numerator=np.empty(size, np.int64),
            rest=np.empty(size, np.int64),
            floats=np.empty(size),
            floats_2=np.empty(size),
            flags=np.empty(size, np.bool_),
        )


def _largest(interest: InterestLines) -> Int64s:
    first, *others = _distinct(interest.weights)
    largest = first.copy()
    for line in others:
        np.maximum(largest, line, out=largest)
    return largest


@attrs.frozen(kw_only=True, eq=False)
class InterestLines:
    """Interest of a period: balance × weight ÷ unit, rounded once.

    Attributes:
        weights: A line of rate × days for each period, as whole numbers; lines that
            are alike may be one array.
        largest: A weight that is no smaller than any of each loan.
        unit: What the weights are counted in; even.
        first_unit: The same for the first period of each loan, where it differs; None:
            it does not.
        rounding: Where the interest goes that is not whole.
        multiple: Interest is a multiple of so many minor units.
        is_wide: Whether products of balance and weight may leave int64. They are then
            divided in pieces, which takes longer.
        is_positive: Whether no balance is ever below zero; division is faster then.
        scratch: Lines to compute in, as many loans wide or wider.

    Example:
        See `microcrm_core.loans.lines_batch`.
    """

    weights: Sequence[Int64s]
    largest: Int64s = attrs.Factory(_largest, takes_self=True)
    unit: int
    first_unit: Int64s | None = None
    rounding: Rounding
    multiple: int = 1
    is_wide: bool = False
    is_positive: bool = False
    scratch: Scratch

    def limit_minor(self) -> Int64s:
        """Return the largest balance of each loan whose interest can be computed.

        Zero where none can.
        """
        limit = self._limit_of(self.largest, self._divisor(1))
        if self.first_unit is not None:
            first = self._limit_of(self.weights[0], self._divisor(0))
            np.minimum(limit, first, out=limit)
        return limit

    def least_limit_minor(self) -> int:
        """Return a balance that no limit of a loan is below, at little cost."""
        if (
            self.is_wide
            or self.first_unit is not None
            or self._divisor(1) >= LIMIT // 2
        ):
            return 0
        return LIMIT // max(1, int(self.largest.max(initial=1)))

    def growth_max(self) -> float:
        """Return about the most that one unit grows to over all periods."""
        rate = int(self.largest.max(initial=0)) / self.unit
        exponent = (len(self.weights) - 1) * math.log1p(rate)
        if self.first_unit is None:
            exponent += math.log1p(rate)
        else:
            exponent += math.log(float(self.growth(0).max(initial=1.0)))
        # A float overflows before it is too large to be compared with.
        return math.exp(min(exponent, _EXPONENT_MAX))

    def _limit_of(self, weight: Int64s, divisor: Int64s | int) -> Int64s:
        weight = np.maximum(weight, 1)
        if not self.is_wide:
            limit: Int64s = LIMIT // weight
            if not isinstance(divisor, int):
                limit[divisor >= LIMIT // 2] = 0
            elif divisor >= LIMIT // 2:
                limit[:] = 0
            return limit
        # Only the interest itself must stay small.
        factor = np.ceil(weight / divisor * self.multiple)
        limit = np.minimum(_BALANCE_MAX / factor, float(_BALANCE_MAX))
        is_fitting = weight <= _WIDE_MAX - divisor
        return np.where(is_fitting, limit, 0).astype(np.int64)

    def _divisor(self, number: int) -> Int64s | int:
        unit: Int64s | int = self.unit
        if number == 0 and self.first_unit is not None:
            unit = self.first_unit
        if self.multiple == 1:
            return unit
        # Where the product leaves int64, the largest stands for it: no balance has a
        # limit above zero then.
        if isinstance(unit, int):
            return min(unit * self.multiple, LIMIT)
        is_large = unit > LIMIT // self.multiple
        return np.where(is_large, LIMIT, np.where(is_large, 1, unit) * self.multiple)

    @property
    def is_level(self) -> bool:
        """Whether the periods after the first all have one weight for each loan."""
        return all(line is self.weights[-1] for line in self.weights[1:])

    def take(
        self, rows: Int64s | slice, *, is_wide: bool | None = None
    ) -> InterestLines:
        """Return the lines of these loans alone."""
        taken = {id(line): line for line in self.weights}
        taken = {key: line[rows] for key, line in taken.items()}
        return attrs.evolve(
            self,
            weights=[taken[id(line)] for line in self.weights],
            largest=self.largest[rows],
            first_unit=None if self.first_unit is None else self.first_unit[rows],
            is_wide=self.is_wide if is_wide is None else is_wide,
        )

    def write(self, balance: Int64s, number: int, *, out: Int64s) -> None:
        """Write the interest of period *number*, counted from 0, into *out*.

        Balances are zero or more; below zero, what is written is zero or less.
        """
        size = balance.size
        numerator = self.scratch.numerator[:size]
        rest = self.scratch.rest[:size]
        divisor = self._divisor(number)
        weight = self.weights[number]
        if self.is_wide:
            whole = _high_part(balance, weight, divisor, numerator)
        else:
            np.multiply(balance, weight, out=numerator)
            whole = None
        np.add(numerator, self._bias(divisor), out=numerator)
        if self.is_positive and isinstance(divisor, int):
            np.floor_divide(
                numerator.view(np.uint64), np.uint64(divisor), out=out.view(np.uint64)
            )
        else:
            np.floor_divide(numerator, divisor, out=out)
        if self.rounding is Rounding.HALF_EVEN:
            np.multiply(out, divisor, out=rest)
        if whole is not None:
            np.add(out, whole, out=out)
        if self.rounding is Rounding.HALF_EVEN:
            # Half a unit was added, so a tie has come out even, and one too high
            # where that is an odd number.
            is_tie = self.scratch.flags[:size]
            np.equal(numerator, rest, out=is_tie)
            if np.count_nonzero(is_tie):
                ties = np.flatnonzero(is_tie)
                out[ties] &= -2
        if self.multiple > 1:
            np.multiply(out, self.multiple, out=out)

    def growths(self) -> list[Floats]:
        """Return about what one unit grows to in every period; lines may be one."""
        grown = {id(line): 1.0 + line / self.unit for line in _distinct(self.weights)}
        growths = [grown[id(weight)] for weight in self.weights]
        growths[0] = self.growth(0)
        return growths

    def _bias(self, divisor: Int64s | int) -> Int64s | int:
        # What is added before the quotient is cut, so that it comes out rounded.
        match self.rounding:
            case Rounding.HALF_EVEN | Rounding.HALF_UP:
                return divisor // 2
            case Rounding.HALF_DOWN:
                return divisor // 2 - 1
            case Rounding.UP | Rounding.CEILING:
                return divisor - 1
            case Rounding.DOWN | Rounding.FLOOR:
                return 0

    def growth(self, number: int) -> Floats:
        """Return about what one unit grows to in period *number*."""
        weight = self.weights[number]
        if number == 0 and self.first_unit is not None:
            return np.asarray(1.0 + weight / self.first_unit)
        return np.asarray(1.0 + weight / self.unit)

    def exact(self, balance_minor: int, number: int, loan: int) -> int:
        """Return one loan's interest of a period, whatever its size."""
        unit = self._divisor(number)
        divisor = unit if isinstance(unit, int) else int(unit[loan])
        weight = int(self.weights[number][loan])
        return divide(balance_minor * weight, divisor, self.rounding) * self.multiple


def _high_part(
    balance: Int64s, weight: Int64s, divisor: Int64s | int, numerator: Int64s
) -> Int64s:
    """Divide balance × weight by hand, digit by digit, but for the last step.

    Returns the quotient so far; what is still to be divided, below 2**62, is written
    into *numerator*. A digit has as many bits as its products with weight and rest
    leave room for, so this is exact for every balance, whatever its neighbors are.
    """
    largest = int(np.max(divisor)) + int(weight.max(initial=0))
    # What does not fit at all is refused by its limit; its digits mean nothing.
    bits = max(_WIDE_BITS - largest.bit_length(), 1)
    count = -(-_BALANCE_BITS // bits)
    quotient, rest = np.zeros_like(balance), np.zeros_like(balance)
    for place in reversed(range(count)):
        digit = balance >> (bits * place)
        if place < count - 1:
            digit &= (1 << bits) - 1
        np.multiply(digit, weight, out=numerator)
        np.add(numerator, rest << bits, out=numerator)
        if place:
            part = numerator // divisor
            rest = numerator - part * divisor
            quotient = (quotient << bits) + part
    return quotient << bits


def _distinct(lines: Sequence[Int64s]) -> list[Int64s]:
    return list({id(line): line for line in lines}.values())


def annuities(interest: InterestLines) -> tuple[Floats, Floats]:
    """Return about what one unit in every period is worth, at the start and the end.

    Where debts grow beyond all measure, the worth at the end is given as smaller than
    it is, but still as more than any amount of int64.

    Shapes:
        Both are (loans,).

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.lines_batch import InterestLines, Scratch
        >>> from microcrm_core.loans.lines_batch import annuities
        >>> from microcrm_core.rounding import Rounding
        >>> interest = InterestLines(
        ...     weights=[np.zeros(1, np.int64)] * 3,
        ...     unit=360_000_000,
        ...     rounding=Rounding.HALF_EVEN,
        ...     scratch=Scratch.of_size(1),
        ... )
        >>> [value.tolist() for value in annuities(interest)]
        [[3.0], [3.0]]
    """
    count = len(interest.weights)
    first = interest.growth(0)
    np.divide(1.0, first, out=first)
    if count == 1:
        return first, first / first
    if interest.is_level:
        rate = interest.weights[1] / interest.unit
        base = 1.0 + rate
        np.divide(1.0, base, out=base)
        discount = _power(base, count - 1)
        is_free = rate < _RATE_MIN
        rate[is_free] = 1.0
        annuity = 1.0 - discount
        annuity /= rate
        annuity[is_free] = count - 1.0
        annuity += 1.0
        annuity *= first
        discount *= first
        np.maximum(discount, _DISCOUNT_MIN, out=discount)
        return annuity, np.divide(annuity, discount, out=discount)
    discount, annuity = first, first.copy()
    growth = interest.scratch.floats[: first.size]
    part = 1.0 / interest.unit
    for weight in interest.weights[1:]:
        np.multiply(weight, part, out=growth)
        np.add(growth, 1.0, out=growth)
        np.divide(discount, growth, out=discount)
        np.add(annuity, discount, out=annuity)
    return annuity, annuity / np.maximum(discount, _DISCOUNT_MIN)


def _power(base: Floats, exponent: int) -> Floats:
    """Return a whole power, by squaring, which is several times faster.

    The base is overwritten.
    """
    power = np.ones_like(base)
    while exponent:
        if exponent & 1:
            power *= base
        exponent >>= 1
        if exponent:
            np.multiply(base, base, out=base)
    return power
