"""A charge-back moves the day since which a loan is late, where a lender asks so."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.ids import EventId
from microcrm_core.ledger import ChargedBack, Reversed
from microcrm_core.ledger.arrears import (
    Arrears,
    days_past_due,
    oldest_unpaid_due_on,
    open_minor,
)
from microcrm_core.ledger.charge_back_rows import delinquency_rows
from microcrm_core.ledger.delinquencies import (
    FINERACT_RANGES,
    LoanDelinquency,
    loan_delinquency,
)
from tests.ledger.free_loans import EUR, Case, day, euro, fee, repaid


def paid_case(*days: tuple[int, int]) -> tuple[Case, list[EventId]]:
    """Return the loan with 300.00 paid on each of these days."""
    case = Case.lent()
    return case, [case.add(repaid("300.00"), day(*on)) for on in days]


def charge_back(case: Case, repayment_id: EventId, text: str, on: dt.date) -> EventId:
    return case.add(ChargedBack(repayment_id, euro(text)), on)


def late(case: Case, as_of: dt.date) -> LoanDelinquency:
    return loan_delinquency(
        delinquency_rows(case.state(as_of)),
        as_of=as_of,
        currency=EUR,
        buckets=FINERACT_RANGES,
        grace_days=3,
    )


def test_without_a_charge_back_the_rows_are_those_of_the_state() -> None:
    state = paid_case((2, 1))[0].state(day(3, 5))

    assert delinquency_rows(state) == state.rows


def test_a_charge_back_is_late_before_the_row_that_asks_for_it_is_due() -> None:
    # As in Apache Fineract's scenario C3409: two installments paid in time, the second
    # taken back in the middle of the third period.
    case, [_, second] = paid_case((2, 1), (3, 1))
    charge_back(case, second, "300.00", day(3, 15))
    state = case.state(day(3, 20))

    assert state.days_past_due == 0
    found = late(case, day(3, 20))
    assert found.overdue == euro("300.00")
    assert (found.days_past_due, found.delinquent_days) == (5, 2)
    assert found.delinquent_on == day(3, 18)
    assert found.bucket == "range_1"


def test_the_row_that_is_due_is_late_since_the_charge_back_as_a_whole() -> None:
    case, [_, second] = paid_case((2, 1), (3, 1))
    charge_back(case, second, "300.00", day(3, 15))

    found = late(case, day(4, 10))

    assert (found.overdue, found.delinquent_on) == (euro("600.00"), day(3, 18))
    assert found.days_past_due == 26
    # The plain measure counts from the due date of the row.
    assert case.state(day(4, 10)).days_past_due == 9


def test_a_charge_back_moves_the_oldest_overdue_date_of_the_state_too() -> None:
    # The third installment was paid ahead; the charge-back opens its row again, and it
    # is older than any other that is open.
    case, [_, _, third] = paid_case((2, 1), (3, 1), (3, 10))
    assert oldest_unpaid_due_on(case.state(day(4, 20)).rows, day(4, 20)) is None

    charge_back(case, third, "300.00", day(3, 15))

    assert oldest_unpaid_due_on(case.state(day(4, 20)).rows, day(4, 20)) == day(4, 1)
    assert case.state(day(4, 20)).days_past_due == 19


def test_what_is_paid_in_the_row_covers_the_charge_back() -> None:
    # As in Apache Fineract's scenario C2543: the third payment is taken back at once.
    case, [_, _, third] = paid_case((2, 1), (3, 1), (3, 30))
    charge_back(case, third, "300.00", day(3, 30))

    assert late(case, day(4, 1)).delinquent_on is None
    assert late(case, day(4, 10)).delinquent_on == day(4, 4)


def test_an_older_row_that_is_late_keeps_its_date() -> None:
    case, [first] = paid_case((2, 1))
    charge_back(case, first, "300.00", day(3, 15))

    found = late(case, day(3, 20))

    assert found.delinquent_on == day(3, 4)
    assert found.overdue == euro("600.00")


@pytest.mark.parametrize(
    ("charged_back_on", "since"),
    [(day(3, 1), day(3, 1)), (day(3, 31), day(3, 31)), (day(4, 1), day(4, 1))],
)
def test_a_period_includes_its_first_day_and_the_last_one_also_its_due_date(
    charged_back_on: dt.date, since: dt.date
) -> None:
    case, [_, second] = paid_case((2, 1), (3, 1))
    charge_back(case, second, "300.00", charged_back_on)

    found = oldest_unpaid_due_on(delinquency_rows(case.state(day(4, 20))), day(4, 20))

    assert found == since


def test_the_first_charge_back_that_is_not_covered_gives_the_date() -> None:
    case, [_, second] = paid_case((2, 1), (3, 1))
    case.add(repaid("100.00"), day(3, 10))
    charge_back(case, second, "80.00", day(3, 12))
    charge_back(case, second, "80.00", day(3, 14))
    charge_back(case, second, "80.00", day(3, 16))

    found = late(case, day(3, 20))

    # 100.00 are paid in the row; 240.00 were taken back.
    assert (found.delinquent_on, found.overdue) == (day(3, 17), euro("140.00"))


def test_a_charge_back_that_was_reversed_moves_nothing() -> None:
    case, [_, second] = paid_case((2, 1), (3, 1))
    taken_back = charge_back(case, second, "300.00", day(3, 15))
    case.add(Reversed(taken_back), day(3, 16))

    assert late(case, day(3, 20)).delinquent_on is None


def test_credit_that_is_used_covers_the_charge_back() -> None:
    case = Case.lent()
    paid = case.add(repaid("950.00"), day(3, 1))
    charge_back(case, paid, "340.00", day(3, 15))
    state = case.state(day(3, 20))

    # 300.00 were paid in the row, and 50.00 of credit went into it.
    assert state.outstanding.total == euro("290.00")
    assert late(case, day(3, 20)).delinquent_on is None


@given(
    data=st.data(),
    amounts=st.lists(st.integers(1, 900_00), max_size=4),
    as_of_days=st.integers(0, 150),
)
def test_nothing_is_lost_and_no_date_is_later_than_without(
    data: st.DataObject, amounts: list[int], as_of_days: int
) -> None:
    case = Case.lent()
    case.add(fee("7.00", day(3, 20)), day(1, 5))
    for amount_minor in amounts:
        on = day(1, 1) + dt.timedelta(days=data.draw(st.integers(1, 120)))
        paid = case.add(repaid(f"{amount_minor // 100}.{amount_minor % 100:02}"), on)
        if data.draw(st.booleans()):
            later_on = on + dt.timedelta(days=data.draw(st.integers(0, 40)))
            part_minor = data.draw(st.integers(1, amount_minor))
            text = f"{part_minor // 100}.{part_minor % 100:02}"
            charge_back(case, paid, text, later_on)
    as_of = day(1, 1) + dt.timedelta(days=as_of_days)
    state = case.state(as_of)

    rows = delinquency_rows(state)

    plain = Arrears.of(state.rows, as_of=as_of, currency=EUR)
    moved = Arrears.of(rows, as_of=as_of, currency=EUR)
    assert sum(map(open_minor, rows)) == sum(map(open_minor, state.rows))
    assert moved.total >= plain.total
    assert days_past_due(rows, as_of) >= days_past_due(state.rows, as_of)
