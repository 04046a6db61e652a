from __future__ import annotations

import datetime as dt

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.dates import add_months
from microcrm_core.errors import InvalidValueError, PolicyError
from microcrm_core.ledger.arrears_history import ArrearsPath
from microcrm_core.ledger.classification_policies import LoanClass
from microcrm_core.ledger.classification_presets import (
    AGING_BY_30_DAYS,
    CN_FIVE_CLASS,
    DPD_24_MONTHS,
    IFRS9_STAGES,
    PAR30,
)
from microcrm_core.ledger.classifications import (
    ImpairmentStage,
    dpd_string,
    five_class,
    ifrs9_stage,
)
from microcrm_core.ledger.concessions import Concession
from microcrm_core.ledger.default_counting import default_status
from microcrm_core.ledger.forbearances import forbearance_status
from microcrm_core.ledger.portfolio_risks import aging_table, portfolio_at_risk
from tests.ledger.path_cases import EUR, after, closed, due_late, on_time, path_of

DUE_ON = dt.date(2024, 1, 31)
LATE = path_of(due_late(DUE_ON))


def codes(
    path: ArrearsPath, as_of: dt.date, *, not_reported: tuple[dt.date, ...] = ()
) -> str:
    decision = dpd_string(
        path, policy=DPD_24_MONTHS, as_of=as_of, not_reported=not_reported
    )
    return decision.outcome


def class_of(path: ArrearsPath, as_of: dt.date, *concessions: Concession) -> LoanClass:
    decision = five_class(
        path, policy=CN_FIVE_CLASS, as_of=as_of, concessions=concessions
    )
    assert decision.outcome is not None
    return decision.outcome


def test_a_history_has_one_code_for_each_month_end_the_latest_last() -> None:
    # Lent in November 2023; due on 31 January 2024 and not paid until 5 May:
    # 29 days on 29 February, 60 on 31 March, 90 on 30 April, none on 31 May.
    path = path_of(
        on_time(dt.date(2023, 11, 15)),
        due_late(DUE_ON),
        on_time(dt.date(2024, 5, 5)),
    )

    assert codes(path, dt.date(2024, 5, 31)) == "-" * 17 + "0001230"


def test_the_month_of_the_day_itself_counts_on_its_last_day_only() -> None:
    path = path_of(on_time(dt.date(2024, 1, 1)), due_late(DUE_ON))

    assert codes(path, dt.date(2024, 2, 28)) == "-" * 23 + "0"
    assert codes(path, dt.date(2024, 2, 29)) == "-" * 22 + "01"


def test_no_loan_not_reported_and_written_off_are_never_the_code_of_0_days() -> None:
    path = path_of(
        on_time(dt.date(2024, 1, 1)),
        closed(dt.date(2024, 3, 1), is_written_off=True),
        until_on=dt.date(2024, 5, 15),
    )

    found = codes(path, dt.date(2024, 6, 30), not_reported=(dt.date(2024, 2, 10),))

    # January, February (not reported), March and April, then two that nobody knows.
    assert found == "-" * 18 + "0?WW??"


def test_a_repaid_loan_is_no_loan() -> None:
    path = path_of(on_time(dt.date(2024, 1, 1)), closed(dt.date(2024, 2, 29)))

    assert codes(path, dt.date(2024, 3, 31)) == "-" * 21 + "0--"


def test_the_reason_counts_what_is_missing() -> None:
    decision = dpd_string(
        path_of(on_time(dt.date(2024, 1, 1))),
        policy=DPD_24_MONTHS,
        as_of=dt.date(2024, 2, 29),
        not_reported=[dt.date(2024, 1, 1)],
    )

    assert decision.reasons[0].code == "dpd_months"
    assert decision.facts["no_loan_count"] == 22
    assert decision.facts["not_reported_count"] == 1
    assert decision.policy == DPD_24_MONTHS.ref


