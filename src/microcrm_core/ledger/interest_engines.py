"""What a ledger asks of the arithmetic of interest.

A `LedgerBook` keeps accounts of installments and pays money into them. What an
installment asks for is not its business: an engine knows the schedule, and how
disbursements, new rates, pauses, early and late principal change it. There is one
engine for exact fractions, and one for each arithmetic of Apache Fineract.

Every method changes the accounts of the book that it is given, and nothing else.

Example:
    >>> from microcrm_core.ledger.exact_engine import ExactEngine
    >>> from microcrm_core.ledger.interest_engines import InterestEngine
    >>> engine: InterestEngine = ExactEngine()
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.happenings import ReAgedInterest
from microcrm_core.ledger.row_accounts import RowAccount
from microcrm_core.rates import Rate

if TYPE_CHECKING:
    from microcrm_core.ledger.books import LedgerBook
    from microcrm_core.ledger.ledger_events import LedgerEvent

__all__ = ["InterestEngine"]


class InterestEngine(Protocol):
    """The arithmetic of one loan while it is replayed.

    Example:
        See `microcrm_core.ledger.interest_engines`.
    """

    def open(self, book: LedgerBook) -> None:
        """Make the rows of the loan, with nothing paid out; set `book.maturity_on`."""
        ...

    def disburse(self, book: LedgerBook, on: dt.date, amount_minor: int) -> None:
        """Pay principal out (its down payment is no part of it)."""
        ...

    def change_rate(self, book: LedgerBook, on: dt.date, rate: Rate) -> None:
        """Let a new rate bear interest from this day on, that day included."""
        ...

    def pause(self, book: LedgerBook, first_on: dt.date, last_on: dt.date) -> None:
        """Let no interest accrue on these days, both included."""
        ...

    def change_terms(self, book: LedgerBook, event: LedgerEvent) -> None:
        """Let due dates or a term hold from the day of an event on.

        Where all changes were applied to the terms from the start, nothing is done.
        """
        ...

    def accrue_to(self, book: LedgerBook, on: dt.date) -> None:
        """Bring interest on overdue principal up to this day; called before events."""
        ...

    def before_payment(
        self, book: LedgerBook, row: RowAccount, on: dt.date, amount_minor: int
    ) -> None:
        """Set what the row asks for, if it is paid on this day.

        *amount_minor* is what the whole repayment came to when it began.
        """
        ...

    def after_payment(
        self,
        book: LedgerBook,
        row: RowAccount,
        bucket: Bucket,
        paid_minor: int,
        on: dt.date,
    ) -> None:
        """Let principal or interest that was just paid change later interest."""
        ...

    def credit(
        self, book: LedgerBook, on: dt.date, principal_minor: int, interest_minor: int
    ) -> RowAccount | None:
        """Let principal and interest be owed again; None: no row is left for it."""
        ...

    def capitalize(self, book: LedgerBook, on: dt.date, amount_minor: int) -> None:
        """Make amounts that were owed beside it into principal from this day on."""
        ...

    def interest_to(self, book: LedgerBook, row: RowAccount, on: dt.date) -> int:
        """Return the interest that the period of a row has borne by this day."""
        ...

    def end_interest(self, book: LedgerBook, on: dt.date, *, is_due_now: bool) -> None:
        """Let none accrue after this day; *is_due_now*: all that is left is due."""
        ...

    def re_age(
        self,
        book: LedgerBook,
        on: dt.date,
        due_on: Sequence[dt.date],
        interest: ReAgedInterest,
    ) -> tuple[int, int]:
        """Put what is owed on rows due on these days; return principal and interest."""
        ...

    def payoff(self, book: LedgerBook, on: dt.date) -> tuple[int, int]:
        """Return principal and interest that are open if all is paid on this day."""
        ...
