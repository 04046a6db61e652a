"""The arithmetic of many plain equal-installment schedules of one length.

What `build_schedule` does with one loan, step by step over lines of loans. A float
guesses the level installment; whole numbers decide, and prove it in the same pass.
Users call `batch.build_schedules`, which groups loans and checks them; every other
plan goes through `plan_kernel_batch`.
"""

from __future__ import annotations

import math
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Bools, Floats, Int64s
from microcrm_core.loans.lines_batch import LIMIT, InterestLines, annuities
from microcrm_core.loans.search_batch import smallest_enough
from microcrm_core.rounding import Rounding

__all__ = ["LevelKernel", "MoneyLines"]

_GUESS_MAX: Final = 2**62
# A proof needs some binary places, and no more than a float has.
_PROOF_MAX: Final = 2.0**50
_BITS_MAX: Final = 50
_SINGLE_MAX: Final = 16
_MARGIN: Final = 0.7
# Several times the largest error of one operation on floats.
_FLOAT_STEP: Final = 2.0**-50
_HALVES: Final = (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_DOWN)


@attrs.frozen(kw_only=True, eq=False)
class MoneyLines:
    """The money of some schedules: matrices of shape (installments, loans).

    Attributes:
        principal_minor: Principal parts.
        interest_minor: Interest parts.
        outstanding_minor: Principal that is left after each installment.
        total_minor: What each installment comes to.
        fees_minor: Fees; None: there are none.
        capitalized_minor: Interest that is added to the debt; None: there is none.

    Example:
        >>> from microcrm_core.loans.kernel_batch import MoneyLines
        >>> MoneyLines.of_shape(12, 3).total_minor.shape
        (12, 3)
    """

    principal_minor: Int64s
    interest_minor: Int64s
    outstanding_minor: Int64s
    total_minor: Int64s
    fees_minor: Int64s | None = None
    capitalized_minor: Int64s | None = None

    @classmethod
    def of_shape(cls, line_count: int, loan_count: int) -> MoneyLines:
        """Return matrices that are not yet filled."""
        shape = (line_count, loan_count)
        return cls(
            principal_minor=np.empty(shape, np.int64),
            interest_minor=np.empty(shape, np.int64),
            outstanding_minor=np.empty(shape, np.int64),
            total_minor=np.empty(shape, np.int64),
        )

    def of_same_kind(self, loan_count: int) -> MoneyLines:
        """Return matrices of as many rows, for other loans, not yet filled."""
        shape = (len(self.total_minor), loan_count)
        made = MoneyLines.of_shape(*shape)
        has_fees = self.fees_minor is not None
        has_capitalized = self.capitalized_minor is not None
        return attrs.evolve(
            made,
            fees_minor=np.empty(shape, np.int64) if has_fees else None,
            capitalized_minor=np.empty(shape, np.int64) if has_capitalized else None,
        )

    def put(self, loans: Int64s, lines: MoneyLines) -> None:
        """Overwrite the schedules of these loans."""
        for mine, other in zip(self._matrices, lines._matrices, strict=True):
            mine[:, loans] = other

    def first_totals(self, level_minor: Int64s) -> None:
        """Set levels to what the first rows that repay principal come to.

        That is the level already, but where so little is owed that the first rows
        repay nothing, or all of it.
        """
        is_other = self.principal_minor[0] == 0
        is_other |= self.total_minor[0] != level_minor
        loans = np.flatnonzero(is_other)
        if loans.size:
            row = (self.principal_minor[:, loans] > 0).argmax(axis=0)
            level_minor[loans] = self.total_minor[row, loans]

    def write_down_payment(self, down_minor: Int64s, base_minor: Int64s) -> None:
        """Write the first rows, which are down payments.

        Args:
            down_minor: What is paid down.
            base_minor: What is outstanding then.
        """
        for matrix in self._matrices:
            matrix[0] = 0
        self.principal_minor[0] = down_minor
        self.total_minor[0] = down_minor
        self.outstanding_minor[0] = base_minor

    @property
    def _matrices(self) -> list[Int64s]:
        given = (
            self.principal_minor,
            self.interest_minor,
            self.outstanding_minor,
            self.total_minor,
            self.fees_minor,
            self.capitalized_minor,
        )
        return [matrix for matrix in given if matrix is not None]


