"""Adjustment policies as plain JSON values, and back: strict, with paths to faults.

A lender keeps his policies beside his loans, so that what was granted can be judged by
the rules that held on the day. Parts of a rule that are left out have the defaults of
`AdjustmentRule`, which do not limit; the parts of a policy must be there, except for
the days on which it begins and ends to apply.

Example:
    >>> from microcrm_core.adjustments import (
    ...     ADJUSTMENTS_STANDARD, adjustment_policy_from_plain
    ... )
    >>> plain = ADJUSTMENTS_STANDARD.to_plain()
    >>> plain["rules"]["change_due_day"]["move_days_max"]
    15
    >>> adjustment_policy_from_plain(plain) == ADJUSTMENTS_STANDARD
    True
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import attrs

from microcrm_core.adjustments.adjustment_policies import (
    AbsorbedBy,
    AdjustmentPolicy,
    AdjustmentRule,
    ForbearanceRule,
)
from microcrm_core.adjustments.requests import AdjustmentKind
from microcrm_core.loans import RateMeasure
from microcrm_core.loans.plain_values import plain_flag, plain_whole
from microcrm_core.rules.plain import (
    Plain,
    faults_below,
    plain_choice,
    plain_day,
    plain_mapping,
    plain_text,
)

__all__ = ["adjustment_policy_from_plain", "adjustment_policy_to_plain"]

_NEEDED: Final = (
    "id", "version", "rules", "yearly_max", "difficulty_days", "absorbed_by",
    "cost_measure", "valid_days",
)  # fmt: skip
_FLAGS: Final = frozenset({"is_offered", "needs_approval", "may_lower_days_past_due"})


def adjustment_policy_to_plain(policy: AdjustmentPolicy) -> Plain:
    """Return *policy* as a JSON object with every part.

    Example:
        >>> from microcrm_core.adjustments import ADJUSTMENTS_STRICT
        >>> from microcrm_core.adjustments import adjustment_policy_to_plain
        >>> adjustment_policy_to_plain(ADJUSTMENTS_STRICT)["yearly_max"]
        1
    """
    return policy.to_plain()


def adjustment_policy_from_plain(
    plain: object, *, path: str = "policy"
) -> AdjustmentPolicy:
    """Return the policy that a JSON object stands for.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape, or no valid policy comes of it; the error's
            `field` is the path to the fault.

    Example:
        >>> from microcrm_core.adjustments import ADJUSTMENTS_LENIENT
        >>> from microcrm_core.adjustments import adjustment_policy_from_plain
        >>> plain = ADJUSTMENTS_LENIENT.to_plain()
        >>> adjustment_policy_from_plain(plain).ref == ADJUSTMENTS_LENIENT.ref
        True
    """
    parts = plain_mapping(
        plain, path, needed=_NEEDED, optional=("effective_from", "effective_until")
    )
    kinds = [kind.value for kind in AdjustmentKind]
    where = f"{path}.rules"
    rules = plain_mapping(parts["rules"], where, needed=(), optional=kinds)
    since, until = parts.get("effective_from"), parts.get("effective_until")
    with faults_below(path):
        return AdjustmentPolicy(
            id=plain_text(parts["id"], f"{path}.id"),
            version=plain_text(parts["version"], f"{path}.version"),
            effective_from=_day_or_none(since, f"{path}.effective_from"),
            effective_until=_day_or_none(until, f"{path}.effective_until"),
            rules={
                AdjustmentKind(name): _rule(rule, f"{where}.{name}")
                for name, rule in rules.items()
            },
            yearly_max=_whole_or_none(parts["yearly_max"], f"{path}.yearly_max"),
            difficulty_days=_whole_or_none(
                parts["difficulty_days"], f"{path}.difficulty_days"
            ),
            absorbed_by=plain_choice(
                AbsorbedBy, parts["absorbed_by"], f"{path}.absorbed_by"
            ),
            cost_measure=plain_choice(
                RateMeasure, parts["cost_measure"], f"{path}.cost_measure"
            ),
            valid_days=plain_whole(parts["valid_days"], f"{path}.valid_days"),
        )


def _rule(plain: object, path: str) -> AdjustmentRule:
    fields = {field.name: field for field in attrs.fields(AdjustmentRule)}
    parts = plain_mapping(plain, path, needed=(), optional=tuple(fields))
    values: dict[str, Any] = {}
    for name, value in parts.items():
        where = f"{path}.{name}"
        if name == "forbearance":
            values[name] = plain_choice(ForbearanceRule, value, where)
        elif name in _FLAGS:
            values[name] = plain_flag(value, where)
        elif fields[name].default is None:
            values[name] = _whole_or_none(value, where)
        else:
            values[name] = plain_whole(value, where)
    with faults_below(path):
        return AdjustmentRule(**values)


def _whole_or_none(value: object, path: str) -> int | None:
    return None if value is None else plain_whole(value, path)


def _day_or_none(value: object, path: str) -> dt.date | None:
    return None if value is None else plain_day(value, path)
