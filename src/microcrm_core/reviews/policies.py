"""What a review is judged by: four policies, kept and versioned together.

Example:
    >>> from microcrm_core.reviews import REVIEW_BASIC
    >>> REVIEW_BASIC.tiers.id
    'micro-lender'
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Final, cast

import attrs

from microcrm_core.adjustments import (
    DUE_DAY_BASIC,
    DueDayPolicy,
    due_day_policy_from_plain,
    due_day_policy_to_plain,
)
from microcrm_core.customers import (
    PROFILE_BASIC,
    ProfilePolicy,
    profile_policy_from_plain,
    profile_policy_to_plain,
)
from microcrm_core.decisions import PolicyRef
from microcrm_core.errors import PolicyError
from microcrm_core.loyalty import (
    LOYALTY_BASIC,
    PricingPolicy,
    pricing_policy_from_plain,
    pricing_policy_to_plain,
)
from microcrm_core.rules.plain import Plain, plain_mapping
from microcrm_core.tiers import (
    MICRO_LENDER,
    TierPolicy,
    tier_policy_from_plain,
    tier_policy_to_plain,
)

__all__ = [
    "REVIEW_BASIC",
    "ReviewPolicies",
    "parse_review_policies",
    "review_policies_from_plain",
    "review_policies_to_plain",
]

_PARTS: Final = ("profile", "tiers", "due_day", "pricing")
_DIGITS_MAX: Final = 40
_LEVELS_MAX: Final = 100


@attrs.frozen(kw_only=True)
class ReviewPolicies:
    """The policies of a review.

    Attributes:
        profile: How records are read.
        tiers: Who gets which tier.
        due_day: Which due day fits.
        pricing: What a loan costs.

    Example:
        >>> import attrs
        >>> from microcrm_core.customers import PROFILE_BASIC
        >>> from microcrm_core.reviews import REVIEW_BASIC
        >>> with_grace = attrs.evolve(
        ...     REVIEW_BASIC, profile=attrs.evolve(PROFILE_BASIC, grace_days=3)
        ... )
        >>> with_grace == REVIEW_BASIC
        False
    """

    profile: ProfilePolicy
    tiers: TierPolicy
    due_day: DueDayPolicy
    pricing: PricingPolicy

    @property
    def refs(self) -> Mapping[str, PolicyRef]:
        """Id, version and digest of each policy, by the name of the part."""
        return {name: getattr(self, name).ref for name in _PARTS}

    def require_in_effect(self, as_of: dt.date) -> None:
        """Refuse a day on which a policy does not apply yet.

        Raises:
            PolicyError: `effective_from` of a part lies after the day.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core.reviews import REVIEW_BASIC
            >>> REVIEW_BASIC.require_in_effect(dt.date(2025, 6, 30))
        """
        for name in ("tiers", "due_day", "pricing"):
            since: dt.date | None = getattr(self, name).effective_from
            if since is not None and as_of < since:
                rule = f"must not be after the day of the review {as_of}"
                raise PolicyError(f"{name}.effective_from", rule, since)


REVIEW_BASIC: Final = ReviewPolicies(
    profile=PROFILE_BASIC,
    tiers=MICRO_LENDER,
    due_day=DUE_DAY_BASIC,
    pricing=LOYALTY_BASIC,
)
"""The presets of every room. House rules: a lender brings its own."""


def review_policies_to_plain(policies: ReviewPolicies) -> Plain:
    """Return *policies* as a JSON object with every part.

    Example:
        >>> from microcrm_core.reviews import REVIEW_BASIC, review_policies_to_plain
        >>> list(review_policies_to_plain(REVIEW_BASIC))
        ['profile', 'tiers', 'due_day', 'pricing']
    """
    return {
        "profile": profile_policy_to_plain(policies.profile),
        "tiers": tier_policy_to_plain(policies.tiers),
        "due_day": due_day_policy_to_plain(policies.due_day),
        "pricing": pricing_policy_to_plain(policies.pricing),
    }


def review_policies_from_plain(plain: object) -> ReviewPolicies:
    """Return the policies that a JSON object stands for.

    A part that is left out is that of `REVIEW_BASIC`; within a part, each room says
    what may be left out.

    Args:
        plain: What a JSON parser gave.

    Raises:
        PolicyError: It has another shape, or no valid policy comes of a part; the
            error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.reviews import REVIEW_BASIC, review_policies_from_plain
        >>> review_policies_from_plain({}) == REVIEW_BASIC
        True
    """
    parts = plain_mapping(plain, "policies", needed=(), optional=_PARTS)
    policies = REVIEW_BASIC
    if "profile" in parts:
        profile = profile_policy_from_plain(parts["profile"], path="profile")
        policies = attrs.evolve(policies, profile=profile)
    if "tiers" in parts:
        policies = attrs.evolve(policies, tiers=_tiers(parts["tiers"]))
    if "due_day" in parts:
        due_day = due_day_policy_from_plain(parts["due_day"], path="due_day")
        policies = attrs.evolve(policies, due_day=due_day)
    if "pricing" in parts:
        pricing = pricing_policy_from_plain(parts["pricing"], path="pricing")
        policies = attrs.evolve(policies, pricing=pricing)
    return policies


def parse_review_policies(text: str) -> ReviewPolicies:
    """Return the policies that a JSON text stands for.

    Nothing in the text is run or looked up as code. Floats, numbers of more than 40
    digits, more than 100 levels, keys that stand twice and texts that are no JSON are
    refused.

    Raises:
        PolicyError: As `review_policies_from_plain`, or the text is no such JSON.

    Example:
        >>> from microcrm_core.reviews import REVIEW_BASIC, parse_review_policies
        >>> parse_review_policies("{}") == REVIEW_BASIC
        True
    """
    try:
        plain = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_float,
            parse_int=_whole,
        )
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise PolicyError("policies", "must be JSON", where) from None
    _require_levels(plain)
    return review_policies_from_plain(plain)


def _tiers(plain: object) -> TierPolicy:
    try:
        return tier_policy_from_plain(plain)
    except PolicyError as error:
        where = f"tiers.{error.field.removeprefix('policy.')}"
        raise PolicyError(where, error.rule, error.value, hint=error.hint) from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    parts: dict[str, object] = {}
    for key, value in pairs:
        if key in parts:
            raise PolicyError("policies", "must not have a key twice", key)
        parts[key] = value
    return parts


def _require_levels(plain: object) -> None:
    # Far from what Python can nest: what reads the parts and shows faults recurses.
    level = [plain]
    for _ in range(_LEVELS_MAX):
        level = [part for one in level for part in _inner(one)]
        if not level:
            return
    raise _too_deep()


def _inner(plain: object) -> Iterable[object]:
    if isinstance(plain, dict):
        return cast("dict[str, object]", plain).values()
    return cast("list[object]", plain) if isinstance(plain, list) else ()


def _too_deep() -> PolicyError:
    rule = f"must have at most {_LEVELS_MAX} levels"
    return PolicyError("policies", rule, "more")


def _whole(text: str) -> int:
    # Python raises an error of its own at some thousand digits.
    if len(text) > _DIGITS_MAX:
        rule = f"must have numbers of at most {_DIGITS_MAX} digits"
        raise PolicyError("policies", rule, len(text))
    return int(text)


def _no_float(text: str) -> object:
    raise PolicyError("policies", "must have exact numbers", text)
