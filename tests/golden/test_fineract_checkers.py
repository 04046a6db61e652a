"""The checkers of Apache Fineract's cases: they see differences and name what lacks."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from tests.golden import emi_core, fineract_ledger
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
TRANSACTION_COLUMNS = [
    "date",
    "type",
    "amount",
    "principal",
    "interest",
    "fees",
    "penalties",
    "balance",
    "reverted",
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
    "interest_recalculation": {
        "rest_frequency": "daily",
        "preclosure_interest": "till_preclose_date",
        "compounding": "none",
    },
    "fixed_length": None,
    "repayment_processing": "horizontal",
    "payment_allocation": [
        {
            "transaction_type": "DEFAULT",
            "future_installment_rule": "NEXT_INSTALLMENT",
            "order": [
                f"{state}_{bucket}"
                for state in ("PAST_DUE", "DUE", "IN_ADVANCE")
                for bucket in ("PENALTY", "FEE", "INTEREST", "PRINCIPAL")
            ],
        }
    ],
    "charge_off_behaviour": "regular",
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
    "transaction_strategy": "ADVANCED_PAYMENT_ALLOCATION",
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
    ending: Sequence[Mapping[str, object]] | None = None,
) -> Outcome:
    """Check one loan of one month with some parts of the case replaced."""
    due_row = list(DUE_ROW)
    for place, value in (row or {}).items():
        due_row[place] = value
    on = {"business_date": "2024-01-01", "date": "2024-01-01"}
    expected: list[Mapping[str, object]] = [
        {"expect": "schedule", "rows": [DISBURSED_ROW, due_row]},
        {"expect": "totals", "values": TOTALS | (totals or {})},
    ]
    timeline = [
        {"op": "approve", "expected_disbursement": "2024-01-01", "amount": "100", **on},
        {"op": "disburse", "amount": "100.00", **on},
        *steps,
        *(expected if ending is None else ending),
    ]
    case = {"product": "p", "loan": LOAN | (loan or {}), "timeline": timeline}
    document = {
        "schedule_columns": COLUMNS,
        "transaction_columns": TRANSACTION_COLUMNS,
        "products": {"p": PRODUCT | (product or {})},
    }
    return run_case(case, document, fineract_ledger.check)


def test_a_schedule_that_holds_has_passed() -> None:
    assert checked() == PASSED


@pytest.mark.parametrize(
    ("place", "value", "detail"),
    [
        (0, 2, "row 1 nr expected 2, found 1"),
        (1, 30, "row 1 days expected 30, found 31"),
        (2, "2024-02-02", "row 1 due_date expected 2024-02-02, found 2024-02-01"),
        (3, "2024-02-01", "row 1 paid_date expected 2024-02-01, found None"),
        (4, "0.01", "row 1 balance expected 0.01, found 0"),
        (5, "99.99", "row 1 principal expected 99.99, found 10000"),
        (6, "1.01", "row 1 interest expected 1.01, found 100"),
        (7, "5.00", "row 1 fees expected 5.00, found 0"),
        (8, "5.00", "row 1 penalties expected 5.00, found 0"),
        (9, "101.01", "row 1 due expected 101.01, found 10100"),
        (10, "1.00", "row 1 paid expected 1.00, found 0"),
        (11, "1.00", "row 1 in_advance expected 1.00, found 0"),
        (12, "1.00", "row 1 late expected 1.00, found 0"),
        (13, "1.00", "row 1 waived expected 1.00, found 0"),
        (14, "0.00", "row 1 outstanding expected 0.00, found 10100"),
    ],
)
def test_every_column_is_compared(place: int, value: object, detail: str) -> None:
    assert checked(row={place: value}) == Failed(f"step 2 schedule: {detail}")


def test_totals_are_compared() -> None:
    assert checked(totals={"interest": "1.01"}) == (
        Failed("step 3 totals: total interest expected 1.01, found 100")
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
    assert outcome.detail.startswith("step 3 schedule: 2 lines expected, found 3")


REPAID: dict[str, object] = {
    "op": "repayment",
    "business_date": "2024-02-01",
    "date": "2024-02-01",
    "amount": "101.00",
}
LISTED: list[list[object]] = [
    ["2024-01-01", "Disbursement", "100.00", *["0.00"] * 4, "100.00", False],
    ["2024-02-01", "Repayment", "101.00", "100.00", "1.00", *["0.00"] * 3, False],
]  # fmt: skip
PAID_ROW: dict[int, object] = {3: "2024-02-01", 10: "101.00", 14: "0.00"}


def listed(rows: list[list[object]], *, is_complete: bool = True) -> Outcome:
    """Check the transactions of the loan, repaid on its due date."""
    expected = {"expect": "transactions", "rows": rows, "complete": is_complete}
    return checked(row=PAID_ROW, steps=[REPAID, expected])


def test_transactions_are_compared() -> None:
    assert listed(LISTED) == PASSED
    for place, value in [
        (0, "2024-02-02"),
        (1, "Down Payment"),
        (2, "100.00"),
        (3, "101.00"),
        (4, "0.99"),
        (5, "1.00"),
        (6, "1.00"),
        (7, "1.00"),
        (8, True),
    ]:
        wrong = [*LISTED[1][:place], value, *LISTED[1][place + 1 :]]
        outcome = listed([LISTED[0], wrong])
        assert isinstance(outcome, Failed)
        assert TRANSACTION_COLUMNS[place] in outcome.detail


def test_an_incomplete_list_names_some_of_the_transactions_in_order() -> None:
    assert isinstance(listed(LISTED[1:]), Failed)
    assert listed(LISTED[1:], is_complete=False) == PASSED
    assert listed([], is_complete=False) == PASSED
    assert isinstance(listed(LISTED[::-1], is_complete=False), Failed)
    twice = [LISTED[0], LISTED[1], LISTED[1]]
    assert isinstance(listed(twice, is_complete=False), Failed)


@pytest.mark.parametrize(
    ("expected", "wrong"),
    [
        ({"expect": "status", "value": "active"}, {"value": "overpaid"}),
        ({"expect": "outstanding_amount", "value": "101.00"}, {"value": "0.00"}),
        ({"expect": "overpaid_amount", "value": "0.00"}, {"value": "1.00"}),
        ({"expect": "total_overdue_amount", "value": "0.00"}, {"value": "101.00"}),
        ({"expect": "due_dates", "dates": ["2024-02-01"]}, {"dates": []}),
        (
            {"expect": "delinquency_range", "bucket": "NO_DELINQUENCY", "date": None},
            {"bucket": "RANGE_1"},
        ),
        (
            {"expect": "instalment_delinquency", "rows": []},
            {"rows": [["RANGE_1", "101.00"]]},
        ),
        (
            {
                "expect": "loan_delinquency",
                "bucket": "NO_DELINQUENCY",
                "amount": "0.00",
                "date": None,
                "delinquent_days": 0,
                "past_due_days": 0,
            },
            {"past_due_days": 1},
        ),
    ],
)
def test_what_is_said_of_the_whole_loan_is_compared(
    expected: dict[str, object], wrong: dict[str, object]
) -> None:
    dated = expected | {"business_date": "2024-01-01"}
    assert checked(steps=[dated]) == PASSED
    outcome = checked(steps=[dated | wrong])
    assert isinstance(outcome, Failed)
    assert outcome.detail.startswith(f"step 2 {expected['expect']}: ")


@pytest.mark.parametrize(
    ("step", "feature"),
    [
        ({"op": "write_off"}, "operation write_off"),
        ({"op": "repayment", "net": "1"}, "repayment with net"),
        ({"op": "transaction", "type": "bribe"}, "transaction bribe"),
        ({"op": "charge_off", "fee": "1"}, "charge_off with fee"),
        ({"op": "chargeback", "of": "fee"}, "chargeback of fee"),
        ({"op": "re_amortise", "interest_handling": "x"}, "interest handling x"),
        ({"expect": "journal_entries"}, "expect journal_entries"),
        ({"expect": "status", "value": "rejected"}, "status rejected"),
    ],
)
def test_a_step_that_is_not_known_is_named(
    step: dict[str, object], feature: str
) -> None:
    on = {"business_date": "2024-01-01", "date": "2024-01-01"}
    assert checked(steps=[on | step]) == Unsupported(feature)


def test_a_way_to_charge_that_is_not_known_is_named() -> None:
    step = {"op": "charge", "calc": "percent_of_sky", "business_date": "2024-01-01"}

    assert checked(steps=[step]) == Unsupported("charge percent_of_sky")


@pytest.mark.parametrize(
    ("step", "cause"),
    [
        ({"op": "undo", "type": "repayment", "nth": 1}, "there is no repayment 1"),
        ({"op": "undo_repayment_made_on"}, "there is no repayment on 2024-01-01"),
        ({"op": "undo_re_age"}, "there is no Re-age to undo"),
        ({"op": "waive_last_charge"}, "there must be a charge to waive"),
        (
            {"op": "chargeback", "of": "payment", "nr": 1, "amount": "1.00"},
            "there is no payment 1",
        ),
    ],
)
def test_a_step_that_names_nothing_is_a_failure_with_its_cause(
    step: dict[str, object], cause: str
) -> None:
    on = {"business_date": "2024-01-01"}
    if step["op"] in {"undo", "undo_repayment_made_on", "chargeback"}:
        on["date"] = "2024-01-01"
    outcome = checked(steps=[step | on])

    assert isinstance(outcome, Failed)
    assert cause in outcome.detail


def test_the_end_of_a_day_lets_overdue_principal_earn() -> None:
    # Two months of 1 %: the first installment is 50.75, of which 49.75 is principal.
    # A day late, the balance of 100.00 bears one day of March instead of 50.25.
    loan: dict[str, object] = {"number_of_repayments": 2}
    row = {5: "49.75", 9: "50.75", 4: "50.25", 14: "50.75"}
    last: list[object] = [2, 29, "2024-03-01", None, "0.00", "50.25"]

    def outcome(interest: str, day: str) -> Outcome:
        due = f"{50.25 + float(interest):.2f}"
        rest = [interest, "0.00", "0.00", due, "0.00", "0.00", "0.00", None, due]
        close = {"op": "close_of_business", "business_date": day}
        due_row = list(DUE_ROW)
        for place, value in row.items():
            due_row[place] = value
        rows = [DISBURSED_ROW, due_row, [*last, *rest]]
        expected = {"expect": "schedule", "rows": rows}
        return checked(steps=[close, expected], loan=loan, ending=())

    assert outcome("0.50", "2024-02-01") == PASSED
    # 0.50 and 49.75 x 1 % x 1 / 29 = 0.017.
    assert outcome("0.52", "2024-02-02") == PASSED


@pytest.mark.parametrize(
    ("product", "loan", "feature"),
    [
        ({"schedule_engine": "vertical"}, {}, "schedule engine vertical"),
        ({"currency_decimals": 0}, {}, "a currency with other than 2 decimals"),
        ({"month_end_due_date_rule": "none"}, {}, "month end rule none"),
        ({"charge_off_behaviour": "x"}, {}, "charge-off x"),
        ({"interest_refund_on": ["TIP"]}, {}, "repayment type tip"),
        ({}, {"rate_per": "day"}, "rate per day"),
        ({}, {"amortisation": "equal_principal"}, "amortisation equal_principal"),
        ({}, {"interest_free_periods": 1}, "interest_free_periods"),
        ({}, {"charges_from_product": ["TIP"]}, "charge TIP without its amount"),
        (
            {},
            {"transaction_strategy": "HEAVENS_ORDER"},
            "strategy HEAVENS_ORDER of the progressive engine",
        ),
    ],
)
def test_a_setting_that_is_not_known_is_named(
    product: dict[str, object], loan: dict[str, object], feature: str
) -> None:
    assert checked(product=product, loan=loan) == Unsupported(feature)


@pytest.mark.parametrize(
    ("changes", "feature"),
    [
        ({"compounding": "fee"}, "compounding fee"),
        ({"rest_frequency": "weekly"}, "rest frequency weekly"),
        ({"preclosure_interest": "never"}, "preclosure interest never"),
        ({"moon": 1}, "recalculation with moon"),
    ],
)
def test_a_way_to_recalculate_that_is_not_known_is_named(
    changes: dict[str, object], feature: str
) -> None:
    known = cast("dict[str, object]", PRODUCT["interest_recalculation"])
    product: dict[str, object] = {"interest_recalculation": known | changes}

    assert checked(product=product) == Unsupported(feature)


def test_a_first_period_may_run_from_the_request() -> None:
    # Due a month after the request, from which days are counted; paid out a day after
    # it: no whole month, and 30 of the 31 days of the next one, so 0.97 of interest.
    outcome = checked(
        product={"repayment_start": "submitted_on_date"},
        loan={"submitted_on": "2023-12-31"},
        row={2: "2024-01-31", 6: "0.97", 9: "100.97", 14: "100.97"},
        totals={"interest": "0.97", "due": "100.97"},
    )

    assert outcome == PASSED


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
