"""The rows of the most common loan, worked out anew by whole numbers.

A replay asks for the rows of a loan again whenever due dates move, rates change, or
principal is paid early. `PlainRun` answers as `exact_runs.LedgerRun` does, for equal
installments that are counted by plain days and paid out at once: the interest of a
period is a balance times a whole number, the sum of its days times their rates, over
one unit.

What does not fit is left to `LedgerRun`, which every result here must equal.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.ledger.lent_terms import LentTerms
    >>> from microcrm_core.ledger.plain_runs import PlainRun
    >>> from microcrm_core.ledger.principal_moves import PrincipalMove
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> lent = LentTerms.of(terms, STRICT)
    >>> lent.pay_out(dt.date(2025, 1, 15), 100_000, 0)
    >>> run = PlainRun.of(lent)
    >>> half = PrincipalMove(
    ...     period=0, day=20_103, is_opening=True, place=2, amount_minor=-50_000
    ... )
    >>> moved = run.walk((half,))
    >>> moved.principal_minor, moved.interest_minor
    ((33638, 16362, 50000), (1019, 301, 0))
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Self

import attrs

from microcrm_core.ledger.exact_runs import RunColumns
from microcrm_core.ledger.lent_terms import LentTerms
from microcrm_core.ledger.plain_stretches import PlainStretch
from microcrm_core.ledger.plain_walks import (
    PlainStanding,
    PlainWalk,
    columns_without_fees,
)
from microcrm_core.ledger.principal_moves import PrincipalMove
from microcrm_core.loans.plain_changes import changed_rows, has_plain_changes
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.loans.terms import is_rate_allowed

__all__ = ["PlainRun", "rest_columns"]


@attrs.define(kw_only=True, eq=False)
class PlainRun:
    """The rows of one loan of the most common kind, for any early payments.

    Example:
        See `microcrm_core.ledger.plain_runs`.
    """

    _lent_minor: int = attrs.field(alias="lent_minor")
    _stretches: tuple[PlainStretch, ...] = attrs.field(alias="stretches")
    _is_lower: bool = attrs.field(alias="is_lower")
    # Where the last walk stood, before what has not happened by then.
    _standing: PlainStanding | None = attrs.field(default=None, init=False)

    @classmethod
    def of(
        cls, lent: LentTerms, *, is_lower: bool = False, before: PlainRun | None = None
    ) -> Self | None:
        """Return the run of a loan; None: it is of another kind.

        Args:
            lent: The loan, with what happened to it.
            is_lower: Whether an early payment makes the later installments anew.
            before: The run of the loan before that; what is still so is taken from it.

        Raises:
            InvalidValueError: What happened fits no terms.
        """
        if not _is_paid_out_at_once(lent) or lent.pauses:
            return None
        known = () if before is None else before._stretches
        made: list[PlainStretch] = []
        one: LentTerms | None = lent
        while one is not None:
            terms = one.agreed if lent.earlier else one.terms()
            if not has_plain_changes(terms, one.conventions):
                return None
            changes = one.rate_changes(one.dates.bounds_on[0])
            found = [it for it in known if it.is_of(one, changes)]
            made.append(found[0] if found else PlainStretch.of(one, changes))
            one = one.before()
        return cls(
            lent_minor=lent.paid_out[0].amount_minor,
            stretches=tuple(made[::-1]),
            is_lower=is_lower,
        )

    def borne_to(self, day: int) -> Fraction:
        """Return what one unit of principal has borne by the close of a day.

        Nothing is borne after the last period.
        """
        total = Fraction(0)
        for stretch, until in self._spans():
            from_day, to_day = stretch.days[stretch.begins], stretch.days[until]
            if from_day < day:
                borne = stretch.borne_to(min(day, to_day)) - stretch.borne_to(from_day)
                total += Fraction(borne, stretch.unit)
        return total

    def walk(
        self,
        moves: Sequence[PrincipalMove] = (),
        *,
        has_settled: bool = False,
        end_day: int | None = None,
    ) -> RunColumns | None:
        """Return what the rows ask for; None: the general way knows it.

        Args:
            moves: What was paid early or is owed again, in order of time.
            has_settled: Whether a row was settled early.
            end_day: No interest is borne after this day; None: all is.
        """
        if not moves and end_day is None:
            return self._unmoved()
        walk = PlainWalk(
            moves=moves,
            end_day=end_day,
            is_lower=self._is_lower,
            is_carried=has_settled or bool(moves),
            balance=self._lent_minor,
        )
        days = self._stretches[-1].days
        standing = self._standing
        if standing is not None and walk.is_beyond(standing, days):
            walk.resume(standing)
        walk.stop = self._stop(moves, end_day)
        for stretch, until in self._spans():
            if not walk.go_on(stretch, until):
                return None
        self._standing = walk.standing
        return walk.columns()

    def _stop(self, moves: Sequence[PrincipalMove], end_day: int | None) -> int:
        """Return the row before which later walks are likely to be as this one."""
        if end_day is None:
            return max(move.period for move in moves)
        return bisect_right(self._stretches[-1].days, end_day) - 1

    def _spans(self) -> list[tuple[PlainStretch, int]]:
        """Return the stretches, each with the row before which it ends."""
        ends = [stretch.begins for stretch in self._stretches[1:]]
        ends.append(self._stretches[-1].last + 1)
        spans = zip(self._stretches, ends, strict=True)
        return [(stretch, end) for stretch, end in spans if stretch.begins < end]

    def _unmoved(self) -> RunColumns | None:
        """Return the rows if nothing is paid early: they pay their level amounts."""
        principals: list[int] = []
        interests: list[int] = []
        balance = self._lent_minor
        for stretch, until in self._spans():
            starts = [row for row in stretch.changed if stretch.begins < row < until]
            for row, stop in pairwise([stretch.begins, *sorted(starts), until]):
                rows = stretch.rows_from(row, balance)
                if rows is None:
                    return None
                count = stop - row
                principals += rows[0][:count]
                interests += rows[1][:count]
                balance = rows[2][count - 1]
        return columns_without_fees(principals, interests)


def rest_columns(lent: LentTerms, repaid_minor: int) -> RunColumns | None:
    """Return what the rows of the terms that hold ask for; None: see `solved_rows`.

    None also where the loan is of another kind. No payment changes these rows.

    Args:
        lent: The loan, with what happened to it.
        repaid_minor: Principal that the earlier rows ask for.

    Raises:
        InvalidValueError: What happened fits no terms.

    Example:
        See `microcrm_core.ledger.scheduled_rows`.
    """
    agreed, conventions, count = lent.agreed, lent.conventions, lent.kept_count
    if not _is_paid_out_at_once(lent) or lent.pauses:
        return None
    start_on = lent.dates.bounds_on[count]
    rate = lent.rate_on(start_on)
    # Terms are still to tell whether they allow another rate than was agreed.
    is_unproven = not count and rate != agreed.nominal_rate
    balance = lent.paid_out[0].net_minor - repaid_minor
    if is_unproven or balance <= 0 or not has_plain_changes(agreed, conventions):
        return None
    changes = lent.rates_after(start_on)
    if not all(map(is_rate_allowed, [changed for _, changed in changes])):
        # The terms say what is wrong with it.
        return None
    begin = EPOCH_ORDINAL
    if not conventions.has_interest_on_disbursement_day:
        begin += 1
    start_day = start_on.toordinal() - EPOCH_ORDINAL
    rate_days = [start_day, *[from_on.toordinal() - begin for from_on, _ in changes]]
    due_day = [on.toordinal() - EPOCH_ORDINAL for on in lent.dates.due_on[count:]]
    if rate_days[-1] >= due_day[-1]:
        return None
    rates = [rate, *[changed for _, changed in changes]]
    rows = changed_rows(balance, due_day, rate_days, rates, conventions)
    return None if rows is None else columns_without_fees(rows[0], rows[1])


def _is_paid_out_at_once(lent: LentTerms) -> bool:
    """Return whether all is lent on the day from which the first period runs."""
    first_day = lent.dates.bounds_on[0].toordinal() - EPOCH_ORDINAL
    return len(lent.paid_out) == 1 and lent.paid_out[0].day == first_day
