"""What every batch twin needs: array types, row checks, exact rounding.

Columns are int64: minor units, parts per million, days since 1970-01-01. A row
that is not known is `UNKNOWN`, never a float NaN.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from microcrm_core.errors import InvalidValueError

__all__ = [
    "UNKNOWN",
    "Bools",
    "Floats",
    "Int64s",
    "divide_half_even_rows",
    "require_rows",
]

Int64s: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

UNKNOWN: Final = -(2**63)
"""The int64 that stands for a missing value in a column."""


def require_rows(
    is_valid: Bools, values: npt.NDArray[np.generic], field: str, rule: str
) -> None:
    """Raise unless *is_valid* holds on every row.

    Shapes:
        Both arguments have the same shape, (rows,).

    Raises:
        InvalidValueError: Some row is bad; the error counts them and shows the first.
    """
    if is_valid.all():
        return
    bad = np.flatnonzero(~is_valid)
    raise InvalidValueError(
        field,
        rule,
        values.flat[int(bad[0])].item(),
        row=int(bad[0]),
        bad_count=int(bad.size),
        row_count=int(is_valid.size),
    )


def divide_half_even_rows(numerator: Int64s, denominator: Int64s | int) -> Int64s:
    """Return each quotient rounded to the nearest whole number, ties to even.

    Twin of `rounding.divide` with `Rounding.HALF_EVEN`. The denominator is
    positive and at most 2**62, so that twice the rest fits.
    """
    quotient, rest = np.divmod(numerator, denominator)
    twice = 2 * rest
    is_up = (twice > denominator) | ((twice == denominator) & (quotient % 2 == 1))
    rounded: Int64s = quotient + is_up
    return rounded
