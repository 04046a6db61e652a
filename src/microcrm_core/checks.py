"""Checks that values run once, when they are made.

Each is a plain function that raises `InvalidValueError` naming the field, the
rule and the value; the `*_field` forms fit attrs' `validator=`.

Example:
    >>> from microcrm_core.checks import whole_number
    >>> whole_number("days", 30, at_least=0)
    30
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from numbers import Integral
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast

from microcrm_core.errors import InvalidValueError

if TYPE_CHECKING:
    import attrs

__all__ = [
    "ExactNumber",
    "day",
    "day_field",
    "exact_fraction",
    "fraction_field",
    "instant",
    "kind_field",
    "name_text",
    "name_text_field",
    "of_kind",
    "tuple_field",
    "utc_instant",
    "whole_number",
    "whole_number_field",
]

ExactNumber: TypeAlias = str | int | Decimal | Fraction
"""A number without error: plain decimal text, a whole number, a Decimal, a Fraction."""

T = TypeVar("T")

# Bounds what one short text such as "1E+999999999" may make us compute.
_DIGITS_MAX: Final = 100
_PLAIN_DECIMAL: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)


def whole_number(
    field: str,
    value: object,
    *,
    at_least: int | None = None,
    at_most: int | None = None,
) -> int:
    """Return *value* if it is an `int` (no bool) within the inclusive bounds.

    Args:
        field: Name for the error.
        value: What to check.
        at_least: Lowest value that is allowed; None for no limit.
        at_most: Highest value that is allowed; None for no limit.

    Raises:
        InvalidValueError: It is no whole number or outside the bounds.

    Example:
        >>> from microcrm_core.checks import whole_number
        >>> whole_number("months", 12, at_least=1, at_most=60)
        12
    """
    if not isinstance(value, int) or isinstance(value, bool):
        # Whole numbers of numpy and of frames are no `int`.
        is_foreign = not isinstance(value, int) and isinstance(value, Integral)
        hint = "use int(...)" if is_foreign else None
        raise InvalidValueError(field, "must be a whole number", value, hint=hint)
    if at_least is not None and value < at_least:
        rule = (
            "must not be negative" if at_least == 0 else f"must be {at_least} or more"
        )
        raise InvalidValueError(field, rule, value)
    if at_most is not None and value > at_most:
        raise InvalidValueError(field, f"must be {at_most} or less", value)
    return value


def exact_fraction(field: str, value: object) -> Fraction:
    """Return *value* as an exact fraction.

    Text is a plain decimal such as `-12.50`: ASCII digits, no exponent, no
    grouping, no space. Floats are refused, because 0.1 is not one tenth there.

    Raises:
        InvalidValueError: *value* is a float, a bool, not finite, not a plain
            decimal, or has more than 100 digits before or after the point.

    Example:
        >>> from microcrm_core.checks import exact_fraction
        >>> exact_fraction("rate", "0.24")
        Fraction(6, 25)
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, float):
        raise InvalidValueError(
            field,
            "must be an exact number",
            value,
            hint="pass text, a Decimal or a whole number instead of a float",
        )
    if isinstance(value, str):
        if not _PLAIN_DECIMAL.fullmatch(value):
            raise InvalidValueError(field, "must be a plain decimal number", value)
        value = Decimal(value)
    if not isinstance(value, Decimal):
        return Fraction(whole_number(field, value))
    if not value.is_finite():
        raise InvalidValueError(field, "must be a finite number", value)
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # finite, as checked above
    if value.adjusted() >= _DIGITS_MAX or exponent < -_DIGITS_MAX:
        rule = f"must have at most {_DIGITS_MAX} digits before and after the point"
        raise InvalidValueError(field, rule, value)
    return Fraction(value)


def day(field: str, value: object) -> dt.date:
    """Return *value* if it is a date and not a datetime.

    Raises:
        InvalidValueError: It is anything else.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.checks import day
        >>> day("due_on", dt.date(2025, 1, 31)).isoformat()
        '2025-01-31'
    """
    if not isinstance(value, dt.date) or isinstance(value, dt.datetime):
        rule = "must be a date without a time"
        raise InvalidValueError(field, rule, value, hint=_day_hint(value))
    return value


