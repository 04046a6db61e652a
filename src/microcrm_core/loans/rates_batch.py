"""The cost of many credits at once; the twin of `solve_rate`.

Credits with equal numbers of flows are solved together: equal installments by their
closed form, payments one period apart as a polynomial, all others with exponentials. A
credit whose flows change their sign more than once may have several rates; its roots
are isolated one credit at a time by `rate_roots.find_roots`, as the scalar does.

Example:
    >>> from microcrm_core.loans.rate_columns_batch import LevelFlowColumns
    >>> from microcrm_core.loans.rate_measures import RateMeasure
    >>> from microcrm_core.loans.rates_batch import solve_rates
    >>> loans = LevelFlowColumns(
    ...     principal_minor=[100_000],
    ...     installment_minor=[3_361],
    ...     installment_count=[36],
    ...     per_year=12,
    ... )
    >>> solve_rates(loans, RateMeasure.REG_Z_NOMINAL).rate.round(6).tolist()
    [0.128256]
"""

from __future__ import annotations

from typing import Final, TypeAlias

import attrs
import numpy as np

from microcrm_core.batch import Bools, Floats, Int64s
from microcrm_core.dates import DayCount
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.eu_intervals import EuPeriod
from microcrm_core.loans.flow_times_batch import (
    day_times_rows,
    eu_times_rows,
    reg_z_times_rows,
)
from microcrm_core.loans.level_rates_batch import level_growth_logs
from microcrm_core.loans.rate_columns_batch import (
    RATE_OUTCOMES,
    FlowColumns,
    LevelFlowColumns,
    RateColumns,
    TimedFlowColumns,
)
from microcrm_core.loans.rate_kernels_batch import (
    AdvanceRows,
    ExpRows,
    HornerRows,
    solve_rows,
)
from microcrm_core.loans.rate_measures import RateMeasure, RateOutcome
from microcrm_core.loans.rate_roots import Equation, find_roots
from microcrm_core.loans.simple_rates_batch import simple_rates
from microcrm_core.loans.unit_periods import UnitPeriod

__all__ = ["solve_rates"]

_FOUND: Final = RATE_OUTCOMES.index(RateOutcome.FOUND)
_NO_RATE: Final = RATE_OUTCOMES.index(RateOutcome.NO_RATE)
_NO_UNIQUE_RATE: Final = RATE_OUTCOMES.index(RateOutcome.NO_UNIQUE_RATE)

# Flows that are held at once, so that they stay in the cache.
_BLOCK_FLOWS: Final = 65_536
_TOTAL_MAX: Final = 2**62

AnyFlows: TypeAlias = FlowColumns | TimedFlowColumns | LevelFlowColumns


def solve_rates(
    flows: AnyFlows,
    measure: RateMeasure,
    *,
    unit_period: UnitPeriod | None = None,
    due_day: int | None = None,
    eu_period: EuPeriod | None = None,
    day_count: DayCount = DayCount.ACT_365F,
) -> RateColumns:
    """Return what each of many credits costs a year under *measure*.

    Twin of `solve_rate`: the same outcome on every row, and a rate that differs from
    the scalar's by at most twice `RATE_TOLERANCE` of one plus its size. Timed and level
    flows are taken as they are; dated flows are timed by the rule of the measure.

    Not built in columns, and refused by name: the choice of a unit-period or of the
    European period, terms and semimonths as unit-periods, day counts other than actual
    days over a constant, and simple rates of level flows whose first period is not one.

    Args:
        flows: The credits.
        measure: What is measured.
        unit_period: For dated flows under `REG_Z_NOMINAL`: the unit-period of all rows.
        due_day: For the same: the day of the month of the payments; see
            `reg_z_times_rows`.
        eu_period: For dated flows under `EU_APRC`: the period of all rows.
        day_count: For dated flows under the other measures.

    Raises:
        InvalidValueError: Something that is needed is missing or is refused, or the
            amounts of a credit add up to more than fits.
        ConvergenceError: The bound on steps was reached.

    Example:
        >>> from microcrm_core.loans.rate_columns_batch import FlowColumns
        >>> from microcrm_core.loans.rate_measures import RateMeasure
        >>> from microcrm_core.loans.rates_batch import solve_rates
        >>> flows = FlowColumns(
        ...     offsets=[0, 2, 5],
        ...     day=[0, 365, 0, 365, 730],
        ...     amount_minor=[100, 110, 10_000, 23_000, 13_200],
        ...     kind_index=[0, 1, 1, 0, 1],
        ... )
        >>> rates = solve_rates(flows, RateMeasure.COMPOUND_ANNUAL)
        >>> rates.rate.round(9).tolist(), rates.outcome(1).value
        ([0.1, nan], 'no_unique_rate')
    """
    measure = RateMeasure(measure)
    if isinstance(flows, LevelFlowColumns):
        return _level_rates(flows, measure)
    if isinstance(flows, FlowColumns):
        flows = _timed(flows, measure, unit_period, due_day, eu_period, day_count)
    rate = np.full(len(flows), np.nan)
    outcome = np.full(len(flows), _NO_RATE, np.int64)
    for start, stop in _blocks(flows.offsets):
        block = _netted(flows, measure, start, stop)
        rows = slice(start, stop)
        _solve_block(block, measure, flows.per_year, rate[rows], outcome[rows])
    return RateColumns(rate=rate, outcome_index=outcome)


