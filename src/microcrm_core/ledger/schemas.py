"""JSON Schemas of ledger events, policies and loan states, in draft 2020-12.

For service users who send events, keep policies or read states in another language. A
schema knows the shape: which types of events, which keys, which choices. Rules that tie
parts to each other are checked by the readers of `ledger_events_plain` and
`ledger_policies_plain`; a state is written and has no reader. See `loans.schemas` for
what a schema cannot tell.

Example:
    >>> from microcrm_core.ledger.schemas import json_schema_of_ledger_event
    >>> schema = json_schema_of_ledger_event()
    >>> schema["$defs"]["loan.repaid"]["properties"]["payload"]["required"]
    ['amount']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import attrs

from microcrm_core.ledger.allocation_orders import (
    Bucket,
    DueState,
    InAdvance,
    Processing,
)
from microcrm_core.ledger.happenings import (
    HAPPENINGS,
    ChargeBase,
    ChargeKind,
    ReAgedInterest,
)
from microcrm_core.ledger.ledger_events_plain import LEDGER_SCHEMA_VERSION
from microcrm_core.ledger.ledger_policies import (
    ChargeOffInterest,
    ChargesInAdvance,
    EarlyInterest,
    EarlyPayment,
    LateInterest,
)
from microcrm_core.ledger.loan_states_plain import LOAN_STATE_FORM_VERSION
from microcrm_core.ledger.loan_statuses import LoanStatus
from microcrm_core.ledger.repayment_kinds import RepaymentKind
from microcrm_core.ledger.row_accounts import RowKind
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
from microcrm_core.loans.schemas import loan_definitions
from microcrm_core.rules.plain import Plain

__all__ = [
    "json_schema_of_ledger_event",
    "json_schema_of_ledger_policy",
    "json_schema_of_loan_state",
]

_MOMENT: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})"
)
_BUCKETS: Final = tuple(bucket.name.lower() for bucket in Bucket)


def json_schema_of_ledger_event() -> Plain:
    """Return the JSON Schema of the events that `ledger_event_to_json` writes.

    Each type of event has a definition of its name. `ledger_event_from_json` reads them
    all; besides, it takes days and moments in every form of ISO 8601.

    Example:
        >>> from microcrm_core.ledger.schemas import json_schema_of_ledger_event
        >>> len(json_schema_of_ledger_event()["$defs"]["ledger_event"]["anyOf"])
        23
    """
    return _document_of("ledger_event", "Event of a loan")


def json_schema_of_ledger_policy() -> Plain:
    """Return the JSON Schema of what `ledger_policy_from_plain` reads.

    Example:
        >>> from microcrm_core.ledger.schemas import json_schema_of_ledger_policy
        >>> json_schema_of_ledger_policy()["$defs"]["ledger_policy"]["required"]
        ['id', 'allocation']
    """
    return _document_of("ledger_policy", "Policy by which a loan is kept")


def json_schema_of_loan_state() -> Plain:
    """Return the JSON Schema of what `loan_state_to_plain` writes.

    Example:
        >>> from microcrm_core.ledger.schemas import json_schema_of_loan_state
        >>> schema = json_schema_of_loan_state()
        >>> schema["$defs"]["loan_state"]["properties"]["version"]
        {'const': 1}
    """
    return _document_of("loan_state", "State of a loan")


def _document_of(name: str, title: str) -> Plain:
    own: dict[str, Plain] = {
        "moment": text_schema(_MOMENT) | {"format": "date-time"},
        "bucket": {"enum": [*_BUCKETS]},
        "by_bucket": object_schema(dict.fromkeys(_BUCKETS, whole_schema(0))),
        **{type_: _event(type_) for type_ in HAPPENINGS},
        "ledger_event": {"anyOf": [schema_ref(type_) for type_ in HAPPENINGS]},
        "allocation_order": _allocation_order(),
        "ledger_policy": _ledger_policy(),
        "row": _row(),
        "posting": _posting(),
        "loan_state": _loan_state(),
    }
    return schema_document(name, title, loan_definitions() | own)


# By the name of the field, which means the same in every happening.
_FIELDS: Final[Mapping[str, Callable[[], Plain]]] = {
    "added_count": lambda: whole_schema() | {"not": {"const": 0}},
    "amount": lambda: schema_ref("positive_amount"),
    "base": lambda: choice_schema(ChargeBase),
    "charge_id": lambda: schema_ref("text"),
    "count": lambda: whole_schema(1),
    "due_on": lambda: or_null(schema_ref("date")),
    "event_id": lambda: schema_ref("text"),
    "frequency": lambda: schema_ref("frequency"),
    "from_on": lambda: schema_ref("date"),
    "installment_count": lambda: whole_schema(1),
    "interest": lambda: choice_schema(ReAgedInterest),
    "is_down_payment_taken": flag_schema,
    "last_on": lambda: schema_ref("date"),
    "method": lambda: or_null(schema_ref("method")),
    "new_loan_id": lambda: schema_ref("text"),
    "nominal_rate": lambda: schema_ref("exact"),
    "portion": lambda: schema_ref("portion"),
    "repayment_id": lambda: schema_ref("text"),
    "start_on": lambda: schema_ref("date"),
    "to_on": lambda: schema_ref("date"),
}
# Two things of one name, by the type of the event.
_OWN: Final[Mapping[tuple[str, str], Callable[[], Plain]]] = {
    ("loan.repaid", "kind"): lambda: choice_schema(RepaymentKind),
    ("loan.charged", "kind"): lambda: choice_schema(ChargeKind),
    ("loan.replanned", "due_on"): lambda: list_schema(schema_ref("date"), at_least=1),
}


def _event(type_: str) -> Plain:
    needed: dict[str, Plain] = {}
    optional: dict[str, Plain] = {}
    for field in attrs.fields(HAPPENINGS[type_]):
        schema = (_OWN.get((type_, field.name)) or _FIELDS[field.name])()
        (needed if field.default is attrs.NOTHING else optional)[field.name] = schema
    return object_schema(
        {
            "id": schema_ref("text"),
            "type": {"const": type_},
            "schema_version": {"const": LEDGER_SCHEMA_VERSION},
            "stream_id": schema_ref("text"),
            "value_on": schema_ref("date"),
            "recorded_at": schema_ref("moment"),
            "idempotency_key": schema_ref("text"),
            "payload": object_schema(needed, optional),
        }
    )


def _allocation_order() -> Plain:
    place: Plain = {
        "type": "array",
        "prefixItems": [choice_schema(DueState), schema_ref("bucket")],
        "minItems": 2,
        "maxItems": 2,
    }
    place_count = len(DueState) * len(Bucket)
    places = list_schema(place, at_least=place_count, at_most=place_count)
    return object_schema(
        {"places": places | {"uniqueItems": True}},
        {
            "in_advance": choice_schema(InAdvance),
            "processing": choice_schema(Processing),
        },
    )


def _ledger_policy() -> Plain:
    order = schema_ref("allocation_order")
    buckets = list_schema(schema_ref("bucket"), at_most=len(Bucket))
    return object_schema(
        {"id": schema_ref("text"), "allocation": order},
        {
            "version": whole_schema(1),
            "allocation_by_kind": object_schema(
                optional=dict.fromkeys([kind.value for kind in RepaymentKind], order)
            ),
            "charges_in_advance": choice_schema(ChargesInAdvance),
            "early_payment": choice_schema(EarlyPayment),
            "early_interest": choice_schema(EarlyInterest),
            "late_interest": choice_schema(LateInterest),
            "charge_off_interest": choice_schema(ChargeOffInterest),
            "interest_refund_kinds": list_schema(choice_schema(RepaymentKind)),
            "chargeback_order": buckets | {"uniqueItems": True},
            "is_down_payment_automatic": flag_schema(),
        },
    )


def _row() -> Plain:
    return object_schema(
        {
            "number": whole_schema(1),
            "kind": choice_schema(RowKind),
            "from_on": schema_ref("date"),
            "due_on": schema_ref("date"),
            "charged_minor": schema_ref("by_bucket"),
            "paid_minor": schema_ref("by_bucket"),
            "waived_minor": schema_ref("by_bucket"),
            "outstanding_minor": whole_schema(0),
            "paid_early_minor": whole_schema(0),
            "paid_late_minor": whole_schema(0),
            "credited_minor": whole_schema(0),
            "settled_on": or_null(schema_ref("date")),
        }
    )


def _posting() -> Plain:
    part = object_schema(
        {
            "row_number": or_null(whole_schema(1)),
            "bucket": schema_ref("bucket"),
            "amount_minor": whole_schema(0),
            "state": choice_schema(DueState),
        }
    )
    return object_schema(
        {
            "event_id": schema_ref("text"),
            "type": {"enum": [*HAPPENINGS]},
            "value_on": schema_ref("date"),
            "amount_minor": whole_schema(0),
            "parts_minor": schema_ref("by_bucket"),
            # Credit that an event uses, and what goes out again, is below zero.
            "credit_minor": whole_schema(),
            "recovered_minor": whole_schema(),
            "balance_minor": whole_schema(0),
            "is_reversed": flag_schema(),
            "parts": list_schema(part),
        }
    )


def _loan_state() -> Plain:
    next_due = object_schema(
        {"due_on": schema_ref("date"), "amount_minor": whole_schema(1)}
    )
    disbursement = object_schema(
        {"value_on": schema_ref("date"), "amount_minor": whole_schema(1)}
    )
    policy = object_schema({"id": schema_ref("text"), "version": whole_schema(1)})
    return object_schema(
        {
            "version": {"const": LOAN_STATE_FORM_VERSION},
            "currency": schema_ref("currency"),
            "terms": schema_ref("terms"),
            "conventions": schema_ref("conventions"),
            "policy": policy,
            "as_of": schema_ref("date"),
            "known_at": or_null(schema_ref("moment")),
            "status": choice_schema(LoanStatus),
            "outstanding_minor": schema_ref("by_bucket"),
            "due_minor": schema_ref("by_bucket"),
            "overdue_minor": schema_ref("by_bucket"),
            "payoff_minor": schema_ref("by_bucket"),
            "credit_minor": whole_schema(0),
            "recovered_minor": whole_schema(0),
            "accrued_interest_minor": whole_schema(0),
            "days_past_due": whole_schema(0),
            "next_due": or_null(next_due),
            "disbursements": list_schema(disbursement),
            "rows": list_schema(schema_ref("row"), at_least=1),
            "postings": list_schema(schema_ref("posting")),
        }
    )
