"""A quote replayed: the loan with what was planned, and every effect of it.

What was planned becomes the events that an acceptance would record, and the loan is
replayed with them: kind after kind, so that each rule of a policy meets what its own
requests do. `quoting` weighs what comes of it.

Example:
    >>> from microcrm_core.adjustments.replayed_quotes import replayed_quote
    >>> replayed_quote.__name__
    'replayed_quote'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

import attrs

from microcrm_core.adjustments.adjustment_policies import (
    AdjustmentPolicy,
    ForbearanceRule,
)
from microcrm_core.adjustments.adjustment_quotes import AdjustmentQuote
from microcrm_core.adjustments.quote_effects import (
    CapQuestion,
    ClassEffect,
    ClassificationPolicy,
    CostChange,
    caps_after,
    class_effects,
    cost_change,
)
from microcrm_core.adjustments.quote_limits import AdjustmentStep
from microcrm_core.adjustments.quote_lines import lines_of
from microcrm_core.adjustments.quoted_events import quoted_events
from microcrm_core.adjustments.requests import (
    AdjustmentKind,
    AdjustmentRequest,
    kind_of,
)
from microcrm_core.adjustments.state_flows import flows_of_state
from microcrm_core.checks import kind_field, tuple_field
from microcrm_core.ledger.classification_policies import (
    DefaultPolicy,
    FiveClassPolicy,
    StagePolicy,
)
from microcrm_core.ledger.concessions import Concession
from microcrm_core.ledger.happenings import ReAged
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.loan_accounts import LoanAccount
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.loans.cap_checks import check_caps
from microcrm_core.loans.cap_findings import CapCheck
from microcrm_core.loans.credit_facts import CreditFacts
from microcrm_core.loans.rate_solving import solve_rate
from microcrm_core.loans.schedule_flows import flows_of_schedule
from microcrm_core.money import Money

__all__ = ["QuoteQuestion", "replay_steps", "replayed_quote"]

_CAPITALIZED: Final = "loan.arrears_capitalized"
# Names no acceptance: the events of a quote are in nobody's log.
_PROVISIONAL_KEY: Final = "quoted"


@attrs.frozen(kw_only=True)
class QuoteQuestion:
    """All that a quote is asked with, and the loan as it was known.

    Attributes:
        account: The loan, with what was known of it.
        requests: What is asked for, in order.
        policy: What the lender grants.
        is_in_difficulty: Whether the customer is in financial difficulty; None: it is
            not known.
        caps: Against which caps the loan is held; None: against none.
        classifications: By which policies classes are told.
        concessions: Those that the loan was granted before.
        limit: The most principal that the customer may be lent; None: no limit.

    Raises:
        InvalidValueError: A field is of another kind.

    Example:
        See `microcrm_core.adjustments.quoting`.
    """

    account: LoanAccount
    requests: tuple[AdjustmentRequest, ...]
    policy: AdjustmentPolicy
    is_in_difficulty: bool | None = attrs.field(validator=kind_field(bool, type(None)))
    caps: CapQuestion | None = attrs.field(
        validator=attrs.validators.optional(kind_field(CapQuestion))
    )
    classifications: tuple[ClassificationPolicy, ...] = attrs.field(
        validator=tuple_field(FiveClassPolicy, StagePolicy, DefaultPolicy)
    )
    concessions: tuple[Concession, ...] = attrs.field(validator=tuple_field(Concession))
    limit: Money | None = attrs.field(
        validator=attrs.validators.optional(kind_field(Money))
    )

    @property
    def kinds(self) -> tuple[AdjustmentKind, ...]:
        """The kinds of the requests, each once."""
        return tuple(dict.fromkeys(kind_of(one) for one in self.requests))

    @property
    def depends_on_difficulty(self) -> bool:
        """Whether some request is forbearance for a customer in difficulty."""
        return ForbearanceRule.IN_DIFFICULTY in self._forbearance_rules

    def is_forbearance(self, steps: Iterable[AdjustmentStep]) -> bool | None:
        """Return whether some request counts as forbearance; None: not known.

        Of what lowers days past due, all but money that is paid early counts whatever
        the difficulty, so that arrears never vanish from both counts.

        Args:
            steps: What the requests of each kind do to the loan.
        """
        rules = self._forbearance_rules
        is_in_difficulty = self.is_in_difficulty is True
        if any(one.applies(is_in_difficulty=is_in_difficulty) for one in rules):
            return True
        if any(
            step.after.days_past_due < step.before.days_past_due
            and step.kind is not AdjustmentKind.PREPAY
            and self._rule_of(step.kind) is not ForbearanceRule.NEVER
            for step in steps
        ):
            return True
        is_unknown = self.is_in_difficulty is None and self.depends_on_difficulty
        return None if is_unknown else False

    @property
    def _forbearance_rules(self) -> tuple[ForbearanceRule, ...]:
        return tuple(self._rule_of(kind) for kind in self.kinds)

    def _rule_of(self, kind: AdjustmentKind) -> ForbearanceRule:
        # A kind that is not offered counts as it would if it were.
        rule = self.policy.rules.get(kind)
        if rule is not None:
            return rule.forbearance
        is_paid = kind is AdjustmentKind.PREPAY
        return ForbearanceRule.NEVER if is_paid else ForbearanceRule.IN_DIFFICULTY


def replay_steps(
    quote: AdjustmentQuote, question: QuoteQuestion
) -> tuple[AdjustmentStep, ...]:
    """Return what the requests of each kind do to the loan, one after the other.

    Args:
        quote: The quote, with what happens.
        question: What was asked.

    Raises:
        InvalidValueError: The ledger refuses what was planned.

    Example:
        See `microcrm_core.adjustments.quoting`.
    """
    events = _events(quote, question)
    steps: list[AdjustmentStep] = []
    before, count = quote.before, 0
    for kind, changes in groupby(quote.changes, key=lambda change: change.kind):
        count += len([*changes])
        account = question.account.with_events(events[:count])
        state = account.state(quote.as_of)
        after = attrs.evolve(state, known_at=quote.known_at)
        requests = tuple(one for one in question.requests if kind_of(one) is kind)
        steps.append(
            AdjustmentStep(kind=kind, requests=requests, before=before, after=after)
        )
        before = after
    return tuple(steps)


def replayed_quote(
    quote: AdjustmentQuote,
    question: QuoteQuestion,
    steps: Sequence[AdjustmentStep],
) -> AdjustmentQuote:
    """Return a quote with the loan after it, and its effects.

    Args:
        quote: The quote, with what happens.
        question: What was asked.
        steps: What happens to the loan, kind after kind; at least one.

    Raises:
        InvalidValueError: A classification is of another kind.
        PolicyError: A classification is not in force.
        ConvergenceError: A rate was not found within the bound on steps.

    Example:
        See `microcrm_core.adjustments.quoting`.
    """
    after = steps[-1].after
    # Re-aged rows are new ones, wherever they are due.
    has_new_rows = any(isinstance(change.what, ReAged) for change in quote.changes)
    quote = attrs.evolve(
        quote,
        after=after,
        lines=lines_of(quote.before, after, is_renewed=has_new_rows),
        capitalized=_capitalized(after) - _capitalized(quote.before),
        is_forbearance=question.is_forbearance(steps),
    )
    quote = attrs.evolve(quote, concession=_concession(quote))
    return attrs.evolve(
        quote,
        cost=_cost(quote, after, question),
        caps=_caps(quote, after, question),
        classes=_classes(quote, question),
    )


def _events(quote: AdjustmentQuote, question: QuoteQuestion) -> tuple[LedgerEvent, ...]:
    return quoted_events(
        quote.loan_id,
        quote.basis,
        quote.changes,
        recorded_at=_next_at(question.account, quote.as_of),
        idempotency_key=_PROVISIONAL_KEY,
    )


def _next_at(account: LoanAccount, as_of: dt.date) -> dt.datetime:
    """Return a moment after all that the log has."""
    latest_at = max((event.recorded_at for event in account.events), default=None)
    if latest_at is None:
        return dt.datetime.combine(as_of, dt.time(), tzinfo=dt.UTC)
    return latest_at + dt.timedelta(microseconds=1)


def _capitalized(state: LoanState) -> Money:
    minor = sum(
        posting.amount_minor
        for posting in state.postings
        if posting.type == _CAPITALIZED and not posting.is_reversed
    )
    return Money(minor, state.terms.principal.currency)


def _concession(quote: AdjustmentQuote) -> Concession | None:
    """Return what the lender records of a forbearance, for later classes."""
    if not quote.is_forbearance or quote.after is None:
        return None
    due_on = [row.due_on for row in quote.after.rows if row.open_minor]
    if quote.renewal is not None:
        due_on = [*quote.renewal.schedule.due_on]
    to_come = [on for on in due_on if on > quote.as_of]
    return Concession(
        granted_on=quote.as_of,
        is_in_difficulty=True,
        first_due_on=min(to_come, default=None),
    )


def _cost(
    quote: AdjustmentQuote, after: LoanState, question: QuoteQuestion
) -> CostChange:
    """Return the cost before and after; after a renewal it is that of the new loan."""
    measure = question.policy.cost_measure
    if quote.renewal is None:
        return cost_change(quote.before, after, measure)
    return CostChange(
        measure=measure,
        before=solve_rate(flows_of_state(quote.before), measure),
        after=solve_rate(flows_of_schedule(quote.renewal.schedule), measure),
    )


def _caps(
    quote: AdjustmentQuote, after: LoanState, question: QuoteQuestion
) -> CapCheck | None:
    asked = question.caps
    if asked is None:
        return None
    if quote.renewal is None:
        return caps_after(after, asked)
    facts = CreditFacts.of_schedule(
        quote.renewal.schedule,
        jurisdiction=asked.jurisdiction,
        lender_type=asked.lender_type,
        loan_types=asked.loan_types,
    )
    return check_caps(
        facts,
        asked.caps,
        as_of=quote.as_of,
        reference_rates=asked.reference_rates,
    )


def _classes(
    quote: AdjustmentQuote, question: QuoteQuestion
) -> tuple[ClassEffect, ...]:
    if not question.classifications:
        return ()
    return class_effects(
        question.account.arrears(quote.as_of),
        question.account.with_events(_events(quote, question)).arrears(quote.as_of),
        question.classifications,
        as_of=quote.as_of,
        concessions=question.concessions,
        granted=quote.concession,
    )
