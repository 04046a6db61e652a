"""Why rows have no schedule: every reason has a rule, and shows what was found."""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np
import pytest

from microcrm_core import InvalidValueError
from microcrm_core.loans import (
    CustomInstallments,
    CustomPrincipal,
    DeferredInterest,
    EqualInstallments,
    Grace,
    Graduated,
    Portion,
    RepaymentPlan,
    Seasonal,
    Weighted,
)
from microcrm_core.loans.refusals_batch import (
    Refusal,
    RefusedLoan,
    require_scheduled,
)
from microcrm_core.money import Money
from tests.loans.loan_cases import EUR

PLAIN: Final = RepaymentPlan(method=EqualInstallments())
SUM: Final = Portion.of_amount(Money(500_000, EUR))
REASONS: Final = [reason for reason in Refusal if reason is not Refusal.NONE]
# The plan that breaks the rule, the field that is named, and what is shown.
CASES: Final = {
    Refusal.CURRENCY: (PLAIN, "currency", "EUR"),
    Refusal.DOWN_PAYMENT: (
        attrs.evolve(PLAIN, down_payment=SUM),
        "plan.down_payment",
        "EUR 5000.00 of EUR 1000.00",
    ),
    Refusal.BALLOON: (
        attrs.evolve(PLAIN, balloon=Portion.of_share("0.5")),
        "plan.balloon",
        "the share 1/2 of EUR 1000.00",
    ),
    Refusal.PRINCIPAL_GRACE: (
        attrs.evolve(PLAIN, grace=Grace(principal_count=12)),
        "plan.grace.principal_count",
        "12 of 12 installments",
    ),
    Refusal.INTEREST_GRACE: (
        attrs.evolve(
            PLAIN,
            grace=Grace(
                principal_count=14,
                interest_payment_count=13,
                deferred_interest=DeferredInterest.CAPITALIZED,
            ),
        ),
        "plan.grace.interest_payment_count",
        "13 of 12 installments",
    ),
    Refusal.WEIGHTS: (
        RepaymentPlan(method=Weighted((1, 2))),
        "plan.method.weights",
        "2 weights for 12 installments",
    ),
    Refusal.MONTH_WEIGHTS: (
        RepaymentPlan(method=Seasonal((0, *[1] * 11))),
        "plan.method.month_weights",
        "first due on 2024-10-04",
    ),
    Refusal.AMOUNTS: (
        RepaymentPlan(method=CustomPrincipal((Money(100, EUR), Money(150, EUR)))),
        "plan.method.amounts",
        "2 amounts of EUR 2.50 together for 12 installments and EUR 1000.00",
    ),
    Refusal.DATES: (PLAIN, "first_due_day", "first due on 2024-10-04"),
    Refusal.TOO_LARGE: (PLAIN, "principal_minor", "100000"),
    Refusal.NOT_COVERED: (
        PLAIN,
        "installment",
        "EUR 1000.00 at 240000 ppm, 12 installments",
    ),
    Refusal.CALENDAR: (
        PLAIN,
        "first_due_day",
        "first due on 2024-10-04, 12 installments",
    ),
    Refusal.FINE_WEIGHTS: (
        RepaymentPlan(method=Graduated.of(step_share="0.01", step_count=1)),
        "plan.method",
        "the weight 1.0510100501 of Graduated",
    ),
}


def loan_of(plan: RepaymentPlan) -> RefusedLoan:
    return RefusedLoan(
        plan=plan,
        principal_minor=100_000,
        currency=EUR,
        installment_count=12,
        annual_ppm=240_000,
        first_due_day=20_000,
    )


def error_of(refusal: list[int], plan: RepaymentPlan) -> InvalidValueError:
    with pytest.raises(InvalidValueError) as caught:
        require_scheduled(np.array(refusal), lambda _: loan_of(plan))
    return caught.value


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
def test_every_reason_names_the_field_the_rule_and_what_was_found(
    reason: Refusal,
) -> None:
    plan, field, found = CASES[reason]

    error = error_of([0, reason, 0, reason], plan)

    assert (error.field, str(error.value)) == (field, found)
    assert (error.row, error.bad_count, error.row_count) == (1, 2, 4)
    assert error.rule.startswith(("must ", "of the loan must "))
    assert len(str(error)) < 400


@pytest.mark.parametrize(
    "reason", [Refusal.TOO_LARGE, Refusal.FINE_WEIGHTS], ids=lambda reason: reason.name
)
def test_bounds_of_columns_alone_come_with_the_way_out(reason: Refusal) -> None:
    error = error_of([reason], CASES[reason][0])

    assert error.hint is not None
    assert "build_schedule" in error.hint
    assert str(error).endswith(error.hint)


def test_what_the_scalar_refuses_has_no_hint_to_use_it() -> None:
    for reason in set(REASONS) - {
        Refusal.TOO_LARGE,
        Refusal.FINE_WEIGHTS,
        Refusal.CALENDAR,
    }:
        assert error_of([reason], CASES[reason][0]).hint is None


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
def test_a_loan_of_which_columns_say_little_is_refused_all_the_same(
    reason: Refusal,
) -> None:
    loan = RefusedLoan(plan=CASES[reason][0], principal_minor=100_000)

    with pytest.raises(InvalidValueError) as caught:
        require_scheduled(np.array([reason]), lambda _: loan)

    assert caught.value.field == CASES[reason][1]


def test_agreed_installments_are_shown_as_agreed_principal_is() -> None:
    plan = RepaymentPlan(method=CustomInstallments((Money(100, EUR),)))

    error = error_of([Refusal.AMOUNTS], plan)

    assert str(error.value).startswith("1 amounts of EUR 1.00 together")


def test_a_day_outside_the_calendar_is_shown_as_it_is() -> None:
    loan = attrs.evolve(loan_of(PLAIN), first_due_day=10**9)

    with pytest.raises(InvalidValueError, match="day 1000000000"):
        require_scheduled(np.array([Refusal.DATES]), lambda _: loan)


def test_the_rule_that_comes_first_is_told_whatever_row_breaks_it() -> None:
    error = error_of([Refusal.NOT_COVERED, Refusal.DATES, Refusal.NOT_COVERED], PLAIN)

    assert (error.field, error.row, error.bad_count) == ("first_due_day", 1, 1)


@pytest.mark.parametrize("size", [0, 3])
def test_rows_that_all_have_a_schedule_pass(size: int) -> None:
    def never(_: int) -> RefusedLoan:
        raise AssertionError("no loan is refused")

    require_scheduled(np.zeros(size, np.int64), never)
