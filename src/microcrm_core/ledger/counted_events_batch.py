"""Which events of many logs count as of a day; twin of `logs` and `log_checks`.

An event counts that is true by the day, known by the moment, and not reversed by
another one of which both hold. Events that contradict each other are refused, by row.

Example:
    >>> import numpy as np
    >>> from microcrm_core.batch import UNKNOWN
    >>> from microcrm_core.ledger.counted_events_batch import CountedEvents
    >>> from microcrm_core.ledger.log_columns_batch import EventColumns
    >>> events = EventColumns(
    ...     ids=np.array([b"charged", b"gone"]),
    ...     loan_index=np.array([0, 0]),
    ...     value_day=np.array([20_000, 20_031]),
    ...     recorded_us=np.array([0, 0]),
    ...     kind_index=np.array([4, 8]),
    ...     amount_minor=np.array([100, UNKNOWN]),
    ...     target_index=np.array([UNKNOWN, 0]),
    ...     bucket_index=np.array([2, UNKNOWN]),
    ...     due_day=np.array([20_000, UNKNOWN]),
    ... )
    >>> CountedEvents.of(events, 20_030, None).is_live.tolist()
    [True, False]
    >>> CountedEvents.of(events, 20_031, None).is_reversed.tolist()
    [True, False]
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import Bools, Int64s, require_rows
from microcrm_core.ledger.fixed_rows_batch import SUM_MAX, FixedRows, require_sums
from microcrm_core.ledger.happenings import (
    Charged,
    ChargedOff,
    ChargeWaived,
    CreditRefunded,
    Disbursed,
    Renewed,
    Repaid,
    Reversed,
    WrittenOff,
)
from microcrm_core.ledger.log_columns_batch import (
    EventColumns,
    recorded_us,
    require_rows_at,
)

__all__ = ["CountedEvents"]

# What comes only after money was paid out.
_AFTER: Final = (Repaid, Renewed, CreditRefunded, WrittenOff, ChargedOff)


@attrs.frozen(eq=False)
class CountedEvents:
    """Which events of many logs count as of a day.

    Attributes:
        is_live: Whether an event counts; shape (events,), as is the next.
        is_reversed: Whether it would count, had it not been reversed.

    Example:
        See `microcrm_core.ledger.counted_events_batch`.
    """

    is_live: Bools
    is_reversed: Bools

    @classmethod
    def of(
        cls, events: EventColumns, as_of_day: int, known_at: dt.datetime | None
    ) -> CountedEvents:
        """Return which events count.

        Args:
            events: The logs.
            as_of_day: Last day that counts, inclusive.
            known_at: Last moment of recording that counts, inclusive; None: all is
                known.

        Raises:
            InvalidValueError: An event that is known reverses one that is not, or that
                another one has reversed; or a waiver that counts names no charge from
                before that does.
        """
        is_known = np.ones(len(events), np.bool_)
        if known_at is not None:
            is_known = events.recorded_us <= recorded_us(known_at, field="known_at")
        is_reversal = events.is_kind(Reversed)
        would_count = is_known & ~is_reversal & (events.value_day <= as_of_day)
        is_gone = np.zeros(len(events), np.bool_)
        reversals = np.flatnonzero(is_reversal & is_known)
        if reversals.size:
            field, targets = "target_index", events.target_index[reversals]
            rule = "must be an event that is known by then"
            is_fit = is_known[targets]
            require_rows_at(reversals, is_fit, events.target_index, field, rule)
            times = np.bincount(targets, minlength=len(events))
            rule = "must be an event that nothing else has reversed"
            is_fit = times[targets] == 1
            require_rows_at(reversals, is_fit, events.target_index, field, rule)
            is_gone[targets[events.value_day[reversals] <= as_of_day]] = True
        counted = cls(would_count & ~is_gone, would_count & is_gone)
        counted._require_charges(events)
        return counted

    def _require_charges(self, events: EventColumns) -> None:
        """Refuse waivers of charges that do not count, or come after."""
        waivers = np.flatnonzero(events.is_kind(ChargeWaived) & self.is_live)
        named = events.target_index[waivers]
        is_fit = self.is_live[named] & (named < waivers)
        rule = "must be a charge from before that counts"
        require_rows_at(waivers, is_fit, events.target_index, "target_index", rule)

    def lent(self, rows: FixedRows, events: EventColumns) -> Bools:
        """Return which loans are paid out, if as agreed and before all that needs it.

        Raises:
            InvalidValueError: A loan is paid out twice, on another day or in another
                amount, or after money came back.
        """
        is_disbursed = events.is_kind(Disbursed) & self.is_live
        lent = np.flatnonzero(is_disbursed)
        loans = events.loan_index[lent]
        times = np.bincount(loans, minlength=len(rows))
        require_rows(times < 2, times, "disbursements", "must be one a loan in columns")
        field, found = "value_day", events.value_day
        is_fit = found[lent] == rows.disbursed_day[loans]
        rule = "must be the day agreed, where money is paid out"
        require_rows_at(lent, is_fit, found, field, rule)
        amounts = events.amount_minor
        is_fit = amounts[lent] == rows.lent_minor[loans]
        rule = "must be the amount agreed, where money is paid out"
        require_rows_at(lent, is_fit, amounts, "amount_minor", rule)
        first = np.full(len(rows), len(events), np.int64)
        first[loans] = lent
        after = np.flatnonzero(events.is_kind(*_AFTER) & self.is_live)
        is_fit = after > first[events.loan_index[after]]
        rule = "must not be before the loan is paid out"
        require_rows_at(after, is_fit, found, field, rule)
        is_lent: Bools = times > 0
        return is_lent

    def require_sums(self, rows: FixedRows, events: EventColumns) -> None:
        """Refuse loans of which amounts add up to 2**62 minor units or more.

        Raises:
            InvalidValueError: Payments do, or what is asked for, charges included.
        """
        rows.require_sums()
        is_paid = self.is_live & events.is_kind(Repaid, Renewed)
        paid = np.flatnonzero(is_paid)
        amounts = events.amount_minor
        require_sums("repayments", events.loan_index[paid], amounts[paid], len(rows))
        charges = np.flatnonzero(self.is_live & events.is_kind(Charged))
        if charges.size:
            asked = _loan_sums(rows).astype(np.float64)
            loans = events.loan_index[charges]
            asked += np.bincount(loans, amounts[charges], minlength=len(rows))
            rule = "must add up to less than 2**62 a loan, charges included"
            require_rows(asked < SUM_MAX, asked, "rows", rule)


def _loan_sums(rows: FixedRows) -> Int64s:
    sums = np.zeros(rows.due_day.size + 1, np.int64)
    np.cumsum(rows.total_minor, out=sums[1:])
    loan_sums: Int64s = sums[rows.offsets[1:]] - sums[rows.offsets[:-1]]
    return loan_sums
