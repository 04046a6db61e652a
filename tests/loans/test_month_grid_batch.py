"""Days taken apart by look-up, held against the calendar of the standard library."""

from __future__ import annotations

import calendar
import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.dates import RollKind
from microcrm_core.loans.month_grid_batch import (
    GRID_WIDTH,
    DayTable,
    MonthGrid,
    month_of,
    month_start,
)

EPOCH = dt.date(1970, 1, 1)
TABLE_DAYS_MAX = 2**17


def day(on: dt.date) -> int:
    return (on - EPOCH).days


def months_since_1970(on: dt.date) -> int:
    return 12 * (on.year - 1970) + on.month - 1


@given(dates=st.lists(st.dates(), max_size=30))
def test_every_day_of_the_calendar_has_its_month_and_day(dates: list[dt.date]) -> None:
    days = np.array([day(on) for on in dates], np.int64)

    table = DayTable.of(days)

    assert table.month.tolist() == [months_since_1970(on) for on in dates]
    assert month_of(days).tolist() == table.month.tolist()
    assert table.dom.tolist() == [on.day for on in dates]
    lengths = [calendar.monthrange(on.year, on.month)[1] for on in dates]
    assert table.is_month_end.tolist() == [
        on.day == length for on, length in zip(dates, lengths, strict=True)
    ]
    assert table.is_31st.tolist() == [on.day == 31 for on in dates]
    assert table.is_late.tolist() == [on.day in (30, 31) for on in dates]
    assert table.thirtieths.tolist() == [
        30 * months_since_1970(on) + on.day for on in dates
    ]
    assert table.capped_thirtieths.tolist() == [
        30 * months_since_1970(on) + min(on.day, 30) for on in dates
    ]
    assert month_start(table.month).tolist() == [day(on.replace(day=1)) for on in dates]


@given(dates=st.lists(st.dates(dt.date(1960, 1, 1), dt.date(2100, 1, 1)), min_size=1))
def test_a_look_up_finds_what_is_computed(dates: list[dt.date]) -> None:
    days = np.array([day(on) for on in dates], np.int64)
    table = DayTable.covering(days)
    assert table is not None

    found, computed = table.look_up(days), DayTable.of(days)

    for name in (
        "month",
        "dom",
        "is_month_end",
        "thirtieths",
        "capped_thirtieths",
        "is_31st",
        "is_late",
    ):
        assert getattr(found, name).tolist() == getattr(computed, name).tolist(), name
    assert table.first_day == days.min()
    assert table.month.size == days.max() - days.min() + 1


def test_a_table_covers_all_columns_that_have_days() -> None:
    empty = np.zeros(0, np.int64)

    table = DayTable.covering(np.array([40, 30]), empty, np.array([35, 50]))

    assert table is not None
    assert (table.first_day, table.month.size) == (30, 21)
    assert DayTable.covering(empty, empty) is None


def test_a_range_that_is_too_long_has_no_table() -> None:
    last = TABLE_DAYS_MAX - 1

    longest = DayTable.covering(np.array([0]), np.array([last]))

    assert longest is not None
    assert longest.month.size == TABLE_DAYS_MAX
    assert DayTable.covering(np.array([0, last + 1])) is None


@pytest.mark.parametrize(
    ("days", "is_held"),
    [
        ([30, 50], True),
        ([30], True),
        ([50], True),
        ([29, 40], False),
        ([40, 51], False),
        ([29], False),
        ([51], False),
        ([], True),
    ],
)
def test_a_table_holds_the_days_of_its_range_alone(
    days: list[int], is_held: bool
) -> None:
    table = DayTable.of(np.arange(30, 51))

    assert table.holds(np.array(days, np.int64)) is is_held


def test_no_days_make_an_empty_table() -> None:
    assert DayTable.of(np.zeros(0, np.int64)).month.size == 0


@pytest.mark.parametrize("kind", list(RollKind))
def test_a_grid_holds_the_due_day_of_every_month(kind: RollKind) -> None:
    # From November 2023 to March 2025: a leap February and a plain one.
    first = months_since_1970(dt.date(2023, 11, 1))
    grid = MonthGrid.between(first, first + 16, kind)

    assert grid.first_month == first
    assert grid.days.size == 17 * GRID_WIDTH
    for month in range(first, first + 17):
        start_on = dt.date(1970 + month // 12, month % 12 + 1, 1)
        length = calendar.monthrange(start_on.year, start_on.month)[1]
        for dom in range(1, 32):
            # A day that the month lacks falls on its last, or on the day after that.
            limit = length + (kind is RollKind.NEXT_MONTH_FIRST)
            expected = start_on + dt.timedelta(days=min(dom, limit) - 1)
            place = grid.index(np.array([month]), np.array([dom]))
            assert grid.days[place].tolist() == [day(expected)]


def test_a_step_of_a_month_is_a_line_of_the_grid() -> None:
    grid = MonthGrid.between(0, 3, RollKind.DAY_OF_MONTH)

    place = grid.index(np.array([0, 1]), np.array([31, 1]))

    assert place.tolist() == [30, 31]
    # 31 January and 28 February 1970; 1 February and 1 March.
    assert grid.days[place + GRID_WIDTH].tolist() == [58, 59]


def test_months_that_are_asked_for_are_left_as_they_were() -> None:
    month, dom = np.array([2, 3]), np.array([5, 6])

    MonthGrid.between(0, 3, RollKind.DAY_OF_MONTH).index(month, dom)

    assert (month.tolist(), dom.tolist()) == ([2, 3], [5, 6])
