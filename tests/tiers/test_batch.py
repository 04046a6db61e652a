from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.batch import UNKNOWN, Int64s
from microcrm_core.rules import Condition, RuleFact
from microcrm_core.rules.evaluate import NodeKind
from microcrm_core.tiers import (
    MICRO_LENDER,
    Tier,
    TierPolicy,
    TierRule,
    assign_tier,
    explain_tier,
)
from microcrm_core.tiers.batch import assign_tiers
from tests.rules.strategies import FIELDS, conditions, facts

AS_OF = dt.date(2025, 1, 31)
RANDOM = np.random.default_rng(20250131)


def columns_of(
    policy: TierPolicy, rows: list[Mapping[str, RuleFact]]
) -> dict[str, Int64s]:
    columns = {}
    for name in policy.field_names:
        field = policy.fields.field(name)
        values = [row.get(name) for row in rows]
        columns[name] = np.array(
            [UNKNOWN if value is None else field.scaled(value) for value in values],
            np.int64,
        )
    return columns


def assert_equal_row_by_row(
    policy: TierPolicy, rows: list[Mapping[str, RuleFact]]
) -> None:
    found = assign_tiers(policy, columns_of(policy, rows))
    for row, tier_index, rule_index in zip(
        rows, found.tier_index.tolist(), found.rule_index.tolist(), strict=True
    ):
        decision = assign_tier(policy, row, AS_OF)
        deciding = [t.rule for t in explain_tier(policy, row) if t.is_deciding]
        assert tuple(Tier)[tier_index] is decision.outcome
        if rule_index == -1:
            assert not deciding
        else:
            assert deciding == [policy.rules[rule_index]]


@given(
    declared=st.lists(
        st.tuples(conditions, st.sampled_from(Tier), st.booleans()),
        min_size=1,
        max_size=5,
    ),
    default=st.sampled_from(Tier),
    rows=st.lists(facts, min_size=1, max_size=10),
)
def test_tiers_of_any_policy_equal_the_scalar_on_every_row(
    declared: list[tuple[Condition, Tier, bool]],
    default: Tier,
    rows: list[Mapping[str, RuleFact]],
) -> None:
    rules = [
        TierRule(id=str(i), tier=tier, condition=condition, is_knock_out=is_knock_out)
        for i, (condition, tier, is_knock_out) in enumerate(declared)
    ]
    policy = TierPolicy(
        id="p", version="1", fields=FIELDS, rules=rules, default=default
    )

    assert_equal_row_by_row(policy, rows)


def thresholds(policy: TierPolicy) -> dict[str, list[int | None]]:
    found: dict[str, set[int]] = {name: {0} for name in policy.field_names}
    for compiled in policy.compiled:
        for node in compiled.nodes:
            if node.kind in (NodeKind.COMPARE, NodeKind.BETWEEN):
                name = compiled.fields[node.field_index].name
                found[name] |= {n + step for n in node.numbers for step in (-1, 0, 1)}
    return {name: [None, *sorted(values)] for name, values in found.items()}


def test_tiers_of_the_preset_equal_the_scalar_at_and_beside_every_threshold() -> None:
    values = thresholds(MICRO_LENDER)
    good: dict[str, RuleFact] = {
        "days_past_due": 0,
        "days_past_due_max": 0,
        "days_past_due_max_12m": 0,
        "overdrawn_day_count": 0,
        "repaid_loan_count": 3,
        "tenure_days": 900,
        "due_installment_count": 20,
        "on_time_share_ppm": 1_000_000,
        "months_observed": 12,
        "inflow_volatility_ppm": 200_000,
        "request_installment_to_inflow_ppm": 100_000,
        "request_balance_low_to_installment_ppm": 2_000_000,
    }
    empty: dict[str, RuleFact] = dict.fromkeys(good)
    assert set(good) == set(values)
    rows: list[Mapping[str, RuleFact]] = [
        {**base, name: value}
        for base in (good, empty)
        for name, choices in values.items()
        for value in choices
    ]
    rows += [
        {
            name: choices[RANDOM.integers(len(choices))]
            for name, choices in values.items()
        }
        for _ in range(2_000)
    ]

    assert_equal_row_by_row(MICRO_LENDER, rows)


def test_blocks_join_without_a_seam() -> None:
    row_count = 2 * 65_536 + 3
    columns = {name: np.zeros(row_count, np.int64) for name in MICRO_LENDER.field_names}
    columns["days_past_due"][::2] = 31

    found = assign_tiers(MICRO_LENDER, columns)

    assert (found.tier_index[::2] == Tier.RISK.rank).all()
    assert (found.rule_index[::2] == 0).all()
    assert (found.tier_index[1::2] == Tier.ORDINARY.rank).all()
    assert (found.rule_index[1::2] == -1).all()
