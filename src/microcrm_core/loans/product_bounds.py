"""Which bounds of a product a request breaks: every one, each as a reason.

What the request does not say breaks nothing. A bound that cannot be compared, because
the currency or the frequency is another one, is not judged; that other currency or
frequency is the reason then.

Example:
    >>> from microcrm_core.loans.product_bounds import percent_text
    >>> from microcrm_core.rates import Rate
    >>> percent_text(Rate.per_year("0.245"))
    '24.5%'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import attrs

from microcrm_core.dates import FrequencyUnit, month_end
from microcrm_core.decisions import FactValue, Reason
from microcrm_core.loans.methods import method_kind
from microcrm_core.loans.plain_values import fraction_text
from microcrm_core.loans.plans import RepaymentPlan
from microcrm_core.loans.product_parts import is_doubtful
from microcrm_core.loans.product_requests import ProductRequest
from microcrm_core.rates import Rate

if TYPE_CHECKING:
    from microcrm_core.loans.products import Product

__all__ = ["broken_bounds", "doubtful_rates", "percent_text"]

# These fall on days of the month; days and weeks do not keep to one.
_MONTHLY_UNITS: Final = (FrequencyUnit.MONTH, FrequencyUnit.SEMIMONTH)


def percent_text(rate: Rate) -> str:
    """Return the exact percentage a year, such as 24.5%.

    Example:
        >>> from microcrm_core.loans.product_bounds import percent_text
        >>> from microcrm_core.rates import Rate
        >>> percent_text(Rate.of_percent(24))
        '24%'
    """
    return f"{fraction_text(rate.annual_fraction * 100)}%"


def broken_bounds(
    product: Product, request: ProductRequest, as_of: dt.date
) -> tuple[Reason, ...]:
    """Return a reason for every bound of *product* that *request* breaks.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Frequency, Money, Rate
        >>> from microcrm_core.loans import EQUAL_INSTALLMENTS, STRICT
        >>> from microcrm_core.loans.product_bounds import broken_bounds
        >>> from microcrm_core.loans.product_requests import ProductRequest
        >>> from microcrm_core.loans.products import CountBounds, Product
        >>> euro = Currency.of("EUR")
        >>> market = Product(
        ...     id="market",
        ...     version="2025-01",
        ...     name="Market stall",
        ...     currency=euro,
        ...     plans=(EQUAL_INSTALLMENTS,),
        ...     conventions=STRICT,
        ...     principal_min=Money.of("500.00", euro),
        ...     principal_max=Money.of("5000.00", euro),
        ...     nominal_rate_min=Rate.per_year("0.18"),
        ...     nominal_rate_max=Rate.per_year("0.30"),
        ...     counts=(CountBounds(Frequency.MONTHLY, 3, 24),),
        ... )
        >>> asked = ProductRequest(frequency=Frequency.WEEKLY, method="bullet")
        >>> for reason in broken_bounds(market, asked, dt.date(2025, 3, 1)):
        ...     print(reason.text())
        frequency is weekly, offered is monthly
        method is bullet, offered is equal_installments
    """
    return (
        *_effective(product, as_of),
        *_customer(product, request),
        *_principal(product, request),
        *_rates(product, request),
        *_counts(product, request),
        *_plan(product, request),
        *_dates(product, request),
        *_tranches(product, request),
    )


def doubtful_rates(product: Product, request: ProductRequest) -> tuple[Reason, ...]:
    """Return a reason for each rate above 1000 % a year: asked for, or a bound.

    Such rates exist, and the bounds decide; but 28 where 28 % was meant is 2800 %.

    Example:
        >>> from microcrm_core import Currency, Frequency, Money, Rate
        >>> from microcrm_core.loans import EQUAL_INSTALLMENTS, STRICT
        >>> from microcrm_core.loans.product_bounds import doubtful_rates
        >>> from microcrm_core.loans.product_requests import ProductRequest
        >>> from microcrm_core.loans.products import CountBounds, Product
        >>> euro = Currency.of("EUR")
        >>> market = Product(
        ...     id="market",
        ...     version="2025-01",
        ...     name="Market stall",
        ...     currency=euro,
        ...     plans=(EQUAL_INSTALLMENTS,),
        ...     conventions=STRICT,
        ...     principal_min=Money.of("500.00", euro),
        ...     principal_max=Money.of("5000.00", euro),
        ...     nominal_rate_min=Rate.per_year("0.18"),
        ...     nominal_rate_max=Rate.per_year(30),
        ...     counts=(CountBounds(Frequency.MONTHLY, 3, 24),),
        ... )
        >>> (reason,) = doubtful_rates(market, ProductRequest())
        >>> reason.params["value"], reason.params["meant"]
        ('3000%', '30%')
    """
    named = [*_asked_rates(request)]
    named += [
        (name, getattr(product, name))
        for name in ("nominal_rate_min", "nominal_rate_max")
    ]
    return tuple(
        Reason(
            "product_rate_doubtful",
            {
                "field": field,
                "value": percent_text(rate),
                "meant": percent_text(Rate(rate.annual_fraction / 100)),
            },
        )
        for field, rate in named
        if is_doubtful(rate)
    )


def _asked_rates(request: ProductRequest) -> Iterator[tuple[str, Rate]]:
    if request.nominal_rate is not None:
        yield "nominal_rate", request.nominal_rate
    for i, rate in enumerate(request.later_rates):
        yield f"later_rates[{i}]", rate


def _effective(product: Product, as_of: dt.date) -> Iterator[Reason]:
    since, until = product.effective_from, product.effective_until
    if since is not None and as_of < since:
        yield Reason("product_not_yet", {"effective_from": since, "as_of": as_of})
    if until is not None and as_of >= until:
        yield Reason("product_ended", {"effective_until": until, "as_of": as_of})


def _customer(product: Product, request: ProductRequest) -> Iterator[Reason]:
    kind = request.customer_kind
    if kind is not None and product.customer_kinds:
        yield from _offered("customer_kind", kind, product.customer_kinds)


def _principal(product: Product, request: ProductRequest) -> Iterator[Reason]:
    asked = request.principal
    if asked is None:
        return
    if asked.currency != product.currency:
        yield from _offered("currency", asked.currency.code, [product.currency.code])
        return
    if asked < product.principal_min:
        yield _below("principal", str(asked), str(product.principal_min))
    if asked > product.principal_max:
        yield _above("principal", str(asked), str(product.principal_max))
    step = product.principal_step
    if step is not None and asked.minor % step.minor:
        yield Reason(
            "product_step",
            {"field": "principal", "value": str(asked), "bound": str(step)},
        )


def _rates(product: Product, request: ProductRequest) -> Iterator[Reason]:
    for field, rate in _asked_rates(request):
        if rate < product.nominal_rate_min:
            bound = percent_text(product.nominal_rate_min)
            yield _below(field, percent_text(rate), bound)
        if rate > product.nominal_rate_max:
            bound = percent_text(product.nominal_rate_max)
            yield _above(field, percent_text(rate), bound)


def _counts(product: Product, request: ProductRequest) -> Iterator[Reason]:
    frequency, count = request.frequency, request.installment_count
    offered = {bounds.frequency: bounds for bounds in product.counts}
    if frequency is not None and frequency not in offered:
        yield from _offered("frequency", str(frequency), map(str, offered))
        return
    if count is None:
        return
    if frequency is None:
        # Any frequency may be meant, so one that allows the count is enough.
        if not any(one.allows(count) for one in product.counts):
            yield from _offered(
                "installment_count", str(count), map(str, product.counts)
            )
        return
    bounds = offered[frequency]
    if count < bounds.count_min:
        yield _below("installment_count", count, bounds.count_min)
    if count > bounds.count_max:
        yield _above("installment_count", count, bounds.count_max)


def _plan(product: Product, request: ProductRequest) -> Iterator[Reason]:
    kind, plan = request.method, request.plan
    if kind is None:
        return
    alike = [one for one in product.plans if method_kind(one.method) == kind]
    if not alike:
        kinds = dict.fromkeys(method_kind(one.method) for one in product.plans)
        yield from _offered("method", kind, kinds)
    elif plan is not None and plan not in alike:
        # Against the offered plan that is nearest, so that the fewest parts are named.
        parts = min((_differing(plan, one) for one in alike), key=len)
        yield Reason(
            "product_plan_differs", {"method": kind, "parts": ", ".join(parts)}
        )


def _differing(plan: RepaymentPlan, offered: RepaymentPlan) -> list[str]:
    names = [field.name for field in attrs.fields(RepaymentPlan)]
    return [name for name in names if getattr(plan, name) != getattr(offered, name)]


def _dates(product: Product, request: ProductRequest) -> Iterator[Reason]:
    days = request.first_due_days
    least, most = product.first_due_days_min, product.first_due_days_max
    if days is not None and least is not None and days < least:
        yield _below("first_due_days", days, least)
    if days is not None and most is not None and days > most:
        yield _above("first_due_days", days, most)
    first_due_on = request.first_due_on
    if first_due_on is not None and not _is_due_day(product, request, first_due_on):
        bound = ", ".join(map(str, product.due_days))
        yield Reason(
            "product_not_offered",
            {"field": "due_day", "value": first_due_on.day, "bound": bound},
        )
    if request.has_free_dates and not product.has_free_dates:
        yield Reason("product_no_free_dates")


def _is_due_day(product: Product, request: ProductRequest, on: dt.date) -> bool:
    frequency = request.frequency
    if not product.due_days or frequency is None:
        return True
    if frequency.unit not in _MONTHLY_UNITS or on.day in product.due_days:
        return True
    # In a short month a later due day falls on the last day.
    return on == month_end(on) and product.due_days[-1] > on.day


def _tranches(product: Product, request: ProductRequest) -> Iterator[Reason]:
    count = request.tranche_count
    if count is not None and count > product.tranche_count_max:
        yield _above("tranche_count", count, product.tranche_count_max)


def _below(field: str, value: FactValue, bound: FactValue) -> Reason:
    return Reason("product_below", {"field": field, "value": value, "bound": bound})


def _above(field: str, value: FactValue, bound: FactValue) -> Reason:
    return Reason("product_above", {"field": field, "value": value, "bound": bound})


def _offered(field: str, value: str, offered: Iterable[str]) -> Iterator[Reason]:
    choices = tuple(offered)
    if value not in choices:
        bound = ", ".join(choices)
        yield Reason(
            "product_not_offered", {"field": field, "value": value, "bound": bound}
        )
