from __future__ import annotations

import datetime as dt
from fractions import Fraction

import attrs
import pytest

from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.ledger.classification_policies import LoanClass
from microcrm_core.ledger.classification_presets import (
    AGING_BY_30_DAYS,
    CLASSIFICATION_PRESETS,
    CN_FIVE_CLASS,
    DPD_24_MONTHS,
    EU_DEFAULT_OTHER,
    EU_DEFAULT_RETAIL,
    EU_FORBEARANCE,
    EU_FORBEARANCE_CURED_ONLY,
    IFRS9_STAGES,
    PAR1,
    PAR30,
    PAR60,
    PAR90,
)
from microcrm_core.ledger.delinquencies import DelinquencyBuckets, DelinquencyRange
from microcrm_core.ledger.portfolio_policies import DpdCode, RiskPolicy
from microcrm_core.ledger.rule_origins import DayLimit, SourceStatus
from microcrm_core.money import Currency, Money


def test_every_preset_names_its_source_and_has_an_id_of_its_own() -> None:
    origins = [preset.origin for preset in CLASSIFICATION_PRESETS]

    assert all(origin.source for origin in origins)
    assert len({origin.id for origin in origins}) == len(origins)
    assert all(
        preset.ref.id == preset.origin.id and len(preset.ref.digest) == 64
        for preset in CLASSIFICATION_PRESETS
    )


def test_a_rule_that_is_known_and_not_read_says_so() -> None:
    # ../shared/golden/rules.md, "Arrears and classification".
    known = [
        CN_FIVE_CLASS.origin,
        EU_DEFAULT_RETAIL.origin,
        EU_DEFAULT_OTHER.origin,
        EU_FORBEARANCE.origin,
    ]
    read = [IFRS9_STAGES.origin, *(one.origin for one in (PAR1, PAR30, PAR60, PAR90))]

    assert {one.status for one in known} == {SourceStatus.KNOWN}
    assert {one.status for one in read} == {SourceStatus.READ}


@pytest.mark.parametrize(
    ("days", "loan_class"),
    [
        (0, LoanClass.NORMAL),
        (1, LoanClass.SPECIAL_MENTION),
        (90, LoanClass.SPECIAL_MENTION),
        (91, LoanClass.SUBSTANDARD),
        (270, LoanClass.SUBSTANDARD),
        (271, LoanClass.DOUBTFUL),
        (360, LoanClass.DOUBTFUL),
        (361, LoanClass.LOSS),
    ],
)
def test_the_five_classes_of_china_begin_after_their_limits(
    days: int, loan_class: LoanClass
) -> None:
    # Order [2023] No. 1: overdue, and more than 90, 270 and 360 days.
    assert CN_FIVE_CLASS.class_of(days) is loan_class


def test_the_five_classes_are_in_force_from_july_2023() -> None:
    assert not CN_FIVE_CLASS.origin.is_in_force(dt.date(2023, 6, 30))
    assert CN_FIVE_CLASS.origin.is_in_force(dt.date(2023, 7, 1))
    assert CN_FIVE_CLASS.observed_months == 12


def test_european_limits_are_a_sum_and_one_percent() -> None:
    euro = Currency.of("EUR")

    assert EU_DEFAULT_RETAIL.arrears_max == Money.of("100.00", euro)
    assert EU_DEFAULT_OTHER.arrears_max == Money.of("500.00", euro)
    for policy in (EU_DEFAULT_RETAIL, EU_DEFAULT_OTHER):
        assert policy.arrears_share_max == Fraction(1, 100)
        assert (policy.limit.days, policy.probation_months) == (90, 12)


@pytest.mark.parametrize(
    ("overdue_minor", "exposure_minor", "is_material"),
    [
        # Exactly at the sum; one cent above it; exactly at the share; above it.
        (10_000, 20_000, False),
        (10_001, 20_000, True),
        (20_000, 2_000_000, False),
        (20_001, 2_000_000, True),
        # Above the share alone, above the sum alone.
        (9_999, 20_000, False),
        (10_001, 1_000_200, False),
    ],
)
def test_arrears_are_material_above_both_limits(
    overdue_minor: int, exposure_minor: int, *, is_material: bool
) -> None:
    found = EU_DEFAULT_RETAIL.is_material(overdue_minor, exposure_minor)

    assert found is is_material


