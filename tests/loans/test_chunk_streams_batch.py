from __future__ import annotations

import tracemalloc

import attrs
import numpy as np
import pytest

from microcrm_core import InvalidValueError
from microcrm_core.ids import CustomerId
from microcrm_core.loans import (
    STRICT,
    STRICT_30_360,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeTiming,
    Grace,
    Portion,
    RepaymentPlan,
    build_schedule,
)
from microcrm_core.loans.batch import (
    ScheduleBuffers,
    ScheduleLayout,
    build_schedules,
    iter_schedules,
    write_schedules,
)
from microcrm_core.loans.chunk_streams_batch import chunk_stream
from microcrm_core.loans.columns_batch import LoanColumns
from tests.loans.loan_cases import FREQUENCIES, make_loan, make_terms

RICH = RepaymentPlan(
    method=EqualPrincipal(),
    grace=Grace(
        principal_count=1,
        interest_payment_count=1,
        deferred_interest=DeferredInterest.CAPITALIZED,
    ),
    down_payment=Portion.of_share("0.1"),
    fees=(
        Fee(
            name="service",
            timing=FeeTiming.PER_INSTALLMENT,
            portion=Portion.of_share("0.001"),
        ),
    ),
)
PLANS = (
    RepaymentPlan(method=EqualInstallments()),
    RepaymentPlan(method=EqualPrincipal()),
    RICH,
)
COLUMNS = ("due_day", "principal_minor", "interest_minor", "outstanding_minor")


def make_columns(count: int = 120) -> LoanColumns:
    loans = [
        make_loan(
            attrs.evolve(
                make_terms(10_000 + 77 * number, 120_000, 2 + number % 7),
                frequency=FREQUENCIES[number % 3],
                plan=PLANS[number % len(PLANS)],
            ),
            number,
        )
        for number in range(count)
    ]
    return LoanColumns.from_loans(
        loans, {CustomerId(f"customer-{number}"): 0 for number in range(count)}
    )


@pytest.mark.parametrize("size", [9, 10, 50, 10_000])
def test_chunks_hold_what_all_schedules_hold(size: int) -> None:
    loans = make_columns()
    expected = build_schedules(loans, STRICT)
    buffers = ScheduleBuffers.of_size(size, with_due_days=True)
    seen = []

    for chunk in iter_schedules(loans, STRICT, buffers=buffers):
        assert chunk.is_scheduled.all()
        assert chunk.total_minor.size <= size
        assert np.shares_memory(chunk.principal_minor, buffers.principal_minor)
        seen += chunk.rows.tolist()
        for number, row in enumerate(chunk.rows.tolist()):
            rows = expected.rows(row)
            for name in (*COLUMNS, "total_minor", "fees_minor", "capitalized_minor"):
                found = getattr(chunk, name)[:, number].tolist()
                assert found == getattr(expected, name)[rows].tolist(), name
            flags = chunk.is_down_payment[:, number].tolist()
            assert flags == expected.is_down_payment[rows].tolist()
            assert chunk.level_minor[number] == expected.level_minor[row]
            assert loans.terms(row).plan == chunk.plan
    assert sorted(seen) == list(range(len(loans)))


def test_only_the_loans_that_are_asked_for_are_scheduled() -> None:
    loans = make_columns()
    rows = np.array([100, 3, 77, 4])
    expected = build_schedules(loans, STRICT)

    found = {
        row: chunk.total_minor[:, number].tolist()
        for chunk in iter_schedules(loans, STRICT, rows=rows)
        for number, row in enumerate(chunk.rows.tolist())
    }

    assert found == {
        row: expected.total_minor[expected.rows(row)].tolist() for row in rows.tolist()
    }
    with pytest.raises(InvalidValueError, match="rows must be from 0"):
        iter_schedules(loans, STRICT, rows=np.array([120]))


def test_a_buffer_that_is_too_short_for_one_schedule_is_refused() -> None:
    buffers = ScheduleBuffers.of_size(3)

    with pytest.raises(InvalidValueError, match="values or more"):
        list(iter_schedules(make_columns(), STRICT, buffers=buffers))


def test_a_loan_without_a_schedule_does_not_stop_the_stream() -> None:
    loans = make_columns(6)
    huge = attrs.evolve(
        loans, principal_minor=np.where(np.arange(6) == 2, 2**62, 10_000)
    )

    refused = [
        row
        for chunk in iter_schedules(huge, STRICT)
        for row in chunk.rows[~chunk.is_scheduled].tolist()
    ]

    assert refused == [2]


