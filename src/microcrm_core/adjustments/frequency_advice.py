"""How often installments should fall due, from the rhythm of a customer's inflows.

Money that comes in every week is spent by the end of the month. The advice looks at
how even the inflows of days, weeks, fortnights and months are, and takes the shortest
that is even enough. A current frequency that fits stays, unless the policy wants
collections to follow the turnover.

Example:
    >>> from microcrm_core.adjustments import FrequencyConfidence
    >>> FrequencyConfidence.LOW.value
    'low'
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from itertools import pairwise
from typing import Final

import attrs

from microcrm_core.adjustments.frequency_policy import (
    FREQUENCIES_ADVISED,
    FrequencyPolicy,
)
from microcrm_core.checks import day
from microcrm_core.customers import CashFlowSummary
from microcrm_core.dates import Frequency, add_months
from microcrm_core.decisions import Decision, FactValue, Reason
from microcrm_core.errors import InvalidValueError
from microcrm_core.rounding import Rounding, divide

__all__ = [
    "FrequencyAdvice",
    "FrequencyConfidence",
    "InflowRhythm",
    "recommend_frequency",
]

_PPM: Final = 1_000_000
_PERIOD_DAYS: Final = {
    Frequency.DAILY: 1,
    Frequency.WEEKLY: 7,
    Frequency.BIWEEKLY: 14,
}


class FrequencyConfidence(StrEnum):
    """How far the past carries the advice.

    By the number of months seen (`months_medium`, `months_high` of the policy); one
    step lower where the advised frequency is nearly on the border of fitting, or where
    none fits.

    Example:
        >>> from microcrm_core.adjustments import FrequencyConfidence
        >>> [level.value for level in FrequencyConfidence]
        ['low', 'medium', 'high']
    """

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@attrs.frozen(kw_only=True)
class InflowRhythm:
    """How money came in over the full months.

    Attributes:
        months: Number of months.
        day_count: Days in them.
        inflow_day_count: Days with money in.
        gap_days_max: The longest run of days without; None without an inflow.
        weak_share_ppm: The weak period's inflow as a share of the mean, rounded down,
            for each of `FREQUENCIES_ADVISED`; None where it has no period or no money
            came in.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments import InflowRhythm
        >>> attrs.fields(InflowRhythm)[0].name
        'months'
    """

    months: int
    day_count: int
    inflow_day_count: int
    gap_days_max: int | None
    weak_share_ppm: tuple[int | None, ...]


@attrs.frozen(kw_only=True)
class FrequencyAdvice:
    """The frequency that fits, and what it rests on.

    Attributes:
        frequency: Advised frequency, or the current one where it stays; None without
            enough history.
        current: Frequency now; None for a new loan.
        rhythm: What was seen.
        confidence: How far the past carries it; None without advice.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments import FrequencyAdvice
        >>> attrs.fields(FrequencyAdvice)[0].name
        'frequency'
    """

    frequency: Frequency | None
    current: Frequency | None
    rhythm: InflowRhythm
    confidence: FrequencyConfidence | None = None

    @property
    def is_change(self) -> bool:
        """Whether another frequency than the current one is advised."""
        return self.frequency not in (None, self.current)


def recommend_frequency(
    summary: CashFlowSummary,
    current: Frequency | None,
    policy: FrequencyPolicy,
    as_of: dt.date,
) -> Decision[FrequencyAdvice]:
    """Return how often installments should fall due, and why.

    The full months are cut into the periods of each frequency: calendar months, and
    days, weeks and fortnights counted back from their end, an incomplete one left out.
    A frequency fits if the weak period's inflow is at least `weak_share_ppm_min` of the
    mean. The shortest that fits is advised; if none does, the longest offered one.

    Args:
        summary: What is known of the customer's account as of the day.
        current: Frequency now, one of `FREQUENCIES_ADVISED`; None for a new loan.
        policy: What makes a frequency fit.
        as_of: Only full months that end by then are used.

    Returns:
        Advice without a frequency if fewer than `months_min` full months are known or
        no money came in.

    Raises:
        InvalidValueError: An argument breaks its rule.

    Source:
        House rule. E. Field and R. Pande, Repayment Frequency and Default in
        Microfinance: Evidence from India, Journal of the European Economic Association
        6 (2008), 501-509: weekly or monthly, drawn by lot, made no significant
        difference to default. So what fits stays, unless the policy says otherwise.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.adjustments import FREQUENCY_BASIC, recommend_frequency
        >>> from microcrm_core.customers import CashFlowSummary
        >>> decision = recommend_frequency(
        ...     CashFlowSummary(currency=Currency.of("EUR")),
        ...     None,
        ...     FREQUENCY_BASIC,
        ...     dt.date(2025, 1, 31),
        ... )
        >>> decision.explain()
        ('0 full months of inflows are known, at least 3 are needed',)
    """
    day("as_of", as_of)
    if current is not None and current not in FREQUENCIES_ADVISED:
        known = ", ".join(str(one) for one in FREQUENCIES_ADVISED)
        raise InvalidValueError("current", f"must be one of {known}", str(current))
    rhythm = _rhythm(summary, policy, as_of)
    advice, reason = _advice(rhythm, current, policy)
    return Decision(
        outcome=advice,
        reasons=(reason,),
        policy=policy.ref,
        facts={
            "current_frequency": None if current is None else str(current),
            "day_count": rhythm.day_count,
            "gap_days_max": rhythm.gap_days_max,
            "inflow_day_count": rhythm.inflow_day_count,
            "months": rhythm.months,
        },
        as_of=as_of,
    )


def _rhythm(
    summary: CashFlowSummary, policy: FrequencyPolicy, as_of: dt.date
) -> InflowRhythm:
    months = summary.full_months(as_of, months_max=policy.months_max)
    if not months:
        return InflowRhythm(
            months=0,
            day_count=0,
            inflow_day_count=0,
            gap_days_max=None,
            weak_share_ppm=(None,) * len(FREQUENCIES_ADVISED),
        )
    first, end = months[0].toordinal(), add_months(months[-1], 1).toordinal()
    inflows = {
        on.toordinal(): bucket.inflow_minor
        for on, bucket in summary.days.items()
        if first <= on.toordinal() < end and bucket.inflow_minor > 0
    }
    sums_by_frequency: list[list[int]] = []
    for frequency in FREQUENCIES_ADVISED:
        if frequency in _PERIOD_DAYS:
            sums = _period_sums(inflows, first, end, _PERIOD_DAYS[frequency])
        else:
            sums = list(summary.monthly_inflows(as_of, months_max=policy.months_max))
        sums_by_frequency.append(sums)
    edges = [first - 1, *sorted(inflows), end]
    gaps = [after - before - 1 for before, after in pairwise(edges)]
    return InflowRhythm(
        months=len(months),
        day_count=end - first,
        inflow_day_count=len(inflows),
        gap_days_max=max(gaps) if inflows else None,
        weak_share_ppm=tuple(_weak_share(sums, policy) for sums in sums_by_frequency),
    )


def _period_sums(
    inflows: dict[int, int], first: int, end: int, period_days: int
) -> list[int]:
    sums = [0] * ((end - first) // period_days)
    for on, inflow in inflows.items():
        period = (end - 1 - on) // period_days
        if period < len(sums):
            sums[period] += inflow
    return sums


def _weak_share(sums: list[int], policy: FrequencyPolicy) -> int | None:
    total = sum(sums)
    if total == 0:
        return None
    weak = sorted(sums)[policy.weak_rank(len(sums)) - 1]
    return divide(weak * len(sums) * _PPM, total, Rounding.FLOOR)


def _advice(
    rhythm: InflowRhythm, current: Frequency | None, policy: FrequencyPolicy
) -> tuple[FrequencyAdvice, Reason]:
    nothing = FrequencyAdvice(frequency=None, current=current, rhythm=rhythm)
    if rhythm.months < policy.months_min:
        known: dict[str, FactValue] = {
            "months": rhythm.months,
            "months_min": policy.months_min,
        }
        return nothing, Reason("frequency_no_history", known)
    if rhythm.inflow_day_count == 0:
        return nothing, Reason("frequency_no_inflow", {"months": rhythm.months})
    shares = dict(zip(FREQUENCIES_ADVISED, rhythm.weak_share_ppm, strict=True))
    fitting = [one for one in policy.offered if _fits(shares[one], policy)]
    stays = _fits(shares.get(current) if current else None, policy)
    if not fitting and not stays:
        frequency, code = policy.offered[-1], "frequency_none_fits"
    elif stays and (not policy.is_shorter_advised or not fitting):
        assert current is not None  # it fits
        frequency, code = current, "frequency_keeps"
    else:
        frequency = fitting[0]
        code = "frequency_keeps" if frequency == current else "frequency_advised"
    share = shares[frequency]
    params: dict[str, FactValue] = {
        "frequency": str(frequency),
        "months": rhythm.months,
        "weak_share_ppm": share,
        "weak_share_min_ppm": policy.weak_share_ppm_min,
    }
    near = policy.weak_share_ppm_min + policy.margin_ppm
    is_near = share is None or share < near
    level = (rhythm.months >= policy.months_medium) + (
        rhythm.months >= policy.months_high
    )
    confidence = tuple(FrequencyConfidence)[max(0, level - is_near)]
    advice = attrs.evolve(nothing, frequency=frequency, confidence=confidence)
    return advice, Reason(code, params)


def _fits(share_ppm: int | None, policy: FrequencyPolicy) -> bool:
    # A share rounded down reaches a whole bound exactly when the exact one does.
    return share_ppm is not None and share_ppm >= policy.weak_share_ppm_min
