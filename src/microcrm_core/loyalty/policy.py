"""Pricing policies: what a loan costs by tier, and what loyalty takes off.

A lender charges each tier a base rate, or refuses it. Two discounts come off: one for
the time as a borrower (tenure), one for the latest installments paid on time
in a row (streak). Both are steps that never fall, so that a better history
never costs more. A floor holds what the lender must earn. `pricing` is the module to
read next.

Example:
    >>> from microcrm_core.loyalty import LOYALTY_BASIC
    >>> from microcrm_core.tiers import Tier
    >>> str(LOYALTY_BASIC.base_rate(Tier.ORDINARY))
    '30% a year'
    >>> LOYALTY_BASIC.base_rate(Tier.RISK) is None
    True
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from microcrm_core.checks import day, name_text, whole_number
from microcrm_core.decisions import PolicyRef
from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.loans import NOMINAL_RATE_MAX
from microcrm_core.rates import Rate
from microcrm_core.rules.plain import (
    Plain,
    faults_below,
    plain_day,
    plain_list,
    plain_mapping,
)
from microcrm_core.tiers import Tier

__all__ = [
    "LOYALTY_BASIC",
    "PriceStep",
    "PricingPolicy",
    "TierRate",
    "pricing_policy_from_plain",
    "pricing_policy_to_plain",
]


@attrs.frozen
class TierRate:
    """The base rate of one tier.

    Attributes:
        tier: Whose rate it is.
        nominal_rate: A year, before discounts; None: this tier gets no quote.

    Example:
        >>> from microcrm_core.loyalty import TierRate
        >>> from microcrm_core.rates import Rate
        >>> from microcrm_core.tiers import Tier
        >>> str(TierRate(Tier.POTENTIAL, Rate.of_percent(27)).nominal_rate)
        '27% a year'
    """

    tier: Tier
    nominal_rate: Rate | None


@attrs.frozen
class PriceStep:
    """A discount from some length of history on.

    Attributes:
        at_least: From how many days of tenure, or installments on time, it holds.
        discount: What comes off the yearly rate; not below zero.

    Example:
        >>> from microcrm_core.loyalty import PriceStep
        >>> from microcrm_core.rates import Rate
        >>> PriceStep(365, Rate.of_percent(1)).discount.annual_ppm
        10000
    """

    at_least: int
    discount: Rate


def _tier_rates(rates: Iterable[TierRate]) -> tuple[TierRate, ...]:
    return tuple(rates)


def _steps(steps: Iterable[PriceStep]) -> tuple[PriceStep, ...]:
    return tuple(steps)


@attrs.frozen(kw_only=True)
class PricingPolicy:
    """A lender's price list: base rates, discounts, floor.

    Every rate is a whole number of parts per million a year, so that columns can
    hold it.

    Attributes:
        id: Name of the policy.
        version: The lender's version of it.
        effective_from: First day on which it applies; None for no limit.
        base_rates: One for each tier, in any order; kept in the order of `Tier`. A
            rate is not below `floor_rate`.
        tenure_steps: Discounts by days since the first loan; `at_least` rises from
            step to step and `discount` never falls. The last step reached holds.
        streak_steps: The same by installments in a row on time.
        floor_rate: Discounts take no rate below it.

    Raises:
        PolicyError: A part breaks its rule; the error's `field` is the path.

    Example:
        >>> from microcrm_core.loyalty import LOYALTY_BASIC
        >>> LOYALTY_BASIC.ref.id
        'loyalty-basic'
        >>> str(LOYALTY_BASIC.tenure_discount(400))
        '1% a year'
    """

    id: str
    version: str
    effective_from: dt.date | None = None
    base_rates: tuple[TierRate, ...] = attrs.field(converter=_tier_rates)
    tenure_steps: tuple[PriceStep, ...] = attrs.field(converter=_steps)
    streak_steps: tuple[PriceStep, ...] = attrs.field(converter=_steps)
    floor_rate: Rate
    ref: PolicyRef = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check every part and take the digest."""
        name_text("id", self.id)
        name_text("version", self.version)
        if self.effective_from is not None:
            day("effective_from", self.effective_from)
        floor_ppm = _rate_ppm("floor_rate", self.floor_rate)
        self._check_base_rates(floor_ppm)
        _check_steps("tenure_steps", self.tenure_steps)
        _check_steps("streak_steps", self.streak_steps)
        in_order = sorted(self.base_rates, key=lambda entry: entry.tier.rank)
        object.__setattr__(self, "base_rates", tuple(in_order))
        content = pricing_policy_to_plain(self)
        object.__setattr__(self, "ref", PolicyRef.of(self.id, self.version, content))

    def base_rate(self, tier: Tier) -> Rate | None:
        """Return the rate of a tier before discounts; None: it gets no quote."""
        return self.base_rates[tier.rank].nominal_rate

    def tenure_discount(self, tenure_days: int | None) -> Rate:
        """Return what this time as a borrower takes off; None: not known, nothing."""
        return _discount(self.tenure_steps, tenure_days)

    def streak_discount(self, on_time_streak: int | None) -> Rate:
        """Return what this streak takes off; None: not known, nothing."""
        return _discount(self.streak_steps, on_time_streak)

    def _check_base_rates(self, floor_ppm: int) -> None:
        seen: set[Tier] = set()
        for i, entry in enumerate(self.base_rates):
            path = f"base_rates[{i}]"
            _require_kind(path, entry, TierRate)
            _require_kind(f"{path}.tier", entry.tier, Tier)
            if entry.tier in seen:
                raise PolicyError(f"{path}.tier", "must not repeat", entry.tier.value)
            seen.add(entry.tier)
            if entry.nominal_rate is None:
                continue
            where = f"base_rates.{entry.tier.value}"
            if _rate_ppm(where, entry.nominal_rate) < floor_ppm:
                rule = "must not be below floor_rate"
                raise PolicyError(where, rule, str(entry.nominal_rate))
        for tier in Tier:
            if tier not in seen:
                raise PolicyError("base_rates", "must name every tier", tier.value)


