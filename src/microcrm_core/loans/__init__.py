"""Loans: what was agreed, what is due when, what was repaid.

Batch twins for many loans are in `columns_batch`, `batch` and `repayments_batch`.
"""

from __future__ import annotations

from microcrm_core.loans.repayments import (
    Allocation,
    AllocationPart,
    LoanStanding,
    Repayment,
    allocate_repayments,
)
from microcrm_core.loans.schedule import Installment, Schedule, build_schedule
from microcrm_core.loans.terms import (
    INSTALLMENT_COUNT_MAX,
    NOMINAL_RATE_MAX,
    STRICT,
    Loan,
    LoanTerms,
    ScheduleConventions,
)

__all__ = [
    "INSTALLMENT_COUNT_MAX",
    "NOMINAL_RATE_MAX",
    "STRICT",
    "Allocation",
    "AllocationPart",
    "Installment",
    "Loan",
    "LoanStanding",
    "LoanTerms",
    "Repayment",
    "Schedule",
    "ScheduleConventions",
    "allocate_repayments",
    "build_schedule",
]
