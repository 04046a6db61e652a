"""Which conventions columns hold, and which periods are alike, by their fractions."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import attrs
import pytest

from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    DayCount,
    Frequency,
    RollKind,
    RollRule,
    due_dates,
    year_fraction,
)
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans import (
    FINERACT,
    STRICT,
    Accrual,
    BusinessDays,
    Collision,
    DaysInMonth,
    DaysInYear,
    InterestDate,
    ScheduleConventions,
    SplitDayCount,
)
from microcrm_core.loans.held_conventions_batch import (
    MULTIPLE_MAX,
    has_even_periods,
    has_notional_periods,
    is_interest_moved,
    require_held,
)
from tests.loans.loan_cases import COLUMN_DAY_COUNTS

MOVED = BusinessDays(
    rule=BusinessDayRule.FOLLOWING,
    calendar=BusinessCalendar(name="weekends"),
    interest_to=InterestDate.MOVED,
    collision=Collision.KEPT,
)
UNMOVED = attrs.evolve(MOVED, interest_to=InterestDate.ORIGINAL)
SPLITS = [
    SplitDayCount(days_in_year=y, days_in_month=m)
    for y in DaysInYear
    for m in DaysInMonth
]
HELD = {
    *COLUMN_DAY_COUNTS,
    DayCount.ACT_ACT_ISDA,
    DayCount.ACT_ACT_ICMA,
    DayCount.ACT_365L,
    DayCount.THIRTY_E_360_ISDA,
}
MONTHS = (Frequency.MONTHLY, Frequency.QUARTERLY)
DAYS = (Frequency.WEEKLY, Frequency.BIWEEKLY, Frequency.DAILY, Frequency.of("P10D"))


def rules(base: ScheduleConventions = STRICT, **changes: Any) -> ScheduleConventions:
    return attrs.evolve(base, id="test", **changes)


def refused(conventions: ScheduleConventions) -> InvalidValueError | None:
    try:
        require_held(conventions)
    except InvalidValueError as error:
        return error
    return None


# What is held.


@pytest.mark.parametrize("day_count", list(DayCount))
def test_a_day_count_is_held_or_refused_by_its_field(day_count: DayCount) -> None:
    error = refused(rules(day_count=day_count, business_days=UNMOVED))

    if day_count in HELD:
        assert error is None
    else:
        assert error is not None
        assert (error.field, error.value) == ("day_count", day_count.value)
        assert all(str(one.value) in error.rule for one in HELD)


@pytest.mark.parametrize("day_count", SPLITS, ids=str)
def test_months_of_30_days_need_a_year_of_fixed_length(
    day_count: SplitDayCount,
) -> None:
    is_mixed = (
        day_count.days_in_month is DaysInMonth.DAYS_30
        and day_count.days_in_year is DaysInYear.ACTUAL
    )

    error = refused(rules(day_count=day_count))

    assert (error is not None) == is_mixed
    if error is not None:
        assert (error.field, error.value) == ("day_count", str(day_count))


@pytest.mark.parametrize("day_count", [*DayCount, *SPLITS], ids=str)
def test_counted_by_periods_every_day_count_is_held(
    day_count: DayCount | SplitDayCount,
) -> None:
    conventions = rules(
        day_count=day_count, accrual=Accrual.PER_PERIOD, business_days=UNMOVED
    )

    assert refused(conventions) is None


@pytest.mark.parametrize(
    "day_count",
    [DayCount.ACT_ACT_ICMA, *(one for one in SPLITS if one.days_in_year.days)],
    ids=str,
)
def test_regular_periods_end_on_regular_dates(
    day_count: DayCount | SplitDayCount,
) -> None:
    is_by_days = (
        isinstance(day_count, SplitDayCount)
        and day_count.days_in_month is DaysInMonth.ACTUAL
    )

    moved = refused(rules(day_count=day_count, business_days=MOVED))

    assert refused(rules(day_count=day_count, business_days=UNMOVED)) is None
    assert refused(rules(day_count=day_count)) is None
    assert (moved is None) == is_by_days
    if moved is not None:
        assert (moved.field, moved.value) == ("interest_to", "moved")


@pytest.mark.parametrize("field", ["currency_multiple", "installment_multiple"])
def test_multiples_have_a_bound(field: str) -> None:
    def coarse(multiple: int) -> ScheduleConventions:
        # An installment is a multiple of what the currency is a multiple of.
        if field == "currency_multiple":
            return rules(currency_multiple=multiple, installment_multiple=multiple)
        return rules(installment_multiple=multiple)

    error = refused(coarse(2**31 + 1))

    assert MULTIPLE_MAX == 2**31
    assert refused(coarse(2**31)) is None
    assert error is not None
    assert (error.field, error.value) == (field, 2**31 + 1)
    assert error.hint == "use build_schedule for each loan"


def test_another_arithmetic_is_refused_first() -> None:
    error = refused(rules(FINERACT, installment_multiple=2**31 + 1))

    assert error is not None
    assert (error.field, error.value) == ("arithmetic", "fineract_progressive")


@pytest.mark.parametrize("conventions", [None, "strict", DayCount.ACT_360])
def test_what_is_no_convention_is_refused(conventions: Any) -> None:
    with pytest.raises(InvalidValueError, match="conventions"):
        require_held(conventions)


# Which periods are alike.


@pytest.mark.parametrize("roll_kind", list(RollKind))
@pytest.mark.parametrize("frequency", [*MONTHS, *DAYS], ids=str)
@pytest.mark.parametrize("is_late", [False, True])
def test_periods_that_are_said_to_be_alike_are_the_same_part_of_a_year(
    frequency: Frequency, roll_kind: RollKind, is_late: bool
) -> None:
    roll = RollRule(kind=roll_kind)
    doms = range(29, 32) if is_late else range(1, 29)
    evens = 0
    for day_count in COLUMN_DAY_COUNTS:
        conventions = rules(day_count=day_count, roll=roll)
        if not has_even_periods(frequency, conventions, is_late=is_late):
            continue
        evens += 1
        for dom in (doms[0], doms[len(doms) // 2], doms[-1]):
            # Across a leap February and a plain one.
            dates = due_dates(dt.date(2023, 12, dom), frequency, 17, roll)
            parts = {year_fraction(day_count, *pair) for pair in pairwise(dates)}
            assert len(parts) == 1, (day_count, dom)
    if frequency in DAYS:
        # Those of 360, 364 and 365 days.
        assert evens == 3
    else:
        # Months of 30 days, but those of the United States.
        keeps_day = roll_kind is not RollKind.END_OF_MONTH and not is_late
        assert evens == (2 if keeps_day else 0)


def test_february_of_the_united_states_makes_periods_differ() -> None:
    # From the last of February it counts 28 days, not 30, to 28 March.
    first_on = dt.date(2025, 2, 28)
    dates = due_dates(first_on, Frequency.MONTHLY, 3, RollRule.DAY_OF_MONTH)
    parts = [year_fraction(DayCount.THIRTY_360_US, *pair) for pair in pairwise(dates)]

    assert parts[0] != parts[1]
    conventions = rules(day_count=DayCount.THIRTY_360_US)
    assert not has_even_periods(Frequency.MONTHLY, conventions, is_late=False)


def test_a_fixed_due_day_differs_from_the_first_one() -> None:
    # From 5 January to 20 February, and then months.
    conventions = rules(day_count=DayCount.THIRTY_E_360, roll=RollRule(day=20))

    assert not has_even_periods(Frequency.MONTHLY, conventions, is_late=False)


def test_half_months_differ_in_days() -> None:
    conventions = rules(day_count=DayCount.ACT_360)

    assert not has_even_periods(Frequency.SEMIMONTHLY, conventions, is_late=False)


@pytest.mark.parametrize("frequency", [Frequency.MONTHLY, Frequency.WEEKLY])
def test_interest_to_moved_dates_makes_periods_differ(frequency: Frequency) -> None:
    for day_count in (DayCount.ACT_360, DayCount.THIRTY_E_360):
        moved = rules(day_count=day_count, business_days=MOVED)
        unmoved = rules(day_count=day_count, business_days=UNMOVED)
        assert not has_even_periods(frequency, moved, is_late=False)
        assert has_even_periods(frequency, unmoved, is_late=False) == has_even_periods(
            frequency, rules(day_count=day_count), is_late=False
        )


@pytest.mark.parametrize("day_count", SPLITS, ids=str)
def test_split_day_counts_are_even_as_their_months_and_years_are(
    day_count: SplitDayCount,
) -> None:
    conventions = rules(day_count=day_count)
    is_thirty = day_count.days_in_month is DaysInMonth.DAYS_30

    assert has_notional_periods(conventions) == is_thirty
    for frequency in (Frequency.MONTHLY, Frequency.SEMIMONTHLY):
        for is_late in (False, True):
            found = has_even_periods(frequency, conventions, is_late=is_late)
            assert found == is_thirty
    # A week has seven days, and so is the same part of a year of fixed length.
    is_fixed = day_count.days_in_year is not DaysInYear.ACTUAL
    found = has_even_periods(Frequency.WEEKLY, conventions, is_late=True)
    assert found == (is_thirty or is_fixed)


def test_periods_are_regular_by_definition_where_they_are_counted() -> None:
    by_period = rules(accrual=Accrual.PER_PERIOD)
    icma = rules(day_count=DayCount.ACT_ACT_ICMA)

    for conventions in (by_period, icma):
        assert has_notional_periods(conventions)
        assert has_even_periods(Frequency.MONTHLY, conventions, is_late=True)
    for day_count in COLUMN_DAY_COUNTS:
        assert not has_notional_periods(rules(day_count=day_count))


def test_interest_is_moved_only_where_the_calendar_says_so() -> None:
    assert is_interest_moved(rules(business_days=MOVED))
    assert not is_interest_moved(rules(business_days=UNMOVED))
    assert not is_interest_moved(STRICT)
