"""Loans without interest in the progressive engine of Apache Fineract.

A disbursement is spread evenly over the installments that are due after its day.
Nothing else changes what they ask for: neither payments nor days.

Quirks that are kept on purpose, each with the words that the documentation uses:

- **Next installment**: a disbursement on a due date skips the installment of the day.
- **Rounded as a whole**: with a multiple, it is the new principal of an installment
  that is rounded to it, not what the disbursement adds. The last one takes the rest.
- **Grace repays nothing**: a later disbursement is not spread over installments of
  grace either.

Example:
    >>> from microcrm_core.ledger.spread_engine import SpreadEngine
    >>> isinstance(SpreadEngine(), SpreadEngine)
    True
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import attrs

from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.engine_rows import (
    accelerate,
    borne_by_days,
    late_row,
    open_rows,
    paid_out_terms,
    row_for_credit,
    stop_interest,
)
from microcrm_core.ledger.happenings import ReAgedInterest
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.model_re_aging import re_age_evenly
from microcrm_core.ledger.row_accounts import RowAccount, RowKind
from microcrm_core.loans.fineract_limits import require_known
from microcrm_core.loans.fineract_numbers import FineractNumbers
from microcrm_core.loans.methods import InterestOnly
from microcrm_core.loans.periods import ScheduleDates
from microcrm_core.rates import Rate
from microcrm_core.rounding import round_to_multiple

__all__ = ["SpreadEngine"]

_OF_LOAN: Final = (RowKind.REGULAR, RowKind.RE_AGED)


@attrs.define(kw_only=True, eq=False)
class SpreadEngine:
    """The installments of one loan without interest.

    Example:
        See `microcrm_core.ledger.spread_engine`.
    """

    _numbers: FineractNumbers = attrs.field(factory=FineractNumbers)
    _grace: set[RowAccount] = attrs.field(factory=set[RowAccount])

    def open(self, book: LedgerBook) -> None:
        """Make the rows of the loan, with nothing paid out.

        Raises:
            InvalidValueError: The engine does not know something that terms or
                conventions ask for.
            ScheduleError: Two due dates are in the wrong order.
        """
        terms = paid_out_terms(book)
        require_known(terms, book.conventions)
        self._numbers = FineractNumbers(rounding=book.conventions.rounding)
        rows = open_rows(book, ScheduleDates.of(terms, book.conventions).bounds_on)
        grace_count = terms.plan.grace.principal_count
        if isinstance(terms.plan.method, InterestOnly):
            grace_count = len(rows) - 1
        self._grace = set(rows[:grace_count])

    def disburse(self, book: LedgerBook, on: dt.date, amount_minor: int) -> None:
        """Spread principal over the installments that are due after the day.

        After the last due date an additional row asks for it.
        """
        if amount_minor <= 0:
            return
        # Installments that came by re-aging are there too; those that the end of the
        # loan has joined are not.
        rows = [
            row
            for row in book.rows
            if row.due_on > on and row.kind in _OF_LOAN and row not in self._grace
        ]
        if not rows or book.is_terminated:
            rows = [late_row(book, on)]
        multiple = book.conventions.installment_multiple
        part_minor = self._numbers.divided_minor(amount_minor, len(rows))
        left_minor = amount_minor
        for row in rows:
            before_minor = row.charged[Bucket.PRINCIPAL]
            new_minor = before_minor + part_minor
            if multiple > 1:
                rounding = book.conventions.rounding
                new_minor = round_to_multiple(new_minor, multiple, rounding)
            # Many small parts that round up must not come to more than there is.
            new_minor = min(new_minor, before_minor + left_minor)
            left_minor -= new_minor - before_minor
            row.charged[Bucket.PRINCIPAL] = new_minor
        rows[-1].charged[Bucket.PRINCIPAL] += left_minor
        for row in rows:
            row.restamp(on)

    def change_rate(self, book: LedgerBook, on: dt.date, rate: Rate) -> None:
        """Let a new rate bear interest from this day on, that day included.

        Raises:
            InvalidValueError: The rate is above zero.
        """
        if rate.annual_fraction:
            rule = "must be zero, as the rate of the loan is"
            raise InvalidValueError("nominal_rate", rule, rate)

    def pause(self, book: LedgerBook, first_on: dt.date, last_on: dt.date) -> None:
        """Let no interest accrue on these days: none does anyway."""

    def change_terms(self, book: LedgerBook, event: LedgerEvent) -> None:
        """Do nothing: the terms were changed before the rows were made."""

    def accrue_to(self, book: LedgerBook, on: dt.date) -> None:
        """Bring interest on overdue principal up to this day: it bears none."""

    def before_payment(
        self, book: LedgerBook, row: RowAccount, on: dt.date, amount_minor: int
    ) -> None:
        """Set what a row asks for, if it is paid on this day: the same as before."""

    def after_payment(
        self,
        book: LedgerBook,
        row: RowAccount,
        bucket: Bucket,
        paid_minor: int,
        on: dt.date,
    ) -> None:
        """Let what was paid change later interest: there is none."""

    def credit(
        self, book: LedgerBook, on: dt.date, principal_minor: int, interest_minor: int
    ) -> RowAccount | None:
        """Let principal and interest be owed again; None: no row is left for it."""
        row = row_for_credit(book, on)
        if row is not None:
            row.charged[Bucket.PRINCIPAL] += principal_minor
            row.charged[Bucket.INTEREST] += interest_minor
            row.credited_minor += principal_minor
            row.restamp(on)
        return row

    def capitalize(self, book: LedgerBook, on: dt.date, amount_minor: int) -> None:
        """Make amounts that were owed beside it into principal from this day on."""
        self.disburse(book, on, amount_minor)

    def interest_to(self, book: LedgerBook, row: RowAccount, on: dt.date) -> int:
        """Return the interest that the period of a row has borne by this day."""
        return borne_by_days(row, on, self._numbers)

    def end_interest(self, book: LedgerBook, on: dt.date, *, is_due_now: bool) -> None:
        """Let none accrue after this day; *is_due_now*: all that is left is due."""
        end = accelerate if is_due_now else stop_interest
        end(book, on, lambda row: borne_by_days(row, on, self._numbers))

    def re_age(
        self,
        book: LedgerBook,
        on: dt.date,
        due_on: Sequence[dt.date],
        interest: ReAgedInterest,
    ) -> tuple[int, int]:
        """Put what is owed on rows due on these days; return principal and interest."""
        return re_age_evenly(
            book,
            on,
            due_on,
            lambda row: borne_by_days(row, on, self._numbers),
            self._numbers,
            is_in_full=interest is ReAgedInterest.EQUAL_IN_FULL,
        )

    def payoff(self, book: LedgerBook, on: dt.date) -> tuple[int, int]:
        """Return principal and interest that are open if all is paid on this day."""
        return book.open_in(Bucket.PRINCIPAL), book.open_in(Bucket.INTEREST)
