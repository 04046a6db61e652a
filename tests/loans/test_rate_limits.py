"""At the limit passes, one cent more does not: decided without an error of a float."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, Money
from microcrm_core.errors import ConvergenceError
from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
from microcrm_core.loans.rate_limits import rate_headroom, value_at_rate
from microcrm_core.loans.rate_measures import RateMeasure, RateOutcome
from microcrm_core.loans.rate_solving import RATE_TOLERANCE, SolvedRate, solve_rate
from tests.loans.credit_cases import advance, charge, credit, credits, repayment

LIMIT = Fraction(24, 100)


def solved(flows: CreditFlows, measure: RateMeasure) -> SolvedRate:
    return solve_rate(flows, measure)


def sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)


def monthly(*minors: int) -> list[CashFlow]:
    days = [dt.date(2025, month, 10) for month in range(2, len(minors) + 2)]
    return [repayment(on, minor) for on, minor in zip(days, minors, strict=True)]


# Loans whose rate is the limit by construction; the last payment takes the cent.
AT_THE_LIMIT = {
    # 365 days are one year: 1000 grows to 1240.
    "bullet": (
        RateMeasure.COMPOUND_ANNUAL,
        [advance("2025-01-10", 100_000), repayment("2026-01-10", 124_000)],
        LIMIT,
    ),
    # Interest paid each year of 365 days, the principal at the end.
    "interest only": (
        RateMeasure.COMPOUND_ANNUAL,
        [
            advance("2025-01-10", 100_000),
            repayment("2026-01-10", 24_000),
            repayment("2027-01-10", 124_000),
        ],
        LIMIT,
    ),
    # 1.44 is 1.2 twice, so 20 % each half year is 44 % a year.
    "half years": (
        RateMeasure.EU_APRC,
        [
            advance("2025-01-10", 100_000),
            repayment("2025-07-10", 20_000),
            repayment("2026-01-10", 120_000),
        ],
        Fraction(44, 100),
    ),
    # The fee makes 1000 of what was 1030, and 1000 grows to 1240.
    "with a fee": (
        RateMeasure.EU_APRC,
        [
            advance("2025-01-10", 103_000),
            charge("2025-01-10", 3_000),
            repayment("2026-01-10", 124_000),
        ],
        LIMIT,
    ),
    # 2 % a month is a nominal rate of 24 %.
    "unit-periods": (
        RateMeasure.REG_Z_NOMINAL,
        [advance("2025-01-10", 100_000), *monthly(2_000, 2_000, 102_000)],
        LIMIT,
    ),
    # 73 days are a fifth of a year: 4.8 % of 1000, and of the 500 that are left.
    "simple": (
        RateMeasure.SIMPLE_ANNUAL,
        [
            advance("2025-01-01", 100_000),
            repayment("2025-03-15", 54_800),
            repayment("2025-05-27", 52_400),
        ],
        LIMIT,
    ),
    "no interest": (
        RateMeasure.EU_APRC,
        [
            advance("2025-01-10", 100_000),
            repayment("2025-03-03", 30_000),
            repayment("2025-10-31", 70_000),
        ],
        Fraction(0),
    ),
}


@pytest.mark.parametrize("name", AT_THE_LIMIT)
def test_a_loan_at_the_limit_has_no_headroom_and_is_not_above(name: str) -> None:
    measure, flows, limit = AT_THE_LIMIT[name]
    assert rate_headroom(solved(credit(*flows), measure), limit) == 0


@pytest.mark.parametrize("scale", [1, 10**7])
@pytest.mark.parametrize("name", AT_THE_LIMIT)
def test_one_cent_decides(name: str, scale: int) -> None:
    # At 10 billion a cent moves the rate in the thirteenth digit, beyond the solver.
    measure, flows, limit = AT_THE_LIMIT[name]
    for cents in (-1, 1):
        larger = [
            CashFlow(
                one.on,
                Money(
                    one.amount.minor * scale + (cents if one is flows[-1] else 0),
                    one.amount.currency,
                ),
                one.kind,
                one.name,
            )
            for one in flows
        ]
        headroom = rate_headroom(solved(credit(*larger), measure), limit)
        assert sign(headroom) == -cents
        assert abs(headroom) < Fraction(1, 1_000)


@given(
    paid=st.integers(1, 10**30),
    away=st.integers(-2, 2),
    limit_ppm=st.integers(1, 4_000_000),
)
def test_a_payment_after_half_a_year_is_above_where_its_square_is(
    paid: int, away: int, limit_ppm: int
) -> None:
    # Whole numbers decide: b / a is above the root of 1 + r where b² > a² (1 + r).
    limit = Fraction(limit_ppm, 1_000_000)
    square = paid * paid * (1 + limit)
    repaid = isqrt(int(square)) + away
    assume(repaid > 0)
    flows = credit(advance("2025-01-10", paid), repayment("2025-07-10", repaid))
    found = solved(flows, RateMeasure.EU_APRC)
    assume(found.outcome is RateOutcome.FOUND)
    assert sign(value_at_rate(found, limit)) == sign(square - repaid * repaid)
    assert sign(rate_headroom(found, limit)) == sign(square - repaid * repaid)


@given(
    thousands=st.integers(1, 10**9),
    per_mille=st.integers(1, 3_000),
    years=st.integers(1, 8),
    cents=st.sampled_from((-1, 0, 1)),
    measure=st.sampled_from((RateMeasure.COMPOUND_ANNUAL, RateMeasure.SIMPLE_ANNUAL)),
)
def test_yearly_interest_at_the_limit_is_at_the_limit(
    thousands: int, per_mille: int, years: int, cents: int, measure: RateMeasure
) -> None:
    # Interest is paid every 365 days, so nothing compounds and both measures agree.
    minor, start_on = 1_000 * thousands, dt.date(2025, 1, 1)
    interest = thousands * per_mille
    due = [start_on + dt.timedelta(days=365 * year) for year in range(1, years + 1)]
    flows = [repayment(on, interest) for on in due]
    flows[-1] = repayment(due[-1], minor + interest + cents)
    found = solved(credit(advance(start_on, minor), *flows), measure)
    headroom = rate_headroom(found, Fraction(per_mille, 1_000))
    assert sign(headroom) == -cents


@given(flows=credits(), measure=st.sampled_from(RateMeasure), limit=st.fractions(0, 3))
def test_away_from_the_limit_the_solver_and_the_value_at_the_limit_agree(
    flows: CreditFlows, measure: RateMeasure, limit: Fraction
) -> None:
    found = solved(flows, measure)
    assume(found.outcome is RateOutcome.FOUND and found.rate is not None)
    assert found.rate is not None
    away = limit - Fraction(found.rate)
    assume(abs(away) > 10 * RATE_TOLERANCE * (1 + abs(found.rate)))
    assert sign(value_at_rate(found, limit)) == sign(away)
    assert sign(rate_headroom(found, limit)) == sign(away)


@given(flows=credits(), measure=st.sampled_from(RateMeasure))
def test_near_the_limit_the_headroom_is_still_the_distance(
    flows: CreditFlows, measure: RateMeasure
) -> None:
    found = solved(flows, measure)
    assume(found.outcome is RateOutcome.FOUND)
    assert found.rate is not None
    limit = Fraction(found.rate) + Fraction(1, 10**8)
    assume(limit >= 0)
    headroom = rate_headroom(found, limit)
    assert headroom == pytest.approx(1e-8, abs=2e-9 * (1 + abs(found.rate)))


def test_a_borrower_who_pays_first_is_judged_from_the_other_side() -> None:
    # A deposit of 100 that brings 124 a year later: the rate is 24 % all the same.
    flows = credit(repayment("2025-01-10", 10_000), advance("2026-01-10", 12_400))
    found = solved(flows, RateMeasure.COMPOUND_ANNUAL)
    assert rate_headroom(found, LIMIT) == 0
    assert rate_headroom(found, LIMIT + Fraction(1, 10**9)) > 0
    assert rate_headroom(found, LIMIT - Fraction(1, 10**9)) < 0


def half_a_year(paid: int) -> SolvedRate:
    # What is repaid is the root of 1.24 times what is paid out, rounded down.
    repaid = isqrt(paid * paid * 124 // 100)
    flows = credit(advance("2025-01-10", paid), repayment("2025-07-10", repaid))
    return solved(flows, RateMeasure.EU_APRC)


def test_a_sign_takes_as_many_digits_as_it_needs() -> None:
    # Rounding down takes off less than one part in 10^150.
    assert 0 < rate_headroom(half_a_year(10**150), LIMIT) < Fraction(1, 10**149)


def test_a_sign_beyond_all_digits_is_refused_and_not_guessed() -> None:
    with pytest.raises(ConvergenceError, match="within 5 steps"):
        rate_headroom(half_a_year(10**1_700), LIMIT)


def test_flows_that_cancel_out_are_worth_nothing_at_any_rate() -> None:
    flows = credit(advance("2025-01-10", 100), repayment("2025-01-10", 100))
    assert value_at_rate(solved(flows, RateMeasure.EU_APRC), LIMIT) == 0


def test_without_one_rate_there_is_no_headroom() -> None:
    two_rates = credit(
        repayment("2025-01-01", 10_000),
        advance("2026-01-01", 23_000),
        repayment("2027-01-01", 13_200),
    )
    with pytest.raises(InvalidValueError, match="must be a found rate"):
        rate_headroom(solved(two_rates, RateMeasure.EU_APRC), LIMIT)


@pytest.mark.parametrize("measure", RateMeasure)
def test_a_limit_may_be_below_zero(measure: RateMeasure) -> None:
    # 365 days are one year under every measure: 1000.00 shrinks to 980.00.
    below, repaid_minor = Fraction(-2, 100), 98_000

    def headroom(minor: int) -> Fraction:
        flows = credit(advance("2025-01-10", 100_000), repayment("2026-01-10", minor))
        return rate_headroom(solved(flows, measure), below)

    assert headroom(repaid_minor) == 0
    assert sign(headroom(repaid_minor - 1)) == 1
    assert sign(headroom(repaid_minor + 1)) == -1


def test_a_simple_rate_below_zero_is_valued_as_it_is_solved() -> None:
    # Half the principal after a year: 1000 less 20 less 480 leaves 500; a year later
    # 10 less of that is 490.
    flows = credit(
        advance("2025-01-10", 100_000),
        repayment("2026-01-10", 48_000),
        repayment("2027-01-10", 49_000),
    )
    found = solved(flows, RateMeasure.SIMPLE_ANNUAL)
    assert rate_headroom(found, Fraction(-2, 100)) == 0


def test_what_simple_interest_leaves_is_what_it_is_by_hand() -> None:
    def left(rate: str, *flows: CashFlow) -> Fraction:
        found = solved(credit(*flows), RateMeasure.SIMPLE_ANNUAL)
        return value_at_rate(found, Fraction(rate))

    # 100 of the 1000 go to the charge, so 100 of the principal stay and bear 10.
    lent = advance("2025-01-10", 1_000)
    assert left("1/10", lent, repayment("2026-01-10", 1_000)) == 100
    again = (repayment("2026-01-10", 1_000), repayment("2027-01-10", 110))
    assert left("1/10", lent, *again) == 0
    # Overpaid by 140 for a year, even for another, and only then 5 on 50.
    assert (
        left(
            "1/10",
            advance("2025-01-10", 100),
            repayment("2026-01-10", 250),
            advance("2027-01-10", 190),
            repayment("2028-01-10", 50),
        )
        == 5
    )
    # Half a unit of charge stays a charge, which bears nothing: 5 + 5 + 0.5 + 1.
    drawn = advance("2026-01-10", 5)
    assert left(
        "1/10", advance("2025-01-10", 5), drawn, repayment("2027-01-10", 1)
    ) == (Fraction(21, 2))
    # A charge below zero takes off the principal at once, and leaves nothing.
    paid = repayment("2026-01-10", 90)
    assert left("-1/10", advance("2025-01-10", 100), paid) == 0
    lent_twice = (advance("2025-01-10", 100), advance("2026-01-10", 100))
    assert left("-1/10", *lent_twice, repayment("2027-01-10", 171)) == 0


@pytest.mark.parametrize("limit", [-1, -2])
def test_a_limit_of_minus_one_or_less_is_refused(limit: int) -> None:
    flows = credit(advance("2025-01-10", 100), repayment("2026-01-10", 124))
    with pytest.raises(InvalidValueError, match="limit must be above -1"):
        rate_headroom(solved(flows, RateMeasure.EU_APRC), Fraction(limit))
