"""The interest periods of a loan: which days, which rate, which part of a year.

Terms and conventions say when installments are due; between two due dates lies a
period. A period is cut into slices where something changes inside it: a tranche is
paid out, a rate changes, a pause begins or ends. Nothing here knows an amount of
interest. Read `exact` next.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT, InterestPause
    >>> from microcrm_core.loans.periods import interest_periods
    >>> from microcrm_core.loans.portions import payouts
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ...     interest_pauses=(InterestPause(dt.date(2025, 2, 1), dt.date(2025, 2, 10)),),
    ... )
    >>> first, *_ = interest_periods(terms, STRICT, payouts(terms, STRICT))
    >>> [(part.days, str(part.annual_rate)) for part in first.slices]
    [(16, '6/25'), (9, '0'), (6, '6/25')]
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise
from typing import Final

import attrs

from microcrm_core.dates import adjust_date
from microcrm_core.errors import InvalidValueError, ScheduleError
from microcrm_core.loans.conventions import InterestDate, ScheduleConventions
from microcrm_core.loans.period_fractions import PeriodFractions
from microcrm_core.loans.plain import series_dates
from microcrm_core.loans.portions import EPOCH_ORDINAL, Payout
from microcrm_core.loans.terms import LoanTerms

__all__ = ["InterestPeriod", "PeriodSlice", "ScheduleDates", "interest_periods"]

_ZERO: Final = Fraction(0)
_OTHER_DATES: Final = "agree on other dates, or choose another business day rule"


@attrs.frozen(kw_only=True)
class PeriodSlice:
    """Days of a period in which nothing changes.

    Attributes:
        start_day: The slice runs from the close of this day,
        end_day: to the close of this one, in days since 1970-01-01.
        fraction: What part of a year it is.
        annual_rate: Yearly rate that it bears; zero during a pause.
        agreed_rate: The same as if there were no pause.
        paid_out_minor: What of a tranche begins to bear interest with it.

    Example:
        See `microcrm_core.loans.periods`.
    """

    start_day: int
    end_day: int
    fraction: Fraction
    annual_rate: Fraction
    agreed_rate: Fraction
    paid_out_minor: int

    @property
    def days(self) -> int:
        """Calendar days of the slice."""
        return self.end_day - self.start_day


@attrs.frozen(kw_only=True)
class InterestPeriod:
    """The time from one due date to the next, as interest is counted.

    Attributes:
        due_day: Last day on which paying its installment is on time.
        unadjusted_day: The same before it was moved to a business day.
        slices: Its days, in order; one slice where nothing changes.
        fraction: What part of a year all of it is.
        is_interest_free: Whether it bears no interest, as agreed.
        last_rate: The yearly rate that holds at its end, pauses and interest-free
            periods apart.
        opening_minor: What of a tranche is paid out at its very start.
        has_tranche: Whether a tranche is paid out in it, or at its start.
        has_rate_change: Whether a new rate begins in it, or at its start.

    Example:
        See `microcrm_core.loans.periods`.
    """

    due_day: int
    unadjusted_day: int
    slices: tuple[PeriodSlice, ...]
    fraction: Fraction
    is_interest_free: bool
    last_rate: Fraction
    opening_minor: int
    has_tranche: bool
    has_rate_change: bool

    @property
    def start_day(self) -> int:
        """The period runs from the close of this day."""
        return self.slices[0].start_day

    @property
    def end_day(self) -> int:
        """The period runs to the close of this day."""
        return self.slices[-1].end_day

    @property
    def paid_out_minor(self) -> int:
        """What of tranches is paid out in it, after its start."""
        return sum(part.paid_out_minor for part in self.slices)

    @property
    def tranches_minor(self) -> int:
        """What of tranches is paid out in it, or at its start."""
        return self.opening_minor + self.paid_out_minor


@attrs.frozen(kw_only=True)
class ScheduleDates:
    """The dates of a schedule.

    Attributes:
        series_on: Due dates before any was moved to a business day.
        due_on: Due dates.
        bounds_on: Where interest periods meet: the disbursement, then one date for
            each installment.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.loans import STRICT
        >>> from microcrm_core.loans.periods import ScheduleDates
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.24"),
        ...     installment_count=2,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 1, 31),
        ... )
        >>> [str(on) for on in ScheduleDates.of(terms, STRICT).due_on]
        ['2025-01-31', '2025-02-28']
    """

    series_on: tuple[dt.date, ...]
    due_on: tuple[dt.date, ...]
    bounds_on: tuple[dt.date, ...]

    @classmethod
    def of(cls, terms: LoanTerms, conventions: ScheduleConventions) -> ScheduleDates:
        """Return the dates that follow from terms and conventions.

        Raises:
            ScheduleError: Two dates are in the wrong order.
            InvalidValueError: A date would leave the calendar.
        """
        series_on = terms.due_on or _series(terms, conventions)
        if terms.last_due_on is not None:
            if len(series_on) > 1 and terms.last_due_on <= series_on[-2]:
                raise ScheduleError(
                    "last_due_on",
                    f"must be after {series_on[-2]}, the due date before it",
                    terms.last_due_on,
                    hint="agree on a later date, or on fewer installments",
                )
            series_on = (*series_on[:-1], terms.last_due_on)
        due_on = bounds_on = series_on
        business_days = conventions.business_days
        if business_days is not None:
            due_on = tuple(
                adjust_date(on, business_days.rule, business_days.calendar)
                for on in series_on
            )
            if business_days.interest_to is InterestDate.MOVED:
                bounds_on = due_on
        if due_on[0] <= terms.disbursed_on:
            raise ScheduleError(
                "first_due_on",
                f"must be after disbursed_on {terms.disbursed_on} when moved to a "
                "business day",
                due_on[0],
                hint=_OTHER_DATES,
            )
        # Dates that were not moved rise, as terms and series see to.
        moved = () if business_days is None else pairwise(due_on)
        for number, (before_on, on) in enumerate(moved, start=2):
            if on < before_on:
                raise ScheduleError(
                    "due_on",
                    f"must not move to before {before_on}, where the due date before "
                    "it is moved",
                    on,
                    hint=_OTHER_DATES,
                    number=number,
                    count=len(due_on),
                )
        return cls(
            series_on=series_on,
            due_on=due_on,
            bounds_on=(terms.disbursed_on, *bounds_on),
        )


def _series(terms: LoanTerms, conventions: ScheduleConventions) -> tuple[dt.date, ...]:
    first_on, count = terms.first_due_on, terms.installment_count
    try:
        return series_dates(first_on, terms.frequency, count, conventions.roll)
    except InvalidValueError as error:
        # A loan has no index, which is what a single date is asked for by.
        if error.field != "index":
            raise
    raise InvalidValueError(
        "first_due_on",
        f"must leave all {count} due dates within the years 1 to 9999",
        first_on,
        hint="agree on an earlier date, or lower installment_count",
    )


def interest_periods(
    terms: LoanTerms, conventions: ScheduleConventions, paid_out: tuple[Payout, ...]
) -> tuple[InterestPeriod, ...]:
    """Return the interest periods of a loan, one for each installment.

    Args:
        terms: What was agreed.
        conventions: How dates are moved and days are counted.
        paid_out: What `portions.payouts` says; tranches cut periods.

    Raises:
        ScheduleError: The dates are in the wrong order, or a tranche, a rate or a
            pause begins only when interest has ended.
        InvalidValueError: A date would leave the calendar, or the day count needs a
            calendar and there is none.

    Example:
        See `microcrm_core.loans.periods`.
    """
    dates = ScheduleDates.of(terms, conventions)
    fractions = PeriodFractions(
        terms=terms,
        conventions=conventions,
        series_on=dates.series_on,
        bounds_on=dates.bounds_on,
    )
    changes = _Changes.of(terms, conventions, paid_out[1:])
    changes.require_before(dates.bounds_on[-1], terms)
    return tuple(
        _period(row, dates, fractions, changes)
        for row in range(terms.installment_count)
    )


@attrs.frozen(kw_only=True)
class _Changes:
    """What changes on which day; all take effect at its close."""

    rate_days: list[int]
    rates: list[Fraction]
    pauses: list[tuple[int, int]]
    tranches: tuple[Payout, ...]
    interest_free_count: int

    @classmethod
    def of(
        cls,
        terms: LoanTerms,
        conventions: ScheduleConventions,
        tranches: tuple[Payout, ...],
    ) -> _Changes:
        first_day = terms.disbursed_on.toordinal() - EPOCH_ORDINAL

        def close_before(on: dt.date) -> int:
            shift = 0 if conventions.has_interest_on_disbursement_day else 1
            return on.toordinal() - EPOCH_ORDINAL - shift

        return cls(
            rate_days=[
                first_day,
                *(close_before(change.from_on) for change in terms.rate_changes),
            ],
            rates=[
                terms.nominal_rate.annual_fraction,
                *(change.nominal_rate.annual_fraction for change in terms.rate_changes),
            ],
            pauses=[
                (close_before(pause.start_on), close_before(pause.end_on))
                for pause in terms.interest_pauses
            ],
            tranches=tranches,
            interest_free_count=terms.plan.grace.interest_free_count,
        )

    def require_before(self, end_on: dt.date, terms: LoanTerms) -> None:
        """Refuse what begins only when interest has ended: it would change nothing."""
        end_day = end_on.toordinal() - EPOCH_ORDINAL
        for i, payout in enumerate(self.tranches):
            if payout.day >= end_day:
                raise ScheduleError(
                    f"tranches[{i}].disbursed_on",
                    f"must be before {end_on}, when interest ends",
                    dt.date.fromordinal(payout.day + EPOCH_ORDINAL),
                    hint="pay it out earlier, or agree on a longer term",
                )
        begins = [
            (f"rate_changes[{i}].from_on", day, change.from_on)
            for i, (day, change) in enumerate(
                zip(self.rate_days[1:], terms.rate_changes, strict=True)
            )
        ] + [
            (f"interest_pauses[{i}].start_on", day, pause.start_on)
            for i, ((day, _), pause) in enumerate(
                zip(self.pauses, terms.interest_pauses, strict=True)
            )
        ]
        for field, day, on in begins:
            if day >= end_day:
                raise ScheduleError(
                    field,
                    f"must be a day that bears interest, which ends on {end_on}",
                    on,
                    hint="leave it out, or agree on a longer term",
                )

    def cuts(self, start_day: int, end_day: int) -> list[int]:
        days = {start_day}
        days.update(self.rate_days)
        days.update(part.day for part in self.tranches)
        for pause in self.pauses:
            days.update(pause)
        inside = sorted(day for day in days if start_day <= day < end_day)
        return [*(inside or [start_day]), end_day]

    def rate_from(self, day: int) -> Fraction:
        return self.rates[bisect_right(self.rate_days, day) - 1]

    def is_paused(self, day: int) -> bool:
        return any(start <= day < end for start, end in self.pauses)

    def paid_out_minor(self, day: int) -> int:
        return sum(part.net_minor for part in self.tranches if part.day == day)


def _period(
    row: int, dates: ScheduleDates, fractions: PeriodFractions, changes: _Changes
) -> InterestPeriod:
    start_day = dates.bounds_on[row].toordinal() - EPOCH_ORDINAL
    end_day = dates.bounds_on[row + 1].toordinal() - EPOCH_ORDINAL
    is_free = row < changes.interest_free_count
    slices: list[PeriodSlice] = []
    reached = _ZERO
    for from_day, to_day in pairwise(changes.cuts(start_day, end_day)):
        fraction = fractions.to(row, dt.date.fromordinal(to_day + EPOCH_ORDINAL))
        agreed_rate = _ZERO if is_free else changes.rate_from(from_day)
        is_opening = from_day == start_day
        slices.append(
            PeriodSlice(
                start_day=from_day,
                end_day=to_day,
                fraction=fraction - reached,
                annual_rate=_ZERO if changes.is_paused(from_day) else agreed_rate,
                agreed_rate=agreed_rate,
                paid_out_minor=0 if is_opening else changes.paid_out_minor(from_day),
            )
        )
        reached = fraction
    # A tranche on a due date counts from the next period, also if that has no days.
    has_days = start_day < end_day
    return InterestPeriod(
        due_day=dates.due_on[row].toordinal() - EPOCH_ORDINAL,
        unadjusted_day=dates.series_on[row].toordinal() - EPOCH_ORDINAL,
        slices=tuple(slices),
        fraction=reached,
        is_interest_free=is_free,
        last_rate=changes.rate_from(slices[-1].start_day),
        opening_minor=changes.paid_out_minor(start_day) if has_days else 0,
        has_tranche=any(start_day <= part.day < end_day for part in changes.tranches),
        has_rate_change=any(
            start_day <= day < end_day for day in changes.rate_days[1:]
        ),
    )
