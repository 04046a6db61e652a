"""The size of installments against the others, as whole numbers, for many loans.

Weights are the same for all loans of a plan, but those of the seasons, which depend on
the month that an installment is due in. Twin of `asked.row_weights`.

Example:
    >>> import numpy as np
    >>> from microcrm_core.loans import Graduated
    >>> from microcrm_core.loans.row_weights_batch import RowWeights
    >>> yearly = Graduated.of(step_share="0.05", step_count=12)
    >>> weights = RowWeights.of(yearly, 24, None)
    >>> weights.numerators[23], weights.denominators[23]
    (21, 20)
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from typing import Final, Self

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s, divide_rows
from microcrm_core.loans.lines_batch import LIMIT
from microcrm_core.loans.methods import (
    Graduated,
    Seasonal,
    Weighted,
)
from microcrm_core.loans.month_grid_batch import DayTable
from microcrm_core.rounding import Rounding

__all__ = ["WEIGHT_MAX", "RowWeights", "fine_weight"]

WEIGHT_MAX: Final = 2**31
"""No numerator or denominator of a weight in columns is larger."""


def fine_weight(method: object, count: int) -> Fraction | None:
    """Return the first weight that is too fine for columns; None: there is none.

    That is one whose numerator or denominator is above `WEIGHT_MAX`.

    Example:
        >>> from microcrm_core.loans import EqualInstallments
        >>> from microcrm_core.loans.row_weights_batch import fine_weight
        >>> fine_weight(EqualInstallments(), 12) is None
        True
    """
    for weight in _fractions(method, count):
        if max(weight.numerator, weight.denominator) > WEIGHT_MAX:
            return weight
    return None


def _fractions(method: object, count: int) -> Sequence[Fraction]:
    if isinstance(method, Graduated):
        return method.weights(count)
    if isinstance(method, Weighted):
        return method.weights
    if isinstance(method, Seasonal):
        unit = lcm(*(weight.denominator for weight in method.month_weights))
        return [*method.month_weights, Fraction(1, unit)]
    return ()


@attrs.frozen(kw_only=True, eq=False)
class RowWeights:
    """A weight for each installment, as numerator and denominator.

    Attributes:
        numerators: One for each installment: a number, or a line of one a loan.
        denominators: One for each installment.
        numerator_max: The largest numerator.

    Example:
        See `microcrm_core.loans.row_weights_batch`.
    """

    numerators: Sequence[int | Int64s]
    denominators: Sequence[int]
    numerator_max: int

    @classmethod
    def of(cls, method: object, count: int, series_day: Int64s | None) -> Self:
        """Return the weights of a method; one without any has equal ones.

        Args:
            method: How principal and interest are spread.
            count: Number of installments.
            series_day: Due days before they are moved, (installments, loans); only
                weights of the seasons need them.
        """
        if isinstance(method, Seasonal):
            assert series_day is not None  # the caller knows that they are needed
            return cls._seasonal(method, series_day)
        weights = _fractions(method, count) or (Fraction(1),) * count
        # Rows of a plan of another length are refused, but computed all the same.
        weights = (*weights, *([Fraction(1)] * max(count - len(weights), 0)))[:count]
        numerators = [weight.numerator for weight in weights]
        return cls(
            numerators=numerators,
            denominators=[weight.denominator for weight in weights],
            numerator_max=max(numerators),
        )

    @classmethod
    def _seasonal(cls, method: Seasonal, series_day: Int64s) -> Self:
        unit = lcm(*(weight.denominator for weight in method.month_weights))
        whole = [int(weight * unit) for weight in method.month_weights]
        table = DayTable.covering(series_day)
        found = DayTable.of(series_day) if table is None else table.look_up(series_day)
        # Months count from January 1970.
        lines = np.array(whole, np.int64)[found.month % len(whole)]
        return cls(
            numerators=list(lines),
            denominators=[unit] * len(lines),
            numerator_max=max(whole),
        )

    def take(self, rows: Int64s) -> RowWeights:
        """Return the weights of these loans alone."""
        return attrs.evolve(
            self,
            numerators=[
                one if isinstance(one, int) else one[rows] for one in self.numerators
            ],
        )

    def is_zero(self, number: int) -> Bools | bool:
        """Return whether a row has no weight: for all loans, or for each."""
        return self.numerators[number] == 0

    def amount(
        self, number: int, level: Int64s, multiple: int, rounding: Rounding
    ) -> Int64s:
        """Return what a row pays at a level, a multiple of *multiple*.

        Args:
            number: Position of the row, from 0.
            level: The level amount in multiples; its product with the largest
                numerator and the multiple stays in int64.
            multiple: Amounts are multiples of so many minor units.
            rounding: Where amounts between two multiples go.
        """
        numerator, denominator = self.numerators[number], self.denominators[number]
        if isinstance(numerator, int) and numerator == denominator:
            return level * multiple
        product = level * numerator * multiple
        return divide_rows(product, denominator * multiple, rounding) * multiple

    def level_max(self, multiple: int) -> int:
        """Return the largest level, in multiples, that products allow."""
        return LIMIT // (4 * max(self.numerator_max, 1) * multiple)
