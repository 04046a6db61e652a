from __future__ import annotations

import datetime as dt
import pickle
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.dates import BusinessCalendar, Weekday, advance_business_days
from microcrm_core.errors import InvalidValueError, MissingExtraError

DAYS = st.dates(dt.date(2019, 12, 1), dt.date(2022, 2, 28))
WEEKENDS = st.frozensets(st.sampled_from(list(Weekday)), max_size=5)


@st.composite
def calendars(draw: st.DrawFn) -> BusinessCalendar:
    holidays = draw(st.frozensets(DAYS, max_size=12))
    return BusinessCalendar(
        name=draw(st.sampled_from(["a", "b", "c"])),
        weekend=draw(WEEKENDS),
        holidays=holidays,
        working_days=draw(st.frozensets(DAYS, max_size=12)) - holidays,
        year_min=draw(st.sampled_from([None, 2019, 2020])),
        year_max=draw(st.sampled_from([None, 2021, 2022])),
    )


CHINA_AUTUMN = BusinessCalendar(
    # The State Council's arrangement of 2023, as in the golden cases.
    name="CN 2023, autumn",
    holidays=[
        dt.date(2023, 9, 29),
        *(dt.date(2023, 10, number) for number in range(2, 7)),
    ],
    working_days=[dt.date(2023, 10, 7), dt.date(2023, 10, 8)],
)


def test_a_make_up_day_is_open_although_it_is_a_saturday() -> None:
    assert CHINA_AUTUMN.is_business_day(dt.date(2023, 10, 7))
    assert not CHINA_AUTUMN.is_business_day(dt.date(2023, 10, 6))
    assert CHINA_AUTUMN.next_business_day(dt.date(2023, 9, 28)) == dt.date(2023, 10, 7)
    assert CHINA_AUTUMN.previous_business_day(dt.date(2023, 10, 7)) == dt.date(
        2023, 9, 28
    )


def test_a_count_includes_the_start_and_excludes_the_end() -> None:
    # 28 September, then 7 and 8 October.
    start_on = dt.date(2023, 9, 28)

    assert CHINA_AUTUMN.count_business_days(start_on, dt.date(2023, 10, 9)) == 3
    assert CHINA_AUTUMN.count_business_days(start_on, start_on) == 0


def test_a_count_does_not_run_backwards() -> None:
    with pytest.raises(InvalidValueError, match="start_on must not be after end_on"):
        CHINA_AUTUMN.count_business_days(dt.date(2023, 10, 9), dt.date(2023, 9, 28))


@given(calendar=calendars(), dates=st.tuples(DAYS, DAYS))
def test_a_count_is_the_number_of_open_days(
    calendar: BusinessCalendar, dates: tuple[dt.date, dt.date]
) -> None:
    start_on, end_on = sorted(dates)
    days = (end_on - start_on).days
    covered = range(calendar.year_min or 1, (calendar.year_max or 9999) + 1)
    inside = [start_on + dt.timedelta(days=i) for i in range(days)]
    if any(on.year not in covered for on in inside):
        with pytest.raises(InvalidValueError, match="must be in the years of calendar"):
            calendar.count_business_days(start_on, end_on)
        return

    counted = calendar.count_business_days(start_on, end_on)

    assert counted == sum(calendar.is_business_day(on) for on in inside)


@given(weekend=WEEKENDS, holidays=st.frozensets(DAYS), dates=st.tuples(DAYS, DAYS))
def test_a_count_agrees_with_numpy(
    weekend: frozenset[Weekday],
    holidays: frozenset[dt.date],
    dates: tuple[dt.date, dt.date],
) -> None:
    start_on, end_on = sorted(dates)
    calendar = BusinessCalendar(name="x", weekend=weekend, holidays=holidays)

    expected = np.busday_count(
        np.datetime64(start_on),
        np.datetime64(end_on),
        weekmask=[weekday not in weekend for weekday in Weekday],
        holidays=[np.datetime64(on) for on in holidays],
    )

    assert calendar.count_business_days(start_on, end_on) == expected


@given(a=calendars(), b=calendars(), on=DAYS)
def test_a_join_is_closed_where_either_is_and_the_open_join_open(
    a: BusinessCalendar, b: BusinessCalendar, on: dt.date
) -> None:
    try:
        here, there = a.is_business_day(on), b.is_business_day(on)
    except InvalidValueError:
        with pytest.raises(InvalidValueError, match="must be in the years"):
            a.join(b).is_business_day(on)
        return

    assert a.join(b).is_business_day(on) == (here and there)
    assert a.join_open(b).is_business_day(on) == (here or there)


@given(a=calendars(), b=calendars(), c=calendars())
def test_joins_do_not_depend_on_order_or_repetition(
    a: BusinessCalendar, b: BusinessCalendar, c: BusinessCalendar
) -> None:
    assert a.join(b) == b.join(a)
    assert a.join_open(b) == b.join_open(a)
    assert a.join(b).join(c) == a.join(b.join(c))
    assert a.join_open(b).join_open(c) == a.join_open(b.join_open(c))
    assert a.join(a) == a == a.join_open(a)


def test_days_that_change_nothing_do_not_tell_calendars_apart() -> None:
    saturday, monday = dt.date(2024, 6, 1), dt.date(2024, 6, 3)

    noisy = BusinessCalendar(name="x", holidays=[saturday], working_days=[monday])

    assert noisy == BusinessCalendar(name="x")


@given(calendar=calendars(), on=DAYS)
def test_a_calendar_survives_a_trip_between_processes(
    calendar: BusinessCalendar, on: dt.date
) -> None:
    back = pickle.loads(pickle.dumps(calendar))

    assert back == calendar
    plain = BusinessCalendar(name="x", holidays=calendar.holidays)
    again = pickle.loads(pickle.dumps(plain))
    end_on = on + dt.timedelta(days=40)
    assert again.count_business_days(on, end_on) == plain.count_business_days(
        on, end_on
    )


