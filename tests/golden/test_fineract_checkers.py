"""The checkers of Apache Fineract's cases: they see differences and name what lacks."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from tests.golden import emi_core, fineract_schedules
from tests.golden.outcomes import PASSED, Failed, Outcome, Unsupported
from tests.golden.runner import run_case

COLUMNS = [
    "nr",
    "days",
    "due_date",
    "paid_date",
    "balance",
    "principal",
    "interest",
    "fees",
    "penalties",
    "due",
    "paid",
    "in_advance",
    "late",
    "waived",
    "outstanding",
]
PRODUCT: dict[str, object] = {
    "schedule_engine": "progressive",
    "day_count": {"days_in_year": "360", "days_in_month": "30", "leap_rule": None},
    "currency_decimals": 2,
    "instalment_multiple_of": None,
    "repayment_start": "disbursement_date",
    "allow_partial_period_interest": False,
    "interest_recognised_on_disbursement_date": False,
    "down_payment": None,
    "interest_recalculation": {"rest_frequency": "daily"},
    "fixed_length": None,
}
LOAN: dict[str, object] = {
    "principal": "100.00",
    "rate_percent": "12",
    "rate_per": "year",
    "interest_type": "declining_balance",
    "interest_calculation_period": "daily",
    "amortisation": "equal_instalments",
    "repay_every": [1, "months"],
    "number_of_repayments": 1,
    "grace_on_principal_payment": 0,
    "grace_on_interest_payment": 0,
    "interest_free_periods": 0,
    "submitted_on": "2024-01-01",
}
# By definition: 12 % a year for a month of 30 days of a year of 360 is 1.00 of 100.00.
DISBURSED_ROW = [None, None, "2024-01-01", None, "100.00", *[None] * 10]
DUE_ROW: list[object] = [
    1,
    31,
    "2024-02-01",
    None,
    "0.00",
    "100.00",
    "1.00",
    "0.00",
    "0.00",
    "101.00",
    "0.00",
    "0.00",
    "0.00",
    None,
    "101.00",
]
TOTALS = {"principal": "100.00", "interest": "1.00", "due": "101.00"}


def checked(
    *,
    row: dict[int, object] | None = None,
    product: dict[str, object] | None = None,
    loan: dict[str, object] | None = None,
    steps: Sequence[Mapping[str, object]] = (),
    totals: dict[str, str] | None = None,
) -> Outcome:
    """Check one loan of one month with some parts of the case replaced."""
    due_row = list(DUE_ROW)
    for place, value in (row or {}).items():
        due_row[place] = value
    on = {"business_date": "2024-01-01", "date": "2024-01-01"}
    timeline = [
        {"op": "approve", "expected_disbursement": "2024-01-01", "amount": "100", **on},
        {"op": "disburse", "amount": "100.00", **on},
        *steps,
        {"expect": "schedule", "rows": [DISBURSED_ROW, due_row]},
        {"expect": "totals", "values": TOTALS | (totals or {})},
    ]
    case = {"product": "p", "loan": LOAN | (loan or {}), "timeline": timeline}
    document = {
        "schedule_columns": COLUMNS,
        "products": {"p": PRODUCT | (product or {})},
    }
    return run_case(case, document, fineract_schedules.check)


def test_a_schedule_that_holds_has_passed() -> None:
    assert checked() == PASSED


@pytest.mark.parametrize(
    ("place", "value", "detail"),
    [
        (0, 2, "row 1 nr expected 2, found 1"),
        (1, 30, "row 1 days expected 30, found 31"),
        (2, "2024-02-02", "row 1 due_date expected 2024-02-02, found 2024-02-01"),
        (4, "0.01", "row 1 balance expected 1, found 0"),
        (5, "99.99", "row 1 principal expected 9999, found 10000"),
        (6, "1.01", "row 1 interest expected 101, found 100"),
        (7, "5.00", "row 1 fees expected 500, found 0"),
        (9, "101.01", "row 1 due expected 10101, found 10100"),
        (14, "0.00", "row 1 outstanding expected 0, found 10100"),
    ],
)
def test_every_column_is_compared(place: int, value: object, detail: str) -> None:
    assert checked(row={place: value}) == Failed(detail)


def test_totals_are_compared() -> None:
    assert checked(totals={"interest": "1.01"}) == (
        Failed("total interest expected 1.01, found 100")
    )


def test_what_was_paid_out_is_compared() -> None:
    more = {
        "op": "disburse",
        "business_date": "2024-01-01",
        "date": "2024-01-01",
        "amount": "1.00",
    }

    outcome = checked(steps=[more])

    assert isinstance(outcome, Failed)
    assert outcome.detail.startswith("paid out expected")


@pytest.mark.parametrize(
    ("step", "feature"),
    [
        ({"op": "repayment"}, "repayment: needs the ledger"),
        (
            {"op": "close_of_business", "business_date": "2024-02-02"},
            "close_of_business with a late installment: needs the ledger",
        ),
        ({"expect": "status"}, "expect status"),
    ],
)
def test_a_step_that_only_a_ledger_can_take_is_named(
    step: dict[str, object], feature: str
) -> None:
    assert checked(steps=[step]) == Unsupported(feature)


def test_the_end_of_a_day_changes_nothing_before_an_installment_is_late() -> None:
    in_time = {"op": "close_of_business", "business_date": "2024-02-01"}
    late = {"op": "close_of_business", "business_date": "2024-02-02"}

    assert checked(steps=[in_time]) == PASSED
    assert checked(steps=[late], product={"interest_recalculation": None}) == PASSED


@pytest.mark.parametrize(
    ("product", "loan", "feature"),
    [
        ({"schedule_engine": "vertical"}, {}, "schedule engine vertical"),
        ({"currency_decimals": 0}, {}, "a currency with other than 2 decimals"),
        ({"month_end_due_date_rule": "none"}, {}, "month end rule none"),
        ({}, {"rate_per": "day"}, "rate per day"),
        ({}, {"amortisation": "equal_principal"}, "amortisation equal_principal"),
        ({}, {"interest_free_periods": 1}, "interest_free_periods"),
        ({}, {"expected_tranches": [1]}, "expected_tranches: needs the ledger"),
    ],
)
def test_a_setting_that_is_not_known_is_named(
    product: dict[str, object], loan: dict[str, object], feature: str
) -> None:
    assert checked(product=product, loan=loan) == Unsupported(feature)


def test_a_first_period_from_the_request_is_named() -> None:
    outcome = checked(
        product={"repayment_start": "submitted_on_date"},
        loan={"submitted_on": "2023-12-31"},
    )

    assert outcome == Unsupported("a first period from the day of the request")


@pytest.mark.parametrize(
    ("row", "loan", "detail"),
    [
        ({5: 100}, {}, "an amount must be text"),
        ({5: "many"}, {}, "an amount must be a number"),
        ({}, {"repay_every": ["months"]}, "repay_every must be a count and a unit"),
        ({}, {"rate_percent": None}, "rate_percent is missing"),
    ],
)
def test_a_malformed_case_is_a_failure_with_its_cause(
    row: dict[int, object], loan: dict[str, object], detail: str
) -> None:
    outcome = checked(row=row, loan=loan)

    assert isinstance(outcome, Failed)
    assert detail in outcome.detail


UNIT_CASE: dict[str, object] = {
    "precision_digits": 12,
    "rounding": "HALF_EVEN",
    "instalment_multiple_of": None,
    "settings": {
        "recognise_on_disbursement_date": False,
        "leap_rule": None,
        "annual_rate_percent": "12",
        "days_in_year": "360",
        "days_in_month": "30",
        "unit": "months",
        "repay_every": 1,
    },
    "periods": [["2024-01-01", "2024-02-01"]],
    "due_date_changes_already_in_periods": [],
    "timeline": [
        {"op": "disburse", "date": "2024-01-01", "amount": "100.0"},
        {
            "expect": "period",
            "nr": 1,
            "slice": 1,
            "emi": "101.00",
            "rate_factor": "0.01",
            # One divided by 31 and times 31, with 12 digits each time.
            "slice_interest": "0.999999999999",
            "interest": "1.00",
            "principal": "100.00",
            "balance": "0",
            "fully_paid": False,
        },
        {"expect": "emi", "nr": 1, "value": "101.00"},
        {"expect": "total_interest", "value": "1.00"},
        {
            "expect": "interest_to_date",
            "instalment_due": "2024-02-01",
            "date": "2024-01-16",
            "one_day_increment": "0.03",
            "interest": "0.48",
        },
        {
            "expect": "due_amounts",
            "instalment_due": "2024-02-01",
            "date": "2024-02-01",
            "principal": "100.00",
            "interest": "1.00",
        },
    ],
}


def unit_checked(number: int | None = None, **changes: object) -> Outcome:
    """Check the unit case with some keys of one step replaced."""
    case = copy.deepcopy(UNIT_CASE)
    if number is not None:
        cast("list[dict[str, object]]", case["timeline"])[number].update(changes)
    return run_case(case, {}, emi_core.check)


def test_a_unit_case_that_holds_has_passed() -> None:
    assert unit_checked() == PASSED


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        (1, {"emi": "101.01"}),
        (1, {"rate_factor": "0.010000000001"}),
        (1, {"slice_interest": "1.00000000001"}),
        (1, {"interest": "1.01"}),
        (1, {"principal": "99.99"}),
        (1, {"balance": "0.01"}),
        (1, {"fully_paid": True}),
        (2, {"value": "101.01"}),
        (3, {"value": "1.01"}),
        (4, {"interest": "0.49"}),
        (4, {"one_day_increment": "0.04"}),
        (5, {"principal": "99.99"}),
        (5, {"interest": "0.99"}),
    ],
)
def test_every_part_of_a_unit_case_is_compared(
    number: int, changes: dict[str, object]
) -> None:
    outcome = unit_checked(number, **changes)

    assert isinstance(outcome, Failed)
    name = next(iter(changes))
    if name == "value":
        name = "emi" if number == 2 else "total_interest"
    assert outcome.detail.startswith(f"step {number}: {name} expected")


def test_the_installment_of_a_unit_case_may_be_a_multiple() -> None:
    # 101.00 to the nearest ten is 100.00; one row takes all that is left anyway.
    case = copy.deepcopy(UNIT_CASE)
    case["instalment_multiple_of"] = 10
    assert run_case(case, {}, emi_core.check) == PASSED


def test_an_event_that_the_model_does_not_know_is_named() -> None:
    assert unit_checked(0, op="write_off") == Unsupported(
        "write_off: no event of the model"
    )
    assert unit_checked(2, expect="weather") == Unsupported("expect weather")
