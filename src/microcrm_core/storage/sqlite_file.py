"""One SQLite file: opened with care, shared by threads, never half-written.

The stores of a file share one `SqliteFile`, hence one connection and one
transaction. It knows the file and its format; what the tables mean is the
business of the stores.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from microcrm_core.checks import whole_number
from microcrm_core.errors import StorageError, StorageProblem

__all__ = ["SqliteFile"]

# "mcrm" in ASCII; `file` and other tools show it.
_APPLICATION_ID: Final = 0x6D63726D
_FORMAT_VERSION: Final = 1
# SQLite enforces column types from this version on.
_STRICT: Final = " STRICT" if sqlite3.sqlite_version_info >= (3, 37) else ""
_TABLES: Final = {
    "records": """(
        key TEXT NOT NULL PRIMARY KEY,
        version INTEGER NOT NULL CHECK (version >= 1),
        type TEXT NOT NULL,
        schema_version INTEGER NOT NULL CHECK (schema_version >= 1),
        body TEXT NOT NULL
    )""",
    "store_state": """(
        only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
        deleted_version_max INTEGER NOT NULL CHECK (deleted_version_max >= 0)
    )""",
}
_SETTINGS: Final = ("synchronous = FULL", "secure_delete = ON", "trusted_schema = OFF")
_FINDINGS_MAX: Final = 100

_PROBLEMS: Final = {
    sqlite3.SQLITE_BUSY: StorageProblem.LOCKED,
    sqlite3.SQLITE_LOCKED: StorageProblem.LOCKED,
    sqlite3.SQLITE_FULL: StorageProblem.FULL,
    sqlite3.SQLITE_READONLY: StorageProblem.READ_ONLY,
    sqlite3.SQLITE_PERM: StorageProblem.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: StorageProblem.UNAVAILABLE,
    sqlite3.SQLITE_IOERR: StorageProblem.UNAVAILABLE,
    sqlite3.SQLITE_PROTOCOL: StorageProblem.UNAVAILABLE,
    sqlite3.SQLITE_CORRUPT: StorageProblem.CORRUPT,
    sqlite3.SQLITE_NOTADB: StorageProblem.CORRUPT,
}
_READ_ONLY_ERRNOS: Final = {errno.EACCES, errno.EPERM, errno.EROFS}
_FULL_ERRNOS: Final = {errno.ENOSPC, errno.EDQUOT}
_RULES: Final = {
    StorageProblem.LOCKED: (
        "must be free to be used",
        "another process holds it: wait until it has finished and repeat the call",
    ),
    StorageProblem.FULL: (
        "must have space left",
        "nothing was written: free some space and repeat the call",
    ),
    StorageProblem.READ_ONLY: (
        "must be a file that may be written",
        "give this user the right to write the file and its folder",
    ),
    StorageProblem.UNAVAILABLE: (
        "must lie in a folder that is there, on a disk that works",
        "check path and disk, read the record again, then repeat the call",
    ),
    StorageProblem.CORRUPT: (
        "must be undamaged",
        "keep a copy of the file and go back to a backup",
    ),
    StorageProblem.FOREIGN: (
        "must be a file of this library",
        "it was left as it is: choose another path",
    ),
    StorageProblem.NEWER: (
        f"must have format {_FORMAT_VERSION}",
        "it was left as it is: install a newer microcrm_core",
    ),
    StorageProblem.CLOSED: ("must be open", "open it again"),
    StorageProblem.FORKED: (
        "must be opened by the process that uses it",
        "open it after the fork",
    ),
}

# Closing any descriptor of a file drops the locks that this process holds on it,
# SQLite's too; so nobody may open the new file while its maker closes it.
_OPENING: Final = threading.Lock()


class SqliteFile:
    """A connection to one store file, with one lock around it.

    A new file is made with permissions 0600, which SQLite gives to its `-wal` and
    `-shm` companions too. A file that is not ours, or of a newer format, is
    refused and left as it is.

    Attributes:
        path: Where the file is, absolute.

    Raises:
        StorageError: The file cannot be opened, or is not a store.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from microcrm_core.storage.sqlite_file import SqliteFile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = SqliteFile(Path(folder, "crm.db"))
        ...     print(file.integrity_check())
        ...     file.close()
        ()
    """

    def __init__(self, path: str | os.PathLike[str], *, wait_ms: int = 30_000) -> None:
        self.path: Final = Path(path).absolute()
        self._wait_ms = whole_number("wait_ms", wait_ms, at_least=0, at_most=3_600_000)
        self._process_id = os.getpid()
        self._lock = threading.Lock()
        with _OPENING, self._translated():
            self._connection: sqlite3.Connection | None = self._opened()

    def close(self) -> None:
        """Give the file back; a second call changes nothing.

        A process that inherited the store by a fork leaves it to its owner.
        """
        if os.getpid() != self._process_id:
            return
        with self._lock, self._translated():
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """Return the connection, for one statement and its rows.

        Raises:
            StorageError: The file does not work, is closed, or belongs to the
                parent of this process.
        """
        if os.getpid() != self._process_id:
            raise self._error(StorageProblem.FORKED)
        with self._lock:
            if self._connection is None:
                raise self._error(StorageProblem.CLOSED)
            with self._translated():
                yield self._connection

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """Return the connection in a transaction: kept at the end, or undone.

        Any error within undoes it. It takes the right to write at once, so that
        what it reads cannot change before it writes.

        Raises:
            StorageError: As `reading`. Where the disk fails in the very end, the
                transaction may turn out to be kept.
        """
        with self.reading() as connection, _transaction(connection):
            yield connection

    def integrity_check(self) -> tuple[str, ...]:
        """Return what SQLite finds wrong with the file, at most 100 findings.

        Returns:
            Nothing where the file is sound.

        Raises:
            StorageError: The file does not work, for another reason than damage.
        """
        findings: list[str] = []
        with self.reading() as connection:
            try:
                rows = connection.execute(f"PRAGMA integrity_check({_FINDINGS_MAX})")
                findings.extend(str(finding) for (finding,) in rows)
            except sqlite3.DatabaseError as error:
                if _problem(error) is not StorageProblem.CORRUPT:
                    raise
                findings.append(str(error))  # the damage that ended the check
        return () if findings == ["ok"] else tuple(findings)

    def _opened(self) -> sqlite3.Connection:
        self._make_or_look()
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?mode=rw",
            uri=True,
            timeout=self._wait_ms / 1000,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            for setting in _SETTINGS:
                connection.execute(f"PRAGMA {setting}")
            if self._is_blank(connection):
                # Before WAL is on: so the format is in the file itself at once.
                self._create_tables(connection)
            self._use_wal(connection)
            self._require_tables(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _make_or_look(self) -> None:
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        if self.path.stat().st_size == 0:
            return
        # As immutable, SQLite neither locks nor repairs the file of someone else.
        uri = f"{self.path.as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            try:
                self._is_blank(connection)
            except sqlite3.DatabaseError as error:
                # Without its log a sound file may look damaged: some process is at
                # work, or was killed, while it moves pages from the log to the file.
                # Opened with the log, it tells.
                if _problem(error) is not StorageProblem.CORRUPT:
                    raise

    def _is_blank(self, connection: sqlite3.Connection) -> bool:
        try:
            application_id, format_version, table_count = _marks(connection)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
                raise self._error(StorageProblem.FOREIGN) from None
            raise
        if application_id == _APPLICATION_ID:
            if format_version != _FORMAT_VERSION:
                raise self._error(StorageProblem.NEWER)
            return False
        if application_id or format_version or table_count:
            raise self._error(StorageProblem.FOREIGN)
        return True

    def _create_tables(self, connection: sqlite3.Connection) -> None:
        with _transaction(connection):
            # Another process may have made them since we looked.
            if not self._is_blank(connection):
                return
            for name, columns in _TABLES.items():
                connection.execute(f"CREATE TABLE {name} {columns}{_STRICT}")
            connection.execute("INSERT INTO store_state VALUES (1, 0)")
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {_FORMAT_VERSION}")

    def _use_wal(self, connection: sqlite3.Connection) -> None:
        # SQLite itself does not wait where two processes switch a new file at once.
        give_up_at = time.monotonic() + self._wait_ms / 1000
        while True:
            try:
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            except sqlite3.OperationalError as error:
                if _problem(error) is not StorageProblem.LOCKED:
                    raise
                if time.monotonic() >= give_up_at:
                    raise
                time.sleep(0.005)
                continue
            if mode != "wal":
                raise self._error(StorageProblem.UNAVAILABLE)
            return

    def _require_tables(self, connection: sqlite3.Connection) -> None:
        names = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master")
        }
        if not names.issuperset(_TABLES):
            raise self._error(StorageProblem.CORRUPT)

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            problem = _problem(error)
            if problem is None:
                raise
            raise self._error(problem) from error

    def _error(self, problem: StorageProblem) -> StorageError:
        rule, hint = _RULES[problem]
        return StorageError(str(self.path), problem, rule=rule, hint=hint)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Generator[None]:
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _marks(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Return whose file it is, its format, and how many tables it has, all at once.

    Read one by one they could be those of before and after another process made the
    tables, which looks like the file of someone else.
    """
    is_alone = not connection.in_transaction
    if is_alone:
        connection.execute("BEGIN")
    try:
        # The table of tables is read first: that takes the lock, or the snapshot.
        table_count = _number(connection, "SELECT count(*) FROM sqlite_master")
        application_id = _number(connection, "PRAGMA application_id")
        format_version = _number(connection, "PRAGMA user_version")
    finally:
        if is_alone and connection.in_transaction:
            connection.execute("ROLLBACK")
    return application_id, format_version, table_count


def _number(connection: sqlite3.Connection, query: str) -> int:
    (value,) = connection.execute(query).fetchone()
    return int(value)


def _problem(error: sqlite3.Error | OSError) -> StorageProblem | None:
    if isinstance(error, OSError):
        if error.errno in _READ_ONLY_ERRNOS:
            return StorageProblem.READ_ONLY
        if error.errno in _FULL_ERRNOS:
            return StorageProblem.FULL
        return StorageProblem.UNAVAILABLE
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # Python's own errors have no code. Of these, stored text that is not UTF-8
        # is an OperationalError; the others mean a mistake of ours.
        is_damage = isinstance(error, sqlite3.OperationalError)
        return StorageProblem.CORRUPT if is_damage else None
    # The low byte is the kind of error, the others say more.
    return _PROBLEMS.get(code & 0xFF)
