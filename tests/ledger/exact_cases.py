"""A loan by exact fractions, whose interest can be worked out by hand.

1,000.00 at 24 % (ACT/365F) is paid out on 15 January 2025 and due in three installments
of 346.57: 326.19 + 20.38, 334.16 + 12.41 and 339.65 + 6.92.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import attrs

from microcrm_core import Currency, Frequency, Money, Rate
from microcrm_core.ids import LoanId, PolicyId
from microcrm_core.ledger.allocation_orders import FEES_INTEREST_PRINCIPAL, InAdvance
from microcrm_core.ledger.happenings import Disbursed, Happening, Repaid
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import (
    EarlyInterest,
    EarlyPayment,
    LateInterest,
    LedgerPolicy,
)
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.replaying import replay
from microcrm_core.loans import STRICT, LoanTerms, ScheduleConventions

__all__ = [
    "EUR",
    "LENT_ON",
    "TERMS",
    "at",
    "day",
    "disbursed",
    "money",
    "paid",
    "policy",
    "rows",
    "state_of",
]

EUR: Final = Currency.of("EUR")
LENT_ON: Final = dt.date(2025, 1, 15)
TERMS: Final = LoanTerms(
    principal=Money.of("1000.00", EUR),
    nominal_rate=Rate.per_year("0.24"),
    installment_count=3,
    frequency=Frequency.MONTHLY,
    disbursed_on=LENT_ON,
    first_due_on=dt.date(2025, 2, 15),
)


def day(month: int, number: int) -> dt.date:
    """Return a day of 2025."""
    return dt.date(2025, month, number)


def money(text: str) -> Money:
    """Return an amount in euros."""
    return Money.of(text, EUR)


def at(on: dt.date, what: Happening, key: str = "", *, minute: int = 0) -> LedgerEvent:
    """Return an event of a day; what is paid out comes first on it."""
    hour = 1 if isinstance(what, Disbursed) else 2
    return LedgerEvent.of(
        what,
        loan_id=LoanId("loan-1"),
        value_on=on,
        recorded_at=dt.datetime(2026, 1, 1, hour, minute, tzinfo=dt.UTC),
        idempotency_key=f"{type(what).__name__} {on} {key or 0}",
    )


def disbursed(terms: LoanTerms = TERMS) -> list[LedgerEvent]:
    """Return the events of all disbursements as planned."""
    return [
        at(
            on,
            Disbursed(amount=amount, is_down_payment_taken=False),
            str(number),
            minute=number,
        )
        for number, (on, amount) in enumerate(terms.disbursements)
    ]


def paid(on: dt.date, text: str, key: str = "") -> LedgerEvent:
    """Return a repayment."""
    return at(on, Repaid(amount=money(text)), key)


def policy(
    early: EarlyPayment = EarlyPayment.NOTHING,
    *,
    interest: EarlyInterest = EarlyInterest.TO_THE_DAY,
    late: LateInterest = LateInterest.NONE,
    in_advance: InAdvance = InAdvance.NEXT,
) -> LedgerPolicy:
    """Return a policy that pays fees, interest, principal, penalties."""
    return LedgerPolicy(
        id=PolicyId("test"),
        allocation=attrs.evolve(FEES_INTEREST_PRINCIPAL, in_advance=in_advance),
        early_payment=early,
        early_interest=interest,
        late_interest=late,
    )


def state_of(
    events: Sequence[LedgerEvent],
    rules: LedgerPolicy,
    as_of: dt.date,
    *,
    terms: LoanTerms = TERMS,
    conventions: ScheduleConventions = STRICT,
) -> LoanState:
    """Return the state of the loan, paid out as planned, with these events."""
    return replay(
        terms,
        [*disbursed(terms), *events],
        conventions=conventions,
        policy=rules,
        as_of=as_of,
    )


def rows(state: LoanState) -> list[tuple[int, int]]:
    """Return principal and interest that each row asks for."""
    return list(zip(state.charged_minor[0], state.charged_minor[1], strict=True))
