"""Customers: who they are, what moves on their accounts, what is known of them."""

from __future__ import annotations

from microcrm_core.customers.build import build_profile
from microcrm_core.customers.cash_flow import CashFlowSummary, DayBucket
from microcrm_core.customers.customer import Customer, CustomerKind
from microcrm_core.customers.profile import (
    PROFILE_BASIC,
    PROFILE_FACTS,
    ArchiveFacts,
    CashFlowFacts,
    CustomerProfile,
    ProfilePolicy,
    RepaymentRecordFacts,
    RequestFacts,
)
from microcrm_core.customers.profile_plain import (
    profile_policy_from_plain,
    profile_policy_to_plain,
)
from microcrm_core.customers.transactions import Direction, Transaction

__all__ = [
    "PROFILE_BASIC",
    "PROFILE_FACTS",
    "ArchiveFacts",
    "CashFlowFacts",
    "CashFlowSummary",
    "Customer",
    "CustomerKind",
    "CustomerProfile",
    "DayBucket",
    "Direction",
    "ProfilePolicy",
    "RepaymentRecordFacts",
    "RequestFacts",
    "Transaction",
    "build_profile",
    "profile_policy_from_plain",
    "profile_policy_to_plain",
]
