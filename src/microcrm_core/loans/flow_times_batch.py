"""Flow times in columns: when each flow of many credits happens under a measure.

The twin of `flow_times`. The choice of a unit-period or of the European period is not
made here: the caller names one for all rows. Terms and semimonths are refused by name,
and so is every day count but actual days over a constant.

Example:
    >>> from microcrm_core.loans.eu_intervals import EuPeriod
    >>> from microcrm_core.loans.flow_times_batch import eu_times_rows
    >>> from microcrm_core.loans.rate_columns_batch import FlowColumns
    >>> flows = FlowColumns(
    ...     offsets=[0, 2], day=[0, 31], amount_minor=[100, 103], kind_index=[0, 1]
    ... )
    >>> eu_times_rows(flows, EuPeriod.MONTH).whole.tolist()
    [0, 1]
"""

from __future__ import annotations

from typing import Final

import numpy as np

from microcrm_core.batch import Bools, Floats, Int64s
from microcrm_core.dates import DayCount
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.cash_flows import FlowKind
from microcrm_core.loans.eu_intervals import EuPeriod
from microcrm_core.loans.rate_columns_batch import (
    FLOW_KINDS,
    FlowColumns,
    TimedFlowColumns,
)
from microcrm_core.loans.unit_periods import UnitPeriod, UnitPeriodUnit

__all__ = ["day_times_rows", "eu_times_rows", "reg_z_times_rows"]

_YEAR_MONTHS: Final = 12
_YEAR_DAYS: Final = 365
_MONTH_DAYS: Final = 30
_SHORTEST_MONTH: Final = 28
_LAST_DAY: Final = 31
_ADVANCE: Final = FLOW_KINDS.index(FlowKind.ADVANCE)
_REPAYMENT: Final = FLOW_KINDS.index(FlowKind.REPAYMENT)
_YEAR_OF_DAYS: Final = {
    DayCount.ACT_360: 360,
    DayCount.ACT_364: 364,
    DayCount.ACT_365F: 365,
}


def day_times_rows(
    flows: FlowColumns, day_count: DayCount = DayCount.ACT_365F
) -> TimedFlowColumns:
    """Return the days of each flow since the first of its credit.

    Twin of `flow_times.day_times`: the periods are days, so many a year.

    Raises:
        InvalidValueError: The day count is not ACT/360, ACT/364 or ACT/365F.

    Example:
        >>> from microcrm_core.loans.flow_times_batch import day_times_rows
        >>> from microcrm_core.loans.rate_columns_batch import FlowColumns
        >>> flows = FlowColumns(
        ...     offsets=[0, 2], day=[7, 38], amount_minor=[100, 103], kind_index=[0, 1]
        ... )
        >>> day_times_rows(flows).whole.tolist()
        [0, 31]
    """
    if day_count not in _YEAR_OF_DAYS:
        known = ", ".join(_YEAR_OF_DAYS)
        raise InvalidValueError(
            "day_count", f"must be one of {known}", day_count, hint="use solve_rate"
        )
    days = flows.day - _first(flows, flows.amount_minor >= 0)
    return _timed(flows, days, None, float(_YEAR_OF_DAYS[day_count]))


def eu_times_rows(flows: FlowColumns, period: EuPeriod) -> TimedFlowColumns:
    """Return the periods of each flow since the first advance of its credit.

    Twin of `flow_times.eu_times` with *period* named. An advance of zero is the zero
    point only where there is no other.

    Raises:
        InvalidValueError: A credit has no advance.

    Example:
        >>> from microcrm_core.loans.eu_intervals import EuPeriod
        >>> from microcrm_core.loans.flow_times_batch import eu_times_rows
        >>> from microcrm_core.loans.rate_columns_batch import FlowColumns
        >>> flows = FlowColumns(
        ...     offsets=[0, 2], day=[0, 14], amount_minor=[100, 103], kind_index=[0, 1]
        ... )
        >>> eu_times_rows(flows, EuPeriod.WEEK).whole.tolist()
        [0, 2]
    """
    zero_day = _first_advance(flows)
    is_before = flows.day < zero_day
    from_day = np.minimum(flows.day, zero_day)
    to_day = np.maximum(flows.day, zero_day)
    whole, odd = _eu_counts(from_day, to_day, EuPeriod(period))
    # A time before the zero point is negative; its odd part is made positive.
    has_odd = is_before & (odd > 0)
    up = np.where(has_odd, np.ceil(odd), 0.0)
    whole = np.where(is_before, -whole - up.astype(np.int64), whole)
    odd = np.where(has_odd, up - odd, odd)
    return _timed(flows, whole, odd, float(EuPeriod(period).per_year))


