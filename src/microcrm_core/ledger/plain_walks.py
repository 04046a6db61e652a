"""One way through the rows of a loan of the most common kind, from payment to payment.

A walk works rows out in order: interest on what is outstanding, principal with what is
left of the level amount. It notes where it stands before the period in which something
last moved, so that the next walk need not begin at the first row.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.ledger.lent_terms import LentTerms
    >>> from microcrm_core.ledger.plain_stretches import PlainStretch
    >>> from microcrm_core.ledger.plain_walks import PlainWalk
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> lent = LentTerms.of(terms, STRICT)
    >>> walk = PlainWalk(
    ...     moves=(), end_day=None, is_lower=False, is_carried=False, balance=100_000
    ... )
    >>> walk.go_on(PlainStretch.of(lent, ()), 3)
    True
    >>> walk.columns().principal_minor
    (32619, 33416, 33965)
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from microcrm_core.ledger.exact_runs import RunColumns
from microcrm_core.ledger.plain_stretches import PlainStretch
from microcrm_core.ledger.principal_moves import PrincipalMove

__all__ = ["PlainStanding", "PlainWalk", "columns_without_fees"]


@attrs.frozen(kw_only=True)
class PlainStanding:
    """Where a walk stands before a row.

    Attributes:
        row: The row.
        moves: What was moved in the periods before it.
        walk: The walk as it then is.

    Example:
        See `microcrm_core.ledger.plain_walks`.
    """

    row: int
    moves: list[PrincipalMove]
    walk: PlainWalk


@attrs.define(kw_only=True, eq=False)
class PlainWalk:
    """One way through the rows, as it is walked.

    Attributes:
        moves: What was paid early or is owed again.
        end_day: No interest is borne after this day; None: all is.
        is_lower: Whether an early payment makes the later installments anew.
        is_carried: Whether interest that an installment does not cover waits.
        balance: What bears interest.
        carried: Interest that waits.
        level: The level amount that holds.
        counts_from: From which row on moves count to it.
        principals: Principal of the rows so far, but for what was paid early.
        interests: Interest of the rows so far.
        stop: The row before which it notes where it stands.
        standing: What it noted.

    Example:
        See `microcrm_core.ledger.plain_walks`.
    """

    moves: Sequence[PrincipalMove]
    end_day: int | None
    is_lower: bool
    is_carried: bool
    balance: int
    carried: int = 0
    level: int = 0
    counts_from: int = 0
    principals: list[int] = attrs.field(factory=list[int])
    interests: list[int] = attrs.field(factory=list[int])
    stop: int = 0
    standing: PlainStanding | None = None

    def is_beyond(self, standing: PlainStanding, days: Sequence[int]) -> bool:
        """Return whether nothing of this walk changes rows before a standing."""
        row = standing.row
        if self.end_day is not None and self.end_day < days[row]:
            return False
        # Where nothing may wait, a row that lets interest wait has no schedule.
        if standing.walk.is_carried and not self.is_carried:
            return False
        is_later = all(move.place >= row for move in self.moves if move.period >= row)
        return is_later and self._moves_before(row) == standing.moves

    def _moves_before(self, row: int) -> list[PrincipalMove]:
        return [move for move in self.moves if move.period < row]

    def resume(self, standing: PlainStanding) -> None:
        """Go on from where another walk stood."""
        walk = standing.walk
        self.balance, self.carried = walk.balance, walk.carried
        self.level, self.counts_from = walk.level, walk.counts_from
        self.principals, self.interests = walk.principals[:], walk.interests[:]
        self.standing = standing

    def _note_standing(self, row: int) -> None:
        walk = attrs.evolve(
            self,
            principals=self.principals[:],
            interests=self.interests[:],
            standing=None,
        )
        moves = self._moves_before(row)
        self.standing = PlainStanding(row=row, moves=moves, walk=walk)

    def columns(self) -> RunColumns:
        """Return the rows, with what was paid early in them."""
        principals = self.principals
        for move in self.moves:
            if move.amount_minor < 0:
                principals[move.place] -= move.amount_minor
        return columns_without_fees(principals, self.interests)

    def go_on(self, stretch: PlainStretch, until: int) -> bool:
        """Work rows out before some row; return whether they are of this kind."""
        begins, last = max(stretch.begins, len(self.interests)), stretch.last
        # What happens under later terms is not foreseen by earlier ones.
        moves = [move for move in self.moves if move.period < until]
        in_row: dict[int, list[PrincipalMove]] = {}
        of_place: dict[int, list[PrincipalMove]] = {}
        for move in moves:
            in_row.setdefault(move.period, []).append(move)
            of_place.setdefault(move.place, []).append(move)
        made_in = {stretch.begins, *stretch.changed}
        if self.is_lower:
            made_in.update(
                move.period + (not move.is_opening)
                for move in moves
                if move.amount_minor < 0
            )
        weights, rounded, days = stretch.weights, stretch.rounded, stretch.days
        end_day = self.end_day
        for row in range(begins, until):
            if row == self.stop > begins:
                self._note_standing(row)
            inside: list[tuple[int, int]] = []
            # Nothing moves in most rows.
            if row in in_row:
                for move in in_row[row]:
                    if move.is_opening:
                        self.balance += move.amount_minor
                    else:
                        inside.append((move.day, move.amount_minor))
            if row in made_in:
                made = self._level(stretch, row, moves)
                if made is None:
                    return False
                self.level, self.counts_from = made
            if self.balance < 0:
                return False
            if inside or (end_day is not None and end_day < days[row + 1]):
                exact = self._exact_interest(stretch, row, inside)
                if exact < 0:
                    return False
                self.balance += sum([amount_minor for _, amount_minor in inside])
            else:
                exact = self.balance * weights[row]
            asked = self.level
            if row in of_place:
                for move in of_place[row]:
                    if self._counts(move):
                        asked += move.amount_minor
            is_last = row == last
            if not self._pay(asked if asked > 0 else 0, rounded(exact), is_last):
                return False
        return True

    def _level(
        self, stretch: PlainStretch, row: int, moves: Sequence[PrincipalMove]
    ) -> tuple[int, int] | None:
        """Return the level made in a row, and from which row on moves count to it."""
        is_begun = row == stretch.begins > 0
        is_of_owed = self.is_lower or is_begun or row in stretch.changed
        # One that was agreed from the start knows of no move; else the row's own ones
        # stand beside it.
        aside = sum(
            move.amount_minor
            for move in moves
            if (
                move.period == row
                and move.is_opening
                and (not is_of_owed or move.amount_minor > 0 or not self.is_lower)
            )
            or (move.period < row and not is_of_owed)
        )
        balance = self.balance - aside
        level = None if balance < 0 else stretch.level(row, balance, self.carried)
        return None if level is None else (level, row if is_of_owed else 0)

    def _exact_interest(
        self, stretch: PlainStretch, row: int, inside: Sequence[tuple[int, int]]
    ) -> int:
        """Return the interest of a row over the unit of the loan."""
        start_day, last_day = stretch.days[row], stretch.days[row + 1]
        if self.end_day is not None and self.end_day < last_day:
            last_day = max(start_day, self.end_day)
            reached = stretch.borne_to(last_day)
            exact = self.balance * (reached - stretch.borne_to(start_day))
        else:
            exact = self.balance * stretch.weights[row]
            reached = stretch.borne_to(last_day) if inside else 0
        for day, amount_minor in inside:
            exact += amount_minor * (reached - stretch.borne_to(min(day, last_day)))
        return exact

    def _counts(self, move: PrincipalMove) -> bool:
        """Return whether a move counts towards the installment of its row."""
        if move.amount_minor > 0:
            return True
        if move.period == self.counts_from:
            return not (self.is_lower and move.is_opening)
        return move.period > self.counts_from

    def _pay(self, asked: int, due: int, is_last: bool) -> bool:
        """Let a row pay interest, and principal with what is left of what it asks."""
        owed, balance = self.carried + due, self.balance
        if is_last:
            asked = owed + balance
        interest = owed if owed < asked else asked
        principal = asked - interest
        if principal > balance and not is_last:
            principal = balance if balance > 0 else 0
        self.carried = owed - interest
        self.balance = balance - principal
        self.principals.append(principal)
        self.interests.append(interest)
        # The general way refuses what does not wait.
        return self.is_carried or not self.carried


def columns_without_fees(
    principals: Sequence[int], interests: Sequence[int]
) -> RunColumns:
    """Return what rows ask for in principal and interest.

    Example:
        See `microcrm_core.ledger.plain_walks`.
    """
    return RunColumns(
        principal_minor=tuple(principals),
        interest_minor=tuple(interests),
        fees_minor=(0,) * len(principals),
    )
