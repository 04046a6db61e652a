from __future__ import annotations

from itertools import product

import pytest

from microcrm_core.tiers import Tier
from tests.studies.berka_tiers import (
    TierCount,
    is_strictly_ordered,
    rank_auc,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("hit_count", "count", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), pp. 857-872, table I,
        # score method without continuity correction.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_that_of_the_literature(
    hit_count: int, count: int, low: float, high: float
) -> None:
    assert wilson_interval(hit_count, count) == pytest.approx((low, high), abs=5e-5)


def test_the_area_is_the_share_of_pairs_in_the_right_order() -> None:
    counts = [
        TierCount(tier=tier, loan_count=loans, bad_count=bad)
        for tier, loans, bad in zip(Tier, (4, 3, 2, 5), (1, 0, 1, 3), strict=True)
    ]
    good = [c.tier.rank for c in counts for _ in range(c.loan_count - c.bad_count)]
    bad = [c.tier.rank for c in counts for _ in range(c.bad_count)]

    won = [(b > g) + (b == g) / 2 for b, g in product(bad, good)]

    assert rank_auc(counts) == pytest.approx(sum(won) / len(won))


@pytest.mark.parametrize(
    ("bad_counts", "expected"),
    [
        ((1, 2, 3, 4), True),
        ((2, 1, 3, 4), True),
        ((3, 1, 3, 4), False),
        ((1, 4, 3, 5), False),
        ((1, 2, 4, 4), False),
    ],
)
def test_only_the_two_better_tiers_may_change_places(
    bad_counts: tuple[int, ...], expected: bool
) -> None:
    counts = [
        TierCount(tier=tier, loan_count=10, bad_count=bad)
        for tier, bad in zip(Tier, bad_counts, strict=True)
    ]

    assert is_strictly_ordered(counts) is expected


def test_a_tier_without_loans_is_in_no_order() -> None:
    counts = [
        TierCount(tier=tier, loan_count=loans, bad_count=0)
        for tier, loans in zip(Tier, (0, 1, 1, 1), strict=True)
    ]

    assert not is_strictly_ordered(counts)
