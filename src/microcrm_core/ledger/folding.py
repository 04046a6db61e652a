"""The fold: events are applied to a book in their order, each by its handler.

Which handler applies what is a table; which engine knows the interest follows from the
conventions. `replaying` reads the log and closes the book into a state.

Example:
    >>> from microcrm_core.ledger import Repaid
    >>> from microcrm_core.ledger.folding import HANDLERS
    >>> HANDLERS[Repaid].__name__
    'repaid'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.charging import charge_waived, charged
from microcrm_core.ledger.closing import charged_off, terminated
from microcrm_core.ledger.crediting import charged_back
from microcrm_core.ledger.happenings import (
    ArrearsCapitalized,
    Charged,
    ChargedBack,
    ChargedOff,
    ChargeWaived,
    CreditRefunded,
    Disbursed,
    DueDateChanged,
    Happening,
    HolidayGranted,
    IncomeCapitalized,
    InterestPaused,
    RateChanged,
    ReAged,
    ReAmortized,
    Renewed,
    Repaid,
    Replanned,
    TermChanged,
    Terminated,
    WrittenOff,
)
from microcrm_core.ledger.interest_engines import InterestEngine
from microcrm_core.ledger.interest_refunds import (
    gives_interest_back,
    refund_interest,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import LedgerPolicy
from microcrm_core.ledger.logs import effective_on
from microcrm_core.ledger.paying import (
    credit_refunded,
    disbursed,
    income_capitalized,
    plan_disbursements,
    renewed,
    repaid,
)
from microcrm_core.ledger.rate_events import (
    bears_interest,
    interest_paused,
    rate_changed,
    terms_changed,
)
from microcrm_core.ledger.re_aging import (
    arrears_capitalized,
    re_aged,
    re_amortized,
)
from microcrm_core.ledger.row_accounts import RowKind
from microcrm_core.ledger.term_changes import TERM_CHANGES, DueSeries
from microcrm_core.ledger.write_offs import written_off
from microcrm_core.loans.conventions import Arithmetic, ScheduleConventions
from microcrm_core.loans.terms import LoanTerms

__all__ = [
    "HANDLERS",
    "apply_events",
    "close_book",
    "engine_of",
    "fold",
]

HANDLERS: Final[dict[type[Happening], Callable[[LedgerBook, LedgerEvent], None]]] = {
    Disbursed: disbursed,
    Repaid: repaid,
    Renewed: renewed,
    CreditRefunded: credit_refunded,
    IncomeCapitalized: income_capitalized,
    WrittenOff: written_off,
    Charged: charged,
    ChargeWaived: charge_waived,
    RateChanged: rate_changed,
    InterestPaused: interest_paused,
    DueDateChanged: terms_changed,
    HolidayGranted: terms_changed,
    TermChanged: terms_changed,
    Replanned: terms_changed,
    ChargedBack: charged_back,
    ReAged: re_aged,
    ReAmortized: re_amortized,
    ArrearsCapitalized: arrears_capitalized,
    ChargedOff: charged_off,
    Terminated: terminated,
}
"""What applies an event to a book, by what happened.

Pauses of delinquency change no amounts, so they are not here.
"""


def fold(
    terms: LoanTerms,
    live: tuple[LedgerEvent, ...],
    conventions: ScheduleConventions,
    policy: LedgerPolicy,
    as_of: dt.date,
) -> LedgerBook:
    """Return a new book with events applied that are in order of replay.

    Args:
        terms: What was agreed, before any event.
        live: The events that count, in order of replay.
        conventions: How amounts are made.
        policy: How the loan is kept.
        as_of: The day of the state.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    series = _series_at_opening(terms, live, conventions)
    opening = terms if series is None else series.terms()
    paid_out_on = [event.value_on for event in live if type(event.what) is Disbursed]
    book = LedgerBook(
        terms=opening,
        conventions=conventions,
        policy=policy,
        engine=engine_of(opening, live, conventions),
        events=live,
        as_of=as_of,
        first_on=paid_out_on[0] if paid_out_on else terms.disbursed_on,
        maturity_on=opening.first_due_on,
        agreed=terms,
        series=series,
    )
    book.engine.open(book)
    if not paid_out_on:
        plan_disbursements(book)
    apply_events(book, live)
    return book


def _series_at_opening(
    terms: LoanTerms,
    live: Sequence[LedgerEvent],
    conventions: ScheduleConventions,
) -> DueSeries | None:
    """Return due dates as events change them before a loan begins; None: none does.

    By exact fractions a loan begins when it is paid out first. In the other kinds of
    arithmetic all changes count from the start.
    """
    is_exact = conventions.arithmetic is Arithmetic.EXACT
    series: DueSeries | None = None
    for event in live:
        kind = type(event.what)
        if is_exact and kind is Disbursed:
            break
        if kind in TERM_CHANGES:
            made = series or DueSeries.of(terms, conventions)
            if made.change(event, is_begun=False):
                series = made
    return series


def close_book(book: LedgerBook) -> None:
    """Bring a book to its day: interest, rows that came to nothing, settled ones.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    book.engine.accrue_to(book, book.as_of)
    book.rows[:] = [
        row
        for row in book.rows
        if row.kind is not RowKind.ADDITIONAL or any(row.charged) or row.credited_minor
    ]
    for row in book.rows:
        # What never asked for anything was settled from the start.
        if row.settled_on is None:
            row.restamp(book.first_on)
        elif row.charged != row.paid:
            row.restamp(book.as_of)


def engine_of(
    terms: LoanTerms,
    events: Iterable[LedgerEvent],
    conventions: ScheduleConventions,
) -> InterestEngine:
    """Return the engine that keeps a loan of these terms under these conventions.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
        >>> from microcrm_core.ledger.folding import engine_of
        >>> from microcrm_core.loans import FINERACT
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year(0),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> type(engine_of(terms, (), FINERACT)).__name__
        'SpreadEngine'
    """
    # Each engine is loaded when a loan asks for it: most never do.
    if conventions.arithmetic is Arithmetic.EXACT:
        from microcrm_core.ledger.exact_engine import ExactEngine

        return ExactEngine()
    if conventions.arithmetic is Arithmetic.FINERACT_CUMULATIVE:
        from microcrm_core.ledger.cumulative_engine import CumulativeEngine

        return CumulativeEngine()
    if not bears_interest(terms, events):
        from microcrm_core.ledger.spread_engine import SpreadEngine

        return SpreadEngine()
    from microcrm_core.ledger.model_engine import ModelEngine

    return ModelEngine()


def apply_events(book: LedgerBook, events: Iterable[LedgerEvent]) -> None:
    """Apply events to a book, in the order in which they are given.

    Raises:
        LedgerError: An event cannot be applied to what is there.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    engine, policy, as_of = book.engine, book.policy, book.as_of
    has_refunds = bool(policy.interest_refund_kinds)
    for event in events:
        kind = type(event.what)
        handler = HANDLERS.get(kind)
        if handler is None:
            continue
        book.current = event
        on = event.value_on if kind is not Charged else effective_on(event)
        engine.accrue_to(book, on if on < as_of else as_of)
        handler(book, event)
        if has_refunds and gives_interest_back(policy, event):
            refund_interest(book, event, _fold_other)


def _fold_other(
    book: LedgerBook,
    events: Sequence[LedgerEvent],
    policy: LedgerPolicy,
    as_of: dt.date,
) -> LedgerBook:
    """Replay other events on the terms of a book, to a day."""
    other = fold(book.agreed, tuple(events), book.conventions, policy, as_of)
    other.engine.accrue_to(other, as_of)
    return other
