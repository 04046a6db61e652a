"""Currencies: ISO 4217 as a generated table, and what is outside of it."""

from __future__ import annotations

import pytest

from microcrm_core import Currency, InvalidValueError, Money, canonical_json
from microcrm_core.currency_table import (
    CURRENCIES,
    NO_MINOR_UNIT,
    PUBLISHED_ON,
    RETIRED,
)


def test_the_table_is_what_the_generator_writes() -> None:
    iso4217 = pytest.importorskip("iso4217", reason="the table's source is not here")
    from tests.tools.generate_currency_table import TARGET, render_table

    if iso4217.__published__.isoformat() != PUBLISHED_ON:
        pytest.skip(
            f"the installed iso4217 is of {iso4217.__published__}, the table of "
            f"{PUBLISHED_ON}; run the generator to follow"
        )
    assert TARGET.read_text(encoding="utf-8") == render_table()


@pytest.mark.parametrize(
    ("code", "exponent", "numeric", "name"),
    # ISO 4217 list one.
    [
        ("EUR", 2, 978, "Euro"),
        ("USD", 2, 840, "US Dollar"),
        ("CNY", 2, 156, "Yuan Renminbi"),
        ("JPY", 0, 392, "Yen"),
        ("ISK", 0, 352, "Iceland Krona"),
        ("KWD", 3, 414, "Kuwaiti Dinar"),
        ("TND", 3, 788, "Tunisian Dinar"),
        ("CLF", 4, 990, "Unidad de Fomento"),
        ("MGA", 2, 969, "Malagasy Ariary"),
        ("XOF", 0, 952, "CFA Franc BCEAO"),
    ],
)
def test_exponents_and_numbers_are_those_of_iso(
    code: str, exponent: int, numeric: int, name: str
) -> None:
    currency = Currency.of(code)
    found = (currency.code, currency.exponent, currency.numeric, currency.name)
    assert found == (code, exponent, numeric, name)
    assert currency.is_iso
    assert str(currency) == code


@pytest.mark.parametrize(
    ("code", "multiple"),
    # The central banks: Swiss 5 Rappen, Czech 1 koruna, Hungarian 5 forints, Swedish
    # and Norwegian 1 krona, Danish 50 ore, Australian 5 cents, New Zealand 10 cents.
    [
        ("CHF", 5),
        ("CZK", 100),
        ("HUF", 500),
        ("SEK", 100),
        ("NOK", 100),
        ("DKK", 50),
        ("AUD", 5),
        ("NZD", 10),
        ("EUR", 1),
        ("JPY", 1),
    ],
)
def test_cash_steps_are_those_of_the_central_banks(code: str, multiple: int) -> None:
    assert Currency.of(code).cash_multiple_minor == multiple


def test_every_code_gives_one_object_that_agrees_with_the_table() -> None:
    numbers = set()
    for code in CURRENCIES:
        currency = Currency.of(code)
        assert currency is Currency.of(code)
        assert repr(currency) == f"Currency.of({code!r})"
        numbers.add(currency.numeric)
    assert len(numbers) == len(CURRENCIES)


@pytest.mark.parametrize("code", ["", "eur", "EURO", "ABC", "E1", " EUR"])
def test_an_unknown_code_is_refused(code: str) -> None:
    with pytest.raises(InvalidValueError, match=r"^code must be"):
        Currency.of(code)


def test_an_unknown_code_says_what_must_hold() -> None:
    with pytest.raises(InvalidValueError) as caught:
        Currency.of("ABC")
    assert str(caught.value) == "code must be an ISO 4217 code, got 'ABC'"


@pytest.mark.parametrize(
    ("old", "new"), [("DEM", "EUR"), ("HRK", "EUR"), ("SLL", "SLE"), ("ANG", "XCG")]
)
def test_a_retired_code_names_its_successor(old: str, new: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Currency.of(old)
    assert caught.value.hint == f"it is retired, use {new} or Currency.custom"


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("eur", "use EUR"),
        ("RMB", "use CNY"),
        ("rmb", "use CNY"),
        ("NTD", "use TWD"),
        ("dem", "it is retired, use EUR or Currency.custom"),
        ("ABC", None),
    ],
)
def test_a_code_that_is_nearly_right_is_told_the_right_one(
    code: str, hint: str | None
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Currency.of(code)
    assert caught.value.hint == hint


def test_retired_codes_are_no_codes_in_use_and_their_successors_are() -> None:
    assert not RETIRED.keys() & CURRENCIES.keys()
    assert set(RETIRED.values()) <= CURRENCIES.keys()


@pytest.mark.parametrize("code", sorted(NO_MINOR_UNIT))
def test_a_code_without_a_minor_unit_is_refused_with_what_to_do(code: str) -> None:
    with pytest.raises(InvalidValueError, match=r"with a minor unit.*Currency\.custom"):
        Currency.of(code)


def test_gold_and_points_can_be_counted_by_a_custom_unit() -> None:
    gold = Currency.custom("XAU", 3)
    points = Currency.custom("POINTS", 0, name="Loyalty points")
    assert str(Money.of("1.5", gold)) == "XAU 1.500"
    assert (points.name, points.numeric, points.is_iso) == (
        "Loyalty points",
        None,
        False,
    )
    assert gold.name == "XAU"
    assert repr(points) == "Currency.custom('POINTS', 0)"


def test_custom_units_of_other_digits_are_other_units() -> None:
    assert Currency.custom("PTS", 0) == Currency.custom("PTS", 0)
    assert Currency.custom("PTS", 0) != Currency.custom("PTS", 2)


def test_no_custom_unit_can_pretend_to_be_a_currency_in_use() -> None:
    with pytest.raises(InvalidValueError) as caught:
        Currency.custom("EUR", 3)
    assert str(caught.value) == (
        "code must not be an ISO 4217 code in use, got 'EUR'; "
        "use Currency.of('EUR') or another code"
    )
    with pytest.raises(InvalidValueError, match=r"^numeric must be None"):
        Currency(code="PTS", exponent=0, numeric=978, name="Points")


@pytest.mark.parametrize("code", ["PT", "points", "1PT", "P-T", "A" * 13, "ÄÖÜ"])
def test_custom_codes_are_short_capital_names(code: str) -> None:
    with pytest.raises(InvalidValueError, match=r"^code must be 3 to 12 capital"):
        Currency.custom(code, 0)


@pytest.mark.parametrize("exponent", [-1, 19, True, 2.0])
def test_an_exponent_is_a_small_whole_number(exponent: int) -> None:
    with pytest.raises(InvalidValueError, match=r"^exponent must"):
        Currency.custom("PTS", exponent)


def test_a_cash_step_is_one_unit_or_more() -> None:
    with pytest.raises(InvalidValueError, match=r"^cash_multiple_minor must be 1"):
        Currency.custom("PTS", 0, cash_multiple_minor=0)


def test_canonical_json_holds_no_name_that_iso_could_change() -> None:
    assert canonical_json(Currency.of("EUR")) == '"EUR"'
    assert canonical_json(Currency.custom("PTS", 0)) == (
        '{"cash_multiple_minor":1,"code":"PTS","exponent":0,"name":"PTS"}'
    )
