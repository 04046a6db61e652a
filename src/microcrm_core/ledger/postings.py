"""What each event came to, and for each payment where it went and why.

A posting is a line of the loan's account: the amount of an event, what of it was
principal, interest, fees and penalties, what became credit, and the principal that is
outstanding after it. The parts of a payment name the row, the bucket, and the due state
that put it in its place.

Example:
    See `microcrm_core.ledger.replaying`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from microcrm_core.currencies import Currency
from microcrm_core.decisions import Reason
from microcrm_core.ids import EventId
from microcrm_core.ledger.allocation_orders import Bucket, DueState
from microcrm_core.ledger.books import LedgerBook, Posting
from microcrm_core.ledger.happenings import (
    ArrearsCapitalized,
    Charged,
    ChargedBack,
    ChargedOff,
    ChargeWaived,
    CreditRefunded,
    Disbursed,
    Happening,
    IncomeCapitalized,
    InterestPaused,
    RateChanged,
    ReAged,
    ReAmortized,
    Terminated,
    WrittenOff,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.row_accounts import RowAccount
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.money import Money

__all__ = ["AllocatedPart", "LoanPosting", "postings_of"]

_REASONS: Final = {
    DueState.PAST_DUE: "allocation_past_due",
    DueState.DUE: "allocation_due",
    DueState.IN_ADVANCE: "allocation_in_advance",
}
# After these the principal that is outstanding is what it was.
_WITHOUT_PRINCIPAL: Final[frozenset[type[Happening]]] = frozenset(
    {
        Charged,
        ChargedOff,
        ChargeWaived,
        InterestPaused,
        RateChanged,
        ReAged,
        ReAmortized,
        Terminated,
    }
)


@attrs.frozen(kw_only=True)
class AllocatedPart:
    """What one payment gave to one bucket of one row, and why.

    Attributes:
        row_number: The row, from 1; None: it is no longer part of the schedule.
        due_on: Its due date; None where there is no row.
        bucket: Where in it.
        amount: How much.
        state: How the due date lay to the day of the payment.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ledger.allocation_orders import Bucket, DueState
        >>> from microcrm_core.ledger.postings import AllocatedPart
        >>> part = AllocatedPart(
        ...     row_number=1,
        ...     due_on=None,
        ...     bucket=Bucket.FEES,
        ...     amount=Money(500, Currency.of("EUR")),
        ...     state=DueState.PAST_DUE,
        ... )
        >>> part.reason.code
        'allocation_past_due'
    """

    row_number: int | None
    due_on: dt.date | None
    bucket: Bucket
    amount: Money
    state: DueState

    @property
    def reason(self) -> Reason:
        """Why the money went there."""
        return Reason(
            _REASONS[self.state],
            {
                "row": self.row_number,
                "due_on": self.due_on,
                "bucket": self.bucket.name.lower(),
                "amount": str(self.amount),
            },
        )


@attrs.frozen(kw_only=True)
class LoanPosting:
    """What one event came to.

    Amounts are whole minor units of the loan's currency.

    Attributes:
        event_id: The event; for a down payment or an interest refund that came by
            itself, an id derived from that of its event.
        type: What happened, as the log names it.
        value_on: The day.
        amount_minor: Its amount.
        parts_minor: What of it was principal, interest, fees and penalties.
        credit_minor: What of it became credit; below zero where it used credit.
        balance_minor: Principal that is outstanding after it.
        is_reversed: Whether the event never was; then nothing but its amount is told.
        parts: Row from 0 (None: no longer part of the schedule), bucket, amount and due
            state of each part of a payment, in the order of going.
        recovered_minor: What of it paid for what was given up by a write-off; below
            zero where that went out again.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ids import EventId
        >>> from microcrm_core.ledger import LoanPosting
        >>> LoanPosting(
        ...     event_id=EventId("event-1"),
        ...     type="loan.repaid",
        ...     value_on=dt.date(2025, 2, 15),
        ...     amount_minor=500,
        ...     parts_minor=(480, 20, 0, 0),
        ...     credit_minor=0,
        ...     balance_minor=520,
        ... ).is_reversed
        False
    """

    event_id: EventId
    type: str
    value_on: dt.date
    amount_minor: int
    parts_minor: tuple[int, ...]
    credit_minor: int
    balance_minor: int
    is_reversed: bool = False
    parts: tuple[tuple[int | None, Bucket, int, DueState], ...] = ()
    recovered_minor: int = 0

    def allocation(
        self, currency: Currency, due_day: Sequence[int]
    ) -> tuple[AllocatedPart, ...]:
        """Return the parts of a payment with their rows.

        Args:
            currency: Of the loan.
            due_day: Due dates of its rows, in days since 1970-01-01.
        """
        return tuple(
            AllocatedPart(
                row_number=None if row is None else row + 1,
                due_on=None
                if row is None
                else dt.date.fromordinal(due_day[row] + EPOCH_ORDINAL),
                bucket=bucket,
                amount=Money(amount_minor, currency),
                state=state,
            )
            for row, bucket, amount_minor, state in self.parts
        )


def postings_of(
    book: LedgerBook, reversed_events: Iterable[LedgerEvent]
) -> tuple[LoanPosting, ...]:
    """Return the postings of a book in order of replay.

    Reversed events come after those that count.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
        >>> from microcrm_core.ledger import postings_of
        >>> from microcrm_core.ledger.replaying import replay_book
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.365"),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> lent = LedgerEvent.of(
        ...     Disbursed(amount=terms.principal),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=terms.disbursed_on,
        ...     recorded_at=dt.datetime(2025, 1, 15, tzinfo=dt.UTC),
        ...     idempotency_key="lent",
        ... )
        >>> book, _ = replay_book(
        ...     terms,
        ...     [lent],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ...     as_of=dt.date(2025, 2, 20),
        ... )
        >>> [posting.amount_minor for posting in postings_of(book, [])]
        [100000]
    """
    places = {row: number for number, row in enumerate(book.rows)}
    events = {event.id: event for event in book.events}
    made: list[LoanPosting] = []
    balance_minor = 0
    is_given_up = False
    cause: LedgerEvent | None = None
    for event_id, posting in book.postings.items():
        event = events.get(event_id)
        what = None if event is None else event.what
        if event is not None:
            cause = event
        assert cause is not None  # what comes by itself follows its event
        change_minor = _balance_change_minor(book, what, posting)
        # After a write-off nothing is outstanding, whatever goes out again.
        if not is_given_up:
            balance_minor = max(balance_minor + change_minor, 0)
        is_given_up |= type(what) is WrittenOff and posting.amount_minor > 0
        made.append(
            LoanPosting(
                event_id=event_id,
                type="loan.repaid" if event is None else event.type,
                value_on=cause.value_on,
                amount_minor=posting.amount_minor,
                parts_minor=tuple(posting.parts_minor),
                credit_minor=posting.credit_minor,
                balance_minor=balance_minor,
                parts=_parts(posting, places),
                recovered_minor=posting.recovered_minor,
            )
        )
    made += [reversed_posting(event, balance_minor) for event in reversed_events]
    return tuple(made)


def _parts(
    posting: Posting, places: dict[RowAccount, int]
) -> tuple[tuple[int | None, Bucket, int, DueState], ...]:
    return tuple(
        [
            (places.get(row), bucket, amount_minor, state)
            for row, bucket, amount_minor, state in posting.parts
        ]
    )


def _balance_change_minor(
    book: LedgerBook, what: Happening | None, posting: Posting
) -> int:
    """Return by how much a posting changes the principal that is outstanding."""
    principal_minor = posting.parts_minor[Bucket.PRINCIPAL]
    kind = type(what)
    if kind is Disbursed or kind is IncomeCapitalized:
        return posting.amount_minor + posting.credit_minor
    if kind is CreditRefunded:
        return principal_minor
    if kind is ArrearsCapitalized:
        return posting.amount_minor
    if kind is ChargedBack:
        if book.policy.chargeback_order:
            return principal_minor - min(-posting.credit_minor, principal_minor)
        return principal_minor
    return 0 if kind in _WITHOUT_PRINCIPAL else -principal_minor


def reversed_posting(event: LedgerEvent, balance_minor: int) -> LoanPosting:
    amount = getattr(event.what, "amount", None)
    return LoanPosting(
        event_id=event.id,
        type=event.type,
        value_on=event.value_on,
        amount_minor=amount.minor if isinstance(amount, Money) else 0,
        parts_minor=(0, 0, 0, 0),
        credit_minor=0,
        balance_minor=balance_minor,
        is_reversed=True,
    )
