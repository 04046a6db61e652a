from __future__ import annotations

import datetime as dt
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.batch import Int64s
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import LoanId
from microcrm_core.ledger.arrears import OpenInstallment, days_past_due
from microcrm_core.ledger.arrears_batch import OpenColumns, days_past_due_many
from microcrm_core.ledger.classification_presets import PAR1, PAR30, PAR60, PAR90
from microcrm_core.ledger.par_batch import portfolios_at_risk
from microcrm_core.ledger.portfolio_policies import RiskPolicy
from microcrm_core.ledger.portfolio_risks import PortfolioLoan, portfolio_at_risk
from microcrm_core.money import Currency, Money

EUR = Currency.of("EUR")
AS_OF = dt.date(2025, 3, 31)


def whole(values: list[int]) -> Int64s:
    return np.array(values, np.int64)


# Days on both sides of every limit, so that each limit is met exactly.
drawn_loans = st.lists(
    st.tuples(
        st.integers(0, 10**15),
        st.sampled_from([0, 1, 2, 30, 31, 60, 61, 90, 91, 400]),
        st.booleans(),
        st.integers(0, 2),
    ),
    max_size=12,
)


@given(
    drawn=drawn_loans,
    policy=st.sampled_from([PAR1, PAR30, PAR60, PAR90]),
    has_restructured=st.booleans(),
)
def test_each_of_many_portfolios_is_at_risk_as_it_is_alone(
    drawn: list[tuple[int, int, bool, int]],
    policy: RiskPolicy,
    *,
    has_restructured: bool,
) -> None:
    rule = RiskPolicy(
        origin=policy.origin, limit=policy.limit, has_restructured=has_restructured
    )
    found = portfolios_at_risk(
        principal_minor=whole([one[0] for one in drawn]),
        days_past_due=whole([one[1] for one in drawn]),
        is_restructured=np.array([one[2] for one in drawn], np.bool_),
        policy=rule,
        portfolio_index=whole([one[3] for one in drawn]),
        portfolio_count=3,
    )

    for portfolio in range(3):
        loans = [
            PortfolioLoan(
                loan_id=LoanId(f"loan-{number}"),
                principal=Money(minor, EUR),
                days_past_due=days,
                is_restructured=is_restructured,
            )
            for number, (minor, days, is_restructured, index) in enumerate(drawn)
            if index == portfolio
        ]
        one = portfolio_at_risk(loans, policy=rule, as_of=AS_OF, currency=EUR).outcome
        assert found.at_risk_minor[portfolio] == one.at_risk.minor
        assert found.gross_minor[portfolio] == one.gross.minor
        assert found.at_risk_count[portfolio] == one.at_risk_count
        assert found.loan_count[portfolio] == one.loan_count


def test_sums_are_exact_where_floats_are_not() -> None:
    # 2**53 + 1 has no float of its own.
    found = portfolios_at_risk(
        principal_minor=whole([2**53, 1]),
        days_past_due=whole([31, 31]),
        is_restructured=np.array([False, False]),
        policy=PAR30,
    )

    assert found.at_risk_minor.tolist() == [2**53 + 1]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"principal_minor": whole([-1])}, "principal_minor must not be negative"),
        ({"days_past_due": whole([-1])}, "days_past_due must not be negative"),
        ({"days_past_due": whole([1, 2])}, "days_past_due must be int64 with 1 rows"),
        ({"is_restructured": whole([1])}, "is_restructured must be bool"),
        ({"portfolio_index": whole([1])}, "portfolio_index must be from 0 to 0"),
        ({"principal_minor": whole([2**61])}, "principal_minor must add up to less"),
    ],
)
def test_columns_that_describe_no_portfolio_are_refused(
    changed: dict[str, Int64s], rule: str
) -> None:
    columns = {
        "principal_minor": whole([1]),
        "days_past_due": whole([1]),
        "is_restructured": np.array([False]),
        "portfolio_index": whole([0]),
    } | changed
    with pytest.raises(InvalidValueError, match=rule):
        portfolios_at_risk(
            principal_minor=columns["principal_minor"],
            days_past_due=columns["days_past_due"],
            is_restructured=columns["is_restructured"],
            policy=PAR30,
            portfolio_index=columns["portfolio_index"],
        )


def on(day: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=day)


@given(
    loans=st.lists(
        st.lists(
            st.tuples(st.sampled_from([99, 100, 101, 130]), st.integers(0, 2)),
            max_size=3,
        ),
        min_size=1,
        max_size=4,
    ),
    restructured=st.integers(0, 15),
)
def test_a_portfolio_of_ragged_rows_is_at_risk_as_its_loans_are(
    loans: list[list[tuple[int, int]]], restructured: int
) -> None:
    # 31 days after day 100, 30 after 101, 32 after 99, 1 after 130.
    as_of_day = 131
    rows = [row for loan in loans for row in loan]
    nothing = np.zeros(len(rows), np.int64)
    opened = OpenColumns(
        offsets=whole([0, *accumulate(len(loan) for loan in loans)]),
        due_day=whole([due_day for due_day, _ in rows]),
        principal_minor=whole([minor for _, minor in rows]),
        interest_minor=nothing,
        fees_minor=nothing,
        penalties_minor=nothing,
    )
    is_restructured = [bool(restructured >> n & 1) for n in range(len(loans))]

    found = portfolios_at_risk(
        principal_minor=opened.loan_principal_minor,
        days_past_due=days_past_due_many(opened, as_of_day),
        is_restructured=np.array(is_restructured, np.bool_),
        policy=PAR30,
    )

    one = portfolio_at_risk(
        [
            PortfolioLoan(
                loan_id=LoanId(f"loan-{number}"),
                principal=Money(sum(minor for _, minor in loan), EUR),
                days_past_due=days_past_due(
                    [
                        OpenInstallment(due_on=on(due_day), principal_minor=minor)
                        for due_day, minor in loan
                    ],
                    on(as_of_day),
                ),
                is_restructured=is_restructured[number],
            )
            for number, loan in enumerate(loans)
        ],
        policy=PAR30,
        as_of=AS_OF,
        currency=EUR,
    ).outcome
    assert found.at_risk_minor.tolist() == [one.at_risk.minor]
    assert found.gross_minor.tolist() == [one.gross.minor]
