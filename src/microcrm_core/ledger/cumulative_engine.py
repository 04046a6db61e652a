"""The cumulative engine of Apache Fineract while a loan is replayed.

Its rows follow from all that is paid out and from nothing else: payments change no
amounts, overdue principal earns nothing. A later disbursement makes all rows anew.

Quirk that is kept on purpose, with the words that the documentation uses:

- **Foresees disbursements**: the engine makes its schedule when money is paid out, and
  applies earlier payments to the new one. So a payment goes into rows that already ask
  for what was paid out after it.

The recalculating form of that engine makes a new schedule at each payment, and once
something is overdue. That is another arithmetic: it is refused by name as soon as it
would count.

Example:
    >>> from microcrm_core.ledger.cumulative_engine import CumulativeEngine
    >>> isinstance(CumulativeEngine(), CumulativeEngine)
    True
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import attrs

from microcrm_core.dates import roll_date
from microcrm_core.errors import InvalidValueError, LedgerError
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
from microcrm_core.ledger.happenings import Disbursed, ReAgedInterest
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import EarlyPayment, LateInterest
from microcrm_core.ledger.model_re_aging import re_age_evenly
from microcrm_core.ledger.row_accounts import RowAccount, RowKind
from microcrm_core.loans.asked import not_covered
from microcrm_core.loans.fineract_cumulative import CumulativeRule, cumulative_rows
from microcrm_core.loans.fineract_limits import require_known
from microcrm_core.loans.fineract_models import cumulative_rule, down_payment_minor
from microcrm_core.loans.fineract_numbers import FineractNumbers
from microcrm_core.loans.periods import ScheduleDates
from microcrm_core.rates import Rate

__all__ = ["CumulativeEngine"]


@attrs.define(kw_only=True, eq=False)
class CumulativeEngine:
    """The rows of one loan, made anew whenever money is paid out.

    Example:
        See `microcrm_core.ledger.cumulative_engine`.
    """

    _rule: CumulativeRule | None = None
    _numbers: FineractNumbers = attrs.field(factory=FineractNumbers)
    _dates: tuple[dt.date, ...] = ()
    _accounts: list[RowAccount] = attrs.field(factory=list[RowAccount])
    _lent: list[tuple[dt.date, int]] = attrs.field(factory=list[tuple[dt.date, int]])
    _foreseen_count: int = 0
    # What rows ask for beside their schedule: principal and interest.
    _beside: list[list[int]] = attrs.field(factory=list[list[int]])
    _is_ended: bool = False

    def open(self, book: LedgerBook) -> None:
        """Make the rows of the loan, with all that its events pay out.

        Raises:
            InvalidValueError: The engine does not know something that terms or
                conventions ask for.
            ScheduleError: Two due dates are in the wrong order, or an installment does
                not cover the interest of its period.
        """
        terms = paid_out_terms(book)
        require_known(terms, book.conventions)
        self._numbers = FineractNumbers(rounding=book.conventions.rounding)
        self._rule = cumulative_rule(terms, book.conventions)
        self._dates = ScheduleDates.of(terms, book.conventions).bounds_on
        self._accounts = open_rows(book, self._dates)
        self._beside = [[0, 0] for _ in self._accounts]
        for event in book.events:
            if isinstance(event.what, Disbursed):
                on, amount_minor = event.value_on, event.what.amount.minor
                if terms.plan.down_payment is not None:
                    down_minor = min(
                        down_payment_minor(terms, book.conventions, amount_minor),
                        amount_minor,
                    )
                    down = [down_minor, 0, 0, 0]
                    row = RowAccount.of(on, on, down, RowKind.DOWN_PAYMENT)
                    book.foreseen.append(row)
                    amount_minor -= down_minor
                if on <= self._dates[-1]:
                    self._lent.append((on, amount_minor))
        book.rows += book.foreseen
        book.sort_rows()
        self._foreseen_count = len(self._lent)
        self._make(book)

    def disburse(self, book: LedgerBook, on: dt.date, amount_minor: int) -> None:
        """Pay principal out; after the last due date an additional row asks for it.

        That row ends with the period in which the day falls, had the series gone on.
        """
        if on <= self._dates[-1] and self._foreseen_count:
            self._foreseen_count -= 1
        elif self._is_ended or on > self._dates[-1]:
            row = late_row(book, on)
            if not self._is_ended:
                row.from_on, row.due_on = self._period_of(book, on)
                book.sort_rows()
            row.charged[Bucket.PRINCIPAL] += amount_minor
            row.restamp(on)
        elif amount_minor > 0:
            self._lent.append((on, amount_minor))
            self._make(book)
        for row in self._accounts:
            row.restamp(on)

    def change_rate(self, book: LedgerBook, on: dt.date, rate: Rate) -> None:
        """Let a new rate bear interest from this day on, that day included.

        Raises:
            LedgerError: Always: the engine does not know it.
        """
        raise _unknown(book)

    def pause(self, book: LedgerBook, first_on: dt.date, last_on: dt.date) -> None:
        """Let no interest accrue on these days, both included.

        Raises:
            LedgerError: Always: the engine does not know it.
        """
        raise _unknown(book)

    def change_terms(self, book: LedgerBook, event: LedgerEvent) -> None:
        """Do nothing: the terms were changed before the rows were made."""

    def accrue_to(self, book: LedgerBook, on: dt.date) -> None:
        """Bring interest on overdue principal up to this day: it bears none.

        Raises:
            InvalidValueError: Something is overdue, and the policy lets that change
                interest.
        """
        if any(row.due_on < on and row.open_minor for row in self._accounts):
            _require_fixed(book)

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
        """Let what was paid change later interest: it does not.

        Raises:
            InvalidValueError: The policy lets it.
        """
        _require_fixed(book)

    def credit(
        self, book: LedgerBook, on: dt.date, principal_minor: int, interest_minor: int
    ) -> RowAccount | None:
        """Let principal and interest be owed again; None: no row is left for it."""
        row = row_for_credit(book, on)
        if row is not None:
            self._ask_beside(row, principal_minor, interest_minor)
            row.credited_minor += principal_minor
            row.restamp(on)
        return row

    def capitalize(self, book: LedgerBook, on: dt.date, amount_minor: int) -> None:
        """Make amounts that were owed beside it into principal from this day on.

        Raises:
            LedgerError: Always: the engine does not know it.
        """
        raise _unknown(book)

    def interest_to(self, book: LedgerBook, row: RowAccount, on: dt.date) -> int:
        """Return the interest that the period of a row has borne by this day."""
        return borne_by_days(row, on, self._numbers)

    def end_interest(self, book: LedgerBook, on: dt.date, *, is_due_now: bool) -> None:
        """Let none accrue after this day; *is_due_now*: all that is left is due."""
        end = accelerate if is_due_now else stop_interest
        end(book, on, lambda row: borne_by_days(row, on, self._numbers))
        self._is_ended = True

    def re_age(
        self,
        book: LedgerBook,
        on: dt.date,
        due_on: Sequence[dt.date],
        interest: ReAgedInterest,
    ) -> tuple[int, int]:
        """Put what is owed on rows due on these days; return principal and interest.

        Raises:
            LedgerError: The rows are to be level ones: the engine does not know them.
        """
        if interest is ReAgedInterest.LEVEL:
            event = book.current
            assert event is not None, "only an event asks for it"
            rule = f"must not be level with {book.conventions.arithmetic.value}"
            hint = "choose equal_to_date or equal_in_full"
            raise LedgerError(event.id, "interest", rule, interest.value, hint=hint)
        self._is_ended = True
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

    def _period_of(self, book: LedgerBook, on: dt.date) -> tuple[dt.date, dt.date]:
        """Return the period in which a day after the last due date falls."""
        frequency, roll = book.terms.frequency, book.conventions.roll
        from_on, count = self._dates[-1], 1
        while (end_on := roll_date(self._dates[-1], frequency, count, roll)) <= on:
            from_on, count = end_on, count + 1
        return from_on, end_on

    def _make(self, book: LedgerBook) -> None:
        """Set what rows ask for by their schedule.

        Raises:
            ScheduleError: An installment does not cover the interest of its period.
        """
        if not self._lent:
            return
        assert self._rule is not None, "open a book first"
        rows = cumulative_rows(
            self._rule,
            self._dates,
            self._lent,
            rate=self._numbers.of_fraction(book.terms.nominal_rate.annual_fraction),
            flat_minor=self._flat_minor(book),
        )
        for number, row in enumerate(rows, start=1):
            if row.principal_minor < 0:
                raise not_covered(
                    book.terms,
                    number,
                    len(rows),
                    paid_minor=row.equal_minor,
                    interest_minor=row.interest_minor,
                    hint="or shorten the period",
                )
        for account, row, beside in zip(
            self._accounts, rows, self._beside, strict=True
        ):
            account.charged[Bucket.PRINCIPAL] = row.principal_minor + beside[0]
            account.charged[Bucket.INTEREST] = row.interest_minor + beside[1]

    def _flat_minor(self, book: LedgerBook) -> int:
        # Flat interest is on down payments too.
        paid_out = [
            event.what.amount.minor
            for event in book.events
            if isinstance(event.what, Disbursed) and event.value_on <= self._dates[-1]
        ]
        return sum(paid_out) if paid_out else book.terms.principal.minor

    def _ask_beside(
        self, row: RowAccount, principal_minor: int, interest_minor: int
    ) -> None:
        row.charged[Bucket.PRINCIPAL] += principal_minor
        row.charged[Bucket.INTEREST] += interest_minor
        for place, account in enumerate(self._accounts):
            if account is row:
                self._beside[place][0] += principal_minor
                self._beside[place][1] += interest_minor


def _require_fixed(book: LedgerBook) -> None:
    policy, name = book.policy, book.conventions.arithmetic.value
    if not book.terms.nominal_rate.annual_fraction:
        return
    if policy.early_payment is not EarlyPayment.NOTHING:
        rule = f"must be nothing for {name}"
        raise InvalidValueError("early_payment", rule, policy.early_payment.value)
    if policy.late_interest is not LateInterest.NONE:
        rule = f"must be none for {name}"
        raise InvalidValueError("late_interest", rule, policy.late_interest.value)


def _unknown(book: LedgerBook) -> LedgerError:
    event = book.current
    assert event is not None, "only an event asks for it"
    name = book.conventions.arithmetic.value
    return LedgerError(
        event.id,
        "type",
        f"must be of what can happen with {name}",
        event.type,
        hint="reverse the event, or keep the loan by other conventions",
    )
