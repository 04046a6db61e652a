"""How requests become events: `plan_requests`.

Each request is planned on the loan as the earlier ones leave it, by the rule of its
kind: see `date_plans`, `cycle_plans` and `money_plans`; `absorbing` says who takes what
a change of dates or rate costs. What cannot be is refused with a `Reason`, never with
an error: nothing is owed, no installment is to come, the ledger does not allow it. The
first request that is refused ends the planning, since the later ones were meant for
another loan.

Limits of a policy, such as how often and how far, are no matter of planning: they are
judged by what a plan comes to.

Example:
    >>> from microcrm_core.adjustments import plan_requests
    >>> plan_requests.__name__
    'plan_requests'
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import attrs

from microcrm_core.adjustments.absorbing import ABSORBED_KINDS, absorb
from microcrm_core.adjustments.adjustment_policies import AdjustmentPolicy
from microcrm_core.adjustments.cycle_plans import plan_frequency, plan_seasons
from microcrm_core.adjustments.date_plans import (
    plan_due_day,
    plan_holiday,
    plan_shift,
    plan_term,
)
from microcrm_core.adjustments.money_plans import (
    plan_capitalization,
    plan_payment,
    plan_rate,
    plan_re_aging,
    plan_re_amortizing,
    plan_renewal,
)
from microcrm_core.adjustments.plan_steps import (
    DueDates,
    Planned,
    PlanStep,
    ledger_refusal,
)
from microcrm_core.adjustments.planned_changes import PlannedRequests
from microcrm_core.adjustments.requests import (
    AdjustmentKind,
    AdjustmentRequest,
    CapitalizeArrears,
    ChangeDueDay,
    ChangeFrequency,
    ChangeRate,
    ExtendTerm,
    PaymentHoliday,
    Prepay,
    ReAge,
    ReAmortize,
    Renew,
    SeasonalPlan,
    ShiftDueDates,
    kind_of,
    requests_of,
)
from microcrm_core.checks import day, of_kind, utc_instant
from microcrm_core.decisions import Reason
from microcrm_core.errors import InvalidValueError
from microcrm_core.ledger.loan_accounts import LoanAccount
from microcrm_core.ledger.loan_statuses import LoanStatus
from microcrm_core.ledger.row_accounts import RowKind

__all__ = ["plan_requests"]

_OF_TERMS: Final = frozenset(
    {
        AdjustmentKind.CHANGE_DUE_DAY,
        AdjustmentKind.SHIFT_DUE_DATES,
        AdjustmentKind.PAYMENT_HOLIDAY,
        AdjustmentKind.EXTEND_TERM,
        AdjustmentKind.CHANGE_FREQUENCY,
        AdjustmentKind.SEASONAL_PLAN,
    }
)
"""Requests that plan installments to come again, by the terms of the loan."""


def plan_requests(
    account: LoanAccount,
    requests: AdjustmentRequest | Iterable[AdjustmentRequest],
    policy: AdjustmentPolicy,
    as_of: dt.date,
    *,
    known_at: dt.datetime | None = None,
) -> PlannedRequests:
    """Return the events that requests come to, in order, or why they cannot be met.

    Args:
        account: The loan.
        requests: One or several, in the order in which they apply.
        policy: Says which installments take what a change costs.
        as_of: The day on which they would be agreed.
        known_at: Last moment of recording that counts; None: all is known.

    Raises:
        LedgerError: The events that are known contradict each other.
        ScheduleError: The terms, with their changes, allow no schedule.
        InvalidValueError: An argument is of another kind.

    Example:
        >>> import datetime as dt
        >>> from microcrm_core import STRICT, Currency, Frequency, LoanTerms, Money
        >>> from microcrm_core import Rate
        >>> from microcrm_core.adjustments import ADJUSTMENTS_STANDARD, ChangeDueDay
        >>> from microcrm_core.adjustments import ExtendTerm, plan_requests
        >>> from microcrm_core.ids import LoanId
        >>> from microcrm_core.ledger import PLAIN_LEDGER, Disbursed, LedgerEvent
        >>> from microcrm_core.ledger import LoanAccount
        >>> terms = LoanTerms(
        ...     principal=Money.of("1000.00", Currency.of("EUR")),
        ...     nominal_rate=Rate.per_year("0.24"),
        ...     installment_count=3,
        ...     frequency=Frequency.MONTHLY,
        ...     disbursed_on=dt.date(2025, 1, 31),
        ...     first_due_on=dt.date(2025, 2, 28),
        ... )
        >>> lent = LedgerEvent.of(
        ...     Disbursed(amount=terms.principal),
        ...     loan_id=LoanId("loan-7"),
        ...     value_on=terms.disbursed_on,
        ...     recorded_at=dt.datetime(2025, 1, 31, tzinfo=dt.UTC),
        ...     idempotency_key="lent",
        ... )
        >>> account = LoanAccount(
        ...     loan_id=LoanId("loan-7"),
        ...     terms=terms,
        ...     events=[lent],
        ...     conventions=STRICT,
        ...     policy=PLAIN_LEDGER,
        ... )
        >>> wanted, day = [ChangeDueDay(day=15), ExtendTerm(2)], dt.date(2025, 2, 10)
        >>> planned = plan_requests(account, wanted, ADJUSTMENTS_STANDARD, day)
        >>> moved, longer = planned.changes
        >>> str(moved.what.from_on), str(moved.what.to_on), longer.what.added_count
        ('2025-02-28', '2025-03-15', 2)
        >>> again = plan_requests(account, ExtendTerm(-3), ADJUSTMENTS_STANDARD, day)
        >>> [reason.text("en") for reason in again.refusals]
        ['3 fewer would leave no installment: 3 are to come']
    """
    of_kind("account", account, LoanAccount)
    of_kind("policy", policy, AdjustmentPolicy)
    day("as_of", as_of)
    moment = None if known_at is None else utc_instant("known_at", known_at)
    wanted = requests_of(requests)
    first = step = PlanStep.of(account, as_of, kind_of(wanted[0]), moment)
    for request in wanted:
        before = attrs.evolve(step, kind=kind_of(request))
        after = _planned(before, request, policy)
        if isinstance(after, Reason):
            return PlannedRequests(refusals=(after,), notes=step.notes)
        step = after
    refusal = _refusal_later(first, step)
    if refusal is not None:
        return PlannedRequests(refusals=(refusal,), notes=step.notes)
    return PlannedRequests(changes=step.changes, notes=step.notes)


def _planned(
    step: PlanStep, request: AdjustmentRequest, policy: AdjustmentPolicy
) -> Planned:
    """Return the loan with one more request, and who takes what it costs."""
    refusal = _refusal_of(step)
    if refusal is not None:
        return refusal
    after = _as_the_ledger_does(step, request)
    if isinstance(after, Reason):
        return after
    if step.kind in ABSORBED_KINDS:
        return absorb(step, after, policy.absorbed_by)
    return after


def _as_the_ledger_does(step: PlanStep, request: AdjustmentRequest) -> Planned:
    match request:
        case ChangeDueDay():
            return plan_due_day(step, request)
        case ShiftDueDates():
            return plan_shift(step, request)
        case PaymentHoliday():
            return plan_holiday(step, request)
        case ExtendTerm():
            return plan_term(step, request)
        case ChangeRate():
            return plan_rate(step, request)
        case Prepay():
            return plan_payment(step, request)
        case CapitalizeArrears():
            return plan_capitalization(step)
        case ReAge():
            return plan_re_aging(step, request)
        case ReAmortize():
            return plan_re_amortizing(step, request)
        case ChangeFrequency():
            return plan_frequency(step, request)
        case SeasonalPlan():
            return plan_seasons(step, request)
        case Renew():
            return plan_renewal(step, request)


def _refusal_of(step: PlanStep) -> Reason | None:
    """Return why a loan that stands where it stands cannot change; None: it can."""
    status = step.state.status
    if status is LoanStatus.WRITTEN_OFF:
        return step.refused("adjust_written_off")
    if status in (LoanStatus.CLOSED, LoanStatus.OVERPAID):
        return Reason("adjust_nothing_owed", {"status": status.value})
    if status is LoanStatus.APPROVED:
        is_ready = step.kind in _OF_TERMS or step.kind is AdjustmentKind.CHANGE_RATE
        return None if is_ready else step.refused("adjust_not_disbursed")
    if step.kind not in _OF_TERMS and step.kind is not AdjustmentKind.CHANGE_RATE:
        return None
    if any(row.kind is RowKind.RE_AGED for row in step.state.rows):
        is_rate = step.kind is AdjustmentKind.CHANGE_RATE
        return None if is_rate else step.refused("adjust_re_aged")
    # Where a contract was ended, its due dates are left, but nothing is due on them.
    is_ended = not step.rows_to_come(RowKind.REGULAR)
    if is_ended and DueDates.of(step.state).has_to_come:
        return step.refused("adjust_contract_ended")
    return None


def _refusal_later(first: PlanStep, last: PlanStep) -> Reason | None:
    """Return why the log cannot go on as it is known to; None: it can.

    What was recorded ahead, such as a due date that will move, may no longer fit.
    """
    latest_on = max([event.value_on for event in last.account.events])
    if latest_on <= last.as_of:
        return None
    try:
        last.account.state(latest_on)
    except InvalidValueError as error:
        return ledger_refusal(error) if _goes_on(first, latest_on) else None
    return None


def _goes_on(step: PlanStep, until_on: dt.date) -> bool:
    try:
        step.account.state(until_on)
    except InvalidValueError:
        return False
    return True
