"""Which weekday fits a customer who pays by the week, from past end-of-day balances.

The same as `due_day` for a loan with weekly installments: a trader is full on the
evening of market day. Four weeks count like one month of the policy, so the same
`DueDayPolicy` serves both cycles.

Example:
    >>> from microcrm_core.adjustments import WeekdayOutcome
    >>> WeekdayOutcome.KEEPS.value
    'keeps'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import attrs

from microcrm_core.adjustments.balances import (
    WEEK_DAYS,
    OwnRepayment,
    check_own_repayments,
    known_weeks,
    weeks_as_met,
)
from microcrm_core.adjustments.comparing import DueDayWeighing
from microcrm_core.adjustments.due_day import (
    DueDayConfidence,
    confidence_of,
    expected_interval_ppm,
    gain_min_of,
)
from microcrm_core.adjustments.due_day_policy import DueDayPolicy
from microcrm_core.adjustments.segment_patterns import SegmentPattern
from microcrm_core.adjustments.weighing import (
    MONTH_WEEKS,
    check_pattern,
    weigh_weekdays,
)
from microcrm_core.checks import day
from microcrm_core.customers import CashFlowSummary
from microcrm_core.dates import Weekday
from microcrm_core.decisions import PolicyRef
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.money import Money
from microcrm_core.rounding import Rounding, divide

__all__ = ["WeekdayAdvice", "WeekdayOutcome", "recommend_weekday"]

_PPM: Final = 1_000_000
_WEEKDAYS: Final = tuple(Weekday)
_MONTHS_MAX: Final = 1200


class WeekdayOutcome(StrEnum):
    """What was advised.

    Attributes:
        NO_HISTORY: Too few full weeks are known: no weekday.
        RECOMMENDED: Another weekday, or one for a new loan.
        KEEPS: The current weekday is the best.
        GAIN_SMALL: Another one is better, but the move would avoid too little.

    Example:
        >>> from microcrm_core.adjustments import WeekdayOutcome
        >>> WeekdayOutcome("gain_small").name
        'GAIN_SMALL'
    """

    NO_HISTORY = "no_history"
    RECOMMENDED = "recommended"
    KEEPS = "keeps"
    GAIN_SMALL = "gain_small"


@attrs.frozen(kw_only=True)
class WeekdayAdvice:
    """The weekday that fits, and what it is worth.

    Attributes:
        outcome: What was advised.
        weekday: Advised one, or the current one where it stays; None where the history
            is too short.
        best_weekday: First in the declared order, also where the current one stays.
        weeks: Full weeks that the advice rests on.
        low_balance_minor_by_weekday: Low balance from Monday on; empty without advice.
        shortfall_count_by_weekday: Weeks that fell short; empty without advice.
        current_shortfall_count: The same on the current weekday; None without.
        held_out_shortfall_count: Weeks that fell short on the weekday that the other
            weeks pick; None without advice.
        expected_shortfall_change_ppm: Held-out shortfalls less those of the current
            weekday, in parts per million of the weeks; 0 where it stays; None without
            a current one or without advice.
        expected_shortfall_change_low_ppm: Lower bound of its 95 % interval; None where
            the weekday stays, too.
        expected_shortfall_change_high_ppm: Upper bound.
        confidence: How far the past carries it; None without advice.
        policy: What it was judged by.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments import WeekdayAdvice
        >>> attrs.fields(WeekdayAdvice)[1].name
        'weekday'
    """

    outcome: WeekdayOutcome
    weekday: Weekday | None
    best_weekday: Weekday | None
    weeks: int
    low_balance_minor_by_weekday: tuple[int, ...] = ()
    shortfall_count_by_weekday: tuple[int, ...] = ()
    current_shortfall_count: int | None = None
    held_out_shortfall_count: int | None = None
    expected_shortfall_change_ppm: int | None = None
    expected_shortfall_change_low_ppm: int | None = None
    expected_shortfall_change_high_ppm: int | None = None
    confidence: DueDayConfidence | None = None
    policy: PolicyRef


def recommend_weekday(
    summary: CashFlowSummary,
    installment: Money,
    current_weekday: Weekday | None,
    policy: DueDayPolicy,
    as_of: dt.date,
    *,
    own_repayments: Sequence[OwnRepayment] = (),
    pattern: SegmentPattern | None = None,
) -> WeekdayAdvice:
    """Return the weekday that fits the customer's balances.

    A current weekday stays unless the move would have avoided `shortfall_gain_min`
    shortfalls, judged on weeks held out, and more than chance does.

    Args:
        summary: What is known of the customer's account as of the day.
        installment: What falls due each week; above zero.
        current_weekday: On which it falls now; None for a new loan.
        policy: What makes a day fit; four weeks count like a month.
        as_of: Only full weeks that end by then are used.
        own_repayments: What the loan itself took; it goes back within its week.
        pattern: Of the customer's segment, by weekday.

    Raises:
        InvalidValueError: An argument breaks its rule.
        CurrencyMismatchError: An amount is in another currency.

    Source:
        House rule; see `recommend_due_day`.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC, recommend_weekday
        >>> from microcrm_core.customers import CashFlowSummary
        >>> euro = Currency.of("EUR")
        >>> advice = recommend_weekday(
        ...     CashFlowSummary(currency=euro),
        ...     Money.of("50.00", euro),
        ...     None,
        ...     DUE_DAY_BASIC,
        ...     dt.date(2025, 1, 31),
        ... )
        >>> advice.outcome.value
        'no_history'
    """
    day("as_of", as_of)
    if not installment.is_positive:
        raise InvalidValueError("installment", "must be above zero", str(installment))
    if installment.currency != summary.currency:
        raise CurrencyMismatchError(
            "installment", f"must be in {summary.currency}", installment.currency.code
        )
    check_pattern(pattern, WEEK_DAYS)
    check_own_repayments(own_repayments, summary)
    months_max = _MONTHS_MAX if policy.months_max is None else policy.months_max
    weeks = known_weeks(summary, as_of, weeks_max=months_max * MONTH_WEEKS)
    if len(weeks) < policy.months_min * MONTH_WEEKS:
        return WeekdayAdvice(
            outcome=WeekdayOutcome.NO_HISTORY,
            weekday=None,
            best_weekday=None,
            weeks=len(weeks),
            policy=policy.ref,
        )
    current = None
    if current_weekday is not None:
        current = _WEEKDAYS.index(Weekday(current_weekday)) + 1
    weighing = weigh_weekdays(
        weeks_as_met(weeks, own_repayments),
        policy.needed_minor(installment.minor),
        current,
        policy,
        pattern=pattern,
    )
    return _advice(weighing, current, policy)


def _advice(
    weighing: DueDayWeighing, current: int | None, policy: DueDayPolicy
) -> WeekdayAdvice:
    best, held_out = weighing.best_day, weighing.held_out_shortfall_count
    current_count = weighing.current_shortfall_count
    advised, change_ppm, low_ppm, high_ppm = best, None, None, None
    if current is not None and current_count is not None:
        gain = current_count - held_out
        if gain < gain_min_of(weighing, policy):
            advised = current
        change = 0 if advised == current else -gain
        change_ppm = divide(change * _PPM, weighing.months, Rounding.HALF_EVEN)
        if advised != current:
            low_ppm, high_ppm = expected_interval_ppm(weighing)
    outcome = WeekdayOutcome.RECOMMENDED
    if advised == current:
        is_best = advised == best
        outcome = WeekdayOutcome.KEEPS if is_best else WeekdayOutcome.GAIN_SMALL
    is_optimistic = held_out > weighing.shortfall_count_by_day[advised - 1]
    return WeekdayAdvice(
        outcome=outcome,
        weekday=_WEEKDAYS[advised - 1],
        best_weekday=_WEEKDAYS[best - 1],
        weeks=weighing.months,
        low_balance_minor_by_weekday=weighing.low_balance_minor_by_day,
        shortfall_count_by_weekday=weighing.shortfall_count_by_day,
        current_shortfall_count=current_count,
        held_out_shortfall_count=held_out,
        expected_shortfall_change_ppm=change_ppm,
        expected_shortfall_change_low_ppm=low_ppm,
        expected_shortfall_change_high_ppm=high_ppm,
        confidence=confidence_of(
            weighing.months // MONTH_WEEKS, policy, is_optimistic=is_optimistic
        ),
        policy=policy.ref,
    )
