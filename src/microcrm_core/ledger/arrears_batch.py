"""Arrears of many loans at once; twins of `arrears`.

The installments of all loans stand one after the other in columns; offsets say where
those of each loan begin. Nothing is sorted, and installments of a loan may come in any
order.

Example:
    >>> import numpy as np
    >>> from microcrm_core.ledger.arrears_batch import OpenColumns, days_past_due_many
    >>> zero = np.zeros(3, np.int64)
    >>> opened = OpenColumns(
    ...     offsets=np.array([0, 2, 3]),
    ...     due_day=np.array([100, 130, 100]),
    ...     principal_minor=np.array([0, 500, 500]),
    ...     interest_minor=zero,
    ...     fees_minor=zero,
    ...     penalties_minor=zero,
    ... )
    >>> days_past_due_many(opened, 140).tolist()
    [10, 40]
"""

from __future__ import annotations

from typing import Final

import attrs
import numpy as np

from microcrm_core.batch import UNKNOWN, Bools, Int64s, require_rows
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.allocation_orders import Bucket

__all__ = [
    "ArrearsColumns",
    "OpenColumns",
    "arrears_many",
    "days_past_due_many",
    "delinquent_days_many",
]

# So that the difference of two days fits.
_DAY_MAX: Final = 2**61
_NO_DAY: Final = _DAY_MAX + 1
_SUM_MAX: Final = 2.0**62


@attrs.frozen(kw_only=True, eq=False)
class OpenColumns:
    """What is left to pay of the installments of many loans.

    Attributes:
        offsets: Where the installments of each loan begin, and where the last ones end.
        due_day: The last day on which paying is on time, since 1970-01-01.
        principal_minor: Unpaid principal; not negative, as are the next three.
        interest_minor: Unpaid interest.
        fees_minor: Unpaid fees.
        penalties_minor: Unpaid penalties.

    Shapes:
        (loans + 1,) for offsets; (installments,) for the others.

    Raises:
        InvalidValueError: Shapes do not fit, offsets do not ascend from 0 to the number
            of installments, a day or an amount is missing, an amount is negative, or
            what is left of a loan is 2**62 or more.

    Example:
        See `microcrm_core.ledger.arrears_batch`.
    """

    offsets: Int64s
    due_day: Int64s
    principal_minor: Int64s
    interest_minor: Int64s
    fees_minor: Int64s
    penalties_minor: Int64s

    def __attrs_post_init__(self) -> None:
        """Refuse columns that do not describe loans."""
        for field in attrs.fields(OpenColumns):
            column = np.asarray(getattr(self, field.name))
            if column.dtype != np.int64 or column.ndim != 1:
                rule = "must be an int64 array of one dimension"
                raise InvalidValueError(field.name, rule, str(column.dtype))
        row_count = self.due_day.size
        for bucket, column in zip(Bucket, self.by_bucket, strict=True):
            field_name = f"{bucket.name.lower()}_minor"
            if column.size != row_count:
                rule = f"must have {row_count} rows, as due_day"
                raise InvalidValueError(field_name, rule, column.size)
            require_rows(column >= 0, column, field_name, "must not be negative")
        require_rows(
            _is_day(self.due_day), self.due_day, "due_day", "must be known, and a day"
        )
        steps = np.diff(self.offsets)
        is_whole = self.offsets.size > 0 and self.offsets[0] == 0
        if not is_whole or self.offsets[-1] != row_count or (steps < 0).any():
            rule = f"must ascend from 0 to {row_count}, the number of installments"
            raise InvalidValueError("offsets", rule, self.offsets.tolist()[:4])
        self._require_sums()

    def _require_sums(self) -> None:
        # Floats are off by less than the room between 2**62 and what int64 holds.
        total = np.zeros(self.due_day.size + 1)
        rough = sum(column.astype(np.float64) for column in self.by_bucket)
        np.cumsum(rough, out=total[1:])
        sums = np.diff(total[self.offsets])
        rule = "must add up to less than 2**62 a loan"
        if total[-1] >= _SUM_MAX:
            exact = [
                sum(int(value) for column in self.by_bucket for value in column[a:b])
                for a, b in zip(self.offsets[:-1], self.offsets[1:], strict=True)
            ]
            fits = np.array([value < 2**62 for value in exact], np.bool_)
            require_rows(fits, sums, "installments", rule)

    def __len__(self) -> int:
        """Return the number of loans."""
        return self.offsets.size - 1

    @property
    def loan_principal_minor(self) -> Int64s:
        """All unpaid principal of each loan, due or not; (loans,)."""
        return _sums(self, self.principal_minor)

    @property
    def by_bucket(self) -> tuple[Int64s, ...]:
        """The four columns of amounts, in the order of `Bucket`."""
        return (
            self.principal_minor,
            self.interest_minor,
            self.fees_minor,
            self.penalties_minor,
        )


