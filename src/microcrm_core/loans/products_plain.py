"""Products and catalogs as plain JSON values, and back: strict, with the path.

Example:
    >>> from microcrm_core.loans.products_plain import catalog_from_plain
    >>> catalog_from_plain([]).products
    ()
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.loans.catalogs import Catalog
from microcrm_core.loans.conventions_plain import conventions_from_plain
from microcrm_core.loans.plain_values import (
    currency_from_plain,
    money_from_plain,
    plain_flag,
    plain_items,
    plain_rate,
    plain_whole,
)
from microcrm_core.loans.plans_plain import plan_from_plain
from microcrm_core.loans.products import CountBounds, Product
from microcrm_core.loans.terms_plain import plain_frequency
from microcrm_core.rules.plain import (
    Plain,
    faults_below,
    plain_day,
    plain_mapping,
    plain_text,
)

__all__ = [
    "catalog_from_plain",
    "catalog_to_plain",
    "product_from_plain",
    "product_to_plain",
]

_NEEDED: Final = (
    "id", "version", "name", "currency", "plans", "conventions", "principal_min",
    "principal_max", "nominal_rate_min", "nominal_rate_max", "counts",
)  # fmt: skip
_OPTIONAL: Final = (
    "principal_step", "first_due_days_min", "first_due_days_max", "due_days",
    "has_free_dates", "tranche_count_max", "customer_kinds", "effective_from",
    "effective_until",
)  # fmt: skip


def product_to_plain(product: Product) -> Plain:
    """Return *product* as a JSON object with every part.

    Example:
        >>> from microcrm_core import Currency, Frequency, Money, Rate
        >>> from microcrm_core.loans import EQUAL_INSTALLMENTS, STRICT
        >>> from microcrm_core.loans.products import CountBounds, Product
        >>> from microcrm_core.loans.products_plain import product_to_plain
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
        >>> product_to_plain(market)["counts"]
        [{'frequency': 'monthly', 'count_min': 3, 'count_max': 24}]
    """
    return product.to_plain()


def product_from_plain(plain: object, *, path: str = "product") -> Product:
    """Return the product that a JSON object stands for.

    Parts that have a default in `Product` may be left out.

    Args:
        plain: What a JSON parser gave.
        path: Where it stands, for the errors.

    Raises:
        PolicyError: It has another shape, or no valid product comes of it; the
            error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.loans.products_plain import product_from_plain
        >>> product_from_plain(
        ...     {
        ...         "id": "market",
        ...         "version": "2025-01",
        ...         "name": "Market stall",
        ...         "currency": "EUR",
        ...         "plans": [{"method": {"kind": "equal_installments"}}],
        ...         "conventions": {
        ...             "id": "strict",
        ...             "day_count": "ACT/365F",
        ...             "rounding": "half_even",
        ...             "roll": "day_of_month",
        ...         },
        ...         "principal_min": {"currency": "EUR", "minor": 50_000},
        ...         "principal_max": {"currency": "EUR", "minor": 500_000},
        ...         "nominal_rate_min": "0.18",
        ...         "nominal_rate_max": "0.30",
        ...         "counts": [
        ...             {"frequency": "monthly", "count_min": 3, "count_max": 24}
        ...         ],
        ...     }
        ... ).due_days
        ()
    """
    parts = plain_mapping(plain, path, needed=_NEEDED, optional=_OPTIONAL)
    lists = {
        name: [
            (item, f"{path}.{name}[{i}]")
            for i, item in enumerate(plain_items(parts.get(name, ()), f"{path}.{name}"))
        ]
        for name in ("plans", "counts", "due_days", "customer_kinds")
    }
    step = parts.get("principal_step")
    since, until = parts.get("effective_from"), parts.get("effective_until")
    free_dates = parts.get("has_free_dates", False)
    tranches = parts.get("tranche_count_max", 0)
    with faults_below(path):
        return Product(
            id=plain_text(parts["id"], f"{path}.id"),
            version=plain_text(parts["version"], f"{path}.version"),
            name=plain_text(parts["name"], f"{path}.name"),
            currency=currency_from_plain(parts["currency"], f"{path}.currency"),
            plans=tuple(
                plan_from_plain(item, path=where) for item, where in lists["plans"]
            ),
            conventions=conventions_from_plain(
                parts["conventions"], path=f"{path}.conventions"
            ),
            principal_min=money_from_plain(
                parts["principal_min"], f"{path}.principal_min"
            ),
            principal_max=money_from_plain(
                parts["principal_max"], f"{path}.principal_max"
            ),
            principal_step=None
            if step is None
            else money_from_plain(step, f"{path}.principal_step"),
            nominal_rate_min=plain_rate(
                parts["nominal_rate_min"], f"{path}.nominal_rate_min"
            ),
            nominal_rate_max=plain_rate(
                parts["nominal_rate_max"], f"{path}.nominal_rate_max"
            ),
            counts=tuple(_count_bounds(*item) for item in lists["counts"]),
            first_due_days_min=_whole_or_none(parts, "first_due_days_min", path),
            first_due_days_max=_whole_or_none(parts, "first_due_days_max", path),
            due_days=tuple(plain_whole(*item) for item in lists["due_days"]),
            has_free_dates=plain_flag(free_dates, f"{path}.has_free_dates"),
            tranche_count_max=plain_whole(tranches, f"{path}.tranche_count_max"),
            customer_kinds=tuple(plain_text(*item) for item in lists["customer_kinds"]),
            effective_from=None
            if since is None
            else plain_day(since, f"{path}.effective_from"),
            effective_until=None
            if until is None
            else plain_day(until, f"{path}.effective_until"),
        )


def catalog_to_plain(catalog: Catalog) -> list[Plain]:
    """Return the products of *catalog* as JSON objects, in order.

    Example:
        >>> from microcrm_core.loans.catalogs import Catalog
        >>> from microcrm_core.loans.products_plain import catalog_to_plain
        >>> catalog_to_plain(Catalog([]))
        []
    """
    return [product_to_plain(product) for product in catalog.products]


def catalog_from_plain(plain: object, *, path: str = "catalog") -> Catalog:
    """Return the catalog that a list of JSON objects stands for.

    Raises:
        PolicyError: It is no list, a product is none, or two versions of one product
            are on offer at once; the error's `field` is the path to the fault.

    Example:
        >>> from microcrm_core.loans.products_plain import catalog_from_plain
        >>> len(catalog_from_plain([]).products)
        0
    """
    items = plain_items(plain, path)
    products = [
        product_from_plain(item, path=f"{path}[{i}]") for i, item in enumerate(items)
    ]
    try:
        return Catalog(products)
    except InvalidValueError as error:
        # What the catalog calls products[n] is item n of the list itself.
        where = f"{path}{error.field.removeprefix('products')}"
        raise PolicyError(where, error.rule, error.value, hint=error.hint) from None


def _count_bounds(plain: object, path: str) -> CountBounds:
    parts = plain_mapping(plain, path, needed=("frequency", "count_min", "count_max"))
    with faults_below(path):
        return CountBounds(
            plain_frequency(parts["frequency"], f"{path}.frequency"),
            plain_whole(parts["count_min"], f"{path}.count_min"),
            plain_whole(parts["count_max"], f"{path}.count_max"),
        )


def _whole_or_none(parts: Mapping[str, object], name: str, path: str) -> int | None:
    value = parts.get(name)
    return None if value is None else plain_whole(value, f"{path}.{name}")
