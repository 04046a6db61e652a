"""What a checker knows: a key or a word beyond it says so instead of being guessed."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import TypeVar

from tests.golden.outcomes import NotSupportedError
from tests.golden.reading import Record

__all__ = ["known_word", "require_known"]

_Word = TypeVar("_Word", bound=Enum)


def require_known(record: Record, known: Iterable[str], name: str) -> None:
    """Refuse a key that is not among *known*, unless it is switched off.

    What is null, false, zero or empty changes nothing, whatever it is.
    """
    for key in record.keys() - set(known):
        if record[key] not in (None, False, 0, "", "0", [], {}):
            raise NotSupportedError(f"{name} with {key}")


def known_word(words: type[_Word], text: str, name: str) -> _Word:
    """Return the member of *words* whose value is *text*; refuse another by name."""
    try:
        return words(text)
    except ValueError:
        raise NotSupportedError(f"{name} {text}") from None
