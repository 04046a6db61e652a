"""Steps of a peer's case that undo earlier ones.

What is undone never was: the ledger is told so by a `Reversed`. Some of it stays in the
peer's list of transactions, and some disappears from it.
"""

from __future__ import annotations

from typing import Final

from tests.golden.fineract_logs import CaseLog, Transaction
from tests.golden.outcomes import NotSupportedError
from tests.golden.reading import MalformedError, Record, date_at, text_at, whole_at

__all__ = [
    "UNDONE_LAST",
    "undo",
    "undo_all_disbursals",
    "undo_last",
    "undo_last_disbursal",
    "undo_repayment",
]

UNDONE_LAST: Final = {
    "undo_charge_off": "Charge-off",
    "undo_re_age": "Re-age",
    "undo_re_amortise": "Re-amortize",
    "undo_terminate_contract": "Contract Termination",
}
"""The name of the transaction of which a step undoes the last."""

_REPAYMENT: Final = "Repayment"
_INTEREST_REFUND: Final = "interest refund"


def undo(log: CaseLog, step: Record) -> None:
    """Undo the nth transaction of a day, of one type or of any."""
    word, number = text_at(step, "type").lower(), whole_at(step, "nth")
    shown = log.shown(log.state())
    of_type: list[tuple[Transaction, str]] = []
    for transaction in log.in_order():
        names = [transaction.name.lower()]
        # The interest refund that a refund brought is a transaction after it.
        if log.shown_of(transaction, shown)[1] is not None:
            names.append(_INTEREST_REFUND)
        of_type += [(transaction, name) for name in names if word in ("any", name)]
    on = date_at(step, "date")
    of_day = [found for found in of_type if found[0].event.value_on == on]
    # A number beyond those of the day is counted over all days.
    found = of_day if len(of_day) >= number else of_type
    if not 1 <= number <= len(found):
        raise MalformedError(f"there is no {word} {number} on {on}")
    transaction, name = found[number - 1]
    if name == _INTEREST_REFUND:
        raise NotSupportedError("undo of an interest refund alone")
    log.reverse([transaction])


def undo_repayment(log: CaseLog, step: Record) -> None:
    """Undo the first repayment of a day that was not undone."""
    on = date_at(step, "date")
    for transaction in log.in_order():
        is_live = not transaction.is_reversed
        is_there = transaction.event.value_on == on and is_live
        if is_there and transaction.name == _REPAYMENT:
            log.reverse([transaction])
            return
    raise MalformedError(f"there is no repayment on {on}")


def undo_last(log: CaseLog, name: str) -> None:
    found = [
        transaction
        for transaction in log.transactions
        if transaction.name == name and not transaction.is_reversed
    ]
    if not found:
        raise MalformedError(f"there is no {name} to undo")
    log.reverse([found[-1]])


def undo_last_disbursal(log: CaseLog, _step: Record) -> None:
    """Undo the last disbursement and all that was entered after it, from its day.

    Only its own down payment stays in the list.
    """
    last = max(
        log.paid_out,
        key=lambda transaction: transaction.event.sort_key,
        default=None,
    )
    if last is None:
        raise MalformedError("there must be a disbursement to undo")
    on, at = last.event.value_on, last.event.recorded_at
    gone = [
        found
        for found in log.transactions
        if found is last
        or found.cause is last
        or (found.event.value_on >= on and found.event.recorded_at > at)
    ]
    log.reverse([found for found in gone if not found.is_reversed])
    for found in gone:
        found.is_listed = found.is_listed and found.cause is last
    # Its planned tranche goes with it.
    del log.tranches[len(log.paid_out) : len(log.paid_out) + 1]


def undo_all_disbursals(log: CaseLog, _step: Record) -> None:
    """Undo everything that is listed."""
    log.reverse([found for found in log.transactions if not found.is_reversed])
    for transaction in log.transactions:
        transaction.is_listed = False
