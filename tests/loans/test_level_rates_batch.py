"""The closed form for equal installments finds the roots that the long form has."""

from __future__ import annotations

import random
from math import expm1, log
from typing import Final

import numpy as np
import pytest

from microcrm_core.loans.level_rates_batch import level_growth_logs
from microcrm_core.loans.rate_roots import Equation, find_roots

Loan = tuple[int, int, int]
"""Principal, installment, how many."""


def written_out(loan: Loan, first: float, odd: float) -> Equation:
    principal, installment, count = loan
    scale = max(principal, installment)
    return Equation(
        amounts=(principal / scale, *[-installment / scale] * count),
        wholes=(0.0, *(first + n for n in range(count))),
        odds=(0.0, *[odd] * count),
    )


def assert_twins(
    loans: list[Loan],
    first: float | None = None,
    odd: float | None = None,
    share: float = 1.0,
) -> None:
    principal, installment, count = np.array(loans, dtype=np.int64).T
    roots, rates = level_growth_logs(
        principal,
        installment,
        count,
        None if first is None else np.full(len(loans), first),
        None if odd is None else np.full(len(loans), odd),
        share=share,
    )
    for row, loan in enumerate(loans):
        one = written_out(loan, 1.0 if first is None else first, odd or 0.0)
        expected = find_roots(one, share=share).roots
        if not expected:
            assert np.isnan(roots[row]), loan
            assert np.isnan(rates[row]), loan
            continue
        (root,) = expected
        # A root of zero is exact here and a last digit away there.
        assert roots[row] == pytest.approx(root, rel=1e-10, abs=1e-12), loan
        assert rates[row] == pytest.approx(expm1(root), rel=1e-10, abs=1e-12), loan


LOANS: Final[list[Loan]] = [
    # 12 CFR 1026, Appendix J (b)(9).
    (100_000, 3_361, 36),
    # Costs nothing, one cent more, one cent less, nothing in an odd number of cents.
    (12_000, 1_000, 12),
    (11_999, 1_000, 12),
    (12_001, 1_000, 12),
    (10**15 + 1, 10**15 + 1, 1),
    (7 * 10**14, 10**14, 7),
    # One installment; far too much; next to nothing; long terms.
    (100, 110, 1),
    (1, 10**12, 1),
    (10**12, 1, 1),
    (100, 10**12, 600),
    (10**12, 1, 600),
    (10**12, 10**12 // 600 + 1, 600),
    (10**12, 10**12 // 600, 600),
    (100_000, 90_000, 48),
    (100_000, 20, 12),
]


@pytest.mark.parametrize(
    ("first", "odd"),
    [
        (None, None),
        (1.0, None),
        (0.5, None),
        (3.0, None),
        (0.0, 0.5),
        (1.0, 16 / 30),
        (2.0, 0.0),
    ],
)
@pytest.mark.parametrize("share", [1.0, 1 / 12, 1 / 365])
def test_equal_installments_have_the_roots_of_their_flows(
    first: float | None, odd: float | None, share: float
) -> None:
    assert_twins(LOANS, first, odd, share)


@pytest.mark.parametrize("share", [1.0, 1 / 12])
def test_random_loans_have_the_roots_of_their_flows(share: float) -> None:
    chance = random.Random(f"level {share}")
    loans: list[Loan] = []
    for _ in range(300):
        principal, count = chance.randint(1, 10**9), chance.randint(1, 120)
        price = chance.choice([0.01, 0.5, 0.99, 1.0, 1.0001, 1.2, 3.0, 200.0])
        loans.append((principal, max(1, round(principal * price / count)), count))
    assert_twins(loans, share=share)
    assert_twins(loans, first=0.25, share=share)
    assert_twins(loans, first=1.0, odd=0.75, share=share)


@pytest.mark.parametrize(
    ("loan", "first", "share", "root"),
    [
        # Growth of 1e-6 over the year that the range is of, and of 1e300.
        ((10**6, 1, 1), None, 1.0, log(1e-6)),
        ((1_001_000, 1, 1), None, 1.0, None),
        ((10**6, 1, 1), 12.0, 1 / 12, log(1e-6) / 12),
        ((1_001_000, 1, 1), 12.0, 1 / 12, None),
        ((1, 10**3, 1), None, 1 / 100, log(1e3)),
        ((1, 10**3, 1), 1.0, 1 / 100, log(1e3)),
        ((1, 1_001, 1), None, 1 / 100, None),
        ((1, 1_001, 1), 1.0, 1 / 100, None),
        ((1, 10**12, 1), 4.0, 1 / 100, log(1e3)),
    ],
)
def test_a_loan_at_the_bound_of_the_range_is_found_and_one_beyond_is_not(
    loan: Loan, first: float | None, share: float, root: float | None
) -> None:
    assert_twins([loan], first=first, share=share)
    principal, installment, count = (np.array([one]) for one in loan)
    whole = None if first is None else np.array([first])

    roots, _ = level_growth_logs(
        principal, installment, count, whole, None, share=share
    )

    if root is None:
        assert np.isnan(roots[0])
    else:
        assert roots[0] == pytest.approx(root, rel=1e-12)


def test_a_loan_that_costs_nothing_has_the_rate_zero_exactly() -> None:
    counts = np.arange(1, 601)
    for parts in ((None, None), (np.full(600, 0.5), None), (None, np.full(600, 0.3))):
        roots, rates = level_growth_logs(
            7 * counts, np.full(600, 7), counts, *parts, share=1.0
        )
        assert not roots.any()
        assert not rates.any()


def test_more_loans_than_a_chunk_keep_their_order() -> None:
    size = 40_000
    principal = np.full(size, 1_000)
    installment = 1_000 + np.arange(size) % 977

    _, rates = level_growth_logs(
        principal, installment, np.ones(size, np.int64), None, None, share=1.0
    )

    np.testing.assert_allclose(rates, installment / 1_000 - 1, rtol=1e-12, atol=1e-15)


def test_a_dearer_installment_never_has_a_lower_rate() -> None:
    installment = np.arange(1, 3_000)
    size = installment.size
    for count in (1, 12, 360):
        roots, _ = level_growth_logs(
            np.full(size, 12_000), installment, np.full(size, count), None, None,
            share=1.0,
        )  # fmt: skip
        known = roots[~np.isnan(roots)]
        assert known.size > size // 2
        assert (np.diff(known) > 0).all()
