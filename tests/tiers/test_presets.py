from __future__ import annotations

import datetime as dt

import pytest

from microcrm_core.rules import RuleFact
from microcrm_core.tiers import MICRO_LENDER, Tier, assign_tier

AS_OF = dt.date(2025, 1, 31)
# A customer with two years and three loans behind her, never late by a week.
LOYAL: dict[str, RuleFact] = {
    "repaid_loan_count": 3,
    "tenure_days": 730,
    "due_installment_count": 30,
    "on_time_share_ppm": 966_667,
    "days_past_due": 0,
    "days_past_due_max": 5,
    "days_past_due_max_12m": 5,
    "overdrawn_day_count": 0,
}
# A customer without a loan so far, with half a year of account history.
NEW: dict[str, RuleFact] = {
    "loan_count": 0,
    "repaid_loan_count": 0,
    "due_installment_count": 0,
    "days_past_due": 0,
    "days_past_due_max": 0,
    "days_past_due_max_12m": 0,
    "months_observed": 6,
    "inflow_volatility_ppm": 250_000,
    "overdrawn_day_count": 0,
    "request_installment_to_inflow_ppm": 150_000,
    "request_balance_low_to_installment_ppm": 1_500_000,
}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (LOYAL, Tier.HIGH_VALUE),
        ({**LOYAL, "repaid_loan_count": 1}, Tier.POTENTIAL),
        ({**LOYAL, "days_past_due": 31, "days_past_due_max_12m": 31}, Tier.RISK),
        ({**LOYAL, "overdrawn_day_count": 3}, Tier.RISK),
        ({**LOYAL, "on_time_share_ppm": 400_000}, Tier.RISK),
        (NEW, Tier.POTENTIAL),
        ({**NEW, "months_observed": 2}, Tier.ORDINARY),
        ({**NEW, "request_installment_to_inflow_ppm": 600_000}, Tier.RISK),
        ({}, Tier.ORDINARY),
    ],
)
def test_the_preset_of_a_micro_lender_knows_its_customers(
    facts: dict[str, RuleFact], expected: Tier
) -> None:
    assert assign_tier(MICRO_LENDER, facts, AS_OF).outcome is expected


def test_the_preset_names_no_amount_so_it_fits_every_currency() -> None:
    assert not [name for name in MICRO_LENDER.field_names if name.endswith("_minor")]


@pytest.mark.parametrize("base", [LOYAL, NEW])
def test_a_worse_fact_never_gives_a_better_tier(base: dict[str, RuleFact]) -> None:
    steps = {
        "days_past_due": (0, 5, 10, 31, 100),
        "days_past_due_max_12m": (0, 5, 10, 31, 100),
        "overdrawn_day_count": (0, 1, 3, 10),
        "on_time_share_ppm": (1_000_000, 950_000, 900_000, 500_000, 0),
        "repaid_loan_count": (5, 2, 1, 0),
        "tenure_days": (1_000, 365, 100),
        "request_installment_to_inflow_ppm": (0, 200_000, 300_000, 600_000),
        "request_balance_low_to_installment_ppm": (2_000_000, 1_000_000, 0, -1),
        "inflow_volatility_ppm": (0, 500_000, 900_000),
        "months_observed": (12, 3, 2, 0),
    }
    for name, values in steps.items():
        ranks = [
            assign_tier(MICRO_LENDER, {**base, name: value}, AS_OF).outcome.rank
            for value in values
        ]
        assert ranks == sorted(ranks), name
