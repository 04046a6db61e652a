"""Who takes what a change of dates or rate costs: amounts worked by hand.

The loan of `planning_cases`, its first installment paid: 908.85 is left from 15
February on, for three installments of 315.15 at 2 % a month.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import attrs
import pytest

from microcrm_core import Frequency, Money, Rate
from microcrm_core.adjustments.adjustment_policies import AbsorbedBy
from microcrm_core.adjustments.requests import (
    ChangeDueDay,
    ChangeRate,
    ExtendTerm,
    PaymentHoliday,
    ShiftDueDates,
)
from microcrm_core.dates import BusinessCalendar, BusinessDayRule
from microcrm_core.ledger import (
    RECALCULATING_LEDGER,
    Bucket,
    HolidayGranted,
    InterestPaused,
    LoanAccount,
    RateChanged,
    ReAged,
    Replanned,
)
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    STRICT_30_360,
    Bullet,
    BusinessDays,
    Collision,
    CustomInstallments,
    EqualPrincipal,
    FlatInterest,
    Grace,
    Graduated,
    InterestDate,
    InterestOnly,
    LoanTerms,
    Portion,
    RepaymentPlan,
    ScheduleConventions,
    Seasonal,
    Tranche,
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
    event,
    paid,
    planned,
    totals,
)

LEVEL, LAST, COUNT = AbsorbedBy
AS_OF: Final = day(2, 20)
PAID_FIRST: Final = paid("315.15", day(2, 15))
# From the day after March 15 on, so that it begins with the period.
FROM_MARCH_16: Final = day(3, 16)


def rate(text: str) -> ChangeRate:
    return ChangeRate(Rate.per_year(text), FROM_MARCH_16)


def loan() -> LoanAccount:
    return account_of([PAID_FIRST])


def causes(account: LoanAccount, by: AbsorbedBy, as_of: dt.date) -> list[object]:
    plan = planned(account, ShiftDueDates(3), as_of, by=by)
    (taken_by,) = plan.absorbed_by
    ending = "each" if taken_by is None else taken_by.value
    assert taken_by is not by
    assert [note.code for note in plan.notes] == [f"adjust_absorbed_by_{ending}"]
    assert all(note.text("en") for note in plan.notes)
    return [note.params["cause"] for note in plan.notes]


# The last installment.


def test_a_lower_rate_makes_the_last_installment_smaller() -> None:
    account = loan()
    plan = planned(account, rate("0.12"), AS_OF, by=LAST)

    # 611.88 is left on March 15; 6.12 and 3.03 are 1 % of it and of 302.85.
    state = after(account, plan, AS_OF)
    assert totals(state) == [315_15, 315_15, 315_15, 305_88]
    assert [row.interest_minor for row in state.rows] == [24_00, 18_18, 6_12, 3_03]
    assert plan.absorbed_by == (LAST, LAST)
    assert [type(change.what) for change in plan.changes] == [RateChanged, Replanned]


def test_a_higher_rate_makes_the_last_installment_larger() -> None:
    account = loan()
    plan = planned(account, rate("0.36"), AS_OF, by=LAST)

    # 3 % of 611.88 is 18.36, of 315.09 9.45.
    state = after(account, plan, AS_OF)
    assert totals(state) == [315_15, 315_15, 315_15, 324_54]


def test_by_level_the_ledger_makes_all_of_them_alike() -> None:
    account = loan()
    plan = planned(account, rate("0.12"), AS_OF, by=LEVEL)

    # 310.54 repays 304.42 of 611.88 at 1 %, and 307.47 with 3.07 the rest.
    state = after(account, plan, AS_OF)
    assert totals(state) == [315_15, 315_15, 310_54, 310_53]
    assert plan.absorbed_by == (LEVEL,)
    assert plan.notes == ()


def test_a_holiday_is_paid_by_the_last_installment() -> None:
    account = loan()
    plan = planned(account, PaymentHoliday(count=1), AS_OF, by=LAST)

    # 4 % of 908.85 is 36.35: 278.80 is repaid, 630.05 is left. 2 % of it is 12.60:
    # 302.55, and 327.50 is left, which bears 6.55.
    state = after(account, plan, AS_OF)
    assert totals(state) == [315_15, 315_15, 315_15, 334_05]
    assert dates_of(state) == ["2025-02-15", "2025-04-15", "2025-05-15", "2025-06-15"]
    [change] = plan.changes
    assert isinstance(change.what, Replanned)
    assert change.what.method == CustomInstallments((Money.of("315.15", EUR),) * 2)


def test_a_free_holiday_leaves_all_installments_as_they_are() -> None:
    account = loan()
    request = PaymentHoliday(count=1, is_interest_free=True)
    plan = planned(account, request, AS_OF, by=LAST)

    state = after(account, plan, AS_OF)
    assert totals(state) == totals(account.state(AS_OF))
    assert [type(change.what) for change in plan.changes] == [InterestPaused, Replanned]


def test_where_only_the_last_one_is_to_come_it_takes_all() -> None:
    account, as_of = account_of(), day(4, 20)
    plan = planned(account, PaymentHoliday(count=1), as_of, by=LAST)

    # 308.97 bears two months: 12.36.
    assert totals(after(account, plan, as_of))[-1] == 321_33


def test_steps_that_were_agreed_stay_but_for_the_last() -> None:
    plan_of = RepaymentPlan(method=Graduated.of(step_share="0.1", step_count=2))
    account = account_of(terms=attrs.evolve(TERMS, plan=plan_of))
    before = totals(account.state(AS_OF))

    plan = planned(account, rate("0.12"), AS_OF, by=LAST)

    made = totals(after(account, plan, AS_OF))
    assert made[:-1] == before[:-1]
    assert made[-1] < before[-1]


# The number of installments.


def test_a_higher_rate_adds_an_installment() -> None:
    account = loan()
    plan = planned(account, rate("0.36"), AS_OF, by=COUNT)

    # 315.09 bears 9.45: 305.70 is repaid, 9.39 is left, which bears 0.28.
    state = after(account, plan, AS_OF)
    assert totals(state) == [315_15, 315_15, 315_15, 315_15, 9_67]
    assert dates_of(state)[-1] == "2025-06-15"
    assert plan.absorbed_by == (COUNT, COUNT)


def test_no_interest_takes_installments_away() -> None:
    # 1,200.00 in twelve installments of 113.48; ten of them without interest leave
    # 65.20 for an eleventh.
    account = account_of(terms=attrs.evolve(TERMS, installment_count=12))
    as_of = day(1, 15)
    request = ChangeRate(Rate.per_year(0), day(1, 16))

    plan = planned(account, request, as_of, by=COUNT)

    state = after(account, plan, as_of)
    assert totals(state) == [113_48] * 10 + [65_20]
    assert dates_of(state)[-1] == "2025-12-15"


def test_dates_that_are_added_know_the_31st() -> None:
    terms = attrs.evolve(TERMS, disbursed_on=day(12, 31, 2024), first_due_on=day(1, 31))
    account, as_of = account_of(terms=terms), day(2, 10)

    plan = planned(account, PaymentHoliday(count=1), as_of, by=COUNT)

    state = after(account, plan, as_of)
    assert dates_of(state)[1:] == [
        "2025-03-31",
        "2025-04-30",
        "2025-05-31",
        "2025-06-30",
    ]


def test_a_level_that_was_kept_before_can_change_the_number_next_time() -> None:
    account = loan()
    first = planned(account, rate("0.12"), AS_OF, by=LAST)
    kept = account.with_events(
        event(change.what, change.value_on, f"first {number}")
        for number, change in enumerate(first.changes)
    )

    plan = planned(kept, PaymentHoliday(count=2), day(2, 21), by=COUNT)

    made = totals(after(kept, plan, day(2, 21)))
    assert made[1:-1] == [315_15] * 3
    assert 0 < made[-1] <= 315_15
    assert plan.absorbed_by == (COUNT,)


def test_where_only_the_last_one_is_to_come_it_is_no_larger_than_those_before() -> None:
    account, as_of = account_of(), day(4, 20)
    plan = planned(account, PaymentHoliday(count=1), as_of, by=COUNT)

    # 321.33 are two installments: 315.15 on June 15, then 6.18 and its interest, 0.12.
    state = after(account, plan, as_of)
    assert totals(state)[-2:] == [315_15, 6_30]
    assert dates_of(state)[-2:] == ["2025-06-15", "2025-07-15"]


# What cannot be.


@pytest.mark.parametrize("by", [LAST, COUNT])
def test_a_level_that_does_not_cover_its_interest_is_refused(by: AbsorbedBy) -> None:
    # 2 % of 908.85 in eighteen months is 327.19.
    request = PaymentHoliday(count=17)
    plan = planned(loan(), request, AS_OF, by=by)

    assert code_of(plan) == "adjust_level_below_interest"
    assert plan.refusals[0].params == {
        "kind": "payment_holiday",
        "due_on": day(8, 15, 2026),
        "amount": "EUR 315.15",
    }
    assert not planned(loan(), request, AS_OF, by=LEVEL).refusals


OTHER_PLANS: Final[Mapping[str, RepaymentPlan]] = {
    "equal principal": RepaymentPlan(method=EqualPrincipal()),
    "interest only": RepaymentPlan(method=InterestOnly()),
    "bullet": RepaymentPlan(method=Bullet()),
    "flat": RepaymentPlan(method=FlatInterest()),
    "seasonal": RepaymentPlan(method=Seasonal((1,) * 12)),
}


@pytest.mark.parametrize("by", [LAST, COUNT])
@pytest.mark.parametrize("plan", OTHER_PLANS.values(), ids=OTHER_PLANS)
def test_methods_that_make_amounts_of_what_is_left_go_on_so(
    plan: RepaymentPlan, by: AbsorbedBy
) -> None:
    account = account_of(terms=attrs.evolve(TERMS, plan=plan))

    made = planned(account, PaymentHoliday(count=1), AS_OF, by=by)
    assert [note.params["cause"] for note in made.notes] == ["method"]


@pytest.mark.parametrize("by", AbsorbedBy)
@pytest.mark.parametrize("name", ["equal principal", "interest only"])
def test_where_principal_stays_each_installment_bears_its_own_period(
    name: str, by: AbsorbedBy
) -> None:
    account = account_of(terms=attrs.evolve(TERMS, plan=OTHER_PLANS[name]))
    before = totals(account.state(AS_OF))

    made = planned(account, PaymentHoliday(count=1), AS_OF, by=by)

    later = totals(after(account, made, AS_OF))
    assert later[1] > before[1]
    assert later[2:] == before[2:]
    assert made.absorbed_by == (None,)
    (note,) = made.notes
    assert note.code == "adjust_absorbed_by_each"
    assert note.text("en").endswith(
        "here each installment bears the interest of its own period: the repayment "
        "method has no level installment"
    )
    assert note.text("zh-CN").isascii() is False
    assert "method" not in note.text("zh-CN")


@pytest.mark.parametrize("conventions", [FINERACT, FINERACT_CUMULATIVE])
def test_by_fineract_the_last_installment_takes_what_other_dates_cost(
    conventions: ScheduleConventions,
) -> None:
    account = account_of(conventions=conventions)
    before = totals(account.state(AS_OF))

    made = planned(account, ChangeDueDay(day=25), AS_OF, by=LEVEL)

    later = totals(after(account, made, AS_OF))
    assert later[:-1] == before[:-1]
    assert later[-1] > before[-1]
    assert made.absorbed_by == (LAST,)
    (note,) = made.notes
    assert note.code == "adjust_absorbed_by_last_installment"
    assert note.params["cause"] == "arithmetic"
    assert planned(account, ChangeDueDay(day=25), AS_OF, by=LAST).notes == ()


def test_steps_and_weights_do_not_change_in_number() -> None:
    for method in (
        Graduated.of(step_share="0.1", step_count=2),
        Weighted((1, 1, 2, 2)),
    ):
        terms = attrs.evolve(TERMS, plan=RepaymentPlan(method=method))
        account = account_of(terms=terms)
        assert causes(account, COUNT, AS_OF) == ["method"]
        assert planned(account, ShiftDueDates(3), AS_OF, by=LAST).notes == ()


def test_grace_that_is_to_come_leaves_no_amounts_to_keep() -> None:
    plan = RepaymentPlan(method=TERMS.plan.method, grace=Grace(principal_count=2))
    account = account_of(terms=attrs.evolve(TERMS, plan=plan))

    assert causes(account, LAST, AS_OF) == ["grace"]
    over = planned(account, ShiftDueDates(3), day(3, 20), by=LAST)
    assert (over.notes, over.absorbed_by) == ((), (LAST,))


def test_a_balloon_is_larger_than_the_others_but_stays_in_the_last() -> None:
    plan = RepaymentPlan(method=TERMS.plan.method, balloon=Portion.of_share("0.5"))
    account = account_of(terms=attrs.evolve(TERMS, plan=plan))
    before = totals(account.state(AS_OF))

    assert causes(account, COUNT, AS_OF) == ["balloon"]
    made = planned(account, ShiftDueDates(3), AS_OF, by=LAST)
    assert totals(after(account, made, AS_OF))[:-1] == before[:-1]


def test_a_due_date_that_waits_for_its_business_day_cannot_be_planned_again() -> None:
    waiting = BusinessDays(
        rule=BusinessDayRule.FOLLOWING,
        calendar=BusinessCalendar(name="weekends"),
        interest_to=InterestDate.ORIGINAL,
        collision=Collision.KEPT,
    )
    conventions = attrs.evolve(STRICT_30_360, id="waiting", business_days=waiting)
    # February 15, 2025 is a Saturday.
    account, as_of = account_of(conventions=conventions), day(2, 16)

    by_rate = planned(account, rate("0.12"), as_of, by=LAST)
    by_holiday = planned(account, PaymentHoliday(count=1), as_of, by=LAST)

    assert [note.params["cause"] for note in by_rate.notes] == ["business_day"]
    assert by_holiday.absorbed_by == (LAST,)


def test_a_note_is_not_written_twice() -> None:
    terms = attrs.evolve(TERMS, plan=RepaymentPlan(method=EqualPrincipal()))
    requests = [ShiftDueDates(3), ShiftDueDates(4)]

    plan = planned(account_of(terms=terms), requests, AS_OF, by=LAST)

    assert len(plan.notes) == 1
    assert plan.absorbed_by == (None, None)
    assert not plan.is_refused


def test_a_level_that_hardly_covers_its_interest_takes_many_installments() -> None:
    # 51.5 % a month of 611.88 is 315.12, so three cents are repaid at first.
    account = loan()
    plan = planned(account, rate("6.18"), AS_OF, by=COUNT)

    made = totals(after(account, plan, AS_OF))
    assert made[1:-1] == [315_15] * (len(made) - 2)
    assert 0 < made[-1] <= 315_15
    assert len(made) > 20


def test_a_tranche_to_come_will_change_the_amounts() -> None:
    tranche = Tranche(disbursed_on=day(4, 1), amount=Money.of("200.00", EUR))
    terms = attrs.evolve(TERMS, tranches=(tranche,))
    whole = account_of(terms=terms)
    account = attrs.evolve(whole, events=whole.events[:1])

    assert causes(account, LAST, AS_OF) == ["tranche"]


def test_before_it_is_paid_out_a_loan_has_no_amounts_to_keep() -> None:
    account = account_of(is_disbursed=False)

    assert causes(account, LAST, day(1, 10)) == ["not_disbursed"]


def test_a_loan_of_fineract_is_kept_by_its_engine() -> None:
    account = account_of(conventions=FINERACT)

    assert causes(account, COUNT, AS_OF) == ["arithmetic"]


def test_a_loan_that_was_re_aged_has_a_level_of_its_own() -> None:
    again = ReAged(
        start_on=day(3, 15), frequency=Frequency.MONTHLY, installment_count=4
    )
    account = account_of([event(again, day(2, 20))])

    plan = planned(account, rate("0.12"), day(2, 25), by=LAST)

    assert [note.params["cause"] for note in plan.notes] == ["re_aged"]


def test_merged_due_dates_have_no_amounts_of_their_own() -> None:
    merging = attrs.evolve(
        account_of().conventions,
        id="merging",
        business_days=BusinessDays(
            rule=BusinessDayRule.FOLLOWING,
            calendar=BusinessCalendar(name="weekends"),
            interest_to=InterestDate.ORIGINAL,
            collision=Collision.MERGED,
        ),
    )
    terms = attrs.evolve(TERMS, frequency=Frequency.DAILY, first_due_on=day(2, 20))
    account = account_of(terms=terms, conventions=merging)

    # February 22, 2025 is a Saturday.
    assert causes(account, LAST, day(2, 19)) == ["merged_dates"]


def test_what_was_paid_ahead_may_stand_beside_the_installments() -> None:
    # Interest that was paid for the third installment stays asked for there.
    account = account_of([paid("700.00", day(1, 20))])

    for by in (LAST, COUNT):
        assert causes(account, by, AS_OF) == ["paid_ahead"]


def test_what_is_paid_ahead_counts_towards_an_installment_that_stays() -> None:
    account = account_of(
        [paid("700.00", day(2, 18))],
        policy=RECALCULATING_LEDGER,
    )
    before = totals(account.state(AS_OF))

    for by in (LAST, COUNT):
        plan = planned(account, ShiftDueDates(3), AS_OF, by=by)
        assert totals(after(account, plan, AS_OF))[:-1] == before[:-1]
        assert plan.absorbed_by == (by,)


def test_there_is_no_level_where_a_later_rate_has_its_own() -> None:
    later = event(RateChanged(Rate.per_year("0.12")), day(4, 16))
    account = account_of([later], terms=attrs.evolve(TERMS, installment_count=8))
    before = totals(account.state(AS_OF))

    assert causes(account, COUNT, AS_OF) == ["amounts_differ"]
    plan = planned(account, ShiftDueDates(1), AS_OF, by=LAST)
    assert totals(after(account, plan, AS_OF))[:-1] == before[:-1]


def test_amounts_that_were_agreed_stay_whatever_the_policy_says() -> None:
    amounts = tuple(Money.of(text, EUR) for text in ("300", "400", "300"))
    terms = attrs.evolve(TERMS, plan=RepaymentPlan(method=CustomInstallments(amounts)))
    account = account_of(terms=terms)

    for by in AbsorbedBy:
        plan = planned(account, PaymentHoliday(count=1), AS_OF, by=by)
        assert plan.absorbed_by == (LAST,)
        assert [type(change.what) for change in plan.changes] == [HolidayGranted]
        codes = [note.code for note in plan.notes]
        note = "adjust_absorbed_by_last_installment"
        assert codes == ([] if by is LAST else [note])


def test_a_term_says_itself_how_many_installments_there_are() -> None:
    plan = planned(loan(), ExtendTerm(2), AS_OF, by=LAST)

    assert plan.absorbed_by == (None,)
    assert plan.notes == ()


def test_principal_is_the_same_whoever_takes_the_cost() -> None:
    account = loan()
    terms: LoanTerms = account.terms
    for by in AbsorbedBy:
        plan = planned(account, ChangeDueDay(day=31), AS_OF, by=by)
        state = after(account, plan, AS_OF)
        principal_minor = sum(state.charged_minor[Bucket.PRINCIPAL])
        assert principal_minor == terms.principal.minor
