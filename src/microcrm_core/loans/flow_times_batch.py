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
    days = flows.day - _at_first(flows, flows.day)
    return _timed(flows, days, None, float(_YEAR_OF_DAYS[day_count]))


def eu_times_rows(flows: FlowColumns, period: EuPeriod) -> TimedFlowColumns:
    """Return the periods of each flow since the first advance of its credit.

    Twin of `flow_times.eu_times` with *period* named.

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
            None: read from the days of each credit's repayments.

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
    zero_day = _at_first(flows, flows.day)
    if unit_period.unit in {UnitPeriodUnit.DAY, UnitPeriodUnit.WEEK}:
        whole, odd_days = np.divmod(flows.day - zero_day, unit_period.length_days)
        odd = odd_days / unit_period.length_days
        return _timed(flows, whole, odd, float(unit_period.per_year))
    series_day = (
        _series_days(flows)
        if due_day is None
        else np.full(len(flows), due_day, np.int64)
    )
    counted_day = _counted_days(flows, series_day)
    months, odd_days = _months_back(zero_day, flows.day, counted_day)
    if unit_period.unit is UnitPeriodUnit.YEAR:
        whole, rest = np.divmod(months, _YEAR_MONTHS)
        years_back = _back(flows.day, _YEAR_MONTHS * whole, counted_day)
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


def _at_first(flows: FlowColumns, values: Int64s) -> Int64s:
    starts = np.minimum(flows.offsets[:-1], max(values.size - 1, 0))
    firsts = values[starts] if values.size else np.zeros(len(flows), np.int64)
    return np.repeat(firsts, np.diff(flows.offsets))


def _first_advance(flows: FlowColumns) -> Int64s:
    advances = np.flatnonzero(flows.kind_index == _ADVANCE)
    position = np.searchsorted(advances, flows.offsets[:-1])
    has_advance = position < advances.size
    found = advances[np.minimum(position, max(advances.size - 1, 0))]
    if not advances.size or not (has_advance & (found < flows.offsets[1:])).all():
        if len(flows) == 0:
            return np.zeros(0, np.int64)
        raise InvalidValueError("kind_index", "must hold an advance in every credit", 0)
    return np.repeat(flows.day[found], np.diff(flows.offsets))


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


def _series_days(flows: FlowColumns) -> Int64s:
    # Twin of `payment_series.series_due_day`, 0 where a credit has none.
    is_paid = (flows.kind_index == _REPAYMENT) & (flows.amount_minor > 0)
    row, day = flows.row[is_paid], flows.day[is_paid]
    is_new = np.ones(row.size, np.bool_)
    is_new[1:] = (row[1:] != row[:-1]) | (day[1:] != day[:-1])
    row, day = row[is_new], day[is_new]
    month_day = _month_day(day)
    is_month_end = _month_of(day + 1) != _month_of(day)
    count = np.bincount(row, minlength=len(flows))
    largest = np.zeros(len(flows), np.int64)
    np.maximum.at(largest, row, month_day)
    fits = is_month_end | (month_day == largest[row])
    all_fit = np.bincount(row[fits], minlength=len(flows)) == count
    all_ends = np.bincount(row[is_month_end], minlength=len(flows)) == count
    due_day = np.where(all_ends, _LAST_DAY, np.where(all_fit, largest, 0))
    return np.where(count >= 2, due_day, 0)


def _counted_days(flows: FlowColumns, series_day: Int64s) -> Int64s:
    # The day of the month that counting back keeps, for each flow.
    due_day = np.repeat(series_day, np.diff(flows.offsets))
    month_day = _month_day(flows.day)
    is_month_end = _month_of(flows.day + 1) != _month_of(flows.day)
    is_in_series: Bools = (month_day == due_day) | (
        (month_day < due_day) & is_month_end
    )
    is_counted = is_in_series & ~flows.is_received
    counted: Int64s = np.where(is_counted, due_day, month_day)
    return counted


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
