"""A loan on which requests are planned, and what comes of them.

1,200.00 at 24 % in four months of 30/360 is paid out on 15 January 2025: installments
of 315.15, 291.15 + 24.00, 296.97 + 18.18, 302.91 + 12.24 and 308.97 + 6.18.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from microcrm_core import Currency, Frequency, Money, Rate
from microcrm_core.adjustments.adjustment_policies import AbsorbedBy, AdjustmentPolicy
from microcrm_core.adjustments.adjustment_presets import ADJUSTMENTS_STANDARD
from microcrm_core.adjustments.plan_steps import DueDates
from microcrm_core.adjustments.planned_changes import PlannedRequests
from microcrm_core.adjustments.request_plans import plan_requests
from microcrm_core.adjustments.requests import AdjustmentRequest
from microcrm_core.ids import LoanId
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    Disbursed,
    Happening,
    LedgerEvent,
    LedgerPolicy,
    LoanAccount,
    LoanState,
    Repaid,
)
from microcrm_core.loans import STRICT_30_360, LoanTerms, ScheduleConventions

__all__ = [
    "EUR",
    "TERMS",
    "account_of",
    "after",
    "code_of",
    "dates_of",
    "day",
    "event",
    "monthly",
    "paid",
    "planned",
    "policy_of",
    "totals",
]

EUR: Final = Currency.of("EUR")
LOAN_ID: Final = LoanId("loan-7")
TERMS: Final = LoanTerms(
    principal=Money.of("1200.00", EUR),
    nominal_rate=Rate.per_year("0.24"),
    installment_count=4,
    frequency=Frequency.MONTHLY,
    disbursed_on=dt.date(2025, 1, 15),
    first_due_on=dt.date(2025, 2, 15),
)


def day(month: int, number: int, year: int = 2025) -> dt.date:
    """Return a day of 2025."""
    return dt.date(year, month, number)


def event(what: Happening, value_on: dt.date, key: str = "") -> LedgerEvent:
    """Return an event that is recorded at noon of its day."""
    return LedgerEvent.of(
        what,
        loan_id=LOAN_ID,
        value_on=value_on,
        recorded_at=dt.datetime.combine(value_on, dt.time(12), tzinfo=dt.UTC),
        idempotency_key=f"{type(what).__name__} {value_on} {key or 0}",
    )


def paid(text: str, on: dt.date) -> LedgerEvent:
    """Return a repayment."""
    return event(Repaid(amount=Money.of(text, EUR)), on)


def account_of(
    events: Iterable[LedgerEvent] = (),
    *,
    terms: LoanTerms = TERMS,
    conventions: ScheduleConventions = STRICT_30_360,
    policy: LedgerPolicy = PLAIN_LEDGER,
    is_disbursed: bool = True,
) -> LoanAccount:
    """Return the loan, paid out as planned, with more events."""
    lent = [
        event(Disbursed(amount=amount), on, str(number))
        for number, (on, amount) in enumerate(terms.disbursements)
    ]
    return LoanAccount(
        loan_id=LOAN_ID,
        terms=terms,
        events=(*(lent if is_disbursed else ()), *events),
        conventions=conventions,
        policy=policy,
    )


def monthly(first_on: dt.date, count: int) -> LoanTerms:
    """Return the terms with other due dates, in months, and a month before them."""
    return attrs.evolve(
        TERMS,
        disbursed_on=first_on - dt.timedelta(days=30),
        first_due_on=first_on,
        installment_count=count,
    )


def policy_of(by: AbsorbedBy) -> AdjustmentPolicy:
    """Return a policy under which so much takes what a change costs."""
    return attrs.evolve(ADJUSTMENTS_STANDARD, absorbed_by=by)


def planned(
    account: LoanAccount,
    requests: AdjustmentRequest | Sequence[AdjustmentRequest],
    as_of: dt.date,
    *,
    by: AbsorbedBy = AbsorbedBy.LEVEL,
    known_at: dt.datetime | None = None,
) -> PlannedRequests:
    """Return what requests come to."""
    return plan_requests(account, requests, policy_of(by), as_of, known_at=known_at)


def code_of(plan: PlannedRequests) -> str:
    """Return the code of the one reason for which requests are refused."""
    [reason] = plan.refusals
    assert not plan.changes
    assert reason.text("en")
    assert reason.text("zh-CN")
    return reason.code


def after(account: LoanAccount, plan: PlannedRequests, as_of: dt.date) -> LoanState:
    """Return the state of a loan once what is planned was recorded, in its order."""
    assert not plan.refusals, plan.refusals
    latest_at = max(
        (one.recorded_at for one in account.events),
        default=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    )
    events = [
        LedgerEvent.of(
            change.what,
            loan_id=account.loan_id,
            value_on=change.value_on,
            recorded_at=latest_at + dt.timedelta(minutes=number),
            idempotency_key=f"accepted {number}",
        )
        for number, change in enumerate(plan.changes, start=1)
    ]
    return account.with_events(events).state(as_of)


def dates_of(state: LoanState) -> list[str]:
    """Return all due dates before they are moved to business days."""
    return [str(on) for on in DueDates.of(state).on]


def totals(state: LoanState) -> list[int]:
    """Return principal and interest of each row, in minor units."""
    return [row.principal_minor + row.interest_minor for row in state.rows]
