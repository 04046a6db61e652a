"""Rate factors of Apache Fineract: what one unit of debt costs over some days.

A factor is the yearly rate times a part of a year. Which part follows from two
settings, the days of a year and the days of a month, and from nothing else.

Quirks that are kept on purpose, each with the words that the documentation uses:

- **Period-share months**: with months of 30 days a period counts its own repayment
  interval, whatever the calendar says; days inside it count by their share of it.
- **Counted units**: for *interest* that interval is counted anew, as whole calendar
  units between the period's dates plus the rest of the days; for the *level
  installment* it is the agreed "every n units". They differ once a date was moved.
- **Year of the first day**: an actual year is 365 or 366 days long by the year in
  which the days begin.
- **Year split**: days across New Year are counted in two parts, up to 31 December by
  the old year and from there by the new one. Where interest is recognized on the day
  of disbursement, the border is 1 January.
- **Split over months**: that split applies with months of 30 days too.
- **Leap day only**: a year of 366 days counts only in a period that contains
  29 February, and only such a period is split at New Year.

Example:
    >>> import datetime as dt
    >>> from decimal import Decimal
    >>> from microcrm_core.dates import Frequency
    >>> from microcrm_core.loans import DaysInMonth, DaysInYear, SplitDayCount
    >>> from microcrm_core.loans.fineract_factors import FactorRule
    >>> rule = FactorRule(
    ...     day_count=SplitDayCount(
    ...         days_in_year=DaysInYear.DAYS_360, days_in_month=DaysInMonth.DAYS_30
    ...     ),
    ...     frequency=Frequency.MONTHLY,
    ...     start_on=dt.date(2024, 1, 1),
    ... )
    >>> whole = (dt.date(2024, 1, 1), dt.date(2024, 2, 1))
    >>> str(rule.for_interest(Decimal("0.07"), whole, whole[0]))
    '0.0058333333333333333'
"""

from __future__ import annotations

import calendar
import datetime as dt
from decimal import Decimal
from typing import Final, TypeAlias

import attrs

from microcrm_core.checks import day_field, kind_field
from microcrm_core.dates import Frequency, FrequencyUnit, add_months
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.conventions import (
    DaysInMonth,
    DaysInYear,
    LeapRule,
    SplitDayCount,
)
from microcrm_core.loans.fineract_numbers import (
    FINERACT_NUMBERS,
    ONE,
    ZERO,
    FineractNumbers,
)

__all__ = ["FactorRule", "Span"]

Span: TypeAlias = "tuple[dt.date, dt.date]"
"""A period: it runs from the close of the first date to the close of the second."""

_UNIT_DAYS: Final = {
    FrequencyUnit.MONTH: Decimal(30),
    FrequencyUnit.WEEK: Decimal(7),
    FrequencyUnit.DAY: ONE,
}

_LAST_CERTAIN_DAY: Final = 28


