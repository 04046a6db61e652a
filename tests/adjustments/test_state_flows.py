"""The flows of a loan as it stands: nothing is lost between who paid and who will."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import InvalidValueError, Money
from microcrm_core.adjustments import credit_facts_of_state, flows_of_state
from microcrm_core.ledger import (
    ArrearsCapitalized,
    Charged,
    ChargedBack,
    ChargeKind,
    ChargeWaived,
    CreditRefunded,
    LoanState,
    ReAmortized,
    Repaid,
)
from microcrm_core.loans import (
    EqualInstallments,
    Fee,
    FeeTiming,
    FlowKind,
    Portion,
    RateMeasure,
    RepaymentPlan,
    build_schedule,
    flows_of_schedule,
    solve_rate,
)
from microcrm_core.loans.cash_flows import CreditFlows
from tests.adjustments.quote_cases import (
    EUR,
    METHOD_CASES,
    account_of,
    day,
    event,
    lent_account,
    money,
    terms_of,
)

SETUP = Fee(name="set-up", timing=FeeTiming.UPFRONT, portion=Portion.of_share("0.01"))
FINANCED = Fee(
    name="insurance", timing=FeeTiming.FINANCED, portion=Portion.of_share("0.02")
)
NOTARY = Fee(
    name="notary",
    timing=FeeTiming.UPFRONT,
    portion=Portion.of_amount(money("7.00")),
    is_cost_of_credit=False,
)


def monthly(name: str, amount: str, *, is_cost_of_credit: bool = True) -> Fee:
    return Fee(
        name=name,
        timing=FeeTiming.PER_INSTALLMENT,
        portion=Portion.of_amount(money(amount)),
        is_cost_of_credit=is_cost_of_credit,
    )


def totals(flows: CreditFlows) -> dict[FlowKind, int]:
    found = dict.fromkeys(FlowKind, 0)
    for flow in flows.flows:
        found[flow.kind] += flow.amount.minor
    return found


@pytest.mark.parametrize("name", METHOD_CASES)
def test_a_planned_loan_has_the_flows_of_its_schedule(name: str) -> None:
    account = lent_account(METHOD_CASES[name])
    schedule = build_schedule(account.terms, account.conventions)
    assert flows_of_state(account.state(day(1, 15))) == flows_of_schedule(schedule)
    planned = attrs.evolve(account, events=[])
    assert flows_of_state(planned.state(day(1, 10))) == flows_of_schedule(schedule)


def test_fees_of_the_plan_are_those_of_the_schedule() -> None:
    plan = RepaymentPlan(
        method=EqualInstallments(), fees=(SETUP, FINANCED, NOTARY, monthly("m", "2"))
    )
    terms = attrs.evolve(terms_of(EqualInstallments()), plan=plan)
    account = account_of(terms, [])
    found = flows_of_state(account.state(day(1, 10)))
    expected = flows_of_schedule(build_schedule(terms, account.conventions))

    # Fees of rows are one charge here, and have the name of the plan there.
    assert totals(found) == totals(expected)
    assert found.included_charges == ("set-up", "insurance", "fees")
    assert found.excluded_charges == expected.excluded_charges == ("notary",)
    rates = [solve_rate(one, RateMeasure.EU_APRC).rate for one in (found, expected)]
    assert rates[0] == pytest.approx(rates[1])


def test_installment_fees_that_are_no_cost_of_credit_are_left_out() -> None:
    fee = monthly("card", "2.00", is_cost_of_credit=False)
    plan = RepaymentPlan(method=EqualInstallments(), fees=(fee,))
    account = account_of(attrs.evolve(terms_of(EqualInstallments()), plan=plan), [])
    flows = flows_of_state(account.state(day(1, 10)))
    assert flows.included_charges == ()
    assert flows.excluded_charges == ("fees",)


def test_penalties_are_for_default_and_are_excluded() -> None:
    penalty = Charged(
        kind=ChargeKind.PENALTY,
        portion=Portion.of_amount(money("5.00")),
        due_on=day(4, 20),
    )
    account = lent_account(paid_count=2)
    late = account.with_events([event(penalty, day(4, 20), "penalty")])
    flows = flows_of_state(late.state(day(4, 25)))
    assert flows.excluded_charges == ("penalties",)
    facts = credit_facts_of_state(late.state(day(4, 25)), jurisdiction="GB")
    assert facts.default_fees is not None
    assert [(one.name, one.amount) for one in facts.default_fees] == [
        ("penalties", money("5.00"))
    ]

    charge = next(one for one in late.events if one.what == penalty)
    waived = late.with_events(
        [event(ChargeWaived(charge.id), day(4, 22), "waived")]
    ).state(day(4, 25))
    assert credit_facts_of_state(waived, jurisdiction="GB").default_fees == ()
    assert flows_of_state(waived).excluded_charges == ()


def test_what_was_paid_counts_on_its_day_and_what_is_late_today() -> None:
    account = lent_account(paid_count=2).with_events(
        [event(Repaid(amount=money("14.24")), day(4, 20), "some")]
    )
    state = account.state(day(4, 25))
    paid = [
        (flow.on, flow.amount)
        for flow in flows_of_state(state).flows
        if flow.kind is FlowKind.REPAYMENT
    ]
    assert paid[:4] == [
        (day(2, 15), money("214.24")),
        (day(3, 15), money("214.24")),
        (day(4, 20), money("14.24")),
        # The rest of the third installment, which was due on 15 April.
        (day(4, 25), money("200.00")),
    ]
    assert paid[4][0] == day(5, 15)


def test_what_was_taken_back_is_owed_again_and_given_back_before() -> None:
    account = lent_account(paid_count=2)
    last = next(one for one in account.events if one.value_on == day(3, 15))
    back = event(ChargedBack(last.id, money("214.24")), day(3, 18), "back")
    state = account.with_events([back]).state(day(3, 20))
    flows = flows_of_state(state)
    assert totals(flows)[FlowKind.REFUND] == 21424
    # It costs the interest that the loan asks for, and nothing beside.
    assert flows.cost.minor == sum(row.interest_minor for row in state.rows)
    assert credit_facts_of_state(state, jurisdiction="CZ").principal_parts is None


def test_credit_is_the_customers_own_money() -> None:
    account = lent_account(paid_count=5).with_events(
        [event(Repaid(amount=money("300.00")), day(7, 15), "too much")]
    )
    paid_back = account.with_events(
        [event(CreditRefunded(money("85.81")), day(7, 20), "refund")]
    )
    plain = lent_account(paid_count=6)
    expected = flows_of_state(plain.state(day(8, 1)))
    assert flows_of_state(account.state(day(8, 1))) == expected
    assert flows_of_state(paid_back.state(day(8, 1))) == expected


def test_principal_parts_are_told_unless_interest_became_principal() -> None:
    account = lent_account(paid_count=2)
    state = account.state(day(4, 25))
    facts = credit_facts_of_state(
        state, jurisdiction="CZ", lender_type="bank", loan_types=("consumer",)
    )
    assert facts.principal_parts is not None
    assert sum(one.amount.minor for one in facts.principal_parts) == 120_000
    assert (facts.lender_type, facts.loan_types) == ("bank", ("consumer",))

    grown = account.with_events([event(ArrearsCapitalized(), day(4, 25), "grown")])
    found = credit_facts_of_state(grown.state(day(4, 25)), jurisdiction="CZ")
    assert found.principal_parts is None


def test_it_refuses_what_is_no_state() -> None:
    with pytest.raises(InvalidValueError, match="state must be a LoanState"):
        flows_of_state(lent_account())  # type: ignore[arg-type]  # it is an account


@given(
    name=st.sampled_from([*METHOD_CASES]),
    paid=st.lists(st.tuples(st.integers(0, 200), st.integers(1, 30_000)), max_size=5),
    spread_day=st.none() | st.integers(0, 200),
    as_of_day=st.integers(0, 300),
)
def test_all_that_is_asked_for_is_paid_or_to_be_paid(
    name: str,
    paid: list[tuple[int, int]],
    spread_day: int | None,
    as_of_day: int,
) -> None:
    account = lent_account(METHOD_CASES[name])
    lent_on = account.terms.disbursed_on
    account = account.with_events(
        event(
            Repaid(amount=Money(minor, EUR)),
            lent_on + dt.timedelta(days=offset),
            f"paid-{number}",
        )
        for number, (offset, minor) in enumerate(paid)
    )
    as_of = lent_on + dt.timedelta(days=as_of_day)
    state: LoanState = account.state(as_of)
    if spread_day is not None and spread_day < as_of_day:
        spread_on = lent_on + dt.timedelta(days=spread_day)
        spread = account.with_events([event(ReAmortized(), spread_on, "spread")])
        # Else nothing is overdue, or no installment is to come.
        with suppress(InvalidValueError):
            state = spread.state(as_of)
    asked = sum(row.charged_minor - row.waived_minor for row in state.rows)

    flows = flows_of_state(state)

    assert totals(flows)[FlowKind.REPAYMENT] == asked
    assert totals(flows)[FlowKind.ADVANCE] == 120_000
    assert all(
        flow.on >= as_of or flow.on in {one.value_on for one in account.events}
        for flow in flows.flows
    )
