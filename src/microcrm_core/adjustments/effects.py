"""What a moved due day changes: what to expect before, and what a pilot found after.

Before, the months of one customer are compared in pairs: the current day and the day
that the other months pick, in the same month. Where both fell short, or neither, the
move changes nothing; what counts are months in which only one did.

After, a lender compares customers who were moved with customers who were not. Only
where chance decided who is moved is the difference the effect of the move.

Example:
    >>> from microcrm_core.adjustments import OutcomeCounts, compare_outcomes
    >>> effect = compare_outcomes(
    ...     OutcomeCounts(count=400, shortfall_count=20),
    ...     OutcomeCounts(count=400, shortfall_count=36),
    ... )
    >>> effect.change_ppm, effect.is_within_noise
    (-40000, False)
"""

from __future__ import annotations

from math import comb, isqrt
from typing import Final

import attrs

from microcrm_core.checks import whole_number, whole_number_field
from microcrm_core.rounding import Rounding, divide

__all__ = [
    "Z_95_PPM",
    "OutcomeCounts",
    "OutcomeEffect",
    "compare_outcomes",
    "gain_needed",
    "paired_interval_ppm",
    "wilson_bounds_ppm",
]

Z_95_PPM: Final = 1_959_964
"""The normal quantile of intervals that hold 95 %, in parts per million."""

_PPM: Final = 1_000_000
_COUNT_MAX: Final = 2**40


@attrs.frozen(kw_only=True)
class OutcomeCounts:
    """How often something was due in a group, and how often money was short.

    Attributes:
        count: Due installments (or customers); 1 or more.
        shortfall_count: Those that fell short, were missed or were late: whatever
            the lender counts, alike in both groups.

    Raises:
        InvalidValueError: A count is out of its bounds.

    Example:
        >>> from microcrm_core.adjustments import OutcomeCounts
        >>> OutcomeCounts(count=400, shortfall_count=36).share_ppm
        90000
    """

    count: int = attrs.field(
        validator=whole_number_field(at_least=1, at_most=_COUNT_MAX)
    )
    shortfall_count: int

    def __attrs_post_init__(self) -> None:
        """Refuse more shortfalls than there were chances."""
        whole_number(
            "shortfall_count", self.shortfall_count, at_least=0, at_most=self.count
        )

    @property
    def share_ppm(self) -> int:
        """Share that fell short, rounded half even."""
        return divide(self.shortfall_count * _PPM, self.count, Rounding.HALF_EVEN)


@attrs.frozen(kw_only=True)
class OutcomeEffect:
    """How the shortfalls of the moved differ from those of the control.

    Attributes:
        moved: Counts of those who were moved.
        control: Counts of those who were not.
        change_ppm: Share of the moved less that of the control, in parts per million;
            below zero is better. Rounded half even once.
        change_low_ppm: Lower bound of the 95 % interval, rounded down.
        change_high_ppm: Upper bound, rounded up.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments import OutcomeEffect
        >>> attrs.fields(OutcomeEffect)[2].name
        'change_ppm'
    """

    moved: OutcomeCounts
    control: OutcomeCounts
    change_ppm: int
    change_low_ppm: int
    change_high_ppm: int

    @property
    def is_within_noise(self) -> bool:
        """Whether the interval holds zero: the data do not tell the groups apart."""
        return self.change_low_ppm <= 0 <= self.change_high_ppm


def compare_outcomes(moved: OutcomeCounts, control: OutcomeCounts) -> OutcomeEffect:
    """Return the difference of the shortfalls of two groups, with its interval.

    The interval puts together the Wilson intervals of both shares. It holds 95 %, is
    sound for small groups and shares near zero, and takes the rows of a group as
    independent: count each customer once, or the interval is too narrow.

    Args:
        moved: Those whose due day was moved.
        control: Those whose day stayed, chosen by chance among the same customers.

    Source:
        R. G. Newcombe, Interval estimation for the difference between independent
        proportions, Statistics in Medicine 17 (1998) 873-890, method 10.

    Example:
        >>> from microcrm_core.adjustments import OutcomeCounts, compare_outcomes
        >>> effect = compare_outcomes(
        ...     OutcomeCounts(count=70, shortfall_count=56),
        ...     OutcomeCounts(count=80, shortfall_count=48),
        ... )
        >>> effect.change_low_ppm, effect.change_high_ppm
        (52430, 333874)
    """
    share, other = moved.share_ppm, control.share_ppm
    low, high = wilson_bounds_ppm(moved.shortfall_count, moved.count)
    other_low, other_high = wilson_bounds_ppm(control.shortfall_count, control.count)
    difference = (
        moved.shortfall_count * control.count - control.shortfall_count * moved.count
    )
    change = divide(difference * _PPM, moved.count * control.count, Rounding.HALF_EVEN)
    below = _root_up((share - low) ** 2 + (other_high - other) ** 2)
    above = _root_up((high - share) ** 2 + (other - other_low) ** 2)
    return OutcomeEffect(
        moved=moved,
        control=control,
        change_ppm=change,
        change_low_ppm=max(change - below, -_PPM),
        change_high_ppm=min(change + above, _PPM),
    )


