from __future__ import annotations

import datetime as dt
from typing import TypeAlias

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
from microcrm_core.ids import LoanId
from microcrm_core.ledger.arrears_history import ArrearsPoint
from microcrm_core.ledger.happenings import (
    Charged,
    ChargeKind,
    Disbursed,
    Happening,
    RateChanged,
    Repaid,
    Reversed,
    WrittenOff,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import (
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    LateInterest,
    LedgerPolicy,
)
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.replayed_arrears import replay_arrears, snapshot_of
from microcrm_core.ledger.replaying import replay
from microcrm_core.loans import FINERACT, Portion, ScheduleConventions

EUR = Currency.of("EUR")
LENT_ON = dt.date(2025, 1, 31)
UNTIL_ON = dt.date(2025, 6, 30)
_DAY = dt.timedelta(days=1)
TERMS = LoanTerms(
    principal=Money.of("1000.00", EUR),
    nominal_rate=Rate.per_year("0.24"),
    installment_count=3,
    frequency=Frequency.MONTHLY,
    disbursed_on=LENT_ON,
    first_due_on=dt.date(2025, 2, 28),
)
AFTER_MATURITY = attrs.evolve(
    PLAIN_LEDGER, late_interest=LateInterest.ON_PRINCIPAL_AFTER_MATURITY
)

KEPT = [
    (STRICT, PLAIN_LEDGER),
    (STRICT, RECALCULATING_LEDGER),
    (STRICT, AFTER_MATURITY),
    (FINERACT, PLAIN_LEDGER),
    (FINERACT, RECALCULATING_LEDGER),
]

Log: TypeAlias = list[LedgerEvent]


def event(
    what: Happening, value_on: dt.date, key: str, recorded_on: dt.date | None = None
) -> LedgerEvent:
    known_on = recorded_on or value_on
    return LedgerEvent.of(
        what,
        loan_id=LoanId("loan-7"),
        value_on=value_on,
        recorded_at=dt.datetime.combine(known_on, dt.time(12), dt.UTC),
        idempotency_key=key,
    )


LENT = event(Disbursed(amount=TERMS.principal), LENT_ON, "lent")


def repaid(
    minor: int, value_on: dt.date, key: str, recorded_on: dt.date | None = None
) -> LedgerEvent:
    return event(Repaid(amount=Money(minor, EUR)), value_on, key, recorded_on)


def state_on(
    log: Log,
    on: dt.date,
    policy: LedgerPolicy,
    known_at: dt.datetime | None = None,
    conventions: ScheduleConventions = STRICT,
) -> LoanState:
    return replay(
        TERMS, log, conventions=conventions, policy=policy, as_of=on, known_at=known_at
    )


days = st.integers(1, 140).map(lambda day: LENT_ON + dt.timedelta(days=day))


@st.composite
def logs(draw: st.DrawFn) -> Log:
    log: Log = [LENT]
    for number in range(draw(st.integers(0, 4))):
        value_on = draw(days)
        recorded_on = value_on + dt.timedelta(days=draw(st.integers(0, 30)))
        kind = draw(st.sampled_from(["repaid", "repaid", "charged", "rate"]))
        what: Happening = RateChanged(Rate.per_year("0.12"))
        if kind == "repaid":
            what = Repaid(amount=Money(draw(st.integers(1, 60_000)), EUR))
        elif kind == "charged":
            what = Charged(
                kind=ChargeKind.PENALTY,
                portion=Portion.of_amount(Money(draw(st.integers(1, 500)), EUR)),
                due_on=draw(days),
            )
        log.append(event(what, value_on, f"event-{number}", recorded_on))
    payments = [one for one in log if isinstance(one.what, Repaid)]
    is_reversed: bool = draw(st.booleans())
    if payments and is_reversed:
        target = draw(st.sampled_from(payments))
        on = target.value_on + dt.timedelta(days=draw(st.integers(0, 60)))
        known_on = max(on, target.recorded_at.date())
        log.append(event(Reversed(target.id), on, "reversal", known_on))
    return log


@settings(max_examples=15, deadline=None)
@given(
    log=logs(),
    kept=st.sampled_from(KEPT),
    known_on=st.none() | days,
    first=st.integers(0, 3),
)
def test_a_path_says_each_day_what_a_replay_as_of_that_day_says(
    log: Log,
    kept: tuple[ScheduleConventions, LedgerPolicy],
    known_on: dt.date | None,
    first: int,
) -> None:
    conventions, policy = kept
    known_at = None
    if known_on is not None:
        known_at = dt.datetime.combine(known_on, dt.time(23), dt.UTC)
    path = replay_arrears(
        TERMS,
        log,
        conventions=conventions,
        policy=policy,
        until_on=dt.date(2025, 5, 25),
        known_at=known_at,
    )

    # Every fourth day, and where the path turns: a turn that it misses shows later.
    until_on = path.until_on
    turns = [point.from_on for point in path.points]
    turns = [on for on in turns if on - _DAY not in turns]
    asked = {*turns, *(on - _DAY for on in turns if on > LENT_ON), until_on}
    asked |= {
        LENT_ON + day * _DAY for day in range(first, (until_on - LENT_ON).days, 4)
    }
    for on in sorted(asked):
        state = state_on(log, on, policy, known_at, conventions)
        told = ArrearsPoint.of_snapshot(snapshot_of(state, policy), on)
        assert path.at(on).is_as(told), on
        assert path.days_past_due(on) == state.days_past_due
        assert path.at(on).overdue_minor == state.overdue.total.minor


@settings(max_examples=15, deadline=None)
@given(log=logs(), data=st.data())
def test_the_order_of_arrival_never_changes_a_path(
    log: Log, data: st.DataObject
) -> None:
    one, other = (
        replay_arrears(
            TERMS, each, conventions=STRICT, policy=PLAIN_LEDGER, until_on=UNTIL_ON
        )
        for each in (log, data.draw(st.permutations(log)))
    )

    assert one == other


def test_days_past_due_are_rebuilt_by_a_payment_that_is_booked_late() -> None:
    # Due on 28 February; paid on 5 March, but booked on 2 April. 27 days of March.
    log = [LENT, repaid(34_725, dt.date(2025, 3, 5), "late", dt.date(2025, 4, 2))]

    def days_on(on: dt.date, known_at: dt.datetime | None) -> int:
        path = replay_arrears(
            TERMS,
            log,
            conventions=STRICT,
            policy=PLAIN_LEDGER,
            until_on=UNTIL_ON,
            known_at=known_at,
        )
        return path.days_past_due(on)

    before = dt.datetime(2025, 4, 1, tzinfo=dt.UTC)
    assert days_on(dt.date(2025, 3, 4), None) == 4
    assert days_on(dt.date(2025, 3, 27), before) == 27
    assert days_on(dt.date(2025, 3, 27), None) == 0


def test_a_loan_that_is_not_paid_out_yet_has_no_arrears() -> None:
    lent_late = event(Disbursed(amount=TERMS.principal), dt.date(2025, 2, 10), "late")
    path = replay_arrears(
        TERMS,
        [lent_late],
        conventions=STRICT,
        policy=PLAIN_LEDGER,
        until_on=UNTIL_ON,
    )

    assert not path.at(dt.date(2025, 2, 9)).is_open
    assert path.at(dt.date(2025, 2, 10)).is_open


def test_a_write_off_ends_arrears_and_is_remembered() -> None:
    written_off_on = dt.date(2025, 5, 15)
    log = [LENT, event(WrittenOff(), written_off_on, "gone")]
    path = replay_arrears(
        TERMS, log, conventions=STRICT, policy=PLAIN_LEDGER, until_on=UNTIL_ON
    )

    assert path.days_past_due(dt.date(2025, 5, 14)) == 75
    assert path.at(written_off_on).is_written_off
    assert path.days_past_due(written_off_on) == 0


@pytest.mark.parametrize(
    ("policy", "is_daily"), [(PLAIN_LEDGER, False), (AFTER_MATURITY, True)]
)
def test_only_interest_on_overdue_principal_makes_arrears_grow_daily(
    policy: LedgerPolicy, *, is_daily: bool
) -> None:
    late = snapshot_of(state_on([LENT], dt.date(2025, 3, 1), policy), policy)
    on_time = snapshot_of(state_on([LENT], dt.date(2025, 2, 28), policy), policy)

    assert (on_time.changes_daily, late.changes_daily) == (False, is_daily)
