"""The log of a peer's case: what a ledger is asked, and what it answers.

A `CaseLog` holds the events of a case up to some step. An event is true on the `date`
of its step, and was learned of on its `business_date`, one second after the event
before it. `fineract_steps` writes the log, step by step.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs

from microcrm_core import Money
from microcrm_core.ids import EventId, LoanId
from microcrm_core.ledger.happenings import (
    Disbursed,
    Happening,
    IncomeCapitalized,
    Reversed,
)
from microcrm_core.ledger.interest_refunds import interest_refund_id
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import LedgerPolicy
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.payoffs import payoff_quote
from microcrm_core.ledger.replaying import replay
from microcrm_core.loans import LoanTerms, ScheduleConventions
from tests.golden.fineract_policies import policy_of
from tests.golden.fineract_terms import conventions_of, terms_of
from tests.golden.outcomes import NotSupportedError
from tests.golden.reading import Record, date_at, text_at

__all__ = ["CaseLog", "Shown", "Transaction", "lent_minor"]

_LOAN: Final = LoanId("golden")


@attrs.frozen(kw_only=True)
class Shown:
    """What a transaction came to, as it is listed."""

    amount_minor: int
    parts_minor: tuple[int, ...]
    balance_minor: int


@attrs.define(kw_only=True, eq=False)
class Transaction:
    """An event that the peer lists.

    Attributes:
        name: As the list names it.
        event: The event.
        is_reversed: Whether it was undone.
        is_listed: Whether the peer still lists it.
        cause: The disbursement of a down payment that was taken by itself.
        is_recognized: Whether its parts are shown; else only its amount is.
        kept: What it came to when it was undone, and its interest refund.
    """

    name: str
    event: LedgerEvent
    is_reversed: bool = False
    is_listed: bool = True
    cause: Transaction | None = None
    is_recognized: bool = True
    kept: tuple[Shown | None, Shown | None] = (None, None)


@attrs.define(kw_only=True)
class CaseLog:
    """The events of a case up to some step.

    Attributes:
        product: Its settings.
        loan: Its terms, as the case writes them.
        today: The business date of the last operation.
        planned: Day and amount of the disbursement that is planned.
        tranches: All disbursements that are planned, where the case lists them.
        events: The log so far.
        transactions: Those of the events that the peer lists, as they arrived.
        charges: Ids and due dates of the charges, as they arrived.
        closed_on: The latest day that was closed; None: none was.
    """

    product: Record
    loan: Record
    today: dt.date
    planned: tuple[dt.date, int]
    tranches: list[tuple[dt.date, int]] = attrs.Factory(list)
    events: list[LedgerEvent] = attrs.Factory(list)
    transactions: list[Transaction] = attrs.Factory(list)
    charges: list[tuple[EventId, dt.date | None]] = attrs.Factory(list)
    closed_on: dt.date | None = None

    @property
    def paid_out(self) -> list[Transaction]:
        """Disbursements that were not undone, as they arrived."""
        return [
            transaction
            for transaction in self.transactions
            if isinstance(transaction.event.what, Disbursed)
            and not transaction.is_reversed
        ]

    @property
    def policy(self) -> LedgerPolicy:
        """How the loan is kept."""
        return policy_of(self.product, self.loan)

    def terms(self) -> tuple[LoanTerms, ScheduleConventions]:
        """Return the terms as of the first disbursement, and how amounts are made."""
        planned = self.tranches or [self.planned]
        paid_out = self.paid_out
        if paid_out:
            first_on = min(paid.event.value_on for paid in paid_out)
            planned = [(first_on, sum(lent_minor(paid.event) for paid in paid_out))]
        first_on, first_minor = planned[0]
        seed_on = self.seed_on(first_on)
        if seed_on == first_on:
            terms, roll = terms_of(self.product, self.loan, planned)
        else:
            if any(part.get("fixed_length") for part in (self.loan, self.product)):
                raise NotSupportedError("a fixed length from the day of the request")
            moved = [(seed_on, first_minor), *planned[1:]]
            terms, roll = terms_of(self.product, self.loan, moved)
            if first_on >= terms.first_due_on:
                raise NotSupportedError("a disbursement after the first due date")
            terms = attrs.evolve(terms, disbursed_on=first_on)
        conventions = conventions_of(self.product, self.loan)
        return terms, attrs.evolve(conventions, roll=roll)

    def seed_on(self, first_on: dt.date) -> dt.date:
        """Return from when due dates are counted, by the day of the first payment."""
        if text_at(self.product, "repayment_start") == "submitted_on_date":
            return date_at(self.loan, "submitted_on")
        return first_on

    def state(self, as_of: dt.date | None = None) -> LoanState:
        """Return the loan as it stands today, or stood on another day."""
        terms, conventions = self.terms()
        return replay(
            terms,
            self.events,
            conventions=conventions,
            policy=self.policy,
            as_of=as_of or self.today,
        )

    def payoff(self, on: dt.date) -> Money:
        """Return what the ledger itself asks for to close the loan on a day."""
        terms, conventions = self.terms()
        quote = payoff_quote(
            terms, self.events, conventions=conventions, policy=self.policy, on=on
        )
        return quote.total

    def in_order(self) -> list[Transaction]:
        """Return the transactions in the order of the list."""
        return sorted(
            self.transactions, key=lambda transaction: transaction.event.sort_key
        )

    def shown(self, state: LoanState) -> dict[EventId, Shown]:
        """Return what each event came to, by its id."""
        return {
            posting.event_id: Shown(
                amount_minor=posting.amount_minor,
                parts_minor=posting.parts_minor,
                balance_minor=posting.balance_minor,
            )
            for posting in state.postings
            if not posting.is_reversed
        }

    def shown_of(
        self, transaction: Transaction, shown: dict[EventId, Shown]
    ) -> tuple[Shown | None, Shown | None]:
        """Return what it came to, and the interest refund that it brought."""
        if transaction.is_reversed:
            return transaction.kept
        event_id = transaction.event.id
        return shown.get(event_id), shown.get(interest_refund_id(event_id))

    def record(self, what: Happening, on: dt.date) -> LedgerEvent:
        """Add an event that was learned of today."""
        number = len(self.events) + 1
        at = dt.datetime.combine(self.today, dt.time(), dt.UTC)
        if self.events:
            # A case may set its business date back; what came later stays later.
            at = max(at, self.events[-1].recorded_at)
        event = LedgerEvent.of(
            what,
            loan_id=_LOAN,
            value_on=on,
            recorded_at=at + dt.timedelta(seconds=1),
            idempotency_key=f"step-{number:03}",
        )
        self.events.append(event)
        return event

    def enter(self, name: str, what: Happening, on: dt.date) -> Transaction:
        """Add an event that the peer lists under a name."""
        transaction = Transaction(name=name, event=self.record(what, on))
        self.transactions.append(transaction)
        return transaction

    def reverse(self, undone: list[Transaction]) -> None:
        """Undo transactions; what they came to until now is kept for the list."""
        shown = self.shown(self.state())
        for transaction in undone:
            transaction.kept = self.shown_of(transaction, shown)
            transaction.is_reversed = True
            # It never was, not even on the days before it was undone.
            event = transaction.event
            self.record(Reversed(event.id), event.value_on)


def lent_minor(event: LedgerEvent) -> int:
    """Return what an event added to the principal of the schedule; else 0."""
    what = event.what
    if isinstance(what, Disbursed | IncomeCapitalized):
        return what.amount.minor
    return 0
