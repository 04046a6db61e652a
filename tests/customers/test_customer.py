from __future__ import annotations

import datetime as dt

import pytest

from microcrm_core import Currency, InvalidValueError
from microcrm_core.customers import Customer, CustomerKind
from microcrm_core.ids import CustomerId

EURO = Currency.of("EUR")
KNOWN_ON = dt.date(2024, 1, 2)


def customer(**changes: object) -> Customer:
    fields: dict[str, object] = {
        "id": "c-1",
        "kind": CustomerKind.SOLE_TRADER,
        "currency": EURO,
        "known_on": KNOWN_ON,
    }
    return Customer(**{**fields, **changes})  # type: ignore[arg-type] # drawn by name


def test_what_is_not_given_is_none() -> None:
    one = customer()

    assert (one.industry, one.region, one.birthday) == (None, None, None)
    assert (one.channel, one.referred_by) == (None, None)


def test_the_birthday_never_shows() -> None:
    assert "1990" not in repr(customer(birthday=dt.date(1990, 5, 17)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("kind", "sole_trader"),
        ("currency", "EUR"),
        ("industry", ""),
        ("birthday", dt.datetime(1990, 5, 17, tzinfo=dt.UTC)),
        ("known_on", None),
        ("referred_by", CustomerId("c-1")),
    ],
)
def test_a_field_that_breaks_its_rule_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidValueError) as refused:
        customer(**{field: value})

    assert refused.value.field == field


def test_the_stored_texts_of_kinds_stay() -> None:
    assert [kind.value for kind in CustomerKind] == [
        "small_business",
        "sole_trader",
        "wage_earner",
    ]


def test_an_error_about_a_birthday_does_not_tell_it() -> None:
    with pytest.raises(InvalidValueError) as caught:
        Customer(
            id=CustomerId("c-1"),
            kind=CustomerKind.SOLE_TRADER,
            currency=Currency.of("EUR"),
            birthday="1980-05-05",  # type: ignore[arg-type]  # what is tested
            known_on=dt.date(2024, 1, 2),
        )
    assert "1980" not in str(caught.value)
    assert caught.value.value == "str"
