"""Judging conditions over columns; the twin of `evaluate`.

Rows are taken in blocks that stay in the processor's cache. Within a block a
condition is two arrays: where it is met, and where it may be met (met or unknown);
with these, all, any and not are `&`, `|` and `~`. No temporary is wider than a block.

Example:
    >>> import numpy as np
    >>> from microcrm_core.rules import Field, FieldKind, compare, compile_condition
    >>> from microcrm_core.rules.batch import UNKNOWN, evaluate_columns
    >>> fields = [Field("days_past_due", FieldKind.WHOLE)]
    >>> compiled = compile_condition(compare("days_past_due", "<=", 30), fields)
    >>> columns = {"days_past_due": np.array([30, 31, UNKNOWN])}
    >>> result = evaluate_columns(compiled, columns)
    >>> result.is_met.tolist(), result.is_unknown.tolist()
    ([True, False, False], [False, False, True])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.batch import UNKNOWN, Bools, Int64s, require_rows
from microcrm_core.errors import InvalidValueError
from microcrm_core.rules.conditions import Op
from microcrm_core.rules.evaluate import CompiledCondition, Node, NodeKind
from microcrm_core.rules.fields import Field, FieldKind, Missing

__all__ = [
    "UNKNOWN",
    "ConditionColumns",
    "HitColumns",
    "Int32s",
    "evaluate_columns",
    "first_hits",
    "first_met",
]

Int32s: TypeAlias = npt.NDArray[np.int32]

# A block of one int64 column is 512 KiB: small enough for the caches, large enough
# that the cost of a call is spread over many rows.
_BLOCK_ROWS: Final = 65_536

_Compare: TypeAlias = Callable[[Int64s, int], Bools]
_OPERATORS: Final[Mapping[Op, _Compare]] = MappingProxyType(
    {
        Op.EQ: np.equal,
        Op.NE: np.not_equal,
        Op.LT: np.less,
        Op.LE: np.less_equal,
        Op.GT: np.greater,
        Op.GE: np.greater_equal,
    }
)
# UNKNOWN is below every threshold, so these are never met by it.
_NEVER_MET_BY_UNKNOWN: Final = frozenset((Op.EQ, Op.GT, Op.GE))


@attrs.frozen(eq=False)
class ConditionColumns:
    """What a condition came to on each row.

    A row is met, unknown, or neither: then it is unmet.

    Attributes:
        is_met: Where the condition is met; (rows,).
        is_unknown: Where it cannot be judged; (rows,).

    Example:
        >>> import numpy as np
        >>> from microcrm_core.rules.batch import ConditionColumns
        >>> found = ConditionColumns(np.array([True, False]), np.array([False, False]))
        >>> int(found.is_met.sum())
        1
    """

    is_met: Bools
    is_unknown: Bools


@attrs.frozen(eq=False)
class HitColumns:
    """Which of several conditions are met on each row, and which comes first.

    Attributes:
        first_index: Position of the first condition that is met, -1 where none is;
            (rows,).
        is_hit: Where each condition is met; (conditions, rows).

    Example:
        >>> import numpy as np
        >>> from microcrm_core.rules.batch import HitColumns
        >>> hits = HitColumns(np.array([0, -1], np.int32), np.array([[True, False]]))
        >>> hits.is_hit.shape
        (1, 2)
    """

    first_index: Int32s
    is_hit: Bools


def evaluate_columns(
    compiled: CompiledCondition, columns: Mapping[str, Int64s]
) -> ConditionColumns:
    """Return what the condition comes to on each row; twin of `evaluate`.

    Args:
        compiled: From `compile_condition`.
        columns: One array for each field of the condition, scaled as
            `Field.scaled` does, `UNKNOWN` where not known. Others are not looked at.

    Shapes:
        Every column is (rows,), which is the shape of the results.

    Raises:
        InvalidValueError: A column is absent, not int64, or of another length; a text
            or flag column holds a number that stands for nothing; or a value is
            missing that the condition compares and whose field refuses that.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.rules import Field, FieldKind, compile_condition, one_of
        >>> from microcrm_core.rules.batch import evaluate_columns
        >>> trade = Field("trade", FieldKind.TEXT, choices=("food", "transport"))
        >>> compiled = compile_condition(one_of("trade", ("transport",)), [trade])
        >>> evaluate_columns(compiled, {"trade": np.array([0, 1])}).is_met.tolist()
        [False, True]
    """
    arrays, row_count = _checked_columns((compiled,), columns)
    is_met = np.empty(row_count, np.bool_)
    is_unknown = np.empty(row_count, np.bool_)
    for rows in _blocks(row_count):
        block = _Block(arrays, rows)
        met, maybe = block.judged(compiled, 0)
        is_met[rows] = met
        np.not_equal(met, maybe, out=is_unknown[rows])
    return ConditionColumns(is_met, is_unknown)


def first_hits(
    conditions: Sequence[CompiledCondition], columns: Mapping[str, Int64s]
) -> HitColumns:
    """Return, for each row, which *conditions* are met and which is the first.

    A condition that is unknown is not met.

    Args:
        conditions: In the order in which they are judged; at least one.
        columns: As for `evaluate_columns`, for all the conditions' fields.

    Shapes:
        Every column is (rows,).

    Raises:
        InvalidValueError: There is no condition; or as `evaluate_columns`.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.rules import Field, FieldKind, compare, compile_condition
        >>> from microcrm_core.rules.batch import first_hits
        >>> fields = [Field("a", FieldKind.WHOLE)]
        >>> conditions = [
        ...     compile_condition(compare("a", ">", bound), fields) for bound in (9, 4)
        ... ]
        >>> first_hits(conditions, {"a": np.array([10, 5, 0])}).first_index.tolist()
        [0, 1, -1]
    """
    arrays, row_count = _checked_conditions(conditions, columns)
    is_hit = np.empty((len(conditions), row_count), np.bool_)
    return HitColumns(_first_met(conditions, arrays, row_count, is_hit), is_hit)


def first_met(
    conditions: Sequence[CompiledCondition], columns: Mapping[str, Int64s]
) -> Int32s:
    """Return, for each row, the position of the first condition met, or -1.

    The same as `first_hits(...).first_index`, for who needs no more.

    Shapes:
        Every column is (rows,), as is the result.

    Raises:
        InvalidValueError: As `first_hits`.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.rules import Field, FieldKind, compare, compile_condition
        >>> from microcrm_core.rules.batch import first_met
        >>> fields = [Field("a", FieldKind.WHOLE)]
        >>> conditions = [compile_condition(compare("a", ">", 4), fields)]
        >>> first_met(conditions, {"a": np.array([5, 4])}).tolist()
        [0, -1]
    """
    arrays, row_count = _checked_conditions(conditions, columns)
    return _first_met(conditions, arrays, row_count, None)


def _checked_conditions(
    conditions: Sequence[CompiledCondition], columns: Mapping[str, Int64s]
) -> tuple[dict[str, Int64s], int]:
    if not conditions:
        raise InvalidValueError("conditions", "must not be empty", ())
    return _checked_columns(conditions, columns)


def _first_met(
    conditions: Sequence[CompiledCondition],
    arrays: Mapping[str, Int64s],
    row_count: int,
    is_hit: Bools | None,
) -> Int32s:
    first_index = np.empty(row_count, np.int32)
    # A code is the position where the condition is met and has all bits set where
    # not, which is -1 when signed. The least code is the first hit. The narrow type
    # lets one instruction handle many rows.
    is_narrow = len(conditions) <= 128
    code_type: type[np.unsignedinteger[Any]] = np.uint8 if is_narrow else np.uint32
    signed_type: type[np.signedinteger[Any]] = np.int8 if is_narrow else np.int32
    for rows in _blocks(row_count):
        block = _Block(arrays, rows)
        least = np.full(rows.stop - rows.start, -1, signed_type).view(code_type)
        for i, compiled in enumerate(conditions):
            met, _ = block.judged(compiled, 0)
            if is_hit is not None:
                is_hit[i, rows] = met
            codes = np.subtract(met.view(np.uint8), 1, dtype=code_type)
            np.bitwise_or(codes, code_type(i), out=codes)
            np.minimum(least, codes, out=least)
        first_index[rows] = least.view(signed_type)
    return first_index


class _Block:
    """One block of rows, and what is known of its columns."""

    def __init__(self, arrays: Mapping[str, Int64s], rows: slice) -> None:
        self._arrays = arrays
        self._rows = rows
        self._columns: dict[str, tuple[Int64s, Bools | None]] = {}

    def judged(self, compiled: CompiledCondition, position: int) -> tuple[Bools, Bools]:
        """Return where the node is met and where it may be; one array if equal."""
        node = compiled.nodes[position]
        if node.is_leaf:
            return self._judged_leaf(node, compiled.fields[node.field_index])
        met, maybe = self.judged(compiled, node.children[0])
        if node.kind is NodeKind.NOT:
            is_certain = met is maybe
            unmet = ~maybe
            return unmet, unmet if is_certain else ~met
        join = np.logical_and if node.kind is NodeKind.ALL_OF else np.logical_or
        for child in node.children[1:]:
            child_met, child_maybe = self.judged(compiled, child)
            is_certain = met is maybe and child_met is child_maybe
            joined = join(met, child_met)
            maybe = joined if is_certain else join(maybe, child_maybe)
            met = joined
        return met, maybe

    def _judged_leaf(self, node: Node, field: Field) -> tuple[Bools, Bools]:
        values, is_missing = self._column(field)
        if node.kind is NodeKind.IS_MISSING:
            met = np.zeros(values.size, np.bool_) if is_missing is None else is_missing
            return met, met
        met = _compared(node, values)
        if is_missing is None:
            return met, met
        if field.missing is Missing.REFUSE:
            # One row of the block is missing; require_rows counts over all rows.
            whole = self._arrays[field.name]
            require_rows(whole != UNKNOWN, whole, field.name, "must be known")
        if node.op not in _NEVER_MET_BY_UNKNOWN:
            met = met & ~is_missing
        return met, met if field.missing is Missing.UNMET else met | is_missing

    def _column(self, field: Field) -> tuple[Int64s, Bools | None]:
        if field.name not in self._columns:
            values = self._arrays[field.name][self._rows]
            is_missing: Bools | None = values == UNKNOWN
            assert is_missing is not None  # just made
            self._columns[field.name] = (
                values,
                is_missing if is_missing.any() else None,
            )
        return self._columns[field.name]


def _compared(node: Node, values: Int64s) -> Bools:
    if node.kind is NodeKind.COMPARE:
        assert node.op is not None  # every comparison has one
        return _OPERATORS[node.op](values, node.numbers[0])
    if node.kind is NodeKind.BETWEEN:
        low, high = node.numbers
        return (values >= low) & (values <= high)
    met: Bools = values == node.numbers[0]
    for number in node.numbers[1:]:
        met |= values == number
    return met


def _blocks(row_count: int) -> Iterator[slice]:
    for start in range(0, row_count, _BLOCK_ROWS):
        yield slice(start, min(start + _BLOCK_ROWS, row_count))


def _checked_columns(
    conditions: Iterable[CompiledCondition], columns: Mapping[str, Int64s]
) -> tuple[dict[str, Int64s], int]:
    fields = {field.name: field for compiled in conditions for field in compiled.fields}
    arrays: dict[str, Int64s] = {}
    row_count = -1
    for name, field in fields.items():
        if name not in columns:
            hint = "pass a column of UNKNOWN where no value is known"
            raise InvalidValueError(
                "columns", f"must have {name!r}", sorted(columns), hint=hint
            )
        array: npt.NDArray[Any] = columns[name]
        if array.dtype != np.int64 or array.ndim != 1:
            found = f"{array.dtype} of shape {array.shape}"
            raise InvalidValueError(name, "must be int64 of shape (rows,)", found)
        if row_count not in (-1, array.size):
            rule = f"must have {row_count} rows like the other columns"
            raise InvalidValueError(name, rule, array.size)
        row_count = array.size
        if not field.is_ordered:
            _require_choices(field, array)
        arrays[name] = array
    return arrays, row_count


def _require_choices(field: Field, values: Int64s) -> None:
    choice_count = 2 if field.kind is FieldKind.FLAG else len(field.choices)
    for rows in _blocks(values.size):
        block = values[rows]
        is_valid = (block >= 0) & (block < choice_count) | (block == UNKNOWN)
        if not is_valid.all():
            rule = f"must be 0 to {choice_count - 1}, or UNKNOWN"
            is_valid = (values >= 0) & (values < choice_count) | (values == UNKNOWN)
            require_rows(is_valid, values, field.name, rule)
