"""The cost of credit in columns against pyxirr and numpy-financial, in one process.

A peer that is not installed is named and left out.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Final

import numpy as np

from microcrm_core.batch import Floats, Int64s
from microcrm_core.loans.rate_columns_batch import (
    FlowColumns,
    LevelFlowColumns,
    TimedFlowColumns,
)
from microcrm_core.loans.rate_measures import RateMeasure
from microcrm_core.loans.rates_batch import solve_rates

__all__ = ["run"]

_LEVEL_LOANS: Final = 1_000_000
_GENERAL_LOANS: Final = 50_000
_GENERAL_FLOWS: Final = 36
_PEER_LOANS: Final = 4_000
_SLOW_PEER_LOANS: Final = 200
_REPEATS: Final = 5


def run() -> None:
    """Print microseconds a loan, and how many times faster than each peer."""
    chance = np.random.default_rng(1)
    print(f"{'what':<34}{'ours us':>10}{'peer us':>10}{'ratio':>8}")
    _run_level(chance)
    _run_general(chance)


def _run_level(chance: np.random.Generator) -> None:
    count = chance.integers(12, 37, _LEVEL_LOANS)
    principal, installment = _loans(chance, count)
    columns = LevelFlowColumns(
        principal_minor=principal,
        installment_minor=installment,
        installment_count=count,
        per_year=12,
    )
    ours = _best(lambda: solve_rates(columns, RateMeasure.REG_Z_NOMINAL))
    ours /= _LEVEL_LOANS
    rows = list(
        zip(principal.tolist(), installment.tolist(), count.tolist(), strict=True)
    )
    pyxirr = _peer("pyxirr")
    if pyxirr is not None:
        flows = [[-float(p), *[float(c)] * n] for p, c, n in rows[:_PEER_LOANS]]
        _row("level, 12 to 36, pyxirr irr", ours, _each(pyxirr.irr, flows))
    financial = _peer("numpy_financial")
    if financial is not None:
        args = [(n, -c, p, 0) for p, c, n in rows[:_PEER_LOANS]]
        seconds = _each(lambda one: financial.rate(*one), args)
        _row("level, 12 to 36, npf rate", ours, seconds)


def _run_general(chance: np.random.Generator) -> None:
    count = np.full(_GENERAL_LOANS, _GENERAL_FLOWS)
    principal, installment = _loans(chance, count)
    factor = chance.uniform(0.8, 1.2, (_GENERAL_LOANS, _GENERAL_FLOWS))
    paid = np.round(installment[:, None] * factor).astype(np.int64)
    amounts = np.concatenate((principal[:, None], paid), axis=1)
    size = _GENERAL_FLOWS + 1
    offsets = np.arange(_GENERAL_LOANS + 1) * size
    kinds = np.tile([0] + [1] * _GENERAL_FLOWS, _GENERAL_LOANS)
    regular = TimedFlowColumns(
        offsets=offsets,
        whole=np.tile(np.arange(size), _GENERAL_LOANS),
        amount_minor=amounts.ravel(),
        kind_index=kinds,
        per_year=12,
    )
    days = 20_000 + np.round(np.arange(size) * 30.4375).astype(np.int64)
    dated = FlowColumns(
        offsets=offsets,
        day=np.tile(days, _GENERAL_LOANS),
        amount_minor=amounts.ravel(),
        kind_index=kinds,
    )
    ours = _best(lambda: solve_rates(regular, RateMeasure.REG_Z_NOMINAL))
    ours_dated = _best(lambda: solve_rates(dated, RateMeasure.COMPOUND_ANNUAL))
    signed = amounts.astype(np.float64)
    signed[:, 0] *= -1
    _run_general_peers(ours / _GENERAL_LOANS, ours_dated / _GENERAL_LOANS, signed, days)


def _run_general_peers(
    ours: float, ours_dated: float, signed: Floats, days: Int64s
) -> None:
    pyxirr = _peer("pyxirr")
    if pyxirr is not None:
        flows = signed[:_PEER_LOANS].tolist()
        _row("36 flows, pyxirr irr", ours, _each(pyxirr.irr, flows))
        on = days.astype("datetime64[D]")
        seconds = _each(lambda one: pyxirr.xirr(on, one), signed[:_PEER_LOANS])
        _row("36 dated flows, pyxirr xirr", ours_dated, seconds)
    financial = _peer("numpy_financial")
    if financial is not None:
        flows = signed[:_SLOW_PEER_LOANS].tolist()
        _row("36 flows, npf irr", ours, _each(financial.irr, flows))


def _loans(chance: np.random.Generator, count: Int64s) -> tuple[Int64s, Int64s]:
    rate = chance.uniform(0.002, 0.05, count.size)
    principal = chance.integers(50_000, 5_000_000, count.size)
    installment = np.round(principal * rate / (1 - (1 + rate) ** -count))
    return principal, installment.astype(np.int64)


def _peer(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"{name} is not installed: left out")
        return None


def _each(action: Callable[..., object], rows: Iterable[object]) -> float:
    listed = list(rows)
    seconds = _best(lambda: [action(row) for row in listed])
    return seconds / len(listed)


def _row(name: str, ours: float, peer: float) -> None:
    print(f"{name:<34}{ours * 1e6:>10.3f}{peer * 1e6:>10.2f}{peer / ours:>8.1f}")


def _best(action: Callable[[], object]) -> float:
    seconds: list[float] = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return min(seconds)
