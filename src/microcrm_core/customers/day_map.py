"""A map from days to values that is never changed: a change makes a new one.

The new map shares all months but one with the old map, so keeping both is cheap,
and adding to a long history costs as little as adding to a short one. `cash_flow`
keeps its day buckets in it.

Example:
    >>> import datetime as dt
    >>> from microcrm_core.customers.day_map import DayMap
    >>> old = DayMap({dt.date(2024, 3, 1): "a"})
    >>> new = old.with_day(dt.date(2024, 4, 1), "b")
    >>> len(old), len(new)
    (1, 2)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import ItemsView, Iterator, Mapping
from typing import Generic, TypeVar

__all__ = ["DayMap"]

T = TypeVar("T")


class DayMap(Mapping[dt.date, T], Generic[T]):
    """Values by day, in the order of the days; equal to any mapping of the same items.

    Looking a day up takes constant time. `with_day` copies the days of one month and
    the table of months: its cost grows with the months, never with what they hold.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core.customers.day_map import DayMap
        >>> days = DayMap({dt.date(2024, 4, 1): 2, dt.date(2024, 3, 1): 1})
        >>> [day.isoformat() for day in days], days[dt.date(2024, 4, 1)]
        (['2024-03-01', '2024-04-01'], 2)
    """

    __slots__ = ("_months",)

    def __init__(self, days: Mapping[dt.date, T]) -> None:
        months: dict[dt.date, dict[dt.date, T]] = {}
        for day, value in days.items():
            months.setdefault(day.replace(day=1), {})[day] = value
        self._months = months

    def with_day(self, day: dt.date, value: T) -> DayMap[T]:
        """Return the map with *value* on *day*, in place of what was there.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core.customers.day_map import DayMap
            >>> dict(DayMap({}).with_day(dt.date(2024, 3, 1), 7))
            {datetime.date(2024, 3, 1): 7}
        """
        month = day.replace(day=1)
        days = {**self._months.get(month, {}), day: value}
        changed: DayMap[T] = DayMap({})
        changed._months = {**self._months, month: days}
        return changed

    def in_month(self, first_on: dt.date) -> list[T]:
        """Return the values of one month, in no order.

        Args:
            first_on: The first day of the month.

        Example:
            >>> import datetime as dt
            >>> from microcrm_core.customers.day_map import DayMap
            >>> DayMap({dt.date(2024, 3, 9): 7}).in_month(dt.date(2024, 3, 1))
            [7]
        """
        return list(self._months.get(first_on, {}).values())

    def __getitem__(self, day: dt.date) -> T:
        """Return the value on *day*."""
        days = self._months.get(day.replace(day=1))
        if days is None:
            raise KeyError(day)
        return days[day]

    def __iter__(self) -> Iterator[dt.date]:
        """Iterate over the days from the earliest."""
        for month in sorted(self._months):
            yield from sorted(self._months[month])

    def items(self) -> ItemsView[dt.date, T]:
        """Return days with their values, from the earliest day."""
        return _DayItems(self, self._months)

    def __len__(self) -> int:
        """Return the number of days."""
        return sum(len(days) for days in self._months.values())

    def __repr__(self) -> str:
        """Return the items in the order of the days."""
        return f"DayMap({dict(self.items())!r})"


class _DayItems(ItemsView[dt.date, T]):
    """The items of a `DayMap`, read month by month and not looked up one by one."""

    __slots__ = ("_days_by_month",)

    def __init__(
        self, days: DayMap[T], days_by_month: Mapping[dt.date, Mapping[dt.date, T]]
    ) -> None:
        super().__init__(days)
        self._days_by_month = days_by_month

    def __iter__(self) -> Iterator[tuple[dt.date, T]]:
        for _, days in sorted(self._days_by_month.items(), key=_day_of):
            yield from sorted(days.items(), key=_day_of)


def _day_of(item: tuple[dt.date, object]) -> dt.date:
    return item[0]