def reg_z_times_rows(
    flows: FlowColumns, unit_period: UnitPeriod, *, due_day: int | None = None
) -> TimedFlowColumns:
    """Return the unit-periods of each flow since the first of its credit.

    Twin of `flow_times.reg_z_times` with *unit_period* named.

    Args:
        flows: The credits.
        unit_period: Days, weeks, months or a year.
        due_day: Day of the month of the payments of every credit, 31 for the last day;
            None: read from the days of each credit's repayments. That of the advances
            is read from their days.

    Raises:
        InvalidValueError: The unit-period is a term or a semimonth.

    Example:
        >>> from microcrm_core.loans.flow_times_batch import reg_z_times_rows
        >>> from microcrm_core.loans.rate_columns_batch import FlowColumns
        >>> from microcrm_core.loans.unit_periods import UnitPeriod
        >>> flows = FlowColumns(
        ...     offsets=[0, 2], day=[0, 36], amount_minor=[100, 103], kind_index=[0, 1]
        ... )
        >>> times = reg_z_times_rows(flows, UnitPeriod(1, "month"))
        >>> times.whole.tolist(), times.odd.round(4).tolist()
        ([0, 1], [0.0, 0.1667])
    """
    if unit_period.is_term or unit_period.unit is UnitPeriodUnit.SEMIMONTH:
        raise InvalidValueError(
            "unit_period",
            "must be days, weeks, months or a year in columns",
            str(unit_period),
            hint="use solve_rate",
        )
    zero_day = _first(flows, flows.amount_minor > 0)
    # Only a flow of zero comes before the zero point.
    day = np.maximum(flows.day, zero_day)
    if unit_period.unit in {UnitPeriodUnit.DAY, UnitPeriodUnit.WEEK}:
        whole, odd_days = np.divmod(day - zero_day, unit_period.length_days)
        odd = odd_days / unit_period.length_days
        return _timed(flows, whole, odd, float(unit_period.per_year))
    counted_day = _counted_days(flows, day, due_day)
    months, odd_days = _months_back(zero_day, day, counted_day)
    if unit_period.unit is UnitPeriodUnit.YEAR:
        whole, rest = np.divmod(months, _YEAR_MONTHS)
        years_back = _back(day, _YEAR_MONTHS * whole, counted_day)
        odd = np.where(
            odd_days == 0, rest / _YEAR_MONTHS, (years_back - zero_day) / _YEAR_DAYS
        )
    else:
        divisor = unit_period.length_days
        if unit_period.count == 1:
            whole, odd = months, odd_days / divisor
        else:
            whole, odd_days = np.divmod(_MONTH_DAYS * months + odd_days, divisor)
            odd = odd_days / divisor
    is_full = odd == 1.0
    whole, odd = whole + is_full, np.where(is_full, 0.0, odd)
    return _timed(flows, whole, odd, float(unit_period.per_year))


def _timed(
    flows: FlowColumns, whole: Int64s, odd: Floats | None, per_year: float
) -> TimedFlowColumns:
    if odd is not None and not odd.any():
        odd = None
    return TimedFlowColumns(
        offsets=flows.offsets,
        whole=whole,
        odd=odd,
        amount_minor=flows.amount_minor,
        kind_index=flows.kind_index,
        per_year=per_year,
    )


def _first(flows: FlowColumns, is_chosen: Bools) -> Int64s:
    # For each flow the day of the first flow of its credit that is chosen, or of the
    # very first where none is.
    count = np.concatenate(([0], np.cumsum(is_chosen)))
    starts, stops = flows.offsets[:-1], flows.offsets[1:]
    has_chosen = count[stops] > count[starts]
    chosen = np.flatnonzero(is_chosen)
    at = starts.copy()
    at[has_chosen] = chosen[count[starts[has_chosen]]]
    # A credit without flows has nothing to repeat.
    has_flows = stops > starts
    return np.repeat(flows.day[at[has_flows]], (stops - starts)[has_flows])


def _first_advance(flows: FlowColumns) -> Int64s:
    is_advance = flows.kind_index == _ADVANCE
    count = np.concatenate(([0], np.cumsum(is_advance)))
    if (count[flows.offsets[1:]] == count[flows.offsets[:-1]]).any():
        raise InvalidValueError("kind_index", "must hold an advance in every credit", 0)
    is_paid_out = is_advance & (flows.amount_minor > 0)
    has_paid_out = np.concatenate(([0], np.cumsum(is_paid_out)))
    is_empty = has_paid_out[flows.offsets[1:]] == has_paid_out[flows.offsets[:-1]]
    # An advance of zero counts where there is no other.
    is_empty_row = np.repeat(is_empty, np.diff(flows.offsets))
    return _first(flows, is_paid_out | (is_advance & is_empty_row))


