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
from collections.abc import Iterable, Sized
from operator import index
from typing import Any, Final, Protocol, SupportsIndex, TypeAlias

import numpy as np
import numpy.typing as npt

from microcrm_core.batch import UNKNOWN, Bools, Int64s, require_rows
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.terms import INSTALLMENT_COUNT_MAX, NOMINAL_RATE_MAX

__all__ = [
    "DAY_MAX",
    "DAY_MIN",
    "ID_BYTES_MAX",
    "Ids",
    "date_of",
    "day_array",
    "id_array",
    "int64_array",
    "position_in",
    "positions_in",
    "require_columns",
    "require_ids",
    "require_index",
    "require_range",
    "require_terms",
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

_PPM: Final = 1_000_000


class _TermFields(Protocol):
    """Columns of terms, whatever else stands beside them."""

    @property
    def principal_minor(self) -> Int64s: ...
    @property
    def annual_ppm(self) -> Int64s: ...
    @property
    def installment_count(self) -> Int64s: ...
    @property
    def frequency_index(self) -> Int64s: ...
    @property
    def frequencies(self) -> Sized: ...
    @property
    def plan_index(self) -> Int64s: ...
    @property
    def plans(self) -> Sized: ...
    @property
    def first_due_day(self) -> Int64s: ...


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


def require_columns(
    columns: object, names: Iterable[str], row_count: int, *, like: str = "ids"
) -> None:
    """Refuse columns that are no int64 arrays of *row_count* rows.

    Args:
        columns: What has the columns.
        names: Their names.
        row_count: How many rows each must have.
        like: Name of the column that has so many.

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
            rule = f"must have the shape ({row_count},), like {like}"
            raise InvalidValueError(name, rule, column.shape)


def _kind_of(column: Any) -> str:
    name = type(column).__name__
    dtype = getattr(column, "dtype", None)
    return name if dtype is None else f"{name} of {dtype} and shape {column.shape}"


def require_terms(columns: _TermFields) -> None:
    """Refuse rows that are no terms of a loan, apart from the days before its first.

    Raises:
        InvalidValueError: A row breaks a rule of `LoanTerms`.

    Example:
        See `columns_batch.LoanColumns` and `batch.level_installments`.
    """
    require_index("frequency_index", columns.frequency_index, len(columns.frequencies))
    require_index("plan_index", columns.plan_index, len(columns.plans))
    require_range("principal_minor", columns.principal_minor, 1, None)
    require_range("annual_ppm", columns.annual_ppm, 0, NOMINAL_RATE_MAX * _PPM)
    require_range(
        "installment_count", columns.installment_count, 1, INSTALLMENT_COUNT_MAX
    )
    require_range("first_due_day", columns.first_due_day, DAY_MIN, DAY_MAX)


def position_in(field: str, position: SupportsIndex, count: int) -> int:
    """Return a position from 0 on, if one of *count* things stands there.

    Raises:
        InvalidValueError: It is no whole number, or nothing stands there.

    Example:
        >>> from microcrm_core.loans.column_checks_batch import position_in
        >>> position_in("loan", 1, 2)
        1
    """
    try:
        # A position below zero would count from the end, which nobody asks for.
        if not isinstance(position, bool) and 0 <= (place := index(position)) < count:
            return place
    except TypeError:
        pass
    rule = f"must be a position from 0 to {count - 1}"
    if count == 0:
        rule = "must be a position, and there is none"
    raise InvalidValueError(field, rule, position)


def positions_in(field: str, rows: Int64s | Bools, count: int) -> Int64s:
    """Return the positions that are asked for, by position or by a mask.

    Shapes:
        Positions are (rows,), a mask is (count,).

    Raises:
        InvalidValueError: It is neither, or nothing stands at some position.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.column_checks_batch import positions_in
        >>> positions_in("rows", np.array([True, False, True]), 3).tolist()
        [0, 2]
    """
    if _is_array(rows) and rows.shape == (count,) and rows.dtype == np.bool_:
        return np.flatnonzero(rows)
    if not _is_array(rows) or rows.ndim != 1 or rows.dtype != np.int64:
        rule = f"must be an int64 array of positions, or a mask of shape ({count},)"
        hint = "use np.asarray(..., np.int64), or np.asarray(..., np.bool_)"
        raise InvalidValueError(field, rule, _kind_of(rows), hint=hint)
    positions = rows.astype(np.int64, copy=False)
    require_index(field, positions, count)
    return positions


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
