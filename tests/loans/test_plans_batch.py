from __future__ import annotations

import datetime as dt
import random
from fractions import Fraction
from typing import Any

import attrs
import numpy as np
import pytest

from microcrm_core import Currency, CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.dates import DayCount, Frequency
from microcrm_core.ids import CustomerId
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    FINERACT,
    STRICT,
    STRICT_30_360,
    Accrual,
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    EqualPrincipal,
    Fee,
    FeeTiming,
    FlatInterest,
    Graduated,
    InterestOnly,
    LoanTerms,
    Portion,
    Remainder,
    RepaymentPlan,
    ScheduleConventions,
    Seasonal,
    Weighted,
    build_schedule,
)
from microcrm_core.loans.batch import build_schedules, has_schedules, iter_schedules
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding
from tests.loans.loan_cases import EUR, make_loan, make_terms
from tests.loans.schedule_twins import METHODS, Outcome, compare, random_loans

PLANS = {
    "equal": EQUAL_INSTALLMENTS,
    "principal": RepaymentPlan(method=EqualPrincipal()),
    "interest": RepaymentPlan(method=InterestOnly()),
    "bullet": RepaymentPlan(method=Bullet()),
    "compounded": RepaymentPlan(method=Bullet(is_compounded=True)),
    "flat": RepaymentPlan(method=FlatInterest()),
    "graduated": RepaymentPlan(method=Graduated.of(step_share="0.05", step_count=2)),
    "seasonal": RepaymentPlan(
        method=Seasonal((1, 1, 2, 1, 1, Fraction(1, 2), 1, 1, 1, 3, 1, 1))
    ),
}


def compared(terms: list[LoanTerms], rules: ScheduleConventions) -> Outcome:
    """Compare both twins, all loans being in columns together."""
    outcome = Outcome()
    loans = [
        attrs.evolve(make_loan(one, number), customer_id=CustomerId("customer"))
        for number, one in enumerate(terms)
    ]
    compare(loans, rules, "given", outcome)
    assert outcome.total == len(terms)
    return outcome


def one_loan(terms: LoanTerms) -> LoanColumns:
    return LoanColumns.from_loans([make_loan(terms)], {CustomerId("customer-1"): 0})


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("method", METHODS)
def test_random_loans_of_every_method_are_the_same_in_columns(
    method: str, seed: int
) -> None:
    outcome = Outcome()
    loans, rules = random_loans(random.Random(f"test-{seed}-{method}"), method, 15)

    compare(loans, rules, method, outcome)

    assert outcome.total == len(loans)


@pytest.mark.parametrize("name", PLANS)
def test_loans_of_many_lengths_and_plans_keep_their_order(name: str) -> None:
    terms = [
        attrs.evolve(
            make_terms(100_000 + 37 * number, 120_000, 1 + number % 13), plan=plan
        )
        for number in range(40)
        for plan in (PLANS[name], EQUAL_INSTALLMENTS)
    ]

    outcome = compared(terms, STRICT)

    assert outcome.equal["given"] > len(terms) // 2


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("name", PLANS)
def test_interest_of_exactly_half_a_unit_rounds_alike(
    name: str, rounding: Rounding
) -> None:
    # A month at 12 % is a hundredth: odd multiples of fifty give half a unit.
    rules = attrs.evolve(STRICT_30_360, id="ties", rounding=rounding)
    terms = [
        attrs.evolve(make_terms(50 * odd, 120_000, count), plan=PLANS[name])
        for odd in (1, 3, 5, 7, 101, 999)
        for count in (1, 2, 3, 6)
    ]

    compared(terms, rules)


