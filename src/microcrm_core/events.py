"""Events: the one envelope of what happened.

A loan, a complaint or a customer is a stream of events: what was disbursed, repaid,
moved, corrected. An event says when it is true (`value_on`) and when we learned of it
(`recorded_at`), so that a repayment booked late still counts from its own day, and
what was known last Friday can be asked for today. Events are never changed; a
correction is a later event. Storage keeps them, `ledger` replays them.

An event stays in the log for ever, so its payload holds no personal data: names,
phone numbers and free text live in the vault, and the payload holds the reference.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.events import Event
    >>> event = Event.of(
    ...     type="loan.repaid",
    ...     stream_id="loan-7",
    ...     value_on=dt.date(2025, 1, 31),
    ...     recorded_at=dt.datetime(2025, 2, 3, 9, tzinfo=dt.UTC),
    ...     idempotency_key="bank-4711",
    ...     payload={"amount_minor": 10_000},
    ... )
    >>> event.payload["amount_minor"]
    10000
    >>> Event.from_json(event.to_json()) == event
    True
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

import attrs

from microcrm_core.checks import (
    day,
    day_field,
    name_text,
    name_text_field,
    utc_instant,
    whole_number_field,
)
from microcrm_core.decisions import JsonValue, canonical_json, frozen_json
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import EventId, derived_id

__all__ = ["Event", "events_known"]

_TYPE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", re.ASCII)
_NO_PAYLOAD: Final[Mapping[str, JsonValue]] = MappingProxyType({})


def _recorded_at(value: object) -> dt.datetime:
    return utc_instant("recorded_at", value)


def _payload(value: object) -> Mapping[str, JsonValue]:
    frozen = frozen_json(value, "payload")
    if not isinstance(frozen, Mapping):
        raise InvalidValueError("payload", "must be a mapping", value)
    return frozen


def _is_dotted(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, str) or not _TYPE.fullmatch(value):
        raise InvalidValueError("type", "must be dotted snake case", value)


@attrs.frozen(kw_only=True)
class Event:
    """Something that happened, and when we knew.

    Attributes:
        id: Unique; `Event.of` derives it from type, stream and idempotency key.
        type: What happened, in snake case, dotted from general to special:
            `loan.repaid`. Stored for ever, so never renamed.
        schema_version: Version of the payload's shape for this type, from 1.
        stream_id: What it happened to, such as a loan's id.
        value_on: The day on which it is true.
        recorded_at: The moment at which we learned of it. Any zone is taken and kept
            as UTC; a datetime without a zone is refused.
        idempotency_key: Names the request, so that a repeated one is kept once.
        payload: What else there is to say: whole numbers, texts, bools, None, and
            lists and mappings of them, read-only all the way down. Dates, decimals
            and enums become the text of their canonical JSON. No floats and no
            personal data: a vault reference stands for that.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.events import Event
        >>> event = Event.of(
        ...     type="loan.disbursed",
        ...     stream_id="loan-7",
        ...     value_on=dt.date(2025, 1, 15),
        ...     recorded_at=dt.datetime(2025, 1, 15, 10, tzinfo=dt.UTC),
        ...     idempotency_key="loan-7/disbursed",
        ...     payload={"first_due_on": dt.date(2025, 2, 15)},
        ... )
        >>> dict(event.payload)
        {'first_due_on': '2025-02-15'}
    """

    id: EventId = attrs.field(validator=name_text_field)
    type: str = attrs.field(validator=_is_dotted)
    schema_version: int = attrs.field(
        default=1, validator=whole_number_field(at_least=1)
    )
    stream_id: str = attrs.field(validator=name_text_field)
    value_on: dt.date = attrs.field(validator=day_field)
    recorded_at: dt.datetime = attrs.field(converter=_recorded_at)
    idempotency_key: str = attrs.field(validator=name_text_field)
    payload: Mapping[str, JsonValue] = attrs.field(
        default=_NO_PAYLOAD, converter=_payload
    )

    @classmethod
    def of(
        cls,
        *,
        type: str,
        stream_id: str,
        value_on: dt.date,
        recorded_at: dt.datetime,
        idempotency_key: str,
        payload: Mapping[str, object] | None = None,
        schema_version: int = 1,
    ) -> Event:
        """Return the event with its derived id.

        The id depends on type, stream and idempotency key only, so a request that
        comes twice makes the same event id, whatever the clock says.

        Args:
            type: What happened.
            stream_id: What it happened to.
            value_on: The day on which it is true.
            recorded_at: The moment at which we learned of it.
            idempotency_key: Names the request.
            payload: What else there is to say; None for nothing.
            schema_version: Version of the payload's shape.

        Raises:
            InvalidValueError: A field breaks its rule.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core.events import Event
            >>> def received(hour):
            ...     return Event.of(
            ...         type="loan.repaid",
            ...         stream_id="loan-7",
            ...         value_on=dt.date(2025, 1, 31),
            ...         recorded_at=dt.datetime(2025, 1, 31, hour, tzinfo=dt.UTC),
            ...         idempotency_key="bank-4711",
            ...     )
            >>> received(9).id == received(10).id
            True
        """
        for name, text in (
            ("type", type),
            ("stream_id", stream_id),
            ("idempotency_key", idempotency_key),
        ):
            name_text(name, text)
        return cls(
            id=EventId(derived_id("event", type, stream_id, idempotency_key)),
            type=type,
            schema_version=schema_version,
            stream_id=stream_id,
            value_on=value_on,
            recorded_at=recorded_at,
            idempotency_key=idempotency_key,
            payload=_NO_PAYLOAD if payload is None else _payload(payload),
        )

    @classmethod
    def from_json(cls, text: str) -> Event:
        """Return the event that `to_json` wrote.

        Raises:
            InvalidValueError: *text* is no JSON object, a field is missing, unknown
                or breaks its rule, or a number has a fraction.

        Example:
            >>> from microcrm_core.events import Event
            >>> Event.from_json("[]")
            Traceback (most recent call last):
            ...
            microcrm_core.errors.InvalidValueError: event must be a JSON object, got []
        """
        parts = _parsed_object(text)
        names = [field.name for field in attrs.fields(cls)]
        for name in names:
            if name not in parts:
                raise InvalidValueError("event", f"must have {name}", sorted(parts))
        for name in parts:
            if name not in names:
                raise InvalidValueError("event", "must have no unknown field", name)
        parts["value_on"] = _parsed(dt.date, "value_on", parts["value_on"])
        parts["recorded_at"] = _parsed(dt.datetime, "recorded_at", parts["recorded_at"])
        return cls(**parts)

    def to_json(self) -> str:
        """Return the canonical JSON of all fields; equal events have equal texts."""
        return canonical_json(self)

    @property
    def sort_key(self) -> tuple[dt.date, dt.datetime, str]:
        """The order of replay: by day, then by when we knew, then by id."""
        return self.value_on, self.recorded_at, self.id

    def is_known(self, *, as_of: dt.date, known_at: dt.datetime) -> bool:
        """Return whether it is true by *as_of* and was known by *known_at*.

        Both bounds are inclusive.

        Raises:
            InvalidValueError: *as_of* is no date or *known_at* has no zone.
        """
        moment = utc_instant("known_at", known_at)
        return self.value_on <= day("as_of", as_of) and self.recorded_at <= moment

    def __hash__(self) -> int:
        """Hash by id and moment; the payload is a read-only mapping."""
        return hash((self.id, self.value_on, self.recorded_at))

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive a trip between processes."""
        return Event.from_json, (self.to_json(),)


