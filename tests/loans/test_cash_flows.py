"""Cash flows: directions by name, charges that count and charges that do not."""

from __future__ import annotations

import datetime as dt

import pytest

from microcrm_core import Currency, CurrencyMismatchError, InvalidValueError, Money
from microcrm_core.decisions import canonical_json
from microcrm_core.loans.cash_flows import (
    CashFlow,
    CreditFlows,
    FlowDirection,
    FlowKind,
)
from tests.loans.credit_cases import DOLLAR, advance, charge, credit, repayment

START = "2025-01-15"
END = "2026-01-15"


@pytest.mark.parametrize(
    ("kind", "direction"),
    [
        (FlowKind.ADVANCE, FlowDirection.TO_BORROWER),
        (FlowKind.REFUND, FlowDirection.TO_BORROWER),
        (FlowKind.REPAYMENT, FlowDirection.FROM_BORROWER),
        (FlowKind.CHARGE, FlowDirection.FROM_BORROWER),
    ],
)
def test_the_kind_says_which_way_money_goes(
    kind: FlowKind, direction: FlowDirection
) -> None:
    assert kind.direction is direction


def test_a_sign_is_refused_because_the_kind_has_it() -> None:
    with pytest.raises(InvalidValueError, match="amount must not be negative"):
        repayment(START, -1)


def test_a_charge_needs_a_name() -> None:
    with pytest.raises(InvalidValueError, match="name must be text"):
        CashFlow(dt.date(2025, 1, 1), Money(1, DOLLAR), FlowKind.CHARGE)


def test_an_unknown_kind_is_refused_with_those_known() -> None:
    with pytest.raises(InvalidValueError, match="one of advance, repayment"):
        CashFlow(
            dt.date(2025, 1, 1),
            Money(1, DOLLAR),
            "payment",
        )


def test_flows_are_put_in_order_of_days_and_keep_their_order_within_one() -> None:
    flows = credit(
        repayment(END, 110), advance(START, 100), charge(START, 3, "a"),
        charge(START, 4, "b"),
    ).flows  # fmt: skip

    assert [flow.amount.minor for flow in flows] == [100, 3, 4, 110]


@pytest.mark.parametrize(
    ("flows", "rule"),
    [
        ([repayment(START, 1)], "must hold an advance"),
        ([advance(START, 1)], "must hold a flow from the borrower"),
        ([], "must hold an advance"),
    ],
)
def test_what_is_no_credit_is_refused(flows: list[CashFlow], rule: str) -> None:
    with pytest.raises(InvalidValueError, match=rule):
        CreditFlows(flows)


def test_two_currencies_are_refused() -> None:
    euro = CashFlow(
        dt.date(2026, 1, 15), Money(1, Currency.of("EUR")), FlowKind.REPAYMENT
    )

    with pytest.raises(CurrencyMismatchError):
        credit(advance(START, 1), euro)


def test_sums_count_every_flow_that_is_not_excluded() -> None:
    flows = credit(
        advance(START, 100_000),
        charge(START, 2_000, "set-up"),
        charge(START, 700, "notary"),
        repayment(END, 110_000),
    )

    assert (flows.received.minor, flows.paid.minor) == (100_000, 112_700)
    assert flows.cost.minor == 12_700
    without = flows.without_charges({"notary"})
    assert without.cost.minor == 12_000
    assert without.included_charges == ("set-up",)
    assert without.excluded_charges == ("notary",)
    assert without.without_charges({"set-up"}).excluded_charges == ("notary", "set-up")


def test_excluding_a_charge_that_is_not_there_is_refused_with_those_that_are() -> None:
    flows = credit(advance(START, 100), charge(START, 2, "set-up"), repayment(END, 110))

    with pytest.raises(InvalidValueError, match=r"charges that count \(set-up\)"):
        flows.without_charges({"notary"})


def test_only_charges_can_be_excluded() -> None:
    with pytest.raises(InvalidValueError, match="nothing but charges"):
        CreditFlows(
            [advance(START, 100), repayment(END, 110)], excluded=[repayment(END, 1)]
        )


def test_a_credit_has_one_canonical_text() -> None:
    text = canonical_json(credit(advance(START, 100), repayment(END, 110)))

    assert '"kind":"advance"' in text
    assert '"on":"2026-01-15"' in text


def test_flows_show_their_number_and_sums_in_one_line() -> None:
    flows = CreditFlows(
        [advance(START, 100_000), repayment(END, 110_000), charge(START, 500, "file")],
        [charge(START, 900, "notary")],
    )

    assert repr(flows) == (
        "CreditFlows(3 flows from 2025-01-15 to 2026-01-15, received USD 1000.00, "
        "paid USD 1105.00, 1 excluded)"
    )


def test_a_notebook_shows_every_flow_and_whether_it_counts() -> None:
    flows = CreditFlows(
        [advance(START, 100_000), repayment(END, 110_000)],
        [charge(START, 900, "<notary>")],
    )
    shown = flows._repr_html_()

    assert shown.startswith("<table><caption>USD</caption>")
    assert (
        "<tr><td>2025-01-15</td><td>advance</td><td></td><td>1000.00</td><td></td>"
        "<td>yes</td></tr>"
    ) in shown
    assert (
        "<td>&lt;notary&gt;</td><td></td><td>9.00</td><td>no</td></tr></tbody>"
    ) in shown
    # A charge that does not count is in no total.
    assert "<td>1000.00</td><td>1100.00</td><td></td></tr></tfoot>" in shown
