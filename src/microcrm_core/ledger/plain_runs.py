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

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from math import lcm
from operator import mul, sub
from typing import Self

import attrs

from microcrm_core.ledger.exact_runs import RunColumns
from microcrm_core.ledger.lent_terms import LentTerms
from microcrm_core.ledger.principal_moves import PrincipalMove
from microcrm_core.loans.level import smallest
from microcrm_core.loans.plain_changes import (
    YEAR_DAYS,
    SolvedRows,
    changed_rows,
    has_plain_changes,
    solved_rows,
)
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.loans.terms import LoanTerms, RateChange
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding

__all__ = ["PlainRun", "rest_columns"]


@attrs.define(kw_only=True, eq=False)
class _Stretch:
    """Installments under one set of terms: the first of them to their last.

    Attributes:
        agreed: The terms.
        changes: The rates that they came to have.
        begins: The row from which on these terms hold.
        days: Where interest periods meet.
        rate_days: At the close of which days a rate begins.
        rates: The rates, over the unit.
        borne: What one unit of principal has borne at the close of each of `rate_days`.
        unit: The unit: what a rate times days is over.
        has_ties: Whether a tie goes to the even neighbor, and there are any.
        weights: What one unit bears in each period.
        changed: Rows in whose period a new rate begins.
        solved: Rows that pay a level amount, by first row and balance.
        levels: Level amounts, by first row, balance and interest that waits.
    """

    agreed: LoanTerms
    changes: tuple[RateChange, ...]
    begins: int
    days: list[int]
    rate_days: list[int]
    rates: list[int]
    borne: list[int]
    unit: int
    has_ties: bool
    weights: list[int]
    changed: frozenset[int]
    solved: dict[tuple[int, int], SolvedRows | None] = attrs.field(
        factory=dict[tuple[int, int], SolvedRows | None]
    )
    levels: dict[tuple[int, int, int], int | None] = attrs.field(
        factory=dict[tuple[int, int, int], int | None]
    )

    @classmethod
    def of(cls, lent: LentTerms, changes: tuple[RateChange, ...]) -> _Stretch:
        """Return the installments of a loan under the terms that it has."""
        conventions = lent.conventions
        days = [on.toordinal() - EPOCH_ORDINAL for on in lent.dates.bounds_on]
        begin = EPOCH_ORDINAL
        if not conventions.has_interest_on_disbursement_day:
            begin += 1
        rate_days = [days[0], *[one.from_on.toordinal() - begin for one in changes]]
        rates = [lent.rate_on(lent.dates.bounds_on[0]), *_rates_of(changes)]
        fractions = [rate.annual_fraction for rate in rates]
        whole = lcm(*[one.denominator for one in fractions])
        per_day = [one.numerator * (whole // one.denominator) for one in fractions]
        unit = whole * YEAR_DAYS[conventions.day_count]  # type: ignore[index]  # of this kind
        spans = map(mul, per_day, map(sub, rate_days[1:], rate_days))
        made = cls(
            agreed=lent.agreed,
            changes=changes,
            begins=lent.kept_count,
            days=days,
            rate_days=rate_days,
            rates=per_day,
            borne=list(accumulate(spans, initial=0)),
            unit=unit,
            has_ties=conventions.rounding is Rounding.HALF_EVEN and not unit & 1,
            weights=[],
            changed=frozenset(bisect_right(days, day) - 1 for day in rate_days[1:]),
        )
        reached = list(map(made.borne_to, days))
        made.weights = list(map(sub, reached[1:], reached))
        return made

    def is_of(self, lent: LentTerms, changes: tuple[RateChange, ...]) -> bool:
        """Return whether these are still the installments of a loan."""
        is_same = self.agreed is lent.agreed and self.begins == lent.kept_count
        return is_same and self.changes == changes

    @property
    def last(self) -> int:
        """The position of the last row."""
        return len(self.weights) - 1

    def borne_to(self, day: int) -> int:
        """Return what one unit of principal has borne by the close of a day."""
        number = bisect_right(self.rate_days, day) - 1
        return self.borne[number] + (day - self.rate_days[number]) * self.rates[number]

    def foreseen(self, row: int) -> list[int]:
        """Return the weights that a level made in a row foresees, from it on."""
        days = self.days
        rate = self.rates[bisect_left(self.rate_days, days[row + 1]) - 1]
        later = map(sub, days[row + 2 :], days[row + 1 :])
        return [self.weights[row], *[one * rate for one in later]]

    def rows_from(self, row: int, balance: int) -> SolvedRows | None:
        """Return the rows that pay a level amount made in a row; None: see `level`."""
        key = row, balance
        if key not in self.solved:
            weights = self.foreseen(row)
            self.solved[key] = solved_rows(
                balance, weights, self.unit, has_ties=self.has_ties
            )
        return self.solved[key]

    def level(self, row: int, balance: int, carried: int) -> int | None:
        """Return the level amount made in a row; None: the general way knows it."""
        if not carried:
            rows = self.rows_from(row, balance)
            return None if rows is None else rows[0][0] + rows[1][0]
        key = row, balance, carried
        if key not in self.levels:
            self.levels[key] = self._level_with(row, balance, carried)
        return self.levels[key]

    def _level_with(self, row: int, balance: int, carried: int) -> int | None:
        weights = self.foreseen(row)
        is_covered = True

        def is_enough(level: int) -> bool:
            nonlocal is_covered
            left, waiting = balance, carried
            is_covered = True
            for weight in weights[:-1]:
                owed = waiting + self.rounded(left * weight)
                waiting = 0
                if level >= owed:
                    left -= min(level - owed, left)
                else:
                    # What becomes of it, a plan says; it is added here.
                    is_covered = False
                    left += owed - level
            return left + waiting + self.rounded(left * weights[-1]) <= level

        known = self.rows_from(row, balance)
        if known is None:
            return None
        level = smallest(is_enough, known[0][0] + known[1][0] + carried // len(weights))
        return level if is_enough(level) and is_covered else None

    def rounded(self, exact: int) -> int:
        """Return an amount over the unit as a whole number; it is not below zero."""
        whole, rest = divmod(2 * exact + self.unit, 2 * self.unit)
        return whole - 1 if self.has_ties and not rest and whole & 1 else whole


@attrs.frozen(kw_only=True)
class PlainRun:
    """The rows of one loan of the most common kind, for any early payments.

    Example:
        See `microcrm_core.ledger.plain_runs`.
    """

    _lent_minor: int = attrs.field(alias="lent_minor")
    _stretches: tuple[_Stretch, ...] = attrs.field(alias="stretches")
    _is_lower: bool = attrs.field(alias="is_lower")

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
        made: list[_Stretch] = []
        one: LentTerms | None = lent
        while one is not None:
            terms = one.agreed if lent.earlier else one.terms()
            if not has_plain_changes(terms, one.conventions):
                return None
            changes = one.rate_changes(one.dates.bounds_on[0])
            found = [it for it in known if it.is_of(one, changes)]
            made.append(found[0] if found else _Stretch.of(one, changes))
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
        walk = _Walk(
            moves=moves,
            end_day=end_day,
            is_lower=self._is_lower,
            is_carried=has_settled or bool(moves),
            balance=self._lent_minor,
        )
        for stretch, until in self._spans():
            if not walk.go_on(stretch, until):
                return None
        return walk.columns()

    def _spans(self) -> list[tuple[_Stretch, int]]:
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
        return _columns(principals, interests)


@attrs.define(kw_only=True, eq=False)
class _Walk:
    """One way through the rows, as it is walked.

    Attributes:
        moves: What was paid early or is owed again.
        end_day: No interest is borne after this day; None: all is.
        is_lower: Whether an early payment makes the later installments anew.
        is_carried: Whether interest that an installment does not cover waits.
        balance: What bears interest.
        carried: Interest that waits.
        principals: Principal of the rows so far, but for what was paid early.
        interests: Interest of the rows so far.
    """

    moves: Sequence[PrincipalMove]
    end_day: int | None
    is_lower: bool
    is_carried: bool
    balance: int
    carried: int = 0
    principals: list[int] = attrs.field(factory=list[int])
    interests: list[int] = attrs.field(factory=list[int])

    def columns(self) -> RunColumns:
        """Return the rows, with what was paid early in them."""
        principals = self.principals
        for move in self.moves:
            if move.amount_minor < 0:
                principals[move.place] -= move.amount_minor
        return _columns(principals, self.interests)

    def go_on(self, stretch: _Stretch, until: int) -> bool:
        """Work rows out before some row; return whether they are of this kind."""
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
        level = counts_from = 0
        for row in range(stretch.begins, until):
            inside: list[tuple[int, int]] = []
            opened = 0
            for move in in_row.get(row, ()):
                if move.is_opening:
                    opened += move.amount_minor
                else:
                    inside.append((move.day, move.amount_minor))
            self.balance += opened
            if row in made_in:
                made = self._level(stretch, row, moves)
                if made is None:
                    return False
                level, counts_from = made
            if self.balance < 0:
                return False
            exact = self._exact_interest(stretch, row, inside)
            if exact < 0:
                return False
            self.balance += sum(amount_minor for _, amount_minor in inside)
            asked = level
            for move in of_place.get(row, ()):
                if self._counts(move, counts_from):
                    asked += move.amount_minor
            if not self._pay(stretch, row, max(asked, 0), stretch.rounded(exact)):
                return False
        return True

    def _level(
        self, stretch: _Stretch, row: int, moves: Sequence[PrincipalMove]
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
        self, stretch: _Stretch, row: int, inside: Sequence[tuple[int, int]]
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

    def _counts(self, move: PrincipalMove, counts_from: int) -> bool:
        """Return whether a move counts towards the installment of its row."""
        if move.amount_minor > 0:
            return True
        if move.period == counts_from:
            return not (self.is_lower and move.is_opening)
        return move.period > counts_from

    def _pay(self, stretch: _Stretch, row: int, asked: int, due: int) -> bool:
        """Let a row pay interest, and principal with what is left of what it asks."""
        owed = self.carried + due
        if row == stretch.last:
            asked = owed + self.balance
        interest = min(asked, owed)
        principal = asked - interest
        if row != stretch.last:
            principal = min(principal, max(self.balance, 0))
        self.carried = owed - interest
        self.balance -= principal
        self.principals.append(principal)
        self.interests.append(interest)
        # The general way refuses what does not wait.
        return self.is_carried or not self.carried


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
    changes = lent.rate_changes(start_on)
    begin = EPOCH_ORDINAL
    if not conventions.has_interest_on_disbursement_day:
        begin += 1
    start_day = start_on.toordinal() - EPOCH_ORDINAL
    rate_days = [start_day, *[one.from_on.toordinal() - begin for one in changes]]
    due_day = [on.toordinal() - EPOCH_ORDINAL for on in lent.dates.due_on[count:]]
    if rate_days[-1] >= due_day[-1]:
        return None
    rates = [rate, *_rates_of(changes)]
    rows = changed_rows(balance, due_day, rate_days, rates, conventions)
    return None if rows is None else _columns(rows[0], rows[1])


def _is_paid_out_at_once(lent: LentTerms) -> bool:
    """Return whether all is lent on the day from which the first period runs."""
    first_day = lent.dates.bounds_on[0].toordinal() - EPOCH_ORDINAL
    return len(lent.paid_out) == 1 and lent.paid_out[0].day == first_day


def _rates_of(changes: Sequence[RateChange]) -> list[Rate]:
    return [one.nominal_rate for one in changes]


def _columns(principals: Sequence[int], interests: Sequence[int]) -> RunColumns:
    return RunColumns(
        principal_minor=tuple(principals),
        interest_minor=tuple(interests),
        fees_minor=(0,) * len(principals),
    )
