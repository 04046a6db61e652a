"""Plans, terms and conventions of every kind, drawn for the laws of schedules."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from itertools import pairwise

import attrs
from hypothesis import strategies as st

from microcrm_core import Money
from microcrm_core.dates import Frequency, RollRule
from microcrm_core.loans import (
    NO_GRACE,
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeBase,
    FeeTiming,
    FlatInterest,
    Grace,
    Graduated,
    InterestOnly,
    InterestPause,
    LoanTerms,
    Portion,
    RateChange,
    Remainder,
    RepaymentMethod,
    RepaymentPlan,
    ScheduleConventions,
    Seasonal,
    Tranche,
    UnpaidInterest,
    Weighted,
)
from microcrm_core.loans.terms_checks import last_due_limit
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding
from tests.loans.loan_cases import COLUMN_DAY_COUNTS, EUR, make_terms

LEVEL_METHODS = (EqualInstallments, Graduated, Weighted, Seasonal)
Case = tuple[LoanTerms, ScheduleConventions]

SHARES = st.fractions(Fraction(1, 100), Fraction(1, 2), max_denominator=100)


def portions(minor_max: int) -> st.SearchStrategy[Portion]:
    """Draw a share, or a fixed sum."""
    sums = st.integers(1, max(1, minor_max)).map(lambda minor: Money(minor, EUR))
    return st.one_of(SHARES.map(Portion.of_share), sums.map(Portion.of_amount))


@st.composite
def level_methods(draw: st.DrawFn, count: int) -> RepaymentMethod:
    """Draw a method that fixes the installment."""
    kind = draw(st.sampled_from(LEVEL_METHODS))
    if kind is Graduated:
        share = draw(st.fractions(Fraction(-1, 5), Fraction(1, 3), max_denominator=40))
        return Graduated(step_share=share, step_count=draw(st.integers(1, 6)))
    small = st.integers(0, 3)
    if kind is Weighted:
        weights = draw(st.lists(small, min_size=count - 1, max_size=count - 1))
        return Weighted((*weights, draw(st.integers(1, 3))))
    if kind is Seasonal:
        months = draw(st.lists(st.integers(1, 3), min_size=12, max_size=12))
        return Seasonal(tuple(months))
    return EqualInstallments()


@st.composite
def graces(draw: st.DrawFn, count: int) -> Grace:
    """Draw grace that leaves an installment to pay."""
    principal_count = draw(st.integers(0, min(3, count - 1)))
    put_off = draw(st.integers(0, principal_count))
    return Grace(
        principal_count=principal_count,
        interest_payment_count=put_off,
        interest_free_count=draw(st.sampled_from((0, 0, 1, 2))),
        deferred_interest=draw(st.sampled_from(DeferredInterest)) if put_off else None,
    )


@st.composite
def fees(draw: st.DrawFn) -> tuple[Fee, ...]:
    """Draw at most one fee of each timing."""
    made: list[Fee] = []
    for timing in draw(st.lists(st.sampled_from(FeeTiming), unique=True, max_size=3)):
        portion = draw(portions(500))
        can_vary = timing is FeeTiming.PER_INSTALLMENT and portion.share is not None
        bases = tuple(FeeBase) if can_vary else (FeeBase.PRINCIPAL,)
        made.append(
            Fee(
                name=timing.value,
                timing=timing,
                portion=portion,
                base=draw(st.sampled_from(bases)),
            )
        )
    return tuple(made)


@st.composite
def rules(draw: st.DrawFn) -> ScheduleConventions:
    """Draw conventions that count by days, with multiples and remainders."""
    currency_multiple = draw(st.sampled_from((1, 1, 5, 10)))
    more = draw(st.sampled_from((1, 1, 2, 10)))
    return ScheduleConventions(
        id="test",
        day_count=draw(st.sampled_from(COLUMN_DAY_COUNTS)),
        rounding=draw(st.sampled_from(Rounding)),
        roll=draw(st.sampled_from((RollRule.DAY_OF_MONTH, RollRule.NEXT_MONTH_FIRST))),
        currency_multiple=currency_multiple,
        installment_multiple=currency_multiple * more,
        remainder=draw(st.sampled_from(Remainder)),
        has_interest_on_disbursement_day=draw(st.booleans()),
    )


@st.composite
def plain_terms(draw: st.DrawFn) -> LoanTerms:
    """Draw terms that change nothing on the way, of up to 18 installments."""
    disbursed_on = draw(st.dates(dt.date(2019, 1, 1), dt.date(2028, 12, 31)))
    return make_terms(
        principal_minor=draw(st.one_of(st.integers(1, 300), st.integers(1000, 10**7))),
        annual_ppm=draw(st.one_of(st.just(0), st.integers(0, 900_000))),
        installment_count=draw(st.integers(1, 18)),
        frequency=draw(st.sampled_from((Frequency.MONTHLY, Frequency.WEEKLY))),
        disbursed_on=disbursed_on,
        first_due_on=disbursed_on + dt.timedelta(days=draw(st.integers(1, 45))),
    )


@st.composite
def level_cases(draw: st.DrawFn) -> Case:
    """Draw loans whose method fixes the installment, and nothing changes later."""
    terms = draw(plain_terms())
    count, minor = terms.installment_count, terms.principal.minor
    plan = RepaymentPlan(
        method=draw(level_methods(count)),
        grace=draw(graces(count)),
        balloon=draw(st.one_of(st.none(), portions(minor // 4))),
        fees=draw(fees()),
        unpaid_interest=draw(st.sampled_from(UnpaidInterest)),
    )
    return attrs.evolve(terms, plan=plan), draw(rules())


@st.composite
def changing_cases(draw: st.DrawFn) -> Case:
    """Draw loans of every method, with tranches, new rates and pauses."""
    terms = draw(plain_terms())
    terms = attrs.evolve(
        terms,
        rate_changes=tuple(draw(_rate_changes(terms))),
        interest_pauses=tuple(draw(_pauses(terms))),
    )
    plan = draw(_plans(terms))
    if not isinstance(plan.method, FlatInterest):
        terms = attrs.evolve(terms, tranches=tuple(draw(_tranches(terms))))
    return attrs.evolve(terms, plan=plan), draw(rules())


@st.composite
def _plans(draw: st.DrawFn, terms: LoanTerms) -> RepaymentPlan:
    count, minor = terms.installment_count, terms.principal.minor
    others: tuple[RepaymentMethod, ...] = (
        EqualPrincipal(),
        InterestOnly(),
        FlatInterest(),
        Bullet(),
        Bullet(is_compounded=True),
    )
    drawn: list[st.SearchStrategy[RepaymentMethod]] = [
        level_methods(count),
        st.sampled_from(others),
        _agreed(terms),
    ]
    method = draw(st.one_of(drawn))
    has_grace = not isinstance(method, Bullet | CustomPrincipal | CustomInstallments)
    has_balloon = has_grace and not isinstance(method, InterestOnly)
    grace = draw(graces(count)) if has_grace else NO_GRACE
    if isinstance(method, EqualPrincipal) and grace.interest_payment_count:
        longer = draw(st.integers(grace.interest_payment_count, count - 1))
        grace = attrs.evolve(grace, interest_payment_count=longer)
    has_down_payment = not isinstance(method, CustomPrincipal) and draw(st.booleans())
    return RepaymentPlan(
        method=method,
        grace=grace,
        balloon=draw(portions(minor // 8))
        if has_balloon and draw(st.booleans())
        else None,
        down_payment=Portion.of_share(draw(SHARES)) if has_down_payment else None,
        fees=draw(fees()) if not isinstance(method, CustomPrincipal) else (),
        unpaid_interest=draw(st.sampled_from(UnpaidInterest)),
    )


@st.composite
def _agreed(draw: st.DrawFn, terms: LoanTerms) -> RepaymentMethod:
    count, minor = terms.installment_count, terms.principal.minor
    if draw(st.booleans()):
        amounts = st.integers(0, 2 * minor // count)
        drawn = draw(st.lists(amounts, min_size=count - 1, max_size=count - 1))
        return CustomInstallments(tuple(Money(amount, EUR) for amount in drawn))
    cuts = draw(st.lists(st.integers(0, minor), min_size=count - 1, max_size=count - 1))
    edges = [0, *sorted(cuts), minor]
    parts = pairwise(edges)
    return CustomPrincipal(tuple(Money(end - start, EUR) for start, end in parts))


def with_frequency(terms: LoanTerms, frequency: Frequency) -> LoanTerms:
    """Return terms of another frequency, with what of the changes is still in time."""
    early = (part for part in terms.tranches if part.disbursed_on < terms.first_due_on)
    bare = attrs.evolve(
        terms,
        frequency=frequency,
        tranches=tuple(early),
        rate_changes=(),
        interest_pauses=(),
    )
    limit_on = last_due_limit(bare)
    assert limit_on is not None  # all of this lies within the calendar
    changes = (part for part in terms.rate_changes if part.from_on <= limit_on)
    pauses = (part for part in terms.interest_pauses if part.start_on <= limit_on)
    return attrs.evolve(
        bare, rate_changes=tuple(changes), interest_pauses=tuple(pauses)
    )


def _days_of(terms: LoanTerms) -> int:
    step = 30 if terms.frequency == Frequency.MONTHLY else 7
    return (terms.first_due_on - terms.disbursed_on).days + step * (
        terms.installment_count - 1
    )


def _latest_days(terms: LoanTerms) -> int:
    # On the last due date, or some days after where the terms do not fix it.
    limit_on = last_due_limit(terms)
    assert limit_on is not None  # all of this lies within the calendar
    return min(_days_of(terms) + 5, (limit_on - terms.disbursed_on).days)


@st.composite
def _rate_changes(draw: st.DrawFn, terms: LoanTerms) -> list[RateChange]:
    days = st.integers(1, _latest_days(terms))
    return [
        RateChange(
            from_on=terms.disbursed_on + dt.timedelta(days=day),
            nominal_rate=Rate.of_ppm(draw(st.integers(0, 900_000))),
        )
        for day in sorted(draw(st.lists(days, unique=True, max_size=2)))
    ]


@st.composite
def _pauses(draw: st.DrawFn, terms: LoanTerms) -> list[InterestPause]:
    latest = _latest_days(terms)
    edges = sorted(draw(st.lists(st.integers(-5, latest + 5), unique=True, max_size=5)))
    edges = edges[: len(edges) // 2 * 2]
    if edges and edges[-2] > latest:
        edges = edges[:-2]
    return [
        InterestPause(
            terms.disbursed_on + dt.timedelta(days=start),
            terms.disbursed_on + dt.timedelta(days=end),
        )
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


@st.composite
def _tranches(draw: st.DrawFn, terms: LoanTerms) -> list[Tranche]:
    minor = terms.principal.minor
    if minor < 4:
        return []
    days = sorted(draw(st.lists(st.integers(0, _days_of(terms) - 1), max_size=2)))
    return [
        Tranche(
            disbursed_on=terms.disbursed_on + dt.timedelta(days=day),
            amount=Money(draw(st.integers(1, minor // 4)), EUR),
        )
        for day in days
    ]
