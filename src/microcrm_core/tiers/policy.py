"""Tier policies: which service class a customer gets, declared as data.

A policy is a list of rules. Knock-outs are judged first, in their order, then the
other rules in theirs; the first rule that is met gives the tier, and the default is
for everyone else. A policy is checked when it is made, and its digest says which one
decided. `assign` is the module to read next.

Example:
    >>> from microcrm_core.rules import compare
    >>> from microcrm_core.tiers import Tier, TierPolicy, TierRule
    >>> policy = TierPolicy(
    ...     id="tiers-basic",
    ...     version="2025-01",
    ...     rules=(
    ...         TierRule(
    ...             id="overdue",
    ...             tier=Tier.RISK,
    ...             condition=compare("days_past_due", ">", 30),
    ...             is_knock_out=True,
    ...         ),
    ...     ),
    ...     default=Tier.ORDINARY,
    ... )
    >>> policy.ref.id, policy.field_names
    ('tiers-basic', ('days_past_due',))
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum

import attrs

from microcrm_core.checks import day
from microcrm_core.decisions import PolicyRef
from microcrm_core.errors import PolicyError
from microcrm_core.rules.conditions import Condition
from microcrm_core.rules.evaluate import CompiledCondition, compile_condition
from microcrm_core.rules.fields import Field, FieldSet
from microcrm_core.rules.plain import (
    Plain,
    condition_from_plain,
    condition_to_plain,
    field_from_plain,
    field_to_plain,
    plain_choice,
    plain_day,
    plain_list,
    plain_mapping,
    plain_text,
)
from microcrm_core.tiers.profile_fields import PROFILE_FIELDS

__all__ = [
    "Tier",
    "TierPolicy",
    "TierRule",
    "tier_policy_from_plain",
    "tier_policy_to_plain",
]


class Tier(StrEnum):
    """The service classes, the best first.

    Attributes:
        HIGH_VALUE: Proven over time: served first, on the best terms.
        POTENTIAL: Sound, and worth growing with.
        ORDINARY: Nothing speaks against them, nothing much for them yet.
        RISK: Something speaks against lending more now.

    Example:
        >>> from microcrm_core.tiers import Tier
        >>> [(tier.value, tier.rank) for tier in Tier][-1]
        ('risk', 3)
    """

    HIGH_VALUE = "high_value"
    POTENTIAL = "potential"
    ORDINARY = "ordinary"
    RISK = "risk"

    @property
    def rank(self) -> int:
        """The position from the best, which is 0; also the position in columns."""
        return tuple(Tier).index(self)


@attrs.frozen(kw_only=True)
class TierRule:
    """One way into a tier.

    Attributes:
        id: Name of the rule, within its policy; shown in reasons.
        tier: What a customer gets whom the condition fits.
        condition: What must hold; a rule that is unknown does not decide.
        is_knock_out: Whether it is judged before all rules that are none.

    Example:
        >>> from microcrm_core.rules import compare
        >>> from microcrm_core.tiers import Tier, TierRule
        >>> loyal = compare("repaid_loan_count", ">=", 3)
        >>> TierRule(id="loyal", tier=Tier.HIGH_VALUE, condition=loyal).is_knock_out
        False
    """

    id: str
    tier: Tier
    condition: Condition
    is_knock_out: bool = False


def _field_set(fields: FieldSet | Iterable[Field]) -> FieldSet:
    return fields if isinstance(fields, FieldSet) else FieldSet(fields)


def _rules(rules: Iterable[TierRule]) -> tuple[TierRule, ...]:
    return tuple(rules)


@attrs.frozen(kw_only=True)
class TierPolicy:
    """A lender's rules for the tiers.

    Attributes:
        id: Name of the policy.
        version: The lender's version of it.
        effective_from: First day on which it applies; None for no limit.
        fields: What its conditions may name; the facts of a profile by default.
        rules: At least one; their ids differ.
        default: The tier of a customer for whom no rule holds.
        compiled: The rules' conditions, checked, in the order of the rules.
        judging_order: Positions of the rules in the order in which they are judged.
        field_names: What the conditions name, each once, in the order of the rules.
        ref: Id, version and digest, for decisions.

    Raises:
        PolicyError: A part has the wrong type, there is no rule, an id repeats, or a
            condition does not fit the fields; the error's `field` is the path.

    Example:
        >>> from microcrm_core.tiers.presets import MICRO_LENDER
        >>> MICRO_LENDER.default.value, len(MICRO_LENDER.ref.digest)
        ('ordinary', 64)
    """

    id: str
    version: str
    effective_from: dt.date | None = None
    fields: FieldSet = attrs.field(default=PROFILE_FIELDS, converter=_field_set)
    rules: tuple[TierRule, ...] = attrs.field(converter=_rules)
    default: Tier
    compiled: tuple[CompiledCondition, ...] = attrs.field(
        init=False, eq=False, repr=False
    )
    judging_order: tuple[int, ...] = attrs.field(init=False, eq=False, repr=False)
    field_names: tuple[str, ...] = attrs.field(init=False, eq=False, repr=False)
    ref: PolicyRef = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check every part, compile the conditions, take the digest."""
        plain_text(self.id, "id")
        plain_text(self.version, "version")
        if self.effective_from is not None:
            day("effective_from", self.effective_from)
        _require_tier("default", self.default)
        if not self.rules:
            raise PolicyError("rules", "must not be empty", ())
        _require_rules(self.rules)
        compiled = tuple(
            compile_condition(rule.condition, self.fields, path=f"rules[{i}].condition")
            for i, rule in enumerate(self.rules)
        )
        # Sorting keeps the order among knock-outs and among the others.
        order = sorted(
            range(len(self.rules)), key=lambda i: not self.rules[i].is_knock_out
        )
        names = (name for item in compiled for name in item.field_names)
        object.__setattr__(self, "compiled", compiled)
        object.__setattr__(self, "field_names", tuple(dict.fromkeys(names)))
        object.__setattr__(self, "judging_order", tuple(order))
        content = tier_policy_to_plain(self)
        object.__setattr__(self, "ref", PolicyRef.of(self.id, self.version, content))


