from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core.errors import InvalidValueError
from microcrm_core.loans import SplitDayCount
from microcrm_core.loans.fineract_events import (
    ChangeRate,
    CorrectBalance,
    CreditInterest,
    CreditPrincipal,
    Disburse,
    ModelEvent,
    PauseInterest,
    PayInterest,
    PayPrincipal,
)
from microcrm_core.loans.fineract_rows import Row
from microcrm_core.loans.fineract_sessions import FineractSession
from tests.loans.fineract_cases import (
    TWELVE_DIGITS,
    all_day_counts,
    all_start_dates,
    make_model,
    month_dates,
)
from tests.loans.model_oracle import PlainModel

START = dt.date(2024, 1, 1)
DATES = month_dates(START, 6)
LENT = Disburse(START, 10_000)

Step: TypeAlias = tuple[str, int, int, int]
"""What happens, after how many days, to which row, and a size from 0 to 100."""

PAYING = "eeepiR"
ANYTHING = "eepicRdrzPI"


def amounts(rows: list[Row] | tuple[Row, ...]) -> list[tuple[int, ...]]:
    return [
        (
            row.level_minor,
            row.installment_minor,
            row.accrued_minor,
            row.interest_minor,
            row.principal_minor,
            row.paid_principal_minor,
            row.paid_interest_minor,
            row.drawn_interest_minor,
            row.left_interest_minor,
        )
        for row in rows
    ]


def cuts(rows: list[Row]) -> list[tuple[object, ...]]:
    return [
        (part.start_on, part.end_on, part.rate, part.factor, part.factor_to_due)
        for row in rows
        for part in row.slices
    ]


def all_steps(kinds: str) -> st.SearchStrategy[list[Step]]:
    step = st.tuples(
        st.sampled_from(kinds),
        st.sampled_from([0, 0, 1, 5, 16, 31]),
        st.integers(0, 7),
        st.sampled_from([0, 1, 50, 99, 100, 100]),
    )
    return st.lists(step, max_size=9)


