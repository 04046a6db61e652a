from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.decisions import Reason
from microcrm_core.rules import (
    Condition,
    Field,
    FieldKind,
    RuleFact,
    all_of,
    any_of,
    compare,
    not_,
)
from microcrm_core.tiers import Tier, TierPolicy, TierRule, assign_tier, explain_tier
from microcrm_core.tiers.assign import REASONS_MAX
from tests.rules.strategies import FIELDS, conditions, facts

AS_OF = dt.date(2025, 1, 31)


def rule(
    name: str, tier: Tier, condition: Condition, *, is_knock_out: bool = False
) -> TierRule:
    return TierRule(id=name, tier=tier, condition=condition, is_knock_out=is_knock_out)


POLICY = TierPolicy(
    id="test",
    version="1",
    rules=[
        rule(
            "loyal",
            Tier.HIGH_VALUE,
            all_of(
                compare("repaid_loan_count", ">=", 3),
                compare("tenure_days", ">=", 1000),
                compare("on_time_share_ppm", ">=", 950_000),
            ),
        ),
        rule(
            "growing",
            Tier.POTENTIAL,
            all_of(
                compare("repaid_loan_count", ">=", 1),
                any_of(
                    compare("tenure_days", ">=", 400),
                    compare("on_time_streak", ">=", 10),
                ),
                not_(compare("days_past_due", ">", 5)),
            ),
        ),
        rule(
            "overdue",
            Tier.RISK,
            compare("days_past_due", ">", 30),
            is_knock_out=True,
        ),
        rule(
            "overdrawn",
            Tier.RISK,
            compare("overdrawn_day_count", ">", 0),
            is_knock_out=True,
        ),
    ],
    default=Tier.ORDINARY,
)
SOUND: Mapping[str, RuleFact] = {
    "repaid_loan_count": 3,
    "tenure_days": 1000,
    "on_time_share_ppm": 950_000,
    "on_time_streak": 2,
    "days_past_due": 0,
    "overdrawn_day_count": 0,
}


def test_a_rule_that_is_met_gives_its_tier_and_its_conditions() -> None:
    decision = assign_tier(POLICY, SOUND, AS_OF)

    assert decision.outcome is Tier.HIGH_VALUE
    assert decision.reasons == (
        Reason("tier_matched", {"tier": "high_value", "rule": "loyal"}),
        Reason("condition_met", {"condition": "repaid_loan_count >= 3", "value": 3}),
        Reason("condition_met", {"condition": "tenure_days >= 1000", "value": 1000}),
        Reason(
            "condition_met",
            {"condition": "on_time_share_ppm >= 950000", "value": 950_000},
        ),
    )
    assert decision.policy == POLICY.ref
    assert decision.as_of == AS_OF


def test_a_knock_out_comes_before_a_rule_that_stands_above_it() -> None:
    decision = assign_tier(POLICY, {**SOUND, "days_past_due": 31}, AS_OF)

    assert decision.outcome is Tier.RISK
    assert decision.reasons == (
        Reason("tier_knocked_out", {"tier": "risk", "rule": "overdue"}),
        Reason("condition_met", {"condition": "days_past_due > 30", "value": 31}),
    )


def test_of_several_ways_only_the_one_that_is_open_is_a_reason() -> None:
    values = {**SOUND, "repaid_loan_count": 1, "tenure_days": 399, "on_time_streak": 12}

    decision = assign_tier(POLICY, values, AS_OF)

    assert decision.outcome is Tier.POTENTIAL
    assert [reason.params.get("condition") for reason in decision.reasons[1:]] == [
        "repaid_loan_count >= 1",
        "on_time_streak >= 10",
        "days_past_due > 5",
    ]
    assert decision.reasons[3].code == "condition_unmet"


def test_the_default_says_what_the_next_better_tier_misses_nearest_first() -> None:
    # To growing: one of 1 loan (all of it), 100 of 400 days (a quarter of it),
    # 1 of 10 installments (a tenth of it).
    values = {**SOUND, "repaid_loan_count": 0, "tenure_days": 300, "on_time_streak": 9}

    decision = assign_tier(POLICY, values, AS_OF)

    assert decision.outcome is Tier.ORDINARY
    assert decision.reasons == (
        Reason("tier_default", {"tier": "ordinary"}),
        Reason("condition_unmet", {"condition": "on_time_streak >= 10", "value": 9}),
        Reason("condition_unmet", {"condition": "tenure_days >= 400", "value": 300}),
        Reason("condition_unmet", {"condition": "repaid_loan_count >= 1", "value": 0}),
    )


