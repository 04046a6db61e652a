"""The rows of a loan, worked out one after the other by exact fractions.

Each row first knows its interest, then what the plan asks for, then what is left.
How much is asked comes from the method: an amount in all, which `level` finds, or a
part of the principal. Interest is rounded once in each period; nothing else is.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.loans.exact_rows import exact_rows
    >>> from microcrm_core.loans.portions import payouts
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> rows = exact_rows(terms, STRICT, payouts(terms, STRICT))
    >>> [(row.principal_minor, row.interest_due_minor) for row in rows]
    [(32619, 2038), (33416, 1241), (33965, 692)]
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.errors import ScheduleError
from microcrm_core.loans.asked import (
    agreed_minor,
    not_covered,
    require_grace,
    row_weights,
)
from microcrm_core.loans.conventions import Remainder, ScheduleConventions
from microcrm_core.loans.fees import FeeBase, FeeTiming
from microcrm_core.loans.level import (
    LevelProblem,
    LevelRow,
    LevelTargets,
    equal_part,
)
from microcrm_core.loans.methods import (
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    EqualInstallments,
    EqualPrincipal,
    FlatInterest,
    Graduated,
    Seasonal,
    Weighted,
)
from microcrm_core.loans.period_interest import foreseen_growth, interest_of
from microcrm_core.loans.periods import InterestPeriod, interest_periods
from microcrm_core.loans.plans import DeferredInterest, UnpaidInterest
from microcrm_core.loans.portions import (
    EPOCH_ORDINAL,
    Payout,
    balloon_minor,
    fees_at_start_minor,
    portion_minor,
)
from microcrm_core.loans.terms import LoanTerms
from microcrm_core.money import Money
from microcrm_core.rounding import divide

__all__ = ["ExactRow", "RowInterest", "RowPaid", "RowsRun", "exact_rows"]

_BY_LEVEL: Final = (EqualInstallments, Graduated, Weighted, Seasonal)
_BY_TOTAL: Final = (*_BY_LEVEL, FlatInterest, CustomInstallments)


@attrs.frozen(kw_only=True)
class ExactRow:
    """One installment as it was worked out, before rows are merged.

    Attributes:
        periods: The interest periods that it is for: its own one; for the last row of
            a bullet without compounding all of them, for its others none.
        start_minor: What bore interest at the start of the first of them.
        interest_exact: Interest of these periods, before rounding.
        interest_minor: The same, rounded once.
        equal_minor: What it comes to before any remainder; None: no such amount.
        remainder_minor: How far it is from that; None where `equal_minor` is None.
        due_day: Last day on which paying it is on time.
        unadjusted_day: The same before it was moved to a business day.
        end_day: Until when its interest runs.
        principal_minor: Principal part.
        interest_due_minor: Interest part.
        fees_minor: Fees that are due with it.
        capitalized_minor: Interest that is added to the debt.

    Example:
        See `microcrm_core.loans.exact_rows`.
    """

    periods: tuple[InterestPeriod, ...]
    start_minor: int
    interest_exact: Fraction
    interest_minor: int
    equal_minor: int | None
    remainder_minor: int | None
    due_day: int
    unadjusted_day: int
    end_day: int
    principal_minor: int
    interest_due_minor: int
    fees_minor: int
    capitalized_minor: int


def exact_rows(
    terms: LoanTerms, conventions: ScheduleConventions, paid_out: tuple[Payout, ...]
) -> tuple[ExactRow, ...]:
    """Return the installments of a loan, one for each period.

    Args:
        terms: What was agreed.
        conventions: How amounts are made.
        paid_out: What `portions.payouts` says.

    Raises:
        ScheduleError: The terms allow no schedule.
        InvalidValueError: A date would leave the calendar, or the day count needs a
            calendar and there is none.
        CurrencyMismatchError: A part of the plan is in another currency.

    Example:
        See `microcrm_core.loans.exact_rows`.
    """
    return RowsRun(terms, conventions, paid_out).rows()


@attrs.frozen(kw_only=True)
class RowPaid:
    """What a row pays, and what becomes of interest that it does not pay.

    Attributes:
        principal_minor: Principal that it pays.
        interest_minor: Interest that it pays.
        capitalized_minor: Interest that is added to the debt instead.
        equal_minor: What it would pay if there were no remainder; None: no such amount.
        remainder_minor: How far it is from that; None where `equal_minor` is None.

    Example:
        See `microcrm_core.loans.exact_rows`.
    """

    principal_minor: int
    interest_minor: int
    capitalized_minor: int = 0
    equal_minor: int | None = None
    remainder_minor: int | None = None


@attrs.frozen(kw_only=True)
class RowInterest:
    """The interest of a row, and where it comes from.

    Attributes:
        periods: The interest periods that it is for.
        start_minor: What bore interest at the start of the first of them.
        exact: The interest before rounding.
        minor: The same, rounded once.

    Example:
        See `microcrm_core.loans.exact_rows`.
    """

    periods: tuple[InterestPeriod, ...]
    start_minor: int
    exact: Fraction
    minor: int


class RowsRun:
    """The debt of one loan while its rows are worked out.

    Args:
        terms: What was agreed.
        conventions: How amounts are made.
        paid_out: What `portions.payouts` says.

    Raises:
        ScheduleError: The terms allow no schedule.

    Example:
        See `microcrm_core.loans.exact_rows`.
    """

    def __init__(
        self,
        terms: LoanTerms,
        conventions: ScheduleConventions,
        paid_out: tuple[Payout, ...],
    ) -> None:
        """Begin before the first row."""
        require_grace(terms)
        self.terms, self.conventions = terms, conventions
        self.plan, self.method = terms.plan, terms.plan.method
        self.periods = interest_periods(terms, conventions, paid_out)
        self.last = len(self.periods) - 1
        # The debt: what bears interest, and interest that waits without any.
        self.balance = paid_out[0].net_minor
        self.balance += fees_at_start_minor(terms, conventions, FeeTiming.FINANCED)
        self.carried = self.deferred = 0
        self.balloon = balloon_minor(terms, conventions)
        self._require_balloon()
        self.first_paid = self.plan.grace.principal_count
        # How many first rows do not pay their interest, and where it goes.
        self.put_off_count = self.plan.grace.interest_payment_count
        self.is_put_off_capitalized = (
            self.plan.grace.deferred_interest is DeferredInterest.CAPITALIZED
        )
        if isinstance(self.method, Bullet) and self.method.is_compounded:
            self.put_off_count, self.is_put_off_capitalized = self.last, True
        # What rows are to pay, from the last row on in which that was made anew.
        self.weights: tuple[Fraction, ...] = ()
        self.agreed: tuple[int, ...] = ()
        self.flat: tuple[RowInterest, ...] = ()
        self.level: LevelTargets | None = None
        self.made_in = 0
        self.equal = self.remainder = 0
        self.remainder_row = -1
        self._prepare()

    def rows(self) -> tuple[ExactRow, ...]:
        """Work the rows out, in order."""
        return tuple(self.next_row(row) for row in range(self.last + 1))

    def takes_remainder_first(self, row: int) -> bool:
        """Return whether the row just worked out takes the remainder as the first."""
        if self.level is None:
            return row == self.remainder_row
        return row - self.made_in == self.level.remainder_row

    def _prepare(self) -> None:
        """Fix what the method says about each row, or refuse the terms."""
        terms, method = self.terms, self.method
        if isinstance(method, _BY_LEVEL):
            months = [_month(period.unadjusted_day) for period in self.periods]
            self.weights = row_weights(terms, months)
        elif isinstance(method, CustomPrincipal):
            self.agreed = agreed_minor(method.amounts, self.last + 1, terms)
            self._require_agreed_parts()
        elif isinstance(method, CustomInstallments):
            self.agreed = agreed_minor(method.amounts, self.last, terms)
        elif isinstance(method, FlatInterest):
            self.flat = self._flat_interest()

    def _require_balloon(self) -> None:
        if self.balloon > self.balance:
            raise ScheduleError(
                "plan.balloon",
                "must not be more than what is owed at the start, "
                f"{self._amount(self.balance)}",
                self._amount(self.balloon),
                hint="lower the balloon",
            )

    def _require_agreed_parts(self) -> None:
        whole_minor = self.balance
        whole_minor += sum(period.tranches_minor for period in self.periods)
        if sum(self.agreed) != whole_minor:
            raise ScheduleError(
                "plan.method.amounts",
                f"must add up to what is to be repaid, {self._amount(whole_minor)}",
                self._amount(sum(self.agreed)),
                hint="change them (financed fees count, down payments do not)",
            )

    def next_row(self, row: int) -> ExactRow:
        """Work out one row, after all before it."""
        period = self.periods[row]
        self.balance += period.opening_minor
        self._make_anew(row)
        interest = self._interest(row)
        self.balance += period.paid_out_minor
        fees_minor = self._fees_minor()
        capitalized_minor, due_minor = 0, interest.minor
        if row < self.put_off_count:
            due_minor = 0
            if self.is_put_off_capitalized:
                capitalized_minor = interest.minor
                self.balance += interest.minor
            else:
                self.deferred += interest.minor
        paid = self._paid(row, due_minor)
        self.balance += paid.capitalized_minor - paid.principal_minor
        return ExactRow(
            periods=interest.periods,
            start_minor=interest.start_minor,
            interest_exact=interest.exact,
            interest_minor=interest.minor,
            equal_minor=paid.equal_minor,
            remainder_minor=paid.remainder_minor,
            due_day=period.due_day,
            unadjusted_day=period.unadjusted_day,
            end_day=period.end_day,
            principal_minor=paid.principal_minor,
            interest_due_minor=paid.interest_minor + self._deferred_due_minor(row),
            fees_minor=fees_minor,
            capitalized_minor=capitalized_minor + paid.capitalized_minor,
        )

    # Interest.

    def _interest(self, row: int) -> RowInterest:
        if self.flat:
            return self.flat[row]
        periods: tuple[InterestPeriod, ...] = (self.periods[row],)
        start_minor = self.balance
        if isinstance(self.method, Bullet) and not self.method.is_compounded:
            # Nothing is repaid before the end, so all periods are one.
            periods = self.periods if row == self.last else ()
            opened = sum(part.opening_minor for part in self.periods[1 : row + 1])
            later = sum(part.paid_out_minor for part in self.periods[:row])
            start_minor -= opened + later
        exact = interest_of(periods, start_minor)
        return RowInterest(
            periods=periods,
            start_minor=start_minor,
            exact=exact,
            minor=self._rounded(exact),
        )

    def _flat_interest(
        self,
        first: int = 0,
        asked_minor: int = 0,
        *,
        since: int = 0,
        owed_minor: int | None = None,
    ) -> tuple[RowInterest, ...]:
        """Return what rows from some row on ask for, of which others had asked.

        Args:
            first: The first of these rows.
            asked_minor: What of it rows before them had asked for.
            since: The row from which on it is borne.
            owed_minor: What it is on; None: what is owed at the start.
        """
        if self.terms.tranches:
            raise ScheduleError(
                "tranches",
                "must be empty for FlatInterest, which is on one disbursement",
                len(self.terms.tranches),
                hint="choose another method, or pay all of it out at once",
            )
        start_minor = self.balance if owed_minor is None else owed_minor
        exact = interest_of(self.periods[since:], start_minor)
        multiple, count = self.conventions.currency_multiple, self.last + 1 - first
        left_minor = max(self._rounded(exact) - asked_minor, 0)
        each, more = divmod(left_minor // multiple, count)
        return tuple(
            RowInterest(
                periods=(period,),
                start_minor=start_minor,
                exact=(exact - asked_minor) / count,
                minor=(each + (row < more)) * multiple,
            )
            for row, period in enumerate(self.periods[first:])
        )

    def _amount(self, minor: int) -> str:
        return str(Money(minor, self.terms.principal.currency))

    def _rounded(self, exact: Fraction) -> int:
        multiple = self.conventions.currency_multiple
        denominator = exact.denominator * multiple
        rounding = self.conventions.rounding
        return divide(exact.numerator, denominator, rounding) * multiple

    def _deferred_due_minor(self, row: int) -> int:
        is_due = row == self.last
        if self.plan.grace.deferred_interest is DeferredInterest.FIRST_INSTALLMENT:
            is_due = row == self.put_off_count
        if not is_due:
            return 0
        due_minor, self.deferred = self.deferred, 0
        return due_minor

    def _fees_minor(self) -> int:
        total = 0
        for fee in self.plan.fees:
            if fee.timing is FeeTiming.PER_INSTALLMENT:
                base_minor = self.terms.principal.minor
                if fee.base is FeeBase.OUTSTANDING:
                    base_minor = self.balance
                total += portion_minor(
                    fee.portion, base_minor, self.terms, self.conventions
                )
        return total

    # What rows are to pay.

    def _make_anew(self, row: int) -> None:
        """Make the level amount, or the equal part, where something began to differ."""
        period = self.periods[row]
        if isinstance(self.method, _BY_LEVEL):
            if row == 0 or period.has_tranche or period.has_rate_change:
                self.level, self.made_in = self._level_problem(row).targets(), row
            return
        if not isinstance(self.method, EqualPrincipal | FlatInterest):
            return
        first = self.first_paid
        is_capitalized_before = (
            row == self.put_off_count and self.is_put_off_capitalized
        )
        if row == first or (
            row > first and (period.has_tranche or is_capitalized_before)
        ):
            self._make_equal_part(row)

    def _make_equal_part(self, row: int) -> None:
        count = self.last + 1 - row
        whole_minor = self.balance + self.periods[row].paid_out_minor - self.balloon
        whole_minor += sum(interest.minor for interest in self.flat[row:])
        least_last_minor = self.flat[-1].minor if self.flat else 0
        self.equal = equal_part(
            whole_minor,
            count,
            conventions=self.conventions,
            least_last_minor=least_last_minor,
        )
        self.made_in, self.remainder_row = row, -1
        if self.conventions.remainder is Remainder.FIRST:
            self.remainder_row = row
            self.remainder = whole_minor - (count - 1) * self.equal

    def _level_problem(self, row: int) -> LevelProblem:
        rate = self.periods[row].last_rate
        rows = [
            LevelRow(
                growth=foreseen_growth(period, None if number == row else rate),
                paid_out_minor=period.paid_out_minor if number == row else 0,
                weight=None if number < self.first_paid else self.weights[number],
                is_capitalized=(
                    number < self.put_off_count and self.is_put_off_capitalized
                ),
            )
            for number, period in enumerate(self.periods[row:], start=row)
        ]
        return LevelProblem(
            balance_minor=self.balance,
            carried_minor=self.carried,
            balloon_minor=self.balloon,
            rows=tuple(rows),
            conventions=self.conventions,
            is_carried=self.plan.unpaid_interest is UnpaidInterest.CARRIED,
        )

    # What rows pay.

    def _paid(self, row: int, due_minor: int) -> RowPaid:
        if isinstance(self.method, _BY_TOTAL):
            return self._paid_in_all(row, due_minor)
        return self._paid_by_part(row, due_minor)

    def _paid_by_part(self, row: int, due_minor: int) -> RowPaid:
        """Pay a part of the principal, and the interest on top."""
        equal_minor, part_minor = None, 0
        if isinstance(self.method, CustomPrincipal):
            part_minor = self.agreed[row]
            if part_minor > self.balance:
                raise ScheduleError(
                    f"plan.method.amounts[{row}]",
                    "must not be more than what is outstanding, "
                    f"{self._amount(self.balance)}",
                    self._amount(part_minor),
                    hint="agree on a smaller part, or pay the tranches out earlier",
                    number=row + 1,
                    count=self.last + 1,
                )
        elif isinstance(self.method, EqualPrincipal) and row >= self.first_paid:
            equal_minor = part_minor = self.equal
            if row == self.remainder_row:
                part_minor = self.remainder
        principal_minor = min(part_minor, max(self.balance - self.balloon, 0))
        if row == self.last:
            principal_minor = self.balance
        return RowPaid(
            principal_minor=principal_minor,
            interest_minor=due_minor,
            equal_minor=equal_minor,
            remainder_minor=_less(principal_minor, equal_minor),
        )

    def _paid_in_all(self, row: int, due_minor: int) -> RowPaid:
        """Pay interest first and principal with what the amount leaves."""
        owed_minor = self.carried + due_minor
        amount_minor, equal_minor = self._asked(row, due_minor)
        if row == self.last:
            amount_minor = owed_minor + self.balance
        interest_minor = min(amount_minor, owed_minor)
        principal_minor = amount_minor - interest_minor
        if row != self.last:
            above_minor = max(self.balance - self.balloon, 0)
            principal_minor = min(principal_minor, above_minor)
        unpaid_minor = owed_minor - interest_minor
        unpaid_interest = self.plan.unpaid_interest
        if unpaid_minor and unpaid_interest is UnpaidInterest.REFUSED:
            raise not_covered(
                self.terms,
                row + 1,
                self.last + 1,
                paid_minor=amount_minor,
                interest_minor=owed_minor,
                hint="shorten the period, or let the plan carry or capitalize unpaid "
                "interest",
            )
        is_carried = unpaid_interest is UnpaidInterest.CARRIED
        self.carried = unpaid_minor if is_carried else 0
        return RowPaid(
            principal_minor=principal_minor,
            interest_minor=interest_minor,
            capitalized_minor=0 if is_carried else unpaid_minor,
            equal_minor=equal_minor,
            remainder_minor=_less(principal_minor + interest_minor, equal_minor),
        )

    def _asked(self, row: int, due_minor: int) -> tuple[int, int | None]:
        """Return what a row is to pay in all, and what without any remainder."""
        if isinstance(self.method, CustomInstallments):
            return (0 if row == self.last else self.agreed[row]), None
        if row < self.first_paid:
            return due_minor, None
        if isinstance(self.method, FlatInterest):
            is_first = row == self.remainder_row
            return (self.remainder if is_first else self.equal), self.equal
        assert self.level is not None  # made in the first row
        number = row - self.made_in
        amount_minor = self.level.amounts[number]
        assert amount_minor is not None  # rows after grace have one
        is_refused = self.plan.unpaid_interest is UnpaidInterest.REFUSED
        if number == self.level.remainder_row and is_refused:
            amount_minor = max(amount_minor, due_minor)
        return amount_minor, self.level.equal_minor[number]


def _less(amount_minor: int, equal_minor: int | None) -> int | None:
    return None if equal_minor is None else amount_minor - equal_minor


def _month(day: int) -> int:
    return dt.date.fromordinal(day + EPOCH_ORDINAL).month
