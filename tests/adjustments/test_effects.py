"""What a moved due day changes: intervals of the literature, laws, the twin."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.adjustments import OutcomeCounts, compare_outcomes
from microcrm_core.adjustments.effects import (
    gain_needed,
    paired_interval_ppm,
    wilson_bounds_ppm,
)
from microcrm_core.adjustments.effects_batch import gains_needed, paired_intervals_ppm


@st.composite
def outcomes(draw: st.DrawFn) -> OutcomeCounts:
    count = draw(st.integers(1, 5_000))
    return OutcomeCounts(count=count, shortfall_count=draw(st.integers(0, count)))


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, score
        # method without continuity correction.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_of_a_share_is_that_of_the_literature(
    hits: int, count: int, low: float, high: float
) -> None:
    found = [bound / 1e6 for bound in wilson_bounds_ppm(hits, count)]

    assert found == pytest.approx((low, high), abs=5.1e-5)


@pytest.mark.parametrize(
    ("moved", "control", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method
        # 10, contrasts (a), (c), (e) and (h).
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_the_interval_of_a_difference_is_that_of_the_literature(
    moved: tuple[int, int], control: tuple[int, int], low: float, high: float
) -> None:
    effect = compare_outcomes(
        OutcomeCounts(shortfall_count=moved[0], count=moved[1]),
        OutcomeCounts(shortfall_count=control[0], count=control[1]),
    )

    bounds = (effect.change_low_ppm / 1e6, effect.change_high_ppm / 1e6)
    assert bounds == pytest.approx((low, high), abs=6e-5)


@given(outcomes(), outcomes())
def test_groups_that_change_places_change_the_sign(
    one: OutcomeCounts, another: OutcomeCounts
) -> None:
    forth, back = compare_outcomes(one, another), compare_outcomes(another, one)

    assert forth.change_ppm == -back.change_ppm
    assert forth.change_low_ppm == -back.change_high_ppm
    assert forth.is_within_noise is back.is_within_noise


@given(outcomes(), outcomes())
def test_the_interval_holds_the_difference(
    moved: OutcomeCounts, control: OutcomeCounts
) -> None:
    effect = compare_outcomes(moved, control)

    assert effect.change_low_ppm <= effect.change_ppm <= effect.change_high_ppm


def test_equal_groups_are_within_noise() -> None:
    same = OutcomeCounts(count=50, shortfall_count=5)

    assert compare_outcomes(same, same).is_within_noise


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 40))
def test_the_paired_interval_is_the_narrowest_that_is_not_too_narrow(
    avoided: int, caused: int, others: int
) -> None:
    months = avoided + caused + others + 1
    low, high = paired_interval_ppm(avoided, caused, months)

    # The formula of Bonett and Price, squared, in exact fractions.
    count = months + 2
    change = Fraction(caused - avoided, count)
    spread = Fraction(avoided + caused + 2, count) - change**2
    half_square = Fraction(1_959_964, 1_000_000) ** 2 * spread / count
    for bound, end, inward in ((low, -1, 1), (high, 1, -1)):
        reach = end * (Fraction(bound, 1_000_000) - change)
        assert reach**2 >= half_square or abs(bound) == 1_000_000
        # Both the middle and the half are rounded outward.
        nearer = end * (Fraction(bound + 2 * inward, 1_000_000) - change)
        assert nearer < 0 or nearer**2 < half_square


@given(st.integers(0, 15), st.integers(1, 1_000_000))
def test_the_gain_needed_is_the_least_that_chance_seldom_reaches(
    caused: int, noise_max_ppm: int
) -> None:
    gain = gain_needed(caused, noise_max_ppm)

    def chance(avoided: int) -> Fraction:
        count = avoided + caused
        ways = sum(comb(count, hits) for hits in range(avoided, count + 1))
        return Fraction(ways, 2**count)

    limit = Fraction(noise_max_ppm, 1_000_000)
    assert chance(caused + gain) <= limit
    assert gain == 0 or chance(caused + gain - 1) > limit


def test_nothing_is_needed_where_noise_is_not_asked_about() -> None:
    assert gain_needed(7, None) == 0


def test_the_twins_agree_on_all_small_counts() -> None:
    rows = [(a, c, a + c + o) for a, c, o in product(range(9), range(9), (0, 1, 20))]
    rows = [row for row in rows if row[2] > 0] + [(600, 600, 1200), (0, 1200, 1200)]
    avoided, caused, months = (np.array(column) for column in zip(*rows, strict=True))

    low, high = paired_intervals_ppm(avoided, caused, months)

    scalar = [paired_interval_ppm(*row) for row in rows]
    assert list(zip(low.tolist(), high.tolist(), strict=True)) == scalar
    for noise in (None, 1_000, 125_000, 1_000_000):
        needed = gains_needed(caused[:-2], noise)
        assert needed.tolist() == [gain_needed(row[1], noise) for row in rows[:-2]]


def test_no_rows_need_no_gains() -> None:
    assert gains_needed(np.zeros(0, np.int64), 1_000).tolist() == []


@pytest.mark.parametrize(("count", "short"), [(0, 0), (3, 4), (3, -1)])
def test_impossible_counts_are_refused(count: int, short: int) -> None:
    with pytest.raises(InvalidValueError, match="count must"):
        OutcomeCounts(count=count, shortfall_count=short)


def test_more_changes_than_months_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="caused_count must be"):
        paired_interval_ppm(2, 2, 3)
