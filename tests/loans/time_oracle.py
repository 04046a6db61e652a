"""Dates, parts of a year and rounding once more, slowly, for the laws of schedules.

Nothing here calls the library: it reads the fields of terms and conventions only. Days
are counted one by one, so that every rule is as close to its words as code can be.
"""

from __future__ import annotations

import datetime as dt
from calendar import isleap, monthrange
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from microcrm_core.dates import BusinessDayRule, DayCount, FrequencyUnit, RollKind
from microcrm_core.loans import (
    Accrual,
    DaysInMonth,
    InterestDate,
    LeapRule,
    LoanTerms,
    ScheduleConventions,
    ShortPeriod,
    SplitDayCount,
)
from microcrm_core.rounding import Rounding

DAY = dt.timedelta(days=1)
SUNDAY = 6
Period = tuple[dt.date, dt.date]

ORACLE_DAY_COUNTS = (
    DayCount.ACT_360,
    DayCount.ACT_364,
    DayCount.ACT_365F,
    DayCount.ACT_365L,
    DayCount.NL_365,
    DayCount.ACT_ACT_ISDA,
    DayCount.ACT_ACT_ICMA,
    DayCount.THIRTY_360_BOND,
    DayCount.THIRTY_360_US,
    DayCount.THIRTY_E_360,
    DayCount.THIRTY_E_360_ISDA,
    DayCount.BUS_252,
)
"""The day counts that the oracle knows."""


def to_multiple(value: Fraction, multiple: int, rules: ScheduleConventions) -> int:
    """Round to a multiple, as the conventions say; *value* is not negative."""
    return round_over(value.numerator, value.denominator, multiple, rules)


def round_over(
    numerator: int, denominator: int, multiple: int, rules: ScheduleConventions
) -> int:
    """Round numerator / denominator to a multiple; neither is negative."""
    below, rest = divmod(numerator, denominator * multiple)
    rest, whole = 2 * rest, denominator * multiple
    match rules.rounding:
        case Rounding.UP | Rounding.CEILING:
            rises = rest > 0
        case Rounding.DOWN | Rounding.FLOOR:
            rises = False
        case Rounding.HALF_UP:
            rises = rest >= whole
        case Rounding.HALF_DOWN:
            rises = rest > whole
        case Rounding.HALF_EVEN:
            rises = rest > whole or (rest == whole and below % 2 == 1)
    return (below + rises) * multiple


def series_on(terms: LoanTerms, rules: ScheduleConventions) -> list[dt.date]:
    """Return the due dates before any is moved to a business day."""
    return [*_series_on(terms, rules)]


@lru_cache(maxsize=64)
def _series_on(terms: LoanTerms, rules: ScheduleConventions) -> tuple[dt.date, ...]:
    count = terms.installment_count
    dates = [*terms.due_on] or [regular_on(terms, rules, row) for row in range(count)]
    if terms.last_due_on is not None:
        dates[-1] = terms.last_due_on
    return tuple(dates)


def due_on(terms: LoanTerms, rules: ScheduleConventions) -> list[dt.date]:
    """Return the due dates, moved to business days."""
    moved = series_on(terms, rules)
    if rules.business_days is None:
        return moved
    return [_moved(on, rules) for on in moved]


def bounds_on(terms: LoanTerms, rules: ScheduleConventions) -> list[dt.date]:
    """Return where interest periods meet."""
    business_days = rules.business_days
    is_moved = (
        business_days is not None and business_days.interest_to is InterestDate.MOVED
    )
    dates = due_on(terms, rules) if is_moved else series_on(terms, rules)
    return [terms.disbursed_on, *dates]


