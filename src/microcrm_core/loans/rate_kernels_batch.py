"""Kernels that find the rates of many credits at once, for `rates_batch`.

All rows of a kernel have the same number of flows, so that a flow of every row is one
array. The unknown is *y*, the logarithm of growth over a period, as in `rate_roots`:
Newton's method on the logarithm of received over paid, in a bracket for each row that
is halved where a step leaves it. Rows that are done leave the arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, Self

import attrs
import numpy as np

from microcrm_core.batch import Bools, Floats, Int64s
from microcrm_core.errors import ConvergenceError
from microcrm_core.loans.rate_roots import (
    GROWTH_LOG_MAX,
    GROWTH_LOG_MIN,
)

__all__ = ["AdvanceRows", "ExpRows", "HornerRows", "moment_guess", "solve_rows"]

_STEPS_MAX: Final = 400
_BOUND_CHECK_STEP: Final = 6
_NOISE: Final = 2e-15
_STEP_SHARE_MIN: Final = 1e-15
# A step of Newton's leaves its square; times are periods.
_NEWTON_LAST: Final = 1e-7


class Rows(Protocol):
    """Equations of many rows, each with one change of sign."""

    @property
    def span(self) -> Floats:
        """Periods from the first flow to the last."""
        ...

    def guess(self) -> Floats:
        """Return where to begin."""
        ...

    def log_ratios(self, y: Floats) -> tuple[Floats, Floats]:
        """Return what rises through zero at the root, and its slope."""
        ...

    def take(self, rows: Int64s) -> Self:
        """Return some of the rows."""
        ...


def moment_guess(log_total: Floats, mean: Floats, variance: Floats) -> Floats:
    """Return the *y* at which discounted payments equal what is received, about.

    *log_total* is the logarithm of all payments over what is received; mean and
    variance are those of the time between. The logarithm of a sum of exponentials is
    taken to the second order.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.rate_kernels_batch import moment_guess
        >>> log_total = np.log(np.array([1.2]))
        >>> guess = moment_guess(log_total, np.array([1.5]), np.array([0.25]))
        >>> np.expm1(guess).round(4).tolist()
        [0.1307]
    """
    spread = variance / (mean * mean)
    root = np.sqrt(np.maximum(1.0 - 2.0 * spread * log_total, 0.05))
    guess: Floats = 2.0 * log_total / ((1.0 + root) * mean)
    return guess


@attrs.frozen(kw_only=True, eq=False)
class HornerRows:
    """One advance, then payments one period apart: a polynomial in exp(-y).

    Attributes:
        advance: What is received.
        payments: One row a payment, one column a credit.
        first: Whole periods, or a time that compounds, to the first payment.
        odd: Part of a period at simple interest besides; None: nothing anywhere.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.rate_kernels_batch import HornerRows, solve_rows
        >>> rows = HornerRows(
        ...     advance=np.array([1000.0]),
        ...     payments=np.full((2, 1), 600.0),
        ...     first=np.ones(1),
        ...     odd=None,
        ... )
        >>> np.expm1(solve_rows(rows, 1, 1.0)).round(7).tolist()
        [0.1306624]
    """

    advance: Floats
    payments: Floats
    first: Floats
    odd: Floats | None

    @property
    def span(self) -> Floats:
        """Periods from the first flow to the last."""
        span: Floats = self.first + len(self.payments)
        return span

    def guess(self) -> Floats:
        """Return where to begin."""
        at = np.arange(len(self.payments), dtype=np.float64)
        total, weighted, squared = (
            np.stack((np.ones_like(at), at, at * at)) @ self.payments
        )
        mean = weighted / total
        variance = squared / total - mean * mean
        first = self.first if self.odd is None else self.first + self.odd
        return moment_guess(np.log(total / self.advance), first + mean, variance)

    def log_ratios(self, y: Floats) -> tuple[Floats, Floats]:
        """Return the logarithm of received over paid, and its slope."""
        discount = np.exp(-y)
        value = self.payments[-1].copy()
        slope = np.zeros_like(value)
        for payment in self.payments[-2::-1]:
            np.multiply(slope, discount, out=slope)
            np.add(slope, value, out=slope)
            np.multiply(value, discount, out=value)
            np.add(value, payment, out=value)
        ratio = np.log(self.advance / value) + self.first * y
        ratio_slope = discount * slope / value + self.first
        if self.odd is not None:
            rate = np.expm1(y)
            ratio += np.log1p(self.odd * rate)
            ratio_slope += self.odd * np.exp(y) / (1.0 + self.odd * rate)
        return ratio, ratio_slope

    def take(self, rows: Int64s) -> HornerRows:
        """Return some of the rows."""
        return HornerRows(
            advance=self.advance[rows],
            payments=np.ascontiguousarray(self.payments[:, rows]),
            first=self.first[rows],
            odd=None if self.odd is None else self.odd[rows],
        )


@attrs.frozen(kw_only=True, eq=False)
class AdvanceRows:
    """One advance, then payments at any times that compound.

    Attributes:
        advance: What is received.
        payments: One row a payment, one column a credit.
        times: Periods since the advance.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.rate_kernels_batch import AdvanceRows, solve_rows
        >>> rows = AdvanceRows(
        ...     advance=np.array([1000.0]),
        ...     payments=np.full((2, 1), 600.0),
        ...     times=np.array([[1.0], [2.0]]),
        ... )
        >>> np.expm1(solve_rows(rows, 1, 1.0)).round(7).tolist()
        [0.1306624]
    """

    advance: Floats
    payments: Floats
    times: Floats

    @property
    def span(self) -> Floats:
        """Periods from the first flow to the last."""
        span: Floats = self.times[-1] + 1.0
        return span

    def guess(self) -> Floats:
        """Return where to begin."""
        total, mean, variance = _moments(self.payments, self.times)
        return moment_guess(np.log(total / self.advance), mean, variance)

    def log_ratios(self, y: Floats) -> tuple[Floats, Floats]:
        """Return the logarithm of received over paid, and its slope."""
        last: Floats = self.times[-1]
        # Anchored at the last payment below zero, so that nothing overflows.
        anchor = np.where(y >= 0.0, 0.0, last)
        terms: Floats = self.times * -y
        if y.min() < 0.0:
            terms += anchor * y
        np.exp(terms, out=terms)
        np.multiply(terms, self.payments, out=terms)
        value: Floats = terms.sum(axis=0)
        np.multiply(terms, self.times, out=terms)
        ratio = np.log(self.advance / value) + anchor * y
        slope: Floats = terms.sum(axis=0) / value
        return ratio, slope

    def take(self, rows: Int64s) -> AdvanceRows:
        """Return some of the rows."""
        return AdvanceRows(
            advance=self.advance[rows],
            payments=np.ascontiguousarray(self.payments[:, rows]),
            times=np.ascontiguousarray(self.times[:, rows]),
        )


@attrs.frozen(kw_only=True, eq=False)
class ExpRows:
    """Flows at any times, with one change of sign.

    Attributes:
        amounts: One row a flow, one column a credit; above zero what comes first.
        times: Periods that compound.
        odds: Parts of a period at simple interest; None: nothing anywhere.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.rate_kernels_batch import ExpRows, solve_rows
        >>> rows = ExpRows(
        ...     amounts=np.array([[1000.0], [-600.0], [-600.0]]),
        ...     times=np.array([[0.0], [1.0], [2.0]]),
        ...     odds=None,
        ... )
        >>> np.expm1(solve_rows(rows, 1, 1.0)).round(7).tolist()
        [0.1306624]
    """

    amounts: Floats
    times: Floats
    odds: Floats | None

    @property
    def span(self) -> Floats:
        """Periods from the first flow to the last."""
        span: Floats = self.times[-1] - self.times[0] + 1.0
        return span

    def guess(self) -> Floats:
        """Return where to begin."""
        times = self.times if self.odds is None else self.times + self.odds
        times = times - times[0]
        first, second = np.maximum(self.amounts, 0.0), np.maximum(-self.amounts, 0.0)
        first_total, first_mean, first_variance = _moments(first, times)
        second_total, second_mean, second_variance = _moments(second, times)
        return moment_guess(
            np.log(second_total / first_total),
            second_mean - first_mean,
            second_variance - first_variance,
        )

    def log_ratios(self, y: Floats) -> tuple[Floats, Floats]:
        """Return the logarithm of what comes first over the rest, and its slope."""
        # Anchored where no discount is above one, so that nothing overflows.
        earliest: Floats = self.times[0]
        latest: Floats = self.times[-1]
        terms: Floats = self.times - np.where(y >= 0.0, earliest, latest)
        np.multiply(terms, -y, out=terms)
        np.exp(terms, out=terms)
        np.multiply(terms, self.amounts, out=terms)
        slopes: Floats = self.times
        if self.odds is not None:
            growth = 1.0 + self.odds * np.expm1(y)
            np.divide(terms, growth, out=terms)
            slopes = self.times + self.odds * np.exp(y) / growth
        weighted: Floats = terms * slopes
        first = np.maximum(terms, 0.0).sum(axis=0)
        # Not the opposite, which would be a negative zero where all have vanished.
        second = np.abs(np.minimum(terms, 0.0).sum(axis=0))
        # The signs of the terms are those of the amounts: the first come first.
        is_first = self.amounts > 0.0
        first_weighted = np.where(is_first, weighted, 0.0).sum(axis=0)
        second_weighted = first_weighted - weighted.sum(axis=0)
        ratio = np.log(first / second)
        return ratio, second_weighted / second - first_weighted / first

    def take(self, rows: Int64s) -> ExpRows:
        """Return some of the rows."""
        return ExpRows(
            amounts=np.ascontiguousarray(self.amounts[:, rows]),
            times=np.ascontiguousarray(self.times[:, rows]),
            odds=None
            if self.odds is None
            else np.ascontiguousarray(self.odds[:, rows]),
        )


def _moments(amounts: Floats, times: Floats) -> tuple[Floats, Floats, Floats]:
    total: Floats = amounts.sum(axis=0)
    weighted = amounts * times
    mean: Floats = weighted.sum(axis=0) / total
    variance: Floats = (weighted * times).sum(axis=0) / total - mean * mean
    return total, mean, variance


def solve_rows(rows: Rows, size: int, share: float) -> Floats:
    """Return the root of each row, not a number where it has none in range.

    The range is that of `rate_roots.find_roots` with the same *share*.

    Raises:
        ConvergenceError: A row needs more steps than the bound.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.rate_kernels_batch import AdvanceRows, solve_rows
        >>> rows = AdvanceRows(
        ...     advance=np.array([100.0]),
        ...     payments=np.array([[110.0]]),
        ...     times=np.array([[1.0]]),
        ... )
        >>> np.expm1(solve_rows(rows, 1, 1.0)).round(12).tolist()
        [0.1]
    """
    with np.errstate(all="ignore"):
        least, most = GROWTH_LOG_MIN * share, GROWTH_LOG_MAX * share
        y = rows.guess()
        # Not from the bounds themselves, where a row without a root would stay.
        y = np.where(y <= least, least / 2, np.where(y >= most, most / 2, y))
        y = np.nan_to_num(y)
        found = np.full(size, np.nan)
        left = np.arange(size)
        low, high = np.full(size, least), np.full(size, most)
        for step in range(_STEPS_MAX):
            if step == _BOUND_CHECK_STEP:
                # What has not come in by now may have no root to come to.
                at_least, _ = rows.log_ratios(np.full_like(y, least))
                at_most, _ = rows.log_ratios(np.full_like(y, most))
                has_root = (at_least <= 0) & (at_most >= 0)
                keep = np.flatnonzero(has_root)
                rows, y = rows.take(keep), y[keep]
                left, low, high = left[keep], low[keep], high[keep]
            if left.size == 0:
                return found
            y, is_done = _step(rows.log_ratios, rows.span, y, low, high)
            if is_done.any():
                found[left[is_done]] = y[is_done]
                keep = np.flatnonzero(~is_done)
                if keep.size == 0:
                    return found
                rows, y = rows.take(keep), y[keep]
                left, low, high = left[keep], low[keep], high[keep]
    raise ConvergenceError(_STEPS_MAX, flow_count=int(left.size))


def _step(
    log_ratios: Callable[[Floats], tuple[Floats, Floats]],
    span: Floats,
    y: Floats,
    low: Floats,
    high: Floats,
) -> tuple[Floats, Bools]:
    # One step of every row; the brackets are narrowed in place.
    ratio, slope = log_ratios(y)
    is_above = ratio > 0
    np.copyto(high, y, where=is_above)
    np.copyto(low, y, where=~is_above)
    following = y - ratio / slope
    is_inside = (following >= low) & (following <= high)
    following = np.where(is_inside, following, (low + high) / 2)
    change = np.abs(following - y)
    is_done: Bools = (
        (is_inside & (change * span < _NEWTON_LAST))
        | (np.abs(ratio) <= _NOISE)
        | (change <= _STEP_SHARE_MIN * np.abs(y))
    )
    return following, is_done
