"""Derived ids: the same parts, the same id, and nothing else gets it."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.ids import derived_id

parts_of_ids = st.lists(st.text(max_size=5), max_size=4)


def test_an_id_is_the_documented_hash_of_its_parts_with_their_lengths() -> None:
    # Written out by hand: "ä" has two bytes in UTF-8.
    expected = hashlib.sha256(b"2:ab2:\xc3\xa40:").hexdigest()[:24]
    assert derived_id("event", "ab", "ä", "") == f"event-{expected}"


@given(parts_of_ids, parts_of_ids)
def test_different_parts_get_different_ids(first: list[str], second: list[str]) -> None:
    is_same = derived_id("event", *first) == derived_id("event", *second)
    assert is_same == (first == second)


def test_parts_do_not_run_together() -> None:
    assert derived_id("event", "a", "bc") != derived_id("event", "ab", "c")
    assert derived_id("event", "a") != derived_id("event", "a", "")
    assert derived_id("event", "1:a", "b") != derived_id("event", "1", "a1:b")


@pytest.mark.parametrize("kind", ["", " event", "event "])
def test_a_kind_is_a_name(kind: str) -> None:
    with pytest.raises(InvalidValueError, match=r"^kind must be text"):
        derived_id(kind, "a")
