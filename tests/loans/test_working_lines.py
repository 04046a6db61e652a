from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import attrs
import pytest

from microcrm_core import Money
from microcrm_core.dates import BusinessCalendar, BusinessDayRule, DayCount, Frequency
from microcrm_core.html import html_table
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    FINERACT,
    FINERACT_CUMULATIVE,
    STRICT,
    STRICT_30_360,
    Accrual,
    Bullet,
    BusinessDays,
    Collision,
    CustomInstallments,
    CustomPrincipal,
    DaysInMonth,
    DaysInYear,
    DeferredInterest,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeBase,
    FeeTiming,
    FlatInterest,
    Grace,
    Graduated,
    InterestDate,
    InterestOnly,
    InterestPause,
    LeapRule,
    LoanTerms,
    Portion,
    RateChange,
    Remainder,
    RepaymentPlan,
    ScheduleConventions,
    ShortPeriod,
    SplitDayCount,
    Tranche,
    UnpaidInterest,
    Weighted,
    build_schedule,
)
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding
from tests.loans.loan_cases import EUR

WEEKEND = BusinessCalendar(name="weekends")

# Worked by hand: 36.5 % a year are 0.1 % a day by ACT/365F, 24 % are 2 % a month.


def planned(
    plan: RepaymentPlan = EQUAL_INSTALLMENTS,
    principal: str = "1000.00",
    rate: str = "0.24",
    count: int = 3,
    *,
    disbursed_on: dt.date = dt.date(2025, 1, 15),
    first_due_on: dt.date = dt.date(2025, 2, 15),
    frequency: Frequency = Frequency.MONTHLY,
) -> LoanTerms:
    return LoanTerms(
        principal=Money.of(principal, EUR),
        nominal_rate=Rate.per_year(rate),
        installment_count=count,
        frequency=frequency,
        disbursed_on=disbursed_on,
        first_due_on=first_due_on,
        plan=plan,
    )


def lines(terms: LoanTerms, conventions: ScheduleConventions, number: int) -> list[str]:
    return str(build_schedule(terms, conventions).explain(number)).splitlines()


def strict(base: ScheduleConventions = STRICT, **changes: Any) -> ScheduleConventions:
    return attrs.evolve(base, id="test", **changes)


WEEKDAYS = BusinessDays(
    rule=BusinessDayRule.FOLLOWING,
    calendar=WEEKEND,
    interest_to=InterestDate.ORIGINAL,
    collision=Collision.MERGED,
)
MONTH = "2025-01-15 to 2025-02-15, 31 days, counted as 30"
EQUAL_PRINCIPAL = RepaymentPlan(method=EqualPrincipal())


def test_a_merged_row_shows_each_installment_and_their_sum() -> None:
    # 100.00 a day; Saturday 18, Sunday 19 and Monday 20 January meet on Monday.
    # 400.00, 300.00 and 200.00 bear a day each: 0.40 + 0.30 + 0.20 = 0.90.
    terms = planned(
        EQUAL_PRINCIPAL,
        "600.00",
        "0.365",
        6,
        frequency=Frequency.DAILY,
        first_due_on=dt.date(2025, 1, 16),
    )

    assert lines(terms, strict(business_days=WEEKDAYS), 3) == [
        "3, due on 2025-01-20, installments 3 to 5 in one, in EUR",
        "installment 3, agreed for 2025-01-18:",
        "2025-01-17 to 2025-01-18, 1 day: 400.00 x 36.5% x 1/365 = 0.400000",
        "interest of the period: 0.400000, half_even to 0.40",
        "equal principal: 100.00",
        "principal 100.00 + interest 0.40 + fees 0.00 = 100.40",
        "installment 4, agreed for 2025-01-19:",
        "2025-01-18 to 2025-01-19, 1 day: 300.00 x 36.5% x 1/365 = 0.300000",
        "interest of the period: 0.300000, half_even to 0.30",
        "equal principal: 100.00",
        "principal 100.00 + interest 0.30 + fees 0.00 = 100.30",
        "installment 5, agreed for 2025-01-20:",
        "2025-01-19 to 2025-01-20, 1 day: 200.00 x 36.5% x 1/365 = 0.200000",
        "interest of the period: 0.200000, half_even to 0.20",
        "equal principal: 100.00",
        "principal 100.00 + interest 0.20 + fees 0.00 = 100.20",
        "together: principal 300.00 + interest 0.90 + fees 0.00 = 300.90",
    ]


def test_a_merged_row_of_flat_interest_shows_the_whole_term_once() -> None:
    # 400.00 at 0.1 % for 4 days: 1.60, of which each takes 0.40. The equal amount is
    # 401.60 / 4 = 100.40. Friday 17 is alone; Saturday to Monday meet.
    terms = planned(
        RepaymentPlan(method=FlatInterest()),
        "400.00",
        "0.365",
        4,
        frequency=Frequency.DAILY,
        disbursed_on=dt.date(2025, 1, 16),
        first_due_on=dt.date(2025, 1, 17),
    )
    rules = strict(business_days=WEEKDAYS)

    assert lines(terms, rules, 2) == [
        "2, due on 2025-01-20, installments 2 to 4 in one, in EUR",
        "2025-01-16 to 2025-01-17, 1 day: 400.00 x 36.5% x 1/365 = 0.400000",
        "2025-01-17 to 2025-01-18, 1 day: 400.00 x 36.5% x 1/365 = 0.400000",
        "2025-01-18 to 2025-01-19, 1 day: 400.00 x 36.5% x 1/365 = 0.400000",
        "2025-01-19 to 2025-01-20, 1 day: 400.00 x 36.5% x 1/365 = 0.400000",
        "interest of the whole term: 1.600000, half_even to 1.60",
        "installment 2, agreed for 2025-01-18:",
        "one of 4 shares: 0.40",
        "equal amount: 100.40",
        "principal 100.00 + interest 0.40 + fees 0.00 = 100.40",
        "installment 3, agreed for 2025-01-19:",
        "one of 4 shares: 0.40",
        "equal amount: 100.40",
        "principal 100.00 + interest 0.40 + fees 0.00 = 100.40",
        "installment 4, agreed for 2025-01-20:",
        "one of 4 shares: 0.40",
        "equal amount: 100.40",
        "principal 100.00 + interest 0.40 + fees 0.00 = 100.40",
        "together: principal 300.00 + interest 1.20 + fees 0.00 = 301.20",
    ]
    working = build_schedule(terms, rules).explain(2)
    assert (working.interest_exact, working.share) == (Fraction(160), None)


