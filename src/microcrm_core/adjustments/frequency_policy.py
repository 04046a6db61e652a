"""Frequency policies: when a customer's turnover carries a repayment frequency.

A trader who sells every day can pay every week; a wage earner cannot. A frequency fits
where nearly every one of its periods brings in a fair part of what a mean period does.
`frequency_advice` applies a policy.

Example:
    >>> from microcrm_core.adjustments import FREQUENCY_BASIC
    >>> [str(frequency) for frequency in FREQUENCY_BASIC.offered]
    ['daily', 'weekly', 'biweekly', 'monthly']
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import attrs

from microcrm_core.checks import day, name_text, whole_number
from microcrm_core.dates import Frequency
from microcrm_core.decisions import PolicyRef
from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.rounding import Rounding, divide
from microcrm_core.rules.plain import (
    Plain,
    faults_below,
    plain_day,
    plain_list,
    plain_mapping,
)

__all__ = [
    "FREQUENCIES_ADVISED",
    "FREQUENCY_BASIC",
    "FREQUENCY_TURNOVER",
    "FrequencyPolicy",
    "frequency_policy_from_plain",
    "frequency_policy_to_plain",
]

FREQUENCIES_ADVISED: Final = (
    Frequency.DAILY,
    Frequency.WEEKLY,
    Frequency.BIWEEKLY,
    Frequency.MONTHLY,
)
"""The frequencies that advice knows, from the shortest: day, week, two weeks, month."""

_PPM: Final = 1_000_000
_MONTHS_MAX: Final = 1200


def _frequencies(value: Iterable[Frequency]) -> tuple[Frequency, ...]:
    return tuple(value)


@attrs.frozen(kw_only=True)
class FrequencyPolicy:
    """A lender's view of when a repayment frequency fits.

    Attributes:
        id: Name of the policy.
        version: The lender's version of it.
        effective_from: First day on which it applies; None for no limit.
        offered: Which of `FREQUENCIES_ADVISED` may be advised, from the shortest.
        quantile_ppm: Share of the periods that count as weak, above 0 to 1,000,000. Of
            n periods, number ceil(n * share) from the lowest is the weak one.
        weak_share_ppm_min: Share of the mean inflow of a period that the weak one must
            bring in, above 0 to 1,000,000.
        is_shorter_advised: Whether a shorter frequency that fits is advised in place of
            a current one that fits, too.
        months_min: Full months that an answer needs; 1 or more.
        months_max: Latest full months that are looked at; None for all.
        months_medium: Months from which confidence is medium.
        months_high: Months from which confidence is high.
        margin_ppm: A weak period nearer than this to `weak_share_ppm_min` takes one
            level off the confidence.

    Raises:
        PolicyError: A part breaks its rule; the error's `field` names it.

    Example:
        >>> import attrs
        >>> from microcrm_core import Frequency
        >>> from microcrm_core.adjustments import FREQUENCY_BASIC
        >>> ours = attrs.evolve(
        ...     FREQUENCY_BASIC,
        ...     id="ours",
        ...     offered=[Frequency.WEEKLY, Frequency.MONTHLY],
        ... )
        >>> ours.weak_rank(12)
        2
    """

    id: str
    version: str
    effective_from: dt.date | None = None
    offered: tuple[Frequency, ...] = attrs.field(converter=_frequencies)
    quantile_ppm: int
    weak_share_ppm_min: int
    is_shorter_advised: bool
    months_min: int
    months_max: int | None
    months_medium: int
    months_high: int
    margin_ppm: int
    ref: PolicyRef = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check every part and take the digest."""
        name_text("id", self.id)
        name_text("version", self.version)
        if self.effective_from is not None:
            day("effective_from", self.effective_from)
        in_order = tuple(one for one in FREQUENCIES_ADVISED if one in self.offered)
        if not self.offered or self.offered != in_order:
            rule = "must be some of FREQUENCIES_ADVISED in their order"
            shown = [str(frequency) for frequency in self.offered]
            raise PolicyError("offered", rule, shown)
        _within("quantile_ppm", self.quantile_ppm, 1, _PPM)
        _within("weak_share_ppm_min", self.weak_share_ppm_min, 1, _PPM)
        _require_bool("is_shorter_advised", self.is_shorter_advised)
        _within("months_min", self.months_min, 1, _MONTHS_MAX)
        if self.months_max is not None:
            _within("months_max", self.months_max, self.months_min, _MONTHS_MAX)
        _within("months_medium", self.months_medium, 0, _MONTHS_MAX)
        _within("months_high", self.months_high, self.months_medium, _MONTHS_MAX)
        _within("margin_ppm", self.margin_ppm, 0, _PPM)
        content = frequency_policy_to_plain(self)
        object.__setattr__(self, "ref", PolicyRef.of(self.id, self.version, content))

    def weak_rank(self, period_count: int) -> int:
        """Return which of so many periods, from the lowest, is the weak one."""
        return divide(period_count * self.quantile_ppm, _PPM, Rounding.CEILING)


