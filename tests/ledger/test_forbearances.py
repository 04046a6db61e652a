from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.ledger.arrears_history import ArrearsPath
from microcrm_core.ledger.classification_policies import ForbearancePolicy
from microcrm_core.ledger.classification_presets import (
    EU_FORBEARANCE,
    EU_FORBEARANCE_CURED_ONLY,
)
from microcrm_core.ledger.concessions import Concession
from microcrm_core.ledger.forbearances import (
    ForbearanceState,
    ForbearanceStatus,
    forbearance_status,
)
from tests.ledger.path_cases import after, closed, due_late, on_time, path_of

GRANTED_ON = dt.date(2024, 2, 29)
START = dt.date(2023, 6, 1)
NONE = ForbearanceState.NOT_FORBORNE
CURE = ForbearanceState.NON_PERFORMING
PROBATION = ForbearanceState.IN_PROBATION


def eased(
    granted_on: dt.date = GRANTED_ON,
    *,
    is_in_difficulty: bool = True,
    is_non_performing: bool | None = None,
) -> Concession:
    return Concession(
        granted_on=granted_on,
        is_in_difficulty=is_in_difficulty,
        is_non_performing=is_non_performing,
    )


def status_on(
    path: ArrearsPath,
    as_of: dt.date,
    *concessions: Concession,
    policy: ForbearancePolicy = EU_FORBEARANCE,
) -> ForbearanceStatus:
    return forbearance_status(
        path, policy=policy, as_of=as_of, concessions=concessions
    ).outcome


def test_a_performing_loan_is_in_probation_for_two_years_from_the_concession() -> None:
    # EBA Q&A 2014_878: probation of a performing exposure begins with the measure.
    path = path_of(on_time(START))

    assert status_on(path, dt.date(2024, 2, 28), eased()).state is NONE
    assert status_on(path, GRANTED_ON, eased()) == ForbearanceStatus(
        state=PROBATION, since_on=GRANTED_ON, until_on=dt.date(2026, 2, 28)
    )
    assert status_on(path, dt.date(2026, 2, 27), eased()).state is PROBATION
    assert status_on(path, dt.date(2026, 2, 28), eased()).state is NONE


def test_a_non_performing_loan_cures_for_a_year_then_is_in_probation_for_two() -> None:
    # EBA Q&A 2014_1018: the cure runs from the measure, three years in all at least.
    path = path_of(on_time(START))
    bad = eased(dt.date(2024, 3, 1), is_non_performing=True)

    assert status_on(path, dt.date(2025, 2, 28), bad).state is CURE
    assert status_on(path, dt.date(2025, 3, 1), bad) == ForbearanceStatus(
        state=PROBATION,
        since_on=dt.date(2025, 3, 1),
        until_on=dt.date(2027, 3, 1),
        was_non_performing=True,
    )
    assert status_on(path, dt.date(2027, 2, 28), bad).state is PROBATION
    assert status_on(path, dt.date(2027, 3, 1), bad).state is NONE


@pytest.mark.parametrize(("days", "state"), [(90, PROBATION), (91, CURE)])
def test_days_before_the_concession_tell_whether_a_loan_was_non_performing(
    days: int, state: ForbearanceState
) -> None:
    # What was due is not overdue any more from the day of the concession on.
    due_on = after(GRANTED_ON, -1 - days)
    path = path_of(on_time(START), due_late(due_on), on_time(GRANTED_ON))

    assert status_on(path, GRANTED_ON, eased()).state is state


def test_a_cure_needs_nothing_overdue_at_its_end() -> None:
    path = path_of(
        on_time(START),
        due_late(dt.date(2025, 2, 20)),
        on_time(dt.date(2025, 3, 10)),
    )
    bad = eased(dt.date(2024, 3, 1), is_non_performing=True)

    assert status_on(path, dt.date(2025, 3, 9), bad).state is CURE
    cured = status_on(path, dt.date(2025, 3, 10), bad)
    assert (cured.state, cured.since_on) == (PROBATION, dt.date(2025, 3, 10))


@pytest.mark.parametrize(("days", "state"), [(30, PROBATION), (31, CURE)])
def test_more_than_30_days_in_probation_make_a_loan_non_performing(
    days: int, state: ForbearanceState
) -> None:
    due_on = dt.date(2024, 6, 30)
    path = path_of(on_time(START), due_late(due_on))

    found = status_on(path, after(due_on, days), eased())

    assert found.state is state
    if state is CURE:
        assert found.since_on == after(due_on, 31)
        assert found.until_on == dt.date(2025, 7, 31)


def test_a_renewed_concession_in_probation_makes_a_loan_non_performing() -> None:
    path = path_of(on_time(START))
    again = eased(dt.date(2025, 1, 15))

    found = status_on(path, dt.date(2025, 1, 15), eased(), again)

    assert (found.state, found.until_on) == (CURE, dt.date(2026, 1, 15))
    easy = eased(dt.date(2025, 1, 15), is_in_difficulty=False)
    assert status_on(path, dt.date(2025, 1, 15), eased(), easy).state is PROBATION


