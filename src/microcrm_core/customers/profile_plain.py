"""The profile policy as a JSON object, and back: strict, with the path to a fault.

The form is of version 2, which names how loans are kept. Forms without a version are
older: they know no ledger, and mean `PLAIN_LEDGER`.

Example:
    >>> from microcrm_core.customers import PROFILE_BASIC, profile_policy_to_plain
    >>> profile_policy_to_plain(PROFILE_BASIC)["conventions"]["day_count"]
    'ACT/365F'
"""

from __future__ import annotations

from typing import Final

from microcrm_core.checks import name_text, whole_number
from microcrm_core.customers.profile import ProfilePolicy
from microcrm_core.errors import PolicyError
from microcrm_core.ids import PolicyId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    ledger_policy_from_plain,
    ledger_policy_to_plain,
)
from microcrm_core.loans.conventions_plain import (
    conventions_from_plain,
    conventions_to_plain,
)
from microcrm_core.loans.plain_values import plain_whole
from microcrm_core.rules.plain import Plain, faults_below, plain_mapping

__all__ = ["profile_policy_from_plain", "profile_policy_to_plain"]

_SCHEMA_VERSION: Final = 2
_FIRST_VERSION: Final = 1
_NEEDED: Final = (
    "id", "version", "conventions", "grace_days", "balance_quantile_ppm",
    "history_months",
)  # fmt: skip


def profile_policy_to_plain(policy: ProfilePolicy) -> Plain:
    """Return *policy* as a JSON object.

    Example:
        >>> from microcrm_core.customers import PROFILE_BASIC, profile_policy_to_plain
        >>> profile_policy_to_plain(PROFILE_BASIC)["grace_days"]
        0
    """
    return {
        "schema_version": _SCHEMA_VERSION,
        "id": policy.id,
        "version": policy.version,
        "conventions": conventions_to_plain(policy.conventions),
        "ledger": ledger_policy_to_plain(policy.ledger),
        "grace_days": policy.grace_days,
        "balance_quantile_ppm": policy.balance_quantile_ppm,
        "history_months": policy.history_months,
    }


def profile_policy_from_plain(plain: object, *, path: str = "policy") -> ProfilePolicy:
    """Return the policy that a JSON object stands for; every key must be there.

    In its conventions only `id`, `day_count`, `rounding` and `roll` must be, in its
    ledger only `id` and `allocation`. Without `schema_version`, or with 1, it is of the
    form before there was a ledger, and has no such key.

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
    has_ledger = _schema_version(plain, path) == _SCHEMA_VERSION
    parts = plain_mapping(
        plain,
        path,
        needed=(*_NEEDED, "ledger") if has_ledger else _NEEDED,
        optional=("schema_version",),
    )
    where = f"{path}.conventions"
    conventions = conventions_from_plain(parts["conventions"], path=where)
    ledger = PLAIN_LEDGER
    if has_ledger:
        ledger = ledger_policy_from_plain(parts["ledger"], path=f"{path}.ledger")
    months = parts["history_months"]
    with faults_below(path):
        return ProfilePolicy(
            id=PolicyId(name_text("id", parts["id"])),
            version=name_text("version", parts["version"]),
            conventions=conventions,
            ledger=ledger,
            grace_days=whole_number("grace_days", parts["grace_days"]),
            balance_quantile_ppm=whole_number(
                "balance_quantile_ppm", parts["balance_quantile_ppm"]
            ),
            history_months=(
                None if months is None else whole_number("history_months", months)
            ),
        )


def _schema_version(plain: object, path: str) -> int:
    optional = (*_NEEDED, "ledger", "schema_version")
    parts = plain_mapping(plain, path, needed=(), optional=optional)
    where = f"{path}.schema_version"
    version = plain_whole(parts.get("schema_version", _FIRST_VERSION), where)
    if version not in (_FIRST_VERSION, _SCHEMA_VERSION):
        rule = f"must be {_FIRST_VERSION} or {_SCHEMA_VERSION}"
        hint = "read it with the version of this library that wrote it"
        raise PolicyError(where, rule, version, hint=hint)
    return version
