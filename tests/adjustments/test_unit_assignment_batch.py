"""Cheapest assignments against every assignment, and against their own prices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.adjustments.unit_assignment_batch import (
    COST_MAX,
    UnitAssignment,
    assign_units,
)
from microcrm_core.batch import UNKNOWN, Int64s

# Few different costs, so that most assignments tie.
cost_of_one = st.just(UNKNOWN) | st.integers(-2, 2)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Int64s, Int64s]:
    places = draw(st.integers(1, 4))
    one_row = st.lists(cost_of_one, min_size=places, max_size=places).filter(
        lambda row: set(row) != {UNKNOWN}
    )
    rows = draw(st.lists(one_row, min_size=1, max_size=5))
    room = draw(st.lists(st.integers(0, 3), min_size=places, max_size=places))
    return np.array(rows, np.int64), np.array(room, np.int64)


def least_sum(cost: Int64s, room: Int64s) -> int | None:
    """Return the least sum of all assignments; None where there is none."""
    sums = [
        sum(row[place] for row, place in zip(cost.tolist(), places, strict=True))
        for places in itertools.product(range(room.size), repeat=cost.shape[0])
        if all(places.count(place) <= room[place] for place in range(room.size))
        and all(
            row[place] != UNKNOWN
            for row, place in zip(cost.tolist(), places, strict=True)
        )
    ]
    return min(sums, default=None)


def sum_of(cost: Int64s, found: UnitAssignment) -> int:
    return int(cost[np.arange(cost.shape[0]), found.choice].sum())


def bound_of(cost: Int64s, room: Int64s, price: Int64s) -> int:
    """Return what no assignment can cost less than, whatever the prices are."""
    priced = np.where(cost == UNKNOWN, 2**60, cost) + price
    return int(priced.min(axis=1).sum() - (price * room).sum())


@given(problem=problems())
def test_the_sum_is_the_least_of_all_assignments(
    problem: tuple[Int64s, Int64s],
) -> None:
    cost, room = problem

    found = assign_units(cost, room)

    least = least_sum(cost, room)
    assert found.is_short.any() == (least is None)
    if least is not None:
        assert sum_of(cost, found) == least
        assert (found.load <= room).all()


@given(problem=problems())
def test_short_places_hold_loans_that_can_go_nowhere_else(
    problem: tuple[Int64s, Int64s],
) -> None:
    cost, room = problem

    found = assign_units(cost, room)

    if found.is_short.any():
        bound_to_them = (cost[:, ~found.is_short] == UNKNOWN).all(axis=1)
        assert bound_to_them.sum() > room[found.is_short].sum()
        assert bound_to_them.sum() >= found.load[found.is_short].sum()


@pytest.mark.parametrize("room_ppm", [1_000_000, 1_250_000, 3_000_000])
@pytest.mark.parametrize("size", [10, 10**9])
def test_prices_prove_the_sum_of_many_loans(room_ppm: int, size: int) -> None:
    # More loans than the sample: also the steps of Newton's method are taken.
    random = np.random.default_rng(7)
    peak = np.where(random.random(9_000) < 0.7, 9, random.integers(0, 28, 9_000))
    cost = (np.arange(28) - peak[:, None]) % 28
    cost *= random.integers(1, size + 1, (9_000, 1))
    cost[random.random(cost.shape) < 0.05] = UNKNOWN
    cost[:, 3] = np.where(cost[:, 3] == UNKNOWN, size * 28, cost[:, 3])
    room = np.full(28, -(-9_000 * room_ppm // 28 // 1_000_000))

    found = assign_units(cost, room)

    assert not found.is_short.any()
    assert (found.load <= room).all()
    assert (found.price >= 0).all()
    assert sum_of(cost, found) == bound_of(cost, room, found.price)


def test_a_loan_makes_room_for_another_along_a_chain() -> None:
    # The first two want place 0. One of them leaves for place 1, whose loan leaves for
    # place 2: 1 + 1, where straight to place 2 would be 50.
    cost = np.array([[0, 1, 50], [0, 1, 50], [9, 0, 1]])

    found = assign_units(cost, np.array([1, 1, 1]))

    assert sum_of(cost, found) == 2
    assert sorted(found.choice[:2].tolist()) == [0, 1]


def test_no_loans_are_assigned_to_nothing() -> None:
    found = assign_units(np.zeros((0, 3), np.int64), np.array([0, 1, 2]))

    assert found.choice.size == 0
    assert found.load.tolist() == [0, 0, 0]
    assert not found.is_short.any()


def test_the_largest_costs_stay_inside_int64() -> None:
    cost = np.array([[-COST_MAX, COST_MAX], [-COST_MAX, COST_MAX]])

    found = assign_units(cost, np.array([1, 1]))

    assert sum_of(cost, found) == 0
    assert found.price.tolist() == [2 * COST_MAX, 0]


@pytest.mark.parametrize(
    ("cost", "room", "message"),
    [
        ([[0, 1]], [1], "room must have one value for each column"),
        ([[0, 1]], [1, -1], "room must not be negative"),
        ([[UNKNOWN, UNKNOWN]], [1, 1], "open places must be at least one"),
        ([[0, COST_MAX + 1]], [1, 1], "cost must be UNKNOWN or at most"),
    ],
)
def test_bad_problems_are_refused(
    cost: list[list[int]], room: list[int], message: str
) -> None:
    with pytest.raises(InvalidValueError, match=message):
        assign_units(np.array(cost), np.array(room))
