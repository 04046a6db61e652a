"""The smallest amounts that are enough, held against counting one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.batch import Bools, Int64s
from microcrm_core.loans.search_batch import smallest_enough


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(-5, 65), st.integers(1, 5)),
        min_size=1,
        max_size=20,
    )
)
def test_every_row_finds_its_own_bound_wherever_it_looks_first(
    rows: list[tuple[int, int, int]],
) -> None:
    bound = np.array([one for one, _, _ in rows])
    guess = np.array([one for _, one, _ in rows])
    low = bound - np.array([one for _, _, one in rows])

    def is_enough(asked: Int64s, amount: Int64s) -> Bools:
        assert (amount > low[asked]).all()
        assert (amount < 61).all()
        return np.asarray(amount >= bound[asked])

    found = smallest_enough(is_enough, low=low, high=np.full_like(low, 61), guess=guess)

    assert found.tolist() == bound.tolist()


@given(st.integers(0, 2**62 - 1), st.integers(0, 2**62))
def test_a_range_of_all_int64_amounts_is_searched_to_the_end(
    bound: int, guess: int
) -> None:
    found = smallest_enough(
        lambda _, amount: np.asarray(amount >= bound),
        low=np.array([-1]),
        high=np.array([2**62]),
        guess=np.array([guess]),
    )

    assert found.tolist() == [bound]


def test_few_questions_find_what_is_near_the_guess() -> None:
    asked = 0

    def is_enough(_: Int64s, amount: Int64s) -> Bools:
        nonlocal asked
        asked += 1
        return np.asarray(amount >= 1_000_003)

    found = smallest_enough(
        is_enough,
        low=np.array([-1]),
        high=np.array([2**60]),
        guess=np.array([1_000_000]),
    )

    assert found.tolist() == [1_000_003]
    # Doubled steps over a distance, and halves of the last one.
    assert asked <= 2 * math.ceil(math.log2(8)) + 2


@pytest.mark.parametrize("size", [0, 1, 3])
def test_a_range_without_amounts_between_is_not_asked_about(size: int) -> None:
    def is_enough(_rows: Int64s, _amount: Int64s) -> Bools:
        raise AssertionError("nothing is to be found")

    high = np.full(size, 8)
    found = smallest_enough(is_enough, low=high - 1, high=high, guess=high)

    assert found.tolist() == [8] * size


def test_arguments_are_left_as_they_were() -> None:
    low, high, guess = np.array([-1]), np.array([50]), np.array([9])

    smallest_enough(
        lambda _, amount: np.asarray(amount >= 20), low=low, high=high, guess=guess
    )

    assert (low.tolist(), high.tolist(), guess.tolist()) == ([-1], [50], [9])
