"""Prices: worked examples by hand, laws, refusals."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, InvalidValueError, Money
from microcrm_core.dates import Frequency
from microcrm_core.ids import CustomerId, LoanId
from microcrm_core.loans import Loan, LoanTerms
from microcrm_core.loyalty import (
    LOYALTY_BASIC,
    PriceStep,
    PricingBasis,
    Quote,
    QuoteBasis,
    QuoteLine,
    QuoteLineCode,
    price_loan,
    pricing_basis,
)
from microcrm_core.rates import Rate
from microcrm_core.tiers import Tier

AS_OF = dt.date(2025, 6, 30)
POLICY = attrs.evolve(
    LOYALTY_BASIC,
    tenure_steps=(
        PriceStep(180, Rate.of_percent(1)),
        PriceStep(360, Rate.of_percent(2)),
    ),
    streak_steps=(
        PriceStep(3, Rate.of_percent(1)),
        PriceStep(12, Rate.of_percent(9)),
    ),
    floor_rate=Rate.of_percent(20),
)

lengths = st.none() | st.integers(0, 2_000)
tiers = st.sampled_from(list(Tier))


def a_loan(
    loan_id: str,
    *,
    disbursed_on: dt.date,
    requested_on: dt.date | None = None,
    is_disbursed: bool = True,
    known_on: dt.date | None = None,
) -> Loan:
    return Loan(
        id=LoanId(loan_id),
        customer_id=CustomerId("c-1"),
        terms=LoanTerms(
            principal=Money.of("500.00", Currency.of("EUR")),
            nominal_rate=Rate.of_percent(30),
            installment_count=6,
            frequency=Frequency.MONTHLY,
            disbursed_on=disbursed_on,
            first_due_on=disbursed_on + dt.timedelta(days=30),
        ),
        requested_on=requested_on,
        is_disbursed=is_disbursed,
        known_on=known_on or requested_on or disbursed_on,
    )


LAST = a_loan("loan-1", disbursed_on=dt.date(2025, 1, 1))
BASIS = PricingBasis(QuoteBasis.REPEAT, LAST)


def rate_ppm(
    tier: Tier, tenure_days: int | None, on_time_streak: int | None
) -> int | None:
    facts = {"tenure_days": tenure_days, "on_time_streak": on_time_streak}
    quote = price_loan(POLICY, facts, BASIS, tier, AS_OF).outcome
    return None if quote is None else quote.nominal_rate.annual_ppm


def test_a_quote_is_the_base_less_both_discounts() -> None:
    # By hand: ordinary 30 % - 2 % (365 days) - 1 % (4 in a row) = 27 %.
    decision = price_loan(
        POLICY, {"tenure_days": 365, "on_time_streak": 4}, BASIS, Tier.ORDINARY, AS_OF
    )

    assert decision.outcome is not None
    assert decision.outcome.nominal_rate == Rate.of_percent(27)
    assert decision.outcome.lines == (
        QuoteLine(QuoteLineCode.BASE, 300_000),
        QuoteLine(QuoteLineCode.TENURE_DISCOUNT, -20_000),
        QuoteLine(QuoteLineCode.STREAK_DISCOUNT, -10_000),
    )
    assert decision.explain() == (
        "the quote repeats the last loan loan-1",
        "the base rate is 30% a year",
        "365 days as a borrower take 2% off",
        "4 installments in a row on time take 1% off",
        "the quoted rate is 27% a year",
    )


def test_the_floor_gives_back_what_discounts_took_below_it() -> None:
    # By hand: high value 24 % - 2 % - 9 % = 13 %, 7 % below the floor of 20 %.
    decision = price_loan(
        POLICY,
        {"tenure_days": 900, "on_time_streak": 12},
        BASIS,
        Tier.HIGH_VALUE,
        AS_OF,
    )

    assert decision.outcome is not None
    assert decision.outcome.change_ppm(QuoteLineCode.FLOOR) == 70_000
    assert decision.outcome.nominal_rate == POLICY.floor_rate
    assert "the floor of 20% takes 7% of the discounts back" in decision.explain()


def test_a_price_at_the_floor_needs_no_floor_line() -> None:
    # 22 % - 2 % is 20 %, the floor itself.
    policy = attrs.evolve(
        POLICY,
        base_rates=[
            attrs.evolve(entry, nominal_rate=Rate.of_percent(22))
            for entry in POLICY.base_rates
        ],
    )
    facts = {"tenure_days": 360, "on_time_streak": 0}

    quote = price_loan(policy, facts, BASIS, Tier.RISK, AS_OF).outcome

    assert quote is not None
    codes = [line.code for line in quote.lines]
    assert codes == [QuoteLineCode.BASE, QuoteLineCode.TENURE_DISCOUNT]


@pytest.mark.parametrize(
    ("tenure_days", "discount_ppm"),
    [(179, 0), (180, 10_000), (359, 10_000), (360, 20_000), (None, 0), (0, 0)],
)
def test_a_step_holds_from_its_threshold_on(
    tenure_days: int | None, discount_ppm: int
) -> None:
    assert rate_ppm(Tier.ORDINARY, tenure_days, None) == 300_000 - discount_ppm


def test_a_tier_without_a_base_rate_gets_no_quote() -> None:
    facts = {"tenure_days": 900, "on_time_streak": 12}

    decision = price_loan(POLICY, facts, BASIS, Tier.RISK, AS_OF)

    assert decision.outcome is None
    assert decision.explain() == ("customers of tier risk get no quote",)


def test_without_any_loan_there_is_no_quote_in_any_tier() -> None:
    facts = {"tenure_days": None, "on_time_streak": None}

    for tier in Tier:
        decision = price_loan(POLICY, facts, None, tier, AS_OF)
        assert decision.outcome is None
        assert [reason.code for reason in decision.reasons] == ["price_no_loan"]


def test_the_requested_loan_goes_before_a_repeat_of_the_last() -> None:
    request = a_loan(
        "loan-2",
        disbursed_on=dt.date(2025, 7, 10),
        requested_on=dt.date(2025, 6, 25),
        is_disbursed=False,
    )

    assert pricing_basis([LAST, request], AS_OF) == PricingBasis(
        QuoteBasis.REQUEST, request
    )
    assert pricing_basis([LAST], AS_OF) == BASIS
    assert pricing_basis([], AS_OF) is None


def test_of_several_requests_and_loans_the_latest_counts_and_then_the_id() -> None:
    day = dt.date(2025, 3, 1)
    earlier = a_loan("loan-9", disbursed_on=day - dt.timedelta(days=1))
    same_day = [a_loan(name, disbursed_on=day) for name in ("loan-2", "loan-3")]

    for loans in ([earlier, *same_day], [*reversed(same_day), earlier]):
        basis = pricing_basis(loans, AS_OF)
        assert basis is not None
        assert basis.loan.id == "loan-3"


def test_a_loan_that_becomes_known_later_changes_no_price() -> None:
    later = AS_OF + dt.timedelta(days=1)
    unknown = a_loan(
        "loan-2",
        disbursed_on=dt.date(2025, 7, 10),
        requested_on=dt.date(2025, 6, 25),
        is_disbursed=False,
        known_on=later,
    )
    not_yet = a_loan("loan-3", disbursed_on=later)

    assert pricing_basis([LAST, unknown, not_yet], AS_OF) == BASIS


@given(tier=tiers, tenure_days=lengths, on_time_streak=lengths)
def test_lines_add_up_to_a_rate_between_floor_and_base(
    tier: Tier, tenure_days: int | None, on_time_streak: int | None
) -> None:
    facts = {"tenure_days": tenure_days, "on_time_streak": on_time_streak}

    quote = price_loan(POLICY, facts, BASIS, tier, AS_OF).outcome

    base_rate = POLICY.base_rate(tier)
    assert (quote is None) == (base_rate is None)
    if quote is not None and base_rate is not None:
        total = sum(line.change_ppm for line in quote.lines)
        assert total == quote.nominal_rate.annual_ppm
        assert POLICY.floor_rate <= quote.nominal_rate <= base_rate


@given(
    tenure_days=lengths,
    on_time_streak=lengths,
    days_more=st.integers(0, 500),
    streak_more=st.integers(0, 20),
)
def test_a_better_history_never_raises_the_price(
    tenure_days: int | None,
    on_time_streak: int | None,
    days_more: int,
    streak_more: int,
) -> None:
    before = rate_ppm(Tier.ORDINARY, tenure_days, on_time_streak)
    after = rate_ppm(
        Tier.ORDINARY,
        (tenure_days or 0) + days_more,
        (on_time_streak or 0) + streak_more,
    )

    assert before is not None
    assert after is not None
    assert after <= before


def test_a_better_tier_never_pays_more_under_the_preset() -> None:
    rates = [LOYALTY_BASIC.base_rate(tier) for tier in Tier]
    quoted = [rate for rate in rates if rate is not None]

    assert quoted == sorted(quoted)


def test_facts_must_name_both_lengths() -> None:
    with pytest.raises(InvalidValueError, match="must name on_time_streak"):
        price_loan(POLICY, {"tenure_days": 1}, BASIS, Tier.ORDINARY, AS_OF)


@pytest.mark.parametrize("value", [-1, "5", True])
def test_a_length_that_is_no_count_is_refused(value: int | str) -> None:
    facts = {"tenure_days": value, "on_time_streak": 0}

    with pytest.raises(InvalidValueError, match="tenure_days"):
        price_loan(POLICY, facts, BASIS, Tier.ORDINARY, AS_OF)


def test_a_quote_whose_lines_do_not_add_up_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="must add up to the rate 200000"):
        Quote(
            basis=QuoteBasis.REPEAT,
            loan_id=LAST.id,
            principal=LAST.terms.principal,
            installment_count=6,
            frequency=Frequency.MONTHLY,
            lines=(QuoteLine(QuoteLineCode.BASE, 300_000),),
            nominal_rate=Rate.of_percent(20),
        )
