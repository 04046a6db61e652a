from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import attrs
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from microcrm_core import Money, ScheduleError
from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    DayCount,
    Frequency,
    RollRule,
)
from microcrm_core.loans import (
    STRICT,
    Bullet,
    BusinessDays,
    Collision,
    EqualPrincipal,
    FlatInterest,
    InterestDate,
    LoanTerms,
    Remainder,
    Schedule,
    ScheduleConventions,
    Seasonal,
    Tranche,
    build_schedule,
)
from microcrm_core.loans.exact import exact_parts
from microcrm_core.loans.plain import plain_columns
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding
from tests.loans.exact_oracle import (
    interest_by_days,
    level_rows,
    net_payouts,
    to_multiple,
)
from tests.loans.loan_cases import (
    EUR,
    ROLLS,
    all_terms,
    conventions,
    make_terms,
)
from tests.loans.plan_cases import (
    Case,
    changing_cases,
    level_cases,
    rules,
    with_frequency,
)

WEEKEND = BusinessCalendar(name="weekends")


def built(terms: LoanTerms, rules: ScheduleConventions) -> Schedule:
    """Return the schedule; drop the example if the terms allow none."""
    try:
        return build_schedule(terms, rules)
    except ScheduleError as error:
        event(error.field)
        assume(False)
        raise


def installment_rows(schedule: Schedule) -> list[int]:
    """Return the positions of the rows that are no down payments."""
    return [row for row, is_down in enumerate(schedule.is_down_payment) if not is_down]


@given(case=level_cases())
def test_rows_of_a_fixed_installment_are_those_of_the_definitions(case: Case) -> None:
    terms, rules = case
    try:
        schedule = build_schedule(terms, rules)
    except ScheduleError as error:
        event(error.field)
        if "must cover the interest" in str(error):
            assert level_rows(terms, rules) is None
        return

    expected = level_rows(terms, rules)

    assert expected is not None
    event(type(terms.plan.method).__name__)
    assert schedule.principal_minor == tuple(row.principal_minor for row in expected)
    assert schedule.interest_minor == tuple(row.interest_minor for row in expected)
    assert schedule.capitalized_minor == tuple(
        row.capitalized_minor for row in expected
    )


@given(case=changing_cases())
def test_principal_parts_add_up_to_what_was_lent(case: Case) -> None:
    schedule = built(*case)

    lent_minor = case[0].principal.minor + schedule.financed_fees.minor
    owed_minor = lent_minor + sum(schedule.capitalized_minor)
    assert sum(schedule.principal_minor) == owed_minor
    assert min(schedule.principal_minor) >= 0
    assert min(schedule.interest_minor) >= 0


@given(case=changing_cases())
def test_the_balance_rises_only_by_tranches_and_capitalized_interest(
    case: Case,
) -> None:
    terms, _ = case
    schedule = built(*case)
    balance = schedule.financed_fees.minor
    before_on = dt.date.min
    event(type(terms.plan.method).__name__)

    for row, due_on in enumerate(schedule.due_on):
        paid_out = sum(
            amount.minor
            for on, amount in terms.disbursements
            if before_on < on <= due_on
        )
        before_on = max(before_on, due_on)
        balance += paid_out + schedule.capitalized_minor[row]
        balance -= schedule.principal_minor[row]
        assert schedule.outstanding_minor[row] == balance >= 0

    assert balance == 0


def walked(case: Case, schedule: Schedule) -> Iterator[tuple[int, Fraction, int]]:
    """Yield each installment's row, its interest day by day, and its start balance."""
    terms, rules = case
    [(_, balance), *tranches] = net_payouts(terms, rules)
    balance += schedule.financed_fees.minor
    start_on = terms.disbursed_on
    free_count = terms.plan.grace.interest_free_count
    for number, row in enumerate(installment_rows(schedule)):
        end_on = schedule.due_on[row]
        balance += sum(minor for on, minor in tranches if on == start_on)
        exact = interest_by_days(terms, rules, (start_on, end_on), balance)
        yield row, Fraction(0) if number < free_count else exact, balance
        balance += sum(minor for on, minor in tranches if start_on < on < end_on)
        balance += schedule.capitalized_minor[row] - schedule.principal_minor[row]
        start_on = end_on


