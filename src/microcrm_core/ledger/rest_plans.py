"""How a plan goes on when what is left of a loan is repaid by another method.

The other parts of the plan stay, as far as they still say something:

- *Grace* is counted from the first installment of the loan. What of it is still to come
  goes on, where the new method knows grace; grace that is over is left out.
- *A balloon* stays with the last installment. Methods that repay everything at the end,
  or as agreed one by one, know none; it comes back with a method that does.
- *Fees*, a down payment and what becomes of interest that an installment does not cover
  are as before.

Weights and amounts of a method are those of the installments to come, so they are
filled up for the ones before: with the amounts that these ask for, and weights of zero.

Example:
    >>> from microcrm_core import Currency
    >>> from microcrm_core.ledger.rest_plans import whole_method
    >>> from microcrm_core.loans import Weighted
    >>> whole = whole_method(Weighted((1, 2)), [(300, 20)], Currency.of("EUR"))
    >>> [str(weight) for weight in whole.weights]
    ['0', '1', '2']
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from microcrm_core.currencies import Currency
from microcrm_core.errors import InvalidValueError, LedgerError
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.loans import (
    NO_GRACE,
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    DeferredInterest,
    Grace,
    InterestOnly,
    RepaymentMethod,
    RepaymentPlan,
    Weighted,
)
from microcrm_core.money import Money

__all__ = ["goes_on", "plan_of_rest", "whole_method"]

# Their principal comes at the end anyway, or as agreed one by one.
_WITHOUT_BALLOON: Final = (InterestOnly, Bullet, CustomPrincipal, CustomInstallments)


def goes_on(
    given: RepaymentMethod | None, method: RepaymentMethod, kept_count: int
) -> bool:
    """Return whether a method that is given is the one that a loan has.

    Args:
        given: For the installments to come; None: it goes on.
        method: That of the loan.
        kept_count: How many of its installments stay as they are.

    Example:
        >>> from microcrm_core.ledger.rest_plans import goes_on
        >>> from microcrm_core.loans import Bullet, Weighted
        >>> goes_on(Weighted((1, 2)), Weighted((3, 1, 2)), kept_count=1)
        True
        >>> goes_on(None, Bullet(), 1), goes_on(Bullet(is_compounded=True), Bullet(), 1)
        (True, False)
    """
    if given is None:
        return True
    match method:
        case Weighted(weights=weights):
            return given == Weighted(weights[kept_count:])
        case CustomPrincipal(amounts=amounts):
            return given == CustomPrincipal(amounts[kept_count:])
        case CustomInstallments(amounts=amounts):
            return given == CustomInstallments(amounts[kept_count:])
        case _:
            return given == method


def plan_of_rest(
    event: LedgerEvent,
    plan: RepaymentPlan,
    method: RepaymentMethod,
    kept_minor: Sequence[tuple[int, int]],
    currency: Currency,
) -> RepaymentPlan:
    """Return the plan by which the installments to come are repaid by a method.

    Args:
        event: What changes it, for the errors.
        plan: The plan as it was agreed.
        method: The method of the installments to come.
        kept_minor: Principal and interest of each installment that stays as it is.
        currency: Of the loan.

    Raises:
        LedgerError: An amount is in another currency, or the method does not know the
            grace that is still to come.

    Example:
        See `microcrm_core.ledger.rest_plans`.
    """
    if isinstance(method, CustomPrincipal | CustomInstallments):
        for amount in method.amounts:
            if amount.currency != currency:
                rule = f"must be in {currency.code}"
                raise LedgerError(event.id, "method.amounts", rule, str(amount))
    grace = NO_GRACE if _is_over(plan.grace, len(kept_minor)) else plan.grace
    try:
        return attrs.evolve(
            plan,
            method=whole_method(method, kept_minor, currency),
            grace=grace,
            balloon=None if isinstance(method, _WITHOUT_BALLOON) else plan.balloon,
        )
    except InvalidValueError:
        kind = type(method).__name__
        rule = "must be one that knows the grace of the loan, which is not over"
        hint = "plan it again when grace is over, or by another method"
        raise LedgerError(event.id, "method", rule, kind, hint=hint) from None


def whole_method(
    method: RepaymentMethod,
    kept_minor: Sequence[tuple[int, int]],
    currency: Currency,
) -> RepaymentMethod:
    """Return a method of the installments to come as that of all installments.

    Args:
        method: What it says is of the installments to come.
        kept_minor: Principal and interest of each installment that stays as it is.
        currency: Of the loan.

    Example:
        See `microcrm_core.ledger.rest_plans`.
    """
    match method:
        case Weighted():
            return Weighted((*[0] * len(kept_minor), *method.weights))
        case CustomPrincipal():
            kept = [Money(principal, currency) for principal, _ in kept_minor]
            return CustomPrincipal((*kept, *method.amounts))
        case CustomInstallments():
            kept = [Money(sum(parts), currency) for parts in kept_minor]
            return CustomInstallments((*kept, *method.amounts))
        case _:
            return method


def _is_over(grace: Grace, kept_count: int) -> bool:
    """Return whether nothing of grace is to come, and no interest waits for its end."""
    put_off_count = grace.interest_payment_count
    counts = (grace.principal_count, put_off_count, grace.interest_free_count)
    if grace.deferred_interest is DeferredInterest.LAST_INSTALLMENT:
        return False
    is_first = grace.deferred_interest is DeferredInterest.FIRST_INSTALLMENT
    return kept_count >= max(*counts, put_off_count + is_first)
