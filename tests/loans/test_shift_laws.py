"""Whole weeks move nothing but dates, and due dates rise, in both twins.

Under ACT/365F, with dates counted in days or weeks or agreed one by one, a loan some
weeks later is the same loan. It may keep to business days where weekends alone are
closed and no rule looks at the month.
"""

from __future__ import annotations

import datetime as dt
import random
from itertools import pairwise

import attrs
import numpy as np
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from microcrm_core import ScheduleError
from microcrm_core.dates import BusinessDayRule, DayCount, Frequency
from microcrm_core.ids import CustomerId
from microcrm_core.loans import (
    Collision,
    DaysInMonth,
    DaysInYear,
    LoanTerms,
    Schedule,
    ScheduleConventions,
    Seasonal,
    SplitDayCount,
    build_schedule,
)
from microcrm_core.loans.batch import build_schedules, has_schedules, iter_schedules
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.held_conventions_batch import require_held
from tests.loans.law_cases import Case, changing_cases, has_dates
from tests.loans.plan_cases import with_frequency
from tests.loans.schedule_twins import METHODS, random_loans
from tests.loans.time_cases import WEEKENDS, is_counted_in_days

ACTUAL_365 = SplitDayCount(
    days_in_year=DaysInYear.DAYS_365, days_in_month=DaysInMonth.ACTUAL
)
IN_DAYS = (
    Frequency.WEEKLY,
    Frequency.BIWEEKLY,
    Frequency.FOUR_WEEKLY,
    Frequency.DAILY,
    Frequency.of("P10D"),
)
# The modified rules stay in a month, or in half of one.
WEEKDAY_RULES = (
    BusinessDayRule.NO_ADJUST,
    BusinessDayRule.FOLLOWING,
    BusinessDayRule.PRECEDING,
    BusinessDayRule.NEAREST_SUNDAY_MONDAY,
    BusinessDayRule.NEAREST_TRUE,
)
AMOUNTS = ("principal", "interest", "fees", "capitalized", "outstanding")


def later(terms: LoanTerms, weeks: int) -> LoanTerms:
    """Return the terms with every date so many weeks later."""
    step = dt.timedelta(weeks=weeks)
    last_on = terms.last_due_on
    bare = attrs.evolve(
        terms,
        disbursed_on=terms.disbursed_on + step,
        first_due_on=terms.first_due_on + step,
        due_on=tuple(on + step for on in terms.due_on),
        last_due_on=None if last_on is None else last_on + step,
        tranches=(),
        rate_changes=(),
        interest_pauses=(),
    )
    return attrs.evolve(
        bare,
        tranches=tuple(
            attrs.evolve(part, disbursed_on=part.disbursed_on + step)
            for part in terms.tranches
        ),
        rate_changes=tuple(
            attrs.evolve(change, from_on=change.from_on + step)
            for change in terms.rate_changes
        ),
        interest_pauses=tuple(
            attrs.evolve(
                pause, start_on=pause.start_on + step, end_on=pause.end_on + step
            )
            for pause in terms.interest_pauses
        ),
    )


@st.composite
def movable_cases(draw: st.DrawFn) -> Case:
    """Draw loans with everything in them that whole weeks can move."""
    terms, rules = draw(changing_cases())
    assume(not isinstance(terms.plan.method, Seasonal))
    if not terms.due_on and not is_counted_in_days(terms.frequency):
        terms = with_frequency(terms, draw(st.sampled_from(IN_DAYS)))
    moves = rules.business_days
    if moves is not None:
        rule = draw(st.sampled_from(WEEKDAY_RULES))
        moves = attrs.evolve(moves, calendar=WEEKENDS, rule=rule)
    day_count = ACTUAL_365 if draw(st.booleans()) else DayCount.ACT_365F
    return terms, attrs.evolve(rules, day_count=day_count, business_days=moves)


def outcome(terms: LoanTerms, rules: ScheduleConventions) -> Schedule | str:
    """Return the schedule, or the field that is at fault."""
    try:
        return build_schedule(terms, rules)
    except ScheduleError as error:
        return error.field


