"""A book whose rows never change, to try one rule of the ledger at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import attrs

from microcrm_core import STRICT, Currency, Frequency, Money, Rate
from microcrm_core.ids import EventId
from microcrm_core.ledger import PLAIN_LEDGER, AllocationOrder, Bucket, LedgerPolicy
from microcrm_core.ledger.books import LedgerBook, Posting
from microcrm_core.ledger.happenings import ReAgedInterest
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.row_accounts import RowAccount
from microcrm_core.ledger.waterfall import allocate
from microcrm_core.loans import LoanTerms

__all__ = [
    "EUR",
    "PAYMENT",
    "FixedRows",
    "book_of",
    "day",
    "paid_by_bucket",
    "parts",
    "pay_in",
]

EUR: Final = Currency.of("EUR")
PAYMENT: Final = EventId("payment")
_TERMS: Final = LoanTerms(
    principal=Money.of("300.00", EUR),
    nominal_rate=Rate.per_year("0.12"),
    installment_count=3,
    frequency=Frequency.MONTHLY,
    disbursed_on=dt.date(2024, 1, 15),
    first_due_on=dt.date(2024, 2, 15),
)


def day(month: int, number: int) -> dt.date:
    """Return a day of 2024."""
    return dt.date(2024, month, number)


@attrs.define
class FixedRows:
    """An engine that changes nothing, and notes what it was asked.

    Attributes:
        asked: Due month and day of payment of each row that was to be paid early.
        told: Due month, bucket and amount of each payment.
    """

    asked: list[tuple[int, dt.date, int]] = attrs.field(factory=list)
    told: list[tuple[int, Bucket, int]] = attrs.field(factory=list)

    def open(self, book: LedgerBook) -> None:
        """Make no rows: the test has made them."""

    def disburse(self, book: LedgerBook, on: dt.date, amount_minor: int) -> None:
        """Ask for it in the last row."""
        book.rows[-1].charged[Bucket.PRINCIPAL] += amount_minor
        book.rows[-1].restamp(on)

    def change_rate(self, book: LedgerBook, on: dt.date, rate: Rate) -> None:
        """Change nothing."""

    def pause(self, book: LedgerBook, first_on: dt.date, last_on: dt.date) -> None:
        """Change nothing."""

    def change_terms(self, book: LedgerBook, event: LedgerEvent) -> None:
        """Change nothing."""

    def accrue_to(self, book: LedgerBook, on: dt.date) -> None:
        """Change nothing."""

    def before_payment(
        self, book: LedgerBook, row: RowAccount, on: dt.date, amount_minor: int
    ) -> None:
        """Note that it was asked."""
        self.asked.append((row.due_on.month, on, amount_minor))

    def after_payment(
        self,
        book: LedgerBook,
        row: RowAccount,
        bucket: Bucket,
        paid_minor: int,
        on: dt.date,
    ) -> None:
        """Note that it was told."""
        self.told.append((row.due_on.month, bucket, paid_minor))

    def credit(
        self, book: LedgerBook, on: dt.date, principal_minor: int, interest_minor: int
    ) -> RowAccount | None:
        """Ask for it in the next row."""
        for row in book.rows:
            if row.due_on > on:
                row.charged[Bucket.PRINCIPAL] += principal_minor
                row.charged[Bucket.INTEREST] += interest_minor
                row.credited_minor += principal_minor
                return row
        return None

    def capitalize(self, book: LedgerBook, on: dt.date, amount_minor: int) -> None:
        """Ask for it in the last row."""
        self.disburse(book, on, amount_minor)

    def interest_to(self, book: LedgerBook, row: RowAccount, on: dt.date) -> int:
        """Return all that the row asks for."""
        return row.charged[Bucket.INTEREST]

    def end_interest(self, book: LedgerBook, on: dt.date, *, is_due_now: bool) -> None:
        """Change nothing."""

    def re_age(
        self,
        book: LedgerBook,
        on: dt.date,
        due_on: Sequence[dt.date],
        interest: ReAgedInterest,
    ) -> tuple[int, int]:
        """Change nothing."""
        return 0, 0

    def payoff(self, book: LedgerBook, on: dt.date) -> tuple[int, int]:
        """Return all that rows ask for."""
        return book.open_in(Bucket.PRINCIPAL), book.open_in(Bucket.INTEREST)


def book_of(
    *charged: list[int],
    policy: LedgerPolicy = PLAIN_LEDGER,
    first_due_month: int = 2,
) -> LedgerBook:
    """Return a book with a row for each month, due on its 15th.

    *charged* is principal, interest, fees and penalties of each.
    """
    rows = [
        RowAccount.of(day(month - 1, 15), day(month, 15), amounts)
        for month, amounts in enumerate(charged, start=first_due_month)
    ]
    return LedgerBook(
        terms=_TERMS,
        conventions=STRICT,
        policy=policy,
        engine=FixedRows(),
        events=(),
        as_of=day(12, 31),
        rows=rows,
        first_on=day(1, 15),
        maturity_on=rows[-1].due_on,
    )


def pay_in(
    book: LedgerBook, amount_minor: int, on: dt.date, order: AllocationOrder
) -> int:
    """Pay into the rows of a book; return what is left."""
    book.postings[PAYMENT] = Posting(amount_minor=amount_minor)
    return allocate(book, PAYMENT, amount_minor, on, order)


def parts(book: LedgerBook) -> list[tuple[int, str, int]]:
    """Return where the payment went: due month, bucket and amount, in order."""
    return [
        (row.due_on.month, bucket.name.lower(), amount_minor)
        for row, bucket, amount_minor, _ in book.postings[PAYMENT].parts
    ]


def paid_by_bucket(book: LedgerBook) -> list[list[int]]:
    """Return what was paid in each row, by bucket."""
    return [row.paid for row in book.rows]
