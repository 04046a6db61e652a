"""The simulated portfolio: plausible, the same for a seed, and its facts agree."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from microcrm_core import InvalidValueError
from microcrm_core.batch import UNKNOWN
from microcrm_core.customers import Customer, CustomerKind, Transaction
from microcrm_core.dates import Frequency
from microcrm_core.ledger import PLAIN_LEDGER, LoanState, loan_log, replay
from microcrm_core.loans import STRICT, Loan, Repayment
from microcrm_core.loans.batch import has_schedules
from microcrm_core.loans.scheduling import build_schedule
from microcrm_core.reviews.files_batch import read_portfolio
from microcrm_core.reviews.portfolio_batch import Portfolio
from microcrm_core.reviews.schema import TABLES
from microcrm_core.reviews.write_batch import write_portfolio
from microcrm_core.samples import SAMPLE_AS_OF, sample_portfolio

Scalars = tuple[
    Customer, tuple[Transaction, ...], tuple[Loan, ...], tuple[Repayment, ...]
]
EPOCH = dt.date(1970, 1, 1)


@pytest.fixture(scope="module", params=[1, 2])
def portfolio(request: pytest.FixtureRequest) -> Portfolio:
    return sample_portfolio(120, seed=request.param)


@pytest.fixture(scope="module")
def scalars(portfolio: Portfolio) -> list[Scalars]:
    # Reading every row as a value runs every check of every type.
    return [portfolio.customer_scalars(row) for row in range(portfolio.customer_count)]


def lent(loans: tuple[Loan, ...]) -> list[Loan]:
    found = [loan for loan in loans if loan.is_disbursed]
    return sorted(found, key=lambda loan: loan.terms.disbursed_on)


def state_of(loan: Loan, repayments: tuple[Repayment, ...]) -> LoanState:
    """Return the state of a loan at the end of the sample."""
    return replay(
        loan.terms,
        loan_log(loan, [one for one in repayments if one.loan_id == loan.id]),
        conventions=STRICT,
        policy=PLAIN_LEDGER,
        as_of=SAMPLE_AS_OF,
    )


def test_one_seed_makes_one_portfolio_and_another_another() -> None:
    one = sample_portfolio(60, seed=5)
    assert one.equals(sample_portfolio(60, seed=5))
    assert not one.equals(sample_portfolio(60, seed=6))
    np.random.seed(1)
    assert one.equals(sample_portfolio(60, seed=5))


def test_nothing_happens_after_the_day(portfolio: Portfolio) -> None:
    last = (SAMPLE_AS_OF - EPOCH).days
    columns: list[Any] = [
        portfolio.customers.known_day,
        portfolio.transactions.booked_day,
        portfolio.transactions.known_day,
        portfolio.loans.requested_day,
        portfolio.loans.disbursed_day,
        portfolio.loans.known_day,
        portfolio.repayments.paid_day,
        portfolio.repayments.known_day,
    ]
    for column in columns:
        known = column[column != UNKNOWN]
        assert known.size > 0
        assert int(known.max()) <= last


def test_nothing_happens_before_the_customer_is_known(scalars: list[Scalars]) -> None:
    for customer, transactions, loans, repayments in scalars:
        days = [one.booked_on for one in transactions]
        days += [loan.known_on for loan in loans]
        days += [one.paid_on for one in repayments]
        assert min(days, default=customer.known_on) >= customer.known_on


def test_ids_are_distinct_and_of_one_width(portfolio: Portfolio) -> None:
    for table in ("customers", "transactions", "loans", "repayments"):
        ids = getattr(portfolio, table).ids.tolist()
        assert len(set(ids)) == len(ids) > 0
        assert len({len(one) for one in ids}) == 1
        assert ids == sorted(ids)


def test_balances_chain_from_one_movement_to_the_next(
    scalars: list[Scalars],
) -> None:
    for _, transactions, _, _ in scalars:
        for before, after in pairwise(transactions):
            assert before.balance_after is not None
            assert after.balance_after is not None
            assert (
                after.balance_after.minor
                == before.balance_after.minor + after.signed_minor
            )
            place = (after.booked_on, after.sequence)
            assert place > (before.booked_on, before.sequence)


def test_every_repayment_leaves_the_account_on_its_day(
    scalars: list[Scalars],
) -> None:
    first = SAMPLE_AS_OF.replace(year=SAMPLE_AS_OF.year - 1, month=7, day=1)
    for customer, transactions, _, repayments in scalars:
        outflows = [(one.booked_on, -one.signed_minor) for one in transactions]
        for repayment in repayments:
            if repayment.paid_on >= max(first, customer.known_on):
                outflows.remove((repayment.paid_on, repayment.amount.minor))


def test_loans_of_a_customer_follow_each_other(scalars: list[Scalars]) -> None:
    pairs = 0
    for _, _, loans, _ in scalars:
        for before, after in pairwise(lent(loans)):
            schedule = build_schedule(before.terms, STRICT)
            assert after.terms.disbursed_on > schedule.due_on[-1]
            pairs += 1
    assert pairs > 50


def test_a_customer_asks_for_one_loan_at_a_time(scalars: list[Scalars]) -> None:
    asking = 0
    for customer, _, loans, _ in scalars:
        requests = [loan for loan in loans if not loan.is_disbursed]
        assert len(requests) <= 1
        for request in requests:
            asking += 1
            assert request.requested_on is not None
            assert 0 <= (SAMPLE_AS_OF - request.requested_on).days <= 21
            assert request.requested_on >= customer.known_on
    # One in eight, of 120.
    assert 4 <= asking <= 28


def test_every_loan_has_a_schedule_and_whole_terms(portfolio: Portfolio) -> None:
    loans = portfolio.loans
    assert has_schedules(loans, STRICT).all()
    assert (loans.principal_minor % 50_000 == 0).all()
    assert (loans.annual_ppm % 12_000 == 0).all()
    asked = loans.requested_day
    is_lent = loans.disbursed_day != UNKNOWN
    wait = (loans.disbursed_day - asked)[is_lent]
    assert wait.min() >= 0
    assert wait.max() < 5


def test_wage_earners_repay_by_the_month(scalars: list[Scalars]) -> None:
    frequencies = set()
    for customer, _, loans, _ in scalars:
        found = {loan.terms.frequency for loan in loans}
        frequencies |= found
        if customer.kind is CustomerKind.WAGE_EARNER:
            assert found <= {Frequency.MONTHLY}
    assert frequencies == {Frequency.MONTHLY, Frequency.WEEKLY}


def test_repayments_are_of_disbursed_loans_and_never_too_much(
    scalars: list[Scalars],
) -> None:
    for _, _, loans, repayments in scalars:
        by_id = {loan.id: loan for loan in loans}
        for repayment in repayments:
            loan = by_id[repayment.loan_id]
            assert loan.is_disbursed
            assert repayment.paid_on > loan.terms.disbursed_on
        for loan in lent(loans):
            assert state_of(loan, repayments).credit.minor == 0


def test_good_late_and_bad_repayers_are_there(scalars: list[Scalars]) -> None:
    worst = []
    for _, _, loans, repayments in scalars:
        worst += [state_of(loan, repayments).days_past_due for loan in lent(loans)]
    on_time = sum(days == 0 for days in worst)
    assert on_time > len(worst) * 0.6
    assert any(0 < days <= 31 for days in worst)
    assert any(days > 60 for days in worst)


def test_the_make_up_is_that_of_the_docstring() -> None:
    large = sample_portfolio(4_000, seed=9, months=1)
    kinds = np.bincount(large.customers.kind_index) / 4_000
    # Five standard errors of a share of 4,000 are 0.04 at most.
    for kind, share in zip(CustomerKind, kinds, strict=True):
        expected = {"small_business": 0.30, "sole_trader": 0.45, "wage_earner": 0.25}
        assert abs(share - expected[kind.value]) < 0.04
    requests = large.loans.disbursed_day == UNKNOWN
    assert abs(requests.sum() / 4_000 - 0.12) < 0.04
    per_customer = np.bincount(large.loans.customer_index[~requests])
    assert per_customer.max() == 6


def test_referrals_name_a_customer_who_was_there_before(
    scalars: list[Scalars],
) -> None:
    known = {customer.id: customer.known_on for customer, *_ in scalars}
    referred = [one for one, *_ in scalars if one.referred_by is not None]
    assert referred
    for customer in referred:
        assert customer.referred_by is not None
        assert customer.channel == "referral"
        assert known[customer.referred_by] < customer.known_on
    assert all(
        one.referred_by is not None for one, *_ in scalars if one.channel == "referral"
    )


@pytest.mark.parametrize("as_of", ["2024-02-29", "2023-12-31", "1975-01-01"])
def test_files_of_the_sample_are_read_back_without_a_rejected_row(
    tmp_path: Path, as_of: str
) -> None:
    day = dt.date.fromisoformat(as_of)
    portfolio = sample_portfolio(80, seed=3, as_of=day)
    write_portfolio(portfolio, tmp_path)
    reading = read_portfolio(tmp_path)
    assert reading.rejected == ()
    assert not any(reading.ignored_columns.values())
    assert reading.portfolio.equals(portfolio)
    assert portfolio.last_day is not None
    assert (day - portfolio.last_day).days in range(3)
    assert {path.name for path in tmp_path.iterdir()} == {one.file for one in TABLES}


def test_the_same_values_make_the_same_columns(
    portfolio: Portfolio, scalars: list[Scalars]
) -> None:
    loans = sorted((one for _, _, some, _ in scalars for one in some), key=_id)
    repayments = sorted((one for *_, some in scalars for one in some), key=_id)
    again = Portfolio.from_scalars(
        customers=[customer for customer, *_ in scalars],
        transactions=[one for _, some, _, _ in scalars for one in some],
        loans=loans,
        repayments=repayments,
    )
    assert again.equals(portfolio)


def _id(one: Any) -> str:
    return str(one.id)


@pytest.mark.parametrize("months", [1, 3, 60])
def test_the_account_covers_the_months_asked_for(months: int) -> None:
    portfolio = sample_portfolio(60, seed=2, months=months)
    days = portfolio.transactions.booked_day.astype("datetime64[D]")
    found = np.unique(days.astype("datetime64[M]"))
    assert found.size == months
    assert str(found[-1]) == "2025-06"


def test_one_customer_is_a_portfolio_too() -> None:
    for seed in range(12):
        portfolio = sample_portfolio(1, seed=seed)
        assert portfolio.customer_count == 1
        portfolio.customer_scalars(0)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"customers": 0}, "customers"),
        ({"customers": 10_000_001}, "customers"),
        ({"customers": 2.0}, "customers"),
        ({"customers": True}, "customers"),
        ({"seed": -1}, "seed"),
        ({"months": 0}, "months"),
        ({"months": 61}, "months"),
        ({"as_of": "2025-06-30"}, "as_of"),
    ],
)
def test_numbers_out_of_range_are_refused(wrong: dict[str, Any], field: str) -> None:
    arguments = {"customers": 5, "seed": 1, **wrong}
    with pytest.raises(InvalidValueError) as caught:
        sample_portfolio(**arguments)
    assert caught.value.field == field
