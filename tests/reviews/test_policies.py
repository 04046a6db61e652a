"""Policies from a file: read strictly, with the path to a fault, and never run."""

from __future__ import annotations

import copy
import datetime as dt
import json
from contextlib import suppress
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import PolicyError, canonical_json, digest
from microcrm_core.adjustments import DUE_DAY_QUANTILE
from microcrm_core.customers import PROFILE_BASIC
from microcrm_core.reviews import (
    REVIEW_BASIC,
    ReviewPolicies,
    parse_review_policies,
    review_policies_from_plain,
    review_policies_to_plain,
)
from tests.reviews.review_cases import POLICIES

PLAIN = json.loads(canonical_json(review_policies_to_plain(REVIEW_BASIC)))

json_leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(
        (
            "",
            " ",
            "ACT/365F",
            "day_31",
            "day_0",
            "day_99999999999999999999",
            "half_even",
            "risk",
            ">=",
            "2025-02-30",
            "\ud800",
            "\x00",
            "__import__('os')",
        )
    )
)
json_values = st.recursive(
    json_leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("id", "field", "op", "value", "all", "any", "not", "x")),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def places(plain: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in a JSON value."""
    found = [path]
    if isinstance(plain, dict):
        for key, value in plain.items():
            found += places(value, (*path, key))
    elif isinstance(plain, list):
        for index, value in enumerate(plain):
            found += places(value, (*path, index))
    return found


def replaced(path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(PLAIN)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def refused(text: str) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        parse_review_policies(text)
    assert "\n" not in str(caught.value)
    return caught.value


@given(text=st.text(max_size=40) | json_values.map(json.dumps))
def test_whatever_is_no_policy_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        policies = parse_review_policies(text)
    except PolicyError:
        return
    assert policies == REVIEW_BASIC  # only {} says nothing wrong


@given(path=st.sampled_from(places(PLAIN)), value=json_values)
def test_a_policy_with_one_value_replaced_is_good_or_refused(
    path: tuple[Any, ...], value: Any
) -> None:
    text = json.dumps(replaced(path, value))
    try:
        policies = parse_review_policies(text)
    except PolicyError:
        return
    # What was accepted has a digest, and comes back as it was.
    plain = review_policies_to_plain(policies)
    assert parse_review_policies(canonical_json(plain)) == policies
    assert set(policies.refs) == {"profile", "tiers", "due_day", "pricing"}


@given(path=st.sampled_from(places(PLAIN)[1:]))
def test_a_part_that_is_left_out_is_a_preset_or_named(path: tuple[Any, ...]) -> None:
    changed = copy.deepcopy(PLAIN)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    if len(path) == 1:
        assert review_policies_from_plain(changed) == REVIEW_BASIC
        return
    # Many parts may be left out; one that may not is named with its path.
    with suppress(PolicyError):
        review_policies_from_plain(changed)
        return
    with pytest.raises(PolicyError) as caught:
        review_policies_from_plain(changed)
    assert caught.value.field.startswith(str(path[0]))


@pytest.mark.parametrize("policies", POLICIES.values(), ids=POLICIES)
def test_policies_come_back_from_their_json_with_equal_digests(
    policies: ReviewPolicies,
) -> None:
    text = canonical_json(review_policies_to_plain(policies))
    read = parse_review_policies(text)
    assert read == policies
    assert read.refs == policies.refs


def test_every_policy_is_named_by_its_digest() -> None:
    refs = REVIEW_BASIC.refs
    assert refs["tiers"] == REVIEW_BASIC.tiers.ref
    assert {name: ref.id for name, ref in refs.items()} == {
        "profile": "profile-basic",
        "tiers": "micro-lender",
        "due_day": "due-day-basic",
        "pricing": REVIEW_BASIC.pricing.id,
    }
    assert len({ref.digest for ref in refs.values()}) == 4
    assert digest({}) not in {ref.digest for ref in refs.values()}


def test_one_part_alone_leaves_the_others_as_the_presets() -> None:
    plain = review_policies_to_plain(
        attrs.evolve(REVIEW_BASIC, due_day=DUE_DAY_QUANTILE)
    )
    alone = review_policies_from_plain({"due_day": plain["due_day"]})
    assert alone == attrs.evolve(REVIEW_BASIC, due_day=DUE_DAY_QUANTILE)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused_wherever_it_stands(number: str) -> None:
    error = refused(f'{{"profile": {{"grace_days": [{number}]}}}}')
    assert error.rule == "must have exact numbers"
    assert error.value == number


@pytest.mark.parametrize("number", [0.5, 14.0, 1e300])
@pytest.mark.parametrize(
    ("path", "field"),
    [
        (("profile", "grace_days"), "profile.grace_days"),
        (("due_day", "months_min"), "due_day.months_min"),
        (("pricing", "floor_ppm"), "pricing.floor_ppm"),
        (("pricing", "base_ppm", "risk"), "pricing.base_ppm.risk"),
        (("tiers", "version"), "tiers.version"),
        (
            ("tiers", "rules", 0, "condition", "value"),
            "tiers.rules[0].condition.value",
        ),
    ],
)
def test_a_float_is_refused_with_the_path_to_it(
    path: tuple[str | int, ...], field: str, number: float
) -> None:
    plain = copy.deepcopy(PLAIN)
    place = plain
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = number

    assert refused(json.dumps(plain)).field == field


def test_a_policy_that_does_not_apply_yet_is_refused() -> None:
    tiers = attrs.evolve(REVIEW_BASIC.tiers, effective_from=dt.date(2025, 7, 1))
    policies = attrs.evolve(REVIEW_BASIC, tiers=tiers)
    policies.require_in_effect(dt.date(2025, 7, 1))

    with pytest.raises(PolicyError, match=r"tiers\.effective_from must not be after"):
        policies.require_in_effect(dt.date(2025, 6, 30))


def test_a_key_that_stands_twice_is_refused() -> None:
    assert refused('{"tiers": {"id": "a", "id": "b"}}').value == "id"
    assert refused('{"profile": {}, "profile": {}}').value == "profile"


def test_text_that_is_no_json_is_refused_with_its_place() -> None:
    error = refused('{\n  "tiers": oops\n}')
    assert "line 2, column 12" in str(error)
    for text in ("", "\ufeff{}", "{} {}", "{'a': 1}", '{"a": 1,}', "// no"):
        refused(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"tiers":' + "[" * 50_000 + "]" * 50_000 + "}",
    ],
)
def test_deep_nesting_is_refused(text: str) -> None:
    assert refused(text).rule == "must have at most 100 levels"


@pytest.mark.parametrize("depth", [99, 101, 300, *range(880, 1_000, 7)])
@pytest.mark.parametrize("part", ["[{}]", '{{"not":{}}}', '{{"a":{}}}'])
def test_nesting_near_the_limit_of_the_parser_is_refused_too(
    depth: int, part: str
) -> None:
    before, after = part.format("|").split("|")
    nested = before * depth + "1" + after * depth
    refused(f'{{"tiers":{nested}}}')
    refused(f'{{"profile":{{"id":{nested}}}}}')
    refused(nested)


def test_deep_conditions_are_refused() -> None:
    condition = '{"not":' * 900 + '{"field":"loan_count","is_missing":true}'
    condition += "}" * 900
    rule = f'{{"id":"deep","tier":"risk","condition":{condition}}}'
    refused(
        '{"tiers":{"id":"a","version":"1","default":"ordinary","rules":[' + rule + "]}}"
    )


def test_a_whole_number_of_thousands_of_digits_is_refused() -> None:
    # Python itself refuses to read so many digits at once.
    digits = "9" * 5_000
    error = refused(f'{{"profile": {{"grace_days": {digits}}}}}')
    assert len(str(error)) < 300
    refused(f'{{"profile": {{"grace_days": -{digits}}}}}')


def test_unknown_keys_are_refused_with_the_known_ones() -> None:
    error = refused('{"tier": {}}')
    assert error.field == "policies"
    assert "profile, tiers, due_day, pricing" in error.rule
    assert error.value == "tier"
    plain = replaced(("tiers", "rules", 0, "conditon"), {})
    assert refused(json.dumps(plain)).field == "tiers.rules[0]"


@pytest.mark.parametrize("text", ["null", "[]", "1", '"REVIEW_BASIC"', "true"])
def test_what_is_no_object_is_refused(text: str) -> None:
    assert refused(text).rule == "must be a JSON object"


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("profile", "grace_days"), -1, "profile.grace_days"),
        (("profile", "grace_days"), True, "profile.grace_days"),
        (("profile", "conventions", "roll"), "day_32", "profile.conventions"),
        (("profile", "conventions", "day_count"), "ACT/ACT", "profile.conventions"),
        (("tiers", "default"), "gold", "tiers.default"),
        (("tiers", "rules", 0, "tier"), 3, "tiers.rules[0].tier"),
        (("due_day", "quantile_ppm"), 0, "due_day.quantile_ppm"),
        (("due_day", "day_max"), 32, "due_day.day_max"),
        (("pricing", "floor_ppm"), "0", "pricing"),
    ],
)
def test_a_fault_is_told_with_its_path(
    path: tuple[Any, ...], value: Any, field: str
) -> None:
    assert refused(json.dumps(replaced(path, value))).field.startswith(field)


def test_text_that_looks_like_code_is_text() -> None:
    code = "__import__('os').system('false')"
    plain = replaced(("profile", "id"), code)
    assert parse_review_policies(json.dumps(plain)).profile.id == code
    named = replaced(("tiers", "rules", 0, "condition"), {"field": code, "op": ">"})
    refused(json.dumps(named))
    called = replaced(("tiers", "rules", 0, "condition"), code)
    refused(json.dumps(called))


def test_a_preset_that_is_changed_is_another_policy() -> None:
    with_grace = attrs.evolve(
        REVIEW_BASIC, profile=attrs.evolve(PROFILE_BASIC, grace_days=3)
    )
    assert with_grace.refs["profile"] != REVIEW_BASIC.refs["profile"]
    assert with_grace.refs["tiers"] == REVIEW_BASIC.refs["tiers"]
