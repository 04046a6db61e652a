"""Conditions: what must hold of a customer, declared as data.

A condition is a frozen value: it can be stored, compared, printed and judged. It
compares one field with fixed values, or joins other conditions. Which fields there
are is not its business; `evaluate.compile_condition` checks that. `plain` turns
conditions into JSON and back.

Example:
    >>> from microcrm_core.rules import all_of, compare, not_, is_missing
    >>> print(all_of(compare("days_past_due", "<=", 30), not_(is_missing("tenure"))))
    all of (days_past_due <= 30, not (tenure is missing))
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias

import attrs

from microcrm_core.checks import name_text_field
from microcrm_core.errors import PolicyError

__all__ = [
    "DEPTH_MAX",
    "NODES_MAX",
    "AllOf",
    "AnyOf",
    "Between",
    "Comparison",
    "Condition",
    "ConditionValue",
    "IsMissing",
    "Not",
    "OneOf",
    "Op",
    "all_of",
    "any_of",
    "between",
    "compare",
    "is_missing",
    "not_",
    "one_of",
]

DEPTH_MAX: Final = 32
"""The most levels that a condition may have."""

NODES_MAX: Final = 1_000
"""The most conditions within one, itself included, and values of one `one_of`."""

_DIGITS_MAX: Final = 100

ConditionValue: TypeAlias = "int | str | bool | Decimal"
"""What a field may be compared with: exact, never a float."""


class Op(StrEnum):
    """How a value is compared with a threshold.

    Example:
        >>> from microcrm_core.rules import Op
        >>> Op("<=").name
        'LE'
    """

    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


def _exact(value: object, path: str) -> int | str | bool:
    # A Decimal becomes text, so that a condition equals what its JSON form gives.
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, float):
        hint = f'write it as text "{value!r}"'
        raise PolicyError(path, "must be exact", value, hint=hint)
    if isinstance(value, Decimal):
        # The bound keeps a short text such as 1E+999999999 from growing long.
        if not value.is_finite() or abs(value.adjusted()) > _DIGITS_MAX:
            rule = f"must be a number of at most {_DIGITS_MAX} digits"
            raise PolicyError(path, rule, value)
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if not isinstance(value, int | str):
        rule = "must be a whole number, a decimal, text or a flag"
        raise PolicyError(path, rule, value)
    return value


def _exact_value(value: object) -> int | str | bool:
    return _exact(value, "value")


def _exact_low(value: object) -> int | str | bool:
    return _exact(value, "low")


def _exact_high(value: object) -> int | str | bool:
    return _exact(value, "high")


def _exact_values(values: Iterable[object]) -> tuple[int | str | bool, ...]:
    if isinstance(values, str):
        raise PolicyError("values", "must be a list, not one text", values)
    return tuple(_exact(value, f"values[{i}]") for i, value in enumerate(values))


def _op(value: Op | str) -> Op:
    try:
        return Op(value)
    except ValueError:
        rule = f"must be one of {', '.join(Op)}"
        raise PolicyError("op", rule, value) from None


@attrs.frozen(kw_only=True)
class Comparison:
    """One field compared with one value.

    Attributes:
        field: Name of the field.
        op: How they are compared.
        value: The threshold; a decimal is kept as its exact text.

    Example:
        >>> from microcrm_core.rules import compare
        >>> str(compare("repaid_loan_count", ">=", 2))
        'repaid_loan_count >= 2'
    """

    field: str = attrs.field(validator=name_text_field)
    op: Op = attrs.field(converter=_op)
    value: int | str | bool = attrs.field(converter=_exact_value)

    def __str__(self) -> str:
        """Return the short form for people."""
        return f"{self.field} {self.op} {_shown(self.value)}"


@attrs.frozen(kw_only=True)
class Between:
    """One field within bounds that belong to the range.

    Attributes:
        field: Name of the field.
        low: Lowest value that is inside.
        high: Highest value that is inside.

    Example:
        >>> from microcrm_core.rules import between
        >>> str(between("days_past_due", 1, 30))
        '1 <= days_past_due <= 30'
    """

    field: str = attrs.field(validator=name_text_field)
    low: int | str | bool = attrs.field(converter=_exact_low)
    high: int | str | bool = attrs.field(converter=_exact_high)

    def __str__(self) -> str:
        """Return the short form for people."""
        return f"{_shown(self.low)} <= {self.field} <= {_shown(self.high)}"


@attrs.frozen
class OneOf:
    """One field equal to one of several values.

    Attributes:
        field: Name of the field.
        values: The values; at least one.

    Example:
        >>> from microcrm_core.rules import one_of
        >>> str(one_of("customer_kind", ("sole_trader", "wage_earner")))
        'customer_kind in (sole_trader, wage_earner)'
    """

    field: str = attrs.field(validator=name_text_field)
    values: tuple[int | str | bool, ...] = attrs.field(converter=_exact_values)

    def __attrs_post_init__(self) -> None:
        """Bound the number of values."""
        if not 1 <= len(self.values) <= NODES_MAX:
            rule = f"must hold 1 to {NODES_MAX} values"
            raise PolicyError("values", rule, len(self.values))

    def __str__(self) -> str:
        """Return the short form for people."""
        return f"{self.field} in ({', '.join(map(_shown, self.values))})"


@attrs.frozen
class IsMissing:
    """One field whose value is not known. It is met or unmet, never unknown.

    Attributes:
        field: Name of the field.

    Example:
        >>> from microcrm_core.rules import is_missing
        >>> str(is_missing("months_observed"))
        'months_observed is missing'
    """

    field: str = attrs.field(validator=name_text_field)

    def __str__(self) -> str:
        """Return the short form for people."""
        return f"{self.field} is missing"


def _conditions(values: Iterable[Condition]) -> tuple[Condition, ...]:
    return tuple(values)


@attrs.frozen
class AllOf:
    """Several conditions that must all be met.

    Unmet as soon as one is unmet; else unknown as soon as one is unknown.

    Attributes:
        conditions: The conditions; at least one.
        depth: Levels, this one included.
        node_count: Conditions within, this one included.

    Example:
        >>> from microcrm_core.rules import all_of, compare
        >>> str(all_of(compare("a", ">", 1), compare("b", "==", 0)))
        'all of (a > 1, b == 0)'
    """

    conditions: tuple[Condition, ...] = attrs.field(converter=_conditions)
    depth: int = attrs.field(init=False, eq=False, repr=False)
    node_count: int = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Bound the size."""
        _set_size(self, self.conditions)

    def __str__(self) -> str:
        """Return the short form for people."""
        return f"all of ({', '.join(map(str, self.conditions))})"


