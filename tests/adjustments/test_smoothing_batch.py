"""Due days under a capacity: least loss, fewest moves, and the reasons."""

from __future__ import annotations

import itertools

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.adjustments import (
    COLLECTIONS_EVEN,
    COLLECTIONS_WORKING_WEEK,
    CollectionCapacity,
)
from microcrm_core.adjustments.fit_costs_batch import (
    costs_from_low_balances,
    costs_from_shortfalls,
)
from microcrm_core.adjustments.smoothing_batch import SmoothedDueDays, smooth_due_days
from microcrm_core.batch import UNKNOWN, Int64s

Problem = tuple[Int64s, Int64s, CollectionCapacity]
WEEK = 7


def week(*limits: int | None) -> CollectionCapacity:
    """Return a capacity of the first days of the week; the others are closed."""
    return attrs.evolve(
        COLLECTIONS_WORKING_WEEK,
        id="test",
        loan_count_max_by_day=(*limits, *(0,) * (WEEK - len(limits))),
        loan_share_ppm_max=None,
    )


def costs(*rows: tuple[int, ...]) -> Int64s:
    """Return costs of the first days of the week; the others are not allowed."""
    padded = [(*row, *(UNKNOWN,) * (WEEK - len(row))) for row in rows]
    return np.array(padded, np.int64).reshape(len(rows), WEEK)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    # Three days and three different costs: nearly everything ties.
    row = st.lists(st.just(UNKNOWN) | st.integers(0, 2), min_size=3, max_size=3).filter(
        lambda one: set(one) != {UNKNOWN}
    )
    rows = draw(st.lists(row, min_size=1, max_size=5))
    current = draw(
        st.lists(
            st.just(UNKNOWN) | st.integers(1, 4),
            min_size=len(rows),
            max_size=len(rows),
        )
    )
    limits = draw(st.lists(st.none() | st.integers(0, 3), min_size=3, max_size=3))
    return costs(*(tuple(row) for row in rows)), np.array(current), week(*limits)


def best_of_all(problem: Problem) -> tuple[int, int] | None:
    """Return the least loss and moves of all assignments; None where there is none."""
    cost, current, capacity = problem
    room = capacity.room_by_day(current.size)
    found: list[tuple[int, int]] = []
    for days in itertools.product((1, 2, 3), repeat=current.size):
        paid = [int(cost[row, day - 1]) for row, day in enumerate(days)]
        if UNKNOWN in paid or any(days.count(day) > room[day - 1] for day in days):
            continue
        least = [min(one for one in row if one != UNKNOWN) for row in cost.tolist()]
        moves = sum(
            now not in (UNKNOWN, day)
            for now, day in zip(current.tolist(), days, strict=True)
        )
        found.append((sum(paid) - sum(least), moves))
    return min(found, default=None)


@given(problem=problems())
def test_the_loss_is_the_least_and_then_the_moves_are_the_fewest(
    problem: Problem,
) -> None:
    smoothed = smooth_due_days(*problem)

    best = best_of_all(problem)
    assert (smoothed.shortage is not None) == (best is None)
    if best is not None:
        assert (smoothed.loss, smoothed.moved_count) == best
        assert (smoothed.loan_count_by_day <= smoothed.room_by_day).all()
        assert smoothed.loan_count_by_day.sum() == smoothed.due_day.size


@given(problem=problems())
def test_a_full_day_has_no_room_and_is_no_worse(problem: Problem) -> None:
    smoothed = smooth_due_days(*problem)

    for row, day in enumerate(smoothed.full_day.tolist()):
        if day != UNKNOWN:
            position = day - 1
            load, room = smoothed.loan_count_by_day, smoothed.room_by_day
            assert load[position] == room[position]
            paid = problem[0][row, int(smoothed.due_day[row]) - 1]
            assert problem[0][row, position] <= paid


@given(problem=problems())
def test_every_loan_has_a_reason_in_both_languages(problem: Problem) -> None:
    smoothed = smooth_due_days(*problem)

    for row in range(smoothed.due_day.size):
        reason = smoothed.reason(row)
        assert reason.text("en") != reason.text("zh-CN")
        if smoothed.shortage is None:
            assert reason.code.startswith("smoothing_moved") == smoothed.is_moved[row]


