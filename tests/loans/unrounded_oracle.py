"""Loans without any rounding: the schedule that a pencil with endless digits makes.

Parts of a year come from `time_oracle`; nothing calls the library. Shares such as a
balloon are rounded, because they are amounts agreed before any interest is counted.
"""

from __future__ import annotations

from fractions import Fraction

import attrs

from microcrm_core.loans import (
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    DeferredInterest,
    EqualPrincipal,
    FlatInterest,
    InterestOnly,
    LoanTerms,
    ScheduleConventions,
    UnpaidInterest,
)
from tests.loans.amount_oracle import LoanOracle, weights_of

ZERO = Fraction(0)


@attrs.frozen(kw_only=True)
class Unrounded:
    """A loan without rounding.

    Attributes:
        level: What an installment of weight one comes to; None: no such amount.
        interests: Interest of each row.
        growth: What one minor unit more in every paying row is worth at the end.
        paying_count: How many rows repay principal.
    """

    level: Fraction | None = None
    interests: tuple[Fraction, ...]
    growth: Fraction = ZERO
    paying_count: int = 0

    @property
    def total_interest(self) -> Fraction:
        """Interest of the whole term."""
        return sum(self.interests, ZERO)


def unrounded(terms: LoanTerms, rules: ScheduleConventions) -> Unrounded:
    """Work a loan out with exact fractions only."""
    loan = LoanOracle(terms, rules)
    match terms.plan.method:
        case FlatInterest():
            return Unrounded(interests=tuple(loan.start_minor * f for f in loan.parts))
        case Bullet(is_compounded=is_compounded):
            balance, interests = Fraction(loan.start_minor), []
            for part in loan.parts:
                interests.append(balance * part)
                balance += balance * part if is_compounded else 0
            return Unrounded(interests=tuple(interests))
        case CustomInstallments():
            return _agreed(loan)
        case EqualPrincipal() | InterestOnly() | CustomPrincipal():
            return _by_parts(loan)
        case _:
            return _by_level(loan)


def _by_level(loan: LoanOracle) -> Unrounded:
    # The balance is a line in the level, first + slope * level.
    grace, weights = loan.terms.plan.grace, weights_of(loan.terms, loan.rules)
    is_added = grace.deferred_interest is DeferredInterest.CAPITALIZED
    first, slope, lines = Fraction(loan.start_minor), ZERO, []
    growth, paying_count = ZERO, 0
    for row, part in enumerate(loan.parts):
        lines.append((first * part, slope * part))
        if row >= grace.principal_count:
            first, slope = first * (1 + part), slope * (1 + part) - weights[row]
            growth, paying_count = growth * (1 + part) + 1, paying_count + 1
        elif row < grace.interest_payment_count and is_added:
            first += first * part
    level = (first - loan.balloon_minor) / -slope
    return Unrounded(
        level=level,
        interests=tuple(first + slope * level for first, slope in lines),
        growth=growth,
        paying_count=paying_count,
    )


def _by_parts(loan: LoanOracle) -> Unrounded:
    method, grace = loan.terms.plan.method, loan.terms.plan.grace
    is_added = grace.deferred_interest is DeferredInterest.CAPITALIZED
    balance, equal, interests = Fraction(loan.start_minor), ZERO, []
    for row, part in enumerate(loan.parts):
        interests.append(balance * part)
        is_again = is_added and row == grace.interest_payment_count
        is_first = row == grace.principal_count
        if is_first or (is_again and row > grace.principal_count):
            equal = (balance - loan.balloon_minor) / (loan.count - row)
        if is_added and row < grace.interest_payment_count:
            balance += balance * part
        if isinstance(method, CustomPrincipal):
            balance -= method.amounts[row].minor
        elif isinstance(method, EqualPrincipal) and row >= grace.principal_count:
            balance -= equal
    return Unrounded(interests=tuple(interests))


def _agreed(loan: LoanOracle) -> Unrounded:
    method = loan.terms.plan.method
    assert isinstance(method, CustomInstallments)
    is_carried = loan.terms.plan.unpaid_interest is UnpaidInterest.CARRIED
    balance, waiting, interests = Fraction(loan.start_minor), ZERO, []
    for part, amount in zip(loan.parts, [*method.amounts, None], strict=True):
        interests.append(balance * part)
        owed = waiting + balance * part
        if amount is None:
            break
        above = amount.minor - owed
        balance -= min(max(above, ZERO), balance)
        unpaid = max(-above, ZERO)
        waiting = unpaid if is_carried else ZERO
        balance += ZERO if is_carried else unpaid
    return Unrounded(interests=tuple(interests))
