"""Catalogs: every product is judged, and no two versions are offered at once."""

from __future__ import annotations

import datetime as dt
import re

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, Money
from microcrm_core.loans.catalogs import Catalog
from microcrm_core.loans.product_requests import ProductRequest
from microcrm_core.loans.products import Product
from tests.loans.product_cases import EURO, HARVEST, MARKET, TERMS, TODAY

NEXT = attrs.evolve(
    MARKET,
    version="2026-01",
    principal_max=Money.of("8000.00", EURO),
    effective_from=dt.date(2026, 1, 1),
    effective_until=None,
)
CATALOG = Catalog([HARVEST, MARKET, NEXT])


def test_every_product_is_judged_and_those_that_fit_come_first() -> None:
    found = CATALOG.fitting(TERMS, TODAY, customer_kind="sole_trader")
    rows = [
        (row.product.id, row.product.version, row.is_fit, len(row.decision.reasons))
        for row in found.rows
    ]
    assert rows == [
        ("market", "2025-01", True, 1),
        # Rate above its highest, and another method.
        ("harvest", "2024-06", False, 2),
        ("market", "2026-01", False, 1),
    ]
    assert found.fitting == (MARKET,)


def test_a_request_that_says_little_fits_what_is_on_offer() -> None:
    asked = ProductRequest(principal=Money.of("700.00", EURO))
    assert CATALOG.fitting(asked, TODAY).fitting == CATALOG.offered(TODAY)
    assert CATALOG.offered(TODAY) == (HARVEST, MARKET)
    assert CATALOG.offered(dt.date(2026, 1, 1)) == (HARVEST, NEXT)


def test_what_does_not_fit_is_shown_with_every_reason() -> None:
    asked = ProductRequest(
        principal=Money.of("350.00", EURO), method="seasonal", installment_count=12
    )
    found = CATALOG.fitting(asked, TODAY)
    assert str(found).splitlines() == [
        "product  version  name          fits  why",
        "harvest  2024-06  Harvest       yes   every bound of harvest 2024-06 is kept",
        "market   2025-01  Market stall  no    "
        "principal is EUR 350.00, at least EUR 500.00 is asked for; "
        "principal is EUR 350.00, a multiple of EUR 100.00 is asked for; "
        "method is seasonal, offered is equal_installments, equal_principal",
        "market   2026-01  Market stall  no    "
        "it is offered from 2026-01-01 on, the day is 2025-03-01; "
        "principal is EUR 350.00, at least EUR 500.00 is asked for; "
        "principal is EUR 350.00, a multiple of EUR 100.00 is asked for; "
        "method is seasonal, offered is equal_installments, equal_principal",
    ]
    why = found.to_columns("zh-CN")["why"]
    assert why[0] == "符合产品 harvest（版本 2024-06）的全部限制"
    assert found._repr_html_().count("<tr>") == 4


def test_a_catalog_shows_what_it_offers() -> None:
    rows = [re.split(r"  +", line) for line in str(CATALOG).splitlines()]
    assert rows == [
        ["product", "version", "name", "principal", "rate", "counts", "from", "until"],
        ["harvest", "2024-06", "Harvest", "EUR 300.00 to 3000.00", "12% to 20%",
         "6 to 18 monthly"],
        ["market", "2025-01", "Market stall", "EUR 500.00 to 5000.00", "18% to 30%",
         "3 to 24 monthly, 4 to 52 weekly", "2025-01-01", "2026-01-01"],
        ["market", "2026-01", "Market stall", "EUR 500.00 to 8000.00", "18% to 30%",
         "3 to 24 monthly, 4 to 52 weekly", "2026-01-01"],
    ]  # fmt: skip
    assert CATALOG._repr_html_().count("<tr>") == 4
    assert [len(column) for column in CATALOG.to_columns().values()] == [3] * 8


def test_markup_in_a_name_is_escaped() -> None:
    named = Catalog([attrs.evolve(HARVEST, name="<b>Harvest</b>")])
    assert "<b>" not in named._repr_html_()
    assert "<b>" not in named.fitting(ProductRequest(), TODAY)._repr_html_()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # Without an end, the next version would be on offer beside it.
        ((None, None), (dt.date(2025, 1, 1), None)),
        ((dt.date(2025, 1, 1), None), (None, dt.date(2025, 1, 2))),
        (
            (dt.date(2025, 1, 1), dt.date(2025, 7, 1)),
            (dt.date(2025, 6, 30), dt.date(2026, 1, 1)),
        ),
        ((None, dt.date(2025, 7, 1)), (None, dt.date(2025, 7, 1))),
    ],
)
def test_versions_on_offer_on_the_same_day_are_refused(
    first: tuple[dt.date | None, dt.date | None],
    second: tuple[dt.date | None, dt.date | None],
) -> None:
    one, two = (
        attrs.evolve(MARKET, version=name, effective_from=since, effective_until=until)
        for name, (since, until) in (("a", first), ("b", second))
    )
    for versions in ([one, two], [two, one]):
        with pytest.raises(
            InvalidValueError, match="must not be on offer together"
        ) as error:
            Catalog([HARVEST, *versions])
        assert error.value.field in (
            "products[1].effective_from",
            "products[2].effective_from",
        )


def test_a_version_must_not_repeat() -> None:
    later = attrs.evolve(NEXT, version=MARKET.version)
    with pytest.raises(
        InvalidValueError, match=r"products\[1\]\.version must not repeat"
    ):
        Catalog([MARKET, later])


def test_products_of_other_ids_may_share_versions_and_days() -> None:
    other = attrs.evolve(MARKET, id="stall")
    assert len(Catalog([MARKET, other]).offered(TODAY)) == 2


def spans(cuts: list[int]) -> list[Product]:
    """Return versions that follow each other, cut at these days of 2025."""
    days = [dt.date(2025, 1, 1) + dt.timedelta(days=cut) for cut in sorted(cuts)]
    bounds = [None, *days, None]
    return [
        attrs.evolve(
            MARKET,
            version=str(i),
            effective_from=bounds[i],
            effective_until=bounds[i + 1],
        )
        for i in range(len(bounds) - 1)
    ]


@given(
    cuts=st.lists(st.integers(0, 300), max_size=5, unique=True),
    shift=st.integers(0, 5),
    day=st.integers(-10, 310),
)
def test_versions_that_follow_each_other_leave_one_on_every_day(
    cuts: list[int], shift: int, day: int
) -> None:
    versions = spans(cuts)
    rotated = versions[shift:] + versions[:shift]
    as_of = dt.date(2025, 1, 1) + dt.timedelta(days=day)
    assert len(Catalog(rotated).offered(as_of)) == 1
