"""Prices of places that take only so many loans and so much money.

A price by loan and one by amount for each place: each loan goes where its cost and the
prices are least. The better the prices, the nearer the places come to being exactly
full. They are set place by place for some thousand loans, each so that the place is as
full as it may be while the others keep theirs, and then by Newton's method for all.
`amount_assignment_batch` makes an assignment of them.

Example:
    >>> import numpy as np
    >>> from microcrm_core.adjustments.amount_prices_batch import (
    ...     ExactPrices, RoomLimits, place_prices
    ... )
    >>> limits = RoomLimits(np.array([2, 2]), np.array([60, 50]), np.array([60, 90]))
    >>> cost = np.array([[0, 5], [0, 9]])
    >>> prices = place_prices(cost.astype(np.float64), limits)
    >>> ExactPrices.of(cost, limits, prices).bound
    5
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import UNKNOWN, Floats, Int64s

__all__ = [
    "NEVER",
    "ExactPrices",
    "PlacePrices",
    "RoomLimits",
    "better_prices",
    "place_prices",
]

NEVER: Final = 2**61
"""Above every sum of a cost and prices."""

_FRACTION_BITS: Final = 20
_SAMPLE: Final = 2_000
_SWEEPS: Final = 60
_NEWTON_STEPS: Final = 25
_DAMPING: Final = 0.01
_DAMPING_MAX: Final = 1e5


@attrs.frozen(eq=False)
class RoomLimits:
    """What the places take, and what the loans bring.

    Attributes:
        room: Loans that each place takes.
        amount: Of each loan.
        amount_room: What each place takes of them.

    Example:
        See `amount_prices_batch`.
    """

    room: Int64s
    amount: Int64s
    amount_room: Int64s

    def less(self, loans: int) -> RoomLimits:
        """Return the limits with room for so many loans of mean amount less."""
        mean = int(self.amount.mean())
        return RoomLimits(
            np.maximum(self.room - loans, 0),
            self.amount,
            np.maximum(self.amount_room - loans * mean, 0),
        )


@attrs.frozen(eq=False)
class PlacePrices:
    """The price of each place.

    Attributes:
        by_loan: For each loan that takes it.
        by_amount: For each unit of its amount.

    Example:
        See `amount_prices_batch`.
    """

    by_loan: Floats
    by_amount: Floats


def place_prices(costs: Floats, limits: RoomLimits) -> PlacePrices:
    """Return prices under which places are nearly as full as they may be.

    Args:
        costs: What each place costs each loan; infinite where it cannot go.
        limits: What the places take.

    Example:
        See `amount_prices_batch`.
    """
    count, size = int(costs.shape[0]), int(costs.shape[1])
    by_loan: Floats = np.zeros(size, np.float64)
    by_amount: Floats = np.zeros(size, np.float64)
    prices = PlacePrices(by_loan, by_amount)
    sample, sampled = limits, costs
    if count > 2 * _SAMPLE:
        every = count // _SAMPLE
        amount = limits.amount[::every]
        share = amount.size / count
        money = float(amount.sum()) / max(float(limits.amount.sum()), 1.0)
        sampled = costs[::every]
        sample = RoomLimits(
            np.ceil(limits.room * share).astype(np.int64),
            amount,
            np.ceil(limits.amount_room * money).astype(np.int64),
        )
    _sweep(sampled, sample, prices)
    return better_prices(costs, limits, prices)


def better_prices(
    costs: Floats, limits: RoomLimits, prices: PlacePrices
) -> PlacePrices:
    """Return the prices of the steps of Newton's method that raise the bound.

    Args:
        costs: As in `place_prices`.
        limits: What the places take.
        prices: Where to begin, such as at the prices of other limits.

    Example:
        See `amount_prices_batch`.
    """
    size = limits.room.size
    # Amounts as multiples of their mean, so that both kinds of price weigh alike.
    mean = max(float(limits.amount.mean()), 1.0)
    amount = limits.amount / mean
    room: Floats = np.concatenate((limits.room.astype(np.float64),
                                   limits.amount_room / mean))  # fmt: skip
    best = np.concatenate((prices.by_loan, prices.by_amount * mean))
    point = _DualPoint.of(costs, amount, room, best)
    damping = _DAMPING
    for _ in range(_NEWTON_STEPS):
        tried = np.maximum(best + point.step(damping), 0.0)
        there = _DualPoint.of(costs, amount, room, tried)
        if there.value > point.value:
            best, point, damping = tried, there, damping / 4.0
        else:
            damping *= 8.0
            if damping > _DAMPING_MAX:
                break
    return PlacePrices(best[:size], best[size:] / mean)


@attrs.frozen(kw_only=True, eq=False)
class _DualPoint:
    """What prices come to: the bound, and how it changes with them.

    Attributes:
        price: By loan for each place, then by amount for each place.
        value: The bound.
        excess: What the places have above their room, loans and then amounts.
        flow: Of the loans nearest to going elsewhere, how many, their amounts and the
            squares of these, by place and next best place; (3, places, places).
        width: Up to which margin loans are counted as near.
    """

    price: Floats
    value: float
    excess: Floats
    flow: Floats
    width: float

    @classmethod
    def of(
        cls, costs: Floats, amount: Floats, room: Floats, price: Floats
    ) -> _DualPoint:
        """Return what these prices come to."""
        size = costs.shape[1]
        priced = costs + price[:size] + amount[:, None] * price[size:]
        rows = np.arange(amount.size)
        first = priced.argmin(axis=1)
        least = priced[rows, first]
        priced[rows, first] = np.inf
        second = priced.argmin(axis=1)
        margin = priced[rows, second] - least
        load = np.concatenate(
            (
                np.bincount(first, minlength=size),
                np.bincount(first, weights=amount, minlength=size),
            )
        )
        excess = load - room
        over = float(np.abs(excess[(price > 0) | (excess > 0)]).sum())
        near = min(margin.size - 1, size * 30 + int(over))
        width = max(float(np.partition(margin, near)[near]), 1.0)
        width = width if np.isfinite(width) else 1.0
        is_near = margin <= width
        pair = first[is_near] * size + second[is_near]
        near_amount = amount[is_near]
        weights = (np.ones(near_amount.size), near_amount, near_amount**2)
        flow: Floats = np.stack(
            [
                np.bincount(pair, weights=one, minlength=size**2).astype(np.float64)
                for one in weights
            ]
        ).reshape(3, size, size)
        return cls(
            price=price,
            value=float(least.sum()) - float(price @ room),
            excess=excess,
            flow=flow,
            width=width,
        )

    def step(self, damping: float) -> Floats:
        """Return by how much prices rise for the excess to leave, were it linear.

        Damped as by Levenberg and Marquardt: what hardly matters moves little.
        """
        rate = (self.flow + self.flow.transpose(0, 2, 1)) / (2.0 * self.width)
        ones, sums, squares = [np.diag(one.sum(axis=1)) - one for one in rate]
        matrix = np.block([[ones, sums], [sums, squares]])
        active = np.flatnonzero((self.price > 0) | (self.excess > 0))
        step = np.zeros(self.price.size)
        if active.size == 0:
            return step
        part = matrix[np.ix_(active, active)]
        diagonal = np.diag(part)
        part[np.diag_indices(active.size)] += damping * (diagonal + diagonal.mean())
        step[active] = np.linalg.lstsq(part, self.excess[active], rcond=None)[0]
        return step


def _sweep(costs: Floats, limits: RoomLimits, prices: PlacePrices) -> None:
    """Set the price of one place after the other, some times over."""
    amount = limits.amount.astype(np.float64)
    most = 4.0 * float(np.max(costs, where=np.isfinite(costs), initial=0.0)) + 4.0
    ones = np.ones(amount.size)
    priced = costs + prices.by_loan + amount[:, None] * prices.by_amount
    for _ in range(_SWEEPS):
        before = prices.by_loan.copy(), prices.by_amount.copy()
        for place in range(costs.shape[1]):
            own = priced[:, place].copy()
            priced[:, place] = np.inf
            other = priced.min(axis=1)
            base = own - prices.by_loan[place] - amount * prices.by_amount[place]
            gain = np.minimum(other - base, most)
            by_loan = _price(gain - amount * prices.by_amount[place], ones,
                             float(limits.room[place]))  # fmt: skip
            by_amount = _price(gain - by_loan, amount,
                               float(limits.amount_room[place]))  # fmt: skip
            prices.by_loan[place], prices.by_amount[place] = by_loan, by_amount
            priced[:, place] = base + by_loan + amount * by_amount
        if np.array_equal(before, (prices.by_loan, prices.by_amount)):
            return


def _price(gain: Floats, weight: Floats, room: float) -> float:
    """Return the lowest price of weight at which those who still gain have room."""
    wants = (gain > 0) & (weight > 0)
    weights = weight[wants]
    if float(weights.sum()) <= room:
        return 0.0
    rates = gain[wants] / weights
    order = np.argsort(-rates, kind="stable")
    over = int(np.searchsorted(np.cumsum(weights[order]), room, side="right"))
    return float(rates[order[min(over, order.size - 1)]])


@attrs.frozen(eq=False)
class ExactPrices:
    """Prices as whole numbers of a small fraction, so that the bound is exact.

    Attributes:
        priced: Cost and price of each place for each loan; `NEVER`: closed.
        bits: Values are multiples of 1 / 2**bits.
        given_back: What all places take back at most, in the same fraction.

    Example:
        See `amount_prices_batch`.
    """

    priced: Int64s
    bits: int
    given_back: int

    @classmethod
    def of(cls, cost: Int64s, limits: RoomLimits, prices: PlacePrices) -> ExactPrices:
        """Return the prices rounded down to what int64 can hold."""
        largest = float(limits.amount.max(initial=0))
        top = float(cost.max(initial=0)) + float(prices.by_loan.max(initial=0.0))
        top += float(prices.by_amount.max(initial=0.0)) * largest + 1.0
        # A price that leaves int64 even without a fraction is lowered: any will do.
        lower = min(1.0, 2.0**60 / top)
        bits = 0
        while bits < _FRACTION_BITS and top * 2.0 ** (bits + 1) < 2.0**60:
            bits += 1
        by_loan = np.floor(prices.by_loan * lower * 2.0**bits).astype(np.int64)
        by_amount = np.floor(prices.by_amount * lower * 2.0**bits).astype(np.int64)
        price = by_loan + limits.amount[:, None] * by_amount
        given_back = sum(
            one * room + each * money
            for one, room, each, money in zip(
                by_loan.tolist(),
                limits.room.tolist(),
                by_amount.tolist(),
                limits.amount_room.tolist(),
                strict=True,
            )
        )
        scaled = np.where(cost == UNKNOWN, 0, cost) * 2**bits + price
        return cls(np.where(cost == UNKNOWN, NEVER, scaled), bits, given_back)

    @property
    def bound(self) -> int:
        """What every assignment costs at least."""
        least = self.priced.min(axis=1, initial=NEVER)
        # The sum of all may leave int64, those of both halves do not.
        low = 2**30
        high = int((least // low).sum())
        total = high * low + int((least % low).sum())
        return max(-((self.given_back - total) >> self.bits), 0)
