"""Due days for many customers at once: the twin of `due_day.recommend_due_day`.

Customers are worked through in chunks, so that the balances by day of only some
thousand of them are in memory at a time.

Example:
    >>> from microcrm_core.adjustments.due_day_batch import DueDayOutcome
    >>> DueDayOutcome.NO_HISTORY.value
    'due_day_no_history'
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.adjustments.balances_batch import (
    OwnRepaymentColumns,
    months_met,
    with_added_back,
)
from microcrm_core.adjustments.due_day import DueDayConfidence
from microcrm_core.adjustments.due_day_policy import DueDayPolicy
from microcrm_core.adjustments.effects_batch import gains_needed, paired_intervals_ppm
from microcrm_core.adjustments.segment_patterns import MONTH_DAYS
from microcrm_core.adjustments.segment_patterns_batch import PatternColumns
from microcrm_core.adjustments.weighing_batch import WeighingColumns, weigh_many
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
from microcrm_core.dates import BusinessCalendar, BusinessDayRule
from microcrm_core.errors import InvalidValueError
from microcrm_core.rounding import Rounding

__all__ = ["DueDayColumns", "DueDayOutcome", "confidences_of", "recommend_due_days"]

_PPM: Final = 1_000_000
_CHUNK: Final = 4096


class DueDayOutcome(StrEnum):
    """What was advised; the first reason of the scalar decision.

    Example:
        >>> from microcrm_core.adjustments.due_day_batch import DueDayOutcome
        >>> DueDayOutcome.KEEPS.value
        'due_day_keeps'
    """

    NO_HISTORY = "due_day_no_history"
    RECOMMENDED = "due_day_recommended"
    KEEPS = "due_day_keeps"
    GAIN_SMALL = "due_day_gain_small"


_OUTCOMES: Final = tuple(DueDayOutcome)
_NO_HISTORY: Final = _OUTCOMES.index(DueDayOutcome.NO_HISTORY)
_RECOMMENDED: Final = _OUTCOMES.index(DueDayOutcome.RECOMMENDED)
_KEEPS: Final = _OUTCOMES.index(DueDayOutcome.KEEPS)
_GAIN_SMALL: Final = _OUTCOMES.index(DueDayOutcome.GAIN_SMALL)


@attrs.frozen(kw_only=True, eq=False)
class DueDayColumns:
    """Advice, one row a customer; twin of `DueDayAdvice`.

    Every column is `UNKNOWN` where the scalar value is None or empty.

    Attributes:
        due_day: Advised day, or the current one where it stays.
        current_due_day: Day on which installments fall now.
        best_day: First day in the declared order, also where the current one stays.
        needed_minor: What the balance must cover.
        months: Full months that the advice rests on.
        pattern_weight: As how many months the segment pattern counted.
        low_balance_minor_by_day: Low balance, (customers, days): 28, or `day_max`.
        shortfall_count_by_day: Months that fell short, (customers, days).
        current_shortfall_count: Months that fell short on the current due day.
        held_out_shortfall_count: Months that fell short on the day that the other
            months pick.
        avoided_count: Months that fell short on the current day and not on the day that
            the other months pick.
        caused_count: Months that did the opposite.
        expected_shortfall_change_ppm: In parts per million of the months.
        expected_shortfall_change_low_ppm: Lower bound of its 95 % interval.
        expected_shortfall_change_high_ppm: Upper bound.
        confidence_index: Position in `tuple(DueDayConfidence)`; -1: no advice.
        outcome_index: Position in `tuple(DueDayOutcome)`; -1: no installment.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments.due_day_batch import DueDayColumns
        >>> attrs.fields(DueDayColumns)[0].name
        'due_day'
    """

    due_day: Int64s
    current_due_day: Int64s
    best_day: Int64s
    needed_minor: Int64s
    months: Int64s
    pattern_weight: Int64s
    low_balance_minor_by_day: Int64s
    shortfall_count_by_day: Int64s
    current_shortfall_count: Int64s
    held_out_shortfall_count: Int64s
    avoided_count: Int64s
    caused_count: Int64s
    expected_shortfall_change_ppm: Int64s
    expected_shortfall_change_low_ppm: Int64s
    expected_shortfall_change_high_ppm: Int64s
    confidence_index: Int64s
    outcome_index: Int64s


def recommend_due_days(
    day_balances: DayBalances,
    installment_minor: Int64s,
    current_due_day: Int64s,
    policy: DueDayPolicy,
    *,
    own_repayments: OwnRepaymentColumns | None = None,
    pattern: PatternColumns | None = None,
    calendar: BusinessCalendar | None = None,
    rule: BusinessDayRule = BusinessDayRule.MODIFIED_FOLLOWING,
) -> DueDayColumns:
    """Return the due day that fits each customer; twin of `recommend_due_day`.

    Equal to the scalar function on every row, as of the day of *day_balances*, or
    refused.

    Args:
        day_balances: What is known of every customer's account as of the day.
        installment_minor: What falls due, above zero; `UNKNOWN`: nothing, and so no
            advice.
        current_due_day: Day of the month on which it falls now, 1 to 31; `UNKNOWN`
            for a new loan.
        policy: What makes a day fit.
        own_repayments: What the loans themselves took from the accounts.
        pattern: Of the customers' segments.
        calendar: Where given, due dates meet the balance of the day they move to.
        rule: How they move; of no effect without a calendar.

    Shapes:
        All columns have one row a customer.

    Units:
        Minor units; days of the month.

    Raises:
        InvalidValueError: A column has another length, a row breaks its rule, or
            amounts of a row leave int64.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC
        >>> from microcrm_core.adjustments.due_day_batch import recommend_due_days
        >>> from microcrm_core.customers.cash_flow_batch import DayBalances
        >>> rich_on_15th = DayBalances(
        ...     as_of_day=89,
        ...     offsets=np.array([0, 7]),
        ...     day=np.array([0, 14, 15, 45, 46, 73, 74], np.int32),
        ...     inflow_minor=np.array([1, 9, 0, 9, 0, 9, 0]),
        ...     outflow_minor=np.array([0, 0, 9, 0, 9, 0, 9]),
        ...     balance_minor=np.array([1, 10, 1, 10, 1, 10, 1]),
        ... )
        >>> columns = recommend_due_days(
        ...     rich_on_15th, np.array([5]), np.array([1]), DUE_DAY_BASIC
        ... )
        >>> columns.due_day.tolist()
        [15]
    """
    customer_count = day_balances.customer_count
    _require_length("installment_minor", installment_minor, customer_count)
    _require_length("current_due_day", current_due_day, customer_count)
    has_installment = installment_minor != UNKNOWN
    is_valid = ~has_installment | (installment_minor > 0)
    text = "must be above zero or UNKNOWN"
    require_rows(is_valid, installment_minor, "installment_minor", text)
    if pattern is not None:
        _require_length("segment_index", pattern.segment_index, customer_count)
        pattern.require_days(MONTH_DAYS)
    positions = None if pattern is None else pattern.positions(policy.day_count)
    own = None if own_repayments is None else own_repayments.sorted()
    given = np.where(has_installment, installment_minor, 0)
    needed_minor = divide_rows(
        checked_product(given, policy.coverage_ppm, field="installment * coverage"),
        _PPM,
        Rounding.CEILING,
    )
    first = day_balances.first_full_months(months_max=policy.months_max)
    end = day_balances.end_month
    month_count = max(1, end - int(first.min(initial=end)))
    chunks: list[DueDayColumns] = []
    # At least one chunk, so that no customers give columns without rows.
    for start in range(0, max(customer_count, 1), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, customer_count))
        months = day_balances.balances_on_days(rows, months=month_count)
        balances, starts = months.balance_minor, months.month_start_day
        if own is not None:
            ends = np.append(starts, starts[-1] + months.month_days[-1])
            balances = with_added_back(balances, ends, start, own)
        if calendar is not None:
            balances = months_met(balances, starts, months.month_days, calendar, rule)
        weighing = weigh_many(
            balances,
            months.month_days,
            needed_minor[rows],
            current_due_day[rows],
            policy,
            positions=None if positions is None else positions[rows],
        )
        chunks.append(
            _advice(weighing, needed_minor[rows], current_due_day[rows], policy)
        )
    return _without_advice(_joined(chunks), ~has_installment)


def _advice(
    weighing: WeighingColumns,
    needed_minor: Int64s,
    current_due_day: Int64s,
    policy: DueDayPolicy,
) -> DueDayColumns:
    months, best_day = weighing.months, weighing.best_day
    held_out = weighing.held_out_shortfall_count
    has_advice = months >= policy.months_min
    is_given = current_due_day != UNKNOWN
    current_count = np.where(is_given, weighing.current_shortfall_count, 0)
    gain = current_count - held_out
    avoided = np.where(is_given, weighing.avoided_count, 0)
    caused = np.where(is_given, weighing.caused_count, 0)
    beyond_chance = gains_needed(caused, policy.noise_max_ppm)
    stays = is_given & (gain < np.maximum(policy.shortfall_gain_min, beyond_chance))
    due_day = np.where(stays, current_due_day, best_day)
    is_same = due_day == current_due_day
    change = np.where(is_same, 0, -gain)
    change_ppm = divide_half_even_rows(change * _PPM, np.maximum(months, 1))
    low_ppm, high_ppm = paired_intervals_ppm(avoided, caused, np.maximum(months, 1))
    position = np.clip(due_day, 1, policy.day_count)[:, None] - 1
    on_advised = np.take_along_axis(weighing.shortfall_count_by_day, position, axis=1)
    advised_count = np.where(is_same, current_count, on_advised[:, 0])
    outcome = np.where(due_day == best_day, _KEEPS, _GAIN_SMALL)
    outcome = np.where(is_same, outcome, _RECOMMENDED)

    def known(column: Int64s, where: Bools = has_advice) -> Int64s:
        mask = where[:, None] if column.ndim == 2 else where
        return np.where(mask, column, UNKNOWN)

    return DueDayColumns(
        due_day=known(due_day),
        current_due_day=current_due_day.astype(np.int64),
        best_day=known(best_day),
        needed_minor=needed_minor,
        months=months,
        pattern_weight=np.where(has_advice, weighing.pattern_weight, 0),
        low_balance_minor_by_day=known(weighing.low_balance_minor_by_day),
        shortfall_count_by_day=known(weighing.shortfall_count_by_day),
        current_shortfall_count=known(current_count, has_advice & is_given),
        held_out_shortfall_count=known(held_out),
        avoided_count=known(avoided, has_advice & is_given),
        caused_count=known(caused, has_advice & is_given),
        expected_shortfall_change_ppm=known(change_ppm, has_advice & is_given),
        expected_shortfall_change_low_ppm=known(
            low_ppm, has_advice & is_given & ~is_same
        ),
        expected_shortfall_change_high_ppm=known(
            high_ppm, has_advice & is_given & ~is_same
        ),
        confidence_index=confidences_of(
            months, held_out > advised_count, has_advice, policy
        ),
        outcome_index=np.where(has_advice, outcome, _NO_HISTORY),
    )


def _joined(chunks: Sequence[DueDayColumns]) -> DueDayColumns:
    names = [field.name for field in attrs.fields(DueDayColumns)]
    return DueDayColumns(
        **{name: np.concatenate([getattr(c, name) for c in chunks]) for name in names}
    )


def _without_advice(columns: DueDayColumns, is_out: Bools) -> DueDayColumns:
    if not is_out.any():
        return columns
    kept = {"current_due_day", "months"}
    blank = {"confidence_index": -1, "outcome_index": -1}
    changed: dict[str, Int64s] = {}
    for field in attrs.fields(DueDayColumns):
        if field.name not in kept:
            column: Int64s = getattr(columns, field.name).copy()
            column[is_out] = blank.get(field.name, UNKNOWN)
            changed[field.name] = column
    return attrs.evolve(columns, **changed)


def confidences_of(
    months: Int64s, is_optimistic: Bools, has_advice: Bools, policy: DueDayPolicy
) -> Int64s:
    """Return the position of each confidence; -1 without advice.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC
        >>> from microcrm_core.adjustments.due_day_batch import confidences_of
        >>> yes = np.array([True])
        >>> confidences_of(np.array([12]), yes, yes, DUE_DAY_BASIC).tolist()
        [1]
    """
    level = (months >= policy.months_medium).astype(np.int64)
    level += months >= policy.months_high
    level = np.maximum(level - is_optimistic, 0)
    assert len(DueDayConfidence) == 3  # the levels are its positions
    return np.where(has_advice, level, -1)


def _require_length(
    name: str, column: npt.NDArray[np.integer], customer_count: int
) -> None:
    if column.shape != (customer_count,):
        rule = f"must have one row for each of the {customer_count} customers"
        raise InvalidValueError(name, rule, column.shape)
