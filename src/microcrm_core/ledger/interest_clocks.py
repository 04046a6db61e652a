"""How much interest one unit of principal bears between two days of a loan.

Principal that is overdue earns what it would have earned had it not fallen due: the
rates of the loan with their changes and pauses, counted by the conventions. A clock
knows this from the first disbursement on, as exact fractions, so that a span may be cut
at any day and its parts add up. After the last due date the periods go on as before.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.ledger.exact_runs import LedgerRun
    >>> from microcrm_core.ledger.interest_clocks import InterestClock
    >>> from microcrm_core.ledger.lent_terms import LentTerms
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.365"),
    ...     installment_count=2,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> lent = LentTerms.of(terms, STRICT)
    >>> lent.pay_out(dt.date(2025, 1, 15), 100_000, 0)
    >>> run = LedgerRun(terms, STRICT, lent.payouts())
    >>> clock = InterestClock(lent, run)
    >>> clock.growth(dt.date(2025, 2, 20), dt.date(2025, 2, 25))
    Fraction(1, 200)
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

import attrs

from microcrm_core.dates import roll_date
from microcrm_core.ledger.lent_terms import LentTerms
from microcrm_core.loans import ShortPeriod
from microcrm_core.loans.period_fractions import PeriodFractions
from microcrm_core.loans.portions import EPOCH_ORDINAL

__all__ = ["BearsInterest", "InterestClock"]


class BearsInterest(Protocol):
    """The interest periods of a loan, as far as a clock asks for them.

    Example:
        See `microcrm_core.ledger.interest_clocks`.
    """

    def borne_to(self, day: int) -> Fraction:
        """Return what one unit of principal has borne by the close of a day."""
        ...


class InterestClock:
    """The interest of one unit of principal, from the first day of a loan.

    Args:
        lent: The loan with its rates and pauses.
        run: Its interest periods.

    Example:
        See `microcrm_core.ledger.interest_clocks`.
    """

    def __init__(self, lent: LentTerms, run: BearsInterest) -> None:
        """Begin at the first day; nothing is worked out before it is asked for."""
        self._lent, self._run = lent, run
        self._later: list[tuple[dt.date, Fraction]] = [(lent.end_on, Fraction(0))]

    def growth(self, from_on: dt.date, to_on: dt.date) -> Fraction:
        """Return what one unit bears from the close of a day to that of another."""
        if to_on <= from_on:
            return Fraction(0)
        return self._total(to_on) - self._total(from_on)

    def _total(self, on: dt.date) -> Fraction:
        end_on = self._lent.end_on
        if on > end_on:
            return self._total(end_on) + self._after_end(on)
        return self._run.borne_to(on.toordinal() - EPOCH_ORDINAL)

    def _after_end(self, on: dt.date) -> Fraction:
        """Return what one unit bears from the last due date to a later day."""
        # What changes on a day takes effect at the close of the day before.
        shift_days = 1
        if self._lent.conventions.has_interest_on_disbursement_day:
            shift_days = 0
        shift = dt.timedelta(days=shift_days)
        end_on = self._lent.end_on
        cuts = {end_on, on}
        cuts.update(from_on - shift for from_on, _ in self._lent.rates)
        for pause in self._lent.pauses:
            cuts.update(day - shift for day in pause)
        total = Fraction(0)
        for from_on, to_on in pairwise(sorted(c for c in cuts if end_on <= c <= on)):
            first_on = from_on + shift
            is_paused = any(
                start_on <= first_on < stop_on
                for start_on, stop_on in self._lent.pauses
            )
            if not is_paused:
                rate = self._lent.rate_on(first_on).annual_fraction
                total += rate * (self._years_to(to_on) - self._years_to(from_on))
        return total

    def _years_to(self, on: dt.date) -> Fraction:
        """Return the years from the last due date to a later day, period by period."""
        agreed, conventions = self._lent.agreed, self._lent.conventions
        end_on = self._lent.end_on
        while self._later[-1][0] < on:
            next_on = roll_date(
                end_on, agreed.frequency, len(self._later), conventions.roll
            )
            start_on, years = self._later[-1]
            years += self._in_period(start_on, next_on, next_on)
            self._later.append((next_on, years))
        period = bisect_right(self._later, on, key=_day_of) - 1
        start_on, years = self._later[period]
        if start_on == on:
            return years
        return years + self._in_period(start_on, self._later[period + 1][0], on)

    def _in_period(self, start_on: dt.date, end_on: dt.date, on: dt.date) -> Fraction:
        terms = attrs.evolve(
            self._lent.agreed,
            installment_count=1,
            disbursed_on=start_on,
            first_due_on=end_on,
            due_on=(),
            last_due_on=None,
            tranches=(),
            rate_changes=(),
            interest_pauses=(),
        )
        conventions = attrs.evolve(
            self._lent.conventions, short_period=ShortPeriod.BY_DAYS
        )
        fractions = PeriodFractions(
            terms=terms,
            conventions=conventions,
            series_on=(end_on,),
            bounds_on=(start_on, end_on),
        )
        return fractions.to(0, on)


def _day_of(later: tuple[dt.date, Fraction]) -> dt.date:
    return later[0]
