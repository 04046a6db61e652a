"""The cash-flow facts of many profiles, from their day buckets.

Twin of the part of `build` that fills `CashFlowFacts`. A bucket's balance holds until
the next bucket, so a quantile over days is a quantile over buckets, each weighing as
many days as it holds.

Example:
    >>> import numpy as np
    >>> from microcrm_core.customers import PROFILE_BASIC
    >>> from microcrm_core.customers.cash_flow_batch import DayBalances
    >>> from microcrm_core.customers.cash_flow_facts_batch import cash_flow_facts
    >>> account = DayBalances(
    ...     as_of_day=58,
    ...     offsets=np.array([0, 2]),
    ...     day=np.array([0, 40], np.int32),
    ...     inflow_minor=np.array([700, 100]),
    ...     outflow_minor=np.array([0, 0]),
    ...     balance_minor=np.array([700, 800]),
    ... )
    >>> facts = cash_flow_facts(account, PROFILE_BASIC)
    >>> facts["months_observed"].tolist(), facts["inflow_month_minor"].tolist()
    ([2], [400])
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.batch import (
    UNKNOWN,
    Bools,
    Int64s,
    divide_half_even_rows,
    divide_rows,
)
from microcrm_core.customers.cash_flow_batch import (
    DayBalances,
    month_starts,
    months_of,
)
from microcrm_core.customers.profile import ProfilePolicy
from microcrm_core.customers.sums_batch import (
    ratios_ppm,
    sums_by_index,
    sums_by_start,
)
from microcrm_core.rounding import Rounding

__all__ = ["cash_flow_facts"]

_PPM: Final = 1_000_000
_INT64_MAX: Final = 2**63 - 1
_BLOCK_CUSTOMERS: Final = 8_192


def cash_flow_facts(days: DayBalances, policy: ProfilePolicy) -> dict[str, Int64s]:
    """Return the columns of `CashFlowFacts`, by name; `UNKNOWN` for None.

    Shapes:
        Each column is (customers,).

    Raises:
        InvalidValueError: A sum or a ratio leaves int64.
    """
    # A hundred buckets a customer are usual, so this bounds what is held at a time.
    edges = [*range(0, days.customer_count, _BLOCK_CUSTOMERS), days.customer_count]
    blocks = [
        _facts(days.part(begin, end), policy) for begin, end in pairwise(edges)
    ] or [_facts(days, policy)]
    return {
        name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]
    }


def _facts(days: DayBalances, policy: ProfilePolicy) -> dict[str, Int64s]:
    first = days.first_full_months(months_max=policy.history_months)
    count = days.end_month - first
    flows = _Flows.of(days, first)
    held = _Held.of(days, month_starts(first), count > 0)
    has_months = count > 0
    counts = np.maximum(count, 1)
    inflow_total = flows.totals(flows.inflow_minor)
    outflow_total = flows.totals(flows.outflow_minor)
    return {
        "months_observed": count,
        "inflow_month_minor": np.where(
            has_months, divide_half_even_rows(inflow_total, counts), UNKNOWN
        ),
        "outflow_month_minor": np.where(
            has_months, divide_half_even_rows(outflow_total, counts), UNKNOWN
        ),
        "inflow_volatility_ppm": _volatility_ppm(flows, inflow_total, count),
        **held.facts(policy.balance_quantile_ppm),
    }


@attrs.frozen(kw_only=True, eq=False)
class _Flows:
    """Money in and out by customer and full month; months without any are left out.

    Attributes:
        customer_count: Number of customers.
        owner: Customer of each row.
        inflow_minor: Money in.
        outflow_minor: Money out.
    """

    customer_count: int
    owner: Int64s
    inflow_minor: Int64s
    outflow_minor: Int64s

    @classmethod
    def of(cls, days: DayBalances, first: Int64s) -> _Flows:
        owner, month = days.customer_index, months_of(days.day)
        is_full = (month >= first[owner]) & (month < days.end_month)
        owner, month = owner[is_full], month[is_full]
        is_start = np.ones(owner.size, np.bool_)
        is_start[1:] = (owner[1:] != owner[:-1]) | (month[1:] != month[:-1])
        starts = np.flatnonzero(is_start)
        return cls(
            customer_count=days.customer_count,
            owner=owner[starts],
            inflow_minor=sums_by_start(
                days.inflow_minor[is_full], starts, field="inflow_minor"
            ),
            outflow_minor=sums_by_start(
                days.outflow_minor[is_full], starts, field="outflow_minor"
            ),
        )

    def totals(self, values: Int64s) -> Int64s:
        return sums_by_index(
            values, self.owner, self.customer_count, field="monthly sums"
        )


def _volatility_ppm(flows: _Flows, total: Int64s, count: Int64s) -> Int64s:
    # See build._volatility_ppm: sum |n*x - t| / (n*t), where a month without a row
    # has x = 0 and so adds t.
    is_known = (count >= 2) & (total > 0)
    volatility = np.full(total.size, UNKNOWN, np.int64)
    if not is_known.any():
        return volatility
    largest = int(count.max()) * int(total.max())
    fits = 2 * largest <= _INT64_MAX
    wide_total = total if fits else total.astype(object)
    product = wide_total * count
    deviation = np.abs(
        flows.inflow_minor * count[flows.owner]
        if fits
        else flows.inflow_minor.astype(object) * count[flows.owner]
    )
    deviation = np.abs(deviation - wide_total[flows.owner])
    months_with = np.bincount(flows.owner, minlength=total.size)
    sums: npt.NDArray[Any] = wide_total * (count - months_with)
    np.add.at(sums, flows.owner, deviation)
    volatility[is_known] = ratios_ppm(
        sums[is_known], product[is_known], field="inflow_volatility_ppm"
    )
    return volatility


@attrs.frozen(kw_only=True, eq=False)
class _Held:
    """Known balances, and on how many days each was held.

    Attributes:
        customer_count: Number of customers.
        owner: Customer of each row, ascending.
        balance_minor: The balance.
        days_full: Days in full months.
        days_watched: Days from the first full month up to the day.
    """

    customer_count: int
    owner: Int64s
    balance_minor: Int64s
    days_full: Int64s
    days_watched: Int64s

    @classmethod
    def of(cls, days: DayBalances, start_day: Int64s, has_months: Bools) -> _Held:
        owner = days.customer_index
        begin = days.day.astype(np.int64)
        end = np.full(begin.size, days.as_of_day + 1, np.int64)
        is_followed = owner[1:] == owner[:-1]
        end[:-1][is_followed] = begin[1:][is_followed]
        np.maximum(begin, start_day[owner], out=begin)
        days_watched = end - begin
        end_day = int(month_starts(np.array([days.end_month]))[0])
        days_full = np.maximum(np.minimum(end, end_day) - begin, 0)
        is_held = (days_watched > 0) & (days.balance_minor != UNKNOWN)
        is_held &= has_months[owner]
        return cls(
            customer_count=days.customer_count,
            owner=owner[is_held],
            balance_minor=days.balance_minor[is_held],
            days_full=days_full[is_held],
            days_watched=days_watched[is_held],
        )

    def facts(self, quantile_ppm: int) -> dict[str, Int64s]:
        lowest = np.full(self.customer_count, UNKNOWN, np.int64)
        overdrawn = np.full(self.customer_count, UNKNOWN, np.int64)
        begins = np.flatnonzero(np.diff(self.owner, prepend=-1))
        if begins.size:
            owners = self.owner[begins]
            lowest[owners] = np.minimum.reduceat(self.balance_minor, begins)
            below = np.where(self.balance_minor < 0, self.days_watched, 0)
            overdrawn[owners] = np.add.reduceat(below, begins)
        return {
            "balance_low_minor": self._low(quantile_ppm),
            "balance_min_minor": lowest,
            "overdrawn_day_count": overdrawn,
        }

    def _low(self, quantile_ppm: int) -> Int64s:
        low = np.full(self.customer_count, UNKNOWN, np.int64)
        is_full = self.days_full > 0
        owner, balance = self.owner[is_full], self.balance_minor[is_full]
        if owner.size == 0:
            return low
        order = _by_owner_and_value(owner, balance)
        reached = np.cumsum(self.days_full[is_full][order])
        # Sorting by owner first leaves the owners where they were.
        begins = np.flatnonzero(np.diff(owner, prepend=-1))
        ends = np.append(begins[1:], owner.size)
        before = np.concatenate([[0], reached[begins[1:] - 1]])
        day_count = reached[ends - 1] - before
        rank = divide_rows(day_count * quantile_ppm, _PPM, Rounding.CEILING)
        row = np.searchsorted(reached, before + rank, side="left")
        low[owner[begins]] = balance[order[row]]
        return low


def _by_owner_and_value(owner: Int64s, value: Int64s) -> Int64s:
    least = int(value.min())
    span = int(value.max()) - least + 1
    if (int(owner[-1]) + 1) * span > _INT64_MAX:
        return np.lexsort((value, owner))
    # One key sorts several times faster than two. Rows that tie are alike.
    return np.argsort(owner * span + (value - least))
