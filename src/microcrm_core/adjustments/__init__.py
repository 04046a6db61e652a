"""Adjustments: how a loan is fitted to a customer, and how it is changed later.

Which due day fits and how often, and what a change of a running loan would cost. Names
are loaded when they are touched (PEP 562). Twins for many customers are in modules
whose names end in `_batch`; due days of a portfolio under a capacity are in
`smoothing_batch`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from microcrm_core.adjustments.accepting import (
        AcceptedAdjustment,
        accept,
    )
    from microcrm_core.adjustments.adjustment_policies import (
        AbsorbedBy,
        AdjustmentPolicy,
        AdjustmentRule,
        ForbearanceRule,
    )
    from microcrm_core.adjustments.adjustment_policies_plain import (
        adjustment_policy_from_plain,
        adjustment_policy_to_plain,
    )
    from microcrm_core.adjustments.adjustment_presets import (
        ADJUSTMENTS_LENIENT,
        ADJUSTMENTS_STANDARD,
        ADJUSTMENTS_STRICT,
    )
    from microcrm_core.adjustments.adjustment_quotes import (
        AdjustmentOutcome,
        AdjustmentQuote,
    )
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
    from microcrm_core.adjustments.comparing import (
        DueDayWeighing,
    )
    from microcrm_core.adjustments.date_requests import (
        ChangeDueDay,
        ChangeFrequency,
        ExtendTerm,
        MoveDirection,
        PaymentHoliday,
        SeasonalPlan,
        ShiftDueDates,
    )
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
    from microcrm_core.adjustments.money_requests import (
        CapitalizeArrears,
        ChangeRate,
        Prepay,
        ReAge,
        ReAmortize,
        Renew,
    )
    from microcrm_core.adjustments.planned_changes import (
        PlannedChange,
        PlannedRequests,
    )
    from microcrm_core.adjustments.quote_effects import (
        ArrearsFigures,
        CapQuestion,
        ClassEffect,
        ClassificationPolicy,
        CostChange,
        class_effects,
        cost_change,
    )
    from microcrm_core.adjustments.quote_limits import (
        ADJUSTED_BY,
        PastAdjustment,
        past_adjustments,
    )
    from microcrm_core.adjustments.quote_lines import (
        AdjustmentLine,
        LineChange,
        lines_of,
    )
    from microcrm_core.adjustments.quote_plain import (
        QUOTE_FORM_VERSION,
        adjustment_quote_to_plain,
    )
    from microcrm_core.adjustments.quote_schema import (
        json_schema_of_adjustment_quote,
    )
    from microcrm_core.adjustments.quoting import (
        quote_adjustment,
    )
    from microcrm_core.adjustments.renewals import (
        RenewalQuote,
        quote_renewal,
    )
    from microcrm_core.adjustments.request_plans import (
        plan_requests,
    )
    from microcrm_core.adjustments.requests import (
        REQUESTS,
        AdjustmentKind,
        AdjustmentRequest,
        kind_of,
        requests_of,
    )
    from microcrm_core.adjustments.requests_plain import (
        adjustment_request_from_plain,
        adjustment_request_to_plain,
    )
    from microcrm_core.adjustments.schemas import (
        json_schema_of_adjustment_policy,
        json_schema_of_adjustment_request,
    )
    from microcrm_core.adjustments.segment_patterns import (
        SegmentPattern,
        segment_pattern_from_plain,
        segment_pattern_to_plain,
    )
    from microcrm_core.adjustments.state_flows import (
        credit_facts_of_state,
        flows_of_state,
    )
    from microcrm_core.adjustments.weekdays import (
        WeekdayAdvice,
        recommend_weekday,
    )
    from microcrm_core.adjustments.weighing import (
        weigh_due_days,
        weigh_weekdays,
    )

__all__ = [
    "ADJUSTED_BY",
    "ADJUSTMENTS_LENIENT",
    "ADJUSTMENTS_STANDARD",
    "ADJUSTMENTS_STRICT",
    "COLLECTIONS_EVEN",
    "COLLECTIONS_LOOSE",
    "COLLECTIONS_WORKING_WEEK",
    "DUE_DAY_BASIC",
    "DUE_DAY_CAUTIOUS",
    "DUE_DAY_QUANTILE",
    "FREQUENCIES_ADVISED",
    "FREQUENCY_BASIC",
    "FREQUENCY_TURNOVER",
    "QUOTE_FORM_VERSION",
    "REQUESTS",
    "AbsorbedBy",
    "AcceptedAdjustment",
    "AdjustmentKind",
    "AdjustmentLine",
    "AdjustmentOutcome",
    "AdjustmentPolicy",
    "AdjustmentQuote",
    "AdjustmentRequest",
    "AdjustmentRule",
    "ArrearsFigures",
    "BalanceMonth",
    "BalanceWeek",
    "CapQuestion",
    "CapitalizeArrears",
    "ChangeDueDay",
    "ChangeFrequency",
    "ChangeRate",
    "ClassEffect",
    "ClassificationPolicy",
    "CollectionCapacity",
    "CollectionCycle",
    "CostChange",
    "DueDayAdvice",
    "DueDayConfidence",
    "DueDayPolicy",
    "DueDayWeighing",
    "ExtendTerm",
    "ForbearanceRule",
    "FrequencyAdvice",
    "FrequencyConfidence",
    "FrequencyPolicy",
    "InflowRhythm",
    "LineChange",
    "LowMeasure",
    "MoveDirection",
    "OutcomeCounts",
    "OutcomeEffect",
    "OwnRepayment",
    "PastAdjustment",
    "PaymentHoliday",
    "PlannedChange",
    "PlannedRequests",
    "Prepay",
    "ReAge",
    "ReAmortize",
    "Renew",
    "RenewalQuote",
    "SeasonalPlan",
    "SegmentPattern",
    "ShiftDueDates",
    "WeekdayAdvice",
    "accept",
    "adjustment_policy_from_plain",
    "adjustment_policy_to_plain",
    "adjustment_quote_to_plain",
    "adjustment_request_from_plain",
    "adjustment_request_to_plain",
    "class_effects",
    "collection_capacity_from_plain",
    "collection_capacity_to_plain",
    "compare_outcomes",
    "cost_change",
    "credit_facts_of_state",
    "due_day_policy_from_plain",
    "due_day_policy_to_plain",
    "flows_of_state",
    "frequency_policy_from_plain",
    "frequency_policy_to_plain",
    "json_schema_of_adjustment_policy",
    "json_schema_of_adjustment_quote",
    "json_schema_of_adjustment_request",
    "kind_of",
    "known_months",
    "known_weeks",
    "lines_of",
    "past_adjustments",
    "plan_requests",
    "quote_adjustment",
    "quote_renewal",
    "recommend_due_day",
    "recommend_frequency",
    "recommend_weekday",
    "requests_of",
    "segment_pattern_from_plain",
    "segment_pattern_to_plain",
    "weigh_due_days",
    "weigh_weekdays",
]

_MODULES: Final = {
    "ADJUSTED_BY": "quote_limits",
    "ADJUSTMENTS_LENIENT": "adjustment_presets",
    "ADJUSTMENTS_STANDARD": "adjustment_presets",
    "ADJUSTMENTS_STRICT": "adjustment_presets",
    "COLLECTIONS_EVEN": "collection_capacity",
    "COLLECTIONS_LOOSE": "collection_capacity",
    "COLLECTIONS_WORKING_WEEK": "collection_capacity",
    "DUE_DAY_BASIC": "due_day_policy",
    "DUE_DAY_CAUTIOUS": "due_day_policy",
    "DUE_DAY_QUANTILE": "due_day_policy",
    "FREQUENCIES_ADVISED": "frequency_policy",
    "FREQUENCY_BASIC": "frequency_policy",
    "FREQUENCY_TURNOVER": "frequency_policy",
    "QUOTE_FORM_VERSION": "quote_plain",
    "REQUESTS": "requests",
    "AbsorbedBy": "adjustment_policies",
    "AcceptedAdjustment": "accepting",
    "AdjustmentKind": "requests",
    "AdjustmentLine": "quote_lines",
    "AdjustmentOutcome": "adjustment_quotes",
    "AdjustmentPolicy": "adjustment_policies",
    "AdjustmentQuote": "adjustment_quotes",
    "AdjustmentRequest": "requests",
    "AdjustmentRule": "adjustment_policies",
    "ArrearsFigures": "quote_effects",
    "BalanceMonth": "balances",
    "BalanceWeek": "balances",
    "CapQuestion": "quote_effects",
    "CapitalizeArrears": "money_requests",
    "ChangeDueDay": "date_requests",
    "ChangeFrequency": "date_requests",
    "ChangeRate": "money_requests",
    "ClassEffect": "quote_effects",
    "ClassificationPolicy": "quote_effects",
    "CollectionCapacity": "collection_capacity",
    "CollectionCycle": "collection_capacity",
    "CostChange": "quote_effects",
    "DueDayAdvice": "due_day",
    "DueDayConfidence": "due_day",
    "DueDayPolicy": "due_day_policy",
    "DueDayWeighing": "comparing",
    "ExtendTerm": "date_requests",
    "ForbearanceRule": "adjustment_policies",
    "FrequencyAdvice": "frequency_advice",
    "FrequencyConfidence": "frequency_advice",
    "FrequencyPolicy": "frequency_policy",
    "InflowRhythm": "frequency_advice",
    "LineChange": "quote_lines",
    "LowMeasure": "due_day_policy",
    "MoveDirection": "date_requests",
    "OutcomeCounts": "effects",
    "OutcomeEffect": "effects",
    "OwnRepayment": "balances",
    "PastAdjustment": "quote_limits",
    "PaymentHoliday": "date_requests",
    "PlannedChange": "planned_changes",
    "PlannedRequests": "planned_changes",
    "Prepay": "money_requests",
    "ReAge": "money_requests",
    "ReAmortize": "money_requests",
    "Renew": "money_requests",
    "RenewalQuote": "renewals",
    "SeasonalPlan": "date_requests",
    "SegmentPattern": "segment_patterns",
    "ShiftDueDates": "date_requests",
    "WeekdayAdvice": "weekdays",
    "accept": "accepting",
    "adjustment_policy_from_plain": "adjustment_policies_plain",
    "adjustment_policy_to_plain": "adjustment_policies_plain",
    "adjustment_quote_to_plain": "quote_plain",
    "adjustment_request_from_plain": "requests_plain",
    "adjustment_request_to_plain": "requests_plain",
    "class_effects": "quote_effects",
    "collection_capacity_from_plain": "collection_capacity",
    "collection_capacity_to_plain": "collection_capacity",
    "compare_outcomes": "effects",
    "cost_change": "quote_effects",
    "credit_facts_of_state": "state_flows",
    "due_day_policy_from_plain": "due_day_policy",
    "due_day_policy_to_plain": "due_day_policy",
    "flows_of_state": "state_flows",
    "frequency_policy_from_plain": "frequency_policy",
    "frequency_policy_to_plain": "frequency_policy",
    "json_schema_of_adjustment_policy": "schemas",
    "json_schema_of_adjustment_quote": "quote_schema",
    "json_schema_of_adjustment_request": "schemas",
    "kind_of": "requests",
    "known_months": "balances",
    "known_weeks": "balances",
    "lines_of": "quote_lines",
    "past_adjustments": "quote_limits",
    "plan_requests": "request_plans",
    "quote_adjustment": "quoting",
    "quote_renewal": "renewals",
    "recommend_due_day": "due_day",
    "recommend_frequency": "frequency_advice",
    "recommend_weekday": "weekdays",
    "requests_of": "requests",
    "segment_pattern_from_plain": "segment_patterns",
    "segment_pattern_to_plain": "segment_patterns",
    "weigh_due_days": "weighing",
    "weigh_weekdays": "weighing",
}


def __getattr__(name: str) -> Any:
    """Load a public name the first time that it is touched."""
    if name in _MODULES:
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return sorted({*globals(), *__all__})
