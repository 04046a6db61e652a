"""What money that goes out or comes in does to a loan, worked out by hand.

The loan of `free_loans`: 900.00 in three installments of 300.00, without interest.
"""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from microcrm_core import Rate
from microcrm_core.ids import LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    AllocationOrder,
    Bucket,
    ChargedBack,
    CreditRefunded,
    Disbursed,
    IncomeCapitalized,
    Renewed,
    RepaymentKind,
    WrittenOff,
)
from microcrm_core.ledger.loan_states import LoanState, LoanStatus
from microcrm_core.ledger.logs import down_payment_id
from microcrm_core.ledger.postings import LoanPosting
from microcrm_core.loans import STRICT_30_360, Portion, RepaymentPlan
from microcrm_core.loans.methods import EqualInstallments
from tests.ledger.free_loans import TERMS, Case, columns, day, euro, fee, repaid

QUARTER_DOWN = attrs.evolve(
    TERMS,
    plan=RepaymentPlan(
        method=EqualInstallments(), down_payment=Portion.of_share("0.25")
    ),
)
AUTOMATIC = attrs.evolve(PLAIN_LEDGER, is_down_payment_automatic=True)


def posting(state: LoanState, event_id: str) -> LoanPosting:
    """Return what an event came to."""
    return next(one for one in state.postings if one.event_id == event_id)


# Repayments and credit.


def test_what_is_paid_above_all_that_is_owed_is_credit() -> None:
    case = Case.lent()
    paid_id = case.add(repaid("950.00"), day(2, 1))

    state = case.state(day(2, 1))

    assert state.credit == euro("50.00")
    assert state.status is LoanStatus.OVERPAID
    assert posting(state, paid_id).credit_minor == 50_00
    assert posting(state, paid_id).parts_minor == (900_00, 0, 0, 0)
    assert posting(state, paid_id).balance_minor == 0


def test_a_new_loan_that_pays_this_one_is_a_repayment() -> None:
    case, plain = Case.lent(), Case.lent()
    case.add(Renewed(LoanId("loan-2"), euro("400.00")), day(2, 1))
    plain.add(repaid("400.00"), day(2, 1))

    found, expected = case.state(day(3, 1)), plain.state(day(3, 1))

    assert columns(found, "paid", "settled_on") == columns(
        expected, "paid", "settled_on"
    )


def test_a_kind_of_repayment_pays_in_its_own_order() -> None:
    fees_last = AllocationOrder.of(
        (Bucket.PRINCIPAL, Bucket.INTEREST, Bucket.FEES, Bucket.PENALTIES)
    )
    policy = attrs.evolve(
        PLAIN_LEDGER, allocation_by_kind={RepaymentKind.GOODWILL: fees_last}
    )
    case = Case.lent(policy=policy)
    case.add(fee("10.00", day(2, 1)), day(1, 5))
    goodwill_id = case.add(repaid("100.00", RepaymentKind.GOODWILL), day(2, 1))
    repaid_id = case.add(repaid("100.00"), day(2, 1))

    state = case.state(day(2, 1))

    assert posting(state, goodwill_id).parts_minor == (100_00, 0, 0, 0)
    assert posting(state, repaid_id).parts_minor == (90_00, 0, 10_00, 0)


# Disbursements.


def test_credit_is_used_by_a_later_disbursement() -> None:
    case = Case.lent()
    case.add(repaid("1000.00"), day(1, 10))
    lent_id = case.add(Disbursed(amount=euro("300.00")), day(1, 20))

    state = case.state(day(1, 20))

    # 300.00 are 100.00 in each row; the credit of 100.00 pays the first.
    assert state.credit == euro("0.00")
    assert [row.paid_minor for row in state.rows] == [400_00, 300_00, 300_00]
    assert state.outstanding.principal == euro("200.00")
    lent = posting(state, lent_id)
    assert (lent.amount_minor, lent.credit_minor) == (300_00, -100_00)
    assert lent.parts_minor == (0, 0, 0, 0)
    assert lent.balance_minor == 200_00
    [part] = state.allocation(lent.event_id)
    assert (part.row_number, part.bucket, part.amount) == (
        1,
        Bucket.PRINCIPAL,
        euro("100.00"),
    )


