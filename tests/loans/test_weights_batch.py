"""Weights of periods are parts of a year, as an oracle that counts single days says."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from microcrm_core.batch import Int64s
from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    DayCount,
    Frequency,
    RollRule,
)
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import CustomerId
from microcrm_core.loans import (
    STRICT,
    STRICT_30_360,
    Accrual,
    BusinessDays,
    Collision,
    DaysInMonth,
    DaysInYear,
    InterestDate,
    LoanTerms,
    ScheduleConventions,
    ShortPeriod,
    SplitDayCount,
)
from microcrm_core.loans.calendar_tables_batch import CalendarTables
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.due_days_batch import has_late_dom
from microcrm_core.loans.held_conventions_batch import require_held
from microcrm_core.loans.layout_batch import ScheduleLayout, TermColumns
from microcrm_core.loans.weights_batch import PeriodWeights, WeightQuestion
from microcrm_core.rates import Rate
from tests.loans.loan_cases import make_loan, make_terms
from tests.loans.time_cases import any_rules, any_terms
from tests.loans.time_oracle import due_on, series_on, year_parts

EPOCH = dt.date(1970, 1, 1)
WEEKENDS = BusinessCalendar(name="weekends")


def question(
    terms: list[LoanTerms],
    rules: ScheduleConventions,
    *,
    free_count: int = 0,
    has_tables: bool = True,
    has_series: bool = False,
    memory: Int64s | None = None,
) -> WeightQuestion:
    loans = [make_loan(one, number) for number, one in enumerate(terms)]
    customers = {CustomerId(f"customer-{number}"): 0 for number in range(len(terms))}
    columns = TermColumns.of(LoanColumns.from_loans(loans, customers))
    tables = CalendarTables.empty()
    if has_tables:
        layout = ScheduleLayout.of(columns)
        tables = CalendarTables.of(columns, layout, rules.roll.kind)
    return WeightQuestion(
        annual_ppm=columns.annual_ppm,
        planned_day=columns.planned_day,
        first_due_day=columns.first_due_day,
        frequency=terms[0].frequency,
        count=terms[0].installment_count,
        interest_free_count=free_count,
        conventions=rules,
        has_series=has_series,
        is_late=bool(has_late_dom(columns.first_due_day).any()),
        tables=tables,
        memory=memory,
    )


def fractions(found: PeriodWeights, loan: int) -> list[Fraction]:
    """Return what one unit bears in each period, exactly."""
    units = [found.unit] * len(found.weights)
    if found.first_unit is not None:
        units[0] = int(found.first_unit[loan])
    return [
        Fraction(int(line[loan]), unit)
        for line, unit in zip(found.weights, units, strict=True)
    ]


def days(dates: list[dt.date]) -> list[int]:
    return [(on - EPOCH).days for on in dates]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[LoanTerms], ScheduleConventions]:
    """Draw two loans of one frequency and length under conventions that are held."""
    rules = draw(any_rules())
    try:
        require_held(rules)
    except InvalidValueError:
        assume(False)
    first = attrs.evolve(draw(any_terms(rules)), due_on=(), last_due_on=None)
    shift = dt.timedelta(days=draw(st.integers(1, 40)))
    other = attrs.evolve(
        first,
        disbursed_on=first.disbursed_on + shift,
        first_due_on=first.first_due_on + shift,
        nominal_rate=Rate.of_ppm(draw(st.integers(0, 900_000))),
    )
    if first.frequency == Frequency.SEMIMONTHLY:
        other = first
    return [first, other], rules


@given(case=cases(), free_count=st.sampled_from((0, 0, 1, 9)), has_tables=st.booleans())
def test_weights_over_their_unit_are_rate_times_part_of_a_year(
    case: tuple[list[LoanTerms], ScheduleConventions],
    free_count: int,
    has_tables: bool,
) -> None:
    terms, rules = case
    asked = question(terms, rules, free_count=free_count, has_tables=has_tables)
    event(f"even: {asked.is_even}, {terms[0].frequency.unit}")

    found = PeriodWeights.of(asked)

    assert len(found.weights) == terms[0].installment_count
    assert found.unit % 2 == 0
    for loan, one in enumerate(terms):
        if found.is_ordered is not None and not found.is_ordered[loan]:
            continue
        rate = one.nominal_rate.annual_fraction
        parts = year_parts(one, rules)
        free = [Fraction(0)] * min(free_count, len(parts))
        assert fractions(found, loan) == [
            *free,
            *(rate * part for part in parts[free_count:]),
        ]
        later = found.weights if found.first_unit is None else found.weights[1:]
        for line in later:
            assert line[loan] <= found.largest[loan]


@given(case=cases())
def test_due_days_come_with_the_weights_where_they_are_asked_for(
    case: tuple[list[LoanTerms], ScheduleConventions],
) -> None:
    terms, rules = case
    out = np.zeros((terms[0].installment_count, 2), np.int64)

    found = PeriodWeights.of(question(terms, rules, has_series=True), due_day=out)

    assert found.due_day is out
    assert found.series_day is not None
    for loan, one in enumerate(terms):
        dates = due_on(one, rules)
        assert out[:, loan].tolist() == days(dates)
        assert found.series_day[:, loan].tolist() == days(series_on(one, rules))
        business_days = rules.business_days
        if business_days is None:
            assert found.is_ordered is None
            continue
        assert found.is_ordered is not None
        is_merged = business_days.collision is Collision.MERGED
        is_rising = sorted(dates) == dates and one.disbursed_on < dates[0]
        is_apart = len(set(dates)) == len(dates)
        expected = is_rising and (is_apart or not is_merged)
        assert found.is_ordered[loan] == expected


def strict(base: ScheduleConventions = STRICT, **changes: Any) -> ScheduleConventions:
    return attrs.evolve(base, id="test", **changes)


# Amounts on paper: 12 % a year.
LONG = make_terms(
    annual_ppm=120_000,
    installment_count=3,
    disbursed_on=dt.date(2024, 12, 30),
    first_due_on=dt.date(2025, 2, 14),
)
SHORT = attrs.evolve(LONG, disbursed_on=dt.date(2025, 2, 4))


@pytest.mark.parametrize(
    ("rules", "terms", "parts"),
    [
        # 46 days, then 28 and 31, of 365.
        (STRICT, LONG, ["46/365", "28/365", "31/365"]),
        # By months of 30 days: 44, then 30.
        (STRICT_30_360, LONG, ["44/360", "30/360", "30/360"]),
        # By periods: a month and 15 of the 31 days from 14 December.
        (strict(accrual=Accrual.PER_PERIOD), LONG, ["46/372", "1/12", "1/12"]),
        # Ten days, which bear nothing, or as a month.
        (STRICT, SHORT, ["10/365", "28/365", "31/365"]),
        (
            strict(short_period=ShortPeriod.INTEREST_FREE),
            SHORT,
            ["0", "28/365", "31/365"],
        ),
        (
            strict(short_period=ShortPeriod.WHOLE_PERIOD),
            SHORT,
            ["31/365", "28/365", "31/365"],
        ),
        # A first period that is long is neither.
        (
            strict(short_period=ShortPeriod.WHOLE_PERIOD),
            LONG,
            ["46/365", "28/365", "31/365"],
        ),
        (
            strict(short_period=ShortPeriod.INTEREST_FREE),
            LONG,
            ["46/365", "28/365", "31/365"],
        ),
        # One day in 2024, 45 in 2025: the day of the disbursement counts no interest.
        (
            strict(
                day_count=SplitDayCount(
                    days_in_year=DaysInYear.ACTUAL, days_in_month=DaysInMonth.ACTUAL
                )
            ),
            LONG,
            ["1/366 + 45/365", "28/365", "31/365"],
        ),
        # Or two days in 2024 where it counts.
        (
            strict(
                day_count=SplitDayCount(
                    days_in_year=DaysInYear.ACTUAL, days_in_month=DaysInMonth.ACTUAL
                ),
                has_interest_on_disbursement_day=True,
            ),
            LONG,
            ["2/366 + 44/365", "28/365", "31/365"],
        ),
        # Months of 30 days in a year of 364: one to 30 January, and 15 of the 29 days
        # from there to 28 February.
        (
            strict(
                day_count=SplitDayCount(
                    days_in_year=DaysInYear.DAYS_364, days_in_month=DaysInMonth.DAYS_30
                )
            ),
            LONG,
            ["30/364 + 450/10556", "30/364", "30/364"],
        ),
    ],
)
def test_parts_of_a_year_on_paper(
    rules: ScheduleConventions, terms: LoanTerms, parts: list[str]
) -> None:
    for has_tables in (True, False):
        found = PeriodWeights.of(question([terms], rules, has_tables=has_tables))
        assert fractions(found, 0) == [
            sum(Fraction(12, 100) * Fraction(one) for one in part.split(" + "))
            for part in parts
        ]


def test_a_first_day_apart_from_the_others_makes_the_second_period_odd() -> None:
    # Due on the 31st; the first on 10 January: then 31 January, 28 February.
    rules = strict(roll=RollRule.of("day_31"))
    terms = make_terms(
        annual_ppm=120_000,
        installment_count=3,
        disbursed_on=dt.date(2025, 1, 1),
        first_due_on=dt.date(2025, 1, 10),
    )
    regular = attrs.evolve(terms, first_due_on=dt.date(2025, 1, 31))
    asked = question([terms, regular], rules)

    found = PeriodWeights.of(asked)

    counted = [
        [int(line[loan]) // 120_000 for line in found.weights] for loan in (0, 1)
    ]
    # 10 January to 28 February are 49 days.
    assert counted == [[9, 49, 31], [30, 28, 31]]
    assert found.largest.tolist() == [49 * 120_000, 31 * 120_000]


def test_periods_that_are_alike_share_one_line() -> None:
    terms = attrs.evolve(LONG, installment_count=5)

    found = PeriodWeights.of(question([terms, terms], STRICT_30_360))

    assert len({id(line) for line in found.weights}) == 2
    assert all(line is found.weights[1] for line in found.weights[1:])
    # The first period is the longest here.
    assert found.largest.tolist() == [44 * 120_000] * 2


def test_weights_are_written_into_memory_that_is_given() -> None:
    memory = np.full(100, -1, np.int64)

    found = PeriodWeights.of(question([LONG, LONG], STRICT, memory=memory))

    assert all(np.shares_memory(line, memory) for line in found.weights)
    assert memory[6:].tolist() == [-1] * 94


def test_rates_are_left_as_they_were() -> None:
    for rules in (STRICT, STRICT_30_360, strict(day_count=DayCount.ACT_ACT_ISDA)):
        asked = question([LONG, LONG], rules)

        PeriodWeights.of(asked)

        assert asked.annual_ppm.tolist() == [120_000, 120_000]


def test_what_rates_have_in_common_keeps_weights_small() -> None:
    # 12 % and 9 %: a hundredth of a million parts is enough for both.
    other = attrs.evolve(LONG, nominal_rate=Rate.of_ppm(90_000))
    isda = strict(day_count=DayCount.ACT_ACT_ISDA)

    found = PeriodWeights.of(question([LONG, other], isda))

    assert found.unit == 100 * 365 * 366
    # Without a rate, all that weights are counted in is the year.
    free = attrs.evolve(LONG, nominal_rate=Rate.of_ppm(0))
    assert PeriodWeights.of(question([free], isda)).unit == 365 * 366


@pytest.mark.parametrize("interest_to", list(InterestDate))
def test_interest_runs_to_the_date_that_is_named(interest_to: InterestDate) -> None:
    # 15 February 2025 is a Saturday, moved to Monday 17; 15 March is one as well.
    rules = strict(
        business_days=BusinessDays(
            rule=BusinessDayRule.FOLLOWING,
            calendar=WEEKENDS,
            interest_to=interest_to,
            collision=Collision.KEPT,
        )
    )
    terms = make_terms(annual_ppm=120_000, installment_count=3)

    found = PeriodWeights.of(question([terms], rules))

    counted = [int(line[0]) // 120_000 for line in found.weights]
    is_moved = interest_to is InterestDate.MOVED
    assert counted == ([33, 28, 29] if is_moved else [31, 28, 31])


@pytest.mark.parametrize(
    ("collision", "is_ordered"), [(Collision.KEPT, True), (Collision.MERGED, False)]
)
def test_dates_that_meet_are_in_order_only_where_they_stay_apart(
    collision: Collision, is_ordered: bool
) -> None:
    # Friday 17 January to Monday 20: Saturday and Sunday are moved to Monday.
    rules = strict(
        business_days=BusinessDays(
            rule=BusinessDayRule.FOLLOWING,
            calendar=WEEKENDS,
            interest_to=InterestDate.ORIGINAL,
            collision=collision,
        )
    )
    terms = make_terms(
        installment_count=4,
        frequency=Frequency.DAILY,
        disbursed_on=dt.date(2025, 1, 16),
        first_due_on=dt.date(2025, 1, 17),
    )

    found = PeriodWeights.of(question([terms], rules))

    assert found.is_ordered is not None
    assert found.is_ordered.tolist() == [is_ordered]
    # On the day of the disbursement itself nothing can be due: Saturday 18 January is
    # moved back to Friday.
    early = attrs.evolve(
        terms,
        installment_count=1,
        disbursed_on=dt.date(2025, 1, 17),
        first_due_on=dt.date(2025, 1, 18),
    )
    assert rules.business_days is not None
    back = strict(
        business_days=attrs.evolve(rules.business_days, rule=BusinessDayRule.PRECEDING)
    )
    found = PeriodWeights.of(question([early], back))
    assert found.is_ordered is not None
    assert found.is_ordered.tolist() == [False]


def test_no_more_periods_are_free_than_there_are() -> None:
    found = PeriodWeights.of(question([LONG], STRICT, free_count=7))

    assert [line.tolist() for line in found.weights] == [[0]] * 3
