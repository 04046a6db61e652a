"""Roots of the equation of a credit: where what is received equals what is paid.

The rate solves an equation of floats: the discounted amounts to the borrower equal
those from the borrower. `solve_rate` prepares it and `rates_batch` solves many at once;
both share what is here, so that they find the same roots.

The unknown is *y*, the logarithm of the growth over one period: the rate of a period
is exp(y) - 1. If the borrower first receives and then pays, the ratio of both sides
rises with *y* at all times, so there is at most one root, and Newton's method finds it
inside a bracket that is halved when a step leaves it. Otherwise every root is isolated
first: each discounted amount is monotone in *y*, which bounds the equation and its
slope over an interval; an interval is dropped if the bounds exclude zero, solved if the
slope keeps its sign, and halved if neither.

Example:
    >>> from math import expm1
    >>> from microcrm_core.loans.rate_roots import Equation, find_roots
    >>> equation = Equation(
    ...     amounts=(1.0, -0.6, -0.6), wholes=(0.0, 1.0, 2.0), odds=(0.0, 0.0, 0.0)
    ... )
    >>> [round(expm1(root), 7) for root in find_roots(equation).roots]
    [0.1306624]
"""

from __future__ import annotations

from itertools import pairwise
from math import exp, expm1, inf, log, log1p
from typing import Final, TypeAlias

import attrs

from microcrm_core.errors import ConvergenceError

__all__ = [
    "GROWTH_LOG_MAX",
    "GROWTH_LOG_MIN",
    "SIMPLE_RATE_MAX",
    "Equation",
    "Roots",
    "find_roots",
    "find_simple_rate",
    "sign_changes",
    "simple_balance",
]

# A rate at a bound lies within a millionth of it, so that the last digit of a float
# never decides whether it is found.
_SLACK: Final = 1e-6
GROWTH_LOG_MIN: Final = log(1e-6 * (1 - _SLACK))
"""Least *y* that is searched: a rate of -99.9999 %, and a little less."""
GROWTH_LOG_MAX: Final = log(1e300 * (1 + _SLACK))
"""Largest *y* that is searched: growth of 1e300, and a little more."""
SIMPLE_RATE_MAX: Final = 1e100 * (1 + _SLACK)
"""Largest simple rate that is searched, a little above 1e100."""

_STEPS_MAX: Final = 400
# Newton's steps come in long before; what still turns in a circle then is halved.
_NEWTON_STEPS_MAX: Final = 60
_INTERVALS_MAX: Final = 100_000
# Two roots closer than this cannot be told apart.
_WIDTH_MIN: Final = 1e-8
# What is less, as a share of all amounts, may be zero.
_TOUCH_SHARE: Final = 1e-13
# Rounding leaves so much of the logarithm of a ratio of sums.
_NOISE: Final = 2e-15
_STEP_SHARE_MIN: Final = 1e-15


@attrs.frozen(kw_only=True)
class Equation:
    """The equation of one credit: the discounted amounts add up to zero.

    An amount is discounted by exp(y * whole) * (1 + odd * (exp(y) - 1)).

    Attributes:
        amounts: Above zero to the borrower, below zero from the borrower, in order of
            time, one for each different time, scaled so that none is large.
        wholes: Full periods.
        odds: Parts of a period at simple interest, from 0 up to 1; all zero where odd
            times compound, as they are in `wholes` then.

    Example:
        >>> from microcrm_core.loans.rate_roots import Equation
        >>> equation = Equation(amounts=(1.0, -1.0), wholes=(0.0, 1.0), odds=(0.0, 0.0))
        >>> equation.value(0.0)
        0.0
    """

    amounts: tuple[float, ...]
    wholes: tuple[float, ...]
    odds: tuple[float, ...]

    def growth_logs(self, y: float) -> list[float]:
        """Return the logarithm of each discount divisor."""
        if not any(self.odds):
            return [whole * y for whole in self.wholes]
        rate = expm1(y)
        return [
            whole * y + (log1p(odd * rate) if odd else 0.0)
            for whole, odd in zip(self.wholes, self.odds, strict=True)
        ]

    def growth_slopes(self, y: float) -> list[float]:
        """Return the derivative of each of `growth_logs`."""
        if not any(self.odds):
            return list(self.wholes)
        growth, rate = exp(y), expm1(y)
        return [
            whole + odd * growth / (1.0 + odd * rate)
            for whole, odd in zip(self.wholes, self.odds, strict=True)
        ]

    def value(self, y: float) -> float:
        """Return the sum of the discounted amounts, valued at the first flow.

        Below a rate of zero it is valued at the last flow, so that nothing overflows.
        """
        terms = zip(self.amounts, self.discounts(y), strict=True)
        return sum(amount * discount for amount, discount in terms)

    def discounts(self, y: float) -> list[float]:
        """Return the discount of each amount, at most 1, as `value` takes it."""
        logs = self.growth_logs(y)
        anchor = logs[0] if y >= 0 else logs[-1]
        return [exp(anchor - one) for one in logs]


