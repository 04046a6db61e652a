from __future__ import annotations

import datetime as dt

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import Money, Rate
from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError, LedgerError, ScheduleError
from microcrm_core.ids import PolicyId
from microcrm_core.ledger import (
    OLDEST_FIRST,
    Bucket,
    CreditRefunded,
    Disbursed,
    EarlyPayment,
    Happening,
    HolidayGranted,
    IncomeCapitalized,
    InterestPaused,
    LateInterest,
    LedgerPolicy,
    RateChanged,
    ReAged,
    ReAgedInterest,
    Repaid,
    Terminated,
)
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    FINERACT_CUMULATIVE,
    Accrual,
    FlatInterest,
    LoanTerms,
    RepaymentPlan,
    ShortPeriod,
    build_schedule,
)
from tests.ledger.engine_cases import EUR, START, loan, on, replayed, rows

POLICY = LedgerPolicy(id=PolicyId("plain"), allocation=OLDEST_FIRST)
DAILY = attrs.evolve(
    FINERACT_CUMULATIVE, id="daily", accrual=Accrual.DAILY, installment_multiple=100
)
PARTIAL = attrs.evolve(
    FINERACT_CUMULATIVE,
    id="partial",
    short_period=ShortPeriod.BY_DAYS,
    installment_multiple=100,
)
FLAT = RepaymentPlan(method=FlatInterest())


def short_loan() -> LoanTerms:
    """Return a loan of 1000.00 at 12 % in four rows of five days."""
    return attrs.evolve(
        loan("1000.00", "0.12", 4), frequency=Frequency(5, "day"), first_due_on=on(1, 6)
    )


def lent(amount: str) -> Disbursed:
    return Disbursed(amount=Money.of(amount, EUR))


# What scenarios of Apache Fineract expect, by their numbers there.
def test_c3179_rows_are_those_of_the_older_engine() -> None:
    state = replayed(short_loan(), [(on(1, 6), "251.00")], DAILY, POLICY, on(1, 6))

    assert rows(state) == "24936 164|24977 123|25018 82|25069 41"
    assert [row.settled_on for row in state.rows] == [on(1, 6), None, None, None]


def test_c2625_a_payment_changes_nothing_that_is_asked_for() -> None:
    terms = attrs.evolve(loan("1000.00", "0.12", 3), plan=FLAT)

    state = replayed(terms, [(on(1, 10), "400.00")], PARTIAL, POLICY, on(1, 10))

    assert rows(state) == "33300 1000|33300 1000|33400 1000"


def test_rows_of_a_loan_without_payments_are_its_schedule() -> None:
    schedule = build_schedule(short_loan(), DAILY)

    state = replayed(short_loan(), [], DAILY, POLICY, START)

    amounts = zip(schedule.principal_minor, schedule.interest_minor, strict=True)
    assert rows(state) == "|".join(f"{p} {i}" for p, i in amounts)


def test_a_payment_goes_into_rows_that_foresee_a_later_disbursement() -> None:
    terms = attrs.evolve(loan("1000.00", "0.12", 3), plan=FLAT)
    events: list[tuple[dt.date, Happening]] = [
        (START, lent("500.00")),
        (on(1, 10), Repaid(amount=Money.of("20.00", EUR))),
        (on(1, 20), lent("500.00")),
    ]

    state = replayed(terms, events, PARTIAL, POLICY, on(1, 20))

    # Flat interest is on 1000.00 from the start: 10.00, not 5.00, were open.
    assert rows(state) == "33300 1000|33300 1000|33400 1000"
    assert state.rows[0].paid == (1000, 1000, 0, 0)


def test_a_holiday_that_no_installment_covers_is_refused_as_the_schedule_is() -> None:
    # At 150 % a year, five months of interest are more than a level installment.
    terms = loan("1000.00", "1.50", 3)
    holiday = HolidayGranted(on(3), 4)
    due_on = (on(2), on(7), on(8))
    with pytest.raises(ScheduleError) as schedule:
        build_schedule(attrs.evolve(terms, due_on=due_on), FINERACT_CUMULATIVE)

    with pytest.raises(ScheduleError, match="must cover the interest") as found:
        replayed(terms, [(on(1, 5), holiday)], FINERACT_CUMULATIVE, POLICY, on(1, 5))

    assert (found.value.field, found.value.number) == ("installment", 2)
    assert str(found.value) == str(schedule.value)


