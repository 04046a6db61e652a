from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.customers import (
    PROFILE_BASIC,
    PROFILE_FACTS,
    CashFlowSummary,
    Customer,
    CustomerKind,
    CustomerProfile,
    Direction,
    ProfilePolicy,
    Transaction,
    build_profile,
)
from microcrm_core.customers.loan_facts import months_before
from microcrm_core.dates import Frequency
from microcrm_core.ids import CustomerId, LoanId, RepaymentId, TransactionId
from microcrm_core.ledger import LedgerEvent
from microcrm_core.loans import Loan, LoanTerms, Repayment
from microcrm_core.rates import Rate
from tests.customers.strategies import AS_OF_DAYS, EURO, policies, records

LENIENT = attrs.evolve(PROFILE_BASIC, grace_days=3)
CUSTOMER = Customer(
    id=CustomerId("c-1"),
    kind=CustomerKind.SOLE_TRADER,
    currency=EURO,
    known_on=dt.date(2023, 1, 1),
)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def loan(
    id: str = "loan-1",
    *,
    disbursed: str = "2024-01-10",
    first_due: str = "2024-02-10",
    principal: int = 1000,
    count: int = 4,
    requested: str | None = None,
    is_disbursed: bool = True,
    known: str | None = None,
) -> Loan:
    """A loan without interest, so that installments are easy: 1000 in 4 is 250 each."""
    return Loan(
        id=LoanId(id),
        customer_id=CustomerId("c-1"),
        terms=LoanTerms(
            principal=Money(principal, EURO),
            nominal_rate=Rate.per_year(0),
            installment_count=count,
            frequency=Frequency.MONTHLY,
            disbursed_on=day(disbursed),
            first_due_on=day(first_due),
        ),
        requested_on=None if requested is None else day(requested),
        is_disbursed=is_disbursed,
        known_on=day(known or disbursed),
    )


def paid(
    on: str,
    minor: int = 250,
    loan_id: str = "loan-1",
    *,
    known: str | None = None,
) -> Repayment:
    return Repayment(
        id=RepaymentId(f"r-{loan_id}-{on}"),
        loan_id=LoanId(loan_id),
        paid_on=day(on),
        amount=Money(minor, EURO),
        known_on=day(known or on),
    )


def profile(
    loans: Iterable[Loan] = (),
    repayments: Iterable[Repayment | LedgerEvent] = (),
    transactions: Iterable[Transaction] | CashFlowSummary = (),
    *,
    as_of: str,
    policy: ProfilePolicy = PROFILE_BASIC,
) -> CustomerProfile:
    return build_profile(CUSTOMER, transactions, loans, repayments, policy, day(as_of))


def movement(
    on: str, signed_minor: int, balance: int | None = None, id: str = "t"
) -> Transaction:
    return Transaction(
        id=TransactionId(id),
        customer_id=CustomerId("c-1"),
        booked_on=day(on),
        direction=Direction.IN if signed_minor > 0 else Direction.OUT,
        amount=Money(abs(signed_minor), EURO),
        balance_after=None if balance is None else Money(balance, EURO),
    )


def test_a_customer_without_records_has_zero_counts_and_no_shares() -> None:
    facts = dict(profile(as_of="2024-03-31").facts())

    known = {
        "customer_kind": "sole_trader",
        "loan_count": 0,
        "active_loan_count": 0,
        "repaid_loan_count": 0,
        "lent_minor": 0,
        "outstanding_minor": 0,
        "due_installment_count": 0,
        "on_time_streak": 0,
        "days_past_due": 0,
        "days_past_due_max": 0,
        "days_past_due_max_12m": 0,
        "months_observed": 0,
    }
    assert {n: v for n, v in facts.items() if v is not None} == known
    assert tuple(facts) == PROFILE_FACTS


def test_the_kind_is_not_known_before_the_customer_is() -> None:
    assert profile(as_of="2022-12-31").customer_kind is None
    assert profile(as_of="2023-01-01").customer_kind is CustomerKind.SOLE_TRADER


# Loan 1: 1000 lent on January 10, 250 due on the 10th of February to May.
#   February 10: paid on the 10th          on time
#   March 10:    paid on the 13th          3 days late
#   April 10:    paid on the 10th          on time
#   May 10:      not paid
PAID = [paid("2024-02-10"), paid("2024-03-13"), paid("2024-04-10")]


def test_the_archive_counts_what_was_lent_and_what_is_open() -> None:
    second = loan("loan-2", disbursed="2024-03-01", first_due="2024-04-01", count=1)
    payments = [*PAID, paid("2024-04-01", 1200, "loan-2")]

    archive = profile([loan(), second], payments, as_of="2024-05-15").archive

    assert (archive.loan_count, archive.active_loan_count) == (2, 1)
    assert archive.repaid_loan_count == 1
    # January 10 to May 15: 21 + 29 + 31 + 30 + 15 days.
    assert archive.tenure_days == 126
    assert archive.lent_minor == 2000
    # Of loan 1, 250 is open; the 200 too much on loan 2 do not reduce it.
    assert archive.outstanding_minor == 250


