from __future__ import annotations

import datetime as dt
import random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.ids import RepaymentId
from microcrm_core.loans import (
    STRICT,
    Bullet,
    Fee,
    FeeTiming,
    Portion,
    Repayment,
    Schedule,
    allocate_repayments,
    build_schedule,
)
from tests.loans.loan_cases import KWD, make_repayment, make_terms, repayments_of

# One day of interest at 36.5 % on ACT/365F is a thousandth, so the figures below
# can be checked by hand: 31 days on 100,000 are 3,100.
TERMS = make_terms(100_000, 365_000, 3)
SCHEDULE = build_schedule(TERMS, STRICT)
LEVEL = SCHEDULE.level_installment.minor
DUE = SCHEDULE.due_on
AS_OF = dt.date(2025, 12, 31)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Schedule, list[Repayment], dt.date]:
    terms = make_terms(
        draw(st.integers(1, 10**7)),
        draw(st.integers(0, 400_000)),
        draw(st.integers(1, 14)),
    )
    schedule = build_schedule(terms, STRICT)
    as_of = terms.disbursed_on + dt.timedelta(days=draw(st.integers(0, 500)))
    return schedule, draw(repayments_of(schedule)), as_of


def test_an_installment_paid_on_its_due_date_is_on_time() -> None:
    standing = allocate_repayments(
        SCHEDULE, [make_repayment(1, DUE[0], LEVEL)], DUE[1] - dt.timedelta(days=1)
    )

    assert standing.settled_on == (DUE[0], None, None)
    assert (standing.overdue_minor, standing.days_past_due) == (0, 0)


def test_an_unpaid_installment_is_overdue_from_the_day_after_its_due_date() -> None:
    on_the_day = allocate_repayments(SCHEDULE, [], DUE[0])
    day_after = allocate_repayments(SCHEDULE, [], DUE[0] + dt.timedelta(days=1))

    assert (on_the_day.overdue_minor, on_the_day.days_past_due) == (0, 0)
    assert (day_after.overdue_minor, day_after.days_past_due) == (LEVEL, 1)


def test_interest_is_paid_before_principal_and_the_oldest_first() -> None:
    first_interest = 3_100
    assert SCHEDULE.interest_minor[0] == first_interest
    repayments = [
        make_repayment(1, DUE[0], 3_000),
        make_repayment(2, DUE[0], 200),
        make_repayment(3, DUE[1], LEVEL),
    ]

    standing = allocate_repayments(SCHEDULE, repayments, AS_OF)

    parts = [
        [(p.number, p.interest_minor, p.principal_minor) for p in allocation.parts]
        for allocation in standing.allocations
    ]
    second_interest = SCHEDULE.interest_minor[1]
    assert parts == [
        [(1, 3_000, 0)],
        [(1, 100, 100)],
        [
            (1, 0, SCHEDULE.principal_minor[0] - 100),
            (2, second_interest, 3_200 - second_interest),
        ],
    ]
    assert standing.outstanding_principal_minor == (
        100_000 - SCHEDULE.principal_minor[0] - (3_200 - second_interest)
    )


def test_a_loan_is_settled_when_everything_is_paid_and_the_rest_is_credit() -> None:
    all_minor = SCHEDULE.total.minor
    repayments = [
        make_repayment(1, DUE[0], LEVEL),
        make_repayment(2, DUE[1], all_minor),
    ]

    standing = allocate_repayments(SCHEDULE, repayments, AS_OF)

    assert standing.is_settled
    assert standing.loan_settled_on == DUE[1]
    assert standing.settled_on == (DUE[0], DUE[1], DUE[1])
    assert standing.credit_minor == LEVEL
    assert standing.outstanding_minor == standing.outstanding_principal_minor == 0
    assert standing.allocated(RepaymentId("r-002")).credit_minor == LEVEL


def test_one_unit_short_leaves_the_installment_open() -> None:
    standing = allocate_repayments(
        SCHEDULE, [make_repayment(1, DUE[0], LEVEL - 1)], DUE[0] + dt.timedelta(days=9)
    )

    assert standing.settled_on[0] is None
    assert (standing.overdue_minor, standing.days_past_due) == (1, 9)


