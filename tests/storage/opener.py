"""A process that opens new stores at given moments, together with others.

`python opener.py FOLDER COUNT`, then a line on standard input: the moment of
`time.monotonic`, which all processes share, at which the first store is opened.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from microcrm_core.storage import SqliteRecordStore

STEP_SECONDS = 0.004


def main(folder: Path, count: int) -> None:
    print("ready", flush=True)
    start = float(sys.stdin.readline())
    for number in range(count):
        while time.monotonic() < start + number * STEP_SECONDS:
            pass
        SqliteRecordStore(folder / f"{number:04d}.db").close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
