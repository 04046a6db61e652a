"""The checks that constructors run once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest

from microcrm_core import InvalidValueError
from microcrm_core.checks import (
    day,
    day_field,
    exact_fraction,
    fraction_field,
    instant,
    kind_field,
    name_text,
    name_text_field,
    utc_instant,
    whole_number,
    whole_number_field,
)

NOON = dt.datetime(2025, 1, 31, 12, tzinfo=dt.UTC)


@attrs.frozen(kw_only=True)
class Sample:
    count: int = attrs.field(default=1, validator=whole_number_field(at_least=1))
    due_on: dt.date = attrs.field(default=dt.date(2025, 1, 31), validator=day_field)
    name: str = attrs.field(default="a", validator=name_text_field)
    share: Fraction = attrs.field(default=Fraction(1), validator=fraction_field)


def test_bounds_are_inclusive() -> None:
    assert [whole_number("n", n, at_least=1, at_most=3) for n in (1, 3)] == [1, 3]


@pytest.mark.parametrize(
    ("value", "bounds", "text"),
    [
        (0, {"at_least": 1}, "n must be 1 or more, got 0"),
        (-1, {"at_least": 0}, "n must not be negative, got -1"),
        (4, {"at_most": 3}, "n must be 3 or less, got 4"),
    ],
)
def test_a_number_outside_its_bounds_is_refused(
    value: int, bounds: dict[str, int], text: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        whole_number("n", value, **bounds)
    assert str(caught.value) == text


@pytest.mark.parametrize("value", [True, 1.0, "1", None, Decimal(1)])
def test_a_whole_number_is_an_int_and_no_bool(value: object) -> None:
    with pytest.raises(InvalidValueError, match=r"^n must be a whole number, got "):
        whole_number("n", value)


@pytest.mark.parametrize("value", [NOON, "2025-01-31", None])
def test_a_day_has_no_time(value: object) -> None:
    with pytest.raises(InvalidValueError, match=r"^due_on must be a date without"):
        day("due_on", value)


@pytest.mark.parametrize("value", [NOON.replace(tzinfo=None), NOON.date(), None])
def test_an_instant_knows_its_zone(value: object) -> None:
    for check in (instant, utc_instant):
        with pytest.raises(InvalidValueError, match=r"^at must be a datetime with a"):
            check("at", value)


def test_one_moment_has_one_form() -> None:
    elsewhere = NOON.astimezone(dt.timezone(dt.timedelta(hours=-5)))
    found = utc_instant("at", elsewhere)
    assert (found, found.tzinfo, found.hour) == (NOON, dt.UTC, 12)


def test_a_moment_beyond_the_calendar_in_utc_is_refused() -> None:
    east = dt.timezone(dt.timedelta(hours=14))
    with pytest.raises(InvalidValueError, match=r"^at must lie in the years"):
        utc_instant("at", dt.datetime(1, 1, 1, tzinfo=east))


@pytest.mark.parametrize("value", ["", " a", "a ", "\ta", 1, None])
def test_a_name_is_not_empty_and_has_no_space_around_it(value: object) -> None:
    with pytest.raises(InvalidValueError, match=r"^id must be text, not empty"):
        name_text("id", value)
    assert name_text("id", "a b") == "a b"


def test_exact_numbers_of_every_kind_become_one_fraction() -> None:
    for value in ("0.24", Decimal("0.240"), Fraction(6, 25)):
        assert exact_fraction("rate", value) == Fraction(6, 25)
    assert exact_fraction("rate", 2) == Fraction(2)


def test_a_float_is_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidValueError) as caught:
        exact_fraction("rate", 0.1)
    assert str(caught.value) == (
        "rate must be an exact number, got 0.1; "
        "pass text, a Decimal or a whole number instead of a float"
    )


def kind(name: str) -> type[object]:
    return type(name, (), {})


@pytest.mark.parametrize(
    ("kinds", "rule"),
    [
        ((bool,), "must be a bool"),
        ((int,), "must be an int"),
        ((kind("Accrual"),), "must be an Accrual"),
        ((kind("UnpaidInterest"),), "must be an UnpaidInterest"),
        ((kind("UnitPeriod"),), "must be a UnitPeriod"),
        ((kind("EuPeriod"),), "must be a EuPeriod"),
        ((kind("OneOf"),), "must be a OneOf"),
        ((kind("AmountLimit"), kind("ShareLimit")), "must be an AmountLimit or "),
        ((str, type(None)), "must be a str or None"),
    ],
)
def test_a_kind_has_the_article_that_it_is_read_with(
    kinds: tuple[type[object], ...], rule: str
) -> None:
    made = attrs.make_class("Made", {"part": attrs.field(validator=kind_field(*kinds))})

    with pytest.raises(InvalidValueError) as caught:
        made(1.5)
    assert caught.value.rule.startswith(rule)


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("count", 0, "must be 1 or more"),
        ("due_on", NOON, "must be a date without a time"),
        ("name", "", "must be text, not empty, without spaces around it"),
        ("share", 1, "must be a Fraction"),
    ],
)
def test_a_field_validator_names_its_field(field: str, value: Any, rule: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        attrs.evolve(Sample(), **{field: value})
    assert (caught.value.field, caught.value.rule) == (field, rule)
