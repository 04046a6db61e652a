"""JSON Schema of quotes, in draft 2020-12.

For those who read quotes in another language. A quote is written and has no reader. See
`loans.schemas` for what a schema cannot tell.

Example:
    >>> from microcrm_core.adjustments import json_schema_of_adjustment_quote
    >>> schema = json_schema_of_adjustment_quote()
    >>> schema["$defs"]["adjustment_quote"]["properties"]["version"]
    {'const': 1}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from microcrm_core.adjustments.adjustment_policies import AbsorbedBy
from microcrm_core.adjustments.adjustment_quotes import AdjustmentOutcome
from microcrm_core.adjustments.quote_lines import LineChange
from microcrm_core.adjustments.quote_plain import QUOTE_FORM_VERSION
from microcrm_core.adjustments.requests import AdjustmentKind
from microcrm_core.adjustments.schemas import json_schema_of_adjustment_request
from microcrm_core.ledger.happenings import HAPPENINGS
from microcrm_core.ledger.schemas import (
    json_schema_of_ledger_event,
    json_schema_of_loan_state,
)
from microcrm_core.loans.cap_findings import CapOutcome
from microcrm_core.loans.rate_measures import RateMeasure, RateOutcome
from microcrm_core.loans.schema_parts import (
    choice_schema,
    flag_schema,
    list_schema,
    object_schema,
    or_null,
    schema_document,
    schema_ref,
    text_schema,
    whole_schema,
)
from microcrm_core.rules.plain import Plain

__all__ = ["json_schema_of_adjustment_quote"]

_FLOAT = r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?"
_PERCENT = r"-?[0-9]+(\.[0-9]+)?"


def json_schema_of_adjustment_quote() -> Plain:
    """Return the JSON Schema of what `adjustment_quote_to_plain` writes.

    Example:
        >>> from microcrm_core.adjustments import json_schema_of_adjustment_quote
        >>> schema = json_schema_of_adjustment_quote()
        >>> schema["$defs"]["adjustment_line"]["properties"]["change"]["enum"]
        ['kept', 'moved', 'changed', 'added', 'removed']
    """
    known = {
        **_definitions(json_schema_of_ledger_event()),
        **_definitions(json_schema_of_adjustment_request()),
        **_definitions(json_schema_of_loan_state()),
    }
    own: dict[str, Plain] = {
        "planned_change": _change(known),
        "adjustment_line": _line(),
        "solved_rate": _rate(),
        "arrears_figures": object_schema(
            {
                "days_past_due": whole_schema(0),
                "overdue_minor": schema_ref("by_bucket"),
            }
        ),
        "renewal": _renewal(),
        "adjustment_quote": _quote(),
    }
    return schema_document("adjustment_quote", "Quote of an adjustment", known | own)


def _definitions(document: Plain) -> dict[str, Plain]:
    return cast("dict[str, Plain]", document["$defs"])


def _change(known: Mapping[str, Plain]) -> Plain:
    """Return the schema of a change: its payload is that of its event."""
    return {
        "anyOf": [
            object_schema(
                {
                    "type": {"const": type_},
                    "value_on": schema_ref("date"),
                    "kind": choice_schema(AdjustmentKind),
                    "absorbed_by": or_null(choice_schema(AbsorbedBy)),
                    "payload": cast("dict[str, Plain]", known[type_]["properties"])[
                        "payload"
                    ],
                }
            )
            for type_ in HAPPENINGS
        ]
    }


def _line() -> Plain:
    return object_schema(
        {
            "number": whole_schema(1),
            "change": choice_schema(LineChange),
            "due_on_before": or_null(schema_ref("date")),
            "due_on_after": or_null(schema_ref("date")),
            "asked_before_minor": or_null(schema_ref("by_bucket")),
            "asked_after_minor": or_null(schema_ref("by_bucket")),
        }
    )


def _rate() -> Plain:
    return object_schema(
        {
            "outcome": choice_schema(RateOutcome),
            "rate": or_null(text_schema(_FLOAT)),
            "disclosed_percent": or_null(text_schema(_PERCENT)),
        }
    )


def _renewal() -> Plain:
    return object_schema(
        {
            "new_loan_id": schema_ref("text"),
            "terms": schema_ref("terms"),
            "paid_out_minor": whole_schema(1),
            "payoff_minor": schema_ref("by_bucket"),
            "upfront_fees_minor": whole_schema(0),
            "net_disbursement_minor": whole_schema(),
            "exposure_minor": whole_schema(1),
            "limit_minor": or_null(whole_schema(0)),
        }
    )


def _quote() -> Plain:
    text, date = schema_ref("text"), schema_ref("date")
    rate = schema_ref("solved_rate")
    cost = object_schema(
        {
            "measure": choice_schema(RateMeasure),
            "before": rate,
            "after": rate,
            "delta": or_null(text_schema(_FLOAT)),
        }
    )
    finding = object_schema(
        {
            "cap": text,
            "outcome": choice_schema(CapOutcome),
            **dict.fromkeys(
                ("value", "limit", "headroom", "breaking_charge"), or_null(text)
            ),
        }
    )
    caps = object_schema(
        {"outcome": choice_schema(CapOutcome), "findings": list_schema(finding)}
    )
    policy = object_schema({"id": text, "version": text, "digest": text})
    class_effect = object_schema(
        {"policy": policy, "before": or_null(text), "after": or_null(text)}
    )
    concession = object_schema(
        {
            "granted_on": date,
            "is_in_difficulty": flag_schema(),
            "first_due_on": or_null(date),
            "is_non_performing": or_null(flag_schema()),
        }
    )
    return object_schema(
        {
            "version": {"const": QUOTE_FORM_VERSION},
            "loan_id": text,
            "currency": schema_ref("currency"),
            "as_of": date,
            "known_at": or_null(schema_ref("moment")),
            "valid_until": date,
            "basis": text,
            "requests": list_schema(schema_ref("adjustment_request"), at_least=1),
            "outcome": choice_schema(AdjustmentOutcome),
            "changes": list_schema(schema_ref("planned_change")),
            "absorbed_by": list_schema(choice_schema(AbsorbedBy)),
            "lines": list_schema(schema_ref("adjustment_line")),
            "interest_before_minor": whole_schema(0),
            "interest_after_minor": or_null(whole_schema(0)),
            "interest_delta_minor": or_null(whole_schema()),
            "total_delta_minor": or_null(whole_schema()),
            "capitalized_minor": whole_schema(0),
            "days_moved_max": whole_schema(0),
            "cost": or_null(cost),
            "caps": or_null(caps),
            "arrears_before": schema_ref("arrears_figures"),
            "arrears_after": or_null(schema_ref("arrears_figures")),
            "classes": list_schema(class_effect),
            "is_forbearance": or_null(flag_schema()),
            "concession": or_null(concession),
            "renewal": or_null(schema_ref("renewal")),
            "before": schema_ref("loan_state"),
            "after": or_null(schema_ref("loan_state")),
        }
    )
