"""The cheapest places where each loan takes one: a transportation problem, exactly.

Loans are many and places are few, so the work is done between places. Each place has a
price, and each loan goes where its cost and the price add up to the least. Prices are
guessed from some thousand loans and made better by Newton's method. What is then still
too full is emptied along cheapest chains: a loan moves from the full place to another,
one of that place's to a third, until a place has room. Any prices do for a start; the
end is exact, and its prices prove that nothing is cheaper.

Example:
    >>> import numpy as np
    >>> from microcrm_core.adjustments.unit_assignment_batch import assign_units
    >>> found = assign_units(np.array([[0, 5], [0, 9]]), np.array([1, 2]))
    >>> found.choice.tolist(), found.price.tolist()
    ([1, 0], [5, 0])
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import UNKNOWN, Bools, Floats, Int64s, require_rows
from microcrm_core.errors import InvalidValueError

__all__ = ["COST_MAX", "UnitAssignment", "assign_units"]

COST_MAX: Final = 2**54
"""The largest cost; a chain over all days must stay far inside int64."""

# Above every chain of costs and prices, and small enough that two of it fit int64.
_NEVER: Final = 2**61
# So few loans are done by chains alone.
_SAMPLE: Final = 2_000
_NEWTON_STEPS: Final = 30


@attrs.frozen(kw_only=True, eq=False)
class UnitAssignment:
    """Which place each loan takes, or which places are too few.

    Attributes:
        choice: Position of the place of each loan, (loans,). Where places are short it
            is the cheapest that overfills them, and no assignment.
        price: What one more unit of room in a place would save at most, (places,).
        load: Loans in each place, (places,).
        is_short: The places that together have too little room for the loans that can
            go nowhere else, (places,); all False: everything fits.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments.unit_assignment_batch import UnitAssignment
        >>> attrs.fields(UnitAssignment)[0].name
        'choice'
    """

    choice: Int64s
    price: Int64s
    load: Int64s
    is_short: Bools


def assign_units(cost: Int64s, room: Int64s) -> UnitAssignment:
    """Return the places with the least sum of costs, no place above its room.

    Exact. The same input gives the same result: steps that tie are taken in the order
    of the loans and the places.

    Args:
        cost: What each place costs each loan, up to `COST_MAX` either way; `UNKNOWN`
            where it cannot go. Every loan can go somewhere.
        room: How many loans each place takes.

    Shapes:
        (loans, places); (places,).

    Raises:
        InvalidValueError: Shapes do not agree, a cost or room is out of bounds, or a
            loan can go nowhere.

    Source:
        R. Ahuja, T. Magnanti and J. Orlin, Network Flows (1993), chapter 9: successive
        shortest paths and node potentials, which are the prices here.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments.unit_assignment_batch import assign_units
        >>> assign_units(np.array([[0, 5], [0, 9]]), np.array([1, 0])).is_short.tolist()
        [True, True]
    """
    _check(cost, room)
    costs = np.where(cost == UNKNOWN, _NEVER, cost)
    room = np.minimum(room, cost.shape[0])
    chains = _Chains(costs, room, _first_prices(costs, room))
    chains.empty_full_places()
    return UnitAssignment(
        choice=chains.choice,
        price=chains.price - chains.price.min(),
        load=chains.load - chains.spare,
        is_short=chains.is_short,
    )


def _first_prices(costs: Int64s, room: Int64s) -> Int64s:
    """Return prices under which places are nearly as full as they may be."""
    count = costs.shape[0]
    if count <= 2 * _SAMPLE:
        return np.zeros(room.size, np.int64)
    every = count // _SAMPLE
    sample = costs[::every]
    # Rounded up, so that what fits as a whole fits in the sample.
    sample_room = -(-room * sample.shape[0] // count)
    chains = _Chains(sample, sample_room, np.zeros(room.size, np.int64))
    chains.empty_full_places()
    return _better_prices(costs, room, chains.price - chains.price.min())


def _better_prices(costs: Int64s, room: Int64s, price: Int64s) -> Int64s:
    """Return the prices of the steps of Newton's method that left the least excess."""
    best, least, scale = price, None, 1.0
    step = np.zeros(room.size)
    for _ in range(_NEWTON_STEPS):
        # A price is a whole number, so the step is rounded; it is a guess anyway.
        tried = np.maximum(best + np.rint(scale * step).astype(np.int64), 0)
        choices = _Choices.of(costs, tried)
        excess = choices.load - room
        # A place without a price may well be less full.
        is_active = (tried > 0) | (excess > 0)
        total = int(np.abs(excess[is_active]).sum())
        if least is None or total < least:
            best, least = tried, total
            if total <= room.size:
                break
            step = choices.newton_step(excess, is_active)
        else:
            scale /= 2
    return best


