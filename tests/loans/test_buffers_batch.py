"""Columns of the caller's: which values are a group's, and what a plan leaves at zero.

What columns must be (`test_batch_arguments`) and that they are used again and again
(`test_chunk_streams_batch`) is held elsewhere.
"""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from microcrm_core.batch import Int64s
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import CustomerId
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    Bullet,
    EqualInstallments,
    Fee,
    FeeTiming,
    LoanTerms,
    Portion,
    RepaymentPlan,
)
from microcrm_core.loans.buffers_batch import ScheduleBuffers
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.layout_batch import ScheduleLayout
from tests.loans.loan_cases import make_loan, make_terms

WITH_FEES = RepaymentPlan(
    method=EqualInstallments(),
    fees=(
        Fee(
            name="account",
            timing=FeeTiming.PER_INSTALLMENT,
            portion=Portion.of_share("0.01"),
        ),
    ),
)
GROWING = RepaymentPlan(method=Bullet(is_compounded=True))


def columns_of(terms: list[LoanTerms]) -> LoanColumns:
    loans = [make_loan(one, number) for number, one in enumerate(terms)]
    customers = {CustomerId(f"customer-{number}"): 0 for number in range(len(terms))}
    return LoanColumns.from_loans(loans, customers)


def numbered(size: int) -> ScheduleBuffers:
    """Return columns whose values say where they stand, each from another number on."""
    places = np.arange(size)
    return ScheduleBuffers(
        principal_minor=places + 1_000,
        interest_minor=places + 2_000,
        outstanding_minor=places + 3_000,
        total_minor=places + 4_000,
        due_day=places + 5_000,
        fees_minor=places + 6_000,
        capitalized_minor=places + 7_000,
    )


def test_a_plan_without_fees_leaves_zeros_in_a_column_for_them() -> None:
    loans = columns_of(
        [make_terms(), attrs.evolve(make_terms(), plan=WITH_FEES), make_terms()]
    )
    layout = ScheduleLayout.of(loans)
    buffers = ScheduleBuffers.of_size(layout.value_count, with_fees=True)
    assert buffers.fees_minor is not None
    buffers.fees_minor[:] = 7

    for group in layout.groups:
        lines, due_day = buffers.lines_of(group, 0, group.loan_count)
        assert (lines.fees_minor is None) == (group.plan == EQUAL_INSTALLMENTS)
        assert due_day is None

    assert buffers.fees_minor[layout.values(0)].tolist() == [0] * 12
    assert buffers.fees_minor[layout.values(1)].tolist() == [7] * 12


def test_a_plan_that_adds_no_interest_leaves_zeros_in_a_column_for_it() -> None:
    terms = make_terms(installment_count=2)
    loans = columns_of([terms, attrs.evolve(terms, plan=GROWING)])
    layout = ScheduleLayout.of(loans)
    buffers = numbered(layout.value_count)
    assert buffers.capitalized_minor is not None

    for group in layout.groups:
        lines, _ = buffers.lines_of(group, 0, 1)
        assert (lines.capitalized_minor is None) == (group.plan == EQUAL_INSTALLMENTS)

    # The two loans stand one after the other: two values are the first's.
    assert buffers.capitalized_minor[layout.values(0)].tolist() == [0, 0]
    places = np.arange(4)[layout.values(1)]
    assert (buffers.capitalized_minor[layout.values(1)] == 7_000 + places).all()


def test_loans_within_a_group_have_their_values_in_every_column() -> None:
    terms = attrs.evolve(make_terms(installment_count=2), plan=WITH_FEES)
    layout = ScheduleLayout.of(columns_of([terms] * 4))
    buffers = numbered(layout.value_count)

    lines, due_day = buffers.lines_of(layout.groups[0], 1, 3)

    # Four loans stand side by side: values 0 to 3 are first installments.
    places = np.array([[1, 2], [5, 6]])
    columns = (
        lines.principal_minor,
        lines.interest_minor,
        lines.outstanding_minor,
        lines.total_minor,
        due_day,
        lines.fees_minor,
    )
    for thousands, column in enumerate(columns, start=1):
        assert column is not None
        assert (column == 1_000 * thousands + places).all()


def test_buffers_larger_than_a_chunk_are_filled_from_the_start() -> None:
    terms = make_terms(installment_count=2)
    layout = ScheduleLayout.of(columns_of([terms] * 4))
    buffers = numbered(100)
    assert buffers.fees_minor is not None

    lines, due_day = buffers.lines_from_start(layout.groups[0], 3)

    assert lines.interest_minor.tolist() == [[2000, 2001, 2002], [2003, 2004, 2005]]
    assert due_day is not None
    assert due_day.tolist() == [[5000, 5001, 5002], [5003, 5004, 5005]]
    # Zeros stand where the chunk has values, and nowhere else.
    assert buffers.fees_minor[:7].tolist() == [0, 0, 0, 0, 0, 0, 6006]


def test_what_is_written_to_the_lines_stands_in_the_columns() -> None:
    layout = ScheduleLayout.of(columns_of([make_terms(installment_count=3)] * 2))
    buffers = numbered(layout.value_count)

    buffers.lines_of(layout.groups[0], 0, 2)[0].total_minor[2, 1] = -1
    buffers.lines_from_start(layout.groups[0], 1)[0].principal_minor[2, 0] = -2

    assert buffers.total_minor.tolist() == [4000, 4001, 4002, 4003, 4004, -1]
    assert buffers.principal_minor.tolist() == [1000, 1001, -2, 1003, 1004, 1005]


def test_columns_that_nobody_asks_for_are_not_made() -> None:
    made = ScheduleBuffers.of_size(5)
    full = ScheduleBuffers.of_size(
        5, with_due_days=True, with_fees=True, with_capitalized=True
    )

    assert (made.due_day, made.fees_minor, made.capitalized_minor) == (None,) * 3
    assert ScheduleBuffers.of_size(0).size == 0
    for name in attrs.fields_dict(ScheduleBuffers):
        column: Int64s = getattr(full, name)
        assert column.shape == (5,)


@pytest.mark.parametrize(
    ("column", "rule"),
    [
        (np.zeros(5, np.int64), "shape (6,)"),
        (np.zeros((6, 1), np.int64), "shape (6,)"),
        (np.zeros(12, np.int64)[::2], "contiguous"),
        (np.zeros(6, np.int32), "int64 array"),
        ([0] * 6, "int64 array"),
    ],
)
def test_a_column_of_another_kind_is_refused(column: Int64s, rule: str) -> None:
    made = ScheduleBuffers.of_size(6)

    with pytest.raises(InvalidValueError) as caught:
        attrs.evolve(made, fees_minor=column)

    assert caught.value.field == "fees_minor"
    assert rule in caught.value.rule


def test_a_column_of_amounts_may_not_be_left_out() -> None:
    made = ScheduleBuffers.of_size(6)

    with pytest.raises(InvalidValueError, match="must be an int64 array") as caught:
        attrs.evolve(made, total_minor=None)  # type: ignore[arg-type]  # refused

    assert caught.value.field == "total_minor"
