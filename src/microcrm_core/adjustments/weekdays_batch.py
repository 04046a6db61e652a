"""Weekdays for many customers at once: the twin of `weekdays.recommend_weekday`.

Example:
    >>> from microcrm_core.adjustments.weekdays_batch import WeekdayOutcome
    >>> WeekdayOutcome.NO_HISTORY.value
    'weekday_no_history'
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import attrs
import numpy as np

from microcrm_core.adjustments.balances import WEEK_DAYS
from microcrm_core.adjustments.balances_batch import (
    OwnRepaymentColumns,
    balances_by_week,
    week_starts,
    with_added_back,
)
from microcrm_core.adjustments.due_day_batch import confidences_of
from microcrm_core.adjustments.due_day_policy import DueDayPolicy
from microcrm_core.adjustments.effects_batch import gains_needed, paired_intervals_ppm
from microcrm_core.adjustments.segment_patterns_batch import PatternColumns
from microcrm_core.adjustments.weighing import MONTH_WEEKS
from microcrm_core.adjustments.weighing_batch import WeighingColumns, weigh_weeks_many
from microcrm_core.batch import (
    UNKNOWN,
    Bools,
    Int64s,
    checked_product,
    divide_half_even_rows,
    divide_rows,
    require_rows,
)
from microcrm_core.customers.cash_flow_batch import DayBalances
from microcrm_core.errors import InvalidValueError
from microcrm_core.rounding import Rounding

__all__ = ["WeekdayColumns", "WeekdayOutcome", "recommend_weekdays"]

_PPM: Final = 1_000_000
_CHUNK: Final = 4096
_MONTHS_MAX: Final = 1200


class WeekdayOutcome(StrEnum):
    """What was advised; the first reason of the scalar decision.

    Example:
        >>> from microcrm_core.adjustments.weekdays_batch import WeekdayOutcome
        >>> WeekdayOutcome.KEEPS.value
        'weekday_keeps'
    """

    NO_HISTORY = "weekday_no_history"
    RECOMMENDED = "weekday_recommended"
    KEEPS = "weekday_keeps"
    GAIN_SMALL = "weekday_gain_small"


_OUTCOMES: Final = tuple(WeekdayOutcome)
_NO_HISTORY: Final = _OUTCOMES.index(WeekdayOutcome.NO_HISTORY)
_RECOMMENDED: Final = _OUTCOMES.index(WeekdayOutcome.RECOMMENDED)
_KEEPS: Final = _OUTCOMES.index(WeekdayOutcome.KEEPS)
_GAIN_SMALL: Final = _OUTCOMES.index(WeekdayOutcome.GAIN_SMALL)


@attrs.frozen(kw_only=True, eq=False)
class WeekdayColumns:
    """Advice, one row a customer; twin of `WeekdayAdvice`.

    Every column is `UNKNOWN` where the scalar value is None or empty.

    Attributes:
        weekday: Advised one, 1 for Monday to 7 for Sunday, or the current one where it
            stays.
        current_weekday: On which installments fall now.
        best_weekday: First in the declared order, also where the current one stays.
        needed_minor: What the balance must cover.
        weeks: Full weeks that the advice rests on.
        pattern_weight: As how many weeks the segment pattern counted.
        low_balance_minor_by_weekday: Low balance, (customers, 7).
        shortfall_count_by_weekday: Weeks that fell short, (customers, 7).
        current_shortfall_count: The same on the current weekday.
        held_out_shortfall_count: On the weekday that the other weeks pick.
        avoided_count: Weeks that fell short on the current weekday and not on the one
            that the other weeks pick.
        caused_count: Weeks that did the opposite.
        expected_shortfall_change_ppm: In parts per million of the weeks.
        expected_shortfall_change_low_ppm: Lower bound of its 95 % interval.
        expected_shortfall_change_high_ppm: Upper bound.
        confidence_index: Position in `tuple(DueDayConfidence)`; -1: no advice.
        outcome_index: Position in `tuple(WeekdayOutcome)`; -1: no installment.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments.weekdays_batch import WeekdayColumns
        >>> attrs.fields(WeekdayColumns)[0].name
        'weekday'
    """

    weekday: Int64s
    current_weekday: Int64s
    best_weekday: Int64s
    needed_minor: Int64s
    weeks: Int64s
    pattern_weight: Int64s
    low_balance_minor_by_weekday: Int64s
    shortfall_count_by_weekday: Int64s
    current_shortfall_count: Int64s
    held_out_shortfall_count: Int64s
    avoided_count: Int64s
    caused_count: Int64s
    expected_shortfall_change_ppm: Int64s
    expected_shortfall_change_low_ppm: Int64s
    expected_shortfall_change_high_ppm: Int64s
    confidence_index: Int64s
    outcome_index: Int64s


def recommend_weekdays(
    day_balances: DayBalances,
    installment_minor: Int64s,
    current_weekday: Int64s,
    policy: DueDayPolicy,
    *,
    own_repayments: OwnRepaymentColumns | None = None,
    pattern: PatternColumns | None = None,
) -> WeekdayColumns:
    """Return the weekday that fits each customer; twin of `recommend_weekday`.

    Equal to the scalar function on every row, as of the day of *day_balances*, or
    refused.

    Args:
        day_balances: What is known of every customer's account as of the day.
        installment_minor: What falls due each week, above zero; `UNKNOWN`: nothing,
            and so no advice.
        current_weekday: 1 for Monday to 7 for Sunday; `UNKNOWN` for a new loan.
        policy: What makes a day fit; four weeks count like a month.
        own_repayments: What the loans themselves took from the accounts.
        pattern: Of the customers' segments, by weekday.

    Shapes:
        All columns have one row a customer.

    Raises:
        InvalidValueError: A column has another length, a row breaks its rule, or
            amounts of a row leave int64.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC
        >>> from microcrm_core.adjustments.weekdays_batch import recommend_weekdays
        >>> from microcrm_core.customers.cash_flow_batch import DayBalances
        >>> steady = DayBalances(
        ...     as_of_day=89,
        ...     offsets=np.array([0, 1]),
        ...     day=np.array([0], np.int32),
        ...     inflow_minor=np.array([9]),
        ...     outflow_minor=np.array([0]),
        ...     balance_minor=np.array([9]),
        ... )
        >>> columns = recommend_weekdays(
        ...     steady, np.array([5]), np.array([3]), DUE_DAY_BASIC
        ... )
        >>> columns.weekday.tolist(), columns.weeks.tolist()
        ([3], [12])
    """
    count = day_balances.customer_count
    named = {"installment_minor": installment_minor, "current_weekday": current_weekday}
    if pattern is not None:
        named["segment_index"] = pattern.segment_index
        pattern.require_days(WEEK_DAYS)
    for name, column in named.items():
        if column.shape != (count,):
            rule = f"must have one row for each of the {count} customers"
            raise InvalidValueError(name, rule, column.shape)
    has_installment = installment_minor != UNKNOWN
    is_valid = ~has_installment | (installment_minor > 0)
    text = "must be above zero or UNKNOWN"
    require_rows(is_valid, installment_minor, "installment_minor", text)
    given = np.where(has_installment, installment_minor, 0)
    product = checked_product(
        given, policy.coverage_ppm, field="installment * coverage"
    )
    covered = divide_rows(product, _PPM, Rounding.CEILING)
    needed_minor = np.where(has_installment, covered, UNKNOWN)
    months_max = _MONTHS_MAX if policy.months_max is None else policy.months_max
    mondays = week_starts(day_balances, weeks_max=months_max * MONTH_WEEKS)
    own = None if own_repayments is None else own_repayments.sorted()
    positions = None if pattern is None else pattern.positions(WEEK_DAYS)
    chunks: list[WeekdayColumns] = []
    # At least one chunk, so that no customers give columns without rows.
    for start in range(0, max(count, 1), _CHUNK):
        rows = slice(start, min(start + _CHUNK, count))
        balances = balances_by_week(day_balances, rows, mondays)
        if own is not None and mondays.size > 1:
            balances = with_added_back(balances, mondays, start, own)
        weighing = weigh_weeks_many(
            balances,
            covered[rows],
            current_weekday[rows],
            policy,
            positions=None if positions is None else positions[rows],
        )
        chunks.append(
            _advice(weighing, needed_minor[rows], current_weekday[rows], policy)
        )
    names = [field.name for field in attrs.fields(WeekdayColumns)]
    return WeekdayColumns(
        **{name: np.concatenate([getattr(c, name) for c in chunks]) for name in names}
    )


def _advice(
    weighing: WeighingColumns,
    needed_minor: Int64s,
    current: Int64s,
    policy: DueDayPolicy,
) -> WeekdayColumns:
    weeks, best = weighing.months, weighing.best_day
    held_out = weighing.held_out_shortfall_count
    is_asked = needed_minor != UNKNOWN
    has_advice = is_asked & (weeks >= policy.months_min * MONTH_WEEKS)
    is_given = current != UNKNOWN
    current_count = np.where(is_given, weighing.current_shortfall_count, 0)
    avoided = np.where(is_given, weighing.avoided_count, 0)
    caused = np.where(is_given, weighing.caused_count, 0)
    gain = current_count - held_out
    beyond_chance = gains_needed(caused, policy.noise_max_ppm)
    stays = is_given & (gain < np.maximum(policy.shortfall_gain_min, beyond_chance))
    weekday = np.where(stays, current, best)
    is_same = weekday == current
    change = np.where(is_same, 0, -gain)
    some = np.maximum(weeks, 1)
    change_ppm = divide_half_even_rows(change * _PPM, some)
    low_ppm, high_ppm = paired_intervals_ppm(avoided, caused, some)
    position = np.clip(weekday, 1, WEEK_DAYS)[:, None] - 1
    counts = weighing.shortfall_count_by_day
    advised_count = np.take_along_axis(counts, position, axis=1)[:, 0]
    outcome = np.where(weekday == best, _KEEPS, _GAIN_SMALL)
    outcome = np.where(is_same, outcome, _RECOMMENDED)
    outcome = np.where(has_advice, outcome, _NO_HISTORY)

    def known(column: Int64s, where: Bools = has_advice) -> Int64s:
        mask = where[:, None] if column.ndim == 2 else where
        return np.where(mask, column, UNKNOWN)

    weight = np.where(has_advice, weighing.pattern_weight, 0)
    is_compared = has_advice & is_given
    return WeekdayColumns(
        weekday=known(weekday),
        current_weekday=current.astype(np.int64),
        best_weekday=known(best),
        needed_minor=needed_minor,
        weeks=weeks,
        pattern_weight=known(weight, is_asked),
        low_balance_minor_by_weekday=known(weighing.low_balance_minor_by_day),
        shortfall_count_by_weekday=known(counts),
        current_shortfall_count=known(current_count, is_compared),
        held_out_shortfall_count=known(held_out),
        avoided_count=known(avoided, is_compared),
        caused_count=known(caused, is_compared),
        expected_shortfall_change_ppm=known(change_ppm, is_compared),
        expected_shortfall_change_low_ppm=known(low_ppm, is_compared & ~is_same),
        expected_shortfall_change_high_ppm=known(high_ppm, is_compared & ~is_same),
        confidence_index=confidences_of(
            weeks // MONTH_WEEKS, held_out > advised_count, has_advice, policy
        ),
        outcome_index=np.where(is_asked, outcome, -1),
    )
