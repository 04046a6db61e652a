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
import json
from enum import StrEnum
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
from microcrm_core.loans.terms import INSTALLMENT_COUNT_MAX
from microcrm_core.rounding import Rounding
from microcrm_core.rules.plain import Plain

__all__ = [
    "json_schema_of_conventions",
    "json_schema_of_plan",
    "json_schema_of_schedule",
    "json_schema_of_terms",
]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF: Final = "#/$defs/"
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
    return _document("plan", "Repayment plan of a loan")


def json_schema_of_terms() -> Plain:
    """Return the JSON Schema of what `terms_from_plain` reads.

    Example:
        >>> from microcrm_core.loans.schemas import json_schema_of_terms
        >>> json_schema_of_terms()["title"]
        'Terms of a loan'
    """
    return _document("terms", "Terms of a loan")


def json_schema_of_conventions() -> Plain:
    """Return the JSON Schema of what `conventions_from_plain` reads.

    Example:
        >>> from microcrm_core.loans.schemas import json_schema_of_conventions
        >>> json_schema_of_conventions()["$defs"]["conventions"]["required"]
        ['id', 'day_count', 'rounding', 'roll']
    """
    return _document("conventions", "Conventions of a schedule")


def json_schema_of_schedule() -> Plain:
    """Return the JSON Schema of what `schedule_from_plain` reads.

    Example:
        >>> from microcrm_core.loans.schemas import json_schema_of_schedule
        >>> schema = json_schema_of_schedule()
        >>> schema["$defs"]["schedule"]["properties"]["version"]
        {'const': 1}
    """
    return _document("schedule", "Schedule of a loan")


def _document(name: str, title: str) -> Plain:
    """Return the schema of one definition with all that it refers to."""
    known = _definitions()
    used: dict[str, Plain] = {}
    asked = [name]
    while asked:
        part = asked.pop()
        if part not in used:
            used[part] = known[part]
            text = json.dumps(known[part])
            asked += [one for one in known if f'"{_REF}{one}"' in text]
    return {
        "$schema": _DIALECT,
        "title": title,
        "$ref": f"{_REF}{name}",
        "$defs": {part: used[part] for part in known if part in used},
    }


