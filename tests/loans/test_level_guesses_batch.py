"""Guessed levels, and what is said to be proved of them, against whole numbers."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.loans.kernel_batch import LevelKernel
from microcrm_core.loans.level_guesses_batch import LevelGuess
from microcrm_core.loans.lines_batch import InterestLines, Scratch
from microcrm_core.loans.money_lines_batch import MoneyLines
from microcrm_core.rounding import Rounding, divide

UNIT = 360_000_000
PROOF_MAX = 2**43


def lines(
    weights: Sequence[int],
    size: int,
    rounding: Rounding = Rounding.HALF_EVEN,
    *,
    multiple: int = 1,
) -> InterestLines:
    """Return the same weights of periods for some loans; equal ones are one line."""
    made = {weight: np.full(size, weight, np.int64) for weight in weights}
    return InterestLines(
        weights=[made[weight] for weight in weights],
        unit=UNIT,
        rounding=rounding,
        multiple=multiple,
        scratch=Scratch.of_size(size),
    )


def balances(
    principal: int, weights: Sequence[int], rounding: Rounding, level: int
) -> list[int]:
    """Return what is owed after each period, and at the end what is left over."""
    owed = principal
    found: list[int] = []
    for weight in weights:
        owed += divide(owed * weight, UNIT, rounding)
        owed -= min(level, owed) if len(found) < len(weights) - 1 else level
        found.append(owed)
    return found


def is_enough(
    principal: int, weights: Sequence[int], rounding: Rounding, level: int
) -> bool:
    return balances(principal, weights, rounding, level)[-1] <= 0


def least_level(principal: int, weights: Sequence[int], rounding: Rounding) -> int:
    low, high = 0, 2 * principal + sum(weights) * principal // UNIT + 2
    while high - low > 1:
        middle = (low + high) // 2
        if is_enough(principal, weights, rounding, middle):
            high = middle
        else:
            low = middle
    return high


@given(
    principals=st.lists(st.integers(1, 2**44), min_size=1, max_size=8),
    rate=st.integers(0, 2_000_000),
    days=st.lists(st.integers(0, 31), min_size=1, max_size=24),
    rounding=st.sampled_from(list(Rounding)),
    is_level=st.booleans(),
)
def test_what_is_proved_is_true_of_whole_numbers(
    principals: list[int],
    rate: int,
    days: list[int],
    rounding: Rounding,
    is_level: bool,
) -> None:
    weights = [rate * one for one in ([days[0]] * len(days) if is_level else days)]

    interest = lines(weights, len(principals), rounding)
    guess = LevelGuess.of(np.array(principals), interest)

    for principal, level, is_least in zip(
        principals, guess.level_minor.tolist(), guess.is_least.tolist(), strict=True
    ):
        if is_least:
            assert not is_enough(principal, weights, rounding, level - 1)
        if guess.is_positive:
            owed = balances(principal, weights, rounding, level)
            assert all(one > 0 for one in owed[:-1])


@given(
    principal=st.integers(1000, 10**9),
    rate=st.integers(0, 600_000),
    count=st.integers(1, 36),
)
def test_the_guess_is_the_least_level_or_one_off(
    principal: int, rate: int, count: int
) -> None:
    weights = [30 * rate] * count

    guess = LevelGuess.of(np.array([principal]), lines(weights, 1))

    least = least_level(principal, weights, Rounding.HALF_EVEN)
    assert abs(guess.level_minor[0] - least) <= 1


@pytest.mark.parametrize("rounding", list(Rounding), ids=str)
@pytest.mark.parametrize("rate", [0, 240_000])
@pytest.mark.parametrize("count", [1, 3, 12])
def test_proofs_hold_around_the_largest_amounts_that_floats_prove(
    rounding: Rounding, rate: int, count: int
) -> None:
    principals = [PROOF_MAX + offset for offset in range(-3, 4)]
    weights = [30 * rate] * count

    guess = LevelGuess.of(np.array(principals), lines(weights, 7, rounding))

    for principal, level, is_least in zip(
        principals, guess.level_minor.tolist(), guess.is_least.tolist(), strict=True
    ):
        if is_least:
            assert not is_enough(principal, weights, rounding, level - 1)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 12])
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_principal_that_is_a_whole_number_of_levels_has_that_level(
    count: int, offset: int
) -> None:
    # Without interest the exact level is whole at the offset of zero: a tie of its own.
    principal = 1000 * count + offset
    guess = LevelGuess.of(np.array([principal]), lines([0] * count, 1))

    assert guess.level_minor.tolist() == [-(-principal // count)]
    assert not guess.is_least[0] or guess.level_minor[0] * count < principal + count


def test_beyond_what_floats_can_tell_apart_nothing_is_proved_by_them() -> None:
    # The doubt of a float is more than a quarter of a unit for the second alone, but
    # it is that of the largest amount of all.
    weights = [30 * 240_000] * 12
    small, large = 100_000, 2**52

    of_one = LevelGuess.of(np.array([small]), lines(weights, 1))
    of_both = LevelGuess.of(np.array([small, large]), lines(weights, 2))

    assert of_one.level_minor[0] == of_both.level_minor[0]
    assert of_one.is_positive
    assert not of_both.is_positive
    assert not of_both.is_least[1]


def test_multiples_are_left_to_whole_numbers() -> None:
    guess = LevelGuess.of(np.array([1000]), lines([0] * 3, 1, multiple=5))

    assert guess.is_least.tolist() == [False]


@functools.cache
def principals_guessed_too_low(weights: tuple[int, ...]) -> list[int]:
    """Return amounts lent whose guessed level is not enough."""
    pool = np.arange(5000, 45_000)
    guess = LevelGuess.of(pool, lines(list(weights), pool.size)).level_minor
    return [
        principal
        for principal, level in zip(pool.tolist(), guess.tolist(), strict=True)
        if not is_enough(principal, list(weights), Rounding.HALF_EVEN, level)
    ]


# A few loans are written one by one, and more of them in lines: 16 and 17.
@pytest.mark.parametrize("size", [1, 15, 16, 17, 18, 40])
def test_a_few_and_many_guesses_that_are_one_too_small_are_raised_alike(
    size: int,
) -> None:
    weights = [30 * 240_000] * 24
    low = principals_guessed_too_low(tuple(weights))
    assert low, "no guess is too small"
    principals = (low * size)[:size]
    out = MoneyLines.of_shape(len(weights), size)

    kernel = LevelKernel(
        principal_minor=np.array(principals), interest=lines(weights, size)
    )
    levels, is_covered = kernel.write(out)

    assert is_covered.all()
    for loan, principal in enumerate(principals):
        least = least_level(principal, weights, Rounding.HALF_EVEN)
        assert levels[loan] == least
        assert out.total_minor[:-1, loan].tolist() == [least] * 23
        owed = balances(principal, weights, Rounding.HALF_EVEN, least)
        assert out.outstanding_minor[:-1, loan].tolist() == owed[:-1]


@pytest.mark.parametrize("rounding", list(Rounding), ids=str)
def test_growth_beyond_floats_proves_nothing_false(rounding: Rounding) -> None:
    # 300 days at 1000 % are more than eight units on each, 9.3**400 in all.
    weights = [300 * 10**7] * 400
    principals = [1, 1000, 10**9]

    guess = LevelGuess.of(np.array(principals), lines(weights, 3, rounding))

    for principal, level, is_least in zip(
        principals, guess.level_minor.tolist(), guess.is_least.tolist(), strict=True
    ):
        assert level >= principal * 8
        if is_least:
            assert not is_enough(principal, weights, rounding, level - 1)
