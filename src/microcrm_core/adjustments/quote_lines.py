"""A schedule before and after an adjustment, row beside row.

Rows that are due when something changes are beside themselves. Later rows are paired in
their order: the third installment to come stays the third, on whatever day it is due
now. Where all that is owed goes on new installments, the old ones that are no longer
asked for go away and the new ones come in.

Example:
    >>> from microcrm_core.adjustments.quote_lines import LineChange
    >>> [change.value for change in LineChange]
    ['kept', 'moved', 'changed', 'added', 'removed']
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import zip_longest
from typing import TypeAlias

import attrs

from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.state_rows import LoanStateRow

__all__ = ["AdjustmentLine", "LineChange", "asked_minor", "lines_of"]

_Pair: TypeAlias = "tuple[LoanStateRow | None, LoanStateRow | None]"


class LineChange(StrEnum):
    """What becomes of a row.

    Attributes:
        KEPT: Nothing: due date and amounts are as they were.
        MOVED: It has another due date; amounts may differ too.
        CHANGED: It asks for other amounts, or other amounts are paid in it.
        ADDED: It is new.
        REMOVED: It is no longer there.

    Example:
        >>> from microcrm_core.adjustments import LineChange
        >>> LineChange.MOVED.value
        'moved'
    """

    KEPT = "kept"
    MOVED = "moved"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@attrs.frozen(kw_only=True)
class AdjustmentLine:
    """One row of a schedule before and after an adjustment.

    Attributes:
        number: Position in the comparison, from 1.
        before: The row as it stands; None: it is new.
        after: The row as it will be; None: it goes away.

    Raises:
        InvalidValueError: There is neither.

    Example:
        >>> import attrs, datetime as dt
        >>> from microcrm_core import Currency
        >>> from microcrm_core.adjustments import AdjustmentLine
        >>> from microcrm_core.ledger import LoanStateRow, RowKind
        >>> row = LoanStateRow(
        ...     number=1,
        ...     currency=Currency.of("EUR"),
        ...     from_on=dt.date(2025, 1, 15),
        ...     due_on=dt.date(2025, 2, 15),
        ...     kind=RowKind.REGULAR,
        ...     charged=(9000, 1000, 0, 0),
        ...     paid=(0, 0, 0, 0),
        ...     waived=(0, 0, 0, 0),
        ...     paid_early_minor=0,
        ...     paid_late_minor=0,
        ...     credited_minor=0,
        ...     settled_on=None,
        ... )
        >>> later = attrs.evolve(row, due_on=dt.date(2025, 2, 28))
        >>> line = AdjustmentLine(number=1, before=row, after=later)
        >>> line.change.value, line.moved_days
        ('moved', 13)
    """

    number: int
    before: LoanStateRow | None
    after: LoanStateRow | None

    def __attrs_post_init__(self) -> None:
        """Refuse a line of nothing."""
        if self.before is None and self.after is None:
            rule = "must be given where there is no row before"
            raise InvalidValueError("after", rule, None)

    @property
    def change(self) -> LineChange:
        """What becomes of the row."""
        if self.before is None:
            return LineChange.ADDED
        if self.after is None:
            return LineChange.REMOVED
        if self.before.due_on != self.after.due_on:
            return LineChange.MOVED
        is_same = _amounts(self.before) == _amounts(self.after)
        return LineChange.KEPT if is_same else LineChange.CHANGED

    @property
    def due_on_before(self) -> dt.date | None:
        """Its due date as it stands; None: it is new."""
        return None if self.before is None else self.before.due_on

    @property
    def due_on_after(self) -> dt.date | None:
        """Its due date as it will be; None: it goes away."""
        return None if self.after is None else self.after.due_on

    @property
    def moved_days(self) -> int:
        """By how many days its due date moves; below zero: it comes earlier."""
        if self.before is None or self.after is None:
            return 0
        return (self.after.due_on - self.before.due_on).days

    @property
    def total_before_minor(self) -> int | None:
        """All that it asks for as it stands; None: it is new."""
        return asked_minor(self.before)

    @property
    def total_after_minor(self) -> int | None:
        """All that it will ask for; None: it goes away."""
        return asked_minor(self.after)


def asked_minor(row: LoanStateRow | None, bucket: Bucket | None = None) -> int | None:
    """Return what a row asks for, less what is waived; None: there is no row.

    Args:
        row: The row.
        bucket: Of what; None: of all together.

    Example:
        >>> from microcrm_core.adjustments.quote_lines import asked_minor
        >>> asked_minor(None) is None
        True
    """
    if row is None:
        return None
    if bucket is None:
        return row.charged_minor - row.waived_minor
    return row.charged[bucket] - row.waived[bucket]


def lines_of(
    before: LoanState, after: LoanState, *, is_renewed: bool = False
) -> tuple[AdjustmentLine, ...]:
    """Return every row before and after, in order of due dates.

    Rows due on the day of *before* or earlier are paired by their due dates, later ones
    in their order; both within their kind.

    Args:
        before: The loan as it stands.
        after: The same loan with the adjustment.
        is_renewed: Whether later rows are new ones, as where what is owed was put on
            new installments; then only those of one due date are paired.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.adjustments import lines_of
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
        >>> from microcrm_core.ledger import TermChanged, replay
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year(0),
        ...     installment_count=2,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 15),
        ...     first_due_on=dt.date(2025, 2, 15),
        ... )
        >>> def event(what, key):
        ...     return LedgerEvent.of(
        ...         what,
        ...         loan_id=LoanId("loan-7"),
        ...         value_on=terms.disbursed_on,
        ...         recorded_at=dt.datetime(2025, 1, 15, tzinfo=dt.UTC),
        ...         idempotency_key=key,
        ...     )
        >>> def state_of(*log):
        ...     return replay(
        ...         terms,
        ...         log,
        ...         conventions=STRICT,
        ...         policy=PLAIN_LEDGER,
        ...         as_of=terms.disbursed_on,
        ...     )
        >>> lent = event(Disbursed(amount=terms.principal), "lent")
        >>> longer = event(TermChanged(2), "longer")
        >>> for line in lines_of(state_of(lent), state_of(lent, longer)):
        ...     print(line.change, line.total_before_minor, line.total_after_minor)
        changed 50000 25000
        changed 50000 25000
        added None 25000
        added None 25000
    """
    pairs, rows_before, rows_after = _same_days(before, after, is_renewed=is_renewed)
    kinds = dict.fromkeys(row.kind for row in (*rows_before, *rows_after))
    for kind in kinds:
        olds = [row for row in rows_before if row.kind is kind]
        news = [row for row in rows_after if row.kind is kind]
        pairs += _unpaired(olds, news) if is_renewed else zip_longest(olds, news)
    pairs.sort(key=_place)
    return tuple(
        AdjustmentLine(number=number, before=old, after=new)
        for number, (old, new) in enumerate(pairs, start=1)
    )


def _same_days(
    before: LoanState, after: LoanState, *, is_renewed: bool
) -> tuple[list[_Pair], list[LoanStateRow], list[LoanStateRow]]:
    """Return rows paired by due date, and the rows of both that are left."""
    left = list(after.rows)
    pairs: list[_Pair] = []
    rows_before: list[LoanStateRow] = []
    for row in before.rows:
        is_known = is_renewed or row.due_on <= before.as_of
        same = (one for one in left if (one.kind, one.due_on) == (row.kind, row.due_on))
        found = next(same, None) if is_known else None
        if found is None:
            rows_before.append(row)
        else:
            left.remove(found)
            pairs.append((row, found))
    return pairs, rows_before, left


def _unpaired(
    olds: Iterable[LoanStateRow], news: Iterable[LoanStateRow]
) -> Iterator[_Pair]:
    yield from ((row, None) for row in olds)
    yield from ((None, row) for row in news)


def _place(pair: _Pair) -> tuple[dt.date, bool, int]:
    """Return where a pair stands: by its due date after, else by that before."""
    old, new = pair
    row = new if new is not None else old
    assert row is not None  # every pair has a row
    return row.due_on, new is None, row.number


def _amounts(row: LoanStateRow) -> Sequence[object]:
    return row.charged, row.waived, row.paid
