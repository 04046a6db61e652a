"""The exact engine: worked examples by hand, and what holds for all loans."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from itertools import pairwise

import attrs
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from microcrm_core import Money, Rate
from microcrm_core.dates import BusinessCalendar, BusinessDayRule, Frequency
from microcrm_core.errors import InvalidValueError, ScheduleError
from microcrm_core.ledger.allocation_orders import (
    Bucket,
    DueState,
    InAdvance,
    Processing,
)
from microcrm_core.ledger.books import LedgerBook
from microcrm_core.ledger.exact_engine import ExactEngine
from microcrm_core.ledger.happenings import (
    ArrearsCapitalized,
    Charged,
    ChargedBack,
    ChargedOff,
    ChargeKind,
    Disbursed,
    Happening,
    IncomeCapitalized,
    InterestPaused,
    RateChanged,
    ReAged,
    ReAgedInterest,
    ReAmortized,
    Repaid,
    Replanned,
    Terminated,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import (
    ChargeOffInterest,
    EarlyInterest,
    EarlyPayment,
    LateInterest,
)
from microcrm_core.ledger.loan_states import LoanState, LoanStatus
from microcrm_core.ledger.replaying import replay
from microcrm_core.ledger.row_accounts import RowKind
from microcrm_core.loans import (
    STRICT,
    Bullet,
    BusinessDays,
    Collision,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    FlatInterest,
    Grace,
    InterestDate,
    InterestOnly,
    LoanTerms,
    Portion,
    RepaymentPlan,
    Tranche,
    UnpaidInterest,
    build_schedule,
)
from tests.ledger.exact_cases import (
    EUR,
    LENT_ON,
    TERMS,
    at,
    day,
    money,
    paid,
    policy,
    rows,
    state_of,
)
from tests.loans.plan_cases import Case, changing_cases

NOTHING, LAST, LOWER = EarlyPayment
END = day(12, 31)


# Early payments, by hand.


def test_an_early_payment_shortens_the_loan() -> None:
    # 300.00 above the first installment: 373.81 x 24 % x 28/365 = 6.88, and then
    # 334.12 x 24 % x 31/365 = 6.81; the second installment stays 346.57.
    state = state_of([paid(day(2, 15), "646.57")], policy(LAST), day(2, 15))

    assert rows(state) == [(326_19, 20_38), (339_69, 6_88), (334_12, 6_81)]
    assert state.paid_minor[0] == (326_19, 300_00, 0)


def test_an_early_payment_lowers_the_installments() -> None:
    # 373.81 in two installments: 192.27 and 192.26, beside the 300.00.
    state = state_of([paid(day(2, 15), "646.57")], policy(LOWER), day(2, 15))

    assert rows(state) == [(326_19, 20_38), (485_39, 6_88), (188_42, 3_84)]
    open_minor = [row.open_minor for row in state.rows if row.open_minor]
    assert open_minor == [192_27, 192_26]


def test_an_early_payment_changes_nothing_if_so_agreed() -> None:
    state = state_of([paid(day(2, 15), "646.57")], policy(NOTHING), day(2, 15))

    assert rows(state) == [(326_19, 20_38), (334_16, 12_41), (339_65, 6_92)]


def test_an_early_payment_into_the_last_row_ends_the_loan_sooner() -> None:
    # All that the last row asks for; the second one pays what is left, with interest
    # on 334.16 x 24 % x 28/365 = 6.15.
    rules = policy(LAST, in_advance=InAdvance.LAST)
    state = state_of([paid(day(2, 15), "686.22")], rules, day(2, 15))

    assert rows(state) == [(326_19, 20_38), (334_16, 6_15), (339_65, 0)]
    assert state.settled_day[2] is not None


def test_interest_up_to_the_day_is_paid_first_and_the_period_is_rounded_once() -> None:
    # 10 days of 1000.00: 6.5753; 21 days of 906.58: 12.5183; together 19.0936.
    state = state_of([paid(day(1, 25), "100.00")], policy(LAST), day(1, 25))

    assert state.postings[1].parts_minor[:2] == (93_42, 6_58)
    assert rows(state)[0] == (327_48, 19_09)


def test_interest_is_owed_to_the_due_date_if_so_agreed() -> None:
    rules = policy(LAST, interest=EarlyInterest.TO_THE_DUE_DATE)
    state = state_of([paid(day(1, 25), "100.00")], rules, day(1, 25))

    assert state.postings[1].parts_minor[:2] == (79_62, 20_38)
    assert rows(state) == [(326_19, 20_38), (334_16, 12_41), (339_65, 6_92)]


@pytest.mark.parametrize(
    ("text", "interest_minor"), [("346.56", 6_58), ("346.57", 20_38)]
)
def test_interest_is_owed_to_the_due_date_by_one_who_pays_all_up_to_it(
    text: str, interest_minor: int
) -> None:
    rules = policy(LAST, interest=EarlyInterest.TO_THE_DUE_DATE_IF_ALL)
    state = state_of([paid(day(1, 25), text)], rules, day(1, 25))

    assert state.postings[1].parts_minor[1] == interest_minor


def test_rows_that_an_early_payment_leaves_nothing_to_ask_for_are_settled_by_it() -> (
    None
):
    terms = twelve_months(240_000)
    payoff = state_of([], policy(LAST), day(1, 25), terms=terms).payoff.total
    events = [paid(day(1, 25), str(payoff.amount))]

    for as_of in (day(1, 25), day(1, 30), day(3, 10)):
        state = state_of(events, policy(LAST), as_of, terms=terms)

        # What interest there was in the installments repays the last one.
        assert rows(state)[11] == (0, 0)
        assert {row.settled_on for row in state.rows} == {day(1, 25)}


def test_an_installment_that_is_paid_early_stays_settled() -> None:
    # Interest of 10 days; that of the other 21 waits for the second installment.
    state = state_of([paid(day(1, 25), "346.57")], policy(LAST), day(2, 20))

    assert rows(state)[0] == (339_99, 6_58)
    assert state.settled_day[0] is not None
    # 660.01 x 24 % x 21/365 = 9.11 waits; 660.01 x 24 % x 28/365 = 12.15.
    assert rows(state)[1][1] == 9_11 + 12_15
    assert sum(rows(state)[1]) == 346_57


def test_equal_principal_that_is_paid_early_stays_settled_too() -> None:
    terms = attrs.evolve(TERMS, plan=RepaymentPlan(method=EqualPrincipal()))
    events = [paid(day(1, 25), "339.92")]
    state = state_of(events, policy(LAST), day(2, 20), terms=terms)

    # The first period is 6.5753 + 9.2054 = 15.78, of which 6.58 are paid; the rest is
    # asked for with 28 days of 666.66.
    assert rows(state)[:2] == [(333_34, 6_58), (333_34, 9_20 + 12_27)]
    assert state.settled_day[0] is not None


def test_interest_only_that_is_paid_early_stays_settled_too() -> None:
    terms = attrs.evolve(TERMS, plan=RepaymentPlan(method=InterestOnly()))
    events = [paid(day(1, 25), "6.58")]
    state = state_of(events, policy(LAST), day(2, 20), terms=terms)

    # 31 days are 20.38, so 13.80 are asked for with the 18.41 of the second period.
    assert rows(state)[:2] == [(0, 6_58), (0, 13_80 + 18_41)]


# Paying off, by hand.


def test_a_payoff_is_principal_and_interest_to_the_day() -> None:
    # 14 days of 673.81: 6.20.
    events = [paid(day(2, 15), "346.57")]
    state = state_of(events, policy(LAST), day(3, 1))

    assert state.payoff.interest == money("6.20")
    assert state.payoff.total == money("680.01")
    closed = state_of([*events, paid(day(3, 1), "680.01")], policy(LAST), END)
    assert (closed.status, closed.credit.minor) == (LoanStatus.CLOSED, 0)
    assert sum(closed.charged_minor[1]) == 20_38 + 6_20


def test_a_payoff_is_all_that_is_scheduled_where_early_payments_change_nothing() -> (
    None
):
    events = [paid(day(2, 15), "346.57")]
    state = state_of(events, policy(NOTHING), day(3, 1))

    assert state.payoff.total == money("693.14")


def test_a_payoff_after_a_late_installment_has_interest_on_both() -> None:
    # Late: 326.19 for 14 days, 3.00; running: 673.81 for 14 days, 6.20.
    rules = policy(LAST, late=LateInterest.ON_PRINCIPAL)
    state = state_of([], rules, day(3, 1))

    assert state.payoff.interest == money("29.58")
    text = str(state.payoff.total.amount)
    closed = state_of([paid(day(3, 1), text)], rules, END)
    assert closed.status is LoanStatus.CLOSED


# Late interest, by hand.


@pytest.mark.parametrize(
    ("as_of", "late", "interest_minor"),
    [
        # 326.19 x 24 % x 10/365 = 2.14.
        (day(2, 25), LateInterest.ON_PRINCIPAL, [22_52, 12_41, 6_92]),
        (day(2, 25), LateInterest.NONE, [20_38, 12_41, 6_92]),
        # To 15 April: 59 days of 326.19 are 12.65, 31 of 334.16 are 6.81.
        (day(5, 15), LateInterest.ON_PRINCIPAL, [33_03, 19_22, 6_92]),
        # To 15 May: 89 days are 19.09, 61 are 13.40, 30 of 339.65 are 6.70.
        (
            day(5, 15),
            LateInterest.ON_PRINCIPAL_AFTER_MATURITY,
            [39_47, 25_81, 13_62],
        ),
    ],
)
def test_overdue_principal_earns_by_days(
    as_of: dt.date, late: LateInterest, interest_minor: list[int]
) -> None:
    state = state_of([], policy(late=late), as_of)

    assert [interest for _, interest in rows(state)] == interest_minor


def test_a_late_payment_pays_interest_of_its_day_and_stops_it() -> None:
    # 4 days at 24 %, 6 at 12 %: 326.19 x 1.68 / 365 = 1.50.
    events = [
        at(day(2, 20), RateChanged(Rate.per_year("0.12"))),
        paid(day(2, 25), "348.07"),
    ]
    state = state_of(events, policy(late=LateInterest.ON_PRINCIPAL), day(3, 10))

    assert rows(state)[0] == (326_19, 21_88)
    assert state.settled_day[0] is not None


def test_days_of_a_pause_earn_nothing_on_what_is_overdue() -> None:
    events = [at(day(2, 16), InterestPaused(day(2, 20)))]
    state = state_of(events, policy(late=LateInterest.ON_PRINCIPAL), day(2, 25))

    # 5 of 10 days: 1.07.
    assert rows(state)[0][1] == 20_38 + 1_07


# What is lent, owed again, capitalized, ended or put on other rows.


def test_a_pause_to_the_last_day_of_the_calendar_is_one_for_good() -> None:
    state = state_of([at(day(2, 15), InterestPaused(dt.date.max))], policy(), END)

    # The day of 15 February bears nothing either: 30 days of 1,000.00 bear 19.73.
    assert [row[1] for row in rows(state)] == [19_73, 0, 0]


def test_real_disbursements_replace_planned_ones() -> None:
    half = Tranche(disbursed_on=day(3, 1), amount=money("400.00"))
    terms = attrs.evolve(TERMS, tranches=(half,))
    first = at(LENT_ON, Disbursed(amount=money("600.00")))
    later = at(day(3, 10), Disbursed(amount=money("300.00")))
    rules = policy()

    planned = replay(terms, [], conventions=STRICT, policy=rules, as_of=LENT_ON)
    begun = replay(terms, [first], conventions=STRICT, policy=rules, as_of=day(3, 1))
    both = replay(terms, [first, later], conventions=STRICT, policy=rules, as_of=END)

    schedule = build_schedule(terms, STRICT)
    assert rows(planned) == list(
        zip(schedule.principal_minor, schedule.interest_minor, strict=True)
    )
    assert sum(begun.charged_minor[0]) == 600_00
    real = attrs.evolve(
        terms,
        principal=money("900.00"),
        tranches=(Tranche(disbursed_on=day(3, 10), amount=money("300.00")),),
    )
    schedule = build_schedule(real, STRICT)
    assert rows(both) == list(
        zip(schedule.principal_minor, schedule.interest_minor, strict=True)
    )


def test_what_is_lent_after_the_last_due_date_is_due_on_its_day() -> None:
    more = at(day(4, 20), Disbursed(amount=money("50.00")))
    state = state_of([more], policy(), day(4, 20))

    assert state.kind[-1] is RowKind.ADDITIONAL
    assert rows(state)[-1] == (50_00, 0)
    assert state.rows[-1].due_on == day(4, 20)


def test_what_is_charged_back_is_due_next_and_bears_interest() -> None:
    # 673.81 for 28 days and 346.57 for 18: 12.4054 + 4.1019 = 16.51. The installment
    # stays 346.57, to which 346.57 are added.
    repayment = paid(day(2, 15), "346.57")
    back = at(day(2, 25), ChargedBack(repayment.id, money("346.57")))
    state = state_of([repayment, back], policy(LAST), day(2, 25))

    assert rows(state)[1] == (676_63, 16_51)
    # 343.75 x 24 % x 31/365 = 7.01.
    assert rows(state)[2] == (343_75, 7_01)
    assert state.credited_minor == (0, 346_57, 0)


def test_capitalized_arrears_are_like_a_tranche_of_their_day() -> None:
    state = state_of([at(day(3, 1), ArrearsCapitalized())], policy(), day(3, 1))

    terms = attrs.evolve(
        TERMS,
        principal=money("1020.38"),
        tranches=(Tranche(disbursed_on=day(3, 1), amount=money("20.38")),),
    )
    schedule = build_schedule(terms, STRICT)
    assert rows(state)[0] == (326_19, 0)
    assert rows(state)[1:] == list(
        zip(schedule.principal_minor[1:], schedule.interest_minor[1:], strict=True)
    )


def test_capitalized_income_is_owed_as_principal() -> None:
    state = state_of(
        [at(day(3, 1), IncomeCapitalized(money("20.38")))], policy(), day(3, 1)
    )

    assert sum(state.charged_minor[0]) == 1020_38


def test_interest_ends_and_installments_repay_more() -> None:
    # 14 days of 673.81 are 6.20; the second installment stays 346.57.
    rules = attrs.evolve(policy(), charge_off_interest=ChargeOffInterest.ENDED)
    state = state_of([at(day(3, 1), ChargedOff())], rules, END)

    assert rows(state) == [(326_19, 20_38), (340_37, 6_20), (333_44, 0)]


def test_a_terminated_loan_is_due_on_its_day() -> None:
    rules = policy(late=LateInterest.ON_PRINCIPAL_AFTER_MATURITY)
    state = state_of([at(day(3, 1), Terminated())], rules, END)

    # 14 days of 326.19 are 3.00; nothing accrues after the day.
    assert rows(state) == [(326_19, 23_38), (673_81, 6_20)]
    assert [row.due_on for row in state.rows] == [day(2, 15), day(3, 1)]


@pytest.mark.parametrize(
    ("interest", "expected"),
    [
        # 20.38 of the first period and 6.20 of 14 days: 26.58.
        (
            ReAgedInterest.EQUAL_TO_DATE,
            [(333_34, 8_86), (333_34, 8_86), (333_32, 8_86)],
        ),
        # 20.38 + 12.41 + 6.92 = 39.71.
        (
            ReAgedInterest.EQUAL_IN_FULL,
            [(333_34, 13_24), (333_34, 13_24), (333_32, 13_23)],
        ),
    ],
)
def test_re_aging_spreads_principal_and_interest_evenly(
    interest: ReAgedInterest, expected: list[tuple[int, int]]
) -> None:
    again = ReAged(
        start_on=day(4, 1),
        frequency=Frequency.MONTHLY,
        installment_count=3,
        interest=interest,
    )
    state = state_of([at(day(3, 1), again)], policy(), END)

    assert rows(state) == [(0, 0), *expected]
    assert state.kind[1:] == (RowKind.RE_AGED,) * 3


def test_re_aging_makes_level_installments_that_pay_open_interest_first() -> None:
    again = ReAged(start_on=day(4, 1), frequency=Frequency.MONTHLY, installment_count=3)
    state = state_of([at(day(3, 1), again)], policy(), day(3, 1))

    # 26.58 of before, and 31 days of 1000.00: 20.38.
    [_, first, second, third] = rows(state)
    assert first[1] == 46_96
    # 30 days of what the first one leaves.
    left_minor = 1000_00 - first[0]
    exact = Fraction(left_minor * 24 * 30, 100 * 365)
    assert second[1] == round(exact)
    assert sum(first) == sum(second) >= sum(third)
    assert first[0] + second[0] + third[0] == 1000_00


def test_re_amortizing_keeps_the_due_dates() -> None:
    state = state_of([at(day(3, 1), ReAmortized())], policy(), day(3, 1))

    [old, second, third] = state.rows
    assert (second.due_on, third.due_on) == (day(3, 15), day(4, 15))
    assert old.open_minor == 0
    assert sum(rows(state)[1]) >= sum(rows(state)[2])
    assert sum(state.charged_minor[0]) == 1000_00


def test_what_was_paid_for_a_row_stays_asked_for() -> None:
    # Two installments are paid ahead. Then interest ends, when the second row has
    # borne 2.22: it still asks for the 12.41 that were paid, and for 346.57 - 2.22.
    rules = attrs.evolve(policy(), charge_off_interest=ChargeOffInterest.ENDED)
    events = [paid(day(1, 20), "693.14"), at(day(2, 20), ChargedOff())]
    state = state_of(events, rules, END)

    assert rows(state) == [(326_19, 20_38), (344_35, 12_41), (329_46, 0)]
    assert [row.open_minor for row in state.rows] == [0, 10_19, 329_46]


def test_a_known_rate_counts_for_what_is_paid_before_it_begins() -> None:
    # From 1 March on no interest is borne: 673.81 bear it for 13 days, 5.76.
    events = [
        paid(day(2, 15), "346.57"),
        at(day(3, 1), RateChanged(Rate.of_ppm(0))),
    ]
    state = state_of(events, policy(), day(2, 15))

    assert state.payoff.total == money("679.57")


def test_a_first_disbursement_after_the_first_due_date_is_refused() -> None:
    late = at(day(2, 15), Disbursed(amount=money("1000.00")))

    with pytest.raises(InvalidValueError, match="first_due_on"):
        replay(TERMS, [late], conventions=STRICT, policy=policy(), as_of=END)


# Laws.


@pytest.mark.parametrize(
    "what",
    [
        ArrearsCapitalized(),
        *[ReAmortized(interest=interest) for interest in ReAgedInterest],
    ],
)
def test_a_row_that_asked_for_nothing_is_not_settled_by_what_empties_rows(
    what: Happening,
) -> None:
    grace = Grace(
        principal_count=1,
        interest_payment_count=1,
        deferred_interest=DeferredInterest.LAST_INSTALLMENT,
    )
    terms = attrs.evolve(
        TERMS, plan=RepaymentPlan(method=EqualPrincipal(), grace=grace)
    )

    state = state_of([at(day(3, 20), what)], policy(), day(3, 20), terms=terms)

    assert (state.rows[0].charged, state.rows[0].settled_on) == ((0,) * 4, LENT_ON)


def test_a_row_settled_early_stays_settled_on_that_day_when_the_loan_is_re_aged() -> (
    None
):
    events = [paid(day(1, 25), "100.00"), paid(day(2, 5), "300.00", "more")]

    settled = state_of(events, policy(), day(2, 10)).rows[0]
    again = [*events, at(day(2, 10), ReAmortized())]
    re_aged = state_of(again, policy(), day(2, 10)).rows[0]

    assert settled.settled_on == day(2, 5)
    assert (re_aged.charged, re_aged.settled_on) == (settled.charged, day(2, 5))


def test_a_row_that_a_payment_of_all_leaves_nothing_to_ask_is_settled_that_day() -> (
    None
):
    # The last row takes all principal, so the others ask for fees and interest alone.
    rules = policy(EarlyPayment.LOWER_INSTALLMENT, in_advance=InAdvance.LAST)
    fee = Charged(kind=ChargeKind.FEE, portion=Portion.of_amount(money("1.00")))
    # 1,000.00 x 24 % x 26 / 365 = 17.10.
    events = [at(LENT_ON, fee), paid(day(2, 10), "1020.10")]

    for as_of in (day(2, 10), day(2, 11), day(5, 1)):
        state = state_of(events, rules, as_of)

        assert [row.fees_minor for row in state.rows] == [1_00] * 3
        assert {row.settled_on for row in state.rows} == {day(2, 10)}


def test_credit_from_before_later_payments_asks_no_row_for_principal_again() -> None:
    # The credit of January pays the fee, after what was paid in February.
    fee = Charged(
        kind=ChargeKind.FEE,
        portion=Portion.of_amount(money("5.00")),
        due_on=day(4, 10),
    )
    events = [
        paid(day(1, 20), "1100.00"),
        at(day(1, 25), Disbursed(amount=money("500.00")), "more"),
        paid(day(2, 20), "500.00"),
        at(day(2, 22), fee),
    ]

    state = state_of(events, policy(EarlyPayment.LOWER_INSTALLMENT), day(2, 22))

    assert sum(row.principal_minor for row in state.rows) == 1500_00
    assert state.outstanding.total.minor == 0
    paid_minor = sum(row.paid_minor for row in state.rows)
    assert paid_minor + state.credit.minor == 1600_00


@given(
    case=changing_cases(),
    early=st.sampled_from(EarlyPayment),
    interest=st.sampled_from(EarlyInterest),
    late=st.sampled_from(LateInterest),
)
def test_a_loan_that_is_paid_on_its_days_is_as_scheduled_and_closes(
    case: Case, early: EarlyPayment, interest: EarlyInterest, late: LateInterest
) -> None:
    terms, rules = case
    try:
        schedule = build_schedule(terms, rules)
    except ScheduleError as error:
        event(error.field)
        assume(False)
        raise
    event(type(terms.plan.method).__name__)
    due: dict[dt.date, int] = {}
    for on, total_minor in zip(schedule.due_on, schedule.total_minor, strict=True):
        due[on] = due.get(on, 0) + total_minor
    events = [
        paid(on, str(Money(minor, EUR).amount)) for on, minor in due.items() if minor
    ]

    state = state_of(
        events,
        policy(early, interest=interest, late=late),
        schedule.due_on[-1] + dt.timedelta(days=90),
        terms=terms,
        conventions=rules,
    )

    scheduled = zip(
        schedule.due_day,
        schedule.principal_minor,
        schedule.interest_minor,
        schedule.fees_minor,
        strict=True,
    )
    kept = zip(state.due_day, *state.charged_minor[:3], strict=True)
    assert sorted(kept) == sorted(scheduled)
    assert (state.status, state.credit.minor) == (LoanStatus.CLOSED, 0)


EARLY = st.lists(
    st.tuples(st.integers(0, 330), st.integers(1, 60_000)), min_size=1, max_size=5
)


def twelve_months(rate_ppm: int) -> LoanTerms:
    return attrs.evolve(TERMS, nominal_rate=Rate.of_ppm(rate_ppm), installment_count=12)


def early_state(
    terms: LoanTerms, payments: list[tuple[int, int]], in_advance: InAdvance
) -> LoanState:
    events = [
        paid(
            LENT_ON + dt.timedelta(days=days),
            str(Money(minor, EUR).amount),
            str(number),
        )
        for number, (days, minor) in enumerate(payments)
    ]
    return state_of(events, policy(LAST, in_advance=in_advance), END, terms=terms)


@given(
    payments=EARLY,
    rate_ppm=st.integers(0, 900_000),
    in_advance=st.sampled_from(InAdvance),
)
def test_interest_is_that_of_each_day_on_what_was_outstanding(
    payments: list[tuple[int, int]], rate_ppm: int, in_advance: InAdvance
) -> None:
    terms = twelve_months(rate_ppm)
    state = early_state(terms, payments, in_advance)

    # Principal leaves the balance when it is paid early, else on its due date.
    falls: dict[dt.date, int] = {}
    early: dict[int, int] = {}
    for posting in state.postings[1:]:
        for part in state.allocation(posting.event_id):
            if part.state is DueState.IN_ADVANCE and part.bucket == 0:
                on, minor = posting.value_on, part.amount.minor
                assert part.row_number is not None  # it was paid into a row
                falls[on] = falls.get(on, 0) + minor
                early[part.row_number] = early.get(part.row_number, 0) + minor
    for row, (principal_minor, _) in zip(state.rows, rows(state), strict=True):
        rest_minor = principal_minor - early.get(row.number, 0)
        falls[row.due_on] = falls.get(row.due_on, 0) + rest_minor

    balance, on, waits_minor = 1000_00, LENT_ON, 0
    level_minor = build_schedule(terms, STRICT).level_installment.minor
    for row, (_, interest_minor) in zip(state.rows, rows(state), strict=True):
        exact = Fraction(0)
        while on < row.due_on:
            balance -= falls.pop(on, 0)
            on += dt.timedelta(days=1)
            exact += Fraction(balance * rate_ppm, 365 * 10**6)
        owed_minor = round(exact) + waits_minor
        # An installment takes no more than it was agreed to; the last one takes all.
        most_minor = owed_minor
        if row.number < len(state):
            most_minor = max(level_minor - early.get(row.number, 0), 0)
        assert interest_minor == min(owed_minor, most_minor)
        waits_minor = owed_minor - interest_minor
    balance -= falls.pop(on, 0)
    assert (balance, waits_minor, falls) == (0, 0, {})


@given(
    payments=EARLY,
    more=st.tuples(st.integers(0, 300), st.integers(1, 50_000)),
    in_advance=st.sampled_from((InAdvance.NEXT, InAdvance.LAST)),
)
def test_more_early_principal_never_raises_interest(
    payments: list[tuple[int, int]], more: tuple[int, int], in_advance: InAdvance
) -> None:
    terms = twelve_months(300_000)
    before = early_state(terms, payments, in_advance)
    after = early_state(terms, [*payments, more], in_advance)

    assert sum(after.charged_minor[1]) <= sum(before.charged_minor[1])


@given(
    days=st.sets(st.integers(0, 200), max_size=12),
    late=st.sampled_from(
        (LateInterest.ON_PRINCIPAL, LateInterest.ON_PRINCIPAL_AFTER_MATURITY)
    ),
    payments=st.lists(
        st.tuples(st.integers(20, 150), st.integers(1, 40_000)), max_size=2
    ),
)
def test_one_step_or_many_accrue_the_same(
    days: set[int], late: LateInterest, payments: list[tuple[int, int]]
) -> None:
    def interest_after(steps: list[int]) -> list[list[int]]:
        book = LedgerBook(
            terms=TERMS,
            conventions=STRICT,
            policy=policy(late=late),
            engine=ExactEngine(),
            events=(),
            as_of=END,
            first_on=LENT_ON,
            maturity_on=LENT_ON,
        )
        book.engine.open(book)
        book.engine.disburse(book, LENT_ON, 1000_00)
        for step in steps:
            on = LENT_ON + dt.timedelta(days=step)
            book.engine.accrue_to(book, on)
            for row_on, minor in payments:
                if row_on == step:
                    book.rows[0].pay(Bucket.PRINCIPAL, minor, on)
        return [list(row.charged) for row in book.rows]

    last = [on for on, _ in payments]
    assert interest_after(sorted({*days, *last, 220})) == interest_after(
        sorted({*last, 220})
    )


@given(
    payments=EARLY,
    as_of_days=st.integers(0, 400),
    early=st.sampled_from(EarlyPayment),
    interest=st.sampled_from(EarlyInterest),
    late=st.sampled_from(LateInterest),
    in_advance=st.sampled_from((InAdvance.NEXT, InAdvance.LAST)),
)
def test_a_payoff_quote_that_is_paid_closes_the_loan(
    payments: list[tuple[int, int]],
    as_of_days: int,
    early: EarlyPayment,
    interest: EarlyInterest,
    late: LateInterest,
    in_advance: InAdvance,
) -> None:
    terms = twelve_months(240_000)
    as_of = LENT_ON + dt.timedelta(days=as_of_days)
    rules = policy(early, interest=interest, late=late, in_advance=in_advance)
    events = [
        paid(LENT_ON + dt.timedelta(days=on), str(Money(minor, EUR).amount), str(n))
        for n, (on, minor) in enumerate(payments)
        if on < as_of_days
    ]
    quote = state_of(events, rules, as_of, terms=terms).payoff.total
    assume(quote.is_positive)

    closing = paid(as_of, str(quote.amount), "closing")
    closed = state_of([*events, closing], rules, dt.date(2027, 1, 1), terms=terms)

    assert (closed.outstanding.total.minor, closed.credit.minor) == (0, 0)


def test_a_down_payment_after_re_aging_is_owed_once() -> None:
    plan = RepaymentPlan(
        method=EqualInstallments(), down_payment=Portion.of_share("0.25")
    )
    terms = attrs.evolve(TERMS, plan=plan)
    again = ReAged(
        start_on=day(5, 15), frequency=Frequency.MONTHLY, installment_count=1
    )

    for minor in (1, 3, 400_00):
        more = Disbursed(amount=Money(minor, EUR), is_down_payment_taken=False)
        events = [at(day(2, 20), again), at(day(3, 10), more, "more")]
        state = state_of(events, policy(), day(3, 10), terms=terms)

        # The down payment of 250.00 was open, and re-aging has put it on the new row.
        assert sum(state.charged_minor[Bucket.PRINCIPAL]) == 1000_00 + minor
        assert min(state.charged_minor[Bucket.PRINCIPAL]) >= 0


@pytest.mark.parametrize("early", EarlyPayment)
@pytest.mark.parametrize("unpaid_interest", UnpaidInterest)
@pytest.mark.parametrize("paid_ahead", ["0.01", "150.00", "900.00"])
def test_a_payoff_closes_a_flat_loan_whose_days_meet(
    early: EarlyPayment, unpaid_interest: UnpaidInterest, paid_ahead: str
) -> None:
    # 30 March is a Sunday, so that the first two of five days become one.
    week = BusinessDays(
        rule=BusinessDayRule.FOLLOWING,
        calendar=BusinessCalendar(name="week"),
        interest_to=InterestDate.MOVED,
        collision=Collision.MERGED,
    )
    terms = attrs.evolve(
        TERMS,
        principal=money("1200.00"),
        installment_count=5,
        frequency=Frequency.DAILY,
        first_due_on=day(3, 30),
        plan=RepaymentPlan(method=FlatInterest(), unpaid_interest=unpaid_interest),
    )
    conventions = attrs.evolve(STRICT, business_days=week)
    ahead, rules = paid(day(2, 1), paid_ahead, "ahead"), policy(early)

    def state(*events: LedgerEvent) -> LoanState:
        return state_of(events, rules, day(3, 26), terms=terms, conventions=conventions)

    payoff = state(ahead).payoff.total
    closed = state(ahead, paid(day(3, 26), str(payoff.amount), "all"))
    assert (closed.outstanding.total, closed.credit) == (money("0"), money("0"))


@pytest.mark.parametrize("in_advance", InAdvance)
@pytest.mark.parametrize("offset", range(0, 120, 3))
def test_a_payoff_closes_a_loan_that_was_paid_ahead_and_then_planned_again(
    in_advance: InAdvance, offset: int
) -> None:
    terms = attrs.evolve(
        TERMS,
        principal=money("1200.00"),
        nominal_rate=Rate.per_year("0.07"),
        installment_count=6,
        first_due_on=day(1, 27),
        plan=RepaymentPlan(method=FlatInterest(), grace=Grace(principal_count=2)),
    )
    rules = policy(EarlyPayment.LAST_INSTALLMENT, in_advance=in_advance)
    again = Replanned(
        due_on=(day(4, 11), day(4, 18), day(4, 25), day(5, 2)),
        frequency=Frequency.WEEKLY,
        method=EqualPrincipal(),
    )
    ahead = [
        paid(day(1, 17), "104.63", "ahead"),
        at(day(2, 17), again, "again"),
        paid(day(3, 12), "177.20", "more"),
    ]
    on = day(2, 18) + dt.timedelta(days=offset)

    payoff = state_of(ahead, rules, on, terms=terms).payoff.total
    # After the others of its day, as it is quoted.
    closing = at(on, Repaid(amount=payoff), "all", minute=9)
    closed = state_of([*ahead, closing], rules, on, terms=terms)
    assert (closed.outstanding.total, closed.credit) == (money("0"), money("0"))


def test_a_payoff_leaves_out_what_only_later_days_would_add_to_the_debt() -> None:
    plan = RepaymentPlan(method=Bullet(is_compounded=True))
    terms = attrs.evolve(TERMS, plan=plan)
    rules = policy(EarlyPayment.LAST_INSTALLMENT)

    state = state_of([], rules, day(1, 25), terms=terms)
    payoff = state.payoff
    closing = paid(day(1, 25), "1006.58")
    closed = state_of([closing], rules, day(1, 25), terms=terms)

    # Ten days of 1,000.00 bear 6.575, which the plan adds to the debt.
    assert (payoff.principal, payoff.interest) == (money("1006.58"), money("0.00"))
    assert state.outstanding.principal > payoff.principal
    assert closed.paid_minor[Bucket.PRINCIPAL] == (0, 0, 1006_58)
    assert (closed.status, closed.credit_minor) == (LoanStatus.CLOSED, 0)


@given(
    payments=EARLY,
    days=st.integers(1, 200),
    minor=st.integers(1, 1_500_00),
    early=st.sampled_from(EarlyPayment),
    in_advance=st.sampled_from(InAdvance),
    processing=st.sampled_from(Processing),
    change=st.none() | st.sampled_from(("0", "0.6")),
)
def test_a_payment_reaches_each_bucket_of_a_row_once_in_whatever_order(
    payments: list[tuple[int, int]],
    days: int,
    minor: int,
    early: EarlyPayment,
    in_advance: InAdvance,
    processing: Processing,
    change: str | None,
) -> None:
    terms = twelve_months(240_000)
    rules = policy(early, in_advance=in_advance)
    order = attrs.evolve(rules.allocation, processing=processing)
    rules = attrs.evolve(rules, allocation=order)
    events = [
        paid(LENT_ON + dt.timedelta(days=on), str(Money(minor, EUR).amount), str(n))
        for n, (on, minor) in enumerate(payments)
    ]
    if change is not None:
        events.append(at(day(8, 5), RateChanged(Rate.per_year(change))))
    as_of = LENT_ON + dt.timedelta(days=days)
    one = paid(as_of, str(Money(minor, EUR).amount), "one")

    state = state_of([*events, one], rules, as_of, terms=terms)

    reached = [(part.row_number, part.bucket) for part in state.allocation(one.id)]
    assert len(reached) == len(set(reached)) or in_advance is InAdvance.SPREAD
    assert state.credit.is_zero or state.outstanding.total.is_zero


def test_rows_are_in_order_and_begin_where_the_one_before_ends() -> None:
    state = state_of([], policy(), END)

    assert state.rows[0].from_on == LENT_ON
    assert all(one.due_on == two.from_on for one, two in pairwise(state.rows))
    assert [row.due_on for row in state.rows] == list(
        build_schedule(TERMS, STRICT).due_on
    )
