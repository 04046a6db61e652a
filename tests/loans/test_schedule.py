from __future__ import annotations

import datetime as dt
import itertools
import json
from fractions import Fraction

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, Money, ScheduleError
from microcrm_core.dates import (
    BusinessCalendar,
    BusinessDayRule,
    DayCount,
    Frequency,
    RollRule,
)
from microcrm_core.loans import (
    STRICT,
    Bullet,
    BusinessDays,
    Collision,
    EqualInstallments,
    Fee,
    FeeTiming,
    InterestDate,
    LoanTerms,
    Portion,
    RepaymentPlan,
    Schedule,
    ScheduleConventions,
    build_schedule,
    schedule_from_plain,
)
from microcrm_core.rates import Rate
from microcrm_core.rounding import Rounding, round_fraction
from tests.loans.loan_cases import (
    EUR,
    all_conventions,
    all_terms,
    brute_force_level,
    conventions,
    last_minus_level,
    make_terms,
    period_factors,
)

THIRTY_360 = conventions(day_count=DayCount.THIRTY_360_BOND)


def built(terms: LoanTerms, rules: ScheduleConventions) -> Schedule:
    """Return the schedule; drop the example if the terms allow none."""
    try:
        return build_schedule(terms, rules)
    except ScheduleError:
        assume(False)
        raise


@pytest.mark.parametrize(
    ("principal", "annual_ppm", "count", "frequency", "first_due_on", "rows"),
    [
        # Scenario C3157: 12 % a year, every two months.
        (
            "100.00",
            120_000,
            3,
            "P2M",
            dt.date(2024, 3, 1),
            "67.32 2.00|33.99 1.35|0.00 0.68",
        ),
        # Scenario C3165: 12.3 % a year, monthly.
        (
            "75.00",
            123_000,
            5,
            "monthly",
            dt.date(2024, 2, 1),
            "60.30 0.77|45.45 0.62|30.45 0.47|15.29 0.31",
        ),
    ],
)
def test_schedules_equal_those_of_a_core_banking_engine(
    principal: str,
    annual_ppm: int,
    count: int,
    frequency: str,
    first_due_on: dt.date,
    rows: str,
) -> None:
    # Apache Fineract, EMICalculation.feature: balance and interest of each period,
    # disbursed on 1 January 2024, 30/360. Both end with an installment that is no
    # larger than the others, as our schedules do; that engine does not promise it.
    terms = LoanTerms(
        principal=Money.of(principal, EUR),
        nominal_rate=Rate.of_ppm(annual_ppm),
        installment_count=count,
        frequency=Frequency.of(frequency),
        disbursed_on=dt.date(2024, 1, 1),
        first_due_on=first_due_on,
    )

    columns = build_schedule(terms, THIRTY_360).to_columns()

    pairs = zip(columns["outstanding"], columns["interest"], strict=True)
    shown = [f"{outstanding} {interest}" for outstanding, interest in pairs]
    expected = rows.split("|")
    assert shown[: len(expected)] == expected


def test_a_loan_without_interest_leaves_the_rest_to_the_last_installment() -> None:
    # 1000 / 3: with 333 the last would be 334, larger than the others.
    schedule = build_schedule(make_terms(1000, 0, 3), STRICT)

    assert schedule.total_minor == (334, 334, 332)
    assert schedule.level_installment == Money(334, EUR)
    assert schedule.total_interest == Money(0, EUR)


def test_one_installment_pays_principal_and_interest() -> None:
    # 365 days of ACT/365F are a year: 24 % of 1000.00.
    terms = make_terms(
        100_000,
        240_000,
        1,
        disbursed_on=dt.date(2025, 1, 15),
        first_due_on=dt.date(2026, 1, 15),
    )

    schedule = build_schedule(terms, STRICT)

    assert schedule.total == Money(124_000, EUR)
    assert schedule.outstanding_minor == (0,)


def test_a_tiny_principal_leaves_empty_installments_at_the_end() -> None:
    schedule = build_schedule(make_terms(5, 0, 8), STRICT)

    assert schedule.total_minor == (1, 1, 1, 1, 1, 0, 0, 0)
    assert len(schedule.due_on) == 8


