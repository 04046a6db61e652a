"""Values instead of JSON text: a codec in front of a store.

The store knows no type of ours and no type of the lender's. Who keeps values
passes in a codec, which alone knows how a value becomes a record and how records
of older schema versions are still read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

import attrs

from microcrm_core.storage.protocol import Change, Record, RecordStore, StoredRecord

__all__ = ["Codec", "RecordsOf", "Versioned"]

T = TypeVar("T")


class Codec(Protocol[T]):
    """How a value becomes a record, and a record the value again.

    `from_record(to_record(value))` equals *value*. A codec chooses what to build
    from the type name that it knows; it never imports what data names.

    Example:
        >>> import json
        >>> from microcrm_core import InvalidValueError, canonical_json
        >>> from microcrm_core.storage import Codec, Record
        >>> class LimitCodec:
        ...     def to_record(self, value: int) -> Record:
        ...         body = canonical_json({"limit_minor": value})
        ...         return Record(type="limit", schema_version=2, body=body)
        ...
        ...     def from_record(self, record: Record) -> int:
        ...         if record.type != "limit" or record.schema_version > 2:
        ...             raise InvalidValueError("record", "must be a limit", record)
        ...         name = "limit" if record.schema_version == 1 else "limit_minor"
        ...         return json.loads(record.body)[name]
        >>> codec: Codec[int] = LimitCodec()
        >>> old = Record(type="limit", schema_version=1, body='{"limit":5}')
        >>> codec.from_record(old)
        5
    """

    def to_record(self, value: T, /) -> Record:
        """Return the record that stands for *value*."""
        ...

    def from_record(self, record: Record, /) -> T:
        """Return the value that *record* stands for.

        Raises:
            InvalidValueError: It is of a type or a schema version that this codec
                does not know.
        """
        ...


@attrs.frozen(kw_only=True)
class Versioned(Generic[T]):
    """A value as a store holds it.

    Attributes:
        key: Where it is kept.
        value: What is kept.
        version: What the next write has to name as expected.

    Example:
        >>> from microcrm_core.storage import Versioned
        >>> Versioned(key="limit/c-17", value=500_00, version=3).version
        3
    """

    key: str
    value: T
    version: int


class RecordsOf(Generic[T]):
    """The values of one codec in a store, whose promises it passes on.

    Example:
        >>> from microcrm_core.storage import MemoryRecordStore, Record, RecordsOf
        >>> class NoteCodec:
        ...     def to_record(self, value: str) -> Record:
        ...         return Record(type="tier", schema_version=1, body=f'"{value}"')
        ...
        ...     def from_record(self, record: Record) -> str:
        ...         return record.body.strip('"')
        >>> tiers = RecordsOf(MemoryRecordStore(), NoteCodec())
        >>> tiers.put("tier/c-17", "ordinary", expected_version=0).version
        1
        >>> tiers.get("tier/c-17").value
        'ordinary'
    """

    def __init__(self, store: RecordStore, codec: Codec[T]) -> None:
        self._store = store
        self._codec = codec

    def get(self, key: str) -> Versioned[T]:
        """Return the value under *key*.

        Raises:
            RecordNotFoundError: Nothing is kept there.
        """
        return self._decoded(self._store.get(key))

    def find(self, key: str) -> Versioned[T] | None:
        """Return the value under *key*, or None where nothing is kept."""
        stored = self._store.find(key)
        return None if stored is None else self._decoded(stored)

    def put(self, key: str, value: T, *, expected_version: int) -> Versioned[T]:
        """Keep *value* under *key* and return it with its new version.

        Raises:
            ConflictError: The key has another version. Nothing was written.
        """
        record = self._codec.to_record(value)
        stored = self._store.put(key, record, expected_version=expected_version)
        return Versioned(key=key, value=value, version=stored.version)

    def change(self, key: str, value: T, *, expected_version: int) -> Change:
        """Return the change that keeps *value*, for a batch of several types."""
        record = self._codec.to_record(value)
        return Change(key=key, record=record, expected_version=expected_version)

    def scan(
        self, prefix: str = "", *, after_key: str | None = None
    ) -> Iterator[Versioned[T]]:
        """Return the values whose keys begin with *prefix*, in key order."""
        found = self._store.scan(prefix, after_key=after_key)
        return (self._decoded(stored) for stored in found)

    def _decoded(self, stored: StoredRecord) -> Versioned[T]:
        value = self._codec.from_record(stored.record)
        return Versioned(key=stored.key, value=value, version=stored.version)
