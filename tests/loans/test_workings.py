from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import attrs
from hypothesis import assume, event, given
from hypothesis import strategies as st

from microcrm_core import Money, ScheduleError
from microcrm_core.dates import BusinessCalendar, BusinessDayRule, DayCount, Frequency
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    Accrual,
    BusinessDays,
    Collision,
    DaysInMonth,
    DaysInYear,
    EqualInstallments,
    EqualPrincipal,
    FeeTiming,
    FlatInterest,
    Grace,
    InstallmentWorking,
    InterestDate,
    InterestOnly,
    InterestSlice,
    LeapRule,
    Remainder,
    RepaymentMethod,
    RepaymentPlan,
    Schedule,
    ScheduleConventions,
    ShortPeriod,
    SplitDayCount,
    build_schedule,
)
from microcrm_core.loans.periods import ScheduleDates
from microcrm_core.loans.working_parts import (
    AmountRule,
    MoveReason,
    RemainderReason,
)
from microcrm_core.rounding import Rounding, round_fraction
from tests.loans.exact_oracle import portion_of, to_multiple
from tests.loans.fineract_cases import exact_slice_interest
from tests.loans.loan_cases import EUR
from tests.loans.plan_cases import (
    Case,
    changing_cases,
    level_cases,
    rules,
    with_frequency,
)

WEEKEND = BusinessCalendar(name="weekends")
SPLITS = st.builds(
    SplitDayCount,
    days_in_year=st.sampled_from(DaysInYear),
    days_in_month=st.sampled_from(DaysInMonth),
    leap_rule=st.sampled_from(LeapRule),
)
ON_PRINCIPAL = (AmountRule.EQUAL_PRINCIPAL, AmountRule.AGREED_PRINCIPAL)


@st.composite
def wide_rules(draw: st.DrawFn) -> ScheduleConventions:
    """Draw conventions of exact arithmetic with every day count and date rule."""
    business_days = None
    if draw(st.booleans()):
        business_days = BusinessDays(
            rule=draw(st.sampled_from(BusinessDayRule)),
            calendar=WEEKEND,
            interest_to=draw(st.sampled_from(InterestDate)),
            collision=draw(st.sampled_from(Collision)),
        )
    day_counts: list[DayCount] = [
        one for one in DayCount if one is not DayCount.BUS_252
    ]
    if business_days is not None:
        day_counts.append(DayCount.BUS_252)
    return attrs.evolve(
        draw(rules()),
        day_count=draw(st.sampled_from(day_counts) | SPLITS),
        accrual=draw(st.sampled_from(Accrual)),
        short_period=draw(st.sampled_from(ShortPeriod)),
        business_days=business_days,
    )


@st.composite
def wide_cases(draw: st.DrawFn) -> Case:
    """Draw loans of every method under every convention of exact arithmetic."""
    terms, _ = draw(st.one_of(level_cases(), changing_cases()))
    if draw(st.booleans()):
        step = st.sampled_from((Frequency.DAILY, Frequency.of("P10D")))
        terms = with_frequency(terms, draw(step))
    return terms, draw(wide_rules())


@st.composite
def fineract_cases(draw: st.DrawFn) -> Case:
    """Draw loans that the engines of Apache Fineract know."""
    terms, conventions = draw(changing_cases())
    is_progressive = draw(st.booleans())
    count, plan = terms.installment_count, terms.plan
    preset = FINERACT if is_progressive else FINERACT_CUMULATIVE
    methods: tuple[RepaymentMethod, ...] = (
        (EqualInstallments(), InterestOnly())
        if is_progressive
        else (EqualInstallments(), EqualPrincipal(), FlatInterest())
    )
    down = plan.down_payment
    plan = RepaymentPlan(
        method=draw(st.sampled_from(methods)),
        grace=Grace(principal_count=draw(st.integers(0, min(3, count - 1)))),
        down_payment=down if down is None or down.share is not None else None,
        fees=tuple(fee for fee in plan.fees if fee.timing is not FeeTiming.FINANCED),
    )
    # That engine refuses what begins after its last due date.
    last_on = ScheduleDates.of(terms, conventions).due_on[-1]
    changes = [one for one in terms.rate_changes if one.from_on <= last_on]
    terms = attrs.evolve(
        terms,
        plan=plan,
        rate_changes=tuple(changes) if is_progressive else (),
        interest_pauses=terms.interest_pauses if is_progressive else (),
    )
    remainders = (Remainder.LAST, Remainder.SMOOTHED)
    shorts = (ShortPeriod.BY_DAYS, ShortPeriod.WHOLE_PERIOD)
    return terms, attrs.evolve(
        preset,
        roll=conventions.roll,
        day_count=draw(SPLITS),
        rounding=conventions.rounding,
        installment_multiple=draw(st.sampled_from((1, 1, 10, 100))),
        remainder=draw(
            st.sampled_from(remainders if is_progressive else (Remainder.LAST,))
        ),
        accrual=Accrual.DAILY if is_progressive else draw(st.sampled_from(Accrual)),
        short_period=ShortPeriod.BY_DAYS
        if is_progressive
        else draw(st.sampled_from(shorts)),
        has_interest_on_disbursement_day=conventions.has_interest_on_disbursement_day,
    )


