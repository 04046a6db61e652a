"""Gains and intervals for many customers at once: the twin of `effects`.

Example:
    >>> import numpy as np
    >>> from microcrm_core.adjustments.effects_batch import gains_needed
    >>> gains_needed(np.array([0, 1, 0]), 125_000).tolist()
    [3, 4, 3]
"""

from __future__ import annotations

from typing import Final

import numpy as np

from microcrm_core.adjustments.effects import Z_95_PPM, gain_needed
from microcrm_core.batch import Int64s, divide_rows
from microcrm_core.rounding import Rounding

__all__ = ["gains_needed", "paired_intervals_ppm"]

_PPM: Final = 1_000_000


def gains_needed(caused_count: Int64s, noise_max_ppm: int | None) -> Int64s:
    """Return the gain that is not chance, on each row; twin of `gain_needed`.

    Args:
        caused_count: Months that fell short on the new day alone; zero or more.
        noise_max_ppm: 1 to 1,000,000; None: nothing is needed.

    Shapes:
        (rows,).

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments.effects_batch import gains_needed
        >>> gains_needed(np.array([2]), None).tolist()
        [0]
    """
    # There are no more different counts than months.
    counts, position = np.unique(caused_count, return_inverse=True)
    needed = [gain_needed(int(count), noise_max_ppm) for count in counts]
    return np.array(needed, np.int64)[position.reshape(caused_count.shape)]


def paired_intervals_ppm(
    avoided_count: Int64s, caused_count: Int64s, months: Int64s
) -> tuple[Int64s, Int64s]:
    """Return the bounds of the change of shortfalls; twin of `paired_interval_ppm`.

    Args:
        avoided_count: Months that fell short on the current day alone.
        caused_count: Months that fell short on the other day alone.
        months: All months; 1 to 1,200.

    Shapes:
        (rows,), each of them.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments.effects_batch import paired_intervals_ppm
        >>> one = [np.array([count]) for count in (4, 0, 12)]
        >>> low, high = paired_intervals_ppm(*one)
        >>> low.tolist(), high.tolist()
        ([-594255], [22826])
    """
    count = months + 2
    change = caused_count - avoided_count
    spread = (avoided_count + caused_count + 2) * count - change * change
    # At most 1202² × z², which int64 holds.
    square = divide_rows(Z_95_PPM * Z_95_PPM * spread, count**3, Rounding.CEILING)
    half = _roots_up(square)
    low = divide_rows(change * _PPM, count, Rounding.FLOOR) - half
    high = divide_rows(change * _PPM, count, Rounding.CEILING) + half
    return np.maximum(low, -_PPM), np.minimum(high, _PPM)


def _roots_up(square: Int64s) -> Int64s:
    # Below 2**52 a float root is off by less than one, so its neighbors decide.
    root = np.ceil(np.sqrt(square.astype(np.float64))).astype(np.int64)
    root -= (root > 0) & ((root - 1) ** 2 >= square)
    return root + (root * root < square)
