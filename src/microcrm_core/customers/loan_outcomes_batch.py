"""How the loans of many customers came out by a day, read from their ledgers.

Loans of which only repayments are kept go the short way of `replay_repayments`; logs
with charges, waivers, reversals and the like go that of `replay_many`, which says what
columns hold. Both give the few columns that facts are read from, by the rules of
`loan_facts`.

Example:
    See `loan_outcomes`.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import UNKNOWN, Bools, Int64s
from microcrm_core.customers.profile import ProfilePolicy
from microcrm_core.ledger import Disbursed, LedgerPolicy, WrittenOff, end_of_day
from microcrm_core.ledger.fixed_rows_batch import FixedRows
from microcrm_core.ledger.log_columns_batch import EVENT_KINDS, EventColumns
from microcrm_core.ledger.replays_batch import replay_many
from microcrm_core.ledger.standings_batch import replay_repayments
from microcrm_core.loans.batch import build_schedules
from microcrm_core.loans.columns_batch import LoanColumns, RepaymentColumns

__all__ = ["LoanOutcomes", "loan_outcomes"]

_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_DAY_US: Final = 86_400 * 1_000_000
_DISBURSED: Final = EVENT_KINDS.index(Disbursed)


@attrs.frozen(kw_only=True, eq=False)
class LoanOutcomes:
    """What facts are read from: the states of loans that were paid out by a day.

    Attributes:
        as_of_day: The day.
        customer_index: Whose each loan is; shape (loans,), as are the next four.
        lent_minor: What was paid out.
        lent_day: Day on which it was.
        outstanding_minor: What is owed, due or not.
        is_repaid: Whether nothing is left, and nothing was written off.
        owner: Whose each installment is; shape (installments,), as are the next two.
        due_day: Last day on which paying it is on time.
        settled_day: Day on which nothing was left; `UNKNOWN`: something is, or a
            write-off settled it.

    Example:
        See `loan_outcomes`.
    """

    as_of_day: int
    customer_index: Int64s
    lent_minor: Int64s
    lent_day: Int64s
    outstanding_minor: Int64s
    is_repaid: Bools
    owner: Int64s
    due_day: Int64s
    settled_day: Int64s


def loan_outcomes(
    loans: LoanColumns,
    records: RepaymentColumns | EventColumns,
    policy: ProfilePolicy,
    as_of: dt.date,
) -> LoanOutcomes:
    """Return the outcomes of the loans that were paid out by the day.

    Args:
        loans: Loans and requests.
        records: All repayments on these loans, or the events of their logs. A log
            without a disbursement gets the one of its loan.
        policy: How loans are scheduled and kept.
        as_of: The day; what was known by its end counts (UTC).

    Raises:
        InvalidValueError: A loan has no schedule under the conventions, or columns do
            not cover the policy, or what was recorded of a loan contradicts itself.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.customers import PROFILE_BASIC
        >>> from microcrm_core.customers.loan_outcomes_batch import loan_outcomes
        >>> from microcrm_core.loans.columns_batch import (
        ...     LoanColumns, RepaymentColumns
        ... )
        >>> loans = LoanColumns.from_loans([], {})
        >>> repayments = RepaymentColumns.from_repayments([], loans)
        >>> as_of = dt.date(2025, 1, 31)
        >>> loan_outcomes(loans, repayments, PROFILE_BASIC, as_of).is_repaid.size
        0
    """
    as_of_day = as_of.toordinal() - _EPOCH
    is_disbursed = loans.is_disbursed_as_of(as_of_day)
    lent = loans.take(np.flatnonzero(is_disbursed))
    position = np.cumsum(is_disbursed) - 1
    rows = FixedRows.of(lent, build_schedules(lent, policy.conventions))
    if isinstance(records, RepaymentColumns):
        kept = records.take(is_disbursed[records.loan_index])
        kept = attrs.evolve(kept, loan_index=position[kept.loan_index])
        return _of_repayments(lent, rows, kept, policy.ledger, as_of_day)
    log = _whole_log(records, is_disbursed, lent)
    return _of_log(lent, rows, log, policy.ledger, as_of)


def _of_repayments(
    lent: LoanColumns,
    rows: FixedRows,
    repayments: RepaymentColumns,
    policy: LedgerPolicy,
    as_of_day: int,
) -> LoanOutcomes:
    standing = replay_repayments(rows, repayments, policy=policy, as_of_day=as_of_day)
    return LoanOutcomes(
        as_of_day=as_of_day,
        customer_index=lent.customer_index,
        lent_minor=lent.principal_minor,
        lent_day=lent.disbursed_day,
        outstanding_minor=standing.outstanding_minor,
        is_repaid=standing.is_settled,
        owner=rows.per_row(lent.customer_index),
        due_day=rows.due_day,
        settled_day=standing.settled_day,
    )


def _of_log(
    lent: LoanColumns,
    rows: FixedRows,
    log: EventColumns,
    policy: LedgerPolicy,
    as_of: dt.date,
) -> LoanOutcomes:
    as_of_day = as_of.toordinal() - _EPOCH
    states = replay_many(
        rows, log, policy=policy, as_of_day=as_of_day, known_at=end_of_day(as_of)
    )
    is_lent = states.is_lent
    row_counts = np.diff(states.offsets)
    is_kept = np.repeat(is_lent, row_counts)
    written_off_day = np.full(len(lent), UNKNOWN, np.int64)
    # One that found nothing to give up is no write-off.
    is_given_up = log.is_kind(WrittenOff) & states.postings.is_live
    is_given_up &= states.postings.parts_minor.any(axis=0)
    written_off_day[log.loan_index[is_given_up]] = log.value_day[is_given_up]
    # What a write-off settled was not paid.
    off_day = np.repeat(written_off_day, row_counts)
    is_forgiven = (off_day != UNKNOWN) & (states.settled_day >= off_day)
    is_forgiven &= states.waived_minor.any(axis=0)
    settled_day = np.where(is_forgiven, UNKNOWN, states.settled_day)
    outstanding_minor = states.outstanding_minor.sum(axis=0)
    return LoanOutcomes(
        as_of_day=as_of_day,
        customer_index=lent.customer_index[is_lent],
        lent_minor=lent.principal_minor[is_lent],
        lent_day=lent.disbursed_day[is_lent],
        outstanding_minor=outstanding_minor[is_lent],
        is_repaid=((outstanding_minor == 0) & ~states.is_written_off)[is_lent],
        owner=np.repeat(lent.customer_index, row_counts)[is_kept],
        due_day=states.due_day[is_kept],
        settled_day=settled_day[is_kept],
    )


def _whole_log(
    events: EventColumns, is_disbursed: Bools, lent: LoanColumns
) -> EventColumns:
    """Return the events of loans that are lent, with a disbursement of each.

    Twin of `loan_log`: where none tells of a disbursement, it is the one agreed.
    """
    kept = np.flatnonzero(is_disbursed[events.loan_index])
    loan_index = (np.cumsum(is_disbursed) - 1)[events.loan_index[kept]]
    place = np.full(len(events), UNKNOWN, np.int64)
    place[kept] = np.arange(kept.size)
    # What an event names is of the same loan, and so kept with it.
    target_index = events.target_index[kept]
    is_naming = target_index != UNKNOWN
    target_index[is_naming] = place[target_index[is_naming]]

    is_told = np.zeros(len(lent), np.bool_)
    is_told[loan_index[events.kind_index[kept] == _DISBURSED]] = True
    added = np.flatnonzero(~is_told)
    first_us = lent.known_day * _DAY_US
    np.minimum.at(first_us, loan_index, events.recorded_us[kept] - 1)
    nothing = np.full(added.size, UNKNOWN, np.int64)
    return EventColumns.in_order(
        ids=np.concatenate((events.ids[kept], lent.ids[added])),
        loan_index=np.concatenate((loan_index, added)),
        value_day=np.concatenate((events.value_day[kept], lent.disbursed_day[added])),
        recorded_us=np.concatenate((events.recorded_us[kept], first_us[added])),
        kind_index=np.concatenate(
            (events.kind_index[kept], np.full(added.size, _DISBURSED))
        ),
        amount_minor=np.concatenate(
            (events.amount_minor[kept], lent.principal_minor[added])
        ),
        target_index=np.concatenate((target_index, nothing)),
        bucket_index=np.concatenate((events.bucket_index[kept], nothing)),
        due_day=np.concatenate((events.due_day[kept], nothing)),
    )
