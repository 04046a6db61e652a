"""Caps to start from, each with its source and how far that is trusted.

A preset is data, not advice: what is `known` or `secondary` must be verified before
anyone relies on it, and a lender adds the caps of its own country. Types of lenders and
loans are words of this module; a caller uses the same ones in `CreditFacts`.

The Chinese sources say "annualized, with everything in it", and allow a rate that
compounds (an internal rate of return) or a simple one that is labelled as such. These
presets take the one that needs no label, `RateMeasure.COMPOUND_ANNUAL`; whoever is told
otherwise by their supervisor evolves the cap to another measure.

Example:
    >>> from microcrm_core.loans.cap_presets import CAP_PRESETS
    >>> sorted({cap.jurisdiction for cap in CAP_PRESETS})
    ['CN', 'GB', 'IN']
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from microcrm_core.loans.caps import (
    AmountLimit,
    CostMeasure,
    RateCap,
    ReferenceLimit,
    ShareLimit,
    SourceStatus,
)
from microcrm_core.loans.rate_measures import RateMeasure
from microcrm_core.money import Currency, Money

__all__ = [
    "CAP_PRESETS",
    "CN_ASSISTED_LENDING",
    "CN_COURTS_FINANCIAL",
    "CN_LPR_1Y",
    "CN_MICRO_LOAN_COMPANY",
    "CN_MICRO_LOAN_COMPANY_2027",
    "CN_PRIVATE_LENDING",
    "IN_MICROFINANCE_INSTALLMENTS",
    "IN_PREPAYMENT",
    "UK_DAILY_CHARGES",
    "UK_DEFAULT_FEES",
    "UK_TOTAL_COST",
]

CN_LPR_1Y: Final = "cn-lpr-1y"
"""Id of China's one-year loan prime rate, whose values the caller supplies."""

_VERSION: Final = "2025-11"
_FOUR_LPR: Final = ReferenceLimit.of(series_id=CN_LPR_1Y, multiple=4)
_READING: Final = (
    "the source does not name the measure; compound annual is the one that the rules "
    "on disclosure allow without a label"
)
_CONC: Final = "FCA Handbook, CONC 5A"
_CONC_FROM: Final = dt.date(2015, 1, 2)
_HIGH_COST: Final = ("high_cost_short_term",)

CN_ASSISTED_LENDING: Final = RateCap(
    id="cn-assisted-internet-lending",
    version=_VERSION,
    jurisdiction="CN",
    loan_types=("assisted_internet_lending",),
    measure=RateMeasure.COMPOUND_ANNUAL,
    limit=ShareLimit.of("0.24"),
    effective_from=dt.date(2025, 10, 1),
    source="NFRA [2025] No. 9; read in commentary",
    status=SourceStatus.READ,
    reading=_READING,
)
"""China, assisted internet lending: 24 % with everything in it from 1 October 2025."""

CN_MICRO_LOAN_COMPANY: Final = RateCap(
    id="cn-micro-loan-company",
    version=_VERSION,
    jurisdiction="CN",
    lender_types=("micro_loan_company",),
    measure=RateMeasure.COMPOUND_ANNUAL,
    limit=ShareLimit.of("0.24"),
    source="guidance for micro-loan companies; secondary reports",
    status=SourceStatus.SECONDARY,
    reading=_READING + "; its first day is not stated",
)
"""China, micro-loan companies: 24 % with everything in it."""

CN_MICRO_LOAN_COMPANY_2027: Final = RateCap(
    id="cn-micro-loan-company-2027",
    version=_VERSION,
    jurisdiction="CN",
    lender_types=("micro_loan_company",),
    measure=RateMeasure.COMPOUND_ANNUAL,
    limit=_FOUR_LPR,
    effective_from=dt.date(2027, 12, 31),
    source="guidance for micro-loan companies; secondary reports",
    status=SourceStatus.SECONDARY,
    reading=_READING
    + "; costs are to fall towards it by the end of 2027, taken as its last day",
)
"""China, micro-loan companies: where 24 % is to fall by the end of 2027."""