@attrs.frozen(kw_only=True, eq=False)
class ArrearsColumns:
    """All overdue amounts of many loans, at the close of a day.

    Attributes:
        oldest_due_day: Due day of the oldest overdue installment; `UNKNOWN`: none is.
        days_past_due: Days since then; 0: nothing is overdue.
        principal_minor: Overdue principal.
        interest_minor: Overdue interest.
        fees_minor: Overdue fees.
        penalties_minor: Overdue penalties.

    Shapes:
        (loans,) each.

    Example:
        See `arrears_many`.
    """

    oldest_due_day: Int64s
    days_past_due: Int64s
    principal_minor: Int64s
    interest_minor: Int64s
    fees_minor: Int64s
    penalties_minor: Int64s

    @property
    def total_minor(self) -> Int64s:
        """Everything that is overdue."""
        total: Int64s = (
            self.principal_minor
            + self.interest_minor
            + self.fees_minor
            + self.penalties_minor
        )
        return total


def days_past_due_many(opened: OpenColumns, as_of_day: Int64s | int) -> Int64s:
    """Return the days past due of many loans; twin of `days_past_due`.

    Args:
        opened: What is left to pay of loans that were paid out.
        as_of_day: The day, at its close, since 1970-01-01: one for all, or one a loan.

    Shapes:
        () or (loans,); the result has (loans,).

    Raises:
        InvalidValueError: There is not one day for all, or for each loan.

    Example:
        See `microcrm_core.ledger.arrears_batch`.
    """
    as_of = _days(opened, as_of_day)
    oldest = _oldest_due_day(opened, _is_overdue(opened, as_of))
    return _days_since(oldest, as_of)


def delinquent_days_many(
    opened: OpenColumns,
    as_of_day: Int64s | int,
    *,
    grace_days: Int64s | int,
    paused_days: Int64s | int,
) -> Int64s:
    """Return the delinquent days of many loans; twin of `delinquent_days`.

    Args:
        opened: What is left to pay of loans that were paid out.
        as_of_day: The day, at its close, since 1970-01-01: one for all, or one a loan.
        grace_days: Days taken off once; not negative.
        paused_days: Days on which a pause ran, up to the day; not negative.

    Shapes:
        () or (loans,) each; the result has (loans,).

    Raises:
        InvalidValueError: A count of days is negative, or shapes do not fit.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.ledger.arrears_batch import OpenColumns
        >>> from microcrm_core.ledger.arrears_batch import delinquent_days_many
        >>> zero = np.zeros(1, np.int64)
        >>> opened = OpenColumns(
        ...     offsets=np.array([0, 1]),
        ...     due_day=np.array([100]),
        ...     principal_minor=np.array([500]),
        ...     interest_minor=zero,
        ...     fees_minor=zero,
        ...     penalties_minor=zero,
        ... )
        >>> delinquent_days_many(opened, 130, grace_days=3, paused_days=10).tolist()
        [17]
    """
    counted = days_past_due_many(opened, as_of_day)
    for name, given in (("grace_days", grace_days), ("paused_days", paused_days)):
        column = _per_loan(opened, given, name)
        require_rows(column >= 0, column, name, "must not be negative")
        counted = np.maximum(counted - column, 0)
    return counted


