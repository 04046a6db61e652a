"""The fields that a customer's profile offers to rules.

One field for each fact of `CustomerProfile.facts()`. Money is in minor units of the
customer's currency, so a portfolio with several currencies had better compare shares
and days than amounts. A fact about a request is missing where nothing is requested.

Example:
    >>> from microcrm_core.tiers import PROFILE_FIELDS
    >>> [field.name for field in PROFILE_FIELDS if field.unit == "days"][:3]
    ['tenure_days', 'days_past_due', 'days_past_due_max']
"""

from __future__ import annotations

from typing import Final

from microcrm_core.rules.fields import Field, FieldDirection, FieldKind, FieldSet

__all__ = ["PROFILE_FIELDS"]

_MINOR: Final = "minor units"
_PPM: Final = "parts per million"
# The texts of `customers.CustomerKind`, in its order.
_KINDS: Final = ("small_business", "sole_trader", "wage_earner")
_HIGHER: Final = FieldDirection.HIGHER_IS_BETTER
_LOWER: Final = FieldDirection.LOWER_IS_BETTER


def _whole(name: str, unit: str, direction: FieldDirection | None = None) -> Field:
    return Field(name, FieldKind.WHOLE, unit=unit, direction=direction)


PROFILE_FIELDS: Final = FieldSet(
    (
        Field("customer_kind", FieldKind.TEXT, choices=_KINDS),
        _whole("loan_count", "loans", _HIGHER),
        _whole("active_loan_count", "loans"),
        _whole("repaid_loan_count", "loans", _HIGHER),
        _whole("tenure_days", "days", _HIGHER),
        _whole("lent_minor", _MINOR),
        _whole("outstanding_minor", _MINOR),
        _whole("due_installment_count", "installments"),
        _whole("on_time_share_ppm", _PPM, _HIGHER),
        _whole("on_time_streak", "installments", _HIGHER),
        _whole("days_past_due", "days", _LOWER),
        _whole("days_past_due_max", "days", _LOWER),
        _whole("days_past_due_max_12m", "days", _LOWER),
        _whole("months_observed", "months", _HIGHER),
        _whole("inflow_month_minor", _MINOR, _HIGHER),
        _whole("outflow_month_minor", _MINOR),
        _whole("inflow_volatility_ppm", _PPM, _LOWER),
        _whole("balance_low_minor", _MINOR, _HIGHER),
        _whole("balance_min_minor", _MINOR, _HIGHER),
        _whole("overdrawn_day_count", "days", _LOWER),
        _whole("request_installment_minor", _MINOR, _LOWER),
        _whole("request_installment_to_inflow_ppm", _PPM, _LOWER),
        _whole("request_balance_low_to_installment_ppm", _PPM, _HIGHER),
    )
)
"""Every fact of a customer's profile, in the order of the reference table."""
