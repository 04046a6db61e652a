"""The ways to spread principal and interest over the installments.

Each method is a small value: what it says in words is all that distinguishes it, and
the schedule engines do the arithmetic. A `RepaymentPlan` in `plans` combines one with
grace, a balloon, a down payment and fees.

Example:
    >>> from microcrm_core.loans import Weighted
    >>> [str(weight) for weight in Weighted((1, 1, "0.5")).weights]
    ['1', '1', '1/2']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import attrs

from microcrm_core.checks import (
    ExactNumber,
    exact_fraction,
    kind_field,
    tuple_field,
    whole_number_field,
)
from microcrm_core.errors import InvalidValueError
from microcrm_core.money import Money

__all__ = [
    "METHODS",
    "METHOD_KINDS",
    "Bullet",
    "CustomInstallments",
    "CustomPrincipal",
    "EqualInstallments",
    "EqualPrincipal",
    "FlatInterest",
    "Graduated",
    "InterestOnly",
    "RepaymentMethod",
    "Seasonal",
    "Weighted",
    "method_kind",
]

_MONTHS: Final = 12


@attrs.frozen
class EqualInstallments:
    """Every installment comes to the same amount, interest included.

    Also called annuity or level payment. The amount is the smallest whole one that
    leaves the last installment no larger than the others.

    Example:
        >>> from microcrm_core.loans import EqualInstallments, RepaymentPlan
        >>> RepaymentPlan(method=EqualInstallments()).balloon is None
        True
    """


@attrs.frozen
class EqualPrincipal:
    """Every installment repays the same principal; interest on what is left.

    Also called declining or reducing installments, linear amortization.

    Example:
        >>> from microcrm_core.loans import EqualPrincipal, RepaymentPlan
        >>> RepaymentPlan(method=EqualPrincipal()).method
        EqualPrincipal()
    """


@attrs.frozen
class InterestOnly:
    """Every installment pays the interest; the last one the principal as well.

    Example:
        >>> from microcrm_core.loans import InterestOnly, RepaymentPlan
        >>> RepaymentPlan(method=InterestOnly()).method
        InterestOnly()
    """


@attrs.frozen
class Bullet:
    """Nothing is due before the last due date; then principal and all interest.

    Attributes:
        is_compounded: Whether the interest of each period is added to the debt at its
            end, and bears interest from then on.

    Example:
        >>> from microcrm_core.loans import Bullet
        >>> Bullet(is_compounded=True).is_compounded
        True
    """

    is_compounded: bool = attrs.field(default=False, validator=kind_field(bool))


@attrs.frozen
class FlatInterest:
    """Interest on the amount lent for the whole term, in equal installments.

    Also called add-on interest. What is already repaid goes on bearing interest, so
    the cost is nearly twice what the same rate means elsewhere; `solve_rate` tells.

    Example:
        >>> from microcrm_core.loans import FlatInterest, RepaymentPlan
        >>> RepaymentPlan(method=FlatInterest()).method
        FlatInterest()
    """


@attrs.frozen(kw_only=True)
class Graduated:
    """Installments that rise, or fall, by a share every few installments.

    Attributes:
        step_share: Growth at each step, above -1; 0.05 is 5 % more than before.
        step_count: How many installments stay alike between steps; 1 or more.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> from microcrm_core.loans import Graduated
        >>> yearly = Graduated.of(step_share="0.05", step_count=12)
        >>> [str(weight) for weight in yearly.weights(25)[11:25:12]]
        ['1', '21/20']
    """

    step_share: Fraction = attrs.field(
        validator=kind_field(Fraction, hint="use Graduated.of(...)")
    )
    step_count: int = attrs.field(validator=whole_number_field(at_least=1))

    def __attrs_post_init__(self) -> None:
        """Refuse a step that takes everything away."""
        if self.step_share <= -1:
            raise InvalidValueError("step_share", "must be above -1", self.step_share)

    @classmethod
    def of(cls, *, step_share: ExactNumber, step_count: int) -> Graduated:
        """Return the plan with an exact step; 5 % is 0.05.

        Raises:
            InvalidValueError: A value breaks its rule.
        """
        return cls(
            step_share=exact_fraction("step_share", step_share), step_count=step_count
        )

    def weights(self, count: int) -> tuple[Fraction, ...]:
        """Return the size of each of *count* installments, the first being 1."""
        step = 1 + self.step_share
        return tuple(step ** (row // self.step_count) for row in range(count))


def _weights(value: Sequence[ExactNumber]) -> tuple[Fraction, ...]:
    given: object = value
    if not isinstance(given, tuple | list):
        raise InvalidValueError("weights", "must be a tuple of exact numbers", given)
    weights = tuple(exact_fraction("weights", weight) for weight in value)
    for weight in weights:
        if weight < 0:
            raise InvalidValueError("weights", "must not be negative", str(weight))
    return weights


@attrs.frozen
class Weighted:
    """Installments in fixed proportions, one weight for each.

    Attributes:
        weights: Size of each installment against the others; zero: nothing is due.
            One for each installment, the last above zero.

    Raises:
        InvalidValueError: A weight is negative or not exact, or the last is zero.

    Example:
        >>> from microcrm_core.loans import Weighted
        >>> [str(weight) for weight in Weighted((1, 1, "0.5")).weights]
        ['1', '1', '1/2']
    """

    weights: tuple[Fraction, ...] = attrs.field(converter=_weights)

    def __attrs_post_init__(self) -> None:
        """Refuse weights that leave nothing for the last installment."""
        if not self.weights or self.weights[-1] == 0:
            rule = "must end with a weight above zero"
            raise InvalidValueError("weights", rule, list(map(str, self.weights)))


@attrs.frozen
class Seasonal:
    """Installments in proportion to the season: a weight for each month of the year.

    Attributes:
        month_weights: Size of an installment due in January, February and so on;
            twelve, not all zero. Zero: nothing is due in that month.

    Raises:
        InvalidValueError: There are not twelve, one is negative, or all are zero.

    Example:
        >>> from microcrm_core.loans import Seasonal
        >>> harvest = Seasonal((0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0))
        >>> str(harvest.month_weights[7])
        '1'
    """

    month_weights: tuple[Fraction, ...] = attrs.field(converter=_weights)

    def __attrs_post_init__(self) -> None:
        """Refuse what is no year."""
        if len(self.month_weights) != _MONTHS or not any(self.month_weights):
            rule = "must be twelve, not all zero"
            shown = list(map(str, self.month_weights))
            raise InvalidValueError("month_weights", rule, shown)


def _moneys(
    instance: object, attribute: attrs.Attribute[Any], value: tuple[Money, ...]
) -> None:
    tuple_field(Money)(instance, attribute, value)
    for amount in value:
        if amount.is_negative:
            raise InvalidValueError(attribute.name, "must not be negative", amount)


@attrs.frozen
class CustomPrincipal:
    """The principal part of every installment as agreed; interest is added.

    Attributes:
        amounts: One for each installment; they add up to the principal.

    Raises:
        InvalidValueError: An amount is negative or no `Money`.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.loans import CustomPrincipal
        >>> euro = Currency.of("EUR")
        >>> len(CustomPrincipal((Money(30_000, euro), Money(70_000, euro))).amounts)
        2
    """

    amounts: tuple[Money, ...] = attrs.field(validator=_moneys)


@attrs.frozen
class CustomInstallments:
    """Every installment but the last as agreed; the last takes what is left.

    Attributes:
        amounts: Principal and interest together, one for each installment but the last.

    Raises:
        InvalidValueError: An amount is negative or no `Money`.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.loans import CustomInstallments
        >>> len(CustomInstallments((Money(30_000, Currency.of("EUR")),)).amounts)
        1
    """

    amounts: tuple[Money, ...] = attrs.field(validator=_moneys)


RepaymentMethod: TypeAlias = (
    EqualInstallments
    | EqualPrincipal
    | InterestOnly
    | Bullet
    | FlatInterest
    | Graduated
    | Weighted
    | Seasonal
    | CustomPrincipal
    | CustomInstallments
)
"""The ways to spread principal and interest over the installments."""

METHODS: Final[Mapping[str, type[RepaymentMethod]]] = MappingProxyType(
    {
        "equal_installments": EqualInstallments,
        "equal_principal": EqualPrincipal,
        "interest_only": InterestOnly,
        "bullet": Bullet,
        "flat_interest": FlatInterest,
        "graduated": Graduated,
        "weighted": Weighted,
        "seasonal": Seasonal,
        "custom_principal": CustomPrincipal,
        "custom_installments": CustomInstallments,
    }
)
"""The repayment methods by their stored names, which are never renamed."""

METHOD_KINDS: Final = tuple(METHODS)
"""The stored names of the repayment methods."""

_KIND_OF: Final = {method: kind for kind, method in METHODS.items()}


def method_kind(method: RepaymentMethod) -> str:
    """Return the stored name of the kind of *method*.

    Example:
        >>> from microcrm_core.loans import EqualPrincipal
        >>> from microcrm_core.loans.methods import method_kind
        >>> method_kind(EqualPrincipal())
        'equal_principal'
    """
    return _KIND_OF[type(method)]
