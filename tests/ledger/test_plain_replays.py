"""The replay of the most common loan in columns says what a book says."""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from microcrm_core import STRICT, Frequency, LedgerError, Money, Rate, Rounding
from microcrm_core.dates import DayCount, due_dates
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import PolicyId
from microcrm_core.ledger import (
    FEES_INTEREST_PRINCIPAL,
    OLDEST_FIRST,
    PLAIN_LEDGER,
    PRINCIPAL_INTEREST_PENALTIES_FEES,
    RECALCULATING_LEDGER,
    Charged,
    ChargeKind,
    ChargeWaived,
    DelinquencyPaused,
    Disbursed,
    DueDateChanged,
    Happening,
    HolidayGranted,
    InterestPaused,
    LedgerEvent,
    LedgerPolicy,
    LoanState,
    RateChanged,
    Repaid,
    RepaymentKind,
    TermChanged,
    WrittenOff,
)
from microcrm_core.ledger.logs import read_log
from microcrm_core.ledger.plain_replays import plain_replay
from microcrm_core.ledger.replaying import close_book, replay, replay_book
from microcrm_core.loans import (
    STRICT_30_360,
    LoanTerms,
    Portion,
    RepaymentPlan,
    ScheduleConventions,
)
from microcrm_core.loans.methods import EqualPrincipal
from tests.ledger.ledger_cases import EUR, LENT_ON, in_log

_CONVENTIONS: Final = (
    STRICT,
    STRICT_30_360,
    attrs.evolve(STRICT, rounding=Rounding.HALF_UP, day_count=DayCount.ACT_360),
    attrs.evolve(STRICT, has_interest_on_disbursement_day=True),
    attrs.evolve(STRICT, day_count=DayCount.THIRTY_360_US),
    attrs.evolve(STRICT, day_count=DayCount.THIRTY_360_BOND),
)
_SPAN_DAYS: Final = 260


def terms_of(
    principal_minor: int = 100_000,
    percent: int = 24,
    count: int = 6,
    lent_on: dt.date = LENT_ON,
) -> LoanTerms:
    """Return the terms of a monthly loan."""
    return LoanTerms(
        principal=Money(principal_minor, EUR),
        nominal_rate=Rate.of_percent(percent),
        installment_count=count,
        frequency=Frequency.MONTHLY,
        disbursed_on=lent_on,
        first_due_on=lent_on + dt.timedelta(days=31),
    )


def charge(minor: int, due_on: dt.date, kind: ChargeKind = ChargeKind.FEE) -> Charged:
    """Return a charge of an amount that is due on a day."""
    portion = Portion.of_amount(Money(minor, EUR))
    return Charged(kind=kind, portion=portion, due_on=due_on)


def in_columns(
    terms: LoanTerms,
    log: list[LedgerEvent],
    as_of: dt.date,
    conventions: ScheduleConventions = STRICT,
    policy: LedgerPolicy = PLAIN_LEDGER,
) -> bool:
    """Return whether a loan is replayed in columns."""
    live = read_log(log, as_of=as_of)
    return plain_replay(terms, live, conventions, policy, as_of) is not None


def by_book(
    terms: LoanTerms,
    log: list[LedgerEvent],
    as_of: dt.date,
    conventions: ScheduleConventions = STRICT,
    policy: LedgerPolicy = PLAIN_LEDGER,
) -> LoanState:
    """Return the state that a book comes to."""
    book, reading = replay_book(
        terms, log, conventions=conventions, policy=policy, as_of=as_of
    )
    close_book(book)
    return LoanState.of(book, reversed_events=reading.reversed_events)


# What happens, as the number of days after the loan was paid out.

_DAYS: Final = st.integers(0, _SPAN_DAYS)
_REPAID: Final = st.builds(
    Repaid,
    amount=st.integers(1, 60_000).map(lambda minor: Money(minor, EUR)),
    kind=st.sampled_from([RepaymentKind.REPAYMENT, RepaymentKind.GOODWILL]),
)
_RATES: Final = st.sampled_from([0, 6, 12, 36, 90]).map(
    lambda percent: RateChanged(Rate.of_percent(percent))
)
_POLICIES: Final = st.builds(
    LedgerPolicy,
    id=st.just(PolicyId("drawn")),
    allocation=st.sampled_from(
        [FEES_INTEREST_PRINCIPAL, PRINCIPAL_INTEREST_PENALTIES_FEES, OLDEST_FIRST]
    ),
    allocation_by_kind=st.sampled_from([{}, {RepaymentKind.GOODWILL: OLDEST_FIRST}]),
)


