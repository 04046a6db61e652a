"""What holds when a loan is charged back, re-aged, charged off or ended at any time."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from microcrm_core import STRICT, LedgerError, Money, Rate
from microcrm_core.dates import Frequency
from microcrm_core.ledger import (
    PLAIN_LEDGER,
    RECALCULATING_LEDGER,
    AllocationOrder,
    ArrearsCapitalized,
    Bucket,
    ChargedBack,
    ChargedOff,
    ChargeOffInterest,
    CreditRefunded,
    Happening,
    InAdvance,
    IncomeCapitalized,
    LedgerPolicy,
    ReAged,
    ReAgedInterest,
    ReAmortized,
    Repaid,
    RepaymentKind,
    Reversed,
    Terminated,
)
from microcrm_core.ledger.loan_states import LoanState, LoanStatus
from microcrm_core.loans import FINERACT, ScheduleConventions
from tests.ledger.free_loans import EUR, LENT_ON, TERMS, Case, day, penalty, repaid

ONE_PERCENT = attrs.evolve(TERMS, nominal_rate=Rate.per_year("0.12"))
INTEREST_FIRST = (Bucket.INTEREST, Bucket.FEES, Bucket.PRINCIPAL, Bucket.PENALTIES)
# A replay by the model of the peer takes long: there are many parts of a second to it.
FEW = min(settings().max_examples, 25)
ENDED = (ChargedOff(), Terminated())
RULES = pytest.mark.parametrize(
    "conventions", [STRICT, FINERACT], ids=lambda one: str(one.id)
)


def amounts(most_minor: int = 60_000) -> st.SearchStrategy[Money]:
    return st.integers(1, most_minor).map(lambda minor: Money(minor, EUR))


def days() -> st.SearchStrategy[dt.date]:
    return st.integers(0, 200).map(lambda count: LENT_ON + dt.timedelta(days=count))


@st.composite
def policies(draw: st.DrawFn) -> LedgerPolicy:
    base = draw(st.sampled_from([PLAIN_LEDGER, RECALCULATING_LEDGER]))
    return attrs.evolve(
        base,
        allocation=AllocationOrder.of(
            INTEREST_FIRST, in_advance=draw(st.sampled_from(InAdvance))
        ),
        chargeback_order=draw(st.sampled_from([(), INTEREST_FIRST])),
        charge_off_interest=draw(st.sampled_from(ChargeOffInterest)),
        interest_refund_kinds=draw(
            st.sampled_from([set(), {RepaymentKind.MERCHANT_REFUND}])
        ),
    )


def happenings() -> st.SearchStrategy[Happening]:
    """Return what may happen on any day to a loan that was paid out."""
    return st.one_of(
        st.builds(Repaid, amount=amounts(), kind=st.sampled_from(RepaymentKind)),
        st.builds(CreditRefunded, amount=amounts(5000)),
        st.builds(IncomeCapitalized, amount=amounts(5000)),
        st.just(ArrearsCapitalized()),
        st.sampled_from(ENDED),
        st.builds(ReAmortized, st.sampled_from(ReAgedInterest)),
        days().map(lambda due_on: penalty("12.34", due_on)),
    )


@st.composite
def cases(draw: st.DrawFn, conventions: ScheduleConventions) -> Case:
    case = Case.lent(draw(st.sampled_from([TERMS, ONE_PERCENT])), draw(policies()))
    case.conventions = conventions
    for _ in range(draw(st.integers(0, 6))):
        on = draw(days())
        if draw(st.integers(0, 5)):
            case.add(draw(happenings()), on)
            continue
        start_on = on + dt.timedelta(days=draw(st.integers(1, 60)))
        again = ReAged(
            start_on=start_on,
            frequency=draw(st.sampled_from([Frequency.MONTHLY, Frequency(10, "day")])),
            installment_count=draw(st.integers(1, 4)),
            interest=draw(st.sampled_from(ReAgedInterest)),
        )
        case.add(again, on)
    is_taken_back = draw(st.booleans())
    paid = [one for one in case.events if isinstance(one.what, Repaid)]
    if paid and is_taken_back:
        target = draw(st.sampled_from(paid))
        assert isinstance(target.what, Repaid)  # nothing else was kept
        back = ChargedBack(target.id, draw(amounts(target.what.amount.minor)))
        case.add(back, target.value_on + dt.timedelta(days=draw(st.integers(1, 90))))
    return case


def state_of(case: Case, as_of: dt.date) -> LoanState:
    """Return the state; drop the example if nothing is left to spread over."""
    try:
        return case.state(as_of)
    except LedgerError:
        assume(False)
        raise


def told(state: LoanState) -> object:
    """Return what a state says, but for how the events were named."""
    postings = sorted(
        (one.value_on, one.type, one.amount_minor, one.parts_minor, one.credit_minor)
        for one in state.postings
        if not one.is_reversed
    )
    return state.rows, state.status, state.credit, state.payoff, postings


@RULES
@settings(max_examples=FEW)
@given(data=st.data())
def test_rows_ask_for_the_principal_that_was_lent(
    data: st.DataObject, conventions: ScheduleConventions
) -> None:
    state = state_of(data.draw(cases(conventions)), data.draw(days()))

    lent_minor = sum(
        one.amount_minor
        for one in state.postings
        if one.type
        in ("loan.disbursed", "loan.income_capitalized", "loan.arrears_capitalized")
    )
    rows = state.rows
    assert sum(row.principal_minor - row.credited_minor for row in rows) == lent_minor
    assert all(row.open_in(bucket) >= 0 for row in rows for bucket in Bucket)


@RULES
@settings(max_examples=FEW)
@given(data=st.data())
def test_credit_is_what_postings_made_it_and_nothing_is_open_beside_it(
    data: st.DataObject, conventions: ScheduleConventions
) -> None:
    state = state_of(data.draw(cases(conventions)), data.draw(days()))

    assert sum(one.credit_minor for one in state.postings) == state.credit.minor
    assert min(state.credit.minor, state.outstanding.total.minor) == 0


@RULES
@settings(max_examples=FEW)
@given(data=st.data())
def test_the_order_of_arrival_never_matters(
    data: st.DataObject, conventions: ScheduleConventions
) -> None:
    case, as_of = data.draw(cases(conventions)), data.draw(days())
    state = state_of(case, as_of)
    case.events = data.draw(st.permutations(case.events))

    assert case.state(as_of) == state


@RULES
@settings(max_examples=FEW)
@given(data=st.data())
def test_an_event_and_its_reversal_are_as_if_nothing_had_been(
    data: st.DataObject, conventions: ScheduleConventions
) -> None:
    case, as_of = data.draw(cases(conventions)), data.draw(days())
    before = state_of(case, as_of)
    on = data.draw(days())
    gone = case.add(data.draw(happenings()), on)
    case.add(Reversed(gone), on)

    assert told(case.state(as_of)) == told(before)


@RULES
@settings(max_examples=FEW)
@given(data=st.data())
def test_a_payoff_that_is_paid_closes_the_loan_at_zero(
    data: st.DataObject, conventions: ScheduleConventions
) -> None:
    case, as_of = data.draw(cases(conventions)), data.draw(days())
    state = state_of(case, as_of)
    assume(state.status is LoanStatus.ACTIVE)
    case.add(Repaid(amount=state.payoff.total), as_of)

    after = case.state(as_of)
    assert (after.status, after.credit.minor) == (LoanStatus.CLOSED, 0)
    assert after.outstanding.total.minor == 0


def test_early_money_for_the_last_row_leaves_no_more_than_was_lent_to_the_next() -> (
    None
):
    # 120.00 of which 40.00 is paid into the first row; a refund then pays the last row
    # and the one before it, for which 37.73 is left and not the level 42.38.
    terms = attrs.evolve(
        TERMS,
        principal=Money(120_00, EUR),
        nominal_rate=Rate.per_year("0.12"),
    )
    policy = attrs.evolve(
        RECALCULATING_LEDGER,
        allocation_by_kind={
            RepaymentKind.MERCHANT_REFUND: AllocationOrder.of(
                INTEREST_FIRST, in_advance=InAdvance.LAST
            )
        },
    )
    case = Case.lent(terms, policy)
    case.add(repaid("40.00"), day(1, 2))
    case.add(repaid("120.00", RepaymentKind.MERCHANT_REFUND), day(1, 2))

    state = case.state(day(1, 2))

    # 160.00 came in for 120.00 and one day of interest: 1.20 / 31 = 0.04.
    assert (state.status, state.credit.minor) == (LoanStatus.OVERPAID, 39_96)
    assert sum(row.principal_minor for row in state.rows) == 120_00
