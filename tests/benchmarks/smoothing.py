"""Due days of 100,000 loans under a capacity: seconds, and that the prices prove it."""

from __future__ import annotations

import time
from typing import Final

import attrs
import numpy as np

from microcrm_core.adjustments import (
    COLLECTIONS_EVEN,
    COLLECTIONS_LOOSE,
    CollectionCapacity,
)
from microcrm_core.adjustments.fit_costs_batch import (
    costs_from_low_balances,
    costs_from_shortfalls,
)
from microcrm_core.adjustments.smoothing_batch import smooth_due_days
from microcrm_core.batch import Int64s

__all__ = ["run"]

_LOANS: Final = 100_000
_DAYS: Final = 28
_PAYDAYS: Final = (1, 10, 15, 25)


def run() -> None:
    """Print the seconds to smooth 100,000 loans, by costs and capacity."""
    random = np.random.default_rng(5)
    current = random.integers(1, 29, _LOANS)
    # Two of three are paid on one of four days, and spend from then on.
    payday = np.where(
        random.random(_LOANS) < 2 / 3,
        random.choice(np.array(_PAYDAYS), _LOANS),
        random.integers(1, 29, _LOANS),
    )
    since = (np.arange(1, _DAYS + 1) - payday[:, None]) % _DAYS
    spent = random.integers(100, 20_000, (_LOANS, 1))
    low = 800_000 - since * spent + random.integers(-9_000, 9_001, since.shape)
    full = attrs.evolve(COLLECTIONS_EVEN, id="full", loan_share_ppm_max=35_715)
    print(f"{_LOANS:,} loans, processor seconds, best of three")
    print(f"{'costs':>14}{'capacity':>20}{'seconds':>9}{'moved':>9}{'loss':>16}"
          f"{'at least':>16}")  # fmt: skip
    one = 800_000 - (np.arange(1, _DAYS + 1) - 10) % _DAYS * spent
    one += random.integers(-50, 51, one.shape)
    for name, cost in (
        ("one payday", costs_from_low_balances(one, current)),
        ("low balances", costs_from_low_balances(low, current)),
        ("shortfalls", costs_from_shortfalls(np.minimum(since // 3, 12), current)),
    ):
        for capacity in (COLLECTIONS_LOOSE, COLLECTIONS_EVEN, full):
            _line(name, cost, current, capacity)
        money = attrs.evolve(
            COLLECTIONS_LOOSE, id="amounts", amount_share_ppm_max=44_643
        )
        amount = random.lognormal(10, 0.7, _LOANS).astype(np.int64)
        _line(name, cost, current, money, amount)


def _line(
    name: str,
    cost: Int64s,
    current: Int64s,
    capacity: CollectionCapacity,
    amount: Int64s | None = None,
) -> None:
    seconds = []
    for _ in range(3):
        began = time.process_time()
        smoothed = smooth_due_days(cost, current, capacity, amount_minor=amount)
        seconds.append(time.process_time() - began)
    print(
        f"{name:>14}{capacity.id:>20}{min(seconds):>9.2f}"
        f"{smoothed.moved_count:>9,}{smoothed.loss:>16,}"
        f"{smoothed.loss_min:>16,}"
    )
