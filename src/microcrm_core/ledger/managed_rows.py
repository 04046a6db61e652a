"""The part of a row's account that is the schedule's, apart from what events add.

A row asks for what the schedule says and for what events put into it: charges, late
interest, amounts that were charged back. The schedule changes; `ManagedRows` writes its
part anew and leaves the rest alone. What was paid or waived stays asked for: where the
schedule now asks for less, the difference is taken from later rows, so that the rows
together ask for what is owed.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.ledger.managed_rows import ManagedRow, lowered_elsewhere
    >>> lowered_elsewhere([80, 100, 120], [90, 0, 0])
    [90, 90, 120]
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from operator import add, sub
from typing import Final

import attrs

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.exact_runs import RunColumns
from microcrm_core.ledger.row_accounts import RowAccount

__all__ = ["ManagedRow", "lowered_elsewhere", "write_columns", "write_row"]

_NOTHING: Final = [0, 0, 0, 0]
_OF_SCHEDULE: Final = (Bucket.PRINCIPAL, Bucket.INTEREST, Bucket.FEES)


@attrs.define(kw_only=True, eq=False)
class ManagedRow:
    """A row with what the schedule asks for in it.

    Attributes:
        account: The row.
        ends_on: Until the close of which day its scheduled interest runs.
        asked: The schedule's part of what is charged, by `Bucket`.

    Example:
        See `microcrm_core.ledger.managed_rows`.
    """

    account: RowAccount
    ends_on: dt.date
    asked: list[int] = attrs.field(factory=_NOTHING.copy)

    def least(self, bucket: Bucket) -> int:
        """Return what of the schedule's part is settled, and stays asked for."""
        account = self.account
        other_minor = account.charged[bucket] - self.asked[bucket]
        settled_minor = account.paid[bucket] + account.waived[bucket]
        return max(settled_minor - other_minor, 0)

    def can_ask(self, wanted: Sequence[int]) -> bool:
        """Return whether amounts, by `Bucket`, are at least what is settled."""
        account = self.account
        if account.paid == _NOTHING == account.waived:
            return min(wanted) >= 0
        return all(wanted[bucket] >= self.least(bucket) for bucket in _OF_SCHEDULE)

    def ask_all(self, wanted: list[int]) -> None:
        """Let the schedule ask for amounts, by `Bucket`."""
        account, asked = self.account, self.asked
        self.asked = wanted
        if account.charged == asked:
            # Events have added nothing.
            account.charged[:] = wanted
        else:
            account.charged[:] = map(add, account.charged, map(sub, wanted, asked))

    def ask(self, bucket: Bucket, amount_minor: int) -> bool:
        """Let the schedule ask for an amount; return whether that is another one."""
        change_minor = amount_minor - self.asked[bucket]
        self.asked[bucket] = amount_minor
        self.account.charged[bucket] += change_minor
        return change_minor != 0


def write_columns(
    rows: Sequence[ManagedRow], columns: RunColumns, on: dt.date, kept_count: int = 0
) -> None:
    """Let each row ask for what its columns say, at least for what is settled.

    Args:
        rows: The rows.
        columns: What they are to ask for.
        on: The day on which they change.
        kept_count: How many first rows ask for no less interest and fees, whatever
            was paid of later ones.

    Example:
        See `microcrm_core.ledger.exact_engine`.
    """
    principals, interests = columns.principal_minor, columns.interest_minor
    all_wanted = zip(rows, principals, interests, columns.fees_minor, strict=True)
    changed: list[tuple[ManagedRow, list[int]]] = []
    for row, principal_minor, interest_minor, fees_minor in all_wanted:
        wanted = [principal_minor, interest_minor, fees_minor, 0]
        # Rows that stay as they are ask for what is settled already.
        if row.asked != wanted:
            if not row.can_ask(wanted):
                _write_lowered(rows, columns, on, kept_count)
                return
            changed.append((row, wanted))
    for row, wanted in changed:
        row.ask_all(wanted)
        row.account.restamp(on)


def _write_lowered(
    rows: Sequence[ManagedRow], columns: RunColumns, on: dt.date, kept_count: int
) -> None:
    """Let rows ask for what is settled, and others for less, bucket by bucket."""
    changed: set[int] = set()
    for bucket, wanted in (
        (Bucket.PRINCIPAL, columns.principal_minor),
        (Bucket.INTEREST, columns.interest_minor),
        (Bucket.FEES, columns.fees_minor),
    ):
        others = [
            place
            for place, (row, amount_minor) in enumerate(zip(rows, wanted, strict=True))
            if amount_minor != row.asked[bucket]
        ]
        if not others:
            continue
        amounts: Sequence[int] = wanted
        if any(wanted[place] < rows[place].least(bucket) for place in others):
            least = [row.least(bucket) for row in rows]
            if bucket is not Bucket.PRINCIPAL:
                least[:kept_count] = map(max, least, wanted[:kept_count])
            amounts = lowered_elsewhere(wanted, least)
            others = list(range(len(rows)))
        for place in others:
            if rows[place].ask(bucket, amounts[place]):
                changed.add(place)
    for place in changed:
        rows[place].account.restamp(on)


def write_row(
    row: ManagedRow, on: dt.date, *, principal_minor: int, interest_minor: int
) -> None:
    """Let one row ask for principal and interest, at least for what is settled.

    Args:
        row: The row.
        on: The day on which it changes.
        principal_minor: What it is to ask for in principal.
        interest_minor: What it is to ask for in interest.

    Example:
        See `microcrm_core.ledger.exact_engine`.
    """
    has_changed = False
    for bucket, amount_minor in (
        (Bucket.PRINCIPAL, principal_minor),
        (Bucket.INTEREST, interest_minor),
    ):
        has_changed |= row.ask(bucket, max(amount_minor, row.least(bucket)))
    if has_changed:
        row.account.restamp(on)


def lowered_elsewhere(wanted: Sequence[int], least: Sequence[int]) -> Sequence[int]:
    """Return amounts that are at least so much each, and the same in all if possible.

    What a row has above what is wanted is taken from the rows after it, then from the
    last one backward.

    Example:
        >>> from microcrm_core.ledger.managed_rows import lowered_elsewhere
        >>> lowered_elsewhere([80, 100, 120], [0, 0, 150])
        [80, 70, 150]
    """
    if all(map(int.__ge__, wanted, least)):
        return wanted
    amounts = list(wanted)
    above_minor = 0
    places = range(len(amounts))
    for place in (*places, *reversed(places)):
        kept_minor = max(amounts[place] - above_minor, least[place])
        above_minor += kept_minor - amounts[place]
        amounts[place] = kept_minor
    return amounts
