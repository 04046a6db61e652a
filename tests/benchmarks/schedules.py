"""Schedules, one and a million, against what a user would take instead.

Everything runs in one process and in turn, so that a busy moment of the machine meets
all of them; the best of some rounds counts. A peer that is not installed is named and
left out.
"""

from __future__ import annotations

import datetime as dt
import importlib
import resource
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Final, TypeAlias

import attrs
import numpy as np

from microcrm_core import Currency, Money
from microcrm_core.batch import Floats, Int64s
from microcrm_core.dates import Frequency
from microcrm_core.loans import STRICT, STRICT_30_360, LoanTerms, build_schedule
from microcrm_core.loans.batch import (
    ScheduleBuffers,
    ScheduleLayout,
    build_schedules,
    iter_schedules,
    write_schedules,
)
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.rates import Rate

__all__ = ["run"]

_LOANS: Final = 1_000_000
_PEER_LOANS: Final = 200_000
_ROUNDS: Final = 9
_COUNTS: Final = (12, 360)
_TURN_SECONDS: Final = 0.02
_ONE_BY_ONE: Final = 20
_EURO: Final = Currency.of("EUR")
_Action: TypeAlias = "Callable[[LoanTerms], object]"
_UNIT: Final = 360_000_000


def run() -> None:
    """Print how fast one schedule and a million are, and the ratios to others."""
    _one_loan()
    _bulk()
    _memory()


# One loan.


def _one_loan() -> None:
    print(f"{'one loan, a second':<40}{'12':>10}{'360':>10}{'ratios':>16}")
    actions: dict[str, _Action] = {
        "dates as columns": lambda terms: build_schedule(terms, STRICT),
        "with rows built": lambda terms: build_schedule(terms, STRICT).installments,
        "terms made as well": lambda terms: build_schedule(_again(terms), STRICT),
    }
    for name, make in _PEERS.items():
        found = _module(name)
        if found is not None:
            actions[name] = make(found)
    speeds = _speeds(actions)
    base = speeds["dates as columns"]
    for name, (short, long) in speeds.items():
        ratios = f"{base[0] / short:>8.2f}{base[1] / long:>8.2f}"
        print(f"{name:<40}{short:>10,.0f}{long:>10,.0f}{ratios}")


def _terms(count: int) -> list[LoanTerms]:
    """Return loans of one length; one alone may be lucky, or not."""
    random = np.random.default_rng(count)
    return [
        LoanTerms(
            principal=Money(int(random.integers(100_000, 5_000_000)), _EURO),
            nominal_rate=Rate.of_ppm(int(random.integers(10, 60)) * 1_000),
            installment_count=count,
            frequency=Frequency.MONTHLY,
            disbursed_on=dt.date(2025, 1, day),
            first_due_on=dt.date(2025, 2, day),
        )
        for day in random.integers(1, 28, _ONE_BY_ONE).tolist()
    ]


def _again(terms: LoanTerms) -> LoanTerms:
    return LoanTerms(
        principal=Money(terms.principal.minor, _EURO),
        nominal_rate=terms.nominal_rate,
        installment_count=terms.installment_count,
        frequency=terms.frequency,
        disbursed_on=terms.disbursed_on,
        first_due_on=terms.first_due_on,
    )


def _speeds(actions: dict[str, _Action]) -> dict[str, tuple[float, float]]:
    """Return how often each action can be done in a second, for either length."""
    found: dict[str, list[float]] = {name: [] for name in actions}
    for count in _COUNTS:
        loans = _terms(count)
        for action in actions.values():
            # What is made once, such as tables of due days, is in no later turn.
            _seconds(action, loans, 1)
        repeats = {
            name: max(1, int(_TURN_SECONDS / _seconds(action, loans, 1)))
            for name, action in actions.items()
        }
        best = dict.fromkeys(actions, float("inf"))
        # In turn, so that a busy moment of the machine meets all of them.
        for _ in range(_ROUNDS):
            for name, action in actions.items():
                once = _seconds(action, loans, repeats[name])
                best[name] = min(best[name], once)
        for name, seconds in best.items():
            found[name].append(len(loans) / seconds)
    return {name: (short, long) for name, (short, long) in found.items()}


