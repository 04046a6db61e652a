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
        PLAN: Its plan does not fit the number of its installments or its principal.
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
    PLAN = 2
    DATES = 3
    TOO_LARGE = 4
    NOT_COVERED = 5


# The field at fault and the rule; the error shows the principal of the row.
_RULES: Final = {
    Refusal.CURRENCY: (
        "currency",
        "of the loan must be that of the fixed sums of its plan",
    ),
    Refusal.PLAN: (
        "plan",
        "must leave its down payment, balloon, agreed amounts and grace within the "
        "principal and the installments",
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
        "terms",
        "must let each installment cover the interest of its period",
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
