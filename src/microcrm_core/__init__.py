"""The domain logic of customer relationship management in micro-lending.

Names are loaded when they are touched (PEP 562), so importing the package is
cheap and needs neither numpy nor any extra. Functions over columns are named by
their module, such as `microcrm_core.reviews.batch`: they need numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from microcrm_core.adjustments import (
        DUE_DAY_BASIC,
        recommend_due_day,
    )
    from microcrm_core.currencies import (
        Currency,
    )
    from microcrm_core.customers import (
        PROFILE_BASIC,
        CashFlowSummary,
        Customer,
        CustomerKind,
        CustomerProfile,
        Direction,
        Transaction,
        build_profile,
    )
    from microcrm_core.dates import (
        BusinessCalendar,
        BusinessDayRule,
        DayCount,
        Frequency,
        RollRule,
        due_dates,
        year_fraction,
    )
    from microcrm_core.decisions import (
        Decision,
        PolicyRef,
        Reason,
        canonical_json,
        digest,
        render,
    )
    from microcrm_core.errors import (
        ConflictError,
        CurrencyMismatchError,
        InvalidValueError,
        LedgerError,
        MicrocrmError,
        MissingExtraError,
        PolicyError,
        RecordNotFoundError,
        ScheduleError,
        StaleQuoteError,
        StorageError,
    )
    from microcrm_core.events import (
        Event,
    )
    from microcrm_core.loans import (
        STRICT,
        Loan,
        LoanTerms,
        Repayment,
        Schedule,
        ScheduleConventions,
        build_schedule,
    )
    from microcrm_core.loyalty import (
        LOYALTY_BASIC,
        price_loan,
        pricing_basis,
    )
    from microcrm_core.money import (
        Money,
    )
    from microcrm_core.rates import (
        Rate,
    )
    from microcrm_core.reason_texts import (
        Language,
    )
    from microcrm_core.reviews import (
        REVIEW_BASIC,
        ReviewPolicies,
        review_customer,
    )
    from microcrm_core.rounding import (
        Rounding,
    )
    from microcrm_core.tiers import (
        MICRO_LENDER,
        Tier,
        TierPolicy,
        assign_tier,
    )

__all__ = [
    "DUE_DAY_BASIC",
    "LOYALTY_BASIC",
    "MICRO_LENDER",
    "PROFILE_BASIC",
    "REVIEW_BASIC",
    "STRICT",
    "BusinessCalendar",
    "BusinessDayRule",
    "CashFlowSummary",
    "ConflictError",
    "Currency",
    "CurrencyMismatchError",
    "Customer",
    "CustomerKind",
    "CustomerProfile",
    "DayCount",
    "Decision",
    "Direction",
    "Event",
    "Frequency",
    "InvalidValueError",
    "Language",
    "LedgerError",
    "Loan",
    "LoanTerms",
    "MicrocrmError",
    "MissingExtraError",
    "Money",
    "PolicyError",
    "PolicyRef",
    "Rate",
    "Reason",
    "RecordNotFoundError",
    "Repayment",
    "ReviewPolicies",
    "RollRule",
    "Rounding",
    "Schedule",
    "ScheduleConventions",
    "ScheduleError",
    "StaleQuoteError",
    "StorageError",
    "Tier",
    "TierPolicy",
    "Transaction",
    "assign_tier",
    "build_profile",
    "build_schedule",
    "canonical_json",
    "digest",
    "due_dates",
    "price_loan",
    "pricing_basis",
    "recommend_due_day",
    "render",
    "review_customer",
    "year_fraction",
]

__version__: Final = "0.1.0"

_MODULES: Final = {
    "DUE_DAY_BASIC": "adjustments",
    "LOYALTY_BASIC": "loyalty",
    "MICRO_LENDER": "tiers",
    "PROFILE_BASIC": "customers",
    "REVIEW_BASIC": "reviews",
    "STRICT": "loans",
    "BusinessCalendar": "dates",
    "BusinessDayRule": "dates",
    "CashFlowSummary": "customers",
    "ConflictError": "errors",
    "Currency": "currencies",
    "CurrencyMismatchError": "errors",
    "Customer": "customers",
    "CustomerKind": "customers",
    "CustomerProfile": "customers",
    "DayCount": "dates",
    "Decision": "decisions",
    "Direction": "customers",
    "Event": "events",
    "Frequency": "dates",
    "InvalidValueError": "errors",
    "Language": "reason_texts",
    "LedgerError": "errors",
    "Loan": "loans",
    "LoanTerms": "loans",
    "MicrocrmError": "errors",
    "MissingExtraError": "errors",
    "Money": "money",
    "PolicyError": "errors",
    "PolicyRef": "decisions",
    "Rate": "rates",
    "Reason": "decisions",
    "RecordNotFoundError": "errors",
    "Repayment": "loans",
    "ReviewPolicies": "reviews",
    "RollRule": "dates",
    "Rounding": "rounding",
    "Schedule": "loans",
    "ScheduleConventions": "loans",
    "ScheduleError": "errors",
    "StaleQuoteError": "errors",
    "StorageError": "errors",
    "Tier": "tiers",
    "TierPolicy": "tiers",
    "Transaction": "customers",
    "assign_tier": "tiers",
    "build_profile": "customers",
    "build_schedule": "loans",
    "canonical_json": "decisions",
    "digest": "decisions",
    "due_dates": "dates",
    "price_loan": "loyalty",
    "pricing_basis": "loyalty",
    "recommend_due_day": "adjustments",
    "render": "decisions",
    "review_customer": "reviews",
    "year_fraction": "dates",
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