def _seconds(action: _Action, loans: list[LoanTerms], repeats: int) -> float:
    action(loans[0])
    began = time.perf_counter()
    for _ in range(repeats):
        for terms in loans:
            action(terms)
    return max((time.perf_counter() - began) / repeats, 1e-7)


def _amortization(module: ModuleType) -> _Action:
    schedule = importlib.import_module("amortization.schedule").amortization_schedule
    del module

    def action(terms: LoanTerms) -> object:
        amount, rate, count = _figures(terms)
        return list(schedule(amount, rate, count))

    return action


def _numpy_financial(module: ModuleType) -> _Action:
    def action(terms: LoanTerms) -> object:
        amount, rate, count = _figures(terms)
        number = np.arange(1, count + 1)
        interest = module.ipmt(rate / 12, number, count, -amount)
        return interest, module.ppmt(rate / 12, number, count, -amount)

    return action


def _pyloan(module: ModuleType) -> _Action:
    del module
    loans = importlib.import_module("pyloan.pyloan")

    def action(terms: LoanTerms) -> object:
        amount, rate, count = _figures(terms)
        loan = loans.Loan(
            loan_amount=amount,
            interest_rate=rate * 100,
            loan_term=count,
            loan_term_period="M",
            start_date=terms.disbursed_on.isoformat(),
        )
        return loan.get_payment_schedule()

    return action


def _quantlib(module: ModuleType) -> _Action:
    def action(terms: LoanTerms) -> object:
        amount, rate, count = _figures(terms)
        on = terms.disbursed_on
        period = module.Period(count, module.Months)
        notionals = module.sinkingNotionals(period, module.Monthly, rate, amount)
        dates = module.sinkingSchedule(
            module.Date(on.day, on.month, on.year),
            period,
            module.Monthly,
            module.NullCalendar(),
        )
        bond = module.AmortizingFixedRateBond(
            0, notionals, dates, [rate], module.Thirty360(module.Thirty360.BondBasis)
        )
        return [(flow.date(), flow.amount()) for flow in bond.cashflows()]

    return action


def _figures(terms: LoanTerms) -> tuple[float, float, int]:
    rate = float(terms.nominal_rate.annual_fraction)
    return terms.principal.minor / 100, rate, terms.installment_count


_PEERS: Final = {
    "amortization": _amortization,
    "numpy_financial": _numpy_financial,
    "pyloan": _pyloan,
    "QuantLib": _quantlib,
}


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"{name} is not installed and left out")
        return None


# A million loans.

_InBulk: TypeAlias = Callable[[ModuleType, LoanColumns, Int64s], object]


def _bulk() -> None:
    loans = _loans(_LOANS)
    layout = ScheduleLayout.of(loans)
    into = ScheduleBuffers.of_size(layout.value_count, with_due_days=True)
    money = attrs.evolve(into, due_day=None)
    columns = (
        into.principal_minor,
        into.interest_minor,
        into.outstanding_minor,
        into.total_minor,
    )
    sources = [np.arange(layout.value_count, dtype=np.int64) for _ in columns]

    def copy() -> None:
        for source, column in zip(sources, columns, strict=True):
            np.copyto(column, source)

    # Whoever has buffers has the layout that tells their size.
    def write(target: ScheduleBuffers) -> None:
        write_schedules(loans, STRICT_30_360, layout=layout, into=target)

    def write_anew(target: ScheduleBuffers) -> None:
        fresh = ScheduleLayout.of(loans)
        write_schedules(loans, STRICT_30_360, layout=fresh, into=target)

    best = _best(
        {
            "copy of four columns": copy,
            "write_schedules": partial(write, money),
            "with the layout made anew": partial(write_anew, money),
            "write_schedules with due days": partial(write, into),
        },
        rounds=_ROUNDS,
    )
    slow = _best(
        {
            "iter_schedules": lambda: _through(loans),
            "build_schedules, loan by loan": lambda: build_schedules(
                loans, STRICT_30_360
            ),
        },
        rounds=3,
    )
    rows = layout.value_count
    print(f"\n{_LOANS:,} loans, {rows:,} rows: ns a row, and times the copy")
    copied = best["copy of four columns"]
    for name, seconds in {**best, **slow}.items():
        print(f"{name:<40}{seconds / rows * 1e9:>10.2f}{seconds / copied:>10.2f}")
    written = best["write_schedules"]
    dated = best["write_schedules with due days"] - written
    print(f"due days add {dated / written:.2f} of the money columns' time")
    _peers_in_bulk(written / rows)


