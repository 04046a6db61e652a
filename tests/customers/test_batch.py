from __future__ import annotations

import datetime as dt

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.customers import (
    PROFILE_BASIC,
    PROFILE_FACTS,
    Customer,
    CustomerKind,
    ProfilePolicy,
    Transaction,
    build_profile,
    cash_flow_facts_batch,
)
from microcrm_core.customers.batch import ProfileColumns, build_profiles
from microcrm_core.customers.cash_flow_batch import DayBalances
from microcrm_core.customers.columns_batch import CustomerColumns, TransactionColumns
from microcrm_core.ids import CustomerId, LoanId, TransactionId
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    Bullet,
    EqualInstallments,
    Loan,
    Portion,
    Repayment,
    RepaymentPlan,
    Weighted,
)
from microcrm_core.loans.columns_batch import LoanColumns, RepaymentColumns
from tests.customers.strategies import AS_OF_DAYS, EURO, policies, records
from tests.customers.test_build import (
    CUSTOMER,
    FLOWS,
    LENIENT,
    PAID,
    loan,
    paid,
    request,
)

Record = tuple[Customer, list[Transaction], list[Loan], list[Repayment]]


@attrs.frozen(eq=False)
class Tables:
    customers: CustomerColumns
    transactions: TransactionColumns
    loans: LoanColumns
    repayments: RepaymentColumns

    @classmethod
    def of(cls, drawn: list[Record]) -> Tables:
        customers = CustomerColumns.from_customers(one[0] for one in drawn)
        position = {one[0].id: row for row, one in enumerate(drawn)}
        loans = LoanColumns.from_loans(
            [one for record in drawn for one in record[2]], position
        )
        return cls(
            customers=customers,
            transactions=TransactionColumns.from_transactions(
                [one for record in drawn for one in record[1]], customers
            ),
            loans=loans,
            repayments=RepaymentColumns.from_repayments(
                [one for record in drawn for one in record[3]], loans
            ),
        )

    def profiles(
        self, as_of: dt.date, policy: ProfilePolicy = PROFILE_BASIC
    ) -> ProfileColumns:
        return build_profiles(
            self.customers,
            self.transactions,
            self.loans,
            self.repayments,
            policy,
            as_of,
        )


def assert_twins(drawn: list[Record], policy: ProfilePolicy, as_of: dt.date) -> None:
    profiles = Tables.of(drawn).profiles(as_of, policy)

    assert len(profiles) == len(drawn)
    assert tuple(profiles.facts) == PROFILE_FACTS
    for row, record in enumerate(drawn):
        assert profiles.profile_facts(row) == dict(
            build_profile(*record, policy, as_of).facts()
        )


@st.composite
def portfolios(draw: st.DrawFn) -> list[Record]:
    return [draw(records(f"c-{row}x")) for row in range(draw(st.integers(0, 3)))]


@given(drawn=portfolios(), policy=policies(), as_of=st.sampled_from(AS_OF_DAYS))
def test_batch_equals_scalar_on_every_row(
    drawn: list[Record], policy: ProfilePolicy, as_of: dt.date
) -> None:
    assert_twins(drawn, policy, as_of)


def days_from(first: str, count: int) -> list[dt.date]:
    start = dt.date.fromisoformat(first)
    return [start + dt.timedelta(days=step) for step in range(count)]


@pytest.mark.parametrize("policy", [PROFILE_BASIC, LENIENT])
@pytest.mark.parametrize(
    "as_of",
    [
        # Around due dates and their grace, month ends, the leap day and a year later.
        *days_from("2024-02-08", 8),
        *days_from("2024-02-27", 5),
        *days_from("2024-03-09", 6),
        *days_from("2024-03-30", 3),
        *days_from("2024-05-09", 7),
        *days_from("2025-02-27", 3),
        *days_from("2025-03-12", 3),
    ],
)
def test_the_worked_cases_are_equal_on_every_day(
    policy: ProfilePolicy, as_of: dt.date
) -> None:
    second = loan("loan-2", disbursed="2024-02-10", first_due="2024-03-10", count=2)
    asked = [request("loan-b", "2024-03-20", 800), request("loan-a", "2024-03-20", 400)]
    payments = [
        *PAID,
        paid("2024-03-10", 500, "loan-2"),
        paid("2024-04-10", 900, "loan-2"),
    ]
    empty = attrs.evolve(CUSTOMER, id=CustomerId("c-0"))
    assert_twins(
        [
            (empty, [], [], []),
            (CUSTOMER, FLOWS, [loan(), second, *asked], payments),
        ],
        policy,
        as_of,
    )


def planned(loan: Loan, plan: RepaymentPlan) -> Loan:
    return attrs.evolve(loan, terms=attrs.evolve(loan.terms, plan=plan))


