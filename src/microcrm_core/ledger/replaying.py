"""Replay: a loan is its terms and its dated events; its state is worked out anew.

`replay` reads the log, changes due dates and term as events say, opens a book with the
engine that the conventions ask for, applies every event in order, and closes the book
into a `LoanState`. A payment that is booked late, a reversal, and the question what was
known last Friday are all the same operation.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.ids import LoanId
    >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent, Repaid
    >>> from microcrm_core.ledger.replaying import replay
    >>> euro = Currency.of("EUR")
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", euro),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> def event(what, value_on, key):
    ...     return LedgerEvent.of(
    ...         what,
    ...         loan_id=LoanId("loan-7"),
    ...         value_on=value_on,
    ...         recorded_at=dt.datetime(2025, 6, 1, tzinfo=dt.UTC),
    ...         idempotency_key=key,
    ...     )
    >>> lent = event(Disbursed(amount=terms.principal), terms.disbursed_on, "lent")
    >>> paid = event(
    ...     Repaid(amount=Money.of("400.00", euro)), terms.first_due_on, "paid"
    ... )
    >>> state = replay(
    ...     terms,
    ...     [paid, lent],
    ...     conventions=STRICT,
    ...     policy=PLAIN_LEDGER,
    ...     as_of=dt.date(2025, 2, 20),
    ... )
    >>> str(state.outstanding.principal), state.status.value
    ('EUR 632.79', 'active')
    >>> for part in state.allocation(paid.id):
    ...     print(part.row_number, part.bucket.name.lower(), part.amount)
    1 interest EUR 20.38
    1 principal EUR 326.19
    2 interest EUR 12.41
    2 principal EUR 41.02
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from microcrm_core.checks import day
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.checkpoints import Checkpoint
from microcrm_core.ledger.folding import (
    HANDLERS,
    apply_events,
    close_book,
    engine_of,
    fold,
)
from microcrm_core.ledger.happenings import Charged
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import LedgerPolicy
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.logs import LogReading, read_log, read_whole_log
from microcrm_core.ledger.plain_replays import plain_state
from microcrm_core.loans.conventions import Arithmetic, ScheduleConventions
from microcrm_core.loans.terms import LoanTerms

__all__ = [
    "HANDLERS",
    "checkpoint_of",
    "close_book",
    "engine_of",
    "fold",
    "replay",
    "replay_book",
]


def replay(
    terms: LoanTerms,
    events: Iterable[LedgerEvent],
    *,
    conventions: ScheduleConventions,
    policy: LedgerPolicy,
    as_of: dt.date,
    known_at: dt.datetime | None = None,
    checkpoint: Checkpoint | None = None,
) -> LoanState:
    """Return the state of a loan as of a day, as far as known at a moment.

    The order in which events are given never matters. Before anything is paid out, rows
    show what is planned, and nothing is outstanding.

    Args:
        terms: What was agreed.
        events: The log of the loan, whole, in any order.
        conventions: How amounts are made; they choose the arithmetic of interest.
        policy: How the loan is kept.
        as_of: Last day that counts, inclusive.
        known_at: Last moment of recording that counts, inclusive; None: all is known.
        checkpoint: Where an earlier replay stood. Used where all that the log has
            beyond it comes after it; else the whole log is replayed. The state is the
            same either way.

    Raises:
        LedgerError: The events that are known contradict each other.
        ScheduleError: The terms, with their changes, allow no schedule.
        InvalidValueError: An argument is of another kind.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
        >>> from microcrm_core.ledger import replay
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.365"),
        ...     installment_count=3,
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
        >>> state = replay(
        ...     terms,
        ...     [lent],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ...     as_of=dt.date(2025, 1, 25),
        ... )
        >>> str(state.outstanding.principal), str(state.accrued_interest)
        ('EUR 1000.00', 'EUR 10.00')
    """
    _require_kinds(terms, conventions, policy)
    reading = _read(terms, events, as_of, known_at)
    if checkpoint is None:
        state = plain_state(
            terms,
            reading,
            conventions=conventions,
            policy=policy,
            as_of=as_of,
            known_at=known_at,
        )
        if state is not None:
            return state
    book = _book_of(terms, reading, conventions, policy, as_of, checkpoint)
    close_book(book)
    return LoanState.of(
        book, known_at=known_at, reversed_events=reading.reversed_events
    )


def replay_book(
    terms: LoanTerms,
    events: Iterable[LedgerEvent],
    *,
    conventions: ScheduleConventions,
    policy: LedgerPolicy,
    as_of: dt.date,
    known_at: dt.datetime | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[LedgerBook, LogReading]:
    """Return the book with all events applied, not closed yet, and the log as read.

    Raises:
        LedgerError: The events that are known contradict each other.
        ScheduleError: The terms, with their changes, allow no schedule.
        InvalidValueError: An argument is of another kind.

    Example:
        See `microcrm_core.ledger.replaying`.
    """
    _require_kinds(terms, conventions, policy)
    reading = _read(terms, events, as_of, known_at)
    book = _book_of(terms, reading, conventions, policy, as_of, checkpoint)
    return book, reading


def _read(
    terms: LoanTerms,
    events: Iterable[LedgerEvent],
    as_of: dt.date,
    known_at: dt.datetime | None,
) -> LogReading:
    day("as_of", as_of)
    currency = terms.principal.currency
    return read_whole_log(events, as_of=as_of, known_at=known_at, currency=currency)


def _book_of(
    terms: LoanTerms,
    reading: LogReading,
    conventions: ScheduleConventions,
    policy: LedgerPolicy,
    as_of: dt.date,
    checkpoint: Checkpoint | None,
) -> LedgerBook:
    """Return the book with all events applied, not closed yet."""
    live = _in_order(reading.live, conventions)
    if checkpoint is not None:
        _require_checkpoint(checkpoint)
        book = checkpoint.resumed(terms, conventions, policy, live, as_of)
        if book is not None:
            apply_events(book, live[checkpoint.event_count :])
            return book
    return fold(terms, live, conventions, policy, as_of)


def checkpoint_of(
    terms: LoanTerms,
    events: Iterable[LedgerEvent],
    *,
    conventions: ScheduleConventions,
    policy: LedgerPolicy,
    as_of: dt.date,
    known_at: dt.datetime | None = None,
) -> Checkpoint:
    """Return where a replay to this day stands, for later replays to go on from.

    Raises:
        LedgerError: The events that are known contradict each other.
        ScheduleError: The terms, with their changes, allow no schedule.
        InvalidValueError: An argument is of another kind.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
        >>> from microcrm_core.ledger import checkpoint_of, replay
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.365"),
        ...     installment_count=3,
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
        >>> rules = {"conventions": STRICT, "policy": PLAIN_LEDGER}
        >>> before = checkpoint_of(terms, [lent], as_of=dt.date(2025, 1, 31), **rules)
        >>> day = dt.date(2025, 2, 20)
        >>> state = replay(terms, [lent], as_of=day, checkpoint=before, **rules)
        >>> state == replay(terms, [lent], as_of=day, **rules)
        True
    """
    known = read_log(events, as_of=as_of, known_at=known_at)
    # Rates and pauses to come are left out: what happens before them is to go first.
    book, _ = replay_book(
        terms,
        [event for event in known if event.value_on <= as_of],
        conventions=conventions,
        policy=policy,
        as_of=as_of,
    )
    return Checkpoint.of(book)


def _in_order(
    live: tuple[LedgerEvent, ...], conventions: ScheduleConventions
) -> tuple[LedgerEvent, ...]:
    """Return events in the order in which an arithmetic takes them.

    The cumulative engine makes its rows with all their charges before anything is paid.
    """
    if conventions.arithmetic is not Arithmetic.FINERACT_CUMULATIVE:
        return live
    return tuple(sorted(live, key=lambda event: type(event.what) is not Charged))


def _require_kinds(terms: object, conventions: object, policy: object) -> None:
    for field, kind, value in (
        ("terms", LoanTerms, terms),
        ("conventions", ScheduleConventions, conventions),
        ("policy", LedgerPolicy, policy),
    ):
        if not isinstance(value, kind):
            raise InvalidValueError(field, f"must be {kind.__name__}", value)


def _require_checkpoint(checkpoint: object) -> None:
    if not isinstance(checkpoint, Checkpoint):
        rule, hint = "must be Checkpoint", "use checkpoint_of(...), or leave it out"
        raise InvalidValueError("checkpoint", rule, checkpoint, hint=hint)
