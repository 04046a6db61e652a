"""Quoting: a loan before and after what is asked for, and whether it is granted.

`quote_adjustment` replays the loan without the adjustment and with it. The difference
is the quote, and what the policy, the caps and the classes make of it are its reasons:
refusals first, then what somebody must approve, then what is to be known. Nothing is
written: `accepting` turns a quote into events.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.adjustments import ADJUSTMENTS_LENIENT, ChangeDueDay
    >>> from microcrm_core.adjustments import quote_adjustment
    >>> from microcrm_core.ids import LoanId
    >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
    >>> from microcrm_core.ledger import LoanAccount
    >>> from microcrm_core.loans import STRICT_30_360
    >>> terms = LoanTerms(
    ...     principal=Money.of("1200.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=4,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> lent = LedgerEvent.of(
    ...     Disbursed(amount=terms.principal),
    ...     loan_id=LoanId("loan-7"),
    ...     value_on=terms.disbursed_on,
    ...     recorded_at=dt.datetime(2025, 1, 15, tzinfo=dt.UTC),
    ...     idempotency_key="lent",
    ... )
    >>> account = LoanAccount(
    ...     loan_id=LoanId("loan-7"),
    ...     terms=terms,
    ...     events=[lent],
    ...     conventions=STRICT_30_360,
    ...     policy=PLAIN_LEDGER,
    ... )
    >>> decision = quote_adjustment(
    ...     account, ChangeDueDay(day=25), ADJUSTMENTS_LENIENT, dt.date(2025, 2, 1)
    ... )
    >>> quote = decision.outcome
    >>> quote.outcome.value, str(quote.interest_delta), quote.days_moved_max
    ('allowed', 'EUR 8.24', 10)
    >>> decision.explain()[0]
    'interest rises by EUR 8.24, from EUR 60.60 to EUR 68.84'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

import attrs

from microcrm_core.adjustments.adjustment_policies import AdjustmentPolicy
from microcrm_core.adjustments.adjustment_quotes import (
    AdjustmentOutcome,
    AdjustmentQuote,
)
from microcrm_core.adjustments.plan_steps import ledger_refusal
from microcrm_core.adjustments.planned_changes import PlannedChange
from microcrm_core.adjustments.quote_effects import CapQuestion, ClassificationPolicy
from microcrm_core.adjustments.quote_laws import (
    cap_refusals,
    law_refusals,
    quote_notes,
)
from microcrm_core.adjustments.quote_limits import (
    AdjustmentStep,
    limit_refusals,
    past_adjustments,
    settled_count,
    step_findings,
)
from microcrm_core.adjustments.quoted_events import next_due_on
from microcrm_core.adjustments.renewals import RenewalQuote, quote_renewal
from microcrm_core.adjustments.replayed_quotes import (
    QuoteQuestion,
    replay_steps,
    replayed_quote,
)
from microcrm_core.adjustments.request_plans import plan_requests
from microcrm_core.adjustments.requests import (
    AdjustmentRequest,
    Renew,
    kind_of,
    requests_of,
)
from microcrm_core.checks import day, of_kind, utc_instant
from microcrm_core.decisions import Decision, FactValue, Reason
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.classification_policies import FiveClassPolicy
from microcrm_core.ledger.concessions import Concession
from microcrm_core.ledger.happenings import InterestPaused, RateChanged
from microcrm_core.ledger.loan_accounts import LoanAccount
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.money import Money

__all__ = ["quote_adjustment"]

_Part = TypeVar("_Part")

# Agreed once and in the schedule before they begin; all else of later days is to be
# met by a quote of a later day.
_MAY_BE_TO_COME: Final = frozenset({RateChanged, InterestPaused})


@attrs.frozen(kw_only=True)
class _Findings:
    """The reasons of a quote, each kind in order."""

    refusals: tuple[Reason, ...] = ()
    approvals: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()

    def and_also(
        self,
        refusals: Iterable[Reason] = (),
        approvals: Iterable[Reason] = (),
        notes: Iterable[Reason] = (),
    ) -> _Findings:
        return _Findings(
            refusals=(*self.refusals, *refusals),
            approvals=(*self.approvals, *approvals),
            notes=(*self.notes, *notes),
        )

    @property
    def outcome(self) -> AdjustmentOutcome:
        if self.refusals:
            return AdjustmentOutcome.REFUSED
        if self.approvals:
            return AdjustmentOutcome.NEEDS_APPROVAL
        return AdjustmentOutcome.ALLOWED


def quote_adjustment(
    account: LoanAccount,
    requests: AdjustmentRequest | Iterable[AdjustmentRequest],
    policy: AdjustmentPolicy,
    as_of: dt.date,
    *,
    known_at: dt.datetime | None = None,
    is_in_difficulty: bool | None = None,
    caps: CapQuestion | None = None,
    classifications: Iterable[ClassificationPolicy] = (),
    concessions: Iterable[Concession] = (),
    limit: Money | None = None,
) -> Decision[AdjustmentQuote]:
    """Return what a loan would be with what is asked for, and whether it is granted.

    The reasons are the refusals, then what somebody must approve, then notes; the
    quote is refused if there is a refusal, and needs approval if there is one of the
    second kind. Where the loan can be replayed with the adjustment, the quote shows it,
    refused or not. The same arguments always make the same quote.

    Args:
        account: The loan, with its whole log.
        requests: What is asked for, in the order of applying; a `Renew` stands alone.
        policy: What the lender grants.
        as_of: The day of the quote, on which the adjustment happens.
        known_at: Last moment of recording that counts, inclusive; None: all is known.
        is_in_difficulty: Whether the customer is in financial difficulty; None: days
            past due tell, by the policy.
        caps: Against which caps the loan is held after it; None: against none.
        classifications: The policies by which classes before and after are told.
        concessions: Those that the loan was granted before, for its classes.
        limit: The most principal that the customer may be lent, for a renewal; None: no
            limit.

    Raises:
        InvalidValueError: An argument is of another kind.
        CurrencyMismatchError: *limit* is of another currency than the new loan.
        PolicyError: A policy is not in force.
        LedgerError: The events that are known contradict each other.
        ScheduleError: The terms, with their changes, allow no schedule.
        ConvergenceError: A rate was not found within the bound on steps.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.adjustments import ADJUSTMENTS_STANDARD, ExtendTerm
        >>> from microcrm_core.adjustments import quote_adjustment
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
        >>> from microcrm_core.ledger import LoanAccount
        >>> from microcrm_core.loans import STRICT_30_360
        >>> terms = LoanTerms(
        ...     principal=Money.of("1200.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.24"),
        ...     installment_count=4,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> lent = LedgerEvent.of(
        ...     Disbursed(amount=terms.principal),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=terms.disbursed_on,
        ...     recorded_at=dt.datetime(2025, 1, 15, tzinfo=dt.UTC),
        ...     idempotency_key="lent",
        ... )
        >>> account = LoanAccount(
        ...     loan_id=LoanId("loan-7"),
        ...     terms=terms,
        ...     events=[lent],
        ...     conventions=STRICT_30_360,
        ...     policy=PLAIN_LEDGER,
        ... )
        >>> day = dt.date(2025, 2, 1)
        >>> decision = quote_adjustment(
        ...     account, ExtendTerm(2), ADJUSTMENTS_STANDARD, day
        ... )
        >>> decision.outcome.outcome.value
        'refused'
        >>> for sentence in decision.explain()[:2]:
        ...     print(sentence)
        extend_term needs 90 days since the loan was paid out, there are 17
        extend_term needs 3 paid installments, there are 0
    """
    asked = requests_of(requests)
    of_kind("account", account, LoanAccount)
    of_kind("policy", policy, AdjustmentPolicy).require_in_effect(day("as_of", as_of))
    known = account
    if known_at is not None:
        known_at = utc_instant("known_at", known_at)
        known = account.as_known(known_at)
    before = _state_of(known, as_of, known_at)
    question = QuoteQuestion(
        account=known,
        requests=asked,
        policy=policy,
        is_in_difficulty=_is_in_difficulty(is_in_difficulty, policy, before),
        caps=caps,
        classifications=_all_of("classifications", classifications),
        concessions=_all_of("concessions", concessions),
        limit=limit,
    )
    draft = AdjustmentQuote(
        loan_id=account.loan_id,
        as_of=as_of,
        requests=asked,
        outcome=AdjustmentOutcome.REFUSED,
        basis=known.digest,
        known_at=known_at,
        valid_until=_valid_until(before, policy),
        before=before,
        capitalized=Money(0, before.terms.principal.currency),
    )
    past = past_adjustments(known, as_of)
    found = _Findings(
        refusals=(
            *_later_events(known, as_of),
            *limit_refusals(before, asked, policy, past),
        )
    )
    quote, found = _planned(draft, question, found)
    if quote.changes:
        try:
            steps = replay_steps(quote, question)
        except InvalidValueError as error:
            found = found.and_also(refusals=[ledger_refusal(error)])
        else:
            quote = replayed_quote(quote, question, steps)
            found = _weighed(quote, steps, question, found)
    quote = attrs.evolve(quote, outcome=found.outcome)
    return Decision(
        outcome=quote,
        reasons=(*found.refusals, *found.approvals, *found.notes),
        policy=policy.ref,
        facts=_facts(quote, question, len(past)),
        as_of=as_of,
    )


def _all_of(field: str, given: Iterable[_Part]) -> tuple[_Part, ...]:
    try:
        return tuple(given)
    except TypeError:
        raise InvalidValueError(field, "must be a list", given) from None


def _valid_until(before: LoanState, policy: AdjustmentPolicy) -> dt.date:
    as_of, due_on = before.as_of, next_due_on(before)
    # The calendar may end before the quote does.
    last_on = dt.date.max if due_on is None else due_on - dt.timedelta(days=1)
    return as_of + min(dt.timedelta(days=policy.valid_days), last_on - as_of)


def _state_of(
    account: LoanAccount, as_of: dt.date, known_at: dt.datetime | None
) -> LoanState:
    return attrs.evolve(account.state(as_of), known_at=known_at)


def _is_in_difficulty(
    given: bool | None, policy: AdjustmentPolicy, before: LoanState
) -> bool | None:
    if given is not None or policy.difficulty_days is None:
        return given
    return policy.presumes_difficulty(before.days_past_due)


def _later_events(account: LoanAccount, as_of: dt.date) -> tuple[Reason, ...]:
    """Return why a day is too early to be quoted for, if it is."""
    later = [
        event.value_on
        for event in account.events
        if event.value_on > as_of and type(event.what) not in _MAY_BE_TO_COME
    ]
    if not later:
        return ()
    return (
        Reason(
            "adjust_later_events",
            {"count": len(later), "last_on": max(later), "as_of": as_of},
        ),
    )


def _planned(
    draft: AdjustmentQuote, question: QuoteQuestion, found: _Findings
) -> tuple[AdjustmentQuote, _Findings]:
    """Return what happens to the loan, or why nothing can."""
    first = question.requests[0]
    if isinstance(first, Renew):
        renewal = quote_renewal(
            draft.before,
            first,
            loan_id=draft.loan_id,
            limit=question.limit,
            is_in_difficulty=question.is_in_difficulty is True,
        )
        if not isinstance(renewal, RenewalQuote):
            return draft, found.and_also(refusals=renewal)
        change = PlannedChange(
            what=renewal.settles, value_on=draft.as_of, kind=kind_of(first)
        )
        quote = attrs.evolve(draft, changes=(change,), renewal=renewal)
        return quote, found.and_also(refusals=renewal.refusals, notes=renewal.notes)
    plan = plan_requests(
        question.account, question.requests, question.policy, draft.as_of
    )
    absorbed_by = dict.fromkeys(one for one in plan.absorbed_by if one is not None)
    quote = attrs.evolve(draft, changes=plan.changes, absorbed_by=tuple(absorbed_by))
    return quote, found.and_also(refusals=plan.refusals, notes=plan.notes)


def _weighed(
    quote: AdjustmentQuote,
    steps: Sequence[AdjustmentStep],
    question: QuoteQuestion,
    found: _Findings,
) -> _Findings:
    """Return what policy, laws and caps make of a quote, and what it has to tell."""
    refusals, approvals, notes = step_findings(steps, question.policy)
    return found.and_also(
        refusals=(*refusals, *law_refusals(quote), *cap_refusals(quote.caps)),
        approvals=approvals,
        notes=(*notes, *quote_notes(quote), *_forbearance_notes(quote, question)),
    )


def _forbearance_notes(
    quote: AdjustmentQuote, question: QuoteQuestion
) -> Iterator[Reason]:
    if quote.is_forbearance:
        yield Reason("adjust_is_forbearance", {"days": quote.before.days_past_due})
    elif quote.is_forbearance is None:
        yield Reason("adjust_difficulty_unknown")
    if quote.is_forbearance is False:
        return
    for policy in question.classifications:
        if not isinstance(policy, FiveClassPolicy):
            yield Reason("adjust_class_without_concession", {"policy": policy.ref.id})


def _facts(
    quote: AdjustmentQuote, question: QuoteQuestion, past_count: int
) -> dict[str, FactValue]:
    before = quote.before
    delta = quote.interest_delta
    first_on = before.disbursements[0][0] if before.disbursements else None
    return {
        "status": before.status.value,
        "days_past_due": before.days_past_due,
        "overdue_minor": before.overdue.total.minor,
        "is_in_difficulty": question.is_in_difficulty,
        "first_disbursed_on": first_on,
        "settled_count": settled_count(before),
        "past_adjustment_count": past_count,
        "interest_delta_minor": None if delta is None else delta.minor,
        "days_moved_max": quote.days_moved_max,
    }
