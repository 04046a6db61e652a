"""What a store of records promises, whatever database keeps it.

A lender keeps profiles, tiers and decisions from one review to the next. Each is
a `Record`: a type name, a schema version and JSON text under a key. Nobody
overwrites what he has not seen: a write names the version that it is based on, and
loses with a `ConflictError` where another write came first.

`memory` and `sqlite` keep this protocol, `records` puts a codec in front of it,
`versions` holds the rule that every adapter shares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol

import attrs

from microcrm_core.checks import name_text, whole_number_field
from microcrm_core.errors import InvalidValueError

__all__ = ["Change", "Record", "RecordStore", "StoredRecord", "key_text"]

_VERSION_MAX: Final = 2**63 - 1
_KEY_CHARACTERS_MAX: Final = 500
_TYPE_CHARACTERS_MAX: Final = 100
# Four bytes a character stay far below the longest text that databases take.
_BODY_CHARACTERS_MAX: Final = 100_000_000
# Control characters hide in logs; lone surrogates have no UTF-8 form.
_UNFIT: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def key_text(field: str, value: object) -> str:
    """Return *value* if it may be a key: 1 to 500 characters, none of them control.

    Keys are compared character by character, as given: no case folding and no
    Unicode normalization. A key holds ids, never names or other personal data.

    Raises:
        InvalidValueError: It is no text, empty, too long, or has a control
            character or half a surrogate pair.

    Example:
        >>> from microcrm_core.storage import key_text
        >>> key_text("key", "review/2025-01-31/c-17")
        'review/2025-01-31/c-17'
    """
    if (
        not isinstance(value, str)
        or not 1 <= len(value) <= _KEY_CHARACTERS_MAX
        or _UNFIT.search(value)
    ):
        rule = (
            f"must be text of 1 to {_KEY_CHARACTERS_MAX} characters "
            "without control characters"
        )
        raise InvalidValueError(field, rule, value)
    return value


def _check_key(_instance: object, attribute: attrs.Attribute[Any], value: str) -> None:
    key_text(attribute.name, value)


def _check_type(_instance: object, attribute: attrs.Attribute[Any], value: str) -> None:
    name_text(attribute.name, value)
    if len(value) > _TYPE_CHARACTERS_MAX or _UNFIT.search(value):
        rule = (
            f"must have at most {_TYPE_CHARACTERS_MAX} characters "
            "and no control characters"
        )
        raise InvalidValueError(attribute.name, rule, value)


def _check_body(
    _instance: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    # The text itself stays out of errors: it may say something about a person.
    if not isinstance(value, str):
        raise InvalidValueError(attribute.name, "must be text", type(value).__name__)
    if not 1 <= len(value) <= _BODY_CHARACTERS_MAX:
        rule = f"must have 1 to {_BODY_CHARACTERS_MAX} characters"
        raise InvalidValueError(attribute.name, rule, len(value))
    if "\x00" in value:
        found = f"a NUL at {value.index(chr(0))}"
        raise InvalidValueError(attribute.name, "must be JSON text", found)
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            found = f"half a surrogate pair at {error.start}"
            raise InvalidValueError(
                attribute.name, "must be Unicode text", found
            ) from None


def _check_record(
    _instance: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    if value is not None and not isinstance(value, Record):
        found = type(value).__name__
        raise InvalidValueError(attribute.name, "must be a Record or None", found)


@attrs.frozen(kw_only=True)
class Record:
    """One thing that a store keeps, in a form that outlives this program.

    The type name and the schema version tell a codec how to read the body. They
    are plain words, never an import path, so that code may move freely.

    Attributes:
        type: Stable name of what the body holds, such as `review`.
        schema_version: Version of the body's layout, from 1.
        body: Canonical JSON text. It is stored as given and not parsed.

    Example:
        >>> from microcrm_core import canonical_json
        >>> from microcrm_core.storage import Record
        >>> body = canonical_json({"tier": "ordinary"})
        >>> Record(type="tier", schema_version=1, body=body).body
        '{"tier":"ordinary"}'
    """

    type: str = attrs.field(validator=_check_type)
    schema_version: int = attrs.field(
        validator=whole_number_field(at_least=1, at_most=_VERSION_MAX)
    )
    body: str = attrs.field(validator=_check_body, repr=False)


@attrs.frozen(kw_only=True)
class StoredRecord:
    """A record as a store holds it.

    Attributes:
        key: Where it is kept.
        record: What is kept.
        version: Grows by 1 with each write of the key, from 1 or more.

    Example:
        >>> from microcrm_core.storage import Record, StoredRecord
        >>> record = Record(type="tier", schema_version=1, body="{}")
        >>> StoredRecord(key="tier/c-17", record=record, version=1).version
        1
    """

    key: str = attrs.field(validator=_check_key)
    record: Record
    version: int = attrs.field(
        validator=whole_number_field(at_least=1, at_most=_VERSION_MAX)
    )


@attrs.frozen(kw_only=True)
class Change:
    """One write of a batch.

    Attributes:
        key: Where to write.
        record: What to keep there; None deletes the key.
        expected_version: The version that the change is based on; 0 says that
            nothing is under the key, so it cannot be 0 in a deletion.

    Example:
        >>> from microcrm_core.storage import Change, Record
        >>> record = Record(type="tier", schema_version=1, body="{}")
        >>> Change(key="tier/c-17", record=record, expected_version=0).key
        'tier/c-17'
    """

    key: str = attrs.field(validator=_check_key)
    record: Record | None = attrs.field(validator=_check_record)
    expected_version: int = attrs.field(
        validator=whole_number_field(at_least=0, at_most=_VERSION_MAX)
    )

    def __attrs_post_init__(self) -> None:
        """Refuse to delete what is expected not to exist."""
        if self.record is None and self.expected_version == 0:
            rule = "must be 1 or more in a deletion"
            raise InvalidValueError("expected_version", rule, 0)


class RecordStore(Protocol):
    """A store of records by key, with optimistic versions.

    - **Atomic**: a write is done in full or not at all, `put_many` as a whole.
    - **Durable**: a write that returned is kept, as far as the adapter says.
    - **Ordered**: `scan` yields keys by code point, in every adapter.
    - **Isolated**: nobody sees half a batch in one `get`, and a write based on an
      old version is refused, so that no update is lost.
    - **Versions** are never used twice for a key, even after a deletion, so that
      a reader of the deleted record cannot overwrite its successor. A key that is
      not there counts as version 0. A new key starts at 1 in a store where
      nothing was deleted, and may start higher in others: take the version from
      what `put`, `get` or `scan` returns.

    The calls are synchronous; async code runs them in a thread.

    Example:
        >>> from microcrm_core.storage import MemoryRecordStore, Record, RecordStore
        >>> store: RecordStore = MemoryRecordStore()
        >>> record = Record(type="tier", schema_version=1, body='"ordinary"')
        >>> store.put("tier/c-17", record, expected_version=0).version
        1
        >>> [stored.key for stored in store.scan("tier/")]
        ['tier/c-17']
    """

    def get(self, key: str) -> StoredRecord:
        """Return what is kept under *key*.

        Raises:
            RecordNotFoundError: Nothing is.
            InvalidValueError: *key* cannot be a key.
        """
        ...

    def find(self, key: str) -> StoredRecord | None:
        """Return what is kept under *key*, or None where nothing is.

        Raises:
            InvalidValueError: *key* cannot be a key.
        """
        ...

    def put(self, key: str, record: Record, *, expected_version: int) -> StoredRecord:
        """Keep *record* under *key* and return it with its new version.

        Args:
            key: Where to write.
            record: What to keep there.
            expected_version: The version that the change is based on; 0 for a
                key under which nothing is kept.

        Raises:
            ConflictError: The key has another version. Nothing was written.
            InvalidValueError: *key* or *expected_version* breaks its rule.
        """
        ...

    def put_many(self, changes: Iterable[Change]) -> int:
        """Make all *changes* or none, and return how many there were.

        Raises:
            ConflictError: Some keys have other versions: it names the first in
                full and the others as `other_keys`. Nothing was written.
            InvalidValueError: Two changes name the same key.
        """
        ...

    def delete(self, key: str, *, expected_version: int) -> None:
        """Forget what is kept under *key*.

        Raises:
            ConflictError: The key has another version, or is not there.
            InvalidValueError: *key* or *expected_version* breaks its rule.
        """
        ...

    def scan(
        self, prefix: str = "", *, after_key: str | None = None
    ) -> Iterator[StoredRecord]:
        """Return the records whose keys begin with *prefix*, in key order.

        Writing while a scan goes on is allowed. A record that is left alone in
        the meantime comes exactly once; one that is written comes at most once, in
        its old or in its new form.

        Args:
            prefix: Compared as text; no character in it is a wildcard.
            after_key: Where to go on: keys up to and including it are left out.
                None starts at the front.

        Raises:
            InvalidValueError: *after_key* cannot be a key, nor *prefix* the
                beginning of one.
        """
        ...