def built(case: Case) -> Schedule:
    """Return the schedule; drop the example if the terms allow none."""
    try:
        return build_schedule(*case)
    except ScheduleError as error:
        event(str(error).partition("(")[0])
        assume(False)
        raise


def singles(workings: list[InstallmentWorking]) -> Iterator[InstallmentWorking]:
    """Yield the installments, those that are due as one included one by one."""
    for working in workings:
        if working.amount_rule is not AmountRule.DOWN_PAYMENT:
            yield from working.parts or (working,)


def moved(working: InstallmentWorking, *reasons: MoveReason) -> int:
    """Return how much interest moves for these reasons."""
    return sum(one.amount_minor for one in working.moves if one.reason in reasons)


def assert_interest_leads(
    working: InstallmentWorking, conventions: ScheduleConventions
) -> None:
    """From slices to what they come to, to what is rounded, to what is due."""
    exact = sum((part.interest for part in working.slices), Fraction(0))
    assert exact == working.interest_exact
    assert working.rounding is conventions.rounding
    assert working.rounding_multiple_minor == conventions.currency_multiple
    rounded = to_multiple(exact, working.rounding_multiple_minor, conventions)
    if any(part.interest_minor is not None for part in working.slices):
        each = [part.interest_minor for part in working.slices]
        assert each == [
            to_multiple(part.interest, 1, conventions) for part in working.slices
        ]
        assert working.interest_minor == sum(filter(None, each))
    elif working.share is not None:
        assert working.share.whole_minor == rounded
        assert working.share.minor == working.interest_minor
        assert working.rounded_minor == rounded - exact
    else:
        assert working.interest_minor == rounded
        assert working.rounded_minor == rounded - exact
    assert all(move.amount_minor > 0 for move in working.moves)
    assert working.interest_due_minor == (
        working.interest_minor
        + working.due_from_before_minor
        - working.put_off_minor
        - working.capitalized_minor
    )


def assert_amount_leads(working: InstallmentWorking) -> None:
    """From the equal or agreed amount, by the remainder, to what is paid."""
    amount_minor = working.equal_minor
    if amount_minor is None:
        amount_minor = working.agreed_minor
    assert (working.equal_minor is None) or (working.agreed_minor is None)
    if amount_minor is None:
        assert working.remainder_minor is None
        assert working.balloon_minor == 0
        if working.amount_rule is AmountRule.NO_PRINCIPAL:
            assert working.principal_minor == 0
    else:
        assert working.remainder_minor is not None
        paid_minor = working.principal_minor
        if working.amount_rule not in ON_PRINCIPAL:
            paid_minor += working.interest_due_minor - working.put_off_due_minor
        assert paid_minor == (
            amount_minor + working.balloon_minor + working.remainder_minor
        )
    assert (working.remainder_reason is None) == (not working.remainder_minor)
    assert (working.weight is None) == (working.level_minor is None)
    if working.weight is not None and working.level_minor is not None:
        exact = working.weight * working.level_minor
        multiple = working.equal_multiple_minor
        assert working.equal_minor == round_to(exact, multiple, working.rounding)
    assert sum(fee.amount_minor for fee in working.fees) == working.fees_minor


def round_to(exact: Fraction, multiple: int, rounding: Rounding) -> int:
    """Round to a multiple, as the conventions of a working say."""
    return round_fraction(exact / multiple, rounding) * multiple


