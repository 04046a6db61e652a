"""The states of many loans as columns, as `replay_many` makes them; see `LoanState`.

Example:
    >>> from microcrm_core.ledger.state_columns_batch import STATUSES
    >>> [status.value for status in STATUSES]
    ['approved', 'active', 'overpaid', 'closed', 'written_off']
"""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from importlib import import_module
from typing import Final, TypeAlias

import attrs
import numpy as np

from microcrm_core.batch import UNKNOWN, Bools, Int64s
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.arrears_batch import (
    ArrearsColumns,
    OpenColumns,
    arrears_many,
)
from microcrm_core.ledger.loan_statuses import LoanStatus
from microcrm_core.loans.column_checks_batch import date_of, position_in

__all__ = ["STATUSES", "PostingColumns", "StateColumns"]

_Column: TypeAlias = list[str] | list[int] | list[dt.date | None]

STATUSES: Final = (
    LoanStatus.APPROVED,
    LoanStatus.ACTIVE,
    LoanStatus.OVERPAID,
    LoanStatus.CLOSED,
    LoanStatus.WRITTEN_OFF,
)
"""Where a loan of columns can stand; `status_index` is a position in it."""


@attrs.frozen(kw_only=True, eq=False)
class PostingColumns:
    """What each event of many loans came to; twin of `LoanState.postings`.

    One value, or column, for each row of `EventColumns`.

    Attributes:
        is_live: Whether the event counts; shape (events,), as is the next.
        is_reversed: Whether it never was, though it would count else.
        credit_minor: What of it is the customer's credit now; below zero where it used
            credit; shape (events,), as the next.
        recovered_minor: What of it paid for what was given up by a write-off.
        parts_minor: What of it went to each bucket, or was charged, waived or given up
            there; shape (4, events), by `Bucket`.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.ledger.state_columns_batch import PostingColumns
        >>> postings = PostingColumns(
        ...     is_live=np.array([True]),
        ...     is_reversed=np.array([False]),
        ...     credit_minor=np.array([10]),
        ...     recovered_minor=np.array([0]),
        ...     parts_minor=np.array([[450], [40], [0], [0]]),
        ... )
        >>> len(postings), postings.parts_minor.sum(axis=0).tolist()
        (1, [490])
    """

    is_live: Bools
    is_reversed: Bools
    credit_minor: Int64s
    recovered_minor: Int64s
    parts_minor: Int64s

    def __len__(self) -> int:
        """Return the number of events."""
        return int(self.is_live.size)


