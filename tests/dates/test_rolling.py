from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core.dates import (
    Frequency,
    FrequencyUnit,
    RollKind,
    RollRule,
    add_months,
    due_dates,
    month_end,
    roll_date,
)
from microcrm_core.errors import InvalidValueError

DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2050, 12, 31))


MONTHLY = Frequency.MONTHLY


FREQUENCIES = st.one_of(
    st.just(Frequency.SEMIMONTHLY),
    st.builds(
        Frequency,
        st.integers(1, 40),
        st.sampled_from([FrequencyUnit.DAY, FrequencyUnit.WEEK, FrequencyUnit.MONTH]),
    ),
)


DUE_DAYS = st.none() | st.integers(1, 31)


ROLLS = st.one_of(
    st.just(RollRule.END_OF_MONTH),
    st.builds(
        RollRule,
        kind=st.sampled_from([RollKind.DAY_OF_MONTH, RollKind.NEXT_MONTH_FIRST]),
        day=DUE_DAYS,
    ),
)


def iso(dates: tuple[dt.date, ...]) -> list[str]:
    return [on.isoformat() for on in dates]


@given(roll=ROLLS, second_day=DUE_DAYS)
def test_a_roll_rule_is_read_back_from_its_text(
    roll: RollRule, second_day: int | None
) -> None:
    rule = RollRule(kind=roll.kind, day=roll.day, second_day=second_day)

    assert RollRule.of(str(rule)) == rule


@pytest.mark.parametrize(
    "text", ["", "day", "day_0", "day_32", "end_of_month_3", "31", "day_1_and_40"]
)
def test_an_unknown_roll_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        RollRule.of(text)


def test_a_kind_must_have_a_known_name() -> None:
    with pytest.raises(InvalidValueError, match="kind must be one of day_of_month"):
        RollRule(kind="imm")


def test_a_month_end_rule_has_no_day_of_its_own() -> None:
    with pytest.raises(InvalidValueError, match="day must be None for end_of_month"):
        RollRule(kind=RollKind.END_OF_MONTH, day=31)


@pytest.mark.parametrize(
    ("first", "roll", "expected"),
    [
        ("2023-01-31", "day_of_month", "2023-02-28 2023-03-31 2023-04-30 2023-05-31"),
        ("2024-01-29", "day_of_month", "2024-02-29 2024-03-29 2024-04-29 2024-05-29"),
        ("2023-02-28", "day_of_month", "2023-03-28 2023-04-28 2023-05-28 2023-06-28"),
        ("2023-02-28", "day_30", "2023-03-30 2023-04-30 2023-05-30 2023-06-30"),
        ("2023-02-28", "day_31", "2023-03-31 2023-04-30 2023-05-31 2023-06-30"),
        ("2023-02-28", "end_of_month", "2023-03-31 2023-04-30 2023-05-31 2023-06-30"),
        ("2023-04-30", "end_of_month", "2023-05-31 2023-06-30 2023-07-31 2023-08-31"),
        # Fineract's newer rule: a missing day goes to the 1st of the next month.
        (
            "2023-01-31",
            "next_month_first",
            "2023-03-01 2023-03-31 2023-05-01 2023-05-31",
        ),
        (
            "2024-01-30",
            "next_month_first",
            "2024-03-01 2024-03-30 2024-04-30 2024-05-30",
        ),
    ],
)
def test_the_roll_decides_where_a_missing_day_goes(
    first: str, roll: str, expected: str
) -> None:
    first_on = dt.date.fromisoformat(first)

    dates = due_dates(first_on, MONTHLY, 5, RollRule.of(roll))

    assert iso(dates) == [first, *expected.split()]


@pytest.mark.parametrize(
    ("first", "roll", "expected"),
    [
        ("2024-01-01", "day_of_month", "2024-01-16 2024-02-01 2024-02-16 2024-03-01"),
        ("2024-01-16", "day_of_month", "2024-02-01 2024-02-16 2024-03-01 2024-03-16"),
        ("2024-01-15", "day_of_month", "2024-01-30 2024-02-15 2024-02-29 2024-03-15"),
        ("2024-01-31", "day_of_month", "2024-02-16 2024-02-29 2024-03-16 2024-03-31"),
        ("2024-01-31", "end_of_month", "2024-02-15 2024-02-29 2024-03-15 2024-03-31"),
        (
            "2024-01-30",
            "next_month_first",
            "2024-02-15 2024-03-01 2024-03-15 2024-03-30",
        ),
        ("2024-01-05", "day_5_and_25", "2024-01-25 2024-02-05 2024-02-25 2024-03-05"),
        ("2024-02-29", "day_31", "2024-03-16 2024-03-31 2024-04-16 2024-04-30"),
        # The first date stands for the slot of the 30th that has spilled over.
        (
            "2024-03-01",
            "next_month_first_30",
            "2024-03-15 2024-03-30 2024-04-15 2024-04-30",
        ),
    ],
)
def test_a_semimonthly_series_has_two_days_a_month(
    first: str, roll: str, expected: str
) -> None:
    first_on = dt.date.fromisoformat(first)

    dates = due_dates(first_on, Frequency.SEMIMONTHLY, 5, RollRule.of(roll))

    assert iso(dates) == [first, *expected.split()]


