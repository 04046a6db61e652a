"""Policies of classification to start from, each with its source and its status.

A preset is data, not advice: what is `known` must be verified before anyone relies on
it. Where a rule leaves room, `origin.reading` says how it was read.

Example:
    >>> from microcrm_core.ledger.classification_presets import CLASSIFICATION_PRESETS
    >>> sorted({preset.origin.status.value for preset in CLASSIFICATION_PRESETS})
    ['house', 'known', 'read']
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Final

from microcrm_core.ledger.classification_policies import (
    DefaultPolicy,
    FiveClassPolicy,
    ForbearancePolicy,
    LoanClass,
    StagePolicy,
)
from microcrm_core.ledger.delinquencies import DelinquencyBuckets, DelinquencyRange
from microcrm_core.ledger.portfolio_policies import (
    AgingPolicy,
    DpdCode,
    DpdPolicy,
    RiskPolicy,
)
from microcrm_core.ledger.rule_origins import DayLimit, RuleOrigin, SourceStatus
from microcrm_core.money import Currency, Money

__all__ = [
    "AGING_BY_30_DAYS",
    "CLASSIFICATION_PRESETS",
    "CN_FIVE_CLASS",
    "DPD_24_MONTHS",
    "EU_DEFAULT_OTHER",
    "EU_DEFAULT_RETAIL",
    "EU_FORBEARANCE",
    "EU_FORBEARANCE_CURED_ONLY",
    "IFRS9_STAGES",
    "PAR1",
    "PAR30",
    "PAR60",
    "PAR90",
]

_VERSION: Final = "2025-11"

DPD_24_MONTHS: Final = DpdPolicy(
    origin=RuleOrigin(
        id="dpd-24-months",
        version=_VERSION,
        source="house rule, after the monthly codes of credit registers",
        status=SourceStatus.HOUSE,
    ),
    codes=(
        DpdCode("0", 0),
        DpdCode("1", 1),
        DpdCode("2", 31),
        DpdCode("3", 61),
        DpdCode("4", 91),
        DpdCode("5", 121),
        DpdCode("6", 151),
        DpdCode("7", 181),
    ),
    no_loan="-",
    not_reported="?",
    written_off="W",
)
"""24 month ends; `1` is up to 30 days, each next code 30 more, `7` more than 180."""

AGING_BY_30_DAYS: Final = AgingPolicy(
    RuleOrigin(
        id="aging-by-30-days",
        version=_VERSION,
        source="house rule",
        status=SourceStatus.HOUSE,
    ),
    DelinquencyBuckets(
        id="aging-by-30-days",
        version=_VERSION,
        ranges=(
            DelinquencyRange("1-30", 1, 30),
            DelinquencyRange("31-60", 31, 60),
            DelinquencyRange("61-90", 61, 90),
            DelinquencyRange("91-180", 91, 180),
            DelinquencyRange("181-360", 181, 360),
            DelinquencyRange("361+", 361),
        ),
    ),
)
"""Thirty days each up to 90, then up to 180, 360 and beyond."""


def _portfolio_at_risk(days: int) -> RiskPolicy:
    limit = DayLimit(days)
    return RiskPolicy(
        origin=RuleOrigin(
            id=f"par{days}",
            version=_VERSION,
            source="microfinance reporting standards, portfolio at risk",
            status=SourceStatus.READ,
            reading=(
                "full unpaid principal without accrued interest; restructured loans "
                f"count whatever their days; {limit} days past due"
            ),
        ),
        limit=limit,
    )


PAR1: Final = _portfolio_at_risk(1)
"""Portfolio at risk by one day: more than 1, and restructured loans."""

PAR30: Final = _portfolio_at_risk(30)
"""Portfolio at risk by 30 days: more than 30, and restructured loans."""

PAR60: Final = _portfolio_at_risk(60)
"""Portfolio at risk by 60 days: more than 60, and restructured loans."""

PAR90: Final = _portfolio_at_risk(90)
"""Portfolio at risk by 90 days: more than 90, and restructured loans."""

CN_FIVE_CLASS: Final = FiveClassPolicy(
    origin=RuleOrigin(
        id="cn-five-class",
        version=_VERSION,
        source="CBIRC and PBoC, Order [2023] No. 1",
        status=SourceStatus.KNOWN,
        effective_from=dt.date(2023, 7, 1),
        reading=(
            "the date was read, the thresholds are known; days past due alone, without "
            "the order's other signs of weakness, and without the time that it asks "
            "for before a non-performing loan is lifted; arrears start the observation "
            "of a restructured loan again from their first day"
        ),
    ),
    limits=(DayLimit(0), DayLimit(90), DayLimit(270), DayLimit(360)),
    observed_months=12,
    observed_class=LoanClass.SPECIAL_MENTION,
)
"""China: overdue, more than 90, 270 and 360 days; restructured observed a year."""

IFRS9_STAGES: Final = StagePolicy(
    origin=RuleOrigin(
        id="ifrs9-stages",
        version=_VERSION,
        source="IFRS 9, paragraphs 5.5.11 and B5.5.37",
        status=SourceStatus.READ,
        effective_from=dt.date(2018, 1, 1),
        reading=(
            "a significant increase in risk is presumed when payments are more than 30 "
            "days past due, default not later than when they are 90 days past due"
        ),
    ),
    increased_limit=DayLimit(30),
    default_limit=DayLimit(90, is_included=True),
)
"""IFRS 9: stage 2 past 30 days, default at 90; both may be rebutted by evidence."""

_EU_DEFAULT: Final = (
    "Regulation (EU) No 575/2013, Article 178; Delegated Regulation (EU) 2018/171; "
    "EBA/GL/2016/07"
)
_EU_DEFAULT_READING: Final = (
    "more than 90 consecutive days on each of which both limits are exceeded, counted "
    "anew when either is not; probation of one year from the first day after, counted "
    "anew when both are exceeded again; what a customer owes is outstanding principal "
    "with overdue interest and charges; other signs that a customer is unlikely to pay "
    "are not in this data"
)


def _eu_default(kind: str, amount: str) -> DefaultPolicy:
    return DefaultPolicy(
        origin=RuleOrigin(
            id=f"eu-default-{kind}",
            version=_VERSION,
            source=_EU_DEFAULT,
            status=SourceStatus.KNOWN,
            reading=_EU_DEFAULT_READING,
        ),
        limit=DayLimit(90),
        arrears_max=Money.of(amount, Currency.of("EUR")),
        arrears_share_max=Fraction(1, 100),
        probation_months=12,
    )


EU_DEFAULT_RETAIL: Final = _eu_default("retail", "100.00")
"""European Union, retail: more than EUR 100 and 1 % for more than 90 days in a row."""

EU_DEFAULT_OTHER: Final = _eu_default("other", "500.00")
"""European Union, others: more than EUR 500 and 1 % for more than 90 days in a row."""

_EU_FORBEARANCE: Final = (
    "Regulation (EU) No 575/2013, Articles 47a and 47b; Implementing Regulation (EU) "
    "No 680/2014, Annex V"
)

EU_FORBEARANCE: Final = ForbearancePolicy(
    origin=RuleOrigin(
        id="eu-forbearance",
        version=_VERSION,
        source=_EU_FORBEARANCE,
        status=SourceStatus.KNOWN,
        reading=(
            "the cure runs from the concession or the relapse, and nothing is overdue "
            "at its end; every loan in probation is set back past 30 days or by a "
            "renewed concession"
        ),
    ),
    cure_months=12,
    probation_months=24,
    relapse_limit=DayLimit(30),
    non_performing_limit=DayLimit(90),
)
"""European Union: a year of cure, two of probation, and no relapse past 30 days."""

EU_FORBEARANCE_CURED_ONLY: Final = ForbearancePolicy(
    origin=RuleOrigin(
        id="eu-forbearance-cured-only",
        version=_VERSION,
        source=_EU_FORBEARANCE + "; EBA Q&A 2014_736 and 2015_1842",
        status=SourceStatus.READ,
        reading=(
            "as eu-forbearance, but only a loan that was non-performing before is set "
            "back past 30 days or by a renewed concession; for others a renewed "
            "concession starts probation again"
        ),
    ),
    cure_months=12,
    probation_months=24,
    relapse_limit=DayLimit(30),
    non_performing_limit=DayLimit(90),
    is_relapse_for_cured_only=True,
)
"""The same, in the supervisor's narrower reading of who is set back in probation."""

CLASSIFICATION_PRESETS: Final = (
    DPD_24_MONTHS,
    AGING_BY_30_DAYS,
    PAR1,
    PAR30,
    PAR60,
    PAR90,
    CN_FIVE_CLASS,
    IFRS9_STAGES,
    EU_DEFAULT_RETAIL,
    EU_DEFAULT_OTHER,
    EU_FORBEARANCE,
    EU_FORBEARANCE_CURED_ONLY,
)
"""All of these policies."""
