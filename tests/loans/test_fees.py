from __future__ import annotations

import math
from fractions import Fraction

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from microcrm_core import Currency, CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    STRICT,
    Fee,
    FeeBase,
    FeeTiming,
    Portion,
    build_schedule,
)
from microcrm_core.rounding import Rounding
from tests.loans.loan_cases import EUR, make_terms

TENTH = Portion.of_share("0.1")


@pytest.mark.parametrize(
    ("rounding", "minor"), [(Rounding.HALF_EVEN, 2), (Rounding.HALF_UP, 3)]
)
def test_a_share_is_rounded_once(rounding: Rounding, minor: int) -> None:
    # A tenth of 25 is two and a half.
    assert TENTH.minor_of(Money(25, EUR), rounding) == minor


def test_a_fixed_sum_does_not_look_at_the_amount() -> None:
    portion = Portion.of_amount(Money(150, EUR))

    assert portion.minor_of(Money(25, EUR), Rounding.DOWN) == 150
    with pytest.raises(CurrencyMismatchError, match="must be in USD, got 'EUR'"):
        portion.minor_of(Money(25, Currency.of("USD")), Rounding.DOWN)


@given(
    share=st.fractions(Fraction(1, 1000), 1, max_denominator=1000),
    minor=st.integers(1, 10**9),
    rounding=st.sampled_from(Rounding),
    multiple=st.sampled_from((1, 5, 100)),
)
# Ties: 2.5 units of one, 1.5 of five and 2.5 of fifty.
@example(Fraction(1, 10), 25, Rounding.HALF_EVEN, 1)
@example(Fraction(1, 10), 75, Rounding.HALF_UP, 5)
@example(Fraction(1, 10), 1250, Rounding.HALF_EVEN, 50)
def test_a_share_is_the_multiple_that_its_rounding_says(
    share: Fraction, minor: int, rounding: Rounding, multiple: int
) -> None:
    exact = share * minor / multiple
    half = Fraction(1, 2)
    # Nothing here is below zero, so up and ceiling, down and floor are the same.
    expected = {
        Rounding.HALF_EVEN: round(exact),
        Rounding.HALF_UP: math.floor(exact + half),
        Rounding.HALF_DOWN: math.ceil(exact - half),
        Rounding.UP: math.ceil(exact),
        Rounding.CEILING: math.ceil(exact),
        Rounding.DOWN: math.floor(exact),
        Rounding.FLOOR: math.floor(exact),
    }[rounding]
    base = Money(minor, EUR)
    found = Portion(share=share).minor_of(base, rounding, currency_multiple=multiple)
    fixed = Portion.of_amount(Money(77, EUR))

    assert found == expected * multiple
    assert fixed.minor_of(base, rounding, currency_multiple=multiple) == 77


@pytest.mark.parametrize("multiple", [0, -5, True])
def test_a_multiple_is_a_whole_number_above_zero(multiple: int) -> None:
    with pytest.raises(InvalidValueError) as error:
        TENTH.minor_of(Money(25, EUR), Rounding.DOWN, currency_multiple=multiple)
    assert error.value.field == "currency_multiple"


def test_an_upfront_fee_of_a_coarse_currency_is_the_same_everywhere() -> None:
    fee = Fee(name="file", timing=FeeTiming.UPFRONT, portion=TENTH)
    terms = attrs.evolve(
        make_terms(12_340), plan=attrs.evolve(EQUAL_INSTALLMENTS, fees=(fee,))
    )
    rules = attrs.evolve(STRICT, currency_multiple=100, installment_multiple=100)

    # A tenth of 123.40 in whole units is 12.
    assert build_schedule(terms, rules).upfront_fees.minor == 1200
    assert TENTH.minor_of(terms.principal, rules.rounding, currency_multiple=100) == (
        1200
    )


def test_a_portion_is_a_share_or_a_sum_above_zero() -> None:
    with pytest.raises(InvalidValueError, match="must be a share or an amount"):
        Portion()
    with pytest.raises(InvalidValueError, match="must be a share or an amount"):
        Portion(share=TENTH.share, amount=Money(1, EUR))
    with pytest.raises(InvalidValueError, match="share must be above zero and at "):
        Portion.of_share(0)
    with pytest.raises(InvalidValueError, match="amount must be above zero"):
        Portion.of_amount(Money(0, EUR))
    with pytest.raises(InvalidValueError, match="share must be an exact number"):
        Portion.of_share(0.1)  # type: ignore[arg-type]  # on purpose


def test_a_percentage_is_not_taken_for_a_share() -> None:
    with pytest.raises(InvalidValueError) as error:
        Portion.of_share(3)
    assert str(error.value) == (
        "share must be above zero and at most 1, got '3'; 3 % is 0.03"
    )
    with pytest.raises(InvalidValueError, match="at most 1, got '1001/1000'"):
        Portion(share=Fraction(1001, 1000))
    assert Portion.of_share(1).minor_of(Money(25, EUR), Rounding.DOWN) == 25
    with pytest.raises(InvalidValueError, match=r"use Portion\.of_share"):
        Portion(share="0.03")  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("timing", [FeeTiming.UPFRONT, FeeTiming.FINANCED])
def test_a_fee_at_the_start_knows_no_outstanding_principal(timing: FeeTiming) -> None:
    with pytest.raises(InvalidValueError, match="must be principal for a fee at the"):
        Fee(name="file", timing=timing, portion=TENTH, base=FeeBase.OUTSTANDING)


def test_a_fixed_sum_has_no_other_base() -> None:
    with pytest.raises(InvalidValueError, match="base must be principal for a fixed"):
        Fee(
            name="service",
            timing=FeeTiming.PER_INSTALLMENT,
            portion=Portion.of_amount(Money(1, EUR)),
            base=FeeBase.OUTSTANDING,
        )


def test_a_fee_has_a_name() -> None:
    with pytest.raises(InvalidValueError, match="name must be text"):
        Fee(name=" ", timing=FeeTiming.UPFRONT, portion=TENTH)
