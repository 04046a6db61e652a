"""How much interest each period of many loans bears: whole numbers over a constant.

The interest of a period is balance × weight ÷ unit. The weight is the yearly rate in
parts per million times the days that a day count finds in the period, the unit a
million times the days of its year. Day counts that have no such whole numbers are
refused by name. Twin of `periods` and `period_fractions`.

Example:
    See `PeriodWeights`.
"""

from __future__ import annotations

from math import gcd
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s
from microcrm_core.dates import DayCount, Frequency, FrequencyUnit
from microcrm_core.dates.business_days_batch import adjust_dates
from microcrm_core.loans.calendar_tables_batch import CalendarTables
from microcrm_core.loans.conventions import (
    Accrual,
    Collision,
    ScheduleConventions,
    ShortPeriod,
    SplitDayCount,
)
from microcrm_core.loans.day_counts_batch import (
    MIXED_YEAR_UNIT,
    YEAR_UNITS,
    actual_year_days,
    count_period_days,
)
from microcrm_core.loans.due_days_batch import (
    due_days,
    due_doms,
    months_and_doms,
    series_days,
)
from microcrm_core.loans.held_conventions_batch import (
    has_even_periods,
    has_notional_periods,
    is_interest_moved,
)
from microcrm_core.loans.month_grid_batch import GRID_WIDTH, DayTable
from microcrm_core.loans.notional_batch import calendar_months, notional_counts

__all__ = ["PeriodWeights", "WeightQuestion"]

_PPM: Final = 1_000_000
_UNIT_DAYS: Final = {
    FrequencyUnit.MONTH: 30,
    FrequencyUnit.SEMIMONTH: 15,
    FrequencyUnit.WEEK: 7,
    FrequencyUnit.DAY: 1,
}


@attrs.frozen(kw_only=True, eq=False)
class WeightQuestion:
    """Some loans of one frequency and length, and how their interest is counted.

    Attributes:
        annual_ppm: Nominal yearly rates; shape (loans,), as the next two.
        planned_day: Days from which interest runs.
        first_due_day: First due days.
        frequency: Time from one due day to the next.
        count: Number of installments.
        interest_free_count: First periods that bear no interest.
        conventions: How days are moved and counted.
        has_series: Whether due days before they are moved are asked for.
        is_late: Whether some due day is after the 28th.
        tables: What is known of the calendar around these days.
        memory: Where weights are written, of as many values as there are periods of
            loans, or more; None: new memory.

    Example:
        See `PeriodWeights`.
    """

    annual_ppm: Int64s
    planned_day: Int64s
    first_due_day: Int64s
    frequency: Frequency
    count: int
    interest_free_count: int
    conventions: ScheduleConventions
    has_series: bool = False
    is_late: bool = True
    tables: CalendarTables = attrs.field(factory=CalendarTables.empty)
    memory: Int64s | None = None

    @property
    def is_even(self) -> bool:
        """Whether the periods after the first are alike for each loan."""
        return has_even_periods(self.frequency, self.conventions, is_late=self.is_late)


@attrs.frozen(kw_only=True, eq=False)
class PeriodWeights:
    """The weights of some loans' periods, and their due days where they are needed.

    Attributes:
        weights: A line for each period; periods that are alike share one.
        largest: A weight that is no smaller than any of each loan.
        unit: What weights are counted in; even.
        first_unit: The same for the first period, one for each loan, where it is not
            a regular one; None: as the others.
        is_ordered: False where due days are in a wrong order, or meet and would be
            merged: no such schedule can be held.
        due_day: Due days, (installments, loans); None: not computed.
        series_day: The same before they are moved; None: not asked for.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.dates import Frequency
        >>> from microcrm_core.loans import STRICT_30_360
        >>> from microcrm_core.loans.weights_batch import PeriodWeights, WeightQuestion
        >>> found = PeriodWeights.of(
        ...     WeightQuestion(
        ...         annual_ppm=np.array([120_000]),
        ...         planned_day=np.array([0]),
        ...         first_due_day=np.array([45]),
        ...         frequency=Frequency.MONTHLY,
        ...         count=2,
        ...         interest_free_count=0,
        ...         conventions=STRICT_30_360,
        ...     )
        ... )
        >>> [line.tolist() for line in found.weights], found.unit
        ([[5280000], [3600000]], 360000000)
    """

    weights: list[Int64s]
    largest: Int64s
    unit: int
    first_unit: Int64s | None
    is_ordered: Bools | None
    due_day: Int64s | None
    series_day: Int64s | None

    @classmethod
    def of(
        cls, asked: WeightQuestion, *, due_day: Int64s | None = None
    ) -> PeriodWeights:
        """Return the weights; *due_day* is a matrix to write due days into.

        Raises:
            InvalidValueError: A due day of some row leaves the calendar, or the years
                of the calendar of business days.
        """
        conventions = asked.conventions
        is_even = asked.is_even
        line = _Lines(asked)
        dates = None
        needs_bounds = not is_even and not line.has_grid
        is_moving = conventions.business_days is not None
        if due_day is not None or needs_bounds or is_moving or asked.has_series:
            dates = _Dates.of(asked, due_day)
        bounds = None if dates is None else dates.bounds
        if bounds is None:
            bounds = np.stack([asked.planned_day, asked.first_due_day])
        if is_even:
            found = line.regular(bounds)
        elif line.has_grid:
            found = line.from_grid(bounds)
        else:
            found = line.counted(bounds)
        zero = np.zeros_like(asked.annual_ppm)
        for number in range(min(asked.interest_free_count, asked.count)):
            found.lines[number] = zero
        return cls(
            weights=found.lines,
            largest=found.largest,
            unit=found.unit,
            first_unit=found.first_unit,
            is_ordered=None if dates is None else dates.is_ordered,
            due_day=None if dates is None else dates.due_day,
            series_day=None if dates is None else dates.series_day,
        )


