from __future__ import annotations

import datetime as dt
from itertools import pairwise

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import Money, Rate
from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import PolicyId
from microcrm_core.ledger import (
    OLDEST_FIRST,
    Bucket,
    ChargedOff,
    ChargeOffInterest,
    Disbursed,
    Happening,
    InterestPaused,
    LedgerPolicy,
    RateChanged,
    Repaid,
    Terminated,
)
from microcrm_core.ledger.replaying import engine_of, replay_book
from microcrm_core.ledger.spread_engine import SpreadEngine
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    FINERACT,
    Grace,
    LoanTerms,
    Portion,
    RepaymentPlan,
)
from tests.ledger.engine_cases import EUR, START, loan, on, replayed, rows

POLICY = LedgerPolicy(
    id=PolicyId("plain"),
    allocation=OLDEST_FIRST,
    charge_off_interest=ChargeOffInterest.ACCELERATED,
)
WHOLE_UNITS = attrs.evolve(FINERACT, id="whole_units", installment_multiple=100)
QUARTER_DOWN = attrs.evolve(EQUAL_INSTALLMENTS, down_payment=Portion.of_share("0.25"))


def free_loan(plan: RepaymentPlan = QUARTER_DOWN) -> LoanTerms:
    """Return a loan of 1000.00 without interest, in three rows of 15 days."""
    return attrs.evolve(
        loan("1000.00", "0", 3),
        frequency=Frequency(15, "day"),
        first_due_on=on(1, 16),
        plan=plan,
    )


def lent(amount: str) -> Disbursed:
    return Disbursed(amount=Money.of(amount, EUR))


def amounts(events: list[tuple[dt.date, Happening]]) -> list[tuple[dt.date, int]]:
    state = replayed(free_loan(), events, WHOLE_UNITS, POLICY, on(3))
    return [(row.due_on, row.charged[Bucket.PRINCIPAL]) for row in state.rows]


# What scenarios of Apache Fineract expect, by their numbers there.
def test_c3046_a_second_disbursement_is_spread_over_all_rows_after_its_day() -> None:
    events: list[tuple[dt.date, Happening]] = [
        (START, lent("200.00")),
        (on(1, 2), lent("160.00")),
    ]

    # A quarter of each is a down payment; 150.00 and 120.00 are spread by three.
    assert amounts(events) == [
        (START, 5000),
        (on(1, 2), 4000),
        (on(1, 16), 9000),
        (on(1, 31), 9000),
        (on(2, 15), 9000),
    ]


def test_c3043_a_disbursement_on_a_due_date_skips_the_row_of_the_day() -> None:
    events: list[tuple[dt.date, Happening]] = [
        (START, lent("500.00")),
        (on(1, 16), lent("500.00")),
    ]

    # 375.00 by two is 187.50, and 125.00 and that are 312.50: even units are 312.00.
    assert amounts(events) == [
        (START, 12_500),
        (on(1, 16), 12_500),
        (on(1, 16), 12_500),
        (on(1, 31), 31_200),
        (on(2, 15), 31_300),
    ]


def test_a_loan_without_interest_is_kept_by_this_engine() -> None:
    assert isinstance(engine_of(free_loan(), (), FINERACT), SpreadEngine)


def test_rows_of_grace_repay_nothing() -> None:
    plan = attrs.evolve(EQUAL_INSTALLMENTS, grace=Grace(principal_count=1))

    state = replayed(free_loan(plan), [], FINERACT, POLICY, START)

    assert rows(state) == "0 0|50000 0|50000 0"


def test_disbursements_after_the_last_due_date_share_one_row() -> None:
    events: list[tuple[dt.date, Happening]] = [
        (START, lent("300.00")),
        (on(3, 1), lent("100.00")),
        (on(3, 9), lent("100.00")),
    ]

    plain = replayed(free_loan(EQUAL_INSTALLMENTS), events, FINERACT, POLICY, on(3, 9))

    assert rows(plain) == "10000 0|10000 0|10000 0|20000 0"
    assert plain.rows[3].due_on == on(3, 9)


def test_neither_lateness_nor_a_pause_changes_anything() -> None:
    paused = (on(1, 20), InterestPaused(on(2, 1)))

    state = replayed(free_loan(), [paused], FINERACT, POLICY, dt.date(2025, 1, 1))

    assert rows(state) == "25000 0|25000 0|25000 0|25000 0"


def test_a_rate_of_zero_may_follow_and_no_other() -> None:
    free = (on(1, 20), RateChanged(Rate.per_year(0)))
    assert rows(replayed(free_loan(), [free], FINERACT, POLICY, on(2))) == rows(
        replayed(free_loan(), [], FINERACT, POLICY, on(2))
    )

    book, _ = replay_book(
        free_loan(), [], conventions=FINERACT, policy=POLICY, as_of=on(2)
    )
    with pytest.raises(InvalidValueError, match="nominal_rate must be zero"):
        book.engine.change_rate(book, on(2), Rate.per_year("0.1"))


@pytest.mark.parametrize("happening", [ChargedOff(), Terminated()])
def test_accelerated_rows_vanish_and_what_was_paid_for_them_stays_paid(
    happening: Happening,
) -> None:
    events: list[tuple[dt.date, Happening]] = [
        (START, lent("900.00")),
        (on(1, 5), Repaid(amount=Money.of("450.00", EUR))),
        (on(1, 20), happening),
    ]

    state = replayed(free_loan(EQUAL_INSTALLMENTS), events, FINERACT, POLICY, on(1, 20))

    assert [(row.due_on, row.charged[0], row.paid[0]) for row in state.rows] == [
        (on(1, 16), 30_000, 30_000),
        (on(1, 20), 60_000, 15_000),
    ]
    assert sum(
        part.amount.minor for part in state.allocation(state.postings[1].event_id)
    ) == (45_000)


@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(
        st.tuples(st.integers(0, 60), st.integers(1, 99_999)), min_size=1, max_size=5
    ),
    multiple=st.sampled_from([1, 5, 100, 1000]),
)
def test_all_that_is_lent_is_asked_for_and_no_row_asks_for_less_than_before(
    parts: list[tuple[int, int]], multiple: int
) -> None:
    conventions = attrs.evolve(FINERACT, id="drawn", installment_multiple=multiple)
    days = sorted(parts, key=lambda part: part[0])
    events: list[tuple[dt.date, Happening]] = [
        (START + dt.timedelta(day - days[0][0]), Disbursed(amount=Money(minor, EUR)))
        for day, minor in days
    ]

    states = [
        replayed(
            free_loan(EQUAL_INSTALLMENTS), events[:count], conventions, POLICY, on(6)
        )
        for count in range(1, len(events) + 1)
    ]

    asked = [[row.charged[Bucket.PRINCIPAL] for row in state.rows] for state in states]
    for count, amounts_minor in enumerate(asked, start=1):
        assert sum(amounts_minor) == sum(minor for _, minor in days[:count])
    for before, after in pairwise(asked):
        assert all(a <= b for a, b in zip(before[:-1], after, strict=False))
