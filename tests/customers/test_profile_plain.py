"""The profile policy as JSON and back: nothing lost, nothing guessed."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, PolicyError, canonical_json
from microcrm_core.customers import (
    PROFILE_BASIC,
    ProfilePolicy,
    profile_policy_from_plain,
    profile_policy_to_plain,
)
from microcrm_core.ids import PolicyId
from microcrm_core.loans import FINERACT, ScheduleConventions
from tests.loans.plain_cases import assert_every_fault_has_its_path, conventions

PLAIN = profile_policy_to_plain(PROFILE_BASIC)

policies = st.builds(
    ProfilePolicy,
    id=st.sampled_from(("profile-basic", "ours", "画像")).map(PolicyId),
    version=st.sampled_from(("1", "2025-01")),
    conventions=conventions(),
    grace_days=st.integers(0, 30),
    balance_quantile_ppm=st.integers(1, 1_000_000),
    history_months=st.none() | st.integers(1, 60),
)


def changed(**parts: Any) -> dict[str, Any]:
    return {**PLAIN, **parts}


def with_convention(**parts: Any) -> dict[str, Any]:
    plain = PLAIN["conventions"]
    assert isinstance(plain, dict)
    return changed(conventions={**plain, **parts})


def refused(plain: object) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        profile_policy_from_plain(plain, path="p")
    return caught.value


@given(policy=policies)
def test_every_policy_comes_back_from_json(policy: ProfilePolicy) -> None:
    text = canonical_json(profile_policy_to_plain(policy))
    assert profile_policy_from_plain(json.loads(text)) == policy


@given(policy=policies)
def test_a_policy_that_comes_back_has_its_digest(policy: ProfilePolicy) -> None:
    read = profile_policy_from_plain(profile_policy_to_plain(policy))
    assert read.ref == policy.ref


def test_conventions_of_a_core_banking_engine_come_back() -> None:
    policy = attrs.evolve(PROFILE_BASIC, conventions=FINERACT)
    plain = profile_policy_to_plain(policy)
    assert profile_policy_from_plain(plain).conventions == FINERACT


def test_conventions_of_four_parts_are_read_as_they_were() -> None:
    # What was stored before conventions had more parts.
    four = {"id": "strict", "day_count": "ACT/365F", "rounding": "half_even",
            "roll": "day_of_month"}  # fmt: skip
    assert profile_policy_from_plain(changed(conventions=four)) == PROFILE_BASIC


def test_every_fault_is_told_with_its_path() -> None:
    assert_every_fault_has_its_path(
        lambda plain: profile_policy_from_plain(plain, path="p"), PLAIN, "p"
    )


def test_every_field_is_written() -> None:
    names = {
        field.name for field in attrs.fields(ProfilePolicy) if field.init is not False
    }
    assert set(PLAIN) == names
    plain = PLAIN["conventions"]
    assert isinstance(plain, dict)
    assert set(plain) == {one.name for one in attrs.fields(ScheduleConventions)}


@pytest.mark.parametrize("name", list(PLAIN))
def test_every_key_must_be_there(name: str) -> None:
    plain = {key: value for key, value in PLAIN.items() if key != name}
    error = refused(plain)
    assert (error.field, error.rule) == (f"p.{name}", "must be given")


@pytest.mark.parametrize("name", ["id", "day_count", "rounding", "roll"])
def test_every_key_of_the_conventions_must_be_there(name: str) -> None:
    plain = with_convention()
    del plain["conventions"][name]
    assert refused(plain).field == f"p.conventions.{name}"


@pytest.mark.parametrize(
    ("plain", "field"),
    [
        (changed(grace_day=1), "p"),
        (with_convention(rol="day_1"), "p.conventions"),
        (changed(id=""), "p.id"),
        (changed(id=7), "p.id"),
        (changed(version=None), "p.version"),
        (changed(grace_days=-1), "p.grace_days"),
        (changed(grace_days=1.0), "p.grace_days"),
        (changed(grace_days="1"), "p.grace_days"),
        (changed(grace_days=True), "p.grace_days"),
        (changed(balance_quantile_ppm=0), "p.balance_quantile_ppm"),
        (changed(balance_quantile_ppm=1_000_001), "p.balance_quantile_ppm"),
        (changed(history_months=0), "p.history_months"),
        (changed(history_months=False), "p.history_months"),
        (changed(conventions="strict"), "p.conventions"),
        (with_convention(id=" strict"), "p.conventions.id"),
        (with_convention(day_count="act/365f"), "p.conventions.day_count"),
        (with_convention(day_count=365), "p.conventions.day_count"),
        (with_convention(rounding="HALF_EVEN"), "p.conventions.rounding"),
        (with_convention(rounding=[]), "p.conventions.rounding"),
        (with_convention(roll="day_0"), "p.conventions.roll"),
        (with_convention(roll="day_32"), "p.conventions.roll"),
        (with_convention(roll="day_5_and_"), "p.conventions.roll"),
        (with_convention(roll=None), "p.conventions.roll"),
    ],
)
def test_a_fault_is_told_with_its_path(plain: object, field: str) -> None:
    error = refused(plain)
    assert error.field == field or error.field.startswith(f"{field}.")
    # One line: what must hold, what was found.
    assert "\n" not in str(error)
    assert ", got " in str(error)


@given(
    plain=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(list(PLAIN)), inner)
        ),
        max_leaves=6,
    )
)
def test_whatever_is_no_policy_is_refused(plain: object) -> None:
    # Nothing drawn has the conventions of a policy.
    refused(plain)


def test_the_error_is_an_invalid_value_too() -> None:
    assert isinstance(refused(None), InvalidValueError)
