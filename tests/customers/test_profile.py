from __future__ import annotations

import attrs
import pytest

from microcrm_core import InvalidValueError, PolicyError
from microcrm_core.customers import PROFILE_BASIC
from microcrm_core.loans import STRICT


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("grace_days", -1),
        ("balance_quantile_ppm", 0),
        ("balance_quantile_ppm", 1_000_001),
        ("history_months", 0),
        ("version", ""),
    ],
)
def test_a_policy_that_breaks_a_rule_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidValueError) as refused:
        attrs.evolve(PROFILE_BASIC, **{field: value})  # type: ignore[arg-type] # wrong on purpose

    assert refused.value.field == field


def test_conventions_are_given_as_such_and_not_by_name() -> None:
    with pytest.raises(PolicyError, match="conventions must be ScheduleConventions"):
        attrs.evolve(PROFILE_BASIC, conventions="strict")  # type: ignore[arg-type] # wrong on purpose


def test_a_changed_policy_has_another_digest() -> None:
    lenient = attrs.evolve(PROFILE_BASIC, grace_days=3)

    assert lenient.ref.digest != PROFILE_BASIC.ref.digest
    assert PROFILE_BASIC.ref.id == "profile-basic"
    assert PROFILE_BASIC.conventions is STRICT
