from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.customers.sums_batch import (
    ratios_ppm,
    running_sums,
    sums_by_index,
    sums_by_start,
)
from microcrm_core.rounding import Rounding, round_fraction

LARGE = 2**63 - 1
AMOUNTS = st.one_of(
    st.integers(-5, 5),
    st.integers(-LARGE, LARGE),
    st.sampled_from((2**31, 2**32, 2**62, LARGE, -LARGE)),
)


def fits(value: int) -> bool:
    return -LARGE <= value <= LARGE


@given(
    rows=st.lists(st.tuples(AMOUNTS, st.integers(0, 3)), min_size=1, max_size=12),
)
def test_sums_are_exact_or_refused(rows: list[tuple[int, int]]) -> None:
    values = np.array([value for value, _ in rows])
    index = np.array([owner for _, owner in rows])
    expected = [sum(v for v, owner in rows if owner == o) for o in range(4)]

    if all(map(fits, expected)):
        found = sums_by_index(values, index, 4, field="amount")
        assert found.tolist() == expected
    else:
        with pytest.raises(InvalidValueError, match="amount must add up to a sum"):
            sums_by_index(values, index, 4, field="amount")


@given(
    runs=st.lists(st.lists(AMOUNTS, min_size=1, max_size=4), min_size=1, max_size=5),
)
def test_sums_of_runs_are_exact_or_refused(runs: list[list[int]]) -> None:
    values = np.array([value for run in runs for value in run])
    starts = np.cumsum([0, *(len(run) for run in runs)])[:-1]
    expected = [sum(run) for run in runs]

    if all(map(fits, expected)):
        assert sums_by_start(values, starts, field="amount").tolist() == expected
    else:
        with pytest.raises(InvalidValueError) as refused:
            sums_by_start(values, starts, field="amount")
        # The error holds the exact sum, which no int64 could.
        assert refused.value.value == next(e for e in expected if not fits(e))


@given(values=st.lists(AMOUNTS, min_size=1, max_size=8), opening=AMOUNTS)
def test_running_sums_are_exact_or_refused(values: list[int], opening: int) -> None:
    expected = [opening + sum(values[1 : row + 1]) for row in range(len(values))]
    arguments = (
        np.array(values),
        np.zeros(len(values), np.int64),
        np.full(len(values), opening),
    )

    if all(map(fits, expected)):
        assert running_sums(*arguments, field="balance").tolist() == expected
    else:
        with pytest.raises(InvalidValueError, match="balance must add up"):
            running_sums(*arguments, field="balance")


@given(
    rows=st.lists(
        st.tuples(
            st.integers(-30, 30) | st.integers(-LARGE, LARGE),
            st.integers(1, 16) | st.integers(1, LARGE),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_ratios_round_half_even_like_the_scalar(rows: list[tuple[int, int]]) -> None:
    numerator, denominator = (np.array(part) for part in zip(*rows, strict=True))
    expected = [
        round_fraction(Fraction(a * 1_000_000, b), Rounding.HALF_EVEN) for a, b in rows
    ]

    if all(map(fits, expected)):
        found = ratios_ppm(numerator, denominator, field="share")
        assert found.dtype == np.int64
        assert found.tolist() == expected
    else:
        with pytest.raises(InvalidValueError, match="share must fit int64"):
            ratios_ppm(numerator, denominator, field="share")


def test_a_ratio_on_a_tie_goes_to_the_even_number() -> None:
    # 1 / 2,000,000 is 0.5 ppm, 3 / 2,000,000 is 1.5 ppm.
    found = ratios_ppm(np.array([1, 3, -1]), np.full(3, 2_000_000), field="share")

    assert found.tolist() == [0, 2, 0]


def test_nothing_adds_up_to_nothing() -> None:
    nothing = np.zeros(0, np.int64)

    assert sums_by_start(nothing, nothing, field="amount").tolist() == []
    assert sums_by_index(nothing, nothing, 2, field="amount").tolist() == [0, 0]
    assert ratios_ppm(nothing, nothing, field="share").tolist() == []
    assert running_sums(nothing, nothing, nothing, field="amount").tolist() == []
