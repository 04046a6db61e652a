"""Products and catalogs in JSON: nothing lost, nothing guessed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from microcrm_core import canonical_json
from microcrm_core.loans.catalogs import Catalog
from microcrm_core.loans.products import Product
from microcrm_core.loans.products_plain import (
    catalog_from_plain,
    catalog_to_plain,
    product_from_plain,
    product_to_plain,
)
from tests.loans.plain_cases import (
    assert_every_fault_has_its_path,
    field_names,
    products,
    refusal,
)
from tests.loans.product_cases import HARVEST, MARKET

PLAIN = product_to_plain(MARKET)
NEEDED = (
    "id", "version", "name", "currency", "plans", "conventions", "principal_min",
    "principal_max", "nominal_rate_min", "nominal_rate_max", "counts",
)  # fmt: skip


def read(plain: object) -> Product:
    return product_from_plain(plain, path="p")


@given(product=products())
def test_every_product_comes_back_from_json_with_its_digest(product: Product) -> None:
    found = product_from_plain(json.loads(canonical_json(product_to_plain(product))))
    assert found == product
    assert found.ref == product.ref


def test_every_field_is_written() -> None:
    assert set(PLAIN) == field_names(Product)


@pytest.mark.parametrize("name", NEEDED)
def test_every_part_without_a_default_must_be_there(name: str) -> None:
    plain = {key: value for key, value in PLAIN.items() if key != name}
    error = refusal(read, plain)
    assert (error.field, error.rule) == (f"p.{name}", "must be given")


def test_parts_with_a_default_may_be_left_out() -> None:
    least = read({name: product_to_plain(HARVEST)[name] for name in NEEDED})
    assert (least.due_days, least.customer_kinds, least.effective_from) == (
        (),
        (),
        None,
    )
    assert not least.has_free_dates


def test_every_fault_is_told_with_its_path() -> None:
    assert_every_fault_has_its_path(read, PLAIN, "p")


@settings(max_examples=10)
@given(product=products())
def test_every_fault_in_any_product_is_told_with_its_path(product: Product) -> None:
    assert_every_fault_has_its_path(read, product_to_plain(product), "p")


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        ("plans", [], "p.plans"),
        ("plans", [{"method": {"kind": "annuity"}}], "p.plans[0].method.kind"),
        ("counts", [], "p.counts"),
        (
            "counts",
            [{"frequency": "monthly", "count_min": 3, "count_max": 2}],
            "p.counts[0].count_max",
        ),
        (
            "counts",
            [{"frequency": "monthly", "count_min": 1, "count_max": 2}] * 2,
            "p.counts[1]",
        ),
        ("principal_max", {"currency": "CZK", "minor": 1}, "p.principal_max"),
        ("principal_step", {"currency": "EUR", "minor": 7}, "p.principal_min"),
        ("nominal_rate_max", "0.1", "p.nominal_rate_max"),
        ("due_days", [5, 1], "p.due_days"),
        ("due_days", ["5"], "p.due_days[0]"),
        ("customer_kinds", ["sole_trader", None], "p.customer_kinds[1]"),
        ("customer_kinds", ["sole_trader", "trader"], "p.customer_kinds[1]"),
        ("effective_until", "2024-12-31", "p.effective_until"),
        ("version", 1, "p.version"),
    ],
)
def test_what_makes_no_product_is_told_with_its_path(
    part: str, value: object, field: str
) -> None:
    assert refusal(read, {**PLAIN, part: value}).field == field


def test_a_catalog_comes_back_from_json() -> None:
    catalog = Catalog([HARVEST, MARKET])
    plain = json.loads(json.dumps(catalog_to_plain(catalog)))
    assert catalog_from_plain(plain) == catalog


def test_a_fault_in_a_catalog_is_told_with_its_path() -> None:
    broken: Any = [PLAIN, {**PLAIN, "id": 7}]
    assert refusal(catalog_from_plain, broken).field == "catalog[1].id"
    twice = [PLAIN, {**PLAIN, "version": "2025-02"}]
    assert refusal(catalog_from_plain, twice).field == "catalog[1].effective_from"
    same = [product_to_plain(HARVEST), PLAIN, PLAIN]
    error = refusal(catalog_from_plain, same)
    assert (error.field, error.value) == ("catalog[2].version", "2025-01")
    assert refusal(catalog_from_plain, {}).field == "catalog"
