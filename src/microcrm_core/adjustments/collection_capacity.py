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
    ref: PolicyRef = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Check every part and take the digest."""
        name_text("id", self.id)
        name_text("version", self.version)
        if self.effective_from is not None:
            day("effective_from", self.effective_from)
        _require_cycle(self.cycle)
        limits = self.loan_count_max_by_day
        if len(limits) != self.cycle.day_count:
            rule = f"must have {self.cycle.day_count} values, one for each day"
            raise PolicyError("loan_count_max_by_day", rule, len(limits))
        for number, limit in enumerate(limits, start=1):
            _within(f"loan_count_max_by_day of day {number}", limit, 0, None)
        _within("loan_share_ppm_max", self.loan_share_ppm_max, 1, _PPM)
        content = collection_capacity_to_plain(self)
        object.__setattr__(self, "ref", PolicyRef.of(self.id, self.version, content))

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

    Example:
        >>> from microcrm_core.adjustments import COLLECTIONS_EVEN
        >>> from microcrm_core.adjustments import collection_capacity_to_plain
        >>> collection_capacity_to_plain(COLLECTIONS_EVEN)["cycle"]
        'month'
    """
    since = capacity.effective_from
    return {
        "id": capacity.id,
        "version": capacity.version,
        "effective_from": None if since is None else since.isoformat(),
        "cycle": capacity.cycle.value,
        "loan_count_max_by_day": list(capacity.loan_count_max_by_day),
        "loan_share_ppm_max": capacity.loan_share_ppm_max,
    }


def collection_capacity_from_plain(
    plain: object, *, path: str = "capacity"
) -> CollectionCapacity:
    """Return the capacity that a JSON object stands for.

    `effective_from` may be left out; every other key must be there and no key else.

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
        optional=("effective_from",),
    )
    since, share = parts.get("effective_from"), parts["loan_share_ppm_max"]
    limits_path = f"{path}.loan_count_max_by_day"
    limits = plain_list(parts["loan_count_max_by_day"], limits_path)
    with faults_below(path):
        return CollectionCapacity(
            id=name_text("id", parts["id"]),
            version=name_text("version", parts["version"]),
            effective_from=None
            if since is None
            else plain_day(since, f"{path}.effective_from"),
            cycle=plain_choice(CollectionCycle, parts["cycle"], f"{path}.cycle"),
            loan_count_max_by_day=tuple(
                None if limit is None else whole_number("loan_count_max_by_day", limit)
                for limit in limits
            ),
            loan_share_ppm_max=(
                None if share is None else whole_number("loan_share_ppm_max", share)
            ),
        )


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
