from __future__ import annotations

import datetime as dt

import attrs
import pytest

from microcrm_core import Currency, Money, Rate
from microcrm_core.dates import Frequency
from microcrm_core.loans import (
    EQUAL_INSTALLMENTS,
    FINERACT,
    FINERACT_CUMULATIVE,
    EqualPrincipal,
    FlatInterest,
    Grace,
    InterestOnly,
    LoanTerms,
    Portion,
    Remainder,
    RepaymentPlan,
    ShortPeriod,
)
from microcrm_core.loans.fineract_models import (
    cumulative_rule,
    down_payment_minor,
    empty_model,
)

EUR = Currency.of("EUR")
TERMS = LoanTerms(
    principal=Money.of("100.00", EUR),
    nominal_rate=Rate.per_year("0.07"),
    installment_count=6,
    frequency=Frequency.MONTHLY,
    disbursed_on=dt.date(2024, 1, 1),
    first_due_on=dt.date(2024, 2, 1),
)


def planned(plan: RepaymentPlan) -> LoanTerms:
    return attrs.evolve(TERMS, plan=plan)


def test_a_model_starts_empty_with_the_dates_of_the_terms() -> None:
    model = empty_model(TERMS, FINERACT)

    assert [row.start_on.month for row in model.rows] == [1, 2, 3, 4, 5, 6]
    assert all(row.disbursed_minor == 0 for row in model.rows)
    assert model.factors.start_on == TERMS.disbursed_on
    assert model.level.unit_minor == 100


def test_only_smoothed_remainders_on_regular_dates_are_smoothed() -> None:
    regular = tuple(dt.date(2024, month, 1) for month in range(2, 8))
    moved = (*regular[:3], *(day.replace(day=15) for day in regular[3:]))
    by_list = attrs.evolve(TERMS, due_on=regular)
    by_hand = attrs.evolve(TERMS, due_on=moved)
    last = attrs.evolve(FINERACT, id="last", remainder=Remainder.LAST)

    assert empty_model(TERMS, FINERACT).level.is_smoothed
    assert empty_model(by_list, FINERACT).level.is_smoothed
    assert not empty_model(by_hand, FINERACT).level.is_smoothed
    assert not empty_model(TERMS, last).level.is_smoothed


def test_interest_only_is_grace_of_all_rows_but_the_last() -> None:
    only = planned(RepaymentPlan(method=InterestOnly()))
    grace = planned(attrs.evolve(EQUAL_INSTALLMENTS, grace=Grace(principal_count=2)))

    assert empty_model(only, FINERACT).level.grace_count == 5
    assert empty_model(grace, FINERACT).level.grace_count == 2


def test_the_rule_of_the_older_engine_says_how_interest_is_counted() -> None:
    flat = cumulative_rule(
        planned(RepaymentPlan(method=FlatInterest())), FINERACT_CUMULATIVE
    )
    equal = cumulative_rule(
        planned(RepaymentPlan(method=EqualPrincipal())),
        attrs.evolve(
            FINERACT_CUMULATIVE, id="days", short_period=ShortPeriod.WHOLE_PERIOD
        ),
    )

    assert (flat.is_flat, flat.is_equal_principal) == (True, False)
    assert (equal.is_flat, equal.is_equal_principal) == (False, True)
    assert (flat.is_partial_counted, equal.is_partial_counted) == (True, False)


@pytest.mark.parametrize(
    ("lent_minor", "multiple", "expected_minor"),
    # 25 %: rounded to cents and then, half even, to the multiple of installments.
    [
        (50_000, 1, 12_500),
        (50_002, 1, 12_500),
        (50_006, 1, 12_502),
        (41_000, 100, 10_200),
    ],
)
def test_a_down_payment_is_rounded_to_cents_and_then_to_the_multiple(
    lent_minor: int, multiple: int, expected_minor: int
) -> None:
    plan = attrs.evolve(EQUAL_INSTALLMENTS, down_payment=Portion.of_share("0.25"))
    conventions = attrs.evolve(FINERACT, id="units", installment_multiple=multiple)

    assert down_payment_minor(planned(plan), conventions, lent_minor) == expected_minor
    assert down_payment_minor(TERMS, conventions, lent_minor) == 0