@given(problem=problems())
def test_a_shortage_counts_loans_that_can_have_these_days_only(
    problem: Problem,
) -> None:
    smoothed = smooth_due_days(*problem)

    if smoothed.shortage is not None:
        shortage = smoothed.shortage
        others = [day for day in range(WEEK) if day + 1 not in shortage.days]
        bound = (problem[0][:, others] == UNKNOWN).all(axis=1)
        assert shortage.short_count > 0
        assert shortage.loan_count <= bound.sum()
        room = problem[2].room_by_day(problem[1].size)
        assert shortage.room_count == sum(room[day - 1] for day in shortage.days)
        assert smoothed.loss is None
        assert (smoothed.due_day == UNKNOWN).all()


@pytest.mark.parametrize(
    ("row", "current", "code", "text"),
    [
        # The first loan of each case fills day 1, where another day is no use to it.
        ((0, 8, 9), 1, "smoothing_moved_full", "moved from day 1 to 2: day 1 has no "
         "room"),
        ((0, 4, 9), 3, "smoothing_moved_better", "moved from day 3 to 2, which fits "
         "better"),
        ((0, 4, 9), 2, "smoothing_keeps_full", "the due day 2 stays: day 1 would fit "
         "better and has no room"),
        ((4, 0, 9), 2, "smoothing_keeps", "the due day 2 stays"),
        ((4, 0, 9), 3, "smoothing_moved_better", "moved from day 3 to 2, which fits "
         "better"),
        ((4, 0, 9), 7, "smoothing_moved_closed", "moved from day 7 to 2: day 7 is not "
         "open"),
        ((4, 0, 9), UNKNOWN, "smoothing_new", "the new loan falls due on day 2, which "
         "fits best"),
        ((0, 4, 9), UNKNOWN, "smoothing_new_full", "the new loan falls due on day 2: "
         "day 1 would fit better and has no room"),
    ],
)  # fmt: skip
def test_a_loan_says_why_it_has_its_day(
    row: tuple[int, ...], current: int, code: str, text: str
) -> None:
    fixed = (0, UNKNOWN, UNKNOWN)

    smoothed = smooth_due_days(
        costs(fixed, row), np.array([1, current]), week(1, None, None)
    )

    assert smoothed.reason(1).code == code
    assert smoothed.reason(1).text("en") == text


def test_a_loan_moves_only_where_that_saves_something() -> None:
    # Days 1 and 2 fit alike, and both have room.
    smoothed = smooth_due_days(costs((0, 0, 1)), np.array([2]), week(5, 5, 5))

    assert smoothed.due_day.tolist() == [2]
    assert smoothed.moved_count == 0


def shown() -> SmoothedDueDays:
    return smooth_due_days(
        costs((0, 3), (0, 7), (0, 5)),
        np.array([1, 1, UNKNOWN]),
        week(2, 2),
        amount_minor=np.array([100, 200, 300]),
    )


def test_the_load_of_each_day_is_shown_before_and_after() -> None:
    smoothed = shown()

    assert smoothed.due_day.tolist() == [2, 1, 1]
    assert smoothed.loss == 3
    assert smoothed.loss_by_loan.tolist() == [3, 0, 0]
    assert smoothed.loan_count_before_by_day.tolist()[:2] == [2, 0]
    assert smoothed.loan_count_by_day.tolist()[:2] == [2, 1]
    before, after = smoothed.amount_minor_before_by_day, smoothed.amount_minor_by_day
    assert before is not None
    assert after is not None
    assert before[:2] == (300, 0)
    assert after[:2] == (500, 100)


def test_amounts_beyond_int64_are_added_up_exactly() -> None:
    smoothed = smooth_due_days(
        costs((0,), (0,)),
        np.array([1, 1]),
        week(2),
        amount_minor=np.array([2**63 - 1, 2**63 - 1]),
    )

    after = smoothed.amount_minor_by_day
    assert after is not None
    assert after[0] == 2**64 - 2


def test_a_notebook_shows_days_with_totals() -> None:
    page = shown()._repr_html_()

    assert "1 of 3 loans moved, loss 3" in page
    assert "<th>minor units before</th>" in page
    assert (
        "<tr><td>1</td><td>2</td><td>2</td><td>2</td><td>300</td><td>500</td></tr>"
        in (page)
    )
    assert repr(shown()) == "SmoothedDueDays(loans=3, moved=1, loss=3)"


def test_a_notebook_shows_the_shortage() -> None:
    smoothed = smooth_due_days(costs((0,), (0,)), np.array([1, 1]), week(1, 9))

    assert "2 loans can have only the days 1, which take 1" in smoothed._repr_html_()
    assert repr(smoothed) == (
        "SmoothedDueDays(shortage=CapacityShortage(days=(1,), loan_count=2, "
        "room_count=1, amount_minor=None, room_minor=None, is_proven=True))"
    )