def test_a_row_that_was_moved_says_from_where() -> None:
    # 15 February 2025 is a Saturday; interest runs to it all the same, 31 days.
    terms = planned(EQUAL_PRINCIPAL, rate="0.365", count=2)

    assert lines(terms, strict(business_days=WEEKDAYS), 1) == [
        "1, due on 2025-02-17, moved from 2025-02-15, in EUR",
        "2025-01-15 to 2025-02-15, 31 days: 1000.00 x 36.5% x 31/365 = 31.000000",
        "interest of the period: 31.000000, half_even to 31.00",
        "equal principal: 500.00",
        "principal 500.00 + interest 31.00 + fees 0.00 = 531.00",
    ]


def test_flat_interest_is_a_share_of_that_of_the_whole_term() -> None:
    # 25 % for a quarter of a year are 62.50; 6250 = 3 x 2083 + 1, and the first takes
    # the cent. All pay 1062.50 / 3 = 354.1666..., so 354.17, the last 0.01 less.
    terms = planned(RepaymentPlan(method=FlatInterest()), rate="0.25")
    whole = [
        "2025-01-15 to 2025-02-15, 31 days, counted as 30: "
        "1000.00 x 25% x 30/360 = 20.833333",
        "2025-02-15 to 2025-03-15, 28 days, counted as 30: "
        "1000.00 x 25% x 30/360 = 20.833333",
        "2025-03-15 to 2025-04-15, 31 days, counted as 30: "
        "1000.00 x 25% x 30/360 = 20.833333",
        "interest of the whole term: 62.500000, half_even to 62.50",
    ]

    assert lines(terms, STRICT_30_360, 1) == [
        "1, due on 2025-02-15, in EUR",
        *whole,
        "one of 3 shares: 20.83 + 0.01 of what does not divide = 20.84",
        "equal amount: 354.17",
        "principal 333.33 + interest 20.84 + fees 0.00 = 354.17",
    ]
    assert lines(terms, STRICT_30_360, 3) == [
        "3, due on 2025-04-15, in EUR",
        *whole,
        "one of 3 shares: 20.83",
        "equal amount: 354.17 - 0.01 remainder "
        "(the last installment takes it) = 354.16",
        "principal 333.33 + interest 20.83 + fees 0.00 = 354.16",
    ]


def put_off(where: DeferredInterest) -> LoanTerms:
    grace = Grace(principal_count=2, interest_payment_count=2, deferred_interest=where)
    plan = RepaymentPlan(method=EqualInstallments(), grace=grace)
    return planned(plan, count=4)


def test_interest_put_off_to_the_first_installment_comes_back_there() -> None:
    # Two months of 20.00 wait. Then 1000.00 in two: with 515.05 the first leaves
    # 1020.00 - 515.05 = 504.95, which with 2 % is 515.049, so 515.05 as well.
    terms = put_off(DeferredInterest.FIRST_INSTALLMENT)

    assert lines(terms, STRICT_30_360, 1) == [
        "1, due on 2025-02-15, in EUR",
        f"{MONTH}: 1000.00 x 24% x 30/360 = 20.000000",
        "interest of the period: 20.000000, half_even to 20.00",
        "put off by grace, to the first installment after it: 20.00",
        "interest due: 20.00 - 20.00 = 0.00",
        "no principal is due yet",
        "principal 0.00 + interest 0.00 + fees 0.00 = 0.00",
    ]
    assert lines(terms, STRICT_30_360, 3) == [
        "3, due on 2025-04-15, in EUR",
        "2025-03-15 to 2025-04-15, 31 days, counted as 30: "
        "1000.00 x 24% x 30/360 = 20.000000",
        "interest of the period: 20.000000, half_even to 20.00",
        "put off by grace before, due now: 40.00",
        "interest due: 20.00 + 40.00 = 60.00",
        "equal amount: 515.05 + 40.00 put off before = 555.05",
        "principal 495.05 + interest 60.00 + fees 0.00 = 555.05",
    ]


def test_interest_put_off_to_the_last_installment_comes_back_there() -> None:
    # As before, but the 40.00 come on top of the last 515.05. 2 % of 504.95: 10.099.
    terms = put_off(DeferredInterest.LAST_INSTALLMENT)

    assert "put off by grace, to the last installment: 20.00" in lines(
        terms, STRICT_30_360, 2
    )
    assert lines(terms, STRICT_30_360, 4) == [
        "4, due on 2025-05-15, in EUR",
        "2025-04-15 to 2025-05-15, 30 days: 504.95 x 24% x 30/360 = 10.099000",
        "interest of the period: 10.099000, half_even to 10.10",
        "put off by grace before, due now: 40.00",
        "interest due: 10.10 + 40.00 = 50.10",
        "equal amount: 515.05 + 40.00 put off before = 555.05",
        "principal 504.95 + interest 50.10 + fees 0.00 = 555.05",
    ]


