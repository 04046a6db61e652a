"""The laws of every quote, on loans after it that break one of them."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from microcrm_core import Money
from microcrm_core.adjustments import (
    AdjustmentOutcome,
    AdjustmentQuote,
    ReAmortize,
    lines_of,
)
from microcrm_core.adjustments.quote_laws import law_refusals
from microcrm_core.ledger import LoanAccount, LoanState
from tests.adjustments.quote_cases import EUR, LOAN_ID, day, lent_account

LATE = day(4, 25)
# Two are paid, the third is due and paid by half, three are to come.
ACCOUNT: LoanAccount = lent_account(paid_count=2, part_paid=True)
BEFORE: LoanState = ACCOUNT.state(LATE)
PRINCIPAL, INTEREST = 0, 1


def quote_of(after: LoanState | None, capitalized_minor: int = 0) -> AdjustmentQuote:
    return AdjustmentQuote(
        loan_id=LOAN_ID,
        as_of=LATE,
        requests=(ReAmortize(),),
        outcome=AdjustmentOutcome.ALLOWED,
        basis=ACCOUNT.digest,
        valid_until=LATE,
        before=BEFORE,
        after=after,
        lines=() if after is None else lines_of(BEFORE, after),
        capitalized=Money(capitalized_minor, EUR),
    )


def changed(bucket: int, *deltas: tuple[int, int], name: str = "charged") -> LoanState:
    """Return the loan with other amounts in some rows, by position and difference."""
    columns: list[list[int]] = [*map(list, getattr(BEFORE, f"{name}_minor"))]
    for row, delta in deltas:
        columns[bucket][row] += delta
    parts: dict[str, Any] = {f"{name}_minor": tuple(map(tuple, columns))}
    return attrs.evolve(BEFORE, **parts)


def codes(quote: AdjustmentQuote) -> list[str]:
    return [reason.code for reason in law_refusals(quote)]


def test_the_same_loan_breaks_no_law_and_no_loan_breaks_none() -> None:
    assert codes(quote_of(BEFORE)) == []
    assert codes(quote_of(None)) == []


def test_rows_to_come_may_ask_for_other_amounts() -> None:
    assert codes(quote_of(changed(PRINCIPAL, (3, -500), (5, 500)))) == []
    assert codes(quote_of(changed(INTEREST, (4, 900)))) == []


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("delta", [-1, 1])
def test_a_paid_installment_asks_for_what_it_asked_for(row: int, delta: int) -> None:
    quote = quote_of(changed(INTEREST, (row, delta)))
    (reason,) = law_refusals(quote)
    assert reason.code == "adjust_changes_paid"
    assert dict(reason.params) == {"number": row + 1, "due_on": day(row + 2, 15)}


def test_an_installment_paid_in_part_may_ask_for_less_and_never_for_more() -> None:
    less = quote_of(changed(PRINCIPAL, (2, -500), (5, 500)))
    more = quote_of(changed(PRINCIPAL, (2, 500), (5, -500)))
    assert codes(less) == []
    assert codes(more) == ["adjust_changes_paid"]


def test_what_was_paid_stays_paid() -> None:
    assert codes(quote_of(changed(INTEREST, (2, -1), name="paid"))) == [
        "adjust_changes_paid"
    ]
    # A payment pays more of it.
    assert codes(quote_of(changed(PRINCIPAL, (2, 100), name="paid"))) == []


@pytest.mark.parametrize("row", [0, 2])
def test_the_due_date_of_a_paid_installment_stays(row: int) -> None:
    due_day = list(BEFORE.due_day)
    due_day[row] += 1
    after = attrs.evolve(BEFORE, due_day=tuple(due_day))
    assert "adjust_changes_paid" in codes(quote_of(after))


def test_a_waiver_of_a_paid_installment_is_a_change() -> None:
    waived = quote_of(changed(INTEREST, (0, 100), name="waived"))
    assert codes(waived) == ["adjust_changes_paid"]


@pytest.mark.parametrize("delta", [-1, 1])
def test_principal_neither_appears_nor_vanishes(delta: int) -> None:
    (reason,) = law_refusals(quote_of(changed(PRINCIPAL, (5, delta))))
    assert reason.code == "adjust_changes_principal"
    assert reason.params["before"] == "EUR 1200.00"
    assert reason.params["after"] == str(Money(120_000 + delta, EUR))


def test_what_was_capitalized_is_principal_by_name() -> None:
    assert codes(quote_of(changed(PRINCIPAL, (5, 700)), 700)) == []
    assert codes(quote_of(changed(PRINCIPAL, (5, 700)), 699)) == [
        "adjust_changes_principal"
    ]
