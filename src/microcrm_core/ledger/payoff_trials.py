"""What closes a loan whose interest depends on how it is paid: tried on a copy.

Where early payments change interest, what is owed in all depends on which row is paid
first, so that no sum over rows is certain to close the loan. A trial pays an amount
into a copy of the book by the ordinary waterfall, and the amount is corrected by what
was too much or too little, until the copy is closed exactly.

Example:
    >>> from microcrm_core.ledger.payoff_trials import TRIALS_MAX
    >>> TRIALS_MAX
    256
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import attrs

from microcrm_core.ids import EventId
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.book_copies import copied_book
from microcrm_core.ledger.books import LedgerBook, Posting
from microcrm_core.ledger.interest_engines import InterestEngine
from microcrm_core.ledger.repayment_kinds import RepaymentKind
from microcrm_core.ledger.row_accounts import RowAccount
from microcrm_core.ledger.waterfall import allocate

__all__ = ["TRIALS_MAX", "EngineCopy", "payoff_trial"]

TRIALS_MAX: Final = 256
"""After so many trials the last amount is taken; nearly always one or two do."""

EngineCopy: TypeAlias = Callable[
    [LedgerBook, Mapping[RowAccount, RowAccount], dt.date, int], InterestEngine
]
"""Makes an engine for copied rows, as it stands where an amount is paid on the day."""

_TRIAL_ID: Final = EventId("payoff")


def payoff_trial(
    book: LedgerBook,
    on: dt.date,
    guess_minor: int,
    engine_copy: EngineCopy | None = None,
) -> int:
    """Return the interest that is to be paid with all else, so that nothing is left.

    Args:
        book: The loan; it is not changed.
        on: The day of the payment.
        guess_minor: The interest to try first.
        engine_copy: Makes an engine for copied rows; None: the whole book is copied.

    Example:
        See `microcrm_core.ledger.model_engine`.
    """
    beside_minor = book.open_minor
    beside_minor -= sum(row.open_in(Bucket.INTEREST) for row in book.rows)
    order = book.policy.order_of(RepaymentKind.REPAYMENT)
    amount_minor = beside_minor + guess_minor
    tried: set[int] = set()
    for _ in range(TRIALS_MAX):
        if engine_copy is None:
            trial = copied_book(book)
        else:
            trial = _copy(book, on, engine_copy, amount_minor)
        trial.postings[_TRIAL_ID] = Posting(amount_minor=amount_minor)
        left_minor = allocate(trial, _TRIAL_ID, amount_minor, on, order)
        trial.engine.accrue_to(trial, on)
        if not left_minor and not trial.open_minor:
            break
        tried.add(amount_minor)
        amount_minor += trial.open_minor - left_minor
        if amount_minor in tried:
            # Where money is spread, a unit more can let a row ask for much less, so
            # that corrections may go round in a ring.
            amount_minor = min(tried) - 1
    return amount_minor - beside_minor


def _copy(
    book: LedgerBook, on: dt.date, engine_copy: EngineCopy, amount_minor: int
) -> LedgerBook:
    copies = {
        row: attrs.evolve(
            row,
            charged=list(row.charged),
            paid=list(row.paid),
            waived=list(row.waived),
        )
        for row in book.rows
    }
    return attrs.evolve(
        book,
        rows=list(copies.values()),
        postings=dict(book.postings),
        engine=engine_copy(book, copies, on, amount_minor),
        charges={
            event_id: [attrs.evolve(part, row=copies[part.row]) for part in parts]
            for event_id, parts in book.charges.items()
        },
    )
