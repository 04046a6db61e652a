"""What a checker does not know is named: it is never guessed, passed or a crash."""

from __future__ import annotations

import datetime as dt

import pytest

from microcrm_core.loans.eu_intervals import EuPeriod
from tests.golden import eu_aprc, regz_apr
from tests.golden.fineract_terms import terms_of
from tests.golden.known import known_word, require_known
from tests.golden.outcomes import PASSED, Failed, NotSupportedError, Unsupported
from tests.golden.test_fineract_checkers import LOAN, PRODUCT
from tests.golden.test_fineract_checkers import checked as schedule_checked
from tests.golden.test_rate_checkers import (
    HALF_YEARS,
    MONTHS,
    OVERDRAFT,
    STAGES,
    TEN,
    checked,
    line,
)


@pytest.mark.parametrize("value", [None, False, 0, "", "0", [], {}])
def test_what_is_switched_off_needs_not_be_known(value: object) -> None:
    require_known({"a": 1, "b": value}, ["a"], "a record")


@pytest.mark.parametrize("value", [True, 1, "no", [0], {"a": 0}])
def test_what_is_switched_on_must_be_known(value: object) -> None:
    with pytest.raises(NotSupportedError, match="a record with b"):
        require_known({"a": 1, "b": value}, ["a"], "a record")


def test_a_word_is_one_of_those_known() -> None:
    assert known_word(EuPeriod, "week", "period") is EuPeriod.WEEK
    with pytest.raises(NotSupportedError, match="period day"):
        known_word(EuPeriod, "day", "period")


@pytest.mark.parametrize(
    ("more", "feature"),
    [
        ({"method": "united states rule"}, "apr with method"),
        ({"unit_period": {"unit": "moon", "n": 1}}, "unit-period of a moon"),
        (
            {"unit_period": {"unit": "month", "n": 6, "of": "year"}},
            "a unit-period with of",
        ),
        (
            {"advances": [{"amount": "1000.00", "date": "2025-01-30", "fee": "5"}]},
            "an advance with fee",
        ),
        (
            {"payments": [line("50.00", 3, "2025-07-30", (6, "moon"))]},
            "payments every moon",
        ),
    ],
)
def test_an_unknown_part_of_an_american_case_is_named(
    more: dict[str, object], feature: str
) -> None:
    outcome = checked(regz_apr.check, "apr", HALF_YEARS | more, TEN)

    assert outcome == Unsupported(feature)


def test_an_unknown_part_of_a_payment_or_of_what_is_expected_is_named() -> None:
    payment = line("50.00", 3, "2025-07-30", (6, "month"))
    assert isinstance(payment, dict)
    inputs = HALF_YEARS | {"payments": [payment | {"skipped": [2]}]}

    assert checked(regz_apr.check, "apr", inputs, TEN) == Unsupported(
        "a payment with skipped"
    )
    assert checked(
        regz_apr.check, "apr", HALF_YEARS, TEN | {"finance_charge": "200.00"}
    ) == Unsupported("apr expected with finance_charge")


@pytest.mark.parametrize(
    ("kind", "inputs", "expected", "feature"),
    [
        (
            "unit_period",
            {"from": "2025-01-30", "to": "2025-02-28", "series_day": 30},
            {"full": 1, "fraction": "0/30"},
            "unit_period with series_day",
        ),
        (
            "tolerance",
            {"disclosed_apr_percent": "12", "actual_apr_percent": "13", "mortgage": 1},
            {"accurate": True},
            "tolerance with mortgage",
        ),
        (
            "irregular_flag",
            {"demand_feature": True},
            {"irregular": False, "tolerance_points": "0.125"},
            "irregular_flag with demand_feature",
        ),
        (
            "choose_unit_period",
            {"intervals": [{"unit": "month", "n": 1, "count": 2}], "seasonal": True},
            {"unit_period": {"unit": "month", "n": 1}},
            "choose_unit_period with seasonal",
        ),
    ],
)
def test_an_unknown_key_of_another_american_kind_is_named(
    kind: str, inputs: dict[str, object], expected: dict[str, object], feature: str
) -> None:
    assert checked(regz_apr.check, kind, inputs, expected) == Unsupported(feature)


def test_prose_beside_a_case_is_not_read() -> None:
    inputs = HALF_YEARS | {"description": "interest only", "note": "by hand"}

    assert checked(regz_apr.check, "apr", inputs, TEN) == PASSED


