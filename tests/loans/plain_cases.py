"""Strategies for what has a plain form, and faults to put into one."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import strategies as st

from microcrm_core import Currency, Money, PolicyError, Rate
from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    DayCount,
    Frequency,
    RollKind,
    RollRule,
    Weekday,
)
from microcrm_core.loans import (
    NO_GRACE,
    Accrual,
    Arithmetic,
    Bullet,
    BusinessDays,
    Collision,
    CustomInstallments,
    CustomPrincipal,
    DaysInMonth,
    DaysInYear,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeBase,
    FeeTiming,
    FlatInterest,
    Grace,
    Graduated,
    InterestDate,
    InterestOnly,
    InterestPause,
    LeapRule,
    LoanTerms,
    Portion,
    RateChange,
    Remainder,
    RepaymentPlan,
    ScheduleConventions,
    Seasonal,
    ShortPeriod,
    SplitDayCount,
    Tranche,
    UnpaidInterest,
    Weighted,
)
from microcrm_core.loans.product_requests import CUSTOMER_KINDS
from microcrm_core.loans.products import CountBounds, Product
from microcrm_core.loans.terms_checks import last_due_limit
from microcrm_core.rounding import Rounding

EURO = Currency.of("EUR")

names = st.text(min_size=1, max_size=12).map(str.strip).filter(bool)
currencies = st.sampled_from(
    (
        EURO,
        Currency.of("JPY"),
        Currency.of("CHF"),
        Currency.custom("POINTS", 0, name="Our points"),
        Currency.custom("OLDKC", 3, cash_multiple_minor=50),
    )
)
fractions = st.builds(Fraction, st.integers(1, 10**6), st.integers(1, 10**6))
days = st.dates(dt.date(1900, 1, 1), dt.date(2190, 1, 1))
frequencies = st.sampled_from(
    ("daily", "weekly", "semimonthly", "monthly", "yearly", "P10D", "P5W", "P30M")
).map(Frequency.of)
rates = st.one_of(
    st.integers(0, 4_000_000).map(Rate.of_ppm), st.fractions(0, 1).map(Rate)
)
rolls = st.sampled_from(
    (
        RollRule.DAY_OF_MONTH,
        RollRule.END_OF_MONTH,
        RollRule.NEXT_MONTH_FIRST,
        RollRule.of("day_31"),
        RollRule.of("day_5_and_20"),
        RollRule(kind=RollKind.NEXT_MONTH_FIRST, day=30),
    )
)


def amounts(currency: Currency, at_least: int = 0) -> st.SearchStrategy[Money]:
    return st.integers(at_least, 10**15).map(lambda minor: Money(minor, currency))


def portions(currency: Currency) -> st.SearchStrategy[Portion]:
    shares = st.fractions(0, 1).filter(lambda share: 0 < share < 1)
    return shares.map(Portion.of_share) | amounts(currency, 1).map(Portion.of_amount)


@st.composite
def fees(draw: st.DrawFn, currency: Currency) -> Fee:
    timing = draw(st.sampled_from(FeeTiming))
    portion = draw(portions(currency))
    bases = [FeeBase.PRINCIPAL]
    if timing is FeeTiming.PER_INSTALLMENT and portion.share is not None:
        bases.append(FeeBase.OUTSTANDING)
    return Fee(
        name=draw(names),
        timing=timing,
        portion=portion,
        base=draw(st.sampled_from(bases)),
        is_cost_of_credit=draw(st.booleans()),
    )


@st.composite
def plans(draw: st.DrawFn, currency: Currency = EURO) -> RepaymentPlan:
    weights = st.lists(fractions, min_size=1, max_size=5)
    amount_lists = st.lists(amounts(currency), max_size=4).map(tuple)
    method = draw(
        st.one_of(
            st.sampled_from(
                (EqualInstallments(), EqualPrincipal(), InterestOnly(), FlatInterest())
            ),
            st.builds(Bullet, st.booleans()),
            st.builds(Graduated, step_share=fractions, step_count=st.integers(1, 12)),
            st.builds(Weighted, weights),
            st.builds(Seasonal, st.lists(fractions, min_size=12, max_size=12)),
            st.builds(CustomPrincipal, amount_lists),
            st.builds(CustomInstallments, amount_lists),
        )
    )
    grace = NO_GRACE
    if not isinstance(method, Bullet | CustomPrincipal | CustomInstallments):
        put_off = draw(st.integers(0, 3))
        deferred = draw(st.sampled_from(DeferredInterest)) if put_off else None
        grace = Grace(
            principal_count=put_off + draw(st.integers(0, 3)),
            interest_payment_count=put_off,
            interest_free_count=draw(st.integers(0, 3)),
            deferred_interest=deferred,
        )
    may_have_balloon = not isinstance(
        method, InterestOnly | Bullet | CustomPrincipal | CustomInstallments
    )
    return RepaymentPlan(
        method=method,
        grace=grace,
        balloon=draw(st.none() | portions(currency)) if may_have_balloon else None,
        down_payment=draw(st.none() | portions(currency)),
        fees=tuple(
            draw(st.lists(fees(currency), max_size=3, unique_by=lambda fee: fee.name))
        ),
        unpaid_interest=draw(st.sampled_from(UnpaidInterest)),
    )


@st.composite
def terms(draw: st.DrawFn) -> LoanTerms:
    currency = draw(currencies)
    tranche_amounts = draw(st.lists(amounts(currency, 1), max_size=3))
    principal = draw(amounts(currency, 1))
    for amount in tranche_amounts:
        principal += amount
    disbursed_on = draw(days)
    later = sorted(draw(st.sets(st.integers(1, 900), min_size=6, max_size=6)))
    on = [disbursed_on + dt.timedelta(days=gap) for gap in later]
    due_on = tuple(on[: draw(st.integers(1, 6))]) if draw(st.booleans()) else ()
    plain = LoanTerms(
        principal=principal,
        nominal_rate=draw(rates),
        installment_count=len(due_on) or draw(st.integers(1, 1200)),
        frequency=draw(frequencies),
        disbursed_on=disbursed_on,
        first_due_on=on[0],
        plan=draw(plans(currency)),
        due_on=due_on,
        last_due_on=None if due_on else draw(st.sampled_from((None, on[5]))),
        tranches=tuple(
            Tranche(disbursed_on=day, amount=amount)
            for day, amount in zip(on, tranche_amounts, strict=False)
        ),
    )
    limit_on = last_due_limit(plain)
    assert limit_on is not None  # all of this lies within the calendar
    pauses = (InterestPause(on[1], on[2]), InterestPause(on[3], on[4]))
    return attrs.evolve(
        plain,
        rate_changes=tuple(
            RateChange(from_on=day, nominal_rate=draw(rates))
            for day in on[: draw(st.integers(0, 2))]
            if day <= limit_on
        ),
        interest_pauses=tuple(
            pause
            for pause in pauses[: draw(st.integers(0, 2))]
            if pause.start_on <= limit_on
        ),
    )


calendars = st.builds(
    BusinessCalendar,
    name=names,
    weekend=st.sets(st.sampled_from(Weekday), max_size=3),
    holidays=st.sets(st.dates(dt.date(2025, 1, 1), dt.date(2025, 6, 30)), max_size=5),
    working_days=st.sets(
        st.dates(dt.date(2025, 7, 1), dt.date(2025, 12, 31)), max_size=5
    ),
    year_min=st.none() | st.integers(1900, 2000),
    year_max=st.none() | st.integers(2030, 2100),
)


@st.composite
def conventions(
    draw: st.DrawFn, arithmetics: Sequence[Arithmetic] = tuple(Arithmetic)
) -> ScheduleConventions:
    arithmetic = draw(st.sampled_from(arithmetics))
    split = st.builds(
        SplitDayCount,
        days_in_year=st.sampled_from(DaysInYear),
        days_in_month=st.sampled_from(DaysInMonth),
        leap_rule=st.sampled_from(LeapRule),
    )
    day_counts: st.SearchStrategy[DayCount | SplitDayCount] = split
    if arithmetic is Arithmetic.EXACT:
        day_counts = split | st.sampled_from(DayCount)
    multiple = draw(st.integers(1, 100))
    return ScheduleConventions(
        id=draw(names),
        day_count=draw(day_counts),
        rounding=draw(st.sampled_from(Rounding)),
        roll=draw(rolls),
        arithmetic=arithmetic,
        accrual=draw(st.sampled_from(Accrual)),
        short_period=draw(st.sampled_from(ShortPeriod)),
        currency_multiple=multiple,
        installment_multiple=multiple * draw(st.integers(1, 100)),
        remainder=draw(st.sampled_from(Remainder)),
        business_days=draw(
            st.none()
            | st.builds(
                BusinessDays,
                rule=st.sampled_from(BusinessDayRule),
                calendar=calendars,
                interest_to=st.sampled_from(InterestDate),
                collision=st.sampled_from(Collision),
            )
        ),
        has_interest_on_disbursement_day=draw(st.booleans()),
    )


# The other engines know few plans, and a product that asks for more is refused.
_ONLY_EXACT = (Arithmetic.EXACT,)


def _has_its_calendar(one: ScheduleConventions) -> bool:
    return one.day_count is not DayCount.BUS_252 or one.business_days is not None


@st.composite
def products(draw: st.DrawFn) -> Product:
    currency = draw(currencies)
    step = draw(st.none() | amounts(currency, 1))
    unit = Money(1, currency) if step is None else step
    least = unit.times(draw(st.integers(1, 50)), rounding=Rounding.HALF_EVEN)
    more = unit.times(draw(st.integers(0, 50)), rounding=Rounding.HALF_EVEN)
    low, high = sorted((draw(rates), draw(rates)))
    offered = draw(st.lists(frequencies, min_size=1, max_size=3, unique=True))
    first_days = draw(st.none() | st.integers(1, 30))
    since = draw(st.none() | days)
    until = draw(st.none() | st.integers(1, 900))
    return Product(
        id=draw(names),
        version=draw(names),
        name=draw(names),
        currency=currency,
        plans=tuple(
            draw(st.lists(plans(currency), min_size=1, max_size=2, unique=True))
        ),
        conventions=draw(conventions(_ONLY_EXACT).filter(_has_its_calendar)),
        principal_min=least,
        principal_max=least + more,
        principal_step=step,
        nominal_rate_min=low,
        nominal_rate_max=high,
        counts=tuple(
            CountBounds(one, count, count + draw(st.integers(0, 60)))
            for one, count in zip(
                offered, draw(st.lists(st.integers(1, 99), min_size=3)), strict=False
            )
        ),
        first_due_days_min=first_days,
        first_due_days_max=draw(st.none() | st.integers(30, 90)),
        due_days=tuple(sorted(draw(st.sets(st.integers(1, 31), max_size=4)))),
        has_free_dates=draw(st.booleans()),
        tranche_count_max=draw(st.integers(0, 5)),
        customer_kinds=tuple(
            draw(st.lists(st.sampled_from(CUSTOMER_KINDS), max_size=2))
        ),
        effective_from=since,
        effective_until=None
        if since is None or until is None
        else since + dt.timedelta(days=until),
    )


def leaves(plain: object, path: str) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Yield every leaf: its path as errors write it, and the keys that lead to it."""
    items: list[tuple[str | int, object, str]]
    match plain:
        case dict():
            items = [(key, value, f"{path}.{key}") for key, value in plain.items()]
        case list():
            items = [(i, value, f"{path}[{i}]") for i, value in enumerate(plain)]
        case _:
            yield path, ()
            return
    for key, value, where in items:
        for found, keys in leaves(value, where):
            yield found, (key, *keys)


