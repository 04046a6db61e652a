"""Adjustment policies as JSON, and back: strict, with the path to a fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from microcrm_core import PolicyError
from microcrm_core.adjustments import (
    ADJUSTMENTS_LENIENT,
    ADJUSTMENTS_STANDARD,
    ADJUSTMENTS_STRICT,
    AdjustmentKind,
    AdjustmentPolicy,
    AdjustmentRule,
    adjustment_policy_from_plain,
    adjustment_policy_to_plain,
)
from tests.adjustments.request_cases import policies

PLAIN: dict[str, Any] = json.loads(
    json.dumps(adjustment_policy_to_plain(ADJUSTMENTS_STANDARD))
)


@given(policy=policies())
def test_a_policy_comes_back_from_json(policy: AdjustmentPolicy) -> None:
    text = json.dumps(adjustment_policy_to_plain(policy))
    back = adjustment_policy_from_plain(json.loads(text))

    assert back == policy
    assert back.ref == policy.ref


@pytest.mark.parametrize(
    "policy", [ADJUSTMENTS_LENIENT, ADJUSTMENTS_STANDARD, ADJUSTMENTS_STRICT]
)
def test_every_part_is_written_and_comes_back(policy: AdjustmentPolicy) -> None:
    plain = policy.to_plain()

    assert list(plain) == [
        "id", "version", "effective_from", "effective_until", "rules", "yearly_max",
        "difficulty_days", "absorbed_by", "cost_measure", "valid_days",
    ]  # fmt: skip
    assert adjustment_policy_from_plain(plain) == policy


def test_the_form_of_a_rule_is_its_parts() -> None:
    assert PLAIN["rules"]["re_age"] == {
        "is_offered": True,
        "yearly_max": 1,
        "seasoning_days_min": 90,
        "paid_count_min": 3,
        "days_past_due_max": 30,
        "move_days_max": None,
        "added_count_max": None,
        "needs_approval": True,
        "forbearance": "always",
        "may_lower_days_past_due": True,
    }


def test_what_is_left_out_of_a_rule_does_not_limit() -> None:
    plain = PLAIN | {"rules": {"extend_term": {}, "renew": {"is_offered": False}}}
    for key in ("effective_from", "effective_until"):
        del plain[key]

    policy = adjustment_policy_from_plain(plain)

    assert policy.rules == {
        AdjustmentKind.EXTEND_TERM: AdjustmentRule(),
        AdjustmentKind.RENEW: AdjustmentRule(is_offered=False),
    }
    assert policy.effective_from is policy.effective_until is None


def ruled(**parts: object) -> dict[str, object]:
    return {"rules": {"re_age": parts}}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": 1}, "policy.id"),
        ({"version": 1}, "policy.version"),
        ({"version": " 1"}, "policy.version"),
        ({"effective_from": "soon"}, "policy.effective_from"),
        ({"effective_until": "20250701"}, "policy.effective_until"),
        (
            {"effective_from": "2025-07-01", "effective_until": "2025-07-01"},
            "policy.effective_until",
        ),
        ({"rules": []}, "policy.rules"),
        ({"rules": {"forgive": {}}}, "policy.rules"),
        ({"rules": {"re_age": None}}, "policy.rules.re_age"),
        (ruled(limit=1), "policy.rules.re_age"),
        (ruled(is_offered=1), "policy.rules.re_age.is_offered"),
        (ruled(yearly_max=1.0), "policy.rules.re_age.yearly_max"),
        (ruled(yearly_max=0), "policy.rules.re_age.yearly_max"),
        (ruled(seasoning_days_min=None), "policy.rules.re_age.seasoning_days_min"),
        (ruled(paid_count_min=-1), "policy.rules.re_age.paid_count_min"),
        (ruled(days_past_due_max="30"), "policy.rules.re_age.days_past_due_max"),
        (ruled(move_days_max=True), "policy.rules.re_age.move_days_max"),
        (ruled(added_count_max=1201), "policy.rules.re_age.added_count_max"),
        (ruled(needs_approval=None), "policy.rules.re_age.needs_approval"),
        (ruled(forbearance="sometimes"), "policy.rules.re_age.forbearance"),
        (
            ruled(forbearance="never", may_lower_days_past_due=True),
            "policy.rules.re_age.forbearance",
        ),
        ({"yearly_max": "2"}, "policy.yearly_max"),
        ({"difficulty_days": 0}, "policy.difficulty_days"),
        ({"absorbed_by": "nobody"}, "policy.absorbed_by"),
        ({"cost_measure": "apr"}, "policy.cost_measure"),
        ({"valid_days": 7.0}, "policy.valid_days"),
        ({"valid_days": None}, "policy.valid_days"),
        ({"extra": 1}, "policy"),
    ],
)
def test_a_bad_form_is_refused_with_its_path(
    changes: dict[str, object], field: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        adjustment_policy_from_plain(PLAIN | changes)

    assert caught.value.field == field


@pytest.mark.parametrize(
    "key", sorted(set(PLAIN) - {"effective_from", "effective_until"})
)
def test_every_other_part_must_be_there(key: str) -> None:
    less = {name: value for name, value in PLAIN.items() if name != key}

    with pytest.raises(PolicyError) as caught:
        adjustment_policy_from_plain(less, path="ours")

    assert caught.value.field == f"ours.{key}"
