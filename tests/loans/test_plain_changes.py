from __future__ import annotations

import datetime as dt
from fractions import Fraction

import attrs
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from microcrm_core.dates import DayCount, Frequency
from microcrm_core.errors import ScheduleError
from microcrm_core.loans import (
    STRICT,
    EqualPrincipal,
    InterestPause,
    LoanTerms,
    RateChange,
    Remainder,
    RepaymentPlan,
    ScheduleConventions,
    ShortPeriod,
    Tranche,
    build_schedule,
)
from microcrm_core.loans.exact import exact_parts
from microcrm_core.loans.plain_changes import changed_columns
from microcrm_core.money import Money
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding
from tests.loans.loan_cases import EUR, all_terms, conventions, make_terms

DAY_COUNTS = (
    DayCount.ACT_365F,
    DayCount.ACT_360,
    DayCount.ACT_364,
    DayCount.THIRTY_360_BOND,
    DayCount.THIRTY_360_US,
    DayCount.THIRTY_E_360,
)


def require_twins(terms: LoanTerms, rules: ScheduleConventions) -> bool:
    """Compare the short way with the general one; return whether it was taken."""
    columns = changed_columns(terms, rules)
    if columns is None:
        return False
    parts = exact_parts(terms, rules)
    assert columns == (
        parts.due_day,
        parts.principal_minor,
        parts.interest_minor,
        parts.outstanding_minor,
    )
    assert parts.unadjusted_day == parts.due_day
    return True


@st.composite
def changed_terms(draw: st.DrawFn) -> LoanTerms:
    """Draw terms whose dates are agreed one by one, and whose rate changes."""
    terms = draw(all_terms(principal_max=10 ** draw(st.integers(1, 12))))
    last_on = build_last_on(terms)
    if draw(st.booleans()):
        gaps = st.lists(
            st.integers(1, 70),
            min_size=terms.installment_count,
            max_size=terms.installment_count,
        )
        due_on = []
        on = terms.disbursed_on
        for gap in draw(gaps):
            on += dt.timedelta(days=gap)
            due_on.append(on)
        terms = attrs.evolve(terms, first_due_on=due_on[0], due_on=tuple(due_on))
        last_on = due_on[-1]
    elif draw(st.booleans()):
        last_on += dt.timedelta(days=draw(st.integers(0, 40)))
        terms = attrs.evolve(terms, last_due_on=last_on)
    span_days = (last_on - terms.disbursed_on).days
    days = draw(st.sets(st.integers(1, span_days), max_size=4))
    return attrs.evolve(
        terms,
        rate_changes=tuple(
            RateChange(
                from_on=terms.disbursed_on + dt.timedelta(days=day),
                nominal_rate=Rate.of_ppm(draw(st.integers(0, 2_000_000))),
            )
            for day in sorted(days)
        ),
    )


def build_last_on(terms: LoanTerms) -> dt.date:
    """Return the last due date of terms without any change."""
    return build_schedule(
        attrs.evolve(terms, nominal_rate=Rate.of_ppm(0)), STRICT
    ).due_on[-1]


@given(
    terms=changed_terms(),
    day_count=st.sampled_from(DAY_COUNTS),
    rounding=st.sampled_from((Rounding.HALF_EVEN, Rounding.HALF_UP)),
    has_first_day=st.booleans(),
)
def test_the_short_way_equals_the_general_one(
    terms: LoanTerms, day_count: DayCount, rounding: Rounding, has_first_day: bool
) -> None:
    rules = attrs.evolve(
        conventions(day_count, rounding), has_interest_on_disbursement_day=has_first_day
    )
    try:
        is_short = require_twins(terms, rules)
    except ScheduleError as error:
        # The general way refuses only what the short one has left to it.
        pytest.fail(f"the short way took terms without a schedule: {error}")
    event(f"short way: {is_short}")


@given(
    halves=st.integers(0, 3_000),
    counts=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    rounding=st.sampled_from((Rounding.HALF_EVEN, Rounding.HALF_UP)),
    later_ppm=st.sampled_from((0, 120_000, 240_000, 60_000)),
)
def test_the_short_way_equals_the_general_one_on_ties(
    halves: int, counts: tuple[int, int], rounding: Rounding, later_ppm: int
) -> None:
    # 12 % a year on 30 of 360 days is a hundredth: 50 and 150 are ties at once, and
    # balances of later rows, at rates that are parts of it, meet others.
    first_count, later_count = counts
    terms = make_terms(
        50 + 100 * halves,
        120_000,
        first_count + later_count,
        frequency=Frequency.of("P30D"),
        first_due_on=dt.date(2025, 2, 14),
    )
    start_on = terms.disbursed_on + dt.timedelta(days=30 * first_count + 1)
    change = RateChange(from_on=start_on, nominal_rate=Rate.of_ppm(later_ppm))
    terms = attrs.evolve(terms, rate_changes=(change,))

    assert require_twins(terms, conventions(DayCount.ACT_360, rounding))


