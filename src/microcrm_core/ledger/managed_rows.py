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
from typing import Final

import attrs

from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.exact_runs import RunColumns
from microcrm_core.ledger.row_accounts import RowAccount

__all__ = ["ManagedRow", "lowered_elsewhere", "write_columns", "write_row"]

_NOTHING: Final = [0, 0, 0, 0]
_OF_SCHEDULE: Final = (Bucket.PRINCIPAL, Bucket.INTEREST, Bucket.FEES)


# Also by position, as `RowAccount`.
@attrs.define(eq=False)
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
        kept_count: How many first rows stay as they are, since other terms hold from
            the next one on; what they are not to ask for, later ones ask for less.

    Example:
        See `microcrm_core.ledger.exact_engine`.
    """
    principals, interests = columns.principal_minor, columns.interest_minor
    all_wanted = enumerate(
        zip(rows, principals, interests, columns.fees_minor, strict=True)
    )
    changed: list[tuple[RowAccount, list[int], int, int, int, bool]] = []
    for place, (row, principal_minor, interest_minor, fees_minor) in all_wanted:
        asked = row.asked
        if (
            asked[0] == principal_minor
            and asked[1] == interest_minor
            and asked[2] == fees_minor
        ):
            # Rows that stay as they are ask for what is settled already.
            continue
        account = row.account
        is_untouched = (
            place >= kept_count
            and principal_minor > 0
            and interest_minor >= 0
            and fees_minor >= 0
            and account.paid == _NOTHING == account.waived
        )
        if not is_untouched:
            wanted = [principal_minor, interest_minor, fees_minor, 0]
            if place < kept_count or not row.can_ask(wanted):
                _write_lowered(rows, columns, on, kept_count)
                return
        changed.append(
            (account, asked, principal_minor, interest_minor, fees_minor, is_untouched)
        )
    for account, asked, principal, interest, fees, is_untouched in changed:
        charged = account.charged
        charged[0] += principal - asked[0]
        charged[1] += interest - asked[1]
        charged[2] += fees - asked[2]
        asked[:3] = principal, interest, fees
        if is_untouched:
            # Something is asked for, and nothing of it is settled.
            account.settled_on = None
        else:
            account.restamp(on)


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
        is_kept_other = others[0] < kept_count
        if is_kept_other or any(
            wanted[place] < rows[place].least(bucket) for place in others
        ):
            kept = [row.asked[bucket] for row in rows[:kept_count]]
            amounts = kept + lowered_elsewhere(
                wanted[kept_count:],
                [row.least(bucket) for row in rows[kept_count:]],
                above_minor=sum(kept) - sum(wanted[:kept_count]),
            )
            others = list(range(kept_count, len(rows)))
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


def lowered_elsewhere(
    wanted: Sequence[int], least: Sequence[int], *, above_minor: int = 0
) -> list[int]:
    """Return amounts that are at least so much each, and the same in all if possible.

    What a row has above what is wanted is taken from the rows after it, then from the
    last one backward.

    Args:
        wanted: What each is to be.
        least: What each is at least.
        above_minor: What rows before them have above what is wanted of those.

    Example:
        >>> from microcrm_core.ledger.managed_rows import lowered_elsewhere
        >>> lowered_elsewhere([80, 100, 120], [0, 0, 150])
        [80, 70, 150]
    """
    amounts = list(wanted)
    if not above_minor and all(map(int.__ge__, wanted, least)):
        return amounts
    places = range(len(amounts))
    for place in (*places, *reversed(places)):
        kept_minor = max(amounts[place] - above_minor, least[place])
        above_minor += kept_minor - amounts[place]
        amounts[place] = kept_minor
    return amounts
