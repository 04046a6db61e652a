"""What the engines of Apache Fineract know of terms and conventions.

A method that an engine does not know is not replaced by another: the field is refused
with its rule. Where the engine itself takes a setting and ignores it, that is refused
too, so that nobody is charged by a method that he did not name.

Example:
    >>> import attrs
    >>> from microcrm_core.loans import FINERACT, Accrual
    >>> from microcrm_core.loans.fineract_limits import require_progressive
    >>> require_progressive(FINERACT)
    >>> require_progressive(attrs.evolve(FINERACT, accrual=Accrual.PER_PERIOD))
    Traceback (most recent call last):
    microcrm_core.errors.InvalidValueError: accrual must be daily for ...
"""

from __future__ import annotations

from typing import Final

from microcrm_core.errors import InvalidValueError
from microcrm_core.loans.conventions import (
    Accrual,
    Arithmetic,
    Remainder,
    ScheduleConventions,
    ShortPeriod,
)
from microcrm_core.loans.fees import FeeTiming
from microcrm_core.loans.methods import (
    EqualInstallments,
    EqualPrincipal,
    FlatInterest,
    InterestOnly,
)
from microcrm_core.loans.plans import Grace
from microcrm_core.loans.terms import LoanTerms

__all__ = ["require_known", "require_progressive"]

_PROGRESSIVE_METHODS: Final = (EqualInstallments, InterestOnly)
_CUMULATIVE_METHODS: Final = (EqualInstallments, EqualPrincipal, FlatInterest)


def require_known(terms: LoanTerms, conventions: ScheduleConventions) -> None:
    """Refuse what the engine of *conventions* does not know.

    Raises:
        InvalidValueError: A field asks for something that the engine has not.

    Example:
        See `microcrm_core.loans.fineract_limits`.
    """
    _require_plan(terms, conventions)
    is_progressive = conventions.arithmetic is Arithmetic.FINERACT_PROGRESSIVE
    name = conventions.arithmetic.value
    if conventions.business_days is not None:
        raise InvalidValueError(
            "business_days", f"must be None for {name}", conventions.business_days.rule
        )
    if conventions.currency_multiple != 1:
        # The engine knows it only for currencies without minor units.
        raise InvalidValueError(
            "currency_multiple", f"must be 1 for {name}", conventions.currency_multiple
        )
    if is_progressive:
        require_progressive(conventions)
        return
    if conventions.remainder is not Remainder.LAST:
        rule = f"must be last for {name}"
        raise InvalidValueError("remainder", rule, conventions.remainder.value)
    if conventions.short_period is ShortPeriod.INTEREST_FREE:
        rule = f"must not be interest_free for {name}"
        raise InvalidValueError("short_period", rule, conventions.short_period.value)
    for field in ("rate_changes", "interest_pauses"):
        if getattr(terms, field):
            rule = f"must be empty for {name}"
            raise InvalidValueError(field, rule, len(getattr(terms, field)))


def require_progressive(conventions: ScheduleConventions) -> None:
    """Refuse conventions that the progressive engine does not know.

    Raises:
        InvalidValueError: A field asks for something that the engine has not.

    Example:
        See `microcrm_core.loans.fineract_limits`.
    """
    name = conventions.arithmetic.value
    if conventions.accrual is not Accrual.DAILY:
        raise InvalidValueError(
            "accrual",
            f"must be daily for {name}",
            conventions.accrual.value,
            hint="that engine counts days whatever its setting says",
        )
    if conventions.short_period is not ShortPeriod.BY_DAYS:
        rule = f"must be by_days for {name}"
        raise InvalidValueError("short_period", rule, conventions.short_period.value)
    if conventions.remainder is Remainder.FIRST:
        rule = f"must be last or smoothed for {name}"
        raise InvalidValueError("remainder", rule, conventions.remainder.value)


def _require_plan(terms: LoanTerms, conventions: ScheduleConventions) -> None:
    plan, name = terms.plan, conventions.arithmetic.value
    is_progressive = conventions.arithmetic is Arithmetic.FINERACT_PROGRESSIVE
    known = _PROGRESSIVE_METHODS if is_progressive else _CUMULATIVE_METHODS
    if not isinstance(plan.method, known):
        rule = f"must be one of {', '.join(kind.__name__ for kind in known)} for {name}"
        raise InvalidValueError("method", rule, type(plan.method).__name__)
    if plan.grace != Grace(principal_count=plan.grace.principal_count):
        raise InvalidValueError(
            "grace", f"must be on principal only for {name}", plan.grace
        )
    if plan.grace.principal_count >= terms.installment_count:
        rule = f"must be less than installment_count {terms.installment_count}"
        raise InvalidValueError("principal_count", rule, plan.grace.principal_count)
    if plan.balloon is not None:
        raise InvalidValueError("balloon", f"must be None for {name}", plan.balloon)
    if plan.down_payment is not None and plan.down_payment.share is None:
        rule = f"must be a share for {name}"
        raise InvalidValueError("down_payment", rule, str(plan.down_payment.amount))
    for fee in plan.fees:
        if fee.timing is FeeTiming.FINANCED:
            rule = f"must not be financed for {name}"
            raise InvalidValueError("fees", rule, fee.name)