def _day_hint(value: object) -> str | None:
    # A timestamp of pandas is a datetime as well.
    if isinstance(value, dt.datetime):
        return "use .date()"
    if isinstance(value, str):
        return "use date.fromisoformat(...)"
    # By name, because numpy is not loaded for this.
    if type(value).__name__ == "datetime64":
        return 'use .astype("datetime64[D]").item()'
    return None


def instant(field: str, value: object) -> dt.datetime:
    """Return *value* if it is a datetime that knows its zone.

    Raises:
        InvalidValueError: It is anything else.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.checks import instant
        >>> instant("recorded_at", dt.datetime(2025, 1, 31, tzinfo=dt.UTC)).day
        31
    """
    if not isinstance(value, dt.datetime) or value.utcoffset() is None:
        rule = "must be a datetime with a time zone"
        raise InvalidValueError(field, rule, value, hint=_instant_hint(value))
    return value


def _instant_hint(value: object) -> str | None:
    if isinstance(value, dt.datetime):
        return "give it tzinfo, such as datetime.UTC"
    if isinstance(value, dt.date):
        return "use datetime.combine(..., tzinfo=datetime.UTC)"
    return "use datetime.fromisoformat(...)" if isinstance(value, str) else None


def utc_instant(field: str, value: object) -> dt.datetime:
    """Return the moment *value* in UTC, so that one moment has one form.

    Raises:
        InvalidValueError: *value* knows no zone, or lies outside the years 1 to
            9999 in UTC.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.checks import utc_instant
        >>> shanghai = dt.timezone(dt.timedelta(hours=8))
        >>> moment = dt.datetime(2025, 1, 31, 8, tzinfo=shanghai)
        >>> utc_instant("recorded_at", moment).isoformat()
        '2025-01-31T00:00:00+00:00'
    """
    moment = instant(field, value)
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        rule = "must lie in the years 1 to 9999 in UTC"
        raise InvalidValueError(field, rule, value) from None


def name_text(field: str, value: object) -> str:
    """Return *value* if it is text with no space around it and not empty.

    Raises:
        InvalidValueError: It is anything else.

    Example:
        >>> from microcrm_core.checks import name_text
        >>> name_text("id", "loan-7")
        'loan-7'
    """
    if not isinstance(value, str) or not value or value != value.strip():
        raise InvalidValueError(
            field, "must be text, not empty, without spaces around it", value
        )
    return value


def of_kind(field: str, value: object, kind: type[T]) -> T:
    """Return *value* if it is a *kind*, such as the policy that a function applies.

    Raises:
        InvalidValueError: It is anything else.

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.checks import of_kind
        >>> of_kind("share", Fraction(1, 2), Fraction)
        Fraction(1, 2)
    """
    if not isinstance(value, kind):
        rule, hint = f"must be {_one_of((kind,))}", _kind_hint((kind,), value)
        raise InvalidValueError(field, rule, value, hint=hint)
    return value


def whole_number_field(
    *, at_least: int | None = None, at_most: int | None = None
) -> Callable[[object, attrs.Attribute[Any], object], None]:
    """Return an attrs validator that runs `whole_number`.

    Example:
        >>> import attrs
        >>> from microcrm_core.checks import whole_number_field
        >>> @attrs.frozen
        ... class Term:
        ...     months: int = attrs.field(validator=whole_number_field(at_least=1))
        >>> Term(12).months
        12
    """

    def check(
        _instance: object, attribute: attrs.Attribute[Any], value: object
    ) -> None:
        whole_number(attribute.name, value, at_least=at_least, at_most=at_most)

    return check


def kind_field(
    *kinds: type[object], hint: str | None = None
) -> Callable[[object, attrs.Attribute[Any], object], None]:
    """Return an attrs validator that refuses what is of none of *kinds*.

    Args:
        *kinds: What the field may be.
        hint: What to do instead; None: what the first of *kinds* that has a hint for
            the value says. A kind tells by a class method `_hint_for(value)`.

    Example:
        >>> import attrs
        >>> from microcrm_core.checks import kind_field
        >>> @attrs.frozen
        ... class Switch:
        ...     is_on: bool = attrs.field(validator=kind_field(bool))
        >>> Switch(1)
        Traceback (most recent call last):
        ...
        microcrm_core.errors.InvalidValueError: is_on must be a bool, got 1
    """

    def check(
        _instance: object, attribute: attrs.Attribute[Any], value: object
    ) -> None:
        if not isinstance(value, kinds):
            rule = f"must be {_one_of(kinds)}"
            told = hint or _kind_hint(kinds, value)
            raise InvalidValueError(attribute.name, rule, value, hint=told)

    return check


