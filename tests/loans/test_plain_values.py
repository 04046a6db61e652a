"""Amounts, shares and flags in JSON: exact on the way out, refused on the way in."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, Money, PolicyError, Rate, canonical_json
from microcrm_core.loans.plain_values import (
    currency_from_plain,
    currency_to_plain,
    fraction_text,
    money_from_plain,
    money_to_plain,
    plain_flag,
    plain_fraction,
    plain_items,
    plain_kind,
    plain_rate,
    plain_whole,
    rate_text,
)
from tests.loans.plain_cases import currencies


@given(value=st.fractions())
def test_every_fraction_comes_back_from_its_text(value: Fraction) -> None:
    assert plain_fraction(fraction_text(value), "share") == value


@given(value=st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_a_decimal_is_written_as_a_decimal(value: object) -> None:
    exact = Fraction(str(value))
    assert "/" not in fraction_text(exact)
    assert Fraction(fraction_text(exact)) == exact


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(-1, 20), "-0.05"),
        (Fraction(12_345, 1_000), "12.345"),
        (Fraction(100), "100"),
        (Fraction(-2, 3), "-2/3"),
        # 31 decimals are no longer easier to read than a fraction.
        (Fraction(1, 2**30), "0." + f"{5**30:030d}"),
        (Fraction(1, 2**31), f"1/{2**31}"),
    ],
)
def test_a_number_has_the_shorter_exact_text(value: Fraction, text: str) -> None:
    assert fraction_text(value) == text


@pytest.mark.parametrize(
    "value",
    [0.24, 1, True, None, "", " 0.24", "0,24", "1e3", "1/0", "1/-3", "1//3", "a/3",
     "٣", "0x10", "9" * 5_000, "1/" + "9" * 5_000, ["0.24"], "nan"],
)  # fmt: skip
def test_what_is_no_exact_text_is_refused(value: object) -> None:
    with pytest.raises(PolicyError) as caught:
        plain_fraction(value, "plan.share")
    assert caught.value.field == "plan.share"


def test_a_rate_is_its_fraction_a_year() -> None:
    third = Rate(Fraction(1, 3))
    assert rate_text(third) == "1/3"
    assert plain_rate("1/3", "nominal_rate") == third


@given(currency=currencies, minor=st.integers())
def test_every_amount_comes_back_from_json(currency: Currency, minor: int) -> None:
    amount = Money(minor, currency)
    plain = json.loads(json.dumps(money_to_plain(amount)))
    assert money_from_plain(plain, "principal") == amount
    # The house form: what canonical JSON writes for an amount by itself.
    assert canonical_json(money_to_plain(amount)) == canonical_json(amount)
    assert currency_from_plain(currency_to_plain(currency), "currency") == currency


@pytest.mark.parametrize(
    ("plain", "field"),
    [
        ({"currency": "EUR", "minor": 10.5}, "p.minor"),
        ({"currency": "EUR", "minor": "1050"}, "p.minor"),
        ({"currency": "EUR", "minor": True}, "p.minor"),
        ({"currency": "EUR", "amount": "10.50"}, "p.minor"),
        ({"currency": "EURO", "minor": 1}, "p.currency"),
        ({"currency": "DEM", "minor": 1}, "p.currency"),
        ({"currency": None, "minor": 1}, "p.currency"),
        ({"currency": {"code": "EUR", "exponent": 2}, "minor": 1}, "p.currency.code"),
        (
            {"currency": {"code": "POINTS", "exponent": 99}, "minor": 1},
            "p.currency.exponent",
        ),
        ({"currency": "EUR", "minor": 1, "exponent": 2}, "p"),
        ("EUR 10.50", "p"),
    ],
)
def test_a_fault_in_an_amount_is_told_with_its_path(plain: object, field: str) -> None:
    with pytest.raises(PolicyError) as caught:
        money_from_plain(plain, "p")
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (plain_whole, 1.0),
        (plain_whole, "1"),
        (plain_whole, False),
        (plain_flag, 1),
        (plain_flag, None),
        (plain_items, "ab"),
        (plain_items, {"a": 1}),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_path(
    read: Any, value: object
) -> None:
    with pytest.raises(PolicyError) as caught:
        read(value, "x[3].y")
    assert caught.value.field == "x[3].y"


def test_lists_and_kinds_are_bounded() -> None:
    with pytest.raises(PolicyError, match="must have 1 to 2 items, got 3"):
        plain_items([1, 2, 3], "x", at_least=1, at_most=2)
    with pytest.raises(PolicyError, match="must be given"):
        plain_kind({}, "method", ("bullet",))
    with pytest.raises(PolicyError, match="must be a JSON object"):
        plain_kind([], "method", ("bullet",))
