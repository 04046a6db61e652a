"""Loans at the edges, by every method, in both twins: right or refused.

What is right comes from an oracle that does not call the library (`amount_oracle`), or
was worked by hand; a refusal names the field, the rule and the value.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction

import attrs
import pytest

from microcrm_core import InvalidValueError, Money
from microcrm_core.dates import RollRule
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    STRICT,
    STRICT_30_360,
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    DaysInMonth,
    DaysInYear,
    EqualInstallments,
    EqualPrincipal,
    FlatInterest,
    Graduated,
    InterestOnly,
    LoanTerms,
    RepaymentMethod,
    RepaymentPlan,
    ScheduleConventions,
    Seasonal,
    SplitDayCount,
    UnpaidInterest,
    Weighted,
    build_schedule,
)
from microcrm_core.loans.batch import build_schedules
from microcrm_core.loans.columns_batch import LoanColumns
from tests.loans.amount_oracle import AmountRow, LoanOracle, RefusedError, amount_rows
from tests.loans.loan_cases import EUR, make_loan, make_terms
from tests.loans.time_oracle import series_on

EPOCH = dt.date(1970, 1, 1)


def _dated(disbursed_on: str, first_due_on: str, count: int = 14) -> LoanTerms:
    return make_terms(
        123_457,
        180_000,
        count,
        disbursed_on=dt.date.fromisoformat(disbursed_on),
        first_due_on=dt.date.fromisoformat(first_due_on),
    )


EDGES = {
    "zero rate": make_terms(100_000, 0, 7),
    "zero rate that divides": make_terms(84_000, 0, 7),
    "one installment": make_terms(100_050, 240_000, 1),
    "one installment after a day": _dated("2025-01-15", "2025-01-16", 1),
    "one cent": make_terms(1, 240_000, 12),
    "one cent in one": make_terms(1, 4_000_000, 1),
    "1e12 minor units": make_terms(10**12, 240_000, 12),
    "600 installments": make_terms(10**8, 60_000, 600),
    "600 of nothing": make_terms(599, 0, 600),
    "400 %": make_terms(100_000, 4_000_000, 12),
    "400 % in 600": make_terms(100_000, 4_000_000, 600),
    "payment below interest": make_terms(
        100_000, 4_000_000, 24, first_due_on=dt.date(2025, 12, 15)
    ),
    "1900": _dated("1900-01-31", "1900-02-28"),
    "2199": _dated("2198-11-30", "2198-12-31"),
    "29th to a common February": _dated("2022-12-29", "2023-01-29"),
    "29th to a leap February": _dated("2023-12-29", "2024-01-29"),
    "29 February first": _dated("2024-01-31", "2024-02-29"),
    "30th to a common February": _dated("2022-12-30", "2023-01-30"),
    "30th to a leap February": _dated("2023-12-30", "2024-01-30"),
    "31st to a common February": _dated("2022-12-31", "2023-01-31"),
    "31st to a leap February": _dated("2023-12-31", "2024-01-31"),
}
METHODS: dict[str, Callable[[int, int], RepaymentMethod]] = {
    "equal": lambda _minor, _count: EqualInstallments(),
    "principal": lambda _minor, _count: EqualPrincipal(),
    "interest only": lambda _minor, _count: InterestOnly(),
    "bullet": lambda _minor, _count: Bullet(),
    "compounded": lambda _minor, _count: Bullet(is_compounded=True),
    "flat": lambda _minor, _count: FlatInterest(),
    "graduated": lambda _minor, count: Graduated.of(
        step_share="0.05", step_count=-(-count // 3)
    ),
    "weighted": lambda _minor, count: Weighted((1,) * (count - 1) + (2,)),
    "seasonal": lambda _minor, _count: Seasonal((1, 1, 2, 1, 1, 2, 1, 1, 1, 3, 1, 1)),
    "agreed principal": lambda minor, count: CustomPrincipal(
        tuple(
            Money(minor * (row + 1) // count - minor * row // count, EUR)
            for row in range(count)
        )
    ),
    "agreed installments": lambda minor, count: CustomInstallments(
        (Money(minor // count * 2, EUR),) * (count - 1)
    ),
}
PARTS = ("principal_minor", "interest_minor", "capitalized_minor")
RULES = {"strict": STRICT, "strict 30/360": STRICT_30_360}
# One loan of fifty years by actual days is enough.
DATED_EDGES = [
    (edge, name)
    for edge in EDGES
    for name in RULES
    if name != "strict" or edge not in ("600 of nothing", "400 % in 600")
]


def planned(
    terms: LoanTerms, method: str, unpaid: UnpaidInterest = UnpaidInterest.REFUSED
) -> LoanTerms:
    made = METHODS[method](terms.principal.minor, terms.installment_count)
    plan = RepaymentPlan(method=made, unpaid_interest=unpaid)
    return attrs.evolve(terms, plan=plan)


def expected_rows(
    terms: LoanTerms, rules: ScheduleConventions
) -> list[AmountRow] | None:
    """Return the rows of the oracle; None: an installment is below its interest."""
    try:
        return amount_rows(terms, rules)
    except RefusedError as refused:
        if str(refused) != "installment":
            raise
        return None


def columns_of(terms: LoanTerms) -> LoanColumns:
    loan = make_loan(terms)
    return LoanColumns.from_loans([loan], {loan.customer_id: 0})


def require_refused(error: InvalidValueError) -> None:
    """Check that a refusal names the field, the rule and the value."""
    assert "cover the interest of its period" in error.rule
    assert error.field == "installment"
    assert error.field in str(error)
    assert error.rule in str(error)
    assert error.value is not None
    assert str(error.value) in str(error)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("edge", "name"), DATED_EDGES)
def test_loans_at_the_edges_are_right_or_refused_in_both_twins(
    edge: str, method: str, name: str
) -> None:
    terms, rules = planned(EDGES[edge], method), RULES[name]
    expected = expected_rows(terms, rules)
    if expected is None:
        with pytest.raises(InvalidValueError) as caught:
            build_schedule(terms, rules)
        require_refused(caught.value)
        with pytest.raises(InvalidValueError) as caught:
            build_schedules(columns_of(terms), rules)
        require_refused(caught.value)
        assert caught.value.row == 0
        return

    schedule = build_schedule(terms, rules)

    dates = series_on(terms, rules)
    assert list(schedule.due_on) == dates
    assert schedule.outstanding_minor[-1] == 0
    for part in PARTS:
        worked = [getattr(row, part) for row in expected]
        assert list(getattr(schedule, part)) == worked
    if schedule.total.minor > 2**62:
        # The one debt that no column of 64 bits holds: it grew at 400 % for 50 years.
        assert (edge, method) == ("400 % in 600", "compounded")
        with pytest.raises(InvalidValueError) as caught:
            build_schedules(columns_of(terms), rules)
        assert (caught.value.field, caught.value.row) == ("principal_minor", 0)
        assert "stay within 2**62" in str(caught.value)
        return
    columns = build_schedules(columns_of(terms), rules)
    assert columns.due_day.tolist() == [(on - EPOCH).days for on in dates]
    for part in PARTS:
        assert getattr(columns, part).tolist() == list(getattr(schedule, part))


@pytest.mark.parametrize("unpaid", [UnpaidInterest.CARRIED, UnpaidInterest.CAPITALIZED])
@pytest.mark.parametrize(
    "method", ["equal", "graduated", "flat", "agreed installments"]
)
@pytest.mark.parametrize("edge", ["payment below interest", "400 %", "one cent"])
def test_interest_above_an_installment_is_right_in_both_twins(
    edge: str, method: str, unpaid: UnpaidInterest
) -> None:
    terms = planned(EDGES[edge], method, unpaid)
    expected = expected_rows(terms, STRICT)
    assert expected is not None

    schedule = build_schedule(terms, STRICT)
    columns = build_schedules(columns_of(terms), STRICT)

    for part in PARTS:
        worked = [getattr(row, part) for row in expected]
        assert list(getattr(schedule, part)) == worked
        assert getattr(columns, part).tolist() == worked


def test_the_edges_meet_both_outcomes() -> None:
    below = EDGES["payment below interest"]
    refused = [
        method
        for method in METHODS
        if expected_rows(planned(below, method), STRICT) is None
    ]

    # Interest on top of principal is never above it.
    assert {"equal", "graduated", "weighted", "seasonal"} <= set(refused)
    assert not {"principal", "interest only", "bullet"} & set(refused)


@pytest.mark.parametrize(
    ("first_due_on", "roll", "dates"),
    [
        # The day comes back after a month that lacks it.
        ("2023-01-29", RollRule.DAY_OF_MONTH, ("02-28", "03-29", "04-29")),
        ("2024-01-29", RollRule.DAY_OF_MONTH, ("02-29", "03-29", "04-29")),
        ("2023-01-30", RollRule.DAY_OF_MONTH, ("02-28", "03-30", "04-30")),
        ("2024-01-30", RollRule.DAY_OF_MONTH, ("02-29", "03-30", "04-30")),
        ("2023-01-31", RollRule.DAY_OF_MONTH, ("02-28", "03-31", "04-30")),
        ("2024-01-31", RollRule.DAY_OF_MONTH, ("02-29", "03-31", "04-30")),
        ("2023-01-29", RollRule.NEXT_MONTH_FIRST, ("03-01", "03-29", "04-29")),
        ("2024-01-29", RollRule.NEXT_MONTH_FIRST, ("02-29", "03-29", "04-29")),
        ("2024-01-30", RollRule.NEXT_MONTH_FIRST, ("03-01", "03-30", "04-30")),
        ("2023-01-31", RollRule.NEXT_MONTH_FIRST, ("03-01", "03-31", "05-01")),
        ("2023-01-29", RollRule.END_OF_MONTH, ("02-28", "03-31", "04-30")),
        ("2024-02-29", RollRule.DAY_OF_MONTH, ("03-29", "04-29", "05-29")),
        ("2024-02-29", RollRule.of("day_31"), ("03-31", "04-30", "05-31")),
        ("1900-01-31", RollRule.DAY_OF_MONTH, ("02-28", "03-31", "04-30")),
        ("2199-01-30", RollRule.DAY_OF_MONTH, ("02-28", "03-30", "04-30")),
        ("2000-01-29", RollRule.DAY_OF_MONTH, ("02-29", "03-29", "04-29")),
    ],
)
def test_anchors_after_the_28th_fall_where_a_calendar_shows(
    first_due_on: str, roll: RollRule, dates: tuple[str, ...]
) -> None:
    first_on = dt.date.fromisoformat(first_due_on)
    terms = attrs.evolve(
        make_terms(
            installment_count=4,
            disbursed_on=first_on - dt.timedelta(days=20),
            first_due_on=first_on,
        )
    )
    rules = attrs.evolve(STRICT, roll=roll)
    expected = [first_on]
    expected += [dt.date.fromisoformat(f"{first_on.year}-{on}") for on in dates]

    assert list(build_schedule(terms, rules).due_on) == expected
    days = build_schedules(columns_of(terms), rules).due_day.tolist()
    assert days == [(on - EPOCH).days for on in expected]


@pytest.mark.parametrize(
    ("terms", "rows"),
    [
        # 100.00 in three without interest: 33.34 twice leaves 33.32.
        (make_terms(10_000, 0, 3), ((3334, 0), (3334, 0), (3332, 0))),
        # A month at 12 % is a hundredth.
        (make_terms(10_000, 120_000, 1), ((10_000, 100),)),
        # Of a cent there is no hundredth, and the first row takes it.
        (make_terms(1, 120_000, 3), ((1, 0), (0, 0), (0, 0))),
        # 1e12 in two: 1e10 of interest, 497,512,437,811 of principal in the first.
        (
            make_terms(10**12, 120_000, 2),
            (
                (497_512_437_811, 10_000_000_000),
                (502_487_562_189, 5_024_875_622),
            ),
        ),
        # A third each month: 100.00 bears 33.33, and 57.14 twice pay it off: 76.19 is
        # left, which bears 25.40.
        (make_terms(10_000, 4_000_000, 2), ((4286, 3333), (5714, 1905))),
    ],
    ids=["zero rate", "one installment", "one cent", "1e12", "400 %"],
)
def test_loans_at_the_edges_pay_what_paper_says(
    terms: LoanTerms, rows: tuple[tuple[int, int], ...]
) -> None:
    schedule = build_schedule(terms, STRICT_30_360)
    columns = build_schedules(columns_of(terms), STRICT_30_360)

    principal, interest = zip(*rows, strict=True)
    assert schedule.principal_minor == principal
    assert schedule.interest_minor == interest
    assert tuple(columns.principal_minor.tolist()) == principal
    assert tuple(columns.interest_minor.tolist()) == interest


FINERACT_METHODS = {
    "progressive": (FINERACT, ("equal", "interest only")),
    "cumulative": (
        attrs.evolve(
            FINERACT_CUMULATIVE,
            day_count=SplitDayCount(
                days_in_year=DaysInYear.DAYS_360, days_in_month=DaysInMonth.DAYS_30
            ),
        ),
        ("equal", "principal", "flat"),
    ),
}
KNOWN = [
    (engine, method)
    for engine, (_, methods) in FINERACT_METHODS.items()
    for method in methods
]
ABOVE = ("400 %", "400 % in 600", "payment below interest")
UNKNOWN = [
    (engine, method)
    for engine, (_, methods) in FINERACT_METHODS.items()
    for method in METHODS
    if method not in methods
]


@pytest.mark.parametrize(("engine", "method"), UNKNOWN)
def test_methods_that_fineract_lacks_are_refused_by_name(
    engine: str, method: str
) -> None:
    terms = planned(make_terms(), method)

    with pytest.raises(InvalidValueError) as caught:
        build_schedule(terms, FINERACT_METHODS[engine][0])

    assert caught.value.field == "method"
    assert caught.value.value == type(terms.plan.method).__name__
    assert str(caught.value).startswith("method must be one of ")


@pytest.mark.parametrize(("engine", "method"), KNOWN)
@pytest.mark.parametrize("edge", EDGES)
def test_fineract_at_the_edges_is_near_the_exact_schedule_or_refuses(
    edge: str, engine: str, method: str
) -> None:
    # Its decimals may move a cent; the dates, the sums and the parts of a year are the
    # same as with months of thirty days in exact fractions.
    terms, rules = planned(EDGES[edge], method), FINERACT_METHODS[engine][0]
    try:
        schedule = build_schedule(terms, rules)
    except InvalidValueError as error:
        require_refused_here(error, edge, engine)
        return

    count, minor = terms.installment_count, terms.principal.minor
    assert list(schedule.due_on) == series_on(terms, rules)
    assert sum(schedule.principal_minor) == minor
    assert min(schedule.principal_minor) >= 0
    assert min(schedule.outstanding_minor) >= 0
    assert schedule.outstanding_minor[-1] == 0
    is_regular = terms.disbursed_on.day == terms.first_due_on.day <= 28
    if not is_regular or edge in ABOVE:
        # It has its own parts of odd periods, and interest above an installment waits.
        return
    exact = attrs.evolve(
        STRICT, id="exact", day_count=rules.day_count, remainder=rules.remainder
    )
    loan = LoanOracle(terms, exact)
    balance = minor
    flat = minor * sum(loan.parts, Fraction(0)) / count
    for row, part in enumerate(loan.parts):
        near = flat if method == "flat" else balance * part
        # A flat share is rounded in each row, and the last takes what that leaves.
        most = count if method == "flat" and row == count - 1 else 1
        assert abs(schedule.interest_minor[row] - near) <= most
        balance -= schedule.principal_minor[row]


def require_refused_here(error: InvalidValueError, edge: str, engine: str) -> None:
    """Check that only the cumulative engine refuses, and only unpaid interest."""
    assert engine == "cumulative"
    assert edge in ABOVE
    require_refused(error)


@pytest.mark.parametrize(
    ("terms", "totals"),
    [
        # 1000.00 in seven without interest: 142.86 six times leaves 142.84.
        (EDGES["zero rate"], (14_286,) * 6 + (14_284,)),
        (EDGES["zero rate that divides"], (12_000,) * 7),
        # A month at 24 %: 2 % of 1000.50 is 20.01.
        (EDGES["one installment"], (102_051,)),
    ],
    ids=["zero rate", "that divides", "one installment"],
)
@pytest.mark.parametrize("engine", FINERACT_METHODS)
def test_fineract_at_the_edges_pays_what_paper_says(
    engine: str, terms: LoanTerms, totals: tuple[int, ...]
) -> None:
    schedule = build_schedule(terms, FINERACT_METHODS[engine][0])

    assert schedule.total_minor == totals


@pytest.mark.parametrize(
    "rules", [STRICT, FINERACT, FINERACT_CUMULATIVE], ids=lambda rules: rules.id
)
def test_dates_beyond_the_calendar_are_refused(rules: ScheduleConventions) -> None:
    terms = make_terms(
        disbursed_on=dt.date(9999, 1, 1), first_due_on=dt.date(9999, 2, 1)
    )

    with pytest.raises(InvalidValueError) as caught:
        build_schedule(terms, rules)

    assert "within the years 1 to 9999" in str(caught.value)
    assert caught.value.field in str(caught.value)
