"""A lender takes a loan as a loss, or ends its contract."""

from __future__ import annotations

import attrs

from microcrm_core import Rate
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    ChargedOff,
    ChargeOffInterest,
    Reversed,
    Terminated,
)
from microcrm_core.ledger.loan_states import LoanStatus
from tests.ledger.free_loans import TERMS, Case, columns, day, euro, fee, repaid

# One percent a month on 900.00: three installments of 306.02, the last of them less.
ONE_PERCENT = attrs.evolve(TERMS, nominal_rate=Rate.per_year("0.12"))
ENDED = attrs.evolve(PLAIN_LEDGER, charge_off_interest=ChargeOffInterest.ENDED)
ACCELERATED = attrs.evolve(
    PLAIN_LEDGER, charge_off_interest=ChargeOffInterest.ACCELERATED
)


def test_a_charged_off_loan_is_asked_for_as_before() -> None:
    case, plain = Case.lent(ONE_PERCENT), Case.lent(ONE_PERCENT)
    case.add(ChargedOff(), day(2, 10))
    for one in (case, plain):
        one.add(repaid("100.00"), day(2, 20))

    names = ("due_on", "principal_minor", "interest_minor", "paid_minor")
    found, expected = case.state(day(3, 10)), plain.state(day(3, 10))
    assert columns(found, *names) == columns(expected, *names)


def test_a_charge_off_states_what_was_open() -> None:
    case = Case.lent()
    case.add(fee("10.00", day(2, 1)), day(1, 10))
    case.add(repaid("300.00"), day(2, 1))
    charge_off_id = case.add(ChargedOff(), day(2, 10))

    posting = {one.event_id: one for one in case.state(day(2, 10)).postings}
    # The fee is paid first, so 10.00 of the principal of February is open.
    assert tuple(posting[charge_off_id].parts_minor) == (610_00, 0, 0, 0)


def test_interest_ends_with_the_charge_off_and_principal_is_what_was_lent() -> None:
    case = Case.lent(ONE_PERCENT, ENDED)
    case.add(ChargedOff(), day(3, 1))

    # Of 9.00, 6.03 and 3.03 the last is of days after the charge-off.
    assert columns(case.state(day(3, 1)), "principal_minor", "interest_minor") == [
        (297_02, 9_00),
        (299_99, 6_03),
        (302_99, 0),
    ]


def test_an_accelerated_charge_off_makes_all_principal_due() -> None:
    case = Case.lent(policy=ACCELERATED)
    case.add(ChargedOff(), day(2, 10))

    state = case.state(day(2, 11))

    assert columns(state, "due_on", "principal_minor") == [
        (day(2, 1), 300_00),
        (day(2, 10), 600_00),
    ]
    assert state.overdue.total == euro("900.00")


def test_a_loan_that_owes_nothing_is_no_loss() -> None:
    case = Case.lent()
    case.add(repaid("900.00"), day(2, 1))
    case.add(ChargedOff(), day(2, 10))

    assert case.state(day(2, 10)).status is LoanStatus.CLOSED


def test_a_second_charge_off_states_nothing() -> None:
    case = Case.lent(policy=ENDED)
    first = case.add(ChargedOff(), day(2, 10))
    second = case.add(ChargedOff(), day(2, 20))

    amounts = {
        one.event_id: one.amount_minor for one in case.state(day(2, 20)).postings
    }
    assert (amounts[first], amounts[second]) == (900_00, 0)


def test_a_charge_off_that_was_reversed_never_was() -> None:
    case, plain = Case.lent(ONE_PERCENT, ENDED), Case.lent(ONE_PERCENT, ENDED)
    charge_off_id = case.add(ChargedOff(), day(2, 10))
    case.add(Reversed(charge_off_id), day(2, 20))

    names = ("due_on", "principal_minor", "interest_minor")
    found, expected = case.state(day(3, 1)), plain.state(day(3, 1))
    assert columns(found, *names) == columns(expected, *names)


def test_an_ended_contract_is_due_on_the_day_with_interest_up_to_it() -> None:
    case = Case.lent(ONE_PERCENT)
    case.add(Terminated(), day(2, 16))

    # 15 of the 29 days of February's period: 6.03 x 15 / 29 = 3.12.
    found = columns(
        case.state(day(2, 16)), "due_on", "principal_minor", "interest_minor"
    )
    assert found == [(day(2, 1), 297_02, 9_00), (day(2, 16), 602_98, 3_12)]


def test_charges_of_later_rows_stay_due_after_the_end() -> None:
    case = Case.lent()
    case.add(fee("10.00", day(3, 20)), day(1, 10))
    case.add(Terminated(), day(2, 10))

    assert columns(case.state(day(2, 10)), "due_on", "fees_minor") == [
        (day(2, 1), 0),
        (day(2, 10), 0),
        (day(3, 20), 10_00),
    ]


def test_a_contract_ends_once() -> None:
    case = Case.lent()
    case.add(Terminated(), day(2, 10))
    second = case.add(Terminated(), day(2, 20))

    state = case.state(day(2, 20))

    amounts = {one.event_id: one.amount_minor for one in state.postings}
    assert amounts[second] == 0
    assert columns(state, "due_on")[-1] == (day(2, 10),)


def test_after_the_last_due_date_an_end_moves_nothing() -> None:
    case = Case.lent()
    case.add(Terminated(), day(4, 10))

    state = case.state(day(4, 10))

    assert [due_on for (due_on,) in columns(state, "due_on")] == [
        day(2, 1),
        day(3, 1),
        day(4, 1),
    ]
    assert state.outstanding.total == euro("900.00")


def test_what_is_paid_after_the_end_closes_the_loan() -> None:
    case = Case.lent(ONE_PERCENT)
    case.add(Terminated(), day(2, 16))
    case.add(repaid("912.12"), day(8, 1))

    state = case.state(day(9, 1))

    # 900.00 and interest of 9.00 and 3.12; none accrues after the end.
    assert (state.status, state.credit) == (LoanStatus.CLOSED, euro("0.00"))
