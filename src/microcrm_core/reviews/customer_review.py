"""The review of one customer: profile, tier, due-day advice and quote, with reasons.

This is the scalar truth; `batch.review_portfolio` gives the same answers for a whole
portfolio.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import attrs

from microcrm_core.adjustments import DueDayAdvice, OwnRepayment, recommend_due_day
from microcrm_core.checks import of_kind
from microcrm_core.customers import (
    CashFlowSummary,
    Customer,
    CustomerProfile,
    Transaction,
    build_profile,
)
from microcrm_core.dates import Frequency, FrequencyUnit, RollKind, RollRule
from microcrm_core.decisions import Decision, Reason
from microcrm_core.errors import InvalidValueError
from microcrm_core.html import html_table
from microcrm_core.loans import Loan, Repayment, build_schedule
from microcrm_core.loyalty import PricingBasis, Quote, price_loan, pricing_basis
from microcrm_core.reason_texts import Language
from microcrm_core.reviews.own_repayments import account_repayments
from microcrm_core.reviews.policies import ReviewPolicies
from microcrm_core.tiers import Tier, assign_tier

if TYPE_CHECKING:
    from microcrm_core.ledger import LedgerEvent

__all__ = ["CustomerReview", "advise_due_day", "is_monthly", "month_due_day",
           "review_customer"]  # fmt: skip

_LAST_DAY: Final = 31


@attrs.frozen(kw_only=True)
class CustomerReview:
    """Everything that a review says of one customer.

    Attributes:
        profile: What is known as of the day.
        tier: The tier, and why.
        due_day: Which due day fits the requested loan, else the last one; the outcome
            is None where there is no such loan or it is not paid by the month.
        quote: What the requested loan would cost, else a repeat of the last one.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Customer, CustomerKind
        >>> from microcrm_core.reviews import REVIEW_BASIC, review_customer
        >>> customer = Customer(
        ...     id="c-1",
        ...     kind=CustomerKind.SOLE_TRADER,
        ...     currency=Currency.of("EUR"),
        ...     known_on=dt.date(2024, 1, 2),
        ... )
        >>> review = review_customer(
        ...     customer, [], [], [], REVIEW_BASIC, dt.date(2024, 6, 30)
        ... )
        >>> review.tier.outcome.value, review.due_day.outcome, review.quote.outcome
        ('ordinary', None, None)
    """

    profile: CustomerProfile
    tier: Decision[Tier]
    due_day: Decision[DueDayAdvice | None]
    quote: Decision[Quote | None]

    def explain(self, language: Language | str = Language.EN) -> tuple[str, ...]:
        """Return every reason as a sentence: of the tier, the due day, the quote."""
        decisions = (self.tier, self.due_day, self.quote)
        return tuple(line for one in decisions for line in one.explain(language))

    def _repr_html_(self) -> str:
        rows = [
            (name, sentence)
            for name, decision in (
                ("tier", self.tier),
                ("due day", self.due_day),
                ("quote", self.quote),
            )
            for sentence in decision.explain()
        ]
        caption = f"{self.profile.customer_id} as of {self.profile.as_of}"
        return html_table(("", "why"), rows, caption=caption)


def review_customer(
    customer: Customer,
    transactions: Iterable[Transaction],
    loans: Iterable[Loan],
    repayments: Iterable[Repayment | LedgerEvent],
    policies: ReviewPolicies,
    as_of: dt.date,
) -> CustomerReview:
    """Return the review of one customer as of a day; nothing known later is used.

    Args:
        customer: Whom it is about.
        transactions: All transactions of the customer, each once.
        loans: All loans and requests of the customer.
        repayments: All repayments on these loans, or the events of their logs, or some
            of both; see `ledger.loan_log`.
        policies: What it is judged by.
        as_of: The day.

    Raises:
        PolicyError: A policy does not apply yet on the day.
        InvalidValueError: As `build_profile`, or a transaction is of another
            customer.
        LedgerError: What was recorded of a loan contradicts itself.
        ScheduleError: A loan has no schedule under the conventions.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.customers import Customer, CustomerKind
        >>> from microcrm_core.reviews import REVIEW_BASIC, review_customer
        >>> customer = Customer(
        ...     id="c-1",
        ...     kind=CustomerKind.SOLE_TRADER,
        ...     currency=Currency.of("EUR"),
        ...     known_on=dt.date(2024, 1, 2),
        ... )
        >>> review = review_customer(
        ...     customer, [], [], [], REVIEW_BASIC, dt.date(2024, 6, 30)
        ... )
        >>> review.tier.outcome.value
        'ordinary'
        >>> review.quote.explain()
        ('there is no requested loan and no earlier loan to repeat',)
    """
    of_kind("policies", policies, ReviewPolicies)
    policies.require_in_effect(as_of)
    loans, repayments = tuple(loans), tuple(repayments)
    moved = tuple(_own(transactions, customer))
    summary = CashFlowSummary.of(customer.currency, moved, as_of=as_of)
    profile = build_profile(
        customer, summary, loans, repayments, policies.profile, as_of
    )
    facts = profile.facts()
    tier = assign_tier(policies.tiers, facts, as_of)
    basis = pricing_basis(loans, as_of)
    advised = None if basis is None else basis.loan
    own = account_repayments(advised, repayments, moved, as_of)
    return CustomerReview(
        profile=profile,
        tier=tier,
        due_day=advise_due_day(basis, summary, policies, as_of, own_repayments=own),
        quote=price_loan(policies.pricing, facts, basis, tier.outcome, as_of),
    )


def advise_due_day(
    basis: PricingBasis | None,
    summary: CashFlowSummary,
    policies: ReviewPolicies,
    as_of: dt.date,
    *,
    own_repayments: Sequence[OwnRepayment] = (),
) -> Decision[DueDayAdvice | None]:
    """Return which due day fits the loan that is priced, or why none is advised.

    Args:
        basis: The requested loan, else the last one; None: there is none.
        summary: What is known of the account as of the day.
        policies: The due-day policy and the conventions are used.
        as_of: The day.
        own_repayments: What this loan took from the account; see `own_repayments`.

    Raises:
        ScheduleError: The loan has no schedule under the conventions.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.customers import CashFlowSummary
        >>> from microcrm_core.reviews import REVIEW_BASIC, advise_due_day
        >>> nothing = CashFlowSummary(currency=Currency.of("EUR"))
        >>> advise_due_day(
        ...     None, nothing, REVIEW_BASIC, dt.date(2025, 1, 31)
        ... ).explain()
        ('there is no requested loan and no earlier loan to advise on',)
    """
    if basis is None:
        reason = Reason("due_day_no_loan")
    elif not is_monthly(basis.loan.terms.frequency):
        frequency = str(basis.loan.terms.frequency)
        params = {"frequency": frequency, "loan_id": basis.loan.id}
        reason = Reason("due_day_not_monthly", params)
    else:
        terms = basis.loan.terms_as_of(as_of)
        conventions = policies.profile.conventions
        advice = recommend_due_day(
            summary,
            build_schedule(terms, conventions).level_installment,
            month_due_day(terms.first_due_on, conventions.roll),
            policies.due_day,
            as_of,
            own_repayments=own_repayments,
        )
        return Decision(
            outcome=advice.outcome,
            reasons=advice.reasons,
            policy=advice.policy,
            facts=advice.facts,
            as_of=as_of,
        )
    return Decision(
        outcome=None,
        reasons=(reason,),
        policy=policies.due_day.ref,
        facts={"loan_id": None if basis is None else basis.loan.id},
        as_of=as_of,
    )


def is_monthly(frequency: Frequency) -> bool:
    """Return whether due dates stay on one day of the month.

    Example:
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.reviews import is_monthly
        >>> is_monthly(Frequency.QUARTERLY), is_monthly(Frequency.SEMIMONTHLY)
        (True, False)
    """
    return frequency.unit is FrequencyUnit.MONTH


def month_due_day(first_due_on: dt.date, roll: RollRule) -> int:
    """Return the day of the month on which a monthly loan falls due, 1 to 31.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.dates import RollRule
        >>> from microcrm_core.reviews import month_due_day
        >>> month_due_day(dt.date(2025, 2, 28), RollRule.END_OF_MONTH)
        31
    """
    if roll.kind is RollKind.END_OF_MONTH:
        return _LAST_DAY
    return first_due_on.day if roll.day is None else roll.day


def _own(
    transactions: Iterable[Transaction], customer: Customer
) -> Iterator[Transaction]:
    # A summary has no owner, so nobody after this would notice.
    for transaction in transactions:
        if transaction.customer_id != customer.id:
            rule = f"of transaction {transaction.id!r} must be {customer.id!r}"
            raise InvalidValueError("customer_id", rule, transaction.customer_id)
        yield transaction