def test_a_renewed_concession_in_the_cure_starts_it_again() -> None:
    path = path_of(on_time(START))
    bad = eased(dt.date(2024, 3, 1), is_non_performing=True)
    again = eased(dt.date(2024, 9, 1))

    assert status_on(path, dt.date(2025, 8, 31), bad, again).state is CURE
    assert status_on(path, dt.date(2025, 9, 1), bad, again).state is PROBATION


def test_in_the_narrow_reading_only_a_cured_loan_is_set_back() -> None:
    # EBA Q&A 2014_736 and 2015_1842.
    due_on = dt.date(2025, 6, 30)
    path = path_of(on_time(START), due_late(due_on))
    late_on = after(due_on, 31)
    bad = eased(dt.date(2024, 3, 1), is_non_performing=True)
    narrow = EU_FORBEARANCE_CURED_ONLY

    assert status_on(path, late_on, eased(), policy=narrow).state is PROBATION
    assert status_on(path, late_on, bad, policy=narrow).state is CURE
    far_on = after(due_on, 91)
    assert status_on(path, after(far_on, -1), eased(), policy=narrow).state is PROBATION
    assert status_on(path, far_on, eased(), policy=narrow).state is CURE


def test_in_the_narrow_reading_a_renewed_concession_starts_probation_again() -> None:
    path = path_of(on_time(START))
    again = eased(dt.date(2025, 8, 31))

    found = status_on(
        path,
        dt.date(2026, 3, 1),
        eased(),
        again,
        policy=EU_FORBEARANCE_CURED_ONLY,
    )

    assert (found.state, found.until_on) == (PROBATION, dt.date(2027, 8, 31))


def test_probation_does_not_end_on_a_day_that_is_too_late() -> None:
    # 31 days late on the day on which probation would end: set back instead.
    due_on = after(dt.date(2026, 2, 28), -31)
    path = path_of(on_time(START), due_late(due_on))

    assert status_on(path, dt.date(2026, 2, 28), eased()).state is CURE


def test_a_repaid_loan_is_forborne_no_more() -> None:
    path = path_of(on_time(START), closed(dt.date(2024, 9, 1)))
    decision = forbearance_status(
        path,
        policy=EU_FORBEARANCE,
        as_of=dt.date(2024, 9, 1),
        concessions=[eased()],
    )

    assert not decision.outcome.is_forborne
    assert decision.reasons[0].code == "forbearance_closed"


@pytest.mark.parametrize(
    ("concessions", "codes"),
    [
        ([], ["forbearance_no_concession"]),
        ([eased(is_in_difficulty=False)], ["forbearance_no_difficulty"]),
        ([eased()], ["forbearance_probation", "forbearance_granted"]),
        (
            [eased(is_non_performing=True)],
            ["forbearance_cure", "forbearance_granted"],
        ),
        (
            [eased(), eased(dt.date(2024, 4, 1))],
            ["forbearance_cure", "forbearance_renewed"],
        ),
    ],
)
def test_the_reasons_tell_where_the_loan_stands_and_why(
    concessions: list[Concession], codes: list[str]
) -> None:
    decision = forbearance_status(
        path_of(on_time(START)),
        policy=EU_FORBEARANCE,
        as_of=dt.date(2024, 6, 1),
        concessions=concessions,
    )

    assert [reason.code for reason in decision.reasons] == codes
    assert decision.policy == EU_FORBEARANCE.ref


@given(
    days=st.lists(st.integers(0, 900), max_size=4).flatmap(
        lambda drawn: st.tuples(st.just(drawn), st.permutations(drawn))
    ),
    as_of_day=st.integers(0, 1500),
)
def test_the_order_of_concessions_never_matters(
    days: tuple[list[int], list[int]], as_of_day: int
) -> None:
    path = path_of(on_time(START), due_late(dt.date(2025, 1, 31)))

    one, other = (
        status_on(
            path, after(START, as_of_day), *(eased(after(START, day)) for day in each)
        )
        for each in days
    )

    assert one == other
    assert one.is_forborne == (one.until_on is not None)


def test_once_probation_is_over_being_late_is_no_relapse() -> None:
    path = path_of(on_time(START), due_late(dt.date(2026, 6, 30)))

    found = status_on(path, dt.date(2026, 12, 31), eased())

    assert found == ForbearanceStatus(state=NONE)


def test_a_concession_after_probation_begins_a_new_one() -> None:
    path = path_of(on_time(START))
    again = eased(dt.date(2026, 6, 1))

    assert status_on(path, dt.date(2026, 6, 1), eased(), again).state is PROBATION
