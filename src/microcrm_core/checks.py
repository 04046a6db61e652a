"""Checks that values run once, when they are made.

Each is a plain function that raises `InvalidValueError` naming the field, the
rule and the value; the `*_field` forms fit attrs' `validator=`.

Example:
    >>> from microcrm_core.checks import whole_number
    >>> whole_number("days", 30, at_least=0)
    30
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from microcrm_core.errors import InvalidValueError

__all__ = [
    "day",
    "day_field",
    "instant",
    "name_text",
    "name_text_field",
    "whole_number",
    "whole_number_field",
]


def whole_number(
    field: str,
    value: object,
    *,
    at_least: int | None = None,
    at_most: int | None = None,
) -> int:
    """Return *value* if it is an `int` (no bool) within the inclusive bounds."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidValueError(field, "must be a whole number", value)
    if at_least is not None and value < at_least:
        rule = (
            "must not be negative" if at_least == 0 else f"must be {at_least} or more"
        )
        raise InvalidValueError(field, rule, value)
    if at_most is not None and value > at_most:
        raise InvalidValueError(field, f"must be {at_most} or less", value)
    return value


def day(field: str, value: object) -> dt.date:
    """Return *value* if it is a date and not a datetime."""
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        raise InvalidValueError(field, "must be a date without a time", value)
    return value


def instant(field: str, value: object) -> dt.datetime:
    """Return *value* if it is a datetime that knows its zone."""
    if not isinstance(value, dt.datetime) or value.utcoffset() is None:
        raise InvalidValueError(field, "must be a datetime with a time zone", value)
    return value


def name_text(field: str, value: object) -> str:
    """Return *value* if it is text with no space around it and not empty."""
    if not isinstance(value, str) or not value or value != value.strip():
        raise InvalidValueError(
            field, "must be text, not empty, without spaces around it", value
        )
    return value


def whole_number_field(
    *, at_least: int | None = None, at_most: int | None = None
) -> Callable[[Any, Any, Any], None]:
    """Return an attrs validator that runs `whole_number`."""

    def check(_instance: object, attribute: Any, value: object) -> None:
        whole_number(attribute.name, value, at_least=at_least, at_most=at_most)

    return check


def day_field(_instance: object, attribute: Any, value: object) -> None:
    """Run `day` as an attrs validator."""
    day(attribute.name, value)


def name_text_field(_instance: object, attribute: Any, value: object) -> None:
    """Run `name_text` as an attrs validator."""
    name_text(attribute.name, value)
