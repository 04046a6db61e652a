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
    fineract_ledger,
    regz_apr,
)
from tests.golden.outcomes import Checker

__all__ = ["CHECKERS"]

CHECKERS: Final[dict[str, Checker]] = {
    "backdated_overdue": fineract_ledger.check,
    "business_days": business_days.check,
    "charges": fineract_ledger.check,
    "day_count": day_count.check,
    "delinquency": fineract_ledger.check,
    "down_payment": fineract_ledger.check,
    "emi_core_unit": emi_core.check,
    "eu_aprc": eu_aprc.check,
    "extra_capitalised_income": fineract_ledger.check,
    "extra_chargeback": fineract_ledger.check,
    "extra_chargeoff_termination": fineract_ledger.check,
    "interest_pause": fineract_ledger.check,
    "multi_disbursement": fineract_ledger.check,
    "multi_disbursement_repayments": fineract_ledger.check,
    "plain_cumulative": fineract_ledger.check,
    "plain_cumulative_down_payment": fineract_ledger.check,
    "plain_progressive": fineract_ledger.check,
    "plain_progressive_down_payment": fineract_ledger.check,
    "reage_reamortise": fineract_ledger.check,
    "recent_hand_transcribed": fineract_ledger.check,
    "regz_apr": regz_apr.check,
    "repayments": fineract_ledger.check,
    "reschedule": fineract_ledger.check,
}
