"""What a log must not hold: events that cannot be true of one loan together.

Each fault is a `LedgerError` that names the event, and the same one whatever came
first. What has a meaning, such as a request that came twice, is dealt with in `logs`.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Money
    >>> from microcrm_core.ids import LoanId
    >>> from microcrm_core.ledger import LedgerEvent, Repaid
    >>> from microcrm_core.ledger.log_checks import require_order
    >>> paid = LedgerEvent.of(
    ...     Repaid(amount=Money.of("100.00", Currency.of("EUR"))),
    ...     loan_id=LoanId("loan-7"),
    ...     value_on=dt.date(2025, 1, 31),
    ...     recorded_at=dt.datetime(2025, 2, 3, 9, tzinfo=dt.UTC),
    ...     idempotency_key="bank-4711",
    ... )
    >>> try:
    ...     require_order((paid,))
    ... except ValueError as error:
    ...     print(error.field, error.rule)
    value_on must not be before the first disbursement
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final, NoReturn

from microcrm_core.currencies import Currency
from microcrm_core.errors import LedgerError
from microcrm_core.ids import EventId
from microcrm_core.ledger.happenings import (
    ArrearsCapitalized,
    Charged,
    ChargedBack,
    ChargedOff,
    ChargeWaived,
    CreditRefunded,
    DelinquencyPaused,
    Disbursed,
    IncomeCapitalized,
    InterestPaused,
    ReAged,
    ReAmortized,
    Renewed,
    Repaid,
    Terminated,
    WrittenOff,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.money import Money

__all__ = ["down_payment_id", "require_one_loan", "require_order", "require_repeated"]

_AMOUNTS: Final = (
    Disbursed, CreditRefunded, ChargedBack, IncomeCapitalized, Renewed
)  # fmt: skip
_AFTER_DISBURSEMENT: Final = frozenset(
    {
        Repaid,
        Renewed,
        CreditRefunded,
        ChargedBack,
        WrittenOff,
        ChargedOff,
        Terminated,
        IncomeCapitalized,
        ReAged,
        ReAmortized,
        ArrearsCapitalized,
    }
)
_PAUSES: Final = (InterestPaused, DelinquencyPaused)


def down_payment_id(event_id: EventId) -> EventId:
    """Return the id of the down payment that a disbursement brings by itself.

    It is no event of the log; a charge-back may name it all the same.

    Example:
        >>> from microcrm_core.ids import EventId
        >>> from microcrm_core.ledger.log_checks import down_payment_id
        >>> down_payment_id(EventId("event-1"))
        'event-1/down-payment'
    """
    return EventId(f"{event_id}/down-payment")


def require_one_loan(
    by_id: Mapping[EventId, LedgerEvent], currency: Currency | None
) -> None:
    """Refuse events of several loans, or amounts in several currencies.

    Args:
        by_id: The events that are known, at least one.
        currency: Of the loan; None: that of the first amount.

    Raises:
        LedgerError: An event is of another loan, or an amount in another currency.

    Example:
        See `microcrm_core.ledger.logs`.
    """
    loan_id = next(iter(by_id.values())).loan_id
    known = currency
    for event in by_id.values():
        amount = _amount(event)
        if amount is not None and amount.currency is not known:
            known = known or amount.currency
            if amount.currency != known:
                _refuse_mixed(by_id, currency)
        if event.loan_id != loan_id:
            _refuse_mixed(by_id, currency)


def _refuse_mixed(
    by_id: Mapping[EventId, LedgerEvent], currency: Currency | None
) -> NoReturn:
    """Name the first event at fault by its id, whatever came first."""
    events = sorted(by_id.values(), key=_id)
    # The loan of most events is the one that was meant.
    loan_id = Counter(event.loan_id for event in events).most_common(1)[0][0]
    for event in events:
        if event.loan_id != loan_id:
            rule = f"must be that of the other events, {loan_id!r}"
            raise LedgerError(event.id, "loan_id", rule, event.loan_id)
    amounts = [
        (event, amount) for event in events if (amount := _amount(event)) is not None
    ]
    known = currency or amounts[0][1].currency
    event, amount = next(pair for pair in amounts if pair[1].currency != known)
    raise LedgerError(event.id, "amount", f"must be in {known.code}", str(amount))


def _amount(event: LedgerEvent) -> Money | None:
    what = event.what
    # Most events are one of these two.
    if isinstance(what, Repaid):
        return what.amount
    if isinstance(what, Charged):
        return what.portion.amount
    return what.amount if isinstance(what, _AMOUNTS) else None


def require_order(live: tuple[LedgerEvent, ...]) -> None:
    """Refuse what comes before that which it needs.

    Args:
        live: The events that count, in order of replay.

    Raises:
        LedgerError: Money is paid before any was lent, an event names none of its kind
            from before it, or a pause ends before it begins.

    Example:
        See `microcrm_core.ledger.log_checks`.
    """
    is_disbursed = False
    charge_ids: set[EventId] = set()
    repayment_ids: set[EventId] = set()
    for event in live:
        what = event.what
        kind = type(what)
        if not is_disbursed and kind in _AFTER_DISBURSEMENT:
            rule = "must not be before the first disbursement"
            hint = f"{event.type} needs loan.disbursed from that day or before"
            raise LedgerError(event.id, "value_on", rule, event.value_on, hint=hint)
        if kind is Repaid or kind is Renewed:
            repayment_ids.add(event.id)
        elif kind is Charged:
            charge_ids.add(event.id)
        elif kind is Disbursed:
            is_disbursed = True
            # Whether it brought a down payment is known only when it is replayed.
            repayment_ids.add(down_payment_id(event.id))
        elif isinstance(what, ChargeWaived):
            _require_named(event, "charge_id", what.charge_id, charge_ids, "charge")
        elif isinstance(what, ChargedBack):
            named_id = what.repayment_id
            _require_named(event, "repayment_id", named_id, repayment_ids, "repayment")
        elif isinstance(what, _PAUSES) and what.last_on < event.value_on:
            rule = f"must not be before the first day, {event.value_on}"
            raise LedgerError(event.id, "last_on", rule, what.last_on)


def _require_named(
    event: LedgerEvent, field: str, named_id: EventId, ids: set[EventId], word: str
) -> None:
    if named_id not in ids:
        rule = f"must name a {word} from before that counts"
        hint = f"if it was reversed, reverse {event.id} as well"
        raise LedgerError(event.id, field, rule, named_id, hint=hint)


def _id(event: LedgerEvent) -> str:
    return event.id


def require_repeated(event: LedgerEvent, first: LedgerEvent) -> None:
    """Refuse an event with the id or key of another one, unless it says the same.

    Raises:
        LedgerError: It says something else.

    Example:
        See `microcrm_core.ledger.logs`.
    """
    is_same = (
        event.loan_id == first.loan_id
        and event.value_on == first.value_on
        and event.what == first.what
    )
    if is_same:
        return
    is_id = event.id == first.id
    field = "id" if is_id else "idempotency_key"
    rule = f"must not be that of another event, {first.id!r} of {first.value_on}"
    value = event.id if is_id else event.idempotency_key
    hint = "a repeated request has the same day and content, another one its own key"
    raise LedgerError(event.id, field, rule, value, hint=hint)