def events_of(plain: PlainModel, step: Step, on: dt.date) -> list[ModelEvent]:
    """Make the events of a step, from what the loan asks for at the time."""
    kind, _, number, size = step
    row = plain.rows[number % len(plain.rows)]
    if kind == "e":
        principal, interest = plain.due_on(row.due_on, on)
        left = max(0, principal - row.paid_principal_minor) * size // 100
        return [
            PayInterest(on, row.due_on, max(0, interest - row.paid_interest_minor)),
            PayPrincipal(on, row.due_on, left),
        ]
    if kind == "R":
        later = on + dt.timedelta(size // 4)
        return [CorrectBalance(on, 40 * size), CorrectBalance(later, -40 * size)]
    event: ModelEvent
    if kind == "p":
        event = PayPrincipal(on, row.due_on, row.principal_minor * size // 100)
    elif kind == "i":
        event = PayInterest(on, row.due_on, row.interest_minor * size // 100)
    elif kind == "c":
        event = CorrectBalance(on, 30 * (size - 50))
    elif kind == "d":
        event = Disburse(on, 100 * size)
    elif kind == "r":
        event = ChangeRate(on, Decimal(size) / 400)
    elif kind == "z":
        event = PauseInterest(on, on + dt.timedelta(size // 4))
    elif kind == "P":
        event = CreditPrincipal(on, 20 * size)
    else:
        event = CreditInterest(on, 2 * size)
    return [event]


def require_twins(plain: PlainModel, steps: list[Step]) -> None:
    """Apply steps to a session and to the plain model, and compare all they say."""
    dates = [plain.rows[0].start_on, *(row.due_on for row in plain.rows)]
    session = make_session(plain)
    on = dates[0]
    for step in [("d", 0, 0, 100), *steps]:
        on = min(on + dt.timedelta(step[1]), dates[-1])
        for event in events_of(plain, step, on):
            tried = plain.copy()
            try:
                tried.apply(event)
            except LookupError:
                with pytest.raises(InvalidValueError):
                    session.apply(event)
                continue
            plain = tried
            session.apply(event)
            assert amounts(session.rows) == amounts(plain.rows)
            assert cuts(session.rows) == cuts(plain.rows)
        seen_on = on + dt.timedelta(step[3] // 3)
        for row in plain.rows:
            assert session.due_on(row.due_on, seen_on) == plain.due_on(
                row.due_on, seen_on
            )
            assert session.interest_to(row.due_on, on) == plain.interest_to(
                row.due_on, on
            )


def make_session(plain: PlainModel) -> FineractSession:
    return FineractSession(plain.copy().rows, plain.rates, plain.factors, plain.level)


@settings(max_examples=60, deadline=None)
@given(
    start_on=all_start_dates(),
    count=st.integers(1, 8),
    rate=st.sampled_from(["0", "0.07", "0.24", "0.9"]),
    day_count=all_day_counts(),
    multiple=st.sampled_from([1, 1, 100]),
    steps=all_steps(PAYING),
)
def test_payments_make_the_rows_that_settling_all_of_them_makes(
    start_on: dt.date,
    count: int,
    rate: str,
    day_count: SplitDayCount,
    multiple: int,
    steps: list[Step],
) -> None:
    model = make_model(
        month_dates(start_on, count), Decimal(rate), day_count, multiple=multiple
    )

    require_twins(PlainModel.of(model), steps)


@settings(max_examples=60, deadline=None)
@given(
    start_on=all_start_dates(),
    count=st.integers(1, 6),
    day_count=all_day_counts(),
    is_smoothed=st.booleans(),
    steps=all_steps(ANYTHING),
)
def test_any_events_make_the_rows_that_settling_all_of_them_makes(
    start_on: dt.date,
    count: int,
    day_count: SplitDayCount,
    is_smoothed: bool,
    steps: list[Step],
) -> None:
    model = make_model(
        month_dates(start_on, count),
        Decimal("0.24"),
        day_count,
        is_smoothed=is_smoothed,
    )

    require_twins(PlainModel.of(model), steps)


@settings(max_examples=60, deadline=None)
@given(
    paid=st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 170), st.integers(0, 1701)),
        max_size=4,
    ),
    days=st.lists(st.integers(1, 180), min_size=2, max_size=2, unique=True),
    amount_minor=st.integers(1, 9_000),
)
def test_corrections_that_follow_at_once_make_the_rows_of_one_by_one(
    paid: list[tuple[int, int, int]], days: list[int], amount_minor: int
) -> None:
    session = make_model(DATES).session()
    session.apply(LENT)
    for number, day, paid_minor in sorted(paid, key=lambda one: one[1]):
        on = START + dt.timedelta(day)
        session.apply(PayPrincipal(on, DATES[number + 1], paid_minor))
    first_on, last_on = (START + dt.timedelta(day) for day in sorted(days))
    pair = (
        CorrectBalance(first_on, amount_minor),
        CorrectBalance(last_on, -amount_minor),
    )
    apart = session.copy()

    session.apply(*pair)
    for event in pair:
        apart.apply(event)

    assert amounts(session.rows) == amounts(apart.rows)


def test_a_session_and_a_model_are_the_same_thing() -> None:
    early_on = dt.date(2024, 1, 15)
    events: list[ModelEvent] = [
        LENT,
        PayInterest(early_on, DATES[1], 26),
        PayPrincipal(early_on, DATES[1], 1675),
        ChangeRate(dt.date(2024, 3, 10), Decimal("0.11")),
        PauseInterest(dt.date(2024, 4, 5), dt.date(2024, 4, 9)),
    ]
    empty = make_model(DATES)
    session = empty.session()

    session.apply(*events)

    model = empty.after(*events)
    assert amounts(session.rows) == amounts(model.rows)
    assert amounts(empty.rows) == amounts(make_model(DATES).rows)
    assert session.due_on(DATES[4], early_on) == model.due_on(DATES[4], early_on)


def test_an_early_payment_asks_what_the_peer_expects() -> None:
    # ProgressiveEMICalculatorTest of Apache Fineract (3f359bb3), payoff on 15 January.
    early_on = dt.date(2024, 1, 15)
    session = make_model(DATES, numbers=TWELVE_DIGITS).session()
    session.apply(LENT)
    assert session.due_on(DATES[1], early_on) == (1675, 26)

    session.apply(
        PayPrincipal(early_on, DATES[1], 1675), PayInterest(early_on, DATES[1], 26)
    )
    for due_on in DATES[2:6]:
        session.apply(PayPrincipal(early_on, due_on, 1701))

    assert session.due_on(DATES[6], DATES[6]) == (1521, 50)
    assert [row.interest_minor for row in session.rows] == [26, 0, 0, 0, 0, 50]


def test_a_copy_goes_its_own_way() -> None:
    session = make_model(DATES).session()
    session.apply(LENT)
    before = amounts(session.rows)
    copy = session.copy()

    copy.apply(PayPrincipal(START, DATES[1], 1701), Disburse(DATES[2], 5_000))

    assert amounts(session.rows) == before != amounts(copy.rows)


def test_only_rows_that_a_payment_reaches_are_told_as_changed() -> None:
    session = make_model(DATES).session()
    session.apply(LENT)
    assert session.take_changed() == [0, 1, 2, 3, 4, 5]
    session.apply(PayInterest(START, DATES[1], 0))
    session.take_changed()
    before = amounts(session.rows)

    session.apply(PayInterest(DATES[2], DATES[2], 49))
    session.apply(PayPrincipal(DATES[2], DATES[2], 1652))

    changed = session.take_changed()
    after = amounts(session.rows)
    assert {n for n in range(6) if before[n] != after[n]} == {1}
    assert 1 in changed
    assert len(changed) < 6
    assert session.take_changed() == []


@pytest.mark.parametrize(
    "event",
    [
        Disburse(dt.date(2024, 7, 2), 1),
        ChangeRate(START, Decimal("0.1")),
        PayInterest(START, dt.date(2024, 2, 2), 1),
        PayPrincipal(dt.date(2023, 12, 31), DATES[1], 1),
        CorrectBalance(dt.date(2023, 12, 31), 1),
        CreditPrincipal(dt.date(2024, 7, 2), 1),
    ],
)
def test_an_event_outside_the_loan_is_refused_and_changes_nothing(
    event: ModelEvent,
) -> None:
    session = make_model(DATES).session()
    session.apply(LENT)
    before = amounts(session.rows)

    with pytest.raises(InvalidValueError):
        session.apply(event)

    assert amounts(session.rows) == before
    assert session.due_on(DATES[1], dt.date(2024, 1, 15)) == make_model(DATES).after(
        LENT
    ).due_on(DATES[1], dt.date(2024, 1, 15))


def test_levels_are_set_and_the_last_row_takes_the_difference() -> None:
    session = make_model(DATES).session()
    session.apply(LENT)

    session.set_levels([2_000] * 6)

    assert [row.installment_minor for row in session.rows[:5]] == [2_000] * 5
    lent_and_borne = 10_000 + sum(row.interest_minor for row in session.rows)
    assert session.rows[5].installment_minor == lent_and_borne - 5 * 2_000
    with pytest.raises(ValueError, match="shorter"):
        session.set_levels([2_000])
