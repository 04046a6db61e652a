"""Conventions in JSON, with their calendar: nothing lost, nothing guessed."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import attrs
import pytest
from hypothesis import given, settings

from microcrm_core import canonical_json
from microcrm_core.dates import BusinessCalendar
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    STRICT,
    STRICT_30_360,
    BusinessDays,
    ScheduleConventions,
    SplitDayCount,
)
from microcrm_core.loans.conventions_plain import (
    calendar_from_plain,
    calendar_to_plain,
    conventions_from_plain,
    conventions_to_plain,
)
from tests.loans.plain_cases import (
    assert_every_fault_has_its_path,
    calendars,
    conventions,
    field_names,
    refusal,
)

PRESETS = (STRICT, STRICT_30_360, FINERACT, FINERACT_CUMULATIVE)
LEAST: dict[str, Any] = {
    "id": "ours",
    "day_count": "ACT/365F",
    "rounding": "half_even",
    "roll": "day_of_month",
}
FULL: dict[str, Any] = {
    "id": "ours",
    "day_count": {
        "days_in_year": "actual",
        "days_in_month": "30",
        "leap_rule": "feb_29_period_only",
    },
    "rounding": "half_up",
    "roll": "day_5_and_20",
    "arithmetic": "fineract_cumulative",
    "accrual": "per_period",
    "short_period": "interest_free",
    "currency_multiple": 5,
    "installment_multiple": 100,
    "remainder": "smoothed",
    "business_days": {
        "rule": "modified_following",
        "calendar": {
            "name": "CN 2023, October",
            "weekend": ["saturday", "sunday"],
            "holidays": ["2023-10-02", "2023-10-03"],
            "working_days": ["2023-10-07"],
            "year_min": 2023,
            "year_max": 2023,
        },
        "interest_to": "moved",
        "collision": "merged",
    },
    "has_interest_on_disbursement_day": True,
}


def read(plain: object) -> ScheduleConventions:
    return conventions_from_plain(plain, path="c")


@given(one=conventions())
def test_all_conventions_come_back_from_json(one: ScheduleConventions) -> None:
    plain = json.loads(canonical_json(conventions_to_plain(one)))
    assert conventions_from_plain(plain) == one
    assert plain == conventions_to_plain(one)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: str(preset.id))
def test_every_preset_comes_back(preset: ScheduleConventions) -> None:
    assert conventions_from_plain(conventions_to_plain(preset)) == preset


def test_every_field_is_written() -> None:
    assert conventions_to_plain(read(FULL)) == FULL
    assert set(FULL) == field_names(ScheduleConventions)
    assert set(FULL["day_count"]) == field_names(SplitDayCount)
    assert set(FULL["business_days"]) == field_names(BusinessDays)
    calendar_fields = {
        field.name
        for field in attrs.fields(BusinessCalendar)
        if not field.name.startswith("_")
    }
    assert set(FULL["business_days"]["calendar"]) == calendar_fields


def test_parts_with_a_default_may_be_left_out() -> None:
    assert read(LEAST) == attrs.evolve(STRICT, id="ours")


@pytest.mark.parametrize("name", list(LEAST))
def test_every_part_without_a_default_must_be_there(name: str) -> None:
    plain = {key: value for key, value in LEAST.items() if key != name}
    assert refusal(read, plain).field == f"c.{name}"


def test_every_fault_is_told_with_its_path() -> None:
    assert_every_fault_has_its_path(read, FULL, "c")


@settings(max_examples=25)
@given(one=conventions())
def test_every_fault_in_any_conventions_is_told_with_its_path(
    one: ScheduleConventions,
) -> None:
    assert_every_fault_has_its_path(read, conventions_to_plain(one), "c")


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        ("id", " ours", "c.id"),
        ("day_count", "act/365f", "c.day_count"),
        ("day_count", {"days_in_year": "360"}, "c.day_count.days_in_month"),
        (
            "day_count",
            {"days_in_year": 360, "days_in_month": "30"},
            "c.day_count.days_in_year",
        ),
        ("rounding", "HALF_EVEN", "c.rounding"),
        ("roll", "day_32", "c.roll.day"),
        ("roll", "day_0", "c.roll"),
        # Only a split day count fits the engines of Fineract.
        ("arithmetic", "fineract_progressive", "c.day_count"),
        ("currency_multiple", 0, "c.currency_multiple"),
        ("currency_multiple", 2, "c.installment_multiple"),
        ("business_days", {}, "c.business_days.rule"),
        ("business_days", False, "c.business_days"),
        ("has_interest_on_disbursement_day", 0, "c.has_interest_on_disbursement_day"),
    ],
)
def test_what_makes_no_conventions_is_told_with_its_path(
    part: str, value: object, field: str
) -> None:
    assert refusal(read, {**LEAST, part: value}).field == field


@given(calendar=calendars)
def test_every_calendar_comes_back_from_json(calendar: BusinessCalendar) -> None:
    plain = json.loads(json.dumps(calendar_to_plain(calendar)))
    assert calendar_from_plain(plain) == calendar


def test_a_calendar_of_many_years_comes_back() -> None:
    # More than the thousand items of a policy's list.
    start_on = dt.date(2000, 1, 3)
    holidays = [start_on + dt.timedelta(weeks=week) for week in range(2_000)]
    calendar = BusinessCalendar(name="no Mondays", holidays=holidays)
    plain = calendar_to_plain(calendar)
    assert plain["holidays"] == [day.isoformat() for day in holidays]
    assert calendar_from_plain(plain) == calendar


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        ("weekend", ["Saturday"], "k.weekend[0]"),
        ("weekend", "saturday", "k.weekend"),
        ("holidays", ["2023-10-02", "2023-13-02"], "k.holidays[1]"),
        # A day cannot be closed and open.
        ("working_days", ["2023-10-01"], "k.working_days"),
        ("year_min", 2024, "k.year_min"),
        ("year_max", "2023", "k.year_max"),
        ("name", "", "k.name"),
    ],
)
def test_what_makes_no_calendar_is_told_with_its_path(
    part: str, value: object, field: str
) -> None:
    plain = {
        "name": "k",
        "weekend": ["sunday"],
        "holidays": ["2023-10-01"],
        "year_max": 2023,
        part: value,
    }
    error = refusal(lambda given: calendar_from_plain(given, path="k"), plain)
    assert error.field == field
