"""Rows of every plan in columns, held against definitions that are worked out slowly.

Each loan is of regular months of a twelfth of a year, so that what the kernel is given
is written down by hand; `amount_oracle` finds the rows by trying.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from microcrm_core import Money
from microcrm_core.batch import Int64s
from microcrm_core.loans import (
    NO_GRACE,
    STRICT_30_360,
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
from microcrm_core.loans.due_days_batch import due_days
from microcrm_core.loans.lines_batch import InterestLines, Scratch
from microcrm_core.loans.money_lines_batch import MoneyLines
from microcrm_core.loans.plan_amounts_batch import PlanAmounts, Portions
from microcrm_core.loans.plan_kernel_batch import PlanKernel
from microcrm_core.loans.refusals_batch import Refusal
from microcrm_core.loans.row_weights_batch import RowWeights
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding
from tests.loans.amount_oracle import AmountRow, RefusedError, amount_rows
from tests.loans.loan_cases import EUR, make_terms
from tests.loans.plan_cases import fees, graces, level_methods, portions

UNIT = 360_000_000
DUE_DAY = 20_134
"""15 February 2025, the first due day of `make_terms`."""


@attrs.frozen(kw_only=True)
class Written:
    """What the kernel has written, loan by loan."""

    principal: list[list[int]]
    interest: list[list[int]]
    capitalized: list[list[int]]
    fees: list[list[int]]
    outstanding: list[list[int]]
    total: list[list[int]]
    level: list[int]
    refusal: list[Refusal]


def kernel_of(loans: list[LoanTerms], rules: ScheduleConventions) -> PlanKernel:
    """Return the kernel for loans of one plan and length, without down payments."""
    one = loans[0]
    plan, count = one.plan, one.installment_count
    principal = np.array([loan.principal.minor for loan in loans])
    weight = np.array([loan.nominal_rate.annual_ppm for loan in loans]) * 30
    free_count = plan.grace.interest_free_count
    free = np.zeros_like(weight)
    chosen = Portions(
        conventions=rules, currency_index=np.zeros_like(principal), currencies=(EUR,)
    )
    series: Int64s = due_days(
        np.full_like(principal, DUE_DAY), one.frequency, count, rules.roll
    )
    return PlanKernel(
        plan=plan,
        conventions=rules,
        amounts=PlanAmounts.of(plan, count, principal, chosen),
        portions=chosen,
        interest=InterestLines(
            weights=[free if row < free_count else weight for row in range(count)],
            unit=UNIT,
            rounding=rules.rounding,
            multiple=rules.currency_multiple,
            scratch=Scratch.of_size(len(loans)),
        ),
        weights=RowWeights.of(plan.method, count, series),
    )


def written(loans: list[LoanTerms], rules: ScheduleConventions) -> Written:
    """Return what the kernel writes into columns of every kind."""
    kernel = kernel_of(loans, rules)
    shape = (loans[0].installment_count, len(loans))
    out = attrs.evolve(
        MoneyLines.of_shape(*shape),
        fees_minor=np.full(shape, -1, np.int64),
        capitalized_minor=np.full(shape, -1, np.int64),
    )
    level = kernel.write(out)
    assert out.fees_minor is not None
    assert out.capitalized_minor is not None
    return Written(
        principal=out.principal_minor.T.tolist(),
        interest=out.interest_minor.T.tolist(),
        capitalized=out.capitalized_minor.T.tolist(),
        fees=out.fees_minor.T.tolist(),
        outstanding=out.outstanding_minor.T.tolist(),
        total=out.total_minor.T.tolist(),
        level=level.tolist(),
        refusal=[Refusal(reason) for reason in kernel.portions.refusal.tolist()],
    )


def defined(terms: LoanTerms, rules: ScheduleConventions) -> list[AmountRow] | None:
    """Return the rows of the definitions; None: there are none."""
    try:
        return amount_rows(terms, rules)
    except RefusedError:
        return None


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[LoanTerms], ScheduleConventions]:
    """Draw loans of one plan that differ in amount and rate."""
    count = draw(st.integers(1, 6))
    minor = draw(st.integers(1, 300) | st.integers(1000, 10**6))
    plan = draw(plans(count, minor))
    multiple = draw(st.sampled_from((1, 1, 5)))
    rules = attrs.evolve(
        STRICT_30_360,
        id="test",
        rounding=draw(st.sampled_from(Rounding)),
        currency_multiple=multiple,
        installment_multiple=multiple * draw(st.sampled_from((1, 1, 7))),
        remainder=draw(st.sampled_from(Remainder)),
    )
    rates = draw(st.lists(st.integers(0, 900_000), min_size=1, max_size=2))
    terms = [
        attrs.evolve(make_terms(minor + row, rate, count), plan=plan)
        for row, rate in enumerate(rates)
    ]
    return terms, rules


@st.composite
def plans(draw: st.DrawFn, count: int, minor: int) -> RepaymentPlan:
    cuts = sorted(
        draw(st.lists(st.integers(0, minor), min_size=count - 1, max_size=count - 1))
    )
    edges = [0, *cuts, minor]
    parts = [Money(after - before, EUR) for before, after in pairwise(edges)]
    others: list[RepaymentMethod] = [
        EqualPrincipal(),
        InterestOnly(),
        FlatInterest(),
        Bullet(),
        Bullet(is_compounded=True),
        CustomPrincipal(tuple(parts)),
        CustomInstallments(tuple(parts[1:])),
    ]
    method = draw(level_methods(count) | st.sampled_from(others))
    has_grace = not isinstance(method, Bullet | CustomPrincipal | CustomInstallments)
    grace = draw(graces(count)) if has_grace else NO_GRACE
    if isinstance(method, EqualPrincipal) and grace.interest_payment_count:
        longer = draw(st.integers(grace.interest_payment_count, count - 1))
        grace = attrs.evolve(grace, interest_payment_count=longer)
    has_balloon = has_grace and not isinstance(method, InterestOnly)
    return RepaymentPlan(
        method=method,
        grace=grace,
        balloon=draw(st.none() | portions(minor // 4)) if has_balloon else None,
        fees=() if isinstance(method, CustomPrincipal) else draw(fees()),
        unpaid_interest=draw(st.sampled_from(UnpaidInterest)),
    )


@given(case=cases())
def test_rows_are_those_of_the_definitions(
    case: tuple[list[LoanTerms], ScheduleConventions],
) -> None:
    loans, rules = case
    found = written(loans, rules)
    event(type(loans[0].plan.method).__name__)

    for place, terms in enumerate(loans):
        expected = defined(terms, rules)
        assert (found.refusal[place] is not Refusal.NONE) == (expected is None)
        if expected is None:
            continue
        principal = [row.principal_minor for row in expected]
        interest = [row.interest_minor for row in expected]
        capitalized = [row.capitalized_minor for row in expected]
        assert found.principal[place] == principal
        assert found.interest[place] == interest
        assert found.capitalized[place] == capitalized
        assert found.outstanding[place][-1] == 0
        for row in range(len(principal)):
            paid = principal[row] + interest[row] + found.fees[place][row]
            assert found.total[place][row] == paid
            # What is left is what later rows repay, less what joins the debt later.
            left = sum(principal[row + 1 :]) - sum(capitalized[row + 1 :])
            assert found.outstanding[place][row] == left


def planned(
    method: RepaymentMethod,
    principal: int = 100_000,
    annual_ppm: int = 240_000,
    count: int = 3,
    **more: Any,
) -> LoanTerms:
    plan = attrs.evolve(RepaymentPlan(method=method), **more)
    return attrs.evolve(make_terms(principal, annual_ppm, count), plan=plan)


FIRST = Grace(
    principal_count=1,
    interest_payment_count=1,
    deferred_interest=DeferredInterest.FIRST_INSTALLMENT,
)


# 24 % a year are 2 % a month.
@pytest.mark.parametrize(
    ("terms", "principal", "interest", "level"),
    [
        # A third of 1000.00 is 333.34; the last repays 333.32.
        (
            planned(EqualPrincipal()),
            [33_334, 33_334, 33_332],
            [2000, 1333, 667],
            35_334,
        ),
        (planned(InterestOnly()), [0, 0, 100_000], [2000, 2000, 2000], 102_000),
        # 60.00 in all, and 1060.00 in three: 353.34, the last 0.02 less.
        (
            planned(FlatInterest()),
            [33_334, 33_334, 33_332],
            [2000, 2000, 2000],
            35_334,
        ),
        # 60.00 and all but a balloon of 400.00, in three: 220.00.
        (
            planned(FlatInterest(), balloon=Portion.of_share("0.4")),
            [20_000, 20_000, 60_000],
            [2000, 2000, 2000],
            22_000,
        ),
        (planned(Bullet()), [0, 0, 100_000], [0, 0, 6000], 106_000),
        # 20.00 + 20.40 join the debt, and 20.808 are paid.
        (
            planned(Bullet(is_compounded=True)),
            [0, 0, 104_040],
            [0, 0, 2081],
            106_121,
        ),
        # 0.00 at first, and its 20.00 come with the second: then 1000.00 in two.
        (
            planned(EqualInstallments(), grace=FIRST),
            [0, 49_505, 50_495],
            [0, 4000, 1010],
            51_505,
        ),
        # 1000.00 in one, two and one quarter, without interest.
        (
            planned(Weighted((1, 2, 1)), annual_ppm=0),
            [25_000, 50_000, 25_000],
            [0, 0, 0],
            25_000,
        ),
        # February has weight two, March none, April one.
        (
            planned(
                Seasonal((1, 2, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1)), 30_000, annual_ppm=0
            ),
            [20_000, 0, 10_000],
            [0, 0, 0],
            20_000,
        ),
    ],
    ids=[
        "parts",
        "only",
        "flat",
        "balloon",
        "bullet",
        "grown",
        "grace",
        "weights",
        "seasons",
    ],
)
def test_rows_on_paper(
    terms: LoanTerms, principal: list[int], interest: list[int], level: int
) -> None:
    found = written([terms], STRICT_30_360)

    assert found.refusal == [Refusal.NONE]
    assert found.principal == [principal]
    assert found.interest == [interest]
    assert found.level == [level]


@pytest.mark.parametrize("method", [EqualPrincipal(), EqualInstallments()])
def test_coarse_amounts_leave_the_balloon_alone(method: RepaymentMethod) -> None:
    # 1.00 above a balloon of 5.00 is repaid at once; what is left waits.
    rules = attrs.evolve(STRICT_30_360, id="test", installment_multiple=100)
    balloon = Portion.of_amount(Money(500, EUR))

    terms = planned(method, 600, 0, balloon=balloon)

    found = written([terms], rules)

    assert found.principal == [[100, 0, 500]]
    assert found.outstanding == [[500, 500, 0]]
    assert build_schedule(terms, rules).principal_minor == (100, 0, 500)


def test_equal_parts_are_made_anew_once_interest_no_longer_joins_the_debt() -> None:
    # 250.00 twice, while 20.00 and 2 % of 770.00 join; then 535.40 in two.
    grace = Grace(
        interest_payment_count=2, deferred_interest=DeferredInterest.CAPITALIZED
    )
    terms = planned(EqualPrincipal(), count=4, grace=grace)

    found = written([terms], STRICT_30_360)

    assert found.principal == [[25_000, 25_000, 26_770, 26_770]]
    assert found.capitalized == [[2000, 1540, 0, 0]]
    assert found.interest == [[0, 0, 1071, 535]]
    schedule = build_schedule(terms, STRICT_30_360)
    assert schedule.principal_minor == (25_000, 25_000, 26_770, 26_770)


def test_flat_interest_is_shared_in_whole_coins() -> None:
    # 25 % a year: 62.50 in coins of 0.05 are 1250, and 1250 = 3 x 416 + 2. All rows
    # pay 1062.50, a third of which is 354.1666..., so 354.20.
    rules = attrs.evolve(
        STRICT_30_360, id="test", currency_multiple=5, installment_multiple=5
    )

    found = written([planned(FlatInterest(), annual_ppm=250_000)], rules)

    assert found.interest == [[2085, 2085, 2080]]
    assert found.principal == [[33_335, 33_335, 33_330]]
    assert found.level == [35_420]


@pytest.mark.parametrize(
    ("terms", "step", "principal", "interest", "level"),
    [
        # 300.00 twice, so that the first repays 400.00; of 1000.00, 600.00, 300.00.
        (
            planned(EqualPrincipal()),
            10_000,
            [40_000, 30_000, 30_000],
            [2000, 1200, 600],
            32_000,
        ),
        # 1060.00 in whole units: 353.00 twice, and 354.00 at first.
        (
            planned(FlatInterest()),
            100,
            [33_400, 33_300, 33_300],
            [2000, 2000, 2000],
            35_300,
        ),
        # Grace on principal: the second of three is the first that repays.
        (
            planned(EqualPrincipal(), grace=Grace(principal_count=1)),
            10_000,
            [0, 50_000, 50_000],
            [2000, 2000, 1000],
            52_000,
        ),
        (
            planned(EqualPrincipal(), 90_000, grace=Grace(principal_count=1)),
            20_000,
            [0, 50_000, 40_000],
            [1800, 1800, 800],
            41_800,
        ),
        # 1000.00 in tens without interest: 340.00 twice.
        (
            planned(EqualInstallments(), annual_ppm=0),
            1000,
            [32_000, 34_000, 34_000],
            [0, 0, 0],
            34_000,
        ),
    ],
    ids=["parts", "flat", "even", "grace", "equal"],
)
def test_the_first_row_that_repays_takes_the_remainder(
    terms: LoanTerms, step: int, principal: list[int], interest: list[int], level: int
) -> None:
    rules = attrs.evolve(
        STRICT_30_360,
        id="test",
        installment_multiple=step,
        remainder=Remainder.FIRST,
    )

    found = written([terms], rules)

    assert found.principal == [principal]
    assert found.interest == [interest]
    assert found.level == [level]


@pytest.mark.parametrize(
    ("unpaid", "principal", "interest", "capitalized"),
    [
        # Of 970.00, 500.00 twice leave so little for the first that its interest of
        # 19.40 is more: it pays it all the same,
        (
            UnpaidInterest.REFUSED,
            [0, 48_060, 48_940],
            [1940, 1940, 979],
            [0, 0, 0],
        ),
        # or 18.60, and 0.80 wait: with 18.59 the last would be 500.01;
        (
            UnpaidInterest.CARRIED,
            [0, 47_980, 49_020],
            [1860, 2020, 980],
            [0, 0, 0],
        ),
        # or 18.62, and 0.78 join the debt and bear 2 % more.
        (
            UnpaidInterest.CAPITALIZED,
            [0, 48_058, 49_020],
            [1862, 1942, 980],
            [78, 0, 0],
        ),
    ],
)
def test_a_first_row_may_be_less_than_its_interest_by_plan(
    unpaid: UnpaidInterest,
    principal: list[int],
    interest: list[int],
    capitalized: list[int],
) -> None:
    rules = attrs.evolve(
        STRICT_30_360,
        id="test",
        installment_multiple=50_000,
        remainder=Remainder.FIRST,
    )
    terms = planned(EqualInstallments(), 97_000, unpaid_interest=unpaid)

    found = written([terms], rules)

    assert found.principal == [principal]
    assert found.interest == [interest]
    assert found.capitalized == [capitalized]
    assert found.level == [50_000]


@pytest.mark.parametrize("unpaid", list(UnpaidInterest))
def test_interest_above_an_agreed_amount_is_refused_waits_or_joins(
    unpaid: UnpaidInterest,
) -> None:
    # 15.00 of 20.00 at first; then 500.00, of which 25.00 or 20.10 are interest.
    agreed = CustomInstallments((Money(1500, EUR), Money(50_000, EUR)))
    enough = CustomInstallments((Money(2000, EUR), Money(50_000, EUR)))

    found = written([planned(agreed, unpaid_interest=unpaid)], STRICT_30_360)
    exact = written([planned(enough, unpaid_interest=unpaid)], STRICT_30_360)

    assert exact.refusal == [Refusal.NONE]
    assert exact.interest[0][0] == 2000
    if unpaid is UnpaidInterest.REFUSED:
        assert found.refusal == [Refusal.NOT_COVERED]
    elif unpaid is UnpaidInterest.CARRIED:
        assert found.interest == [[1500, 2500, 1050]]
        assert found.principal == [[0, 47_500, 52_500]]
        assert found.capitalized == [[0, 0, 0]]
    else:
        # 1005.00 bear 20.10; 525.10 are left, which bear 10.502.
        assert found.interest == [[1500, 2010, 1050]]
        assert found.principal == [[0, 47_990, 52_510]]
        assert found.capitalized == [[500, 0, 0]]
        assert found.outstanding == [[100_500, 52_510, 0]]


def test_a_plan_without_fees_needs_no_column_for_them() -> None:
    out = MoneyLines.of_shape(3, 1)

    level = kernel_of([planned(EqualPrincipal())], STRICT_30_360).write(out)

    assert out.total_minor.T.tolist() == [[35_334, 34_667, 33_999]]
    assert level.tolist() == [35_334]


def test_fees_are_a_sum_and_a_share_of_what_is_outstanding() -> None:
    many = (
        Fee(
            name="post",
            timing=FeeTiming.PER_INSTALLMENT,
            portion=Portion.of_amount(Money(150, EUR)),
        ),
        Fee(
            name="cover",
            timing=FeeTiming.PER_INSTALLMENT,
            portion=Portion.of_share("0.01"),
            base=FeeBase.OUTSTANDING,
        ),
    )
    terms = planned(EqualPrincipal(), 90_000, 0, fees=many)

    found = written([terms], STRICT_30_360)

    # 1 % of 900.00, 600.00 and 300.00.
    assert found.fees == [[1050, 750, 450]]
    assert found.total == [[31_050, 30_750, 30_450]]
    # What a usual installment comes to is without them.
    assert found.level == [30_000]


def test_a_loan_that_is_refused_leaves_its_neighbors_as_they_are() -> None:
    # The first two are smaller than the balloon of 5.00, or just as large.
    balloon = Portion.of_amount(Money(500, EUR))
    loans = [
        planned(EqualPrincipal(), minor, balloon=balloon)
        for minor in (499, 500, 90_500)
    ]

    found = written(loans, STRICT_30_360)

    assert found.refusal == [Refusal.BALLOON, Refusal.NONE, Refusal.NONE]
    assert found.principal[1:] == [[0, 0, 500], [30_000, 30_000, 30_500]]


@pytest.mark.parametrize(
    ("more", "reason"), [(0, Refusal.NONE), (1, Refusal.TOO_LARGE)]
)
def test_a_debt_has_a_bound_that_its_products_keep(more: int, reason: Refusal) -> None:
    # A quarter of 2**62 over the weight of the rate.
    bound = 2**62 // (240_000 * 30) // 4

    found = written(
        [planned(EqualPrincipal(), bound + more), planned(EqualPrincipal())],
        STRICT_30_360,
    )

    assert found.refusal == [reason, Refusal.NONE]
    assert found.principal[1] == [33_334, 33_334, 33_332]
    if reason is Refusal.NONE:
        assert sum(found.principal[0]) == bound


def test_a_debt_that_outgrows_the_bound_is_refused() -> None:
    # It doubles each month: 2**62 / 4 over 12 000 000 x 30 are 3.2e9.
    doubling = planned(Bullet(is_compounded=True), 10**9, 12_000_000)

    found = written(
        [doubling, attrs.evolve(doubling, principal=Money(10**8, EUR))], STRICT_30_360
    )

    # 1e9 becomes 2e9 and 4e9; 1e8 becomes 4e8.
    assert found.refusal == [Refusal.TOO_LARGE, Refusal.NONE]
    assert found.principal[1] == [0, 0, 4 * 10**8]


def test_rates_of_other_loans_change_nothing() -> None:
    rates = (0, 120_000, 900_000)
    loans = [
        attrs.evolve(planned(EqualInstallments()), nominal_rate=Rate.of_ppm(rate))
        for rate in rates
    ]
    together = written(loans, STRICT_30_360)

    for place, loan in enumerate(loans):
        alone = written([loan], STRICT_30_360)
        assert together.principal[place] == alone.principal[0]
        assert together.level[place] == alone.level[0]