def test_capitalized_interest_is_shown_where_it_joins_the_debt() -> None:
    # 1000.00 + 20.00 bear 20.40 in the second month: 28 days, counted as 30.
    terms = put_off(DeferredInterest.CAPITALIZED)

    assert lines(terms, STRICT_30_360, 2) == [
        "2, due on 2025-03-15, in EUR",
        "2025-02-15 to 2025-03-15, 28 days, counted as 30: "
        "1020.00 x 24% x 30/360 = 20.400000",
        "interest of the period: 20.400000, half_even to 20.40",
        "added to the debt, by grace: 20.40",
        "interest due: 20.40 - 20.40 = 0.00",
        "no principal is due yet",
        "principal 0.00 + interest 0.00 + fees 0.00 = 0.00",
    ]


def agreed(unpaid: UnpaidInterest) -> LoanTerms:
    amounts = (Money.of("15.00", EUR), Money.of("500.00", EUR))
    method = CustomInstallments(amounts)
    return planned(RepaymentPlan(method=method, unpaid_interest=unpaid))


def test_interest_above_the_installment_waits_for_the_next() -> None:
    # 15.00 of 20.00 are paid. Next 20.00 + 5.00, and 500.00 - 25.00 of principal.
    terms = agreed(UnpaidInterest.CARRIED)

    assert lines(terms, STRICT_30_360, 1) == [
        "1, due on 2025-02-15, in EUR",
        f"{MONTH}: 1000.00 x 24% x 30/360 = 20.000000",
        "interest of the period: 20.000000, half_even to 20.00",
        "more than the installment, waits for the next: 5.00",
        "interest due: 20.00 - 5.00 = 15.00",
        "agreed amount: 15.00",
        "principal 0.00 + interest 15.00 + fees 0.00 = 15.00",
    ]
    assert lines(terms, STRICT_30_360, 2)[2:] == [
        "interest of the period: 20.000000, half_even to 20.00",
        "left over by earlier installments, due now: 5.00",
        "interest due: 20.00 + 5.00 = 25.00",
        "agreed amount: 500.00",
        "principal 475.00 + interest 25.00 + fees 0.00 = 500.00",
    ]
    assert lines(terms, STRICT_30_360, 3)[3:] == [
        "the last installment repays all that is left",
        "principal 525.00 + interest 10.50 + fees 0.00 = 535.50",
    ]


def test_interest_above_the_installment_may_join_the_debt() -> None:
    assert lines(agreed(UnpaidInterest.CAPITALIZED), STRICT_30_360, 1)[3:] == [
        "more than the installment, added to the debt: 5.00",
        "interest due: 20.00 - 5.00 = 15.00",
        "agreed amount: 15.00",
        "principal 0.00 + interest 15.00 + fees 0.00 = 15.00",
    ]


def test_an_agreed_amount_above_the_debt_is_not_all_paid() -> None:
    # 100.00 and 2.00 of interest are all that is owed of 150.00.
    method = CustomInstallments((Money.of("150.00", EUR), Money.of("1.00", EUR)))
    terms = planned(RepaymentPlan(method=method), "100.00")

    assert lines(terms, STRICT_30_360, 1)[3:] == [
        "agreed amount: 150.00 - 48.00 remainder (no more was left to repay) = 102.00",
        "principal 100.00 + interest 2.00 + fees 0.00 = 102.00",
    ]


def test_a_bullet_counts_all_periods_at_its_end() -> None:
    terms = planned(RepaymentPlan(method=Bullet()), count=2)

    assert lines(terms, STRICT_30_360, 1) == [
        "1, due on 2025-02-15, in EUR",
        "interest of all periods is due with the last installment",
        "no principal is due yet",
        "principal 0.00 + interest 0.00 + fees 0.00 = 0.00",
    ]
    assert lines(terms, STRICT_30_360, 2) == [
        "2, due on 2025-03-15, in EUR",
        f"{MONTH}: 1000.00 x 24% x 30/360 = 20.000000",
        "2025-02-15 to 2025-03-15, 28 days, counted as 30: "
        "1000.00 x 24% x 30/360 = 20.000000",
        "interest of the whole term: 40.000000, half_even to 40.00",
        "the last installment repays all that is left",
        "principal 1000.00 + interest 40.00 + fees 0.00 = 1040.00",
    ]


def test_a_compounded_bullet_adds_interest_to_the_debt() -> None:
    terms = planned(RepaymentPlan(method=Bullet(is_compounded=True)), count=2)

    assert lines(terms, STRICT_30_360, 1)[3:] == [
        "added to the debt, as nothing is due before the end: 20.00",
        "interest due: 20.00 - 20.00 = 0.00",
        "no principal is due yet",
        "principal 0.00 + interest 0.00 + fees 0.00 = 0.00",
    ]
    # 2 % of 1020.00.
    assert lines(terms, STRICT_30_360, 2)[2:] == [
        "interest of the period: 20.400000, half_even to 20.40",
        "the last installment repays all that is left",
        "principal 1020.00 + interest 20.40 + fees 0.00 = 1040.40",
    ]


