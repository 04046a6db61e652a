"""What comes in, goes out or is charged after a lender gave a loan up, by hand.

The loan of `free_loans`: 900.00 in three installments of 300.00, without interest.
"""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import Money, Rate
from microcrm_core.errors import LedgerError
from microcrm_core.ids import EventId, LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    ArrearsCapitalized,
    Bucket,
    Charged,
    ChargedBack,
    ChargedOff,
    ChargeKind,
    CreditRefunded,
    Disbursed,
    Happening,
    IncomeCapitalized,
    LoanPosting,
    ReAmortized,
    Renewed,
    Repaid,
    RepaymentKind,
    Reversed,
    Terminated,
    WrittenOff,
)
from microcrm_core.ledger.loan_states import LoanState, LoanStatus
from microcrm_core.loans import STRICT, Portion
from tests.ledger.free_loans import EUR, TERMS, Case, day, euro, fee, repaid

LOST_ON = day(2, 10)


def lost() -> Case:
    """Return the loan after a write-off of all 900.00."""
    case = Case.lent()
    case.add(WrittenOff(), LOST_ON)
    return case


def posting(state: LoanState, event_id: EventId) -> LoanPosting:
    """Return what an event came to."""
    return next(one for one in state.postings if one.event_id == event_id)


def test_what_is_paid_after_a_write_off_is_recovered_and_the_loan_stays_so() -> None:
    case = lost()
    paid_id = case.add(repaid("25.00"), day(3, 10))

    state = case.state(day(3, 10))

    assert state.status is LoanStatus.WRITTEN_OFF
    assert (state.recovered, state.credit) == (euro("25.00"), euro("0.00"))
    assert state.outstanding.total == euro("0.00")
    paid = posting(state, paid_id)
    assert (paid.recovered_minor, paid.credit_minor) == (25_00, 0)
    assert (paid.parts_minor, paid.parts) == ((0, 0, 0, 0), ())
    assert [row.paid_minor for row in state.rows] == [0, 0, 0]


def test_money_of_a_new_loan_is_recovered_too() -> None:
    case = lost()
    case.add(Renewed(LoanId("loan-2"), euro("300.00")), day(3, 10))

    assert case.state(day(3, 10)).recovered == euro("300.00")


def test_what_is_paid_above_all_that_was_given_up_is_credit() -> None:
    case = lost()
    case.add(repaid("850.00"), day(3, 1))
    paid_id = case.add(repaid("80.00"), day(3, 2))

    state = case.state(day(3, 2))

    assert state.status is LoanStatus.WRITTEN_OFF
    assert (state.recovered, state.credit) == (euro("900.00"), euro("30.00"))
    paid = posting(state, paid_id)
    assert (paid.recovered_minor, paid.credit_minor) == (50_00, 30_00)


def test_what_was_paid_before_a_write_off_is_not_recovered() -> None:
    case = Case.lent()
    case.add(repaid("400.00"), day(2, 1))
    off_id = case.add(WrittenOff(), LOST_ON)
    case.add(repaid("600.00"), day(3, 1))

    state = case.state(day(3, 1))

    assert posting(state, off_id).amount_minor == 500_00
    assert (state.recovered, state.credit) == (euro("500.00"), euro("100.00"))


def test_a_repayment_that_turns_out_to_be_earlier_than_the_write_off_pays_rows() -> (
    None
):
    case = lost()
    case.add(repaid("300.00"), day(2, 1))

    state = case.state(day(3, 1))

    assert state.rows[0].paid_minor == 300_00
    assert (state.recovered_minor, state.status) == (0, LoanStatus.WRITTEN_OFF)


def test_what_is_charged_after_a_write_off_is_given_up_and_may_be_recovered() -> None:
    case = lost()
    case.add(fee("25.00", day(3, 10)), day(3, 10))
    case.add(repaid("930.00"), day(3, 11))

    state = case.state(day(3, 11))

    assert state.outstanding.total == euro("0.00")
    assert (state.recovered, state.credit) == (euro("925.00"), euro("5.00"))


def test_credit_of_a_loan_that_was_given_up_pays_what_is_charged_later() -> None:
    case = lost()
    case.add(repaid("930.00"), day(3, 1))
    fee_id = case.add(fee("25.00", day(3, 10)), day(3, 10))

    state = case.state(day(3, 10))

    assert (state.recovered, state.credit) == (euro("925.00"), euro("5.00"))
    charged = posting(state, fee_id)
    assert (charged.recovered_minor, charged.credit_minor) == (25_00, -25_00)


def test_a_charge_with_every_installment_is_given_up_in_all_of_them() -> None:
    each = Charged(
        kind=ChargeKind.FEE, portion=Portion.of_amount(euro("3.00")), due_on=None
    )
    case = Case.lent()
    case.add(each, day(1, 5))
    case.add(WrittenOff(), LOST_ON)
    case.add(each, day(3, 1))

    state = case.state(day(3, 1))

    assert state.outstanding.total == euro("0.00")
    assert [row.waived[Bucket.FEES] for row in state.rows] == [6_00, 6_00, 6_00]


def test_a_recovery_that_is_taken_back_is_recovered_no_longer() -> None:
    case = lost()
    paid_id = case.add(repaid("930.00"), day(3, 1))
    back_id = case.add(ChargedBack(paid_id, euro("130.00")), day(3, 5))

    state = case.state(day(3, 5))

    assert (state.recovered, state.credit) == (euro("800.00"), euro("0.00"))
    back = posting(state, back_id)
    assert (back.credit_minor, back.recovered_minor) == (-30_00, -100_00)
    assert (back.parts_minor, back.balance_minor) == ((0, 0, 0, 0), 0)


