"""Due-day policies: what makes a due day fit, as the lender sees it.

Which balance must be there, how many months of history an answer needs, how the
low months are weighed, and how much a move must be worth. `due_day` applies a
policy.

Example:
    >>> from microcrm_core.adjustments import DUE_DAY_BASIC
    >>> DUE_DAY_BASIC.months_min, DUE_DAY_BASIC.low_count(12)
    (3, 4)
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Final

import attrs

from microcrm_core.checks import day, name_text, whole_number
from microcrm_core.decisions import PolicyRef
from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.rounding import Rounding, divide
from microcrm_core.rules.plain import (
    Plain,
    faults_below,
    plain_choice,
    plain_day,
    plain_mapping,
)

__all__ = [
    "DAYS_MAX",
    "DUE_DAY_BASIC",
    "DUE_DAY_CAUTIOUS",
    "DUE_DAY_QUANTILE",
    "DueDayPolicy",
    "LowMeasure",
    "due_day_policy_from_plain",
    "due_day_policy_to_plain",
]

DAYS_MAX: Final = 28
"""The last day of the month that every month has."""

_PPM: Final = 1_000_000
_COVERAGE_PPM_MAX: Final = 100 * _PPM
_MONTHS_MAX: Final = 1200
_MONTH_DAYS_MAX: Final = 31


class LowMeasure(StrEnum):
    """What the low balance of a day is, out of its balances in the past months.

    Attributes:
        TAIL_MEAN: The mean of the lowest balances up to the quantile. It weighs all
            bad months, so that one of them does not decide alone.
        QUANTILE: The quantile itself, by nearest rank.

    Example:
        >>> from microcrm_core.adjustments import LowMeasure
        >>> LowMeasure("tail_mean") is LowMeasure.TAIL_MEAN
        True
    """

    TAIL_MEAN = "tail_mean"
    QUANTILE = "quantile"


@attrs.frozen(kw_only=True)
class DueDayPolicy:
    """A lender's view of when a due day fits.

    Attributes:
        id: Name of the policy.
        version: The lender's version of it.
        effective_from: First day on which it applies; None for no limit.
        measure: What the low balance of a day is.
        quantile_ppm: Share of the months that count as low, above 0 to 1,000,000. Of
            n months, the lowest ceil(n * share) count.
        coverage_ppm: What the balance must cover, in parts per million of the
            installment: 1,000,000 is once, 3,000,000 three times.
        months_min: Full months that an answer needs; 2 or more.
        months_max: Latest full months that are looked at; None for all.
        day_min: First day of the month that may be advised, from 1.
        day_max: Last day that may be advised, to 31. From 29 on it is the last day of
            shorter months.
        shortfall_gain_min: Shortfalls that a move away from the current due day must
            have avoided in the past months; with fewer the day stays.
        months_medium: Months from which confidence is medium.
        months_high: Months from which confidence is high.
        noise_max_ppm: How likely chance alone may have avoided so many shortfalls, in
            parts per million; where it is likelier the day stays. None: not asked.
        pattern_months: Months from which a history needs no segment pattern. A
            history that is n months shorter is mixed with the pattern of its segment,
            which then weighs as much as n months.

    Raises:
        PolicyError: A part breaks its rule; the error's `field` names it.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC
        >>> strict = attrs.evolve(DUE_DAY_BASIC, id="ours", coverage_ppm=1_500_000)
        >>> strict.needed_minor(1001)
        1502
    """

    id: str
    version: str
    effective_from: dt.date | None = None
    measure: LowMeasure
    quantile_ppm: int
    coverage_ppm: int
    months_min: int
    months_max: int | None
    day_min: int = 1
    day_max: int = DAYS_MAX
    shortfall_gain_min: int
    months_medium: int
    months_high: int
    noise_max_ppm: int | None = None
    pattern_months: int = 0
    ref: PolicyRef = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check every part and take the digest."""
        name_text("id", self.id)
        name_text("version", self.version)
        if self.effective_from is not None:
            day("effective_from", self.effective_from)
        _require_measure(self.measure)
        _within("quantile_ppm", self.quantile_ppm, 1, _PPM)
        _within("coverage_ppm", self.coverage_ppm, 1, _COVERAGE_PPM_MAX)
        # Each month is once held out, and one month must be left then.
        _within("months_min", self.months_min, 2, _MONTHS_MAX)
        if self.months_max is not None:
            _within("months_max", self.months_max, self.months_min, _MONTHS_MAX)
        _within("day_min", self.day_min, 1, _MONTH_DAYS_MAX)
        _within("day_max", self.day_max, self.day_min, _MONTH_DAYS_MAX)
        _within("shortfall_gain_min", self.shortfall_gain_min, 0, _MONTHS_MAX)
        _within("months_medium", self.months_medium, 0, _MONTHS_MAX)
        _within("months_high", self.months_high, self.months_medium, _MONTHS_MAX)
        if self.noise_max_ppm is not None:
            _within("noise_max_ppm", self.noise_max_ppm, 1, _PPM)
        _within("pattern_months", self.pattern_months, 0, _MONTHS_MAX)
        content = due_day_policy_to_plain(self)
        object.__setattr__(self, "ref", PolicyRef.of(self.id, self.version, content))

    def low_count(self, months: int) -> int:
        """Return how many of so many months count as low: ceil(months * share)."""
        return divide(months * self.quantile_ppm, _PPM, Rounding.CEILING)

    @property
    def day_count(self) -> int:
        """How many days of the month are compared: 28, or up to `day_max`."""
        return max(DAYS_MAX, self.day_max)

    def pattern_weight(self, months: int) -> int:
        """Return as how many months a segment pattern counts beside so many."""
        return max(0, self.pattern_months - months)

    def needed_minor(self, installment_minor: int) -> int:
        """Return the lowest balance that covers the installment as often as asked.

        A whole balance is below installment * coverage exactly when it is below the
        next whole number, so nothing is lost by rounding up.
        """
        product = installment_minor * self.coverage_ppm
        return divide(product, _PPM, Rounding.CEILING)


