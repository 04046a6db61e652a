"""Adjustments: how a loan is fitted to a customer: which due day, and how often.

The twins for many customers are in `due_day_batch` and `frequency_advice_batch`. Due
days of a portfolio under a capacity are in `smoothing_batch`.
"""

from __future__ import annotations

from microcrm_core.adjustments.balances import (
    BalanceMonth,
    BalanceWeek,
    OwnRepayment,
    known_months,
    known_weeks,
)
from microcrm_core.adjustments.collection_capacity import (
    COLLECTIONS_EVEN,
    COLLECTIONS_LOOSE,
    COLLECTIONS_WORKING_WEEK,
    CollectionCapacity,
    CollectionCycle,
    collection_capacity_from_plain,
    collection_capacity_to_plain,
)
from microcrm_core.adjustments.comparing import DueDayWeighing
from microcrm_core.adjustments.due_day import (
    DueDayAdvice,
    DueDayConfidence,
    recommend_due_day,
)
from microcrm_core.adjustments.due_day_policy import (
    DUE_DAY_BASIC,
    DUE_DAY_CAUTIOUS,
    DUE_DAY_QUANTILE,
    DueDayPolicy,
    LowMeasure,
    due_day_policy_from_plain,
    due_day_policy_to_plain,
)
from microcrm_core.adjustments.effects import (
    OutcomeCounts,
    OutcomeEffect,
    compare_outcomes,
)
from microcrm_core.adjustments.frequency_advice import (
    FrequencyAdvice,
    FrequencyConfidence,
    InflowRhythm,
    recommend_frequency,
)
from microcrm_core.adjustments.frequency_policy import (
    FREQUENCIES_ADVISED,
    FREQUENCY_BASIC,
    FREQUENCY_TURNOVER,
    FrequencyPolicy,
    frequency_policy_from_plain,
    frequency_policy_to_plain,
)
from microcrm_core.adjustments.segment_patterns import SegmentPattern
from microcrm_core.adjustments.weekdays import (
    WeekdayAdvice,
    WeekdayOutcome,
    recommend_weekday,
)
from microcrm_core.adjustments.weighing import weigh_due_days, weigh_weekdays

__all__ = [
    "COLLECTIONS_EVEN",
    "COLLECTIONS_LOOSE",
    "COLLECTIONS_WORKING_WEEK",
    "DUE_DAY_BASIC",
    "DUE_DAY_CAUTIOUS",
    "DUE_DAY_QUANTILE",
    "FREQUENCIES_ADVISED",
    "FREQUENCY_BASIC",
    "FREQUENCY_TURNOVER",
    "BalanceMonth",
    "BalanceWeek",
    "CollectionCapacity",
    "CollectionCycle",
    "DueDayAdvice",
    "DueDayConfidence",
    "DueDayPolicy",
    "DueDayWeighing",
    "FrequencyAdvice",
    "FrequencyConfidence",
    "FrequencyPolicy",
    "InflowRhythm",
    "LowMeasure",
    "OutcomeCounts",
    "OutcomeEffect",
    "OwnRepayment",
    "SegmentPattern",
    "WeekdayAdvice",
    "WeekdayOutcome",
    "collection_capacity_from_plain",
    "collection_capacity_to_plain",
    "compare_outcomes",
    "due_day_policy_from_plain",
    "due_day_policy_to_plain",
    "frequency_policy_from_plain",
    "frequency_policy_to_plain",
    "known_months",
    "known_weeks",
    "recommend_due_day",
    "recommend_frequency",
    "recommend_weekday",
    "weigh_due_days",
    "weigh_weekdays",
]
