"""How a loan is kept, as the peer's products state it.

Some settings have no effect in the engines that the cases come from, so they are known
and not passed on: the strategy for early payments of the progressive engine (where
money goes is said by the allocation), the grace of arrears (it belongs to delinquency),
and how capitalized income is recognized.
"""

from __future__ import annotations

from typing import Final, TypeVar

from microcrm_core.ids import PolicyId
from microcrm_core.ledger import (
    INTEREST_PRINCIPAL_PENALTIES_FEES,
    OLDEST_FIRST,
    PRINCIPAL_INTEREST_PENALTIES_FEES,
    AllocationOrder,
    Bucket,
    ChargeOffInterest,
    ChargesInAdvance,
    DueState,
    EarlyInterest,
    EarlyPayment,
    InAdvance,
    LateInterest,
    LedgerPolicy,
    Processing,
    RepaymentKind,
)
from tests.golden.known import require_known
from tests.golden.outcomes import NotSupportedError
from tests.golden.reading import (
    Json,
    MalformedError,
    Record,
    flag_at,
    items_at,
    record_at,
    text_at,
)

_Value = TypeVar("_Value")

__all__ = ["REPAYMENT_KINDS", "is_cumulative", "is_recalculated", "policy_of"]

REPAYMENT_KINDS: Final = {
    "repayment": RepaymentKind.REPAYMENT,
    "down_payment": RepaymentKind.DOWN_PAYMENT,
    "merchant_issued_refund": RepaymentKind.MERCHANT_REFUND,
    "payout_refund": RepaymentKind.PAYOUT_REFUND,
    "goodwill_credit": RepaymentKind.GOODWILL,
    "interest_refund": RepaymentKind.INTEREST_REFUND,
    "interest_payment_waiver": RepaymentKind.INTEREST_WAIVER,
}
"""Why money came in, by the peer's word."""

_BUCKETS: Final = {
    "PRINCIPAL": Bucket.PRINCIPAL,
    "INTEREST": Bucket.INTEREST,
    "FEE": Bucket.FEES,
    "PENALTY": Bucket.PENALTIES,
}
_IN_ADVANCE: Final = {
    "NEXT_INSTALLMENT": InAdvance.NEXT,
    "LAST_INSTALLMENT": InAdvance.LAST,
    "REAMORTIZATION": InAdvance.SPREAD,
    "NEXT_LAST_INSTALLMENT": InAdvance.CURRENT_OR_LAST,
}
_CHARGE_OFF: Final = {
    "regular": ChargeOffInterest.KEPT,
    "zero_interest": ChargeOffInterest.ENDED,
    "accelerate_maturity": ChargeOffInterest.ACCELERATED,
}
_STANDARD: Final[dict[str, tuple[AllocationOrder, ChargesInAdvance]]] = {
    "PENALTIES_FEES_INTEREST_PRINCIPAL_ORDER": (
        OLDEST_FIRST,
        ChargesInAdvance.AS_ORDERED,
    ),
    "INTEREST_PRINCIPAL_PENALTIES_FEES_ORDER": (
        INTEREST_PRINCIPAL_PENALTIES_FEES,
        ChargesInAdvance.AS_ORDERED,
    ),
    "PRINCIPAL_INTEREST_PENALTIES_FEES_ORDER": (
        PRINCIPAL_INTEREST_PENALTIES_FEES,
        ChargesInAdvance.AS_ORDERED,
    ),
    "DUE_PENALTY_INTEREST_PRINCIPAL_FEE_IN_ADVANCE_PENALTY_INTEREST_PRINCIPAL_FEE": (
        AllocationOrder.of(
            (Bucket.PENALTIES, Bucket.INTEREST, Bucket.PRINCIPAL, Bucket.FEES)
        ),
        ChargesInAdvance.DUE_ONLY,
    ),
    "DUE_PENALTY_FEE_INTEREST_PRINCIPAL_IN_ADVANCE_PRINCIPAL_PENALTY_FEE_INTEREST": (
        OLDEST_FIRST,
        ChargesInAdvance.DUE_ONLY_THEN_PRINCIPAL,
    ),
}
_RECALCULATION_KEYS: Final = frozenset(
    {
        "no_interest_on_past_due", "preclosure_interest", "prepayment_strategy",
        "rest_frequency", "compounding",
    }
)  # fmt: skip


def is_cumulative(product: Record) -> bool:
    """Return whether the product is of the older engine."""
    return text_at(product, "schedule_engine") == "cumulative"


def is_recalculated(product: Record) -> bool:
    """Return whether early and late payments change interest."""
    return product.get("interest_recalculation") is not None


