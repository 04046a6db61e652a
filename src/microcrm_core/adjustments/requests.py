"""Requests: what a customer or a lender asks to change in a loan.

A request says what is wanted, in the words of the counter: another due day, a month
without an installment, all paid off today. It knows no arithmetic and no day on which
it is judged: `quote_adjustment` works out what it would change, and a policy of
`adjustment_policies` whether it may. Several requests make one quote, in their order.

Requests for other dates are in `date_requests`, those about money in `money_requests`;
here are their kinds and the table of all.

Example:
    >>> from microcrm_core.adjustments import ChangeDueDay, ExtendTerm, kind_of
    >>> [kind_of(one).value for one in (ChangeDueDay(day=15), ExtendTerm(2))]
    ['change_due_day', 'extend_term']
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias, cast

from microcrm_core.adjustments.date_requests import (
    ChangeDueDay,
    ChangeFrequency,
    ExtendTerm,
    MoveDirection,
    PaymentHoliday,
    SeasonalPlan,
    ShiftDueDates,
)
from microcrm_core.adjustments.money_requests import (
    CapitalizeArrears,
    ChangeRate,
    Prepay,
    ReAge,
    ReAmortize,
    Renew,
)
from microcrm_core.errors import InvalidValueError

__all__ = [
    "REQUESTS",
    "AdjustmentKind",
    "AdjustmentRequest",
    "CapitalizeArrears",
    "ChangeDueDay",
    "ChangeFrequency",
    "ChangeRate",
    "ExtendTerm",
    "MoveDirection",
    "PaymentHoliday",
    "Prepay",
    "ReAge",
    "ReAmortize",
    "Renew",
    "SeasonalPlan",
    "ShiftDueDates",
    "kind_of",
    "requests_of",
]


class AdjustmentKind(StrEnum):
    """What a request asks for.

    Attributes:
        CHANGE_DUE_DAY: Another day of the month or of the week.
        SHIFT_DUE_DATES: All due dates to come so many days later or earlier.
        PAYMENT_HOLIDAY: Some periods without an installment.
        EXTEND_TERM: More installments, or fewer.
        PREPAY: Money before it is due, or all that is owed.
        CHANGE_RATE: Another nominal rate.
        CAPITALIZE_ARREARS: Overdue interest and charges become principal.
        RE_AGE: All that is owed on new installments.
        RE_AMORTIZE: What is overdue spread over the installments to come.
        CHANGE_FREQUENCY: Weekly instead of monthly, and so on.
        SEASONAL_PLAN: Installments that follow the seasons.
        RENEW: A new loan that pays this one off.

    Example:
        >>> from microcrm_core.adjustments import AdjustmentKind
        >>> AdjustmentKind("renew").name
        'RENEW'
    """

    CHANGE_DUE_DAY = "change_due_day"
    SHIFT_DUE_DATES = "shift_due_dates"
    PAYMENT_HOLIDAY = "payment_holiday"
    EXTEND_TERM = "extend_term"
    PREPAY = "prepay"
    CHANGE_RATE = "change_rate"
    CAPITALIZE_ARREARS = "capitalize_arrears"
    RE_AGE = "re_age"
    RE_AMORTIZE = "re_amortize"
    CHANGE_FREQUENCY = "change_frequency"
    SEASONAL_PLAN = "seasonal_plan"
    RENEW = "renew"


AdjustmentRequest: TypeAlias = (
    ChangeDueDay
    | ShiftDueDates
    | PaymentHoliday
    | ExtendTerm
    | Prepay
    | ChangeRate
    | CapitalizeArrears
    | ReAge
    | ReAmortize
    | ChangeFrequency
    | SeasonalPlan
    | Renew
)
"""What may be asked for."""

REQUESTS: Final[Mapping[AdjustmentKind, type[AdjustmentRequest]]] = MappingProxyType(
    {
        AdjustmentKind.CHANGE_DUE_DAY: ChangeDueDay,
        AdjustmentKind.SHIFT_DUE_DATES: ShiftDueDates,
        AdjustmentKind.PAYMENT_HOLIDAY: PaymentHoliday,
        AdjustmentKind.EXTEND_TERM: ExtendTerm,
        AdjustmentKind.PREPAY: Prepay,
        AdjustmentKind.CHANGE_RATE: ChangeRate,
        AdjustmentKind.CAPITALIZE_ARREARS: CapitalizeArrears,
        AdjustmentKind.RE_AGE: ReAge,
        AdjustmentKind.RE_AMORTIZE: ReAmortize,
        AdjustmentKind.CHANGE_FREQUENCY: ChangeFrequency,
        AdjustmentKind.SEASONAL_PLAN: SeasonalPlan,
        AdjustmentKind.RENEW: Renew,
    }
)
"""The type of a request by its kind."""

_KIND_OF: Final = {type_: kind for kind, type_ in REQUESTS.items()}
_TYPES: Final = tuple(_KIND_OF)


def kind_of(request: AdjustmentRequest) -> AdjustmentKind:
    """Return what *request* asks for.

    Example:
        >>> from microcrm_core.adjustments import ShiftDueDates, kind_of
        >>> kind_of(ShiftDueDates(7)).value
        'shift_due_dates'
    """
    return _KIND_OF[type(request)]


def requests_of(
    requests: AdjustmentRequest | Iterable[AdjustmentRequest],
) -> tuple[AdjustmentRequest, ...]:
    """Return one request or several as a tuple in their order.

    A renewal ends the loan, so nothing else is asked for with it.

    Raises:
        InvalidValueError: There is none, one is of another kind, or a `Renew` does not
            stand alone.

    Example:
        >>> from microcrm_core.adjustments import ExtendTerm, requests_of
        >>> requests_of(ExtendTerm(2))
        (ExtendTerm(added_count=2),)
    """
    given: object = requests
    if isinstance(given, _TYPES):
        return (given,)
    if not isinstance(given, Iterable):
        rule = "must be a request, or several"
        raise InvalidValueError("requests", rule, given)
    several = tuple(cast("Iterable[object]", given))
    for index, one in enumerate(several):
        if not isinstance(one, _TYPES):
            rule = "must be a request, such as ChangeDueDay(day=15)"
            raise InvalidValueError(f"requests[{index}]", rule, one)
    if not several:
        raise InvalidValueError("requests", "must be 1 or more", several)
    if len(several) > 1 and any(isinstance(one, Renew) for one in several):
        rule = "must hold nothing else where it has a Renew"
        raise InvalidValueError("requests", rule, [*map(_kind_text, several)])
    return cast("tuple[AdjustmentRequest, ...]", several)


def _kind_text(request: object) -> str:
    return kind_of(cast("AdjustmentRequest", request)).value
