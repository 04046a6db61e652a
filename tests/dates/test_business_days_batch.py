from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.batch import UNKNOWN, Int64s
from microcrm_core.dates import BusinessCalendar, BusinessDayRule, Weekday, adjust_date
from microcrm_core.dates.business_days_batch import adjust_dates, are_adjustable
from microcrm_core.errors import InvalidValueError

EPOCH = dt.date(1970, 1, 1)
R = BusinessDayRule


def span(start: str, end: str) -> list[dt.date]:
    first = dt.date.fromisoformat(start).toordinal()
    last = dt.date.fromisoformat(end).toordinal()
    return [dt.date.fromordinal(number) for number in range(first, last + 1)]


ALL_WEEK = list(Weekday)
# Each is built so that some rule meets a tie, a turn, an edge or a bound.
CALENDARS = [
    BusinessCalendar(name="plain"),
    BusinessCalendar(
        name="make-up days",
        holidays=[dt.date(2023, 9, 29), *span("2023-10-02", "2023-10-06")],
        working_days=[dt.date(2023, 10, 7), dt.date(2023, 10, 8)],
    ),
    BusinessCalendar(
        name="ties: one closed day between open ones",
        weekend=[],
        holidays=span("2023-09-01", "2023-12-31")[1::2],
    ),
    BusinessCalendar(
        name="ties: three closed days, Sunday in the middle",
        weekend=["saturday", "sunday", "monday"],
    ),
    BusinessCalendar(
        name="a whole month closed", holidays=span("2023-10-01", "2023-10-31")
    ),
    BusinessCalendar(
        name="both sides of the 15th closed", holidays=span("2023-10-11", "2023-10-20")
    ),
    BusinessCalendar(name="covered", year_min=2023, year_max=2023),
    BusinessCalendar(
        name="covered, closed at its edges",
        holidays=[*span("2023-01-01", "2023-02-03"), *span("2023-11-28", "2023-12-31")],
        year_min=2023,
        year_max=2023,
    ),
    BusinessCalendar(
        name="opens on one day",
        weekend=ALL_WEEK,
        working_days=[dt.date(2023, 7, 1)],
    ),
    BusinessCalendar(name="never opens", weekend=ALL_WEEK),
    BusinessCalendar(name="always open", weekend=[]),
]
DATES = span("2022-06-25", "2024-07-10")


def days_of(dates: list[dt.date]) -> Int64s:
    return np.array([(on - EPOCH).days for on in dates], dtype=np.int64)


def scalar(on: dt.date, rule: R, calendar: BusinessCalendar) -> int | None:
    """Return the adjusted day, or None where the scalar function refuses."""
    try:
        return (adjust_date(on, rule, calendar) - EPOCH).days
    except InvalidValueError:
        return None


@pytest.mark.parametrize("rule", BusinessDayRule)
@pytest.mark.parametrize("calendar", CALENDARS, ids=lambda calendar: calendar.name)
def test_batch_equals_scalar_on_every_row_or_refuses_the_same_rows(
    rule: BusinessDayRule, calendar: BusinessCalendar
) -> None:
    expected = [scalar(on, rule, calendar) for on in DATES]
    good = [on for on, day in zip(DATES, expected, strict=True) if day is not None]

    adjusted = adjust_dates(days_of(good), rule, calendar)

    assert adjusted.tolist() == [day for day in expected if day is not None]
    bad_count = expected.count(None)
    if bad_count:
        with pytest.raises(InvalidValueError) as raised:
            adjust_dates(days_of(DATES), rule, calendar)
        assert raised.value.bad_count == bad_count
        assert raised.value.row == expected.index(None)


@pytest.mark.parametrize("rule", BusinessDayRule)
@given(
    dates=st.lists(st.dates(dt.date(2000, 1, 1), dt.date(2030, 1, 1)), max_size=8),
    holidays=st.frozensets(st.dates(dt.date(2000, 1, 1), dt.date(2030, 1, 1))),
)
def test_batch_equals_scalar_on_drawn_rows(
    rule: BusinessDayRule, dates: list[dt.date], holidays: frozenset[dt.date]
) -> None:
    calendar = BusinessCalendar(name="drawn", holidays=holidays)

    adjusted = adjust_dates(days_of(dates), rule, calendar)

    assert adjusted.tolist() == [scalar(on, rule, calendar) for on in dates]


@pytest.mark.parametrize("rule", BusinessDayRule)
@pytest.mark.parametrize("on", [dt.date.min, dt.date.max])
def test_batch_equals_scalar_at_the_ends_of_the_calendar(
    rule: BusinessDayRule, on: dt.date
) -> None:
    for weekend in ([], [Weekday.of(on)]):
        calendar = BusinessCalendar(name="x", weekend=weekend)
        expected = scalar(on, rule, calendar)
        if expected is None:
            with pytest.raises(InvalidValueError):
                adjust_dates(days_of([on]), rule, calendar)
        else:
            assert adjust_dates(days_of([on]), rule, calendar).tolist() == [expected]


def test_unknown_rows_stay_unknown() -> None:
    saturday = (dt.date(2023, 9, 30) - EPOCH).days
    days = np.array([UNKNOWN, saturday, UNKNOWN], dtype=np.int64)

    adjusted = adjust_dates(days, R.PRECEDING, CALENDARS[0])

    assert adjusted.tolist() == [UNKNOWN, saturday - 1, UNKNOWN]
    assert days.tolist() == [UNKNOWN, saturday, UNKNOWN]


def test_no_rows_and_only_unknown_rows_are_answered() -> None:
    for days in ([], [UNKNOWN]):
        column = np.array(days, dtype=np.int64)
        assert adjust_dates(column, R.FOLLOWING, CALENDARS[0]).tolist() == days


def test_a_day_beyond_the_calendar_is_refused_by_row() -> None:
    days = np.array([0, 2_932_897], dtype=np.int64)

    with pytest.raises(
        InvalidValueError, match="1 of 2 rows: days must be in the"
    ) as e:
        adjust_dates(days, R.NO_ADJUST, CALENDARS[0])
    assert e.value.row == 1


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="rule must be one of no_adjust"):
        adjust_dates(
            np.array([0]),
            "nearest",  # type: ignore[arg-type]  # it has two meanings
            CALENDARS[0],
        )


@pytest.mark.parametrize("calendar", CALENDARS, ids=lambda calendar: calendar.name)
@pytest.mark.parametrize("rule", list(R))
def test_rows_are_adjustable_where_the_scalar_gives_a_day(
    rule: R, calendar: BusinessCalendar
) -> None:
    expected = [scalar(on, rule, calendar) is not None for on in DATES]

    assert are_adjustable(days_of(DATES), rule, calendar).tolist() == expected
    if expected != [True] * len(DATES):
        with pytest.raises(InvalidValueError):
            adjust_dates(days_of(DATES), rule, calendar)


def test_no_day_is_adjustable_where_there_is_none() -> None:
    none = np.zeros(0, np.int64)

    assert are_adjustable(none, R.FOLLOWING, CALENDARS[0]).size == 0
