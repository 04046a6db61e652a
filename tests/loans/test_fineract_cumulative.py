from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microcrm_core.dates import Frequency
from microcrm_core.errors import InvalidValueError
from microcrm_core.loans import Accrual
from microcrm_core.loans.fineract_cumulative import (
    CumulativeRow,
    CumulativeRule,
    cumulative_rows,
)
from tests.loans.fineract_cases import (
    all_day_counts,
    all_start_dates,
    month_dates,
    split,
)

ACTUAL = split("actual", "actual")


def rule_of(
    accrual: Accrual = Accrual.PER_PERIOD,
    frequency: Frequency = Frequency.MONTHLY,
    *,
    is_flat: bool = False,
    is_partial_counted: bool = True,
    multiple: int = 100,
) -> CumulativeRule:
    return CumulativeRule(
        day_count=ACTUAL,
        frequency=frequency,
        accrual=accrual,
        is_flat=is_flat,
        is_partial_counted=is_partial_counted,
        installment_multiple=multiple,
    )


def shown(rows: list[CumulativeRow]) -> str:
    return "|".join(f"{row.principal_minor} {row.interest_minor}" for row in rows)


# Schedules that the feature files of Apache Fineract expect (commit 3f359bb3).
def test_flat_interest_is_divided_and_the_last_row_takes_the_rest() -> None:
    # Scenario C2961: 1250.00 at 15 %, whole units.
    dates = month_dates(dt.date(2023, 9, 1), 4)

    rows = cumulative_rows(
        rule_of(is_flat=True),
        dates,
        [(dates[0], 125_000)],
        rate=Decimal("0.15"),
        flat_minor=125_000,
    )

    assert shown(rows) == "31238 1562|31238 1562|31238 1562|31286 1564"


def test_flat_interest_is_on_the_down_payment_too() -> None:
    # Scenario C2852: 1000.00 at 10 %, of which 250.00 are paid down.
    dates = month_dates(dt.date(2022, 1, 1), 3)

    rows = cumulative_rows(
        rule_of(is_flat=True),
        dates,
        [(dates[0], 75_000)],
        rate=Decimal("0.1"),
        flat_minor=100_000,
    )

    assert shown(rows) == "24967 833|24967 833|25066 834"


def test_days_counted_as_periods_are_of_a_year_of_365() -> None:
    # Scenario C3139: 500.00 at 12 %, every 15 days of a leap year.
    dates = [dt.date(2024, 4, 5) + dt.timedelta(15 * step) for step in range(4)]

    rows = cumulative_rows(
        rule_of(frequency=Frequency.of("P15D")),
        dates,
        [(dates[0], 50_000)],
        rate=Decimal("0.12"),
        flat_minor=50_000,
    )

    assert shown(rows) == "16553 247|16635 165|16812 83"


def test_a_month_of_actual_days_has_a_level_of_thirty() -> None:
    # Scenario C3189: 1000.00 at 12 % every 5 days, and C2780: one month of 31 days.
    dates = [dt.date(2024, 1, 1) + dt.timedelta(5 * step) for step in range(5)]
    rows = cumulative_rows(
        rule_of(Accrual.DAILY, Frequency.of("P5D")),
        dates,
        [(dates[0], 100_000)],
        rate=Decimal("0.12"),
        flat_minor=100_000,
    )
    assert shown(rows) == "24936 164|24977 123|25018 82|25069 41"

    dates = month_dates(dt.date(2023, 1, 1), 1)
    rows = cumulative_rows(
        rule_of(Accrual.DAILY),
        dates,
        [(dates[0], 100_000)],
        rate=Decimal("0.12"),
        flat_minor=100_000,
    )
    assert shown(rows) == "100000 1019"


def test_a_tranche_spreads_over_all_installments_with_flat_interest() -> None:
    # Scenario C2833: 1000.00, and 1000.00 in the second month, a quarter paid down.
    dates = month_dates(dt.date(2022, 1, 1), 3)

    rows = cumulative_rows(
        rule_of(is_flat=True),
        dates,
        [(dates[0], 75_000), (dt.date(2022, 2, 15), 75_000)],
        rate=Decimal(0),
        flat_minor=200_000,
    )

    assert [row.principal_minor for row in rows] == [25_000, 50_000, 75_000]


def test_a_tranche_on_a_due_date_belongs_to_the_row_that_ends_there() -> None:
    # Scenario C2819: 1000.00, and 400.00 on the first due date, a quarter paid down.
    dates = month_dates(dt.date(2022, 1, 1), 3)

    rows = cumulative_rows(
        rule_of(is_flat=True),
        dates,
        [(dates[0], 75_000), (dates[1], 30_000)],
        rate=Decimal(0),
        flat_minor=140_000,
    )

    assert [row.principal_minor for row in rows] == [35_000, 35_000, 35_000]


@pytest.mark.parametrize(
    ("from_on", "to_on", "periods"),
    [
        (dt.date(2024, 1, 31), dt.date(2024, 2, 29), Fraction(1)),
        (dt.date(2024, 2, 29), dt.date(2024, 3, 31), Fraction(1)),
        (dt.date(2024, 1, 1), dt.date(2024, 2, 15), 1 + Fraction(14, 29)),
        (dt.date(2024, 1, 1), dt.date(2024, 1, 1), Fraction(0)),
    ],
)
def test_partial_months_count_by_the_month_that_they_fall_in(
    from_on: dt.date, to_on: dt.date, periods: Fraction
) -> None:
    found = rule_of().periods(from_on, to_on, 31 if to_on.day > 28 else 1)

    assert abs(Fraction(found) - periods) < Fraction(1, 10**12)


