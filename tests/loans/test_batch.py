from __future__ import annotations

import datetime as dt

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, ScheduleError
from microcrm_core.dates import DayCount, Frequency
from microcrm_core.ids import CustomerId
from microcrm_core.loans import (
    STRICT,
    LoanTerms,
    Schedule,
    ScheduleConventions,
    build_schedule,
)
from microcrm_core.loans.batch import (
    ScheduleColumns,
    build_schedules,
    has_schedules,
    level_installments,
)
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.rounding import Rounding
from tests.loans.loan_cases import (
    COLUMN_DAY_COUNTS,
    FREQUENCIES,
    all_conventions,
    all_terms,
    conventions,
    make_loan,
    make_terms,
)

EPOCH = dt.date(1970, 1, 1)


def columns_of(terms: list[LoanTerms]) -> LoanColumns:
    loans = [make_loan(one, number) for number, one in enumerate(terms)]
    position = {CustomerId(f"customer-{number}"): 0 for number in range(len(terms))}
    return LoanColumns.from_loans(loans, position)


def levels_of(loans: LoanColumns, rules: ScheduleConventions) -> list[int]:
    levels = level_installments(
        principal_minor=loans.principal_minor,
        annual_ppm=loans.annual_ppm,
        installment_count=loans.installment_count,
        frequency_index=loans.frequency_index,
        frequencies=loans.frequencies,
        planned_day=loans.planned_day,
        first_due_day=loans.first_due_day,
        conventions=rules,
    )
    return list(levels.tolist())


def scalar(terms: LoanTerms, rules: ScheduleConventions) -> Schedule | None:
    try:
        return build_schedule(terms, rules)
    except ScheduleError:
        return None


def assert_twins(terms: list[LoanTerms], rules: ScheduleConventions) -> None:
    """The batch equals the scalar on every row, or refuses the same rows."""
    schedules = [scalar(one, rules) for one in terms]
    good = [one for one in schedules if one is not None]
    if len(good) < len(terms):
        with pytest.raises(InvalidValueError, match="cover the interest") as error:
            build_schedules(columns_of(terms), rules)
        assert error.value.row == schedules.index(None)
        assert error.value.bad_count == len(terms) - len(good)
    loans = columns_of([one.terms for one in good])
    columns = build_schedules(loans, rules)
    assert len(columns) == len(good)
    for row, schedule in enumerate(good):
        assert_row(columns, row, schedule)
    assert columns.level_minor.tolist() == levels_of(loans, rules)


def assert_row(columns: ScheduleColumns, row: int, schedule: Schedule) -> None:
    rows = columns.rows(row)
    assert columns.due_day[rows].tolist() == [(d - EPOCH).days for d in schedule.due_on]
    assert columns.principal_minor[rows].tolist() == list(schedule.principal_minor)
    assert columns.interest_minor[rows].tolist() == list(schedule.interest_minor)
    assert columns.outstanding_minor[rows].tolist() == list(schedule.outstanding_minor)
    assert columns.total_minor[rows].tolist() == list(schedule.total_minor)
    assert columns.level_minor[row] == schedule.level_installment.minor


@given(terms=st.lists(all_terms(), max_size=12), rules=all_conventions())
def test_schedules_in_columns_equal_those_of_each_loan(
    terms: list[LoanTerms], rules: ScheduleConventions
) -> None:
    assert_twins(terms, rules)


@given(
    terms=st.lists(all_terms(principal_max=60), min_size=1, max_size=12),
    rules=all_conventions(),
)
def test_tiny_loans_in_columns_equal_those_of_each_loan(
    terms: list[LoanTerms], rules: ScheduleConventions
) -> None:
    # Here a unit is a large part of an installment, so guesses are often wrong.
    assert_twins(terms, rules)


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("day_count", COLUMN_DAY_COUNTS, ids=str)
def test_interest_of_exactly_half_a_unit_rounds_alike(
    day_count: DayCount, rounding: Rounding
) -> None:
    # Principal × rate × days is half of the unit of the day count: principals are
    # odd multiples of half the days of a year over a rate of 10 % and one day.
    year_days = {"ACT/364": 364, "ACT/365F": 365, "NL/365": 365}.get(day_count, 360)
    rules = conventions(day_count=day_count, rounding=rounding)
    disbursed_on = dt.date(2025, 3, 3)
    terms = [
        make_terms(
            year_days * 5 * odd,
            100_000,
            count,
            Frequency.DAILY,
            disbursed_on,
            disbursed_on + dt.timedelta(days=1),
        )
        for odd in (1, 3, 5, 7, 101)
        for count in (1, 2, 3)
    ]
    for one in terms:
        ties = one.principal.minor * 100_000 * 2
        assert ties % (2 * 1_000_000 * year_days) == 1_000_000 * year_days

    assert_twins(terms, rules)


@pytest.mark.parametrize("frequency", FREQUENCIES, ids=str)
def test_loans_that_begin_at_month_ends_equal_those_of_each_loan(
    frequency: Frequency,
) -> None:
    firsts = [
        dt.date(2024, 1, 31),
        dt.date(2024, 2, 29),
        dt.date(2025, 2, 28),
        dt.date(2023, 12, 30),
    ]
    terms = [
        make_terms(123_457, 199_900, count, frequency, first_on - gap, first_on)
        for first_on in firsts
        for count in (5, 13)
        for gap in (dt.timedelta(days=1), dt.timedelta(days=31))
    ]

    for day_count in COLUMN_DAY_COUNTS:
        assert_twins(terms, conventions(day_count=day_count))


