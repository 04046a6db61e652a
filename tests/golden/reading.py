"""Reading a case strictly: what is missing or of the wrong type says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fractions import Fraction
from typing import TypeAlias

__all__ = [
    "Json",
    "MalformedError",
    "Record",
    "date_at",
    "date_of",
    "dates_at",
    "flag_at",
    "fraction_at",
    "items_at",
    "record_at",
    "text_at",
    "whole_at",
]

Json: TypeAlias = object
"""Any value that a JSON file may hold."""
Record: TypeAlias = Mapping[str, Json]


class MalformedError(Exception):
    """A case lacks something, or holds it in the wrong form."""


def record_at(record: Record, key: str) -> Record:
    """Return the object under *key*."""
    value = _at(record, key)
    if not isinstance(value, dict):
        raise MalformedError(f"{key} must be an object, got {value!r}")
    return value


def items_at(
    record: Record, key: str, *, default: list[Json] | None = None
) -> list[Json]:
    """Return the list under *key*, or *default* if there is none."""
    if default is not None and record.get(key) is None:
        return default
    value = _at(record, key)
    if not isinstance(value, list):
        raise MalformedError(f"{key} must be a list, got {value!r}")
    return value


def text_at(record: Record, key: str) -> str:
    """Return the text under *key*."""
    value = _at(record, key)
    if not isinstance(value, str):
        raise MalformedError(f"{key} must be text, got {value!r}")
    return value


def whole_at(record: Record, key: str) -> int:
    """Return the whole number under *key*."""
    value = _at(record, key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedError(f"{key} must be a whole number, got {value!r}")
    return value


def flag_at(record: Record, key: str) -> bool:
    """Return the truth value under *key*; a missing one is false."""
    value = record.get(key, False)
    if not isinstance(value, bool):
        raise MalformedError(f"{key} must be true or false, got {value!r}")
    return value


def fraction_at(record: Record, key: str) -> Fraction:
    """Return the exact number under *key*, a text such as 1/3 or 0.25."""
    text = text_at(record, key)
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise MalformedError(f"{key} must be a fraction, got {text!r}") from None


def date_at(record: Record, key: str) -> dt.date:
    """Return the date under *key*."""
    return date_of(_at(record, key), key)


def dates_at(
    record: Record, key: str, *, default: list[Json] | None = None
) -> tuple[dt.date, ...]:
    """Return the list of dates under *key*."""
    return tuple(date_of(item, key) for item in items_at(record, key, default=default))


def date_of(value: Json, key: str) -> dt.date:
    """Return the date that *value*, found under *key*, writes in ISO form."""
    try:
        return dt.date.fromisoformat(value)  # type: ignore[arg-type]  # checked here
    except (TypeError, ValueError):
        raise MalformedError(f"{key} must be an ISO date, got {value!r}") from None


def _at(record: Record, key: str) -> Json:
    if record.get(key) is None:
        raise MalformedError(f"{key} is missing")
    return record[key]
