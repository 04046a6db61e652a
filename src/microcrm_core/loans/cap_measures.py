"""How much of each cap a credit takes up, charge by charge.

A measure that is no rate adds up: interest first, then the charges in the order of
their days, then fees for default, over a base that charges do not change. A rate does
not add up, so it is solved again with one charge more each time. Either way the charge
with which the limit is passed can be named.

Example:
    >>> from microcrm_core.loans.cap_measures import INTEREST
    >>> INTEREST
    'interest'
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.loans.caps import CostMeasure
from microcrm_core.loans.cash_flows import CreditFlows, FlowDirection, FlowKind
from microcrm_core.loans.credit_facts import CreditFacts, NamedAmount
from microcrm_core.loans.rate_limits import rate_headroom
from microcrm_core.loans.rate_measures import RateMeasure, RateOutcome
from microcrm_core.loans.rate_solving import SolvedRate, solve_rate

__all__ = [
    "INTEREST",
    "CostSum",
    "breaking_rate_charge",
    "cost_sum",
    "solve_facts",
]

INTEREST: Final = "interest"
"""What the interest is called among the charges; it always counts first."""


@attrs.frozen(kw_only=True)
class CostSum:
    """Charges in order, in minor units, and what they are compared with.

    Attributes:
        parts: Name and minor units of each charge, in order.
        base_minor: What a share is a share of, in minor units, or minor units times
            days; 1 where the measure is an amount.

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.loans.cap_measures import CostSum
        >>> costs = CostSum(parts=(("interest", 20), ("fee", 5)), base_minor=100)
        >>> costs.value, costs.first_above(Fraction(1, 5))
        (Fraction(1, 4), 'fee')
    """

    parts: tuple[tuple[str, int], ...]
    base_minor: int

    @property
    def value(self) -> Fraction:
        """All charges over the base."""
        return Fraction(sum(minor for _, minor in self.parts), self.base_minor)

    def first_above(self, limit: Fraction) -> str | None:
        """Return the first charge with which the sum passes *limit*; None: none does.

        No charge after the first is below zero, so the sum never comes back.
        """
        total = 0
        for name, minor in self.parts:
            total += minor
            if total > limit * self.base_minor:
                return name
        return None


def cost_sum(measure: CostMeasure, facts: CreditFacts) -> CostSum | str:
    """Return the charges that *measure* adds up, or the fact that is missing.

    A base of nothing is missing too: principal that is outstanding for no day.

    Example:
        >>> from microcrm_core.loans.cap_measures import cost_sum
        >>> from microcrm_core.loans.caps import CostMeasure
        >>> from microcrm_core.loans.credit_facts import CreditFacts
        >>> cost_sum(CostMeasure.DEFAULT_FEES, CreditFacts(jurisdiction="GB"))
        'default_fees'
    """
    match measure:
        case CostMeasure.DEFAULT_FEES:
            return _named("default_fees", facts.default_fees, 1)
        case CostMeasure.PREPAYMENT_CHARGES:
            return _named("prepayment_charges", facts.prepayment_charges, 1)
        case CostMeasure.INSTALLMENT_TO_INCOME:
            if facts.income is None:
                return "income"
            return _named("installments", facts.installments, facts.income.minor)
        case CostMeasure.DAILY_CHARGE_SHARE:
            return _with_interest(facts, (), facts.principal_day_minor)
        case CostMeasure.TOTAL_COST_SHARE:
            if facts.default_fees is None:
                return "default_fees"
            advanced = facts.advanced
            base = None if advanced is None else advanced.minor
            return _with_interest(facts, facts.default_fees, base)


def breaking_rate_charge(solved: SolvedRate, limit: Fraction) -> str:
    """Return the charge with which the rate of *solved* passes *limit*.

    Interest counts first, then the charges in the order of their days. Every flow keeps
    the time that it has with all charges.

    Args:
        solved: A rate above the limit.
        limit: The limit a year.

    Raises:
        ConvergenceError: As `solve_rate` and `rate_headroom`.

    Example:
        >>> import datetime as dt
        >>> from fractions import Fraction
        >>> from microcrm_core.loans.cap_measures import breaking_rate_charge
        >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
        >>> from microcrm_core.loans.rate_measures import RateMeasure
        >>> from microcrm_core.loans.rate_solving import solve_rate
        >>> from microcrm_core.money import Currency, Money
        >>> yuan, start_on = Currency.of("CNY"), dt.date(2025, 1, 1)
        >>> def flow(on, amount, *kind):
        ...     return CashFlow(on, Money.of(amount, yuan), *kind)
        >>> flows = CreditFlows(
        ...     [
        ...         flow(start_on, "1000", "advance"),
        ...         flow(start_on, "5", "charge", "stamp"),
        ...         flow(start_on, "30", "charge", "guarantee"),
        ...         flow(dt.date(2026, 1, 1), "1220", "repayment"),
        ...     ]
        ... )
        >>> solved = solve_rate(flows, RateMeasure.COMPOUND_ANNUAL)
        >>> breaking_rate_charge(solved, Fraction(24, 100))
        'guarantee'
    """
    names = solved.flows.included_charges
    for position, name in enumerate((INTEREST, *names[:-1])):
        if _is_above(solved, names[position:], limit):
            return name
    return names[-1] if names else INTEREST


def _is_above(solved: SolvedRate, left_out: Collection[str], limit: Fraction) -> bool:
    flows, factors = solved.flows, solved.times.factors
    kept = [
        (flow, factor)
        for flow, factor in zip(flows.flows, factors, strict=True)
        if flow.kind is not FlowKind.CHARGE or flow.name not in left_out
    ]
    if all(flow.direction is FlowDirection.TO_BORROWER for flow, _ in kept):
        return False
    less = solve_rate(
        CreditFlows([flow for flow, _ in kept]),
        solved.measure,
        times=attrs.evolve(solved.times, factors=tuple(factor for _, factor in kept)),
    )
    if less.outcome is not RateOutcome.FOUND:
        return False
    return rate_headroom(less, limit) < 0


def solve_facts(facts: CreditFacts, measure: RateMeasure) -> SolvedRate | None:
    """Return the rate of the credit; None: its flows are not known.

    Raises:
        ConvergenceError: As `solve_rate`.

    Example:
        >>> from microcrm_core.loans.cap_measures import solve_facts
        >>> from microcrm_core.loans.credit_facts import CreditFacts
        >>> from microcrm_core.loans.rate_measures import RateMeasure
        >>> solve_facts(CreditFacts(jurisdiction="CN"), RateMeasure.EU_APRC) is None
        True
    """
    return None if facts.flows is None else solve_rate(facts.flows, measure)


def _named(
    field: str, amounts: Iterable[NamedAmount] | None, base_minor: int
) -> CostSum | str:
    if amounts is None:
        return field
    parts = tuple((one.name, one.amount.minor) for one in amounts)
    return CostSum(parts=parts, base_minor=base_minor)


def _with_interest(
    facts: CreditFacts, more: Iterable[NamedAmount], base_minor: int | None
) -> CostSum | str:
    interest, refunded, charges = facts.interest, facts.refunded, facts.charges
    if interest is None or refunded is None or charges is None:
        return "flows"
    if base_minor is None or base_minor <= 0:
        return "principal_parts"
    # What is given back makes up for interest first.
    parts = [(INTEREST, interest.minor - refunded.minor)]
    parts += [(one.name, one.amount.minor) for one in (*charges, *more)]
    return CostSum(parts=tuple(parts), base_minor=base_minor)
