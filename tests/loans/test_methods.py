from __future__ import annotations

import pytest

from microcrm_core import InvalidValueError, Money
from microcrm_core.loans import (
    Bullet,
    CustomInstallments,
    CustomPrincipal,
    Graduated,
    Seasonal,
    Weighted,
)
from tests.loans.loan_cases import EUR


def test_graduated_installments_grow_by_the_step() -> None:
    yearly = Graduated.of(step_share="0.1", step_count=2)

    assert list(map(str, yearly.weights(5))) == ["1", "1", "11/10", "11/10", "121/100"]


@pytest.mark.parametrize(
    ("share", "count", "field"),
    [("-1", 1, "step_share"), ("0.1", 0, "step_count")],
)
def test_a_step_leaves_something_and_takes_some_time(
    share: str, count: int, field: str
) -> None:
    with pytest.raises(InvalidValueError) as error:
        Graduated.of(step_share=share, step_count=count)

    assert error.value.field == field


def test_a_step_is_exact() -> None:
    with pytest.raises(InvalidValueError, match="step_share must be an exact number"):
        Graduated.of(step_share=0.1, step_count=1)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("weights", [(), (1, 0), (0,)])
def test_weights_end_above_zero(weights: tuple[int, ...]) -> None:
    with pytest.raises(InvalidValueError, match="must end with a weight above zero"):
        Weighted(weights)


@pytest.mark.parametrize("kind", [Weighted, Seasonal])
def test_weights_are_exact_and_not_negative(kind: type[Weighted | Seasonal]) -> None:
    with pytest.raises(InvalidValueError, match="must not be negative, got '-1'"):
        kind((1,) * 11 + (-1,))
    with pytest.raises(InvalidValueError, match="must be an exact number"):
        kind((0.5,) * 12)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InvalidValueError, match="must be a tuple of exact numbers"):
        kind("111111111111")


@pytest.mark.parametrize("months", [(1,) * 11, (0,) * 12])
def test_a_season_is_twelve_months_not_all_without_weight(
    months: tuple[int, ...],
) -> None:
    with pytest.raises(InvalidValueError, match="must be twelve, not all zero"):
        Seasonal(months)


@pytest.mark.parametrize("kind", [CustomPrincipal, CustomInstallments])
def test_agreed_amounts_are_money_and_not_negative(
    kind: type[CustomPrincipal | CustomInstallments],
) -> None:
    with pytest.raises(InvalidValueError, match="amounts must not be negative"):
        kind((Money(-1, EUR),))
    with pytest.raises(InvalidValueError, match="amounts must hold nothing but Money"):
        kind((1,))  # type: ignore[arg-type]  # on purpose


def test_a_step_in_text_is_told_where_it_is_read() -> None:
    with pytest.raises(InvalidValueError, match=r"use Graduated\.of\(\.\.\.\)$"):
        Graduated(step_share="0.05", step_count=12)  # type: ignore[arg-type]  # on purpose


def test_whether_a_bullet_compounds_is_yes_or_no() -> None:
    with pytest.raises(InvalidValueError, match="is_compounded must be a bool, got 1"):
        Bullet(1)  # type: ignore[arg-type]  # on purpose
