"""What the SQLite store promises beyond the contract: the disk and its troubles."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from microcrm_core.errors import ConflictError, StorageError, StorageProblem
from microcrm_core.storage import Change, Record, SqliteRecordStore

WRITER = Path(__file__).with_name("writer.py")
OPENER = Path(__file__).with_name("opener.py")
KILL_COUNT = 20


def record(body: str = "{}") -> Record:
    return Record(type="test", schema_version=1, body=body)


def started(path: Path, work: str, count: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITER), str(path), work, str(count)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)


def release(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def finished(process: subprocess.Popen[str]) -> list[str]:
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return output.split()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "crm.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteRecordStore]:
    with SqliteRecordStore(path) as store:
        yield store


# What is acknowledged stays.


def test_what_was_put_is_there_after_reopening(path: Path) -> None:
    with SqliteRecordStore(path) as store:
        store.put_many(
            Change(key=f"{n}", record=record(f"{n}"), expected_version=0)
            for n in range(50)
        )
        store.delete("7", expected_version=1)
        before = list(store.scan())

    with SqliteRecordStore(path) as store:
        assert list(store.scan()) == before
        assert store.put("7", record(), expected_version=0).version == 2


def test_a_killed_writer_loses_nothing_that_it_acknowledged(path: Path) -> None:
    moments = random.Random(20_250_131)
    acknowledged: list[int] = []
    for _ in range(KILL_COUNT):
        process = started(path, "batches")
        release(process)
        assert process.stdout is not None
        with process, process.stdout as lines:
            acknowledged.append(int(lines.readline()))
            time.sleep(moments.uniform(0, 0.05))
            process.kill()
            acknowledged += (int(line) for line in lines)

        with SqliteRecordStore(path) as store:
            batch = list(store.scan("batch/"))
            singles = {stored.key for stored in store.scan("single/")}
            assert store.integrity_check() == ()
        last = acknowledged[-1]
        counts = [(stored.version, int(stored.record.body)) for stored in batch]
        assert counts in ([(last, last)] * 40, [(last + 1, last + 1)] * 40)
        assert singles >= {f"single/{count:06d}" for count in acknowledged}
    assert len(acknowledged) > KILL_COUNT


def test_no_update_of_processes_is_lost(path: Path) -> None:
    processes = [started(path, "add", 200) for _ in range(3)]
    release(*processes)
    outputs = [finished(process) for process in processes]

    with SqliteRecordStore(path) as store:
        assert int(store.get("sum").record.body) == 600
        assert store.get("sum").version == 600
    assert any(outputs), "no two writes ever met: the test shows nothing"


def test_of_processes_that_write_one_new_key_one_wins(path: Path) -> None:
    processes = [started(path, "compete", 200) for _ in range(2)]
    release(*processes)
    wins = [number for process in processes for number in finished(process)]

    assert sorted(wins, key=int) == [str(number) for number in range(200)]


def test_many_may_open_a_new_file_at_once(path: Path) -> None:
    errors: list[BaseException] = []

    def open_and_write(number: int) -> None:
        try:
            with SqliteRecordStore(path) as store:
                store.put(f"{number}", record(), expected_version=0)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=open_and_write, args=(n,)) for n in range(8)]
    processes = [started(path, "compete", 1) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    release(*processes)
    for process in processes:
        finished(process)

    assert errors == []
    with SqliteRecordStore(path) as store:
        assert len(list(store.scan())) == 9


def test_a_file_that_another_process_is_making_is_no_file_of_someone_else(
    tmp_path: Path,
) -> None:
    command = [sys.executable, str(OPENER), str(tmp_path), "250"]
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    start = time.monotonic() + 0.05
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(f"{start}\n")
        process.stdin.flush()

    for process in processes:
        assert finished(process) == []
    assert len(list(tmp_path.glob("*.db"))) == 250


def test_two_stores_of_one_process_see_each_other(path: Path) -> None:
    with SqliteRecordStore(path) as one, SqliteRecordStore(path) as other:
        one.put("a", record("1"), expected_version=0)
        other.put("a", record("2"), expected_version=1)

        with pytest.raises(ConflictError):
            one.put("a", record("3"), expected_version=1)
        assert one.get("a").record.body == "2"


# The file.


def test_only_the_owner_may_read_the_files(store: SqliteRecordStore) -> None:
    store.put("a", record(), expected_version=0)

    files = sorted(store.path.parent.iterdir())

    assert [file.name for file in files] == ["crm.db", "crm.db-shm", "crm.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_an_existing_file_keeps_its_permissions(path: Path) -> None:
    SqliteRecordStore(path).close()
    path.chmod(0o640)

    SqliteRecordStore(path).close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("name", [":memory:", "a b?mode=ro", "100%", "#1", "档案.db"])
def test_a_path_is_a_path_whatever_is_in_it(tmp_path: Path, name: str) -> None:
    with SqliteRecordStore(tmp_path / name) as store:
        store.put("a", record(), expected_version=0)

    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_writes_are_on_the_disk_before_they_return(store: SqliteRecordStore) -> None:
    with store._file.reading() as connection:
        settings = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "secure_delete")
        }

    assert settings == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


def half_checkpointed(source: Path, target: Path) -> None:
    """Copy a store that is open as if a checkpoint was killed after its first page.

    The main file then says that it has more pages than it has: the others are still
    in the log alone. Offsets are those of https://sqlite.org/fileformat2.html.
    """
    log = Path(f"{source}-wal").read_bytes()
    page_size = int.from_bytes(log[8:12], "big")
    frames = range(32, len(log) - page_size - 23, 24 + page_size)
    pages = {int.from_bytes(log[at : at + 4], "big"): at + 24 for at in frames}
    first = log[pages[1] : pages[1] + page_size]
    main = source.read_bytes()
    assert int.from_bytes(first[28:32], "big") * page_size > len(main)
    target.write_bytes(first + main[page_size:])
    Path(f"{target}-wal").write_bytes(log)


def test_a_store_whose_writer_was_killed_in_a_checkpoint_is_sound(
    store: SqliteRecordStore, tmp_path: Path
) -> None:
    for number in range(60):
        store.put(f"key-{number}", record(f'"{number:0>2000}"'), expected_version=0)
    path = tmp_path / "after.db"
    half_checkpointed(store.path, path)
    # Without its log the file looks damaged, as the test is about.
    uri = f"{path.as_uri()}?mode=ro&immutable=1"
    with (
        closing(sqlite3.connect(uri, uri=True)) as alone,
        pytest.raises(sqlite3.DatabaseError, match="malformed"),
    ):
        alone.execute("PRAGMA application_id")

    with SqliteRecordStore(path) as again:
        assert list(again.scan()) == list(store.scan())
        assert again.integrity_check() == ()


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()

    with SqliteRecordStore(path) as store:
        store.put("a", record(), expected_version=0)


def foreign_database(path: Path, *, journal_mode: str, application_id: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")
        connection.execute(f"PRAGMA application_id = {application_id}")
        if not application_id:
            connection.execute("CREATE TABLE records (key TEXT)")


@pytest.mark.parametrize("journal_mode", ["delete", "wal"])
@pytest.mark.parametrize("application_id", [0, 7])
def test_another_programs_database_is_refused_and_left_as_it_is(
    path: Path, journal_mode: str, application_id: int
) -> None:
    foreign_database(path, journal_mode=journal_mode, application_id=application_id)
    before = path.read_bytes()

    with pytest.raises(StorageError, match="must be a file of this library") as refusal:
        SqliteRecordStore(path)

    assert refusal.value.problem is StorageProblem.FOREIGN
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path: Path) -> None:
    path.write_bytes(b"id,name\n" * 1_000)

    with pytest.raises(StorageError, match="choose another path") as refusal:
        SqliteRecordStore(path)

    assert refusal.value.problem is StorageProblem.FOREIGN
    assert path.read_bytes() == b"id,name\n" * 1_000


def test_a_file_of_a_newer_format_is_refused_and_left_as_it_is(path: Path) -> None:
    SqliteRecordStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    before = path.read_bytes()

    with pytest.raises(StorageError, match="install a newer") as refusal:
        SqliteRecordStore(path)

    assert refusal.value.problem is StorageProblem.NEWER
    assert path.read_bytes() == before


# Troubles.


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="check path and disk") as refusal:
        SqliteRecordStore(tmp_path / "absent" / "crm.db")

    assert refusal.value.problem is StorageProblem.UNAVAILABLE


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_file_that_may_not_be_written_is_named(path: Path) -> None:
    SqliteRecordStore(path).close()
    path.chmod(0o400)

    with pytest.raises(StorageError) as refusal:
        SqliteRecordStore(path)

    assert refusal.value.problem is StorageProblem.READ_ONLY


def test_a_held_store_is_waited_for_and_then_named(path: Path) -> None:
    with SqliteRecordStore(path) as holder, SqliteRecordStore(path, wait_ms=50) as late:
        with (
            holder._file.writing(),
            pytest.raises(StorageError, match="repeat the call") as refusal,
        ):
            late.put("a", record(), expected_version=0)

        assert refusal.value.problem is StorageProblem.LOCKED
        late.put("a", record(), expected_version=0)


def test_a_full_disk_leaves_the_store_as_it_was(store: SqliteRecordStore) -> None:
    before = store.put("a", record("1"), expected_version=0)
    with store._file.reading() as connection:
        (page_count,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {page_count + 2}")

    with pytest.raises(StorageError, match="free some space") as refusal:
        store.put_many(
            [
                Change(key="a", record=record("2"), expected_version=1),
                Change(key="b", record=record("x" * 100_000), expected_version=0),
            ]
        )

    assert refusal.value.problem is StorageProblem.FULL
    assert list(store.scan()) == [before]
    store.put("a", record("2"), expected_version=1)


def test_a_write_that_the_system_refuses_leaves_the_store_as_it_was(path: Path) -> None:
    resource = pytest.importorskip("resource", reason="the system has no limits")
    with SqliteRecordStore(path) as store:
        before = store.put("a", record("1"), expected_version=0)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
        try:
            with pytest.raises(StorageError) as refusal:
                store.put("b", record("x" * 5_000_000), expected_version=0)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

        assert refusal.value.problem in {
            StorageProblem.FULL,
            StorageProblem.UNAVAILABLE,
        }
        assert list(store.scan()) == [before]
        store.put("b", record(), expected_version=0)
        assert store.integrity_check() == ()


def test_damage_is_found_by_the_check(path: Path) -> None:
    with SqliteRecordStore(path) as store:
        store.put_many(
            Change(key=f"{n:05d}", record=record("x" * 500), expected_version=0)
            for n in range(500)
        )
    damaged = bytearray(path.read_bytes())
    damaged[4096 * 5 : 4096 * 20] = b"\xff" * (4096 * 15)
    path.write_bytes(damaged)

    with SqliteRecordStore(path) as store:
        assert store.integrity_check() != ()
        with pytest.raises(StorageError, match="backup") as refusal:
            list(store.scan())
        assert refusal.value.problem is StorageProblem.CORRUPT


def test_text_that_is_no_utf_8_is_damage(store: SqliteRecordStore) -> None:
    store.put("a", record(), expected_version=0)
    with store._file.writing() as connection:
        connection.execute("UPDATE records SET body = CAST(X'22FF22' AS TEXT)")

    with pytest.raises(StorageError, match="backup") as refusal:
        store.get("a")

    assert refusal.value.problem is StorageProblem.CORRUPT


def test_a_store_that_lost_a_table_is_damaged(path: Path) -> None:
    SqliteRecordStore(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE store_state")

    with pytest.raises(StorageError, match="backup") as refusal:
        SqliteRecordStore(path)

    assert refusal.value.problem is StorageProblem.CORRUPT


def test_a_mistake_in_sql_is_not_taken_for_trouble_with_the_file(
    store: SqliteRecordStore,
) -> None:
    with pytest.raises(sqlite3.OperationalError), store._file.reading() as connection:
        connection.execute("SELECT absent FROM records")


def test_a_file_that_is_held_while_it_is_opened_is_named(path: Path) -> None:
    SqliteRecordStore(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN IMMEDIATE")

        with pytest.raises(StorageError, match="repeat the call") as refusal:
            SqliteRecordStore(path, wait_ms=50)

        assert refusal.value.problem is StorageProblem.LOCKED
        connection.execute("COMMIT")
    with SqliteRecordStore(path) as store:
        assert store.integrity_check() == ()


def test_a_closed_store_says_so(path: Path) -> None:
    store = SqliteRecordStore(path)
    store.put("a", record(), expected_version=0)
    scan = store.scan()
    store.close()
    store.close()

    for call in (
        lambda: store.get("a"),
        lambda: store.put("a", record(), expected_version=1),
        lambda: list(scan),
        store.integrity_check,
    ):
        with pytest.raises(StorageError, match="open it again") as refusal:
            call()
        assert refusal.value.problem is StorageProblem.CLOSED


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_child_is_refused_and_disturbs_nobody(
    store: SqliteRecordStore,
) -> None:
    store.put("a", record("1"), expected_version=0)
    child = os.fork()
    if child == 0:
        try:
            store.close()
            store.get("a")
        except StorageError as error:
            os._exit(0 if error.problem is StorageProblem.FORKED else 1)
        os._exit(2)

    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    store.put("a", record("2"), expected_version=1)
    assert store.get("a").record.body == "2"


def test_an_interrupted_write_leaves_no_open_transaction(
    store: SqliteRecordStore,
) -> None:
    def interrupt_after_a_step() -> None:
        with store._file.writing() as connection:
            connection.execute("DELETE FROM store_state")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt_after_a_step()

    assert store.put("a", record(), expected_version=0).version == 1
