"""The arithmetic of many schedules of one plan, for every method but the plainest.

What `exact_rows` does with one loan, step by step over lines of loans: each row first
knows its interest, then what the plan asks for, then what is left. `plan_targets_batch`
says what rows are asked for; `kernel_batch` has equal installments without anything
else. Users call `batch.build_schedules`.
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s
from microcrm_core.loans.conventions import Remainder, ScheduleConventions
from microcrm_core.loans.lines_batch import LIMIT, InterestLines
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
from microcrm_core.loans.money_lines_batch import MoneyLines
from microcrm_core.loans.plan_amounts_batch import PlanAmounts, Portions
from microcrm_core.loans.plan_targets_batch import LevelLines, equal_parts
from microcrm_core.loans.plans import DeferredInterest, RepaymentPlan, UnpaidInterest
from microcrm_core.loans.refusals_batch import Refusal
from microcrm_core.loans.row_weights_batch import RowWeights
from microcrm_core.loans.whole_term_batch import whole_term_interest

__all__ = ["BY_LEVEL", "PlanKernel"]

BY_LEVEL: Final = (EqualInstallments, Graduated, Weighted, Seasonal)
"""Methods that fix what installments come to, interest included."""

_BY_TOTAL: Final = (*BY_LEVEL, FlatInterest, CustomInstallments)


@attrs.frozen(kw_only=True, eq=False)
class PlanKernel:
    """Some loans of one plan and length.

    Attributes:
        plan: How they are paid back.
        conventions: How amounts are made.
        amounts: What is fixed for each loan.
        portions: Computes shares of what is outstanding, and keeps refusals.
        interest: Interest of each period.
        weights: The size of installments against the others.

    Example:
        See `chunks_batch`.
    """

    plan: RepaymentPlan
    conventions: ScheduleConventions
    amounts: PlanAmounts
    portions: Portions
    interest: InterestLines
    weights: RowWeights

    def write(self, out: MoneyLines) -> Int64s:
        """Write the schedules and return what a usual installment comes to.

        Rows that have no schedule are refused in `portions`; what is written for them
        means nothing.
        """
        return _Run(self, out).write()


class _Run:
    """The debt of some loans while their rows are worked out."""

    def __init__(self, kernel: PlanKernel, out: MoneyLines) -> None:
        self.kernel, self.out = kernel, out
        self.plan, self.method = kernel.plan, kernel.plan.method
        self.refuse = kernel.portions.refuse
        self.last = len(kernel.interest.weights) - 1
        self.limit = kernel.interest.limit_minor() // 4
        base = kernel.amounts.base_minor
        self.refuse(base > self.limit, Refusal.TOO_LARGE)
        # Nothing is lent to rows that are refused already, so that nothing overflows.
        is_held = kernel.portions.refusal == Refusal.NONE
        self.balance = np.where(is_held, base, 0)
        self.balloon = np.where(is_held, kernel.amounts.balloon_minor, 0)
        self.carried = np.zeros_like(base)
        self.deferred = np.zeros_like(base)
        self.level_minor = np.zeros_like(base)
        self.has_level = np.zeros(base.size, np.bool_)
        grace = self.plan.grace
        self.first_paid = min(grace.principal_count, self.last)
        self.put_off_count = min(grace.interest_payment_count, self.last)
        self.is_put_off_capitalized = (
            grace.deferred_interest is DeferredInterest.CAPITALIZED
        )
        if isinstance(self.method, Bullet) and self.method.is_compounded:
            self.put_off_count, self.is_put_off_capitalized = self.last, True
        self.level: LevelLines | None = None
        self.whole: Int64s | None = None
        self.flat: Int64s | None = None
        self.equal = self.remainder = np.zeros_like(base)
        self.made_in = -1
        self._prepare(is_held)

    def _prepare(self, is_held: Bools) -> None:
        kernel = self.kernel
        method = self.method
        is_whole_term = isinstance(method, FlatInterest) or (
            isinstance(method, Bullet) and not method.is_compounded
        )
        if is_whole_term:
            whole, is_fitting = whole_term_interest(kernel.interest, self.balance)
            self.refuse(~is_fitting, Refusal.TOO_LARGE)
            self.balance = np.where(is_fitting, self.balance, 0)
            self.balloon = np.where(is_fitting, self.balloon, 0)
            if isinstance(method, FlatInterest):
                self.flat = np.where(is_fitting, whole, 0)
            else:
                self.whole = np.where(is_fitting, whole, 0)
        if isinstance(method, BY_LEVEL):
            self.level = LevelLines(
                balance_minor=self.balance,
                balloon_minor=self.balloon,
                limit_minor=self.limit,
                interest=kernel.interest,
                weights=kernel.weights,
                first_paid=self.first_paid,
                capitalized_count=(
                    self.put_off_count if self.is_put_off_capitalized else 0
                ),
                conventions=kernel.conventions,
                is_carried=self.plan.unpaid_interest is UnpaidInterest.CARRIED,
            ).solved()
            self.refuse(~self.level.is_solved & is_held, Refusal.TOO_LARGE)

    def write(self) -> Int64s:
        for row in range(self.last + 1):
            self._write_row(row)
        return self.level_minor

    def _write_row(self, row: int) -> None:
        self._make_equal_part(row)
        interest = self._interest(row)
        fees = self._fees()
        due, capitalized = interest, None
        if row < self.put_off_count:
            due = np.zeros_like(interest)
            if self.is_put_off_capitalized:
                capitalized = interest
                self.balance = self.balance + interest
            else:
                # It bears no interest, so only its sum must stay small.
                deferred = self.deferred + interest
                self.deferred = self.kernel.portions.bounded(deferred)
        if isinstance(self.method, _BY_TOTAL):
            principal, paid, unpaid = self._paid_in_all(row, due)
            if unpaid is not None:
                capitalized = unpaid if capitalized is None else capitalized + unpaid
                self.balance = self.balance + unpaid
        else:
            principal, paid = self._paid_by_part(row), due
        self.balance = self.balance - principal
        self.balance = self._bounded(self.balance)
        self._note_level(row, principal, paid)
        self._put(row, principal, paid + self._deferred_due(row), fees, capitalized)

    def _bounded(self, minor: Int64s) -> Int64s:
        """Return amounts that later products allow; refuse the rows of larger ones."""
        is_over = minor > self.limit
        if not is_over.any():
            return minor
        self.refuse(is_over, Refusal.TOO_LARGE)
        return np.asarray(np.minimum(minor, self.limit), np.int64)

    def _note_level(self, row: int, principal: Int64s, paid: Int64s) -> None:
        """Keep what the first row that repays comes to, without any remainder.

        One that repays all that is left comes to just that.
        """
        is_first = ~self.has_level & (principal > 0)
        if not is_first.any():
            return
        own = principal + paid
        usual = own
        if isinstance(self.method, EqualPrincipal):
            usual = self.equal + paid
        elif self.flat is not None:
            usual = self.equal
        elif self.level is not None:
            usual = self.level.usual_amount(row)
        level = np.where(self.balance > self.balloon, usual, own)
        np.copyto(self.level_minor, level, where=is_first)
        self.has_level |= is_first

    def _put(
        self,
        row: int,
        principal: Int64s,
        interest: Int64s,
        fees: Int64s | None,
        capitalized: Int64s | None,
    ) -> None:
        out = self.out
        line = row + len(out.total_minor) - self.last - 1
        total = principal + interest
        out.principal_minor[line] = principal
        out.interest_minor[line] = interest
        out.outstanding_minor[line] = self.balance
        if out.capitalized_minor is not None:
            out.capitalized_minor[line] = 0 if capitalized is None else capitalized
        if out.fees_minor is not None:
            out.fees_minor[line] = 0 if fees is None else fees
            total = total + out.fees_minor[line]
        out.total_minor[line] = total

    # Interest and fees.

    def _interest(self, row: int) -> Int64s:
        if self.flat is not None:
            return self._flat_share(row)
        if self.whole is not None:
            return self.whole if row == self.last else np.zeros_like(self.whole)
        interest = np.empty_like(self.balance)
        self.kernel.interest.write(self.balance, row, out=interest)
        return interest

    def _flat_share(self, row: int) -> Int64s:
        assert self.flat is not None  # the caller asks only then
        multiple = self.kernel.conventions.currency_multiple
        units = self.flat // multiple
        each = units // (self.last + 1)
        more = units - each * (self.last + 1)
        return np.asarray((each + (row < more)) * multiple, np.int64)

    def _deferred_due(self, row: int) -> Int64s:
        is_due = row == self.last
        deferred_interest = self.plan.grace.deferred_interest
        if deferred_interest is DeferredInterest.FIRST_INSTALLMENT:
            is_due = row == self.put_off_count
        if not is_due:
            return np.zeros_like(self.deferred)
        due, self.deferred = self.deferred, np.zeros_like(self.deferred)
        return due

    def _fees(self) -> Int64s | None:
        if self.out.fees_minor is None:
            return None
        total = self.kernel.amounts.fee_minor
        for share in self.kernel.amounts.shares:
            total = total + self.kernel.portions.minor_of(share, self.balance)
            total = self.kernel.portions.bounded(total)
        return total

    # What rows are asked for.

    def _make_equal_part(self, row: int) -> None:
        if not isinstance(self.method, EqualPrincipal | FlatInterest):
            return
        is_after_capital = row == self.put_off_count and self.is_put_off_capitalized
        if row != self.first_paid and not (row > self.first_paid and is_after_capital):
            return
        count = self.last + 1 - row
        whole = self.balance - self.balloon
        least_last = None
        if self.flat is not None:
            for later in range(row, self.last + 1):
                whole = whole + self._flat_share(later)
            least_last = self._flat_share(self.last)
        conventions = self.kernel.conventions
        self.equal = equal_parts(whole, count, conventions, least_last)
        self.remainder = self.equal
        if conventions.remainder is Remainder.FIRST:
            self.remainder = whole - (count - 1) * self.equal
        self.made_in = row

    def _asked(self, row: int, due: Int64s) -> Int64s:
        if isinstance(self.method, CustomInstallments):
            return self._agreed(row)
        if row < self.first_paid:
            return due
        if self.flat is not None:
            return self.remainder if row == self.made_in else self.equal
        assert self.level is not None  # the method is one that has it
        amount = self.level.amount(row)
        if self.plan.unpaid_interest is UnpaidInterest.REFUSED:
            is_first = self.level.is_remainder_row(row)
            if is_first is not None:
                amount = np.where(is_first, np.maximum(amount, due), amount)
        return amount

    def _agreed(self, row: int) -> Int64s:
        amount = min(self.kernel.amounts.agreed[row], LIMIT // 4)
        return np.full_like(self.balance, amount)

    # What rows pay.

    def _paid_by_part(self, row: int) -> Int64s:
        if row == self.last:
            return self.balance
        if isinstance(self.method, CustomPrincipal):
            part = self._agreed(row)
            self.refuse(part > self.balance, Refusal.AMOUNTS)
        elif isinstance(self.method, EqualPrincipal) and row >= self.first_paid:
            part = self.remainder if row == self.made_in else self.equal
        else:
            return np.zeros_like(self.balance)
        above = np.maximum(self.balance - self.balloon, 0)
        return np.asarray(np.minimum(part, above), np.int64)

    def _paid_in_all(
        self, row: int, due: Int64s
    ) -> tuple[Int64s, Int64s, Int64s | None]:
        """Return principal, interest, and interest that is added to the debt."""
        owed = self.carried + due
        if row == self.last:
            self.carried = np.zeros_like(owed)
            return self.balance, owed, None
        amount = self._asked(row, due)
        interest = np.minimum(amount, owed)
        principal = np.minimum(
            amount - interest, np.maximum(self.balance - self.balloon, 0)
        )
        unpaid = owed - interest
        unpaid_interest = self.plan.unpaid_interest
        if unpaid_interest is UnpaidInterest.CARRIED:
            self.carried = self._bounded(unpaid)
            return principal, interest, None
        self.carried = np.zeros_like(owed)
        if unpaid_interest is UnpaidInterest.REFUSED:
            self.refuse(unpaid > 0, Refusal.NOT_COVERED)
            return principal, interest, None
        return principal, interest, unpaid
