"""The numbers of the plot of an adjustment, apart from how they are drawn.

Amounts are whole minor units. `adjustment_plots` draws them.

Example:
    See `microcrm_core.plots.adjustment_plots`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import attrs

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.loans.schedule import Schedule

if TYPE_CHECKING:
    from microcrm_core.adjustments.adjustment_quotes import AdjustmentQuote

__all__ = ["DuePair", "due_pairs", "points_after", "points_before"]

Due: TypeAlias = "tuple[dt.date, int]"
"""A day, and an amount in minor units."""


@attrs.frozen
class DuePair:
    """One row before and after.

    Attributes:
        before: When it is due and how much, as it stands; None: it is new.
        after: The same with the adjustment; None: it goes away.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.plots.adjustment_series import DuePair
        >>> moved = DuePair((dt.date(2025, 2, 15), 500), (dt.date(2025, 2, 25), 503))
        >>> moved.text.splitlines()
        ['2025-02-15', '→ 2025-02-25']
    """

    before: Due | None
    after: Due | None

    @property
    def text(self) -> str:
        """The due date, and the new one in a line of its own where it differs."""
        if self.before is None:
            return f"→ {self.after[0]}" if self.after is not None else ""
        if self.after is None or self.after[0] == self.before[0]:
            return str(self.before[0])
        return f"{self.before[0]}\n→ {self.after[0]}"


def due_pairs(quote: AdjustmentQuote) -> tuple[DuePair, ...]:
    """Return what is due before and after, in the order of the quote's lines.

    Of a renewal the rows of both loans, in order of due dates; of a refused quote
    without lines the rows as they stand.

    Example:
        See `microcrm_core.plots.adjustment_plots`.
    """
    if quote.renewal is not None:
        schedule = quote.renewal.schedule
        new = zip(schedule.due_on, schedule.total_minor, strict=True)
        rows = [(due[0], False, due) for due in _asked(quote.before)]
        rows += [(due[0], True, due) for due in new]
        rows.sort(key=lambda row: row[:2])
        return tuple(
            DuePair(None, due) if is_new else DuePair(due, None)
            for _, is_new, due in rows
        )
    if not quote.lines:
        return tuple(DuePair(due, None) for due in _asked(quote.before))
    return tuple(
        DuePair(
            _due(line.due_on_before, line.total_before_minor),
            _due(line.due_on_after, line.total_after_minor),
        )
        for line in quote.lines
    )


def points_before(quote: AdjustmentQuote) -> tuple[Due, ...]:
    """Return the principal from the day of the quote on, as the loan stands.

    What is overdue counts as paid on the next due date.

    Example:
        See `microcrm_core.plots.adjustment_plots`.
    """
    return _points_of_state(quote.before)


def points_after(quote: AdjustmentQuote) -> tuple[Due, ...]:
    """Return the same with the adjustment; of a renewal, that of the new loan.

    Empty where there is nothing after it.

    Example:
        See `microcrm_core.plots.adjustment_plots`.
    """
    if quote.renewal is not None:
        return _points_of_schedule(quote.renewal.schedule)
    return () if quote.after is None else _points_of_state(quote.after)


def _points_of_state(state: LoanState) -> tuple[Due, ...]:
    points = [(state.as_of, state.outstanding.principal.minor)]
    coming = [row for row in state.rows if row.due_on > state.as_of]
    left_minor = sum(row.open_in(Bucket.PRINCIPAL) for row in coming)
    for row in coming:
        left_minor -= row.open_in(Bucket.PRINCIPAL)
        points.append((row.due_on, left_minor))
    return tuple(points)


def _points_of_schedule(schedule: Schedule) -> tuple[Due, ...]:
    due = zip(schedule.due_on, schedule.outstanding_minor, strict=True)
    terms = schedule.terms
    lent = terms.disbursements[0][1] + schedule.financed_fees
    return (terms.disbursed_on, lent.minor), *due


def _asked(state: LoanState) -> Sequence[Due]:
    return [(row.due_on, row.charged_minor - row.waived_minor) for row in state.rows]


def _due(on: dt.date | None, minor: int | None) -> Due | None:
    return None if on is None or minor is None else (on, minor)
