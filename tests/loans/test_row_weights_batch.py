"""Weights of installments as whole numbers, held against fractions."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.loans import EqualInstallments, Graduated, Seasonal, Weighted
from microcrm_core.loans.row_weights_batch import WEIGHT_MAX, RowWeights, fine_weight
from microcrm_core.rounding import Rounding, divide


def day(text: str) -> int:
    return (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days


@pytest.mark.parametrize("multiple", [1, 50])
@given(
    level=st.integers(0, 10**9),
    weight=st.fractions(0, 10, max_denominator=1000),
    rounding=st.sampled_from(list(Rounding)),
)
def test_an_amount_is_the_level_times_the_weight_rounded_once(
    multiple: int, level: int, weight: Fraction, rounding: Rounding
) -> None:
    weights = RowWeights.of(Weighted((weight, 1)), 2, None)

    amount = weights.amount(0, np.array([level]), multiple, rounding)

    exact = divide(level * weight.numerator, weight.denominator, rounding)
    assert amount.tolist() == [exact * multiple]


@pytest.mark.parametrize("rounding", list(Rounding), ids=str)
def test_halves_of_a_unit_round_as_asked(rounding: Rounding) -> None:
    weights = RowWeights.of(Weighted((Fraction(1, 2), 1)), 2, None)
    levels = np.arange(9)

    amount = weights.amount(0, levels, 1, rounding)

    assert amount.tolist() == [divide(level, 2, rounding) for level in range(9)]


@pytest.mark.parametrize(
    ("weight", "is_fine"),
    [
        (Fraction(WEIGHT_MAX), False),
        (Fraction(WEIGHT_MAX + 1), True),
        (Fraction(1, WEIGHT_MAX), False),
        (Fraction(1, WEIGHT_MAX + 1), True),
        (Fraction(2 * WEIGHT_MAX, 2), False),
    ],
)
def test_a_weight_of_larger_numbers_than_the_bound_is_too_fine(
    weight: Fraction, is_fine: bool
) -> None:
    found = fine_weight(Weighted((1, weight)), 2)

    assert found == (weight if is_fine else None)


def test_the_common_unit_of_seasons_may_be_too_fine_where_no_season_is() -> None:
    # Neither is, but what both are whole numbers of is.
    first, second = Fraction(1, 2**16 + 1), Fraction(1, 2**16 - 1)
    months = (first, second, *[Fraction(1)] * 10)

    assert max(first.denominator, second.denominator) < WEIGHT_MAX
    assert fine_weight(Seasonal(months), 12) == first * second
    assert fine_weight(Seasonal((first, *[Fraction(1)] * 11)), 12) is None


def test_growth_is_too_fine_from_the_installment_on_that_says_so() -> None:
    method = Graduated.of(step_share="0.01", step_count=1)

    # A hundred to the fourth is less than the bound, to the fifth it is more.
    assert 100**4 < WEIGHT_MAX < 100**5
    assert fine_weight(method, 5) is None
    assert fine_weight(method, 6) == Fraction(101, 100) ** 5


def test_a_method_without_weights_has_equal_ones() -> None:
    weights = RowWeights.of(EqualInstallments(), 3, None)

    assert list(weights.numerators) == list(weights.denominators) == [1, 1, 1]
    assert weights.amount(2, np.array([7]), 5, Rounding.HALF_EVEN).tolist() == [35]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_weights_of_another_length_are_cut_or_filled(count: int) -> None:
    weights = RowWeights.of(Weighted((1, 2, 3)), count, None)

    assert list(weights.numerators) == [1, 2, 3, 1, 1][:count]


def test_seasons_follow_the_months_of_the_due_days() -> None:
    # Each month weighs what its number is a twelfth of.
    method = Seasonal(tuple(Fraction(number, 12) for number in range(1, 13)))
    days = [
        [day("2024-12-31"), day("1969-12-31"), day("2024-02-29")],
        [day("2025-01-01"), day("1970-01-01"), day("2024-03-01")],
    ]

    weights = RowWeights.of(method, 2, np.array(days))

    found = [
        [Fraction(int(one), unit) * 12 for one in np.atleast_1d(line)]
        for line, unit in zip(weights.numerators, weights.denominators, strict=True)
    ]
    assert found == [[12, 12, 2], [1, 1, 3]]
    taken = weights.take(np.array([2]))
    assert [np.atleast_1d(line).tolist() for line in taken.numerators] == [[2], [3]]


def test_months_without_weight_are_told_by_loan() -> None:
    method = Seasonal((0, *[1] * 11))
    weights = RowWeights.of(
        method, 1, np.array([[day("2025-01-31"), day("2025-02-01")]])
    )

    assert np.asarray(weights.is_zero(0)).tolist() == [True, False]


@pytest.mark.parametrize("multiple", [1, 1000])
@pytest.mark.parametrize("largest", [1, WEIGHT_MAX])
def test_the_largest_level_keeps_four_products_within_int64(
    multiple: int, largest: int
) -> None:
    weights = RowWeights.of(Weighted((largest, 1)), 2, None)
    level = weights.level_max(multiple)

    assert (
        4 * level * largest * multiple <= 2**62 < 4 * (level + 1) * largest * multiple
    )
    amount = weights.amount(0, np.array([level]), multiple, Rounding.HALF_EVEN)
    assert amount.tolist() == [level * largest * multiple]
