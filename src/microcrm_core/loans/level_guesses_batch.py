"""Level installments of many loans, guessed by floats and proved by whole numbers.

The level installment is the least amount that repays a loan. A float finds it nearly
always; that one unit less is not enough has to be proved, and mostly follows from how
little roundings can move. `kernel_batch` writes the schedules, which prove the rest.

Example:
    See `LevelGuess`.
"""

from __future__ import annotations

import math
from typing import Final, Self

import attrs
import numpy as np

from microcrm_core.batch import Bools, Floats, Int64s
from microcrm_core.loans.lines_batch import InterestLines, annuities
from microcrm_core.rounding import Rounding

__all__ = ["LevelGuess"]

_LEVEL_MAX: Final = 2**62
# Amounts up to this leave a float binary places enough for a proof.
_PROOF_MAX: Final = 2.0**43
# Over the square root of the periods: which part of their roundings, all of one sign
# and one unit each, is left, mostly. Half a unit at most, evenly spread, are 0.29.
_MARGIN: Final = 1.1
# Several times the largest error of one operation on floats.
_FLOAT_STEP: Final = 2.0**-50
_DOUBT_MAX: Final = 0.25
_HALVES: Final = (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_DOWN)


@attrs.frozen(kw_only=True, eq=False)
class LevelGuess:
    """Levels that are nearly always right, or one off; arrays of shape (loans,).

    Attributes:
        level_minor: The levels.
        is_least: Where one unit less is proved to be too little.
        is_positive: Whether no loan can be repaid before its last period.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.level_guesses_batch import LevelGuess
        >>> from microcrm_core.loans.lines_batch import InterestLines, Scratch
        >>> from microcrm_core.rounding import Rounding
        >>> guess = LevelGuess.of(
        ...     np.array([1000]),
        ...     InterestLines(
        ...         weights=[np.zeros(1, np.int64)] * 3,
        ...         unit=365_000_000,
        ...         rounding=Rounding.HALF_EVEN,
        ...         scratch=Scratch.of_size(1),
        ...     ),
        ... )
        >>> guess.level_minor.tolist(), guess.is_least.tolist()
        ([334], [True])
    """

    level_minor: Int64s
    is_least: Bools
    is_positive: bool

    @classmethod
    def of(cls, principal_minor: Int64s, interest: InterestLines) -> LevelGuess:
        """Return the levels of loans of one length in equal installments."""
        # Rounding moves the exact amount by far less than a unit, so the next
        # whole number above it is nearly always the one that is looked for.
        annuity, reach = annuities(interest)
        exact = principal_minor / annuity
        guess = np.ceil(exact)
        np.minimum(guess, _LEVEL_MAX, out=guess)
        level_minor = guess.astype(np.int64)
        doubt = _doubt(exact, interest)
        is_half = interest.rounding in _HALVES and interest.multiple == 1
        if not is_half or doubt > _DOUBT_MAX:
            is_least = _correct(level_minor, principal_minor, interest, reach)
            return cls(level_minor=level_minor, is_least=is_least, is_positive=False)
        # One unit of the level takes *reach* off the last balance, and roundings, of
        # half a unit or less, move it by half of that at most. So where the guess is
        # less than half a unit above the exact level, one unit less is not enough; and
        # it is one above the least at most. Levels much larger than what that takes off
        # the balance leave something to pay in the last period.
        least = 8.0 * reach
        least += 8.0
        is_positive = bool((level_minor > least).all())
        excess = np.subtract(guess, exact, out=guess)
        is_least = np.asarray(excess < 0.5 - doubt)
        # Most roundings cancel out. What is left may show that a level is too small;
        # and slack that is less than the number of periods is a proof by itself.
        slack = np.multiply(excess, reach, out=excess)
        margin = _margin(interest, reach)
        is_odd = slack < margin
        margin += slack
        np.copyto(is_odd, margin > len(interest.weights), where=~is_least)
        odd = np.flatnonzero(is_odd)
        if odd.size:
            level, is_high = level_minor[odd], ~is_least[odd]
            has_rest, is_told = _foreseen(
                level - is_high, principal_minor[odd], interest.take(odd)
            )
            level_minor[odd] = level + has_rest - (is_high & is_told)
            is_least[odd] |= has_rest
        return cls(level_minor=level_minor, is_least=is_least, is_positive=is_positive)


def _foreseen(
    level_minor: Int64s, principal_minor: Int64s, interest: InterestLines
) -> tuple[Bools, Bools]:
    """Return where a level is proved to leave something to pay at the end.

    The second array is False where floats tell nothing.
    """
    is_steady = _steady(level_minor, principal_minor, interest)
    if is_steady is None:
        nothing = np.zeros(level_minor.size, np.bool_)
        return nothing, nothing
    proof = _Proof.of(principal_minor, is_steady, interest)
    has_rest = np.asarray(proof.rest(level_minor.astype(np.float64)) > 0)
    return has_rest & is_steady, is_steady


