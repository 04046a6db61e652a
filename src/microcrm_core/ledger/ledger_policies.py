"""What a lender agreed about how a loan is kept: orders, late interest, early payment.

The schedule conventions say how installments are computed; a ledger policy says what
repayments pay, what lateness costs and what paying early changes. It is data with an id
and a version, so that a state can name the rules that it came from.

Example:
    >>> from microcrm_core.ledger import PLAIN_LEDGER, RepaymentKind
    >>> PLAIN_LEDGER.order_of(RepaymentKind.GOODWILL) is PLAIN_LEDGER.allocation
    True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, cast

import attrs

from microcrm_core.checks import (
    kind_field,
    name_text_field,
    tuple_field,
    whole_number_field,
)
from microcrm_core.decisions import PolicyRef
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import PolicyId
from microcrm_core.ledger.allocation_orders import (
    FEES_INTEREST_PRINCIPAL,
    AllocationOrder,
    Bucket,
)
from microcrm_core.ledger.repayment_kinds import RepaymentKind

__all__ = [
    "PLAIN_LEDGER",
    "RECALCULATING_LEDGER",
    "ChargeOffInterest",
    "ChargesInAdvance",
    "EarlyInterest",
    "EarlyPayment",
    "LateInterest",
    "LedgerPolicy",
]


class EarlyPayment(StrEnum):
    """What principal that is paid before it is due changes.

    Attributes:
        NOTHING: Nothing: interest stays as scheduled.
        LAST_INSTALLMENT: Interest falls from the day on; installments stay, and the
            last ones shrink, so that the loan may end sooner.
        LOWER_INSTALLMENT: Interest falls from the day on, and the level amount of the
            later installments is made anew; the number of installments stays.

    Example:
        >>> from microcrm_core.ledger import EarlyPayment
        >>> EarlyPayment.NOTHING.value
        'nothing'
    """

    NOTHING = "nothing"
    LAST_INSTALLMENT = "last_installment"
    LOWER_INSTALLMENT = "lower_installment"


class EarlyInterest(StrEnum):
    """Up to when interest is owed by one who pays an installment early.

    Attributes:
        TO_THE_DAY: To the day of the payment.
        TO_THE_DUE_DATE: To the due date of its period.
        TO_THE_DUE_DATE_IF_ALL: To the due date of its period where the payment covers
            all that is owed up to it; else to the day.

    Example:
        >>> from microcrm_core.ledger import EarlyInterest
        >>> EarlyInterest.TO_THE_DAY.value
        'to_the_day'
    """

    TO_THE_DAY = "to_the_day"
    TO_THE_DUE_DATE = "to_the_due_date"
    TO_THE_DUE_DATE_IF_ALL = "to_the_due_date_if_all"


class LateInterest(StrEnum):
    """Whether principal that is not paid when due keeps earning interest.

    Attributes:
        NONE: It does not.
        ON_PRINCIPAL: At the nominal rate, until it is paid or the last due date is
            reached.
        ON_PRINCIPAL_AFTER_MATURITY: The same, and also after the last due date.

    Example:
        >>> from microcrm_core.ledger import LateInterest
        >>> LateInterest.NONE.value
        'none'
    """

    NONE = "none"
    ON_PRINCIPAL = "on_principal"
    ON_PRINCIPAL_AFTER_MATURITY = "on_principal_after_maturity"


class ChargesInAdvance(StrEnum):
    """What of an installment that is not due yet may be paid by its first pass.

    Attributes:
        AS_ORDERED: Everything, in the order of the allocation.
        DUE_ONLY: Charges only as far as some are due by the day; then the rest in
            order.
        DUE_ONLY_THEN_PRINCIPAL: The same, with principal before that rest.

    Example:
        >>> from microcrm_core.ledger import ChargesInAdvance
        >>> ChargesInAdvance.AS_ORDERED.value
        'as_ordered'
    """

    AS_ORDERED = "as_ordered"
    DUE_ONLY = "due_only"
    DUE_ONLY_THEN_PRINCIPAL = "due_only_then_principal"


class ChargeOffInterest(StrEnum):
    """What becomes of interest once the lender has taken a loan as a loss.

    Attributes:
        KEPT: It stays as scheduled.
        ENDED: None accrues after the day; installments repay more principal instead.
        ACCELERATED: None accrues after the day, and all that is left is due on it.

    Example:
        >>> from microcrm_core.ledger import ChargeOffInterest
        >>> ChargeOffInterest.KEPT.value
        'kept'
    """

    KEPT = "kept"
    ENDED = "ended"
    ACCELERATED = "accelerated"


_NO_ORDERS: Final[Mapping[RepaymentKind, AllocationOrder]] = MappingProxyType({})


def _orders(value: object) -> Mapping[RepaymentKind, AllocationOrder]:
    orders: dict[RepaymentKind, AllocationOrder] = {}
    if not isinstance(value, Mapping):
        rule = "must map a RepaymentKind to an AllocationOrder"
        raise InvalidValueError("allocation_by_kind", rule, value)
    for kind, order in cast("Mapping[object, object]", value).items():
        if not isinstance(kind, RepaymentKind) or not isinstance(
            order, AllocationOrder
        ):
            rule = "must map a RepaymentKind to an AllocationOrder"
            raise InvalidValueError("allocation_by_kind", rule, kind)
        orders[kind] = order
    return MappingProxyType(orders)


def _kinds(value: object) -> frozenset[RepaymentKind]:
    kinds: set[RepaymentKind] = set()
    rule = "must be RepaymentKinds"
    if not isinstance(value, frozenset | set | tuple):
        raise InvalidValueError("interest_refund_kinds", rule, value)
    for kind in cast("Iterable[object]", value):
        if not isinstance(kind, RepaymentKind):
            raise InvalidValueError("interest_refund_kinds", rule, kind)
        kinds.add(kind)
    return frozenset(kinds)


def _each_or_none(
    _instance: object, attribute: attrs.Attribute[Any], value: tuple[Bucket, ...]
) -> None:
    if value and sorted(value) != sorted(Bucket):
        rule = "must have each bucket once, or none"
        raise InvalidValueError(attribute.name, rule, value)


@attrs.frozen(kw_only=True)
class LedgerPolicy:
    """How a loan is kept, as data.

    Attributes:
        id: Identity of the policy.
        version: Version of it, from 1.
        allocation: In which order a repayment pays.
        allocation_by_kind: Orders of kinds of repayments that have one of their own.
        charges_in_advance: What of an installment that is not due yet is paid first.
        early_payment: What principal that is paid early changes.
        early_interest: Up to when one who pays early owes interest.
        late_interest: Whether overdue principal keeps earning.
        interest_refund_kinds: Refunds of these kinds give back the interest that their
            principal has borne.
        chargeback_order: From which buckets a charge-back takes first; empty: all of it
            is principal.
        charge_off_interest: What becomes of interest after a charge-off.
        is_down_payment_automatic: Whether a down payment is taken as it falls due.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import attrs
        >>> from microcrm_core.ledger import OLDEST_FIRST, PLAIN_LEDGER
        >>> ours = attrs.evolve(PLAIN_LEDGER, id="ours", allocation=OLDEST_FIRST)
        >>> ours.ref.id, ours.is_recalculating
        ('ours', False)
    """

    id: PolicyId = attrs.field(validator=name_text_field)
    version: int = attrs.field(default=1, validator=whole_number_field(at_least=1))
    allocation: AllocationOrder = attrs.field(validator=kind_field(AllocationOrder))
    allocation_by_kind: Mapping[RepaymentKind, AllocationOrder] = attrs.field(
        default=_NO_ORDERS, converter=_orders
    )
    charges_in_advance: ChargesInAdvance = attrs.field(
        default=ChargesInAdvance.AS_ORDERED, validator=kind_field(ChargesInAdvance)
    )
    early_payment: EarlyPayment = attrs.field(
        default=EarlyPayment.NOTHING, validator=kind_field(EarlyPayment)
    )
    early_interest: EarlyInterest = attrs.field(
        default=EarlyInterest.TO_THE_DAY, validator=kind_field(EarlyInterest)
    )
    late_interest: LateInterest = attrs.field(
        default=LateInterest.NONE, validator=kind_field(LateInterest)
    )
    interest_refund_kinds: frozenset[RepaymentKind] = attrs.field(
        default=frozenset(), converter=_kinds
    )
    chargeback_order: tuple[Bucket, ...] = attrs.field(
        default=(), validator=[tuple_field(Bucket), _each_or_none]
    )
    charge_off_interest: ChargeOffInterest = attrs.field(
        default=ChargeOffInterest.KEPT, validator=kind_field(ChargeOffInterest)
    )
    is_down_payment_automatic: bool = attrs.field(
        default=False, validator=kind_field(bool)
    )

    @property
    def is_recalculating(self) -> bool:
        """Whether paying early or late changes interest."""
        is_early = self.early_payment is not EarlyPayment.NOTHING
        return is_early or self.late_interest is not LateInterest.NONE

    def order_of(self, kind: RepaymentKind) -> AllocationOrder:
        """Return the order in which a repayment of this kind pays."""
        orders = self.allocation_by_kind
        return orders.get(kind, self.allocation) if orders else self.allocation

    @property
    def ref(self) -> PolicyRef:
        """Id, version and digest of the content."""
        return PolicyRef.of(self.id, str(self.version), self)

    def to_plain(self) -> object:
        """Return the form that `ledger_policies_plain` reads back."""
        # Few policies are stored, and that form knows this class.
        from microcrm_core.ledger.ledger_policies_plain import ledger_policy_to_plain

        return ledger_policy_to_plain(self)

    def __hash__(self) -> int:
        """Hash by identity and version; orders by kind are a read-only mapping."""
        return hash((self.id, self.version))

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive a trip between processes."""
        names = [field.name for field in attrs.fields(LedgerPolicy)]
        parts = {name: getattr(self, name) for name in names}
        parts["allocation_by_kind"] = dict(self.allocation_by_kind)
        return _policy, (parts,)


def _policy(parts: dict[str, Any]) -> LedgerPolicy:
    return LedgerPolicy(**parts)


PLAIN_LEDGER: Final = LedgerPolicy(
    id=PolicyId("plain-ledger"), allocation=FEES_INTEREST_PRINCIPAL
)
"""Oldest installment first; neither late nor early payment changes the schedule."""

RECALCULATING_LEDGER: Final = LedgerPolicy(
    id=PolicyId("recalculating-ledger"),
    allocation=FEES_INTEREST_PRINCIPAL,
    early_payment=EarlyPayment.LAST_INSTALLMENT,
    late_interest=LateInterest.ON_PRINCIPAL,
)
"""Oldest installment first; interest is on what is really outstanding, day by day."""
