"""Every request on every method in every state: a quote whose laws hold, or a refusal.

The table says what ought to be, by the meaning of the requests and the methods:

- What is asked of installments to come needs one: a bullet in arrears has none.
- Weights and amounts that are named one by one fix how many installments there are.
- Arrears can be put elsewhere only where there are any. A half of an installment pays
  all of its interest, but for interest only, so then none is overdue.
- Principal is not asked for in grace, so nothing else is different there.
- What somebody has paid stays, so flat interest on paid installments cannot change.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import product
from typing import Final, TypeAlias

import pytest

from microcrm_core import InvalidValueError, Money
from microcrm_core.adjustments import (
    AdjustmentKind,
    AdjustmentOutcome,
    AdjustmentQuote,
    accept,
    quote_adjustment,
)
from microcrm_core.decisions import Decision
from microcrm_core.ledger import LoanAccount, LoanState, LoanStatus
from tests.adjustments.quote_cases import (
    ANYTHING_GOES,
    EUR,
    METHOD_CASES,
    STATES,
    at,
    case_of,
    request_of,
)

KINDS: Final = tuple(AdjustmentKind)

# There is no such loan: the method leaves no grace.
NO_LOAN: Final = "no_loan"

Cell: TypeAlias = "tuple[str, str, str]"


def cells(
    kinds: Iterable[str], methods: Iterable[str], states: Iterable[str], outcome: str
) -> dict[Cell, str | None]:
    return dict.fromkeys(product(kinds, methods, states), outcome)


_FIXED_COUNT: Final = ("weighted", "custom_principal", "custom_installments")
_WITHOUT_GRACE: Final = ("bullet", "custom_principal", "custom_installments")
_NEED_NO_ROW: Final = ("prepay", "re_age", "renew")
# By request, method and state, later ones before earlier ones. A quote: not named, or
# None.
EXPECTED: Final[dict[Cell, str | None]] = {
    **cells(
        ("extend_term", "change_frequency"),
        _FIXED_COUNT,
        STATES,
        "adjust_method_fixes_count",
    ),
    # One installment that is left has no amount of its own: it takes what is left.
    ("extend_term", "custom_installments", "last_installment"): None,
    **cells(
        [kind for kind in KINDS if kind not in _NEED_NO_ROW],
        ("bullet",),
        ("arrears", "part_paid"),
        "adjust_no_due_date_to_come",
    ),
    **cells(
        ("capitalize_arrears", "re_amortize"),
        METHOD_CASES,
        ("no_arrears", "last_installment", "in_grace"),
        "adjust_nothing_overdue",
    ),
    **cells(
        ("capitalize_arrears",),
        [method for method in METHOD_CASES if method != "interest_only"],
        ("part_paid",),
        "adjust_nothing_overdue",
    ),
    # Flat interest is on what was lent once, for the whole term: it knows no second
    # amount, and another rate is another interest of what was paid already.
    ("capitalize_arrears", "flat_interest", "arrears"): "adjust_ledger_refuses",
    **cells(("change_rate",), ("flat_interest",), STATES, "adjust_changes_paid"),
    # By the seasons, interest is on what is left.
    **cells(
        ("seasonal_plan",), ("flat_interest",), STATES, "adjust_changes_interest_rule"
    ),
    **cells(KINDS, _WITHOUT_GRACE, ("in_grace",), NO_LOAN),
}

TABLE: Final = [
    (kind, method, state, EXPECTED.get((kind, method, state)))
    for kind in KINDS
    for method in METHOD_CASES
    for state in STATES
]


def quoted(
    kind: AdjustmentKind, method: str, state: str
) -> tuple[LoanAccount, dt.date, Decision[AdjustmentQuote]]:
    account, as_of = case_of(state, method)
    request = request_of(kind, as_of)
    return account, as_of, quote_adjustment(account, request, ANYTHING_GOES, as_of)


@pytest.mark.parametrize(("kind", "method", "state", "refusal"), TABLE)
def test_a_request_is_a_quote_whose_laws_hold_or_a_named_refusal(
    kind: AdjustmentKind, method: str, state: str, refusal: str | None
) -> None:
    if refusal == NO_LOAN:
        with pytest.raises(InvalidValueError, match="grace must be NO_GRACE"):
            case_of(state, method)
        return
    account, as_of, decision = quoted(kind, method, state)
    quote = decision.outcome
    codes = [reason.code for reason in decision.reasons]
    if refusal is not None:
        assert codes[0] == refusal
        assert quote.outcome is AdjustmentOutcome.REFUSED
        with pytest.raises(InvalidValueError, match=refusal):
            accept(decision, account, recorded_at=at(as_of, 20), idempotency_key="k")
        return

    assert quote.outcome is AdjustmentOutcome.ALLOWED, codes
    before, after = account.state(as_of), quote.after
    assert after is not None
    assert quote.before == before != after
    assert_principal_is_conserved(quote, before, after)
    assert_paid_rows_stay(quote, before, after)
    assert_days_past_due_tell_the_truth(kind, before, after, codes)
    assert quote.interest_delta == interest_of(after) - interest_of(before)
    assert_acceptance_is_the_quote(decision, account, as_of)
    assert all(sentence for sentence in decision.explain("zh-CN"))


def assert_principal_is_conserved(
    quote: AdjustmentQuote, before: LoanState, after: LoanState
) -> None:
    moved = sum(after.charged_minor[0]) - sum(before.charged_minor[0])
    assert moved == quote.capitalized.minor
    if AdjustmentKind.CAPITALIZE_ARREARS not in kinds_of(quote):
        assert moved == 0


def assert_paid_rows_stay(
    quote: AdjustmentQuote, before: LoanState, after: LoanState
) -> None:
    rows_after = {row.due_on: row for row in after.rows if row.due_on <= quote.as_of}
    for row in before.rows:
        if row.due_on <= quote.as_of and row.paid_minor:
            same = rows_after[row.due_on]
            if row.open_minor == 0:
                assert (same.charged, same.paid) == (row.charged, row.paid)
            pairs = zip(same.paid, row.paid, strict=True)
            assert all(paid >= paid_before for paid, paid_before in pairs)
            assert same.charged_minor <= row.charged_minor


def assert_days_past_due_tell_the_truth(
    kind: AdjustmentKind, before: LoanState, after: LoanState, codes: list[str]
) -> None:
    assert after.days_past_due <= before.days_past_due
    is_lower = after.days_past_due < before.days_past_due
    assert is_lower is ("adjust_cures_arrears" in codes)
    if is_lower:
        # Where nothing but interest is overdue, all of it becomes principal.
        assert kind in (
            *("prepay", "re_age", "re_amortize", "renew"),
            "capitalize_arrears",
        )


def assert_acceptance_is_the_quote(
    decision: Decision[AdjustmentQuote], account: LoanAccount, as_of: dt.date
) -> None:
    quote = decision.outcome
    digest = account.digest
    accepted = accept(
        decision, account, recorded_at=at(as_of, 20), idempotency_key="request-1"
    )
    assert account.digest == digest == quote.basis
    assert accepted.account.state(as_of) == accepted.state == quote.after
    assert [one.what for one in accepted.events] == [one.what for one in quote.changes]
    # The log goes on: what was agreed can be replayed on later days.
    for later in (1, 400):
        accepted.account.state(as_of + dt.timedelta(days=later))
    if AdjustmentKind.RENEW in kinds_of(quote):
        assert accepted.state.status is LoanStatus.CLOSED
        assert accepted.state.outstanding.total.is_zero
        assert accepted.new_account is not None
        new = accepted.new_account.state(as_of)
        assert new.outstanding.principal == Money(200_000, EUR)
    else:
        assert accepted.new_account is None


def kinds_of(quote: AdjustmentQuote) -> set[AdjustmentKind]:
    return {change.kind for change in quote.changes}


def interest_of(state: LoanState) -> Money:
    minor = sum(state.charged_minor[1]) - sum(state.waived_minor[1])
    return Money(minor, EUR)
