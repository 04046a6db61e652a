"""The caps of the rules that we were given: figures, dates, sources and trust.

Facts: `../shared/golden/rules.md`, section "Caps". Of CONC 5A: FCA Handbook, 5A.1.1 R
(first day), 5A.2.3 R to 5A.2.5 G (0.8 % a day on what is outstanding, without fees
for default).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Money
from microcrm_core.loans.cap_findings import CapOutcome
from microcrm_core.loans.cap_presets import (
    CAP_PRESETS,
    CN_ASSISTED_LENDING,
    CN_COURTS_FINANCIAL,
    CN_MICRO_LOAN_COMPANY,
    CN_MICRO_LOAN_COMPANY_2027,
    CN_PRIVATE_LENDING,
    IN_MICROFINANCE_INSTALLMENTS,
    IN_PREPAYMENT,
    UK_DAILY_CHARGES,
    UK_DEFAULT_FEES,
    UK_TOTAL_COST,
)
from microcrm_core.loans.caps import RateCap, SourceStatus
from microcrm_core.loans.credit_facts import CreditFacts
from tests.loans.cap_cases import POUND, RUPEE, SIGNED, found, named, year_loan


def chinese(repaid_minor: int, *, lender: str | None = None) -> CreditFacts:
    return CreditFacts(
        jurisdiction="CN",
        lender_type=lender,
        loan_types=("assisted_internet_lending",) if lender is None else (),
        flows=year_loan(repaid_minor),
    )


def assisted(repaid_minor: int) -> CreditFacts:
    return chinese(repaid_minor)


def micro_loan_company(repaid_minor: int) -> CreditFacts:
    return chinese(repaid_minor, lender="micro_loan_company")


def private(repaid_minor: int) -> CreditFacts:
    return chinese(repaid_minor, lender="private_lender")


def financial(repaid_minor: int) -> CreditFacts:
    return chinese(repaid_minor, lender="financial_institution")


def british(repaid_minor: int, *default_minors: int) -> CreditFacts:
    # GBP 100 for 30 days: 0.8 % a day are GBP 24.
    return CreditFacts(
        jurisdiction="GB",
        loan_types=("high_cost_short_term",),
        flows=year_loan(repaid_minor, advanced_minor=10_000, days=30, currency=POUND),
        default_fees=named(POUND, *default_minors),
    )


def default_fees(total_minor: int) -> CreditFacts:
    return british(12_400, 1_000, total_minor - 1_000)


def indian(total_minor: int) -> CreditFacts:
    return CreditFacts(
        jurisdiction="IN",
        loan_types=("microfinance",),
        installments=named(RUPEE, 300_000, total_minor - 300_000),
        income=Money(1_200_000, RUPEE),
    )


def prepayment(total_minor: int) -> CreditFacts:
    return CreditFacts(
        jurisdiction="IN",
        loan_types=("microfinance", "floating_rate"),
        prepayment_charges=named(RUPEE, total_minor),
    )


CASES = [
    # cap, what the figure means, the figure that is just allowed, day
    (CN_ASSISTED_LENDING, assisted, 124_000, SIGNED),
    (CN_MICRO_LOAN_COMPANY, micro_loan_company, 124_000, SIGNED),
    # At an LPR of 3.00 % four times is 12 %.
    (CN_MICRO_LOAN_COMPANY_2027, micro_loan_company, 112_000, dt.date(2027, 12, 31)),
    (CN_PRIVATE_LENDING, private, 112_000, SIGNED),
    (CN_COURTS_FINANCIAL, financial, 124_000, SIGNED),
    (UK_DAILY_CHARGES, british, 12_400, SIGNED),
    (UK_DEFAULT_FEES, default_fees, 1_500, SIGNED),
    (UK_TOTAL_COST, british, 20_000, SIGNED),
    (IN_MICROFINANCE_INSTALLMENTS, indian, 600_000, SIGNED),
    (IN_PREPAYMENT, prepayment, 0, dt.date(2026, 1, 1)),
]
FIRST_DAYS = [
    (CN_ASSISTED_LENDING, assisted, dt.date(2025, 10, 1)),
    (CN_MICRO_LOAN_COMPANY_2027, micro_loan_company, dt.date(2027, 12, 31)),
    (UK_DAILY_CHARGES, british, dt.date(2015, 1, 2)),
    (UK_DEFAULT_FEES, default_fees, dt.date(2015, 1, 2)),
    (UK_TOTAL_COST, british, dt.date(2015, 1, 2)),
    (IN_PREPAYMENT, prepayment, dt.date(2026, 1, 1)),
]
Facts = Callable[[int], CreditFacts]


def test_every_preset_has_a_case() -> None:
    assert tuple(case[0] for case in CASES) == CAP_PRESETS
    dated = [cap for cap in CAP_PRESETS if cap.effective_from is not None]
    assert [case[0] for case in FIRST_DAYS] == dated


@pytest.mark.parametrize(("cap", "facts", "minor", "as_of"), CASES)
def test_the_figure_of_the_rule_is_allowed_and_a_cent_more_is_not(
    cap: RateCap, facts: Facts, minor: int, as_of: dt.date
) -> None:
    at_limit = found(cap, facts(minor), as_of)
    assert at_limit.outcome is CapOutcome.KEPT
    assert at_limit.headroom in (0, Money(0, POUND), Money(0, RUPEE))
    assert at_limit.value == at_limit.limit
    assert found(cap, facts(minor + 1), as_of).outcome is CapOutcome.BROKEN


@pytest.mark.parametrize(("cap", "facts", "first_on"), FIRST_DAYS)
def test_a_cap_applies_from_its_first_day_on(
    cap: RateCap, facts: Facts, first_on: dt.date
) -> None:
    dear = facts(1_000_000)
    assert found(cap, dear, first_on).outcome is CapOutcome.BROKEN
    before = found(cap, dear, first_on - dt.timedelta(days=1))
    assert before.outcome is CapOutcome.NOT_APPLYING


@given(
    case=st.sampled_from(FIRST_DAYS),
    day=st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1)),
)
def test_a_cap_never_applies_outside_its_dates(
    case: tuple[RateCap, Facts, dt.date], day: dt.date
) -> None:
    cap, facts, first_on = case
    outcome = found(cap, facts(1_000_000), day).outcome
    assert (outcome is CapOutcome.NOT_APPLYING) == (day < first_on)


def test_trust_is_what_the_rules_say() -> None:
    trust = {cap.id: cap.status for cap in CAP_PRESETS}
    assert trust == {
        "cn-assisted-internet-lending": SourceStatus.READ,
        "cn-micro-loan-company": SourceStatus.SECONDARY,
        "cn-micro-loan-company-2027": SourceStatus.SECONDARY,
        "cn-private-lending": SourceStatus.KNOWN,
        "cn-courts-financial-loans": SourceStatus.KNOWN,
        "uk-initial-cost-cap": SourceStatus.KNOWN,
        "uk-default-cap": SourceStatus.KNOWN,
        "uk-total-cost-cap": SourceStatus.KNOWN,
        "in-microfinance-installments": SourceStatus.READ,
        "in-prepayment-charges": SourceStatus.READ,
    }


def test_a_preset_without_a_first_day_says_so() -> None:
    for cap in CAP_PRESETS:
        if cap.effective_from is None:
            assert cap.reading is not None
            assert "its first day is not stated" in cap.reading


def test_licensed_lenders_are_no_private_lenders() -> None:
    outcome = found(CN_PRIVATE_LENDING, financial(124_000)).outcome
    assert outcome is CapOutcome.NOT_APPLYING


def test_fees_for_default_count_in_the_total_cost_and_not_in_the_cost_a_day() -> None:
    facts = british(12_400, 1_500)
    assert found(UK_DAILY_CHARGES, facts).headroom == 0
    # GBP 24 and GBP 15 of 100.
    assert str(found(UK_TOTAL_COST, facts).value) == "39/100"
