"""Calendar facts that chunks share: they cover what is asked, or are not there."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.batch import Int64s
from microcrm_core.dates import Frequency, RollKind, RollRule, due_dates
from microcrm_core.ids import CustomerId
from microcrm_core.loans import LoanTerms
from microcrm_core.loans.calendar_tables_batch import CalendarTables
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.layout_batch import ScheduleLayout, TermColumns
from microcrm_core.loans.month_grid_batch import GRID_WIDTH
from tests.loans.loan_cases import make_loan, make_terms

EPOCH = dt.date(1970, 1, 1)


def tables_of(
    terms: list[LoanTerms], kind: RollKind = RollKind.DAY_OF_MONTH
) -> CalendarTables:
    loans = [make_loan(one, number) for number, one in enumerate(terms)]
    customers = {CustomerId(f"customer-{number}"): 0 for number in range(len(terms))}
    columns = TermColumns.of(LoanColumns.from_loans(loans, customers))
    return CalendarTables.of(columns, ScheduleLayout.of(columns), kind)


def actual_days(bounds: Int64s) -> Int64s:
    return np.asarray(np.diff(bounds, axis=0), np.int64)


@given(
    first_due_on=st.dates(dt.date(2000, 1, 1), dt.date(2030, 12, 31)),
    count=st.integers(1, 30),
    step=st.integers(1, 6),
    kind=st.sampled_from((RollKind.DAY_OF_MONTH, RollKind.NEXT_MONTH_FIRST)),
)
def test_the_grid_holds_every_due_day_and_the_days_between_them(
    first_due_on: dt.date, count: int, step: int, kind: RollKind
) -> None:
    frequency = Frequency.of(f"P{step}M")
    terms = make_terms(
        installment_count=count,
        frequency=frequency,
        disbursed_on=first_due_on - dt.timedelta(days=40),
        first_due_on=first_due_on,
    )
    tables = tables_of([terms, make_terms(installment_count=2)], kind)
    dates = due_dates(first_due_on, frequency, count, RollRule(kind=kind))
    days = [(on - EPOCH).days for on in dates]
    grid = tables.grid
    assert grid is not None
    assert tables.days is not None

    assert tables.days.holds(np.array([days[0] - 40, days[0]]))
    month = np.array([12 * (first_due_on.year - 1970) + first_due_on.month - 1])
    start = int(grid.index(month, np.array([first_due_on.day]))[0])
    places = [start + GRID_WIDTH * step * number for number in range(count)]
    assert grid.days[places].tolist() == days
    table = tables.period_days(step, actual_days)
    assert table is not None
    assert table[places].tolist()[: count - 1] == np.diff(days).tolist()


def test_a_table_is_counted_once_for_each_step() -> None:
    tables = tables_of([make_terms()])
    asked: list[int] = []

    def count(bounds: Int64s) -> Int64s:
        asked.append(bounds.shape[1])
        return actual_days(bounds)

    first = tables.period_days(1, count)
    again = tables.period_days(1, count)
    other = tables.period_days(2, count)

    assert first is again
    assert first is not None
    assert other is not None
    # A period of two months begins in a month less.
    assert asked == [first.size, first.size - GRID_WIDTH]
    # From 15 January and 15 February: 31 days, and 59 for both.
    assert tables.grid is not None
    place = int(np.flatnonzero(tables.grid.days == 20_134)[0])
    assert (first[place], other[place]) == (28, 59)


def test_without_a_grid_there_are_no_period_days() -> None:
    asked: list[Int64s] = []

    def count(bounds: Int64s) -> Int64s:
        asked.append(bounds)
        return bounds

    tables = CalendarTables.empty()

    assert (tables.days, tables.grid) == (None, None)
    assert tables.period_days(1, count) is None
    assert asked == []


def test_days_that_lie_too_far_apart_have_no_tables() -> None:
    first = make_terms(
        disbursed_on=dt.date(1000, 1, 1), first_due_on=dt.date(1000, 2, 1)
    )

    tables = tables_of([first, make_terms()])

    assert (tables.days, tables.grid) == (None, None)


@pytest.mark.parametrize(("count", "has_grid"), [(16_911, True), (16_912, False)])
def test_a_grid_has_at_most_half_a_million_days(count: int, has_grid: bool) -> None:
    # A line for the first month and one for each later one: 16 912 x 31 are 524 272,
    # and 2**19 is 524 288.
    terms = make_terms(installment_count=1, frequency=Frequency.of(f"P{count}M"))

    tables = tables_of([terms])

    assert tables.days is not None
    assert (tables.grid is not None) == has_grid


def test_loans_by_days_need_only_the_months_of_their_first_due_days() -> None:
    weekly = make_terms(
        installment_count=1200,
        frequency=Frequency.WEEKLY,
        disbursed_on=dt.date(2025, 1, 15),
        first_due_on=dt.date(2025, 1, 22),
    )

    grid = tables_of([weekly]).grid

    assert grid is not None
    assert grid.days.size == GRID_WIDTH


def test_no_loans_have_no_tables() -> None:
    tables = tables_of([])

    assert (tables.days, tables.grid) == (None, None)
