"""A higher rate never lowers the installment, nor the interest before rounding.

What holds, and why:

- The level amount is the smallest that leaves the last installment no larger. A higher
  rate makes every balance on the way larger, or leaves it, whatever is rounded and how.
  So the level never falls: no exception, by any remainder, multiple or grace.
- Where the rate decides no amount of principal (equal principal, interest only, a
  bullet, flat interest, agreed parts or installments), no balance falls, so the
  interest of every single row does not fall either, before rounding and after.
- Where the level repays principal, total interest is sure to rise only without
  rounding. A level that is rounded up by a whole multiple repays faster, and that can
  save more than the higher rate costs: the last test has the smallest numbers. What the
  rounding of balances can do is bounded by what one unit in each row grows to.
"""

from __future__ import annotations

from fractions import Fraction

import attrs
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    STRICT_30_360,
    CustomInstallments,
    DeferredInterest,
    EqualPrincipal,
    FlatInterest,
    Grace,
    InstallmentWorking,
    LoanTerms,
    Remainder,
    RepaymentPlan,
    Schedule,
    ScheduleConventions,
    UnpaidInterest,
    build_schedule,
)
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding
from tests.loans.amount_oracle import RefusedError
from tests.loans.law_cases import (
    Case,
    built,
    dated_cases,
    installment_rows,
    kept,
    planned_cases,
)
from tests.loans.loan_cases import make_terms
from tests.loans.plan_cases import LEVEL_METHODS
from tests.loans.unrounded_oracle import Unrounded, unrounded

# From a hundredth of a basis point to what makes most loans impossible.
MORE_PPM = st.one_of(st.integers(1, 1000), st.integers(1, 2_000_000))
NEAREST = (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_DOWN)


def dearer(terms: LoanTerms, more_ppm: int) -> LoanTerms:
    """Return the terms at a higher rate."""
    rate = Rate(terms.nominal_rate.annual_fraction + Fraction(more_ppm, 10**6))
    return attrs.evolve(terms, nominal_rate=rate)


def workings(schedule: Schedule) -> list[InstallmentWorking]:
    """Return how each row was worked out, down payments apart."""
    return [schedule.explain(row + 1) for row in installment_rows(schedule)]


def equal_amounts(rows: list[InstallmentWorking]) -> list[int | None]:
    """Return what each row comes to before any remainder."""
    return [row.equal_minor for row in rows]


def never_falls(low: list[InstallmentWorking], high: list[InstallmentWorking]) -> bool:
    """Return whether the interest before rounding is in no row lower."""
    pairs = zip(low, high, strict=True)
    return all(one.interest_exact <= other.interest_exact for one, other in pairs)


def may_repay_faster(plan: RepaymentPlan) -> bool:
    """Return whether interest decides how much principal a row repays."""
    is_added = plan.grace.deferred_interest is DeferredInterest.CAPITALIZED
    by_level = isinstance(plan.method, LEVEL_METHODS)
    return by_level or (isinstance(plan.method, EqualPrincipal) and is_added)


@given(case=planned_cases(is_level=True), more_ppm=MORE_PPM)
def test_a_higher_rate_never_lowers_the_level_by_any_method_or_convention(
    case: Case, more_ppm: int
) -> None:
    terms, rules = kept(case)
    event(type(terms.plan.method).__name__)
    event(rules.remainder.value)

    first = equal_amounts(workings(built((terms, rules))))
    second = equal_amounts(workings(built((dearer(terms, more_ppm), rules))))

    for low, high in zip(first, second, strict=True):
        assert (low is None) == (high is None)
        assert low is None or high is None or low <= high


@given(case=planned_cases(is_level=False), more_ppm=MORE_PPM)
def test_where_no_rate_decides_the_principal_interest_never_falls(
    case: Case, more_ppm: int
) -> None:
    terms, rules = kept(case)
    assume(not may_repay_faster(terms.plan))
    event(type(terms.plan.method).__name__)

    first, second = built((terms, rules)), built((dearer(terms, more_ppm), rules))

    assert never_falls(workings(first), workings(second))
    assert first.total_interest <= second.total_interest
    if not isinstance(terms.plan.method, FlatInterest | CustomInstallments):
        # Flat interest is taken from equal totals, agreed installments are fixed.
        rows = zip(first.interest_minor, second.interest_minor, strict=True)
        assert all(low <= high for low, high in rows)


@given(case=planned_cases(is_level=True), more_ppm=st.integers(1, 20_000))
def test_while_the_installments_stay_equal_interest_never_falls(
    case: Case, more_ppm: int
) -> None:
    terms, rules = kept(case)
    # Coarse amounts often stay where they are.
    rules = attrs.evolve(
        rules,
        remainder=Remainder.LAST,
        installment_multiple=rules.currency_multiple * 1000,
    )
    first, second = built((terms, rules)), built((dearer(terms, more_ppm), rules))
    low, high = workings(first), workings(second)
    assume(equal_amounts(low) == equal_amounts(high))

    assert never_falls(low, high)
    assert first.total_interest <= second.total_interest


