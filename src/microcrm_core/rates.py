"""Rates: three kinds, three types, all exact fractions a year.

A lender quotes 24 % a year, 2 % a month or 0.05 % a day. All are `Rate`s: the
nominal yearly rate, which says nothing about compounding. What a customer owes after
a year of compounding is an `EffectiveRate`; what a formula in continuous time needs
is a `ContinuousRate`. They are separate types, because taking one for the
other changes what a loan costs. The annual percentage rate of the law is a fourth
thing: it counts fees and is solved from a schedule, so it is not here.

Nothing is a percentage: 24 % is 0.24. A rate may be zero or negative, so that rates
can be subtracted; those who need a positive one check it.

Example:
    >>> from microcrm_core.rates import EffectiveRate, Rate
    >>> nominal = Rate.per_month("0.01")
    >>> nominal.annual
    Decimal('0.12')
    >>> effective = EffectiveRate.of_nominal(nominal, periods_per_year=12)
    >>> round(float(effective.annual_fraction), 6)
    0.126825
"""

from __future__ import annotations

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.checks import (
    ExactNumber,
    exact_fraction,
    fraction_field,
    kind_field,
    whole_number,
)
from microcrm_core.errors import InvalidValueError
from microcrm_core.rounding import Rounding, divide, round_fraction

__all__ = ["ContinuousRate", "EffectiveRate", "Rate"]

_PPM: Final = 1_000_000
_RATE_HINT: Final = 'use Rate.per_year("0.24") or Rate.of_percent("24")'
_PERIODS_MAX: Final = 366
_DIGITS_MAX: Final = 50
# A Decimal logarithm is right to one unit of its last digit; with so many digits
# more than are kept, only an exactly rational result could sit on a tie.
_GUARD_DIGITS: Final = 30
_SHOWN_BITS_MAX: Final = 200
_SHOWN_DIGITS: Final = 20