def test_the_record_of_three_paid_and_one_open_installment() -> None:
    record = profile([loan()], PAID, as_of="2024-05-15").repayment_record

    assert record.due_installment_count == 4
    # On time: February and April; late: March and, since May 11, May.
    assert record.on_time_share_ppm == 500_000
    assert record.on_time_streak == 0
    assert record.days_past_due == 5
    assert record.days_past_due_max == 5
    assert record.days_past_due_max_12m == 5


def test_an_installment_due_today_is_due_but_not_yet_judged() -> None:
    record = profile([loan()], PAID, as_of="2024-05-10").repayment_record

    assert record.due_installment_count == 4
    # Two of the three that are judged, and the streak since March lives on.
    assert record.on_time_share_ppm == 666_667
    assert record.on_time_streak == 1
    assert record.days_past_due == 0


@pytest.mark.parametrize(
    ("as_of", "share_ppm", "streak", "past_due"),
    [
        # Three days late is within grace, so all three paid ones are on time. May is
        # unpaid and within grace up to the 13th: it neither counts nor breaks.
        ("2024-05-13", 1_000_000, 3, 3),
        ("2024-05-14", 750_000, 0, 4),
    ],
)
def test_days_of_grace_forgive_lateness_but_do_not_shorten_it(
    as_of: str, share_ppm: int, streak: int, past_due: int
) -> None:
    record = profile([loan()], PAID, as_of=as_of, policy=LENIENT).repayment_record

    assert record.on_time_share_ppm == share_ppm
    assert record.on_time_streak == streak
    assert record.days_past_due == past_due
    assert record.days_past_due_max == past_due


def test_a_streak_counts_all_loans_after_the_latest_late_due_date() -> None:
    # Loan 1 is late on March 10 and on time on April 10; loan 2 is on time on March 10
    # (the same day: not after it) and on April 10 as well.
    second = loan("loan-2", disbursed="2024-02-10", first_due="2024-03-10", count=2)
    payments = [
        *PAID,
        paid("2024-03-10", 500, "loan-2"),
        paid("2024-04-10", 500, "loan-2"),
    ]

    record = profile([loan(), second], payments, as_of="2024-04-30").repayment_record

    assert record.on_time_streak == 2
    assert record.on_time_share_ppm == 800_000


def test_what_is_paid_early_waits_until_it_is_due() -> None:
    record = profile(
        [loan()], [paid("2024-02-01", 500)], as_of="2024-02-29"
    ).repayment_record

    assert (record.due_installment_count, record.on_time_streak) == (1, 1)
    assert record.on_time_share_ppm == 1_000_000


def test_with_no_installment_due_the_share_is_not_known() -> None:
    record = profile([loan()], as_of="2024-02-09").repayment_record

    assert record.due_installment_count == 0
    assert record.on_time_share_ppm is None


@pytest.mark.parametrize(
    ("as_of", "within_year"),
    [
        # Paid on March 13, 2024, three days late: unpaid on that morning, so within
        # twelve months up to March 12, 2025.
        ("2025-03-12", 3),
        ("2025-03-13", 0),
    ],
)
def test_lateness_of_the_last_twelve_months_forgets_what_was_paid_before(
    as_of: str, within_year: int
) -> None:
    one = [loan(count=2, principal=500)]

    record = profile(one, PAID[:2], as_of=as_of).repayment_record

    assert record.days_past_due_max == 3
    assert record.days_past_due_max_12m == within_year


def test_lateness_counts_in_full_also_what_lies_before_the_twelve_months() -> None:
    # Due on February 10, 2023, paid on April 10, 2024: 425 days.
    old = loan(disbursed="2023-01-10", first_due="2023-02-10", count=1)
    payments = [paid("2024-04-10", 1000)]

    record = profile([old], payments, as_of="2025-02-28").repayment_record

    assert record.days_past_due_max_12m == 425


@pytest.mark.parametrize(
    ("as_of", "year_ago"),
    [
        ("2024-02-29", "2023-02-28"),
        ("2025-02-28", "2024-02-28"),
        ("2024-12-31", "2023-12-31"),
    ],
)
def test_twelve_months_before_are_calendar_months(as_of: str, year_ago: str) -> None:
    assert months_before(day(as_of), 12) == day(year_ago)