@attrs.frozen(kw_only=True, eq=False)
class _Choices:
    """Where the loans go under prices, and how near they are to going elsewhere.

    Attributes:
        first: The place where cost and price add up to the least.
        second: The next best place.
        margin: How much more it costs there.
        load: Loans in each place.
    """

    first: Int64s
    second: Int64s
    margin: Int64s
    load: Int64s

    @classmethod
    def of(cls, costs: Int64s, price: Int64s) -> _Choices:
        priced = costs + price
        rows: Int64s = np.arange(costs.shape[0], dtype=np.int64)
        first = priced.argmin(axis=1)
        least = priced[rows, first]
        priced[rows, first] = _NEVER + _NEVER // 2
        second = priced.argmin(axis=1)
        return cls(
            first=first,
            second=second,
            margin=priced[rows, second] - least,
            load=np.bincount(first, minlength=price.size).astype(np.int64),
        )

    def newton_step(self, excess: Int64s, is_active: Bools) -> Floats:
        """Return by how much prices rise for the excess to leave, were it linear."""
        size = excess.size
        # The nearest loans, some hundred a place, say how fast loans leave.
        near = min(self.margin.size - 1, size * 100 + int(np.abs(excess).sum()))
        width = max(int(np.partition(self.margin, near)[near]), 1)
        is_near = self.margin <= width
        pair = self.first[is_near] * size + self.second[is_near]
        flow = np.bincount(pair, minlength=size * size).reshape(size, size)
        rate = (flow + flow.T) / (2.0 * width)
        matrix = np.diag(rate.sum(axis=1)) - rate
        active = np.flatnonzero(is_active)
        step = np.zeros(size)
        wanted = excess[active].astype(np.float64)
        part = matrix[np.ix_(active, active)]
        step[active] = np.linalg.lstsq(part, wanted, rcond=None)[0]
        return np.clip(step, -float(COST_MAX), float(COST_MAX))


def _check(cost: Int64s, room: Int64s) -> None:
    if cost.ndim != 2 or room.shape != cost.shape[1:] or room.size == 0:
        rule = "must have one value for each column of the costs, and at least one"
        raise InvalidValueError("room", rule, room.shape)
    require_rows(room >= 0, room, "room", "must not be negative")
    is_open = cost != UNKNOWN
    in_bounds = ~is_open | ((cost <= COST_MAX) & (cost >= -COST_MAX))
    rule = f"must be UNKNOWN or at most {COST_MAX} either way"
    require_rows(in_bounds.all(axis=1), _worst(cost, in_bounds), "cost", rule)
    open_count = is_open.sum(axis=1, dtype=np.int64)
    rule = "must be at least one place"
    require_rows(open_count > 0, open_count, "open places", rule)


def _worst(cost: Int64s, in_bounds: Bools) -> Int64s:
    if cost.shape[0] == 0:
        return np.zeros(0, np.int64)
    column = np.argmin(in_bounds, axis=1)
    return np.take_along_axis(cost, column[:, None], axis=1)[:, 0]


