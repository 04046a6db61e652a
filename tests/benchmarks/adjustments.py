"""Due days: advice to many customers from a year of balances.

Processor time counts, the best of some rounds: nothing here runs on two cores, and
other programs shall not count.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from microcrm_core.adjustments import DUE_DAY_BASIC, DUE_DAY_CAUTIOUS
from microcrm_core.adjustments.balances_batch import OwnRepaymentColumns
from microcrm_core.adjustments.due_day_batch import recommend_due_days
from microcrm_core.adjustments.segment_patterns_batch import (
    PatternColumns,
    segment_patterns,
)
from microcrm_core.adjustments.weekdays_batch import recommend_weekdays
from microcrm_core.batch import Int64s
from microcrm_core.customers.cash_flow_batch import DayBalances
from microcrm_core.dates import BusinessCalendar

__all__ = ["run"]

_CUSTOMERS: Final = 100_000
_ROUNDS: Final = 3
_EPOCH: Final = dt.date(1970, 1, 1)
_START: Final = dt.date(2024, 1, 1)
_END: Final = dt.date(2024, 12, 31)
_SEGMENTS: Final = 4


def run() -> None:
    """Print the seconds of 100,000 recommendations by what goes into them."""
    days = _balances()
    rng = np.random.default_rng(7)
    installments: Int64s = rng.integers(100, 50_000, _CUSTOMERS)
    due_day: Int64s = rng.integers(1, 29, _CUSTOMERS)
    weekday: Int64s = rng.integers(1, 8, _CUSTOMERS)
    segment: Int64s = rng.integers(0, _SEGMENTS, _CUSTOMERS)
    own = OwnRepaymentColumns(
        customer_index=np.repeat(np.arange(_CUSTOMERS), 12),
        paid_day=days.day[0] + rng.integers(0, 366, 12 * _CUSTOMERS),
        amount_minor=np.repeat(installments, 12),
    )
    patterns = segment_patterns(days, segment, segment_count=_SEGMENTS, months=12)
    pattern = PatternColumns(patterns=patterns, segment_index=segment)
    calendar = BusinessCalendar(name="plain")
    print(f"{_CUSTOMERS:,} customers, {days.day.size:,} daily balances")
    _print(
        "`recommend_due_days`",
        lambda: recommend_due_days(days, installments, due_day, DUE_DAY_BASIC),
    )
    _print(
        "with own repayments, patterns and a calendar",
        lambda: recommend_due_days(
            days,
            installments,
            due_day,
            DUE_DAY_CAUTIOUS,
            own_repayments=own,
            pattern=pattern,
            calendar=calendar,
        ),
    )
    _print(
        "`segment_patterns`",
        lambda: segment_patterns(days, segment, segment_count=_SEGMENTS, months=12),
    )
    _print(
        "`recommend_weekdays`, 52 weeks",
        lambda: recommend_weekdays(days, installments, weekday, DUE_DAY_BASIC),
    )


def _balances() -> DayBalances:
    """Return a balance of every customer on every day of 2024."""
    first, last = (_START - _EPOCH).days, (_END - _EPOCH).days
    day = np.arange(first, last + 1, dtype=np.int32)
    rng = np.random.default_rng(5)
    count = _CUSTOMERS * day.size
    return DayBalances(
        as_of_day=last,
        offsets=np.arange(0, count + 1, day.size),
        day=np.tile(day, _CUSTOMERS),
        inflow_minor=np.zeros(count, np.int64),
        outflow_minor=np.zeros(count, np.int64),
        balance_minor=rng.integers(-10_000, 100_000, count),
    )


def _print(name: str, work: Callable[[], object]) -> None:
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    print(f"{name:<48}{best:>8.2f} s")