def frequency_policy_to_plain(policy: FrequencyPolicy) -> Plain:
    """Return *policy* as a JSON object.

    Example:
        >>> from microcrm_core.adjustments import FREQUENCY_BASIC
        >>> from microcrm_core.adjustments import frequency_policy_to_plain
        >>> frequency_policy_to_plain(FREQUENCY_BASIC)["offered"]
        ['daily', 'weekly', 'biweekly', 'monthly']
    """
    since = policy.effective_from
    return {
        "id": policy.id,
        "version": policy.version,
        "effective_from": None if since is None else since.isoformat(),
        "offered": [str(frequency) for frequency in policy.offered],
        "quantile_ppm": policy.quantile_ppm,
        "weak_share_ppm_min": policy.weak_share_ppm_min,
        "is_shorter_advised": policy.is_shorter_advised,
        "months_min": policy.months_min,
        "months_max": policy.months_max,
        "months_medium": policy.months_medium,
        "months_high": policy.months_high,
        "margin_ppm": policy.margin_ppm,
    }


def frequency_policy_from_plain(
    plain: object, *, path: str = "policy"
) -> FrequencyPolicy:
    """Return the policy that a JSON object stands for.

    `effective_from` may be left out; every other key must be there and no key else.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape, a float, or no valid policy comes of it;
            the error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.adjustments import FREQUENCY_BASIC
        >>> from microcrm_core.adjustments import frequency_policy_from_plain
        >>> from microcrm_core.adjustments import frequency_policy_to_plain
        >>> plain = frequency_policy_to_plain(FREQUENCY_BASIC)
        >>> frequency_policy_from_plain(plain) == FREQUENCY_BASIC
        True
    """
    numbers = (
        "quantile_ppm",
        "weak_share_ppm_min",
        "months_min",
        "months_medium",
        "months_high",
        "margin_ppm",
    )
    others = ("id", "version", "offered", "is_shorter_advised", "months_max")
    parts = plain_mapping(
        plain, path, needed=(*numbers, *others), optional=("effective_from",)
    )
    months_max, since = parts["months_max"], parts.get("effective_from")
    offered = plain_list(parts["offered"], f"{path}.offered")
    with faults_below(path):
        return FrequencyPolicy(
            id=name_text("id", parts["id"]),
            version=name_text("version", parts["version"]),
            effective_from=None
            if since is None
            else plain_day(since, f"{path}.effective_from"),
            offered=tuple(_frequency(one) for one in offered),
            is_shorter_advised=_require_bool(
                "is_shorter_advised", parts["is_shorter_advised"]
            ),
            months_max=(
                None if months_max is None else whole_number("months_max", months_max)
            ),
            **{name: whole_number(name, parts[name]) for name in numbers},
        )


def _frequency(value: object) -> Frequency:
    for frequency in FREQUENCIES_ADVISED:
        if value == str(frequency):
            return frequency
    known = ", ".join(str(frequency) for frequency in FREQUENCIES_ADVISED)
    raise PolicyError("offered", f"must hold {known} only", value)


def _within(field: str, value: object, at_least: int, at_most: int) -> None:
    try:
        whole_number(field, value, at_least=at_least, at_most=at_most)
    except InvalidValueError as error:
        raise PolicyError(field, error.rule, value) from None


def _require_bool(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise PolicyError(field, "must be true or false", value)
    return value


FREQUENCY_BASIC: Final = FrequencyPolicy(
    id="frequency-basic",
    version="1",
    offered=FREQUENCIES_ADVISED,
    quantile_ppm=100_000,
    weak_share_ppm_min=250_000,
    is_shorter_advised=False,
    months_min=3,
    months_max=12,
    months_medium=6,
    months_high=12,
    margin_ppm=50_000,
)
"""Nine of ten periods bring in a quarter of the mean; what fits stays.

Weekly or monthly installments, drawn by lot, made no difference to default (Field and
Pande, 2008), so a shorter frequency is no gain by itself.
"""

FREQUENCY_TURNOVER: Final = FrequencyPolicy(
    id="frequency-turnover",
    version="1",
    offered=FREQUENCIES_ADVISED,
    quantile_ppm=100_000,
    weak_share_ppm_min=250_000,
    is_shorter_advised=True,
    months_min=3,
    months_max=12,
    months_medium=6,
    months_high=12,
    margin_ppm=50_000,
)
"""The same, but always the shortest frequency that the turnover carries."""