@attrs.frozen(kw_only=True, eq=False)
class _Dates:
    """Due days, the same before they are moved, and the bounds of periods."""

    due_day: Int64s
    series_day: Int64s
    bounds: Int64s
    is_ordered: Bools | None

    @classmethod
    def of(cls, asked: WeightQuestion, out: Int64s | None) -> _Dates:
        conventions = asked.conventions
        series = due_days(
            asked.first_due_day, asked.frequency, asked.count, conventions.roll, out=out
        )
        start = asked.planned_day[None]
        business_days = conventions.business_days
        if business_days is None:
            bounds = np.concatenate([start, series])
            return cls(
                due_day=series, series_day=series, bounds=bounds, is_ordered=None
            )
        moved = adjust_dates(
            series.reshape(-1), business_days.rule, business_days.calendar
        ).reshape(series.shape)
        is_merged = business_days.collision is Collision.MERGED
        gap_days = np.diff(moved, axis=0)
        is_ordered = (moved[0] > asked.planned_day) & (gap_days >= is_merged).all(
            axis=0
        )
        unmoved = series.copy()
        series[:] = moved
        ends = moved if is_interest_moved(conventions) else unmoved
        return cls(
            due_day=series,
            series_day=unmoved,
            bounds=np.concatenate([start, ends]),
            is_ordered=np.asarray(is_ordered),
        )


@attrs.frozen(eq=False)
class _Weights:
    lines: list[Int64s]
    largest: Int64s
    unit: int
    first_unit: Int64s | None = None


