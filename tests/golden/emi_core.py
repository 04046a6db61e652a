"""Unit cases of Apache Fineract's progressive model, through the model itself.

They give the periods, so there is nothing for the public terms to do. Factors and the
interest of a slice are compared to all digits that a case shows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from microcrm_core.dates import Frequency
from microcrm_core.loans import DaysInMonth, DaysInYear, LeapRule, SplitDayCount
from microcrm_core.loans.fineract_events import (
    ChangeRate,
    CorrectBalance,
    CreditInterest,
    CreditPrincipal,
    Disburse,
    ModelEvent,
    PauseInterest,
    PayInterest,
    PayPrincipal,
)
from microcrm_core.loans.fineract_factors import FactorRule
from microcrm_core.loans.fineract_level import LevelRule
from microcrm_core.loans.fineract_numbers import FineractNumbers
from microcrm_core.loans.fineract_progressive import ProgressiveModel
from microcrm_core.rounding import Rounding
from tests.golden.fineract_terms import minor_of
from tests.golden.outcomes import PASSED, Failed, NotSupportedError, Outcome
from tests.golden.reading import (
    Json,
    MalformedError,
    Record,
    date_at,
    date_of,
    flag_at,
    fraction_at,
    items_at,
    record_at,
    text_at,
    whole_at,
)

__all__ = ["check"]

_SHOWN_MAX: Final = 6
_MINOR: Final = 100


def check(case: Record, _document: Record) -> Outcome:
    """Check one case of the family `emi_core_unit`."""
    numbers = FineractNumbers(
        digits=whole_at(case, "precision_digits"),
        rounding=Rounding(text_at(case, "rounding").lower()),
    )
    model = _model(case, numbers)
    has_expected = False
    for number, step in enumerate(items_at(case, "timeline")):
        if not isinstance(step, dict):
            raise MalformedError(f"a step must be an object, got {step!r}")
        if "op" in step:
            model = model.after(_event(step, numbers))
            continue
        has_expected = True
        wrong = _differences(model, step)
        if wrong:
            return Failed(f"step {number}: " + "; ".join(wrong[:_SHOWN_MAX]))
    return PASSED if has_expected else Failed("the case expects nothing")


def _model(case: Record, numbers: FineractNumbers) -> ProgressiveModel:
    settings = record_at(case, "settings")
    periods = items_at(case, "periods")
    dates: list[dt.date] = []
    for period in periods:
        if not isinstance(period, list) or len(period) != 2:
            raise MalformedError(f"a period must be two dates, got {period!r}")
        dates = dates or [date_of(period[0], "periods")]
        dates.append(date_of(period[1], "periods"))
    unit = text_at(settings, "unit").removesuffix("s")
    return ProgressiveModel.of(
        dates,
        rate=_rate(settings, "annual_rate_percent", numbers),
        factors=FactorRule(
            day_count=SplitDayCount(
                days_in_year=DaysInYear(text_at(settings, "days_in_year")),
                days_in_month=DaysInMonth(text_at(settings, "days_in_month")),
                leap_rule=LeapRule(str(settings.get("leap_rule") or "every_day")),
            ),
            frequency=Frequency(whole_at(settings, "repay_every"), unit),
            start_on=dates[0],
            has_interest_on_disbursement_day=flag_at(
                settings, "recognise_on_disbursement_date"
            ),
            numbers=numbers,
        ),
        level=LevelRule(
            numbers=numbers,
            installment_multiple=_multiple(case),
            is_smoothed=not items_at(
                case, "due_date_changes_already_in_periods", default=[]
            ),
        ),
    )


def _multiple(case: Record) -> int:
    if case.get("instalment_multiple_of") is None:
        return 1
    return whole_at(case, "instalment_multiple_of") * _MINOR


def _rate(record: Record, key: str, numbers: FineractNumbers) -> Decimal:
    return numbers.of_fraction(fraction_at(record, key) / 100)


def _event(step: Record, numbers: FineractNumbers) -> ModelEvent:
    op = text_at(step, "op")
    if op == "interest_pause":
        return PauseInterest(date_at(step, "start"), date_at(step, "end"))
    on = date_at(step, "date")
    if op == "change_rate":
        return ChangeRate(on, _rate(step, "new_rate_percent", numbers))
    amount = minor_of(step.get("amount"))
    if op == "pay_principal":
        return PayPrincipal(on, date_at(step, "instalment_due"), amount)
    if op == "pay_interest":
        return PayInterest(on, date_at(step, "instalment_due"), amount)
    simple: dict[str, Callable[[dt.date, int], ModelEvent]] = {
        "disburse": Disburse,
        "credit_principal": CreditPrincipal,
        "credit_interest": CreditInterest,
        "balance_correction": CorrectBalance,
    }
    if op not in simple:
        raise NotSupportedError(f"{op}: no event of the model")
    return simple[op](on, amount)


def _differences(model: ProgressiveModel, step: Record) -> list[str]:
    expected, found = _compared(model, step)
    return [
        f"{name} expected {value}, found {found[name]}"
        for name, value in expected.items()
        if found[name] != value
    ]


def _compared(
    model: ProgressiveModel, step: Record
) -> tuple[dict[str, Json], dict[str, Json]]:
    kind = text_at(step, "expect")
    if kind == "total_interest":
        total = sum(row.interest_minor for row in model.rows)
        return {kind: minor_of(step.get("value"))}, {kind: total}
    if kind == "emi":
        row = model.rows[whole_at(step, "nr") - 1]
        return {kind: minor_of(step.get("value"))}, {kind: row.installment_minor}
    if kind == "period":
        return _period(model, step)
    if kind not in {"interest_to_date", "due_amounts"}:
        raise NotSupportedError(f"expect {kind}")
    due_on, on = date_at(step, "instalment_due"), date_at(step, "date")
    expected: dict[str, Json] = {"interest": minor_of(step.get("interest"))}
    if kind == "interest_to_date":
        interest_minor = model.interest_to(due_on, on)
        found: dict[str, Json] = {"interest": interest_minor}
        if "one_day_increment" in step:
            expected["one_day_increment"] = minor_of(step["one_day_increment"])
            before_minor = model.interest_to(due_on, on - dt.timedelta(days=1))
            found["one_day_increment"] = interest_minor - before_minor
        return expected, found
    expected["principal"] = minor_of(step.get("principal"))
    principal_minor, interest_minor = model.due_on(due_on, on)
    return expected, {"principal": principal_minor, "interest": interest_minor}


def _period(
    model: ProgressiveModel, step: Record
) -> tuple[dict[str, Json], dict[str, Json]]:
    row = model.rows[whole_at(step, "nr") - 1]
    expected: dict[str, Json] = {
        name: minor_of(step.get(name))
        for name in ("emi", "interest", "principal", "balance")
    }
    found: dict[str, Json] = {
        "emi": row.installment_minor,
        "interest": row.interest_minor,
        "principal": row.principal_minor,
        "balance": row.closing_minor,
    }
    if "slice" in step:
        part = row.slices[whole_at(step, "slice")]
        expected["rate_factor"] = Decimal(text_at(step, "rate_factor"))
        expected["slice_interest"] = Decimal(text_at(step, "slice_interest"))
        found |= {
            "rate_factor": part.factor,
            "slice_interest": part.interest / _MINOR,
        }
    if "fully_paid" in step:
        expected["fully_paid"] = flag_at(step, "fully_paid")
        found["fully_paid"] = row.is_paid
    return expected, found