CN_PRIVATE_LENDING: Final = RateCap(
    id="cn-private-lending",
    version=_VERSION,
    jurisdiction="CN",
    lender_types=("private_lender",),
    measure=RateMeasure.COMPOUND_ANNUAL,
    limit=_FOUR_LPR,
    source="Supreme People's Court, 2020 No. 17 and No. 27",
    status=SourceStatus.KNOWN,
    reading=_READING
    + "; licensed lenders are no private lenders, and its first day is not stated",
)
"""China, private lending: four times the one-year loan prime rate at the contract."""

CN_COURTS_FINANCIAL: Final = RateCap(
    id="cn-courts-financial-loans",
    version=_VERSION,
    jurisdiction="CN",
    lender_types=("financial_institution",),
    measure=RateMeasure.COMPOUND_ANNUAL,
    limit=ShareLimit.of("0.24"),
    source="Supreme People's Court, 2017 No. 22",
    status=SourceStatus.KNOWN,
    reading=_READING + "; its first day is not stated",
)
"""China, loans of financial institutions: what courts grant, 24 %."""

UK_DAILY_CHARGES: Final = RateCap(
    id="uk-initial-cost-cap",
    version=_VERSION,
    jurisdiction="GB",
    loan_types=_HIGH_COST,
    measure=CostMeasure.DAILY_CHARGE_SHARE,
    limit=ShareLimit.of("0.008"),
    effective_from=_CONC_FROM,
    source=_CONC,
    status=SourceStatus.KNOWN,
)
"""United Kingdom, high-cost short-term credit: 0.8 % of the principal a day."""

UK_DEFAULT_FEES: Final = RateCap(
    id="uk-default-cap",
    version=_VERSION,
    jurisdiction="GB",
    loan_types=_HIGH_COST,
    measure=CostMeasure.DEFAULT_FEES,
    limit=AmountLimit(Money.of("15.00", Currency.of("GBP"))),
    effective_from=_CONC_FROM,
    source=_CONC,
    status=SourceStatus.KNOWN,
)
"""United Kingdom, high-cost short-term credit: GBP 15 of fees for default."""

UK_TOTAL_COST: Final = RateCap(
    id="uk-total-cost-cap",
    version=_VERSION,
    jurisdiction="GB",
    loan_types=_HIGH_COST,
    measure=CostMeasure.TOTAL_COST_SHARE,
    limit=ShareLimit.of(1),
    effective_from=_CONC_FROM,
    source=_CONC,
    status=SourceStatus.KNOWN,
)
"""United Kingdom, high-cost short-term credit: as much again as was lent."""

IN_MICROFINANCE_INSTALLMENTS: Final = RateCap(
    id="in-microfinance-installments",
    version=_VERSION,
    jurisdiction="IN",
    loan_types=("microfinance",),
    measure=CostMeasure.INSTALLMENT_TO_INCOME,
    limit=ShareLimit.of("0.5"),
    source=(
        "Reserve Bank of India, Directions on Regulatory Framework for Microfinance "
        "Loans"
    ),
    status=SourceStatus.READ,
    reading="its first day is not stated",
)
"""India, microfinance: installments to all lenders within half of household income."""

IN_PREPAYMENT: Final = RateCap(
    id="in-prepayment-charges",
    version=_VERSION,
    jurisdiction="IN",
    loan_types=("floating_rate",),
    measure=CostMeasure.PREPAYMENT_CHARGES,
    limit=AmountLimit(Money.of("0.00", Currency.of("INR"))),
    effective_from=dt.date(2026, 1, 1),
    source="Reserve Bank of India, directions on pre-payment charges on loans",
    status=SourceStatus.READ,
    reading=(
        "for loans to individuals and small businesses sanctioned from that day on; "
        "it differs by class of lender, which this data does not hold"
    ),
)
"""India, floating-rate loans from 1 January 2026: no charge for paying ahead."""

CAP_PRESETS: Final = (
    CN_ASSISTED_LENDING,
    CN_MICRO_LOAN_COMPANY,
    CN_MICRO_LOAN_COMPANY_2027,
    CN_PRIVATE_LENDING,
    CN_COURTS_FINANCIAL,
    UK_DAILY_CHARGES,
    UK_DEFAULT_FEES,
    UK_TOTAL_COST,
    IN_MICROFINANCE_INSTALLMENTS,
    IN_PREPAYMENT,
)
"""All of these caps."""
