"""What the columns of loans and of repayments have in common: checks and conversions.

Ids are fixed-width UTF-8 bytes, days are days since 1970-01-01, and everything else is
int64. Users meet these rules through `columns_batch`.

Example:
    >>> from microcrm_core.loans.column_checks_batch import date_of
    >>> date_of(20_000)
    datetime.date(2024, 10, 4)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from microcrm_core.batch import UNKNOWN, Int64s, require_rows
from microcrm_core.errors import InvalidValueError

__all__ = [
    "DAY_MAX",
    "DAY_MIN",
    "ID_BYTES_MAX",
    "Ids",
    "date_of",
    "day_array",
    "id_array",
    "int64_array",
    "require_columns",
    "require_ids",
    "require_index",
    "require_range",
]

Ids: TypeAlias = npt.NDArray[np.bytes_]
"""Ids as bytes, in one array."""

ID_BYTES_MAX: Final = 64
"""The most bytes of an id in columns, as UTF-8."""

_EPOCH: Final = dt.date(1970, 1, 1).toordinal()

DAY_MIN: Final = dt.date.min.toordinal() - _EPOCH
"""The first day of the calendar."""

DAY_MAX: Final = dt.date.max.toordinal() - _EPOCH
"""The last day of the calendar."""


def _is_array(value: object) -> bool:
    return isinstance(value, np.ndarray)


def require_ids(ids: Ids) -> None:
    """Refuse what is no array of ids.

    Raises:
        InvalidValueError: The array is of another kind, too wide, or an id is empty.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.column_checks_batch import require_ids
        >>> require_ids(np.array([b"loan-1"]))
    """
    if not _is_array(ids) or ids.ndim != 1 or ids.dtype.kind != "S":
        rule = "must be a one-dimensional array of bytes"
        raise InvalidValueError("ids", rule, _kind_of(ids))
    if ids.dtype.itemsize > ID_BYTES_MAX:
        rule = f"must be {ID_BYTES_MAX} bytes wide or less"
        raise InvalidValueError("ids", rule, ids.dtype.itemsize)
    require_rows(np.asarray(ids != b""), ids, "ids", "must not be empty")


def require_columns(columns: object, names: Iterable[str], row_count: int) -> None:
    """Refuse columns that are no int64 arrays of *row_count* rows.

    Raises:
        InvalidValueError: A column is of another type or length.

    Example:
        >>> from microcrm_core.loans.column_checks_batch import require_columns
        >>> require_columns(object(), (), 3)
    """
    for name in names:
        column: Int64s = getattr(columns, name)
        if not _is_array(column) or column.dtype != np.int64:
            raise InvalidValueError(name, "must be an int64 array", _kind_of(column))
        if column.shape != (row_count,):
            rule = f"must have the shape ({row_count},), like ids"
            raise InvalidValueError(name, rule, column.shape)


def _kind_of(column: Any) -> str:
    name = type(column).__name__
    dtype = getattr(column, "dtype", None)
    return name if dtype is None else f"{name} of {dtype} and shape {column.shape}"


def require_index(field: str, column: Int64s, choice_count: int | None) -> None:
    """Refuse positions below zero or beyond the choices; None: there is no end.

    Raises:
        InvalidValueError: Some row is no such position.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.column_checks_batch import require_index
        >>> require_index("plan_index", np.array([0, 1]), 2)
    """
    if choice_count is None:
        require_range(field, column, 0, None)
    else:
        require_range(field, column, 0, choice_count - 1)


def require_range(
    field: str,
    column: Int64s,
    at_least: int,
    at_most: int | None,
    *,
    may_be_unknown: bool = False,
) -> None:
    """Refuse values outside the bounds, which are included.

    Raises:
        InvalidValueError: Some row is outside.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.column_checks_batch import require_range
        >>> require_range("annual_ppm", np.array([0, 240_000]), 0, 10**9)
    """
    is_valid = column >= at_least
    rule = f"must be {at_least} or more"
    if at_most is not None:
        is_valid &= column <= at_most
        rule = f"must be from {at_least} to {at_most}"
    if may_be_unknown:
        is_valid |= column == UNKNOWN
        rule += ", or UNKNOWN"
    require_rows(is_valid, column, field, rule)


def id_array(ids: Iterable[str]) -> Ids:
    """Return ids as bytes.

    Raises:
        InvalidValueError: An id is too long or holds a zero byte.

    Example:
        >>> from microcrm_core.loans.column_checks_batch import id_array
        >>> id_array(["loan-1"]).tolist()
        [b'loan-1']
    """
    encoded = [one.encode() for one in ids]
    for one in encoded:
        # numpy drops zero bytes at the end of a value.
        if len(one) > ID_BYTES_MAX or b"\0" in one:
            rule = f"must be {ID_BYTES_MAX} bytes of UTF-8 or less, none of them zero"
            raise InvalidValueError("id", rule, one.decode())
    return np.array(encoded, dtype=np.bytes_)


def int64_array(field: str, values: Iterable[int]) -> Int64s:
    """Return whole numbers as int64.

    Raises:
        InvalidValueError: A number does not fit.

    Example:
        >>> from microcrm_core.loans.column_checks_batch import int64_array
        >>> int64_array("principal_minor", [1000]).tolist()
        [1000]
    """
    whole = list(values)
    for row, value in enumerate(whole):
        if not -(2**63) < value < 2**63:
            rule = "must fit int64"
            raise InvalidValueError(
                field, rule, value, row=row, bad_count=1, row_count=len(whole)
            )
    return np.array(whole, dtype=np.int64)


def day_array(dates: Iterable[dt.date | None]) -> Int64s:
    """Return dates as days since 1970-01-01; None becomes `UNKNOWN`.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.column_checks_batch import day_array
        >>> day_array([dt.date(1970, 1, 2)]).tolist()
        [1]
    """
    days = (UNKNOWN if on is None else on.toordinal() - _EPOCH for on in dates)
    return np.array(list(days), dtype=np.int64)


def date_of(day: int | np.int64) -> dt.date:
    """Return the date that is *day* days after 1970-01-01.

    Example:
        >>> from microcrm_core.loans.column_checks_batch import date_of
        >>> date_of(0)
        datetime.date(1970, 1, 1)
    """
    return dt.date.fromordinal(int(day) + _EPOCH)
