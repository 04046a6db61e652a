"""The twin of prices, row by row, with constructed ties."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, InvalidValueError, Money
from microcrm_core.batch import UNKNOWN, Int64s
from microcrm_core.dates import Frequency
from microcrm_core.ids import CustomerId, LoanId
from microcrm_core.loans import Loan, LoanTerms
from microcrm_core.loyalty import (
    LOYALTY_BASIC,
    PricingBasis,
    QuoteBasis,
    QuoteLineCode,
    price_loan,
)
from microcrm_core.loyalty.batch import BasisColumns, price_loans
from microcrm_core.rates import Rate
from microcrm_core.tiers import Tier

# Thresholds, one below and one above; nothing known; far off.
TENURES = (None, 0, 179, 180, 181, 364, 365, 729, 730, 731, 10**9)
STREAKS = (None, 0, 2, 3, 5, 6, 11, 12, 13, 1_000)
LOANS = tuple(
    Loan(
        id=LoanId(f"loan-{index}"),
        customer_id=CustomerId("c-1"),
        terms=LoanTerms(
            principal=Money.of("500.00", Currency.of("EUR")),
            nominal_rate=Rate.of_percent(30),
            installment_count=6,
            frequency=Frequency.MONTHLY,
            disbursed_on=dt.date(2025, 1, 1),
            first_due_on=dt.date(2025, 2, 1),
        ),
        requested_on=dt.date(2024, 12, 1),
        is_disbursed=True,
        known_on=dt.date(2024, 12, 1),
    )
    for index in range(4)
)

Row = tuple[int | None, int | None, Tier, int, int]
rows = st.tuples(
    st.sampled_from(TENURES),
    st.sampled_from(STREAKS),
    st.sampled_from(list(Tier)),
    st.integers(-1, 3),
    st.integers(-1, 3),
)


def column(values: list[int | None]) -> Int64s:
    return np.array([UNKNOWN if v is None else v for v in values], np.int64)


def basis_of(request: int, last: int) -> PricingBasis | None:
    if request >= 0:
        return PricingBasis(QuoteBasis.REQUEST, LOANS[request])
    return PricingBasis(QuoteBasis.REPEAT, LOANS[last]) if last >= 0 else None


def check_rows(given_rows: list[Row]) -> None:
    quotes = price_loans(
        LOYALTY_BASIC,
        {
            "tenure_days": column([row[0] for row in given_rows]),
            "on_time_streak": column([row[1] for row in given_rows]),
        },
        BasisColumns(
            column([row[3] for row in given_rows]),
            column([row[4] for row in given_rows]),
        ),
        column([row[2].rank for row in given_rows]),
    )
    for i, (tenure_days, on_time_streak, tier, request, last) in enumerate(given_rows):
        facts = {"tenure_days": tenure_days, "on_time_streak": on_time_streak}
        basis = basis_of(request, last)
        quote = price_loan(
            LOYALTY_BASIC, facts, basis, tier, dt.date(2025, 6, 30)
        ).outcome
        assert quotes.has_quote[i] == (quote is not None)
        kinds = tuple(QuoteBasis)
        assert quotes.basis_index[i] == (
            -1 if basis is None else kinds.index(basis.kind)
        )
        assert quotes.loan_index[i] == (
            -1 if basis is None else LOANS.index(basis.loan)
        )
        if quote is None:
            assert quotes.base_ppm[i] == quotes.rate_ppm[i] == UNKNOWN
            assert quotes.floor_restored_ppm[i] == UNKNOWN
            continue
        codes = QuoteLineCode
        assert quotes.base_ppm[i] == quote.change_ppm(codes.BASE)
        assert -quotes.tenure_discount_ppm[i] == quote.change_ppm(codes.TENURE_DISCOUNT)
        assert -quotes.streak_discount_ppm[i] == quote.change_ppm(codes.STREAK_DISCOUNT)
        assert quotes.floor_restored_ppm[i] == quote.change_ppm(codes.FLOOR)
        assert quotes.rate_ppm[i] == quote.nominal_rate.annual_ppm


def test_every_threshold_of_every_tier_prices_as_the_scalar_does() -> None:
    check_rows(
        [
            (tenure, streak, tier, -1, 0)
            for tenure in TENURES
            for streak in STREAKS
            for tier in Tier
        ]
    )


@given(given_rows=st.lists(rows, max_size=30))
def test_batch_equals_scalar_on_every_row(given_rows: list[Row]) -> None:
    check_rows(given_rows)


def test_a_bad_row_is_counted_and_shown() -> None:
    facts = {"tenure_days": column([0, -7]), "on_time_streak": column([0, 0])}
    basis = BasisColumns(column([-1, -1]), column([0, 0]))

    with pytest.raises(InvalidValueError, match="1 of 2 rows: tenure_days"):
        price_loans(LOYALTY_BASIC, facts, basis, column([0, 0]))
    with pytest.raises(InvalidValueError, match="tier_index must be 0 to 3"):
        price_loans(LOYALTY_BASIC, facts, basis, column([0, 4]))


def test_columns_of_other_lengths_are_refused() -> None:
    facts = {"tenure_days": column([0]), "on_time_streak": column([0, 0])}
    basis = BasisColumns(column([-1, -1]), column([0, 0]))

    with pytest.raises(InvalidValueError, match="tenure_days must have one row"):
        price_loans(LOYALTY_BASIC, facts, basis, column([0, 0]))
    with pytest.raises(InvalidValueError, match="must name tenure_days"):
        price_loans(LOYALTY_BASIC, {}, basis, column([0, 0]))
