"""Charges beside the interest, and portions of an amount.

A fee is a term of the loan: its name, when it is paid, and how much it is. Whether it
counts in the cost of credit is said here too, so that the measures of cost can list
what they include and what they leave out. Read `plans` next.

Example:
    >>> from microcrm_core.loans import Fee, FeeTiming, Portion
    >>> fee = Fee(
    ...     name="service",
    ...     timing=FeeTiming.PER_INSTALLMENT,
    ...     portion=Portion.of_share("0.001"),
    ... )
    >>> str(fee.base)
    'principal'
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction

import attrs

from microcrm_core.checks import (
    ExactNumber,
    exact_fraction,
    kind_field,
    name_text_field,
    whole_number,
)
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.money import Money
from microcrm_core.rounding import Rounding, divide

__all__ = ["Fee", "FeeBase", "FeeTiming", "Portion"]


@attrs.frozen
class Portion:
    """A part of an amount: a share of it, or a fixed sum.

    Attributes:
        share: Share of the amount, above zero and at most 1; None where `amount` is
            given. 3 % is 0.03.
        amount: A fixed sum, above zero; None where `share` is given.

    Raises:
        InvalidValueError: Both are given or none, or the one given is out of bounds.

    Example:
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.loans import Portion
        >>> from microcrm_core.rounding import Rounding
        >>> quarter = Portion.of_share("0.25")
        >>> quarter.minor_of(Money.of("100.00", Currency.of("EUR")), Rounding.HALF_EVEN)
        2500
    """

    share: Fraction | None = attrs.field(
        default=None,
        validator=kind_field(
            Fraction, type(None), hint='use Portion.of_share("0.03") for 3 %'
        ),
    )
    amount: Money | None = attrs.field(
        default=None, validator=kind_field(Money, type(None))
    )

    def __attrs_post_init__(self) -> None:
        """Refuse what is both, neither, or nothing."""
        if (self.share is None) == (self.amount is None):
            raise InvalidValueError("portion", "must be a share or an amount", self)
        if self.share is not None and not 0 < self.share <= 1:
            rule = "must be above zero and at most 1"
            found = str(self.share)
            raise InvalidValueError("share", rule, found, hint="3 % is 0.03")
        if self.amount is not None and not self.amount.is_positive:
            raise InvalidValueError("amount", "must be above zero", self.amount)

    @classmethod
    def _hint_for(cls, value: object) -> str | None:
        # What `kind_field` says where the part itself is given.
        if isinstance(value, Money):
            return "use Portion.of_amount(...)"
        return 'use Portion.of_share("0.03") for 3 %'

    @classmethod
    def of_share(cls, share: ExactNumber) -> Portion:
        """Return a share; a quarter is 0.25.

        Raises:
            InvalidValueError: *share* is not exact, not above zero, or above 1.
        """
        return cls(share=exact_fraction("share", share))

    @classmethod
    def of_amount(cls, amount: Money) -> Portion:
        """Return a fixed sum.

        Raises:
            InvalidValueError: *amount* is not above zero.
        """
        return cls(amount=amount)

    def minor_of(
        self, base: Money, rounding: Rounding, *, currency_multiple: int = 1
    ) -> int:
        """Return the portion of *base* in minor units; a share is rounded once.

        With the rounding and the currency multiple of a loan's conventions, that is
        the figure in its schedule. A fixed sum is taken as agreed.

        Args:
            base: The amount.
            rounding: Which way a share is rounded.
            currency_multiple: A share is rounded to a multiple of so many minor units;
                see `ScheduleConventions`. 1: to every minor unit.

        Raises:
            InvalidValueError: *currency_multiple* is no whole number above zero.
            CurrencyMismatchError: The fixed sum is in another currency than *base*.

        Example:
            >>> from microcrm_core import Currency, Money
            >>> from microcrm_core.loans import Portion
            >>> from microcrm_core.rounding import Rounding
            >>> base = Money.of("12.34", Currency.of("CHF"))
            >>> tenth = Portion.of_share("0.1")
            >>> tenth.minor_of(base, Rounding.HALF_EVEN)
            123
            >>> tenth.minor_of(base, Rounding.HALF_EVEN, currency_multiple=5)
            125
        """
        whole_number("currency_multiple", currency_multiple, at_least=1)
        if self.share is not None:
            numerator = self.share.numerator * base.minor
            denominator = self.share.denominator * currency_multiple
            return divide(numerator, denominator, rounding) * currency_multiple
        assert self.amount is not None  # one of the two is given
        if self.amount.currency != base.currency:
            raise CurrencyMismatchError(
                "portion",
                f"must be in {base.currency.code}",
                self.amount.currency.code,
            )
        return self.amount.minor


class FeeTiming(StrEnum):
    """When a fee is paid.

    Attributes:
        UPFRONT: With the first disbursement, from the borrower's own money or withheld.
        FINANCED: It is added to the debt at the first disbursement.
        PER_INSTALLMENT: With every installment, on top.

    Example:
        >>> from microcrm_core.loans import FeeTiming
        >>> FeeTiming("upfront") is FeeTiming.UPFRONT
        True
    """

    UPFRONT = "upfront"
    FINANCED = "financed"
    PER_INSTALLMENT = "per_installment"


class FeeBase(StrEnum):
    """What a fee that is a share is a share of.

    Attributes:
        PRINCIPAL: The amount lent.
        OUTSTANDING: The principal still owed just before the installment.

    Example:
        >>> from microcrm_core.loans import FeeBase
        >>> FeeBase("outstanding") is FeeBase.OUTSTANDING
        True
    """

    PRINCIPAL = "principal"
    OUTSTANDING = "outstanding"


@attrs.frozen(kw_only=True)
class Fee:
    """A charge beside the interest.

    Attributes:
        name: Name under which it is shown, such as `origination`.
        timing: When it is paid.
        portion: A fixed sum or a share; each payment of it is rounded once.
        base: What a share is a share of.
        is_cost_of_credit: Whether it counts in the cost of credit. A charge that
            the borrower would also pay without the loan does not.

    Raises:
        InvalidValueError: A field breaks its rule, or a fee paid at the start is a
            share of what is outstanding.

    Example:
        >>> from microcrm_core.loans import Fee, FeeTiming, Portion
        >>> origination = Fee(
        ...     name="origination",
        ...     timing=FeeTiming.UPFRONT,
        ...     portion=Portion.of_share("0.01"),
        ... )
        >>> origination.is_cost_of_credit
        True
    """

    name: str = attrs.field(validator=name_text_field)
    timing: FeeTiming = attrs.field(validator=kind_field(FeeTiming))
    portion: Portion = attrs.field(validator=kind_field(Portion))
    base: FeeBase = attrs.field(
        default=FeeBase.PRINCIPAL, validator=kind_field(FeeBase)
    )
    is_cost_of_credit: bool = attrs.field(default=True, validator=kind_field(bool))

    def __attrs_post_init__(self) -> None:
        """Refuse a share of what is not yet outstanding."""
        is_of_principal = self.base is FeeBase.PRINCIPAL
        if not is_of_principal and self.timing is not FeeTiming.PER_INSTALLMENT:
            rule = "must be principal for a fee at the start"
            raise InvalidValueError("base", rule, self.base.value)
        if not is_of_principal and self.portion.share is None:
            rule = "must be principal for a fixed sum"
            raise InvalidValueError("base", rule, self.base.value)