def _timed(
    flows: FlowColumns,
    measure: RateMeasure,
    unit_period: UnitPeriod | None,
    due_day: int | None,
    eu_period: EuPeriod | None,
    day_count: DayCount,
) -> TimedFlowColumns:
    if measure is RateMeasure.REG_Z_NOMINAL:
        if unit_period is None:
            raise _missing("unit_period")
        return reg_z_times_rows(flows, unit_period, due_day=due_day)
    if measure is RateMeasure.EU_APRC:
        if eu_period is None:
            raise _missing("eu_period")
        return eu_times_rows(flows, eu_period)
    return day_times_rows(flows, day_count)


def _missing(name: str) -> InvalidValueError:
    return InvalidValueError(
        name,
        "must be named for dated flows in columns",
        None,
        hint="or use solve_rate, which chooses one for each credit",
    )


def _level_rates(flows: LevelFlowColumns, measure: RateMeasure) -> RateColumns:
    is_regular = flows.first_whole is None and flows.first_odd is None
    if measure is RateMeasure.SIMPLE_ANNUAL and not is_regular:
        raise InvalidValueError(
            "measure",
            "must not be simple_annual for level flows with an odd first period",
            measure.value,
            hint="write the flows out as TimedFlowColumns",
        )
    whole: Floats | Int64s | None = flows.first_whole
    odd = flows.first_odd
    if odd is not None and measure.is_compound:
        whole, odd = odd + (1 if whole is None else whole), None
    growth_logs, rate = level_growth_logs(
        flows.principal_minor,
        flows.installment_minor,
        flows.installment_count,
        whole,
        odd,
        share=_share(measure, flows.per_year),
    )
    if measure.is_compound:
        rate = _yearly(growth_logs, measure, flows.per_year)
    else:
        rate *= flows.per_year
    outcome = np.full(rate.size, _FOUND)
    outcome[np.isnan(rate)] = _NO_RATE
    return RateColumns(rate=rate, outcome_index=outcome)


def _yearly(growth_logs: Floats, measure: RateMeasure, per_year: float) -> Floats:
    if measure.is_compound:
        rate: Floats = np.expm1(growth_logs * per_year)
        return rate
    rate = np.expm1(growth_logs)
    rate *= per_year
    return rate


def _share(measure: RateMeasure, per_year: float) -> float:
    # The bounds of the search hold for a year or for a period; see `solve_rate`.
    return 1.0 / per_year if measure.is_compound else 1.0


def _blocks(offsets: Int64s) -> list[tuple[int, int]]:
    blocks: list[tuple[int, int]] = []
    start, count = 0, offsets.size - 1
    while start < count:
        reach = offsets[start : start + 1] + _BLOCK_FLOWS
        stop = int(np.searchsorted(offsets, reach, side="right")[0]) - 1
        stop = min(max(stop, start + 1), count)
        blocks.append((start, stop))
        start = stop
    return blocks