class _Chains:
    """The state of the search.

    Room that no loan needs is filled with spare units, which cost nothing anywhere.
    After every step, each loan and each spare unit is where its cost and the price add
    up to the least. So once no place has more than its room, the sum of costs is the
    least.
    """

    def __init__(self, costs: Int64s, room: Int64s, price: Int64s) -> None:
        self.costs = costs
        self.room = room
        self.price = price
        self.choice = (costs + price).argmin(axis=1).astype(np.int64)
        self.load = np.bincount(self.choice, minlength=room.size).astype(np.int64)
        self.spare = np.zeros(room.size, np.int64)
        self.is_short = np.zeros(room.size, np.bool_)
        self.least = np.full((room.size, room.size), _NEVER, np.int64)
        self.is_stale = np.ones(self.least.shape, np.bool_)
        self._spread_spare()

    def _spread_spare(self) -> None:
        # From the last place, so that room is left in the first.
        left = max(int(self.room.sum()) - self.choice.size, 0)
        cheapest = np.flatnonzero(self.price == self.price.min())[::-1].tolist()
        for place in cheapest:
            fits = min(left, max(int(self.room[place] - self.load[place]), 0))
            self.spare[place] = fits
            left -= fits
        self.spare[cheapest[0]] += left
        self.load += self.spare

    def empty_full_places(self) -> None:
        """Move units along the cheapest chains from full places to places with room."""
        while (self.load > self.room).any():
            for place in np.flatnonzero(self.is_stale.any(axis=1)).tolist():
                self._find_least(place, np.flatnonzero(self.is_stale[place]))
            self.is_stale[:] = False
            steps = self._steps()
            distance, before = _distances(steps, self.load > self.room)
            is_reached = distance < _NEVER
            has_room = (self.load < self.room) & is_reached
            if not has_room.any():
                self.is_short = is_reached
                return
            end = int(np.where(has_room, distance, _NEVER).argmin())
            self._push(_chain(before, end))
            # Nearer places rise by what they are nearer, so no step falls below zero.
            self.price += np.maximum(distance[end] - distance, 0)

    def _find_least(self, place: int, targets: Int64s) -> None:
        """Find by how much a unit costs least more elsewhere, prices aside."""
        rows = np.flatnonzero(self.choice == place)
        least = np.full(targets.size, 0 if self.spare[place] else _NEVER, np.int64)
        if rows.size:
            step = self.costs[rows[:, None], targets] - self.costs[rows, place, None]
            least = np.minimum(least, step.min(axis=0))
        self.least[place, targets] = np.where(targets == place, _NEVER, least)

    def _steps(self) -> Int64s:
        """Return what a step between two places costs, prices included."""
        step: Int64s = self.least + self.price - self.price[:, None]
        # What is closed to all of them is above every cost of a chain.
        return np.where(self.least > _NEVER // 2, _NEVER, step)

    def _push(self, chain: list[int]) -> None:
        """Move as many units as the narrowest link of the chain takes."""
        first, end = chain[0], chain[-1]
        count = min(
            int(self.load[first] - self.room[first]),
            int(self.room[end] - self.load[end]),
        )
        links: list[tuple[Int64s, int]] = []
        for place, target in pairwise(chain):
            least = self.least[place, target]
            rows = np.flatnonzero(self.choice == place)
            step = self.costs[rows, target] - self.costs[rows, place]
            links.append((rows[step == least], int(least == 0) * self.spare[place]))
            count = min(count, links[-1][0].size + links[-1][1])
        for (rows, _), place, target in zip(links, chain, chain[1:], strict=False):
            self._move(rows[:count], count, place, target)

    def _move(self, rows: Int64s, count: int, place: int, target: int) -> None:
        self.choice[rows] = target
        self.load[place] -= count
        self.load[target] += count
        if rows.size:
            costs = self.costs[rows]
            # Only the steps that those who left were first to take are looked for anew.
            left = (costs - costs[:, [place]]).min(axis=0)
            self.is_stale[place] |= left <= self.least[place]
            arrived = (costs - costs[:, [target]]).min(axis=0)
            arrived[target] = _NEVER
            np.minimum(self.least[target], arrived, out=self.least[target])
        spare = count - rows.size
        if spare:
            self.spare[place] -= spare
            self.spare[target] += spare
            self.is_stale[place] = True
            self.is_stale[target] = True


def _distances(steps: Int64s, is_start: Bools) -> tuple[Int64s, Int64s]:
    """Return the length of the cheapest chain to each place and the place before."""
    distance = np.where(is_start, 0, _NEVER).astype(np.int64)
    before = np.full(distance.size, -1, np.int64)
    # A chain visits no place twice, so this ends after as many rounds at most.
    for _ in range(distance.size):
        through = np.minimum(distance[:, None] + steps, _NEVER)
        nearest = through.argmin(axis=0)
        found = through[nearest, np.arange(distance.size)]
        is_nearer = found < distance
        if not is_nearer.any():
            break
        distance[is_nearer] = found[is_nearer]
        before[is_nearer] = nearest[is_nearer]
    return distance, before


def _chain(before: Int64s, end: int) -> list[int]:
    chain = [end]
    while before[chain[-1]] >= 0:
        chain.append(int(before[chain[-1]]))
    return chain[::-1]
