"""Checking caps: headroom, the charge that breaks one, and what cannot be judged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, Language, Money, Rate
from microcrm_core.loans.cap_checks import check_caps
from microcrm_core.loans.cap_findings import CapCheck, CapOutcome
from microcrm_core.loans.cap_presets import (
    CAP_PRESETS,
    CN_ASSISTED_LENDING,
    CN_PRIVATE_LENDING,
    IN_MICROFINANCE_INSTALLMENTS,
    UK_DAILY_CHARGES,
    UK_DEFAULT_FEES,
    UK_TOTAL_COST,
)
from microcrm_core.loans.caps import (
    CostMeasure,
    DatedRate,
    RateCap,
    ReferenceLimit,
    ReferenceRate,
)
from microcrm_core.loans.cash_flows import CreditFlows
from microcrm_core.loans.credit_facts import CreditFacts, PrincipalPart
from microcrm_core.loans.rate_measures import RateMeasure
from tests.loans.cap_cases import (
    LPR,
    POUND,
    RUPEE,
    SIGNED,
    YUAN,
    flow,
    found,
    limit,
    named,
    year_loan,
)

CHINA = CreditFacts(
    jurisdiction="CN",
    lender_type="financial_institution",
    loan_types=("assisted_internet_lending",),
    flows=year_loan(120_000, ("stamp", 500), ("guarantee", 5_000)),
)
LINEAR = (CostMeasure.DAILY_CHARGE_SHARE, CostMeasure.TOTAL_COST_SHARE)


def facts(flows: CreditFlows, **parts: Any) -> CreditFacts:
    return attrs.evolve(CHINA, flows=flows, default_fees=(), **parts)


# Headroom


def test_headroom_of_a_share_is_exact() -> None:
    # 200.00 of interest and 55.00 of charges on 1000.00; the limit is 30 %.
    finding = found(limit(CostMeasure.TOTAL_COST_SHARE, "0.30"), facts(CHINA.flows))  # type: ignore[arg-type]  # given above
    assert finding.outcome is CapOutcome.KEPT
    assert finding.value == Fraction(255, 1_000)
    assert finding.headroom == Fraction(45, 1_000)


def test_headroom_of_an_amount_is_an_amount() -> None:
    british = CreditFacts(
        jurisdiction="GB",
        loan_types=("high_cost_short_term",),
        default_fees=named(POUND, 900, 500),
    )
    finding = found(UK_DEFAULT_FEES, british)
    assert finding.headroom == Money(100, POUND)
    assert finding.value == Money(1_400, POUND)


@given(
    interest=st.integers(0, 10**6),
    charges=st.lists(st.integers(0, 10**6), max_size=4),
    more=st.integers(0, 10**6),
    days=st.integers(1, 400),
    measure=st.sampled_from(LINEAR),
)
def test_headroom_falls_by_exactly_what_a_charge_adds(
    interest: int, charges: list[int], more: int, days: int, measure: CostMeasure
) -> None:
    lent = 100_000
    base = lent * (days if measure is CostMeasure.DAILY_CHARGE_SHARE else 1)
    before, after = (
        found(
            limit(measure, "0.5"),
            facts(
                year_loan(
                    lent + interest,
                    *((f"fee {i}", minor) for i, minor in enumerate(minors)),
                    days=days,
                )
            ),
        ).headroom
        for minors in (charges, [*charges, more])
    )
    assert isinstance(before, Fraction)
    assert after == before - Fraction(more, base)


@given(
    interest=st.integers(-5_000, 10**5),
    charges=st.lists(st.integers(0, 20_000), max_size=3),
    more=st.integers(1, 20_000),
    measure=st.sampled_from((*RateMeasure, *LINEAR)),
)
def test_more_charges_never_raise_headroom(
    interest: int,
    charges: list[int],
    more: int,
    measure: RateMeasure | CostMeasure,
) -> None:
    before, after = (
        found(
            limit(measure, "0.24"),
            facts(
                year_loan(
                    100_000 + interest,
                    *((f"fee {i}", minor) for i, minor in enumerate(minors)),
                )
            ),
        )
        for minors in (charges, [*charges, more])
    )
    assert isinstance(before.headroom, Fraction)
    assert isinstance(after.headroom, Fraction)
    # A cent on 1000 moves a rate by far more than a solver's tolerance.
    assert after.headroom < before.headroom
    assert not (
        before.outcome is CapOutcome.BROKEN and after.outcome is CapOutcome.KEPT
    )


# The charge that breaks a cap


@pytest.mark.parametrize(
    ("interest", "charges", "name"),
    [
        # The limit is 240.00 on 1000.00, one year.
        (24_000, (), None),
        (24_001, (), "interest"),
        (24_001, (("a", 1),), "interest"),
        (20_000, (("a", 3_000),), None),
        (20_000, (("a", 4_001),), "a"),
        (20_000, (("a", 3_000), ("b", 1_001)), "b"),
        (20_000, (("a", 3_000), ("b", 0), ("c", 2_000), ("d", 1)), "c"),
        (0, (("a", 24_000), ("b", 1)), "b"),
    ],
)
@pytest.mark.parametrize("measure", [CostMeasure.TOTAL_COST_SHARE])
def test_the_first_charge_beyond_the_limit_is_named(
    measure: CostMeasure,
    interest: int,
    charges: tuple[tuple[str, int], ...],
    name: str | None,
) -> None:
    flows = year_loan(100_000 + interest, *charges)
    finding = found(limit(measure, "0.24"), facts(flows))
    assert finding.breaking_charge == name
    assert (finding.outcome is CapOutcome.BROKEN) == (name is not None)


@pytest.mark.parametrize(
    ("repaid", "charges", "name"),
    [
        (124_000, (), None),
        (124_001, (("a", 100),), "interest"),
        # With 10.00 less at the start, 1227.60 is 24 % of 990.00.
        (122_760, (("a", 1_000),), None),
        (122_760, (("a", 1_000), ("b", 1)), "b"),
        (122_760, (("a", 1_001), ("b", 1)), "a"),
        (122_760, (("a", 0), ("b", 1_000), ("c", 0), ("d", 1)), "d"),
    ],
)
@pytest.mark.parametrize("measure", [RateMeasure.COMPOUND_ANNUAL, RateMeasure.EU_APRC])
def test_the_first_charge_with_which_a_rate_passes_the_limit_is_named(
    measure: RateMeasure,
    repaid: int,
    charges: tuple[tuple[str, int], ...],
    name: str | None,
) -> None:
    finding = found(limit(measure, "0.24"), facts(year_loan(repaid, *charges)))
    assert finding.breaking_charge == name
    assert finding.solved is not None
    assert finding.solved.included_charges == tuple(charge for charge, _ in charges)


def test_fees_for_default_come_after_the_other_charges() -> None:
    credit = attrs.evolve(
        facts(year_loan(120_000, ("a", 3_000))), default_fees=named(YUAN, 1_000, 1)
    )
    # named() calls them a and b, so the second is the one that is new here.
    finding = found(limit(CostMeasure.TOTAL_COST_SHARE, "0.24"), credit)
    assert finding.breaking_charge == "b"


def test_the_installment_that_is_too_much_is_named() -> None:
    # Half of 12,000.00 is 6,000.00; the third lender's installment passes it.
    credit = CreditFacts(
        jurisdiction="IN",
        loan_types=("microfinance",),
        installments=named(RUPEE, 300_000, 300_000, 50_000),
        income=Money(1_200_000, RUPEE),
    )
    assert found(IN_MICROFINANCE_INSTALLMENTS, credit).breaking_charge == "c"


def test_a_loan_of_nothing_but_charges_is_broken_by_one_of_them() -> None:
    flows = CreditFlows(
        [flow(0, 100_000, "advance"), flow(365, 130_000, "charge", "all of it")]
    )
    finding = found(limit(RateMeasure.COMPOUND_ANNUAL, "0.24"), facts(flows))
    assert finding.breaking_charge == "all of it"


def test_a_loan_without_a_rate_until_a_charge_is_added_is_broken_by_the_charge() -> (
    None
):
    # A cent for ten million is below every rate that is searched.
    flows = CreditFlows(
        [
            flow(0, 1_000_000_000, "advance"),
            flow(365, 1, "repayment"),
            flow(365, 1_300_000_000, "charge", "all of it"),
        ]
    )
    finding = found(limit(RateMeasure.COMPOUND_ANNUAL, "0.24"), facts(flows))
    assert finding.breaking_charge == "all of it"


def test_a_refund_makes_up_for_interest() -> None:
    flows = CreditFlows(
        [
            flow(0, 100_000, "advance"),
            flow(365, 125_000, "repayment"),
            flow(365, 1_000, "refund"),
        ]
    )
    finding = found(limit(CostMeasure.TOTAL_COST_SHARE, "0.24"), facts(flows))
    assert finding.headroom == 0


def test_a_charge_that_the_flows_leave_out_is_not_counted() -> None:
    flows = year_loan(124_000, ("notary", 9_000)).without_charges({"notary"})
    assert found(limit(RateMeasure.EU_APRC, "0.24"), facts(flows)).headroom == 0


# What does not apply, and what cannot be judged


@pytest.mark.parametrize(
    ("cap_parts", "credit_parts", "as_of", "codes"),
    [
        ({}, {}, dt.date(2025, 9, 30), ["cap_not_yet"]),
        ({"effective_until": SIGNED}, {}, SIGNED, ["cap_ended"]),
        ({}, {"jurisdiction": "GB"}, SIGNED, ["cap_for_others"]),
        ({}, {"loan_types": ("mortgage",)}, SIGNED, ["cap_for_others"]),
        ({}, {"loan_types": ()}, SIGNED, ["cap_for_others"]),
        ({"lender_types": ("bank",)}, {}, SIGNED, ["cap_for_others"]),
        (
            {"lender_types": ("bank",)},
            {"jurisdiction": "GB", "loan_types": ()},
            dt.date(2020, 1, 1),
            ["cap_not_yet", "cap_for_others", "cap_for_others", "cap_for_others"],
        ),
    ],
)
def test_a_cap_for_others_is_listed_with_every_reason(
    cap_parts: dict[str, Any],
    credit_parts: dict[str, Any],
    as_of: dt.date,
    codes: list[str],
) -> None:
    cap = attrs.evolve(CN_ASSISTED_LENDING, **cap_parts)
    dear = attrs.evolve(CHINA, flows=year_loan(900_000), **credit_parts)
    (decision,) = check_caps(dear, [cap], as_of=as_of).decisions
    assert decision.outcome.outcome is CapOutcome.NOT_APPLYING
    assert decision.outcome.headroom is None
    assert [reason.code for reason in decision.reasons] == codes


@pytest.mark.parametrize(
    ("cap", "credit", "rates", "code"),
    [
        (CN_ASSISTED_LENDING, {"flows": None}, (LPR,), "cap_fact_unknown"),
        (CN_ASSISTED_LENDING, {"loan_types": None}, (LPR,), "cap_fact_unknown"),
        (CN_PRIVATE_LENDING, {"lender_type": None}, (LPR,), "cap_fact_unknown"),
        (
            CN_PRIVATE_LENDING,
            {"lender_type": "private_lender"},
            (),
            "cap_reference_unknown",
        ),
        (
            CN_PRIVATE_LENDING,
            {"lender_type": "private_lender"},
            (attrs.evolve(LPR, id="cn-lpr-5y"),),
            "cap_reference_unknown",
        ),
        # Values that end before the contract say nothing of its day.
        (
            CN_PRIVATE_LENDING,
            {"lender_type": "private_lender"},
            (attrs.evolve(LPR, known_until_on=dt.date(2025, 10, 19)),),
            "cap_reference_unknown",
        ),
        (limit(CostMeasure.TOTAL_COST_SHARE, "1"), {}, (), "cap_fact_unknown"),
        (limit(CostMeasure.INSTALLMENT_TO_INCOME, "1"), {}, (), "cap_fact_unknown"),
        (
            limit(CostMeasure.INSTALLMENT_TO_INCOME, "1"),
            {"income": Money(1, YUAN)},
            (),
            "cap_fact_unknown",
        ),
        (
            limit(CostMeasure.DAILY_CHARGE_SHARE, "1"),
            {"flows": None},
            (),
            "cap_fact_unknown",
        ),
        # Repaid on the day: nothing is outstanding for a day.
        (
            limit(CostMeasure.DAILY_CHARGE_SHARE, "1"),
            {"flows": year_loan(100_000, days=0)},
            (),
            "cap_fact_unknown",
        ),
        (
            attrs.evolve(UK_DEFAULT_FEES, jurisdiction="CN", loan_types=()),
            {},
            (),
            "cap_fact_unknown",
        ),
        (
            attrs.evolve(UK_DEFAULT_FEES, jurisdiction="CN", loan_types=()),
            {"default_fees": ()},
            (),
            "cap_other_currency",
        ),
        # A gift: more is paid out than comes back at any rate.
        (
            limit(RateMeasure.COMPOUND_ANNUAL, "0.24"),
            {
                "flows": CreditFlows(
                    [
                        flow(0, 100_000, "advance"),
                        flow(0, 100_000, "repayment"),
                        flow(9, 1, "advance"),
                    ]
                )
            },
            (),
            "cap_no_rate",
        ),
        (
            limit(RateMeasure.EU_APRC, "0.24"),
            {
                "flows": CreditFlows(
                    [
                        flow(-365, 10_000, "repayment"),
                        flow(0, 23_000, "advance"),
                        flow(365, 13_200, "repayment"),
                    ]
                )
            },
            (),
            "cap_no_rate",
        ),
    ],
)
def test_what_is_not_known_is_never_a_pass(
    cap: Any, credit: dict[str, Any], rates: Any, code: str
) -> None:
    known = attrs.evolve(CHINA, **credit)
    check = check_caps(known, [cap], as_of=SIGNED, reference_rates=rates)
    (decision,) = check.decisions
    assert decision.outcome.outcome is CapOutcome.NOT_JUDGED
    assert decision.outcome.headroom is None
    assert [reason.code for reason in decision.reasons] == [code]
    assert not check.is_kept
    assert check.not_judged == check.findings


def test_a_reference_rate_is_that_of_the_day_of_the_contract() -> None:
    private = attrs.evolve(CHINA, lender_type="private_lender")
    check = check_caps(
        private, [CN_PRIVATE_LENDING], as_of=dt.date(2025, 5, 19), reference_rates=[LPR]
    )
    assert check.findings[0].limit == Fraction(124, 1_000)
    assert check.decisions[0].explain()[1] == (
        "the limit is 4 times cn-lpr-1y, which is 3.1% since 2024-10-21"
    )


def test_a_reference_rate_must_not_be_given_twice() -> None:
    with pytest.raises(InvalidValueError, match="reference_rates must not repeat"):
        check_caps(CHINA, [], as_of=SIGNED, reference_rates=[LPR, LPR])


def test_the_day_must_be_a_day() -> None:
    noon: Any = dt.datetime(2025, 11, 1, 12, tzinfo=dt.UTC)
    with pytest.raises(InvalidValueError, match="as_of must be a date"):
        check_caps(CHINA, [], as_of=noon)


# The check as a whole


def all_of_china() -> CapCheck:
    return check_caps(CHINA, CAP_PRESETS, as_of=SIGNED, reference_rates=[LPR])


def test_every_cap_is_listed_in_its_order() -> None:
    check = all_of_china()
    assert tuple(one.cap for one in check.findings) == CAP_PRESETS
    outcomes = {one.cap.id: one.outcome.value for one in check.findings}
    assert outcomes.pop("cn-assisted-internet-lending") == "broken"
    assert outcomes.pop("cn-courts-financial-loans") == "broken"
    assert set(outcomes.values()) == {"not_applying"}
    assert [one.cap.id for one in check.broken] == [
        "cn-assisted-internet-lending",
        "cn-courts-financial-loans",
    ]
    assert not check.is_kept


def test_a_decision_on_a_cap_says_which_cap_and_for_whom() -> None:
    decision = all_of_china().decisions[0]
    assert decision.policy == CN_ASSISTED_LENDING.ref
    assert decision.as_of == SIGNED
    assert decision.facts["jurisdiction"] == "CN"
    # 1200 over 945 is 1.26984...
    assert decision.explain() == (
        "compound_annual is 26.9841%, above the limit of 24%; it passes it with "
        "guarantee",
    )
    assert decision.explain(Language.ZH_CN) == (
        "复利年化利率为 26.9841%，超过上限 24%；计入 guarantee 后超限",
    )


def test_a_check_is_a_table() -> None:
    check = check_caps(CHINA, [CN_ASSISTED_LENDING, UK_TOTAL_COST], as_of=SIGNED)
    assert check.to_columns() == {
        "cap": ["cn-assisted-internet-lending", "uk-total-cost-cap"],
        "outcome": ["broken", "not_applying"],
        "value": ["26.9841%", None],
        "limit": ["24%", None],
        "headroom": ["-2.9841 points", None],
        "breaking_charge": ["guarantee", None],
        "status": ["read", "known"],
        "why": [
            "compound_annual is 26.9841%, above the limit of 24%; it passes it with "
            "guarantee",
            "it applies where jurisdiction is GB, here it is CN; it applies where "
            "loan_types is high_cost_short_term, here it is assisted_internet_lending",
        ],
    }
    assert str(check).splitlines()[1].split("  ")[0] == "cn-assisted-internet-lending"
    assert check._repr_html_().count("<tr>") == 3
    assert "无法" not in str(check.to_columns("zh-CN")["why"])


def test_a_value_just_beyond_the_limit_does_not_look_like_it() -> None:
    # One cent on ten billion moves the rate in the twelfth digit.
    flows = year_loan(1_240_000_000_001, advanced_minor=1_000_000_000_000)
    check = check_caps(facts(flows), [limit(RateMeasure.EU_APRC, "0.24")], as_of=SIGNED)
    columns = check.to_columns()
    assert columns["outcome"] == ["broken"]
    assert columns["value"] != columns["limit"]
    assert columns["headroom"] == ["-0.0000000001 points"]


def test_a_value_beyond_all_decimals_is_shown_as_a_fraction() -> None:
    lent = 10**40
    flows = year_loan(lent + lent * 24 // 100 + 1, advanced_minor=lent)
    cap = limit(CostMeasure.TOTAL_COST_SHARE, "0.24")
    columns = check_caps(facts(flows), [cap], as_of=SIGNED).to_columns()
    assert columns["outcome"] == ["broken"]
    # One cent over 10^40, in points.
    assert columns["headroom"] == [f"-1/{10**38} points"]
    assert "/" in str(columns["value"][0])


@pytest.mark.parametrize(
    ("caps", "parts", "told"),
    [
        ((), {}, "none of 0 caps applies"),
        # Nobody's law: presets say GB.
        (CAP_PRESETS, {"jurisdiction": "UK"}, "none of 10 caps applies"),
        (CAP_PRESETS[:1], {"loan_types": ("mortgage",)}, "none of 1 caps applies"),
        (
            [CN_PRIVATE_LENDING],
            {"lender_type": "licensed_bank"},
            "none of 1 caps applies",
        ),
    ],
)
def test_where_no_cap_applies_the_check_says_so_and_does_not_pass(
    caps: Sequence[RateCap], parts: dict[str, Any], told: str
) -> None:
    check = check_caps(attrs.evolve(CHINA, **parts), caps, as_of=SIGNED)

    assert check.outcome is CapOutcome.NOT_APPLYING
    assert not check.has_applicable
    assert not check.is_kept
    assert check.broken == check.not_judged == ()
    text = f"as of 2025-11-01: not_applying; {told}, nothing was judged"
    assert check.summary == text
    assert str(check).splitlines()[-1] == text
    assert text in check._repr_html_()


@pytest.mark.parametrize(
    ("outcomes", "whole"),
    [
        (["kept"], "kept"),
        (["kept", "not_applying"], "kept"),
        (["kept", "not_judged"], "not_judged"),
        (["not_applying", "not_judged"], "not_judged"),
        (["not_judged", "broken", "kept"], "broken"),
    ],
)
def test_the_worst_finding_that_applies_is_the_outcome_of_the_check(
    outcomes: list[str], whole: str
) -> None:
    rate = RateMeasure.COMPOUND_ANNUAL
    caps = {
        "kept": limit(rate, "0.3"),
        "broken": limit(rate, "0.2"),
        # The fees for default are not known.
        "not_judged": limit(CostMeasure.TOTAL_COST_SHARE, "1"),
        "not_applying": limit(rate, "0.2", lender_types=("bank",)),
    }
    check = check_caps(CHINA, [caps[name] for name in outcomes], as_of=SIGNED)

    assert [one.outcome.value for one in check.findings] == outcomes
    assert check.outcome.value == whole
    assert check.has_applicable
    assert check.is_kept == (whole == "kept")
    applying = len(outcomes) - outcomes.count("not_applying")
    assert f"{applying} of {len(outcomes)} caps apply" in check.summary


def test_a_daily_share_follows_the_principal_outstanding() -> None:
    # 100.00 for 10 days and 50.00 for 10 more allow 0.8 % of 1500.00, which is 12.00.
    flows = CreditFlows(
        [
            flow(0, 10_000, "advance", currency=POUND),
            flow(10, 5_700, "repayment", currency=POUND),
            flow(20, 5_500, "repayment", currency=POUND),
        ]
    )
    parts = tuple(
        PrincipalPart(SIGNED + dt.timedelta(days=days), Money(5_000, POUND))
        for days in (10, 20)
    )
    credit = CreditFacts(
        jurisdiction="GB",
        loan_types=("high_cost_short_term",),
        flows=flows,
        principal_parts=parts,
    )
    assert found(UK_DAILY_CHARGES, credit).headroom == 0
    unknown = attrs.evolve(credit, principal_parts=None)
    assert found(UK_DAILY_CHARGES, unknown).outcome is CapOutcome.NOT_JUDGED


def test_a_multiple_of_a_negative_reference_rate_is_a_limit_below_zero() -> None:
    euribor = ReferenceRate(
        id="euribor",
        values=(DatedRate(dt.date(2020, 1, 2), Rate.per_year("-0.005")),),
        known_until_on=dt.date(2028, 1, 19),
    )
    cap = attrs.evolve(
        limit(RateMeasure.COMPOUND_ANNUAL, "0"),
        limit=ReferenceLimit.of(series_id="euribor", multiple=2),
    )
    # 1000.00 shrinks by 1 % in 365 days.
    outcomes = [
        found(cap, facts(year_loan(minor)), rates=(euribor,)).outcome
        for minor in (98_999, 99_000, 99_001)
    ]
    assert outcomes == [CapOutcome.KEPT, CapOutcome.KEPT, CapOutcome.BROKEN]


def reference_limit(rate: str, multiple: int) -> tuple[RateCap, ReferenceRate]:
    series = ReferenceRate(
        id="euribor",
        values=(DatedRate(dt.date(2020, 1, 2), Rate.per_year(rate)),),
        known_until_on=dt.date(2028, 1, 19),
    )
    cap = attrs.evolve(
        limit(RateMeasure.COMPOUND_ANNUAL, "0"),
        limit=ReferenceLimit.of(series_id="euribor", multiple=multiple),
    )
    return cap, series


@pytest.mark.parametrize(("rate", "shown"), [("-0.25", "-100%"), ("-0.3", "-120%")])
def test_a_limit_below_every_rate_is_not_judged_and_stops_no_other(
    rate: str, shown: str
) -> None:
    cap, series = reference_limit(rate, 4)
    check = check_caps(
        CHINA,
        [cap, CN_ASSISTED_LENDING],
        as_of=SIGNED,
        reference_rates=[series, LPR],
    )

    assert [one.outcome.value for one in check.findings] == ["not_judged", "broken"]
    first, second = check.decisions[0].reasons
    assert (first.code, dict(first.params)) == ("cap_limit_too_low", {"limit": shown})
    assert second.code == "cap_reference"
    assert check.findings[0].limit == 4 * Fraction(rate)


def test_the_lowest_limit_that_can_be_judged_lies_just_above() -> None:
    cap, series = reference_limit("-0.2499", 4)
    found_one = found(cap, facts(year_loan(120_000)), rates=(series,))
    assert found_one.outcome is CapOutcome.BROKEN


@pytest.mark.parametrize("measure", RateMeasure)
def test_a_cost_beyond_measure_is_not_judged_and_says_why(
    measure: RateMeasure,
) -> None:
    # A cent for a day, and a number of 400 digits to pay back.
    flows = year_loan(10**400, advanced_minor=1, days=1)
    check = check_caps(facts(flows), [limit(measure, "0.24")], as_of=SIGNED)

    assert check.outcome is CapOutcome.NOT_JUDGED
    assert check.decisions[0].explain() == (
        f"it cannot be judged: solving for {measure.value} gives no rate within the "
        "range that is searched, as where the cost is beyond measure or hardly "
        "anything is repaid",
    )