@attrs.frozen(kw_only=True)
class Roots:
    """What solves an equation.

    Attributes:
        roots: Every *y* found, in rising order.
        has_touch: Whether at some of them two roots fall together, or nearly so.

    Example:
        >>> from microcrm_core.loans.rate_roots import Roots
        >>> Roots(roots=(0.1,), has_touch=False).is_unique
        True
    """

    roots: tuple[float, ...]
    has_touch: bool

    @property
    def is_unique(self) -> bool:
        """Whether there is exactly one root."""
        return len(self.roots) == 1 and not self.has_touch


def sign_changes(amounts: tuple[float, ...]) -> int:
    """Return how often the sign changes along *amounts*, none of which is zero.

    Example:
        >>> from microcrm_core.loans.rate_roots import sign_changes
        >>> sign_changes((1.0, -0.5, -0.6)), sign_changes((-0.1, 1.0, -1.0))
        (1, 2)
    """
    return sum((one > 0) != (other > 0) for one, other in pairwise(amounts))


def find_roots(equation: Equation, *, share: float = 1.0) -> Roots:
    """Return every root between `GROWTH_LOG_MIN` and `GROWTH_LOG_MAX`.

    Args:
        equation: What is solved.
        share: Which share of these bounds holds for one period: a twelfth if they hold
            for a year of twelve periods.

    Raises:
        ConvergenceError: The bound on steps or intervals was reached.

    Source:
        One change of sign: the generalized rule of Descartes allows one root. Several:
        interval bisection with the mean value form, as in R. E. Moore, Interval
        Analysis, chapters 6 and 7.

    Example:
        >>> from math import expm1
        >>> from microcrm_core.loans.rate_roots import Equation, find_roots
        >>> equation = Equation(
        ...     amounts=(-1.0, 2.3, -1.32), wholes=(0.0, 1.0, 2.0), odds=(0.0,) * 3
        ... )
        >>> [round(expm1(root), 9) for root in find_roots(equation).roots]
        [0.1, 0.2]
    """
    changes = sign_changes(equation.amounts)
    if changes == 0:
        return Roots(roots=(), has_touch=False)
    if changes == 1:
        low, high = GROWTH_LOG_MIN * share, GROWTH_LOG_MAX * share
        is_inside = (equation.value(low) > 0) != (equation.value(high) > 0)
        roots = (_newton(equation, low, high),) if is_inside else ()
        return Roots(roots=roots, has_touch=False)
    return _isolated(equation, share)


Ratio: TypeAlias = tuple[float, float]


def _log_ratio(equation: Equation, y: float) -> Ratio:
    # The logarithm of received over paid, and its slope.
    received = paid = received_slope = paid_slope = 0.0
    rows = zip(
        equation.amounts,
        equation.discounts(y),
        equation.growth_slopes(y),
        strict=True,
    )
    for amount, discount, slope in rows:
        term = amount * discount
        if amount > 0:
            received += term
            received_slope += term * slope
        else:
            paid -= term
            paid_slope -= term * slope
    if received == 0.0 or paid == 0.0:
        return (inf if paid == 0.0 else -inf), inf
    return log(received / paid), paid_slope / paid - received_slope / received


