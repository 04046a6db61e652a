"""The kernel for simple rates: many credits, one step of all at a time.

What is left at the end rises with the rate, so Newton's method in a bracket finds the
one rate that leaves nothing. `rates_batch` calls it; `rate_roots.find_simple_rate` is
the scalar twin.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from microcrm_core.batch import Bools, Floats
from microcrm_core.errors import ConvergenceError
from microcrm_core.loans.rate_roots import (
    GROWTH_LOG_MIN,
    SIMPLE_RATE_MAX,
)

__all__ = ["simple_rates"]

_STEPS_MAX: Final = 400
_HALVING_STEP: Final = 12
_WIDTH_SHARE: Final = 4e-15


def simple_rates(amounts: Floats, years: Floats) -> tuple[Floats, Bools]:
    """Return the simple rate of each column, and whether principal is ever outstanding.

    Twin of `rate_roots.find_simple_rate`; not a number where there is no rate.

    Raises:
        ConvergenceError: A row needs more steps than the bound.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.simple_rates_batch import simple_rates
        >>> amounts, years = np.array([[100.0], [-120.0]]), np.array([[0.0], [2.0]])
        >>> rates, _ = simple_rates(amounts, years)
        >>> rates.round(12).tolist()
        [0.1]
    """
    size: int = amounts.shape[1]
    found = np.full(size, np.nan)
    with np.errstate(all="ignore"):
        longest: Floats = _gaps(years).max(axis=0)
        zeros = np.zeros(size)
        left_at_zero, area = _simple_balances(amounts, years, zeros)
        has_principal = area > 0.0
        low = np.expm1(GROWTH_LOG_MIN) / longest
        most = np.full(size, SIMPLE_RATE_MAX)
        is_inside: Bools = _simple_balances(amounts, years, low)[0] <= 0.0
        is_inside &= _simple_balances(amounts, years, most)[0] >= 0.0
        left = np.flatnonzero(has_principal & is_inside)
        low = low[left]
        high = most[left]
        rate = (-left_at_zero / area)[left]
        rate = np.where(rate > low, rate, low / 2)
        for step in range(_STEPS_MAX):
            if left.size == 0:
                return found, has_principal
            value, slope = _simple_balances(amounts[:, left], years[:, left], rate)
            is_above = value > 0.0
            np.copyto(high, rate, where=is_above)
            np.copyto(low, rate, where=~is_above)
            following = rate - value / slope
            width = _WIDTH_SHARE * np.abs(rate)
            is_done = (value == 0.0) | (np.abs(following - rate) <= width)
            is_done |= high - low <= width
            found[left[is_done]] = rate[is_done]
            # Later steps halve now and then: rounding could turn Newton's in a circle.
            is_inside = (following > low) & (following < high)
            is_inside &= step < _HALVING_STEP or step % 3 != 2
            further = np.abs(rate) * 8.0 + 1.0
            is_open = (high == SIMPLE_RATE_MAX) & (further < high)
            middle = np.where(is_open, further, (low + high) / 2)
            following = np.where(is_inside, following, middle)
            keep = np.flatnonzero(~is_done)
            left, low, high, rate = left[keep], low[keep], high[keep], following[keep]
    raise ConvergenceError(_STEPS_MAX, flow_count=int(left.size))


def _gaps(years: Floats) -> Floats:
    gaps = np.zeros_like(years)
    np.subtract(years[1:], years[:-1], out=gaps[1:])
    return gaps


def _simple_balances(
    amounts: Floats, years: Floats, rate: Floats
) -> tuple[Floats, Floats]:
    # What is left at the end and its slope; twin of `rate_roots.simple_balance`.
    size: int = amounts.shape[1]
    principal, charge = np.zeros(size), np.zeros(size)
    principal_slope, charge_slope = np.zeros(size), np.zeros(size)
    gaps = _gaps(years)
    for position in range(len(amounts)):
        amount: Floats = amounts[position]
        gap: Floats = gaps[position]
        bearing = np.maximum(principal, 0.0) * gap
        charge = charge + rate * bearing
        bearing_slope = np.where(principal > 0.0, principal_slope * gap, 0.0)
        charge_slope = charge_slope + bearing + rate * bearing_slope
        # A charge below zero is taken off at once, and a payment meets it first.
        paid = np.maximum(-amount, 0.0)
        is_settled = (charge < 0.0) | (charge < paid)
        to_charge = np.where(charge < 0.0, charge, np.minimum(charge, paid))
        principal = principal + np.maximum(amount, 0.0) - paid + to_charge
        principal_slope = np.where(
            is_settled, principal_slope + charge_slope, principal_slope
        )
        charge = charge - to_charge
        charge_slope = np.where(is_settled, 0.0, charge_slope)
    return principal + charge, principal_slope + charge_slope
