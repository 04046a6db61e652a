"""Price lists: what is refused, and the way to JSON and back."""

from __future__ import annotations

import copy
import json
from typing import Any

import attrs
import pytest

from microcrm_core import PolicyError
from microcrm_core.loyalty import (
    LOYALTY_BASIC,
    PriceStep,
    TierRate,
    pricing_policy_from_plain,
    pricing_policy_to_plain,
)
from microcrm_core.rates import Rate
from microcrm_core.tiers import Tier


def changed(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    plain = copy.deepcopy(pricing_policy_to_plain(LOYALTY_BASIC))
    target: Any = plain
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return plain


def test_a_policy_comes_back_from_its_json_text() -> None:
    text = json.dumps(pricing_policy_to_plain(LOYALTY_BASIC))

    policy = pricing_policy_from_plain(json.loads(text))

    assert policy == LOYALTY_BASIC
    assert policy.ref == LOYALTY_BASIC.ref


def test_the_digest_is_that_of_the_content_and_not_of_the_order_given() -> None:
    reordered = attrs.evolve(
        LOYALTY_BASIC, base_rates=reversed(LOYALTY_BASIC.base_rates)
    )
    dearer = attrs.evolve(LOYALTY_BASIC, floor_rate=Rate.of_percent(19))

    assert reordered.ref == LOYALTY_BASIC.ref
    assert dearer.ref.digest != LOYALTY_BASIC.ref.digest


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("floor_ppm",), 0.18, "policy.floor_ppm"),
        (("floor_ppm",), True, "policy.floor_ppm"),
        (("floor_ppm",), -1, "policy.floor_ppm"),
        (("base_ppm", "ordinary"), 179_999, "policy.base_rates.ordinary"),
        (("base_ppm", "ordinary"), 0.3, "policy.base_ppm.ordinary"),
        (("base_ppm", "gold"), 1, "policy.base_ppm"),
        (("tenure_steps", 1, "days_min"), 180, "policy.tenure_steps[1].at_least"),
        (("tenure_steps", 1, "days_min"), -5, "policy.tenure_steps[1].days_min"),
        (
            ("streak_steps", 2, "discount_ppm"),
            14_999,
            "policy.streak_steps[2].discount",
        ),
        (("streak_steps", 0, "discount_ppm"), -1, None),
        (("streak_steps", 0, "extra"), 1, "policy.streak_steps[0]"),
        (("streak_steps",), {}, "policy.streak_steps"),
        (("colour",), "red", "policy"),
        (("id",), " ", "policy.id"),
        (("version",), 1, "policy.version"),
        (("effective_from",), "2025-02-30", "policy.effective_from"),
        (("effective_from",), 20250101, "policy.effective_from"),
    ],
)
def test_a_fault_is_refused_with_its_path(
    path: tuple[str | int, ...], value: object, field: str | None
) -> None:
    with pytest.raises(PolicyError) as caught:
        pricing_policy_from_plain(changed(path, value))

    assert caught.value.field == (field or "policy.streak_steps[0].discount_ppm")


@pytest.mark.parametrize("missing", ["base_ppm", "floor_ppm", "tenure_steps", "id"])
def test_a_part_that_is_left_out_is_named(missing: str) -> None:
    plain = dict(pricing_policy_to_plain(LOYALTY_BASIC))
    del plain[missing]

    with pytest.raises(PolicyError, match=f"policy.{missing} must be given"):
        pricing_policy_from_plain(plain)


def test_equal_discounts_in_a_row_are_allowed() -> None:
    one = Rate.of_percent(1)

    policy = attrs.evolve(
        LOYALTY_BASIC, tenure_steps=[PriceStep(1, one), PriceStep(2, one)]
    )

    assert policy.tenure_discount(2) == one


def test_a_rate_finer_than_parts_per_million_is_refused() -> None:
    third = Rate.per_month("0.0000001")

    with pytest.raises(PolicyError, match="whole parts per million"):
        attrs.evolve(LOYALTY_BASIC, floor_rate=third)


def test_every_tier_has_one_rate() -> None:
    with pytest.raises(PolicyError, match="must name every tier"):
        attrs.evolve(LOYALTY_BASIC, base_rates=LOYALTY_BASIC.base_rates[:3])
    with pytest.raises(PolicyError, match="must not repeat"):
        attrs.evolve(
            LOYALTY_BASIC,
            base_rates=[*LOYALTY_BASIC.base_rates, TierRate(Tier.RISK, None)],
        )
