"""A merchant's refund gives back the interest that its principal has borne."""

from __future__ import annotations

import attrs
import pytest

from microcrm_core import Money, Rate
from microcrm_core.ids import EventId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    LedgerPolicy,
    RepaymentKind,
    Reversed,
)
from microcrm_core.ledger.interest_refunds import interest_refund_id
from microcrm_core.ledger.loan_states import LoanStatus
from tests.ledger.free_loans import EUR, TERMS, Case, day, euro, repaid

REFUND = RepaymentKind.MERCHANT_REFUND
# One percent a month on 900.00, in months of 30 days.
ONE_PERCENT = attrs.evolve(TERMS, nominal_rate=Rate.per_year("0.12"))
REFUNDING = attrs.evolve(RECALCULATING_LEDGER, interest_refund_kinds={REFUND})


def given_back(case: Case, refund_id: EventId) -> Money:
    """Return the interest that a refund gave back."""
    postings = case.state(day(6, 1)).postings
    found = [
        one.amount_minor
        for one in postings
        if one.event_id == interest_refund_id(refund_id)
    ]
    return Money(sum(found), EUR)


def test_a_refund_of_all_that_was_lent_gives_back_all_interest() -> None:
    case = Case.lent(ONE_PERCENT, REFUNDING)
    refund_id = case.add(repaid("900.00", REFUND), day(1, 16))

    # 15 of 31 days of a month that bears 9.00.
    assert given_back(case, refund_id) == euro("4.35")
    assert case.state(day(1, 16)).status is LoanStatus.CLOSED


def test_a_refund_of_a_part_gives_back_the_interest_of_that_part() -> None:
    case = Case.lent(ONE_PERCENT, REFUNDING)
    refund_id = case.add(repaid("300.00", REFUND), day(1, 16))

    # 4.35 on 900.00, and 600.00 x 1 % x 15 / 31 = 2.90 without the part.
    assert given_back(case, refund_id) == euro("1.45")


def test_refunds_together_give_back_what_one_would() -> None:
    case = Case.lent(ONE_PERCENT, REFUNDING)
    refunds = [
        case.add(repaid(text, REFUND), day(1, 16)) for text in ("250.00", "650.00")
    ]

    parts = [given_back(case, refund_id).minor for refund_id in refunds]
    assert sum(parts) == 4_35


def test_a_refund_on_the_day_of_the_loan_gives_back_nothing() -> None:
    case = Case.lent(ONE_PERCENT, REFUNDING)
    refund_id = case.add(repaid("900.00", REFUND), day(1, 1))

    assert given_back(case, refund_id) == euro("0.00")
    assert case.state(day(1, 1)).status is LoanStatus.CLOSED


def test_a_refund_that_was_reversed_gives_nothing_back() -> None:
    case = Case.lent(ONE_PERCENT, REFUNDING)
    refund_id = case.add(repaid("300.00", REFUND), day(1, 16))
    case.add(Reversed(refund_id), day(1, 20))

    assert given_back(case, refund_id) == euro("0.00")
    assert case.state(day(1, 20)).outstanding.principal == euro("900.00")


@pytest.mark.parametrize("policy", [RECALCULATING_LEDGER, PLAIN_LEDGER])
def test_only_refunds_that_the_policy_names_give_interest_back(
    policy: LedgerPolicy,
) -> None:
    case = Case.lent(ONE_PERCENT, policy)
    refund_id = case.add(repaid("300.00", REFUND), day(1, 16))

    assert given_back(case, refund_id) == euro("0.00")


def test_a_loan_without_interest_has_none_to_give_back() -> None:
    case = Case.lent(policy=REFUNDING)
    refund_id = case.add(repaid("300.00", REFUND), day(1, 16))

    assert given_back(case, refund_id) == euro("0.00")
