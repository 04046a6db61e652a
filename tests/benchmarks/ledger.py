"""The ledger: one eventful loan replayed, and the logs of many loans in columns.

Processor time counts, the best of some rounds: nothing here runs on two cores, and
other programs shall not count.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
from microcrm_core.batch import UNKNOWN, Int64s
from microcrm_core.dates import due_dates
from microcrm_core.ids import LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    Bucket,
    Charged,
    ChargeKind,
    ChargeWaived,
    Disbursed,
    DueDateChanged,
    Happening,
    LedgerEvent,
    LedgerPolicy,
    LoanState,
    RateChanged,
    Repaid,
    Reversed,
    WrittenOff,
    replay,
)
from microcrm_core.ledger.fixed_rows_batch import FixedRows
from microcrm_core.ledger.log_columns_batch import EVENT_KINDS, EventColumns
from microcrm_core.ledger.replays_batch import replay_many
from microcrm_core.ledger.standings_batch import replay_repayments
from microcrm_core.ledger.state_columns_batch import StateColumns
from microcrm_core.loans import (
    STRICT,
    STRICT_30_360,
    Portion,
    ScheduleConventions,
)
from microcrm_core.loans.batch import build_schedules
from microcrm_core.loans.columns_batch import LoanColumns, RepaymentColumns

__all__ = ["run"]

_ROUNDS: Final = 7
_TURN_SECONDS: Final = 0.05
_LOANS: Final = 100_000
_REPAYMENTS: Final = 1_000_000
_COUNT: Final = 12
_MONTH_DAYS: Final = 30
_LENT_DAY: Final = 20_000
_LEVEL_MINOR: Final = 9_456
_AS_OF_DAY: Final = _LENT_DAY + 11 * _MONTH_DAYS + 5
_DAY_US: Final = 86_400_000_000
_EURO: Final = Currency.of("EUR")
_RECORDED_AT: Final = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
_MINUTE: Final = dt.timedelta(minutes=1)


def run() -> None:
    """Print how fast one loan is replayed, and a million repayments in columns."""
    _one_loan()
    print()
    _in_columns()


def _best(action: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        action()
        best = min(best, time.process_time() - began)
    return best


# One loan.


def _one_loan() -> None:
    """Print replays a second of a loan to which much has happened.

    They make a state, and then also read all that the state tells.
    """
    terms = LoanTerms(
        principal=Money.of("10000.00", _EURO),
        nominal_rate=Rate.per_year("0.24"),
        installment_count=36,
        frequency=Frequency.MONTHLY,
        disbursed_on=dt.date(2022, 1, 15),
        first_due_on=dt.date(2022, 2, 15),
    )
    log = _log(terms)
    title = f"{len(log)} events on 36 installments, a second"
    print(f"{title:<50}{'states':>10}{'all read':>10}")
    for name, conventions in (("STRICT", STRICT), ("STRICT_30_360", STRICT_30_360)):
        for policy in (PLAIN_LEDGER, RECALCULATING_LEDGER):
            ask = partial(_state, terms, log, conventions, policy)
            states, read = _per_second(ask), _per_second(partial(_read, ask, log))
            print(f"{f'{name}, {policy.id}':<50}{states:>10,.0f}{read:>10,.0f}")


def _per_second(action: Callable[[], object]) -> float:
    seconds = _best(action)
    repeats = max(1, int(_TURN_SECONDS / seconds))
    return repeats / _best(lambda: [action() for _ in range(repeats)])


def _state(
    terms: LoanTerms,
    log: list[LedgerEvent],
    conventions: ScheduleConventions,
    policy: LedgerPolicy,
) -> LoanState:
    as_of = dt.date(2025, 3, 1)
    return replay(terms, log, conventions=conventions, policy=policy, as_of=as_of)


def _read(ask: Callable[[], LoanState], log: list[LedgerEvent]) -> None:
    """Read all that a state tells, where each repayment went among it."""
    state = ask()
    for name in (
        "outstanding",
        "due",
        "overdue",
        "payoff",
        "credit",
        "next_due",
        "days_past_due",
        "accrued_interest",
        "postings",
        "rows",
    ):
        getattr(state, name)
    for event in log:
        if type(event.what) is Repaid:
            state.allocation(event.id)


def _log(terms: LoanTerms) -> list[LedgerEvent]:
    """Return 36 repayments, 20 charges, 2 new rates and 2 moved due dates."""
    due = due_dates(terms.first_due_on, terms.frequency, terms.installment_count)
    later = due[10] + dt.timedelta(days=5)
    moved = due_dates(later, terms.frequency, 11)[10]
    happenings: list[tuple[Happening, dt.date]] = [
        (Disbursed(amount=terms.principal), terms.disbursed_on),
        (RateChanged(Rate.per_year("0.20")), dt.date(2023, 1, 10)),
        (RateChanged(Rate.per_year("0.26")), dt.date(2024, 1, 10)),
        (DueDateChanged(due[10], later), dt.date(2022, 11, 1)),
        (DueDateChanged(moved, due[20]), dt.date(2023, 9, 1)),
    ]
    for number, on in enumerate(due):
        # Some early, some late, and some with a little more.
        amount = Money(39_300 if number % 3 else 39_800, _EURO)
        paid_on = on + dt.timedelta(days=number * 7 % 11 - 4)
        happenings.append((Repaid(amount=amount), paid_on))
    for number, on in enumerate(due[3:23]):
        kind = ChargeKind.PENALTY if number % 2 else ChargeKind.FEE
        portion = Portion.of_amount(Money(500, _EURO))
        due_on = on - dt.timedelta(days=3)
        happenings.append((Charged(kind=kind, portion=portion, due_on=due_on), due_on))
    return [
        LedgerEvent.of(
            what,
            loan_id=LoanId("loan-7"),
            value_on=on,
            recorded_at=_RECORDED_AT + number * _MINUTE,
            idempotency_key=str(number),
        )
        for number, (what, on) in enumerate(happenings)
    ]


# Many loans.


def _in_columns() -> None:
    """Print seconds from the columns of a log to the states."""
    loans = _loans()
    schedules = build_schedules(loans, STRICT)
    rows = FixedRows.of(loans, schedules)
    given = _happened()
    ids = np.arange(given["loan_index"].size).astype("S8")
    events = EventColumns.in_order(ids=ids, **given)
    repayments = _plain(given)
    print(f"{_LOANS:,} loans, {_REPAYMENTS:,} repayments{'seconds':>26}")
    for name, action in (
        ("`build_schedules`", lambda: build_schedules(loans, STRICT)),
        ("`EventColumns.in_order`", lambda: EventColumns.in_order(ids=ids, **given)),
        ("`replay_many`", lambda: _replayed(rows, events)),
        ("with arrears, next due and status", lambda: _looked_at(rows, events)),
        ("`replay_repayments`, nothing else", lambda: _standings(rows, repayments)),
    ):
        print(f"{name:<40}{_best(action):>20.2f}")
    _show(_replayed(rows, events), len(events))


def _replayed(rows: FixedRows, events: EventColumns) -> StateColumns:
    return replay_many(rows, events, policy=PLAIN_LEDGER, as_of_day=_AS_OF_DAY)


def _looked_at(rows: FixedRows, events: EventColumns) -> None:
    states = _replayed(rows, events)
    for name in ("outstanding_minor", "overdue_minor", "next_due_day", "status_index"):
        getattr(states, name)


def _standings(rows: FixedRows, repayments: RepaymentColumns) -> None:
    replay_repayments(rows, repayments, policy=PLAIN_LEDGER, as_of_day=_AS_OF_DAY)


def _show(states: StateColumns, event_count: int) -> None:
    """Print what the portfolio holds."""
    postings = states.postings
    for name, count in (
        ("events", event_count),
        ("reversed", postings.is_reversed.sum()),
        ("installments paid late", (states.paid_late_minor > 0).sum()),
        ("installments paid early", (states.paid_early_minor > 0).sum()),
        ("with charges", (states.charged_minor[Bucket.PENALTIES] > 0).sum()),
        ("with waived charges", (states.waived_minor[Bucket.PENALTIES] > 0).sum()),
        ("loans past due", (states.days_past_due > 0).sum()),
        ("loans overpaid", (states.credit_minor > 0).sum()),
        ("loans written off", states.is_written_off.sum()),
    ):
        print(f"  {name:<38}{int(count):>20,}")


def _loans() -> LoanColumns:
    zeros = np.zeros(_LOANS, np.int64)
    days = np.full(_LOANS, _LENT_DAY)
    return LoanColumns(
        ids=np.arange(_LOANS).astype("S8"),
        customer_index=zeros,
        currency_index=zeros,
        currencies=(_EURO,),
        principal_minor=np.full(_LOANS, 100_000),
        annual_ppm=np.full(_LOANS, 240_000),
        installment_count=np.full(_LOANS, _COUNT),
        frequency_index=zeros,
        frequencies=(Frequency.MONTHLY,),
        requested_day=days,
        disbursed_day=days,
        first_due_day=days + _MONTH_DAYS,
        known_day=days,
    )


def _happened() -> dict[str, Int64s]:
    """Return what happened, in no order: columns by name."""
    random = np.random.default_rng(20_251_125)
    # About ten repayments a loan, some early, many late, of all sizes.
    paid = _part(Repaid, random.integers(0, _LOANS, _REPAYMENTS))
    month = random.integers(1, _COUNT, _REPAYMENTS)
    delay = random.integers(-10, 40, _REPAYMENTS)
    paid["value_day"] = _LENT_DAY + month * _MONTH_DAYS + delay
    size = random.choice([50, 100, 100, 100, 150], _REPAYMENTS)
    paid["amount_minor"] = _LEVEL_MINOR * size // 100
    lent = _part(Disbursed, np.arange(_LOANS))
    lent["amount_minor"] = np.full(_LOANS, 100_000)

    charged = _part(Charged, random.integers(0, _LOANS, _REPAYMENTS // 10))
    count = charged["loan_index"].size
    charged["value_day"] = _LENT_DAY + random.integers(30, 330, count)
    charged["due_day"] = charged["value_day"] + random.integers(0, 30, count)
    charged["amount_minor"] = random.integers(100, 1_000, count)
    charged["bucket_index"] = np.full(count, int(Bucket.PENALTIES))

    first_paid, first_charged = _LOANS, _LOANS + _REPAYMENTS
    named = first_charged + np.arange(0, count, 10)
    waived = _naming(ChargeWaived, charged, named - first_charged, named)
    named = first_paid + np.arange(0, _REPAYMENTS, 33)
    gone = _naming(Reversed, paid, named - first_paid, named)
    lost = _part(WrittenOff, np.arange(0, _LOANS, 100))
    lost["value_day"] = np.full(lost["loan_index"].size, _AS_OF_DAY)

    parts = [lent, paid, charged, waived, gone, lost]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in lent}
    columns["recorded_us"] = columns["value_day"] * _DAY_US
    return columns


def _part(kind: type[Happening], loan_index: Int64s) -> dict[str, Int64s]:
    """Return columns of events of one kind on these loans, on the first day."""
    count = loan_index.size
    unknown = np.full(count, UNKNOWN)
    return {
        "loan_index": loan_index,
        "value_day": np.full(count, _LENT_DAY),
        "kind_index": np.full(count, EVENT_KINDS.index(kind)),
        "amount_minor": unknown,
        "target_index": unknown,
        "bucket_index": unknown,
        "due_day": unknown,
    }


def _naming(
    kind: type[Happening], named: dict[str, Int64s], rows: Int64s, targets: Int64s
) -> dict[str, Int64s]:
    """Return events that name others, five days after them."""
    part = _part(kind, named["loan_index"][rows])
    part["value_day"] = named["value_day"][rows] + 5
    part["target_index"] = targets
    return part


def _plain(given: dict[str, Int64s]) -> RepaymentColumns:
    """Return the repayments alone, none of them reversed."""
    paid = given["kind_index"] == EVENT_KINDS.index(Repaid)
    return RepaymentColumns(
        ids=np.flatnonzero(paid).astype("S8"),
        loan_index=given["loan_index"][paid],
        paid_day=given["value_day"][paid],
        amount_minor=given["amount_minor"][paid],
        known_day=given["value_day"][paid],
    )
