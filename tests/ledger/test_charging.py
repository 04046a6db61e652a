"""What fees and penalties do to a loan, worked out by hand.

The loan of `free_loans`: 900.00 in three installments of 300.00, without interest.
"""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from microcrm_core.ids import EventId
from microcrm_core.ledger import (
    ChargeBase,
    Charged,
    ChargeKind,
    ChargeWaived,
    Disbursed,
)
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.loans import Portion
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


def share(
    text: str, due_on: dt.date | None, base: ChargeBase = ChargeBase.PRINCIPAL
) -> Charged:
    """Return a fee that is a share."""
    return Charged(
        kind=ChargeKind.FEE,
        portion=Portion.of_share(text),
        due_on=due_on,
        base=base,
    )


def fees(state: LoanState) -> list[int]:
    """Return the fees of each row."""
    return [row.fees_minor for row in state.rows]


# Where a charge goes.


@pytest.mark.parametrize(
    ("due_on", "expected"),
    [
        # Before the first period, on its first day, within it, and on its due date.
        (day(1, 1) - dt.timedelta(days=20), [5_00, 0, 0]),
        (day(1, 1), [5_00, 0, 0]),
        (day(1, 20), [5_00, 0, 0]),
        (day(2, 1), [5_00, 0, 0]),
        (day(2, 2), [0, 5_00, 0]),
        (day(4, 1), [0, 0, 5_00]),
        (day(4, 2), [0, 0, 0, 5_00]),
    ],
)
def test_a_charge_is_asked_for_in_the_row_in_whose_period_it_is_due(
    due_on: dt.date, expected: list[int]
) -> None:
    case = Case.lent()
    case.add(fee("5.00", due_on), day(1, 1))

    assert fees(case.state(day(5, 1))) == expected


def test_a_fee_is_a_fee_and_a_penalty_a_penalty() -> None:
    case = Case.lent()
    case.add(fee("5.00", day(2, 1)), day(1, 5))
    case.add(penalty("7.00", day(2, 1)), day(1, 5))

    state = case.state(day(2, 1))

    assert columns(state, "fees_minor", "penalties_minor")[0] == (5_00, 7_00)
    assert state.due.fees == euro("5.00")
    assert state.due.penalties == euro("7.00")


def test_what_is_due_after_the_last_row_shares_one_row_that_moves() -> None:
    case = Case.lent()
    case.add(fee("5.00", day(4, 10)), day(4, 10))
    case.add(fee("6.00", day(5, 20)), day(5, 20))

    state = case.state(day(6, 1))

    assert columns(state, "kind", "from_on", "due_on", "fees_minor")[-1] == (
        "additional",
        day(4, 1),
        day(5, 20),
        11_00,
    )
    # Before the second one was charged, the row was due when the first one was.
    assert case.state(day(5, 19)).rows[-1].due_on == day(4, 10)


def test_a_charge_opens_a_row_that_was_settled() -> None:
    case = Case.lent()
    case.add(repaid("300.00"), day(2, 1))
    case.add(penalty("5.00", day(2, 1)), day(2, 10))

    state = case.state(day(2, 10))

    # It was due on 1 February, so it comes before the payment of that day.
    assert state.rows[0].settled_on is None
    assert state.rows[0].paid == (300_00, 0, 0, 0)
    assert state.overdue.penalties == euro("5.00")


# How much it is.


def test_a_share_of_principal_is_of_all_that_was_lent() -> None:
    case = Case.lent()
    case.add(share("0.01", day(2, 1)), day(1, 5))

    assert fees(case.state(day(1, 5))) == [9_00, 0, 0]


def test_a_share_of_interest_of_a_loan_without_interest_is_nothing() -> None:
    case = Case.lent()
    case.add(share("0.01", day(7, 1), ChargeBase.INTEREST), day(1, 5))

    assert fees(case.state(day(1, 5))) == [0, 0, 0]


def test_a_share_is_rounded_once() -> None:
    case = Case.lent()
    # 900.00 x 0.00005 = 0.045, a tie, which goes to the even cent.
    case.add(share("0.00005", day(2, 1)), day(1, 5))

    assert fees(case.state(day(1, 5))) == [4, 0, 0]


# With every installment.


def test_a_charge_with_every_installment_is_in_every_regular_row() -> None:
    case = Case.lent()
    case.add(attrs.evolve(fee("2.00", day(1, 1)), due_on=None), day(1, 5))

    assert fees(case.state(day(1, 5))) == [2_00, 2_00, 2_00]


