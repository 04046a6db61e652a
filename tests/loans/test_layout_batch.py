"""Where the values of schedules stand: each value has one place, and each place one."""

from __future__ import annotations

import datetime as dt

import attrs
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.dates import Frequency
from microcrm_core.ids import CustomerId
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    EqualInstallments,
    Fee,
    FeeTiming,
    LoanTerms,
    Portion,
    RepaymentPlan,
)
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.layout_batch import (
    ScheduleBuffers,
    ScheduleLayout,
    TermColumns,
    row_count,
)
from tests.loans.loan_cases import make_loan, make_terms

DOWN = RepaymentPlan(method=EqualInstallments(), down_payment=Portion.of_share("0.1"))
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


def columns_of(terms: list[LoanTerms]) -> LoanColumns:
    loans = [make_loan(one, number) for number, one in enumerate(terms)]
    customers = {CustomerId(f"customer-{number}"): 0 for number in range(len(terms))}
    return LoanColumns.from_loans(loans, customers)


def term_of(count: int, is_weekly: bool, is_down: bool, dom: int) -> LoanTerms:
    terms = make_terms(
        installment_count=count,
        frequency=Frequency.WEEKLY if is_weekly else Frequency.MONTHLY,
        disbursed_on=dt.date(2024, 12, 15),
        first_due_on=dt.date(2025, 1, dom),
    )
    return attrs.evolve(terms, plan=DOWN) if is_down else terms


@given(
    st.lists(
        st.builds(
            term_of,
            st.integers(1, 4),
            st.booleans(),
            st.booleans(),
            st.sampled_from([1, 27, 28, 29, 31]),
        ),
        max_size=30,
    )
)
def test_every_value_belongs_to_one_row_of_one_loan(terms: list[LoanTerms]) -> None:
    loans = columns_of(terms)
    layout = ScheduleLayout.of(loans)
    taken = np.zeros(layout.value_count, np.int64)
    first, step = layout.places()

    for loan, one in enumerate(terms):
        values = layout.values(loan)
        count = row_count(one.plan, one.installment_count)
        places = list(range(*values.indices(layout.value_count)))
        assert len(places) == count
        assert places[0] == first[loan]
        assert values.step == step[loan]
        taken[places] += 1

    assert (taken == 1).all()
    assert sorted(layout.loans.tolist()) == list(range(len(terms)))


@given(
    st.lists(
        st.builds(
            term_of,
            st.integers(1, 3),
            st.booleans(),
            st.booleans(),
            st.sampled_from([1, 28, 29, 31]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_loans_of_a_group_are_of_one_kind_and_the_late_ones_come_last(
    terms: list[LoanTerms],
) -> None:
    layout = ScheduleLayout.of(columns_of(terms))
    kinds = set()

    for group in layout.groups:
        kind = (group.plan, group.frequency, group.installment_count)
        assert kind not in kinds
        kinds.add(kind)
        for place in range(group.loan_start, group.loan_end):
            one = terms[int(layout.loans[place])]
            assert (one.plan, one.frequency, one.installment_count) == kind
            assert (one.first_due_on.day > 28) == (place >= group.late_start)


def test_loans_of_one_kind_keep_their_order() -> None:
    loans = columns_of([make_terms(1000 + row) for row in range(50)])

    assert ScheduleLayout.of(loans).loans.tolist() == list(range(50))


def test_many_plans_and_frequencies_are_grouped_without_a_table() -> None:
    # Plans × frequencies × lengths are more than a table of groups has room for.
    plans = tuple(
        RepaymentPlan(method=EqualInstallments(), balloon=Portion.of_share(f"0.{one}"))
        for one in range(1000, 5000)
    )
    loans = columns_of([make_terms(installment_count=3)] * 3)
    loans = attrs.evolve(
        loans, plans=plans, plan_index=np.array([3999, 0, 3999], np.int64)
    )

    layout = ScheduleLayout.of(loans)

    assert layout.loans.tolist() == [1, 0, 2]
    assert [group.plan for group in layout.groups] == [plans[0], plans[3999]]


def test_a_group_is_a_view_of_a_column() -> None:
    loans = columns_of([make_terms(installment_count=3)] * 2)
    layout = ScheduleLayout.of(loans)
    column = np.arange(layout.value_count)

    matrix = layout.groups[0].matrix(column)
    matrix[2, 1] = -1

    assert matrix.shape == (3, 2)
    assert column[layout.values(1)].tolist() == [1, 3, -1]


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


def test_what_chunks_read_stands_side_by_side() -> None:
    # More loans than are packed at a time.
    loans = columns_of([make_terms()]).take(np.zeros(20_000, np.int64))
    loans = attrs.evolve(loans, principal_minor=np.arange(1, 20_001))
    terms = TermColumns.of(loans)

    packed = terms.packed()

    columns = (
        terms.principal_minor,
        terms.annual_ppm,
        terms.planned_day,
        terms.first_due_day,
    )
    assert packed.shape == (20_000, 4)
    for place, column in enumerate(columns):
        assert (packed[:, place] == column).all()


def test_terms_of_some_loans_are_theirs() -> None:
    terms = TermColumns.of(columns_of([make_terms(1000 * row) for row in (1, 2, 3)]))

    assert terms.take(np.array([2, 0])).principal_minor.tolist() == [3000, 1000]
    assert len(terms.take(slice(1, 3))) == 2