@given(case=movable_cases(), weeks=st.integers(1, 500))
def test_whole_weeks_move_nothing_but_dates_whatever_the_loan_has(
    case: Case, weeks: int
) -> None:
    terms, rules = case
    event(type(terms.plan.method).__name__)
    first, second = outcome(terms, rules), outcome(later(terms, weeks), rules)
    if isinstance(first, str) or isinstance(second, str):
        event("refused")
        assert first == second
        return

    step = dt.timedelta(weeks=weeks)
    assert second.due_on == tuple(on + step for on in first.due_on)
    assert second.unadjusted_on == tuple(on + step for on in first.unadjusted_on)
    assert second.is_down_payment == first.is_down_payment
    for name in AMOUNTS:
        assert getattr(second, f"{name}_minor") == getattr(first, f"{name}_minor")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("method", [one for one in METHODS if one != "seasonal"])
def test_whole_weeks_move_nothing_but_dates_in_columns(method: str, seed: int) -> None:
    rng = random.Random(f"weeks-{seed}-{method}")
    loans, rules = random_loans(rng, method, 12)
    moves = rules.business_days
    if moves is not None:
        rule = rng.choice(WEEKDAY_RULES)
        moves = attrs.evolve(moves, calendar=WEEKENDS, rule=rule)
    day_count = rng.choice((DayCount.ACT_365F, ACTUAL_365))
    rules = attrs.evolve(rules, day_count=day_count, business_days=moves)
    require_held(rules)
    frequency, weeks = rng.choice(IN_DAYS), rng.randint(1, 500)
    terms = [attrs.evolve(loan.terms, frequency=frequency) for loan in loans]

    def columns(weeks: int) -> LoanColumns:
        return LoanColumns.from_loans(
            [
                attrs.evolve(loan, terms=moved, known_on=moved.disbursed_on)
                for loan, moved in zip(
                    loans, (later(one, weeks) for one in terms), strict=True
                )
            ],
            {CustomerId("customer"): 0},
        )

    before, after = columns(0), columns(weeks)
    is_scheduled = has_schedules(before, rules)
    assert is_scheduled.tolist() == has_schedules(after, rules).tolist()
    first = build_schedules(before.take(is_scheduled), rules)
    second = build_schedules(after.take(is_scheduled), rules)

    assert np.array_equal(second.due_day, first.due_day + 7 * weeks)
    for name in AMOUNTS:
        columns_of = (getattr(one, f"{name}_minor") for one in (first, second))
        assert np.array_equal(*columns_of)


@given(case=changing_cases())
def test_due_dates_rise_whatever_the_loan_has(case: Case) -> None:
    # Only a collision that is kept, and a down payment, share a day with another row.
    terms, rules = case
    assume(has_dates(case))
    schedule = outcome(terms, rules)
    assume(isinstance(schedule, Schedule))
    assert isinstance(schedule, Schedule)
    moves = rules.business_days
    is_kept = moves is not None and moves.collision is Collision.KEPT
    rows = zip(schedule.due_on, schedule.is_down_payment, strict=True)
    dates = [on for on, is_down in rows if not is_down]

    assert list(schedule.due_on) == sorted(schedule.due_on)
    assert dates[0] > terms.disbursed_on
    for before_on, on in pairwise(dates):
        assert before_on < on or (is_kept and before_on == on)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("method", METHODS)
def test_due_days_rise_in_columns(method: str, seed: int) -> None:
    loans, rules = random_loans(random.Random(f"rise-{seed}-{method}"), method, 20)
    columns = LoanColumns.from_loans(loans, {CustomerId("customer"): 0})
    moves = rules.business_days
    is_kept = moves is not None and moves.collision is Collision.KEPT
    least_days = 0 if is_kept else 1

    for chunk in iter_schedules(columns, rules, with_due_days=True):
        assert chunk.due_day is not None
        days = chunk.due_day[:, chunk.is_scheduled]
        is_down = chunk.is_down_payment[:, chunk.is_scheduled]
        gaps = np.diff(days, axis=0)
        assert (gaps >= 0).all()
        assert (gaps[~is_down[:-1]] >= least_days).all()
