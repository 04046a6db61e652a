"""How much of a year each interest period of a loan is, exactly.

Two questions decide. Is interest counted by days, as a day count says, or does every
period count as the same part of a year? And what is the first period measured
against, if the loan was paid out between two due dates? The notional periods, which
would have been there, answer the second one. Read `periods` next.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.loans.period_fractions import PeriodFractions
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=1,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> fractions = PeriodFractions(
    ...     terms=terms,
    ...     conventions=STRICT,
    ...     series_on=(dt.date(2025, 2, 15),),
    ...     bounds_on=(dt.date(2025, 1, 15), dt.date(2025, 2, 15)),
    ... )
    >>> fractions.to(0, dt.date(2025, 1, 25)), fractions.to(0, dt.date(2025, 2, 15))
    (Fraction(2, 73), Fraction(31, 365))
"""

from __future__ import annotations

import datetime as dt
from calendar import isleap
from collections.abc import Callable
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.dates import (
    DayCount,
    FrequencyUnit,
    add_months,
    notional_periods,
    roll_date,
    year_fraction,
)
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.conventions import (
    Accrual,
    DaysInMonth,
    LeapRule,
    ScheduleConventions,
    ShortPeriod,
    SplitDayCount,
)
from microcrm_core.loans.terms import LoanTerms

__all__ = ["PeriodFractions"]

_ZERO: Final = Fraction(0)
_UNIT_DAYS: Final = {
    FrequencyUnit.MONTH: 30,
    FrequencyUnit.SEMIMONTH: 15,
    FrequencyUnit.WEEK: 7,
    FrequencyUnit.DAY: 1,
}


