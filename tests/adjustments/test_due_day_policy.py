"""Due-day policies: what is refused, and the way to JSON and back."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from microcrm_core import PolicyError
from microcrm_core.adjustments import (
    DUE_DAY_BASIC,
    DUE_DAY_QUANTILE,
    due_day_policy_from_plain,
    due_day_policy_to_plain,
)


@pytest.mark.parametrize("policy", [DUE_DAY_BASIC, DUE_DAY_QUANTILE])
def test_a_policy_comes_back_from_its_json_text(policy: Any) -> None:
    text = json.dumps(due_day_policy_to_plain(policy))

    again = due_day_policy_from_plain(json.loads(text))

    assert again == policy
    assert again.ref == policy.ref


def test_days_may_be_left_out_of_a_file() -> None:
    plain = dict(due_day_policy_to_plain(DUE_DAY_BASIC))
    for name in ("day_min", "day_max", "effective_from"):
        del plain[name]

    assert due_day_policy_from_plain(plain) == DUE_DAY_BASIC


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quantile_ppm", 0),
        ("quantile_ppm", 1_000_001),
        ("quantile_ppm", 0.1),
        ("coverage_ppm", 0),
        ("coverage_ppm", True),
        ("months_min", 1),
        ("months_max", 2),
        ("months_max", "24"),
        ("day_min", 0),
        ("day_max", 32),
        ("shortfall_gain_min", -1),
        ("months_medium", -1),
        ("months_high", 5),
        ("measure", "mean"),
        ("measure", 3),
        ("version", ""),
        ("effective_from", "31.01.2025"),
    ],
)
def test_a_fault_is_refused_with_its_path(name: str, value: object) -> None:
    plain = {**due_day_policy_to_plain(DUE_DAY_BASIC), name: value}

    with pytest.raises(PolicyError) as caught:
        due_day_policy_from_plain(plain, path="policies.due_day")

    assert caught.value.field == f"policies.due_day.{name}"


def test_unknown_and_missing_keys_are_refused() -> None:
    plain = due_day_policy_to_plain(DUE_DAY_BASIC)

    with pytest.raises(PolicyError, match="must only have the keys"):
        due_day_policy_from_plain({**plain, "window": 1})
    with pytest.raises(PolicyError, match="measure must be given"):
        due_day_policy_from_plain({k: v for k, v in plain.items() if k != "measure"})


def test_the_window_of_days_must_not_be_empty() -> None:
    with pytest.raises(PolicyError, match="day_max must be 10 or more"):
        attrs.evolve(DUE_DAY_BASIC, day_min=10, day_max=9)


@pytest.mark.parametrize(
    ("months", "low_count"), [(2, 1), (3, 1), (4, 2), (6, 2), (12, 4), (24, 8)]
)
def test_a_third_of_the_months_is_low_rounded_up(months: int, low_count: int) -> None:
    assert DUE_DAY_BASIC.low_count(months) == low_count


def test_what_is_needed_is_rounded_up_so_that_no_shortfall_is_lost() -> None:
    # 3 * 1.5 = 4.5: a balance of 4 is below it, a balance of 5 is not.
    policy = attrs.evolve(DUE_DAY_BASIC, coverage_ppm=1_500_000)

    assert policy.needed_minor(3) == 5
    assert policy.needed_minor(4) == 6
