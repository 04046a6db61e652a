"""What becomes of installments when due dates or the term of a loan change.

A change that is agreed while a loan runs holds from its day on. Installments that are
due on that day or before it keep their dates, interest and amounts: whoever has paid
them on time is not late because of what was agreed later. The rest is planned again by
the method of the loan, or the one that now holds, from the principal that falls due
later:

- *By level:* a new level amount over the installments that are left.
- *By part:* even parts of the principal that is left, or of flat interest with it.
- *As agreed one by one:* the amounts stay, on their new dates.

Interest of the period that runs on the day goes on to its new due date, and counts by
the conventions, so an installment after a holiday pays for the days of the holiday too.
Where such a period bears more than an installment comes to, the rest waits without
interest for the next ones, even if the plan would refuse that at the start.

What was paid ahead stays in its row. Rows that go away give what was paid in them to
the last row; charges with a due date of their own go to the row in whose period that
now is.

Example:
    >>> from microcrm_core.ledger.replanned_rows import replan
    >>> replan.__name__
    'replan'
"""

from __future__ import annotations

import datetime as dt
from itertools import zip_longest

import attrs

from microcrm_core.errors import ScheduleError
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.charging import (
    drop_installment_charges,
    place_charges,
    renew_installment_charges,
)
from microcrm_core.ledger.managed_rows import ManagedRow
from microcrm_core.ledger.period_days import PeriodDays
from microcrm_core.ledger.principal_moves import PrincipalMove
from microcrm_core.ledger.row_accounts import RowAccount
from microcrm_core.ledger.scheduled_rows import ScheduledRows
from microcrm_core.loans import LoanTerms, UnpaidInterest

__all__ = ["kept_amounts", "replan"]


def replan(
    book: LedgerBook, scheduled: ScheduledRows, agreed: LoanTerms, on: dt.date
) -> None:
    """Let installments that are due after a day be those of other terms.

    Args:
        book: The loan.
        scheduled: Its schedule.
        agreed: The terms from now on; their due dates up to the day are as before.
        on: The day from which they hold.

    Raises:
        ScheduleError: The terms allow no schedule.

    Example:
        See `microcrm_core.ledger.term_changes`.
    """
    # Only what has moved asks for these days.
    days_before = scheduled.days if scheduled.moves else None
    method_from = 0 if book.series is None else book.series.method_from
    scheduled.agree(agreed, on, method_from=method_from)
    has_joined = _reshape(book, scheduled, on)
    if not scheduled.bears_interest:
        return
    scheduled.settled = {
        place: interest_minor
        for place, interest_minor in scheduled.settled.items()
        if place < scheduled.kept_count
    }
    last, moves = len(scheduled.rows) - 1, scheduled.moves
    if days_before is not None:
        scheduled.moves = []
        for move in moves:
            placed = attrs.evolve(move, place=min(move.place, last))
            _take_over(scheduled, placed, days_before)
    _let_interest_wait(book, scheduled)
    scheduled.write(on)
    renew_installment_charges(book, on, after_on=on)
    if has_joined:
        scheduled.rows[-1].account.restamp(on)


def kept_amounts(scheduled: ScheduledRows, on: dt.date) -> list[tuple[int, int]]:
    """Return principal and interest of each interest period that is due by a day.

    Where one row stands for several periods, the last of them has its amounts.

    Example:
        See `microcrm_core.ledger.term_changes`.
    """
    amounts: list[tuple[int, int]] = []
    places = scheduled.days.places
    for place, next_place in zip_longest(places, places[1:]):
        row = scheduled.rows[place]
        if row.account.due_on > on:
            break
        principal_minor, interest_minor, *_ = row.asked
        is_last = place != next_place
        amounts.append((principal_minor, interest_minor) if is_last else (0, 0))
    return amounts


