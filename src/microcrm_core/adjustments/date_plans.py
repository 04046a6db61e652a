"""How requests that move due dates become events: day, days, holiday, term.

Only due dates after the day of the plan move, and the first of them stays after that
day and after the date before it. A due date that is named may be the one of the terms
or the business day to which it is moved; what moves is the former.

- *Another due day.* The first date that moves goes to the day, and later ones follow
  as a series; see `due_day_moves`. A last due date that was agreed apart stays, unless
  it is the one that moves.
- *Shifted.* Every date to come moves by the same days, on whatever day it falls.
- *Holiday.* The due date and all after it go on by so many periods. Free of interest,
  the days from the due date that is skipped up to the one that takes its place bear
  none, so the installment after the holiday bears what it would have borne without it
  (by months of 30 days that are set apart from the year, a part of a period counts by
  its share of the days, so it may bear a little less). Where interest is counted by
  whole periods, a period counts once, however long it is, and nothing is paused.
  Fineract's cumulative arithmetic cannot pause interest, so there it is refused.
- *Term.* The dates go on, or the last ones go. Amounts of a method that names each of
  them fix how many there are; where all that are to come are alike, they become level
  installments.

The ledger by exact fractions plans any dates again. Fineract's arithmetic knows due
dates that move with all later ones, so there a request may be refused by name.

Example:
    >>> from microcrm_core.adjustments.date_plans import plan_shift
    >>> plan_shift.__name__
    'plan_shift'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from microcrm_core.adjustments.due_day_moves import (
    fits_cycle,
    is_series,
    moved_dates,
)
from microcrm_core.adjustments.plan_steps import DueDates, Planned, PlanStep
from microcrm_core.adjustments.requests import (
    ChangeDueDay,
    ExtendTerm,
    PaymentHoliday,
    ShiftDueDates,
)
from microcrm_core.dates import adjust_date
from microcrm_core.decisions import Reason
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.happenings import (
    DueDateChanged,
    HolidayGranted,
    InterestPaused,
    TermChanged,
)
from microcrm_core.ledger.term_changes import DueSeries
from microcrm_core.loans.conventions import Accrual, Arithmetic
from microcrm_core.loans.methods import (
    CustomInstallments,
    CustomPrincipal,
    EqualInstallments,
    Weighted,
    method_kind,
)
from microcrm_core.money import Money

__all__ = [
    "dates_going_on",
    "plan_due_day",
    "plan_holiday",
    "plan_shift",
    "plan_term",
]

_DAY: Final = dt.timedelta(days=1)
# The months around the end of February need no more.
_MOVES_MAX: Final = 3
# Amounts that are named one by one are as many as the installments.
_OF_FIXED_COUNT: Final = (CustomInstallments, CustomPrincipal, Weighted)


def plan_due_day(step: PlanStep, request: ChangeDueDay) -> Planned:
    """Let due dates to come fall on another day.

    Example:
        See `microcrm_core.adjustments.request_plans`.
    """
    frequency = step.state.terms.frequency
    if not fits_cycle(request, frequency):
        code = "adjust_not_weekly" if request.day is None else "adjust_not_monthly"
        return Reason(code, {"frequency": str(frequency)})
    dates = DueDates.of(step.state)
    place = dates.place_of(request.from_on, step.as_of)
    if isinstance(place, Reason):
        return place
    after_on = _before(step, dates, place)
    moving, last = list(dates.on[place:]), None
    if len(moving) > 1 and step.account.terms.last_due_on == moving[-1]:
        last = moving.pop()
    try:
        wanted = moved_dates(moving, request, frequency, after_on + _DAY)
        wanted = wanted if last is None else (*wanted, last)
        refusal = _refusal_of(step, wanted, after_on)
    except (InvalidValueError, OverflowError):
        return step.refused("adjust_leaves_calendar")
    if refusal is not None:
        return refusal
    if wanted == dates.on[place:]:
        return step.refused("adjust_nothing_changes")
    if not is_series(moving, frequency):
        return _replanned(step, dates, place, wanted)
    return _moved_one_by_one(step, place, wanted)


def plan_shift(step: PlanStep, request: ShiftDueDates) -> Planned:
    """Move all due dates to come by so many days.

    Example:
        See `microcrm_core.adjustments.request_plans`.
    """
    dates = DueDates.of(step.state)
    place = dates.place_of(request.from_on, step.as_of)
    if isinstance(place, Reason):
        return place
    days = dt.timedelta(days=request.days)
    try:
        wanted = tuple(on + days for on in dates.on[place:])
        refusal = _refusal_of(step, wanted, _before(step, dates, place))
    except (InvalidValueError, OverflowError):
        return step.refused("adjust_leaves_calendar")
    if refusal is not None:
        return refusal
    if step.is_exact:
        return _replanned(step, dates, place, wanted)
    return _moved_one_by_one(step, place, wanted)


def plan_holiday(step: PlanStep, request: PaymentHoliday) -> Planned:
    """Let due dates to come go on by so many periods, with interest or without.

    Example:
        See `microcrm_core.adjustments.request_plans`.
    """
    dates = DueDates.of(step.state)
    place = dates.place_of(request.from_on, step.as_of)
    if isinstance(place, Reason):
        return place
    conventions = step.account.conventions
    arithmetic = conventions.arithmetic
    if request.is_interest_free and arithmetic is Arithmetic.FINERACT_CUMULATIVE:
        return step.refused("adjust_cannot_pause_interest", arithmetic=arithmetic.value)
    after = step.then(HolidayGranted(dates.on[place], request.count))
    is_paused = request.is_interest_free and conventions.accrual is Accrual.DAILY
    if isinstance(after, Reason) or not is_paused:
        return after
    # A day bears the interest of the night before it, or of the one after it.
    shift = dt.timedelta() if conventions.has_interest_on_disbursement_day else _DAY
    first_on = dates.bounds_on[place] + shift
    last_on = DueDates.of(after.state).bounds_on[place] - _DAY + shift
    # A due date that waits for its business day may lie before the day of the plan.
    first_on = max(first_on, step.as_of)
    made: Planned = after
    if first_on <= last_on:
        made = after.then(InterestPaused(last_on), first_on)
    if isinstance(made, Reason):
        return made
    more_minor = _interest_minor(made) - _interest_minor(step)
    if more_minor <= 0:
        return made
    amount = str(Money(more_minor, step.account.terms.principal.currency))
    return made.noting(Reason("adjust_holiday_bears_interest", {"amount": amount}))


def _interest_minor(step: PlanStep) -> int:
    return sum(row.interest_minor for row in step.state.rows)


def plan_term(step: PlanStep, request: ExtendTerm) -> Planned:
    """Let the due dates go on, or the last ones go.

    Example:
        See `microcrm_core.adjustments.request_plans`.
    """
    dates = DueDates.of(step.state)
    if not dates.has_to_come:
        last_on = dates.due_on[-1]
        return Reason("adjust_no_due_date_to_come", {"last_due_on": last_on})
    method = step.state.terms.plan.method
    first = step.first_planned
    to_come_count = len(dates.on) - first
    count = to_come_count + request.added_count
    if count < 1:
        counts = {"fewer_count": -request.added_count, "count": to_come_count}
        return Reason("adjust_leaves_no_installment", counts)
    if isinstance(method, _OF_FIXED_COUNT):
        # What is to come is alike where there is no second amount.
        is_level = isinstance(method, CustomInstallments) and not (
            set(method.amounts[first + 1 :]) - set(method.amounts[first : first + 1])
        )
        if not (is_level and step.is_exact):
            return Reason("adjust_method_fixes_count", {"method": method_kind(method)})
        due_on = dates_going_on(step, count)
        if isinstance(due_on, Reason):
            return due_on
        return step.replanned(due_on, method=EqualInstallments())
    return step.then(TermChanged(request.added_count))


def dates_going_on(step: PlanStep, count: int) -> tuple[dt.date, ...] | Reason:
    """Return so many due dates to be planned; beyond the last one the series goes on.

    Example:
        See `microcrm_core.adjustments.date_plans`.
    """
    dates, first = DueDates.of(step.state).on, step.first_planned
    more = first + count - len(dates)
    if more <= 0:
        return dates[first : first + count]
    # The ledger knows the series, but for methods that fix how many there are.
    longer = step.then(TermChanged(more))
    if isinstance(longer, PlanStep):
        return DueDates.of(longer.state).on[first:]
    series = DueSeries.of(step.state.terms, step.account.conventions)
    try:
        return tuple(series.date_at(place) for place in range(first, first + count))
    except InvalidValueError:
        return step.refused("adjust_leaves_calendar")


def _before(step: PlanStep, dates: DueDates, place: int) -> dt.date:
    """Return the last day that a due date must come after."""
    if place:
        return max(dates.on[place - 1], step.as_of)
    paid_out = [on for on, _ in step.state.disbursements]
    return max([step.state.terms.disbursed_on, step.as_of, *paid_out[:1]])


def _refusal_of(
    step: PlanStep, wanted: Sequence[dt.date], after_on: dt.date
) -> Reason | None:
    """Return why dates cannot be due dates to come; None: they can."""
    on, rule = wanted[0], step.account.conventions.business_days
    due_on = on if rule is None else adjust_date(on, rule.rule, rule.calendar)
    if on <= after_on or due_on <= step.as_of:
        params = {"on": on, "after_on": after_on}
        return Reason("adjust_date_in_the_past", params)
    for before_on, one in pairwise(wanted):
        if one <= before_on:
            return Reason("adjust_dates_meet", {"on": one, "before_on": before_on})
    return None


def _moved_one_by_one(
    step: PlanStep, place: int, wanted: tuple[dt.date, ...]
) -> Planned:
    """Move due dates with all later ones until they are those that are wanted.

    A date that a short month cut takes the later ones with it; the next move sets them
    right. Where that would take too many, all are planned again.
    """
    moved = step
    for _ in range(_MOVES_MAX):
        dates = DueDates.of(moved.state).on[place:]
        pairs = zip(dates, wanted, strict=True)
        wrong = next((pair for pair in pairs if pair[0] != pair[1]), None)
        if wrong is None:
            return moved
        after = moved.then(DueDateChanged(*wrong))
        if isinstance(after, Reason):
            return after
        moved = after
    if DueDates.of(moved.state).on[place:] == wanted:
        return moved
    return _replanned(step, DueDates.of(step.state), place, wanted)


def _replanned(
    step: PlanStep, dates: DueDates, place: int, wanted: tuple[dt.date, ...]
) -> Planned:
    """Plan all due dates to come again, those before a place as they are."""
    if not step.is_exact:
        arithmetic = step.account.conventions.arithmetic.value
        return step.refused("adjust_not_by_exact_arithmetic", arithmetic=arithmetic)
    return step.replanned((*dates.on[step.first_planned : place], *wanted))