# Without slots, so that what few ask for is worked out once, when it is asked for.
@attrs.frozen(kw_only=True, slots=False, eq=False)
class StateColumns:
    """Many loans as of a day, as far as known at a moment; twin of `LoanState`.

    Amounts by bucket have one line for each `Bucket`, to be indexed with it.

    Attributes:
        as_of_day: The day, since 1970-01-01; nothing later counts.
        offsets: Where the rows of each loan begin, and where the last ones end; shape
            (loans + 1,).
        due_day: Last day on which paying is on time; shape (rows,), as are other
            columns of rows.
        is_additional: Whether the row takes charges due after the last due day.
        charged_minor: What was asked for; shape (4, rows), as the next two.
        paid_minor: What was paid.
        waived_minor: What is no longer asked for.
        paid_early_minor: What was paid before the due day.
        paid_late_minor: What was paid after the due day.
        settled_day: Day on which nothing was left; `UNKNOWN`: something is.
        is_lent: Whether the loan is paid out; shape (loans,), as are the next three.
        is_written_off: Whether the lender gave up what was owed.
        credit_minor: What was paid above all that was owed.
        recovered_minor: What was paid for what was given up by a write-off.
        postings: What each event came to.

    Example:
        See `microcrm_core.ledger.replays_batch`.
    """

    as_of_day: int
    offsets: Int64s
    due_day: Int64s
    is_additional: Bools
    charged_minor: Int64s
    paid_minor: Int64s
    waived_minor: Int64s
    paid_early_minor: Int64s
    paid_late_minor: Int64s
    settled_day: Int64s
    is_lent: Bools
    is_written_off: Bools
    credit_minor: Int64s
    recovered_minor: Int64s
    postings: PostingColumns

    def __len__(self) -> int:
        """Return the number of loans."""
        return int(self.is_lent.size)

    @cached_property
    def open_minor(self) -> Int64s:
        """What is left to pay of each row, in each bucket; shape (4, rows)."""
        return self.charged_minor - self.paid_minor - self.waived_minor

    @property
    def opened(self) -> OpenColumns:
        """What is left to pay of loans that are paid out, as `arrears_batch` has it."""
        opened = self.open_minor * np.repeat(self.is_lent, np.diff(self.offsets))
        return OpenColumns(
            offsets=self.offsets,
            due_day=self.due_day,
            principal_minor=opened[Bucket.PRINCIPAL],
            interest_minor=opened[Bucket.INTEREST],
            fees_minor=opened[Bucket.FEES],
            penalties_minor=opened[Bucket.PENALTIES],
        )

    @cached_property
    def arrears(self) -> ArrearsColumns:
        """What is overdue, as `arrears_batch` has it."""
        return arrears_many(self.opened, self.as_of_day)

    @property
    def outstanding_minor(self) -> Int64s:
        """All that is owed, due or not, by bucket; shape (4, loans), as the next two.

        Nothing is before money was paid out.
        """
        return self._sums(self.open_minor)

    @property
    def due_minor(self) -> Int64s:
        """What is due by the day, that day included, and not paid, by bucket."""
        return self._sums(self.open_minor * (self.due_day <= self.as_of_day))

    @property
    def overdue_minor(self) -> Int64s:
        """What was due before the day and is not paid, by bucket."""
        found = self.arrears
        return np.stack(
            (
                found.principal_minor,
                found.interest_minor,
                found.fees_minor,
                found.penalties_minor,
            )
        )

    @property
    def days_past_due(self) -> Int64s:
        """Days since the due day of the oldest row that is not paid, else 0; (loans,).

        A loan that is not paid out is not past due.
        """
        return self.arrears.days_past_due

    @property
    def next_due_day(self) -> Int64s:
        """When something is due next, on the day or later; `UNKNOWN`: nothing is."""
        return self._next_rows[1]

    @property
    def next_due_minor(self) -> Int64s:
        """What is not paid of all that is due on `next_due_day`; (loans,)."""
        is_next, _ = self._next_rows
        total: Int64s = self._sums(self.open_minor * is_next).sum(axis=0)
        return total

    @property
    def status_index(self) -> Int64s:
        """Where each loan stands, as a position in `STATUSES`."""
        is_open: Bools = np.asarray(self.outstanding_minor.any(axis=0))
        has_credit = self.credit_minor > 0
        conditions = [~self.is_lent, self.is_written_off, is_open, has_credit]
        return np.select(conditions, [0, 4, 1, 2], 3).astype(np.int64)

    def to_columns(self) -> dict[str, _Column]:
        """Return the loans as columns by name, a row each; amounts in minor units.

        `principal_minor` to `penalties_minor` add up to `outstanding_minor`; a date is
        None where nothing is due any more.
        """
        statuses = [status.value for status in STATUSES]
        outstanding = self.outstanding_minor
        columns: dict[str, _Column] = {
            "status": [statuses[index] for index in self.status_index.tolist()],
            "outstanding_minor": outstanding.sum(axis=0).tolist(),
        }
        for bucket in Bucket:
            columns[f"{bucket.name.lower()}_minor"] = outstanding[bucket].tolist()
        columns["due_minor"] = self.due_minor.sum(axis=0).tolist()
        columns["overdue_minor"] = self.overdue_minor.sum(axis=0).tolist()
        columns["days_past_due"] = self.days_past_due.tolist()
        columns["next_due_on"] = [
            None if on == UNKNOWN else date_of(on) for on in self.next_due_day.tolist()
        ]
        columns["next_due_minor"] = self.next_due_minor.tolist()
        columns["credit_minor"] = self.credit_minor.tolist()
        columns["recovered_minor"] = self.recovered_minor.tolist()
        return columns

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

    def rows(self, loan: int) -> slice:
        """Return where the rows of the loan at this position stand.

        Raises:
            InvalidValueError: There is no such loan.
        """
        loan = position_in("loan", loan, len(self))
        return slice(int(self.offsets[loan]), int(self.offsets[loan + 1]))

    @cached_property
    def _next_rows(self) -> tuple[Bools, Int64s]:
        """Return the rows that are due next, and the day for each loan."""
        counts = np.diff(self.offsets)
        is_open: Bools = np.asarray(self.open_minor.any(axis=0))
        is_open &= np.repeat(self.is_lent, counts)
        is_open &= self.due_day >= self.as_of_day
        ahead = np.flatnonzero(is_open)
        loan = np.searchsorted(self.offsets, ahead, side="right") - 1
        first = np.full(len(self), UNKNOWN, np.int64)
        # Rows are in order of due days, so the first that is open is the next.
        loans, places = np.unique(loan, return_index=True)
        first[loans] = self.due_day[ahead[places]]
        is_next: Bools = is_open & (self.due_day == np.repeat(first, counts))
        return is_next, first

    def _sums(self, values: Int64s) -> Int64s:
        """Return sums by loan of what is paid out, line by line."""
        # The running sum may wrap around; the difference of two of its values is right
        # again, because the sum of one loan fits.
        running = np.zeros((values.shape[0], values.shape[1] + 1), np.int64)
        np.cumsum(values, axis=1, out=running[:, 1:])
        sums: Int64s = running[:, self.offsets[1:]] - running[:, self.offsets[:-1]]
        return np.where(self.is_lent, sums, 0)