@given(case=changing_cases())
def test_interest_before_rounding_is_that_of_its_single_days(case: Case) -> None:
    terms, rules = case
    method = terms.plan.method
    assume(not isinstance(method, FlatInterest | Bullet))
    schedule = built(*case)

    for row, exact, _ in walked(case, schedule):
        working = schedule.explain(row + 1)
        assert working.interest_exact == exact
        assert working.interest_exact == sum(part.interest for part in working.slices)
        multiple = rules.currency_multiple
        assert working.interest_minor == to_multiple(exact, multiple, rules)
        assert working.principal_minor == schedule.principal_minor[row]
        assert working.interest_due_minor == schedule.interest_minor[row]


@given(case=changing_cases())
def test_all_interest_is_paid_or_added_to_the_debt(case: Case) -> None:
    terms, _ = case
    schedule = built(*case)
    rounded = [
        schedule.explain(row + 1).interest_minor for row in installment_rows(schedule)
    ]

    # What is capitalized was once the interest of some period too.
    event(type(terms.plan.method).__name__)
    assert schedule.total_interest.minor == sum(rounded)


@given(case=changing_cases(), is_compounded=st.booleans())
def test_a_bullet_pays_once_and_compounds_if_so_agreed(
    case: Case, is_compounded: bool
) -> None:
    terms, rules = case
    plan = attrs.evolve(
        terms.plan,
        method=Bullet(is_compounded),
        grace=attrs.evolve(
            terms.plan.grace,
            principal_count=0,
            interest_payment_count=0,
            interest_free_count=0,
            deferred_interest=None,
        ),
        balloon=None,
    )
    case = attrs.evolve(terms, plan=plan), rules
    schedule = built(*case)
    rows = installment_rows(schedule)
    exact = [interest for _, interest, _ in walked(case, schedule)]
    multiple = rules.currency_multiple

    assert all(schedule.principal_minor[row] == 0 for row in rows[:-1])
    assert all(schedule.interest_minor[row] == 0 for row in rows[:-1])
    if is_compounded:
        rounded = [to_multiple(interest, multiple, rules) for interest in exact]
        assert [schedule.capitalized_minor[row] for row in rows[:-1]] == rounded[:-1]
        assert schedule.interest_minor[rows[-1]] == rounded[-1]
    else:
        whole = to_multiple(sum(exact, Fraction(0)), multiple, rules)
        assert schedule.interest_minor[rows[-1]] == whole


@given(case=changing_cases())
def test_flat_interest_is_shared_in_units_and_never_on_a_balance(case: Case) -> None:
    terms, rules = case
    grace = terms.plan.grace
    assume(grace.interest_payment_count <= grace.principal_count)
    plan = attrs.evolve(terms.plan, method=FlatInterest())
    terms = attrs.evolve(terms, plan=plan, tranches=())
    schedule = built(terms, rules)
    [(_, base)] = net_payouts(terms, rules)
    base += schedule.financed_fees.minor
    exact = Fraction(0)
    start_on = terms.disbursed_on
    rows = installment_rows(schedule)
    for number, row in enumerate(rows):
        end_on = schedule.due_on[row]
        if number >= grace.interest_free_count:
            exact += interest_by_days(terms, rules, (start_on, end_on), base)
        start_on = end_on
    shares = [schedule.explain(row + 1).interest_minor for row in rows]
    multiple = rules.currency_multiple

    assert sum(shares) == to_multiple(exact, multiple, rules)
    assert sorted(shares, reverse=True) == shares
    assert shares[0] - shares[-1] in (0, multiple)