@pytest.mark.parametrize("as_of", ["2024-02-10", "2024-03-11", "2024-03-31"])
def test_loans_and_requests_of_several_plans_are_equal_row_by_row(as_of: str) -> None:
    plans = (
        RepaymentPlan(method=Weighted((1, 2, 3, 4))),
        RepaymentPlan(method=Bullet()),
        RepaymentPlan(
            method=EqualInstallments(),
            down_payment=Portion.of_share("0.25"),
            balloon=Portion.of_amount(Money(100, EURO)),
        ),
        EQUAL_INSTALLMENTS,
    )
    drawn: list[Record] = []
    for number, plan in enumerate(plans):
        owner = attrs.evolve(CUSTOMER, id=CustomerId(f"c-{number}"))
        # The request has the plan of another customer's loan.
        asked = planned(
            request(f"loan-b{number}", "2024-03-20", 800), plans[number - 1]
        )
        lent = planned(loan(f"loan-{number}"), plan)
        loans = [attrs.evolve(one, customer_id=owner.id) for one in (lent, asked)]
        flows = [
            attrs.evolve(
                one,
                id=TransactionId(f"{number}-{one.id}"),
                customer_id=owner.id,
            )
            for one in FLOWS
        ]
        payments = [paid("2024-03-10", 300, f"loan-{number}")]
        drawn.append((owner, flows, loans, payments))

    assert_twins(drawn, PROFILE_BASIC, dt.date.fromisoformat(as_of))


def test_the_plan_of_a_request_decides_its_installment() -> None:
    # 1000 without interest in 4: weights of 1, 2, 3 and 4 ask for 100 first; all at
    # the end asks for 1000.
    asked = [
        planned(request("loan-a", "2024-03-20"), RepaymentPlan(method=Bullet())),
        planned(
            request("loan-b", "2024-03-20"),
            RepaymentPlan(method=Weighted((1, 2, 3, 4))),
        ),
    ]
    drawn: list[Record] = [
        (
            attrs.evolve(CUSTOMER, id=CustomerId(f"c-{number}")),
            [],
            [attrs.evolve(one, customer_id=CustomerId(f"c-{number}"))],
            [],
        )
        for number, one in enumerate(asked)
    ]
    profiles = Tables.of(drawn).profiles(dt.date(2024, 3, 31))

    assert profiles.facts["request_installment_minor"].tolist() == [1000, 100]


