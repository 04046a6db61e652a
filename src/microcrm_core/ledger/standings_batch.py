"""How many loans stand to which nothing happens but repayments.

Nearly every loan is paid out once, repaid, and never charged anything. Where payments
change nothing of what rows ask for, and the oldest row is paid first, its state follows
from sums alone: no event is applied, so that millions of repayments take a second. The
states are those of `replay` of a log with the disbursement and the repayments, to the
unit. Read `replays_batch` for logs with anything else.

Example:
    See `replay_repayments`.
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import UNKNOWN, Bools, Int64s, require_rows
from microcrm_core.checks import whole_number
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.covered_policies_batch import bucket_order
from microcrm_core.ledger.fixed_rows_batch import FixedRows, require_sums
from microcrm_core.ledger.ledger_policies import LedgerPolicy
from microcrm_core.ledger.repayment_lines_batch import AmountLine, reached_by
from microcrm_core.loans.column_checks_batch import DAY_MAX, DAY_MIN
from microcrm_core.loans.columns_batch import RepaymentColumns

__all__ = ["StandingColumns", "replay_repayments"]

_DAY_SPAN: Final = DAY_MAX - DAY_MIN + 1


@attrs.frozen(kw_only=True, eq=False)
class StandingColumns:
    """How many loans stand at the end of a day.

    The first two columns have one value for each row of `FixedRows`; the others one for
    each loan. Amounts are minor units.

    Attributes:
        as_of_day: The day; only what was paid and known by then counts.
        paid_minor: What was paid of each row.
        settled_day: Day on which nothing of a row was left, for a row that asks for
            nothing the day of the disbursement; `UNKNOWN`: something is left.
        repaid_minor: All repayments of the loan together, credit included.
        outstanding_minor: All that is owed, due or not; nothing before money was paid
            out, nor is anything overdue then.
        outstanding_principal_minor: Principal that is owed, due or not.
        overdue_minor: What was due before the day and is not paid.
        days_past_due: Days since the due day of the oldest row that is not paid, else
            0.
        credit_minor: What was paid above all that was owed.
        loan_settled_day: Day on which nothing of the loan was left; `UNKNOWN`:
            something is.

    Example:
        See `replay_repayments`.
    """

    as_of_day: int
    paid_minor: Int64s
    settled_day: Int64s
    repaid_minor: Int64s
    outstanding_minor: Int64s
    outstanding_principal_minor: Int64s
    overdue_minor: Int64s
    days_past_due: Int64s
    credit_minor: Int64s
    loan_settled_day: Int64s

    @property
    def is_settled(self) -> Bools:
        """Whether nothing is left of each loan."""
        is_settled: Bools = self.loan_settled_day != UNKNOWN
        return is_settled


def replay_repayments(
    rows: FixedRows,
    repayments: RepaymentColumns,
    *,
    policy: LedgerPolicy,
    as_of_day: int,
) -> StandingColumns:
    """Return how loans stand at the end of a day that were only repaid.

    Equal on every loan to `replay` of a log with its disbursement and its repayments,
    or refused. A repayment counts that was paid and known by the day. Ids are taken to
    be distinct; the result does not depend on them, nor on the order of repayments.

    Args:
        rows: What the schedules ask for; `FixedRows.of` makes them. All are paid out
            on their disbursed day, so requests do not belong here.
        repayments: Their `loan_index` points at the loans of *rows*.
        policy: How all of the loans are kept.
        as_of_day: Last day that counts, inclusive, since 1970-01-01.

    Raises:
        InvalidValueError: The policy is not covered, a repayment belongs to none of the
            loans or is before its disbursement, or amounts of a loan add up to 2**62 or
            more.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.ledger import PLAIN_LEDGER
        >>> from microcrm_core.ledger.fixed_rows_batch import FixedRows
        >>> from microcrm_core.ledger.standings_batch import replay_repayments
        >>> from microcrm_core.loans.columns_batch import RepaymentColumns
        >>> rows = FixedRows(
        ...     offsets=np.array([0, 2]),
        ...     due_day=np.array([20_031, 20_059]),
        ...     principal_minor=np.array([500, 500]),
        ...     interest_minor=np.array([20, 10]),
        ...     fees_minor=np.array([0, 0]),
        ...     is_down_payment=np.array([False, False]),
        ...     disbursed_day=np.array([20_000]),
        ...     lent_minor=np.array([1_000]),
        ... )
        >>> repayments = RepaymentColumns(
        ...     ids=np.array([b"r-1"]),
        ...     loan_index=np.array([0]),
        ...     paid_day=np.array([20_030]),
        ...     amount_minor=np.array([600]),
        ...     known_day=np.array([20_030]),
        ... )
        >>> standing = replay_repayments(
        ...     rows, repayments, policy=PLAIN_LEDGER, as_of_day=20_062
        ... )
        >>> standing.paid_minor.tolist(), standing.settled_day[0].item()
        ([520, 80], 20030)
        >>> standing.overdue_minor.tolist(), standing.days_past_due.tolist()
        ([430], [3])
    """
    whole_number("as_of_day", as_of_day, at_least=DAY_MIN, at_most=DAY_MAX)
    has_down_payments = bool(rows.is_down_payment.any())
    order = bucket_order(policy, has_down_payments=has_down_payments)
    rows.require_sums()
    paid, paid_day = _paid_line(rows, repayments, as_of_day)
    due = AmountLine.of(rows.counts, rows.total_minor)
    is_lent = rows.disbursed_day <= as_of_day

    before = due.reached - due.lengths
    paid_minor = np.clip(rows.per_row(paid.total) - before, 0, due.lengths)
    settled_day = _settled_days(rows, due, paid, paid_day)
    owed_minor = due.total - np.minimum(paid.total, due.total)
    principal_minor = due.sums(_principal_left(rows, paid_minor, order))
    # What was due before the day lies at the front of the line of its loan.
    past_minor = due.sums(np.where(rows.due_day < as_of_day, due.lengths, 0))
    overdue_minor = np.maximum(past_minor - paid.total, 0)
    return StandingColumns(
        as_of_day=as_of_day,
        paid_minor=paid_minor,
        settled_day=settled_day,
        repaid_minor=paid.total,
        outstanding_minor=owed_minor * is_lent,
        outstanding_principal_minor=principal_minor * is_lent,
        overdue_minor=overdue_minor * is_lent,
        days_past_due=_days_past_due(rows, due, paid, as_of_day) * is_lent,
        credit_minor=paid.total - np.minimum(paid.total, due.total),
        loan_settled_day=_last_days(rows, settled_day, owed_minor),
    )


def _paid_line(
    rows: FixedRows, repayments: RepaymentColumns, as_of_day: int
) -> tuple[AmountLine, Int64s]:
    """Return the repayments that count, in order of their days, and these days."""
    loan_count = len(rows)
    require_rows(
        repayments.loan_index < loan_count,
        repayments.loan_index,
        "loan_index",
        f"must be less than the number of loans, {loan_count}",
    )
    is_counted = (repayments.paid_day <= as_of_day) & (
        repayments.known_day <= as_of_day
    )
    is_after = repayments.paid_day >= rows.disbursed_day[repayments.loan_index]
    rule = "must not be before the disbursement"
    require_rows(is_after | ~is_counted, repayments.paid_day, "paid_day", rule)
    loan = repayments.loan_index[is_counted]
    day = repayments.paid_day[is_counted]
    amount = repayments.amount_minor[is_counted]
    require_sums("amount_minor", loan, amount, loan_count)
    # One key for loan and day sorts faster than two; what ties is alike.
    order = np.argsort(loan * _DAY_SPAN + (day - DAY_MIN))
    counts = np.bincount(loan, minlength=loan_count)
    return AmountLine.of(counts, amount[order]), day[order]


def _settled_days(
    rows: FixedRows, due: AmountLine, paid: AmountLine, paid_day: Int64s
) -> Int64s:
    # Position -1, of what nothing has reached, is that of the day which is not known.
    settled_day = np.append(paid_day, UNKNOWN)[reached_by(due, paid)]
    is_empty = due.lengths == 0
    if is_empty.any():
        settled_day = np.where(is_empty, rows.per_row(rows.disbursed_day), settled_day)
    return settled_day


def _principal_left(
    rows: FixedRows, paid_minor: Int64s, order: tuple[Bucket, ...]
) -> Int64s:
    """Return what is left of the principal of each row; buckets before it go first."""
    first_minor = np.zeros(1, np.int64)
    for bucket in order[: order.index(Bucket.PRINCIPAL)]:
        first_minor = first_minor + rows.charged_minor(bucket)
    back_minor = np.clip(paid_minor - first_minor, 0, rows.principal_minor)
    left_minor: Int64s = rows.principal_minor - back_minor
    return left_minor


def _days_past_due(
    rows: FixedRows, due: AmountLine, paid: AmountLine, as_of_day: int
) -> Int64s:
    # Rows that are paid, and those that ask for nothing among them, lie in front.
    is_paid = due.reached <= rows.per_row(paid.total)
    first = rows.offsets[:-1] + due.sums(is_paid.astype(np.int64))
    is_open = first < rows.offsets[1:]
    days = np.zeros(len(rows), np.int64)
    days[is_open] = np.maximum(as_of_day - rows.due_day[first[is_open]], 0)
    return days


def _last_days(rows: FixedRows, settled_day: Int64s, owed_minor: Int64s) -> Int64s:
    last_day = np.full(len(rows), UNKNOWN, np.int64)
    if len(rows):
        latest = np.maximum.reduceat(settled_day, rows.offsets[:-1])
        last_day = np.where(owed_minor == 0, latest, UNKNOWN)
    return last_day
