"""Adjustment policies: what contradicts itself, when one applies, the digest."""

from __future__ import annotations

import datetime as dt
import pickle
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, PolicyError
from microcrm_core.adjustments import (
    ADJUSTMENTS_STANDARD,
    ADJUSTMENTS_STRICT,
    AbsorbedBy,
    AdjustmentKind,
    AdjustmentPolicy,
    AdjustmentRule,
    ForbearanceRule,
)
from microcrm_core.loans import RateMeasure
from tests.adjustments.request_cases import policies, rules

KIND = AdjustmentKind
JULY = dt.date(2025, 7, 1)
AUGUST = dt.date(2025, 8, 1)


def evolved(policy: AdjustmentPolicy, **parts: Any) -> AdjustmentPolicy:
    return attrs.evolve(policy, **parts)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("is_offered", (1, None)),
        ("yearly_max", (0, -1, 1201, 1.0, True)),
        ("seasoning_days_min", (-1, 36_501, None)),
        ("paid_count_min", (-1, 1201, None)),
        ("days_past_due_max", (-1, 36_501, "30")),
        ("move_days_max", (-1, 36_501, 7.5)),
        ("added_count_max", (-1, 1201)),
        ("needs_approval", (0, "yes")),
        ("forbearance", ("never", None)),
        ("may_lower_days_past_due", (0, None)),
    ],
)
def test_a_bad_part_of_a_rule_is_refused_by_name(
    field: str, values: tuple[object, ...]
) -> None:
    for value in values:
        parts: dict[str, Any] = {field: value}
        with pytest.raises(InvalidValueError) as caught:
            AdjustmentRule(**parts)
        assert caught.value.field == field


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("id", ("", " x", None)),
        ("version", ("", 1)),
        ("effective_from", ("2025-07-01", dt.datetime(2025, 7, 1, tzinfo=dt.UTC))),
        ("effective_until", (7,)),
        ("rules", (None, (), {KIND.RENEW: None}, {"renew": AdjustmentRule()})),
        ("yearly_max", (0, 1201, True)),
        ("difficulty_days", (0, 36_501)),
        ("absorbed_by", ("level", None)),
        ("cost_measure", ("eu_aprc",)),
        ("valid_days", (-1, 367, None)),
    ],
)
def test_a_bad_part_of_a_policy_is_refused_by_name(
    field: str, values: tuple[object, ...]
) -> None:
    for value in values:
        with pytest.raises(InvalidValueError) as caught:
            evolved(ADJUSTMENTS_STANDARD, **{field: value})
        assert caught.value.field == field


@pytest.mark.parametrize("until", [JULY, dt.date(2025, 6, 30)])
def test_a_policy_lasts_a_day_at_least(until: dt.date) -> None:
    with pytest.raises(PolicyError, match=r"must be after effective_from 2025-07-01"):
        evolved(ADJUSTMENTS_STANDARD, effective_from=JULY, effective_until=until)


@pytest.mark.parametrize("kind", AdjustmentKind)
def test_arrears_never_vanish_from_both_counts_but_by_money(
    kind: AdjustmentKind,
) -> None:
    hidden = AdjustmentRule(
        forbearance=ForbearanceRule.NEVER, may_lower_days_past_due=True
    )

    if kind is AdjustmentKind.PREPAY:
        assert evolved(ADJUSTMENTS_STRICT, rules={kind: hidden}).rule_of(kind) == hidden
        return
    with pytest.raises(PolicyError) as caught:
        evolved(ADJUSTMENTS_STRICT, rules={kind: hidden})
    assert caught.value.field == f"rules.{kind.value}.forbearance"


@pytest.mark.parametrize(
    ("since", "until", "as_of", "field"),
    [
        (None, None, dt.date(1900, 1, 1), None),
        (JULY, None, dt.date(2025, 6, 30), "effective_from"),
        (JULY, None, JULY, None),
        (None, AUGUST, dt.date(2025, 7, 31), None),
        (None, AUGUST, AUGUST, "effective_until"),
        (JULY, AUGUST, dt.date(2025, 7, 15), None),
    ],
)
def test_a_policy_applies_from_its_first_day_until_before_its_end(
    since: dt.date | None, until: dt.date | None, as_of: dt.date, field: str | None
) -> None:
    policy = evolved(ADJUSTMENTS_STANDARD, effective_from=since, effective_until=until)

    if field is None:
        policy.require_in_effect(as_of)
        return
    with pytest.raises(PolicyError) as caught:
        policy.require_in_effect(as_of)
    assert caught.value.field == field


def test_the_day_of_a_judgement_is_a_date() -> None:
    at: Any = dt.datetime(2025, 7, 1, tzinfo=dt.UTC)

    with pytest.raises(InvalidValueError, match="as_of"):
        ADJUSTMENTS_STANDARD.require_in_effect(at)


def test_a_kind_without_a_rule_and_one_withdrawn_are_not_offered() -> None:
    rule = AdjustmentRule(yearly_max=1)
    policy = evolved(
        ADJUSTMENTS_STANDARD,
        rules={
            KIND.RENEW: AdjustmentRule(is_offered=False),
            KIND.EXTEND_TERM: rule,
        },
    )

    assert policy.rule_of(KIND.EXTEND_TERM) == rule
    assert policy.rule_of(KIND.RENEW) is None
    assert policy.rule_of(KIND.PREPAY) is None


