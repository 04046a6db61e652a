"""How many loans a lender can collect on one day of the month or of the week.

Where most customers are paid on the 10th, most due days that fit lie on the 11th. A
collection desk, a payment gateway or the cash of a branch takes only so many a day.
`smoothing_batch` keeps a portfolio within such a capacity.

Example:
    >>> from microcrm_core.adjustments import COLLECTIONS_WORKING_WEEK
    >>> COLLECTIONS_WORKING_WEEK.room_by_day(100)
    (25, 25, 25, 25, 25, 0, 0)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
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
    plain_list,
    plain_mapping,
)

__all__ = [
    "COLLECTIONS_EVEN",
    "COLLECTIONS_LOOSE",
    "COLLECTIONS_WORKING_WEEK",
    "CollectionCapacity",
    "CollectionCycle",
    "collection_capacity_from_plain",
    "collection_capacity_to_plain",
]

_PPM: Final = 1_000_000


class CollectionCycle(StrEnum):
    """What due days are days of.

    Attributes:
        MONTH: Days 1 to 31 of the month.
        WEEK: Days 1 to 7 of the week, Monday first, as ISO 8601 counts them.

    Example:
        >>> from microcrm_core.adjustments import CollectionCycle
        >>> CollectionCycle.MONTH.day_count
        31
    """

    MONTH = "month"
    WEEK = "week"

    @property
    def day_count(self) -> int:
        """How many days there are."""
        return 31 if self is CollectionCycle.MONTH else 7


def _limits(value: Iterable[int | None]) -> tuple[int | None, ...]:
    return tuple(value)


@attrs.frozen(kw_only=True)
class CollectionCapacity:
    """A lender's capacity for each day.

    Attributes:
        id: Name of the policy.
        version: The lender's version of it.
        effective_from: First day on which it applies; None for no limit.
        cycle: What the days are days of.
        loan_count_max_by_day: Loans that each day takes; 0 for a closed day, None for
            no limit of its own. One value a day of the cycle.
        loan_share_ppm_max: Share of all loans that one day takes, in parts per
            million, rounded up to a whole loan; None for no such limit.
        amount_minor_max_by_day: What each day collects at most, in minor units of one
            currency; None for no limit of its own. None for no such limits at all.
        amount_share_ppm_max: Share of what all loans pay that one day collects, in
            parts per million, rounded up; None for no such limit.

    Raises:
        PolicyError: A part breaks its rule; the error's `field` names it.

    Example:
        >>> import attrs
        >>> from microcrm_core.adjustments import COLLECTIONS_EVEN
        >>> ours = attrs.evolve(COLLECTIONS_EVEN, id="ours", loan_share_ppm_max=100_000)
        >>> ours.room_by_day(50)[0]
        5
    """

    id: str
    version: str
    effective_from: dt.date | None = None
    cycle: CollectionCycle
    loan_count_max_by_day: tuple[int | None, ...] = attrs.field(converter=_limits)
    loan_share_ppm_max: int | None
    amount_minor_max_by_day: tuple[int | None, ...] | None = attrs.field(
        default=None, converter=attrs.converters.optional(_limits)
    )
    amount_share_ppm_max: int | None = None
    ref: PolicyRef = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check every part and take the digest."""
        name_text("id", self.id)
        name_text("version", self.version)
        if self.effective_from is not None:
            day("effective_from", self.effective_from)
        _require_cycle(self.cycle)
        for name in ("loan_count_max_by_day", "amount_minor_max_by_day"):
            _require_limits(name, getattr(self, name), self.cycle.day_count)
        _within("loan_share_ppm_max", self.loan_share_ppm_max, 1, _PPM)
        _within("amount_share_ppm_max", self.amount_share_ppm_max, 1, _PPM)
        content = collection_capacity_to_plain(self)
        object.__setattr__(self, "ref", PolicyRef.of(self.id, self.version, content))

    @property
    def has_amount_limits(self) -> bool:
        """Whether what a day collects is limited, beside the number of loans."""
        days = self.amount_minor_max_by_day or ()
        is_limited = any(limit is not None for limit in days)
        return is_limited or self.amount_share_ppm_max is not None

    def amount_room_by_day(self, amount_minor: int) -> tuple[int, ...]:
        """Return how much each day collects at most of so much in all.

        Args:
            amount_minor: What all loans of the portfolio pay, zero or more.

        Raises:
            InvalidValueError: *amount_minor* is below zero.
        """
        whole_number("amount_minor", amount_minor, at_least=0)
        most = amount_minor
        if self.amount_share_ppm_max is not None:
            product = amount_minor * self.amount_share_ppm_max
            most = divide(product, _PPM, Rounding.CEILING)
        limits = self.amount_minor_max_by_day or (None,) * self.cycle.day_count
        return tuple(most if limit is None else min(most, limit) for limit in limits)

    def room_by_day(self, loan_count: int) -> tuple[int, ...]:
        """Return how many of so many loans each day takes.

        Args:
            loan_count: All loans of the portfolio, zero or more.

        Raises:
            InvalidValueError: *loan_count* is below zero.
        """
        whole_number("loan_count", loan_count, at_least=0)
        most = loan_count
        if self.loan_share_ppm_max is not None:
            product = loan_count * self.loan_share_ppm_max
            most = divide(product, _PPM, Rounding.CEILING)
        limits = self.loan_count_max_by_day
        return tuple(most if limit is None else min(most, limit) for limit in limits)


