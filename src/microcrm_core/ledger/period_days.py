"""The days of a loan's interest periods, and in which of them principal moves.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.loans.periods import ScheduleDates
    >>> from microcrm_core.ledger.period_days import PeriodDays
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> days = PeriodDays.of(ScheduleDates.of(terms, STRICT), STRICT)
    >>> move = days.early_move(dt.date(2025, 2, 20), 2, 50_000)
    >>> move.period, move.is_opening, move.amount_minor
    (1, False, -50000)
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from itertools import groupby
from typing import Self

import attrs

from microcrm_core.ledger.principal_moves import PrincipalMove
from microcrm_core.loans import Collision, ScheduleConventions
from microcrm_core.loans.periods import ScheduleDates
from microcrm_core.loans.portions import EPOCH_ORDINAL

__all__ = ["PeriodDays"]


@attrs.frozen(kw_only=True)
class PeriodDays:
    """Where the interest periods of a loan meet, and in which rows they are due.

    Attributes:
        bounds: Where periods meet, in days since 1970-01-01: the start of the first
            one, then the end of each.
        places: In which row each period is due: a row may stand for several.

    Example:
        See `microcrm_core.ledger.period_days`.
    """

    bounds: tuple[int, ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, dates: ScheduleDates, conventions: ScheduleConventions) -> Self:
        """Return the days of a schedule."""
        business_days = conventions.business_days
        places = tuple(range(len(dates.due_on)))
        if business_days is not None and business_days.collision is Collision.MERGED:
            groups = [list(group) for _, group in groupby(dates.due_on)]
            places = tuple(place for place, days in enumerate(groups) for _ in days)
        bounds = tuple([on.toordinal() - EPOCH_ORDINAL for on in dates.bounds_on])
        return cls(bounds=bounds, places=places)

    def start_day(self, period: int) -> int:
        """Return the day from the close of which a period runs."""
        return self.bounds[period]

    def end_day(self, period: int) -> int:
        """Return the day to the close of which a period runs."""
        return self.bounds[period + 1]

    def period_of(self, day: int) -> int | None:
        """Return the position of the period in which a day ends; None: after all.

        A day on which two periods meet begins the later one.
        """
        period = bisect_right(self.bounds, day, lo=1) - 1
        return period if period < len(self.places) else None

    def end_day_of(self, place: int) -> int:
        """Return until when interest of a row runs."""
        return self.end_day(bisect_right(self.places, place) - 1)

    def early_move(
        self,
        on: dt.date,
        place: int,
        amount_minor: int,
        *,
        is_to_due_date: bool = False,
    ) -> PrincipalMove | None:
        """Return the move of an early payment; None: it changes no interest.

        Args:
            on: The day of the payment.
            place: Position of the row that it pays.
            amount_minor: What of it is principal; above zero.
            is_to_due_date: Whether the balance falls only when the period ends.
        """
        day = on.toordinal() - EPOCH_ORDINAL
        period = self.period_of(day)
        if period is None or day >= self.end_day_of(place):
            return None
        is_opening = day == self.start_day(period)
        is_at_end = is_to_due_date and not is_opening
        return PrincipalMove(
            period=period,
            day=self.end_day(period) if is_at_end else day,
            is_opening=is_opening,
            place=place,
            is_last=place == self.places[-1],
            amount_minor=-amount_minor,
        )

    def again_move(
        self, on: dt.date, place: int, amount_minor: int
    ) -> PrincipalMove | None:
        """Return the move of principal that is owed again; None: as `early_move`."""
        return self.early_move(on, place, -amount_minor)
