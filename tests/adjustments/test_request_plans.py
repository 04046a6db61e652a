"""Requests as events: money, cycles, states that allow none, several at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import attrs
import pytest

from microcrm_core import Currency, Frequency, InvalidValueError, Money, Rate
from microcrm_core.adjustments.adjustment_policies import AbsorbedBy
from microcrm_core.adjustments.planned_changes import PlannedChange
from microcrm_core.adjustments.request_plans import plan_requests
from microcrm_core.adjustments.requests import (
    AdjustmentKind,
    AdjustmentRequest,
    CapitalizeArrears,
    ChangeDueDay,
    ChangeFrequency,
    ChangeRate,
    ExtendTerm,
    PaymentHoliday,
    Prepay,
    ReAge,
    ReAmortize,
    Renew,
    SeasonalPlan,
    ShiftDueDates,
    kind_of,
)
from microcrm_core.dates import BusinessCalendar, BusinessDayRule
from microcrm_core.errors import LedgerError
from microcrm_core.ids import LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    ArrearsCapitalized,
    Charged,
    ChargedOff,
    ChargeKind,
    ChargeOffInterest,
    DueDateChanged,
    EarlyPayment,
    LateInterest,
    LedgerPolicy,
    LoanStatus,
    RateChanged,
    ReAged,
    ReAgedInterest,
    ReAmortized,
    Renewed,
    Repaid,
    Replanned,
    Reversed,
    TermChanged,
    Terminated,
    WrittenOff,
)
from microcrm_core.loans import (
    FINERACT,
    STRICT_30_360,
    BusinessDays,
    Collision,
    InterestDate,
    Portion,
    RateChange,
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
    event,
    monthly,
    paid,
    planned,
    policy_of,
    totals,
)

AS_OF: Final = day(2, 20)
NEW_TERMS: Final = attrs.evolve(
    TERMS, disbursed_on=AS_OF, first_due_on=dt.date(2025, 3, 20)
)
REQUESTS: Final[Mapping[AdjustmentKind, AdjustmentRequest]] = {
    kind_of(one): one
    for one in (
        ChangeDueDay(day=20),
        ShiftDueDates(3),
        PaymentHoliday(count=1),
        ExtendTerm(1),
        Prepay(Money.of("100.00", EUR)),
        ChangeRate(Rate.per_year("0.12")),
        CapitalizeArrears(),
        ReAge(start_on=day(8, 1), frequency=Frequency.MONTHLY, installment_count=3),
        ReAmortize(),
        ChangeFrequency(frequency=Frequency.WEEKLY),
        SeasonalPlan((1,) * 11 + (2,)),
        Renew(
            new_loan_id=LoanId("loan-8"),
            terms=NEW_TERMS,
            settlement_account="account-1",
        ),
    )
}
OF_TERMS: Final = (
    AdjustmentKind.CHANGE_DUE_DAY,
    AdjustmentKind.SHIFT_DUE_DATES,
    AdjustmentKind.PAYMENT_HOLIDAY,
    AdjustmentKind.EXTEND_TERM,
    AdjustmentKind.CHANGE_FREQUENCY,
    AdjustmentKind.SEASONAL_PLAN,
)
ALL_KINDS: Final = pytest.mark.parametrize("kind", AdjustmentKind)


# Where a loan stands.


@ALL_KINDS
def test_every_request_is_met_by_a_loan_in_arrears(kind: AdjustmentKind) -> None:
    account = account_of()

    plan = planned(account, REQUESTS[kind], AS_OF)

    assert [change.kind for change in plan.changes] == [kind] * len(plan.changes)
    assert plan.changes
    assert after(account, plan, AS_OF) != account.state(AS_OF)


@ALL_KINDS
def test_nothing_is_planned_where_nothing_is_owed(kind: AdjustmentKind) -> None:
    closed = account_of([paid("1260.60", day(2, 15))])
    overpaid = account_of([paid("1300.00", day(2, 15))])

    for account, status in ((closed, LoanStatus.CLOSED), (overpaid, "overpaid")):
        plan = planned(account, REQUESTS[kind], AS_OF)
        assert code_of(plan) == "adjust_nothing_owed"
        assert plan.refusals[0].params == {"status": str(status)}


@ALL_KINDS
def test_nothing_is_planned_on_a_loan_that_was_written_off(
    kind: AdjustmentKind,
) -> None:
    account = account_of([event(WrittenOff(), day(2, 18))])

    assert code_of(planned(account, REQUESTS[kind], AS_OF)) == "adjust_written_off"


@ALL_KINDS
def test_before_it_is_paid_out_only_terms_and_rate_change(kind: AdjustmentKind) -> None:
    account, as_of = account_of(is_disbursed=False), day(1, 10)

    plan = planned(account, REQUESTS[kind], as_of)

    if kind in OF_TERMS or kind is AdjustmentKind.CHANGE_RATE:
        assert after(account, plan, as_of) != account.state(as_of)
    else:
        assert code_of(plan) == "adjust_not_disbursed"


def test_before_it_is_paid_out_all_due_dates_are_planned() -> None:
    account, as_of = account_of(is_disbursed=False), day(1, 10)

    plan = planned(account, ShiftDueDates(3), as_of)

    assert dates_of(after(account, plan, as_of)) == [
        "2025-02-18",
        "2025-03-18",
        "2025-04-18",
        "2025-05-18",
    ]


@pytest.mark.parametrize("kind", OF_TERMS)
def test_terms_do_not_change_once_a_loan_was_re_aged(kind: AdjustmentKind) -> None:
    again = ReAged(
        start_on=day(3, 15), frequency=Frequency.MONTHLY, installment_count=3
    )
    account = account_of([event(again, day(2, 18))])

    assert code_of(planned(account, REQUESTS[kind], AS_OF)) == "adjust_re_aged"


def test_a_loan_that_was_re_aged_can_be_re_aged_again() -> None:
    again = ReAged(
        start_on=day(3, 15), frequency=Frequency.MONTHLY, installment_count=3
    )
    account = account_of([event(again, day(2, 18))])

    for kind in (AdjustmentKind.RE_AGE, AdjustmentKind.CHANGE_RATE):
        assert planned(account, REQUESTS[kind], AS_OF).changes


@pytest.mark.parametrize("kind", [*OF_TERMS, AdjustmentKind.CHANGE_RATE])
def test_terms_do_not_change_once_the_contract_was_ended(kind: AdjustmentKind) -> None:
    accelerated = attrs.evolve(
        PLAIN_LEDGER, charge_off_interest=ChargeOffInterest.ACCELERATED
    )
    ended = account_of([event(Terminated(), day(2, 18))])
    lost = account_of([event(ChargedOff(), day(2, 18))], policy=accelerated)

    for account in (ended, lost):
        assert code_of(planned(account, REQUESTS[kind], AS_OF)) == (
            "adjust_contract_ended"
        )


def test_a_loan_that_is_taken_as_a_loss_still_changes() -> None:
    account = account_of([event(ChargedOff(), day(2, 18))])

    for kind in OF_TERMS:
        assert planned(account, REQUESTS[kind], AS_OF).changes


def test_after_the_last_due_date_only_money_and_new_installments_help() -> None:
    account, as_of = account_of(), day(6, 1)

    for kind, request in REQUESTS.items():
        plan = planned(account, request, as_of)
        if kind in (
            AdjustmentKind.PREPAY,
            AdjustmentKind.RE_AGE,
            AdjustmentKind.RENEW,
        ):
            assert plan.changes
        else:
            assert code_of(plan) == "adjust_no_due_date_to_come"


# Rates.


def test_a_rate_counts_from_the_day_or_a_later_one() -> None:
    account = account_of()

    now = planned(account, ChangeRate(Rate.per_year("0.12")), AS_OF)
    later = planned(account, ChangeRate(Rate.per_year("0.12"), day(3, 16)), AS_OF)

    assert [(one.what, one.value_on) for one in (*now.changes, *later.changes)] == [
        (RateChanged(Rate.per_year("0.12")), AS_OF),
        (RateChanged(Rate.per_year("0.12")), day(3, 16)),
    ]


def test_a_rate_without_a_day_leaves_what_is_due_on_the_day() -> None:
    account, as_of = account_of(), day(2, 15)

    plan = planned(account, ChangeRate(Rate.per_year("0.12")), as_of)

    assert [change.value_on for change in plan.changes] == [day(2, 16)]
    state = after(account, plan, as_of)
    assert state.rows[0].charged == account.state(as_of).rows[0].charged
    # The month after it bears 1 % of 908.85.
    assert state.rows[1].interest_minor == 9_09


def test_a_rate_of_the_past_or_after_the_end_is_refused() -> None:
    account, rate = account_of(), Rate.per_year("0.12")

    past = planned(account, ChangeRate(rate, day(2, 19)), AS_OF)
    beyond = planned(account, ChangeRate(rate, day(5, 16)), AS_OF)

    assert code_of(past) == "adjust_rate_in_the_past"
    assert code_of(beyond) == "adjust_rate_after_end"
    assert planned(account, ChangeRate(rate, day(5, 15)), AS_OF).changes


def test_the_rate_that_holds_on_the_day_changes_nothing() -> None:
    agreed = RateChange(from_on=day(3, 1), nominal_rate=Rate.per_year("0.18"))
    terms = attrs.evolve(TERMS, rate_changes=(agreed,))
    known = event(RateChanged(Rate.per_year("0.12")), day(4, 1))
    account = account_of([known], terms=terms)

    for text, on in (("0.24", AS_OF), ("0.18", day(3, 1)), ("0.12", day(4, 30))):
        plan = planned(account, ChangeRate(Rate.per_year(text), on), AS_OF)
        assert code_of(plan) == "adjust_nothing_changes"
        other = planned(account, ChangeRate(Rate.per_year("0.11"), on), AS_OF)
        assert other.changes


def test_a_rate_matters_after_the_end_where_what_is_late_goes_on_earning() -> None:
    earning = attrs.evolve(
        PLAIN_LEDGER, late_interest=LateInterest.ON_PRINCIPAL_AFTER_MATURITY
    )
    account = account_of(policy=earning)

    plan = planned(account, ChangeRate(Rate.per_year("0.12")), day(6, 1))

    before = account.state(day(7, 1)).outstanding.interest
    assert after(account, plan, day(7, 1)).outstanding.interest < before


# Payments.


@pytest.mark.parametrize("policy", [PLAIN_LEDGER, RECALCULATING_LEDGER])
def test_all_that_is_owed_closes_the_loan_at_zero(policy: LedgerPolicy) -> None:
    account = account_of(policy=policy)

    plan = planned(account, Prepay(), AS_OF)

    state = after(account, plan, AS_OF)
    assert (state.status, state.outstanding.total.minor, state.credit_minor) == (
        LoanStatus.CLOSED,
        0,
        0,
    )


def test_an_amount_is_paid_as_it_is() -> None:
    plan = planned(account_of(), Prepay(Money.of("100.00", EUR)), AS_OF)

    assert [change.what for change in plan.changes] == [
        Repaid(amount=Money.of("100.00", EUR))
    ]


def test_more_than_closes_the_loan_is_refused() -> None:
    account = account_of()
    payoff = account.state(AS_OF).payoff.total

    above = planned(account, Prepay(payoff + Money(1, EUR)), AS_OF)

    assert code_of(above) == "adjust_above_payoff"
    assert above.refusals[0].params == {
        "amount": "EUR 1260.61",
        "payoff": "EUR 1260.60",
    }
    exactly = planned(account, Prepay(payoff), AS_OF)
    assert after(account, exactly, AS_OF).status is LoanStatus.CLOSED


def test_another_currency_and_another_effect_are_refused() -> None:
    account = account_of(policy=RECALCULATING_LEDGER)
    hundred = Money.of("100.00", EUR)

    crowns = Money.of("100.00", Currency.of("CZK"))
    assert code_of(planned(account, Prepay(crowns), AS_OF)) == "adjust_other_currency"
    lower = planned(account, Prepay(hundred, EarlyPayment.LOWER_INSTALLMENT), AS_OF)
    assert code_of(lower) == "adjust_other_effect"
    assert lower.refusals[0].params == {
        "effect": "lower_installment",
        "does": "last_installment",
    }
    last = Prepay(hundred, EarlyPayment.LAST_INSTALLMENT)
    assert planned(account, last, AS_OF).changes


def test_a_new_loan_pays_what_closes_this_one() -> None:
    account = account_of(policy=RECALCULATING_LEDGER)
    payoff = account.state(AS_OF).payoff.total

    plan = planned(account, REQUESTS[AdjustmentKind.RENEW], AS_OF)

    assert [change.what for change in plan.changes] == [
        Renewed(LoanId("loan-8"), payoff)
    ]
    assert after(account, plan, AS_OF).status is LoanStatus.CLOSED


# Arrears.


def test_overdue_interest_becomes_principal() -> None:
    account = account_of()

    plan = planned(account, CapitalizeArrears(), AS_OF)

    state = after(account, plan, AS_OF)
    assert [change.what for change in plan.changes] == [ArrearsCapitalized()]
    assert state.outstanding.principal == Money.of("1224.00", EUR)


def test_nothing_to_capitalize_or_to_spread_is_refused() -> None:
    on_time = account_of([paid("315.15", day(2, 15))])
    # Interest is paid first, so what is open of February is principal.
    partly = account_of([paid("100.00", day(2, 15))])

    for request in (CapitalizeArrears(), ReAmortize()):
        assert code_of(planned(on_time, request, AS_OF)) == "adjust_nothing_overdue"
    assert code_of(planned(partly, CapitalizeArrears(), AS_OF)) == (
        "adjust_nothing_overdue"
    )
    assert planned(partly, ReAmortize(), AS_OF).changes
    # What is due on the day is not overdue yet, but it is due.
    assert code_of(planned(account_of(), CapitalizeArrears(), day(2, 15))) == (
        "adjust_nothing_overdue"
    )
    assert planned(account_of(), ReAmortize(), day(2, 15)).changes


def test_overdue_charges_alone_become_principal_too() -> None:
    charge = Charged(
        kind=ChargeKind.PENALTY,
        portion=Portion.of_amount(Money.of("5.00", EUR)),
        due_on=day(2, 10),
    )
    account = account_of([paid("315.15", day(2, 5)), event(charge, day(2, 10))])

    assert planned(account, CapitalizeArrears(), AS_OF).changes


def test_new_installments_and_what_becomes_of_interest_are_handed_on() -> None:
    kind = ReAgedInterest.EQUAL_TO_DATE
    re_age = ReAge(
        start_on=day(3, 1),
        frequency=Frequency.WEEKLY,
        installment_count=5,
        interest=kind,
    )

    aged = planned(account_of(), re_age, AS_OF)
    spread = planned(account_of(), ReAmortize(kind), AS_OF)

    assert [change.what for change in (*aged.changes, *spread.changes)] == [
        ReAged(
            start_on=day(3, 1),
            frequency=Frequency.WEEKLY,
            installment_count=5,
            interest=kind,
        ),
        ReAmortized(kind),
    ]


def test_new_installments_begin_after_the_day() -> None:
    re_age = ReAge(start_on=AS_OF, frequency=Frequency.WEEKLY, installment_count=5)

    assert code_of(planned(account_of(), re_age, AS_OF)) == "adjust_date_in_the_past"


# Another cycle.


def test_weeks_go_on_from_the_last_due_date_that_stays() -> None:
    account = account_of()
    plan = planned(account, ChangeFrequency(frequency=Frequency.WEEKLY), AS_OF)

    dates = dates_of(after(account, plan, AS_OF))

    # From February 15 in steps of seven days; May 17 is nearer to May 15 than May 10.
    assert dates[:3] == ["2025-02-15", "2025-02-22", "2025-03-01"]
    assert dates[-1] == "2025-05-17"
    assert len(dates) == 14


def test_of_two_ends_as_near_the_later_is_taken() -> None:
    # Three dates of ten days end on March 17, two on March 7: the old end is March 12.
    terms = attrs.evolve(TERMS, installment_count=1, first_due_on=day(3, 12))
    account, as_of = account_of(terms=terms), day(2, 1)
    request = ChangeFrequency(frequency=Frequency.of("P10D"), first_due_on=day(2, 25))

    dates = dates_of(after(account, planned(account, request, as_of), as_of))

    assert dates == ["2025-02-25", "2025-03-07", "2025-03-17"]


def test_quarters_of_a_31st_know_it_again() -> None:
    account = account_of(terms=monthly(day(1, 31), 8))
    request = ChangeFrequency(frequency=Frequency.QUARTERLY)

    late = planned(account, request, day(2, 10))
    later = planned(account, request, day(3, 10))

    assert dates_of(after(account, late, day(2, 10))) == [
        "2025-01-31",
        "2025-04-30",
        "2025-07-31",
    ]
    # February 28 stays, and May 31 is three months from it.
    assert dates_of(after(account, later, day(3, 10))) == [
        "2025-01-31",
        "2025-02-28",
        "2025-05-31",
        "2025-08-31",
    ]


def test_a_cycle_before_the_first_due_date_goes_on_from_the_disbursement() -> None:
    account, as_of = account_of(), day(1, 20)
    plan = planned(account, ChangeFrequency(frequency=Frequency.BIWEEKLY), as_of)

    assert dates_of(after(account, plan, as_of))[:2] == ["2025-01-29", "2025-02-12"]


def test_first_date_and_count_are_taken_as_they_are_named() -> None:
    account = account_of()
    request = ChangeFrequency(
        frequency=Frequency.BIWEEKLY, first_due_on=day(3, 5), installment_count=2
    )

    plan = planned(account, request, AS_OF)

    assert dates_of(after(account, plan, AS_OF)) == [
        "2025-02-15",
        "2025-03-05",
        "2025-03-19",
    ]
    early = attrs.evolve(request, first_due_on=AS_OF)
    assert code_of(planned(account, early, AS_OF)) == "adjust_date_in_the_past"


def test_the_first_date_waits_for_a_business_day_after_the_day() -> None:
    early = BusinessDays(
        rule=BusinessDayRule.PRECEDING,
        calendar=BusinessCalendar(name="weekends"),
        interest_to=InterestDate.ORIGINAL,
        collision=Collision.KEPT,
    )
    conventions = attrs.evolve(STRICT_30_360, id="early", business_days=early)
    # February 15 is a Saturday, and so are its weeks: each is due the Friday before.
    account, as_of = account_of(conventions=conventions), day(2, 21)

    plan = planned(account, ChangeFrequency(frequency=Frequency.WEEKLY), as_of)

    assert dates_of(after(account, plan, as_of))[1] == "2025-03-01"


def test_the_same_cycle_changes_nothing() -> None:
    plan = planned(account_of(), ChangeFrequency(frequency=Frequency.MONTHLY), AS_OF)

    assert code_of(plan) == "adjust_nothing_changes"


def test_weights_fix_the_number_of_installments_of_a_new_cycle() -> None:
    terms = attrs.evolve(TERMS, plan=RepaymentPlan(method=Weighted((1, 2, 2, 1))))
    account = account_of(terms=terms)

    weekly = planned(account, ChangeFrequency(frequency=Frequency.WEEKLY), AS_OF)
    three = ChangeFrequency(frequency=Frequency.WEEKLY, installment_count=3)

    assert code_of(weekly) == "adjust_method_fixes_count"
    assert planned(account, three, AS_OF).changes


def test_too_many_installments_are_refused_by_the_ledger() -> None:
    terms = attrs.evolve(TERMS, installment_count=60)
    plan = planned(
        account_of(terms=terms), ChangeFrequency(frequency=Frequency.DAILY), AS_OF
    )

    assert code_of(plan) == "adjust_ledger_refuses"
    assert plan.refusals[0].params["field"] == "due_on"


def test_seasons_weigh_the_months_of_what_is_to_come() -> None:
    account = account_of()
    request = SeasonalPlan((0, 0, 1, 2, 1, 0, 0, 0, 0, 0, 0, 0))

    plan = planned(account, request, AS_OF)

    state = after(account, plan, AS_OF)
    first, march, april, may = totals(state)
    assert first == 315_15
    assert april == 2 * march
    assert 0 < may <= march
    assert dates_of(state) == dates_of(account.state(AS_OF))
    again = planned(account, [request, request], AS_OF)
    assert code_of(again) == "adjust_nothing_changes"


def test_seasons_that_leave_nothing_for_the_last_date_are_refused() -> None:
    request = SeasonalPlan((0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0))

    assert code_of(planned(account_of(), request, AS_OF)) == "adjust_ledger_refuses"


@pytest.mark.parametrize(
    "kind", [AdjustmentKind.CHANGE_FREQUENCY, AdjustmentKind.SEASONAL_PLAN]
)
def test_another_cycle_needs_exact_arithmetic(kind: AdjustmentKind) -> None:
    plan = planned(account_of(conventions=FINERACT), REQUESTS[kind], AS_OF)

    assert code_of(plan) == "adjust_not_by_exact_arithmetic"


# Several requests, and what is known.


def test_each_request_sees_what_the_earlier_ones_leave() -> None:
    account = account_of()
    # The 20th is moved by five days, then that date is named.
    requests: list[AdjustmentRequest] = [
        ChangeDueDay(day=20),
        ShiftDueDates(5, day(4, 20)),
        ExtendTerm(1),
    ]

    plan = planned(account, requests, AS_OF)

    # What a shift has made is a series of its own, and a longer term goes on with it.
    assert dates_of(after(account, plan, AS_OF)) == [
        "2025-02-15",
        "2025-03-20",
        "2025-04-25",
        "2025-05-25",
        "2025-06-25",
    ]
    assert [change.kind for change in plan.changes] == [
        AdjustmentKind.CHANGE_DUE_DAY,
        AdjustmentKind.SHIFT_DUE_DATES,
        AdjustmentKind.EXTEND_TERM,
    ]
    assert [type(change.what) for change in plan.changes] == [
        DueDateChanged,
        Replanned,
        TermChanged,
    ]


def test_the_first_refusal_ends_the_planning() -> None:
    requests: list[AdjustmentRequest] = [
        ExtendTerm(1),
        ShiftDueDates(3, day(3, 1)),
        ChangeDueDay(weekday=1),
    ]

    plan = planned(account_of(), requests, AS_OF)

    assert code_of(plan) == "adjust_no_such_due_date"
    assert plan.changes == ()


def test_what_was_recorded_later_than_known_does_not_count() -> None:
    account = account_of([paid("1260.60", day(2, 15))])
    known_at = dt.datetime(2025, 2, 1, tzinfo=dt.UTC)

    assert code_of(planned(account, ShiftDueDates(3), AS_OF)) == "adjust_nothing_owed"
    assert planned(account, ShiftDueDates(3), AS_OF, known_at=known_at).changes


def test_an_event_that_was_reversed_does_not_stand_in_the_way() -> None:
    gone = event(WrittenOff(), day(2, 18))
    account = account_of([gone, event(Reversed(gone.id), day(2, 19))])

    assert planned(account, ShiftDueDates(3), AS_OF).changes


def test_what_was_recorded_ahead_must_still_fit() -> None:
    # On March 1 the date of April 15 will move; it must not be gone by then.
    ahead = event(DueDateChanged(day(4, 15), day(4, 20)), day(3, 1))
    account = account_of([ahead])

    shifted = planned(account, ShiftDueDates(3), AS_OF)
    longer = planned(account, ExtendTerm(1), AS_OF)

    assert code_of(shifted) == "adjust_ledger_refuses"
    assert shifted.refusals[0].params["value"] == day(4, 15)
    assert longer.changes


def test_a_log_that_does_not_go_on_anyway_is_not_held_against_a_request() -> None:
    ahead = event(DueDateChanged(day(4, 14), day(4, 20)), day(3, 1))
    account = account_of([ahead])

    assert planned(account, ShiftDueDates(3), AS_OF).changes


def test_a_key_of_the_log_is_never_taken_twice() -> None:
    same = attrs.evolve(paid("1.00", day(2, 16)), idempotency_key="plan0")
    account = account_of([same])

    assert planned(account, Prepay(Money.of("2.00", EUR)), AS_OF).changes


def test_planning_says_the_same_whatever_the_order_of_the_log() -> None:
    events = [paid("315.15", day(2, 15)), paid("20.00", day(2, 18))]
    account = account_of(events)
    turned = attrs.evolve(account, events=account.events[::-1])

    for request in REQUESTS.values():
        assert planned(account, request, AS_OF) == planned(turned, request, AS_OF)


def test_a_log_that_contradicts_itself_is_an_error() -> None:
    account = account_of([event(Reversed(paid("1.00", AS_OF).id), AS_OF)])

    with pytest.raises(LedgerError, match="must name an event of the log"):
        planned(account, ShiftDueDates(3), AS_OF)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account", None),
        ("policy", None),
        ("as_of", "2025-02-20"),
        ("requests", "shift"),
        ("requests", []),
        ("known_at", day(2, 20)),
    ],
)
def test_arguments_of_another_kind_are_refused(field: str, value: object) -> None:
    arguments: dict[str, object] = {
        "account": account_of(),
        "requests": ShiftDueDates(3),
        "policy": policy_of(AbsorbedBy.LEVEL),
        "as_of": AS_OF,
    }
    arguments[field] = value
    known_at = arguments.pop("known_at", None)

    with pytest.raises(InvalidValueError) as caught:
        plan_requests(*arguments.values(), known_at=known_at)  # type: ignore[arg-type]  # on purpose

    assert caught.value.field.partition("[")[0] == field


def test_a_change_is_of_a_known_kind() -> None:
    with pytest.raises(InvalidValueError, match="what must be"):
        PlannedChange(
            what="shift",  # type: ignore[arg-type]  # on purpose
            value_on=AS_OF,
            kind=AdjustmentKind.SHIFT_DUE_DATES,
        )
