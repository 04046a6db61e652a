"""Caps and reference rates in JSON: nothing lost, nothing guessed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from microcrm_core import canonical_json, digest
from microcrm_core.loans.cap_presets import CAP_PRESETS, CN_ASSISTED_LENDING
from microcrm_core.loans.caps import RateCap, ReferenceRate
from microcrm_core.loans.caps_plain import (
    rate_cap_from_plain,
    rate_cap_to_plain,
    reference_rate_from_plain,
    reference_rate_to_plain,
)
from tests.loans.cap_cases import LPR
from tests.loans.plain_cases import (
    assert_every_fault_has_its_path,
    field_names,
    refusal,
)

PLAIN = rate_cap_to_plain(CN_ASSISTED_LENDING)


def read(plain: object) -> RateCap:
    return rate_cap_from_plain(plain, path="c")


@pytest.mark.parametrize("cap", CAP_PRESETS, ids=lambda cap: str(cap.id))
def test_every_preset_comes_back_from_json_with_its_digest(cap: RateCap) -> None:
    plain = json.loads(canonical_json(rate_cap_to_plain(cap)))
    assert rate_cap_from_plain(plain) == cap
    assert rate_cap_from_plain(plain).ref == cap.ref
    assert cap.ref.digest == digest(plain)


@pytest.mark.parametrize("cap", CAP_PRESETS, ids=lambda cap: str(cap.id))
def test_every_fault_is_told_with_its_path(cap: RateCap) -> None:
    assert_every_fault_has_its_path(read, rate_cap_to_plain(cap), "c")


@pytest.mark.parametrize("text", ["read", "known", "secondary", "house"])
def test_the_stored_text_of_a_status_is_read_for_ever(text: str) -> None:
    assert rate_cap_to_plain(read({**PLAIN, "status": text})) == {
        **PLAIN,
        "status": text,
    }


def test_every_field_is_written() -> None:
    assert set(PLAIN) == field_names(RateCap)


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        ("measure", "irr", "c.measure"),
        # An amount is no limit of a rate.
        ("limit", {"amount": {"currency": "CNY", "minor": 1}}, "c.limit"),
        ("limit", {}, "c.limit"),
        ("limit", {"share": "0.24", "multiple": "4"}, "c.limit"),
        ("limit", {"series_id": "a"}, "c.limit"),
        ("limit", {"share": "-0.1"}, "c.limit.share"),
        ("limit", {"share": "24%"}, "c.limit.share"),
        ("status", "sure", "c.status"),
        ("effective_until", "2025-10-01", "c.effective_until"),
        ("loan_types", ["a", ""], "c.loan_types[1]"),
        ("jurisdiction", None, "c.jurisdiction"),
    ],
)
def test_what_makes_no_cap_is_told_with_its_path(
    part: str, value: object, field: str
) -> None:
    assert refusal(read, {**PLAIN, part: value}).field == field


def test_parts_with_a_default_may_be_left_out() -> None:
    least = {
        name: PLAIN[name]
        for name in PLAIN
        if name not in ("lender_types", "effective_until", "reading")
    }
    assert read(least).effective_until is None


def read_series(plain: object) -> ReferenceRate:
    return reference_rate_from_plain(plain, path="r")


def test_a_reference_rate_comes_back_from_json() -> None:
    plain = json.loads(json.dumps(reference_rate_to_plain(LPR)))
    assert read_series(plain) == LPR
    assert_every_fault_has_its_path(read_series, plain, "r")


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        ("values", [{"from_on": "2025-05-20", "rate": 0.03}], "r.values[0].rate"),
        ("values", [{"from_on": "2025-05-20", "rate": "0.03"}] * 2, "r.values"),
        ("known_until_on", "2025-05-19", "r.known_until_on"),
        ("known_until_on", None, "r.known_until_on"),
    ],
)
def test_what_makes_no_reference_rate_is_told_with_its_path(
    part: str, value: object, field: str
) -> None:
    plain: dict[str, Any] = {**reference_rate_to_plain(LPR), part: value}
    assert refusal(read_series, plain).field == field