@st.composite
def logs(draw: st.DrawFn, terms: LoanTerms) -> list[LedgerEvent]:
    """Draw a log in which only what is common happens."""
    lent_on, made = terms.disbursed_on, list[tuple[Happening, int]]()
    made += [(what, day) for what, day in draw(_PAYMENTS)]
    made += [(what, day + 1) for what, day in draw(_NEW_RATES)]
    for minor, kind, day, delay in draw(_CHARGES):
        due_on = lent_on + dt.timedelta(days=day + delay)
        made.append((charge(minor, due_on, kind), day))
    due = list(due_dates(terms.first_due_on, Frequency.MONTHLY, 8))
    for place, moved, day in sorted(draw(_MOVES), key=lambda move: move[2]):
        on = due[min(place, terms.installment_count - 1)]
        if moved == 0:
            made.append((HolidayGranted(on, 1), day))
            continue
        made.append((DueDateChanged(on, on + dt.timedelta(days=moved)), day))
        due[place:] = due_dates(
            on + dt.timedelta(days=moved), Frequency.MONTHLY, len(due) - place
        )
    log = [in_log(Disbursed(amount=terms.principal), lent_on, 0)]
    for minute, (what, day) in enumerate(made, start=1):
        on = lent_on + dt.timedelta(days=day)
        log.append(in_log(what, on, minute))
        if isinstance(what, Charged) and draw(st.integers(0, 3)) == 0:
            waived_on = on + dt.timedelta(days=draw(st.integers(0, 40)))
            log.append(in_log(ChargeWaived(log[-1].id), waived_on, 500 + minute))
    return log


_PAYMENTS: Final = st.lists(st.tuples(_REPAID, _DAYS), max_size=8)
_NEW_RATES: Final = st.lists(st.tuples(_RATES, _DAYS), max_size=2)
_CHARGES: Final = st.lists(
    st.tuples(
        st.integers(1, 3_000),
        st.sampled_from(ChargeKind),
        st.integers(0, 150),
        st.integers(-10, 40),
    ),
    max_size=3,
)
_MOVES: Final = st.lists(
    st.tuples(st.integers(0, 5), st.integers(-8, 20), st.integers(0, 150)), max_size=2
)


@given(
    data=st.data(),
    conventions=st.sampled_from(_CONVENTIONS),
    policy=_POLICIES,
    percent=st.sampled_from([0, 7, 24, 120]),
    principal_minor=st.integers(500, 300_000),
    count=st.integers(1, 6),
    lent_on=st.dates(dt.date(2023, 12, 28), dt.date(2024, 2, 29)),
    as_of_day=st.integers(0, _SPAN_DAYS + 60),
)
def test_a_replay_in_columns_says_what_a_book_says(
    *,
    data: st.DataObject,
    conventions: ScheduleConventions,
    policy: LedgerPolicy,
    percent: int,
    principal_minor: int,
    count: int,
    lent_on: dt.date,
    as_of_day: int,
) -> None:
    terms = terms_of(principal_minor, percent, count, lent_on)
    log, as_of = data.draw(logs(terms)), lent_on + dt.timedelta(days=as_of_day)
    try:
        is_plain = in_columns(terms, log, as_of, conventions, policy)
    except LedgerError:
        is_plain = False
    assume(is_plain)

    state = replay(terms, log, conventions=conventions, policy=policy, as_of=as_of)
    expected = by_book(terms, log, as_of, conventions, policy)

    assert state == expected
    assert state.to_json() == expected.to_json()
    assert state.payoff == expected.payoff
    assert state.accrued_interest == expected.accrued_interest
    assert state.rows == expected.rows


def test_due_dates_that_move_take_unpaid_charges_with_them() -> None:
    terms, due_on = terms_of(), dt.date(2024, 3, 10)
    log = [
        in_log(Disbursed(amount=terms.principal), LENT_ON, 0),
        in_log(charge(500, due_on), LENT_ON, 1),
        in_log(DueDateChanged(dt.date(2024, 2, 15), due_on), LENT_ON, 2),
    ]

    state = replay(
        terms, log, conventions=STRICT, policy=PLAIN_LEDGER, as_of=dt.date(2024, 2, 1)
    )

    assert in_columns(terms, log, dt.date(2024, 2, 1))
    # It was in the second installment, and is now due with the first.
    assert [row.fees_minor for row in state.rows] == [500, 0, 0, 0, 0, 0]
    assert state == by_book(terms, log, dt.date(2024, 2, 1))


