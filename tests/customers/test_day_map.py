from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.customers.day_map import DayMap
from tests.customers.strategies import days


@given(items=st.lists(st.tuples(days(), st.integers()), max_size=20))
def test_it_holds_what_a_dict_holds_in_the_order_of_the_days(
    items: list[tuple[dt.date, int]],
) -> None:
    expected = dict(items)
    one_by_one: DayMap[int] = DayMap({})
    for on, value in items:
        one_by_one = one_by_one.with_day(on, value)

    assert list(one_by_one.items()) == sorted(expected.items())
    assert len(one_by_one) == len(expected)
    assert one_by_one == expected == DayMap(expected)
    assert one_by_one.items() == expected.items()
    for first_on in (dt.date(2023, 12, 1), dt.date(2024, 2, 1)):
        assert sorted(one_by_one.in_month(first_on)) == sorted(
            value for on, value in expected.items() if on.replace(day=1) == first_on
        )


def test_a_change_leaves_the_old_map_as_it_was() -> None:
    first = DayMap({dt.date(2024, 3, 1): "a"})

    second = first.with_day(dt.date(2024, 3, 1), "b")

    assert first[dt.date(2024, 3, 1)] == "a"
    assert repr(second) == "DayMap({datetime.date(2024, 3, 1): 'b'})"


@pytest.mark.parametrize("day", [dt.date(2024, 3, 2), dt.date(2024, 4, 1)])
def test_a_day_that_is_not_there_is_a_key_error(day: dt.date) -> None:
    one = DayMap({dt.date(2024, 3, 1): "a"})

    assert day not in one
    with pytest.raises(KeyError):
        one[day]
