"""The rows of a loan that its schedule fills, worked out anew whenever it changes.

`ScheduledRows` holds what a schedule depends on: the terms as they stand, early
payments and principal that is owed again, the day on which interest ended. It writes
what the schedule says into the accounts of the rows, and answers what they would ask
for if no interest were borne after some day. `exact_engine` says when.

A loan whose payments change nothing is scheduled by `build_schedule` alone.

Example:
    >>> from microcrm_core.ledger.scheduled_rows import equal_parts
    >>> from microcrm_core.loans import STRICT
    >>> equal_parts(1000, 3, STRICT)
    [334, 334, 332]
"""

from __future__ import annotations

import datetime as dt
from itertools import groupby, pairwise
from operator import itemgetter

import attrs

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.exact_runs import LedgerRun, RunColumns
from microcrm_core.ledger.interest_clocks import InterestClock
from microcrm_core.ledger.lent_terms import LentTerms
from microcrm_core.ledger.managed_rows import ManagedRow, write_columns
from microcrm_core.ledger.principal_moves import PrincipalMove
from microcrm_core.ledger.row_accounts import RowAccount, RowKind
from microcrm_core.loans import Collision, ScheduleConventions, build_schedule
from microcrm_core.loans.level import equal_part
from microcrm_core.loans.portions import EPOCH_ORDINAL

__all__ = ["ScheduledRows", "equal_parts"]


def equal_parts(
    amount_minor: int, count: int, conventions: ScheduleConventions
) -> list[int]:
    """Return equal parts of an amount; the last one takes what they leave.

    Example:
        See `microcrm_core.ledger.scheduled_rows`.
    """
    part = equal_part(amount_minor, count, conventions=conventions)
    parts: list[int] = []
    for _ in range(count - 1):
        parts.append(min(part, amount_minor - sum(parts)))
    return [*parts, amount_minor - sum(parts)]


@attrs.define(kw_only=True, eq=False)
class ScheduledRows:
    """What the schedule of one loan asks for, as it stands.

    Attributes:
        lent: The terms, with what happened to them.
        is_lower: Whether an early payment lowers the later installments.
        rows: The rows that the schedule fills, in order.
        places: The position of each in it.
        moves: Principal that was paid early or is owed again.
        settled: Interest that a row asked for when it was settled early.
        ended_on: No interest is borne after this day; None: it has not ended.
        carried_minor: Interest that waited to be paid when the rows were made.
        is_fixed: Whether the rows stay as they are, whatever happens.

    Example:
        See `microcrm_core.ledger.exact_engine`.
    """

    lent: LentTerms
    is_lower: bool
    rows: list[ManagedRow] = attrs.field(factory=list[ManagedRow])
    places: dict[RowAccount, int] = attrs.field(factory=dict[RowAccount, int])
    moves: list[PrincipalMove] = attrs.field(factory=list[PrincipalMove])
    settled: dict[int, int] = attrs.field(factory=dict[int, int])
    ended_on: dt.date | None = None
    carried_minor: int = 0
    is_fixed: bool = False
    # What is worked out from the above, until that changes.
    _run: LedgerRun | None = None
    _clock: InterestClock | None = None
    _columns: RunColumns | None = None
    _columns_on: dict[int, RunColumns] = attrs.field(factory=dict[int, RunColumns])

    @property
    def bears_interest(self) -> bool:
        """Whether rows change with what happens."""
        return bool(self.lent.paid_out) and not self.is_fixed

    @property
    def run(self) -> LedgerRun:
        """The rows as they are worked out."""
        if self._run is None:
            self._run = LedgerRun(
                self.lent.terms(),
                self.lent.conventions,
                self.lent.payouts(),
                carried_minor=self.carried_minor,
                is_lower=self.is_lower,
            )
        return self._run

    def clock(self) -> InterestClock:
        """Return what one unit of principal bears."""
        if self._clock is None:
            self._clock = InterestClock(self.lent, self.run)
        return self._clock

    def make_rows(self, book: LedgerBook, kind: RowKind) -> None:
        """Add the rows to a book, which ask for nothing yet; set its maturity."""
        dates, business_days = self.lent.dates, book.conventions.business_days
        periods = list(zip(pairwise(dates.bounds_on), dates.due_on, strict=True))
        groups = [[period] for period in periods]
        if business_days is not None and business_days.collision is Collision.MERGED:
            groups = [list(group) for _, group in groupby(periods, itemgetter(1))]
        made: list[ManagedRow] = []
        for group in groups:
            (from_on, _), due_on = group[0]
            (_, ends_on), _ = group[-1]
            account = RowAccount(from_on=from_on, due_on=due_on, kind=kind)
            made.append(ManagedRow(account=account, ends_on=ends_on))
        self.take_rows(book, made)
        book.maturity_on = dates.due_on[-1]

    def take_rows(self, book: LedgerBook, rows: list[ManagedRow]) -> None:
        """Let the schedule fill these rows instead, which are added to the book."""
        self.rows = rows
        self.places = {row.account: place for place, row in enumerate(rows)}
        book.rows += [row.account for row in rows]
        book.sort_rows()

    def renew(self, on: dt.date) -> None:
        """Let rows ask for what the terms say as they now stand."""
        self._run = self._clock = None
        self.forget()
        if self.bears_interest:
            self.write(on)

    def forget(self) -> None:
        """Work the rows out anew when they are next asked for."""
        self._columns = None
        self._columns_on = {}

    def write(self, on: dt.date) -> None:
        """Let rows ask for what they come to by their due dates."""
        write_columns(self.rows, self.as_scheduled(), on)

    def write_to(self, day: int, on: dt.date) -> None:
        """Let rows ask for what they come to without interest after a day."""
        write_columns(self.rows, self.columns_to(day), on)

    def write_others(self, place: int, on: dt.date) -> None:
        """Write all rows but one, which is asked for what it was paid for."""
        columns, asked = self.as_scheduled(), self.rows[place].asked
        principal = list(columns.principal_minor)
        interest = list(columns.interest_minor)
        principal[place] = asked[Bucket.PRINCIPAL]
        interest[place] = asked[Bucket.INTEREST]
        others = RunColumns(
            principal_minor=tuple(principal),
            interest_minor=tuple(interest),
            fees_minor=columns.fees_minor,
        )
        write_columns(self.rows, others, on)

    def as_scheduled(self) -> RunColumns:
        """Return what rows ask for if nothing more happens."""
        if self._columns is None:
            is_changed = self.moves or self.settled or self.carried_minor
            if is_changed or self.ended_on or not self.lent.is_plain:
                self._columns = self._walk(self.ended_on)
            else:
                made = build_schedule(self.lent.terms(), self.lent.conventions)
                self._columns = RunColumns(
                    principal_minor=made.principal_minor,
                    interest_minor=made.interest_minor,
                    fees_minor=made.fees_minor,
                )
        return self._columns

    def columns_to(self, day: int) -> RunColumns:
        """Return what rows ask for if no interest is borne after a day."""
        if day not in self._columns_on:
            on = dt.date.fromordinal(day + EPOCH_ORDINAL)
            if self.ended_on is not None:
                on = min(on, self.ended_on)
            self._columns_on[day] = self._walk(on)
        return self._columns_on[day]

    def _walk(self, end_on: dt.date | None) -> RunColumns:
        end_day = None if end_on is None else end_on.toordinal() - EPOCH_ORDINAL
        return self.run.walk(self.moves, self.settled, end_day=end_day)
