"""Tiers: which service class a customer gets, and why.

Presets are in `presets`; the batch twin is in `batch`.
"""

from __future__ import annotations

from microcrm_core.tiers.assign import RuleTrace, assign_tier, explain_tier
from microcrm_core.tiers.policy import (
    Tier,
    TierPolicy,
    TierRule,
    tier_policy_from_plain,
    tier_policy_to_plain,
)
from microcrm_core.tiers.presets import MICRO_LENDER
from microcrm_core.tiers.profile_fields import PROFILE_FIELDS

__all__ = [
    "MICRO_LENDER",
    "PROFILE_FIELDS",
    "RuleTrace",
    "Tier",
    "TierPolicy",
    "TierRule",
    "assign_tier",
    "explain_tier",
    "tier_policy_from_plain",
    "tier_policy_to_plain",
]
