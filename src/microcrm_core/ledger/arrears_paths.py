"""Making paths of arrears: of one loan by its snapshots, of several loans together.

A loan changes on the days of its events and after its due dates, so a snapshot of each
such day is all that a path needs. Loans of one customer together are as late as the
latest of them. Read `replayed_arrears` for the path of a log.

Example:
    See `arrears_path`.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Final

from microcrm_core.checks import day
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ledger.arrears import open_minor
from microcrm_core.ledger.arrears_history import (
    ArrearsPath,
    ArrearsPoint,
    LoanSnapshot,
)
from microcrm_core.ledger.happenings import Charged
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.money import Currency

__all__ = ["arrears_path", "change_days", "combined_path"]

_ONE_DAY: Final = dt.timedelta(days=1)


def change_days(events: Iterable[LedgerEvent]) -> tuple[dt.date, ...]:
    """Return the days on which *events* may change the arrears of a loan, in order.

    These are their value days, those of reversals included, and for a charge its due
    date, if it has one. A due date passing is a change too, which `arrears_path` finds.

    Example:
        >>> from microcrm_core.ledger.arrears_paths import change_days
        >>> change_days([])
        ()
    """
    found = set[dt.date]()
    for event in events:
        found.add(event.value_on)
        if isinstance(event.what, Charged) and event.what.due_on is not None:
            found.add(event.what.due_on)
    return tuple(sorted(found))


def arrears_path(
    snapshot_on: Callable[[dt.date], LoanSnapshot],
    event_days: Iterable[dt.date],
    *,
    until_on: dt.date,
    currency: Currency,
) -> ArrearsPath:
    """Return the path of a loan, asked for on the days on which it can change.

    A loan is asked for on each event day, and on the day after each due date with
    something unpaid. On the days between, an installment neither falls due nor is
    paid, so nothing but the number of days changes; where the snapshot says that more
    does, every day is asked for.

    Args:
        snapshot_on: The loan at the close of a day, with events up to it alone; all
            answers by what was known at the same moment.
        event_days: Days on which something happened; see `change_days`.
        until_on: The last day of the path.
        currency: Of the amounts.

    Raises:
        InvalidValueError: An argument is of another kind.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger.arrears import OpenInstallment
        >>> from microcrm_core.ledger.arrears_history import LoanSnapshot
        >>> from microcrm_core.ledger.arrears_paths import arrears_path
        >>> start_on, due_on = dt.date(2025, 1, 1), dt.date(2025, 1, 31)
        >>> row = OpenInstallment(due_on=due_on, principal_minor=500)
        >>> path = arrears_path(
        ...     lambda on: LoanSnapshot(accounts=(row,), is_disbursed=True),
        ...     [start_on],
        ...     until_on=dt.date(2025, 3, 31),
        ...     currency=Currency.of("EUR"),
        ... )
        >>> [str(point.from_on) for point in path.points]
        ['2025-01-01', '2025-02-01']
    """
    day("until_on", until_on)
    known = sorted({day("event_days", one) for one in event_days})
    points: list[ArrearsPoint] = []
    on = known[0] if known else None
    while on is not None and on <= until_on:
        snapshot = snapshot_on(on)
        point = ArrearsPoint.of_snapshot(snapshot, on)
        if not points or not point.is_as(points[-1]):
            points.append(point)
        on = _next_day(on, known, snapshot)
    return ArrearsPath(points=tuple(points), until_on=until_on, currency=currency)


def _next_day(
    on: dt.date, known: list[dt.date], snapshot: LoanSnapshot
) -> dt.date | None:
    if snapshot.changes_daily:
        return on + _ONE_DAY
    days = {
        one.due_on + _ONE_DAY
        for one in snapshot.accounts
        if one.due_on >= on and open_minor(one) > 0
    }
    days.update(known[bisect_right(known, on) :][:1])
    return min(days, default=None)


def combined_path(paths: Iterable[ArrearsPath]) -> ArrearsPath:
    """Return the path of several loans of one customer together.

    Amounts add up, and the oldest due date of any of them counts. It is written off
    where some loan is and none is open.

    Args:
        paths: One or more, of one currency.

    Returns:
        A path up to the earliest of their last days.

    Raises:
        InvalidValueError: There is none.
        CurrencyMismatchError: They are of several currencies.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.ledger.arrears_history import ArrearsPath, ArrearsPoint
        >>> from microcrm_core.ledger.arrears_paths import combined_path
        >>> start_on = dt.date(2025, 1, 1)
        >>> path = ArrearsPath(
        ...     points=(ArrearsPoint.of(start_on, principal_minor=500),),
        ...     until_on=dt.date(2025, 1, 31),
        ...     currency=Currency.of("EUR"),
        ... )
        >>> combined_path([path, path]).at(start_on).principal_minor
        1000
    """
    given = tuple(paths)
    if not given:
        raise InvalidValueError("paths", "must not be empty", given)
    currency = given[0].currency
    for path in given:
        if path.currency != currency:
            code = path.currency.code
            raise CurrencyMismatchError("currency", f"must be {currency.code}", code)
    until_on = min(path.until_on for path in given)
    days = sorted({point.from_on for path in given for point in path.points})
    points: list[ArrearsPoint] = []
    for on in days:
        if on > until_on:
            break
        point = _together([path.at(on) for path in given], on)
        if not points or not point.is_as(points[-1]):
            points.append(point)
    return ArrearsPath(points=tuple(points), until_on=until_on, currency=currency)


def _together(points: list[ArrearsPoint], on: dt.date) -> ArrearsPoint:
    is_open = any(point.is_open for point in points)
    due_days = [one.oldest_due_on for one in points if one.oldest_due_on is not None]
    return ArrearsPoint(
        from_on=on,
        is_open=is_open,
        is_written_off=not is_open and any(one.is_written_off for one in points),
        oldest_due_on=min(due_days, default=None),
        overdue_minor=sum(one.overdue_minor for one in points),
        overdue_principal_minor=sum(one.overdue_principal_minor for one in points),
        principal_minor=sum(one.principal_minor for one in points),
    )
