"""What importing costs, against the two dependencies that anybody has imported."""

from __future__ import annotations

import subprocess
import sys
from statistics import median
from typing import Final

__all__ = ["run"]

_ROUNDS: Final = 25
_TIMED: Final = """
import time
began = time.perf_counter()
{statement}
print(time.perf_counter() - began)
"""
_STATEMENTS: Final = {
    "attrs and dateutil.relativedelta": "import attrs, dateutil.relativedelta",
    "microcrm_core": "import microcrm_core",
    "every public name of microcrm_core": (
        "import microcrm_core\n"
        "for name in microcrm_core.__all__: getattr(microcrm_core, name)"
    ),
    "attrs, numpy and dateutil.relativedelta": (
        "import attrs, numpy, dateutil.relativedelta"
    ),
}


def run() -> None:
    """Print the median time of each import in new processes, and its ratio."""
    times: dict[str, list[float]] = {name: [] for name in _STATEMENTS}
    # In turn, so that a busy moment of the machine meets all of them.
    for _ in range(_ROUNDS):
        for name, statement in _STATEMENTS.items():
            times[name].append(_seconds(statement))
    base = median(times["attrs and dateutil.relativedelta"])
    print(f"{'import':<42}{'ms':>8}{'ratio':>8}")
    for name, seconds in times.items():
        middle = median(seconds)
        print(f"{name:<42}{middle * 1000:>8.1f}{middle / base:>8.2f}")


def _seconds(statement: str) -> float:
    code = _TIMED.format(statement=statement)
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return float(answer.stdout)