def tier_policy_to_plain(policy: TierPolicy) -> Plain:
    """Return *policy* as a JSON object with every part, fields included.

    Example:
        >>> from microcrm_core.tiers import tier_policy_to_plain
        >>> from microcrm_core.tiers.presets import MICRO_LENDER
        >>> sorted(tier_policy_to_plain(MICRO_LENDER))
        ['default', 'effective_from', 'fields', 'id', 'rules', 'version']
    """
    since = policy.effective_from
    return {
        "id": policy.id,
        "version": policy.version,
        "effective_from": None if since is None else since.isoformat(),
        "fields": [field_to_plain(field) for field in policy.fields],
        "rules": [
            {
                "id": rule.id,
                "tier": rule.tier.value,
                "condition": condition_to_plain(rule.condition),
                "is_knock_out": rule.is_knock_out,
            }
            for rule in policy.rules
        ],
        "default": policy.default.value,
    }


def tier_policy_from_plain(plain: object) -> TierPolicy:
    """Return the policy that a JSON object stands for.

    `effective_from` may be left out, as may `fields`, which are then the facts of a
    profile, and a rule's `is_knock_out`, which is then false.

    Args:
        plain: What a JSON parser gave.

    Raises:
        PolicyError: It has another shape, or no valid policy comes of it; the
            error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.tiers import tier_policy_from_plain
        >>> condition = {"field": "days_past_due", "op": ">", "value": 30}
        >>> rule = {"id": "overdue", "tier": "risk", "condition": condition}
        >>> policy = tier_policy_from_plain(
        ...     {"id": "mine", "version": "1", "rules": [rule], "default": "ordinary"}
        ... )
        >>> str(policy.rules[0].condition)
        'days_past_due > 30'
    """
    parts = plain_mapping(
        plain,
        "policy",
        needed=("id", "version", "rules", "default"),
        optional=("effective_from", "fields"),
    )
    since = parts.get("effective_from")
    fields = PROFILE_FIELDS
    if "fields" in parts:
        items = plain_list(parts["fields"], "fields", at_least=1)
        fields = FieldSet(
            field_from_plain(item, path=f"fields[{i}]") for i, item in enumerate(items)
        )
    rules = plain_list(parts["rules"], "rules", at_least=1)
    return TierPolicy(
        id=plain_text(parts["id"], "id"),
        version=plain_text(parts["version"], "version"),
        effective_from=None if since is None else plain_day(since, "effective_from"),
        fields=fields,
        rules=[_rule(rule, f"rules[{i}]") for i, rule in enumerate(rules)],
        default=plain_choice(Tier, parts["default"], "default"),
    )


def _rule(plain: object, path: str) -> TierRule:
    parts = plain_mapping(
        plain, path, needed=("id", "tier", "condition"), optional=("is_knock_out",)
    )
    is_knock_out = parts.get("is_knock_out", False)
    if not isinstance(is_knock_out, bool):
        raise PolicyError(f"{path}.is_knock_out", "must be true or false", is_knock_out)
    return TierRule(
        id=plain_text(parts["id"], f"{path}.id"),
        tier=plain_choice(Tier, parts["tier"], f"{path}.tier"),
        condition=condition_from_plain(parts["condition"], path=f"{path}.condition"),
        is_knock_out=is_knock_out,
    )


def _require_rules(rules: Iterable[object]) -> None:
    seen: set[str] = set()
    for i, rule in enumerate(rules):
        path = f"rules[{i}]"
        if not isinstance(rule, TierRule):
            raise PolicyError(path, "must be a TierRule", rule)
        rule_id = plain_text(rule.id, f"{path}.id")
        if rule_id in seen:
            raise PolicyError(f"{path}.id", "must not repeat", rule_id)
        seen.add(rule_id)
        _require_tier(f"{path}.tier", rule.tier)
        _require_flag(f"{path}.is_knock_out", rule.is_knock_out)


def _require_tier(path: str, value: object) -> None:
    if not isinstance(value, Tier):
        raise PolicyError(path, "must be a Tier", value)


def _require_flag(path: str, value: object) -> None:
    if not isinstance(value, bool):
        raise PolicyError(path, "must be true or false", value)
