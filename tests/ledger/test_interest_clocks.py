"""What one unit of principal bears between two days: additive, and as the schedule."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Rate
from microcrm_core.dates import DayCount, year_fraction
from microcrm_core.ledger.exact_runs import LedgerRun
from microcrm_core.ledger.interest_clocks import InterestClock
from microcrm_core.ledger.lent_terms import LentTerms
from microcrm_core.loans import (
    STRICT,
    Accrual,
    DaysInMonth,
    DaysInYear,
    ScheduleConventions,
    SplitDayCount,
)
from tests.ledger.exact_cases import LENT_ON, TERMS, day

RULES = (
    STRICT,
    attrs.evolve(STRICT, day_count=DayCount.THIRTY_360_BOND),
    attrs.evolve(STRICT, day_count=DayCount.ACT_ACT_ICMA),
    attrs.evolve(STRICT, day_count=DayCount.ACT_ACT_ISDA),
    attrs.evolve(STRICT, accrual=Accrual.PER_PERIOD),
    attrs.evolve(
        STRICT,
        day_count=SplitDayCount(
            days_in_year=DaysInYear.DAYS_360, days_in_month=DaysInMonth.DAYS_30
        ),
    ),
)


def name_of(rules: ScheduleConventions) -> str:
    """Return what tells the rules apart."""
    return f"{rules.day_count} {rules.accrual}"


def clock_of(rules: ScheduleConventions) -> InterestClock:
    """Return the clock of a loan whose rate changes before and after its end."""
    lent = LentTerms.of(TERMS, rules)
    lent.pay_out(LENT_ON, 1000_00, 0)
    lent.change_rate(day(3, 1), Rate.per_year("0.12"))
    lent.change_rate(day(6, 1), Rate.per_year("0.36"))
    lent.pause(day(2, 20), day(2, 24))
    lent.pause(day(7, 1), day(7, 10))
    return InterestClock(lent, LedgerRun(lent.terms(), rules, lent.payouts()))


@pytest.mark.parametrize("rules", RULES, ids=name_of)
@given(days=st.lists(st.integers(0, 400), min_size=3, max_size=3))
def test_parts_of_a_span_add_up(rules: ScheduleConventions, days: list[int]) -> None:
    clock = clock_of(rules)
    first, middle, last = (LENT_ON + dt.timedelta(days=one) for one in sorted(days))

    parts = clock.growth(first, middle) + clock.growth(middle, last)

    assert parts == clock.growth(first, last)
    assert clock.growth(last, first) == 0


@pytest.mark.parametrize("rules", RULES, ids=name_of)
def test_a_period_of_the_schedule_bears_what_the_schedule_says(
    rules: ScheduleConventions,
) -> None:
    lent = LentTerms.of(TERMS, rules)
    lent.pay_out(LENT_ON, 1000_00, 0)
    run = LedgerRun(lent.terms(), rules, lent.payouts())
    clock = InterestClock(lent, run)

    for start, end, period in zip(
        (LENT_ON, day(2, 15), day(3, 15)),
        (day(2, 15), day(3, 15), day(4, 15)),
        run.scheduled,
        strict=True,
    ):
        assert clock.growth(start, end) == Fraction(24, 100) * period.fraction


def test_days_count_by_the_rate_that_holds_on_each() -> None:
    # ACT/365F, from the close of 15 February to that of 20 July: 8 days at 24 % (5 are
    # paused), 92 at 12 %, and 40 at 36 % after the last due date (10 are paused).
    clock = clock_of(STRICT)

    growth = clock.growth(day(2, 15), day(7, 20))

    assert growth == Fraction(8 * 24 + 92 * 12 + 40 * 36, 36500)


@pytest.mark.parametrize(
    "day_count", [DayCount.ACT_365F, DayCount.THIRTY_360_BOND, DayCount.ACT_ACT_ISDA]
)
def test_after_the_last_due_date_days_go_on_to_count(day_count: DayCount) -> None:
    rules = attrs.evolve(STRICT, day_count=day_count)
    lent = LentTerms.of(TERMS, rules)
    lent.pay_out(LENT_ON, 1000_00, 0)
    clock = InterestClock(lent, LedgerRun(lent.terms(), rules, lent.payouts()))

    years = year_fraction(day_count, day(4, 15), day(8, 3))

    assert clock.growth(day(4, 15), day(8, 3)) == Fraction(24, 100) * years
