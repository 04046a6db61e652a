"""What every `RecordStore` promises, over each adapter that we know of."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from microcrm_core.errors import (
    ConflictError,
    InvalidValueError,
    RecordNotFoundError,
)
from microcrm_core.storage import (
    Change,
    MemoryRecordStore,
    Record,
    RecordStore,
    SqliteRecordStore,
)

RECIPE = Path(__file__).parents[2] / "docs/recipes/write-a-store.md"
# Code points below and above the surrogates: UTF-16 would order them otherwise.
HARD_KEYS = (
    "%",
    "_",
    "a%b",
    "a_b",
    "aXb",
    "A",
    "a",
    "a ",
    " a",
    "é",
    "e\u0301",
    "ß",
    "ss",
    "中文",
    "\ufffd",
    "\U0001f600",
    "\U0010ffff",
    "'; DROP TABLE records; --",
    '"',
    "\\",
    "*?[a]",
    "k" * 500,
)
KEYS = st.sampled_from(HARD_KEYS) | st.text(
    st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=5
)
BODIES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def record(body: str = "{}", schema_version: int = 1) -> Record:
    return Record(type="test", schema_version=schema_version, body=body)


def write(key: str, expected_version: int, body: str = "{}") -> Change:
    return Change(key=key, record=record(body), expected_version=expected_version)


def erase(key: str, expected_version: int) -> Change:
    return Change(key=key, record=None, expected_version=expected_version)


class RecordStoreContract:
    """Override the fixture `store` to prove an adapter."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> RecordStore | Iterator[RecordStore]:
        raise NotImplementedError

    def test_what_was_put_is_found(self, store: RecordStore) -> None:
        stored = store.put("a", record('"x"', 7), expected_version=0)

        assert (stored.key, stored.version) == ("a", 1)
        assert store.get("a") == store.find("a") == stored
        assert stored.record == record('"x"', 7)

    def test_each_write_adds_one_to_the_version(self, store: RecordStore) -> None:
        versions = [
            store.put("a", record(f"{n}"), expected_version=n).version for n in range(4)
        ]

        assert versions == [1, 2, 3, 4]
        assert store.get("a").record.body == "3"

    def test_a_key_that_is_not_there_is_none_or_an_error(
        self, store: RecordStore
    ) -> None:
        assert store.find("a") is None
        with pytest.raises(RecordNotFoundError, match="no record under 'a'"):
            store.get("a")

    @pytest.mark.parametrize("expected_version", [0, 1, 3, 2**63 - 1])
    def test_a_write_on_another_version_is_refused(
        self, store: RecordStore, expected_version: int
    ) -> None:
        store.put("a", record("1"), expected_version=0)
        before = store.put("a", record("2"), expected_version=1)

        with pytest.raises(ConflictError) as refusal:
            store.put("a", record("3"), expected_version=expected_version)

        assert refusal.value.key == "a"
        assert refusal.value.version == 2
        assert refusal.value.expected_version == expected_version
        assert store.get("a") == before

    def test_an_update_of_what_is_not_there_is_a_conflict_with_version_0(
        self, store: RecordStore
    ) -> None:
        with pytest.raises(ConflictError) as refusal:
            store.put("a", record(), expected_version=1)

        assert refusal.value.version == 0
        assert store.find("a") is None

    def test_what_was_deleted_is_gone(self, store: RecordStore) -> None:
        store.put("a", record(), expected_version=0)
        store.put("b", record(), expected_version=0)

        store.delete("a", expected_version=1)

        assert store.find("a") is None
        assert [stored.key for stored in store.scan()] == ["b"]

    @pytest.mark.parametrize("key", ["a", "absent"])
    def test_a_deletion_on_another_version_is_refused(
        self, store: RecordStore, key: str
    ) -> None:
        before = store.put("a", record(), expected_version=0)

        with pytest.raises(ConflictError):
            store.delete(key, expected_version=2)

        assert list(store.scan()) == [before]

    def test_a_version_never_comes_back_after_a_deletion(
        self, store: RecordStore
    ) -> None:
        """Else who read the deleted record would overwrite its successor."""
        for version in range(3):
            store.put("a", record("1"), expected_version=version)
        store.delete("a", expected_version=3)

        successor = store.put("a", record("2"), expected_version=0)

        assert successor.version > 3
        for version in (1, 2, 3):
            with pytest.raises(ConflictError):
                store.put("a", record("lost"), expected_version=version)
        assert store.get("a") == successor

    def test_a_batch_writes_updates_and_deletes_together(
        self, store: RecordStore
    ) -> None:
        store.put_many([write("a", 0, "1"), write("b", 0, "1")])

        count = store.put_many([erase("a", 1), write("b", 1, "2"), write("c", 0, "1")])

        assert count == 3
        assert [(stored.key, stored.record.body) for stored in store.scan()] == [
            ("b", "2"),
            ("c", "1"),
        ]
        assert store.get("b").version == 2

    def test_an_empty_batch_changes_nothing(self, store: RecordStore) -> None:
        assert store.put_many([]) == 0
        assert list(store.scan()) == []

    def test_a_batch_with_conflicts_names_them_and_writes_nothing(
        self, store: RecordStore
    ) -> None:
        store.put_many([write("a", 0), write("b", 0), write("c", 0)])
        before = list(store.scan())

        with pytest.raises(ConflictError) as refusal:
            store.put_many(
                [
                    write("new", 0),
                    write("b", 1),
                    erase("c", 2),
                    write("a", 0),
                    write("absent", 5),
                ]
            )

        assert refusal.value.key == "c"
        assert (refusal.value.version, refusal.value.expected_version) == (1, 2)
        assert refusal.value.other_keys == ("a", "absent")
        assert list(store.scan()) == before

    def test_a_batch_may_not_name_a_key_twice(self, store: RecordStore) -> None:
        with pytest.raises(InvalidValueError, match="must name each key once"):
            store.put_many([write("a", 0), write("a", 1)])

        assert store.find("a") is None

    def test_a_batch_that_breaks_while_it_is_made_writes_nothing(
        self, store: RecordStore
    ) -> None:
        def broken() -> Iterator[Change]:
            yield write("a", 0)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            store.put_many(broken())

        assert store.find("a") is None
        store.put("a", record(), expected_version=0)

    def test_a_scan_is_in_code_point_order(self, store: RecordStore) -> None:
        store.put_many(write(key, 0) for key in HARD_KEYS)

        assert [stored.key for stored in store.scan()] == sorted(HARD_KEYS)

    @pytest.mark.parametrize("prefix", [*HARD_KEYS, "e", "\U0001f600\U0010ffff", "zz"])
    def test_a_prefix_is_no_pattern(self, store: RecordStore, prefix: str) -> None:
        keys = {*HARD_KEYS, *(f"{key}+"[-500:] for key in HARD_KEYS)}
        store.put_many(write(key, 0) for key in keys)

        assert [stored.key for stored in store.scan(prefix)] == sorted(
            key for key in keys if key.startswith(prefix)
        )

    @pytest.mark.parametrize("after_key", [*HARD_KEYS, "0", "b", "\U0010ffff!"])
    def test_a_scan_goes_on_after_a_key(
        self, store: RecordStore, after_key: str
    ) -> None:
        store.put_many(write(key, 0) for key in HARD_KEYS)

        for prefix in ("", "a"):
            found = [stored.key for stored in store.scan(prefix, after_key=after_key)]
            assert found == sorted(
                key for key in HARD_KEYS if key.startswith(prefix) and key > after_key
            )

    def test_a_long_scan_shows_everything_once(self, store: RecordStore) -> None:
        keys = [f"{n:05d}" for n in range(3_210)]
        store.put_many(write(key, 0) for key in keys)

        assert [stored.key for stored in store.scan()] == keys
        assert [stored.key for stored in store.scan("02", after_key="02997")] == [
            "02998",
            "02999",
        ]

    def test_writing_during_a_scan_leaves_the_untouched_in_place(
        self, store: RecordStore
    ) -> None:
        keys = [f"{n:05d}" for n in range(0, 6_000, 2)]
        store.put_many(write(key, 0) for key in keys)
        scan = store.scan()
        seen = [stored.key for stored in islice(scan, 10)]

        store.put_many(
            [
                *(write(f"{n:05d}", 0) for n in range(1, 6_000, 2)),
                *(write(key, 1, "new") for key in keys if key.endswith("4")),
                *(erase(key, 1) for key in keys if key.endswith("8")),
            ]
        )
        seen += [stored.key for stored in scan]

        assert seen == sorted(set(seen))
        untouched = {key for key in keys if key[-1] in "026"}
        assert untouched <= set(seen)

    def test_a_scan_left_open_keeps_nobody_from_writing(
        self, store: RecordStore
    ) -> None:
        store.put_many(write(f"{n:05d}", 0) for n in range(2_000))
        scan = store.scan()
        next(scan)

        store.put("00000", record("new"), expected_version=1)

        assert store.get("00000").record.body == "new"

    @pytest.mark.parametrize(
        "body",
        [
            "\U0001f600" * 2_000_000,
            "x" * 10_000_000,
            '{"name":"中文","quote":"\'; DROP TABLE records; --"}',
            " \r\n\t\x01\u2028\ufeff",
            "e\u0301 is not é",
        ],
        ids=["emoji", "ten million", "quotes", "odd spaces", "not normalized"],
    )
    def test_a_body_comes_back_as_given(self, store: RecordStore, body: str) -> None:
        store.put("a", record(body), expected_version=0)

        assert store.get("a").record.body == body
        assert next(store.scan()).record.body == body

    @pytest.mark.parametrize("key", ["", "a\n", "\x00", "\x85", "\ud800", "k" * 501])
    def test_an_impossible_key_is_refused_everywhere(
        self, store: RecordStore, key: str
    ) -> None:
        for call in (
            lambda: store.get(key),
            lambda: store.find(key),
            lambda: store.put(key, record(), expected_version=0),
            lambda: store.delete(key, expected_version=1),
            lambda: store.scan(after_key=key),
        ):
            with pytest.raises(InvalidValueError):
                call()

    @pytest.mark.parametrize("version", [-1, 2**63, True, 1.0, None])
    def test_an_impossible_version_is_refused(
        self, store: RecordStore, version: Any
    ) -> None:
        with pytest.raises(InvalidValueError, match="expected_version"):
            store.put("a", record(), expected_version=version)
        with pytest.raises(InvalidValueError, match="expected_version"):
            store.delete("a", expected_version=version)

    def test_put_does_not_delete(self, store: RecordStore) -> None:
        store.put("a", record(), expected_version=0)

        with pytest.raises(InvalidValueError, match="record must be a Record"):
            store.put("a", cast("Record", None), expected_version=1)

        assert store.get("a").version == 1

    def test_of_threads_that_write_one_version_one_wins(
        self, store: RecordStore
    ) -> None:
        thread_count, round_count = 4, 15
        start = threading.Barrier(thread_count)
        wins: list[int] = []
        conflicts: list[int] = []

        def compete(name: int) -> None:
            for number in range(round_count):
                start.wait()
                try:
                    store.put("a", record(f"{name}"), expected_version=number)
                except ConflictError:
                    conflicts.append(number)
                else:
                    wins.append(number)
                start.wait()

        run_together(compete, thread_count)

        assert sorted(wins) == list(range(round_count))
        assert len(conflicts) == round_count * (thread_count - 1)

    def test_no_update_of_threads_is_lost(self, store: RecordStore) -> None:
        thread_count, addition_count = 4, 15
        store.put("sum", record("0"), expected_version=0)

        def add(_name: int) -> None:
            for _ in range(addition_count):
                is_added = False
                while not is_added:
                    stored = store.get("sum")
                    body = str(int(stored.record.body) + 1)
                    try:
                        store.put("sum", record(body), expected_version=stored.version)
                        is_added = True
                    except ConflictError:
                        pass

        run_together(add, thread_count)

        assert store.get("sum").record.body == str(thread_count * addition_count)


