"""The book of one loan while its events are applied, in order.

`replaying` opens a book, applies each event by the handler of its kind, and closes the
book into a `LoanState`. Handlers and engines change it; nobody else sees it.

Example:
    >>> from microcrm_core.ledger.books import Posting
    >>> Posting(amount_minor=100).parts_minor
    [0, 0, 0, 0]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final, TypeAlias

import attrs

from microcrm_core.ids import EventId
from microcrm_core.ledger.allocation_orders import (
    AllocationOrder,
    Bucket,
    DueState,
)
from microcrm_core.ledger.interest_engines import InterestEngine
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import LedgerPolicy
from microcrm_core.ledger.row_accounts import RowAccount, RowKind
from microcrm_core.ledger.term_changes import DueSeries
from microcrm_core.loans.conventions import Arithmetic, ScheduleConventions
from microcrm_core.loans.terms import LoanTerms

__all__ = ["ChargePart", "LedgerBook", "Posting", "PostingPart"]

_PLACES: Final = {
    RowKind.REGULAR: 0,
    RowKind.RE_AGED: 0,
    RowKind.DOWN_PAYMENT: 1,
    RowKind.ADDITIONAL: 2,
}


# A plain tuple, because a replay makes hundreds of them.
PostingPart: TypeAlias = tuple[RowAccount, Bucket, int, DueState]
"""What one event gave to one bucket of one row, and how its due date lay to the day.

The position of the account is known only when the book is closed.
"""


# By position, because a replay makes many of them.
@attrs.define
class Posting:
    """What one event came to.

    Attributes:
        amount_minor: Its amount.
        parts_minor: What of it was principal, interest, fees and penalties.
        credit_minor: What of it was more than was owed, and became credit; below zero
            where it used credit. All postings together make the credit of the book.
        parts: Where it went, in the order of going; what was added or taken by events
            that are no repayments is not listed.
        on: The day on which it pays; None: it is no repayment.
        order: In which order it pays; None: it is no repayment.
        recovered_minor: What of it paid for what was given up; below zero where that
            went out again.

    Example:
        See `microcrm_core.ledger.books`.
    """

    amount_minor: int
    parts_minor: list[int] = attrs.field(factory=lambda: [0, 0, 0, 0])
    credit_minor: int = 0
    parts: list[PostingPart] = attrs.field(factory=list[PostingPart])
    on: dt.date | None = None
    order: AllocationOrder | None = None
    recovered_minor: int = 0


# By position, as `Posting`.
@attrs.define
class ChargePart:
    """What one charge asks for in one row.

    Attributes:
        row: The account.
        bucket: Fees or penalties.
        amount_minor: How much; what was waived of it is a part of it.
        waived_minor: How much of it is no longer asked for.
        due_on: When the charge itself is due; None: with its installment.

    Example:
        See `microcrm_core.ledger.charging`.
    """

    row: RowAccount
    bucket: Bucket
    amount_minor: int
    waived_minor: int = 0
    due_on: dt.date | None = None


def _terms_of(book: LedgerBook) -> LoanTerms:
    return book.terms


@attrs.define(kw_only=True, eq=False)
class LedgerBook:
    """A loan in the hands of its events.

    Attributes:
        terms: What was agreed, with the changes of due dates and term that are known.
        conventions: How amounts are made.
        policy: How the loan is kept.
        engine: The arithmetic of interest.
        events: All events that count, in order of replay.
        as_of: The day of the state.
        rows: Accounts of installments, in order of due date.
        postings: What each event came to, by its id.
        credit_minor: What was paid above all that was owed.
        lent_minor: What was paid out, down payments included, and income that was
            capitalized.
        down_minor: What all disbursements asked for as down payments.
        written_off_minor: What was given up since the loan was written off.
        recovered_minor: What was paid for that.
        first_on: Day of the first disbursement, or of the planned one.
        maturity_on: The last due date of the schedule.
        is_charged_off: Whether the lender took the loan as a loss.
        is_terminated: Whether no interest accrues any more by agreement or decision.
        is_written_off: Whether nothing is asked for any more.
        charges: What each charge asks for, by the event that charged it.
        per_installment: Charges that come with every installment.
        current: The event that is applied now; None: before the first one.
        series: The due dates, once an event has changed them; None: none has.
        agreed: The terms before any event changed them.
        foreseen: Rows of down payments that an engine made ahead of their
            disbursements, in order.

    Example:
        See `microcrm_core.ledger.books`.
    """

    terms: LoanTerms
    conventions: ScheduleConventions
    policy: LedgerPolicy
    engine: InterestEngine
    events: tuple[LedgerEvent, ...]
    as_of: dt.date
    rows: list[RowAccount] = attrs.field(factory=list[RowAccount])
    postings: dict[EventId, Posting] = attrs.field(factory=dict[EventId, Posting])
    credit_minor: int = 0
    lent_minor: int = 0
    down_minor: int = 0
    written_off_minor: int = 0
    recovered_minor: int = 0
    first_on: dt.date
    maturity_on: dt.date
    is_charged_off: bool = False
    is_terminated: bool = False
    is_written_off: bool = False
    charges: dict[EventId, list[ChargePart]] = attrs.field(
        factory=dict[EventId, list[ChargePart]]
    )
    per_installment: list[LedgerEvent] = attrs.field(factory=list[LedgerEvent])
    current: LedgerEvent | None = None
    series: DueSeries | None = None
    agreed: LoanTerms = attrs.field(
        default=attrs.Factory(_terms_of, takes_self=True),
    )
    foreseen: list[RowAccount] = attrs.field(factory=list[RowAccount])

    def regular_rows(self) -> Iterator[RowAccount]:
        """Yield the rows that are no down payments."""
        return (row for row in self.rows if row.kind is not RowKind.DOWN_PAYMENT)

    def sort_rows(self) -> None:
        """Bring rows into order: by due date, and on one day by kind.

        Installments come first, then down payments, then what is additional; in the
        cumulative engine down payments come before installments.
        """
        is_first = self.conventions.arithmetic is Arithmetic.FINERACT_CUMULATIVE
        self.rows.sort(key=_place_down_first if is_first else _place)

    @property
    def open_minor(self) -> int:
        """What is left to pay in all rows."""
        return sum(row.open_minor for row in self.rows)

    def open_in(self, bucket: Bucket) -> int:
        """Return what is left to pay in one bucket of all rows."""
        return sum(row.open_in(bucket) for row in self.rows)


def _place(row: RowAccount) -> tuple[dt.date, int]:
    return row.due_on, _PLACES[row.kind]


def _place_down_first(row: RowAccount) -> tuple[dt.date, int]:
    is_down = row.kind is RowKind.DOWN_PAYMENT
    return row.due_on, -1 if is_down else _PLACES[row.kind]
