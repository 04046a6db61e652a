from __future__ import annotations

import datetime as dt

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.batch import UNKNOWN
from microcrm_core.ids import CustomerId, LoanId, RepaymentId
from microcrm_core.loans import Loan, LoanTerms
from microcrm_core.loans.columns_batch import LoanColumns, RepaymentColumns
from microcrm_core.rates import Rate
from tests.loans.loan_cases import (
    EUR,
    KWD,
    all_terms,
    make_loan,
    make_repayment,
    make_terms,
)

POSITION = {CustomerId(f"customer-{number}"): number for number in range(20)}
LOANS = [
    make_loan(make_terms(), 1),
    make_loan(make_terms(5000), 2, requested_on=dt.date(2025, 1, 2)),
    make_loan(
        make_terms(7000), 3, requested_on=dt.date(2025, 1, 2), is_disbursed=False
    ),
]
COLUMNS = LoanColumns.from_loans(LOANS, POSITION)


def rows_of(columns: LoanColumns, loans: list[Loan]) -> list[Loan]:
    return [
        columns.loan(row, customer_id=loan.customer_id)
        for row, loan in enumerate(loans)
    ]


@given(terms=st.lists(all_terms(), max_size=8), data=st.data())
def test_loans_come_back_from_columns_as_they_were(
    terms: list[LoanTerms], data: st.DataObject
) -> None:
    loans = []
    for number, one in enumerate(terms):
        requested_on = data.draw(st.none() | st.just(one.disbursed_on))
        loans.append(
            make_loan(
                one,
                number,
                requested_on=requested_on,
                is_disbursed=requested_on is None or data.draw(st.booleans()),
            )
        )

    columns = LoanColumns.from_loans(loans, POSITION)

    assert rows_of(columns, loans) == loans
    assert columns.customer_index.tolist() == list(range(len(loans)))


def test_chosen_rows_are_the_loans_of_those_rows() -> None:
    by_position = COLUMNS.take(np.array([2, 0]))
    by_mask = COLUMNS.take(np.array([True, False, True]))

    assert rows_of(by_position, [LOANS[2], LOANS[0]]) == [LOANS[2], LOANS[0]]
    assert rows_of(by_mask, [LOANS[0], LOANS[2]]) == [LOANS[0], LOANS[2]]


@pytest.mark.parametrize("month_day", [(1, 1), (1, 2), (1, 14), (1, 15), (2, 1)])
def test_columns_tell_requests_from_loans_as_their_rows_do(
    month_day: tuple[int, int],
) -> None:
    as_of = dt.date(2025, *month_day)
    as_of_day = (as_of - dt.date(1970, 1, 1)).days
    loans = [
        attrs.evolve(loan, known_on=known_on)
        for loan in LOANS
        for known_on in (dt.date(2025, 1, 1), dt.date(2025, 1, 20))
    ]
    columns = LoanColumns.from_loans(loans, POSITION)

    assert columns.is_disbursed_as_of(as_of_day).tolist() == [
        loan.is_disbursed_as_of(as_of) for loan in loans
    ]
    assert columns.is_request_as_of(as_of_day).tolist() == [
        loan.is_request_as_of(as_of) for loan in loans
    ]


def test_a_request_without_a_planned_day_is_planned_for_the_day_it_was_made() -> None:
    names = [f.name for f in attrs.fields(LoanColumns) if f.name != "planned_day"]

    columns = LoanColumns(**{name: getattr(COLUMNS, name) for name in names})

    assert columns.planned_day.tolist() == [
        COLUMNS.disbursed_day[0],
        COLUMNS.disbursed_day[1],
        COLUMNS.requested_day[2],
    ]


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("principal_minor", 0, "must be 1 or more"),
        ("annual_ppm", -1, "must be from 0"),
        ("annual_ppm", 10**9 + 1, "must be from 0"),
        ("installment_count", 1201, "must be from 1 to 1200"),
        ("frequency_index", 1, "must be from 0 to 0"),
        ("currency_index", -1, "must be from 0 to 0"),
        ("customer_index", -1, "must be 0 or more"),
        ("known_day", UNKNOWN, "must be from"),
        ("first_due_day", 20_103, "must be after disbursed_day"),
        ("planned_day", 29_000, "must be after disbursed_day and planned_day"),
    ],
)
def test_a_row_that_is_no_loan_is_refused_and_named(
    field: str, value: int, rule: str
) -> None:
    column = getattr(COLUMNS, field).copy()
    column[1] = value

    with pytest.raises(InvalidValueError, match=rule) as error:
        attrs.evolve(COLUMNS, **{field: column})

    assert (error.value.row, error.value.bad_count) == (1, 1)


