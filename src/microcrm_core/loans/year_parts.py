"""Days as a convention counts them: 30 of 360, or 16 of 365 and 15 of 366.

A fraction of a year is enough to compute with. People check days: those of the
calendar, and those that the convention makes of them. Here the fraction of a slice is
written as such days again, and a note says where it is not what its days come to.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT_30_360
    >>> from microcrm_core.loans.periods import interest_periods
    >>> from microcrm_core.loans.portions import payouts
    >>> from microcrm_core.loans.year_parts import YearParts
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=1,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> [period] = interest_periods(terms, STRICT_30_360, payouts(terms, STRICT_30_360))
    >>> [part] = YearParts(terms, STRICT_30_360).of(period, period.slices[0])
    >>> int(part.count), int(part.per_year)
    (30, 360)
"""

from __future__ import annotations

import datetime as dt
from calendar import isleap
from fractions import Fraction
from typing import Final

import attrs

from microcrm_core.dates import DayCount, roll_date
from microcrm_core.loans.conventions import (
    Accrual,
    LeapRule,
    ScheduleConventions,
    ShortPeriod,
    SplitDayCount,
)
from microcrm_core.loans.periods import InterestPeriod, PeriodSlice
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.loans.terms import LoanTerms
from microcrm_core.loans.working_parts import CountUnit, SliceNote, YearPart

__all__ = ["YearParts"]

_YEAR_DAYS: Final = {
    DayCount.THIRTY_360_BOND: 360,
    DayCount.THIRTY_360_US: 360,
    DayCount.THIRTY_E_360: 360,
    DayCount.THIRTY_E_360_ISDA: 360,
    DayCount.ACT_360: 360,
    DayCount.ACT_364: 364,
    DayCount.ACT_365F: 365,
    DayCount.NL_365: 365,
    DayCount.BUS_252: 252,
}


@attrs.frozen
class YearParts:
    """What the conventions of one loan count on its days.

    Attributes:
        terms: What was agreed.
        conventions: How days are counted.

    Example:
        See `microcrm_core.loans.year_parts`.
    """

    terms: LoanTerms
    conventions: ScheduleConventions

    def of(self, period: InterestPeriod, part: PeriodSlice) -> tuple[YearPart, ...]:
        """Return the fraction of a slice as days or periods that the convention counts.

        They add up to the fraction. None where the convention counts whole years
        first, and knows days only in what is left of them.
        """
        day_count = self.conventions.day_count
        is_by_periods = self.conventions.accrual is Accrual.PER_PERIOD
        if is_by_periods or day_count is DayCount.ACT_ACT_ICMA:
            per_year = self.terms.frequency.periods_per_year
            return (_part(part.fraction, per_year, CountUnit.PERIODS),)
        if isinstance(day_count, SplitDayCount):
            year_days = day_count.days_in_year.days
        else:
            year_days = _YEAR_DAYS.get(day_count)
        if year_days is not None:
            is_business = day_count is DayCount.BUS_252
            unit = CountUnit.BUSINESS_DAYS if is_business else CountUnit.DAYS
            return (_part(part.fraction, Fraction(year_days), unit),)
        if isinstance(day_count, SplitDayCount) or day_count is DayCount.ACT_ACT_ISDA:
            return self._by_years(period, part)
        for length in (365, 366):
            if Fraction(part.days, length) == part.fraction:
                return (_part(part.fraction, Fraction(length), CountUnit.DAYS),)
        return ()

    def note(
        self, period: InterestPeriod, part: PeriodSlice, *, is_first: bool
    ) -> SliceNote | None:
        """Return why a slice bears other interest than its days say; None: it does not.

        Args:
            period: The period of the slice.
            part: The slice.
            is_first: Whether the period is the first one.
        """
        if period.is_interest_free:
            return SliceNote.INTEREST_FREE
        if part.annual_rate != part.agreed_rate:
            return SliceNote.PAUSED
        short = self.conventions.short_period
        if is_first and short is not ShortPeriod.BY_DAYS and self._is_short:
            is_free = short is ShortPeriod.INTEREST_FREE
            return SliceNote.SHORT_FREE if is_free else SliceNote.SHORT_WHOLE
        return None

    @property
    def _is_short(self) -> bool:
        # Agreed dates know no period that would have been there.
        if self.terms.due_on:
            return False
        notional_start_on = roll_date(
            self.terms.first_due_on, self.terms.frequency, -1, self.conventions.roll
        )
        return self.terms.disbursed_on > notional_start_on

    def _by_years(
        self, period: InterestPeriod, part: PeriodSlice
    ) -> tuple[YearPart, ...]:
        days = self._days_by_length(period, part)
        actual = sum(
            (Fraction(count, length) for length, count in days.items()), Fraction(0)
        )
        if not actual:
            return ()
        # Months of 30 days, and a short period that counts whole, change the number of
        # days and leave each its year.
        scale = part.fraction / actual
        return tuple(
            YearPart(
                count=count * scale, per_year=Fraction(length), unit=CountUnit.DAYS
            )
            for length, count in days.items()
        )

    def _days_by_length(
        self, period: InterestPeriod, part: PeriodSlice
    ) -> dict[int, int]:
        """Return how many days lie in years of 365 and of 366 days, in order."""
        shift, day_count = 0, self.conventions.day_count
        if isinstance(day_count, SplitDayCount):
            is_leap_day_asked = day_count.leap_rule is LeapRule.FEB_29_PERIOD_ONLY
            if is_leap_day_asked and not _has_leap_day(period):
                return {365: part.days}
            # A day belongs to the year in which it ends, unless the first day counts.
            shift = 0 if self.conventions.has_interest_on_disbursement_day else 1
        first = part.start_day + EPOCH_ORDINAL + shift
        end = part.end_day + EPOCH_ORDINAL + shift
        found: dict[int, int] = {}
        while first < end:
            year = dt.date.fromordinal(first).year
            length = 366 if isleap(year) else 365
            upto = min(end, dt.date(year, 1, 1).toordinal() + length)
            found[length] = found.get(length, 0) + upto - first
            first = upto
        return found


def _part(fraction: Fraction, per_year: Fraction, unit: CountUnit) -> YearPart:
    return YearPart(count=fraction * per_year, per_year=per_year, unit=unit)


def _has_leap_day(period: InterestPeriod) -> bool:
    start_on = dt.date.fromordinal(period.start_day + EPOCH_ORDINAL)
    end_on = dt.date.fromordinal(period.end_day + EPOCH_ORDINAL)
    return any(
        isleap(year) and start_on < dt.date(year, 2, 29) <= end_on
        for year in range(start_on.year, end_on.year + 1)
    )
