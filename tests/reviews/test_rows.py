from __future__ import annotations

import datetime as dt

import pytest

from microcrm_core.customers import Customer, CustomerKind, Transaction
from microcrm_core.dates import Frequency
from microcrm_core.loans import Loan
from microcrm_core.money import Currency, Money
from microcrm_core.reviews.rejection_texts import REJECTION_TEXTS
from microcrm_core.reviews.rejections import Fault
from microcrm_core.reviews.rows import (
    KnownCustomers,
    KnownLoans,
    is_too_long,
    longest_period_days,
    parse_customer,
    parse_loan,
    parse_repayment,
    parse_transaction,
    planned_disbursement,
)

EUR = Currency.of("EUR")
KNOWN = KnownCustomers(currencies={"c-1": EUR}, rejected={"c-2": 7}, file="c.csv")
TRANSACTION = {
    "transaction_id": "t-1",
    "customer_id": "c-1",
    "booked_on": "2024-03-01",
    "direction": "in",
    "amount": "12.50",
}
LOAN = {
    "loan_id": "l-1",
    "customer_id": "c-1",
    "currency": "EUR",
    "principal": "1200",
    "annual_rate": "0.24",
    "installment_count": "12",
    "frequency": "monthly",
    "first_due_on": "2024-03-31",
}


def test_a_customer_who_is_known_from_no_stated_day_is_known_from_the_beginning() -> (
    None
):
    row = {"customer_id": "c-1", "kind": "wage_earner", "currency": "EUR"}

    assert parse_customer(row) == Customer(
        id="c-1",  # type: ignore[arg-type] # an id at run time
        kind=CustomerKind.WAGE_EARNER,
        currency=EUR,
        known_on=dt.date(1, 1, 1),
    )


def test_facts_are_known_on_their_day_where_the_row_does_not_say() -> None:
    transaction = parse_transaction(TRANSACTION, KNOWN)
    loan = parse_loan({**LOAN, "disbursed_on": "2024-03-02"}, KNOWN)
    request = parse_loan({**LOAN, "requested_on": "2024-02-20"}, KNOWN)

    assert isinstance(transaction, Transaction)
    assert transaction.known_on == transaction.booked_on
    assert isinstance(loan, Loan)
    assert loan.known_on == dt.date(2024, 3, 2)
    assert isinstance(request, Loan)
    assert request.known_on == dt.date(2024, 2, 20)


def test_a_fact_may_be_known_before_it_is_true() -> None:
    # A payment that is announced: a judgement waits for both days anyway.
    row = {**TRANSACTION, "known_on": "2024-02-01"}
    transaction = parse_transaction(row, KNOWN)

    assert isinstance(transaction, Transaction)
    assert transaction.known_on == dt.date(2024, 2, 1)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("12.5", 1250), ("+3", 300), ("007", 700), ("1.2300", 123), ("0.01", 1)],
)
def test_an_amount_is_a_plain_decimal(text: str, minor: int) -> None:
    transaction = parse_transaction({**TRANSACTION, "amount": text}, KNOWN)

    assert isinstance(transaction, Transaction)
    assert transaction.amount == Money(minor, EUR)


def test_the_first_fault_in_the_order_of_the_columns_is_told() -> None:
    row = {**TRANSACTION, "amount": "x", "booked_on": "y"}

    fault = parse_transaction(row, KNOWN)

    assert isinstance(fault, Fault)
    assert (fault.column, fault.code) == ("booked_on", "date_form")


def test_figures_are_shown_and_other_text_is_not() -> None:
    shown = parse_transaction({**TRANSACTION, "amount": "1,50"}, KNOWN)
    hidden = parse_transaction({**TRANSACTION, "amount": "Jane"}, KNOWN)

    assert isinstance(shown, Fault)
    assert shown.params["figure"] == "1,50"
    assert isinstance(hidden, Fault)
    assert "figure" not in hidden.params


def test_the_owner_that_was_rejected_is_told_with_its_line() -> None:
    fault = parse_transaction({**TRANSACTION, "customer_id": "c-2"}, KNOWN)

    assert fault == Fault(
        "customer_id", "customer_rejected", {"id": "c-2", "file": "c.csv", "line": 7}
    )
    lost = KnownLoans(loans={}, rejected={"l-1": 3})
    of_loan = parse_repayment({"repayment_id": "r-1", "loan_id": "l-1"}, lost)
    assert isinstance(of_loan, Fault)
    assert (of_loan.code, of_loan.params["line"]) == ("loan_rejected", 3)


def test_a_request_is_planned_one_period_before_its_first_due_day() -> None:
    # One month before 31 March 2024 is the last day of a leap February.
    assert planned_disbursement(dt.date(2024, 3, 31), Frequency.MONTHLY) == dt.date(
        2024, 2, 29
    )
    request = parse_loan({**LOAN, "requested_on": "2024-02-20"}, KNOWN)
    assert isinstance(request, Loan)
    assert request.terms.disbursed_on == dt.date(2024, 2, 29)
    assert not request.is_disbursed


def test_a_request_whose_planned_day_leaves_the_calendar_is_refused() -> None:
    row = {**LOAN, "installment_count": "1", "requested_on": "2024-02-20"}
    for frequency, code in (("P2023Y", "loan_too_long"), ("P1200M", None)):
        loan = parse_loan({**row, "frequency": frequency}, KNOWN)
        assert (loan.code if isinstance(loan, Fault) else None) == code


def test_a_loan_ends_within_a_hundred_years() -> None:
    assert not is_too_long(Frequency.MONTHLY, 1200)
    assert not is_too_long(Frequency.SEMIMONTHLY, 1200)
    assert is_too_long(Frequency.QUARTERLY, 401)
    assert not is_too_long(Frequency.of("P30D"), 1200)
    assert is_too_long(Frequency.of("P31D"), 1200)


@pytest.mark.parametrize(
    ("frequency", "days"),
    [("monthly", 31), ("quarterly", 93), ("biweekly", 14), ("P10D", 10),
     ("semimonthly", 31)],
)  # fmt: skip
def test_no_period_is_longer_than_said(frequency: str, days: int) -> None:
    assert longest_period_days(Frequency.of(frequency)) == days


def test_both_languages_use_the_same_parameters() -> None:
    for code, texts in REJECTION_TEXTS.items():
        used = [{part.partition("}")[0] for part in text.split("{")[1:]}
                for text in texts.values()]  # fmt: skip
        assert used[0] == used[1], code


@pytest.mark.parametrize("birthday", ["1985-02-30", "19850230", "1800-01-01"])
def test_a_fault_of_a_birthday_does_not_tell_it(birthday: str) -> None:
    row = {"customer_id": "c-1", "kind": "sole_trader", "currency": "EUR"}
    fault = parse_customer({**row, "birthday": birthday})

    assert isinstance(fault, Fault)
    assert fault.column == "birthday"
    assert birthday not in [str(value) for value in fault.params.values()]