@pytest.mark.parametrize("digits", [2, 4, 8])
def test_a_rate_is_compared_to_as_many_digits_as_it_has(digits: int) -> None:
    right = TEN | {"apr_percent_unrounded": f"{10:.{digits}f}"}
    wrong = TEN | {"apr_percent_unrounded": f"10.{'0' * (digits - 1)}1"}

    assert checked(regz_apr.check, "apr", HALF_YEARS, right) == PASSED
    assert isinstance(checked(regz_apr.check, "apr", HALF_YEARS, wrong), Failed)


MONTHLY = MONTHS | {"measure": "effective_annual"}
PRINTED: dict[str, object] = {
    "aprc_percent": "12.7",
    "decimals": 1,
    "aprc_percent_unrounded": "12.682503",
}


@pytest.mark.parametrize(
    ("kind", "inputs", "expected", "feature"),
    [
        ("aprc", MONTHLY | {"tax": "1"}, PRINTED, "aprc with tax"),
        ("aprc", MONTHLY, PRINTED | {"cost": "1"}, "aprc expected with cost"),
        (
            "aprc",
            MONTHLY | {"flows": [{"amount": "1", "t_years": "0", "tax": "2"}]},
            PRINTED,
            "a flow with tax",
        ),
        (
            "interval",
            {"from": "2025-01-01", "to": "2025-02-01", "period": "day"},
            {"periods": 31, "days": 0, "year_days": None, "years": "0.08"},
            "period day",
        ),
        (
            "rounding",
            {"value_percent": "1", "decimals": 1, "mode": "even"},
            {"rounded_percent": "1.0"},
            "rounding with mode",
        ),
    ],
)
def test_an_unknown_part_of_a_european_case_is_named(
    kind: str, inputs: dict[str, object], expected: dict[str, object], feature: str
) -> None:
    assert checked(eu_aprc.check, kind, inputs, expected) == Unsupported(feature)


@pytest.mark.parametrize(
    "drawn",
    [
        "full amount, whole duration",
        "whole duration, full amount",
        "full amount and whole duration",
        "Full amount; for the whole duration",
        "in full",
        "whole duration",
    ],
)
def test_what_is_drawn_may_be_worded_in_other_words(drawn: str) -> None:
    outcome = checked(eu_aprc.check, "assumption", OVERDRAFT, {"drawn": drawn})

    assert outcome == PASSED


@pytest.mark.parametrize(
    "drawn", ["half the amount", "full amount, three months", "not in full", ""]
)
def test_another_wording_of_what_is_drawn_is_named_and_not_guessed(drawn: str) -> None:
    outcome = checked(eu_aprc.check, "assumption", OVERDRAFT, {"drawn": drawn})

    assert outcome == Unsupported(f"drawn: {drawn}")


@pytest.mark.parametrize(
    ("product", "months"),
    [
        ("overdraft", 3),
        ("overdraft_facility", 3),
        ("credit_card", 12),
        ("open_end_credit", 12),
        ("open-end credit other than overdraft", 12),
        ("open-end credit other than an overdraft", 12),
        ("revolving credit", 12),
    ],
)
def test_a_product_is_an_overdraft_or_other_credit_without_an_end(
    product: str, months: int
) -> None:
    inputs: dict[str, object] = {"product": product, "duration_known": False}
    for found in (3, 12):
        outcome = checked(
            eu_aprc.check, "assumption", inputs, {"assumed_months": found}
        )
        assert (outcome == PASSED) == (found == months)
        assert not isinstance(outcome, Unsupported)


@pytest.mark.parametrize(
    ("inputs", "expected", "feature"),
    [
        ({"product": "loan"}, {"assumed_months": 12}, "the assumed duration of loan"),
        (
            {"product": "overdraft", "duration_known": True},
            {"assumed_months": 3},
            "an assumption on a known duration",
        ),
        (
            {"product": "overdraft", "ceiling": "1500"},
            {"assumed_months": 3},
            "an assumption with ceiling",
        ),
        (
            {"open_end": False} | STAGES,
            {"assumed_rate_percent": "5"},
            "one assumed rate of several stages",
        ),
        (
            {"open_end": True, "lowest_rate_percent": "1"},
            {"assumed_rate_percent": "1"},
            "an assumption on lowest_rate_percent",
        ),
        (
            {"open_end": True, "margin_of_error_percent": "1"},
            {"assumed_rate_percent": "1"},
            "an assumption on margin_of_error_percent",
        ),
        (
            {"open_end": True, "rate_year_1_percent": "5"},
            {"assumed_rate_percent": "5", "shown": "yes"},
            "assumption of assumed_rate_percent, shown",
        ),
    ],
)
def test_an_assumption_that_is_not_known_is_named(
    inputs: dict[str, object], expected: dict[str, object], feature: str
) -> None:
    outcome = checked(eu_aprc.check, "assumption", inputs, expected)

    assert outcome == Unsupported(feature)