def test_a_knock_out_that_cannot_be_judged_does_not_knock_out_but_is_told() -> None:
    values = {**SOUND, "overdrawn_day_count": None}

    decision = assign_tier(POLICY, values, AS_OF)

    assert decision.outcome is Tier.HIGH_VALUE
    assert len(decision.reasons) == REASONS_MAX
    assert decision.reasons[-1] == Reason(
        "condition_unknown", {"condition": "overdrawn_day_count > 0"}
    )


def test_what_cannot_be_judged_of_a_better_tier_comes_last() -> None:
    values = {**SOUND, "repaid_loan_count": 0, "tenure_days": None, "on_time_streak": 9}

    decision = assign_tier(POLICY, values, AS_OF)

    assert [reason.code for reason in decision.reasons] == [
        "tier_default",
        "condition_unmet",
        "condition_unmet",
        "condition_unknown",
    ]


def test_the_facts_of_a_decision_are_those_that_the_policy_names() -> None:
    values = {**SOUND, "on_time_streak": None, "lent_minor": 5}

    decision = assign_tier(POLICY, values, AS_OF)

    assert dict(decision.facts) == {**SOUND, "on_time_streak": None}


def test_a_decimal_fact_is_kept_as_its_exact_text() -> None:
    field = Field("score", FieldKind.DECIMAL, scale=2)
    policy = TierPolicy(
        id="p",
        version="1",
        fields=[field],
        rules=[rule("low", Tier.RISK, compare("score", "<", Decimal("0.50")))],
        default=Tier.ORDINARY,
    )

    decision = assign_tier(policy, {"score": Decimal("0.49")}, AS_OF)

    assert decision.facts == {"score": "0.49"}
    assert decision.explain()[1] == "score < 0.5 holds: the value is 0.49"


def test_the_explanation_traces_every_rule_in_judging_order() -> None:
    traces = explain_tier(POLICY, {**SOUND, "days_past_due": 31})

    assert [(t.rule.id, t.outcome, t.is_deciding) for t in traces] == [
        ("overdue", True, True),
        ("overdrawn", False, False),
        ("loyal", True, False),
        ("growing", False, False),
    ]
    assert [step.condition for step in traces[2].steps[1:]] == [
        "repaid_loan_count >= 3",
        "tenure_days >= 1000",
        "on_time_share_ppm >= 950000",
    ]


def test_no_rule_decides_where_the_default_does() -> None:
    assert not any(trace.is_deciding for trace in explain_tier(POLICY, {}))


def test_a_default_that_is_the_best_tier_needs_no_more_reasons() -> None:
    policy = TierPolicy(
        id="p",
        version="1",
        rules=[rule("late", Tier.RISK, compare("days_past_due", ">", 30))],
        default=Tier.HIGH_VALUE,
    )

    decision = assign_tier(policy, {"days_past_due": 0}, AS_OF)

    assert decision.reasons == (Reason("tier_default", {"tier": "high_value"}),)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_reason_reads_as_a_sentence(language: str) -> None:
    decisions = [
        assign_tier(POLICY, SOUND, AS_OF),
        assign_tier(POLICY, {**SOUND, "days_past_due": 31}, AS_OF),
        assign_tier(POLICY, {}, AS_OF),
    ]

    texts = [text for decision in decisions for text in decision.explain(language)]

    assert not [text for text in texts if "{" in text or "None" in text]


@given(
    declared=st.lists(
        st.tuples(conditions, st.sampled_from(Tier), st.booleans()),
        min_size=1,
        max_size=5,
    ),
    values=facts,
)
def test_reasons_are_few_specific_and_true(
    declared: list[tuple[Condition, Tier, bool]], values: Mapping[str, RuleFact]
) -> None:
    policy = TierPolicy(
        id="p",
        version="1",
        fields=FIELDS,
        rules=[
            rule(str(i), tier, condition, is_knock_out=is_knock_out)
            for i, (condition, tier, is_knock_out) in enumerate(declared)
        ],
        default=Tier.ORDINARY,
    )

    decision = assign_tier(policy, values, AS_OF)
    traces = explain_tier(policy, values)

    outcomes = {
        step.condition: step.outcome for trace in traces for step in trace.steps
    }
    codes = {True: "condition_met", False: "condition_unmet", None: "condition_unknown"}
    assert 1 <= len(decision.reasons) <= REASONS_MAX
    assert len(set(decision.reasons)) == len(decision.reasons)
    for reason in decision.reasons[1:]:
        assert reason.code == codes[outcomes[str(reason.params["condition"])]]
    deciding = [trace.rule for trace in traces if trace.is_deciding]
    assert decision.outcome is (deciding[0].tier if deciding else Tier.ORDINARY)
    is_open = not deciding or not deciding[0].is_knock_out
    if is_open and any(t.rule.is_knock_out and t.outcome is None for t in traces):
        assert "condition_unknown" in [reason.code for reason in decision.reasons]
