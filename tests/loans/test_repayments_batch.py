from __future__ import annotations

import datetime as dt

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.batch import UNKNOWN
from microcrm_core.ids import CustomerId
from microcrm_core.loans import (
    STRICT,
    Bullet,
    LoanTerms,
    Repayment,
    RepaymentPlan,
    allocate_repayments,
    build_schedule,
)
from microcrm_core.loans.batch import build_schedules
from microcrm_core.loans.columns_batch import LoanColumns, RepaymentColumns
from microcrm_core.loans.repayments_batch import StandingColumns, allocate_many
from tests.loans.loan_cases import make_loan, make_repayment, make_terms, repayments_of

EPOCH = dt.date(1970, 1, 1)
AS_OF = dt.date(2025, 9, 30)


def day_of(on: dt.date | None) -> int:
    return UNKNOWN if on is None else (on - EPOCH).days


def standing_of(
    terms: list[LoanTerms], repayments: list[Repayment], as_of: dt.date
) -> StandingColumns:
    loans = [make_loan(one, number) for number, one in enumerate(terms)]
    position = {CustomerId(f"customer-{number}"): 0 for number in range(len(terms))}
    columns = LoanColumns.from_loans(loans, position)
    return allocate_many(
        build_schedules(columns, STRICT),
        RepaymentColumns.from_repayments(repayments, columns),
        day_of(as_of),
    )


def assert_twins(
    terms: list[LoanTerms], by_loan: list[list[Repayment]], as_of: dt.date
) -> None:
    mixed = [repayment for repayments in by_loan for repayment in repayments]
    mixed.sort(key=lambda repayment: (repayment.id, repayment.loan_id), reverse=True)

    columns = standing_of(terms, mixed, as_of)

    paid: list[int] = []
    settled: list[int] = []
    for row, (one, repayments) in enumerate(zip(terms, by_loan, strict=True)):
        standing = allocate_repayments(build_schedule(one, STRICT), repayments, as_of)
        paid += standing.paid_minor
        settled += [day_of(on) for on in standing.settled_on]
        assert columns.repaid_minor[row] == standing.repaid_minor
        assert columns.outstanding_minor[row] == standing.outstanding_minor
        assert (
            columns.outstanding_principal_minor[row]
            == standing.outstanding_principal_minor
        )
        assert columns.overdue_minor[row] == standing.overdue_minor
        assert columns.days_past_due[row] == standing.days_past_due
        assert columns.credit_minor[row] == standing.credit_minor
        assert columns.loan_settled_day[row] == day_of(standing.loan_settled_on)
        assert columns.is_settled[row] == standing.is_settled
    assert columns.paid_minor.tolist() == paid
    assert columns.settled_day.tolist() == settled


@st.composite
def portfolios(
    draw: st.DrawFn,
) -> tuple[list[LoanTerms], list[list[Repayment]], dt.date]:
    terms, by_loan = [], []
    for number in range(draw(st.integers(1, 6))):
        one = make_terms(
            draw(st.integers(1, 10**6)),
            draw(st.integers(0, 400_000)),
            draw(st.integers(1, 12)),
        )
        terms.append(one)
        by_loan.append(draw(repayments_of(build_schedule(one, STRICT), number)))
    as_of = dt.date(2025, 1, 15) + dt.timedelta(days=draw(st.integers(0, 500)))
    return terms, by_loan, as_of


@given(case=portfolios())
def test_standings_in_columns_equal_those_of_each_loan(
    case: tuple[list[LoanTerms], list[list[Repayment]], dt.date],
) -> None:
    assert_twins(*case)


@pytest.mark.parametrize("short_minor", [-1, 0, 1])
def test_sums_that_meet_an_installment_exactly_settle_it(short_minor: int) -> None:
    terms = [make_terms(1000, 0, 3), make_terms(999, 0, 3), make_terms(5, 0, 8)]
    due_on = build_schedule(terms[0], STRICT).due_on
    by_loan = [
        [
            make_repayment(1, due_on[0], 300, loan_number=0),
            make_repayment(2, due_on[0], 34 - short_minor, loan_number=0),
            make_repayment(3, due_on[1], 334 + short_minor, loan_number=0),
        ],
        [make_repayment(1, due_on[2], 999 - short_minor, loan_number=1)],
        [make_repayment(1, due_on[0], 5 - short_minor, loan_number=2)],
    ]

    for as_of in (due_on[0], due_on[1], due_on[1] + dt.timedelta(days=1), AS_OF):
        assert_twins(terms, by_loan, as_of)


def test_loans_without_repayments_stand_open() -> None:
    assert_twins([make_terms(), make_terms(500, 0, 1)], [[], []], AS_OF)


def test_no_loans_have_no_standing() -> None:
    assert standing_of([], [], AS_OF).repaid_minor.size == 0


def test_amounts_whose_sum_over_all_loans_leaves_int64_are_exact() -> None:
    # Six loans of 2**61 each: far more than one int64 for the whole portfolio.
    terms = [make_terms(2**61, 0, 2) for _ in range(6)]
    due_on = build_schedule(terms[0], STRICT).due_on
    by_loan = [
        [
            make_repayment(1, due_on[0], 2**60 - (number % 2), loan_number=number),
            make_repayment(2, due_on[1], 2**60 + number, loan_number=number),
        ]
        for number in range(6)
    ]

    assert_twins(terms, by_loan, AS_OF)


def test_repayments_of_a_loan_that_leave_int64_are_refused() -> None:
    by_loan = [
        make_repayment(number, AS_OF, 2**61, loan_number=0) for number in range(2)
    ]

    with pytest.raises(InvalidValueError, match="less than 2") as error:
        standing_of([make_terms()], by_loan, AS_OF)

    assert error.value.row == 0


def test_what_is_known_later_changes_nothing() -> None:
    due_on = build_schedule(make_terms(), STRICT).due_on
    known = [make_repayment(1, due_on[0], 5000, loan_number=0)]
    later_on = AS_OF + dt.timedelta(days=1)
    later = [
        make_repayment(2, later_on, 5000, loan_number=0),
        make_repayment(3, due_on[0], 5000, known_on=later_on, loan_number=0),
    ]

    before = standing_of([make_terms()], known, AS_OF)
    after = standing_of([make_terms()], [*later, *known], AS_OF)

    for field in attrs.fields(StandingColumns):
        assert np.array_equal(getattr(before, field.name), getattr(after, field.name))


def test_a_repayment_of_no_loan_is_refused() -> None:
    loan = make_loan(make_terms(), 0)
    loans = LoanColumns.from_loans([loan], {loan.customer_id: 0})
    repayments = RepaymentColumns.from_repayments(
        [make_repayment(1, AS_OF, 5, loan_number=0)], loans
    )
    repayments = attrs.evolve(repayments, loan_index=np.array([1]))

    with pytest.raises(InvalidValueError, match="number of loans"):
        allocate_many(build_schedules(loans, STRICT), repayments, day_of(AS_OF))


def test_installments_of_nothing_are_settled_by_themselves_in_columns_too() -> None:
    plan = RepaymentPlan(method=Bullet())
    terms = [attrs.evolve(make_terms(), plan=plan), make_terms()]
    due_on = build_schedule(terms[0], STRICT).due_on
    paid = make_repayment(1, due_on[-1], 10**6, loan_number=0)

    cases: list[list[list[Repayment]]] = [[[], []], [[paid], []]]
    for by_loan in cases:
        assert_twins(terms, by_loan, AS_OF)
        assert_twins(terms, by_loan, due_on[-1] + dt.timedelta(days=1))