def test_columns_say_none_where_nothing_is_known() -> None:
    columns = shown().to_columns()

    assert columns["current_day"] == [1, 1, None]
    assert columns["full_day"] == [1, None, None]
    assert columns["amount_minor"] == [100, 200, 300]


def test_a_frame_holds_one_row_a_loan() -> None:
    polars = pytest.importorskip("polars")

    frame = shown().to_frame("polars")

    assert isinstance(frame, polars.DataFrame)
    assert frame["due_day"].to_list() == [2, 1, 1]


def test_no_loans_are_a_portfolio_too() -> None:
    smoothed = smooth_due_days(costs(), np.zeros(0, np.int64), week(1))

    assert (smoothed.loss, smoothed.moved_count) == (0, 0)
    assert "0 of 0 loans moved" in smoothed._repr_html_()


@pytest.mark.parametrize(
    ("cost", "current", "amount", "message"),
    [
        (costs((0, 1)), [8], None, "current_day must be 1 to 7 or UNKNOWN"),
        (costs((0, 1)), [1, 1], None, r"cost must have shape \(2, 7\)"),
        (costs((0, -1)), [1], None, "cost must be UNKNOWN or 0 to"),
        (costs((0, 2**54)), [1], None, "divide larger costs"),
        (costs((UNKNOWN,)), [1], None, "open days must be at least one"),
        (costs((0, 1)), [1], [-1], "amount_minor must not be negative"),
        (costs((0, 1)), [1], [1, 2], r"amount_minor must have shape \(1,\)"),
    ],
)
def test_bad_columns_are_refused(
    cost: Int64s, current: list[int], amount: list[int] | None, message: str
) -> None:
    amounts = None if amount is None else np.array(amount, np.int64)
    with pytest.raises(InvalidValueError, match=message):
        smooth_due_days(cost, np.array(current), week(9, 9), amount_minor=amounts)


def test_a_row_that_is_not_there_has_no_reason() -> None:
    with pytest.raises(InvalidValueError, match="row must be"):
        shown().reason(3)


# Costs from the advice


def test_costs_are_what_a_day_lacks_to_the_best_day() -> None:
    low = np.arange(28)[None, :] * 10

    cost = costs_from_low_balances(low, np.array([31]))

    assert cost[0, :28].tolist() == [10 * (27 - day) for day in range(28)]
    assert cost[0, 28:].tolist() == [UNKNOWN] * 3


def test_costs_are_the_shortfalls_above_the_fewest() -> None:
    counts = np.array([[2] * 27 + [1]])

    cost = costs_from_shortfalls(counts, np.array([UNKNOWN]))

    assert cost[0, :28].tolist() == [1] * 27 + [0]


def test_without_advice_a_loan_keeps_its_day_and_a_new_one_may_have_any() -> None:
    none = np.full((2, 28), UNKNOWN)

    for cost in (
        costs_from_low_balances(none, np.array([30, UNKNOWN])),
        costs_from_shortfalls(none, np.array([30, UNKNOWN])),
    ):
        assert np.flatnonzero(cost[0] != UNKNOWN).tolist() == [29]
        assert cost[0, 29] == 0
        assert cost[1].tolist() == [0] * 28 + [UNKNOWN] * 3


def test_a_loan_on_the_31st_moves_below_the_29th_in_a_preset() -> None:
    low = np.zeros((1, 28), np.int64)
    cost = costs_from_low_balances(low, np.array([31]))

    smoothed = smooth_due_days(cost, np.array([31]), COLLECTIONS_EVEN)

    assert smoothed.reason(0).code == "smoothing_moved_closed"


@pytest.mark.parametrize("current", [0, 32])
def test_costs_need_a_day_of_a_month(current: int) -> None:
    with pytest.raises(InvalidValueError, match="current_day must be 1 to 31"):
        costs_from_shortfalls(np.zeros((1, 28), np.int64), np.array([current]))


def test_costs_need_the_days_that_every_month_has() -> None:
    with pytest.raises(
        InvalidValueError, match="by day must have 1 rows of 28 to 31 days"
    ):
        costs_from_shortfalls(np.zeros((1, 27), np.int64), np.array([1]))


def test_costs_may_have_the_days_at_the_end_of_the_month() -> None:
    counts = np.array([[2] * 30 + [1]])

    cost = costs_from_shortfalls(counts, np.array([5]))

    assert cost[0].tolist() == [1] * 30 + [0]