@attrs.frozen(order=True, repr=False)
class Rate:
    """A nominal yearly rate, as an exact fraction: 24 % a year is 6/25.

    A rate a month is a twelfth of it, a rate a day its 365th part (or the part of
    the basis that the caller names): nominal rates add up and never compound.

    Attributes:
        annual_fraction: The rate for a year; may be zero or negative.

    Raises:
        InvalidValueError: *annual_fraction* is no `Fraction`; use `per_year` and its
            like for text, decimals and whole numbers.

    Example:
        >>> from microcrm_core.rates import Rate
        >>> Rate.per_year("0.24") == Rate.per_month("0.02") == Rate.of_ppm(240_000)
        True
        >>> Rate.per_year("0.24") - Rate.per_year("0.015")
        Rate(0.225)
    """

    annual_fraction: Fraction = attrs.field(
        validator=kind_field(Fraction, hint=_RATE_HINT)
    )

    @classmethod
    def _hint_for(cls, value: object) -> str | None:
        # What `kind_field` says where another kind of rate is a mistake of its own.
        if isinstance(value, str):
            return f'use Rate.per_year("{value}")'
        is_rate = isinstance(value, EffectiveRate | ContinuousRate)
        return None if is_rate else _RATE_HINT

    @classmethod
    def per_year(cls, fraction: ExactNumber) -> Rate:
        """Return the rate of this fraction a year; 0.24 is 24 %.

        Raises:
            InvalidValueError: *fraction* is a float or other than an exact number.

        Example:
            >>> from microcrm_core.rates import Rate
            >>> Rate.per_year("0.24").annual_ppm
            240000
        """
        return cls(exact_fraction("fraction", fraction))

    @classmethod
    def per_month(cls, fraction: ExactNumber) -> Rate:
        """Return the rate of this fraction a month, twelve of which make a year.

        Raises:
            InvalidValueError: *fraction* is a float or other than an exact number.

        Example:
            >>> from microcrm_core.rates import Rate
            >>> Rate.per_month("0.02").annual
            Decimal('0.24')
        """
        return cls(exact_fraction("fraction", fraction) * 12)

    @classmethod
    def per_day(cls, fraction: ExactNumber, *, year_days: int) -> Rate:
        """Return the rate of this fraction a day.

        Args:
            fraction: 0.0005 is 0.05 % a day.
            year_days: Days that make a year in the contract: 365, 360 …

        Raises:
            InvalidValueError: *fraction* is a float or other than an exact number, or
                *year_days* is outside 1 to 366.

        Example:
            >>> from microcrm_core.rates import Rate
            >>> Rate.per_day("0.0005", year_days=365).annual
            Decimal('0.1825')
        """
        days = whole_number("year_days", year_days, at_least=1, at_most=_PERIODS_MAX)
        return cls(exact_fraction("fraction", fraction) * days)

    @classmethod
    def of_percent(cls, percent: ExactNumber) -> Rate:
        """Return the rate of this percentage a year; 24 is 24 %.

        Raises:
            InvalidValueError: *percent* is a float or other than an exact number.

        Example:
            >>> from microcrm_core.rates import Rate
            >>> Rate.of_percent("24.5").annual
            Decimal('0.245')
        """
        return cls(exact_fraction("percent", percent) / 100)

    @classmethod
    def of_ppm(cls, annual_ppm: int) -> Rate:
        """Return the rate of these parts per million a year, the form of columns.

        Raises:
            InvalidValueError: *annual_ppm* is no whole number.

        Example:
            >>> from microcrm_core.rates import Rate
            >>> Rate.of_ppm(240_000).annual
            Decimal('0.24')
        """
        return cls(Fraction(whole_number("annual_ppm", annual_ppm), _PPM))

    @property
    def annual(self) -> Decimal:
        """The rate for a year as a decimal.

        Raises:
            InvalidValueError: It has no finite decimal form, as 1/3 has none.
        """
        return _finite_decimal(self.annual_fraction)

    @property
    def annual_ppm(self) -> int:
        """The rate for a year in whole parts per million.

        Raises:
            InvalidValueError: It is not a whole number of them.
        """
        ppm = self.annual_fraction * _PPM
        if ppm.denominator != 1:
            raise InvalidValueError(
                "annual_fraction",
                "must be whole parts per million",
                _shown(self.annual_fraction),
                hint="use annual_fraction",
            )
        return ppm.numerator

    @property
    def monthly(self) -> Fraction:
        """The rate for a month: a twelfth of the yearly one."""
        return self.annual_fraction / 12

    def daily(self, *, year_days: int) -> Fraction:
        """Return the rate for a day of a year of *year_days* days.

        Raises:
            InvalidValueError: *year_days* is outside 1 to 366.

        Example:
            >>> from microcrm_core.rates import Rate
            >>> Rate.per_year("0.36").daily(year_days=360)
            Fraction(1, 1000)
        """
        days = whole_number("year_days", year_days, at_least=1, at_most=_PERIODS_MAX)
        return self.annual_fraction / days

    def __add__(self, other: Rate) -> Rate:
        """Return the sum of two nominal rates, as of a base and a margin."""
        if not _is_rate(other):
            return NotImplemented
        return Rate(self.annual_fraction + other.annual_fraction)

    def __sub__(self, other: Rate) -> Rate:
        """Return the difference of two nominal rates, as of a base and a discount."""
        if not _is_rate(other):
            return NotImplemented
        return Rate(self.annual_fraction - other.annual_fraction)

    def __neg__(self) -> Rate:
        """Return the opposite rate."""
        return Rate(-self.annual_fraction)

    def __str__(self) -> str:
        """Return the percentage a year, such as 24% a year."""
        return f"{_shown(self.annual_fraction * 100)}% a year"

    def __repr__(self) -> str:
        """Return the fraction a year."""
        return f"Rate({_shown(self.annual_fraction)})"


def _leaves_something(_instance: object, _attribute: object, value: Fraction) -> None:
    if value <= -1:
        raise InvalidValueError(
            "annual_fraction", "must be more than -1", _shown(value)
        )