@attrs.frozen
class AnyOf:
    """Several conditions of which one must be met.

    Met as soon as one is met; else unknown as soon as one is unknown.

    Attributes:
        conditions: The conditions; at least one.
        depth: Levels, this one included.
        node_count: Conditions within, this one included.

    Example:
        >>> from microcrm_core.rules import any_of, compare
        >>> str(any_of(compare("a", ">", 1), compare("b", "==", 0)))
        'any of (a > 1, b == 0)'
    """

    conditions: tuple[Condition, ...] = attrs.field(converter=_conditions)
    depth: int = attrs.field(init=False, eq=False, repr=False)
    node_count: int = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Bound the size."""
        _set_size(self, self.conditions)

    def __str__(self) -> str:
        """Return the short form for people."""
        return f"any of ({', '.join(map(str, self.conditions))})"


@attrs.frozen
class Not:
    """A condition that must be unmet; unknown stays unknown.

    Attributes:
        condition: What must be unmet.
        depth: Levels, this one included.
        node_count: Conditions within, this one included.

    Example:
        >>> from microcrm_core.rules import compare, not_
        >>> str(not_(compare("a", ">", 1)))
        'not (a > 1)'
    """

    condition: Condition
    depth: int = attrs.field(init=False, eq=False, repr=False)
    node_count: int = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Bound the size."""
        _set_size(self, (self.condition,))

    def __str__(self) -> str:
        """Return the short form for people."""
        return f"not ({self.condition})"