def test_what_is_paid_or_known_after_the_day_does_not_count() -> None:
    repayments = [
        make_repayment(1, DUE[0], 100, known_on=AS_OF + dt.timedelta(days=1)),
        make_repayment(2, AS_OF + dt.timedelta(days=1), 100),
        make_repayment(3, AS_OF, 7),
    ]

    standing = allocate_repayments(SCHEDULE, repayments, AS_OF)

    assert standing.repaid_minor == 7
    with pytest.raises(InvalidValueError, match="that counts"):
        standing.allocated(RepaymentId("r-001"))


def test_empty_installments_are_settled_with_the_one_before() -> None:
    schedule = build_schedule(make_terms(2, 0, 4), STRICT)

    standing = allocate_repayments(schedule, [make_repayment(1, DUE[0], 2)], AS_OF)

    assert standing.settled_on == (DUE[0],) * 4
    assert standing.is_settled


def test_repayments_of_two_loans_are_refused() -> None:
    repayments = [
        make_repayment(1, DUE[0], 1),
        make_repayment(2, DUE[0], 1, loan_number=2),
    ]

    with pytest.raises(InvalidValueError, match="that of all repayments"):
        allocate_repayments(SCHEDULE, repayments, AS_OF)


def test_a_repayment_in_another_currency_is_refused() -> None:
    repayment = attrs.evolve(make_repayment(1, DUE[0], 1), amount=Money(1, KWD))

    with pytest.raises(CurrencyMismatchError, match="must be in EUR"):
        allocate_repayments(SCHEDULE, [repayment], AS_OF)


def test_a_repayment_that_is_given_twice_is_refused() -> None:
    repayment = make_repayment(1, DUE[0], 1)

    with pytest.raises(InvalidValueError, match="given once"):
        allocate_repayments(SCHEDULE, [repayment, repayment], AS_OF)


@pytest.mark.parametrize("amount", [Money(0, KWD), Money(-1, KWD), 5])
def test_a_repayment_is_an_amount_above_zero(amount: object) -> None:
    with pytest.raises(InvalidValueError, match="above zero"):
        attrs.evolve(
            make_repayment(1, DUE[0], 1),
            amount=amount,  # type: ignore[arg-type]  # on purpose
        )


@given(case=cases())
def test_allocation_conserves_every_unit(
    case: tuple[Schedule, list[Repayment], dt.date],
) -> None:
    schedule, repayments, as_of = case

    standing = allocate_repayments(schedule, repayments, as_of)

    interest = [0] * len(schedule.due_on)
    principal = [0] * len(schedule.due_on)
    for allocation in standing.allocations:
        given_minor = sum(part.total_minor for part in allocation.parts)
        amount_minor = allocation.repayment.amount.minor
        assert given_minor + allocation.credit_minor == amount_minor
        for part in allocation.parts:
            assert part.total_minor > 0
            interest[part.number - 1] += part.interest_minor
            principal[part.number - 1] += part.principal_minor
    paid = [i + p for i, p in zip(interest, principal, strict=True)]
    assert paid == list(standing.paid_minor)
    assert sum(paid) + standing.credit_minor == standing.repaid_minor
    assert sum(paid) + standing.outstanding_minor == schedule.total.minor
    assert (
        sum(principal) + standing.outstanding_principal_minor
        == schedule.terms.principal.minor
    )
    for row, (paid_interest, paid_principal) in enumerate(
        zip(interest, principal, strict=True)
    ):
        assert paid_interest == schedule.interest_minor[row] or paid_principal == 0