def _newton(equation: Equation, low: float, high: float) -> float:
    # The sign at `low` differs from that at `high`.
    is_rising = equation.value(high) > 0
    y = min(max(0.0, low), high) if low <= 0.0 <= high else (low + high) / 2
    for step_count in range(_STEPS_MAX):
        ratio, slope = _log_ratio(equation, y)
        if ratio == 0.0:
            return y
        if (ratio > 0) == is_rising:
            high = y
        else:
            low = y
        step = -ratio / slope if slope else inf
        following = y + step
        is_inside = low <= following <= high and -inf < ratio < inf
        is_halved = step_count >= _NEWTON_STEPS_MAX
        if is_halved or not is_inside:
            following = (low + high) / 2
        if abs(ratio) <= _NOISE or abs(following - y) <= _STEP_SHARE_MIN * abs(y):
            return following
        if is_halved and high - low <= _NOISE:
            return following
        y = following
    raise ConvergenceError(_STEPS_MAX, flow_count=len(equation.amounts))


@attrs.frozen
class _Point:
    """The terms of the equation at one *y*, anchored at the first or the last."""

    y: float
    terms: tuple[float, ...]
    slopes: tuple[float, ...]

    @property
    def value(self) -> float:
        return sum(self.terms)


def _point(equation: Equation, y: float, anchor: int) -> _Point:
    logs = equation.growth_logs(y)
    slopes = equation.growth_slopes(y)
    terms = tuple(
        amount * exp(logs[anchor] - one)
        for amount, one in zip(equation.amounts, logs, strict=True)
    )
    # By how much the anchor grows faster than each term's own time.
    return _Point(y, terms, tuple(slopes[anchor] - one for one in slopes))


def _isolated(equation: Equation, share: float) -> Roots:
    found: list[tuple[float, float]] = []
    touched: list[float] = []
    width_min = _WIDTH_MIN * share
    halves = ((GROWTH_LOG_MIN * share, 0.0, -1), (0.0, GROWTH_LOG_MAX * share, 0))
    for half_low, half_high, anchor in halves:
        ends = (
            _point(equation, half_low, anchor),
            _point(equation, half_high, anchor),
        )
        pending = [ends]
        for _ in range(_INTERVALS_MAX):
            if not pending:
                break
            low, high = pending.pop()
            if _excludes_zero(low, high):
                continue
            slope_min, slope_max = _slope_bounds(low, high)
            if slope_min >= 0 or slope_max <= 0:
                if (low.value > 0) != (high.value > 0):
                    found.append((low.y, high.y))
                continue
            width = high.y - low.y
            middle = _point(equation, low.y + width / 2, anchor)
            # The value at the middle and the steepest slope bound all the others. A
            # curve that touches zero within rounding is not told from one that meets
            # it, so that the last digit of a time never decides what is unique.
            slack = _TOUCH_SHARE * sum(abs(term) for term in middle.terms)
            if abs(middle.value) > width / 2 * max(-slope_min, slope_max) + slack:
                continue
            if width < width_min:
                touched.append(middle.y)
                continue
            pending += ((middle, high), (low, middle))
        else:
            raise ConvergenceError(_INTERVALS_MAX, flow_count=len(equation.amounts))
    roots = [_newton(equation, low, high) for low, high in found]
    apart = [
        y
        for y, before in zip(touched, [-inf, *touched], strict=False)
        if y - before > 4 * width_min
    ]
    return Roots(roots=tuple(sorted(roots + apart)), has_touch=bool(touched))


def _excludes_zero(low: _Point, high: _Point) -> bool:
    least = most = 0.0
    for one, other in zip(low.terms, high.terms, strict=True):
        least += min(one, other)
        most += max(one, other)
    slack = _TOUCH_SHARE * sum(abs(term) for term in low.terms)
    return least > slack or most < -slack