def test_an_open_request_needs_a_day_of_request() -> None:
    with pytest.raises(InvalidValueError, match="unless disbursed_day is"):
        attrs.evolve(COLUMNS, requested_day=np.full(3, UNKNOWN))


@pytest.mark.parametrize(
    "change",
    [
        {"principal_minor": np.array([1, 2, 3], np.int32)},
        {"principal_minor": np.array([1.0, 2.0, 3.0])},
        {"principal_minor": [1, 2, 3]},
        {"principal_minor": np.array([1, 2])},
        {"ids": np.array(["a", "b", "c"])},
        {"ids": np.array([b"a", b"", b"c"])},
        {"ids": np.array([b"a", b"b", b"c" * 65])},
    ],
)
def test_columns_of_a_wrong_type_or_length_are_refused(
    change: dict[str, object],
) -> None:
    with pytest.raises(InvalidValueError):
        attrs.evolve(COLUMNS, **change)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("loan_id", ["x" * 65, "é" * 33, "a\0b"])
def test_an_id_that_does_not_fit_is_refused(loan_id: str) -> None:
    loan = attrs.evolve(LOANS[0], id=LoanId(loan_id))

    with pytest.raises(InvalidValueError, match="64 bytes"):
        LoanColumns.from_loans([loan], POSITION)


def test_what_columns_cannot_hold_is_refused() -> None:
    large = make_loan(make_terms(2**63), 1)
    odd_rate = make_loan(
        attrs.evolve(make_terms(), nominal_rate=Rate.per_year("0.1234567")), 1
    )

    with pytest.raises(InvalidValueError, match="must fit int64"):
        LoanColumns.from_loans([large], POSITION)
    with pytest.raises(InvalidValueError, match="parts per million"):
        LoanColumns.from_loans([odd_rate], POSITION)
    with pytest.raises(InvalidValueError, match="position among the customers"):
        LoanColumns.from_loans(LOANS, {})


def test_repayments_come_back_from_columns_as_they_were() -> None:
    repayments = [
        make_repayment(1, dt.date(2025, 2, 1), 5, loan_number=3),
        make_repayment(
            2, dt.date(2025, 2, 2), 6, known_on=dt.date(2025, 3, 1), loan_number=1
        ),
    ]

    columns = RepaymentColumns.from_repayments(repayments, COLUMNS)

    assert columns.loan_index.tolist() == [2, 0]
    assert [columns.repayment(row, loans=COLUMNS) for row in range(2)] == repayments
    taken = columns.take(np.array([1]))
    assert taken.repayment(0, loans=COLUMNS) == repayments[1]


def test_a_repayment_of_no_loan_or_another_currency_is_refused() -> None:
    stranger = make_repayment(1, dt.date(2025, 2, 1), 5, loan_number=9)
    foreign = attrs.evolve(
        make_repayment(1, dt.date(2025, 2, 1), 5), amount=Money(5, KWD)
    )

    with pytest.raises(InvalidValueError, match="one of the loans"):
        RepaymentColumns.from_repayments([stranger], COLUMNS)
    with pytest.raises(CurrencyMismatchError, match=EUR.code):
        RepaymentColumns.from_repayments([foreign], COLUMNS)


def test_a_repayment_row_is_an_amount_above_zero() -> None:
    columns = RepaymentColumns.from_repayments(
        [attrs.evolve(make_repayment(1, dt.date(2025, 2, 1), 5), id=RepaymentId("r"))],
        COLUMNS,
    )

    with pytest.raises(InvalidValueError, match="must be 1 or more"):
        attrs.evolve(columns, amount_minor=np.array([0]))
    with pytest.raises(InvalidValueError, match="must be 0 or more"):
        attrs.evolve(columns, loan_index=np.array([-1]))


def test_the_plan_of_a_request_stays_beside_the_disbursement() -> None:
    planned = attrs.evolve(LOANS[1], planned_on=dt.date(2025, 1, 1))
    columns = LoanColumns.from_loans([planned], POSITION)

    assert columns.loan(0, customer_id=planned.customer_id) == planned
    assert columns.start_day.tolist() == columns.disbursed_day.tolist()
    assert columns.planned_day[0] == (dt.date(2025, 1, 1) - dt.date(1970, 1, 1)).days


def test_a_plan_needs_a_request() -> None:
    requested_day = COLUMNS.requested_day.copy()
    requested_day[1] = UNKNOWN

    with pytest.raises(InvalidValueError, match="where no request is known"):
        attrs.evolve(
            COLUMNS,
            requested_day=requested_day,
            planned_day=COLUMNS.planned_day - 1,
        )
