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

import attrs

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.exact_runs import RunColumns
from microcrm_core.ledger.row_accounts import RowAccount

__all__ = ["ManagedRow", "lowered_elsewhere", "write_columns", "write_row"]


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
    asked: list[int] = attrs.field(factory=lambda: [0, 0, 0, 0])

    def least(self, bucket: Bucket) -> int:
        """Return what of the schedule's part is settled, and stays asked for."""
        account = self.account
        other_minor = account.charged[bucket] - self.asked[bucket]
        settled_minor = account.paid[bucket] + account.waived[bucket]
        return max(settled_minor - other_minor, 0)

    def ask(self, bucket: Bucket, amount_minor: int) -> bool:
        """Let the schedule ask for an amount; return whether that is another one."""
        change_minor = amount_minor - self.asked[bucket]
        self.asked[bucket] = amount_minor
        self.account.charged[bucket] += change_minor
        return change_minor != 0


def write_columns(rows: Sequence[ManagedRow], columns: RunColumns, on: dt.date) -> None:
    """Let each row ask for what its columns say, at least for what is settled.

    Example:
        See `microcrm_core.ledger.exact_engine`.
    """
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
        amounts: Sequence[int] = wanted
        # Rows that stay as they are ask for what is settled already.
        if any(wanted[place] < rows[place].least(bucket) for place in others):
            amounts = lowered_elsewhere(wanted, [row.least(bucket) for row in rows])
            others = list(range(len(rows)))
        for place in others:
            if rows[place].ask(bucket, amounts[place]):
                changed.add(place)
    for place in changed:
        rows[place].account.restamp(on)


def write_row(row: ManagedRow, *, principal_minor: int, interest_minor: int) -> None:
    """Let one row ask for principal and interest, at least for what is settled.

    Example:
        See `microcrm_core.ledger.exact_engine`.
    """
    row.ask(Bucket.PRINCIPAL, max(principal_minor, row.least(Bucket.PRINCIPAL)))
    row.ask(Bucket.INTEREST, max(interest_minor, row.least(Bucket.INTEREST)))


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
