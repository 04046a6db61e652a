"""Which checker serves which family; a family is the stem of its file.

To support a family, write its checker module and add one line to `CHECKERS`.
"""

from __future__ import annotations

from typing import Final

from tests.golden import (
    business_days,
    day_count,
    emi_core,
    eu_aprc,
    fineract_schedules,
    regz_apr,
)
from tests.golden.outcomes import Checker

__all__ = ["CHECKERS", "missing_feature"]

CHECKERS: Final[dict[str, Checker]] = {
    "business_days": business_days.check,
    "day_count": day_count.check,
    "emi_core_unit": emi_core.check,
    "eu_aprc": eu_aprc.check,
    "multi_disbursement": fineract_schedules.check,
    "plain_cumulative": fineract_schedules.check,
    "plain_cumulative_down_payment": fineract_schedules.check,
    "plain_progressive": fineract_schedules.check,
    "plain_progressive_down_payment": fineract_schedules.check,
    "recent_hand_transcribed": fineract_schedules.check,
    "regz_apr": regz_apr.check,
}

_MISSING: Final = {
    "down_payment": "down payments",
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
