"""The logs of many loans as columns: one array for each field, one row an event.

Rows are grouped by loan, and those of one loan stand in the order of replay, whatever
the day of a state and whatever was known by then: by the day from which an event
counts, then by the moment of recording, at one moment what was paid out first, then by
id. So a replay leaves rows out and never sorts. Events that name another one point at
its row.

Columns hold what happens to nearly every loan, and no event that changes due dates,
rates or interest. Read `logs_batch` for what makes columns of events.

Example:
    >>> from microcrm_core.ledger.log_columns_batch import EVENT_KINDS
    >>> for kind in EVENT_KINDS:
    ...     print(kind.__name__)
    Disbursed
    Repaid
    Renewed
    CreditRefunded
    Charged
    ChargeWaived
    WrittenOff
    ChargedOff
    Reversed
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import UNKNOWN, Bools, Int64s, require_rows
from microcrm_core.checks import utc_instant
from microcrm_core.ledger.allocation_orders import Bucket
from microcrm_core.ledger.happenings import (
    Charged,
    ChargedOff,
    ChargeWaived,
    CreditRefunded,
    Disbursed,
    Happening,
    Renewed,
    Repaid,
    Reversed,
    WrittenOff,
)
from microcrm_core.loans.column_checks_batch import (
    DAY_MAX,
    DAY_MIN,
    Ids,
    require_columns,
    require_ids,
    require_index,
    require_range,
)

__all__ = ["EVENT_KINDS", "EventColumns", "recorded_us", "require_rows_at"]

EVENT_KINDS: Final[tuple[type[Happening], ...]] = (
    Disbursed,
    Repaid,
    Renewed,
    CreditRefunded,
    Charged,
    ChargeWaived,
    WrittenOff,
    ChargedOff,
    Reversed,
)
"""What can be in columns; `kind_index` is a position in it."""

_CHARGED: Final = EVENT_KINDS.index(Charged)
_DISBURSED: Final = EVENT_KINDS.index(Disbursed)
_WAIVED: Final = EVENT_KINDS.index(ChargeWaived)
_REVERSED: Final = EVENT_KINDS.index(Reversed)
_COLUMNS: Final = (
    "loan_index",
    "value_day",
    "recorded_us",
    "kind_index",
    "amount_minor",
    "target_index",
    "bucket_index",
    "due_day",
)
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)


def recorded_us(moment: dt.datetime, *, field: str = "recorded_at") -> int:
    """Return the microseconds from the start of 1970 in UTC to a moment.

    Args:
        moment: When the lender learned of something.
        field: Name of it for the error.

    Raises:
        InvalidValueError: The moment knows no zone.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.ledger.log_columns_batch import recorded_us
        >>> recorded_us(dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC))
        1000000
    """
    return (utc_instant(field, moment) - _EPOCH) // _MICROSECOND


def _unknown(columns: EventColumns) -> Int64s:
    return np.full(columns.ids.size, UNKNOWN, np.int64)


@attrs.frozen(kw_only=True, eq=False)
class EventColumns:
    """The events of many loans; every array is int64 of shape (events,), but `ids`.

    Ids are taken to be distinct. Amounts are in the currency of the loan.

    Attributes:
        ids: Event ids as bytes, at most 64 each; they decide ties.
        loan_index: Position of the loan; rows of one loan stand together, loans ascend.
        value_day: The day on which the event is true, since 1970-01-01.
        recorded_us: The moment at which the lender learned of it; see `recorded_us`.
        kind_index: Position in `EVENT_KINDS`.
        amount_minor: What was paid out, paid in, refunded or charged, above zero;
            `UNKNOWN` for what has no amount of its own.
        target_index: Row of the charge that is waived, or of the event that is
            reversed; `UNKNOWN` for what names none, and if the column is not given.
        bucket_index: `Bucket` of a charge, fees or penalties; else `UNKNOWN`, and if
            the column is not given.
        due_day: Day on which a charge is due; else `UNKNOWN`, and if the column is not
            given.

    Raises:
        InvalidValueError: A column has the wrong type or length, a row breaks a rule of
            its event, names a row of another loan or kind, or stands out of order; the
            error names the first such row.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.ledger import Disbursed, Repaid
        >>> from microcrm_core.ledger.log_columns_batch import EVENT_KINDS, EventColumns
        >>> lent, repaid = EVENT_KINDS.index(Disbursed), EVENT_KINDS.index(Repaid)
        >>> events = EventColumns(
        ...     ids=np.array([b"lent", b"paid"]),
        ...     loan_index=np.array([0, 0]),
        ...     value_day=np.array([20_000, 20_031]),
        ...     recorded_us=np.array([0, 0]),
        ...     kind_index=np.array([lent, repaid]),
        ...     amount_minor=np.array([100_000, 9_456]),
        ... )
        >>> len(events), events.effective_day.tolist()
        (2, [20000, 20031])
    """

    ids: Ids
    loan_index: Int64s
    value_day: Int64s
    recorded_us: Int64s
    kind_index: Int64s
    amount_minor: Int64s
    target_index: Int64s = attrs.Factory(_unknown, takes_self=True)
    bucket_index: Int64s = attrs.Factory(_unknown, takes_self=True)
    due_day: Int64s = attrs.Factory(_unknown, takes_self=True)

    def __attrs_post_init__(self) -> None:
        """Refuse columns whose rows are no events, or out of order."""
        require_ids(self.ids)
        require_columns(self, _COLUMNS, self.ids.size)
        require_index("loan_index", self.loan_index, None)
        require_index("kind_index", self.kind_index, len(EVENT_KINDS))
        require_range("value_day", self.value_day, DAY_MIN, DAY_MAX)
        is_charge = self.is_kind(Charged)
        is_naming = self.is_kind(ChargeWaived, Reversed)
        # Kinds up to a charge have an amount of their own.
        has_amount = self.kind_index <= _CHARGED
        _require_given("amount_minor", self.amount_minor, has_amount, 1, None)
        _require_given("due_day", self.due_day, is_charge, DAY_MIN, DAY_MAX)
        least, most = int(Bucket.FEES), int(Bucket.PENALTIES)
        _require_given("bucket_index", self.bucket_index, is_charge, least, most)
        last = max(self.ids.size - 1, 0)
        _require_given("target_index", self.target_index, is_naming, 0, last)
        self._require_targets(np.flatnonzero(is_naming))
        self._require_order()

    def _require_targets(self, naming: Int64s) -> None:
        field, named = "target_index", self.target_index[naming]
        is_same = self.loan_index[naming] == self.loan_index[named]
        rule = "must be the row of an event of the same loan"
        require_rows_at(naming, is_same, self.target_index, field, rule)
        is_waiver = self.kind_index[naming] == _WAIVED
        named_kind = self.kind_index[named]
        rule = "must be the row of a charge where it is waived"
        is_fit = ~is_waiver | (named_kind == _CHARGED)
        require_rows_at(naming, is_fit, self.target_index, field, rule)
        rule = "must not be the row of a reversal"
        is_fit = named_kind != _REVERSED
        require_rows_at(naming, is_fit, self.target_index, field, rule)

    def _require_order(self) -> None:
        is_after = np.zeros(max(self.ids.size - 1, 0), np.bool_)
        is_tie = ~is_after
        for column in (self.loan_index, self.effective_day, self.recorded_us):
            before, after = column[:-1], column[1:]
            is_after |= is_tie & (before < after)
            is_tie &= before == after
        # Ids are compared only where all else is equal: comparing them takes long.
        ties = np.flatnonzero(is_tie)
        is_other = self.kind_index != _DISBURSED
        before, after = is_other[ties], is_other[ties + 1]
        is_less = self.ids[ties] < self.ids[ties + 1]
        is_after[ties] = np.where(before == after, is_less, after)
        rule = "must come after the event before it; `in_order` sorts them"
        places = np.arange(1, self.ids.size)
        require_rows_at(places, is_after, self.value_day, "value_day", rule)

    def __len__(self) -> int:
        """Return the number of events."""
        return int(self.ids.size)

    @property
    def effective_day(self) -> Int64s:
        """The day from which each event counts; see `logs.effective_on`."""
        return _effective_day(self.kind_index, self.value_day, self.due_day)

    def is_kind(self, *kinds: type[Happening]) -> Bools:
        """Return which events are of one of these kinds, all of `EVENT_KINDS`."""
        is_kind = np.zeros(self.ids.size, np.bool_)
        for kind in kinds:
            is_kind |= self.kind_index == EVENT_KINDS.index(kind)
        return is_kind

    @classmethod
    def in_order(
        cls,
        *,
        ids: Ids,
        loan_index: Int64s,
        value_day: Int64s,
        recorded_us: Int64s,
        kind_index: Int64s,
        amount_minor: Int64s,
        target_index: Int64s,
        bucket_index: Int64s,
        due_day: Int64s,
    ) -> EventColumns:
        """Return the columns of events that are given in any order.

        Args:
            ids: As the attribute; so are the others.
            loan_index: Position of the loan.
            value_day: The day on which each event is true.
            recorded_us: When the lender learned of it.
            kind_index: Position in `EVENT_KINDS`.
            amount_minor: What was paid out, paid in, refunded or charged.
            target_index: Row of the event that is named, in the order given.
            bucket_index: Bucket of a charge.
            due_day: Day on which a charge is due.

        Raises:
            InvalidValueError: As the class.
        """
        effective = _effective_day(kind_index, value_day, due_day)
        order = _order(ids, loan_index, effective, recorded_us, kind_index)
        place = np.empty(order.size, np.int64)
        place[order] = np.arange(order.size)
        targets = target_index[order]
        is_named = (targets >= 0) & (targets < order.size)
        targets[is_named] = place[targets[is_named]]
        return cls(
            ids=ids[order],
            loan_index=loan_index[order],
            value_day=value_day[order],
            recorded_us=recorded_us[order],
            kind_index=kind_index[order],
            amount_minor=amount_minor[order],
            target_index=targets,
            bucket_index=bucket_index[order],
            due_day=due_day[order],
        )


def require_rows_at(
    rows: Int64s, is_valid: Bools, column: Int64s, field: str, rule: str
) -> None:
    """Raise unless something holds at these rows of a column.

    Shapes:
        (chosen,) for the first two; (rows,) for the column.

    Raises:
        InvalidValueError: It does not; the error counts the rows, and shows the first.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.ledger.log_columns_batch import require_rows_at
        >>> days = np.array([30, -2, 40])
        >>> require_rows_at(np.array([0, 2]), days[[0, 2]] > 0, days, "days", "…")
    """
    if not is_valid.all():
        is_whole = np.ones(column.size, np.bool_)
        is_whole[rows] = is_valid
        require_rows(is_whole, column, field, rule)


def _effective_day(kind_index: Int64s, value_day: Int64s, due_day: Int64s) -> Int64s:
    is_charge = kind_index == _CHARGED
    return np.where(is_charge, np.minimum(value_day, due_day), value_day)


def _order(
    ids: Ids,
    loan_index: Int64s,
    effective_day: Int64s,
    recorded: Int64s,
    kind_index: Int64s,
) -> Int64s:
    """Return the order of replay; ids are compared only where all else is equal."""
    order = np.lexsort((recorded, effective_day, loan_index))
    is_tie = np.ones(max(order.size - 1, 0), np.bool_)
    for column in (loan_index, effective_day, recorded):
        is_tie &= np.diff(column[order]) == 0
    if is_tie.any():
        is_in_group = np.append(is_tie, False)
        is_in_group[1:] |= is_tie
        places = np.flatnonzero(is_in_group)
        group = np.cumsum(np.insert(~is_tie, 0, True))[places]
        among = order[places]
        is_other = kind_index[among] != _DISBURSED
        order[places] = among[np.lexsort((ids[among], is_other, group))]
    return order


def _require_given(
    field: str, column: Int64s, is_given: Bools, at_least: int, at_most: int | None
) -> None:
    """Refuse values outside the bounds, and any where there is to be none."""
    rule = "must be UNKNOWN for events of this kind"
    require_rows(is_given | (column == UNKNOWN), column, field, rule)
    is_fit = ~is_given | (column >= at_least)
    rule = f"must be {at_least} or more for events of this kind"
    if at_most is not None:
        is_fit &= ~is_given | (column <= at_most)
        rule = f"must be from {at_least} to {at_most} for events of this kind"
    require_rows(is_fit, column, field, rule)
