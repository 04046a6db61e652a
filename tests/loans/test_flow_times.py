"""When flows happen: the zero point, the rhythm and the exact factors."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, Money
from microcrm_core.dates import DayCount
from microcrm_core.loans.cash_flows import CashFlow, CreditFlows, FlowKind
from microcrm_core.loans.eu_intervals import EuPeriod
from microcrm_core.loans.flow_times import (
    FlowTimes,
    day_times,
    eu_times,
    reg_z_times,
    times_of_measure,
)
from microcrm_core.loans.rate_measures import RateMeasure, TimeFactor
from microcrm_core.loans.rate_solving import solve_rate
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

MONTH = UnitPeriod(1, "month")


def shown(times: FlowTimes) -> list[str]:
    return [str(one) for one in times.factors]


def refund(on: str, minor: int) -> CashFlow:
    return CashFlow(dt.date.fromisoformat(on), Money(minor, DOLLAR), FlowKind.REFUND)


# 12 CFR 1026, Appendix J: example, credit, unit-period, factor of the first payment.
APPENDIX_J = [
    ("c1iii", level(500_000, "1978-02-23", 21_917, "1978-03-01", 2), None),
    ("b9", level(100_000, "1978-01-10", 3_361, "1978-02-10", 36), ("1 month", "1")),
    (
        "c1iv",
        credit(
            advance("1978-05-23", 1_000_000),
            *(
                repayment(on, 38_500)
                for on in ("1978-10-01", "1979-01-01", "1979-04-01", "1979-07-01")
            ),
        ),
        ("3 months", "1 + 13/30"),
    ),
    (
        "c3ii",
        credit(
            advance("1978-04-03", 20_000),
            *(
                repayment(dt.date(1978, 4, 11) + dt.timedelta(weeks=2 * n), 950)
                for n in range(19)
            ),
            repayment("1979-01-02", 3_000),
        ),
        ("2 weeks", "4/7"),
    ),
    (
        "c4ii",
        credit(
            advance("1978-01-10", 800_000),
            repayment("1978-03-01", 44_936),
            *(
                repayment(dt.date(1978 + (4 + 2 * n) // 12, (4 + 2 * n) % 12 + 1, 1), 1)
                for n in range(18)
            ),
            repayment("1981-05-01", 20_000),
        ),
        ("2 months", "13/15"),
    ),
    (
        "c5i",
        credit(advance("1978-01-03", 100_000), repayment("1978-09-15", 108_000)),
        ("term of 255 days", "1"),
    ),
    (
        "c5ii",
        credit(advance("1978-07-15", 100_000), repayment("1979-01-15", 104_400)),
        ("term of 6 months", "1"),
    ),
    (
        "c5iii",
        credit(advance("1978-01-17", 100_000), repayment("1979-07-17", 113_519)),
        ("1 year", "1 + 1/2"),
    ),
]


@pytest.mark.parametrize(
    ("flows", "expected"),
    [(flows, expected) for _, flows, expected in APPENDIX_J if expected],
    ids=[name for name, _, expected in APPENDIX_J if expected],
)
def test_the_examples_of_appendix_j_have_their_unit_period_and_factor(
    flows: CreditFlows, expected: tuple[str, str]
) -> None:
    times = reg_z_times(flows)

    first = times.factors[1]
    odd = f"{first.whole} + {first.odd}" if first.whole else str(first.odd)
    assert times.basis == f"unit-period of {expected[0]}"
    assert (odd if first.odd else str(first.whole)) == expected[1]


@pytest.mark.parametrize(
    ("paid_on", "years"),
    [
        # SWD(2012) 128, section 4.1.1: a month is a twelfth, 3 days are 3/365, and
        # 3/366 where 29 February lies in the year before the last of the days.
        ("2012-02-15", Fraction(1, 12) + Fraction(3, 365)),
        ("2012-03-15", Fraction(2, 12) + Fraction(3, 365)),
        ("2013-03-15", Fraction(14, 12) + Fraction(3, 365)),
    ],
)
def test_the_examples_of_the_commission_have_their_years(
    paid_on: str, years: Fraction
) -> None:
    flows = credit(advance("2012-01-12", 100), repayment(paid_on, 110))

    assert eu_times(flows, period=EuPeriod.MONTH).years == (Fraction(0), years)


def test_the_zero_point_is_the_first_flow_that_is_not_zero() -> None:
    bare = credit(
        advance("2025-01-31", 10_000),
        repayment("2025-03-15", 6_000),
        repayment("2025-04-15", 6_000),
    )
    nothing = (
        repayment("2025-01-07", 0),
        advance("2025-01-08", 0),
        charge("2025-01-09", 0),
        refund("2025-01-10", 0),
    )
    with_nothing = CreditFlows([*nothing, *bare.flows])

    for timed in (
        reg_z_times,
        lambda flows: reg_z_times(flows, unit_period=MONTH),
        lambda flows: reg_z_times(flows, unit_period=UnitPeriod(1, "year")),
        lambda flows: reg_z_times(flows, unit_period=UnitPeriod(1, "semimonth")),
        eu_times,
        lambda flows: eu_times(flows, period=EuPeriod.WEEK),
    ):
        alone = timed(bare)
        found = timed(with_nothing)
        assert found.basis == alone.basis
        assert found.factors[4:] == alone.factors
    for measure in RateMeasure:
        rate = solve_rate(bare, measure).rate
        assert solve_rate(with_nothing, measure).rate == pytest.approx(rate, rel=1e-12)


def test_a_payment_before_the_first_advance_is_the_zero_point_in_america_only() -> None:
    flows = credit(
        repayment("2025-01-01", 1_000),
        advance("2025-02-16", 10_000),
        repayment("2025-03-01", 5_000),
        repayment("2025-04-01", 5_000),
    )

    assert shown(reg_z_times(flows, unit_period=MONTH)) == ["0", "1 + 1/2", "2", "3"]
    # 1 month and 15 days before the first drawdown in Europe; the year up to 16 January
    # 2025 holds a leap day.
    years = eu_times(flows, period=EuPeriod.MONTH).years
    assert years[0] == -(Fraction(1, 12) + Fraction(15, 366))
    assert years[1] == 0
    assert day_times(flows).years[1] == Fraction(46, 365)


def test_refunds_and_charges_are_timed_by_their_own_days() -> None:
    flows = credit(
        advance("2025-01-31", 10_000),
        charge("2025-02-28", 10),
        repayment("2025-02-28", 3_000),
        refund("2025-02-28", 5),
        repayment("2025-03-31", 3_000),
        repayment("2025-04-30", 5_000),
    )

    # The charge keeps the day of the series of payments, the refund has no series.
    found = shown(reg_z_times(flows, unit_period=MONTH))
    assert found == ["0", "1", "1", "0 + 14/15", "2", "3"]
    # A day that is named goes before what the payments show: back from 30 April is
    # 28 February, 28 days after the end of January.
    named = shown(reg_z_times(flows, unit_period=MONTH, due_day=28))
    assert named == ["0", *["0 + 14/15"] * 3, "2", "2 + 14/15"]


def test_thirty_odd_days_of_a_month_are_a_whole_one() -> None:
    # 1 March back from 30 April would be 30 days before 31 March: one month and 30.
    flows = credit(advance("2025-03-01", 100), repayment("2025-04-30", 110))

    factor = reg_z_times(flows, unit_period=MONTH).factors[1]

    assert factor == TimeFactor(1, Fraction(29, 30))
    flows = credit(advance("2025-03-01", 100), repayment("2025-03-31", 110))
    assert reg_z_times(flows, unit_period=MONTH).factors[1] == TimeFactor(1)


def test_a_credit_of_one_day_or_of_nothing_has_times_of_zero() -> None:
    for flows in (
        credit(advance("2025-01-10", 100), repayment("2025-01-10", 110)),
        credit(advance("2025-01-10", 0), repayment("2025-01-10", 0)),
    ):
        assert reg_z_times(flows).basis == "unit-period of 1 day"
        for measure in RateMeasure:
            assert set(times_of_measure(flows, measure).years) == {0}


def test_every_measure_has_its_own_way_to_count() -> None:
    flows = level(100_000, "2025-01-10", 9_000, "2025-02-10", 12)

    assert [times_of_measure(flows, one) for one in RateMeasure] == [
        reg_z_times(flows),
        eu_times(flows),
        day_times(flows),
        day_times(flows),
    ]


@pytest.mark.parametrize(
    ("day_count", "year"),
    [
        (DayCount.ACT_365F, Fraction(31, 365)),
        (DayCount.ACT_360, Fraction(31, 360)),
        (DayCount.THIRTY_360_BOND, Fraction(30, 360)),
    ],
)
def test_days_are_counted_by_the_day_count_that_is_named(
    day_count: DayCount, year: Fraction
) -> None:
    flows = credit(advance("2025-01-10", 100), repayment("2025-02-10", 110))

    assert day_times(flows, day_count).years == (Fraction(0), year)
    assert day_times(flows, day_count).basis == day_count.value


def test_a_day_count_that_needs_more_than_two_dates_is_refused() -> None:
    flows = credit(advance("2025-01-10", 100), repayment("2025-02-10", 110))

    with pytest.raises(InvalidValueError):
        day_times(flows, DayCount.ACT_ACT_ICMA)


@pytest.mark.parametrize("per_year", [Fraction(0), Fraction(-1)])
def test_a_year_without_periods_is_refused(per_year: Fraction) -> None:
    with pytest.raises(InvalidValueError, match="per_year must be above zero"):
        FlowTimes(factors=(TimeFactor(0),), per_year=per_year, basis="given")


def test_times_have_one_canonical_form() -> None:
    times = FlowTimes.of_years([Fraction(0), Fraction(-1, 4)], "given")

    assert times.to_plain() == {
        "factors": [{"whole": 0, "odd": "0"}, {"whole": -1, "odd": "3/4"}],
        "per_year": "1",
        "basis": "given",
    }
    assert times.years == (Fraction(0), Fraction(-1, 4))


@given(flows=credits(), measure=st.sampled_from(RateMeasure))
def test_times_never_fall_from_flow_to_flow(
    flows: CreditFlows, measure: RateMeasure
) -> None:
    times = times_of_measure(flows, measure)

    totals = [one.total for one in times.factors]
    assert totals == sorted(totals)
    assert totals[0] == 0
    assert len(totals) == len(flows.flows)


@given(
    flows=credits(),
    measure=st.sampled_from([RateMeasure.REG_Z_NOMINAL, RateMeasure.EU_APRC]),
    copies=st.integers(1, 3),
)
def test_flows_split_in_parts_have_the_same_times(
    flows: CreditFlows, measure: RateMeasure, copies: int
) -> None:
    # The frequency is read from days, so a day counts once however many flows it has.
    split = CreditFlows([one for one in flows.flows for _ in range(copies)])

    times = times_of_measure(split, measure)

    assert times.factors[::copies] == times_of_measure(flows, measure).factors
