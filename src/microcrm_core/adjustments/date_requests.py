"""Requests for other due dates: on which days, how often, how many, how large.

What is owed stays the same; when it is due changes, and with it the interest. Read
`money_requests` for requests that change what is owed or by what it grows, and
`requests` for all of them.

Example:
    >>> from microcrm_core.adjustments import ChangeDueDay, ShiftDueDates
    >>> ChangeDueDay(day=15).day, ShiftDueDates(-3).days
    (15, -3)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Final, cast

import attrs

from microcrm_core.checks import (
    ExactNumber,
    day_field,
    kind_field,
    whole_number_field,
)
from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans import INSTALLMENT_COUNT_MAX, Seasonal

__all__ = [
    "DAYS_MAX",
    "ChangeDueDay",
    "ChangeFrequency",
    "ExtendTerm",
    "MoveDirection",
    "PaymentHoliday",
    "SeasonalPlan",
    "ShiftDueDates",
]

DAYS_MAX: Final = 36_500
"""The most days that a request or a rule counts: a hundred years."""

_optional_day = attrs.validators.optional(day_field)
_count = whole_number_field(at_least=1, at_most=INSTALLMENT_COUNT_MAX)


def _not_zero(_instance: object, attribute: attrs.Attribute[int], value: int) -> None:
    if value == 0:
        raise InvalidValueError(attribute.name, "must not be zero", value)


class MoveDirection(StrEnum):
    """Which way a due date moves to reach its new day.

    Attributes:
        LATER: To the first such day on or after it: no period gets shorter.
        EARLIER: To the last such day on or before it.
        NEAREST: To the nearer of the two; the later one where both are as near.

    Example:
        >>> from microcrm_core.adjustments import MoveDirection
        >>> MoveDirection.LATER.value
        'later'
    """

    LATER = "later"
    EARLIER = "earlier"
    NEAREST = "nearest"


@attrs.frozen(kw_only=True)
class ChangeDueDay:
    """Due dates to come fall on another day of the month, or of the week.

    Exactly one of *day* and *weekday* is given: a day of the month for loans that are
    repaid by months, a weekday for those that are repaid by weeks.

    Attributes:
        day: Day of the month, 1 to 31; in a shorter month its last day. None: not
            given.
        weekday: 1 for Monday to 7 for Sunday, as ISO 8601 counts. None: not given.
        from_on: The first due date that moves, as it stands now; later ones follow.
            None: the next one to come.
        direction: Which way that date moves.

    Raises:
        InvalidValueError: Both or none of the two days is given, or a field breaks its
            rule.

    Example:
        >>> from microcrm_core.adjustments import ChangeDueDay
        >>> ChangeDueDay(day=15).direction.value, ChangeDueDay(weekday=5).day is None
        ('later', True)
    """

    day: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(whole_number_field(at_least=1, at_most=31)),
    )
    weekday: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(whole_number_field(at_least=1, at_most=7)),
    )
    from_on: dt.date | None = attrs.field(default=None, validator=_optional_day)
    direction: MoveDirection = attrs.field(
        default=MoveDirection.LATER, validator=kind_field(MoveDirection)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse two days, and none."""
        if self.day is None and self.weekday is None:
            raise InvalidValueError("day", "must be given, or weekday", None)
        if self.day is not None and self.weekday is not None:
            rule = "must be None where day is given"
            raise InvalidValueError("weekday", rule, self.weekday)


@attrs.frozen
class ShiftDueDates:
    """All due dates to come move by the same number of days.

    Attributes:
        days: How far; below zero: earlier. Not zero, at most a hundred years.
        from_on: The first due date that moves, as it stands now. None: the next one to
            come.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core.adjustments import ShiftDueDates
        >>> ShiftDueDates(-3).days
        -3
    """

    days: int = attrs.field(
        validator=[
            whole_number_field(at_least=-DAYS_MAX, at_most=DAYS_MAX),
            _not_zero,
        ]
    )
    from_on: dt.date | None = attrs.field(default=None, validator=_optional_day)


@attrs.frozen
class PaymentHoliday:
    """Some periods pass without an installment; all later ones move on.

    Attributes:
        count: How many periods; 1 to `INSTALLMENT_COUNT_MAX`.
        from_on: Due date of the first installment that is skipped, as it stands now.
            None: the next one to come.
        is_interest_free: Whether the days that are added bear no interest.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core.adjustments import PaymentHoliday
        >>> PaymentHoliday(2) == PaymentHoliday(count=2, is_interest_free=False)
        True
    """

    count: int = attrs.field(validator=_count)
    from_on: dt.date | None = attrs.field(
        default=None, validator=_optional_day, kw_only=True
    )
    is_interest_free: bool = attrs.field(
        default=False, validator=kind_field(bool), kw_only=True
    )


@attrs.frozen
class ExtendTerm:
    """More installments, so that each is smaller; or fewer.

    Attributes:
        added_count: How many more; below zero: how many fewer. Not zero.

    Raises:
        InvalidValueError: It is no whole number, zero, or beyond
            `INSTALLMENT_COUNT_MAX` either way.

    Example:
        >>> from microcrm_core.adjustments import ExtendTerm
        >>> ExtendTerm(3).added_count
        3
    """

    added_count: int = attrs.field(
        validator=[
            whole_number_field(
                at_least=-INSTALLMENT_COUNT_MAX, at_most=INSTALLMENT_COUNT_MAX
            ),
            _not_zero,
        ]
    )


@attrs.frozen(kw_only=True)
class ChangeFrequency:
    """Installments fall due more often, or less often.

    Attributes:
        frequency: How far they are apart from now on.
        first_due_on: First due date of the new cycle. None: one new period after the
            last due date that stays, or after the day where none does.
        installment_count: How many installments are to come; 1 to
            `INSTALLMENT_COUNT_MAX`. None: so many that the last due date stays as near
            as can be.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core import Frequency
        >>> from microcrm_core.adjustments import ChangeFrequency
        >>> str(ChangeFrequency(frequency=Frequency.WEEKLY).frequency)
        'weekly'
    """

    frequency: Frequency = attrs.field(validator=kind_field(Frequency))
    first_due_on: dt.date | None = attrs.field(default=None, validator=_optional_day)
    installment_count: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(_count)
    )


def _month_weights(value: Sequence[ExactNumber]) -> tuple[Fraction, ...]:
    try:
        return Seasonal(cast("tuple[Fraction, ...]", value)).month_weights
    except InvalidValueError as error:
        # One weight is checked under the name of weights in general.
        raise InvalidValueError(
            "month_weights", error.rule, error.value, hint=error.hint
        ) from None


@attrs.frozen
class SeasonalPlan:
    """Installments to come follow the seasons: a weight for each month of the year.

    Attributes:
        month_weights: Size of an installment due in January, February and so on;
            twelve, not all zero. Zero: nothing is due in that month.

    Raises:
        InvalidValueError: There are not twelve, one is negative, or all are zero.

    Example:
        >>> from microcrm_core.adjustments import SeasonalPlan
        >>> harvest = SeasonalPlan((0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0))
        >>> str(harvest.method.month_weights[7])
        '1'
    """

    month_weights: tuple[Fraction, ...] = attrs.field(converter=_month_weights)

    @property
    def method(self) -> Seasonal:
        """The repayment method that is asked for."""
        return Seasonal(self.month_weights)