def test_more_loans_than_a_chunk_keep_their_order() -> None:
    rng = np.random.default_rng(7)
    base = [
        make_terms(int(principal), 240_000, int(count))
        for principal, count in zip(
            rng.integers(1000, 10**7, 40), rng.integers(1, 4, 40), strict=True
        )
    ]
    expected = [build_schedule(one, STRICT) for one in base]
    repeats = np.arange(30_000) % len(base)

    columns = build_schedules(columns_of(base).take(repeats), STRICT)

    levels = np.array([one.level_installment.minor for one in expected])
    assert (columns.level_minor == levels[repeats]).all()
    for row in (0, 1, 8_191, 8_192, 8_193, 29_999):
        assert_row(columns, row, expected[int(repeats[row])])
    assert (columns.loan_index[columns.offsets[:-1]] == np.arange(30_000)).all()


def test_a_debt_that_would_grow_past_int64_is_refused_as_by_the_scalar() -> None:
    # A hundred years before the first due date, at 100,000 % a year.
    grows = make_terms(10**4, 10**9, 12, first_due_on=dt.date(2125, 1, 15))

    assert_twins([make_terms(), grows, make_terms()], STRICT)


def test_a_long_first_period_is_refused_even_where_no_larger_balance_fits() -> None:
    # A hundred days, then months. The principal is the largest that fits, so the
    # balance would pass int64 before the level amount could be judged too small.
    first_due_on = dt.date(2025, 1, 15) + dt.timedelta(days=100)
    largest = 2**62 // (240_000 * 100)
    terms = make_terms(largest, 240_000, 36, first_due_on=first_due_on)
    assert scalar(terms, STRICT) is None

    assert_twins([make_terms(), terms], STRICT)


def test_a_high_rate_over_many_equal_periods_is_found_exactly() -> None:
    rules = conventions(day_count=DayCount.THIRTY_360_BOND)
    terms = [
        make_terms(principal, 4_000_000, 600)
        for principal in (1, 2, 3, 10, 99, 10**6, 10**10)
    ]

    assert_twins(terms, rules)


@pytest.mark.parametrize("principal_minor", [10**12, 10**15, 2**60])
def test_loans_whose_products_leave_int64_are_exact_in_wide_arithmetic(
    principal_minor: int,
) -> None:
    assert principal_minor * 240_000 * 31 > 2**62

    assert_twins([make_terms(), make_terms(principal_minor), make_terms()], STRICT)


def test_a_loan_that_no_arithmetic_in_columns_holds_is_refused_by_row() -> None:
    terms = [make_terms(), make_terms(2**60 + 1)]

    with pytest.raises(InvalidValueError, match="within 2") as error:
        build_schedules(columns_of(terms), STRICT)

    assert (error.value.row, error.value.value) == (1, 2**60 + 1)
    assert has_schedules(columns_of(terms), STRICT).tolist() == [True, False]


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_loans_around_the_largest_that_plain_products_hold_are_exact(
    offset: int,
) -> None:
    # 31 days are the longest period of these terms.
    largest = 2**62 // (240_000 * 31)

    assert_twins([make_terms(largest + offset)], STRICT)


@pytest.mark.parametrize("day_count", [DayCount.BUS_252, DayCount.ACT_ACT_AFB], ids=str)
def test_a_day_count_that_columns_cannot_hold_is_refused_by_name(
    day_count: DayCount,
) -> None:
    rules = attrs.evolve(STRICT, day_count=day_count)

    with pytest.raises(InvalidValueError, match="in columns") as error:
        build_schedules(columns_of([make_terms()]), rules)

    assert error.value.value == day_count


def test_a_request_is_scheduled_from_its_planned_day() -> None:
    terms = make_terms()
    request = make_loan(terms, requested_on=dt.date(2024, 12, 1), is_disbursed=False)
    loans = LoanColumns.from_loans([request], {request.customer_id: 0})

    assert_row(build_schedules(loans, STRICT), 0, build_schedule(terms, STRICT))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("principal_minor", 0),
        ("annual_ppm", -1),
        ("installment_count", 0),
        ("installment_count", 1201),
        ("frequency_index", 1),
        ("first_due_day", 20_000),
    ],
)
def test_plain_columns_that_are_no_terms_are_refused(field: str, value: int) -> None:
    columns = {
        "principal_minor": np.array([1000, 1000]),
        "annual_ppm": np.array([0, 0]),
        "installment_count": np.array([3, 3]),
        "frequency_index": np.array([0, 0]),
        "planned_day": np.array([20_000, 20_000]),
        "first_due_day": np.array([20_031, 20_031]),
    }
    columns[field][1] = value

    with pytest.raises(InvalidValueError) as error:
        level_installments(
            principal_minor=columns["principal_minor"],
            annual_ppm=columns["annual_ppm"],
            installment_count=columns["installment_count"],
            frequency_index=columns["frequency_index"],
            planned_day=columns["planned_day"],
            first_due_day=columns["first_due_day"],
            frequencies=(Frequency.MONTHLY,),
            conventions=STRICT,
        )

    assert (error.value.field, error.value.row) == (field, 1)
