"""Customers, accounts and loans for the laws of customers, rich in ties.

Days, sequences, ids and amounts come from small ranges around month ends and the leap
day of 2024, so that rows of one day share a sequence, loans share a due date and
quantiles fall between equal balances.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from hypothesis import strategies as st

from microcrm_core import Currency, Money
from microcrm_core.customers import (
    PROFILE_BASIC,
    Customer,
    CustomerKind,
    Direction,
    ProfilePolicy,
    Transaction,
)
from microcrm_core.dates import Frequency
from microcrm_core.ids import (
    CustomerId,
    LoanId,
    PolicyId,
    RepaymentId,
    TransactionId,
)
from microcrm_core.loans import Loan, LoanTerms, Repayment
from microcrm_core.rates import Rate

EURO: Final = Currency.of("EUR")
FIRST_DAY: Final = dt.date(2023, 11, 28)
AS_OF_DAYS: Final = (
    dt.date(2024, 1, 31),
    dt.date(2024, 2, 28),
    dt.date(2024, 2, 29),
    dt.date(2024, 3, 1),
    dt.date(2024, 4, 30),
    dt.date(2025, 2, 28),
)
# Code points above U+FFFF sort before U+FFxx in UTF-16, and after them in UTF-8.
ID_ENDINGS: Final = ("a", "b", "ab", "abcdefgh", "abcdefghi", "ä", "\uff5e", "😀")


def days(span: int = 130) -> st.SearchStrategy[dt.date]:
    return st.integers(0, span).map(lambda n: FIRST_DAY + dt.timedelta(days=n))


@st.composite
def transactions(
    draw: st.DrawFn, customer_id: str = "c-1", max_size: int = 25
) -> list[Transaction]:
    """Transactions of one customer, ids distinct; many share day and sequence."""
    count = draw(st.integers(0, max_size))
    few_days = draw(st.lists(days(), min_size=1, max_size=8))
    found: list[Transaction] = []
    for number in range(count):
        booked_on = draw(st.sampled_from(few_days))
        balance = draw(st.none() | st.integers(-3, 5))
        found.append(
            Transaction(
                id=TransactionId(
                    f"{draw(st.sampled_from(ID_ENDINGS))}{number % 10}"
                    + "x" * (number // 10)
                ),
                customer_id=CustomerId(customer_id),
                booked_on=booked_on,
                direction=draw(st.sampled_from(Direction)),
                amount=Money(draw(st.integers(1, 9)), EURO),
                balance_after=None if balance is None else Money(balance, EURO),
                sequence=draw(st.integers(0, 1)),
                known_on=booked_on + dt.timedelta(draw(st.sampled_from((0, 0, 1, 40)))),
            )
        )
    return found


@st.composite
def loans(draw: st.DrawFn, customer_id: str = "c-1", max_size: int = 4) -> list[Loan]:
    """Loans and requests of one customer; some share days and terms."""
    found: list[Loan] = []
    for number in range(draw(st.integers(0, max_size))):
        disbursed_on = draw(days())
        requested_on = disbursed_on - dt.timedelta(draw(st.sampled_from((0, 3))))
        is_disbursed = draw(st.booleans())
        found.append(
            Loan(
                id=LoanId(
                    f"{customer_id}-{draw(st.sampled_from(ID_ENDINGS))}-{number}"
                ),
                customer_id=CustomerId(customer_id),
                terms=LoanTerms(
                    principal=Money(draw(st.integers(50, 900)), EURO),
                    nominal_rate=Rate.of_ppm(draw(st.sampled_from((0, 240_000)))),
                    installment_count=draw(st.integers(1, 5)),
                    frequency=draw(
                        st.sampled_from((Frequency.MONTHLY, Frequency.WEEKLY))
                    ),
                    disbursed_on=disbursed_on,
                    first_due_on=disbursed_on
                    + dt.timedelta(draw(st.sampled_from((7, 31)))),
                ),
                requested_on=(
                    None if is_disbursed and draw(st.booleans()) else requested_on
                ),
                is_disbursed=is_disbursed,
                known_on=requested_on + dt.timedelta(draw(st.sampled_from((0, 0, 20)))),
            )
        )
    return found


@st.composite
def repayments(draw: st.DrawFn, of_loans: list[Loan]) -> list[Repayment]:
    """Repayments on these loans: early, on the day, late, too much, known later."""
    found: list[Repayment] = []
    for loan in of_loans:
        part = loan.terms.principal.minor // loan.terms.installment_count + 1
        for number in range(draw(st.integers(0, 6))):
            paid_on = loan.terms.first_due_on + dt.timedelta(
                draw(st.sampled_from((-5, 0, 1, 3, 31, 60, 420)))
            )
            found.append(
                Repayment(
                    id=RepaymentId(f"r-{loan.id}-{number}"),
                    loan_id=loan.id,
                    paid_on=paid_on,
                    amount=Money(draw(st.sampled_from((1, part, 3 * part))), EURO),
                    known_on=paid_on + dt.timedelta(draw(st.sampled_from((0, 0, 5)))),
                )
            )
    return found


@st.composite
def records(
    draw: st.DrawFn, customer_id: str = "c-1"
) -> tuple[Customer, list[Transaction], list[Loan], list[Repayment]]:
    """One customer with everything that a profile reads."""
    customer = Customer(
        id=CustomerId(customer_id),
        kind=draw(st.sampled_from(CustomerKind)),
        currency=EURO,
        industry=draw(st.none() | st.sampled_from(("food", "repair"))),
        region=draw(st.none() | st.just("north")),
        birthday=draw(st.none() | st.just(dt.date(1990, 2, 28))),
        channel=draw(st.none() | st.just("branch")),
        referred_by=draw(st.none() | st.just(CustomerId("c-0"))),
        known_on=draw(days()),
    )
    of_loans = draw(loans(customer_id))
    return (
        customer,
        draw(transactions(customer_id)),
        of_loans,
        draw(repayments(of_loans)),
    )


def policies() -> st.SearchStrategy[ProfilePolicy]:
    return st.builds(
        ProfilePolicy,
        id=st.just(PolicyId("profile-drawn")),
        version=st.just("1"),
        conventions=st.just(PROFILE_BASIC.conventions),
        grace_days=st.sampled_from((0, 1, 3)),
        balance_quantile_ppm=st.sampled_from(
            (1, 100_000, 333_333, 333_334, 500_000, 1_000_000)
        ),
        history_months=st.none() | st.integers(1, 3),
    )
