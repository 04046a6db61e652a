"""The interest of a loan by exact fractions: `ExactEngine`.

What rows ask for comes from the schedules of `loans`, of every method and plan, for the
terms as they stand: see `lent_terms`. What the engine adds is what life does to them.

- *Rates and pauses* that are known are a part of the terms from the start, whenever
  they begin; a level amount does not foresee them, but the interest of a row that is
  paid ahead does.
- *As scheduled.* Where the policy says that early payments change nothing, a row asks
  for the interest of the schedule, whenever it is paid, and all of it is owed by one
  who pays the loan off.
- *Paid early.* Else interest falls from the day of the payment on, or from the due date
  of its period where the policy says so. A row that is paid before it is due is asked
  for the interest up to that day, and for the rest of its installment as principal; the
  interest after the day is asked for with later rows. See `exact_runs`, and
  `payment_asks` for a payment that reaches several rows.
- *Paid off.* Interest up to the day is owed, each row rounded once, and the principal.
- *Paid late.* Principal that is overdue earns at the nominal rate of its days, if the
  policy says so, until it is paid, no later than the last due date unless the policy
  says otherwise. The days after its due date count, the day of payment among them. The
  interest belongs to the row that is late; it is gathered as an exact fraction and
  rounded when it is asked for, so that one step or many give the same. Interest does
  not bear interest; a down payment that is not made earns like other principal.
- *Owed again.* Principal that was charged back is due with the next row, bears interest
  from its day on, and does not change other installments.
- *Capitalized* amounts are principal from their day on, and the installments are made
  anew from their period on, as for a tranche.
- *Ended.* Interest ends with a day; installments stay and repay principal instead, or
  all that is left is due on the day.
- *Agreed anew.* New due dates, a new term or method hold from their day on: see
  `replanned_rows`.
- *Re-aged.* What is open of principal (P) and interest (I) is put on new rows; fees and
  penalties stay where they are, but fees of the plan go on with the new rows. `LEVEL`:
  P bears interest from the day on in equal installments, which pay I first. The other
  kinds: equal parts of P and of I, and no interest any more.
- What is paid out or capitalized on the last due date or later is due on its day.

What was paid for a row stays asked for there, also where a later event lowers what the
schedule asks for: the difference is taken from later rows.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.loans import STRICT
    >>> from microcrm_core.ledger import PLAIN_LEDGER
    >>> from microcrm_core.ledger.books import LedgerBook
    >>> from microcrm_core.ledger.exact_engine import ExactEngine
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> book = LedgerBook(
    ...     terms=terms,
    ...     conventions=STRICT,
    ...     policy=PLAIN_LEDGER,
    ...     engine=ExactEngine(),
    ...     events=(),
    ...     as_of=terms.disbursed_on,
    ...     first_on=terms.disbursed_on,
    ...     maturity_on=terms.disbursed_on,
    ... )
    >>> book.engine.open(book)
    >>> book.engine.disburse(book, terms.disbursed_on, 100_000)
    >>> [row.charged[:2] for row in book.rows]
    [[32619, 2038], [33416, 1241], [33965, 692]]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from microcrm_core.errors import LedgerError
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.engine_rows import accelerate, late_row, paid_out_terms
from microcrm_core.ledger.exact_re_aging import re_age_rows
from microcrm_core.ledger.happenings import (
    InterestPaused,
    RateChanged,
    ReAgedInterest,
    Replanned,
)
from microcrm_core.ledger.late_accounts import LateAccounts
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import (
    EarlyInterest,
    EarlyPayment,
    LateInterest,
)
from microcrm_core.ledger.lent_terms import LentTerms
from microcrm_core.ledger.managed_rows import ManagedRow, write_row
from microcrm_core.ledger.payment_asks import PaymentAsks
from microcrm_core.ledger.payoff_trials import payoff_trial
from microcrm_core.ledger.principal_moves import PrincipalMove
from microcrm_core.ledger.replanned_rows import kept_amounts, replan
from microcrm_core.ledger.row_accounts import RowAccount, RowKind
from microcrm_core.ledger.scheduled_rows import ScheduledRows, equal_parts
from microcrm_core.ledger.term_changes import DueSeries
from microcrm_core.loans import Bullet
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.rates import Rate

__all__ = ["ExactEngine"]

# Looking a member up costs as much as comparing it.
_NEVER: Final = LateInterest.NONE


class ExactEngine:
    """The arithmetic of one loan by exact fractions, while it is replayed.

    Example:
        See `microcrm_core.ledger.exact_engine`.
    """

    def __init__(self) -> None:
        """Begin without a loan; `open` gives it one."""
        self._scheduled: ScheduledRows
        self._late = LateAccounts()
        self._down_minor = 0
        # When some row was asked for what it came to on that day; None: none was.
        self._paid_on: dt.date | None = None
        # The latest day on which principal moved; None: none has.
        self._moved_on: dt.date | None = None
        # What rows ask for of the payment that is on its way.
        self._asked: PaymentAsks | None = None
        # A day, an amount, and whether that pays all that falls due in its period.
        self._covers: tuple[dt.date, int, bool] | None = None

    # The loan.

    def open(self, book: LedgerBook) -> None:
        """Make the rows of the loan, with nothing paid out; set `book.maturity_on`.

        Raises:
            ScheduleError: Two dates are in the wrong order.
            InvalidValueError: The first disbursement is on the first due date or later.
        """
        is_lower = book.policy.early_payment is EarlyPayment.LOWER_INSTALLMENT
        lent = LentTerms.of(paid_out_terms(book), book.conventions)
        # Known rates and pauses are a part of the terms, whenever they begin.
        for event in book.events:
            if isinstance(event.what, RateChanged):
                lent.change_rate(event.value_on, event.what.nominal_rate)
            elif isinstance(event.what, InterestPaused):
                lent.pause(event.value_on, event.what.last_on)
        self._scheduled = ScheduledRows(lent=lent, is_lower=is_lower)
        self._scheduled.make_rows(book, RowKind.REGULAR)

    def disburse(self, book: LedgerBook, on: dt.date, amount_minor: int) -> None:
        """Pay principal out (its down payment is no part of it)."""
        own_minor = book.down_minor - self._down_minor
        self._down_minor = book.down_minor
        if self._is_beyond(on):
            self._ask_beyond(book, on, amount_minor)
        elif amount_minor:
            self._scheduled.lent.pay_out(on, amount_minor + own_minor, own_minor)
            self._scheduled.renew(on)

    def capitalize(self, book: LedgerBook, on: dt.date, amount_minor: int) -> None:
        """Make amounts that were owed beside it into principal from this day on."""
        if self._is_beyond(on):
            self._ask_beyond(book, on, amount_minor)
        elif amount_minor:
            self._scheduled.lent.capitalize(on, amount_minor)
            self._scheduled.renew(on)

    def change_rate(self, book: LedgerBook, on: dt.date, rate: Rate) -> None:
        """Let a new rate bear interest from this day on, that day included."""
        if (on, rate) not in self._scheduled.lent.rates:
            self._scheduled.lent.change_rate(on, rate)
            self._renew_rates(book, on)

    def pause(self, book: LedgerBook, first_on: dt.date, last_on: dt.date) -> None:
        """Let no interest accrue on these days, both included."""
        if self._scheduled.lent.pause(first_on, last_on):
            self._renew_rates(book, first_on)

    def change_terms(self, book: LedgerBook, event: LedgerEvent) -> None:
        """Let due dates, a term or another method hold from the day of an event on.

        Raises:
            LedgerError: The event fits no due date, or the loan is no longer repaid by
                its terms.
            ScheduleError: The terms, as they then are, allow no schedule.
        """
        on, rows = event.value_on, self._scheduled.rows
        if self._scheduled.is_fixed or rows[0].account.kind is RowKind.RE_AGED:
            rule = "must be before the loan is re-aged or ended"
            hint = "re-age what is left instead"
            raise LedgerError(event.id, "value_on", rule, on, hint=hint)
        series = book.series or DueSeries.of(book.terms, book.conventions)
        kept_minor: Sequence[tuple[int, int]] = ()
        if type(event.what) is Replanned:
            kept_minor = kept_amounts(self._scheduled, on)
        if not series.change(event, kept_minor=kept_minor):
            return
        book.series, book.terms = series, series.terms()
        replan(book, self._scheduled, paid_out_terms(book), on)
        # What is late has earned by the periods as they were.
        self._late.spans = []

    def _renew_rates(self, book: LedgerBook, on: dt.date) -> None:
        self._scheduled.renew(on)
        self._late.recount(book, self._scheduled.clock)

    def _is_beyond(self, on: dt.date) -> bool:
        """Return whether no schedule takes what is lent on this day."""
        return self._scheduled.is_fixed or on >= self._scheduled.lent.end_on

    def _ask_beyond(self, book: LedgerBook, on: dt.date, amount_minor: int) -> None:
        """Ask for principal that no schedule takes: evenly, or all on its day."""
        # Rows that an end of the loan has joined are no longer in the book.
        to_come = [
            row.account
            for row in self._scheduled.rows
            if row.account.due_on > on and row.account in book.rows
        ]
        accounts = to_come or [late_row(book, on)]
        parts = equal_parts(amount_minor, len(accounts), book.conventions)
        for account, part_minor in zip(accounts, parts, strict=True):
            account.charged[Bucket.PRINCIPAL] += part_minor
            account.restamp(on)

    # Interest on what is overdue.

    def accrue_to(self, book: LedgerBook, on: dt.date) -> None:
        """Bring interest on overdue principal up to this day; called before events."""
        self._asked = self._covers = None
        if self._paid_on is not None:
            self._settle()
        if book.policy.late_interest is _NEVER or not self._scheduled.bears_interest:
            return
        if self._scheduled.ended_on is not None:
            on = min(on, self._scheduled.ended_on)
        self._late.accrue_to(book, on, self._scheduled.clock, self._starts_on)

    def _starts_on(self, row: RowAccount) -> dt.date:
        """Return from the close of which day on a row is overdue for interest."""
        place = self._scheduled.places.get(row)
        if place is None:
            return row.due_on
        # Scheduled interest may run longer than to a due date that was moved.
        return max(row.due_on, self._scheduled.rows[place].ends_on)

    # Early payments.

    def before_payment(
        self, book: LedgerBook, row: RowAccount, on: dt.date, amount_minor: int
    ) -> None:
        """Set what the row asks for, if it is paid on this day.

        *amount_minor* is what the whole repayment came to when it began.
        """
        on = self._not_before_moves(on)
        place = self._place_of(book, row, on)
        if place is None:
            return
        managed = self._scheduled.rows[place]
        if self._asked is None or self._asked.on != on:
            day = self._interest_day(book, on, amount_minor)
            self._asked = PaymentAsks.of(self._scheduled, on, day)
        asked = self._asked
        paid_minor = managed.least(Bucket.PRINCIPAL)
        most_minor = asked.principal_minor[place] - paid_minor
        if self._scheduled.is_lower and not self._is_running(managed, on):
            # What lowers the installments stands beside them, in whatever row.
            most_minor = asked.left_minor
        write_row(
            managed,
            on,
            principal_minor=paid_minor + min(max(most_minor, 0), asked.left_minor),
            interest_minor=asked.interest_minor[place],
        )
        self._paid_on = on

    @staticmethod
    def _is_running(row: ManagedRow, on: dt.date) -> bool:
        """Return whether a day lies in the interest periods of a row."""
        return row.account.from_on <= on < row.ends_on

    def after_payment(
        self,
        book: LedgerBook,
        row: RowAccount,
        bucket: Bucket,
        paid_minor: int,
        on: dt.date,
    ) -> None:
        """Let principal or interest that was just paid change later interest."""
        on = self._not_before_moves(on)
        place = self._place_of(book, row, on)
        if place is None:
            return
        is_settled = not (row.open_in(Bucket.PRINCIPAL) or row.open_in(Bucket.INTEREST))
        if is_settled:
            asked = self._scheduled.rows[place].asked
            self._scheduled.settled[place] = asked[Bucket.INTEREST]
        if bucket is Bucket.PRINCIPAL and paid_minor:
            interest = book.policy.early_interest
            is_to_due_date = interest is EarlyInterest.TO_THE_DUE_DATE or (
                interest is EarlyInterest.TO_THE_DUE_DATE_IF_ALL
                and self._covers is not None
                and self._covers[2]
            )
            self._move(
                self._scheduled.days.early_move(
                    on, place, paid_minor, is_to_due_date=is_to_due_date
                ),
                on,
            )
            if self._asked is not None:
                self._asked.left_minor -= paid_minor
        if is_settled or bucket is Bucket.PRINCIPAL:
            self._scheduled.forget()
            # Other rows learn of it when the payment is over.
            self._paid_on = on

    def _place_of(self, book: LedgerBook, row: RowAccount, on: dt.date) -> int | None:
        """Return the place of a row that paying on this day may change; else None."""
        is_changing = book.policy.early_payment is not EarlyPayment.NOTHING
        if not is_changing or self._scheduled.is_fixed or on >= row.due_on:
            return None
        return self._scheduled.places.get(row)

    def _interest_day(self, book: LedgerBook, on: dt.date, amount_minor: int) -> int:
        """Return up to which day one who pays so much on a day owes interest."""
        day = on.toordinal() - EPOCH_ORDINAL
        interest, days = book.policy.early_interest, self._scheduled.days
        period = days.period_of(day)
        if interest is EarlyInterest.TO_THE_DAY or period is None:
            return day
        if day == days.start_day(period):
            return day
        if interest is EarlyInterest.TO_THE_DUE_DATE_IF_ALL:
            if self._covers is None or self._covers[:2] != (on, amount_minor):
                place = days.places[period]
                due_on = self._scheduled.rows[place].account.due_on
                owed_minor = sum(
                    row.open_minor for row in book.rows if row.due_on <= due_on
                )
                self._covers = on, amount_minor, amount_minor >= owed_minor
            if not self._covers[2]:
                return day
        return days.end_day(period)

    def _move(self, move: PrincipalMove | None, on: dt.date) -> None:
        if move is not None:
            self._scheduled.moves.append(move)
            self._moved_on = self._not_before_moves(on)

    def _not_before_moves(self, on: dt.date) -> dt.date:
        """Return a day, or the latest one on which principal moved, if that is later.

        Credit pays on the day on which it came; what was paid since is paid.
        """
        return on if self._moved_on is None else max(on, self._moved_on)

    # What is owed again.

    def credit(
        self, book: LedgerBook, on: dt.date, principal_minor: int, interest_minor: int
    ) -> RowAccount | None:
        """Let principal and interest be owed again; None: no row is left for it.

        The next row that is due takes it; the last one also on its day.
        """
        scheduled = self._scheduled
        there = [
            place
            for place, one in enumerate(scheduled.rows)
            if one.account.due_on >= on and one.account in book.rows
        ]
        if not there:
            return None
        place = next((n for n in there if scheduled.rows[n].account.due_on > on), -1)
        if place < 0:
            place = there[-1]
        move = None
        if scheduled.bears_interest:
            if isinstance(scheduled.lent.agreed.plan.method, Bullet):
                place = len(scheduled.rows) - 1
            move = scheduled.days.again_move(on, place, principal_minor)
        row = scheduled.rows[place].account
        row.credited_minor += principal_minor
        row.charged[Bucket.INTEREST] += interest_minor
        if move is None:
            row.charged[Bucket.PRINCIPAL] += principal_minor
        else:
            self._move(move, on)
            self._scheduled.forget()
            self._scheduled.write(on)
        return row

    # Interest to a day, and its end.

    def interest_to(self, book: LedgerBook, row: RowAccount, on: dt.date) -> int:
        """Return the interest that the period of a row has borne by this day."""
        place = self._scheduled.places.get(row)
        charged_minor = row.charged[Bucket.INTEREST]
        if place is None or not self._scheduled.bears_interest:
            return charged_minor
        today = self._scheduled.columns_to(on.toordinal() - EPOCH_ORDINAL)
        other_minor = charged_minor - self._scheduled.rows[place].asked[Bucket.INTEREST]
        return today.interest_minor[place] + other_minor

    def payoff(self, book: LedgerBook, on: dt.date) -> tuple[int, int]:
        """Return principal and interest that are open if all is paid on this day.

        Where the plan adds interest to the debt, principal that only later interest
        would become is no part of it.
        """
        owed = [book.open_in(Bucket.PRINCIPAL), book.open_in(Bucket.INTEREST)]
        is_changing = book.policy.early_payment is not EarlyPayment.NOTHING
        if is_changing and self._scheduled.bears_interest:
            all_minor = book.open_minor
            today = self._scheduled.columns_to(self._interest_day(book, on, all_minor))
            for place, row in enumerate(self._scheduled.rows):
                if row.account.due_on <= on:
                    continue
                for bucket, wanted_minor in (
                    (Bucket.PRINCIPAL, today.principal_minor[place]),
                    (Bucket.INTEREST, today.interest_minor[place]),
                ):
                    owed[bucket] -= row.asked[bucket]
                    owed[bucket] += max(wanted_minor, row.least(bucket))
            owed[Bucket.INTEREST] += self._missing_minor(book, on, sum(owed))
        return owed[Bucket.PRINCIPAL], owed[Bucket.INTEREST]

    def _missing_minor(self, book: LedgerBook, on: dt.date, owed_minor: int) -> int:
        """Return what principal and interest lack to close the loan, by a trial.

        Mostly nothing: but interest that is added to the debt, or was paid ahead of
        what a row now asks for, may hang on the order in which rows are paid.
        """
        tried_minor = owed_minor - book.open_in(Bucket.PRINCIPAL)
        return payoff_trial(book, on, tried_minor) - tried_minor

    def end_interest(self, book: LedgerBook, on: dt.date, *, is_due_now: bool) -> None:
        """Let none accrue after this day; *is_due_now*: all that is left is due.

        Installments stay as agreed and repay principal instead, so that the last ones
        shrink. Where all is due, the running row ends on the day and takes the rest.
        """
        if self._scheduled.ended_on is None or on < self._scheduled.ended_on:
            self._scheduled.ended_on = on
        if self._scheduled.bears_interest:
            self._scheduled.forget()
            self._scheduled.write(on)
        if not is_due_now:
            return
        self._scheduled.is_fixed = True
        later_minor = sum(
            max(row.open_in(Bucket.INTEREST), 0) for row in book.rows if row.due_on > on
        )

        def borne(running: RowAccount) -> int:
            settled_minor = running.paid[Bucket.INTEREST]
            return settled_minor + running.waived[Bucket.INTEREST] + later_minor

        accelerate(book, on, borne)

    def re_age(
        self,
        book: LedgerBook,
        on: dt.date,
        due_on: Sequence[dt.date],
        interest: ReAgedInterest,
    ) -> tuple[int, int]:
        """Put what is owed on rows due on these days; return principal and interest.

        Raises:
            ScheduleError: The days allow no schedule.
        """
        self._settle()
        return re_age_rows(book, self._scheduled, on, due_on, interest)

    def _settle(self) -> None:
        """Let rows that were paid to a day ask for what they come to in the end."""
        paid_on, self._paid_on = self._paid_on, None
        if paid_on is not None:
            self._scheduled.write(paid_on)
