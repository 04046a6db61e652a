"""Interest of a whole term, held against plain whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.loans.lines_batch import LIMIT, InterestLines, Scratch
from microcrm_core.loans.whole_term_batch import whole_term_interest
from microcrm_core.rounding import Rounding, round_fraction

UNIT = 360_000_000


def lines(
    weights: Sequence[int],
    *,
    size: int = 1,
    rounding: Rounding = Rounding.HALF_EVEN,
    first_parts: int | None = None,
    multiple: int = 1,
    is_wide: bool = False,
) -> InterestLines:
    first_unit = None
    if first_parts is not None:
        first_unit = np.full(size, UNIT * first_parts, np.int64)
    return InterestLines(
        weights=[np.full(size, weight, np.int64) for weight in weights],
        unit=UNIT,
        first_unit=first_unit,
        rounding=rounding,
        multiple=multiple,
        is_wide=is_wide,
        scratch=Scratch.of_size(size),
    )


@given(
    balance=st.integers(0, 10**9),
    weights=st.lists(st.integers(0, 10**8), min_size=1, max_size=24),
    first_parts=st.none() | st.integers(1, 31),
    rounding=st.sampled_from(list(Rounding)),
    multiple=st.sampled_from([1, 5, 100]),
)
def test_the_interest_of_all_periods_is_rounded_once(
    balance: int,
    weights: list[int],
    first_parts: int | None,
    rounding: Rounding,
    multiple: int,
) -> None:
    interest = lines(
        weights, rounding=rounding, first_parts=first_parts, multiple=multiple
    )

    whole, is_fitting = whole_term_interest(interest, np.array([balance]))

    part = Fraction(weights[0], UNIT * (first_parts or 1))
    part += Fraction(sum(weights[1:]), UNIT)
    if is_fitting[0]:
        exact = round_fraction(balance * part / multiple, rounding) * multiple
        assert whole.tolist() == [exact]
    else:
        scale = (first_parts or 1) * multiple
        assert balance * (sum(weights) + 1) * scale > LIMIT // 1000


@pytest.mark.parametrize("rounding", list(Rounding), ids=str)
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_half_a_unit_over_all_periods_rounds_as_asked(
    rounding: Rounding, offset: int
) -> None:
    # Three periods bear a sixth each on one, so that three units and a half are a tie.
    balance = 7
    weights = [UNIT // 6] * 3
    weights[2] += offset

    whole, _ = whole_term_interest(lines(weights, rounding=rounding), np.array([7]))

    part = Fraction(sum(weights), UNIT)
    assert whole.tolist() == [round_fraction(balance * part, rounding)]


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_balance_fits_up_to_the_bound_of_its_product(offset: int) -> None:
    weights = [3, 5, 7]
    balance = LIMIT // sum(weights) + offset

    whole, is_fitting = whole_term_interest(lines(weights), np.array([balance]))

    assert is_fitting.tolist() == [offset <= 0]
    exact = round_fraction(Fraction(balance * 15, UNIT), Rounding.HALF_EVEN)
    assert whole.tolist() == [exact if offset <= 0 else 0]


def test_a_sum_of_weights_beyond_int64_is_no_interest_and_no_error() -> None:
    # With a first unit of its own, all others count in its parts.
    interest = lines([1, 2**58], first_parts=31)

    whole, is_fitting = whole_term_interest(interest, np.array([1]))

    assert (whole.tolist(), is_fitting.tolist()) == ([0], [False])


def test_one_loan_that_does_not_fit_leaves_the_others_as_they_are() -> None:
    interest = lines([120_000 * 30] * 3, size=2)

    whole, is_fitting = whole_term_interest(interest, np.array([100_000, 2**60]))

    assert (whole.tolist(), is_fitting.tolist()) == ([3000, 0], [True, False])
