from __future__ import annotations

import numpy as np
import pytest

from microcrm_core.batch import Int64s
from microcrm_core.loans.kernel_batch import LevelKernel
from microcrm_core.loans.lines_batch import InterestLines, Scratch
from microcrm_core.loans.money_lines_batch import MoneyLines
from microcrm_core.rounding import Rounding, divide

UNIT = 360_000_000
COUNT = 24


def make_kernel(
    principal_minor: Int64s,
    weights: list[Int64s],
    rounding: Rounding = Rounding.HALF_EVEN,
    multiple: int = 1,
) -> LevelKernel:
    return LevelKernel(
        principal_minor=principal_minor,
        interest=InterestLines(
            weights=weights,
            unit=UNIT,
            rounding=rounding,
            multiple=multiple,
            scratch=Scratch.of_size(principal_minor.size),
        ),
    )


def left_minor(kernel: LevelKernel, loan: int, level: int) -> int:
    """Return what is left after every period has paid *level*, by plain division."""
    interest = kernel.interest
    balance = int(kernel.principal_minor[loan])
    for line in interest.weights:
        scaled, divisor = balance * int(line[loan]), UNIT * interest.multiple
        due = divide(scaled, divisor, interest.rounding) * interest.multiple
        balance += due - level
    return balance


def assert_least(kernel: LevelKernel) -> None:
    lines = MoneyLines.of_shape(COUNT, kernel.principal_minor.size)
    level_minor, is_covered = kernel.write(lines)
    assert is_covered.all()
    for loan, level in enumerate(level_minor.tolist()):
        assert left_minor(kernel, loan, level) <= 0
        assert left_minor(kernel, loan, level - 1) > 0


@pytest.mark.parametrize("rounding", list(Rounding))
@pytest.mark.parametrize("largest_minor", [500, 100_000, 10**9, 10**11])
def test_a_level_is_the_least_amount_that_repays(
    rounding: Rounding, largest_minor: int
) -> None:
    rng = np.random.default_rng(largest_minor)
    size = 600
    annual_ppm = rng.choice([0, 1, 9_999, 120_000, 240_000, 365_250, 600_000], size)
    regular = annual_ppm * 30
    uneven = [annual_ppm * days for days in rng.integers(28, 34, COUNT).tolist()]
    principal_minor = rng.integers(1, largest_minor, size)

    assert_least(make_kernel(principal_minor, [regular] * COUNT, rounding))
    first = annual_ppm * rng.integers(1, 36, size)
    weights = [first, *[regular] * (COUNT - 1)]
    assert_least(make_kernel(principal_minor, weights, rounding))
    assert_least(make_kernel(principal_minor, uneven, rounding))


def test_a_level_is_the_least_where_interest_is_a_multiple() -> None:
    rng = np.random.default_rng(3)
    principal_minor = rng.integers(10_000, 10**7, 500)
    regular = rng.integers(0, 500_000, 500) * 30

    assert_least(make_kernel(principal_minor, [regular] * COUNT, multiple=5))


def test_a_level_whose_exact_value_is_whole_is_not_raised() -> None:
    # Without interest the exact level is a whole number: 24 times it and no more.
    principal_minor = np.arange(1, 500) * COUNT
    kernel = make_kernel(principal_minor, [np.zeros(499, np.int64)] * COUNT)
    level_minor, _ = kernel.write(MoneyLines.of_shape(COUNT, 499))

    assert level_minor.tolist() == list(range(1, 500))


def test_one_period_pays_all_with_its_interest() -> None:
    kernel = make_kernel(np.array([10_000, 1]), [np.array([360_000 * 30, 0])])
    lines = MoneyLines.of_shape(1, 2)
    level_minor, is_covered = kernel.write(lines)

    # 10 000 at 36 % a year for 30 of 360 days bear 300.
    assert level_minor.tolist() == [10_300, 1]
    assert is_covered.all()
    assert lines.interest_minor.tolist() == [[300, 0]]
