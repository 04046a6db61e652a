"""Replay: which engine keeps a loan, what applies an event, what a replay equals."""

from __future__ import annotations

import datetime as dt
from itertools import accumulate
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import STRICT, Currency, LedgerError, Money, Rate
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    DelinquencyPaused,
    DelinquencyResumed,
    Disbursed,
    DueDateChanged,
    InterestPaused,
    LedgerEvent,
    RateChanged,
    Repaid,
    Reversed,
)
from microcrm_core.ledger.happenings import HAPPENINGS
from microcrm_core.ledger.replaying import HANDLERS, engine_of, replay
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    RateChange,
    ScheduleConventions,
    build_schedule,
)
from tests.ledger.free_loans import TERMS, Case, columns, day, euro, repaid
from tests.ledger.ledger_cases import EUR, LENT_ON, in_log, loans

BEARING = attrs.evolve(TERMS, nominal_rate=Rate.per_year("0.12"))
# These count no money, or take an event out.
APART = {DelinquencyPaused, DelinquencyResumed, Reversed}


def test_every_happening_has_a_handler_or_is_dealt_with_apart() -> None:
    assert set(HANDLERS) == set(HAPPENINGS.values()) - APART


@pytest.mark.parametrize(
    ("conventions", "percent", "expected"),
    [
        (STRICT, 12, "ExactEngine"),
        (STRICT, 0, "ExactEngine"),
        (FINERACT, 12, "ModelEngine"),
        (FINERACT, 0, "SpreadEngine"),
        (FINERACT_CUMULATIVE, 12, "CumulativeEngine"),
        (FINERACT_CUMULATIVE, 0, "CumulativeEngine"),
    ],
)
def test_conventions_and_rate_choose_the_engine(
    conventions: ScheduleConventions, percent: int, expected: str
) -> None:
    terms = attrs.evolve(TERMS, nominal_rate=Rate.of_percent(percent))

    assert type(engine_of(terms, (), conventions)).__name__ == expected


def test_a_rate_that_comes_later_needs_the_engine_that_bears_interest() -> None:
    later = attrs.evolve(
        TERMS,
        rate_changes=(
            RateChange(from_on=day(3, 1), nominal_rate=Rate.per_year("0.1")),
        ),
    )
    changed = in_log(RateChanged(Rate.per_year("0.1")), day(3, 1), 1)

    for terms, log in ((later, ()), (TERMS, (changed,))):
        assert type(engine_of(terms, log, FINERACT)).__name__ == "ModelEngine"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("terms", "900 EUR"),
        ("conventions", "strict"),
        ("policy", None),
        ("checkpoint", "yesterday"),
    ],
)
def test_an_argument_of_another_kind_is_refused(field: str, value: object) -> None:
    arguments: dict[str, Any] = {
        "terms": TERMS,
        "conventions": STRICT,
        "policy": PLAIN_LEDGER,
    }
    arguments[field] = value

    with pytest.raises(InvalidValueError, match=f"{field} must be"):
        replay(arguments.pop("terms"), [], as_of=day(1, 1), **arguments)


def test_the_currency_of_events_is_that_of_the_terms() -> None:
    lent = in_log(Disbursed(amount=Money.of("900.00", EUR)), day(1, 1), 0)
    terms = attrs.evolve(TERMS, principal=_other_currency())

    with pytest.raises(LedgerError, match="must be in CZK"):
        replay(
            terms,
            [lent],
            conventions=STRICT,
            policy=PLAIN_LEDGER,
            as_of=day(1, 1),
        )


def _other_currency() -> Money:
    return Money.of("900.00", Currency.of("CZK"))


def test_a_rate_that_is_known_ahead_shows_in_the_schedule_at_once() -> None:
    case = Case.lent(BEARING)
    case.add(RateChanged(Rate.per_year(0)), day(3, 1))

    # Without interest from March on, April asks for principal alone.
    assert case.state(day(1, 5)).rows[2].interest_minor == 0
    assert case.state(day(1, 5)).rows[0].interest_minor > 0


def test_days_of_a_pause_bear_no_interest() -> None:
    case, plain = Case.lent(BEARING), Case.lent(BEARING)
    case.add(InterestPaused(day(2, 29)), day(2, 2))

    found, expected = case.state(day(4, 1)), plain.state(day(4, 1))

    assert found.rows[0].interest_minor == expected.rows[0].interest_minor
    assert found.rows[1].interest_minor < expected.rows[1].interest_minor


def test_a_due_date_that_moves_changes_when_rows_are_late() -> None:
    case = Case.lent()
    case.add(DueDateChanged(day(2, 1), day(2, 20)), day(1, 10))
    case.add(repaid("300.00"), day(2, 15))

    state = case.state(day(2, 15))

    assert columns(state, "due_on")[0] == (day(2, 20),)
    assert (state.rows[0].paid_early_minor, state.rows[0].paid_late_minor) == (
        300_00,
        0,
    )


def test_the_newest_event_may_be_of_the_oldest_day() -> None:
    case = Case.lent()
    ids = [case.add(repaid("100.00"), day(month, 1)) for month in (4, 3, 2)]

    found = [posting.event_id for posting in case.state(day(4, 1)).postings[1:]]

    assert found == ids[::-1]


# Where nothing else happens, money fills the schedule from its front.


@settings(max_examples=40)
@given(
    terms=loans(),
    paid=st.lists(st.tuples(st.integers(0, 250), st.integers(1, 90_000)), max_size=6),
    days=st.integers(0, 300),
)
def test_repayments_alone_fill_the_schedule_from_its_front(
    terms: Any, paid: list[tuple[int, int]], days: int
) -> None:
    as_of = LENT_ON + dt.timedelta(days=days)
    schedule = build_schedule(terms, STRICT)
    log: list[LedgerEvent] = [in_log(Disbursed(amount=terms.principal), LENT_ON, 0)]
    for minute, (offset, minor) in enumerate(paid, start=1):
        on = LENT_ON + dt.timedelta(days=offset)
        log.append(in_log(Repaid(amount=Money(minor, EUR)), on, minute))

    state = replay(terms, log, conventions=STRICT, policy=PLAIN_LEDGER, as_of=as_of)

    # On a line of all that is due, a repayment reaches as far as all that came in.
    counted = sorted(one for one in paid if one[0] <= days)
    reached = list(accumulate(minor for _, minor in counted))
    came_in, asked = sum(minor for _, minor in counted), 0
    for row, due_on, total in zip(
        state.rows, schedule.due_on, schedule.total_minor, strict=True
    ):
        assert (row.due_on, row.charged_minor) == (due_on, total)
        assert row.paid_minor == min(total, max(0, came_in - asked))
        settling = [offset for (offset, _), sum_ in zip(counted, reached, strict=True)
                    if sum_ >= asked + total]  # fmt: skip
        if total and settling:
            assert row.settled_on == LENT_ON + dt.timedelta(days=settling[0])
        elif total:
            assert row.settled_on is None
        asked += total
    unpaid = [row for row in state.rows if row.open_minor and row.due_on < as_of]
    assert state.overdue.total.minor == sum(row.open_minor for row in unpaid)
    oldest_on = min((row.due_on for row in unpaid), default=as_of)
    assert state.days_past_due == (as_of - oldest_on).days
    assert state.outstanding.total.minor == max(0, asked - came_in)
    assert state.credit.minor == max(0, came_in - asked)


def test_money_is_worked_out_by_hand_where_nothing_bears_interest() -> None:
    case = Case.lent()
    case.add(repaid("450.00"), day(2, 1))

    assert case.state(day(2, 1)).outstanding.total == euro("450.00")
