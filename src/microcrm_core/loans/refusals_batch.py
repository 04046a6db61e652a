"""Why a loan in columns has no schedule: a reason for each row.

A batch says of every row whether it has a schedule, and an error counts the rows that
break the first rule that any of them breaks.

Example:
    >>> import numpy as np
    >>> from microcrm_core.loans.refusals_batch import Refusal, require_scheduled
    >>> require_scheduled(np.array([Refusal.NONE]), np.array([1000]))
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np

from microcrm_core.batch import Int64s, require_rows

__all__ = ["Refusal", "require_scheduled"]


class Refusal(IntEnum):
    """Why a row has no schedule in columns.

    Attributes:
        NONE: It has one.
        CURRENCY: A fixed sum of its plan is in another currency.
        DOWN_PAYMENT: The down payment takes all that is lent.
        BALLOON: The balloon is more than what is lent at the start.
        PRINCIPAL_GRACE: No installment is left that repays principal.
        INTEREST_GRACE: No installment is left that pays interest.
        WEIGHTS: There is not one weight for each installment.
        MONTH_WEIGHTS: The last installment is due in a month without weight.
        AMOUNTS: The agreed amounts do not fit the installments or the principal.
        DATES: Its due days are in a wrong order, or meet and would be merged.
        TOO_LARGE: A product leaves int64; `build_schedule` has no such bound.
        NOT_COVERED: An installment is smaller than the interest of its period.

    Example:
        >>> from microcrm_core.loans.refusals_batch import Refusal
        >>> Refusal.NONE.value
        0
    """

    NONE = 0
    CURRENCY = 1
    DOWN_PAYMENT = 2
    BALLOON = 3
    PRINCIPAL_GRACE = 4
    INTEREST_GRACE = 5
    WEIGHTS = 6
    MONTH_WEIGHTS = 7
    AMOUNTS = 8
    DATES = 9
    TOO_LARGE = 10
    NOT_COVERED = 11


# The field at fault and the rule; the error shows the principal of the row.
_RULES: Final = {
    Refusal.CURRENCY: (
        "currency",
        "of the loan must be that of the fixed sums of its plan",
    ),
    Refusal.DOWN_PAYMENT: (
        "plan.down_payment",
        "must be less than the principal of the loan",
    ),
    Refusal.BALLOON: (
        "plan.balloon",
        "must not be more than what is lent at the start",
    ),
    Refusal.PRINCIPAL_GRACE: (
        "plan.grace.principal_count",
        "must be less than installment_count",
    ),
    Refusal.INTEREST_GRACE: (
        "plan.grace.interest_payment_count",
        "must be less than installment_count",
    ),
    Refusal.WEIGHTS: (
        "plan.method.weights",
        "must have as many weights as there are installments",
    ),
    Refusal.MONTH_WEIGHTS: (
        "plan.method.month_weights",
        "must be above zero in the month of the last due day",
    ),
    Refusal.AMOUNTS: (
        "plan.method.amounts",
        "must fit the number of installments and the principal",
    ),
    Refusal.DATES: (
        "first_due_day",
        "must give due days that come in order after the disbursement, and that need "
        "not be merged",
    ),
    Refusal.TOO_LARGE: (
        "principal_minor",
        "times annual_ppm times the days of a period must stay within 2**62",
    ),
    Refusal.NOT_COVERED: (
        "installment",
        "must cover the interest of its period",
    ),
}


def require_scheduled(refusal: Int64s, principal_minor: Int64s) -> None:
    """Raise unless every row has a schedule.

    Args:
        refusal: A `Refusal` for each loan.
        principal_minor: Amounts lent, which the error shows.

    Shapes:
        Both are (loans,).

    Raises:
        InvalidValueError: Some row has none; the error counts the rows that break the
            same rule and holds the first of them.

    Example:
        See `microcrm_core.loans.refusals_batch`.
    """
    for reason, (field, rule) in _RULES.items():
        require_rows(np.asarray(refusal != reason), principal_minor, field, rule)
