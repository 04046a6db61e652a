"""Replay of many loans at once; twin of `replay` where schedules stay as they are.

`replay_many` takes what schedules ask for and the logs of all loans, leaves out what
does not count on the day or was not known, and lets all loans take their events
together. The states are those of `replay`, to the unit, or the portfolio is refused and
the refusal says which row and why.

================= ==================================== ===============================
what              held                                 refused
================= ==================================== ===============================
disbursement      one, on the day and in the amount    tranches; others, by row
                  agreed
payments          repayments of every kind, renewals;  charge-backs, capitalized
                  late, in part, early, backdated      income
credit            kept, used for later charges,        refunds above it, by row
                  refunded
charges           a sum with a due date; waivers       shares; with every installment
losses            written off, and recovered; charged  charged off otherwise,
                  off, where interest is kept          terminated
corrections       reversals; what is known by a moment
changes           none                                 due dates, holidays, term,
                                                       rates, pauses, re-aging,
                                                       re-amortization
policy            oldest row first, its buckets in any payments change interest; orders
                  order, by due state                  by kind; the last row first,
                                                       spread, bucket by bucket
down payments     paid like other rows                 taken automatically
================= ==================================== ===============================

Schedules in columns are exact: see `loans.batch`. Where loans are only repaid, read
`standings_batch`: it is faster.

Example:
    >>> import numpy as np
    >>> from microcrm_core.ledger import PLAIN_LEDGER
    >>> from microcrm_core.ledger.fixed_rows_batch import FixedRows
    >>> from microcrm_core.ledger.log_columns_batch import EventColumns
    >>> from microcrm_core.ledger.replays_batch import replay_many
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
    >>> events = EventColumns(
    ...     ids=np.array([b"lent", b"paid"]),
    ...     loan_index=np.array([0, 0]),
    ...     value_day=np.array([20_000, 20_031]),
    ...     recorded_us=np.array([0, 0]),
    ...     kind_index=np.array([0, 1]),
    ...     amount_minor=np.array([1_000, 600]),
    ... )
    >>> states = replay_many(rows, events, policy=PLAIN_LEDGER, as_of_day=20_062)
    >>> states.paid_minor[:2].tolist(), states.settled_day[0].item()
    ([[500, 70], [20, 10]], 20031)
    >>> states.overdue_minor[:, 0].tolist(), states.days_past_due.tolist()
    ([430, 0, 0, 0], [3])
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from microcrm_core.batch import UNKNOWN, Bools, Int64s, require_rows
from microcrm_core.checks import whole_number
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.counted_events_batch import CountedEvents
from microcrm_core.ledger.covered_policies_batch import bucket_orders
from microcrm_core.ledger.fixed_rows_batch import FixedRows
from microcrm_core.ledger.happenings import (
    Charged,
    ChargedOff,
    ChargeWaived,
    Disbursed,
)
from microcrm_core.ledger.ledger_policies import ChargeOffInterest, LedgerPolicy
from microcrm_core.ledger.log_columns_batch import EventColumns, require_rows_at
from microcrm_core.ledger.row_payments_batch import LiveEvents, RowLedger
from microcrm_core.ledger.state_columns_batch import PostingColumns, StateColumns
from microcrm_core.loans.column_checks_batch import DAY_MAX, DAY_MIN

__all__ = ["replay_many"]

_BUCKETS: Final = len(Bucket)
_DAY_SPAN: Final = DAY_MAX - DAY_MIN + 1


def replay_many(
    rows: FixedRows,
    events: EventColumns,
    *,
    policy: LedgerPolicy,
    as_of_day: int,
    known_at: dt.datetime | None = None,
) -> StateColumns:
    """Return the states of many loans as of a day; twin of `replay`.

    Equal to it on every loan, or refused.

    Args:
        rows: What the schedules ask for; `FixedRows.of` makes them.
        events: Their `loan_index` points at the loans of *rows*.
        policy: How all of the loans are kept.
        as_of_day: Last day that counts, inclusive, since 1970-01-01.
        known_at: Last moment of recording that counts, inclusive; None: all is known.

    Raises:
        InvalidValueError: The policy is not covered, an event belongs to none of the
            loans, a loan is not paid out as agreed, more credit is refunded than there
            is, events that are known contradict each other, or amounts of a loan add up
            to 2**62 or more.

    Example:
        See `microcrm_core.ledger.replays_batch`.
    """
    whole_number("as_of_day", as_of_day, at_least=DAY_MIN, at_most=DAY_MAX)
    has_down_payments = bool(rows.is_down_payment.any())
    orders = bucket_orders(policy, has_down_payments=has_down_payments)
    require_rows(
        events.loan_index < len(rows),
        events.loan_index,
        "loan_index",
        f"must be less than the number of loans, {len(rows)}",
    )
    counted = CountedEvents.of(events, as_of_day, known_at)
    is_lent = counted.lent(rows, events)
    counted.require_sums(rows, events)
    _require_kept_interest(policy, events, counted.is_live)

    applied = np.flatnonzero(counted.is_live & ~events.is_kind(Disbursed))
    ledger = _row_ledger(rows, events, applied, orders)
    ledger.apply_all()
    rule = "must not exceed the credit that is refunded, in columns"
    amounts = events.amount_minor
    require_rows_at(applied, ~ledger.is_over, amounts, "amount_minor", rule)
    return _states(
        rows, ledger, _postings(counted, ledger, applied), as_of_day, is_lent
    )


def _require_kept_interest(
    policy: LedgerPolicy, events: EventColumns, is_live: Bools
) -> None:
    interest = policy.charge_off_interest
    is_changing = interest is not ChargeOffInterest.KEPT
    if is_changing and (events.is_kind(ChargedOff) & is_live).any():
        rule = "must be 'kept' in columns, where loans are charged off"
        hint = "use replay for loans of this policy"
        raise InvalidValueError("charge_off_interest", rule, interest.value, hint=hint)


def _row_ledger(
    rows: FixedRows,
    events: EventColumns,
    applied: Int64s,
    orders: tuple[tuple[Bucket, ...], ...],
) -> RowLedger:
    """Return the accounts of all rows.

    Loans of which a charge is due after the last due day have one more.
    """
    charges = np.flatnonzero(events.is_kind(Charged)[applied])
    loan = events.loan_index[applied[charges]]
    due_day = events.due_day[applied[charges]]
    found = _row_within(rows, loan, due_day)
    is_beyond = found == UNKNOWN
    has_more = np.zeros(len(rows), np.bool_)
    has_more[loan[is_beyond]] = True

    more_before: Int64s = np.cumsum(has_more) - has_more
    row_begin = rows.offsets[:-1] + more_before
    row_end = rows.offsets[1:] + more_before + has_more
    place = np.arange(rows.due_day.size) + rows.per_row(more_before)
    row_count = rows.due_day.size + int(np.count_nonzero(has_more))
    is_additional = np.zeros(row_count, np.bool_)
    is_additional[row_end[has_more] - 1] = True
    all_due_day = np.full(row_count, DAY_MIN, np.int64)
    all_due_day[place] = rows.due_day
    charged_minor = np.zeros((_BUCKETS, row_count), np.int64)
    for bucket in (Bucket.PRINCIPAL, Bucket.INTEREST, Bucket.FEES):
        charged_minor[bucket, place] = rows.charged_minor(bucket)

    row = np.full(applied.size, UNKNOWN, np.int64)
    # What is due beyond has no place of its own: any will do until it is replaced.
    inside = place[np.where(is_beyond, 0, found)]
    row[charges] = np.where(is_beyond, row_end[loan] - 1, inside)
    return RowLedger.of(
        orders,
        row_begin=row_begin,
        row_end=row_end,
        is_additional=is_additional,
        due_day=all_due_day,
        charged_minor=charged_minor,
        events=_live_events(rows, events, applied, row),
    )


def _row_within(rows: FixedRows, loan: Int64s, due_day: Int64s) -> Int64s:
    """Return the row in whose period each charge is due; `UNKNOWN`: after the last."""
    if not loan.size:
        return loan
    # Loans lie one after the other on one line of days, so that one search finds all.
    regular = np.flatnonzero(~rows.is_down_payment)
    of_loan = rows.loan_index[regular]
    line = of_loan * _DAY_SPAN + (rows.due_day[regular] - DAY_MIN)
    charged = loan * _DAY_SPAN + (due_day - DAY_MIN)
    found = np.searchsorted(line, charged, side="left")
    row = np.append(regular, UNKNOWN)[found]
    is_own = np.append(of_loan, UNKNOWN)[found] == loan
    return np.where(is_own, row, UNKNOWN)


def _live_events(
    rows: FixedRows, events: EventColumns, applied: Int64s, row: Int64s
) -> LiveEvents:
    """Return the events that are applied; what they name points among themselves."""
    offsets = np.zeros(len(rows) + 1, np.int64)
    counts = np.bincount(events.loan_index[applied], minlength=len(rows))
    np.cumsum(counts, out=offsets[1:])
    target = np.full(applied.size, UNKNOWN, np.int64)
    waivers = np.flatnonzero(events.is_kind(ChargeWaived)[applied])
    named = events.target_index[applied[waivers]]
    target[waivers] = np.searchsorted(applied, named)
    return LiveEvents(
        offsets=offsets,
        day=events.value_day[applied],
        kind=events.kind_index[applied],
        amount_minor=events.amount_minor[applied],
        bucket=events.bucket_index[applied],
        row=row,
        due_day=events.due_day[applied],
        target=target,
    )


def _postings(
    counted: CountedEvents, ledger: RowLedger, applied: Int64s
) -> PostingColumns:
    event_count = counted.is_live.size
    parts_minor = np.zeros((_BUCKETS, event_count), np.int64)
    parts_minor[:, applied] = ledger.parts_minor
    credit_minor = np.zeros(event_count, np.int64)
    credit_minor[applied] = ledger.event_credit_minor
    recovered_minor = np.zeros(event_count, np.int64)
    recovered_minor[applied] = ledger.event_recovered_minor
    return PostingColumns(
        is_live=counted.is_live,
        is_reversed=counted.is_reversed,
        credit_minor=credit_minor,
        recovered_minor=recovered_minor,
        parts_minor=parts_minor,
    )


def _states(
    rows: FixedRows,
    ledger: RowLedger,
    postings: PostingColumns,
    as_of_day: int,
    is_lent: Bools,
) -> StateColumns:
    open_minor, settled_day = ledger.open_minor, ledger.settled_day
    paid_minor = ledger.charged_minor - ledger.waived_minor - open_minor
    offsets = np.append(ledger.row_begin, settled_day.size)
    first_day = np.repeat(rows.disbursed_day, np.diff(offsets))
    # What never asked for anything was settled from the start.
    is_empty = (settled_day == UNKNOWN) & ~open_minor.any(axis=0)
    return StateColumns(
        as_of_day=as_of_day,
        offsets=offsets,
        due_day=ledger.due_day,
        is_additional=ledger.is_additional,
        charged_minor=ledger.charged_minor,
        paid_minor=paid_minor,
        waived_minor=ledger.waived_minor,
        paid_early_minor=ledger.paid_early_minor,
        paid_late_minor=ledger.paid_late_minor,
        settled_day=np.where(is_empty, first_day, settled_day),
        is_lent=is_lent,
        is_written_off=ledger.is_written_off,
        credit_minor=ledger.credit_minor,
        recovered_minor=ledger.recovered_minor,
        postings=postings,
    )
