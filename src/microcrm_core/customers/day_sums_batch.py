"""Transactions summed by customer and day; what `cash_flow_batch` is built from.

Rows that are already sorted by customer and day are not sorted again. They are worked
on in blocks of whole customers, so that little is held beside the columns themselves.

Example:
    >>> import numpy as np
    >>> from microcrm_core.batch import UNKNOWN
    >>> from microcrm_core.customers.columns_batch import TransactionColumns
    >>> from microcrm_core.customers.day_sums_batch import sum_days
    >>> transactions = TransactionColumns(
    ...     ids=np.array([b"t-1", b"t-2"]),
    ...     customer_index=np.array([0, 0], np.int32),
    ...     booked_day=np.array([7, 7], np.int32),
    ...     sequence=np.array([0, 0], np.int32),
    ...     amount_minor=np.array([500, -200]),
    ...     balance_minor=np.array([UNKNOWN, UNKNOWN]),
    ...     known_day=np.array([7, 7], np.int32),
    ... )
    >>> sums = sum_days(transactions, 7)
    >>> sums.inflow_minor.tolist(), sums.outflow_minor.tolist()
    ([500], [200])
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.batch import UNKNOWN, Bools, Int64s
from microcrm_core.customers.columns_batch import Int32s, TransactionColumns
from microcrm_core.customers.last_rows_batch import last_rows
from microcrm_core.customers.sums_batch import running_sums, sums_by_start

__all__ = ["DaySums", "sum_days"]

# Rows that are worked on together; bounds what is held beside the columns.
_BLOCK_ROWS: Final = 500_000


@attrs.frozen(kw_only=True, eq=False)
class DaySums:
    """Sums and end-of-day balances by customer and day, in that order.

    Attributes:
        customer_index: Position of the customer; int32; (buckets,), as are all.
        day: Day; int32.
        inflow_minor: Money in.
        outflow_minor: Money out, not negative.
        balance_minor: End-of-day balance; `UNKNOWN`: not known.

    Example:
        See `cash_flow_batch.DayBalances.of`.
    """

    customer_index: Int32s
    day: Int32s
    inflow_minor: Int64s
    outflow_minor: Int64s
    balance_minor: Int64s

    @classmethod
    def of(
        cls,
        transactions: TransactionColumns,
        customer: Int32s,
        day: Int32s,
        rows: Int64s,
    ) -> DaySums:
        """Return the buckets of rows that are sorted by customer and day."""
        starts = _run_starts(customer, day)
        last = last_rows(transactions.sequence, transactions.ids, rows, starts)
        amount = transactions.amount_minor[rows]
        inflow = sums_by_start(np.maximum(amount, 0), starts, field="amount_minor")
        outflow = -sums_by_start(np.minimum(amount, 0), starts, field="amount_minor")
        owner = customer[starts]
        stated = transactions.balance_minor[last]
        return cls(
            customer_index=owner,
            day=day[starts],
            inflow_minor=inflow,
            outflow_minor=outflow,
            balance_minor=_balances(owner, stated, inflow - outflow),
        )


def sum_days(transactions: TransactionColumns, as_of_day: int) -> DaySums:
    """Return the sums by customer and day of what was booked and known by a day.

    Args:
        transactions: In any order.
        as_of_day: The day.

    Raises:
        InvalidValueError: The sum or the balance of a day leaves int64.

    Example:
        See the module.
    """
    rows = _known_rows(transactions, as_of_day)
    customer: Int32s = _taken(transactions.customer_index, rows)
    day: Int32s = _taken(transactions.booked_day, rows)
    order = _order(customer, day)
    if order is not None:
        customer, day = customer[order], day[order]
        rows = order if rows is None else rows[order]
    blocks: list[DaySums] = []
    for block in _blocks(customer):
        in_place: Int64s = np.arange(int(block.start), int(block.stop))
        block_rows = in_place if rows is None else rows[block]
        blocks.append(DaySums.of(transactions, customer[block], day[block], block_rows))
    return DaySums(
        **{
            field.name: np.concatenate([getattr(block, field.name) for block in blocks])
            for field in attrs.fields(DaySums)
        }
    )


def _known_rows(transactions: TransactionColumns, as_of_day: int) -> Int64s | None:
    is_known = transactions.booked_day <= as_of_day
    is_known &= transactions.known_day <= as_of_day
    return None if is_known.all() else np.flatnonzero(is_known)


def _taken(column: npt.NDArray[Any], rows: Int64s | None) -> npt.NDArray[Any]:
    return column if rows is None else column[rows]


def _order(customer: Int32s, day: Int32s) -> Int64s | None:
    is_ascending = customer[1:] > customer[:-1]
    is_ascending |= (customer[1:] == customer[:-1]) & (day[1:] >= day[:-1])
    if is_ascending.all():
        return None
    first_day = int(day.min())
    span = int(day.max()) - first_day + 1
    key = customer.astype(np.int64)
    key *= span
    key += day
    return np.argsort(key, kind="stable")


def _run_starts(customer: Int32s, day: Int32s) -> Int64s:
    is_start = np.ones(customer.size, np.bool_)
    is_start[1:] = (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])
    return np.flatnonzero(is_start)


def _balances(owner: Int32s, stated: Int64s, net: Int64s) -> Int64s:
    bucket = np.arange(owner.size)
    anchor = np.maximum.accumulate(np.where(stated != UNKNOWN, bucket, -1))
    is_known: Bools = anchor >= 0
    is_known &= owner[anchor] == owner
    first_row = np.where(is_known, anchor, bucket)
    opening = np.where(is_known, stated[first_row], 0)
    balances = running_sums(net, first_row, opening, field="balance_minor")
    return np.where(is_known, balances, UNKNOWN)


def _blocks(customer: Int32s) -> list[slice]:
    """Return slices of some many rows that cut no customer apart, at least one."""
    cuts = np.arange(_BLOCK_ROWS, customer.size, _BLOCK_ROWS)
    edges = np.unique(np.searchsorted(customer, customer[cuts], side="left"))
    return [
        slice(int(begin), int(end))
        for begin, end in pairwise([0, *edges[edges > 0], customer.size])
    ]
