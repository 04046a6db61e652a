"""Accepting: a quote becomes events of the ledger, unless the loan has moved on.

What is accepted is exactly what was quoted: replaying the account with the events gives
the loan that the quote shows. A quote rests on the log as it was; if anything came in
since, it is stale and is refused by name, and a new one is to be made. Accepting again
with one key, on the account that has the events, gives those events, so a caller may
try again.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.adjustments import ADJUSTMENTS_LENIENT, ChangeDueDay
    >>> from microcrm_core.adjustments import accept, quote_adjustment
    >>> from microcrm_core.ids import LoanId
    >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
    >>> from microcrm_core.ledger import LoanAccount
    >>> from microcrm_core.loans import STRICT_30_360
    >>> terms = LoanTerms(
    ...     principal=Money.of("1200.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=4,
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
    >>> account = LoanAccount(
    ...     loan_id=LoanId("loan-7"),
    ...     terms=terms,
    ...     events=[lent],
    ...     conventions=STRICT_30_360,
    ...     policy=PLAIN_LEDGER,
    ... )
    >>> day = dt.date(2025, 2, 1)
    >>> quote = quote_adjustment(
    ...     account, ChangeDueDay(day=25), ADJUSTMENTS_LENIENT, day
    ... )
    >>> accepted = accept(
    ...     quote,
    ...     account,
    ...     recorded_at=dt.datetime(2025, 2, 1, 12, tzinfo=dt.UTC),
    ...     idempotency_key="request-31",
    ... )
    >>> [event.type for event in accepted.events]
    ['loan.due_date_changed']
    >>> accepted.account.state(day) == quote.outcome.after
    True
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs

from microcrm_core.adjustments.adjustment_quotes import (
    AdjustmentOutcome,
    AdjustmentQuote,
)
from microcrm_core.adjustments.quoted_events import (
    next_due_on,
    quoted_events,
    require_recorded_after,
)
from microcrm_core.checks import instant, name_text, of_kind
from microcrm_core.decisions import Decision
from microcrm_core.errors import InvalidValueError, StaleQuote, StaleQuoteError
from microcrm_core.ledger.concessions import Concession
from microcrm_core.ledger.happenings import Reversed
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.loan_accounts import LoanAccount
from microcrm_core.ledger.loan_states import LoanState

__all__ = ["AcceptedAdjustment", "accept"]

_DISBURSED: Final = "disbursed"


@attrs.frozen(kw_only=True)
class AcceptedAdjustment:
    """What is recorded of an accepted quote, and the loan with it.

    Attributes:
        events: The events of the loan, in order.
        account: The loan with them.
        state: The loan on the day of the quote, with them.
        approved_by: Who approved it; None: nobody had to. No event has it: whoever must
            show it later stores it beside the events.
        concession: What the lender records for later classes; None: nothing.
        new_account: The loan that settles this one; None: it is no renewal.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.adjustments import ADJUSTMENTS_LENIENT, ExtendTerm
        >>> from microcrm_core.adjustments import accept, quote_adjustment
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, LoanAccount
        >>> planned = LoanAccount(
        ...     loan_id=LoanId("loan-7"),
        ...     terms=LoanTerms(
        ...         principal=Money.of("1000.00", Currency.of("EUR")),
        ...         nominal_rate=Rate.per_year(0),
        ...         installment_count=2,
        ...         frequency=Frequency.MONTHLY,
        ...         disbursed_on=dt.date(2025, 1, 15),
        ...         first_due_on=dt.date(2025, 2, 15),
        ...     ),
        ...     events=[],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ... )
        >>> day = dt.date(2025, 1, 10)
        >>> decision = quote_adjustment(
        ...     planned, ExtendTerm(2), ADJUSTMENTS_LENIENT, day
        ... )
        >>> accepted = accept(
        ...     decision,
        ...     planned,
        ...     recorded_at=dt.datetime(2025, 1, 10, 16, tzinfo=dt.UTC),
        ...     idempotency_key="request-31",
        ... )
        >>> len(accepted.state.rows), accepted.new_account is None
        (4, True)
    """

    events: tuple[LedgerEvent, ...]
    account: LoanAccount
    state: LoanState = attrs.field(repr=False)
    approved_by: str | None = None
    concession: Concession | None = None
    new_account: LoanAccount | None = None


def accept(
    quote: Decision[AdjustmentQuote],
    account: LoanAccount,
    *,
    recorded_at: dt.datetime,
    idempotency_key: str,
    approved_by: str | None = None,
) -> AcceptedAdjustment:
    """Return the events by which a quote becomes true, and the loan with them.

    Events are recorded a microsecond apart, so that they apply in the order of the
    quote. Their ids follow from the log on which it rests: two acceptances of one log
    are never both counted.

    An account that has the events of this key already is returned as it is, with these
    events as they were first recorded, whatever *recorded_at* says now, and on any day.
    One that has not got them gets them, recorded at *recorded_at*: their ids are the
    same each time, but their moments are those of the call. If one of them was reversed
    since, the quote is stale, because nothing would come of it.

    Args:
        quote: The quote, as `quote_adjustment` gave it.
        account: The loan as it is kept now.
        recorded_at: The moment of acceptance. The day on which it is, in its own zone,
            must be one on which the quote holds: from `as_of` to `valid_until`.
        idempotency_key: Names the acceptance; see above for a second one.
        approved_by: Who approves it, where somebody must; an id, no personal data. No
            event has it.

    Raises:
        StaleQuoteError: The loan has other events than were quoted with, an installment
            has fallen due since, the quote no longer holds, or it was accepted with
            this key and taken back.
        InvalidValueError: The quote was refused, or needs approval and has none; or
            *recorded_at* is on a day before that of the quote, or is not after all that
            the log has on the days of the events.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.adjustments import ADJUSTMENTS_LENIENT, ExtendTerm
        >>> from microcrm_core.adjustments import accept, quote_adjustment
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, LoanAccount
        >>> planned = LoanAccount(
        ...     loan_id=LoanId("loan-7"),
        ...     terms=LoanTerms(
        ...         principal=Money.of("1000.00", Currency.of("EUR")),
        ...         nominal_rate=Rate.per_year(0),
        ...         installment_count=2,
        ...         frequency=Frequency.MONTHLY,
        ...         disbursed_on=dt.date(2025, 1, 15),
        ...         first_due_on=dt.date(2025, 2, 15),
        ...     ),
        ...     events=[],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ... )
        >>> day = dt.date(2025, 1, 10)
        >>> decision = quote_adjustment(
        ...     planned, ExtendTerm(2), ADJUSTMENTS_LENIENT, day
        ... )
        >>> accepted = accept(
        ...     decision,
        ...     planned,
        ...     recorded_at=dt.datetime(2025, 1, 10, 16, tzinfo=dt.UTC),
        ...     idempotency_key="request-31",
        ... )
        >>> again = accept(
        ...     decision,
        ...     accepted.account,
        ...     recorded_at=dt.datetime(2025, 1, 10, 17, tzinfo=dt.UTC),
        ...     idempotency_key="request-31",
        ... )
        >>> again.events == accepted.events
        True
    """
    _require_quote(quote)
    asked = quote.outcome
    if of_kind("account", account, LoanAccount).loan_id != asked.loan_id:
        rule = f"must be that of the quoted loan, {asked.loan_id!r}"
        raise InvalidValueError("account", rule, account.loan_id)
    instant("recorded_at", recorded_at)
    name_text("idempotency_key", idempotency_key)
    _require_granted(quote, approved_by)
    events = quoted_events(
        asked.loan_id,
        asked.basis,
        asked.changes,
        recorded_at=recorded_at,
        idempotency_key=idempotency_key,
    )
    held = _held(account, events)
    if held is None:
        _require_fresh(asked, account, recorded_at.date())
        _require_begun(asked, recorded_at)
        require_recorded_after(account, asked.changes, recorded_at)
        account = account.with_events(events)
    else:
        events = held
    renewal = asked.renewal
    return AcceptedAdjustment(
        events=events,
        account=account,
        state=account.state(asked.as_of),
        approved_by=approved_by,
        concession=asked.concession,
        new_account=None
        if renewal is None
        else renewal.new_account(
            account.policy,
            recorded_at=events[0].recorded_at,
            idempotency_key=f"{idempotency_key}/{_DISBURSED}",
        ),
    )


def _require_quote(quote: object) -> None:
    found = type(quote).__name__
    outcome: object = getattr(quote, "outcome", None)
    if not isinstance(quote, Decision) or not isinstance(outcome, AdjustmentQuote):
        rule = "must be a Decision with an AdjustmentQuote"
        raise InvalidValueError("quote", rule, found, hint="use quote_adjustment(...)")


def _require_granted(quote: Decision[AdjustmentQuote], approved_by: str | None) -> None:
    """Refuse what was refused, and what nobody has approved."""
    if approved_by is not None:
        name_text("approved_by", approved_by)
    outcome, reason = quote.outcome.outcome, quote.reasons[0]
    if outcome is AdjustmentOutcome.REFUSED:
        rule = f"must not be refused ({reason.code})"
        raise InvalidValueError("quote", rule, outcome.value, hint=reason.text())
    if outcome is AdjustmentOutcome.NEEDS_APPROVAL and approved_by is None:
        rule = f"must be given where approval is needed ({reason.code})"
        raise InvalidValueError("approved_by", rule, None, hint=reason.text())


def _held(
    account: LoanAccount, events: tuple[LedgerEvent, ...]
) -> tuple[LedgerEvent, ...] | None:
    """Return the events as an account already holds them; None: it does not.

    They may have been recorded at another moment: the first one counts. An event that
    was reversed is not held any more.
    """
    known = {event.id: event for event in account.events}
    undone = {
        event.what.event_id
        for event in account.events
        if isinstance(event.what, Reversed)
    }
    held = tuple(
        known[event.id]
        for event in events
        if event.id in known and event.id not in undone
    )
    same = [
        attrs.evolve(event, recorded_at=other.recorded_at) == other
        for event, other in zip(events, held, strict=False)
    ]
    return held if len(held) == len(events) and all(same) else None


def _require_begun(quote: AdjustmentQuote, recorded_at: dt.datetime) -> None:
    """Refuse an acceptance before the quote was made."""
    if recorded_at.date() < quote.as_of:
        rule = f"must be on the day of the quote or later, from {quote.as_of} on"
        hint = "give it in the zone of the lender"
        raise InvalidValueError("recorded_at", rule, recorded_at, hint=hint)


def _require_fresh(
    quote: AdjustmentQuote, account: LoanAccount, accepted_on: dt.date
) -> None:
    """Refuse a quote that the loan, or time, has left behind."""
    loan_id = quote.loan_id
    if account.digest != quote.basis:
        raise StaleQuoteError(
            loan_id,
            StaleQuote.OTHER_EVENTS,
            found=account.digest,
            quoted=quote.basis,
        )
    due_on = next_due_on(quote.before)
    if due_on is not None and due_on <= accepted_on:
        raise StaleQuoteError(
            loan_id,
            StaleQuote.INSTALLMENT_DUE,
            found=accepted_on.isoformat(),
            quoted=due_on.isoformat(),
        )
    if accepted_on > quote.valid_until:
        raise StaleQuoteError(
            loan_id,
            StaleQuote.VALIDITY_OVER,
            found=accepted_on.isoformat(),
            quoted=quote.valid_until.isoformat(),
        )
