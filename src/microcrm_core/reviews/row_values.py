"""From the text of one field to its value, or to the fault that it is.

The forms are few and plain, so that a file has one meaning: days as YYYY-MM-DD, numbers
with a point, choices and codes in the letters of their names. A field that breaks its
rule raises `FaultFoundError`, which `rows` turns into the row's `Fault`.

Example:
    >>> from microcrm_core.reviews.row_values import day_value
    >>> day_value({"paid_on": "2025-03-14"}, "paid_on").day
    14
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import ClassVar, Final, TypeAlias, TypeVar

from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError, MicrocrmError
from microcrm_core.money import Currency, Money
from microcrm_core.reviews.rejections import Fault
from microcrm_core.reviews.schema import (
    AMOUNT_MINOR_MAX,
    ANNUAL_RATE_MAX,
    DAY_MAX,
    DAY_MIN,
    ID_BYTES_MAX,
    TEXT_BYTES_MAX,
)

__all__ = [
    "FaultFoundError",
    "Row",
    "annual_ppm_value",
    "choice_value",
    "currency_value",
    "day_if_given",
    "day_value",
    "frequency_value",
    "id_value",
    "minor_value",
    "positive_value",
    "require_currency",
    "text_value",
    "whole_value",
]

Row: TypeAlias = Mapping[str, str]
"""The text of each column that the file has; empty text is a value not given."""

T = TypeVar("T")

_NUMBER: Final = re.compile(r"([+-]?)([0-9]{1,30})(?:\.([0-9]{1,30}))?", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FIGURE: Final = re.compile(r"[0-9+\-.,:/ ]{1,40}", re.ASCII)
_PPM_DIGITS: Final = 6


class FaultFoundError(MicrocrmError):
    """A field breaks its rule; the functions of `rows` return its fault.

    Attributes:
        fault: Column, rule and what fills its text.

    Example:
        >>> from microcrm_core.reviews.row_values import FaultFoundError, id_value
        >>> try:
        ...     id_value({"loan_id": ""}, "loan_id")
        ... except FaultFoundError as found:
        ...     print(found.fault.column, found.fault.code)
        loan_id value_missing
    """

    code: ClassVar[str] = "fault_found"

    def __init__(self, column: str | None, code: str, **params: str | int) -> None:
        self.fault = Fault(column, code, params)
        super().__init__(f"{column}: {code}")


def _given(row: Row, column: str) -> str:
    text = row[column]
    if not text:
        raise FaultFoundError(column, "value_missing")
    return text


def id_value(row: Row, column: str) -> str:
    """Return the id in *column*: 1 to 64 bytes, no control characters or spaces around.

    Raises:
        FaultFoundError: The field breaks its rule.

    Example:
        >>> from microcrm_core.reviews.row_values import id_value
        >>> id_value({"loan_id": "l-1"}, "loan_id")
        'l-1'
    """
    text = _given(row, column)
    if not _is_clean(text, ID_BYTES_MAX):
        raise FaultFoundError(column, "id_form", bytes_max=ID_BYTES_MAX)
    return text


def text_value(row: Row, column: str) -> str | None:
    """Return the text in *column*, None if it is empty or the file lacks the column.

    Raises:
        FaultFoundError: The field breaks its rule.

    Example:
        >>> from microcrm_core.reviews.row_values import text_value
        >>> text_value({"region": "north"}, "region")
        'north'
    """
    text = row.get(column, "")
    if text and not _is_clean(text, TEXT_BYTES_MAX):
        raise FaultFoundError(column, "text_form", bytes_max=TEXT_BYTES_MAX)
    return text or None


def _is_clean(text: str, bytes_max: int) -> bool:
    if len(text.encode()) > bytes_max or text != text.strip():
        return False
    return _CONTROL.search(text) is None


def choice_value(row: Row, column: str, choices: Mapping[str, T]) -> T:
    """Return what *choices* has for the text in *column*.

    Raises:
        FaultFoundError: The field breaks its rule.

    Example:
        >>> from microcrm_core.reviews.row_values import choice_value
        >>> choice_value({"side": "left"}, "side", {"left": 1})
        1
    """
    chosen = choices.get(_given(row, column))
    if chosen is None:
        raise FaultFoundError(column, "choice_unknown", choices=", ".join(choices))
    return chosen


def currency_value(row: Row, column: str) -> Currency:
    """Return the ISO 4217 currency whose code stands in *column*.

    Raises:
        FaultFoundError: The field breaks its rule.

    Example:
        >>> from microcrm_core.reviews.row_values import currency_value
        >>> currency_value({"currency": "EUR"}, "currency").exponent
        2
    """
    try:
        return Currency.of(_given(row, column))
    except InvalidValueError:
        raise FaultFoundError(column, "currency_unknown") from None


def require_currency(row: Row, expected: Currency, *, of: str) -> None:
    """Refuse a row in another currency than *expected*, that of the row's owner.

    Raises:
        FaultFoundError: The field breaks its rule.

    Example:
        >>> from microcrm_core import Currency
        >>> from microcrm_core.reviews.row_values import require_currency
        >>> require_currency({"currency": "EUR"}, Currency.of("EUR"), of="c-1")
    """
    if _given(row, "currency") == expected.code:
        return
    currency_value(row, "currency")
    raise FaultFoundError("currency", "currency_mixed", expected=expected.code, id=of)


def frequency_value(row: Row, column: str) -> Frequency:
    """Return the frequency that *column* names.

    Raises:
        FaultFoundError: The field breaks its rule.

    Example:
        >>> from microcrm_core.reviews.row_values import frequency_value
        >>> str(frequency_value({"frequency": "P1M"}, "frequency"))
        'monthly'
    """
    text = _given(row, column)
    try:
        if not text.isascii():
            raise FaultFoundError(column, "frequency_unknown")
        return Frequency.of(text)
    except InvalidValueError:
        raise FaultFoundError(column, "frequency_unknown") from None


def day_if_given(row: Row, column: str, *, is_personal: bool = False) -> dt.date | None:
    """Return the day in *column*, None if it is empty or the file lacks the column.

    Raises:
        FaultFoundError: The field breaks its rule.

    Example:
        >>> from microcrm_core.reviews.row_values import day_if_given
        >>> day_if_given({}, "known_on") is None
        True
    """
    if not row.get(column):
        return None
    return day_value(row, column, is_personal=is_personal)


def day_value(row: Row, column: str, *, is_personal: bool = False) -> dt.date:
    """Return the day in *column*, from `DAY_MIN` to `DAY_MAX`.

    A fault shows what was found, unless it says something of a person.

    Raises:
        FaultFoundError: The field breaks its rule.

    Example:
        >>> from microcrm_core.reviews.row_values import day_value
        >>> day_value({"paid_on": "2025-03-14"}, "paid_on").day
        14
    """
    text = _given(row, column)
    on = _date(text)
    shown = {} if is_personal else _figure(text)
    if on is None:
        raise FaultFoundError(column, "date_form", **shown)
    if not DAY_MIN <= on <= DAY_MAX:
        raise FaultFoundError(
            column,
            "date_range",
            day_min=DAY_MIN.isoformat(),
            day_max=DAY_MAX.isoformat(),
            **shown,
        )
    return on


@lru_cache(maxsize=4_096)
def _date(text: str) -> dt.date | None:
    # `fromisoformat` knows more forms than ours.
    if len(text) != 10 or text[4] != "-" or text[7] != "-" or not text.isascii():
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def positive_value(row: Row, column: str, currency: Currency) -> Money:
    """Return the amount in *column*, which is above zero.

    Raises:
        FaultFoundError: The field breaks its rule.

    Example:
        >>> from microcrm_core import Currency
        >>> from microcrm_core.reviews.row_values import positive_value
        >>> str(positive_value({"amount": "2.50"}, "amount", Currency.of("EUR")))
        'EUR 2.50'
    """
    minor = minor_value(row, column, currency)
    if minor <= 0:
        raise FaultFoundError(column, "amount_positive")
    return Money(minor, currency)


def minor_value(row: Row, column: str, currency: Currency) -> int:
    """Return the amount in *column* in minor units; it may be below zero.

    Raises:
        FaultFoundError: The field breaks its rule.

    Example:
        >>> from microcrm_core import Currency
        >>> from microcrm_core.reviews.row_values import minor_value
        >>> minor_value({"amount": "-2.5"}, "amount", Currency.of("EUR"))
        -250
    """
    text = _given(row, column)
    minor = _scaled(text, currency.exponent)
    if minor is None:
        if _NUMBER.fullmatch(text) is None:
            raise FaultFoundError(column, "amount_form", **_figure(text))
        raise FaultFoundError(
            column,
            "amount_digits",
            digits=currency.exponent,
            currency=currency.code,
            **_figure(text),
        )
    if abs(minor) > AMOUNT_MINOR_MAX:
        raise FaultFoundError(
            column, "amount_range", minor_max=AMOUNT_MINOR_MAX, **_figure(text)
        )
    return minor


def annual_ppm_value(row: Row, column: str) -> int:
    """Return the yearly rate in *column* in parts per million.

    Raises:
        FaultFoundError: The field breaks its rule.

    Example:
        >>> from microcrm_core.reviews.row_values import annual_ppm_value
        >>> annual_ppm_value({"annual_rate": "0.24"}, "annual_rate")
        240000
    """
    text = _given(row, column)
    ppm = _scaled(text, _PPM_DIGITS)
    if ppm is None or not 0 <= ppm <= ANNUAL_RATE_MAX * 10**_PPM_DIGITS:
        raise FaultFoundError(
            column, "rate_form", rate_max=ANNUAL_RATE_MAX, **_figure(text)
        )
    return ppm


def _scaled(text: str, digits: int) -> int | None:
    # The number times 10**digits; None: no plain decimal, or not whole then.
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    sign, whole, rest = found.groups()
    rest = (rest or "").rstrip("0")
    if len(rest) > digits:
        return None
    value = int(whole + rest.ljust(digits, "0"))
    return -value if sign == "-" else value


def whole_value(row: Row, column: str, *, least: int, most: int) -> int:
    """Return the whole number in *column*, within the inclusive bounds.

    Raises:
        FaultFoundError: The field breaks its rule.

    Example:
        >>> from microcrm_core.reviews.row_values import whole_value
        >>> whole_value({"sequence": "3"}, "sequence", least=0, most=9)
        3
    """
    text = _given(row, column)
    if _WHOLE.fullmatch(text) is None or not least <= int(text) <= most:
        raise FaultFoundError(
            column, "whole_form", least=least, most=most, **_figure(text)
        )
    return int(text)


def _figure(text: str) -> dict[str, str]:
    # Figures may be shown; anything else may be personal.
    return {"figure": text} if _FIGURE.fullmatch(text) else {}