def day_weights(
    terms: LoanTerms, rules: ScheduleConventions, row: int
) -> list[Fraction]:
    """Return what part of a year each day of a period is; their sum is the period.

    A period without days, which a collision makes, may still count as a whole one: then
    its part stands alone.
    """
    bounds = bounds_on(terms, rules)
    period = (bounds[row], bounds[row + 1])
    notional_on = regular_on(terms, rules, -1)
    is_short = row == 0 and not terms.due_on and terms.disbursed_on > notional_on
    if is_short and rules.short_period is ShortPeriod.INTEREST_FREE:
        return _evenly(Fraction(0), period)
    if is_short and rules.short_period is ShortPeriod.WHOLE_PERIOD:
        whole = 1 / terms.frequency.periods_per_year
        if rules.accrual is Accrual.DAILY:
            count = Fraction(terms.frequency.count)
            days = _daily(terms, rules, (notional_on, period[1]), count)
            whole = sum(days, Fraction(0))
        return _evenly(whole, period)
    if rules.accrual is Accrual.PER_PERIOD:
        dates = [terms.disbursed_on, *series_on(terms, rules)]
        regular = _regular_periods(terms, rules, (dates[row], dates[row + 1]))
        return _evenly(regular / terms.frequency.periods_per_year, period)
    return _daily(terms, rules, period, _units(terms, rules, row, period))


def year_parts(terms: LoanTerms, rules: ScheduleConventions) -> list[Fraction]:
    """Return what part of a year each period is."""
    rows = range(terms.installment_count)
    return [sum(day_weights(terms, rules, row), Fraction(0)) for row in rows]


def _evenly(whole: Fraction, period: Period) -> list[Fraction]:
    days = (period[1] - period[0]).days
    return [whole / days] * days if days else [whole]


def regular_on(terms: LoanTerms, rules: ScheduleConventions, index: int) -> dt.date:
    """Return a date of the series that has no end on either side."""
    first_on, frequency = terms.first_due_on, terms.frequency
    if index == 0:
        return first_on
    steps = index * frequency.count
    due_day = rules.roll.day or first_on.day
    match frequency.unit:
        case FrequencyUnit.DAY:
            return first_on + steps * DAY
        case FrequencyUnit.WEEK:
            return first_on + 7 * steps * DAY
        case FrequencyUnit.MONTH:
            return _on_day(rules, _month_of(first_on) + steps, due_day)
        case FrequencyUnit.SEMIMONTH:
            return _half_month_on(rules, first_on, due_day, index)


def _half_month_on(
    rules: ScheduleConventions, first_on: dt.date, due_day: int, index: int
) -> dt.date:
    # The series that the first due date belongs to, or comes after one of.
    other_day = due_day + (15 if due_day <= 15 else -15)
    if rules.roll.kind is RollKind.END_OF_MONTH:
        due_day, other_day = 31, 15
    reach = abs(index) // 2 + 2
    month = _month_of(first_on)
    slots = sorted(
        _on_day(rules, number, day, is_end=day == due_day)
        for number in range(month - reach, month + reach + 1)
        for day in (due_day, other_day)
    )
    first = max(i for i, on in enumerate(slots) if on <= first_on)
    return slots[first + index]


def _month_of(on: dt.date) -> int:
    return 12 * on.year + on.month - 1


