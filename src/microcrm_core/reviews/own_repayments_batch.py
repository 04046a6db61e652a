"""What the loans that are advised on took from accounts: twin of `own_repayments`.

Example:
    >>> from microcrm_core.reviews.own_repayments_batch import account_repayments_many
    >>> account_repayments_many.__name__
    'account_repayments_many'
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.adjustments.balances_batch import OwnRepaymentColumns
from microcrm_core.batch import Bools, Int64s
from microcrm_core.customers.columns_batch import TransactionColumns
from microcrm_core.loans.columns_batch import LoanColumns, RepaymentColumns

__all__ = ["account_repayments_many"]

_CHUNK: Final = 2**20
# One mark for each hash: a tenth of them is set by a million repayments.
_MARKS: Final = 2**23
_ODD: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_SHIFT: Final = np.uint64(41)


def account_repayments_many(
    loan_index: Int64s,
    loans: LoanColumns,
    repayments: RepaymentColumns,
    transactions: TransactionColumns,
    as_of_day: int,
) -> OwnRepaymentColumns:
    """Return what loans took from accounts; twin of `account_repayments`.

    Args:
        loan_index: The loan of each customer that is advised on; -1: none.
        loans: All loans and requests of the customers.
        repayments: All repayments on these loans.
        transactions: All transactions, each once.
        as_of_day: The day.

    Shapes:
        (customers,). The result has a row a repayment, in no order that matters.

    Example:
        >>> import datetime as dt
        >>> import numpy as np
        >>> from microcrm_core.reviews.own_repayments_batch import (
        ...     account_repayments_many
        ... )
        >>> from microcrm_core.samples import sample_portfolio
        >>> portfolio = sample_portfolio(customers=20, seed=1)
        >>> own = account_repayments_many(
        ...     np.full(20, -1),
        ...     portfolio.loans,
        ...     portfolio.repayments,
        ...     portfolio.transactions,
        ...     20_000,
        ... )
        >>> own.paid_day.size
        0
    """
    is_advised = np.zeros(len(loans), np.bool_)
    is_advised[loan_index[loan_index >= 0]] = True
    is_advised &= loans.is_disbursed_as_of(as_of_day)
    paid = is_advised[repayments.loan_index]
    paid &= (repayments.paid_day <= as_of_day) & (repayments.known_day <= as_of_day)
    repaid = _Flows(
        loans.customer_index[repayments.loan_index[paid]],
        repayments.paid_day[paid],
        repayments.amount_minor[paid],
    )
    kept = repaid.take(_has_transaction(repaid, _like(repaid, transactions, as_of_day)))
    return OwnRepaymentColumns(
        customer_index=kept.customer, paid_day=kept.day, amount_minor=kept.minor
    )


@attrs.frozen(eq=False)
class _Flows:
    """Money that left accounts.

    Attributes:
        customer: Position of the customer.
        day: The day.
        minor: Above zero.
    """

    customer: Int64s
    day: Int64s
    minor: Int64s

    def take(self, rows: Bools) -> _Flows:
        """Return the flows of a mask."""
        return _Flows(self.customer[rows], self.day[rows], self.minor[rows])

    def marks(self) -> Int64s:
        """Return a number below `_MARKS` for each; equal flows have the same."""
        # Products wrap, which is what spreads them.
        mixed = self.minor.astype(np.uint64) * _ODD[0]
        mixed ^= self.customer.astype(np.uint64) << np.uint64(20)
        mixed ^= self.day.astype(np.uint64)
        mixed *= _ODD[1]
        return (mixed >> _SHIFT).astype(np.int64)


def _like(repaid: _Flows, transactions: TransactionColumns, as_of_day: int) -> _Flows:
    """Return the outgoing transactions that may be repayments, and few others."""
    is_marked = np.zeros(_MARKS, np.bool_)
    is_marked[repaid.marks()] = True
    found: list[_Flows] = [_Flows(*(np.empty(0, np.int64),) * 3)]
    for start in range(0, len(transactions), _CHUNK):
        rows = slice(start, start + _CHUNK)
        booked, known = transactions.booked_day[rows], transactions.known_day[rows]
        is_out = transactions.amount_minor[rows] < 0
        is_out &= (booked <= as_of_day) & (known <= as_of_day)
        out = _Flows(
            transactions.customer_index[rows][is_out].astype(np.int64),
            booked[is_out].astype(np.int64),
            -transactions.amount_minor[rows][is_out],
        )
        found.append(out.take(is_marked[out.marks()]))
    return _Flows(
        np.concatenate([flows.customer for flows in found]),
        np.concatenate([flows.day for flows in found]),
        np.concatenate([flows.minor for flows in found]),
    )


def _has_transaction(repaid: _Flows, moved: _Flows) -> Bools:
    """Return for which flows another one of the same customer, day and amount stands.

    As many as there are such transactions.
    """
    count = moved.day.size
    customer = np.concatenate([moved.customer, repaid.customer])
    day = np.concatenate([moved.day, repaid.day])
    minor = np.concatenate([moved.minor, repaid.minor])
    # Stable: within a group the transactions come before the repayments.
    order = np.lexsort((minor, day, customer))
    is_first = np.ones(order.size, np.bool_)
    for column in (customer, day, minor):
        ordered = column[order]
        is_first[1:] &= ordered[1:] == ordered[:-1]
    is_first[1:] = ~is_first[1:]
    group = np.cumsum(is_first) - 1
    is_repaid = order >= count
    moved_count = np.bincount(group[~is_repaid], minlength=int(is_first.sum()))
    place = np.arange(order.size) - np.flatnonzero(is_first)[group]
    is_kept = is_repaid & (place < 2 * moved_count[group])
    found = np.zeros(repaid.day.size, np.bool_)
    found[order[is_kept] - count] = True
    return found
