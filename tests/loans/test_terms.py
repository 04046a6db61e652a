from __future__ import annotations

import datetime as dt

import attrs
import pytest

from microcrm_core import InvalidValueError, Money
from microcrm_core.dates import DayCount
from microcrm_core.loans import STRICT
from microcrm_core.rates import Rate
from tests.loans.loan_cases import EUR, make_loan, make_terms

TERMS = make_terms()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("principal", Money(0, EUR)),
        ("principal", Money(-1, EUR)),
        ("principal", 100),
        ("nominal_rate", Rate.of_ppm(-1)),
        ("nominal_rate", Rate.per_year(1001)),
        ("nominal_rate", 24),
        ("installment_count", 0),
        ("installment_count", 1201),
        ("installment_count", True),
        ("frequency", "monthly"),
        ("first_due_on", TERMS.disbursed_on),
        ("first_due_on", dt.datetime(2025, 2, 15, tzinfo=dt.UTC)),
        ("disbursed_on", "2025-01-15"),
    ],
)
def test_terms_refuse_what_no_schedule_can_keep(field: str, value: object) -> None:
    with pytest.raises(InvalidValueError) as error:
        attrs.evolve(TERMS, **{field: value})  # type: ignore[arg-type]  # on purpose

    assert error.value.field == field


def test_terms_take_the_smallest_loan() -> None:
    terms = make_terms(principal_minor=1, annual_ppm=0, installment_count=1)

    assert terms.principal == Money(1, EUR)


def test_the_strict_preset_is_what_its_documentation_says() -> None:
    assert (str(STRICT.day_count), str(STRICT.rounding), str(STRICT.roll)) == (
        "ACT/365F",
        "half_even",
        "day_of_month",
    )


@pytest.mark.parametrize("day_count", DayCount)
def test_conventions_take_exactly_the_day_counts_that_need_two_dates(
    day_count: DayCount,
) -> None:
    if not day_count.needs:
        assert attrs.evolve(STRICT, day_count=day_count).day_count is day_count
        return
    with pytest.raises(InvalidValueError, match="two dates and nothing else"):
        attrs.evolve(STRICT, day_count=day_count)


def test_a_loan_is_a_request_until_the_day_of_its_disbursement() -> None:
    loan = make_loan(
        TERMS, requested_on=dt.date(2025, 1, 10), known_on=dt.date(2025, 1, 11)
    )
    days = [dt.date(2025, 1, day) for day in (9, 10, 11, 14, 15, 16)]

    assert [loan.is_request_as_of(day) for day in days] == [
        False,
        False,  # asked for, but not yet known
        True,
        True,
        False,
        False,
    ]
    assert [loan.is_disbursed_as_of(day) for day in days] == [False] * 4 + [True] * 2


def test_a_disbursement_known_late_counts_late() -> None:
    loan = make_loan(TERMS, known_on=dt.date(2025, 1, 20))

    assert not loan.is_disbursed_as_of(dt.date(2025, 1, 19))
    assert loan.is_disbursed_as_of(dt.date(2025, 1, 20))


def test_an_open_request_stays_one_after_its_planned_day() -> None:
    loan = make_loan(TERMS, requested_on=dt.date(2025, 1, 10), is_disbursed=False)

    assert loan.is_request_as_of(dt.date(2026, 1, 1))
    assert not loan.is_disbursed_as_of(dt.date(2026, 1, 1))


def test_a_loan_without_a_day_of_request_is_never_a_request() -> None:
    loan = make_loan(TERMS, known_on=dt.date(2025, 1, 1))

    assert not loan.is_request_as_of(dt.date(2025, 1, 14))


def test_a_loan_is_disbursed_or_requested() -> None:
    with pytest.raises(InvalidValueError, match="unless is_disbursed"):
        make_loan(TERMS, is_disbursed=False)


def test_a_plan_lies_before_the_first_due_date() -> None:
    terms = make_terms()
    loan = make_loan(terms, 1, requested_on=terms.disbursed_on)

    with pytest.raises(InvalidValueError, match="planned_on must be before"):
        attrs.evolve(loan, planned_on=terms.first_due_on)


def test_terms_are_those_of_the_plan_until_the_loan_is_disbursed() -> None:
    terms = make_terms()
    day = dt.timedelta(days=1)
    asked_on = terms.disbursed_on - 9 * day
    loan = make_loan(terms, 1, requested_on=asked_on)
    planned = attrs.evolve(loan, planned_on=terms.disbursed_on + day)

    assert loan.terms_as_of(asked_on) == terms
    assert planned.terms_as_of(terms.disbursed_on - day) == attrs.evolve(
        terms, disbursed_on=terms.disbursed_on + day
    )
    assert planned.terms_as_of(terms.disbursed_on) == terms
