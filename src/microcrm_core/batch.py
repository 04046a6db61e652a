"""What every batch twin needs: array types, row checks, exact arithmetic.

Columns are int64: minor units, parts per million, days since 1970-01-01. A row
that is not known is `UNKNOWN`, never a float NaN. int64 wraps around in silence, so
a product that may be large goes through `checked_product`.

Example:
    >>> import numpy as np
    >>> from microcrm_core.batch import divide_rows
    >>> from microcrm_core.rounding import Rounding
    >>> divide_rows(np.array([5, 7, -5]), 2, Rounding.HALF_EVEN).tolist()
    [2, 4, -2]
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from microcrm_core.errors import InvalidValueError
from microcrm_core.rounding import Rounding

__all__ = [
    "UNKNOWN",
    "Bools",
    "Floats",
    "Int64s",
    "checked_product",
    "divide_half_even_rows",
    "divide_rows",
    "require_rows",
]

Int64s: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

UNKNOWN: Final = -(2**63)
"""The int64 that stands for a missing value in a column."""

_INT64_MAX: Final = 2**63 - 1
# Twice a rest, plus one, must fit.
_DENOMINATOR_MAX: Final = 2**62


def require_rows(
    is_valid: Bools, values: npt.NDArray[np.generic], field: str, rule: str
) -> None:
    """Raise unless *is_valid* holds on every row.

    Shapes:
        Both arguments have the same shape, (rows,).

    Raises:
        InvalidValueError: Some row is bad; the error counts them and shows the first.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.batch import require_rows
        >>> days = np.array([30, -2])
        >>> require_rows(days >= 0, days, "days", "must not be negative")
        Traceback (most recent call last):
        ...
        microcrm_core.errors.InvalidValueError: 1 of 2 rows: days must not be
        negative; first at row 1, got -2
    """
    if is_valid.all():
        return
    row = int(np.flatnonzero(~is_valid)[0])
    raise _bad_rows(is_valid, field, rule, values.flat[row].item())


def divide_half_even_rows(numerator: Int64s, denominator: Int64s | int) -> Int64s:
    """Return each quotient rounded to the nearest whole number, ties to even.

    Twin of `rounding.divide` with `Rounding.HALF_EVEN`.

    Args:
        numerator: Any int64.
        denominator: 1 to 2**62.

    Shapes:
        The arguments broadcast to (rows,), which is the shape of the result.

    Raises:
        InvalidValueError: A denominator is outside its bounds.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.batch import divide_half_even_rows
        >>> divide_half_even_rows(np.array([1, 3, -3]), 2).tolist()
        [0, 2, -2]
    """
    _require_denominators(denominator)
    floor, rest = _floor_and_rest(numerator, denominator)
    # On a tie, twice the rest equals the denominator and an odd floor tips it.
    rest *= 2
    rest += floor & 1
    floor += rest > denominator
    return floor


def divide_rows(
    numerator: Int64s, denominator: Int64s | int, rounding: Rounding
) -> Int64s:
    """Return each quotient as a whole number, rounded once.

    Twin of `rounding.divide`, equal to it on every row.

    Args:
        numerator: Any int64.
        denominator: 1 to 2**62.
        rounding: Where quotients that are not whole go.

    Shapes:
        The first two arguments broadcast to (rows,), the shape of the result.

    Raises:
        InvalidValueError: A denominator is outside its bounds, or *rounding* is no
            `Rounding`.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.batch import divide_rows
        >>> from microcrm_core.rounding import Rounding
        >>> divide_rows(np.array([5, -5]), 2, Rounding.HALF_UP).tolist()
        [3, -3]
    """
    if type(rounding) is not Rounding:
        raise InvalidValueError("rounding", "must be a Rounding", rounding)
    if rounding is Rounding.HALF_EVEN:
        return divide_half_even_rows(numerator, denominator)
    _require_denominators(denominator)
    floor, rest = _floor_and_rest(numerator, denominator)
    floor += _rises(floor, rest, denominator, rounding)
    return floor


def checked_product(a: Int64s, b: Int64s | int, *, field: str = "product") -> Int64s:
    """Return each product, or refuse the rows whose product would leave int64.

    Exact: nothing is estimated in floats, and nothing wraps around. `UNKNOWN` is a
    number like any other here: mask such rows first.

    Args:
        a: Any int64.
        b: Any int64.
        field: Name of the product for the error.

    Shapes:
        The arguments broadcast to (rows,), which is the shape of the result.

    Raises:
        InvalidValueError: Some product does not fit int64; the error counts the rows
            and holds the exact product of the first.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.batch import checked_product
        >>> checked_product(np.array([10**12]), 240_000).tolist()
        [240000000000000000]
    """
    left, right = np.broadcast_arrays(a, np.asarray(b, dtype=np.int64))
    # numpy warns of what is checked here: wrapping, and the least int64 over -1.
    with np.errstate(over="ignore"):
        product: Int64s = np.asarray(left * right)
        fits = _fits(left, right, product)
    if not fits.all():
        row = int(np.flatnonzero(~fits)[0])
        exact = int(left.flat[row]) * int(right.flat[row])
        raise _bad_rows(fits, field, "must fit int64", exact)
    return product


def _fits(left: Int64s, right: Int64s, product: Int64s) -> Bools:
    if left.size == 0 or _size_max(left) * _size_max(right) <= _INT64_MAX:
        return np.ones(left.shape, np.bool_)
    # A wrapped product is off by a multiple of 2**64, more than any rest of a
    # division by an int64 can hide.
    divisor = np.where(left == 0, 1, left)
    is_least_negated = (left == -1) & (right == UNKNOWN)
    is_exact = (product // divisor == right) & ~is_least_negated
    fits: Bools = np.asarray((left == 0) | is_exact)
    return fits


def _rises(
    floor: Int64s, rest: Int64s, denominator: Int64s | int, rounding: Rounding
) -> Bools | bool:
    if rounding is Rounding.FLOOR:
        return False
    is_up: Bools
    if rounding is Rounding.CEILING:
        is_up = rest > 0
    elif rounding is Rounding.UP:
        is_up = (rest > 0) & (floor >= 0)
    elif rounding is Rounding.DOWN:
        is_up = (rest > 0) & (floor < 0)
    else:
        tips_tie = floor >= 0 if rounding is Rounding.HALF_UP else floor < 0
        is_up = 2 * rest + tips_tie > denominator
    return is_up


def _floor_and_rest(
    numerator: Int64s, denominator: Int64s | int
) -> tuple[Int64s, Int64s]:
    # Not np.divmod, which is several times slower by a scalar.
    floor: Int64s = np.asarray(np.floor_divide(numerator, denominator), np.int64)
    rest: Int64s = np.asarray(numerator - floor * denominator, np.int64)
    return floor, rest


def _require_denominators(denominator: Int64s | int) -> None:
    given = np.asarray(denominator)
    is_valid = np.asarray((given >= 1) & (given <= _DENOMINATOR_MAX))
    require_rows(is_valid, given, "denominator", "must be 1 to 2**62")


def _size_max(values: Int64s) -> int:
    return max(int(values.max()), -int(values.min()))


def _bad_rows(is_valid: Bools, field: str, rule: str, value: Any) -> InvalidValueError:
    bad = np.flatnonzero(~is_valid)
    return InvalidValueError(
        field,
        rule,
        value,
        row=int(bad[0]),
        bad_count=int(bad.size),
        row_count=int(is_valid.size),
    )
