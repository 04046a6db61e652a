"""Flow times: when each flow of a credit happens, as a measure of cost counts it.

The same days are other times under other rules: unit-periods with odd days in the
United States, years in twelfths or weeks in Europe, days over 365 for an internal rate
of return. `FlowTimes` holds one exact `TimeFactor` for each flow; `solve_rate` makes it
by the rule of its measure, unless the caller hands one over.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
    >>> from microcrm_core.loans.flow_times import eu_times, reg_z_times
    >>> from microcrm_core.money import Currency, Money
    >>> euro = Currency.of("EUR")
    >>> flows = CreditFlows(
    ...     [
    ...         CashFlow(dt.date(2025, 1, 10), Money(30_000, euro), "advance"),
    ...         CashFlow(dt.date(2025, 2, 15), Money(10_500, euro), "repayment"),
    ...         CashFlow(dt.date(2025, 3, 15), Money(10_500, euro), "repayment"),
    ...         CashFlow(dt.date(2025, 4, 15), Money(10_500, euro), "repayment"),
    ...     ]
    ... )
    >>> times = reg_z_times(flows)
    >>> times.basis, [str(factor) for factor in times.factors]
    ('unit-period of 1 month', ['0', '1 + 1/6', '2 + 1/6', '3 + 1/6'])
    >>> [str(year) for year in eu_times(flows).years]
    ['0', '71/732', '11/61', '193/732']
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction

import attrs

from microcrm_core.checks import fraction_field, name_text_field, tuple_field
from microcrm_core.dates import DayCount, year_fraction
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.cash_flows import CreditFlows, FlowDirection, FlowKind
from microcrm_core.loans.eu_intervals import (
    EuPeriod,
    choose_eu_period,
    count_eu_interval,
)
from microcrm_core.loans.payment_series import (
    choose_unit_period,
    count_series,
    intervals_between,
    series_due_day,
)
from microcrm_core.loans.rate_measures import RateMeasure, TimeFactor
from microcrm_core.loans.unit_periods import (
    UnitPeriod,
    UnitPeriodCount,
    count_unit_periods,
)

__all__ = ["FlowTimes", "day_times", "eu_times", "reg_z_times", "times_of_measure"]


@attrs.frozen(kw_only=True)
class FlowTimes:
    """When each flow of a credit happens.

    Attributes:
        factors: One for each of `CreditFlows.flows`, in their order.
        per_year: How many periods make a year; 1 where the factors are years.
        basis: How time was counted, in words.

    Raises:
        InvalidValueError: *per_year* is not above zero, or a part has another type.

    Example:
        >>> from fractions import Fraction
        >>> from microcrm_core.loans.flow_times import FlowTimes
        >>> from microcrm_core.loans.rate_measures import TimeFactor
        >>> times = FlowTimes(
        ...     factors=(TimeFactor(0), TimeFactor(1)),
        ...     per_year=Fraction(12),
        ...     basis="months",
        ... )
        >>> times.years
        (Fraction(0, 1), Fraction(1, 12))
    """

    factors: tuple[TimeFactor, ...] = attrs.field(validator=tuple_field(TimeFactor))
    per_year: Fraction = attrs.field(validator=fraction_field)
    basis: str = attrs.field(validator=name_text_field)

    def __attrs_post_init__(self) -> None:
        """Refuse a year without periods."""
        if self.per_year <= 0:
            raise InvalidValueError("per_year", "must be above zero", self.per_year)

    @classmethod
    def of_years(cls, years: Iterable[Fraction], basis: str) -> FlowTimes:
        """Return the times that are known in years.

        Example:
            >>> from fractions import Fraction
            >>> from microcrm_core.loans.flow_times import FlowTimes
            >>> FlowTimes.of_years([Fraction(0), Fraction(3, 2)], "given").years[1]
            Fraction(3, 2)
        """
        factors = tuple(TimeFactor.of(one) for one in years)
        return cls(factors=factors, per_year=Fraction(1), basis=basis)

    @property
    def years(self) -> tuple[Fraction, ...]:
        """The time of each flow in years."""
        return tuple(factor.total / self.per_year for factor in self.factors)

    def to_plain(self) -> object:
        """Return what stands for it in canonical JSON."""
        return {
            "factors": [factor.to_plain() for factor in self.factors],
            "per_year": str(self.per_year),
            "basis": self.basis,
        }


def reg_z_times(
    flows: CreditFlows,
    *,
    unit_period: UnitPeriod | None = None,
    due_day: int | None = None,
) -> FlowTimes:
    """Return the unit-periods of each flow, as Regulation Z counts them.

    The zero point is the first flow that is not zero: the first advance, or a payment
    before it.

    Args:
        flows: The credit.
        unit_period: What is counted; None: chosen by the rule from the intervals
            between advances, between payments, and from the zero point to the first
            payment.
        due_day: Day of the month of the payments, 31 for the last day; None: read from
            the days of the payments. That of the advances is read from their days.

    Raises:
        InvalidValueError: *due_day* is no day of a month.

    Source:
        12 CFR 1026, Appendix J (b).

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
        >>> from microcrm_core.loans.flow_times import reg_z_times
        >>> from microcrm_core.money import Currency, Money
        >>> dollar = Currency.of("USD")
        >>> flows = CreditFlows(
        ...     [
        ...         CashFlow(dt.date(1978, 7, 15), Money(100_000, dollar), "advance"),
        ...         CashFlow(dt.date(1979, 1, 15), Money(104_400, dollar), "repayment"),
        ...     ]
        ... )
        >>> reg_z_times(flows).basis, reg_z_times(flows).per_year
        ('unit-period of term of 6 months', Fraction(2, 1))
    """
    zero_on = _zero_on(flows)
    received_on, paid_on = _series(flows)
    if due_day is None:
        due_day = series_due_day(paid_on)
    received_day = series_due_day(received_on)
    if unit_period is None:
        unit_period = _chosen(flows, due_day=due_day, received_day=received_day)
    series = count_series(zero_on, paid_on, unit_period, due_day=due_day)
    counts = dict(zip(paid_on, series, strict=True))
    factors: list[TimeFactor] = []
    for flow in flows.flows:
        is_paid = flow.direction is FlowDirection.FROM_BORROWER
        count = counts.get(flow.on) if is_paid else None
        if count is None:
            count = count_unit_periods(
                zero_on,
                # Only a flow of zero comes before the zero point.
                max(flow.on, zero_on),
                unit_period,
                due_day=due_day if is_paid else received_day,
            )
        factors.append(_factor(count))
    return FlowTimes(
        factors=tuple(factors),
        per_year=unit_period.per_year,
        basis=f"unit-period of {unit_period}",
    )


def eu_times(flows: CreditFlows, *, period: EuPeriod | None = None) -> FlowTimes:
    """Return the years of each flow, as Annex I of the directive counts them.

    The zero point is the first advance that is not zero. A flow before it has a
    negative time.

    Args:
        flows: The credit.
        period: Year, month or week; None: chosen from the days of the flows.

    Source:
        Directive 2008/48/EC, Annex I part I remarks (b) and (c).

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
        >>> from microcrm_core.loans.flow_times import eu_times
        >>> from microcrm_core.money import Currency, Money
        >>> euro = Currency.of("EUR")
        >>> flows = CreditFlows(
        ...     [
        ...         CashFlow(dt.date(1994, 1, 1), Money(95_000, euro), "advance"),
        ...         CashFlow(dt.date(1995, 7, 1), Money(120_000, euro), "repayment"),
        ...     ]
        ... )
        >>> eu_times(flows).basis, eu_times(flows).years[1]
        ('months of a twelfth', Fraction(3, 2))
    """
    advances = [flow for flow in flows.flows if flow.kind is FlowKind.ADVANCE]
    paid_out = [flow for flow in advances if not flow.amount.is_zero]
    zero_on = (paid_out or advances)[0].on
    if period is None:
        days = [on for on in _days(flows) if on >= zero_on]
        period = choose_eu_period(days) if len(days) > 1 else EuPeriod.MONTH
    chosen = period

    def years(on: dt.date) -> Fraction:
        if on < zero_on:
            return -count_eu_interval(on, zero_on, chosen).years
        return count_eu_interval(zero_on, on, chosen).years

    return FlowTimes.of_years(_each_day(flows, years), _EU_BASIS[chosen])


_EU_BASIS = {
    EuPeriod.YEAR: "whole years",
    EuPeriod.MONTH: "months of a twelfth",
    EuPeriod.WEEK: "weeks of a 52nd",
}


def day_times(flows: CreditFlows, day_count: DayCount = DayCount.ACT_365F) -> FlowTimes:
    """Return the years of each flow by a day count; the zero point is the first flow.

    Args:
        flows: The credit.
        day_count: One that needs nothing but two dates.

    Raises:
        InvalidValueError: The day count needs more than two dates.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
        >>> from microcrm_core.loans.flow_times import day_times
        >>> from microcrm_core.money import Currency, Money
        >>> euro = Currency.of("EUR")
        >>> flows = CreditFlows(
        ...     [
        ...         CashFlow(dt.date(2025, 1, 10), Money(10_000, euro), "advance"),
        ...         CashFlow(dt.date(2025, 2, 10), Money(10_200, euro), "repayment"),
        ...     ]
        ... )
        >>> day_times(flows).years[1]
        Fraction(31, 365)
    """
    zero_on = flows.flows[0].on
    years = _each_day(flows, lambda on: year_fraction(day_count, zero_on, on))
    return FlowTimes.of_years(years, day_count.value)


def times_of_measure(flows: CreditFlows, measure: RateMeasure) -> FlowTimes:
    """Return the times of each flow as the rule of *measure* counts them.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.loans.cash_flows import CashFlow, CreditFlows
        >>> from microcrm_core.loans.flow_times import times_of_measure
        >>> from microcrm_core.loans.rate_measures import RateMeasure
        >>> from microcrm_core.money import Currency, Money
        >>> euro = Currency.of("EUR")
        >>> flows = CreditFlows(
        ...     [
        ...         CashFlow(dt.date(2025, 1, 10), Money(10_000, euro), "advance"),
        ...         CashFlow(dt.date(2025, 2, 10), Money(10_200, euro), "repayment"),
        ...     ]
        ... )
        >>> [times_of_measure(flows, one).basis for one in RateMeasure][:2]
        ['unit-period of term of 1 month', 'months of a twelfth']
    """
    if measure is RateMeasure.REG_Z_NOMINAL:
        return reg_z_times(flows)
    if measure is RateMeasure.EU_APRC:
        return eu_times(flows)
    return day_times(flows)


def _days(
    flows: CreditFlows,
    direction: FlowDirection | None = None,
    kind: FlowKind | None = None,
) -> list[dt.date]:
    # A flow of zero moves nothing and so has no part in the frequency.
    return sorted(
        {
            flow.on
            for flow in flows.flows
            if not flow.amount.is_zero
            and direction in {None, flow.direction}
            and kind in {None, flow.kind}
        }
    )


def _zero_on(flows: CreditFlows) -> dt.date:
    return next(iter(_days(flows)), flows.flows[0].on)


def _series(flows: CreditFlows) -> tuple[list[dt.date], list[dt.date]]:
    # The days of advances and of repayments, which follow a rhythm if anything does.
    return _days(flows, kind=FlowKind.ADVANCE), _days(flows, kind=FlowKind.REPAYMENT)


def _chosen(
    flows: CreditFlows, *, due_day: int | None, received_day: int | None
) -> UnitPeriod:
    # Periods lie between advances or between payments, never between the two but for
    # the first; Appendix J (b)(3)(i).
    received_on = _days(flows, FlowDirection.TO_BORROWER)
    paid_on = {_zero_on(flows), *_days(flows, FlowDirection.FROM_BORROWER)}
    intervals = Counter(intervals_between(received_on, due_day=received_day))
    intervals.update(intervals_between(sorted(paid_on), due_day=due_day))
    return choose_unit_period(intervals) if intervals else UnitPeriod(1, "day")


def _each_day(
    flows: CreditFlows, years: Callable[[dt.date], Fraction]
) -> list[Fraction]:
    by_day = {on: years(on) for on in {flow.on for flow in flows.flows}}
    return [by_day[flow.on] for flow in flows.flows]


def _factor(count: UnitPeriodCount) -> TimeFactor:
    # Thirty odd days of a month are a whole one.
    if count.odd == count.divisor:
        return TimeFactor(count.whole + 1)
    return TimeFactor(count.whole, count.odd_fraction)
