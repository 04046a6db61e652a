"""What must be paid to close a loan on some day.

The quote is worked out on the book of that day: principal that is outstanding, the
interest that is owed if all is paid on the day (to the day or to a due date, as the
policy says, late interest among it), fees and penalties. A repayment of exactly that on
that day closes the loan at zero.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.ids import LoanId
    >>> from microcrm_core.ledger import RECALCULATING_LEDGER, Disbursed, LedgerEvent
    >>> from microcrm_core.ledger.payoffs import payoff_quote
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
    >>> quote = payoff_quote(
    ...     terms,
    ...     [lent],
    ...     conventions=STRICT,
    ...     policy=RECALCULATING_LEDGER,
    ...     on=dt.date(2025, 1, 25),
    ... )
    >>> str(quote.principal), str(quote.interest)
    ('EUR 1000.00', 'EUR 10.00')
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from microcrm_core.ledger.checkpoints import Checkpoint
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import LedgerPolicy
from microcrm_core.ledger.replaying import replay
from microcrm_core.ledger.state_rows import BucketAmounts
from microcrm_core.loans.conventions import ScheduleConventions
from microcrm_core.loans.terms import LoanTerms

__all__ = ["payoff_quote"]


def payoff_quote(
    terms: LoanTerms,
    events: Iterable[LedgerEvent],
    *,
    conventions: ScheduleConventions,
    policy: LedgerPolicy,
    on: dt.date,
    known_at: dt.datetime | None = None,
    checkpoint: Checkpoint | None = None,
) -> BucketAmounts:
    """Return what closes the loan if exactly that is paid on a day, by bucket.

    Zero where nothing is owed. The payment is to come after all that the log has on
    that day.

    Args:
        terms: What was agreed.
        events: The log of the loan, whole, in any order.
        conventions: How amounts are made.
        policy: How the loan is kept.
        on: The day of the payment.
        known_at: Last moment of recording that counts; None: all is known.
        checkpoint: Where an earlier replay stood; None: from the start.

    Raises:
        LedgerError: The events that are known contradict each other.
        ScheduleError: The terms, with their changes, allow no schedule.
        InvalidValueError: An argument is of another kind.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import RECALCULATING_LEDGER, Disbursed
        >>> from microcrm_core.ledger import LedgerEvent, payoff_quote
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
        >>> quote = payoff_quote(
        ...     terms,
        ...     [lent],
        ...     conventions=STRICT,
        ...     policy=RECALCULATING_LEDGER,
        ...     on=dt.date(2025, 1, 25),
        ... )
        >>> str(quote.total)
        'EUR 1010.00'
    """
    state = replay(
        terms,
        events,
        conventions=conventions,
        policy=policy,
        as_of=on,
        known_at=known_at,
        checkpoint=checkpoint,
    )
    return state.payoff