def test_what_is_owed_again_is_asked_for_by_the_next_row_and_kept() -> None:
    events: list[tuple[dt.date, Happening]] = [
        (START, lent("1000.00")),
        (on(1, 8), CreditRefunded(Money.of("30.00", EUR))),
        (on(1, 9), lent("100.00")),
    ]

    before = replayed(short_loan(), [events[0], events[2]], DAILY, POLICY, on(1, 9))
    after = replayed(short_loan(), events, DAILY, POLICY, on(1, 9))

    assert [
        a.charged[0] - b.charged[0]
        for a, b in zip(after.rows, before.rows, strict=True)
    ] == [0, 3000, 0, 0]
    assert after.rows[1].credited_minor == 3000


def test_termination_leaves_the_interest_of_the_days_that_have_passed() -> None:
    events: list[tuple[dt.date, Happening | str]] = [
        (on(1, 6), "251.00"),
        (on(1, 8), Terminated()),
    ]

    state = replayed(short_loan(), events, DAILY, POLICY, on(1, 8))

    # Two of five days of 1.23 are 0.492.
    assert rows(state) == "24936 164|75064 49"
    assert state.rows[1].due_on == on(1, 8)


def test_equal_re_aging_spreads_what_is_owed() -> None:
    again = ReAged(
        start_on=on(3),
        frequency=Frequency.MONTHLY,
        installment_count=2,
        interest=ReAgedInterest.EQUAL_IN_FULL,
    )

    state = replayed(short_loan(), [(on(1, 8), again)], DAILY, POLICY, on(1, 8))

    assert [row.due_on for row in state.rows[2:]] == [on(3), on(4)]
    assert rows(state) == "0 0|0 0|50000 205|50000 205"


@pytest.mark.parametrize(
    ("happening", "field", "value"),
    [
        (RateChanged(Rate.per_year("0.1")), "type", "loan.rate_changed"),
        (InterestPaused(on(1, 12)), "type", "loan.interest_paused"),
        (IncomeCapitalized(Money.of("1.00", EUR)), "type", "loan.income_capitalized"),
        (
            ReAged(start_on=on(3), frequency=Frequency.MONTHLY, installment_count=2),
            "interest",
            "level",
        ),
    ],
)
def test_what_the_engine_does_not_know_is_refused_by_the_name_of_the_event(
    happening: Happening, field: str, value: str
) -> None:
    with pytest.raises(LedgerError) as caught:
        replayed(short_loan(), [(on(1, 8), happening)], DAILY, POLICY, on(1, 8))

    error = caught.value
    assert (error.code, error.field, error.value) == ("ledger", field, value)
    assert error.rule.endswith("with fineract_cumulative")
    assert error.event_id.startswith("event-")
    assert error.hint is not None


def test_recalculation_is_refused_once_it_would_count() -> None:
    early = attrs.evolve(POLICY, early_payment=EarlyPayment.LAST_INSTALLMENT)
    late = attrs.evolve(POLICY, late_interest=LateInterest.ON_PRINCIPAL)
    paid: list[tuple[dt.date, Happening | str]] = [(on(1, 3), "1.00")]

    assert replayed(short_loan(), [], DAILY, early, on(1, 6)).rows
    with pytest.raises(InvalidValueError, match="early_payment must be nothing"):
        replayed(short_loan(), paid, DAILY, early, on(1, 3))
    with pytest.raises(InvalidValueError, match="late_interest must be none"):
        replayed(short_loan(), [], DAILY, late, on(1, 8))


@settings(max_examples=50, deadline=None)
@given(
    plan=st.sampled_from([FLAT, EQUAL_INSTALLMENTS]),
    paid=st.lists(st.tuples(st.integers(0, 200), st.integers(1, 40_000)), max_size=4),
    day=st.integers(0, 200),
)
def test_the_payoff_quote_closes_the_loan_to_the_unit(
    plan: RepaymentPlan, paid: list[tuple[int, int]], day: int
) -> None:
    terms = attrs.evolve(loan("1000.00", "0.12", 3), plan=plan)
    events: list[tuple[dt.date, Happening]] = [
        (START + dt.timedelta(days), Repaid(amount=Money(minor, EUR)))
        for days, minor in paid
    ]
    as_of = START + dt.timedelta(day)
    before = replayed(terms, events, PARTIAL, POLICY, as_of)

    quote = before.payoff.total
    if quote.is_positive:
        events.append((as_of, Repaid(amount=quote)))
    after = replayed(terms, events, PARTIAL, POLICY, as_of)

    assert after.outstanding.total.minor == 0
    assert after.credit.minor == before.credit.minor
    assert sum(row.charged[Bucket.PRINCIPAL] for row in after.rows) == 100_000
