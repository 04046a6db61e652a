"""Loans for the tests of the engines of Apache Fineract's arithmetics."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from microcrm_core import Currency, Money, Rate
from microcrm_core.dates import Frequency
from microcrm_core.ids import LoanId
from microcrm_core.ledger import Disbursed, Happening, LedgerEvent, LedgerPolicy, Repaid
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.replaying import replay
from microcrm_core.loans import LoanTerms, ScheduleConventions

__all__ = ["EUR", "START", "changed", "loan", "on", "replayed", "rows"]

EUR = Currency.of("EUR")
START = dt.date(2024, 1, 1)


def on(month: int, day: int = 1) -> dt.date:
    """Return a day of 2024."""
    return dt.date(2024, month, day)


def loan(principal: str = "100.00", rate: str = "0.07", count: int = 6) -> LoanTerms:
    """Return a loan from the first of January in monthly installments."""
    return LoanTerms(
        principal=Money.of(principal, EUR),
        nominal_rate=Rate.per_year(rate),
        installment_count=count,
        frequency=Frequency.MONTHLY,
        disbursed_on=START,
        first_due_on=on(2),
    )


def replayed(
    terms: LoanTerms,
    happened: Sequence[tuple[dt.date, Happening | str]],
    conventions: ScheduleConventions,
    policy: LedgerPolicy,
    as_of: dt.date,
) -> LoanState:
    """Return the state after what happened; a text is the amount of a repayment.

    The whole principal is paid out first, unless something else is.
    """
    said: list[tuple[dt.date, Happening]] = [
        (day, Repaid(amount=Money.of(what, EUR)) if isinstance(what, str) else what)
        for day, what in happened
    ]
    if not any(isinstance(what, Disbursed) for _, what in said):
        said.insert(0, (terms.disbursed_on, Disbursed(amount=terms.principal)))
    return replay(
        terms,
        [
            LedgerEvent.of(
                what,
                loan_id=LoanId("loan-1"),
                value_on=day,
                recorded_at=dt.datetime(2024, 1, 1, minute=number, tzinfo=dt.UTC),
                idempotency_key=f"event-{number}",
            )
            for number, (day, what) in enumerate(said)
        ],
        conventions=conventions,
        policy=policy,
        as_of=as_of,
    )


def rows(state: LoanState) -> str:
    """Write principal and interest of every row, as cents."""
    return "|".join(f"{row.charged[0]} {row.charged[1]}" for row in state.rows)


def changed(state: LoanState, other: LoanState) -> list[int]:
    """Return the numbers of rows that ask for something else."""
    return [
        row.number
        for row, before in zip(state.rows, other.rows, strict=True)
        if row.charged != before.charged
    ]
