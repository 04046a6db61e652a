"""Strategies for every kind of request and for policies of adjustments."""

from __future__ import annotations

import datetime as dt
from typing import Final

from hypothesis import strategies as st

from microcrm_core import Rate
from microcrm_core.adjustments import (
    AbsorbedBy,
    AdjustmentKind,
    AdjustmentPolicy,
    AdjustmentRequest,
    AdjustmentRule,
    CapitalizeArrears,
    ChangeDueDay,
    ChangeFrequency,
    ChangeRate,
    ExtendTerm,
    ForbearanceRule,
    MoveDirection,
    PaymentHoliday,
    Prepay,
    ReAge,
    ReAmortize,
    Renew,
    SeasonalPlan,
    ShiftDueDates,
)
from microcrm_core.ids import LoanId
from microcrm_core.ledger import EarlyPayment, ReAgedInterest
from microcrm_core.loans import RateMeasure
from tests.loans.plain_cases import (
    amounts,
    currencies,
    days,
    fractions,
    frequencies,
    names,
    terms,
)

maybe_days: Final = st.none() | days
counts: Final = st.integers(1, 1200)
directions: Final = st.sampled_from(MoveDirection)
interests: Final = st.sampled_from(ReAgedInterest)
weights: Final = st.lists(fractions, min_size=12, max_size=12).map(tuple)

BY_KIND: Final[dict[AdjustmentKind, st.SearchStrategy[AdjustmentRequest]]] = {
    AdjustmentKind.CHANGE_DUE_DAY: st.one_of(
        st.builds(
            ChangeDueDay, day=st.integers(1, 31), from_on=maybe_days,
            direction=directions,
        ),
        st.builds(
            ChangeDueDay, weekday=st.integers(1, 7), from_on=maybe_days,
            direction=directions,
        ),
    ),
    AdjustmentKind.SHIFT_DUE_DATES: st.builds(
        ShiftDueDates, st.integers(-36_500, 36_500).filter(bool), maybe_days
    ),
    AdjustmentKind.PAYMENT_HOLIDAY: st.builds(
        PaymentHoliday, count=counts, from_on=maybe_days, is_interest_free=st.booleans()
    ),
    AdjustmentKind.EXTEND_TERM: st.builds(
        ExtendTerm, st.integers(-1200, 1200).filter(bool)
    ),
    AdjustmentKind.PREPAY: st.just(Prepay())
    | st.builds(
        Prepay,
        currencies.flatmap(lambda currency: amounts(currency, 1)),
        st.none() | st.sampled_from(EarlyPayment),
    ),
    AdjustmentKind.CHANGE_RATE: st.builds(
        ChangeRate,
        st.integers(0, 4_000_000).map(Rate.of_ppm) | st.fractions(0, 1000).map(Rate),
        maybe_days,
    ),
    AdjustmentKind.CAPITALIZE_ARREARS: st.just(CapitalizeArrears()),
    AdjustmentKind.RE_AGE: st.builds(
        ReAge, start_on=days, frequency=frequencies, installment_count=counts,
        interest=interests,
    ),
    AdjustmentKind.RE_AMORTIZE: st.builds(ReAmortize, interests),
    AdjustmentKind.CHANGE_FREQUENCY: st.builds(
        ChangeFrequency, frequency=frequencies, first_due_on=maybe_days,
        installment_count=st.none() | counts,
    ),
    AdjustmentKind.SEASONAL_PLAN: st.builds(SeasonalPlan, weights),
    AdjustmentKind.RENEW: st.builds(
        Renew, new_loan_id=names.map(LoanId), terms=terms(), settlement_account=names
    ),
}  # fmt: skip
"""Requests of every kind."""

any_request: Final = st.sampled_from(AdjustmentKind).flatmap(BY_KIND.__getitem__)


def limits(at_least: int = 0) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(at_least, 1200)


def rules(*, may_hide: bool) -> st.SearchStrategy[AdjustmentRule]:
    """Return rules; only where *may_hide* such as lower days past due unseen."""
    any_rule = st.builds(
        AdjustmentRule,
        is_offered=st.booleans(),
        yearly_max=limits(1),
        seasoning_days_min=st.integers(0, 1000),
        paid_count_min=st.integers(0, 100),
        days_past_due_max=limits(),
        move_days_max=limits(),
        added_count_max=limits(),
        needs_approval=st.booleans(),
        forbearance=st.sampled_from(ForbearanceRule),
        may_lower_days_past_due=st.booleans(),
    )
    return any_rule if may_hide else any_rule.filter(lambda rule: not is_hidden(rule))


def is_hidden(rule: AdjustmentRule) -> bool:
    return rule.may_lower_days_past_due and rule.forbearance is ForbearanceRule.NEVER


@st.composite
def policies(draw: st.DrawFn) -> AdjustmentPolicy:
    since = draw(maybe_days)
    lasts_days = draw(st.none() | st.integers(1, 3_000))
    until = None
    if lasts_days is not None:
        until = (since or dt.date(2025, 1, 1)) + dt.timedelta(days=lasts_days)
    kinds = draw(st.sets(st.sampled_from(AdjustmentKind), max_size=3))
    return AdjustmentPolicy(
        id=draw(names),
        version=draw(names),
        effective_from=since,
        effective_until=until,
        rules={
            kind: draw(rules(may_hide=kind is AdjustmentKind.PREPAY)) for kind in kinds
        },
        yearly_max=draw(limits(1)),
        difficulty_days=draw(limits(1)),
        absorbed_by=draw(st.sampled_from(AbsorbedBy)),
        cost_measure=draw(st.sampled_from(RateMeasure)),
        valid_days=draw(st.integers(0, 366)),
    )