def due_day_policy_to_plain(policy: DueDayPolicy) -> Plain:
    """Return *policy* as a JSON object.

    What a form of before `noise_max_ppm` and `pattern_months` could not say is left out
    where it is not used, so that older policies keep their digests.

    Example:
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC
        >>> from microcrm_core.adjustments import due_day_policy_to_plain
        >>> due_day_policy_to_plain(DUE_DAY_BASIC)["measure"]
        'tail_mean'
    """
    since = policy.effective_from
    plain: Plain = {
        "id": policy.id,
        "version": policy.version,
        "effective_from": None if since is None else since.isoformat(),
        "measure": policy.measure.value,
        "quantile_ppm": policy.quantile_ppm,
        "coverage_ppm": policy.coverage_ppm,
        "months_min": policy.months_min,
        "months_max": policy.months_max,
        "day_min": policy.day_min,
        "day_max": policy.day_max,
        "shortfall_gain_min": policy.shortfall_gain_min,
        "months_medium": policy.months_medium,
        "months_high": policy.months_high,
    }
    if policy.noise_max_ppm is not None:
        plain["noise_max_ppm"] = policy.noise_max_ppm
    if policy.pattern_months:
        plain["pattern_months"] = policy.pattern_months
    return plain


def due_day_policy_from_plain(plain: object, *, path: str = "policy") -> DueDayPolicy:
    """Return the policy that a JSON object stands for.

    `effective_from`, `day_min`, `day_max`, `noise_max_ppm` and `pattern_months` may be
    left out; every other key must be there and no key else.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape, a float, or no valid policy comes of it;
            the error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.adjustments import DUE_DAY_BASIC
        >>> from microcrm_core.adjustments import due_day_policy_from_plain
        >>> from microcrm_core.adjustments import due_day_policy_to_plain
        >>> plain = due_day_policy_to_plain(DUE_DAY_BASIC)
        >>> due_day_policy_from_plain(plain) == DUE_DAY_BASIC
        True
    """
    parts = plain_mapping(
        plain,
        path,
        needed=(
            "id",
            "version",
            "measure",
            "quantile_ppm",
            "coverage_ppm",
            "months_min",
            "months_max",
            "shortfall_gain_min",
            "months_medium",
            "months_high",
        ),
        optional=(
            "effective_from",
            "day_min",
            "day_max",
            "noise_max_ppm",
            "pattern_months",
        ),
    )
    noise = parts.get("noise_max_ppm")
    months_max, since = parts["months_max"], parts.get("effective_from")
    with faults_below(path):
        return DueDayPolicy(
            id=name_text("id", parts["id"]),
            version=name_text("version", parts["version"]),
            effective_from=None
            if since is None
            else plain_day(since, f"{path}.effective_from"),
            measure=plain_choice(LowMeasure, parts["measure"], f"{path}.measure"),
            quantile_ppm=whole_number("quantile_ppm", parts["quantile_ppm"]),
            coverage_ppm=whole_number("coverage_ppm", parts["coverage_ppm"]),
            months_min=whole_number("months_min", parts["months_min"]),
            months_max=(
                None if months_max is None else whole_number("months_max", months_max)
            ),
            day_min=whole_number("day_min", parts.get("day_min", 1)),
            day_max=whole_number("day_max", parts.get("day_max", DAYS_MAX)),
            shortfall_gain_min=whole_number(
                "shortfall_gain_min", parts["shortfall_gain_min"]
            ),
            months_medium=whole_number("months_medium", parts["months_medium"]),
            months_high=whole_number("months_high", parts["months_high"]),
            noise_max_ppm=(
                None if noise is None else whole_number("noise_max_ppm", noise)
            ),
            pattern_months=whole_number(
                "pattern_months", parts.get("pattern_months", 0)
            ),
        )


