"""What a usual installment comes to, whatever the first one takes on top of it."""

from __future__ import annotations

import attrs
import pytest

from microcrm_core.dates import DayCount
from microcrm_core.loans import (
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    FlatInterest,
    Grace,
    InterestOnly,
    LoanTerms,
    Remainder,
    RepaymentMethod,
    RepaymentPlan,
    ScheduleConventions,
    build_schedule,
)
from microcrm_core.loans.batch import build_schedules
from microcrm_core.loans.columns_batch import LoanColumns
from tests.loans.loan_cases import conventions, make_loan, make_terms

RULES = conventions(day_count=DayCount.THIRTY_360_BOND)
ONE_PERCENT_PPM = 120_000
"""One per cent a month."""
PUT_OFF = Grace(
    interest_payment_count=2, deferred_interest=DeferredInterest.FIRST_INSTALLMENT
)


def planned(
    method: RepaymentMethod, annual_ppm: int, grace: Grace | None = None
) -> LoanTerms:
    """Return 1000.00 in three months."""
    plan = RepaymentPlan(method=method, grace=grace or Grace())
    return attrs.evolve(make_terms(100_000, annual_ppm, 3), plan=plan)


@pytest.mark.parametrize(
    ("terms", "multiple", "level", "first_total"),
    [
        # 1000.00 = 320.00 + 340.00 + 340.00: the first takes what the tens leave.
        (planned(EqualInstallments(), 0), 1000, 34_000, 32_000),
        # 1000.00 = 400.00 + 300.00 + 300.00, and 10.00 of interest with the first.
        (planned(EqualPrincipal(), ONE_PERCENT_PPM), 10_000, 31_000, 41_000),
        # 1000.00 + 30.00 = 344.00 + 343.00 + 343.00.
        (planned(FlatInterest(), ONE_PERCENT_PPM), 100, 34_300, 34_400),
        # One installment alone pays what there is, no multiple of 500.00.
        (
            attrs.evolve(planned(EqualInstallments(), 0), installment_count=1),
            50_000,
            100_000,
            100_000,
        ),
    ],
    ids=["equal", "equal principal", "flat", "one"],
)
def test_the_remainder_of_the_first_is_no_part_of_it(
    terms: LoanTerms, multiple: int, level: int, first_total: int
) -> None:
    rules = attrs.evolve(
        RULES, remainder=Remainder.FIRST, installment_multiple=multiple
    )

    schedule = build_schedule(terms, rules)

    assert schedule.total_minor[0] == first_total
    assert schedule.level_installment.minor == level
    assert in_columns(terms, rules) == level


def test_interest_that_was_put_off_is_no_part_of_it() -> None:
    terms = planned(InterestOnly(), ONE_PERCENT_PPM, PUT_OFF)

    schedule = build_schedule(terms, RULES)

    # The last month's 10.00 is its own; 20.00 come from the months before.
    assert schedule.total_minor == (0, 0, 103_000)
    assert schedule.level_installment.minor == 101_000
    assert in_columns(terms, RULES) == 101_000


def test_put_off_interest_leaves_the_level_amount_of_equal_installments() -> None:
    grace = attrs.evolve(PUT_OFF, principal_count=2)
    terms = attrs.evolve(
        planned(EqualInstallments(), ONE_PERCENT_PPM, grace), installment_count=4
    )

    schedule = build_schedule(terms, RULES)

    # 507.51 is 10.00 and 497.51; then 502.49 and 5.02 (5.0249) make 507.51 once more.
    # 507.50 would leave 507.52. The first asks for the 20.00 of two months besides.
    assert schedule.total_minor[2] == 50_751 + 2_000
    assert schedule.level_installment.minor == 50_751
    assert in_columns(terms, RULES) == 50_751


def in_columns(terms: LoanTerms, rules: ScheduleConventions) -> int:
    loan = make_loan(terms)
    columns = LoanColumns.from_loans([loan], {loan.customer_id: 0})
    return int(build_schedules(columns, rules).level_minor[0])
