from __future__ import annotations

import datetime as dt
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Rate
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ids import LoanId
from microcrm_core.ledger import WrittenOff
from microcrm_core.ledger.classification_presets import (
    AGING_BY_30_DAYS,
    PAR1,
    PAR30,
    PAR60,
    PAR90,
)
from microcrm_core.ledger.portfolio_policies import RiskPolicy
from microcrm_core.ledger.portfolio_risks import (
    AgingTable,
    PortfolioAtRisk,
    PortfolioLoan,
    aging_table,
    portfolio_at_risk,
)
from microcrm_core.money import Currency, Money
from tests.ledger.free_loans import TERMS, Case, day

EUR = Currency.of("EUR")
AS_OF = dt.date(2025, 3, 31)


def loan(
    name: str, minor: int, days: int, *, is_restructured: bool = False
) -> PortfolioLoan:
    return PortfolioLoan(
        loan_id=LoanId(name),
        principal=Money(minor, EUR),
        days_past_due=days,
        is_restructured=is_restructured,
    )


def risk(loans: list[PortfolioLoan], policy: RiskPolicy) -> PortfolioAtRisk:
    return portfolio_at_risk(loans, policy=policy, as_of=AS_OF, currency=EUR).outcome


def aging(loans: list[PortfolioLoan]) -> AgingTable:
    return aging_table(
        loans, policy=AGING_BY_30_DAYS, as_of=AS_OF, currency=EUR
    ).outcome


LOANS = [
    loan("a", 1000, 0),
    loan("b", 200, 30),
    loan("c", 300, 31),
    loan("d", 400, 91),
    loan("e", 100, 0, is_restructured=True),
    loan("f", 500, 31, is_restructured=True),
]

drawn_loans = st.lists(
    st.tuples(
        st.integers(0, 10**12),
        st.sampled_from([0, 1, 2, 30, 31, 60, 61, 90, 91, 180, 181, 360, 361, 2000]),
        st.booleans(),
    ),
    max_size=12,
).map(
    lambda rows: [
        loan(f"loan-{number}", minor, days, is_restructured=is_restructured)
        for number, (minor, days, is_restructured) in enumerate(rows)
    ]
)


@pytest.mark.parametrize(
    ("policy", "at_risk_minor", "at_risk_count"),
    [(PAR1, 1500, 5), (PAR30, 1300, 4), (PAR60, 1000, 3), (PAR90, 1000, 3)],
)
def test_full_principal_of_late_and_of_restructured_loans_is_at_risk(
    policy: RiskPolicy, at_risk_minor: int, at_risk_count: int
) -> None:
    # Gross 2500. More than 30: c, d, f, and e, which is restructured; f counts once.
    found = risk(LOANS, policy)

    assert (found.at_risk.minor, found.at_risk_count) == (at_risk_minor, at_risk_count)
    assert (found.gross.minor, found.loan_count) == (2500, 6)
    assert found.share == Fraction(at_risk_minor, 2500)


def test_states_give_full_principal_without_interest_and_no_written_off_loan() -> None:
    # Two loans of 900.00 at 24 %, the first of which is written off on March 20.
    on = day(4, 20)
    terms = attrs.evolve(TERMS, nominal_rate=Rate.per_year("0.24"))
    lost, late = Case.lent(terms), Case.lent(terms)
    lost.add(WrittenOff(), day(3, 20))

    loans = [
        PortfolioLoan(
            loan_id=LoanId(name),
            principal=state.outstanding.principal,
            days_past_due=state.days_past_due,
        )
        for name, state in (("lost", lost.state(on)), ("late", late.state(on)))
    ]
    found = portfolio_at_risk(loans, policy=PAR30, as_of=on, currency=EUR).outcome

    assert late.state(on).overdue.interest.is_positive
    assert (found.at_risk.minor, found.gross.minor) == (900_00, 900_00)
    assert found.at_risk_count == 1


def test_a_policy_may_leave_restructured_loans_out() -> None:
    lenient = attrs.evolve(PAR30, has_restructured=False)

    assert risk(LOANS, lenient).at_risk.minor == 1200


def test_an_empty_portfolio_has_no_share() -> None:
    found = risk([], PAR30)

    assert found.share is None
    assert found.gross.is_zero


def test_the_reason_counts_late_and_restructured_loans_apart() -> None:
    decision = portfolio_at_risk(LOANS, policy=PAR30, as_of=AS_OF, currency=EUR)

    assert dict(decision.reasons[0].params) == {
        "late_count": 3,
        "restructured_count": 1,
        "loan_count": 6,
        "days_min": 31,
    }
    assert decision.policy == PAR30.ref


def test_an_aging_counts_each_loan_in_the_range_of_its_days() -> None:
    found = aging(LOANS)

    counted = {
        row.name: (row.loan_count, row.principal.minor)
        for row in found.rows
        if row.loan_count
    }
    assert counted == {
        "current": (2, 1100),
        "1-30": (1, 200),
        "31-60": (2, 800),
        "91-180": (1, 400),
    }
    assert found.total.minor == 2500


def test_an_aging_shows_as_a_table_with_its_total() -> None:
    page = aging(LOANS)._repr_html_()

    assert "31-60" in page
    assert "EUR 25.00" in page


@given(loans=drawn_loans)
def test_more_days_never_put_more_at_risk(loans: list[PortfolioLoan]) -> None:
    amounts = [
        risk(loans, policy).at_risk.minor for policy in (PAR1, PAR30, PAR60, PAR90)
    ]

    assert amounts == sorted(amounts, reverse=True)


@given(loans=drawn_loans, data=st.data())
def test_neither_order_nor_ranges_change_the_total(
    loans: list[PortfolioLoan], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(loans))
    found = aging(loans)

    assert found == aging(shuffled)
    assert risk(loans, PAR30) == risk(shuffled, PAR30)
    assert sum(row.principal.minor for row in found.rows) == found.total.minor
    assert sum(row.loan_count for row in found.rows) == len(loans)
    assert found.total == risk(loans, PAR30).gross


def test_a_loan_that_comes_twice_or_in_another_currency_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="loan_id must not repeat, got 'a'"):
        risk([LOANS[0], LOANS[0]], PAR30)
    yuan = attrs.evolve(LOANS[0], principal=Money(5, Currency.of("CNY")))
    with pytest.raises(CurrencyMismatchError, match="must be EUR, got 'CNY'"):
        aging([yuan])


def test_negative_principal_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="principal must not be negative"):
        loan("a", -1, 0)
