"""Places where each loan takes one, limited by number and by the sum of amounts.

Amounts make the problem hard (a generalized assignment problem), so two things are
worked out. Prices of places, by loan and by amount, prove a bound below which no
assignment can be: each loan pays at least its cheapest priced place, and the places
take back at most their room times the price. And an assignment is made from these
prices: loans leave places that are too full where that costs least for their amount,
then go wherever they fit and cost less. Of few loans all assignments are searched that
the prices do not rule out, so the best is found.

`amount_prices_batch` finds the prices; the bound holds for any.

Example:
    >>> import numpy as np
    >>> from microcrm_core.adjustments.amount_assignment_batch import assign_amounts
    >>> found = assign_amounts(
    ...     np.array([[0, 5], [0, 9], [0, 4]]),
    ...     np.array([3, 3]),
    ...     np.array([60, 50, 40]),
    ...     np.array([100, 100]),
    ... )
    >>> found.choice.tolist(), found.bound, found.is_proven
    ([1, 0, 0], 5, True)
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.adjustments.amount_prices_batch import (
    NEVER,
    ExactPrices,
    RoomLimits,
    better_prices,
    place_prices,
)
from microcrm_core.batch import UNKNOWN, Bools, Floats, Int64s

__all__ = ["AmountAssignment", "assign_amounts"]

_PASSES: Final = 200
_GOLDEN: Final = 0.6180339887498949
_SPREADS: Final = (0.25, 0.06, 0.015)
# So near to the bound no other prices are tried: a thousandth.
_GAP_SHARE: Final = 1_000
_KEPT_FREE: Final = (0, 1, 3)
# So few loans are searched, in so many steps at most.
_SEARCHED: Final = 40
_STEPS: Final = 60_000


@attrs.frozen(kw_only=True, eq=False)
class AmountAssignment:
    """Which place each loan takes, and how near to the best it is.

    Attributes:
        choice: Position of the place of each loan, (loans,); None: none was found.
        bound: No assignment costs less than this.
        is_proven: Whether nothing is cheaper; without a choice, whether there is none.
        is_short: Places whose room is too little for the loans that can go nowhere
            else, (places,); all False where that is not the reason.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments.amount_assignment_batch import (
        ...     AmountAssignment,
        ... )
        >>> attrs.fields(AmountAssignment)[1].name
        'bound'
    """

    choice: Int64s | None
    bound: int
    is_proven: bool
    is_short: Bools


def assign_amounts(
    cost: Int64s,
    room: Int64s,
    amount: Int64s,
    amount_room: Int64s,
    *,
    unit: int = 1,
) -> AmountAssignment:
    """Return places within the room by number and by amount, at a low sum of costs.

    Args:
        cost: What each place costs each loan, zero or more, at most 2**54; `UNKNOWN`
            where it cannot go. Every loan can go somewhere where its amount fits.
        room: How many loans each place takes.
        amount: Of each loan, zero or more; all together below 2**60.
        amount_room: What each place takes of them.
        unit: Costs are multiples of it, and rests that decide between equal multiples.

    Shapes:
        (loans, places); (places,); (loans,); (places,).

    Source:
        Lagrangian relaxation: M. L. Fisher, The Lagrangian relaxation method for
        solving integer programming problems, Management Science 27 (1981).

    Example:
        See `amount_assignment_batch`.
    """
    total = int(amount.sum())
    limits = RoomLimits(
        np.minimum(room, cost.shape[0]), amount, np.minimum(amount_room, total)
    )
    # Where many costs are equal, prices move all loans or none. Told apart they split,
    # and the less they are told apart the nearer the bound comes to that of the costs.
    spread = _spread(cost, unit, _SPREADS[0])
    prices = place_prices(_floats(spread), limits)
    draft = _drafted(cost, ExactPrices.of(spread, limits, prices).priced, limits)
    for most in _SPREADS[1:]:
        spread = _spread(cost, unit, most)
        prices = better_prices(_floats(spread), limits, prices)
    exact = ExactPrices.of(cost, limits, prices)
    for loans in _KEPT_FREE:
        if draft.is_near(exact.bound):
            break
        # Prices of a little less room leave room for the moves that are still needed.
        prices = better_prices(_floats(spread), limits.less(loans), prices)
        other = _drafted(cost, ExactPrices.of(spread, limits, prices).priced, limits)
        draft = min(draft, other, key=_Draft.rank)
    is_short = np.zeros(room.size, np.bool_)
    if draft.is_full.any():
        choice = None
        is_short = draft.closed_set()
    else:
        choice = draft.choice
    bound = exact.bound
    best = None if choice is None else draft.cost_of(choice)
    is_proven = best is not None and best <= bound
    if not is_proven and not is_short.any() and cost.shape[0] <= _SEARCHED:
        searched = _Search(cost, limits, exact, best)
        is_proven = searched.is_done
        if searched.choice is not None:
            draft.take(np.array(searched.choice, np.int64))
            draft.use_room()
            choice = draft.choice
            best = draft.cost_of(choice)
        if is_proven and best is not None:
            bound = best
    return AmountAssignment(
        choice=choice,
        bound=bound,
        is_proven=is_proven or bool(is_short.any()),
        is_short=is_short,
    )


def _floats(cost: Int64s) -> Floats:
    return np.where(cost == UNKNOWN, np.inf, cost.astype(np.float64))


def _spread(cost: Int64s, unit: int, most: float) -> Int64s:
    """Return costs with rests told apart, by a share of a unit; the rest 0 stays."""
    # Multiples of the golden ratio are spread evenly, and the same on every machine.
    place = np.arange(cost.size, dtype=np.float64).reshape(cost.shape)
    share = (place * _GOLDEN) % 1.0 * most
    added = np.where(cost % unit > 0, np.floor(share * unit), 0.0).astype(np.int64)
    return np.where(cost == UNKNOWN, UNKNOWN, cost + added)


def _drafted(cost: Int64s, priced: Int64s, limits: RoomLimits) -> _Draft:
    """Return the assignment that prices lead to; some places are full if none fits."""
    draft = _Draft(cost, priced, limits)
    draft.empty_full_places()
    if draft.is_full.any():
        anew = _Draft(cost, priced, limits)
        if not anew.fill_anew():
            return draft
        draft = anew
    draft.use_room()
    return draft


class _Draft:
    """An assignment while it is made to fit, and then better."""

    def __init__(self, cost: Int64s, priced: Int64s, limits: RoomLimits) -> None:
        self.cost = cost
        self.priced = priced
        self.is_open = cost != UNKNOWN
        self.limits = limits
        self.take(priced.argmin(axis=1).astype(np.int64))

    def take(self, choice: Int64s) -> None:
        """Begin with these places of the loans."""
        size = self.limits.room.size
        self.choice = choice
        self.spare = self.limits.room - np.bincount(choice, minlength=size)
        load = np.zeros(size, np.int64)
        np.add.at(load, choice, self.limits.amount)
        self.money = self.limits.amount_room - load

    @property
    def is_full(self) -> Bools:
        """Places with more than they take."""
        return (self.spare < 0) | (self.money < 0)

    def is_near(self, bound: int) -> bool:
        """Return whether all loans fit, so cheaply that little could be won."""
        if self.is_full.any():
            return False
        return (self.cost_of(self.choice) - bound) * _GAP_SHARE <= bound

    def rank(self) -> tuple[bool, int]:
        """Return what the better of two drafts has less of: full places, then costs."""
        return bool(self.is_full.any()), self.cost_of(self.choice)

    def cost_of(self, choice: Int64s) -> int:
        """Return the sum of the costs of an assignment."""
        rows = np.arange(choice.size)
        paid: list[int] = self.cost[rows, choice].tolist()
        return sum(paid)

    def empty_full_places(self) -> None:
        """Move loans from full places to places with room, the cheapest first."""
        for _ in range(_PASSES):
            full = np.flatnonzero(self.is_full)
            moved = [self._empty(int(place)) for place in full]
            if not any(moved):
                return

    def _empty(self, place: int) -> bool:
        rows = np.flatnonzero(self.choice == place)
        # Prices say what the room is worth to others.
        extra, target = self._cheapest(rows, self.priced)
        is_able = target >= 0
        rows, extra, target = rows[is_able], extra[is_able], target[is_able]
        weight = np.maximum(self.limits.amount[rows], 1).astype(np.float64)
        if self.money[place] >= 0:
            weight = np.ones(rows.size)
        elif self.spare[place] >= 0:
            # What brings nothing need not go.
            weight[self.limits.amount[rows] == 0] = 1e-9
        has_moved = False
        for at in np.argsort(extra / weight, kind="stable").tolist():
            if self.spare[place] >= 0 and self.money[place] >= 0:
                break
            has_moved |= self._move(int(rows[at]), int(target[at]))
        return has_moved

    def fill_anew(self) -> bool:
        """Place the loans anew, large amounts first; return whether all fit."""
        self.spare = self.limits.room.copy()
        self.money = self.limits.amount_room.copy()
        for row in np.argsort(-self.limits.amount, kind="stable").tolist():
            amount = int(self.limits.amount[row])
            fits = self.is_open[row] & (self.spare >= 1) & (self.money >= amount)
            if not fits.any():
                return False
            place = int(np.where(fits, self.priced[row], NEVER).argmin())
            self.choice[row] = place
            self.spare[place] -= 1
            self.money[place] -= amount
        return True

    def use_room(self) -> None:
        """Move loans to where they fit and cost less, until there is none."""
        while True:
            rows: Int64s = np.arange(self.choice.size, dtype=np.int64)
            extra, target = self._cheapest(rows, self.cost)
            able = np.flatnonzero((target >= 0) & (extra < 0))
            order = able[np.argsort(extra[able], kind="stable")]
            moved = [self._move(row, int(target[row])) for row in order.tolist()]
            if not any(moved):
                return

    def _cheapest(self, rows: Int64s, cost: Int64s) -> tuple[Int64s, Int64s]:
        """Return what each loan costs more at the cheapest other place where it fits.

        And that place; -1 where it fits nowhere.
        """
        amount = self.limits.amount[rows]
        fits = self.is_open[rows] & (self.money >= amount[:, None])
        fits &= self.spare >= 1
        at = np.arange(rows.size)
        here = self.choice[rows]
        fits[at, here] = False
        costs = np.where(fits, cost[rows], NEVER)
        target = costs.argmin(axis=1).astype(np.int64)
        extra = costs[at, target] - cost[rows, here]
        return extra, np.where(fits.any(axis=1), target, -1)

    def _move(self, row: int, target: int) -> bool:
        amount = int(self.limits.amount[row])
        if self.spare[target] < 1 or self.money[target] < amount:
            return False
        place = int(self.choice[row])
        self.choice[row] = target
        self.spare[place] += 1
        self.money[place] += amount
        self.spare[target] -= 1
        self.money[target] -= amount
        return True

    def closed_set(self) -> Bools:
        """Return places with too little room for the loans that have no other.

        All False where the loans of the full places could go elsewhere, if only whole
        loans fitted there.
        """
        reached = self.is_full.copy()
        while True:
            inside = self.is_open[reached[self.choice]]
            further = reached | inside.any(axis=0)
            if (further == reached).all():
                break
            reached = further
        is_short = sum(self.money[reached].tolist()) < 0
        is_short |= sum(self.spare[reached].tolist()) < 0
        return reached if is_short else np.zeros(reached.size, np.bool_)


class _Search:
    """All assignments of few loans, but for those that the prices rule out."""

    def __init__(
        self, cost: Int64s, limits: RoomLimits, exact: ExactPrices, best: int | None
    ) -> None:
        self.choice: list[int] | None = None
        self.is_done = True
        self._best = best
        self._bits = exact.bits
        self._room = limits.room.tolist()
        self._money = limits.amount_room.tolist()
        order = np.argsort(-limits.amount, kind="stable")
        self._order = order.tolist()
        self._amount = limits.amount[order].tolist()
        self._cost = cost[order].tolist()
        self._priced = exact.priced[order].tolist()
        self._places = [
            [place for place in row if self._priced[level][place] < NEVER]
            for level, row in enumerate(
                np.argsort(exact.priced[order], axis=1, kind="stable").tolist()
            )
        ]
        rest = [0]
        for row in reversed(self._priced):
            rest.append(rest[-1] + min(row))
        self._rest = rest[::-1]
        self._taken = [0] * len(self._order)
        self._steps = 0
        self._look(0, -exact.given_back, 0)

    def _look(self, level: int, priced: int, cost: int) -> None:
        if level == len(self._order):
            if self._best is None or cost < self._best:
                self._best = cost
                self.choice = [0] * level
                for row, place in zip(self._order, self._taken, strict=True):
                    self.choice[row] = place
            return
        self._steps += 1
        if self._steps > _STEPS:
            self.is_done = False
            return
        amount = self._amount[level]
        for place in self._places[level]:
            if self._room[place] < 1 or self._money[place] < amount:
                continue
            there = priced + self._priced[level][place]
            least = there + self._rest[level + 1]
            # What does not cost less than the best is of no use.
            if self._best is not None and least > (self._best - 1) << self._bits:
                return
            self._room[place] -= 1
            self._money[place] -= amount
            self._taken[level] = place
            self._look(level + 1, there, cost + self._cost[level][place])
            self._room[place] += 1
            self._money[place] += amount
