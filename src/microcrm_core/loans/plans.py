"""How a loan is paid back: the method, and what is agreed beside it.

A `RepaymentPlan` says nothing about amounts and dates of one loan, so a lender's whole
book needs only a few of them: it is what a `Product` offers and what the terms of a
loan refer to. The method decides how principal and interest spread over the
installments; grace, a balloon, a down payment and fees change that in named ways. Read
`terms` next: plan, amount, rate and dates together are what was agreed.

Example:
    >>> from microcrm_core.loans import EqualPrincipal, Grace, RepaymentPlan
    >>> plan = RepaymentPlan(method=EqualPrincipal(), grace=Grace(principal_count=3))
    >>> plan.grace.principal_count
    3
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, get_args

import attrs

from microcrm_core.checks import kind_field, tuple_field, whole_number_field
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.fees import Fee, Portion
from microcrm_core.loans.methods import (
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    EqualInstallments,
    EqualPrincipal,
    InterestOnly,
    RepaymentMethod,
    method_kind,
)
from microcrm_core.money import Money

__all__ = [
    "EQUAL_INSTALLMENTS",
    "NO_GRACE",
    "DeferredInterest",
    "Grace",
    "RepaymentPlan",
    "UnpaidInterest",
]


class DeferredInterest(StrEnum):
    """Where the interest goes that was not paid during grace.

    Attributes:
        CAPITALIZED: It is added to the debt at the end of each period of grace, and
            bears interest from then on.
        FIRST_INSTALLMENT: The first installment after grace pays all of it on top.
        LAST_INSTALLMENT: The last installment pays all of it on top.

    Example:
        >>> from microcrm_core.loans import DeferredInterest
        >>> DeferredInterest("capitalized") is DeferredInterest.CAPITALIZED
        True
    """

    CAPITALIZED = "capitalized"
    FIRST_INSTALLMENT = "first_installment"
    LAST_INSTALLMENT = "last_installment"


class UnpaidInterest(StrEnum):
    """What happens where an installment is smaller than the interest of its period.

    Attributes:
        REFUSED: There is no such schedule.
        CARRIED: The rest waits without interest; the next installments pay it first.
        CAPITALIZED: The rest is added to the debt and bears interest from then on.

    Example:
        >>> from microcrm_core.loans import UnpaidInterest
        >>> UnpaidInterest("carried") is UnpaidInterest.CARRIED
        True
    """

    REFUSED = "refused"
    CARRIED = "carried"
    CAPITALIZED = "capitalized"


@attrs.frozen(kw_only=True)
class Grace:
    """What is not asked for at the start; counts include the first installment.

    A moratorium, during which nothing is due, is principal and interest payment grace
    of the same length.

    Attributes:
        principal_count: First installments that repay no principal.
        interest_payment_count: First installments that pay no interest, which goes on
            accruing; `deferred_interest` says where it goes.
        interest_free_count: First periods that bear no interest at all.
        deferred_interest: Where the interest of `interest_payment_count` goes.

    Raises:
        InvalidValueError: A count is negative, or interest is put off while an
            installment in the same period repays principal.

    Example:
        >>> from microcrm_core.loans import DeferredInterest, Grace
        >>> moratorium = Grace(
        ...     principal_count=3,
        ...     interest_payment_count=3,
        ...     deferred_interest=DeferredInterest.CAPITALIZED,
        ... )
        >>> moratorium.is_moratorium
        True
    """

    principal_count: int = attrs.field(
        default=0, validator=whole_number_field(at_least=0)
    )
    interest_payment_count: int = attrs.field(
        default=0, validator=whole_number_field(at_least=0)
    )
    interest_free_count: int = attrs.field(
        default=0, validator=whole_number_field(at_least=0)
    )
    deferred_interest: DeferredInterest | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(kind_field(DeferredInterest)),
    )

    def __attrs_post_init__(self) -> None:
        """Refuse interest that is put off and goes nowhere."""
        if (self.interest_payment_count > 0) != (self.deferred_interest is not None):
            rule = "must be given where interest_payment_count is above zero, only then"
            found = self.deferred_interest
            hint = (
                f"set interest_payment_count={max(1, self.principal_count)}, "
                "or leave deferred_interest out"
            )
            if found is None:
                hint = "set it, for example to DeferredInterest.CAPITALIZED"
            raise InvalidValueError("deferred_interest", rule, found, hint=hint)

    @property
    def is_moratorium(self) -> bool:
        """Whether nothing at all is due during grace."""
        return 0 < self.interest_payment_count == self.principal_count


NO_GRACE: Final = Grace()
"""Principal and interest from the first installment on."""


@attrs.frozen(kw_only=True)
class RepaymentPlan:
    """How a loan is paid back; what many loans have in common.

    Attributes:
        method: How principal and interest spread over the installments.
        grace: What is not asked for at the start.
        balloon: Principal, as a portion of the amount lent, that is left to the last
            installment on top of its own; None: nothing.
        down_payment: Portion of every disbursement that is due the same day; None:
            nothing. It bears no interest.
        fees: Charges beside the interest; names must differ.
        unpaid_interest: What happens where an installment is smaller than the interest.

    Raises:
        InvalidValueError: A field breaks its rule, or the parts contradict each other.

    Example:
        >>> from microcrm_core.loans import EqualInstallments, Portion, RepaymentPlan
        >>> plan = RepaymentPlan(
        ...     method=EqualInstallments(), balloon=Portion.of_share("0.3")
        ... )
        >>> str(plan.balloon.share)
        '3/10'
    """

    method: RepaymentMethod = attrs.field(
        validator=kind_field(*get_args(RepaymentMethod))
    )
    grace: Grace = attrs.field(default=NO_GRACE, validator=kind_field(Grace))
    balloon: Portion | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(kind_field(Portion)),
    )
    down_payment: Portion | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(kind_field(Portion)),
    )
    fees: tuple[Fee, ...] = attrs.field(
        default=(),
        validator=tuple_field(Fee),
    )
    unpaid_interest: UnpaidInterest = attrs.field(
        default=UnpaidInterest.REFUSED,
        validator=kind_field(UnpaidInterest),
    )

    def __attrs_post_init__(self) -> None:
        """Refuse parts that contradict each other."""
        names = [fee.name for fee in self.fees]
        if len(set(names)) < len(names):
            raise InvalidValueError("fees", "must have names that differ", names)
        self._require_part("balloon")
        self._require_part("down_payment")
        if self.balloon is not None and isinstance(self.method, _WITHOUT_BALLOON):
            rule = f"must be None for {type(self.method).__name__}"
            raise InvalidValueError("balloon", rule, self.balloon)
        if isinstance(self.method, _WITHOUT_GRACE) and self.grace != NO_GRACE:
            rule = f"must be NO_GRACE for {type(self.method).__name__}"
            raise InvalidValueError("grace", rule, self.grace)
        is_put_off = self.grace.interest_payment_count > self.grace.principal_count
        if is_put_off and not isinstance(self.method, EqualPrincipal | InterestOnly):
            rule = (
                "must not put off interest while an installment of a fixed total "
                "repays principal"
            )
            raise InvalidValueError("grace", rule, self.grace)

    @classmethod
    def _hint_for(cls, value: object) -> str | None:
        # What `kind_field` says where a method is given alone.
        if isinstance(value, get_args(RepaymentMethod)):
            return f"use RepaymentPlan(method={value!r})"
        if isinstance(value, type) and value in get_args(RepaymentMethod):
            return f"use RepaymentPlan(method={value.__name__}(...))"
        return None

    @property
    def fixed_amounts(self) -> tuple[tuple[str, Money], ...]:
        """Every sum that is agreed in money, with the path to it.

        A plan without one serves loans in any currency.

        Example:
            >>> from microcrm_core import Currency, Money
            >>> from microcrm_core.loans import EqualInstallments, Portion
            >>> from microcrm_core.loans import RepaymentPlan
            >>> plan = RepaymentPlan(
            ...     method=EqualInstallments(),
            ...     balloon=Portion.of_amount(Money.of("300.00", Currency.of("EUR"))),
            ... )
            >>> [(path, str(amount)) for path, amount in plan.fixed_amounts]
            [('balloon.amount', 'EUR 300.00')]
        """
        portions = [("balloon", self.balloon), ("down_payment", self.down_payment)]
        portions += [
            (f"fees[{i}].portion", fee.portion) for i, fee in enumerate(self.fees)
        ]
        found = [
            (f"{path}.amount", portion.amount)
            for path, portion in portions
            if portion is not None and portion.amount is not None
        ]
        if isinstance(self.method, CustomPrincipal | CustomInstallments):
            found += [
                (f"method.amounts[{i}]", amount)
                for i, amount in enumerate(self.method.amounts)
            ]
        return tuple(found)

    def to_plain(self) -> object:
        """Return what stands for it in canonical JSON.

        A method without fields has nothing but its name to tell it from another.
        """
        names = (field.name for field in attrs.fields(type(self)))
        parts = {name: getattr(self, name) for name in names}
        named = {"kind": method_kind(self.method), "parts": self.method}
        return parts | {"method": named}

    def _require_part(self, name: str) -> None:
        portion: Portion | None = getattr(self, name)
        if portion is not None and portion.share is not None and portion.share >= 1:
            rule = "must be less than all"
            raise InvalidValueError(name, rule, str(portion.share))


# Their principal comes at the end anyway, or as agreed one by one.
_WITHOUT_BALLOON: Final = (InterestOnly, Bullet, CustomPrincipal, CustomInstallments)
_WITHOUT_GRACE: Final = (Bullet, CustomInstallments, CustomPrincipal)

EQUAL_INSTALLMENTS: Final = RepaymentPlan(method=EqualInstallments())
"""Equal installments without grace, balloon, down payment or fees."""
