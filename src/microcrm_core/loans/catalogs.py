"""Catalogs: which products fit a request, and for the others why not.

A `Catalog` holds every version of every product; on any day at most one version of a
product is on offer. `fitting` judges them all and keeps every reason, so that a clerk can
say "this one fits from 3000 on" instead of "no".

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Frequency, Money, Rate
    >>> from microcrm_core.loans import EQUAL_INSTALLMENTS, STRICT
    >>> from microcrm_core.loans.catalogs import Catalog
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
    >>> asked = ProductRequest(principal=Money.of("300.00", euro))
    >>> print(Catalog([market]).fitting(asked, dt.date(2025, 3, 1)))
    product  version  name          fits  why
    market   2025-01  Market stall  no    principal is EUR 300.00, at least EUR 500.00 is asked for
"""  # noqa: E501 - the table is as wide as its sentences

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import pairwise

import attrs

from microcrm_core.checks import day, tuple_field
from microcrm_core.decisions import Decision, Language
from microcrm_core.errors import InvalidValueError
from microcrm_core.html import html_table
from microcrm_core.loans.product_bounds import percent_text
from microcrm_core.loans.product_requests import ProductRequest, request_of
from microcrm_core.loans.products import Product
from microcrm_core.loans.table_texts import text_table
from microcrm_core.loans.terms import LoanTerms

__all__ = ["Catalog", "CatalogFit", "ProductFit"]


@attrs.frozen
class ProductFit:
    """One product, and whether what was asked for fits it.

    Attributes:
        product: What was held against.
        decision: Whether it fits, with every broken bound as a reason.

    Example:
        >>> import attrs
        >>> from microcrm_core.loans.catalogs import ProductFit
        >>> [field.name for field in attrs.fields(ProductFit)]
        ['product', 'decision']
    """

    product: Product
    decision: Decision[bool]

    @property
    def is_fit(self) -> bool:
        """Whether it fits."""
        return self.decision.outcome


@attrs.frozen
class CatalogFit:
    """Every product of a catalog, and whether it fits: first those that do.

    Among those that fit, and among the others, the order is that of the catalog.

    Attributes:
        rows: One for each product.

    Example:
        >>> from microcrm_core.loans.catalogs import CatalogFit
        >>> CatalogFit(()).fitting
        ()
    """

    rows: tuple[ProductFit, ...]

    @property
    def fitting(self) -> tuple[Product, ...]:
        """The products that fit, in order."""
        return tuple(row.product for row in self.rows if row.is_fit)

    def to_columns(
        self, language: Language | str = Language.EN
    ) -> dict[str, list[object]]:
        """Return the rows by name, one value a product, for a data frame or a file.

        The names are product, version, name, is_fit and why; why holds every reason as
        a sentence in *language*.
        """
        return {
            "product": [row.product.id for row in self.rows],
            "version": [row.product.version for row in self.rows],
            "name": [row.product.name for row in self.rows],
            "is_fit": [row.is_fit for row in self.rows],
            "why": ["; ".join(row.decision.explain(language)) for row in self.rows],
        }

    def __str__(self) -> str:
        """Return the rows as a plain-text table."""
        return text_table(_FIT_HEADINGS, self._shown)

    def _repr_html_(self) -> str:
        # Notebooks call this name.
        return html_table(_FIT_HEADINGS, self._shown)

    @property
    def _shown(self) -> list[tuple[str, ...]]:
        rows = zip(*self.to_columns().values(), strict=True)
        return [
            (str(a), str(b), str(c), "yes" if fits else "no", str(why))
            for a, b, c, fits, why in rows
        ]


_FIT_HEADINGS = ("product", "version", "name", "fits", "why")
_HEADINGS = (
    "product", "version", "name", "principal", "rate", "counts", "from", "until",
)  # fmt: skip


def _products(products: Iterable[Product]) -> tuple[Product, ...]:
    return tuple(products)


