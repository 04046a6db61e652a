"""Assigning a tier to one customer, with the reasons.

The first reason is the rule that decided. Then come the conditions behind it, or,
where no rule held, those that keep the customer from the next better tier, the
nearest first. `explain_tier` gives the whole trace instead. `batch` is the twin.

Source:
    At most four specific reasons: 12 CFR 1002.9 (Regulation B), comment 9(b)(2)-1.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.tiers import assign_tier
    >>> from microcrm_core.tiers.presets import MICRO_LENDER
    >>> facts = {"days_past_due": 42, "days_past_due_max_12m": 42}
    >>> decision = assign_tier(MICRO_LENDER, facts, dt.date(2025, 1, 31))
    >>> decision.outcome.value
    'risk'
    >>> decision.explain()[1]
    'days_past_due > 30 holds: the value is 42'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.decisions import Decision, FactValue, Reason
from microcrm_core.rules.evaluate import Evaluation, NodeKind, TraceStep, evaluate
from microcrm_core.rules.fields import RuleFact
from microcrm_core.tiers.policy import Tier, TierPolicy, TierRule

__all__ = ["REASONS_MAX", "RuleTrace", "assign_tier", "explain_tier"]

REASONS_MAX: Final = 4
"""The most reasons that a tier decision gives."""


@attrs.frozen(kw_only=True)
class RuleTrace:
    """What one rule of a policy came to for a customer.

    Attributes:
        rule: The rule.
        outcome: True met, False unmet, None unknown.
        is_deciding: Whether it gave the tier.
        steps: Every condition of it, the whole first.

    Example:
        >>> from microcrm_core.tiers import explain_tier
        >>> from microcrm_core.tiers.presets import MICRO_LENDER
        >>> first = explain_tier(MICRO_LENDER, {"days_past_due": 42})[0]
        >>> first.rule.id, first.outcome, first.is_deciding, first.steps[0].distance
        ('overdue_now', True, True, 12)
    """

    rule: TierRule
    outcome: bool | None
    is_deciding: bool
    steps: tuple[TraceStep, ...]


def assign_tier(
    policy: TierPolicy, facts: Mapping[str, RuleFact], as_of: dt.date
) -> Decision[Tier]:
    """Return the tier of the first rule that is met, or the default, and why.

    Knock-outs are judged first. A rule that is unknown does not decide; where a
    knock-out could not be judged and no knock-out held, one reason says so.

    Args:
        policy: The lender's rules.
        facts: Values by field name; one that is None or absent is not known.
        as_of: The day for which the facts hold.

    Returns:
        The tier with one to four reasons, and of the facts those that the policy's
        conditions name.

    Raises:
        InvalidValueError: A fact is a float or not of its field's kind; or one is
            missing that a condition compares and whose field refuses that.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.tiers import assign_tier
        >>> from microcrm_core.tiers.presets import MICRO_LENDER
        >>> facts = {"days_past_due": 0, "days_past_due_max_12m": 0}
        >>> assign_tier(MICRO_LENDER, facts, dt.date(2025, 1, 31)).outcome.value
        'ordinary'
    """
    evaluations = [evaluate(compiled, facts) for compiled in policy.compiled]
    deciding = _deciding(policy, evaluations)
    if deciding is None:
        tier = policy.default
        first = Reason("tier_default", {"tier": tier.value})
        steps = _nearest_missed(policy, evaluations, tier)
    else:
        rule = policy.rules[deciding]
        tier = rule.tier
        code = "tier_knocked_out" if rule.is_knock_out else "tier_matched"
        first = Reason(code, {"tier": tier.value, "rule": rule.id})
        steps = list(_because(evaluations[deciding], 0))
    unjudged: list[TraceStep] = []
    if deciding is None or not policy.rules[deciding].is_knock_out:
        unjudged = list(_unjudged_knock_outs(policy, evaluations))
    return Decision(
        outcome=tier,
        reasons=(first, *_condition_reasons(steps, unjudged)),
        policy=policy.ref,
        facts={name: _fact(facts.get(name)) for name in policy.field_names},
        as_of=as_of,
    )


def explain_tier(
    policy: TierPolicy, facts: Mapping[str, RuleFact]
) -> tuple[RuleTrace, ...]:
    """Return what every rule came to, in the order in which they are judged.

    Rules after the one that decided are traced too.

    Raises:
        InvalidValueError: As `assign_tier`.

    Example:
        >>> from microcrm_core.tiers import explain_tier
        >>> from microcrm_core.tiers.presets import MICRO_LENDER
        >>> traces = explain_tier(MICRO_LENDER, {"days_past_due": 0})
        >>> len(traces) == len(MICRO_LENDER.rules)
        True
    """
    evaluations = [evaluate(compiled, facts) for compiled in policy.compiled]
    deciding = _deciding(policy, evaluations)
    return tuple(
        RuleTrace(
            rule=policy.rules[i],
            outcome=evaluations[i].outcome,
            is_deciding=i == deciding,
            steps=evaluations[i].trace,
        )
        for i in policy.judging_order
    )


def _deciding(policy: TierPolicy, evaluations: list[Evaluation]) -> int | None:
    for i in policy.judging_order:
        if evaluations[i].outcome:
            return i
    return None


def _condition_reasons(
    steps: list[TraceStep], unjudged: list[TraceStep]
) -> list[Reason]:
    # One place is kept for a knock-out that could not be judged: who reads the
    # decision must know that it may yet change.
    place_count = REASONS_MAX - 1
    kept = _distinct(steps)[: place_count - bool(unjudged)]
    return [_reason(step) for step in _distinct([*kept, *unjudged])[:place_count]]


def _distinct(steps: Iterable[TraceStep]) -> list[TraceStep]:
    return list({step.condition: step for step in steps}.values())


def _reason(step: TraceStep) -> Reason:
    if step.outcome is None:
        return Reason("condition_unknown", {"condition": step.condition})
    code = "condition_met" if step.outcome else "condition_unmet"
    value = _fact(step.value)
    return Reason(code, {"condition": step.condition, "value": value})


def _fact(value: RuleFact) -> FactValue:
    return f"{value:f}" if isinstance(value, Decimal) else value


def _because(evaluation: Evaluation, position: int) -> Iterator[TraceStep]:
    """Yield the single conditions that make a node come to what it did."""
    node = evaluation.compiled.nodes[position]
    if node.is_leaf:
        yield evaluation.step(position)
        return
    # A group that came out against its rule owes that to the parts that did too.
    outcome = evaluation.outcomes[position]
    for child in node.children:
        part = evaluation.outcomes[child]
        if node.kind is NodeKind.NOT or part == outcome:
            yield from _because(evaluation, child)


def _in_the_way(
    evaluation: Evaluation, position: int, *, wanted: bool
) -> Iterator[TraceStep]:
    """Yield the single conditions that keep a node from being *wanted*."""
    node = evaluation.compiled.nodes[position]
    if evaluation.outcomes[position] is wanted:
        return
    if node.is_leaf:
        yield evaluation.step(position)
        return
    if node.kind is NodeKind.NOT:
        wanted = not wanted
    for child in node.children:
        yield from _in_the_way(evaluation, child, wanted=wanted)


def _nearest_missed(
    policy: TierPolicy, evaluations: list[Evaluation], tier: Tier
) -> list[TraceStep]:
    """Return what keeps the customer from the next better tier that has a rule.

    Of its rules the one with the fewest conditions in the way counts.
    """
    better = [rule.tier.rank for rule in policy.rules if rule.tier.rank < tier.rank]
    if not better:
        return []
    candidates = [
        list(_in_the_way(evaluations[i], 0, wanted=True))
        for i in policy.judging_order
        if policy.rules[i].tier.rank == max(better)
    ]
    # The first of the shortest, so that the rules' order breaks the tie.
    nearest = min(candidates, key=len)
    return sorted(nearest, key=_relative_distance)


def _relative_distance(step: TraceStep) -> tuple[int, Fraction]:
    # Fields differ in unit, so distances compare as shares of the threshold, which
    # is the value less the distance. What is not known comes last.
    if step.outcome is None:
        return 2, Fraction(0)
    if not isinstance(step.distance, int | Decimal):
        return 1, Fraction(0)
    assert isinstance(step.value, int | Decimal)  # a distance needs a number
    distance = Fraction(step.distance)
    threshold = abs(Fraction(step.value) - distance)
    return 0, abs(distance) / max(threshold, Fraction(1))


def _unjudged_knock_outs(
    policy: TierPolicy, evaluations: list[Evaluation]
) -> Iterator[TraceStep]:
    for i in policy.judging_order:
        if policy.rules[i].is_knock_out and evaluations[i].outcome is None:
            for step in _in_the_way(evaluations[i], 0, wanted=True):
                if step.outcome is None:
                    yield step
