"""The cash flows of a loan as it stands: what was paid, and what is still to be paid.

What came in counts on its day; what is open counts on its due date, or on the day of
the state where that is past. So two states of one loan differ by what was changed
between them, and by nothing that happened before. Read `loans.rate_solving` for what
the flows cost a year, and `loans.cap_checks` for what the law allows.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.adjustments.state_flows import flows_of_state
    >>> from microcrm_core.ledger import PLAIN_LEDGER, replay
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> planned = replay(
    ...     terms,
    ...     [],
    ...     conventions=STRICT,
    ...     policy=PLAIN_LEDGER,
    ...     as_of=terms.disbursed_on,
    ... )
    >>> flows = flows_of_state(planned)
    >>> str(flows.received), str(flows.paid)
    ('EUR 1000.00', 'EUR 1039.71')
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Final, TypeAlias

from microcrm_core.checks import of_kind
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.loans.cash_flows import CashFlow, CreditFlows, FlowKind
from microcrm_core.loans.credit_facts import CreditFacts, NamedAmount, PrincipalPart
from microcrm_core.loans.fees import FeeTiming
from microcrm_core.loans.portions import portion_minor
from microcrm_core.money import Money

__all__ = ["credit_facts_of_state", "flows_of_state"]

_FEES: Final = "fees"
_PENALTIES: Final = "penalties"
# What was paid back to the customer by these is owed again.
_OWED_AGAIN: Final = frozenset({"loan.charged_back", "loan.credit_refunded"})

_MinorByDay: TypeAlias = "Counter[tuple[dt.date, Bucket]]"


def flows_of_state(state: LoanState) -> CreditFlows:
    """Return every flow between lender and borrower, paid or still to be paid.

    Advances are what was paid out; before that, what was agreed. A financed fee is
    received and paid at once; upfront fees are paid with the first disbursement. Fees
    of rows are one charge, which counts unless all fees that the plan asks for with
    installments are no cost of credit. Penalties are for default, so they are excluded;
    so is credit, which is the customer's own money. What a charge-back or a refund made
    owed again is a refund. Whoever paid a repayment, it counts as paid by the borrower.

    Raises:
        InvalidValueError: *state* is of another kind.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.adjustments import flows_of_state
        >>> from microcrm_core.ledger import PLAIN_LEDGER, replay
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year(0),
        ...     installment_count=2,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> planned = replay(
        ...     terms,
        ...     [],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ...     as_of=terms.disbursed_on,
        ... )
        >>> [str(flow.on) for flow in flows_of_state(planned).flows]
        ['2025-01-15', '2025-02-15', '2025-03-15']
    """
    of_kind("state", state, LoanState)
    currency = state.terms.principal.currency
    flows = [CashFlow(on, amount, FlowKind.ADVANCE) for on, amount in _advances(state)]
    excluded: list[CashFlow] = []
    for charge, is_financed, is_counted in _charges_at_start(state):
        if is_financed:
            flows.append(CashFlow(charge.on, charge.amount, FlowKind.ADVANCE))
        (flows if is_counted else excluded).append(charge)
    fees_to = flows if _has_counted_fees(state) else excluded
    repaid: Counter[dt.date] = Counter()
    for (on, bucket), minor in sorted(_paid_and_open(state).items()):
        amount = Money(max(minor, 0), currency)
        if bucket in (Bucket.PRINCIPAL, Bucket.INTEREST):
            repaid[on] += amount.minor
        elif amount.minor and bucket is Bucket.FEES:
            fees_to.append(CashFlow(on, amount, FlowKind.CHARGE, _FEES))
        elif amount.minor:
            excluded.append(CashFlow(on, amount, FlowKind.CHARGE, _PENALTIES))
    flows += [
        CashFlow(on, Money(minor, currency), FlowKind.REPAYMENT)
        for on, minor in repaid.items()
        if minor
    ]
    flows += [
        CashFlow(posting.value_on, Money(owed_minor, currency), FlowKind.REFUND)
        for posting in state.postings
        if posting.type in _OWED_AGAIN and not posting.is_reversed
        if (owed_minor := sum(posting.parts_minor)) > 0
    ]
    return CreditFlows(flows, excluded)


def credit_facts_of_state(
    state: LoanState,
    *,
    jurisdiction: str,
    lender_type: str | None = None,
    loan_types: tuple[str, ...] | None = None,
) -> CreditFacts:
    """Return what a loan as it stands tells a check of caps.

    When principal is repaid is told where what was paid out is all that is repaid as
    principal: not where interest or charges became principal, nor where some is owed
    again. Fees for default are the penalties that were asked for.

    Args:
        state: The loan.
        jurisdiction: Whose law holds, such as `CN`.
        lender_type: What the lender is, in the words that its caps use.
        loan_types: What the loan is, in the words that its caps use.

    Raises:
        InvalidValueError: An argument breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.adjustments import credit_facts_of_state
        >>> from microcrm_core.ledger import PLAIN_LEDGER, replay
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.24"),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> planned = replay(
        ...     terms,
        ...     [],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ...     as_of=terms.disbursed_on,
        ... )
        >>> facts = credit_facts_of_state(planned, jurisdiction="CZ")
        >>> str(facts.interest), facts.default_fees
        ('EUR 39.71', ())
    """
    flows = flows_of_state(state)
    currency = flows.currency
    advanced_minor = sum(
        flow.amount.minor for flow in flows.flows if flow.kind is FlowKind.ADVANCE
    )
    parts = [
        PrincipalPart(on, Money(minor, currency))
        for (on, bucket), minor in sorted(_paid_and_open(state).items())
        if bucket is Bucket.PRINCIPAL and minor > 0
    ]
    is_told = sum(part.amount.minor for part in parts) == advanced_minor
    has_refunds = any(flow.kind is FlowKind.REFUND for flow in flows.flows)
    penalties_minor = sum(
        row.charged[Bucket.PENALTIES] - row.waived[Bucket.PENALTIES]
        for row in state.rows
    )
    penalties = NamedAmount(_PENALTIES, Money(penalties_minor, currency))
    return CreditFacts(
        jurisdiction=jurisdiction,
        lender_type=lender_type,
        loan_types=loan_types,
        flows=flows,
        principal_parts=tuple(parts) if is_told and not has_refunds else None,
        default_fees=(penalties,) if penalties_minor else (),
    )


def _advances(state: LoanState) -> Iterator[tuple[dt.date, Money]]:
    if not state.disbursements:
        yield from state.terms.disbursements
    for on, minor in state.disbursements:
        yield on, Money(minor, state.terms.principal.currency)


def _charges_at_start(state: LoanState) -> Iterator[tuple[CashFlow, bool, bool]]:
    """Yield each charge of the start, and whether it is financed, and counts."""
    terms = state.terms
    first_on = next(iter(_advances(state)))[0]
    for fee in terms.plan.fees:
        if fee.timing is FeeTiming.PER_INSTALLMENT:
            continue
        base_minor = terms.principal.minor
        minor = portion_minor(fee.portion, base_minor, terms, state.conventions)
        if minor:
            amount = Money(minor, terms.principal.currency)
            charge = CashFlow(first_on, amount, FlowKind.CHARGE, fee.name)
            yield charge, fee.timing is FeeTiming.FINANCED, fee.is_cost_of_credit


def _has_counted_fees(state: LoanState) -> bool:
    fees = [
        fee for fee in state.terms.plan.fees if fee.timing is FeeTiming.PER_INSTALLMENT
    ]
    return not fees or any(fee.is_cost_of_credit for fee in fees)


def _paid_and_open(state: LoanState) -> _MinorByDay:
    """Return by day and bucket what rows took, and what is left to pay in them."""
    found: _MinorByDay = Counter()
    for posting in state.postings:
        if not posting.is_reversed:
            for _row, bucket, minor, _state in posting.parts:
                found[posting.value_on, bucket] += minor
    for row in state.rows:
        on = max(row.due_on, state.as_of)
        for bucket in Bucket:
            found[on, bucket] += row.open_in(bucket)
    return found