def events_known(
    events: Iterable[Event], *, as_of: dt.date, known_at: dt.datetime
) -> tuple[Event, ...]:
    """Return the events that count as of a day, as far as known at a moment.

    In the order of replay (`Event.sort_key`), whatever order they arrived in.

    Args:
        events: In any order; ids are unique.
        as_of: Last day of value that counts, inclusive.
        known_at: Last moment of recording that counts, inclusive.

    Raises:
        InvalidValueError: *as_of* is no date or *known_at* has no zone.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.events import Event, events_known
        >>> friday = dt.datetime(2025, 1, 31, 18, tzinfo=dt.UTC)
        >>> late = Event.of(
        ...     type="loan.repaid",
        ...     stream_id="loan-7",
        ...     value_on=dt.date(2025, 1, 30),
        ...     recorded_at=dt.datetime(2025, 2, 3, 9, tzinfo=dt.UTC),
        ...     idempotency_key="bank-4711",
        ... )
        >>> events_known([late], as_of=dt.date(2025, 1, 31), known_at=friday)
        ()
        >>> monday = friday + dt.timedelta(days=3)
        >>> events_known([late], as_of=dt.date(2025, 1, 31), known_at=monday) == (late,)
        True
    """
    day("as_of", as_of)
    moment = utc_instant("known_at", known_at)
    known = [
        event
        for event in events
        if event.value_on <= as_of and event.recorded_at <= moment
    ]
    return tuple(sorted(known, key=lambda event: event.sort_key))


def _parsed_object(text: str) -> dict[str, Any]:
    try:
        parts = json.loads(
            text, parse_float=_refuse_number, parse_constant=_refuse_number
        )
    except json.JSONDecodeError as error:
        rule = f"must be JSON text ({error.msg} at character {error.pos})"
        raise InvalidValueError("event", rule, text) from None
    if not isinstance(parts, dict):
        raise InvalidValueError("event", "must be a JSON object", parts)
    return cast("dict[str, Any]", parts)


def _refuse_number(text: str) -> object:
    raise InvalidValueError("event", "must hold whole numbers only", text)


def _parsed(kind: type[dt.date], field: str, value: object) -> dt.date:
    try:
        return kind.fromisoformat(str(value))
    except ValueError:
        rule = "must be ISO 8601 text"
        raise InvalidValueError(field, rule, value) from None
