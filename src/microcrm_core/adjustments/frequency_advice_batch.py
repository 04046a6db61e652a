"""Repayment frequencies for many customers: the twin of `frequency_advice`.

Example:
    >>> from microcrm_core.adjustments.frequency_advice_batch import FrequencyOutcome
    >>> FrequencyOutcome.KEEPS.value
    'frequency_keeps'
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import attrs
import numpy as np

from microcrm_core.adjustments.frequency_advice import FrequencyConfidence
from microcrm_core.adjustments.frequency_policy import (
    FREQUENCIES_ADVISED,
    FrequencyPolicy,
)
from microcrm_core.batch import (
    UNKNOWN,
    Bools,
    Int64s,
    checked_product,
    divide_rows,
    require_rows,
)
from microcrm_core.customers.cash_flow_batch import DayBalances, month_starts, months_of
from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError
from microcrm_core.rounding import Rounding

__all__ = ["FrequencyColumns", "FrequencyOutcome", "recommend_frequencies"]

_PPM: Final = 1_000_000
_PERIOD_DAYS: Final = {
    Frequency.DAILY: 1,
    Frequency.WEEKLY: 7,
    Frequency.BIWEEKLY: 14,
}


class FrequencyOutcome(StrEnum):
    """What was advised; the reason of the scalar decision.

    Example:
        >>> from microcrm_core.adjustments.frequency_advice_batch import (
        ...     FrequencyOutcome,
        ... )
        >>> FrequencyOutcome.NO_INFLOW.value
        'frequency_no_inflow'
    """

    NO_HISTORY = "frequency_no_history"
    NO_INFLOW = "frequency_no_inflow"
    KEEPS = "frequency_keeps"
    ADVISED = "frequency_advised"
    NONE_FITS = "frequency_none_fits"


_OUTCOMES: Final = tuple(FrequencyOutcome)


@attrs.frozen(kw_only=True, eq=False)
class FrequencyColumns:
    """Advice, one row a customer; twin of `FrequencyAdvice` and its rhythm.

    Attributes:
        frequency_index: Position in `FREQUENCIES_ADVISED`; -1: no advice.
        current_index: The same of the frequency now; -1: a new loan.
        months: Full months looked at.
        inflow_day_count: Days with money in.
        gap_days_max: The longest run of days without; `UNKNOWN` without an inflow.
        weak_share_ppm: For each of `FREQUENCIES_ADVISED`; `UNKNOWN` where it has no
            period or no money came in; (customers, 4).
        confidence_index: Position in `tuple(FrequencyConfidence)`; -1: no advice.
        outcome_index: Position in `tuple(FrequencyOutcome)`.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments.frequency_advice_batch import (
        ...     FrequencyColumns,
        ... )
        >>> attrs.fields(FrequencyColumns)[0].name
        'frequency_index'
    """

    frequency_index: Int64s
    current_index: Int64s
    months: Int64s
    inflow_day_count: Int64s
    gap_days_max: Int64s
    weak_share_ppm: Int64s
    confidence_index: Int64s
    outcome_index: Int64s


def recommend_frequencies(
    day_balances: DayBalances, current_index: Int64s, policy: FrequencyPolicy
) -> FrequencyColumns:
    """Return how often each customer should pay; twin of `recommend_frequency`.

    Equal to the scalar function on every row, as of the day of *day_balances*, or
    refused.

    Args:
        day_balances: What is known of every customer's account as of the day.
        current_index: Position of the frequency now in `FREQUENCIES_ADVISED`; -1 for a
            new loan.
        policy: What makes a frequency fit.

    Shapes:
        (customers,).

    Raises:
        InvalidValueError: A column has another length, a row breaks its rule, or the
            inflows of a customer, times a million, leave int64.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments import FREQUENCIES_ADVISED, FREQUENCY_BASIC
        >>> from microcrm_core.adjustments.frequency_advice_batch import (
        ...     recommend_frequencies,
        ... )
        >>> from microcrm_core.customers.cash_flow_batch import DayBalances
        >>> paid_monthly = DayBalances(
        ...     as_of_day=89,
        ...     offsets=np.array([0, 3]),
        ...     day=np.array([0, 40, 70], np.int32),
        ...     inflow_minor=np.array([900, 900, 900]),
        ...     outflow_minor=np.array([0, 0, 0]),
        ...     balance_minor=np.array([900, 1800, 2700]),
        ... )
        >>> advice = recommend_frequencies(
        ...     paid_monthly, np.array([-1]), FREQUENCY_BASIC
        ... )
        >>> str(FREQUENCIES_ADVISED[advice.frequency_index[0]])
        'monthly'
    """
    customer_count = day_balances.customer_count
    if current_index.shape != (customer_count,):
        rule = f"must have one row for each of the {customer_count} customers"
        raise InvalidValueError("current_index", rule, current_index.shape)
    in_range = (current_index >= -1) & (current_index < len(FREQUENCIES_ADVISED))
    rule = f"must be -1 to {len(FREQUENCIES_ADVISED) - 1}"
    require_rows(in_range, current_index, "current_index", rule)
    inflows = _Inflows.of(day_balances, policy)
    shares = np.stack([inflows.weak_share(one, policy) for one in FREQUENCIES_ADVISED])
    return _advice(inflows, shares.T, current_index, policy)


@attrs.frozen(kw_only=True, eq=False)
class _Inflows:
    """The inflows in the full months, in the order of customers and days.

    Attributes:
        first_month: First month that is looked at, one a customer.
        end_month: The month after the last.
        customer: Customer of each inflow, as are the next two.
        day: Its day.
        minor: Its amount.
    """

    first_month: Int64s
    end_month: int
    customer: Int64s
    day: Int64s
    minor: Int64s

    @classmethod
    def of(cls, day_balances: DayBalances, policy: FrequencyPolicy) -> _Inflows:
        first_month = day_balances.first_full_months(months_max=policy.months_max)
        customer = day_balances.customer_index
        day = day_balances.day.astype(np.int64)
        end = _start(day_balances.end_month)
        is_seen = (day >= month_starts(first_month)[customer]) & (day < end)
        is_seen &= day_balances.inflow_minor > 0
        inflows = cls(
            first_month=first_month,
            end_month=day_balances.end_month,
            customer=customer[is_seen],
            day=day[is_seen],
            minor=day_balances.inflow_minor[is_seen],
        )
        largest = np.zeros(first_month.size, np.int64)
        np.maximum.at(largest, inflows.customer, inflows.minor)
        # Every sum below is at most the largest inflow times their number.
        bound = checked_product(largest, inflows.day_count(), field="inflows")
        checked_product(bound, _PPM, field="inflows * 1,000,000")
        return inflows

    @property
    def months(self) -> Int64s:
        return self.end_month - self.first_month

    def day_count(self) -> Int64s:
        """Return the days with money in, one a customer."""
        counts = np.bincount(self.customer, minlength=self.first_month.size)
        return counts.astype(np.int64)

    def gap_days_max(self) -> Int64s:
        """Return the longest run of days without money, also before and after."""
        size = self.first_month.size
        first, end = month_starts(self.first_month), _start(self.end_month)
        gaps = np.full(size, -1, np.int64)
        is_first = np.ones(self.customer.size, np.bool_)
        is_first[1:] = self.customer[1:] != self.customer[:-1]
        before = np.zeros(self.customer.size, np.int64)
        before[1:] = self.day[:-1]
        before = np.where(is_first, first[self.customer] - 1, before)
        np.maximum.at(gaps, self.customer, self.day - before - 1)
        is_last = np.append(is_first[1:], np.True_)[: self.customer.size]
        np.maximum.at(gaps, self.customer[is_last], end - self.day[is_last] - 1)
        return np.where(gaps >= 0, gaps, UNKNOWN)

    def weak_share(self, frequency: Frequency, policy: FrequencyPolicy) -> Int64s:
        """Return the weak period's inflow as a share of the mean, rounded down."""
        size, end = self.first_month.size, _start(self.end_month)
        if frequency in _PERIOD_DAYS:
            period_days = _PERIOD_DAYS[frequency]
            counts = (end - month_starts(self.first_month)) // period_days
            period = (end - 1 - self.day) // period_days
        else:
            counts = self.months
            period = self.end_month - 1 - months_of(self.day)
        is_seen = period < counts[self.customer]
        customer, sums = _sums(
            self.customer[is_seen], period[is_seen], self.minor[is_seen]
        )
        total = np.zeros(size, np.int64)
        np.add.at(total, customer, sums)
        full = np.bincount(customer, minlength=size).astype(np.int64)
        rank = divide_rows(counts * policy.quantile_ppm, _PPM, Rounding.CEILING)
        # Periods without money are lowest, and only the others are listed.
        listed_rank = rank - 1 - (counts - full)
        is_listed = (listed_rank >= 0) & (full > 0)
        order = np.lexsort((sums, customer))
        position = np.cumsum(full) - full + listed_rank
        weak = np.zeros(size, np.int64)
        weak[is_listed] = sums[order][position[is_listed]]
        share = divide_rows(weak * counts * _PPM, np.maximum(total, 1), Rounding.FLOOR)
        return np.where(total > 0, share, UNKNOWN)


