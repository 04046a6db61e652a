"""Amounts, shares, rates and flags as plain JSON values, and back.

The `_plain` modules build on these readers. They are as strict as those of
`rules.plain`: what is read can at worst be refused, with the path to the fault.

An amount is whole minor units with its currency, `{"currency": "EUR", "minor": 1050}`,
which is also its canonical JSON. A share or a rate is exact text: a plain decimal where
there is one, such as `"0.24"`, else a fraction such as `"1/3"`. Never a float.

Example:
    >>> from fractions import Fraction
    >>> from microcrm_core.loans.plain_values import fraction_text, plain_fraction
    >>> fraction_text(Fraction(6, 25)), fraction_text(Fraction(1, 3))
    ('0.24', '1/3')
    >>> plain_fraction("1/3", "share")
    Fraction(1, 3)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import Final, cast

from microcrm_core.checks import exact_fraction, whole_number
from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.money import Currency, Money
from microcrm_core.rates import Rate
from microcrm_core.rules.plain import (
    Plain,
    faults_below,
    plain_mapping,
    plain_text,
)

__all__ = [
    "currency_from_plain",
    "currency_to_plain",
    "fraction_text",
    "is_plain_object",
    "money_from_plain",
    "money_to_plain",
    "plain_flag",
    "plain_fraction",
    "plain_items",
    "plain_kind",
    "plain_rate",
    "plain_whole",
    "rate_text",
]

_ITEMS_MAX: Final = 100_000  # More than the closed days of any calendar.
# The digits of a finite decimal that are still easier to read than a fraction.
_DECIMALS_MAX: Final = 30
# Python refuses to read or write whole numbers of more digits.
_DIGITS_MAX: Final = 4_000
_QUOTIENT: Final = re.compile(
    rf"(-?[0-9]{{1,{_DIGITS_MAX}}})/([0-9]{{1,{_DIGITS_MAX}}})", re.ASCII
)
_WHOLE: Final = re.compile(rf"-?[0-9]{{1,{_DIGITS_MAX}}}", re.ASCII)


def plain_whole(
    value: object,
    path: str,
    *,
    at_least: int | None = None,
    at_most: int | None = None,
) -> int:
    """Return *value* if it is a whole number within the inclusive bounds.

    Raises:
        PolicyError: It is anything else, a flag or a float among them.

    Example:
        >>> from microcrm_core.loans.plain_values import plain_whole
        >>> plain_whole(3, "count", at_least=1)
        3
    """
    try:
        return whole_number(path, value, at_least=at_least, at_most=at_most)
    except InvalidValueError as error:
        raise PolicyError(path, error.rule, value) from None


def plain_flag(value: object, path: str) -> bool:
    """Return *value* if it is true or false.

    Raises:
        PolicyError: It is anything else.

    Example:
        >>> from microcrm_core.loans.plain_values import plain_flag
        >>> plain_flag(True, "is_compounded")
        True
    """
    if not isinstance(value, bool):
        raise PolicyError(path, "must be true or false", value)
    return value


def plain_items(
    value: object, path: str, *, at_least: int = 0, at_most: int = _ITEMS_MAX
) -> tuple[object, ...]:
    """Return the items of *value* if it is a list of so many.

    Raises:
        PolicyError: It is no list, too short or too long.

    Example:
        >>> from microcrm_core.loans.plain_values import plain_items
        >>> plain_items([1, 2], "weights")
        (1, 2)
    """
    if not isinstance(value, list | tuple):
        raise PolicyError(path, "must be a list", value)
    items = cast("Sequence[object]", value)
    if not at_least <= len(items) <= at_most:
        raise PolicyError(path, f"must have {at_least} to {at_most} items", len(items))
    return tuple(items)


def is_plain_object(value: object) -> bool:
    """Return whether *value* is a JSON object.

    Example:
        >>> from microcrm_core.loans.plain_values import is_plain_object
        >>> is_plain_object({}), is_plain_object("EUR")
        (True, False)
    """
    return isinstance(value, Mapping)


def plain_kind(plain: object, path: str, known: Collection[str]) -> str:
    """Return the `kind` of a JSON object, which says what its other keys are.

    Raises:
        PolicyError: It is no object, has no kind, or one that is not *known*.

    Example:
        >>> from microcrm_core.loans.plain_values import plain_kind
        >>> plain_kind({"kind": "bullet"}, "method", ("bullet", "seasonal"))
        'bullet'
    """
    if not isinstance(plain, Mapping):
        raise PolicyError(path, "must be a JSON object", plain)
    parts = cast("Mapping[object, object]", plain)
    where = f"{path}.kind"
    if "kind" not in parts:
        raise PolicyError(where, "must be given", None)
    kind = parts["kind"]
    if not isinstance(kind, str) or kind not in known:
        raise PolicyError(where, f"must be one of {', '.join(known)}", kind)
    return kind


def fraction_text(value: Fraction) -> str:
    """Return the exact text of *value*: a plain decimal, or numerator/denominator.

    A decimal of more than 30 digits after the point is written as a fraction.

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.loans.plain_values import fraction_text
        >>> fraction_text(Fraction(-1, 8)), fraction_text(Fraction(2))
        ('-0.125', '2')
    """
    digits = _decimal_digits(value.denominator)
    if digits is None or digits > _DECIMALS_MAX:
        return f"{value.numerator}/{value.denominator}"
    if digits == 0:
        return str(value.numerator)
    unit = value.numerator * 10**digits // value.denominator
    text = f"{abs(unit):0{digits + 1}}"
    sign = "-" if unit < 0 else ""
    return f"{sign}{text[:-digits]}.{text[-digits:]}"


def plain_fraction(value: object, path: str) -> Fraction:
    """Return the number that exact text stands for.

    Raises:
        PolicyError: It is no text of a plain decimal or a fraction such as 1/3, or
            has too many digits.

    Example:
        >>> from microcrm_core.loans.plain_values import plain_fraction
        >>> plain_fraction("0.05", "step_share")
        Fraction(1, 20)
    """
    rule = 'must be exact text such as "0.24" or "1/3"'
    if not isinstance(value, str):
        raise PolicyError(path, rule, value)
    quotient = _QUOTIENT.fullmatch(value)
    if quotient is not None:
        if int(quotient[2]) == 0:
            raise PolicyError(path, "must not divide by zero", value)
        return Fraction(int(quotient[1]), int(quotient[2]))
    if _WHOLE.fullmatch(value):
        return Fraction(int(value))
    try:
        return exact_fraction(path, value)
    except InvalidValueError:
        raise PolicyError(path, rule, value) from None


def rate_text(rate: Rate) -> str:
    """Return the exact text of the fraction a year.

    Example:
        >>> from microcrm_core.loans.plain_values import rate_text
        >>> from microcrm_core.rates import Rate
        >>> rate_text(Rate.of_percent("24.5"))
        '0.245'
    """
    return fraction_text(rate.annual_fraction)


def plain_rate(value: object, path: str) -> Rate:
    """Return the rate whose fraction a year exact text stands for.

    Raises:
        PolicyError: As `plain_fraction`.

    Example:
        >>> from microcrm_core.loans.plain_values import plain_rate
        >>> str(plain_rate("0.24", "nominal_rate"))
        '24% a year'
    """
    return Rate(plain_fraction(value, path))


def currency_to_plain(currency: Currency) -> object:
    """Return the code of *currency*, or all of one that ISO 4217 does not list.

    Example:
        >>> from microcrm_core import Currency
        >>> from microcrm_core.loans.plain_values import currency_to_plain
        >>> currency_to_plain(Currency.of("EUR"))
        'EUR'
    """
    return currency.to_plain()


def currency_from_plain(plain: object, path: str) -> Currency:
    """Return the currency that a code or a JSON object stands for.

    Raises:
        PolicyError: There is none; the error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.loans.plain_values import currency_from_plain
        >>> currency_from_plain({"code": "POINTS", "exponent": 0}, "currency").name
        'POINTS'
    """
    if not is_plain_object(plain):
        code = plain_text(plain, path)
        try:
            return Currency.of(code)
        except InvalidValueError as error:
            raise PolicyError(path, error.rule, code, hint=error.hint) from None
    parts = plain_mapping(
        plain,
        path,
        needed=("code", "exponent"),
        optional=("name", "cash_multiple_minor"),
    )
    code = plain_text(parts["code"], f"{path}.code")
    name = parts.get("name", code)
    step = parts.get("cash_multiple_minor", 1)
    with faults_below(path):
        return Currency.custom(
            code,
            plain_whole(parts["exponent"], f"{path}.exponent"),
            name=plain_text(name, f"{path}.name"),
            cash_multiple_minor=plain_whole(step, f"{path}.cash_multiple_minor"),
        )


def money_to_plain(amount: Money) -> Plain:
    """Return *amount* as a JSON object.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.loans.plain_values import money_to_plain
        >>> money_to_plain(Money.of("10.50", Currency.of("EUR")))
        {'currency': 'EUR', 'minor': 1050}
    """
    return {"currency": currency_to_plain(amount.currency), "minor": amount.minor}


def money_from_plain(plain: object, path: str) -> Money:
    """Return the amount that a JSON object stands for.

    Raises:
        PolicyError: It has another shape, or no such currency; the error's `field`
            is the path to the fault.

    Example:
        >>> from microcrm_core.loans.plain_values import money_from_plain
        >>> str(money_from_plain({"currency": "EUR", "minor": 1050}, "principal"))
        'EUR 10.50'
    """
    parts = plain_mapping(plain, path, needed=("currency", "minor"))
    currency = currency_from_plain(parts["currency"], f"{path}.currency")
    return Money(plain_whole(parts["minor"], f"{path}.minor"), currency)


def _decimal_digits(denominator: int) -> int | None:
    # A fraction ends in decimal form when its denominator has no prime but 2 and 5.
    counts = [0, 0]
    for index, prime in enumerate((2, 5)):
        while denominator % prime == 0:
            denominator //= prime
            counts[index] += 1
    return max(counts) if denominator == 1 else None