# In three months 900, 1100 and 1300 come in: 1100 in the mean, 200 + 0 + 200 away from
# it, 400/3 in the mean, which is 400/3300 = 121,212.12 ppm. 100 and 201 go out in two
# of them: 301/3 = 100.33.
FLOWS = [
    movement("2024-01-01", 900, 900, "t-1"),
    movement("2024-01-11", -100, 800, "t-2"),
    movement("2024-02-01", 1100, None, "t-3"),
    movement("2024-03-31", 1300, None, "t-4"),
    movement("2024-02-29", -201, None, "t-5"),
]


def test_monthly_means_and_their_volatility() -> None:
    cash = profile(transactions=FLOWS, as_of="2024-03-31").cash_flow

    assert cash.months_observed == 3
    assert cash.inflow_month_minor == 1100
    assert cash.outflow_month_minor == 100
    assert cash.inflow_volatility_ppm == 121_212


def test_a_mean_between_two_units_goes_to_the_even_one() -> None:
    # 5 and 0 over two months: 2.5 becomes 2; 7 and 0: 3.5 becomes 4.
    flows = [movement("2024-01-01", 5), movement("2024-01-02", -7, id="u")]

    cash = profile(transactions=flows, as_of="2024-02-29").cash_flow

    assert (cash.inflow_month_minor, cash.outflow_month_minor) == (2, 4)
    # All in one of two months: as far away from the mean as the mean itself.
    assert cash.inflow_volatility_ppm == 1_000_000


def test_balances_of_the_months() -> None:
    cash = profile(transactions=FLOWS, as_of="2024-03-31").cash_flow

    # 900 on 10 days, 800 on 21, then 1900 on 28 days of February, 1699 on its last
    # and on 30 of March, 2999 on March 31: 91 days. The tenth part is day 9.1, so the
    # 10th value in order, of 21 days at 800.
    assert cash.balance_low_minor == 800
    assert cash.balance_min_minor == 800
    assert cash.overdrawn_day_count == 0


def test_one_month_has_a_mean_but_no_volatility() -> None:
    cash = profile(transactions=FLOWS, as_of="2024-02-28").cash_flow

    assert cash.inflow_month_minor == 900
    assert cash.inflow_volatility_ppm is None


def test_without_inflow_there_is_no_volatility() -> None:
    flows = [movement("2024-01-01", -5)]

    cash = profile(transactions=flows, as_of="2024-02-29").cash_flow

    assert cash.inflow_month_minor == 0
    assert cash.inflow_volatility_ppm is None


def test_without_a_full_month_the_cash_flow_is_not_known() -> None:
    cash = profile(transactions=FLOWS, as_of="2024-01-30").cash_flow

    assert attrs.asdict(cash) == {
        "months_observed": 0,
        "inflow_month_minor": None,
        "outflow_month_minor": None,
        "inflow_volatility_ppm": None,
        "balance_low_minor": None,
        "balance_min_minor": None,
        "overdrawn_day_count": None,
    }


def test_history_looks_back_no_further_than_the_policy_says() -> None:
    policy = attrs.evolve(PROFILE_BASIC, history_months=2)

    cash = profile(transactions=FLOWS, as_of="2024-03-31", policy=policy).cash_flow

    assert cash.months_observed == 2
    assert cash.inflow_month_minor == 1200
    assert cash.balance_min_minor == 1699


def request(id: str, requested: str, principal: int = 1000) -> Loan:
    return loan(
        id,
        disbursed="2024-05-01",
        first_due="2024-06-01",
        principal=principal,
        requested=requested,
        is_disbursed=False,
        known=requested,
    )


def test_a_request_is_compared_with_inflow_and_low_balance() -> None:
    one = request("loan-9", "2024-03-20", 1200)

    found = profile([one], transactions=FLOWS, as_of="2024-03-31").request

    assert found.request_installment_minor == 300
    # 300 ÷ 1100 = 0.27272727; 800 ÷ 300 = 2.66666667.
    assert found.request_installment_to_inflow_ppm == 272_727
    assert found.request_balance_low_to_installment_ppm == 2_666_667


def test_the_latest_request_counts_and_then_the_largest_id() -> None:
    asked = [
        request("loan-b", "2024-03-20", 800),
        request("loan-a", "2024-03-20", 400),
        request("loan-c", "2024-03-19", 1200),
    ]

    found = profile(asked, as_of="2024-03-31").request

    assert found.request_installment_minor == 200
    assert found.request_installment_to_inflow_ppm is None
    assert found.request_balance_low_to_installment_ppm is None


def test_a_loan_is_a_request_until_the_day_it_is_disbursed() -> None:
    one = loan(requested="2024-01-05", known="2024-01-05")

    before = profile([one], as_of="2024-01-09")
    after = profile([one], as_of="2024-01-10")

    assert before.archive.loan_count == 0
    assert before.request.request_installment_minor == 250
    assert after.archive.loan_count == 1
    assert after.request.request_installment_minor is None
    assert after.archive.tenure_days == 0


