"""The cumulative schedule of Apache Fineract, its older engine.

It walks through the installments once and keeps sums: no slices, no model that later
events change. Interest is flat or on the declining balance.

Quirks that are kept on purpose, each with the words that the documentation uses:

- **Year of 365 days**: an actual year has 365 days here, in leap years too; and a year
  of 12 months or 52 weeks where interest is counted by periods.
- **Period shares**: counted by periods, a month is a twelfth of the year whatever its
  length. Only where partial periods count are dates compared, as whole months plus the
  rest of the days over the length of the month that they fall in.
- **Level by the calendar's average**: the level installment takes months of 30 days,
  whatever days the interest of each period takes.
- **Level rounded before cents**: the level amount is rounded to the product's multiple
  from all its digits, not from cents.
- **Two roundings of a flat installment**: with a multiple, principal and interest are
  each rounded to it; the principal is their sum less the interest in cents.
- **Flat on all**: flat interest is on everything paid out, down payments included, for
  the whole term, rounded once and then divided.
- **Last takes the rest**: the last row takes what is left of principal, and of flat
  interest; an earlier row that would overpay is cut.
- **Tranches spread over all**: with flat interest the principal of a row is everything
  paid out so far over the number of *all* installments. A tranche on a due date belongs
  to the row that ends on it.

Two things are not kept. The engine computes the level installment in binary floating
point, this module in decimals; they round alike unless 15 digits tie. And where due
dates near the end of a month were moved one by one, days are never counted below zero.

Example:
    >>> import datetime as dt
    >>> from decimal import Decimal
    >>> from microcrm_core.dates import Frequency
    >>> from microcrm_core.loans import (
    ...     Accrual,
    ...     DaysInMonth,
    ...     DaysInYear,
    ...     SplitDayCount,
    ... )
    >>> from microcrm_core.loans.fineract_cumulative import (
    ...     CumulativeRule,
    ...     cumulative_rows,
    ... )
    >>> rule = CumulativeRule(
    ...     day_count=SplitDayCount(
    ...         days_in_year=DaysInYear.DAYS_360, days_in_month=DaysInMonth.DAYS_30
    ...     ),
    ...     frequency=Frequency.MONTHLY,
    ...     accrual=Accrual.DAILY,
    ...     installment_multiple=100,
    ... )
    >>> dates = [dt.date(2024, month, 1) for month in range(1, 6)]
    >>> rows = cumulative_rows(
    ...     rule, dates, [(dates[0], 100_000)], rate=Decimal("0.26"), flat_minor=100_000
    ... )
    >>> [row.principal_minor + row.interest_minor for row in rows]
    [26400, 26400, 26400, 26271]
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from decimal import Context, Decimal
from itertools import pairwise
from typing import Final

import attrs

from microcrm_core.checks import kind_field, whole_number_field
from microcrm_core.dates import Frequency, FrequencyUnit, add_months
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.conventions import Accrual, DaysInMonth, SplitDayCount
from microcrm_core.loans.fineract_numbers import (
    FINERACT_NUMBERS,
    ONE,
    FineractNumbers,
)
from microcrm_core.rounding import round_to_multiple

__all__ = ["CumulativeRow", "CumulativeRule", "CumulativeSlice", "cumulative_rows"]

_YEAR_PERIODS: Final = {
    FrequencyUnit.MONTH: 12,
    FrequencyUnit.WEEK: 52,
    FrequencyUnit.DAY: 365,
}
_UNIT_DAYS: Final = {
    FrequencyUnit.MONTH: 30,
    FrequencyUnit.WEEK: 7,
    FrequencyUnit.DAY: 1,
}
_YEAR_DAYS: Final = 365
_LEVEL: Final = Context(prec=50)


@attrs.frozen(kw_only=True)
class CumulativeRule:
    """How a cumulative schedule is computed.

    Attributes:
        day_count: Days of a year and of a month.
        frequency: How often an installment is due: every n days, weeks or months.
        accrual: Whether interest is counted by days or by periods.
        is_partial_counted: Whether a part of a period counts by its days where interest
            is counted by periods.
        is_flat: Whether interest is on everything paid out for the whole term.
        is_equal_principal: Whether installments repay equal principal.
        installment_multiple: Level amounts are multiples of so many minor units.
        grace_count: First installments that repay no principal.
        numbers: The digits of the computation.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        See `microcrm_core.loans.fineract_cumulative`.
    """

    day_count: SplitDayCount = attrs.field(validator=kind_field(SplitDayCount))
    frequency: Frequency = attrs.field(validator=kind_field(Frequency))
    accrual: Accrual = attrs.field(validator=kind_field(Accrual))
    is_partial_counted: bool = attrs.field(default=False, validator=kind_field(bool))
    is_flat: bool = attrs.field(default=False, validator=kind_field(bool))
    is_equal_principal: bool = attrs.field(default=False, validator=kind_field(bool))
    installment_multiple: int = attrs.field(
        default=1, validator=whole_number_field(at_least=1)
    )
    grace_count: int = attrs.field(default=0, validator=whole_number_field(at_least=0))
    numbers: FineractNumbers = attrs.field(
        default=FINERACT_NUMBERS, validator=kind_field(FineractNumbers)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse a frequency that this engine does not know."""
        if self.frequency.unit not in _YEAR_PERIODS:
            rule = "must count days, weeks or months"
            raise InvalidValueError("frequency", rule, str(self.frequency))

    @property
    def year_periods(self) -> int:
        """How many days, weeks or months make the year of the rate."""
        fixed = self.day_count.days_in_year.days
        if self.accrual is Accrual.DAILY:
            return _YEAR_DAYS if fixed is None else fixed
        if self.frequency.unit is FrequencyUnit.DAY and fixed is not None:
            return fixed
        return _YEAR_PERIODS[self.frequency.unit]

    def factor(
        self, rate: Decimal, from_on: dt.date, to_on: dt.date, seed_day: int
    ) -> Decimal:
        """Return what one unit of debt costs between two dates of one period."""
        one = self.numbers.divide(rate, Decimal(self.year_periods))
        count = self.counted(from_on, to_on, seed_day)
        if count is None:
            return self.numbers.multiply(one, Decimal((to_on - from_on).days))
        if self.accrual is Accrual.DAILY:
            days = self.numbers.multiply(count, Decimal(30))
            return self.numbers.multiply(one, days)
        return _LEVEL.multiply(one, count)

    def counted(
        self, from_on: dt.date, to_on: dt.date, seed_day: int
    ) -> Decimal | None:
        """Return what the days between two dates of one period count as.

        In months, weeks or days, as the frequency; None: days count as they are.
        """
        if self.accrual is Accrual.DAILY:
            is_month = self.frequency.unit is FrequencyUnit.MONTH
            if not is_month or self.day_count.days_in_month is DaysInMonth.ACTUAL:
                return None
        elif not self.is_partial_counted:
            return Decimal(self.frequency.count)
        return self.periods(from_on, to_on, seed_day)

    def level_factor(self, rate: Decimal) -> Decimal:
        """Return the factor of a period as the level installment takes it."""
        one = self.numbers.divide(rate, Decimal(self.year_periods))
        count = self.frequency.count
        if self.accrual is Accrual.DAILY:
            days = Decimal(count * _UNIT_DAYS[self.frequency.unit])
            return self.numbers.multiply(one, days)
        return _LEVEL.multiply(one, Decimal(count))

    def term_factor(
        self, rate: Decimal, dates: Sequence[dt.date], seed_day: int
    ) -> Decimal:
        """Return what one unit costs for the whole term, with flat interest."""
        one = self.numbers.divide(rate, Decimal(self.year_periods))
        count = self.term_counted(dates, seed_day)
        if count is None:
            count = Decimal((dates[-1] - dates[0]).days)
        return _LEVEL.multiply(one, count)

    def term_counted(self, dates: Sequence[dt.date], seed_day: int) -> Decimal | None:
        """Return what the whole term counts as with flat interest.

        In months, weeks or days, as the frequency; None: days count as they are.
        """
        if self.accrual is Accrual.DAILY:
            return None
        if self.is_partial_counted:
            return self.periods(dates[0], dates[-1], seed_day)
        return Decimal(self.frequency.count * (len(dates) - 1))

    def periods(self, from_on: dt.date, to_on: dt.date, seed_day: int) -> Decimal:
        """Return the days, weeks or months between two dates, with the rest."""
        days = (to_on - from_on).days
        unit = self.frequency.unit
        if unit is FrequencyUnit.DAY:
            return Decimal(days)
        if unit is FrequencyUnit.WEEK:
            return _with_rest(days // 7, days % 7, 7)
        months = (to_on.year - from_on.year) * 12 + to_on.month - from_on.month
        if to_on.day < from_on.day:
            months -= 1
        plain_on = add_months(from_on, months)
        before_on = _on_seed_day(plain_on, seed_day)
        after_on = _on_seed_day(add_months(from_on, months + 1), seed_day)
        if before_on > to_on:
            # Between two dates that were moved one by one; no days are negative.
            before_on, after_on = plain_on, add_months(from_on, months + 1)
        rest_days = (to_on - before_on).days
        return _with_rest(months, rest_days, (after_on - before_on).days)

    def level_minor(self, balance_minor: int, factor: Decimal, count: int) -> int:
        """Return the level installment that repays a balance."""
        level = _LEVEL.divide(Decimal(balance_minor), Decimal(count))
        if factor:
            growth = _LEVEL.power(_LEVEL.add(ONE, factor), count)
            level = _LEVEL.multiply(
                _LEVEL.multiply(Decimal(balance_minor), growth), factor
            )
            level = _LEVEL.divide(level, _LEVEL.subtract(growth, ONE))
        multiple = self.installment_multiple
        return self.numbers.minor(_LEVEL.divide(level, Decimal(multiple))) * multiple


@attrs.frozen
class CumulativeSlice:
    """Days on which one balance bore interest.

    Example:
        See `microcrm_core.loans.fineract_cumulative`.
    """

    start_on: dt.date
    end_on: dt.date
    balance_minor: int
    factor: Decimal
    interest: Decimal


@attrs.frozen(kw_only=True)
class CumulativeRow:
    """One installment.

    Attributes:
        principal_minor: Principal part.
        interest_minor: Interest part.
        equal_minor: Level amount, or equal principal, before the rest is put anywhere.
        slices: What bore interest for which days.

    Example:
        See `microcrm_core.loans.fineract_cumulative`.
    """

    principal_minor: int
    interest_minor: int
    equal_minor: int
    slices: tuple[CumulativeSlice, ...]


def cumulative_rows(
    rule: CumulativeRule,
    dates: Sequence[dt.date],
    disbursed: Sequence[tuple[dt.date, int]],
    *,
    rate: Decimal,
    flat_minor: int,
) -> list[CumulativeRow]:
    """Return the installments of a loan.

    Args:
        rule: How they are computed.
        dates: The first day of the loan and every due date.
        disbursed: What was paid out less down payments, by day.
        rate: Yearly rate.
        flat_minor: What flat interest is on: everything paid out.

    Example:
        See `microcrm_core.loans.fineract_cumulative`.
    """
    if rule.is_flat:
        return _flat_rows(rule, dates, disbursed, rate, flat_minor)
    return _declining_rows(rule, dates, disbursed, rate)


def _flat_rows(
    rule: CumulativeRule,
    dates: Sequence[dt.date],
    disbursed: Sequence[tuple[dt.date, int]],
    rate: Decimal,
    flat_minor: int,
) -> list[CumulativeRow]:
    numbers = rule.numbers
    count = len(dates) - 1
    factor = rule.term_factor(rate, dates, dates[0].day)
    total_minor = numbers.minor(numbers.multiply(Decimal(flat_minor), factor))
    share_minor = numbers.divided_minor(total_minor, count)
    part = numbers.divide(factor, Decimal(count))
    interest = numbers.divide(Decimal(total_minor), Decimal(count))
    rows: list[CumulativeRow] = []
    paid_minor, charged_minor = 0, 0
    for number, (start_on, due_on) in enumerate(pairwise(dates), start=1):
        lent_minor = sum(amount for on, amount in disbursed if on <= due_on)
        equal_minor = 0
        if number > rule.grace_count:
            repaying = count - rule.grace_count
            equal_minor = numbers.divided_minor(lent_minor, repaying)
            equal_minor = _flat_principal(rule, equal_minor, share_minor)
        principal_minor = min(equal_minor, lent_minor - paid_minor)
        interest_minor = min(share_minor, total_minor - charged_minor)
        if number == count:
            principal_minor = lent_minor - paid_minor
            interest_minor = total_minor - charged_minor
        paid_minor += principal_minor
        charged_minor += interest_minor
        rows.append(
            CumulativeRow(
                principal_minor=principal_minor,
                interest_minor=interest_minor,
                equal_minor=equal_minor + share_minor,
                slices=(CumulativeSlice(start_on, due_on, flat_minor, part, interest),),
            )
        )
    return rows


def _flat_principal(
    rule: CumulativeRule, principal_minor: int, interest_minor: int
) -> int:
    multiple = rule.installment_multiple
    if multiple == 1:
        return principal_minor
    rounding = rule.numbers.rounding
    rounded_minor = round_to_multiple(principal_minor, multiple, rounding)
    rounded_minor += round_to_multiple(interest_minor, multiple, rounding)
    return rounded_minor - interest_minor


def _declining_rows(
    rule: CumulativeRule,
    dates: Sequence[dt.date],
    disbursed: Sequence[tuple[dt.date, int]],
    rate: Decimal,
) -> list[CumulativeRow]:
    count = len(dates) - 1
    level_factor = rule.level_factor(rate)
    rows: list[CumulativeRow] = []
    balance_minor, equal_minor = 0, 0
    for number, (start_on, due_on) in enumerate(pairwise(dates), start=1):
        is_first = number == 1
        within = [
            (on, amount)
            for on, amount in disbursed
            if start_on < on <= due_on or (is_first and on == start_on)
        ]
        slices = _slices(rule, (start_on, due_on), balance_minor, within, rate, dates)
        interest_minor = sum(rule.numbers.minor(part.interest) for part in slices)
        balance_minor += sum(amount for _, amount in within)
        if within:
            repaying = count - max(number - 1, rule.grace_count)
            if rule.is_equal_principal:
                equal_minor = rule.numbers.divided_minor(balance_minor, repaying)
            else:
                equal_minor = rule.level_minor(balance_minor, level_factor, repaying)
        principal_minor = equal_minor
        if not rule.is_equal_principal:
            principal_minor -= interest_minor
        if number <= rule.grace_count:
            principal_minor = 0
        if number == count or principal_minor > balance_minor:
            principal_minor = balance_minor
        balance_minor -= principal_minor
        rows.append(
            CumulativeRow(
                principal_minor=principal_minor,
                interest_minor=interest_minor,
                equal_minor=equal_minor,
                slices=slices,
            )
        )
    return rows


def _slices(
    rule: CumulativeRule,
    period: tuple[dt.date, dt.date],
    balance_minor: int,
    within: Sequence[tuple[dt.date, int]],
    rate: Decimal,
    dates: Sequence[dt.date],
) -> tuple[CumulativeSlice, ...]:
    from_on, due_on = period
    parts: list[CumulativeSlice] = []
    for on, amount in (*within, (due_on, 0)):
        if on > from_on:
            factor = rule.factor(rate, from_on, on, dates[0].day)
            interest = rule.numbers.multiply(Decimal(balance_minor), factor)
            parts.append(CumulativeSlice(from_on, on, balance_minor, factor, interest))
            from_on = on
        balance_minor += amount
    return tuple(parts)


def _with_rest(whole: int, rest_days: int, length_days: int) -> Decimal:
    if rest_days == 0:
        return Decimal(whole)
    # The engine keeps the rest as a binary number; its shortest digits are added.
    return _LEVEL.add(Decimal(whole), Decimal(repr(rest_days / length_days)))


def _on_seed_day(on: dt.date, seed_day: int) -> dt.date:
    if on.day < 28 or seed_day <= 28:
        return on
    length = calendar.monthrange(on.year, on.month)[1]
    return on.replace(day=min(seed_day, length))
