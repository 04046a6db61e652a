"""Stores that keep records, and what they promise."""

from __future__ import annotations

from microcrm_core.storage.memory import MemoryRecordStore
from microcrm_core.storage.protocol import (
    Change,
    Record,
    RecordStore,
    StoredRecord,
    key_text,
)
from microcrm_core.storage.records import Codec, RecordsOf, Versioned
from microcrm_core.storage.sqlite import SqliteRecordStore
from microcrm_core.storage.versions import (
    checked_changes,
    checked_put,
    checked_scan,
    require_versions,
)

__all__ = [
    "Change",
    "Codec",
    "MemoryRecordStore",
    "Record",
    "RecordStore",
    "RecordsOf",
    "SqliteRecordStore",
    "StoredRecord",
    "Versioned",
    "checked_changes",
    "checked_put",
    "checked_scan",
    "key_text",
    "require_versions",
]
