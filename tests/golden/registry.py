"""Which checker serves which family; a family is the stem of its file.

To support a family, write its checker module and add one line to `CHECKERS`.
"""

from __future__ import annotations

from typing import Final

from tests.golden import business_days, day_count
from tests.golden.outcomes import Checker

__all__ = ["CHECKERS", "missing_feature"]

CHECKERS: Final[dict[str, Checker]] = {
    "business_days": business_days.check,
    "day_count": day_count.check,
}

_MISSING: Final = {
    "regz_apr": "cost of credit (Regulation Z)",
    "eu_aprc": "cost of credit (EU)",
    "emi_core_unit": "Fineract's schedule conventions",
    "plain_progressive": "Fineract's schedule conventions",
    "plain_cumulative": "Fineract's schedule conventions",
    "plain_progressive_down_payment": "down payments",
    "plain_cumulative_down_payment": "down payments",
    "down_payment": "down payments",
    "multi_disbursement": "tranches",
    "multi_disbursement_repayments": "ledger",
    "repayments": "ledger",
    "backdated_overdue": "ledger",
    "charges": "ledger",
    "delinquency": "arrears",
    "interest_pause": "ledger",
    "reage_reamortise": "adjustments",
    "reschedule": "adjustments",
}


def missing_feature(family: str) -> str:
    """Return what a family without a checker waits for."""
    return _MISSING.get(family, "no checker for this family")