def test_columns_of_the_caller_are_filled_in_the_order_of_the_layout() -> None:
    loans = make_columns()
    expected = build_schedules(loans, STRICT_30_360)
    layout = ScheduleLayout.of(loans)
    into = ScheduleBuffers.of_size(
        layout.value_count, with_due_days=True, with_fees=True, with_capitalized=True
    )

    level_minor = write_schedules(loans, STRICT_30_360, layout=layout, into=into)

    assert level_minor.tolist() == expected.level_minor.tolist()
    first, step = layout.places()
    for row in range(len(loans)):
        values, rows = layout.values(row), expected.rows(row)
        assert (first[row], step[row]) == (values.start, values.step)
        for name in (*COLUMNS, "total_minor", "fees_minor", "capitalized_minor"):
            found = getattr(into, name)[values].tolist()
            assert found == getattr(expected, name)[rows].tolist(), name


def test_columns_that_do_not_fit_the_layout_are_refused() -> None:
    loans = make_columns()
    layout = ScheduleLayout.of(loans)
    short = ScheduleBuffers.of_size(layout.value_count - 1)
    plain = ScheduleBuffers.of_size(layout.value_count)

    with pytest.raises(InvalidValueError, match="as the layout says"):
        write_schedules(loans, STRICT, layout=layout, into=short)
    with pytest.raises(InvalidValueError, match="fees_minor must be given"):
        write_schedules(loans, STRICT, layout=layout, into=plain)
    with pytest.raises(InvalidValueError, match="layout must be of these"):
        write_schedules(loans.take(np.arange(5)), STRICT, layout=layout, into=plain)


def test_buffers_are_int64_columns_of_one_length() -> None:
    buffers = ScheduleBuffers.of_size(10)

    # mypy refuses it as well.
    with pytest.raises(InvalidValueError, match="must be an int64 array"):
        attrs.evolve(buffers, due_day=np.zeros(10))  # type: ignore[arg-type]  # floats
    with pytest.raises(InvalidValueError, match="must be contiguous"):
        attrs.evolve(buffers, total_minor=np.zeros(11, np.int64))
    with pytest.raises(InvalidValueError, match="must be contiguous"):
        attrs.evolve(buffers, total_minor=np.zeros(20, np.int64)[::2])


def test_many_loans_of_one_kind_are_computed_in_several_chunks() -> None:
    base = make_columns(21)
    loans = base.take(np.arange(60_000) % 21)
    expected = build_schedules(base, STRICT_30_360)

    columns = build_schedules(loans, STRICT_30_360)

    assert (columns.level_minor == np.resize(expected.level_minor, 60_000)).all()
    for row in (0, 20, 21, 30_000, 59_999):
        rows, same = columns.rows(row), expected.rows(row % 21)
        for name in COLUMNS:
            assert (
                getattr(columns, name)[rows].tolist()
                == getattr(expected, name)[same].tolist()
            )


def peak_bytes(loans: LoanColumns) -> int:
    buffers = ScheduleBuffers.of_size(2_000, with_due_days=True)
    tracemalloc.start()
    for chunk in chunk_stream(loans, STRICT, buffers=buffers, block_loans=500):
        assert chunk.rows.size
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_number_of_loans() -> None:
    few = make_columns(500)
    rows = np.tile(np.arange(500), 12)
    peak_bytes(few)

    assert peak_bytes(few.take(rows)) < 1.1 * peak_bytes(few)


def test_total_interest_is_the_scalar_one_and_counts_what_is_capitalized() -> None:
    loans = make_columns()
    expected = [
        build_schedule(loans.terms(row), STRICT).total_interest.minor
        for row in range(len(loans))
    ]
    schedules = build_schedules(loans, STRICT)
    found = np.zeros(len(loans), np.int64)
    for chunk in iter_schedules(loans, STRICT):
        found[chunk.rows] = chunk.total_interest_minor

    assert schedules.total_interest_minor.tolist() == expected
    assert found.tolist() == expected
    # Some loan has interest that no installment pays.
    assert schedules.interest_minor.sum() < sum(expected)


@pytest.mark.parametrize("plan", [PLANS[0], RICH])
def test_total_interest_of_one_kind_of_loans_is_the_scalar_one(
    plan: RepaymentPlan,
) -> None:
    loans = [
        make_loan(attrs.evolve(make_terms(90_000 + number), plan=plan), number)
        for number in range(3)
    ]
    position = {CustomerId(f"customer-{number}"): 0 for number in range(3)}
    expected = [
        build_schedule(loan.terms, STRICT).total_interest.minor for loan in loans
    ]
    columns = LoanColumns.from_loans(loans, position)
    (chunk,) = iter_schedules(columns, STRICT)

    assert chunk.total_interest_minor.tolist() == expected
    found = build_schedules(columns, STRICT).total_interest_minor
    assert found.tolist() == expected
    nothing = build_schedules(columns.take(np.arange(0)), STRICT)
    assert nothing.total_interest_minor.tolist() == []
