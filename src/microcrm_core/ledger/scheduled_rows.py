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
from bisect import bisect_right
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Final

import attrs

from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.exact_runs import LedgerRun, RunColumns
from microcrm_core.ledger.interest_clocks import InterestClock
from microcrm_core.ledger.lent_terms import LentTerms
from microcrm_core.ledger.managed_rows import ManagedRow, write_columns
from microcrm_core.ledger.period_days import PeriodDays
from microcrm_core.ledger.plain_runs import PlainRun, rest_columns
from microcrm_core.ledger.principal_moves import PrincipalMove
from microcrm_core.ledger.row_accounts import RowAccount, RowKind
from microcrm_core.loans import (
    Collision,
    FlatInterest,
    LoanTerms,
    Schedule,
    ScheduleConventions,
    build_schedule,
)
from microcrm_core.loans.level import equal_part
from microcrm_core.loans.portions import EPOCH_ORDINAL

__all__ = ["ScheduledRows", "equal_parts"]


_due_on: Final = attrgetter("account.due_on")


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
        kept_count: How many first rows stay those of terms that held before.

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
    kept_count: int = 0
    # What is worked out from the above, until that changes.
    _run: LedgerRun | None = None
    _days: PeriodDays | None = None
    _clock: InterestClock | None = None
    _plain: PlainRun | None = None
    _is_plain_known: bool = False
    _columns: RunColumns | None = None
    # What rows that stay those of earlier terms ask for, if no payment changes it.
    _kept: RunColumns | None = None
    _columns_on: dict[int, RunColumns] = attrs.field(factory=dict[int, RunColumns])

    @property
    def bears_interest(self) -> bool:
        """Whether rows change with what happens."""
        return bool(self.lent.paid_out) and not self.is_fixed

    @property
    def run(self) -> LedgerRun:
        """The rows as they are worked out."""
        if self._run is None:
            self._run = self._run_of(self.lent)
        return self._run

    def _run_of(self, lent: LentTerms) -> LedgerRun:
        before = lent.before()
        return LedgerRun(
            lent.terms(),
            lent.conventions,
            lent.payouts(),
            carried_minor=self.carried_minor,
            is_lower=self.is_lower,
            before=None if before is None else self._run_of(before),
            begins=lent.kept_count,
            method_from=lent.method_from,
            flat_minor=lent.flat_minor,
        )

    def _plain_run(self) -> PlainRun | None:
        """Return the rows as they are worked out the short way; None: not that way."""
        if not self._is_plain_known:
            self._is_plain_known = True
            plain, self._plain = self._plain, None
            if not self.carried_minor:
                self._plain = PlainRun.of(
                    self.lent, is_lower=self.is_lower, before=plain
                )
        return self._plain

    @property
    def days(self) -> PeriodDays:
        """The days of its interest periods."""
        if self._days is None:
            self._days = PeriodDays.of(self.lent.dates, self.lent.conventions)
        return self._days

    def clock(self) -> InterestClock:
        """Return what one unit of principal bears."""
        if self._clock is None:
            run = self._plain_run()
            self._clock = InterestClock(self.lent, self.run if run is None else run)
        return self._clock

    def make_rows(self, book: LedgerBook, kind: RowKind) -> None:
        """Add the rows to a book, which ask for nothing yet; set its maturity."""
        made = [
            ManagedRow(
                RowAccount(
                    from_on, due_on, kind, [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]
                ),
                ends_on,
                [0, 0, 0, 0],
            )
            for from_on, due_on, ends_on in self.row_dates()
        ]
        self.take_rows(book, made)
        book.maturity_on = self.lent.dates.due_on[-1]

    def row_dates(self) -> list[tuple[dt.date, dt.date, dt.date]]:
        """Return where the period of each row begins, its due date, and the end."""
        dates, business_days = self.lent.dates, self.lent.conventions.business_days
        bounds_on, due_on = dates.bounds_on, dates.due_on
        periods = list(zip(bounds_on[:-1], due_on, bounds_on[1:], strict=True))
        if business_days is None or business_days.collision is not Collision.MERGED:
            return periods
        groups = [list(group) for _, group in groupby(periods, itemgetter(1))]
        return [(group[0][0], group[0][1], group[-1][2]) for group in groups]

    def take_rows(self, book: LedgerBook, rows: list[ManagedRow]) -> None:
        """Let the schedule fill these rows instead, which are added to the book."""
        self.rows, self.kept_count = rows, 0
        self.places = {row.account: place for place, row in enumerate(rows)}
        book.rows += [row.account for row in rows]
        book.sort_rows()

    def renew(self, on: dt.date) -> None:
        """Let rows ask for what the terms say as they now stand."""
        self.forget_terms()
        if self.bears_interest:
            self.write(on)

    def forget_terms(self) -> None:
        """Work the periods out anew, too, when they are next asked for."""
        self._run = self._clock = self._days = self._kept = None
        self._is_plain_known = False
        self.forget()

    def agree(self, agreed: LoanTerms, on: dt.date, *, method_from: int = 0) -> None:
        """Let other terms hold for rows that are due after a day.

        Args:
            agreed: The terms.
            on: The day.
            method_from: How many first interest periods are those of another method.

        Raises:
            ScheduleError: Two dates are in the wrong order.
            InvalidValueError: A date would leave the calendar.
        """
        kept = None if self._is_moved else self._columns
        self.kept_count = bisect_right(self.rows, on, key=_due_on)
        kept_count = bisect_right(self.lent.dates.due_on, on)
        flat_minor = self.lent.flat_minor
        if isinstance(agreed.plan.method, FlatInterest):
            was_flat = isinstance(self.lent.agreed.plan.method, FlatInterest)
            if not was_flat or method_from != self.lent.method_from:
                flat_minor = self.run.owed_before(kept_count, self.moves, self.settled)
        self.lent.agree(
            agreed, kept_count, method_from=method_from, flat_minor=flat_minor
        )
        self.forget_terms()
        self._kept = kept

    @property
    def _is_moved(self) -> bool:
        """Whether rows are not those that terms alone make."""
        return bool(self.moves or self.settled or self.carried_minor or self.ended_on)

    def forget(self) -> None:
        """Work the rows out anew when they are next asked for."""
        self._columns = None
        self._columns_on = {}

    def write(self, on: dt.date) -> None:
        """Let rows ask for what they come to by their due dates."""
        write_columns(self.rows, self.as_scheduled(), on, self.kept_count)

    def write_to(self, day: int, on: dt.date) -> None:
        """Let rows ask for what they come to without interest after a day."""
        write_columns(self.rows, self.columns_to(day), on, self.kept_count)

    def as_scheduled(self) -> RunColumns:
        """Return what rows ask for if nothing more happens."""
        if self._columns is None:
            made = None
            if not self._is_moved and self.lent.is_plain:
                made = _by_terms(self.lent, self._kept)
            self._columns = self._walk(self.ended_on) if made is None else made
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
        plain = self._plain_run()
        if plain is not None:
            has_settled = bool(self.settled)
            made = plain.walk(self.moves, has_settled=has_settled, end_day=end_day)
            if made is not None:
                return made
        return self.run.walk(self.moves, self.settled, end_day=end_day)


