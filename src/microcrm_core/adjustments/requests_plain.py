"""Requests as plain JSON values, and back: strict, with the path to a fault.

A request comes from a branch or an app as a JSON object whose `kind` says what is asked
for and which other keys there are. When writing, every part is there; parts that have a
default may be left out when reading. A key that is not known is refused, since leaving
it out could change what the customer gets.

Example:
    >>> from microcrm_core.adjustments import ChangeDueDay
    >>> from microcrm_core.adjustments import adjustment_request_from_plain
    >>> plain = {"kind": "change_due_day", "day": 15}
    >>> adjustment_request_from_plain(plain) == ChangeDueDay(day=15)
    True
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

import attrs

from microcrm_core.adjustments.date_requests import MoveDirection
from microcrm_core.adjustments.requests import (
    REQUESTS,
    AdjustmentKind,
    AdjustmentRequest,
    kind_of,
)
from microcrm_core.errors import PolicyError
from microcrm_core.ledger import EarlyPayment, ReAgedInterest
from microcrm_core.loans import terms_from_plain, terms_to_plain
from microcrm_core.loans.plain_values import (
    fraction_text,
    money_from_plain,
    money_to_plain,
    plain_flag,
    plain_fraction,
    plain_items,
    plain_kind,
    plain_rate,
    plain_whole,
    rate_text,
)
from microcrm_core.loans.terms_plain import plain_frequency
from microcrm_core.rules.plain import (
    Plain,
    faults_below,
    plain_choice,
    plain_day,
    plain_mapping,
    plain_text,
)

__all__ = ["adjustment_request_from_plain", "adjustment_request_to_plain"]

_MONTHS: Final = 12

E = TypeVar("E", bound=StrEnum)


@attrs.frozen
class _Codec:
    """How one field is written and read."""

    # Of whatever type the field is; the request checks what it is given.
    write: Callable[[Any], object]
    read: Callable[[object, str], object]


def _itself(value: object) -> object:
    return value


def _or_none(codec: _Codec) -> _Codec:
    return _Codec(
        lambda value: None if value is None else codec.write(value),
        lambda value, path: None if value is None else codec.read(value, path),
    )


def _choice(kind: type[E]) -> _Codec:
    def read(value: object, path: str) -> E:
        return plain_choice(kind, value, path)

    return _Codec(str, read)


def _weights(value: object, path: str) -> tuple[object, ...]:
    items = plain_items(value, path, at_least=_MONTHS, at_most=_MONTHS)
    return tuple(plain_fraction(item, f"{path}[{i}]") for i, item in enumerate(items))


def _account(value: object, path: str) -> object:
    if not isinstance(value, str):
        # What was found is left out: accounts are personal, and errors are logged.
        raise PolicyError(path, "must be text", type(value).__name__)
    return value


_DAY: Final = _or_none(_Codec(dt.date.isoformat, plain_day))
_WHOLE: Final = _Codec(_itself, plain_whole)
_OPTIONAL_WHOLE: Final = _or_none(_WHOLE)
# By the name of the field, which means the same in every request.
_CODECS: Final[Mapping[str, _Codec]] = {
    "added_count": _WHOLE,
    "amount": _or_none(_Codec(money_to_plain, money_from_plain)),
    "count": _WHOLE,
    "day": _OPTIONAL_WHOLE,
    "days": _WHOLE,
    "direction": _choice(MoveDirection),
    "effect": _or_none(_choice(EarlyPayment)),
    "first_due_on": _DAY,
    "frequency": _Codec(str, plain_frequency),
    "from_on": _DAY,
    "installment_count": _OPTIONAL_WHOLE,
    "interest": _choice(ReAgedInterest),
    "is_interest_free": _Codec(_itself, plain_flag),
    "month_weights": _Codec(
        lambda weights: [fraction_text(weight) for weight in weights], _weights
    ),
    "new_loan_id": _Codec(str, plain_text),
    "nominal_rate": _Codec(rate_text, plain_rate),
    "settlement_account": _Codec(str, _account),
    "start_on": _Codec(dt.date.isoformat, plain_day),
    "terms": _Codec(
        terms_to_plain, lambda plain, path: terms_from_plain(plain, path=path)
    ),
    "weekday": _OPTIONAL_WHOLE,
}


def adjustment_request_to_plain(request: AdjustmentRequest) -> Plain:
    """Return *request* as a JSON object with every part.

    Example:
        >>> from microcrm_core.adjustments import PaymentHoliday
        >>> from microcrm_core.adjustments import adjustment_request_to_plain
        >>> adjustment_request_to_plain(PaymentHoliday(count=1))["is_interest_free"]
        False
    """
    return {
        "kind": kind_of(request).value,
        **{
            field.name: _CODECS[field.name].write(getattr(request, field.name))
            for field in attrs.fields(type(request))
        },
    }


def adjustment_request_from_plain(
    plain: object, *, path: str = "request"
) -> AdjustmentRequest:
    """Return the request that a JSON object stands for.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: The kind or a key is unknown, a part is missing, of another shape,
            or breaks its rule; the error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.adjustments import adjustment_request_from_plain
        >>> adjustment_request_from_plain({"kind": "shift_due_dates", "days": 2.0})
        Traceback (most recent call last):
        ...
        microcrm_core.errors.PolicyError: request.days must be a whole number, got 2.0
    """
    kind = AdjustmentKind(plain_kind(plain, path, tuple(AdjustmentKind)))
    fields = attrs.fields(REQUESTS[kind])
    needed = [one.name for one in fields if one.default is attrs.NOTHING]
    optional = [one.name for one in fields if one.default is not attrs.NOTHING]
    parts = plain_mapping(plain, path, needed=("kind", *needed), optional=optional)
    values: dict[str, Any] = {
        name: _CODECS[name].read(value, f"{path}.{name}")
        for name, value in parts.items()
        if name != "kind"
    }
    with faults_below(path):
        return REQUESTS[kind](**values)
