"""A repayment is taken back by the payer's bank, and what it paid is owed again.

A charge-back is no reversal: the repayment was made, and counted until the day on which
it was taken back. From that day on the same principal, interest, fees and penalties are
owed once more, so that lateness starts with the charge-back and not with the repayment.

Which buckets are owed again is data of the policy: in some order up to what the
repayment had paid in each, or all as principal. Credit that the customer holds pays
what is owed again at once.

Example:
    >>> from microcrm_core.ledger.allocation_orders import Bucket
    >>> from microcrm_core.ledger.crediting import parts_in_order
    >>> interest_first = (
    ...     Bucket.INTEREST, Bucket.FEES, Bucket.PRINCIPAL, Bucket.PENALTIES
    ... )
    >>> parts_in_order([90, 10, 0, 0], 30, interest_first)
    [20, 10, 0, 0]
"""

from __future__ import annotations

from collections.abc import Sequence

from microcrm_core.errors import LedgerError
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook, Posting
from microcrm_core.ledger.happenings import ChargedBack
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.paying import owe_again, owes_net_of_credit, use_credit
from microcrm_core.ledger.rate_events import bears_interest
from microcrm_core.ledger.write_offs import take_back_recovery

__all__ = ["charged_back", "parts_in_order"]


def charged_back(book: LedgerBook, event: LedgerEvent) -> None:
    """Let what a repayment paid be owed again.

    Without an order of buckets all of it is principal; then, where early payments
    change nothing, only what is above the customer's credit is owed. With an order, a
    part of the repayment that had become credit is taken from credit first. Of a loan
    that was written off nothing is owed again.

    Raises:
        LedgerError: More was charged back than was repaid.

    Example:
        See `microcrm_core.ledger.crediting`.
    """
    what = event.what
    assert isinstance(what, ChargedBack)  # as the table of handlers says
    on, amount_minor = event.value_on, what.amount.minor
    earlier = _earlier_of(book, event)
    _require_not_above(book, event, earlier)
    order = book.policy.chargeback_order
    if book.is_written_off:
        take_back_recovery(book, event)
        return
    if order:
        _owe_in_order(book, event, earlier, order)
    elif _is_recalculated(book):
        book.postings[event.id] = Posting(
            amount_minor=amount_minor, parts_minor=[amount_minor, 0, 0, 0]
        )
        owe_again(book, on, amount_minor, 0)
    else:
        _owe_above_credit(book, event)
        return
    if book.credit_minor:
        use_credit(book, event.id, on)


def parts_in_order(
    most_minor: Sequence[int], amount_minor: int, order: Sequence[Bucket]
) -> list[int]:
    """Return an amount by bucket: up to what each has, in order; a rest is left out.

    Example:
        See `microcrm_core.ledger.crediting`.
    """
    parts = [0, 0, 0, 0]
    for bucket in order:
        parts[bucket] = min(max(most_minor[bucket], 0), amount_minor)
        amount_minor -= parts[bucket]
    return parts


def _earlier_of(book: LedgerBook, event: LedgerEvent) -> list[int]:
    """Return the amounts of earlier charge-backs of the same repayment."""
    what = event.what
    assert isinstance(what, ChargedBack)  # the caller has looked
    return [
        one.what.amount.minor
        for one in book.events
        if isinstance(one.what, ChargedBack)
        and one.what.repayment_id == what.repayment_id
        and one.id in book.postings
    ]


def _require_not_above(
    book: LedgerBook, event: LedgerEvent, earlier: Sequence[int]
) -> None:
    what = event.what
    assert isinstance(what, ChargedBack)  # the caller has looked
    # The log was read: what is named is a repayment from before that counts, or the
    # down payment of a disbursement, which may not have brought one.
    repaid = book.postings.get(what.repayment_id)
    if repaid is None:
        rule = "must name a repayment, or a down payment that was taken"
        raise LedgerError(event.id, "repayment_id", rule, what.repayment_id)
    left_minor = repaid.amount_minor - sum(earlier)
    if what.amount.minor > left_minor:
        rule = (
            f"must be at most {left_minor} minor units, what is left of the repayment"
        )
        raise LedgerError(event.id, "amount", rule, what.amount.minor)


def _owe_in_order(
    book: LedgerBook,
    event: LedgerEvent,
    earlier: Sequence[int],
    order: Sequence[Bucket],
) -> None:
    what = event.what
    assert isinstance(what, ChargedBack)  # the caller has looked
    on, amount_minor = event.value_on, what.amount.minor
    left_minor = list(book.postings[what.repayment_id].parts_minor)
    for earlier_minor in earlier:
        for bucket, part in enumerate(parts_in_order(left_minor, earlier_minor, order)):
            left_minor[bucket] -= part
    parts_minor = parts_in_order(left_minor, amount_minor, order)
    # What the repayment had given to no row is taken from credit; what of that was
    # used since then is owed as principal.
    rest_minor = amount_minor - sum(parts_minor)
    from_credit_minor = min(rest_minor, book.credit_minor)
    parts_minor[Bucket.PRINCIPAL] += rest_minor - from_credit_minor
    book.credit_minor -= from_credit_minor
    book.postings[event.id] = Posting(
        amount_minor=amount_minor,
        parts_minor=parts_minor,
        credit_minor=-from_credit_minor,
    )
    principal_minor = parts_minor[Bucket.PRINCIPAL]
    interest_minor = parts_minor[Bucket.INTEREST]
    row = owe_again(book, on, principal_minor, interest_minor)
    for bucket in (Bucket.FEES, Bucket.PENALTIES):
        row.charged[bucket] += parts_minor[bucket]
    row.restamp(on)


def _owe_above_credit(book: LedgerBook, event: LedgerEvent) -> None:
    what = event.what
    assert isinstance(what, ChargedBack)  # the caller has looked
    on, amount_minor = event.value_on, what.amount.minor
    used_minor = min(amount_minor, book.credit_minor)
    owed_minor = amount_minor - used_minor
    book.credit_minor -= used_minor
    book.postings[event.id] = Posting(
        amount_minor=amount_minor,
        parts_minor=[owed_minor, 0, 0, 0],
        credit_minor=-used_minor,
    )
    if owed_minor and owes_net_of_credit(book):
        owe_again(book, on, owed_minor, 0)
    elif owed_minor:
        row = owe_again(book, on, amount_minor, 0)
        if used_minor:
            row.pay(Bucket.PRINCIPAL, used_minor, on)
        row.restamp(on)


def _is_recalculated(book: LedgerBook) -> bool:
    return book.policy.is_recalculating and bears_interest(book.terms, book.events)
