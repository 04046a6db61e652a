"""A repayment is taken back by the payer's bank."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import LedgerError
from microcrm_core.ids import EventId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    Bucket,
    ChargedBack,
    Reversed,
)
from microcrm_core.ledger.crediting import parts_in_order
from microcrm_core.ledger.loan_states import LoanStatus
from microcrm_core.ledger.logs import down_payment_id
from microcrm_core.loans import Portion
from tests.ledger.free_loans import TERMS, Case, columns, day, euro, fee, repaid

FEES_FIRST = attrs.evolve(
    PLAIN_LEDGER,
    chargeback_order=(
        Bucket.FEES,
        Bucket.INTEREST,
        Bucket.PRINCIPAL,
        Bucket.PENALTIES,
    ),
)


def charge_back(case: Case, repayment_id: EventId, text: str, month: int) -> EventId:
    return case.add(ChargedBack(repayment_id, euro(text)), day(month, 10))


def test_what_was_taken_back_is_owed_again_with_the_next_row() -> None:
    case = Case.lent()
    february = case.add(repaid("300.00"), day(2, 1))
    charge_back(case, february, "300.00", 2)

    state = case.state(day(2, 20))

    assert columns(state, "principal_minor", "paid_minor", "credited_minor") == [
        (300_00, 300_00, 0),
        (600_00, 0, 300_00),
        (300_00, 0, 0),
    ]
    # It was paid in time; lateness starts anew.
    assert (state.days_past_due, case.state(day(3, 11)).days_past_due) == (0, 10)


def test_after_the_last_due_date_it_is_due_on_the_day() -> None:
    case = Case.lent()
    repayment_id = case.add(repaid("900.00"), day(2, 1))
    charge_back(case, repayment_id, "100.00", 5)

    state = case.state(day(5, 10))

    assert columns(state, "from_on", "due_on", "principal_minor")[3:] == [
        (day(4, 1), day(5, 10), 100_00)
    ]
    assert state.status is LoanStatus.ACTIVE


def test_credit_is_used_before_anything_is_owed_again() -> None:
    case = Case.lent()
    repayment_id = case.add(repaid("950.00"), day(2, 1))
    charge_back(case, repayment_id, "200.00", 2)

    state = case.state(day(2, 10))

    assert (state.credit, state.outstanding.total) == (euro("0.00"), euro("150.00"))
    assert state.status is LoanStatus.ACTIVE


def test_a_small_charge_back_only_lowers_the_credit() -> None:
    case = Case.lent()
    repayment_id = case.add(repaid("950.00"), day(2, 1))
    charge_back(case, repayment_id, "20.00", 2)

    state = case.state(day(2, 10))

    assert (state.credit, state.outstanding.total) == (euro("30.00"), euro("0.00"))


def test_an_order_says_which_buckets_are_owed_again() -> None:
    case = Case.lent(policy=FEES_FIRST)
    case.add(fee("10.00", day(2, 1)), day(1, 10))
    february = case.add(repaid("310.00"), day(2, 1))
    charge_back(case, february, "15.00", 2)

    state = case.state(day(2, 10))

    assert columns(state, "principal_minor", "fees_minor") == [
        (300_00, 10_00),
        (305_00, 10_00),
        (300_00, 0),
    ]


def test_a_second_charge_back_takes_what_the_first_one_left() -> None:
    case = Case.lent(policy=FEES_FIRST)
    case.add(fee("10.00", day(2, 1)), day(1, 10))
    february = case.add(repaid("310.00"), day(2, 1))
    charge_back(case, february, "4.00", 2)
    charge_back(case, february, "8.00", 3)

    state = case.state(day(3, 10))

    # Fees: 4.00 in February, the other 6.00 in March; then 2.00 of principal.
    assert columns(state, "principal_minor", "fees_minor") == [
        (300_00, 10_00),
        (300_00, 4_00),
        (302_00, 6_00),
    ]


def test_with_an_order_credit_pays_what_is_owed_again() -> None:
    case = Case.lent(policy=FEES_FIRST)
    repayment_id = case.add(repaid("950.00"), day(2, 1))
    charge_back(case, repayment_id, "200.00", 2)

    state = case.state(day(2, 10))

    assert (state.credit, state.outstanding.total) == (euro("0.00"), euro("150.00"))


def test_a_charge_back_that_was_reversed_never_was() -> None:
    case = Case.lent()
    february = case.add(repaid("300.00"), day(2, 1))
    back = charge_back(case, february, "300.00", 2)
    case.add(Reversed(back), day(2, 15))

    assert case.state(day(2, 15)).outstanding.total == euro("600.00")
    assert case.state(day(2, 14)).outstanding.total == euro("900.00")


def test_more_than_was_repaid_cannot_be_charged_back() -> None:
    case = Case.lent()
    february = case.add(repaid("300.00"), day(2, 1))
    charge_back(case, february, "200.00", 2)
    second = charge_back(case, february, "100.01", 3)

    assert case.state(day(3, 9)).outstanding.total == euro("800.00")
    with pytest.raises(LedgerError, match="amount must be at most 10000") as caught:
        case.state(day(3, 10))
    assert caught.value.event_id == second


def test_a_charge_back_must_name_a_repayment_that_counts() -> None:
    case = Case.lent()
    february = case.add(repaid("300.00"), day(2, 1))
    charge_back(case, february, "300.00", 2)
    case.add(Reversed(february), day(2, 20))

    with pytest.raises(LedgerError, match="repayment_id"):
        case.state(day(2, 20))


def test_what_is_no_repayment_cannot_be_charged_back() -> None:
    case = Case.lent()
    charge_back(case, case.events[0].id, "300.00", 2)

    with pytest.raises(LedgerError, match="repayment_id"):
        case.state(day(2, 20))


def test_a_down_payment_that_was_taken_by_itself_can_be_charged_back() -> None:
    plan = attrs.evolve(TERMS.plan, down_payment=Portion.of_share("0.25"))
    policy = attrs.evolve(PLAIN_LEDGER, is_down_payment_automatic=True)
    case = Case.lent(attrs.evolve(TERMS, plan=plan), policy)
    down_id = down_payment_id(case.events[0].id)
    charge_back(case, down_id, "225.00", 1)

    # 225.00 a month of the other 675.00, and 225.00 again with the first of them.
    assert columns(case.state(day(1, 10)), "principal_minor") == [
        (225_00,),
        (450_00,),
        (225_00,),
        (225_00,),
    ]


def test_a_down_payment_that_was_not_taken_cannot_be_charged_back() -> None:
    case = Case.lent()
    charge_back(case, down_payment_id(case.events[0].id), "300.00", 1)

    with pytest.raises(LedgerError, match="a down payment that was taken"):
        case.state(day(1, 10))


def test_a_charge_back_is_not_before_its_repayment() -> None:
    case = Case.lent()
    march = case.add(repaid("300.00"), day(3, 1))
    charge_back(case, march, "300.00", 2)

    with pytest.raises(LedgerError, match="repayment"):
        case.state(day(3, 1))


@given(
    st.integers(1, 120_000),
    st.integers(1, 120_000),
    st.booleans(),
    st.integers(2, 6),
)
def test_what_came_in_is_what_rows_got_and_credit(
    paid_minor: int, back_minor: int, has_order: bool, month: int
) -> None:
    case = Case.lent(policy=FEES_FIRST if has_order else PLAIN_LEDGER)
    case.add(fee("10.00", day(2, 1)), day(1, 10))
    repayment_id = case.add(repaid(f"{paid_minor / 100:.2f}"), day(1, 20))
    back_minor = min(back_minor, paid_minor)
    charge_back(case, repayment_id, f"{back_minor / 100:.2f}", month)

    state = case.state(day(month, 28))

    owed_minor = 910_00 - paid_minor + back_minor
    assert state.outstanding.total.minor - state.credit.minor == owed_minor
    assert min(state.outstanding.total.minor, state.credit.minor) == 0


@given(
    st.lists(st.integers(0, 500), min_size=4, max_size=4),
    st.integers(0, 2500),
    st.permutations(list(Bucket)),
)
def test_parts_are_taken_in_order_up_to_what_each_bucket_has(
    most_minor: list[int], amount_minor: int, order: list[Bucket]
) -> None:
    parts = parts_in_order(most_minor, amount_minor, order)

    assert sum(parts) == min(amount_minor, sum(most_minor))
    assert all(part <= most for part, most in zip(parts, most_minor, strict=True))
    emptied = [parts[bucket] == most_minor[bucket] for bucket in order]
    # A bucket gets something only once those before it are emptied.
    assert all(
        all(emptied[:place]) for place, bucket in enumerate(order) if parts[bucket]
    )
