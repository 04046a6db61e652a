"""Simple rates in columns are those of the scalar, at the bounds too."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Final

import numpy as np
import pytest

from microcrm_core.batch import Floats
from microcrm_core.loans.rate_roots import (
    SIMPLE_RATE_MAX,
    find_simple_rate,
    simple_balance,
)
from microcrm_core.loans.simple_rates_batch import simple_rates

Case = tuple[tuple[float, ...], tuple[float, ...]]


def columns(cases: list[Case]) -> tuple[Floats, Floats]:
    amounts = np.array([one for one, _ in cases], dtype=np.float64).T
    years = np.array([one for _, one in cases], dtype=np.float64).T
    return np.ascontiguousarray(amounts), np.ascontiguousarray(years)


def assert_twins(cases: list[Case]) -> None:
    found, has_principal = simple_rates(*columns(cases))
    for row, (amounts, years) in enumerate(cases):
        before = simple_balance(amounts, years, 0.0)[1]
        gaps = [after - one for one, after in pairwise(years)]
        outstanding = any(
            principal > 0 and gap > 0
            for principal, gap in zip(before[1:], gaps, strict=True)
        )
        assert has_principal[row] == outstanding, cases[row]
        scalar = find_simple_rate(amounts, years) if outstanding else None
        if scalar is None:
            assert np.isnan(found[row]), cases[row]
        else:
            assert found[row] == pytest.approx(scalar, rel=2e-10, abs=2e-10), cases[row]


def one_payment(amount: float, paid: float, gap: float) -> Case:
    return (amount, -paid), (0.0, gap)


BOUNDS: Final[list[Case]] = [
    # 999999 of a million are taken off over the gap: the lower bound, exactly.
    *(one_payment(10.0**6, 1.0, gap) for gap in (1.0, 3.0, 1 / 3, 1 / 365, 365.0)),
    *(one_payment(10.0**12, 10.0**6, gap) for gap in (1.0, 0.7, 1e-9)),
    # A share of it more and a share less, on both sides of the millionth of slack.
    *(one_payment(1e6, 1.0 + part, 2.0) for part in (-1e-3, -1e-5, -1e-9, 1e-9, 1e-3)),
    # The upper bound: 1e100 a year.
    *(one_payment(1.0, 1e100 * part, 1.0) for part in (1.0, 0.9, 1 - 1e-12, 1 + 1e-12)),
    *(one_payment(1.0, 1e100 * part, 1.0) for part in (1.1, 2.0, 8.0, 64.0)),
    one_payment(1.0, 11.0, 1e-99),
    one_payment(1.0, 11.0, 1e-101),
    one_payment(1.0, 1.5, 1e-150),
    # Costs nothing; nothing comes back; no time passes.
    one_payment(100.0, 100.0, 1.0),
    one_payment(100.0, 1e-9, 1.0),
    one_payment(100.0, 110.0, 0.0),
    one_payment(100.0, 100.0, 0.0),
    # The borrower pays and is given back: no principal is ever outstanding.
    ((-100.0, 110.0), (0.0, 1.0)),
    ((-100.0, 100.0), (0.0, 1.0)),
]


def test_bounds_and_ties_equal_the_scalar_alone_and_together() -> None:
    assert_twins(BOUNDS)
    for one in BOUNDS:
        assert_twins([one])


LONGER: Final[list[Case]] = [
    # The longest gap is the second; over it 999999 of a million are taken off.
    ((1e6, 0.0, -1.0), (0.0, 0.0, 2.0)),
    # Interest only, then the principal; unpaid charges wait; paid ahead and drawn anew.
    ((100.0, -10.0, -110.0), (0.0, 1.0, 2.0)),
    ((100.0, -5.0, -115.0), (0.0, 1.0, 2.0)),
    ((100.0, -160.0, 50.0), (0.0, 1.0, 2.0)),
    ((-100.0, 200.0, -110.0), (0.0, 1.0, 2.0)),
    ((100.0, -100.0, -1.0), (0.0, 1.0, 2.0)),
    # Below zero, where a charge is taken off at once.
    ((100.0, -40.0, -45.0), (0.0, 1.0, 2.0)),
    ((100.0, -1e-4, -1e-4), (0.0, 1.0, 2.0)),
    # A payment of just the charge, then of just the principal at the same time.
    ((100.0, -10.0, -100.0), (0.0, 1.0, 1.0)),
    ((100.0, 100.0, -200.0), (0.0, 1.0, 2.0)),
    ((100.0, 100.0, 100.0), (0.0, 1.0, 2.0)),
    ((-1.0, -1.0, -1.0), (0.0, 1.0, 2.0)),
    ((100.0, -120.0, 20.0), (0.0, 1.0, 2.0)),
    ((-50.0, 50.0, -1.0), (0.0, 1.0, 2.0)),
]


def test_three_flows_equal_the_scalar_alone_and_together() -> None:
    assert_twins(LONGER)
    for one in LONGER:
        assert_twins([one])


def test_random_flows_of_any_sign_equal_the_scalar() -> None:
    chance = random.Random("simple twins")
    for size in (2, 3, 4, 7, 20):
        cases: list[Case] = []
        for _ in range(200):
            amounts = [float(chance.choice([1, 10**6, 10**12]))]
            amounts += [
                chance.choice([-1, -1, -1, -1, 1]) * chance.uniform(0, 3) * amounts[0]
                for _ in range(size - 1)
            ]
            years = [0.0]
            for _ in range(size - 1):
                years.append(
                    years[-1] + chance.choice([1 / 365, 1 / 12, 0.5, 1.0, 9.0])
                )
            cases.append((tuple(amounts), tuple(years)))
        assert_twins(cases)


def test_no_rate_beyond_the_range_is_ever_returned() -> None:
    found, _ = simple_rates(*columns(BOUNDS))

    kept = found[~np.isnan(found)]
    assert kept.size > 10
    assert (kept <= SIMPLE_RATE_MAX).all()


def test_rows_come_back_in_their_order() -> None:
    cases = [one_payment(100.0, 100.0 + n, 1.0) for n in (5, 1, 4, 2, 3)]

    found, _ = simple_rates(*columns(cases))

    assert found.tolist() == pytest.approx([0.05, 0.01, 0.04, 0.02, 0.03], rel=1e-12)


def test_no_rows_give_no_rates() -> None:
    found, has_principal = simple_rates(np.zeros((2, 0)), np.zeros((2, 0)))

    assert found.size == has_principal.size == 0
