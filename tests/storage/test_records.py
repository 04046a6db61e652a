"""Records refuse what no store could keep; a codec stands in front of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, canonical_json
from microcrm_core.storage import (
    Change,
    MemoryRecordStore,
    Record,
    RecordsOf,
)


class CountsCodec:
    """Version 1 wrote a list, version 2 writes a mapping."""

    def to_record(self, value: dict[str, int]) -> Record:
        return Record(type="counts", schema_version=2, body=canonical_json(value))

    def from_record(self, record: Record) -> dict[str, int]:
        if record.type != "counts" or record.schema_version > 2:
            raise InvalidValueError("record", "must be counts", record)
        body = json.loads(record.body)
        return dict(body)


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"type": ""}, "type"),
        ({"type": " tier"}, "type"),
        ({"type": "tier\nname"}, "type"),
        ({"type": "t" * 101}, "type"),
        ({"schema_version": 0}, "schema_version"),
        ({"schema_version": True}, "schema_version"),
        ({"schema_version": 2**63}, "schema_version"),
        ({"body": ""}, "body"),
        ({"body": b"{}"}, "body"),
        ({"body": "\x00"}, "body"),
        ({"body": "\ud83d"}, "body"),
    ],
)
def test_a_record_that_cannot_be_kept_is_refused(
    parts: dict[str, Any], field: str
) -> None:
    good: dict[str, Any] = {"type": "tier", "schema_version": 1, "body": "{}"}

    with pytest.raises(InvalidValueError) as refusal:
        Record(**{**good, **parts})

    assert refusal.value.field == field


def test_what_a_body_says_stays_out_of_errors_and_reprs() -> None:
    secret = "Jane Roe"

    with pytest.raises(InvalidValueError) as refusal:
        Record(type="tier", schema_version=1, body=f"{secret}\ud83d")

    assert secret not in str(refusal.value)
    assert secret not in repr(Record(type="tier", schema_version=1, body=secret))


def test_a_deletion_says_which_version_it_is_based_on() -> None:
    with pytest.raises(InvalidValueError, match="1 or more in a deletion"):
        Change(key="a", record=None, expected_version=0)


def test_a_change_takes_a_record_and_nothing_like_it() -> None:
    body: Any = '{"tier":"ordinary"}'

    with pytest.raises(InvalidValueError, match="must be a Record or None, got 'str'"):
        Change(key="a", record=body, expected_version=0)


def test_a_codec_reads_records_of_older_schema_versions() -> None:
    store = MemoryRecordStore()
    old = Record(type="counts", schema_version=1, body='[["a",1]]')
    store.put("counts/1", old, expected_version=0)

    counts = RecordsOf(store, CountsCodec())
    read = counts.get("counts/1")
    counts.put("counts/1", read.value, expected_version=read.version)

    assert read.value == {"a": 1}
    assert store.get("counts/1").record.body == '{"a":1}'
    assert counts.find("counts/2") is None


def test_a_codec_refuses_what_it_does_not_know() -> None:
    store = MemoryRecordStore()
    later = Record(type="counts", schema_version=3, body="{}")
    store.put("counts/1", later, expected_version=0)

    with pytest.raises(InvalidValueError, match="must be counts"):
        RecordsOf(store, CountsCodec()).get("counts/1")


@given(values=st.dictionaries(st.text("abc%_", min_size=1), st.integers()))
def test_values_come_back_as_they_were_put(values: dict[str, int]) -> None:
    store = MemoryRecordStore()
    counts = RecordsOf(store, CountsCodec())
    changes = [
        counts.change(f"counts/{name}", {name: count}, expected_version=0)
        for name, count in values.items()
    ]

    store.put_many(changes)

    found = list(counts.scan("counts/"))
    assert [versioned.key for versioned in found] == sorted(
        f"counts/{name}" for name in values
    )
    assert {
        name: count for versioned in found for name, count in versioned.value.items()
    } == values
