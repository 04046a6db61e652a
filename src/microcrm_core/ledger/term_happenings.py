"""What can happen to what was agreed: rates, due dates, the term, and what is re-aged.

Amounts follow from them: a happening of this kind says what holds from now on, and the
installments to come are worked out anew. Read `term_changes` for due dates that change,
and `happenings` for what else can happen.

Example:
    >>> from microcrm_core.ledger import TermChanged
    >>> TermChanged(2).added_count
    2
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from itertools import pairwise
from typing import get_args

import attrs

from microcrm_core.checks import (
    day,
    day_field,
    kind_field,
    tuple_field,
    whole_number_field,
)
from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans import RepaymentMethod
from microcrm_core.rates import Rate

__all__ = [
    "ArrearsCapitalized",
    "DueDateChanged",
    "HolidayGranted",
    "InterestPaused",
    "RateChanged",
    "ReAged",
    "ReAgedInterest",
    "ReAmortized",
    "Replanned",
    "TermChanged",
]


class ReAgedInterest(StrEnum):
    """What becomes of interest when what is owed is spread anew.

    Attributes:
        LEVEL: New level installments bear interest; unpaid interest of past periods is
            due with the first of them.
        EQUAL_TO_DATE: Interest up to the day is spread evenly; no more accrues.
        EQUAL_IN_FULL: All interest of the old schedule is spread evenly.

    Example:
        >>> from microcrm_core.ledger import ReAgedInterest
        >>> ReAgedInterest.LEVEL.value
        'level'
    """

    LEVEL = "level"
    EQUAL_TO_DATE = "equal_to_date"
    EQUAL_IN_FULL = "equal_in_full"


@attrs.frozen
class RateChanged:
    """A new yearly rate bears interest from the event's day on, that day included.

    Attributes:
        nominal_rate: The new rate.

    Raises:
        InvalidValueError: It is no `Rate`.

    Example:
        >>> from microcrm_core import Rate
        >>> from microcrm_core.ledger import RateChanged
        >>> str(RateChanged(Rate.per_year("0.18")).nominal_rate)
        '18% a year'
    """

    nominal_rate: Rate = attrs.field(validator=kind_field(Rate))


@attrs.frozen
class DueDateChanged:
    """One due date moved, and later ones with it.

    By exact fractions it holds from the event's day on: what is due by then stays.

    Attributes:
        from_on: The due date as it stood.
        to_on: The new one; later due dates are counted from it.

    Raises:
        InvalidValueError: A field is no date.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import DueDateChanged
        >>> DueDateChanged(dt.date(2025, 3, 1), dt.date(2025, 3, 15)).to_on.day
        15
    """

    from_on: dt.date = attrs.field(validator=day_field)
    to_on: dt.date = attrs.field(validator=day_field)


@attrs.frozen
class HolidayGranted:
    """Some installments are skipped: theirs and all later due dates move on.

    By exact fractions it holds from the event's day on: what is due by then stays.

    Attributes:
        from_on: Due date of the first installment that moves.
        count: By how many periods; 1 or more.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import HolidayGranted
        >>> HolidayGranted(dt.date(2025, 3, 1), 2).count
        2
    """

    from_on: dt.date = attrs.field(validator=day_field)
    count: int = attrs.field(validator=whole_number_field(at_least=1))


@attrs.frozen
class InterestPaused:
    """No interest accrues from the event's day to *last_on*, both included.

    Attributes:
        last_on: Last day without interest.

    Raises:
        InvalidValueError: It is no date.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger import InterestPaused
        >>> InterestPaused(dt.date(2025, 2, 10)).last_on.day
        10
    """

    last_on: dt.date = attrs.field(validator=day_field)


def _not_zero(_instance: object, attribute: attrs.Attribute[int], value: int) -> None:
    if value == 0:
        raise InvalidValueError(attribute.name, "must not be zero", value)


@attrs.frozen
class TermChanged:
    """The loan got more installments, or fewer.

    By exact fractions it holds from the event's day on: what is due by then stays.

    Attributes:
        added_count: How many more; below zero: how many fewer.

    Raises:
        InvalidValueError: It is no whole number, or zero.

    Example:
        >>> from microcrm_core.ledger import TermChanged
        >>> TermChanged(2).added_count
        2
    """

    added_count: int = attrs.field(validator=[whole_number_field(), _not_zero])


def _rising_days(
    instance: object,
    attribute: attrs.Attribute[tuple[dt.date, ...]],
    value: tuple[dt.date, ...],
) -> None:
    tuple_field(dt.date)(instance, attribute, value)
    for on in value:
        day(attribute.name, on)
    if not value:
        raise InvalidValueError(attribute.name, "must have 1 date or more", value)
    for before_on, on in pairwise(value):
        if on <= before_on:
            rule = f"must come after {before_on}, the date before it"
            raise InvalidValueError(attribute.name, rule, on)


@attrs.frozen(kw_only=True)
class Replanned:
    """What is not due yet was planned again: other dates, another cycle, or method.

    It holds from the event's day on, by exact fractions only: what is due by then
    stays. The principal that is left is repaid as a loan of its own would be.

    Attributes:
        due_on: Due dates of all installments to come, before any is moved to a
            business day: they rise, and are due after the event's day; 1 or more.
        frequency: How far they are apart by agreement; later changes count by it, and
            so does interest that is counted by periods.
        method: How what is left is repaid; None, or the method that the loan has: it
            goes on. Weights and amounts are those of the installments to come.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Frequency
        >>> from microcrm_core.ledger import Replanned
        >>> weekly = Replanned(
        ...     due_on=(dt.date(2025, 2, 24), dt.date(2025, 3, 3)),
        ...     frequency=Frequency.WEEKLY,
        ... )
        >>> len(weekly.due_on), weekly.method is None
        (2, True)
    """

    due_on: tuple[dt.date, ...] = attrs.field(validator=_rising_days)
    frequency: Frequency = attrs.field(validator=kind_field(Frequency))
    method: RepaymentMethod | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(kind_field(*get_args(RepaymentMethod))),
    )


@attrs.frozen(kw_only=True)
class ReAged:
    """What is owed was put on new installments.

    Attributes:
        start_on: Due date of the first of them.
        frequency: How far they are apart.
        installment_count: How many there are; 1 or more.
        interest: What becomes of interest.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Frequency
        >>> from microcrm_core.ledger import ReAged
        >>> again = ReAged(
        ...     start_on=dt.date(2025, 6, 1),
        ...     frequency=Frequency.MONTHLY,
        ...     installment_count=6,
        ... )
        >>> again.interest.value
        'level'
    """

    start_on: dt.date = attrs.field(validator=day_field)
    frequency: Frequency = attrs.field(validator=kind_field(Frequency))
    installment_count: int = attrs.field(validator=whole_number_field(at_least=1))
    interest: ReAgedInterest = attrs.field(
        default=ReAgedInterest.LEVEL, validator=kind_field(ReAgedInterest)
    )


@attrs.frozen
class ReAmortized:
    """What is overdue was spread over the installments that are still to come.

    Attributes:
        interest: What becomes of interest.

    Raises:
        InvalidValueError: It is of another kind.

    Example:
        >>> from microcrm_core.ledger import ReAmortized
        >>> ReAmortized().interest.value
        'level'
    """

    interest: ReAgedInterest = attrs.field(
        default=ReAgedInterest.LEVEL, validator=kind_field(ReAgedInterest)
    )


@attrs.frozen
class ArrearsCapitalized:
    """Overdue interest, fees and penalties became principal.

    Example:
        >>> from microcrm_core.ledger import ArrearsCapitalized
        >>> ArrearsCapitalized() == ArrearsCapitalized()
        True
    """
