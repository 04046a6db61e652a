"""Ledger policies as JSON, and back: strict, with a digest of their content."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import attrs
import pytest
from hypothesis import given

from microcrm_core import PolicyError, canonical_json
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import PolicyId
from microcrm_core.ledger import (
    OLDEST_FIRST,
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    AllocationOrder,
    Bucket,
    DueState,
    EarlyPayment,
    InAdvance,
    LedgerPolicy,
    Processing,
    RepaymentKind,
)
from microcrm_core.ledger.ledger_policies_plain import (
    allocation_order_from_plain,
    allocation_order_to_plain,
    ledger_policy_from_plain,
    ledger_policy_to_plain,
)
from tests.ledger.ledger_cases import policies

ALL = AllocationOrder.of(
    (Bucket.INTEREST, Bucket.PRINCIPAL, Bucket.FEES, Bucket.PENALTIES),
    (Bucket.FEES, Bucket.INTEREST, Bucket.PENALTIES, Bucket.PRINCIPAL),
    (Bucket.PRINCIPAL, Bucket.INTEREST, Bucket.FEES, Bucket.PENALTIES),
    in_advance=InAdvance.SPREAD,
    processing=Processing.VERTICAL,
)
FULL = attrs.evolve(
    RECALCULATING_LEDGER,
    id=PolicyId("full"),
    version=3,
    allocation_by_kind={RepaymentKind.GOODWILL: ALL},
    interest_refund_kinds=frozenset(
        {RepaymentKind.PAYOUT_REFUND, RepaymentKind.MERCHANT_REFUND}
    ),
    chargeback_order=(
        Bucket.PENALTIES,
        Bucket.FEES,
        Bucket.INTEREST,
        Bucket.PRINCIPAL,
    ),
)


@given(policy=policies())
def test_a_policy_comes_back_from_json(policy: LedgerPolicy) -> None:
    text = json.dumps(ledger_policy_to_plain(policy))

    assert ledger_policy_from_plain(json.loads(text)) == policy


@pytest.mark.parametrize("policy", [PLAIN_LEDGER, RECALCULATING_LEDGER, FULL])
def test_every_part_is_written_and_comes_back(policy: LedgerPolicy) -> None:
    plain = ledger_policy_to_plain(policy)

    assert set(plain) == {field.name for field in attrs.fields(LedgerPolicy)}
    assert ledger_policy_from_plain(plain) == policy
    assert json.loads(canonical_json(policy)) == json.loads(canonical_json(plain))


def test_what_has_a_default_may_be_left_out() -> None:
    plain = {
        "id": "short",
        "allocation": {"places": allocation_order_to_plain(OLDEST_FIRST)["places"]},
    }

    assert ledger_policy_from_plain(plain) == LedgerPolicy(
        id=PolicyId("short"), allocation=OLDEST_FIRST
    )


def test_an_order_comes_back_from_json() -> None:
    assert allocation_order_from_plain(allocation_order_to_plain(ALL)) == ALL


def test_the_digest_is_of_the_content() -> None:
    same = ledger_policy_from_plain(ledger_policy_to_plain(FULL))
    other = attrs.evolve(FULL, early_payment=EarlyPayment.NOTHING)

    assert FULL.ref == same.ref
    assert (FULL.ref.id, FULL.ref.version) == ("full", "3")
    assert FULL.ref.digest != other.ref.digest


def test_a_policy_is_a_value() -> None:
    same = ledger_policy_from_plain(ledger_policy_to_plain(FULL))

    assert {FULL: 1}[same] == 1
    assert pickle.loads(pickle.dumps(FULL)) == FULL
    assert copy.deepcopy(FULL) == FULL


def _without_a_place() -> dict[str, Any]:
    plain: dict[str, Any] = ledger_policy_to_plain(FULL)
    plain["allocation"]["places"].pop()
    return plain


BAD: list[tuple[dict[str, Any], str]] = [
    ({"id": None}, "policy.id"),
    ({"version": 0}, "policy.version"),
    ({"version": "1"}, "policy.version"),
    ({"note": "x"}, "policy"),
    ({"early_payment": "some"}, "policy.early_payment"),
    ({"late_interest": None}, "policy.late_interest"),
    ({"allocation": "oldest"}, "policy.allocation"),
    ({"allocation": {"places": [["due", "tips"]]}}, "policy.allocation.places[0][1]"),
    ({"allocation": {"places": [["soon", "fees"]]}}, "policy.allocation.places[0][0]"),
    ({"allocation": {"places": [["due"]]}}, "policy.allocation.places[0]"),
    ({"allocation": _without_a_place()["allocation"]}, "policy.allocation.places"),
    ({"allocation_by_kind": {"gift": {}}}, "policy.allocation_by_kind"),
    ({"allocation_by_kind": []}, "policy.allocation_by_kind"),
    ({"interest_refund_kinds": ["gift"]}, "policy.interest_refund_kinds[0]"),
    ({"chargeback_order": ["fees"]}, "policy.chargeback_order"),
    ({"chargeback_order": ["tips"]}, "policy.chargeback_order[0]"),
    ({"is_down_payment_automatic": 1}, "policy.is_down_payment_automatic"),
]


@pytest.mark.parametrize(("change", "field"), BAD)
def test_another_shape_is_refused_with_the_path_to_its_fault(
    change: dict[str, Any], field: str
) -> None:
    with pytest.raises(PolicyError) as found:
        ledger_policy_from_plain(ledger_policy_to_plain(FULL) | change)

    assert found.value.field == field


@pytest.mark.parametrize("name", ["id", "allocation"])
def test_what_has_no_default_must_be_given(name: str) -> None:
    plain = ledger_policy_to_plain(FULL)
    del plain[name]

    with pytest.raises(PolicyError, match=f"policy.{name} must be given"):
        ledger_policy_from_plain(plain)


def test_orders_by_kind_and_kinds_must_be_of_their_types() -> None:
    with pytest.raises(InvalidValueError, match="allocation_by_kind must map"):
        attrs.evolve(FULL, allocation_by_kind={"goodwill": ALL})
    with pytest.raises(InvalidValueError, match="allocation_by_kind must map"):
        attrs.evolve(FULL, allocation_by_kind=[RepaymentKind.GOODWILL])
    with pytest.raises(InvalidValueError, match="interest_refund_kinds must be"):
        attrs.evolve(FULL, interest_refund_kinds=("goodwill",))
    with pytest.raises(InvalidValueError, match="interest_refund_kinds must be"):
        attrs.evolve(FULL, interest_refund_kinds="goodwill")


def test_a_horizontal_order_is_paid_by_due_state_and_a_vertical_one_by_place() -> None:
    horizontal = attrs.evolve(ALL, processing=Processing.HORIZONTAL)

    assert [state for state, _ in horizontal.steps] == list(DueState)
    assert [len(buckets) for _, buckets in horizontal.steps] == [4, 4, 4]
    assert ALL.steps == tuple((state, (bucket,)) for state, bucket in ALL.places)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (OLDEST_FIRST, True),
        (attrs.evolve(OLDEST_FIRST, in_advance=InAdvance.LAST), False),
        (attrs.evolve(OLDEST_FIRST, processing=Processing.VERTICAL), False),
        (attrs.evolve(OLDEST_FIRST, places=OLDEST_FIRST.places[::-1]), False),
    ],
)
def test_only_one_kind_of_order_pays_rows_one_after_the_other(
    order: AllocationOrder, expected: bool
) -> None:
    assert order.is_oldest_first is expected