def _slope_bounds(low: _Point, high: _Point) -> tuple[float, float]:
    # Each term's slope is the term times a factor; both are bounded by the ends.
    slope_min = slope_max = 0.0
    rows = zip(low.terms, high.terms, low.slopes, high.slopes, strict=True)
    for term_low, term_high, slope_low, slope_high in rows:
        corners = (
            term_low * slope_low,
            term_low * slope_high,
            term_high * slope_low,
            term_high * slope_high,
        )
        slope_min += min(corners)
        slope_max += max(corners)
    return slope_min, slope_max


def simple_balance(
    amounts: tuple[float, ...], years: tuple[float, ...], rate: float
) -> tuple[float, list[float]]:
    """Return what is left at the end, and the principal before each flow.

    Charges accrue on principal that is outstanding, never on charges. A payment goes to
    accrued charges first; a charge below zero is taken off the principal at once.

    Example:
        >>> from microcrm_core.loans.rate_roots import simple_balance
        >>> left, before = simple_balance((100.0, -60.0, -60.0), (0.0, 1.0, 2.0), 0.1)
        >>> round(left, 9), before
        (-5.0, [0.0, 100.0, 50.0])
    """
    principal = charge = 0.0
    before: list[float] = []
    at = years[0]
    for amount, year in zip(amounts, years, strict=True):
        charge += rate * max(principal, 0.0) * (year - at)
        at = year
        before.append(principal)
        if charge < 0.0:
            principal, charge = principal + charge, 0.0
        if amount >= 0.0:
            principal += amount
        else:
            to_charge = min(charge, -amount)
            charge -= to_charge
            principal += amount + to_charge
    return principal + charge, before


def find_simple_rate(
    amounts: tuple[float, ...], years: tuple[float, ...]
) -> float | None:
    """Return the simple rate that leaves nothing at the end, or None.

    What is left never falls when the rate rises, as long as no period turns principal
    into less than nothing; so there is at most one, and halving finds it. The range is
    from -99.9999 % over the longest gap between flows to `SIMPLE_RATE_MAX`.

    Raises:
        ConvergenceError: The bound on steps was reached.

    Example:
        >>> from microcrm_core.loans.rate_roots import find_simple_rate
        >>> round(find_simple_rate((100.0, -120.0), (0.0, 2.0)), 12)
        0.1
    """
    gaps = [after - before for before, after in pairwise(years)]
    longest = max(gaps, default=0.0)
    if longest <= 0.0:
        return None

    def left(rate: float) -> float:
        return simple_balance(amounts, years, rate)[0]

    low, high = expm1(GROWTH_LOG_MIN) / longest, min(1.0 / longest, SIMPLE_RATE_MAX)
    if left(low) > 0.0 or left(SIMPLE_RATE_MAX) < 0.0:
        return None
    while left(high) < 0.0:
        low, high = high, min(high * 8.0, SIMPLE_RATE_MAX)
    return _false_position(amounts, years, low, high)


def _false_position(
    amounts: tuple[float, ...], years: tuple[float, ...], low: float, high: float
) -> float:
    # The Illinois rule: an end that stays is made lighter, so both ends close in.
    value_low = simple_balance(amounts, years, low)[0]
    value_high = simple_balance(amounts, years, high)[0]
    side = 0
    for step in range(_STEPS_MAX):
        # Every third step halves, which bounds the number of steps.
        rate = (
            (low + high) / 2
            if step % 3 == 2 or value_high == value_low
            else (low * value_high - high * value_low) / (value_high - value_low)
        )
        if not low <= rate <= high:
            rate = (low + high) / 2
        value = simple_balance(amounts, years, rate)[0]
        if value == 0.0 or high - low <= _STEP_SHARE_MIN * abs(rate):
            return rate
        if value > 0.0:
            high, value_high = rate, value
            value_low = value_low / 2 if side == 1 else value_low
            side = 1
        else:
            low, value_low = rate, value
            value_high = value_high / 2 if side == -1 else value_high
            side = -1
    raise ConvergenceError(_STEPS_MAX, flow_count=len(amounts))
