"""What the parts of a plan come to for many loans: down payments, balloons, fees.

A share is rounded once, to the currency multiple; a fixed sum is taken as agreed.
Twin of `portions` and of the refusals in `asked`.

Example:
    >>> import numpy as np
    >>> from microcrm_core import Currency
    >>> from microcrm_core.loans import STRICT, Portion
    >>> from microcrm_core.loans.plan_amounts_batch import Portions
    >>> portions = Portions(
    ...     conventions=STRICT,
    ...     currency_index=np.array([0, 0]),
    ...     currencies=(Currency.of("EUR"),),
    ... )
    >>> portions.minor_of(Portion.of_share("0.3"), np.array([95, 100])).tolist()
    [28, 30]
"""

from __future__ import annotations

from typing import Self

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s, divide_rows
from microcrm_core.loans.conventions import ScheduleConventions
from microcrm_core.loans.fees import Fee, FeeBase, FeeTiming, Portion
from microcrm_core.loans.lines_batch import LIMIT
from microcrm_core.loans.methods import (
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    Weighted,
)
from microcrm_core.loans.plans import DeferredInterest, RepaymentPlan, UnpaidInterest
from microcrm_core.loans.refusals_batch import Refusal
from microcrm_core.money import Currency, Money

__all__ = ["PlanAmounts", "Portions", "has_capitalized", "has_fees"]


def has_fees(plan: RepaymentPlan) -> bool:
    """Return whether fees are due with installments.

    Example:
        >>> from microcrm_core.loans import EQUAL_INSTALLMENTS
        >>> from microcrm_core.loans.plan_amounts_batch import has_fees
        >>> has_fees(EQUAL_INSTALLMENTS)
        False
    """
    return any(fee.timing is FeeTiming.PER_INSTALLMENT for fee in plan.fees)


def has_capitalized(plan: RepaymentPlan) -> bool:
    """Return whether interest may be added to the debt.

    Example:
        >>> from microcrm_core.loans import EQUAL_INSTALLMENTS
        >>> from microcrm_core.loans.plan_amounts_batch import has_capitalized
        >>> has_capitalized(EQUAL_INSTALLMENTS)
        False
    """
    is_compounded = isinstance(plan.method, Bullet) and plan.method.is_compounded
    is_put_off = plan.grace.deferred_interest is DeferredInterest.CAPITALIZED
    return is_compounded or is_put_off or _keeps_unpaid(plan)


def _keeps_unpaid(plan: RepaymentPlan) -> bool:
    return plan.unpaid_interest is UnpaidInterest.CAPITALIZED


