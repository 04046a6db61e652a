"""The flows of a schedule: who pays whom, on which day, under which name."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Currency, CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.dates import BusinessCalendar, BusinessDayRule
from microcrm_core.loans import (
    STRICT,
    STRICT_30_360,
    BusinessDays,
    Collision,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeBase,
    FeeTiming,
    FlowKind,
    Grace,
    InterestDate,
    InterestOnly,
    LoanTerms,
    Portion,
    RateMeasure,
    RepaymentPlan,
    Tranche,
    build_schedule,
    flows_of_schedule,
    solve_rate,
)
from microcrm_core.loans.cash_flows import CreditFlows
from tests.loans.loan_cases import EUR, make_terms

Shown = list[tuple[str, int, str, str | None]]


def shown(flows: CreditFlows) -> Shown:
    return [
        (flow.on.isoformat(), flow.amount.minor, flow.kind.value, flow.name)
        for flow in flows.flows
    ]


def fee(name: str, timing: FeeTiming, part: Portion, **more: object) -> Fee:
    known = {"base": FeeBase.PRINCIPAL, "is_cost_of_credit": True} | more
    base, is_cost = known["base"], known["is_cost_of_credit"]
    assert isinstance(base, FeeBase)
    assert isinstance(is_cost, bool)
    return Fee(
        name=name, timing=timing, portion=part, base=base, is_cost_of_credit=is_cost
    )


def terms(plan: RepaymentPlan, count: int = 2, annual_ppm: int = 120_000) -> LoanTerms:
    """1000.00 from 15 January; 1 % a month where years have 360 days."""
    made = make_terms(annual_ppm=annual_ppm, installment_count=count)
    return attrs.evolve(made, plan=plan)


def flows(plan: RepaymentPlan, count: int = 2) -> CreditFlows:
    return flows_of_schedule(build_schedule(terms(plan, count), STRICT_30_360))


EQUAL_PARTS = RepaymentPlan(method=EqualPrincipal())
TEN = Portion.of_amount(Money(1_000, EUR))
PERCENT = Portion.of_share(Fraction(1, 100))


def test_principal_and_interest_are_repaid_together() -> None:
    # By hand: 500.00 and 1 % of 1000.00, then of 500.00.
    assert shown(flows(EQUAL_PARTS)) == [
        ("2025-01-15", 100_000, "advance", None),
        ("2025-02-15", 51_000, "repayment", None),
        ("2025-03-15", 50_500, "repayment", None),
    ]


def test_each_fee_is_paid_at_its_time_under_its_name() -> None:
    plan = attrs.evolve(
        EQUAL_PARTS,
        fees=(
            fee("account", FeeTiming.PER_INSTALLMENT, TEN),
            fee("set-up", FeeTiming.UPFRONT, PERCENT),
            fee("cover", FeeTiming.PER_INSTALLMENT, PERCENT, base=FeeBase.OUTSTANDING),
        ),
    )

    found = flows(plan)

    # Upfront on the first day; 1 % of what is outstanding before each row.
    assert shown(found) == [
        ("2025-01-15", 100_000, "advance", None),
        ("2025-01-15", 1_000, "charge", "set-up"),
        ("2025-02-15", 51_000, "repayment", None),
        ("2025-02-15", 1_000, "charge", "account"),
        ("2025-02-15", 1_000, "charge", "cover"),
        ("2025-03-15", 50_500, "repayment", None),
        ("2025-03-15", 1_000, "charge", "account"),
        ("2025-03-15", 500, "charge", "cover"),
    ]
    assert found.included_charges == ("set-up", "account", "cover")


def test_a_financed_fee_is_received_and_kept_at_once() -> None:
    plan = attrs.evolve(EQUAL_PARTS, fees=(fee("cover", FeeTiming.FINANCED, TEN),))

    found = flows(plan)

    # 1010.00 are owed: 505.00 and 1 % of 1010.00, then of 505.00.
    assert shown(found) == [
        ("2025-01-15", 100_000, "advance", None),
        ("2025-01-15", 1_000, "advance", "cover"),
        ("2025-01-15", 1_000, "charge", "cover"),
        ("2025-02-15", 51_510, "repayment", None),
        ("2025-03-15", 51_005, "repayment", None),
    ]


@pytest.mark.parametrize("timing", FeeTiming)
def test_what_is_no_cost_of_credit_is_known_and_not_counted(timing: FeeTiming) -> None:
    counted = attrs.evolve(EQUAL_PARTS, fees=(fee("notary", timing, TEN),))
    known = attrs.evolve(
        EQUAL_PARTS, fees=(fee("notary", timing, TEN, is_cost_of_credit=False),)
    )

    found, without = flows(counted), flows(known)

    assert without.included_charges == ()
    assert without.excluded_charges == ("notary",)
    assert without == found.without_charges({"notary"})
    # What is financed is owed all the same, so it stays an advance.
    is_advance = [one.kind for one in without.flows].count(FlowKind.ADVANCE)
    assert is_advance == (2 if timing is FeeTiming.FINANCED else 1)


def test_rows_and_fees_of_nothing_give_no_flow() -> None:
    plan = RepaymentPlan(
        method=EqualInstallments(),
        grace=Grace(principal_count=1),
        fees=(fee("tiny", FeeTiming.UPFRONT, Portion.of_share(Fraction(1, 10**9))),),
    )
    made = attrs.evolve(make_terms(annual_ppm=0, installment_count=3), plan=plan)

    found = flows_of_schedule(build_schedule(made, STRICT))

    assert shown(found) == [
        ("2025-01-15", 100_000, "advance", None),
        ("2025-03-15", 50_000, "repayment", None),
        ("2025-04-15", 50_000, "repayment", None),
    ]


def test_every_tranche_is_an_advance_on_its_own_day() -> None:
    made = attrs.evolve(
        terms(RepaymentPlan(method=InterestOnly())),
        tranches=(
            Tranche(disbursed_on=dt.date(2025, 2, 15), amount=Money(40_000, EUR)),
        ),
    )

    found = flows_of_schedule(build_schedule(made, STRICT_30_360))

    # 1 % of 600.00, then 1 % of 1000.00 with all of it.
    assert shown(found) == [
        ("2025-01-15", 60_000, "advance", None),
        ("2025-02-15", 40_000, "advance", None),
        ("2025-02-15", 600, "repayment", None),
        ("2025-03-15", 101_000, "repayment", None),
    ]


def test_a_down_payment_is_repaid_on_the_first_day() -> None:
    plan = attrs.evolve(EQUAL_PARTS, down_payment=Portion.of_share(Fraction(1, 5)))

    # 200.00 at once; 400.00 and 1 % of 800.00, then of 400.00.
    assert shown(flows(plan)) == [
        ("2025-01-15", 100_000, "advance", None),
        ("2025-01-15", 20_000, "repayment", None),
        ("2025-02-15", 40_800, "repayment", None),
        ("2025-03-15", 40_400, "repayment", None),
    ]


def test_repayments_and_their_fees_stand_on_the_moved_days() -> None:
    # 15 February and 15 March 2025 are Saturdays.
    plan = attrs.evolve(
        EQUAL_PARTS, fees=(fee("account", FeeTiming.PER_INSTALLMENT, TEN),)
    )
    calendar = BusinessCalendar(name="weekends")
    rules = attrs.evolve(
        STRICT_30_360,
        business_days=BusinessDays(
            rule=BusinessDayRule.FOLLOWING,
            calendar=calendar,
            interest_to=InterestDate.ORIGINAL,
            collision=Collision.KEPT,
        ),
    )

    found = flows_of_schedule(build_schedule(terms(plan), rules))

    days = [on for on, _, kind, _ in shown(found) if kind != "advance"]
    assert days == ["2025-02-17", "2025-02-17", "2025-03-17", "2025-03-17"]


def test_two_fees_of_one_name_and_size_are_both_paid() -> None:
    one = fee("account", FeeTiming.PER_INSTALLMENT, TEN)
    other = fee("service", FeeTiming.PER_INSTALLMENT, TEN)
    plan = attrs.evolve(EQUAL_PARTS, fees=(one, other))

    found = flows(plan)

    schedule = build_schedule(terms(plan), STRICT_30_360)
    charged = [flow.amount.minor for flow in found.flows if flow.name is not None]
    assert sum(charged) == sum(schedule.fees_minor) == 4_000


def test_a_schedule_without_fees_costs_its_interest() -> None:
    schedule = build_schedule(terms(EQUAL_PARTS, 12), STRICT)

    assert flows_of_schedule(schedule).cost.minor == sum(schedule.interest_minor)


def test_one_percent_a_month_is_twelve_percent_and_its_effective_rate() -> None:
    # Interest only: 1 % a month exactly, so 12 % nominal and 1.01 to the 12th.
    found = flows(RepaymentPlan(method=InterestOnly()), 12)

    nominal = solve_rate(found, RateMeasure.REG_Z_NOMINAL).rate
    effective = solve_rate(found, RateMeasure.EU_APRC).rate
    assert nominal == pytest.approx(0.12, abs=1e-12)
    assert effective == pytest.approx(1.01**12 - 1, abs=1e-12)


FEES = st.builds(
    lambda name, timing, share, is_cost: fee(
        name,
        timing,
        Portion.of_share(Fraction(share, 1_000)),
        is_cost_of_credit=is_cost,
    ),
    st.text("abc", min_size=3, max_size=3),
    st.sampled_from(FeeTiming),
    st.integers(1, 40),
    st.booleans(),
)


@given(
    fees=st.lists(FEES, max_size=4, unique_by=lambda one: one.name),
    count=st.integers(1, 18),
    annual_ppm=st.integers(0, 900_000),
)
def test_flows_add_up_to_the_schedule(
    fees: list[Fee], count: int, annual_ppm: int
) -> None:
    plan = RepaymentPlan(method=EqualInstallments(), fees=tuple(fees))
    schedule = build_schedule(terms(plan, count, annual_ppm), STRICT)

    found = flows_of_schedule(schedule)

    every = [*found.flows, *found.excluded]
    sums: Counter[FlowKind] = Counter()
    for flow in every:
        sums[flow.kind] += flow.amount.minor
    assert sums[FlowKind.REPAYMENT] == sum(schedule.principal_minor) + sum(
        schedule.interest_minor
    )
    # Advances are what is repaid as principal; every fee is a charge once.
    assert sums[FlowKind.ADVANCE] == sum(schedule.principal_minor)
    upfront = sum(
        flow.amount.minor
        for flow in every
        if flow.kind is FlowKind.CHARGE and flow.on == schedule.terms.disbursed_on
    )
    assert sums[FlowKind.CHARGE] - upfront == sum(schedule.fees_minor)
    assert all(not one.amount.is_zero for one in every)
    assert set(found.included_charges) <= {
        one.name for one in fees if one.is_cost_of_credit
    }


def test_a_fee_in_another_currency_is_refused() -> None:
    dollars = Portion.of_amount(Money(1_000, Currency.of("USD")))
    plan = attrs.evolve(EQUAL_PARTS, fees=(fee("tax", FeeTiming.UPFRONT, dollars),))

    with pytest.raises(CurrencyMismatchError):
        flows(plan)


def test_what_is_no_schedule_has_no_flows() -> None:
    with pytest.raises(InvalidValueError, match="must be a Schedule") as error:
        flows_of_schedule(make_terms())  # type: ignore[arg-type]  # on purpose
    assert error.value.hint == "use build_schedule(terms, conventions)"
