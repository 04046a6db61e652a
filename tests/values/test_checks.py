"""The checks that constructors run once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

import attrs
import numpy as np
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
    tuple_field,
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


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (NOON, "use .date()"),
        ("2025-01-31", "use date.fromisoformat(...)"),
        (np.datetime64("2025-01-31"), 'use .astype("datetime64[D]").item()'),
        (20_119, None),
    ],
)
def test_a_day_of_another_kind_is_told_how_to_become_one(
    value: object, hint: str | None
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        day("due_on", value)
    assert caught.value.hint == hint


def test_the_hints_for_days_are_right() -> None:
    moment = np.datetime64("2025-01-31T12:00")
    for made in (
        NOON.date(),
        dt.date.fromisoformat("2025-01-31"),
        moment.astype("datetime64[D]").item(),
    ):
        assert day("due_on", made) == dt.date(2025, 1, 31)


def test_a_timestamp_of_a_frame_is_told_to_drop_its_time() -> None:
    pandas: Any = pytest.importorskip("pandas")
    with pytest.raises(InvalidValueError, match=r"use \.date\(\)$"):
        day("due_on", pandas.Timestamp("2025-01-31"))


@pytest.mark.parametrize(
    ("value", "hint"),
    [(np.int64(3), "use int(...)"), (True, None), (np.bool_(1), None), (3.0, None)],
)
def test_a_whole_number_of_an_array_is_told_to_become_an_int(
    value: object, hint: str | None
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        whole_number("n", value)
    assert caught.value.hint == hint


class Sort(StrEnum):
    GOOD = "good"


@attrs.frozen
class Told:
    """Tells how it is made of text."""

    @classmethod
    def _hint_for(cls, value: object) -> str | None:
        return "use Told()" if isinstance(value, str) else None


@attrs.frozen(kw_only=True)
class Kinds:
    sort: Sort = attrs.field(default=Sort.GOOD, validator=kind_field(Sort))
    told: Told = attrs.field(default=Told(), validator=kind_field(Told))
    days: tuple[dt.date, ...] = attrs.field(default=(), validator=tuple_field(dt.date))
    many: tuple[Told, ...] = attrs.field(default=(), validator=tuple_field(Told))
    by_field: Told | None = attrs.field(
        default=None, validator=kind_field(Told, type(None), hint="use what you like")
    )


@pytest.mark.parametrize(
    ("field", "value", "hint"),
    [
        ("sort", "good", "use Sort.GOOD"),
        ("sort", "GOOD", "use Sort.GOOD"),
        ("sort", "bad", None),
        ("told", "text", "use Told()"),
        ("told", 1, None),
        ("told", Told, "use Told(...)"),
        ("many", ["text"], "use tuple(...)"),
        ("many", Told(), "use (...,) for one alone"),
        ("many", 1, None),
        ("many", ("text",), "use Told()"),
        ("by_field", "text", "use what you like"),
    ],
)
def test_a_value_of_another_kind_comes_with_what_to_do(
    field: str, value: object, hint: str | None
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        attrs.evolve(Kinds(), **{field: value})  # type: ignore[arg-type]  # on purpose
    assert (caught.value.field, caught.value.hint) == (field, hint)


@pytest.mark.parametrize("value", [NOON.replace(tzinfo=None), NOON.date(), None])
def test_an_instant_knows_its_zone(value: object) -> None:
    for check in (instant, utc_instant):
        with pytest.raises(InvalidValueError, match=r"^at must be a datetime with a"):
            check("at", value)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (NOON.replace(tzinfo=None), "give it tzinfo, such as datetime.UTC"),
        (NOON.date(), "use datetime.combine(..., tzinfo=datetime.UTC)"),
        ("2025-01-31T12:00:00Z", "use datetime.fromisoformat(...)"),
        (None, None),
    ],
)
def test_what_is_no_instant_comes_with_what_to_do(
    value: object, hint: str | None
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        instant("at", value)
    assert caught.value.hint == hint


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