@given(month_count=st.integers(1, 40), back=st.integers(0, 600))
def test_a_history_is_as_long_as_its_policy_says_and_shifts_by_months(
    month_count: int, back: int
) -> None:
    policy = attrs.evolve(DPD_24_MONTHS, month_count=month_count)
    path = path_of(on_time(dt.date(2023, 11, 15)), due_late(DUE_ON))
    as_of = after(dt.date(2025, 12, 31), -back)
    next_month = add_months(as_of.replace(day=1), 1)

    one = dpd_string(path, policy=policy, as_of=as_of).outcome
    other = dpd_string(path, policy=policy, as_of=next_month).outcome

    assert len(one) == len(other) == month_count
    is_end = after(as_of, 1).day == 1
    assert other.startswith(one if is_end else one[1:])


@pytest.mark.parametrize(
    ("days", "loan_class"),
    [
        (0, LoanClass.NORMAL),
        (1, LoanClass.SPECIAL_MENTION),
        (90, LoanClass.SPECIAL_MENTION),
        (91, LoanClass.SUBSTANDARD),
        (271, LoanClass.DOUBTFUL),
        (361, LoanClass.LOSS),
    ],
)
def test_a_loan_is_classified_by_its_days_past_due(
    days: int, loan_class: LoanClass
) -> None:
    path = path_of(on_time(dt.date(2023, 12, 1)), due_late(DUE_ON))

    assert class_of(path, after(DUE_ON, days)) is loan_class


def test_a_restructured_loan_is_observed_for_a_year_from_its_first_due_date() -> None:
    # Order [2023] No. 1, Article 20: from the first repayment date after the change.
    path = path_of(on_time(dt.date(2024, 1, 1)))
    eased = Concession(
        granted_on=dt.date(2024, 2, 1),
        is_in_difficulty=True,
        first_due_on=dt.date(2024, 2, 29),
    )

    assert class_of(path, dt.date(2024, 1, 31), eased) is LoanClass.NORMAL
    assert class_of(path, dt.date(2024, 2, 1), eased) is LoanClass.SPECIAL_MENTION
    assert class_of(path, dt.date(2025, 2, 27), eased) is LoanClass.SPECIAL_MENTION
    assert class_of(path, dt.date(2025, 2, 28), eased) is LoanClass.NORMAL


def test_a_concession_without_difficulty_is_no_restructuring() -> None:
    path = path_of(on_time(dt.date(2024, 1, 1)))
    eased = Concession(granted_on=dt.date(2024, 2, 1), is_in_difficulty=False)

    assert class_of(path, dt.date(2024, 3, 1), eased) is LoanClass.NORMAL


def test_arrears_start_the_observation_again_from_their_first_day() -> None:
    # Observed from 1 February 2024; due on 30 June, paid on 10 July: from 1 July on.
    path = path_of(
        on_time(dt.date(2024, 1, 1)),
        due_late(dt.date(2024, 6, 30)),
        on_time(dt.date(2024, 7, 10)),
    )
    eased = Concession(granted_on=dt.date(2024, 2, 1), is_in_difficulty=True)

    assert class_of(path, dt.date(2025, 6, 30), eased) is LoanClass.SPECIAL_MENTION
    assert class_of(path, dt.date(2025, 7, 1), eased) is LoanClass.NORMAL
    lenient = attrs.evolve(CN_FIVE_CLASS, is_observation_restarted=False)
    decision = five_class(
        path, policy=lenient, as_of=dt.date(2025, 2, 1), concessions=[eased]
    )
    assert decision.outcome is LoanClass.NORMAL


def test_arrears_on_the_last_observed_day_prolong_the_observation() -> None:
    # Observed 1 February 2024 to 31 January 2025; in arrears 10 January to 4 February.
    # What is not resolved at its end is counted again from there, for another year.
    path = path_of(
        on_time(dt.date(2024, 1, 1)),
        due_late(dt.date(2025, 1, 9)),
        on_time(dt.date(2025, 2, 5)),
    )
    eased = Concession(granted_on=dt.date(2024, 2, 1), is_in_difficulty=True)

    assert class_of(path, dt.date(2026, 1, 31), eased) is LoanClass.SPECIAL_MENTION
    assert class_of(path, dt.date(2026, 2, 1), eased) is LoanClass.NORMAL


def test_days_make_a_restructured_loan_worse_than_observed() -> None:
    eased = Concession(granted_on=dt.date(2024, 2, 1), is_in_difficulty=True)

    assert class_of(LATE, after(DUE_ON, 91), eased) is LoanClass.SUBSTANDARD


