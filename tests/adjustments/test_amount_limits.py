"""Due days where days are also limited by what they collect."""

from __future__ import annotations

import itertools

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.adjustments import (
    COLLECTIONS_LOOSE,
    COLLECTIONS_WORKING_WEEK,
    CollectionCapacity,
)
from microcrm_core.adjustments.amount_prices_batch import (
    ExactPrices,
    PlacePrices,
    RoomLimits,
)
from microcrm_core.adjustments.smoothing_batch import SmoothedDueDays, smooth_due_days
from microcrm_core.batch import UNKNOWN, Int64s

WEEK = 7
DAYS = (1, 2, 3)

# Costs of three days, the current day and the amount of each loan; the rooms of each
# day by number and by amount.
Loan = tuple[list[int], int, int]
Room = tuple[list[int | None], list[int | None]]

rows = st.lists(st.just(UNKNOWN) | st.integers(0, 2), min_size=3, max_size=3).filter(
    lambda one: set(one) != {UNKNOWN}
)
loans = st.lists(
    st.tuples(rows, st.just(UNKNOWN) | st.integers(1, 4), st.integers(0, 4)),
    min_size=1,
    max_size=5,
)
rooms = st.tuples(
    st.lists(st.none() | st.integers(0, 4), min_size=3, max_size=3),
    st.lists(st.none() | st.integers(0, 8), min_size=3, max_size=3),
)


def capacity_of(room: Room) -> CollectionCapacity:
    closed = (0,) * (WEEK - len(room[0]))
    return attrs.evolve(
        COLLECTIONS_WORKING_WEEK,
        id="test",
        loan_count_max_by_day=(*room[0], *closed),
        loan_share_ppm_max=None,
        amount_minor_max_by_day=(*room[1], *closed),
    )


def smoothed_of(given_loans: list[Loan], room: Room) -> SmoothedDueDays:
    closed = (UNKNOWN,) * (WEEK - len(DAYS))
    cost = np.array([(*row, *closed) for row, _, _ in given_loans], np.int64)
    return smooth_due_days(
        cost,
        np.array([current for _, current, _ in given_loans], np.int64),
        capacity_of(room),
        amount_minor=np.array([amount for _, _, amount in given_loans], np.int64),
    )


def best_of_all(given_loans: list[Loan], room: Room) -> tuple[int, int] | None:
    """Return the least loss and moves of all assignments; None where there is none."""
    found: list[tuple[int, int]] = []
    least = sum(min(c for c in row if c != UNKNOWN) for row, _, _ in given_loans)
    for days in itertools.product(DAYS, repeat=len(given_loans)):
        pairs = list(zip(given_loans, days, strict=True))
        paid = [row[day - 1] for (row, _, _), day in pairs]
        loads = [[loan[2] for loan, day in pairs if day == one] for one in DAYS]
        is_kept = all(
            (count is None or len(load) <= count)
            and (money is None or sum(load) <= money)
            for load, count, money in zip(loads, *room, strict=True)
        )
        if UNKNOWN not in paid and is_kept:
            moves = sum(now not in (UNKNOWN, day) for (_, now, _), day in pairs)
            found.append((sum(paid) - least, moves))
    return min(found, default=None)


@given(given_loans=loans, room=rooms)
def test_of_few_loans_the_loss_is_the_least_and_then_the_moves_are_the_fewest(
    given_loans: list[Loan], room: Room
) -> None:
    smoothed = smoothed_of(given_loans, room)

    best = best_of_all(given_loans, room)
    assert (smoothed.shortage is None) == (best is not None)
    if best is None:
        assert smoothed.shortage is not None
        assert smoothed.shortage.is_proven
        return
    assert (smoothed.loss, smoothed.moved_count) == best
    assert smoothed.loss_min == smoothed.loss


