from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.rules import Field, FieldKind, FieldSet

RATE = Field("rate", FieldKind.DECIMAL, scale=4)
DAYS = Field("days", FieldKind.WHOLE)
TRADE = Field("trade", FieldKind.TEXT, choices=("food", "transport"))
SHOP = Field("has_shop", FieldKind.FLAG)


@pytest.mark.parametrize("value", ["0.24", Decimal("0.24"), Decimal("0.240000")])
def test_a_decimal_is_scaled_by_its_digits(value: object) -> None:
    assert RATE.scaled(value) == 2400


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        (RATE, 0.3, "must be exact"),
        (RATE, "0.00001", "at most 4 digits"),
        (RATE, True, "not a flag"),
        (RATE, Decimal("NaN"), "finite"),
        (RATE, "1e3", "plain decimal"),
        (RATE, b"1", "must be a decimal"),
        (DAYS, True, "not a flag"),
        (DAYS, 1.0, "must be exact"),
        (DAYS, "30", "whole number"),
        (DAYS, Decimal(3), "whole number"),
        (DAYS, -(2**63), "int64"),
        (DAYS, 2**63, "int64"),
        (TRADE, "mining", "one of food, transport"),
        (TRADE, 0, "one of food, transport"),
        (SHOP, 1, "true or false"),
        (SHOP, "true", "true or false"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(
    field: Field, value: object, rule: str
) -> None:
    with pytest.raises(InvalidValueError, match=rule) as caught:
        field.scaled(value)
    assert caught.value.field == field.name


def test_a_float_is_answered_with_what_to_write_instead() -> None:
    with pytest.raises(InvalidValueError) as caught:
        RATE.scaled(0.3)
    expected = 'rate must be exact, got 0.3; write it as text "0.3"'
    assert str(caught.value) == expected


@given(number=st.integers(-(2**63) + 1, 2**63 - 1), scale=st.integers(0, 10))
def test_a_decimal_survives_the_way_to_columns_and_back(
    number: int, scale: int
) -> None:
    field = Field("x", FieldKind.DECIMAL, scale=scale)

    value = field.unscaled(number)

    assert isinstance(value, Decimal)
    assert field.scaled(value) == number


def test_a_field_name_stands_for_one_field_only() -> None:
    with pytest.raises(PolicyError, match="must not repeat a name, got 'days'"):
        FieldSet((DAYS, Field("days", FieldKind.DECIMAL, scale=1)))


def test_an_unknown_name_is_answered_with_a_close_one() -> None:
    with pytest.raises(PolicyError, match="did you mean 'has_shop'"):
        FieldSet((DAYS, SHOP)).field("has_shops")


@pytest.mark.parametrize(
    "parts",
    [
        {"kind": FieldKind.TEXT},
        {"kind": FieldKind.TEXT, "choices": ("a", "a")},
        {"kind": FieldKind.WHOLE, "choices": ("a",)},
        {"kind": FieldKind.WHOLE, "scale": 2},
        {"kind": FieldKind.DECIMAL, "scale": 11},
        {"kind": FieldKind.DECIMAL, "scale": -1},
        {"kind": "whole"},
        {"kind": FieldKind.WHOLE, "missing": "unknown"},
        {"kind": FieldKind.WHOLE, "is_protected": 1},
        {"kind": FieldKind.WHOLE, "direction": "up"},
    ],
)
def test_parts_that_do_not_fit_are_refused(parts: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError):
        Field("x", **parts)  # type: ignore[arg-type]  # wrong on purpose


def test_a_set_holds_fields_only() -> None:
    with pytest.raises(InvalidValueError, match="must all be a Field"):
        FieldSet(("days",))


def test_a_set_knows_its_names() -> None:
    known = FieldSet((DAYS, SHOP))

    assert len(known) == 2
    assert "days" in known
    assert "rate" not in known


@pytest.mark.parametrize("name", ["", "nothing like it", 3, None])
def test_an_unknown_name_without_a_close_one_is_refused_all_the_same(
    name: object,
) -> None:
    with pytest.raises(PolicyError, match="must be a known field") as caught:
        FieldSet((DAYS, SHOP)).field(name)
    assert caught.value.hint is None