@attrs.frozen(order=True, repr=False)
class EffectiveRate:
    """What one unit grows by in a year, compounding included.

    Attributes:
        annual_fraction: The growth in a year; more than -1.

    Raises:
        InvalidValueError: *annual_fraction* is no `Fraction` or -1 or less.

    Source:
        S. G. Kellison, The Theory of Interest, sections 1.4 and 1.8.

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.rates import EffectiveRate
        >>> EffectiveRate(Fraction("0.21")).annual
        Decimal('0.21')
    """

    annual_fraction: Fraction = attrs.field(
        validator=[fraction_field, _leaves_something]
    )

    @classmethod
    def of_nominal(cls, nominal: Rate, *, periods_per_year: int) -> EffectiveRate:
        """Return the effective rate of a nominal one that compounds so often.

        (1 + nominal / periods) ** periods - 1, exactly.

        Raises:
            InvalidValueError: *periods_per_year* is outside 1 to 366, or the rate of
                one period is -1 or less.

        Example:
            >>> from microcrm_core.rates import EffectiveRate, Rate
            >>> nominal = Rate.per_year("0.20")
            >>> EffectiveRate.of_nominal(nominal, periods_per_year=2).annual
            Decimal('0.21')
        """
        periods = _periods(periods_per_year)
        growth = 1 + nominal.annual_fraction / periods
        if growth <= 0:
            rule = "must be more than -1 for one period"
            raise InvalidValueError("nominal", rule, str(nominal))
        return cls(growth**periods - 1)

    @property
    def annual(self) -> Decimal:
        """The rate as a decimal.

        Raises:
            InvalidValueError: It has no finite decimal form.
        """
        return _finite_decimal(self.annual_fraction)

    def to_nominal(
        self, *, periods_per_year: int, digits: int, rounding: Rounding
    ) -> Rate:
        """Return the nominal rate that compounds to this one.

        periods * ((1 + effective) ** (1 / periods) - 1), which is rarely rational:
        rounded once, correctly, to *digits* digits after the point. A decimal
        root guesses and whole numbers decide.

        Raises:
            InvalidValueError: *periods_per_year* is outside 1 to 366 or *digits*
                outside 1 to 50.

        Example:
            >>> from fractions import Fraction
            >>> from microcrm_core.rates import EffectiveRate
            >>> from microcrm_core.rounding import Rounding
            >>> EffectiveRate(Fraction("0.21")).to_nominal(
            ...     periods_per_year=2, digits=6, rounding=Rounding.HALF_EVEN
            ... )
            Rate(0.2)
        """
        periods, unit = _periods(periods_per_year), 10 ** _digits(digits)
        growth = 1 + self.annual_fraction
        context = Context(prec=digits + _GUARD_DIGITS + _whole_digits(growth))
        exponent = context.divide(Decimal(1), Decimal(periods))
        root = context.power(_decimal(growth, context), exponent)
        steps = round_fraction((Fraction(root) - 1) * periods * unit, Rounding.FLOOR)

        def grown(nominal_steps: Fraction | int) -> Fraction:
            root_of_it = 1 + Fraction(nominal_steps) / (periods * unit)
            return Fraction(root_of_it**periods)

        # The guess is off by far less than a step, so its floor by one at most.
        if grown(steps) > growth:
            steps -= 1
        elif grown(steps + 1) <= growth:
            steps += 1
        # Quarters of a step stand for: exact, below the middle, the middle, above.
        middle = grown(steps + Fraction(1, 2))
        quarters = 2 + (growth > middle) - (growth < middle)
        if grown(steps) == growth:
            quarters = 0
        return Rate(Fraction(divide(4 * steps + quarters, 4, rounding), unit))

    def __repr__(self) -> str:
        """Return the fraction a year."""
        return f"EffectiveRate({_shown(self.annual_fraction)})"


