"""Logs that columns can hold, and what both twins make of them.

Days and moments are few, so that events often meet on one day, and in one instant.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from typing import Final, TypeAlias

from hypothesis import strategies as st

from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
from microcrm_core.batch import UNKNOWN
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import CustomerId, EventId, LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    Bucket,
    Charged,
    ChargedOff,
    ChargeKind,
    ChargeWaived,
    CreditRefunded,
    Disbursed,
    Happening,
    LedgerEvent,
    LedgerPolicy,
    LoanState,
    Renewed,
    Repaid,
    Reversed,
    WrittenOff,
    replay,
)
from microcrm_core.ledger.fixed_rows_batch import FixedRows
from microcrm_core.ledger.log_columns_batch import EventColumns
from microcrm_core.ledger.logs_batch import read_logs
from microcrm_core.ledger.replays_batch import replay_many
from microcrm_core.ledger.row_accounts import RowKind
from microcrm_core.ledger.state_columns_batch import STATUSES, StateColumns
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    Bullet,
    DeferredInterest,
    EqualPrincipal,
    Fee,
    FeeTiming,
    Grace,
    Loan,
    Portion,
    RepaymentPlan,
)
from microcrm_core.loans.batch import build_schedules
from microcrm_core.loans.columns_batch import LoanColumns

__all__ = [
    "EUR",
    "FEE",
    "LENT_ON",
    "PENALTY",
    "PLANS",
    "Log",
    "assert_same",
    "assert_twins",
    "both",
    "charge",
    "columns_of",
    "day_of",
    "event",
    "events_of",
    "lent",
    "loan_id",
    "logs",
    "moment",
    "paid",
    "rows_of",
    "seeded_log",
    "state_of",
    "tables",
    "terms_of",
]

EUR: Final = Currency.of("EUR")
FEE: Final = ChargeKind.FEE
PENALTY: Final = ChargeKind.PENALTY
LENT_ON: Final = dt.date(2025, 1, 15)
_EPOCH: Final = dt.date(1970, 1, 1)
_DAY: Final = dt.timedelta(days=1)
PLANS: Final = (
    EQUAL_INSTALLMENTS,
    RepaymentPlan(method=EqualPrincipal()),
    RepaymentPlan(method=Bullet()),
    RepaymentPlan(method=Bullet(), down_payment=Portion.of_share("0.25")),
    RepaymentPlan(
        method=EqualPrincipal(),
        grace=Grace(
            principal_count=1,
            interest_payment_count=1,
            deferred_interest=DeferredInterest.CAPITALIZED,
        ),
        fees=(
            Fee(
                name="service",
                timing=FeeTiming.PER_INSTALLMENT,
                portion=Portion.of_share("0.01"),
            ),
            Fee(
                name="origination",
                timing=FeeTiming.FINANCED,
                portion=Portion.of_share("0.02"),
            ),
        ),
    ),
    RepaymentPlan(
        method=EqualPrincipal(),
        grace=Grace(
            principal_count=1,
            interest_payment_count=1,
            deferred_interest=DeferredInterest.FIRST_INSTALLMENT,
        ),
    ),
)

Log: TypeAlias = tuple[LoanTerms, list[LedgerEvent]]
"""The terms of one loan and what happened to it."""


def terms_of(
    principal_minor: int = 90_000,
    count: int = 3,
    *,
    percent: int = 24,
    plan: RepaymentPlan = EQUAL_INSTALLMENTS,
) -> LoanTerms:
    """Return the terms of a monthly loan, due from 15 February 2025 on."""
    return LoanTerms(
        principal=Money(principal_minor, EUR),
        nominal_rate=Rate.of_percent(percent),
        installment_count=count,
        frequency=Frequency.MONTHLY,
        disbursed_on=LENT_ON,
        first_due_on=dt.date(2025, 2, 15),
        plan=plan,
    )


# Events.


def loan_id(number: int = 0) -> LoanId:
    """Return the id of the loan of this number."""
    return LoanId(f"loan-{number}")


def moment(minute: int) -> dt.datetime:
    """Return so many minutes after the start of 2025."""
    return dt.datetime(2025, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)


def event(
    what: Happening, on: dt.date, *, minute: int = 0, key: str = "", number: int = 0
) -> LedgerEvent:
    """Return an event of a loan."""
    return LedgerEvent.of(
        what,
        loan_id=loan_id(number),
        value_on=on,
        recorded_at=moment(minute),
        idempotency_key=key or f"{type(what).__name__} {on} {minute}",
    )


def lent(terms: LoanTerms, *, number: int = 0, minute: int = 0) -> LedgerEvent:
    """Return the event that pays a loan out as agreed."""
    what = Disbursed(amount=terms.principal)
    return event(what, terms.disbursed_on, minute=minute, number=number)


def paid(
    amount_minor: int, on: dt.date, *, minute: int = 1, key: str = ""
) -> LedgerEvent:
    """Return a repayment of the first loan."""
    return event(Repaid(amount=Money(amount_minor, EUR)), on, minute=minute, key=key)


def charge(
    kind: ChargeKind,
    amount_minor: int,
    on: dt.date,
    due_on: dt.date,
    *,
    minute: int = 1,
    key: str = "",
) -> LedgerEvent:
    """Return a charge on the first loan."""
    portion = Portion.of_amount(Money(amount_minor, EUR))
    what = Charged(kind=kind, portion=portion, due_on=due_on)
    return event(what, on, minute=minute, key=key)


# Columns.


def day_of(on: dt.date | None) -> int:
    """Return the day as columns have it."""
    return UNKNOWN if on is None else (on - _EPOCH).days


def tables(logs: Sequence[Log]) -> LoanColumns:
    """Return the table of loans."""
    loans = [
        Loan(
            id=loan_id(number),
            customer_id=CustomerId("customer"),
            terms=terms,
            requested_on=None,
            is_disbursed=True,
            known_on=terms.disbursed_on,
        )
        for number, (terms, _) in enumerate(logs)
    ]
    return LoanColumns.from_loans(loans, {CustomerId("customer"): 0})


def rows_of(loans: LoanColumns) -> FixedRows:
    """Return what the schedules of loans ask for."""
    return FixedRows.of(loans, build_schedules(loans, STRICT))


def events_of(logs: Sequence[Log], loans: LoanColumns) -> EventColumns:
    """Return the columns of all logs, given in another order than that of replay."""
    mixed = [one for _, log in logs for one in log]
    return read_logs(list(reversed(mixed)), loans)


def columns_of(
    logs: Sequence[Log],
    as_of: dt.date,
    *,
    policy: LedgerPolicy = PLAIN_LEDGER,
    known_at: dt.datetime | None = None,
) -> StateColumns:
    """Return the states of the loans from their columns."""
    loans = tables(logs)
    return replay_many(
        rows_of(loans),
        events_of(logs, loans),
        policy=policy,
        as_of_day=day_of(as_of),
        known_at=known_at,
    )


def state_of(
    log: Log,
    as_of: dt.date,
    *,
    policy: LedgerPolicy = PLAIN_LEDGER,
    known_at: dt.datetime | None = None,
) -> LoanState:
    """Return the state of one loan from its log."""
    terms, events = log
    return replay(
        terms, events, conventions=STRICT, policy=policy, as_of=as_of, known_at=known_at
    )


# What both make of it.


def assert_twins(
    logs: Sequence[Log],
    as_of: dt.date,
    *,
    policy: LedgerPolicy = PLAIN_LEDGER,
    known_at: dt.datetime | None = None,
) -> StateColumns:
    """Assert that columns say of every loan what `replay` says; return the columns."""
    columns = columns_of(logs, as_of, policy=policy, known_at=known_at)
    loans = tables(logs)
    ids = events_of(logs, loans).ids.tolist()
    places = {EventId(id_.decode()): place for place, id_ in enumerate(ids)}
    for number, log in enumerate(logs):
        state = state_of(log, as_of, policy=policy, known_at=known_at)
        assert_same(columns, number, state, places)
    return columns


def both(
    logs: Sequence[Log],
    as_of: dt.date,
    *,
    policy: LedgerPolicy = PLAIN_LEDGER,
    known_at: dt.datetime | None = None,
) -> bool:
    """Assert that both refuse the logs, or say the same; return whether they say it.

    Where more is refunded than there is credit, columns alone refuse.
    """
    try:
        states = [
            state_of(log, as_of, policy=policy, known_at=known_at) for log in logs
        ]
    except InvalidValueError:
        assert _refused_field(logs, as_of, policy, known_at)
        return False
    if any(any(state.credited_minor) for state in states):
        assert _refused_field(logs, as_of, policy, known_at) == "amount_minor"
        return False
    assert_twins(logs, as_of, policy=policy, known_at=known_at)
    return True


def _refused_field(
    logs: Sequence[Log],
    as_of: dt.date,
    policy: LedgerPolicy,
    known_at: dt.datetime | None,
) -> str:
    try:
        columns_of(logs, as_of, policy=policy, known_at=known_at)
    except InvalidValueError as error:
        return error.field
    return ""


def assert_same(
    columns: StateColumns, number: int, state: LoanState, places: dict[EventId, int]
) -> None:
    """Assert that the columns say of one loan what its state says."""
    rows = columns.rows(number)
    assert columns.due_day[rows].tolist() == list(state.due_day)
    assert columns.is_additional[rows].tolist() == [
        kind is RowKind.ADDITIONAL for kind in state.kind
    ]
    for found, wanted in (
        (columns.charged_minor, state.charged_minor),
        (columns.paid_minor, state.paid_minor),
        (columns.waived_minor, state.waived_minor),
    ):
        assert found[:, rows].tolist() == [list(column) for column in wanted]
    assert columns.paid_early_minor[rows].tolist() == list(state.paid_early_minor)
    assert columns.paid_late_minor[rows].tolist() == list(state.paid_late_minor)
    assert columns.settled_day[rows].tolist() == [
        UNKNOWN if day is None else day for day in state.settled_day
    ]
    for amounts, owed in (
        (columns.outstanding_minor, state.outstanding),
        (columns.due_minor, state.due),
        (columns.overdue_minor, state.overdue),
    ):
        assert amounts[:, number].tolist() == [
            owed.amount_in(bucket).minor for bucket in Bucket
        ]
    assert columns.credit_minor[number] == state.credit.minor
    assert columns.recovered_minor[number] == state.recovered.minor
    assert columns.days_past_due[number] == state.days_past_due
    next_due = state.next_due
    next_on = None if next_due is None else next_due.due_on
    assert columns.next_due_day[number] == day_of(next_on)
    next_minor = 0 if next_due is None else next_due.amount.minor
    assert columns.next_due_minor[number] == next_minor
    assert STATUSES[columns.status_index[number]] is state.status
    for posting in state.postings:
        place = places[posting.event_id]
        assert columns.postings.is_reversed[place] == posting.is_reversed
        assert columns.postings.is_live[place] != posting.is_reversed
        found_parts = columns.postings.parts_minor[:, place].tolist()
        assert found_parts == list(posting.parts_minor)
        assert columns.postings.credit_minor[place] == posting.credit_minor
        assert columns.postings.recovered_minor[place] == posting.recovered_minor


# Random logs.


def _due_or_near() -> st.SearchStrategy[dt.date]:
    """Draw a day at a due date, a day before, or a day after."""
    month = st.integers(1, 7).map(lambda number: dt.date(2025, number, 15))
    shift = st.sampled_from((0, 0, -1, 1))
    return st.builds(lambda on, days: on + days * _DAY, month, shift)


@st.composite
def logs(draw: st.DrawFn, number: int = 0) -> Log:
    """Draw a loan and what happens to it; little of it contradicts itself."""
    terms = terms_of(
        draw(st.sampled_from((1, 900, 90_000))),
        draw(st.integers(2, 4)),
        percent=draw(st.sampled_from((0, 24))),
        plan=draw(st.sampled_from(PLANS)),
    )
    return terms, draw(_histories(terms, number))


@st.composite
def _histories(draw: st.DrawFn, terms: LoanTerms, number: int) -> list[LedgerEvent]:
    log: list[LedgerEvent] = []
    if draw(st.integers(0, 9)):
        log.append(lent(terms, number=number))
    whole = terms.principal.minor
    amount = st.sampled_from((1, 2, whole // 3 + 1, whole // 2 + 1, whole, 2 * whole))
    # Two instants, so that ids decide often.
    minute = st.integers(1, 2)
    for step in range(draw(st.integers(0, 9))):
        kind = draw(st.sampled_from("pppppcccwwrrfnxo"))
        on, key = draw(_due_or_near()), f"step-{step}"
        what: Happening
        if kind == "c":
            what = Charged(
                kind=draw(st.sampled_from(ChargeKind)),
                portion=Portion.of_amount(Money(draw(amount), EUR)),
                due_on=draw(_due_or_near()),
            )
        elif kind == "w" and (charges := _of_kind(log, Charged)):
            named = draw(st.sampled_from(charges))
            # Nearly always on its day or later.
            on = max(on, named.value_on - draw(st.sampled_from((0, 0, 0, 5))) * _DAY)
            what = ChargeWaived(named.id)
        elif kind == "r" and (targets := _not_reversed(log)):
            what = Reversed(draw(st.sampled_from(targets)).id)
        elif kind == "f":
            what = CreditRefunded(Money(draw(amount) // 3 + 1, EUR))
        elif kind == "n":
            what = Renewed(LoanId("new"), Money(draw(amount), EUR))
        elif kind in "xo" and draw(st.booleans()):
            what = WrittenOff() if kind == "x" else ChargedOff()
        else:
            what = Repaid(amount=Money(draw(amount), EUR))
        if not isinstance(what, Charged):
            on = max(on, LENT_ON)
        log.append(event(what, on, minute=draw(minute), key=key, number=number))
    return log


def _of_kind(log: list[LedgerEvent], kind: type[Happening]) -> list[LedgerEvent]:
    return [one for one in log if isinstance(one.what, kind)]


def _not_reversed(log: list[LedgerEvent]) -> list[LedgerEvent]:
    gone = {one.what.event_id for one in log if isinstance(one.what, Reversed)}
    return [
        one for one in log if not isinstance(one.what, Reversed) and one.id not in gone
    ]


def seeded_log(rng: random.Random, number: int) -> Log:
    """Return a loan with late, partial, early, reversed, charged and waived cases."""
    terms = terms_of(
        rng.randrange(1_000, 200_000),
        rng.randrange(2, 6),
        percent=rng.choice((0, 12, 36)),
        plan=rng.choice(PLANS),
    )
    log = [lent(terms, number=number)]
    part = terms.principal.minor // terms.installment_count
    for step in range(rng.randrange(9)):
        on = LENT_ON + dt.timedelta(days=rng.randrange(1, 220))
        amount = Money(rng.choice((part // 2 + 1, part, part + part // 5 + 1)), EUR)
        what: Happening = Repaid(amount=amount)
        if rng.random() < 0.25:
            what = Charged(
                kind=rng.choice(list(ChargeKind)),
                portion=Portion.of_amount(Money(rng.randrange(1, 3_000), EUR)),
                due_on=on + dt.timedelta(days=rng.randrange(-20, 60)),
            )
        log.append(event(what, on, minute=step, key=str(step), number=number))
        later = on + dt.timedelta(days=rng.randrange(40))
        if rng.random() < 0.12:
            undone = Reversed(log[-1].id)
            log.append(event(undone, later, minute=step, key=str(step), number=number))
        elif isinstance(what, Charged) and rng.random() < 0.3:
            waived = ChargeWaived(log[-1].id)
            log.append(
                event(waived, later, minute=step + 1, key=str(step), number=number)
            )
    if rng.random() < 0.15:
        on = LENT_ON + dt.timedelta(days=rng.randrange(1, 150))
        gone = rng.choice((WrittenOff(), ChargedOff()))
        log.append(event(gone, on, minute=20, number=number))
    return terms, log
