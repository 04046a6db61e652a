"""Rates under all four measures: examples of the rules, laws, and what has no rate."""

from __future__ import annotations

import datetime as dt
import json
from fractions import Fraction
from itertools import pairwise

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, Money
from microcrm_core.dates import DayCount, Frequency
from microcrm_core.loans import STRICT, build_schedule, flows_of_schedule
from microcrm_core.loans.cash_flows import CashFlow, CreditFlows, FlowKind
from microcrm_core.loans.eu_assumptions import EuAssumption
from microcrm_core.loans.flow_times import (
    FlowTimes,
    day_times,
    eu_times,
    reg_z_times,
)
from microcrm_core.loans.rate_measures import RateMeasure, RateOutcome, TimeFactor
from microcrm_core.loans.rate_solving import RATE_TOLERANCE, SolvedRate, solve_rate
from microcrm_core.loans.unit_periods import UnitPeriod
from tests.loans.credit_cases import (
    DOLLAR,
    advance,
    charge,
    credit,
    credits,
    level,
    repayment,
)
from tests.loans.loan_cases import make_terms

REG_Z, EU, COMPOUND, SIMPLE = RateMeasure


def rate_of(solved: SolvedRate) -> float:
    assert solved.outcome is RateOutcome.FOUND
    assert solved.rate is not None
    return solved.rate


@pytest.mark.parametrize(
    ("flows", "percent", "basis"),
    [
        # 12 CFR 1026, Appendix J, examples (c)(1)(iii) to (v), (c)(4)(i), (c)(5).
        (
            level(
                500_000, "1978-02-23", 21_917, "1978-03-01", 24, Frequency.SEMIMONTHLY
            ),
            "10.34",
            "1 semimonth",
        ),
        (
            level(
                1_000_000, "1978-05-23", 38_500, "1978-10-01", 40, Frequency.QUARTERLY
            ),
            "8.97",
            "3 months",
        ),
        (
            level(50_000, "1978-03-20", 1_760, "1978-04-21", 30, Frequency.WEEKLY),
            "14.96",
            "1 week",
        ),
        (
            credit(
                *level(500_000, "1978-01-10", 25_000, "1978-02-10", 1).flows,
                *level(
                    0, "1978-01-10", 23_000, "1978-03-10", 23, last_minor=28_000
                ).flows,
            ),
            "10.90",
            "1 month",
        ),
        (
            credit(advance("1978-07-15", 100_000), repayment("1979-01-15", 104_400)),
            "8.80",
            "term of 6 months",
        ),
        (
            credit(advance("1978-01-17", 100_000), repayment("1979-07-17", 113_519)),
            "8.76",
            "1 year",
        ),
    ],
)
def test_regulation_z_examples(flows: CreditFlows, percent: str, basis: str) -> None:
    solved = solve_rate(flows, REG_Z)

    assert solved.times.basis == f"unit-period of {basis}"
    assert str(solved.disclosed_percent) == percent


def test_a_construction_loan_counts_each_advance() -> None:
    # 12 CFR 1026, Appendix J, example (c)(7)(i): 10.25 %.
    draws = ("1979-04-10", "1979-06-12", "1979-09-18")
    flows = credit(
        *(advance(on, 2_000_000) for on in draws),
        *level(0, draws[0], 61_236, "1979-12-10", 240).flows,
    )

    solved = solve_rate(flows, REG_Z)

    assert str(solved.disclosed_percent) == "10.25"
    at = dict(zip(solved.flows.flows, solved.times.factors, strict=True))
    assert at[advance(draws[1], 2_000_000)] == TimeFactor(2, Fraction(2, 30))


@pytest.mark.parametrize(
    ("flows", "percent"),
    [
        # Directive 98/7/EC, Annex III: the calendar examples that are whole periods.
        (
            credit(
                advance("1994-01-01", 100_000),
                repayment("1995-01-01", 60_000),
                repayment("1996-01-01", 60_000),
            ),
            "13.07",
        ),
        (
            credit(
                advance("1994-01-01", 100_000),
                repayment("1994-04-01", 27_200),
                repayment("1994-07-01", 27_200),
                repayment("1995-01-01", 54_400),
            ),
            "13.19",
        ),
        (
            credit(advance("1994-01-01", 95_000), repayment("1995-07-01", 120_000)),
            "16.85",
        ),
    ],
)
def test_european_examples(flows: CreditFlows, percent: str) -> None:
    assert str(solve_rate(flows, EU, decimals=2).disclosed_percent) == percent


