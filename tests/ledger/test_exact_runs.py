"""Rows of exact fractions for less, or other sums, than were agreed, by hand.

1,000.00 at 24 % (ACT/365F) in three installments, from 15 January 2025 on.
"""

from __future__ import annotations

import datetime as dt

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microcrm_core import Money, ScheduleError
from microcrm_core.ledger.exact_runs import LedgerRun
from microcrm_core.ledger.happenings import ChargedOff, Disbursed, RateChanged
from microcrm_core.ledger.ledger_events import LedgerEvent
from microcrm_core.ledger.ledger_policies import ChargeOffInterest, EarlyPayment
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.replaying import replay
from microcrm_core.loans import (
    STRICT,
    Bullet,
    CustomPrincipal,
    EqualInstallments,
    EqualPrincipal,
    Fee,
    FeeBase,
    FeeTiming,
    LoanTerms,
    Portion,
    RepaymentPlan,
    Tranche,
    Weighted,
    build_schedule,
)
from microcrm_core.loans.methods import RepaymentMethod
from microcrm_core.loans.portions import EPOCH_ORDINAL, Payout
from microcrm_core.rates import Rate
from tests.ledger.exact_cases import (
    EUR,
    LENT_ON,
    TERMS,
    at,
    day,
    money,
    paid,
    policy,
    rows,
    state_of,
)

PARTS = CustomPrincipal((money("200.00"), money("300.00"), money("500.00")))


def half_at_the_end(method: RepaymentMethod) -> LoanTerms:
    """Return the loan with a balloon of 500.00, and 700.00 of it lent in March."""
    plan = RepaymentPlan(method=method, balloon=Portion.of_share("0.5"))
    return attrs.evolve(
        TERMS,
        plan=plan,
        tranches=(Tranche(disbursed_on=day(3, 1), amount=money("700.00")),),
    )


def lent(terms: LoanTerms, *payouts: tuple[int, int, str]) -> LoanState:
    """Return the loan at the end of its first day that money was paid out on."""
    events: list[LedgerEvent] = [
        at(day(month, number), Disbursed(amount=money(text)), str(key), minute=key)
        for key, (month, number, text) in enumerate(payouts)
    ]
    month, number, _ = payouts[-1]
    return replay(
        terms,
        events,
        conventions=STRICT,
        policy=policy(EarlyPayment.LAST_INSTALLMENT),
        as_of=day(month, number),
    )


@pytest.mark.parametrize("method", [EqualPrincipal(), EqualInstallments()])
def test_less_than_the_balloon_is_lent_and_only_its_interest_is_asked_for(
    method: RepaymentMethod,
) -> None:
    state = lent(half_at_the_end(method), (1, 15, "300.00"))

    # 300.00 at 24 % bear 6.12 in 31 days and 5.52 in 28.
    assert rows(state) == [(0, 6_12), (0, 5_52), (300_00, 6_12)]


def test_once_more_is_lent_than_the_balloon_the_rest_is_repaid_before() -> None:
    state = lent(half_at_the_end(EqualPrincipal()), (1, 15, "300.00"), (3, 1, "700.00"))

    # 14 days of 300.00 and 14 of 1,000.00 bear 2.7616 + 9.2055.
    assert rows(state) == [(0, 6_12), (250_00, 11_97), (750_00, 15_29)]


def test_parts_that_were_agreed_are_asked_for_as_far_as_they_are_lent() -> None:
    terms = attrs.evolve(
        TERMS,
        plan=RepaymentPlan(method=PARTS),
        tranches=(Tranche(disbursed_on=day(3, 1), amount=money("700.00")),),
    )

    first = lent(terms, (1, 15, "300.00"))
    both = lent(terms, (1, 15, "300.00"), (3, 1, "700.00"))
    other = lent(terms, (1, 15, "100.00"), (3, 1, "900.00"))

    assert [row[0] for row in rows(first)] == [200_00, 100_00, 0]
    assert [row[0] for row in rows(both)] == [200_00, 300_00, 500_00]
    # There is no more than 100.00 to repay in February; the last row takes the rest.
    assert [row[0] for row in rows(other)] == [100_00, 300_00, 600_00]
    assert first.outstanding.principal == money("300.00")


