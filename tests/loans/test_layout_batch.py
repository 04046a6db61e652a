"""Where the values of schedules stand: each value has one place, and each place one."""

from __future__ import annotations

import datetime as dt

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.dates import Frequency
from microcrm_core.ids import CustomerId
from microcrm_core.loans import EqualInstallments, LoanTerms, Portion, RepaymentPlan
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.layout_batch import ScheduleLayout, TermColumns, row_count
from tests.loans.loan_cases import make_loan, make_terms

DOWN = RepaymentPlan(method=EqualInstallments(), down_payment=Portion.of_share("0.1"))


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


@pytest.mark.parametrize("count", [20, 200_000])
def test_what_chunks_read_stands_in_the_order_of_the_layout(count: int) -> None:
    # A few loans, and more of them than are read at a time.
    loans = columns_of([make_terms()]).take(np.zeros(count, np.int64))
    number = np.arange(1, count + 1)
    # The last group is small.
    lengths = np.where(number < 4, 9, 1 + number % 7)
    loans = attrs.evolve(loans, principal_minor=number, installment_count=lengths)
    terms = TermColumns.of(loans)
    layout = ScheduleLayout.of(terms)

    ordered = layout.ordered(terms)

    for name in ("principal_minor", "annual_ppm", "planned_day", "first_due_day"):
        column = getattr(terms, name)
        assert (getattr(ordered, name) == column[layout.loans]).all()


def test_terms_of_some_loans_are_theirs() -> None:
    terms = TermColumns.of(columns_of([make_terms(1000 * row) for row in (1, 2, 3)]))

    assert terms.take(np.array([2, 0])).principal_minor.tolist() == [3000, 1000]
    assert len(terms.take(slice(1, 3))) == 2