OLDER_STRATEGY: dict[str, object] = {
    "transaction_strategy": "PENALTIES_FEES_INTEREST_PRINCIPAL_ORDER"
}
CUMULATIVE: dict[str, object] = {
    "schedule_engine": "cumulative",
    "interest_recalculation": None,
}


def test_the_older_engine_has_equal_principal_on_a_declining_balance() -> None:
    # One installment: 100.00 and 1 % of it, whatever the way to repay.
    loan: dict[str, object] = {
        "amortisation": "equal_principal",
        "interest_calculation_period": "same_as_repayment_period",
    } | OLDER_STRATEGY
    assert schedule_checked(product=CUMULATIVE, loan=loan) == PASSED
    outcome = schedule_checked(row={6: "0.99"}, product=CUMULATIVE, loan=loan)
    assert isinstance(outcome, Failed)
    assert "row 1 interest expected 0.99, found 100" in outcome.detail


@pytest.mark.parametrize(
    ("product", "loan", "feature"),
    [
        # Flat interest with equal principal is not told from the usual flat interest.
        (
            CUMULATIVE,
            {"amortisation": "equal_principal", "interest_type": "flat"},
            "amortisation equal_principal",
        ),
        ({}, {"amortisation": "equal_principal"}, "amortisation equal_principal"),
        ({}, {"amortisation": "bullet"}, "amortisation bullet"),
        ({}, {"interest_type": "compound"}, "interest type compound"),
        ({}, {"balloon": "10.00"}, "a loan with balloon"),
        ({}, {"interest_charged_from": "2024-01-05"}, "a loan with interest_charged_"),
        ({"holidays": ["2024-02-01"]}, {}, "a product with holidays"),
        ({"equal_amortisation_flag": True}, {}, "a product with equal_amortisation_"),
        ({"repayment_start": "approval"}, {}, "repayment start approval"),
        (
            {"day_count": {"days_in_year": "252", "days_in_month": "30"}},
            {},
            "days in year 252",
        ),
        (
            {"day_count": {"days_in_year": "360", "days_in_month": "31"}},
            {},
            "days in month 31",
        ),
        (
            {
                "day_count": {
                    "days_in_year": "actual",
                    "days_in_month": "actual",
                    "leap_rule": "never",
                }
            },
            {},
            "leap rule never",
        ),
        (CUMULATIVE, {"interest_calculation_period": "weekly"}, "interest by weekly"),
    ],
)
def test_a_setting_of_the_peer_that_is_not_known_is_named(
    product: dict[str, object], loan: dict[str, object], feature: str
) -> None:
    outcome = schedule_checked(product=product, loan=loan)

    assert isinstance(outcome, Unsupported)
    assert outcome.feature.startswith(feature)


def test_settings_that_are_switched_off_or_for_the_ledger_change_nothing() -> None:
    product: dict[str, object] = {
        "equal_amortisation_flag": False,
        "multi_disburse": True,
        "charge_off_behaviour": "regular",
        "holidays": [],
    }

    assert schedule_checked(product=product, loan={"balloon": "0"}) == PASSED


@pytest.mark.parametrize(
    ("step", "feature"),
    [
        (
            {
                "op": "reschedule",
                "from_date": "2024-01-10",
                "new_rate_percent": "10",
                "grace_on_principal": 2,
            },
            "reschedule with grace_on_principal",
        ),
        (
            {"op": "interest_pause", "start": "2024-01-05", "end": "2024-01-06",
             "fee": "1"},
            "interest_pause with fee",
        ),
        (
            {"op": "disburse", "date": "2024-01-01", "amount": "1", "net": "1",
             "business_date": "2024-01-01"},
            "disburse with net",
        ),
    ],
)  # fmt: skip
def test_an_unknown_part_of_a_step_is_named(
    step: dict[str, object], feature: str
) -> None:
    assert schedule_checked(steps=[step]) == Unsupported(feature)


def test_a_fixed_length_and_due_dates_that_roll_go_together() -> None:
    # From 31 January on, a month without a 31st gives its date to the first of the
    # next: 1 March, 31 March, 1 May. Three months are over on 30 April.
    product = PRODUCT | {
        "month_end_due_date_rule": "first_day_of_next_month",
        "fixed_length": 3,
    }
    loan = LOAN | {"number_of_repayments": 3, "submitted_on": "2023-01-31"}
    terms, _ = terms_of(product, loan, [(dt.date(2023, 1, 31), 30_000)])

    assert terms.last_due_on is None
    assert [on.isoformat() for on in terms.due_on] == [
        "2023-03-01",
        "2023-03-31",
        "2023-04-30",
    ]
