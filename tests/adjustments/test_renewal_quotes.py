"""A renewal from the request to both loans: quoted, limited, accepted, never stale."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
from microcrm_core.adjustments import (
    ADJUSTMENTS_LENIENT,
    ADJUSTMENTS_STANDARD,
    AdjustmentKind,
    AdjustmentOutcome,
    AdjustmentPolicy,
    AdjustmentQuote,
    AdjustmentRule,
    CapQuestion,
    ExtendTerm,
    Renew,
    accept,
    quote_adjustment,
)
from microcrm_core.decisions import Decision, SourceStatus
from microcrm_core.errors import InvalidValueError, StaleQuote, StaleQuoteError
from microcrm_core.ids import LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    Disbursed,
    Happening,
    LedgerEvent,
    LedgerPolicy,
    LoanAccount,
    LoanStatus,
    Renewed,
    Repaid,
)
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    EqualInstallments,
    Fee,
    FeeTiming,
    Portion,
    RepaymentPlan,
    ScheduleConventions,
)
from microcrm_core.loans.caps import RateCap, ShareLimit
from microcrm_core.loans.rate_measures import RateMeasure

EUR = Currency.of("EUR")
OLD, NEW = LoanId("loan-7"), LoanId("loan-8")
LENT_ON = dt.date(2025, 1, 15)
ON = dt.date(2025, 5, 20)
TERMS = LoanTerms(
    principal=Money.of("1000.00", EUR),
    nominal_rate=Rate.per_year("0.24"),
    installment_count=6,
    frequency=Frequency.MONTHLY,
    disbursed_on=LENT_ON,
    first_due_on=dt.date(2025, 2, 15),
)
ANYBODY = attrs.evolve(
    ADJUSTMENTS_LENIENT,
    id="anybody",
    rules={AdjustmentKind.RENEW: AdjustmentRule(may_lower_days_past_due=True)},
)


def at(on: dt.date, hour: int) -> dt.datetime:
    return dt.datetime.combine(on, dt.time(hour), dt.UTC)


def event(what: Happening, value_on: dt.date, key: str) -> LedgerEvent:
    return LedgerEvent.of(
        what,
        loan_id=OLD,
        value_on=value_on,
        recorded_at=at(value_on, 9),
        idempotency_key=key,
    )


def account_of(
    *,
    paid_count: int = 4,
    conventions: ScheduleConventions = STRICT,
    policy: LedgerPolicy = RECALCULATING_LEDGER,
    more: tuple[LedgerEvent, ...] = (),
) -> LoanAccount:
    """A loan of which the first installments were paid on their days."""
    events = [event(Disbursed(amount=TERMS.principal), LENT_ON, "lent")]
    account = LoanAccount(
        loan_id=OLD,
        terms=TERMS,
        events=events,
        conventions=conventions,
        policy=policy,
    )
    for row in account.state(LENT_ON).rows[:paid_count]:
        paid = Repaid(amount=Money(row.charged_minor, EUR))
        events.append(event(paid, row.due_on, f"paid-{row.number}"))
    return attrs.evolve(account, events=[*events, *more])


def renew(
    principal: str = "1500.00",
    *,
    on: dt.date = ON,
    rate: str = "0.24",
    fee_minor: int = 0,
) -> Renew:
    fees: tuple[Fee, ...] = ()
    if fee_minor:
        portion = Portion.of_amount(Money(fee_minor, EUR))
        fees = (Fee(name="contract", timing=FeeTiming.UPFRONT, portion=portion),)
    terms = attrs.evolve(
        TERMS,
        principal=Money.of(principal, EUR),
        nominal_rate=Rate.per_year(rate),
        disbursed_on=on,
        first_due_on=on + dt.timedelta(days=31),
        plan=RepaymentPlan(method=EqualInstallments(), fees=fees),
    )
    return Renew(new_loan_id=NEW, terms=terms, settlement_account="account-12")


def quoted(
    account: LoanAccount,
    request: Renew,
    policy: AdjustmentPolicy = ANYBODY,
    *,
    on: dt.date = ON,
    is_in_difficulty: bool | None = None,
    caps: CapQuestion | None = None,
    limit: Money | None = None,
) -> Decision[AdjustmentQuote]:
    return quote_adjustment(
        account,
        request,
        policy,
        on,
        is_in_difficulty=is_in_difficulty,
        caps=caps,
        limit=limit,
    )


def codes(decision: Decision[AdjustmentQuote]) -> set[str]:
    return {reason.code for reason in decision.reasons}


# The cumulative engine knows no early payment that changes anything.
KEPT = [
    (STRICT, PLAIN_LEDGER),
    (STRICT, RECALCULATING_LEDGER),
    (FINERACT, PLAIN_LEDGER),
    (FINERACT, RECALCULATING_LEDGER),
    (FINERACT_CUMULATIVE, PLAIN_LEDGER),
]


@pytest.mark.parametrize(("conventions", "policy"), KEPT, ids=lambda one: str(one.id))
@pytest.mark.parametrize("paid_count", [0, 2, 4])
def test_accepting_closes_the_old_loan_at_zero_and_opens_the_new_one(
    conventions: ScheduleConventions, policy: LedgerPolicy, paid_count: int
) -> None:
    account = account_of(paid_count=paid_count, conventions=conventions, policy=policy)
    decision = quoted(account, renew(fee_minor=900))
    renewal = decision.outcome.renewal
    assert renewal is not None

    accepted = accept(
        decision, account, recorded_at=at(ON, 16), idempotency_key="renewed"
    )

    assert [one.what for one in accepted.events] == [Renewed(NEW, renewal.payoff.total)]
    assert accepted.state == decision.outcome.after
    assert accepted.state.status is LoanStatus.CLOSED
    assert accepted.state.outstanding.total == Money(0, EUR)
    assert accepted.state.credit == Money(0, EUR)
    opened = accepted.new_account
    assert opened is not None
    assert opened.state(ON).outstanding.principal == Money.of("1500.00", EUR)
    assert (
        renewal.payoff.total + renewal.upfront_fees + renewal.net_disbursement
        == Money.of("1500.00", EUR)
    )


def test_accepting_again_gives_both_loans_again() -> None:
    account = account_of()
    decision = quoted(account, renew())
    first = accept(decision, account, recorded_at=at(ON, 16), idempotency_key="once")

    again = accept(
        decision, first.account, recorded_at=at(ON, 18), idempotency_key="once"
    )

    assert again.events == first.events
    assert again.account.digest == first.account.digest
    assert again.new_account is not None
    assert first.new_account is not None
    assert again.new_account.digest == first.new_account.digest


def test_a_payment_since_makes_the_quote_stale() -> None:
    account = account_of()
    decision = quoted(account, renew())
    paid = event(Repaid(amount=Money.of("50.00", EUR)), ON, "since")

    with pytest.raises(StaleQuoteError) as caught:
        accept(
            decision,
            account.with_events([paid]),
            recorded_at=at(ON, 16),
            idempotency_key="renewed",
        )

    assert caught.value.why is StaleQuote.OTHER_EVENTS


def test_a_renewed_loan_is_not_renewed_again() -> None:
    account = account_of()
    decision = quoted(account, renew())
    accepted = accept(
        decision, account, recorded_at=at(ON, 16), idempotency_key="renewed"
    )

    again = quoted(accepted.account, renew())

    assert again.outcome.outcome is AdjustmentOutcome.REFUSED
    assert "renew_not_active" in codes(again)


def test_a_refused_renewal_cannot_be_accepted() -> None:
    account = account_of()
    decision = quoted(account, renew("100.00"))
    assert decision.reasons[0].code == "renew_does_not_cover"

    with pytest.raises(InvalidValueError, match="renew_does_not_cover"):
        accept(decision, account, recorded_at=at(ON, 16), idempotency_key="renewed")


def test_the_limit_is_held_against_the_new_principal() -> None:
    account = account_of()
    limit = Money.of("1499.99", EUR)

    assert quoted(account, renew("1499.99"), limit=limit).outcome.is_allowed
    above = quoted(account, renew("1500.00"), limit=limit)
    assert above.outcome.outcome is AdjustmentOutcome.REFUSED
    assert above.reasons[0].code == "renew_above_limit"


def test_caps_are_held_against_the_new_loan() -> None:
    # The old loan costs 24 %, above the cap of 20 %: only the new one is judged.
    cap = RateCap(
        id="cap-20",
        version="1",
        jurisdiction="XX",
        measure=RateMeasure.COMPOUND_ANNUAL,
        limit=ShareLimit(Fraction(20, 100)),
        source="house rule of this test",
        status=SourceStatus.HOUSE,
    )
    caps = CapQuestion(jurisdiction="XX", caps=(cap,))
    account = account_of()

    kept = quoted(account, renew(rate="0.18"), caps=caps)
    broken = quoted(account, renew(rate="0.22"), caps=caps)

    assert kept.outcome.is_allowed
    assert kept.outcome.caps is not None
    assert kept.outcome.caps.is_kept
    assert broken.outcome.outcome is AdjustmentOutcome.REFUSED
    assert "adjust_breaks_cap" in codes(broken)


def test_an_upfront_fee_counts_in_the_cost_of_the_new_loan() -> None:
    account = account_of()

    free = quoted(account, renew()).outcome.cost
    with_fee = quoted(account, renew(fee_minor=3_000)).outcome.cost

    assert free is not None
    assert with_fee is not None
    assert free.after.rate is not None
    assert with_fee.after.rate is not None
    assert with_fee.before == free.before
    assert with_fee.after.rate > free.after.rate


def test_the_presets_want_a_history_before_a_renewal() -> None:
    # Standard: 3 paid installments and no arrears; here 2 are paid, and one is late.
    account = account_of(paid_count=2)

    decision = quoted(account, renew(), ADJUSTMENTS_STANDARD)

    assert decision.outcome.outcome is AdjustmentOutcome.REFUSED
    assert {"adjust_paid_count", "adjust_days_past_due_max"} <= codes(decision)


def test_a_renewal_with_approval_waits_for_it() -> None:
    rule = AdjustmentRule(needs_approval=True)
    policy = attrs.evolve(ANYBODY, rules={AdjustmentKind.RENEW: rule})
    account = account_of()
    decision = quoted(account, renew(), policy)
    assert decision.outcome.outcome is AdjustmentOutcome.NEEDS_APPROVAL

    with pytest.raises(InvalidValueError, match="approved_by"):
        accept(decision, account, recorded_at=at(ON, 16), idempotency_key="renewed")
    accepted = accept(
        decision,
        account,
        recorded_at=at(ON, 16),
        idempotency_key="renewed",
        approved_by="officer-3",
    )
    assert accepted.approved_by == "officer-3"


def test_a_renewal_that_would_end_arrears_needs_a_rule_that_says_so() -> None:
    account = account_of(paid_count=2)
    strict = attrs.evolve(ANYBODY, rules={AdjustmentKind.RENEW: AdjustmentRule()})

    refused = quoted(account, renew(), strict)
    granted = quoted(account, renew(), ANYBODY)

    assert refused.outcome.outcome is AdjustmentOutcome.REFUSED
    assert granted.outcome.outcome is AdjustmentOutcome.ALLOWED
    assert {"renew_pays_arrears", "adjust_cures_arrears"} <= codes(granted)
    assert granted.outcome.arrears_before.days_past_due == 35
    after = granted.outcome.arrears_after
    assert after is not None
    assert after.days_past_due == 0


@pytest.mark.parametrize("is_in_difficulty", [True, False])
def test_a_renewal_in_difficulty_is_forbearance_and_recorded(
    is_in_difficulty: bool,
) -> None:
    account = account_of(paid_count=4)
    assert account.state(ON).days_past_due == 0

    decision = quoted(account, renew(), is_in_difficulty=is_in_difficulty)

    assert decision.outcome.is_forbearance is is_in_difficulty
    assert ("renew_in_difficulty" in codes(decision)) is is_in_difficulty
    assert (decision.outcome.concession is not None) is is_in_difficulty


def test_a_renewal_stands_alone() -> None:
    with pytest.raises(InvalidValueError, match="Renew"):
        quote_adjustment(account_of(), [renew(), ExtendTerm(1)], ANYBODY, ON)


@given(
    days=st.integers(1, 200),
    paid_count=st.integers(0, 6),
    extra_minor=st.integers(0, 60_000),
    new_minor=st.integers(100, 200_000),
    fee_minor=st.integers(0, 2_000),
    kept=st.sampled_from(KEPT),
)
def test_no_money_is_made_or_lost(
    days: int,
    paid_count: int,
    extra_minor: int,
    new_minor: int,
    fee_minor: int,
    kept: tuple[ScheduleConventions, LedgerPolicy],
) -> None:
    conventions, policy = kept
    on = LENT_ON + dt.timedelta(days=days)
    extra = event(Repaid(amount=Money(max(extra_minor, 1), EUR)), on, "extra")
    account = account_of(
        paid_count=paid_count,
        conventions=conventions,
        policy=policy,
        more=(extra,) if extra_minor else (),
    )
    known = [one for one in account.events if one.value_on <= on]
    account = attrs.evolve(account, events=known)
    principal = str(Money(new_minor, EUR).amount)
    request = renew(principal, on=on, fee_minor=fee_minor)

    decision = quoted(account, request, on=on)

    renewal = decision.outcome.renewal
    if renewal is None:
        assert codes(decision) & {"renew_not_active", "renew_no_schedule"}
        return
    assert renewal.exposure == (
        renewal.payoff.total + renewal.upfront_fees + renewal.net_disbursement
    )
    # What is too small is shown, and refused.
    is_short = renewal.net_disbursement.is_negative
    assert ("renew_does_not_cover" in codes(decision)) is is_short
    after = decision.outcome.after
    assert after is not None
    assert after.status is LoanStatus.CLOSED
    assert after.outstanding.total == after.credit == Money(0, EUR)
