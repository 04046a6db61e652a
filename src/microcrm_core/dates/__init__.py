"""Dates of lending: day counts, frequencies, business days and calendars."""

from __future__ import annotations

from microcrm_core.dates.business_days import (
    AdjustedDate,
    BusinessDayRule,
    adjust_date,
    advance_business_days,
    advance_date,
    keep_both_dates,
)
from microcrm_core.dates.calendars import BusinessCalendar, Weekday
from microcrm_core.dates.day_count import DayCount, count_days, year_fraction
from microcrm_core.dates.frequency import Frequency, FrequencyUnit
from microcrm_core.dates.notional import notional_periods
from microcrm_core.dates.rolling import (
    RollKind,
    RollRule,
    add_months,
    due_dates,
    month_end,
    roll_date,
)

__all__ = [
    "AdjustedDate",
    "BusinessCalendar",
    "BusinessDayRule",
    "DayCount",
    "Frequency",
    "FrequencyUnit",
    "RollKind",
    "RollRule",
    "Weekday",
    "add_months",
    "adjust_date",
    "advance_business_days",
    "advance_date",
    "count_days",
    "due_dates",
    "keep_both_dates",
    "month_end",
    "notional_periods",
    "roll_date",
    "year_fraction",
]
