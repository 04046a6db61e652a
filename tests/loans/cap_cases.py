"""Credits and caps for the tests of caps."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from microcrm_core import Currency, Money, Rate
from microcrm_core.loans.cap_checks import check_caps
from microcrm_core.loans.cap_findings import CapFinding
from microcrm_core.loans.caps import (
    CapMeasure,
    DatedRate,
    RateCap,
    ReferenceRate,
    ShareLimit,
    SourceStatus,
)
from microcrm_core.loans.cash_flows import CashFlow, CreditFlows, FlowKind
from microcrm_core.loans.credit_facts import CreditFacts, NamedAmount

YUAN: Final = Currency.of("CNY")
POUND: Final = Currency.of("GBP")
RUPEE: Final = Currency.of("INR")
SIGNED: Final = dt.date(2025, 11, 1)

# 3.00 % since 20 May 2025; rules.md: "at an LPR of 3.00 % four times is 12 %".
LPR: Final = ReferenceRate(
    id="cn-lpr-1y",
    values=(
        DatedRate(dt.date(2024, 10, 21), Rate.per_year("0.031")),
        DatedRate(dt.date(2025, 5, 20), Rate.per_year("0.03")),
    ),
    known_until_on=dt.date(2028, 1, 19),
)


def flow(
    days: int, minor: int, kind: str, name: str | None = None, currency: Currency = YUAN
) -> CashFlow:
    """A flow so many days after the contract."""
    on = SIGNED + dt.timedelta(days=days)
    return CashFlow(on, Money(minor, currency), FlowKind(kind), name)


def year_loan(
    repaid_minor: int,
    *charges: tuple[str, int],
    advanced_minor: int = 100_000,
    days: int = 365,
    currency: Currency = YUAN,
) -> CreditFlows:
    """One advance and one repayment; the charges are paid at the start, in order."""
    return CreditFlows(
        [
            flow(0, advanced_minor, "advance", currency=currency),
            *(flow(0, minor, "charge", name, currency) for name, minor in charges),
            flow(days, repaid_minor, "repayment", currency=currency),
        ]
    )


def named(currency: Currency, *minors: int) -> tuple[NamedAmount, ...]:
    """Amounts called a, b, c and so on."""
    return tuple(
        NamedAmount("abcdefgh"[i], Money(minor, currency))
        for i, minor in enumerate(minors)
    )


def limit(measure: CapMeasure, share: str, **parts: Any) -> RateCap:
    """A cap of some jurisdiction for everyone, at a share."""
    return RateCap(
        id=f"test-{measure.value}",
        version="1",
        jurisdiction="CN",
        measure=measure,
        limit=ShareLimit.of(share),
        source="the test",
        status=SourceStatus.HOUSE,
        **parts,
    )


def found(
    cap: RateCap,
    facts: CreditFacts,
    as_of: dt.date = SIGNED,
    rates: tuple[ReferenceRate, ...] = (LPR,),
) -> CapFinding:
    """The finding on one cap."""
    check = check_caps(facts, [cap], as_of=as_of, reference_rates=rates)
    return check.findings[0]
