"""A checkpoint: where a replay stood, so that a later one can go on from there.

A loan of ten years gains one event a month. A checkpoint keeps its book as it was after
the last event; where the log has only gained events that come later in the order of
replay, those alone are applied. Anything else, such as a payment booked late, a
reversal, or a due date that moved, needs the whole log, and gets it: the state is the
same either way.

A checkpoint is a value: going on from it leaves it as it is.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.ids import LoanId
    >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent, Repaid
    >>> from microcrm_core.ledger.replaying import checkpoint_of, replay
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
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
    >>> paid = event(Repaid(amount=terms.principal), terms.first_due_on, "paid")
    >>> rules = {"conventions": STRICT, "policy": PLAIN_LEDGER}
    >>> before = checkpoint_of(terms, [lent], as_of=dt.date(2025, 1, 31), **rules)
    >>> day = dt.date(2025, 2, 28)
    >>> replay(terms, [lent, paid], as_of=day, checkpoint=before, **rules) == replay(
    ...     terms, [lent, paid], as_of=day, **rules
    ... )
    True
"""

from __future__ import annotations

import datetime as dt
from typing import Final, Self

import attrs

from microcrm_core.ledger.book_copies import copied_book
from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.happenings import Disbursed, InterestPaused, RateChanged
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import LedgerPolicy
from microcrm_core.ledger.term_changes import TERM_CHANGES
from microcrm_core.loans.conventions import Arithmetic, ScheduleConventions
from microcrm_core.loans.terms import LoanTerms

__all__ = ["Checkpoint"]

# These decide how a book is opened, so they must all be known when it is.
_AT_OPENING: Final = frozenset({Disbursed, InterestPaused, RateChanged})


@attrs.frozen(eq=False, repr=False)
class Checkpoint:
    """Where a replay stood after its last event.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
        >>> from microcrm_core.ledger import checkpoint_of
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
        >>> checkpoint_of(
        ...     terms,
        ...     [lent],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ...     as_of=dt.date(2025, 1, 31),
        ... ).event_count
        1
    """

    _book: LedgerBook

    @classmethod
    def of(cls, book: LedgerBook) -> Self:
        """Return the checkpoint of a book that is not closed."""
        return cls(copied_book(book))

    @property
    def event_count(self) -> int:
        """How many events were applied."""
        return len(self._book.events)

    def resumed(
        self,
        terms: LoanTerms,
        conventions: ScheduleConventions,
        policy: LedgerPolicy,
        live: tuple[LedgerEvent, ...],
        as_of: dt.date,
    ) -> LedgerBook | None:
        """Return a book to go on with; None: the events need a whole replay.

        Args:
            terms: What was agreed, before any event.
            conventions: How amounts are made.
            policy: How the loan is kept.
            live: All events that count, in order of replay.
            as_of: The day of the state.
        """
        book = self._book
        count = self.event_count
        is_same = (
            book.agreed == terms
            and book.conventions == conventions
            and book.policy == policy
            and book.events == live[:count]
        )
        if not is_same or any(self._is_at_opening(event) for event in live[count:]):
            return None
        # Rates and pauses to come count too, but here time has gone on to them.
        if count and live[count - 1].value_on > as_of:
            return None
        resumed = copied_book(book)
        resumed.events, resumed.as_of = live, as_of
        return resumed

    def _is_at_opening(self, event: LedgerEvent) -> bool:
        """Return whether an event must be known when a book is opened."""
        kind, book = type(event.what), self._book
        if kind in TERM_CHANGES:
            is_exact = book.conventions.arithmetic is Arithmetic.EXACT
            return not is_exact or not book.lent_minor
        return kind in _AT_OPENING
