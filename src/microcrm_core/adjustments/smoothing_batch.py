"""A portfolio's due days kept under a capacity a day, at the least loss of fit.

Each loan has a cost for each day: how much worse the day fits than the best one. The
sum of the costs is made as small as the capacity allows, exactly; among the solutions
that do so, one that moves the fewest loans is taken. Where days are also limited by
what they collect, that is exact for few loans only; for many there is a solution with a
bound that proves how far from the best it can be.

Example:
    >>> import attrs
    >>> import numpy as np
    >>> from microcrm_core.adjustments import COLLECTIONS_WORKING_WEEK
    >>> from microcrm_core.adjustments.smoothing_batch import smooth_due_days
    >>> one_a_day = attrs.evolve(
    ...     COLLECTIONS_WORKING_WEEK, id="one", loan_count_max_by_day=(1,) * 7
    ... )
    >>> cost = np.array([[0, 5, 9, 9, 9, 9, 9], [0, 8, 9, 9, 9, 9, 9]])
    >>> smoothed = smooth_due_days(cost, np.array([1, 1]), one_a_day)
    >>> smoothed.due_day.tolist(), smoothed.loss
    ([2, 1], 5)
    >>> smoothed.reason(0).text("en")
    'moved from day 1 to 2: day 1 has no room'
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.adjustments.capacity_assignment_batch import assign_days
from microcrm_core.adjustments.capacity_shortages import CapacityShortage
from microcrm_core.adjustments.collection_capacity import CollectionCapacity
from microcrm_core.adjustments.unit_assignment_batch import COST_MAX
from microcrm_core.batch import UNKNOWN, Bools, Int64s, require_rows
from microcrm_core.checks import whole_number
from microcrm_core.decisions import FactValue, Reason
from microcrm_core.errors import InvalidValueError
from microcrm_core.html import html_table

__all__ = ["CapacityShortage", "SmoothedDueDays", "smooth_due_days"]

# Sums of amounts that are limited must fit int64.
_AMOUNT_MAX: Final = 2**60


@attrs.frozen(kw_only=True, eq=False)
class SmoothedDueDays:
    """Due days of a portfolio under a capacity, one row a loan.

    Where there is a shortage, nothing is assigned: `due_day`, `loss_by_loan` and
    `full_day` are `UNKNOWN`, and `loss` is None.

    Attributes:
        capacity: The policy that limits the days.
        current_day: Due day before; `UNKNOWN` for a new loan.
        due_day: Due day under the capacity.
        best_day: The day that costs least, the first of them on a tie.
        loss_by_loan: Cost of the due day less that of the best day.
        full_day: A day that the loan would have but for its room; `UNKNOWN` without.
        is_current_open: Whether the current day takes loans and may be this loan's;
            False without a current day.
        amount_minor: What falls due; None: not given.
        room_by_day: Loans that each day takes, (days,).
        amount_room_by_day: What each day collects at most, (days,); None: no limit.
        loss_min: No assignment within the capacity loses less; the loss itself where it
            is the least. None where nothing is assigned.
        shortage: Why nothing could be assigned; None: all is assigned.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments.smoothing_batch import SmoothedDueDays
        >>> attrs.fields(SmoothedDueDays)[0].name
        'capacity'
    """

    capacity: CollectionCapacity
    current_day: Int64s
    due_day: Int64s
    best_day: Int64s
    loss_by_loan: Int64s
    full_day: Int64s
    is_current_open: Bools
    amount_minor: Int64s | None
    room_by_day: Int64s
    amount_room_by_day: Int64s | None = None
    loss_min: int | None
    shortage: CapacityShortage | None

    @property
    def loss(self) -> int | None:
        """What the capacity costs in all; None where nothing is assigned."""
        # Python's sum: the losses of many loans may leave int64.
        return None if self.shortage else sum(self.loss_by_loan.tolist())

    @property
    def is_moved(self) -> Bools:
        """Which loans have another due day than before; new loans have not."""
        is_given = (self.current_day != UNKNOWN) & (self.due_day != UNKNOWN)
        return np.asarray(is_given & (self.due_day != self.current_day), np.bool_)

    @property
    def moved_count(self) -> int:
        """How many loans have another due day than before."""
        return int(self.is_moved.sum())

    @property
    def loan_count_before_by_day(self) -> Int64s:
        """Loans on each day before; new loans are on none."""
        return self._count(self.current_day)

    @property
    def loan_count_by_day(self) -> Int64s:
        """Loans on each day; zeros where nothing is assigned."""
        return self._count(self.due_day)

    @property
    def amount_minor_before_by_day(self) -> tuple[int, ...] | None:
        """What fell due on each day before; None without amounts."""
        return self._amounts(self.current_day)

    @property
    def amount_minor_by_day(self) -> tuple[int, ...] | None:
        """What falls due on each day; None without amounts."""
        return self._amounts(self.due_day)

    def reason(self, row: int) -> Reason:
        """Return why the loan of *row* has its due day.

        Raises:
            InvalidValueError: There is no such row.
        """
        whole_number("row", row, at_least=0, at_most=self.due_day.size - 1)
        if self.shortage is not None:
            return self.shortage.reason
        due_day, current = int(self.due_day[row]), int(self.current_day[row])
        params: dict[str, FactValue] = {"due_day": due_day}
        is_full = int(self.full_day[row]) != UNKNOWN
        if is_full:
            params["full_day"] = int(self.full_day[row])
        if current == UNKNOWN:
            return Reason("smoothing_new_full" if is_full else "smoothing_new", params)
        if current == due_day:
            return Reason(
                "smoothing_keeps_full" if is_full else "smoothing_keeps", params
            )
        params["current_day"] = current
        if not self.is_current_open[row]:
            return Reason("smoothing_moved_closed", params)
        return Reason(
            "smoothing_moved_full" if is_full else "smoothing_moved_better", params
        )

    def to_columns(self) -> dict[str, list[int | None]]:
        """Return the loans as columns of whole numbers, None where not known."""
        columns = {
            "current_day": self.current_day,
            "due_day": self.due_day,
            "best_day": self.best_day,
            "loss": self.loss_by_loan,
            "full_day": self.full_day,
        }
        if self.amount_minor is not None:
            columns["amount_minor"] = self.amount_minor
        return {name: _plain(column) for name, column in columns.items()}

    def to_frame(self, backend: str | None = None) -> object:
        """Return the loans as a data frame; see `microcrm_core.frames`.

        Args:
            backend: Kind of frame; None: as `frames.to_frame` takes it.

        Raises:
            MissingExtraError: The extra `frames` is not installed.
        """
        # By name, because frames is an edge: only those who ask for a frame need it.
        frames = import_module("microcrm_core.frames")
        frame: object = frames.to_frame(self.to_columns(), backend)
        return frame

    def __repr__(self) -> str:
        """Return what happened in one line."""
        if self.shortage is not None:
            return f"SmoothedDueDays(shortage={self.shortage})"
        least = "" if self.loss_min == self.loss else f", loss_min={self.loss_min}"
        return (
            f"SmoothedDueDays(loans={self.due_day.size}, moved={self.moved_count}, "
            f"loss={self.loss}{least})"
        )

    def _repr_html_(self) -> str:
        headings = ["day", "room", "loans before", "loans"]
        columns = [
            self.room_by_day.tolist(),
            self.loan_count_before_by_day.tolist(),
            self.loan_count_by_day.tolist(),
        ]
        before, after = self.amount_minor_before_by_day, self.amount_minor_by_day
        if before is not None and after is not None:
            headings += ["minor units before", "minor units"]
            columns += [list(before), list(after)]
        totals = ["", *(f"{sum(column):,}" for column in columns)]
        rows = [
            [number, *(f"{value:,}" for value in values)]
            for number, values in enumerate(zip(*columns, strict=True), start=1)
        ]
        if self.shortage is None:
            moved = f"{self.moved_count:,} of {self.due_day.size:,} loans moved"
            caption = f"{moved}, loss {self.loss:,}"
            if self.loss_min is not None and self.loss_min != self.loss:
                caption += f" of {self.loss_min:,} at least"
        else:
            caption = self.reason(0).text("en")
        return html_table(headings, rows, caption=caption, footer=totals)

    def _count(self, days: Int64s) -> Int64s:
        size = self.room_by_day.size
        on_day = days[days != UNKNOWN] - 1
        return np.bincount(on_day, minlength=size).astype(np.int64)

    def _amounts(self, days: Int64s) -> tuple[int, ...] | None:
        if self.amount_minor is None:
            return None
        sums = [0] * self.room_by_day.size
        for on_day, amount in zip(
            days.tolist(), self.amount_minor.tolist(), strict=True
        ):
            if on_day != UNKNOWN:
                sums[on_day - 1] += amount
        return tuple(sums)


def smooth_due_days(
    cost: Int64s,
    current_day: Int64s,
    capacity: CollectionCapacity,
    *,
    amount_minor: Int64s | None = None,
) -> SmoothedDueDays:
    """Return due days within the capacity, with the least sum of costs.

    Exact. Of all solutions with that sum, it is one that moves the fewest loans; the
    same input gives the same solution. With limits of amounts it is exact where
    `loss_min` equals the loss; else the loss is at most the difference above the least.

    Args:
        cost: How much worse each day fits than the loan's best, zero or more, in any
            unit; `UNKNOWN` for a day that the loan may not have.
        current_day: Due day now, from 1; `UNKNOWN` for a new loan.
        capacity: How many loans each day takes.
        amount_minor: What falls due, zero or more. It limits a day only where the
            capacity has limits of amounts, which need it.

    Shapes:
        (loans, days) with 31 days of the month or 7 of the week; (loans,); (loans,).
        Memory grows to some five times the first.

    Returns:
        What each loan gets, or the shortage where the days are too few.

    Raises:
        InvalidValueError: Shapes do not agree, a value is out of its bounds, or a loan
            may have no day at all, or the capacity limits amounts and none are given.

    Source:
        House rule. The transportation problem, see `unit_assignment_batch`; P. Hall,
        On representatives of subsets (1935), for the shortage as proof; for amounts
        see `amount_assignment_batch`.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments import COLLECTIONS_EVEN
        >>> from microcrm_core.adjustments.smoothing_batch import smooth_due_days
        >>> smoothed = smooth_due_days(
        ...     np.zeros((28, 31), np.int64), np.full(28, 5), COLLECTIONS_EVEN
        ... )
        >>> smoothed.moved_count, int(smoothed.loan_count_by_day.max())
        (26, 2)
    """
    _check(cost, current_day, capacity, amount_minor)
    loan_count = current_day.size
    room = np.array(capacity.room_by_day(loan_count), np.int64)
    is_allowed = cost != UNKNOWN
    days = np.arange(1, room.size + 1)
    # A move is worth less than any difference of costs, even if all loans move.
    is_move = (current_day[:, None] != UNKNOWN) & (current_day[:, None] != days)
    weighed = np.where(is_allowed, cost, 0) * (loan_count + 1) + is_move
    weighed = np.where(is_allowed, weighed, UNKNOWN)
    found = assign_days(weighed, room, capacity, amount_minor)
    masked = np.where(is_allowed, cost, COST_MAX)
    best = masked.argmin(axis=1)
    rows = np.arange(loan_count)
    here = np.where(current_day == UNKNOWN, 0, current_day - 1)
    is_open = (current_day != UNKNOWN) & is_allowed[rows, here] & (room[here] > 0)
    if amount_minor is not None and found.amount_room is not None:
        is_open &= amount_minor <= found.amount_room[here]
    nothing = np.full(loan_count, UNKNOWN)
    due_day, loss, full_day, loss_min = nothing, nothing, nothing, None
    if found.choice is not None:
        due_day = found.choice + 1
        paid = masked[rows, found.choice]
        loss = paid - masked[rows, best]
        is_driven_out: Bools = (
            is_open & (due_day != current_day) & (masked[rows, here] <= paid)
        )
        improves: Bools = is_open & (masked[rows, here] > paid)
        full_day = np.where((loss > 0) & ~improves, best + 1, UNKNOWN)
        full_day = np.where(is_driven_out, current_day, full_day)
        loss_min = sum(loss.tolist())
        if found.bound is not None:
            # Moves are at most as many as loans, and weigh one each.
            least = -(-(found.bound - loan_count) // (loan_count + 1))
            least -= sum(masked[rows, best].tolist())
            loss_min = min(max(least, 0), loss_min)
    return SmoothedDueDays(
        capacity=capacity,
        current_day=current_day,
        due_day=due_day,
        best_day=best + 1,
        loss_by_loan=loss,
        full_day=full_day,
        is_current_open=np.asarray(is_open, np.bool_),
        amount_minor=amount_minor,
        room_by_day=room,
        amount_room_by_day=found.amount_room,
        loss_min=loss_min,
        shortage=found.shortage,
    )


def _check(
    cost: Int64s,
    current_day: Int64s,
    capacity: CollectionCapacity,
    amount_minor: Int64s | None,
) -> None:
    day_count = capacity.cycle.day_count
    _require_shape("current_day", current_day, (current_day.size,))
    _require_shape("cost", cost, (current_day.size, day_count))
    in_range = (current_day >= 1) & (current_day <= day_count)
    rule = f"must be 1 to {day_count} or UNKNOWN"
    require_rows((current_day == UNKNOWN) | in_range, current_day, "current_day", rule)
    # Room for the moves, which are counted below the costs.
    most = COST_MAX // (current_day.size + 1) - 1
    in_bounds = (cost == UNKNOWN) | ((cost >= 0) & (cost <= most))
    column = in_bounds.argmin(axis=1) if cost.size else np.zeros(0, np.int64)
    worst = cost[np.arange(current_day.size), column]
    rule = f"must be UNKNOWN or 0 to {most}; divide larger costs"
    require_rows(in_bounds.all(axis=1), worst, "cost", rule)
    open_count = (cost != UNKNOWN).sum(axis=1)
    require_rows(open_count > 0, open_count, "open days", "must be at least one")
    if amount_minor is not None:
        _require_shape("amount_minor", amount_minor, current_day.shape)
        rule = "must not be negative"
        require_rows(amount_minor >= 0, amount_minor, "amount_minor", rule)
        total = sum(amount_minor.tolist())
        if capacity.has_amount_limits and total > _AMOUNT_MAX:
            rule = f"must add up to at most {_AMOUNT_MAX}"
            raise InvalidValueError("amount_minor", rule, total)
    elif capacity.has_amount_limits:
        rule = "must be given, for the capacity limits amounts"
        raise InvalidValueError("amount_minor", rule, None)


def _require_shape(
    field: str, column: npt.NDArray[np.integer], shape: tuple[int, ...]
) -> None:
    if column.shape != shape:
        raise InvalidValueError(field, f"must have shape {shape}", column.shape)


def _plain(column: Int64s) -> list[int | None]:
    return [None if value == UNKNOWN else value for value in column.tolist()]
