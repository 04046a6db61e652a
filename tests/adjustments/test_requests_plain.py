"""Requests as JSON, and back: strict, with the path to a fault."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, PolicyError, digest
from microcrm_core.adjustments import (
    AdjustmentKind,
    AdjustmentRequest,
    CapitalizeArrears,
    ChangeDueDay,
    PaymentHoliday,
    Prepay,
    adjustment_request_from_plain,
    adjustment_request_to_plain,
)
from tests.adjustments.request_cases import BY_KIND
from tests.adjustments.test_requests import RE_AGED, RENEWAL


@pytest.mark.parametrize("kind", AdjustmentKind)
def test_every_request_comes_back_from_json(kind: AdjustmentKind) -> None:
    @settings(max_examples=20)
    @given(BY_KIND[kind])
    def check(request: AdjustmentRequest) -> None:
        text = json.dumps(adjustment_request_to_plain(request))
        assert adjustment_request_from_plain(json.loads(text)) == request

    check()


@settings(max_examples=20)
@given(data=st.data(), kind=st.sampled_from(AdjustmentKind))
def test_the_digest_of_the_form_changes_with_every_field(
    data: st.DataObject, kind: AdjustmentKind
) -> None:
    one, other = data.draw(BY_KIND[kind]), data.draw(BY_KIND[kind])
    for field in attrs.fields(type(one)):
        parts: dict[str, Any] = {field.name: getattr(other, field.name)}
        try:
            changed = attrs.evolve(one, **parts)
        except InvalidValueError:
            continue  # Two days, or none, or a wish where all is paid.
        forms = [adjustment_request_to_plain(request) for request in (one, changed)]
        assert (digest(forms[0]) == digest(forms[1])) is (one == changed)


def test_the_form_has_every_part() -> None:
    assert adjustment_request_to_plain(ChangeDueDay(weekday=5)) == {
        "kind": "change_due_day",
        "day": None,
        "weekday": 5,
        "from_on": None,
        "direction": "later",
    }
    assert adjustment_request_to_plain(RE_AGED) == {
        "kind": "re_age",
        "start_on": "2025-07-15",
        "frequency": "monthly",
        "installment_count": 6,
        "interest": "level",
    }
    assert adjustment_request_to_plain(Prepay()) == {
        "kind": "prepay",
        "amount": None,
        "effect": None,
    }


def test_parts_with_a_default_may_be_left_out() -> None:
    plain = {"kind": "payment_holiday", "count": 2}

    assert adjustment_request_from_plain(plain) == PaymentHoliday(count=2)
    assert adjustment_request_from_plain({"kind": "prepay"}) == Prepay()
    arrears = {"kind": "capitalize_arrears"}
    assert adjustment_request_from_plain(arrears) == CapitalizeArrears()


SEASON = {"kind": "seasonal_plan", "month_weights": ["1"] * 12}
RENEW: dict[str, Any] = adjustment_request_to_plain(RENEWAL)


@pytest.mark.parametrize(
    ("plain", "field"),
    [
        ("prepay", "request"),
        ([], "request"),
        ({}, "request.kind"),
        ({"kind": "forgive"}, "request.kind"),
        ({"kind": None}, "request.kind"),
        ({"kind": "change_due_day"}, "request.day"),
        ({"kind": "change_due_day", "day": 15, "weekday": 1}, "request.weekday"),
        ({"kind": "change_due_day", "day": 15.0}, "request.day"),
        ({"kind": "change_due_day", "day": "15"}, "request.day"),
        ({"kind": "change_due_day", "day": True}, "request.day"),
        ({"kind": "change_due_day", "day": 32}, "request.day"),
        ({"kind": "change_due_day", "day": 1, "from": None}, "request"),
        (
            {"kind": "change_due_day", "day": 1, "from_on": "20250715"},
            "request.from_on",
        ),
        ({"kind": "change_due_day", "day": 1, "direction": "up"}, "request.direction"),
        ({"kind": "shift_due_dates"}, "request.days"),
        ({"kind": "shift_due_dates", "days": 0}, "request.days"),
        ({"kind": "shift_due_dates", "days": None}, "request.days"),
        ({"kind": "payment_holiday", "count": 1.5}, "request.count"),
        (
            {"kind": "payment_holiday", "count": 1, "is_interest_free": 0},
            "request.is_interest_free",
        ),
        ({"kind": "extend_term", "added_count": 1201}, "request.added_count"),
        ({"kind": "prepay", "amount": 100}, "request.amount"),
        (
            {"kind": "prepay", "amount": {"currency": "EUR", "minor": 1.0}},
            "request.amount.minor",
        ),
        (
            {"kind": "prepay", "amount": {"currency": "EUR", "minor": 0}},
            "request.amount",
        ),
        ({"kind": "prepay", "effect": "nothing"}, "request.effect"),
        ({"kind": "change_rate", "nominal_rate": 0.24}, "request.nominal_rate"),
        ({"kind": "change_rate", "nominal_rate": "24%"}, "request.nominal_rate"),
        ({"kind": "change_rate", "nominal_rate": "-0.1"}, "request.nominal_rate"),
        ({"kind": "capitalize_arrears", "amount": None}, "request"),
        ({"kind": "re_amortize", "interest": None}, "request.interest"),
        ({"kind": "change_frequency", "frequency": "often"}, "request.frequency"),
        ({"kind": "change_frequency", "frequency": 7}, "request.frequency"),
        (SEASON | {"month_weights": ["1"] * 11}, "request.month_weights"),
        (SEASON | {"month_weights": ["0"] * 12}, "request.month_weights"),
        (SEASON | {"month_weights": ["1"] * 11 + [1]}, "request.month_weights[11]"),
        (SEASON | {"month_weights": ["1"] * 11 + ["-1"]}, "request.month_weights"),
        (RENEW | {"new_loan_id": ""}, "request.new_loan_id"),
        (RENEW | {"terms": {}}, "request.terms.principal"),
        (
            RENEW | {"terms": RENEW["terms"] | {"installment_count": 0}},
            "request.terms.installment_count",
        ),
        (RENEW | {"settlement_account": 4711}, "request.settlement_account"),
        (RENEW | {"settlement_account": ""}, "request.settlement_account"),
    ],
)
def test_a_bad_form_is_refused_with_its_path(plain: object, field: str) -> None:
    with pytest.raises(PolicyError) as caught:
        adjustment_request_from_plain(plain)

    assert caught.value.field == field


def test_the_path_begins_where_the_reader_says() -> None:
    with pytest.raises(PolicyError) as caught:
        adjustment_request_from_plain({"kind": "prepay", "effect": 1}, path="body[2]")

    assert caught.value.field == "body[2].effect"


@pytest.mark.parametrize("account", [4711, ["4711"], " 4711", "4711 "])
def test_no_error_shows_an_account(account: object) -> None:
    with pytest.raises(PolicyError) as caught:
        adjustment_request_from_plain(RENEW | {"settlement_account": account})

    assert "4711" not in str(caught.value)
