"""The smallest amount that is enough, for many loans at once.

For each loan, amounts from some one on are enough: a level installment that leaves
nothing over, say. A guess says where to look first; whole steps away from it, and
then halving, find the amount. Users call `batch.build_schedules`.

Example:
    >>> import numpy as np
    >>> from microcrm_core.loans.search_batch import smallest_enough
    >>> found = smallest_enough(
    ...     lambda rows, amount: amount * amount >= np.array([50, 100])[rows],
    ...     low=np.array([-1, -1]),
    ...     high=np.array([50, 100]),
    ...     guess=np.array([3, 11]),
    ... )
    >>> found.tolist()
    [8, 10]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from microcrm_core.batch import Bools, Int64s

__all__ = ["Trial", "smallest_enough"]

Trial: TypeAlias = Callable[[Int64s, Int64s], Bools]
"""Says of some rows whether their amounts are enough."""

# A range of int64 is halved at most 63 times; galloping takes as many turns again.
_TURNS_MAX: Final = 140
_STEP_MAX: Final = 2**60


def smallest_enough(
    is_enough: Trial, *, low: Int64s, high: Int64s, guess: Int64s
) -> Int64s:
    """Return the smallest amounts that are enough.

    Args:
        is_enough: Asked with positions and an amount for each of them.
        low: Amounts that are too small.
        high: Amounts that are enough.
        guess: Where to look first.

    Shapes:
        All arrays are (rows,), which is the shape of the result.

    Example:
        See `microcrm_core.loans.search_batch`.
    """
    low, high = low.copy(), high.copy()
    probe = guess.copy()
    step = 1
    for _ in range(_TURNS_MAX):
        rows = np.flatnonzero(high - low > 1)
        if rows.size == 0:
            return high
        # Where the walk has left the range, halve what is left of it.
        is_inside = (probe > low) & (probe < high)
        probe = np.where(is_inside, probe, low + (high - low) // 2)
        is_down = is_enough(rows, probe[rows])
        up, down = rows[~is_down], rows[is_down]
        high[down], low[up] = probe[down], probe[up]
        # Walk away from the guess in growing steps.
        probe[down], probe[up] = high[down] - step, low[up] + step
        step = min(2 * step, _STEP_MAX)
    raise AssertionError("halving ends")