def _margin(interest: InterestLines, reach: Floats) -> Floats:
    """Return by how many units roundings may move the last balance, mostly.

    Each grows to the end as one unit of the level does, and they add up by squares.
    """
    return reach * (_MARGIN / math.sqrt(len(interest.weights)))


def _doubt(exact: Floats, interest: InterestLines) -> float:
    """Return by how much floats may miss the exact level of any loan."""
    weight = interest.weights[-1]
    least = int(weight.min(initial=interest.unit))
    if least <= 0:
        # Without interest floats are exact enough.
        least = int(weight.min(initial=interest.unit, where=weight > 0))
    steps = len(interest.weights) + interest.unit / least
    return float(exact.max(initial=0.0)) * steps * _FLOAT_STEP


def _correct(
    level_minor: Int64s, principal_minor: Int64s, interest: InterestLines, reach: Floats
) -> Bools:
    """Correct levels in place; return where one unit less is proved too little.

    The proof foresees the last balance with one unit less, rounding every interest
    down a little, by floats that hold whole numbers and cost less than divisions: if
    something is left even so, that level is not enough.
    """
    is_steady = _steady(level_minor, principal_minor, interest)
    if is_steady is None:
        return np.zeros(level_minor.size, np.bool_)
    proof = _Proof.of(principal_minor, is_steady, interest)
    level = level_minor.astype(np.float64)
    rest = proof.rest(level - 1.0)
    is_high = np.asarray((rest <= 0) & is_steady)
    is_least = np.asarray(is_steady & ~is_high)
    odd = np.flatnonzero(
        (rest > reach - _margin(interest, reach)) & is_steady | is_high
    )
    if odd.size == 0:
        return is_least
    # Most likely this level is too small as well; if not, it is proved already. Or
    # one unit less is enough, and needs a proof of its own.
    is_high = is_high[odd]
    tried = level[odd] - 2.0 * is_high
    has_rest = proof.take(odd).rest(tried) > 0
    level_minor[odd] -= is_high
    level_minor[odd] += has_rest & ~is_high
    is_least[odd] = has_rest | ~is_high
    return is_least


@attrs.frozen(eq=False)
class _Proof:
    """Foresees the last balance, with every interest rounded down a little."""

    principal_minor: Floats
    growths: list[Floats]
    bias: float

    @classmethod
    def of(
        cls, principal_minor: Int64s, is_steady: Bools, interest: InterestLines
    ) -> Self:
        """Return the proof for loans whose debt falls; it says nothing of others."""
        principal = np.where(is_steady, principal_minor, 0).astype(np.float64)
        step = float(principal.max(initial=0.0)) * 8.0 * _FLOAT_STEP
        return cls(principal, interest.growths(), _bias(interest.rounding) - step)

    def take(self, rows: Int64s) -> _Proof:
        taken = {id(line): line for line in self.growths}
        taken = {key: line[rows] for key, line in taken.items()}
        growths = [taken[id(line)] for line in self.growths]
        return _Proof(self.principal_minor[rows], growths, self.bias)

    def rest(self, level_minor: Floats) -> Floats:
        """Return no more than what is left to pay after the last period."""
        paid = self.bias - level_minor
        balance = self.principal_minor.copy()
        # What is overpaid may run off to minus infinity, which is below zero like any
        # other. What is owed never rises, so nothing else can overflow.
        with np.errstate(over="ignore"):
            for growth in self.growths:
                np.multiply(balance, growth, out=balance)
                np.add(balance, paid, out=balance)
                np.floor(balance, out=balance)
        return balance


def _bias(rounding: Rounding) -> float:
    """Return what to add before the cut, so that a number comes out rounded."""
    match rounding:
        case Rounding.UP | Rounding.CEILING:
            return 1.0
        case Rounding.DOWN | Rounding.FLOOR:
            return 0.0
        case _:
            return 0.5


def _steady(
    level_minor: Int64s, principal_minor: Int64s, interest: InterestLines
) -> Bools | None:
    """Return whose debt surely falls all the time; None: floats prove nothing here."""
    if interest.multiple > 1 or interest.is_wide:
        return None
    rate = interest.largest / interest.unit
    if interest.first_unit is not None:
        np.maximum(rate, interest.growth(0) - 1.0, out=rate)
    is_steady = np.asarray(principal_minor < _PROOF_MAX)
    is_steady &= level_minor - 3 > principal_minor * rate
    is_steady &= rate < 1.0
    return is_steady
