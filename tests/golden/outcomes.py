"""What a checker says about one case."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs

from tests.golden.reading import Record

__all__ = [
    "PASSED",
    "Checker",
    "Failed",
    "NotSupportedError",
    "Outcome",
    "Passed",
    "Unsupported",
    "compared",
]


@attrs.frozen
class Passed:
    """Everything that the case expects was found, exactly."""


@attrs.frozen
class Failed:
    """Something else was found, or the case cannot be read."""

    detail: str


@attrs.frozen
class Unsupported:
    """The library lacks something that the case needs."""

    feature: str


Outcome: TypeAlias = Passed | Failed | Unsupported
Checker: TypeAlias = Callable[[Record, Record], Outcome]
"""Takes the case and the whole document, which may hold settings of all cases."""

PASSED = Passed()


class NotSupportedError(Exception):
    """Raised deep in a checker; the runner makes it `Unsupported`."""

    def __init__(self, feature: str) -> None:
        self.feature = feature
        super().__init__(feature)


def compared(expected: dict[str, object], found: dict[str, object]) -> Outcome:
    """Return whether every expected part was found; parts not expected are ignored."""
    if not expected:
        return Failed("the case expects nothing that this checker knows")
    wrong = [
        f"{name} expected {shown(value)}, found {shown(found.get(name))}"
        for name, value in expected.items()
        if found.get(name) != value
    ]
    return Failed("; ".join(wrong)) if wrong else PASSED


def shown(value: object) -> str:
    """Return *value* as people write it."""
    if isinstance(value, tuple):
        return "[" + ", ".join(shown(item) for item in value) + "]"
    return str(value)
