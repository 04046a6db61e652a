"""The path of a loan's arrears, worked out from its terms and its events.

The loan is replayed on the days on which its arrears can change, and not once a day,
unless overdue principal earns interest: then each day in arrears is one of those days.
A payment that is booked late changes the path from its value day on; with `known_at`,
the path is the one that was known at that moment.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.ids import LoanId
    >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
    >>> from microcrm_core.ledger.replayed_arrears import replay_arrears
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
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
    >>> path = replay_arrears(
    ...     terms,
    ...     [lent],
    ...     conventions=STRICT,
    ...     policy=PLAIN_LEDGER,
    ...     until_on=dt.date(2025, 3, 31),
    ... )
    >>> for point in path.points:
    ...     print(point.from_on, point.oldest_due_on, point.overdue_minor)
    2025-01-15 None 0
    2025-02-16 2025-02-15 34657
    2025-03-16 2025-02-15 69314
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import attrs

from microcrm_core.ledger.arrears import days_past_due
from microcrm_core.ledger.arrears_history import ArrearsPath, LoanSnapshot
from microcrm_core.ledger.arrears_paths import arrears_path, change_days
from microcrm_core.ledger.checkpoints import Checkpoint
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import (
    EarlyPayment,
    LateInterest,
    LedgerPolicy,
)
from microcrm_core.ledger.loan_states import LoanState, LoanStatus
from microcrm_core.ledger.replaying import replay, replay_book
from microcrm_core.loans.conventions import ScheduleConventions
from microcrm_core.loans.terms import LoanTerms

__all__ = ["replay_arrears", "snapshot_of"]


def replay_arrears(
    terms: LoanTerms,
    events: Iterable[LedgerEvent],
    *,
    conventions: ScheduleConventions,
    policy: LedgerPolicy,
    until_on: dt.date,
    known_at: dt.datetime | None = None,
) -> ArrearsPath:
    """Return the arrears of a loan on every day up to *until_on*.

    On each day it says what `replay` says as of that day.

    Args:
        terms: What was agreed.
        events: The log of the loan, whole, in any order.
        conventions: How amounts are made.
        policy: How the loan is kept.
        until_on: The last day of the path.
        known_at: Last moment of recording that counts, inclusive; None: all is known.

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
        >>> from microcrm_core.ledger import replay_arrears
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
        >>> path = replay_arrears(
        ...     terms,
        ...     [lent],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ...     until_on=dt.date(2025, 2, 28),
        ... )
        >>> path.days_past_due(dt.date(2025, 2, 20))
        5
    """
    log = tuple(events)
    walk = _Walk(
        terms=terms,
        log=log,
        conventions=conventions,
        policy=policy,
        known_at=known_at,
    )
    currency = terms.principal.currency
    days = change_days(log)
    return arrears_path(walk.snapshot_on, days, until_on=until_on, currency=currency)


@attrs.define(kw_only=True)
class _Walk:
    """Replays of one loan on days that ascend, each going on from the one before."""

    terms: LoanTerms
    log: tuple[LedgerEvent, ...]
    conventions: ScheduleConventions
    policy: LedgerPolicy
    known_at: dt.datetime | None
    checkpoint: Checkpoint | None = None
    passed_count: int = 0

    def snapshot_on(self, on: dt.date) -> LoanSnapshot:
        if self._is_slow:
            self._pass(on)
        state = replay(
            self.terms,
            self.log,
            conventions=self.conventions,
            policy=self.policy,
            as_of=on,
            known_at=self.known_at,
            checkpoint=self.checkpoint,
        )
        return snapshot_of(state, self.policy)

    @property
    def _is_slow(self) -> bool:
        # Where payments change interest, replaying costs more than copying a book.
        policy = self.policy
        return (
            policy.late_interest is not LateInterest.NONE
            or policy.early_payment is not EarlyPayment.NOTHING
        )

    def _pass(self, on: dt.date) -> None:
        passed = [event for event in self.log if event.value_on <= on]
        if len(passed) == self.passed_count:
            return
        book, _ = replay_book(
            self.terms,
            passed,
            conventions=self.conventions,
            policy=self.policy,
            as_of=on,
            known_at=self.known_at,
            checkpoint=self.checkpoint,
        )
        self.checkpoint, self.passed_count = Checkpoint.of(book), len(passed)


def snapshot_of(state: LoanState, policy: LedgerPolicy) -> LoanSnapshot:
    """Return what a path needs of the state of a loan that is kept by *policy*.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
        >>> from microcrm_core.ledger import replay, snapshot_of
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
        ...     as_of=dt.date(2025, 2, 20),
        ... )
        >>> snapshot_of(state, PLAIN_LEDGER).is_disbursed
        True
    """
    rows = state.rows
    earns_late = policy.late_interest is not LateInterest.NONE
    return LoanSnapshot(
        accounts=rows,
        is_disbursed=state.status is not LoanStatus.APPROVED,
        is_written_off=state.status is LoanStatus.WRITTEN_OFF,
        # Late interest may be asked for in the row that is late, a day at a time.
        changes_daily=earns_late and days_past_due(rows, state.as_of) > 0,
    )