def wilson_bounds_ppm(
    hit_count: int, count: int, *, z_ppm: int = Z_95_PPM
) -> tuple[int, int]:
    """Return the Wilson interval of a share, rounded outward, in parts per million.

    Raises:
        InvalidValueError: A count is out of its bounds.

    Source:
        E. B. Wilson, Journal of the American Statistical Association 22 (1927)
        209-212, formula without continuity correction.

    Example:
        >>> from microcrm_core.adjustments.effects import wilson_bounds_ppm
        >>> wilson_bounds_ppm(81, 263)
        (255288, 366210)
    """
    whole_number("count", count, at_least=1, at_most=_COUNT_MAX)
    whole_number("hit_count", hit_count, at_least=0, at_most=count)
    z_square = z_ppm * z_ppm  # in units of 1 / ppm²
    unit = _PPM * _PPM
    # Twice the center and the root of the formula, times (count * unit + z²).
    center = 2 * hit_count * unit + z_square
    inside = z_square * (z_square * count + 4 * hit_count * (count - hit_count) * unit)
    root = _root_up(-(-inside // count))
    whole = 2 * (count * unit + z_square)
    low = max(0, (center - root) * _PPM // whole)
    high = min(_PPM, -(-(center + root) * _PPM // whole))
    return low, high


def paired_interval_ppm(
    avoided_count: int, caused_count: int, months: int
) -> tuple[int, int]:
    """Return the 95 % interval of the change of shortfalls, over the same months.

    Below zero is better. In parts per million of the months, rounded outward.

    Args:
        avoided_count: Months that fell short on the current day alone.
        caused_count: Months that fell short on the other day alone.
        months: All months, also those in which both or neither did.

    Raises:
        InvalidValueError: A count is out of its bounds.

    Source:
        D. G. Bonett and R. M. Price, Adjusted Wald confidence interval for a
        difference of binomial proportions based on paired data, Journal of
        Educational and Behavioral Statistics 37 (2012) 479-488.

    Example:
        >>> from microcrm_core.adjustments.effects import paired_interval_ppm
        >>> paired_interval_ppm(4, 0, 12)
        (-594255, 22826)
    """
    whole_number("months", months, at_least=1)
    whole_number("avoided_count", avoided_count, at_least=0, at_most=months)
    rest = months - avoided_count
    whole_number("caused_count", caused_count, at_least=0, at_most=rest)
    # One month is added to each of the two counts, and so two to all of them.
    count = months + 2
    change = caused_count - avoided_count
    spread = (avoided_count + caused_count + 2) * count - change * change
    half = _root_up(-(-Z_95_PPM * Z_95_PPM * spread // count**3))
    low = change * _PPM // count - half
    high = -(-change * _PPM // count) + half
    return max(low, -_PPM), min(high, _PPM)


def gain_needed(caused_count: int, noise_max_ppm: int | None) -> int:
    """Return how many more shortfalls must be avoided than caused not to be chance.

    If a move changed nothing, each month in which only one of the two days falls short
    would be as likely the one as the other. The smallest gain is asked for which chance
    reaches in at most *noise_max_ppm* of all cases.

    Args:
        caused_count: Months that fell short on the new day alone.
        noise_max_ppm: 1 to 1,000,000; None: nothing is needed.

    Returns:
        Avoided less caused; 0 where nothing is needed.

    Raises:
        InvalidValueError: An argument is out of its bounds.

    Source:
        Q. McNemar, Psychometrika 12 (1947) 153-157; the exact one-sided test.

    Example:
        >>> from microcrm_core.adjustments.effects import gain_needed
        >>> gain_needed(0, 125_000), gain_needed(1, 125_000)
        (3, 4)
    """
    whole_number("caused_count", caused_count, at_least=0)
    if noise_max_ppm is None:
        return 0
    whole_number("noise_max_ppm", noise_max_ppm, at_least=1, at_most=_PPM)
    avoided = caused_count
    while not _is_beyond_chance(avoided, caused_count, noise_max_ppm):
        avoided += 1
    return avoided - caused_count


def _is_beyond_chance(avoided: int, caused: int, noise_max_ppm: int) -> bool:
    count = avoided + caused
    ways = sum(comb(count, hits) for hits in range(avoided, count + 1))
    return ways * _PPM <= noise_max_ppm << count


def _root_up(square: int) -> int:
    """Return the smallest whole number whose square is not below *square*."""
    root = isqrt(square)
    return root + (root * root < square)
