"""A dated event of a loan, in the two times that matter.

A `LedgerEvent` wraps what happened with the day on which it is true (`value_on`) and
the moment at which the lender learned of it (`recorded_at`). The log of a system keeps
the same as an `Event`, the envelope that all streams share; both forms hold the same.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Money
    >>> from microcrm_core.ids import LoanId
    >>> from microcrm_core.ledger import LedgerEvent, Repaid
    >>> event = LedgerEvent.of(
    ...     Repaid(amount=Money.of("100.00", Currency.of("EUR"))),
    ...     loan_id=LoanId("loan-7"),
    ...     value_on=dt.date(2025, 1, 31),
    ...     recorded_at=dt.datetime(2025, 2, 3, 9, tzinfo=dt.UTC),
    ...     idempotency_key="bank-4711",
    ... )
    >>> event.type
    'loan.repaid'
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs

from microcrm_core.checks import day_field, kind_field, name_text_field, utc_instant
from microcrm_core.ids import EventId, LoanId, derived_id
from microcrm_core.ledger.happenings import HAPPENINGS, Happening

__all__ = ["LedgerEvent"]

_TYPES: Final = {kind: name for name, kind in HAPPENINGS.items()}


def _recorded_at(value: object) -> dt.datetime:
    return utc_instant("recorded_at", value)


@attrs.frozen(kw_only=True)
class LedgerEvent:
    """Something that happened to a loan, and when we knew.

    Attributes:
        id: Unique; `LedgerEvent.of` derives it from type, loan and idempotency key.
        loan_id: The loan.
        value_on: The day on which it is true.
        recorded_at: The moment at which the lender learned of it; kept as UTC.
        idempotency_key: Names the request, so that a repeated one counts once.
        what: What happened.

    Raises:
        InvalidValueError: A field breaks its rule.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency, Money
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import (
        ...     LedgerEvent,
        ...     Repaid,
        ... )
        >>> paid = LedgerEvent.of(
        ...     Repaid(amount=Money.of("100.00", Currency.of("EUR"))),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=dt.date(2025, 1, 31),
        ...     recorded_at=dt.datetime(2025, 2, 3, 9, tzinfo=dt.UTC),
        ...     idempotency_key="bank-4711",
        ... )
        >>> paid.type, paid.value_on.isoformat()
        ('loan.repaid', '2025-01-31')
    """

    id: EventId = attrs.field(validator=name_text_field)
    loan_id: LoanId = attrs.field(validator=name_text_field)
    value_on: dt.date = attrs.field(validator=day_field)
    recorded_at: dt.datetime = attrs.field(converter=_recorded_at)
    idempotency_key: str = attrs.field(validator=name_text_field)
    what: Happening = attrs.field(validator=kind_field(*HAPPENINGS.values()))

    @classmethod
    def of(
        cls,
        what: Happening,
        *,
        loan_id: LoanId,
        value_on: dt.date,
        recorded_at: dt.datetime,
        idempotency_key: str,
    ) -> LedgerEvent:
        """Return the event with its derived id, the same as that of its `Event`.

        Raises:
            InvalidValueError: A field breaks its rule.
        """
        kind = _TYPES.get(type(what), "loan")
        return cls(
            id=EventId(derived_id("event", kind, loan_id, idempotency_key)),
            loan_id=loan_id,
            value_on=value_on,
            recorded_at=recorded_at,
            idempotency_key=idempotency_key,
            what=what,
        )

    @property
    def type(self) -> str:
        """Name of what happened, as the log has it."""
        return _TYPES[type(self.what)]

    @property
    def sort_key(self) -> tuple[dt.date, dt.datetime, str]:
        """The order of replay: by day, then by when we knew, then by id."""
        return self.value_on, self.recorded_at, self.id