def _within(field: str, value: object, at_least: int, at_most: int) -> None:
    try:
        whole_number(field, value, at_least=at_least, at_most=at_most)
    except InvalidValueError as error:
        raise PolicyError(field, error.rule, value) from None


def _require_measure(value: object) -> None:
    if not isinstance(value, LowMeasure):
        raise PolicyError("measure", "must be a LowMeasure", value)


DUE_DAY_BASIC: Final = DueDayPolicy(
    id="due-day-basic",
    version="1",
    measure=LowMeasure.TAIL_MEAN,
    quantile_ppm=333_333,
    coverage_ppm=1_000_000,
    months_min=3,
    months_max=24,
    shortfall_gain_min=1,
    months_medium=6,
    months_high=12,
)
"""The mean of the worst third of the months, over at most two years.

With 3 months that is the lowest balance, with 12 the mean of the four lowest: far
enough down to be about bad months, and not one single month's chance.
"""

DUE_DAY_QUANTILE: Final = DueDayPolicy(
    id="due-day-quantile",
    version="1",
    measure=LowMeasure.QUANTILE,
    quantile_ppm=100_000,
    coverage_ppm=1_000_000,
    months_min=3,
    months_max=24,
    shortfall_gain_min=1,
    months_medium=6,
    months_high=12,
)
"""The plain rule for comparison: the 10 % quantile of the balances of a day."""

DUE_DAY_CAUTIOUS: Final = attrs.evolve(
    DUE_DAY_BASIC,
    id="due-day-cautious",
    noise_max_ppm=125_000,
    pattern_months=6,
)
"""The basic rule that moves no day by chance, and leans on a segment at first.

A move needs three shortfalls avoided and none caused, five and one, or better: chance
alone does as well in at most one case of eight. With fewer than 6 months, a segment
pattern counts where one is given.
"""
