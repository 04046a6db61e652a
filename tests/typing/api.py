"""A typed use of every root name: read by mypy and pyright, never run.

A change that breaks one of these lines breaks somebody's program. The assertions pin
what a reader is told, where a type could widen without an error.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import assert_type

from microcrm_core import (
    DUE_DAY_BASIC,
    LOYALTY_BASIC,
    MICRO_LENDER,
    PROFILE_BASIC,
    REVIEW_BASIC,
    STRICT,
    BusinessCalendar,
    BusinessDayRule,
    CashFlowSummary,
    ConflictError,
    Currency,
    CurrencyMismatchError,
    Customer,
    CustomerKind,
    CustomerProfile,
    DayCount,
    Decision,
    Direction,
    Event,
    Frequency,
    InvalidValueError,
    Language,
    LedgerError,
    Loan,
    LoanTerms,
    MicrocrmError,
    MissingExtraError,
    Money,
    PolicyError,
    PolicyRef,
    Rate,
    Reason,
    RecordNotFoundError,
    Repayment,
    ReviewPolicies,
    RollRule,
    Rounding,
    Schedule,
    ScheduleConventions,
    ScheduleError,
    StaleQuoteError,
    StorageError,
    Tier,
    TierPolicy,
    Transaction,
    assign_tier,
    build_profile,
    build_schedule,
    canonical_json,
    digest,
    due_dates,
    price_loan,
    pricing_basis,
    recommend_due_day,
    render,
    review_customer,
    year_fraction,
)
from microcrm_core.adjustments import DueDayAdvice, DueDayPolicy
from microcrm_core.customers import ProfilePolicy
from microcrm_core.dates import adjust_date
from microcrm_core.errors import StorageProblem
from microcrm_core.ids import (
    CustomerId,
    EventId,
    LoanId,
    RepaymentId,
    TransactionId,
)
from microcrm_core.ledger import (
    PAR30,
    PLAIN_LEDGER,
    AllocatedPart,
    ArrearsPath,
    BucketAmounts,
    Checkpoint,
    Disbursed,
    Happening,
    ImpairmentStage,
    LedgerEvent,
    LedgerPolicy,
    LoanClass,
    LoanPosting,
    LoanState,
    LoanStateRow,
    LoanStatus,
    NextDue,
    PortfolioAtRisk,
    PortfolioLoan,
    Receipt,
    Reconciliation,
    ReconciliationPolicy,
    Repaid,
    StagePolicy,
    checkpoint_of,
    dpd_string,
    five_class,
    ifrs9_stage,
    loan_log,
    payoff_quote,
    portfolio_at_risk,
    read_log,
    receipts_of,
    reconcile,
    replay,
    replay_arrears,
)
from microcrm_core.ledger.classification_presets import (
    CN_FIVE_CLASS,
    DPD_24_MONTHS,
    IFRS9_STAGES,
)
from microcrm_core.loyalty import PricingBasis, PricingPolicy, Quote
from microcrm_core.reviews import CustomerReview

AS_OF = dt.date(2025, 6, 30)


def money_and_rates() -> None:
    """Amounts, rates and how they are rounded."""
    euro = Currency.of("EUR")
    money = Money.of("12.34", euro)
    assert_type(money + Money(1, euro), Money)
    assert_type(money.amount, Decimal)
    assert_type(money.split(3), tuple[Money, ...])
    assert_type(Money.of("12.345", euro, rounding=Rounding.HALF_UP), Money)
    assert_type(Rate.per_month("0.02").annual_ppm, int)


def dates() -> None:
    """Day counts, due dates and business days."""
    start_on, end_on = dt.date(2025, 1, 14), dt.date(2025, 2, 14)
    assert_type(year_fraction(DayCount.ACT_365F, start_on, end_on), Fraction)
    roll = RollRule.of("end_of_month")
    due_on = due_dates(start_on, Frequency.MONTHLY, 6, roll)
    assert_type(due_on, tuple[dt.date, ...])
    calendar = BusinessCalendar(name="shop", holidays=[dt.date(2025, 5, 1)])
    assert_type(calendar.is_business_day(AS_OF), bool)
    assert_type(adjust_date(due_on[0], BusinessDayRule.FOLLOWING, calendar), dt.date)


def decisions() -> None:
    """Reasons, what they rest on, and the one canonical form."""
    reason = Reason("price_final", {"rate_ppm": 240_000})
    assert_type(render(reason, Language.ZH_CN), str)
    assert_type(canonical_json({"as_of": AS_OF}), str)
    assert_type(digest("text"), str)
    decision: Decision[int | None] = Decision(
        outcome=None,
        reasons=(reason,),
        policy=PolicyRef.of("pricing", "1", {}),
        facts={"tenure_days": 400},
        as_of=AS_OF,
    )
    assert_type(decision.outcome, int | None)
    assert_type(decision.explain("en"), tuple[str, ...])
    event = Event.of(
        type="loan.disbursed",
        stream_id="loan-7",
        value_on=AS_OF,
        recorded_at=dt.datetime(2025, 6, 30, 10, tzinfo=dt.UTC),
        idempotency_key="loan-7/disbursed",
        payload={"installment_count": 6},
    )
    assert_type(event.value_on, dt.date)


def loans(conventions: ScheduleConventions = STRICT) -> LoanState:
    """Terms, schedule, repayments."""
    euro = Currency.of("EUR")
    terms = LoanTerms(
        principal=Money.of("1200.00", euro),
        nominal_rate=Rate.per_year("0.24"),
        installment_count=6,
        frequency=Frequency.MONTHLY,
        disbursed_on=dt.date(2025, 1, 14),
        first_due_on=dt.date(2025, 2, 14),
    )
    schedule: Schedule = build_schedule(terms, conventions)
    assert_type(schedule.due_on, tuple[dt.date, ...])
    assert_type(schedule.principal_minor, tuple[int, ...])
    assert_type(schedule.level_installment, Money)
    repayment = Repayment(
        id=RepaymentId("r-1"),
        loan_id=LoanId("loan-1"),
        paid_on=dt.date(2025, 2, 14),
        amount=Money.of("214.08", euro),
        known_on=dt.date(2025, 2, 14),
    )
    loan = Loan(
        id=LoanId("loan-1"),
        customer_id=CustomerId("c-1"),
        terms=terms,
        requested_on=None,
        is_disbursed=True,
        known_on=terms.disbursed_on,
    )
    log = loan_log(loan, [repayment])
    assert_type(log, tuple[LedgerEvent, ...])
    state = replay(
        terms, log, conventions=conventions, policy=PLAIN_LEDGER, as_of=AS_OF
    )
    assert_type(state.days_past_due, int)
    return state


def ledger(terms: LoanTerms, policy: LedgerPolicy = PLAIN_LEDGER) -> LoanState:
    """Events, and the state of a loan that is replayed from them."""
    what: Happening = Repaid(amount=Money.of("214.08", Currency.of("EUR")))
    known_at = dt.datetime(2025, 6, 30, 18, tzinfo=dt.UTC)
    lent, paid = (
        LedgerEvent.of(
            one,
            loan_id=LoanId("loan-7"),
            value_on=terms.disbursed_on,
            recorded_at=known_at,
            idempotency_key=key,
        )
        for one, key in ((Disbursed(amount=terms.principal), "lent"), (what, "paid"))
    )
    assert_type(paid.id, EventId)
    assert_type(paid.what, Happening)
    log = [lent, paid]
    counted = read_log(log, as_of=AS_OF, known_at=known_at)
    assert_type(counted, tuple[LedgerEvent, ...])
    before = checkpoint_of(terms, log, conventions=STRICT, policy=policy, as_of=AS_OF)
    assert_type(before, Checkpoint)
    state = replay(
        terms,
        log,
        conventions=STRICT,
        policy=policy,
        as_of=AS_OF,
        known_at=known_at,
        checkpoint=before,
    )
    assert_type(state.status, LoanStatus)
    assert_type(state.outstanding, BucketAmounts)
    assert_type(state.overdue.total, Money)
    assert_type(state.next_due, NextDue | None)
    assert_type(state.days_past_due, int)
    assert_type(state.rows, tuple[LoanStateRow, ...])
    assert_type(state.postings, tuple[LoanPosting, ...])
    assert_type(state.allocation(paid.id), tuple[AllocatedPart, ...])
    assert_type(state.to_json(), str)
    quote = payoff_quote(terms, log, conventions=STRICT, policy=policy, on=AS_OF)
    assert_type(quote, BucketAmounts)
    return state


def arrears(terms: LoanTerms, log: list[LedgerEvent]) -> None:
    """The path of a loan's arrears, and its classes."""
    euro = terms.principal.currency
    path = replay_arrears(
        terms, log, conventions=STRICT, policy=PLAIN_LEDGER, until_on=AS_OF
    )
    assert_type(path, ArrearsPath)
    assert_type(path.days_past_due(AS_OF), int)
    codes = dpd_string(path, policy=DPD_24_MONTHS, as_of=AS_OF)
    assert_type(codes, Decision[str])
    loan_class = five_class(path, policy=CN_FIVE_CLASS, as_of=AS_OF)
    assert_type(loan_class, Decision[LoanClass | None])
    stages: StagePolicy = IFRS9_STAGES
    stage = ifrs9_stage(path, policy=stages, as_of=AS_OF)
    assert_type(stage, Decision[ImpairmentStage | None])
    loan = PortfolioLoan(
        loan_id=LoanId("loan-7"), principal=terms.principal, days_past_due=0
    )
    risk = portfolio_at_risk([loan], policy=PAR30, as_of=AS_OF, currency=euro)
    assert_type(risk, Decision[PortfolioAtRisk])
    receipts = receipts_of(log)
    assert_type(receipts, tuple[Receipt, ...])
    house = ReconciliationPolicy(id="house", version="1", days_max=3)
    assert_type(reconcile(receipts, [], policy=house, currency=euro), Reconciliation)


