"""Rows of schedules one loan after the other: each value in its place."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.batch import Int64s
from microcrm_core.dates import Frequency
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
from microcrm_core.loans.chunk_streams_batch import ScheduleChunk
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.layout_batch import TermColumns
from microcrm_core.loans.schedule_columns_batch import ColumnsInOrder, ScheduleColumns
from tests.loans.loan_cases import make_loan, make_terms

FEE = Fee(
    name="account",
    timing=FeeTiming.PER_INSTALLMENT,
    portion=Portion.of_share("0.01"),
)
WITH_ALL = RepaymentPlan(
    method=Bullet(is_compounded=True),
    down_payment=Portion.of_share("0.1"),
    fees=(FEE,),
)
NAMES = ("due_day", "principal_minor", "interest_minor", "outstanding_minor")


def terms_of(terms: list[LoanTerms]) -> TermColumns:
    loans = [make_loan(one, number) for number, one in enumerate(terms)]
    customers = {CustomerId(f"customer-{number}"): 0 for number in range(len(terms))}
    return TermColumns.of(LoanColumns.from_loans(loans, customers))


def chunk_of(
    loans: list[int], plan: RepaymentPlan, count: int, first_value: int
) -> ScheduleChunk:
    """Return a chunk whose values tell loan, row and column."""
    rows = count + (plan.down_payment is not None)

    def matrix(thousands: int) -> Int64s:
        row = np.arange(rows)[:, None]
        return 1000 * thousands + 100 * np.array(loans) + row + first_value

    is_down = np.zeros((rows, len(loans)), np.bool_)
    is_down[0] = plan.down_payment is not None
    return ScheduleChunk(
        plan=plan,
        frequency=Frequency.MONTHLY,
        installment_count=count,
        rows=np.array(loans),
        level_minor=np.array(loans) + 50,
        refusal=np.array(loans) + 7,
        due_day=matrix(1),
        principal_minor=matrix(2),
        interest_minor=matrix(3),
        outstanding_minor=matrix(4),
        total_minor=matrix(5),
        fees_minor=matrix(6),
        capitalized_minor=matrix(7),
        is_down_payment=is_down,
    )


def test_a_chunk_is_turned_from_lines_to_loans() -> None:
    # Loans 0 and 2 have two installments, loan 1 has three.
    columns = ColumnsInOrder.of(
        terms_of([make_terms(installment_count=count) for count in (2, 3, 2)])
    )

    columns.put(chunk_of([0, 2], EQUAL_INSTALLMENTS, 2, 0))
    columns.put(chunk_of([1], EQUAL_INSTALLMENTS, 3, 0))
    made = columns.schedules()

    assert made.offsets.tolist() == [0, 2, 5, 7]
    assert made.due_day.tolist() == [1000, 1001, 1100, 1101, 1102, 1200, 1201]
    assert made.principal_minor.tolist()[5:] == [2200, 2201]
    assert made.interest_minor.tolist()[:2] == [3000, 3001]
    assert made.outstanding_minor.tolist()[2:5] == [4100, 4101, 4102]
    assert made.level_minor.tolist() == [50, 51, 52]
    assert columns.refusal.tolist() == [7, 8, 9]
    assert made.loan_index.tolist() == [0, 0, 1, 1, 1, 2, 2]


def test_columns_that_no_plan_fills_are_zeros_without_memory() -> None:
    columns = ColumnsInOrder.of(terms_of([make_terms(installment_count=2)] * 2))
    columns.put(chunk_of([0, 1], EQUAL_INSTALLMENTS, 2, 0))

    made = columns.schedules()

    assert set(columns.lines) == set(NAMES)
    for column in (made.fees_minor, made.capitalized_minor, made.is_down_payment):
        assert column.shape == (4,)
        assert column.strides == (0,)
        assert not column.any()


def test_down_payments_fees_and_capital_have_columns_where_some_plan_has_them() -> None:
    plain = make_terms(installment_count=2)
    columns = ColumnsInOrder.of(
        terms_of([plain, attrs.evolve(plain, plan=WITH_ALL), plain])
    )

    columns.put(chunk_of([1], WITH_ALL, 2, 0))
    columns.put(chunk_of([0, 2], EQUAL_INSTALLMENTS, 2, 0))
    made = columns.schedules()

    # The down payment is a row more.
    assert made.offsets.tolist() == [0, 2, 5, 7]
    assert made.fees_minor.tolist()[2:5] == [6100, 6101, 6102]
    assert made.capitalized_minor.tolist()[5:] == [7200, 7201]
    assert np.flatnonzero(made.is_down_payment).tolist() == [2]


@pytest.mark.parametrize(
    ("plan", "names"),
    [
        (RepaymentPlan(method=EqualInstallments(), fees=(FEE,)), {"fees_minor"}),
        (
            RepaymentPlan(method=Bullet(is_compounded=True)),
            {"capitalized_minor"},
        ),
    ],
    ids=["fees", "capitalized"],
)
def test_each_column_is_there_for_its_own_reason(
    plan: RepaymentPlan, names: set[str]
) -> None:
    columns = ColumnsInOrder.of(terms_of([attrs.evolve(make_terms(), plan=plan)]))

    assert set(columns.lines) - set(NAMES) == names
    assert columns.is_down_payment is None


def filled(sizes: list[int]) -> ScheduleColumns:
    rows = sum(sizes)
    return ScheduleColumns(
        offsets=np.cumsum([0, *sizes]),
        due_day=np.arange(rows),
        principal_minor=np.arange(rows) * 100,
        interest_minor=np.arange(rows) + 1,
        outstanding_minor=np.zeros(rows, np.int64),
        level_minor=np.zeros(len(sizes), np.int64),
    )


@given(sizes=st.lists(st.integers(1, 5), max_size=8))
def test_interest_of_a_loan_is_that_of_its_rows(sizes: list[int]) -> None:
    rows = sum(sizes)
    capital = np.arange(rows) * 10
    plain = filled(sizes)
    grown = attrs.evolve(plain, capitalized_minor=capital)

    for loan in range(len(sizes)):
        places = plain.rows(loan)
        assert places == slice(sum(sizes[:loan]), sum(sizes[: loan + 1]))
        own = sum(plain.interest_minor[places].tolist())
        assert plain.total_interest_minor[loan] == own
        added = sum(capital[places].tolist())
        assert grown.total_interest_minor[loan] == own + added
        assert set(plain.loan_index[places].tolist()) == {loan}
    assert len(plain) == len(sizes)
    assert plain.total_interest_minor.size == len(sizes)


def test_a_total_is_principal_interest_and_fees() -> None:
    fees = np.array([5, 6, 7])

    assert filled([2, 1]).total_minor.tolist() == [1, 102, 203]
    made = attrs.evolve(filled([2, 1]), fees_minor=fees)
    assert made.total_minor.tolist() == [6, 108, 210]
    # What was given is left as it is.
    assert made.interest_minor.tolist() == [1, 2, 3]
    assert fees.tolist() == [5, 6, 7]


@pytest.mark.parametrize("loan", [-1, 2, 1.0, "0", True])
def test_rows_of_no_loan_are_refused(loan: Any) -> None:
    with pytest.raises(InvalidValueError, match="from 0 to 1"):
        filled([2, 1]).rows(loan)