def collection_capacity_to_plain(capacity: CollectionCapacity) -> Plain:
    """Return *capacity* as a JSON object.

    Limits of amounts are left out where there are none, so that older capacities keep
    their digests.

    Example:
        >>> from microcrm_core.adjustments import COLLECTIONS_EVEN
        >>> from microcrm_core.adjustments import collection_capacity_to_plain
        >>> collection_capacity_to_plain(COLLECTIONS_EVEN)["cycle"]
        'month'
    """
    since, amounts = capacity.effective_from, capacity.amount_minor_max_by_day
    plain: Plain = {
        "id": capacity.id,
        "version": capacity.version,
        "effective_from": None if since is None else since.isoformat(),
        "cycle": capacity.cycle.value,
        "loan_count_max_by_day": list(capacity.loan_count_max_by_day),
        "loan_share_ppm_max": capacity.loan_share_ppm_max,
    }
    if amounts is not None:
        plain["amount_minor_max_by_day"] = list(amounts)
    if capacity.amount_share_ppm_max is not None:
        plain["amount_share_ppm_max"] = capacity.amount_share_ppm_max
    return plain


def collection_capacity_from_plain(
    plain: object, *, path: str = "capacity"
) -> CollectionCapacity:
    """Return the capacity that a JSON object stands for.

    `effective_from`, `amount_minor_max_by_day` and `amount_share_ppm_max` may be left
    out; every other key must be there and no key else.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape, a float, or no valid capacity comes of it;
            the error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.adjustments import COLLECTIONS_EVEN
        >>> from microcrm_core.adjustments import collection_capacity_from_plain
        >>> from microcrm_core.adjustments import collection_capacity_to_plain
        >>> plain = collection_capacity_to_plain(COLLECTIONS_EVEN)
        >>> collection_capacity_from_plain(plain) == COLLECTIONS_EVEN
        True
    """
    parts = plain_mapping(
        plain,
        path,
        needed=(
            "id",
            "version",
            "cycle",
            "loan_count_max_by_day",
            "loan_share_ppm_max",
        ),
        optional=(
            "effective_from",
            "amount_minor_max_by_day",
            "amount_share_ppm_max",
        ),
    )
    since, amounts = parts.get("effective_from"), parts.get("amount_minor_max_by_day")
    with faults_below(path):
        return CollectionCapacity(
            id=name_text("id", parts["id"]),
            version=name_text("version", parts["version"]),
            effective_from=None
            if since is None
            else plain_day(since, f"{path}.effective_from"),
            cycle=plain_choice(CollectionCycle, parts["cycle"], f"{path}.cycle"),
            loan_count_max_by_day=_plain_limits(
                "loan_count_max_by_day", parts["loan_count_max_by_day"], path
            ),
            loan_share_ppm_max=_plain_limit(
                "loan_share_ppm_max", parts["loan_share_ppm_max"]
            ),
            amount_minor_max_by_day=(
                None
                if amounts is None
                else _plain_limits("amount_minor_max_by_day", amounts, path)
            ),
            amount_share_ppm_max=_plain_limit(
                "amount_share_ppm_max", parts.get("amount_share_ppm_max")
            ),
        )


def _plain_limits(name: str, plain: object, path: str) -> tuple[int | None, ...]:
    limits = plain_list(plain, f"{path}.{name}")
    return tuple(_plain_limit(name, limit) for limit in limits)


def _plain_limit(name: str, plain: object) -> int | None:
    return None if plain is None else whole_number(name, plain)


def _require_limits(
    name: str, limits: tuple[int | None, ...] | None, day_count: int
) -> None:
    if limits is None:
        return
    if len(limits) != day_count:
        rule = f"must have {day_count} values, one for each day"
        raise PolicyError(name, rule, len(limits))
    for number, limit in enumerate(limits, start=1):
        _within(f"{name} of day {number}", limit, 0, None)


def _within(field: str, value: int | None, at_least: int, at_most: int | None) -> None:
    if value is None:
        return
    try:
        whole_number(field, value, at_least=at_least, at_most=at_most)
    except InvalidValueError as error:
        raise PolicyError(field, error.rule, value) from None


def _require_cycle(value: object) -> None:
    if not isinstance(value, CollectionCycle):
        raise PolicyError("cycle", "must be a CollectionCycle", value)


_FIRST_28: Final = (*(None,) * 28, 0, 0, 0)

COLLECTIONS_EVEN: Final = CollectionCapacity(
    id="collections-even",
    version="1",
    cycle=CollectionCycle.MONTH,
    loan_count_max_by_day=_FIRST_28,
    loan_share_ppm_max=44_643,
)
"""No day of the month from 1 to 28 takes over one and a quarter even shares."""

COLLECTIONS_LOOSE: Final = CollectionCapacity(
    id="collections-loose",
    version="1",
    cycle=CollectionCycle.MONTH,
    loan_count_max_by_day=_FIRST_28,
    loan_share_ppm_max=71_429,
)
"""No day of the month from 1 to 28 takes over two even shares."""

COLLECTIONS_WORKING_WEEK: Final = CollectionCapacity(
    id="collections-working-week",
    version="1",
    cycle=CollectionCycle.WEEK,
    loan_count_max_by_day=(*(None,) * 5, 0, 0),
    loan_share_ppm_max=250_000,
)
"""Monday to Friday take up to a quarter each, and nothing falls on the weekend."""
