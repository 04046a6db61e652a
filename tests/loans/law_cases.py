"""Loans of every method with dates and conventions of every kind, for the laws."""

from __future__ import annotations

import datetime as dt

import attrs
from hypothesis import assume, event
from hypothesis import strategies as st

from microcrm_core import Money, ScheduleError
from microcrm_core.loans import (
    NO_GRACE,
    Bullet,
    BusinessDays,
    Collision,
    CustomInstallments,
    CustomPrincipal,
    EqualPrincipal,
    FlatInterest,
    InterestOnly,
    InterestPause,
    LoanTerms,
    Portion,
    RateChange,
    RepaymentMethod,
    RepaymentPlan,
    Schedule,
    ScheduleConventions,
    Tranche,
    UnpaidInterest,
    build_schedule,
)
from microcrm_core.rates import Rate
from tests.loans.loan_cases import EUR
from tests.loans.plan_cases import SHARES, fees, graces, level_methods, portions
from tests.loans.time_cases import any_rules, any_terms
from tests.loans.time_oracle import bounds_on, due_on, series_on

Case = tuple[LoanTerms, ScheduleConventions]

PPM = st.integers(0, 900_000)
OTHER_METHODS: tuple[RepaymentMethod, ...] = (
    EqualPrincipal(),
    InterestOnly(),
    FlatInterest(),
    Bullet(),
    Bullet(is_compounded=True),
)


@st.composite
def dated_cases(draw: st.DrawFn) -> Case:
    """Draw terms with dates of every kind, and conventions."""
    rules = draw(any_rules())
    return draw(any_terms(rules)), rules


@st.composite
def planned_cases(draw: st.DrawFn, *, is_level: bool | None = None) -> Case:
    """Draw loans of every method that change nothing on the way.

    *is_level* asks for methods that fix the installment, or for all others.
    """
    terms, rules = draw(dated_cases())
    count, minor = terms.installment_count, terms.principal.minor
    if is_level is None:
        is_level = draw(st.booleans())
    others = st.one_of(st.sampled_from(OTHER_METHODS), _agreed(count, minor))
    method = draw(level_methods(count) if is_level else others)
    has_grace = not isinstance(method, Bullet | CustomPrincipal | CustomInstallments)
    has_balloon = has_grace and not isinstance(method, InterestOnly)
    grace = draw(graces(count)) if has_grace else NO_GRACE
    if isinstance(method, EqualPrincipal) and grace.interest_payment_count:
        longer = draw(st.integers(grace.interest_payment_count, count - 1))
        grace = attrs.evolve(grace, interest_payment_count=longer)
    is_fixed = isinstance(method, CustomPrincipal)
    plan = RepaymentPlan(
        method=method,
        grace=grace,
        balloon=draw(st.none() | portions(minor // 4)) if has_balloon else None,
        down_payment=None
        if is_fixed
        else draw(st.none() | SHARES.map(Portion.of_share)),
        fees=() if is_fixed else draw(fees()),
        unpaid_interest=draw(st.sampled_from(UnpaidInterest)),
    )
    return attrs.evolve(terms, plan=plan), rules


@st.composite
def _agreed(draw: st.DrawFn, count: int, minor: int) -> RepaymentMethod:
    size = count - 1
    if draw(st.booleans()):
        amounts = st.integers(minor // count // 2, 2 * minor // count)
        drawn = draw(st.lists(amounts, min_size=size, max_size=size))
        return CustomInstallments(tuple(Money(amount, EUR) for amount in drawn))
    most = minor // count
    parts = draw(st.lists(st.integers(0, most), min_size=size, max_size=size))
    rest = minor - sum(parts)
    return CustomPrincipal(tuple(Money(part, EUR) for part in (*parts, rest)))


def has_dates(case: Case) -> bool:
    """Return whether the dates, when moved, are still in order."""
    terms, rules = case
    dates = due_on(terms, rules)
    return terms.disbursed_on < dates[0] and sorted(dates) == dates


def built(case: Case) -> Schedule:
    """Return the schedule; drop the example if the terms allow none."""
    try:
        return build_schedule(*case)
    except ScheduleError as error:
        event(error.field)
        assume(False)
        raise


def installment_rows(schedule: Schedule) -> list[int]:
    """Return the positions of the rows that are no down payments."""
    return [row for row, is_down in enumerate(schedule.is_down_payment) if not is_down]


def kept(case: Case) -> Case:
    """Return the case with rows that stay apart where due dates meet."""
    terms, rules = case
    assume(has_dates(case))
    if rules.business_days is None:
        return case
    apart: BusinessDays = attrs.evolve(rules.business_days, collision=Collision.KEPT)
    return terms, attrs.evolve(rules, business_days=apart)


@st.composite
def changing_cases(draw: st.DrawFn) -> Case:
    """Draw loans with tranches, new rates and pauses, and dates of every kind."""
    terms, rules = draw(planned_cases())
    limit_on = min(series_on(terms, rules)[-1], bounds_on(terms, rules)[-1])
    days = (limit_on - terms.disbursed_on).days - 1
    assume(days > 0)
    minor, start_on = terms.principal.minor, terms.disbursed_on

    def later(at_least: int, most: int) -> list[dt.date]:
        drawn = st.lists(st.integers(at_least, days), unique=True, max_size=most)
        return [start_on + dt.timedelta(days=day) for day in sorted(draw(drawn))]

    pauses = later(0, 4)
    tranches: list[Tranche] = []
    if minor >= 4 and not isinstance(terms.plan.method, FlatInterest | CustomPrincipal):
        for on in later(0, 2):
            amount = Money(draw(st.integers(1, minor // 4)), EUR)
            tranches.append(Tranche(disbursed_on=on, amount=amount))
    changed = attrs.evolve(
        terms,
        tranches=tuple(tranches),
        rate_changes=tuple(
            RateChange(from_on=on, nominal_rate=Rate.of_ppm(draw(PPM)))
            for on in later(1, 2)
        ),
        interest_pauses=tuple(
            InterestPause(first_on, next_on)
            for first_on, next_on in zip(pauses[::2], pauses[1::2], strict=False)
        ),
    )
    return changed, rules