def test_interest_on_half_a_unit_goes_to_the_even_neighbor() -> None:
    # At 10 % on ACT/365F, 1825 minor units earn exactly half a unit a day.
    def interest(days: int, rounding: Rounding) -> int:
        disbursed_on = dt.date(2025, 1, 1)
        terms = make_terms(
            1825,
            100_000,
            1,
            disbursed_on=disbursed_on,
            first_due_on=disbursed_on + dt.timedelta(days=days),
        )
        return build_schedule(terms, conventions(rounding=rounding)).interest_minor[0]

    assert [interest(1, Rounding.HALF_EVEN), interest(3, Rounding.HALF_EVEN)] == [0, 2]
    assert [interest(1, Rounding.HALF_UP), interest(3, Rounding.HALF_UP)] == [1, 2]
    assert [interest(1, Rounding.HALF_DOWN), interest(3, Rounding.HALF_DOWN)] == [0, 1]


@pytest.mark.parametrize(
    ("roll", "february", "march"),
    [
        (RollRule.DAY_OF_MONTH, dt.date(2024, 2, 29), dt.date(2024, 3, 31)),
        (RollRule.NEXT_MONTH_FIRST, dt.date(2024, 3, 1), dt.date(2024, 3, 31)),
    ],
)
def test_due_dates_on_the_31st_follow_the_roll_rule(
    roll: RollRule, february: dt.date, march: dt.date
) -> None:
    terms = make_terms(
        disbursed_on=dt.date(2023, 12, 31), first_due_on=dt.date(2024, 1, 31)
    )

    schedule = build_schedule(terms, conventions(roll=roll))

    assert schedule.due_on[1:3] == (february, march)


def test_a_debt_that_would_grow_is_refused_with_the_installment() -> None:
    terms = make_terms(annual_ppm=1_000_000, first_due_on=dt.date(2029, 1, 15))

    with pytest.raises(ScheduleError, match="must cover the interest") as error:
        build_schedule(terms, STRICT)

    assert (error.value.number, error.value.count) == (1, 12)


def test_due_dates_outside_the_calendar_are_refused() -> None:
    terms = make_terms(
        disbursed_on=dt.date(9999, 1, 1), first_due_on=dt.date(9999, 2, 1)
    )

    with pytest.raises(InvalidValueError, match="9999"):
        build_schedule(terms, STRICT)


@pytest.mark.parametrize(
    ("principal_minor", "year", "rate_ppm"),
    [
        *itertools.product([1, 10**14], [1900, 2149], [0, 1, 240_000, 4_000_000]),
        (10**40, 2149, 1),
        (10**40, 2149, 4_000_000),
        (10**400, 2149, 240_000),
    ],
    ids=lambda value: str(value) if value < 10**40 else f"1e{len(str(value)) - 1}",
)
def test_extreme_loans_keep_the_property(
    principal_minor: int, year: int, rate_ppm: int
) -> None:
    # 600 months; amounts beyond any float. Equal periods, so that at 400 % no long
    # month costs more than the installment.
    terms = make_terms(
        principal_minor,
        rate_ppm,
        600,
        disbursed_on=dt.date(year, 1, 15),
        first_due_on=dt.date(year, 2, 15),
    )
    factors = period_factors(terms, THIRTY_360)

    level_minor = build_schedule(terms, THIRTY_360).level_installment.minor

    assert last_minus_level(terms, factors, level_minor) <= 0
    assert last_minus_level(terms, factors, level_minor - 1) > 0


@given(
    terms=all_terms(principal_max=400, annual_ppm_max=1_000_000),
    rules=all_conventions(),
)
def test_the_level_installment_is_what_trying_every_amount_finds(
    terms: LoanTerms, rules: ScheduleConventions
) -> None:
    schedule = built(terms, rules)

    assert schedule.level_installment.minor == brute_force_level(terms, rules)


