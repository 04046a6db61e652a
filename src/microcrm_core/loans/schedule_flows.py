"""The cash flows of a schedule: what its borrower receives and pays, by name.

What a measure of cost asks for. Principal is received when it is paid out; principal
and interest are repaid on the due dates; each fee is a charge under its own name. A
financed fee is received and paid at once, because the lender keeps it: so it counts,
and can be left out, like a fee that is paid in cash. Read `rate_solving` next.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT, build_schedule, flows_of_schedule
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> flows = flows_of_schedule(build_schedule(terms, STRICT))
    >>> str(flows.received), str(flows.paid)
    ('EUR 1000.00', 'EUR 1039.71')
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.cash_flows import CashFlow, CreditFlows, FlowKind
from microcrm_core.loans.fees import Fee, FeeTiming
from microcrm_core.loans.portions import portion_minor
from microcrm_core.loans.schedule import Schedule
from microcrm_core.loans.scheduling import build_schedule
from microcrm_core.money import Money

__all__ = ["flows_of_schedule"]


def flows_of_schedule(schedule: Schedule) -> CreditFlows:
    """Return every flow between lender and borrower under *schedule*.

    A fee counts where `Fee.is_cost_of_credit` says so, else it is excluded. Rows
    of nothing give no flow. Repayments stand on the due dates, moved to business
    days where the conventions say so. Upfront fees are paid with the first
    disbursement.

    Raises:
        InvalidValueError: *schedule* is of another kind.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.loans import (
        ...     STRICT, EqualInstallments, Fee, FeeTiming, Portion, RepaymentPlan,
        ...     build_schedule, flows_of_schedule,
        ... )
        >>> notary = Fee(
        ...     name="notary",
        ...     timing=FeeTiming.UPFRONT,
        ...     portion=Portion.of_share("0.01"),
        ...     is_cost_of_credit=False,
        ... )
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.24"),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ...     plan=RepaymentPlan(method=EqualInstallments(), fees=(notary,)),
        ... )
        >>> flows_of_schedule(build_schedule(terms, STRICT)).excluded_charges
        ('notary',)
    """
    _require_schedule(schedule)
    flows = [
        CashFlow(on, amount, FlowKind.ADVANCE)
        for on, amount in schedule.terms.disbursements
    ]
    repaid = zip(
        schedule.due_on, schedule.principal_minor, schedule.interest_minor, strict=True
    )
    currency = schedule.terms.principal.currency
    for on, principal_minor, interest_minor in repaid:
        if principal_minor + interest_minor:
            amount = Money(principal_minor + interest_minor, currency)
            flows.append(CashFlow(on, amount, FlowKind.REPAYMENT))
    excluded: list[CashFlow] = []
    for fee in schedule.terms.plan.fees:
        charges = tuple(_charges(schedule, fee))
        if fee.timing is FeeTiming.FINANCED:
            flows += [attrs.evolve(one, kind=FlowKind.ADVANCE) for one in charges]
        (flows if fee.is_cost_of_credit else excluded).extend(charges)
    return CreditFlows(flows, excluded)


def _require_schedule(schedule: object) -> None:
    if not isinstance(schedule, Schedule):
        hint = "use build_schedule(terms, conventions)"
        raise InvalidValueError("schedule", "must be a Schedule", schedule, hint=hint)


def _charges(schedule: Schedule, fee: Fee) -> Iterator[CashFlow]:
    terms = schedule.terms
    if fee.timing is not FeeTiming.PER_INSTALLMENT:
        base_minor = terms.principal.minor
        minor = portion_minor(fee.portion, base_minor, terms, schedule.conventions)
        amount = Money(minor, terms.principal.currency)
        if minor:
            yield CashFlow(terms.disbursed_on, amount, FlowKind.CHARGE, fee.name)
        return
    for on, minor in zip(schedule.due_on, _fee_minor(schedule, fee), strict=True):
        if minor:
            amount = Money(minor, terms.principal.currency)
            yield CashFlow(on, amount, FlowKind.CHARGE, fee.name)


def _fee_minor(schedule: Schedule, fee: Fee) -> tuple[int, ...]:
    others = [
        one
        for one in schedule.terms.plan.fees
        if one.timing is FeeTiming.PER_INSTALLMENT and one != fee
    ]
    if not others:
        return schedule.fees_minor
    # Fees with installments change nothing else, so the schedule without the others
    # has this one alone.
    fees = tuple(one for one in schedule.terms.plan.fees if one not in others)
    plan = attrs.evolve(schedule.terms.plan, fees=fees)
    terms = attrs.evolve(schedule.terms, plan=plan)
    return build_schedule(terms, schedule.conventions).fees_minor
