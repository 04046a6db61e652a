from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction

import pytest

from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.fineract_numbers import FINERACT_NUMBERS, FineractNumbers
from microcrm_core.rounding import Rounding


def test_products_and_quotients_keep_nineteen_digits() -> None:
    third = FINERACT_NUMBERS.divide(Decimal(1), Decimal(3))

    assert str(third) == "0." + "3" * 19
    assert str(FINERACT_NUMBERS.multiply(third, third)) == "0.1111111111111111111"


def test_sums_of_factors_lose_nothing() -> None:
    small = Decimal("1E-30")

    assert FINERACT_NUMBERS.add(Decimal(1), small) - 1 == small
    assert FINERACT_NUMBERS.add_rounded(Decimal(1), small) == 1


def test_a_factor_has_as_many_decimal_places_as_there_are_digits() -> None:
    twelve = FineractNumbers(12)

    assert str(twelve.factor(Decimal("0.00583333333333"))) == "0.005833333333"
    assert twelve.factor(Decimal("0.0000000000005")) == 0
    assert str(twelve.factor(Decimal("0.0000000000015"))) == "2E-12"


@pytest.mark.parametrize(
    ("rounding", "minors"),
    [
        (Rounding.HALF_EVEN, [0, 2, 2, -2]),
        (Rounding.HALF_UP, [1, 2, 3, -3]),
        (Rounding.HALF_DOWN, [0, 1, 2, -2]),
        (Rounding.UP, [1, 2, 3, -3]),
        (Rounding.DOWN, [0, 1, 2, -2]),
        (Rounding.CEILING, [1, 2, 3, -2]),
        (Rounding.FLOOR, [0, 1, 2, -3]),
    ],
)
def test_every_direction_rounds_as_its_name_says(
    rounding: Rounding, minors: list[int]
) -> None:
    numbers = FineractNumbers(rounding=rounding)
    halves = [Decimal(text) for text in ("0.5", "1.5", "2.5", "-2.5")]

    assert [numbers.minor(half) for half in halves] == minors


def test_money_divided_by_a_number_is_rounded_twice() -> None:
    numbers = FineractNumbers(2)

    # 149 / 100 is 1.49, to two digits 1.5, and that is a tie.
    assert numbers.divided_minor(149, 100) == 2
    assert numbers.share_minor(149, Fraction(1, 100)) == 2


def test_a_share_of_an_amount_ties_to_the_even_cent() -> None:
    # A quarter of 242.46 is 60.615; of 242.42 it is 60.605.
    assert FINERACT_NUMBERS.share_minor(24_246, Fraction(1, 4)) == 6062
    assert FINERACT_NUMBERS.share_minor(24_242, Fraction(1, 4)) == 6060


def test_the_decimal_context_of_the_thread_changes_nothing() -> None:
    with decimal.localcontext(prec=2, rounding=decimal.ROUND_UP):
        found = FINERACT_NUMBERS.of_fraction(Fraction(2, 3))

    assert found == FINERACT_NUMBERS.of_fraction(Fraction(2, 3))
    assert len(found.as_tuple().digits) == 19


@pytest.mark.parametrize("digits", [0, 51, True])
def test_digits_out_of_bounds_are_refused(digits: int) -> None:
    with pytest.raises(InvalidValueError, match="digits"):
        FineractNumbers(digits)
