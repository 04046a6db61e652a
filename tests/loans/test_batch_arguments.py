"""What functions over columns refuse by name, and which rows they refuse alone."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs
import numpy as np
import pytest

from microcrm_core import InvalidValueError
from microcrm_core.batch import Int64s
from microcrm_core.dates import BusinessCalendar, BusinessDayRule, Frequency
from microcrm_core.ids import CustomerId
from microcrm_core.loans import (
    STRICT,
    STRICT_30_360,
    BusinessDays,
    Collision,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeTiming,
    FlatInterest,
    Graduated,
    InterestDate,
    LoanTerms,
    Portion,
    RepaymentPlan,
    ScheduleConventions,
    Seasonal,
    Weighted,
    build_schedule,
)
from microcrm_core.loans.batch import (
    ScheduleBuffers,
    ScheduleLayout,
    build_schedules,
    has_schedules,
    iter_schedules,
    level_installments,
    write_schedules,
)
from microcrm_core.loans.cap_checks import check_caps
from microcrm_core.loans.cap_presets import CN_PRIVATE_LENDING
from microcrm_core.loans.catalogs import Catalog
from microcrm_core.loans.columns_batch import LoanColumns
from microcrm_core.loans.conventions import FINERACT
from microcrm_core.loans.credit_facts import CreditFacts
from microcrm_core.loans.refusals_batch import Refusal
from microcrm_core.loans.terms import NOMINAL_RATE_MAX
from microcrm_core.money import Money
from microcrm_core.rounding import Rounding
from tests.loans.loan_cases import EUR, KWD, make_loan, make_terms

DAY_MAX: Final = (dt.date.max - dt.date(1970, 1, 1)).days
TOO_FINE: Final = Graduated.of(step_share="0.01", step_count=1)
FIXED: Final = RepaymentPlan(
    method=EqualInstallments(), balloon=Portion.of_amount(Money(100, EUR))
)


def columns_of(terms: Sequence[LoanTerms]) -> LoanColumns:
    loans = [make_loan(one, number) for number, one in enumerate(terms)]
    customers = {CustomerId(f"customer-{number}"): 0 for number in range(len(terms))}
    return LoanColumns.from_loans(loans, customers)


def with_plan(terms: LoanTerms, plan: RepaymentPlan) -> LoanTerms:
    return attrs.evolve(terms, plan=plan)


def raw_terms(**changed: Any) -> Any:
    """Return arguments of `level_installments` for two loans."""
    given = {
        "principal_minor": np.array([1000, 1000]),
        "annual_ppm": np.array([0, 0]),
        "installment_count": np.array([3, 3]),
        "frequency_index": np.array([0, 0]),
        "frequencies": (Frequency.MONTHLY,),
        "planned_day": np.array([20_000, 20_000]),
        "first_due_day": np.array([20_031, 20_031]),
        "conventions": STRICT,
    }
    return {**given, **changed}


def refusal_of_columns(
    loans: LoanColumns, rules: ScheduleConventions
) -> InvalidValueError:
    with pytest.raises(InvalidValueError) as caught:
        build_schedules(loans, rules)
    return caught.value


def reasons(loans: LoanColumns, rules: ScheduleConventions) -> list[Refusal]:
    found = [Refusal.NONE] * len(loans)
    for chunk in iter_schedules(loans, rules):
        for row, reason in zip(chunk.rows.tolist(), chunk.refusal, strict=True):
            found[row] = Refusal(int(reason))
    return found


# Terms without loans.


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("principal_minor", 0),
        ("annual_ppm", NOMINAL_RATE_MAX * 10**6 + 1),
        ("annual_ppm", 2**62),
        ("annual_ppm", -1),
        ("installment_count", 1201),
        ("frequency_index", 1),
        ("plan_index", 5),
        ("currency_index", 5),
        ("planned_day", -(2**63)),
        ("planned_day", -(10**9)),
        ("first_due_day", DAY_MAX + 1),
        ("first_due_day", 2**62),
        ("first_due_day", 20_000),
    ],
)
def test_a_row_outside_the_bounds_is_named_by_column_rule_value_and_row(
    field: str, value: int
) -> None:
    given = raw_terms(
        plan_index=np.array([0, 0]),
        currency_index=np.array([0, 0]),
        currencies=(EUR,),
    )
    given[field][1] = value

    with pytest.raises(InvalidValueError) as caught:
        level_installments(**given)

    error = caught.value
    assert (error.field, error.row, error.value) == (field, 1, value)
    assert (error.bad_count, error.row_count) == (1, 2)
    assert error.rule


@pytest.mark.parametrize("field", ["annual_ppm", "installment_count", "first_due_day"])
def test_terms_and_loans_break_a_rule_in_the_same_words(field: str) -> None:
    loans = columns_of([make_terms(), make_terms()])
    column = getattr(loans, field).copy()
    column[1] = 2**62

    with pytest.raises(InvalidValueError) as of_terms:
        level_installments(**raw_terms(**{field: column}))
    with pytest.raises(InvalidValueError) as of_loans:
        attrs.evolve(loans, **{field: column})

    assert str(of_terms.value) == str(of_loans.value)


@pytest.mark.parametrize(
    "column",
    [
        np.array([1000.5, 1000.0]),
        np.array([1000, 1000], np.int32),
        [1000, 1000],
        1000,
        None,
    ],
    ids=["floats", "int32", "list", "number", "none"],
)
@pytest.mark.parametrize("field", ["principal_minor", "annual_ppm", "planned_day"])
def test_a_column_of_another_kind_is_refused_and_never_cut(
    field: str, column: object
) -> None:
    with pytest.raises(InvalidValueError, match="must be an int64 array") as caught:
        level_installments(**raw_terms(**{field: column}))

    assert caught.value.field == field


@pytest.mark.parametrize("field", ["annual_ppm", "first_due_day", "plan_index"])
@pytest.mark.parametrize("shape", [(1,), (3,), (2, 1)])
def test_columns_are_all_as_long_as_the_first(
    field: str, shape: tuple[int, ...]
) -> None:
    rule = r"must have the shape \(2,\), like principal_minor"
    with pytest.raises(InvalidValueError, match=rule) as caught:
        level_installments(**raw_terms(**{field: np.zeros(shape, np.int64)}))

    assert (caught.value.field, caught.value.value) == (field, shape)


def test_a_fixed_sum_needs_the_currencies() -> None:
    with pytest.raises(InvalidValueError, match="currencies must be given") as caught:
        level_installments(**raw_terms(plans=(FIXED,)))

    assert caught.value.field == "currencies"
    levels = level_installments(**raw_terms(plans=(FIXED,), currencies=(EUR,)))
    # The last of three equal parts of 900 comes with the balloon of 100.
    assert levels.tolist() == [300, 300]


def test_a_position_of_a_currency_needs_the_currencies() -> None:
    with pytest.raises(InvalidValueError, match="currencies must be given"):
        level_installments(**raw_terms(currency_index=np.array([0, 1])))


# Layouts and buffers.


def test_a_layout_of_other_loans_is_refused() -> None:
    frequencies = (Frequency.MONTHLY, Frequency.WEEKLY)
    changes: tuple[Callable[[int], LoanTerms], ...] = (
        lambda row: make_terms(installment_count=3 + row),
        lambda row: make_terms(
            frequency=frequencies[row % 2], first_due_on=dt.date(2025, 1, 22)
        ),
        lambda row: with_plan(
            make_terms(),
            RepaymentPlan(method=(EqualInstallments(), EqualPrincipal())[row % 2]),
        ),
        # A day after the 28th makes periods of another length.
        lambda row: make_terms(first_due_on=dt.date(2025, 1, 28 + 2 * (row % 2))),
    )
    for change in changes:
        terms = [change(row) for row in range(4)]
        loans, others = columns_of(terms), columns_of(terms[::-1])
        layout = ScheduleLayout.of(loans)
        into = ScheduleBuffers.of_size(layout.value_count)

        with pytest.raises(
            InvalidValueError, match="must be of these 4 loans"
        ) as caught:
            write_schedules(others, STRICT, layout=layout, into=into)

        assert caught.value.field == "layout"
        assert caught.value.row is not None
        assert write_schedules(loans, STRICT, layout=layout, into=into).size == 4


def test_a_layout_serves_loans_that_differ_in_amounts_alone() -> None:
    loans = columns_of([make_terms(installment_count=3 + row) for row in range(4)])
    others = attrs.evolve(loans, principal_minor=loans.principal_minor + 7)
    layout = ScheduleLayout.of(loans)
    into = ScheduleBuffers.of_size(layout.value_count)

    levels = write_schedules(others, STRICT, layout=layout, into=into)

    assert levels.tolist() == build_schedules(others, STRICT).level_minor.tolist()


def test_plans_that_are_given_twice_make_a_layout_all_the_same() -> None:
    loans = columns_of([make_terms(), make_terms()])
    plans = (RepaymentPlan(method=EqualInstallments()),) * 2
    loans = attrs.evolve(loans, plans=plans, plan_index=np.array([0, 1]))
    layout = ScheduleLayout.of(loans)
    into = ScheduleBuffers.of_size(layout.value_count)

    levels = write_schedules(loans, STRICT, layout=layout, into=into)

    assert levels[0] == levels[1] == build_schedules(loans, STRICT).level_minor[0]


@pytest.mark.parametrize("loan", [-1, 2, 7, 1.0, "0", True, None])
def test_nothing_stands_at_a_position_that_is_none(loan: Any) -> None:
    loans = columns_of([make_terms(), make_terms()])

    for values in (
        ScheduleLayout.of(loans).values,
        build_schedules(loans, STRICT).rows,
    ):
        with pytest.raises(InvalidValueError, match="from 0 to 1") as caught:
            values(loan)
        assert (caught.value.field, caught.value.value) == ("loan", loan)
        assert values(np.int64(1)) == values(1)  # type: ignore[arg-type]  # as of rows


def buffers_of(**columns: Int64s) -> ScheduleBuffers:
    given = {
        name: np.empty(9, np.int64)
        for name in (
            "principal_minor",
            "interest_minor",
            "outstanding_minor",
            "total_minor",
        )
    }
    return ScheduleBuffers(**{**given, **columns})


def test_one_array_for_two_columns_is_refused() -> None:
    column = np.empty(9, np.int64)

    with pytest.raises(InvalidValueError, match="no memory with interest") as caught:
        buffers_of(interest_minor=column, due_day=column)

    assert caught.value.field == "due_day"


def test_parts_of_one_array_may_be_columns_only_where_they_lie_apart() -> None:
    whole = np.empty(18, np.int64)

    buffers_of(principal_minor=whole[:9], interest_minor=whole[9:])
    with pytest.raises(InvalidValueError, match="share no memory with principal_minor"):
        buffers_of(principal_minor=whole[:9], interest_minor=whole[8:17])


def test_columns_that_cannot_be_written_are_refused() -> None:
    column = np.empty(9, np.int64)
    column.flags.writeable = False

    with pytest.raises(InvalidValueError, match="must be writeable") as caught:
        buffers_of(outstanding_minor=column)

    assert caught.value.field == "outstanding_minor"


@pytest.mark.parametrize("size", [-1, 1.5, "9"])
def test_buffers_have_a_whole_number_of_values(size: Any) -> None:
    with pytest.raises(InvalidValueError) as caught:
        ScheduleBuffers.of_size(size)

    assert (caught.value.field, caught.value.value) == ("size", size)


# Rows that are asked for.


def test_a_mask_asks_for_the_loans_where_it_is_true() -> None:
    loans = columns_of([make_terms(1000 * row) for row in (1, 2, 3)])
    mask = np.array([True, False, True])

    rows = [c.rows.tolist() for c in iter_schedules(loans, STRICT, rows=mask)]
    none = list(iter_schedules(loans, STRICT, rows=np.zeros(3, np.bool_)))

    assert rows == [[0, 2]]
    assert none == []


@pytest.mark.parametrize(
    "rows",
    [
        [0, 2],
        (0,),
        2,
        np.array([0.0, 2.0]),
        np.array([[0, 2]]),
        np.array([0, 2], np.int32),
        np.array([True, False]),
        np.array([[True, False, True]]),
        np.array(1),
    ],
    ids=[
        "list",
        "tuple",
        "number",
        "floats",
        "matrix",
        "int32",
        "short mask",
        "matrix of truth",
        "no dimension",
    ],
)
def test_rows_are_positions_or_a_mask_and_nothing_else(rows: Any) -> None:
    loans = columns_of([make_terms(), make_terms(), make_terms()])

    with pytest.raises(InvalidValueError, match="or a mask of shape") as caught:
        iter_schedules(loans, STRICT, rows=rows)

    assert caught.value.field == "rows"
    assert caught.value.hint is not None


@pytest.mark.parametrize("row", [-1, 3])
def test_rows_beyond_the_loans_are_refused(row: int) -> None:
    loans = columns_of([make_terms(), make_terms(), make_terms()])

    with pytest.raises(InvalidValueError, match="rows must be from 0 to 2") as caught:
        iter_schedules(loans, STRICT, rows=np.array([0, row]))

    assert (caught.value.row, caught.value.value) == (1, row)


# Arguments of another kind.


@pytest.mark.parametrize(
    ("loans", "conventions", "field"),
    [
        (columns_of([make_terms()]), "STRICT", "conventions"),
        (columns_of([make_terms()]), None, "conventions"),
        ([make_loan(make_terms())], STRICT, "loans"),
        (make_terms(), STRICT, "loans"),
    ],
    ids=["a name", "nothing", "a list", "terms"],
)
def test_arguments_of_another_kind_are_refused_with_a_way_out(
    loans: Any, conventions: Any, field: str
) -> None:
    layout, into = ScheduleLayout.of(columns_of([])), ScheduleBuffers.of_size(0)
    for call in (
        lambda: build_schedules(loans, conventions),
        lambda: has_schedules(loans, conventions),
        lambda: list(iter_schedules(loans, conventions)),
        lambda: write_schedules(loans, conventions, layout=layout, into=into),
    ):
        with pytest.raises(InvalidValueError) as caught:
            call()
        assert caught.value.field == field
        assert caught.value.hint


def test_layout_and_buffers_of_another_kind_are_refused() -> None:
    loans = columns_of([make_terms(installment_count=3)])
    layout, into = ScheduleLayout.of(loans), ScheduleBuffers.of_size(3)
    nothing: Any = 5

    with pytest.raises(InvalidValueError, match="layout must be ScheduleLayout"):
        write_schedules(loans, STRICT, layout=nothing, into=into)
    with pytest.raises(InvalidValueError, match="into must be ScheduleBuffers"):
        write_schedules(loans, STRICT, layout=layout, into=nothing)
    with pytest.raises(InvalidValueError, match="buffers must be ScheduleBuffers"):
        iter_schedules(loans, STRICT, buffers=nothing)


def test_caps_and_facts_of_another_kind_are_refused() -> None:
    credit, on = CreditFacts(jurisdiction="CN"), dt.date(2025, 11, 1)
    given: Any = CN_PRIVATE_LENDING
    no_credit: Any = {"jurisdiction": "CN"}

    with pytest.raises(InvalidValueError, match=r"use \[cap\] for one alone"):
        check_caps(credit, given, as_of=on)
    with pytest.raises(InvalidValueError, match="nothing but RateCap") as caught:
        check_caps(credit, ["cn"], as_of=on)  # type: ignore[list-item]  # as meant
    assert (caught.value.field, caught.value.value) == ("caps", "cn")
    with pytest.raises(InvalidValueError, match="caps must hold nothing but RateCap"):
        check_caps(credit, None, as_of=on)  # type: ignore[arg-type]  # as meant
    with pytest.raises(InvalidValueError, match="credit must be CreditFacts"):
        check_caps(no_credit, [], as_of=on)


def test_an_empty_catalog_asks_for_the_same_arguments_as_any_other() -> None:
    asked: Any = {}
    day: Any = "x"

    with pytest.raises(InvalidValueError, match=r"use ProductRequest\("):
        Catalog([]).fitting(asked, dt.date(2025, 3, 1))
    with pytest.raises(InvalidValueError, match="as_of must be a date"):
        Catalog([]).fitting(make_terms(), day)


@pytest.mark.parametrize(
    "frequency", [Frequency.MONTHLY, Frequency.WEEKLY, Frequency.SEMIMONTHLY], ids=str
)
@pytest.mark.parametrize("rules", [STRICT, FINERACT], ids=lambda rules: rules.id)
def test_a_due_date_past_the_calendar_is_told_of_the_loan(
    frequency: Frequency, rules: ScheduleConventions
) -> None:
    terms = make_terms(
        frequency=frequency,
        disbursed_on=dt.date(9999, 12, 1),
        first_due_on=dt.date(9999, 12, 15),
    )

    with pytest.raises(InvalidValueError) as caught:
        build_schedule(terms, rules)

    assert caught.value.field == "first_due_on"
    assert "all 12 due dates" in caught.value.rule
    assert "installment_count" in (caught.value.hint or "")


# Rows that are refused alone.

YEARS: Final = BusinessDays(
    rule=BusinessDayRule.FOLLOWING,
    calendar=BusinessCalendar(name="twenties", year_min=2020, year_max=2029),
    interest_to=InterestDate.ORIGINAL,
    collision=Collision.KEPT,
)


@pytest.mark.parametrize("interest_to", list(InterestDate))
def test_a_due_day_outside_the_years_of_the_calendar_refuses_its_row_alone(
    interest_to: InterestDate,
) -> None:
    days = attrs.evolve(YEARS, interest_to=interest_to)
    rules = attrs.evolve(STRICT, id="twenties", business_days=days)
    # The last due day of the second is 15 December 2029, and of the third a month on.
    terms = [
        make_terms(),
        make_terms(
            disbursed_on=dt.date(2028, 12, 15), first_due_on=dt.date(2029, 1, 15)
        ),
        make_terms(
            disbursed_on=dt.date(2029, 1, 15), first_due_on=dt.date(2029, 2, 15)
        ),
        make_terms(
            disbursed_on=dt.date(2019, 1, 15), first_due_on=dt.date(2019, 2, 15)
        ),
    ]
    loans = columns_of(terms)

    assert has_schedules(loans, rules).tolist() == [True, True, False, False]
    assert reasons(loans, rules)[2:] == [Refusal.CALENDAR] * 2
    for row in (2, 3):
        with pytest.raises(InvalidValueError, match="'twenties'"):
            build_schedule(terms[row], rules)
    good = build_schedules(columns_of(terms[:2]), rules)
    for chunk in iter_schedules(loans, rules, with_due_days=True):
        for place, row in enumerate(chunk.rows.tolist()):
            if row < 2:
                rows = good.rows(row)
                assert chunk.due_day is not None
                own = chunk.interest_minor[:, place].tolist()
                assert own == good.interest_minor[rows].tolist()
                assert own == list(build_schedule(terms[row], rules).interest_minor)
                assert (chunk.due_day[:, place] == good.due_day[rows]).all()


def test_the_error_counts_loans_and_not_their_due_days() -> None:
    rules = attrs.evolve(STRICT, id="twenties", business_days=YEARS)
    late = make_terms(
        disbursed_on=dt.date(2050, 1, 15), first_due_on=dt.date(2050, 2, 15)
    )

    error = refusal_of_columns(columns_of([make_terms(), late, late]), rules)

    assert (error.field, error.row) == ("first_due_day", 1)
    assert (error.bad_count, error.row_count) == (2, 3)
    assert error.value == "first due on 2050-02-15, 12 installments"
    assert error.hint == "take a calendar of more years"


def test_loans_that_all_lie_outside_the_calendar_are_all_refused() -> None:
    rules = attrs.evolve(STRICT, id="twenties", business_days=YEARS)
    late = make_terms(
        disbursed_on=dt.date(2050, 1, 15), first_due_on=dt.date(2050, 2, 15)
    )

    assert reasons(columns_of([late] * 3), rules) == [Refusal.CALENDAR] * 3


def test_a_row_may_lie_outside_both_calendars() -> None:
    rules = attrs.evolve(STRICT, id="twenties", business_days=YEARS)
    beyond = make_terms(
        disbursed_on=dt.date(9999, 1, 1), first_due_on=dt.date(9999, 6, 1)
    )
    late = make_terms(
        disbursed_on=dt.date(2050, 1, 15), first_due_on=dt.date(2050, 2, 15)
    )

    found = reasons(columns_of([beyond, make_terms(), late]), rules)

    assert found == [Refusal.DATES, Refusal.NONE, Refusal.CALENDAR]


def test_a_closed_year_in_the_calendar_refuses_the_rows_that_meet_it() -> None:
    closed = tuple(dt.date(2026, 1, 1) + dt.timedelta(days) for days in range(800))
    days = attrs.evolve(YEARS, calendar=BusinessCalendar(name="x", holidays=closed))
    rules = attrs.evolve(STRICT, id="closed", business_days=days)
    later = make_terms(
        disbursed_on=dt.date(2030, 1, 15), first_due_on=dt.date(2030, 2, 15)
    )
    terms = [make_terms(), make_terms(installment_count=24), later]

    found = reasons(columns_of(terms), rules)

    # The first is due until 15 January 2026, two years before the next open day.
    assert found == [Refusal.CALENDAR, Refusal.CALENDAR, Refusal.NONE]
    with pytest.raises(InvalidValueError):
        build_schedule(terms[0], rules)


def test_weights_too_fine_for_columns_refuse_the_loans_of_their_plan_alone() -> None:
    fine = RepaymentPlan(method=TOO_FINE)
    terms = [
        make_terms(),
        with_plan(make_terms(), fine),
        # For so few installments they are not too fine.
        with_plan(make_terms(installment_count=4), fine),
    ]
    loans = columns_of(terms)

    assert has_schedules(loans, STRICT).tolist() == [True, False, True]
    assert reasons(loans, STRICT)[1] is Refusal.FINE_WEIGHTS
    error = refusal_of_columns(loans, STRICT)
    assert (error.field, error.row, error.bad_count) == ("plan.method", 1, 1)
    # The sixth weight, 1.01**5, is the first of more than ten binary places thrice.
    assert error.value == "the weight 1.0510100501 of Graduated"
    assert "build_schedule" in (error.hint or "")
    assert build_schedule(terms[1], STRICT).total_minor


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (
            RepaymentPlan(
                method=TOO_FINE, down_payment=Portion.of_amount(Money(10**6, EUR))
            ),
            Refusal.DOWN_PAYMENT,
        ),
        (
            RepaymentPlan(method=Weighted(("1", "0.000000000001"))),
            Refusal.WEIGHTS,
        ),
        (
            RepaymentPlan(
                method=TOO_FINE,
                fees=(
                    Fee(
                        name="entry",
                        timing=FeeTiming.FINANCED,
                        portion=Portion.of_amount(Money(5, KWD)),
                    ),
                ),
            ),
            Refusal.CURRENCY,
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Refusal) else "",
)
def test_what_the_scalar_refuses_comes_before_weights_that_are_too_fine(
    plan: RepaymentPlan, reason: Refusal
) -> None:
    # The plan of another currency has no terms, so it is put into the columns.
    loans = attrs.evolve(columns_of([make_terms()]), plans=(plan,))

    assert reasons(loans, STRICT) == [reason]


# Large multiples, and floats that leave their range.


@pytest.mark.parametrize("name", ["currency_multiple", "installment_multiple"])
@pytest.mark.parametrize("multiple", [2**31 + 1, 10**12, 10**19])
def test_a_multiple_that_columns_cannot_hold_is_refused_by_name(
    name: str, multiple: int
) -> None:
    rules = attrs.evolve(STRICT, id="coarse", installment_multiple=multiple)
    if name == "currency_multiple":
        rules = attrs.evolve(rules, currency_multiple=multiple)
    terms = make_terms()

    error = refusal_of_columns(columns_of([terms]), rules)

    assert (error.field, error.value) == (name, multiple)
    assert "build_schedule" in (error.hint or "")
    assert build_schedule(terms, rules).outstanding_minor[0] == 0


@pytest.mark.parametrize("multiple", [10**4, 10**6, 10**9, 2**31])
@pytest.mark.parametrize(
    "method",
    [EqualInstallments(), EqualPrincipal(), FlatInterest(), Seasonal((1, 2) * 6)],
    ids=lambda method: type(method).__name__,
)
@pytest.mark.parametrize("rules", [STRICT, STRICT_30_360], ids=lambda rules: rules.id)
def test_schedules_in_coarse_multiples_equal_the_scalar_or_are_too_large(
    multiple: int, method: Any, rules: ScheduleConventions
) -> None:
    rules = attrs.evolve(
        rules, id="coarse", currency_multiple=multiple, installment_multiple=multiple
    )
    # A first period of 45 days counts in another unit than the others.
    terms = [
        with_plan(
            attrs.evolve(make_terms(minor), first_due_on=dt.date(2025, 3, day)),
            RepaymentPlan(method=method),
        )
        for minor in (1000, 10**9, 10**15, 2**60)
        for day in (1, 15)
    ]

    for chunk in iter_schedules(columns_of(terms), rules):
        for place, row in enumerate(chunk.rows.tolist()):
            if chunk.refusal[place] == Refusal.TOO_LARGE:
                assert multiple * terms[row].principal.minor > 10**12
                continue
            schedule = build_schedule(terms[row], rules)
            assert chunk.total_minor[:, place].tolist() == list(schedule.total_minor)


# How long a debt grows is a matter of the count alone: the longest in one rounding.
@pytest.mark.parametrize(
    ("count", "rounding"),
    [
        *itertools.product([120], Rounding),
        (360, Rounding.UP),
        (600, Rounding.HALF_EVEN),
    ],
    ids=str,
)
def test_a_debt_that_grows_beyond_floats_gives_no_warning_and_no_wrong_result(
    count: int, rounding: Rounding
) -> None:
    # Every warning is an error in these tests. At 10000 % a year one unit grows to
    # some 10**349 in 360 months.
    terms = [
        attrs.evolve(make_terms(minor, ppm, count), plan=RepaymentPlan(method=method))
        for minor in (1, 10**9)
        for ppm in (10**7, 10**8, 10**9)
        for method in (EqualInstallments(), Seasonal((1, 2) * 6))
    ]
    for rules in (STRICT, STRICT_30_360):
        own = attrs.evolve(rules, id="own", rounding=rounding)
        for chunk in iter_schedules(columns_of(terms), own):
            for place, row in enumerate(chunk.rows.tolist()):
                is_equal = isinstance(terms[row].plan.method, EqualInstallments)
                if chunk.refusal[place] or not is_equal or count > 360:
                    continue
                schedule = build_schedule(terms[row], own)
                total = chunk.total_minor[:, place].tolist()
                assert total == list(schedule.total_minor)


def test_sums_that_are_too_large_are_told_truly_and_with_the_way_out() -> None:
    fee = Fee(
        name="large",
        timing=FeeTiming.FINANCED,
        portion=Portion.of_amount(Money(2**61, EUR)),
    )
    plan = RepaymentPlan(method=EqualInstallments(), fees=(fee,))
    terms = with_plan(make_terms(1000, 0, 3), plan)

    error = refusal_of_columns(columns_of([terms]), STRICT)

    assert "fees" in error.rule
    assert "2**62" in error.rule
    assert "build_schedule" in (error.hint or "")
    assert sum(build_schedule(terms, STRICT).principal_minor) == 1000 + 2**61
