"""What level installments are by definition, found by trying one amount after another.

Plain whole numbers and fractions; nothing of the library but its rounding.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import count

import attrs
from hypothesis import strategies as st

from microcrm_core.loans import Remainder
from microcrm_core.rounding import Rounding, round_fraction


@attrs.frozen(kw_only=True)
class LevelCase:
    """A debt, and the rows that repay it.

    Attributes:
        balance: What is owed at the start.
        balloon: What the last row repays on top of its own amount.
        parts: Interest on one unit, of each row.
        weights: Size of each row that repays; the rows before them pay interest only.
        capitalized_count: First rows whose interest joins the debt.
        unit: Interest is a multiple of it.
        step: Amounts are a multiple of it.
        rounding: Where what lies between two multiples goes.
        remainder: Who takes what is left over.
        is_carried: Whether interest above an amount waits, or joins the debt.
        carried: Interest that waits at the start.
        paid_out: What is paid out more in each row, after its interest was counted.
    """

    balance: int
    balloon: int = 0
    parts: tuple[Fraction, ...]
    weights: tuple[Fraction, ...]
    capitalized_count: int = 0
    unit: int = 1
    step: int = 1
    rounding: Rounding = Rounding.HALF_EVEN
    remainder: Remainder = Remainder.LAST
    is_carried: bool = False
    carried: int = 0
    paid_out: tuple[int, ...] = ()

    @property
    def grace_count(self) -> int:
        return len(self.parts) - len(self.weights)

    def amounts(self, level: int) -> list[int]:
        """Return what each row that repays is asked for; *level* counts steps."""
        return [
            round_fraction(weight * level, self.rounding) * self.step
            for weight in self.weights
        ]

    def excess(self, amounts: list[int]) -> int:
        """Return by how much the last row is more than it is asked for."""
        balance, waiting = self.balance, self.carried
        paid_out = self.paid_out or (0,) * len(self.parts)
        rows = enumerate(zip(self.parts, paid_out, strict=True))
        for row, (part, more) in rows:
            exact = balance * part / self.unit
            interest = round_fraction(exact, self.rounding) * self.unit
            balance += more
            if row == len(self.parts) - 1:
                return balance + waiting + interest - self.balloon - amounts[-1]
            if row < self.grace_count:
                balance += interest if row < self.capitalized_count else 0
                continue
            amount, owed = amounts[row - self.grace_count], waiting + interest
            unpaid = max(owed - amount, 0)
            balance -= min(max(amount - owed, 0), max(balance - self.balloon, 0))
            waiting = unpaid if self.is_carried else 0
            balance += 0 if self.is_carried else unpaid
        raise AssertionError("there is a last row")

    def solved(self) -> tuple[int, list[int], int | None]:
        """Return the level in steps, the amounts, and which row takes the remainder."""
        level = next(n for n in count() if self.excess(self.amounts(n)) <= 0)
        if self.remainder is Remainder.SMOOTHED and level > 0:
            below, above = self.amounts(level - 1), self.amounts(level)
            if abs(self.excess(below)) <= abs(self.excess(above)):
                level -= 1
        amounts = self.amounts(level)
        first = next(row for row, weight in enumerate(self.weights) if weight)
        if self.remainder is not Remainder.FIRST or first == len(amounts) - 1:
            return level, amounts, None

        def with_first(units: int) -> list[int]:
            return [*amounts[:first], units * self.unit, *amounts[first + 1 :]]

        found = next(n for n in count() if self.excess(with_first(n)) <= 0)
        return level, with_first(found), self.grace_count + first


@st.composite
def level_cases(draw: st.DrawFn) -> LevelCase:
    """Draw small debts, so that every amount can be tried."""
    rows = draw(st.integers(1, 6))
    grace = draw(st.integers(0, min(2, rows - 1)))
    weights = draw(
        st.lists(
            st.sampled_from([Fraction(1), Fraction(0), Fraction(3, 2), Fraction(1, 3)]),
            min_size=rows - grace - 1,
            max_size=rows - grace - 1,
        )
    )
    last = draw(st.sampled_from([Fraction(1), Fraction(2), Fraction(2, 3)]))
    unit = draw(st.sampled_from([1, 1, 5]))
    balance = draw(st.integers(1, 60))
    part = st.sampled_from(
        [Fraction(0), Fraction(1, 100), Fraction(1, 8), Fraction(1, 2)]
    )
    return LevelCase(
        balance=balance,
        balloon=draw(st.integers(0, balance)),
        parts=tuple(draw(st.lists(part, min_size=rows, max_size=rows))),
        weights=(*weights, last),
        capitalized_count=draw(st.integers(0, grace)),
        unit=unit,
        step=unit * draw(st.sampled_from([1, 1, 7, 20])),
        rounding=draw(st.sampled_from(Rounding)),
        remainder=draw(st.sampled_from(Remainder)),
        is_carried=draw(st.booleans()),
    )