@given(terms=all_terms(principal_max=10**15), rules=all_conventions())
def test_a_schedule_keeps_the_property_that_defines_it(
    terms: LoanTerms, rules: ScheduleConventions
) -> None:
    schedule = built(terms, rules)
    level_minor = schedule.level_installment.minor
    factors = period_factors(terms, rules)

    assert max(schedule.total_minor) == level_minor
    assert last_minus_level(terms, factors, level_minor, rules.rounding) <= 0
    assert last_minus_level(terms, factors, level_minor - 1, rules.rounding) > 0


@given(terms=all_terms(), rules=all_conventions())
def test_a_schedule_repays_the_principal_and_its_interest(
    terms: LoanTerms, rules: ScheduleConventions
) -> None:
    schedule = built(terms, rules)
    before_minor = (terms.principal.minor, *schedule.outstanding_minor[:-1])
    interest_minor = [
        round_fraction(minor * factor, rules.rounding)
        for minor, factor in zip(
            before_minor, period_factors(terms, rules), strict=True
        )
    ]

    assert schedule.interest_minor == tuple(interest_minor)
    assert sum(schedule.principal_minor) == terms.principal.minor
    assert min(schedule.principal_minor) >= 0
    assert schedule.outstanding_minor[-1] == 0
    assert [
        before - principal
        for before, principal in zip(
            before_minor, schedule.principal_minor, strict=True
        )
    ] == list(schedule.outstanding_minor)
    assert all(
        earlier < later
        for earlier, later in zip(schedule.due_on, schedule.due_on[1:], strict=False)
    )


@given(terms=all_terms(), more_minor=st.integers(1, 10**6))
def test_a_larger_principal_never_lowers_the_installment(
    terms: LoanTerms, more_minor: int
) -> None:
    more = attrs.evolve(terms, principal=terms.principal + Money(more_minor, EUR))

    level = built(terms, STRICT).level_installment
    assert built(more, STRICT).level_installment >= level


@given(terms=all_terms(), more_ppm=st.integers(1, 10**6))
def test_a_higher_rate_never_lowers_the_installment(
    terms: LoanTerms, more_ppm: int
) -> None:
    rate = Rate(terms.nominal_rate.annual_fraction + Fraction(more_ppm, 10**6))
    dearer = attrs.evolve(terms, nominal_rate=rate)

    level = built(terms, STRICT).level_installment
    assert built(dearer, STRICT).level_installment >= level


@given(terms=all_terms(), weeks=st.integers(1, 500))
def test_moving_weekly_dates_by_whole_weeks_moves_nothing_else(
    terms: LoanTerms, weeks: int
) -> None:
    terms = attrs.evolve(terms, frequency=Frequency.WEEKLY)
    later = attrs.evolve(
        terms,
        disbursed_on=terms.disbursed_on + dt.timedelta(weeks=weeks),
        first_due_on=terms.first_due_on + dt.timedelta(weeks=weeks),
    )

    first, second = built(terms, STRICT), built(later, STRICT)

    assert first.principal_minor == second.principal_minor
    assert first.interest_minor == second.interest_minor


def test_rows_and_columns_say_the_same() -> None:
    schedule = build_schedule(make_terms(), STRICT)

    columns = schedule.to_columns()

    for row, installment in enumerate(schedule.installments):
        assert columns["number"][row] == installment.number == row + 1
        assert columns["due_on"][row] == installment.due_on
        assert columns["principal"][row] == installment.principal.amount
        assert columns["interest"][row] == installment.interest.amount
        assert columns["total"][row] == installment.total.amount
        assert columns["outstanding"][row] == installment.outstanding.amount


@pytest.mark.parametrize("number", [0, 13, -1])
def test_an_installment_that_is_not_there_is_refused(number: int) -> None:
    with pytest.raises(InvalidValueError, match="from 1 to 12"):
        build_schedule(make_terms(), STRICT).installment(number)


def test_the_text_table_is_aligned_and_adds_up() -> None:
    schedule = build_schedule(make_terms(), STRICT)

    lines = str(schedule).splitlines()

    assert len(lines) == 14
    headings = "due on principal EUR interest total outstanding"
    assert " ".join(lines[0].split()) == headings
    assert lines[-1].split() == [
        "total",
        "1000.00",
        str(schedule.total_interest.amount),
        str(schedule.total.amount),
    ]
    assert len({line.rindex(".") for line in lines[1:-1]}) == 1


