"""Which ledger policies columns cover, and in which order these pay buckets.

Columns know the rows of a loan before anything is paid, so no payment may change what
rows ask for; and they pay row by row, the oldest first. All else is refused by name;
`replay` takes it.

Example:
    >>> from microcrm_core.ledger import PLAIN_LEDGER
    >>> from microcrm_core.ledger.covered_policies_batch import bucket_order
    >>> [bucket.name.lower() for bucket in bucket_order(PLAIN_LEDGER)]
    ['fees', 'interest', 'principal', 'penalties']
"""

from __future__ import annotations

from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.allocation_orders import Bucket, DueState
from microcrm_core.ledger.ledger_policies import (
    ChargesInAdvance,
    EarlyPayment,
    LateInterest,
    LedgerPolicy,
)

__all__ = ["bucket_order", "bucket_orders"]


def bucket_orders(
    policy: object, *, has_down_payments: bool = False
) -> tuple[tuple[Bucket, ...], ...]:
    """Return in which order a policy pays the buckets of a row, by `DueState`.

    Args:
        policy: How the loans are kept.
        has_down_payments: Whether some loan asks for a down payment.

    Raises:
        InvalidValueError: The policy is none that columns cover.

    Example:
        >>> from microcrm_core.errors import InvalidValueError
        >>> from microcrm_core.ledger import RECALCULATING_LEDGER
        >>> from microcrm_core.ledger.covered_policies_batch import bucket_orders
        >>> try:
        ...     bucket_orders(RECALCULATING_LEDGER)
        ... except InvalidValueError as error:
        ...     print(error.field, error.rule)
        early_payment must be 'nothing' in columns
    """
    if not isinstance(policy, LedgerPolicy):
        raise InvalidValueError("policy", "must be a LedgerPolicy", policy)
    if policy.early_payment is not EarlyPayment.NOTHING:
        _refuse("early_payment", "must be 'nothing'", policy.early_payment.value)
    if policy.late_interest is not LateInterest.NONE:
        _refuse("late_interest", "must be 'none'", policy.late_interest.value)
    if policy.charges_in_advance is not ChargesInAdvance.AS_ORDERED:
        found = policy.charges_in_advance.value
        _refuse("charges_in_advance", "must be 'as_ordered'", found)
    for name in ("allocation_by_kind", "interest_refund_kinds"):
        kinds = [kind.value for kind in getattr(policy, name)]
        if kinds:
            _refuse(name, "must be empty", kinds)
    if has_down_payments and policy.is_down_payment_automatic:
        _refuse("is_down_payment_automatic", "must be False", found=True)
    order = policy.allocation
    if not order.is_oldest_first:
        found = f"{order.processing.value}, {order.in_advance.value}"
        _refuse("allocation", "must pay the oldest row first", found)
    return tuple(order.buckets(state) for state in DueState)


def bucket_order(
    policy: object, *, has_down_payments: bool = False
) -> tuple[Bucket, ...]:
    """Return in which order a policy pays the buckets of a row, in all due states.

    Args:
        policy: How the loans are kept.
        has_down_payments: Whether some loan asks for a down payment.

    Raises:
        InvalidValueError: The policy is none that columns cover, or has several orders.

    Example:
        See `microcrm_core.ledger.covered_policies_batch`.
    """
    orders = set(bucket_orders(policy, has_down_payments=has_down_payments))
    if len(orders) > 1:
        rule = "must have one order of buckets in all due states"
        _refuse("allocation", rule, sorted(orders))
    return orders.pop()


def _refuse(field: str, rule: str, found: object) -> None:
    hint = "use replay for loans of this policy"
    raise InvalidValueError(field, f"{rule} in columns", found, hint=hint)
