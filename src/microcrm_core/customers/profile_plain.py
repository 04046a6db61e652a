"""The profile policy as a JSON object, and back: strict, with the path to a fault.

Example:
    >>> from microcrm_core.customers import PROFILE_BASIC, profile_policy_to_plain
    >>> profile_policy_to_plain(PROFILE_BASIC)["conventions"]["day_count"]
    'ACT/365F'
"""

from __future__ import annotations

from microcrm_core.checks import name_text, whole_number
from microcrm_core.customers.profile import ProfilePolicy
from microcrm_core.ids import PolicyId
from microcrm_core.loans.conventions_plain import (
    conventions_from_plain,
    conventions_to_plain,
)
from microcrm_core.rules.plain import Plain, faults_below, plain_mapping

__all__ = ["profile_policy_from_plain", "profile_policy_to_plain"]


def profile_policy_to_plain(policy: ProfilePolicy) -> Plain:
    """Return *policy* as a JSON object.

    Example:
        >>> from microcrm_core.customers import PROFILE_BASIC, profile_policy_to_plain
        >>> profile_policy_to_plain(PROFILE_BASIC)["grace_days"]
        0
    """
    return {
        "id": policy.id,
        "version": policy.version,
        "conventions": conventions_to_plain(policy.conventions),
        "grace_days": policy.grace_days,
        "balance_quantile_ppm": policy.balance_quantile_ppm,
        "history_months": policy.history_months,
    }


def profile_policy_from_plain(plain: object, *, path: str = "policy") -> ProfilePolicy:
    """Return the policy that a JSON object stands for; every key must be there.

    In its conventions only `id`, `day_count`, `rounding` and `roll` must be.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape, a float, or no valid policy comes of it;
            the error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.customers import (
        ...     PROFILE_BASIC, profile_policy_from_plain, profile_policy_to_plain
        ... )
        >>> plain = profile_policy_to_plain(PROFILE_BASIC)
        >>> profile_policy_from_plain(plain) == PROFILE_BASIC
        True
    """
    parts = plain_mapping(
        plain,
        path,
        needed=(
            "id",
            "version",
            "conventions",
            "grace_days",
            "balance_quantile_ppm",
            "history_months",
        ),
    )
    where = f"{path}.conventions"
    conventions = conventions_from_plain(parts["conventions"], path=where)
    months = parts["history_months"]
    with faults_below(path):
        return ProfilePolicy(
            id=PolicyId(name_text("id", parts["id"])),
            version=name_text("version", parts["version"]),
            conventions=conventions,
            grace_days=whole_number("grace_days", parts["grace_days"]),
            balance_quantile_ppm=whole_number(
                "balance_quantile_ppm", parts["balance_quantile_ppm"]
            ),
            history_months=(
                None if months is None else whole_number("history_months", months)
            ),
        )
