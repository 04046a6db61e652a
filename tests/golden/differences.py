"""Golden cases that are known to differ, each with its cause.

No case that its source confirms in full is here. The same list, in more words, is in
the documentation; a test holds the two together.
"""

from __future__ import annotations

from typing import Final

__all__ = ["DIFFERENCES"]

_ORDER_OF_ENTRY: Final = "depends on the order in which events were entered"
_WAIVED_BEFORE: Final = "a charge waived after a charge-off counts from before it"
_NUMBER: Final = "the number of the payment means another payment"
_INCOME_ROW: Final = "income booked late has no row of its own"

DIFFERENCES: Final[dict[str, str]] = {
    "EMICalculation-C3241": "interest of a late part is kept for one row more",
    "EMICalculation-C3310": "an interest refund of 2.10 where we get 2.09",
    "EMICalculation-C3622": "only in part confirmed: interest of the last row",
    "LoanAccrualTransaction-C2716": "rows of disbursements are not in order of days",
    "LoanCapitalizedIncome-C3751": _INCOME_ROW,
    "LoanCapitalizedIncome-C3755": _INCOME_ROW,
    "LoanCharge-C3820": "a disbursement is listed twice",
    "LoanChargeOff-C3349": _WAIVED_BEFORE,
    "LoanChargeOff-C3373": _WAIVED_BEFORE,
    "LoanChargeOff-C3517": "a paid row asks for less principal than was paid",
    "LoanChargeOff-C3729": _ORDER_OF_ENTRY,
    "LoanChargeback-C3082": _NUMBER,
    "LoanChargeback-C3083": _NUMBER,
    "LoanContractTermination-C3689": _ORDER_OF_ENTRY,
    "LoanContractTermination-C3726": _ORDER_OF_ENTRY,
}
"""The cause by the id of the case."""
