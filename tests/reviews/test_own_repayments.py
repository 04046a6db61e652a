"""What a loan took from the account goes back before a due day is judged."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import Money
from microcrm_core.adjustments import OwnRepayment
from microcrm_core.customers import Direction, Transaction
from microcrm_core.ids import EventId, RepaymentId, TransactionId
from microcrm_core.ledger import (
    LedgerEvent,
    Repaid,
    RepaymentKind,
    Reversed,
    end_of_day,
)
from microcrm_core.loyalty import pricing_basis
from microcrm_core.reviews import REVIEW_BASIC, ReviewPolicies, review_customer
from microcrm_core.reviews.own_repayments import account_repayments
from microcrm_core.reviews.own_repayments_batch import account_repayments_many
from tests.customers.strategies import AS_OF_DAYS
from tests.reviews.review_cases import (
    EUR,
    POLICIES,
    Records,
    assert_twins,
    make_customer,
    make_loan,
    make_movement,
    make_repayment,
    many_records,
    on,
    portfolio_of,
    tied_records,
)

APRIL = on("2025-04-30")
CUSTOMER = make_customer("c-1")
LOAN = make_loan("l-1", "c-1", "2025-01-02", "2025-02-12", annual_ppm=0)
DUE = [on("2025-02-12"), on("2025-03-12"), on("2025-04-12")]
PAID = [
    make_repayment(f"r-{number}", LOAN, day.isoformat(), 10_000)
    for number, day in enumerate(DUE)
]


def account(*, is_paid_from_it: bool) -> list[Transaction]:
    """100.00 on the 1st of each month; on the 12th 100.00 go, or 99.00 for food."""
    moved: list[Transaction] = []
    for month in range(1, 5):
        first, twelfth = dt.date(2025, month, 1), dt.date(2025, month, 12)
        moved.append(make_movement(len(moved), "c-1", first, 10_000, 10_000))
        spent = 10_000 if is_paid_from_it and twelfth in DUE else 9_900
        left = 10_000 - spent
        moved.append(make_movement(len(moved), "c-1", twelfth, -spent, left))
        if left:
            last = dt.date(2025, month, 28)
            moved.append(make_movement(len(moved), "c-1", last, -left, 0))
    return moved


def test_a_due_day_is_not_poor_because_the_installment_was_paid_on_it() -> None:
    moved = account(is_paid_from_it=True)

    advice = review_customer(
        CUSTOMER, moved, [LOAN], PAID, REVIEW_BASIC, APRIL
    ).due_day.outcome

    # By hand: 100.00 are needed and were there on the 12th of three months of four.
    # In January, before the loan, 99.00 went on the 12th.
    assert advice is not None
    assert (advice.current_due_day, advice.months) == (12, 4)
    assert advice.current_shortfall_count == 1


def test_what_was_paid_in_cash_moved_no_balance() -> None:
    moved = account(is_paid_from_it=False)

    advice = review_customer(
        CUSTOMER, moved, [LOAN], PAID, REVIEW_BASIC, APRIL
    ).due_day.outcome

    assert advice is not None
    assert advice.current_shortfall_count == 4


def test_what_another_loan_took_stays_gone() -> None:
    other = make_loan("l-0", "c-1", "2025-01-01", "2025-02-12", annual_ppm=0)
    paid = [
        attrs.evolve(one, id=RepaymentId(f"o-{one.id}"), loan_id=other.id)
        for one in PAID
    ]

    advice = review_customer(
        CUSTOMER,
        account(is_paid_from_it=True),
        [other, LOAN],
        paid,
        REVIEW_BASIC,
        APRIL,
    ).due_day.outcome

    # The later loan is advised on, and it was never repaid.
    assert advice is not None
    assert advice.current_shortfall_count == 4


def test_a_request_took_nothing_yet() -> None:
    request = make_loan(
        "l-2",
        "c-1",
        "2025-05-02",
        "2025-06-12",
        annual_ppm=0,
        requested_on="2025-04-20",
        is_disbursed=False,
    )

    advice = review_customer(
        CUSTOMER,
        account(is_paid_from_it=True),
        [LOAN, request],
        PAID,
        REVIEW_BASIC,
        APRIL,
    ).due_day.outcome

    assert advice is not None
    assert advice.current_shortfall_count == 4


@pytest.mark.parametrize(("repaid", "moved", "back"), [(2, 1, 1), (1, 2, 1), (2, 2, 2)])
def test_one_transaction_stands_for_one_repayment(
    repaid: int, moved: int, back: int
) -> None:
    repayments = [
        make_repayment(f"r-{n}", LOAN, "2025-02-12", 500) for n in range(repaid)
    ]
    transactions = [make_movement(n, "c-1", DUE[0], -500) for n in range(moved)]

    found = account_repayments(LOAN, repayments, transactions, APRIL)

    assert found == (OwnRepayment(DUE[0], Money(500, EUR)),) * back


@pytest.mark.parametrize(
    "moved",
    [
        make_movement(0, "c-1", DUE[0], 500),
        make_movement(0, "c-1", DUE[0], -499),
        make_movement(0, "c-1", DUE[0] + dt.timedelta(days=1), -500),
        attrs.evolve(
            make_movement(0, "c-1", DUE[0], -500),
            known_on=APRIL + dt.timedelta(days=1),
        ),
    ],
    ids=["money in", "another amount", "another day", "known later"],
)
def test_only_a_known_transaction_of_the_same_day_and_amount_is_the_repayment(
    moved: Transaction,
) -> None:
    repayments = [make_repayment("r-1", LOAN, "2025-02-12", 500)]

    assert account_repayments(LOAN, repayments, [moved], APRIL) == ()


def event(what: Repaid | Reversed, day: dt.date, key: str) -> LedgerEvent:
    return LedgerEvent.of(
        what,
        loan_id=LOAN.id,
        value_on=day,
        recorded_at=end_of_day(day),
        idempotency_key=key,
    )


def test_a_reversed_repayment_never_was() -> None:
    paid = event(Repaid(amount=Money(500, EUR)), DUE[0], "paid")
    gone = event(Reversed(EventId(paid.id)), DUE[1], "gone")
    moved = [make_movement(0, "c-1", DUE[0], -500)]

    assert len(account_repayments(LOAN, [paid, gone], moved, DUE[0])) == 1
    assert account_repayments(LOAN, [paid, gone], moved, DUE[1]) == ()


def test_what_the_lender_gave_left_no_account() -> None:
    gift = Repaid(amount=Money(500, EUR), kind=RepaymentKind.GOODWILL)
    moved = [make_movement(0, "c-1", DUE[0], -500)]

    assert account_repayments(LOAN, [event(gift, DUE[0], "g")], moved, APRIL) == ()


def with_flows(
    records: Records, numbers: list[int], *, is_known_later: bool
) -> Records:
    """Add for each repayment so many transactions that are that repayment."""
    customers, transactions, loans, repayments = records
    owner = {loan.id: loan.customer_id for loan in loans}
    flows = [
        Transaction(
            id=TransactionId(f"flow-{row}-{copy}"),
            customer_id=owner[one.loan_id],
            booked_on=one.paid_on,
            direction=Direction.OUT,
            amount=one.amount,
            balance_after=Money(row % 3, one.amount.currency),
            sequence=1,
            known_on=one.known_on + dt.timedelta(days=30 * is_known_later),
        )
        for row, one in enumerate(repayments)
        for copy in range(numbers[row % len(numbers)])
    ]
    return customers, [*flows, *transactions], loans, repayments


def assert_same_flows(records: Records, day: dt.date) -> int:
    portfolio = portfolio_of(records)
    customers, transactions, loans, repayments = records
    bases = [
        pricing_basis([one for one in loans if one.customer_id == customer.id], day)
        for customer in customers
    ]
    position = {loan.id: row for row, loan in enumerate(loans)}
    columns = account_repayments_many(
        np.array([-1 if b is None else position[b.loan.id] for b in bases], np.int64),
        portfolio.loans,
        portfolio.repayments,
        portfolio.transactions,
        (day - dt.date(1970, 1, 1)).days,
    )
    found = Counter(
        zip(
            columns.customer_index.tolist(),
            columns.paid_day.tolist(),
            columns.amount_minor.tolist(),
            strict=True,
        )
    )
    expected = Counter(
        (row, (one.paid_on - dt.date(1970, 1, 1)).days, one.amount.minor)
        for row, (customer, basis) in enumerate(zip(customers, bases, strict=True))
        for one in account_repayments(
            None if basis is None else basis.loan,
            repayments,
            [t for t in transactions if t.customer_id == customer.id],
            day,
        )
    )
    assert found == expected
    return found.total()


@given(
    records=many_records(),
    numbers=st.lists(st.integers(0, 2), min_size=1, max_size=4),
    is_known_later=st.booleans(),
    rules=st.sampled_from(list(POLICIES.values())),
    day=st.sampled_from(AS_OF_DAYS),
)
@settings(max_examples=settings().max_examples // 4)
def test_rows_with_own_flows_equal_the_scalar_review(
    records: Records,
    numbers: list[int],
    is_known_later: bool,
    rules: ReviewPolicies,
    day: dt.date,
) -> None:
    drawn = with_flows(records, numbers, is_known_later=is_known_later)

    assert_same_flows(drawn, day)
    assert_twins(portfolio_of(drawn), rules, day)


@pytest.mark.parametrize("chunk", [1, 3, 2**20])
@pytest.mark.parametrize("marks", [1, 2**23])
def test_neither_chunks_nor_equal_marks_change_the_flows(
    chunk: int, marks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "microcrm_core.reviews.own_repayments_batch"
    monkeypatch.setattr(f"{module}._CHUNK", chunk)
    if marks == 1:
        monkeypatch.setattr(
            f"{module}._Flows.marks", lambda flows: np.zeros(flows.day.size, np.int64)
        )
    records = with_flows(tied_records(), [1, 2, 0], is_known_later=False)

    assert assert_same_flows(records, on("2025-06-30")) >= 2


def test_the_flows_of_the_constructed_ties_equal_the_scalar_review() -> None:
    for numbers in ([1], [2], [0, 1]):
        records = with_flows(tied_records(), numbers, is_known_later=False)
        for rules in POLICIES.values():
            assert_twins(portfolio_of(records), rules, on("2025-06-30"))