def test_slices_show_balance_rate_and_pause() -> None:
    # 1000.00 for 10 days, 1200.00 for 10, at 0.2 % for 6, 3 days paused, 2 more:
    # 10.00 + 12.00 + 14.40 + 0 + 4.80 = 41.20.
    terms = attrs.evolve(
        planned(EQUAL_PRINCIPAL, "1200.00", "0.365"),
        tranches=(
            Tranche(disbursed_on=dt.date(2025, 1, 25), amount=Money.of("200.00", EUR)),
        ),
        rate_changes=(
            RateChange(from_on=dt.date(2025, 2, 5), nominal_rate=Rate.per_year("0.73")),
        ),
        interest_pauses=(InterestPause(dt.date(2025, 2, 11), dt.date(2025, 2, 14)),),
    )

    assert lines(terms, STRICT, 1) == [
        "1, due on 2025-02-15, in EUR",
        "2025-01-15 to 2025-01-25, 10 days: 1000.00 x 36.5% x 10/365 = 10.000000",
        "2025-01-25 to 2025-02-04, 10 days: 1200.00 x 36.5% x 10/365 = 12.000000",
        "2025-02-04 to 2025-02-10, 6 days: 1200.00 x 73% x 6/365 = 14.400000",
        "2025-02-10 to 2025-02-13, 3 days, paused: 1200.00 x 0% x 3/365 = 0.000000",
        "2025-02-13 to 2025-02-15, 2 days: 1200.00 x 73% x 2/365 = 4.800000",
        "interest of the period: 41.200000, half_even to 41.20",
        "equal principal: 400.00",
        "principal 400.00 + interest 41.20 + fees 0.00 = 441.20",
    ]


def test_an_interest_free_period_says_so() -> None:
    plan = attrs.evolve(EQUAL_PRINCIPAL, grace=Grace(interest_free_count=1))

    assert lines(planned(plan, "900.00"), STRICT_30_360, 1) == [
        "1, due on 2025-02-15, in EUR",
        f"{MONTH}, interest-free: 900.00 x 0% x 30/360 = 0.000000",
        "interest of the period: 0.000000, half_even to 0.00",
        "equal principal: 300.00",
        "principal 300.00 + interest 0.00 + fees 0.00 = 300.00",
    ]


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        # By periods, a month is a twelfth of a year.
        (
            strict(accrual=Accrual.PER_PERIOD),
            "31 days, counted as 1 period: 1000.00 x 24% x 1/12 = 20.000000",
        ),
        # 16 days end in 2023, 15 in leap year 2024:
        # 240 x 16/365 = 10.520548, 240 x 15/366 = 9.836066.
        (
            strict(
                day_count=SplitDayCount(
                    days_in_year=DaysInYear.ACTUAL, days_in_month=DaysInMonth.ACTUAL
                )
            ),
            "31 days: 1000.00 x 24% x (16/365 + 15/366) = 20.356614",
        ),
        # The period has no 29 February: 240 x 31/365.
        (
            strict(
                day_count=SplitDayCount(
                    days_in_year=DaysInYear.ACTUAL,
                    days_in_month=DaysInMonth.ACTUAL,
                    leap_rule=LeapRule.FEB_29_PERIOD_ONLY,
                )
            ),
            "31 days: 1000.00 x 24% x 31/365 = 20.383562",
        ),
        # ISDA counts the first day and not the last, so 17 days begin in 2023:
        # 240 x 17/365 = 11.178082, 240 x 14/366 = 9.180328.
        (
            strict(day_count=DayCount.ACT_ACT_ISDA),
            "31 days: 1000.00 x 24% x (17/365 + 14/366) = 20.358410",
        ),
        # AFB: no 29 February lies in the period.
        (
            strict(day_count=DayCount.ACT_ACT_AFB),
            "31 days: 1000.00 x 24% x 31/365 = 20.383562",
        ),
        # Friday 15 December to Monday 15 January, weekends apart: 21 days.
        # 240 x 21/252 = 20.
        (
            strict(day_count=DayCount.BUS_252, business_days=WEEKDAYS),
            "31 days, counted as 21 business days: 1000.00 x 24% x 21/252 = 20.000000",
        ),
    ],
    ids=["per_period", "split", "feb_29", "isda", "afb", "bus_252"],
)
def test_the_days_of_the_convention_are_shown(
    rules: ScheduleConventions, line: str
) -> None:
    terms = planned(
        count=1,
        disbursed_on=dt.date(2023, 12, 15),
        first_due_on=dt.date(2024, 1, 15),
    )

    assert lines(terms, rules, 1)[1] == f"2023-12-15 to 2024-01-15, {line}"


def test_a_short_first_period_says_what_it_counts() -> None:
    # Ten days of a month that would have begun on 15 January.
    terms = planned(EQUAL_PRINCIPAL, disbursed_on=dt.date(2025, 2, 5))
    whole = strict(STRICT_30_360, short_period=ShortPeriod.WHOLE_PERIOD)
    free = strict(STRICT_30_360, short_period=ShortPeriod.INTEREST_FREE)

    assert lines(terms, whole, 1)[1] == (
        "2025-02-05 to 2025-02-15, 10 days, counted as 30, a short first period that "
        "counts whole: 1000.00 x 24% x 30/360 = 20.000000"
    )
    assert lines(terms, free, 1)[1] == (
        "2025-02-05 to 2025-02-15, 10 days, counted as 0, interest-free, as the first "
        "period is short: 1000.00 x 24% x 0/360 = 0.000000"
    )


def test_multiples_are_named_where_they_round() -> None:
    # 25 % a year: 20.8333 rounds to 20.85. With 347.00 a month 340.87 and 7.10 would
    # be left, more than that; so 348.00: 1020.85 - 348.00 = 672.85, which bears
    # 14.0177, so 14.00; 338.85 bears 7.0594, so 7.05; 338.85 + 7.05 = 345.90.
    rules = strict(STRICT_30_360, currency_multiple=5, installment_multiple=100)
    terms = planned(rate="0.25")

    assert lines(terms, rules, 1) == [
        "1, due on 2025-02-15, in EUR",
        f"{MONTH}: 1000.00 x 25% x 30/360 = 20.833333",
        "interest of the period: 20.833333, half_even to a multiple of 0.05: 20.85",
        "equal amount, a multiple of 1.00: 348.00",
        "principal 327.15 + interest 20.85 + fees 0.00 = 348.00",
    ]
    assert lines(terms, rules, 3)[2:] == [
        "interest of the period: 7.059375, half_even to a multiple of 0.05: 7.05",
        "equal amount, a multiple of 1.00: 348.00 - 2.10 remainder "
        "(the last installment takes it) = 345.90",
        "principal 338.85 + interest 7.05 + fees 0.00 = 345.90",
    ]


