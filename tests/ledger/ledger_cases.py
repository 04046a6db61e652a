"""Loans, policies and logs of every kind, for the laws of the ledger.

A `Scene` holds what a replay needs; its log is drawn as steps, so that one that fails
shrinks to a few. Most drawn logs are refused nowhere; what contradicts itself is tried
in `test_malformed_logs`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import permutations
from typing import Final

import attrs
from hypothesis import strategies as st

from microcrm_core import STRICT, Currency, Frequency, LedgerError, Money, Rate
from microcrm_core.errors import InvalidValueError
from microcrm_core.ids import EventId, LoanId, PolicyId
from microcrm_core.ledger import (
    AllocationOrder,
    Bucket,
    ChargeBase,
    Charged,
    ChargeKind,
    ChargesInAdvance,
    ChargeWaived,
    CreditRefunded,
    Disbursed,
    EarlyPayment,
    Happening,
    InAdvance,
    InterestPaused,
    LateInterest,
    LedgerEvent,
    LedgerPolicy,
    Processing,
    RateChanged,
    Renewed,
    Repaid,
    RepaymentKind,
    Reversed,
)
from microcrm_core.ledger.checkpoints import Checkpoint
from microcrm_core.ledger.loan_states import LoanState
from microcrm_core.ledger.replaying import checkpoint_of, replay
from microcrm_core.loans import (
    FINERACT,
    FINERACT_CUMULATIVE,
    LoanTerms,
    Portion,
    RepaymentPlan,
    ScheduleConventions,
)
from microcrm_core.loans.methods import Bullet, EqualInstallments, EqualPrincipal

__all__ = [
    "EUR",
    "LENT_ON",
    "LOAN",
    "Outcome",
    "Scene",
    "at_minute",
    "happenings",
    "in_log",
    "loans",
    "policies",
    "reversal",
    "scenes",
    "told",
]

EUR: Final = Currency.of("EUR")
LOAN: Final = LoanId("loan-1")
LENT_ON: Final = dt.date(2024, 1, 15)
_SPAN_DAYS: Final = 200

Outcome = object
"""What a replay came to: all that the state tells, or the error."""


def at_minute(minute: int) -> dt.datetime:
    """Return the moment so many minutes after the first one."""
    return dt.datetime(2024, 1, 15, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)


def in_log(
    what: Happening, on: dt.date, minute: int, key: str | None = None
) -> LedgerEvent:
    """Return an event of the loan that was recorded in a minute."""
    return LedgerEvent.of(
        what,
        loan_id=LOAN,
        value_on=on,
        recorded_at=at_minute(minute),
        idempotency_key=key or f"minute-{minute}",
    )


@attrs.frozen(kw_only=True)
class Scene:
    """A loan, how it is kept, and what happened to it."""

    terms: LoanTerms
    conventions: ScheduleConventions
    policy: LedgerPolicy
    log: tuple[LedgerEvent, ...] = ()

    def state(
        self,
        as_of: dt.date,
        *,
        log: Iterable[LedgerEvent] | None = None,
        known_at: dt.datetime | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> LoanState:
        """Return the state, of another log if one is given."""
        return replay(
            self.terms,
            self.log if log is None else log,
            conventions=self.conventions,
            policy=self.policy,
            as_of=as_of,
            known_at=known_at,
            checkpoint=checkpoint,
        )

    def checkpoint(
        self, as_of: dt.date, *, log: Iterable[LedgerEvent] | None = None
    ) -> Checkpoint:
        """Return where a replay to a day stands."""
        return checkpoint_of(
            self.terms,
            self.log if log is None else log,
            conventions=self.conventions,
            policy=self.policy,
            as_of=as_of,
        )

    def outcome(
        self,
        as_of: dt.date,
        *,
        log: Iterable[LedgerEvent] | None = None,
        known_at: dt.datetime | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Outcome:
        """Return what the state tells, or which error there is instead."""
        try:
            state = self.state(as_of, log=log, known_at=known_at, checkpoint=checkpoint)
        except InvalidValueError as error:
            event_id = error.event_id if isinstance(error, LedgerError) else None
            return type(error), event_id, error.field, error.rule
        return told(state)


def told(state: LoanState) -> object:
    """Return all that a state tells, but what never was and when it was asked."""
    plain = state.to_plain()
    assert isinstance(plain, dict)
    plain["postings"] = [one for one in plain["postings"] if not one["is_reversed"]]
    del plain["known_at"]
    return plain


# Loans.

_PLANS: Final = (
    RepaymentPlan(method=EqualInstallments()),
    RepaymentPlan(method=EqualPrincipal()),
    RepaymentPlan(method=Bullet()),
    RepaymentPlan(method=EqualInstallments(), down_payment=Portion.of_share("0.25")),
)


def terms_of(
    principal_minor: int, percent: int, count: int, plan: RepaymentPlan
) -> LoanTerms:
    """Return the terms of a monthly loan."""
    return LoanTerms(
        principal=Money(principal_minor, EUR),
        nominal_rate=Rate.of_percent(percent),
        installment_count=count,
        frequency=Frequency.MONTHLY,
        disbursed_on=LENT_ON,
        first_due_on=dt.date(2024, 2, 15),
        plan=plan,
    )


# Strategies are made once: to make and to check one costs more than to draw from it.

_PLAN: Final = st.sampled_from(_PLANS)
_FINERACT_PLAN: Final = st.sampled_from((_PLANS[0], _PLANS[3]))
_PERCENT: Final = st.sampled_from((0, 12, 36))
_PRINCIPAL: Final = st.integers(1_000, 200_000)
_COUNT: Final = st.integers(1, 6)
_LOANS: Final = st.builds(terms_of, _PRINCIPAL, _PERCENT, _COUNT, _PLAN)
# Often a day on which something is due.
_DAYS: Final = st.sampled_from(
    [dt.date(2024, month, 15) for month in range(2, 9)]
) | st.integers(0, _SPAN_DAYS).map(lambda days: LENT_ON + dt.timedelta(days=days))
_AMOUNTS: Final = st.integers(1, 120_000).map(lambda minor: Money(minor, EUR))
_KIND: Final = st.sampled_from(RepaymentKind)
_BUCKETS: Final = st.sampled_from([*permutations(Bucket)])


def _order_of(
    buckets: tuple[tuple[Bucket, ...], ...],
    in_advance: InAdvance,
    processing: Processing,
) -> AllocationOrder:
    return AllocationOrder.of(*buckets, in_advance=in_advance, processing=processing)


_ORDERS: Final = st.builds(
    _order_of,
    st.tuples(_BUCKETS, _BUCKETS, _BUCKETS),
    st.sampled_from(InAdvance),
    st.sampled_from(Processing),
)
_POLICIES: Final = st.builds(
    LedgerPolicy,
    id=st.just(PolicyId("drawn")),
    allocation=_ORDERS,
    allocation_by_kind=st.dictionaries(_KIND, _ORDERS, max_size=2),
    charges_in_advance=st.sampled_from(ChargesInAdvance),
    early_payment=st.sampled_from(EarlyPayment),
    late_interest=st.sampled_from(LateInterest),
    is_down_payment_automatic=st.booleans(),
)
_REPAID: Final = st.builds(Repaid, amount=_AMOUNTS, kind=_KIND)
_PORTIONS: Final = st.one_of(
    st.integers(1, 5_000).map(lambda one: Portion.of_amount(Money(one, EUR))),
    st.sampled_from([Portion.of_share(text) for text in ("0.01", "0.3")]),
)
_WITHOUT_RATES: Final[Sequence[st.SearchStrategy[Happening]]] = (
    _REPAID,
    _REPAID,
    st.builds(
        Charged,
        kind=st.sampled_from(ChargeKind),
        portion=_PORTIONS,
        due_on=st.none() | _DAYS,
        base=st.sampled_from(ChargeBase),
    ),
    st.builds(CreditRefunded, _AMOUNTS),
    st.builds(Disbursed, amount=_AMOUNTS),
    st.builds(Renewed, st.just(LoanId("loan-2")), _AMOUNTS),
)
_WITH_RATES: Final[Sequence[st.SearchStrategy[Happening]]] = (
    *_WITHOUT_RATES,
    st.sampled_from([RateChanged(Rate.of_percent(rate)) for rate in (0, 6, 18, 60)]),
    st.sampled_from([InterestPaused(dt.date(2024, 9, day)) for day in range(1, 9)]),
)
_HAPPENINGS: Final = {
    False: st.one_of(_WITHOUT_RATES),
    True: st.one_of(_WITH_RATES),
}
_STEPS: Final = {
    has_rates: st.lists(st.tuples(what, _DAYS), max_size=8)
    for has_rates, what in _HAPPENINGS.items()
}
_ONE_IN_FOUR: Final = st.integers(0, 3).map(lambda number: number == 0)


def loans() -> st.SearchStrategy[LoanTerms]:
    """Draw the terms of a monthly loan under conventions of ours."""
    return _LOANS


def policies() -> st.SearchStrategy[LedgerPolicy]:
    """Draw a policy of any kind."""
    return _POLICIES


def happenings(*, has_rates: bool = True) -> st.SearchStrategy[Happening]:
    """Draw what can happen to a loan that is paid out, payments above all."""
    return _HAPPENINGS[has_rates]


@cache
def scenes(
    *, conventions: Sequence[ScheduleConventions] = (STRICT,)
) -> st.SearchStrategy[Scene]:
    """Draw a loan with a log in which a few things happen."""
    return st.one_of([_scene(rules) for rules in conventions])


@st.composite
def _scene(draw: st.DrawFn, rules: ScheduleConventions) -> Scene:
    is_peer = rules in (FINERACT, FINERACT_CUMULATIVE)
    plan = draw(_FINERACT_PLAN if is_peer else _PLAN)
    terms = terms_of(draw(_PRINCIPAL), draw(_PERCENT), draw(_COUNT), plan)
    log = [in_log(Disbursed(amount=terms.principal), LENT_ON, 0)]
    whats = draw(_STEPS[rules is not FINERACT_CUMULATIVE])
    for minute, (what, on) in enumerate(whats, start=1):
        log.append(in_log(what, on, minute))
        if isinstance(what, Charged) and draw(_ONE_IN_FOUR):
            # Long after the charge has been made for sure.
            waived_on = draw(_DAYS) + dt.timedelta(days=_SPAN_DAYS + 40)
            log.append(in_log(ChargeWaived(log[-1].id), waived_on, 100 + minute))
    policy = draw(_POLICIES)
    if rules is FINERACT_CUMULATIVE:
        # Its interest is fixed, and it refuses a policy that says otherwise.
        policy = attrs.evolve(
            policy, early_payment=EarlyPayment.NOTHING, late_interest=LateInterest.NONE
        )
    return Scene(terms=terms, conventions=rules, policy=policy, log=tuple(log))


def reversal(event_id: EventId, on: dt.date, minute: int) -> LedgerEvent:
    """Return the event that takes another one out."""
    return in_log(Reversed(event_id), on, minute)