def _sums(customer: Int64s, period: Int64s, minor: Int64s) -> tuple[Int64s, Int64s]:
    """Return customer and sum of each period with money; periods are in runs."""
    if customer.size == 0:
        return customer, minor
    is_new = (customer[1:] != customer[:-1]) | (period[1:] != period[:-1])
    starts = np.flatnonzero(np.append(np.True_, is_new))
    return customer[starts], np.add.reduceat(minor, starts)


def _advice(
    inflows: _Inflows, shares: Int64s, current_index: Int64s, policy: FrequencyPolicy
) -> FrequencyColumns:
    months, day_count = inflows.months, inflows.day_count()
    fits = shares >= policy.weak_share_ppm_min
    offered = np.array([FREQUENCIES_ADVISED.index(one) for one in policy.offered])
    offered_fits = fits[:, offered]
    has_fitting: Bools = np.asarray(offered_fits.any(axis=1), np.bool_)
    shortest = offered[offered_fits.argmax(axis=1)]
    rows = np.arange(current_index.size)
    stays = (current_index >= 0) & fits[rows, np.maximum(current_index, 0)]
    if policy.is_shorter_advised:
        stays &= ~has_fitting
    index = np.where(has_fitting, shortest, offered[-1])
    index = np.where(stays, current_index, index)
    is_same = (index == current_index) & (has_fitting | stays)
    outcome = np.where(
        is_same,
        _OUTCOMES.index(FrequencyOutcome.KEEPS),
        np.where(
            has_fitting,
            _OUTCOMES.index(FrequencyOutcome.ADVISED),
            _OUTCOMES.index(FrequencyOutcome.NONE_FITS),
        ),
    )
    near = policy.weak_share_ppm_min + policy.margin_ppm
    level = (months >= policy.months_medium).astype(np.int64)
    level += months >= policy.months_high
    level = np.maximum(level - (shares[rows, index] < near), 0)
    assert len(FrequencyConfidence) == 3  # the levels are its positions
    has_history, has_inflow = months >= policy.months_min, day_count > 0
    has_advice = has_history & has_inflow
    no_inflow = _OUTCOMES.index(FrequencyOutcome.NO_INFLOW)
    no_history = _OUTCOMES.index(FrequencyOutcome.NO_HISTORY)
    outcome = np.where(has_inflow, outcome, no_inflow)
    return FrequencyColumns(
        frequency_index=np.where(has_advice, index, -1),
        current_index=current_index,
        months=months,
        inflow_day_count=day_count,
        gap_days_max=inflows.gap_days_max(),
        weak_share_ppm=shares,
        confidence_index=np.where(has_advice, level, -1),
        outcome_index=np.where(has_history, outcome, no_history),
    )


def _start(month: int) -> int:
    return int(month_starts(np.array([month], np.int64))[0])