def test_the_html_table_has_a_line_for_each_installment() -> None:
    html = build_schedule(make_terms(), STRICT)._repr_html_()

    assert html.count("<tr>") == 14
    assert "<td>2025-02-15</td>" in html


def test_a_schedule_shows_itself_in_one_line() -> None:
    # A schedule of nothing but principal: the totals follow from the terms.
    terms = make_terms(100_000, 0, 12)

    assert repr(build_schedule(terms, STRICT)) == (
        "Schedule(EUR 1000.00 in 12 rows from 2025-02-15 to 2026-01-15, "
        "interest 0.00, total 1000.00, strict)"
    )


@pytest.mark.parametrize("number", ["3", 3.0, True, None])
def test_a_number_of_another_kind_is_refused(number: int) -> None:
    schedule = build_schedule(make_terms(1000, 0, 3), STRICT)

    for ask in (schedule.installment, schedule.explain):
        with pytest.raises(InvalidValueError, match="number must be a whole number"):
            ask(number)


def test_arguments_of_another_kind_are_refused_with_what_to_write() -> None:
    terms = make_terms(1000, 0, 3)

    with pytest.raises(InvalidValueError, match="must be ScheduleConventions") as error:
        build_schedule(terms, "STRICT")  # type: ignore[arg-type]  # a likely slip
    assert error.value.field == "conventions"
    assert "microcrm_core.STRICT" in str(error.value)
    with pytest.raises(InvalidValueError, match="terms must be LoanTerms"):
        build_schedule(STRICT, terms)  # type: ignore[arg-type]  # a likely slip


def test_the_json_holds_terms_conventions_and_rows_and_is_read_back() -> None:
    schedule = build_schedule(make_terms(1000, 0, 3), STRICT)

    plain = json.loads(schedule.to_json())

    assert schedule_from_plain(plain) == schedule
    principals = [row["principal_minor"] for row in plain["installments"]]
    assert principals == [334, 334, 332]
    assert plain["conventions"]["id"] == "strict"
    assert plain["terms"]["principal"] == {"currency": "EUR", "minor": 1000}


def test_columns_that_are_no_schedule_are_refused() -> None:
    schedule = build_schedule(make_terms(1000, 0, 3), STRICT)

    with pytest.raises(InvalidValueError, match="all that is owed, 1000, got 1001"):
        attrs.evolve(schedule, principal_minor=(334, 334, 333))
    with pytest.raises(InvalidValueError, match="all that is owed, 1001, got 1000"):
        attrs.evolve(schedule, capitalized_minor=(1, 0, 0))
    with pytest.raises(InvalidValueError, match="one for each row"):
        attrs.evolve(schedule, due_day=schedule.due_day[:2])


def test_columns_of_fees_and_down_payments_appear_where_some_row_has_them() -> None:
    plain = build_schedule(make_terms(), STRICT)
    plan = RepaymentPlan(
        method=EqualInstallments(),
        down_payment=Portion.of_share("0.2"),
        fees=(
            Fee(
                name="service",
                timing=FeeTiming.PER_INSTALLMENT,
                portion=Portion.of_amount(Money(100, EUR)),
            ),
        ),
    )
    schedule = build_schedule(attrs.evolve(make_terms(), plan=plan), STRICT)
    bullet = RepaymentPlan(method=Bullet(is_compounded=True))
    grown = build_schedule(attrs.evolve(make_terms(), plan=bullet), STRICT)

    names = ["number", "due_on", "principal", "interest", "total", "outstanding"]
    assert list(plain.to_columns()) == names
    assert set(schedule.to_columns()) - set(names) == {"is_down_payment", "fees"}
    assert set(grown.to_columns()) - set(names) == {"capitalized"}
    headings = "due on down payment principal EUR interest fees total outstanding"
    first, second, *_ = str(schedule).splitlines()
    assert " ".join(first.split()) == headings
    assert second.split() == [
        "1",
        "2025-01-15",
        "yes",
        "200.00",
        "0.00",
        "0.00",
        "200.00",
        "800.00",
    ]
    assert schedule._repr_html_().count("<td>yes</td>") == 1
    assert len(schedule) == 13


