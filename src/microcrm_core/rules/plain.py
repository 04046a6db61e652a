"""Conditions and fields as plain JSON values, and back.

The way back is strict: what comes from a file can at worst be refused, with the
path to the fault. Nothing in it is evaluated or looked up as code, and both the
levels and the number of conditions are bounded.

Example:
    >>> from microcrm_core.rules import condition_from_plain
    >>> plain = {"field": "days_past_due", "op": "<=", "value": 30}
    >>> print(condition_from_plain(plain))
    days_past_due <= 30
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from itertools import count
from typing import Final, TypeAlias, TypeVar, cast

from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.rules.conditions import (
    DEPTH_MAX,
    NODES_MAX,
    AllOf,
    AnyOf,
    Between,
    Comparison,
    Condition,
    IsMissing,
    Not,
    OneOf,
    Op,
)
from microcrm_core.rules.fields import Field, FieldDirection, FieldKind, Missing

__all__ = [
    "Plain",
    "condition_from_plain",
    "condition_to_plain",
    "faults_below",
    "field_from_plain",
    "field_to_plain",
    "plain_choice",
    "plain_day",
    "plain_list",
    "plain_mapping",
    "plain_text",
]

Plain: TypeAlias = "dict[str, object]"
"""A JSON object: text keys; values of JSON types, none of them a float."""

E = TypeVar("E", bound=StrEnum)

_SHAPES: Final = (
    "{field, op, value}",
    "{field, between}",
    "{field, one_of}",
    "{field, is_missing}",
    "{all_of}",
    "{any_of}",
    "{not}",
)


def condition_to_plain(condition: Condition) -> Plain:
    """Return *condition* as a JSON object.

    Example:
        >>> from microcrm_core.rules import condition_to_plain, is_missing, not_
        >>> condition_to_plain(not_(is_missing("tenure_days")))
        {'not': {'field': 'tenure_days', 'is_missing': True}}
    """
    match condition:
        case Comparison():
            op = condition.op.value
            return {"field": condition.field, "op": op, "value": condition.value}
        case Between():
            bounds = [condition.low, condition.high]
            return {"field": condition.field, "between": bounds}
        case OneOf():
            return {"field": condition.field, "one_of": list(condition.values)}
        case IsMissing():
            return {"field": condition.field, "is_missing": True}
        case AllOf():
            return {"all_of": [condition_to_plain(c) for c in condition.conditions]}
        case AnyOf():
            return {"any_of": [condition_to_plain(c) for c in condition.conditions]}
        case Not():
            return {"not": condition_to_plain(condition.condition)}


def condition_from_plain(plain: object, *, path: str = "condition") -> Condition:
    """Return the condition that a JSON object stands for.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape, an unknown key, operator or type, a
            float, more than 32 levels or more than 1,000 conditions; the error's
            `field` is the path to the fault.

    Example:
        >>> from microcrm_core.rules import condition_from_plain
        >>> print(condition_from_plain({"field": "a", "between": [1, 3]}))
        1 <= a <= 3
    """
    return _condition(plain, path, 1, count(1))


def _condition(
    plain: object, path: str, depth: int, counter: Iterator[int]
) -> Condition:
    if depth > DEPTH_MAX:
        raise PolicyError(path, f"must have at most {DEPTH_MAX} levels", depth)
    if next(counter) > NODES_MAX:
        rule = f"must come within the first {NODES_MAX} conditions"
        raise PolicyError(path, rule, plain)
    parts = _object(plain, path)
    match sorted(parts):
        case ["not"]:
            return Not(_condition(parts["not"], f"{path}.not", depth + 1, counter))
        case ["all_of"]:
            return AllOf(_conditions(parts, path, "all_of", depth, counter))
        case ["any_of"]:
            return AnyOf(_conditions(parts, path, "any_of", depth, counter))
        case ["field", "op", "value"]:
            op = plain_choice(Op, parts["op"], f"{path}.op")
            value = _value(parts["value"], f"{path}.value")
            return Comparison(field=_name(parts, path), op=op, value=value)
        case ["between", "field"]:
            return _between(parts, path)
        case ["field", "one_of"]:
            values = _values(parts["one_of"], f"{path}.one_of")
            return OneOf(_name(parts, path), values)
        case ["field", "is_missing"]:
            if parts["is_missing"] is not True:
                rule = "must be true; write not for the opposite"
                raise PolicyError(f"{path}.is_missing", rule, parts["is_missing"])
            return IsMissing(_name(parts, path))
        case keys:
            rule = f"must have the keys of one of {', '.join(_SHAPES)}"
            raise PolicyError(path, rule, keys)


def _conditions(
    parts: Mapping[str, object],
    path: str,
    key: str,
    depth: int,
    counter: Iterator[int],
) -> list[Condition]:
    items = plain_list(parts[key], f"{path}.{key}", at_least=1)
    return [
        _condition(item, f"{path}.{key}[{i}]", depth + 1, counter)
        for i, item in enumerate(items)
    ]


def _between(parts: Mapping[str, object], path: str) -> Between:
    bounds = _values(parts["between"], f"{path}.between")
    if len(bounds) != 2:
        rule = "must be two bounds, the low one first"
        raise PolicyError(f"{path}.between", rule, parts["between"])
    return Between(field=_name(parts, path), low=bounds[0], high=bounds[1])


def field_to_plain(field: Field) -> Plain:
    """Return *field* as a JSON object, with every part.

    Example:
        >>> from microcrm_core.rules import Field, FieldKind, field_to_plain
        >>> field_to_plain(Field("tenure_days", FieldKind.WHOLE))["missing"]
        'unknown'
    """
    return {
        "name": field.name,
        "kind": field.kind.value,
        "unit": field.unit,
        "missing": field.missing.value,
        "is_protected": field.is_protected,
        "direction": None if field.direction is None else field.direction.value,
        "scale": field.scale,
        "choices": list(field.choices),
    }


def field_from_plain(plain: object, *, path: str = "field") -> Field:
    """Return the field that a JSON object stands for.

    `name` and `kind` are needed; the other parts have the defaults of `Field`.

    Raises:
        PolicyError: A part is unknown or has the wrong type; the error's `field` is
            the path to the fault. Or the parts do not fit each other.

    Example:
        >>> from microcrm_core.rules import field_from_plain
        >>> field_from_plain({"name": "has_shop", "kind": "flag"}).missing.value
        'unknown'
    """
    parts = plain_mapping(
        plain,
        path,
        needed=("name", "kind"),
        optional=("unit", "missing", "is_protected", "direction", "scale", "choices"),
    )
    unit, direction = parts.get("unit"), parts.get("direction")
    is_protected = parts.get("is_protected", False)
    scale = parts.get("scale", 0)
    if not isinstance(is_protected, bool):
        rule = "must be true or false"
        raise PolicyError(f"{path}.is_protected", rule, is_protected)
    if not isinstance(scale, int) or isinstance(scale, bool):
        raise PolicyError(f"{path}.scale", "must be a whole number", scale)
    choices = plain_list(parts.get("choices", []), f"{path}.choices")
    missing = parts.get("missing", Missing.UNKNOWN.value)
    name = plain_text(parts["name"], f"{path}.name")
    kind = plain_choice(FieldKind, parts["kind"], f"{path}.kind")
    texts = [plain_text(c, f"{path}.choices[{i}]") for i, c in enumerate(choices)]
    way = (
        None
        if direction is None
        else plain_choice(FieldDirection, direction, f"{path}.direction")
    )
    try:
        return Field(
            name,
            kind,
            unit=None if unit is None else plain_text(unit, f"{path}.unit"),
            missing=plain_choice(Missing, missing, f"{path}.missing"),
            is_protected=is_protected,
            direction=way,
            scale=scale,
            choices=texts,
        )
    except PolicyError:
        raise
    except InvalidValueError as error:
        # The parts do not fit each other; only here is it known where they stand.
        raise PolicyError(f"{path}.{error.field}", error.rule, error.value) from None


def plain_mapping(
    plain: object,
    path: str,
    *,
    needed: Collection[str],
    optional: Collection[str] = (),
) -> Mapping[str, object]:
    """Return *plain* if it is a JSON object with these keys and no other.

    Raises:
        PolicyError: It is no object, lacks a needed key or has an unknown one.

    Example:
        >>> from microcrm_core.rules.plain import plain_mapping
        >>> plain_mapping({"id": "a"}, "rules[0]", needed=("id",))
        {'id': 'a'}
    """
    parts = _object(plain, path)
    for key in needed:
        if key not in parts:
            raise PolicyError(f"{path}.{key}", "must be given", None)
    for key in parts:
        if key not in needed and key not in optional:
            known = ", ".join((*needed, *optional))
            raise PolicyError(path, f"must only have the keys {known}", key)
    return parts


def plain_list(plain: object, path: str, *, at_least: int = 0) -> list[object]:
    """Return *plain* as a list if it is one, and no longer than 1,000.

    Raises:
        PolicyError: It is no list, too short or too long.

    Example:
        >>> from microcrm_core.rules.plain import plain_list
        >>> plain_list([1, 2], "rules")
        [1, 2]
    """
    if not isinstance(plain, list | tuple):
        raise PolicyError(path, "must be a list", plain)
    items = cast("Sequence[object]", plain)
    if not at_least <= len(items) <= NODES_MAX:
        rule = f"must have {at_least} to {NODES_MAX} items"
        raise PolicyError(path, rule, len(items))
    return list(items)


def plain_text(value: object, path: str) -> str:
    """Return *value* if it is text, not empty, without spaces around it.

    Raises:
        PolicyError: It is not.

    Example:
        >>> from microcrm_core.rules.plain import plain_text
        >>> plain_text("basic", "id")
        'basic'
    """
    if not isinstance(value, str) or not value or value != value.strip():
        rule = "must be text, not empty, without spaces around it"
        raise PolicyError(path, rule, value)
    return value


def plain_choice(kind: type[E], value: object, path: str) -> E:
    """Return the member of *kind* whose stored text *value* is.

    Raises:
        PolicyError: There is none.

    Example:
        >>> from microcrm_core.rules import Op
        >>> from microcrm_core.rules.plain import plain_choice
        >>> plain_choice(Op, "<=", "op").name
        'LE'
    """
    if isinstance(value, str):
        for member in kind:
            if member.value == value:
                return member
    raise PolicyError(path, f"must be one of {', '.join(kind)}", value)


def plain_day(value: object, path: str) -> dt.date:
    """Return the day that an ISO text stands for.

    Raises:
        PolicyError: It stands for none, or has another form than 2025-01-31.

    Example:
        >>> from microcrm_core.rules.plain import plain_day
        >>> plain_day("2025-01-31", "effective_from")
        datetime.date(2025, 1, 31)
    """
    if isinstance(value, str):
        try:
            found = dt.date.fromisoformat(value)
        except ValueError:
            found = None
        # fromisoformat also takes weeks and forms without hyphens, which are not ours.
        if found is not None and found.isoformat() == value:
            return found
    raise PolicyError(path, "must be a date like 2025-01-31", value)


@contextmanager
def faults_below(path: str) -> Generator[None]:
    """Turn what a constructor refuses into a `PolicyError` with the path to it.

    Raises:
        PolicyError: The block raised an `InvalidValueError`.

    Example:
        >>> from microcrm_core.errors import InvalidValueError
        >>> from microcrm_core.rules.plain import faults_below
        >>> try:
        ...     with faults_below("pricing"):
        ...         raise InvalidValueError("floor_ppm", "must not be negative", -1)
        ... except InvalidValueError as error:
        ...     print(error)
        pricing.floor_ppm must not be negative, got -1
    """
    try:
        yield
    except InvalidValueError as error:
        field = error.field
        is_whole_path = field == path or field.startswith(f"{path}.")
        where = field if is_whole_path else f"{path}.{field}"
        raise PolicyError(where, error.rule, error.value, hint=error.hint) from None


def _object(plain: object, path: str) -> Mapping[str, object]:
    if not isinstance(plain, Mapping):
        hint = "read the text with json.loads first" if isinstance(plain, str) else None
        raise PolicyError(path, "must be a JSON object", plain, hint=hint)
    parts = cast("Mapping[object, object]", plain)
    for key in parts:
        if not isinstance(key, str):
            raise PolicyError(path, "must have text keys", key)
    return cast("Mapping[str, object]", plain)


def _name(plain: Mapping[str, object], path: str) -> str:
    return plain_text(plain["field"], f"{path}.field")


def _value(value: object, path: str) -> int | str | bool:
    if isinstance(value, float):
        whole = value.is_integer()
        hint = f"write {value:.0f}" if whole else f'write it as text "{value!r}"'
        raise PolicyError(path, "must be exact", value, hint=hint)
    if not isinstance(value, int | str):
        raise PolicyError(path, "must be a whole number, text or a flag", value)
    return value


def _values(values: object, path: str) -> list[int | str | bool]:
    items = plain_list(values, path, at_least=1)
    return [_value(item, f"{path}[{i}]") for i, item in enumerate(items)]
