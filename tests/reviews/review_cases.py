"""Portfolios for the tests of reviews, rich in ties, and the scalar row to compare."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from microcrm_core import Currency, Money
from microcrm_core.adjustments import DUE_DAY_BASIC
from microcrm_core.customers import (
    PROFILE_BASIC,
    PROFILE_FACTS,
    Customer,
    CustomerKind,
    Direction,
    Transaction,
)
from microcrm_core.dates import DayCount, Frequency, RollRule
from microcrm_core.ids import CustomerId, LoanId, RepaymentId, TransactionId
from microcrm_core.loans import (
    Bullet,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeTiming,
    FlatInterest,
    Grace,
    Graduated,
    InterestOnly,
    Loan,
    LoanTerms,
    Portion,
    Repayment,
    RepaymentPlan,
    ScheduleConventions,
    Seasonal,
)
from microcrm_core.loyalty import QuoteLineCode, pricing_basis
from microcrm_core.rates import Rate
from microcrm_core.reviews import REVIEW_BASIC, ReviewPolicies, review_customer
from microcrm_core.reviews.batch import review_portfolio
from microcrm_core.reviews.portfolio_batch import Portfolio
from microcrm_core.rounding import Rounding
from tests.customers import strategies as drawn

EUR: Final = Currency.of("EUR")
DISCOUNTS: Final = (QuoteLineCode.TENURE_DISCOUNT, QuoteLineCode.STREAK_DISCOUNT)

Row = dict[str, Any]
Records = tuple[list[Customer], list[Transaction], list[Loan], list[Repayment]]


def on(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def make_customer(
    customer_id: str, known_on: str = "2024-01-01", currency: Currency = EUR
) -> Customer:
    return Customer(
        id=CustomerId(customer_id),
        kind=CustomerKind.SOLE_TRADER,
        currency=currency,
        known_on=on(known_on),
    )


def make_loan(
    loan_id: str,
    customer_id: str,
    disbursed_on: str,
    first_due_on: str,
    *,
    principal_minor: int = 60_000,
    annual_ppm: int = 240_000,
    installment_count: int = 6,
    frequency: Frequency = Frequency.MONTHLY,
    requested_on: str | None = None,
    is_disbursed: bool = True,
    known_on: str | None = None,
    currency: Currency = EUR,
) -> Loan:
    asked = None if requested_on is None else on(requested_on)
    return Loan(
        id=LoanId(loan_id),
        customer_id=CustomerId(customer_id),
        terms=LoanTerms(
            principal=Money(principal_minor, currency),
            nominal_rate=Rate.of_ppm(annual_ppm),
            installment_count=installment_count,
            frequency=frequency,
            disbursed_on=on(disbursed_on),
            first_due_on=on(first_due_on),
        ),
        requested_on=asked,
        is_disbursed=is_disbursed,
        known_on=on(known_on) if known_on else asked or on(disbursed_on),
    )


def make_repayment(
    repayment_id: str, loan: Loan, paid_on: str, amount_minor: int
) -> Repayment:
    return Repayment(
        id=RepaymentId(repayment_id),
        loan_id=loan.id,
        paid_on=on(paid_on),
        amount=Money(amount_minor, loan.terms.principal.currency),
        known_on=on(paid_on),
    )


def make_movement(
    number: int,
    customer_id: str,
    booked_on: dt.date,
    amount_minor: int,
    balance_minor: int | None = None,
    currency: Currency = EUR,
) -> Transaction:
    return Transaction(
        id=TransactionId(f"t-{customer_id}-{number:04d}"),
        customer_id=CustomerId(customer_id),
        booked_on=booked_on,
        direction=Direction.IN if amount_minor > 0 else Direction.OUT,
        amount=Money(abs(amount_minor), currency),
        balance_after=(
            None if balance_minor is None else Money(balance_minor, currency)
        ),
        sequence=0,
        known_on=booked_on,
    )


def month_movements(
    customer_id: str, months: Iterable[tuple[int, int]], *, without: int = 0
) -> list[Transaction]:
    """1,000.00 come on the 1st of each month and leave on the 10th.

    In the month *without* nothing moves, so that the account stays at zero.
    """
    made: list[Transaction] = []
    for year, month in months:
        if month == without:
            continue
        number = len(made)
        first, tenth = dt.date(year, month, 1), dt.date(year, month, 10)
        made.append(make_movement(number, customer_id, first, 100_000, 100_000))
        made.append(make_movement(number + 1, customer_id, tenth, -100_000, 0))
    return made


def tied_records() -> Records:
    """Customers of every kind that a review could confuse; today is 2025-06-30."""
    jpy = Currency.of("JPY")
    customers = [
        make_customer("nothing"),
        make_customer("same-day"),
        make_customer("weekly"),
        make_customer("zero-rate"),
        make_customer("later", "2025-07-01"),
        make_customer("today", "2025-06-30"),
        make_customer("upcoming"),
        make_customer("twins"),
        make_customer("yen", currency=jpy),
        make_customer("month-end"),
        make_customer("quarterly"),
        make_customer("semimonthly"),
    ]
    loans = [
        # A request and a disbursement of one day: the request is priced.
        make_loan("s-2", "same-day", "2025-06-20", "2025-07-20"),
        make_loan(
            "s-1",
            "same-day",
            "2025-06-25",
            "2025-07-12",
            requested_on="2025-06-20",
            is_disbursed=False,
        ),
        # Two requests of one day and size: the later id wins.
        make_loan(
            "s-3",
            "same-day",
            "2025-06-25",
            "2025-07-13",
            requested_on="2025-06-20",
            is_disbursed=False,
        ),
        make_loan(
            "w-1",
            "weekly",
            "2025-01-06",
            "2025-01-13",
            frequency=Frequency.WEEKLY,
            installment_count=24,
        ),
        make_loan("z-1", "zero-rate", "2025-01-31", "2025-02-28", annual_ppm=0),
        make_loan("l-1", "later", "2025-06-01", "2025-07-01"),
        make_loan("l-2", "today", "2025-06-30", "2025-07-30"),
        # Asked for before the day, disbursed after it.
        make_loan(
            "u-1",
            "upcoming",
            "2025-07-02",
            "2025-08-02",
            requested_on="2025-06-30",
        ),
        # Disbursed on one day: the last by id is repeated.
        make_loan("t-1", "twins", "2025-03-10", "2025-04-10", principal_minor=10_000),
        make_loan("t-10", "twins", "2025-03-10", "2025-04-20", principal_minor=20_000),
        make_loan("t-2", "twins", "2025-03-10", "2025-04-30", principal_minor=30_000),
        make_loan("y-1", "yen", "2025-02-01", "2025-03-01", currency=jpy),
        make_loan("m-1", "month-end", "2024-08-31", "2024-09-30"),
        make_loan("m-2", "month-end", "2025-01-31", "2025-02-28"),
        make_loan(
            "q-1",
            "quarterly",
            "2025-01-15",
            "2025-04-15",
            frequency=Frequency.QUARTERLY,
        ),
        make_loan(
            "h-1",
            "semimonthly",
            "2025-01-15",
            "2025-01-31",
            frequency=Frequency.SEMIMONTHLY,
        ),
    ]
    by_id = {loan.id: loan for loan in loans}
    repayments = [
        # Paid on the due day, a day late, and known later than paid.
        make_repayment("p-1", by_id[LoanId("z-1")], "2025-02-28", 10_000),
        make_repayment("p-2", by_id[LoanId("z-1")], "2025-03-29", 10_000),
        attrs.evolve(
            make_repayment("p-3", by_id[LoanId("z-1")], "2025-04-28", 10_000),
            known_on=on("2025-07-04"),
        ),
        # Two of one day, and one that pays everything.
        make_repayment("p-4", by_id[LoanId("t-1")], "2025-04-10", 900),
        make_repayment("p-5", by_id[LoanId("t-1")], "2025-04-10", 900),
        make_repayment("p-6", by_id[LoanId("t-10")], "2025-04-20", 10**9),
        make_repayment("p-7", by_id[LoanId("y-1")], "2025-03-01", 1),
        make_repayment("p-8", by_id[LoanId("m-1")], "2025-01-30", 10**6),
    ]
    months = [(2024, month) for month in range(9, 13)]
    months += [(2025, month) for month in range(1, 7)]
    transactions = [
        *month_movements("same-day", months),
        *month_movements("weekly", months),
        *month_movements("zero-rate", months, without=3),
        *month_movements("later", months),
        *month_movements("upcoming", months[-4:], without=5),
        *month_movements("twins", months[-2:]),
        *month_movements("month-end", months, without=2),
        *month_movements("quarterly", months),
        make_movement(0, "yen", on("2025-02-28"), 5, None, jpy),
        make_movement(1, "yen", on("2025-06-30"), -7, None, jpy),
    ]
    return customers, transactions, loans, repayments


def portfolio_of(records: Records) -> Portfolio:
    customers, transactions, loans, repayments = records
    return Portfolio.from_scalars(
        customers=customers,
        transactions=transactions,
        loans=loans,
        repayments=repayments,
    )


def plans_in(currency: Currency) -> tuple[RepaymentPlan, ...]:
    """Plans whose level installments differ from each other; sums in one currency."""
    fee = Fee(
        name="account",
        timing=FeeTiming.PER_INSTALLMENT,
        portion=Portion.of_amount(Money(50, currency)),
    )
    cover = Fee(
        name="cover",
        timing=FeeTiming.FINANCED,
        portion=Portion.of_amount(Money(500, currency)),
    )
    moratorium = Grace(
        principal_count=2,
        interest_payment_count=2,
        deferred_interest=DeferredInterest.CAPITALIZED,
    )
    level = EqualInstallments()
    return (
        RepaymentPlan(method=EqualPrincipal(), fees=(fee,)),
        RepaymentPlan(method=InterestOnly()),
        RepaymentPlan(method=Bullet(is_compounded=True)),
        RepaymentPlan(method=FlatInterest()),
        RepaymentPlan(method=Graduated.of(step_share="0.2", step_count=2)),
        RepaymentPlan(method=Seasonal((1, 2, 3) * 4)),
        RepaymentPlan(method=level, balloon=Portion.of_amount(Money(900, currency))),
        RepaymentPlan(method=level, down_payment=Portion.of_share("0.2")),
        RepaymentPlan(method=level, grace=moratorium, fees=(cover, fee)),
        RepaymentPlan(method=level),
    )


PLAN_COUNT: Final = len(plans_in(EUR))


def with_plans(records: Records, first: int) -> Records:
    """Give each loan the next plan, from number *first* on."""
    customers, transactions, loans, repayments = records
    planned = [
        attrs.evolve(
            loan,
            terms=attrs.evolve(
                loan.terms,
                plan=plans_in(loan.terms.principal.currency)[number % PLAN_COUNT],
            ),
        )
        for number, loan in enumerate(loans, first)
    ]
    return customers, transactions, planned, repayments


@st.composite
def many_records(draw: st.DrawFn, prefix: str = "c", most: int = 4) -> Records:
    """The records of some customers as one portfolio holds them."""
    customers: list[Customer] = []
    transactions: list[Transaction] = []
    loans: list[Loan] = []
    repayments: list[Repayment] = []
    for number in range(1, draw(st.integers(1, most)) + 1):
        customer_id = f"{prefix}-{number}"
        customer, moved, lent, paid = draw(drawn.records(customer_id))
        customers.append(customer)
        transactions += [
            attrs.evolve(one, id=TransactionId(f"{customer_id}/{one.id}"))
            for one in moved
        ]
        loans += lent
        by_id = {loan.id: loan for loan in lent}
        repayments += [
            one
            for one in paid
            if by_id[one.loan_id].is_disbursed
            and one.paid_on >= by_id[one.loan_id].terms.disbursed_on
        ]
    return customers, transactions, loans, repayments


def with_conventions(
    roll: RollRule = RollRule.DAY_OF_MONTH,
    day_count: DayCount = DayCount.ACT_365F,
    rounding: Rounding = Rounding.HALF_EVEN,
    grace_days: int = 0,
) -> ReviewPolicies:
    conventions = ScheduleConventions(
        id="of-the-test", day_count=day_count, rounding=rounding, roll=roll
    )
    profile = attrs.evolve(
        PROFILE_BASIC, conventions=conventions, grace_days=grace_days
    )
    # Two months are enough, so that few rows already make advice.
    due_day = attrs.evolve(DUE_DAY_BASIC, months_min=2)
    return attrs.evolve(REVIEW_BASIC, profile=profile, due_day=due_day)


POLICIES: Final = {
    "basic": REVIEW_BASIC,
    "end of month": with_conventions(RollRule.END_OF_MONTH),
    "day 31": with_conventions(RollRule.of("day_31")),
    "day 5": with_conventions(RollRule.of("day_5"), DayCount.ACT_360),
    "next month first": with_conventions(
        RollRule.NEXT_MONTH_FIRST, DayCount.THIRTY_E_360
    ),
    "30/360 US up": with_conventions(
        day_count=DayCount.THIRTY_360_US, rounding=Rounding.UP, grace_days=3
    ),
}
"""Lenders whose schedules, due days and lateness differ."""


def scalar_row(
    portfolio: Portfolio, row: int, rules: ReviewPolicies, day: dt.date
) -> Row:
    """Return the row that a review must have, from the scalar functions alone."""
    customer, transactions, loans, repayments = portfolio.customer_scalars(row)
    review = review_customer(customer, transactions, loans, repayments, rules, day)
    reason = review.tier.reasons[0]
    advice, quote = review.due_day.outcome, review.quote.outcome
    basis = pricing_basis(loans, day)
    terms = None if basis is None else basis.loan.terms

    def change(code: QuoteLineCode) -> int | None:
        sign = -1 if code in DISCOUNTS else 1
        return None if quote is None else sign * quote.change_ppm(code)

    facts = {
        name: None
        if value is None
        else str(value)
        if name == "customer_kind"
        else value
        for name, value in review.profile.facts().items()
    }
    assert set(facts) == set(PROFILE_FACTS)
    return {
        "customer_id": customer.id,
        "as_of": day.isoformat(),
        "currency": customer.currency.code,
        "tier": review.tier.outcome.value,
        "tier_rule": reason.params.get("rule"),
        "due_day_outcome": review.due_day.reasons[0].code,
        "due_day": advice and advice.due_day,
        "current_due_day": advice and advice.current_due_day,
        "due_day_months": advice and advice.months,
        "due_day_current_shortfall_count": advice and advice.current_shortfall_count,
        "due_day_held_out_shortfall_count": advice and advice.held_out_shortfall_count,
        "due_day_expected_shortfall_change_ppm": (
            advice and advice.expected_shortfall_change_ppm
        ),
        "due_day_confidence": advice and advice.confidence and advice.confidence.value,
        "quote_basis": basis and basis.kind.value,
        "quote_loan_id": basis and basis.loan.id,
        "quote_principal_minor": terms and terms.principal.minor,
        "quote_installment_count": terms and terms.installment_count,
        "quote_frequency": terms and str(terms.frequency),
        "quote_base_ppm": change(QuoteLineCode.BASE),
        "quote_tenure_discount_ppm": change(QuoteLineCode.TENURE_DISCOUNT),
        "quote_streak_discount_ppm": change(QuoteLineCode.STREAK_DISCOUNT),
        "quote_floor_restored_ppm": change(QuoteLineCode.FLOOR),
        "quote_rate_ppm": quote and quote.nominal_rate.annual_ppm,
        **facts,
    }


def rows_of(columns: dict[str, list[Any]]) -> list[Row]:
    return [
        dict(zip(columns, values, strict=True))
        for values in zip(*columns.values(), strict=True)
    ]


def assert_twins(
    portfolio: Portfolio, rules: ReviewPolicies, day: dt.date
) -> list[Row]:
    """Compare every row with the scalar review, and return the rows."""
    expected = [
        scalar_row(portfolio, row, rules, day)
        for row in range(portfolio.customer_count)
        if portfolio.customer_scalars(row)[0].known_on <= day
    ]
    found = rows_of(review_portfolio(portfolio, rules, day).to_columns())
    assert [row["customer_id"] for row in found] == [
        row["customer_id"] for row in expected
    ]
    differences = [
        (mine["customer_id"], name, mine.get(name), truth.get(name))
        for mine, truth in zip(found, expected, strict=True)
        for name in mine | truth
        if mine.get(name, "absent") != truth.get(name, "absent")
    ]
    assert differences == [], differences
    return found
