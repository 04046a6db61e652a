"""Which day each loan takes under a capacity: by number alone, or by amounts too.

Limits of amounts are looked at only where the best assignment by number breaks them.

Example:
    >>> import numpy as np
    >>> from microcrm_core.adjustments import COLLECTIONS_WORKING_WEEK
    >>> from microcrm_core.adjustments.capacity_assignment_batch import assign_days
    >>> found = assign_days(
    ...     np.array([[0, 5], [0, 9]]), np.array([1, 2]), COLLECTIONS_WORKING_WEEK, None
    ... )
    >>> found.choice.tolist()
    [1, 0]
"""

from __future__ import annotations

import attrs
import numpy as np

from microcrm_core.adjustments.amount_assignment_batch import assign_amounts
from microcrm_core.adjustments.capacity_shortages import CapacityShortage
from microcrm_core.adjustments.collection_capacity import CollectionCapacity
from microcrm_core.adjustments.unit_assignment_batch import assign_units
from microcrm_core.batch import UNKNOWN, Bools, Int64s

__all__ = ["DayAssignment", "assign_days"]


@attrs.frozen(kw_only=True, eq=False)
class DayAssignment:
    """What a solver came to.

    Attributes:
        choice: Position of the day of each loan; None: there is a shortage.
        bound: What every assignment costs at least; None: the choice costs the least.
        amount_room: What each day collects at most; None: no limit.
        shortage: Why nothing is assigned; None: all is.

    Example:
        See `capacity_assignment_batch`.
    """

    choice: Int64s | None
    bound: int | None = None
    amount_room: Int64s | None = None
    shortage: CapacityShortage | None = None


def assign_days(
    cost: Int64s,
    room: Int64s,
    capacity: CollectionCapacity,
    amount_minor: Int64s | None,
) -> DayAssignment:
    """Return which day each loan takes at the least cost, or why none can be found.

    Args:
        cost: What each day costs each loan, in multiples of the number of loans plus
            one, plus one for a move; `UNKNOWN` where it may not have it.
        room: Loans that each day takes.
        capacity: What a day collects at most, where that is limited.
        amount_minor: Of each loan; None where amounts are not limited.

    Shapes:
        (loans, days); (days,); (loans,).

    Example:
        See `capacity_assignment_batch`.
    """
    units = assign_units(cost, room)
    if units.is_short.any():
        return DayAssignment(
            choice=None, shortage=_shortage(cost, units.is_short, room)
        )
    if amount_minor is None or not capacity.has_amount_limits:
        return DayAssignment(choice=units.choice)
    total = sum(amount_minor.tolist())
    money = np.array(capacity.amount_room_by_day(total), np.int64)
    load = np.zeros(room.size, np.int64)
    np.add.at(load, units.choice, amount_minor)
    if (load <= money).all():
        return DayAssignment(choice=units.choice, amount_room=money)
    fits = np.where(amount_minor[:, None] <= money, cost, UNKNOWN)
    has_none = (fits == UNKNOWN).all(axis=1)
    if has_none.any():
        # The first loan that no day can collect, and the days that it may have.
        row = int(np.flatnonzero(has_none)[0])
        is_short: Bools = np.asarray(cost[row] != UNKNOWN)
        alone, amount = cost[row : row + 1], amount_minor[row : row + 1]
        short = _shortage(alone, is_short, room, amount, money.max(where=is_short,
                          initial=0))  # fmt: skip
        return DayAssignment(choice=None, amount_room=money, shortage=short)
    each = int(amount_minor[0])
    if each > 0 and (amount_minor == each).all():
        # Equal amounts are a limit by number, which is exact.
        units = assign_units(fits, np.minimum(room, money // each))
        is_short = units.is_short
        if not is_short.any():
            return DayAssignment(choice=units.choice, amount_room=money)
        short = _shortage(
            fits, is_short, room, amount_minor, sum(money[is_short].tolist())
        )
        return DayAssignment(choice=None, amount_room=money, shortage=short)
    unit = amount_minor.size + 1
    found = assign_amounts(fits, room, amount_minor, money, unit=unit)
    if found.choice is None:
        is_short = found.is_short
        if not is_short.any():
            is_short = np.asarray((fits != UNKNOWN).any(axis=0))
        short = _shortage(
            fits, is_short, room, amount_minor, sum(money[is_short].tolist())
        )
        short = attrs.evolve(short, is_proven=found.is_proven)
        return DayAssignment(choice=None, amount_room=money, shortage=short)
    return DayAssignment(
        choice=found.choice,
        bound=None if found.is_proven else found.bound,
        amount_room=money,
    )


def _shortage(
    cost: Int64s,
    is_short: Bools,
    room: Int64s,
    amount_minor: Int64s | None = None,
    room_minor: int | None = None,
) -> CapacityShortage:
    """Return the shortage of these days, with the loans that can have no other."""
    is_bound = ~(cost[:, ~is_short] != UNKNOWN).any(axis=1)
    return CapacityShortage(
        days=tuple((np.flatnonzero(is_short) + 1).tolist()),
        loan_count=int(is_bound.sum()),
        room_count=int(room[is_short].sum()),
        amount_minor=(
            None if amount_minor is None else sum(amount_minor[is_bound].tolist())
        ),
        room_minor=None if room_minor is None else int(room_minor),
    )
