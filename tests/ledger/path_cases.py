"""Paths of arrears that are written by hand, as days of one loan."""

from __future__ import annotations

import datetime as dt

from microcrm_core.ledger.arrears_history import ArrearsPath, ArrearsPoint
from microcrm_core.money import Currency

__all__ = ["EUR", "after", "closed", "due_late", "on_time", "path_of"]

EUR = Currency.of("EUR")


def after(on: dt.date, days: int) -> dt.date:
    """Return the day so many days after *on*."""
    return on + dt.timedelta(days=days)


def on_time(from_on: dt.date, *, principal_minor: int = 1_000_000) -> ArrearsPoint:
    """Return an open loan with nothing overdue."""
    return ArrearsPoint.of(from_on, principal_minor=principal_minor)


def due_late(
    due_on: dt.date,
    *,
    from_on: dt.date | None = None,
    overdue_minor: int = 50_000,
    principal_minor: int = 1_000_000,
) -> ArrearsPoint:
    """Return a loan that has not paid what was due; from the day after, or later."""
    return ArrearsPoint.of(
        from_on or after(due_on, 1),
        principal_minor=principal_minor,
        oldest_due_on=due_on,
        overdue_minor=overdue_minor,
        overdue_principal_minor=overdue_minor,
    )


def closed(from_on: dt.date, *, is_written_off: bool = False) -> ArrearsPoint:
    """Return a loan that is no longer there."""
    return ArrearsPoint(from_on=from_on, is_open=False, is_written_off=is_written_off)


def path_of(
    *points: ArrearsPoint, until_on: dt.date = dt.date(2029, 12, 31)
) -> ArrearsPath:
    """Return the path through these points."""
    return ArrearsPath(points=points, until_on=until_on, currency=EUR)