def test_a_share_of_every_installment_is_set_anew_when_more_is_lent() -> None:
    case = Case.lent()
    case.add(share("0.01", None), day(1, 1))
    case.add(repaid("303.00"), day(1, 20))
    case.add(Disbursed(amount=euro("300.00")), day(2, 10))

    # A row that is settled keeps its fee: 3.00. 150.00 more make 4.50 of the others.
    assert fees(case.state(day(2, 9))) == [3_00, 3_00, 3_00]
    assert fees(case.state(day(2, 10))) == [3_00, 4_50, 4_50]


# Credit pays a later charge.


def test_a_charge_that_comes_while_there_is_credit_is_paid_from_it() -> None:
    case = Case.lent()
    paid_id = case.add(repaid("910.00"), day(2, 1))
    case.add(fee("6.00", day(2, 20)), day(2, 15))

    state = case.state(day(2, 15))

    # The repayment pays it, as if its row had asked for the fee then.
    assert state.credit == euro("4.00")
    assert state.outstanding.total == euro("0.00")
    [posting] = [one for one in state.postings if one.event_id == paid_id]
    assert posting.parts_minor == (900_00, 0, 6_00, 0)
    assert posting.credit_minor == 4_00
    assert state.rows[1].settled_on == day(2, 1)


def test_the_repayment_that_brought_credit_first_pays_first() -> None:
    case = Case.lent()
    first_id = case.add(repaid("905.00"), day(2, 1))
    second_id = case.add(repaid("10.00"), day(2, 5))
    case.add(fee("8.00", day(2, 20)), day(2, 15))

    state = case.state(day(2, 15))

    left = {one.event_id: one.credit_minor for one in state.postings}
    assert (left[first_id], left[second_id]) == (0, 7_00)
    assert state.credit == euro("7.00")


def test_a_charge_above_the_credit_is_owed_with_its_rest() -> None:
    case = Case.lent()
    case.add(repaid("905.00"), day(2, 1))
    case.add(fee("8.00", day(2, 20)), day(2, 15))

    state = case.state(day(2, 15))

    assert state.credit == euro("0.00")
    assert state.outstanding.fees == euro("3.00")


# Waivers.


def waived(case: Case, charge_id: EventId, on: dt.date) -> EventId:
    """Waive a charge."""
    return case.add(ChargeWaived(charge_id), on)


def test_what_is_waived_stays_in_view_and_is_not_asked_for() -> None:
    case = Case.lent()
    charge_id = case.add(fee("5.00", day(2, 1)), day(1, 5))
    waiver_id = waived(case, charge_id, day(1, 20))

    state = case.state(day(1, 20))

    february = state.rows[0]
    assert (february.fees_minor, february.waived_minor) == (5_00, 5_00)
    assert state.outstanding.fees == euro("0.00")
    [posting] = [one for one in state.postings if one.event_id == waiver_id]
    assert posting.parts_minor == (0, 0, 5_00, 0)


def test_what_was_paid_of_a_charge_is_not_waived() -> None:
    case = Case.lent()
    charge_id = case.add(fee("5.00", day(2, 1)), day(1, 5))
    case.add(repaid("2.00"), day(1, 10))
    waived(case, charge_id, day(1, 20))

    assert case.state(day(1, 20)).rows[0].waived_minor == 3_00


def test_a_waiver_takes_only_its_own_charge() -> None:
    case = Case.lent()
    case.add(fee("5.00", day(2, 1)), day(1, 5))
    charge_id = case.add(fee("7.00", day(2, 1)), day(1, 6))
    waived(case, charge_id, day(1, 20))
    waived(case, charge_id, day(1, 21))

    assert case.state(day(1, 21)).outstanding.fees == euro("5.00")


def test_a_waived_charge_does_not_come_with_later_installments() -> None:
    case = Case.lent()
    every = attrs.evolve(fee("2.00", day(1, 1)), due_on=None)
    charge_id = case.add(every, day(1, 5))
    case.add(repaid("302.00"), day(2, 1))
    waived(case, charge_id, day(2, 10))
    case.add(Disbursed(amount=euro("300.00")), day(2, 20))

    state = case.state(day(2, 20))

    assert [row.waived_minor for row in state.rows] == [0, 2_00, 2_00]
    assert state.outstanding.fees == euro("0.00")


def test_a_row_of_which_all_was_waived_is_settled() -> None:
    case = Case.lent(TERMS)
    charge_id = case.add(fee("5.00", day(2, 1)), day(1, 5))
    case.add(repaid("305.00"), day(1, 10))
    late_id = case.add(penalty("1.00", day(2, 1)), day(1, 15))
    waived(case, late_id, day(1, 20))
    waived(case, charge_id, day(1, 20))

    assert case.state(day(1, 20)).rows[0].settled_on == day(1, 20)