def test_a_rate_that_changes_inside_a_period_counts_each_day_by_its_own() -> None:
    # 1000.00 for 10 days at 36.5 % and 20 days at 73 %: 10.00 + 40.00.
    terms = make_terms(
        100_000,
        365_000,
        1,
        disbursed_on=dt.date(2025, 1, 1),
        first_due_on=dt.date(2025, 1, 31),
    )
    change = RateChange(from_on=dt.date(2025, 1, 12), nominal_rate=Rate.of_ppm(730_000))
    terms = attrs.evolve(terms, rate_changes=(change,))

    columns = changed_columns(terms, STRICT)

    assert columns is not None
    assert columns[2] == (5_000,)


def test_two_changes_in_one_period_make_one_level() -> None:
    terms = make_terms(100_000, 120_000, 6)
    terms = attrs.evolve(
        terms,
        rate_changes=(
            RateChange(from_on=dt.date(2025, 3, 20), nominal_rate=Rate.of_ppm(0)),
            RateChange(from_on=dt.date(2025, 4, 1), nominal_rate=Rate.of_ppm(500_000)),
        ),
    )

    assert require_twins(terms, STRICT)
    columns = changed_columns(terms, STRICT)
    assert columns is not None
    totals = [
        principal + interest
        for principal, interest in zip(columns[1], columns[2], strict=True)
    ]
    assert totals[0] == totals[1] != totals[2]
    assert totals[2:-1] == [totals[2]] * 3
    assert totals[-1] <= totals[2]


@pytest.mark.parametrize(("principal_minor", "is_short"), [(10**13, 1), (10**20, 0)])
def test_amounts_of_many_digits_are_exact_or_left_alone(
    principal_minor: int, is_short: int
) -> None:
    terms = make_terms(principal_minor + 7, 240_000, 24)
    change = RateChange(from_on=dt.date(2025, 9, 1), nominal_rate=Rate.of_ppm(180_000))

    assert require_twins(attrs.evolve(terms, rate_changes=(change,)), STRICT) == bool(
        is_short
    )


@pytest.mark.parametrize(
    "rules",
    [
        attrs.evolve(STRICT, remainder=Remainder.FIRST),
        attrs.evolve(STRICT, installment_multiple=100),
        attrs.evolve(STRICT, rounding=Rounding.UP),
        attrs.evolve(STRICT, short_period=ShortPeriod.WHOLE_PERIOD),
        attrs.evolve(STRICT, day_count=DayCount.ACT_ACT_ISDA),
    ],
)
def test_other_rules_are_left_to_the_general_way(rules: ScheduleConventions) -> None:
    change = RateChange(from_on=dt.date(2025, 5, 1), nominal_rate=Rate.of_ppm(180_000))
    terms = attrs.evolve(make_terms(), rate_changes=(change,))

    assert changed_columns(terms, rules) is None
    assert build_schedule(terms, rules).outstanding_minor[-1] == 0


@pytest.mark.parametrize(
    "terms",
    [
        attrs.evolve(make_terms(), plan=RepaymentPlan(method=EqualPrincipal())),
        attrs.evolve(
            make_terms(),
            tranches=(
                Tranche(disbursed_on=dt.date(2025, 3, 1), amount=Money(500, EUR)),
            ),
        ),
        attrs.evolve(
            make_terms(),
            interest_pauses=(InterestPause(dt.date(2025, 3, 1), dt.date(2025, 3, 10)),),
        ),
        attrs.evolve(make_terms(), frequency=Frequency.SEMIMONTHLY),
    ],
)
def test_other_terms_are_left_to_the_general_way(terms: LoanTerms) -> None:
    assert changed_columns(terms, STRICT) is None


def test_a_rate_that_begins_after_the_end_is_left_to_be_refused() -> None:
    # The terms cannot know that the 31st rolls to the 28th; the schedule does.
    terms = make_terms(
        100_000,
        240_000,
        2,
        disbursed_on=dt.date(2025, 1, 1),
        first_due_on=dt.date(2025, 1, 31),
    )
    change = RateChange(from_on=dt.date(2025, 3, 1), nominal_rate=Rate.of_ppm(0))
    terms = attrs.evolve(terms, rate_changes=(change,))

    assert changed_columns(terms, STRICT) is None
    with pytest.raises(ScheduleError, match="must be a day that bears interest"):
        build_schedule(terms, STRICT)


def test_an_installment_below_its_interest_is_left_to_be_refused() -> None:
    due_on = tuple(
        dt.date(2025, 1, 15) + dt.timedelta(days=day) for day in (700, 701, 702, 703)
    )
    terms = attrs.evolve(
        make_terms(100_000, 900_000, 4), first_due_on=due_on[0], due_on=due_on
    )

    assert changed_columns(terms, STRICT) is None
    with pytest.raises(ScheduleError, match="must cover the interest"):
        build_schedule(terms, STRICT)


def test_a_schedule_is_built_the_short_way_and_explains_itself() -> None:
    change = RateChange(from_on=dt.date(2025, 5, 1), nominal_rate=Rate.of_ppm(180_000))
    terms = attrs.evolve(make_terms(), rate_changes=(change,))

    schedule = build_schedule(terms, STRICT)

    for number in range(1, len(schedule) + 1):
        working = schedule.explain(number)
        assert working.interest_due_minor == schedule.interest_minor[number - 1]
        assert working.principal_minor == schedule.principal_minor[number - 1]
        assert abs(working.interest_exact - working.interest_minor) <= Fraction(1, 2)
