"""The parts of which JSON Schemas are made, in draft 2020-12.

Each function returns one small schema as plain JSON values; `loans.schemas` and
`ledger.schemas` put them together. Patterns keep to what every regular expression
engine reads alike.

Example:
    >>> from microcrm_core.loans.schema_parts import object_schema, whole_schema
    >>> object_schema({"count": whole_schema(1)})["required"]
    ['count']
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from microcrm_core.rules.plain import Plain

__all__ = [
    "choice_schema",
    "flag_schema",
    "list_schema",
    "object_schema",
    "or_null",
    "schema_document",
    "schema_ref",
    "text_schema",
    "whole_schema",
]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF: Final = "#/$defs/"


def schema_document(name: str, title: str, known: Mapping[str, Plain]) -> Plain:
    """Return the schema of one definition with all that it refers to.

    Args:
        name: The definition.
        title: What it describes.
        known: All definitions by name.

    Example:
        >>> from microcrm_core.loans.schema_parts import flag_schema, schema_document
        >>> known = {"flag": flag_schema(), "other": flag_schema()}
        >>> list(schema_document("flag", "A flag", known)["$defs"])
        ['flag']
    """
    used: dict[str, Plain] = {}
    asked = [name]
    while asked:
        part = asked.pop()
        if part not in used:
            used[part] = known[part]
            text = json.dumps(known[part])
            asked += [one for one in known if f'"{_REF}{one}"' in text]
    return {
        "$schema": _DIALECT,
        "title": title,
        "$ref": f"{_REF}{name}",
        "$defs": {part: used[part] for part in known if part in used},
    }


def object_schema(
    needed: dict[str, Plain] | None = None, optional: dict[str, Plain] | None = None
) -> Plain:
    """Return the schema of an object with these keys and no other.

    Example:
        >>> from microcrm_core.loans.schema_parts import flag_schema, object_schema
        >>> object_schema({"a": flag_schema()}, {"b": flag_schema()})["required"]
        ['a']
    """
    needed, optional = needed or {}, optional or {}
    return {
        "type": "object",
        "properties": {**needed, **optional},
        "required": list(needed),
        "additionalProperties": False,
    }


def list_schema(item: Plain, *, at_least: int = 0, at_most: int | None = None) -> Plain:
    """Return the schema of a list of so many items.

    Example:
        >>> from microcrm_core.loans.schema_parts import flag_schema, list_schema
        >>> list_schema(flag_schema(), at_least=1)["minItems"]
        1
    """
    bounds: Plain = {"minItems": at_least} if at_least else {}
    if at_most is not None:
        bounds["maxItems"] = at_most
    return {"type": "array", "items": item, **bounds}


def whole_schema(at_least: int | None = None, at_most: int | None = None) -> Plain:
    """Return the schema of a whole number between two bounds, both inclusive.

    Example:
        >>> from microcrm_core.loans.schema_parts import whole_schema
        >>> whole_schema(0)
        {'type': 'integer', 'minimum': 0}
    """
    least: Plain = {} if at_least is None else {"minimum": at_least}
    most: Plain = {} if at_most is None else {"maximum": at_most}
    return {"type": "integer", **least, **most}


def text_schema(pattern: str) -> Plain:
    """Return the schema of text that matches a pattern as a whole.

    Example:
        >>> from microcrm_core.loans.schema_parts import text_schema
        >>> text_schema("[a-z]+")["pattern"]
        '^([a-z]+)$'
    """
    # In some engines $ also stands before a line break at the end.
    no_break: Plain = {"not": {"pattern": r"\n"}}
    return {"type": "string", "pattern": f"^({pattern})$", "allOf": [no_break]}


def choice_schema(kind: type[StrEnum]) -> Plain:
    """Return the schema of the stored texts of a choice.

    Example:
        >>> from microcrm_core.dates import Weekday
        >>> from microcrm_core.loans.schema_parts import choice_schema
        >>> choice_schema(Weekday)["enum"][0]
        'monday'
    """
    return {"enum": [member.value for member in kind]}


def flag_schema() -> Plain:
    """Return the schema of true or false.

    Example:
        >>> from microcrm_core.loans.schema_parts import flag_schema
        >>> flag_schema()
        {'type': 'boolean'}
    """
    return {"type": "boolean"}


def or_null(schema: Plain) -> Plain:
    """Return the schema of what another takes, or nothing.

    Example:
        >>> from microcrm_core.loans.schema_parts import flag_schema, or_null
        >>> or_null(flag_schema())
        {'anyOf': [{'type': 'boolean'}, {'type': 'null'}]}
    """
    return {"anyOf": [schema, {"type": "null"}]}


def schema_ref(name: str) -> Plain:
    """Return the reference to a definition.

    Example:
        >>> from microcrm_core.loans.schema_parts import schema_ref
        >>> schema_ref("amount")
        {'$ref': '#/$defs/amount'}
    """
    return {"$ref": f"{_REF}{name}"}
