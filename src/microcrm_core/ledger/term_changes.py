"""What events do to the due dates of a loan, and which of them they may touch.

A due date may move, installments may be skipped, the loan may get longer or shorter.
All of these make new due dates, in the order of their days; amounts follow from them.

- By exact fractions a change holds from its day on: installments due on that day or
  before it stay as they were, so no event may name one, and what is new is due after
  the day. What is agreed before the loan is paid out makes the terms that it starts
  with.
- In the arithmetic of Fineract all changes are applied to the terms before anything
  else, whenever they were agreed.
- A due date that moves takes the later ones with it: they are a series of their own,
  counted from the new date by the frequency and the roll rule.
- A holiday moves a due date, and all after it, on by so many periods of the series.
- More installments go on with the series; fewer leave the last ones out.
- A last due date that was agreed apart from the others stays, unless it moves itself.
- All due dates to come may be planned again, with their own frequency and method; that
  holds by exact fractions only. Later changes go on from the first of the new dates
  where they are a series of the frequency, else from the last one.

The due date that an event names is that of the terms, or the business day it is moved
to. New rates and pauses that were agreed for after the last due date change nothing,
so they are left out.

Read `due_series` next: how it is done; then `replanned_rows`: what becomes of the
installments.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money, Rate
    >>> from microcrm_core.ids import LoanId
    >>> from microcrm_core.ledger import DueDateChanged, LedgerEvent
    >>> from microcrm_core.ledger.term_changes import changed_terms
    >>> terms = LoanTerms(
    ...     principal=Money.of("1000.00", Currency.of("EUR")),
    ...     nominal_rate=Rate.per_year("0.24"),
    ...     installment_count=3,
    ...     frequency=Frequency.MONTHLY,
    ...     disbursed_on=dt.date(2025, 1, 15),
    ...     first_due_on=dt.date(2025, 2, 15),
    ... )
    >>> moved = LedgerEvent.of(
    ...     DueDateChanged(dt.date(2025, 3, 15), dt.date(2025, 3, 31)),
    ...     loan_id=LoanId("loan-7"),
    ...     value_on=dt.date(2025, 3, 1),
    ...     recorded_at=dt.datetime(2025, 3, 1, tzinfo=dt.UTC),
    ...     idempotency_key="moved",
    ... )
    >>> [str(on) for on in changed_terms(terms, [moved], STRICT).due_on]
    ['2025-02-15', '2025-03-31', '2025-04-30']
"""

from __future__ import annotations

from collections.abc import Iterable

from microcrm_core.ledger.due_series import TERM_CHANGES, DueSeries
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.loans import LoanTerms, ScheduleConventions

__all__ = ["TERM_CHANGES", "DueSeries", "changed_terms"]


def changed_terms(
    terms: LoanTerms,
    events: Iterable[LedgerEvent],
    conventions: ScheduleConventions,
) -> LoanTerms:
    """Return the terms with the due dates and the term that events have made.

    The same terms where no event changes them.

    Args:
        terms: What was agreed.
        events: Events that count; those of other kinds are passed over.
        conventions: How due dates roll, and to which business days they move.

    Raises:
        LedgerError: As `DueSeries.change` does.
        InvalidValueError: A due date would leave the calendar.

    Example:
        See `microcrm_core.ledger.term_changes`.
    """
    changes = [event for event in events if type(event.what) in TERM_CHANGES]
    if not changes:
        return terms
    series = DueSeries.of(terms, conventions)
    in_order = sorted(changes, key=lambda event: event.sort_key)
    has_changed = [series.change(event) for event in in_order]
    return series.terms() if any(has_changed) else terms
