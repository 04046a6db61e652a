"""The arithmetic of many equal-installment schedules of one length.

What `schedule.build_schedule` does with one loan, step by step over lines of loans.
A float guesses the level installment; whole numbers decide, and prove it. Users
call `batch.build_schedules`, which groups loans and checks them.
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s, divide_rows
from microcrm_core.loans.schedule import end_balance_minor
from microcrm_core.rounding import Rounding

__all__ = ["ScheduleKernel", "ScheduleParts"]

_NUMERATOR_MAX: Final = 2**62
# A range of int64 is halved at most 63 times; galloping takes as many turns again.
_SEARCH_TURNS_MAX: Final = 140


@attrs.frozen(eq=False)
class ScheduleParts:
    """The money of some schedules; matrices of shape (installments, loans).

    Attributes:
        principal_minor: Principal parts.
        interest_minor: Interest parts.
        outstanding_minor: Principal that is left after each installment.

    Example:
        See `ScheduleKernel`.
    """

    principal_minor: Int64s
    interest_minor: Int64s
    outstanding_minor: Int64s

    @property
    def is_enough(self) -> Bools:
        """True where the debt never grows and nothing is left at the end."""
        never_grows = self.principal_minor.min(axis=0) >= 0
        is_enough: Bools = never_grows & (self.outstanding_minor[-1] == 0)
        return is_enough

    @classmethod
    def empty_like(cls, matrix: Int64s) -> ScheduleParts:
        """Return parts of the shape of *matrix*, not yet filled."""
        return cls(*(np.empty_like(matrix) for _ in range(3)))

    def put(self, loans: Int64s, parts: ScheduleParts) -> None:
        """Overwrite the parts of these loans."""
        for field in attrs.fields(ScheduleParts):
            getattr(self, field.name)[:, loans] = getattr(parts, field.name)


@attrs.frozen(kw_only=True, eq=False)
class ScheduleKernel:
    """The arithmetic of some loans of one length.

    Interest of a period is balance × weight ÷ unit, where the weight is the yearly
    rate in ppm times the days of the period.

    Attributes:
        principal_minor: Amounts lent; shape (loans,).
        weight: Rate times days; shape (installments, loans).
        unit: A million times the days of a year.
        rounding: Where the interest of a period is rounded to.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.kernel_batch import ScheduleKernel
        >>> from microcrm_core.rounding import Rounding
        >>> kernel = ScheduleKernel(
        ...     principal_minor=np.array([1000]),
        ...     weight=np.zeros((3, 1), np.int64),
        ...     unit=365_000_000,
        ...     rounding=Rounding.HALF_EVEN,
        ... )
        >>> parts, is_sure = kernel.run(kernel.guess())
        >>> parts.principal_minor[:, 0].tolist(), is_sure.tolist()
        ([334, 334, 332], [True])
    """

    principal_minor: Int64s
    weight: Int64s
    unit: int
    rounding: Rounding

    @property
    def _limit_minor(self) -> Int64s:
        # The largest balance whose product with every weight stays within 2**62.
        limit: Int64s = _NUMERATOR_MAX // np.maximum(self.weight.max(axis=0), 1)
        return limit

    @property
    def is_fitting(self) -> Bools:
        """True where no product leaves int64."""
        is_fitting: Bools = self.principal_minor <= self._limit_minor
        return is_fitting

    def take(self, rows: Int64s) -> ScheduleKernel:
        """Return the arithmetic of these loans alone."""
        return attrs.evolve(
            self,
            principal_minor=self.principal_minor[rows],
            weight=self.weight[:, rows],
        )

    def guess(self) -> Int64s:
        """Return level installments that are nearly always the right ones."""
        # Rounding moves the exact amount by far less than a unit, so the next
        # whole number above it is nearly always the one that is looked for.
        discount = np.ones(self.principal_minor.size)
        annuity = np.zeros(self.principal_minor.size)
        for weight in self.weight:
            discount /= 1.0 + weight / self.unit
            annuity += discount
        exact = np.ceil(self.principal_minor / annuity)
        return np.minimum(exact, float(_NUMERATOR_MAX)).astype(np.int64)

    def run(self, level_minor: Int64s) -> tuple[ScheduleParts, Bools]:
        """Return the parts of the schedules, and where the level is surely right."""
        parts = ScheduleParts.empty_like(self.weight)
        balance = last_balance = self.principal_minor
        for number, weight in enumerate(self.weight):
            interest = self._interest(balance, weight)
            principal = parts.principal_minor[number]
            np.minimum(level_minor - interest, balance, out=principal)
            parts.interest_minor[number] = interest
            last_balance = balance
            balance = parts.outstanding_minor[number]
            np.subtract(last_balance, principal, out=balance)
        # With one unit less each period would leave at least one unit more to pay,
        # so less slack than periods proves that one unit less is not enough.
        slack = level_minor - parts.principal_minor[-1] - parts.interest_minor[-1]
        is_least = (last_balance > 0) & (slack < len(self.weight))
        return parts, is_least & parts.is_enough

    def search(self, guess: Int64s, *, is_enough: Bools) -> tuple[Int64s, Bools]:
        """Return the smallest levels that are enough without ever passing the limit.

        Where the terms allow a schedule, the balance never rises above the principal,
        so the limit takes nothing away. The second array is False where a smaller
        level would be enough, but for the limit. *is_enough* says which guesses are
        known to be enough.
        """
        low = self.principal_minor // len(self.weight) - 1
        high = self.principal_minor + self._interest(
            self.principal_minor, self.weight[0]
        )
        high = np.where(is_enough, guess, high)
        is_low_over = np.zeros(low.size, np.bool_)
        probe = np.where(is_enough, guess - 1, guess)
        step = 1
        for _ in range(_SEARCH_TURNS_MAX):
            rows = np.flatnonzero(high - low > 1)
            if rows.size == 0:
                return high, self._is_least(low, is_low_over)
            # Where the walk has left the range, halve what is left of it.
            is_inside = (probe > low) & (probe < high)
            probe = np.where(is_inside, probe, low + (high - low) // 2)
            is_down, is_over = self.take(rows)._is_enough(probe[rows])
            up, down = rows[~is_down], rows[is_down]
            high[down], low[up] = probe[down], probe[up]
            is_low_over[up] = is_over[~is_down]
            # Walk away from the guess in growing steps.
            probe[down], probe[up] = high[down] - step, low[up] + step
            step = min(2 * step, _NUMERATOR_MAX // 2)
        raise AssertionError("halving ends")

    def _is_enough(self, level_minor: Int64s) -> tuple[Bools, Bools]:
        limit = self._limit_minor
        balance = self.principal_minor
        is_over = np.zeros(balance.size, np.bool_)
        for weight in self.weight:
            balance = balance + self._interest(balance, weight) - level_minor
            # What is overpaid earns no interest that could bring the balance back.
            np.maximum(balance, 0, out=balance)
            is_over |= balance > limit
            np.minimum(balance, limit, out=balance)
        return (balance == 0) & ~is_over, is_over

    def _is_least(self, low: Int64s, is_low_over: Bools) -> Bools:
        # Next to none: a level one too small that drives the balance past int64.
        is_least = np.ones(low.size, np.bool_)
        for loan in np.flatnonzero(is_low_over).tolist():
            periods = [(weight, self.unit) for weight in self.weight[:, loan].tolist()]
            principal_minor, level_minor = (
                int(self.principal_minor[loan]),
                int(low[loan]),
            )
            rest_minor = end_balance_minor(
                principal_minor, level_minor, periods, self.rounding
            )
            is_least[loan] = rest_minor > 0
        return is_least

    def _interest(self, balance: Int64s, weight: Int64s) -> Int64s:
        return divide_rows(balance * weight, self.unit, self.rounding)