def test_a_repayment_from_before_that_is_taken_back_is_given_up_as_well() -> None:
    case = Case.lent()
    paid_id = case.add(repaid("300.00"), day(2, 1))
    case.add(WrittenOff(), LOST_ON)
    back_id = case.add(ChargedBack(paid_id, euro("300.00")), day(2, 20))
    case.add(repaid("950.00"), day(3, 1))

    state = case.state(day(3, 1))

    assert state.outstanding.total == euro("0.00")
    # 600.00 were given up first, and then the 300.00 that went out again.
    assert (state.recovered, state.credit) == (euro("900.00"), euro("50.00"))
    assert posting(state, back_id).parts_minor == (300_00, 0, 0, 0)
    assert posting(state, back_id).balance_minor == 0


def test_credit_is_paid_back_and_what_is_above_it_is_given_up() -> None:
    case = lost()
    case.add(repaid("930.00"), day(3, 1))
    case.add(CreditRefunded(euro("50.00")), day(3, 5))

    state = case.state(day(3, 5))

    assert state.status is LoanStatus.WRITTEN_OFF
    assert state.outstanding.total == euro("0.00")
    assert (state.recovered, state.credit) == (euro("900.00"), euro("0.00"))
    assert sum(row.credited_minor for row in state.rows) == 20_00


@pytest.mark.parametrize(
    "what", [Disbursed(amount=euro("1.00")), IncomeCapitalized(euro("1.00"))]
)
def test_no_more_is_lent_by_a_loan_that_was_given_up(what: Happening) -> None:
    case = lost()
    lent_id = case.add(what, day(3, 1))

    with pytest.raises(LedgerError, match="must not be after the loan was") as caught:
        case.state(day(3, 1))

    error = caught.value
    assert (error.event_id, error.field, error.value) == (
        lent_id,
        "value_on",
        day(3, 1),
    )
    assert error.hint == "reverse the write-off first, or lend by another loan"


def test_a_loan_that_owes_nothing_has_nothing_to_give_up() -> None:
    case = Case.lent()
    case.add(repaid("950.00"), day(2, 1))
    off_id = case.add(WrittenOff(), LOST_ON)

    state = case.state(LOST_ON)

    assert (state.status, state.credit) == (LoanStatus.OVERPAID, euro("50.00"))
    assert posting(state, off_id).amount_minor == 0


def test_a_second_write_off_gives_up_nothing() -> None:
    case = lost()
    again_id = case.add(WrittenOff(), day(3, 1))

    assert posting(case.state(day(3, 1)), again_id).amount_minor == 0


def test_reversing_the_write_off_lets_what_was_recovered_pay_rows() -> None:
    case = Case.lent()
    off_id = case.add(WrittenOff(), LOST_ON)
    case.add(repaid("400.00"), day(3, 1))
    case.add(Reversed(off_id), LOST_ON)

    state = case.state(day(3, 1))

    assert (state.status, state.recovered_minor) == (LoanStatus.ACTIVE, 0)
    assert state.outstanding.total == euro("500.00")


def test_an_interest_refund_gives_nothing_back_of_what_was_given_up() -> None:
    terms = attrs.evolve(TERMS, nominal_rate=Rate.per_year("0.24"))
    rules = attrs.evolve(
        PLAIN_LEDGER, interest_refund_kinds={RepaymentKind.MERCHANT_REFUND}
    )
    case = Case.lent(terms, rules)
    case.conventions = STRICT
    case.add(WrittenOff(), LOST_ON)
    case.add(repaid("90.00", RepaymentKind.MERCHANT_REFUND), day(3, 1))

    state = case.state(day(3, 1))

    assert state.recovered == euro("90.00")
    assert len(state.postings) == 3


def all_after() -> st.SearchStrategy[Happening]:
    """Draw what may happen to a loan that was given up."""
    amounts = st.integers(1, 120_000).map(lambda minor: Money(minor, EUR))
    return st.one_of(
        st.builds(Repaid, amount=amounts, kind=st.sampled_from(RepaymentKind)),
        st.builds(Renewed, st.just(LoanId("loan-2")), amounts),
        st.builds(CreditRefunded, amounts),
        amounts.map(lambda amount: fee(str(amount.amount), day(3, 15))),
        st.sampled_from(
            (Terminated(), ChargedOff(), WrittenOff(), ArrearsCapitalized())
        ),
        st.just(ReAmortized()),
    )


@settings(max_examples=100, deadline=None)
@given(happened=st.lists(st.tuples(all_after(), st.integers(11, 28)), max_size=8))
def test_cash_in_is_what_is_recovered_and_what_is_credit_to_the_unit(
    happened: list[tuple[Happening, int]],
) -> None:
    case = lost()
    for what, number in happened:
        case.add(what, day(2, number))

    state = case.state(day(3, 20))

    came_in = sum(
        what.amount.minor for what, _ in happened if isinstance(what, Repaid | Renewed)
    )
    went_out = sum(
        what.amount.minor for what, _ in happened if isinstance(what, CreditRefunded)
    )
    given_up_again = sum(row.credited_minor for row in state.rows)
    assert state.status is LoanStatus.WRITTEN_OFF
    assert state.outstanding.total.minor == 0
    assert came_in - went_out + given_up_again == (
        state.recovered_minor + state.credit_minor
    )
    assert 0 <= state.recovered_minor <= sum(row.waived_minor for row in state.rows)
    assert sum(one.recovered_minor for one in state.postings) == state.recovered_minor
    assert sum(one.credit_minor for one in state.postings) == state.credit_minor
    if state.credit_minor:
        assert state.recovered_minor == sum(row.waived_minor for row in state.rows)
