"""Interest of whole lines, held against plain whole numbers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microcrm_core.loans.lines_batch import LIMIT, InterestLines, Scratch, annuities
from microcrm_core.rounding import Rounding, divide

ROUNDINGS = st.sampled_from(list(Rounding))


def lines(
    weight: int | list[int],
    unit: int = 360_000_000,
    rounding: Rounding = Rounding.HALF_EVEN,
    *,
    multiple: int = 1,
    first_unit: int | None = None,
    is_wide: bool = False,
    is_positive: bool = False,
    count: int = 1,
) -> InterestLines:
    """Return the interest of one loan, or of several with a weight each."""
    weights = np.array(weight if isinstance(weight, list) else [weight])
    return InterestLines(
        weights=[weights] * count,
        unit=unit,
        first_unit=None if first_unit is None else np.full_like(weights, first_unit),
        rounding=rounding,
        multiple=multiple,
        is_wide=is_wide,
        is_positive=is_positive,
        scratch=Scratch.of_size(weights.size),
    )


def written(interest: InterestLines, balance: list[int], number: int = 0) -> list[int]:
    out = np.zeros(len(balance), np.int64)
    interest.write(np.array(balance), number, out=out)
    return out.tolist()


@pytest.mark.parametrize("rounding", list(Rounding), ids=str)
@pytest.mark.parametrize("is_wide", [False, True], ids=["narrow", "wide"])
@pytest.mark.parametrize("is_positive", [False, True], ids=["any", "positive"])
@pytest.mark.parametrize("multiple", [1, 5, 100])
def test_ties_and_their_neighbors_round_as_plain_numbers_do(
    rounding: Rounding, is_wide: bool, is_positive: bool, multiple: int
) -> None:
    # Half of a multiple, an odd number of times, and one either side of it.
    unit = 1000
    balance = [
        multiple * unit // 2 * odd + offset
        for odd in range(1, 9)
        for offset in (-1, 0, 1)
    ]
    interest = lines(
        [1] * len(balance),
        unit,
        rounding,
        multiple=multiple,
        is_wide=is_wide,
        is_positive=is_positive,
    )

    expected = [divide(one, unit * multiple, rounding) * multiple for one in balance]
    assert written(interest, balance) == expected


@given(
    balance=st.integers(0, 2**60),
    weight=st.integers(0, 2**50),
    unit=st.integers(1, 2**45).map(lambda half: 2 * half),
    rounding=ROUNDINGS,
    is_wide=st.booleans(),
)
def test_every_balance_up_to_its_limit_bears_its_exact_interest(
    balance: int, weight: int, unit: int, rounding: Rounding, is_wide: bool
) -> None:
    interest = lines(weight, unit, rounding, is_wide=is_wide)
    limit = int(interest.limit_minor()[0])
    # At the limit, just under it, and somewhere below.
    for one in {limit, max(limit - 1, 0), min(balance, limit)}:
        expected = divide(one * weight, unit, rounding)
        assert written(interest, [one]) == [expected]
        assert interest.exact(one, 0, 0) == expected


@pytest.mark.parametrize("weight", [1, 3, 7_200_000, 2**31 - 1, 2**40 + 1])
def test_plain_products_have_the_largest_limit_that_stays_within_the_bound(
    weight: int,
) -> None:
    limit = int(lines(weight).limit_minor()[0])

    assert limit * weight <= LIMIT < (limit + 1) * weight


def test_one_limit_for_all_is_below_every_limit() -> None:
    interest = lines([1, 7_200_000, 2**40])

    assert interest.least_limit_minor() == int(interest.limit_minor().min())


def test_a_neighbor_does_not_change_what_wide_arithmetic_finds() -> None:
    # The second needs small digits; the first is the same with and without it.
    weights, balance = [7_200_001, 2**56], [2**59 + 12_345, 3]
    together = written(lines(weights, is_wide=True), balance)

    assert together[:1] == written(lines(weights[0], is_wide=True), balance[:1])
    assert together == [
        divide(minor * weight, 360_000_000, Rounding.HALF_EVEN)
        for minor, weight in zip(balance, weights, strict=True)
    ]


@pytest.mark.parametrize("is_wide", [False, True], ids=["narrow", "wide"])
@pytest.mark.parametrize("first_unit", [None, 36 * 10**9], ids=["one unit", "two"])
@pytest.mark.parametrize("multiple", [2**31, 2**28])
def test_a_multiple_whose_divisor_leaves_int64_has_the_limit_zero(
    is_wide: bool, first_unit: int | None, multiple: int
) -> None:
    unit = 365 * 366 * 10**6
    interest = lines(
        1, unit, is_wide=is_wide, multiple=multiple, first_unit=first_unit, count=2
    )

    assert unit * multiple > 2**63 - 1
    assert interest.limit_minor().tolist() == [0]
    assert written(interest, [0]) == [0]
    assert written(interest, [0], 1) == [0]


@pytest.mark.parametrize("multiple", [1, 5, 10**6])
def test_the_first_period_may_count_in_a_unit_of_its_own(multiple: int) -> None:
    first, unit = 31 * 12 * 10**6, 12 * 10**6
    interest = lines(240_000 * 17, unit, multiple=multiple, first_unit=first, count=2)
    balance = 10**9

    for number, divisor in enumerate((first, unit)):
        exact = divide(balance * 240_000 * 17, divisor * multiple, Rounding.HALF_EVEN)
        assert written(interest, [balance], number) == [exact * multiple]


@given(
    rates=st.lists(st.integers(0, 10**6), min_size=1, max_size=40),
    unit=st.just(1_000_000),
)
@example(rates=[0, 1], unit=1_000_000)
def test_annuities_are_those_of_fractions(rates: list[int], unit: int) -> None:
    interest = InterestLines(
        weights=[np.array([rate]) for rate in rates],
        unit=unit,
        rounding=Rounding.HALF_EVEN,
        scratch=Scratch.of_size(1),
    )
    discount, worth = Fraction(1), Fraction(0)
    for rate in rates:
        discount /= 1 + Fraction(rate, unit)
        worth += discount

    start, end = annuities(interest)

    # What the proof of levels takes floats to miss at most: one minus a power of a
    # small rate loses as many places as the rate has zeros.
    steps = len(rates) + (unit / rates[-1] if interest.is_level and rates[-1] else 0)
    assert math.isclose(start[0], worth, rel_tol=steps * 2.0**-50)
    assert math.isclose(end[0], worth / discount, rel_tol=steps * 2.0**-50)


# One part in a billion and its neighbors: below, a sum of equal parts stands for it.
@pytest.mark.parametrize("weight", [0, 1, 999, 1000, 1001, 10_000])
@pytest.mark.parametrize("count", [2, 12, 360])
def test_level_annuities_are_those_of_fractions_around_the_least_rate(
    weight: int, count: int
) -> None:
    unit = 10**12
    growth = 1 + Fraction(weight, unit)
    worth = sum((growth**-number for number in range(1, count + 1)), Fraction(0))
    interest = lines(weight, unit, count=count)

    start, end = annuities(interest)

    assert interest.is_level
    # One minus a power of a rate so small keeps some six digits.
    assert math.isclose(start[0], worth, rel_tol=2e-6)
    assert math.isclose(end[0], worth * growth**count, rel_tol=2e-6)


@pytest.mark.parametrize("is_shared", [True, False], ids=["level", "by period"])
def test_growth_beyond_floats_gives_a_worth_above_all_amounts(is_shared: bool) -> None:
    weight = np.array([0, 10**7])
    weights = [weight if is_shared else weight.copy() for _ in range(1200)]
    interest = InterestLines(
        weights=weights,
        unit=10**6,
        rounding=Rounding.HALF_EVEN,
        scratch=Scratch.of_size(2),
    )

    start, end = annuities(interest)

    # Ten times what one unit is worth in every period, at 1000 % a period, is one.
    assert np.allclose(start, [1200, 0.1])
    assert end[0] == 1200
    assert 2.0**63 < end[1] < math.inf


def test_the_most_that_one_unit_grows_to_is_that_of_the_largest_weight() -> None:
    interest = lines([0, 10**6], 10**6, count=10)

    assert math.isclose(interest.growth_max(), 2.0**10)
    assert math.isfinite(lines(10**9, 10**6, count=1200).growth_max())


def test_the_lines_of_some_loans_are_theirs() -> None:
    interest = lines([1, 2, 3], 10, first_unit=20, count=2)

    taken = interest.take(np.array([2, 0]))

    assert taken.is_level == interest.is_level
    assert [line.tolist() for line in taken.weights] == [[3, 1], [3, 1]]
    assert taken.largest.tolist() == [3, 1]
    assert interest.take(np.array([0]), is_wide=True).is_wide