def test_a_down_payment_is_due_on_the_day_of_its_disbursement() -> None:
    case = Case.lent(QUARTER_DOWN)

    state = case.state(day(1, 1))

    # A quarter of 900.00 is 225.00; the other 675.00 are three times 225.00.
    assert columns(state, "kind", "due_on", "principal_minor") == [
        ("down_payment", day(1, 1), 225_00),
        ("regular", day(2, 1), 225_00),
        ("regular", day(3, 1), 225_00),
        ("regular", day(4, 1), 225_00),
    ]
    assert state.due.total == euro("225.00")
    assert state.overdue.total == euro("0.00")


def test_an_automatic_down_payment_comes_with_its_disbursement() -> None:
    case = Case.lent(QUARTER_DOWN, AUTOMATIC)

    state = case.state(day(1, 1))

    down = posting(state, down_payment_id(case.events[0].id))
    assert down.type == "loan.repaid"
    assert (down.value_on, down.amount_minor) == (day(1, 1), 225_00)
    assert state.rows[0].settled_on == day(1, 1)
    assert state.outstanding.total == euro("675.00")


def test_an_automatic_down_payment_asks_for_what_credit_does_not_pay() -> None:
    case = Case.lent(QUARTER_DOWN, AUTOMATIC)
    case.add(repaid("700.00"), day(1, 5))
    lent_id = case.add(Disbursed(amount=euro("400.00")), day(1, 10))

    state = case.state(day(1, 10))

    # 675.00 were open, so 25.00 are credit; a quarter of 400.00 is 100.00.
    down = posting(state, down_payment_id(lent_id))
    assert down.amount_minor == 75_00
    assert [row.open_minor for row in state.rows if row.kind == "down_payment"] == [
        0,
        0,
    ]


def test_no_down_payment_is_taken_where_the_disbursement_says_so() -> None:
    case = Case(terms=QUARTER_DOWN, policy=AUTOMATIC)
    case.add(Disbursed(amount=euro("900.00"), is_down_payment_taken=False), day(1, 1))

    state = case.state(day(1, 1))

    assert len(state.postings) == 1
    assert state.due.total == euro("225.00")


def test_before_the_disbursement_rows_show_what_is_planned() -> None:
    state = Case().state(day(1, 1))

    assert state.status is LoanStatus.APPROVED
    assert columns(state, "due_on", "principal_minor", "settled_on") == [
        (day(2, 1), 300_00, None),
        (day(3, 1), 300_00, None),
        (day(4, 1), 300_00, None),
    ]
    assert state.outstanding.total == euro("0.00")
    assert (state.next_due, state.days_past_due) == (None, 0)


def test_capitalized_income_is_owed_as_if_it_had_been_paid_out() -> None:
    case = Case.lent(QUARTER_DOWN)
    income_id = case.add(IncomeCapitalized(euro("30.00")), day(1, 10))

    state = case.state(day(1, 10))

    # 10.00 more in each row, and no down payment of it.
    assert [row.principal_minor for row in state.rows] == [
        225_00,
        235_00,
        235_00,
        235_00,
    ]
    assert posting(state, income_id).parts_minor == (30_00, 0, 0, 0)
    assert posting(state, income_id).balance_minor == 930_00


# Refunds of credit, and write-offs.


def test_credit_that_is_refunded_is_gone() -> None:
    case = Case.lent()
    case.add(repaid("950.00"), day(2, 1))
    refund_id = case.add(CreditRefunded(euro("20.00")), day(2, 5))

    state = case.state(day(2, 5))

    assert state.credit == euro("30.00")
    assert state.outstanding.total == euro("0.00")
    assert posting(state, refund_id).credit_minor == -20_00
    assert posting(state, refund_id).parts_minor == (0, 0, 0, 0)


