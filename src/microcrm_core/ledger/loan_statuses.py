"""What a closed book says of its loan as a whole: where it stands, what has accrued.

Example:
    >>> from microcrm_core.ledger.loan_statuses import LoanStatus
    >>> LoanStatus.WRITTEN_OFF.value
    'written_off'
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.row_accounts import RowAccount, RowKind

__all__ = ["LoanStatus", "accrued_minor", "status_of"]

_OF_LOAN: Final = (RowKind.REGULAR, RowKind.RE_AGED)


class LoanStatus(StrEnum):
    """Where a loan stands.

    Attributes:
        APPROVED: Nothing is paid out yet.
        ACTIVE: Something is owed.
        OVERPAID: Nothing is owed, and the customer has credit.
        CLOSED: Nothing is owed.
        WRITTEN_OFF: The lender gave up what was owed, whatever was recovered since.

    Example:
        >>> from microcrm_core.ledger.loan_statuses import LoanStatus
        >>> LoanStatus.WRITTEN_OFF.value
        'written_off'
    """

    APPROVED = "approved"
    ACTIVE = "active"
    OVERPAID = "overpaid"
    CLOSED = "closed"
    WRITTEN_OFF = "written_off"


def status_of(book: LedgerBook, *, has_lent: bool, is_open: bool) -> LoanStatus:
    """Return where a loan stands of which money was paid out, or something is open.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    if not has_lent:
        return LoanStatus.APPROVED
    if book.is_written_off:
        return LoanStatus.WRITTEN_OFF
    if is_open:
        return LoanStatus.ACTIVE
    return LoanStatus.OVERPAID if book.credit_minor > 0 else LoanStatus.CLOSED


def accrued_minor(book: LedgerBook) -> int:
    """Return the interest of due rows and of the running one that is not paid.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    total_minor = 0
    for row in book.rows:
        if row.due_on <= book.as_of:
            total_minor += max(row.open_in(Bucket.INTEREST), 0)
        elif row.kind in _OF_LOAN and row.from_on < book.as_of:
            total_minor += _running_minor(book, row)
    return total_minor


def _running_minor(book: LedgerBook, row: RowAccount) -> int:
    borne_minor = book.engine.interest_to(book, row, book.as_of)
    settled_minor = row.paid[Bucket.INTEREST] + row.waived[Bucket.INTEREST]
    return max(borne_minor - settled_minor, 0)
