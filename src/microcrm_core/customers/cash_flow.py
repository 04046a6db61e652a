"""Cash flow: what transactions add up to, day by day.

A summary holds one bucket for each day that had transactions: exact sums, counts,
and the balance that the last row of the day states. It does not hold the
transactions. Parts of a history, summarized apart, merge to the summary of the
whole, however they were split and in whichever order they come. Months,
balances and quantiles are computed when they are asked for. `profile` turns them
into facts; `cash_flow_batch` is the twin for columns.

Example:
    >>> import datetime as dt
    >>> from microcrm_core import Currency, Money
    >>> from microcrm_core.customers import CashFlowSummary, Direction, Transaction
    >>> euro = Currency.of("EUR")
    >>> sale = Transaction(
    ...     id="t-1",
    ...     customer_id="c-1",
    ...     booked_on=dt.date(2024, 3, 1),
    ...     direction=Direction.IN,
    ...     amount=Money(2500, euro),
    ...     balance_after=Money(3000, euro),
    ... )
    >>> summary = CashFlowSummary.of(euro, [sale])
    >>> summary.monthly_inflows(dt.date(2024, 3, 31))
    (2500,)
    >>> summary.end_of_day_balances(dt.date(2024, 2, 29), dt.date(2024, 3, 3))
    (None, 3000, 3000)
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import attrs

from microcrm_core.checks import day, whole_number
from microcrm_core.customers.day_map import DayMap
from microcrm_core.customers.transactions import Direction, Transaction
from microcrm_core.errors import CurrencyMismatchError, InvalidValueError
from microcrm_core.ids import TransactionId
from microcrm_core.money import Currency
from microcrm_core.rounding import Rounding, divide

__all__ = ["CashFlowSummary", "DayBucket", "nearest_rank"]

_PPM: Final = 1_000_000


@attrs.frozen(kw_only=True)
class DayBucket:
    """What the transactions of one day add up to.

    Attributes:
        inflow_minor: Money in, minor units.
        outflow_minor: Money out, minor units, not negative.
        inflow_count: Number of rows with money in.
        outflow_count: Number of rows with money out.
        last_key: (sequence, id) of the last row. Ids are compared by code point.
        balance_minor: What the last row states; None: it states no balance.

    Example:
        >>> from microcrm_core.customers import DayBucket
        >>> DayBucket(
        ...     inflow_minor=500,
        ...     outflow_minor=200,
        ...     inflow_count=1,
        ...     outflow_count=1,
        ...     last_key=(1, "t-2"),
        ...     balance_minor=None,
        ... ).net_minor
        300
    """

    inflow_minor: int
    outflow_minor: int
    inflow_count: int
    outflow_count: int
    last_key: tuple[int, TransactionId]
    balance_minor: int | None

    @classmethod
    def of(cls, transaction: Transaction) -> DayBucket:
        """Return the bucket of a day with this one transaction."""
        is_in = transaction.direction is Direction.IN
        balance = transaction.balance_after
        return cls(
            inflow_minor=transaction.amount.minor if is_in else 0,
            outflow_minor=0 if is_in else transaction.amount.minor,
            inflow_count=int(is_in),
            outflow_count=int(not is_in),
            last_key=(transaction.sequence, transaction.id),
            balance_minor=None if balance is None else balance.minor,
        )

    @property
    def net_minor(self) -> int:
        """Money in less money out."""
        return self.inflow_minor - self.outflow_minor

    def merged(self, other: DayBucket) -> DayBucket:
        """Return the bucket of the rows of both; the order does not matter."""
        last = self if self.last_key >= other.last_key else other
        return DayBucket(
            inflow_minor=self.inflow_minor + other.inflow_minor,
            outflow_minor=self.outflow_minor + other.outflow_minor,
            inflow_count=self.inflow_count + other.inflow_count,
            outflow_count=self.outflow_count + other.outflow_count,
            last_key=last.last_key,
            balance_minor=last.balance_minor,
        )


def _day_map(days: Mapping[dt.date, DayBucket]) -> DayMap[DayBucket]:
    return days if isinstance(days, DayMap) else DayMap(days)


@attrs.frozen(kw_only=True)
class CashFlowSummary:
    """Exact sums and the last balance of each day of one customer's account.

    A transaction must come in once: a summary keeps no ids, so it cannot tell a
    repeat from a second movement of the same amount. Who summarizes as of a day
    leaves out what became known later (`of` does, given *as_of*), for a sum
    no longer shows when its parts were known.

    The end-of-day balance is that of the day's last row by (sequence, id) where the
    row states one; else the balance of the day before plus the day's net. A day
    without rows keeps the balance of the day before. Before the first stated balance,
    it is not known.

    A full month is a calendar month that ends on or before the day asked about and
    begins on or after the day of the first transaction. Full months follow each other
    without a gap; one without transactions counts, with zero in and out.

    Attributes:
        currency: Of every amount.
        days: The buckets by day, in order; read-only.

    Example:
        >>> from microcrm_core import Currency
        >>> from microcrm_core.customers import CashFlowSummary
        >>> len(CashFlowSummary(currency=Currency.of("EUR")).days)
        0
    """

    currency: Currency
    days: Mapping[dt.date, DayBucket] = attrs.field(
        factory=lambda: DayMap({}), converter=_day_map
    )

    @classmethod
    def of(
        cls,
        currency: Currency,
        transactions: Iterable[Transaction],
        *,
        as_of: dt.date | None = None,
    ) -> CashFlowSummary:
        """Return the summary of these transactions, in whichever order they come.

        Args:
            currency: Of all of them.
            transactions: Each once.
            as_of: Leave out what was booked or became known after this day; None:
                take all.

        Raises:
            CurrencyMismatchError: A transaction is in another currency.
            InvalidValueError: A transaction is given twice.

        Example:
            >>> from microcrm_core import Currency
            >>> from microcrm_core.customers import CashFlowSummary
            >>> euro = Currency.of("EUR")
            >>> CashFlowSummary.of(euro, []) == CashFlowSummary(currency=euro)
            True
        """
        if as_of is not None:
            day("as_of", as_of)
        days: dict[dt.date, DayBucket] = {}
        seen: set[str] = set()
        for transaction in transactions:
            # Nearly all have the very same one, and then nothing is called for it.
            if transaction.amount.currency is not currency:
                _require_currency(currency, transaction)
            if transaction.id in seen:
                raise InvalidValueError("id", "must not repeat", transaction.id)
            seen.add(transaction.id)
            if as_of is not None and not transaction.is_known_as_of(as_of):
                continue
            bucket = DayBucket.of(transaction)
            before = days.get(transaction.booked_on)
            days[transaction.booked_on] = (
                bucket if before is None else before.merged(bucket)
            )
        return cls(currency=currency, days=days)

    def with_transaction(self, transaction: Transaction) -> CashFlowSummary:
        """Return the summary with one more transaction.

        Costs the same after a thousand transactions a day as after one: it copies
        the day buckets of one month and the list of months (see `DayMap`).

        Raises:
            CurrencyMismatchError: It is in another currency.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core import Currency, Money
            >>> from microcrm_core.customers import (
            ...     CashFlowSummary, Direction, Transaction
            ... )
            >>> euro = Currency.of("EUR")
            >>> rent = Transaction(
            ...     id="t-1",
            ...     customer_id="c-1",
            ...     booked_on=dt.date(2024, 3, 1),
            ...     direction=Direction.OUT,
            ...     amount=Money(900, euro),
            ... )
            >>> summary = CashFlowSummary(currency=euro).with_transaction(rent)
            >>> summary.days[dt.date(2024, 3, 1)].net_minor
            -900
        """
        _require_currency(self.currency, transaction)
        on, bucket = transaction.booked_on, DayBucket.of(transaction)
        before = self.days.get(on)
        merged = bucket if before is None else before.merged(bucket)
        return attrs.evolve(self, days=_day_map(self.days).with_day(on, merged))

    def merged(self, other: CashFlowSummary) -> CashFlowSummary:
        """Return the summary of both parts of a history; the order does not matter.

        Raises:
            CurrencyMismatchError: The other summary is in another currency.

        Example:
            >>> from microcrm_core import Currency
            >>> from microcrm_core.customers import CashFlowSummary
            >>> empty = CashFlowSummary(currency=Currency.of("EUR"))
            >>> empty.merged(empty) == empty
            True
        """
        if other.currency != self.currency:
            raise CurrencyMismatchError(
                "other", f"must be in {self.currency.code}", other.currency.code
            )
        days = dict(self.days)
        for on, bucket in other.days.items():
            before = days.get(on)
            days[on] = bucket if before is None else before.merged(bucket)
        return attrs.evolve(self, days=days)

    def end_of_day_balances(
        self, start_on: dt.date, end_on: dt.date
    ) -> tuple[int | None, ...]:
        """Return the balance at the end of each day, in minor units.

        Args:
            start_on: First day.
            end_on: The day after the last.

        Returns:
            One balance a day; None: not known.

        Raises:
            InvalidValueError: *end_on* is before *start_on*.
        """
        first, end = start_on.toordinal(), end_on.toordinal()
        if end < first:
            raise InvalidValueError(
                "end_on", f"must not be before start_on {start_on}", end_on
            )
        return self._balances(first, end)

    def full_months(
        self, as_of: dt.date, *, months_max: int | None = None
    ) -> tuple[dt.date, ...]:
        """Return the first day of each full month, from the earliest.

        Args:
            as_of: Months end on or before it.
            months_max: Only the latest so many; None: all.

        Raises:
            InvalidValueError: *as_of* is no date, or *months_max* is less than 1.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core import Currency
            >>> from microcrm_core.customers import CashFlowSummary
            >>> summary = CashFlowSummary(currency=Currency.of("EUR"))
            >>> summary.full_months(dt.date(2024, 3, 31))
            ()
        """
        day("as_of", as_of)
        if months_max is not None:
            whole_number("months_max", months_max, at_least=1)
        first_on = next(iter(self.days), None)
        if first_on is None:
            return ()
        first = _month_number(first_on) + (first_on.day > 1)
        is_month_end = as_of.day == monthrange(as_of.year, as_of.month)[1]
        end = _month_number(as_of) + is_month_end
        if months_max is not None:
            first = max(first, end - months_max)
        return tuple(_month_start(number) for number in range(first, end))

    def monthly_inflows(
        self, as_of: dt.date, *, months_max: int | None = None
    ) -> tuple[int, ...]:
        """Return the money in of each of `full_months`, in minor units."""
        return tuple(
            sum(bucket.inflow_minor for bucket in buckets)
            for buckets in self._buckets_by_month(as_of, months_max)
        )

    def monthly_outflows(
        self, as_of: dt.date, *, months_max: int | None = None
    ) -> tuple[int, ...]:
        """Return the money out of each of `full_months`, in minor units."""
        return tuple(
            sum(bucket.outflow_minor for bucket in buckets)
            for buckets in self._buckets_by_month(as_of, months_max)
        )

    def balance_low(
        self, quantile_ppm: int, as_of: dt.date, *, months_max: int | None = None
    ) -> int | None:
        """Return the low quantile of the end-of-day balances of `full_months`.

        By nearest rank (see `nearest_rank`) over the days whose balance is known.

        Args:
            quantile_ppm: 1 to 1,000,000; 100,000 for the tenth part.
            as_of: Months end on or before it.
            months_max: Only the latest so many full months; None: all.

        Returns:
            Minor units; None where no balance is known.
        """
        months = self.full_months(as_of, months_max=months_max)
        if not months:
            return None
        last = months[-1]
        end = last.toordinal() + monthrange(last.year, last.month)[1]
        balances = self._balances(months[0].toordinal(), end)
        return nearest_rank([b for b in balances if b is not None], quantile_ppm)

    def balance_min(
        self, as_of: dt.date, *, months_max: int | None = None
    ) -> int | None:
        """Return the lowest end-of-day balance since the first full month began.

        The month that the day lies in counts as well, up to the day.

        Returns:
            Minor units; None where there is no full month or no known balance.
        """
        return min(self.known_balances(as_of, months_max=months_max), default=None)

    def overdrawn_day_count(
        self, as_of: dt.date, *, months_max: int | None = None
    ) -> int | None:
        """Return on how many days the balance ended below zero; days as `balance_min`.

        Returns:
            None where there is no full month or no known balance.
        """
        balances = self.known_balances(as_of, months_max=months_max)
        return sum(balance < 0 for balance in balances) if balances else None

    def known_balances(
        self, as_of: dt.date, *, months_max: int | None = None
    ) -> tuple[int, ...]:
        """Return the end-of-day balances since the first full month began, in order.

        Days on which the balance is not known are left out; all others up to the day
        count, also those of the month that it lies in.

        Args:
            as_of: The last day.
            months_max: Only the latest so many full months; None: all.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core import Currency
            >>> from microcrm_core.customers import CashFlowSummary
            >>> summary = CashFlowSummary(currency=Currency.of("EUR"))
            >>> summary.known_balances(dt.date(2024, 3, 31))
            ()
        """
        months = self.full_months(as_of, months_max=months_max)
        if not months:
            return ()
        balances = self._balances(months[0].toordinal(), as_of.toordinal() + 1)
        return tuple([balance for balance in balances if balance is not None])

    def _buckets_by_month(
        self, as_of: dt.date, months_max: int | None
    ) -> Iterator[list[DayBucket]]:
        days = self.days
        assert isinstance(days, DayMap)  # the converter made one of it
        for month_on in self.full_months(as_of, months_max=months_max):
            yield days.in_month(month_on)

    def _balances(self, first: int, end: int) -> tuple[int | None, ...]:
        # Days are ordinals here, because the day after the last date is none.
        balances: list[int | None] = []
        balance: int | None = None
        next_at = first
        for on, bucket in self.days.items():
            at = on.toordinal()
            if at >= end:
                break
            if at > next_at:
                balances += [balance] * (at - next_at)
                next_at = at
            if bucket.balance_minor is not None:
                balance = bucket.balance_minor
            elif balance is not None:
                balance += bucket.net_minor
        balances += [balance] * (end - next_at)
        return tuple(balances)


def nearest_rank(values: Iterable[int], quantile_ppm: int) -> int | None:
    """Return the quantile of *values* by nearest rank; None where there are none.

    Of *n* values in ascending order it is number ceil(n × quantile), so always one
    of them, and never between two.

    Args:
        values: In any order.
        quantile_ppm: 1 to 1,000,000.

    Raises:
        InvalidValueError: *quantile_ppm* is out of its bounds.

    Source:
        Hyndman and Fan (1996), Sample Quantiles in Statistical Packages,
        definition 1.

    Example:
        >>> from microcrm_core.customers.cash_flow import nearest_rank
        >>> nearest_rank([30, 10, 20, 40], 250_000)
        10
        >>> nearest_rank([30, 10, 20, 40], 250_001)
        20
    """
    whole_number("quantile_ppm", quantile_ppm, at_least=1, at_most=_PPM)
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[divide(len(ordered) * quantile_ppm, _PPM, Rounding.CEILING) - 1]


def _month_number(on: dt.date) -> int:
    return on.year * 12 + on.month - 1


def _month_start(number: int) -> dt.date:
    return dt.date(number // 12, number % 12 + 1, 1)


def _require_currency(currency: Currency, transaction: Transaction) -> None:
    if transaction.amount.currency != currency:
        raise CurrencyMismatchError(
            "amount",
            f"of transaction {transaction.id!r} must be in {currency.code}",
            transaction.amount.currency.code,
        )
