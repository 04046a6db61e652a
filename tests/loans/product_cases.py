"""Products of an imagined lender, for the tests of products and catalogs."""

from __future__ import annotations

import datetime as dt
from typing import Final

from microcrm_core import Currency, Frequency, LoanTerms, Money, Rate
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    STRICT,
    EqualPrincipal,
    Grace,
    RepaymentPlan,
    Seasonal,
)
from microcrm_core.loans.products import CountBounds, Product

EURO: Final = Currency.of("EUR")
TODAY: Final = dt.date(2025, 3, 1)

MARKET: Final = Product(
    id="market",
    version="2025-01",
    name="Market stall",
    currency=EURO,
    plans=(
        EQUAL_INSTALLMENTS,
        RepaymentPlan(method=EqualPrincipal(), grace=Grace(principal_count=2)),
    ),
    conventions=STRICT,
    principal_min=Money.of("500.00", EURO),
    principal_max=Money.of("5000.00", EURO),
    principal_step=Money.of("100.00", EURO),
    nominal_rate_min=Rate.per_year("0.18"),
    nominal_rate_max=Rate.per_year("0.30"),
    counts=(
        CountBounds(Frequency.MONTHLY, 3, 24),
        CountBounds(Frequency.WEEKLY, 4, 52),
    ),
    first_due_days_min=7,
    first_due_days_max=45,
    due_days=(1, 5, 15, 31),
    customer_kinds=("sole_trader", "small_business"),
    effective_from=dt.date(2025, 1, 1),
    effective_until=dt.date(2026, 1, 1),
)
HARVEST: Final = Product(
    id="harvest",
    version="2024-06",
    name="Harvest",
    currency=EURO,
    plans=(RepaymentPlan(method=Seasonal((0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0))),),
    conventions=STRICT,
    principal_min=Money.of("300.00", EURO),
    principal_max=Money.of("3000.00", EURO),
    nominal_rate_min=Rate.per_year("0.12"),
    nominal_rate_max=Rate.per_year("0.20"),
    counts=(CountBounds(Frequency.MONTHLY, 6, 18),),
    has_free_dates=True,
    tranche_count_max=2,
)
TERMS: Final = LoanTerms(
    principal=Money.of("1200.00", EURO),
    nominal_rate=Rate.per_year("0.24"),
    installment_count=12,
    frequency=Frequency.MONTHLY,
    disbursed_on=dt.date(2025, 3, 3),
    first_due_on=dt.date(2025, 4, 5),
)
