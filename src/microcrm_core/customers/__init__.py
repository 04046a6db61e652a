"""Customers: who they are, what moves on their accounts, what is known of them.

Names are loaded when they are touched (PEP 562), as in the package root.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from microcrm_core.customers.build import (
        build_profile,
    )
    from microcrm_core.customers.cash_flow import (
        CashFlowSummary,
        DayBucket,
    )
    from microcrm_core.customers.customer import (
        Customer,
        CustomerKind,
    )
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
    from microcrm_core.customers.transactions import (
        Direction,
        Transaction,
    )

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

_MODULES: Final = {
    "PROFILE_BASIC": "profile",
    "PROFILE_FACTS": "profile",
    "ArchiveFacts": "profile",
    "CashFlowFacts": "profile",
    "CashFlowSummary": "cash_flow",
    "Customer": "customer",
    "CustomerKind": "customer",
    "CustomerProfile": "profile",
    "DayBucket": "cash_flow",
    "Direction": "transactions",
    "ProfilePolicy": "profile",
    "RepaymentRecordFacts": "profile",
    "RequestFacts": "profile",
    "Transaction": "transactions",
    "build_profile": "build",
    "profile_policy_from_plain": "profile_plain",
    "profile_policy_to_plain": "profile_plain",
}


def __getattr__(name: str) -> Any:
    """Load a public name the first time that it is touched."""
    if name in _MODULES:
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return sorted({*globals(), *__all__})