def _by_terms(lent: LentTerms, kept: RunColumns | None) -> RunColumns | None:
    """Return what rows ask for by terms alone; None: only a walk tells.

    Args:
        lent: The loan.
        kept: What the rows that earlier terms are left with ask for; None: work it out.
    """
    if not lent.leaves_principal_only:
        return None
    if not lent.earlier:
        made = rest_columns(lent, 0) if lent.rates else None
        return made or _columns_of(build_schedule(lent.terms(), lent.conventions))
    before = lent.before() if kept is None else None
    kept = kept if before is None else _by_terms(before, None)
    if kept is None:
        return None
    count = lent.kept_count
    repaid_minor = sum(kept.principal_minor[:count])
    rest = rest_columns(lent, repaid_minor)
    if rest is None:
        terms = lent.rest_terms(repaid_minor)
        if terms is None:
            return None
        rest = _columns_of(build_schedule(terms, lent.conventions))
    return RunColumns(
        principal_minor=kept.principal_minor[:count] + rest.principal_minor,
        interest_minor=kept.interest_minor[:count] + rest.interest_minor,
        fees_minor=kept.fees_minor[:count] + rest.fees_minor,
    )


def _columns_of(made: Schedule) -> RunColumns:
    return RunColumns(
        principal_minor=made.principal_minor,
        interest_minor=made.interest_minor,
        fees_minor=made.fees_minor,
    )
