"""Effects of an adjustment beside the schedule: cost, caps, classes."""

from __future__ import annotations

import pytest

from microcrm_core import InvalidValueError, Rate
from microcrm_core.adjustments import (
    ArrearsFigures,
    CapQuestion,
    class_effects,
    cost_change,
)
from microcrm_core.ledger import (
    CN_FIVE_CLASS,
    EU_FORBEARANCE,
    IFRS9_STAGES,
    Concession,
    HolidayGranted,
    RateChanged,
    Repaid,
)
from microcrm_core.loans import RateMeasure
from tests.adjustments.quote_cases import day, event, lent_account

ACCOUNT = lent_account(paid_count=2)
ON = day(3, 20)


def test_a_holiday_at_the_same_rate_costs_no_more_a_year() -> None:
    # By 30/360 and months of a twelfth a month is a month, with or without payment; a
    # skipped payment lets simple interest of two months stand for compound one.
    later = ACCOUNT.with_events([event(HolidayGranted(day(4, 15), 1), ON, "holiday")])
    change = cost_change(ACCOUNT.state(ON), later.state(ON), RateMeasure.EU_APRC)

    assert change.before.rate == pytest.approx(1.02**12 - 1, abs=1e-4)
    assert change.delta is not None
    assert -0.002 < change.delta < 0


def test_a_higher_rate_costs_more() -> None:
    dearer = event(RateChanged(Rate.per_year("0.36")), ON, "dearer")
    after = ACCOUNT.with_events([dearer]).state(ON)
    change = cost_change(ACCOUNT.state(ON), after, RateMeasure.EU_APRC)
    assert change.delta is not None
    assert 0.02 < change.delta < 0.36 - 0.24 + 0.1
    assert change.before.rate is not None
    assert change.after.rate == pytest.approx(change.before.rate + change.delta)


def test_without_one_rate_there_is_no_difference() -> None:
    # Lent and paid back on one day: no time, no rate.
    paid_at_once = lent_account().with_events(
        [
            event(
                Repaid(amount=lent_account().state(day(1, 15)).payoff.total),
                day(1, 15),
                "at once",
            )
        ]
    )
    before, after = (one.state(day(1, 15)) for one in (lent_account(), paid_at_once))
    change = cost_change(before, after, RateMeasure.COMPOUND_ANNUAL)
    assert change.before.rate is not None
    assert (change.after.rate, change.delta) == (None, None)


def test_a_policy_of_another_kind_is_refused_by_name() -> None:
    path = ACCOUNT.arrears(ON)
    with pytest.raises(InvalidValueError, match="classifications must hold nothing"):
        class_effects(
            path,
            path,
            [EU_FORBEARANCE],  # type: ignore[list-item]  # it remembers concessions
            as_of=ON,
        )


def test_the_concession_counts_after_only() -> None:
    path = ACCOUNT.arrears(ON)
    granted = Concession(granted_on=ON, is_in_difficulty=True)
    effects = class_effects(
        path, path, [IFRS9_STAGES, CN_FIVE_CLASS], as_of=ON, granted=granted
    )
    assert [(one.before, one.after, one.is_changed) for one in effects] == [
        ("stage_1", "stage_1", False),
        ("normal", "special_mention", True),
    ]
    assert [one.policy for one in effects] == [IFRS9_STAGES.ref, CN_FIVE_CLASS.ref]
    assert effects[1].decision_after.reasons[0].code == "class_observed"


def test_a_closed_loan_has_no_class() -> None:
    closed = lent_account(paid_count=6)
    path = closed.arrears(day(7, 20))
    effects = class_effects(path, path, [CN_FIVE_CLASS], as_of=day(7, 20))
    assert (effects[0].before, effects[0].after) == (None, None)


def test_arrears_are_days_and_amounts() -> None:
    figures = ArrearsFigures.of(ACCOUNT.state(day(4, 25)))
    assert figures.days_past_due == 10
    # 214.24, of which 2 % of 815.72 is interest.
    assert figures.overdue.total.minor == 21424
    assert figures.overdue.interest.minor == 1631


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("jurisdiction", ""),
        ("lender_type", 3),
        ("loan_types", "consumer"),
        ("caps", "all"),
        ("reference_rates", [3]),
    ],
)
def test_a_question_about_caps_refuses_what_it_cannot_be(
    name: str, wrong: object
) -> None:
    arguments: dict[str, object] = {"jurisdiction": "CZ", "caps": ()}
    with pytest.raises(InvalidValueError, match=name):
        CapQuestion(**(arguments | {name: wrong}))  # type: ignore[arg-type]  # wrong
