"""Requests that move due dates: examples worked by hand on the calendar."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from microcrm_core import Frequency, Money, Rate
from microcrm_core.adjustments.requests import (
    AdjustmentRequest,
    ChangeDueDay,
    ChangeFrequency,
    ChangeRate,
    ExtendTerm,
    MoveDirection,
    PaymentHoliday,
    ShiftDueDates,
)
from microcrm_core.dates import BusinessCalendar, BusinessDayRule, RollRule
from microcrm_core.ledger import (
    DueDateChanged,
    HolidayGranted,
    InterestPaused,
    Replanned,
    TermChanged,
)
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    STRICT,
    STRICT_30_360,
    Accrual,
    BusinessDays,
    Collision,
    CustomInstallments,
    EqualInstallments,
    InterestDate,
    LoanTerms,
    RepaymentPlan,
    Weighted,
)
from tests.adjustments.planning_cases import (
    EUR,
    TERMS,
    account_of,
    after,
    code_of,
    dates_of,
    day,
    monthly,
    paid,
    planned,
    totals,
)

EARLIER, NEAREST = MoveDirection.EARLIER, MoveDirection.NEAREST
FROM_JANUARY_31 = monthly(day(1, 31), 6)
WEEKENDS = BusinessDays(
    rule=BusinessDayRule.FOLLOWING,
    calendar=BusinessCalendar(name="weekends"),
    interest_to=InterestDate.ORIGINAL,
    collision=Collision.KEPT,
)
AT_WEEKENDS = attrs.evolve(STRICT_30_360, id="weekends", business_days=WEEKENDS)


def moved(terms: LoanTerms, request: AdjustmentRequest, as_of: dt.date) -> list[str]:
    account = account_of(terms=terms)

    return dates_of(after(account, planned(account, request, as_of), as_of))


# Another day of the month.


def test_the_31st_goes_to_the_15th_and_comes_back_with_its_month_ends() -> None:
    account, as_of = account_of(terms=FROM_JANUARY_31), day(2, 10)
    to_15 = ChangeDueDay(day=15)
    back = ChangeDueDay(day=31, direction=EARLIER)

    there = planned(account, to_15, as_of)
    and_back = planned(account, [to_15, back], as_of)

    assert dates_of(after(account, there, as_of)) == [
        "2025-01-31",
        "2025-03-15",
        "2025-04-15",
        "2025-05-15",
        "2025-06-15",
        "2025-07-15",
    ]
    assert dates_of(after(account, and_back, as_of)) == [
        "2025-01-31",
        "2025-02-28",
        "2025-03-31",
        "2025-04-30",
        "2025-05-31",
        "2025-06-30",
    ]
    # The second move sets right what a short month has cut.
    assert [change.what for change in and_back.changes] == [
        DueDateChanged(day(2, 28), day(3, 15)),
        DueDateChanged(day(3, 15), day(2, 28)),
        DueDateChanged(day(3, 28), day(3, 31)),
    ]


def test_a_longer_term_knows_the_31st_again() -> None:
    account, as_of = account_of(terms=FROM_JANUARY_31), day(2, 10)
    back = ChangeDueDay(day=31, direction=EARLIER)
    plan = planned(account, [ChangeDueDay(day=15), back, ExtendTerm(1)], as_of)

    assert dates_of(after(account, plan, as_of))[-2:] == ["2025-06-30", "2025-07-31"]


def test_february_of_a_leap_year_takes_the_30th_on_its_29th() -> None:
    terms = monthly(dt.date(2024, 1, 15), 4)

    dates = moved(terms, ChangeDueDay(day=30), dt.date(2024, 2, 1))

    assert dates == ["2024-01-15", "2024-02-29", "2024-03-30", "2024-04-30"]


def test_earlier_goes_to_the_last_such_day_before_it() -> None:
    dates = moved(TERMS, ChangeDueDay(day=10, direction=EARLIER), day(2, 20))

    assert dates == ["2025-02-15", "2025-03-10", "2025-04-10", "2025-05-10"]


@pytest.mark.parametrize(
    ("number", "first_on"),
    [
        (20, "2025-03-20"),
        (10, "2025-03-10"),
        # February 28 is 15 days before March 15, March 31 is 16 after it.
        (31, "2025-02-28"),
        # March 1 is 14 days before, April 1 is 17 after.
        (1, "2025-03-01"),
    ],
)
def test_nearest_takes_the_nearer_of_the_two(number: int, first_on: str) -> None:
    request = ChangeDueDay(day=number, direction=NEAREST)

    assert moved(TERMS, request, day(2, 20))[1] == first_on


def test_of_two_days_as_near_the_later_is_taken() -> None:
    # June 1 is 15 days before June 16, July 1 is 15 days after it.
    terms = monthly(day(5, 16), 3)

    dates = moved(terms, ChangeDueDay(day=1, direction=NEAREST), day(5, 20))

    assert dates == ["2025-05-16", "2025-07-01", "2025-08-01"]


def test_nearest_takes_the_later_day_where_the_nearer_one_has_passed() -> None:
    request = ChangeDueDay(day=10, direction=NEAREST)

    assert moved(TERMS, request, day(3, 12))[1] == "2025-04-10"


def test_a_day_before_the_plan_is_refused_when_it_is_asked_for() -> None:
    request = ChangeDueDay(day=10, direction=EARLIER)
    plan = planned(account_of(), request, day(3, 12))

    assert code_of(plan) == "adjust_date_in_the_past"
    assert plan.refusals[0].params == {"on": day(3, 10), "after_on": day(3, 12)}


def test_a_date_stays_after_the_one_that_stays_before_it() -> None:
    request = ChangeDueDay(day=14, direction=EARLIER, from_on=day(4, 15))

    # April 14 lies after March 15; February 14 would not.
    assert moved(TERMS, request, day(2, 1))[1:3] == ["2025-03-15", "2025-04-14"]
    short = attrs.evolve(TERMS, first_due_on=day(1, 20))
    plan = planned(
        account_of(terms=short), ChangeDueDay(day=14, direction=EARLIER), day(1, 10)
    )
    assert code_of(plan) == "adjust_date_in_the_past"


def test_dates_before_the_one_that_is_named_stay() -> None:
    request = ChangeDueDay(day=20, from_on=day(4, 15))
    account, as_of = account_of(), day(2, 1)
    plan = planned(account, request, as_of)

    dates = dates_of(after(account, plan, as_of))

    assert dates == ["2025-02-15", "2025-03-15", "2025-04-20", "2025-05-20"]
    assert [change.what for change in plan.changes] == [
        DueDateChanged(day(4, 15), day(4, 20))
    ]


def test_the_day_that_it_is_already_changes_nothing() -> None:
    assert (
        code_of(planned(account_of(), ChangeDueDay(day=15), day(2, 1)))
        == "adjust_nothing_changes"
    )
    account = account_of(terms=FROM_JANUARY_31)
    plan = planned(account, ChangeDueDay(day=31), day(2, 10))
    assert code_of(plan) == "adjust_nothing_changes"


def test_february_28_of_a_28th_becomes_a_month_end_without_moving_itself() -> None:
    terms = monthly(day(1, 28), 4)

    dates = moved(terms, ChangeDueDay(day=31), day(2, 10))

    assert dates == ["2025-01-28", "2025-02-28", "2025-03-31", "2025-04-30"]


def test_every_other_month_of_a_31st_is_set_right_month_by_month() -> None:
    terms = attrs.evolve(TERMS, frequency=Frequency.of("P2M"))
    account, as_of = account_of(terms=terms), day(2, 1)
    plan = planned(account, ChangeDueDay(day=31), as_of)

    dates = dates_of(after(account, plan, as_of))

    assert dates == ["2025-02-28", "2025-04-30", "2025-06-30", "2025-08-31"]
    assert [type(change.what) for change in plan.changes] == [DueDateChanged] * 3


def test_a_loan_whose_dates_roll_to_month_ends_leaves_them_for_the_15th() -> None:
    ends = attrs.evolve(STRICT, id="ends", roll=RollRule.END_OF_MONTH)
    terms = monthly(day(1, 31), 7)
    account, as_of = account_of(terms=terms, conventions=ends), day(2, 10)
    plan = planned(account, ChangeDueDay(day=15), as_of)

    dates = dates_of(after(account, plan, as_of))

    assert dates[1:] == [f"2025-{month:02}-15" for month in range(3, 9)]


def test_half_months_keep_to_the_day_and_the_one_15_days_from_it() -> None:
    terms = attrs.evolve(TERMS, frequency=Frequency.SEMIMONTHLY, first_due_on=day(2, 1))

    # From 1 and 16 to 10 and 25.
    dates = moved(terms, ChangeDueDay(day=10), day(2, 5))

    assert dates == ["2025-02-01", "2025-02-25", "2025-03-10", "2025-03-25"]


def test_quarters_keep_their_months_or_go_into_the_next_ones() -> None:
    terms = attrs.evolve(TERMS, frequency=Frequency.QUARTERLY, first_due_on=day(2, 20))

    later = moved(terms, ChangeDueDay(day=5), day(2, 1))
    earlier = moved(terms, ChangeDueDay(day=5, direction=EARLIER), day(2, 1))

    assert later == ["2025-03-05", "2025-06-05", "2025-09-05", "2025-12-05"]
    assert earlier == ["2025-02-05", "2025-05-05", "2025-08-05", "2025-11-05"]


# Another day of the week.


@pytest.mark.parametrize("frequency", [Frequency.WEEKLY, Frequency.of("P7D")])
def test_a_week_moves_to_the_next_friday(frequency: Frequency) -> None:
    # February 19, 2025 is a Wednesday.
    terms = attrs.evolve(TERMS, frequency=frequency, first_due_on=day(2, 19))

    later = moved(terms, ChangeDueDay(weekday=5), day(2, 20))
    earlier = moved(terms, ChangeDueDay(weekday=5, direction=EARLIER), day(2, 20))
    monday = moved(terms, ChangeDueDay(weekday=1, direction=NEAREST), day(2, 20))

    assert later == ["2025-02-19", "2025-02-28", "2025-03-07", "2025-03-14"]
    assert earlier == ["2025-02-19", "2025-02-21", "2025-02-28", "2025-03-07"]
    assert monday == ["2025-02-19", "2025-02-24", "2025-03-03", "2025-03-10"]


@pytest.mark.parametrize(
    ("text", "request_", "code"),
    [
        ("monthly", ChangeDueDay(weekday=5), "adjust_not_weekly"),
        ("semimonthly", ChangeDueDay(weekday=5), "adjust_not_weekly"),
        ("P10D", ChangeDueDay(weekday=5), "adjust_not_weekly"),
        ("weekly", ChangeDueDay(day=5), "adjust_not_monthly"),
        ("P10D", ChangeDueDay(day=5), "adjust_not_monthly"),
    ],
)
def test_a_day_that_does_not_fit_the_cycle_is_refused(
    text: str, request_: ChangeDueDay, code: str
) -> None:
    terms = attrs.evolve(TERMS, frequency=Frequency.of(text))

    assert code_of(planned(account_of(terms=terms), request_, day(2, 1))) == code


# Dates that were agreed apart.


def test_a_last_date_that_was_agreed_apart_stays() -> None:
    terms = attrs.evolve(TERMS, last_due_on=day(6, 10))

    assert moved(terms, ChangeDueDay(day=20), day(2, 20)) == [
        "2025-02-15",
        "2025-03-20",
        "2025-04-20",
        "2025-06-10",
    ]
    assert moved(terms, ShiftDueDates(5), day(2, 20))[-1] == "2025-06-15"


def test_a_last_date_that_was_agreed_apart_moves_where_it_is_the_one() -> None:
    terms = attrs.evolve(TERMS, last_due_on=day(6, 10))

    assert moved(terms, ChangeDueDay(day=20), day(4, 20))[-1] == "2025-06-20"


def test_dates_that_were_agreed_one_by_one_move_one_by_one() -> None:
    dates = (day(2, 3), day(3, 20), day(7, 9), day(11, 30))
    terms = attrs.evolve(TERMS, first_due_on=dates[0], due_on=dates)

    assert moved(terms, ChangeDueDay(day=15), day(2, 10)) == [
        "2025-02-03",
        "2025-04-15",
        "2025-07-15",
        "2025-12-15",
    ]


def test_dates_that_would_meet_are_refused() -> None:
    dates = (day(2, 3), day(3, 3), day(3, 9), day(11, 30))
    terms = attrs.evolve(TERMS, first_due_on=dates[0], due_on=dates)

    plan = planned(account_of(terms=terms), ChangeDueDay(day=15), day(2, 10))

    assert code_of(plan) == "adjust_dates_meet"
    assert plan.refusals[0].params == {"on": day(3, 15), "before_on": day(3, 15)}


# Which due date is meant.


@pytest.mark.parametrize(
    "request_",
    [
        ChangeDueDay(day=20, from_on=day(3, 14)),
        ShiftDueDates(3, day(3, 14)),
        PaymentHoliday(count=1, from_on=day(3, 14)),
    ],
)
def test_a_day_that_is_no_due_date_is_refused(request_: AdjustmentRequest) -> None:
    plan = planned(account_of(), request_, day(2, 1))

    assert code_of(plan) == "adjust_no_such_due_date"
    assert plan.refusals[0].params["last_due_on"] == day(5, 15)


def test_what_is_due_on_the_day_stays() -> None:
    request = ShiftDueDates(3, day(2, 15))

    assert code_of(planned(account_of(), request, day(2, 15))) == "adjust_due_already"
    assert moved(TERMS, request, day(2, 14))[0] == "2025-02-18"


@pytest.mark.parametrize(
    "request_",
    [
        ChangeDueDay(day=20),
        ShiftDueDates(3),
        PaymentHoliday(count=1),
        ExtendTerm(1),
    ],
)
def test_after_the_last_due_date_no_date_is_to_come(
    request_: AdjustmentRequest,
) -> None:
    plan = planned(account_of(), request_, day(5, 15))

    assert code_of(plan) == "adjust_no_due_date_to_come"
    assert plan.refusals[0].params == {"last_due_on": day(5, 15)}


def test_a_due_date_may_be_named_by_its_business_day() -> None:
    # February 15 and March 15, 2025 are Saturdays, due on the Mondays after them.
    account, as_of = account_of(conventions=AT_WEEKENDS), day(2, 20)

    plan = planned(account, ShiftDueDates(7, day(3, 17)), as_of)

    state = after(account, plan, as_of)
    assert dates_of(state)[:2] == ["2025-02-15", "2025-03-22"]
    assert state.rows[1].due_on == day(3, 24)


def test_what_waits_for_its_business_day_is_still_to_come() -> None:
    account = account_of(conventions=AT_WEEKENDS)

    plan = planned(account, ChangeDueDay(day=20), day(2, 16))

    assert dates_of(after(account, plan, day(2, 16)))[0] == "2025-02-20"


# Shifted.


def test_all_dates_to_come_move_by_the_same_days_and_back() -> None:
    account, as_of = account_of(terms=FROM_JANUARY_31), day(2, 10)

    plan = planned(account, ShiftDueDates(3), as_of)
    both = planned(account, [ShiftDueDates(3), ShiftDueDates(-3)], as_of)

    assert dates_of(after(account, plan, as_of))[1:] == [
        "2025-03-03",
        "2025-04-03",
        "2025-05-03",
        "2025-06-03",
        "2025-07-03",
    ]
    assert dates_of(after(account, both, as_of)) == dates_of(account.state(as_of))
    assert isinstance(plan.changes[0].what, Replanned)


def test_a_shift_into_the_past_or_onto_what_stays_is_refused() -> None:
    account = account_of()

    assert code_of(planned(account, ShiftDueDates(-23), day(2, 20))) == (
        "adjust_date_in_the_past"
    )
    assert moved(TERMS, ShiftDueDates(-22), day(2, 20))[1] == "2025-02-21"
    late = planned(account, ShiftDueDates(-59, day(4, 15)), day(2, 1))
    assert code_of(late) == "adjust_date_in_the_past"
    assert late.refusals[0].params["after_on"] == day(3, 15)


def test_dates_beyond_the_calendar_are_refused() -> None:
    year = 9999
    terms = attrs.evolve(
        TERMS,
        disbursed_on=day(1, 15, year),
        first_due_on=day(9, 15, year),
        plan=RepaymentPlan(method=CustomInstallments((Money.of("350", EUR),) * 3)),
    )
    account = account_of(terms=terms)

    longer = planned(account, ExtendTerm(1), day(2, 1, year))
    assert code_of(longer) == "adjust_leaves_calendar"
    yearly = ChangeFrequency(frequency=Frequency.YEARLY, installment_count=2)
    assert code_of(planned(account, yearly, day(2, 1, year))) == (
        "adjust_leaves_calendar"
    )

    assert code_of(planned(account, ShiftDueDates(30), day(2, 1, year))) == (
        "adjust_leaves_calendar"
    )
    assert code_of(planned(account, ChangeDueDay(day=10), day(2, 1, year))) == (
        "adjust_leaves_calendar"
    )


def test_arithmetic_of_fineract_moves_dates_as_a_series_only() -> None:
    account = account_of(conventions=FINERACT)

    series = planned(account, ShiftDueDates(5), day(2, 1))
    # To February 23, March 26, April 25, May 26 and June 25, which are no series.
    ends = planned(
        account_of(terms=FROM_JANUARY_31, conventions=FINERACT),
        ShiftDueDates(-5),
        day(2, 10),
    )

    assert [change.what for change in series.changes] == [
        DueDateChanged(day(2, 15), day(2, 20))
    ]
    assert code_of(ends) == "adjust_not_by_exact_arithmetic"
    assert ends.refusals[0].params["arithmetic"] == "fineract_progressive"


def test_what_an_engine_does_not_know_is_refused_by_the_ledger() -> None:
    account = account_of(conventions=FINERACT_CUMULATIVE)

    plan = planned(account, ChangeRate(Rate.per_year("0.12")), day(2, 1))

    assert code_of(plan) == "adjust_not_with_engine"
    assert plan.refusals[0].params["arithmetic"] == "fineract_cumulative"


# Holidays.


def test_a_holiday_moves_all_dates_on_by_its_periods() -> None:
    account, as_of = account_of([paid("315.15", day(2, 15))]), day(2, 20)

    plan = planned(account, PaymentHoliday(count=2), as_of)

    state = after(account, plan, as_of)
    assert dates_of(state)[1:] == ["2025-05-15", "2025-06-15", "2025-07-15"]
    assert state.rows[1].interest_minor == 54_53  # As the recipe of the ledger has it.
    assert [change.what for change in plan.changes] == [HolidayGranted(day(3, 15), 2)]


def test_a_holiday_free_of_interest_costs_the_interest_of_one_period() -> None:
    account, as_of = account_of([paid("315.15", day(2, 15))]), day(2, 20)
    before = account.state(as_of)
    request = PaymentHoliday(count=2, is_interest_free=True)

    plan = planned(account, request, as_of)

    # 908.85 at 2 % for the month up to March 15, and nothing up to May 15.
    state = after(account, plan, as_of)
    assert state.rows[1].interest_minor == before.rows[1].interest_minor == 18_18
    assert [(change.what, change.value_on) for change in plan.changes] == [
        (HolidayGranted(day(3, 15), 2), as_of),
        (InterestPaused(day(5, 15)), day(3, 16)),
    ]


def test_free_days_begin_with_the_due_date_where_the_first_day_bears_interest() -> None:
    first = attrs.evolve(STRICT, id="first", has_interest_on_disbursement_day=True)
    account, as_of = account_of(conventions=first), day(2, 20)
    before = account.state(as_of)

    plan = planned(account, PaymentHoliday(count=1, is_interest_free=True), as_of)

    state = after(account, plan, as_of)
    assert state.rows[1].interest_minor == before.rows[1].interest_minor
    assert (plan.changes[1].what, plan.changes[1].value_on) == (
        InterestPaused(day(4, 14)),
        day(3, 15),
    )


def test_free_days_follow_the_interest_to_a_business_day() -> None:
    moving = attrs.evolve(
        AT_WEEKENDS,
        id="moving",
        business_days=attrs.evolve(WEEKENDS, interest_to=InterestDate.MOVED),
    )
    account, as_of = account_of(conventions=moving), day(2, 20)
    before = account.state(as_of)

    plan = planned(account, PaymentHoliday(count=1, is_interest_free=True), as_of)

    # Interest runs to Monday, March 17; the next one ends on Tuesday, April 15.
    assert (plan.changes[1].what, plan.changes[1].value_on) == (
        InterestPaused(day(4, 15)),
        day(3, 18),
    )
    state = after(account, plan, as_of)
    assert state.rows[1].interest_minor == before.rows[1].interest_minor


def test_periods_that_count_once_need_no_pause() -> None:
    by_period = attrs.evolve(STRICT, id="by-period", accrual=Accrual.PER_PERIOD)
    account, as_of = account_of(conventions=by_period), day(2, 20)
    before = account.state(as_of)

    plan = planned(account, PaymentHoliday(count=2, is_interest_free=True), as_of)

    state = after(account, plan, as_of)
    assert state.rows[1].interest_minor == before.rows[1].interest_minor
    assert [type(change.what) for change in plan.changes] == [HolidayGranted]


def test_a_holiday_may_begin_with_a_later_installment() -> None:
    request = PaymentHoliday(count=1, from_on=day(4, 15))

    dates = moved(TERMS, request, day(2, 1))

    assert dates == ["2025-02-15", "2025-03-15", "2025-05-15", "2025-06-15"]


# Terms.


def test_a_longer_term_and_a_shorter_one_give_the_old_dates() -> None:
    account, as_of = account_of(terms=FROM_JANUARY_31), day(2, 10)

    longer = planned(account, ExtendTerm(2), as_of)
    both = planned(account, [ExtendTerm(2), ExtendTerm(-2)], as_of)

    assert dates_of(after(account, longer, as_of))[-2:] == ["2025-07-31", "2025-08-31"]
    assert dates_of(after(account, both, as_of)) == dates_of(account.state(as_of))
    assert longer.changes[0].what == TermChanged(2)
    assert longer.changes[0].absorbed_by is None


def test_a_term_that_leaves_nothing_to_come_is_refused() -> None:
    plan = planned(account_of(), ExtendTerm(-3), day(2, 20))

    assert code_of(plan) == "adjust_leaves_no_installment"
    assert plan.refusals[0].params == {"fewer_count": 3, "count": 3}
    assert planned(account_of(), ExtendTerm(-2), day(2, 20)).changes


def test_a_term_beyond_what_a_loan_may_have_is_refused_by_the_ledger() -> None:
    plan = planned(account_of(), ExtendTerm(1197), day(2, 20))

    assert code_of(plan) == "adjust_ledger_refuses"
    assert plan.refusals[0].params["field"] == "added_count"


def test_weights_fix_the_number_of_installments() -> None:
    terms = attrs.evolve(TERMS, plan=RepaymentPlan(method=Weighted((1, 2, 1, 1))))

    plan = planned(account_of(terms=terms), ExtendTerm(1), day(2, 1))

    assert code_of(plan) == "adjust_method_fixes_count"
    assert plan.refusals[0].params == {"method": "weighted"}


def test_amounts_that_differ_fix_the_number_of_installments() -> None:
    amounts = tuple(Money.of(text, EUR) for text in ("300", "400", "300"))
    terms = attrs.evolve(TERMS, plan=RepaymentPlan(method=CustomInstallments(amounts)))

    plan = planned(account_of(terms=terms), ExtendTerm(1), day(2, 1))

    assert code_of(plan) == "adjust_method_fixes_count"


def test_amounts_that_are_alike_become_a_level_over_more_installments() -> None:
    amounts = (Money.of("315.15", EUR),) * 3
    terms = attrs.evolve(TERMS, plan=RepaymentPlan(method=CustomInstallments(amounts)))
    account, as_of = account_of(terms=terms), day(2, 1)
    level = account_of()

    plan = planned(account, ExtendTerm(2), as_of)

    assert totals(after(account, plan, as_of)) == totals(
        after(level, planned(level, ExtendTerm(2), as_of), as_of)
    )
    what = plan.changes[0].what
    assert isinstance(what, Replanned)
    assert what.method == EqualInstallments()
