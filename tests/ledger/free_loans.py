"""A loan without interest, whose amounts can be worked out by hand.

900.00 is paid out on 1 January 2024 and due in three installments of 300.00, on the
first days of February, March and April.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs

from microcrm_core import Currency, Frequency, Money, Rate
from microcrm_core.ids import EventId, LoanId
from microcrm_core.ledger import (
    Charged,
    ChargeKind,
    Disbursed,
    Happening,
    LedgerEvent,
    LedgerPolicy,
    Repaid,
    RepaymentKind,
)
from microcrm_core.ledger.ledger_policies import PLAIN_LEDGER
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.replaying import replay
from microcrm_core.loans import FINERACT, LoanTerms, Portion, ScheduleConventions

__all__ = [
    "EUR",
    "LENT_ON",
    "TERMS",
    "Case",
    "columns",
    "day",
    "euro",
    "fee",
    "penalty",
    "repaid",
]

EUR: Final = Currency.of("EUR")
LENT_ON: Final = dt.date(2024, 1, 1)
TERMS: Final = LoanTerms(
    principal=Money.of("900.00", EUR),
    nominal_rate=Rate.per_year(0),
    installment_count=3,
    frequency=Frequency.MONTHLY,
    disbursed_on=LENT_ON,
    first_due_on=dt.date(2024, 2, 1),
)


def day(month: int, number: int) -> dt.date:
    """Return a day of 2024."""
    return dt.date(2024, month, number)


def euro(text: str) -> Money:
    """Return an amount."""
    return Money.of(text, EUR)


def repaid(text: str, kind: RepaymentKind = RepaymentKind.REPAYMENT) -> Repaid:
    """Return a repayment."""
    return Repaid(amount=euro(text), kind=kind)


def penalty(text: str, due_on: dt.date) -> Charged:
    """Return a penalty of a fixed sum."""
    return Charged(
        kind=ChargeKind.PENALTY,
        portion=Portion.of_amount(euro(text)),
        due_on=due_on,
    )


def fee(text: str, due_on: dt.date) -> Charged:
    """Return a fee of a fixed sum."""
    return attrs.evolve(penalty(text, due_on), kind=ChargeKind.FEE)


@attrs.define(kw_only=True)
class Case:
    """A loan and what happened to it, in order of arrival.

    Attributes:
        terms: What was agreed.
        policy: How it is kept.
        conventions: How amounts are made.
        events: What happened.
    """

    terms: LoanTerms = TERMS
    policy: LedgerPolicy = PLAIN_LEDGER
    conventions: ScheduleConventions = FINERACT
    events: list[LedgerEvent] = attrs.Factory(list)

    @classmethod
    def lent(
        cls, terms: LoanTerms = TERMS, policy: LedgerPolicy = PLAIN_LEDGER
    ) -> Case:
        """Return the loan just after it was paid out."""
        case = cls(terms=terms, policy=policy)
        case.add(Disbursed(amount=terms.principal), terms.disbursed_on)
        return case

    def add(self, what: Happening, on: dt.date) -> EventId:
        """Let something happen; return the id of the event."""
        number = len(self.events)
        event = LedgerEvent.of(
            what,
            loan_id=LoanId("loan-1"),
            value_on=on,
            recorded_at=dt.datetime(2024, 12, 1, 0, number, tzinfo=dt.UTC),
            idempotency_key=f"{number:03}",
        )
        self.events.append(event)
        return event.id

    def state(self, as_of: dt.date) -> LoanState:
        """Return the loan at the close of a day."""
        return replay(
            self.terms,
            self.events,
            conventions=self.conventions,
            policy=self.policy,
            as_of=as_of,
        )


def columns(state: LoanState, *names: str) -> list[tuple[object, ...]]:
    """Return named parts of each row."""
    return [tuple(getattr(row, name) for name in names) for row in state.rows]
