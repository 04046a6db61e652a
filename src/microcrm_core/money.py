"""Money: whole minor units of one currency, and nothing lost in a division.

An amount is a Python `int` of minor units (cents, hellers, fils), which has no
upper bound; columns hold int64 and refuse what does not fit. `Decimal` and text come
in and go out exactly at the edges. What does not divide evenly is handed out unit
by unit, so that the parts of an amount always add up to it; where something must
be rounded, the caller names the `Rounding`.

Example:
    >>> from microcrm_core.money import Currency, Money
    >>> price = Money.of("10.00", Currency.of("EUR"))
    >>> [str(share) for share in price.split(3)]
    ['EUR 3.34', 'EUR 3.33', 'EUR 3.33']
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Any, NoReturn

import attrs

from microcrm_core.checks import (
    exact_fraction,
    whole_number,
    whole_number_field,
)
from microcrm_core.currencies import Currency
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.rounding import Rounding, divide, round_to_multiple

__all__ = ["Currency", "Money", "sum_money"]


def _is_currency(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, Currency):
        code = value if isinstance(value, str) else "EUR"
        hint = f'use Currency.of("{code}")'
        raise InvalidValueError("currency", "must be a Currency", value, hint=hint)


@attrs.frozen(repr=False)
class Money:
    """An exact amount of one currency.

    Nothing here rounds in secret. Amounts of two currencies are never equal, and
    adding or ordering them is an error. An amount has no truth value: ask
    `is_zero`, `is_positive` or `is_negative`, so that zero is never taken for None.

    Attributes:
        minor: Signed amount in minor units; EUR 10.50 is 1050. No upper bound.
        currency: Decides how many digits are minor.

    Raises:
        InvalidValueError: *minor* is a bool, a float or other than a whole number.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> money = Money(1050, Currency.of("EUR"))
        >>> str(money + money), money.amount
        ('EUR 21.00', Decimal('10.50'))
    """

    minor: int = attrs.field(validator=whole_number_field())
    currency: Currency = attrs.field(validator=_is_currency)

    @classmethod
    def of(
        cls,
        amount: str | int | Decimal,
        currency: Currency,
        *,
        rounding: Rounding | None = None,
    ) -> Money:
        """Return *amount* of *currency*, exactly.

        Args:
            amount: In whole units of the currency, not in minor units: plain
                decimal text, a whole number or a Decimal.
            currency: Decides how many digits fit.
            rounding: Where digits that do not fit go; None to refuse them.

        Raises:
            InvalidValueError: *amount* is a float, not finite, not a plain decimal
                number, or has more digits than the currency and no *rounding*; or
                *currency* is no `Currency`.

        Example:
            >>> from microcrm_core import Currency, Money
            >>> from microcrm_core.rounding import Rounding
            >>> yen = Currency.of("JPY")
            >>> Money.of("12", yen).minor
            12
            >>> Money.of("12.5", yen, rounding=Rounding.HALF_EVEN).minor
            12
        """
        _is_currency(cls, None, currency)
        exact = exact_fraction("amount", amount) * 10**currency.exponent
        if rounding is not None:
            return cls(divide(exact.numerator, exact.denominator, rounding), currency)
        if exact.denominator != 1:
            raise InvalidValueError(
                "amount",
                f"must have at most {currency.exponent} digits after the point in "
                f"{currency.code}",
                amount,
                hint="name a rounding= to drop digits",
            )
        return cls(exact.numerator, currency)

    @classmethod
    def _hint_for(cls, _value: object) -> str:
        # What `kind_field` says where an amount is given without its currency.
        return 'use Money.of("500.00", Currency.of("EUR"))'

    @property
    def amount(self) -> Decimal:
        """The amount in whole units, with all digits of the currency."""
        # Built from text, because Decimal arithmetic rounds to its context.
        return Decimal(f"{self.minor}E-{self.currency.exponent}")

    @property
    def is_zero(self) -> bool:
        """Whether the amount is zero."""
        return self.minor == 0

    @property
    def is_positive(self) -> bool:
        """Whether the amount is above zero."""
        return self.minor > 0

    @property
    def is_negative(self) -> bool:
        """Whether the amount is below zero."""
        return self.minor < 0

    def times(self, factor: int | Fraction | Decimal, *, rounding: Rounding) -> Money:
        """Return the amount times an exact *factor*, rounded once.

        Put the whole formula into the factor, so that it is rounded at its end:
        a year fraction times `Rate.annual_fraction`, for example.

        Raises:
            InvalidValueError: *factor* is a float or not finite.

        Example:
            >>> from fractions import Fraction
            >>> from microcrm_core import Currency, Money
            >>> from microcrm_core.rounding import Rounding
            >>> principal = Money.of("1000.00", Currency.of("EUR"))
            >>> interest = Fraction("0.24") * Fraction(30, 365)
            >>> str(principal.times(interest, rounding=Rounding.HALF_EVEN))
            'EUR 19.73'
        """
        exact = exact_fraction("factor", factor)
        minor = divide(self.minor * exact.numerator, exact.denominator, rounding)
        return Money(minor, self.currency)

    def to_multiple(self, multiple_minor: int, *, rounding: Rounding) -> Money:
        """Return the multiple of *multiple_minor* minor units nearest by *rounding*.

        Raises:
            InvalidValueError: *multiple_minor* is less than 1.

        Example:
            >>> from microcrm_core import Currency, Money
            >>> from microcrm_core.rounding import Rounding
            >>> money = Money.of("104.20", Currency.of("EUR"))
            >>> str(money.to_multiple(1000, rounding=Rounding.UP))
            'EUR 110.00'
        """
        minor = round_to_multiple(self.minor, multiple_minor, rounding)
        return Money(minor, self.currency)

    def round_to_cash(self, *, rounding: Rounding) -> Money:
        """Return the amount that can be paid in cash.

        Example:
            >>> from microcrm_core import Currency, Money
            >>> from microcrm_core.rounding import Rounding
            >>> money = Money.of("10.03", Currency.of("CHF"))
            >>> str(money.round_to_cash(rounding=Rounding.HALF_UP))
            'CHF 10.05'
        """
        return self.to_multiple(self.currency.cash_multiple_minor, rounding=rounding)

    def split(self, parts: int) -> tuple[Money, ...]:
        """Return *parts* shares that add up to the amount, the larger ones first.

        Shares differ by at most one minor unit. A negative amount is split like
        its opposite, so that a refund mirrors its charge.

        Raises:
            InvalidValueError: *parts* is less than 1.

        Example:
            >>> from microcrm_core import Currency, Money
            >>> [part.minor for part in Money(1000, Currency.of("EUR")).split(3)]
            [334, 333, 333]
        """
        whole_number("parts", parts, at_least=1)
        share, left_over = divmod(abs(self.minor), parts)
        sign = -1 if self.minor < 0 else 1
        return tuple(
            Money(sign * (share + (index < left_over)), self.currency)
            for index in range(parts)
        )

    def allocate(self, weights: Sequence[int | Fraction]) -> tuple[Money, ...]:
        """Return shares in proportion to *weights* that add up to the amount.

        Each share is its exact part rounded down, and what is left over goes, unit by
        unit, to the shares that lost most; a tie goes to the first. So no share
        is a whole unit away from its exact part, a larger weight never gets less, and
        a weight of zero gets nothing. A negative amount is allocated like its
        opposite.

        Args:
            weights: Zero or more each, not all zero.

        Raises:
            InvalidValueError: There is no weight, one is negative or not exact, or all
                are zero.

        Source:
            The largest-remainder method (Hamilton's), as for seats in parliaments.

        Example:
            >>> from microcrm_core import Currency, Money
            >>> money = Money(5, Currency.of("EUR"))
            >>> [part.minor for part in money.allocate([1, 1, 0])]
            [3, 2, 0]
        """
        whole = _whole_weights(weights)
        total = sum(whole)
        shares: list[int] = []
        rests: list[int] = []
        for weight in whole:
            share, rest = divmod(abs(self.minor) * weight, total)
            shares.append(share)
            rests.append(rest)
        left_over = abs(self.minor) - sum(shares)
        by_loss = sorted(range(len(rests)), key=lambda index: (-rests[index], index))
        for index in by_loss[:left_over]:
            shares[index] += 1
        sign = -1 if self.minor < 0 else 1
        return tuple(Money(sign * share, self.currency) for share in shares)

    def to_plain(self) -> object:
        """Return what stands for it in canonical JSON.

        Example:
            >>> from microcrm_core import Currency, Money, canonical_json
            >>> canonical_json(Money(1050, Currency.of("EUR")))
            '{"currency":"EUR","minor":1050}'
        """
        return {"currency": self.currency.to_plain(), "minor": self.minor}

    def __add__(self, other: Money) -> Money:
        """Return the sum; both have one currency."""
        if not _is_money(other):
            return NotImplemented
        return Money(self.minor + self._minor_of(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Return the difference; both have one currency."""
        if not _is_money(other):
            return NotImplemented
        return Money(self.minor - self._minor_of(other), self.currency)

    def __mul__(self, count: int) -> Money:
        """Return the amount *count* times; for other factors there is `times`."""
        return Money(self.minor * whole_number("count", count), self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        """Return the opposite amount."""
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        """Return the amount without its sign."""
        return Money(abs(self.minor), self.currency)

    def __lt__(self, other: Money) -> bool:
        """Compare amounts of one currency."""
        if not _is_money(other):
            return NotImplemented
        return self.minor < self._minor_of(other)

    def __le__(self, other: Money) -> bool:
        """Compare amounts of one currency."""
        if not _is_money(other):
            return NotImplemented
        return self.minor <= self._minor_of(other)

    def __gt__(self, other: Money) -> bool:
        """Compare amounts of one currency."""
        if not _is_money(other):
            return NotImplemented
        return self.minor > self._minor_of(other)

    def __ge__(self, other: Money) -> bool:
        """Compare amounts of one currency."""
        if not _is_money(other):
            return NotImplemented
        return self.minor >= self._minor_of(other)

    def __bool__(self) -> NoReturn:
        """Refuse: zero and "not known" must not look alike."""
        raise InvalidValueError(
            "the truth of a Money",
            "must be asked for by name",
            str(self),
            hint="use is_zero, is_positive, is_negative or `is None`",
        )

    def __str__(self) -> str:
        """Return code and amount, such as EUR 12.34."""
        return f"{self.currency.code} {self.amount:f}"

    def __repr__(self) -> str:
        """Return minor units and code."""
        return f"Money({self.minor}, {self.currency.code})"

    def _minor_of(self, other: Money) -> int:
        _require_currency(self.currency, other)
        return other.minor


def sum_money(amounts: Iterable[Money], currency: Currency) -> Money:
    """Return the sum of *amounts*, which all have *currency*; zero if there is none.

    Raises:
        CurrencyMismatchError: An amount has another currency.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.money import sum_money
        >>> euro = Currency.of("EUR")
        >>> str(sum_money([Money(150, euro), Money(50, euro)], euro))
        'EUR 2.00'
        >>> sum_money([], euro).is_zero
        True
    """
    total = 0
    for amount in amounts:
        _require_currency(currency, amount)
        total += amount.minor
    return Money(total, currency)


def _is_money(value: object) -> bool:
    return isinstance(value, Money)


def _require_currency(currency: Currency, money: Money) -> None:
    if money.currency is not currency and money.currency != currency:
        raise CurrencyMismatchError(
            "currency", f"must be {currency.code}", money.currency.code
        )


def _whole_weights(weights: Sequence[int | Fraction]) -> list[int]:
    exact = [
        weight if isinstance(weight, Fraction) else Fraction(whole_number(name, weight))
        for name, weight in _named(weights)
    ]
    for name, weight in _named(exact):
        if weight < 0:
            raise InvalidValueError(name, "must not be negative", weight)
    if not exact:
        raise InvalidValueError("weights", "must not be empty", [])
    if not any(exact):
        raise InvalidValueError("weights", "must not be all zero", list(weights))
    scale = lcm(*(weight.denominator for weight in exact))
    return [int(weight * scale) for weight in exact]


def _named(
    weights: Sequence[int | Fraction],
) -> Iterable[tuple[str, int | Fraction]]:
    return ((f"weights[{i}]", weight) for i, weight in enumerate(weights))