def worked(terms: LoanTerms, rules: ScheduleConventions) -> Unrounded:
    """Work a loan out without rounding; drop it if a share takes all of it."""
    try:
        return unrounded(terms, rules)
    except RefusedError as refused:
        event(f"refused: {refused}")
        assume(False)
        raise


@given(case=planned_cases(), more_ppm=MORE_PPM)
def test_without_rounding_neither_level_nor_total_interest_ever_falls(
    case: Case, more_ppm: int
) -> None:
    # The law itself; the tests below tie it to what the library computes.
    terms, rules = case
    event(type(terms.plan.method).__name__)

    first = worked(terms, rules)
    second = worked(dearer(terms, more_ppm), rules)

    assert first.total_interest <= second.total_interest
    assert (first.level or 0) <= (second.level or 0)


@st.composite
def unbent_cases(draw: st.DrawFn) -> Case:
    """Draw equal installments whose amounts only rounding moves."""
    terms, rules = draw(dated_cases())
    count = draw(st.integers(0, min(3, terms.installment_count - 1)))
    plan = attrs.evolve(EQUAL_INSTALLMENTS, grace=Grace(principal_count=count))
    rules = attrs.evolve(rules, remainder=Remainder.LAST)
    return kept((attrs.evolve(terms, plan=plan), rules))


def rounding_error(rules: ScheduleConventions) -> Fraction:
    """Return how far one rounding of interest goes at most."""
    shift = Fraction(rules.currency_multiple)
    return shift / 2 if rules.rounding in NEAREST else shift


@given(case=unbent_cases())
def test_the_level_is_next_to_that_without_rounding(case: Case) -> None:
    # An error of one unit in each row is worth as much at the end as one unit in each
    # installment. So the level is off by no more than that, and its own rounding up.
    terms, rules = case
    exact = unrounded(terms, rules)
    assert exact.level is not None
    error, multiple = rounding_error(rules), rules.installment_multiple

    level = workings(built(case))[-1].equal_minor

    assert level is not None
    assert exact.level - error <= level < exact.level + error + multiple


@given(case=unbent_cases())
def test_total_interest_is_near_that_without_rounding(case: Case) -> None:
    terms, rules = case
    exact = unrounded(terms, rules)
    schedule = built(case)
    first = terms.plan.grace.principal_count
    # Where the last rows are empty, the loan ended before its term.
    assume(min(schedule.principal_minor[first:]) > 0)

    error, multiple = rounding_error(rules), rules.installment_multiple
    bound = (error + multiple) * (exact.growth - exact.paying_count)
    bound += error * (exact.growth + first)
    assert abs(schedule.total_interest.minor - exact.total_interest) <= bound


def test_a_higher_rate_may_lower_total_interest_where_amounts_are_coarse() -> None:
    # 1000.00 in three, in steps of 400.00. At 9.5 % a month, 400.00 is enough:
    # 95.00 + 66.02 (half of a cent to even) + 34.30 of interest, and 395.32 at last. At
    # 10 % the last would be 407.00, so 800.00 is paid at first: 100.00 + 30.00.
    rules = attrs.evolve(
        STRICT_30_360, id="coarse", currency_multiple=1, installment_multiple=40_000
    )
    low = build_schedule(make_terms(100_000, 1_140_000, 3), rules)
    high = build_schedule(make_terms(100_000, 1_200_000, 3), rules)

    assert low.total_minor == (40_000, 40_000, 39_532)
    assert low.interest_minor == (9_500, 6_602, 3_430)
    assert high.total_minor == (80_000, 33_000, 0)
    assert high.interest_minor == (10_000, 3_000, 0)
    exact = [sum(row.interest_exact for row in workings(one)) for one in (low, high)]
    assert exact[0] > exact[1]
    # Without rounding the dearer loan costs more, as it should.
    cheap, dear = (unrounded(one.terms, rules) for one in (low, high))
    assert cheap.total_interest < dear.total_interest


@pytest.mark.parametrize("unpaid", UnpaidInterest)
def test_a_higher_rate_never_lowers_what_agreed_installments_leave_to_the_last(
    unpaid: UnpaidInterest,
) -> None:
    # Ever more of the interest stays unpaid on the way to 400 %.
    amount = make_terms(9_000).principal
    plan = RepaymentPlan(
        method=CustomInstallments((amount,) * 5), unpaid_interest=unpaid
    )
    last = -1
    for ppm in range(0, 4_000_001, 250_000):
        terms = attrs.evolve(make_terms(50_000, ppm, 6), plan=plan)
        if unpaid is UnpaidInterest.REFUSED and ppm > 2_000_000:
            break
        schedule = build_schedule(terms, STRICT_30_360)
        assert schedule.total_minor[-1] > last
        last = schedule.total_minor[-1]
