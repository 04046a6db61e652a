"""Replay: which engine keeps a loan, what applies an event, what a replay equals."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import STRICT, Currency, LedgerError, Money, Rate
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import LoanId, RepaymentId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    DelinquencyPaused,
    DelinquencyResumed,
    Disbursed,
    DueDateChanged,
    HolidayGranted,
    InterestPaused,
    LedgerEvent,
    RateChanged,
    Repaid,
    Reversed,
    TermChanged,
)
from microcrm_core.ledger.happenings import HAPPENINGS
from microcrm_core.ledger.replaying import HANDLERS, engine_of, replay
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    RateChange,
    Repayment,
    ScheduleConventions,
    allocate_repayments,
    build_schedule,
)
from tests.ledger.free_loans import TERMS, Case, columns, day, euro, repaid
from tests.ledger.ledger_cases import EUR, LENT_ON, LOAN, at_minute, in_log, loans

BEARING = attrs.evolve(TERMS, nominal_rate=Rate.per_year("0.12"))
# These change dates before the fold, count no money, or take an event out.
APART = {
    DelinquencyPaused,
    DelinquencyResumed,
    DueDateChanged,
    HolidayGranted,
    Reversed,
    TermChanged,
}


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
    [("terms", "900 EUR"), ("conventions", "strict"), ("policy", None)],
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


# The thin allocation of a schedule is what replay comes to where nothing else happens.


@settings(max_examples=40)
@given(
    terms=loans(),
    paid=st.lists(st.tuples(st.integers(0, 250), st.integers(1, 90_000)), max_size=6),
    days=st.integers(0, 300),
)
def test_replay_of_repayments_alone_is_the_allocation_to_the_schedule(
    terms: Any, paid: list[tuple[int, int]], days: int
) -> None:
    as_of = LENT_ON + dt.timedelta(days=days)
    schedule = build_schedule(terms, STRICT)
    log: list[LedgerEvent] = [in_log(Disbursed(amount=terms.principal), LENT_ON, 0)]
    repayments: list[Repayment] = []
    for minute, (offset, minor) in enumerate(paid, start=1):
        on = LENT_ON + dt.timedelta(days=offset)
        event = in_log(Repaid(amount=Money(minor, EUR)), on, minute)
        log.append(event)
        repayments.append(
            Repayment(
                id=RepaymentId(event.id),
                loan_id=LoanId(LOAN),
                paid_on=on,
                amount=Money(minor, EUR),
                known_on=at_minute(minute).date(),
            )
        )

    standing = allocate_repayments(schedule, repayments, as_of)
    state = replay(terms, log, conventions=STRICT, policy=PLAIN_LEDGER, as_of=as_of)

    assert [row.due_on for row in state.rows] == list(schedule.due_on)
    assert [row.charged_minor for row in state.rows] == list(schedule.total_minor)
    assert [row.paid_minor for row in state.rows] == list(standing.paid_minor)
    # A row that asks for nothing is settled from the start here, and there when due.
    settled = zip(state.rows, standing.settled_on, strict=True)
    assert all(row.settled_on == on for row, on in settled if row.charged_minor)
    assert state.outstanding.total.minor == standing.outstanding_minor
    assert state.outstanding.principal.minor == standing.outstanding_principal_minor
    assert state.overdue.total.minor == standing.overdue_minor
    assert state.days_past_due == standing.days_past_due
    assert state.credit.minor == standing.credit_minor


def test_money_is_worked_out_by_hand_where_nothing_bears_interest() -> None:
    case = Case.lent()
    case.add(repaid("450.00"), day(2, 1))

    assert case.state(day(2, 1)).outstanding.total == euro("450.00")