@pytest.mark.parametrize(
    ("remainder", "first", "last"),
    [
        # 3 x 333.34 are 0.02 too much.
        (Remainder.LAST, "", " - 0.02 remainder (the last installment takes it)"),
        (Remainder.FIRST, " - 0.02 remainder (the first installment takes it)", ""),
        # 3 x 333.33 are 0.01 too little, which is closer.
        (Remainder.SMOOTHED, "", " + 0.01 remainder (the last installment takes it)"),
    ],
)
def test_the_remainder_says_who_takes_it(
    remainder: Remainder, first: str, last: str
) -> None:
    terms, rules = planned(rate="0"), strict(remainder=remainder)
    equal = "333.33" if remainder is Remainder.SMOOTHED else "333.34"

    for number, more in ((1, first), (2, ""), (3, last)):
        *_, line, total = lines(terms, rules, number)
        result = f" = {total.rpartition(' = ')[2]}" if more else ""
        assert line == f"equal amount: {equal}{more}{result}"


def test_weights_balloons_and_fees_are_shown() -> None:
    # 1000.00 in 1 + 2 + 1 parts of 250.00.
    weighted = planned(RepaymentPlan(method=Weighted((1, 2, 1))), rate="0")
    assert lines(weighted, STRICT, 2)[3:5] == [
        "level amount: 250.00 x weight 2 = 500.00",
        "amount of weight 2: 500.00",
    ]
    # 1000.00 less a balloon of 400.00 in three; a fee of 1 % of 600.00, and of 1.50.
    fees = (
        Fee(
            name="service",
            timing=FeeTiming.PER_INSTALLMENT,
            portion=Portion.of_share("0.01"),
            base=FeeBase.OUTSTANDING,
        ),
        Fee(
            name="post",
            timing=FeeTiming.PER_INSTALLMENT,
            portion=Portion.of_amount(Money.of("1.50", EUR)),
        ),
    )
    plan = attrs.evolve(EQUAL_PRINCIPAL, balloon=Portion.of_share("0.4"), fees=fees)

    assert lines(planned(plan), STRICT_30_360, 3)[2:] == [
        "interest of the period: 12.000000, half_even to 12.00",
        "equal principal: 200.00 + 400.00 balloon = 600.00",
        "fee service: 600.00 x 1% = 6.00",
        "fee post: 1.50",
        "principal 600.00 + interest 12.00 + fees 7.50 = 619.50",
    ]


WEIGHTS = (Fraction(1), Fraction("1.05"), Fraction("1.1"))


@pytest.mark.parametrize(
    ("weights", "principal", "rules", "number", "expected"),
    [
        # 1000.00 / 3.15 is 317.4603. 317.46 + 333.33 leave 349.21, which is 1.1 times
        # 317.46, 349.206, rounded. With 317.45 they would leave 349.23.
        (
            WEIGHTS,
            "1000.00",
            STRICT,
            2,
            [
                "level amount: 317.46 x weight 1.05 = 333.333000, half_even to 333.33",
                "amount of weight 1.05: 333.33",
            ],
        ),
        # In whole units: 318 + 334 leave 348, less than 350; 317 + 333 leave 350,
        # more than 349.
        (
            WEIGHTS,
            "1000.00",
            strict(installment_multiple=100),
            2,
            [
                "level amount: 318.00 x weight 1.05 = 333.900000, "
                "half_even to a multiple of 1.00: 334.00",
                "amount of weight 1.05, a multiple of 1.00: 334.00",
            ],
        ),
        (
            WEIGHTS,
            "1000.00",
            strict(installment_multiple=100),
            3,
            [
                "level amount: 318.00 x weight 1.1 = 349.800000, "
                "half_even to a multiple of 1.00: 350.00",
                "amount of weight 1.1, a multiple of 1.00: 350.00 - 2.00 remainder "
                "(the last installment takes it) = 348.00",
            ],
        ),
        # 428.57 + 142.86 leave 428.57.
        (
            (Fraction(1), Fraction(1, 3), Fraction(1)),
            "1000.00",
            STRICT,
            2,
            [
                "level amount: 428.57 x weight 1/3 = 142.856667, half_even to 142.86",
                "amount of weight 1/3: 142.86",
            ],
        ),
        # 250.01 leaves 0.03 too little for the last, 250.00 only 0.01 too much.
        (
            (Fraction(1), Fraction(2), Fraction(1)),
            "1000.01",
            strict(remainder=Remainder.SMOOTHED),
            2,
            ["level amount: 250.00 x weight 2 = 500.00", "amount of weight 2: 500.00"],
        ),
        # The first takes what the equal ones leave: 1000.01 - 3 x 250.01.
        (
            (Fraction(1), Fraction(2), Fraction(1)),
            "1000.01",
            strict(remainder=Remainder.FIRST),
            1,
            [
                "level amount: 250.01 x weight 1 = 250.01",
                "amount of weight 1: 250.01 - 0.03 remainder "
                "(the first installment takes it) = 249.98",
            ],
        ),
        # A weight of no row: 1000.00 / 2 in the others.
        (
            (Fraction(1), Fraction(0), Fraction(1)),
            "1000.00",
            STRICT,
            2,
            ["level amount: 500.00 x weight 0 = 0.00", "amount of weight 0: 0.00"],
        ),
    ],
    ids=["rounded", "multiple", "last", "third", "smoothed", "first", "zero"],
)
def test_an_amount_of_some_weight_is_that_part_of_the_level_amount(
    weights: tuple[Fraction, ...],
    principal: str,
    rules: ScheduleConventions,
    number: int,
    expected: list[str],
) -> None:
    terms = planned(RepaymentPlan(method=Weighted(weights)), principal, "0")

    assert lines(terms, rules, number)[3:5] == expected