def _reshape(book: LedgerBook, scheduled: ScheduledRows, on: dt.date) -> bool:
    """Give rows that are due later their new dates; add some, or let the last ones go.

    Rows keep their places: the first one that changes stays the first. Return whether
    some went, so that the last one has what was theirs.
    """
    rows, dates = scheduled.rows, scheduled.row_dates()
    kind = rows[0].account.kind
    later = slice(scheduled.kept_count, len(dates))
    for row, (from_on, due_on, ends_on) in zip(rows[later], dates[later], strict=False):
        row.account.from_on, row.account.due_on = from_on, due_on
        row.ends_on = ends_on
    for from_on, due_on, ends_on in dates[len(rows) :]:
        account = RowAccount(from_on=from_on, due_on=due_on, kind=kind)
        rows.append(ManagedRow(account=account, ends_on=ends_on))
        book.rows.append(account)
    gone, rows[len(dates) :] = rows[len(dates) :], []
    gone_accounts = {row.account for row in gone}
    if gone:
        book.rows[:] = [row for row in book.rows if row not in gone_accounts]
    if len(book.rows) != len(rows):
        # There are others, among which these have moved.
        book.sort_rows()
    book.maturity_on = rows[-1].account.due_on
    if len(rows) != len(scheduled.places):
        scheduled.places = {row.account: place for place, row in enumerate(rows)}
    place_charges(book, gone_accounts, on)
    for row in gone:
        _join(book, row, rows[-1])
    return bool(gone)


def _join(book: LedgerBook, gone: ManagedRow, into: ManagedRow) -> None:
    """Let the last row have what was paid in a row that goes away, or charged to it.

    What the schedule asked for there it asks for elsewhere, but for what was paid.
    """
    account, last = gone.account, into.account
    drop_installment_charges(book, account)
    for bucket in Bucket:
        last.charged[bucket] += account.charged[bucket] - gone.asked[bucket]
        last.paid[bucket] += account.paid[bucket]
        last.waived[bucket] += account.waived[bucket]
    last.paid_early_minor += account.paid_early_minor
    last.paid_late_minor += account.paid_late_minor
    last.credited_minor += account.credited_minor
    for bucket in Bucket:
        into.ask(bucket, max(into.asked[bucket], into.least(bucket)))
    for posting in book.postings.values():
        for place, (row, bucket, amount_minor, state) in enumerate(posting.parts):
            if row is account:
                posting.parts[place] = last, bucket, amount_minor, state
    for charged in book.charges.values():
        own = next((one for one in charged if one.row is last), None)
        for one in [one for one in charged if one.row is account]:
            if own is None:
                one.row = last
                continue
            # A charge that comes with every installment has one part in each.
            own.amount_minor += one.amount_minor
            own.waived_minor += one.waived_minor
            charged.remove(one)


def _take_over(
    scheduled: ScheduledRows, move: PrincipalMove, days_before: PeriodDays
) -> None:
    """Let principal that moved in a period that is now another one move in that."""
    days = scheduled.days
    if move.period < scheduled.lent.kept_count:
        scheduled.moves.append(move)
        return
    is_to_the_end = move.day == days_before.end_day(move.period) and not move.is_opening
    if is_to_the_end and move.period < len(days.places):
        end_day = days.end_day(move.period)
        scheduled.moves.append(attrs.evolve(move, day=end_day))
        return
    period = days.period_of(move.day)
    if period is not None and move.day < days.end_day_of(move.place):
        is_opening = move.day == days.start_day(period)
        scheduled.moves.append(attrs.evolve(move, period=period, is_opening=is_opening))
    elif move.amount_minor > 0:
        # No interest is left that it could change, but it is owed.
        account = scheduled.rows[move.place].account
        account.charged[Bucket.PRINCIPAL] += move.amount_minor


def _let_interest_wait(book: LedgerBook, scheduled: ScheduledRows) -> None:
    """Let interest that an installment does not cover wait, if there is such a one."""
    lent = scheduled.lent
    try:
        scheduled.as_scheduled()
    except ScheduleError as error:
        if error.field != "installment":
            raise
        plan = attrs.evolve(lent.agreed.plan, unpaid_interest=UnpaidInterest.CARRIED)
        lent.agreed = attrs.evolve(lent.agreed, plan=plan)
        book.terms = attrs.evolve(book.terms, plan=plan)
        scheduled.forget_terms()