@attrs.frozen(eq=False)
class _Proof:
    """Foresees the last balance, with every interest rounded down a little."""

    principal_minor: Int64s
    lines: list[Int64s]
    bias: int
    bits: int

    def take(self, rows: Int64s) -> _Proof:
        taken = {id(line): line for line in self.lines}
        taken = {key: line[rows] for key, line in taken.items()}
        lines = [taken[id(line)] for line in self.lines]
        return _Proof(self.principal_minor[rows], lines, self.bias, self.bits)

    def rest(self, level_minor: Int64s) -> Int64s:
        """Return no more than what is left to pay after the last period."""
        shift = level_minor << self.bits
        np.subtract(self.bias, shift, out=shift)
        balance = self.principal_minor.copy()
        for line in self.lines:
            np.multiply(balance, line, out=balance)
            np.add(balance, shift, out=balance)
            np.right_shift(balance, self.bits, out=balance)
        return balance


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
    return kernel.interest.limit_minor()


def _growth_max(kernel: LevelKernel) -> float:
    return kernel.interest.growth_max()


@attrs.frozen(kw_only=True, eq=False)
class LevelKernel:
    """The arithmetic of some loans of one length in equal installments.

    Attributes:
        principal_minor: Amounts lent; shape (loans,).
        interest: Interest of each period.
        limit_minor: Largest balances whose interest can be computed.
        growth_max: What one unit grows to over all periods at most, about.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.loans.kernel_batch import LevelKernel, MoneyLines
        >>> from microcrm_core.loans.lines_batch import InterestLines, Scratch
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
        level_minor, is_least, is_positive = self._foreseen()
        interest = attrs.evolve(self.interest, is_positive=is_positive)
        found = attrs.evolve(self, interest=interest)._run(level_minor, out)
        # With one unit less each period would leave at least one unit more to pay, so
        # less slack than periods proves that one unit less is not enough.
        is_least |= found.slack_minor < len(out.total_minor)
        is_covered = np.asarray(~found.is_growing)
        is_sure = is_least & found.is_enough
        if self._is_small:
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
        if self._is_small:
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

    def _foreseen(self) -> tuple[Int64s, Bools, bool]:
        """Return levels that are nearly always right, or one off.

        The second array says where one unit less is proved too little; the last value,
        whether surely no debt is repaid before its last period.
        """
        # Rounding moves the exact amount by far less than a unit, so the next
        # whole number above it is nearly always the one that is looked for.
        annuity, reach = annuities(self.interest)
        exact = self.principal_minor / annuity
        guess = np.minimum(np.ceil(exact), _GUESS_MAX)
        level_minor = guess.astype(np.int64)
        interest = self.interest
        doubt = self._doubt(exact)
        if interest.rounding not in _HALVES or interest.multiple > 1 or doubt > 0.25:
            return *self._proved(level_minor, reach), False
        # One unit of the level takes *reach* off the last balance, and roundings, of
        # half a unit or less, move it by half of that at most. So where the guess is
        # less than half a unit above the exact level, one unit less is not enough; and
        # it is one above the least at most. Levels much larger than what that takes off
        # the balance leave something to pay in the last period.
        is_positive = bool((level_minor > 8.0 * reach + 8.0).all())
        excess = np.subtract(guess, exact, out=guess)
        is_least = np.asarray(excess < 0.5 - doubt)
        # Most roundings cancel out. What is left may show that a level is too small;
        # and slack that is less than the number of periods is a proof by itself.
        count = len(interest.weights)
        margin = _MARGIN * math.sqrt(count)
        slack = np.multiply(excess, reach, out=excess)
        is_odd = slack > count - margin
        is_odd &= ~is_least
        is_odd |= slack < margin
        odd = np.flatnonzero(is_odd)
        if odd.size:
            found = self.take(odd)._proved(level_minor[odd], reach[odd])
            level_minor[odd], is_least[odd] = found
        return level_minor, is_least, is_positive

    def _doubt(self, exact: Floats) -> float:
        """Return by how much floats may miss the exact level of any loan."""
        rate = self.interest.weights[-1] / self.interest.unit
        least = float(rate.min(initial=1.0, where=rate > 0))
        steps = len(self.interest.weights) + 1.0 / least
        return float(exact.max(initial=0.0)) * steps * _FLOAT_STEP

    def _proved(self, level_minor: Int64s, reach: Floats) -> tuple[Int64s, Bools]:
        """Return corrected levels, and where one unit less is proved too little.

        The proof foresees the last balance with one unit less, rounding every
        interest down a little, by products and shifts that cost much less than
        divisions: if something is left even so, that level is not enough.
        """
        is_steady, bits = self._steady(level_minor)
        if bits is None:
            return level_minor, np.zeros(level_minor.size, np.bool_)
        principal = np.where(is_steady, self.principal_minor, 0)
        proof = _Proof(principal, *self.interest.lower_lines(bits), bits)
        rest = proof.rest(np.where(is_steady, level_minor - 1, 0))
        # Rounding may move the last balance by some units more or less.
        margin = _MARGIN * math.sqrt(len(self.interest.weights))
        is_low, is_high = rest > reach - margin, (rest <= 0) & is_steady
        is_least = is_steady & ~is_high
        odd = np.flatnonzero(is_low | is_high)
        if odd.size == 0:
            return level_minor, is_least
        # Most likely this level is too small as well; if not, it is proved already. Or
        # one unit less is enough, and needs a proof of its own.
        is_high = is_high[odd]
        level_minor[odd] -= is_high
        has_rest = proof.take(odd).rest(level_minor[odd] - is_high) > 0
        level_minor[odd] += has_rest & ~is_high
        is_least[odd] = has_rest | ~is_high
        return level_minor, is_least

    def _steady(self, level_minor: Int64s) -> tuple[Bools, int | None]:
        """Return whose debt surely falls all the time, and the places of a proof.

        The places are binary ones, as many as leave all products in int64; None: there
        are too few.
        """
        interest = self.interest
        rate = interest.largest / interest.unit
        if interest.first_unit is not None:
            np.maximum(rate, interest.growth(0) - 1.0, out=rate)
        is_steady = np.asarray(level_minor - 3 > self.principal_minor * rate)
        is_steady &= rate < 1.0
        if interest.multiple > 1 or interest.is_wide:
            return is_steady, None
        # What is not steady takes no part in the proof.
        most = np.maximum(self.principal_minor, level_minor) * is_steady
        rate *= is_steady
        growth = 1.0 + float(rate.max(initial=0.0))
        largest = 4.0 * growth * (float(most.max(initial=0)) + 1.0)
        if largest > _PROOF_MAX:
            return is_steady, None
        return is_steady, min(_BITS_MAX, int(math.log2(LIMIT / largest)))

    def _run(self, level_minor: Int64s, out: MoneyLines) -> _Outcome:
        """Write what these levels give, and say what became of them."""
        last = len(out.total_minor) - 1
        write_interest = self.interest.write
        balance = self.principal_minor
        for number in range(last):
            interest = out.interest_minor[number]
            principal = out.principal_minor[number]
            write_interest(balance, number, out=interest)
            np.copyto(out.total_minor[number], level_minor)
            np.subtract(level_minor, interest, out=principal)
            np.subtract(balance, principal, out=out.outstanding_minor[number])
            balance = out.outstanding_minor[number]
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
            principal = principal[:2]
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
        is_small = self._is_small

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

    @property
    def _is_small(self) -> bool:
        """Whether no balance comes near a limit, whatever the level is."""
        growth = 2.0 * self.growth_max
        largest = growth * float(self.principal_minor.max(initial=0))
        return largest <= float(self.limit_minor.min(initial=LIMIT))
