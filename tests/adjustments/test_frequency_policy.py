"""Frequency policies: what is refused, and the JSON form."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, cast

import attrs
import pytest

from microcrm_core import Frequency, PolicyError
from microcrm_core.adjustments import (
    FREQUENCY_BASIC,
    FREQUENCY_TURNOVER,
    frequency_policy_from_plain,
    frequency_policy_to_plain,
)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("offered", ()),
        ("offered", (Frequency.MONTHLY, Frequency.DAILY)),
        ("offered", (Frequency.of("quarterly"),)),
        ("quantile_ppm", 0),
        ("quantile_ppm", 1_000_001),
        ("weak_share_ppm_min", 0),
        ("is_shorter_advised", 1),
        ("months_min", 0),
        ("months_max", 2),
        ("months_medium", -1),
        ("months_high", 5),
        ("margin_ppm", -1),
    ],
)
def test_bad_parts_are_refused_by_name(field: str, value: object) -> None:
    changed = cast("dict[str, Any]", {field: value})

    with pytest.raises(PolicyError) as caught:
        attrs.evolve(FREQUENCY_BASIC, **changed)

    assert caught.value.field == field


def test_the_weak_period_is_rounded_up() -> None:
    assert [FREQUENCY_BASIC.weak_rank(count) for count in (1, 10, 11)] == [1, 1, 2]


def test_the_json_form_comes_back() -> None:
    dated = attrs.evolve(
        FREQUENCY_TURNOVER, effective_from=dt.date(2025, 1, 1), months_max=None
    )

    for policy in (FREQUENCY_BASIC, FREQUENCY_TURNOVER, dated):
        text = json.dumps(frequency_policy_to_plain(policy))
        back = frequency_policy_from_plain(json.loads(text))
        assert back == policy
        assert back.ref == policy.ref


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("offered", ["quarterly"], "policy.offered"),
        ("offered", "monthly", "policy.offered"),
        ("quantile_ppm", 0.1, "policy.quantile_ppm"),
        ("is_shorter_advised", 1, "policy.is_shorter_advised"),
        ("months_max", "12", "policy.months_max"),
        ("effective_from", "soon", "policy.effective_from"),
        ("extra", 1, "policy"),
    ],
)
def test_a_bad_json_form_is_refused_with_its_path(
    key: str, value: object, field: str
) -> None:
    plain = {**frequency_policy_to_plain(FREQUENCY_BASIC), key: value}

    with pytest.raises(PolicyError) as caught:
        frequency_policy_from_plain(plain)

    assert caught.value.field.startswith(field)