@pytest.mark.parametrize("remainder", Remainder)
def test_levels_on_the_edge_are_found_exactly(remainder: Remainder) -> None:
    # Without interest a level that divides the principal leaves no slack at all, and
    # one unit more or less in the principal tips it.
    rules = attrs.evolve(STRICT, id="edge", remainder=remainder)
    terms = [
        make_terms(12 * level + more, 0, 12)
        for level in (1, 2, 99, 8_333, 10**7)
        for more in (-11, -1, 0, 1, 11)
    ]

    outcome = compared(terms, rules)

    assert outcome.equal["given"] == len(terms)


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("annual_ppm", [0, 1, 240_000, 4_000_000])
def test_one_cent_one_installment_and_huge_amounts_come_out_alike(
    name: str, annual_ppm: int
) -> None:
    terms = [
        attrs.evolve(make_terms(principal, annual_ppm, count), plan=PLANS[name])
        for principal in (1, 2, 3, 100, 10**12)
        for count in (1, 2, 5)
    ]

    outcome = compared(terms, STRICT_30_360)

    assert outcome.unheld["given"] == 0


@pytest.mark.parametrize("name", ["equal", "principal", "interest", "bullet", "flat"])
def test_six_hundred_installments_come_out_alike(name: str) -> None:
    terms = [
        attrs.evolve(make_terms(principal, ppm, 600), plan=PLANS[name])
        for principal in (10**6, 10**9)
        for ppm in (0, 60_000, 4_000_000)
    ]

    compared(terms, STRICT_30_360)


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("year", [1900, 2199])
def test_dates_in_other_centuries_and_month_ends_come_out_alike(
    name: str, year: int
) -> None:
    terms = [
        attrs.evolve(
            make_terms(
                123_456,
                180_000,
                7,
                disbursed_on=dt.date(year, 1, 10),
                first_due_on=dt.date(year, 1, due_day),
            ),
            plan=PLANS[name],
        )
        for due_day in (28, 29, 30, 31)
    ]

    for rules in (STRICT, STRICT_30_360):
        outcome = compared(terms, rules)
        assert outcome.equal["given"] == len(terms)


def test_agreed_amounts_are_held_for_the_loans_that_they_fit() -> None:
    parts = CustomPrincipal((Money(600, EUR), Money(400, EUR)))
    rest = CustomInstallments((Money(700, EUR),))
    terms = [
        attrs.evolve(
            make_terms(principal, 120_000, 2), plan=RepaymentPlan(method=method)
        )
        for principal in (1000, 1001)
        for method in (parts, rest)
    ]

    outcome = compared(terms, STRICT)

    assert outcome.equal["given"] == 3
    assert outcome.refused["given"] == 1


FIXED = Portion.of_amount(Money(100, Currency.of("CZK")))


@pytest.mark.parametrize(
    "parts",
    [
        *(
            {"fees": (Fee(name="service", timing=timing, portion=FIXED),)}
            for timing in FeeTiming
        ),
        {"balloon": FIXED},
        {"down_payment": FIXED},
        {"method": CustomInstallments((Money(20_000, Currency.of("CZK")),) * 11)},
    ],
    ids=["upfront", "financed", "per installment", "balloon", "down", "agreed"],
)
def test_a_fixed_sum_in_another_currency_is_refused_by_row(
    parts: dict[str, Any],
) -> None:
    crown = Currency.of("CZK")
    plan = attrs.evolve(EQUAL_INSTALLMENTS, **parts)
    crowns = attrs.evolve(make_terms(), principal=Money(100_000, crown), plan=plan)
    both = LoanColumns.from_loans(
        [make_loan(crowns, 1), make_loan(crowns, 2)],
        {CustomerId("customer-1"): 0, CustomerId("customer-2"): 1},
    )
    # Terms in euros with such a plan cannot be made, but columns can say it.
    loans = attrs.evolve(both, currencies=(EUR, crown), currency_index=np.array([0, 1]))

    with pytest.raises(CurrencyMismatchError, match="must be in EUR"):
        loans.terms(0)
    assert has_schedules(loans, STRICT).tolist() == [False, True]
    (chunk,) = iter_schedules(loans, STRICT)
    assert chunk.is_scheduled.tolist() == [False, True]
    with pytest.raises(InvalidValueError, match="that of the fixed sums") as error:
        build_schedules(loans, STRICT)
    assert error.value.row == 0
    columns = build_schedules(loans.take(has_schedules(loans, STRICT)), STRICT)
    schedule = build_schedule(crowns, STRICT)
    assert columns.fees_minor.tolist() == list(schedule.fees_minor)
    assert columns.total_minor.tolist() == list(schedule.total_minor)


