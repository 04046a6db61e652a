"""One place rounds; the standard library's decimal module is the outside oracle."""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.rounding import (
    Rounding,
    divide,
    round_fraction,
    round_to_multiple,
)

DECIMAL_NAMES: Final = {
    Rounding.HALF_EVEN: decimal.ROUND_HALF_EVEN,
    Rounding.HALF_UP: decimal.ROUND_HALF_UP,
    Rounding.HALF_DOWN: decimal.ROUND_HALF_DOWN,
    Rounding.UP: decimal.ROUND_UP,
    Rounding.DOWN: decimal.ROUND_DOWN,
    Rounding.CEILING: decimal.ROUND_CEILING,
    Rounding.FLOOR: decimal.ROUND_FLOOR,
}

# The table "Result of rounding input to one digit" of java.math.RoundingMode
# (Java SE 8 API documentation), columns in the order of its header.
JAVA_MODES: Final = (
    Rounding.UP,
    Rounding.DOWN,
    Rounding.CEILING,
    Rounding.FLOOR,
    Rounding.HALF_UP,
    Rounding.HALF_DOWN,
    Rounding.HALF_EVEN,
)
JAVA_TABLE: Final = {
    "5.5": (6, 5, 6, 5, 6, 5, 6),
    "2.5": (3, 2, 3, 2, 3, 2, 2),
    "1.6": (2, 1, 2, 1, 2, 2, 2),
    "1.1": (2, 1, 2, 1, 1, 1, 1),
    "1.0": (1, 1, 1, 1, 1, 1, 1),
    "-1.0": (-1, -1, -1, -1, -1, -1, -1),
    "-1.1": (-2, -1, -1, -2, -1, -1, -1),
    "-1.6": (-2, -1, -1, -2, -2, -2, -2),
    "-2.5": (-3, -2, -2, -3, -3, -2, -2),
    "-5.5": (-6, -5, -5, -6, -6, -5, -6),
}

modes = st.sampled_from(Rounding)
wholes = st.integers(-(10**40), 10**40)
positives = st.integers(1, 10**20)


def test_modes_round_as_the_table_of_java_says() -> None:
    for text, expected in JAVA_TABLE.items():
        value = Fraction(text)
        found = tuple(round_fraction(value, mode) for mode in JAVA_MODES)
        assert found == expected, text


@pytest.mark.parametrize("mode", Rounding)
def test_every_mode_agrees_with_decimal_on_all_small_quotients(mode: Rounding) -> None:
    # Denominators that divide a power of ten, so that decimal holds the quotient.
    for denominator in (1, 2, 4, 5, 8, 10, 16, 20, 25, 40):
        for numerator in range(-101, 102):
            quotient = Decimal(numerator) / denominator
            expected = int(quotient.quantize(Decimal(1), DECIMAL_NAMES[mode]))
            assert divide(numerator, denominator, mode) == expected
            assert divide(-numerator, -denominator, mode) == expected
            assert divide(numerator, -denominator, mode) == int(
                (-quotient).quantize(Decimal(1), DECIMAL_NAMES[mode])
            )


@pytest.mark.parametrize("mode", Rounding)
def test_every_mode_rounds_thirds_and_sevenths_by_its_definition(
    mode: Rounding,
) -> None:
    for denominator in (3, 7):
        for numerator in range(-50, 51):
            exact = Fraction(numerator, denominator)
            below, above = exact.__floor__(), exact.__ceil__()
            towards_zero = above if exact < 0 else below
            nearest = below if exact - below < Fraction(1, 2) else above
            expected = {
                Rounding.FLOOR: below,
                Rounding.CEILING: above,
                Rounding.DOWN: towards_zero,
                Rounding.UP: below + above - towards_zero,
            }.get(mode, nearest)
            assert divide(numerator, denominator, mode) == expected


@given(wholes, positives, modes)
def test_a_result_is_less_than_one_away_and_half_modes_at_most_a_half(
    numerator: int, denominator: int, mode: Rounding
) -> None:
    off = abs(divide(numerator, denominator, mode) - Fraction(numerator, denominator))
    assert off < 1
    if mode.value.startswith("half"):
        assert off <= Fraction(1, 2)


@given(wholes, positives, modes)
def test_a_whole_number_of_denominators_stays_as_it_is(
    count: int, denominator: int, mode: Rounding
) -> None:
    assert divide(count * denominator, denominator, mode) == count


@given(wholes, positives)
def test_modes_around_zero_mirror_and_modes_on_the_line_swap(
    numerator: int, denominator: int
) -> None:
    for mode in Rounding:
        mirrored = {
            Rounding.CEILING: Rounding.FLOOR,
            Rounding.FLOOR: Rounding.CEILING,
        }.get(mode, mode)
        assert divide(-numerator, denominator, mode) == -divide(
            numerator, denominator, mirrored
        )


@given(wholes, wholes, positives, modes)
def test_rounding_never_changes_the_order(
    a: int, b: int, denominator: int, mode: Rounding
) -> None:
    low, high = sorted((a, b))
    assert divide(low, denominator, mode) <= divide(high, denominator, mode)


def test_a_tie_of_multiples_goes_to_the_even_number_of_them() -> None:
    assert round_to_multiple(150, 100, Rounding.HALF_EVEN) == 200
    assert round_to_multiple(250, 100, Rounding.HALF_EVEN) == 200
    assert round_to_multiple(-250, 100, Rounding.HALF_UP) == -300
    assert round_to_multiple(7, 1, Rounding.HALF_EVEN) == 7


def test_a_whole_number_is_a_fraction_too() -> None:
    assert round_fraction(-7, Rounding.UP) == -7


def test_a_zero_denominator_is_refused() -> None:
    with pytest.raises(
        InvalidValueError, match=r"^denominator must not be zero, got 0$"
    ):
        divide(1, 0, Rounding.FLOOR)


@pytest.mark.parametrize("multiple", [0, -5])
def test_a_multiple_below_one_is_refused(multiple: int) -> None:
    with pytest.raises(InvalidValueError, match=r"^multiple must be 1 or more"):
        round_to_multiple(7, multiple, Rounding.FLOOR)


@pytest.mark.parametrize("number", [1.5, True, "2", Decimal(2), None])
def test_only_whole_numbers_are_divided(number: object) -> None:
    with pytest.raises(InvalidValueError, match=r"^numerator must be a whole number"):
        divide(number, 2, Rounding.FLOOR)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InvalidValueError) as caught:
        divide(2, number, Rounding.FLOOR)  # type: ignore[arg-type]  # on purpose
    assert str(caught.value) == f"denominator must be a whole number, got {number!r}"


def test_a_float_is_no_fraction() -> None:
    with pytest.raises(InvalidValueError, match=r"^value must be a whole number"):
        round_fraction(0.5, Rounding.FLOOR)  # type: ignore[arg-type]  # on purpose


def test_the_text_of_a_mode_is_not_the_mode() -> None:
    """Refused even where there is nothing to round."""
    with pytest.raises(InvalidValueError) as caught:
        divide(4, 2, "floor")  # type: ignore[arg-type]  # on purpose
    assert str(caught.value) == (
        "rounding must be a Rounding, got 'floor'; use a member of Rounding"
    )


def test_stored_texts_of_the_modes_never_change() -> None:
    assert [mode.value for mode in Rounding] == [
        "half_even",
        "half_up",
        "half_down",
        "up",
        "down",
        "ceiling",
        "floor",
    ]
