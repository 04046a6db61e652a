"""The whole review from CSV files, as a user runs it: seconds and memory."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from microcrm_core.reviews.write_batch import write_portfolio
from microcrm_core.samples import sample_portfolio

__all__ = ["run"]

_SIZES: Final = (1_000, 100_000)


def run() -> None:
    """Print seconds and the largest memory of a review from files, by size."""
    print(f"{'customers':>10}{'transactions':>14}{'CSV MB':>9}{'seconds':>9}{'GB':>7}")
    for size in _SIZES:
        with tempfile.TemporaryDirectory() as name:
            _run(size, Path(name))
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        _command("--customers", "1000", "--out", name)
    print(f"\n1,000 sample customers, made and reviewed: {_since(began):.2f} s")


def _run(size: int, folder: Path) -> None:
    portfolio = sample_portfolio(customers=size, seed=3)
    transactions = portfolio.counts()["transactions"]
    write_portfolio(portfolio, folder)
    del portfolio
    megabytes = sum(path.stat().st_size for path in folder.glob("*.csv")) / 1e6
    began = time.perf_counter()
    _command("--data", str(folder), "--out", str(folder / "out"),
             "--store", str(folder / "store.db"))  # fmt: skip
    seconds = _since(began)
    # Of the largest child so far, so sizes go up.
    kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(
        f"{size:>10,}{transactions:>14,}{megabytes:>9.0f}{seconds:>9.1f}"
        f"{kilobytes / 1e6:>7.2f}"
    )


def _command(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "microcrm_core", "review", *arguments],
        check=True,
        capture_output=True,
    )


def _since(began: float) -> float:
    return time.perf_counter() - began
