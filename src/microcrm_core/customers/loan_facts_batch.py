"""What the outcomes of many loans say of archive and punctuality; see `loan_facts`.

Example:
    See `microcrm_core.customers.batch`.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from microcrm_core.batch import UNKNOWN, Bools, Int64s
from microcrm_core.customers.loan_facts import months_before
from microcrm_core.customers.loan_outcomes_batch import LoanOutcomes
from microcrm_core.customers.sums_batch import (
    counts_by_index,
    ratios_where,
    sums_by_index,
)

__all__ = ["archive_columns", "record_columns"]

_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_DAY_LEAST: Final = -(2**62)
_YEAR_MONTHS: Final = 12


def archive_columns(outcomes: LoanOutcomes, count: int) -> dict[str, Int64s]:
    """Return what was lent, one row a customer; twin of `archive_facts`.

    Example:
        See `microcrm_core.customers.batch`.
    """
    owner, as_of_day = outcomes.customer_index, outcomes.as_of_day
    loan_count = counts_by_index(owner, count)
    repaid = counts_by_index(owner[outcomes.is_repaid], count)
    first_day = np.full(count, as_of_day, np.int64)
    np.minimum.at(first_day, owner, outcomes.lent_day)
    return {
        "loan_count": loan_count,
        "active_loan_count": loan_count - repaid,
        "repaid_loan_count": repaid,
        "tenure_days": np.where(loan_count > 0, as_of_day - first_day, UNKNOWN),
        "lent_minor": sums_by_index(
            outcomes.lent_minor, owner, count, field="principal_minor"
        ),
        "outstanding_minor": sums_by_index(
            outcomes.outstanding_minor, owner, count, field="outstanding_minor"
        ),
    }


def record_columns(
    outcomes: LoanOutcomes, grace_days: int, count: int, as_of: dt.date
) -> dict[str, Int64s]:
    """Return how punctual repayments were; twin of `repayment_record_facts`.

    Example:
        See `microcrm_core.customers.batch`.
    """
    as_of_day = outcomes.as_of_day
    is_due = outcomes.due_day <= as_of_day
    owner = outcomes.owner[is_due]
    due_day = outcomes.due_day[is_due]
    settled_day = outcomes.settled_day[is_due]
    is_open = settled_day == UNKNOWN
    end_day = np.where(is_open, as_of_day, settled_day)
    days_late = np.maximum(end_day - due_day, 0)
    is_late = days_late > grace_days
    is_on_time = ~is_open & ~is_late
    on_time = counts_by_index(owner[is_on_time], count)
    judged = on_time + counts_by_index(owner[is_late], count)

    latest_late_day = np.full(count, _DAY_LEAST, np.int64)
    np.maximum.at(latest_late_day, owner[is_late], due_day[is_late])
    is_streak = is_on_time & (due_day > latest_late_day[owner])
    year_ago = months_before(as_of, _YEAR_MONTHS).toordinal() - _EPOCH
    is_recent = is_open | (settled_day > year_ago)
    return {
        "due_installment_count": counts_by_index(owner, count),
        "on_time_share_ppm": ratios_where(
            on_time, judged, judged > 0, field="on_time_share_ppm"
        ),
        "on_time_streak": counts_by_index(owner[is_streak], count),
        "days_past_due": _highest(days_late, owner, is_open, count),
        "days_past_due_max": _highest(days_late, owner, days_late > 0, count),
        "days_past_due_max_12m": _highest(days_late, owner, is_recent, count),
    }


def _highest(values: Int64s, owner: Int64s, rows: Bools, count: int) -> Int64s:
    highest = np.zeros(count, np.int64)
    np.maximum.at(highest, owner[rows], values[rows])
    return highest