def _check_steps(field: str, steps: tuple[PriceStep, ...]) -> None:
    before: PriceStep | None = None
    for i, step in enumerate(steps):
        path = f"{field}[{i}]"
        _require_kind(path, step, PriceStep)
        _whole(f"{path}.at_least", step.at_least)
        _rate_ppm(f"{path}.discount", step.discount)
        if before is not None and step.at_least <= before.at_least:
            rule = "must be more than that of the step before"
            raise PolicyError(f"{path}.at_least", rule, step.at_least)
        if before is not None and step.discount < before.discount:
            rule = "must not be less than that of the step before"
            raise PolicyError(f"{path}.discount", rule, str(step.discount))
        before = step


def _discount(steps: tuple[PriceStep, ...], reached: int | None) -> Rate:
    discount = Rate.of_ppm(0)
    if reached is None:
        return discount
    for step in steps:
        if step.at_least > reached:
            break
        discount = step.discount
    return discount


def _require_kind(path: str, value: object, kind: type[object]) -> None:
    if not isinstance(value, kind):
        raise PolicyError(path, f"must be a {kind.__name__}", value)


def _whole(path: str, value: object) -> int:
    try:
        return whole_number(path, value, at_least=0)
    except InvalidValueError as error:
        raise PolicyError(path, error.rule, value) from None


def _rate_ppm(path: str, rate: object) -> int:
    if not isinstance(rate, Rate):
        raise PolicyError(path, "must be a Rate", rate)
    if not 0 <= rate.annual_fraction <= NOMINAL_RATE_MAX:
        raise PolicyError(path, f"must be from 0 to {NOMINAL_RATE_MAX}", str(rate))
    try:
        return rate.annual_ppm
    except InvalidValueError as error:
        raise PolicyError(path, error.rule, str(rate)) from None


