"""Installments that are planned again: other dates, another cycle, another method."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Final

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from microcrm_core import (
    Currency,
    Frequency,
    InvalidValueError,
    LedgerError,
    Money,
    Rate,
    ScheduleError,
)
from microcrm_core.ledger.allocation_orders import InAdvance
from microcrm_core.ledger.happenings import (
    Charged,
    ChargeKind,
    Disbursed,
    DueDateChanged,
    Happening,
    HolidayGranted,
    ReAged,
    Replanned,
    Reversed,
    TermChanged,
    Terminated,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import EarlyPayment, LedgerPolicy
from microcrm_core.ledger.lent_terms import LentTerms
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.replaying import replay
from microcrm_core.ledger.scheduled_rows import ScheduledRows
from microcrm_core.ledger.term_changes import DueSeries, changed_terms
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    STRICT,
    STRICT_30_360,
    Accrual,
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeTiming,
    FlatInterest,
    Grace,
    Graduated,
    InterestOnly,
    LoanTerms,
    Portion,
    RepaymentMethod,
    RepaymentPlan,
    ScheduleConventions,
    Seasonal,
    ShortPeriod,
    UnpaidInterest,
    Weighted,
    build_schedule,
)
from tests.ledger.exact_cases import (
    EUR,
    LENT_ON,
    at,
    day,
    disbursed,
    money,
    paid,
    policy,
    rows,
)

FOUR = LoanTerms(
    principal=money("1200.00"),
    nominal_rate=Rate.per_year("0.24"),
    installment_count=4,
    frequency=Frequency.MONTHLY,
    disbursed_on=LENT_ON,
    first_due_on=day(2, 15),
)
"""2 % a month in days of 30/360; 291.15 + 24.00, 296.97 + 18.18, and so on."""

ON_TIME = paid(day(2, 15), "315.15")
AFTER_IT = day(2, 20)
AS_PLANNED: Final = (day(3, 15), day(4, 15), day(5, 15))
FIRST_ROW = (291_15, 24_00)
PER_PERIOD = attrs.evolve(STRICT, accrual=Accrual.PER_PERIOD)


def replanned(
    due_on: Sequence[dt.date] = AS_PLANNED,
    method: RepaymentMethod | None = None,
    frequency: Frequency = Frequency.MONTHLY,
) -> Replanned:
    return Replanned(due_on=tuple(due_on), frequency=frequency, method=method)


def state_of(
    events: Sequence[LedgerEvent],
    as_of: dt.date = AFTER_IT,
    rules: LedgerPolicy | None = None,
    *,
    terms: LoanTerms = FOUR,
    conventions: ScheduleConventions = STRICT_30_360,
) -> LoanState:
    """Return the state of the loan, paid out as planned."""
    return replay(
        terms,
        [*disbursed(terms), *events],
        conventions=conventions,
        policy=rules or policy(),
        as_of=as_of,
    )


def by_plan(plan: RepaymentPlan | RepaymentMethod) -> LoanTerms:
    """Return the terms with another plan."""
    if not isinstance(plan, RepaymentPlan):
        plan = RepaymentPlan(method=plan)
    return attrs.evolve(FOUR, plan=plan)


def dues(state: LoanState) -> list[str]:
    return [f"{row.due_on:%m-%d}" for row in state.rows]


def moneys(*texts: str) -> tuple[Money, ...]:
    return tuple(map(money, texts))


# By hand.

WEEKS = (day(3, 3), day(3, 10), day(3, 17))


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        # 18 days of 30/360 lie between 15 February and 3 March, then 7 each: 908.85 x
        # 24 % x 18/360 = 10.91; 308.02 - 10.91 = 297.11. 611.74 x 24 % x 7/360 = 2.85;
        # 305.17. 306.57 bears 1.43: 308.00. With 308.01 the last one were 308.02.
        (
            replanned(WEEKS, frequency=Frequency.WEEKLY),
            [(297_11, 10_91), (305_17, 2_85), (306_57, 1_43)],
        ),
        # Ten days later: 40 days bear 24.24; 317.21 - 24.24 = 292.97. 615.88 x 2 % =
        # 12.32; 304.89. 310.99 x 2 % = 6.22; 317.21.
        (
            replanned((day(3, 25), day(4, 25), day(5, 25))),
            [(292_97, 24_24), (304_89, 12_32), (310_99, 6_22)],
        ),
        # One, two and three parts of 158.63: 140.45 + 18.18; 768.40 bears 15.37, and
        # 317.26 - 15.37 = 301.89; 466.51 bears 9.33: 475.84, of 475.89.
        (
            replanned(method=Seasonal((0, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0))),
            [(140_45, 18_18), (301_89, 15_37), (466_51, 9_33)],
        ),
        # 908.85 in three; at 2 %.
        (
            replanned(method=EqualPrincipal()),
            [(302_95, 18_18), (302_95, 12_12), (302_95, 6_06)],
        ),
        (
            replanned(method=InterestOnly()),
            [(0, 18_18), (0, 18_18), (908_85, 18_18)],
        ),
        # 908.85 x 2 % x 3 = 54.531.
        (replanned(method=Bullet()), [(0, 0), (0, 0), (908_85, 54_53)]),
        # 18.18 and 18.54 are added to the debt, which is 945.57 then and bears 18.91.
        (
            replanned(method=Bullet(is_compounded=True)),
            [(0, 0), (0, 0), (945_57, 18_91)],
        ),
        # On 908.85, not on the 1,200.00: 54.53 in three; 963.38 in three is 321.13.
        (
            replanned(method=FlatInterest()),
            [(302_95, 18_18), (302_95, 18_18), (302_95, 18_17)],
        ),
        # The last one takes what the others leave.
        (
            replanned(method=CustomPrincipal(moneys("200.00", "300.00", "408.85"))),
            [(200_00, 18_18), (300_00, 14_18), (408_85, 8_18)],
        ),
        (
            replanned(method=CustomInstallments(moneys("118.18", "216.18"))),
            [(100_00, 18_18), (200_00, 16_18), (608_85, 12_18)],
        ),
    ],
)
def test_the_rest_is_repaid_as_a_loan_of_what_is_left(
    what: Replanned, expected: list[tuple[int, int]]
) -> None:
    before = state_of([ON_TIME])
    after = state_of([ON_TIME, at(AFTER_IT, what)])

    assert rows(after) == [FIRST_ROW, *expected]
    assert after.rows[0] == before.rows[0]
    assert [row.due_on for row in after.rows[1:]] == [*what.due_on]
    assert after.overdue.total.minor == 0
    assert after.terms.frequency == what.frequency


def test_steps_begin_with_the_first_installment_to_come() -> None:
    # Two alike and then a step of 10 %, though the second stands third of all.
    method = Graduated.of(step_share="0.1", step_count=2)
    state = state_of([ON_TIME, at(AFTER_IT, replanned(method=method))])

    # 305.18 twice, then 335.70: 287.00 + 18.18; 621.85 bears 12.44, 292.74; 329.11
    # bears 6.58: 335.69.
    assert rows(state)[1:] == [(287_00, 18_18), (292_74, 12_44), (329_11, 6_58)]


def test_interest_that_waited_for_the_end_of_a_bullet_is_due_with_the_next_one() -> (
    None
):
    state = state_of(
        [at(AFTER_IT, replanned(method=EqualPrincipal()))], terms=by_plan(Bullet())
    )

    # 24.00 of the first month and of the second; then 400.00 less each.
    assert rows(state) == [(0, 0), (400_00, 48_00), (400_00, 16_00), (400_00, 8_00)]


def test_a_new_bullet_asks_for_interest_from_its_own_start() -> None:
    longer = at(day(3, 20), TermChanged(1))
    events = [ON_TIME, at(AFTER_IT, replanned(method=Bullet())), longer]

    state = state_of(events, day(3, 20))

    # Four months of 18.177 from 15 February on.
    assert rows(state) == [FIRST_ROW, (0, 0), (0, 0), (0, 0), (908_85, 72_71)]


def test_flat_interest_that_began_later_goes_on_by_what_was_left_then() -> None:
    events = [
        ON_TIME,
        at(AFTER_IT, replanned(method=FlatInterest())),
        paid(day(3, 15), "321.13", "second"),
        at(day(3, 20), TermChanged(1)),
    ]

    state = state_of(events, day(3, 20))

    # Four months on 908.85 are 72.71; 18.18 were asked for, 54.53 are left for three.
    assert [row[1] for row in rows(state)] == [24_00, 18_18, 18_18, 18_18, 18_17]
    assert sum(row[0] for row in rows(state)) == 1200_00


def test_flat_interest_is_on_what_is_left_after_an_early_payment() -> None:
    # 308.85 more than is due, so that 600.00 are left.
    rules = policy(EarlyPayment.LAST_INSTALLMENT)
    events = [ON_TIME, paid(day(2, 15), "308.85", "more")]
    flat = at(AFTER_IT, replanned(method=FlatInterest()))

    state = state_of([*events, flat], AFTER_IT, rules)

    # 600.00 x 2 % x 3 = 36.00. Installments are of all that was owed on 15 February:
    # 944.85 in three, of which 308.85 are paid; 6.10 of the interest fit into the rest.
    assert [sum(row) for row in rows(state)[1:]] == [314_95, 314_95, 314_95]
    assert [row[1] for row in rows(state)[1:]] == [6_10, 17_90, 12_00]
    assert state.outstanding.principal.minor == 600_00


def test_a_balloon_stays_and_comes_back_after_a_method_without_one() -> None:
    plan = RepaymentPlan(
        method=EqualPrincipal(), balloon=Portion.of_amount(money("600.00"))
    )
    only = at(AFTER_IT, replanned(method=InterestOnly()))
    back = at(day(3, 20), replanned(AS_PLANNED[1:], EqualPrincipal()))

    state = state_of([only], terms=by_plan(plan))
    again = state_of([only, back], day(3, 20), terms=by_plan(plan))

    assert rows(state) == [(150_00, 24_00), (0, 21_00), (0, 21_00), (1050_00, 21_00)]
    assert state.terms.plan.balloon is None
    # 450.00 in two, and 600.00 with the last one.
    assert rows(again)[2:] == [(225_00, 21_00), (825_00, 16_50)]


def test_grace_that_is_over_does_not_stand_in_the_way() -> None:
    plan = RepaymentPlan(method=EqualPrincipal(), grace=Grace(principal_count=1))

    state = state_of([at(AFTER_IT, replanned(method=Bullet()))], terms=by_plan(plan))

    assert rows(state) == [(0, 24_00), (0, 0), (0, 0), (1200_00, 72_00)]


def test_grace_that_is_to_come_goes_on() -> None:
    plan = RepaymentPlan(method=EqualInstallments(), grace=Grace(principal_count=2))

    state = state_of(
        [at(AFTER_IT, replanned(method=EqualPrincipal()))], terms=by_plan(plan)
    )

    assert rows(state) == [(0, 24_00), (0, 24_00), (600_00, 24_00), (600_00, 12_00)]


def test_fees_and_charges_come_with_every_new_installment() -> None:
    fee = Fee(
        name="service",
        timing=FeeTiming.PER_INSTALLMENT,
        portion=Portion.of_amount(money("2.00")),
    )
    plan = RepaymentPlan(method=EqualInstallments(), fees=(fee,))
    portion = Portion.of_amount(money("3.00"))
    charge = at(LENT_ON, Charged(kind=ChargeKind.FEE, portion=portion))
    more = at(AFTER_IT, replanned(WEEKS[:2], frequency=Frequency.WEEKLY))

    state = state_of([charge, more], terms=by_plan(plan))

    assert [row.fees_minor for row in state.rows] == [5_00, 5_00, 5_00]


def test_interest_by_periods_counts_those_of_the_new_cycle() -> None:
    weekly = at(AFTER_IT, replanned(WEEKS, InterestOnly(), Frequency.WEEKLY))

    state = state_of([weekly], conventions=PER_PERIOD)

    # 1,200.00 x 24 % / 12 first; what is left of it x 24 % / 52.
    left_minor = 1200_00 - state.rows[0].principal_minor
    assert state.rows[0].interest_minor == 24_00
    assert {row.interest_minor for row in state.rows[1:]} == {
        round(left_minor * 24 / 5200)
    }


def test_amounts_and_weights_are_filled_up_for_what_was_due() -> None:
    amounts = moneys("118.18", "216.18")
    custom = at(AFTER_IT, replanned(method=CustomInstallments(amounts)))
    parts = at(AFTER_IT, replanned(method=CustomPrincipal(moneys("9", "9", "890.85"))))
    weights = at(AFTER_IT, replanned(method=Weighted((3, 2, 1))))

    def method_of(event: LedgerEvent) -> RepaymentMethod:
        return state_of([ON_TIME, event]).terms.plan.method

    assert method_of(custom) == CustomInstallments((money("315.15"), *amounts))
    assert method_of(parts) == CustomPrincipal(moneys("291.15", "9", "9", "890.85"))
    assert method_of(weights) == Weighted((0, 3, 2, 1))


# Later changes.


def test_later_changes_go_on_by_the_new_cycle() -> None:
    weekly = at(AFTER_IT, replanned(WEEKS, frequency=Frequency.WEEKLY))
    longer = at(day(2, 21), TermChanged(2))
    skipped = at(day(2, 22), HolidayGranted(day(3, 10), 1))
    moved = at(day(2, 23), DueDateChanged(day(3, 17), day(3, 18)))

    state = state_of([weekly, longer, skipped, moved], day(2, 23))

    assert dues(state) == ["02-15", "03-03", "03-18", "03-25", "04-01", "04-08"]


def test_dates_that_are_no_series_go_on_from_the_last_one() -> None:
    uneven = at(AFTER_IT, replanned((day(3, 3), day(3, 20))))
    longer = at(day(2, 21), TermChanged(1))

    assert dues(state_of([uneven, longer], day(2, 21)))[-2:] == ["03-20", "04-20"]


def test_a_series_from_the_last_day_of_a_month_goes_on_with_last_days() -> None:
    last_days = at(AFTER_IT, replanned((day(3, 31), day(4, 30))))
    longer = at(day(2, 21), TermChanged(1))

    assert dues(state_of([last_days, longer], day(2, 21)))[-1] == "05-31"


def test_a_series_that_would_leave_the_calendar_may_still_be_agreed() -> None:
    last_on = dt.date.max - dt.timedelta(days=1)
    late = at(AFTER_IT, replanned((last_on - dt.timedelta(days=3), last_on)))

    assert state_of([late]).rows[-1].due_on == last_on


def test_the_last_of_several_plans_holds() -> None:
    first = at(AFTER_IT, replanned(WEEKS, Bullet(), Frequency.WEEKLY))
    second = at(day(2, 21), replanned(method=EqualPrincipal()))
    alone = state_of([ON_TIME, second], day(2, 21))

    both = state_of([ON_TIME, first, second], day(2, 21))

    assert (both.rows, both.terms) == (alone.rows, alone.terms)


def test_a_row_that_asks_for_less_as_interest_was_paid_ahead_keeps_that() -> None:
    # 35 days of a bullet bear 28.00, which is paid in its last row with 472.00.
    rules = policy(EarlyPayment.LAST_INSTALLMENT, in_advance=InAdvance.LAST)
    ahead = paid(day(2, 20), "500.00")
    first = at(day(3, 1), replanned((day(3, 15), day(4, 15)), EqualPrincipal()))
    second = at(day(3, 16), replanned((day(5, 1), day(6, 1)), EqualPrincipal()))

    before = state_of([ahead, first], day(3, 16), rules, terms=by_plan(Bullet()))
    after = state_of([ahead, first, second], day(3, 16), rules, terms=by_plan(Bullet()))

    # The bullet has borne 24.00 by 15 February; the first month after it bears 24.00 x
    # 5/30 = 4.00 and 728.00 x 24 % x 25/360 = 12.13, the second one less than 28.00.
    assert before.rows[1].interest_minor < 24_00 + 4_00 + 12_13
    assert after.rows[:2] == before.rows[:2]
    assert after.overdue == before.overdue


def test_dates_that_are_shifted_back_are_as_they_were() -> None:
    there = at(AFTER_IT, replanned([on + dt.timedelta(days=10) for on in AS_PLANNED]))
    back = at(AFTER_IT, replanned(), "back", minute=1)

    assert state_of([there, back]).rows == state_of([]).rows


def test_a_loan_that_was_planned_again_can_be_re_aged_and_ended() -> None:
    flat = at(AFTER_IT, replanned(WEEKS, FlatInterest(), Frequency.WEEKLY))
    again = ReAged(
        start_on=day(4, 15), frequency=Frequency.MONTHLY, installment_count=2
    )

    aged = state_of([flat, at(day(3, 5), again)], day(3, 5))
    ended = state_of([flat, at(day(3, 5), Terminated())], day(3, 5))

    assert sum(row.principal_minor for row in aged.rows) == 1200_00
    assert dues(aged)[-2:] == ["04-15", "05-15"]
    assert ended.due.principal.minor == ended.outstanding.principal.minor == 1200_00


# Before anything is paid out.


def test_a_plan_from_before_the_loan_makes_the_terms_that_it_begins_with() -> None:
    # Every date of the first plan has passed by the day of the second.
    days = (day(7, 1), day(8, 1))
    method = CustomPrincipal(moneys("200.00", "1000.00"))
    again = at(day(6, 1), replanned(days, method))
    lent = at(day(6, 10), Disbursed(amount=FOUR.principal))

    state = replay(
        FOUR,
        [lent, again],
        conventions=STRICT_30_360,
        policy=policy(),
        as_of=day(6, 10),
    )

    assert dues(state) == ["07-01", "08-01"]
    # 21 days from 10 June to 1 July, then a month.
    assert rows(state) == [(200_00, 16_80), (1000_00, 20_00)]
    assert state.terms.plan.method == method


# What is refused.

TWO_MONTHS = Grace(principal_count=2)
LAST = Grace(
    principal_count=1,
    interest_payment_count=1,
    deferred_interest=DeferredInterest.LAST_INSTALLMENT,
)
POUND = Currency.of("GBP")


@pytest.mark.parametrize(
    ("on", "what", "field", "rule"),
    [
        (
            AFTER_IT,
            replanned((AFTER_IT, day(5, 1))),
            "due_on",
            "must begin after 2025-02-20",
        ),
        (day(5, 15), replanned((day(6, 1),)), "value_on", "must be before the last"),
        (
            AFTER_IT,
            replanned([day(3, 1) + dt.timedelta(days=n) for n in range(1200)]),
            "due_on",
            "must leave up to 1200 installments",
        ),
        (
            AFTER_IT,
            replanned(method=CustomPrincipal((Money(1, EUR), Money(1, POUND)))),
            "method.amounts",
            "must be in EUR",
        ),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_by_name(
    on: dt.date, what: Replanned, field: str, rule: str
) -> None:
    event = at(on, what)

    with pytest.raises(LedgerError) as caught:
        state_of([event], on)

    assert (caught.value.event_id, caught.value.field) == (event.id, field)
    assert caught.value.rule.startswith(rule)


@pytest.mark.parametrize("grace", [TWO_MONTHS, LAST])
@pytest.mark.parametrize("method", [Bullet(), CustomPrincipal(moneys("1", "1", "1"))])
def test_a_method_without_grace_is_refused_while_there_is_some(
    grace: Grace, method: RepaymentMethod
) -> None:
    plan = RepaymentPlan(method=EqualPrincipal(), grace=grace)

    with pytest.raises(LedgerError, match="must be one that knows the grace") as caught:
        state_of([at(AFTER_IT, replanned(method=method))], terms=by_plan(plan))

    assert caught.value.field == "method"


@pytest.mark.parametrize(
    ("method", "field"),
    [
        (Weighted((1, 1)), "plan.method.weights"),
        (CustomPrincipal(moneys("1.00", "1.00")), "plan.method.amounts"),
        (CustomInstallments(moneys("1.00")), "plan.method.amounts"),
        (
            Seasonal((0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)),
            "plan.method.month_weights[4]",
        ),
    ],
)
def test_a_method_for_other_installments_is_refused(
    method: RepaymentMethod, field: str
) -> None:
    with pytest.raises(ScheduleError) as caught:
        state_of([at(AFTER_IT, replanned(method=method))])

    assert caught.value.field == field


@pytest.mark.parametrize("conventions", [FINERACT, FINERACT_CUMULATIVE])
@pytest.mark.parametrize("percent", ["0.24", "0"])
def test_the_arithmetic_of_fineract_refuses_it_by_name(
    conventions: ScheduleConventions, percent: str
) -> None:
    terms = attrs.evolve(FOUR, nominal_rate=Rate.per_year(percent))

    with pytest.raises(LedgerError) as caught:
        state_of([at(AFTER_IT, replanned())], terms=terms, conventions=conventions)

    assert (caught.value.field, caught.value.value) == ("type", "loan.replanned")


def test_a_loan_that_was_re_aged_is_not_planned_again() -> None:
    again = ReAged(start_on=day(4, 1), frequency=Frequency.MONTHLY, installment_count=3)
    events = [at(AFTER_IT, again), at(day(3, 1), replanned())]

    with pytest.raises(LedgerError, match="must be before the loan is re-aged"):
        state_of(events, day(3, 1))


@pytest.mark.parametrize(
    ("due_on", "rule"),
    [
        ((), "must have 1 date or more"),
        ((day(3, 1), day(3, 1)), "must come after 2025-03-01"),
        ((day(3, 1), day(2, 1)), "must come after 2025-03-01"),
        ([day(3, 1)], "must be a tuple of date"),
        ((dt.datetime(2025, 3, 1, tzinfo=dt.UTC),), "must be"),
    ],
)
def test_dates_that_do_not_rise_are_no_plan(due_on: object, rule: str) -> None:
    with pytest.raises(InvalidValueError, match=rule) as caught:
        Replanned(due_on=due_on, frequency=Frequency.MONTHLY)  # type: ignore[arg-type] # the fault is the point

    assert caught.value.field == "due_on"


@pytest.mark.parametrize("field", ["frequency", "method"])
def test_parts_of_another_kind_are_refused_by_name(field: str) -> None:
    parts: dict[str, object] = {"due_on": AS_PLANNED, "frequency": Frequency.MONTHLY}

    with pytest.raises(InvalidValueError) as caught:
        Replanned(**parts | {field: "monthly"})  # type: ignore[arg-type] # the fault is the point

    assert caught.value.field == field


# Laws.

METHODS: Final[dict[str, Callable[[int], RepaymentMethod]]] = {
    "equal_installments": lambda _: EqualInstallments(),
    "equal_principal": lambda _: EqualPrincipal(),
    "interest_only": lambda _: InterestOnly(),
    "bullet": lambda _: Bullet(),
    "compounded_bullet": lambda _: Bullet(is_compounded=True),
    "flat_interest": lambda _: FlatInterest(),
    "graduated": lambda _: Graduated.of(step_share="0.1", step_count=2),
    "weighted": lambda count: Weighted(tuple(range(1, count + 1))),
    "seasonal": lambda _: Seasonal((1, 2, 1, 3, 1, 1, 2, 1, 1, 3, 1, 1)),
    "custom_principal": lambda count: CustomPrincipal(
        (*[money("100.00")] * (count - 1), FOUR.principal)
    ),
    "custom_installments": lambda count: CustomInstallments(
        (money("150.00"),) * (count - 1)
    ),
}
RULES: Final = (STRICT, STRICT_30_360, PER_PERIOD)


def first_method(name: str) -> RepaymentMethod:
    """Return a method for the loan as it was agreed."""
    if name == "custom_principal":
        return CustomPrincipal(moneys("300.00", "200.00", "300.00", "400.00"))
    return METHODS[name](4)


@pytest.mark.parametrize("conventions", RULES, ids=lambda one: str(one.accrual))
@pytest.mark.parametrize("after", METHODS)
@pytest.mark.parametrize("before", METHODS)
@pytest.mark.parametrize("kept_count", [1, 2])
def test_rows_to_come_are_those_of_a_loan_of_what_is_left(
    before: str, after: str, conventions: ScheduleConventions, kept_count: int
) -> None:
    terms = by_plan(first_method(before))
    planned = state_of([], LENT_ON, terms=terms, conventions=conventions)
    kept = planned.rows[:kept_count]
    on = kept[-1].due_on + dt.timedelta(days=5)
    days = tuple(on + dt.timedelta(days=9 + 14 * number) for number in range(5))
    method = METHODS[after](5)
    fortnights = Frequency(2, "week")
    change = at(on, replanned(days, method, fortnights))

    state = state_of([change], on, terms=terms, conventions=conventions)

    assert rows(state)[:kept_count] == rows(planned)[:kept_count]
    left_minor = sum(row.principal_minor for row in state.rows[kept_count:])
    lent_minor = 1200_00 - sum(row.principal_minor for row in kept)
    if "compounded_bullet" not in (before, after):
        assert left_minor == lent_minor
    # Interest of a bullet waits, and some methods go on as they were.
    if "bullet" in before or before == after in ("flat_interest", "graduated"):
        return
    if after == "custom_principal":
        # The last one takes what the others leave.
        last = Money(lent_minor - 400_00, EUR)
        method = CustomPrincipal((*[money("100.00")] * 4, last))
    rest = attrs.evolve(
        terms,
        principal=Money(lent_minor, EUR),
        disbursed_on=kept[-1].due_on,
        first_due_on=days[0],
        due_on=days,
        installment_count=5,
        frequency=fortnights,
        plan=attrs.evolve(state.terms.plan, method=method),
    )
    alone = build_schedule(rest, conventions)
    assert rows(state)[kept_count:] == list(
        zip(alone.principal_minor, alone.interest_minor, strict=True)
    )


@pytest.mark.parametrize(
    "conventions",
    [
        STRICT,
        STRICT_30_360,
        PER_PERIOD,
        attrs.evolve(STRICT, short_period=ShortPeriod.INTEREST_FREE),
    ],
    ids=["days", "30/360", "periods", "free"],
)
@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kept_count", [0, 1, 2, 3])
@pytest.mark.parametrize("is_given", [False, True])
def test_the_same_plan_changes_nothing_at_all(
    name: str, conventions: ScheduleConventions, kept_count: int, *, is_given: bool
) -> None:
    # Half a period before the first due date.
    terms = attrs.evolve(
        by_plan(first_method(name)), disbursed_on=day(1, 30), first_due_on=day(2, 15)
    )
    before = state_of([], day(1, 30), terms=terms, conventions=conventions)
    to_come = [row.due_on for row in before.rows[kept_count:]]
    on = before.rows[kept_count - 1].due_on if kept_count else day(1, 30)
    method = terms.plan.method if is_given else None
    if isinstance(method, Weighted):
        method = Weighted(method.weights[kept_count:])
    elif isinstance(method, CustomPrincipal):
        method = CustomPrincipal(method.amounts[kept_count:])
    elif isinstance(method, CustomInstallments):
        method = CustomInstallments(method.amounts[kept_count:])
    change = at(on, replanned(to_come, method))

    without = state_of([], on, terms=terms, conventions=conventions)
    state = state_of([change], on, terms=terms, conventions=conventions)

    assert state.terms is terms
    assert (state.rows, state.payoff) == (without.rows, without.payoff)


@given(
    names=st.lists(
        st.sampled_from([name for name in METHODS if name != "flat_interest"]),
        min_size=1,
        max_size=3,
    ),
    first=st.sampled_from([*METHODS]),
    conventions=st.sampled_from(RULES),
    is_paused=st.booleans(),
    data=st.data(),
)
def test_the_short_ways_say_what_a_walk_through_all_plans_says(
    names: list[str],
    first: str,
    conventions: ScheduleConventions,
    data: st.DataObject,
    *,
    is_paused: bool,
) -> None:
    terms = by_plan(first_method(first))
    lent = LentTerms.of(terms, conventions)
    lent.pay_out(LENT_ON, 1200_00, 0)
    if data.draw(st.booleans()):
        lent.change_rate(day(3, 1), Rate.per_year("0.18"))
    if is_paused:
        lent.pause(day(3, 5), day(3, 9))
    series, on = DueSeries.of(terms, conventions), LENT_ON
    for name in names:
        on = data.draw(st.dates(on, series.dates()[-1] - dt.timedelta(days=1)))
        count = data.draw(st.integers(1, 5))
        first_on = on + dt.timedelta(days=data.draw(st.integers(1, 40)))
        days = [first_on + dt.timedelta(days=21 * number) for number in range(count)]
        kept_count = series.kept_count(on)
        method: Happening = replanned(days, METHODS[name](count), Frequency(3, "week"))
        if not series.change(at(on, method)):
            continue
        terms = attrs.evolve(
            series.terms(),
            plan=attrs.evolve(series.plan, unpaid_interest=UnpaidInterest.CARRIED)
            if data.draw(st.booleans())
            else series.plan,
        )
        lent.agree(terms, kept_count, method_from=series.method_from)
    scheduled = ScheduledRows(lent=lent, is_lower=False)
    try:
        walked = scheduled.run.walk()
    except ScheduleError as error:
        assume(error.field != "installment")
        raise

    assert scheduled.as_scheduled() == walked


@given(
    before=st.sampled_from([*METHODS]),
    after=st.sampled_from([*METHODS]),
    conventions=st.sampled_from(RULES),
    early=st.sampled_from(EarlyPayment),
    paid_minor=st.integers(1, 700_00),
    days=st.integers(0, 120),
    later=st.integers(0, 90),
)
def test_a_plan_and_its_reversal_are_as_if_nothing_had_been_and_money_is_kept(
    before: str,
    after: str,
    conventions: ScheduleConventions,
    early: EarlyPayment,
    paid_minor: int,
    days: int,
    later: int,
) -> None:
    terms, rules = by_plan(first_method(before)), policy(early)
    on = LENT_ON + dt.timedelta(days=days)
    assume(on < day(5, 15))
    as_of = on + dt.timedelta(days=later)
    payment = paid(day(1, 30), str(Money(paid_minor, EUR).amount), "early")
    due_on = [on + dt.timedelta(days=20 * number) for number in range(1, 5)]
    change = at(on, replanned(due_on, METHODS[after](4), Frequency(20, "day")))

    def state(*events: LedgerEvent) -> LoanState:
        return state_of(events, as_of, rules, terms=terms, conventions=conventions)

    planned, without = state(payment, change), state(payment)
    undone = state(payment, change, at(on, Reversed(change.id)))

    assert (undone.rows, undone.terms) == (without.rows, without.terms)
    assert state(change, payment) == planned
    asked_minor = sum(row.principal_minor for row in planned.rows)
    if "compounded_bullet" not in (before, after):
        assert asked_minor == 1200_00
    paid_now_minor = sum(row.paid_minor for row in planned.rows)
    assert paid_now_minor + planned.credit.minor == (
        paid_minor if as_of >= day(1, 30) else 0
    )


def test_terms_that_are_changed_alone_do_not_know_the_amounts_of_earlier_rows() -> None:
    custom = CustomPrincipal(moneys("200.00", "300.00", "408.85"))

    terms = changed_terms(FOUR, [at(AFTER_IT, replanned(method=custom))], STRICT)

    assert terms.plan.method == CustomPrincipal((Money(0, EUR), *custom.amounts))
    assert terms.due_on == (day(2, 15), *AS_PLANNED)
