"""Amounts of every method under every exact convention, against an oracle in full.

The oracle has its own calendar and its own fractions: see `time_oracle` for dates and
parts of a year, and `amount_oracle` for what rows pay.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from itertools import groupby

import attrs
import pytest
from hypothesis import assume, event, given

from microcrm_core import Money, ScheduleError
from microcrm_core.dates import BusinessDayRule, Frequency
from microcrm_core.loans import (
    STRICT,
    STRICT_30_360,
    Accrual,
    Bullet,
    BusinessDays,
    Collision,
    DaysInMonth,
    DaysInYear,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeBase,
    FeeTiming,
    FlatInterest,
    InterestDate,
    InterestOnly,
    LoanTerms,
    Portion,
    Remainder,
    RepaymentPlan,
    ScheduleConventions,
    SplitDayCount,
    Tranche,
    Weighted,
    build_schedule,
)
from microcrm_core.rounding import Rounding
from tests.loans.amount_oracle import (
    AmountRow,
    RefusedError,
    amount_rows,
    merged,
    portion_of,
)
from tests.loans.law_cases import (
    Case,
    built,
    changing_cases,
    dated_cases,
    has_dates,
    installment_rows,
    kept,
    planned_cases,
)
from tests.loans.loan_cases import EUR, make_terms
from tests.loans.time_cases import WEEKENDS
from tests.loans.time_oracle import (
    bounds_on,
    day_weights,
    due_on,
    series_on,
    to_multiple,
    year_parts,
)


def rows_or_refusal(case: Case) -> list[AmountRow] | str:
    """Return the rows of the definitions, or the field that they refuse."""
    try:
        return merged(*case, amount_rows(*case))
    except RefusedError as refused:
        return str(refused)


@given(case=dated_cases())
def test_dates_are_those_of_a_calendar_of_its_own(case: Case) -> None:
    terms, rules = case
    if not has_dates(case):
        event("not in order")
        with pytest.raises(ScheduleError) as caught:
            build_schedule(terms, rules)
        assert caught.value.field in ("first_due_on", "due_on")
        return
    schedule = built(case)

    dates = list(zip(due_on(terms, rules), series_on(terms, rules), strict=True))
    if rules.business_days and rules.business_days.collision is Collision.MERGED:
        groups = groupby(dates, lambda pair: pair[0])
        dates = [list(group)[-1] for _, group in groups]
    assert list(schedule.due_on) == [moved for moved, _ in dates]
    assert list(schedule.unadjusted_on) == [agreed for _, agreed in dates]


@given(case=dated_cases())
def test_interest_on_one_balance_is_that_of_the_parts_of_a_year(case: Case) -> None:
    # Interest only keeps the balance: what differs between rows is time alone.
    terms, rules = kept(case)
    plan = RepaymentPlan(method=InterestOnly())
    schedule = built((attrs.evolve(terms, plan=plan), rules))

    owed = terms.principal.minor * terms.nominal_rate.annual_fraction
    for number, part in enumerate(year_parts(terms, rules), start=1):
        working = schedule.explain(number)
        assert working.interest_exact == owed * part
        multiple = rules.currency_multiple
        assert working.interest_minor == to_multiple(owed * part, multiple, rules)


@given(case=planned_cases())
def test_a_last_date_that_the_series_has_anyway_changes_nothing(case: Case) -> None:
    terms, rules = case
    assume(not terms.due_on)
    regular = attrs.evolve(terms, last_due_on=None)
    last_on = series_on(regular, rules)[-1]
    schedule = built((regular, rules))

    fixed = build_schedule(attrs.evolve(terms, last_due_on=last_on), rules)

    assert fixed.due_day == schedule.due_day
    assert fixed.principal_minor == schedule.principal_minor
    assert fixed.interest_minor == schedule.interest_minor


def test_a_last_date_at_a_month_end_is_a_month_like_the_others() -> None:
    # By months of 30 days, 28 February to 31 March is one month where the 31st is the
    # due day, and not one and 3 of the 31 days to 28 April.
    thirty = SplitDayCount(
        days_in_year=DaysInYear.DAYS_360, days_in_month=DaysInMonth.DAYS_30
    )
    rules = attrs.evolve(STRICT, id="thirty", day_count=thirty)
    terms = make_terms(
        120_000,
        120_000,
        2,
        disbursed_on=dt.date(2024, 12, 31),
        first_due_on=dt.date(2025, 1, 31),
    )
    plan = RepaymentPlan(method=InterestOnly())
    terms = attrs.evolve(terms, plan=plan, installment_count=3)

    for last_on in (None, dt.date(2025, 3, 31)):
        fixed = attrs.evolve(terms, last_due_on=last_on)
        assert build_schedule(fixed, rules).interest_minor == (1_200, 1_200, 1_200)


def test_a_tranche_on_a_day_of_collisions_counts_once_from_the_next_period() -> None:
    # Saturday, Sunday and Monday, 18 to 20 January 2025, are all due on Monday. 6.00 in
    # five is 1.20 each; the 4.00 of Monday are repaid with the row of Tuesday.
    moves = BusinessDays(
        rule=BusinessDayRule.FOLLOWING,
        calendar=WEEKENDS,
        interest_to=InterestDate.MOVED,
        collision=Collision.KEPT,
    )
    terms = make_terms(
        1_000,
        0,
        5,
        frequency=Frequency.DAILY,
        disbursed_on=dt.date(2025, 1, 15),
        first_due_on=dt.date(2025, 1, 17),
    )
    monday = dt.date(2025, 1, 20)
    terms = attrs.evolve(
        terms,
        plan=RepaymentPlan(method=EqualPrincipal()),
        tranches=(Tranche(disbursed_on=monday, amount=Money(400, EUR)),),
    )
    schedule = build_schedule(terms, attrs.evolve(STRICT, business_days=moves))

    assert schedule.due_on[1:4] == (monday,) * 3
    assert schedule.principal_minor == (120, 120, 120, 120, 520)
    assert schedule.outstanding_minor == (480, 760, 640, 520, 0)


def test_coarse_equal_parts_leave_the_balloon_alone() -> None:
    # 7.00 beside a balloon of 3.00, in steps of 5.00: 5.00, the 2.00 that are left, and
    # then the balloon.
    plan = RepaymentPlan(
        method=EqualPrincipal(), balloon=Portion.of_amount(Money(300, EUR))
    )
    rules = attrs.evolve(STRICT, id="coarse", installment_multiple=500)
    terms = attrs.evolve(make_terms(1_000, 0, 3), plan=plan)

    assert build_schedule(terms, rules).principal_minor == (500, 200, 300)


def test_a_balloon_of_all_that_is_owed_leaves_only_interest_before_it() -> None:
    plan = RepaymentPlan(
        method=EqualPrincipal(), balloon=Portion.of_amount(Money(100_000, EUR))
    )
    for method in (EqualPrincipal(), EqualInstallments()):
        terms = make_terms(100_000, 120_000, 3)
        terms = attrs.evolve(terms, plan=attrs.evolve(plan, method=method))
        schedule = build_schedule(terms, STRICT_30_360)

        assert schedule.principal_minor == (0, 0, 100_000)
        assert schedule.interest_minor == (1_000, 1_000, 1_000)


def test_a_first_row_that_takes_the_remainder_pays_its_own_interest() -> None:
    # 850.00 at 10 % a month in steps of 500.00: some 67 at first would leave 500.00
    # to the last, but 85.00 of interest are due.
    rules = attrs.evolve(
        STRICT_30_360,
        id="first",
        installment_multiple=50_000,
        remainder=Remainder.FIRST,
    )
    schedule = build_schedule(make_terms(85_000, 1_200_000, 3), rules)

    assert schedule.total_minor == (8_500, 50_000, 47_850)
    assert schedule.interest_minor == (8_500, 8_500, 4_350)


def test_smoothed_flat_totals_are_never_below_the_interest_of_the_last_row() -> None:
    # 9.00 bears 0.90 in each of three months; 11.70 are paid in steps of 12.00. The
    # last row pays its 0.90 at least, 11.10 from 12.00: closer than 11.70 from nothing.
    rules = attrs.evolve(
        STRICT_30_360,
        id="smoothed",
        installment_multiple=1_200,
        remainder=Remainder.SMOOTHED,
    )
    plan = RepaymentPlan(method=FlatInterest())
    terms = attrs.evolve(make_terms(900, 1_200_000, 3), plan=plan)
    schedule = build_schedule(terms, rules)

    assert schedule.interest_minor == (90, 90, 90)
    assert schedule.total_minor == (990, 90, 90)


def test_a_share_of_what_is_outstanding_is_of_all_that_bears_interest() -> None:
    fee = Fee(
        name="insurance",
        timing=FeeTiming.PER_INSTALLMENT,
        portion=Portion.of_share("0.9"),
        base=FeeBase.OUTSTANDING,
    )
    plan = RepaymentPlan(method=EqualPrincipal(), fees=(fee,))
    terms = attrs.evolve(make_terms(10_000, 0, 2), plan=plan)

    assert build_schedule(terms, STRICT).fees_minor == (9_000, 4_500)


def test_amounts_in_proportion_are_rounded_by_the_conventions() -> None:
    # 1.99 in three of one, one and a half, and one: 0.56 is too little, and one and a
    # half times 0.57 is 0.855.
    plan = RepaymentPlan(method=Weighted((1, Fraction(3, 2), 1)))
    for rounding, totals in (
        (Rounding.HALF_EVEN, (57, 86, 56)),
        (Rounding.FLOOR, (57, 85, 57)),
        (Rounding.CEILING, (57, 86, 56)),
    ):
        rules = attrs.evolve(STRICT, id="rounded", rounding=rounding)
        terms = attrs.evolve(make_terms(199, 0, 3), plan=plan)
        assert build_schedule(terms, rules).total_minor == totals


@given(case=planned_cases())
def test_rows_of_every_method_are_those_of_the_definitions(case: Case) -> None:
    terms, rules = case
    assume(has_dates(case))
    event(type(terms.plan.method).__name__)
    expected = rows_or_refusal(case)
    if isinstance(expected, str):
        event(f"refused: {expected}")
        with pytest.raises(ScheduleError) as caught:
            build_schedule(terms, rules)
        assert caught.value.field.startswith(expected)
        return

    schedule = build_schedule(terms, rules)

    rows = installment_rows(schedule)
    assert len(rows) == len(expected)
    for row, one in zip(rows, expected, strict=True):
        assert schedule.principal_minor[row] == one.principal_minor
        assert schedule.interest_minor[row] == one.interest_minor
        assert schedule.capitalized_minor[row] == one.capitalized_minor
        assert schedule.explain(row + 1).interest_exact == one.exact


def interest_of(
    terms: LoanTerms, rules: ScheduleConventions, row: int, start_minor: int
) -> Fraction:
    """Add up the interest of every single day of a period."""
    start_on = bounds_on(terms, rules)[row]
    if row < terms.plan.grace.interest_free_count:
        return Fraction(0)
    shift = dt.timedelta(days=0 if rules.has_interest_on_disbursement_day else 1)
    tranches, total = net_tranches(terms, rules), Fraction(0)
    for number, weight in enumerate(day_weights(terms, rules, row)):
        # The day from the close of this date to that of the next.
        on = start_on + dt.timedelta(days=number)
        balance = start_minor + sum(
            minor for paid_on, minor in tranches if start_on < paid_on <= on
        )
        rate = terms.nominal_rate.annual_fraction
        for change in terms.rate_changes:
            if change.from_on - shift <= on:
                rate = change.nominal_rate.annual_fraction
        for pause in terms.interest_pauses:
            if pause.start_on - shift <= on < pause.end_on - shift:
                rate = Fraction(0)
        total += balance * rate * weight
    return total


def net_tranches(
    terms: LoanTerms, rules: ScheduleConventions
) -> list[tuple[dt.date, int]]:
    """Return what of each later disbursement bears interest, with its day."""
    down = terms.plan.down_payment
    return [
        (on, minor - (0 if down is None else portion_of(down, minor, rules)))
        for on, minor in (
            (part.disbursed_on, part.amount.minor) for part in terms.tranches
        )
    ]


@given(case=changing_cases())
def test_interest_before_rounding_is_that_of_single_days_whatever_changes(
    case: Case,
) -> None:
    terms, rules = kept(case)
    method = terms.plan.method
    assume(not isinstance(method, FlatInterest | Bullet))
    event(type(method).__name__)
    event("per period" if rules.accrual is Accrual.PER_PERIOD else "daily")
    schedule = built((terms, rules))
    bounds = bounds_on(terms, rules)
    tranches = net_tranches(terms, rules)
    first = terms.disbursements[0][1].minor
    down = terms.plan.down_payment
    balance = first - (0 if down is None else portion_of(down, first, rules))
    balance += schedule.financed_fees.minor

    for number, row in enumerate(installment_rows(schedule)):
        start_on, end_on = bounds[number], bounds[number + 1]
        if start_on < end_on:
            balance += sum(minor for on, minor in tranches if on == start_on)
        working = schedule.explain(row + 1)
        exact = interest_of(terms, rules, number, balance)
        assert working.interest_exact == exact
        assert working.interest_exact == sum(part.interest for part in working.slices)
        multiple = rules.currency_multiple
        assert working.interest_minor == to_multiple(exact, multiple, rules)
        balance += sum(minor for on, minor in tranches if start_on < on < end_on)
        balance += schedule.capitalized_minor[row] - schedule.principal_minor[row]
    assert balance == 0


@given(case=changing_cases())
def test_a_bullet_bears_the_interest_of_all_its_days(case: Case) -> None:
    terms, rules = kept(case)
    plan = RepaymentPlan(method=Bullet())
    terms = attrs.evolve(terms, plan=plan)
    schedule = built((terms, rules))
    bounds = bounds_on(terms, rules)
    balance, exact = terms.disbursements[0][1].minor, Fraction(0)

    for number in range(terms.installment_count):
        start_on, end_on = bounds[number], bounds[number + 1]
        tranches = net_tranches(terms, rules)
        if start_on < end_on:
            balance += sum(minor for on, minor in tranches if on == start_on)
        exact += interest_of(terms, rules, number, balance)
        balance += sum(minor for on, minor in tranches if start_on < on < end_on)

    assert schedule.explain(len(schedule)).interest_exact == exact
    rounded = to_multiple(exact, rules.currency_multiple, rules)
    assert schedule.interest_minor[-1] == rounded
    assert schedule.principal_minor[-1] == balance == terms.principal.minor
    assert not any(schedule.total_minor[:-1])
