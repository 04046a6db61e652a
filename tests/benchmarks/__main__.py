"""Run the benchmarks that are named, or all, and print where they ran."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from importlib.metadata import version
from typing import Final

from tests.benchmarks import (
    adjustments,
    imports,
    kernels,
    ledger,
    rates,
    review,
    schedules,
    smoothing,
)

BENCHMARKS: Final = {
    "adjustments": adjustments.run,
    "imports": imports.run,
    "kernels": kernels.run,
    "ledger": ledger.run,
    "rates": rates.run,
    "review": review.run,
    "schedules": schedules.run,
    "smoothing": smoothing.run,
}


def main() -> int:
    """Run the benchmarks and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}")
    packages = ", ".join(f"{name} {version(name)}" for name in ("attrs", "numpy"))
    print(f"Python {platform.python_version()}, {packages}, {os.cpu_count()} cores")
    for name in names:
        print(f"\n== {name}")
        BENCHMARKS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