def run_together(work: Any, thread_count: int) -> None:
    threads = [
        threading.Thread(target=work, args=(number,)) for number in range(thread_count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)


class TestMemoryRecordStore(RecordStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> RecordStore:
        return MemoryRecordStore()


class TestSqliteRecordStore(RecordStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[RecordStore]:
        with SqliteRecordStore(tmp_path / "crm.db") as store:
            yield store
            assert store.integrity_check() == ()


class TestStoreOfTheRecipe(RecordStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> RecordStore:
        code = RECIPE.read_text().split("```python\n")[1].split("```")[0]
        names: dict[str, Any] = {}
        exec(compile(code, str(RECIPE), "exec", dont_inherit=True), names)
        return cast("RecordStore", names["JsonFileRecordStore"](tmp_path / "crm.json"))


class StoresBesideAModel(RuleBasedStateMachine):
    """Any sequence of calls gives what a dictionary gives, in every adapter."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "crm.db")
        self.sqlite = SqliteRecordStore(self.path)
        self.memory = MemoryRecordStore()
        self.model: dict[str, tuple[int, Record]] = {}
        self.version_max: dict[str, int] = {}

    def teardown(self) -> None:
        assert self.sqlite.integrity_check() == ()
        self.sqlite.close()
        self.folder.cleanup()

    @rule(key=KEYS, body=BODIES.filter(bool), error=st.sampled_from([0, 0, 0, -1, 1]))
    def put(self, key: str, body: str, error: int) -> None:
        expected = max(0, self.version_of(key) + error)
        new = record(body)
        if expected != self.version_of(key):
            for store in (self.memory, self.sqlite):
                with pytest.raises(ConflictError):
                    store.put(key, new, expected_version=expected)
            return
        stored = self.memory.put(key, new, expected_version=expected)
        assert self.sqlite.put(key, new, expected_version=expected) == stored
        self.keep(key, stored.version, new)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), error=st.sampled_from([0, 0, 1]))
    def delete(self, data: st.DataObject, error: int) -> None:
        key = data.draw(st.sampled_from(sorted(self.model)))
        expected = self.version_of(key) + error
        for store in (self.memory, self.sqlite):
            if error:
                with pytest.raises(ConflictError):
                    store.delete(key, expected_version=expected)
            else:
                store.delete(key, expected_version=expected)
        if not error:
            del self.model[key]

    @rule(
        keys=st.lists(KEYS, max_size=6, unique=True),
        erased=st.sets(KEYS, max_size=3),
        stale=st.sets(KEYS, max_size=1),
    )
    def put_many(self, keys: list[str], erased: set[str], stale: set[str]) -> None:
        erased &= self.model.keys()
        changes = [
            *(write(key, self.version_of(key), "batch") for key in keys),
            *(erase(key, self.version_of(key)) for key in sorted(erased - {*keys})),
        ]
        wrong = sorted(stale - {*keys} - erased)
        if wrong:
            changes += [write(key, self.version_of(key) + 1) for key in wrong]
            for store in (self.memory, self.sqlite):
                with pytest.raises(ConflictError) as refusal:
                    store.put_many(changes)
                assert refusal.value.key == wrong[0]
            return
        for store in (self.memory, self.sqlite):
            assert store.put_many(changes) == len(changes)
        for change in changes:
            if change.record is None:
                del self.model[change.key]
            else:
                version = self.memory.get(change.key).version
                self.keep(change.key, version, change.record)

    @rule(prefix=st.just("") | KEYS, after_key=st.none() | KEYS)
    def scan(self, prefix: str, after_key: str | None) -> None:
        expected = [
            key
            for key in sorted(self.model)
            if key.startswith(prefix) and (after_key is None or key > after_key)
        ]
        for store in (self.memory, self.sqlite):
            found = store.scan(prefix, after_key=after_key)
            assert [stored.key for stored in found] == expected

    @rule()
    def reopen(self) -> None:
        self.sqlite.close()
        self.sqlite = SqliteRecordStore(self.path)

    @invariant()
    def both_hold_what_the_model_holds(self) -> None:
        for store in (self.memory, self.sqlite):
            assert {
                stored.key: (stored.version, stored.record) for stored in store.scan()
            } == self.model

    def version_of(self, key: str) -> int:
        return self.model.get(key, (0, None))[0]

    def keep(self, key: str, version: int, new: Record) -> None:
        # Grows by one, and is new to the key even after a deletion.
        assert version == self.version_of(key) + 1 or key not in self.model
        assert version > self.version_max.get(key, 0)
        self.version_max[key] = version
        self.model[key] = (version, new)


TestStoresBesideAModel = StoresBesideAModel.TestCase
TestStoresBesideAModel.settings = settings(
    stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow], deadline=None
)