def pricing_policy_to_plain(policy: PricingPolicy) -> Plain:
    """Return *policy* as a JSON object; rates are parts per million a year.

    Example:
        >>> from microcrm_core.loyalty import LOYALTY_BASIC, pricing_policy_to_plain
        >>> pricing_policy_to_plain(LOYALTY_BASIC)["floor_ppm"]
        180000
    """
    since = policy.effective_from
    return {
        "id": policy.id,
        "version": policy.version,
        "effective_from": None if since is None else since.isoformat(),
        "base_ppm": {
            entry.tier.value: (
                None if entry.nominal_rate is None else entry.nominal_rate.annual_ppm
            )
            for entry in policy.base_rates
        },
        "tenure_steps": [
            {"days_min": step.at_least, "discount_ppm": step.discount.annual_ppm}
            for step in policy.tenure_steps
        ],
        "streak_steps": [
            {
                "on_time_streak_min": step.at_least,
                "discount_ppm": step.discount.annual_ppm,
            }
            for step in policy.streak_steps
        ],
        "floor_ppm": policy.floor_rate.annual_ppm,
    }


def pricing_policy_from_plain(plain: object, *, path: str = "policy") -> PricingPolicy:
    """Return the policy that a JSON object stands for.

    `effective_from` may be left out; every other key must be there and no key else.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape, a float, or no valid policy comes of it;
            the error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.loyalty import LOYALTY_BASIC, pricing_policy_from_plain
        >>> from microcrm_core.loyalty import pricing_policy_to_plain
        >>> plain = pricing_policy_to_plain(LOYALTY_BASIC)
        >>> pricing_policy_from_plain(plain) == LOYALTY_BASIC
        True
    """
    parts = plain_mapping(
        plain,
        path,
        needed=(
            "id",
            "version",
            "base_ppm",
            "tenure_steps",
            "streak_steps",
            "floor_ppm",
        ),
        optional=("effective_from",),
    )
    tiers = tuple(tier.value for tier in Tier)
    base_path = f"{path}.base_ppm"
    base = plain_mapping(parts["base_ppm"], base_path, needed=tiers, optional=())
    since = parts.get("effective_from")
    with faults_below(path):
        return PricingPolicy(
            id=name_text("id", parts["id"]),
            version=name_text("version", parts["version"]),
            effective_from=None
            if since is None
            else plain_day(since, f"{path}.effective_from"),
            base_rates=[
                TierRate(tier, _plain_base(base[tier.value], f"base_ppm.{tier.value}"))
                for tier in Tier
            ],
            tenure_steps=_plain_steps(parts, "tenure_steps", "days_min", path),
            streak_steps=_plain_steps(
                parts, "streak_steps", "on_time_streak_min", path
            ),
            floor_rate=_plain_rate(parts["floor_ppm"], "floor_ppm"),
        )


def _plain_base(ppm: object, path: str) -> Rate | None:
    return None if ppm is None else _plain_rate(ppm, path)


def _plain_rate(ppm: object, path: str) -> Rate:
    return Rate.of_ppm(_whole(path, ppm))


def _plain_steps(
    parts: Mapping[str, object], name: str, at_least: str, path: str
) -> list[PriceStep]:
    steps: list[PriceStep] = []
    for i, item in enumerate(plain_list(parts[name], f"{path}.{name}")):
        where = f"{path}.{name}[{i}]"
        step = plain_mapping(
            item, where, needed=(at_least, "discount_ppm"), optional=()
        )
        reached = _whole(f"{where}.{at_least}", step[at_least])
        discount = _plain_rate(step["discount_ppm"], f"{where}.discount_ppm")
        steps.append(PriceStep(reached, discount))
    return steps


LOYALTY_BASIC: Final = PricingPolicy(
    id="loyalty-basic",
    version="1",
    base_rates=(
        TierRate(Tier.HIGH_VALUE, Rate.of_percent(24)),
        TierRate(Tier.POTENTIAL, Rate.of_percent(27)),
        TierRate(Tier.ORDINARY, Rate.of_percent(30)),
        TierRate(Tier.RISK, None),
    ),
    tenure_steps=(
        PriceStep(180, Rate.of_percent("0.5")),
        PriceStep(365, Rate.of_percent(1)),
        PriceStep(730, Rate.of_percent(2)),
    ),
    streak_steps=(
        PriceStep(3, Rate.of_percent("0.5")),
        PriceStep(6, Rate.of_percent("1.5")),
        PriceStep(12, Rate.of_percent(3)),
    ),
    floor_rate=Rate.of_percent(18),
)
"""A price list to start from. Its figures are examples of a house rule, not advice: a
lender sets its own from its cost of funds and losses. Customers at risk get no quote.
"""
