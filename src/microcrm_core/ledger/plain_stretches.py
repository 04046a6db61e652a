"""Installments under one set of terms, in whole numbers.

What one unit of principal bears in each period is a whole number over one unit for all
of them, so level amounts are found and proved without fractions. New due dates or a
new term begin another stretch.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.ledger.lent_terms import LentTerms
    >>> from microcrm_core.ledger.plain_stretches import PlainStretch
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> lent = LentTerms.of(terms, STRICT)
    >>> stretch = PlainStretch.of(lent, ())
    >>> stretch.weights, stretch.unit
    ([186, 168, 186], 9125)
    >>> stretch.level(0, 100_000, 0)
    34657
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

import attrs

from microcrm_core.ledger.lent_terms import LentTerms
from microcrm_core.loans.level import smallest
from microcrm_core.loans.plain_changes import SolvedRows, per_day_rates, solved_rows
from microcrm_core.loans.plain_days import plain_days, plain_year_days
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.loans.terms import LoanTerms, RateChange
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding

__all__ = ["PlainStretch", "rates_of"]


@attrs.define(kw_only=True, eq=False)
class PlainStretch:
    """Installments under one set of terms: the first of them to their last.

    Attributes:
        agreed: The terms.
        changes: The rates that they came to have.
        begins: The row from which on these terms hold.
        days: Where interest periods meet.
        rate_days: At the close of which days a rate begins.
        rates: The rates, over the unit.
        borne: What one unit of principal has borne before each period.
        days_of: What counts days within a period.
        unit: The unit: what a rate times days is over.
        has_ties: Whether a tie goes to the even neighbor, and there are any.
        weights: What one unit bears in each period.
        changed: Rows in whose period a new rate begins.
        solved: Rows that pay a level amount, by first row and balance.
        levels: Level amounts, by first row, balance and interest that waits.

    Example:
        See `microcrm_core.ledger.plain_stretches`.
    """

    agreed: LoanTerms
    changes: tuple[RateChange, ...]
    begins: int
    days: list[int]
    rate_days: list[int]
    rates: list[int]
    borne: list[int]
    days_of: Callable[[int, int], int]
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
    def of(cls, lent: LentTerms, changes: tuple[RateChange, ...]) -> PlainStretch:
        """Return the installments of a loan under the terms that it has."""
        conventions = lent.conventions
        days = [on.toordinal() - EPOCH_ORDINAL for on in lent.dates.bounds_on]
        begin = EPOCH_ORDINAL
        if not conventions.has_interest_on_disbursement_day:
            begin += 1
        rate_days = [days[0], *[one.from_on.toordinal() - begin for one in changes]]
        rates = [lent.rate_on(lent.dates.bounds_on[0]), *rates_of(changes)]
        day_count = conventions.day_count
        per_day, unit = per_day_rates(rates, plain_year_days(day_count))
        made = cls(
            agreed=lent.agreed,
            changes=changes,
            begins=lent.kept_count,
            days=days,
            rate_days=rate_days,
            rates=per_day,
            borne=[],
            days_of=plain_days(day_count),
            unit=unit,
            has_ties=conventions.rounding is Rounding.HALF_EVEN and not unit & 1,
            weights=[],
            changed=frozenset(bisect_right(days, day) - 1 for day in rate_days[1:]),
        )
        made.weights = [
            made.borne_in(row, days[row + 1]) for row in range(len(days) - 1)
        ]
        made.borne = list(accumulate(made.weights, initial=0))
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
        row = min(bisect_right(self.days, day) - 1, self.last)
        return self.borne[row] + self.borne_in(row, day)

    def borne_in(self, row: int, day: int) -> int:
        """Return what one unit bears from the start of a period to a day in it."""
        start, days_of, rate_days = self.days[row], self.days_of, self.rate_days
        number = bisect_right(rate_days, start)
        total = reached = 0
        while number < len(rate_days) and rate_days[number] < day:
            passed = days_of(start, rate_days[number])
            total += (passed - reached) * self.rates[number - 1]
            reached, number = passed, number + 1
        return total + (days_of(start, day) - reached) * self.rates[number - 1]

    def foreseen(self, row: int) -> list[int]:
        """Return the weights that a level made in a row foresees, from it on."""
        days = self.days
        rate = self.rates[bisect_left(self.rate_days, days[row + 1]) - 1]
        later = map(self.days_of, days[row + 1 :], days[row + 2 :])
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


def rates_of(changes: Sequence[RateChange]) -> list[Rate]:
    """Return the rates alone.

    Example:
        See `microcrm_core.ledger.plain_stretches`.
    """
    return [one.nominal_rate for one in changes]