def test_the_first_directive_example_counts_its_days() -> None:
    # Directive 98/7/EC, Annex III, first example: 546 days over 365, 13.0 %.
    flows = credit(advance("1994-01-01", 100_000), repayment("1995-07-01", 120_000))

    solved = solve_rate(flows, COMPOUND)

    assert solved.times.years[1] == Fraction(546, 365)
    assert str(solved.disclosed_percent) == "12.96"


def test_a_simple_rate_is_all_charges_over_principal_and_time() -> None:
    # By definition: 120 for a loan of 1000 over two years is 6 % a year.
    flows = credit(advance("2025-01-01", 100_000), repayment("2027-01-01", 112_000))

    assert rate_of(solve_rate(flows, SIMPLE)) == pytest.approx(0.06, abs=1e-15)


def test_unpaid_charges_bear_no_charge_in_a_simple_rate() -> None:
    # 9700 in hand all year, charges of 2400 paid monthly and 300 at the start.
    flows = credit(
        advance("2025-01-01", 1_000_000),
        charge("2025-01-01", 30_000),
        *level(0, "2025-01-01", 20_000, "2025-02-01", 11).flows[1:],
        repayment("2026-01-01", 1_020_000),
    )

    solved = solve_rate(flows, SIMPLE, times=day_times(flows, DayCount.THIRTY_360_BOND))

    assert rate_of(solved) == pytest.approx(270_000 / 970_000, abs=1e-12)


def test_equal_installments_at_a_simple_rate_are_twelve_times_the_monthly_rate() -> (
    None
):
    # PBoC Announcement [2021] No. 3: 10,000 repaid by 12 times 946.60 is 24.21 % simple
    # and 27.08 % as an internal rate of return, with months as twelfths.
    flows = level(1_000_000, "2025-01-01", 94_660, "2025-02-01", 12)
    twelfths = day_times(flows, DayCount.THIRTY_360_BOND)

    simple = solve_rate(flows, SIMPLE, times=twelfths)
    compound = solve_rate(flows, COMPOUND, times=twelfths)

    assert str(simple.disclosed_percent) == "24.21"
    assert str(compound.disclosed_percent) == "27.08"
    assert rate_of(simple) == pytest.approx(
        rate_of(solve_rate(flows, REG_Z)), abs=1e-12
    )


@pytest.mark.parametrize("measure", RateMeasure)
def test_a_loan_that_costs_nothing_has_the_rate_zero_exactly(
    measure: RateMeasure,
) -> None:
    flows = level(10_002, "2025-01-01", 3_334, "2025-02-11", 3)

    solved = solve_rate(flows, measure)

    assert solved.rate == 0.0
    assert solved.disclosed_percent is not None
    assert solved.disclosed_percent.is_zero()


@pytest.mark.parametrize("measure", RateMeasure)
def test_payments_below_the_principal_have_a_negative_rate(
    measure: RateMeasure,
) -> None:
    flows = level(100_000, "2025-01-01", 7_000, "2025-02-01", 12)

    assert rate_of(solve_rate(flows, measure)) < -0.2


def test_a_daily_loan_of_a_hundred_thousand_percent_is_solved() -> None:
    # Half of what is owed is added every day: 365 times 274 % is 100,010 % a year.
    paid = [repayment(dt.date(2025, 1, day), 27_400) for day in range(2, 12)]
    flows = credit(advance("2025-01-01", 10_000), *paid)

    solved = solve_rate(flows, REG_Z)

    owed = 10_000.0
    for _ in paid:
        owed = owed * (1 + rate_of(solved) / 365) - 27_400
    assert rate_of(solved) > 990
    # Ten days multiply what the last digit of the rate is off by.
    assert abs(owed) < 1e-3
    # The same rate a day, compounded for a year.
    daily = 1 + rate_of(solved) / 365
    assert rate_of(solve_rate(flows, COMPOUND)) == pytest.approx(daily**365, rel=1e-9)


def test_a_rate_beyond_the_range_is_no_rate() -> None:
    flows = credit(advance("2025-01-01", 1), repayment("2025-01-02", 10**9))

    solved = solve_rate(flows, COMPOUND)

    assert solved.outcome is RateOutcome.NO_RATE
    assert (solved.rate, solved.rates, solved.residual_share) == (None, (), None)
    assert solved.tolerance is None
    assert rate_of(solve_rate(flows, SIMPLE)) == pytest.approx(365 * (10**9 - 1))