@given(
    terms=all_terms(principal_max=10**6),
    rules=rules(),
    grace_count=st.integers(0, 3),
    is_flat=st.booleans(),
)
def test_the_equal_part_leaves_the_remainder_where_the_conventions_say(
    terms: LoanTerms, rules: ScheduleConventions, grace_count: int, is_flat: bool
) -> None:
    assume(grace_count < terms.installment_count)
    method = FlatInterest() if is_flat else EqualPrincipal()
    grace = attrs.evolve(terms.plan.grace, principal_count=grace_count)
    terms = attrs.evolve(
        terms, plan=attrs.evolve(terms.plan, method=method, grace=grace)
    )
    schedule = built(terms, rules)
    column = schedule.total_minor if is_flat else schedule.principal_minor
    paid = column[grace_count:]
    count, whole, multiple = len(paid), sum(paid), rules.installment_multiple
    equal = schedule.explain(grace_count + 1).equal_minor

    assert equal is not None
    assert equal % multiple == 0
    if rules.remainder is Remainder.LAST:
        assert (equal - multiple) * count < whole <= equal * count
        assert max(paid) <= equal
    elif rules.remainder is Remainder.FIRST:
        assert equal * count <= whole < (equal + multiple) * count
        assert set(paid[1:]) <= {equal}
    else:
        below, above = whole // count // multiple * multiple, multiple
        assert equal in (below, below + above)
        assert set(paid[:-1]) <= {equal} or paid[-1] <= equal


@given(
    terms=all_terms(principal_max=10**6),
    rules=rules(),
    more_ppm=st.integers(1, 10**6),
)
def test_a_higher_rate_never_lowers_the_equal_amount_by_any_rounding(
    terms: LoanTerms, rules: ScheduleConventions, more_ppm: int
) -> None:
    rules = attrs.evolve(rules, remainder=Remainder.LAST)
    rate = Rate(terms.nominal_rate.annual_fraction + Fraction(more_ppm, 10**6))
    first = built(terms, rules)
    second = built(attrs.evolve(terms, nominal_rate=rate), rules)

    # The part of the principal of an only row has no level beside it.
    level = [schedule.explain(1).equal_minor for schedule in (first, second)]
    assert level[0] is not None
    assert level[1] is not None
    assert level[0] <= level[1]


@given(
    terms=all_terms(principal_max=10**6),
    more_ppm=st.integers(1, 10**6),
    day_count=st.sampled_from((DayCount.ACT_365F, DayCount.THIRTY_360_BOND)),
)
def test_a_higher_rate_never_lowers_exact_interest_on_the_same_balances(
    terms: LoanTerms, more_ppm: int, day_count: DayCount
) -> None:
    # Equal principal: the balances do not depend on the rate.
    plan = attrs.evolve(terms.plan, method=EqualPrincipal())
    terms = attrs.evolve(terms, plan=plan)
    rate = Rate(terms.nominal_rate.annual_fraction + Fraction(more_ppm, 10**6))
    rules = conventions(day_count=day_count)
    first = build_schedule(terms, rules)
    second = build_schedule(attrs.evolve(terms, nominal_rate=rate), rules)

    for number in range(1, len(first) + 1):
        low = first.explain(number).interest_exact
        assert low <= second.explain(number).interest_exact
    assert first.total_interest <= second.total_interest


