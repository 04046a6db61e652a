"""The kernel for loans of equal installments: their rates by a closed form.

The payments of such a loan are a geometric series, so each step costs two exponentials
however many installments there are. `rates_batch` calls it; the unknown *y* is that of
`rate_roots`.
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Bools, Floats, Int64s
from microcrm_core.errors import ConvergenceError
from microcrm_core.loans.rate_kernels_batch import moment_guess
from microcrm_core.loans.rate_roots import (
    GROWTH_LOG_MAX,
    GROWTH_LOG_MIN,
)

__all__ = ["level_growth_logs"]

_STEPS_MAX: Final = 400
_NOISE: Final = 2e-15
_STEP_SHARE_MIN: Final = 1e-15
# A step of Halley's leaves its cube; times are periods.
_HALLEY_LAST: Final = 2e-5
_CHUNK: Final = 16_384


@attrs.frozen(kw_only=True, eq=False)
class _Level:
    """One advance, then equal installments one period apart."""

    share: Floats
    count: Floats
    first: Floats | float
    odd: Floats | None

    def take(self, rows: Int64s) -> _Level:
        return _Level(
            share=self.share[rows],
            count=self.count[rows],
            first=self.first[rows]
            if isinstance(self.first, np.ndarray)
            else self.first,
            odd=None if self.odd is None else self.odd[rows],
        )

    def guess(self) -> Floats:
        """Return where to begin."""
        mean = (self.count - 1.0) / 2.0 + self.first
        if self.odd is not None:
            mean += self.odd
        variance = (self.count * self.count - 1.0) / 12.0
        return moment_guess(np.log(self.count * self.share), mean, variance)

    def steps(self, y: Floats) -> tuple[Floats, Floats]:
        """Return the logarithm of received over paid, and a step of Halley's."""
        one = -np.expm1(-y)
        all_ = -np.expm1(-self.count * y)
        ratio = self.first * y - np.log(self.share * all_ / one)
        by_one = (1.0 - one) / one
        by_all = self.count * (1.0 - all_) / all_
        slope = self.first + by_one - by_all
        curve = by_all * self.count / all_ - by_one / one
        if self.odd is not None:
            growth = 1.0 + self.odd * np.expm1(y)
            part = self.odd * np.exp(y) / growth
            ratio += np.log(growth)
            slope = slope + part
            curve += part * (1.0 - part)
        newton = ratio / slope
        return ratio, newton / (1.0 - newton * curve / (2.0 * slope))


def level_growth_logs(
    principal_minor: Int64s,
    installment_minor: Int64s,
    count: Int64s,
    first: Floats | Int64s | None,
    odd: Floats | None,
    *,
    share: float,
) -> tuple[Floats, Floats]:
    """Return the root of each loan of equal installments, and the rate of a period.

    Not a number where there is no root in the range, which is that of
    `rate_roots.find_roots` with the same *share*. *first* are the periods to the first
    installment that compound, None for one, and *odd* the part of a period at simple
    interest besides.

    Raises:
        ConvergenceError: A row needs more steps than the bound.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.level_rates_batch import level_growth_logs
        >>> _, rate = level_growth_logs(
        ...     np.array([1000]), np.array([600]), np.array([2]), None, None, share=1.0
        ... )
        >>> rate.round(7).tolist()
        [0.1306624]
    """
    growth_logs, rates = np.empty(principal_minor.size), np.empty(principal_minor.size)
    for start in range(0, rates.size, _CHUNK):
        part = slice(start, start + _CHUNK)
        principal, installment = principal_minor[part], installment_minor[part]
        level = _Level(
            share=installment / principal,
            count=count[part].astype(np.float64),
            first=1.0 if first is None else first[part].astype(np.float64),
            odd=None if odd is None else odd[part],
        )
        with np.errstate(all="ignore"):
            if first is None and odd is None:
                y, rate, is_open = _regular(level, share)
                rows = np.flatnonzero(is_open)
            else:
                y, rate = level.guess(), np.empty(principal.size)
                rows = np.arange(principal.size)
            if rows.size:
                y[rows] = _finished(level.take(rows), y[rows], share)
                rate[rows] = np.expm1(y[rows])
            # Where nothing is charged the rate is zero, which no float can find.
            near = np.flatnonzero(np.abs(level.share * level.count - 1.0) < 1e-12)
            is_free = installment[near] * count[part][near] == principal[near]
            y[near[is_free]] = rate[near[is_free]] = 0.0
        growth_logs[part], rates[part] = y, rate
    return growth_logs, rates