def assert_lent_leads(working: InstallmentWorking, schedule: Schedule) -> None:
    """From what is paid out, and fees that join it, to what bears interest first."""
    terms, lent = schedule.terms, working.lent
    is_financed = any(fee.timing is FeeTiming.FINANCED for fee in terms.plan.fees)
    is_first = bool(working.slices) and (
        working.slices[0].start_on == terms.disbursed_on
    )
    assert (lent is not None) == (is_financed and is_first)
    if lent is not None:
        event("lent")
        assert working.slices[0].balance_minor == lent.balance_minor
        fees_minor = sum(fee.amount_minor for fee in lent.fees)
        assert fees_minor == schedule.financed_fees.minor


def assert_slices_lead(working: InstallmentWorking) -> None:
    """Days follow each other, and each bears its balance times its factor."""
    for before, after in zip(working.slices, working.slices[1:], strict=False):
        assert before.end_on == after.start_on
    for part in working.slices:
        assert part.days == (part.end_on - part.start_on).days
        if part.year_fraction is not None:
            assert part.factor == part.annual_rate * part.year_fraction
            assert part.interest == part.balance_minor * part.factor
            if part.year_parts:
                counted = sum((one.fraction for one in part.year_parts), Fraction(0))
                assert counted == part.year_fraction
        if part.factor_to_due is not None and part.period_count is not None:
            assert_period_counts(part)


def assert_period_counts(part: InterestSlice) -> None:
    """The period's months of 30 days, by its days, make the factor to the due date."""
    period, days_to_due = part.period_count, part.days_to_due
    assert period is not None
    assert days_to_due is not None
    unit_days = {"month": 30, "week": 7, "day": 1}[period.unit]
    counted = part.annual_rate * unit_days * period.count * days_to_due / period.days
    # Up to six numbers of 19 digits were rounded on the way.
    assert any(
        abs(counted / year_days - (part.factor_to_due or 0)) < Fraction(1, 10**17)
        for year_days in (360, 364, 365, 366)
    )


def assert_total_is_said(working: InstallmentWorking) -> None:
    """The text ends with the total of the row."""
    *_, last = str(working).splitlines()
    total = Money(working.total_minor, EUR).amount
    assert last.rpartition(" = ")[2] == str(total)


@given(case=wide_cases())
def test_the_figures_of_a_working_lead_to_its_row(case: Case) -> None:
    terms, conventions = case
    schedule = built(case)
    workings = [schedule.explain(n + 1) for n in range(len(schedule))]
    event(type(terms.plan.method).__name__)

    for row, working in enumerate(workings):
        assert working.number == row + 1
        assert working.due_on == schedule.due_on[row]
        assert working.principal_minor == schedule.principal_minor[row]
        assert working.interest_due_minor == schedule.interest_minor[row]
        assert working.capitalized_minor == schedule.capitalized_minor[row]
        assert working.fees_minor == schedule.fees_minor[row]
        assert working.total_minor == schedule.total_minor[row]
        assert (
            working.amount_rule is AmountRule.DOWN_PAYMENT
        ) == schedule.is_down_payment[row]
        for part in working.parts or (working,):
            assert_interest_leads(part, conventions)
            assert_amount_leads(part)
            assert_slices_lead(part)
            assert_lent_leads(part, schedule)
            moved_from_on = part.moved_from_on or part.due_on
            assert (part.due_on != moved_from_on) == (part.moved_from_on is not None)
        assert_total_is_said(working)


@given(case=wide_cases())
def test_rows_that_are_due_as_one_are_the_sums_of_their_parts(case: Case) -> None:
    terms, conventions = case
    terms = with_frequency(terms, Frequency.DAILY)
    business_days = BusinessDays(
        rule=BusinessDayRule.FOLLOWING,
        calendar=WEEKEND,
        interest_to=InterestDate.ORIGINAL,
        collision=Collision.MERGED,
    )
    conventions = attrs.evolve(conventions, business_days=business_days)
    schedule = built((terms, conventions))
    workings = [schedule.explain(n + 1) for n in range(len(schedule))]
    rows = list(singles(workings))

    assert len(rows) == terms.installment_count
    for number, row in enumerate(rows, start=1):
        assert row in workings or row.number == number
    for working in workings:
        parts = working.parts
        if not parts:
            continue
        event("merged")
        assert {part.due_on for part in parts} == {working.due_on}
        assert len(parts) > 1
        for name in (
            "interest_minor", "interest_due_minor", "principal_minor", "fees_minor",
            "due_from_before_minor", "put_off_minor", "capitalized_minor",
        ):  # fmt: skip
            assert getattr(working, name) == sum(getattr(one, name) for one in parts)
        exact = sum((one.interest for one in working.slices), Fraction(0))
        assert working.interest_exact == exact
        if parts[0].share is None:
            assert exact == sum((one.interest_exact for one in parts), Fraction(0))


