"""Columns near the bounds of int64: right as the scalar, or refused, never wrapped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Money
from microcrm_core.dates import DayCount, Frequency
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    STRICT,
    STRICT_30_360,
    DeferredInterest,
    Fee,
    FeeTiming,
    Grace,
    InterestOnly,
    LoanTerms,
    Portion,
    RepaymentPlan,
    ScheduleConventions,
    build_schedule,
)
from microcrm_core.loans.batch import build_schedules, iter_schedules
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.lines_batch import InterestLines, Scratch
from microcrm_core.loans.refusals_batch import Refusal
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding, divide
from tests.loans.loan_cases import EUR, make_loan

MIXED_YEARS = attrs.evolve(STRICT, id="mixed", day_count=DayCount.ACT_ACT_ISDA)


def terms_of(
    principal_minor: int, annual_ppm: int, count: int, *, gap_days: int = 31
) -> LoanTerms:
    disbursed_on = dt.date(2024, 10, 4)
    return LoanTerms(
        principal=Money(principal_minor, EUR),
        nominal_rate=Rate.of_ppm(annual_ppm),
        installment_count=count,
        frequency=Frequency.MONTHLY,
        disbursed_on=disbursed_on,
        first_due_on=disbursed_on + dt.timedelta(days=gap_days),
    )


def columns_of(terms: Sequence[LoanTerms]) -> LoanColumns:
    loans = [make_loan(one) for one in terms]
    return LoanColumns.from_loans(loans, {loan.customer_id: 0 for loan in loans})


def totals(
    terms: Sequence[LoanTerms], rules: ScheduleConventions
) -> list[tuple[int, ...] | Refusal]:
    """Return the totals of each loan, or why columns hold none."""
    found: list[tuple[int, ...] | Refusal] = [Refusal.NONE] * len(terms)
    for chunk in iter_schedules(columns_of(terms), rules):
        for place, row in enumerate(chunk.rows.tolist()):
            refusal = Refusal(int(chunk.refusal[place]))
            is_held = refusal is Refusal.NONE
            rows = tuple(chunk.total_minor[:, place].tolist())
            found[row] = rows if is_held else refusal
    return found


def scalar(terms: LoanTerms, rules: ScheduleConventions) -> tuple[int, ...] | None:
    try:
        return build_schedule(terms, rules).total_minor
    except InvalidValueError:
        return None


@pytest.mark.parametrize(
    ("principal_minor", "annual_ppm", "count"),
    [
        # Repaid early, what is overpaid would grow ninefold a month and leave int64.
        (2, 100_000_000, 36),
        (632_037_866_775, 4_000_000, 360),
        (10**12, 4_000_000, 600),
        (10**12, 1_000_000, 600),
        (10**14, 240_000, 1200),
        (1, 4_000_000, 1200),
    ],
)
@pytest.mark.parametrize("gap_days", [1, 31])
def test_long_loans_at_high_rates_end_at_zero(
    principal_minor: int, annual_ppm: int, count: int, gap_days: int
) -> None:
    terms = terms_of(principal_minor, annual_ppm, count, gap_days=gap_days)

    for rules in (STRICT, STRICT_30_360):
        expected = scalar(terms, rules)
        (found,) = totals([terms], rules)
        if expected is None:
            assert found is Refusal.NOT_COVERED
        else:
            assert found == expected


@given(
    principals=st.lists(st.integers(1, 10**12), min_size=1, max_size=4),
    annual_ppm=st.sampled_from([999_999, 4_000_000, 10_000_000, 100_000_000]),
    count=st.sampled_from([36, 120, 240]),
    gap_days=st.integers(1, 40),
)
def test_columns_equal_the_scalar_however_fast_a_debt_would_grow(
    principals: list[int], annual_ppm: int, count: int, gap_days: int
) -> None:
    terms = [terms_of(one, annual_ppm, count, gap_days=gap_days) for one in principals]

    for one, found in zip(terms, totals(terms, STRICT_30_360), strict=True):
        expected = scalar(one, STRICT_30_360)
        assert found == (Refusal.NOT_COVERED if expected is None else expected)


def test_a_loan_is_held_whatever_the_rates_of_its_neighbors() -> None:
    # 24 % has much in common with a million, 23.9999 % nothing.
    alone = terms_of(5 * 10**9, 240_000, 12)
    beside = terms_of(1000, 239_999, 12)

    both = totals([alone, beside], MIXED_YEARS)

    assert both[0] == totals([alone], MIXED_YEARS)[0] == scalar(alone, MIXED_YEARS)
    assert both[1] == scalar(beside, MIXED_YEARS)
    assert len(build_schedules(columns_of([alone, beside]), MIXED_YEARS)) == 2


@given(
    balances=st.lists(st.integers(0, 2**60), min_size=1, max_size=5),
    weight=st.integers(0, 2**40),
    unit=st.integers(1, 2**44).map(lambda half: 2 * half),
    rounding=st.sampled_from(list(Rounding)),
    multiple=st.sampled_from([1, 5, 100]),
)
def test_wide_lines_divide_as_whole_numbers_do(
    balances: list[int], weight: int, unit: int, rounding: Rounding, multiple: int
) -> None:
    lines = InterestLines(
        weights=[np.full(len(balances), weight)],
        unit=unit,
        rounding=rounding,
        multiple=multiple,
        is_wide=True,
        scratch=Scratch.of_size(len(balances)),
    )
    limit = lines.limit_minor().tolist()
    balance = np.minimum(np.array(balances, np.int64), limit)
    found = np.empty_like(balance)

    lines.write(balance, 0, out=found)

    assert found.tolist() == [
        divide(one * weight, unit * multiple, rounding) * multiple
        for one in balance.tolist()
    ]


def test_a_tie_in_wide_lines_goes_to_the_even_number() -> None:
    # 2**50 + 1 and 2**50 + 3 halves: the whole parts 2**49 and 2**49 + 1.
    balance = np.array([2**50 + 1, 2**50 + 3])
    lines = InterestLines(
        weights=[np.full(2, 2**40)],
        unit=2**41,
        rounding=Rounding.HALF_EVEN,
        is_wide=True,
        scratch=Scratch.of_size(2),
    )
    found = np.empty_like(balance)

    lines.write(balance, 0, out=found)

    assert found.tolist() == [2**49, 2**49 + 2]


@pytest.mark.parametrize("timing", [FeeTiming.FINANCED, FeeTiming.PER_INSTALLMENT])
@pytest.mark.parametrize("count", [2, 8, 16])
def test_fees_that_no_column_holds_are_refused(timing: FeeTiming, count: int) -> None:
    fee = Portion.of_amount(Money(2**60 - 1, EUR))
    plan = attrs.evolve(
        EQUAL_INSTALLMENTS,
        fees=tuple(
            Fee(name=f"fee-{number}", timing=timing, portion=fee)
            for number in range(count)
        ),
    )
    terms = attrs.evolve(terms_of(1000, 0, 3), plan=plan)

    assert totals([terms], STRICT) == [Refusal.TOO_LARGE]


@pytest.mark.parametrize(
    ("principal_minor", "is_held"), [(2**50, True), (2**56, False), (2**57, False)]
)
def test_interest_that_was_put_off_for_long_is_right_or_refused(
    principal_minor: int, is_held: bool
) -> None:
    plan = RepaymentPlan(
        method=InterestOnly(),
        grace=Grace(
            principal_count=299,
            interest_payment_count=299,
            deferred_interest=DeferredInterest.LAST_INSTALLMENT,
        ),
    )
    terms = LoanTerms(
        principal=Money(principal_minor, EUR),
        nominal_rate=Rate.of_ppm(1_000_000),
        installment_count=300,
        frequency=Frequency.YEARLY,
        disbursed_on=dt.date(2000, 1, 15),
        first_due_on=dt.date(2001, 1, 15),
        plan=plan,
    )

    (found,) = totals([terms], STRICT_30_360)

    # Each of 300 years bears as much interest as was lent.
    assert scalar(terms, STRICT_30_360) == (*([0] * 299), 301 * principal_minor)
    assert found == (
        (*([0] * 299), 301 * principal_minor) if is_held else Refusal.TOO_LARGE
    )