def _month_of(day: Int64s) -> Int64s:
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _month_start(month: Int64s) -> Int64s:
    return month.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _day_in_month(month: Int64s, month_day: Int64s) -> Int64s:
    start = _month_start(month)
    on: Int64s = start + np.minimum(month_day, _month_start(month + 1) - start) - 1
    return on


def _month_day(day: Int64s) -> Int64s:
    return day - _month_start(_month_of(day)) + 1


def _back(day: Int64s, months: Int64s | int, month_day: Int64s) -> Int64s:
    return _day_in_month(_month_of(day) - months, month_day)


def _months_back(
    from_day: Int64s, to_day: Int64s, month_day: Int64s
) -> tuple[Int64s, Int64s]:
    months = _month_of(to_day) - _month_of(from_day)
    start = _back(to_day, months, month_day)
    months -= (start < from_day) & (months > 0)
    return months, _back(to_day, months, month_day) - from_day


def _series_days(flows: FlowColumns, kind: int) -> Int64s:
    # Twin of `payment_series.series_due_day` for flows of one kind; 0 where a credit
    # has none. A day up to 28 is in every month and so changes nothing when counted
    # back: it gives 0 as well.
    is_in = (flows.kind_index == kind) & (flows.amount_minor > 0)
    row, day = flows.row[is_in], flows.day[is_in]
    is_new = np.ones(row.size, np.bool_)
    is_new[1:] = (row[1:] != row[:-1]) | (day[1:] != day[:-1])
    row, day = row[is_new], day[is_new]
    total = np.bincount(row, minlength=len(flows))
    best, due_day = np.zeros((2, len(flows)), np.int64)
    if (total < 2).all():
        return due_day
    month_day = _month_day(day)
    is_late = month_day >= _SHORTEST_MONTH
    row, day, month_day = row[is_late], day[is_late], month_day[is_late]
    is_month_end = _is_month_end(day)
    for one in range(_SHORTEST_MONTH, _LAST_DAY + 1):
        fits = (month_day == one) | ((month_day < one) & is_month_end)
        count = np.bincount(row[fits], minlength=len(flows))
        is_series = (count >= best) & (count >= 2) & (2 * count >= total)
        due_day = np.where(is_series, one if one > _SHORTEST_MONTH else 0, due_day)
        best = np.maximum(best, count)
    return due_day


def _counted_days(flows: FlowColumns, day: Int64s, due_day: int | None) -> Int64s:
    # The day of the month that counting back from each day keeps.
    paid_day = (
        _series_days(flows, _REPAYMENT)
        if due_day is None
        else np.full(len(flows), due_day, np.int64)
    )
    sizes = np.diff(flows.offsets)
    series_day = np.where(
        flows.is_received,
        np.repeat(_series_days(flows, _ADVANCE), sizes),
        np.repeat(paid_day, sizes),
    )
    month_day = _month_day(day)
    is_counted: Bools = (month_day < series_day) & _is_month_end(day)
    counted: Int64s = np.where(is_counted, series_day, month_day)
    return counted


def _is_month_end(day: Int64s) -> Bools:
    is_end: Bools = _month_of(day + 1) != _month_of(day)
    return is_end


def _eu_counts(
    from_day: Int64s, to_day: Int64s, period: EuPeriod
) -> tuple[Int64s, Floats]:
    # Twin of `eu_intervals.count_eu_interval`; the odd part is in periods.
    if period is EuPeriod.WEEK:
        whole, days = np.divmod(to_day - from_day, 7)
        back_day = from_day + days
    else:
        step = _YEAR_MONTHS if period is EuPeriod.YEAR else 1
        months = _month_of(to_day) - _month_of(from_day)
        months -= months % step
        forward = _day_in_month(_month_of(from_day) + months, _month_day(from_day))
        to_month_day = _month_day(to_day)
        is_late = _back(to_day, months, to_month_day) < from_day
        months -= step * (is_late & (forward != to_day))
        back_day = _back(to_day, months, to_month_day)
        back_day = np.where(forward == to_day, from_day, back_day)
        whole, days = months // step, back_day - from_day
    year_before = _back(back_day, _YEAR_MONTHS, _month_day(back_day))
    odd = days / (back_day - year_before) * period.per_year
    return whole, odd