@pytest.mark.parametrize(
    "roll",
    ["day_28_and_31", "day_29_and_30", "day_5_and_5", "next_month_first_31_and_1"],
)
def test_two_due_days_that_meet_in_some_month_are_refused(roll: str) -> None:
    with pytest.raises(InvalidValueError, match="second_day must stay apart"):
        roll_date(dt.date(2024, 1, 5), Frequency.SEMIMONTHLY, 1, RollRule.of(roll))


@given(anchor_on=DAYS, frequency=FREQUENCIES, roll=ROLLS, index=st.integers(-60, 60))
def test_due_dates_rise_strictly(
    anchor_on: dt.date, frequency: Frequency, roll: RollRule, index: int
) -> None:
    here, after = (roll_date(anchor_on, frequency, index + i, roll) for i in (0, 1))

    assert here < after


@given(anchor_on=DAYS, day=DUE_DAYS, count=st.integers(2, 40))
def test_a_monthly_series_visits_every_month_once(
    anchor_on: dt.date, day: int | None, count: int
) -> None:
    dates = due_dates(anchor_on, MONTHLY, count, RollRule(day=day))

    months = [12 * on.year + on.month for on in dates]
    assert all(after - before == 1 for before, after in pairwise(months))


@given(anchor_on=DAYS, index=st.integers(1, 60))
def test_a_due_day_comes_back_wherever_its_month_has_it(
    anchor_on: dt.date, index: int
) -> None:
    due_on = roll_date(anchor_on, MONTHLY, index)

    assert due_on.day == min(anchor_on.day, month_end(due_on).day)


@given(anchor_on=DAYS, frequency=FREQUENCIES, roll=ROLLS, count=st.integers(0, 30))
def test_a_series_is_made_of_single_dates_from_its_anchor(
    anchor_on: dt.date, frequency: Frequency, roll: RollRule, count: int
) -> None:
    dates = due_dates(anchor_on, frequency, count, roll)

    assert dates == tuple(
        roll_date(anchor_on, frequency, i, roll) for i in range(count)
    )
    assert dates[:1] == (anchor_on,) * min(count, 1)


@given(on=DAYS, months=st.integers(-600, 600))
def test_adding_months_agrees_with_dateutil(on: dt.date, months: int) -> None:
    assert add_months(on, months) == on + relativedelta(months=months)
    assert month_end(on) == on + relativedelta(day=31)


@given(on=DAYS, weeks=st.integers(-200, 200))
def test_weeks_are_seven_days(on: dt.date, weeks: int) -> None:
    moved_on = roll_date(on, Frequency.WEEKLY, weeks)

    assert moved_on == on + dt.timedelta(weeks=weeks)


@pytest.mark.parametrize("frequency", [Frequency.DAILY, MONTHLY, Frequency.SEMIMONTHLY])
def test_a_series_ends_with_the_calendar(frequency: Frequency) -> None:
    with pytest.raises(InvalidValueError, match="must stay within the years 1 to 9999"):
        roll_date(dt.date(9999, 12, 31), frequency, 1)


@pytest.mark.parametrize(
    "frequency",
    [Frequency.DAILY, Frequency.of("P3W"), MONTHLY, Frequency.SEMIMONTHLY],
)
@pytest.mark.parametrize("anchor", ["9999-10-31", "9999-12-10", "9999-12-31"])
def test_a_series_is_refused_for_its_first_date_outside_the_calendar(
    frequency: Frequency, anchor: str
) -> None:
    anchor_on = dt.date.fromisoformat(anchor)
    index, outside = 0, ""
    while not outside:
        index += 1
        try:
            roll_date(anchor_on, frequency, index)
        except InvalidValueError as error:
            outside = str(error)

    assert len(due_dates(anchor_on, frequency, index)) == index
    for count in (index + 1, index + 40):
        with pytest.raises(InvalidValueError) as refused:
            due_dates(anchor_on, frequency, count)
        assert str(refused.value) == outside


def test_a_series_has_no_negative_length() -> None:
    with pytest.raises(InvalidValueError, match="count must not be negative"):
        due_dates(dt.date(2024, 1, 1), MONTHLY, -1)


@pytest.mark.parametrize("text", ["day_05", "day_0", "day_5_and_020"])
def test_a_roll_has_one_stored_form(text: str) -> None:
    with pytest.raises(InvalidValueError, match="must be a kind of roll"):
        RollRule.of(text)