def _best(actions: dict[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    best = dict.fromkeys(actions, float("inf"))
    for action in actions.values():
        action()
    for _ in range(rounds):
        for name, action in actions.items():
            began = time.perf_counter()
            action()
            best[name] = min(best[name], time.perf_counter() - began)
    return best


def _through(loans: LoanColumns) -> int:
    return sum(chunk.rows.size for chunk in iter_schedules(loans, STRICT_30_360))


def _loans(count: int) -> LoanColumns:
    rng = np.random.default_rng(5)
    disbursed_day = rng.integers(17_000, 20_000, count)
    return LoanColumns(
        ids=np.arange(count).astype("S8"),
        customer_index=np.zeros(count, np.int64),
        currency_index=np.zeros(count, np.int64),
        currencies=(Currency.of("EUR"),),
        principal_minor=rng.integers(10_000, 10_000_000, count),
        annual_ppm=rng.integers(10_000, 480_000, count),
        installment_count=rng.integers(12, 37, count),
        frequency_index=np.zeros(count, np.int64),
        frequencies=(Frequency.MONTHLY,),
        requested_day=disbursed_day,
        disbursed_day=disbursed_day,
        first_due_day=disbursed_day + rng.integers(20, 32, count),
        known_day=disbursed_day,
    )


def _peers_in_bulk(ours: float) -> None:
    loans = _loans(_PEER_LOANS)
    level = np.empty(_PEER_LOANS, np.int64)
    for chunk in iter_schedules(loans, STRICT_30_360):
        level[chunk.rows] = chunk.level_minor
    rows = int(loans.installment_count.sum())
    peers: dict[str, tuple[str, _InBulk]] = {
        "numpy_financial": ("numpy_financial", _financial_rows),
        "numpy_financial, by length": ("numpy_financial", _financial_groups),
        "polars": ("polars", _polars_rows),
        "duckdb": ("duckdb", _duckdb_rows),
    }
    print(
        f"{'peer, ' + format(_PEER_LOANS, ',') + ' loans':<40}{'ns':>10}{'ratio':>10}"
    )
    for name, (module_name, action) in peers.items():
        module = _module(module_name)
        if module is None:
            continue
        best = _best({name: partial(action, module, loans, level)}, rounds=3)
        each = best[name] / rows
        print(f"{name:<40}{each * 1e9:>10.1f}{each / ours:>10.1f}")


def _financial_rows(module: ModuleType, loans: LoanColumns, _level: Int64s) -> object:
    """Return each column by its own function, on one value for each row."""
    counts = loans.installment_count
    rows = np.repeat(np.arange(len(loans)), counts)
    number = np.arange(rows.size) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    rate = loans.annual_ppm[rows] / 12e6
    value = -loans.principal_minor[rows] / 100.0
    return _financial_columns(module, rate, number, counts[rows], value)


def _financial_groups(module: ModuleType, loans: LoanColumns, _level: Int64s) -> object:
    """Return the same for loans of one length at a time, where less is repeated."""
    groups = []
    for count in np.unique(loans.installment_count).tolist():
        chosen = np.flatnonzero(loans.installment_count == count)
        number = np.arange(1, count + 1)[:, None]
        rate = loans.annual_ppm[chosen] / 12e6
        value = -loans.principal_minor[chosen] / 100.0
        groups.append(_financial_columns(module, rate, number, count, value))
    return groups


def _financial_columns(
    module: ModuleType,
    rate: Floats,
    number: Int64s,
    count: Int64s | int,
    value: Floats,
) -> object:
    total = module.pmt(rate, count, value)
    interest = module.ipmt(rate, number, count, value)
    principal = module.ppmt(rate, number, count, value)
    outstanding = -module.fv(rate, number, total, value)
    return [np.round(part, 2) for part in (principal, interest, outstanding, total)]


def _polars_rows(module: ModuleType, loans: LoanColumns, level: Int64s) -> object:
    col, lit = module.col, module.lit
    frames = []
    for count in np.unique(loans.installment_count).tolist():
        chosen = np.flatnonzero(loans.installment_count == count)
        frame = module.DataFrame(
            {
                "weight": loans.annual_ppm[chosen] * 30,
                "level": level[chosen],
                "outstanding": loans.principal_minor[chosen],
            }
        )
        for number in range(1, count + 1):
            sums = col("outstanding") * col("weight") + lit(_UNIT // 2)
            frame = frame.with_columns(sums=sums).with_columns(
                quotient=col("sums") // _UNIT
            )
            tie = ((col("quotient") * _UNIT) == col("sums")) & (
                col("quotient") % 2 == 1
            )
            frame = frame.with_columns(
                interest=col("quotient") - tie.cast(module.Int64)
            )
            due = col("outstanding") + col("interest")
            total = due if number == count else module.min_horizontal(due, "level")
            frame = frame.with_columns(total=total)
            frame = frame.with_columns(principal=col("total") - col("interest"))
            frame = frame.with_columns(
                outstanding=col("outstanding") - col("principal")
            )
            frames.append(frame.select("principal", "interest", "outstanding", "total"))
    return module.concat(frames, rechunk=True)


_RECURSIVE: Final = f"""
CREATE OR REPLACE TABLE made AS
WITH RECURSIVE rows AS (
  SELECT id, 0 AS number, count, weight, level,
    0::BIGINT AS principal, 0::BIGINT AS interest, start AS outstanding,
    0::BIGINT AS total
  FROM loans
  UNION ALL
  SELECT id, number + 1, count, weight, level,
    total_now - due_now, due_now, outstanding - (total_now - due_now), total_now
  FROM (
    SELECT *, CASE WHEN number + 1 = count THEN outstanding + due_now
      ELSE least(level, outstanding + due_now) END AS total_now
    FROM (
      SELECT *, quotient - CASE WHEN quotient * {_UNIT} = sums
        AND quotient % 2 = 1 THEN 1 ELSE 0 END AS due_now
      FROM (
        SELECT *, sums // {_UNIT} AS quotient
        FROM (
          SELECT *, outstanding * weight + {_UNIT // 2} AS sums
          FROM rows WHERE number < count
        )
      )
    )
  )
)
SELECT id, number, principal, interest, outstanding, total FROM rows
WHERE number > 0
"""


def _duckdb_rows(module: ModuleType, loans: LoanColumns, level: Int64s) -> object:
    connection = module.connect()
    given = {
        "id": np.arange(len(loans)),
        "count": loans.installment_count,
        "weight": loans.annual_ppm * 30,
        "level": level,
        "start": loans.principal_minor,
    }
    names = ", ".join(f"unnest(${name})::BIGINT AS {name}" for name in given)
    connection.execute(
        f"CREATE TABLE loans AS SELECT {names}",
        {name: column.tolist() for name, column in given.items()},
    )
    return connection.execute(_RECURSIVE)


# Memory.


def _memory() -> None:
    print(f"\n{'iter_schedules of loans':<40}{'peak MB':>10}")
    for count in (200_000, 1_000_000):
        loans = _loans(count)
        tracemalloc.start()
        _through(loans)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        print(f"{count:<40,}{peak / 1e6:>10.1f}")
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{'largest process so far, MB':<40}{kilobytes / 1e3:>10.0f}")
