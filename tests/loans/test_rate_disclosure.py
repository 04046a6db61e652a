"""What is shown of a rate, and when a shown figure is accurate."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError
from microcrm_core.loans.flow_times import reg_z_times
from microcrm_core.loans.rate_disclosure import (
    Irregularities,
    is_accurate,
    round_percent,
)
from tests.loans.credit_cases import advance, credit, level, repayment


@pytest.mark.parametrize(
    ("disclosed", "accurate"),
    [("14.33", True), ("14.34", True), ("14.25", True), ("14.2", False)],
)
def test_the_regulators_own_figures_are_within_an_eighth(
    disclosed: str, accurate: bool
) -> None:
    # Official interpretation of 12 CFR 1026.14(a), comment 2.
    assert is_accurate(disclosed, "14.33333", is_irregular=False) is accurate


@pytest.mark.parametrize("is_irregular", [False, True])
@given(actual=st.decimals(-50, 500, places=4), is_up=st.booleans())
def test_the_limit_itself_is_accurate_and_nothing_beyond_it(
    is_irregular: bool, actual: Decimal, is_up: bool
) -> None:
    limit = Decimal("0.25") if is_irregular else Decimal("0.125")
    off = limit if is_up else -limit
    beyond = off + Decimal("0.0001") * (1 if is_up else -1)

    assert is_accurate(actual + off, actual, is_irregular=is_irregular)
    assert not is_accurate(actual + beyond, actual, is_irregular=is_irregular)


@pytest.mark.parametrize(
    ("percent", "decimals", "shown"),
    [
        # SWD(2012) 128, section 4.1.2: only the next digit decides.
        ("3.054", 1, "3.1"),
        ("3.055", 2, "3.06"),
        ("12.949", 1, "12.9"),
        ("-12.95", 1, "-13.0"),
        ("0", 2, "0.00"),
        (0.1 + 0.2, 2, "0.30"),
    ],
)
def test_a_percentage_rounds_half_up_on_the_next_digit(
    percent: str | float, decimals: int, shown: str
) -> None:
    assert str(round_percent(percent, decimals)) == shown


def test_a_float_just_below_a_tie_counts_as_the_tie() -> None:
    below = 12.949999999999999

    assert str(round_percent(below, 1, tolerance=1e-12)) == "13.0"
    assert str(round_percent(-below, 1, tolerance=1e-12)) == "-13.0"
    assert str(round_percent(12.9499, 1, tolerance=1e-12)) == "12.9"


def test_a_float_that_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="must be a finite number"):
        round_percent(float("inf"), 2)


def test_an_odd_first_period_first_payment_and_last_payment_are_regular() -> None:
    flows = level(500_000, "1978-01-10", 23_000, "1978-03-05", 24, last_minor=28_000)
    found = Irregularities.of(flows, reg_z_times(flows))

    assert found == Irregularities(
        has_odd_first_period=True, has_odd_final_payment=True
    )
    assert not found.is_irregular
    assert found.tolerance_points == Decimal("0.125")


def test_a_skipped_month_a_step_up_and_a_second_advance_are_irregular() -> None:
    months = [f"2025-{month:02}-01" for month in range(2, 12)]
    regular = [repayment(on, 1_000) for on in months]
    skipped = credit(advance("2025-01-01", 8_000), *regular[:4], *regular[5:])
    stepped = credit(
        advance("2025-01-01", 8_000),
        *regular[:6],
        *[repayment(on, 1_100) for on in months[6:]],
    )
    twice = credit(advance("2025-01-01", 4_000), advance("2025-01-15", 4_000), *regular)

    found = [Irregularities.of(one, reg_z_times(one)) for one in (skipped, stepped)]
    assert found[0] == Irregularities(has_other_odd_periods=True)
    assert found[1].has_other_odd_amounts
    assert Irregularities.of(twice, reg_z_times(twice)).has_several_advances


def test_a_single_payment_is_regular() -> None:
    flows = credit(advance("2025-01-01", 1_000), repayment("2025-07-01", 1_100))

    assert Irregularities.of(flows, reg_z_times(flows)) == Irregularities()
