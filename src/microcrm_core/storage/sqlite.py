"""A store of records in one SQLite file: the default for one machine.

It needs nothing but Python's own `sqlite3`. What `put` has returned is on the disk
(`synchronous=FULL`): it outlives a killed process and a power cut. Several threads
and several processes may use one file at once.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from microcrm_core.errors import RecordNotFoundError
from microcrm_core.storage.protocol import Change, Record, StoredRecord, key_text
from microcrm_core.storage.sqlite_file import SqliteFile
from microcrm_core.storage.versions import (
    checked_changes,
    checked_put,
    checked_scan,
    require_versions,
)

__all__ = ["SqliteRecordStore"]

# A page of a scan ends at the first of these bounds.
_PAGE_RECORDS_MAX: Final = 1_000
_PAGE_CHARACTERS_MAX: Final = 4_000_000
# Older SQLite takes at most 999 parameters in a statement.
_KEYS_IN_QUERY: Final = 500

_COLUMNS: Final = "key, version, type, schema_version, body"
_FIND: Final = f"SELECT {_COLUMNS} FROM records WHERE key = ?"
_PAGE: Final = {
    is_start_included: (
        f"SELECT {_COLUMNS} FROM records WHERE key {operator} ? ORDER BY key"
    )
    for is_start_included, operator in ((True, ">="), (False, ">"))
}
_WRITE: Final = f"""
    INSERT INTO records ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET
        version = excluded.version, type = excluded.type,
        schema_version = excluded.schema_version, body = excluded.body
"""
_DELETE: Final = "DELETE FROM records WHERE key = ?"
_DELETED_MAX: Final = "SELECT deleted_version_max FROM store_state"
_RAISE_DELETED_MAX: Final = """
    UPDATE store_state SET deleted_version_max = max(deleted_version_max, ?)
"""


class SqliteRecordStore:
    """Records in one SQLite file; threads may share it, and so may processes.

    One connection, guarded by a lock, serves all threads of the process, so their
    calls run one after the other. Each process opens its own store, after a fork
    too. A scan reads pages: between two of them others write.

    Args:
        path: The file; it is made, with permissions 0600, if it is not there.
        wait_ms: How long a call waits for another process, in milliseconds.

    Raises:
        StorageError: The file cannot be opened or is not a store of this library;
            or, in any call, the store is locked, full, damaged or closed.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from microcrm_core.storage import Record, SqliteRecordStore
        >>> record = Record(type="tier", schema_version=1, body='"ordinary"')
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "crm.db")
        ...     with SqliteRecordStore(path) as store:
        ...         stored = store.put("tier/c-17", record, expected_version=0)
        ...     with SqliteRecordStore(path) as store:
        ...         print(store.get("tier/c-17") == stored)
        True
    """

    def __init__(self, path: str | os.PathLike[str], *, wait_ms: int = 30_000) -> None:
        self._file = SqliteFile(path, wait_ms=wait_ms)

    @property
    def path(self) -> Path:
        """Where the file is, absolute."""
        return self._file.path

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Give the file back; a second call changes nothing."""
        self._file.close()

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
        with self._file.reading() as connection:
            row = connection.execute(_FIND, (key,)).fetchone()
        return None if row is None else _stored(row)

    def put(self, key: str, record: Record, *, expected_version: int) -> StoredRecord:
        """Keep *record* under *key* and return it with its new version.

        Raises:
            ConflictError: The key has another version. Nothing was written.
            InvalidValueError: *key* or *expected_version* breaks its rule.
        """
        change = checked_put(key, record, expected_version=expected_version)
        with self._file.writing() as connection:
            versions = _apply(connection, {key: change})
        return StoredRecord(key=key, record=record, version=versions[key])

    def put_many(self, changes: Iterable[Change]) -> int:
        """Make all *changes* or none, in one transaction, and return their number.

        Raises:
            ConflictError: Some keys have other versions. Nothing was written.
            InvalidValueError: Two changes name the same key.
        """
        by_key = checked_changes(changes)
        with self._file.writing() as connection:
            _apply(connection, by_key)
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

        Memory stays bounded: a page holds at most 1,000 records, and ends with
        the one that brings it to 4 million characters.

        Raises:
            InvalidValueError: *after_key* cannot be a key, nor *prefix* the
                beginning of one.
        """
        start, after = checked_scan(prefix, after_key)
        return self._pages(start, after)

    def integrity_check(self) -> tuple[str, ...]:
        """Return what SQLite finds wrong with the file; nothing where it is sound.

        Raises:
            StorageError: The file does not work, for another reason than damage.
        """
        return self._file.integrity_check()

    def _pages(self, prefix: str, after: str) -> Iterator[StoredRecord]:
        start, is_start_included = (prefix, True) if prefix > after else (after, False)
        is_last = False
        while not is_last:
            page, is_last = self._page(prefix, start, is_start_included)
            yield from page
            if page:
                start, is_start_included = page[-1].key, False

    def _page(
        self, prefix: str, start: str, is_start_included: bool
    ) -> tuple[list[StoredRecord], bool]:
        page: list[StoredRecord] = []
        character_count = 0
        with self._file.reading() as connection:
            rows = connection.execute(_PAGE[is_start_included], (start,))
            try:
                for row in rows:
                    stored = _stored(row)
                    if not stored.key.startswith(prefix):
                        return page, True
                    page.append(stored)
                    character_count += len(stored.record.body)
                    if (
                        len(page) == _PAGE_RECORDS_MAX
                        or character_count >= _PAGE_CHARACTERS_MAX
                    ):
                        return page, False
            finally:
                # An open cursor would hold on to an old state of the file.
                rows.close()
        return page, True


def _apply(
    connection: sqlite3.Connection, changes: Mapping[str, Change]
) -> dict[str, int]:
    versions = _versions(connection, list(changes))
    require_versions(changes, versions)
    (deleted_max,) = connection.execute(_DELETED_MAX).fetchone()
    written: dict[str, int] = {
        key: versions.get(key, int(deleted_max)) + 1
        for key, change in changes.items()
        if change.record is not None
    }
    connection.executemany(
        _WRITE,
        (
            (key, written[key], record.type, record.schema_version, record.body)
            for key, change in changes.items()
            if (record := change.record) is not None
        ),
    )
    deleted = [key for key in changes if key not in written]
    if deleted:
        connection.executemany(_DELETE, ((key,) for key in deleted))
        highest = max(versions[key] for key in deleted)
        connection.execute(_RAISE_DELETED_MAX, (highest,))
    return written


def _versions(connection: sqlite3.Connection, keys: list[str]) -> dict[str, int]:
    versions: dict[str, int] = {}
    for start in range(0, len(keys), _KEYS_IN_QUERY):
        some = keys[start : start + _KEYS_IN_QUERY]
        marks = ", ".join("?" * len(some))
        versions.update(
            connection.execute(
                f"SELECT key, version FROM records WHERE key IN ({marks})", some
            )
        )
    return versions


def _stored(row: tuple[Any, ...]) -> StoredRecord:
    key, version, type_name, schema_version, body = row
    record = Record(type=type_name, schema_version=schema_version, body=body)
    return StoredRecord(key=key, record=record, version=version)
