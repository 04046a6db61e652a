"""Run golden cases: `python -m tests.golden [DIR] [FILE...]`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.golden.runner import report_lines, run_folder

__all__ = ["default_folder", "main"]


def default_folder() -> Path:
    """Return `$MICROCRM_GOLDEN`, or the folder of cases beside the repository."""
    given = os.environ.get("MICROCRM_GOLDEN")
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "golden"
    return Path(given) if given else beside


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; return 1 if a case failed, 2 if there is nothing to run."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.golden",
        description="Run golden cases and report passed, failed and unsupported.",
        epilog="Without DIR: $MICROCRM_GOLDEN, or ../shared/golden beside the "
        "repository. Without FILE: every JSON file below DIR. Exits 1 on a failure; "
        "cases that their source confirms only in part are counted as 'others' and "
        "do not change the exit code.",
    )
    parser.add_argument("paths", nargs="*", metavar="[DIR] [FILE ...]")
    paths: list[str] = parser.parse_args(arguments).paths
    has_folder = bool(paths) and not paths[0].endswith(".json")
    folder = Path(paths[0]) if has_folder else default_folder()
    names = paths[1:] if has_folder else paths
    if not folder.is_dir():
        print(f"there is no folder {folder}; name one as DIR", file=sys.stderr)
        return 2
    reports = run_folder(folder, names)
    if not reports:
        print(f"there is no JSON file below {folder}", file=sys.stderr)
        return 2
    for line in report_lines(reports):
        print(line)
    return 1 if any(report.is_failed for report in reports) else 0


if __name__ == "__main__":
    raise SystemExit(main())
