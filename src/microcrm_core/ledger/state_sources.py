"""What a state asks for only when somebody asks the state: postings and interest.

A state holds its rows from the start. What each event came to, what has accrued and
what would pay the loan off are worked out on request, by what the replay has left: a
`LedgerBook`, or the columns of `plain_replays`.

Example:
    >>> from microcrm_core.ledger.state_sources import BookSource
    >>> BookSource.__name__
    'BookSource'
"""

from __future__ import annotations

import datetime as dt
from typing import Protocol

import attrs

from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.loan_statuses import accrued_minor
from microcrm_core.ledger.postings import LoanPosting, postings_of

__all__ = ["BookSource", "StateSource"]


class StateSource(Protocol):
    """What a replay has left, as far as a state asks for it.

    Example:
        See `microcrm_core.ledger.state_sources`.
    """

    def postings(
        self, reversed_events: tuple[LedgerEvent, ...]
    ) -> tuple[LoanPosting, ...]:
        """Return what each event came to, in order of replay; reversed ones last."""
        ...

    def payoff_minor(self, on: dt.date) -> tuple[int, int]:
        """Return principal and interest that are open if all is paid on a day."""
        ...

    def accrued_minor(self) -> int:
        """Return the interest of due rows and of the running one that is not paid."""
        ...


@attrs.frozen
class BookSource:
    """A closed book.

    Example:
        See `microcrm_core.ledger.state_sources`.
    """

    _book: LedgerBook

    def postings(
        self, reversed_events: tuple[LedgerEvent, ...]
    ) -> tuple[LoanPosting, ...]:
        """Return what each event came to, in order of replay; reversed ones last."""
        return postings_of(self._book, reversed_events)

    def payoff_minor(self, on: dt.date) -> tuple[int, int]:
        """Return principal and interest that are open if all is paid on a day."""
        return self._book.engine.payoff(self._book, on)

    def accrued_minor(self) -> int:
        """Return the interest of due rows and of the running one that is not paid."""
        return accrued_minor(self._book)
