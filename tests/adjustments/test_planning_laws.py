"""Laws of planning: what comes back, what stays, and that nothing breaks.

Requests are drawn for loans of every repayment method, cycle and arithmetic, in every
state that events lead to. Whatever they are, planning answers: with changes that the
ledger takes and that keep the laws, or with a reason.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Final

import attrs
from hypothesis import assume, given
from hypothesis import strategies as st

from microcrm_core import Frequency, MicrocrmError, Money, Rate
from microcrm_core.adjustments.adjustment_policies import AbsorbedBy
from microcrm_core.adjustments.due_day_moves import moved_dates
from microcrm_core.adjustments.plan_steps import DueDates
from microcrm_core.adjustments.planned_changes import PlannedRequests
from microcrm_core.adjustments.requests import (
    AdjustmentRequest,
    CapitalizeArrears,
    ChangeDueDay,
    ChangeFrequency,
    ChangeRate,
    ExtendTerm,
    MoveDirection,
    PaymentHoliday,
    Prepay,
    ReAge,
    ReAmortize,
    SeasonalPlan,
    ShiftDueDates,
)
from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    RollRule,
    due_dates,
)
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    ArrearsCapitalized,
    Bucket,
    ChargedOff,
    EarlyPayment,
    LedgerEvent,
    LoanAccount,
    LoanState,
    ReAged,
    ReAgedInterest,
    ReAmortized,
    Repaid,
    RowKind,
    Terminated,
    WrittenOff,
)
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    STRICT,
    STRICT_30_360,
    Bullet,
    BusinessDays,
    Collision,
    CustomInstallments,
    CustomPrincipal,
    EqualInstallments,
    EqualPrincipal,
    FlatInterest,
    Grace,
    Graduated,
    InterestDate,
    InterestOnly,
    LoanTerms,
    RepaymentMethod,
    RepaymentPlan,
    ScheduleConventions,
    Seasonal,
    Weighted,
)
from tests.adjustments.planning_cases import (
    EUR,
    TERMS,
    account_of,
    after,
    dates_of,
    day,
    event,
    monthly,
    paid,
    planned,
    totals,
)

DAY: Final = dt.timedelta(days=1)
LEVEL, LAST, COUNT = AbsorbedBy
CYCLES: Final = st.sampled_from(
    [
        Frequency.MONTHLY,
        Frequency.MONTHLY,
        Frequency.WEEKLY,
        Frequency.BIWEEKLY,
        Frequency.SEMIMONTHLY,
        Frequency.QUARTERLY,
        Frequency.of("P10D"),
    ]
)


def require_like(state: LoanState, before: LoanState) -> None:
    """Check that amounts differ by what another level of what is left rounds to."""
    pairs = zip(totals(state), totals(before), strict=True)
    assert all(abs(new - old) <= len(state) for new, old in pairs)
    kept_count = DueDates.of(before).kept_count
    if kept_count == 0:
        assert state.charged_minor == before.charged_minor
    assert totals(state)[:kept_count] == totals(before)[:kept_count]


# What comes back.


@given(
    old_day=st.integers(1, 31),
    new_day=st.integers(1, 31),
    month=st.integers(1, 12),
    as_of_days=st.integers(0, 120),
)
def test_later_and_then_earlier_gives_the_old_dates(
    old_day: int, new_day: int, month: int, as_of_days: int
) -> None:
    # Of two days that a short month may bring together, neither is told from the other.
    assume(max(old_day, new_day) <= 28 or min(old_day, new_day) <= 27)
    first_on = due_dates(
        dt.date(2025, month, 1),
        Frequency.MONTHLY,
        2,
        RollRule(day=old_day),
    )[1]
    assume(first_on.day == old_day)
    account = account_of(terms=monthly(first_on, 6))
    as_of = account.terms.disbursed_on + as_of_days * DAY
    there = ChangeDueDay(day=new_day)
    back = ChangeDueDay(day=old_day, direction=MoveDirection.EARLIER)

    plan = planned(account, [there, back], as_of)

    if old_day == new_day:
        assert plan.refusals[0].code == "adjust_nothing_changes"
        return
    before = account.state(as_of)
    state = after(account, plan, as_of)
    assert dates_of(state) == dates_of(before)
    require_like(state, before)


@given(
    days=st.integers(-40, 40).filter(bool),
    as_of_days=st.integers(0, 150),
    frequency=CYCLES,
    first_days=st.integers(5, 40),
)
def test_a_shift_and_the_one_against_it_give_the_old_dates(
    days: int, as_of_days: int, frequency: Frequency, first_days: int
) -> None:
    terms = attrs.evolve(
        TERMS,
        frequency=frequency,
        first_due_on=TERMS.disbursed_on + first_days * DAY,
    )
    account = account_of(terms=terms)
    as_of = terms.disbursed_on + as_of_days * DAY

    plan = planned(account, [ShiftDueDates(days), ShiftDueDates(-days)], as_of)

    if not plan.refusals:
        before = account.state(as_of)
        state = after(account, plan, as_of)
        assert dates_of(state) == dates_of(before)
        require_like(state, before)


@given(
    count=st.integers(1, 12),
    as_of_days=st.integers(0, 120),
    first_on=st.dates(dt.date(2025, 1, 20), dt.date(2025, 3, 1)),
    frequency=CYCLES,
)
def test_a_longer_term_and_a_shorter_one_give_the_old_loan(
    count: int, as_of_days: int, first_on: dt.date, frequency: Frequency
) -> None:
    terms = attrs.evolve(TERMS, first_due_on=first_on, frequency=frequency)
    account = account_of(terms=terms)
    as_of = terms.disbursed_on + as_of_days * DAY

    plan = planned(account, [ExtendTerm(count), ExtendTerm(-count)], as_of)

    if not plan.refusals:
        before = account.state(as_of)
        state = after(account, plan, as_of)
        assert dates_of(state) == dates_of(before)
        require_like(state, before)


@given(
    number=st.integers(1, 31),
    first_on=st.dates(dt.date(2023, 1, 1), dt.date(2025, 12, 31)),
    direction=st.sampled_from(MoveDirection),
)
def test_a_due_date_moves_less_than_a_month_and_its_own_way(
    number: int, first_on: dt.date, direction: MoveDirection
) -> None:
    request = ChangeDueDay(day=number, direction=direction)
    dates = due_dates(first_on, Frequency.MONTHLY, 14)

    moved = moved_dates(dates, request, Frequency.MONTHLY, dt.date(2000, 1, 1))

    for on in moved:
        next_on = on + DAY
        assert on.day == number or (next_on.day == 1 and on.day < number)
    days = (moved[0] - first_on).days
    assert abs(days) <= 30
    assert days >= 0 or direction is not MoveDirection.LATER
    assert days <= 0 or direction is not MoveDirection.EARLIER
    assert abs(days) <= 16 or direction is not MoveDirection.NEAREST
    months = [12 * on.year + on.month for on in moved]
    assert months == list(range(months[0], months[0] + 14))


@given(
    count=st.integers(1, 6),
    as_of_days=st.integers(0, 110),
    method=st.sampled_from(
        [
            EqualInstallments(),
            EqualPrincipal(),
            InterestOnly(),
            Graduated.of(step_share="0.1", step_count=1),
        ]
    ),
)
def test_a_free_holiday_never_costs_interest_of_its_own(
    count: int, as_of_days: int, method: RepaymentMethod
) -> None:
    terms = attrs.evolve(TERMS, plan=RepaymentPlan(method=method))
    account = account_of(terms=terms, conventions=STRICT)
    as_of = TERMS.disbursed_on + as_of_days * DAY
    request = PaymentHoliday(count=count, is_interest_free=True)

    plan = planned(account, request, as_of)

    before = account.state(as_of)
    place = DueDates.of(before).kept_count
    state = after(account, plan, as_of)
    assert state.rows[place].interest_minor == before.rows[place].interest_minor


# Nothing breaks, whatever the loan.


def methods(count: int) -> st.SearchStrategy[RepaymentMethod]:
    """Draw a method for so many installments of 1,200.00."""
    part_minor = 120_000 // count
    parts = [part_minor] * (count - 1)
    return st.sampled_from(
        [
            EqualInstallments(),
            EqualInstallments(),
            EqualInstallments(),
            EqualPrincipal(),
            InterestOnly(),
            Bullet(),
            Bullet(is_compounded=True),
            FlatInterest(),
            Graduated.of(step_share="0.1", step_count=2),
            Seasonal((1, 1, 2, 2, 1, 1, 1, 2, 3, 1, 1, 1)),
            Weighted(tuple(range(1, count + 1))),
            CustomInstallments(tuple(Money(minor * 11 // 10, EUR) for minor in parts)),
            CustomPrincipal(
                tuple(Money(minor, EUR) for minor in (*parts, 120_000 - sum(parts)))
            ),
        ]
    )


@st.composite
def loan_terms(draw: st.DrawFn) -> LoanTerms:
    """Draw terms of 1,200.00."""
    count = draw(st.integers(1, 6))
    method = draw(methods(count))
    grace_count = 0
    if isinstance(method, EqualInstallments | EqualPrincipal) and count > 1:
        grace_count = draw(st.sampled_from([0, 0, 0, 1]))
    first_on = TERMS.disbursed_on + draw(st.integers(5, 45)) * DAY
    apart = draw(st.sampled_from([None, None, None, 400]))
    return attrs.evolve(
        TERMS,
        nominal_rate=draw(st.sampled_from([Rate.per_year(0), Rate.per_year("0.24")])),
        installment_count=count,
        frequency=draw(CYCLES),
        first_due_on=first_on,
        last_due_on=None if apart is None else TERMS.disbursed_on + apart * DAY,
        plan=RepaymentPlan(method=method, grace=Grace(principal_count=grace_count)),
    )


@st.composite
def conventions(draw: st.DrawFn) -> ScheduleConventions:
    """Draw conventions of every arithmetic."""
    base = draw(st.sampled_from([STRICT, STRICT, STRICT_30_360, FINERACT]))
    base = draw(st.sampled_from([base, base, base, FINERACT_CUMULATIVE]))
    moving = BusinessDays(
        rule=draw(
            st.sampled_from(
                [BusinessDayRule.FOLLOWING, BusinessDayRule.MODIFIED_FOLLOWING]
            )
        ),
        calendar=BusinessCalendar(name="weekends"),
        interest_to=draw(st.sampled_from(InterestDate)),
        collision=draw(st.sampled_from(Collision)),
    )
    return attrs.evolve(
        base,
        id="drawn",
        business_days=draw(st.sampled_from([None, None, moving])),
        roll=draw(
            st.sampled_from([RollRule(), RollRule.of("day_31"), RollRule.END_OF_MONTH])
        ),
    )


@st.composite
def accounts(draw: st.DrawFn) -> LoanAccount:
    """Draw a loan that can be replayed, with payments, and perhaps an end."""
    terms = draw(loan_terms())
    events: list[LedgerEvent] = []
    on = terms.disbursed_on
    for number in range(draw(st.integers(0, 3))):
        on += draw(st.integers(0, 40)) * DAY
        amount = Money(draw(st.sampled_from([1_000, 20_000, 40_000])), EUR)
        events.append(event(Repaid(amount=amount), on, str(number)))
    again = ReAged(
        start_on=on + 20 * DAY, frequency=Frequency.MONTHLY, installment_count=3
    )
    last = draw(
        st.sampled_from(
            [
                *[None] * 9,
                WrittenOff(),
                ChargedOff(),
                Terminated(),
                again,
                ReAmortized(),
                ArrearsCapitalized(),
            ]
        )
    )
    is_disbursed = draw(st.integers(0, 9)) > 0
    if last is not None:
        events.append(event(last, on, "last"))
    lower = attrs.evolve(
        RECALCULATING_LEDGER, early_payment=EarlyPayment.LOWER_INSTALLMENT
    )
    return account_of(
        events if is_disbursed else (),
        terms=terms,
        conventions=draw(conventions()),
        policy=draw(st.sampled_from([PLAIN_LEDGER, RECALCULATING_LEDGER, lower])),
        is_disbursed=is_disbursed,
    )


@st.composite
def any_request(draw: st.DrawFn, as_of: dt.date) -> AdjustmentRequest:
    """Draw any request but a renewal."""
    numbers = st.integers(1, 31)
    directions = st.sampled_from(MoveDirection)
    in_days = st.integers(-2, 40).map(lambda days: as_of + days * DAY)
    weights = st.lists(st.integers(0, 2), min_size=12, max_size=12).filter(any)
    request: AdjustmentRequest = draw(
        st.one_of(
            st.builds(ChangeDueDay, day=numbers, direction=directions),
            st.builds(ChangeDueDay, weekday=st.integers(1, 7), direction=directions),
            st.builds(ShiftDueDates, st.integers(-30, 30).filter(bool)),
            st.builds(
                PaymentHoliday, count=st.integers(1, 3), is_interest_free=st.booleans()
            ),
            st.builds(ExtendTerm, st.integers(-4, 6).filter(bool)),
            st.builds(Prepay, st.sampled_from([None, Money(5_000, EUR)])),
            st.builds(
                ChangeRate,
                st.sampled_from([Rate.per_year(0), Rate.per_year("0.5")]),
                in_days,
            ),
            st.just(CapitalizeArrears()),
            st.builds(
                ReAge,
                start_on=in_days,
                frequency=CYCLES,
                installment_count=st.integers(1, 5),
                interest=st.sampled_from(ReAgedInterest),
            ),
            st.builds(ReAmortize, st.sampled_from(ReAgedInterest)),
            st.builds(ChangeFrequency, frequency=CYCLES),
            st.builds(
                SeasonalPlan, weights.map(lambda some: tuple(map(Fraction, some)))
            ),
        )
    )
    return request


@given(data=st.data(), by=st.sampled_from(AbsorbedBy), as_of_days=st.integers(-3, 130))
def test_planning_answers_with_changes_that_keep_the_laws_or_with_a_reason(
    data: st.DataObject, by: AbsorbedBy, as_of_days: int
) -> None:
    account = data.draw(accounts())
    as_of = TERMS.disbursed_on + as_of_days * DAY
    try:
        before = account.state(as_of)
    except MicrocrmError:
        assume(False)
        raise
    request = data.draw(any_request(as_of))

    plan = planned(account, request, as_of, by=by)

    for reason in (*plan.refusals, *plan.notes):
        assert reason.text("en")
        assert reason.text("zh-CN")
    if plan.refusals:
        assert not plan.changes
        return
    assert plan.changes
    assert all(change.value_on >= as_of for change in plan.changes)
    state = after(account, plan, as_of)
    assert state != before
    dates = DueDates.of(state).on
    assert list(dates) == sorted(set(dates))
    if not isinstance(request, CapitalizeArrears):
        principal_minor = sum(before.charged_minor[Bucket.PRINCIPAL])
        compounds = isinstance(account.terms.plan.method, Bullet)
        assert (
            compounds or sum(state.charged_minor[Bucket.PRINCIPAL]) == principal_minor
        )
    is_exact = account.conventions.arithmetic is STRICT.arithmetic
    # Flat interest is one sum, which another rate or a pause makes anew as a whole; and
    # a rate that is named for a due date bears interest of the night before it.
    is_whole = isinstance(account.terms.plan.method, FlatInterest)
    is_whole = is_whole and isinstance(request, ChangeRate | PaymentHoliday)
    is_of_the_day = isinstance(request, ChangeRate) and request.from_on == as_of
    is_other = isinstance(request, ReAge | ReAmortize | CapitalizeArrears)
    if is_exact and not (is_other or is_whole or is_of_the_day):
        require_kept(account, plan, as_of)


def require_kept(account: LoanAccount, plan: PlannedRequests, as_of: dt.date) -> None:
    """Check that rows which are due by the day are as they were, but for payments."""
    before, state = account.state(as_of), after(account, plan, as_of)
    if not before.disbursements:
        return
    count = sum(row.due_on <= as_of for row in before.rows)
    for old, new in zip(before.rows[:count], state.rows[:count], strict=True):
        assert (old.due_on, old.charged) == (new.due_on, new.charged)


@given(
    text=st.sampled_from(["0", "0.05", "0.12", "0.36", "0.60"]),
    number=st.integers(1, 28),
    count=st.integers(2, 12),
    as_of_days=st.integers(0, 60),
    is_rate=st.booleans(),
    by=st.sampled_from([LAST, COUNT]),
)
def test_installments_that_stay_stay_to_the_cent(
    text: str, number: int, count: int, as_of_days: int, is_rate: bool, by: AbsorbedBy
) -> None:
    account = account_of(
        [paid("50.00", day(1, 20))],
        terms=attrs.evolve(TERMS, installment_count=count),
    )
    as_of = TERMS.disbursed_on + as_of_days * DAY
    request = (
        ChangeRate(Rate.per_year(text), as_of) if is_rate else ChangeDueDay(day=number)
    )

    plan = planned(account, request, as_of, by=by)

    if plan.refusals or plan.notes:
        return
    old = [row for row in account.state(as_of).rows if row.due_on > as_of]
    state = after(account, plan, as_of)
    new = [
        row.principal_minor + row.interest_minor
        for row in state.rows
        if row.due_on > as_of and row.kind is RowKind.REGULAR
    ]
    level_minor = old[0].principal_minor + old[0].interest_minor
    if by is LAST:
        # All of them, but for what comes when nothing more is owed.
        full_count = next(
            (place for place, minor in enumerate(new[:-1]) if minor != level_minor),
            len(old) - 1,
        )
        if full_count < len(old) - 1:
            assert 0 <= new[full_count] < level_minor
        assert new[full_count + 1 :] == [0] * len(new[full_count + 1 :])
        assert len(new) == len(old)
    elif len(old) > 1:
        assert new[:-1] == [level_minor] * (len(new) - 1)
        assert 0 < new[-1] <= level_minor