@attrs.frozen(kw_only=True, eq=False)
class Portions:
    """Computes portions of amounts, and keeps which rows they cannot be computed for.

    Attributes:
        conventions: Rounding and the currency multiple.
        currency_index: Position of each loan's currency; shape (loans,).
        currencies: The currencies that occur.
        refusal: `Refusal` of each loan, which is filled in; shape (loans,).

    Example:
        See `microcrm_core.loans.plan_amounts_batch`.
    """

    conventions: ScheduleConventions
    currency_index: Int64s
    currencies: tuple[Currency, ...]
    refusal: Int64s = attrs.Factory(
        lambda self: np.zeros_like(self.currency_index), takes_self=True
    )

    def minor_of(self, portion: Portion, base_minor: Int64s) -> Int64s:
        """Return a portion of each amount in minor units; zero for rows refused."""
        if portion.amount is not None:
            return self.fixed_minor(portion.amount)
        assert portion.share is not None  # one of the two is given
        multiple = self.conventions.currency_multiple
        numerator = portion.share.numerator
        denominator = portion.share.denominator * multiple
        if numerator * multiple >= LIMIT or denominator >= LIMIT:
            self.refuse(np.ones(base_minor.size, np.bool_), Refusal.TOO_LARGE)
            return np.zeros_like(base_minor)
        is_large = base_minor > (LIMIT // 2) // max(numerator, 1)
        self.refuse(is_large, Refusal.TOO_LARGE)
        product = np.where(is_large, 0, base_minor) * numerator
        minor = divide_rows(product, denominator, self.conventions.rounding)
        return minor * multiple

    def bounded(self, minor: Int64s) -> Int64s:
        """Return sums that can be added to; refuse the rows of larger ones."""
        is_large = minor > LIMIT // 4
        if not is_large.any():
            return minor
        self.refuse(is_large, Refusal.TOO_LARGE)
        return np.asarray(np.minimum(minor, LIMIT // 4), np.int64)

    def fixed_minor(self, amount: Money) -> Int64s:
        """Return a sum as agreed; rows in another currency are refused."""
        self.require_currency(amount)
        if amount.minor >= LIMIT // 4:
            self.refuse(np.ones(self.refusal.size, np.bool_), Refusal.TOO_LARGE)
            return np.zeros_like(self.refusal)
        return np.full_like(self.refusal, amount.minor)

    def require_currency(self, amount: Money) -> None:
        """Refuse the rows that are in another currency than *amount*."""
        is_same = np.array([one == amount.currency for one in self.currencies])
        self.refuse(~is_same[self.currency_index], Refusal.CURRENCY)

    def refuse(self, rows: Bools, reason: Refusal) -> None:
        """Keep why rows are refused, unless another reason is known already."""
        self.refusal[rows & (self.refusal == Refusal.NONE)] = reason


@attrs.frozen(kw_only=True, eq=False)
class PlanAmounts:
    """What is fixed for each loan of a chunk before its rows are worked out.

    Attributes:
        down_minor: Down payment; shape (loans,), as all.
        base_minor: What is owed at the start: the principal and financed fees, less
            the down payment.
        balloon_minor: Principal that is left to the last row.
        fee_minor: Fees of each installment that do not depend on what is outstanding.
        shares: Fees that are shares of what is outstanding.
        agreed: Amounts that were agreed one by one; empty: none.

    Example:
        See `plan_kernel_batch`.
    """

    down_minor: Int64s
    base_minor: Int64s
    balloon_minor: Int64s
    fee_minor: Int64s
    shares: tuple[Portion, ...]
    agreed: tuple[int, ...]

    @classmethod
    def of(
        cls,
        plan: RepaymentPlan,
        count: int,
        principal_minor: Int64s,
        portions: Portions,
    ) -> Self:
        """Return the amounts; rows that the plan does not fit are refused."""
        for fee in _fees(plan, FeeTiming.UPFRONT):
            # No row of a schedule holds it, but terms that have it are in its currency.
            if fee.portion.amount is not None:
                portions.require_currency(fee.portion.amount)
        zeros = np.zeros_like(principal_minor)
        down = zeros
        if plan.down_payment is not None:
            down = portions.minor_of(plan.down_payment, principal_minor)
            portions.refuse(down >= principal_minor, Refusal.DOWN_PAYMENT)
        base = principal_minor - down
        for fee in _fees(plan, FeeTiming.FINANCED):
            base = base + portions.minor_of(fee.portion, principal_minor)
            base = portions.bounded(base)
        balloon = zeros
        if plan.balloon is not None:
            balloon = portions.minor_of(plan.balloon, principal_minor)
            portions.refuse(balloon > base, Refusal.BALLOON)
        fee_minor = zeros
        shares: list[Portion] = []
        for fee in _fees(plan, FeeTiming.PER_INSTALLMENT):
            if fee.base is FeeBase.OUTSTANDING:
                shares.append(fee.portion)
            else:
                fee_minor = fee_minor + portions.minor_of(fee.portion, principal_minor)
                fee_minor = portions.bounded(fee_minor)
        return cls(
            down_minor=down,
            base_minor=base,
            balloon_minor=balloon,
            fee_minor=fee_minor,
            shares=tuple(shares),
            agreed=_agreed(plan, count, base, portions),
        )


def _fees(plan: RepaymentPlan, timing: FeeTiming) -> list[Fee]:
    return [fee for fee in plan.fees if fee.timing is timing]


def _agreed(
    plan: RepaymentPlan, count: int, base_minor: Int64s, portions: Portions
) -> tuple[int, ...]:
    """Return the agreed amounts, and refuse the rows that they do not fit."""
    method, grace = plan.method, plan.grace
    all_rows = np.ones(base_minor.size, np.bool_)
    if grace.principal_count >= count:
        portions.refuse(all_rows, Refusal.PRINCIPAL_GRACE)
    if grace.interest_payment_count >= count:
        portions.refuse(all_rows, Refusal.INTEREST_GRACE)
    if isinstance(method, Weighted) and len(method.weights) != count:
        portions.refuse(all_rows, Refusal.WEIGHTS)
    if not isinstance(method, CustomPrincipal | CustomInstallments):
        return ()
    is_principal = isinstance(method, CustomPrincipal)
    agreed = tuple(amount.minor for amount in method.amounts)
    if len(agreed) != (count if is_principal else count - 1):
        portions.refuse(all_rows, Refusal.AMOUNTS)
        return (0,) * count
    for amount in method.amounts:
        portions.fixed_minor(amount)
    if is_principal:
        portions.refuse(base_minor != sum(agreed), Refusal.AMOUNTS)
    return tuple(min(amount, LIMIT) for amount in agreed)