@attrs.frozen(eq=False)
class _Lines:
    """Weights from the bounds of periods; at least those of the first one."""

    asked: WeightQuestion

    @property
    def has_grid(self) -> bool:
        """Whether the days of a period follow from month and day of the month."""
        asked = self.asked
        return (
            asked.frequency.unit is FrequencyUnit.MONTH
            and asked.tables.grid is not None
            and not is_interest_moved(asked.conventions)
            # Here the last period counts in another way.
            and asked.conventions.day_count is not DayCount.THIRTY_E_360_ISDA
        )

    def regular(self, bounds: Int64s) -> _Weights:
        """Return one weight for the first period, and one for all others."""
        asked = self.asked
        if not has_notional_periods(asked.conventions):
            rate, unit = self._rates()
            first = rate * self._first_days(bounds)
            rest = rate * self._regular_days
            weights = [self._without_short(first), *([rest] * (asked.count - 1))]
            return _Weights(weights, np.maximum(first, rest), unit)
        numerator, denominator = self._notional_part
        rest = asked.annual_ppm * numerator
        unit = _PPM * denominator
        first_num, first_den = self._first_counts()
        first = self._without_short(rest * first_num)
        weights = [first, *([rest] * (asked.count - 1))]
        return _Weights(weights, rest, unit, unit * first_den)

    def _first_days(self, bounds: Int64s) -> Int64s:
        days: Int64s = self._days(self._starts(bounds[:2]))[0]
        return days

    def from_grid(self, bounds: Int64s) -> _Weights:
        """Return a weight for every period, by months and days of the month."""
        asked = self.asked
        grid, step = asked.tables.grid, asked.frequency.count
        period_days = asked.tables.period_days(step, self._days)
        assert grid is not None  # `has_grid` says so
        assert period_days is not None
        month, dom = months_and_doms(asked.first_due_day, asked.tables.days)
        index = grid.index(month, due_doms(dom, asked.conventions.roll))
        weight = self._empty()
        weight[0] = self._first_days(bounds)
        for number in range(1, asked.count):
            later = period_days[GRID_WIDTH * step * (number - 1) :]
            np.take(later, index, out=weight[number], mode="clip")
        is_off = grid.days[index] != asked.first_due_day
        has_off = asked.count > 1 and is_off.any()
        if has_off:
            # The first due day was agreed apart from the days of the series.
            second_day = grid.days[index + GRID_WIDTH * step]
            second = self._days(np.stack([asked.first_due_day, second_day]))[0]
            weight[1] = np.where(is_off, second, weight[1])
        rate, unit = self._rates()
        for line in weight:
            np.multiply(line, rate, out=line)
        weight[0] = self._without_short(weight[0])
        largest = rate * int(period_days.max(initial=0))
        if has_off:
            np.maximum(largest, weight[1], out=largest)
        np.maximum(largest, weight[0], out=largest)
        return _Weights(list(weight), largest, unit)

    def _empty(self) -> Int64s:
        shape = (self.asked.count, self.asked.annual_ppm.size)
        memory = self.asked.memory
        if memory is None:
            return np.empty(shape, np.int64)
        return memory[: shape[0] * shape[1]].reshape(shape)

    def counted(self, bounds: Int64s) -> _Weights:
        """Return a weight for every period, by its days."""
        weight = self._days(self._starts(bounds))
        rate, unit = self._rates()
        np.multiply(weight, rate, out=weight)
        weight[0] = self._without_short(weight[0])
        return _Weights(list(weight), weight.max(axis=0), unit)

    def _rates(self) -> tuple[Int64s, int]:
        """Return the yearly rates as whole numbers, and the unit of weights."""
        annual_ppm = self.asked.annual_ppm
        day_count = self.asked.conventions.day_count
        if isinstance(day_count, SplitDayCount):
            year = day_count.days_in_year.days or MIXED_YEAR_UNIT
        else:
            year = YEAR_UNITS[day_count]
        if year < MIXED_YEAR_UNIT:
            return annual_ppm, _PPM * year
        # Rates are round: what they have in common keeps products small.
        common = gcd(_PPM, int(np.gcd.reduce(annual_ppm)))
        return annual_ppm // common, _PPM // common * year

    @property
    def _regular_days(self) -> int:
        frequency = self.asked.frequency
        return frequency.count * _UNIT_DAYS[frequency.unit]

    @property
    def _notional_part(self) -> tuple[int, int]:
        """What part of a year a regular period is, by definition."""
        day_count = self.asked.conventions.day_count
        is_by_days = self.asked.conventions.accrual is Accrual.DAILY
        if is_by_days and isinstance(day_count, SplitDayCount):
            year_days = day_count.days_in_year.days
            assert year_days is not None  # the others are refused
            return self._regular_days, year_days
        part = 1 / self.asked.frequency.periods_per_year
        return part.numerator, part.denominator

    def _first_counts(self) -> tuple[Int64s, Int64s]:
        """Return how many regular periods the first ones are."""
        asked = self.asked
        conventions = asked.conventions
        is_split = isinstance(conventions.day_count, SplitDayCount)
        start_day, due_day = asked.planned_day, asked.first_due_day
        if conventions.short_period is ShortPeriod.WHOLE_PERIOD:
            start_day = np.minimum(start_day, self._notional_start_day)
        is_by_months = asked.frequency.unit is FrequencyUnit.MONTH
        if conventions.accrual is Accrual.DAILY and is_split and is_by_months:
            months, month_days = calendar_months(start_day, due_day)
            # From one date of the series to the next, months count as agreed.
            is_regular = start_day == self._notional_start_day
            numerator = np.where(is_regular, 1, months)
            denominator = np.where(is_regular, 1, month_days * asked.frequency.count)
            return numerator, denominator
        return notional_counts(start_day, due_day, asked.frequency, conventions.roll)

    def _days(self, bounds: Int64s) -> Int64s:
        conventions = self.asked.conventions
        day_count = conventions.day_count
        if not isinstance(day_count, SplitDayCount):
            is_yearly = self.asked.frequency.periods_per_year <= 1
            return count_period_days(
                day_count, bounds, is_yearly=is_yearly, table=self._table(bounds)
            )
        if day_count.days_in_year.days is not None:
            return np.asarray(np.diff(bounds, axis=0), np.int64)
        return actual_year_days(
            bounds,
            shift_days=0 if conventions.has_interest_on_disbursement_day else 1,
            leap_rule=day_count.leap_rule,
        )

    def _table(self, bounds: Int64s) -> DayTable | None:
        table = self.asked.tables.days
        return table if table is not None and table.holds(bounds) else None

    @property
    def _notional_start_day(self) -> Int64s:
        asked = self.asked
        roll = asked.conventions.roll
        return series_days(asked.first_due_day, asked.frequency, -1, roll)

    def _starts(self, bounds: Int64s) -> Int64s:
        """Return the bounds, where a short first period counts as a whole one."""
        if self.asked.conventions.short_period is not ShortPeriod.WHOLE_PERIOD:
            return bounds
        start_day = np.minimum(bounds[0], self._notional_start_day)
        return np.concatenate([start_day[None], bounds[1:]])

    def _without_short(self, weight: Int64s) -> Int64s:
        """Return the first weights, where short periods may bear no interest."""
        if self.asked.conventions.short_period is not ShortPeriod.INTEREST_FREE:
            return weight
        is_short = self.asked.planned_day > self._notional_start_day
        return np.asarray(np.where(is_short, 0, weight), np.int64)