def test_a_weight_without_a_short_form_has_twelve_digits() -> None:
    # 1.0333333 twelve times over is 31**12 / 30**12, no decimal and no short fraction:
    # 1.4821264896546...
    method = Graduated(step_share=Fraction(1, 30), step_count=1)
    terms = planned(RepaymentPlan(method=method), rate="0", count=13)

    line = lines(terms, STRICT, 13)[3]

    assert " x weight 1.482126489655 = " in line


FINANCED = Fee(
    name="setup", timing=FeeTiming.FINANCED, portion=Portion.of_share("0.02")
)


def test_a_financed_fee_is_a_step_of_what_is_lent() -> None:
    # 1000.00 less 100.00 that are paid down, and 2 % of 1000.00 on top.
    plan = attrs.evolve(
        EQUAL_PRINCIPAL, down_payment=Portion.of_share("0.1"), fees=(FINANCED,)
    )
    terms = planned(plan, count=2)

    assert lines(terms, STRICT_30_360, 2) == [
        "2, due on 2025-02-15, in EUR",
        "fee setup: 1000.00 x 2% = 20.00, added to the debt",
        "lent: 1000.00 - 100.00 down payment + 20.00 fee setup = 920.00",
        f"{MONTH}: 920.00 x 24% x 30/360 = 18.400000",
        "interest of the period: 18.400000, half_even to 18.40",
        "equal principal: 460.00",
        "principal 460.00 + interest 18.40 + fees 0.00 = 478.40",
    ]
    assert lines(terms, STRICT_30_360, 3)[1] == (
        "2025-02-15 to 2025-03-15, 28 days, counted as 30: "
        "460.00 x 24% x 30/360 = 9.200000"
    )


def test_what_is_paid_out_on_the_first_day_is_lent_together() -> None:
    # 600.00 and a tranche of 400.00 on the same day; 15.00 and 2 % of 1000.00.
    fixed = Fee(
        name="cover",
        timing=FeeTiming.FINANCED,
        portion=Portion.of_amount(Money.of("15.00", EUR)),
    )
    plan = attrs.evolve(EQUAL_PRINCIPAL, fees=(fixed, FINANCED))
    terms = attrs.evolve(
        planned(plan),
        tranches=(
            Tranche(disbursed_on=dt.date(2025, 1, 15), amount=Money.of("400.00", EUR)),
        ),
    )

    assert lines(terms, STRICT_30_360, 1)[1:5] == [
        "fee cover: 15.00, added to the debt",
        "fee setup: 1000.00 x 2% = 20.00, added to the debt",
        "lent: 1000.00 + 15.00 fee cover + 20.00 fee setup = 1035.00",
        f"{MONTH}: 1035.00 x 24% x 30/360 = 20.700000",
    ]


def test_what_is_lent_stands_where_interest_of_the_first_day_is_counted() -> None:
    bullet = planned(RepaymentPlan(method=Bullet(), fees=(FINANCED,)), count=2)
    flat = planned(RepaymentPlan(method=FlatInterest(), fees=(FINANCED,)), count=2)
    fee = "fee setup: 1000.00 x 2% = 20.00, added to the debt"

    assert fee not in lines(bullet, STRICT_30_360, 1)
    assert lines(bullet, STRICT_30_360, 2)[1] == fee
    for number in (1, 2):
        assert lines(flat, STRICT_30_360, number)[1] == fee


@pytest.mark.parametrize(
    ("disbursed_on", "counted", "factor"),
    [
        # On regular dates of the loan a month is a month: 0.07 x 30/360.
        (dt.date(2024, 12, 31), "1 month", "0.005833333333"),
        # Else a month runs to 28 March, and three of the 31 days to 28 April are
        # left: 0.07 x 30/360 x (1 + 3/31).
        (dt.date(2024, 12, 28), "1.096774 months", "0.006397849462"),
    ],
)
def test_that_engine_counts_the_months_of_a_period(
    disbursed_on: dt.date, counted: str, factor: str
) -> None:
    plan = RepaymentPlan(method=InterestOnly())
    terms = planned(
        plan,
        rate="0.07",
        disbursed_on=disbursed_on,
        first_due_on=dt.date(2025, 1, 31),
    )

    assert lines(terms, FINERACT, 3)[1].startswith(
        f"2025-02-28 to 2025-03-31, 31 days, counted as {counted}: 1000.00 x {factor}"
    )


