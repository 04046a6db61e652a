"""Rounding: the only place where a number loses digits.

Money is whole minor units, so every share, interest or discount that does not
come out even must be rounded by someone, in a direction that someone chose. Each
formula of this library keeps exact whole numbers or fractions to its end and then
calls `divide` or `round_fraction` once, with a named `Rounding`. `batch.divide_rows`
is the twin for columns; `money` is the module to read next.

Example:
    >>> from microcrm_core.rounding import Rounding, divide
    >>> divide(5, 2, Rounding.HALF_EVEN), divide(5, 2, Rounding.HALF_UP)
    (2, 3)
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction

from microcrm_core.checks import whole_number
from microcrm_core.errors import InvalidValueError

__all__ = ["Rounding", "divide", "round_fraction", "round_to_multiple"]


class Rounding(StrEnum):
    """The direction in which a number is rounded.

    The names mean what they mean in `decimal` and in Java's `RoundingMode`: "up"
    and "down" are away from zero and towards it, so that a charge and its
    reversal round alike; "ceiling" and "floor" follow the number line.

    Attributes:
        HALF_EVEN: To the nearest; a tie goes to the even neighbor, so that many
            ties do not add up to a drift. Known as banker's rounding.
        HALF_UP: To the nearest; a tie goes away from zero.
        HALF_DOWN: To the nearest; a tie goes towards zero.
        UP: Away from zero.
        DOWN: Towards zero; cuts the digits off.
        CEILING: Towards positive infinity.
        FLOOR: Towards negative infinity.

    Example:
        >>> from microcrm_core.rounding import Rounding, divide
        >>> [divide(-5, 2, mode) for mode in (Rounding.UP, Rounding.CEILING)]
        [-3, -2]
    """

    HALF_EVEN = "half_even"
    HALF_UP = "half_up"
    HALF_DOWN = "half_down"
    UP = "up"
    DOWN = "down"
    CEILING = "ceiling"
    FLOOR = "floor"


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """Return the quotient as a whole number, rounded once.

    Exact for whole numbers of any size; nothing passes through a float.

    Args:
        numerator: Any whole number.
        denominator: Any whole number but zero; only the sign of the quotient counts.
        rounding: Where a quotient that is not whole goes.

    Raises:
        InvalidValueError: An argument is no whole number, the denominator is zero, or
            *rounding* is no `Rounding`.

    Example:
        >>> from microcrm_core.rounding import Rounding, divide
        >>> divide(1000, 3, Rounding.HALF_EVEN)
        333
        >>> divide(-1, 2, Rounding.HALF_UP)
        -1
    """
    if type(numerator) is not int or type(denominator) is not int:
        whole_number("numerator", numerator)
        whole_number("denominator", denominator)
    if denominator <= 0:
        if denominator == 0:
            raise InvalidValueError("denominator", "must not be zero", denominator)
        numerator, denominator = -numerator, -denominator
    if type(rounding) is not Rounding:
        raise InvalidValueError(
            "rounding", "must be a Rounding", rounding, hint="use a member of Rounding"
        )
    floor, rest = divmod(numerator, denominator)
    if rest == 0:
        return floor
    return floor + _rises(floor, 2 * rest, denominator, rounding)


def round_fraction(value: Fraction | int, rounding: Rounding) -> int:
    """Return *value* as a whole number, rounded once.

    Raises:
        InvalidValueError: *value* is neither a fraction nor a whole number, or
            *rounding* is no `Rounding`.

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.rounding import Rounding, round_fraction
        >>> round_fraction(Fraction(7, 2), Rounding.HALF_EVEN)
        4
    """
    if not isinstance(value, Fraction):
        whole_number("value", value)
    return divide(value.numerator, value.denominator, rounding)


def round_to_multiple(value: int, multiple: int, rounding: Rounding) -> int:
    """Return the multiple of *multiple* that *value* is rounded to.

    With `HALF_EVEN`, a tie goes to the even number of multiples.

    Args:
        value: Any whole number.
        multiple: The step; 1 or more.
        rounding: Where a value between two multiples goes.

    Raises:
        InvalidValueError: An argument is no whole number, *multiple* is less than 1,
            or *rounding* is no `Rounding`.

    Example:
        >>> from microcrm_core.rounding import Rounding, round_to_multiple
        >>> round_to_multiple(1238, 5, Rounding.HALF_EVEN)
        1240
    """
    whole_number("multiple", multiple, at_least=1)
    return divide(value, multiple, rounding) * multiple


def _rises(floor: int, twice_rest: int, denominator: int, rounding: Rounding) -> bool:
    # The quotient lies strictly between floor and floor + 1.
    if rounding is Rounding.HALF_EVEN:
        return twice_rest + floor % 2 > denominator
    is_positive = floor >= 0
    if rounding is Rounding.HALF_UP:
        return twice_rest + is_positive > denominator
    if rounding is Rounding.HALF_DOWN:
        return twice_rest + (not is_positive) > denominator
    if rounding is Rounding.UP:
        return is_positive
    if rounding is Rounding.DOWN:
        return not is_positive
    return rounding is Rounding.CEILING
