"""The rule of versions that every adapter of `RecordStore` shares.

An adapter loads the versions of the keys that a batch names, asks
`require_versions`, and writes. It does so under its lock or in its transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from microcrm_core.errors import ConflictError, InvalidValueError
from microcrm_core.storage.protocol import Change, Record, key_text

__all__ = ["checked_changes", "checked_put", "checked_scan", "require_versions"]


def checked_put(key: str, record: Record, *, expected_version: int) -> Change:
    """Return the change that one `put` asks for.

    Raises:
        InvalidValueError: A part breaks its rule, or *record* is None: `put` does
            not delete.

    Example:
        >>> from microcrm_core.storage import Record, checked_put
        >>> record = Record(type="tier", schema_version=1, body="{}")
        >>> checked_put("tier/c-17", record, expected_version=0).key
        'tier/c-17'
    """
    change = Change(key=key, record=record, expected_version=expected_version)
    if change.record is None:
        raise InvalidValueError("record", "must be a Record", None)
    return change


def checked_changes(changes: Iterable[Change]) -> dict[str, Change]:
    """Return *changes* by key, in the order given.

    Raises:
        InvalidValueError: Two of them name the same key; together they would
            have no single expected version.

    Example:
        >>> from microcrm_core.storage import Change, checked_changes
        >>> list(checked_changes([Change(key="a", record=None, expected_version=2)]))
        ['a']
    """
    by_key: dict[str, Change] = {}
    for change in changes:
        if change.key in by_key:
            rule = "must name each key once"
            raise InvalidValueError("changes", rule, change.key)
        by_key[change.key] = change
    return by_key


def require_versions(
    changes: Mapping[str, Change], versions: Mapping[str, int]
) -> None:
    """Refuse *changes* that are not based on the present *versions*.

    Args:
        changes: The batch, by key.
        versions: The present version of each key; a key that is not there counts
            as version 0.

    Raises:
        ConflictError: At least one change is based on another version.

    Example:
        >>> from microcrm_core import ConflictError
        >>> from microcrm_core.storage import (
        ...     Change, checked_changes, require_versions
        ... )
        >>> changes = checked_changes(
        ...     [Change(key=key, record=None, expected_version=2) for key in "abc"]
        ... )
        >>> try:
        ...     require_versions(changes, {"a": 2, "b": 3})
        ... except ConflictError as error:
        ...     print(error.key, error.version, error.other_keys)
        b 3 ('c',)
    """
    conflicts = [
        change
        for key, change in changes.items()
        if versions.get(key, 0) != change.expected_version
    ]
    if conflicts:
        first, *others = conflicts
        raise ConflictError(
            first.key,
            version=versions.get(first.key, 0),
            expected_version=first.expected_version,
            other_keys=tuple(change.key for change in others),
        )


def checked_scan(prefix: object, after_key: object) -> tuple[str, str]:
    """Return the prefix and the place to start after, where empty is the front.

    Raises:
        InvalidValueError: *prefix* is neither empty nor the beginning of a key, or
            *after_key* is neither None nor a key.

    Example:
        >>> from microcrm_core.storage import checked_scan
        >>> checked_scan("tier/", None)
        ('tier/', '')
    """
    return (
        "" if prefix == "" else key_text("prefix", prefix),
        "" if after_key is None else key_text("after_key", after_key),
    )
