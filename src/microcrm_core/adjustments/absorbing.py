"""Which installments take what a change of dates or rate costs.

The policy says it; the ledger makes a new level by itself. The other two keep the
amounts that installments come to before the change:

- *The last one takes it.* The others stay in amount, in their order, on their new
  dates; the last one takes the rest, be it more or less.
- *The number changes.* Level installments stay in amount, and there are so many of them
  that the last is no larger than the others; the dates go on by the series, or the last
  ones go.

Installments that stay must cover the interest of their periods, else the request is
refused. Where amounts cannot stay, the ledger's way is taken and a note says why:
amounts of other methods are made of what is left; grace, tranches to come and merged
due dates leave no amounts to keep; there is no one level where a later rate has its
own; a balloon is larger than the others; what was paid ahead may stand beside them; a
due date that waits for its business day cannot be planned again; and so it is for a
loan that is not paid out, was re-aged, or is kept by Fineract's arithmetic. Amounts
that were agreed one by one stay in any case, and the last takes the rest.

Who takes it the ledger's way is read from the installments before and after: Fineract
keeps a level and lets the last one take what other dates cost; where principal is fixed
or not yet asked for, each installment bears the interest of its own period, and none
takes that of another.

Example:
    >>> from microcrm_core.adjustments.absorbing import ABSORBED_KINDS
    >>> sorted(kind.value for kind in ABSORBED_KINDS)
    ['change_due_day', 'change_rate', 'payment_holiday', 'shift_due_dates']
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from microcrm_core.adjustments.adjustment_policies import AbsorbedBy
from microcrm_core.adjustments.date_plans import dates_going_on
from microcrm_core.adjustments.plan_steps import DueDates, Planned, PlanStep
from microcrm_core.adjustments.requests import AdjustmentKind
from microcrm_core.decisions import Reason
from microcrm_core.ledger.row_accounts import RowKind
from microcrm_core.ledger.state_rows import LoanStateRow
from microcrm_core.ledger.term_changes import TERM_CHANGES
from microcrm_core.loans.methods import (
    CustomInstallments,
    EqualInstallments,
    Graduated,
    RepaymentMethod,
    Weighted,
)
from microcrm_core.loans.plans import NO_GRACE
from microcrm_core.money import Money

__all__ = ["ABSORBED_KINDS", "absorb"]

ABSORBED_KINDS: Final = frozenset(
    {
        AdjustmentKind.CHANGE_DUE_DAY,
        AdjustmentKind.SHIFT_DUE_DATES,
        AdjustmentKind.PAYMENT_HOLIDAY,
        AdjustmentKind.CHANGE_RATE,
    }
)
"""Requests that change dates or the rate, and leave open who takes what they cost."""

_KEEPS_AMOUNTS: Final = (EqualInstallments, Graduated, Weighted)


def absorb(before: PlanStep, after: PlanStep, by: AbsorbedBy) -> Planned:
    """Let what a request costs be taken as a policy says.

    Args:
        before: The loan without the request.
        after: The loan with it, as the ledger makes it.
        by: Who is to take what it costs.

    Example:
        See `microcrm_core.adjustments.request_plans`.
    """
    method = before.state.terms.plan.method
    is_agreed = isinstance(method, CustomInstallments)
    is_count = by is AbsorbedBy.INSTALLMENT_COUNT
    if is_agreed and not (is_count and _has_level(before, method)):
        return _by_last_as_agreed(before, after, by)
    if by is AbsorbedBy.LEVEL:
        return _by_ledger(before, after, by, _why_not(before, after, by) or "method")
    cause = _why_not(before, after, by)
    if cause is not None:
        return _by_ledger(before, after, by, cause)
    base = _without_new_dates(before, after)
    if isinstance(base, Reason):
        return base
    amounts = _amounts(before)
    if is_count and (len(set(amounts[:-1])) > 1 or not amounts[0]):
        return _by_ledger(before, after, by, "amounts_differ")
    made = (_by_count if is_count else _by_last)(base, after, amounts)
    if made is None:
        return _by_ledger(before, after, by, "paid_ahead")
    return made if isinstance(made, Reason) else made.absorbed(by, before)


def _by_ledger(
    before: PlanStep, after: PlanStep, by: AbsorbedBy, cause: str
) -> PlanStep:
    """Return the step as the ledger makes it, and note who takes it and why."""
    taken_by, has_cost = _taken_by(before, after, by)
    made = after.absorbed(taken_by, before)
    if taken_by is by or not has_cost:
        return made
    params = {"absorbed_by": by.value, "cause": cause}
    if taken_by is None:
        return made.noting(Reason("adjust_absorbed_by_each", params))
    return made.noting(Reason(f"adjust_absorbed_by_{taken_by.value}", params))


def _taken_by(
    before: PlanStep, after: PlanStep, by: AbsorbedBy
) -> tuple[AbsorbedBy | None, bool]:
    """Return who takes what a change costs, and whether any amount changes.

    It is read from the installments before and after. None: each bears the interest of
    its own period, or nothing changes.
    """
    rows = before.rows_to_come(RowKind.REGULAR, RowKind.RE_AGED)
    rows_after = after.rows_to_come(RowKind.REGULAR, RowKind.RE_AGED)
    if len(rows) != len(rows_after):
        return AbsorbedBy.INSTALLMENT_COUNT, True
    changed = [
        _asked_minor(one) != _asked_minor(two)
        for one, two in zip(rows, rows_after, strict=True)
    ]
    if not any(changed):
        return None, False
    if len(rows) == 1:
        # The one that is left is all of them, and the last.
        is_count = by is AbsorbedBy.INSTALLMENT_COUNT
        return AbsorbedBy.LAST_INSTALLMENT if is_count else by, True
    pairs = zip(rows[:-1], rows_after[:-1], strict=True)
    if all(one.principal_minor == two.principal_minor for one, two in pairs):
        return None, True
    if not any(changed[:-1]):
        return AbsorbedBy.LAST_INSTALLMENT, True
    return AbsorbedBy.LEVEL, True


def _by_last_as_agreed(before: PlanStep, after: PlanStep, by: AbsorbedBy) -> PlanStep:
    """Return the step as the ledger makes it where amounts were agreed one by one."""
    taken = after.absorbed(AbsorbedBy.LAST_INSTALLMENT, before)
    if by is AbsorbedBy.LAST_INSTALLMENT:
        return taken
    params = {"absorbed_by": by.value, "cause": "agreed"}
    return taken.noting(Reason("adjust_absorbed_by_last_installment", params))


def _has_level(step: PlanStep, method: RepaymentMethod) -> bool:
    """Return whether the installments to come, but for the last, are alike."""
    if not isinstance(method, CustomInstallments):
        return isinstance(method, EqualInstallments)
    # Where only the last one is to come, the one before it was of the level.
    amounts = method.amounts[step.first_planned :] or method.amounts[-1:]
    return len(set(amounts)) == 1


def _why_not(step: PlanStep, after: PlanStep, by: AbsorbedBy) -> str | None:
    """Return why installments cannot stay in amount; None: they can."""
    state, plan, method = (
        step.state,
        step.state.terms.plan,
        step.state.terms.plan.method,
    )
    lent_minor = sum(minor for _, minor in state.disbursements)
    rows = [row for row in state.rows if row.kind is RowKind.REGULAR]
    is_count = by is AbsorbedBy.INSTALLMENT_COUNT
    by_method = isinstance(method, _KEEPS_AMOUNTS) or _has_level(step, method)
    first_open = step.first_planned
    to_come = DueDates.of(after.state).on[first_open:]
    grace = plan.grace
    causes = {
        "arithmetic": not step.is_exact,
        "not_disbursed": not step.is_begun,
        "method": not by_method or (is_count and not _has_level(step, method)),
        "grace": grace != NO_GRACE
        and first_open < max(grace.principal_count, grace.interest_payment_count),
        "balloon": is_count and plan.balloon is not None,
        "tranche": lent_minor < step.account.terms.principal.minor,
        "re_aged": any(row.kind is RowKind.RE_AGED for row in state.rows),
        "merged_dates": len(rows) != len(DueDates.of(state).on),
        "nothing_to_come": not to_come,
        "business_day": any(on <= step.as_of for on in to_come[:1]),
    }
    return next((cause for cause, holds in causes.items() if holds), None)


def _without_new_dates(before: PlanStep, after: PlanStep) -> Planned:
    """Return the step with all of a request but its new due dates."""
    step: Planned = before
    for change in after.changes[len(before.changes) :]:
        if isinstance(step, Reason):
            return step
        if type(change.what) not in TERM_CHANGES:
            step = step.then(change.what, change.value_on)
    return step


def _amounts(step: PlanStep) -> list[int]:
    """Return what installments to come ask for, principal and interest, as agreed.

    One that repays less because nothing more is owed is as large as the one before it.
    """
    rows = [row for row in step.state.rows if row.kind is RowKind.REGULAR]
    left_minor = sum(row.principal_minor for row in rows)
    amounts: list[int] = []
    for row in rows:
        left_minor -= row.principal_minor
        is_rest = left_minor == 0 and bool(amounts)
        asked_minor = _asked_minor(row)
        amounts.append(max(asked_minor, amounts[-1]) if is_rest else asked_minor)
    return amounts[step.first_planned :]


def _asked_minor(row: LoanStateRow) -> int:
    return row.principal_minor + row.interest_minor


def _by_last(base: PlanStep, after: PlanStep, amounts: list[int]) -> Planned | None:
    """Let the others stay in amount, and the last take the rest; None: they do not."""
    due_on = DueDates.of(after.state).on[base.first_planned :]
    return _with_amounts(base, due_on, amounts[:-1])


def _by_count(base: PlanStep, after: PlanStep, amounts: list[int]) -> Planned | None:
    """Let there be so many level installments that the last one is not larger.

    None: they do not stay in amount.
    """
    level_minor, count = amounts[0], len(amounts)
    while True:
        due_on = dates_going_on(after, count)
        if isinstance(due_on, Reason):
            return due_on
        made = _with_amounts(base, due_on, [level_minor] * (count - 1))
        if not isinstance(made, PlanStep):
            return made
        asked = [_asked_minor(row) for row in made.rows_to_come(RowKind.REGULAR)]
        more_minor = asked[-1] - level_minor
        if more_minor <= 0:
            break
        # What is put off bears interest, so it may take another turn.
        count += -(-more_minor // level_minor)
    needed_count = sum(minor > 0 for minor in asked)
    if needed_count == count:
        return made
    fewer = [level_minor] * (needed_count - 1)
    return _with_amounts(base, due_on[:needed_count], fewer)


def _with_amounts(
    base: PlanStep, due_on: tuple[dt.date, ...], amounts: list[int]
) -> Planned | None:
    """Plan what is to come by the amounts of all installments but the last.

    A reason, where one of them does not cover its interest; None: the ledger asks for
    something else, because some of it is paid.
    """
    currency = base.account.terms.principal.currency
    method = CustomInstallments(tuple(Money(minor, currency) for minor in amounts))
    made = base.replanned(due_on, method=method)
    if isinstance(made, Reason):
        return made
    rows = made.rows_to_come(RowKind.REGULAR)
    left_minor = sum(row.principal_minor for row in rows)
    for row, amount_minor in zip(rows, amounts, strict=False):
        left_minor -= row.principal_minor
        asked_minor = _asked_minor(row)
        if asked_minor != amount_minor and (left_minor or asked_minor > amount_minor):
            return None
        if row.interest_minor and not row.principal_minor:
            amount = str(Money(asked_minor, currency))
            code = "adjust_level_below_interest"
            return made.refused(code, due_on=row.due_on, amount=amount)
    return made