@pytest.mark.parametrize("measure", RateMeasure)
def test_flows_of_one_day_that_cancel_have_every_rate(measure: RateMeasure) -> None:
    flows = credit(advance("2025-01-01", 100), repayment("2025-01-01", 100))

    assert solve_rate(flows, measure).outcome is RateOutcome.NO_UNIQUE_RATE


@pytest.mark.parametrize("measure", RateMeasure)
def test_flows_of_one_day_that_do_not_cancel_have_no_rate(
    measure: RateMeasure,
) -> None:
    flows = credit(advance("2025-01-01", 100), repayment("2025-01-01", 110))

    assert solve_rate(flows, measure).outcome is RateOutcome.NO_RATE


def yearly(*signed: int) -> CreditFlows:
    """Flows a year apart; above zero to the borrower."""
    return credit(
        *(
            (advance if minor > 0 else repayment)(f"{2025 + year}-01-01", abs(minor))
            for year, minor in enumerate(signed)
        )
    )


@pytest.mark.parametrize("measure", [REG_Z, EU])
def test_two_rates_are_both_reported_and_neither_is_the_rate(
    measure: RateMeasure,
) -> None:
    # -100 + 230 v - 132 v^2 is zero for v = 1/1.1 and v = 1/1.2.
    solved = solve_rate(yearly(-10_000, 23_000, -13_200), measure)

    assert solved.outcome is RateOutcome.NO_UNIQUE_RATE
    assert solved.rate is None
    assert solved.rates == pytest.approx((0.1, 0.2), abs=1e-9)


def test_three_rates_are_found() -> None:
    # (1 - 1.1 v)(1 - 1.5 v)(1 - 2 v) = 1 - 4.6 v + 6.85 v^2 - 3.3 v^3.
    solved = solve_rate(yearly(100_000, -460_000, 685_000, -330_000), EU)

    assert solved.rates == pytest.approx((0.1, 0.5, 1.0), abs=1e-9)


def test_a_double_rate_is_not_unique() -> None:
    # -(10 - 11 v)^2: both rates are 10 %.
    solved = solve_rate(yearly(-10_000, 22_000, -12_100), EU)

    assert solved.outcome is RateOutcome.NO_UNIQUE_RATE
    assert solved.rates == pytest.approx((0.1,), abs=1e-5)


def test_changes_of_sign_without_any_rate_are_no_rate() -> None:
    # -100 + 150 v - 100 v^2 has no real root.
    assert solve_rate(yearly(-10_000, 15_000, -10_000), EU).outcome is (
        RateOutcome.NO_RATE
    )


def test_several_changes_of_sign_with_one_rate_are_found() -> None:
    # (1 - 1.2 v)(1 + v + v^2): the second factor has no real root.
    solved = solve_rate(yearly(10_000, -2_000, -2_000, -12_000), EU)
    tranche = solve_rate(yearly(10_000, -6_000, 1_000, -6_600), EU)

    assert rate_of(solved) == pytest.approx(0.2, abs=1e-12)
    v = 1 / (1 + rate_of(tranche))
    assert 10_000 - 6_000 * v + 1_000 * v**2 - 6_600 * v**3 == pytest.approx(
        0, abs=1e-8
    )


