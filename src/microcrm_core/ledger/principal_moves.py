"""Principal that is paid early, or owed again, and the periods in which it is.

A move changes the balance that bears interest on its day, so it cuts the period in
which the day lies, as a tranche does. Ending interest on a day cuts it as a pause does.

Example:
    >>> from microcrm_core.ledger.principal_moves import PrincipalMove
    >>> PrincipalMove(
    ...     period=0, day=20_110, is_opening=False, place=2, amount_minor=-50_000
    ... ).amount_minor
    -50000
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final, TypeAlias

import attrs

from microcrm_core.loans.periods import InterestPeriod, PeriodSlice

__all__ = ["FractionTo", "PrincipalMove", "ended_periods", "moved_periods"]

_ZERO: Final = Fraction(0)

FractionTo: TypeAlias = Callable[[int, int], Fraction]
"""What part of a year lies between a period's start and a day in it."""


@attrs.frozen(kw_only=True)
class PrincipalMove:
    """Principal that was paid early, or is owed again.

    Attributes:
        period: Position of the interest period in which it takes effect.
        day: On the close of which day, in days since 1970-01-01.
        is_opening: Whether that is at the very start of the period.
        place: Position of the row whose installment it belongs to.
        amount_minor: What the balance changes by: below zero where it was paid.
        is_last: Whether that row was the last one, which the balloon is due with.

    Example:
        See `microcrm_core.ledger.principal_moves`.
    """

    period: int
    day: int
    is_opening: bool
    place: int
    amount_minor: int
    is_last: bool = False


def moved_periods(
    periods: Sequence[InterestPeriod],
    moves: Sequence[PrincipalMove],
    fraction_to: FractionTo,
) -> tuple[InterestPeriod, ...]:
    """Return the periods with balances that change by the moves, too.

    Example:
        See `microcrm_core.ledger.exact_runs`.
    """
    made = list(periods)
    for move in moves:
        period = made[move.period]
        if move.is_opening:
            opening_minor = period.opening_minor + move.amount_minor
            moved = attrs.evolve(period, opening_minor=opening_minor)
        else:
            period = _cut(period, move.period, move.day, fraction_to)
            slices = [
                attrs.evolve(
                    part, paid_out_minor=part.paid_out_minor + move.amount_minor
                )
                if part.start_day == move.day
                else part
                for part in period.slices
            ]
            moved = attrs.evolve(period, slices=tuple(slices))
        made[move.period] = moved
    return tuple(made)


def ended_periods(
    periods: Sequence[InterestPeriod], end_day: int, fraction_to: FractionTo
) -> tuple[InterestPeriod, ...]:
    """Return the periods without interest after a day; levels do not foresee it.

    Example:
        See `microcrm_core.ledger.exact_runs`.
    """
    ended = list(periods)
    for number, period in enumerate(periods):
        if period.end_day <= end_day:
            continue
        cut = period
        if period.start_day < end_day:
            cut = _cut(period, number, end_day, fraction_to)
        slices = [
            part if part.end_day <= end_day else attrs.evolve(part, annual_rate=_ZERO)
            for part in cut.slices
        ]
        ended[number] = attrs.evolve(cut, slices=tuple(slices))
    return tuple(ended)


def _cut(
    period: InterestPeriod, number: int, day: int, fraction_to: FractionTo
) -> InterestPeriod:
    """Return a period in which a slice begins on a day; at its end, an empty one."""
    if any(part.start_day == day for part in period.slices):
        return period
    slices: list[PeriodSlice] = []
    for part in period.slices:
        if not part.start_day < day <= part.end_day:
            slices.append(part)
            continue
        before = part.fraction
        if day < part.end_day:
            before = fraction_to(number, day)
            before -= fraction_to(number, part.start_day)
        slices.append(attrs.evolve(part, end_day=day, fraction=before))
        if day < part.end_day or part is period.slices[-1]:
            rest = part.fraction - before
            slices.append(
                attrs.evolve(part, start_day=day, fraction=rest, paid_out_minor=0)
            )
    return attrs.evolve(period, slices=tuple(slices))
