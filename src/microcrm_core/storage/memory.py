"""A store of records in the memory of this process.

For tests, trials and reviews whose result nobody keeps. It holds every promise of
`RecordStore` but durability: what it holds is gone with the process.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

from microcrm_core.errors import RecordNotFoundError
from microcrm_core.storage.protocol import Change, Record, StoredRecord, key_text
from microcrm_core.storage.versions import (
    checked_changes,
    checked_put,
    checked_scan,
    require_versions,
)

__all__ = ["MemoryRecordStore"]


class MemoryRecordStore:
    """Records in a dictionary; threads may share it.

    One lock guards it, so calls run one after the other. A scan sees the store
    as it was when `scan` was called.

    Example:
        >>> from microcrm_core.storage import MemoryRecordStore, Record
        >>> store = MemoryRecordStore()
        >>> record = Record(type="tier", schema_version=1, body='"ordinary"')
        >>> store.put("tier/c-17", record, expected_version=0).version
        1
        >>> store.get("tier/c-17").record == record
        True
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stored: dict[str, StoredRecord] = {}
        # New keys start above every deleted version; no version comes twice.
        self._deleted_version_max = 0

    def get(self, key: str) -> StoredRecord:
        """Return what is kept under *key*.

        Raises:
            RecordNotFoundError: Nothing is.
            InvalidValueError: *key* cannot be a key.
        """
        stored = self.find(key)
        if stored is None:
            raise RecordNotFoundError(key)
        return stored

    def find(self, key: str) -> StoredRecord | None:
        """Return what is kept under *key*, or None where nothing is.

        Raises:
            InvalidValueError: *key* cannot be a key.
        """
        key_text("key", key)
        with self._lock:
            return self._stored.get(key)

    def put(self, key: str, record: Record, *, expected_version: int) -> StoredRecord:
        """Keep *record* under *key* and return it with its new version.

        Raises:
            ConflictError: The key has another version. Nothing was written.
            InvalidValueError: *key* or *expected_version* breaks its rule.
        """
        change = checked_put(key, record, expected_version=expected_version)
        with self._lock:
            self._apply({key: change})
            return self._stored[key]

    def put_many(self, changes: Iterable[Change]) -> int:
        """Make all *changes* or none, and return how many there were.

        Raises:
            ConflictError: Some keys have other versions. Nothing was written.
            InvalidValueError: Two changes name the same key.
        """
        by_key = checked_changes(changes)
        with self._lock:
            self._apply(by_key)
        return len(by_key)

    def delete(self, key: str, *, expected_version: int) -> None:
        """Forget what is kept under *key*.

        Raises:
            ConflictError: The key has another version, or is not there.
            InvalidValueError: *key* or *expected_version* breaks its rule.
        """
        self.put_many([Change(key=key, record=None, expected_version=expected_version)])

    def scan(
        self, prefix: str = "", *, after_key: str | None = None
    ) -> Iterator[StoredRecord]:
        """Return the records whose keys begin with *prefix*, in key order.

        Raises:
            InvalidValueError: *after_key* cannot be a key, nor *prefix* the
                beginning of one.
        """
        start, after = checked_scan(prefix, after_key)
        with self._lock:
            keys = [key for key in self._stored if key.startswith(start)]
            found = [self._stored[key] for key in sorted(keys) if key > after]
        return iter(found)

    def _apply(self, changes: dict[str, Change]) -> None:
        versions = {
            key: self._stored[key].version for key in changes if key in self._stored
        }
        require_versions(changes, versions)
        written = {
            key: StoredRecord(
                key=key,
                record=change.record,
                version=versions.get(key, self._deleted_version_max) + 1,
            )
            for key, change in changes.items()
            if change.record is not None
        }
        for key in changes.keys() - written.keys():
            del self._stored[key]
            self._deleted_version_max = max(self._deleted_version_max, versions[key])
        self._stored.update(written)