@given(case=cases())
def test_days_and_amounts_overdue_follow_from_the_unpaid_installments(
    case: tuple[Schedule, list[Repayment], dt.date],
) -> None:
    schedule, repayments, as_of = case

    standing = allocate_repayments(schedule, repayments, as_of)

    unpaid = [
        (due, total - paid)
        for due, total, paid in zip(
            schedule.due_on, schedule.total_minor, standing.paid_minor, strict=True
        )
        if total > paid and due < as_of
    ]
    assert standing.overdue_minor == sum(minor for _, minor in unpaid)
    oldest = min((due for due, _ in unpaid), default=as_of)
    assert standing.days_past_due == (as_of - oldest).days
    for total, paid, settled in zip(
        schedule.total_minor, standing.paid_minor, standing.settled_on, strict=True
    ):
        # An empty installment is settled with the ones before it.
        assert (settled is not None) == (total == paid) or total == 0


@given(case=cases(), seed=st.integers(0, 999))
def test_the_order_of_arrival_changes_nothing(
    case: tuple[Schedule, list[Repayment], dt.date], seed: int
) -> None:
    schedule, repayments, as_of = case
    shuffled = random.Random(seed).sample(repayments, len(repayments))

    assert allocate_repayments(schedule, shuffled, as_of) == allocate_repayments(
        schedule, repayments, as_of
    )


@given(case=cases(), days=st.integers(1, 90), amount_minor=st.integers(1, 10**6))
def test_what_is_known_later_changes_nothing(
    case: tuple[Schedule, list[Repayment], dt.date], days: int, amount_minor: int
) -> None:
    schedule, repayments, as_of = case
    later_on = as_of + dt.timedelta(days=days)
    later = [
        make_repayment(900, later_on, amount_minor),
        make_repayment(901, as_of, amount_minor, known_on=later_on),
    ]

    assert allocate_repayments(
        schedule, [*later, *repayments], as_of
    ) == allocate_repayments(schedule, repayments, as_of)


def test_a_repayment_pays_fees_then_interest_then_principal() -> None:
    # 31.00 of interest are due with the first installment, and 5.00 of fees on top.
    service = Fee(
        name="service",
        timing=FeeTiming.PER_INSTALLMENT,
        portion=Portion.of_amount(Money(500, TERMS.principal.currency)),
    )
    plan = attrs.evolve(TERMS.plan, fees=(service,))
    schedule = build_schedule(attrs.evolve(TERMS, plan=plan), STRICT)
    repayments = [
        make_repayment(number, DUE[0], minor)
        for number, minor in enumerate((300, 1000, 2500))
    ]

    standing = allocate_repayments(schedule, repayments, AS_OF)

    assert [
        (part.fees_minor, part.interest_minor, part.principal_minor)
        for allocation in standing.allocations
        for part in allocation.parts
    ] == [(300, 0, 0), (200, 800, 0), (0, 2300, 200)]
    assert standing.outstanding_principal_minor == 100_000 - 200
    assert standing.outstanding_minor == schedule.total.minor - 3800


def test_capitalized_interest_is_principal_that_is_outstanding() -> None:
    plan = attrs.evolve(TERMS.plan, method=Bullet(is_compounded=True))
    schedule = build_schedule(attrs.evolve(TERMS, plan=plan), STRICT)

    standing = allocate_repayments(schedule, [], AS_OF)

    grown = 100_000 + sum(schedule.capitalized_minor)
    assert standing.outstanding_principal_minor == grown
    assert standing.overdue_minor == schedule.total.minor


def test_an_installment_of_nothing_is_never_past_due() -> None:
    # A bullet asks for nothing before its last due date.
    plan = attrs.evolve(TERMS.plan, method=Bullet())
    schedule = build_schedule(attrs.evolve(TERMS, plan=plan), STRICT)
    day = dt.timedelta(days=1)

    before = allocate_repayments(schedule, [], DUE[2])
    after = allocate_repayments(schedule, [], DUE[2] + day)
    late = make_repayment(1, DUE[2] + 9 * day, schedule.total.minor)
    paid = allocate_repayments(schedule, [late], AS_OF)

    assert (before.overdue_minor, before.days_past_due) == (0, 0)
    assert (after.overdue_minor, after.days_past_due) == (schedule.total.minor, 1)
    assert after.settled_on == (DUE[0], DUE[1], None)
    assert paid.settled_on == (DUE[0], DUE[1], DUE[2] + 9 * day)
