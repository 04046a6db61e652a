"""Ten thousand logs that make little sense: a typed error or a defined state.

They are made of happenings of every kind with ids, days and amounts taken from small
sets, so that they contradict each other in every way that a log can. Each thousand must
hold every fault that `faults` knows many times over.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import attrs
import pytest

from microcrm_core import (
    STRICT,
    Currency,
    Frequency,
    InvalidValueError,
    MicrocrmError,
    Money,
    Rate,
)
from microcrm_core.ids import EventId, LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    ArrearsCapitalized,
    ChargeBase,
    Charged,
    ChargedBack,
    ChargedOff,
    ChargeKind,
    ChargeOffInterest,
    ChargeWaived,
    CreditRefunded,
    DelinquencyPaused,
    DelinquencyResumed,
    Disbursed,
    DueDateChanged,
    Happening,
    HolidayGranted,
    IncomeCapitalized,
    InterestPaused,
    LedgerEvent,
    LedgerPolicy,
    RateChanged,
    ReAged,
    ReAgedInterest,
    ReAmortized,
    Renewed,
    Repaid,
    RepaymentKind,
    Replanned,
    Reversed,
    TermChanged,
    Terminated,
    WrittenOff,
)
from microcrm_core.ledger.replaying import replay
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    EqualPrincipal,
    FlatInterest,
    LoanTerms,
    Portion,
    RepaymentMethod,
    ScheduleConventions,
    Seasonal,
    Weighted,
)

EUR: Final = Currency.of("EUR")
CZK: Final = Currency.of("CZK")
TERMS: Final = LoanTerms(
    principal=Money.of("900.00", EUR),
    nominal_rate=Rate.per_year("0.12"),
    installment_count=3,
    frequency=Frequency.MONTHLY,
    disbursed_on=dt.date(2024, 1, 15),
    first_due_on=dt.date(2024, 2, 15),
)
FREE: Final = attrs.evolve(TERMS, nominal_rate=Rate.per_year(0))
LOG_COUNT: Final = 10_000
CHUNK: Final = 1_000

Draw = random.Random


def _day(draw: Draw) -> dt.date:
    due = [dt.date(2024, month, 15) for month in (1, 2, 3, 4, 5)]
    if draw.random() < 0.5:
        return draw.choice(due)
    if draw.random() < 0.02:
        return draw.choice((dt.date.min, dt.date.max))
    return dt.date(2024, 1, 1) + dt.timedelta(days=draw.randrange(200))


def _money(draw: Draw) -> Money:
    currency = CZK if draw.random() < 0.02 else EUR
    if draw.random() < 0.02:
        return Money(draw.choice((0, -1, -300_00)), currency)
    return Money(draw.choice((1, 99, 300_00, 306_02, 900_00, 5_000_00)), currency)


def _id(draw: Draw, ids: Sequence[EventId]) -> EventId:
    if ids and draw.random() < 0.9:
        return draw.choice(ids)
    return EventId("no-such-event")


def _portion(draw: Draw) -> Portion:
    if draw.random() < 0.5:
        return Portion.of_share(draw.choice(("0.01", "0.5", "1")))
    return Portion.of_amount(_money(draw))


METHODS: Final[Sequence[Callable[[Draw], RepaymentMethod | None]]] = (
    lambda _: None,
    lambda _: EqualPrincipal(),
    lambda _: FlatInterest(),
    lambda _: Bullet(),
    lambda _: Seasonal((0, 1, 2) * 4),
    lambda _: Weighted((1, 2)),
    lambda draw: CustomPrincipal((_money(draw), _money(draw))),
    lambda draw: CustomInstallments((_money(draw),)),
)
Maker = Callable[[Draw, Sequence[EventId]], Happening]
MAKERS: Final[Sequence[Maker]] = (
    lambda draw, _: Disbursed(amount=_money(draw)),
    lambda draw, _: Repaid(amount=_money(draw), kind=draw.choice(list(RepaymentKind))),
    lambda draw, _: Repaid(amount=_money(draw)),
    lambda draw, _: Charged(
        kind=draw.choice(list(ChargeKind)),
        portion=_portion(draw),
        due_on=None if draw.random() < 0.3 else _day(draw),
        base=draw.choice(list(ChargeBase)),
    ),
    lambda draw, ids: ChargeWaived(_id(draw, ids)),
    lambda draw, _: RateChanged(Rate.of_percent(draw.choice((0, 6, 300)))),
    lambda draw, _: DueDateChanged(_day(draw), _day(draw)),
    lambda draw, _: HolidayGranted(_day(draw), draw.choice((1, 2, 2_000))),
    lambda draw, _: InterestPaused(_day(draw)),
    lambda draw, _: TermChanged(draw.choice((-3, -1, 1, 2, 2_000))),
    lambda draw, _: Replanned(
        due_on=tuple(sorted({_day(draw) for _ in range(draw.choice((1, 4)))})),
        frequency=draw.choice((Frequency.MONTHLY, Frequency.WEEKLY)),
        method=draw.choice(METHODS)(draw),
    ),
    lambda draw, _: ReAged(
        start_on=_day(draw),
        frequency=draw.choice((Frequency.MONTHLY, Frequency.WEEKLY)),
        installment_count=draw.choice((1, 3)),
        interest=draw.choice(list(ReAgedInterest)),
    ),
    lambda draw, _: ReAmortized(draw.choice(list(ReAgedInterest))),
    lambda _, __: ArrearsCapitalized(),
    lambda draw, _: CreditRefunded(_money(draw)),
    lambda draw, ids: ChargedBack(_id(draw, ids), _money(draw)),
    lambda _, __: WrittenOff(),
    lambda _, __: ChargedOff(),
    lambda _, __: Terminated(),
    lambda draw, _: IncomeCapitalized(_money(draw)),
    lambda draw, _: DelinquencyPaused(_day(draw)),
    lambda _, __: DelinquencyResumed(),
    lambda draw, _: Renewed(LoanId("loan-2"), _money(draw)),
    lambda draw, ids: Reversed(_id(draw, ids)),
    lambda draw, ids: Reversed(_id(draw, ids)),
)


def malformed_log(draw: Draw) -> list[LedgerEvent]:
    """Return a log that may contradict itself in any way."""
    log: list[LedgerEvent] = []
    if draw.random() < 0.9:
        log.append(_event(draw, Disbursed(amount=TERMS.principal), TERMS.disbursed_on))
    for _ in range(draw.randrange(8)):
        ids = [event.id for event in log]
        what = draw.choice(MAKERS)(draw, ids)
        event = _event(draw, what, _day(draw))
        if draw.random() < 0.05:
            event = attrs.evolve(event, id=_id(draw, ids))
        if draw.random() < 0.02:
            event = attrs.evolve(event, loan_id=LoanId("loan-9"))
        log.append(event)
        if isinstance(what, Reversed) and draw.random() < 0.3:
            again = Reversed(draw.choice((event.id, what.event_id)))
            log.append(_event(draw, again, _day(draw)))
        if draw.random() < 0.05:
            log.append(draw.choice(log))
    draw.shuffle(log)
    return log


def _event(draw: Draw, what: Happening, on: dt.date) -> LedgerEvent:
    moment = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    return LedgerEvent.of(
        what,
        loan_id=LoanId("loan-1"),
        value_on=on,
        recorded_at=moment + dt.timedelta(hours=draw.randrange(5_000)),
        idempotency_key=f"key-{draw.randrange(40)}",
    )


POLICIES: Final[Sequence[LedgerPolicy]] = (
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    attrs.evolve(
        RECALCULATING_LEDGER,
        charge_off_interest=ChargeOffInterest.ACCELERATED,
        interest_refund_kinds=frozenset({RepaymentKind.MERCHANT_REFUND}),
    ),
)
# The model of the peer takes longest, so it gets the fewest logs.
RULES: Final[Sequence[tuple[LoanTerms, ScheduleConventions]]] = (
    *[(TERMS, STRICT)] * 9,
    *[(FREE, FINERACT)] * 4,
    *[(TERMS, FINERACT_CUMULATIVE)] * 4,
    (TERMS, FINERACT),
)


NEGATIVE: Final = "an amount of zero or less"
FAULTS: Final = frozenset(
    {
        "future entry",
        "entry not known yet",
        "one id twice, alike",
        "one id twice, not alike",
        "unknown target",
        "reversal of a reversal",
        "reversed twice",
        "payment before disbursement",
        "mixed currency",
        "events of two loans",
        NEGATIVE,
    }
)


def faults(
    log: Sequence[LedgerEvent], as_of: dt.date, known_at: dt.datetime | None
) -> set[str]:
    """Return what is wrong with a log, or only odd, by name."""
    by_id: dict[EventId, LedgerEvent] = {}
    found: set[str] = set()
    for event in log:
        other = by_id.setdefault(event.id, event)
        if other is not event or sum(one is event for one in log) > 1:
            same = "alike" if other == event else "not alike"
            found.add(f"one id twice, {same}")
    targets = [_target(event.what) for event in by_id.values()]
    undone = [e.what.event_id for e in by_id.values() if isinstance(e.what, Reversed)]
    lent_on = [e.value_on for e in log if isinstance(e.what, Disbursed)]
    first_on = min(lent_on, default=dt.date.max)
    is_found = {
        "future entry": any(event.value_on > as_of for event in log),
        "entry not known yet": known_at is not None
        and any(event.recorded_at > known_at for event in log),
        "unknown target": any(t is not None and t not in by_id for t in targets),
        "reversal of a reversal": any(
            one in by_id and isinstance(by_id[one].what, Reversed) for one in undone
        ),
        "reversed twice": len(set(undone)) < len(undone),
        "payment before disbursement": any(
            isinstance(event.what, Repaid) and event.value_on < first_on
            for event in log
        ),
        "mixed currency": any(CZK in _currencies(event.what) for event in log),
        "events of two loans": len({event.loan_id for event in log}) > 1,
    }
    return found | {name for name, has_it in is_found.items() if has_it}


def _target(what: Happening) -> EventId | None:
    if isinstance(what, Reversed):
        return what.event_id
    if isinstance(what, ChargeWaived):
        return what.charge_id
    return what.repayment_id if isinstance(what, ChargedBack) else None


def _currencies(what: Happening) -> set[Currency]:
    amount = getattr(what, "amount", None)
    portion = getattr(what, "portion", None)
    money = [amount, getattr(portion, "amount", None)]
    return {one.currency for one in money if isinstance(one, Money)}


def outcome(draw: Draw) -> tuple[str, set[str]]:
    """Replay a log; return the code of its error or its status, and its faults."""
    terms, conventions = draw.choice(RULES)
    as_of = dt.date(2024, 1, 1) + dt.timedelta(days=draw.randrange(250))
    known_at = draw.choice((None, dt.datetime(2024, 4, 1, tzinfo=dt.UTC)))
    try:
        log = malformed_log(draw)
    except InvalidValueError as error:
        # No such event can be made, so no log can hold it.
        return error.code, {NEGATIVE}
    found = faults(log, as_of, known_at)
    try:
        state = replay(
            terms,
            log,
            conventions=conventions,
            policy=draw.choice(POLICIES),
            as_of=as_of,
            known_at=known_at,
        )
    except MicrocrmError as error:
        return error.code, found
    for row in state.rows:
        assert row.open_minor >= 0
    assert state.credit_minor >= 0
    assert state.payoff.total.minor >= 0
    # The whole form can be made: every part of a state is defined.
    form = state.to_plain()
    assert isinstance(form, dict)
    assert len(form["rows"]) == len(state)
    return state.status.value, found


@pytest.mark.parametrize("first", range(0, LOG_COUNT, CHUNK))
def test_a_log_without_sense_gives_a_typed_error_or_a_defined_state(first: int) -> None:
    tried = [outcome(random.Random(first + one)) for one in range(CHUNK)]
    seen = Counter(code for code, _ in tried)
    met = Counter(name for _, names in tried for name in names)

    # Neither kind of outcome may crowd out the other, or little would be tried.
    assert seen["ledger"] > CHUNK // 10
    assert seen["active"] > CHUNK // 10
    assert set(seen) <= {
        "active",
        "approved",
        "closed",
        "invalid_value",
        "ledger",
        "overpaid",
        "schedule",
        "written_off",
    }
    assert set(met) == FAULTS
    assert min(met.values()) >= CHUNK // 100, met
