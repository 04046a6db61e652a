"""Which weekday fits a customer who pays by the week, from past end-of-day balances.

The same as `due_day` for a loan with weekly installments: a trader is full on the
evening of market day. Four weeks count like one month of the policy, so the same
`DueDayPolicy` serves both cycles.

Example:
    >>> import attrs
    >>> from microcrm_core.adjustments import WeekdayAdvice
    >>> attrs.fields(WeekdayAdvice)[0].name
    'weekday'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
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
from microcrm_core.decisions import Decision, FactValue, Reason
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.money import Money
from microcrm_core.rounding import Rounding, divide

__all__ = ["WeekdayAdvice", "recommend_weekday"]

_PPM: Final = 1_000_000
_WEEKDAYS: Final = tuple(Weekday)
_MONTHS_MAX: Final = 1200


@attrs.frozen(kw_only=True)
class WeekdayAdvice:
    """The weekday that fits, and what it is worth.

    Attributes:
        weekday: Advised one, or the current one where it stays; None where the history
            is too short.
        current_weekday: On which installments fall now; None without.
        needed: What the balance must cover.
        weeks: Full weeks that the advice rests on.
        pattern_weight: As how many weeks the segment pattern counted.
        low_balance_minor_by_weekday: Low balance from Monday on; empty without advice.
        shortfall_count_by_weekday: Weeks that fell short; empty without advice.
        current_shortfall_count: The same on the current weekday; None without one or
            without advice.
        held_out_shortfall_count: Weeks that fell short on the weekday that the other
            weeks pick; None without advice.
        avoided_count: Weeks that fell short on the current weekday and not on the one
            that the other weeks pick; None without a current one or without advice.
        caused_count: Weeks that did the opposite; None as well.
        expected_shortfall_change_ppm: Held-out shortfalls less those of the current
            weekday, in parts per million of the weeks; 0 where it stays; None without
            a current one or without advice.
        expected_shortfall_change_low_ppm: Lower bound of its 95 % interval; None where
            the weekday stays, too. It takes the weeks as independent.
        expected_shortfall_change_high_ppm: Upper bound.
        confidence: How far the past carries it; None without advice.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments import WeekdayAdvice
        >>> attrs.fields(WeekdayAdvice)[1].name
        'current_weekday'
    """

    weekday: Weekday | None
    current_weekday: Weekday | None
    needed: Money
    weeks: int
    pattern_weight: int = 0
    low_balance_minor_by_weekday: tuple[int, ...] = ()
    shortfall_count_by_weekday: tuple[int, ...] = ()
    current_shortfall_count: int | None = None
    held_out_shortfall_count: int | None = None
    avoided_count: int | None = None
    caused_count: int | None = None
    expected_shortfall_change_ppm: int | None = None
    expected_shortfall_change_low_ppm: int | None = None
    expected_shortfall_change_high_ppm: int | None = None
    confidence: DueDayConfidence | None = None

    @property
    def is_move(self) -> bool:
        """Whether another weekday than the current one is advised."""
        return self.weekday not in (None, self.current_weekday)


def recommend_weekday(
    summary: CashFlowSummary,
    installment: Money,
    current_weekday: Weekday | None,
    policy: DueDayPolicy,
    as_of: dt.date,
    *,
    own_repayments: Sequence[OwnRepayment] = (),
    pattern: SegmentPattern | None = None,
) -> Decision[WeekdayAdvice]:
    """Return the weekday that fits the customer's balances, and why.

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
        >>> decision = recommend_weekday(
        ...     CashFlowSummary(currency=euro),
        ...     Money.of("50.00", euro),
        ...     None,
        ...     DUE_DAY_BASIC,
        ...     dt.date(2025, 1, 31),
        ... )
        >>> decision.explain()
        ('0 full weeks of balances are known, at least 12 are needed',)
    """
    day("as_of", as_of)
    if not installment.is_positive:
        raise InvalidValueError("installment", "must be above zero", str(installment))
    if installment.currency != summary.currency:
        raise CurrencyMismatchError(
            "installment", f"must be in {summary.currency}", installment.currency.code
        )
    current = None if current_weekday is None else Weekday(current_weekday)
    check_pattern(pattern, WEEK_DAYS)
    check_own_repayments(own_repayments, summary)
    months_max = _MONTHS_MAX if policy.months_max is None else policy.months_max
    weeks = known_weeks(summary, as_of, weeks_max=months_max * MONTH_WEEKS)
    weeks_min = policy.months_min * MONTH_WEEKS
    needed = Money(policy.needed_minor(installment.minor), installment.currency)
    if len(weeks) < weeks_min:
        params = {"weeks": len(weeks), "weeks_min": weeks_min}
        reasons = [Reason("weekday_no_history", params)]
        advice = WeekdayAdvice(
            weekday=None, current_weekday=current, needed=needed, weeks=len(weeks)
        )
    else:
        weighing = weigh_weekdays(
            weeks_as_met(weeks, own_repayments),
            needed.minor,
            None if current is None else _WEEKDAYS.index(current) + 1,
            policy,
            pattern=pattern,
        )
        advice = _advice(weighing, needed, current, policy)
        reasons = _reasons(advice, weighing, policy)
    return Decision(
        outcome=advice,
        reasons=tuple(reasons),
        policy=policy.ref,
        facts={
            "current_weekday": None if current is None else current.value,
            "installment_minor": installment.minor,
            "weeks": len(weeks),
        },
        as_of=as_of,
    )


def _advice(
    weighing: DueDayWeighing,
    needed: Money,
    current: Weekday | None,
    policy: DueDayPolicy,
) -> WeekdayAdvice:
    held_out = weighing.held_out_shortfall_count
    current_count = weighing.current_shortfall_count
    advised = _WEEKDAYS[weighing.best_day - 1]
    change_ppm, low_ppm, high_ppm = None, None, None
    if current is not None and current_count is not None:
        gain = current_count - held_out
        if gain < gain_min_of(weighing, policy):
            advised = current
        change = 0 if advised is current else -gain
        change_ppm = divide(change * _PPM, weighing.months, Rounding.HALF_EVEN)
        if advised is not current:
            low_ppm, high_ppm = expected_interval_ppm(weighing)
    counts = weighing.shortfall_count_by_day
    is_optimistic = held_out > counts[_WEEKDAYS.index(advised)]
    return WeekdayAdvice(
        weekday=advised,
        current_weekday=current,
        needed=needed,
        weeks=weighing.months,
        pattern_weight=weighing.pattern_weight,
        low_balance_minor_by_weekday=weighing.low_balance_minor_by_day,
        shortfall_count_by_weekday=counts,
        current_shortfall_count=current_count,
        held_out_shortfall_count=held_out,
        avoided_count=weighing.avoided_count,
        caused_count=weighing.caused_count,
        expected_shortfall_change_ppm=change_ppm,
        expected_shortfall_change_low_ppm=low_ppm,
        expected_shortfall_change_high_ppm=high_ppm,
        confidence=confidence_of(
            weighing.months // MONTH_WEEKS, policy, is_optimistic=is_optimistic
        ),
    )


def _reasons(
    advice: WeekdayAdvice, weighing: DueDayWeighing, policy: DueDayPolicy
) -> list[Reason]:
    weekday, current = advice.weekday, advice.current_weekday
    best = _WEEKDAYS[weighing.best_day - 1]
    current_count = weighing.current_shortfall_count
    assert weekday is not None  # there is advice
    if weekday is current and weekday is best:
        return [Reason("weekday_keeps", {"weekday": weekday.value})]
    if weekday is current:
        assert current_count is not None  # there is a current weekday
        params: dict[str, FactValue] = {
            "avoided_count": current_count - weighing.held_out_shortfall_count,
            "best_weekday": best.value,
            "current_shortfall_count": current_count,
            "gain_min": gain_min_of(weighing, policy),
            "weekday": weekday.value,
            "weeks": advice.weeks,
        }
        return [Reason("weekday_gain_small", params)]
    index = _WEEKDAYS.index(weekday)
    recommended: dict[str, FactValue] = {
        "balance_low_minor": advice.low_balance_minor_by_weekday[index],
        "weekday": weekday.value,
        "weeks": advice.weeks,
    }
    reasons = [Reason("weekday_recommended", recommended)]
    if current is not None:
        compared: dict[str, FactValue] = {
            "current_shortfall_count": current_count,
            "current_weekday": current.value,
            "shortfall_count": advice.shortfall_count_by_weekday[index],
            "weekday": weekday.value,
            "weeks": advice.weeks,
        }
        reasons.append(Reason("weekday_shortfall", compared))
    return reasons
