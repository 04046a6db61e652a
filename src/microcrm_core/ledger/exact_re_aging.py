"""What is owed of a loan is put on new rows, by exact fractions.

What is open of principal and interest leaves the old rows; fees and penalties stay in
them, but fees of the plan go on with the new rows. Then the loan begins anew: in level
installments that bear interest and pay what interest was open first, or in equal parts
without any more interest.

Example:
    >>> from microcrm_core.ledger.exact_re_aging import re_age_rows
    >>> re_age_rows.__name__
    're_age_rows'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.happenings import ReAgedInterest
from microcrm_core.ledger.lent_terms import LentTerms
from microcrm_core.ledger.managed_rows import ManagedRow
from microcrm_core.ledger.row_accounts import RowAccount, RowKind
from microcrm_core.ledger.scheduled_rows import ScheduledRows, equal_parts
from microcrm_core.loans import (
    EqualInstallments,
    FeeTiming,
    LoanTerms,
    RepaymentPlan,
    UnpaidInterest,
)
from microcrm_core.loans.portions import EPOCH_ORDINAL
from microcrm_core.money import Money

__all__ = ["re_age_rows"]


def re_age_rows(
    book: LedgerBook,
    scheduled: ScheduledRows,
    on: dt.date,
    due_on: Sequence[dt.date],
    interest: ReAgedInterest,
) -> tuple[int, int]:
    """Put what is owed on rows due on these days; return principal and interest.

    Args:
        book: The loan.
        scheduled: Its schedule, which fills the new rows from now on.
        on: The day on which it happens; interest up to it is owed.
        due_on: Due dates of the new rows, in order.
        interest: What becomes of interest; without any to come, all kinds are alike.

    Raises:
        ScheduleError: The days allow no schedule.

    Example:
        See `microcrm_core.ledger.exact_engine`.
    """
    before = [(row, list(row.charged), row.settled_on) for row in book.rows]
    is_running = scheduled.bears_interest and scheduled.ended_on is None
    if interest is not ReAgedInterest.EQUAL_IN_FULL and is_running:
        scheduled.write_to(on.toordinal() - EPOCH_ORDINAL, on)
    principal_minor, interest_minor = _empty_rows(book, scheduled, on)
    for row, charged_minor, settled_on in before:
        # What asks for as much as before was not settled on this day.
        if row.charged == charged_minor:
            row.settled_on = settled_on
    if not principal_minor + interest_minor:
        return 0, 0
    if interest is ReAgedInterest.LEVEL and is_running and principal_minor:
        _begin_level(book, scheduled, on, due_on, principal_minor, interest_minor)
    else:
        _begin_equal(book, scheduled, on, due_on, principal_minor, interest_minor)
    return principal_minor, interest_minor


def _empty_rows(
    book: LedgerBook, scheduled: ScheduledRows, on: dt.date
) -> tuple[int, int]:
    """Take open principal and interest out of all rows; return how much."""
    taken = [0, 0]
    for one in scheduled.rows:
        if one.account.due_on > on:
            one.ask(Bucket.FEES, one.least(Bucket.FEES))
    for row in book.rows:
        for bucket in (Bucket.PRINCIPAL, Bucket.INTEREST):
            open_minor = max(row.open_in(bucket), 0)
            row.charged[bucket] -= open_minor
            taken[bucket] += open_minor
        row.restamp(on)
    book.rows = [
        row
        for row in book.rows
        if row.due_on <= on or any(row.charged) or row.credited_minor
    ]
    return taken[0], taken[1]


def _begin_level(
    book: LedgerBook,
    scheduled: ScheduledRows,
    on: dt.date,
    due_on: Sequence[dt.date],
    principal_minor: int,
    interest_minor: int,
) -> None:
    """Let principal and interest be repaid in level installments from a day on."""
    before = scheduled.lent
    fees = tuple(
        fee
        for fee in before.agreed.plan.fees
        if fee.timing is FeeTiming.PER_INSTALLMENT
    )
    agreed = LoanTerms(
        principal=Money(principal_minor, book.terms.principal.currency),
        nominal_rate=before.rate_on(on + dt.timedelta(days=1)),
        installment_count=len(due_on),
        frequency=book.terms.frequency,
        disbursed_on=on,
        first_due_on=due_on[0],
        due_on=tuple(due_on),
        plan=RepaymentPlan(
            method=EqualInstallments(),
            fees=fees,
            unpaid_interest=UnpaidInterest.CARRIED,
        ),
    )
    scheduled.lent = LentTerms.of(agreed, book.conventions)
    scheduled.lent.rates, scheduled.lent.pauses = before.rates, before.pauses
    scheduled.lent.pay_out(on, principal_minor, 0)
    scheduled.moves, scheduled.settled = [], {}
    scheduled.carried_minor = interest_minor
    scheduled.make_rows(book, RowKind.RE_AGED)
    scheduled.renew(on)


def _begin_equal(
    book: LedgerBook,
    scheduled: ScheduledRows,
    on: dt.date,
    due_on: Sequence[dt.date],
    principal_minor: int,
    interest_minor: int,
) -> None:
    """Let principal and interest be repaid in equal parts, without more interest."""
    scheduled.is_fixed = True
    count, conventions = len(due_on), book.conventions
    principals = equal_parts(principal_minor, count, conventions)
    interests = equal_parts(interest_minor, count, conventions)
    made: list[ManagedRow] = []
    from_on = on
    for day, *parts in zip(due_on, principals, interests, strict=True):
        account = RowAccount.of(from_on, day, [*parts, 0, 0], RowKind.RE_AGED)
        account.restamp(on)
        made.append(ManagedRow(account=account, ends_on=day, asked=[*parts, 0, 0]))
        from_on = day
    scheduled.take_rows(book, made)
    book.maturity_on = max(row.due_on for row in book.rows)