def test_forbearance_presets_differ_in_who_is_set_back_alone() -> None:
    same = attrs.evolve(
        EU_FORBEARANCE_CURED_ONLY,
        origin=EU_FORBEARANCE.origin,
        is_relapse_for_cured_only=False,
    )

    assert same == EU_FORBEARANCE
    assert (EU_FORBEARANCE.cure_months, EU_FORBEARANCE.probation_months) == (12, 24)
    assert EU_FORBEARANCE.relapse_limit == DayLimit(30)


@pytest.mark.parametrize(
    ("policy", "days"), [(PAR1, 1), (PAR30, 30), (PAR60, 60), (PAR90, 90)]
)
def test_a_loan_is_at_risk_after_the_days_of_its_measure(
    policy: RiskPolicy, days: int
) -> None:
    # "more than 30 days past due", and the others likewise: definitions of the house.
    assert not policy.limit.is_reached(days)
    assert policy.limit.is_reached(days + 1)
    assert policy.has_restructured


@pytest.mark.parametrize(
    ("days", "code"),
    [
        (0, "0"), (1, "1"), (30, "1"), (31, "2"), (60, "2"), (61, "3"), (90, "3"),
        (91, "4"), (121, "5"), (151, "6"), (180, "6"), (181, "7"), (5000, "7"),
    ],
)  # fmt: skip
def test_codes_of_days_step_by_thirty(days: int, code: str) -> None:
    assert DPD_24_MONTHS.code_of(days) == code


def test_codes_must_tell_days_no_loan_and_not_reported_apart() -> None:
    with pytest.raises(PolicyError, match="codes must differ"):
        attrs.evolve(DPD_24_MONTHS, no_loan="0")
    with pytest.raises(PolicyError, match="codes must be of one length"):
        attrs.evolve(DPD_24_MONTHS, no_loan="--")
    with pytest.raises(PolicyError, match="must ascend from 0 days"):
        attrs.evolve(DPD_24_MONTHS, codes=(DpdCode("1", 1),))


@pytest.mark.parametrize(
    "ranges",
    [
        (DelinquencyRange("a", 2),),
        (DelinquencyRange("a", 1, 5), DelinquencyRange("b", 7)),
        (DelinquencyRange("a", 1, 5),),
        (),
    ],
)
def test_an_aging_leaves_no_days_out(ranges: tuple[DelinquencyRange, ...]) -> None:
    buckets = DelinquencyBuckets(id="x", version="1", ranges=ranges)
    with pytest.raises(PolicyError, match="buckets must"):
        attrs.evolve(AGING_BY_30_DAYS, buckets=buckets)


@pytest.mark.parametrize("days", [(), (0, 90, 270), (0, 90, 90, 360), (90, 0, 1, 2)])
def test_five_classes_need_four_limits_that_ascend(days: tuple[int, ...]) -> None:
    with pytest.raises(PolicyError, match="limits must be four that ascend"):
        attrs.evolve(CN_FIVE_CLASS, limits=tuple(DayLimit(one) for one in days))


def test_policies_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(PolicyError, match="default_limit must be 31 days or more"):
        attrs.evolve(IFRS9_STAGES, default_limit=DayLimit(29))
    with pytest.raises(PolicyError, match="relapse_limit must be 91 days or fewer"):
        attrs.evolve(EU_FORBEARANCE, relapse_limit=DayLimit(91))
    with pytest.raises(InvalidValueError, match="arrears_share_max must be from 0"):
        attrs.evolve(EU_DEFAULT_RETAIL, arrears_share_max=Fraction(2))
    with pytest.raises(InvalidValueError, match="arrears_max must not be negative"):
        attrs.evolve(EU_DEFAULT_RETAIL, arrears_max=Money(-1, Currency.of("EUR")))


def test_the_three_worst_classes_are_non_performing() -> None:
    assert [one.value for one in LoanClass if one.is_non_performing] == [
        "substandard",
        "doubtful",
        "loss",
    ]
