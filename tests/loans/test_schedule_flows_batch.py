"""Flows of many schedules: those of each schedule, in columns, one for one."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from fractions import Fraction

import attrs
import numpy as np
import pytest

from microcrm_core import Currency, InvalidValueError, Money
from microcrm_core.batch import Int64s
from microcrm_core.dates import BusinessCalendar, BusinessDayRule, Frequency
from microcrm_core.ids import CustomerId
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    STRICT,
    STRICT_30_360,
    BusinessDays,
    Collision,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeBase,
    FeeTiming,
    Grace,
    InterestDate,
    InterestOnly,
    Loan,
    LoanTerms,
    Portion,
    RateMeasure,
    RepaymentPlan,
    ScheduleConventions,
    build_schedule,
    flows_of_schedule,
    solve_rate,
)
from microcrm_core.loans.batch import build_schedules, has_schedules, iter_schedules
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.eu_intervals import EuPeriod
from microcrm_core.loans.rate_columns_batch import FlowColumns
from microcrm_core.loans.rates_batch import solve_rates
from microcrm_core.loans.schedule_flows_batch import (
    flows_of_chunk,
    flows_of_schedules,
)
from tests.loans.loan_cases import EUR, make_loan, make_terms
from tests.loans.schedule_twins import METHODS, random_loans

NAMES = ("offsets", "day", "amount_minor", "kind_index")


def fee(
    name: str,
    timing: FeeTiming,
    portion: Portion,
    base: FeeBase = FeeBase.PRINCIPAL,
    *,
    is_cost_of_credit: bool = True,
) -> Fee:
    return Fee(
        name=name,
        timing=timing,
        portion=portion,
        base=base,
        is_cost_of_credit=is_cost_of_credit,
    )


SHARE, SUM = Portion.of_share("0.013"), Portion.of_amount(Money(250, EUR))
OF_REST = Portion.of_share(Fraction(1, 300))
# Every timing, counted and not, several at once, in an order that is not their days'.
ALL_FEES = (
    fee("account", FeeTiming.PER_INSTALLMENT, SUM),
    fee("insurance", FeeTiming.PER_INSTALLMENT, OF_REST, FeeBase.OUTSTANDING),
    fee("stamp", FeeTiming.PER_INSTALLMENT, SHARE, is_cost_of_credit=False),
    fee("notary", FeeTiming.UPFRONT, SUM, is_cost_of_credit=False),
    fee("set-up", FeeTiming.UPFRONT, SHARE),
    fee("cover", FeeTiming.FINANCED, SHARE),
    fee("tax", FeeTiming.FINANCED, SUM, is_cost_of_credit=False),
)
MORATORIUM = Grace(
    principal_count=2,
    interest_payment_count=2,
    deferred_interest=DeferredInterest.CAPITALIZED,
)
PLANS = {
    "nothing": EQUAL_INSTALLMENTS,
    "fees": RepaymentPlan(method=EqualInstallments(), fees=ALL_FEES),
    "down payment": RepaymentPlan(
        method=EqualInstallments(),
        down_payment=Portion.of_share("0.2"),
        fees=ALL_FEES,
    ),
    "moratorium": RepaymentPlan(
        method=EqualPrincipal(), grace=MORATORIUM, fees=ALL_FEES
    ),
    "balloon": RepaymentPlan(
        method=EqualInstallments(),
        balloon=Portion.of_share("0.4"),
        fees=ALL_FEES[::-1],
    ),
    "interest only": RepaymentPlan(method=InterestOnly(), fees=ALL_FEES[1:2]),
}


def in_columns(loans: list[Loan]) -> LoanColumns:
    owners = {CustomerId(loan.customer_id): 0 for loan in loans}
    return LoanColumns.from_loans(loans, owners)


def loans_of(terms: list[LoanTerms]) -> list[Loan]:
    return [make_loan(one, number) for number, one in enumerate(terms)]


def assert_equal(found: FlowColumns, expected: FlowColumns) -> None:
    for name in NAMES:
        assert getattr(found, name).tolist() == getattr(expected, name).tolist(), name


def scalar_flows(loans: list[Loan], rules: ScheduleConventions) -> FlowColumns:
    return FlowColumns.of(
        flows_of_schedule(build_schedule(loan.terms, rules)) for loan in loans
    )


def compare(loans: list[Loan], rules: ScheduleConventions) -> int:
    """Compare both ways with the scalar; return how many loans have a schedule."""
    columns = in_columns(loans)
    is_good = has_schedules(columns, rules)
    kept = [loan for loan, good in zip(loans, is_good, strict=True) if good]
    lent = columns.take(is_good)
    made = flows_of_schedules(build_schedules(lent, rules), lent, rules)
    assert_equal(made, scalar_flows(kept, rules))

    seen: list[int] = []
    for chunk in iter_schedules(columns, rules, with_due_days=True):
        rows = chunk.rows[chunk.is_scheduled].tolist()
        found = flows_of_chunk(chunk, columns, rules)
        assert_equal(found, scalar_flows([loans[row] for row in rows], rules))
        seen += rows
    assert sorted(seen) == np.flatnonzero(is_good).tolist()
    return len(kept)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("method", METHODS)
def test_flows_of_random_loans_are_those_of_each_schedule(
    method: str, seed: int
) -> None:
    loans, rules = random_loans(random.Random(f"flows-{seed}-{method}"), method, 12)
    compare(loans, rules)


@pytest.mark.parametrize("rules", [STRICT, STRICT_30_360], ids=lambda one: one.id)
@pytest.mark.parametrize("name", PLANS)
def test_every_fee_comes_in_its_place(name: str, rules: ScheduleConventions) -> None:
    terms = [
        attrs.evolve(make_terms(minor, ppm, count), plan=PLANS[name])
        for minor in (100_000, 99_999, 1_234_567)
        for ppm in (0, 240_000)
        for count in (3, 7, 12)
    ]
    assert compare(loans_of(terms), rules) == len(terms)


def test_many_plans_and_lengths_keep_the_order_of_the_loans() -> None:
    terms = [
        attrs.evolve(make_terms(100_000 + row, 120_000, 3 + row % 5), plan=plan)
        for row in range(10)
        for plan in PLANS.values()
    ]
    assert compare(loans_of(terms), STRICT) == len(terms)


def test_fees_of_installments_that_fall_due_on_one_day_follow_all_its_repayments() -> (
    None
):
    rules = attrs.evolve(
        STRICT,
        id="weekends",
        business_days=BusinessDays(
            rule=BusinessDayRule.FOLLOWING,
            calendar=BusinessCalendar(name="weekends"),
            interest_to=InterestDate.ORIGINAL,
            collision=Collision.KEPT,
        ),
    )
    plan = RepaymentPlan(method=EqualInstallments(), fees=ALL_FEES)
    # Saturday 4 and Sunday 5 January 2025 are due on Monday the 6th as well.
    start_on = dt.date(2025, 1, 2)
    terms = [
        attrs.evolve(
            make_terms(
                100_000 + row,
                240_000,
                5,
                Frequency.DAILY,
                start_on,
                dt.date(2025, 1, 3),
            ),
            plan=plan,
        )
        for row in range(3)
    ]
    assert compare(loans_of(terms), rules) == len(terms)


def test_fees_that_round_to_nothing_and_empty_rows_have_no_flow() -> None:
    plan = RepaymentPlan(
        method=EqualInstallments(),
        fees=(
            fee("small", FeeTiming.UPFRONT, Portion.of_share("0.001")),
            fee("less", FeeTiming.FINANCED, Portion.of_share("0.001")),
            fee("least", FeeTiming.PER_INSTALLMENT, Portion.of_share("0.001")),
        ),
    )
    terms = [attrs.evolve(make_terms(minor, 0, 6), plan=plan) for minor in (2, 3, 600)]
    loans = loans_of(terms)
    assert compare(loans, STRICT) == len(loans)
    lent = in_columns(loans)
    flows = flows_of_schedules(build_schedules(lent, STRICT), lent, STRICT)
    # Two cents are repaid by two rows; four rows and all fees are of nothing.
    assert flows.amount_minor[: flows.offsets[1]].tolist() == [2, 1, 1]


def test_refused_loans_are_left_out_and_the_others_stay() -> None:
    plan = PLANS["fees"]
    terms = [
        attrs.evolve(make_terms(100_000, 240_000, 6), plan=plan),
        # The first period is so long that an installment does not cover its interest.
        attrs.evolve(
            make_terms(100_000, 900_000, 6, first_due_on=dt.date(2055, 2, 15)),
            plan=plan,
        ),
        attrs.evolve(make_terms(200_000, 240_000, 6), plan=plan),
    ]
    loans = loans_of(terms)
    assert compare(loans, STRICT) == 2
    columns = in_columns(loans)
    (chunk,) = iter_schedules(columns, STRICT, with_due_days=True)
    flows = flows_of_chunk(chunk, columns, STRICT)
    assert len(flows) == 2
    assert chunk.rows[chunk.is_scheduled].tolist() == [0, 2]


@pytest.mark.parametrize("name", PLANS)
def test_the_rates_are_those_of_each_loan(name: str) -> None:
    terms = [
        attrs.evolve(make_terms(minor, 240_000, count), plan=PLANS[name])
        for minor in (100_000, 1_234_567)
        for count in (6, 12)
    ]
    lent = in_columns(loans_of(terms))
    flows = flows_of_schedules(build_schedules(lent, STRICT), lent, STRICT)
    aprc = solve_rates(flows, RateMeasure.EU_APRC, eu_period=EuPeriod.MONTH)
    yearly = solve_rates(flows, RateMeasure.COMPOUND_ANNUAL)
    for row, one in enumerate(terms):
        credit = flows_of_schedule(build_schedule(one, STRICT))
        for rates, measure in (
            (aprc, RateMeasure.EU_APRC),
            (yearly, RateMeasure.COMPOUND_ANNUAL),
        ):
            expected = solve_rate(credit, measure)
            assert rates.outcome(row) is expected.outcome
            assert rates.rate[row] == pytest.approx(expected.rate, rel=1e-9)


def test_loans_that_are_asked_for_by_position_have_their_own_flows() -> None:
    terms = [
        attrs.evolve(make_terms(100_000 * row, 240_000, 6), plan=PLANS["fees"])
        for row in (1, 2, 3)
    ]
    loans = loans_of(terms)
    columns = in_columns(loans)
    asked: Int64s = np.array([2, 0])
    (chunk,) = iter_schedules(columns, STRICT, rows=asked, with_due_days=True)
    found = flows_of_chunk(chunk, columns, STRICT)
    assert_equal(found, scalar_flows([loans[row] for row in chunk.rows], STRICT))
    assert sorted(chunk.rows.tolist()) == [0, 2]


def test_a_chunk_without_due_days_is_refused() -> None:
    columns = in_columns(loans_of([make_terms()]))
    (chunk,) = iter_schedules(columns, STRICT)
    with pytest.raises(InvalidValueError, match="with_due_days"):
        flows_of_chunk(chunk, columns, STRICT)


def test_schedules_of_other_loans_are_refused() -> None:
    columns = in_columns(loans_of([make_terms(), make_terms(5_000)]))
    schedules = build_schedules(columns, STRICT)
    first: Int64s = np.array([0])
    with pytest.raises(InvalidValueError) as caught:
        flows_of_schedules(schedules, columns.take(first), STRICT)
    assert (caught.value.field, caught.value.value) == ("schedules", 2)


def test_a_share_that_leaves_int64_is_refused_by_its_row() -> None:
    # Only the flows ask for an upfront fee, so only they can refuse it.
    huge = Portion.of_share(Fraction(10**9 + 1, 10**11))
    plan = RepaymentPlan(
        method=EqualInstallments(), fees=(fee("huge", FeeTiming.UPFRONT, huge),)
    )
    terms = [
        attrs.evolve(make_terms(minor, 240_000, 6), plan=plan)
        for minor in (100_000, 10**14)
    ]
    lent = in_columns(loans_of(terms))
    schedules = build_schedules(lent, STRICT)
    with pytest.raises(InvalidValueError) as caught:
        flows_of_schedules(schedules, lent, STRICT)
    assert (caught.value.row, caught.value.bad_count) == (1, 1)


def test_the_twins_meet_every_kind_of_plan() -> None:
    # The random loans would say little if they had no fees and down payments.
    seen: Counter[str] = Counter()
    for seed in range(6):
        for method in METHODS:
            rng = random.Random(f"flows-{seed}-{method}")
            loans, rules = random_loans(rng, method, 12)
            if not has_schedules(in_columns(loans), rules).any():
                continue
            plan = loans[0].terms.plan
            seen["down payment"] += plan.down_payment is not None
            seen["two fees"] += len(plan.fees) > 1
            seen.update(one.timing.value for one in plan.fees)
            seen.update(f"of {one.base.value}" for one in plan.fees)
    assert min(seen.values()) >= 2
    assert set(seen) >= {"down payment", "two fees", *FeeTiming, "of outstanding"}


def test_a_currency_that_a_fee_is_not_in_is_refused_by_its_row() -> None:
    yen = Currency.of("JPY")
    terms = [
        attrs.evolve(make_terms(), principal=Money(100_000, currency), plan=plan)
        for currency, plan in ((EUR, PLANS["fees"]), (yen, EQUAL_INSTALLMENTS))
    ]
    lent = in_columns(loans_of(terms))
    schedules = build_schedules(lent, STRICT)
    assert len(flows_of_schedules(schedules, lent, STRICT)) == 2
    wrong = attrs.evolve(lent, plan_index=np.zeros(2, np.int64))
    with pytest.raises(InvalidValueError, match="currency"):
        flows_of_schedules(schedules, wrong, STRICT)
