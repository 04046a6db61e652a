"""Columns as a frame of the caller's own library.

Example:
    >>> from microcrm_core.frames import to_frame
    >>> to_frame({"due_on": ["2025-03-14"], "total_minor": [9456]}, "polars").shape
    (1, 2)
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from numbers import Integral
from typing import TYPE_CHECKING, Any, cast

from microcrm_core.errors import InvalidValueError, MissingExtraError

if TYPE_CHECKING:
    from narwhals.typing import IntoDataFrame

__all__ = ["Backend", "to_frame"]


class Backend(StrEnum):
    """The libraries whose frames can be made, in the order of preference.

    Example:
        >>> from microcrm_core.frames import Backend
        >>> Backend("polars") is Backend.POLARS
        True
    """

    PANDAS = "pandas"
    POLARS = "polars"
    PYARROW = "pyarrow"


def to_frame(
    columns: Mapping[str, Collection[object]], backend: Backend | str | None = None
) -> IntoDataFrame:
    """Return a frame with these columns, in their order.

    Whole numbers stay whole where some are missing: pandas gets its `Int64` for them.
    The `datetime64` of numpy become days or moments of the library, and `NaT` is
    missing; polars and pyarrow keep moments to the microsecond.

    Args:
        columns: Lists, tuples or arrays of one length; None is a missing value.
        backend: Whose frame; None: of the library among `Backend` that the program
            has imported, else of the first that is installed, in that order.

    Raises:
        InvalidValueError: The columns differ in length, *backend* is none of
            `Backend`, or no such library is installed.
        MissingExtraError: narwhals is not installed.

    Example:
        >>> from microcrm_core.frames import to_frame
        >>> frame = to_frame({"paid_minor": [500, None]}, backend="pandas")
        >>> str(frame["paid_minor"].dtype)
        'Int64'
    """
    try:
        import narwhals as nw
    except ImportError:
        raise MissingExtraError("frames", feature="to_frame") from None
    _require_one_length(columns)
    chosen = _chosen(backend)
    convert = _pandas_column if chosen is Backend.PANDAS else _plain_column
    data = {name: convert(column) for name, column in columns.items()}
    frame = nw.from_dict(data, backend=chosen.value)
    return cast("IntoDataFrame", frame.to_native())


def _chosen(backend: Backend | str | None) -> Backend:
    if backend is None:
        for one in Backend:
            if one.value in sys.modules:
                return one
        for one in Backend:
            if find_spec(one.value) is not None:
                return one
    elif backend in tuple(Backend) and find_spec(backend) is not None:
        return Backend(backend)
    rule = f"must be an installed one of {', '.join(Backend)}"
    hint = "install one of them" if backend is None else None
    raise InvalidValueError("backend", rule, backend, hint=hint)


def _require_one_length(columns: Mapping[str, Collection[object]]) -> None:
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidValueError("columns", "must have one length", lengths)


def _pandas_column(column: Collection[object]) -> object:
    # pandas would make floats of whole numbers with gaps, and lose digits of amounts.
    kinds = {type(value) for value in column}
    whole_kinds = {kind for kind in kinds if issubclass(kind, Integral)} - {bool}
    if whole_kinds and kinds - whole_kinds == {type(None)}:
        whole: object = import_module("pandas").array(list(column), dtype="Int64")
        return whole
    return list(column)


def _plain_column(column: Collection[object]) -> object:
    # The other libraries do not read what numpy has for days, nor all that it has for
    # moments. By name, because a frame may be made where numpy was never loaded.
    return [
        _python_day(value) if type(value).__name__ == "datetime64" else value
        for value in column
    ]


def _python_day(value: Any) -> object:
    day: object = value.item()
    # Finer than a microsecond, Python has whole numbers only.
    return value.astype("datetime64[us]").item() if isinstance(day, int) else day
