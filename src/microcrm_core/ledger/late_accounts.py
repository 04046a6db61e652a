"""Interest that overdue principal earns, gathered exactly and asked for in its row.

Each row that is overdue has an account: the exact interest of its days, whatever was
paid in between, and what of it was asked for already. The exact sum is rounded when it
is asked for, and what is new is added to the interest of the row. So a state that is
replayed in one step, or day by day, is the same.

A new rate of a day comes to a book after that day was counted. `LateAccounts.recount`
then counts the last span again.

Example:
    >>> from microcrm_core.ledger.late_accounts import LateAccounts
    >>> LateAccounts().through_on is None
    True
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction

import attrs

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.interest_clocks import InterestClock
from microcrm_core.ledger.ledger_policies import LateInterest
from microcrm_core.ledger.row_accounts import RowAccount
from microcrm_core.rounding import divide

__all__ = ["LateAccounts", "LateSpan"]


@attrs.define(kw_only=True, eq=False)
class LateSpan:
    """Days on which the open principal of a row was the same.

    Attributes:
        row: The row.
        from_on: From the close of this day,
        to_on: to the close of this one.
        open_minor: Principal that was open.
        growth: What one unit of it bore.

    Example:
        See `microcrm_core.ledger.late_accounts`.
    """

    row: RowAccount
    from_on: dt.date
    to_on: dt.date
    open_minor: int
    growth: Fraction


@attrs.define(kw_only=True, eq=False)
class LateAccounts:
    """What overdue principal of one loan has earned.

    Attributes:
        through_on: Up to the close of which day; None: nothing is counted yet.
        exact: What each row has earned, before rounding.
        asked: What of it each row asks for.
        spans: The days that were counted last.

    Example:
        See `microcrm_core.ledger.late_accounts`.
    """

    through_on: dt.date | None = None
    exact: dict[RowAccount, Fraction] = attrs.field(factory=dict[RowAccount, Fraction])
    asked: dict[RowAccount, int] = attrs.field(factory=dict[RowAccount, int])
    spans: list[LateSpan] = attrs.field(factory=list[LateSpan])

    def accrue_to(
        self,
        book: LedgerBook,
        on: dt.date,
        clock: Callable[[], InterestClock],
        starts_on: Callable[[RowAccount], dt.date],
    ) -> None:
        """Count the days up to the close of a day.

        Args:
            book: The loan.
            on: The day.
            clock: What one unit bears; asked only where something is overdue.
            starts_on: From the close of which day on a row is overdue.
        """
        policy = book.policy.late_interest
        if policy is LateInterest.NONE:
            return
        if policy is LateInterest.ON_PRINCIPAL:
            on = min(on, book.maturity_on)
        before_on = self.through_on
        if before_on is not None and on <= before_on:
            return
        self.through_on, self.spans = on, []
        for row in book.rows:
            if row.due_on >= on:
                break
            open_minor = row.open_in(Bucket.PRINCIPAL)
            from_on = starts_on(row)
            if before_on is not None:
                from_on = max(from_on, before_on)
            if open_minor <= 0 or from_on >= on:
                continue
            growth = clock().growth(from_on, on)
            span = LateSpan(
                row=row, from_on=from_on, to_on=on, open_minor=open_minor, growth=growth
            )
            self.spans.append(span)
            self._earn(book, row, open_minor * growth, on)

    def recount(self, book: LedgerBook, clock: Callable[[], InterestClock]) -> None:
        """Count the last days again, for rates that have changed in them."""
        for span in self.spans:
            growth = clock().growth(span.from_on, span.to_on)
            change = span.open_minor * (growth - span.growth)
            span.growth = growth
            self._earn(book, span.row, change, span.to_on)

    def _earn(
        self, book: LedgerBook, row: RowAccount, exact: Fraction, on: dt.date
    ) -> None:
        total = self.exact.get(row, Fraction(0)) + exact
        self.exact[row] = total
        multiple = book.conventions.currency_multiple
        denominator = total.denominator * multiple
        rounding = book.conventions.rounding
        whole_minor = divide(total.numerator, denominator, rounding) * multiple
        change_minor = whole_minor - self.asked.get(row, 0)
        if change_minor:
            self.asked[row] = whole_minor
            row.charged[Bucket.INTEREST] += change_minor
            row.restamp(on)