def policy_of(product: Record, loan: Record) -> LedgerPolicy:
    """Return how a loan of this product is kept."""
    if is_cumulative(product):
        allocation, in_advance = _standard_order(text_at(loan, "transaction_strategy"))
        by_kind: dict[RepaymentKind, AllocationOrder] = {}
    else:
        strategy = text_at(loan, "transaction_strategy")
        if strategy != "ADVANCED_PAYMENT_ALLOCATION":
            raise NotSupportedError(f"strategy {strategy} of the progressive engine")
        in_advance = ChargesInAdvance.AS_ORDERED
        allocation, by_kind = _advanced_orders(product)
    early, early_interest, late = _recalculation(product)
    return LedgerPolicy(
        id=PolicyId("golden"),
        allocation=allocation,
        allocation_by_kind=by_kind,
        charges_in_advance=in_advance,
        early_payment=early,
        early_interest=early_interest,
        late_interest=late,
        interest_refund_kinds=frozenset(
            _repayment_kind(name)
            for name in items_at(product, "interest_refund_on", default=[])
        ),
        chargeback_order=_chargeback_order(product),
        charge_off_interest=_found(
            _CHARGE_OFF, text_at(product, "charge_off_behaviour"), "charge-off"
        ),
    )


def _found(words: dict[str, _Value], word: str, name: str) -> _Value:
    if word not in words:
        raise NotSupportedError(f"{name} {word}")
    return words[word]


def _repayment_kind(name: Json) -> RepaymentKind:
    return _found(REPAYMENT_KINDS, str(name).lower(), "repayment type")


def _standard_order(strategy: str) -> tuple[AllocationOrder, ChargesInAdvance]:
    return _found(_STANDARD, strategy, "strategy")


def _advanced_orders(
    product: Record,
) -> tuple[AllocationOrder, dict[RepaymentKind, AllocationOrder]]:
    processing = Processing(text_at(product, "repayment_processing"))
    default: AllocationOrder | None = None
    by_kind: dict[RepaymentKind, AllocationOrder] = {}
    for rule in items_at(product, "payment_allocation"):
        if not isinstance(rule, dict):
            raise MalformedError(f"an allocation must be an object, got {rule!r}")
        order = AllocationOrder(
            places=tuple(_place(str(name)) for name in items_at(rule, "order")),
            in_advance=_found(
                _IN_ADVANCE, text_at(rule, "future_installment_rule"), "money ahead to"
            ),
            processing=processing,
        )
        kind = text_at(rule, "transaction_type")
        if kind == "DEFAULT":
            default = order
        # A kind that no step can name yet is refused where a step names it.
        elif kind.lower() in REPAYMENT_KINDS:
            by_kind[_repayment_kind(kind)] = order
    if default is None:
        raise MalformedError("payment_allocation must have a DEFAULT")
    return default, by_kind


def _place(name: str) -> tuple[DueState, Bucket]:
    for state in DueState:
        start = f"{state.name}_"
        if name.startswith(start):
            return state, _found(_BUCKETS, name.removeprefix(start), "bucket")
    raise NotSupportedError(f"allocation to {name}")


def _recalculation(
    product: Record,
) -> tuple[EarlyPayment, EarlyInterest, LateInterest]:
    # Steps at which the older engine would recalculate are refused by `CaseLog`.
    if is_cumulative(product) or not is_recalculated(product):
        return EarlyPayment.NOTHING, EarlyInterest.TO_THE_DAY, LateInterest.NONE
    settings = record_at(product, "interest_recalculation")
    require_known(settings, _RECALCULATION_KEYS, "recalculation")
    if text_at(settings, "compounding") != "none":
        raise NotSupportedError(f"compounding {settings['compounding']}")
    late = LateInterest.ON_PRINCIPAL
    if flag_at(settings, "no_interest_on_past_due"):
        late = LateInterest.NONE
    preclosure = text_at(settings, "preclosure_interest")
    rest = text_at(settings, "rest_frequency")
    if rest not in {"daily", "same_as_repayment_period"}:
        raise NotSupportedError(f"rest frequency {rest}")
    if preclosure == "till_preclose_date":
        interest = EarlyInterest.TO_THE_DAY
    elif preclosure != "till_rest_frequency_date":
        raise NotSupportedError(f"preclosure interest {preclosure}")
    elif rest == "daily":
        interest = EarlyInterest.TO_THE_DUE_DATE_IF_ALL
    else:
        interest = EarlyInterest.TO_THE_DUE_DATE
    return EarlyPayment.LAST_INSTALLMENT, interest, late


def _chargeback_order(product: Record) -> tuple[Bucket, ...]:
    for rule in items_at(product, "credit_allocation", default=[]):
        if not isinstance(rule, dict):
            raise MalformedError(f"an allocation must be an object, got {rule!r}")
        kind = text_at(rule, "transaction_type")
        if kind != "CHARGEBACK":
            raise NotSupportedError(f"credit allocation of {kind}")
        return tuple(
            _found(_BUCKETS, str(name), "bucket") for name in items_at(rule, "order")
        )
    return ()