def test_partial_weeks_count_sevenths() -> None:
    rule = rule_of(frequency=Frequency.WEEKLY)
    monday = dt.date(2024, 1, 1)

    assert rule.periods(monday, monday + dt.timedelta(21), 1) == 3
    found = rule.periods(monday, monday + dt.timedelta(10), 1)
    assert abs(Fraction(found) - Fraction(10, 7)) < Fraction(1, 10**12)


def test_without_partial_periods_a_short_one_counts_whole() -> None:
    whole = rule_of(is_partial_counted=False)
    period = (dt.date(2024, 1, 1), dt.date(2024, 1, 11))

    assert Fraction(whole.factor(Decimal("0.12"), *period, 1)) == Fraction(1, 100)
    part = rule_of().factor(Decimal("0.12"), *period, 1)
    assert abs(Fraction(part) - Fraction(10, 3100)) < Fraction(1, 10**12)


def test_a_fixed_year_holds_for_days_only_by_periods() -> None:
    by_days = CumulativeRule(
        day_count=split(),
        frequency=Frequency.of("P15D"),
        accrual=Accrual.PER_PERIOD,
    )
    by_months = attrs.evolve(by_days, frequency=Frequency.MONTHLY)

    assert (by_days.year_periods, by_months.year_periods) == (360, 12)
    assert attrs.evolve(by_months, accrual=Accrual.DAILY).year_periods == 360


def test_grace_repays_no_principal_and_the_rest_of_the_rows_all_of_it() -> None:
    dates = month_dates(dt.date(2024, 1, 1), 4)
    for is_flat in (False, True):
        rule = CumulativeRule(
            day_count=ACTUAL,
            frequency=Frequency.MONTHLY,
            accrual=Accrual.PER_PERIOD,
            is_flat=is_flat,
            grace_count=2,
        )
        rows = cumulative_rows(
            rule, dates, [(dates[0], 10_000)], rate=Decimal("0.12"), flat_minor=10_000
        )
        assert [row.principal_minor for row in rows[:2]] == [0, 0]
        assert [row.interest_minor for row in rows[:2]] == [100, 100]
        assert rows[2].principal_minor + rows[3].principal_minor == 10_000


def test_equal_principal_gives_every_row_the_same() -> None:
    dates = month_dates(dt.date(2024, 1, 1), 3)
    rule = CumulativeRule(
        day_count=ACTUAL,
        frequency=Frequency.MONTHLY,
        accrual=Accrual.PER_PERIOD,
        is_equal_principal=True,
    )

    rows = cumulative_rows(
        rule, dates, [(dates[0], 10_000)], rate=Decimal("0.12"), flat_minor=10_000
    )

    assert shown(rows) == "3333 100|3333 67|3334 33"


@settings(max_examples=80)
@given(
    start_on=all_start_dates(),
    count=st.integers(1, 24),
    principal=st.integers(100, 10**10),
    rate=st.decimals("0", "1", places=4),
    day_count=all_day_counts(),
    accrual=st.sampled_from(Accrual),
    is_flat=st.booleans(),
    is_partial=st.booleans(),
)
def test_principal_sums_to_what_was_lent(
    start_on: dt.date,
    count: int,
    principal: int,
    rate: Decimal,
    day_count: object,
    accrual: Accrual,
    is_flat: bool,
    is_partial: bool,
) -> None:
    dates = month_dates(start_on, count)
    rule = CumulativeRule(
        day_count=day_count,  # type: ignore[arg-type]  # drawn from the strategy
        frequency=Frequency.MONTHLY,
        accrual=accrual,
        is_flat=is_flat,
        is_partial_counted=is_partial,
    )

    rows = cumulative_rows(
        rule, dates, [(start_on, principal)], rate=rate, flat_minor=principal
    )

    assert sum(row.principal_minor for row in rows) == principal
    if is_flat:
        factor = Fraction(rule.term_factor(rate, dates, start_on.day))
        total = sum(row.interest_minor for row in rows)
        assert abs(total - principal * factor) <= Fraction(500_001, 1_000_000)


def test_half_months_are_refused_by_name() -> None:
    with pytest.raises(InvalidValueError, match="frequency"):
        rule_of(frequency=Frequency.SEMIMONTHLY)


def test_what_counts_instead_of_days_is_said() -> None:
    january = (dt.date(2024, 1, 1), dt.date(2024, 2, 1))
    dates = month_dates(dt.date(2024, 1, 1), 3)
    by_days = rule_of(Accrual.DAILY)
    by_months = attrs.evolve(by_days, day_count=split())
    weekly = attrs.evolve(by_months, frequency=Frequency.WEEKLY)

    # Days, or months of 30 days; weeks have no other length than seven days.
    assert by_days.counted(*january, 1) is None
    assert by_months.counted(*january, 1) == 1
    assert by_months.counted(january[0], dt.date(2024, 2, 16), 1) == 1 + Decimal(
        repr(15 / 29)
    )
    assert weekly.counted(*january, 1) is None
    for rule in (by_days, by_months, weekly):
        assert rule.term_counted(dates, 1) is None
    # By periods: what the dates span, or what was agreed whatever they are.
    every_two = rule_of(frequency=Frequency.of("P2M"))
    assert every_two.counted(*january, 1) == 1
    assert every_two.term_counted(dates, 1) == 3
    whole = attrs.evolve(every_two, is_partial_counted=False)
    assert whole.counted(*january, 1) == 2
    assert whole.term_counted(dates, 1) == 6