@attrs.frozen(kw_only=True, eq=False)
class _Block:
    """Flows of some credits: none of zero, none at the same time, in order."""

    offsets: Int64s
    signed: Int64s
    times: Floats
    odds: Floats | None

    @property
    def counts(self) -> Int64s:
        return np.diff(self.offsets)

    def matrix(self, values: Int64s | Floats, rows: Int64s, count: int) -> Floats:
        """Return one row a flow and one column a credit, all with *count* flows."""
        if rows.size * count == values.size:
            # All credits alike: no gathering.
            whole = values.reshape(rows.size, count).T
            return np.ascontiguousarray(whole, dtype=np.float64)
        at = self.offsets[rows] + np.arange(count)[:, None]
        gathered: Floats = values[at].astype(np.float64)
        return gathered


def _netted(
    flows: TimedFlowColumns, measure: RateMeasure, start: int, stop: int
) -> _Block:
    part = slice(int(flows.offsets[start]), int(flows.offsets[stop]))
    offsets = flows.offsets[start : stop + 1] - part.start
    signed = flows.signed_minor(part)
    times = flows.whole[part].astype(np.float64)
    odds = None if flows.odd is None else flows.odd[part]
    if odds is not None and measure is not RateMeasure.REG_Z_NOMINAL:
        times, odds = times + odds, None
    _require_sums(signed, offsets)
    total = times if odds is None else times + odds
    row = np.repeat(np.arange(stop - start), np.diff(offsets))
    is_same = row[1:] == row[:-1]
    gaps = np.diff(total)
    if not (is_same & (gaps <= 0.0)).any() and signed.all():
        return _Block(offsets=offsets, signed=signed, times=times, odds=odds)
    order = np.lexsort((total, row))
    row, signed, times, total = row[order], signed[order], times[order], total[order]
    odds = None if odds is None else odds[order]
    is_first = np.ones(row.size, np.bool_)
    is_first[1:] = (row[1:] != row[:-1]) | (total[1:] != total[:-1])
    firsts = np.flatnonzero(is_first)
    net = np.add.reduceat(signed, firsts) if firsts.size else signed
    kept = firsts[net != 0]
    return _Block(
        offsets=np.concatenate(
            ([0], np.cumsum(np.bincount(row[kept], minlength=stop - start)))
        ),
        signed=net[net != 0],
        times=times[kept],
        odds=None if odds is None else odds[kept],
    )


def _require_sums(signed: Int64s, offsets: Int64s) -> None:
    if signed.size == 0:
        return
    largest = float(np.abs(signed).max())
    if largest * float(np.diff(offsets).max()) >= _TOTAL_MAX:
        rule = "must add up to less than 2**62 in a credit"
        raise InvalidValueError(
            "amount_minor", rule, int(largest), hint="use solve_rate"
        )


def _solve_block(
    block: _Block,
    measure: RateMeasure,
    per_year: float,
    rate: Floats,
    outcome: Int64s,
) -> None:
    counts = block.counts
    has_flows = counts > 0
    outcome[~has_flows] = _NO_UNIQUE_RATE
    if not has_flows.any():
        return
    starts = block.offsets[:-1][has_flows]
    is_free = np.zeros(counts.size, np.bool_)
    is_free[has_flows] = np.add.reduceat(block.signed, starts) == 0
    if measure is RateMeasure.SIMPLE_ANNUAL:
        _solve_simple(block, per_year, is_free, rate, outcome)
        return
    changes = _sign_changes(block)
    single = changes == 1
    found = np.full(counts.size, np.nan)
    for count in np.unique(counts[single]).tolist():
        rows = np.flatnonzero(single & (counts == count))
        found[rows] = _growth_logs(block, rows, count, _share(measure, per_year))
    found[single & is_free] = 0.0
    rate[single] = _yearly(found[single], measure, per_year)
    outcome[single & ~np.isnan(found)] = _FOUND
    for row in np.flatnonzero(changes > 1).tolist():
        rate[row], outcome[row] = _searched(
            block, row, measure, per_year, is_free=bool(is_free[row])
        )


def _sign_changes(block: _Block) -> Int64s:
    is_received = block.signed > 0
    has_change = np.zeros(block.signed.size, np.int64)
    has_change[1:] = is_received[1:] != is_received[:-1]
    starts = block.offsets[:-1]
    has_change[starts[starts < has_change.size]] = 0
    sums = np.concatenate(([0], np.cumsum(has_change)))
    changes: Int64s = sums[block.offsets[1:]] - sums[starts]
    return changes