def test_an_explanation_can_be_followed_on_paper() -> None:
    # Half a cent a day, as in the ties above: it goes to the even neighbor, zero.
    terms = make_terms(
        1825,
        100_000,
        2,
        disbursed_on=dt.date(2025, 1, 1),
        first_due_on=dt.date(2025, 1, 2),
    )
    schedule = build_schedule(terms, STRICT)

    assert str(schedule.explain(1)).splitlines() == [
        "1, due on 2025-01-02, in EUR",
        "2025-01-01 to 2025-01-02, 1 day: 18.25 x 10% x 1/365 = 0.005000",
        "interest of the period: 0.005000, half_even to 0.00",
        "equal amount: 9.17",
        "principal 9.17 + interest 0.00 + fees 0.00 = 9.17",
    ]
    last = str(schedule.explain(2))
    assert "equal amount: 9.17 - 0.01 remainder" in last
    assert schedule.explain(1)._repr_html_().count("<tr>") == 5
    assert schedule.explain(1).rounded_minor == Fraction(-1, 2)


def test_a_down_payment_explains_itself_without_interest() -> None:
    plan = RepaymentPlan(
        method=EqualInstallments(), down_payment=Portion.of_share("0.2")
    )
    schedule = build_schedule(attrs.evolve(make_terms(), plan=plan), STRICT)

    assert str(schedule.explain(1)).splitlines() == [
        "1, due on 2025-01-15, in EUR",
        "down payment: due when the loan is paid out, without interest",
        "principal 200.00 + interest 0.00 + fees 0.00 = 200.00",
    ]
    with pytest.raises(InvalidValueError, match="from 1 to 13"):
        schedule.explain(14)


@given(terms=all_terms(), rules=all_conventions())
def test_every_row_explains_what_the_columns_hold(
    terms: LoanTerms, rules: ScheduleConventions
) -> None:
    schedule = built(terms, rules)

    for row in schedule.installments:
        working = schedule.explain(row.number)
        assert working.due_on == row.due_on
        assert working.principal_minor == row.principal_minor
        assert working.interest_due_minor == row.interest_minor
        assert working.equal_minor == schedule.explain(1).equal_minor
        assert working.equal_minor is not None
        assert working.remainder_minor == row.total_minor - working.equal_minor


def test_rows_that_become_one_add_up_their_fees_and_show_all_their_slices() -> None:
    # Six daily installments of 1.00 from a Thursday; three of them meet on Monday.
    service = Fee(
        name="service",
        timing=FeeTiming.PER_INSTALLMENT,
        portion=Portion.of_amount(Money(5, EUR)),
    )
    terms = make_terms(
        600,
        0,
        6,
        frequency=Frequency.DAILY,
        disbursed_on=dt.date(2025, 1, 15),
        first_due_on=dt.date(2025, 1, 16),
    )
    plan = RepaymentPlan(method=EqualInstallments(), fees=(service,))
    business_days = BusinessDays(
        rule=BusinessDayRule.FOLLOWING,
        calendar=BusinessCalendar(name="weekends"),
        interest_to=InterestDate.ORIGINAL,
        collision=Collision.MERGED,
    )
    rules = attrs.evolve(STRICT, id="merged", business_days=business_days)
    schedule = build_schedule(attrs.evolve(terms, plan=plan), rules)

    assert schedule.principal_minor == (100, 100, 300, 100)
    assert schedule.fees_minor == (5, 5, 15, 5)
    assert [on.day for on in schedule.due_on] == [16, 17, 20, 21]
    working = schedule.explain(3)
    assert [part.end_on.day for part in working.slices] == [18, 19, 20]
    assert working.equal_minor is None
    assert (working.principal_minor, working.fees_minor) == (300, 15)
