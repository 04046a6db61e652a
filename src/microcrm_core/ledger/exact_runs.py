"""The rows of a loan by exact fractions, when principal is paid early or owed again.

A schedule knows what is lent, and when. Life adds principal that is paid before it is
due, and principal that is owed again because a repayment was taken back. Both are a
`PrincipalMove`: the balance that bears interest changes on its day, and one
installment, its own, is asked for so much less or more than was agreed for it.

- *Interest* of a period is on what was really outstanding, day by day, rounded once.
- An *installment* stays as it was agreed. What of it is paid early counts towards it;
  interest that does not fit into the rest of it waits, without interest, for the next
  one, and the last one takes all that is left. So the last ones shrink.
- With a *lower installment* the level amount, or the equal part, is made anew after the
  period of an early payment; the payment then stands beside the installments.
- What a method adds to its parts (interest of equal principal, for example) is asked
  for in full, but a row that was settled early asks for no more: the rest waits.
- Flat interest was agreed as a sum, so no payment changes it; nor does one change the
  fees of the plan.
- Principal of the last row that is paid early is first that of its balloon.
- While less is lent than was agreed, no more waits for the balloon than there is, and
  parts of the principal that were agreed one by one are asked for in order, as far as
  anything is outstanding; the last row takes what they leave.
- A level that a new rate or a tranche makes anew is on what is owed at that period's
  start, over all installments that are left, those paid ahead too.
- Where other terms hold from some row on, the rows before it are those of the run
  before, and all the rest is made anew from what is left then. Flat interest is that
  of the whole term as it then is, less what the rows before ask for.
- Where another method holds from some row on, it counts from that row: steps, flat
  interest on what was left then, interest that waits for the end of a bullet. Interest
  that had waited for the end of one is asked for with that row.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.loans.portions import payouts
    >>> from microcrm_core.loans.periods import ScheduleDates
    >>> from microcrm_core.ledger.exact_runs import LedgerRun
    >>> from microcrm_core.ledger.period_days import PeriodDays
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> run = LedgerRun(terms, STRICT, payouts(terms, STRICT))
    >>> days = PeriodDays.of(ScheduleDates.of(terms, STRICT), STRICT)
    >>> half = days.early_move(dt.date(2025, 1, 15), 2, 50_000)
    >>> moved = run.walk((half,))
    >>> moved.principal_minor, moved.interest_minor
    ((33638, 16362, 50000), (1019, 301, 0))
"""

from __future__ import annotations

import copy
import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.ledger.period_days import PeriodDays
from microcrm_core.ledger.principal_moves import (
    PrincipalMove,
    ended_periods,
    moved_periods,
)
from microcrm_core.loans import (
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    EqualInstallments,
    EqualPrincipal,
    FlatInterest,
    Graduated,
    InterestOnly,
    LoanTerms,
    RepaymentMethod,
    RepaymentPlan,
    ScheduleConventions,
    Seasonal,
    UnpaidInterest,
    Weighted,
)
from microcrm_core.loans.exact_rows import ExactRow, RowInterest, RowPaid, RowsRun
from microcrm_core.loans.level import LevelTargets
from microcrm_core.loans.period_fractions import PeriodFractions
from microcrm_core.loans.period_interest import interest_of
from microcrm_core.loans.periods import InterestPeriod, ScheduleDates
from microcrm_core.loans.portions import EPOCH_ORDINAL, Payout

__all__ = ["LedgerRun", "RunColumns"]

_BY_LEVEL: Final = (EqualInstallments, Graduated, Weighted, Seasonal)
_BY_PART: Final = (EqualPrincipal, FlatInterest)
_AS_AGREED: Final = (CustomPrincipal, CustomInstallments, InterestOnly, Bullet)
_ONE: Final = Fraction(1)
_NO_INTEREST: Final = RowInterest(periods=(), start_minor=0, exact=Fraction(0), minor=0)


@attrs.frozen(kw_only=True)
class RunColumns:
    """What rows ask for, one value for each row of the loan.

    Attributes:
        principal_minor: Principal, what was paid early included.
        interest_minor: Interest.
        fees_minor: Fees of the plan.

    Example:
        See `microcrm_core.ledger.exact_runs`.
    """

    principal_minor: tuple[int, ...]
    interest_minor: tuple[int, ...]
    fees_minor: tuple[int, ...]


