"""The review of one customer: the rooms put together, and every reason told."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.customers import CashFlowSummary, build_profile
from microcrm_core.dates import Frequency, RollRule, due_dates
from microcrm_core.errors import ScheduleError
from microcrm_core.ids import CustomerId, RepaymentId
from microcrm_core.loans import build_schedule
from microcrm_core.loyalty import QuoteBasis, QuoteLineCode, pricing_basis
from microcrm_core.reason_texts import Language
from microcrm_core.reviews import (
    REVIEW_BASIC,
    CustomerReview,
    advise_due_day,
    is_monthly,
    month_due_day,
    review_customer,
)
from microcrm_core.reviews.own_repayments import account_repayments
from microcrm_core.tiers import Tier, assign_tier
from tests.customers.strategies import AS_OF_DAYS, records
from tests.reviews.review_cases import (
    EUR,
    make_customer,
    make_loan,
    make_movement,
    make_repayment,
    month_movements,
    on,
    with_conventions,
)

APRIL = on("2025-04-30")
MONTHS = [(2025, month) for month in range(1, 5)]
CUSTOMER = make_customer("c-1")
LATE = make_loan("l-1", "c-1", "2025-01-02", "2025-02-12", annual_ppm=0)


def reviewed(as_of: dt.date = APRIL, language: str = "en") -> CustomerReview:
    """600.00 in six parts on the 12th, all paid a day late, from an empty account."""
    paid = [
        make_repayment("r-1", LATE, "2025-02-13", 10_000),
        make_repayment("r-2", LATE, "2025-03-13", 10_000),
        make_repayment("r-3", LATE, "2025-04-13", 10_000),
    ]
    moved = month_movements("c-1", MONTHS)
    return review_customer(CUSTOMER, moved, [LATE], paid, REVIEW_BASIC, as_of)


def test_a_review_can_be_redone_by_hand() -> None:
    review = reviewed()
    facts = review.profile.facts()
    assert facts["due_installment_count"] == 3
    assert facts["on_time_share_ppm"] == 0
    assert facts["days_past_due"] == 0
    assert facts["days_past_due_max"] == 1
    assert facts["outstanding_minor"] == 30_000
    assert facts["months_observed"] == 4
    assert facts["inflow_month_minor"] == 100_000
    # The money is there from the 1st to the 9th and never on the 12th.
    advice = review.due_day.outcome
    assert advice is not None
    assert advice.current_due_day == 12
    assert advice.due_day in range(1, 10)
    assert advice.needed == Money(10_000, EUR)
    assert advice.current_shortfall_count == 4
    assert advice.held_out_shortfall_count == 0
    assert advice.expected_shortfall_change_ppm == -1_000_000
    quote = review.quote.outcome
    assert quote is not None
    assert (quote.basis, quote.loan_id) == (QuoteBasis.REPEAT, "l-1")
    assert quote.principal == Money(60_000, EUR)
    base = REVIEW_BASIC.pricing.base_rate(review.tier.outcome)
    assert base is not None
    # 118 days of tenure and no streak take nothing off.
    assert quote.change_ppm(QuoteLineCode.BASE) == base.annual_ppm
    assert quote.nominal_rate == base


@given(
    drawn=records(),
    day=st.sampled_from(AS_OF_DAYS),
    grace_days=st.sampled_from((0, 3)),
)
@settings(max_examples=settings().max_examples // 2)
def test_every_part_is_what_its_room_says(
    drawn: tuple[object, ...], day: dt.date, grace_days: int
) -> None:
    customer, transactions, loans, repayments = drawn
    rules = with_conventions(grace_days=grace_days)
    review = review_customer(customer, transactions, loans, repayments, rules, day)  # type: ignore[arg-type]  # as drawn
    summary = CashFlowSummary.of(EUR, transactions, as_of=day)  # type: ignore[arg-type]  # as drawn
    profile = build_profile(customer, summary, loans, repayments, rules.profile, day)  # type: ignore[arg-type]  # as drawn
    assert review.profile == profile
    assert review.tier == assign_tier(rules.tiers, profile.facts(), day)
    basis = pricing_basis(loans, day)  # type: ignore[arg-type]  # as drawn
    advised = None if basis is None else basis.loan
    own = account_repayments(advised, repayments, transactions, day)  # type: ignore[arg-type]  # as drawn
    assert review.due_day == advise_due_day(
        basis, summary, rules, day, own_repayments=own
    )
    quote = review.quote.outcome
    if basis is None:
        assert quote is None
    elif quote is not None:
        assert quote.loan_id == basis.loan.id
    decisions = (review.tier, review.due_day, review.quote)
    assert all(decision.as_of == day for decision in decisions)
    assert review.tier.policy == rules.tiers.ref
    assert review.due_day.policy == rules.due_day.ref
    assert review.quote.policy == rules.pricing.ref
    # Something is always said, in every language.
    for language in Language:
        assert len(review.explain(language)) >= 3
        assert all(line.strip() for line in review.explain(language))


def test_iterables_are_read_once() -> None:
    paid = [make_repayment("r-1", LATE, "2025-02-12", 10_000)]
    moved = month_movements("c-1", MONTHS)
    from_lists = review_customer(CUSTOMER, moved, [LATE], paid, REVIEW_BASIC, APRIL)
    from_generators = review_customer(
        CUSTOMER, iter(moved), iter([LATE]), iter(paid), REVIEW_BASIC, APRIL
    )
    assert from_generators == from_lists


def test_reasons_come_in_the_order_tier_due_day_quote() -> None:
    review = reviewed()
    decisions = (review.tier, review.due_day, review.quote)
    for language in Language:
        lines = review.explain(language)
        assert lines == tuple(
            reason.text(language)
            for decision in decisions
            for reason in decision.reasons
        )
    assert review.explain() == review.explain("en")
    assert review.explain() != review.explain("zh-CN")
    with pytest.raises(InvalidValueError, match="fr"):
        review.explain("fr")


def test_the_notebook_view_names_the_customer_and_every_reason() -> None:
    review = reviewed()
    html = review._repr_html_()
    assert "c-1 as of 2025-04-30" in html
    assert html.count("<td>tier</td>") == len(review.tier.reasons)
    assert html.count("<td>due day</td>") == len(review.due_day.reasons)


def test_an_id_with_markup_is_shown_as_text() -> None:
    customer = make_customer("<b>&")
    review = review_customer(customer, [], [], [], REVIEW_BASIC, APRIL)
    assert "<b>" not in review._repr_html_()
    assert "&lt;b&gt;&amp; as of" in review._repr_html_()


def test_a_customer_without_anything_gets_answers_with_reasons() -> None:
    review = review_customer(CUSTOMER, [], [], [], REVIEW_BASIC, APRIL)
    assert review.tier.outcome is Tier.ORDINARY
    assert review.due_day.outcome is None
    assert review.due_day.reasons[0].code == "due_day_no_loan"
    assert review.due_day.facts == {"loan_id": None}
    assert review.quote.outcome is None


def test_a_loan_that_is_not_paid_by_the_month_gets_no_due_day() -> None:
    loan = make_loan(
        "l-1", "c-1", "2025-01-06", "2025-01-13", frequency=Frequency.of("P10D")
    )
    review = review_customer(CUSTOMER, [], [loan], [], REVIEW_BASIC, APRIL)
    (reason,) = review.due_day.reasons
    assert (review.due_day.outcome, reason.code) == (None, "due_day_not_monthly")
    assert reason.params == {"frequency": "P10D", "loan_id": "l-1"}
    assert review.due_day.facts == {"loan_id": "l-1"}


@pytest.mark.parametrize(
    ("frequency", "expected"),
    [
        (Frequency.MONTHLY, True),
        (Frequency.QUARTERLY, True),
        (Frequency.of("P2M"), True),
        (Frequency.of("P1Y"), True),
        (Frequency.SEMIMONTHLY, False),
        (Frequency.WEEKLY, False),
        (Frequency.of("P30D"), False),
    ],
)
def test_only_months_have_a_due_day(frequency: Frequency, expected: bool) -> None:
    assert is_monthly(frequency) is expected


@given(
    first_due_on=st.dates(on("2020-01-01"), on("2030-12-31")),
    roll=st.sampled_from(
        [RollRule.DAY_OF_MONTH, RollRule.END_OF_MONTH]
        + [RollRule.of(f"day_{number}") for number in (1, 15, 28, 29, 30, 31)]
    ),
)
def test_later_installments_fall_on_the_current_due_day(
    first_due_on: dt.date, roll: RollRule
) -> None:
    due_day = month_due_day(first_due_on, roll)
    for one in due_dates(first_due_on, Frequency.MONTHLY, 13, roll)[1:]:
        last = (one.replace(day=28) + dt.timedelta(4)).replace(day=1)
        month_days = (last - dt.timedelta(1)).day
        assert one.day == min(due_day, month_days)


def test_what_becomes_known_later_is_not_used() -> None:
    request = make_loan(
        "l-2",
        "c-1",
        "2025-05-02",
        "2025-06-12",
        requested_on="2025-04-20",
        is_disbursed=False,
        known_on="2025-05-01",
    )
    paid = make_repayment("r-1", LATE, "2025-02-12", 10_000)
    late_news = attrs.evolve(paid, id=RepaymentId("r-2"), paid_on=on("2025-03-12"))
    late_news = attrs.evolve(late_news, known_on=on("2025-05-01"))
    moved = month_movements("c-1", MONTHS)
    more = make_movement(99, "c-1", on("2025-04-15"), 10**9)
    more = attrs.evolve(more, known_on=on("2025-05-01"))
    known = review_customer(CUSTOMER, moved, [LATE], [paid], REVIEW_BASIC, APRIL)
    told = review_customer(
        CUSTOMER,
        [*moved, more],
        [request, LATE],
        [late_news, paid],
        REVIEW_BASIC,
        APRIL,
    )
    assert told == known
    next_day = on("2025-05-01")
    after = review_customer(
        CUSTOMER,
        [*moved, more],
        [request, LATE],
        [late_news, paid],
        REVIEW_BASIC,
        next_day,
    )
    assert after.quote.outcome is None or after.quote.outcome.loan_id == "l-2"
    assert after.profile != known.profile


def test_the_request_is_priced_and_advised_before_the_last_loan() -> None:
    request = make_loan(
        "l-2",
        "c-1",
        "2025-05-02",
        "2025-06-20",
        principal_minor=120_000,
        annual_ppm=0,
        installment_count=12,
        requested_on="2025-04-20",
        is_disbursed=False,
    )
    moved = month_movements("c-1", MONTHS)
    paid = [make_repayment("r-1", LATE, "2025-02-12", 60_000)]
    review = review_customer(
        CUSTOMER, moved, [LATE, request], paid, REVIEW_BASIC, APRIL
    )
    advice, quote = review.due_day.outcome, review.quote.outcome
    assert advice is not None
    assert advice.current_due_day == 20
    # 1,200.00 in twelve parts without interest.
    assert advice.needed == Money(10_000, EUR)
    assert quote is not None
    assert (quote.basis, quote.loan_id) == (QuoteBasis.REQUEST, "l-2")


def test_a_tier_that_is_not_priced_gets_a_refusal_and_still_a_due_day() -> None:
    # Nothing was paid: on 30 April the first installment is 77 days late.
    moved = month_movements("c-1", MONTHS)
    review = review_customer(CUSTOMER, moved, [LATE], [], REVIEW_BASIC, APRIL)
    assert review.tier.outcome is Tier.RISK
    assert review.quote.outcome is None
    assert review.due_day.outcome is not None


def test_values_that_do_not_belong_together_are_refused() -> None:
    stranger = attrs.evolve(LATE, customer_id=CustomerId("c-2"))
    with pytest.raises(InvalidValueError):
        review_customer(CUSTOMER, [], [stranger], [], REVIEW_BASIC, APRIL)
    orphan = make_repayment("r-1", LATE, "2025-02-12", 1)
    with pytest.raises(InvalidValueError):
        review_customer(CUSTOMER, [], [], [orphan], REVIEW_BASIC, APRIL)
    dollars = make_customer("c-1", currency=EUR.of("USD"))
    moved = month_movements("c-1", MONTHS)
    with pytest.raises(CurrencyMismatchError):
        review_customer(dollars, moved, [], [], REVIEW_BASIC, APRIL)
    with pytest.raises(CurrencyMismatchError):
        review_customer(dollars, [], [LATE], [], REVIEW_BASIC, APRIL)


def test_transactions_of_somebody_else_are_refused() -> None:
    moved = month_movements("c-2", MONTHS)
    with pytest.raises(InvalidValueError, match="must be 'c-1', got 'c-2'"):
        review_customer(CUSTOMER, moved, [], [], REVIEW_BASIC, APRIL)


def test_a_loan_without_a_schedule_is_refused() -> None:
    loan = make_loan(
        "l-1",
        "c-1",
        "2025-01-10",
        "2025-02-15",
        annual_ppm=4_000_000,
        installment_count=600,
    )
    with pytest.raises(ScheduleError):
        build_schedule(loan.terms, REVIEW_BASIC.profile.conventions)
    with pytest.raises(ScheduleError):
        review_customer(CUSTOMER, [], [loan], [], REVIEW_BASIC, APRIL)


def test_the_policy_of_a_part_is_no_policy_of_the_review() -> None:
    customer, day = make_customer("c-1"), on("2024-06-30")
    with pytest.raises(InvalidValueError, match="policies must be a ReviewPolicies"):
        review_customer(customer, [], [], [], REVIEW_BASIC.profile, day)  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(InvalidValueError, match="policy must be a ProfilePolicy"):
        build_profile(customer, [], [], [], REVIEW_BASIC, day)  # type: ignore[arg-type] # wrong on purpose