def _growth_logs(block: _Block, rows: Int64s, count: int, share: float) -> Floats:
    # All rows have so many flows and one change of sign.
    amounts = block.matrix(block.signed, rows, count)
    times = block.matrix(block.times, rows, count)
    odds = None if block.odds is None else block.matrix(block.odds, rows, count)
    is_reversed = amounts[0] < 0.0
    if is_reversed.any():
        # The borrower pays first: the same equation with its sides exchanged.
        np.negative(amounts, out=amounts, where=is_reversed)
    is_single: Bools = amounts[1] < 0.0
    is_even: Bools = is_single & (np.diff(times[1:], axis=0) == 1.0).all(axis=0)
    if odds is not None:
        has_same_odd = (odds[0] == 0.0) & (odds[1:] == odds[1]).all(axis=0)
        is_even &= has_same_odd
        is_single &= ~odds.any(axis=0)
    found = np.empty(rows.size)
    even = np.flatnonzero(is_even)
    if even.size:
        group = _even_rows(amounts, times, odds, even)
        found[even] = solve_rows(group, even.size, share)
    single = np.flatnonzero(is_single & ~is_even)
    if single.size:
        at = _columns(times, single)
        payments = -_columns(amounts, single)
        dated = AdvanceRows(
            advance=-payments[0], payments=payments[1:], times=at[1:] - at[0]
        )
        found[single] = solve_rows(dated, single.size, share)
    other = np.flatnonzero(~is_single & ~is_even)
    if other.size:
        general = ExpRows(
            amounts=_columns(amounts, other),
            times=_columns(times, other),
            odds=None if odds is None else _columns(odds, other),
        )
        found[other] = solve_rows(general, other.size, share)
    return found


def _even_rows(
    amounts: Floats, times: Floats, odds: Floats | None, rows: Int64s
) -> HornerRows:
    # One advance and then payments that are exactly one period apart.
    amounts, times = _columns(amounts, rows), _columns(times, rows)
    return HornerRows(
        advance=amounts[0],
        payments=-amounts[1:],
        first=times[1] - times[0],
        odd=None if odds is None else odds[1, rows],
    )


def _columns(values: Floats, rows: Int64s) -> Floats:
    if rows.size == values.shape[1]:
        return values
    return np.ascontiguousarray(values[:, rows])


def _searched(
    block: _Block, row: int, measure: RateMeasure, per_year: float, *, is_free: bool
) -> tuple[float, int]:
    # Several changes of sign: as the scalar does it, one credit at a time.
    part = slice(int(block.offsets[row]), int(block.offsets[row + 1]))
    signed = block.signed[part].tolist()
    scale = max(abs(minor) for minor in signed)
    odds = (0.0,) * len(signed) if block.odds is None else tuple(block.odds[part])
    found = find_roots(
        Equation(
            amounts=tuple(minor / scale for minor in signed),
            wholes=tuple(block.times[part].tolist()),
            odds=tuple(float(odd) for odd in odds),
        ),
        share=_share(measure, per_year),
    )
    if not found.roots:
        return np.nan, _NO_RATE
    if not found.is_unique:
        return np.nan, _NO_UNIQUE_RATE
    root = np.zeros(1) if is_free else np.array(found.roots)
    return float(_yearly(root, measure, per_year)[0]), _FOUND


def _solve_simple(
    block: _Block, per_year: float, is_free: Bools, rate: Floats, outcome: Int64s
) -> None:
    counts = block.counts
    for count in np.unique(counts[counts > 0]).tolist():
        rows = np.flatnonzero(counts == count)
        amounts = block.matrix(block.signed, rows, count)
        years = block.matrix(block.times, rows, count) / per_year
        found, has_principal = simple_rates(amounts, years)
        found = np.where(is_free[rows] & has_principal, 0.0, found)
        rate[rows] = found
        outcome[rows] = np.where(np.isnan(found), _NO_RATE, _FOUND)
        outcome[rows[is_free[rows] & ~has_principal]] = _NO_UNIQUE_RATE
