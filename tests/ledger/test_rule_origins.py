from __future__ import annotations

import datetime as dt

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.ledger.rule_origins import DayLimit, RuleOrigin, SourceStatus

ORIGIN = RuleOrigin(
    id="rule",
    version="1",
    source="a house rule",
    status=SourceStatus.HOUSE,
    effective_from=dt.date(2024, 1, 1),
    effective_until=dt.date(2025, 1, 1),
)


@pytest.mark.parametrize(
    ("on", "is_in_force"),
    [
        (dt.date(2023, 12, 31), False),
        (dt.date(2024, 1, 1), True),
        (dt.date(2024, 12, 31), True),
        (dt.date(2025, 1, 1), False),
    ],
)
def test_a_rule_is_in_force_from_its_first_day_and_before_its_last(
    on: dt.date, *, is_in_force: bool
) -> None:
    assert ORIGIN.is_in_force(on) is is_in_force
    if not is_in_force:
        with pytest.raises(PolicyError, match="from 2024-01-01 until 2025-01-01"):
            ORIGIN.require_in_force(on)


def test_a_rule_without_dates_is_always_in_force() -> None:
    always = attrs.evolve(ORIGIN, effective_from=None, effective_until=None)

    always.require_in_force(dt.date.min)
    always.require_in_force(dt.date.max)


def test_dates_that_cross_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="effective_until must be after"):
        attrs.evolve(ORIGIN, effective_until=dt.date(2024, 1, 1))


@given(days=st.integers(0, 500), limit=st.integers(0, 400), is_included=st.booleans())
def test_a_limit_is_reached_on_its_day_or_after_it(
    days: int, limit: int, *, is_included: bool
) -> None:
    found = DayLimit(limit, is_included=is_included)

    assert found.is_reached(days) == (days >= limit if is_included else days > limit)


def test_the_content_of_a_policy_is_in_its_digest() -> None:
    assert ORIGIN.ref({"days": 1}).digest != ORIGIN.ref({"days": 2}).digest