def test_without_inflow_the_share_of_the_installment_is_not_known() -> None:
    flows = [movement("2024-01-01", -5)]

    found = profile([request("r", "2024-03-20")], (), flows, as_of="2024-03-31").request

    assert found.request_installment_minor == 250
    assert found.request_installment_to_inflow_ppm is None


def test_records_of_someone_else_are_refused() -> None:
    other = attrs.evolve(loan(), customer_id=CustomerId("c-2"))
    with pytest.raises(InvalidValueError, match="customer_id of loan 'loan-1'"):
        profile([other], as_of="2024-03-31")
    with pytest.raises(InvalidValueError, match="loan_id of repayment"):
        profile([], PAID, as_of="2024-03-31")
    foreign = attrs.evolve(FLOWS[0], customer_id=CustomerId("c-2"))
    with pytest.raises(InvalidValueError, match="customer_id of transaction 't-1'"):
        profile(transactions=[foreign], as_of="2024-03-31")
    with pytest.raises(InvalidValueError, match="loans must hold each loan once"):
        profile([loan(), loan()], as_of="2024-03-31")


def test_another_currency_is_refused() -> None:
    koruna = Currency.of("CZK")
    terms = attrs.evolve(loan().terms, principal=Money(1000, koruna))
    with pytest.raises(CurrencyMismatchError, match="of loan 'loan-1' must be EUR"):
        profile([attrs.evolve(loan(), terms=terms)], as_of="2024-03-31")
    with pytest.raises(CurrencyMismatchError, match="of cash_flow must be EUR"):
        profile(transactions=CashFlowSummary(currency=koruna), as_of="2024-03-31")
    foreign = attrs.evolve(paid("2024-02-10"), amount=Money(250, koruna))
    with pytest.raises(CurrencyMismatchError, match=r"of repayment .* must be EUR"):
        profile([loan()], [foreign], as_of="2024-03-31")


def test_a_profile_reads_as_text_and_as_a_table() -> None:
    one = profile(as_of="2024-03-31")

    assert str(one).splitlines()[0] == "c-1 as of 2024-03-31 (EUR)"
    assert "tenure_days" in str(one)
    assert one._repr_html_().count("<tr>") == len(PROFILE_FACTS) + 1


def test_a_fact_is_read_by_its_name() -> None:
    assert profile(as_of="2024-03-31").fact("loan_count") == 0
    with pytest.raises(InvalidValueError, match="must be a fact of a profile"):
        profile(as_of="2024-03-31").fact("loans")


@given(
    drawn=records(),
    policy=policies(),
    as_of=st.sampled_from(AS_OF_DAYS),
    data=st.data(),
)
def test_what_became_known_after_the_day_changes_nothing(
    drawn: tuple[Customer, list[Transaction], list[Loan], list[Repayment]],
    policy: ProfilePolicy,
    as_of: dt.date,
    data: st.DataObject,
) -> None:
    customer, transactions, loans, repayments = drawn
    known_loans = [one for one in loans if one.known_on <= as_of]
    ids = {one.id for one in known_loans}
    as_known = build_profile(
        customer,
        [one for one in transactions if one.is_known_as_of(as_of)],
        known_loans,
        [r for r in repayments if r.loan_id in ids and r.is_known_as_of(as_of)],
        policy,
        as_of,
    )

    everything = build_profile(
        customer,
        data.draw(st.permutations(transactions)),
        data.draw(st.permutations(loans)),
        data.draw(st.permutations(repayments)),
        policy,
        as_of,
    )

    assert everything == as_known


@given(drawn=records(), as_of=st.sampled_from(AS_OF_DAYS))
def test_counts_and_lateness_hang_together(
    drawn: tuple[Customer, list[Transaction], list[Loan], list[Repayment]],
    as_of: dt.date,
) -> None:
    one = build_profile(*drawn, PROFILE_BASIC, as_of)

    archive, record = one.archive, one.repayment_record
    assert archive.active_loan_count + archive.repaid_loan_count == archive.loan_count
    assert 0 <= record.on_time_streak <= record.due_installment_count
    assert record.days_past_due <= record.days_past_due_max_12m
    assert record.days_past_due_max_12m <= record.days_past_due_max
    assert (archive.outstanding_minor == 0) == (archive.active_loan_count == 0)


@given(drawn=records(), as_of=st.sampled_from(AS_OF_DAYS))
def test_a_summary_made_as_of_the_day_stands_for_the_transactions(
    drawn: tuple[Customer, list[Transaction], list[Loan], list[Repayment]],
    as_of: dt.date,
) -> None:
    customer, transactions, loans, repayments = drawn
    summary = CashFlowSummary.of(EURO, transactions, as_of=as_of)

    assert build_profile(
        customer, summary, loans, repayments, PROFILE_BASIC, as_of
    ) == build_profile(customer, transactions, loans, repayments, PROFILE_BASIC, as_of)
