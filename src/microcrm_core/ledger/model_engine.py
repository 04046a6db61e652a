"""Interest by the progressive model of Apache Fineract while a loan is replayed.

The engine tells the model what happens, and the rows of the book ask for what it says.
What is done with payments is a matter of the policy:

- *Fixed amounts*, where it neither changes anything for early payments nor lets overdue
  principal earn: payments do not reach the model. A new rate, a pause or a further
  disbursement still does.
- *Recalculated*: principal stops bearing interest on the day on which it is paid, and
  principal that is not paid when due goes on bearing it.

Quirks that are kept on purpose, each with the words that the documentation uses:

- **A rate is not copied to settled rows**: a new rate or a pause changes rows that are
  open and due on its first day or later.

Example:
    >>> from microcrm_core.ledger.model_engine import ModelEngine
    >>> isinstance(ModelEngine(), ModelEngine)
    True
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
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
from microcrm_core.ledger.happenings import ReAgedInterest, Renewed, Repaid
from microcrm_core.ledger.late_principal import LatePrincipal
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import (
    EarlyInterest,
    EarlyPayment,
    LateInterest,
)
from microcrm_core.ledger.model_re_aging import re_age_evenly, re_age_level
from microcrm_core.ledger.model_rows import ModelRows
from microcrm_core.ledger.payoff_trials import payoff_trial
from microcrm_core.ledger.row_accounts import RowAccount
from microcrm_core.loans.fineract_events import (
    ChangeRate,
    CreditInterest,
    CreditPrincipal,
    Disburse,
    ModelEvent,
    PauseInterest,
    PayInterest,
    PayPrincipal,
)
from microcrm_core.loans.fineract_limits import require_known
from microcrm_core.loans.fineract_models import empty_model
from microcrm_core.loans.fineract_numbers import FineractNumbers
from microcrm_core.rates import Rate

__all__ = ["ModelEngine"]

_DAY: Final = dt.timedelta(days=1)


@attrs.define(kw_only=True, eq=False)
class ModelEngine:
    """The progressive model of one loan that bears interest.

    Example:
        See `microcrm_core.ledger.model_engine`.
    """

    _model: ModelRows | None = None
    _numbers: FineractNumbers = attrs.field(factory=FineractNumbers)
    _pauses: list[PauseInterest] = attrs.field(factory=list[PauseInterest])
    _agreed: tuple[ChangeRate | PauseInterest, ...] = ()
    _late: LatePrincipal = attrs.field(factory=LatePrincipal)
    _is_ended: bool = False
    _is_paid_to_due: bool = False

    def open(self, book: LedgerBook) -> None:
        """Make the rows of the loan, with nothing paid out.

        Raises:
            InvalidValueError: The model does not know something that terms, conventions
                or policy ask for.
            ScheduleError: Two due dates are in the wrong order.
        """
        _require_policy(book)
        terms = paid_out_terms(book)
        require_known(terms, book.conventions)
        self._numbers = FineractNumbers(rounding=book.conventions.rounding)
        session = empty_model(terms, book.conventions).session()
        dates = [session.rows[0].start_on, *(row.due_on for row in session.rows)]
        agreed: list[ChangeRate | PauseInterest] = [
            ChangeRate(change.from_on, self._rate(change.nominal_rate))
            for change in terms.rate_changes
        ]
        agreed += [
            PauseInterest(pause.start_on, pause.end_on - _DAY)
            for pause in terms.interest_pauses
        ]
        agreed.sort(key=_day)
        self._agreed = tuple(agreed)
        self._model = ModelRows(session, open_rows(book, dates), agreed)

    def disburse(self, book: LedgerBook, on: dt.date, amount_minor: int) -> None:
        """Pay principal out: rows from the day on get a new level amount.

        After the last due date an additional row asks for it, without interest.
        """
        if amount_minor <= 0:
            return
        if self._is_ended or book.is_terminated or on > book.maturity_on:
            row = late_row(book, on)
            row.charged[Bucket.PRINCIPAL] += amount_minor
            row.restamp(on)
            return
        self._open_model.apply(Disburse(on, amount_minor), on=on)

    def change_rate(self, book: LedgerBook, on: dt.date, rate: Rate) -> None:
        """Let a new rate bear interest from this day on, that day included."""
        if self._is_over(book) or on - _DAY > book.maturity_on:
            return
        # On the first day, and before it, the rate holds from the start.
        first_on = self._open_model.accounts[0].from_on + _DAY
        self._change(book, on, ChangeRate(max(on, first_on), self._rate(rate)))

    def pause(self, book: LedgerBook, first_on: dt.date, last_on: dt.date) -> None:
        """Let no interest accrue on these days, both included."""
        if not self._is_over(book):
            self._change(book, first_on, PauseInterest(first_on, last_on))

    def change_terms(self, book: LedgerBook, event: LedgerEvent) -> None:
        """Do nothing: the terms were changed before the rows were made."""

    def accrue_to(self, book: LedgerBook, on: dt.date) -> None:
        """Bring interest on overdue principal up to this day; called before events."""
        if self._is_over(book):
            return
        model = self._open_model
        model.settle_asked()
        # What is known to change later lets nothing accrue before it is time.
        on = min(on, book.as_of)
        while model.to_come and model.to_come[0].on <= on:
            event = model.to_come.pop(0)
            self._accrue(book, event.on)
            self._begin(book, event)
        self._accrue(book, on)
        self._cover(book, on, _incoming_minor(book))
        model.copy_changed()

    def before_payment(
        self, book: LedgerBook, row: RowAccount, on: dt.date, amount_minor: int
    ) -> None:
        """Set what a row that is not due asks for, if it is paid on this day."""
        if on < row.due_on and self._hears_of(book, row):
            self._open_model.ask(row, self._pay_on(book, row, on))

    def after_payment(
        self,
        book: LedgerBook,
        row: RowAccount,
        bucket: Bucket,
        paid_minor: int,
        on: dt.date,
    ) -> None:
        """Let principal or interest that was just paid change later interest."""
        if bucket > Bucket.INTEREST or not self._hears_of(book, row):
            return
        pay_on = on if on >= row.due_on else self._pay_on(book, row, on)
        if bucket is Bucket.INTEREST:
            events: list[ModelEvent] = [PayInterest(pay_on, row.due_on, paid_minor)]
        else:
            events = [PayPrincipal(pay_on, row.due_on, paid_minor)]
            if on > row.due_on:
                # The model looks at late principal as of its due date, where a row that
                # was paid in advance has borne nothing; what it bore since stays.
                events.append(PayInterest(on, row.due_on, 0))
        self._open_model.apply(*events, on=on)

    def credit(
        self, book: LedgerBook, on: dt.date, principal_minor: int, interest_minor: int
    ) -> RowAccount | None:
        """Let principal and interest be owed again; None: no row is left for it."""
        row = row_for_credit(book, on)
        if row is None:
            return None
        if self._hears_of(book, row):
            events: list[ModelEvent] = []
            if principal_minor:
                events.append(CreditPrincipal(on, principal_minor))
            if interest_minor:
                events.append(CreditInterest(on, interest_minor))
            self._open_model.apply(*events, on=on)
        elif self._is_over(book) or self._open_model.place(row) is None:
            row.charged[Bucket.PRINCIPAL] += principal_minor
            row.charged[Bucket.INTEREST] += interest_minor
            row.credited_minor += principal_minor
        else:
            self._open_model.add(row, principal_minor, interest_minor)
        row.restamp(on)
        return row

    def capitalize(self, book: LedgerBook, on: dt.date, amount_minor: int) -> None:
        """Make amounts that were owed beside it into principal from this day on.

        Interest that was taken out of overdue rows before is no longer asked for.
        """
        model = self._open_model
        for account in [] if self._is_ended else list(model.accounts):
            taken_minor = model.taken_minor(account) if account.due_on < on else 0
            if taken_minor > 0:
                model.add(account, 0, -taken_minor)
                if self._hears_of(book, account):
                    model.session.apply(PayInterest(on, account.due_on, taken_minor))
        self.disburse(book, on, amount_minor)

    def interest_to(self, book: LedgerBook, row: RowAccount, on: dt.date) -> int:
        """Return the interest that the period of a row has borne by this day."""
        if self._hears_of(book, row):
            return self._open_model.borne_minor(row, on)
        return borne_by_days(row, on, self._numbers)

    def end_interest(self, book: LedgerBook, on: dt.date, *, is_due_now: bool) -> None:
        """Let none accrue after this day; *is_due_now*: all that is left is due."""
        self._open_model.settle_asked()
        end = accelerate if is_due_now else stop_interest
        end(book, on, lambda row: self.interest_to(book, row, on))
        self._is_ended = True

    def re_age(
        self,
        book: LedgerBook,
        on: dt.date,
        due_on: Sequence[dt.date],
        interest: ReAgedInterest,
    ) -> tuple[int, int]:
        """Put what is owed on rows due on these days; return principal and interest."""
        self._open_model.settle_asked()
        if interest is ReAgedInterest.LEVEL and not self._is_over(book):
            owed, self._model = re_age_level(
                book, on, due_on, self._open_model, self._pauses
            )
            self._model.copy_changed(on)
            self._late = LatePrincipal()
            return owed
        owed = re_age_evenly(
            book,
            on,
            due_on,
            lambda row: self.interest_to(book, row, on),
            self._numbers,
            is_in_full=interest is ReAgedInterest.EQUAL_IN_FULL,
        )
        self._is_ended = True
        return owed

    def payoff(self, book: LedgerBook, on: dt.date) -> tuple[int, int]:
        """Return principal and interest that are open if all is paid on this day."""
        return book.open_in(Bucket.PRINCIPAL), self._payoff_interest(book, on)

    def _payoff_interest(self, book: LedgerBook, on: dt.date) -> int:
        if self._is_over(book):
            return book.open_in(Bucket.INTEREST)
        if not book.policy.is_recalculating:
            # What events will change comes after the payment, and finds nothing open.
            model = self._open_model
            model.show([one for one in model.to_come if one in self._agreed])
            total_minor = book.open_in(Bucket.INTEREST)
            model.show(model.to_come)
            return total_minor
        return payoff_trial(book, on, self._payoff_guess(book, on), self._on_trial)

    def _payoff_guess(self, book: LedgerBook, on: dt.date) -> int:
        model = self._open_model
        is_to_due = book.policy.early_interest is not EarlyInterest.TO_THE_DAY
        running = model.running(on) if is_to_due else None
        total_minor = 0
        for row in book.rows:
            total_minor += row.open_in(Bucket.INTEREST)
            if row.due_on > on and model.place(row) is not None:
                pay_on = row.due_on if row is running else on
                total_minor += model.interest_minor(row, pay_on)
                total_minor -= row.charged[Bucket.INTEREST]
        return total_minor

    def _on_trial(
        self,
        book: LedgerBook,
        copies: Mapping[RowAccount, RowAccount],
        on: dt.date,
        amount_minor: int,
    ) -> ModelEngine:
        """Return an engine of copied rows into which an amount is to be paid."""
        made = attrs.evolve(
            self,
            model=self._open_model.copy(copies),
            pauses=list(self._pauses),
            late=attrs.evolve(self._late),
        )
        made._cover(book, on, amount_minor)
        made._open_model.copy_changed()
        return made

    @property
    def _open_model(self) -> ModelRows:
        assert self._model is not None, "open a book first"
        return self._model

    def _hears_of(self, book: LedgerBook, row: RowAccount) -> bool:
        """Return whether the model is told of payments of a row."""
        is_told = book.policy.is_recalculating and not self._is_over(book)
        return is_told and self._open_model.place(row) is not None

    def _is_over(self, book: LedgerBook) -> bool:
        return self._is_ended or book.is_charged_off or book.is_terminated

    def _rate(self, rate: Rate) -> Decimal:
        return self._numbers.of_fraction(rate.annual_fraction)

    def _change(
        self, book: LedgerBook, on: dt.date, event: ChangeRate | PauseInterest
    ) -> None:
        if on <= book.as_of:
            self._begin(book, event)
            return
        model = self._open_model
        model.to_come.append(event)
        model.to_come.sort(key=_day)
        model.copy_changed()

    def _begin(self, book: LedgerBook, event: ChangeRate | PauseInterest) -> None:
        if isinstance(event, PauseInterest):
            self._pauses.append(event)
        # A loan that is paid off asks for nothing by it, also where a fee is open.
        owed_minor = book.open_in(Bucket.PRINCIPAL) + book.open_in(Bucket.INTEREST)
        is_recalculated = book.policy.is_recalculating and owed_minor > 0
        self._open_model.apply_rate(event, is_recalculated=is_recalculated)

    def _accrue(self, book: LedgerBook, on: dt.date) -> None:
        if book.policy.late_interest is LateInterest.NONE:
            return
        is_to_due = book.policy.early_interest is EarlyInterest.TO_THE_DUE_DATE
        model = self._open_model
        self._late.accrue(
            model.session, model.accounts, model.owed_minor, on, is_to_due=is_to_due
        )

    def _cover(self, book: LedgerBook, on: dt.date, amount_minor: int) -> None:
        """Let interest run to the due date, where an amount covers all up to it."""
        early = book.policy.early_interest
        self._is_paid_to_due = early is EarlyInterest.TO_THE_DUE_DATE
        if early is not EarlyInterest.TO_THE_DUE_DATE_IF_ALL or not amount_minor:
            return
        model = self._open_model
        running = model.running(on)
        if running is None or amount_minor < model.whole_minor(running.due_on):
            return
        self._is_paid_to_due = True
        if book.policy.late_interest is not LateInterest.NONE:
            self._late.run_to_due(model.session, model.accounts, model.owed_minor, on)

    def _pay_on(self, book: LedgerBook, row: RowAccount, on: dt.date) -> dt.date:
        """Return from when on an early payment of a row saves interest."""
        if book.policy.early_payment is EarlyPayment.NOTHING:
            return row.due_on
        is_running = row.from_on < on <= row.due_on
        return row.due_on if self._is_paid_to_due and is_running else on


def _day(event: ChangeRate | PauseInterest) -> dt.date:
    return event.on


def _incoming_minor(book: LedgerBook) -> int:
    """Return what the event that comes next pays; zero: it is no repayment."""
    event = book.current
    if event is None or event.id in book.postings:
        return 0
    what = event.what
    return what.amount.minor if isinstance(what, Repaid | Renewed) else 0


def _require_policy(book: LedgerBook) -> None:
    policy, name = book.policy, book.conventions.arithmetic.value
    if policy.early_payment is EarlyPayment.LOWER_INSTALLMENT:
        rule = f"must not be lower_installment for {name}"
        raise InvalidValueError("early_payment", rule, policy.early_payment.value)
    if policy.late_interest is LateInterest.ON_PRINCIPAL_AFTER_MATURITY:
        rule = f"must not be on_principal_after_maturity for {name}"
        raise InvalidValueError("late_interest", rule, policy.late_interest.value)