def test_the_cumulative_engine_counts_months_and_weeks() -> None:
    # A month from 15 January, by months of 30 days: 12 % x 30/365 of 1000.00.
    by_days = strict(
        FINERACT_CUMULATIVE,
        accrual=Accrual.DAILY,
        day_count=SplitDayCount(
            days_in_year=DaysInYear.DAYS_365, days_in_month=DaysInMonth.DAYS_30
        ),
    )
    assert lines(planned(EQUAL_PRINCIPAL, rate="0.12"), by_days, 1)[1] == (
        "2025-01-15 to 2025-02-15, 31 days, counted as 1 month: "
        "1000.00 x 0.009863013699 (at 12% a year) = 9.863014, half_even to 9.86"
    )
    # Two weeks are 2/52 of a year, a tranche after three days or not: 5.20 % x 2/52.
    # By periods, both parts count whole where partial ones do not count.
    whole = strict(
        FINERACT_CUMULATIVE,
        accrual=Accrual.PER_PERIOD,
        short_period=ShortPeriod.WHOLE_PERIOD,
    )
    terms = attrs.evolve(
        planned(
            EQUAL_PRINCIPAL,
            rate="0.052",
            frequency=Frequency.BIWEEKLY,
            first_due_on=dt.date(2025, 1, 29),
        ),
        tranches=(
            Tranche(disbursed_on=dt.date(2025, 1, 18), amount=Money.of("400.00", EUR)),
        ),
    )
    assert lines(terms, whole, 1)[1:3] == [
        "2025-01-15 to 2025-01-18, 3 days, counted as 2 weeks: "
        "600.00 x 0.002000000000 (at 5.2% a year) = 1.200000, half_even to 1.20",
        "2025-01-18 to 2025-01-29, 11 days, counted as 2 weeks: "
        "1000.00 x 0.002000000000 (at 5.2% a year) = 2.000000, half_even to 2.00",
    ]


def test_days_that_count_as_they_are_name_no_months() -> None:
    # Across New Year that engine counts days by the length of their year: 17 of 366
    # and 14 of 365, though its months have 30 days.
    rules = strict(
        FINERACT,
        day_count=SplitDayCount(
            days_in_year=DaysInYear.ACTUAL, days_in_month=DaysInMonth.DAYS_30
        ),
    )
    terms = planned(
        RepaymentPlan(method=InterestOnly()),
        rate="0.07",
        count=2,
        disbursed_on=dt.date(2024, 12, 14),
        first_due_on=dt.date(2025, 1, 14),
    )

    # 0.07 x (17/366 + 14/365) = 0.005936297627.
    assert lines(terms, rules, 1)[1] == (
        "2024-12-14 to 2025-01-14, 31 days: "
        "1000.00 x 0.005936297627 (at 7% a year) = 5.936298"
    )


def test_an_agreed_principal_is_shown() -> None:
    parts = (Money.of("700.00", EUR), Money.of("300.00", EUR))
    terms = planned(RepaymentPlan(method=CustomPrincipal(parts)), count=2)

    assert lines(terms, STRICT_30_360, 1)[3:] == [
        "agreed principal: 700.00",
        "principal 700.00 + interest 20.00 + fees 0.00 = 720.00",
    ]


DAYS_365 = SplitDayCount(
    days_in_year=DaysInYear.DAYS_365, days_in_month=DaysInMonth.ACTUAL
)


def test_that_engine_shows_its_factor_to_the_due_date() -> None:
    # 7 %: 0.07 x 30/360 = 0.0058333... for the month, of which 10 days take 10/31;
    # from 25 January on 0.0058333... x 21/31 = 0.0039516129.... 1.129032 + 3.951613.
    terms = attrs.evolve(
        planned(RepaymentPlan(method=InterestOnly()), rate="0.07", count=2),
        tranches=(
            Tranche(disbursed_on=dt.date(2025, 1, 25), amount=Money.of("400.00", EUR)),
        ),
    )

    assert lines(terms, FINERACT, 1) == [
        "1, due on 2025-02-15, in EUR",
        "2025-01-15 to 2025-01-25, 10 days of a period counted as 1 month: "
        "600.00 x 0.005833333333 x 10/31 (at 7% a year) = 1.129032",
        "2025-01-25 to 2025-02-15, 21 days of a period counted as 1 month: "
        "1000.00 x 0.003951612903 (at 7% a year) = 3.951613",
        "interest of the period: 5.080645, half_even to 5.08",
        "no principal is due yet",
        "principal 0.00 + interest 5.08 + fees 0.00 = 5.08",
    ]
    # 1000.00 and 5.8333.
    assert lines(terms, FINERACT, 2)[1:] == [
        "2025-02-15 to 2025-03-15, 28 days, counted as 1 month: "
        "1000.00 x 0.005833333333 (at 7% a year) = 5.833333",
        "interest of the period: 5.833333, half_even to 5.83",
        "the last installment repays all that is left",
        "principal 1000.00 + interest 5.83 + fees 0.00 = 1005.83",
    ]


def test_that_engine_leaves_interest_to_the_next_row() -> None:
    # 1 % a day: 310.00 for 31 days. Sixty installments repay little more than the
    # interest of a month; the multiple of 250.00 that is next to that is 250.00.
    rules = strict(
        FINERACT,
        day_count=DAYS_365,
        installment_multiple=25_000,
        remainder=Remainder.LAST,
    )
    terms = planned(rate="3.65", count=60)

    assert lines(terms, rules, 1) == [
        "1, due on 2025-02-15, in EUR",
        "2025-01-15 to 2025-02-15, 31 days: "
        "1000.00 x 0.310000000000 (at 365% a year) = 310.000000",
        "interest of the period: 310.000000, half_even to 310.00",
        "more than the installment, waits for the next: 60.00",
        "interest due: 310.00 - 60.00 = 250.00",
        "equal amount, a multiple of 250.00: 250.00",
        "principal 0.00 + interest 250.00 + fees 0.00 = 250.00",
    ]
    # 28 days: 280.00 and the 60.00, less 250.00.
    assert lines(terms, rules, 2)[3:] == [
        "left over by earlier installments, due now: 60.00",
        "more than the installment, waits for the next: 90.00",
        "interest due: 280.00 + 60.00 - 90.00 = 250.00",
        "equal amount, a multiple of 250.00: 250.00",
        "principal 0.00 + interest 250.00 + fees 0.00 = 250.00",
    ]


