"""The numbers of Apache Fineract: decimals that keep so many significant digits.

That engine computes in decimals and rounds after every multiplication and division to
19 significant digits. Amounts are rounded to whole minor units each time that one is
made. A schedule that is to agree with it to the cent must lose the same digits
in the same places, so the digits and the direction are one value here and every step
of `fineract_progressive` and `fineract_cumulative` goes through it.

Quirks that are kept on purpose:

- Each multiplication and each division rounds; addition does not.
- A rate factor is rounded a second time, to as many *decimal places* as the numbers
  have significant digits.
- Money divided by a number is rounded twice, to the digits and then to minor units.

Because significant digits do not depend on the unit, an amount in minor units loses
the same digits as the amount in whole units that the engine holds.

Example:
    >>> from decimal import Decimal
    >>> from microcrm_core.loans.fineract_numbers import FINERACT_NUMBERS
    >>> FINERACT_NUMBERS.digits
    19
    >>> str(FINERACT_NUMBERS.divide(Decimal(2), Decimal(3)))
    '0.6666666666666666667'
"""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.checks import kind_field, whole_number_field
from microcrm_core.rounding import Rounding

__all__ = ["FINERACT_NUMBERS", "ONE", "ZERO", "FineractNumbers"]

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)

_DIGITS_MAX: Final = 50
# Sums of amounts and factors must be exact, whatever their sizes are.
_WIDE_DIGITS: Final = 400
_DECIMAL_ROUNDING: Final = {
    Rounding.HALF_EVEN: decimal.ROUND_HALF_EVEN,
    Rounding.HALF_UP: decimal.ROUND_HALF_UP,
    Rounding.HALF_DOWN: decimal.ROUND_HALF_DOWN,
    Rounding.UP: decimal.ROUND_UP,
    Rounding.DOWN: decimal.ROUND_DOWN,
    Rounding.CEILING: decimal.ROUND_CEILING,
    Rounding.FLOOR: decimal.ROUND_FLOOR,
}


@attrs.frozen
class FineractNumbers:
    """How many digits a computation keeps, and which way it rounds.

    Attributes:
        digits: Significant digits of every product and quotient, and decimal places
            of a rate factor.
        rounding: Direction of every rounding, that of amounts included.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from decimal import Decimal
        >>> from microcrm_core.loans.fineract_numbers import FineractNumbers
        >>> numbers = FineractNumbers(digits=4)
        >>> numbers.minor(Decimal("2.5")), str(numbers.factor(Decimal("0.012345")))
        (2, '0.0123')
    """

    digits: int = attrs.field(
        default=19, validator=whole_number_field(at_least=1, at_most=_DIGITS_MAX)
    )
    rounding: Rounding = attrs.field(
        default=Rounding.HALF_EVEN, validator=kind_field(Rounding)
    )
    _narrow: decimal.Context = attrs.field(init=False, repr=False, eq=False)
    _wide: decimal.Context = attrs.field(init=False, repr=False, eq=False)
    _place: Decimal = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        """Make the contexts, so that no computation reads the one of its thread."""
        mode = _DECIMAL_ROUNDING[self.rounding]
        set_once = object.__setattr__
        set_once(self, "_narrow", decimal.Context(prec=self.digits, rounding=mode))
        set_once(self, "_wide", decimal.Context(prec=_WIDE_DIGITS, rounding=mode))
        set_once(self, "_place", Decimal((0, (1,), -self.digits)))

    def multiply(self, left: Decimal, right: Decimal) -> Decimal:
        """Return the product, rounded to the digits."""
        return self._narrow.multiply(left, right)

    def divide(self, left: Decimal, right: Decimal) -> Decimal:
        """Return the quotient, rounded to the digits."""
        return self._narrow.divide(left, right)

    def add(self, left: Decimal, right: Decimal) -> Decimal:
        """Return the exact sum."""
        return self._wide.add(left, right)

    def add_rounded(self, left: Decimal, right: Decimal) -> Decimal:
        """Return the sum, rounded to the digits."""
        return self._narrow.add(left, right)

    def factor(self, value: Decimal) -> Decimal:
        """Return *value* with as many decimal places as the numbers have digits."""
        return self._wide.quantize(value, self._place)

    def minor(self, value: Decimal) -> int:
        """Return *value* rounded to whole minor units."""
        return int(self._wide.to_integral_value(value))

    def of_fraction(self, value: Fraction) -> Decimal:
        """Return *value* as a decimal, rounded to the digits."""
        return self._narrow.divide(Decimal(value.numerator), Decimal(value.denominator))

    def share_minor(self, amount_minor: int, share: Fraction) -> int:
        """Return a share of an amount, as a percentage of it is taken."""
        product = Decimal(amount_minor * share.numerator)
        return self.minor(self._narrow.divide(product, Decimal(share.denominator)))

    def divided_minor(self, amount_minor: int, divisor: int) -> int:
        """Return an amount divided by a number: to the digits, then to minor units."""
        return self.minor(self._narrow.divide(Decimal(amount_minor), Decimal(divisor)))


FINERACT_NUMBERS: Final = FineractNumbers()
"""19 digits, half even: what that engine is delivered with."""