def test_parts_that_were_agreed_and_lent_are_those_of_the_schedule() -> None:
    terms = attrs.evolve(TERMS, plan=RepaymentPlan(method=PARTS))
    schedule = build_schedule(terms, STRICT)

    state = lent(terms, (1, 15, "1000.00"))

    assert rows(state) == list(
        zip(schedule.principal_minor, schedule.interest_minor, strict=True)
    )


def test_a_payment_changes_no_fee_on_what_is_outstanding_once_interest_has_ended() -> (
    None
):
    fee = Fee(
        name="service",
        timing=FeeTiming.PER_INSTALLMENT,
        portion=Portion.of_share("0.01"),
        base=FeeBase.OUTSTANDING,
    )
    plan = RepaymentPlan(method=Bullet(is_compounded=True), fees=(fee,))
    terms = attrs.evolve(TERMS, plan=plan)
    rules = attrs.evolve(
        policy(EarlyPayment.LAST_INSTALLMENT),
        charge_off_interest=ChargeOffInterest.ENDED,
    )
    lost = at(day(2, 1), ChargedOff())

    payoff = state_of([lost], rules, day(2, 10), terms=terms).payoff.total
    closing = paid(day(2, 10), str(payoff.amount))
    closed = state_of([lost, closing], rules, day(2, 10), terms=terms)

    # 17 days bear 11.18. Fees are one percent of 1,000.00, and twice of 1,011.18.
    assert payoff == money("1041.40")
    assert (closed.outstanding.total.minor, closed.credit.minor) == (0, 0)


def test_a_level_that_lets_interest_wait_is_not_that_of_a_plan_that_refuses_it() -> (
    None
):
    terms = attrs.evolve(
        TERMS,
        nominal_rate=Rate.per_year("2.40"),
        plan=RepaymentPlan(method=Weighted(("0.01", "1", "1"))),
    )
    first_day = LENT_ON.toordinal() - EPOCH_ORDINAL
    paid_out = (Payout(day=first_day, amount_minor=1000_00, down_minor=0),)
    first, later = (LedgerRun(terms, STRICT, paid_out) for _ in range(2))
    # What a row that is settled early leaves waits, so the level is a lower one.
    later.walk((), {0: 5_00})

    with pytest.raises(ScheduleError) as refused:
        first.walk()
    with pytest.raises(ScheduleError) as refused_later:
        later.walk()

    assert str(refused_later.value) == str(refused.value)


@given(
    method=st.sampled_from((EqualPrincipal(), EqualInstallments(), PARTS)),
    balloon=st.sampled_from((None, "0.2", "0.9")),
    payouts=st.lists(
        st.tuples(st.integers(0, 100), st.integers(1, 150_000)), min_size=1, max_size=4
    ),
    rate=st.sampled_from((None, "0", "0.5")),
)
def test_rows_together_ask_for_what_was_lent_whatever_was_agreed(
    method: RepaymentMethod,
    balloon: str | None,
    payouts: list[tuple[int, int]],
    rate: str | None,
) -> None:
    is_parted = isinstance(method, CustomPrincipal)
    portion = None if balloon is None or is_parted else Portion.of_share(balloon)
    terms = attrs.evolve(TERMS, plan=RepaymentPlan(method=method, balloon=portion))
    first = min(days for days, _ in payouts)
    events = [
        at(
            LENT_ON + dt.timedelta(days=days - first),
            Disbursed(amount=Money(minor, EUR)),
            str(key),
            minute=key,
        )
        for key, (days, minor) in enumerate(payouts)
    ]
    if rate is not None:
        events.append(at(day(2, 20), RateChanged(Rate.per_year(rate))))

    state = replay(
        terms,
        events,
        conventions=STRICT,
        policy=policy(EarlyPayment.LAST_INSTALLMENT),
        as_of=day(12, 31),
    )

    assert sum(row[0] for row in rows(state)) == sum(minor for _, minor in payouts)
    assert all(min(row) >= 0 for row in rows(state))
