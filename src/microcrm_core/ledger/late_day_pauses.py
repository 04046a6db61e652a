"""Pauses: days that a lender does not count as late.

A pause is set by an event with its last day, and may be resumed, that is ended, early.
It stops delinquent days, not days past due; see `delinquencies`.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.ledger.late_day_pauses import DelinquencyPause, paused_days
    >>> pause = DelinquencyPause(dt.date(2025, 2, 10), dt.date(2025, 2, 20))
    >>> paused_days([pause], dt.date(2025, 2, 12))
    2
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import attrs

from microcrm_core.checks import day_field
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.happenings import DelinquencyPaused, DelinquencyResumed
from microcrm_core.ledger.ledger_events import LedgerEvent

__all__ = ["DelinquencyPause", "delinquency_pauses", "paused_days"]


@attrs.frozen
class DelinquencyPause:
    """Days that do not count as late.

    Attributes:
        from_on: The first of them.
        until_on: The first day after them.

    Raises:
        InvalidValueError: A field is no date, or it ends before it begins.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger.late_day_pauses import DelinquencyPause
        >>> DelinquencyPause(dt.date(2025, 2, 1), dt.date(2025, 2, 15)).until_on.day
        15
    """

    from_on: dt.date = attrs.field(validator=day_field)
    until_on: dt.date = attrs.field(validator=day_field)

    def __attrs_post_init__(self) -> None:
        """Refuse a pause that ends before it begins."""
        if self.until_on < self.from_on:
            rule = f"must not be before from_on {self.from_on}"
            raise InvalidValueError("until_on", rule, self.until_on)


def delinquency_pauses(events: Iterable[LedgerEvent]) -> tuple[DelinquencyPause, ...]:
    """Return the pauses that *events* set, shortened where they were resumed.

    A resumption ends every pause that runs on its day, and on the day on which one
    would end it changes nothing.

    Args:
        events: Those that count, as `logs.read_log` gives them, in any order. Others
            than pauses and resumptions are passed over.

    Returns:
        In order of their first days, without empty ones.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger.late_day_pauses import delinquency_pauses
        >>> from microcrm_core.ledger.happenings import DelinquencyPaused
        >>> from microcrm_core.ledger.ledger_events import LedgerEvent
        >>> event = LedgerEvent.of(
        ...     DelinquencyPaused(dt.date(2025, 2, 20)),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=dt.date(2025, 2, 10),
        ...     recorded_at=dt.datetime(2025, 2, 10, tzinfo=dt.UTC),
        ...     idempotency_key="pause-1",
        ... )
        >>> pause, = delinquency_pauses([event])
        >>> str(pause.from_on), str(pause.until_on)
        ('2025-02-10', '2025-02-20')
    """
    pauses: list[DelinquencyPause] = []
    for event in sorted(events, key=lambda one: one.sort_key):
        on = event.value_on
        if isinstance(event.what, DelinquencyPaused):
            if event.what.last_on > on:
                pauses.append(DelinquencyPause(on, event.what.last_on))
        elif isinstance(event.what, DelinquencyResumed):
            pauses = [
                attrs.evolve(one, until_on=on)
                if one.from_on <= on < one.until_on
                else one
                for one in pauses
            ]
    kept = {one for one in pauses if one.until_on > one.from_on}
    return tuple(sorted(kept, key=lambda one: (one.from_on, one.until_on)))


def paused_days(pauses: Iterable[DelinquencyPause], on: dt.date) -> int:
    """Return on how many days before *on* some pause ran.

    A day on which several run counts once.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger.late_day_pauses import DelinquencyPause
        >>> from microcrm_core.ledger.late_day_pauses import paused_days
        >>> pause = DelinquencyPause(dt.date(2025, 2, 10), dt.date(2025, 2, 20))
        >>> paused_days([pause], dt.date(2025, 2, 12))
        2
        >>> paused_days([pause], dt.date(2025, 3, 1))
        10
    """
    count, counted_on = 0, dt.date.min
    for pause in sorted(pauses, key=lambda one: one.from_on):
        start_on = max(pause.from_on, counted_on)
        end_on = min(pause.until_on, on)
        if end_on > start_on:
            count += (end_on - start_on).days
            counted_on = end_on
    return count
