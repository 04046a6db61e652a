"""Interest of the whole term on one balance, rounded once, for many loans.

Flat interest, and that of a loan which is paid back at once, is not counted period by
period. Twin of that part of `exact_rows`.

Example:
    >>> import numpy as np
    >>> from microcrm_core.loans.lines_batch import InterestLines, Scratch
    >>> from microcrm_core.loans.whole_term_batch import whole_term_interest
    >>> from microcrm_core.rounding import Rounding
    >>> interest = InterestLines(
    ...     weights=[np.array([120_000 * 30])] * 3,
    ...     unit=360_000_000,
    ...     rounding=Rounding.HALF_EVEN,
    ...     scratch=Scratch.of_size(1),
    ... )
    >>> whole, is_fitting = whole_term_interest(interest, np.array([100_000]))
    >>> whole.tolist(), is_fitting.tolist()
    ([3000], [True])
"""

from __future__ import annotations

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s
from microcrm_core.loans.lines_batch import LIMIT, InterestLines

__all__ = ["whole_term_interest"]


def whole_term_interest(
    interest: InterestLines, balance_minor: Int64s
) -> tuple[Int64s, Bools]:
    """Return the interest of all periods on one balance, and where it fits.

    Args:
        interest: Interest of each period.
        balance_minor: What bears interest; shape (loans,), as the results.

    Example:
        See `microcrm_core.loans.whole_term_batch`.
    """
    first, *later = interest.weights
    total = np.zeros_like(first)
    for line in later:
        total = total + line
    unit = None
    is_fitting = np.ones(balance_minor.size, np.bool_)
    if interest.first_unit is not None:
        # The first period counts in parts of the others' unit.
        parts = interest.first_unit // interest.unit
        is_fitting = total <= (LIMIT // 4) // parts
        total = np.where(is_fitting, total, 0) * parts
        unit = interest.first_unit
    total = total + first
    # How often a weight may be counted: no sum of so many leaves int64.
    is_fitting &= total >= 0
    whole = attrs.evolve(interest, weights=[total], largest=total, first_unit=unit)
    is_fitting &= balance_minor <= whole.limit_minor()
    result = np.zeros_like(balance_minor)
    whole.write(np.where(is_fitting, balance_minor, 0), 0, out=result)
    return result, is_fitting
