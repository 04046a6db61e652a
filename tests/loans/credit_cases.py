"""Credits for the tests of the cost of credit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from microcrm_core.dates import Frequency, due_dates
from microcrm_core.loans.cash_flows import CashFlow, CreditFlows, FlowKind
from microcrm_core.money import Currency, Money

__all__ = ["DOLLAR", "advance", "charge", "credit", "credits", "level", "repayment"]

DOLLAR: Final = Currency.of("USD")


def advance(on: str | dt.date, minor: int) -> CashFlow:
    return CashFlow(_day(on), Money(minor, DOLLAR), FlowKind.ADVANCE)


def repayment(on: str | dt.date, minor: int) -> CashFlow:
    return CashFlow(_day(on), Money(minor, DOLLAR), FlowKind.REPAYMENT)


def charge(on: str | dt.date, minor: int, name: str = "fee") -> CashFlow:
    return CashFlow(_day(on), Money(minor, DOLLAR), FlowKind.CHARGE, name)


def credit(*flows: CashFlow) -> CreditFlows:
    return CreditFlows(flows)


def level(
    minor: int,
    start_on: str,
    paid_minor: int,
    first_on: str,
    count: int,
    frequency: Frequency = Frequency.MONTHLY,
    last_minor: int | None = None,
) -> CreditFlows:
    """A credit of equal installments, the last of which may differ."""
    paid = [paid_minor] * count
    if last_minor is not None:
        paid[-1] = last_minor
    paid_on = due_dates(dt.date.fromisoformat(first_on), frequency, count)
    return credit(
        advance(start_on, minor),
        *(repayment(on, amount) for on, amount in zip(paid_on, paid, strict=True)),
    )


@st.composite
def credits(
    draw: st.DrawFn, *, frequencies: Sequence[Frequency] = (Frequency.MONTHLY,)
) -> CreditFlows:
    """One advance, perhaps a fee, then regular payments of any size."""
    start_on = draw(st.dates(dt.date(1990, 1, 1), dt.date(2060, 1, 1)))
    minor = draw(st.integers(1_000, 10**9))
    count = draw(st.integers(1, 40))
    first_days = draw(st.integers(1, 60))
    frequency = draw(st.sampled_from(frequencies))
    first_on = start_on + dt.timedelta(days=first_days)
    shares = draw(st.lists(st.integers(1, 200), min_size=count, max_size=count))
    flows = [advance(start_on, minor)]
    flows += [
        repayment(on, max(1, minor * share // (60 * count)))
        for on, share in zip(due_dates(first_on, frequency, count), shares, strict=True)
    ]
    fee = draw(st.integers(0, minor // 10))
    if fee:
        flows.append(charge(start_on, fee))
    return CreditFlows(flows)


def _day(on: str | dt.date) -> dt.date:
    return dt.date.fromisoformat(on) if isinstance(on, str) else on
