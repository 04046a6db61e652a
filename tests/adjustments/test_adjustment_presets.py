"""The three presets: each stricter than the one before, and as the page shows them."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from microcrm_core.adjustments import (
    ADJUSTMENTS_LENIENT,
    ADJUSTMENTS_STANDARD,
    ADJUSTMENTS_STRICT,
    AdjustmentKind,
    AdjustmentPolicy,
    ForbearanceRule,
)
from tests.adjustments.request_cases import is_hidden

PRESETS = (ADJUSTMENTS_LENIENT, ADJUSTMENTS_STANDARD, ADJUSTMENTS_STRICT)
KIND = AdjustmentKind
PAGE = (
    Path(__file__).parents[2] / "docs/reference/changes-of-schedules.md"
).read_text()
SIGNS = {
    ForbearanceRule.IN_DIFFICULTY: "D",
    ForbearanceRule.ALWAYS: "A",
    ForbearanceRule.NEVER: "–",  # The dash of the page.
}


def row_of(first_cell: str) -> list[str]:
    """Return the cells after the first of the row that the page has of presets."""
    shown = PAGE.partition("## Presets")[2].partition("### Why")[0]
    found = re.findall(rf"^\| {re.escape(first_cell)} \| (.*) \|$", shown, re.MULTILINE)
    assert len(found) == 1
    return [cell.strip() for cell in found[0].split("|")]


@pytest.mark.parametrize("kind", AdjustmentKind)
def test_the_page_shows_the_rule_of_every_kind(kind: AdjustmentKind) -> None:
    for policy, cell in zip(PRESETS, row_of(f"`{kind.value}`"), strict=True):
        rule = policy.rule_of(kind)
        if rule is None:
            assert cell == "no"
            continue
        words = re.split(r",? ", cell)
        assert words[0] == (
            "always" if rule.yearly_max is None else str(rule.yearly_max)
        )
        moved = re.search(r"(\d+) days(?! past)", cell)
        assert (None if moved is None else int(moved[1])) == rule.move_days_max
        assert ("✓" in words) is rule.needs_approval
        assert {word for word in words if word in SIGNS.values()} == {
            SIGNS[rule.forbearance]
        }
        may_lower = "may lower days past due" in cell
        # Money that is early may, too; what it pays is no longer overdue.
        assert may_lower is (rule.may_lower_days_past_due and kind is not KIND.PREPAY)
        assert rule.added_count_max is None


@pytest.mark.parametrize(
    ("first_cell", "name"),
    [
        ("adjustments a year, all kinds", "yearly_max"),
        ("in difficulty from", "difficulty_days"),
        ("a quote holds for", "valid_days"),
    ],
)
def test_the_page_shows_the_figures_of_every_policy(first_cell: str, name: str) -> None:
    shown = [int(cell.split()[0]) for cell in row_of(first_cell)]

    assert shown == [getattr(policy, name) for policy in PRESETS]


@pytest.mark.parametrize(
    ("first_cell", "name", "others"),
    [
        ("days past due at most", "days_past_due_max", {KIND.RENEW: 0}),
        ("days since disbursement", "seasoning_days_min", {}),
        ("installments paid", "paid_count_min", {}),
    ],
)
def test_the_page_shows_what_all_kinds_of_a_policy_need(
    first_cell: str, name: str, others: dict[AdjustmentKind, int]
) -> None:
    for policy, cell in zip(PRESETS, row_of(first_cell), strict=True):
        for kind, rule in policy.rules.items():
            if kind is KIND.PREPAY:
                continue
            needed = others.get(kind, int(cell))
            if policy is ADJUSTMENTS_LENIENT and (kind, name) == (
                KIND.RENEW,
                "paid_count_min",
            ):
                needed = 1
            assert getattr(rule, name) == needed, (policy.id, kind)


def test_the_presets_grow_stricter() -> None:
    for looser, stricter in pairwise(PRESETS):
        assert (looser.yearly_max or 0) > (stricter.yearly_max or 0)
        assert looser.valid_days > stricter.valid_days
        assert set(looser.rules) >= set(stricter.rules)
        for kind, strict in stricter.rules.items():
            loose = looser.rules[kind]
            for name in ("yearly_max", "days_past_due_max", "move_days_max"):
                most, least = getattr(loose, name), getattr(strict, name)
                is_tighter = most is None or (least is not None and least <= most)
                assert is_tighter, (kind, name)
            assert loose.seasoning_days_min <= strict.seasoning_days_min
            assert loose.paid_count_min <= strict.paid_count_min
            assert loose.needs_approval <= strict.needs_approval
            assert loose.may_lower_days_past_due >= strict.may_lower_days_past_due


@pytest.mark.parametrize("policy", PRESETS, ids=lambda policy: policy.id)
def test_every_preset_keeps_to_the_ideas_that_they_share(
    policy: AdjustmentPolicy,
) -> None:
    prepaid = policy.rules[KIND.PREPAY]
    assert prepaid.yearly_max is None
    assert prepaid.days_past_due_max is None
    assert not prepaid.needs_approval
    assert policy.rules[KIND.CHANGE_RATE].needs_approval
    assert policy.rules[KIND.RENEW].days_past_due_max == 0
    for kind, rule in policy.rules.items():
        assert kind is KIND.PREPAY or not is_hidden(rule)
        if rule.may_lower_days_past_due and kind is not KIND.PREPAY:
            assert rule.forbearance is ForbearanceRule.ALWAYS