@given(given_loans=loans, room=rooms)
def test_a_full_day_has_no_room_for_the_loan(
    given_loans: list[Loan], room: Room
) -> None:
    smoothed = smoothed_of(given_loans, room)

    for row, day in enumerate(smoothed.full_day.tolist()):
        if day == UNKNOWN:
            continue
        load, amounts = smoothed.loan_count_by_day, smoothed.amount_minor_by_day
        money = smoothed.amount_room_by_day
        assert amounts is not None
        is_full = bool(load[day - 1] == smoothed.room_by_day[day - 1])
        if money is not None:
            is_full |= amounts[day - 1] + given_loans[row][2] > int(money[day - 1])
        assert is_full
        assert smoothed.reason(row).text("en")


@given(given_loans=loans, room=rooms)
def test_a_shortage_says_in_both_languages_what_is_short(
    given_loans: list[Loan], room: Room
) -> None:
    smoothed = smoothed_of(given_loans, room)

    shortage = smoothed.shortage
    if shortage is None:
        return
    assert smoothed.reason(0) == shortage.reason
    assert shortage.reason.text("zh-CN") != shortage.reason.text("en")
    # What is said to be short is short: these loans can have no other day.
    is_money = shortage.amount_minor is not None
    bound = [
        amount
        for row, _, amount in given_loans
        if all(
            cost == UNKNOWN
            or day in shortage.days
            or (is_money and limit is not None and amount > limit)
            for day, cost, limit in zip(DAYS, row, room[1], strict=True)
        )
    ]
    if shortage.amount_minor is None:
        assert shortage.loan_count == len(bound) > shortage.room_count
        return
    if shortage.short_minor:
        assert shortage.amount_minor <= sum(bound)
    else:
        # Then loans are too many, or whole loans do not fit.
        assert shortage.loan_count <= len(bound)


def test_days_whose_sums_would_fit_may_not_fit_whole_loans() -> None:
    # Three loans of 4 on two days that collect 6 each: 12 of 12, but only one a day.
    given_loans: list[Loan] = [([0, 0, UNKNOWN], UNKNOWN, 4)] * 3

    shortage = smoothed_of(given_loans, ([None] * 3, [6, 6, 0])).shortage

    assert shortage is not None
    assert shortage.reason.code == "smoothing_none_fits"
    assert (shortage.amount_minor, shortage.room_minor) == (12, 12)


def test_days_that_collect_too_little_are_named() -> None:
    given_loans: list[Loan] = [
        ([0, 1, UNKNOWN], 1, 4),
        ([0, 1, UNKNOWN], 1, 5),
        ([UNKNOWN, UNKNOWN, 0], 3, 2),
    ]

    smoothed = smoothed_of(given_loans, ([None] * 3, [4, 4, None]))

    # The loan of 5 fits on neither day.
    assert smoothed.loss is None
    assert smoothed.reason(0).text("en") == (
        "no due days could be assigned: 1 loans of 5 minor units can have only the "
        "days 1, 2, which collect 4"
    )


def test_the_sum_of_amounts_of_a_day_is_kept_and_the_cheaper_loan_moves() -> None:
    given_loans: list[Loan] = [([0, 1, 9], 1, 60), ([0, 2, 9], 1, 50)]

    smoothed = smoothed_of(given_loans, ([None] * 3, [100, None, None]))

    assert smoothed.due_day.tolist() == [2, 1]
    assert smoothed.reason(0).code == "smoothing_moved_full"
    assert (smoothed.loss, smoothed.loss_min) == (1, 1)


def test_limits_of_amounts_need_amounts() -> None:
    capacity = attrs.evolve(COLLECTIONS_LOOSE, id="ours", amount_share_ppm_max=50_000)

    with pytest.raises(InvalidValueError, match="amount_minor must be given"):
        smooth_due_days(np.zeros((1, 31), np.int64), np.array([1]), capacity)


def test_amounts_that_int64_cannot_add_up_are_refused_where_they_are_limited() -> None:
    capacity = attrs.evolve(COLLECTIONS_LOOSE, id="ours", amount_share_ppm_max=50_000)

    with pytest.raises(InvalidValueError, match="amount_minor must add up to at most"):
        smooth_due_days(
            np.zeros((2, 31), np.int64),
            np.array([1, 2]),
            capacity,
            amount_minor=np.array([2**60, 1]),
        )