def test_a_day_cannot_be_a_holiday_and_a_working_day() -> None:
    on = dt.date(2024, 6, 1)

    with pytest.raises(InvalidValueError, match="working_days must not be holidays"):
        BusinessCalendar(name="x", holidays=[on], working_days=[on])


def test_calendars_of_different_years_have_no_join() -> None:
    early = BusinessCalendar(name="early", year_max=2020)
    late = BusinessCalendar(name="late", year_min=2021)

    with pytest.raises(InvalidValueError, match="must not be after year_max"):
        early.join(late)


def test_a_weekday_must_have_a_known_name() -> None:
    with pytest.raises(InvalidValueError, match="weekend must hold monday"):
        BusinessCalendar(name="x", weekend=["caturday"])


def test_a_search_in_a_calendar_that_never_opens_ends() -> None:
    closed = BusinessCalendar(name="closed", weekend=list(Weekday))

    with pytest.raises(InvalidValueError, match="at most 366 days after it"):
        closed.next_business_day(dt.date(2024, 1, 1))
    with pytest.raises(InvalidValueError, match="at most 366 days before it"):
        closed.previous_business_day(dt.date(2024, 1, 1))


def test_a_search_ends_with_the_calendar() -> None:
    plain = BusinessCalendar(name="plain")

    with pytest.raises(InvalidValueError, match="days after it"):
        plain.next_business_day(dt.date.max)
    with pytest.raises(InvalidValueError, match="days before it"):
        plain.previous_business_day(dt.date.min)


def test_another_year_is_an_error_and_not_a_guess() -> None:
    calendar = BusinessCalendar(name="x", year_min=2024, year_max=2024)

    with pytest.raises(InvalidValueError, match="years of calendar 'x', 2024 to 2024"):
        calendar.is_business_day(dt.date(2025, 1, 1))
    with pytest.raises(InvalidValueError, match="load more years"):
        calendar.next_business_day(dt.date(2024, 12, 31))
    # The end is not counted, so the first day of the next year may be it.
    whole = calendar.count_business_days(dt.date(2024, 1, 1), dt.date(2025, 1, 1))
    assert whole == 262


def test_chinas_make_up_days_come_with_its_holidays() -> None:
    pytest.importorskip("holidays", reason="the extra 'holidays' is not installed")
    china = BusinessCalendar.from_holidays("CN", range(2023, 2026))

    # 7 October 2023 was a working Saturday (State Council, arrangement of 2023).
    assert china.is_business_day(dt.date(2023, 10, 7))
    assert not china.is_business_day(dt.date(2023, 10, 6))
    # Service clock: 15 working days after 26 September 2025.
    due_on = advance_business_days(dt.date(2025, 9, 26), 15, china)
    assert due_on == dt.date(2025, 10, 23)
    assert (china.year_min, china.year_max) == (2023, 2025)


def test_a_country_that_changed_its_weekend_gets_each_years_own() -> None:
    pytest.importorskip("holidays", reason="the extra 'holidays' is not installed")
    # The Emirates went from Friday and Saturday to Saturday and Sunday in 2022.
    emirates = BusinessCalendar.from_holidays("AE", [2021, 2022])

    assert not emirates.is_business_day(dt.date(2021, 6, 4))  # a Friday
    assert emirates.is_business_day(dt.date(2021, 6, 6))  # a Sunday
    assert emirates.is_business_day(dt.date(2022, 6, 3))  # a Friday
    assert not emirates.is_business_day(dt.date(2022, 6, 5))  # a Sunday


def test_a_holiday_observed_in_the_year_before_is_closed() -> None:
    pytest.importorskip("holidays", reason="the extra 'holidays' is not installed")
    # 1 January 2022 was a Saturday: federal offices were closed on the Friday before.
    federal = BusinessCalendar.from_holidays("US", [2021])

    assert not federal.is_business_day(dt.date(2021, 12, 31))


def test_a_subdivision_has_its_own_holidays() -> None:
    pytest.importorskip("holidays", reason="the extra 'holidays' is not installed")
    epiphany = dt.date(2025, 1, 6)

    bavaria = BusinessCalendar.from_holidays("DE", [2025], subdivision="BY")

    assert bavaria.name == "DE-BY"
    assert not bavaria.is_business_day(epiphany)
    assert BusinessCalendar.from_holidays("DE", [2025]).is_business_day(epiphany)


@pytest.mark.parametrize(("country", "subdivision"), [("XX", None), ("US", "ZZ")])
def test_an_unknown_place_is_refused(country: str, subdivision: str | None) -> None:
    pytest.importorskip("holidays", reason="the extra 'holidays' is not installed")

    with pytest.raises(InvalidValueError, match="country must be a country"):
        BusinessCalendar.from_holidays(country, [2025], subdivision=subdivision)


@pytest.mark.parametrize("years", [[], [2023, 2025], [0], [10_000]])
def test_years_must_be_whole_and_without_a_gap(years: list[int]) -> None:
    pytest.importorskip("holidays", reason="the extra 'holidays' is not installed")

    with pytest.raises(InvalidValueError, match="years must be"):
        BusinessCalendar.from_holidays("CN", years)


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    # None in sys.modules is how Python marks a module that cannot be imported.
    monkeypatch.setitem(sys.modules, "holidays", None)

    with pytest.raises(MissingExtraError, match=r"pip install 'microcrm_core\[holid"):
        BusinessCalendar.from_holidays("CN", [2025])
