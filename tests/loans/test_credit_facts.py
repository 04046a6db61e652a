"""What is known of a credit: parts that contradict each other are refused."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import (
    CurrencyMismatchError,
    Frequency,
    InvalidValueError,
    LoanTerms,
    Money,
    Rate,
)
from microcrm_core.loans import (
    STRICT,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeTiming,
    Grace,
    Portion,
    RepaymentPlan,
    build_schedule,
)
from microcrm_core.loans.cash_flows import CreditFlows
from microcrm_core.loans.credit_facts import CreditFacts, NamedAmount, PrincipalPart
from tests.loans.cap_cases import POUND, RUPEE, SIGNED, YUAN, flow, named, year_loan


def part(days: int, minor: int) -> PrincipalPart:
    return PrincipalPart(flow(days, 0, "advance").on, Money(minor, YUAN))


def facts(**parts: Any) -> CreditFacts:
    return CreditFacts(jurisdiction="CN", **parts)


def test_interest_is_what_is_repaid_beyond_the_principal() -> None:
    known = facts(flows=year_loan(124_000, ("stamp", 500), ("guarantee", 2_000)))
    assert str(known.interest) == "CNY 240.00"
    assert known.charges == (
        NamedAmount("stamp", Money(500, YUAN)),
        NamedAmount("guarantee", Money(2_000, YUAN)),
    )


def test_charges_of_one_name_are_added_up() -> None:
    flows = CreditFlows(
        [
            flow(0, 100_000, "advance"),
            flow(30, 100, "charge", "service"),
            flow(60, 100, "charge", "service"),
            flow(60, 100_000, "repayment"),
            flow(60, 50, "refund"),
        ]
    )
    known = facts(flows=flows)
    assert known.charges == (NamedAmount("service", Money(200, YUAN)),)
    assert known.refunded == Money(50, YUAN)


def test_principal_days_count_what_is_outstanding_at_the_end_of_each_day() -> None:
    # 100 for 10 days and 50 for 10 more: 1000 + 500.
    flows = CreditFlows(
        [
            flow(0, 100, "advance"),
            flow(10, 55, "repayment"),
            flow(20, 52, "repayment"),
        ]
    )
    known = facts(flows=flows, principal_parts=(part(10, 50), part(20, 50)))
    assert known.principal_day_minor == 1_500


def test_principal_days_of_tranches_begin_with_each() -> None:
    # 100 for 30 days and 40 more for 20.
    flows = CreditFlows(
        [
            flow(0, 100, "advance"),
            flow(10, 40, "advance"),
            flow(30, 150, "repayment"),
        ]
    )
    assert facts(flows=flows).principal_day_minor == 3_000 + 800


@given(
    gaps=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    shares=st.lists(st.integers(1, 1_000), min_size=6, max_size=6),
)
def test_principal_days_are_the_sum_over_all_days(
    gaps: list[int], shares: list[int]
) -> None:
    days = [sum(gaps[: i + 1]) for i in range(len(gaps))]
    parts = [part(day, minor) for day, minor in zip(days, shares, strict=False)]
    lent = sum(one.amount.minor for one in parts)
    flows = CreditFlows(
        [flow(0, lent, "advance"), *(flow(day, 1, "repayment") for day in days)]
    )
    outstanding = [
        lent - sum(p.amount.minor for p in parts if (p.on - SIGNED).days <= day)
        for day in range(days[-1])
    ]
    known = facts(flows=flows, principal_parts=tuple(parts))
    assert known.principal_day_minor == sum(outstanding)


def test_without_principal_parts_only_a_single_repayment_tells() -> None:
    flows = CreditFlows(
        [
            flow(0, 100, "advance"),
            flow(10, 55, "repayment"),
            flow(20, 52, "repayment"),
        ]
    )
    assert facts(flows=flows).principal_day_minor is None
    assert facts().principal_day_minor is None
    assert facts().interest is None
    assert facts().charges is None
    assert facts().currency is None


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"principal_parts": (part(10, 100),)}, "principal_parts"),
        (
            {"flows": year_loan(124_000), "principal_parts": (part(365, 99_999),)},
            "principal_parts",
        ),
        # Nothing is repaid before it is paid out.
        (
            {"flows": year_loan(124_000), "principal_parts": (part(-1, 100_000),)},
            "principal_parts",
        ),
        ({"income": Money(0, RUPEE)}, "income"),
        ({"income": 100}, "income"),
        ({"default_fees": (15,)}, "default_fees"),
        ({"flows": [flow(0, 100, "advance")]}, "flows"),
        ({"lender_type": ""}, "lender_type"),
    ],
)
def test_parts_that_contradict_each_other_are_refused(
    parts: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        facts(**parts)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "parts",
    [
        {"flows": year_loan(124_000), "income": Money(1, RUPEE)},
        {"installments": named(RUPEE, 1), "income": Money(1, POUND)},
        {"default_fees": (*named(POUND, 1), *named(RUPEE, 1))},
    ],
)
def test_two_currencies_are_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(CurrencyMismatchError):
        facts(**parts)


@pytest.mark.parametrize("kind", [NamedAmount, PrincipalPart])
def test_an_amount_below_zero_is_refused(kind: Any) -> None:
    first = "a" if kind is NamedAmount else SIGNED
    with pytest.raises(InvalidValueError, match="amount must not be negative"):
        kind(first, Money(-1, YUAN))
    with pytest.raises(InvalidValueError, match="amount must be a Money"):
        kind(first, 100)


def scheduled(**parts: Any) -> CreditFacts:
    terms = LoanTerms(
        principal=Money.of("1200.00", YUAN),
        nominal_rate=Rate.per_year("0.24"),
        installment_count=12,
        frequency=Frequency.MONTHLY,
        disbursed_on=dt.date(2025, 1, 15),
        first_due_on=dt.date(2025, 2, 15),
        plan=RepaymentPlan(**{"method": EqualPrincipal(), **parts}),
    )
    schedule = build_schedule(terms, STRICT)
    return CreditFacts.of_schedule(
        schedule, jurisdiction="CN", lender_type="bank", loan_types=()
    )


def test_a_schedule_tells_when_its_principal_is_repaid() -> None:
    known = scheduled()
    assert known.principal_parts is not None
    assert [str(one.amount) for one in known.principal_parts] == ["CNY 100.00"] * 12
    # Under ACT/365F all interest is 24 % of the principal days over 365, up to the
    # rounding of each of twelve installments.
    assert known.interest is not None
    assert known.principal_day_minor is not None
    exact = Fraction(24, 100) * known.principal_day_minor / 365
    assert abs(known.interest.minor - exact) <= 6


def test_a_financed_fee_is_charged_and_counts_as_paid_out() -> None:
    fee = Fee(name="set-up", timing=FeeTiming.FINANCED, portion=Portion.of_share("0.1"))
    known = scheduled(fees=(fee,))
    assert known.charges == (NamedAmount("set-up", Money(12_000, YUAN)),)
    assert known.advanced == Money(132_000, YUAN)


def test_where_interest_is_added_to_the_debt_the_parts_are_not_known() -> None:
    grace = Grace(
        principal_count=2,
        interest_payment_count=2,
        deferred_interest=DeferredInterest.CAPITALIZED,
    )
    known = scheduled(method=EqualInstallments(), grace=grace)
    assert known.principal_parts is None
    assert known.principal_day_minor is None
    assert known.interest is not None