@attrs.frozen(order=True, repr=False)
class ContinuousRate:
    """The force of interest: the yearly rate of compounding at every moment.

    Attributes:
        annual_fraction: The rate; one unit becomes exp(annual_fraction) in a year.

    Raises:
        InvalidValueError: *annual_fraction* is no `Fraction`.

    Source:
        S. G. Kellison, The Theory of Interest, section 1.9: delta = ln(1 + i).

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.rates import ContinuousRate
        >>> ContinuousRate(Fraction("0.05")).annual
        Decimal('0.05')
    """

    annual_fraction: Fraction = attrs.field(validator=fraction_field)

    @classmethod
    def of_effective(
        cls, effective: EffectiveRate, *, digits: int, rounding: Rounding
    ) -> ContinuousRate:
        """Return the continuous rate that grows to *effective* in a year.

        ln(1 + effective), rounded once to *digits* digits after the point, from a
        decimal with 30 digits more.

        Raises:
            InvalidValueError: *digits* is outside 1 to 50.

        Example:
            >>> from fractions import Fraction
            >>> from microcrm_core.rates import ContinuousRate, EffectiveRate
            >>> from microcrm_core.rounding import Rounding
            >>> ContinuousRate.of_effective(
            ...     EffectiveRate(Fraction("0.12")),
            ...     digits=4,
            ...     rounding=Rounding.HALF_EVEN,
            ... )
            ContinuousRate(0.1133)
        """
        unit = 10 ** _digits(digits)
        growth = 1 + effective.annual_fraction
        context = Context(prec=digits + _GUARD_DIGITS + _whole_digits(growth))
        force = Fraction(context.ln(_decimal(growth, context)))
        return cls(Fraction(round_fraction(force * unit, rounding), unit))

    @property
    def annual(self) -> Decimal:
        """The rate as a decimal.

        Raises:
            InvalidValueError: It has no finite decimal form.
        """
        return _finite_decimal(self.annual_fraction)

    def to_effective(self, *, digits: int, rounding: Rounding) -> EffectiveRate:
        """Return the effective rate of this continuous one.

        exp(continuous) - 1, rounded once to *digits* digits after the point, from a
        decimal with 30 digits more.

        Raises:
            InvalidValueError: *digits* is outside 1 to 50, or the rate is so
                extreme that the result would not be a number above -1.

        Example:
            >>> from fractions import Fraction
            >>> from microcrm_core.rates import ContinuousRate
            >>> from microcrm_core.rounding import Rounding
            >>> ContinuousRate(Fraction("0.05")).to_effective(
            ...     digits=6, rounding=Rounding.HALF_EVEN
            ... )
            EffectiveRate(0.051271)
        """
        unit = 10 ** _digits(digits)
        if abs(self.annual_fraction) > 100:
            rule = "must lie within -100 and 100 to be converted"
            raise InvalidValueError(
                "annual_fraction", rule, _shown(self.annual_fraction)
            )
        # exp(100) has 44 digits before the point.
        context = Context(prec=digits + _GUARD_DIGITS + 44)
        growth = Fraction(context.exp(_decimal(self.annual_fraction, context)))
        steps = round_fraction((growth - 1) * unit, rounding)
        return EffectiveRate(Fraction(steps, unit))

    def __repr__(self) -> str:
        """Return the fraction a year."""
        return f"ContinuousRate({_shown(self.annual_fraction)})"


def _is_rate(value: object) -> bool:
    return isinstance(value, Rate)


def _periods(periods_per_year: int) -> int:
    return whole_number(
        "periods_per_year", periods_per_year, at_least=1, at_most=_PERIODS_MAX
    )


def _digits(digits: int) -> int:
    return whole_number("digits", digits, at_least=1, at_most=_DIGITS_MAX)


def _whole_digits(value: Fraction) -> int:
    # Three bits are less than a digit, so this is enough.
    return int(value).bit_length() // 3 + 1


def _decimal(value: Fraction, context: Context) -> Decimal:
    return context.divide(Decimal(value.numerator), Decimal(value.denominator))


def _finite_digits(value: Fraction) -> int | None:
    # A fraction ends in decimal form when its denominator has no prime but 2 and 5.
    rest, counts = value.denominator, [0, 0]
    for index, prime in enumerate((2, 5)):
        while rest % prime == 0:
            rest //= prime
            counts[index] += 1
    return max(counts) if rest == 1 else None


def _finite_decimal(value: Fraction) -> Decimal:
    digits = _finite_digits(value)
    if digits is None:
        raise InvalidValueError(
            "annual_fraction",
            "must have a finite decimal form",
            _shown(value),
            hint="use annual_fraction",
        )
    # Decimal operators would round to the caller's context.
    exact = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX)
    return exact.scaleb(Decimal(int(value * 10**digits)), -digits)


def _shown(value: Fraction) -> str:
    if value.denominator.bit_length() > _SHOWN_BITS_MAX:
        # The exact digits of a daily compounded rate would fill a page.
        unit = 10**_SHOWN_DIGITS
        return f"{_finite_decimal(Fraction(int(value * unit), unit)):f}..."
    if _finite_digits(value) is None:
        return str(value)
    return f"{_finite_decimal(value):f}"
