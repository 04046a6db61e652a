"""Why money comes in for a loan, which may decide how it is allocated.

Example:
    >>> from microcrm_core.ledger import RepaymentKind
    >>> RepaymentKind.GOODWILL.value
    'goodwill'
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["RepaymentKind"]


class RepaymentKind(StrEnum):
    """Why money came in; each kind may be allocated by a rule of its own.

    Attributes:
        REPAYMENT: The customer paid.
        DOWN_PAYMENT: The customer paid a down payment.
        MERCHANT_REFUND: The merchant gave money back for goods returned.
        PAYOUT_REFUND: What was paid out came back.
        GOODWILL: The lender gave it.
        INTEREST_REFUND: Interest is given back, because principal was refunded.
        INTEREST_WAIVER: The lender pays interest in the customer's place.

    Example:
        >>> from microcrm_core.ledger import RepaymentKind
        >>> RepaymentKind.GOODWILL.value
        'goodwill'
    """

    REPAYMENT = "repayment"
    DOWN_PAYMENT = "down_payment"
    MERCHANT_REFUND = "merchant_refund"
    PAYOUT_REFUND = "payout_refund"
    GOODWILL = "goodwill"
    INTEREST_REFUND = "interest_refund"
    INTEREST_WAIVER = "interest_waiver"