Condition: TypeAlias = "Comparison | Between | OneOf | IsMissing | AllOf | AnyOf | Not"
"""Anything that can be met, unmet or unknown."""


def compare(field: str, op: Op | str, value: ConditionValue) -> Comparison:
    """Return the condition that *field* compares with *value* as *op* says.

    Args:
        field: Name of a field.
        op: One of `==`, `!=`, `<`, `<=`, `>`, `>=`; texts and flags know the first
            two only.
        value: Exact; a decimal is a `Decimal` or plain decimal text.

    Raises:
        PolicyError: *op* is none of these, or *value* is a float or another type.

    Example:
        >>> from microcrm_core.rules import compare
        >>> str(compare("rate", "<", "0.3"))
        'rate < 0.3'
    """
    return Comparison(field=field, op=op, value=value)


def between(field: str, low: ConditionValue, high: ConditionValue) -> Between:
    """Return the condition that *field* is at least *low* and at most *high*.

    Raises:
        PolicyError: A bound is a float or of another type.

    Example:
        >>> from microcrm_core.rules import between
        >>> str(between("months_observed", 3, 12))
        '3 <= months_observed <= 12'
    """
    return Between(field=field, low=low, high=high)


def one_of(field: str, values: Iterable[ConditionValue]) -> OneOf:
    """Return the condition that *field* equals one of *values*.

    Raises:
        PolicyError: There is no value, or more than 1,000, or one is a float or of
            another type.

    Example:
        >>> from microcrm_core.rules import one_of
        >>> str(one_of("months_observed", (3, 6)))
        'months_observed in (3, 6)'
    """
    return OneOf(field, values)


def is_missing(field: str) -> IsMissing:
    """Return the condition that *field* is not known.

    Example:
        >>> from microcrm_core.rules import is_missing
        >>> is_missing("tenure_days").field
        'tenure_days'
    """
    return IsMissing(field)


def all_of(*conditions: Condition) -> AllOf:
    """Return the condition that all *conditions* are met.

    Raises:
        PolicyError: There is none, or they make more than 32 levels or 1,000
            conditions.

    Example:
        >>> from microcrm_core.rules import all_of, is_missing
        >>> all_of(is_missing("a"), is_missing("b")).node_count
        3
    """
    return AllOf(conditions)


def any_of(*conditions: Condition) -> AnyOf:
    """Return the condition that one of *conditions* is met.

    Raises:
        PolicyError: There is none, or they make more than 32 levels or 1,000
            conditions.

    Example:
        >>> from microcrm_core.rules import any_of, is_missing
        >>> any_of(is_missing("a"), is_missing("b")).depth
        2
    """
    return AnyOf(conditions)


def not_(condition: Condition) -> Not:
    """Return the condition that *condition* is unmet.

    Raises:
        PolicyError: It would have more than 32 levels or 1,000 conditions.

    Example:
        >>> from microcrm_core.rules import is_missing, not_
        >>> str(not_(is_missing("tenure_days")))
        'not (tenure_days is missing)'
    """
    return Not(condition)


def _set_size(group: AllOf | AnyOf | Not, parts: tuple[object, ...]) -> None:
    if not parts:
        raise PolicyError("conditions", "must not be empty", ())
    depth, node_count = 1, 1
    for part in parts:
        if isinstance(part, AllOf | AnyOf | Not):
            depth = max(depth, part.depth + 1)
            node_count += part.node_count
        elif isinstance(part, Comparison | Between | OneOf | IsMissing):
            depth = max(depth, 2)
            node_count += 1
        else:
            raise PolicyError("conditions", "must all be conditions", part)
    if depth > DEPTH_MAX:
        raise PolicyError("conditions", f"must have at most {DEPTH_MAX} levels", depth)
    if node_count > NODES_MAX:
        rule = f"must hold at most {NODES_MAX} conditions"
        raise PolicyError("conditions", rule, node_count)
    object.__setattr__(group, "depth", depth)
    object.__setattr__(group, "node_count", node_count)


def _shown(value: int | str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