def test_money_that_is_left_over_is_credit_and_the_loan_is_overpaid() -> None:
    terms = terms_of(1_000, 0, 2)
    log = [
        in_log(Disbursed(amount=terms.principal), LENT_ON, 0),
        in_log(Repaid(amount=Money(1_200, EUR)), LENT_ON, 1),
    ]

    state = replay(
        terms, log, conventions=STRICT, policy=PLAIN_LEDGER, as_of=dt.date(2024, 2, 1)
    )

    assert (state.status.value, str(state.credit)) == ("overpaid", "EUR 2.00")
    assert state == by_book(terms, log, dt.date(2024, 2, 1))


_PAID_ON: Final = dt.date(2024, 2, 10)


@pytest.mark.parametrize(
    "what",
    [
        WrittenOff(),
        InterestPaused(dt.date(2024, 3, 1)),
        TermChanged(1),
        Disbursed(amount=Money(5, EUR)),
        # It comes with every installment, or after all of them.
        Charged(kind=ChargeKind.FEE, portion=Portion.of_amount(Money(5, EUR))),
        charge(5, dt.date(2025, 1, 1)),
        # A rate that no terms allow.
        RateChanged(Rate.per_year(2_000)),
    ],
    ids=lambda what: type(what).__name__,
)
def test_what_is_not_common_is_left_to_a_book(what: Happening) -> None:
    terms = terms_of()
    lent = in_log(Disbursed(amount=terms.principal), LENT_ON, 0)
    as_of = dt.date(2024, 3, 1)

    assert in_columns(terms, [lent], as_of)
    assert not in_columns(terms, [lent, in_log(what, _PAID_ON, 1)], as_of)


def test_a_charge_that_finds_credit_is_left_to_a_book() -> None:
    terms = terms_of(1_000, 0, 2)
    log = [
        in_log(Disbursed(amount=terms.principal), LENT_ON, 0),
        in_log(Repaid(amount=Money(1_200, EUR)), LENT_ON, 1),
        in_log(charge(50, dt.date(2024, 3, 1)), _PAID_ON, 2),
    ]

    assert not in_columns(terms, log, dt.date(2024, 3, 1))
    state = replay(
        terms, log, conventions=STRICT, policy=PLAIN_LEDGER, as_of=dt.date(2024, 3, 1)
    )
    assert str(state.credit) == "EUR 1.50"


def test_a_pause_of_delinquency_changes_no_column() -> None:
    terms = terms_of()
    lent = in_log(Disbursed(amount=terms.principal), LENT_ON, 0)
    paused = in_log(DelinquencyPaused(dt.date(2024, 3, 1)), _PAID_ON, 1)
    as_of = dt.date(2024, 3, 1)

    assert in_columns(terms, [lent, paused], as_of)
    assert by_book(terms, [lent, paused], as_of) == replay(
        terms, [lent, paused], conventions=STRICT, policy=PLAIN_LEDGER, as_of=as_of
    )


def test_other_terms_and_rules_are_left_to_a_book() -> None:
    terms = terms_of()
    lent = [in_log(Disbursed(amount=terms.principal), LENT_ON, 0)]
    as_of = dt.date(2024, 3, 1)
    by_part = attrs.evolve(terms, plan=RepaymentPlan(method=EqualPrincipal()))
    later = attrs.evolve(terms, disbursed_on=dt.date(2024, 1, 10))
    isda = attrs.evolve(STRICT, day_count=DayCount.ACT_ACT_ISDA)

    assert not in_columns(by_part, lent, as_of)
    assert not in_columns(later, lent, as_of)
    assert not in_columns(terms, lent, as_of, conventions=isda)
    assert not in_columns(terms, lent, as_of, policy=RECALCULATING_LEDGER)


def test_a_due_date_at_fault_is_refused_as_a_book_refuses_it() -> None:
    terms = terms_of()
    log = [
        in_log(Disbursed(amount=terms.principal), LENT_ON, 0),
        in_log(DueDateChanged(dt.date(2024, 2, 16), dt.date(2024, 2, 20)), LENT_ON, 1),
    ]

    for ask in (by_book, replayed):
        with pytest.raises(InvalidValueError, match="due date") as refused:
            ask(terms, log, dt.date(2024, 3, 1))
        assert refused.value.field == "from_on"


def replayed(terms: LoanTerms, log: list[LedgerEvent], as_of: dt.date) -> LoanState:
    """Return the state as everybody asks for it."""
    return replay(terms, log, conventions=STRICT, policy=PLAIN_LEDGER, as_of=as_of)