@given(
    case=changing_cases(),
    weeks=st.integers(1, 500),
    frequency=st.sampled_from(
        (Frequency.WEEKLY, Frequency.DAILY, Frequency.of("P10D"))
    ),
)
def test_moving_all_dates_by_whole_weeks_moves_nothing_else(
    case: Case, weeks: int, frequency: Frequency
) -> None:
    # Months differ in length, so the law holds where dates are counted in days. A
    # season would move with the calendar.
    terms, rules = case
    rules = attrs.evolve(rules, day_count=DayCount.ACT_365F)
    terms = with_frequency(terms, frequency)
    assume(not isinstance(terms.plan.method, Seasonal))
    step = dt.timedelta(weeks=weeks)
    later = attrs.evolve(
        terms,
        disbursed_on=terms.disbursed_on + step,
        first_due_on=terms.first_due_on + step,
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

    first, second = built(terms, rules), built(later, rules)

    assert second.due_on == tuple(on + step for on in first.due_on)
    for name in ("principal", "interest", "fees", "capitalized", "outstanding"):
        assert getattr(first, f"{name}_minor") == getattr(second, f"{name}_minor")


@given(
    terms=all_terms(principal_max=10**6),
    rule=st.sampled_from(BusinessDayRule),
    interest_to=st.sampled_from(InterestDate),
    collision=st.sampled_from(Collision),
    frequency=st.sampled_from(
        (Frequency.DAILY, Frequency.of("P3D"), Frequency.MONTHLY)
    ),
)
def test_due_dates_rise_unless_a_collision_rule_says_otherwise(
    terms: LoanTerms,
    rule: BusinessDayRule,
    interest_to: InterestDate,
    collision: Collision,
    frequency: Frequency,
) -> None:
    terms = attrs.evolve(terms, frequency=frequency)
    plain = built(terms, STRICT)
    business_days = BusinessDays(
        rule=rule, calendar=WEEKEND, interest_to=interest_to, collision=collision
    )
    schedule = built(terms, attrs.evolve(STRICT, business_days=business_days))

    assert all(before < on for before, on in pairwise(plain.due_on))
    if collision is Collision.MERGED:
        assert all(before < on for before, on in pairwise(schedule.due_on))
        assert len(schedule) == len(set(schedule.due_day))
    else:
        assert all(before <= on for before, on in pairwise(schedule.due_on))
        assert schedule.unadjusted_on == plain.due_on
    if rule is not BusinessDayRule.NO_ADJUST:
        assert all(on.weekday() < 5 for on in schedule.due_on)
    if interest_to is InterestDate.ORIGINAL:
        # Moving dates then moves no amount; merged rows are sums of them.
        assert schedule.total_interest == plain.total_interest
        assert set(schedule.outstanding_minor) <= set(plain.outstanding_minor)


PLAIN_DAY_COUNTS = (
    DayCount.ACT_360,
    DayCount.ACT_364,
    DayCount.ACT_365F,
    DayCount.THIRTY_360_US,
    DayCount.THIRTY_360_BOND,
    DayCount.THIRTY_E_360,
)


def require_twins(terms: LoanTerms, rules: ScheduleConventions) -> bool:
    """Compare the short way with the general one; return whether it was taken."""
    columns = plain_columns(terms, rules)
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
    assert not any(parts.fees_minor)
    assert not any(parts.capitalized_minor)
    assert not any(parts.is_down_payment)
    return True


@given(
    terms=all_terms(principal_max=10**13),
    frequency=st.sampled_from(("monthly", "P2M", "weekly", "daily", "semimonthly")),
    day_count=st.sampled_from(PLAIN_DAY_COUNTS),
    rounding=st.sampled_from((Rounding.HALF_EVEN, Rounding.HALF_UP)),
)
def test_the_short_way_equals_the_general_one(
    terms: LoanTerms, frequency: str, day_count: DayCount, rounding: Rounding
) -> None:
    terms = attrs.evolve(terms, frequency=Frequency.of(frequency))
    is_short = require_twins(terms, conventions(day_count, rounding))

    event(f"short way: {is_short}")


@given(
    terms=all_terms(principal_max=10**6),
    rounding=st.sampled_from((Rounding.UP, Rounding.FLOOR)),
    roll=st.sampled_from(ROLLS[1:]),
)
def test_the_short_way_leaves_other_rules_alone(
    terms: LoanTerms, rounding: Rounding, roll: RollRule
) -> None:
    assert not require_twins(terms, conventions(rounding=rounding))
    terms = attrs.evolve(terms, frequency=Frequency.MONTHLY)
    assert not require_twins(terms, conventions(roll=roll))


@given(
    halves=st.integers(0, 2_000),
    day_count=st.sampled_from((DayCount.ACT_360, DayCount.THIRTY_360_BOND)),
    rounding=st.sampled_from((Rounding.HALF_EVEN, Rounding.HALF_UP)),
    count=st.integers(1, 30),
)
def test_the_short_way_equals_the_general_one_on_ties(
    halves: int, day_count: DayCount, rounding: Rounding, count: int
) -> None:
    # 12 % a year on 30 of 360 days is a hundredth: 50 and 150 are ties at once, and
    # balances of later rows meet others.
    terms = make_terms(
        50 + 100 * halves,
        120_000,
        count,
        frequency=Frequency.of("P30D")
        if day_count is DayCount.ACT_360
        else Frequency.MONTHLY,
        first_due_on=dt.date(2025, 2, 14)
        if day_count is DayCount.ACT_360
        else dt.date(2025, 2, 15),
    )

    assert require_twins(terms, conventions(day_count, rounding))


@pytest.mark.parametrize("day", [1, 28, 29, 30, 31])
@pytest.mark.parametrize("year", [1899, 1900, 2024, 2199, 2200])
@pytest.mark.parametrize("count", [1, 12, 600])
def test_the_short_way_equals_the_general_one_at_the_edges_of_its_calendar(
    day: int, year: int, count: int
) -> None:
    terms = make_terms(
        10**6,
        60_000,
        count,
        disbursed_on=dt.date(year, 1, 1),
        first_due_on=dt.date(year, 1, max(2, day)),
    )

    is_short = require_twins(terms, STRICT)
    assert is_short == (year >= 1900 and year + (count - 1) // 12 < 2200)


@pytest.mark.parametrize("minor", [1, 2, 11, 13, 10**12, 10**18, 10**30])
@pytest.mark.parametrize("ppm", [0, 1, 120_000, 4_000_000])
@pytest.mark.parametrize("count", [1, 2, 12, 600])
def test_extreme_loans_are_right_in_both_ways(minor: int, ppm: int, count: int) -> None:
    terms = make_terms(minor, ppm, count)
    try:
        schedule = build_schedule(terms, STRICT)
    except ScheduleError:
        with pytest.raises(ScheduleError, match="must cover the interest"):
            exact_parts(terms, STRICT)
        return
    parts = exact_parts(terms, STRICT)

    assert schedule.principal_minor == parts.principal_minor
    assert schedule.interest_minor == parts.interest_minor
    assert sum(schedule.principal_minor) == minor
    assert schedule.outstanding_minor[-1] == 0


def test_a_tranche_is_not_foreseen() -> None:
    # Without interest: 900 in three is 300 each. The tranche of 300 comes after the
    # first due date, so two rows share 600 + 300.
    terms = make_terms(1200, 0, 3)
    tranche_on = dt.date(2025, 2, 20)
    terms = attrs.evolve(terms, tranches=(_tranche(tranche_on, 300),))

    schedule = build_schedule(terms, STRICT)

    assert schedule.total_minor == (300, 450, 450)
    assert schedule.outstanding_minor == (600, 450, 0)


def test_a_tranche_on_a_due_date_counts_from_the_next_row() -> None:
    terms = make_terms(1200, 0, 3)
    terms = attrs.evolve(terms, tranches=(_tranche(dt.date(2025, 2, 15), 300),))

    schedule = build_schedule(terms, STRICT)

    assert schedule.total_minor == (300, 450, 450)
    assert schedule.outstanding_minor == (900, 450, 0)


def _tranche(on: dt.date, minor: int) -> Tranche:
    return Tranche(disbursed_on=on, amount=Money(minor, EUR))