def objects(plain: object, path: str) -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Yield every JSON object inside: its path, and the keys that lead to it."""
    items: list[tuple[str | int, object, str]] = []
    match plain:
        case dict():
            yield path, ()
            items = [(key, value, f"{path}.{key}") for key, value in plain.items()]
        case list():
            items = [(i, value, f"{path}[{i}]") for i, value in enumerate(plain)]
    for key, value, where in items:
        for found, keys in objects(value, where):
            yield found, (key, *keys)


def replaced(plain: object, keys: tuple[str | int, ...], value: object) -> Any:
    """Return a copy with another value where *keys* lead."""
    if not keys:
        return value
    changed: Any = copy.deepcopy(plain)
    inner = changed
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    return changed


def part(plain: object, keys: tuple[str | int, ...]) -> Any:
    """Return what stands where *keys* lead."""
    inner: Any = plain
    for key in keys:
        inner = inner[key]
    return inner


def refusal(read: Callable[[object], object], plain: object) -> PolicyError:
    """Return the error with which *read* refuses *plain*."""
    with pytest.raises(PolicyError) as caught:
        read(plain)
    return caught.value


def assert_every_fault_has_its_path(
    read: Callable[[object], object], plain: object, path: str
) -> None:
    """A float in any leaf, and an unknown key in any object, is told by its path."""
    for where, keys in leaves(plain, path):
        assert refusal(read, replaced(plain, keys, 1.5)).field == where
    for where, keys in objects(plain, path):
        more = {**part(plain, keys), "surprise": 1}
        error = refusal(read, replaced(plain, keys, more))
        assert error.field in (where, f"{where}.kind")
        assert "surprise" in str(error)


def field_names(kind: type[attrs.AttrsInstance]) -> set[str]:
    """Return the fields that a caller gives."""
    return {field.name for field in attrs.fields(kind) if field.init}