def test_what_is_refunded_above_the_credit_is_owed_with_the_next_row() -> None:
    case = Case.lent()
    case.add(repaid("950.00"), day(2, 1))
    refund_id = case.add(CreditRefunded(euro("80.00")), day(2, 5))

    state = case.state(day(2, 5))

    # All 80.00 are principal of March again, and the credit pays 50.00 of it.
    march = state.rows[1]
    assert (march.principal_minor, march.paid_minor) == (380_00, 350_00)
    assert march.credited_minor == 80_00
    assert march.settled_on is None
    assert state.credit == euro("0.00")
    refund = posting(state, refund_id)
    assert refund.parts_minor == (30_00, 0, 0, 0)
    assert refund.balance_minor == 30_00
    assert [part.amount for part in state.allocation(refund_id)] == [euro("50.00")]


def test_what_is_refunded_after_the_last_row_gets_a_row_of_its_own() -> None:
    case = Case.lent()
    case.add(repaid("900.00"), day(2, 1))
    case.add(CreditRefunded(euro("80.00")), day(6, 5))

    state = case.state(day(6, 6))

    assert columns(state, "kind", "due_on", "principal_minor")[-1] == (
        "additional",
        day(6, 5),
        80_00,
    )
    assert state.overdue.total == euro("80.00")
    assert state.days_past_due == 1


def test_a_loan_that_was_written_off_asks_for_nothing() -> None:
    case = Case.lent()
    case.add(fee("10.00", day(2, 1)), day(1, 5))
    case.add(repaid("200.00"), day(2, 1))
    off_id = case.add(WrittenOff(), day(2, 10))

    state = case.state(day(2, 10))

    # 10.00 of fees and 190.00 of principal were paid.
    assert state.status is LoanStatus.WRITTEN_OFF
    assert state.outstanding.total == euro("0.00")
    assert posting(state, off_id).parts_minor == (710_00, 0, 0, 0)
    assert [row.waived_minor for row in state.rows] == [110_00, 300_00, 300_00]


def test_a_repayment_that_is_learned_of_late_counts_from_its_day() -> None:
    late, prompt = Case.lent(), Case.lent()
    late.add(repaid("300.00"), day(3, 1))
    late.add(repaid("300.00"), day(2, 1))
    prompt.add(repaid("300.00"), day(2, 1))
    prompt.add(repaid("300.00"), day(3, 1))

    # The one that was booked last settles February on time all the same.
    assert columns(late.state(day(3, 5)), "settled_on", "paid_late_minor") == columns(
        prompt.state(day(3, 5)), "settled_on", "paid_late_minor"
    )
    assert late.state(day(3, 5)).rows[0].settled_on == day(2, 1)


# The customer's own money bears no interest.

BEARING = attrs.evolve(
    TERMS,
    principal=euro("1200.00"),
    nominal_rate=Rate.per_year("0.24"),
    installment_count=4,
    disbursed_on=dt.date(2025, 1, 15),
    first_due_on=dt.date(2025, 2, 15),
)


@pytest.mark.parametrize("is_charged_back", [False, True])
def test_credit_that_covers_what_is_paid_back_bears_no_interest(
    *, is_charged_back: bool
) -> None:
    case = Case(terms=BEARING, conventions=STRICT_30_360)
    case.add(Disbursed(amount=BEARING.principal), BEARING.disbursed_on)
    # 1,260.60 are all installments; 39.40 are credit.
    paid_id = case.add(repaid("1300.00"), dt.date(2025, 2, 15))
    hundred = euro("100.00")
    back = ChargedBack(paid_id, hundred) if is_charged_back else CreditRefunded(hundred)
    case.add(back, dt.date(2025, 2, 17))

    row = case.state(dt.date(2025, 2, 17)).rows[1]

    # 908.85 for 30 of 360 days, and 60.60 for 28 of them: 18.177 + 1.1312.
    assert (row.interest_minor, row.open_minor, row.credited_minor) == (
        19_31,
        60_60,
        60_60,
    )
