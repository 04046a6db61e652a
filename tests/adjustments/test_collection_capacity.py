"""Capacities: room by day, what is refused, and the JSON form."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, cast

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, PolicyError
from microcrm_core.adjustments import (
    COLLECTIONS_EVEN,
    COLLECTIONS_LOOSE,
    COLLECTIONS_WORKING_WEEK,
    CollectionCapacity,
    CollectionCycle,
    collection_capacity_from_plain,
    collection_capacity_to_plain,
)

PRESETS = (COLLECTIONS_EVEN, COLLECTIONS_LOOSE, COLLECTIONS_WORKING_WEEK)


@pytest.mark.parametrize("preset", PRESETS)
@given(loan_count=st.integers(0, 10**9))
def test_a_preset_has_room_for_every_portfolio(
    preset: CollectionCapacity, loan_count: int
) -> None:
    assert sum(preset.room_by_day(loan_count)) >= loan_count


def test_a_share_is_rounded_up_to_a_whole_loan() -> None:
    # 44,643 ppm of 28 loans are 1.250004.
    assert COLLECTIONS_EVEN.room_by_day(28)[:2] == (2, 2)
    assert COLLECTIONS_EVEN.room_by_day(0) == (0,) * 31


def test_the_lower_of_share_and_count_holds() -> None:
    limits = (3, 90, None, *(0,) * 4)
    ours = attrs.evolve(COLLECTIONS_WORKING_WEEK, loan_count_max_by_day=limits)

    assert ours.room_by_day(100) == (3, 25, 25, 0, 0, 0, 0)


def test_without_limits_a_day_takes_all_loans() -> None:
    free = attrs.evolve(
        COLLECTIONS_WORKING_WEEK,
        loan_count_max_by_day=[None] * 7,
        loan_share_ppm_max=None,
    )

    assert free.room_by_day(5) == (5,) * 7


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("loan_count_max_by_day", (1,) * 6, "must have 7 values"),
        ("loan_count_max_by_day", (1,) * 6 + (-1,), "of day 7 must not be"),
        ("loan_share_ppm_max", 0, "must be"),
        ("loan_share_ppm_max", 1_000_001, "must be"),
        ("cycle", "week", "must be a CollectionCycle"),
    ],
)
def test_bad_parts_are_refused_by_name(field: str, value: object, message: str) -> None:
    with pytest.raises(PolicyError, match=message) as caught:
        attrs.evolve(COLLECTIONS_WORKING_WEEK, **cast("dict[str, Any]", {field: value}))

    assert caught.value.field.startswith(field)


def test_a_portfolio_has_no_negative_number_of_loans() -> None:
    with pytest.raises(InvalidValueError, match="loan_count"):
        COLLECTIONS_EVEN.room_by_day(-1)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_json_form_comes_back(preset: CollectionCapacity) -> None:
    dated = attrs.evolve(preset, effective_from=dt.date(2025, 1, 1))

    for capacity in (preset, dated):
        text = json.dumps(collection_capacity_to_plain(capacity))
        back = collection_capacity_from_plain(json.loads(text))
        assert back == capacity
        assert back.ref == capacity.ref


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("cycle", "year", "capacity.cycle"),
        ("loan_count_max_by_day", 5, "capacity.loan_count_max_by_day"),
        ("loan_count_max_by_day", [1.5] * 7, "capacity.loan_count_max_by_day"),
        ("loan_share_ppm_max", 0.5, "capacity.loan_share_ppm_max"),
        ("id", "", "capacity.id"),
        ("extra", 1, "capacity"),
    ],
)
def test_a_bad_json_form_is_refused_with_its_path(
    key: str, value: object, field: str
) -> None:
    plain = {**collection_capacity_to_plain(COLLECTIONS_WORKING_WEEK), key: value}

    with pytest.raises(PolicyError) as caught:
        collection_capacity_from_plain(plain)

    assert caught.value.field.startswith(field)


def test_weeks_have_seven_days() -> None:
    assert CollectionCycle.WEEK.day_count == 7


def test_the_lower_of_share_and_amount_holds() -> None:
    ours = attrs.evolve(
        COLLECTIONS_WORKING_WEEK,
        amount_minor_max_by_day=(30, None, 500, 0, None, None, None),
        amount_share_ppm_max=250_001,
    )

    # 250,001 ppm of 1000 are 250.001, rounded up.
    assert ours.amount_room_by_day(1000) == (30, 251, 251, 0, 251, 251, 251)
    assert ours.has_amount_limits
    assert not COLLECTIONS_EVEN.has_amount_limits
    assert COLLECTIONS_EVEN.amount_room_by_day(7) == (7,) * 31


def test_limits_of_amounts_survive_json_and_others_keep_their_form() -> None:
    ours = attrs.evolve(
        COLLECTIONS_WORKING_WEEK,
        id="ours",
        amount_minor_max_by_day=[30, None, 500, 0, None, None, None],
        amount_share_ppm_max=250_000,
    )

    plain = json.loads(json.dumps(collection_capacity_to_plain(ours)))

    assert collection_capacity_from_plain(plain) == ours
    assert not {"amount_minor_max_by_day", "amount_share_ppm_max"} & set(
        collection_capacity_to_plain(COLLECTIONS_WORKING_WEEK)
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount_minor_max_by_day": (1, 2)}, "must have 7 values"),
        ({"amount_minor_max_by_day": (-1,) * 7}, "of day 1 must not be negative"),
        ({"amount_share_ppm_max": 0}, "amount_share_ppm_max must be"),
    ],
)
def test_limits_of_amounts_out_of_bounds_are_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PolicyError, match=message):
        attrs.evolve(COLLECTIONS_WORKING_WEEK, **changes)
