"""Loyalty: what a customer pays, and what good conduct takes off it.

The twin for many customers is in `batch`.
"""

from __future__ import annotations

from microcrm_core.loyalty.policy import (
    LOYALTY_BASIC,
    PriceStep,
    PricingPolicy,
    TierRate,
    pricing_policy_from_plain,
    pricing_policy_to_plain,
)
from microcrm_core.loyalty.pricing import (
    PricingBasis,
    Quote,
    QuoteBasis,
    QuoteLine,
    QuoteLineCode,
    price_loan,
    pricing_basis,
)

__all__ = [
    "LOYALTY_BASIC",
    "PriceStep",
    "PricingBasis",
    "PricingPolicy",
    "Quote",
    "QuoteBasis",
    "QuoteLine",
    "QuoteLineCode",
    "TierRate",
    "price_loan",
    "pricing_basis",
    "pricing_policy_from_plain",
    "pricing_policy_to_plain",
]
