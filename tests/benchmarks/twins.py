"""A million random loans of every method, computed by both twins and compared.

`uv run python -m tests.benchmarks.twins [--loans N] [--seed N] [--processes N]`
compares each loan's schedule in columns with the scalar one, to the last unit, refusals
included, and prints how many there were. The first difference stops it.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from tests.loans.schedule_twins import METHODS, Outcome, compare, random_loans

_LOANS_A_GROUP: Final = 40
_GROUPS_A_TASK: Final = 5 * len(METHODS)


def main() -> int:
    """Compare the loans and print a table of methods."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.twins")
    parser.add_argument("--loans", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    tasks = -(-asked.loans // (_LOANS_A_GROUP * _GROUPS_A_TASK))
    began = time.perf_counter()
    total = Outcome()
    with ProcessPoolExecutor(asked.processes) as pool:
        for found in pool.map(_compared, [(asked.seed, task) for task in range(tasks)]):
            total.equal.update(found.equal)
            total.refused.update(found.refused)
            total.unheld.update(found.unheld)
    _print(total)
    print(f"{total.total:,} loans in {time.perf_counter() - began:.0f} s")
    return 0


def _compared(task: tuple[int, int]) -> Outcome:
    seed, number = task
    outcome = Outcome()
    for group in range(_GROUPS_A_TASK):
        method = METHODS[group % len(METHODS)]
        rng = random.Random(f"{seed}-{number}-{group}")
        loans, conventions = random_loans(rng, method, _LOANS_A_GROUP)
        compare(loans, conventions, method, outcome)
    return outcome


def _print(total: Outcome) -> None:
    headings = ("equal", "refused by both", "not held")
    print(f"{'method':<22}" + "".join(f"{name:>17}" for name in headings))
    columns: tuple[Counter[str], ...] = (total.equal, total.refused, total.unheld)
    for method in METHODS:
        cells = "".join(f"{column[method]:>17,}" for column in columns)
        print(f"{method:<22}{cells}")
    sums = "".join(f"{column.total():>17,}" for column in columns)
    print(f"{'all':<22}{sums}")


if __name__ == "__main__":
    sys.exit(main())