def test_a_loan_that_is_not_there_has_no_class() -> None:
    path = path_of(
        on_time(dt.date(2024, 1, 1)), closed(dt.date(2024, 3, 1), is_written_off=True)
    )

    def decided(as_of: dt.date) -> tuple[LoanClass | None, str]:
        decision = five_class(path, policy=CN_FIVE_CLASS, as_of=as_of)
        return decision.outcome, decision.reasons[0].code

    assert decided(dt.date(2023, 12, 31)) == (None, "class_no_loan")
    assert decided(dt.date(2024, 3, 1)) == (None, "class_written_off")


def test_a_day_before_the_order_is_refused() -> None:
    with pytest.raises(PolicyError, match="cn-five-class is in force, from 2023-07-01"):
        five_class(LATE, policy=CN_FIVE_CLASS, as_of=dt.date(2023, 6, 30))


def test_a_day_that_is_not_known_yet_is_refused() -> None:
    short = path_of(due_late(DUE_ON), until_on=dt.date(2024, 3, 1))

    with pytest.raises(InvalidValueError, match="the last day that is known"):
        five_class(short, policy=CN_FIVE_CLASS, as_of=dt.date(2024, 3, 2))


@given(days=st.integers(0, 500), more=st.integers(0, 500))
def test_more_days_never_make_a_better_class_or_stage(days: int, more: int) -> None:
    path = path_of(on_time(dt.date(2023, 12, 1)), due_late(DUE_ON))
    early, late = after(DUE_ON, days), after(DUE_ON, days + more)

    assert class_of(path, early).rank <= class_of(path, late).rank
    stages = [
        ifrs9_stage(path, policy=IFRS9_STAGES, as_of=on).outcome for on in (early, late)
    ]
    assert str(stages[0]) <= str(stages[1])


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        (0, ImpairmentStage.STAGE_1),
        (30, ImpairmentStage.STAGE_1),
        (31, ImpairmentStage.STAGE_2),
        (89, ImpairmentStage.STAGE_2),
        (90, ImpairmentStage.STAGE_3),
    ],
)
def test_stages_begin_past_30_and_at_90_days(days: int, stage: ImpairmentStage) -> None:
    # IFRS 9, 5.5.11 "more than 30 days past due", B5.5.37 "not later than 90 days".
    path = path_of(on_time(dt.date(2023, 12, 1)), due_late(DUE_ON))
    decision = ifrs9_stage(path, policy=IFRS9_STAGES, as_of=after(DUE_ON, days))

    assert decision.outcome is stage
    assert decision.facts["days_past_due"] == days


def test_a_rebutted_presumption_leaves_the_other_in_place() -> None:
    as_of = after(DUE_ON, 120)

    def decided(*stages: ImpairmentStage) -> tuple[ImpairmentStage | None, list[str]]:
        decision = ifrs9_stage(
            LATE,
            policy=IFRS9_STAGES,
            as_of=as_of,
            rebuttals=dict.fromkeys(stages, "file-12"),
        )
        return decision.outcome, [reason.code for reason in decision.reasons]

    stage_2, stage_3 = ImpairmentStage.STAGE_2, ImpairmentStage.STAGE_3
    assert decided(stage_2) == (stage_3, ["stage_days"])
    assert decided(stage_3) == (stage_2, ["stage_days", "stage_rebutted"])
    assert decided(stage_2, stage_3) == (
        ImpairmentStage.STAGE_1,
        ["stage_rebutted", "stage_rebutted", "stage_none"],
    )


def test_what_the_lender_found_goes_before_days() -> None:
    as_of = after(DUE_ON, 5)

    def decided(
        *, is_risk_increased: bool, is_credit_impaired: bool
    ) -> tuple[ImpairmentStage | None, str]:
        decision = ifrs9_stage(
            LATE,
            policy=IFRS9_STAGES,
            as_of=as_of,
            is_risk_increased=is_risk_increased,
            is_credit_impaired=is_credit_impaired,
        )
        return decision.outcome, decision.reasons[0].code

    assert decided(is_risk_increased=True, is_credit_impaired=False) == (
        ImpairmentStage.STAGE_2,
        "stage_risk_increased",
    )
    assert decided(is_risk_increased=True, is_credit_impaired=True) == (
        ImpairmentStage.STAGE_3,
        "stage_impaired",
    )