def test_a_root_within_rounding_of_itself_is_found_and_not_circled() -> None:
    # Found by random search: Newton's steps went to and fro between two floats.
    minors = (
        10**15, 157_998_942_294_010, 132_610_379_871_735, -325_813_381_315_699,
        95_276_648_205_973, -(10**15), 166_228_249_254_476, -124_789_415_059_159,
        -137_541_283_020_257, -104_458_961_233_436, 10**15, -16_646_454_221_688,
    )  # fmt: skip
    months = (5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
    flows = credit(
        *(
            (advance if minor > 0 else repayment)(
                dt.date(2023 + (month - 1) // 12, (month - 1) % 12 + 1, 4), abs(minor)
            )
            for month, minor in zip(months, minors, strict=True)
        )
    )
    times = reg_z_times(flows, unit_period=UnitPeriod(2, "week"))

    solved = solve_rate(flows, RateMeasure.REG_Z_NOMINAL, times=times)

    assert solved.outcome is RateOutcome.FOUND
    assert solved.residual_share == pytest.approx(0.0, abs=1e-15)


def test_a_payment_before_the_first_advance_is_the_zero_point() -> None:
    # 12 CFR 1026, Appendix J (b)(1): the earliest flow begins the term.
    flows = credit(
        repayment("2025-01-01", 1_000),
        advance("2025-02-01", 10_000),
        *(repayment(f"2025-{month:02}-01", 1_000) for month in range(3, 13)),
    )

    solved = solve_rate(flows, REG_Z)

    assert [factor.whole for factor in solved.times.factors] == list(range(12))
    assert eu_times(flows).years[0] == Fraction(-1, 12)


def test_amounts_larger_than_any_float_are_solved() -> None:
    flows = yearly(10**400, -11 * 10**399)

    assert rate_of(solve_rate(flows, EU)) == pytest.approx(0.1, abs=1e-12)


@pytest.mark.parametrize("measure", RateMeasure)
@settings(max_examples=25)
@given(flows=credits(), factor=st.sampled_from([2, 3, 10**6, 10**30]))
def test_scaling_all_amounts_changes_nothing(
    measure: RateMeasure, flows: CreditFlows, factor: int
) -> None:
    scaled = CreditFlows(
        attrs.evolve(flow, amount=flow.amount * factor) for flow in flows.flows
    )

    assert solve_rate(scaled, measure).rates == solve_rate(flows, measure).rates


@pytest.mark.parametrize("measure", RateMeasure)
@settings(max_examples=25)
@given(flows=credits(), fee=st.integers(1, 10**5))
def test_a_fee_at_any_time_never_lowers_the_rate(
    measure: RateMeasure, flows: CreditFlows, fee: int
) -> None:
    on = flows.flows[len(flows.flows) // 2].on
    times = reg_z_times(flows) if measure is REG_Z else None
    dearer = CreditFlows((*flows.flows, charge(on, fee, "late fee")))
    # With the same unit-period, which an added flow may change.
    dearer_times = None
    if times is not None:
        at = dict(zip((flow.on for flow in flows.flows), times.factors, strict=True))
        factors = tuple(at[flow.on] for flow in dearer.flows)
        dearer_times = attrs.evolve(times, factors=factors)
    before = solve_rate(flows, measure, times=times)
    after = solve_rate(dearer, measure, times=dearer_times)

    if before.rate is not None and after.rate is not None:
        assert after.rate >= before.rate - 1e-9 * (1 + abs(before.rate))


@pytest.mark.parametrize("measure", [REG_Z, EU, COMPOUND])
@settings(max_examples=40)
@given(flows=credits(frequencies=(Frequency.MONTHLY, Frequency.WEEKLY)))
def test_the_flows_are_worth_nothing_at_the_rate(
    measure: RateMeasure, flows: CreditFlows
) -> None:
    solved = solve_rate(flows, measure)

    if solved.rate is not None:
        largest = max(flow.amount.minor for flow in flows.flows)
        assert solved.residual_share is not None
        assert abs(solved.residual_share) <= 1e-11 * len(flows.flows)
        if solved.rate > 0:
            values = solved.to_columns()["value"]
            total = sum(value for value in values if isinstance(value, float))
            assert abs(total) * 100 <= 1e-9 * largest * len(flows.flows)


@settings(max_examples=40)
@given(flows=credits())
def test_charges_are_the_simple_rate_times_principal_and_time(
    flows: CreditFlows,
) -> None:
    solved = solve_rate(flows, SIMPLE)

    if solved.rate is not None and solved.rate < 20:
        outstanding = solved.to_columns()["outstanding"]
        years = [float(year) for year in solved.times.years]
        gaps = [later - before for before, later in pairwise(years)]
        # The principal before a flow was outstanding since the flow before it.
        area = sum(
            max(principal, 0.0) * gap
            for principal, gap in zip(outstanding[1:], gaps, strict=True)
            if isinstance(principal, float)
        )
        cost = float(flows.cost.amount)
        assert solved.rate * area == pytest.approx(cost, rel=1e-7, abs=1e-5)


@settings(max_examples=25)
@given(flows=credits(frequencies=(Frequency.WEEKLY,)), weeks=st.integers(1, 300))
def test_moving_all_days_by_weeks_changes_nothing_where_days_are_counted(
    flows: CreditFlows, weeks: int
) -> None:
    moved = CreditFlows(
        attrs.evolve(flow, on=flow.on + dt.timedelta(weeks=weeks))
        for flow in flows.flows
    )
    week = UnitPeriod(1, "week")

    for measure in (COMPOUND, SIMPLE):
        assert solve_rate(moved, measure).rates == solve_rate(flows, measure).rates
    assert (
        solve_rate(moved, REG_Z, times=reg_z_times(moved, unit_period=week)).rates
        == solve_rate(flows, REG_Z, times=reg_z_times(flows, unit_period=week)).rates
    )


@settings(max_examples=30)
@given(flows=credits())
def test_a_zero_flow_changes_no_rate(flows: CreditFlows) -> None:
    on = flows.flows[0].on + dt.timedelta(days=3)
    more = CreditFlows((*flows.flows, repayment(on, 0)))

    for measure in (EU, COMPOUND, SIMPLE):
        assert solve_rate(more, measure).rates == solve_rate(flows, measure).rates


def test_a_result_shows_measure_rule_charges_and_assumptions() -> None:
    flows = credit(
        advance("2025-01-01", 100_000),
        charge("2025-01-01", 2_000, "set-up"),
        charge("2025-01-01", 900, "notary"),
        repayment("2026-01-01", 110_000),
    ).without_charges({"notary"})

    solved = solve_rate(flows, EU, assumptions=[EuAssumption.IMMEDIATE_DRAWDOWN])

    text = str(solved)
    assert "eu_aprc: found 12.2 %" in text
    assert "included charges: set-up; excluded charges: notary" in text
    assert "assumed (a): all is drawn at once and in full" in text
    assert "Annex I" in solved.rule_version
    assert solved.tolerance == pytest.approx(RATE_TOLERANCE * (1 + 12_000 / 98_000))
    assert "<caption>eu_aprc: found 12.2 %" in solved._repr_html_()
    plain = json.loads(solved.to_json())
    assert float(plain["rate"]) == solved.rate
    assert plain["assumptions"] == ["immediate_drawdown"]


def test_a_result_without_a_unique_rate_still_shows_its_working() -> None:
    text = str(solve_rate(yearly(-10_000, 23_000, -13_200), EU))

    assert text.startswith("eu_aprc: no_unique_rate (10.0 %, 20.0 %)")
    assert "2026-01-01" in text


def test_times_must_fit_the_flows() -> None:
    flows = credit(advance("2025-01-01", 100), repayment("2025-02-01", 110))

    with pytest.raises(InvalidValueError, match="times must have 2 factors"):
        solve_rate(flows, EU, times=FlowTimes.of_years([Fraction(0)], "given"))
    with pytest.raises(InvalidValueError, match="decimals must be 1 or more"):
        solve_rate(flows, EU, decimals=0)
    with pytest.raises(InvalidValueError, match="measure must be one of reg_z_nominal"):
        solve_rate(flows, "apr")  # type: ignore[arg-type]  # refused


def test_a_refund_lowers_the_rate() -> None:
    flows = level(100_000, "2025-01-01", 9_000, "2025-02-01", 12)
    refund = CashFlow(dt.date(2026, 1, 1), Money(2_000, DOLLAR), FlowKind.REFUND)
    cheaper = CreditFlows((*flows.flows, refund))

    for measure in (EU, COMPOUND, SIMPLE):
        assert rate_of(solve_rate(cheaper, measure)) < rate_of(
            solve_rate(flows, measure)
        )


SCHEDULE = build_schedule(make_terms(), STRICT)


@pytest.mark.parametrize(
    ("flows", "hint"),
    [
        (SCHEDULE, "use flows_of_schedule(schedule)"),
        (
            SCHEDULE.terms,
            "use flows_of_schedule(build_schedule(terms, conventions))",
        ),
        ([advance("2025-01-01", 1)], "use CreditFlows(...)"),
        (None, "use CreditFlows(...)"),
    ],
)
def test_what_is_no_flows_is_told_where_flows_come_from(
    flows: object, hint: str
) -> None:
    with pytest.raises(InvalidValueError, match="flows must be CreditFlows") as error:
        solve_rate(flows, EU)  # type: ignore[arg-type]  # on purpose
    assert error.value.hint == hint


def test_times_and_assumptions_of_another_kind_are_refused_by_name() -> None:
    flows = flows_of_schedule(SCHEDULE)
    with pytest.raises(InvalidValueError, match="times must be FlowTimes or None"):
        solve_rate(flows, EU, times=[0, 1])  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InvalidValueError, match="assumptions must be among immediate"):
        solve_rate(flows, EU, assumptions=["a"])  # type: ignore[list-item]  # on purpose
