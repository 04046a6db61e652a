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

from microcrm_core.adjustments.due_day import DueDayConfidence
from microcrm_core.adjustments.due_day_policy import DAYS_MAX, DueDayPolicy
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
from microcrm_core.errors import InvalidValueError
from microcrm_core.rounding import Rounding

__all__ = ["DueDayColumns", "DueDayOutcome", "recommend_due_days"]

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
        low_balance_minor_by_day: Low balance, (customers, 28).
        shortfall_count_by_day: Months that fell short, (customers, 28).
        current_shortfall_count: Months that fell short on the current due day.
        held_out_shortfall_count: Months that fell short on the day that the other
            months pick.
        expected_shortfall_change_ppm: In parts per million of the months.
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
    low_balance_minor_by_day: Int64s
    shortfall_count_by_day: Int64s
    current_shortfall_count: Int64s
    held_out_shortfall_count: Int64s
    expected_shortfall_change_ppm: Int64s
    confidence_index: Int64s
    outcome_index: Int64s


def recommend_due_days(
    day_balances: DayBalances,
    installment_minor: Int64s,
    current_due_day: Int64s,
    policy: DueDayPolicy,
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
    rule = "must be above zero or UNKNOWN"
    require_rows(is_valid, installment_minor, "installment_minor", rule)
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
        weighing = weigh_many(
            months.balance_minor,
            months.month_days,
            needed_minor[rows],
            current_due_day[rows],
            policy,
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
    stays = is_given & (gain < policy.shortfall_gain_min)
    due_day = np.where(stays, current_due_day, best_day)
    is_same = due_day == current_due_day
    change = np.where(is_same, 0, -gain)
    change_ppm = divide_half_even_rows(change * _PPM, np.maximum(months, 1))
    position = np.clip(due_day, 1, DAYS_MAX)[:, None] - 1
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
        low_balance_minor_by_day=known(weighing.low_balance_minor_by_day),
        shortfall_count_by_day=known(weighing.shortfall_count_by_day),
        current_shortfall_count=known(current_count, has_advice & is_given),
        held_out_shortfall_count=known(held_out),
        expected_shortfall_change_ppm=known(change_ppm, has_advice & is_given),
        confidence_index=_confidences(
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


def _confidences(
    months: Int64s, is_optimistic: Bools, has_advice: Bools, policy: DueDayPolicy
) -> Int64s:
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
