"""What new rates, pauses of interest, due dates and terms do to a book.

All are the engine's business; the book only notes that they took place.

Example:
    >>> from microcrm_core.ledger.rate_events import interest_paused, rate_changed
    >>> rate_changed.__name__, interest_paused.__name__
    ('rate_changed', 'interest_paused')
"""

from __future__ import annotations

from collections.abc import Iterable

from microcrm_core.ledger.books import LedgerBook, Posting
from microcrm_core.ledger.charging import reallocate_credit
from microcrm_core.ledger.happenings import InterestPaused, RateChanged
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.loans.terms import LoanTerms

__all__ = ["bears_interest", "interest_paused", "rate_changed", "terms_changed"]


def bears_interest(terms: LoanTerms, events: Iterable[LedgerEvent]) -> bool:
    """Return whether a loan ever bears interest, by its terms or by an event.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    rates = [terms.nominal_rate]
    rates += [change.nominal_rate for change in terms.rate_changes]
    rates += [
        event.what.nominal_rate
        for event in events
        if isinstance(event.what, RateChanged)
    ]
    return any(rate.annual_fraction for rate in rates)


def rate_changed(book: LedgerBook, event: LedgerEvent) -> None:
    """Let the new rate bear interest from the event's day on.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    assert isinstance(event.what, RateChanged)  # as the table of handlers says
    book.postings[event.id] = Posting(amount_minor=0)
    if not book.is_terminated:
        book.engine.change_rate(book, event.value_on, event.what.nominal_rate)


def interest_paused(book: LedgerBook, event: LedgerEvent) -> None:
    """Let no interest accrue from the event's day to the last day of the pause.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    assert isinstance(event.what, InterestPaused)  # as the table of handlers says
    book.postings[event.id] = Posting(amount_minor=0)
    if not book.is_terminated:
        book.engine.pause(book, event.value_on, event.what.last_on)


def terms_changed(book: LedgerBook, event: LedgerEvent) -> None:
    """Let new due dates, or a new term, hold from the event's day on.

    What was agreed before anything was paid out made the terms that the loan began
    with, and a loan that was ended has no due dates to come.

    Raises:
        LedgerError: The event fits no due date of the loan.
        ScheduleError: The terms, as they then are, allow no schedule.

    Example:
        See `microcrm_core.ledger.replanned_rows`.
    """
    if not book.lent_minor or book.is_terminated:
        return
    book.engine.change_terms(book, event)
    if book.credit_minor:
        reallocate_credit(book)