def _regular(level: _Level, share: float) -> tuple[Floats, Floats, Bools]:
    """Return the roots of loans whose first period is one, and which are still open.

    A series in *y* comes close, then one step of Halley's is enough for most rows. In
    place, because memory is what such short formulas wait for.

    Source:
        log(sinh z / z) = z^2/6 - z^4/180 + z^6/2835 - ..., for the sum of a geometric
        series about its middle.
    """
    count = level.count
    mean = (count + 1.0) * 0.5
    square = count * count
    fourth = square * square
    series = (
        (square - 1.0) * (1 / 24),
        (fourth - 1.0) * (-1 / 2880),
        (fourth * square - 1.0) * (1 / 181_440),
    )
    y = _series_root(np.log(count * level.share), mean, series)
    one = np.expm1(-y)
    np.negative(one, out=one)
    every = count * y
    np.negative(every, out=every)
    np.expm1(every, out=every)
    np.negative(every, out=every)
    by_one, by_every, growth = 1.0 / one, 1.0 / every, 1.0 - one
    excess = level.share * every
    excess *= by_one
    excess *= growth
    excess -= 1.0
    # The logarithm of one plus the excess, which is small where the guess is close.
    log_excess = excess * (1 / 3)
    log_excess -= 0.5
    log_excess *= excess
    log_excess += 1.0
    log_excess *= excess
    every_slope = (by_every - 1.0) * count
    slope = by_one - every_slope
    curve = every_slope * count
    curve *= by_every
    curve -= (by_one - 1.0) * by_one
    step = log_excess / slope
    curve *= step
    curve /= slope
    curve *= 0.5
    curve += 1.0
    step /= curve
    y += step
    # exp(y) - 1 from what is known at the guess, as the step is small.
    rate = step * 0.5
    rate += 1.0
    rate *= step
    rate += one
    rate /= growth
    is_open = ~(np.abs(step) * count < _HALLEY_LAST)
    is_open |= (y < GROWTH_LOG_MIN * share) | (y > GROWTH_LOG_MAX * share)
    return y, rate, is_open


def _series_root(
    log_total: Floats, mean: Floats, series: tuple[Floats, Floats, Floats]
) -> Floats:
    # mean * y - (second * y^2 + fourth * y^4 + sixth * y^6) = log_total: the root of
    # the quadratic, then one step of Newton's.
    second, fourth, sixth = series
    at_mean = log_total / mean
    root = second * at_mean
    root /= mean
    root *= 4.0
    np.subtract(1.0, root, out=root)
    np.maximum(root, 0.05, out=root)
    np.sqrt(root, out=root)
    root += 1.0
    y = at_mean / root
    y *= 2.0
    square = y * y
    outer = sixth * square
    inner = outer + fourth
    inner *= square
    inner += second
    value = inner * y
    np.subtract(mean, value, out=value)
    value *= y
    value -= log_total
    outer *= 2.0
    outer += fourth
    outer *= square
    outer += inner
    outer *= y
    outer *= 2.0
    np.subtract(mean, outer, out=outer)
    value /= outer
    y -= value
    return y


def _finished(level: _Level, y: Floats, share: float) -> Floats:
    found = np.full(y.size, np.nan)
    low = np.full(y.size, GROWTH_LOG_MIN * share)
    high = np.full(y.size, GROWTH_LOG_MAX * share)
    has_root = (level.steps(low)[0] <= 0) & (level.steps(high)[0] >= 0)
    left = np.flatnonzero(has_root)
    level, y, low, high = level.take(left), y[left], low[left], high[left]
    y = np.where((y > low) & (y < high), y, 0.1 * share)
    for _ in range(_STEPS_MAX):
        if left.size == 0:
            return found
        ratio, step = level.steps(y)
        is_above = ratio > 0
        np.copyto(high, y, where=is_above)
        np.copyto(low, y, where=~is_above)
        following = y - step
        is_inside = (following >= low) & (following <= high)
        following = np.where(is_inside, following, (low + high) / 2)
        # Zero itself has no value in this form.
        following = np.where(following == 0.0, 1e-300, following)
        change = np.abs(following - y)
        is_done = (
            (is_inside & (change * level.count < _HALLEY_LAST))
            | (np.abs(ratio) <= _NOISE)
            | (change <= _STEP_SHARE_MIN * np.abs(y))
        )
        found[left[is_done]] = following[is_done]
        keep = np.flatnonzero(~is_done)
        level, y, left = level.take(keep), following[keep], left[keep]
        low, high = low[keep], high[keep]
    raise ConvergenceError(_STEPS_MAX, flow_count=int(left.size))
