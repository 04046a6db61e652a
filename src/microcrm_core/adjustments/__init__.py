"""Adjustments: how a loan is fitted to a customer, here which due day suits them.

The twin for many customers is in `due_day_batch`.
"""

from __future__ import annotations

from microcrm_core.adjustments.due_day import (
    DueDayAdvice,
    DueDayConfidence,
    recommend_due_day,
)
from microcrm_core.adjustments.due_day_policy import (
    DUE_DAY_BASIC,
    DUE_DAY_QUANTILE,
    DueDayPolicy,
    LowMeasure,
    due_day_policy_from_plain,
    due_day_policy_to_plain,
)
from microcrm_core.adjustments.weighing import (
    BalanceMonth,
    DueDayWeighing,
    known_months,
    weigh_due_days,
)

__all__ = [
    "DUE_DAY_BASIC",
    "DUE_DAY_QUANTILE",
    "BalanceMonth",
    "DueDayAdvice",
    "DueDayConfidence",
    "DueDayPolicy",
    "DueDayWeighing",
    "LowMeasure",
    "due_day_policy_from_plain",
    "due_day_policy_to_plain",
    "known_months",
    "recommend_due_day",
    "weigh_due_days",
]
