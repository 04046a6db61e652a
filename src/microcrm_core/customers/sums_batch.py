"""Exact sums of groups of int64, refused where a sum leaves int64.

numpy adds int64 modulo 2**64, in silence. Sums here are first bounded; where the
bound does not settle it, the upper and the lower 32 bits are added apart, which
cannot wrap around for fewer than 2**31 values.

Example:
    >>> import numpy as np
    >>> from microcrm_core.customers.sums_batch import sums_by_index
    >>> amounts, owner = np.array([5, 7, 1]), np.array([2, 0, 2])
    >>> sums_by_index(amounts, owner, 3, field="amount_minor").tolist()
    [7, 0, 6]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from microcrm_core.batch import UNKNOWN, Bools, Int64s
from microcrm_core.errors import InvalidValueError

__all__ = [
    "counts_by_index",
    "ratios_ppm",
    "ratios_where",
    "running_sums",
    "sums_by_index",
    "sums_by_start",
]

_INT64_MAX: Final = 2**63 - 1
_HALF_BITS: Final = 32
_HALF_MASK: Final = 2**32 - 1
_PPM: Final = 1_000_000
_RULE: Final = "must add up to a sum that fits int64"


def sums_by_start(values: Int64s, starts: Int64s, *, field: str) -> Int64s:
    """Return the sum of each run of *values*.

    Args:
        values: Any int64 but `UNKNOWN`.
        starts: Where each run begins; strictly ascending, the first one 0, so that no
            run is empty.
        field: Name of the values for the error.

    Shapes:
        (rows,); (runs,), which is the shape of the result.

    Raises:
        InvalidValueError: Some sum does not fit int64.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.customers.sums_batch import sums_by_start
        >>> sums_by_start(np.array([1, 2, 4]), np.array([0, 2]), field="n").tolist()
        [3, 4]
    """
    if starts.size == 0:
        return np.zeros(0, np.int64)

    def add(part: Int64s) -> Int64s:
        return np.add.reduceat(part, starts)

    return _exact(values, add, field)


def sums_by_index(
    values: Int64s, index: npt.NDArray[np.integer[Any]], count: int, *, field: str
) -> Int64s:
    """Return the sum of the values of each owner, 0 where there are none.

    Args:
        values: Any int64 but `UNKNOWN`.
        index: Owner of each value, 0 to *count* - 1.
        count: Number of owners.
        field: Name of the values for the error.

    Shapes:
        (rows,); (rows,); the result is (count,).

    Raises:
        InvalidValueError: Some sum does not fit int64.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.customers.sums_batch import sums_by_index
        >>> large = np.array([2**62, 2**62])
        >>> try:
        ...     sums_by_index(large, np.array([0, 0]), 1, field="amount_minor")
        ... except ValueError as error:
        ...     print(error)
        amount_minor must add up to a sum that fits int64, got 9223372036854775808
    """

    def add(part: Int64s) -> Int64s:
        sums = np.zeros(count, np.int64)
        np.add.at(sums, index, part)
        return sums

    return _exact(values, add, field)


def running_sums(
    values: Int64s, first_row: Int64s, opening: Int64s, *, field: str
) -> Int64s:
    """Return for each row *opening* and the values after its first row up to its own.

    Args:
        values: Any int64 but `UNKNOWN`.
        first_row: The row from which each row's sum starts, not after the row itself;
            the value there is not added.
        opening: What each sum starts with.
        field: Name of the sums for the error.

    Shapes:
        All are (rows,), which is the shape of the result.

    Raises:
        InvalidValueError: Some sum does not fit int64.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.customers.sums_batch import running_sums
        >>> first_row, opening = np.array([0, 0, 0]), np.array([100, 100, 100])
        >>> running_sums(np.array([9, 5, -7]), first_row, opening, field="n").tolist()
        [100, 105, 98]
    """
    bound = _size_max(values) * values.size + _size_max(opening)
    if bound <= _INT64_MAX:
        running = np.cumsum(values)
        running += opening - running[first_row]
        return running

    def between(part: Int64s) -> Int64s:
        running = np.cumsum(part)
        return np.asarray(running - running[first_row])

    high = between(values >> _HALF_BITS) + (opening >> _HALF_BITS)
    low = between(values & _HALF_MASK) + (opening & _HALF_MASK)
    return _joined(high, low, field)


def ratios_ppm(
    numerator: npt.NDArray[Any], denominator: npt.NDArray[Any], *, field: str
) -> Int64s:
    """Return numerator ÷ denominator in parts per million, ties to even.

    Args:
        numerator: int64, or whole numbers of any size as Python objects.
        denominator: Above zero; int64 or objects as well.
        field: Name of the ratio for the error.

    Shapes:
        Both are (rows,), which is the shape of the result.

    Raises:
        InvalidValueError: Some ratio does not fit int64.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.customers.sums_batch import ratios_ppm
        >>> ratios_ppm(np.array([1, -1]), np.array([3, 8]), field="share").tolist()
        [333333, -125000]
    """
    parts = _narrow(numerator, denominator)
    floor = parts[0] * _PPM // parts[1]
    twice_rest = 2 * (parts[0] * _PPM - floor * parts[1])
    ratios = floor + (twice_rest + floor % 2 > parts[1])
    if ratios.dtype != np.int64:
        is_bad = (ratios > _INT64_MAX) | (ratios < -_INT64_MAX)
        if is_bad.any():
            first = ratios[np.flatnonzero(is_bad)[0]]
            raise InvalidValueError(field, "must fit int64", first)
    return np.asarray(ratios, np.int64)


def ratios_where(
    numerator: npt.NDArray[Any],
    denominator: npt.NDArray[Any],
    is_known: Bools,
    *,
    field: str,
) -> Int64s:
    """Return `ratios_ppm` of the rows where they are known, `UNKNOWN` elsewhere.

    Raises:
        InvalidValueError: Some ratio does not fit int64.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.batch import UNKNOWN
        >>> from microcrm_core.customers.sums_batch import ratios_where
        >>> one, two = np.array([1, 1]), np.array([2, 0])
        >>> shares = ratios_where(one, two, two > 0, field="share")
        >>> shares.tolist() == [500_000, UNKNOWN]
        True
    """
    ratios = np.full(is_known.size, UNKNOWN, np.int64)
    ratios[is_known] = ratios_ppm(
        numerator[is_known], denominator[is_known], field=field
    )
    return ratios


def counts_by_index(owner: Int64s, count: int) -> Int64s:
    """Return how often each owner stands in a column.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.customers.sums_batch import counts_by_index
        >>> counts_by_index(np.array([2, 0, 2]), 3).tolist()
        [1, 0, 2]
    """
    return np.bincount(owner, minlength=count).astype(np.int64)


def _narrow(
    numerator: npt.NDArray[Any], denominator: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    # Plain int64 where every step below fits, Python's whole numbers elsewhere.
    if numerator.size == 0:
        return np.asarray(numerator, np.int64), np.asarray(denominator, np.int64)
    numerator_max = max(int(numerator.max()), -int(numerator.min()))
    denominator_max = int(denominator.max())
    if numerator_max * _PPM + denominator_max <= _INT64_MAX // 2 and (
        denominator_max <= _INT64_MAX // 4
    ):
        return np.asarray(numerator, np.int64), np.asarray(denominator, np.int64)
    return numerator.astype(object), denominator.astype(object)


def _exact(values: Int64s, add: Callable[[Int64s], Int64s], field: str) -> Int64s:
    if _size_max(values) * values.size <= _INT64_MAX:
        return add(values)
    return _joined(add(values >> _HALF_BITS), add(values & _HALF_MASK), field)


def _joined(high: Int64s, low: Int64s, field: str) -> Int64s:
    high = high + (low >> _HALF_BITS)
    fits = np.asarray((high >= -(2**31)) & (high < 2**31))
    sums: Int64s = (high << _HALF_BITS) | (low & _HALF_MASK)
    fits &= sums != UNKNOWN
    if not fits.all():
        bad = int(np.flatnonzero(~fits)[0])
        exact = (int(high[bad]) << _HALF_BITS) + int(low[bad] & _HALF_MASK)
        raise InvalidValueError(field, _RULE, exact)
    return sums


def _size_max(values: Int64s) -> int:
    if values.size == 0:
        return 0
    return max(int(values.max()), -int(values.min()))
