"""Repayments of many loans, allocated at once; twin of `repayments`.

The repayments of a loan lie end to end on a line, and so do its installments. All
loans lie one after the other on one long line of whole numbers, so that a single
search tells for every installment which repayment settled it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import UNKNOWN, Bools, Int64s, require_rows
from microcrm_core.checks import whole_number
from microcrm_core.loans.batch import ScheduleColumns
from microcrm_core.loans.columns_batch import RepaymentColumns

__all__ = ["StandingColumns", "allocate_many"]

_SUM_MAX: Final = 2**62
_LINE_MAX: Final = 2**61


@attrs.frozen(kw_only=True, eq=False)
class StandingColumns:
    """How many loans stand at the end of a day.

    The first two columns have one value for each installment, like those of
    `ScheduleColumns`; the others one for each loan.

    Attributes:
        as_of_day: The day; only what was paid and known by then counts.
        paid_minor: What was paid of each installment.
        settled_day: Day on which each was paid in full; `UNKNOWN`: not settled.
        repaid_minor: All repayments of the loan together, credit included.
        outstanding_minor: Principal, interest and fees not yet paid, due or not.
        outstanding_principal_minor: Principal not yet paid back, due or not.
        overdue_minor: What is not paid of installments whose due day has passed.
        days_past_due: Days since the due day of the oldest unpaid one, else 0.
        credit_minor: What was paid beyond the schedule.
        loan_settled_day: Day on which the whole schedule was paid; `UNKNOWN`: not yet.

    Example:
        See `allocate_many`.
    """

    as_of_day: int
    paid_minor: Int64s
    settled_day: Int64s
    repaid_minor: Int64s
    outstanding_minor: Int64s
    outstanding_principal_minor: Int64s
    overdue_minor: Int64s
    days_past_due: Int64s
    credit_minor: Int64s
    loan_settled_day: Int64s

    @property
    def is_settled(self) -> Bools:
        """Whether the whole schedule of each loan is paid."""
        is_settled: Bools = self.loan_settled_day != UNKNOWN
        return is_settled


def allocate_many(
    schedules: ScheduleColumns, repayments: RepaymentColumns, as_of_day: int
) -> StandingColumns:
    """Return how many loans stand at the end of a day; twin of `allocate_repayments`.

    Equal to it on every loan, or refused. Ids are taken to be distinct; the result
    does not depend on them, nor on the order of the rows.

    Args:
        schedules: What is due when.
        repayments: Their `loan_index` points at the loans of *schedules*.
        as_of_day: Day since 1970-01-01.

    Raises:
        InvalidValueError: A repayment belongs to none of the loans, or the repayments
            of some loan add up to 2**62 or more.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.batch import ScheduleColumns
        >>> from microcrm_core.loans.columns_batch import RepaymentColumns
        >>> from microcrm_core.loans.repayments_batch import allocate_many
        >>> schedules = ScheduleColumns(
        ...     offsets=np.array([0, 2]),
        ...     due_day=np.array([20_031, 20_059]),
        ...     principal_minor=np.array([500, 500]),
        ...     interest_minor=np.array([0, 0]),
        ...     outstanding_minor=np.array([500, 0]),
        ...     level_minor=np.array([500]),
        ... )
        >>> repayments = RepaymentColumns(
        ...     ids=np.array([b"r-1"]),
        ...     loan_index=np.array([0]),
        ...     paid_day=np.array([20_030]),
        ...     amount_minor=np.array([700]),
        ...     known_day=np.array([20_030]),
        ... )
        >>> standing = allocate_many(schedules, repayments, 20_062)
        >>> standing.overdue_minor.tolist(), standing.days_past_due.tolist()
        ([300], [3])
    """
    whole_number("as_of_day", as_of_day)
    loan_count = len(schedules)
    require_rows(
        repayments.loan_index < loan_count,
        repayments.loan_index,
        "loan_index",
        f"must be less than the number of loans, {loan_count}",
    )
    is_known = (repayments.paid_day <= as_of_day) & (repayments.known_day <= as_of_day)
    counted = np.flatnonzero(is_known)
    _require_sums(repayments, counted, loan_count)
    order = np.lexsort((repayments.paid_day[counted], repayments.loan_index[counted]))
    paid = _Line.of(
        counts=np.bincount(repayments.loan_index[counted], minlength=loan_count),
        lengths=repayments.amount_minor[counted[order]],
    )
    due = _Line.of(counts=np.diff(schedules.offsets), lengths=schedules.total_minor)

    repaid_minor, due_minor = paid.total, due.total
    repaid_of = np.repeat(repaid_minor, np.diff(schedules.offsets))
    paid_minor = np.clip(repaid_of - (due.reached - due.lengths), 0, due.lengths)
    paid_day = repayments.paid_day[counted[order]]
    settled_day = np.where(
        due.reached == 0, schedules.due_day, _settled_days(due, paid, paid_day)
    )
    # Fees and interest are paid before principal.
    charges_minor = due.lengths - schedules.principal_minor
    back_minor = np.maximum(paid_minor - charges_minor, 0)
    is_past = schedules.due_day < as_of_day
    unpaid_minor = due.lengths - paid_minor
    return StandingColumns(
        as_of_day=as_of_day,
        paid_minor=paid_minor,
        settled_day=settled_day,
        repaid_minor=repaid_minor,
        outstanding_minor=due_minor - np.minimum(repaid_minor, due_minor),
        outstanding_principal_minor=due.sums(schedules.principal_minor - back_minor),
        overdue_minor=due.sums(np.where(is_past, unpaid_minor, 0)),
        days_past_due=_days_past_due(schedules, settled_day, as_of_day),
        credit_minor=np.maximum(repaid_minor - due_minor, 0),
        loan_settled_day=settled_day[schedules.offsets[1:] - 1],
    )


@attrs.frozen(eq=False)
class _Line:
    """Amounts of many loans, end to end within each loan.

    Attributes:
        begin: Where the amounts of each loan begin, and where the last ones end.
        lengths: The amounts.
        reached: Sum of a loan's amounts up to and with each.
        total: Sum of each loan's amounts.
    """

    begin: Int64s
    lengths: Int64s
    reached: Int64s
    total: Int64s

    @classmethod
    def of(cls, *, counts: Int64s, lengths: Int64s) -> _Line:
        begin = np.zeros(counts.size + 1, np.int64)
        np.cumsum(counts, out=begin[1:])
        # The running sum over all loans may wrap around; the difference of two of
        # its values is right again, because the sum of one loan fits.
        running = np.zeros(lengths.size + 1, np.int64)
        np.cumsum(lengths, out=running[1:])
        before = running[begin[:-1]]
        reached = running[1:] - np.repeat(before, counts)
        return cls(begin, lengths, reached, running[begin[1:]] - before)

    def sums(self, values: Int64s) -> Int64s:
        running = np.zeros(values.size + 1, np.int64)
        np.cumsum(values, out=running[1:])
        sums: Int64s = running[self.begin[1:]] - running[self.begin[:-1]]
        return sums


def _require_sums(
    repayments: RepaymentColumns, counted: Int64s, loan_count: int
) -> None:
    sums = np.bincount(
        repayments.loan_index[counted],
        weights=repayments.amount_minor[counted],
        minlength=loan_count,
    )
    require_rows(
        sums < _SUM_MAX, sums, "amount_minor", "must add up to less than 2**62 a loan"
    )


def _settled_days(due: _Line, paid: _Line, paid_day: Int64s) -> Int64s:
    settled_day = np.full(due.lengths.size, UNKNOWN, np.int64)
    room = np.maximum(due.total, paid.total) + 1
    for first, last in _spans(room):
        dues = slice(int(due.begin[first]), int(due.begin[last]))
        pays = slice(int(paid.begin[first]), int(paid.begin[last]))
        loans = slice(first, last)
        # Each loan has its own stretch of the line, longer than all that it holds.
        base = np.cumsum(room[loans]) - room[loans]
        due_counts = np.diff(due.begin[first : last + 1])
        due_at = due.reached[dues] + np.repeat(base, due_counts)
        paid_at = paid.reached[pays] + np.repeat(
            base, np.diff(paid.begin[first : last + 1])
        )
        row = np.searchsorted(paid_at, due_at, side="left") + pays.start
        is_settled = row < np.repeat(paid.begin[first + 1 : last + 1], due_counts)
        settled_day[dues][is_settled] = paid_day[row[is_settled]]
    return settled_day


def _spans(room: Int64s) -> Iterator[tuple[int, int]]:
    # Nearly always one span: a sum of 2**61 minor units is a large portfolio.
    span = np.floor(np.cumsum(room.astype(np.float64)) / _LINE_MAX)
    cuts = np.flatnonzero(np.diff(span)) + 1
    edges = [0, *cuts.tolist(), room.size]
    return pairwise(edges)


def _days_past_due(
    schedules: ScheduleColumns, settled_day: Int64s, as_of_day: int
) -> Int64s:
    # Installments settle in order, so the first unpaid one follows the settled ones.
    is_settled = np.zeros(settled_day.size + 1, np.int64)
    np.cumsum(settled_day != UNKNOWN, out=is_settled[1:])
    begin, end = schedules.offsets[:-1], schedules.offsets[1:]
    first_unpaid = begin + is_settled[end] - is_settled[begin]
    is_open = first_unpaid < end
    days = np.zeros(len(schedules), np.int64)
    due_day = schedules.due_day[first_unpaid[is_open]]
    days[is_open] = np.maximum(as_of_day - due_day, 0)
    return days
