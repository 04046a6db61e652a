"""Balances as due dates meet them, for many customers: the twin of `balances`.

Example:
    >>> import numpy as np
    >>> from microcrm_core.adjustments.balances_batch import OwnRepaymentColumns
    >>> own = OwnRepaymentColumns(
    ...     customer_index=np.array([1, 0]),
    ...     paid_day=np.array([40, 11]),
    ...     amount_minor=np.array([500, 700]),
    ... )
    >>> own.sorted().customer_index.tolist()
    [0, 1]
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.adjustments.balances import WEEK_DAYS
from microcrm_core.batch import UNKNOWN, Bools, Int64s, require_rows
from microcrm_core.customers.cash_flow_batch import DayBalances
from microcrm_core.dates import BusinessCalendar, BusinessDayRule
from microcrm_core.dates.business_days_batch import adjust_dates
from microcrm_core.errors import InvalidValueError

__all__ = [
    "OwnRepaymentColumns",
    "balances_by_week",
    "months_met",
    "week_starts",
    "with_added_back",
]

_MINOR_MAX: Final = 2**60
# 1970-01-05 was a Monday.
_MONDAY: Final = 4


@attrs.frozen(kw_only=True, eq=False)
class OwnRepaymentColumns:
    """What loans took from their customers' accounts; twin of `OwnRepayment`.

    Attributes:
        customer_index: Position of the customer.
        paid_day: The day, since 1970-01-01.
        amount_minor: Above zero.

    Raises:
        InvalidValueError: The columns differ in length, a row breaks its rule, or all
            amounts together exceed 2**60.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments.balances_batch import OwnRepaymentColumns
        >>> attrs.fields(OwnRepaymentColumns)[1].name
        'paid_day'
    """

    customer_index: Int64s
    paid_day: Int64s
    amount_minor: Int64s

    def __attrs_post_init__(self) -> None:
        """Check lengths and amounts."""
        shape = self.customer_index.shape
        for name in ("paid_day", "amount_minor"):
            if getattr(self, name).shape != shape:
                raise InvalidValueError(
                    name, f"must have shape {shape}", getattr(self, name).shape
                )
        amounts = self.amount_minor
        require_rows(amounts > 0, amounts, "amount_minor", "must be above zero")
        # A float tells the size well enough, and cannot wrap.
        total = float(amounts.sum(dtype=np.float64))
        if total > _MINOR_MAX:
            raise InvalidValueError(
                "amount_minor", "must add up to at most 2**60", total
            )

    def sorted(self) -> OwnRepaymentColumns:
        """Return the rows by customer."""
        order = np.argsort(self.customer_index, kind="stable")
        return OwnRepaymentColumns(
            customer_index=self.customer_index[order],
            paid_day=self.paid_day[order],
            amount_minor=self.amount_minor[order],
        )


def with_added_back(
    balance_minor: Int64s,
    start_days: Int64s,
    first_customer: int,
    own: OwnRepaymentColumns,
) -> Int64s:
    """Return balances with each repayment back, from its day to the end of its cycle.

    Args:
        balance_minor: Balances of a chunk of customers; `UNKNOWN` stays.
        start_days: First day of each cycle, ascending, and at the end the day after
            the last.
        first_customer: Position of the first customer of the chunk.
        own: By customer, see `OwnRepaymentColumns.sorted`.

    Shapes:
        (customers, cycles, days); (cycles + 1,).

    Raises:
        InvalidValueError: A balance to which something is added is beyond 2**60.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments.balances_batch import (
        ...     OwnRepaymentColumns, with_added_back
        ... )
        >>> own = OwnRepaymentColumns(
        ...     customer_index=np.array([0]),
        ...     paid_day=np.array([5]),
        ...     amount_minor=np.array([3]),
        ... )
        >>> week = np.array([[[9, 6, 6, 6, 6, 6, 6]]])
        >>> with_added_back(week, np.array([4, 11]), 0, own).tolist()
        [[[9, 9, 9, 9, 9, 9, 9]]]
    """
    customer_count, cycle_count, day_count = balance_minor.shape
    ends = np.array([first_customer, first_customer + customer_count])
    rows = slice(*np.searchsorted(own.customer_index, ends).tolist())
    paid = own.paid_day[rows]
    cycle = np.searchsorted(start_days, paid, side="right") - 1
    is_in = (cycle >= 0) & (cycle < cycle_count)
    if not is_in.any():
        return balance_minor
    customer = own.customer_index[rows][is_in] - first_customer
    cycle = cycle[is_in]
    back = np.zeros((customer_count, cycle_count, day_count), np.int64)
    place = (customer, cycle, paid[is_in] - start_days[cycle])
    np.add.at(back, place, own.amount_minor[rows][is_in])
    np.cumsum(back, axis=2, out=back)
    is_changed = (balance_minor != UNKNOWN) & (back > 0)
    changed = balance_minor[is_changed]
    in_range = (changed <= _MINOR_MAX) & (changed >= -_MINOR_MAX)
    require_rows(in_range, changed, "balance_minor", "must be within 2**60")
    added: Int64s = np.where(is_changed, balance_minor + back, balance_minor)
    return added


def months_met(
    balance_minor: Int64s,
    month_start_day: Int64s,
    month_days: Int64s,
    calendar: BusinessCalendar,
    rule: BusinessDayRule,
) -> Int64s:
    """Return the balances that a due date of each day meets where it moves to.

    Twin of `BalanceMonth.on_business_days`.

    Args:
        balance_minor: Balances by month and day.
        month_start_day: First day of each month.
        month_days: Length of each month.
        calendar: Says which days are closed.
        rule: How a due date moves.

    Shapes:
        (customers, months, 31); (months,); (months,).

    Raises:
        InvalidValueError: The calendar does not cover a month.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments.balances_batch import months_met
        >>> from microcrm_core.dates import BusinessCalendar, BusinessDayRule
        >>> met = months_met(
        ...     np.arange(31).reshape(1, 1, 31),
        ...     np.array([0]),
        ...     np.array([31]),
        ...     BusinessCalendar(name="plain"),
        ...     BusinessDayRule.FOLLOWING,
        ... )
        >>> met[0, 0, :5].tolist()
        [0, 1, 4, 4, 4]
    """
    places = np.arange(balance_minor.shape[2], dtype=np.int64)
    index: Int64s = np.minimum(places, month_days[:, None] - 1)
    days: Int64s = (month_start_day[:, None] + index).astype(np.int64)
    moved: Int64s = adjust_dates(days.ravel(), rule, calendar).reshape(days.shape)
    met = np.clip(moved - month_start_day[:, None], 0, month_days[:, None] - 1)
    taken: Int64s = np.take_along_axis(balance_minor, met[None], axis=2)
    return taken


def week_starts(day_balances: DayBalances, *, weeks_max: int) -> Int64s:
    """Return the Mondays of the full weeks of all customers, and the one after them.

    Args:
        day_balances: Weeks end on or before its day, and begin with its first bucket.
        weeks_max: How many of the latest weeks; 1 or more.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments.balances_batch import week_starts
        >>> from microcrm_core.customers.cash_flow_batch import DayBalances
        >>> days = DayBalances(
        ...     as_of_day=20,
        ...     offsets=np.array([0, 1]),
        ...     day=np.array([5], np.int32),
        ...     inflow_minor=np.array([9]),
        ...     outflow_minor=np.array([0]),
        ...     balance_minor=np.array([9]),
        ... )
        >>> week_starts(days, weeks_max=12).tolist()
        [4, 11, 18]
    """
    end = _monday_before(day_balances.as_of_day + 1)
    first = end
    if day_balances.day.size:
        since = _monday_before(int(day_balances.day.min()))
        first = max(end - weeks_max * WEEK_DAYS, since)
    return np.arange(min(first, end), end + 1, WEEK_DAYS, dtype=np.int64)


def balances_by_week(day_balances: DayBalances, rows: slice, mondays: Int64s) -> Int64s:
    """Return the end-of-day balances of some customers by week and weekday.

    Args:
        day_balances: Of all customers.
        rows: Which of them, from start to stop.
        mondays: First day of each week and, at the end, the day after the last.

    Shapes:
        The result is (customers, weeks, 7); `UNKNOWN` where a balance is not known.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments.balances_batch import balances_by_week
        >>> from microcrm_core.customers.cash_flow_batch import DayBalances
        >>> days = DayBalances(
        ...     as_of_day=20,
        ...     offsets=np.array([0, 2]),
        ...     day=np.array([4, 8], np.int32),
        ...     inflow_minor=np.array([9, 1]),
        ...     outflow_minor=np.array([0, 0]),
        ...     balance_minor=np.array([9, 10]),
        ... )
        >>> balances_by_week(days, slice(0, 1), np.array([4, 11])).tolist()
        [[[9, 9, 9, 9, 10, 10, 10]]]
    """
    customers = np.arange(rows.start, rows.stop, dtype=np.int64)
    days = np.arange(mondays[0], mondays[-1], dtype=np.int64)
    shape = (customers.size, mondays.size - 1, WEEK_DAYS)
    if days.size == 0 or day_balances.day.size == 0:
        return np.full(shape, UNKNOWN, np.int64)
    buckets = day_balances.part(rows.start, rows.stop)
    # One number for customer and day, so that a single search finds every balance.
    lowest = min(int(days[0]), int(buckets.day.min(initial=days[0])))
    span = max(int(days[-1]), int(buckets.day.max(initial=days[-1]))) - lowest + 1
    keys: Int64s = buckets.customer_index * span + (buckets.day - lowest)
    wanted: Int64s = (customers - rows.start)[:, None] * span + (days - lowest)
    found: Int64s = np.searchsorted(keys, wanted, side="right").astype(np.int64) - 1
    is_own: Bools = found >= buckets.offsets[:-1, None]
    known = np.append(buckets.balance_minor, UNKNOWN)
    balances: Int64s = np.where(is_own, known[found], UNKNOWN).reshape(shape)
    return balances


def _monday_before(day: int) -> int:
    return (day - _MONDAY) // WEEK_DAYS * WEEK_DAYS + _MONDAY
