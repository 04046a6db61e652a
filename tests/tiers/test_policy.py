from __future__ import annotations

import copy
import datetime as dt
import json

import attrs
import pytest

from microcrm_core.customers import PROFILE_FACTS, CustomerKind
from microcrm_core.decisions import digest
from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.rules import Field, FieldKind, compare, is_missing
from microcrm_core.tiers import (
    MICRO_LENDER,
    PROFILE_FIELDS,
    Tier,
    TierPolicy,
    TierRule,
    tier_policy_from_plain,
    tier_policy_to_plain,
)

OVERDUE = TierRule(
    id="overdue", tier=Tier.RISK, condition=compare("days_past_due", ">", 30)
)

TEXT_TIER = attrs.evolve(OVERDUE, tier="risk")  # type: ignore[arg-type]  # on purpose
WHOLE_FLAG = attrs.evolve(OVERDUE, is_knock_out=1)  # type: ignore[arg-type]  # same


def test_the_best_tier_comes_first() -> None:
    assert [tier.rank for tier in Tier] == [0, 1, 2, 3]
    assert (Tier.HIGH_VALUE.rank, Tier.RISK.rank) == (0, 3)


def test_every_fact_of_a_profile_is_a_field_in_the_same_order() -> None:
    assert tuple(field.name for field in PROFILE_FIELDS) == tuple(PROFILE_FACTS)


def test_the_kinds_of_customers_are_those_of_the_customer() -> None:
    # A column of kinds holds positions, so the order must agree too.
    assert PROFILE_FIELDS.field("customer_kind").choices == tuple(CustomerKind)


def test_knock_outs_are_judged_first_and_keep_their_order() -> None:
    rules = [
        attrs.evolve(OVERDUE, id=name, is_knock_out=name.isupper()) for name in "aBcD"
    ]
    policy = TierPolicy(id="p", version="1", rules=rules, default=Tier.ORDINARY)

    assert [policy.rules[i].id for i in policy.judging_order] == ["B", "D", "a", "c"]


def test_a_policy_survives_the_way_through_json_with_its_digest() -> None:
    policy = attrs.evolve(MICRO_LENDER, effective_from=dt.date(2025, 1, 31))

    plain = json.loads(json.dumps(tier_policy_to_plain(policy)))

    assert tier_policy_from_plain(plain) == policy
    assert tier_policy_from_plain(plain).ref == policy.ref
    assert policy.ref.digest == digest(plain)


@pytest.mark.parametrize(
    "change",
    [
        {"default": Tier.RISK},
        {"effective_from": dt.date(2025, 1, 1)},
        {"version": "2"},
        {"rules": MICRO_LENDER.rules[::-1]},
        {"fields": [*PROFILE_FIELDS, Field("has_shop", FieldKind.FLAG)]},
    ],
)
def test_another_content_has_another_digest(change: dict[str, object]) -> None:
    changed = attrs.evolve(MICRO_LENDER, **change)  # type: ignore[arg-type]  # a part

    assert changed.ref.digest != MICRO_LENDER.ref.digest


def test_the_fields_of_a_file_default_to_those_of_a_profile() -> None:
    plain = tier_policy_to_plain(MICRO_LENDER)
    del plain["fields"], plain["effective_from"]

    assert tier_policy_from_plain(plain) == MICRO_LENDER


def test_a_policy_may_bring_its_own_fields() -> None:
    shop = Field("has_shop", FieldKind.FLAG)
    rule = attrs.evolve(OVERDUE, condition=compare("has_shop", "==", False))
    policy = TierPolicy(
        id="p", version="1", fields=[shop], rules=[rule], default=Tier.ORDINARY
    )

    assert tier_policy_from_plain(tier_policy_to_plain(policy)) == policy
    assert policy.field_names == ("has_shop",)


PLAIN_RULE = {
    "id": "overdue",
    "tier": "risk",
    "condition": {"field": "days_past_due", "op": ">", "value": 30},
}
PLAIN = {"id": "p", "version": "1", "rules": [PLAIN_RULE], "default": "ordinary"}


@pytest.mark.parametrize(
    ("change", "path", "rule"),
    [
        ({"rules": []}, "rules", "1 to 1000 items"),
        ({"rules": None}, "rules", "must be a list"),
        ({"rules": [PLAIN_RULE, PLAIN_RULE]}, "rules[1].id", "must not repeat"),
        ({"rules": [{**PLAIN_RULE, "tier": "gold"}]}, "rules[0].tier", "one of high_"),
        ({"rules": [{**PLAIN_RULE, "prio": 1}]}, "rules[0]", "must only have the keys"),
        ({"rules": [{"id": "a", "tier": "risk"}]}, "rules[0].condition", "be given"),
        (
            {"rules": [{**PLAIN_RULE, "is_knock_out": 1}]},
            "rules[0].is_knock_out",
            "must be true or false",
        ),
        ({"default": "gold"}, "default", "must be one of high_value"),
        ({"version": 1}, "version", "must be text"),
        ({"id": ""}, "id", "must be text"),
        ({"note": "x"}, "policy", "must only have the keys"),
        ({"effective_from": "2025-13-01"}, "effective_from", "must be a date"),
        ({"effective_from": "2025-W01-1"}, "effective_from", "must be a date"),
        ({"effective_from": 20250131}, "effective_from", "must be a date"),
        ({"fields": []}, "fields", "1 to 1000 items"),
        ({"fields": [{"name": "a", "kind": "x"}]}, "fields[0].kind", "must be one of"),
        ({"fields": [{"name": "a", "kind": "flag"}] * 2}, "fields", "must not repeat"),
        (
            {"fields": [{"name": "a", "kind": "flag"}]},
            "rules[0].condition.field",
            "must be a known field, got 'days_past_due'",
        ),
    ],
)
def test_a_faulty_file_is_refused_with_the_path_to_the_fault(
    change: dict[str, object], path: str, rule: str
) -> None:
    with pytest.raises(PolicyError, match=rule) as caught:
        tier_policy_from_plain({**copy.deepcopy(PLAIN), **change})
    assert caught.value.field == path


@pytest.mark.parametrize("plain", [None, [], "policy", 3, {}])
def test_what_is_no_policy_is_refused(plain: object) -> None:
    with pytest.raises(PolicyError):
        tier_policy_from_plain(plain)


def test_a_protected_field_is_refused_in_a_rule() -> None:
    birthday = Field("birthday_day", FieldKind.WHOLE, is_protected=True)
    rule = attrs.evolve(OVERDUE, condition=is_missing("birthday_day"))

    with pytest.raises(PolicyError, match="protected") as caught:
        TierPolicy(
            id="p", version="1", fields=[birthday], rules=[rule], default=Tier.ORDINARY
        )
    assert caught.value.field == "rules[0].condition.field"


@pytest.mark.parametrize(
    "change",
    [
        {"rules": ()},
        {"rules": (OVERDUE, OVERDUE)},
        {"rules": ("overdue",)},
        {"rules": (TEXT_TIER,)},
        {"rules": (WHOLE_FLAG,)},
        {"default": "ordinary"},
        {"id": " p"},
        {"effective_from": dt.datetime(2025, 1, 1, tzinfo=dt.UTC)},
    ],
)
def test_parts_that_make_no_policy_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError):
        attrs.evolve(MICRO_LENDER, **change)  # type: ignore[arg-type]  # on purpose
