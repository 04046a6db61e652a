"""The progressive loan model of Apache Fineract, as a value that events change.

The model starts empty, with the dates of its installments. Each event makes a new one:
money is paid out, the rate changes, interest pauses, principal or interest is paid or
charged back. Events are applied in the order of their value dates, whatever the day on
which they became known; so a schedule is a fold over its events.

What an event does, and which quirks that has, is written in `fineract_sessions`.

Example:
    >>> import datetime as dt
    >>> from decimal import Decimal
    >>> from microcrm_core.dates import Frequency
    >>> from microcrm_core.loans import DaysInMonth, DaysInYear, SplitDayCount
    >>> from microcrm_core.loans.fineract_events import Disburse
    >>> from microcrm_core.loans.fineract_factors import FactorRule
    >>> from microcrm_core.loans.fineract_progressive import ProgressiveModel
    >>> dates = [dt.date(2024, month, 1) for month in range(1, 8)]
    >>> model = ProgressiveModel.of(
    ...     dates,
    ...     rate=Decimal("0.07"),
    ...     factors=FactorRule(
    ...         day_count=SplitDayCount(
    ...             days_in_year=DaysInYear.DAYS_360, days_in_month=DaysInMonth.DAYS_30
    ...         ),
    ...         frequency=Frequency.MONTHLY,
    ...         start_on=dates[0],
    ...     ),
    ... ).after(Disburse(dates[0], 10_000))
    >>> [row.installment_minor for row in model.rows]
    [1701, 1701, 1701, 1701, 1701, 1700]
    >>> [row.interest_minor for row in model.rows]
    [58, 49, 39, 29, 20, 10]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import attrs

from microcrm_core.loans.fineract_events import ModelEvent
from microcrm_core.loans.fineract_factors import FactorRule
from microcrm_core.loans.fineract_level import LevelRule
from microcrm_core.loans.fineract_rows import Rates, Row, copy_rows, new_rows
from microcrm_core.loans.fineract_sessions import FineractSession

__all__ = ["ProgressiveModel"]


@attrs.frozen(kw_only=True, eq=False)
class ProgressiveModel:
    """The installments of one loan after some events.

    Attributes:
        rows: The installment periods, in order; they are not to be changed.
        rates: Yearly rates, the latest first.
        factors: How rate factors are computed.
        level: How the level installment is rounded and smoothed.

    Example:
        See `microcrm_core.loans.fineract_progressive`.
    """

    rows: tuple[Row, ...]
    rates: Rates
    factors: FactorRule
    level: LevelRule

    @classmethod
    def of(
        cls,
        dates: Sequence[dt.date],
        *,
        rate: Decimal,
        factors: FactorRule,
        level: LevelRule | None = None,
    ) -> ProgressiveModel:
        """Return the model of a loan of which nothing is paid out yet.

        Args:
            dates: The first day of the loan and every due date.
            rate: Yearly rate.
            factors: How rate factors are computed.
            level: How the level installment is rounded; None: to the minor unit.
        """
        return cls(
            rows=tuple(new_rows(dates)),
            rates=((dt.date.min, rate),),
            factors=factors,
            level=level or LevelRule(numbers=factors.numbers),
        )

    def after(self, *events: ModelEvent) -> ProgressiveModel:
        """Return the model after *events*, in the order given.

        Raises:
            InvalidValueError: An event lies outside the dates of the loan.
        """
        session = self.session()
        for event in events:
            session.apply(event)
        return attrs.evolve(self, rows=tuple(session.rows), rates=session.rates)

    def session(self) -> FineractSession:
        """Return the model as a session: events change a copy of it in place."""
        return FineractSession(
            copy_rows(self.rows), self.rates, self.factors, self.level
        )

    def interest_to(self, due_on: dt.date, on: dt.date) -> int:
        """Return the interest that the row due on *due_on* has borne up to *on*."""
        return self.session().interest_to(due_on, on)

    def due_on(self, due_on: dt.date, on: dt.date) -> tuple[int, int]:
        """Return principal and interest of the row due on *due_on*, if paid on *on*."""
        return self.session().due_on(due_on, on)
