"""Writers that the tests start as processes of their own, and kill."""

from __future__ import annotations

import sys

from microcrm_core.errors import ConflictError
from microcrm_core.storage import Change, Record, SqliteRecordStore

BATCH_KEYS = tuple(f"batch/{number:02d}" for number in range(40))


def record_of(count: int) -> Record:
    # Long enough for a batch to fill many pages of the file.
    return Record(type="count", schema_version=1, body=f"{count:0500d}")


def write_batches(store: SqliteRecordStore) -> None:
    """Write all keys at once, for ever, and say which round is acknowledged."""
    stored = store.find(BATCH_KEYS[0])
    count = 0 if stored is None else stored.version
    while True:
        store.put_many(
            Change(key=key, record=record_of(count + 1), expected_version=count)
            for key in BATCH_KEYS
        )
        count += 1
        store.put(f"single/{count:06d}", record_of(count), expected_version=0)
        print(count, flush=True)


def add(store: SqliteRecordStore, count: int) -> None:
    """Add 1 to a shared sum *count* times, again after each conflict."""
    for _ in range(count):
        while True:
            stored = store.find("sum")
            total, version = (
                (0, 0) if stored is None else (int(stored.record.body), stored.version)
            )
            try:
                store.put("sum", record_of(total + 1), expected_version=version)
                break
            except ConflictError:
                print("conflict", flush=True)


def compete(store: SqliteRecordStore, round_count: int) -> None:
    """Write each round's key once as a new one, and say who won which."""
    for number in range(round_count):
        try:
            store.put(f"round/{number:04d}", record_of(1), expected_version=0)
            print(number, flush=True)
        except ConflictError:
            pass


def main(path: str, work: str, count: int) -> None:
    with SqliteRecordStore(path) as store:
        # All writers are up before the first one starts.
        print("ready", flush=True)
        sys.stdin.readline()
        if work == "batches":
            write_batches(store)
        elif work == "add":
            add(store, count)
        else:
            compete(store, count)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
