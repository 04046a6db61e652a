"""Changes that are agreed while a loan runs: by hand, and what they never touch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from microcrm_core import LedgerError, Money, Rate, ScheduleError
from microcrm_core.dates import BusinessCalendar, BusinessDayRule, Frequency
from microcrm_core.ledger.allocation_orders import Bucket, InAdvance
from microcrm_core.ledger.happenings import (
    Charged,
    ChargeKind,
    Disbursed,
    DueDateChanged,
    Happening,
    HolidayGranted,
    IncomeCapitalized,
    RateChanged,
    ReAged,
    Repaid,
    Replanned,
    Reversed,
    TermChanged,
    Terminated,
)
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import (
    EarlyInterest,
    EarlyPayment,
    LateInterest,
    LedgerPolicy,
)
from microcrm_core.ledger.lent_terms import LentTerms
from microcrm_core.ledger.loan_states import LoanState, LoanStatus
from microcrm_core.ledger.replaying import checkpoint_of, replay
from microcrm_core.ledger.scheduled_rows import ScheduledRows
from microcrm_core.ledger.term_changes import DueSeries, changed_terms
from microcrm_core.loans import (
    NO_GRACE,
    STRICT,
    STRICT_30_360,
    Bullet,
    BusinessDays,
    Collision,
    CustomInstallments,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeTiming,
    FlatInterest,
    Grace,
    Graduated,
    InterestDate,
    InterestOnly,
    LoanTerms,
    Portion,
    Remainder,
    RepaymentMethod,
    RepaymentPlan,
    ScheduleConventions,
    Seasonal,
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

SERVICE = Fee(
    name="service",
    timing=FeeTiming.PER_INSTALLMENT,
    portion=Portion.of_amount(money("2.00")),
)
ON_TIME = paid(day(2, 15), "315.15")
AFTER_IT = day(2, 20)


def by_plan(
    method: RepaymentMethod,
    *,
    grace: Grace = NO_GRACE,
    balloon: Portion | None = None,
) -> LoanTerms:
    """Return the terms with another plan."""
    plan = RepaymentPlan(method=method, grace=grace, balloon=balloon)
    return attrs.evolve(FOUR, plan=plan)


def state_of(
    events: Sequence[LedgerEvent],
    as_of: dt.date,
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


def dues(state: LoanState) -> list[str]:
    return [f"{row.due_on:%m-%d}" for row in state.rows]


# By hand.


def test_a_holiday_leaves_what_was_paid_on_time_and_plans_the_rest_again() -> None:
    holiday = at(AFTER_IT, HolidayGranted(day(3, 15), 2))

    state = state_of([ON_TIME, holiday], AFTER_IT)

    # 908.85 is left. Three months: 54.53; 327.51 - 54.53 = 272.98. 635.87 x 2 % =
    # 12.72; 314.79. 321.08 x 2 % = 6.42; 327.50. With 327.50 the last one were 327.52.
    assert dues(state) == ["02-15", "05-15", "06-15", "07-15"]
    assert rows(state) == [
        (291_15, 24_00),
        (272_98, 54_53),
        (314_79, 12_72),
        (321_08, 6_42),
    ]
    assert state.overdue.total.minor == 0
    assert state.rows[0].settled_on == day(2, 15)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        # 908.85 x 2 % = 18.18. 468.11 - 18.18 = 449.93; 458.92 x 2 % = 9.18.
        (TermChanged(-1), [(449_93, 18_18), (458_92, 9_18)]),
        # 46 days from 15 February to 31 March of 30/360: 908.85 x 24 % x 46/360 =
        # 27.87; then a month each: 618.27 x 2 % = 12.37, 312.19 x 2 % = 6.24.
        (
            DueDateChanged(day(3, 15), day(3, 31)),
            [(290_58, 27_87), (306_08, 12_37), (312_19, 6_24)],
        ),
    ],
)
def test_a_term_or_a_due_date_is_planned_from_what_is_left(
    change: Happening, expected: list[tuple[int, int]]
) -> None:
    state = state_of([ON_TIME, at(AFTER_IT, change)], AFTER_IT)

    assert rows(state) == [(291_15, 24_00), *expected]
    assert state.overdue.total.minor == 0


def test_an_installment_that_was_not_paid_stays_overdue_as_it_was() -> None:
    state = state_of([at(AFTER_IT, TermChanged(2))], AFTER_IT)

    assert (state.overdue.total.minor, state.days_past_due) == (315_15, 5)
    assert rows(state)[0] == (291_15, 24_00)
    # 908.85 over five: 192.82 - 18.18 = 174.64.
    assert rows(state)[1] == (174_64, 18_18)


def test_equal_principal_is_split_evenly_anew() -> None:
    terms = by_plan(EqualPrincipal())

    state = state_of([at(AFTER_IT, TermChanged(-1))], AFTER_IT, terms=terms)

    # 300.00 is due; 900.00 in two parts, at 2 %.
    assert rows(state) == [(300_00, 24_00), (450_00, 18_00), (450_00, 9_00)]


def test_flat_interest_goes_on_for_the_periods_that_are_left() -> None:
    terms = by_plan(FlatInterest())
    longer = state_of([at(AFTER_IT, TermChanged(2))], AFTER_IT, terms=terms)
    holiday = at(AFTER_IT, HolidayGranted(day(3, 15), 2))
    later = state_of([holiday], AFTER_IT, terms=terms)

    # 24.00 a month on 1,200.00: 300.00 + 24.00, then 900.00 and 120.00 in five.
    assert rows(longer) == [(300_00, 24_00), *[(180_00, 24_00)] * 5]
    # The three months of the holiday and two more: 120.00 in three.
    assert rows(later) == [(300_00, 24_00), *[(300_00, 40_00)] * 3]


def test_a_balloon_stays_in_the_last_installment() -> None:
    terms = by_plan(EqualPrincipal(), balloon=Portion.of_amount(money("600.00")))

    state = state_of([at(AFTER_IT, TermChanged(1))], AFTER_IT, terms=terms)

    # 600.00 in four are 150.00; what is left of it, 450.00, in four more are 112.50.
    assert rows(state) == [
        (150_00, 24_00),
        (112_50, 21_00),
        (112_50, 18_75),
        (112_50, 16_50),
        (712_50, 14_25),
    ]


def test_interest_put_off_by_grace_is_due_where_it_was() -> None:
    grace = Grace(
        principal_count=2,
        interest_payment_count=2,
        deferred_interest=DeferredInterest.FIRST_INSTALLMENT,
    )
    terms = by_plan(EqualPrincipal(), grace=grace)

    state = state_of([at(AFTER_IT, TermChanged(1))], AFTER_IT, terms=terms)

    # Nothing for two months, then 400.00 each and the 48.00 that waited.
    assert rows(state) == [
        (0, 0),
        (0, 0),
        (400_00, 72_00),
        (400_00, 16_00),
        (400_00, 8_00),
    ]


def test_interest_above_an_installment_waits_for_the_next() -> None:
    # Two years at 5 % a month; a holiday of two years.
    terms = attrs.evolve(FOUR, installment_count=24, nominal_rate=Rate.per_year("0.60"))
    holiday = at(AFTER_IT, HolidayGranted(day(3, 15), 24))

    state = state_of([holiday], AFTER_IT, terms=terms)

    first, second, third = state.rows[:3]
    assert (first.due_on, second.due_on) == (day(2, 15), dt.date(2027, 3, 15))
    assert second.principal_minor == 0
    # 25 months of 5 % on what was left, of which the installment pays a part.
    left_minor = 1200_00 - first.principal_minor
    borne_minor = round(Fraction(left_minor * 25, 20))
    assert second.interest_minor < borne_minor
    assert third.interest_minor > left_minor // 20
    asked_minor = [row.principal_minor + row.interest_minor for row in state.rows]
    assert len(set(asked_minor[1:-1])) == 1
    assert asked_minor[-1] <= asked_minor[-2]
    assert state.terms.plan.unpaid_interest is UnpaidInterest.CARRIED
    assert sum(row.principal_minor for row in state.rows) == 1200_00


def test_what_was_paid_ahead_of_rows_that_go_away_is_in_the_last_one() -> None:
    # 100.00 for the last installment, before it is taken away.
    ahead = paid(day(2, 15), "415.15", "ahead")
    rules = policy(in_advance=InAdvance.LAST)

    state = state_of([ahead, at(AFTER_IT, TermChanged(-1))], AFTER_IT, rules)

    assert rows(state) == [(291_15, 24_00), (449_93, 18_18), (458_92, 9_18)]
    assert [row.paid_minor for row in state.rows] == [315_15, 0, 100_00]
    assert state.rows[2].paid_early_minor == 100_00
    assert {part.row_number for part in state.allocation(ahead.id)} == {1, 3}


@pytest.mark.parametrize(
    ("text", "fees"),
    [
        # The first installment and the last two: three fees for three installments.
        ("951.45", [2_00, 0, 4_00]),
        # All four: what was paid is not given back.
        ("2000.00", [2_00, 2_00, 4_00]),
        # The first and the last one: its fee is that of the row that is now the last.
        ("634.30", [2_00, 2_00, 2_00]),
    ],
)
def test_fees_that_were_paid_with_rows_that_go_away_are_in_the_last_one(
    text: str, fees: list[int]
) -> None:
    terms = attrs.evolve(FOUR, plan=attrs.evolve(FOUR.plan, fees=(SERVICE,)))
    ahead = paid(day(2, 15), text)
    rules = policy(in_advance=InAdvance.LAST)

    state = state_of(
        [ahead, at(AFTER_IT, TermChanged(-1))], AFTER_IT, rules, terms=terms
    )

    assert [row.fees_minor for row in state.rows] == fees
    assert all(row.open_in(bucket) >= 0 for row in state.rows for bucket in Bucket)
    paid_minor = sum(row.paid_minor for row in state.rows)
    assert paid_minor + state.credit.minor == money(text).minor
    assert min(state.credit.minor, state.outstanding.total.minor) == 0


def test_a_prepayment_that_lowers_installments_is_part_of_what_is_left() -> None:
    rules = policy(EarlyPayment.LOWER_INSTALLMENT)
    events = [ON_TIME, paid(day(2, 15), "308.85", "more")]

    state = state_of([*events, at(AFTER_IT, TermChanged(-1))], AFTER_IT, rules)

    # 600.00 is left: 297.03 + 12.00, then 302.97 + 6.06. What was paid ahead stands in
    # the row that it was paid into.
    left = [
        (row.principal_minor + row.interest_minor - row.paid_minor)
        for row in state.rows
    ]
    assert left == [0, 309_03, 309_03]
    assert state.outstanding.principal.minor == 600_00


def test_a_charge_falls_due_with_the_row_in_whose_period_it_now_is() -> None:
    def fee(due_on: dt.date) -> LedgerEvent:
        portion = Portion.of_amount(money("5.00"))
        what = Charged(kind=ChargeKind.FEE, portion=portion, due_on=due_on)
        return at(LENT_ON, what, str(due_on))

    fees = [fee(day(3, 10)), fee(day(4, 20)), fee(day(5, 10))]
    holiday = at(AFTER_IT, HolidayGranted(day(3, 15), 1))
    shorter = at(AFTER_IT, TermChanged(-1), minute=1)

    moved = state_of([*fees, holiday], AFTER_IT)
    cut = state_of([*fees, shorter], AFTER_IT)

    assert dues(moved) == ["02-15", "04-15", "05-15", "06-15"]
    assert [row.fees_minor for row in moved.rows] == [0, 5_00, 10_00, 0]
    # What falls due after the last installment stands alone.
    assert dues(cut) == ["02-15", "03-15", "04-15", "05-10"]
    assert [row.fees_minor for row in cut.rows] == [0, 5_00, 0, 10_00]


def test_charges_with_every_installment_come_with_those_that_are_added() -> None:
    portion = Portion.of_amount(money("2.00"))
    fee = at(LENT_ON, Charged(kind=ChargeKind.FEE, portion=portion))

    longer = state_of([fee, at(AFTER_IT, TermChanged(1))], AFTER_IT)
    shorter = state_of([fee, at(AFTER_IT, TermChanged(-1))], AFTER_IT)

    assert [row.fees_minor for row in longer.rows] == [2_00] * 5
    assert [row.fees_minor for row in shorter.rows] == [2_00] * 3


def test_a_loan_by_business_days_keeps_the_row_that_was_moved_to_after_the_day() -> (
    None
):
    # 15 February 2025 is a Saturday: due on Monday, so the Sunday may change it.
    weekends = BusinessDays(
        rule=BusinessDayRule.FOLLOWING,
        calendar=BusinessCalendar(name="weekends"),
        interest_to=InterestDate.ORIGINAL,
        collision=Collision.KEPT,
    )
    conventions = attrs.evolve(STRICT_30_360, business_days=weekends)

    def changed(on: dt.date) -> LoanState:
        holiday = at(on, HolidayGranted(day(2, 17), 1))
        return state_of([holiday], on, conventions=conventions)

    assert changed(day(2, 16)).rows[0].due_on == day(3, 17)
    with pytest.raises(LedgerError, match="must be due after the day of the event"):
        changed(day(2, 17))


def test_terms_that_were_agreed_before_the_loan_began_are_those_it_began_with() -> None:
    # Planned for 15 January, paid out on 20 February, after the first due date.
    moved = at(day(2, 10), DueDateChanged(day(2, 15), day(3, 15)))
    lent = at(day(2, 20), Disbursed(amount=FOUR.principal))
    later = at(day(3, 20), HolidayGranted(day(4, 15), 1))

    state = replay(
        FOUR,
        [later, moved, lent],
        conventions=STRICT_30_360,
        policy=policy(),
        as_of=day(3, 20),
    )

    assert dues(state) == ["03-15", "05-15", "06-15", "07-15"]
    # 25 days from 20 February to 15 March: 1,200.00 x 24 % x 25/360 = 20.00.
    assert state.rows[0].interest_minor == 20_00
    assert state.overdue.total.minor > 0


@pytest.mark.parametrize(
    ("events", "field", "rule"),
    [
        (
            [at(day(2, 15), HolidayGranted(day(2, 15), 1))],
            "from_on",
            "must be due after the day of the event",
        ),
        (
            [at(day(5, 15), TermChanged(1))],
            "value_on",
            "must be before the last due date",
        ),
        (
            [at(day(3, 15), TermChanged(-2))],
            "added_count",
            "must leave an installment due after",
        ),
        (
            [
                at(
                    AFTER_IT,
                    ReAged(
                        start_on=day(4, 1),
                        frequency=Frequency.MONTHLY,
                        installment_count=3,
                    ),
                ),
                at(day(3, 1), TermChanged(1)),
            ],
            "value_on",
            "must be before the loan is re-aged or ended",
        ),
    ],
)
def test_a_change_that_comes_too_late_is_refused(
    events: list[LedgerEvent], field: str, rule: str
) -> None:
    with pytest.raises(LedgerError) as caught:
        state_of(events, day(6, 1))

    assert (caught.value.field, caught.value.event_id) == (field, events[-1].id)
    assert caught.value.rule.startswith(rule)


def test_a_loan_that_has_ended_is_not_planned_again() -> None:
    ended = at(AFTER_IT, Terminated())

    before = state_of([ended], day(3, 1))
    after = state_of([ended, at(day(3, 1), TermChanged(1))], day(3, 1))

    assert after.rows == before.rows


# Laws.

METHODS: Final[tuple[RepaymentMethod, ...]] = (
    EqualInstallments(),
    EqualPrincipal(),
    FlatInterest(),
    InterestOnly(),
    Bullet(),
    Bullet(is_compounded=True),
    Graduated.of(step_share="0.1", step_count=2),
)
# By which the rest may be repaid; a bullet that compounds would add principal.
REST_METHODS: Final[tuple[RepaymentMethod | None, ...]] = (
    None,
    *[one for one in METHODS if one != Bullet(is_compounded=True)],
    Seasonal((1, 2, 1, 3, 1, 1, 2, 1, 1, 3, 1, 1)),
)
HOLIDAY_RULES = (STRICT, STRICT_30_360)


@attrs.define(kw_only=True)
class Loan:
    """A loan with what happened to it before a change and after it."""

    terms: LoanTerms
    conventions: ScheduleConventions
    rules: LedgerPolicy
    events: list[LedgerEvent]

    def state(self, as_of: dt.date, *more: LedgerEvent) -> LoanState:
        return state_of(
            [*self.events, *more],
            as_of,
            self.rules,
            terms=self.terms,
            conventions=self.conventions,
        )

    def changed(self, as_of: dt.date, *more: LedgerEvent) -> LoanState:
        """Return a state; drop the example where the change is refused."""
        try:
            return self.state(as_of, *more)
        except LedgerError:
            assume(False)
            raise
        except ScheduleError as error:
            # Grace as long as the loan has no schedule, nor have other installments
            # than weights or amounts were agreed for.
            names = ("grace", "plan.method.weights", "plan.method.amounts")
            assume(not any(name in error.field for name in names))
            raise

    @property
    def adds_interest(self) -> bool:
        """Whether interest becomes principal, beside what was lent."""
        plan = self.terms.plan
        is_compounded = isinstance(plan.method, Bullet) and plan.method.is_compounded
        return is_compounded or plan.grace.deferred_interest is not None


@st.composite
def plans(draw: st.DrawFn) -> RepaymentPlan:
    method = draw(st.sampled_from(METHODS))
    if isinstance(method, Bullet):
        return RepaymentPlan(method=method)
    grace = draw(
        st.sampled_from(
            (
                NO_GRACE,
                Grace(principal_count=2),
                Grace(
                    principal_count=2,
                    interest_payment_count=2,
                    deferred_interest=DeferredInterest.CAPITALIZED,
                ),
            )
        )
    )
    balloon = None
    if not isinstance(method, InterestOnly) and draw(st.booleans()):
        balloon = Portion.of_amount(money("200.00"))
    return RepaymentPlan(method=method, grace=grace, balloon=balloon)


@st.composite
def loans(draw: st.DrawFn, events_max: int = 5) -> Loan:
    terms = attrs.evolve(
        FOUR,
        installment_count=draw(st.integers(3, 7)),
        plan=draw(plans()),
        nominal_rate=draw(
            st.sampled_from((Rate.per_year("0.24"), Rate.per_year("0.07")))
        ),
    )
    rules = policy(
        draw(st.sampled_from(EarlyPayment)),
        interest=draw(st.sampled_from(EarlyInterest)),
        late=draw(st.sampled_from(LateInterest)),
        in_advance=draw(st.sampled_from(InAdvance)),
    )
    made = Loan(
        terms=terms,
        conventions=draw(st.sampled_from(HOLIDAY_RULES)),
        rules=rules,
        events=[],
    )
    happenings: st.SearchStrategy[Happening] = st.one_of(
        st.builds(Repaid, amount=st.integers(1, 500_00).map(lambda n: Money(n, EUR))),
        st.just(
            Charged(
                kind=ChargeKind.FEE,
                portion=Portion.of_amount(money("3.00")),
                due_on=day(draw(st.integers(2, 8)), 20),
            )
        ),
        st.just(RateChanged(Rate.per_year("0.18"))),
    )
    for number in range(draw(st.integers(0, events_max))):
        on = LENT_ON + dt.timedelta(days=draw(st.integers(0, 150)))
        what = draw(happenings | changes(terms, on))
        made.events.append(at(on, what, str(number), minute=number))
    return made


def changes(terms: LoanTerms, on: dt.date) -> st.SearchStrategy[Happening]:
    """Return changes that name a due date of the series, or dates after a day."""
    due_on = build_schedule(
        attrs.evolve(terms, plan=RepaymentPlan(method=EqualPrincipal())), STRICT
    ).due_on
    days = st.sampled_from(due_on)
    return st.one_of(
        st.builds(
            lambda on, later: DueDateChanged(on, on + dt.timedelta(days=later)),
            days,
            st.integers(-10, 40),
        ),
        st.builds(HolidayGranted, days, st.integers(1, 3)),
        st.builds(TermChanged, st.sampled_from((-2, -1, 1, 2))),
        replans(on),
        replans(on),
    )


@st.composite
def replans(draw: st.DrawFn, on: dt.date) -> Replanned:
    """Return a plan of a few installments that are due after a day."""
    first_on = on + dt.timedelta(days=draw(st.integers(1, 60)))
    count, step = draw(st.integers(1, 6)), draw(st.sampled_from((7, 10, 30, 31)))
    days = [first_on + dt.timedelta(days=step * number) for number in range(count)]
    weights = st.lists(st.integers(1, 4), min_size=count, max_size=count)
    amounts = st.lists(
        st.integers(20_00, 500_00).map(lambda minor: Money(minor, EUR)),
        min_size=count - 1,
        max_size=count - 1,
    )
    method: st.SearchStrategy[RepaymentMethod | None] = st.one_of(
        st.sampled_from(REST_METHODS),
        weights.map(lambda parts: Weighted(tuple(parts))),
        amounts.map(lambda parts: CustomInstallments(tuple(parts))),
    )
    every = (Frequency.MONTHLY, Frequency.WEEKLY, Frequency(10, "day"))
    return Replanned(
        due_on=tuple(days), frequency=draw(st.sampled_from(every)), method=draw(method)
    )


@st.composite
def change_events(draw: st.DrawFn, loan: Loan, last: int = 150) -> LedgerEvent:
    """Return a change that comes last of all on its day."""
    on = LENT_ON + dt.timedelta(days=draw(st.integers(0, last)))
    return at(on, draw(changes(loan.terms, on)), "changed", minute=59)


@given(loan=loans(), data=st.data())
def test_rows_that_are_due_keep_all_they_have(loan: Loan, data: st.DataObject) -> None:
    change = data.draw(change_events(loan))
    on = change.value_on
    before = loan.changed(on)

    after = loan.changed(on, change)

    kept = [row for row in before.rows if row.due_on <= on]
    assert [row for row in after.rows if row.due_on <= on] == kept
    assert before.overdue == after.overdue
    assert before.credit.minor >= after.credit.minor


@given(loan=loans(), data=st.data())
def test_what_rows_that_were_due_asked_for_stays_the_same_later(
    loan: Loan, data: st.DataObject
) -> None:
    # Late interest apart, which a row goes on to ask for.
    loan.rules = attrs.evolve(loan.rules, late_interest=LateInterest.NONE)
    change = data.draw(change_events(loan))
    later_on = change.value_on + dt.timedelta(days=data.draw(st.integers(0, 200)))
    before = loan.changed(change.value_on)

    after = loan.changed(later_on, change)

    kept = [
        (row.due_on, row.principal_minor, row.interest_minor)
        for row in before.rows
        if row.due_on <= change.value_on
    ]
    assert [
        (row.due_on, row.principal_minor, row.interest_minor) for row in after.rows
    ][: len(kept)] == kept


@given(loan=loans(), data=st.data())
def test_rows_ask_for_the_principal_that_was_lent(
    loan: Loan, data: st.DataObject
) -> None:
    assume(not loan.adds_interest)
    change = data.draw(change_events(loan))
    as_of = LENT_ON + dt.timedelta(days=data.draw(st.integers(0, 400)))

    state = loan.changed(as_of, change)

    assert sum(row.principal_minor for row in state.rows) == 1200_00
    assert all(row.open_in(bucket) >= 0 for row in state.rows for bucket in Bucket)
    assert all(one <= two for one, two in pairwise(row.due_on for row in state.rows))
    assert min(state.credit.minor, state.outstanding.total.minor) == 0


@given(loan=loans(), data=st.data())
def test_the_order_of_arrival_never_matters(loan: Loan, data: st.DataObject) -> None:
    change = data.draw(change_events(loan))
    as_of = LENT_ON + dt.timedelta(days=data.draw(st.integers(0, 300)))
    state = loan.changed(as_of, change)
    loan.events = data.draw(st.permutations([*loan.events, change]))

    assert loan.state(as_of) == state


@given(loan=loans(), data=st.data())
def test_a_change_and_its_reversal_are_as_if_nothing_had_been(
    loan: Loan, data: st.DataObject
) -> None:
    change = data.draw(change_events(loan))
    as_of = LENT_ON + dt.timedelta(days=data.draw(st.integers(0, 300)))
    before = loan.changed(as_of)
    undone = at(change.value_on, Reversed(change.id))

    after = loan.changed(as_of, change, undone)

    assert (after.rows, after.terms, after.payoff) == (
        before.rows,
        before.terms,
        before.payoff,
    )


@given(loan=loans(), data=st.data())
def test_what_was_known_before_a_change_was_recorded_stays_known(
    loan: Loan, data: st.DataObject
) -> None:
    change = data.draw(change_events(loan))
    as_of = LENT_ON + dt.timedelta(days=data.draw(st.integers(0, 300)))
    before = loan.changed(as_of)
    known_at = change.recorded_at - dt.timedelta(seconds=1)

    then = replay(
        loan.terms,
        [*disbursed(loan.terms), *loan.events, change],
        conventions=loan.conventions,
        policy=loan.rules,
        as_of=as_of,
        known_at=known_at,
    )

    assert (then.rows, then.terms) == (before.rows, before.terms)


@given(loan=loans(), data=st.data())
def test_a_checkpoint_gives_the_state_that_the_whole_log_gives(
    loan: Loan, data: st.DataObject
) -> None:
    change = data.draw(change_events(loan))
    as_of = LENT_ON + dt.timedelta(days=data.draw(st.integers(0, 300)))
    whole = loan.changed(as_of, change)
    log = [*disbursed(loan.terms), *loan.events, change]
    stop_on = LENT_ON + dt.timedelta(days=data.draw(st.integers(0, 300)))
    checkpoint = checkpoint_of(
        loan.terms,
        log,
        conventions=loan.conventions,
        policy=loan.rules,
        as_of=min(stop_on, as_of),
    )

    resumed = replay(
        loan.terms,
        log,
        conventions=loan.conventions,
        policy=loan.rules,
        as_of=as_of,
        checkpoint=checkpoint,
    )

    assert resumed == whole


@given(loan=loans(), data=st.data())
def test_a_payoff_that_is_paid_closes_the_loan_at_zero(
    loan: Loan, data: st.DataObject
) -> None:
    change = data.draw(change_events(loan))
    as_of = change.value_on + dt.timedelta(days=data.draw(st.integers(0, 100)))
    loan.events.append(change)
    state = loan.changed(as_of)
    assume(state.status is LoanStatus.ACTIVE)

    closing = at(as_of, Repaid(amount=state.payoff.total), "all")
    # The quote knew of the change.
    closing = attrs.evolve(
        closing, recorded_at=change.recorded_at + dt.timedelta(minutes=1)
    )
    after = loan.state(as_of, closing)

    assert (after.status, after.credit.minor) == (LoanStatus.CLOSED, 0)
    assert after.outstanding.total.minor == 0


@given(loan=loans(events_max=0), data=st.data())
def test_a_change_before_the_first_due_date_is_as_if_agreed_from_the_start(
    loan: Loan, data: st.DataObject
) -> None:
    change = data.draw(change_events(loan, last=30))
    state = loan.changed(change.value_on, change)
    terms = changed_terms(loan.terms, [change], loan.conventions)

    try:
        schedule = build_schedule(terms, loan.conventions)
    except ScheduleError:
        assert state.terms.plan.unpaid_interest is UnpaidInterest.CARRIED
        return

    assert state.terms == terms
    assert tuple(row.due_on for row in state.rows) == schedule.due_on
    assert state.charged_minor[Bucket.PRINCIPAL] == schedule.principal_minor
    assert state.charged_minor[Bucket.INTEREST] == schedule.interest_minor


@given(loan=loans(events_max=0), data=st.data())
def test_a_holiday_makes_nobody_late_who_has_paid_all_that_was_due(
    loan: Loan, data: st.DataObject
) -> None:
    paid_count = data.draw(st.integers(1, loan.terms.installment_count - 1))
    planned = loan.state(LENT_ON).rows
    for number, row in enumerate(planned[:paid_count]):
        asked_minor = row.principal_minor + row.interest_minor
        if asked_minor:
            amount = Repaid(amount=Money(asked_minor, EUR))
            loan.events.append(at(row.due_on, amount, str(number)))
    last_on, next_on = planned[paid_count - 1].due_on, planned[paid_count].due_on
    on = data.draw(st.dates(last_on, next_on - dt.timedelta(days=1)))
    count = data.draw(st.integers(1, 12))
    holiday = at(on, HolidayGranted(next_on, count), "holiday", minute=59)
    state = loan.state(on, holiday)
    until_on = state.rows[paid_count].due_on

    assert state.rows[:paid_count] == loan.state(on).rows[:paid_count]
    assert loan.state(until_on, holiday).overdue.total.minor == 0
    assert until_on >= next_on + dt.timedelta(days=28 * count)


@given(
    loan=loans(events_max=0),
    data=st.data(),
    counts=st.lists(st.integers(1, 3), min_size=2, max_size=3),
)
def test_holidays_of_one_day_add_up(
    loan: Loan, data: st.DataObject, counts: list[int]
) -> None:
    due_on = [row.due_on for row in loan.state(LENT_ON).rows]
    place = data.draw(st.integers(0, len(due_on) - 1))
    starts_on = due_on[place - 1] if place else LENT_ON
    on = data.draw(st.dates(starts_on, due_on[place] - dt.timedelta(days=1)))
    whole = at(on, HolidayGranted(due_on[place], sum(counts)), minute=59)
    expected = loan.state(on, whole)

    parts: list[LedgerEvent] = []
    from_on = due_on[place]
    for number, count in enumerate(counts):
        part = HolidayGranted(from_on, count)
        parts.append(at(on, part, str(number), minute=10 + number))
        from_on = loan.state(on, *parts).rows[place].due_on

    assert loan.state(on, *parts).rows == expected.rows


@given(loan=loans(events_max=0), data=st.data(), added=st.integers(1, 5))
def test_a_longer_term_that_is_shortened_before_anything_is_due_was_never_longer(
    loan: Loan, data: st.DataObject, added: int
) -> None:
    on = LENT_ON + dt.timedelta(days=data.draw(st.integers(0, 30)))
    longer = at(on, TermChanged(added), "more", minute=10)
    shorter = at(on, TermChanged(-added), "fewer", minute=11)

    after = loan.state(on, longer, shorter)

    assert after.rows == loan.state(on).rows


def is_flat(loan: Loan, change: LedgerEvent) -> bool:
    """Return whether flat interest was ever agreed, which takes no later payout."""
    methods = [loan.terms.plan.method]
    methods += [
        event.what.method
        for event in (*loan.events, change)
        if isinstance(event.what, Replanned) and event.what.method is not None
    ]
    return any(isinstance(method, FlatInterest) for method in methods)


@given(loan=loans(), data=st.data())
def test_what_is_lent_after_a_change_is_repaid_too(
    loan: Loan, data: st.DataObject
) -> None:
    assume(not loan.adds_interest)
    change = data.draw(change_events(loan))
    assume(not is_flat(loan, change))
    on = change.value_on + dt.timedelta(days=data.draw(st.integers(0, 200)))
    more = at(on, IncomeCapitalized(money("50.00")), "more", minute=59)

    state = loan.changed(on, change, more)

    assert sum(row.principal_minor for row in state.rows) == 1250_00


@given(
    method=st.sampled_from((EqualInstallments(), EqualPrincipal(), InterestOnly())),
    conventions=st.sampled_from(
        (
            STRICT,
            STRICT_30_360,
            attrs.evolve(STRICT, has_interest_on_disbursement_day=True),
            attrs.evolve(STRICT, remainder=Remainder.FIRST, installment_multiple=100),
        )
    ),
    added=st.lists(st.integers(-1, 4).filter(bool), min_size=1, max_size=3),
    data=st.data(),
)
def test_a_loan_of_what_is_left_is_what_a_walk_through_all_terms_says(
    method: RepaymentMethod,
    conventions: ScheduleConventions,
    added: list[int],
    data: st.DataObject,
) -> None:
    days = st.integers(0, 300).map(lambda count: LENT_ON + dt.timedelta(days=count))
    terms = attrs.evolve(by_plan(method), installment_count=6)
    lent = LentTerms.of(terms, conventions)
    lent.pay_out(LENT_ON, 1200_00, 0)
    for on in data.draw(st.lists(days, max_size=2)):
        lent.change_rate(on, Rate.per_year("0.18"))
    for on in data.draw(st.lists(days, max_size=2)):
        lent.pause(on, on + dt.timedelta(days=10))
    series, on = DueSeries.of(terms, conventions), LENT_ON
    for count in added:
        on = data.draw(st.dates(on, series.dates()[-1] - dt.timedelta(days=1)))
        kept_count = series.kept_count(on)
        try:
            series.change(at(on, TermChanged(count)))
        except LedgerError:
            continue
        lent.agree(series.terms(), kept_count)
    if data.draw(st.booleans()):
        more_on = data.draw(st.dates(on, lent.end_on - dt.timedelta(days=1)))
        lent.capitalize(more_on, 100_00)
    scheduled = ScheduledRows(lent=lent, is_lower=False)

    columns = scheduled.as_scheduled()

    assert columns == scheduled.run.walk()
    assert sum(columns.principal_minor) == sum(
        one.amount_minor for one in lent.paid_out
    )
