"""Day buckets of many customers in columns; twin of `cash_flow.CashFlowSummary`.

`DayBalances` is made once from all transactions as of a day. What tiers and advice
ask of it afterwards (months, quantiles, balances by day of the month) are reads over
its buckets, of which there are fewer than transactions. No loop runs over customers
or transactions.

Example:
    >>> import numpy as np
    >>> from microcrm_core.batch import UNKNOWN
    >>> from microcrm_core.customers.cash_flow_batch import DayBalances
    >>> from microcrm_core.customers.columns_batch import TransactionColumns
    >>> transactions = TransactionColumns(
    ...     ids=np.array([b"t-1", b"t-2", b"t-3"]),
    ...     customer_index=np.array([0, 0, 0], np.int32),
    ...     booked_day=np.array([20_001, 20_000, 20_000], np.int32),
    ...     sequence=np.array([0, 1, 0], np.int32),
    ...     amount_minor=np.array([-200, -300, 900]),
    ...     balance_minor=np.array([UNKNOWN, 1_000, UNKNOWN]),
    ...     known_day=np.array([20_001, 20_000, 20_000], np.int32),
    ... )
    >>> days = DayBalances.of(transactions, customer_count=2, as_of_day=20_010)
    >>> days.offsets.tolist(), days.day.tolist(), days.balance_minor.tolist()
    ([0, 2, 2], [20000, 20001], [1000, 800])
"""

from __future__ import annotations

from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt

from microcrm_core.batch import UNKNOWN, Int64s, require_rows
from microcrm_core.checks import whole_number
from microcrm_core.customers.columns_batch import Int32s, TransactionColumns
from microcrm_core.customers.day_sums_batch import sum_days

__all__ = ["DayBalances", "MonthBalances", "month_starts", "months_of"]

_MONTH_DAYS_MAX: Final = 31
# Cells of the day-by-day table that one chunk of customers fills.
_CHUNK_CELLS: Final = 4_000_000


@attrs.frozen(kw_only=True, eq=False)
class MonthBalances:
    """End-of-day balances by month and day of the month.

    Attributes:
        balance_minor: Balances, (customers, months, 31) or (customers, months, days);
            `UNKNOWN` where the balance is not known, where the month is no full month
            of the customer, and on days that the month does not have.
        month_start_day: First day of each month, (months,).
        month_days: Length of each month, (months,).
        full_month_count: How many of the months are full, (customers,); these are the
            latest.

    Example:
        See `DayBalances.balances_on_days`.
    """

    balance_minor: Int64s
    month_start_day: Int64s
    month_days: Int64s
    full_month_count: Int64s