class LedgerRun(RowsRun):
    """The rows of one loan, worked out anew for any early payments.

    Args:
        terms: What was agreed.
        conventions: How amounts are made.
        paid_out: What was paid out when.
        carried_minor: Interest that waits to be paid, without interest, at the start.
        is_lower: Whether an early payment makes the later installments anew.
        before: The run under the terms that held before; None: there were none.
        begins: The row from which on these terms hold.
        method_from: The row from which on their method holds; not after `begins`.
        flat_minor: What flat interest is on; None: on all that is lent.

    Raises:
        ScheduleError: The terms allow no schedule.

    Example:
        See `microcrm_core.ledger.exact_runs`.
    """

    # Said again, because they are set here too.
    periods: tuple[InterestPeriod, ...]
    plan: RepaymentPlan
    balance: int
    balloon: int
    carried: int

    def __init__(
        self,
        terms: LoanTerms,
        conventions: ScheduleConventions,
        paid_out: tuple[Payout, ...],
        *,
        carried_minor: int = 0,
        is_lower: bool = False,
        before: LedgerRun | None = None,
        begins: int = 0,
        method_from: int = 0,
        flat_minor: int | None = None,
    ) -> None:
        """Begin before the first row, without any early payment."""
        super().__init__(terms, conventions, paid_out)
        self.carried = carried_minor
        self.is_lower = is_lower
        self.before, self.begins = before, begins
        self.method_from = method_from
        if before is not None:
            self.periods = before.periods[:begins] + self.periods[begins:]
        if self.flat and (before is not None or flat_minor is not None):
            self.flat = self._flat_rest(flat_minor)
        if method_from and isinstance(self.method, Graduated):
            count = self.last + 1 - method_from
            self.weights = (_ONE,) * method_from + self.method.weights(count)
        self.scheduled = self.periods
        self.scheduled_plan: RepaymentPlan = terms.plan
        dates = ScheduleDates.of(terms, conventions)
        self.fractions = PeriodFractions(
            terms=terms,
            conventions=conventions,
            series_on=dates.series_on,
            bounds_on=dates.bounds_on,
        )
        self.ends = [period.end_day for period in self.periods]
        self.places = PeriodDays.of(dates, conventions).places
        self.moves: tuple[PrincipalMove, ...] = ()
        self.settled: Mapping[int, int] = {}
        self.counts_from = 0
        self.scheduled_balloon = self.balloon
        self.is_partly_balloon = 0 < self.balloon < terms.principal.minor
        self.is_all_balloon = False
        self._left: dict[int, int] = {}
        self._fees: dict[int | None, tuple[int, ...]] = {}
        self._levels: dict[tuple[int, int, int, int, UnpaidInterest], LevelTargets] = {}
        self._factors: dict[int, tuple[int, int]] = {}
        self._borne = [Fraction(0)]

    def borne_to(self, day: int) -> Fraction:
        """Return what one unit of principal has borne by the close of a day.

        Nothing is borne after the last period.
        """
        period = bisect_right(self.ends, day)
        total = self._borne_before(period)
        if period == len(self.ends):
            return total
        for part in self.scheduled[period].slices:
            if part.end_day <= day:
                total += part.annual_rate * part.fraction
            elif part.start_day < day:
                years = self.fraction_to(period, day)
                years -= self.fraction_to(period, part.start_day)
                total += part.annual_rate * years
        return total

    def _borne_before(self, period: int) -> Fraction:
        while len(self._borne) <= period:
            slices = self.scheduled[len(self._borne) - 1].slices
            whole = sum(part.annual_rate * part.fraction for part in slices)
            self._borne.append(self._borne[-1] + whole)
        return self._borne[period]

    def fraction_to(self, period: int, day: int) -> Fraction:
        """Return what part of a year lies between a period's start and a day in it."""
        if self.before is not None and period < self.begins:
            return self.before.fraction_to(period, day)
        return self.fractions.to(period, dt.date.fromordinal(day + EPOCH_ORDINAL))

    def walk(
        self,
        moves: Sequence[PrincipalMove] = (),
        settled: Mapping[int, int] | None = None,
        *,
        end_day: int | None = None,
    ) -> RunColumns:
        """Return what the rows ask for.

        Args:
            moves: What was paid early or is owed again, in order of time.
            settled: Interest that a row asked for when it was settled early, by its
                position.
            end_day: No interest is borne after this day; None: all is.

        Raises:
            ScheduleError: An installment does not cover the interest of its period.
        """
        count = self.places[-1] + 1
        principal, interest, fees = [0] * count, [0] * count, [0] * count
        for move in moves:
            principal[move.place] += max(-move.amount_minor, 0)
        _, rows = self._walked(moves, settled or {}, end_day, len(self.places))
        for place, row in zip(self.places, rows, strict=True):
            principal[place] += row.principal_minor
            interest[place] += row.interest_due_minor
            fees[place] += row.fees_minor
        return RunColumns(
            principal_minor=tuple(principal),
            interest_minor=tuple(interest),
            fees_minor=self._fees_as_agreed(moves, fees, end_day),
        )

    def _walked(
        self,
        moves: Sequence[PrincipalMove],
        settled: Mapping[int, int],
        end_day: int | None,
        until: int,
    ) -> tuple[LedgerRun, list[ExactRow]]:
        """Work out rows before some row; return where that stands, and the rows."""
        run, rows = copy.copy(self), list[ExactRow]()
        if self.before is not None:
            before, rows = self.before._walked(moves, settled, end_day, self.begins)
            run.balance, run.carried = before.balance, before.carried
            run.deferred = before.deferred
            if self.method_from == self.begins > 0:
                run._begin_method(before)
        is_changed = bool(moves or settled)
        # A run that ends sooner may not know of the later periods.
        moves = [move for move in moves if move.period < until]
        run.moves, run.settled = tuple(moves), settled
        run._left = {}
        run.periods = moved_periods(self.scheduled, moves, self.fraction_to)
        if end_day is not None:
            run.periods = ended_periods(run.periods, end_day, self.fraction_to)
        # Flat interest bears none, so what an installment does not cover can only wait.
        may_wait = self.plan.unpaid_interest is UnpaidInterest.REFUSED or isinstance(
            self.plan.method, FlatInterest
        )
        if is_changed and may_wait:
            run.plan = attrs.evolve(
                self.scheduled_plan, unpaid_interest=UnpaidInterest.CARRIED
            )
        for number in range(self.begins, until):
            period = run.periods[number]
            owed_minor = run.balance + period.opening_minor + period.paid_out_minor
            balloon_minor = self._balloon_of(moves, number)
            run.is_all_balloon = self.is_partly_balloon and balloon_minor >= owed_minor
            run.balloon = min(balloon_minor, max(owed_minor, 0))
            rows.append(run.next_row(number))
        return run, rows

    def owed_before(
        self, row: int, moves: Sequence[PrincipalMove], settled: Mapping[int, int]
    ) -> int:
        """Return what bears interest from a row on, with all that has moved by now."""
        run, _ = self._walked(moves, settled, None, row)
        moved_minor = sum(move.amount_minor for move in moves if move.period >= row)
        return run.balance + moved_minor

    def _begin_method(self, before: LedgerRun) -> None:
        """Take interest over that waited for the end of another method."""
        if isinstance(before.method, Bullet):
            self.carried, self.deferred = self.carried + self.deferred, 0
        if _waits(before.method):
            self.carried += before._bullet_interest(self.begins, before.balance).minor
        carried_minor = self.carried
        if isinstance(self.method, Bullet):
            self.deferred, self.carried = self.deferred + carried_minor, 0
        elif carried_minor and self.flat:
            # The even parts are of all that is asked for.
            first = self.flat[self.begins]
            more = attrs.evolve(first, minor=first.minor + carried_minor)
            self.flat = (*self.flat[: self.begins], more, *self.flat[self.begins + 1 :])
            self.carried = 0

    def _fees_as_agreed(
        self, moves: Sequence[PrincipalMove], fees: Sequence[int], end_day: int | None
    ) -> tuple[int, ...]:
        """Return fees as they are without early payments, to the same end."""
        if not moves or not self.scheduled_plan.fees:
            return tuple(fees)
        if end_day not in self._fees:
            self._fees[end_day] = self.walk(end_day=end_day).fees_minor
        return self._fees[end_day]

    def _balloon_of(self, moves: Sequence[PrincipalMove], row: int) -> int:
        """Return what of the balloon is not paid early in the periods up to a row."""
        if not self.scheduled_balloon:
            return 0
        paid_minor = sum(
            -move.amount_minor
            for move in moves
            if move.is_last and move.amount_minor < 0 and move.period <= row
        )
        return max(self.scheduled_balloon - paid_minor, 0)

    def _require_balloon(self) -> None:
        """Refuse no balloon: it is of what was agreed, and not all may be lent yet."""

    def _require_agreed_parts(self) -> None:
        """Refuse no parts: they are of what was agreed, and other sums may be lent."""

    # Interest.

    def _flat_rest(self, flat_minor: int | None) -> tuple[RowInterest, ...]:
        """Return the flat interest of rows: of those before, and what is left of it."""
        first, asked = self.begins, tuple[RowInterest, ...]()
        if self.before is not None:
            asked = self.before.flat[:first] or (_NO_INTEREST,) * first
        return asked + self._flat_interest(
            first,
            sum(interest.minor for interest in asked[self.method_from :]),
            since=self.method_from,
            owed_minor=flat_minor,
        )

    def _bullet_interest(self, until: int, owed_minor: int) -> RowInterest:
        """Return interest that waits for the end, of the periods before some row.

        *owed_minor* is what bears interest when they are over.
        """
        periods, start_minor = self.periods[self.method_from : until], owed_minor
        start_minor -= sum(period.opening_minor for period in periods[1:])
        start_minor -= sum(period.paid_out_minor for period in periods)
        exact = interest_of(periods, start_minor)
        return RowInterest(
            periods=periods,
            start_minor=start_minor,
            exact=exact,
            minor=self._rounded(exact),
        )

    def _interest(self, row: int) -> RowInterest:
        period = self.periods[row]
        is_simple = period is self.scheduled[row] and len(period.slices) == 1
        if self.method_from and row == self.last and _waits(self.method):
            owed_minor = self.balance + period.paid_out_minor
            return self._bullet_interest(row + 1, owed_minor)
        if not is_simple or isinstance(self.method, FlatInterest | Bullet):
            return super()._interest(row)
        if row not in self._factors:
            [part] = period.slices
            factor = part.annual_rate * part.fraction
            self._factors[row] = factor.as_integer_ratio()
        numerator, denominator = self._factors[row]
        exact = Fraction(self.balance * numerator, denominator)
        minor = self._rounded(exact)
        return RowInterest(
            periods=(period,), start_minor=self.balance, exact=exact, minor=minor
        )

    # What rows are to pay.

    def _make_anew(self, row: int) -> None:
        """Make the level amount as it was agreed, without what is not foreseen."""
        if not self.moves:
            if isinstance(self.method, _BY_LEVEL):
                self._make_level(row)
            else:
                super()._make_anew(row)
                self._make_part_anew(row)
            return
        aside_minor = sum(
            move.amount_minor for move in self.moves if self._is_aside(move, row)
        )
        periods, plan, balloon = self.periods, self.plan, self.balloon
        self.balance -= aside_minor
        self.periods, self.plan = self.scheduled, self.scheduled_plan
        moves = self.moves if self._is_made_of_owed(row) else ()
        owed_minor = self.balance + self.periods[row].paid_out_minor
        self.balloon = min(self._balloon_of(moves, row - 1), max(owed_minor, 0))
        if isinstance(self.method, _BY_LEVEL):
            self._make_level(row)
        else:
            super()._make_anew(row)
            self._make_part_anew(row)
        self.periods, self.plan, self.balloon = periods, plan, balloon
        self.balance += aside_minor

    def _make_part_anew(self, row: int) -> None:
        """Make the equal part anew where other terms begin, or a payment lowers it."""
        if not isinstance(self.method, _BY_PART) or row < self.first_paid:
            return
        if self.counts_from != row and (self._is_begun(row) or self._is_lowered(row)):
            self._make_equal_part(row)

    def _is_begun(self, row: int) -> bool:
        """Return whether other terms begin to hold with a row."""
        return row == self.begins > 0

    def _is_aside(self, move: PrincipalMove, row: int) -> bool:
        """Return whether a level that is made in a row is made without a move."""
        if move.period > row or (move.period == row and not move.is_opening):
            return False
        if not self._is_made_of_owed(row):
            return True
        return move.period == row and (move.amount_minor > 0 or not self.is_lower)

    def _is_made_of_owed(self, row: int) -> bool:
        """Return whether a level made in a row is on what is then really owed.

        Else it is the one that was agreed from the start.
        """
        period = self.scheduled[row]
        is_changed = period.has_tranche or period.has_rate_change
        return self.is_lower or is_changed or self._is_begun(row)

    def _is_lowered(self, row: int) -> bool:
        """Return whether an early payment is to lower installments from a row on."""
        return self.is_lower and any(
            move.amount_minor < 0 and row == move.period + (not move.is_opening)
            for move in self.moves
        )

    def _make_level(self, row: int) -> None:
        """Make the level amount anew where something began to differ."""
        period = self.scheduled[row]
        is_changed = period.has_tranche or period.has_rate_change
        if row != self.begins and not is_changed and not self._is_lowered(row):
            return
        self.counts_from = row if self._is_made_of_owed(row) else 0
        # The same level is made in every walk that comes to the same balance.
        waits = self.plan.unpaid_interest
        key = row, self.balance, self.carried, self.balloon, waits
        if key not in self._levels:
            self._levels[key] = self._level_problem(row).targets()
        self.level, self.made_in = self._levels[key], row

    def _make_equal_part(self, row: int) -> None:
        self.counts_from = row if self._is_made_of_owed(row) else 0
        super()._make_equal_part(row)

    def _asked(self, row: int, due_minor: int) -> tuple[int, int | None]:
        amount_minor, equal_minor = super()._asked(row, due_minor)
        if self.is_all_balloon:
            # There is nothing to repay yet, and installments differ as interest does.
            amount_minor = max(amount_minor, self.carried + due_minor)
        return self._still_asked(row, amount_minor), equal_minor

    def _still_asked(self, row: int, amount_minor: int) -> int:
        """Return what of an agreed amount is not paid yet, what is owed again added."""
        if not self.moves:
            return amount_minor
        place = self.places[row]
        if place not in self._left:
            self._left[place] = sum(
                move.amount_minor
                for move in self.moves
                if move.place == place and self._counts(move)
            )
        left_minor = amount_minor + self._left[place]
        self._left[place] = min(left_minor, 0)
        return max(left_minor, 0)

    def _counts(self, move: PrincipalMove) -> bool:
        """Return whether a move counts towards the installment as it now is."""
        if move.amount_minor > 0:
            return True
        if isinstance(self.method, _AS_AGREED):
            return move.period >= self.method_from
        if move.period == self.counts_from:
            return not (self.is_lower and move.is_opening)
        return move.period > self.counts_from

    def _paid_by_part(self, row: int, due_minor: int) -> RowPaid:
        is_by_method = not isinstance(self.method, CustomPrincipal)
        is_as_agreed = not (self.moves or self.settled or self.carried)
        if is_by_method and is_as_agreed:
            return super()._paid_by_part(row, due_minor)
        part_minor = 0
        if isinstance(self.method, CustomPrincipal):
            part_minor = self.agreed[row]
        elif isinstance(self.method, EqualPrincipal) and row >= self.first_paid:
            is_first = row == self.remainder_row
            part_minor = self.remainder if is_first else self.equal
        part_minor = self._still_asked(row, part_minor)
        principal_minor = min(part_minor, max(self.balance - self.balloon, 0))
        owed_minor = self.carried + due_minor
        interest_minor = owed_minor
        if row == self.last:
            principal_minor = self.balance
        else:
            most_minor = self.settled.get(self.places[row], owed_minor)
            interest_minor = min(owed_minor, most_minor)
        self.carried = owed_minor - interest_minor
        return RowPaid(principal_minor=principal_minor, interest_minor=interest_minor)


def _waits(method: RepaymentMethod) -> bool:
    """Return whether interest of all periods waits for the last row."""
    return isinstance(method, Bullet) and not method.is_compounded
