"""Chunks: each loan is in one of them, and refused for the reason that comes first."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Money, ScheduleError
from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    Frequency,
    RollKind,
    RollRule,
)
from microcrm_core.ids import CustomerId
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    STRICT,
    STRICT_30_360,
    BusinessDays,
    Collision,
    CustomPrincipal,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeTiming,
    Grace,
    InterestDate,
    InterestOnly,
    LoanTerms,
    Portion,
    Remainder,
    RepaymentPlan,
    ScheduleConventions,
    Seasonal,
    UnpaidInterest,
    Weighted,
    build_schedule,
)
from microcrm_core.loans.buffers_batch import ScheduleBuffers
from microcrm_core.loans.chunk_streams_batch import chunk_stream
from microcrm_core.loans.chunks_batch import (
    ChunkSpan,
    ChunkWork,
    chunk_spans,
    is_plain,
)
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.layout_batch import ScheduleLayout, TermColumns, row_count
from microcrm_core.loans.refusals_batch import Refusal
from microcrm_core.rates import Rate
from tests.loans.loan_cases import EUR, make_loan, make_terms

DOWN = RepaymentPlan(method=EqualInstallments(), down_payment=Portion.of_share("0.1"))
PARTS = RepaymentPlan(method=EqualPrincipal())
WEEKDAYS = BusinessDays(
    rule=BusinessDayRule.FOLLOWING,
    calendar=BusinessCalendar(name="weekends"),
    interest_to=InterestDate.ORIGINAL,
    collision=Collision.MERGED,
)


def terms_of(terms: list[LoanTerms]) -> TermColumns:
    loans = [make_loan(one, number) for number, one in enumerate(terms)]
    customers = {CustomerId(f"customer-{number}"): 0 for number in range(len(terms))}
    return TermColumns.of(LoanColumns.from_loans(loans, customers))


def strict(base: ScheduleConventions = STRICT, **changes: Any) -> ScheduleConventions:
    return attrs.evolve(base, id="test", **changes)


# How loans are cut into chunks.


def assert_covers(spans: list[ChunkSpan], layout: ScheduleLayout) -> None:
    """Each loan of each group is in one chunk, in order."""
    for group in layout.groups:
        own = [span for span in spans if span.group is group]
        edges = [(span.start, span.end) for span in own]
        assert [start for start, _ in edges] == [0, *(end for _, end in edges[:-1])]
        assert edges[-1][1] == group.loan_count
        assert all(start < end for start, end in edges)
        for span in own:
            # Loans of both kinds are never in one chunk.
            late = group.late_start - group.loan_start
            assert span.is_late == (span.start >= late)
            assert span.is_late or span.end <= late
            assert span.loan_count == span.end - span.start
    rows = [row for span in spans for row in span.rows(layout).tolist()]
    assert rows == layout.loans.tolist()


@given(
    loans=st.lists(
        st.tuples(st.sampled_from((2, 5)), st.sampled_from((1, 28, 29, 31))),
        min_size=1,
        max_size=25,
    ),
    value_max=st.none() | st.integers(1, 40),
)
def test_every_loan_is_in_one_chunk(
    loans: list[tuple[int, int]], value_max: int | None
) -> None:
    terms = [
        make_terms(installment_count=count, first_due_on=dt.date(2025, 3, dom))
        for count, dom in loans
    ]
    layout = ScheduleLayout.of(terms_of(terms))

    spans = list(chunk_spans(layout, STRICT, value_max=value_max))

    assert_covers(spans, layout)
    if value_max is not None:
        for span in spans:
            rows = span.group.row_count * span.loan_count
            assert rows <= value_max or span.loan_count == 1


def many(size: int, terms: LoanTerms) -> ScheduleLayout:
    columns = terms_of([terms])
    return ScheduleLayout.of(columns.take(np.zeros(size, np.int64)))


@pytest.mark.parametrize(
    ("size", "terms", "rules", "sizes"),
    [
        # Months of 30 days are alike, so that chunks are as wide as there is memory.
        (49_152, make_terms(), STRICT_30_360, [49_152]),
        (49_153, make_terms(), STRICT_30_360, [24_576, 24_577]),
        # Else all weights of a chunk stay in the cache: 131 072 / 12 rows are 10 922.
        (10_922, make_terms(), STRICT, [10_922]),
        (10_923, make_terms(), STRICT, [5461, 5462]),
        # After the 28th months differ for 30/360 too.
        (
            10_923,
            make_terms(first_due_on=dt.date(2025, 2, 28) + dt.timedelta(days=2)),
            STRICT_30_360,
            [10_923],
        ),
        (
            10_923,
            make_terms(first_due_on=dt.date(2025, 3, 31)),
            STRICT_30_360,
            [5461, 5462],
        ),
        # A down payment is a row more: 131 072 / 13 are 10 082.
        (10_083, attrs.evolve(make_terms(), plan=DOWN), STRICT, [5041, 5042]),
        # At least 64 loans, however long they run: 131 072 / 1200 were 109.
        (109, make_terms(installment_count=1200), STRICT, [109]),
        (110, make_terms(installment_count=1200), STRICT, [55, 55]),
    ],
)
def test_chunks_are_as_wide_as_the_cache_allows(
    size: int, terms: LoanTerms, rules: ScheduleConventions, sizes: list[int]
) -> None:
    layout = many(size, terms)

    spans = list(chunk_spans(layout, rules))

    assert [span.loan_count for span in spans] == sizes
    assert_covers(spans, layout)
    assert ChunkWork.loans_max() >= max(sizes)
    # Weights of periods that are alike take no memory of their own.
    assert ChunkWork.new_memory().size >= max(
        (
            span.loan_count * span.group.row_count
            for span in spans
            if rules is STRICT or span.is_late
        ),
        default=0,
    )


def test_a_buffer_of_fewer_values_makes_smaller_chunks() -> None:
    layout = many(10, make_terms(installment_count=3))

    # Nine values hold three loans; ten hold no more. Ten loans in four chunks.
    for value_max in (9, 11):
        spans = list(chunk_spans(layout, STRICT_30_360, value_max=value_max))
        assert [span.loan_count for span in spans] == [2, 3, 2, 3]
    # One that holds not even one is refused by who writes.
    spans = list(chunk_spans(layout, STRICT_30_360, value_max=2))
    assert [span.loan_count for span in spans] == [1] * 10


# Which plans are the plainest.


def fee(timing: FeeTiming, portion: Portion) -> RepaymentPlan:
    made = Fee(name="fee", timing=timing, portion=portion)
    return RepaymentPlan(method=EqualInstallments(), fees=(made,))


SHARE = Portion.of_share("0.01")
SUM = Portion.of_amount(Money(100, EUR))


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (EQUAL_INSTALLMENTS, True),
        (fee(FeeTiming.UPFRONT, SHARE), True),
        # Its currency must be looked at.
        (fee(FeeTiming.UPFRONT, SUM), False),
        (fee(FeeTiming.FINANCED, SHARE), False),
        (fee(FeeTiming.PER_INSTALLMENT, SHARE), False),
        (DOWN, False),
        (PARTS, False),
        (RepaymentPlan(method=Weighted((1, 1))), False),
        (RepaymentPlan(method=EqualInstallments(), balloon=SHARE), False),
        (
            RepaymentPlan(
                method=EqualInstallments(), grace=Grace(interest_free_count=1)
            ),
            False,
        ),
        (
            RepaymentPlan(
                method=EqualInstallments(), unpaid_interest=UnpaidInterest.CARRIED
            ),
            False,
        ),
        (
            RepaymentPlan(
                method=EqualInstallments(), unpaid_interest=UnpaidInterest.CAPITALIZED
            ),
            False,
        ),
    ],
)
def test_a_plan_is_plain_if_it_has_nothing_else(
    plan: RepaymentPlan, expected: bool
) -> None:
    assert is_plain(plan, STRICT) is expected


def test_conventions_make_a_plan_less_plain() -> None:
    assert is_plain(EQUAL_INSTALLMENTS, strict(currency_multiple=1))
    for remainder in (Remainder.FIRST, Remainder.SMOOTHED):
        assert not is_plain(EQUAL_INSTALLMENTS, strict(remainder=remainder))
    assert not is_plain(EQUAL_INSTALLMENTS, strict(installment_multiple=2))


# What is written.


@attrs.frozen(kw_only=True)
class Found:
    """Rows, levels and reasons, loan by loan."""

    principal: list[list[int]]
    interest: list[list[int]]
    due: list[list[int]]
    level: list[int]
    refusal: list[str]


def written(terms: list[LoanTerms], rules: ScheduleConventions = STRICT) -> Found:
    """Work all chunks out in the same memory, and put them in the order of loans."""
    size = len(terms)
    found = Found(
        principal=[[]] * size,
        interest=[[]] * size,
        due=[[]] * size,
        level=[0] * size,
        refusal=[""] * size,
    )
    buffers = ScheduleBuffers.of_size(200, with_due_days=True)
    for chunk in chunk_stream(terms_of(terms), rules, buffers=buffers):
        assert chunk.due_day is not None
        for place, row in enumerate(chunk.rows.tolist()):
            found.principal[row] = chunk.principal_minor[:, place].tolist()
            found.interest[row] = chunk.interest_minor[:, place].tolist()
            found.due[row] = chunk.due_day[:, place].tolist()
            found.level[row] = int(chunk.level_minor[place])
            found.refusal[row] = Refusal(int(chunk.refusal[place])).name
    return found


def test_plans_side_by_side_are_written_each_by_its_own_rules() -> None:
    # Without interest: 1000.00 in three, in equal parts of what 100.00 leave, and as
    # agreed.
    plain = make_terms(100_000, 0, 3)
    agreed = CustomPrincipal(tuple(Money(minor, EUR) for minor in (50_000, 0, 50_000)))
    down = attrs.evolve(
        plain, plan=attrs.evolve(PARTS, down_payment=Portion.of_share("0.1"))
    )

    found = written(
        [plain, down, attrs.evolve(plain, plan=RepaymentPlan(method=agreed)), plain]
    )

    assert found.principal == [
        [33_334, 33_334, 33_332],
        [10_000, 30_000, 30_000, 30_000],
        [50_000, 0, 50_000],
        [33_334, 33_334, 33_332],
    ]
    # A down payment is due on the day that the loan is paid out: 15 January 2025.
    assert found.due[0] == [20_134, 20_162, 20_193]
    assert found.due[1] == [20_103, 20_134, 20_162, 20_193]
    assert found.level == [33_334, 30_000, 50_000, 33_334]
    assert found.refusal == ["NONE"] * 4


@pytest.mark.parametrize("plan", [EQUAL_INSTALLMENTS, PARTS], ids=["equal", "parts"])
def test_large_loans_are_worked_out_widely_between_small_ones(
    plan: RepaymentPlan,
) -> None:
    # 365 % a year for 31 and 28 days are 31 % and 28 %. 1e13 times its weight is more
    # than 2**62; 2e18 is too large for wide products too.
    small = attrs.evolve(make_terms(100_000, 3_650_000, 2), plan=plan)
    sizes = (100_000, 10**13, 100_000, 2 * 10**18)
    loans = [attrs.evolve(small, principal=Money(size, EUR)) for size in sizes]

    found = written(loans)

    assert found.refusal == ["NONE", "NONE", "NONE", "TOO_LARGE"]
    assert found.principal[0] == found.principal[2]
    assert found.interest[1][0] == 31 * 10**11
    first = found.principal[1][0]
    assert found.interest[1][1] == (10**13 - first) * 28 // 100
    assert sum(found.principal[1]) == 10**13
    if plan is PARTS:
        assert found.principal[0] == [50_000, 50_000]
        assert found.level[1] == 5 * 10**12 + 31 * 10**11
    else:
        # The level is paid twice, but for what it exceeds the last one by.
        assert found.level[1] == first + found.interest[1][0]
        last = found.principal[1][1] + found.interest[1][1]
        assert 0 <= found.level[1] - last < 3


def test_a_loan_that_does_not_cover_its_interest_is_refused_however_large() -> None:
    # 2000 % a year are 164 % in 30 days, and 170 % in 31: sixty installments are next
    # to the interest of a usual month, and cannot pay that of a longer one.
    loans = [make_terms(minor, 20_000_000, 60) for minor in (100_000, 10**11)]
    for terms in loans:
        with pytest.raises(ScheduleError, match="must cover the interest"):
            build_schedule(terms, STRICT)

    found = written([*loans, make_terms()])

    assert found.refusal == ["NOT_COVERED", "NOT_COVERED", "NONE"]


def test_seasons_need_a_weight_in_the_month_of_the_last() -> None:
    # Due from February to April, and from March to May; April has no weight.
    seasons = Seasonal((1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1))
    first = attrs.evolve(make_terms(30_000, 0, 3), plan=RepaymentPlan(method=seasons))
    second = attrs.evolve(
        first,
        disbursed_on=dt.date(2025, 2, 15),
        first_due_on=dt.date(2025, 3, 15),
    )

    found = written([first, second])

    assert found.refusal == ["MONTH_WEIGHTS", "NONE"]
    assert found.principal[1] == [15_000, 0, 15_000]


def test_a_weight_that_is_too_fine_refuses_the_loans_of_its_plan_alone() -> None:
    fine = RepaymentPlan(method=Weighted((1, 2**31 + 1)))
    coarse = RepaymentPlan(method=Weighted((1, 2**31)))
    terms = make_terms(100_000, 0, 2)

    found = written([attrs.evolve(terms, plan=plan) for plan in (fine, coarse)])

    assert found.refusal[0] == "FINE_WEIGHTS"
    assert found.level[0] == 0
    assert found.refusal[1] != "FINE_WEIGHTS"


def test_dates_in_a_wrong_order_come_before_what_follows_from_them() -> None:
    # Due on Saturday 18, Sunday 19 and Monday 20 January: all on Monday.
    rules = strict(business_days=WEEKDAYS)
    terms = make_terms(
        100_000,
        installment_count=3,
        frequency=Frequency.DAILY,
        disbursed_on=dt.date(2025, 1, 17),
        first_due_on=dt.date(2025, 1, 18),
    )
    apart = attrs.evolve(
        terms, disbursed_on=dt.date(2025, 1, 20), first_due_on=dt.date(2025, 1, 21)
    )
    # Their sum is not that of the loan, which is told before any date; their debt is
    # too large, which is told after.
    agreed = CustomPrincipal((Money(1, EUR),) * 3)
    wrong = attrs.evolve(terms, plan=RepaymentPlan(method=agreed))
    large = attrs.evolve(
        terms, principal=Money(10**18, EUR), nominal_rate=Rate.of_ppm(10**9)
    )

    found = written([terms, apart, wrong, large], rules)

    assert found.refusal == ["DATES", "NONE", "AMOUNTS", "DATES"]


def test_due_days_beyond_the_calendar_refuse_their_loan_alone() -> None:
    late = make_terms(
        disbursed_on=dt.date(9999, 6, 15), first_due_on=dt.date(9999, 7, 15)
    )

    found = written([late, make_terms()])

    assert found.refusal == ["DATES", "NONE"]
    assert sum(found.principal[1]) == 100_000


def test_grace_without_interest_reaches_the_weights() -> None:
    free = RepaymentPlan(method=InterestOnly(), grace=Grace(interest_free_count=2))
    terms = make_terms(100_000, 120_000, 3)

    found = written([attrs.evolve(terms, plan=free)], STRICT_30_360)

    # One month of 1 %.
    assert found.interest == [[0, 0, 1000]]


def test_rolls_reach_the_due_days() -> None:
    rules = strict(roll=RollRule(kind=RollKind.END_OF_MONTH))
    terms = make_terms(installment_count=2, first_due_on=dt.date(2025, 2, 28))

    # 31 March, not the 28th.
    assert written([terms], rules).due == [[20_147, 20_178]]


def test_a_row_more_stands_for_a_down_payment() -> None:
    assert row_count(DOWN, 3) == 4
    assert row_count(PARTS, 3) == 3