@attrs.frozen(kw_only=True, eq=False)
class DayBalances:
    """One bucket for each customer and day with transactions, as of a day.

    Buckets are sorted by customer and day. Only what was booked and known by the day
    is in them. The balance follows the rule of `CashFlowSummary`.

    Attributes:
        as_of_day: The day.
        offsets: Where each customer's buckets begin, and at the end their number;
            (customers + 1,).
        day: The day of each bucket; int32; (buckets,), as are the next three.
        inflow_minor: Money in.
        outflow_minor: Money out, not negative.
        balance_minor: End-of-day balance; `UNKNOWN`: not known.

    Example:
        See `DayBalances.of`.
    """

    as_of_day: int
    offsets: Int64s
    day: Int32s
    inflow_minor: Int64s
    outflow_minor: Int64s
    balance_minor: Int64s

    @classmethod
    def of(
        cls, transactions: TransactionColumns, *, customer_count: int, as_of_day: int
    ) -> DayBalances:
        """Return the buckets of all customers; twin of `CashFlowSummary.of`.

        Rows may come in any order; sorted by customer and day they are not sorted
        again. Rows of one day are ordered by (sequence, id). The bytes of UTF-8 sort
        like code points, so this is the order of Python's text.

        Args:
            transactions: Their `customer_index` is less than *customer_count*.
            customer_count: Number of customers.
            as_of_day: Leave out what was booked or became known after it.

        Raises:
            InvalidValueError: A customer is out of range, or the sum or the balance of
                a day leaves int64.

        Example:
            >>> import numpy as np
            >>> from microcrm_core.batch import UNKNOWN
            >>> from microcrm_core.customers.cash_flow_batch import DayBalances
            >>> from microcrm_core.customers.columns_batch import TransactionColumns
            >>> none = np.zeros(0, np.int32)
            >>> nothing = TransactionColumns(
            ...     ids=np.zeros(0, "S1"),
            ...     customer_index=none,
            ...     booked_day=none,
            ...     sequence=none,
            ...     amount_minor=np.zeros(0, np.int64),
            ...     balance_minor=np.zeros(0, np.int64),
            ...     known_day=none,
            ... )
            >>> days = DayBalances.of(nothing, customer_count=3, as_of_day=20_000)
            >>> days.offsets.tolist()
            [0, 0, 0, 0]
        """
        whole_number("as_of_day", as_of_day)
        require_rows(
            transactions.customer_index < customer_count,
            transactions.customer_index,
            "customer_index",
            f"must be less than the number of customers, {customer_count}",
        )
        buckets = sum_days(transactions, as_of_day)
        every_customer = np.arange(customer_count + 1)
        offsets = np.searchsorted(buckets.customer_index, every_customer)
        return cls(
            as_of_day=as_of_day,
            offsets=offsets.astype(np.int64),
            day=buckets.day,
            inflow_minor=buckets.inflow_minor,
            outflow_minor=buckets.outflow_minor,
            balance_minor=buckets.balance_minor,
        )

    @property
    def customer_count(self) -> int:
        """Number of customers."""
        return int(self.offsets.size - 1)

    @property
    def customer_index(self) -> Int64s:
        """Position of the customer of each bucket."""
        customers = np.arange(self.customer_count, dtype=np.int64)
        return np.repeat(customers, np.diff(self.offsets))

    def part(self, first: int, end: int) -> DayBalances:
        """Return the buckets of the customers from *first* up to, not with, *end*."""
        rows = slice(int(self.offsets[first]), int(self.offsets[end]))
        return DayBalances(
            as_of_day=self.as_of_day,
            offsets=self.offsets[first : end + 1] - rows.start,
            day=self.day[rows],
            inflow_minor=self.inflow_minor[rows],
            outflow_minor=self.outflow_minor[rows],
            balance_minor=self.balance_minor[rows],
        )

    @property
    def end_month(self) -> int:
        """The month in which the day after the day lies; full months are before it.

        Months are counted from January 1970, which is 0.
        """
        return int(months_of(np.array([self.as_of_day + 1]))[0])

    def first_full_months(self, *, months_max: int | None = None) -> Int64s:
        """Return the first full month of each customer; `end_month`: there is none.

        Full months follow each other up to the one before `end_month`; twin of
        `CashFlowSummary.full_months`.

        Args:
            months_max: Only the latest so many; None: all.

        Shapes:
            The result is (customers,).

        Raises:
            InvalidValueError: *months_max* is less than 1.
        """
        end = self.end_month
        first = np.full(self.customer_count, end, np.int64)
        has_any = np.diff(self.offsets) > 0
        first_day = self.day[self.offsets[:-1][has_any]].astype(np.int64)
        month = months_of(first_day)
        first[has_any] = month + (first_day > month_starts(month))
        if months_max is not None:
            whole_number("months_max", months_max, at_least=1)
            np.maximum(first, end - months_max, out=first)
        return np.minimum(first, end)

    def balances_on_days(
        self, rows: Int64s, *, months: int, days: Int64s | None = None
    ) -> MonthBalances:
        """Return end-of-day balances by day of the month for the last full months.

        The months are the latest *months* calendar months that end on or before
        `as_of_day`, the same ones for every customer. The result takes 8 bytes a
        balance, so ask for some thousand customers at a time.

        Args:
            rows: Positions of customers, in any order.
            months: How many months; 1 or more.
            days: Days of the month, 1 to 31; None: all of them.

        Shapes:
            (customers,); (days,).

        Raises:
            InvalidValueError: A row, a day or *months* is out of range.

        Example:
            >>> import numpy as np
            >>> from microcrm_core.batch import UNKNOWN
            >>> from microcrm_core.customers.cash_flow_batch import DayBalances
            >>> account = DayBalances(
            ...     as_of_day=59,
            ...     offsets=np.array([0, 2]),
            ...     day=np.array([0, 40], np.int32),
            ...     inflow_minor=np.array([700, 0]),
            ...     outflow_minor=np.array([0, 100]),
            ...     balance_minor=np.array([700, 600]),
            ... )
            >>> found = account.balances_on_days(
            ...     np.array([0]), months=2, days=np.array([1, 10])
            ... )
            >>> found.balance_minor.tolist(), found.month_days.tolist()
            ([[[700, 700], [700, 600]]], [31, 28])
        """
        whole_number("months", months, at_least=1)
        in_range = (rows >= 0) & (rows < self.customer_count)
        require_rows(in_range, rows, "rows", f"must be 0 to {self.customer_count - 1}")
        wanted = np.arange(1, _MONTH_DAYS_MAX + 1) if days is None else days
        is_day = (wanted >= 1) & (wanted <= _MONTH_DAYS_MAX)
        require_rows(is_day, wanted, "days", f"must be 1 to {_MONTH_DAYS_MAX}")
        month = np.arange(self.end_month - months, self.end_month)
        starts = month_starts(np.append(month, self.end_month))
        first_full = self.first_full_months()[rows]
        month_days = np.diff(starts)
        balances = np.empty((rows.size, months, wanted.size), np.int64)
        chunk = max(1, _CHUNK_CELLS // int(starts[-1] - starts[0]))
        for begin in range(0, rows.size, chunk):
            part = slice(begin, begin + chunk)
            by_day = self._by_day(rows[part], int(starts[0]), int(starts[-1]))
            # A day that a month lacks reads some other day, and is blotted out below.
            column = (starts[:-1, None] - starts[0]) + (wanted - 1)
            balances[part] = by_day[:, np.minimum(column, by_day.shape[1] - 1)]
        balances[:, wanted > month_days[:, None]] = UNKNOWN
        balances[month < first_full[:, None]] = UNKNOWN
        return MonthBalances(
            balance_minor=balances,
            month_start_day=starts[:-1],
            month_days=month_days,
            full_month_count=np.minimum(self.end_month - first_full, months),
        )

    def _by_day(self, rows: Int64s, first_day: int, end_day: int) -> Int64s:
        # Each cell holds the bucket that decides it; column 0 is what lies before.
        table = np.full((rows.size, end_day - first_day + 1), -1, np.int64)
        begins, ends = self.offsets[rows], self.offsets[rows + 1]
        owner, bucket = _ranges(begins, ends)
        day = self.day[bucket]
        is_before_end = day < end_day
        owner, bucket, day = (
            owner[is_before_end],
            bucket[is_before_end],
            day[is_before_end],
        )
        # Of several buckets that come before, the last one assigned stays.
        table[owner, np.maximum(day - (first_day - 1), 0)] = bucket
        np.maximum.accumulate(table, axis=1, out=table)
        deciding = table[:, 1:]
        # Position -1 reads the last bucket of all, which the mask takes away.
        known = self.balance_minor if self.balance_minor.size else _NOTHING
        return np.where(deciding >= 0, known[deciding], UNKNOWN)


_NOTHING: Final = np.array([UNKNOWN], np.int64)


def month_starts(months: Int64s) -> Int64s:
    """Return the first day of each month, counted from January 1970, which is 0.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.customers.cash_flow_batch import month_starts
        >>> month_starts(np.array([0, 1, 2])).tolist()
        [0, 31, 59]
    """
    starts = months.astype("datetime64[M]").astype("datetime64[D]")
    return starts.astype(np.int64)


def months_of(days: npt.NDArray[np.signedinteger[Any]]) -> Int64s:
    """Return the month of each day, counted from January 1970, which is 0.

    Example:
        >>> import numpy as np
        >>> from microcrm_core.customers.cash_flow_batch import months_of
        >>> months_of(np.array([0, 30, 31, -1])).tolist()
        [0, 0, 1, -1]
    """
    if days.size == 0:
        return np.zeros(0, np.int64)
    # The calendar is asked once a day of the range and not once a row.
    first, last = int(days.min()), int(days.max())
    calendar = np.arange(first, last + 1).astype("datetime64[D]")
    months: Int64s = calendar.astype("datetime64[M]").astype(np.int64)
    found: Int64s = months[days - first]
    return found


def _ranges(begins: Int64s, ends: Int64s) -> tuple[Int64s, Int64s]:
    """Return owner and position of all positions from each begin up to its end."""
    lengths = ends - begins
    owner = np.repeat(np.arange(begins.size), lengths)
    before = np.cumsum(lengths) - lengths
    position = np.arange(owner.size) - before[owner] + begins[owner]
    return owner, position
