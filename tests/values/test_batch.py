"""Columns: equal to the scalar on every row, ties included, and never wrapping."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.batch import (
    UNKNOWN,
    checked_product,
    divide_half_even_rows,
    divide_rows,
    require_rows,
)
from microcrm_core.rounding import Rounding, divide

int64s = st.integers(-(2**63), 2**63 - 1)
denominators = st.integers(1, 2**62)


@pytest.mark.parametrize("mode", Rounding)
def test_every_mode_equals_its_scalar_on_all_small_rows(mode: Rounding) -> None:
    """Exhaustive, so that every tie of both signs is met."""
    numerator = np.arange(-60, 61)
    for denominator in range(1, 13):
        expected = [divide(n, denominator, mode) for n in numerator.tolist()]
        assert divide_rows(numerator, denominator, mode).tolist() == expected
        column = np.full(numerator.size, denominator)
        assert divide_rows(numerator, column, mode).tolist() == expected


@given(
    st.lists(st.tuples(int64s, denominators), min_size=1, max_size=8),
    st.sampled_from(Rounding),
)
def test_every_mode_equals_its_scalar_on_any_row(
    rows: list[tuple[int, int]], mode: Rounding
) -> None:
    numerator = np.array([row[0] for row in rows], np.int64)
    denominator = np.array([row[1] for row in rows], np.int64)
    expected = [divide(n, d, mode) for n, d in rows]
    found = divide_rows(numerator, denominator, mode)
    assert found.dtype == np.int64
    assert found.tolist() == expected


@given(st.integers(-(2**30), 2**30), st.integers(1, 2**31), st.sampled_from(Rounding))
def test_constructed_ties_equal_the_scalar(
    quotient: int, half: int, mode: Rounding
) -> None:
    """Random rows hardly ever meet a tie; (2q + 1) * h over 2h always is one."""
    numerator = (2 * quotient + 1) * half
    around = np.array([numerator - 1, numerator, numerator + 1])
    expected = [divide(n, 2 * half, mode) for n in around.tolist()]
    assert divide_rows(around, 2 * half, mode).tolist() == expected


@pytest.mark.parametrize("mode", Rounding)
def test_the_ends_of_int64_equal_the_scalar(mode: Rounding) -> None:
    ends = np.array([-(2**63), -(2**63) + 1, -1, 0, 1, 2**63 - 2, 2**63 - 1])
    for denominator in (1, 2, 3, 2**62 - 1, 2**62):
        expected = [divide(n, denominator, mode) for n in ends.tolist()]
        assert divide_rows(ends, denominator, mode).tolist() == expected


def test_a_division_leaves_its_arguments_as_they_are() -> None:
    numerator, denominator = np.array([5, -5]), np.array([2, 2])
    for mode in Rounding:
        divide_rows(numerator, denominator, mode)
    assert numerator.tolist() == [5, -5]
    assert denominator.tolist() == [2, 2]


def test_one_numerator_meets_many_denominators() -> None:
    found = divide_half_even_rows(np.array([5]), np.array([2, 10, 3]))
    assert found.tolist() == [2, 0, 2]


def test_no_rows_are_no_result() -> None:
    none = np.array([], np.int64)
    assert divide_rows(none, 7, Rounding.UP).size == 0
    assert checked_product(none, 7).size == 0


@pytest.mark.parametrize("denominator", [0, -1, 2**62 + 1])
def test_a_denominator_outside_its_bounds_is_refused(denominator: int) -> None:
    for mode in (Rounding.HALF_EVEN, Rounding.FLOOR):
        with pytest.raises(
            InvalidValueError, match=r"denominator must be 1 to 2\*\*62"
        ):
            divide_rows(np.array([1]), denominator, mode)
        with pytest.raises(InvalidValueError) as caught:
            divide_rows(np.array([1]), np.array([1, denominator]), mode)
        assert (caught.value.row, caught.value.value) == (1, denominator)


def test_the_text_of_a_mode_is_not_the_mode() -> None:
    with pytest.raises(InvalidValueError, match=r"^rounding must be a Rounding"):
        divide_rows(np.array([4]), 2, "floor")  # type: ignore[arg-type]  # on purpose


# Products


@given(st.lists(st.tuples(int64s, int64s), min_size=1, max_size=6))
def test_a_product_is_exact_or_refused_by_its_first_row(
    rows: list[tuple[int, int]],
) -> None:
    a = np.array([row[0] for row in rows], np.int64)
    b = np.array([row[1] for row in rows], np.int64)
    exact = [left * right for left, right in rows]
    bad = [i for i, n in enumerate(exact) if not -(2**63) <= n < 2**63]
    if not bad:
        assert checked_product(a, b).tolist() == exact
        return
    with pytest.raises(InvalidValueError) as caught:
        checked_product(a, b, field="interest")
    error = caught.value
    assert (error.row, error.bad_count, error.row_count) == (
        bad[0],
        len(bad),
        len(rows),
    )
    assert (error.field, error.value) == ("interest", exact[bad[0]])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (2**32, 2**31 - 1),
        (-(2**32), 2**31),  # the least int64, just inside
        (3037000499, 3037000499),  # the largest square below 2**63
        (-1, 2**63 - 1),
        (UNKNOWN, 1),
        (1, UNKNOWN),
        (0, UNKNOWN),
        (UNKNOWN, 0),
    ],
)
def test_products_that_just_fit_are_exact(a: int, b: int) -> None:
    # A large pair beside it sends the rows through the exact check.
    left, right = np.array([a, 2**62]), np.array([b, -2])
    assert checked_product(left, right).tolist() == [a * b, -(2**63)]
    assert checked_product(np.array([a]), b).tolist() == [a * b]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (2**32, 2**31),  # one too many
        (3037000500, 3037000500),
        (UNKNOWN, -1),
        (-1, UNKNOWN),
        (2**32, 2**32),  # wraps to zero
        (10**12, 10**12),
    ],
)
def test_products_that_just_do_not_fit_are_refused(a: int, b: int) -> None:
    with pytest.raises(
        InvalidValueError, match=r"^1 of 2 rows: product must fit int64"
    ):
        checked_product(np.array([1, a]), np.array([1, b]))


def test_a_product_without_axes_is_checked_too() -> None:
    with pytest.raises(InvalidValueError, match=r"^1 of 1 rows"):
        checked_product(np.array(2**40), 2**40)


# Row checks


def test_the_first_bad_row_and_their_number_are_named() -> None:
    days = np.array([30, -2, 5, -7])
    with pytest.raises(InvalidValueError) as caught:
        require_rows(days >= 0, days, "days", "must not be negative")
    error = caught.value
    assert (
        str(error) == "2 of 4 rows: days must not be negative; first at row 1, got -2"
    )
    assert (error.row, error.bad_count, error.row_count) == (1, 2, 4)
    assert type(error.value) is int
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_good_rows_pass_in_silence() -> None:
    days = np.array([30, 2])
    require_rows(days >= 0, days, "days", "must not be negative")
    require_rows(days[:0] >= 0, days[:0], "days", "must not be negative")
