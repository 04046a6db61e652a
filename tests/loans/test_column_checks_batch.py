"""Checks that columns have in common: each bound from both sides, and who is named."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.batch import UNKNOWN, Int64s
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.column_checks_batch import (
    DAY_MAX,
    DAY_MIN,
    Ids,
    date_of,
    day_array,
    id_array,
    int64_array,
    position_in,
    positions_in,
    require_columns,
    require_ids,
    require_index,
    require_range,
    require_terms,
)


@attrs.frozen(kw_only=True)
class Table:
    """Columns as they come."""

    amount: Any
    day: Any = None


def refused(function: Any, *args: Any, **more: Any) -> InvalidValueError:
    with pytest.raises(InvalidValueError) as caught:
        function(*args, **more)
    return caught.value


# Ids.


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        ([b"a"], "list"),
        (b"a", "bytes"),
        (np.array([["a"]], np.bytes_), "ndarray of |S1 and shape (1, 1)"),
        (np.array(["a"]), "ndarray of <U1 and shape (1,)"),
        (np.array([b"a"], object), "ndarray of object and shape (1,)"),
    ],
)
def test_ids_are_bytes_in_one_line(ids: Any, found: str) -> None:
    error = refused(require_ids, ids)

    assert (error.field, error.value) == ("ids", found)


def test_ids_are_at_most_64_bytes_wide() -> None:
    require_ids(np.array([b"a" * 64]))

    assert refused(require_ids, np.array([b"a" * 65])).value == 65


def test_an_empty_id_is_named_by_its_row() -> None:
    error = refused(require_ids, np.array([b"a", b"", b"b", b""]))

    assert (error.row, error.bad_count, error.row_count) == (1, 2, 4)


def test_ids_become_bytes_and_no_longer_ones() -> None:
    ids: Ids = id_array(["loan-1", "é", "a" * 64])

    assert ids.tolist() == [b"loan-1", b"\xc3\xa9", b"a" * 64]
    # Two bytes each: 32 letters fit, and 33 do not.
    assert id_array(["é" * 32]).tolist() == ["é".encode() * 32]
    assert refused(id_array, ["a", "é" * 33]).value == "é" * 33


def test_a_zero_byte_in_an_id_is_refused_as_numpy_would_drop_it() -> None:
    assert np.array([b"a\0"]).tolist() == [b"a"]
    for bad in ("a\0", "\0a"):
        error = refused(id_array, [bad])
        assert (error.field, error.value) == ("id", bad)


# Columns.


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ([1, 2], "list"),
        (None, "NoneType"),
        (np.zeros(2, np.int32), "ndarray of int32 and shape (2,)"),
        (np.zeros(2), "ndarray of float64 and shape (2,)"),
        (np.zeros(2, np.bool_), "ndarray of bool and shape (2,)"),
    ],
)
def test_a_column_of_another_type_is_refused(column: Any, found: str) -> None:
    good = np.zeros(2, np.int64)
    require_columns(Table(amount=good, day=column), ("amount",), 2)

    error = refused(
        require_columns, Table(amount=good, day=column), ("amount", "day"), 2
    )

    assert (error.field, error.value) == ("day", found)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 1), (1, 2)])
def test_a_column_of_another_length_is_refused_with_the_one_it_must_match(
    shape: tuple[int, ...],
) -> None:
    error = refused(
        require_columns, Table(amount=np.zeros(shape, np.int64)), ("amount",), 2
    )
    assert (error.field, error.value) == ("amount", shape)
    assert error.rule == "must have the shape (2,), like ids"

    error = refused(
        require_columns,
        Table(amount=np.zeros(shape, np.int64)),
        ("amount",),
        2,
        like="day",
    )
    assert error.rule.endswith("like day")


@pytest.mark.parametrize(
    ("values", "bad"),
    [
        ([3, 5], []),
        ([2, 3, 6, 5], [0, 2]),
        ([UNKNOWN], [0]),
    ],
)
def test_bounds_are_included_and_the_first_bad_row_is_named(
    values: list[int], bad: list[int]
) -> None:
    column = np.array(values, np.int64)
    if not bad:
        require_range("amount", column, 3, 5)
        return

    error = refused(require_range, "amount", column, 3, 5)

    assert error.rule == "must be from 3 to 5"
    assert (error.row, error.bad_count) == (bad[0], len(bad))
    assert error.value == values[bad[0]]


def test_unknown_passes_only_where_it_may() -> None:
    column = np.array([3, UNKNOWN, 5])

    require_range("day", column, 3, 5, may_be_unknown=True)
    error = refused(require_range, "day", column + 1, 3, 5, may_be_unknown=True)

    assert error.rule == "must be from 3 to 5, or UNKNOWN"
    # One more than UNKNOWN is a number like any other, and so is 6.
    assert (error.row, error.bad_count) == (1, 2)


def test_without_an_upper_bound_all_that_is_large_passes() -> None:
    require_range("amount", np.array([1, 2**63 - 1]), 1, None)

    assert refused(require_range, "amount", np.array([0]), 1, None).rule == (
        "must be 1 or more"
    )


def test_a_position_is_below_the_number_of_choices() -> None:
    require_index("plan_index", np.array([0, 1]), 2)
    require_index("customer_index", np.array([0, 10**9]), None)

    assert refused(require_index, "plan_index", np.array([0, 2]), 2).row == 1
    for count in (2, None):
        assert refused(require_index, "plan_index", np.array([-1]), count).row == 0
    # Where there is no choice, every position is too high.
    assert refused(require_index, "plan_index", np.array([0]), 0).row == 0
    require_index("plan_index", np.zeros(0, np.int64), 0)


# Positions that a caller asks for.


@pytest.mark.parametrize("position", [0, 1, np.int64(1), np.uint8(0)])
def test_a_whole_number_is_a_position(position: Any) -> None:
    found = position_in("loan", position, 2)

    assert found == position
    assert type(found) is int


@pytest.mark.parametrize("position", [-1, 2, True, 1.0, "1", None, np.float64(1)])
def test_what_is_no_position_is_refused(position: Any) -> None:
    error = refused(position_in, "loan", position, 2)

    assert error.rule == "must be a position from 0 to 1"
    assert error.value is position


def test_among_no_things_there_is_no_position() -> None:
    assert refused(position_in, "loan", 0, 0).rule == (
        "must be a position, and there is none"
    )


@given(mask=st.lists(st.booleans(), max_size=20))
def test_a_mask_asks_for_the_positions_where_it_is_true(mask: list[bool]) -> None:
    found = positions_in("rows", np.array(mask, np.bool_), len(mask))

    assert found.tolist() == [row for row, is_asked in enumerate(mask) if is_asked]
    assert found.dtype == np.int64


def test_positions_come_back_in_the_order_that_they_are_asked_in() -> None:
    assert positions_in("rows", np.array([2, 0, 2]), 3).tolist() == [2, 0, 2]
    assert positions_in("rows", np.zeros(0, np.int64), 3).size == 0


@pytest.mark.parametrize(
    "rows",
    [
        [0],
        np.array([True, False]),
        np.array([[True, False, True]]),
        np.array([[0]]),
        np.array([0], np.int32),
        np.array([0.0]),
    ],
)
def test_rows_of_another_kind_are_refused_with_a_way_out(rows: Any) -> None:
    error = refused(positions_in, "rows", rows, 3)

    assert "or a mask of shape (3,)" in error.rule
    assert error.hint is not None


@pytest.mark.parametrize("row", [-1, 3])
def test_a_row_that_is_none_is_named(row: int) -> None:
    error = refused(positions_in, "rows", np.array([0, row]), 3)

    assert (error.field, error.row, error.value) == ("rows", 1, row)


# Numbers and days.


def test_whole_numbers_fit_int64_but_for_the_one_that_means_unknown() -> None:
    assert int64_array("amount", [2**63 - 1, 1 - 2**63, 0]).tolist() == [
        2**63 - 1,
        1 - 2**63,
        0,
    ]
    for bad in (2**63, -(2**63)):
        error = refused(int64_array, "amount", [7, bad])
        assert (error.field, error.row, error.row_count) == ("amount", 1, 2)
        assert error.value == bad


@given(day=st.dates())
def test_a_day_comes_back_as_its_date(day: dt.date) -> None:
    column = day_array([day, None])

    assert date_of(column[0]) == day
    assert column[0] == (day - dt.date(1970, 1, 1)).days
    assert column[1] == UNKNOWN


def test_days_reach_from_the_first_of_the_calendar_to_its_last() -> None:
    assert day_array([dt.date.min, dt.date.max]).tolist() == [DAY_MIN, DAY_MAX]
    # The year 1 began 719 162 days before 1970; 9999 ends 2 932 896 days after.
    assert (DAY_MIN, DAY_MAX) == (-719_162, 2_932_896)


# Terms.


@attrs.frozen(kw_only=True)
class Terms:
    """Columns of two loans."""

    principal_minor: Int64s = attrs.field(factory=lambda: np.array([1, 2**62]))
    annual_ppm: Int64s = attrs.field(factory=lambda: np.array([0, 1_000_000_000]))
    installment_count: Int64s = attrs.field(factory=lambda: np.array([1, 1200]))
    frequency_index: Int64s = attrs.field(factory=lambda: np.array([0, 1]))
    frequencies: tuple[str, ...] = ("weekly", "monthly")
    plan_index: Int64s = attrs.field(factory=lambda: np.array([0, 0]))
    plans: tuple[str, ...] = ("equal",)
    first_due_day: Int64s = attrs.field(factory=lambda: np.array([-719_162, 2_932_896]))


@pytest.mark.parametrize(
    ("field", "row", "value"),
    [
        ("principal_minor", 0, 0),
        ("annual_ppm", 0, -1),
        ("annual_ppm", 1, 1_000_000_001),
        ("installment_count", 0, 0),
        ("installment_count", 1, 1201),
        ("frequency_index", 0, -1),
        ("frequency_index", 1, 2),
        ("plan_index", 1, 1),
        ("first_due_day", 0, -719_163),
        ("first_due_day", 1, 2_932_897),
    ],
)
def test_terms_at_their_bounds_pass_and_beyond_them_not(
    field: str, row: int, value: int
) -> None:
    require_terms(Terms())
    column = getattr(Terms(), field).copy()
    column[row] = value

    error = refused(require_terms, attrs.evolve(Terms(), **{field: column}))

    assert (error.field, error.row, error.value) == (field, row, value)