def customers(loan: Loan, repayment: Repayment) -> CustomerProfile:
    """A customer, an account, and what is known as of a day."""
    euro = Currency.of("EUR")
    customer = Customer(
        id=CustomerId("c-1"),
        kind=CustomerKind.SOLE_TRADER,
        currency=euro,
        known_on=dt.date(2024, 1, 2),
    )
    transaction = Transaction(
        id=TransactionId("t-1"),
        customer_id=CustomerId("c-1"),
        booked_on=dt.date(2025, 3, 1),
        direction=Direction.IN,
        amount=Money.of("900.00", euro),
    )
    summary = CashFlowSummary.of(euro, [transaction], as_of=AS_OF)
    assert_type(summary.merged(summary), CashFlowSummary)
    policy: ProfilePolicy = PROFILE_BASIC
    profile = build_profile(customer, summary, [loan], [repayment], policy, AS_OF)
    assert_type(profile.facts(), Mapping[str, int | str | None])
    policies: ReviewPolicies = REVIEW_BASIC
    review = review_customer(
        customer, [transaction], [loan], [repayment], policies, AS_OF
    )
    assert_type(review, CustomerReview)
    assert_type(review.explain(Language.EN), tuple[str, ...])
    return profile


def judgements(profile: CustomerProfile, loan: Loan, summary: CashFlowSummary) -> None:
    """Tier, due day, price."""
    policy: TierPolicy = MICRO_LENDER
    tier = assign_tier(policy, profile.facts(), AS_OF)
    assert_type(tier, Decision[Tier])
    due_day_policy: DueDayPolicy = DUE_DAY_BASIC
    installment = Money.of("214.08", Currency.of("EUR"))
    advice = recommend_due_day(summary, installment, 14, due_day_policy, AS_OF)
    assert_type(advice, Decision[DueDayAdvice])
    assert_type(advice.outcome.due_day, int | None)
    pricing: PricingPolicy = LOYALTY_BASIC
    basis = pricing_basis([loan], AS_OF)
    assert_type(basis, PricingBasis | None)
    quote = price_loan(pricing, profile.facts(), basis, tier.outcome, AS_OF)
    assert_type(quote, Decision[Quote | None])


def errors(error: MicrocrmError) -> str | None:
    """Programs read the parts, not the text."""
    assert_type(error.code, str)
    match error:
        case CurrencyMismatchError() | PolicyError():
            return error.field
        case ScheduleError():
            assert_type(error.number, int | None)
            return error.finding
        case LedgerError():
            assert_type(error.event_id, str)
            return error.hint
        case InvalidValueError():
            assert_type(error.row, int | None)
            return error.hint
        case RecordNotFoundError():
            return error.key
        case ConflictError():
            assert_type(error.expected_version, int)
            return error.key
        case StaleQuoteError():
            return error.why.value
        case StorageError():
            assert_type(error.problem, StorageProblem)
            return error.store
        case MissingExtraError():
            return error.extra
        case _:
            return None
