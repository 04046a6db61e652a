"""JSON Schemas of plans, terms, conventions and schedules, in draft 2020-12.

For service users who write these forms in another language, or describe an API with
them. A schema knows the shape: which keys, of which type, from which list. Rules that
tie parts to each other, such as dates in order or sums that agree, are checked by the
`_plain` readers; what a reader takes always keeps its schema. A schema cannot tell
1.0 from 1, which the readers do: whole numbers are written without a point. Nor does
it know that there is no 2025-02-30, unless the validator checks the format `date`.

Example:
    >>> from microcrm_core.loans.schemas import json_schema_of_terms
    >>> schema = json_schema_of_terms()
    >>> schema["$ref"], schema["$defs"]["portion"]["maxProperties"]
    ('#/$defs/terms', 1)
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from microcrm_core.currency_table import CURRENCIES
from microcrm_core.dates import BusinessDayRule, DayCount, Frequency, Weekday
from microcrm_core.loans.conventions import (
    Accrual,
    Arithmetic,
    Collision,
    DaysInMonth,
    DaysInYear,
    InterestDate,
    LeapRule,
    Remainder,
    ShortPeriod,
)
from microcrm_core.loans.fees import FeeBase, FeeTiming
from microcrm_core.loans.methods import METHOD_KINDS
from microcrm_core.loans.plans import DeferredInterest, UnpaidInterest
from microcrm_core.loans.schedules_plain import SCHEDULE_FORM_VERSION
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
from microcrm_core.loans.terms import INSTALLMENT_COUNT_MAX
from microcrm_core.rounding import Rounding
from microcrm_core.rules.plain import Plain

__all__ = [
    "json_schema_of_conventions",
    "json_schema_of_plan",
    "json_schema_of_schedule",
    "json_schema_of_terms",
    "loan_definitions",
]

_FREQUENCIES: Final = (
    Frequency.DAILY, Frequency.WEEKLY, Frequency.BIWEEKLY, Frequency.FOUR_WEEKLY,
    Frequency.SEMIMONTHLY, Frequency.MONTHLY, Frequency.QUARTERLY,
    Frequency.SEMIANNUAL, Frequency.YEARLY,
)  # fmt: skip
_DAY_OF_MONTH: Final = "([1-9]|[12][0-9]|3[01])"
# Patterns keep to what every regular expression engine reads alike. A year is not 0000.
_YEAR: Final = "([0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_DATE: Final = f"{_YEAR}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_EXACT: Final = r"[+-]?[0-9]+(\.[0-9]+)?|-?[0-9]+/0*[1-9][0-9]*"
# Above zero and at most 1; of a quotient, which is the larger number is not told.
_SHARE: Final = r"\+?0*(0\.[0-9]*[1-9][0-9]*|1(\.0+)?)|0*[1-9][0-9]*/0*[1-9][0-9]*"
_PERIOD: Final = "P0*[1-9][0-9]*[DWMY]"
_ROLL: Final = (
    f"(day_of_month|end_of_month|next_month_first(_{_DAY_OF_MONTH})?"
    f"|day_{_DAY_OF_MONTH})(_and_{_DAY_OF_MONTH})?"
)


def json_schema_of_plan() -> Plain:
    """Return the JSON Schema of what `plan_from_plain` reads.

    Example:
        >>> from microcrm_core.loans.schemas import json_schema_of_plan
        >>> json_schema_of_plan()["$defs"]["plan"]["required"]
        ['method']
    """
    return _document_of("plan", "Repayment plan of a loan")


def json_schema_of_terms() -> Plain:
    """Return the JSON Schema of what `terms_from_plain` reads.

    Example:
        >>> from microcrm_core.loans.schemas import json_schema_of_terms
        >>> json_schema_of_terms()["title"]
        'Terms of a loan'
    """
    return _document_of("terms", "Terms of a loan")


def json_schema_of_conventions() -> Plain:
    """Return the JSON Schema of what `conventions_from_plain` reads.

    Example:
        >>> from microcrm_core.loans.schemas import json_schema_of_conventions
        >>> json_schema_of_conventions()["$defs"]["conventions"]["required"]
        ['id', 'day_count', 'rounding', 'roll']
    """
    return _document_of("conventions", "Conventions of a schedule")


def json_schema_of_schedule() -> Plain:
    """Return the JSON Schema of what `schedule_from_plain` reads.

    Example:
        >>> from microcrm_core.loans.schemas import json_schema_of_schedule
        >>> schema = json_schema_of_schedule()
        >>> schema["$defs"]["schedule"]["properties"]["version"]
        {'const': 1}
    """
    return _document_of("schedule", "Schedule of a loan")


def _document_of(name: str, title: str) -> Plain:
    return schema_document(name, title, loan_definitions())


def loan_definitions() -> dict[str, Plain]:
    """Return every definition of these schemas by its name, for schemas of other rooms.

    Example:
        >>> from microcrm_core.loans.schemas import loan_definitions
        >>> loan_definitions()["exact"]["type"]
        'string'
    """
    composed: dict[str, Plain] = {
        "method": {"anyOf": [_method(kind) for kind in METHOD_KINDS]},
        "grace": object_schema(
            optional={
                "principal_count": whole_schema(0),
                "interest_payment_count": whole_schema(0),
                "interest_free_count": whole_schema(0),
                "deferred_interest": or_null(choice_schema(DeferredInterest)),
            }
        ),
        "portion": object_schema(
            optional={
                "share": schema_ref("share"),
                "amount": schema_ref("positive_amount"),
            }
        )
        | {"minProperties": 1, "maxProperties": 1},
        "fee": object_schema(
            {
                "name": schema_ref("text"),
                "timing": choice_schema(FeeTiming),
                "portion": schema_ref("portion"),
            },
            {"base": choice_schema(FeeBase), "is_cost_of_credit": flag_schema()},
        ),
        "plan": object_schema(
            {"method": schema_ref("method")},
            {
                "grace": schema_ref("grace"),
                "balloon": or_null(schema_ref("portion")),
                "down_payment": or_null(schema_ref("portion")),
                "fees": list_schema(schema_ref("fee")),
                "unpaid_interest": choice_schema(UnpaidInterest),
            },
        ),
        "terms": _terms(),
        "calendar": _calendar(),
        "conventions": _conventions(),
        "installment": _installment(),
        "schedule": _schedule(),
    }
    return _value_definitions() | composed


def _value_definitions() -> dict[str, Plain]:
    currency = object_schema(
        {
            "code": text_schema("[A-Z][A-Z0-9]{2,11}") | {"not": _iso_currency()},
            "exponent": whole_schema(0, 18),
        },
        {"name": schema_ref("text"), "cash_multiple_minor": whole_schema(1)},
    )
    frequency_names: Plain = {"enum": list(map(str, _FREQUENCIES))}
    return {
        "text": {"type": "string", "minLength": 1, "not": {"pattern": r"^\s|\s$"}},
        "date": text_schema(_DATE) | {"format": "date"},
        "exact": text_schema(_EXACT),
        "share": text_schema(_SHARE),
        "currency": {"anyOf": [_iso_currency(), currency]},
        "amount": object_schema(
            {"currency": schema_ref("currency"), "minor": whole_schema(0)}
        ),
        "positive_amount": object_schema(
            {"currency": schema_ref("currency"), "minor": whole_schema(1)}
        ),
        "frequency": {
            "anyOf": [frequency_names, text_schema(_PERIOD) | {"maxLength": 7}]
        },
    }


def _iso_currency() -> Plain:
    return {"enum": sorted(CURRENCIES)}


def _method(kind: str) -> Plain:
    amounts = {"amounts": list_schema(schema_ref("amount"))}
    needed: dict[str, dict[str, Plain]] = {
        "graduated": {"step_share": schema_ref("exact"), "step_count": whole_schema(1)},
        "weighted": {"weights": list_schema(schema_ref("exact"), at_least=1)},
        "seasonal": {
            "month_weights": list_schema(schema_ref("exact"), at_least=12, at_most=12)
        },
        "custom_principal": amounts,
        "custom_installments": amounts,
    }
    optional = {"is_compounded": flag_schema()} if kind == "bullet" else {}
    return object_schema({"kind": {"const": kind}, **needed.get(kind, {})}, optional)


def _terms() -> Plain:
    tranche = object_schema(
        {"disbursed_on": schema_ref("date"), "amount": schema_ref("positive_amount")}
    )
    rate_change = object_schema(
        {"from_on": schema_ref("date"), "nominal_rate": schema_ref("exact")}
    )
    pause = object_schema(
        {"start_on": schema_ref("date"), "end_on": schema_ref("date")}
    )
    return object_schema(
        {
            "principal": schema_ref("positive_amount"),
            "nominal_rate": schema_ref("exact"),
            "installment_count": whole_schema(1, INSTALLMENT_COUNT_MAX),
            "frequency": schema_ref("frequency"),
            "disbursed_on": schema_ref("date"),
            "first_due_on": schema_ref("date"),
        },
        {
            "plan": schema_ref("plan"),
            "due_on": list_schema(schema_ref("date"), at_most=INSTALLMENT_COUNT_MAX),
            "last_due_on": or_null(schema_ref("date")),
            "tranches": list_schema(tranche),
            "rate_changes": list_schema(rate_change),
            "interest_pauses": list_schema(pause),
        },
    )


def _calendar() -> Plain:
    year = or_null(whole_schema(dt.MINYEAR, dt.MAXYEAR))
    return object_schema(
        {
            "name": schema_ref("text"),
            "weekend": list_schema(choice_schema(Weekday), at_most=len(Weekday)),
        },
        {
            "holidays": list_schema(schema_ref("date")),
            "working_days": list_schema(schema_ref("date")),
            "year_min": year,
            "year_max": year,
        },
    )


def _conventions() -> Plain:
    split_day_count = object_schema(
        {
            "days_in_year": choice_schema(DaysInYear),
            "days_in_month": choice_schema(DaysInMonth),
        },
        {"leap_rule": choice_schema(LeapRule)},
    )
    business_days = object_schema(
        {
            "rule": choice_schema(BusinessDayRule),
            "calendar": schema_ref("calendar"),
            "interest_to": choice_schema(InterestDate),
            "collision": choice_schema(Collision),
        }
    )
    return object_schema(
        {
            "id": schema_ref("text"),
            "day_count": {"anyOf": [choice_schema(DayCount), split_day_count]},
            "rounding": choice_schema(Rounding),
            "roll": text_schema(_ROLL),
        },
        {
            "arithmetic": choice_schema(Arithmetic),
            "accrual": choice_schema(Accrual),
            "short_period": choice_schema(ShortPeriod),
            "currency_multiple": whole_schema(1),
            "installment_multiple": whole_schema(1),
            "remainder": choice_schema(Remainder),
            "business_days": or_null(business_days),
            "has_interest_on_disbursement_day": flag_schema(),
        },
    )


def _installment() -> Plain:
    return object_schema(
        {
            "number": whole_schema(1),
            "due_on": schema_ref("date"),
            "unadjusted_on": schema_ref("date"),
            "is_down_payment": flag_schema(),
            "principal_minor": whole_schema(0),
            "interest_minor": whole_schema(0),
            "fees_minor": whole_schema(0),
            "total_minor": whole_schema(0),
            "capitalized_minor": whole_schema(0),
            "outstanding_minor": whole_schema(0),
        }
    )


def _schedule() -> Plain:
    totals = object_schema(
        {
            "principal_minor": whole_schema(0),
            "interest_minor": whole_schema(0),
            "fees_minor": whole_schema(0),
            "total_minor": whole_schema(0),
            "capitalized_minor": whole_schema(0),
            "upfront_fees_minor": whole_schema(0),
            "financed_fees_minor": whole_schema(0),
        }
    )
    return object_schema(
        {
            "version": {"const": SCHEDULE_FORM_VERSION},
            "currency": schema_ref("currency"),
            "terms": schema_ref("terms"),
            "conventions": schema_ref("conventions"),
            "installments": list_schema(schema_ref("installment"), at_least=1),
            "totals": totals,
        }
    )
