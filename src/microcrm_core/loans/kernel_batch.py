"""The arithmetic of many plain equal-installment schedules of one length.

What `build_schedule` does with one loan, step by step over lines of loans. A float
guesses the level installment; whole numbers decide, and prove it in the same pass.
Users call `batch.build_schedules`, which groups loans and checks them; every other
plan goes through `plan_kernel_batch`.
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s
from microcrm_core.loans.level_guesses_batch import LevelGuess
from microcrm_core.loans.lines_batch import LIMIT, InterestLines
from microcrm_core.loans.money_lines_batch import MoneyLines
from microcrm_core.loans.search_batch import smallest_enough

__all__ = ["LevelKernel"]

_GUESS_MAX: Final = 2**62
_SINGLE_MAX: Final = 16


@attrs.frozen(kw_only=True, eq=False)
class _Outcome:
    """What some levels came to.

    Attributes:
        is_enough: Whether the last installment is no larger than the others.
        slack_minor: By how much it is smaller.
        is_growing: Whether some installment does not cover its interest.
    """

    is_enough: Bools
    slack_minor: Int64s
    is_growing: Bools


def _limit_minor(kernel: LevelKernel) -> Int64s:
    # One limit for all costs no division for each.
    least = kernel.interest.least_limit_minor()
    if int(kernel.principal_minor.max(initial=0)) <= least:
        return np.broadcast_to(np.int64(least), kernel.principal_minor.shape)
    return kernel.interest.limit_minor()


def _growth_max(kernel: LevelKernel) -> float:
    return kernel.interest.growth_max()


def _is_small(kernel: LevelKernel) -> bool:
    largest = 2.0 * kernel.growth_max * float(kernel.principal_minor.max(initial=0))
    return largest <= float(kernel.limit_minor.min(initial=LIMIT))


@attrs.frozen(kw_only=True, eq=False)
class LevelKernel:
    """The arithmetic of some loans of one length in equal installments.

    Attributes:
        principal_minor: Amounts lent; shape (loans,).
        interest: Interest of each period.
        limit_minor: Largest balances whose interest can be computed.
        growth_max: What one unit grows to over all periods at most, about.
        is_small: Whether no balance comes near a limit, whatever the level is.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.kernel_batch import LevelKernel
        >>> from microcrm_core.loans.lines_batch import InterestLines, Scratch
        >>> from microcrm_core.loans.money_lines_batch import MoneyLines
        >>> from microcrm_core.rounding import Rounding
        >>> kernel = LevelKernel(
        ...     principal_minor=np.array([1000]),
        ...     interest=InterestLines(
        ...         weights=[np.zeros(1, np.int64)] * 3,
        ...         unit=365_000_000,
        ...         rounding=Rounding.HALF_EVEN,
        ...         scratch=Scratch.of_size(1),
        ...     ),
        ... )
        >>> lines = MoneyLines.of_shape(3, 1)
        >>> level_minor, is_covered = kernel.write(lines)
        >>> lines.total_minor[:, 0].tolist(), is_covered.tolist()
        ([334, 334, 332], [True])
    """

    principal_minor: Int64s
    interest: InterestLines
    limit_minor: Int64s = attrs.Factory(_limit_minor, takes_self=True)
    growth_max: float = attrs.Factory(_growth_max, takes_self=True)
    is_small: bool = attrs.Factory(_is_small, takes_self=True)

    @property
    def is_fitting(self) -> Bools:
        """True where no product leaves int64."""
        return np.asarray(self.principal_minor <= self.limit_minor)

    def take(self, rows: Int64s) -> LevelKernel:
        """Return the arithmetic of these loans alone."""
        return LevelKernel(
            principal_minor=self.principal_minor[rows],
            interest=self.interest.take(rows),
            limit_minor=self.limit_minor[rows],
            growth_max=self.growth_max,
        )

    def write(self, out: MoneyLines) -> tuple[Int64s, Bools]:
        """Write the schedules and return their levels.

        All loans must fit. The second array is False where the level does not cover
        the interest of every period, so that there is no schedule.
        """
        guess = LevelGuess.of(self.principal_minor, self.interest)
        level_minor, is_least = guess.level_minor, guess.is_least
        interest = attrs.evolve(self.interest, is_positive=guess.is_positive)
        found = attrs.evolve(self, interest=interest)._run(level_minor, out)
        # With one unit less each period would leave at least one unit more to pay, so
        # less slack than periods proves that one unit less is not enough.
        is_least |= found.slack_minor < len(out.total_minor)
        is_covered = np.asarray(~found.is_growing)
        is_sure = is_least & found.is_enough
        if self.is_small:
            # What is enough is no less than the least, and the interest of the first
            # period is the same for both.
            is_sure |= found.is_enough & (out.interest_minor[0] > level_minor)
        else:
            # Where a debt grows, it may have grown past int64.
            is_sure &= is_covered
        self._again(level_minor, is_covered, np.flatnonzero(~is_sure), found, out)
        return level_minor, is_covered

    def _again(
        self,
        level_minor: Int64s,
        is_covered: Bools,
        rows: Int64s,
        found: _Outcome,
        out: MoneyLines,
    ) -> None:
        """Look for the levels of the loans that are not sure, and write them again."""
        if self.is_small:
            rows = self._one_more(level_minor, is_covered, rows, found, out)
        if rows.size == 0:
            return
        is_enough = found.is_enough[rows] & is_covered[rows]
        part, guess = self.take(rows), level_minor[rows]
        level_minor[rows], is_covered[rows] = part._search(guess, is_enough=is_enough)
        # What was enough, and is the least, stands as it was written.
        changed = rows[(level_minor[rows] != guess) | ~is_enough]
        if changed.size:
            again = MoneyLines.of_shape(len(out.total_minor), changed.size)
            found = self.take(changed)._run(level_minor[changed], again)
            is_covered[changed] &= found.is_enough & ~found.is_growing
            out.put(changed, again)

    def _one_more(
        self,
        level_minor: Int64s,
        is_covered: Bools,
        rows: Int64s,
        found: _Outcome,
        out: MoneyLines,
    ) -> Int64s:
        """Try one unit more where a level was just too small; return the other rows."""
        is_low = ~found.is_enough[rows]
        low = rows[is_low]
        if low.size == 0:
            return rows
        if low.size <= _SINGLE_MAX:
            self._write_singly(level_minor, is_covered, low, out)
            return rows[~is_low]
        again = MoneyLines.of_shape(len(out.total_minor), low.size)
        tried = self.take(low)._run(level_minor[low] + 1, again)
        level_minor[low] += tried.is_enough
        is_covered[low] = tried.is_enough & ~tried.is_growing
        out.put(low, again)
        return np.concatenate([rows[~is_low], low[~tried.is_enough]])

    def _write_singly(
        self,
        level_minor: Int64s,
        is_covered: Bools,
        loans: Int64s,
        out: MoneyLines,
    ) -> None:
        """Raise levels that are too small, and write again, for a few loans.

        For so few, plain numbers are several times quicker than lines.
        """
        last = len(out.total_minor) - 1
        for loan in loans.tolist():
            # The proof was off by one or two units, no more; so this ends at once.
            for level in range(int(level_minor[loan]) + 1, LIMIT):
                rows = self._single(loan, level, last)
                if rows[last][3] <= level:
                    level_minor[loan] = level
                    break
            else:
                raise AssertionError("some level is enough")
            lines = np.array(rows, np.int64).T
            out.principal_minor[:, loan] = lines[0]
            out.interest_minor[:, loan] = lines[1]
            out.outstanding_minor[:, loan] = lines[2]
            out.total_minor[:, loan] = lines[3]
            is_covered[loan] = bool((lines[0] >= 0).all())

    def _single(
        self, loan: int, level: int, last: int
    ) -> list[tuple[int, int, int, int]]:
        """Return principal, interest, outstanding and total of each row of a loan."""
        balance = int(self.principal_minor[loan])
        rows: list[tuple[int, int, int, int]] = []
        for number in range(last + 1):
            due = self.interest.exact(balance, number, loan)
            owed = balance + due
            total = owed if number == last else min(level, owed)
            balance = owed - total
            rows.append((total - due, due, balance, total))
        return rows

    def _run(self, level_minor: Int64s, out: MoneyLines) -> _Outcome:
        """Write what these levels give, and say what became of them."""
        last = len(out.total_minor) - 1
        write_interest = self.interest.write
        balance = self.principal_minor
        is_small = self.is_small
        for number in range(last):
            interest = out.interest_minor[number]
            principal = out.principal_minor[number]
            write_interest(balance, number, out=interest)
            np.copyto(out.total_minor[number], level_minor)
            np.subtract(level_minor, interest, out=principal)
            np.subtract(balance, principal, out=out.outstanding_minor[number])
            balance = out.outstanding_minor[number]
            if not is_small:
                # What is overpaid would grow, and might leave int64.
                np.maximum(balance, -1, out=balance)
        write_interest(balance, last, out=out.interest_minor[last])
        np.copyto(out.principal_minor[last], balance)
        np.add(balance, out.interest_minor[last], out=out.total_minor[last])
        out.outstanding_minor[last] = 0
        slack_minor = level_minor - out.total_minor[last]
        # A balance below zero stays so: then the last installments have nothing to pay.
        is_early = balance <= 0
        if is_early.any():
            self._clamp(level_minor, out, np.flatnonzero(is_early))
            slack_minor[is_early] = _GUESS_MAX
        return _Outcome(
            is_enough=np.asarray(slack_minor >= 0),
            slack_minor=slack_minor,
            is_growing=self._is_growing(out),
        )

    def _is_growing(self, out: MoneyLines) -> Bools:
        principal = out.principal_minor
        if self.interest.is_level and len(principal) > 1:
            # What falls once goes on falling while the periods are alike.
            return np.asarray(np.minimum(principal[0], principal[1]) < 0)
        return np.asarray(principal.min(axis=0) < 0)

    def _clamp(self, level_minor: Int64s, out: MoneyLines, rows: Int64s) -> None:
        """Write again where the last installments have nothing left to pay."""
        if rows.size == 0:
            return
        lines = MoneyLines.of_shape(len(out.total_minor), rows.size)
        interest = self.interest.take(rows)
        level, balance = level_minor[rows], self.principal_minor[rows]
        last = len(out.total_minor) - 1
        for number in range(last + 1):
            due = lines.interest_minor[number]
            total = lines.total_minor[number]
            interest.write(balance, number, out=due)
            np.add(balance, due, out=total)
            if number < last:
                np.minimum(total, level, out=total)
            np.subtract(total, due, out=lines.principal_minor[number])
            balance = balance - lines.principal_minor[number]
            lines.outstanding_minor[number] = balance
        out.put(rows, lines)

    def _search(self, guess: Int64s, *, is_enough: Bools) -> tuple[Int64s, Bools]:
        """Return the least levels, and False where none covers all interest."""
        count = len(self.interest.weights)
        due = np.empty_like(self.principal_minor)
        self.interest.write(self.principal_minor, 0, out=due)
        is_small = self.is_small

        def is_enough_at(rows: Int64s, level: Int64s) -> Bools:
            part = self if rows.size == due.size else self.take(rows)
            return part._trial(level, is_small=is_small)[0]

        level_minor = smallest_enough(
            is_enough_at,
            # Interest is never below zero, so a share of the principal, rounded down
            # and less one, is too small.
            low=self.principal_minor // count - 1,
            high=np.where(is_enough, guess, self.principal_minor + due),
            guess=np.where(is_enough, guess - 1, guess),
        )
        is_least = np.ones(level_minor.size, np.bool_)
        if not is_small:
            _, is_over = self._trial(level_minor - 1, is_small=False)
            self._mark_smaller(level_minor, is_least, np.flatnonzero(is_over))
        return level_minor, is_least

    def _trial(self, level_minor: Int64s, *, is_small: bool) -> tuple[Bools, Bools]:
        """Return where these levels are enough, and where a balance was too large.

        Where the terms allow a schedule, the balance never rises above the principal;
        so what is too large counts as not enough.
        """
        balance = self.principal_minor.copy()
        due = np.empty_like(balance)
        is_over = np.zeros(balance.size, np.bool_)
        limit = None if is_small else self.limit_minor
        for number in range(len(self.interest.weights)):
            self.interest.write(balance, number, out=due)
            np.subtract(due, level_minor, out=due)
            np.add(balance, due, out=balance)
            if limit is not None:
                # What is overpaid stays so, but must not grow out of bounds either.
                np.maximum(balance, -1, out=balance)
                is_over |= balance > limit
                np.minimum(balance, limit, out=balance)
        return np.asarray((balance <= 0) & ~is_over), is_over

    def _mark_smaller(
        self, level_minor: Int64s, is_least: Bools, loans: Int64s
    ) -> None:
        # Next to none: a level one too small that drives the balance past int64. If it
        # is enough all the same, the debt grows before it falls: no such schedule.
        for loan in loans.tolist():
            balance = int(self.principal_minor[loan])
            for number in range(len(self.interest.weights)):
                balance += self.interest.exact(balance, number, loan)
                balance -= int(level_minor[loan]) - 1
                if balance <= 0:
                    break
            is_least[loan] = balance > 0
