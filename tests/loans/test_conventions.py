from __future__ import annotations

import attrs
import pytest

from microcrm_core import InvalidValueError
from microcrm_core.dates import DayCount
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    STRICT,
    STRICT_30_360,
    Accrual,
    Arithmetic,
    DaysInMonth,
    DaysInYear,
    Remainder,
    ScheduleConventions,
    SplitDayCount,
)


def changed(**parts: object) -> ScheduleConventions:
    """Return the strict conventions with other parts, of any kind."""
    return attrs.evolve(STRICT, **parts)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("day_count", DayCount)
def test_conventions_take_every_day_count(day_count: DayCount) -> None:
    assert changed(day_count=day_count).day_count is day_count


@pytest.mark.parametrize(
    ("parts", "field", "rule"),
    [
        ({"id": ""}, "id", "must be text, not empty, without spaces around it"),
        ({"day_count": "ACT/360"}, "day_count", "must be a DayCount or SplitDayCount"),
        ({"rounding": "up"}, "rounding", "must be a Rounding"),
        ({"accrual": "daily"}, "accrual", "must be an Accrual"),
        ({"currency_multiple": 0}, "currency_multiple", "must be 1 or more"),
        (
            {"installment_multiple": True},
            "installment_multiple",
            "must be a whole number",
        ),
        (
            {"currency_multiple": 10, "installment_multiple": 25},
            "installment_multiple",
            "must be a multiple of currency_multiple 10",
        ),
        (
            {"arithmetic": Arithmetic.FINERACT_PROGRESSIVE},
            "day_count",
            "must be a SplitDayCount for fineract_progressive",
        ),
        (
            {"business_days": "weekends"},
            "business_days",
            "must be a BusinessDays or None",
        ),
        (
            {"has_interest_on_disbursement_day": 1},
            "has_interest_on_disbursement_day",
            "must be a bool",
        ),
    ],
)
def test_conventions_refuse_what_means_nothing(
    parts: dict[str, object], field: str, rule: str
) -> None:
    with pytest.raises(InvalidValueError) as error:
        changed(**parts)

    assert (error.value.field, error.value.rule) == (field, rule)


def test_the_presets_are_what_their_documentation_says() -> None:
    assert (str(STRICT.day_count), str(STRICT.rounding), str(STRICT.roll)) == (
        "ACT/365F",
        "half_even",
        "day_of_month",
    )
    assert (STRICT.arithmetic, STRICT.remainder) == (Arithmetic.EXACT, Remainder.LAST)
    assert attrs.evolve(STRICT_30_360, id=STRICT.id) == changed(
        day_count=DayCount.THIRTY_360_BOND
    )
    assert str(FINERACT.day_count) == "360/30"
    assert FINERACT.arithmetic is Arithmetic.FINERACT_PROGRESSIVE
    assert FINERACT_CUMULATIVE.arithmetic is Arithmetic.FINERACT_CUMULATIVE
    assert FINERACT_CUMULATIVE.accrual is Accrual.PER_PERIOD


def test_a_split_day_count_has_its_two_parts() -> None:
    with pytest.raises(InvalidValueError, match="days_in_year must be a DaysInYear"):
        SplitDayCount(
            days_in_year="360",  # type: ignore[arg-type]  # on purpose
            days_in_month=DaysInMonth.DAYS_30,
        )
    assert DaysInYear.ACTUAL.days is None