@attrs.frozen
class Catalog:
    """The products of a lender, with all their versions.

    Attributes:
        products: In the order in which they are shown.

    Raises:
        InvalidValueError: A version of a product repeats, or two versions of one
            product are on offer on the same day; the error's `field` says which of
            `products` is at fault.

    Example:
        >>> from microcrm_core.loans.catalogs import Catalog
        >>> Catalog([]).products
        ()
    """

    products: tuple[Product, ...] = attrs.field(
        converter=_products, validator=tuple_field(Product)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse two versions at once."""
        by_id: dict[str, list[tuple[int, Product]]] = {}
        for number, product in enumerate(self.products):
            by_id.setdefault(product.id, []).append((number, product))
        for versions in by_id.values():
            _require_apart(versions)

    def offered(self, as_of: dt.date) -> tuple[Product, ...]:
        """Return the products on offer that day, each in its version of the day."""
        return tuple(product for product in self.products if product.is_offered(as_of))

    def fitting(
        self,
        asked: LoanTerms | ProductRequest,
        as_of: dt.date,
        *,
        customer_kind: str | None = None,
    ) -> CatalogFit:
        """Return for every product whether it fits, and every reason why not.

        Args:
            asked: Terms, or what is known of them; what is not known refuses nothing.
            as_of: The day for which it is judged.
            customer_kind: Who asks, where *asked* are terms; None: not known.

        Raises:
            InvalidValueError: As `Product.check`.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core.loans.catalogs import Catalog
            >>> from microcrm_core.loans.product_requests import ProductRequest
            >>> Catalog([]).fitting(ProductRequest(), dt.date(2025, 3, 1)).rows
            ()
        """
        # A catalog without products asks for the same arguments as any other.
        day("as_of", as_of)
        request_of(asked, customer_kind=customer_kind)
        rows = [
            ProductFit(
                product, product.check(asked, as_of, customer_kind=customer_kind)
            )
            for product in self.products
        ]
        return CatalogFit(tuple(sorted(rows, key=lambda row: not row.is_fit)))

    def to_columns(self) -> dict[str, list[object]]:
        """Return the products by name, one value a product.

        The names are product, version, name, principal, nominal_rate, counts,
        effective_from and effective_until; bounds are text.
        """
        products = self.products
        return {
            "product": [one.id for one in products],
            "version": [one.version for one in products],
            "name": [one.name for one in products],
            "principal": [
                f"{one.principal_min} to {one.principal_max.amount}" for one in products
            ],
            "nominal_rate": [
                f"{percent_text(one.nominal_rate_min)} to "
                f"{percent_text(one.nominal_rate_max)}"
                for one in products
            ],
            "counts": [", ".join(map(str, one.counts)) for one in products],
            "effective_from": [one.effective_from for one in products],
            "effective_until": [one.effective_until for one in products],
        }

    def __str__(self) -> str:
        """Return the products as a plain-text table."""
        return text_table(_HEADINGS, self._shown)

    def _repr_html_(self) -> str:
        # Notebooks call this name.
        return html_table(_HEADINGS, self._shown)

    @property
    def _shown(self) -> list[tuple[str, ...]]:
        rows = zip(*self.to_columns().values(), strict=True)
        return [
            tuple("" if value is None else str(value) for value in row) for row in rows
        ]


def _require_apart(versions: list[tuple[int, Product]]) -> None:
    # The numbers say where in the catalog each one is.
    names = [product.version for _, product in versions]
    for i, (number, product) in enumerate(versions):
        if product.version in names[:i]:
            rule = f"must not repeat for product {product.id}"
            raise InvalidValueError(f"products[{number}].version", rule, names[i])
    in_order = sorted(versions, key=lambda one: one[1].effective_from or dt.date.min)
    for (_, before), (number, after) in pairwise(in_order):
        since, until = after.effective_from, before.effective_until
        if until is None or since is None or since < until:
            rule = (
                f"must not be on offer together with version {before.version} of "
                f"{before.id}; one ends where the other begins"
            )
            raise InvalidValueError(f"products[{number}].effective_from", rule, since)
