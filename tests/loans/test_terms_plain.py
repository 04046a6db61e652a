"""Loan terms in JSON: nothing lost, nothing guessed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from microcrm_core import canonical_json
from microcrm_core.loans import EQUAL_INSTALLMENTS, LoanTerms
from microcrm_core.loans.terms_plain import terms_from_plain, terms_to_plain
from tests.loans.plain_cases import (
    assert_every_fault_has_its_path,
    field_names,
    refusal,
    terms,
)

EUR_MINOR = {"currency": "EUR", "minor": 120_000}
LEAST: dict[str, Any] = {
    "principal": EUR_MINOR,
    "nominal_rate": "0.24",
    "installment_count": 3,
    "frequency": "monthly",
    "disbursed_on": "2025-01-15",
    "first_due_on": "2025-02-15",
}
FULL: dict[str, Any] = {
    **LEAST,
    "nominal_rate": "1/3",
    "frequency": "P10D",
    "plan": {
        "method": {"kind": "equal_principal"},
        "grace": {
            "principal_count": 1,
            "interest_payment_count": 0,
            "interest_free_count": 0,
            "deferred_interest": None,
        },
        "balloon": None,
        "down_payment": None,
        "fees": [],
        "unpaid_interest": "refused",
    },
    "due_on": ["2025-02-15", "2025-03-01", "2025-06-30"],
    "last_due_on": None,
    "tranches": [
        {"disbursed_on": "2025-02-01", "amount": {"currency": "EUR", "minor": 20_000}}
    ],
    "rate_changes": [{"from_on": "2025-03-01", "nominal_rate": "0.2"}],
    "interest_pauses": [{"start_on": "2025-04-01", "end_on": "2025-04-11"}],
}


def read(plain: object) -> LoanTerms:
    return terms_from_plain(plain, path="t")


@given(one=terms())
def test_all_terms_come_back_from_json(one: LoanTerms) -> None:
    plain = json.loads(canonical_json(terms_to_plain(one)))
    assert terms_from_plain(plain) == one
    assert plain == terms_to_plain(one)


def test_every_field_is_written() -> None:
    assert set(terms_to_plain(read(LEAST))) == field_names(LoanTerms)
    assert terms_to_plain(read(FULL)) == FULL


def test_parts_with_a_default_may_be_left_out() -> None:
    found = read(LEAST)
    assert found.plan == EQUAL_INSTALLMENTS
    assert (found.due_on, found.last_due_on, found.tranches) == ((), None, ())


@pytest.mark.parametrize("name", list(LEAST))
def test_every_part_without_a_default_must_be_there(name: str) -> None:
    plain = {key: value for key, value in LEAST.items() if key != name}
    error = refusal(read, plain)
    assert (error.field, error.rule) == (f"t.{name}", "must be given")


def test_every_fault_is_told_with_its_path() -> None:
    assert_every_fault_has_its_path(read, FULL, "t")


@settings(max_examples=20)
@given(one=terms())
def test_every_fault_in_any_terms_is_told_with_its_path(one: LoanTerms) -> None:
    assert_every_fault_has_its_path(read, terms_to_plain(one), "t")


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        ("principal", {"currency": "EUR", "minor": 0}, "t.principal"),
        ("nominal_rate", "-0.1", "t.nominal_rate"),
        # Parts per million taken for a fraction.
        ("nominal_rate", "240000", "t.nominal_rate"),
        ("nominal_rate", "24%", "t.nominal_rate"),
        ("installment_count", 0, "t.installment_count"),
        ("installment_count", 1201, "t.installment_count"),
        ("frequency", "fortnightly", "t.frequency"),
        ("disbursed_on", "2025-02-15", "t.first_due_on"),
        ("disbursed_on", "15.1.2025", "t.disbursed_on"),
        ("first_due_on", "2025-W07-6", "t.first_due_on"),
        ("due_on", ["2025-02-15"], "t.due_on"),
        ("due_on", ["2025-02-15", "2025-02-15", "2025-03-15"], "t.due_on"),
        ("due_on", ["2025-02-15", None, "2025-03-15"], "t.due_on[1]"),
        ("last_due_on", "2025-02-14", "t.last_due_on"),
        (
            "tranches",
            [{"disbursed_on": "2025-03-01", "amount": EUR_MINOR}],
            "t.tranches",
        ),
        (
            "tranches",
            [
                {
                    "disbursed_on": "2025-03-01",
                    "amount": {"currency": "CZK", "minor": 1},
                }
            ],
            "t.tranches",
        ),
        (
            "tranches",
            [
                {
                    "disbursed_on": "2025-03-01",
                    "amount": {"currency": "EUR", "minor": 0},
                }
            ],
            "t.tranches[0].amount",
        ),
        (
            "rate_changes",
            [{"from_on": "2025-03-01", "nominal_rate": "1001"}],
            "t.rate_changes[0].nominal_rate",
        ),
        (
            "interest_pauses",
            [{"start_on": "2025-03-01", "end_on": "2025-03-01"}],
            "t.interest_pauses[0].end_on",
        ),
        ("plan", None, "t.plan"),
    ],
)
def test_what_makes_no_terms_is_told_with_its_path(
    part: str, value: object, field: str
) -> None:
    assert refusal(read, {**LEAST, part: value}).field == field


def test_long_lists_of_dates_come_back() -> None:
    # More than the thousand items of a policy's list.
    due_on = [f"{1900 + i // 12}-{i % 12 + 1:02d}-05" for i in range(1, 1201)]
    plain = {
        **LEAST,
        "installment_count": 1200,
        "disbursed_on": "1900-01-05",
        "first_due_on": due_on[0],
        "due_on": due_on,
    }
    assert terms_to_plain(read(plain))["due_on"] == due_on