def test_a_fixed_sum_of_any_size_may_be_paid_upfront() -> None:
    # No row holds it, so it need not fit the arithmetic of columns.
    fee = Fee(
        name="file",
        timing=FeeTiming.UPFRONT,
        portion=Portion.of_amount(Money(10**30, EUR)),
    )
    terms = attrs.evolve(
        make_terms(), plan=attrs.evolve(EQUAL_INSTALLMENTS, fees=(fee,))
    )

    outcome = compared([terms], STRICT)

    assert outcome.equal["given"] == 1


def test_plain_plans_have_fees_and_flags_that_take_no_memory() -> None:
    loans = LoanColumns.from_loans(
        [make_loan(make_terms())], {CustomerId("customer-1"): 0}
    )
    columns = build_schedules(loans, STRICT)

    for column in (
        columns.fees_minor,
        columns.capitalized_minor,
        columns.is_down_payment,
    ):
        assert column.shape == (12,)
        assert column.strides == (0,)
        assert not column.any()


@pytest.mark.parametrize("day_count", [DayCount.ACT_ACT_AFB, DayCount.BUS_252])
def test_day_counts_that_columns_lack_are_refused_by_name(day_count: DayCount) -> None:
    rules = attrs.evolve(STRICT, day_count=day_count)
    loans = one_loan(make_terms())

    for action in (build_schedules, has_schedules, iter_schedules):
        with pytest.raises(InvalidValueError, match="in columns") as error:
            action(loans, rules)
        assert error.value.field == "day_count"
    by_period = attrs.evolve(rules, accrual=Accrual.PER_PERIOD)
    assert has_schedules(loans, by_period).all()


def test_the_arithmetic_of_another_engine_is_refused_by_name() -> None:
    loans = LoanColumns.from_loans(
        [make_loan(make_terms())], {CustomerId("customer-1"): 0}
    )

    with pytest.raises(InvalidValueError, match="must be exact in columns"):
        build_schedules(loans, FINERACT)


def test_growth_at_every_installment_is_too_fine_for_columns() -> None:
    plan = RepaymentPlan(method=Graduated.of(step_share="0.01", step_count=1))
    terms = attrs.evolve(make_terms(), plan=plan)
    loans = one_loan(terms)

    with pytest.raises(InvalidValueError, match="in columns") as error:
        build_schedules(loans, STRICT)

    assert error.value.field == "plan.method"
    assert "the weight 1.0510100501 of Graduated" in str(error.value)


def test_weights_of_another_number_of_installments_are_refused_by_row() -> None:
    plan = RepaymentPlan(method=Weighted((1, 1, Fraction(1, 2))))
    terms = [attrs.evolve(make_terms(1000, 0, count), plan=plan) for count in (3, 4)]

    outcome = compared(terms, STRICT)

    assert (outcome.equal["given"], outcome.refused["given"]) == (1, 1)


def test_a_due_date_beyond_the_calendar_is_refused_by_row() -> None:
    late = make_terms(
        disbursed_on=dt.date(9999, 1, 1), first_due_on=dt.date(9999, 6, 1)
    )
    terms = [make_terms(), late, make_terms(frequency=Frequency.WEEKLY)]

    outcome = compared(terms, STRICT)

    assert (outcome.equal["given"], outcome.refused["given"]) == (2, 1)


def test_a_rate_of_no_whole_ppm_is_refused_before_it_reaches_columns() -> None:
    terms = attrs.evolve(make_terms(), nominal_rate=Rate.per_year(Fraction(1, 3)))

    with pytest.raises(InvalidValueError):
        one_loan(terms)
