"""Which day of the month fits a customer's money, from past end-of-day balances.

A customer who is paid on the 10th and spends by the 25th pays an installment on the
12th and misses it on the 5th. `weighing` compares the days of the month over the full
past months and says which is best; here the best day becomes advice.

A current due day stays unless the move is worth it: what it would have avoided is
counted on months held out, because a day picked for its past looks better than it is.

Example:
    >>> from microcrm_core.adjustments import DueDayConfidence
    >>> DueDayConfidence.HIGH.value
    'high'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import attrs

from microcrm_core.adjustments.balances import (
    OwnRepayment,
    check_own_repayments,
    known_months,
    months_as_met,
)
from microcrm_core.adjustments.comparing import DueDayWeighing
from microcrm_core.adjustments.due_day_policy import DueDayPolicy
from microcrm_core.adjustments.effects import gain_needed, paired_interval_ppm
from microcrm_core.adjustments.segment_patterns import MONTH_DAYS, SegmentPattern
from microcrm_core.adjustments.weighing import (
    check_current_due_day,
    check_pattern,
    weigh_due_days,
)
from microcrm_core.checks import day
from microcrm_core.customers import CashFlowSummary
from microcrm_core.dates import BusinessCalendar, BusinessDayRule
from microcrm_core.decisions import Decision, FactValue, Reason
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.money import Money
from microcrm_core.rounding import Rounding, divide

__all__ = [
    "DueDayAdvice",
    "DueDayConfidence",
    "confidence_of",
    "expected_interval_ppm",
    "gain_min_of",
    "recommend_due_day",
]

_PPM: Final = 1_000_000


class DueDayConfidence(StrEnum):
    """How far the past carries the advice.

    By the number of months seen (`months_medium`, `months_high` of the policy); one
    step lower where days picked by the other months fell short more often than the
    advised day did.

    Example:
        >>> from microcrm_core.adjustments import DueDayConfidence
        >>> [level.value for level in DueDayConfidence]
        ['low', 'medium', 'high']
    """

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@attrs.frozen(kw_only=True)
class DueDayAdvice:
    """The due day that fits, and what it is worth.

    Attributes:
        due_day: Advised day, or the current one where it stays; None where the history
            is too short.
        current_due_day: Day on which installments fall now, 1 to 31; None without.
        needed: What the balance must cover.
        months: Full months that the advice rests on.
        pattern_weight: As how many months the segment pattern counted.
        low_balance_minor_by_day: Low balance of the days 1 to 28, or to `day_max` of
            the policy; empty without advice.
        shortfall_count_by_day: Months that fell short, for the same days; empty
            without advice.
        current_shortfall_count: Months that fell short on the current due day; None
            without one or without advice.
        held_out_shortfall_count: Months that fell short on the day that the other
            months pick; None without advice.
        avoided_count: Months that fell short on the current day and not on the day that
            the other months pick; None without a current day or without advice.
        caused_count: Months that did the opposite; None as well.
        expected_shortfall_change_ppm: Held-out shortfalls less those of the current
            day, in parts per million of the months; 0 where the day stays, below
            zero is better; None without a current day or without advice.
        expected_shortfall_change_low_ppm: Lower bound of the 95 % interval of it; None
            where the day stays, too. It takes the months as independent.
        expected_shortfall_change_high_ppm: Upper bound.
        confidence: How far the past carries it; None without advice.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments import DueDayAdvice
        >>> attrs.fields(DueDayAdvice)[0].name
        'due_day'
    """

    due_day: int | None
    current_due_day: int | None
    needed: Money
    months: int
    pattern_weight: int = 0
    low_balance_minor_by_day: tuple[int, ...] = ()
    shortfall_count_by_day: tuple[int, ...] = ()
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
        """Whether another day than the current one is advised."""
        return self.due_day not in (None, self.current_due_day)


def recommend_due_day(
    summary: CashFlowSummary,
    installment: Money,
    current_due_day: int | None,
    policy: DueDayPolicy,
    as_of: dt.date,
    *,
    own_repayments: Sequence[OwnRepayment] = (),
    pattern: SegmentPattern | None = None,
    calendar: BusinessCalendar | None = None,
    rule: BusinessDayRule = BusinessDayRule.MODIFIED_FOLLOWING,
) -> Decision[DueDayAdvice]:
    """Return the due day that fits the customer's balances, and why.

    `weighing` says how days are ordered. With a current due day, the answer is
    to keep it unless the move would have avoided `shortfall_gain_min` shortfalls of
    the past months, judged on months held out, and more than chance does
    (`noise_max_ppm`).

    Args:
        summary: What is known of the customer's account as of the day.
        installment: What falls due; above zero.
        current_due_day: Day of the month on which it falls now, 1 to 31, the last day
            of shorter months; None for a new loan.
        policy: What makes a day fit.
        as_of: Only full months that end by then are used.
        own_repayments: What the loan itself took from the account. It goes back to the
            balances of its month, so that the day on which it was due does not look
            poor for having been paid.
        pattern: Of the customer's segment; helps out where the history is shorter than
            `pattern_months` of the policy.
        calendar: Where given, a due date on a closed day meets the balance of the
            business day to which it moves.
        rule: How it moves; of no effect without a calendar.

    Returns:
        Advice without a day if fewer than `months_min` full months are known.

    Raises:
        InvalidValueError: An argument breaks its rule.
        CurrencyMismatchError: The installment is in another currency.

    Source:
        House rule. M. Stone (1974) for the months held out; F. Acerbi and D. Tasche,
        On the coherence of expected shortfall (2002), for the tail mean.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC, recommend_due_day
        >>> from microcrm_core.customers import CashFlowSummary
        >>> euro = Currency.of("EUR")
        >>> decision = recommend_due_day(
        ...     CashFlowSummary(currency=euro),
        ...     Money.of("50.00", euro),
        ...     None,
        ...     DUE_DAY_BASIC,
        ...     dt.date(2025, 1, 31),
        ... )
        >>> decision.explain()
        ('0 full months of balances are known, at least 3 are needed',)
    """
    day("as_of", as_of)
    if not installment.is_positive:
        raise InvalidValueError("installment", "must be above zero", str(installment))
    if installment.currency != summary.currency:
        raise CurrencyMismatchError(
            "installment", f"must be in {summary.currency}", installment.currency.code
        )
    check_current_due_day(current_due_day)
    check_pattern(pattern, MONTH_DAYS)
    check_own_repayments(own_repayments, summary)
    months = known_months(summary, as_of, months_max=policy.months_max)
    needed = Money(policy.needed_minor(installment.minor), installment.currency)
    if len(months) < policy.months_min:
        params = {"months": len(months), "months_min": policy.months_min}
        reasons = [Reason("due_day_no_history", params)]
        advice = DueDayAdvice(
            due_day=None,
            current_due_day=current_due_day,
            needed=needed,
            months=len(months),
        )
    else:
        met = months_as_met(months, own_repayments, calendar, rule)
        weighing = weigh_due_days(
            met, needed.minor, current_due_day, policy, pattern=pattern
        )
        advice = _advice(weighing, needed, current_due_day, policy)
        reasons = _reasons(advice, weighing, policy)
    return Decision(
        outcome=advice,
        reasons=tuple(reasons),
        policy=policy.ref,
        facts={
            "current_due_day": current_due_day,
            "installment_minor": installment.minor,
            "months": len(months),
        },
        as_of=as_of,
    )


def _advice(
    weighing: DueDayWeighing,
    needed: Money,
    current_due_day: int | None,
    policy: DueDayPolicy,
) -> DueDayAdvice:
    due_day = weighing.best_day
    held_out = weighing.held_out_shortfall_count
    current_count = weighing.current_shortfall_count
    change_ppm: int | None = None
    low_ppm, high_ppm = None, None
    if current_count is not None:
        assert current_due_day is not None  # its shortfalls were counted
        if current_count - held_out < gain_min_of(weighing, policy):
            due_day = current_due_day
        change = 0 if due_day == current_due_day else held_out - current_count
        change_ppm = divide(change * _PPM, weighing.months, Rounding.HALF_EVEN)
        if due_day != current_due_day:
            low_ppm, high_ppm = expected_interval_ppm(weighing)
    if due_day == current_due_day:
        assert current_count is not None  # a current day has a count
        advised_count = current_count
    else:
        advised_count = weighing.shortfall_count_by_day[due_day - 1]
    return DueDayAdvice(
        due_day=due_day,
        current_due_day=current_due_day,
        needed=needed,
        months=weighing.months,
        pattern_weight=weighing.pattern_weight,
        low_balance_minor_by_day=weighing.low_balance_minor_by_day,
        shortfall_count_by_day=weighing.shortfall_count_by_day,
        current_shortfall_count=current_count,
        held_out_shortfall_count=held_out,
        avoided_count=weighing.avoided_count,
        caused_count=weighing.caused_count,
        expected_shortfall_change_ppm=change_ppm,
        expected_shortfall_change_low_ppm=low_ppm,
        expected_shortfall_change_high_ppm=high_ppm,
        confidence=confidence_of(
            weighing.months, policy, is_optimistic=held_out > advised_count
        ),
    )


def expected_interval_ppm(weighing: DueDayWeighing) -> tuple[int, int]:
    """Return the interval of the change that a move is expected to bring.

    Example:
        See `effects.paired_interval_ppm`.
    """
    avoided, caused = weighing.avoided_count, weighing.caused_count
    assert avoided is not None  # there is a current day
    assert caused is not None
    return paired_interval_ppm(avoided, caused, weighing.months)


def gain_min_of(weighing: DueDayWeighing, policy: DueDayPolicy) -> int:
    """Return how many shortfalls more must be avoided than caused, for a move.

    Example:
        See `effects.gain_needed`.
    """
    assert weighing.caused_count is not None  # there is a current day
    beyond_chance = gain_needed(weighing.caused_count, policy.noise_max_ppm)
    return max(policy.shortfall_gain_min, beyond_chance)


def confidence_of(
    months: int, policy: DueDayPolicy, *, is_optimistic: bool
) -> DueDayConfidence:
    """Return how far so many months carry advice.

    Example:
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC
        >>> from microcrm_core.adjustments.due_day import confidence_of
        >>> confidence_of(12, DUE_DAY_BASIC, is_optimistic=True).value
        'medium'
    """
    level = (months >= policy.months_medium) + (months >= policy.months_high)
    return tuple(DueDayConfidence)[max(0, level - is_optimistic)]


def _reasons(
    advice: DueDayAdvice, weighing: DueDayWeighing, policy: DueDayPolicy
) -> list[Reason]:
    due_day, current = advice.due_day, advice.current_due_day
    current_count = weighing.current_shortfall_count
    assert due_day is not None  # there is advice
    if due_day == current and due_day == weighing.best_day:
        return [Reason("due_day_keeps", {"due_day": due_day})]
    if due_day == current:
        assert current_count is not None  # there is a current day
        params: dict[str, FactValue] = {
            "avoided_count": current_count - weighing.held_out_shortfall_count,
            "best_day": weighing.best_day,
            "current_shortfall_count": current_count,
            "due_day": due_day,
            "gain_min": gain_min_of(weighing, policy),
            "months": advice.months,
        }
        return [Reason("due_day_gain_small", params)]
    recommended: dict[str, FactValue] = {
        "balance_low_minor": advice.low_balance_minor_by_day[due_day - 1],
        "due_day": due_day,
        "months": advice.months,
    }
    reasons = [Reason("due_day_recommended", recommended)]
    if current is not None:
        compared: dict[str, FactValue] = {
            "current_due_day": current,
            "current_shortfall_count": current_count,
            "due_day": due_day,
            "months": advice.months,
            "shortfall_count": advice.shortfall_count_by_day[due_day - 1],
        }
        reasons.append(Reason("due_day_shortfall", compared))
    return reasons
