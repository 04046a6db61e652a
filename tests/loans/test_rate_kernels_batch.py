"""Kernels: each finds the roots that the scalar finds, whatever its rows are like."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import expm1, log
from typing import Final

import numpy as np
import pytest

from microcrm_core.batch import Floats
from microcrm_core.loans.rate_kernels_batch import (
    AdvanceRows,
    ExpRows,
    HornerRows,
    moment_guess,
    solve_rows,
)
from microcrm_core.loans.rate_roots import Equation, find_roots

Kernel = HornerRows | AdvanceRows | ExpRows
KERNELS: Final = ("horner", "advance", "exp")


def kernel(
    name: str, amounts: Floats, *, first: float = 1.0, odd: float = 0.0
) -> Kernel:
    """One row a flow: an advance, then payments one period apart."""
    size, count = amounts.shape
    times = np.concatenate(([0.0], first + np.arange(size - 1)))
    at = np.repeat(times[:, None], count, axis=1)
    if name == "horner":
        return HornerRows(
            advance=amounts[0],
            payments=-amounts[1:],
            first=np.full(count, first),
            odd=np.full(count, odd) if odd else None,
        )
    if name == "advance":
        assert not odd
        return AdvanceRows(advance=amounts[0], payments=-amounts[1:], times=at[1:])
    odds = np.full_like(at, odd)
    odds[0] = 0.0
    return ExpRows(amounts=amounts, times=at, odds=odds if odd else None)


def scalar(
    amounts: Sequence[float], *, first: float = 1.0, odd: float = 0.0, share: float
) -> float | None:
    size = len(amounts)
    one = Equation(
        amounts=tuple(amounts),
        wholes=(0.0, *(first + n for n in range(size - 1))),
        odds=(0.0, *[odd] * (size - 1)),
    )
    roots = find_roots(one, share=share).roots
    return roots[0] if roots else None


def assert_twins(
    name: str,
    rows: list[tuple[float, ...]],
    *,
    first: float = 1.0,
    odd: float = 0.0,
    share: float = 1.0,
) -> None:
    amounts = np.array(rows).T.copy()
    found = solve_rows(kernel(name, amounts, first=first, odd=odd), len(rows), share)
    for row, one in enumerate(rows):
        expected = scalar(one, first=first, odd=odd, share=share)
        if expected is None:
            assert np.isnan(found[row]), (name, one)
        else:
            assert found[row] == pytest.approx(expected, rel=1e-10, abs=1e-10), one


@pytest.mark.parametrize("name", KERNELS)
def test_the_third_example_of_the_directive_is_solved_by_each(name: str) -> None:
    # Directive 98/7/EC, Annex III: 1000, and twice 600 a year apart, are 13.1 %; the
    # root of 1000 x² - 600 x - 600 is exact.
    growth = (600 + (600**2 + 4 * 1000 * 600) ** 0.5) / 2000

    found = solve_rows(kernel(name, np.array([[1e3], [-600.0], [-600.0]])), 1, 1.0)

    assert found[0] == pytest.approx(log(growth), rel=1e-14)
    assert round(100 * expm1(found[0]), 1) == 13.1


@pytest.mark.parametrize("name", ["horner", "exp"])
def test_an_odd_first_period_is_simple(name: str) -> None:
    # 12 CFR 1026, Appendix J (c)(1)(iv): 10000, 40 payments of 385 a quarter, the
    # first after a quarter and 39 days of 90: 8.97 %.
    amounts = np.array([[10_000.0], *[[-385.0]] * 40])

    found = solve_rows(kernel(name, amounts, odd=39 / 90), 1, 1.0)

    assert round(400 * expm1(found[0]), 2) == 8.97


EDGES: Final[list[tuple[float, ...]]] = [
    # Costs nothing, a little, a lot; next to nothing comes back; at the bounds of the
    # range and beyond them, each twice, so that rows leave and stay together.
    (1_000.0, -500.0, -500.0),
    (1_000.0, -500.0, -500.0001),
    (1_000.0, -1.0, -1.0),
    (1.0, -1e12, -1e12),
    (1e12, -1.0, -1.0),
    (1e18, -1.0, -1.0),
    (1_000.0, -999.0, -1e-9),
    (1_000.0, -1e-9, -1_200.0),
    (1_000.0, -600.0, -600.0),
]


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("share", [1.0, 1 / 12, 1 / 365])
def test_edges_equal_the_scalar_alone_and_together(name: str, share: float) -> None:
    assert_twins(name, EDGES, share=share)
    assert_twins(name, [*EDGES, *EDGES], share=share, first=0.5)
    for one in EDGES:
        assert_twins(name, [one], share=share)
        assert_twins(name, [one], share=share, first=30.0)


@pytest.mark.parametrize("name", ["horner", "exp"])
@pytest.mark.parametrize("odd", [1 / 30, 0.5, 29 / 30])
def test_edges_at_odd_times_equal_the_scalar(name: str, odd: float) -> None:
    assert_twins(name, EDGES, odd=odd)
    assert_twins(name, EDGES, odd=odd, first=0.0)
    assert_twins(name, EDGES, odd=odd, first=4.0)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(
    ("row", "first", "share", "root"),
    [
        ((1e6, -1.0), 1.0, 1.0, log(1e-6)),
        ((1.001e6, -1.0), 1.0, 1.0, None),
        ((1e6, -1.0), 12.0, 1 / 12, log(1e-6) / 12),
        ((1.001e6, -1.0), 12.0, 1 / 12, None),
        ((1.0, -1e3), 1.0, 1 / 100, log(1e3)),
        ((1.0, -1.001e3), 1.0, 1 / 100, None),
        ((1.0, -1e15), 5.0, 1 / 100, log(1e3)),
        ((1.0, -1e300), 1.0, 1.0, log(1e300)),
        ((1.0, -1.001e300), 1.0, 1.0, None),
    ],
)
def test_a_root_at_the_bound_is_found_and_one_beyond_is_not(
    name: str, row: tuple[float, float], first: float, share: float, root: float | None
) -> None:
    amounts = np.array([row]).T.copy()

    found = solve_rows(kernel(name, amounts, first=first), 1, share)

    if root is None:
        assert np.isnan(found[0])
    else:
        assert found[0] == pytest.approx(root, rel=1e-12)
    assert_twins(name, [row], first=first, share=share)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("count", [1, 2, 12, 60, 600])
def test_random_rows_equal_the_scalar(name: str, count: int) -> None:
    chance = random.Random(f"{name} {count}")
    rows: list[tuple[float, ...]] = []
    for _ in range(1 if count == 600 else 60):
        price = chance.choice([0.3, 0.9, 1.0, 1.1, 2.0, 50.0]) / count
        payments = [-price * chance.uniform(0.1, 1.9) for _ in range(count)]
        rows.append((1.0, *payments))

    assert_twins(name, rows)
    assert_twins(name, rows, first=0.3, share=1 / 12)


def test_several_advances_and_payments_at_any_times_equal_the_scalar() -> None:
    chance = random.Random("exp")
    for size in (3, 5, 9):
        for turned in (1.0, -1.0):
            advances = chance.randint(1, size - 1)
            drawn = [[chance.uniform(-2, 30) for _ in range(40)] for _ in range(size)]
            times = np.sort(np.array(drawn), axis=0)
            signs = np.where(np.arange(size) < advances, 1.0, -1.0)[:, None]
            sizes = np.array(
                [[chance.uniform(0.1, 2) for _ in range(40)] for _ in range(size)]
            )
            amounts = signs * sizes
            rows = ExpRows(amounts=amounts, times=times, odds=None)

            found = solve_rows(rows, 40, 1.0)

            for row in range(40):
                one = Equation(
                    amounts=tuple((turned * amounts[:, row]).tolist()),
                    wholes=tuple(times[:, row].tolist()),
                    odds=(0.0,) * size,
                )
                roots = find_roots(one).roots
                if roots:
                    assert found[row] == pytest.approx(roots[0], rel=1e-9, abs=1e-9)
                else:
                    assert np.isnan(found[row])


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("odd", [0.0, 0.25])
@pytest.mark.parametrize("y", [-0.3, -1e-6, 0.0, 1e-6, 0.4, 3.0])
def test_the_slope_of_a_kernel_is_the_derivative_of_its_ratio(
    name: str, odd: float, y: float
) -> None:
    if name == "advance" and odd:
        return
    amounts = np.array([[1.0, 1.0], [-0.2, -0.7], [-0.5, -0.1], [-0.4, -0.9]])
    rows = kernel(name, amounts, odd=odd)
    at, step = np.full(2, y), 1e-6

    _, slope = rows.log_ratios(at)

    after, before = rows.log_ratios(at + step)[0], rows.log_ratios(at - step)[0]
    np.testing.assert_allclose(slope, (after - before) / (2 * step), rtol=1e-6)
    assert (slope > 0).all()


@pytest.mark.parametrize("odd", [0.0, 0.25])
def test_the_kernels_agree_on_the_ratio(odd: float) -> None:
    amounts = np.array([[1.0, 2.0], [-0.2, -0.7], [-0.5, -0.1]])
    names = KERNELS if not odd else ("horner", "exp")
    for y in (-0.5, 0.0, 0.7, 20.0):
        ratios = [
            kernel(name, amounts, odd=odd).log_ratios(np.full(2, y)) for name in names
        ]
        for ratio, slope in ratios[1:]:
            np.testing.assert_allclose(ratio, ratios[0][0], rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(slope, ratios[0][1], rtol=1e-12)


@pytest.mark.parametrize("name", KERNELS)
def test_taking_rows_takes_all_that_belongs_to_them(name: str) -> None:
    amounts = np.array([[1.0, 2.0, 3.0], [-0.6, -1.3, -2.0], [-0.6, -1.4, -2.1]])
    rows = kernel(name, amounts, odd=0.25 if name != "advance" else 0.0)
    y = np.full(3, 0.2)

    taken = rows.take(np.array([2, 0]))

    assert taken.span.tolist() == rows.span[[2, 0]].tolist()
    assert taken.guess().tolist() == rows.guess()[[2, 0]].tolist()
    for part, whole in zip(taken.log_ratios(y[:2]), rows.log_ratios(y), strict=True):
        assert part.tolist() == pytest.approx(whole[[2, 0]].tolist(), rel=1e-15)


def test_the_guess_is_exact_for_one_payment_and_bounded_for_others() -> None:
    # A single payment has no variance: log_total over its time.
    guess = moment_guess(np.array([log(1.2)]), np.array([2.0]), np.array([0.0]))
    assert guess.tolist() == pytest.approx([log(1.2) / 2], rel=1e-15)
    # Where the quadratic has no root the guess stays finite.
    wide = moment_guess(np.array([50.0]), np.array([1.0]), np.array([10.0]))
    assert np.isfinite(wide).all()
    free = moment_guess(np.zeros(1), np.ones(1), np.ones(1))
    assert free.tolist() == [0.0]


def test_no_rows_give_no_roots() -> None:
    rows = AdvanceRows(
        advance=np.zeros(0), payments=np.zeros((1, 0)), times=np.zeros((1, 0))
    )

    assert solve_rows(rows, 0, 1.0).size == 0
