"""Ledger policies as plain JSON values, and back: strict, with the path to a fault.

A lender keeps his policies beside his loans, so that a state can always be worked out
by the rules that held for it. When writing, every part is there; parts that have a
default may be left out when reading.

Example:
    >>> from microcrm_core.ledger import PLAIN_LEDGER
    >>> from microcrm_core.ledger.ledger_policies_plain import (
    ...     ledger_policy_from_plain, ledger_policy_to_plain
    ... )
    >>> plain = ledger_policy_to_plain(PLAIN_LEDGER)
    >>> plain["late_interest"], plain["allocation"]["places"][:2]
    ('none', [['past_due', 'fees'], ['past_due', 'interest']])
    >>> ledger_policy_from_plain(plain) == PLAIN_LEDGER
    True
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from microcrm_core.errors import PolicyError
from microcrm_core.ids import PolicyId
from microcrm_core.ledger.allocation_orders import (
    AllocationOrder,
    Bucket,
    DueState,
    InAdvance,
    Processing,
)
from microcrm_core.ledger.ledger_policies import (
    ChargeOffInterest,
    ChargesInAdvance,
    EarlyInterest,
    EarlyPayment,
    LateInterest,
    LedgerPolicy,
)
from microcrm_core.ledger.repayment_kinds import RepaymentKind
from microcrm_core.loans.plain_values import plain_flag, plain_items, plain_whole
from microcrm_core.rules.plain import (
    Plain,
    faults_below,
    plain_choice,
    plain_mapping,
    plain_text,
)

__all__ = [
    "allocation_order_from_plain",
    "allocation_order_to_plain",
    "ledger_policy_from_plain",
    "ledger_policy_to_plain",
]

_BUCKETS: Final[Mapping[str, Bucket]] = {
    bucket.name.lower(): bucket for bucket in Bucket
}
_CHOICES: Final = {
    "charges_in_advance": ChargesInAdvance,
    "early_payment": EarlyPayment,
    "early_interest": EarlyInterest,
    "late_interest": LateInterest,
    "charge_off_interest": ChargeOffInterest,
}
_OTHERS: Final = (
    "allocation_by_kind", "interest_refund_kinds", "chargeback_order",
    "is_down_payment_automatic",
)  # fmt: skip


def allocation_order_to_plain(order: AllocationOrder) -> Plain:
    """Return *order* as a JSON object.

    Example:
        >>> from microcrm_core.ledger import OLDEST_FIRST
        >>> from microcrm_core.ledger.ledger_policies_plain import (
        ...     allocation_order_to_plain
        ... )
        >>> allocation_order_to_plain(OLDEST_FIRST)["places"][0]
        ['past_due', 'penalties']
    """
    return {
        "places": [
            [state.value, bucket.name.lower()] for state, bucket in order.places
        ],
        "in_advance": order.in_advance.value,
        "processing": order.processing.value,
    }


def allocation_order_from_plain(
    plain: object, *, path: str = "allocation"
) -> AllocationOrder:
    """Return the order that a JSON object stands for.

    Raises:
        PolicyError: It has another shape, or no valid order comes of it; the error's
            `field` is the path to the fault.

    Example:
        >>> from microcrm_core.ledger import OLDEST_FIRST
        >>> from microcrm_core.ledger.ledger_policies_plain import (
        ...     allocation_order_from_plain, allocation_order_to_plain
        ... )
        >>> plain = allocation_order_to_plain(OLDEST_FIRST)
        >>> allocation_order_from_plain(plain) == OLDEST_FIRST
        True
    """
    parts = plain_mapping(
        plain, path, needed=("places",), optional=("in_advance", "processing")
    )
    items = plain_items(parts["places"], f"{path}.places")
    in_advance = parts.get("in_advance", InAdvance.NEXT.value)
    processing = parts.get("processing", Processing.HORIZONTAL.value)
    with faults_below(path):
        return AllocationOrder(
            places=tuple(
                _place(item, f"{path}.places[{i}]") for i, item in enumerate(items)
            ),
            in_advance=plain_choice(InAdvance, in_advance, f"{path}.in_advance"),
            processing=plain_choice(Processing, processing, f"{path}.processing"),
        )


def ledger_policy_to_plain(policy: LedgerPolicy) -> Plain:
    """Return *policy* as a JSON object with every part.

    Example:
        >>> from microcrm_core.ledger import PLAIN_LEDGER, ledger_policy_to_plain
        >>> ledger_policy_to_plain(PLAIN_LEDGER)["early_payment"]
        'nothing'
    """
    return {
        "id": policy.id,
        "version": policy.version,
        "allocation": allocation_order_to_plain(policy.allocation),
        "allocation_by_kind": {
            kind.value: allocation_order_to_plain(order)
            for kind, order in sorted(policy.allocation_by_kind.items())
        },
        **{name: getattr(policy, name).value for name in _CHOICES},
        "interest_refund_kinds": sorted(
            kind.value for kind in policy.interest_refund_kinds
        ),
        "chargeback_order": [bucket.name.lower() for bucket in policy.chargeback_order],
        "is_down_payment_automatic": policy.is_down_payment_automatic,
    }


def ledger_policy_from_plain(plain: object, *, path: str = "policy") -> LedgerPolicy:
    """Return the policy that a JSON object stands for.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape, or no valid policy comes of it; the error's
            `field` is the path to the fault.

    Example:
        >>> from microcrm_core.ledger import PLAIN_LEDGER, ledger_policy_from_plain
        >>> ledger_policy_from_plain(PLAIN_LEDGER.to_plain()) == PLAIN_LEDGER
        True
    """
    parts = plain_mapping(
        plain,
        path,
        needed=("id", "allocation"),
        optional=("version", *_CHOICES, *_OTHERS),
    )
    by_kind = _by_kind(parts.get("allocation_by_kind", {}), path)
    kinds = plain_items(
        parts.get("interest_refund_kinds", ()), f"{path}.interest_refund_kinds"
    )
    buckets = plain_items(parts.get("chargeback_order", ()), f"{path}.chargeback_order")
    is_automatic = parts.get("is_down_payment_automatic", False)
    with faults_below(path):
        return LedgerPolicy(
            id=PolicyId(plain_text(parts["id"], f"{path}.id")),
            version=plain_whole(parts.get("version", 1), f"{path}.version"),
            allocation=allocation_order_from_plain(
                parts["allocation"], path=f"{path}.allocation"
            ),
            allocation_by_kind=by_kind,
            charges_in_advance=plain_choice(
                ChargesInAdvance,
                parts.get("charges_in_advance", ChargesInAdvance.AS_ORDERED.value),
                f"{path}.charges_in_advance",
            ),
            early_payment=plain_choice(
                EarlyPayment,
                parts.get("early_payment", EarlyPayment.NOTHING.value),
                f"{path}.early_payment",
            ),
            early_interest=plain_choice(
                EarlyInterest,
                parts.get("early_interest", EarlyInterest.TO_THE_DAY.value),
                f"{path}.early_interest",
            ),
            late_interest=plain_choice(
                LateInterest,
                parts.get("late_interest", LateInterest.NONE.value),
                f"{path}.late_interest",
            ),
            interest_refund_kinds=tuple(
                plain_choice(RepaymentKind, kind, f"{path}.interest_refund_kinds[{i}]")
                for i, kind in enumerate(kinds)
            ),
            chargeback_order=tuple(
                _bucket(bucket, f"{path}.chargeback_order[{i}]")
                for i, bucket in enumerate(buckets)
            ),
            charge_off_interest=plain_choice(
                ChargeOffInterest,
                parts.get("charge_off_interest", ChargeOffInterest.KEPT.value),
                f"{path}.charge_off_interest",
            ),
            is_down_payment_automatic=plain_flag(
                is_automatic, f"{path}.is_down_payment_automatic"
            ),
        )


def _by_kind(plain: object, path: str) -> dict[RepaymentKind, AllocationOrder]:
    where = f"{path}.allocation_by_kind"
    kinds = [kind.value for kind in RepaymentKind]
    parts = plain_mapping(plain, where, needed=(), optional=kinds)
    return {
        RepaymentKind(name): allocation_order_from_plain(order, path=f"{where}.{name}")
        for name, order in parts.items()
    }


def _place(plain: object, path: str) -> tuple[DueState, Bucket]:
    state, bucket = plain_items(plain, path, at_least=2, at_most=2)
    return plain_choice(DueState, state, f"{path}[0]"), _bucket(bucket, f"{path}[1]")


def _bucket(value: object, path: str) -> Bucket:
    found = _BUCKETS.get(value) if isinstance(value, str) else None
    if found is None:
        raise PolicyError(path, f"must be one of {', '.join(_BUCKETS)}", value)
    return found