def _on_day(
    rules: ScheduleConventions, month: int, day: int, *, is_end: bool = True
) -> dt.date:
    length = monthrange(month // 12, month % 12 + 1)[1]
    last_on = dt.date(month // 12, month % 12 + 1, length)
    if is_end and rules.roll.kind is RollKind.END_OF_MONTH:
        return last_on
    if day <= length:
        return last_on.replace(day=day)
    return last_on + DAY if rules.roll.kind is RollKind.NEXT_MONTH_FIRST else last_on


def _moved(on: dt.date, rules: ScheduleConventions) -> dt.date:
    assert rules.business_days is not None

    def walked(step: dt.timedelta) -> dt.date:
        reached = on
        while not is_open(reached, rules):
            reached += step
        return reached

    later, earlier = walked(DAY), walked(-DAY)
    match rules.business_days.rule:
        case BusinessDayRule.NO_ADJUST:
            return on
        case BusinessDayRule.FOLLOWING:
            return later
        case BusinessDayRule.PRECEDING:
            return earlier
        case BusinessDayRule.MODIFIED_FOLLOWING:
            return later if later.month == on.month else earlier
        case BusinessDayRule.MODIFIED_PRECEDING:
            return earlier if earlier.month == on.month else later
        case BusinessDayRule.HALF_MONTH_MODIFIED_FOLLOWING:
            is_crossed = on.day <= 15 < later.day or later.month != on.month
            return earlier if is_crossed else later
        case BusinessDayRule.NEAREST_SUNDAY_MONDAY:
            return later if on.weekday() in (SUNDAY, 0) or later == on else earlier
        case BusinessDayRule.NEAREST_TRUE:
            return later if later - on <= on - earlier else earlier


def is_open(on: dt.date, rules: ScheduleConventions) -> bool:
    """Return whether a day is neither a weekend nor a holiday of the calendar."""
    assert rules.business_days is not None
    calendar = rules.business_days.calendar
    return on.weekday() < SUNDAY - 1 and on not in calendar.holidays


def _days(period: Period) -> Iterator[dt.date]:
    # The days of a period, by the close of each.
    start_on, end_on = period
    for number in range(1, (end_on - start_on).days + 1):
        yield start_on + number * DAY


def _regular_periods(
    terms: LoanTerms, rules: ScheduleConventions, period: Period
) -> Fraction:
    """Add up, for every day, its share of the notional period that it lies in."""
    if terms.due_on:
        return Fraction(1)
    return sum(_notional_shares(terms, rules, period), Fraction(0))


def _notional_shares(
    terms: LoanTerms, rules: ScheduleConventions, period: Period
) -> list[Fraction]:
    shares: list[Fraction] = []
    # No period is shorter than a day, so the first one begins no later.
    index = min(0, (period[0] - terms.first_due_on).days)
    before_on, next_on = _around(terms, rules, index)
    for on in _days(period):
        while next_on < on:
            index += 1
            before_on, next_on = _around(terms, rules, index)
        shares.append(Fraction(1, (next_on - before_on).days))
    return shares


def _around(
    terms: LoanTerms, rules: ScheduleConventions, index: int
) -> tuple[dt.date, dt.date]:
    return regular_on(terms, rules, index - 1), regular_on(terms, rules, index)


def _units(
    terms: LoanTerms, rules: ScheduleConventions, row: int, period: Period
) -> Fraction:
    """Return how many days, weeks or months a period counts by months of 30 days."""
    start_on, end_on = period
    frequency = terms.frequency
    if frequency.unit is FrequencyUnit.SEMIMONTH:
        dates = [terms.disbursed_on, *series_on(terms, rules)]
        return _regular_periods(terms, rules, (dates[row], dates[row + 1]))
    if not terms.due_on and (start_on, end_on) == _around(terms, rules, row):
        return Fraction(frequency.count)
    if frequency.unit is FrequencyUnit.WEEK:
        return Fraction((end_on - start_on).days, 7)
    if frequency.unit is FrequencyUnit.DAY:
        return Fraction((end_on - start_on).days)
    months = 0
    while _months_after(start_on, months + 1) <= end_on:
        months += 1
    last_on = _months_after(start_on, months)
    next_on = _months_after(start_on, months + 1)
    return months + Fraction((end_on - last_on).days, (next_on - last_on).days)


def _months_after(on: dt.date, months: int) -> dt.date:
    month = _month_of(on) + months
    length = monthrange(month // 12, month % 12 + 1)[1]
    return dt.date(month // 12, month % 12 + 1, min(on.day, length))


def _daily(
    terms: LoanTerms, rules: ScheduleConventions, period: Period, units: Fraction
) -> list[Fraction]:
    day_count = rules.day_count
    if isinstance(day_count, SplitDayCount):
        return _split_days(terms, rules, period, units)
    if day_count is DayCount.ACT_ACT_ICMA:
        if terms.due_on and period[0] < period[1]:
            return _evenly(1 / terms.frequency.periods_per_year, period)
        shares = _notional_shares(terms, rules, period)
        return [share / terms.frequency.periods_per_year for share in shares]
    end_on = bounds_on(terms, rules)[-1]
    reached, weights = Fraction(0), []
    for on in _days(period):
        part = _single_part(terms, rules, period, on)
        if part is None:
            part = _thirty_part(day_count, (period[0], on), end_on) - reached
        reached += part
        weights.append(part)
    return weights


def _split_days(
    terms: LoanTerms, rules: ScheduleConventions, period: Period, units: Fraction
) -> list[Fraction]:
    day_count = rules.day_count
    assert isinstance(day_count, SplitDayCount)
    shift = DAY if rules.has_interest_on_disbursement_day else 0 * DAY
    has_leap_day = any((on.month, on.day) == (2, 29) for on in _days(period))
    weights = []
    for on in _days(period):
        length = day_count.days_in_year.days
        if length is None:
            is_long = isleap((on - shift).year)
            if day_count.leap_rule is LeapRule.FEB_29_PERIOD_ONLY:
                is_long = is_long and has_leap_day
            length = 366 if is_long else 365
        weights.append(Fraction(1, length))
    if not weights or day_count.days_in_month is DaysInMonth.ACTUAL:
        return weights
    unit_days = {
        FrequencyUnit.MONTH: 30,
        FrequencyUnit.SEMIMONTH: 15,
        FrequencyUnit.WEEK: 7,
        FrequencyUnit.DAY: 1,
    }
    scale = units * unit_days[terms.frequency.unit] / len(weights)
    return [weight * scale for weight in weights]


def _single_part(
    terms: LoanTerms, rules: ScheduleConventions, period: Period, on: dt.date
) -> Fraction | None:
    """Return the part of a year of the day before *on*; None: not day by day."""
    before_on = on - DAY
    match rules.day_count:
        case DayCount.ACT_360:
            return Fraction(1, 360)
        case DayCount.ACT_364:
            return Fraction(1, 364)
        case DayCount.ACT_365F:
            return Fraction(1, 365)
        case DayCount.ACT_365L:
            is_long = isleap(period[1].year)
            if terms.frequency.periods_per_year <= 1:
                is_long = any((on.month, on.day) == (2, 29) for on in _days(period))
            return Fraction(1, 366 if is_long else 365)
        case DayCount.NL_365:
            # The leap day is left out with the date that it ends on.
            return Fraction(0 if (on.month, on.day) == (2, 29) else 1, 365)
        case DayCount.ACT_ACT_ISDA:
            return Fraction(1, 366 if isleap(before_on.year) else 365)
        case DayCount.BUS_252:
            return Fraction(1 if is_open(before_on, rules) else 0, 252)
        case _:
            return None


def _thirty_part(
    day_count: DayCount, period: Period, termination_on: dt.date
) -> Fraction:
    start_on, end_on = period
    first, last = start_on.day, end_on.day
    is_first_february = start_on.month == 2 and (start_on + DAY).month == 3
    is_last_february = end_on.month == 2 and (end_on + DAY).month == 3
    match day_count:
        case DayCount.THIRTY_E_360:
            first, last = min(first, 30), min(last, 30)
        case DayCount.THIRTY_E_360_ISDA:
            first = 30 if first == 31 or is_first_february else first
            is_last_february = is_last_february and end_on != termination_on
            last = 30 if last == 31 or is_last_february else last
        case DayCount.THIRTY_360_BOND | DayCount.THIRTY_360_US:
            if day_count is DayCount.THIRTY_360_US and is_first_february:
                last = 30 if is_last_february else last
                first = 30
            first = min(first, 30)
            last = min(last, 30) if first == 30 else last
        case _:
            raise AssertionError(day_count)
    months = _month_of(end_on) - _month_of(start_on)
    return Fraction(30 * months + last - first, 360)