def portfolio(count: int) -> tuple[Int64s, Int64s, Int64s]:
    """Return costs, current days and amounts of loans that mostly fit on four days."""
    rng = np.random.default_rng(5)
    payday = rng.choice(np.array((1, 10, 15, 25)), count)
    since = (np.arange(1, 29) - payday[:, None]) % 28
    cost = np.full((count, 31), UNKNOWN)
    fit = since * rng.integers(10, 200, (count, 1)) + rng.integers(0, 90, since.shape)
    cost[:, :28] = fit - fit.min(axis=1, keepdims=True)
    amount = rng.lognormal(8, 0.7, count).astype(np.int64)
    return cost, rng.integers(1, 29, count), amount


@pytest.mark.parametrize("share_ppm", [36_500, 45_000])
def test_of_many_loans_the_limits_are_kept_near_a_proved_bound(share_ppm: int) -> None:
    cost, current, amount = portfolio(8_000)
    capacity = attrs.evolve(
        COLLECTIONS_LOOSE, id="ours", amount_share_ppm_max=share_ppm
    )

    smoothed = smooth_due_days(cost, current, capacity, amount_minor=amount)

    amounts, money = smoothed.amount_minor_by_day, smoothed.amount_room_by_day
    assert amounts is not None
    assert money is not None
    assert (np.array(amounts) <= money).all()
    assert (smoothed.loan_count_by_day <= smoothed.room_by_day).all()
    assert smoothed.loss is not None
    assert smoothed.loss_min is not None
    assert 0 < smoothed.loss_min <= smoothed.loss <= smoothed.loss_min * 102 // 100


def test_equal_amounts_are_a_limit_by_number() -> None:
    cost, current, _ = portfolio(3_000)
    amount = np.full(3_000, 700)
    by_number = attrs.evolve(
        COLLECTIONS_LOOSE,
        id="number",
        loan_count_max_by_day=(*(120,) * 28, 0, 0, 0),
        loan_share_ppm_max=None,
    )
    by_amount = attrs.evolve(
        COLLECTIONS_LOOSE,
        id="amount",
        loan_share_ppm_max=None,
        amount_minor_max_by_day=(120 * 700 + 699,) * 31,
    )

    limited = smooth_due_days(cost, current, by_amount, amount_minor=amount)

    assert limited.loss == smooth_due_days(cost, current, by_number).loss
    assert limited.loss_min == limited.loss


def test_limits_that_the_best_assignment_keeps_change_nothing() -> None:
    cost, current, amount = portfolio(500)
    wide = attrs.evolve(COLLECTIONS_LOOSE, id="wide", amount_share_ppm_max=1_000_000)

    free = smooth_due_days(cost, current, COLLECTIONS_LOOSE)
    limited = smooth_due_days(cost, current, wide, amount_minor=amount)

    assert limited.due_day.tolist() == free.due_day.tolist()
    assert limited.loss_min == limited.loss == free.loss == free.loss_min


@given(
    given_loans=loans,
    room=rooms,
    by_loan=st.lists(st.floats(0, 5), min_size=3, max_size=3),
    by_amount=st.lists(st.floats(0, 5), min_size=3, max_size=3),
)
def test_any_prices_give_a_bound_below_every_assignment(
    given_loans: list[Loan],
    room: Room,
    by_loan: list[float],
    by_amount: list[float],
) -> None:
    best = best_of_all(given_loans, room)
    if best is None:
        return
    count, amount = len(given_loans), sum(loan[2] for loan in given_loans)
    limits = RoomLimits(
        np.array([count if one is None else one for one in room[0]], np.int64),
        np.array([loan[2] for loan in given_loans], np.int64),
        np.array([amount if one is None else one for one in room[1]], np.int64),
    )
    cost = np.array([loan[0] for loan in given_loans], np.int64)
    least = sum(min(c for c in row if c != UNKNOWN) for row, _, _ in given_loans)

    exact = ExactPrices.of(
        cost, limits, PlacePrices(np.array(by_loan), np.array(by_amount))
    )

    assert exact.bound <= best[0] + least
