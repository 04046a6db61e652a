"""Events and rules of the other engine hold nothing that its arithmetic cannot take."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import attrs
import pytest

from microcrm_core import Frequency, InvalidValueError
from microcrm_core.loans import Accrual, DaysInMonth, DaysInYear, SplitDayCount
from microcrm_core.loans.fineract_cumulative import CumulativeRule
from microcrm_core.loans.fineract_events import (
    ChangeRate,
    CorrectBalance,
    CreditInterest,
    CreditPrincipal,
    Disburse,
    PauseInterest,
    PayInterest,
    PayPrincipal,
)
from microcrm_core.loans.fineract_level import LevelRule
from microcrm_core.loans.fineract_numbers import FINERACT_NUMBERS

ON = dt.date(2024, 2, 5)
NOON = dt.datetime(2024, 2, 5, 12, tzinfo=dt.UTC)
EVENTS = (
    Disburse(ON, 0),
    ChangeRate(ON, Decimal(0)),
    PauseInterest(ON, ON),
    PayPrincipal(ON, ON, 0),
    PayInterest(ON, ON, 0),
    CreditPrincipal(ON, 0),
    CreditInterest(ON, 0),
    CorrectBalance(ON, -1),
)
LEVEL = LevelRule(numbers=FINERACT_NUMBERS)
CUMULATIVE = CumulativeRule(
    day_count=SplitDayCount(
        days_in_year=DaysInYear.ACTUAL, days_in_month=DaysInMonth.ACTUAL
    ),
    frequency=Frequency.MONTHLY,
    accrual=Accrual.DAILY,
)
WRONG: dict[str, tuple[object, ...]] = {
    "on": ("2024-02-05", NOON, None),
    "due_on": ("2024-02-05", NOON, None),
    "last_on": ("2024-02-05", NOON, None, dt.date(2024, 2, 4)),
    "amount_minor": (1.0, True, "1", Decimal(1)),
    "rate": (0.24, 1, "0.24", Decimal(-1), Decimal("NaN"), Decimal("Infinity")),
    "numbers": (None, 19),
    "installment_multiple": (0, 1.0, True),
    "unit_minor": (0, "100"),
    "grace_count": (-1, 1.0),
    "is_smoothed": (1, None),
    "is_partial_counted": (1, "yes"),
    "is_flat": (0,),
    "is_equal_principal": (None,),
    "day_count": ("30/360",),
    "frequency": ("monthly", Frequency.SEMIMONTHLY),
    "accrual": ("daily",),
}


@pytest.mark.parametrize(
    "one", [*EVENTS, LEVEL, CUMULATIVE], ids=lambda one: type(one).__name__
)
def test_a_field_that_means_nothing_is_refused_by_its_name(one: Any) -> None:
    for field in attrs.fields(type(one)):
        for value in WRONG[field.name]:
            with pytest.raises(InvalidValueError) as error:
                attrs.evolve(one, **{field.name: value})
            assert error.value.field == field.name
            assert error.value.rule.startswith("must ")


@pytest.mark.parametrize(
    "one",
    [
        one
        for one in EVENTS
        if not isinstance(one, CorrectBalance | ChangeRate | PauseInterest)
    ],
    ids=lambda one: type(one).__name__,
)
def test_only_a_correction_may_be_below_zero(one: Any) -> None:
    with pytest.raises(InvalidValueError, match="amount_minor must not be negative"):
        attrs.evolve(one, amount_minor=-1)
