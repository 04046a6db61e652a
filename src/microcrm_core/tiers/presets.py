"""Tier policies to start from.

A preset is a named value, not a default: a lender who uses one says so, and
`attrs.evolve` or the JSON form make a policy of one's own from it. Presets compare
days, counts and shares only, so they fit every currency.

Example:
    >>> from microcrm_core.tiers.presets import MICRO_LENDER
    >>> [rule.id for rule in MICRO_LENDER.rules if rule.is_knock_out]
    ['overdue_now', 'overdue_lately', 'overdrawn', 'request_unaffordable']
"""

from __future__ import annotations

from typing import Final

from microcrm_core.rules.conditions import (
    all_of,
    between,
    compare,
)
from microcrm_core.tiers.policy import Tier, TierPolicy, TierRule

__all__ = ["MICRO_LENDER"]

_KNOCK_OUTS: Final = (
    # Thirty days is where a portfolio counts a loan as at risk (PAR30), and where
    # experience says that most of what is not paid by now will need work.
    TierRule(
        id="overdue_now",
        tier=Tier.RISK,
        condition=compare("days_past_due", ">", 30),
        is_knock_out=True,
    ),
    # Ninety days is default by most standards. Who has paid since has cured, but a
    # year of good payments comes before more credit.
    TierRule(
        id="overdue_lately",
        tier=Tier.RISK,
        condition=compare("days_past_due_max_12m", ">", 90),
        is_knock_out=True,
    ),
    # Microcredit customers have no agreed overdraft: below zero means that outgoings
    # were met with money that was not there. One or two days can be a matter of
    # posting order.
    TierRule(
        id="overdrawn",
        tier=Tier.RISK,
        condition=compare("overdrawn_day_count", ">=", 3),
        is_knock_out=True,
    ),
    # An installment above half of the inflow leaves too little for goods, rent and
    # food; several supervisors draw the line for microfinance there.
    TierRule(
        id="request_unaffordable",
        tier=Tier.RISK,
        condition=compare("request_installment_to_inflow_ppm", ">", 500_000),
        is_knock_out=True,
    ),
)

_RULES: Final = (
    # Loyal and punctual: two loans through to the end, a year together, and hardly a
    # late installment. A week is what a market trader may lose to a bad week or a trip.
    TierRule(
        id="loyal_and_punctual",
        tier=Tier.HIGH_VALUE,
        condition=all_of(
            compare("repaid_loan_count", ">=", 2),
            compare("tenure_days", ">=", 365),
            compare("on_time_share_ppm", ">=", 950_000),
            compare("days_past_due_max_12m", "<=", 7),
        ),
    ),
    # A first loan that goes well for half a year or is repaid says more about the
    # next one than any application form.
    TierRule(
        id="good_first_record",
        tier=Tier.POTENTIAL,
        condition=all_of(
            compare("due_installment_count", ">=", 6),
            compare("on_time_share_ppm", ">=", 900_000),
            compare("days_past_due_max", "<=", 15),
        ),
    ),
    # New customers have no record, but an account that always keeps an installment
    # on hand, and an installment that takes a fifth of a steady inflow at most.
    TierRule(
        id="new_with_sound_cash_flow",
        tier=Tier.POTENTIAL,
        condition=all_of(
            compare("months_observed", ">=", 3),
            compare("request_balance_low_to_installment_ppm", ">=", 1_000_000),
            compare("request_installment_to_inflow_ppm", "<=", 200_000),
            compare("inflow_volatility_ppm", "<=", 500_000),
            compare("days_past_due_max", "<=", 7),
        ),
    ),
    # Half of the installments late, after enough of them to tell: each needs a visit,
    # also where none is thirty days late today.
    TierRule(
        id="often_late",
        tier=Tier.RISK,
        condition=all_of(
            compare("due_installment_count", ">=", 4),
            compare("on_time_share_ppm", "<", 500_000),
        ),
    ),
    # Late a week or more today and not for the first time: the time to act is before
    # the thirtieth day.
    TierRule(
        id="late_again",
        tier=Tier.RISK,
        condition=all_of(
            between("days_past_due", 8, 30),
            compare("days_past_due_max_12m", ">", 30),
        ),
    ),
)

MICRO_LENDER: Final = TierPolicy(
    id="micro-lender",
    version="1",
    rules=(*_KNOCK_OUTS, *_RULES),
    default=Tier.ORDINARY,
)
"""Four tiers for the running portfolio of a micro-lender.

The repayment record decides first, because what a customer did with our money says
most; cash flow speaks for those who have no record yet. The comments at the rules say
why each threshold is where it is.

Source:
    House rule, to be adapted by the lender. Thirty and ninety days: PAR30, and the
    default backstop of IFRS 9 (B5.5.37). Half of the inflow: the Reserve Bank of
    India's Directions on Regulatory Framework for Microfinance Loans (2022), which
    cap installments to all lenders at 50 % of the household's income.
"""
