"""Matrices of money: what is written, and what a first row comes to."""

from __future__ import annotations

import attrs
import numpy as np

from microcrm_core.loans.money_lines_batch import MoneyLines

NAMES = ("principal_minor", "interest_minor", "outstanding_minor", "total_minor")
MORE = ("fees_minor", "capitalized_minor")


def filled(line_count: int, loan_count: int, *, first: int = 0) -> MoneyLines:
    """Return matrices of numbers that are all different."""
    made = MoneyLines.of_shape(line_count, loan_count)
    size = line_count * loan_count
    for place, name in enumerate(NAMES):
        numbers = np.arange(size) + first + place * size
        getattr(made, name)[:] = numbers.reshape(line_count, loan_count)
    return made


def test_schedules_are_put_where_their_loans_stand_and_nowhere_else() -> None:
    lines, other = filled(2, 4), filled(2, 2, first=1000)
    before = filled(2, 4)

    lines.put(np.array([3, 0]), other)

    for name in NAMES:
        mine, others = getattr(lines, name), getattr(other, name)
        assert mine[:, 3].tolist() == others[:, 0].tolist()
        assert mine[:, 0].tolist() == others[:, 1].tolist()
        assert mine[:, 1:3].tolist() == getattr(before, name)[:, 1:3].tolist()


def test_fees_and_added_interest_are_put_where_both_have_them() -> None:
    more = {name: np.zeros((2, 3), np.int64) for name in MORE}
    lines = attrs.evolve(filled(2, 3), **more)

    other = lines.of_same_kind(1)
    for matrix in (getattr(other, name) for name in (*NAMES, *MORE)):
        assert matrix.shape == (2, 1)
        matrix[:] = 7
    lines.put(np.array([1]), other)

    assert lines.fees_minor is not None
    assert lines.capitalized_minor is not None
    assert lines.fees_minor.tolist() == [[0, 7, 0]] * 2
    assert lines.capitalized_minor.tolist() == [[0, 7, 0]] * 2


def test_lines_of_the_same_kind_have_no_columns_that_these_have_not() -> None:
    made = filled(3, 2).of_same_kind(5)

    assert made.total_minor.shape == (3, 5)
    assert (made.fees_minor, made.capitalized_minor) == (None, None)


def test_a_level_is_what_the_first_row_that_repays_comes_to() -> None:
    lines = MoneyLines.of_shape(3, 4)
    # As usual; nothing repaid before the second row; all repaid at once; never.
    lines.principal_minor[:] = [[30, 0, 5, 0], [33, 2, 0, 0], [34, 3, 0, 0]]
    lines.total_minor[:] = [[35, 1, 6, 0], [35, 3, 0, 0], [35, 4, 0, 0]]
    level = np.array([35, 3, 8, 0])

    lines.first_totals(level)

    assert level.tolist() == [35, 3, 6, 0]


def test_a_down_payment_is_a_row_of_principal_alone() -> None:
    more = {name: np.ones((2, 2), np.int64) for name in MORE}
    lines = attrs.evolve(filled(2, 2, first=1), **more)
    rest = lines.total_minor[1].tolist()

    lines.write_down_payment(np.array([100, 0]), np.array([900, 1000]))

    assert lines.principal_minor[0].tolist() == [100, 0]
    assert lines.total_minor[0].tolist() == [100, 0]
    assert lines.outstanding_minor[0].tolist() == [900, 1000]
    assert lines.interest_minor[0].tolist() == [0, 0]
    assert lines.fees_minor is not None
    assert lines.capitalized_minor is not None
    assert lines.fees_minor.tolist() == [[0, 0], [1, 1]]
    assert lines.capitalized_minor.tolist() == [[0, 0], [1, 1]]
    assert lines.total_minor[1].tolist() == rest
