"""What money that goes out or comes in does to a book.

A disbursement makes rows ask for more. A repayment flows through the waterfall; what no
row takes is the customer's credit. Credit is used as soon as anything is owed again:
by a later disbursement at once, and by a later charge (see `charging`). Once the loan
is written off, money that comes in pays no row: see `write_offs`.

Every posting tells where its money went, so that to the last unit: what came in is what
rows got and what is credit.

Example:
    See `microcrm_core.ledger.replaying`.
"""

from __future__ import annotations

import datetime as dt

from microcrm_core.ids import EventId
from microcrm_core.ledger.allocation_orders import AllocationOrder, Bucket
from microcrm_core.ledger.books import LedgerBook, Posting
from microcrm_core.ledger.charging import (
    additional_row,
    renew_installment_charges,
)
from microcrm_core.ledger.happenings import (
    CreditRefunded,
    Disbursed,
    IncomeCapitalized,
    Renewed,
    Repaid,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.logs import down_payment_id
from microcrm_core.ledger.repayment_kinds import RepaymentKind
from microcrm_core.ledger.row_accounts import RowAccount, RowKind
from microcrm_core.ledger.waterfall import allocate, due_state
from microcrm_core.ledger.write_offs import (
    give_up_paid_out,
    recover,
    require_not_written_off,
)
from microcrm_core.loans.conventions import Arithmetic
from microcrm_core.loans.portions import portion_minor
from microcrm_core.rounding import round_to_multiple

__all__ = [
    "credit_refunded",
    "disbursed",
    "income_capitalized",
    "owe_again",
    "owes_net_of_credit",
    "pay",
    "pay_owed_again",
    "plan_disbursements",
    "renewed",
    "repaid",
    "use_credit",
]


def plan_disbursements(book: LedgerBook) -> None:
    """Let rows ask for what they will, if all is paid out as agreed.

    Called where nothing is paid out yet; the book lends nothing by it.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    for on, amount in book.terms.disbursements:
        _lend(book, on, amount.minor)


def disbursed(book: LedgerBook, event: LedgerEvent) -> None:
    """Pay principal out; its down payment is due the same day.

    Credit from before is used at once. Where the policy takes down payments by itself,
    a repayment of the down payment less that credit follows.

    Raises:
        LedgerError: The loan was written off before.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    what = event.what
    assert isinstance(what, Disbursed)  # as the table of handlers says
    require_not_written_off(book, event)
    on, amount_minor = event.value_on, what.amount.minor
    held_minor = book.credit_minor
    book.postings[event.id] = Posting(amount_minor=amount_minor)
    book.lent_minor += amount_minor
    down_minor = _lend(book, on, amount_minor)
    if book.per_installment:
        renew_installment_charges(book, on)
    if held_minor:
        use_credit(book, event.id, on)
    is_taken = book.policy.is_down_payment_automatic and what.is_down_payment_taken
    if is_taken and down_minor > held_minor:
        order = book.policy.order_of(RepaymentKind.DOWN_PAYMENT)
        down_id = down_payment_id(event.id)
        pay(book, down_id, down_minor - held_minor, on, order)


def _lend(book: LedgerBook, on: dt.date, amount_minor: int) -> int:
    """Let rows ask for a disbursement; return its down payment."""
    down_minor = 0
    portion = book.terms.plan.down_payment
    if portion is not None:
        conventions = book.conventions
        share_minor = portion_minor(portion, amount_minor, book.terms, conventions)
        if conventions.arithmetic is not Arithmetic.EXACT:
            # These engines round a down payment to the multiple of installments too.
            multiple = conventions.installment_multiple
            share_minor = round_to_multiple(share_minor, multiple, conventions.rounding)
        down_minor = min(share_minor, amount_minor)
        book.down_minor += down_minor
        if book.foreseen:
            book.foreseen.pop(0)
        else:
            down = RowAccount.of(on, on, [down_minor, 0, 0, 0], RowKind.DOWN_PAYMENT)
            book.rows.append(down)
            book.sort_rows()
    book.engine.disburse(book, on, amount_minor - down_minor)
    return down_minor


def repaid(book: LedgerBook, event: LedgerEvent) -> None:
    """Pay money that came in into the rows, in the order of its kind.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    what = event.what
    assert isinstance(what, Repaid)  # as the table of handlers says
    order = book.policy.order_of(what.kind)
    pay(book, event.id, what.amount.minor, event.value_on, order)


def renewed(book: LedgerBook, event: LedgerEvent) -> None:
    """Pay money of the new loan into the rows, as an ordinary repayment.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    what = event.what
    assert isinstance(what, Renewed)  # as the table of handlers says
    order = book.policy.order_of(RepaymentKind.REPAYMENT)
    pay(book, event.id, what.amount.minor, event.value_on, order)


def pay(
    book: LedgerBook,
    event_id: EventId,
    amount_minor: int,
    on: dt.date,
    order: AllocationOrder,
) -> None:
    """Make the posting of a repayment: the parts that rows take, and credit.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    posting = Posting(amount_minor, [0, 0, 0, 0], 0, [], on, order)
    book.postings[event_id] = posting
    if book.is_written_off:
        recover(book, posting, amount_minor)
        return
    left_minor = allocate(book, event_id, amount_minor, on, order)
    posting.credit_minor = left_minor
    book.credit_minor += left_minor


def use_credit(book: LedgerBook, event_id: EventId, on: dt.date) -> None:
    """Pay all credit into what is owed again because of an event.

    The parts are listed in the posting of the event, and its credit falls by them; what
    the event itself came to stays as it is.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    posting = book.postings[event_id]
    own_minor = list(posting.parts_minor)
    held_minor = book.credit_minor
    left_minor = allocate(book, event_id, held_minor, on, book.policy.allocation)
    posting.parts_minor[:] = own_minor
    posting.credit_minor -= held_minor - left_minor
    book.credit_minor = left_minor


def credit_refunded(book: LedgerBook, event: LedgerEvent) -> None:
    """Pay credit back to the customer; what is above it is owed again as principal.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    what = event.what
    assert isinstance(what, CreditRefunded)  # as the table of handlers says
    on, amount_minor = event.value_on, what.amount.minor
    used_minor = min(amount_minor, book.credit_minor)
    owed_minor = amount_minor - used_minor
    book.credit_minor -= used_minor
    book.postings[event.id] = Posting(
        amount_minor=amount_minor,
        parts_minor=[owed_minor, 0, 0, 0],
        credit_minor=-used_minor,
    )
    if book.is_written_off:
        posting = book.postings[event.id]
        posting.parts_minor[Bucket.PRINCIPAL] = 0
        give_up_paid_out(book, posting, owed_minor, on)
    elif owed_minor and owes_net_of_credit(book):
        owe_again(book, on, owed_minor, 0)
    elif owed_minor:
        # All of it becomes principal, and the credit then pays its part of that.
        row = owe_again(book, on, amount_minor, 0)
        pay_owed_again(book, event.id, row, used_minor, on)


def owes_net_of_credit(book: LedgerBook) -> bool:
    """Whether what credit covers is not owed at all.

    The peer's arithmetic owes all of it and pays a part at once. Where payments change
    no interest, that part would bear interest: the customer's own money.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    return book.conventions.arithmetic is Arithmetic.EXACT


def pay_owed_again(
    book: LedgerBook, event_id: EventId, row: RowAccount, used_minor: int, on: dt.date
) -> None:
    """Let credit that an event used pay principal that it made owed again.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    taken_minor = row.pay(Bucket.PRINCIPAL, used_minor, on)
    if taken_minor:
        part = row, Bucket.PRINCIPAL, taken_minor, due_state(row.due_on, on)
        book.postings[event_id].parts.append(part)
        book.engine.after_payment(book, row, Bucket.PRINCIPAL, taken_minor, on)
    row.restamp(on)


def owe_again(
    book: LedgerBook, on: dt.date, principal_minor: int, interest_minor: int
) -> RowAccount:
    """Let principal and interest be owed again; return the row that asks for them.

    Where no row is left for it, an additional one is due on the day.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    row = book.engine.credit(book, on, principal_minor, interest_minor)
    if row is None:
        row = additional_row(book, on)
        row.charged[Bucket.PRINCIPAL] += principal_minor
        row.charged[Bucket.INTEREST] += interest_minor
        row.credited_minor += principal_minor
    row.restamp(on)
    return row


def income_capitalized(book: LedgerBook, event: LedgerEvent) -> None:
    """Let income of the lender be owed as principal, as if it had been paid out.

    Raises:
        LedgerError: The loan was written off before.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    what = event.what
    assert isinstance(what, IncomeCapitalized)  # as the table of handlers says
    require_not_written_off(book, event)
    amount_minor = what.amount.minor
    book.postings[event.id] = Posting(
        amount_minor=amount_minor, parts_minor=[amount_minor, 0, 0, 0]
    )
    book.lent_minor += amount_minor
    book.engine.capitalize(book, event.value_on, amount_minor)
    if book.per_installment:
        renew_installment_charges(book, event.value_on)
    if book.credit_minor:
        use_credit(book, event.id, event.value_on)
