"""JSON Schemas of requests for an adjustment and of their policies, in draft 2020-12.

For service users who send requests or keep policies in another language. A schema knows
the shape, and of the rules that tie parts to each other those that can be said in it;
the readers of `requests_plain` and `adjustment_policies_plain` check them all. See
`loans.schemas` for what a schema cannot tell.

Example:
    >>> from microcrm_core.adjustments import json_schema_of_adjustment_request
    >>> schema = json_schema_of_adjustment_request()
    >>> schema["$defs"]["extend_term"]["required"]
    ['kind', 'added_count']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from microcrm_core.adjustments.adjustment_policies import (
    COUNT_MAX,
    VALID_DAYS_MAX,
    AbsorbedBy,
    ForbearanceRule,
)
from microcrm_core.adjustments.date_requests import DAYS_MAX, MoveDirection
from microcrm_core.adjustments.requests import REQUESTS, AdjustmentKind
from microcrm_core.ledger import EarlyPayment, ReAgedInterest
from microcrm_core.loans import INSTALLMENT_COUNT_MAX, RateMeasure
from microcrm_core.loans.schema_parts import (
    choice_schema,
    flag_schema,
    list_schema,
    object_schema,
    or_null,
    schema_document,
    schema_ref,
    whole_schema,
)
from microcrm_core.loans.schemas import loan_definitions
from microcrm_core.rules.plain import Plain

__all__ = ["json_schema_of_adjustment_policy", "json_schema_of_adjustment_request"]


def json_schema_of_adjustment_request() -> Plain:
    """Return the JSON Schema of what `adjustment_request_from_plain` reads.

    Each kind of request has a definition of its name.

    Example:
        >>> from microcrm_core.adjustments import json_schema_of_adjustment_request
        >>> schema = json_schema_of_adjustment_request()
        >>> len(schema["$defs"]["adjustment_request"]["anyOf"])
        12
    """
    return _document_of("adjustment_request", "Request to adjust a loan")


def json_schema_of_adjustment_policy() -> Plain:
    """Return the JSON Schema of what `adjustment_policy_from_plain` reads.

    Example:
        >>> from microcrm_core.adjustments import json_schema_of_adjustment_policy
        >>> schema = json_schema_of_adjustment_policy()
        >>> schema["$defs"]["adjustment_policy"]["required"][:3]
        ['id', 'version', 'rules']
    """
    return _document_of("adjustment_policy", "Policy by which loans are adjusted")


def _document_of(name: str, title: str) -> Plain:
    own: dict[str, Plain] = {
        **{kind.value: _request(kind) for kind in AdjustmentKind},
        "adjustment_request": {
            "anyOf": [schema_ref(kind.value) for kind in AdjustmentKind]
        },
        "adjustment_rule": _rule(),
        "adjustment_policy": _policy(),
    }
    return schema_document(name, title, loan_definitions() | own)


def _not_zero(most: int) -> Plain:
    return whole_schema(-most, most) | {"not": {"const": 0}}


# By the name of the field, which means the same in every request.
_FIELDS: Final[Mapping[str, Callable[[], Plain]]] = {
    "added_count": lambda: _not_zero(INSTALLMENT_COUNT_MAX),
    "amount": lambda: or_null(schema_ref("positive_amount")),
    "count": lambda: whole_schema(1, INSTALLMENT_COUNT_MAX),
    "day": lambda: or_null(whole_schema(1, 31)),
    "days": lambda: _not_zero(DAYS_MAX),
    "direction": lambda: choice_schema(MoveDirection),
    "effect": lambda: or_null(choice_schema(EarlyPayment)),
    "first_due_on": lambda: or_null(schema_ref("date")),
    "frequency": lambda: schema_ref("frequency"),
    "from_on": lambda: or_null(schema_ref("date")),
    "interest": lambda: choice_schema(ReAgedInterest),
    "is_interest_free": flag_schema,
    "month_weights": lambda: list_schema(schema_ref("exact"), at_least=12, at_most=12),
    "new_loan_id": lambda: schema_ref("text"),
    "nominal_rate": lambda: schema_ref("exact"),
    "settlement_account": lambda: schema_ref("text"),
    "start_on": lambda: schema_ref("date"),
    "terms": lambda: schema_ref("terms"),
    "weekday": lambda: or_null(whole_schema(1, 7)),
}


def _request(kind: AdjustmentKind) -> Plain:
    needed: dict[str, Plain] = {"kind": {"const": kind.value}}
    optional: dict[str, Plain] = {}
    for field in attrs.fields(REQUESTS[kind]):
        is_needed = field.default is attrs.NOTHING
        (needed if is_needed else optional)[field.name] = _field(field.name, is_needed)
    return object_schema(needed, optional) | _TIES.get(kind, {})


def _field(name: str, is_needed: bool) -> Plain:
    if name == "installment_count":
        count = whole_schema(1, INSTALLMENT_COUNT_MAX)
        return count if is_needed else or_null(count)
    return _FIELDS[name]()


def _has(name: str, type_: str) -> Plain:
    return {"properties": {name: {"type": type_}}, "required": [name]}


# What ties the parts of a request to each other.
_TIES: Final[Mapping[AdjustmentKind, Plain]] = {
    # Exactly one of the two days.
    AdjustmentKind.CHANGE_DUE_DAY: {
        "oneOf": [_has("day", "integer"), _has("weekday", "integer")]
    },
    # Where all is paid, nothing is left to change.
    AdjustmentKind.PREPAY: {
        "anyOf": [
            _has("amount", "object"),
            {"properties": {"effect": {"type": "null"}}},
        ]
    },
}


def _rule() -> Plain:
    return object_schema(
        optional={
            "is_offered": flag_schema(),
            "yearly_max": or_null(whole_schema(1, COUNT_MAX)),
            "seasoning_days_min": whole_schema(0, DAYS_MAX),
            "paid_count_min": whole_schema(0, COUNT_MAX),
            "days_past_due_max": or_null(whole_schema(0, DAYS_MAX)),
            "move_days_max": or_null(whole_schema(0, DAYS_MAX)),
            "added_count_max": or_null(whole_schema(0, COUNT_MAX)),
            "needs_approval": flag_schema(),
            "forbearance": choice_schema(ForbearanceRule),
            "may_lower_days_past_due": flag_schema(),
        }
    )


def _policy() -> Plain:
    # Arrears must not vanish from both counts, except where money comes in.
    hidden: Plain = {
        "properties": {
            "forbearance": {"const": ForbearanceRule.NEVER.value},
            "may_lower_days_past_due": {"const": True},
        },
        "required": ["forbearance", "may_lower_days_past_due"],
    }
    shown: Plain = {"allOf": [schema_ref("adjustment_rule"), {"not": hidden}]}
    rules: dict[str, Plain] = {kind.value: shown for kind in AdjustmentKind}
    rules[AdjustmentKind.PREPAY.value] = schema_ref("adjustment_rule")
    day = or_null(schema_ref("date"))
    return object_schema(
        {
            "id": schema_ref("text"),
            "version": schema_ref("text"),
            "rules": object_schema(optional=rules),
            "yearly_max": or_null(whole_schema(1, COUNT_MAX)),
            "difficulty_days": or_null(whole_schema(1, DAYS_MAX)),
            "absorbed_by": choice_schema(AbsorbedBy),
            "cost_measure": choice_schema(RateMeasure),
            "valid_days": whole_schema(0, VALID_DAYS_MAX),
        },
        {"effective_from": day, "effective_until": day},
    )
