"""How requests about money become events: rate, payment, arrears, a new loan.

- *Rate.* It bears interest from its day on, the day of the plan or a later one; rates
  that were agreed for later days stay. A day bears the interest of the night before it,
  so where no day is named and an installment is due on the day, it is the day after.
- *Payment.* It is what the customer pays on the day, no more than closes the loan.
- *Arrears.* What is overdue becomes principal, or is spread over what is to come; all
  that is owed is put on new installments. Charges that are not due yet stay.
- *Renewal.* The new loan pays what closes this one on the day.

Example:
    >>> from microcrm_core.adjustments.money_plans import plan_payment
    >>> plan_payment.__name__
    'plan_payment'
"""

from __future__ import annotations

import datetime as dt

from microcrm_core.adjustments.plan_steps import Planned, PlanStep
from microcrm_core.adjustments.requests import (
    ChangeRate,
    Prepay,
    ReAge,
    ReAmortize,
    Renew,
)
from microcrm_core.decisions import Reason
from microcrm_core.ledger.happenings import (
    ArrearsCapitalized,
    RateChanged,
    ReAged,
    ReAmortized,
    Renewed,
    Repaid,
)
from microcrm_core.ledger.ledger_policies import LateInterest
from microcrm_core.ledger.logs import read_log
from microcrm_core.ledger.row_accounts import RowKind
from microcrm_core.rates import Rate

__all__ = [
    "plan_capitalization",
    "plan_payment",
    "plan_rate",
    "plan_re_aging",
    "plan_re_amortizing",
    "plan_renewal",
]


def plan_rate(step: PlanStep, request: ChangeRate) -> Planned:
    """Let another rate bear interest from a day on.

    Example:
        See `microcrm_core.adjustments.request_plans`.
    """
    from_on = _first_day(step) if request.from_on is None else request.from_on
    if from_on < step.as_of:
        params = {"from_on": from_on, "as_of": step.as_of}
        return Reason("adjust_rate_in_the_past", params)
    goes_on = step.account.policy.late_interest
    if goes_on is not LateInterest.ON_PRINCIPAL_AFTER_MATURITY:
        last_on = max(row.due_on for row in step.state.rows)
        if last_on <= step.as_of:
            return Reason("adjust_no_due_date_to_come", {"last_due_on": last_on})
        if from_on > last_on:
            params = {"from_on": from_on, "last_due_on": last_on}
            return Reason("adjust_rate_after_end", params)
    if _rate_on(step, from_on) == request.nominal_rate:
        return step.refused("adjust_nothing_changes")
    return step.then(RateChanged(request.nominal_rate), from_on)


def plan_payment(step: PlanStep, request: Prepay) -> Planned:
    """Let an amount be paid on the day, or all that is owed.

    Example:
        See `microcrm_core.adjustments.request_plans`.
    """
    payoff, amount = step.state.payoff.total, request.amount
    if not payoff.is_positive:
        return Reason("adjust_nothing_owed", {"status": step.state.status.value})
    if amount is None:
        return step.then(Repaid(amount=payoff))
    if amount.currency != payoff.currency:
        codes = {"currency": amount.currency.code, "of_loan": payoff.currency.code}
        return Reason("adjust_other_currency", codes)
    if amount > payoff:
        params = {"amount": str(amount), "payoff": str(payoff)}
        return Reason("adjust_above_payoff", params)
    does = step.account.policy.early_payment
    if request.effect not in (None, does):
        params = {"effect": request.effect.value, "does": does.value}
        return Reason("adjust_other_effect", params)
    return step.then(Repaid(amount=amount))


def plan_capitalization(step: PlanStep) -> Planned:
    """Let overdue interest, fees and penalties become principal.

    Example:
        See `microcrm_core.adjustments.request_plans`.
    """
    overdue = step.state.overdue
    if overdue.total == overdue.principal:
        return step.refused("adjust_nothing_overdue", as_of=step.as_of)
    return _refusal_of_end(step) or step.then(ArrearsCapitalized())


def plan_re_aging(step: PlanStep, request: ReAge) -> Planned:
    """Put all that is owed on new installments.

    Example:
        See `microcrm_core.adjustments.request_plans`.
    """
    if request.start_on <= step.as_of:
        params = {"on": request.start_on, "after_on": step.as_of}
        return Reason("adjust_date_in_the_past", params)
    return step.then(
        ReAged(
            start_on=request.start_on,
            frequency=request.frequency,
            installment_count=request.installment_count,
            interest=request.interest,
        )
    )


def plan_re_amortizing(step: PlanStep, request: ReAmortize) -> Planned:
    """Spread what is due and unpaid over the installments to come.

    Example:
        See `microcrm_core.adjustments.request_plans`.
    """
    due = step.state.due
    if not (due.principal.minor or due.interest.minor):
        return step.refused("adjust_nothing_overdue", as_of=step.as_of)
    return _refusal_of_end(step) or step.then(ReAmortized(request.interest))


def plan_renewal(step: PlanStep, request: Renew) -> Planned:
    """Let a new loan pay what closes this one on the day.

    Example:
        See `microcrm_core.adjustments.request_plans`.
    """
    payoff = step.state.payoff.total
    if not payoff.is_positive:
        return Reason("adjust_nothing_owed", {"status": step.state.status.value})
    return step.then(Renewed(request.new_loan_id, payoff))


def _first_day(step: PlanStep) -> dt.date:
    """Return the first day whose rate leaves what is due on the day as it is."""
    is_after = step.account.conventions.has_interest_on_disbursement_day
    is_due = step.as_of in [row.due_on for row in step.state.rows]
    is_next = is_due and step.is_begun and not is_after
    return step.as_of + dt.timedelta(days=1) if is_next else step.as_of


def _refusal_of_end(step: PlanStep) -> Reason | None:
    """Return why no installment to come can take arrears; None: one can."""
    if step.rows_to_come(RowKind.REGULAR, RowKind.RE_AGED):
        return None
    last_on = max(row.due_on for row in step.state.rows)
    return Reason("adjust_no_due_date_to_come", {"last_due_on": last_on})


def _rate_on(step: PlanStep, on: dt.date) -> Rate:
    """Return the rate that bears interest on a day, as far as is known."""
    terms = step.account.terms
    rate, since_on = terms.nominal_rate, dt.date.min
    changes = [(one.from_on, one.nominal_rate) for one in terms.rate_changes]
    changes += [
        (event.value_on, event.what.nominal_rate)
        for event in read_log(step.account.events, as_of=step.as_of)
        if isinstance(event.what, RateChanged)
    ]
    for from_on, changed in changes:
        if since_on <= from_on <= on:
            rate, since_on = changed, from_on
    return rate
