"""How requests for another cycle, or for the seasons, become events.

Both plan all that is to come again, so both need exact arithmetic.

- *Another frequency.* The first date of the new cycle is named, or it is the first one
  after the day that lies whole new periods after the last due date that stays (before
  any, after the disbursement). How many installments there are is named, or it is the
  number that leaves the last due date nearest to where it is; of two, the later.
- *Seasons.* Dates stay; installments are in proportion to the weights of their months.
  Flat interest is on what was lent once, and seasons are of what is left: what was
  agreed as flat would be another bargain, so it is refused by name. Another frequency
  keeps the method, flat interest too.

Example:
    >>> from microcrm_core.adjustments.cycle_plans import plan_frequency
    >>> plan_frequency.__name__
    'plan_frequency'
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from typing import Final

import attrs

from microcrm_core.adjustments.plan_steps import DueDates, Planned, PlanStep
from microcrm_core.adjustments.requests import ChangeFrequency, SeasonalPlan
from microcrm_core.dates import (
    Frequency,
    RollRule,
    adjust_date,
    month_end,
    roll_date,
)
from microcrm_core.decisions import Reason
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.happenings import Replanned
from microcrm_core.loans.methods import (
    CustomInstallments,
    CustomPrincipal,
    FlatInterest,
    Weighted,
    method_kind,
)
from microcrm_core.loans.terms import INSTALLMENT_COUNT_MAX

__all__ = ["plan_frequency", "plan_seasons"]

# Amounts that are named one by one are as many as the installments.
_OF_FIXED_COUNT: Final = (CustomInstallments, CustomPrincipal, Weighted)


def plan_frequency(step: PlanStep, request: ChangeFrequency) -> Planned:
    """Let installments fall due more often, or less often.

    Example:
        See `microcrm_core.adjustments.request_plans`.
    """
    refusal = _refusal_of(step)
    if refusal is not None:
        return refusal
    dates = DueDates.of(step.state)
    after_on = _after(step, dates)
    try:
        due_on = _cycle(step, request, dates, after_on)
    except InvalidValueError:
        return step.refused("adjust_leaves_calendar")
    after_on = max(after_on, step.as_of)
    if due_on[0] <= after_on:
        params = {"on": due_on[0], "after_on": after_on}
        return Reason("adjust_date_in_the_past", params)
    terms, first = step.state.terms, step.first_planned
    if due_on == dates.on[first:] and request.frequency == terms.frequency:
        return step.refused("adjust_nothing_changes")
    method = terms.plan.method
    is_other_count = len(due_on) != len(dates.on) - first
    if is_other_count and isinstance(method, _OF_FIXED_COUNT):
        return Reason("adjust_method_fixes_count", {"method": method_kind(method)})
    return step.then(Replanned(due_on=due_on, frequency=request.frequency))


def plan_seasons(step: PlanStep, request: SeasonalPlan) -> Planned:
    """Let installments to come follow the seasons.

    Example:
        See `microcrm_core.adjustments.request_plans`.
    """
    refusal = _refusal_of(step)
    if refusal is not None:
        return refusal
    method = step.state.terms.plan.method
    if method == request.method:
        return step.refused("adjust_nothing_changes")
    if isinstance(method, FlatInterest):
        code = "adjust_changes_interest_rule"
        return step.refused(code, method=method_kind(method))
    due_on = DueDates.of(step.state).on[step.first_planned :]
    return step.replanned(due_on, method=request.method)


def _refusal_of(step: PlanStep) -> Reason | None:
    """Return why what is to come cannot be planned again; None: it can."""
    if not step.is_exact:
        arithmetic = step.account.conventions.arithmetic.value
        return step.refused("adjust_not_by_exact_arithmetic", arithmetic=arithmetic)
    dates = DueDates.of(step.state)
    if dates.has_to_come:
        return None
    return Reason("adjust_no_due_date_to_come", {"last_due_on": dates.due_on[-1]})


def _after(step: PlanStep, dates: DueDates) -> dt.date:
    """Return the last due date that stays, or the day of the disbursement."""
    first = step.first_planned
    if first:
        return dates.on[first - 1]
    paid_out = [on for on, _ in step.state.disbursements]
    return max([step.state.terms.disbursed_on, *paid_out[:1]])


def _cycle(
    step: PlanStep, request: ChangeFrequency, dates: DueDates, after_on: dt.date
) -> tuple[dt.date, ...]:
    """Return the due dates of the new cycle, which follows a day."""
    frequency, first = request.frequency, 0
    if request.first_due_on is not None:
        anchor_on = request.first_due_on
        roll = _own_roll(step.account.conventions.roll, anchor_on)
    else:
        # The cycle goes on from what stays: the 31st comes back after February.
        anchor_on, roll = after_on, _roll_of(step, dates, after_on)
        first = _first_step(step, frequency, anchor_on, roll)

    def date_at(place: int) -> dt.date:
        return roll_date(anchor_on, frequency, first + place, roll)

    if request.installment_count is not None:
        return tuple(map(date_at, range(request.installment_count)))
    last_on, found = dates.on[-1], [date_at(0)]
    # One more than a loan may have is left for the ledger to refuse.
    while found[-1] < last_on and len(found) <= INSTALLMENT_COUNT_MAX:
        found.append(date_at(len(found)))
    if len(found) > 1 and last_on - found[-2] < found[-1] - last_on:
        found.pop()
    return tuple(found)


def _first_step(
    step: PlanStep, frequency: Frequency, anchor_on: dt.date, roll: RollRule
) -> int:
    """Return how many periods after a day the first date to come lies."""
    rule, steps = step.account.conventions.business_days, 0
    while True:
        steps += 1
        on = roll_date(anchor_on, frequency, steps, roll)
        due_on = on if rule is None else adjust_date(on, rule.rule, rule.calendar)
        if min(on, due_on) > step.as_of:
            return steps


def _roll_of(step: PlanStep, dates: DueDates, on: dt.date) -> RollRule:
    """Return the roll rule of a cycle that goes on from a due date that stays."""
    due_day = max(one.day for one in dates.on)
    if on in dates.on and all(
        one.day == min(due_day, month_end(one).day) for one in dates.on
    ):
        return RollRule(day=due_day)
    return _own_roll(step.account.conventions.roll, on)


def _own_roll(roll: RollRule, on: dt.date) -> RollRule:
    """Return the roll rule of a series from a day: that of the loan, if it fits."""
    month_days = monthrange(on.year, on.month)[1]
    if roll.day is None or on.day == min(roll.day, month_days):
        return roll
    return attrs.evolve(roll, day=None, second_day=None)