def test_stage_1_cannot_be_rebutted_nor_anything_where_none_is_allowed() -> None:
    strict = attrs.evolve(IFRS9_STAGES, is_rebuttable=False)
    with pytest.raises(InvalidValueError, match="must be of stage 2 or 3"):
        ifrs9_stage(
            LATE,
            policy=IFRS9_STAGES,
            as_of=after(DUE_ON, 5),
            rebuttals={ImpairmentStage.STAGE_1: "file-12"},
        )
    with pytest.raises(InvalidValueError, match="ifrs9-stages allows none"):
        ifrs9_stage(
            LATE,
            policy=strict,
            as_of=after(DUE_ON, 5),
            rebuttals={ImpairmentStage.STAGE_2: "file-12"},
        )


def test_a_concession_cannot_be_due_before_it_is_granted() -> None:
    with pytest.raises(InvalidValueError, match="first_due_on must not be before"):
        Concession(
            granted_on=dt.date(2024, 2, 1),
            is_in_difficulty=True,
            first_due_on=dt.date(2024, 1, 31),
        )


def test_observation_that_has_not_begun_yet_counts_from_the_concession_on() -> None:
    path = path_of(on_time(dt.date(2024, 1, 1)))
    eased = Concession(
        granted_on=dt.date(2024, 2, 1),
        is_in_difficulty=True,
        first_due_on=dt.date(2024, 6, 1),
    )
    decision = five_class(
        path, policy=CN_FIVE_CLASS, as_of=dt.date(2024, 3, 1), concessions=[eased]
    )

    assert decision.outcome is LoanClass.SPECIAL_MENTION
    assert decision.facts["observed_until"] == dt.date(2025, 6, 1)


def test_arrears_after_the_observation_do_not_bring_it_back() -> None:
    path = path_of(
        on_time(dt.date(2024, 1, 1)),
        due_late(dt.date(2025, 2, 1)),
        on_time(dt.date(2025, 2, 10)),
    )
    eased = Concession(granted_on=dt.date(2024, 2, 1), is_in_difficulty=True)

    assert class_of(path, dt.date(2025, 2, 1), eased) is LoanClass.NORMAL
    assert class_of(path, dt.date(2025, 2, 10), eased) is LoanClass.NORMAL


def test_a_stage_is_asked_of_a_loan_that_is_there() -> None:
    decision = ifrs9_stage(
        path_of(closed(dt.date(2024, 1, 1), is_written_off=True)),
        policy=IFRS9_STAGES,
        as_of=dt.date(2024, 2, 1),
    )

    assert decision.outcome is None
    assert decision.reasons[0].code == "class_written_off"


def test_a_policy_of_another_judgement_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="policy must be a DpdPolicy"):
        dpd_string(LATE, policy=CN_FIVE_CLASS, as_of=DUE_ON)  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(InvalidValueError, match="policy must be a FiveClassPolicy"):
        five_class(LATE, policy=IFRS9_STAGES, as_of=DUE_ON)  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(InvalidValueError, match="policy must be a StagePolicy"):
        ifrs9_stage(LATE, policy=DPD_24_MONTHS, as_of=DUE_ON)  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(InvalidValueError, match="policy must be a DefaultPolicy"):
        default_status(LATE, policy=PAR30, as_of=DUE_ON)  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(InvalidValueError, match="policy must be a ForbearancePolicy"):
        forbearance_status(
            LATE,
            policy=PAR30,  # type: ignore[arg-type] # wrong on purpose
            as_of=DUE_ON,
            concessions=[],
        )


def test_a_policy_of_another_judgement_is_refused_for_a_portfolio() -> None:
    with pytest.raises(InvalidValueError, match="policy must be a RiskPolicy"):
        portfolio_at_risk(
            [],
            policy=AGING_BY_30_DAYS,  # type: ignore[arg-type] # wrong on purpose
            as_of=DUE_ON,
            currency=EUR,
        )
    with pytest.raises(InvalidValueError, match="policy must be an AgingPolicy"):
        aging_table(
            [],
            policy=PAR30,  # type: ignore[arg-type] # wrong on purpose
            as_of=DUE_ON,
            currency=EUR,
        )
