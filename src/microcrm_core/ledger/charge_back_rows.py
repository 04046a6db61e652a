"""What was charged back is late from that very day, where a lender counts it so.

A repayment that was taken back is owed again in the row of the day, which may be due
weeks later. Days past due count from that due date. A lender who counts delinquency
from the charge-back itself gives these rows to `loan_delinquency` instead of those of
the state: the oldest overdue date then is the day of the charge-back.

Example:
    See `microcrm_core.ledger.charge_back_rows.delinquency_rows`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.arrears import InstallmentAccount, OpenInstallment
from microcrm_core.ledger.crediting import parts_in_order
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.state_rows import LoanStateRow

__all__ = ["delinquency_rows"]

_CHARGED_BACK: Final = "loan.charged_back"


def delinquency_rows(state: LoanState) -> tuple[InstallmentAccount, ...]:
    """Return the rows of *state* with what was charged back due on its own day.

    Charge-backs of a row are those from the start of its period until before its due
    date, of the last row also those on it. As soon as they come to more than what is
    paid in the row, it is late from that charge-back on: all that is open, if the row
    is due; if it is not due yet, what they come to above what is paid.

    Source:
        Apache Fineract, delinquency of loans. Where several charge-backs fall into a
        row that is not due yet, its date is that of the latest; here it is the first
        that is not covered, as after the due date.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import (
        ...     PLAIN_LEDGER, ChargedBack, Disbursed, LedgerEvent, Repaid,
        ...     delinquency_rows, oldest_unpaid_due_on, replay,
        ... )
        >>> hundred = Money.of("100.00", Currency.of("EUR"))
        >>> terms = LoanTerms(
        ...     principal=hundred * 2,
        ...     nominal_rate=Rate.per_year(0),
        ...     installment_count=2,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> def event(what, month, number):
        ...     return LedgerEvent.of(
        ...         what,
        ...         loan_id=LoanId("loan-7"),
        ...         value_on=dt.date(2025, month, number),
        ...         recorded_at=dt.datetime(2025, month, number, tzinfo=dt.UTC),
        ...         idempotency_key=f"{month}-{number}",
        ...     )
        >>> paid = event(Repaid(amount=hundred), 2, 15)
        >>> as_of = dt.date(2025, 2, 28)
        >>> state = replay(
        ...     terms,
        ...     [
        ...         event(Disbursed(amount=hundred * 2), 1, 15),
        ...         paid,
        ...         event(ChargedBack(paid.id, hundred), 2, 20),
        ...     ],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ...     as_of=as_of,
        ... )
        >>> state.days_past_due, oldest_unpaid_due_on(state.rows, as_of)
        (0, None)
        >>> str(oldest_unpaid_due_on(delinquency_rows(state), as_of))
        '2025-02-20'
    """
    rows = state.rows
    taken_back = [
        (posting.value_on, posting.amount_minor)
        for posting in state.postings
        if posting.type == _CHARGED_BACK and not posting.is_reversed
    ]
    if not taken_back:
        return rows
    found: list[InstallmentAccount] = []
    for row in rows:
        last_on = row.due_on if row is rows[-1] else row.due_on - dt.timedelta(days=1)
        within = [one for one in taken_back if row.from_on <= one[0] <= last_on]
        found += _parts_of(row, within, state.as_of)
    return tuple(found)


def _parts_of(
    row: LoanStateRow, taken_back: Iterable[tuple[dt.date, int]], as_of: dt.date
) -> Iterator[InstallmentAccount]:
    covered_minor = row.paid_minor
    since_on: dt.date | None = None
    for on, amount_minor in taken_back:
        covered_minor -= amount_minor
        if covered_minor < 0 and since_on is None:
            since_on = on
    if since_on is None:
        yield row
        return
    open_minor = [row.open_in(bucket) for bucket in Bucket]
    if row.due_on < as_of:
        yield _installment(since_on, open_minor)
        return
    late_minor = parts_in_order(open_minor, -covered_minor, tuple(Bucket))
    yield _installment(since_on, late_minor)
    rest_minor = [
        minor - late for minor, late in zip(open_minor, late_minor, strict=True)
    ]
    yield _installment(row.due_on, rest_minor)


def _installment(due_on: dt.date, minor: Sequence[int]) -> OpenInstallment:
    principal_minor, interest_minor, fees_minor, penalties_minor = minor
    return OpenInstallment(
        due_on=due_on,
        principal_minor=principal_minor,
        interest_minor=interest_minor,
        fees_minor=fees_minor,
        penalties_minor=penalties_minor,
    )
