"""The interest delta of a quote against interest that is worked out day by day.

Nothing of the library computes here: each day bears balance × rate ÷ 365 in fractions.
A day bears the night before it, so a period is the days after its start up to its due
date, and a new rate holds from its first day on. Each row of a schedule is rounded to a
cent once, so it is off by half a cent at most, and a delta by half a cent for each row
of both schedules.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
from microcrm_core.adjustments import (
    ADJUSTMENTS_LENIENT,
    AdjustmentRequest,
    ChangeDueDay,
    ChangeRate,
    ExtendTerm,
    MoveDirection,
    PaymentHoliday,
    ShiftDueDates,
    quote_adjustment,
)
from microcrm_core.ids import LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    Bucket,
    Disbursed,
    LedgerEvent,
    LoanAccount,
    LoanState,
)

EUR: Final = Currency.of("EUR")
LENT_ON: Final = dt.date(2025, 1, 15)
AS_OF: Final = dt.date(2025, 2, 1)
HALF: Final = Fraction(1, 2)
EPOCH: Final = dt.date(1970, 1, 1)
RATES: Final = st.integers(0, 60).map(lambda percent: Fraction(percent, 100))


def account(principal_minor: int, rate: Fraction, count: int) -> LoanAccount:
    terms = LoanTerms(
        principal=Money(principal_minor, EUR),
        nominal_rate=Rate.per_year(rate),
        installment_count=count,
        frequency=Frequency.MONTHLY,
        disbursed_on=LENT_ON,
        first_due_on=dt.date(2025, 2, 15),
    )
    lent = LedgerEvent.of(
        Disbursed(amount=terms.principal),
        loan_id=LoanId("loan-7"),
        value_on=LENT_ON,
        recorded_at=dt.datetime(2025, 1, 15, tzinfo=dt.UTC),
        idempotency_key="lent",
    )
    return LoanAccount(
        loan_id=LoanId("loan-7"),
        terms=terms,
        events=(lent,),
        conventions=STRICT,
        policy=PLAIN_LEDGER,
    )


def exact_interest(
    state: LoanState, rates: list[tuple[dt.date, Fraction]]
) -> list[Fraction]:
    """Return what each row bears by its dates and principal parts, day by day.

    Args:
        state: Gives dates and principal parts, and no interest.
        rates: First day of each rate, in order.
    """
    balance = Fraction(state.terms.principal.minor)
    interest: list[Fraction] = []
    start_on = LENT_ON
    for row, due_day in enumerate(state.due_day):
        due_on = EPOCH + dt.timedelta(days=due_day)
        borne, on = Fraction(0), start_on
        while on < due_on:
            on += dt.timedelta(days=1)
            rate = [rate for from_on, rate in rates if from_on <= on][-1]
            borne += balance * rate / 365
        interest.append(borne)
        balance -= state.charged_minor[Bucket.PRINCIPAL][row]
        start_on = due_on
    return interest


@st.composite
def cases(
    draw: st.DrawFn,
) -> tuple[LoanAccount, AdjustmentRequest, list[tuple[dt.date, Fraction]]]:
    rate, count = draw(RATES), draw(st.integers(2, 14))
    loan = account(draw(st.integers(10_000, 2_000_000)), rate, count)
    rates = [(dt.date.min, rate)]
    kind = draw(st.sampled_from(["day", "shift", "holiday", "term", "rate"]))
    if kind == "day":
        day = draw(st.integers(1, 31))
        direction = draw(st.sampled_from(MoveDirection))
        return loan, ChangeDueDay(day=day, direction=direction), rates
    if kind == "shift":
        days = draw(st.integers(-10, 25).filter(bool))
        return loan, ShiftDueDates(days=days), rates
    if kind == "holiday":
        return loan, PaymentHoliday(count=draw(st.integers(1, 3))), rates
    if kind == "term":
        added = draw(st.integers(1 - count, 6).filter(bool))
        return loan, ExtendTerm(added), rates
    new_rate = draw(RATES)
    from_on = AS_OF + dt.timedelta(days=draw(st.integers(0, 40)))
    changed = ChangeRate(Rate.per_year(new_rate), from_on=from_on)
    return loan, changed, [*rates, (from_on, new_rate)]


@given(cases())
def test_the_delta_is_that_of_interest_day_by_day_but_for_half_a_cent_a_row(
    case: tuple[LoanAccount, AdjustmentRequest, list[tuple[dt.date, Fraction]]],
) -> None:
    loan, request, rates = case
    quote = quote_adjustment(loan, request, ADJUSTMENTS_LENIENT, AS_OF).outcome
    before, after = quote.before, quote.after
    if after is None:
        return  # another test names the refusals
    exact_before = exact_interest(before, rates[:1])
    exact_after = exact_interest(after, rates)

    for state, rows_exact in ((before, exact_before), (after, exact_after)):
        asked = state.charged_minor[Bucket.INTEREST]
        if state.terms.plan.unpaid_interest is before.terms.plan.unpaid_interest:
            # Where interest waits for later rows, only its sum is that of the days.
            for asked_minor, borne in zip(asked, rows_exact, strict=True):
                assert abs(asked_minor - borne) <= HALF
    delta = quote.interest_delta
    assert delta is not None
    rows = len(before) + len(after)
    exact = sum(exact_after, Fraction(0)) - sum(exact_before, Fraction(0))
    assert abs(delta.minor - exact) <= HALF * rows


@pytest.mark.parametrize(
    ("request_", "expected_minor"),
    [
        # 365 × 1,000.00 × 36.5 % ÷ 365: a day of 1,000.00 costs 1.00. One installment.
        (ShiftDueDates(days=7), 7_00),
        (ShiftDueDates(days=-7), -7_00),
        # From 15 February on to 15 March: 28 days.
        (PaymentHoliday(count=1), 28_00),
        # 5 of 31 days at nothing, from 11 February to the 15th.
        (ChangeRate(Rate.per_year(0), from_on=dt.date(2025, 2, 11)), -5_00),
    ],
)
def test_a_day_of_one_thousand_costs_one(
    request_: AdjustmentRequest, expected_minor: int
) -> None:
    loan = account(100_000, Fraction(365, 1000), 1)
    quote = quote_adjustment(loan, request_, ADJUSTMENTS_LENIENT, AS_OF).outcome
    assert quote.interest_delta == Money(expected_minor, EUR)
