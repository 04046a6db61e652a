"""Adjustment policies: which changes of a loan a lender makes, and for whom.

Making a loan easier helps a customer over a bad month; making it easier again and again
hides that the loan is not repaid. So a lender declares how often, how far, how early in
a loan and how late in arrears each kind of request may be granted, which ones somebody
must approve, and which ones count as forbearance: a concession to a customer who is in
financial difficulty. `adjustment_presets` has three policies to begin with.

Example:
    >>> from microcrm_core.adjustments import ADJUSTMENTS_STANDARD, AdjustmentKind
    >>> ADJUSTMENTS_STANDARD.rule_of(AdjustmentKind.CHANGE_DUE_DAY).move_days_max
    15
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, cast

import attrs

from microcrm_core.adjustments.date_requests import DAYS_MAX
from microcrm_core.adjustments.requests import AdjustmentKind
from microcrm_core.checks import (
    day,
    day_field,
    kind_field,
    name_text_field,
    whole_number_field,
)
from microcrm_core.decisions import PolicyRef
from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.loans import RateMeasure
from microcrm_core.rules.plain import Plain

__all__ = [
    "COUNT_MAX",
    "VALID_DAYS_MAX",
    "AbsorbedBy",
    "AdjustmentPolicy",
    "AdjustmentRule",
    "ForbearanceRule",
]

COUNT_MAX: Final = 1_200
"""The highest count that a rule may have as a limit."""

VALID_DAYS_MAX: Final = 366
"""The most days for which a quote may hold."""


class AbsorbedBy(StrEnum):
    """What changes when other dates, or another rate, change the interest.

    Attributes:
        LEVEL: Every installment to come, alike.
        LAST_INSTALLMENT: The last one alone; the others stay as they are.
        INSTALLMENT_COUNT: How many there are; the others stay as they are.

    Example:
        >>> from microcrm_core.adjustments import AbsorbedBy
        >>> AbsorbedBy.LAST_INSTALLMENT.value
        'last_installment'
    """

    LEVEL = "level"
    LAST_INSTALLMENT = "last_installment"
    INSTALLMENT_COUNT = "installment_count"


class ForbearanceRule(StrEnum):
    """When a request that is granted counts as forbearance.

    Attributes:
        NEVER: It is no concession, such as money that is paid early.
        IN_DIFFICULTY: Where the customer is in financial difficulty, or fewer days past
            due come of it.
        ALWAYS: Whoever asks for it is taken to be in difficulty.

    Example:
        >>> from microcrm_core.adjustments import ForbearanceRule
        >>> rule = ForbearanceRule.IN_DIFFICULTY
        >>> rule.applies(is_in_difficulty=True), rule.applies(is_in_difficulty=False)
        (True, False)
    """

    NEVER = "never"
    IN_DIFFICULTY = "in_difficulty"
    ALWAYS = "always"

    def applies(self, *, is_in_difficulty: bool) -> bool:
        """Return whether it counts for such a customer."""
        if self is ForbearanceRule.IN_DIFFICULTY:
            return is_in_difficulty
        return self is ForbearanceRule.ALWAYS


def _limit(at_least: int, at_most: int) -> Callable[..., None]:
    whole = whole_number_field(at_least=at_least, at_most=at_most)
    return attrs.validators.optional(whole)


@attrs.frozen(kw_only=True)
class AdjustmentRule:
    """When one kind of request is granted. A limit that is None does not limit.

    Attributes:
        is_offered: Whether it is granted at all.
        yearly_max: How many of this kind in the twelve months up to the day, this one
            included; what was agreed on one day counts once. 1 or more. Of `Prepay` it
            limits nothing, since no event tells money that is early from a repayment.
        seasoning_days_min: Days since the first disbursement that it needs.
        paid_count_min: Installments that it needs to be settled.
        days_past_due_max: From more days past due on it is refused.
        move_days_max: How far, in days, any due date may move, earlier or later, by
            another due day or a shift; by other requests, how far the last one may.
        added_count_max: How many installments, or periods of a holiday, may be added.
        needs_approval: Whether somebody must approve it.
        forbearance: When it counts as forbearance.
        may_lower_days_past_due: Whether fewer days past due may come of it. If not, a
            request of which they would come is refused.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core.adjustments import AdjustmentRule
        >>> rule = AdjustmentRule(yearly_max=2, days_past_due_max=30)
        >>> rule.move_days_max is None, rule.forbearance.value
        (True, 'in_difficulty')
    """

    is_offered: bool = attrs.field(default=True, validator=kind_field(bool))
    yearly_max: int | None = attrs.field(default=None, validator=_limit(1, COUNT_MAX))
    seasoning_days_min: int = attrs.field(
        default=0, validator=whole_number_field(at_least=0, at_most=DAYS_MAX)
    )
    paid_count_min: int = attrs.field(
        default=0, validator=whole_number_field(at_least=0, at_most=COUNT_MAX)
    )
    days_past_due_max: int | None = attrs.field(
        default=None, validator=_limit(0, DAYS_MAX)
    )
    move_days_max: int | None = attrs.field(default=None, validator=_limit(0, DAYS_MAX))
    added_count_max: int | None = attrs.field(
        default=None, validator=_limit(0, COUNT_MAX)
    )
    needs_approval: bool = attrs.field(default=False, validator=kind_field(bool))
    forbearance: ForbearanceRule = attrs.field(
        default=ForbearanceRule.IN_DIFFICULTY, validator=kind_field(ForbearanceRule)
    )
    may_lower_days_past_due: bool = attrs.field(
        default=False, validator=kind_field(bool)
    )

    def to_plain(self) -> Plain:
        """Return the rule as a JSON object with every part."""
        return {
            field.name: value.value if isinstance(value, StrEnum) else value
            for field in attrs.fields(AdjustmentRule)
            for value in [getattr(self, field.name)]
        }


def _rules(value: object) -> Mapping[AdjustmentKind, AdjustmentRule]:
    rule = "must map an AdjustmentKind to an AdjustmentRule"
    if not isinstance(value, Mapping):
        raise InvalidValueError("rules", rule, value)
    found: dict[AdjustmentKind, AdjustmentRule] = {}
    for kind, one in cast("Mapping[object, object]", value).items():
        if not isinstance(kind, AdjustmentKind) or not isinstance(one, AdjustmentRule):
            raise InvalidValueError("rules", rule, kind)
        found[kind] = one
    # In one order, whatever the order in which they were given.
    return MappingProxyType(
        {kind: found[kind] for kind in AdjustmentKind if kind in found}
    )


@attrs.frozen(kw_only=True)
class AdjustmentPolicy:
    """What a lender grants, how it is worked out, and for how long a quote holds.

    Attributes:
        id: Name of the policy.
        version: The lender's version of it.
        effective_from: First day on which it applies; None: no limit.
        effective_until: First day on which it no longer does; None: no limit.
        rules: The rule of each kind; a kind without one is not offered.
        yearly_max: How many adjustments of all kinds in the twelve months up to the
            day, this one included; what was agreed on one day counts once, and money
            that was paid early does not count. 1 or more; None: no limit.
        difficulty_days: Days past due from which a customer is taken to be in financial
            difficulty where the caller does not say; 1 or more. None: days past due
            alone never tell.
        absorbed_by: What changes when dates or a rate change the interest.
        cost_measure: How the cost of credit before and after is stated.
        valid_days: Days after its own for which a quote holds, 0 to 366.

    Raises:
        InvalidValueError: A field breaks its rule.
        PolicyError: Days cross. Or a rule lowers days past due and never counts as
            forbearance, so that arrears vanish from both counts; only money that is
            paid early may do so.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments import ADJUSTMENTS_STANDARD, AbsorbedBy
        >>> ours = attrs.evolve(
        ...     ADJUSTMENTS_STANDARD, id="ours", absorbed_by=AbsorbedBy.LAST_INSTALLMENT
        ... )
        >>> ours.ref.id, ours.ref.digest == ADJUSTMENTS_STANDARD.ref.digest
        ('ours', False)
    """

    id: str = attrs.field(validator=name_text_field)
    version: str = attrs.field(validator=name_text_field)
    effective_from: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )
    effective_until: dt.date | None = attrs.field(
        default=None, validator=attrs.validators.optional(day_field)
    )
    rules: Mapping[AdjustmentKind, AdjustmentRule] = attrs.field(converter=_rules)
    yearly_max: int | None = attrs.field(validator=_limit(1, COUNT_MAX))
    difficulty_days: int | None = attrs.field(validator=_limit(1, DAYS_MAX))
    absorbed_by: AbsorbedBy = attrs.field(validator=kind_field(AbsorbedBy))
    cost_measure: RateMeasure = attrs.field(validator=kind_field(RateMeasure))
    valid_days: int = attrs.field(
        validator=whole_number_field(at_least=0, at_most=VALID_DAYS_MAX)
    )
    ref: PolicyRef = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Refuse rules that contradict each other, and take the digest."""
        since, until = self.effective_from, self.effective_until
        if since is not None and until is not None and until <= since:
            rule = f"must be after effective_from {since}"
            raise PolicyError("effective_until", rule, until)
        for kind, one in self.rules.items():
            is_hidden = one.forbearance is ForbearanceRule.NEVER
            is_paid = kind is AdjustmentKind.PREPAY
            if one.may_lower_days_past_due and is_hidden and not is_paid:
                path = f"rules.{kind.value}.forbearance"
                rule = "must not be never where may_lower_days_past_due is true"
                raise PolicyError(path, rule, one.forbearance.value)
        ref = PolicyRef.of(self.id, self.version, self.to_plain())
        object.__setattr__(self, "ref", ref)

    def __hash__(self) -> int:
        """Hash by content; the rules are a read-only mapping."""
        return hash(self.ref)

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive a trip between processes."""
        fields = [field for field in attrs.fields(AdjustmentPolicy) if field.init]
        parts = {field.name: getattr(self, field.name) for field in fields}
        return _policy, ({**parts, "rules": dict(self.rules)},)

    def rule_of(self, kind: AdjustmentKind) -> AdjustmentRule | None:
        """Return the rule of *kind*; None where it is not offered."""
        rule = self.rules.get(kind)
        return rule if rule is not None and rule.is_offered else None

    def presumes_difficulty(self, days_past_due: int) -> bool:
        """Return whether so many days past due tell of financial difficulty."""
        days = self.difficulty_days
        return days is not None and days_past_due >= days

    def require_in_effect(self, as_of: dt.date) -> None:
        """Refuse a day on which the policy does not apply.

        Raises:
            PolicyError: It applies from a later day on, or no longer.
        """
        day("as_of", as_of)
        since, until = self.effective_from, self.effective_until
        if since is not None and as_of < since:
            raise PolicyError("effective_from", f"must be {as_of} or before", since)
        if until is not None and as_of >= until:
            raise PolicyError("effective_until", f"must be after {as_of}", until)

    def to_plain(self) -> Plain:
        """Return the policy as a JSON object with every part."""
        since, until = self.effective_from, self.effective_until
        return {
            "id": self.id,
            "version": self.version,
            "effective_from": None if since is None else since.isoformat(),
            "effective_until": None if until is None else until.isoformat(),
            "rules": {kind.value: self.rules[kind].to_plain() for kind in self.rules},
            "yearly_max": self.yearly_max,
            "difficulty_days": self.difficulty_days,
            "absorbed_by": self.absorbed_by.value,
            "cost_measure": self.cost_measure.value,
            "valid_days": self.valid_days,
        }


def _policy(parts: dict[str, Any]) -> AdjustmentPolicy:
    return AdjustmentPolicy(**parts)