@given(case=wide_cases())
def test_interest_that_moves_away_comes_back(case: Case) -> None:
    schedule = built(case)
    workings = [schedule.explain(n + 1) for n in range(len(schedule))]
    rows = list(singles(workings))
    put_off = (MoveReason.PUT_OFF_TO_FIRST, MoveReason.PUT_OFF_TO_LAST)

    assert sum(moved(row, *put_off) for row in rows) == sum(
        moved(row, MoveReason.DUE_AFTER_GRACE) for row in rows
    )
    left = [moved(row, MoveReason.LEFT_OVER) for row in rows]
    came = [moved(row, MoveReason.LEFT_BEFORE) for row in rows]
    assert [0, *left] == [*came, 0]
    for row in rows[:-1]:
        assert not moved(row, MoveReason.DUE_AFTER_GRACE) or not any(
            moved(one, MoveReason.PUT_OFF_TO_LAST) for one in rows
        )
    if any(left):
        event("left over")


@given(case=wide_cases())
def test_a_remainder_is_where_its_reason_says(case: Case) -> None:
    terms, conventions = case
    schedule = built(case)
    workings = [schedule.explain(n + 1) for n in range(len(schedule))]
    rows = list(singles(workings))
    balloon = terms.plan.balloon
    planned_minor = 0
    if balloon is not None:
        planned_minor = portion_of(balloon, terms.principal.minor, conventions)

    assert [row.balloon_minor for row in rows] == [0] * (len(rows) - 1) + [
        planned_minor
    ]
    for row in rows:
        reason = row.remainder_reason
        event(str(reason))
        if row.equal_minor is not None:
            assert row.equal_minor % row.equal_multiple_minor == 0
        assert (reason is RemainderReason.LAST) <= (row is rows[-1])
        if reason is RemainderReason.FIRST:
            assert conventions.remainder is Remainder.FIRST
    for position, working in enumerate(workings):
        if working.remainder_reason is RemainderReason.ALL_LEFT:
            assert working.remainder_minor is not None
            assert working.remainder_minor < 0
            assert schedule.outstanding_minor[position] == planned_minor


@given(case=fineract_cases())
def test_the_figures_of_that_engine_lead_to_its_rows(case: Case) -> None:
    terms, conventions = case
    schedule = built(case)
    workings = [schedule.explain(n + 1) for n in range(len(schedule))]
    event(f"{conventions.arithmetic}, {type(terms.plan.method).__name__}")

    for row, working in enumerate(workings):
        assert working.number == row + 1
        assert working.due_on == schedule.due_on[row]
        assert working.principal_minor == schedule.principal_minor[row]
        assert working.interest_due_minor == schedule.interest_minor[row]
        assert working.fees_minor == schedule.fees_minor[row]
        assert working.total_minor == schedule.total_minor[row]
        assert_interest_leads(working, conventions)
        assert_amount_leads(working)
        assert_slices_lead(working)
        assert_total_is_said(working)
        if working.remainder_reason is RemainderReason.ALL_LEFT:
            assert working.remainder_minor is not None
            assert working.remainder_minor < 0
            assert schedule.outstanding_minor[row] == 0
        for part in working.slices:
            exact = part.balance_minor * part.factor
            if part.factor_to_due is not None:
                assert part.days_to_due is not None
                to_due = Decimal(part.factor_to_due.numerator) / Decimal(
                    part.factor_to_due.denominator
                )
                exact = exact_slice_interest(
                    part.balance_minor, to_due, part.days, part.days_to_due
                )
            assert abs(part.interest - exact) <= exact / 10**17
    left = [moved(one, MoveReason.LEFT_OVER) for one in singles(workings)]
    came = [moved(one, MoveReason.LEFT_BEFORE) for one in singles(workings)]
    assert [0, *left] == [*came, 0]
    if any(left):
        event("left over")
    if isinstance(terms.plan.method, InterestOnly):
        assert {one.equal_minor for one in workings} == {None}
        assert workings[-1].amount_rule is AmountRule.ALL_LEFT
    elif not terms.tranches and not terms.rate_changes:
        assert len({one.equal_minor for one in workings} - {None}) == 1
    if isinstance(terms.plan.method, FlatInterest):
        shares = [one.share for one in singles(workings)]
        assert all(share is not None for share in shares)
        assert {share.whole_minor for share in shares if share is not None} == {
            sum(share.minor for share in shares if share is not None)
        }