def test_days_past_due_tell_of_difficulty_from_the_limit_on() -> None:
    policy = evolved(ADJUSTMENTS_STANDARD, difficulty_days=31)
    never = evolved(ADJUSTMENTS_STANDARD, difficulty_days=None)

    assert [policy.presumes_difficulty(days) for days in (0, 30, 31)] == [
        False,
        False,
        True,
    ]
    assert not never.presumes_difficulty(36_500)


@pytest.mark.parametrize(
    ("rule", "in_difficulty", "otherwise"),
    [
        (ForbearanceRule.NEVER, False, False),
        (ForbearanceRule.IN_DIFFICULTY, True, False),
        (ForbearanceRule.ALWAYS, True, True),
    ],
)
def test_forbearance_is_a_concession_in_difficulty(
    rule: ForbearanceRule, *, in_difficulty: bool, otherwise: bool
) -> None:
    assert rule.applies(is_in_difficulty=True) is in_difficulty
    assert rule.applies(is_in_difficulty=False) is otherwise


def test_rules_are_read_only_and_in_one_order() -> None:
    source = {KIND.RENEW: AdjustmentRule(), KIND.PREPAY: AdjustmentRule(yearly_max=3)}
    policy = evolved(ADJUSTMENTS_STANDARD, rules=source)
    other = evolved(ADJUSTMENTS_STANDARD, rules=dict(reversed(source.items())))
    source.clear()

    assert list(policy.rules) == [KIND.PREPAY, KIND.RENEW]
    assert policy == other
    assert policy.ref == other.ref
    rules: Any = policy.rules
    with pytest.raises(TypeError):
        rules[KIND.RE_AGE] = AdjustmentRule()


@given(policy=policies())
def test_policies_are_values(policy: AdjustmentPolicy) -> None:
    copy = pickle.loads(pickle.dumps(policy))

    assert copy == policy
    assert copy.ref == policy.ref
    assert hash(copy) == hash(policy)


CHANGES: dict[str, Callable[[AdjustmentPolicy], object]] = {
    "id": lambda policy: policy.id + "x",
    "version": lambda policy: policy.version + "x",
    "effective_from": lambda policy: _other_day(policy.effective_from),
    "effective_until": lambda policy: _other_day(policy.effective_until),
    "yearly_max": lambda policy: (policy.yearly_max or 0) + 1,
    "difficulty_days": lambda policy: (policy.difficulty_days or 0) + 1,
    "absorbed_by": lambda policy: _other(AbsorbedBy, policy.absorbed_by),
    "cost_measure": lambda policy: _other(RateMeasure, policy.cost_measure),
    "valid_days": lambda policy: policy.valid_days ^ 1,
    "rules": lambda policy: {} if policy.rules else {KIND.RE_AGE: AdjustmentRule()},
}
RULE_CHANGES: dict[str, Callable[[AdjustmentRule], object]] = {
    "is_offered": lambda rule: not rule.is_offered,
    "yearly_max": lambda rule: (rule.yearly_max or 0) % 1200 + 1,
    "seasoning_days_min": lambda rule: rule.seasoning_days_min + 1,
    "paid_count_min": lambda rule: rule.paid_count_min + 1,
    "days_past_due_max": lambda rule: _more(rule.days_past_due_max),
    "move_days_max": lambda rule: _more(rule.move_days_max),
    "added_count_max": lambda rule: _fewer(rule.added_count_max),
    "needs_approval": lambda rule: not rule.needs_approval,
    "forbearance": lambda rule: _other(ForbearanceRule, rule.forbearance),
    "may_lower_days_past_due": lambda rule: not rule.may_lower_days_past_due,
}


def _other_day(on: dt.date | None) -> dt.date | None:
    return None if on is not None else dt.date(2024, 12, 31)


def _other(kind: Any, value: object) -> object:
    return next(one for one in kind if one is not value)


def _more(limit: int | None) -> int | None:
    return 0 if limit is None else limit + 1


def _fewer(limit: int | None) -> int | None:
    return 0 if limit is None else None


def test_every_field_has_a_change() -> None:
    assert set(CHANGES) == {
        field.name for field in attrs.fields(AdjustmentPolicy) if field.init
    }
    assert set(RULE_CHANGES) == {field.name for field in attrs.fields(AdjustmentRule)}


@given(
    policy=policies().filter(lambda policy: policy.yearly_max != 1200),
    field=st.sampled_from(sorted(CHANGES)),
)
def test_the_digest_changes_with_every_field(
    policy: AdjustmentPolicy, field: str
) -> None:
    # Days that cross would be refused, so each is tried without the other.
    if field == "effective_from":
        policy = evolved(policy, effective_until=None)
    if field == "effective_until":
        policy = evolved(policy, effective_from=None)
    if field == "valid_days":
        policy = evolved(policy, valid_days=min(policy.valid_days, 100))

    changed = evolved(policy, **{field: CHANGES[field](policy)})

    assert changed.ref != policy.ref
    assert changed != policy


@given(
    # Of money that is paid early any rule is right.
    rule=rules(may_hide=True),
    field=st.sampled_from(sorted(RULE_CHANGES)),
)
def test_the_digest_changes_with_every_field_of_a_rule(
    rule: AdjustmentRule, field: str
) -> None:
    parts: dict[str, Any] = {field: RULE_CHANGES[field](rule)}
    changed = attrs.evolve(rule, **parts)
    digests = [
        evolved(ADJUSTMENTS_STANDARD, rules={KIND.PREPAY: one}).ref.digest
        for one in (rule, changed)
    ]

    assert changed != rule
    assert digests[0] != digests[1]