def arrears_many(opened: OpenColumns, as_of_day: Int64s | int) -> ArrearsColumns:
    """Return what is overdue on many loans; twin of `Arrears.of`.

    Args:
        opened: What is left to pay of loans that were paid out.
        as_of_day: The day, at its close, since 1970-01-01: one for all, or one a loan.

    Shapes:
        () or (loans,).

    Raises:
        InvalidValueError: There is not one day for all, or for each loan.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.ledger.arrears_batch import OpenColumns, arrears_many
        >>> opened = OpenColumns(
        ...     offsets=np.array([0, 2]),
        ...     due_day=np.array([100, 130]),
        ...     principal_minor=np.array([500, 500]),
        ...     interest_minor=np.array([20, 10]),
        ...     fees_minor=np.zeros(2, np.int64),
        ...     penalties_minor=np.zeros(2, np.int64),
        ... )
        >>> arrears = arrears_many(opened, 130)
        >>> arrears.total_minor.tolist(), arrears.days_past_due.tolist()
        ([520], [30])
    """
    as_of = _days(opened, as_of_day)
    is_overdue = _is_overdue(opened, as_of)
    oldest = _oldest_due_day(opened, is_overdue)
    sums = [_sums(opened, column * is_overdue) for column in opened.by_bucket]
    return ArrearsColumns(
        oldest_due_day=np.where(oldest == _NO_DAY, UNKNOWN, oldest),
        days_past_due=_days_since(oldest, as_of),
        principal_minor=sums[Bucket.PRINCIPAL],
        interest_minor=sums[Bucket.INTEREST],
        fees_minor=sums[Bucket.FEES],
        penalties_minor=sums[Bucket.PENALTIES],
    )


def _days(opened: OpenColumns, as_of_day: Int64s | int) -> Int64s:
    as_of = _per_loan(opened, as_of_day, "as_of_day")
    require_rows(_is_day(as_of), as_of, "as_of_day", "must be known, and a day")
    return as_of


def _is_day(days: Int64s) -> Bools:
    is_day: Bools = (days >= -_DAY_MAX) & (days <= _DAY_MAX)
    return is_day


def _per_loan(opened: OpenColumns, given: Int64s | int, field: str) -> Int64s:
    column = np.asarray(given)
    is_fit = column.dtype == np.int64 and column.shape in ((), (len(opened),))
    if not is_fit:
        rule = f"must be whole numbers, one for all or one for each of {len(opened)}"
        raise InvalidValueError(field, rule, f"{column.dtype} {column.shape}")
    return np.broadcast_to(column, len(opened))


def _is_overdue(opened: OpenColumns, as_of: Int64s) -> Bools:
    is_open = np.zeros(opened.due_day.size, np.bool_)
    for column in opened.by_bucket:
        is_open |= column > 0
    of_row = np.repeat(as_of, np.diff(opened.offsets))
    is_overdue: Bools = is_open & (opened.due_day < of_row)
    return is_overdue


def _oldest_due_day(opened: OpenColumns, is_overdue: Bools) -> Int64s:
    """Return the least due day of overdue rows; past the last day where none is."""
    oldest = np.full(len(opened), _NO_DAY, np.int64)
    begins = opened.offsets[:-1]
    has_rows = np.diff(opened.offsets) > 0
    if has_rows.any():
        days = np.where(is_overdue, opened.due_day, _NO_DAY)
        # Loans without rows lie between others without a row of their own.
        oldest[has_rows] = np.minimum.reduceat(days, begins[has_rows])
    return oldest


def _days_since(oldest: Int64s, as_of: Int64s) -> Int64s:
    days: Int64s = np.where(oldest == _NO_DAY, 0, as_of - oldest)
    return days


def _sums(opened: OpenColumns, values: Int64s) -> Int64s:
    # The running sum may wrap around; the difference of two of its values is right
    # again, because the sum of one loan fits.
    running = np.zeros(values.size + 1, np.int64)
    np.cumsum(values, out=running[1:])
    sums: Int64s = running[opened.offsets[1:]] - running[opened.offsets[:-1]]
    return sums