def _kind_hint(kinds: tuple[type[object], ...], value: object) -> str | None:
    given = value
    if isinstance(given, type) and issubclass(given, kinds):
        return f"use {given.__name__}(...)"
    for kind in kinds:
        if issubclass(kind, StrEnum) and isinstance(value, str):
            named = [one for one in kind if one.value == value.lower()]
            if named:
                return f"use {kind.__name__}.{named[0].name}"
        hint_for: Callable[[object], str | None] = getattr(kind, "_hint_for", _no_hint)
        hint = hint_for(value)
        if hint is not None:
            return hint
    return None


def _no_hint(_value: object) -> None:
    return None


def tuple_field(
    *kinds: type[object],
) -> Callable[[object, attrs.Attribute[Any], object], None]:
    """Return an attrs validator that refuses all but a tuple of *kinds*.

    Example:
        >>> import attrs
        >>> from microcrm_core.checks import tuple_field
        >>> @attrs.frozen
        ... class Week:
        ...     days: tuple[int, ...] = attrs.field(validator=tuple_field(int))
        >>> Week(days=(1, 7)).days
        (1, 7)
    """

    def check(
        _instance: object, attribute: attrs.Attribute[Any], value: object
    ) -> None:
        if not isinstance(value, tuple):
            rule = f"must be a tuple of {_names(kinds)}"
            raise InvalidValueError(
                attribute.name, rule, value, hint=_tuple_hint(kinds, value)
            )
        for item in cast("tuple[object, ...]", value):
            if not isinstance(item, kinds):
                rule = f"must hold nothing but {_names(kinds)}"
                hint = _kind_hint(kinds, item)
                raise InvalidValueError(attribute.name, rule, item, hint=hint)

    return check


def _tuple_hint(kinds: tuple[type[object], ...], value: object) -> str | None:
    if isinstance(value, kinds):
        return "use (...,) for one alone"
    return "use tuple(...)" if isinstance(value, Iterable) else None


def _names(kinds: tuple[type[object], ...]) -> str:
    return " or ".join(
        "None" if kind is type(None) else kind.__name__ for kind in kinds
    )


def _one_of(kinds: tuple[type[object], ...]) -> str:
    # The first letter stands for the sound, but for words as "unit", "euro" and "one".
    name = kinds[0].__name__
    is_vowel = name[0] in "AEIOUaeiou" and not name.startswith(("Uni", "Eu", "One"))
    return f"{'an' if is_vowel else 'a'} {_names(kinds)}"


def fraction_field(
    _instance: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    """Refuse anything but a `Fraction`, as an attrs validator.

    Example:
        >>> import attrs
        >>> from fractions import Fraction
        >>> from microcrm_core.checks import fraction_field
        >>> @attrs.frozen
        ... class Share:
        ...     of_whole: Fraction = attrs.field(validator=fraction_field)
        >>> Share(Fraction(1, 2)).of_whole
        Fraction(1, 2)
    """
    if not isinstance(value, Fraction):
        raise InvalidValueError(attribute.name, "must be a Fraction", value)


def day_field(
    _instance: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    """Run `day` as an attrs validator.

    Example:
        >>> import attrs, datetime as dt
        >>> from microcrm_core.checks import day_field
        >>> @attrs.frozen
        ... class Due:
        ...     due_on: dt.date = attrs.field(validator=day_field)
        >>> Due(dt.date(2025, 1, 31)).due_on.day
        31
    """
    day(attribute.name, value)


def name_text_field(
    _instance: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    """Run `name_text` as an attrs validator.

    Example:
        >>> import attrs
        >>> from microcrm_core.checks import name_text_field
        >>> @attrs.frozen
        ... class Branch:
        ...     name: str = attrs.field(validator=name_text_field)
        >>> Branch("north").name
        'north'
    """
    name_text(attribute.name, value)
