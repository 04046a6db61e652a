"""What is owed is put on other installments."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Frequency, LedgerError, Rate
from microcrm_core.ledger import (
    ArrearsCapitalized,
    Disbursed,
    ReAged,
    ReAgedInterest,
    ReAmortized,
    Reversed,
)
from microcrm_core.ledger.loan_states import LoanStatus
from microcrm_core.ledger.re_aging import equal_parts
from microcrm_core.loans import FINERACT, STRICT, ScheduleConventions
from microcrm_core.rounding import Rounding
from tests.ledger.free_loans import (
    TERMS,
    Case,
    columns,
    day,
    euro,
    fee,
    penalty,
    repaid,
)

SIX_MONTHS = ReAged(
    start_on=day(3, 15), frequency=Frequency.MONTHLY, installment_count=6
)


def due_and_principal(case: Case, as_of: dt.date) -> list[tuple[object, ...]]:
    return columns(case.state(as_of), "due_on", "principal_minor")


def test_unpaid_principal_leaves_the_old_rows_for_equal_new_ones() -> None:
    case = Case.lent(attrs.evolve(TERMS, principal=euro("1000.00")))
    case.add(repaid("333.33"), day(2, 1))
    case.add(SIX_MONTHS, day(2, 20))

    # 666.67 is left; a sixth is 111.11, and the last row takes the cents.
    assert due_and_principal(case, day(2, 20)) == [
        (day(2, 1), 333_33),
        (day(3, 1), 0),
        (day(3, 15), 111_11),
        (day(4, 1), 0),
        (day(4, 15), 111_11),
        (day(5, 15), 111_11),
        (day(6, 15), 111_11),
        (day(7, 15), 111_11),
        (day(8, 15), 111_12),
    ]


@pytest.mark.parametrize("conventions", [STRICT, FINERACT])
@pytest.mark.parametrize("interest", ReAgedInterest)
def test_re_amortizing_twice_keeps_one_new_row_for_each_due_date(
    interest: ReAgedInterest, conventions: ScheduleConventions
) -> None:
    terms = attrs.evolve(TERMS, nominal_rate=Rate.per_year("0.12"))
    case = Case(terms=terms, conventions=conventions)
    case.add(Disbursed(amount=terms.principal), terms.disbursed_on)
    # Fees stay in the old rows, so that two rows are due on each day.
    for number, month in enumerate((2, 3, 4)):
        case.add(fee("1.00", day(month, 1)), day(1, 5 + number))
    case.add(ReAmortized(interest), day(2, 10))
    case.add(ReAmortized(interest), day(2, 20))

    state = case.state(day(2, 20))

    new = [row for row in state.rows if row.principal_minor]
    assert [row.due_on for row in new] == [day(3, 1), day(4, 1)]
    assert sum(row.principal_minor for row in new) == 900_00
    assert [row.fees_minor for row in state.rows if row.fees_minor] == [100, 100, 100]


def test_the_new_rows_are_due_and_the_old_ones_no_longer_late() -> None:
    case = Case.lent()
    case.add(SIX_MONTHS, day(2, 20))

    before, after = case.state(day(2, 19)), case.state(day(2, 20))

    assert (before.days_past_due, after.days_past_due) == (18, 0)
    assert before.outstanding.principal == after.outstanding.principal == euro("900.00")
    assert case.state(day(3, 16)).overdue.total == euro("150.00")


def test_charges_stay_where_they_are() -> None:
    case = Case.lent()
    case.add(penalty("10.00", day(2, 10)), day(2, 10))
    case.add(SIX_MONTHS, day(2, 20))

    state = case.state(day(2, 20))

    assert columns(state, "principal_minor", "penalties_minor")[:2] == [
        (0, 0),
        (0, 10_00),
    ]
    assert state.outstanding.total == euro("910.00")


def test_a_loan_past_maturity_is_re_aged_from_then_on() -> None:
    case = Case.lent()
    case.add(repaid("300.00"), day(2, 1))
    late = ReAged(start_on=day(9, 1), frequency=Frequency.MONTHLY, installment_count=2)
    case.add(late, day(8, 10))

    state = case.state(day(8, 10))

    assert columns(state, "from_on", "due_on", "principal_minor")[3:] == [
        (day(4, 1), day(9, 1), 300_00),
        (day(9, 1), day(10, 1), 300_00),
    ]
    assert (state.days_past_due, state.status) == (0, LoanStatus.ACTIVE)


def test_a_re_aging_that_was_reversed_never_was() -> None:
    case, plain = Case.lent(), Case.lent()
    re_aged_id = case.add(SIX_MONTHS, day(2, 20))
    case.add(Reversed(re_aged_id), day(2, 25))

    assert due_and_principal(case, day(8, 1)) == due_and_principal(plain, day(8, 1))
    # Before the reversal was true, it stood.
    assert len(due_and_principal(case, day(2, 24))) == 9


def test_a_re_aging_past_maturity_that_was_reversed_leaves_the_old_arrears() -> None:
    case = Case.lent()
    late = ReAged(start_on=day(9, 1), frequency=Frequency.MONTHLY, installment_count=2)
    re_aged_id = case.add(late, day(8, 10))
    assert case.state(day(8, 31)).days_past_due == 0
    case.add(Reversed(re_aged_id), day(8, 10))

    state = case.state(day(8, 31))

    # From 1 February to 31 August of a leap year.
    assert (len(state.rows), state.days_past_due) == (3, 212)
    assert state.overdue.total == euro("900.00")


def test_a_repayment_booked_before_the_re_aging_leaves_less_to_spread() -> None:
    case = Case.lent()
    case.add(SIX_MONTHS, day(2, 20))
    case.add(repaid("300.00"), day(2, 15))

    found = due_and_principal(case, day(2, 20))

    assert found[0] == (day(2, 1), 300_00)
    assert [principal for on, principal in found if on == day(8, 15)] == [100_00]


def test_nothing_is_re_aged_where_the_customer_has_credit() -> None:
    case = Case.lent()
    case.add(repaid("950.00"), day(2, 1))
    case.add(SIX_MONTHS, day(2, 20))

    state = case.state(day(2, 20))

    assert len(state.rows) == 3
    assert (state.credit, state.status) == (euro("50.00"), LoanStatus.OVERPAID)


def test_months_that_lack_the_day_do_not_move_the_days_after_them() -> None:
    case = Case.lent()
    month_ends = ReAged(
        start_on=day(8, 31), frequency=Frequency.MONTHLY, installment_count=3
    )
    case.add(month_ends, day(5, 1))

    dates = [on for on, _ in due_and_principal(case, day(5, 1))]
    assert dates[3:] == [day(8, 31), day(9, 30), day(10, 31)]


def test_the_first_new_row_must_be_due_after_the_day() -> None:
    case = Case.lent()
    case.add(SIX_MONTHS, day(3, 15))

    with pytest.raises(LedgerError, match="start_on must be after the day"):
        case.state(day(3, 15))


def test_what_is_overdue_is_spread_over_the_rows_to_come() -> None:
    case = Case.lent()
    case.add(repaid("100.00"), day(2, 1))
    case.add(ReAmortized(), day(2, 10))

    # 200.00 of February is unpaid: half of it for each of the other rows.
    assert due_and_principal(case, day(2, 10)) == [
        (day(2, 1), 100_00),
        (day(3, 1), 400_00),
        (day(4, 1), 400_00),
    ]
    assert case.state(day(2, 10)).days_past_due == 0


def test_a_row_due_on_the_day_is_re_amortized_too() -> None:
    case = Case.lent()
    case.add(ReAmortized(), day(3, 1))

    found = columns(case.state(day(3, 1)), "principal_minor", "settled_on")
    assert found == [(0, day(3, 1)), (0, day(3, 1)), (900_00, None)]


def test_nothing_can_be_spread_once_no_row_is_to_come() -> None:
    case = Case.lent()
    case.add(ReAmortized(), day(4, 1))

    with pytest.raises(LedgerError, match="must be before the last due date") as caught:
        case.state(day(4, 1))
    assert caught.value.event_id == case.events[-1].id


def test_overdue_charges_become_principal_of_the_rows_to_come() -> None:
    case = Case.lent()
    case.add(penalty("10.00", day(2, 1)), day(1, 10))
    case.add(penalty("7.00", day(3, 1)), day(1, 10))
    case.add(ArrearsCapitalized(), day(2, 10))

    state = case.state(day(2, 10))

    # The penalty of March is not overdue; the principal of February stays so.
    assert columns(state, "principal_minor", "penalties_minor") == [
        (300_00, 0),
        (305_00, 7_00),
        (305_00, 0),
    ]
    assert state.outstanding.total == euro("917.00")
    assert state.overdue.total == euro("300.00")


def test_capitalizing_where_only_principal_is_overdue_changes_nothing() -> None:
    case, plain = Case.lent(), Case.lent()
    case.add(ArrearsCapitalized(), day(5, 1))

    assert due_and_principal(case, day(5, 1)) == due_and_principal(plain, day(5, 1))


@given(
    st.integers(0, 10**9),
    st.integers(1, 60),
    st.sampled_from([1, 100, 5000]),
    st.sampled_from(Rounding),
)
def test_parts_make_up_the_amount_and_only_the_last_differs(
    amount_minor: int, count: int, multiple: int, rounding: Rounding
) -> None:
    parts = equal_parts(amount_minor, count, multiple, rounding)

    assert (len(parts), sum(parts)) == (count, amount_minor)
    assert min(parts) >= 0
    assert all(one == other for one, other in pairwise(parts[:-1]))
    assert all(part % multiple == 0 for part in parts[:-1])