@attrs.frozen(kw_only=True)
class PeriodFractions:
    """The fractions of a year of one loan's periods.

    Attributes:
        terms: What was agreed.
        conventions: How days are counted.
        series_on: Due dates before any was moved to a business day.
        bounds_on: Where interest periods meet: the disbursement first, then one
            date for each installment.

    Example:
        See `microcrm_core.loans.period_fractions`.
    """

    terms: LoanTerms
    conventions: ScheduleConventions
    series_on: tuple[dt.date, ...]
    bounds_on: tuple[dt.date, ...]

    def to(self, row: int, on: dt.date) -> Fraction:
        """Return the fraction of a year from the start of a period to a date in it.

        Args:
            row: Position of the period, from 0.
            on: A date in the period; its end gives the whole of it.

        Raises:
            InvalidValueError: The day count needs a calendar and there is none.
        """
        short = self.conventions.short_period
        if row == 0 and short is not ShortPeriod.BY_DAYS and self._is_short:
            if short is ShortPeriod.INTEREST_FREE:
                return _ZERO
            return self._shared(0, on, self._whole_period())
        if self.conventions.accrual is Accrual.PER_PERIOD:
            whole = self._notional_count(row) / self.terms.frequency.periods_per_year
            return self._shared(row, on, whole)
        start_on, end_on = self.bounds_on[row], self.bounds_on[row + 1]
        if start_on == end_on:
            return _ZERO
        return self._daily(start_on, end_on, on, lambda: self._units(row))

    @property
    def _notional_start_on(self) -> dt.date:
        return self._regular_on(-1)

    def _regular_on(self, index: int) -> dt.date:
        terms, roll = self.terms, self.conventions.roll
        return roll_date(terms.first_due_on, terms.frequency, index, roll)

    @property
    def _is_short(self) -> bool:
        # Agreed dates know no period that would have been there.
        if self.terms.due_on:
            return False
        return self.terms.disbursed_on > self._notional_start_on

    def _whole_period(self) -> Fraction:
        if self.conventions.accrual is Accrual.PER_PERIOD:
            return 1 / self.terms.frequency.periods_per_year
        end_on = self.bounds_on[1]
        units = Fraction(self.terms.frequency.count)
        return self._daily(self._notional_start_on, end_on, end_on, lambda: units)

    def _shared(self, row: int, on: dt.date, whole: Fraction) -> Fraction:
        start_on, end_on = self.bounds_on[row], self.bounds_on[row + 1]
        if on == end_on:
            return whole
        return whole * Fraction((on - start_on).days, (end_on - start_on).days)

    def _notional_count(self, row: int) -> Fraction:
        """Return how many regular periods a period comes to."""
        is_first = row == 0
        is_last = row == len(self.series_on) - 1 and self.terms.last_due_on is not None
        if self.terms.due_on or not (is_first or is_last):
            return Fraction(1)
        start_on = self.terms.disbursed_on if is_first else self.series_on[row - 1]
        return self._notional_overlap(start_on, self.series_on[row])

    def _notional_overlap(self, start_on: dt.date, end_on: dt.date) -> Fraction:
        count = _ZERO
        for from_on, to_on in notional_periods(
            start_on,
            end_on,
            anchor_on=self.terms.first_due_on,
            frequency=self.terms.frequency,
            roll=self.conventions.roll,
        ):
            days = (min(end_on, to_on) - max(start_on, from_on)).days
            if days > 0:
                count += Fraction(days, (to_on - from_on).days)
        return count

    def _daily(
        self,
        start_on: dt.date,
        end_on: dt.date,
        on: dt.date,
        units: Callable[[], Fraction],
    ) -> Fraction:
        if on == start_on:
            return _ZERO
        day_count = self.conventions.day_count
        if isinstance(day_count, SplitDayCount):
            years = self._split_years(day_count, (start_on, end_on), on)
            if day_count.days_in_month is DaysInMonth.ACTUAL:
                return years
            counted = _UNIT_DAYS[self.terms.frequency.unit] * units()
            return years * counted / (end_on - start_on).days
        periods_per_year = self.terms.frequency.periods_per_year
        if day_count is DayCount.ACT_ACT_ICMA:
            if self.terms.due_on:
                days = Fraction((on - start_on).days, (end_on - start_on).days)
                return days / periods_per_year
            return self._notional_overlap(start_on, on) / periods_per_year
        business_days = self.conventions.business_days
        if day_count is DayCount.BUS_252 and business_days is None:
            rule = "must be given for BUS/252"
            raise InvalidValueError("business_days", rule, None)
        return year_fraction(
            day_count,
            start_on,
            on,
            termination_on=self.bounds_on[-1],
            # ACT/365L asks only whether the period is a year.
            frequency=1 if periods_per_year <= 1 else 2,
            period_end_on=end_on,
            calendar=None if business_days is None else business_days.calendar,
        )

    def _split_years(
        self, day_count: SplitDayCount, period: tuple[dt.date, dt.date], on: dt.date
    ) -> Fraction:
        """Return the actual days to a date, each over the days of its year."""
        start_on, end_on = period
        year_days = day_count.days_in_year.days
        if year_days is not None:
            return Fraction((on - start_on).days, year_days)
        if day_count.leap_rule is LeapRule.FEB_29_PERIOD_ONLY and not any(
            isleap(year) and start_on < dt.date(year, 2, 29) <= end_on
            for year in range(start_on.year, end_on.year + 1)
        ):
            return Fraction((on - start_on).days, 365)
        # A day belongs to the year in which it ends, unless the first day counts.
        shift = 0 if self.conventions.has_interest_on_disbursement_day else 1
        first, end = start_on.toordinal() + shift, on.toordinal() + shift
        years = _ZERO
        for year in range(start_on.year, on.year + 2):
            january = dt.date(year, 1, 1).toordinal()
            length = 366 if isleap(year) else 365
            days = min(end, january + length) - max(first, january)
            if days > 0:
                years += Fraction(days, length)
        return years

    def _units(self, row: int) -> Fraction:
        """Return how many days, weeks, months or half months a period counts."""
        frequency = self.terms.frequency
        if frequency.unit is FrequencyUnit.SEMIMONTH:
            return self._notional_count(row)
        start_on, end_on = self.bounds_on[row], self.bounds_on[row + 1]
        if self._is_regular(row, start_on, end_on):
            return Fraction(frequency.count)
        if frequency.unit is not FrequencyUnit.MONTH:
            step_days = _UNIT_DAYS[frequency.unit]
            return Fraction((end_on - start_on).days, step_days)
        months = 12 * (end_on.year - start_on.year) + end_on.month - start_on.month
        while add_months(start_on, months) > end_on:
            months -= 1
        last_on = add_months(start_on, months)
        month_days = (add_months(start_on, months + 1) - last_on).days
        return months + Fraction((end_on - last_on).days, month_days)

    def _is_regular(self, row: int, start_on: dt.date, end_on: dt.date) -> bool:
        if self.terms.due_on or end_on != self.series_on[row]:
            return False
        # A last date of its own is regular where the series has the same one.
        if self.terms.last_due_on is not None and end_on != self._regular_on(row):
            return False
        if row > 0:
            return start_on == self.series_on[row - 1]
        return start_on == self._notional_start_on