def test_that_engine_keeps_an_installment_of_grace_through_a_pause() -> None:
    # 0.1 % a day: 31.00 were foreseen; 10 days are paused, so that 10.00 repay.
    plan = RepaymentPlan(method=EqualInstallments(), grace=Grace(principal_count=1))
    terms = attrs.evolve(
        planned(plan, rate="0.365", count=2),
        interest_pauses=(InterestPause(dt.date(2025, 1, 25), dt.date(2025, 2, 4)),),
    )

    assert lines(terms, strict(FINERACT, day_count=DAYS_365), 1) == [
        "1, due on 2025-02-15, in EUR",
        "2025-01-15 to 2025-01-24, 9 days: "
        "1000.00 x 0.031000000000 x 9/31 (at 36.5% a year) = 9.000000",
        "2025-01-24 to 2025-02-03, 10 days, paused: 1000.00 x 0% = 0.000000",
        "2025-02-03 to 2025-02-15, 12 days: "
        "1000.00 x 0.012000000000 (at 36.5% a year) = 12.000000",
        "interest of the period: 21.000000, half_even to 21.00",
        "interest as foreseen, which stays due: 31.00",
        "principal 10.00 + interest 21.00 + fees 0.00 = 31.00",
    ]


def test_the_cumulative_engine_rounds_each_slice() -> None:
    # 0.1 % a day: 600.40 for 10 days 6.004, 1000.19 for 21 days 21.00399. Each is
    # rounded, 6.00 + 21.00; together they would be 27.01. 1000.19 / 3 = 333.396....
    terms = attrs.evolve(
        planned(EQUAL_PRINCIPAL, "1000.19", "0.365"),
        tranches=(
            Tranche(disbursed_on=dt.date(2025, 1, 25), amount=Money.of("399.79", EUR)),
        ),
    )
    rules = strict(FINERACT_CUMULATIVE, accrual=Accrual.DAILY)

    assert lines(terms, rules, 1) == [
        "1, due on 2025-02-15, in EUR",
        "2025-01-15 to 2025-01-25, 10 days: "
        "600.40 x 0.010000000000 (at 36.5% a year) = 6.004000, half_even to 6.00",
        "2025-01-25 to 2025-02-15, 21 days: "
        "1000.19 x 0.021000000000 (at 36.5% a year) = 21.003990, half_even to 21.00",
        "interest of the period: 27.00",
        "equal principal: 333.40",
        "principal 333.40 + interest 27.00 + fees 0.00 = 360.40",
    ]
    # 2 x 333.40 leave 333.39, one cent less.
    assert lines(terms, rules, 3)[3] == (
        "equal principal: 333.40 - 0.01 remainder "
        "(the last installment takes it) = 333.39"
    )


def test_the_cumulative_engine_shares_flat_interest() -> None:
    # 100.00 at 12 % for three months: 3.00, in three. 100.00 / 3 = 33.33, so that the
    # last repays 33.34.
    terms = planned(RepaymentPlan(method=FlatInterest()), "100.00", "0.12")

    assert lines(terms, FINERACT_CUMULATIVE, 3) == [
        "3, due on 2025-04-15, in EUR",
        "2025-01-15 to 2025-04-15, 90 days, counted as 3 months: "
        "100.00 x 0.030000000000 (at 12% a year) = 3.000000",
        "interest of the whole term: 3.000000, half_even to 3.00",
        "one of 3 shares: 1.00",
        "equal amount: 34.33 + 0.01 remainder (the last installment takes it) = 34.34",
        "principal 33.34 + interest 1.00 + fees 0.00 = 34.34",
    ]


def test_a_smaller_share_of_flat_interest_is_named() -> None:
    # 0.75 % of 2.00 are 0.015, up to 0.02. A tenth of that, up, is 0.01; two rows take
    # it and the third finds none left.
    terms = planned(RepaymentPlan(method=FlatInterest()), "2.00", "0.009", 10)
    rules = strict(FINERACT_CUMULATIVE, rounding=Rounding.UP)

    assert lines(terms, rules, 3)[2:] == [
        "interest of the whole term: 0.015000, up to 0.02",
        "one of 10 shares: 0.01 - 0.01 of what does not divide = 0.00",
        "equal amount: 0.21 - 0.01 remainder "
        "(its share of the interest is smaller) = 0.20",
        "principal 0.20 + interest 0.00 + fees 0.00 = 0.20",
    ]


def test_a_working_without_a_currency_is_in_minor_units() -> None:
    working = build_schedule(planned(count=1), STRICT_30_360).explain(1)

    assert str(attrs.evolve(working, currency=None)).splitlines() == [
        "1, due on 2025-02-15, in minor units",
        f"{MONTH}: 100000 x 24% x 30/360 = 2000.0000",
        "interest of the period: 2000.0000, half_even to 2000",
        "equal amount: 102000",
        "principal 100000 + interest 2000 + fees 0 = 102000",
    ]


def test_a_notebook_shows_the_same_lines_as_text() -> None:
    working = build_schedule(planned(), STRICT_30_360).explain(2)
    heading, *body = str(working).splitlines()

    assert working._repr_html_() == html_table((heading,), [(line,) for line in body])


def test_a_part_of_a_merged_row_can_be_read_alone() -> None:
    terms = planned(
        EQUAL_PRINCIPAL,
        "600.00",
        "0.365",
        6,
        frequency=Frequency.DAILY,
        first_due_on=dt.date(2025, 1, 16),
    )
    part = build_schedule(terms, strict(business_days=WEEKDAYS)).explain(3).parts[1]

    assert str(part).splitlines()[0] == (
        "4, due on 2025-01-20, moved from 2025-01-19, in EUR"
    )
