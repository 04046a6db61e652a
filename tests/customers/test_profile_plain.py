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
from microcrm_core.ledger import (
    OLDEST_FIRST,
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    ledger_policy_to_plain,
)
from microcrm_core.loans import FINERACT, ScheduleConventions
from tests.loans.plain_cases import assert_every_fault_has_its_path, conventions

PLAIN = profile_policy_to_plain(PROFILE_BASIC)
OURS = attrs.evolve(
    PLAIN_LEDGER, id=PolicyId("ours"), version=3, allocation=OLDEST_FIRST
)
# The form of `PROFILE_BASIC` before policies named their ledger, as it was stored.
FIRST_FORM = {
    "id": "profile-basic",
    "version": "2025-01",
    "conventions": {
        "id": "strict",
        "day_count": "ACT/365F",
        "rounding": "half_even",
        "roll": "day_of_month",
    },
    "grace_days": 0,
    "balance_quantile_ppm": 100_000,
    "history_months": None,
}

policies = st.builds(
    ProfilePolicy,
    id=st.sampled_from(("profile-basic", "ours", "画像")).map(PolicyId),
    version=st.sampled_from(("1", "2025-01")),
    conventions=conventions(),
    ledger=st.sampled_from((PLAIN_LEDGER, RECALCULATING_LEDGER, OURS)),
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
    assert set(PLAIN) == {"schema_version", *names}
    plain = PLAIN["conventions"]
    assert isinstance(plain, dict)
    assert set(plain) == {one.name for one in attrs.fields(ScheduleConventions)}


def test_a_policy_from_before_there_was_a_ledger_means_the_plain_one() -> None:
    for form in (FIRST_FORM, {**FIRST_FORM, "schema_version": 1}):
        read = profile_policy_from_plain(form)

        assert read == PROFILE_BASIC
        assert read.ledger == PLAIN_LEDGER


def test_a_policy_from_before_there_was_a_ledger_keeps_its_digest() -> None:
    # As decisions of that time name it.
    digest = "766551be3b8a56165a3c37da959ff4e95056b28ab48d91e00e8cb5c99784ec06"
    assert profile_policy_from_plain(FIRST_FORM).ref.digest == digest


def test_another_ledger_is_another_policy() -> None:
    ours = attrs.evolve(PROFILE_BASIC, ledger=OURS)
    assert ours.ref.digest != PROFILE_BASIC.ref.digest


def test_the_first_form_knows_no_ledger() -> None:
    with_ledger = {**FIRST_FORM, "ledger": ledger_policy_to_plain(PLAIN_LEDGER)}
    error = refused(with_ledger)
    assert (error.field, error.value) == ("p", "ledger")


@pytest.mark.parametrize("name", [key for key in PLAIN if key != "schema_version"])
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
        (changed(schema_version=3), "p.schema_version"),
        (changed(schema_version=0), "p.schema_version"),
        (changed(schema_version=True), "p.schema_version"),
        (changed(schema_version="2"), "p.schema_version"),
        (changed(ledger="plain-ledger"), "p.ledger"),
        (changed(ledger={"id": "ours"}), "p.ledger.allocation"),
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
