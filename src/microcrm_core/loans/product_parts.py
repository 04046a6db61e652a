"""What must hold among the parts of a product, so that somebody can be given a loan.

Amounts of one currency and bounds that leave something between them; due days, days on
offer and kinds of customers that exist; and conventions that know every plan and every
frequency. A core banking engine has not every method: a product that asks it for one it
has not would refuse each single loan, so it is refused itself.

Example:
    >>> from microcrm_core import Rate
    >>> from microcrm_core.loans.product_parts import is_doubtful
    >>> is_doubtful(Rate.per_year("0.28")), is_doubtful(Rate.per_year(28))
    (False, True)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import attrs

from microcrm_core.checks import whole_number
from microcrm_core.dates import DayCount, Frequency
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.loans.conventions import (
    Accrual,
    Arithmetic,
    ScheduleConventions,
    SplitDayCount,
)
from microcrm_core.loans.plans import RepaymentPlan
from microcrm_core.loans.product_requests import require_customer_kind
from microcrm_core.loans.terms import NOMINAL_RATE_MAX, LoanTerms
from microcrm_core.money import Money
from microcrm_core.rates import Rate

if TYPE_CHECKING:
    from microcrm_core.loans.products import Product

__all__ = ["is_doubtful", "require_product"]

_DUE_DAY_MAX: Final = 31
_DOUBTFUL_ABOVE: Final = 10
# Any dates: the engines are asked for what they know, not for a schedule.
_ANY_DAY: Final = dt.date(2000, 1, 1)
_ANY_DUE_DAY: Final = dt.date(2000, 2, 1)


def is_doubtful(rate: Rate) -> bool:
    """Return whether *rate* is above 1000 % a year, as 28 for 28 % would be.

    Example:
        See `microcrm_core.loans.product_parts`.
    """
    return rate.annual_fraction > _DOUBTFUL_ABOVE


def require_product(product: Product) -> None:
    """Refuse bounds that nothing keeps, and parts that do not go together.

    Raises:
        InvalidValueError: A part breaks its rule; the error's `field` is the path.
        CurrencyMismatchError: An amount is in another currency than the product.

    Example:
        See `microcrm_core.loans.products`.
    """
    _require_amounts(product)
    _require_rates(product)
    _require_choices("plans", product.plans)
    _require_choices("counts", [bounds.frequency for bounds in product.counts])
    for i, kind in enumerate(product.customer_kinds):
        require_customer_kind(f"customer_kinds[{i}]", kind)
    _require_days(product)
    _require_known(product)


def _require_amounts(product: Product) -> None:
    for field, amount in _amounts(product):
        if amount.currency != product.currency:
            rule = f"must be in {product.currency.code}"
            raise CurrencyMismatchError(field, rule, amount.currency.code)
    least, most = product.principal_min, product.principal_max
    if not least.is_positive:
        raise InvalidValueError("principal_min", "must be above zero", least)
    if most < least:
        rule = f"must not be below principal_min {least}"
        raise InvalidValueError("principal_max", rule, most)
    step = product.principal_step
    if step is None:
        return
    if not step.is_positive:
        raise InvalidValueError("principal_step", "must be above zero", step)
    for field, amount in (("principal_min", least), ("principal_max", most)):
        if amount.minor % step.minor:
            rule = f"must be a multiple of principal_step {step}"
            raise InvalidValueError(field, rule, amount)


def _amounts(product: Product) -> Iterator[tuple[str, Money]]:
    yield "principal_min", product.principal_min
    yield "principal_max", product.principal_max
    if product.principal_step is not None:
        yield "principal_step", product.principal_step
    for i, plan in enumerate(product.plans):
        for field, amount in plan.fixed_amounts:
            yield f"plans[{i}].{field}", amount


def _require_rates(product: Product) -> None:
    least, most = product.nominal_rate_min, product.nominal_rate_max
    # A rate of a hundred times what was meant is the usual reason.
    is_hinted = is_doubtful(least) or is_doubtful(most)
    hint = "24 % a year is 0.24, or Rate.of_percent(24)" if is_hinted else None
    if not 0 <= least.annual_fraction <= NOMINAL_RATE_MAX:
        rule = f"must be from 0 to {NOMINAL_RATE_MAX}"
        raise InvalidValueError("nominal_rate_min", rule, least, hint=hint)
    if not least.annual_fraction <= most.annual_fraction <= NOMINAL_RATE_MAX:
        rule = f"must be from nominal_rate_min to {NOMINAL_RATE_MAX}"
        raise InvalidValueError("nominal_rate_max", rule, most, hint=hint)


def _require_choices(field: str, values: Iterable[object]) -> None:
    choices = [*values]
    if not choices:
        raise InvalidValueError(field, "must not be empty", ())
    for i, value in enumerate(choices):
        if value in choices[:i]:
            raise InvalidValueError(f"{field}[{i}]", "must not repeat", str(value))


def _require_days(product: Product) -> None:
    least, most = product.first_due_days_min, product.first_due_days_max
    if least is not None and most is not None and most < least:
        rule = f"must not be below first_due_days_min {least}"
        raise InvalidValueError("first_due_days_max", rule, most)
    for due_day in product.due_days:
        whole_number("due_days", due_day, at_least=1, at_most=_DUE_DAY_MAX)
    if sorted(set(product.due_days)) != [*product.due_days]:
        rule = "must be in order, each once"
        raise InvalidValueError("due_days", rule, product.due_days)
    since, until = product.effective_from, product.effective_until
    if since is not None and until is not None and until <= since:
        rule = f"must be after effective_from {since}"
        raise InvalidValueError("effective_until", rule, until)


def _require_known(product: Product) -> None:
    """Refuse what the arithmetic of the conventions has not."""
    conventions = product.conventions
    if conventions.arithmetic is Arithmetic.EXACT:
        is_by_business_days = conventions.day_count is DayCount.BUS_252
        is_counted = conventions.accrual is Accrual.DAILY
        if is_by_business_days and is_counted and conventions.business_days is None:
            rule = "must be given for BUS/252"
            raise InvalidValueError("conventions.business_days", rule, None)
        return
    # The other engines are loaded by those alone who lend by them.
    from microcrm_core.loans.fineract_limits import require_known

    count = max(bounds.count_max for bounds in product.counts)
    for i, plan in enumerate(product.plans):
        asked = LoanTerms(
            principal=product.principal_max,
            nominal_rate=product.nominal_rate_max,
            installment_count=count,
            frequency=product.counts[0].frequency,
            disbursed_on=_ANY_DAY,
            first_due_on=_ANY_DUE_DAY,
            plan=plan,
        )
        try:
            require_known(asked, conventions)
        except InvalidValueError as error:
            field = _path(error.field, f"plans[{i}]")
            raise InvalidValueError(
                field, error.rule, error.value, hint=error.hint
            ) from None
    for i, bounds in enumerate(product.counts):
        _require_frequency(f"counts[{i}].frequency", bounds.frequency, conventions)


def _path(field: str, plan_path: str) -> str:
    if field in (part.name for part in attrs.fields(ScheduleConventions)):
        return f"conventions.{field}"
    is_part = field in (part.name for part in attrs.fields(RepaymentPlan))
    return f"{plan_path}.{field}" if is_part else f"{plan_path}.grace.{field}"


def _require_frequency(
    path: str, frequency: Frequency, conventions: ScheduleConventions
) -> None:
    from microcrm_core.loans.fineract_factors import FactorRule

    assert isinstance(conventions.day_count, SplitDayCount)  # as conventions demand
    try:
        FactorRule(
            day_count=conventions.day_count, frequency=frequency, start_on=_ANY_DAY
        )
    except InvalidValueError as error:
        rule = f"{error.rule} for {conventions.arithmetic.value}"
        raise InvalidValueError(path, rule, error.value) from None