@pytest.mark.parametrize("quantile_ppm", [1, 249_999, 250_000, 250_001, 1_000_000])
def test_quantiles_at_the_bounds_of_a_rank_are_equal(quantile_ppm: int) -> None:
    # February 2023 has 28 days; a quarter of them is exactly 7.
    policy = attrs.evolve(PROFILE_BASIC, balance_quantile_ppm=quantile_ppm)
    rows = [
        attrs.evolve(
            FLOWS[0],
            id=TransactionId(f"t-{n}"),
            booked_on=on,
            balance_after=Money(n // 7, EURO),
            known_on=on,
        )
        for n, on in enumerate(days_from("2023-02-01", 28))
    ]

    assert_twins([(CUSTOMER, rows, [], [])], policy, dt.date(2023, 2, 28))


def test_volatility_of_amounts_near_the_end_of_int64_is_exact() -> None:
    large = [
        attrs.evolve(FLOWS[0], amount=Money(2**61, EURO), balance_after=None),
        attrs.evolve(FLOWS[2], amount=Money(2**61 + 1, EURO)),
        attrs.evolve(FLOWS[3], amount=Money(2**60, EURO)),
    ]
    other = attrs.evolve(CUSTOMER, id=CustomerId("c-2"))
    small = [attrs.evolve(one, customer_id=CustomerId("c-2")) for one in FLOWS]

    assert_twins(
        [(CUSTOMER, large, [], []), (other, small, [], [])],
        PROFILE_BASIC,
        dt.date(2024, 3, 31),
    )


def test_balances_far_apart_are_ordered_exactly() -> None:
    """The span of the balances does not fit one sort key here."""
    extremes = [
        attrs.evolve(FLOWS[0], balance_after=Money(2**63 - 1, EURO)),
        attrs.evolve(FLOWS[1], balance_after=Money(-(2**63 - 1), EURO)),
        attrs.evolve(FLOWS[2], balance_after=Money(7, EURO)),
    ]

    assert_twins([(CUSTOMER, extremes, [], [])], PROFILE_BASIC, dt.date(2024, 2, 29))


def test_blocks_of_customers_give_the_same() -> None:
    """Blocks only bound memory; one customer a block must change nothing."""
    drawn: list[Record] = [
        (
            attrs.evolve(CUSTOMER, id=CustomerId(f"c-{n}")),
            [attrs.evolve(f, customer_id=CustomerId(f"c-{n}")) for f in FLOWS[n:]],
            [],
            [],
        )
        for n in range(5)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cash_flow_facts_batch, "_BLOCK_CUSTOMERS", 1)
        assert_twins(drawn, PROFILE_BASIC, dt.date(2024, 3, 31))


def test_the_request_and_the_last_loan_are_found_for_pricing() -> None:
    loans = [
        loan("loan-2", disbursed="2024-02-01", first_due="2024-03-01"),
        loan("loan-10", disbursed="2024-02-01", first_due="2024-03-01"),
        loan("loan-9", disbursed="2024-01-31", first_due="2024-03-01"),
        request("loan-b", "2024-03-20"),
        request("loan-c", "2024-03-20"),
        request("loan-d", "2024-03-19"),
    ]
    empty = attrs.evolve(CUSTOMER, id=CustomerId("c-0"))
    tables = Tables.of([(empty, [], [], []), (CUSTOMER, [], loans, [])])

    profiles = tables.profiles(dt.date(2024, 3, 31))

    assert profiles.request_loan_index.tolist() == [-1, 4]
    assert profiles.last_loan_index.tolist() == [-1, 0]
    before = tables.profiles(dt.date(2024, 1, 30))
    assert before.last_loan_index.tolist() == [-1, -1]


def test_day_balances_of_the_same_day_stand_for_the_transactions() -> None:
    tables, as_of = Tables.of([(CUSTOMER, FLOWS, [], [])]), dt.date(2024, 3, 31)
    days = DayBalances.of(
        tables.transactions,
        customer_count=1,
        as_of_day=(as_of - dt.date(1970, 1, 1)).days,
    )

    def facts(cash_flow: DayBalances, on: dt.date = as_of) -> dict[str, object]:
        return dict(
            build_profiles(
                tables.customers,
                cash_flow,
                tables.loans,
                tables.repayments,
                PROFILE_BASIC,
                on,
            ).profile_facts(0)
        )

    assert facts(days) == tables.profiles(as_of).profile_facts(0)
    with pytest.raises(InvalidValueError, match="cash_flow must be as of the day"):
        facts(days, dt.date(2024, 3, 30))
    with pytest.raises(InvalidValueError, match="must be of all 1 customers"):
        facts(attrs.evolve(days, offsets=np.array([0, 5, 5])))


def test_tables_that_do_not_belong_together_are_refused() -> None:
    tables = Tables.of([(CUSTOMER, FLOWS, [loan()], PAID)])
    as_of = dt.date(2024, 3, 31)
    koruna = attrs.evolve(tables.loans, currencies=(Currency.of("CZK"),))
    with pytest.raises(CurrencyMismatchError, match="of loan 'loan-1' must be EUR"):
        attrs.evolve(tables, loans=koruna).profiles(as_of)
    elsewhere = attrs.evolve(tables.loans, customer_index=np.array([1]))
    with pytest.raises(InvalidValueError, match="customer_index must be less than"):
        attrs.evolve(tables, loans=elsewhere).profiles(as_of)
    stray = attrs.evolve(tables.repayments, loan_index=np.array([0, 1, 0]))
    with pytest.raises(InvalidValueError, match="loan_index must be less than"):
        attrs.evolve(tables, repayments=stray).profiles(as_of)


def test_loans_in_two_currencies_are_told_apart_by_the_currency() -> None:
    """The same position stands for different currencies in the two tables."""
    koruna = Currency.of("CZK")
    other = Customer(
        id=CustomerId("c-2"),
        kind=CustomerKind.WAGE_EARNER,
        currency=koruna,
        known_on=dt.date(2023, 1, 1),
    )
    first = loan()
    second = attrs.evolve(
        first,
        id=LoanId("loan-2"),
        customer_id=other.id,
        terms=attrs.evolve(first.terms, principal=Money(700, koruna)),
    )
    customers = CustomerColumns.from_customers([CUSTOMER, other])
    loans = LoanColumns.from_loans([second, first], {CUSTOMER.id: 0, other.id: 1})

    profiles = build_profiles(
        customers,
        TransactionColumns.from_transactions([], customers),
        loans,
        RepaymentColumns.from_repayments([], loans),
        PROFILE_BASIC,
        dt.date(2024, 3, 31),
    )

    assert profiles.facts["lent_minor"].tolist() == [1000, 700]


def test_a_sum_over_loans_that_leaves_int64_is_refused() -> None:
    large = [
        loan(f"loan-{n}", principal=2**61, count=1, known="2024-01-10")
        for n in range(4)
    ]
    tables = Tables.of([(CUSTOMER, [], large, [])])

    with pytest.raises(InvalidValueError, match="must add up to a sum that fits"):
        tables.profiles(dt.date(2024, 3, 31))