def _definitions() -> dict[str, Plain]:
    composed: dict[str, Plain] = {
        "method": {"anyOf": [_method(kind) for kind in METHOD_KINDS]},
        "grace": _object(
            optional={
                "principal_count": _whole(0),
                "interest_payment_count": _whole(0),
                "interest_free_count": _whole(0),
                "deferred_interest": _or_null(_choice(DeferredInterest)),
            }
        ),
        "portion": _object(
            optional={"share": _ref("share"), "amount": _ref("positive_amount")}
        )
        | {"minProperties": 1, "maxProperties": 1},
        "fee": _object(
            {
                "name": _ref("text"),
                "timing": _choice(FeeTiming),
                "portion": _ref("portion"),
            },
            {"base": _choice(FeeBase), "is_cost_of_credit": _flag()},
        ),
        "plan": _object(
            {"method": _ref("method")},
            {
                "grace": _ref("grace"),
                "balloon": _or_null(_ref("portion")),
                "down_payment": _or_null(_ref("portion")),
                "fees": _list_of(_ref("fee")),
                "unpaid_interest": _choice(UnpaidInterest),
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
    currency = _object(
        {
            "code": _text_like("[A-Z][A-Z0-9]{2,11}") | {"not": _iso_currency()},
            "exponent": _whole(0, 18),
        },
        {"name": _ref("text"), "cash_multiple_minor": _whole(1)},
    )
    frequency_names: Plain = {"enum": list(map(str, _FREQUENCIES))}
    return {
        "text": {"type": "string", "minLength": 1, "not": {"pattern": r"^\s|\s$"}},
        "date": _text_like(_DATE) | {"format": "date"},
        "exact": _text_like(_EXACT),
        "share": _text_like(_SHARE),
        "currency": {"anyOf": [_iso_currency(), currency]},
        "amount": _object({"currency": _ref("currency"), "minor": _whole(0)}),
        "positive_amount": _object({"currency": _ref("currency"), "minor": _whole(1)}),
        "frequency": {
            "anyOf": [frequency_names, _text_like(_PERIOD) | {"maxLength": 7}]
        },
    }


def _iso_currency() -> Plain:
    return {"enum": sorted(CURRENCIES)}


def _method(kind: str) -> Plain:
    amounts = {"amounts": _list_of(_ref("amount"))}
    needed: dict[str, dict[str, Plain]] = {
        "graduated": {"step_share": _ref("exact"), "step_count": _whole(1)},
        "weighted": {"weights": _list_of(_ref("exact"), at_least=1)},
        "seasonal": {"month_weights": _list_of(_ref("exact"), at_least=12, at_most=12)},
        "custom_principal": amounts,
        "custom_installments": amounts,
    }
    optional = {"is_compounded": _flag()} if kind == "bullet" else {}
    return _object({"kind": {"const": kind}, **needed.get(kind, {})}, optional)


def _terms() -> Plain:
    tranche = _object({"disbursed_on": _ref("date"), "amount": _ref("positive_amount")})
    rate_change = _object({"from_on": _ref("date"), "nominal_rate": _ref("exact")})
    pause = _object({"start_on": _ref("date"), "end_on": _ref("date")})
    return _object(
        {
            "principal": _ref("positive_amount"),
            "nominal_rate": _ref("exact"),
            "installment_count": _whole(1, INSTALLMENT_COUNT_MAX),
            "frequency": _ref("frequency"),
            "disbursed_on": _ref("date"),
            "first_due_on": _ref("date"),
        },
        {
            "plan": _ref("plan"),
            "due_on": _list_of(_ref("date"), at_most=INSTALLMENT_COUNT_MAX),
            "last_due_on": _or_null(_ref("date")),
            "tranches": _list_of(tranche),
            "rate_changes": _list_of(rate_change),
            "interest_pauses": _list_of(pause),
        },
    )


def _calendar() -> Plain:
    year = _or_null(_whole(dt.MINYEAR, dt.MAXYEAR))
    return _object(
        {
            "name": _ref("text"),
            "weekend": _list_of(_choice(Weekday), at_most=len(Weekday)),
        },
        {
            "holidays": _list_of(_ref("date")),
            "working_days": _list_of(_ref("date")),
            "year_min": year,
            "year_max": year,
        },
    )


def _conventions() -> Plain:
    split_day_count = _object(
        {"days_in_year": _choice(DaysInYear), "days_in_month": _choice(DaysInMonth)},
        {"leap_rule": _choice(LeapRule)},
    )
    business_days = _object(
        {
            "rule": _choice(BusinessDayRule),
            "calendar": _ref("calendar"),
            "interest_to": _choice(InterestDate),
            "collision": _choice(Collision),
        }
    )
    return _object(
        {
            "id": _ref("text"),
            "day_count": {"anyOf": [_choice(DayCount), split_day_count]},
            "rounding": _choice(Rounding),
            "roll": _text_like(_ROLL),
        },
        {
            "arithmetic": _choice(Arithmetic),
            "accrual": _choice(Accrual),
            "short_period": _choice(ShortPeriod),
            "currency_multiple": _whole(1),
            "installment_multiple": _whole(1),
            "remainder": _choice(Remainder),
            "business_days": _or_null(business_days),
            "has_interest_on_disbursement_day": _flag(),
        },
    )


def _installment() -> Plain:
    return _object(
        {
            "number": _whole(1),
            "due_on": _ref("date"),
            "unadjusted_on": _ref("date"),
            "is_down_payment": _flag(),
            "principal_minor": _whole(0),
            "interest_minor": _whole(0),
            "fees_minor": _whole(0),
            "total_minor": _whole(0),
            "capitalized_minor": _whole(0),
            "outstanding_minor": _whole(0),
        }
    )


def _schedule() -> Plain:
    totals = _object(
        {
            "principal_minor": _whole(0),
            "interest_minor": _whole(0),
            "fees_minor": _whole(0),
            "total_minor": _whole(0),
            "capitalized_minor": _whole(0),
            "upfront_fees_minor": _whole(0),
            "financed_fees_minor": _whole(0),
        }
    )
    return _object(
        {
            "version": {"const": SCHEDULE_FORM_VERSION},
            "currency": _ref("currency"),
            "terms": _ref("terms"),
            "conventions": _ref("conventions"),
            "installments": _list_of(_ref("installment"), at_least=1),
            "totals": totals,
        }
    )


def _object(
    needed: dict[str, Plain] | None = None, optional: dict[str, Plain] | None = None
) -> Plain:
    needed, optional = needed or {}, optional or {}
    return {
        "type": "object",
        "properties": {**needed, **optional},
        "required": list(needed),
        "additionalProperties": False,
    }


def _list_of(item: Plain, *, at_least: int = 0, at_most: int | None = None) -> Plain:
    bounds: Plain = {"minItems": at_least} if at_least else {}
    if at_most is not None:
        bounds["maxItems"] = at_most
    return {"type": "array", "items": item, **bounds}


def _whole(at_least: int, at_most: int | None = None) -> Plain:
    bound: Plain = {} if at_most is None else {"maximum": at_most}
    return {"type": "integer", "minimum": at_least, **bound}


def _text_like(pattern: str) -> Plain:
    # In some engines $ also stands before a line break at the end.
    no_break: Plain = {"not": {"pattern": r"\n"}}
    return {"type": "string", "pattern": f"^({pattern})$", "allOf": [no_break]}


def _choice(kind: type[StrEnum]) -> Plain:
    return {"enum": [member.value for member in kind]}


def _flag() -> Plain:
    return {"type": "boolean"}


def _or_null(schema: Plain) -> Plain:
    return {"anyOf": [schema, {"type": "null"}]}


def _ref(name: str) -> Plain:
    return {"$ref": f"{_REF}{name}"}