@attrs.frozen(kw_only=True)
class FactorRule:
    """How rate factors are computed for one loan.

    Attributes:
        day_count: Days of a year and of a month, and the leap rule.
        frequency: How often an installment is due: every n days, weeks or months.
        start_on: First day of the loan, from which periods are counted.
        has_interest_on_disbursement_day: Whether a year ends on 1 January rather than
            on 31 December.
        numbers: The digits of the computation.

    Raises:
        InvalidValueError: A field is of the wrong kind, or the frequency counts half
            months.

    Example:
        See `microcrm_core.loans.fineract_factors`.
    """

    day_count: SplitDayCount = attrs.field(validator=kind_field(SplitDayCount))
    frequency: Frequency = attrs.field(validator=kind_field(Frequency))
    start_on: dt.date = attrs.field(validator=day_field)
    has_interest_on_disbursement_day: bool = attrs.field(
        default=False, validator=kind_field(bool)
    )
    numbers: FineractNumbers = attrs.field(
        default=FINERACT_NUMBERS, validator=kind_field(FineractNumbers)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a frequency that this engine does not know."""
        if self.frequency.unit not in _UNIT_DAYS:
            rule = "must count days, weeks or months"
            raise InvalidValueError("frequency", rule, str(self.frequency))

    def for_level(self, rate: Decimal, period: Span, days: Span) -> Decimal:
        """Return the factor of *days* in *period* for the level installment."""
        return self._factor(rate, period, days, Decimal(self.frequency.count))

    def for_interest(
        self, rate: Decimal, period: Span, from_on: dt.date, units: Decimal = ZERO
    ) -> Decimal:
        """Return the factor from *from_on* to the end of *period*, for its interest.

        Args:
            rate: Yearly rate.
            period: The installment period.
            from_on: Where the days begin.
            units: What `units` returns for the period, where it is known already.
        """
        counted = ZERO
        if self.counts_units:
            counted = units or self.units(period)
        return self._factor(rate, period, (from_on, period[1]), counted)

    def counted(self, period: Span, from_on: dt.date) -> Decimal | None:
        """Return what *period* counts as, for interest from *from_on*.

        In months, weeks or days, as the frequency; None: days count as they are.
        """
        if not self.counts_units or self._is_split(period, (from_on, period[1])):
            return None
        return self.units(period)

    @property
    def counts_units(self) -> bool:
        """Whether periods count whole units, as months of 30 days do."""
        return self.day_count.days_in_month is DaysInMonth.DAYS_30

    def units(self, period: Span) -> Decimal:
        """Return how many calendar units *period* spans, with its part of one."""
        from_on, due_on = period
        is_month = self.frequency.unit is FrequencyUnit.MONTH
        if is_month and from_on.day == due_on.day < _LAST_CERTAIN_DAY:
            # No month end is near, so that there is nothing to count.
            return Decimal(_whole_months(from_on, due_on))
        seed_on = self._seed(period)
        skipped = self._whole_units(seed_on, from_on)
        whole = 0
        while True:
            next_on = self._plus(seed_on, skipped + whole + 1)
            if next_on > due_on:
                break
            whole += 1
        # Left-over days count by the length of the unit that they fall in. The dates
        # are taken from the seed, not from the period: they differ only where the
        # period starts at the seed anyway, or nothing is left over.
        last_on = self._plus(seed_on, skipped + whole)
        rest_days = (due_on - last_on).days
        if rest_days == 0:
            return Decimal(whole)
        part = self.numbers.divide(
            Decimal(rest_days), Decimal((next_on - last_on).days)
        )
        return self.numbers.add(part, Decimal(whole))

    def _factor(
        self, rate: Decimal, period: Span, days: Span, units: Decimal
    ) -> Decimal:
        numbers = self.numbers
        if period[0] == period[1]:
            return ZERO
        if self._is_split(period, days):
            fraction = self._year_parts(days)
            return numbers.factor(numbers.multiply(rate, fraction))
        day_number = Decimal((days[1] - days[0]).days)
        year_days = self._year_days(period, days[0])
        if not self.counts_units:
            fraction = numbers.divide(day_number, year_days)
            return numbers.factor(numbers.multiply(rate, fraction))
        unit_days = _UNIT_DAYS[self.frequency.unit]
        fraction = numbers.divide(numbers.multiply(unit_days, units), year_days)
        product = numbers.multiply(numbers.multiply(rate, fraction), day_number)
        period_days = Decimal((period[1] - period[0]).days)
        return numbers.factor(numbers.divide(product, period_days))

    def _year_days(self, period: Span, from_on: dt.date) -> Decimal:
        fixed = self.day_count.days_in_year.days
        if fixed is not None:
            return Decimal(fixed)
        if not calendar.isleap(from_on.year):
            return Decimal(365)
        if self.day_count.leap_rule is LeapRule.EVERY_DAY:
            return Decimal(366)
        return Decimal(366 if _has_leap_day(period) else 365)

    def _is_split(self, period: Span, days: Span) -> bool:
        if days[0].year == days[1].year:
            return False
        if self.day_count.days_in_year is not DaysInYear.ACTUAL:
            return False
        return self.day_count.leap_rule is LeapRule.EVERY_DAY or _has_leap_day(period)

    def _year_parts(self, days: Span) -> Decimal:
        from_on, end_on = days
        total = ZERO
        for year in range(from_on.year, end_on.year + 1):
            to_on = end_on
            if year < end_on.year:
                to_on = dt.date(year, 12, 31)
                if self.has_interest_on_disbursement_day:
                    to_on = dt.date(year + 1, 1, 1)
            length = Decimal(366 if calendar.isleap(year) else 365)
            part = self.numbers.divide(Decimal((to_on - from_on).days), length)
            total = self.numbers.add_rounded(total, part)
            from_on = to_on
        return total

    def _seed(self, period: Span) -> dt.date:
        # A period on the regular dates of the loan is counted from the loan's first
        # day, so that a short month in between does not shift it.
        from_on, due_on = period
        reached = self._whole_units(self.start_on, due_on)
        for count in (reached, reached + 1):
            regular_on = self._plus(self.start_on, count)
            if count > 0 and regular_on == due_on:
                before_on = self._plus(regular_on, -self.frequency.count)
                return self.start_on if before_on == from_on else from_on
        return from_on

    def _whole_units(self, from_on: dt.date, to_on: dt.date) -> int:
        if self.frequency.unit is FrequencyUnit.MONTH:
            return _whole_months(from_on, to_on)
        step = 7 if self.frequency.unit is FrequencyUnit.WEEK else 1
        return (to_on - from_on).days // step

    def _plus(self, on: dt.date, units: int) -> dt.date:
        if self.frequency.unit is FrequencyUnit.MONTH:
            return add_months(on, units)
        step = 7 if self.frequency.unit is FrequencyUnit.WEEK else 1
        return on + dt.timedelta(days=units * step)


def _whole_months(from_on: dt.date, to_on: dt.date) -> int:
    months = (to_on.year - from_on.year) * 12 + to_on.month - from_on.month
    if to_on.day >= from_on.day:
        return months
    # The last day of a month completes it for every later day that it lacks.
    is_month_end = to_on.day == calendar.monthrange(to_on.year, to_on.month)[1]
    return months if is_month_end else months - 1


def _has_leap_day(period: Span) -> bool:
    from_on, due_on = period
    return any(
        calendar.isleap(year) and from_on < dt.date(year, 2, 29) <= due_on
        for year in range(from_on.year, due_on.year + 1)
    )
