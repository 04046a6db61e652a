"""Repayment plans in JSON: nothing lost, nothing guessed."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings

from microcrm_core import canonical_json
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    Bullet,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    Grace,
    Portion,
    RepaymentMethod,
    RepaymentPlan,
)
from microcrm_core.loans.methods import METHOD_KINDS, method_kind
from microcrm_core.loans.plans_plain import (
    method_from_plain,
    plan_from_plain,
    plan_to_plain,
)
from tests.loans.plain_cases import (
    assert_every_fault_has_its_path,
    field_names,
    plans,
    refusal,
)

# One plan for every shape that a part can have.
FULL = {
    "method": {"kind": "graduated", "step_share": "1/3", "step_count": 2},
    "grace": {
        "principal_count": 2,
        "interest_payment_count": 1,
        "interest_free_count": 0,
        "deferred_interest": "capitalized",
    },
    "balloon": {"share": "0.3"},
    "down_payment": {"amount": {"currency": "EUR", "minor": 1000}},
    "fees": [
        {
            "name": "service",
            "timing": "per_installment",
            "portion": {"share": "0.001"},
            "base": "outstanding",
            "is_cost_of_credit": False,
        }
    ],
    "unpaid_interest": "carried",
}


@given(plan=plans())
def test_every_plan_comes_back_from_json(plan: RepaymentPlan) -> None:
    read = plan_from_plain(json.loads(canonical_json(plan_to_plain(plan))))
    assert read == plan
    assert plan_to_plain(read) == plan_to_plain(plan)


def test_every_method_has_one_kind() -> None:
    assert len(METHOD_KINDS) == len(set(METHOD_KINDS)) == len(get_args(RepaymentMethod))


def test_every_field_is_written() -> None:
    plain = plan_to_plain(EQUAL_INSTALLMENTS)
    assert set(plain) == field_names(RepaymentPlan)
    grace = plain["grace"]
    assert isinstance(grace, dict)
    assert set(grace) == field_names(Grace)
    fee: Any = plan_to_plain(plan_from_plain(FULL))["fees"]
    assert set(fee[0]) == field_names(Fee)


def test_parts_with_a_default_may_be_left_out() -> None:
    plain = {"method": {"kind": "equal_principal"}}
    assert plan_from_plain(plain) == RepaymentPlan(method=EqualPrincipal())
    assert method_from_plain({"kind": "bullet"}) == Bullet()
    fee = {"name": "a", "timing": "upfront", "portion": {"share": "0.01"}}
    read = plan_from_plain({**plain, "fees": [fee], "grace": {"principal_count": 1}})
    assert read.fees[0].portion == Portion.of_share("0.01")
    assert read.fees[0].is_cost_of_credit
    assert read.grace == Grace(principal_count=1)


def test_two_methods_without_parts_differ_in_json() -> None:
    # As bare attrs objects both would be {}.
    kinds = {
        canonical_json(plan_to_plain(plan_from_plain({"method": {"kind": kind}})))
        for kind in ("equal_installments", "equal_principal", "flat_interest")
    }
    assert len(kinds) == 3


@pytest.mark.parametrize(
    "method",
    [
        FULL["method"],
        {"kind": "bullet", "is_compounded": True},
        {"kind": "equal_installments"},
        {"kind": "weighted", "weights": ["1", "0.5", "1/3"]},
        {"kind": "seasonal", "month_weights": ["0"] * 11 + ["1"]},
        {"kind": "custom_principal", "amounts": [{"currency": "EUR", "minor": 5}]},
        {
            "kind": "custom_installments",
            "amounts": [{"currency": {"code": "OLDKC", "exponent": 3}, "minor": 5}],
        },
    ],
    ids=lambda method: method["kind"],
)
def test_every_fault_in_a_method_is_told_with_its_path(method: object) -> None:
    def read(plain: object) -> RepaymentMethod:
        return method_from_plain(plain, path="m")

    assert method_kind(read(method)) in METHOD_KINDS
    assert_every_fault_has_its_path(read, method, "m")


def test_every_fault_in_a_plan_is_told_with_its_path() -> None:
    assert plan_to_plain(plan_from_plain(FULL)) == FULL
    assert_every_fault_has_its_path(
        lambda plain: plan_from_plain(plain, path="p"), FULL, "p"
    )


@settings(max_examples=25)
@given(plan=plans())
def test_every_fault_in_any_plan_is_told_with_its_path(plan: RepaymentPlan) -> None:
    assert_every_fault_has_its_path(
        lambda plain: plan_from_plain(plain, path="p"), plan_to_plain(plan), "p"
    )


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        ("method", {"kind": "annuity"}, "p.method.kind"),
        ("method", {}, "p.method.kind"),
        ("method", "bullet", "p.method"),
        ("method", {"kind": "weighted", "weights": []}, "p.method.weights"),
        ("method", {"kind": "weighted", "weights": ["1", "-1"]}, "p.method.weights"),
        ("method", {"kind": "weighted"}, "p.method.weights"),
        ("method", {"kind": "weighted", "weights": ["1"], "n": 1}, "p.method"),
        (
            "method",
            {"kind": "graduated", "step_share": "-1", "step_count": 1},
            "p.method.step_share",
        ),
        (
            "method",
            {"kind": "custom_principal", "amounts": [{"currency": "EUR", "minor": -1}]},
            "p.method.amounts",
        ),
        ("balloon", {"share": "1"}, "p.balloon"),
        ("balloon", {"share": "0"}, "p.balloon.share"),
        ("balloon", {}, "p.balloon"),
        ("balloon", {"share": "0.1", "amount": None}, "p.balloon"),
        ("grace", {"interest_payment_count": 1}, "p.grace.deferred_interest"),
        ("grace", {"principal_count": -1}, "p.grace.principal_count"),
        ("unpaid_interest", "ignored", "p.unpaid_interest"),
        ("fees", {}, "p.fees"),
        (
            "fees",
            [{"name": "a", "timing": "upfront", "portion": None}],
            "p.fees[0].portion",
        ),
        (
            "fees",
            [{"name": "a", "timing": "upfront", "portion": {"share": "0.1"}}] * 2,
            "p.fees",
        ),
        (
            "fees",
            [
                {
                    "name": "a",
                    "timing": "upfront",
                    "portion": {"share": "0.1"},
                    "base": "outstanding",
                }
            ],
            "p.fees[0].base",
        ),
    ],
)
def test_what_makes_no_plan_is_told_with_its_path(
    part: str, value: object, field: str
) -> None:
    plain = {"method": {"kind": "equal_installments"}, part: value}
    error = refusal(lambda given: plan_from_plain(given, path="p"), plain)
    assert error.field == field
    assert ", got " in str(error)


def test_parts_that_contradict_each_other_are_told_with_the_path_of_one() -> None:
    plain = {"method": {"kind": "bullet"}, "balloon": {"share": "0.5"}}
    assert refusal(plan_from_plain, plain).field == "plan.balloon"


def test_canonical_json_tells_methods_without_fields_apart() -> None:
    plans = [
        RepaymentPlan(method=EqualInstallments()),
        RepaymentPlan(method=EqualPrincipal()),
    ]

    assert len({canonical_json(plan) for plan in plans}) == 2
