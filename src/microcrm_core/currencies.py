"""Currencies: the units of money, and how finely each is counted.

ISO 4217 says how many digits a currency has after the point, the central bank which
coins there are. `Currency.of` answers from the table that is generated at
development time; points of a loyalty scheme or the currency of an old loan are
`Currency.custom`. `money` is the module to read next.

Example:
    >>> from microcrm_core.currencies import Currency
    >>> [Currency.of(code).exponent for code in ("JPY", "EUR", "KWD")]
    [0, 2, 3]
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

import attrs

from microcrm_core.checks import name_text, name_text_field, whole_number_field
from microcrm_core.currency_table import CURRENCIES, NO_MINOR_UNIT, RETIRED
from microcrm_core.errors import InvalidValueError

__all__ = ["Currency"]

_CODE: Final = re.compile(r"[A-Z][A-Z0-9]{2,11}", re.ASCII)
_EXPONENT_MAX: Final = 18
# What people write for currencies whose code is another.
_USUAL_NAMES: Final = {"CNH": "CNY", "NTD": "TWD", "RMB": "CNY"}


@attrs.frozen(kw_only=True, repr=False, cache_hash=True)
class Currency:
    """A unit of money and how finely it is counted.

    Use `Currency.of` for the currencies of ISO 4217 and `Currency.custom` for
    anything else. `of` always returns the same object, so comparing is cheap.

    Attributes:
        code: ISO 4217 letters, or the lender's own.
        exponent: Digits after the point: EUR 2, JPY 0, KWD 3.
        numeric: ISO 4217 number, written there with three digits; None if custom.
        name: English name.
        cash_multiple_minor: Smallest step of a cash payment, in minor units: CHF 5.

    Source:
        ISO 4217 list one for codes and exponents. Cash steps: Unicode CLDR and the
        central banks, as listed in `tests/tools/generate_currency_table.py`.

    Example:
        >>> from microcrm_core import Currency
        >>> Currency.of("KWD").exponent
        3
        >>> Currency.of("CHF").cash_multiple_minor
        5
    """

    code: str = attrs.field(validator=name_text_field)
    exponent: int = attrs.field(
        validator=whole_number_field(at_least=0, at_most=_EXPONENT_MAX)
    )
    numeric: int | None = None
    name: str = attrs.field(validator=name_text_field)
    cash_multiple_minor: int = attrs.field(
        default=1, validator=whole_number_field(at_least=1)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a currency that contradicts ISO 4217."""
        known = CURRENCIES.get(self.code)
        parts = (self.exponent, self.numeric, self.name, self.cash_multiple_minor)
        if known is not None:
            if parts != known:
                raise InvalidValueError(
                    "code",
                    "must not be an ISO 4217 code in use",
                    self.code,
                    hint=f"use Currency.of({self.code!r}) or another code",
                )
        elif not _CODE.fullmatch(self.code):
            rule = "must be 3 to 12 capital letters and digits, a letter first"
            raise InvalidValueError("code", rule, self.code)
        elif self.numeric is not None:
            raise InvalidValueError(
                "numeric", "must be None for a code that is not ISO 4217", self.numeric
            )

    @classmethod
    def of(cls, code: str) -> Currency:
        """Return the ISO 4217 currency with this code.

        Raises:
            InvalidValueError: ISO 4217 does not list *code*, or lists it without
                a minor unit, as it does metals and units of account.

        Example:
            >>> from microcrm_core import Currency
            >>> Currency.of("JPY").exponent
            0
            >>> Currency.of("EUR") is Currency.of("EUR")
            True
        """
        return _iso_currency(name_text("code", code))

    @classmethod
    def custom(
        cls,
        code: str,
        exponent: int,
        *,
        name: str | None = None,
        cash_multiple_minor: int = 1,
    ) -> Currency:
        """Return a unit that ISO 4217 does not list, such as points or an old code.

        Args:
            code: 3 to 12 capital letters and digits; no code in use.
            exponent: Digits after the point, 0 to 18.
            name: What people call it; None to use the code.
            cash_multiple_minor: Smallest step of a cash payment, in minor units.

        Raises:
            InvalidValueError: An argument breaks its rule, or ISO 4217 lists *code*
                with a minor unit.

        Example:
            >>> from microcrm_core import Currency, Money
            >>> str(Money(250, Currency.custom("POINTS", 0)))
            'POINTS 250'
        """
        return Currency(
            code=code,
            exponent=exponent,
            name=code if name is None else name,
            cash_multiple_minor=cash_multiple_minor,
        )

    @property
    def is_iso(self) -> bool:
        """Whether ISO 4217 lists it."""
        return self.numeric is not None

    def to_plain(self) -> object:
        """Return what stands for it in canonical JSON: the code where that says all.

        Example:
            >>> from microcrm_core import Currency
            >>> Currency.of("EUR").to_plain()
            'EUR'
        """
        if self.is_iso:
            return self.code
        return {
            "cash_multiple_minor": self.cash_multiple_minor,
            "code": self.code,
            "exponent": self.exponent,
            "name": self.name,
        }

    def __str__(self) -> str:
        """Return the code."""
        return self.code

    def __repr__(self) -> str:
        """Return the call that makes it."""
        if self.is_iso:
            return f"Currency.of({self.code!r})"
        return f"Currency.custom({self.code!r}, {self.exponent})"

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive a trip between processes as the one object of its code."""
        if self.is_iso:
            return _iso_currency, (self.code,)
        parts = (self.code, self.exponent, self.name, self.cash_multiple_minor)
        return _custom_currency, parts


@cache
def _iso_currency(code: str) -> Currency:
    known = CURRENCIES.get(code)
    if known is not None:
        exponent, numeric, name, cash_multiple_minor = known
        return Currency(
            code=code,
            exponent=exponent,
            numeric=numeric,
            name=name,
            cash_multiple_minor=cash_multiple_minor,
        )
    if code in NO_MINOR_UNIT:
        raise InvalidValueError(
            "code",
            "must be an ISO 4217 code with a minor unit",
            code,
            hint=f"ISO 4217 gives {NO_MINOR_UNIT[code]} none; use Currency.custom",
        )
    hint = None
    meant = _USUAL_NAMES.get(code.upper(), code.upper())
    if meant != code and meant in CURRENCIES:
        hint = f"use {meant}"
    if code.upper() in RETIRED:
        hint = f"it is retired, use {RETIRED[code.upper()]} or Currency.custom"
    raise InvalidValueError("code", "must be an ISO 4217 code", code, hint=hint)


def _custom_currency(
    code: str, exponent: int, name: str, cash_multiple_minor: int
) -> Currency:
    return Currency.custom(
        code, exponent, name=name, cash_multiple_minor=cash_multiple_minor
    )
